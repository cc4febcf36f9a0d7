//! A key that the CA has made, on its way to us (RFC 9483 §4.1.6): enveloped, in it signed, in it the key.
//!
//! The steps, in this order; each takes what the one before gave:
//!
//! 1. [`Envelope::parse`] reads [`Issued::encrypted_key`](crate::exchange::Issued::encrypted_key).
//! 2. The key of its content: [`Envelope::content_key`] with the two codes; or, where our messages are signed,
//!    [`Envelope::recipient`] says what our private key, wherever it is, has to decrypt ([`KeyTransport`]) or to agree upon
//!    ([`KeyAgreement`]).
//! 3. [`Envelope::open`] decrypts the content.
//! 4. [`SignedKey::verify`] checks who signed it, and that it is the key of the certificate that came along.
//!
//! [`seal`] is the way back, for CAs that are made for trying out and for tests.
//!
//! Not in the profile, hence refused: the deprecated `EncryptedValue`, `AuthEnvelopedData` (AES-GCM), static-static key
//! agreement, and the key encryption of RFC 3211. Beyond it, hence accepted because OpenSSL (3.6) sends it: `id-data` as the
//! type of both contents with the key in its traditional form, and key agreement whose derivation is with SHA-1.

use const_oid::db::rfc5911;
use der::Tag;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use self::{
    cipher::ContentCipher,
    fields::{Element, Fields},
};
use crate::{
    error::{Check, Error, Result},
    protection::SharedSecret,
};

mod cipher;
mod fields;
mod package;
mod private_key;
mod recipient;
pub mod seal;
#[cfg(test)]
mod tests;

pub use package::SignedKey;
pub use private_key::DeliveredKey;
pub use recipient::{KeyAgreement, KeyTransport, Padding, PasswordRecipient};

/// What is wrong with the outer structure.
fn malformed(expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::check(Check::KeyEnvelope, expected, found)
}

/// An `EnvelopedData`, still closed.
pub struct Envelope {
    recipients: Vec<Recipient>,
    cipher: ContentCipher,
    content: Vec<u8>,
}

/// For whom an envelope is.
pub enum Recipient {
    /// For whoever has the codes.
    Password(PasswordRecipient),
    /// For the key of a certificate that can decrypt.
    Transport(KeyTransport),
    /// For the key of a certificate that can agree.
    Agreement(KeyAgreement),
    /// In a way that is not known here: why.
    Unknown(Error),
}

/// The key of an envelope's content. No `Debug`, no `Clone`; wiped when dropped.
pub struct ContentKey(Zeroizing<Vec<u8>>);

impl ContentKey {
    /// As it came out of a [`KeyTransport`].
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> ContentKey {
        ContentKey(bytes)
    }
}

impl Envelope {
    /// Reads an `EncryptedKey` (RFC 9810 §5.2.2), DER.
    ///
    /// # Errors
    /// [`Check::KeyEnvelope`]; [`Error::UnsupportedAlgorithm`] for another cipher than AES-CBC.
    pub fn parse(encrypted_key: &[u8]) -> Result<Envelope> {
        const WHAT: &str = "EnvelopedData";
        let outer = Element::read(encrypted_key, Check::KeyEnvelope, WHAT)?;
        if outer.tag == Tag::Sequence {
            return Err(malformed(WHAT, "EncryptedValue, which is deprecated (RFC 9810 §5.2.2)"));
        }
        if outer.context() != Some(0) {
            return Err(malformed(WHAT, outer.tag.to_string()));
        }
        let mut fields = Fields::of(outer.content, Check::KeyEnvelope, WHAT)?;
        fields.expect(Tag::Integer)?;
        fields.context(0); // originatorInfo: certificates, which nobody here needs
        let recipients = recipient::read_all(fields.expect(Tag::Set)?.content)?;
        let content = fields.expect(Tag::Sequence)?;
        fields.context(1); // unprotectedAttrs
        fields.end()?;

        let mut fields = Fields::of(content.content, Check::KeyEnvelope, "EncryptedContentInfo")?;
        let content_type = fields.oid()?;
        if !matches!(content_type, rfc5911::ID_SIGNED_DATA | rfc5911::ID_DATA) {
            return Err(malformed("signed data in the envelope", content_type.to_string()));
        }
        let cipher = ContentCipher::read(&fields.decoded()?)?;
        let content = fields.context(0).ok_or_else(|| malformed("an encrypted content", "none"))?;
        fields.end()?;
        Ok(Envelope { recipients, cipher, content: content.content.to_vec() })
    }

    /// All for whom it is.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// The key of the content, with the two codes.
    ///
    /// # Errors
    /// [`Check::KeyEnvelope`]: it is not for the codes. [`Check::KeyDecryption`]: these are not the ones.
    pub fn content_key(&self, secret: &SharedSecret) -> Result<ContentKey> {
        let found = self.recipients.iter().find_map(|recipient| match recipient {
            Recipient::Password(password) => Some(password.content_key(secret)),
            _ => None,
        });
        found.unwrap_or_else(|| Err(self.not_for("the authorization code")))
    }

    /// The recipient that a certificate (DER) is, which is either [`Recipient::Transport`] or [`Recipient::Agreement`].
    ///
    /// # Errors
    /// [`Check::KeyEnvelope`]: it is not for this certificate.
    pub fn recipient(&self, certificate: &[u8]) -> Result<&Recipient> {
        use der::Decode;
        let certificate = Certificate::from_der(certificate).map_err(Error::decoding)?;
        let found = self.recipients.iter().find(|recipient| match recipient {
            Recipient::Transport(transport) => transport.recipient.is(&certificate),
            Recipient::Agreement(agreement) => agreement.recipient.is(&certificate),
            Recipient::Password(_) | Recipient::Unknown(_) => false,
        });
        found.ok_or_else(|| self.not_for("the certificate that protects our messages"))
    }

    fn not_for(&self, whom: &str) -> Error {
        // One that could not be understood may have been ours: its reason says more.
        let unknown = self.recipients.iter().find_map(|recipient| match recipient {
            Recipient::Unknown(why) => Some(why.clone()),
            _ => None,
        });
        unknown.unwrap_or_else(|| malformed(format!("an envelope for {whom}"), "one for others"))
    }

    /// Decrypts the content.
    ///
    /// # Errors
    /// [`Check::KeyDecryption`].
    pub fn open(&self, key: &ContentKey) -> Result<SignedKey> {
        let content = self.cipher.decrypt(&key.0, &self.content)?;
        SignedKey::from_ber(&content)
    }
}
