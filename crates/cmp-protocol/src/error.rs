//! What can be wrong with a message, and which check found it.

use std::fmt;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The checks on a received message (RFC 9483 §3.5), in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// pvno is one we speak.
    Version,
    /// The message is protected at all.
    Protected,
    /// The parameters of the protection are known and within bounds.
    ProtectionAlgorithm,
    /// MAC or signature verifies.
    Protection,
    /// The signer of the answer may sign it.
    Signer,
    /// It belongs to our transaction.
    TransactionId,
    /// It answers our last message.
    RecipientNonce,
    /// It brings a nonce of its own, of at least 16 bytes.
    SenderNonce,
    /// It was made about now.
    MessageTime,
    /// It comes from the one we talk to.
    Sender,
    /// Its body is one that may follow.
    BodyType,
    /// It answers our request number.
    CertReqId,
    /// It has what such a body must have.
    Content,
    /// A key made by the CA comes in an envelope that is for us, in a form that is known and within bounds.
    KeyEnvelope,
    /// The envelope opens with our secret or key.
    KeyDecryption,
    /// Who may make keys has signed what is in the envelope.
    KeySigner,
    /// The key in the envelope is that of the certificate.
    KeyFits,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Check::Version => "protocol version",
            Check::Protected => "message is protected",
            Check::ProtectionAlgorithm => "protection algorithm",
            Check::Protection => "protection",
            Check::Signer => "signer",
            Check::TransactionId => "transactionID",
            Check::RecipientNonce => "recipNonce",
            Check::SenderNonce => "senderNonce",
            Check::MessageTime => "messageTime",
            Check::Sender => "sender",
            Check::BodyType => "body type",
            Check::CertReqId => "certReqId",
            Check::Content => "content",
            Check::KeyEnvelope => "envelope of the key",
            Check::KeyDecryption => "decryption of the key",
            Check::KeySigner => "signer of the key",
            Check::KeyFits => "key and certificate",
        })
    }
}

/// An error of the protocol layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not a message.
    #[error("cannot be decoded as a CMP message: {0}")]
    Decoding(String),
    /// The bytes are BER where DER is due (RFC 9810 §5.1: messages are DER). Refused, because what is signed must have
    /// one encoding only.
    #[error("is in BER, not in DER: {0}")]
    NotDer(String),
    /// A message cannot be encoded (a value given is out of range).
    #[error("cannot be encoded: {0}")]
    Encoding(String),
    /// The message is larger than [`crate::MAX_MESSAGE`].
    #[error("message of {bytes} bytes is too large")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A check failed.
    #[error("check of {check} failed: expected {expected}, found {found}")]
    Check {
        /// Which.
        check: Check,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The peer sent an error message without protection, so that anybody may have sent it.
    #[error("unprotected error message: {0}")]
    UnprotectedError(Box<crate::exchange::Refusal>),
    /// The peer sent an error message whose MAC does not fit our code: most likely one of the two has the wrong code.
    #[error("error message that cannot be verified: {0}")]
    UnverifiableError(Box<crate::exchange::Refusal>),
    /// An algorithm this crate does not know.
    #[error("algorithm {0} is not supported")]
    UnsupportedAlgorithm(String),
    /// Input of the caller does not make sense.
    #[error("{0}")]
    Input(String),
}

impl Error {
    pub(crate) fn decoding(error: der::Error) -> Error {
        use der::ErrorKind::{IndefiniteLength, Noncanonical, Overlength, SetOrdering};
        match error.kind() {
            IndefiniteLength | Noncanonical { .. } | Overlength | SetOrdering => Error::NotDer(error.to_string()),
            _ => Error::Decoding(error.to_string()),
        }
    }

    pub(crate) fn encoding(error: der::Error) -> Error {
        Error::Encoding(error.to_string())
    }

    pub(crate) fn check(check: Check, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::Check { check, expected: expected.into(), found: found.into() }
    }
}

/// Bytes as hex, for messages.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
