//! What the client and the helper program say to each other. Plain data; no driver, no socket.

use crate::error::HelperError;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

mod care;
mod providers;
mod store;

pub use care::{Object, ObjectKind, Objects, PinOwner};
pub use providers::{Binding, Provider, ProviderAnswer, ProviderKind, ProviderName, ProviderQuestion};
pub use store::{AT_KEYEXCHANGE, KeyAddress, KeyForm, StoreAnswer, StoreOrder};

/// Raised whenever a message changes: client and helper are installed together, so there is no older version to speak to.
pub const PROTOCOL: u32 = 10;

/// A PIN. It has no `Debug`, no `Serialize` and no `Clone`, and is wiped when dropped; on the channel it is a frame of its own.
pub struct Pin(Zeroizing<Vec<u8>>);

impl Pin {
    /// Takes the bytes as the token is to see them (UTF-8 for every token known).
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Pin {
        Pin(bytes)
    }

    /// The bytes, for the call that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// A private key (PKCS#8, DER) on its way to a token. Like a [`Pin`]: no `Debug`, no `Serialize`, no `Clone`, wiped when dropped,
/// and on the channel a frame of its own.
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// Takes a `PrivateKeyInfo` of version 1.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> PrivateKey {
        PrivateKey(bytes)
    }

    /// The bytes, for the call that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// The helper's first words, before any driver is loaded. This shape must never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the program that says it.
    pub protocol: u32,
    /// Its package version: two builds of one product belong together.
    pub build: String,
}

impl Hello {
    /// What this build says.
    pub fn ours() -> Hello {
        Hello { protocol: PROTOCOL, build: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl std::fmt::Display for Hello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (protocol {})", self.build, self.protocol)
    }
}

/// What the helper was doing, for errors that end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Starting: handshake, loading the driver, `C_Initialize`, `C_GetInfo`.
    Start,
    /// Listing tokens.
    Tokens,
    /// Opening a token, with or without login.
    Open,
    /// Looking for room for a key.
    KeyPlaces,
    /// Making a key pair.
    GenerateKey,
    /// Bringing a key that was made elsewhere.
    ImportKey,
    /// Handing out a key.
    ExportKey,
    /// Giving a key its final id and label.
    NameKey,
    /// Looking for a key.
    FindKey,
    /// Signing.
    Sign,
    /// Storing a certificate and its chain.
    InstallCertificate,
    /// Listing certificates.
    Certificates,
    /// Listing keys.
    Keys,
    /// Destroying a key.
    DeleteKey,
    /// Destroying a certificate.
    DeleteCertificate,
    /// Listing all objects.
    Objects,
    /// Destroying an object.
    DeleteObject,
    /// Setting up a token.
    InitToken,
    /// Setting the user PIN as the security officer.
    SetUserPin,
    /// Changing a PIN.
    ChangePin,
    /// Asking Windows' own providers.
    Providers,
    /// Trusting a root, or asking whether it is trusted.
    TrustRoot,
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verb::Start => "starting",
            Verb::Tokens => "listing tokens",
            Verb::Open => "opening the token",
            Verb::KeyPlaces => "looking for room for a key",
            Verb::GenerateKey => "generating a key",
            Verb::ImportKey => "importing a key",
            Verb::ExportKey => "exporting a key",
            Verb::NameKey => "naming a key",
            Verb::FindKey => "looking for a key",
            Verb::Sign => "signing",
            Verb::InstallCertificate => "installing a certificate",
            Verb::Certificates => "listing certificates",
            Verb::Keys => "listing keys",
            Verb::DeleteKey => "deleting a key",
            Verb::DeleteCertificate => "deleting a certificate",
            Verb::Objects => "listing objects",
            Verb::DeleteObject => "deleting an object",
            Verb::InitToken => "setting up the token",
            Verb::SetUserPin => "setting the PIN",
            Verb::ChangePin => "changing the PIN",
            Verb::Providers => "asking the providers",
            Verb::TrustRoot => "trusting a root",
        })
    }
}

