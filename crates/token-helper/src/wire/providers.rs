//! Windows' providers of keys: CSPs (CryptoAPI) and KSPs (CNG).

use super::{KeyAddress, KeyKind};
use serde::{Deserialize, Serialize};

/// Which of Windows' two interfaces a provider is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// CryptoAPI: a cryptographic service provider.
    Csp,
    /// CNG: a key storage provider.
    Ksp,
}

/// A provider by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields say it")]
pub struct ProviderName {
    pub kind: ProviderKind,
    pub name: String,
    /// `PROV_RSA_AES` is 24; 0 for a KSP.
    pub provider_type: u32,
}

/// What an opened provider says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// It has keys on something that can be pulled out, and at least one is there now.
    pub token: bool,
    /// It hashes with SHA-256; `None`: whoever uses it hashes.
    pub sha256: Option<bool>,
    /// Keys it can make and sign with.
    pub keys: Vec<KeyKind>,
}

/// A certificate in CurrentUser\MY and the key that it is said to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields say it")]
pub struct Binding {
    /// DER.
    pub certificate: Vec<u8>,
    /// `None`: no key is named.
    pub key: Option<KeyAddress>,
}

/// What is asked of Windows. None of it shows a window or asks for a PIN.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum ProviderQuestion {
    /// Which providers there are. Their code is not loaded.
    List {
        /// Of which kind.
        kind: ProviderKind,
    },
    /// What one of them can do.
    Look {
        /// Which.
        provider: ProviderName,
    },
    /// The certificates in CurrentUser\MY. No provider's code is loaded.
    Bindings,
    /// Can the key of this certificate (DER, in CurrentUser\MY) be opened where it is said to be?
    Opens {
        /// DER.
        certificate: Vec<u8>,
    },
    /// Where does the provider have the key of this certificate (DER), in whatever container?
    Holds {
        /// Which.
        provider: ProviderName,
        /// DER.
        certificate: Vec<u8>,
    },
}

/// The answer to the question of the same name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "see the questions")]
pub enum ProviderAnswer {
    List { providers: Vec<ProviderName> },
    Look { provider: Provider },
    Bindings { bindings: Vec<Binding> },
    Opens,
    Holds { at: Option<KeyAddress> },
}
