//! The private key itself (RFC 5958), and whether it is that of the certificate.

use const_oid::db::{rfc5911, rfc5912, rfc8410};
use der::{Any, Decode, Encode, Tag, asn1::ObjectIdentifier};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey},
    traits::PublicKeyParts,
};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::fields::{Element, Fields, element};
use crate::error::{Check, Error, Result};

/// `id-ct-KP-aKeyPackage` (RFC 5958 §2).
pub(super) const KEY_PACKAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.2.1.2.78.5");
/// Bytes of the longest key: RSA of 8192 bits takes some 4.7 kB.
const LONGEST: usize = 16 * 1024;
const WHAT: &str = "a private key";

fn bad(expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::check(Check::KeyFits, expected, found)
}

/// A private key that the CA has made and that is that of its certificate. No `Debug`, no `Clone`; wiped when dropped.
pub struct DeliveredKey {
    pkcs8: Zeroizing<Vec<u8>>,
}

impl DeliveredKey {
    /// PKCS#8 (`PrivateKeyInfo`, version 1, without attributes), DER.
    pub fn pkcs8(&self) -> &Zeroizing<Vec<u8>> {
        &self.pkcs8
    }

    /// From a signed content, if it is the key of `certificate`.
    pub(super) fn read(content_type: ObjectIdentifier, content: &[u8], certificate: &[u8]) -> Result<DeliveredKey> {
        if content.len() > LONGEST {
            return Err(bad(format!("{LONGEST} bytes of key at most"), content.len().to_string()));
        }
        let key = match content_type {
            KEY_PACKAGE => {
                let package = Element::read(content, Check::KeyFits, WHAT)?;
                let mut fields = Fields::of(package.content, Check::KeyFits, "one key")?;
                // OpenSSL 3.6 leaves the package out and puts the key itself there: that begins with its version.
                match fields.optional(Tag::Integer) {
                    Some(_) => PrivateKey::of_pkcs8(content)?,
                    None => PrivateKey::of_pkcs8(fields.single()?.raw)?,
                }
            }
            rfc5911::ID_DATA => PrivateKey::of_any_form(content)?,
            other => return Err(bad("a package of keys", other.to_string())),
        };
        let certificate = Certificate::from_der(certificate).map_err(Error::decoding)?;
        let public = certificate.tbs_certificate().subject_public_key_info();
        if !key.fits(public)? {
            return Err(bad("the private key of the certificate", "another one"));
        }
        Ok(DeliveredKey { pkcs8: key.to_pkcs8()? })
    }
}

struct PrivateKey<'a> {
    algorithm: AlgorithmIdentifierOwned,
    key: &'a [u8],
}

