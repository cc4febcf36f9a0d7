//! Protection of messages: PasswordBasedMac and PBMAC1 from the two codes, signatures by certificates
//! (RFC 9810 §5.1.3, RFC 9481 §6).

mod hash;
mod mac;

use der::{Decode, Encode, Sequence, asn1::BitString};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use subtle::ConstantTimeEq;
use x509_cert::Certificate;
use zeroize::Zeroizing;

pub(crate) use self::mac::Pbkdf2Params;
pub use self::{
    hash::Hash,
    mac::{ITERATIONS, MacKey, MacProtection, MacScheme, PASSWORD_BASED_MAC, PBMAC1, SALT_BYTES},
};
use crate::{
    error::{Check, Error, Result},
    message::{PkiHeader, PkiMessage, ProtectedBytes},
    signature::SignatureScheme,
};

/// The two codes. No `Debug`, no `Clone`; the code is wiped when dropped.
pub struct SharedSecret {
    reference: Vec<u8>,
    code: Zeroizing<Vec<u8>>,
}

impl SharedSecret {
    /// From reference number and authorization code, as bytes (UTF-8 where they are text).
    pub fn new(reference: &[u8], code: Zeroizing<Vec<u8>>) -> SharedSecret {
        SharedSecret { reference: reference.to_vec(), code }
    }

    /// The reference number.
    pub fn reference(&self) -> &[u8] {
        &self.reference
    }

    /// The authorization code.
    pub(crate) fn code(&self) -> &[u8] {
        &self.code
    }
}

#[derive(Sequence)]
struct ProtectedPart {
    header: PkiHeader,
    body: crate::message::Body,
}

fn protected_part(header: &PkiHeader, body: &crate::message::Body) -> Result<Vec<u8>> {
    ProtectedPart { header: header.clone(), body: body.clone() }.to_der().map_err(Error::encoding)
}

/// A message that lacks its signature.
#[derive(Clone, Debug)]
pub struct Unprotected {
    message: PkiMessage,
    key: SubjectPublicKeyInfoOwned,
    scheme: SignatureScheme,
    to_sign: Vec<u8>,
}

impl Unprotected {
    /// `key` is the public key of the certificate that goes first in the message's `extraCerts`.
    pub(crate) fn new(
        mut message: PkiMessage,
        key: SubjectPublicKeyInfoOwned,
        scheme: SignatureScheme,
    ) -> Result<Unprotected> {
        message.header.protection_alg = Some(scheme.algorithm());
        let to_sign = protected_part(&message.header, &message.body)?;
        Ok(Unprotected { message, key, scheme, to_sign })
    }

    /// The bytes to sign: the DER of `ProtectedPart` (RFC 9810 §5.1.3).
    pub fn to_sign(&self) -> &[u8] {
        &self.to_sign
    }

    /// How to sign them.
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// Puts the signature (X.509 form) to it and encodes the message. It is verified first: a key that does not fit its
    /// certificate must not cost a round trip.
    pub fn assemble(mut self, signature: &[u8]) -> Result<Vec<u8>> {
        crate::signature::verify(&self.key, &self.scheme.algorithm(), &self.to_sign, signature)?;
        self.message.protection = Some(BitString::from_bytes(signature).map_err(Error::encoding)?);
        self.message.to_der().map_err(Error::encoding)
    }
}

/// How a received message turned out to be protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// By the shared secret.
    Mac(MacProtection),
    /// By the key of this certificate (DER), which still has to be trusted.
    Signature {
        /// The first certificate of `extraCerts`.
        signer: Vec<u8>,
        /// The others.
        others: Vec<Vec<u8>>,
    },
    /// Not at all.
    None,
}

/// Verifies the protection over the bytes that came in. MAC messages need `secret`.
pub fn verify(bytes: &[u8], message: &PkiMessage, secret: Option<&SharedSecret>) -> Result<Protection> {
    verify_by(bytes, message, |mac| secret.map(|secret| mac.derive(secret)))
}

/// [`verify`] with a key that was derived before. A MAC with other parameters than the key's is refused.
pub fn verify_with_key(bytes: &[u8], message: &PkiMessage, key: &MacKey) -> Result<Protection> {
    verify_by(bytes, message, |mac| (*mac == key.of).then(|| key.key.clone()))
}

fn verify_by(
    bytes: &[u8],
    message: &PkiMessage,
    key: impl FnOnce(&MacProtection) -> Option<Zeroizing<Vec<u8>>>,
) -> Result<Protection> {
    let (algorithm, protection) = match (&message.header.protection_alg, &message.protection) {
        (Some(algorithm), Some(protection)) => (algorithm, protection),
        (None, None) => return Ok(Protection::None),
        _ => return Err(Error::check(Check::ProtectionAlgorithm, "protectionAlg and protection", "only one of them")),
    };
    let Some(value) = protection.as_bytes() else {
        return Err(Error::check(Check::Protection, "whole octets", "a bit string with unused bits"));
    };
    let part = ProtectedBytes::of_message(bytes)?.to_der()?;
    if matches!(algorithm.oid, PASSWORD_BASED_MAC | PBMAC1) {
        let mac = MacProtection::from_algorithm(algorithm)?;
        let Some(key) = key(&mac) else {
            return Err(Error::check(Check::Protection, "a signature", "a MAC, and there is no secret for it"));
        };
        if !bool::from(mac.mac(&key, &part).ct_eq(value)) {
            return Err(Error::check(Check::Protection, "a MAC made with the authorization code", "another MAC"));
        }
        return Ok(Protection::Mac(mac));
    }
    verify_signature(message, algorithm, &part, value)
}

/// The signer's certificate is the first of `extraCerts` (RFC 9483 §3.3).
fn verify_signature(
    message: &PkiMessage,
    algorithm: &AlgorithmIdentifierOwned,
    part: &[u8],
    value: &[u8],
) -> Result<Protection> {
    let mut certificates = message.extra_certificates().into_iter();
    let Some(signer) = certificates.next() else {
        return Err(Error::check(Check::Signer, "the signer's certificate in extraCerts", "none"));
    };
    let certificate = Certificate::from_der(&signer)
        .map_err(|error| Error::check(Check::Signer, "a certificate", error.to_string()))?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    crate::signature::verify(key, algorithm, part, value)
        .map_err(|error| Error::check(Check::Protection, "a signature by the first certificate", error.to_string()))?;
    Ok(Protection::Signature { signer, others: certificates.collect() })
}