/// Client to helper.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is the call of the same name on `client::Helper`")]
pub enum Request {
    /// Load the driver named on the helper's command line. Some want to be told where their data lie (`pReserved`).
    /// `background`: only to look at it; whatever else runs on this computer goes first.
    Load {
        parameters: Option<String>,
        background: bool,
    },
    Tokens,
    /// `pin_follows`: the very next frame is the PIN, raw.
    Open {
        token: TokenSelector,
        pin_follows: bool,
    },
    /// The very next frame is the security officer's PIN, raw.
    OpenAsOfficer {
        token: TokenSelector,
    },
    KeyPlaces,
    GenerateKey {
        kind: KeyKind,
        label: String,
        #[serde(with = "base64_bytes")]
        provisional_id: Vec<u8>,
        known: GenerationQuirks,
    },
    /// The very next frame is the private key, raw.
    ImportKey {
        label: String,
        #[serde(with = "base64_bytes")]
        provisional_id: Vec<u8>,
        #[serde(with = "base64_bytes")]
        public_key: Vec<u8>,
    },
    NameKey {
        #[serde(with = "base64_bytes")]
        from_id: Vec<u8>,
        #[serde(with = "base64_bytes")]
        to_id: Vec<u8>,
        label: String,
    },
    FindKey {
        #[serde(with = "base64_bytes")]
        key_id: Vec<u8>,
    },
    Sign {
        #[serde(with = "base64_bytes")]
        key_id: Vec<u8>,
        algorithm: SignatureAlgorithm,
        #[serde(with = "base64_bytes")]
        data: Vec<u8>,
    },
    InstallCertificate {
        #[serde(with = "base64_bytes")]
        key_id: Vec<u8>,
        label: String,
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
        #[serde(with = "base64_list")]
        chain: Vec<Vec<u8>>,
    },
    Certificates,
    Keys,
    DeleteKey {
        #[serde(with = "base64_bytes")]
        key_id: Vec<u8>,
    },
    DeleteCertificate {
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
    },
    /// NSS only: is this root trusted in the open database?
    IsRootTrusted {
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
    },
    /// NSS only.
    TrustRoot {
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
        label: String,
    },
    Objects,
    DeleteObject {
        object: Object,
    },
    /// The very next frame is the security officer's PIN, raw.
    InitToken {
        token: TokenSelector,
        label: String,
    },
    /// The next two frames are the security officer's PIN and the new PIN, raw.
    SetUserPin {
        token: TokenSelector,
    },
    /// The next two frames are the old PIN and the new one, raw.
    ChangePin {
        token: TokenSelector,
        whose: PinOwner,
    },
    /// In a helper that was started without a driver.
    Providers {
        question: ProviderQuestion,
    },
    /// Likewise.
    Store {
        order: StoreOrder,
    },
    /// The helper answers [`Answer::Bye`] and ends: any other end is a crash, exit code 0 included.
    Goodbye,
}

/// Helper to client: one per request.
pub type Reply = Result<Answer, HelperError>;

/// What a request that went well brings back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is the result of the call of the same name on `client::Helper`")]
pub enum Answer {
    Module(Module),
    Tokens(Vec<Token>),
    Token(Token),
    KeyPlaces(Option<Vec<KeyPlace>>),
    Generated(GeneratedKey),
    KeyId(#[serde(with = "base64_bytes")] Vec<u8>),
    Key(Option<Key>),
    Signature(#[serde(with = "base64_bytes")] Vec<u8>),
    Installed(Installed),
    Certificates(Vec<Certificate>),
    Keys(Vec<Key>),
    KeysDestroyed(usize),
    CertificateDeleted(bool),
    Objects(Objects),
    Done,
    Providers(ProviderAnswer),
    Store(StoreAnswer),
    RootTrusted(bool),
    Bye,
}

/// A loaded driver, as it describes itself (`C_GetInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Library description.
    pub description: String,
    /// Manufacturer id.
    pub manufacturer: String,
    /// Version of the library, "major.minor".
    pub library_version: String,
    /// Version of PKCS#11 it implements, "major.minor".
    pub cryptoki_version: String,
}

/// A token in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Slot id: good for this moment only (`C_InitToken` and replugging move it).
    pub slot: u64,
    /// Token label; empty when the driver's token description could not be read.
    pub label: String,
    /// Manufacturer id.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// Whether it was ever set up (`C_InitToken`).
    pub initialized: bool,
    /// Whether anything on it needs a PIN.
    pub login_required: bool,
    /// What the token says about its user PIN.
    pub user_pin: PinState,
    /// What it says about the security officer's PIN. Before it is set up, this says nothing.
    pub so_pin: PinState,
    /// Whether it refuses changes. Some tokens say so only until login.
    pub write_protected: bool,
    /// Whether the PIN is typed on the device itself.
    pub protected_authentication_path: bool,
    /// Shortest and longest PIN; `None` when the driver reports nonsense (a maximum of 0, or below the minimum).
    pub pin_length: Option<(u64, u64)>,
    /// What it can generate and then sign with, from its mechanism list.
    pub key_kinds: Vec<KeyKind>,
    /// Whether the slot is for devices that come and go.
    pub removable: bool,
    /// What the slot calls itself; for a card reader its name.
    pub slot_description: String,
    /// Bytes free for keys, where the token tells.
    pub free_memory: Option<u64>,
    /// Bytes for keys in all, where the token tells.
    pub total_memory: Option<u64>,
}

