//! Certificate and key in PEM, as servers have them: made, renewed, shown, copied, deleted; judged by OpenSSL.
#![cfg(target_os = "linux")]

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use chopmark_tests::bench::{
    assert_no_secret,
    ca::{Ca, Fault},
    command::Ran,
    programs::run,
};
use serde_json::{Value, json};

use crate::case::{Case, PASSWORD};

fn openssl(arguments: &[&str]) -> String {
    run(Command::new("openssl").args(arguments))
}

fn place(case: &Case) -> String {
    format!("file:{}", case.desk.text("me.pem"))
}

fn enroll(case: &Case, more: &[&str]) -> Ran {
    case.desk.run(&case.arguments(&place(case), more))
}

fn fingerprint(result: &Value) -> String {
    result["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned()
}

/// The certificate in the file; the key before it is encrypted and fits, the intermediate is there and leads to the root, which is
/// not, and nobody else may read it.
fn in_file(ca: &Ca, case: &Case) -> String {
    let path = case.desk.text("me.pem");
    let text = fs::read_to_string(&path).expect("PEM");
    let labels: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("-----BEGIN ")).collect();
    assert_eq!(labels, ["ENCRYPTED PRIVATE KEY-----", "CERTIFICATE-----", "CERTIFICATE-----"]);
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let password = format!("file:{}", case.desk.text("password"));
    let certified = openssl(&["x509", "-in", &path, "-noout", "-pubkey"]);
    assert_eq!(openssl(&["pkey", "-in", &path, "-passin", &password, "-pubout"]), certified, "key and certificate fit");
    let root = ca.root.display().to_string();
    openssl(&["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &path, &path]);
    let said = openssl(&["x509", "-in", &path, "-noout", "-fingerprint", "-sha256"]);
    said.trim().rsplit('=').next().unwrap_or_default().replace(':', "").to_lowercase()
}

/// Names of files that begin with `me.`.
fn files(case: &Case) -> Vec<String> {
    let names = fs::read_dir(case.desk.folder()).expect("the desk");
    let names = names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains("me.")).collect()
}

#[test]
fn from_enrolment_to_deletion() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let result = enroll(&case, &[]).ok();
    assert_eq!((&result["proved"], &result["place"]), (&json!(true), &json!(place(&case))));
    let old = fingerprint(&result);
    assert_eq!(in_file(&ca, &case), old);
    // Seen in the list, and in full.
    let listed = case.desk.run(&["certs", "--json"]).ok();
    assert_eq!(listed["certificates"][0]["certificate"]["sha256"], json!(old), "{listed:#}");
    let shown = case.desk.run(&["show", &place(&case), "--json"]).ok();
    let programs = shown["programs"].as_array().expect("programs");
    let sight = |name: &str| programs.iter().find(|one| one["program"] == name).map(|one| one["sight"].clone());
    assert_eq!((sight("OpenSSL, curl"), sight("Java")), (Some(json!("when-told")), Some(json!("not"))), "{shown:#}");
    // Renewed in its place, and kept beside it when that is wanted.
    let new = fingerprint(&case.run(&["renew", &old]).ok());
    assert_ne!(new, old);
    assert_eq!((in_file(&ca, &case), files(&case)), (new.clone(), vec!["me.pem".to_owned()]));
    let kept = case.run(&["renew", &place(&case), "--keep-old"]).ok();
    let kept_at = kept["replaced"]["keptAt"].as_str().expect("where it is kept").to_owned();
    let kept_key = openssl(&["pkey", "-in", &kept_at, "-passin", &format!("pass:{PASSWORD}"), "-pubout"]);
    assert_eq!(openssl(&["x509", "-in", &kept_at, "-noout", "-pubkey"]), kept_key);
    let newest = fingerprint(&kept);
    assert_eq!(in_file(&ca, &case), newest);
    // A copy with its key, for a browser.
    let (to, password) = (case.desk.text("copy.p12"), case.desk.text("password"));
    case.run(&["export", &place(&case), "--to", &to, "--source-password-file", &password]).ok();
    openssl(&["pkcs12", "-in", &to, "-passin", &format!("pass:{PASSWORD}"), "-noout"]);
    // Its key speaks to the CA; then it goes.
    case.run(&["revoke", &newest, "--reason", "superseded", "--yes"]).ok();
    case.desk.run(&["delete", &place(&case), "--json", "--batch", "--confirm-label", "me.pem"]).ok();
    assert!(!case.desk.path("me.pem").exists());
    assert_eq!(ca.states(&case.codes.reference), ["confirmed", "confirmed", "revoked"]);
    assert_no_secret(&case.desk.home(), &[PASSWORD, &case.codes.authorization_code]);
}

