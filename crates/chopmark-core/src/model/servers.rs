//! A certificate as a web server wants it.

use serde::{Deserialize, Serialize};

border! {
    /// Which web server.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum ServerKind {
        /// nginx.
        Nginx,
        /// Apache httpd.
        Apache,
        /// Tomcat.
        Tomcat,
        /// Windows' IIS.
        Iis,
    }
    /// What is to be served.
    #[serde(tag = "of", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum ServerCertificate {
        /// A certificate that lies here.
        Certificate {
            /// SHA-256 fingerprint (or a unique prefix) of the certificate, or a place.
            certificate: String,
        },
        /// The certificate of an order, fetched from its source.
        Order {
            /// The order's number here.
            order: String,
        },
    }
    /// Where the private key is, as far as the web server is concerned.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum ServerKey {
        /// In what was written.
        Written,
        /// On a token, which it does not leave.
        OnToken,
        /// In this computer's store, which it does not leave.
        InStore,
        /// Not known here: where the request was made.
        Elsewhere,
    }
    /// What a file is for.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum ServerFileKind {
        /// The certificate alone.
        Certificate,
        /// The intermediates.
        Chain,
        /// The certificate and its intermediates.
        FullChain,
        /// The private key, not encrypted: the server starts by itself.
        Key,
        /// Certificate, intermediates and key, encrypted (PKCS#12).
        KeyStore,
        /// The lines of the server's configuration.
        Lines,
        /// What to do, in English and Chinese.
        ReadMe,
    }
}

border! {
    /// Files for a web server that are wanted.
    struct ServerExport {
        /// What is to be served.
        pub of: ServerCertificate,
        /// For which server.
        pub server: ServerKind,
        /// The folder, absolute path. It is made where it is missing.
        pub to: String,
        /// PKCS#12 with the encryption of twenty years ago (3DES, SHA-1), for servers that read no other.
        pub legacy: bool,
        /// Files that are there are replaced.
        pub replace: bool,
    }
    /// One file that was written.
    struct ServerFile {
        /// Its path.
        pub path: String,
        /// What it is for.
        pub what: ServerFileKind,
    }
    /// Files for a web server, written, read back and compared.
    struct ServerExported {
        /// The certificate.
        pub certificate: super::CertificateInfo,
        /// For which server.
        pub server: ServerKind,
        /// What was written.
        pub files: Vec<ServerFile>,
        /// Where the private key is.
        pub key: ServerKey,
        /// The lines of the server's configuration, as they stand in their file.
        pub lines: String,
        /// What to do, step by step.
        pub steps: Vec<String>,
        /// The chain leads to a root that we know; `None`: it is as the CA delivered it.
        pub complete: Option<bool>,
    }
}