/// State of the user PIN, from the token's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinState {
    /// Nothing remarkable (also what a token says that does not tell).
    Ok,
    /// No user PIN was ever set.
    NotSet,
    /// At least one wrong PIN since the last good one.
    CountLow,
    /// One wrong PIN more locks it.
    FinalTry,
    /// Locked.
    Locked,
    /// Must be changed before use.
    MustChange,
}

/// The keys Chopmark makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyKind {
    /// RSA, 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA, 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA, 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    /// NIST P-256 (secp256r1).
    #[serde(rename = "ec-p256")]
    EcP256,
    /// NIST P-384 (secp384r1).
    #[serde(rename = "ec-p384")]
    EcP384,
    /// NIST P-521 (secp521r1).
    #[serde(rename = "ec-p521")]
    EcP521,
    /// Ed25519 (edwards25519).
    #[serde(rename = "ed25519")]
    Ed25519,
}

/// How to sign. The result always has the form X.509 wants: ECDSA as a DER SEQUENCE, Ed25519 as 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureAlgorithm {
    /// PKCS#1 v1.5 with SHA-256.
    RsaPkcs1Sha256,
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
    /// Ed25519 over the message itself (RFC 8032).
    Ed25519,
}

/// Which token is meant. It is looked for anew at every open. Every field that is given must match, except `slot`: it only
/// decides between tokens that are alike otherwise, because slot ids move.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSelector {
    /// Token label.
    pub label: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Manufacturer id.
    pub manufacturer: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Slot id seen last.
    pub slot: Option<u64>,
}

/// How a model wants its keys made, learned from the last time: what it refuses is not tried again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationQuirks {
    /// The template it took; the others come after.
    pub template: Option<String>,
    /// The driver's view of the token is stale after generation.
    pub reinitialize: bool,
}

/// Where a token with fixed places (PIV, OpenPGP) can hold a key of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPlace {
    /// CKA_ID of what lies there.
    #[serde(with = "base64_bytes")]
    pub key_id: Vec<u8>,
    /// What the card's standard calls it: "9A".
    pub name: String,
    /// The certificate's or key's label, when something is there.
    pub holds: Option<String>,
}

/// A key pair just made or brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedKey {
    /// DER SubjectPublicKeyInfo.
    #[serde(with = "base64_bytes")]
    pub public_key: Vec<u8>,
    /// The CKA_ID it has on the token now: some tokens dictate it.
    #[serde(with = "base64_bytes")]
    pub key_id: Vec<u8>,
    /// Which template the token took: "full", "minimal", or for a key that was brought "import".
    pub template: String,
    /// The driver had to be initialised anew before the key could be read.
    pub reinitialized: bool,
    /// CKA_EXTRACTABLE read back. Where the token does not tell: what the template asked for, and `true` if it did not ask.
    pub extractable: bool,
    /// CKA_SENSITIVE read back. Where the token does not tell: what the template asked for, and `false` if it did not ask.
    pub sensitive: bool,
}

/// A private key on the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// CKA_ID.
    #[serde(with = "base64_bytes")]
    pub key_id: Vec<u8>,
    /// CKA_LABEL.
    pub label: String,
    /// What it is, when it is one of ours.
    pub kind: Option<KeyKind>,
    /// DER SubjectPublicKeyInfo, when the token has the public half.
    #[serde(with = "base64_option")]
    pub public_key: Option<Vec<u8>>,
    /// CKA_SENSITIVE, when the token tells.
    pub sensitive: Option<bool>,
    /// CKA_EXTRACTABLE, when the token tells.
    pub extractable: Option<bool>,
}

/// An X.509 certificate on the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// CKA_ID.
    #[serde(with = "base64_bytes")]
    pub key_id: Vec<u8>,
    /// CKA_LABEL.
    pub label: String,
    /// CKA_VALUE, unparsed.
    #[serde(with = "base64_bytes")]
    pub der: Vec<u8>,
    /// Whether a private key with the same id is there; `None`: not logged in, cannot tell.
    pub has_key: Option<bool>,
}

/// What became of the certificates given to the token. The holder's own is there, or the call was an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// Chain certificates on the token now (those that were there before included).
    pub chain_installed: usize,
    /// Chain certificates the token did not take.
    pub chain_refused: usize,
}

/// Bytes as base64: as a JSON list of numbers they would be four times as long.
mod base64_bytes {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

mod base64_list {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(list: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|bytes| STANDARD.encode(bytes)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let list = Vec::<String>::deserialize(from)?;
        list.into_iter().map(|text| STANDARD.decode(text).map_err(D::Error::custom)).collect()
    }
}

mod base64_option {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| STANDARD.decode(text).map_err(D::Error::custom)).transpose()
    }
}