#[test]
fn what_is_there_already_stays() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    case.desk.write("me.pem", "somebody's");
    enroll(&case, &[]).failed(23, "CM-4001", "place");
    assert_eq!(fs::read_to_string(case.desk.path("me.pem")).expect("a file"), "somebody's");
    assert!(ca.transactions(&case.codes.reference).is_empty(), "the codes were spent");
}

#[test]
fn a_lost_answer_is_gone_on_with() {
    let ca = Ca::start();
    let case = Case::new(&ca, |invitation| invitation.fault = Some(Fault::DropAnswer));
    enroll(&case, &["--retries", "0"]).failed(12, "CM-3202", "ca-unreachable");
    assert_eq!((case.desk.kept_keys().len(), files(&case).len()), (1, 0));
    // With another password than the one the key was kept with.
    let (code, wrong) = (case.desk.text("code"), case.desk.write("wrong", "not this one"));
    let resume = ["resume", "--json", "--batch", "--code-file", &code, "--password-file", &wrong];
    case.desk.run(&resume).failed(23, "CM-4003", "place");
    let sha256 = fingerprint(&case.resume().ok());
    assert_eq!((in_file(&ca, &case), case.desk.kept_keys().len()), (sha256, 0));
}

/// Made by OpenSSL, in another order, and not known to the journal.
#[test]
fn a_file_of_others_is_read() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let sha256 = fingerprint(&enroll(&case, &[]).ok());
    let text = fs::read_to_string(case.desk.path("me.pem")).expect("PEM");
    let password = format!("file:{}", case.desk.text("password"));
    let key = case.desk.text("me.key");
    let again = ["-passin", &password, "-passout", &format!("pass:{PASSWORD}"), "-out", &key];
    openssl(&[&["pkey", "-in", &case.desk.text("me.pem"), "-aes128"], &again[..]].concat());
    let key = fs::read_to_string(&key).expect("a key");
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{}", &key[..40]);
    let certificates = &text[text.find("-----BEGIN CERTIFICATE").expect("certificates")..];
    case.desk.write("other.pem", &format!("Bag Attributes\n{certificates}{key}"));
    let other = format!("file:{}", case.desk.text("other.pem"));
    let shown = case.desk.run(&["show", &other, "--json"]).ok();
    assert_eq!((fingerprint(&shown), &shown["hasKey"]), (sha256, &json!(true)), "{shown:#}");
    let (to, source) = (case.desk.text("copy.p12"), case.desk.text("password"));
    case.run(&["export", &other, "--to", &to, "--source-password-file", &source]).ok();
    // Without its key it is a certificate, and no more, unless the key is in another file.
    case.desk.write("only.pem", certificates);
    let only = format!("file:{}", case.desk.text("only.pem"));
    let shown = case.desk.run(&["show", &only, "--json"]).ok();
    assert_eq!(shown["hasKey"], json!(false), "{shown:#}");
    let export =
        |to: &str| case.run(&["export", &only, "--to", &case.desk.text(to), "--source-password-file", &source]);
    assert_eq!(export("by-another.p12").ok()["exported"]["key"], json!(true));
    fs::remove_file(case.desk.path("me.pem")).expect("the file");
    export("none.p12").failed(2, "CM-1112", "usage");
    for (name, text) in
        [("no.pem", "nothing"), ("half.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    {
        let place = format!("file:{}", case.desk.write(name, text));
        case.desk.run(&["show", &place, "--json"]).failed(2, "CM-1105", "usage");
    }
}
