//! A demo CA in a folder of its own, and `openssl cmp` as its client.
#![allow(dead_code)] // Each test program uses a part of it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use chopmark_demo_ca::{Codes, DemoCa, Invitation, Options, invite};
use tempfile::TempDir;

/// A running CA and a folder for the client's files.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) ca: DemoCa,
}

/// How `openssl` ended.
pub(crate) struct Ran {
    pub(crate) good: bool,
    pub(crate) output: String,
}

impl Bench {
    pub(crate) async fn start() -> Bench {
        Bench::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Bench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ca = DemoCa::start(&folder.path().join("ca"), options).await.expect("the CA starts");
        Bench { folder, ca }
    }

    /// Ends the CA and starts it again over the same folder.
    pub(crate) async fn restart(self) -> Bench {
        self.ca.stop().await;
        let ca = DemoCa::start(&self.folder.path().join("ca"), Options::default()).await.expect("the CA starts again");
        Bench { folder: self.folder, ca }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("ca")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn invite(&self, change: impl FnOnce(&mut Invitation)) -> Codes {
        let mut invitation = Invitation::new("CN=Alice,O=Acme");
        change(&mut invitation);
        invite(&self.dir(), invitation).expect("an invitation")
    }

    /// Makes a key, as `openssl genpkey` wants its options.
    pub(crate) fn key(&self, name: &str, options: &[&str]) -> String {
        let file = self.file(name).display().to_string();
        let mut arguments = vec!["genpkey", "-out", &file];
        arguments.extend(options);
        let ran = openssl(&arguments);
        assert!(ran.good, "{}", ran.output);
        file
    }

    /// `openssl cmp`; the certificate goes to `out.pem`.
    pub(crate) fn cmp(&self, codes: (&str, &str), arguments: &[&str]) -> Ran {
        let server = self.ca.url().strip_prefix("http://").expect("http");
        let secret = format!("pass:{}", codes.1);
        let (out, chain) = (self.file("out.pem").display().to_string(), self.file("chain.pem").display().to_string());
        let mut all = vec!["cmp", "-config", "", "-server", server, "-ref", codes.0, "-secret", &secret, "-recipient"];
        all.extend(["/O=Chopmark demo, not for real use/CN=Chopmark demo CA", "-certout", &out]);
        all.extend(["-cacertsout", &chain, "-extracertsout", &chain, "-total_timeout", "60", "-verbosity", "7"]);
        all.extend(arguments);
        openssl(&all)
    }

    /// The usual request: EC key, the subject of the invitation.
    pub(crate) fn enrol(&self, codes: (&str, &str), more: &[&str]) -> Ran {
        let key = self.key("ee.key", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        let mut all = vec!["-cmd", "ir", "-newkey", &key, "-subject", "/O=Acme/CN=Alice"];
        all.extend(more);
        self.cmp(codes, &all)
    }

    /// `openssl verify` of `out.pem` up to the root, and its text.
    pub(crate) fn verified(&self) -> String {
        let out = self.file("out.pem").display().to_string();
        let (root, intermediate) = (self.ca.root().display().to_string(), self.dir().join("intermediate.pem"));
        let intermediate = intermediate.display().to_string();
        let chain =
            ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", &root, "-untrusted", &intermediate, &out];
        let ran = openssl(&chain);
        assert!(ran.good, "{}", ran.output);
        openssl(&["x509", "-noout", "-text", "-nameopt", "RFC2253", "-in", &out]).output
    }
}

/// Both codes, borrowed.
pub(crate) fn both(codes: &Codes) -> (&str, &str) {
    (&codes.reference, &codes.authorization_code)
}

pub(crate) fn openssl(arguments: &[&str]) -> Ran {
    let output = Command::new("openssl").args(arguments).output().expect("openssl is installed");
    let text = [output.stdout, output.stderr].concat();
    Ran { good: output.status.success(), output: String::from_utf8_lossy(&text).into_owned() }
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file")
}
