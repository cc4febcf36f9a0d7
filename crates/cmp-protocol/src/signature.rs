//! Signature algorithms: which one a key makes, and verification (RFC 9481 §3).

mod pss;
#[cfg(test)]
mod tests;
mod verify;

use const_oid::db::{fips204, rfc5912, rfc8410};
use der::{Any, Decode, asn1::ObjectIdentifier};
use sha2::{Digest, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::Certificate;

use self::pss::Parameters;
use crate::error::{Error, Result};

pub use self::verify::verify;

/// `ecdsa-with-SHA1` (RFC 3279 §2.2.3); only ever read, in old certificates.
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// What a key of the client signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, and 32 bytes of salt.
    RsaPssSha256,
    /// ECDSA on P-256 with SHA-256; the signature is the DER `ECDSA-Sig-Value`.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384; the signature is the DER `ECDSA-Sig-Value`.
    EcdsaP384Sha384,
    /// ECDSA on P-521 with SHA-512; the signature is the DER `ECDSA-Sig-Value`.
    EcdsaP521Sha512,
    /// Ed25519 over the message itself (RFC 8032); the signature is its 64 bytes.
    Ed25519,
    /// Pure ML-DSA-44 with an empty context (FIPS 204, RFC 9881).
    MlDsa44,
    /// Pure ML-DSA-65 with an empty context.
    MlDsa65,
    /// Pure ML-DSA-87 with an empty context.
    MlDsa87,
}

impl SignatureScheme {
    /// The scheme for a public key: of those that it can make, the one that every CA knows.
    pub fn for_key(key: &SubjectPublicKeyInfoOwned) -> Result<SignatureScheme> {
        match (key.algorithm.oid, curve(key)) {
            (rfc5912::RSA_ENCRYPTION, _) => Ok(SignatureScheme::RsaPkcs1Sha256),
            (rfc5912::ID_RSASSA_PSS, _) if Parameters::OURS.fit(key)? => Ok(SignatureScheme::RsaPssSha256),
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_256_R_1)) => Ok(SignatureScheme::EcdsaP256Sha256),
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_384_R_1)) => Ok(SignatureScheme::EcdsaP384Sha384),
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_521_R_1)) => Ok(SignatureScheme::EcdsaP521Sha512),
            (rfc8410::ID_ED_25519, _) => Ok(SignatureScheme::Ed25519),
            (fips204::ID_ML_DSA_44, _) => Ok(SignatureScheme::MlDsa44),
            (fips204::ID_ML_DSA_65, _) => Ok(SignatureScheme::MlDsa65),
            (fips204::ID_ML_DSA_87, _) => Ok(SignatureScheme::MlDsa87),
            (oid, _) => Err(Error::UnsupportedAlgorithm(oid.to_string())),
        }
    }

    /// Its `AlgorithmIdentifier`: NULL parameters for PKCS#1 v1.5, those of RFC 4055 for PSS, none for all others
    /// (RFC 9481 §3, RFC 9881 §2).
    pub fn algorithm(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            SignatureScheme::RsaPkcs1Sha256 => (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, Some(Any::null())),
            SignatureScheme::RsaPssSha256 => return pss::algorithm(),
            SignatureScheme::EcdsaP256Sha256 => (rfc5912::ECDSA_WITH_SHA_256, None),
            SignatureScheme::EcdsaP384Sha384 => (rfc5912::ECDSA_WITH_SHA_384, None),
            SignatureScheme::EcdsaP521Sha512 => (rfc5912::ECDSA_WITH_SHA_512, None),
            SignatureScheme::Ed25519 => (rfc8410::ID_ED_25519, None),
            SignatureScheme::MlDsa44 => (fips204::ID_ML_DSA_44, None),
            SignatureScheme::MlDsa65 => (fips204::ID_ML_DSA_65, None),
            SignatureScheme::MlDsa87 => (fips204::ID_ML_DSA_87, None),
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }
}

fn curve(key: &SubjectPublicKeyInfoOwned) -> Option<ObjectIdentifier> {
    key.algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok())
}

/// Hash of a certificate for `certConf` (RFC 9810 §5.3.18): with the hash that its signature algorithm names (for Ed25519,
/// which names none, RFC 9481 §3.3 sets SHA-512). Where neither does, as with ML-DSA, with the hash returned beside it,
/// which then goes into `hashAlg` and makes the message pvno 3.
pub fn certificate_hash(certificate: &[u8]) -> Result<(Vec<u8>, Option<AlgorithmIdentifierOwned>)> {
    let parsed = Certificate::from_der(certificate).map_err(Error::decoding)?;
    let plain = |hash: Vec<u8>| Ok((hash, None));
    match hash_of(parsed.signature_algorithm()) {
        Some(rfc5912::ID_SHA_1) => plain(sha1::Sha1::digest(certificate).to_vec()),
        Some(rfc5912::ID_SHA_256) => plain(Sha256::digest(certificate).to_vec()),
        Some(rfc5912::ID_SHA_384) => plain(Sha384::digest(certificate).to_vec()),
        Some(rfc5912::ID_SHA_512) => plain(Sha512::digest(certificate).to_vec()),
        _ => Ok((
            Sha256::digest(certificate).to_vec(),
            Some(AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: None }),
        )),
    }
}

/// The hash that a signature algorithm tells, weak ones included: here nothing is verified with it.
fn hash_of(algorithm: &AlgorithmIdentifierOwned) -> Option<ObjectIdentifier> {
    match algorithm.oid {
        rfc5912::SHA_1_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_1 => Some(rfc5912::ID_SHA_1),
        rfc5912::SHA_256_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_256 => Some(rfc5912::ID_SHA_256),
        rfc5912::SHA_384_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_384 => Some(rfc5912::ID_SHA_384),
        rfc5912::SHA_512_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_512 | rfc8410::ID_ED_25519 => {
            Some(rfc5912::ID_SHA_512)
        }
        rfc5912::ID_RSASSA_PSS => Some(Parameters::read(algorithm.parameters.as_ref()).ok()?.hash),
        _ => None,
    }
}