impl<'a> PrivateKey<'a> {
    /// `OneAsymmetricKey` of either version.
    fn of_pkcs8(raw: &'a [u8]) -> Result<PrivateKey<'a>> {
        let mut fields = Fields::of_sequence(raw, Check::KeyFits, WHAT)?;
        fields.expect(Tag::Integer)?;
        let algorithm = fields.decoded()?;
        let key = fields.expect(Tag::OctetString)?.content;
        fields.context(0); // attributes
        fields.context(1); // publicKey: it is derived, not believed
        fields.end()?;
        Ok(PrivateKey { algorithm, key })
    }

    /// PKCS#8, or the form that a key had before: OpenSSL sends `RSAPrivateKey` and `ECPrivateKey`, and says id-data.
    fn of_any_form(raw: &'a [u8]) -> Result<PrivateKey<'a>> {
        let mut fields = Fields::of_sequence(raw, Check::KeyFits, WHAT)?;
        fields.expect(Tag::Integer)?;
        let algorithm = match fields.next()?.tag {
            Tag::Sequence => return PrivateKey::of_pkcs8(raw),
            Tag::Integer => AlgorithmIdentifierOwned { oid: rfc5912::RSA_ENCRYPTION, parameters: Some(Any::null()) },
            Tag::OctetString => {
                let curve = fields.context(0).ok_or_else(|| bad("a key on a named curve", "no curve"))?;
                let curve = Any::from_der(curve.content).map_err(|error| bad("a curve", error.to_string()))?;
                AlgorithmIdentifierOwned { oid: rfc5912::ID_EC_PUBLIC_KEY, parameters: Some(curve) }
            }
            other => return Err(bad(WHAT, other.to_string())),
        };
        Ok(PrivateKey { algorithm, key: raw })
    }

    fn curve(algorithm: &AlgorithmIdentifierOwned) -> Option<ObjectIdentifier> {
        algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok())
    }

    /// Derives the public key and compares.
    fn fits(&self, public: &SubjectPublicKeyInfoOwned) -> Result<bool> {
        let point = public.subject_public_key.as_bytes().unwrap_or_default();
        let same_kind = self.algorithm.oid == public.algorithm.oid;
        macro_rules! on {
            ($curve:ident) => {{
                let key = $curve::SecretKey::from_sec1_der(self.key).map_err(|_| bad("a key on its curve", "none"))?;
                Ok($curve::PublicKey::from_sec1_bytes(point).is_ok_and(|public| public == key.public_key()))
            }};
        }
        match (self.algorithm.oid, Self::curve(&self.algorithm)) {
            // A key without a restriction may get a certificate with one.
            (rfc5912::RSA_ENCRYPTION | rfc5912::ID_RSASSA_PSS, _) => self.fits_rsa(public),
            (rfc5912::ID_EC_PUBLIC_KEY, curve) if same_kind && curve == Self::curve(&public.algorithm) => match curve {
                Some(rfc5912::SECP_256_R_1) => on!(p256),
                Some(rfc5912::SECP_384_R_1) => on!(p384),
                Some(rfc5912::SECP_521_R_1) => on!(p521),
                other => Err(Error::UnsupportedAlgorithm(format!("curve {other:?} (for a private key)"))),
            },
            (rfc8410::ID_ED_25519, _) if same_kind => {
                // CurvePrivateKey: an OCTET STRING in the OCTET STRING (RFC 8410 §7).
                let seed = Element::read(self.key, Check::KeyFits, "an Ed25519 key")?.content;
                let seed = seed.try_into().map_err(|_| bad("32 bytes of key", seed.len().to_string()))?;
                Ok(ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().as_bytes() == point)
            }
            (rfc5912::ID_EC_PUBLIC_KEY | rfc8410::ID_ED_25519, _) => Ok(false),
            (other, _) => Err(Error::UnsupportedAlgorithm(format!("{other} (for a private key)"))),
        }
    }

    fn fits_rsa(&self, public: &SubjectPublicKeyInfoOwned) -> Result<bool> {
        if !matches!(public.algorithm.oid, rfc5912::RSA_ENCRYPTION | rfc5912::ID_RSASSA_PSS) {
            return Ok(false);
        }
        let consistent = |_| bad("an RSA key whose parts belong together", "one that is not");
        // Reading it checks that n = pq and that d undoes e.
        let key = RsaPrivateKey::from_pkcs1_der(self.key).map_err(consistent)?;
        key.validate().map_err(|error| bad("an RSA key whose parts belong together", error.to_string()))?;
        let public = public.subject_public_key.as_bytes().and_then(|der| RsaPublicKey::from_pkcs1_der(der).ok());
        Ok(public.is_some_and(|public| public.n() == key.n() && public.e() == key.e()))
    }

    fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>> {
        let algorithm = self.algorithm.to_der().map_err(Error::encoding)?;
        let key = element(0x04, self.key);
        let mut content = Zeroizing::new(Vec::with_capacity(3 + algorithm.len() + key.len()));
        content.extend_from_slice(&[0x02, 0x01, 0x00]);
        content.extend_from_slice(&algorithm);
        content.extend_from_slice(&key);
        Ok(element(0x30, &content))
    }
}
