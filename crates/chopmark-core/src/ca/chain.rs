//! Chains: which certificates lead from the new one to a root, and whether they do (RFC 5280 §6, by webpki).

use std::time::Duration;

use cmp_protocol::signature;
use const_oid::ObjectIdentifier;
use der::{Decode, Encode};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_cert::{
    Certificate,
    crl::CertificateList,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage},
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
    let mut roots = Vec::new();
    for pem in pems {
        let chain = Certificate::load_pem_chain(pem.as_bytes())
            .map_err(|error| Error::new(Code::BadProfile, "reading the roots").with("ca", "roots").because(error))?;
        for certificate in chain {
            roots.push(certificate.to_der().map_err(|error| Error::new(Code::Internal, DOING).because(error))?);
        }
    }
    Ok(roots)
}

/// Verifies that `leaf` leads over `others` to one of `roots` now; returns the intermediates on the way, nearest first,
/// and the root.
///
/// # Errors
/// [`Code::ChainUntrusted`] with the reason.
pub(crate) fn verify(leaf: &[u8], others: &[Vec<u8>], roots: &[Vec<u8>]) -> Result<(Vec<Vec<u8>>, Vec<u8>)> {
    let untrusted = |reason: String| Error::new(Code::ChainUntrusted, DOING).with("reason", reason);
    if roots.is_empty() {
        return Err(untrusted("the profile names no root".to_owned()));
    }
    let roots: Vec<_> = roots.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors = roots
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| untrusted(format!("root: {error}")))?;
    let others: Vec<_> = others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let leaf = CertificateDer::from(leaf);
    let end = EndEntityCert::try_from(&leaf).map_err(|error| untrusted(error.to_string()))?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(clock::now()));
    let path = end
        .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &others, now, AnyPurpose, None, None)
        .map_err(|error| untrusted(error.to_string()))?;
    let intermediates = path.intermediate_certificates().map(|certificate| certificate.der().to_vec()).collect();
    let anchor = path.anchor().subject.as_ref().to_vec();
    let root = anchors.iter().position(|known| known.subject.as_ref() == anchor).map(|at| roots[at].to_vec());
    Ok((intermediates, root.unwrap_or_default()))
}

/// `id-kp-cmcCA` (RFC 6402 §2.10): its holder may speak for a CA.
const CMC_CA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.27");

/// Judges the signer of an answer: a root of the profile itself, or a certificate for speaking in the CA's name that leads
/// to one (RFC 9483 §1.3). Any other subscriber's certificate leads to the root as well, and must not do.
pub(crate) fn judge_signer(signer: &[u8], others: &[Vec<u8>], roots: &[Vec<u8>]) -> std::result::Result<(), String> {
    judge(signer, others, roots, CMC_CA, "the signer is not the CA and may not speak for it (id-kp-cmcCA)")
}

/// `id-kp-cmKGA` (RFC 9480 §2.2): its holder may make keys for others.
const CM_KGA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.32");

/// Judges who signed a key that was made for us: a root of the profile itself, or a certificate for making keys that leads
/// to one (RFC 9483 §4.1.6).
pub(crate) fn judge_key_maker(signer: &[u8], others: &[Vec<u8>], roots: &[Vec<u8>]) -> std::result::Result<(), String> {
    judge(signer, others, roots, CM_KGA, "its maker is not the CA and may not make keys for it (id-kp-cmKGA)")
}

fn judge(
    signer: &[u8],
    others: &[Vec<u8>],
    roots: &[Vec<u8>],
    purpose: ObjectIdentifier,
    refusal: &str,
) -> std::result::Result<(), String> {
    if roots.iter().any(|root| root == signer) {
        return Ok(());
    }
    let certificate = Certificate::from_der(signer).map_err(|error| error.to_string())?;
    let purposes =
        certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>().map_err(|error| error.to_string())?;
    if !purposes.is_some_and(|(_, purposes)| purposes.0.contains(&purpose)) {
        return Err(refusal.to_owned());
    }
    verify(signer, others, roots).map(|_| ()).map_err(|error| error.facts.get("reason").cloned().unwrap_or_default())
}

/// Is this certificate signed by the key of `issuer`? Both DER. Nothing else of either is looked at.
pub(crate) fn is_signed_by(certificate: &[u8], issuer: &[u8]) -> std::result::Result<(), String> {
    let words = |error: der::Error| error.to_string();
    let certificate = Certificate::from_der(certificate).map_err(words)?;
    let issuer = Certificate::from_der(issuer).map_err(words)?;
    let signed = certificate.tbs_certificate().to_der().map_err(words)?;
    let key = issuer.tbs_certificate().subject_public_key_info();
    let signature = certificate.signature().as_bytes().unwrap_or_default();
    signature::verify(key, certificate.signature_algorithm(), &signed, signature).map_err(|error| error.to_string())
}

/// Is this revocation list signed by the key of `issuer` (DER)?
pub(crate) fn is_crl_signed_by(list: &CertificateList, issuer: &[u8]) -> std::result::Result<(), String> {
    let words = |error: der::Error| error.to_string();
    let issuer = Certificate::from_der(issuer).map_err(words)?;
    let signed = list.tbs_cert_list.to_der().map_err(words)?;
    let key = issuer.tbs_certificate().subject_public_key_info();
    let signature = list.signature.as_bytes().unwrap_or_default();
    signature::verify(key, &list.signature_algorithm, &signed, signature).map_err(|error| error.to_string())
}

/// Longest way from a CA's certificate to a root.
const LONGEST_PATH: usize = 8;

/// Verifies that the certificate of a CA leads over `others` to one of `roots` now. webpki does this for end entities
/// only; names, signatures, dates and the right to issue are what it takes for a CA's own (RFC 5280 §6).
pub(crate) fn verify_issuer(der: &[u8], others: &[Vec<u8>], roots: &[Vec<u8>]) -> std::result::Result<(), String> {
    let mut current = der.to_vec();
    for _ in 0..LONGEST_PATH {
        is_valid_issuer(&current)?;
        if roots.contains(&current) {
            return Ok(());
        }
        let certificate = Certificate::from_der(&current).map_err(|error| error.to_string())?;
        let wanted = certificate.tbs_certificate().issuer().clone();
        let issues = |candidate: &&Vec<u8>| {
            let named = Certificate::from_der(candidate)
                .is_ok_and(|candidate| *candidate.tbs_certificate().subject() == wanted);
            named && **candidate != current && is_signed_by(&current, candidate).is_ok()
        };
        let Some(issuer) = roots.iter().chain(others).find(issues) else {
            return Err("the issuer is not known".to_owned());
        };
        current = issuer.clone();
    }
    Err("the way to the root is too long".to_owned())
}

fn is_valid_issuer(der: &[u8]) -> std::result::Result<(), String> {
    let certificate = Certificate::from_der(der).map_err(|error| error.to_string())?;
    let certificate = certificate.tbs_certificate();
    let validity = certificate.validity();
    let now = Duration::from_secs(clock::now());
    if now < validity.not_before.to_unix_duration() || now > validity.not_after.to_unix_duration() {
        return Err("a certificate of the CA is not valid now".to_owned());
    }
    match certificate.get_extension::<BasicConstraints>() {
        Ok(Some((_, constraints))) if constraints.ca => Ok(()),
        _ => Err("not the certificate of a CA".to_owned()),
    }
}
