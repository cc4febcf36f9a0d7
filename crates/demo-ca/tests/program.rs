//! The program itself: its lines, its exit codes, its end.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

struct Serving(Child, Value);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_chopmark-demo-ca"))
}

fn serve(dir: &Path, more: &[&str]) -> Serving {
    let mut command = program();
    command.args(["serve", "--dir"]).arg(dir).args(more).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    Serving(child, serde_json::from_str(&line).expect("JSON"))
}

fn invite(dir: &Path, more: &[&str]) -> Output {
    program().args(["invite", "--dir"]).arg(dir).args(more).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn serve_says_where_and_ends_cleanly_on_a_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("ca");
    for signal in ["-TERM", "-INT"] {
        let mut serving = serve(&dir, &[]);
        for name in ["root", "profile"] {
            assert!(Path::new(serving.1[name].as_str().expect("a path")).is_absolute());
        }
        assert!(serving.1["url"].as_str().expect("a URL").starts_with("http://127.0.0.1:"));
        let id = serving.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
        assert_eq!(serving.0.wait().expect("an end").code(), Some(0));
    }
    for (file, mode) in
        [("root.key", 0o600), ("intermediate.key", 0o600), ("signer.key", 0o600), ("ledger.sqlite", 0o600), ("", 0o700)]
    {
        let found = std::fs::metadata(dir.join(file)).expect("a file").permissions().mode() & 0o777;
        assert_eq!(found, mode, "{file}");
    }
}

#[test]
fn only_loopback() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = program().args(["serve", "--listen", "0.0.0.0:0", "--dir"]).arg(folder.path()).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("not a loopback address"));
}

#[test]
fn invite_prints_the_codes_and_refuses_what_makes_no_sense() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    let early = invite(dir, &["--subject", "CN=Alice"]);
    assert!(early.status.code() == Some(2) && text(&early.stderr).contains("start `serve` first"));
    let serving = serve(dir, &[]);
    let output = invite(dir, &["--subject", "CN=Alice", "--delay", "3", "--valid", "30"]);
    let codes: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(codes["reference"].as_str().expect("a number").len(), 8);
    assert_eq!(codes["authorizationCode"].as_str().expect("a code").len(), 19);
    let link = codes["link"].as_str().expect("a link");
    assert!(link.starts_with("chopmark://enroll?ca=http%3A%2F%2F127.0.0.1%3A") && link.contains("%2Fprofile&ref="));
    let terms = ["--renewal", "delay=3", "--renewal", "alter-subject=CN=Bob,O=Acme", "--questions", "fault=bad-mac"];
    assert!(invite(dir, &[&["--subject", "CN=Alice"][..], &terms].concat()).status.success());
    for bad in ["delay=soon", "refuse=nonsense", "fault=nonsense", "nonsense"] {
        let bad = invite(dir, &["--subject", "CN=Alice", "--revocation", bad]);
        assert_eq!(bad.status.code(), Some(2), "{}", text(&bad.stderr));
    }
    let bad = invite(dir, &["--subject", "CN=Alice", "--refuse", "nonsense"]);
    assert!(bad.status.code() == Some(2) && text(&bad.stderr).contains("badRequest"));
    assert_eq!(invite(dir, &["--subject", "nonsense"]).status.code(), Some(2));
    assert_eq!(invite(dir, &["--subject", "CN=A", "--reference", "1"]).status.code(), Some(2));
    let file = dir.join("code");
    std::fs::write(&file, "my code\n").expect("written");
    let fixed = ["--subject", "CN=A", "--reference", "1", "--code-file", file.to_str().expect("a path")];
    let codes: Value = serde_json::from_slice(&invite(dir, &fixed).stdout).expect("JSON");
    assert_eq!((codes["reference"].as_str(), codes["authorizationCode"].as_str()), (Some("1"), Some("my code")));
    assert!(text(&invite(dir, &fixed).stderr).contains("is taken"));
    drop(serving);
}

#[test]
fn killed_after_it_issued_it_still_knows() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("ca");
    let mut serving = serve(&dir, &["--fault", "kill-after=1"]);
    let codes: Value = serde_json::from_slice(&invite(&dir, &["--subject", "CN=Alice"]).stdout).expect("JSON");
    let key = folder.path().join("ee.key").display().to_string();
    let made = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key];
    assert!(Command::new("openssl").args(made).output().expect("openssl").status.success());
    let server = serving.1["url"].as_str().expect("a URL").trim_start_matches("http://").to_owned();
    let secret = format!("pass:{}", codes["authorizationCode"].as_str().expect("a code"));
    let out = folder.path().join("out.pem").display().to_string();
    let reference = codes["reference"].as_str().expect("a number");
    let arguments = ["cmp", "-config", "", "-cmd", "ir", "-server", &server, "-ref", reference, "-secret", &secret];
    let more = ["-newkey", &key, "-subject", "/CN=Alice", "-certout", &out, "-recipient", "/CN=any"];
    let ran = Command::new("openssl").args(arguments).args(more).output().expect("openssl");
    assert!(!ran.status.success());
    assert_eq!(serving.0.wait().expect("an end").code(), Some(137));
    let rows = chopmark_demo_ca::issued(&dir).expect("rows");
    assert_eq!((rows.len(), rows[0].state.as_str()), (1, "issued"));
}
