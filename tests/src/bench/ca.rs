//! The demo CA as the real program, in a folder of its own.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use chopmark_core::model::CaProfile;
pub use chopmark_demo_ca::{Codes, Fault, Invitation, IssuedRow, TransactionRow};
use serde_json::Value;
use tempfile::TempDir;

use crate::bench::programs::program;

/// A demo CA that is killed when this is dropped.
pub struct Ca {
    folder: TempDir,
    serving: Option<Serving>,
    /// URL for CMP; the same after a restart.
    pub url: String,
    /// The root's certificate, PEM.
    pub root: PathBuf,
    /// The profile, TOML.
    pub profile: PathBuf,
}

struct Serving {
    child: Child,
    /// Dropped, the CA could not write its next line.
    stdout: BufReader<ChildStdout>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ca {
    /// Starts a new CA on a free port.
    pub fn start() -> Ca {
        Ca::start_with(&[])
    }

    /// Starts a new CA on a free port, with more options of `chopmark-demo-ca serve`.
    pub fn start_with(options: &[&str]) -> Ca {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (serving, ready) = serve(folder.path(), "127.0.0.1:0", options);
        let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {ready}")).to_owned();
        Ca {
            url: text("url"),
            root: text("root").into(),
            profile: text("profile").into(),
            serving: Some(serving),
            folder,
        }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it, as power gone would.
    pub fn stop(&mut self) {
        self.serving = None;
    }

    /// Starts it again at the same address over the same folder.
    pub fn again(&mut self) {
        let address = self.url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("an address");
        let (serving, ready) = serve(self.folder.path(), address, &[]);
        assert_eq!(ready["url"], Value::String(self.url.clone()));
        self.serving = Some(serving);
    }

    /// Invites `CN=Alice,O=Acme`, with changes.
    pub fn invite(&self, change: impl FnOnce(&mut Invitation)) -> Codes {
        let mut invitation = Invitation::new("CN=Alice,O=Acme");
        change(&mut invitation);
        chopmark_demo_ca::invite(self.dir(), invitation).expect("an invitation")
    }

    /// The profile as the core reads it.
    pub fn core_profile(&self) -> CaProfile {
        let text = std::fs::read_to_string(&self.profile).expect("the profile");
        toml::from_str(&text).expect("a profile")
    }

    /// States of the certificates issued for a reference number, oldest first.
    pub fn states(&self, reference: &str) -> Vec<String> {
        self.issued(reference).into_iter().map(|row| row.state).collect()
    }

    /// The certificates issued for a reference number, oldest first.
    pub fn issued(&self, reference: &str) -> Vec<IssuedRow> {
        let all = chopmark_demo_ca::issued(self.dir()).expect("the ledger");
        all.into_iter().filter(|row| row.reference == reference).collect()
    }

    /// The transactions of a reference number, oldest first.
    pub fn transactions(&self, reference: &str) -> Vec<TransactionRow> {
        let all = chopmark_demo_ca::transactions(self.dir()).expect("the ledger");
        all.into_iter().filter(|row| row.reference == reference).collect()
    }

    /// The intermediate's certificate, PEM.
    pub fn intermediate(&self) -> PathBuf {
        self.folder.path().join("intermediate.pem")
    }
}

fn serve(folder: &Path, listen: &str, options: &[&str]) -> (Serving, Value) {
    let mut child = Command::new(program("chopmark-demo-ca"))
        .args(["serve", "--listen", listen, "--dir"])
        .arg(folder)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join("serve.log")).expect("a log"))
        .spawn()
        .expect("the demo CA starts");
    let stdout = BufReader::new(child.stdout.take().expect("its standard output"));
    let mut serving = Serving { child, stdout };
    let mut line = String::new();
    serving.stdout.read_line(&mut line).expect("a line of the demo CA");
    let log = || std::fs::read_to_string(folder.join("serve.log")).unwrap_or_default();
    let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the demo CA said {line:?}: {}", log()));
    (serving, ready)
}
