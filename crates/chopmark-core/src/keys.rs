//! Keys: where they are made and what signs with them.

pub(crate) mod delivered;
pub(crate) mod software;

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
