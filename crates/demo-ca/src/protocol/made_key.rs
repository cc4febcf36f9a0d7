//! Keys that the CA makes for a client (RFC 9483 §4.1.6): made, signed by the key maker, enveloped for the codes, forgotten.

use cmp_protocol::key_delivery::seal;
use const_oid::{ObjectIdentifier, db::rfc5912};
use der::Decode;
use p256::{
    elliptic_curve::Generate,
    pkcs8::{EncodePrivateKey, EncodePublicKey},
};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::{
    Ca,
    party::{Party, Voice},
};
use crate::{
    error::{Error, Result},
    rng,
};

/// Rounds of PBKDF2-HMAC-SHA256 from the code to the key that wraps.
const ITERATIONS: u32 = 100_000;
/// A request names no length of RSA keys.
const RSA_BITS: usize = 2048;

impl Ca {
    /// Makes a key of this kind; P-256 where the client leaves it to us. Returns the public key and the `EncryptedKey`, DER.
    pub(super) fn make_key(
        &self,
        party: &Party<'_>,
        kind: Option<&AlgorithmIdentifierOwned>,
    ) -> Result<std::result::Result<(SubjectPublicKeyInfoOwned, Vec<u8>), String>> {
        let Voice::Codes { secret, .. } = &party.voice else {
            return Ok(Err("keys are made here for the codes only".into()));
        };
        let curve = kind.and_then(|kind| kind.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok());
        let (pkcs8, public) = match (kind.map(|kind| kind.oid), curve) {
            (None, _) | (Some(rfc5912::ID_EC_PUBLIC_KEY), Some(rfc5912::SECP_256_R_1)) => {
                let key = p256::SecretKey::generate_from_rng(&mut rng());
                (key.to_pkcs8_der(), key.public_key().to_public_key_der())
            }
            (Some(rfc5912::ID_EC_PUBLIC_KEY), Some(rfc5912::SECP_384_R_1)) => {
                let key = p384::SecretKey::generate_from_rng(&mut rng());
                (key.to_pkcs8_der(), key.public_key().to_public_key_der())
            }
            (Some(rfc5912::RSA_ENCRYPTION), _) => {
                let key = rsa::RsaPrivateKey::new(&mut rng(), RSA_BITS).map_err(Error::certificate)?;
                (key.to_pkcs8_der(), key.to_public_key().to_public_key_der())
            }
            (Some(other), _) => return Ok(Err(format!("keys of type {other} are not made here"))),
        };
        let (pkcs8, public) = (pkcs8.map_err(Error::certificate)?, public.map_err(Error::certificate)?);
        let signed = self.authority.key_maker.sign_key(pkcs8.as_bytes())?;
        let encrypted = seal::for_codes(&signed, secret, ITERATIONS, &mut rng())?;
        let public = SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).map_err(Error::certificate)?;
        Ok(Ok((public, encrypted)))
    }
}
