//! What ends soon.

use serde::{Deserialize, Serialize};

border! {
    /// A certificate that ends soon, or has ended.
    struct Reminder {
        /// Its name: CN, or the first domain of an order.
        pub name: String,
        /// Its end, RFC 3339 UTC.
        pub not_after: String,
        /// Whole days until then; negative: since then.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub days: i64,
        /// What people call the place where it is; empty: not known here.
        pub place_name: String,
        /// SHA-256 fingerprint; `None`: it is not known here, only its order is.
        pub sha256: Option<String>,
        /// Number of its order.
        pub order: Option<String>,
        /// How it is replaced.
        pub way: RenewalWay,
    }
}

border! {
    /// How a certificate is replaced by the next one.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum RenewalWay {
        /// Renewed where it is, by its CA.
        Renew,
        /// Ordered again.
        Order,
        /// By the CA it came from, which is not known here.
        Elsewhere,
    }
}
