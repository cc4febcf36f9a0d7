//! Who signs answers: a key of its own with a certificate for just that, from the intermediate.

use std::path::Path;

use cmp_protocol::protection::Unprotected;
use der::Encode;
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    elliptic_curve::Generate,
};
use x509_cert::name::Name;

use super::{
    Authority, BACKDATED, DAY, certificate,
    form::{Form, public, sign, validity},
    key, parse, write_certificate, write_key,
};
use crate::{
    error::{Error, Result},
    rng,
};

const SIGNER: &str = "CN=Chopmark demo CMP signer,O=Chopmark demo\\, not for real use";
const STRANGER: &str = "CN=Somebody else's CA";

/// A key that signs messages.
pub(crate) struct Signer {
    key: SigningKey,
    /// Its certificate, DER.
    pub(crate) certificate: Vec<u8>,
    /// What leads from it towards the root, DER.
    pub(crate) chain: Vec<Vec<u8>>,
}

/// Whoever issues a signer's certificate.
pub(super) struct Issuer<'a> {
    pub(super) key: &'a SigningKey,
    pub(super) name: &'a Name,
    pub(super) until: u64,
}

impl Signer {
    /// Reads key and certificate from `dir`; makes them where there are none, as in folders of older CAs.
    pub(super) fn open(dir: &Path, issuer: &Issuer<'_>, chain: Vec<Vec<u8>>, now: u64) -> Result<Signer> {
        // This one is written last.
        if !dir.join("signer.pem").exists() {
            let key = SigningKey::generate_from_rng(&mut rng());
            let certificate = certify(&key, issuer, true, now)?;
            write_key(dir, "signer.key", &key)?;
            write_certificate(dir, "signer.pem", &certificate)?;
        }
        let certificate = certificate(dir, "signer.pem")?.to_der().map_err(Error::certificate)?;
        Ok(Signer { key: key(dir, "signer.key")?, certificate, chain })
    }

    /// Signs and encodes.
    pub(crate) fn sign(&self, message: Unprotected) -> Result<Vec<u8>> {
        let signature: DerSignature = self.key.sign(message.to_sign());
        Ok(message.assemble(signature.as_bytes())?)
    }
}

impl Authority {
    /// One that may not sign: its certificate lacks the purpose. For tests.
    pub(crate) fn signer_without_purpose(&self, now: u64) -> Result<Signer> {
        let issuer = Issuer { key: &self.key, name: &self.name, until: self.until };
        make(&issuer, false, self.signer.chain.clone(), now)
    }

    /// One of another CA, by the name of ours. For tests.
    pub(crate) fn foreign_signer(&self, now: u64) -> Result<Signer> {
        let (key, name) = (SigningKey::generate_from_rng(&mut rng()), parse(STRANGER)?);
        let until = now + 365 * DAY;
        let form = Form::authority(&name, &name, None)?;
        let root = sign(form, validity(now - BACKDATED, until)?, public(&key)?, &key)?;
        let chain = vec![root.to_der().map_err(Error::certificate)?];
        make(&Issuer { key: &key, name: &name, until }, true, chain, now)
    }
}

fn make(issuer: &Issuer<'_>, purpose: bool, chain: Vec<Vec<u8>>, now: u64) -> Result<Signer> {
    let key = SigningKey::generate_from_rng(&mut rng());
    let certificate = certify(&key, issuer, purpose, now)?.to_der().map_err(Error::certificate)?;
    Ok(Signer { key, certificate, chain })
}

fn certify(key: &SigningKey, issuer: &Issuer<'_>, purpose: bool, now: u64) -> Result<x509_cert::Certificate> {
    let subject = parse(SIGNER)?;
    let form = Form::signer(issuer.name, &subject, purpose)?;
    sign(form, validity(now - BACKDATED, issuer.until)?, public(key)?, issuer.key)
}
