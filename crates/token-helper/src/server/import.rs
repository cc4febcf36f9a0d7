//! Bringing a key that was made elsewhere: by a CA (RFC 9483 §4.1.6), or out of a file.

use super::refusal::{code, describe, refusal};
use super::{Open, encoding, quirks};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use token_helper::wire::{GeneratedKey, PrivateKey};
use token_helper::{HelperError, KeyKind};
use zeroize::Zeroize;

/// `PrivateKeyInfo`, version 1 (RFC 5958 §2).
#[derive(Sequence)]
pub(super) struct PrivateKeyInfo<'a> {
    pub(super) version: u8,
    pub(super) algorithm: spki::AlgorithmIdentifierRef<'a>,
    pub(super) key: &'a OctetStringRef,
}

/// `RSAPrivateKey` (RFC 8017 §A.1.2).
#[derive(Sequence)]
pub(super) struct RsaPrivateKey<'a> {
    pub(super) version: u8,
    pub(super) modulus: UintRef<'a>,
    pub(super) public_exponent: UintRef<'a>,
    pub(super) private_exponent: UintRef<'a>,
    pub(super) prime_1: UintRef<'a>,
    pub(super) prime_2: UintRef<'a>,
    pub(super) exponent_1: UintRef<'a>,
    pub(super) exponent_2: UintRef<'a>,
    pub(super) coefficient: UintRef<'a>,
}

/// `ECPrivateKey` (RFC 5915 §3).
#[derive(Sequence)]
pub(super) struct EcPrivateKey<'a> {
    pub(super) version: u8,
    pub(super) key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) public_key: Option<AnyRef<'a>>,
}

/// Both halves as the token is to hold them. The private one is wiped when dropped: cryptoki's attributes are plain vectors.
struct Halves {
    public: Vec<Attribute>,
    private: Vec<Attribute>,
}

impl Drop for Halves {
    fn drop(&mut self) {
        for attribute in &mut self.private {
            if let Attribute::Value(secret)
            | Attribute::PrivateExponent(secret)
            | Attribute::Prime1(secret)
            | Attribute::Prime2(secret)
            | Attribute::Exponent1(secret)
            | Attribute::Exponent2(secret)
            | Attribute::Coefficient(secret) = attribute
            {
                secret.zeroize();
            }
        }
    }
}

impl Halves {
    fn read(pkcs8: &[u8], public_key: &[u8]) -> der::Result<Halves> {
        let info = PrivateKeyInfo::from_der(pkcs8)?;
        let public = spki::SubjectPublicKeyInfoRef::from_der(public_key)?;
        let public = public.subject_public_key.raw_bytes();
        let key = info.key.as_bytes();
        match info.algorithm.oid {
            encoding::RSA_ENCRYPTION => Halves::rsa(key),
            encoding::EC_PUBLIC_KEY => {
                let parameters = info.algorithm.parameters.ok_or(der::ErrorKind::Failed)?.to_der()?;
                let kind = encoding::curve(&parameters).ok_or(der::ErrorKind::Failed)?;
                let secret = EcPrivateKey::from_der(key)?.key.as_bytes();
                Halves::on_curve(KeyType::EC, parameters, padded(kind, secret), public)
            }
            encoding::ED25519 => {
                let seed = <&OctetStringRef>::from_der(key)?.as_bytes().to_vec();
                Halves::on_curve(KeyType::EC_EDWARDS, quirks::ED25519_PARAMETERS.to_vec(), seed, public)
            }
            _ => Err(der::ErrorKind::Failed.into()),
        }
    }

    fn rsa(key: &[u8]) -> der::Result<Halves> {
        let key = RsaPrivateKey::from_der(key)?;
        let bytes = |number: UintRef<'_>| number.as_bytes().to_vec();
        let public = vec![
            Attribute::KeyType(KeyType::RSA),
            Attribute::Modulus(bytes(key.modulus)),
            Attribute::PublicExponent(bytes(key.public_exponent)),
        ];
        let mut private = vec![
            Attribute::PrivateExponent(bytes(key.private_exponent)),
            Attribute::Prime1(bytes(key.prime_1)),
            Attribute::Prime2(bytes(key.prime_2)),
            Attribute::Exponent1(bytes(key.exponent_1)),
            Attribute::Exponent2(bytes(key.exponent_2)),
            Attribute::Coefficient(bytes(key.coefficient)),
        ];
        private.extend(public.clone());
        Ok(Halves { public, private })
    }

    fn on_curve(kind: KeyType, parameters: Vec<u8>, secret: Vec<u8>, point: &[u8]) -> der::Result<Halves> {
        let common = vec![Attribute::KeyType(kind), Attribute::EcParams(parameters)];
        let point = OctetStringRef::new(point)?.to_der()?;
        let mut halves = Halves { public: common.clone(), private: common };
        halves.private.push(Attribute::Value(secret));
        halves.public.push(Attribute::EcPoint(point));
        Ok(halves)
    }

    /// Adds what every key of ours has, whoever made it: the same as in `quirks::key_templates`.
    fn named(mut self, label: &str, id: &[u8]) -> Halves {
        let common = [Attribute::Token(true), Attribute::Label(label.as_bytes().to_vec()), Attribute::Id(id.to_vec())];
        self.public.extend(common.clone());
        self.public.extend([
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::Private(false),
            Attribute::Verify(true),
        ]);
        self.private.extend(common);
        self.private.extend([
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Private(true),
            Attribute::Sign(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
        ]);
        self
    }
}

/// The scalar as long as the curve's field: some write it without leading zeros.
fn padded(kind: KeyKind, secret: &[u8]) -> Vec<u8> {
    let bytes = match kind {
        KeyKind::EcP521 => 66,
        KeyKind::EcP384 => 48,
        _ => 32,
    };
    let mut made = vec![0; bytes.max(secret.len())];
    let from = made.len() - secret.len();
    made[from..].copy_from_slice(secret);
    made
}

impl Open {
    /// Stores both halves. There is no plainer second template here: a key that may be read from the token is not stored.
    pub(super) fn import_key(
        &mut self,
        key: &PrivateKey,
        public_key: &[u8],
        label: &str,
        id: &[u8],
    ) -> Result<GeneratedKey, HelperError> {
        self.require_login()?;
        let halves = Halves::read(key.expose(), public_key)
            .map_err(|error| HelperError::Protocol(format!("the key cannot be read: {error}")))?
            .named(label, id);
        let private = self.create(&halves.private)?;
        let public = match self.create(&halves.public) {
            Ok(public) => public,
            Err(error) => {
                let _ = self.session.destroy_object(private);
                return Err(error);
            }
        };
        let template =
            quirks::KeyTemplate { name: "import", public: vec![], private: vec![], asks_for_protection: true };
        self.examine(public, private, &template)
    }

    fn create(&self, template: &[Attribute]) -> Result<ObjectHandle, HelperError> {
        self.session.create_object(template).map_err(|error| match code(&error) {
            found if quirks::takes_no_import(found) => HelperError::ImportRefused { detail: describe(&error) },
            _ => refusal(error),
        })
    }
}
