//! A CA that takes requests by hand: OpenSSL.

use std::{path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::bench::programs::run;

/// Its key and root, in a folder of its own.
pub struct HandCa {
    folder: TempDir,
}

impl Default for HandCa {
    fn default() -> HandCa {
        HandCa::new()
    }
}

impl HandCa {
    /// A new one.
    pub fn new() -> HandCa {
        let ca = HandCa { folder: tempfile::tempdir().expect("a temporary folder") };
        let mut make = openssl(&["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        make.args(["-subj", "/CN=By Hand CA", "-days", "30", "-out"]).arg(ca.root());
        run(make.arg("-keyout").arg(ca.file("ca.key")));
        ca
    }

    /// File with its root, PEM.
    pub fn root(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// What it makes of a request (PEM) for these names (`DNS:…,DNS:…`), PEM.
    pub fn issue(&self, request: &str, names: &str) -> String {
        let folder = tempfile::tempdir_in(self.folder.path()).expect("a temporary folder");
        let (csr, extensions) = (folder.path().join("csr"), folder.path().join("extensions"));
        std::fs::write(&csr, request).expect("a request");
        let text = format!("subjectAltName={names}\nextendedKeyUsage=serverAuth\n");
        std::fs::write(&extensions, text).expect("extensions");
        let mut make = openssl(&["x509", "-req", "-days", "10"]);
        make.arg("-in").arg(csr).arg("-extfile").arg(extensions).arg("-CA").arg(self.root());
        run(make.arg("-CAkey").arg(self.file("ca.key")))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// `openssl` with these arguments.
pub fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments);
    command
}
