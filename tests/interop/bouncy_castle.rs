//! A CA on Debian's Bouncy Castle (bouncy_castle_ca/*.java): it really issues for the key it is asked for, with a codec and
//! cryptography that are not ours, and is wrong, or different, in one named way per row.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use chopmark_tests::bench::programs::run;
use serde::Deserialize;
use tempfile::TempDir;

use crate::conformance::Table;

mod keys;
mod questions;
mod rows;
mod run;
mod talk;

/// The codes it knows.
const REFERENCE: &str = "7890";
const CODE: &str = "AuthCode-4711";
/// Where Debian's libbc*-java put them.
const JARS: [&str; 3] = ["/usr/share/java/bcprov.jar", "/usr/share/java/bcpkix.jar", "/usr/share/java/bcutil.jar"];

#[test]
fn as_the_ca() {
    let Some(ca) = BouncyCastle::start() else { return };
    let table = Table::new("Bouncy Castle as the CA", &ca.version);
    rows::rows(&table, &ca);
    table.close();
}

/// The CA in its JVM, one for all rows; killed when dropped.
struct BouncyCastle {
    child: Child,
    _folder: TempDir,
    address: String,
    root: PathBuf,
    old_root: PathBuf,
    version: String,
    rows: AtomicUsize,
}

/// What it says when it is up.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hello {
    url: String,
    root: PathBuf,
    old_root: PathBuf,
    version: String,
}

impl Drop for BouncyCastle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl BouncyCastle {
    /// Compiled anew for each run: that takes three seconds, and nothing stale can be left behind.
    fn start() -> Option<BouncyCastle> {
        if let Some(missing) = JARS.iter().find(|jar| !Path::new(jar).exists()) {
            // `cargo xtask interop` installs it, so in CI it is no excuse.
            assert!(std::env::var_os("CI").is_none(), "{missing} is missing");
            eprintln!("skipped: Bouncy Castle: {missing} is missing; `cargo xtask interop` installs it");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let classes = folder.path().join("classes");
        let source = chopmark_tests::bench::programs::source("interop/bouncy_castle_ca");
        let mut compile = Command::new("javac");
        compile.args(["-Xlint:all,-path", "-Werror", "-cp", &JARS.join(":"), "-d"]).arg(&classes);
        run(compile.args(fs::read_dir(source).expect("the sources").map(|file| file.expect("a source").path())));

        let code = folder.path().join("code");
        fs::write(&code, CODE).expect("a file");
        let mut command = Command::new("java");
        command.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp"]);
        command.arg(format!("{}:{}", classes.display(), JARS.join(":"))).arg("Main").arg("--dir").arg(folder.path());
        command.args(["--reference", REFERENCE, "--code-file"]).arg(&code);
        // It lives as long as its standard input, even if this process is killed.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let hello: Hello = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let address = hello.url.trim_start_matches("http://").to_owned();
        let (root, old_root, version) = (hello.root, hello.old_root, hello.version);
        Some(BouncyCastle { child, _folder: folder, address, root, old_root, version, rows: AtomicUsize::new(0) })
    }

    /// A fresh place at the CA, where it behaves as the switches say.
    fn place(&self, switches: &str) -> Place<'_> {
        let name = self.rows.fetch_add(1, Ordering::SeqCst);
        let switches = if switches.is_empty() { "-" } else { switches };
        Place { ca: self, path: format!("/cmp/{switches}/{name}"), log: format!("/log/{name}") }
    }

    fn ask(&self, head: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        stream.write_all(&[head.as_bytes(), b"\r\n\r\n", body].concat()).expect("the request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the answer");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let body = answer.split_off(end + 4);
        (String::from_utf8_lossy(&answer).to_lowercase(), body)
    }
}

/// One row's view of the CA.
struct Place<'a> {
    ca: &'a BouncyCastle,
    path: String,
    log: String,
}

impl Place<'_> {
    /// Posts a message, returns the answer.
    fn post(&self, message: &[u8]) -> Vec<u8> {
        let head = format!(
            "POST {} HTTP/1.0\r\nContent-Type: application/pkixcmp\r\nContent-Length: {}",
            self.path,
            message.len()
        );
        let (head, answer) = self.ca.ask(&head, message);
        assert!(head.contains(" 200 ") && head.contains("application/pkixcmp"), "{head}\n{}", self.log());
        answer
    }

    /// What the CA saw and decided.
    fn log(&self) -> String {
        String::from_utf8_lossy(&self.ca.ask(&format!("GET {} HTTP/1.0", self.log), b"").1).into_owned()
    }
}
