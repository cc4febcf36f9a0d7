//! Token care: PINs, setting up, and what lies on a token.

use super::{base64_bytes, base64_option};
use crate::KeyKind;
use serde::{Deserialize, Serialize};

/// Whose PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinOwner {
    /// The person who uses the token.
    User,
    /// The security officer, who sets it up and unlocks it.
    SecurityOfficer,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// An X.509 certificate.
    Certificate,
    /// Half of a key pair.
    PrivateKey,
    /// The other half.
    PublicKey,
    /// A symmetric key.
    SecretKey,
    /// Whatever a program has put there.
    Data,
}

/// An object on the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Names it while the token stays open.
    pub handle: u64,
    /// What it is.
    pub kind: ObjectKind,
    /// CKA_ID.
    #[serde(with = "base64_bytes")]
    pub key_id: Vec<u8>,
    /// CKA_LABEL.
    pub label: String,
    /// Which key, when it is one of ours.
    pub key: Option<KeyKind>,
    /// A certificate, DER, unparsed.
    #[serde(with = "base64_option")]
    pub certificate: Option<Vec<u8>>,
    /// Bytes of its content, where the token tells.
    pub size: Option<u64>,
}

/// What lies on the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// The objects, kind after kind.
    pub objects: Vec<Object>,
    /// That is all: neither cut short nor without what only shows after login.
    pub complete: bool,
}
