//! Keys in Windows' providers, and this user's certificate stores.

use super::{KeyKind, ProviderName, SignatureAlgorithm, base64_bytes, base64_list, base64_option};
use serde::{Deserialize, Serialize};

/// `AT_KEYEXCHANGE`: a key that signs and decrypts. The other kind only signs, and some programs do not take it for TLS.
pub const AT_KEYEXCHANGE: u32 = 1;

/// Where a key lies: what a certificate says about its key (`CRYPT_KEY_PROV_INFO`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAddress {
    /// CSP or KSP.
    pub provider: ProviderName,
    /// Container of a CSP, name of a KSP's key.
    pub container: String,
    /// Which of the container's two keys; 0 for a KSP.
    pub spec: u32,
    /// `CRYPT_MACHINE_KEYSET` and the like; 0 for the user's own keys.
    #[serde(default)]
    pub flags: u32,
}

/// What is to be done. Windows or the provider may ask the person for a PIN; nobody else does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum StoreOrder {
    /// Makes a key that cannot be exported; one that lies there already is taken.
    MakeKey {
        /// Where.
        at: KeyAddress,
        /// Which.
        kind: KeyKind,
    },
    /// Brings a key that was made elsewhere; one that lies there already is taken. The very next frame is the private key, raw.
    TakeKey {
        /// Where.
        at: KeyAddress,
        /// DER SubjectPublicKeyInfo.
        #[serde(with = "base64_bytes")]
        public_key: Vec<u8>,
        /// It may leave again.
        exportable: bool,
    },
    /// The private key of a certificate in CurrentUser\MY, if it may leave. The very next frame is a password for the way; behind
    /// the answer comes the key, in a frame of its own.
    GiveKey {
        /// DER.
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
    },
    /// Is there a key? Shows no window.
    FindKey {
        /// Where.
        at: KeyAddress,
    },
    /// Signs data (not its hash).
    Sign {
        /// With which key.
        at: KeyAddress,
        /// How.
        algorithm: SignatureAlgorithm,
        /// What.
        #[serde(with = "base64_bytes")]
        data: Vec<u8>,
    },
    /// Destroys a key; one that is not there is no error.
    DeleteKey {
        /// Which.
        at: KeyAddress,
    },
    /// Puts a certificate into CurrentUser\MY, bound to its key, and the issuers into CurrentUser\CA.
    Install {
        /// DER.
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
        /// Its key.
        at: KeyAddress,
        /// DER.
        #[serde(with = "base64_list")]
        chain: Vec<Vec<u8>>,
    },
    /// Does this user's Windows trust this root?
    Trusts {
        /// DER.
        #[serde(with = "base64_bytes")]
        root: Vec<u8>,
    },
    /// Puts it into CurrentUser\Root. Windows asks as well.
    Trust {
        /// DER.
        #[serde(with = "base64_bytes")]
        root: Vec<u8>,
    },
    /// Where a certificate in CurrentUser\MY says that its key is.
    Binding {
        /// DER.
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
    },
    /// Changes that.
    Bind {
        /// DER.
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
        /// `None`: it is to name no key.
        at: Option<KeyAddress>,
    },
    /// Looks the certificate up in CurrentUser\MY and signs with the key that it names, as any other program would.
    SignAs {
        /// DER.
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
        /// How.
        algorithm: SignatureAlgorithm,
        /// What.
        #[serde(with = "base64_bytes")]
        data: Vec<u8>,
    },
    /// Takes a certificate out of CurrentUser\MY; one that is not there is no error. Its key stays.
    Remove {
        /// DER.
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
    },
}

/// In what form a private key is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyForm {
    /// PKCS#8, DER.
    Pkcs8,
    /// A PKCS#12 file with the password of the order.
    Pkcs12,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "see the orders")]
pub enum StoreAnswer {
    /// DER SubjectPublicKeyInfo.
    Key {
        #[serde(with = "base64_option")]
        public_key: Option<Vec<u8>>,
    },
    Signature {
        #[serde(with = "base64_bytes")]
        signature: Vec<u8>,
    },
    /// The certificate as it was found.
    Signed {
        #[serde(with = "base64_bytes")]
        certificate: Vec<u8>,
        #[serde(with = "base64_bytes")]
        signature: Vec<u8>,
    },
    Given {
        form: KeyForm,
    },
    Trusts {
        trusts: bool,
    },
    Binding {
        at: Option<KeyAddress>,
    },
    Done,
}
