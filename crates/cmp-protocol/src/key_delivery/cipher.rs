//! AES as the profile uses it: CBC for the content (RFC 9481 §5), key wrap for the key of the content (RFC 9481 §4.3).

use aes::{Aes128, Aes192, Aes256};
use aes_kw::AesKw;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit, block_padding::Pkcs7};
use const_oid::db::rfc5911;
use der::{Any, asn1::ObjectIdentifier, asn1::OctetString};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::error::{Check, Error, Result};

/// `aes192-CBC` and `aes256-CBC` (RFC 3565 §4.1).
const AES_192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const BLOCK: usize = 16;

/// Key length of AES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aes {
    Bits128,
    Bits192,
    Bits256,
}

macro_rules! by_length {
    ($self:expr, $key:expr, $use:ident!($($argument:expr),*)) => {
        match $self {
            Aes::Bits128 => $use!(Aes128, $key, $($argument),*),
            Aes::Bits192 => $use!(Aes192, $key, $($argument),*),
            Aes::Bits256 => $use!(Aes256, $key, $($argument),*),
        }
    };
}

fn undecryptable(what: &str) -> Error {
    Error::check(Check::KeyDecryption, what, "something else: most likely another secret or key was used")
}

fn key_length(bytes: usize) -> impl Fn(aes::cipher::InvalidLength) -> Error {
    move |_| Error::check(Check::KeyDecryption, "a key as long as its algorithm wants", format!("{bytes} bytes"))
}

impl Aes {
    pub(super) fn bytes(self) -> usize {
        match self {
            Aes::Bits128 => 16,
            Aes::Bits192 => 24,
            Aes::Bits256 => 32,
        }
    }

    pub(super) fn of_wrap(oid: ObjectIdentifier) -> Option<Aes> {
        match oid {
            rfc5911::ID_AES_128_WRAP => Some(Aes::Bits128),
            rfc5911::ID_AES_192_WRAP => Some(Aes::Bits192),
            rfc5911::ID_AES_256_WRAP => Some(Aes::Bits256),
            _ => None,
        }
    }

    fn of_cbc(oid: ObjectIdentifier) -> Option<Aes> {
        match oid {
            rfc5911::ID_AES_128_CBC => Some(Aes::Bits128),
            AES_192_CBC => Some(Aes::Bits192),
            AES_256_CBC => Some(Aes::Bits256),
            _ => None,
        }
    }

    /// The wrapped key (RFC 3394).
    pub(super) fn unwrap(self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        // A key of AES is 16 to 32 bytes, wrapped it is 8 more.
        if !(24..=40).contains(&wrapped.len()) {
            return Err(Error::check(Check::KeyDecryption, "a wrapped AES key", format!("{} bytes", wrapped.len())));
        }
        let mut made = Zeroizing::new(vec![0; wrapped.len() - 8]);
        macro_rules! unwrap {
            ($cipher:ident, $key:expr,) => {{
                let kek = AesKw::<$cipher>::new_from_slice($key).map_err(key_length($key.len()))?;
                kek.unwrap_key(wrapped, &mut made).is_ok()
            }};
        }
        let whole = by_length!(self, key, unwrap!());
        if whole { Ok(made) } else { Err(undecryptable("the key of the content, wrapped")) }
    }

    /// Wraps a key (RFC 3394).
    pub(super) fn wrap(self, key: &[u8], content_key: &[u8]) -> Result<Vec<u8>> {
        let mut made = vec![0; content_key.len() + 8];
        macro_rules! wrap {
            ($cipher:ident, $key:expr,) => {{
                let kek = AesKw::<$cipher>::new_from_slice($key).map_err(key_length($key.len()))?;
                kek.wrap_key(content_key, &mut made).is_ok()
            }};
        }
        let done = by_length!(self, key, wrap!());
        if done { Ok(made) } else { Err(Error::Input("this key cannot be wrapped".into())) }
    }
}

/// The content's encryption, of an `EncryptedContentInfo`.
pub(super) struct ContentCipher {
    aes: Aes,
    iv: [u8; BLOCK],
}

impl ContentCipher {
    pub(super) fn new(iv: [u8; BLOCK]) -> ContentCipher {
        ContentCipher { aes: Aes::Bits256, iv }
    }

    pub(super) fn read(algorithm: &AlgorithmIdentifierOwned) -> Result<ContentCipher> {
        let aes = Aes::of_cbc(algorithm.oid).ok_or_else(|| {
            // GCM and its like come in AuthEnvelopedData, which EncryptedKey has no place for (RFC 9810 §5.2.2).
            Error::UnsupportedAlgorithm(format!("{} (for the content; AES-CBC is due)", algorithm.oid))
        })?;
        let iv = algorithm.parameters.as_ref().and_then(|any| any.decode_as::<OctetString>().ok());
        let iv = iv.and_then(|iv| iv.as_bytes().try_into().ok());
        let iv = iv.ok_or_else(|| Error::check(Check::KeyEnvelope, "an IV of 16 bytes", "something else"))?;
        Ok(ContentCipher { aes, iv })
    }

    pub(super) fn algorithm(&self) -> Result<AlgorithmIdentifierOwned> {
        let oid = match self.aes {
            Aes::Bits128 => rfc5911::ID_AES_128_CBC,
            Aes::Bits192 => AES_192_CBC,
            Aes::Bits256 => AES_256_CBC,
        };
        let iv = OctetString::new(self.iv.as_slice()).and_then(|iv| Any::encode_from(&iv)).map_err(Error::encoding)?;
        Ok(AlgorithmIdentifierOwned { oid, parameters: Some(iv) })
    }

    pub(super) fn decrypt(&self, key: &[u8], content: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let mut made = Zeroizing::new(content.to_vec());
        macro_rules! decrypt {
            ($cipher:ident, $key:expr,) => {{
                let mode =
                    cbc::Decryptor::<$cipher>::new_from_slices($key, &self.iv).map_err(key_length($key.len()))?;
                mode.decrypt_padded::<Pkcs7>(&mut made).map(|plain| plain.len())
            }};
        }
        // Telling wrong padding from a wrong signature is no oracle here: the envelope stands in a message whose protection
        // has been verified, so that only the CA, which knows the key, can vary it.
        let length = by_length!(self.aes, key, decrypt!()).map_err(|_| undecryptable("the signed key, encrypted"))?;
        made.truncate(length);
        Ok(made)
    }

    pub(super) fn encrypt(&self, key: &[u8], content: &[u8]) -> Result<Vec<u8>> {
        let mut made = vec![0; content.len() / BLOCK * BLOCK + BLOCK];
        made[..content.len()].copy_from_slice(content);
        macro_rules! encrypt {
            ($cipher:ident, $key:expr,) => {{
                let mode =
                    cbc::Encryptor::<$cipher>::new_from_slices($key, &self.iv).map_err(key_length($key.len()))?;
                mode.encrypt_padded::<Pkcs7>(&mut made, content.len()).is_ok()
            }};
        }
        let done = by_length!(self.aes, key, encrypt!());
        if done { Ok(made) } else { Err(Error::Input("this content cannot be encrypted".into())) }
    }
}
