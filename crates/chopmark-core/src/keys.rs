//! Keys: where they are made and what signs with them.

pub(crate) mod delivered;
pub(crate) mod software;

use const_oid::db::{rfc5912, rfc8410};
use der::{Any, asn1::ObjectIdentifier};
use spki::AlgorithmIdentifierOwned;

use crate::model::KeyChoice;

/// Key made when neither order nor profile says: what every CA and every token can do.
pub(crate) const USUAL: KeyChoice = KeyChoice::Rsa2048;

/// `SHA-1` of the public key's BIT STRING (RFC 5280 §4.2.1.2 method 1): the CKA_ID that browsers and tools expect.
pub(crate) fn key_id(public_key: &[u8]) -> crate::error::Result<Vec<u8>> {
    use der::Decode;
    use sha1::Digest;
    let key = spki::SubjectPublicKeyInfoRef::try_from(public_key)
        .or_else(|_| spki::SubjectPublicKeyInfoRef::from_der(public_key))
        .map_err(|error| {
            crate::error::Error::new(crate::error::Code::Internal, "reading a public key").because(error.to_string())
        })?;
    Ok(sha1::Sha1::digest(key.subject_public_key.raw_bytes()).to_vec())
}

/// How keys of this kind are named in certificates and requests. It does not say how long an RSA key is.
pub(crate) fn algorithm(kind: KeyChoice) -> AlgorithmIdentifierOwned {
    let on = |curve: ObjectIdentifier| (rfc5912::ID_EC_PUBLIC_KEY, Some(Any::from(curve)));
    let (oid, parameters) = match kind {
        KeyChoice::Rsa2048 | KeyChoice::Rsa3072 | KeyChoice::Rsa4096 => (rfc5912::RSA_ENCRYPTION, Some(Any::null())),
        KeyChoice::EcP256 => on(rfc5912::SECP_256_R_1),
        KeyChoice::EcP384 => on(rfc5912::SECP_384_R_1),
        KeyChoice::EcP521 => on(rfc5912::SECP_521_R_1),
        KeyChoice::Ed25519 => (rfc8410::ID_ED_25519, None),
    };
    AlgorithmIdentifierOwned { oid, parameters }
}

/// The kind of key that is named so, if it is one that we make and no RSA key.
pub(crate) fn by_algorithm(named: &AlgorithmIdentifierOwned) -> Option<KeyChoice> {
    [KeyChoice::EcP256, KeyChoice::EcP384, KeyChoice::EcP521, KeyChoice::Ed25519]
        .into_iter()
        .find(|kind| algorithm(*kind) == *named)
}

/// The kind of RSA key with so many bits, if it is one that we make.
pub(crate) fn rsa(bits: u32) -> Option<KeyChoice> {
    match bits {
        2048 => Some(KeyChoice::Rsa2048),
        3072 => Some(KeyChoice::Rsa3072),
        4096 => Some(KeyChoice::Rsa4096),
        _ => None,
    }
}
