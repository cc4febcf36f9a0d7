//! Verification, algorithm by algorithm. `None` and `Some(false)` alike: it does not verify.

use const_oid::db::{fips204, rfc5912, rfc8410};
use der::{asn1::ObjectIdentifier, referenced::OwnedToRef};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use rsa::{RsaPublicKey, pkcs1::DecodeRsaPublicKey, pkcs1v15, pss, traits::PublicKeyParts};
use sha2::{Digest, Sha256, Sha384, Sha512};
use signature::{Verifier, hazmat::PrehashVerifier};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};

use super::{curve, pss::Parameters};
use crate::error::{Error, Result};

/// Bits of the shortest RSA key that is trusted (as webpki in the chain of certificates).
const SHORTEST_RSA: u32 = 2048;

/// Verifies a signature. The error says what did not fit; it never repeats the message.
pub fn verify(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    if takes_no_parameters(algorithm.oid) && algorithm.parameters.is_some() {
        return Err(Error::UnsupportedAlgorithm(format!("{} (with parameters)", algorithm.oid)));
    }
    let good = match algorithm.oid {
        rfc5912::SHA_256_WITH_RSA_ENCRYPTION => pkcs1::<Sha256>(key, message, signature)?,
        rfc5912::SHA_384_WITH_RSA_ENCRYPTION => pkcs1::<Sha384>(key, message, signature)?,
        rfc5912::SHA_512_WITH_RSA_ENCRYPTION => pkcs1::<Sha512>(key, message, signature)?,
        rfc5912::ID_RSASSA_PSS => pss(key, algorithm, message, signature)?,
        rfc5912::ECDSA_WITH_SHA_256 => ecdsa(key, &Sha256::digest(message), signature)?,
        rfc5912::ECDSA_WITH_SHA_384 => ecdsa(key, &Sha384::digest(message), signature)?,
        rfc5912::ECDSA_WITH_SHA_512 => ecdsa(key, &Sha512::digest(message), signature)?,
        rfc8410::ID_ED_25519 => ed25519(key, message, signature),
        fips204::ID_ML_DSA_44 => ml_dsa::<MlDsa44>(key, message, signature),
        fips204::ID_ML_DSA_65 => ml_dsa::<MlDsa65>(key, message, signature),
        fips204::ID_ML_DSA_87 => ml_dsa::<MlDsa87>(key, message, signature),
        other => return Err(Error::UnsupportedAlgorithm(other.to_string())),
    };
    if good == Some(true) { Ok(()) } else { Err(Error::Input("signature does not verify".into())) }
}

/// Those whose parameters must be absent (RFC 8410 §3, RFC 9881 §2).
fn takes_no_parameters(oid: ObjectIdentifier) -> bool {
    matches!(oid, rfc8410::ID_ED_25519 | fips204::ID_ML_DSA_44 | fips204::ID_ML_DSA_65 | fips204::ID_ML_DSA_87)
}

/// The key, if it is an RSA key for an algorithm with the identifier `oid` or for all of them.
fn rsa_key(key: &SubjectPublicKeyInfoOwned, oid: ObjectIdentifier) -> Result<Option<RsaPublicKey>> {
    if key.algorithm.oid != rfc5912::RSA_ENCRYPTION && key.algorithm.oid != oid {
        return Ok(None);
    }
    let parsed = key.subject_public_key.as_bytes().and_then(|der| RsaPublicKey::from_pkcs1_der(der).ok());
    match parsed.as_ref().map(|key| key.n().bits()) {
        Some(bits) if bits < SHORTEST_RSA => Err(Error::UnsupportedAlgorithm(format!("RSA of {bits} bits"))),
        _ => Ok(parsed),
    }
}

fn pkcs1<D>(key: &SubjectPublicKeyInfoOwned, message: &[u8], signature: &[u8]) -> Result<Option<bool>>
where
    D: Digest + const_oid::AssociatedOid,
    pkcs1v15::VerifyingKey<D>: Verifier<pkcs1v15::Signature>,
{
    let key = rsa_key(key, rfc5912::RSA_ENCRYPTION)?;
    Ok(key
        .zip(pkcs1v15::Signature::try_from(signature).ok())
        .map(|(key, signature)| pkcs1v15::VerifyingKey::<D>::new(key).verify(message, &signature).is_ok()))
}

fn pss(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<Option<bool>> {
    let parameters = Parameters::read(algorithm.parameters.as_ref())?.bounded()?;
    if !parameters.fit(key)? {
        return Ok(None);
    }
    let salt = usize::from(parameters.salt);
    let parts = rsa_key(key, algorithm.oid)?.zip(pss::Signature::try_from(signature).ok());
    Ok(parts.map(|(key, signature)| {
        match parameters.hash {
            rfc5912::ID_SHA_256 => {
                pss::VerifyingKey::<Sha256>::new_with_salt_len(key, salt).verify(message, &signature)
            }
            rfc5912::ID_SHA_384 => {
                pss::VerifyingKey::<Sha384>::new_with_salt_len(key, salt).verify(message, &signature)
            }
            // The only one that is left within the bounds.
            _ => pss::VerifyingKey::<Sha512>::new_with_salt_len(key, salt).verify(message, &signature),
        }
        .is_ok()
    }))
}

/// ECDSA with the hash the algorithm names, which need not be the curve's own.
fn ecdsa(key: &SubjectPublicKeyInfoOwned, hash: &[u8], signature: &[u8]) -> Result<Option<bool>> {
    macro_rules! on {
        ($curve:ident) => {{
            let key = $curve::ecdsa::VerifyingKey::try_from(key.owned_to_ref()).ok();
            let signature = $curve::ecdsa::DerSignature::from_bytes(signature).ok();
            Ok(key.zip(signature).map(|(key, signature)| key.verify_prehash(hash, &signature).is_ok()))
        }};
    }
    match curve(key) {
        Some(rfc5912::SECP_256_R_1) => on!(p256),
        Some(rfc5912::SECP_384_R_1) => on!(p384),
        Some(rfc5912::SECP_521_R_1) => on!(p521),
        Some(other) if key.algorithm.oid == rfc5912::ID_EC_PUBLIC_KEY => {
            Err(Error::UnsupportedAlgorithm(format!("curve {other}")))
        }
        _ => Ok(None),
    }
}

/// RFC 8410. Strict: keys of small order verify under no message.
fn ed25519(key: &SubjectPublicKeyInfoOwned, message: &[u8], signature: &[u8]) -> Option<bool> {
    let key = ed25519_dalek::VerifyingKey::try_from(key.owned_to_ref()).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    Some(key.verify_strict(message, &signature).is_ok())
}

/// RFC 9881: pure ML-DSA with an empty context.
fn ml_dsa<P>(key: &SubjectPublicKeyInfoOwned, message: &[u8], signature: &[u8]) -> Option<bool>
where
    P: MlDsaParams,
    for<'a> ml_dsa::VerifyingKey<P>: TryFrom<SubjectPublicKeyInfoRef<'a>>,
{
    let key = ml_dsa::VerifyingKey::<P>::try_from(key.owned_to_ref()).ok()?;
    let signature = ml_dsa::Signature::<P>::try_from(signature).ok()?;
    Some(key.verify(message, &signature).is_ok())
}
