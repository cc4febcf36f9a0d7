//! One certificate in full: what leads to its root, which programs see it, and copies of it in files.

use serde::{Deserialize, Serialize};

use super::{CertificateInfo, FoundCertificate, Place};

border! {
    /// How a copy is written.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum ExportFormat {
        /// PKCS#12: certificate and key, encrypted.
        Pkcs12,
        /// PEM, text.
        Pem,
        /// DER, the certificate alone.
        Der,
    }
    /// Whether a program sees a certificate.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum Sight {
        /// It offers it by itself.
        Sees,
        /// It uses it when it is told where it lies.
        WhenTold,
        /// It does not.
        Not,
    }
    /// Who vouches that a certificate belongs into a chain.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum LinkOrigin {
        /// The certificate itself.
        Itself,
        /// A CA profile names it as a root.
        Profile,
        /// It came with the answer of a CA, and the journal has it.
        Journal,
        /// It lies in a place that was looked into.
        Place,
    }
}

border! {
    /// A copy of a certificate that is wanted.
    struct ExportOrder {
        /// SHA-256 fingerprint (or a unique prefix) of the certificate, or a place.
        pub certificate: String,
        /// How it is written.
        pub format: ExportFormat,
        /// The file, absolute path.
        pub to: String,
        /// With its key. PKCS#12 always has it.
        pub with_key: bool,
        /// PEM: the key goes into this file of its own, absolute path; `None`: into the same.
        pub key_to: Option<String>,
        /// With what leads to its root.
        pub chain: bool,
        /// PKCS#12 with the encryption of twenty years ago (3DES, SHA-1), for programs that read no other.
        pub legacy: bool,
        /// PEM: the key is not encrypted.
        pub plain_key: bool,
        /// A file that is there is replaced.
        pub replace: bool,
    }

    /// A copy that was written, read back and compared.
    struct Exported {
        /// The certificate.
        pub certificate: CertificateInfo,
        /// Files written.
        pub paths: Vec<String>,
        /// The key is in it.
        pub key: bool,
        /// How many certificates of CAs are in it.
        pub chain: u32,
        /// The chain leads to a root that we know; without a chain this is not said.
        pub complete: Option<bool>,
    }

    /// A PKCS#12 file whose certificate and key are to come into a place.
    struct ImportOrder {
        /// The file, absolute path. It stays as it is.
        pub path: String,
        /// Where to: a token, or this computer's store.
        pub place: Place,
        /// The key may leave the place again (Windows).
        pub exportable: bool,
    }

    /// A certificate that came out of a file, with its key.
    struct Imported {
        /// The job's number in the journal.
        pub job: String,
        /// The certificate.
        pub certificate: CertificateInfo,
        /// Where it lies now, as a URI.
        pub place: String,
        /// The same as people say it; empty: there is only one such place.
        pub place_name: String,
        /// CKA_ID or local key identifier, hex.
        pub key_id: String,
        /// The key there signed and the certificate there verified.
        pub proved: bool,
    }

    /// One certificate of a chain.
    struct ChainLink {
        /// The certificate.
        pub certificate: CertificateInfo,
        /// Where it comes from.
        pub origin: LinkOrigin,
        /// Name of the CA profile or of the place; empty: there is none.
        pub from: String,
        /// It is its own issuer.
        pub root: bool,
    }

    /// One program of this computer and a certificate.
    struct ProgramSight {
        /// What it is called, with its profile: `Firefox, profile default`.
        pub program: String,
        /// Does it see the certificate?
        pub sight: Sight,
        /// Why, one sentence.
        pub why: String,
        /// What to do so that it does, one sentence.
        pub to_do: Option<String>,
        /// The driver that has to be put into its list, where that is what is to be done.
        pub register: Option<String>,
    }

    /// Everything about one certificate.
    struct CertificateDetail {
        /// The certificate and where it lies.
        pub found: FoundCertificate,
        /// The certificate first, what leads to its root behind it. Each was signed by the next.
        pub chain: Vec<ChainLink>,
        /// The last one is a root that a CA profile trusts.
        pub root_trusted: bool,
        /// Windows' store: where the certificate says that its key is.
        pub binding: Option<KeyBinding>,
    }

    /// What a certificate of Windows' store says about its key, and whether that is right.
    struct KeyBinding {
        /// CSP or KSP named; empty: none.
        pub provider: String,
        /// `csp` or `ksp`; empty: none.
        pub kind: String,
        /// Container or key named.
        pub container: String,
        /// The key was opened there, and is the certificate's.
        pub opens: bool,
        /// Another provider that has the key, where this one has not.
        pub found_in: Option<String>,
        /// One sentence.
        pub says: String,
    }

    /// What was taken away.
    struct Deleted {
        /// The certificate.
        pub certificate: CertificateInfo,
        /// Where it lay, as people say it.
        pub place_name: String,
    }
}
