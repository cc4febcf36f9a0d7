//! The key of an order for a server certificate: made here, and its certificate installed beside it.

use serde::{Deserialize, Serialize};

use super::{JobState, KeyChoice, Place};

border! {
    /// Where the key of an order is to be made.
    struct OrderKey {
        /// Where key and certificate shall live.
        pub place: Place,
        /// Which key; `None`: the usual one.
        pub key: Option<KeyChoice>,
        /// The domains, the first is the certificate's name; empty: those of the order.
        #[serde(default)]
        pub domains: Vec<String>,
    }
    /// The request of a key that was made here.
    struct OrderRequest {
        /// Number of the order.
        pub order: String,
        /// The job that made the key and will install the certificate.
        pub job: String,
        /// PKCS#10, PEM.
        pub pem: String,
        /// The domains in it, in ASCII (IDNA).
        pub domains: Vec<String>,
        /// Where the key is, as a URI.
        pub place: String,
        /// What people call that place.
        pub place_name: String,
    }
    /// How the key of an order stands.
    struct OrderKeyView {
        /// The job that made it.
        pub job: String,
        /// How that stands; done: the certificate is installed.
        pub state: JobState,
        /// Where the key is, as a URI.
        pub place: String,
        /// What people call that place.
        pub place_name: String,
        /// The request may have reached the CA.
        pub handed_in: bool,
        /// SHA-256 fingerprint of the certificate, once it is there.
        pub sha256: Option<String>,
    }
}
