//! Token care: what a token says of itself, what lies on it, and what is asked about both.

use serde::{Deserialize, Serialize};

use super::{CertificateInfo, KeyChoice, PinState, TokenInfo};

border! {
    /// Whose PIN.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum PinOwner {
        /// The person's, who uses the token.
        User,
        /// The security officer's, who sets it up and unlocks it.
        SecurityOfficer,
    }
    /// What is wrong with a new PIN.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum NewPinProblem {
        /// It is the old one.
        Unchanged,
        /// It is shorter or longer than the token says it takes.
        Length,
    }
    /// What a device with a PIN pad will ask for.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum PinPadAsks {
        /// The user PIN.
        Pin,
        /// The security officer's.
        SoPin,
        /// The security officer's, then the new user PIN.
        SoPinAndNewPin,
        /// The old one, then the new one.
        OldAndNewPin,
    }
    /// What takes something away for good.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum Removal {
        /// Setting up a token anew: everything on it.
        Everything,
        /// A certificate.
        Certificate,
        /// A key, with what lies beside it under the same id.
        Key,
        /// A file with certificate and key.
        File,
        /// Certificate and key in a store of this computer.
        Store,
        /// Something else.
        Other,
    }
    /// What is to be thought of before something is taken away.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum RemovalWarning {
        /// The certificate is nowhere else that we know of.
        OnlyCopy,
        /// It has not expired.
        StillValid,
        /// The key is nowhere else that we know of.
        OnlyKey,
        /// The key may be needed to open what was encrypted for it.
        MayDecrypt,
        /// The certificate stays, and is of no use without its key.
        CertificateStays,
        /// What only shows with the PIN goes, too.
        HiddenToo,
        /// The card cannot forget the key itself: it stays inside until another takes its place.
        KeyStaysInside,
    }
    /// What an object on a token is.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum TokenObjectKind {
        /// A certificate.
        Certificate,
        /// A key pair, or its private half.
        Key,
        /// A public key alone.
        PublicKey,
        /// A symmetric key.
        SecretKey,
        /// Whatever a program has put there.
        Data,
    }
}

border! {
    /// A token with what matters for its care.
    struct TokenDetail {
        /// The token.
        pub token: TokenInfo,
        /// State of the security officer's PIN.
        pub so_pin: PinState,
        /// Tries left for the user PIN, where the token tells.
        pub tries_left: Option<u32>,
        /// Tries left for the security officer's PIN, where the token tells.
        pub so_tries_left: Option<u32>,
        /// Shortest and longest PIN, where the driver tells them.
        pub pin_length: Option<(u32, u32)>,
        /// Bytes free, where the token tells.
        #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
        pub free_memory: Option<u64>,
        /// Bytes in all, where the token tells.
        #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
        pub total_memory: Option<u64>,
        /// Name of the slot or reader.
        pub slot: String,
        /// It can be unplugged.
        pub removable: bool,
    }

    /// Something on a token.
    struct TokenObject {
        /// Names it: `cert:` and its SHA-256 fingerprint, `key:` and its id, or the kind and a number made from what it is. A
        /// beginning will do where it is the only one.
        pub name: String,
        /// What it is.
        pub kind: TokenObjectKind,
        /// CKA_LABEL.
        pub label: String,
        /// CKA_ID, hex.
        pub id: String,
        /// Which key, where it is one that we make.
        pub key: Option<KeyChoice>,
        /// The certificate.
        pub certificate: Option<CertificateInfo>,
        /// Bytes, where the token tells.
        #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
        pub size: Option<u64>,
        /// Nothing goes with it: a key without certificate, a certificate without key, a public key without its private one.
        pub orphan: bool,
        /// The job that is not over and needs it: it is not offered for deletion.
        pub job: Option<String>,
    }

    /// What lies on a token.
    struct TokenContent {
        /// The token.
        pub token: TokenDetail,
        /// What is on it: certificates, keys, the rest.
        pub objects: Vec<TokenObject>,
        /// That is all: the PIN was given, and the list is not cut short. Without that nothing is called an orphan.
        pub complete: bool,
    }

    /// A certificate that was copied from a token.
    struct ExportedCertificate {
        /// The certificate.
        pub certificate: CertificateInfo,
        /// The file it was written to.
        pub path: Option<String>,
    }

    /// What was taken away.
    struct Removed {
        /// Label of the token.
        pub token: String,
        /// The object.
        pub object: TokenObject,
        /// The card keeps the key itself inside, without a certificate.
        pub key_stays: bool,
    }
}
