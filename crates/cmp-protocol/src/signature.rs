//! Signature algorithms: which one a key makes, and verification (RFC 9481 §3).

use const_oid::db::{rfc5912, rfc8410};
use der::{Any, Decode, Encode, asn1::ObjectIdentifier};
use rsa::pkcs1v15;
use sha2::{Digest, Sha256, Sha384, Sha512};
use signature::Verifier;
use spki::{AlgorithmIdentifierOwned, DecodePublicKey, SubjectPublicKeyInfoOwned};
use x509_cert::Certificate;

use crate::error::{Error, Result};

/// `ecdsa-with-SHA1` (RFC 3279 §2.2.3); only ever read, in old certificates.
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// What a key of the client signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// ECDSA on P-256 with SHA-256; the signature is the DER `ECDSA-Sig-Value`.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384; the signature is the DER `ECDSA-Sig-Value`.
    EcdsaP384Sha384,
}

impl SignatureScheme {
    /// The scheme for a public key.
    pub fn for_key(key: &SubjectPublicKeyInfoOwned) -> Result<SignatureScheme> {
        match (key.algorithm.oid, curve(key)) {
            (rfc5912::RSA_ENCRYPTION, _) => Ok(SignatureScheme::RsaPkcs1Sha256),
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_256_R_1)) => Ok(SignatureScheme::EcdsaP256Sha256),
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_384_R_1)) => Ok(SignatureScheme::EcdsaP384Sha384),
            (oid, _) => Err(Error::UnsupportedAlgorithm(oid.to_string())),
        }
    }

    /// Its `AlgorithmIdentifier`: NULL parameters for RSA, none for ECDSA (RFC 9481 §3).
    pub fn algorithm(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            SignatureScheme::RsaPkcs1Sha256 => (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, Some(Any::null())),
            SignatureScheme::EcdsaP256Sha256 => (rfc5912::ECDSA_WITH_SHA_256, None),
            SignatureScheme::EcdsaP384Sha384 => (rfc5912::ECDSA_WITH_SHA_384, None),
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }
}

fn curve(key: &SubjectPublicKeyInfoOwned) -> Option<ObjectIdentifier> {
    key.algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok())
}

/// Verifies a signature. The error says what did not fit; it never repeats the message.
pub fn verify(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let der = key.to_der().map_err(Error::encoding)?;
    let good = match algorithm.oid {
        rfc5912::SHA_256_WITH_RSA_ENCRYPTION => rsa::<Sha256>(&der, message, signature),
        rfc5912::SHA_384_WITH_RSA_ENCRYPTION => rsa::<Sha384>(&der, message, signature),
        rfc5912::SHA_512_WITH_RSA_ENCRYPTION => rsa::<Sha512>(&der, message, signature),
        rfc5912::ECDSA_WITH_SHA_256 => ecdsa::<Sha256>(key, &der, message, signature),
        rfc5912::ECDSA_WITH_SHA_384 => ecdsa::<Sha384>(key, &der, message, signature),
        rfc5912::ECDSA_WITH_SHA_512 => ecdsa::<Sha512>(key, &der, message, signature),
        other => return Err(Error::UnsupportedAlgorithm(other.to_string())),
    };
    if good == Some(true) { Ok(()) } else { Err(Error::Input("signature does not verify".into())) }
}

fn rsa<D>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool>
where
    D: Digest + const_oid::AssociatedOid,
    pkcs1v15::VerifyingKey<D>: Verifier<pkcs1v15::Signature>,
{
    let key = rsa::RsaPublicKey::from_public_key_der(key).ok()?;
    let signature = pkcs1v15::Signature::try_from(signature).ok()?;
    Some(pkcs1v15::VerifyingKey::<D>::new(key).verify(message, &signature).is_ok())
}

/// ECDSA with the hash the algorithm names, which need not be the curve's own.
fn ecdsa<D: Digest>(key: &SubjectPublicKeyInfoOwned, der: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    let hash = D::digest(message);
    match curve(key)? {
        rfc5912::SECP_256_R_1 => {
            let key = p256::ecdsa::VerifyingKey::from_public_key_der(der).ok()?;
            let signature = p256::ecdsa::DerSignature::from_bytes(signature).ok()?;
            Some(key.verify_prehash(&hash, &signature).is_ok())
        }
        rfc5912::SECP_384_R_1 => {
            let key = p384::ecdsa::VerifyingKey::from_public_key_der(der).ok()?;
            let signature = p384::ecdsa::DerSignature::from_bytes(signature).ok()?;
            Some(key.verify_prehash(&hash, &signature).is_ok())
        }
        _ => None,
    }
}

/// Hash of a certificate for `certConf` (RFC 9810 §5.3.18): with the hash of its own signature algorithm, or, where that
/// names none (EdDSA), with the hash returned beside it, which then goes into `hashAlg` and makes the message pvno 3.
pub fn certificate_hash(certificate: &[u8]) -> Result<(Vec<u8>, Option<AlgorithmIdentifierOwned>)> {
    let parsed = Certificate::from_der(certificate).map_err(Error::decoding)?;
    let plain = |hash: Vec<u8>| Ok((hash, None));
    match parsed.signature_algorithm().oid {
        rfc5912::SHA_1_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_1 => plain(sha1::Sha1::digest(certificate).to_vec()),
        rfc5912::SHA_256_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_256 => {
            plain(Sha256::digest(certificate).to_vec())
        }
        rfc5912::SHA_384_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_384 => {
            plain(Sha384::digest(certificate).to_vec())
        }
        rfc5912::SHA_512_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_512 | rfc8410::ID_ED_25519 => {
            plain(Sha512::digest(certificate).to_vec())
        }
        _ => Ok((
            Sha256::digest(certificate).to_vec(),
            Some(AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: None }),
        )),
    }
}
