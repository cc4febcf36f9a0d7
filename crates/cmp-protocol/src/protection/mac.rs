//! The MACs that the two codes make: PasswordBasedMac (RFC 4211 §4.4) and PBMAC1 (RFC 8018 §7.1), with the parameters that
//! RFC 9481 §6.1 leaves.

use const_oid::db::rfc5911;
use der::{
    Any, Decode, Encode, Sequence,
    asn1::{BitString, ObjectIdentifier, OctetString},
};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::{Hash, SharedSecret, protected_part};
use crate::{
    error::{Check, Error, Result},
    message::PkiMessage,
};

/// `id-PasswordBasedMac` (RFC 4211 §4.4).
pub const PASSWORD_BASED_MAC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113533.7.66.13");
/// `id-PBMAC1` (RFC 8018 §7.1).
pub const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
/// Bounds for the iteration count. Below, guessing the code from one message is too cheap even for old servers (OpenSSL
/// sends 500); above, an answer could keep us busy for seconds.
pub const ITERATIONS: std::ops::RangeInclusive<u32> = 100..=1_000_000;
/// Shortest salt that this side makes, in bytes (RFC 9481 §6.1.1).
pub const SALT_BYTES: usize = 16;

/// A MAC protection with all its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacProtection {
    scheme: MacScheme,
    salt: Vec<u8>,
    iterations: u32,
}

/// Which MAC protection to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacScheme {
    /// PasswordBasedMac: the one-way function for the key, the hash of the HMAC.
    PasswordBased {
        /// One-way function.
        owf: Hash,
        /// Hash of the HMAC.
        mac: Hash,
    },
    /// PBMAC1: the pseudo-random function of PBKDF2, the hash of the HMAC, and the key length in bytes.
    Pbmac1 {
        /// Hash of PBKDF2's HMAC.
        prf: Hash,
        /// Hash of the HMAC.
        mac: Hash,
        /// Length of the derived key in bytes.
        key_bytes: usize,
    },
}

impl MacScheme {
    /// PasswordBasedMac with one hash for both.
    pub fn password_based(hash: Hash) -> MacScheme {
        MacScheme::PasswordBased { owf: hash, mac: hash }
    }

    /// PBMAC1 with one hash for both and a key as long as the hash.
    pub fn pbmac1(hash: Hash) -> MacScheme {
        MacScheme::Pbmac1 { prf: hash, mac: hash, key_bytes: hash.bytes() }
    }
}

/// `PBMParameter` (RFC 4211 §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct PbmParameter {
    salt: OctetString,
    owf: AlgorithmIdentifierOwned,
    iteration_count: u32,
    mac: AlgorithmIdentifierOwned,
}

/// `PBMAC1-params` (RFC 8018 §A.5).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Pbmac1Params {
    key_derivation_func: AlgorithmIdentifierOwned,
    message_auth_scheme: AlgorithmIdentifierOwned,
}

/// `PBKDF2-params` (RFC 8018 §A.2) with a given salt. (`salt` from another source has never been defined.)
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct Pbkdf2Params {
    pub(crate) salt: OctetString,
    pub(crate) iteration_count: u32,
    #[asn1(optional = "true")]
    pub(crate) key_length: Option<u32>,
    #[asn1(optional = "true")]
    pub(crate) prf: Option<AlgorithmIdentifierOwned>,
}

fn algorithm(oid: ObjectIdentifier, parameters: Option<Any>) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters }
}

fn any<T: Encode>(value: &T) -> Result<Any> {
    value.to_der().and_then(|der| Any::from_der(&der)).map_err(Error::encoding)
}

fn decode<T: for<'a> Decode<'a, Error = der::Error>>(parameters: Option<&Any>) -> Result<T> {
    let bad = |found: String| Error::check(Check::ProtectionAlgorithm, "parameters of the MAC", found);
    let any = parameters.ok_or_else(|| bad("none".into()))?;
    any.to_der().and_then(|der| T::from_der(&der)).map_err(|error| bad(error.to_string()))
}

