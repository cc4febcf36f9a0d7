//! A second generation of the root, and what links it to the first (RFC 9810 §4.4).

use std::path::Path;

use cmp_protocol::information::RootCaKeyUpdate;
use der::{Any, Decode, Encode};
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};

use super::{
    Authority, BACKDATED, DAY, certificate,
    form::{Form, public, sign, validity},
    key, write_certificate, write_key,
};
use crate::{
    error::{Error, Result},
    rng,
};

const NEW_WITH_NEW: &str = "new-root.pem";
const NEW_WITH_OLD: &str = "new-root-with-old.pem";
const OLD_WITH_NEW: &str = "old-root-with-new.pem";

/// Makes the new root of the CA in `dir`, unless there is one. Certificates go on being issued under the old one.
pub(crate) fn renew_root(dir: &Path, now: u64) -> Result<()> {
    // This one is written last.
    if dir.join(NEW_WITH_NEW).exists() {
        return Ok(());
    }
    let (old, old_key) = (certificate(dir, "root.pem")?, key(dir, "root.key")?);
    let old = old.tbs_certificate();
    let (name, until) = (old.subject(), old.validity().not_after.to_unix_duration().as_secs());
    let key = SigningKey::generate_from_rng(&mut rng());
    // The old root's name: what it has issued then verifies by the new one, with the old key certified anew.
    let certify = |of: &SigningKey, by: &SigningKey, until: u64| {
        sign(Form::authority(name, name, None)?, validity(now - BACKDATED, until)?, public(of)?, by)
    };
    write_key(dir, "new-root.key", &key)?;
    write_certificate(dir, NEW_WITH_OLD, &certify(&key, &old_key, until)?)?;
    write_certificate(dir, OLD_WITH_NEW, &certify(&old_key, &key, until)?)?;
    write_certificate(dir, NEW_WITH_NEW, &certify(&key, &key, now + 3650 * DAY)?)
}

impl Authority {
    /// The new root, if there is one.
    pub(crate) fn root_update(&self) -> Result<Option<RootCaKeyUpdate>> {
        if !self.dir.join(NEW_WITH_NEW).exists() {
            return Ok(None);
        }
        let read = |name: &str| {
            let der = certificate(&self.dir, name)?.to_der().map_err(Error::certificate)?;
            Any::from_der(&der).map_err(Error::certificate)
        };
        Ok(Some(RootCaKeyUpdate {
            new_with_new: read(NEW_WITH_NEW)?,
            new_with_old: Some(read(NEW_WITH_OLD)?),
            old_with_new: Some(read(OLD_WITH_NEW)?),
        }))
    }
}
