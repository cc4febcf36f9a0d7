//! Parameters of RSASSA-PSS (RFC 4055 §3): read, bounded, and the one form that is written.

use std::ops::RangeInclusive;

use const_oid::{
    AssociatedOid,
    db::{rfc5912, rfc5912::ID_RSASSA_PSS},
};
use der::{Any, Decode, Encode, asn1::ObjectIdentifier};
use rsa::pkcs1::RsaPssParams;
use sha2::Sha256;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::error::{Error, Result};

/// Bytes of salt that are accepted: from what was usual with SHA-1 to the length of the longest hash.
const SALT: RangeInclusive<u8> = 20..=64;

/// Parameters as far as they are told apart: the mask is made with MGF1 and the same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) hash: ObjectIdentifier,
    /// Bytes.
    pub(super) salt: u8,
}

impl Parameters {
    /// What the client signs with: SHA-256, and a salt as long as the hash (RFC 9481 §3.1).
    pub(super) const OURS: Parameters = Parameters { hash: rfc5912::ID_SHA_256, salt: 32 };

    /// From the parameters of an algorithm, where they must be present (RFC 4055 §3.1), or of a key.
    /// Hash functions are taken with NULL and without parameters, as RFC 4055 §2.1 demands.
    pub(super) fn read(parameters: Option<&Any>) -> Result<Parameters> {
        let unsupported = |what: &str| Err(Error::UnsupportedAlgorithm(format!("{ID_RSASSA_PSS} ({what})")));
        let der = match parameters {
            Some(any) => any.to_der().map_err(Error::encoding)?,
            None => return unsupported("without parameters"),
        };
        let Ok(read) = RsaPssParams::<Any>::from_der(&der) else { return unsupported("unreadable parameters") };
        let mask = read.mask_gen.parameters.map(|hash| hash.oid);
        if read.mask_gen.oid != rfc5912::ID_MGF_1 || mask != Some(read.hash.oid) {
            return unsupported("a mask that is not MGF1 with the same hash");
        }
        Ok(Parameters { hash: read.hash.oid, salt: read.salt_len })
    }

    /// Only these are verified: SHA-2, and a salt within [`SALT`].
    pub(super) fn bounded(self) -> Result<Parameters> {
        if !matches!(self.hash, rfc5912::ID_SHA_256 | rfc5912::ID_SHA_384 | rfc5912::ID_SHA_512) {
            return Err(Error::UnsupportedAlgorithm(format!("{ID_RSASSA_PSS} (hash {})", self.hash)));
        }
        if !SALT.contains(&self.salt) {
            return Err(Error::UnsupportedAlgorithm(format!("{ID_RSASSA_PSS} (salt of {} bytes)", self.salt)));
        }
        Ok(self)
    }

    /// May `key` make signatures with these? A key for RSASSA-PSS may name the hash and the shortest salt it is for
    /// (RFC 4055 §3.1); plain RSA keys and those without parameters are for any.
    pub(super) fn fit(self, key: &SubjectPublicKeyInfoOwned) -> Result<bool> {
        match (key.algorithm.oid, &key.algorithm.parameters) {
            (rfc5912::RSA_ENCRYPTION, _) | (ID_RSASSA_PSS, None) => Ok(true),
            (ID_RSASSA_PSS, parameters) => {
                let bound = Parameters::read(parameters.as_ref())?;
                Ok(bound.hash == self.hash && bound.salt <= self.salt)
            }
            _ => Ok(false),
        }
    }
}

/// `AlgorithmIdentifier` of [`Parameters::OURS`], every field written out that is not a default, hashes with NULL
/// (`sha256Identifier` of RFC 4055 §2.1): the only form that some verifiers, webpki among them, take.
pub(super) fn algorithm() -> AlgorithmIdentifierOwned {
    debug_assert_eq!(Parameters::OURS.hash, Sha256::OID);
    let parameters = RsaPssParams::new::<Sha256>(Parameters::OURS.salt);
    let parameters = Any::encode_from(&parameters).expect("constant parameters have an encoding");
    AlgorithmIdentifierOwned { oid: ID_RSASSA_PSS, parameters: Some(parameters) }
}
