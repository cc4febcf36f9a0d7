//! From the two codes to a file, its renewal and its revocation.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
};

use chopmark_tests::{
    bench::{ca::Ca, command::Desk, command::finish},
    judge::{openssl, verify_chain},
};
use serde_json::Value;

use crate::wine::{chopmark, order, path, program, programs, run, unix};

const PASSWORD: &str = "correct horse battery";

#[test]
fn says_its_version() {
    let Some(_) = programs() else { return };
    let ran = finish(program("chopmark").arg("--version").spawn().expect("wine starts"));
    assert_eq!((ran.exit, ran.stdout.trim()), (Some(0), concat!("chopmark ", env!("CARGO_PKG_VERSION"))), "{ran:?}");
}

#[test]
fn a_ca_is_taken_in_and_listed() {
    let Some(_) = programs() else { return };
    let (ca, desk) = (Ca::start(), Desk::new());
    run(&desk, &["ca", "add", &path(&ca.profile)]).ok();
    let listed = run(&desk, &["ca", "list"]).ok();
    assert_eq!(listed["profiles"][0]["name"], "demo", "{listed}");
    // Where it is kept: in the home that was named, nowhere else.
    assert!(desk.home().join("journal.sqlite").is_file());
}

#[test]
fn enrolled_renewed_and_revoked_in_a_file() {
    let Some(_) = programs() else { return };
    let (ca, desk) = (Ca::start(), Desk::new());
    let password = path(Path::new(&desk.write("password", PASSWORD)));
    for key in ["rsa:2048", "ec:p256", "ed25519"] {
        let file = desk.path(&format!("{}.p12", key.replace(':', "-")));
        let place = format!("file:{}", path(&file));
        let codes = ca.invite(|_| ());
        let more = ["--place", &place, "--key", key, "--password-file", &password];
        let mut command = chopmark(&desk, &[]);
        let result = finish(command.args(order(&desk, &ca, &codes, &more)).spawn().expect("wine starts")).ok();
        assert_eq!((&result["proved"], &result["confirmed"]), (&true.into(), &true.into()), "{result}");
        assert_eq!(ca.states(&codes.reference), ["confirmed"], "{key}");
        judge(&desk, &ca, &file, &result);

        let renewed = run(&desk, &["renew", &place, "--password-file", &password]).ok();
        assert_ne!(renewed["certificate"]["sha256"], result["certificate"]["sha256"], "{renewed}");
        judge(&desk, &ca, &file, &renewed);
        let revoke = ["--yes", "revoke", &place, "--reason", "cessationOfOperation", "--password-file", &password];
        run(&desk, &revoke).ok();
        assert_eq!(ca.issued(&codes.reference).last().expect("one").state, "revoked", "{key}");
    }
    assert!(desk.kept_keys().is_empty());
    let journal = run(&desk, &["journal"]).ok();
    assert_eq!(journal["jobs"].as_array().map(Vec::len), Some(9), "{journal}");
}

/// OpenSSL opens the file, and finds the certificate that we told of, its key, and the way to the root.
fn judge(desk: &Desk, ca: &Ca, file: &Path, result: &Value) {
    let (file, password) = (file.display().to_string(), format!("pass:{PASSWORD}"));
    let open = |more: &[&str]| openssl([&["pkcs12", "-in", &file, "-passin", &password, "-nodes"], more].concat());
    let certificate = desk.write("certificate.pem", &open(&["-clcerts", "-nokeys"]));
    let key = desk.write("key.pem", &open(&["-nocerts"]));
    let told = desk.write("told.pem", result["certificate"]["pem"].as_str().expect("PEM"));
    let fingerprint = |file: &str| openssl(["x509", "-in", file, "-noout", "-fingerprint", "-sha256"]);
    assert_eq!(fingerprint(&certificate), fingerprint(&told));
    assert_eq!(openssl(["x509", "-in", &certificate, "-noout", "-pubkey"]), openssl(["pkey", "-in", &key, "-pubout"]));
    verify_chain(Path::new(&certificate), &ca.intermediate(), &ca.root);
}

/// Killed while the CA lets it wait; `resume` goes on with the same key.
#[test]
fn a_killed_job_is_resumed() {
    let Some(_) = programs() else { return };
    let (ca, desk) = (Ca::start(), Desk::new());
    let password = path(Path::new(&desk.write("password", PASSWORD)));
    let file = desk.path("alice.p12");
    let codes = ca.invite(|invitation| invitation.delay = 3);
    let more = ["--place", &format!("file:{}", path(&file)), "--key", "ec:p256", "--password-file", &password];
    let mut child = chopmark(&desk, &[]).args(order(&desk, &ca, &codes, &more)).spawn().expect("wine starts");
    let stdout = BufReader::new(child.stdout.take().expect("its standard output"));
    let waits = stdout.lines().map_while(Result::ok).any(|line| line.contains(r#""event":"waiting""#));
    assert!(waits, "it never waited");
    child.kill().expect("killed");
    child.wait().expect("gone");
    let code = path(&desk.path("code"));
    let resumed = run(&desk, &["resume", "1", "--code-file", &code, "--password-file", &password]).ok();
    assert!(file.is_file(), "{resumed}");
    assert_eq!(ca.states(&codes.reference), ["confirmed"], "{resumed}");
    assert!(desk.kept_keys().is_empty());
}

#[test]
fn the_demo_ca_serves_from_there_too() {
    let Some(_) = programs() else { return };
    let desk = Desk::new();
    let dir = path(&desk.path("ca"));
    let mut serving = program("chopmark-demo-ca").args(["serve", "--dir", &dir]).spawn().expect("wine starts");
    let mut line = String::new();
    let mut stdout = BufReader::new(serving.stdout.take().expect("its standard output"));
    stdout.read_line(&mut line).expect("a line");
    let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
    let invite = ["invite", "--dir", &dir, "--subject", "CN=Alice,O=Acme"];
    let invited = finish(program("chopmark-demo-ca").args(invite).spawn().expect("wine starts")).last();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    fs::write(desk.path("code"), text(&invited["authorizationCode"])).expect("written");
    let (code, password) = (path(&desk.path("code")), path(Path::new(&desk.write("password", PASSWORD))));
    let profile = text(&ready["profile"]);
    assert!(unix(&profile).is_file(), "{profile}");
    let place = format!("file:{}", path(&desk.path("alice.p12")));
    let reference = text(&invited["reference"]);
    let order = ["enroll", "--ca", &profile, "--reference", &reference, "--code-file", &code, "--place", &place];
    let ran = run(&desk, &[&order[..], &["--password-file", &password]].concat());
    serving.kill().expect("killed");
    serving.wait().expect("gone");
    assert_eq!(ran.ok()["confirmed"], true);
}
