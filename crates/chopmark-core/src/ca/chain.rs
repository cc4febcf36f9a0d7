//! Chains: which certificates lead from one to a root, and whether they do (RFC 5280 §6). By webpki for end entities;
//! [`walk`] goes where webpki does not: CAs as end, and algorithms that only `cmp-protocol` verifies.

mod signers;
#[cfg(test)]
mod tests;
mod walk;

use std::time::Duration;

use cmp_protocol::signature;
use der::{Any, Decode, Encode, Sequence, asn1::BitString};
use rustls_pki_types::{CertificateDer, UnixTime};
use spki::AlgorithmIdentifierOwned;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_cert::Certificate;

pub(crate) use self::{
    signers::{Trust, judge_key_maker},
    walk::{check_dates, verify_issuer},
};

use crate::{
    clock,
    error::{Code, Error, Result},
};

const DOING: &str = "checking the chain";

/// Any purpose will do: what the certificate is for is the CA's business, that it leads to a root is ours.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> std::result::Result<(), webpki::Error> {
        Ok(())
    }
}

/// Roots as DER from PEM texts, each of which may hold several certificates.
pub(crate) fn roots_from_pem(pems: &[String]) -> Result<Vec<Vec<u8>>> {
    from_pem("roots", pems)
}

/// Certificates of the profile as DER; `field` is where they stand in it.
pub(crate) fn from_pem(field: &'static str, pems: &[String]) -> Result<Vec<Vec<u8>>> {
    let bad =
        |error| Error::new(Code::BadProfile, "reading certificates of the profile").with("ca", field).because(error);
    let mut certificates = Vec::new();
    for pem in pems {
        for certificate in Certificate::load_pem_chain(pem.as_bytes()).map_err(bad)? {
            certificates.push(certificate.to_der().map_err(|error| Error::new(Code::Internal, DOING).because(error))?);
        }
    }
    Ok(certificates)
}

/// Verifies that `leaf` leads over `others` to one of `roots` now; returns the intermediates on the way, nearest first,
/// and the root.
///
/// A chain with an algorithm that webpki lacks (keys that are for RSASSA-PSS only) is walked by ourselves, and so is one with
/// a CA that may not sign certificates: webpki does not look at the keyUsage of CAs (RFC 5280 §6.1.4 (n)).
///
/// # Errors
/// [`Code::ChainUntrusted`] with the reason.
pub(crate) fn verify(leaf: &[u8], others: &[Vec<u8>], roots: &[Vec<u8>]) -> Result<(Vec<Vec<u8>>, Vec<u8>)> {
    let untrusted = |reason: String| Error::new(Code::ChainUntrusted, DOING).with("reason", reason);
    if roots.is_empty() {
        return Err(untrusted("the profile names no root".to_owned()));
    }
    match by_webpki(leaf, others, roots) {
        Ok(found) if found.0.iter().all(|ca| walk::is_issuer(ca)) => Ok(found),
        Err(error) if !lacks_algorithm(&error) => Err(untrusted(error.to_string())),
        _ => {
            let mut way = walk::walk(leaf, others, roots).map_err(untrusted)?;
            let root = way.pop().unwrap_or_default();
            Ok((way.split_off(1), root))
        }
    }
}

fn by_webpki(
    leaf: &[u8],
    others: &[Vec<u8>],
    roots: &[Vec<u8>],
) -> std::result::Result<(Vec<Vec<u8>>, Vec<u8>), webpki::Error> {
    let roots: Vec<_> = roots.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors = roots.iter().map(webpki::anchor_from_trusted_cert).collect::<std::result::Result<Vec<_>, _>>()?;
    let others: Vec<_> = others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let leaf = CertificateDer::from(leaf);
    let end = EndEntityCert::try_from(&leaf)?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(clock::now()));
    let path = end.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &others, now, AnyPurpose, None, None)?;
    let intermediates = path.intermediate_certificates().map(|certificate| certificate.der().to_vec()).collect();
    let root = anchors.iter().position(|known| known == path.anchor()).map(|at| roots[at].to_vec());
    Ok((intermediates, root.unwrap_or_default()))
}

fn lacks_algorithm(error: &webpki::Error) -> bool {
    use webpki::Error::{
        UnsupportedSignatureAlgorithmContext, UnsupportedSignatureAlgorithmForPublicKeyContext as ForPublicKey,
    };
    matches!(error, UnsupportedSignatureAlgorithmContext(_) | ForPublicKey(_))
}

/// Whatever is signed in the manner of X.509: certificates, revocation lists. What is signed stays as it came.
#[derive(Sequence)]
struct Signed {
    content: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// Is this certificate or revocation list signed by the key of `issuer`? Both DER. Nothing else of either is looked at.
pub(crate) fn is_signed_by(signed: &[u8], issuer: &[u8]) -> std::result::Result<(), String> {
    let words = |error: der::Error| error.to_string();
    let signed = Signed::from_der(signed).map_err(words)?;
    let issuer = Certificate::from_der(issuer).map_err(words)?;
    let content = signed.content.to_der().map_err(words)?;
    let signature = signed.signature.as_bytes().unwrap_or_default();
    let key = issuer.tbs_certificate().subject_public_key_info();
    signature::verify(key, &signed.algorithm, &content, signature).map_err(|error| error.to_string())
}
