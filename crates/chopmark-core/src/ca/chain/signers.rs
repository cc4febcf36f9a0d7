//! Who may sign for a CA: answers (RFC 9483 §3.2, §3.5; RFC 9810 §4.5), and keys that were made for us (RFC 9483 §4.1.6).
//!
//! A certificate of the CA's leads to its root as every subscriber's does, so that alone says nothing. A signer is
//!
//! * one that the profile pins (`cmp.signers`): that very certificate, within its dates, whatever it says of itself;
//! * a root of the profile;
//! * the certificate of a CA that leads to a root: who may issue may speak;
//! * one whose extendedKeyUsage says so, and that leads to a root.
//!
//! All but pinned ones must be allowed to sign: digitalSignature, where there is a keyUsage.

use const_oid::ObjectIdentifier;
use der::Decode;
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
};

use super::{check_dates, from_pem, roots_from_pem, verify, verify_issuer};
use crate::{error::Result, model::CaProfile};

/// `id-kp-cmcCA` (RFC 6402 §2.10): its holder may speak for a CA.
const CMC_CA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.27");
/// `id-kp-cmcRA` (RFC 6402 §2.10): its holder may speak for an RA, through which we may be talking to the CA.
const CMC_RA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.28");
/// `id-kp-cmKGA` (RFC 9480 §2.2): its holder may make keys for others.
const CM_KGA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.32");

/// Whom a profile trusts to sign answers.
pub(crate) struct Trust {
    roots: Vec<Vec<u8>>,
    pinned: Vec<Vec<u8>>,
}

impl Trust {
    /// As the profile has it.
    pub(crate) fn of(profile: &CaProfile) -> Result<Trust> {
        Ok(Trust { roots: roots_from_pem(&profile.roots)?, pinned: from_pem("cmp.signers", &profile.cmp.signers)? })
    }

    /// Judges the signer of an answer. Returns the way from it to the root, both included; only the signer itself where
    /// the profile names it, for then nobody above it has a say.
    ///
    /// # Errors
    /// What is missing, in words.
    pub(crate) fn judge(&self, signer: &[u8], others: &[Vec<u8>]) -> std::result::Result<Vec<Vec<u8>>, String> {
        if self.pinned.iter().any(|pinned| pinned == signer) {
            check_dates(&read(signer)?)?;
            return Ok(vec![signer.to_vec()]);
        }
        let lacks =
            "it is not the certificate of a CA, and its extendedKeyUsage has neither id-kp-cmcCA nor id-kp-cmcRA";
        judge(signer, others, &self.roots, &[CMC_CA, CMC_RA], lacks)
    }
}

/// Judges who signed a key that was made for us. Pinned signers of answers are none of them. Returns the way from it to the
/// root, both included.
pub(crate) fn judge_key_maker(
    signer: &[u8],
    others: &[Vec<u8>],
    roots: &[Vec<u8>],
) -> std::result::Result<Vec<Vec<u8>>, String> {
    let lacks = "it is not the certificate of a CA, and its extendedKeyUsage lacks id-kp-cmKGA";
    judge(signer, others, roots, &[CM_KGA], lacks)
}

fn judge(
    signer: &[u8],
    others: &[Vec<u8>],
    roots: &[Vec<u8>],
    purposes: &[ObjectIdentifier],
    lacks: &str,
) -> std::result::Result<Vec<Vec<u8>>, String> {
    let words = |error: der::Error| error.to_string();
    let certificate = read(signer)?;
    let about = certificate.tbs_certificate();
    if let Some((_, usage)) = about.get_extension::<KeyUsage>().map_err(words)?
        && !usage.digital_signature()
    {
        return Err("its keyUsage lacks digitalSignature".to_owned());
    }
    if roots.iter().any(|root| root == signer) {
        check_dates(&certificate)?;
        return Ok(vec![signer.to_vec()]);
    }
    if about.get_extension::<BasicConstraints>().map_err(words)?.is_some_and(|(_, constraints)| constraints.ca) {
        return verify_issuer(signer, others, roots);
    }
    let usage = about.get_extension::<ExtendedKeyUsage>().map_err(words)?;
    if !usage.is_some_and(|(_, usage)| usage.0.iter().any(|purpose| purposes.contains(purpose))) {
        return Err(lacks.to_owned());
    }
    let (between, root) = verify(signer, others, roots)
        .map_err(|error| error.facts.get("reason").cloned().unwrap_or_else(|| error.to_string()))?;
    Ok([vec![signer.to_vec()], between, vec![root]].concat())
}

fn read(der: &[u8]) -> std::result::Result<Certificate, String> {
    Certificate::from_der(der).map_err(|error| error.to_string())
}