impl MacProtection {
    /// Parameters for the client's messages: the scheme, a fresh random salt of [`SALT_BYTES`], the iteration count.
    pub fn new(scheme: MacScheme, iterations: u32, rng: &mut impl rand_core::CryptoRng) -> Result<MacProtection> {
        if !ITERATIONS.contains(&iterations) {
            return Err(Error::Input(format!("iteration count {iterations} is not within {ITERATIONS:?}")));
        }
        let mut salt = vec![0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        Ok(MacProtection { scheme, salt, iterations })
    }

    /// The `protectionAlg` for these parameters.
    pub fn algorithm(&self) -> Result<AlgorithmIdentifierOwned> {
        let salt = OctetString::new(self.salt.as_slice()).map_err(Error::encoding)?;
        match self.scheme {
            MacScheme::PasswordBased { owf, mac } => {
                let parameters = PbmParameter {
                    salt,
                    owf: algorithm(owf.oid(), None),
                    iteration_count: self.iterations,
                    mac: algorithm(mac.hmac_oid(), None),
                };
                Ok(algorithm(PASSWORD_BASED_MAC, Some(any(&parameters)?)))
            }
            MacScheme::Pbmac1 { prf, mac, key_bytes } => {
                let derivation = Pbkdf2Params {
                    salt,
                    iteration_count: self.iterations,
                    key_length: Some(key_bytes as u32),
                    prf: Some(algorithm(prf.hmac_oid(), Some(Any::null()))),
                };
                let parameters = Pbmac1Params {
                    key_derivation_func: algorithm(rfc5911::ID_PBKDF_2, Some(any(&derivation)?)),
                    message_auth_scheme: algorithm(mac.hmac_oid(), Some(Any::null())),
                };
                Ok(algorithm(PBMAC1, Some(any(&parameters)?)))
            }
        }
    }

    /// Reads and bounds the parameters of a received message.
    pub fn from_algorithm(found: &AlgorithmIdentifierOwned) -> Result<MacProtection> {
        let unknown = |what: &str, oid: ObjectIdentifier| {
            Error::check(Check::ProtectionAlgorithm, format!("a known {what}"), oid.to_string())
        };
        let protection = match found.oid {
            PASSWORD_BASED_MAC => {
                let parameters: PbmParameter = decode(found.parameters.as_ref())?;
                let owf = Hash::from_oid(parameters.owf.oid).ok_or_else(|| unknown("hash", parameters.owf.oid))?;
                let mac = Hash::from_hmac_oid(parameters.mac.oid).ok_or_else(|| unknown("MAC", parameters.mac.oid))?;
                MacProtection {
                    scheme: MacScheme::PasswordBased { owf, mac },
                    salt: parameters.salt.into_bytes().to_vec(),
                    iterations: parameters.iteration_count,
                }
            }
            PBMAC1 => {
                let parameters: Pbmac1Params = decode(found.parameters.as_ref())?;
                if parameters.key_derivation_func.oid != rfc5911::ID_PBKDF_2 {
                    return Err(unknown("key derivation", parameters.key_derivation_func.oid));
                }
                let derivation: Pbkdf2Params = decode(parameters.key_derivation_func.parameters.as_ref())?;
                let prf = match derivation.prf {
                    None => Hash::Sha1,
                    Some(prf) => Hash::from_hmac_oid(prf.oid).ok_or_else(|| unknown("PRF", prf.oid))?,
                };
                let scheme = parameters.message_auth_scheme.oid;
                let mac = Hash::from_hmac_oid(scheme).ok_or_else(|| unknown("MAC", scheme))?;
                let key_bytes = derivation.key_length.map_or(mac.bytes(), |bytes| bytes as usize);
                MacProtection {
                    scheme: MacScheme::Pbmac1 { prf, mac, key_bytes },
                    salt: derivation.salt.into_bytes().to_vec(),
                    iterations: derivation.iteration_count,
                }
            }
            other => return Err(unknown("MAC protection", other)),
        };
        protection.bounded()
    }

    fn bounded(self) -> Result<MacProtection> {
        if !ITERATIONS.contains(&self.iterations) {
            let expected = format!("iteration count within {ITERATIONS:?}");
            return Err(Error::check(Check::ProtectionAlgorithm, expected, self.iterations.to_string()));
        }
        // 8 is what RFC 8018 asks at least; our own salts are longer.
        if !(8..=1024).contains(&self.salt.len()) {
            let found = format!("{} bytes", self.salt.len());
            return Err(Error::check(Check::ProtectionAlgorithm, "salt of 8 to 1024 bytes", found));
        }
        if let MacScheme::Pbmac1 { key_bytes, .. } = self.scheme
            && !(16..=128).contains(&key_bytes)
        {
            return Err(Error::check(Check::ProtectionAlgorithm, "key of 16 to 128 bytes", key_bytes.to_string()));
        }
        Ok(self)
    }

    /// Which functions it is made of.
    pub fn scheme(&self) -> MacScheme {
        self.scheme
    }

    /// How often the one-way function runs, within [`ITERATIONS`].
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The same scheme and cost with a fresh salt, for answering in kind.
    pub fn renewed(&self, rng: &mut impl rand_core::CryptoRng) -> Result<MacProtection> {
        MacProtection::new(self.scheme, self.iterations, rng)
    }

    /// The key that the secret gives with these parameters.
    pub(super) fn derive(&self, secret: &SharedSecret) -> Zeroizing<Vec<u8>> {
        match self.scheme {
            MacScheme::PasswordBased { owf, .. } => {
                // RFC 4211 §4.4. The key expansion of RFC 4210 §5.1.3.1 is for MACs with a fixed key length longer than
                // the hash; HMAC takes BASEKEY as it is, and HMAC is all that RFC 9481 §6.1 leaves.
                let mut key = owf.digest(&[&secret.code, &self.salt]);
                for _ in 1..self.iterations {
                    key = owf.digest(&[&key]);
                }
                key
            }
            MacScheme::Pbmac1 { prf, key_bytes, .. } => {
                prf.pbkdf2(&secret.code, &self.salt, self.iterations, key_bytes)
            }
        }
    }

    /// The MAC of `data`, which is the DER of `ProtectedPart`.
    pub(super) fn mac(&self, key: &[u8], data: &[u8]) -> Vec<u8> {
        let (MacScheme::PasswordBased { mac, .. } | MacScheme::Pbmac1 { mac, .. }) = self.scheme;
        mac.hmac(key, data)
    }

    /// Protects a message: sets `protectionAlg` and `protection`.
    pub fn protect(&self, message: &mut PkiMessage, secret: &SharedSecret) -> Result<()> {
        message.header.protection_alg = Some(self.algorithm()?);
        let part = protected_part(&message.header, &message.body)?;
        message.protection =
            Some(BitString::from_bytes(&self.mac(&self.derive(secret), &part)).map_err(Error::encoding)?);
        Ok(())
    }
}

/// The key of one set of MAC parameters: deriving it is meant to be slow, and messages with the same parameters have the
/// same. No `Debug`, no `Clone`; wiped when dropped.
pub struct MacKey {
    pub(super) of: MacProtection,
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl MacKey {
    /// Derives it, at the cost of the parameters' iterations.
    pub fn derive(parameters: &MacProtection, secret: &SharedSecret) -> MacKey {
        MacKey { of: parameters.clone(), key: parameters.derive(secret) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(scheme: MacScheme, salt: &[u8], iterations: u32) -> MacProtection {
        MacProtection { scheme, salt: salt.to_vec(), iterations }
    }

    #[test]
    fn parameters_survive_their_encoding() {
        let schemes = [
            MacScheme::password_based(Hash::Sha1),
            MacScheme::password_based(Hash::Sha256),
            MacScheme::password_based(Hash::Sha384),
            MacScheme::PasswordBased { owf: Hash::Sha512, mac: Hash::Sha1 },
            MacScheme::pbmac1(Hash::Sha256),
            MacScheme::pbmac1(Hash::Sha512),
        ];
        for scheme in schemes {
            let made = mac(scheme, &[7; 16], 10_000);
            let found = MacProtection::from_algorithm(&made.algorithm().unwrap()).unwrap();
            assert_eq!(found, made);
        }
    }

    /// A request for billions of iterations, or for none, is refused before anything is computed.
    #[test]
    fn parameters_out_of_bounds_are_refused() {
        let scheme = MacScheme::password_based(Hash::Sha256);
        let wrong = [
            mac(scheme, &[7; 16], 99),
            mac(scheme, &[7; 16], 1_000_001),
            mac(scheme, &[7; 16], u32::MAX),
            mac(scheme, &[7; 7], 500),
            mac(scheme, &[7; 1025], 500),
            mac(MacScheme::Pbmac1 { prf: Hash::Sha256, mac: Hash::Sha256, key_bytes: 8 }, &[7; 16], 500),
            mac(MacScheme::Pbmac1 { prf: Hash::Sha256, mac: Hash::Sha256, key_bytes: 1 << 30 }, &[7; 16], 500),
        ];
        for made in wrong {
            let found = MacProtection::from_algorithm(&made.algorithm().unwrap());
            assert!(matches!(found, Err(Error::Check { check: Check::ProtectionAlgorithm, .. })), "{made:?}");
        }
    }

    /// The expected values were computed with the `openssl` command:
    /// `openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:AuthCode-4711 -kdfopt salt:0123456789abcdef -kdfopt
    /// iter:1000 PBKDF2`, then `printf 'the protected part' | openssl mac -digest SHA256 -macopt hexkey:… HMAC`.
    #[test]
    fn pbmac1_is_what_openssl_computes() {
        let secret = SharedSecret::new(b"7890", Zeroizing::new(b"AuthCode-4711".to_vec()));
        let parameters = mac(MacScheme::pbmac1(Hash::Sha256), b"0123456789abcdef", 1000);
        let made = parameters.mac(&parameters.derive(&secret), b"the protected part");
        assert_eq!(crate::error::hex(&made), "15bec58002862acb2289203678f7ba7617297063644f41a55cf1020fbeb93cfc");
    }
}
