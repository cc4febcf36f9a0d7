//! Copies of certificates, judged by OpenSSL, NSS and Java; and taking certificates away.
#![cfg(target_os = "linux")]

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use chopmark_tests::bench::{
    assert_no_secret,
    ca::{Ca, Fault},
    command::{Ran, finish},
    programs::run,
    token::{PIN, Token},
};
use serde_json::{Value, json};

use crate::case::{Case, PASSWORD};

const NEW: &str = "new-password-9";

struct Made {
    case: Case,
    sha256: String,
}

fn enrolled(ca: &Ca) -> Made {
    let case = Case::new(ca, |_| {});
    let sha256 = case.enroll(&[]).ok()["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
    case.desk.write("new", NEW);
    Made { case, sha256 }
}

impl Made {
    fn export(&self, to: &str, more: &[&str]) -> chopmark_tests::bench::command::Ran {
        let desk = &self.case.desk;
        let (to, new, old) = (desk.text(to), desk.text("new"), desk.text("password"));
        let first = ["export", &self.sha256, "--json", "--batch", "--to", &to, "--password-file", &new];
        desk.run(&[&first[..], &["--source-password-file", &old], more].concat())
    }

    fn path(&self, name: &str) -> String {
        self.case.desk.text(name)
    }
}

fn openssl(arguments: &[&str]) -> String {
    run(Command::new("openssl").args(arguments))
}

/// The key in that file is that of the certificate in the other.
fn fit(key: &[&str], certificate: &str) {
    let certified = openssl(&["x509", "-in", certificate, "-noout", "-pubkey"]);
    assert_eq!(openssl(&[&["pkey", "-pubout"], key].concat()), certified, "{key:?}");
}

#[test]
fn every_kind_of_copy_is_read_by_others() {
    let ca = Ca::start();
    let made = enrolled(&ca);
    let path = |name: &str| made.path(name);
    // The certificate alone, two ways.
    made.export("only.pem", &[]).ok();
    made.export("only.cer", &[]).ok();
    let fingerprint = |arguments: &[&str]| {
        let said = openssl(&[&["x509", "-noout", "-fingerprint", "-sha256"], arguments].concat());
        said.trim().rsplit('=').next().unwrap_or_default().replace(':', "").to_lowercase()
    };
    assert_eq!(fingerprint(&["-in", &path("only.pem")]), made.sha256);
    assert_eq!(fingerprint(&["-inform", "der", "-in", &path("only.cer")]), made.sha256);
    assert!(!fs::read_to_string(path("only.pem")).expect("PEM").contains("PRIVATE"));
    // With its key: encrypted, in one file and in two; and not encrypted.
    let exported = made.export("one.pem", &["--with-key", "--chain"]).ok()["exported"].clone();
    assert_eq!((&exported["key"], &exported["complete"]), (&json!(true), &json!(true)), "{exported:#}");
    let new = format!("pass:{NEW}");
    fit(&["-in", &path("one.pem"), "-passin", &new], &path("only.pem"));
    made.export("two.crt", &["--key-to", &path("two.key"), "--chain"]).ok();
    fit(&["-in", &path("two.key"), "-passin", &new], &path("two.crt"));
    made.export("plain.pem", &["--plain-key"]).ok();
    fit(&["-in", &path("plain.pem")], &path("only.pem"));
    // The chain is whole.
    let text = fs::read_to_string(path("two.crt")).expect("PEM");
    let root = text.rfind("-----BEGIN").expect("a root");
    fs::write(path("root.pem"), &text[root..]).expect("a file");
    openssl(&["verify", "-CAfile", &path("root.pem"), "-untrusted", &path("two.crt"), &path("only.pem")]);
    // PKCS#12, of today and of twenty years ago.
    made.export("today.p12", &["--chain"]).ok();
    made.export("legacy.pfx", &["--chain", "--legacy"]).ok();
    for (name, legacy, kind) in [("today.p12", &[][..], "AES-256"), ("legacy.pfx", &["-legacy"], "3-KeyTripleDES")] {
        let file = path(name);
        let open = [&["pkcs12", "-in", &file, "-passin", &new], legacy].concat();
        openssl(&[&open[..], &["-nocerts", "-nodes", "-out", &path("read.key")]].concat());
        fit(&["-in", &path("read.key")], &path("only.pem"));
        let about = Command::new("openssl").args(&open).args(["-info", "-noout"]).output().expect("openssl");
        let about = String::from_utf8_lossy(&about.stderr).into_owned();
        assert!(about.contains(kind) || about.replace('-', "").contains(&kind.replace('-', "")), "{about}");
        // NSS takes it into a database, Java lists its entry.
        let database = made.case.desk.path(&format!("nss-{name}"));
        fs::create_dir(&database).expect("a folder");
        let database = format!("sql:{}", database.display());
        run(Command::new("certutil").args(["-N", "--empty-password", "-d", &database]));
        run(Command::new("pk12util").args(["-i", &file, "-d", &database, "-W", NEW]));
        let keys = run(Command::new("certutil").args(["-K", "-d", &database]));
        assert!(keys.contains("< 0>"), "{keys}");
        let listed = run(Command::new("keytool").args(["-list", "-keystore", &file, "-storepass", NEW]));
        assert!(listed.contains("PrivateKeyEntry"), "{listed}");
    }
    for name in ["one.pem", "two.key", "today.p12", "legacy.pfx", "plain.pem", "only.cer"] {
        let mode = fs::metadata(path(name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_no_secret(&made.case.desk.home(), &[PASSWORD, NEW]);
}

#[test]
fn a_file_that_is_there_stays_without_a_yes() {
    let ca = Ca::start();
    let made = enrolled(&ca);
    made.case.desk.write("there.pem", "mine");
    made.export("there.pem", &[]).failed(23, "CM-4001", "place");
    assert_eq!(fs::read_to_string(made.path("there.pem")).expect("a file"), "mine");
    made.case.desk.write("there.key", "mine");
    made.export("other.pem", &["--key-to", &made.path("there.key")]).failed(23, "CM-4001", "place");
    assert!(!fs::exists(made.path("other.pem")).expect("a folder"), "nothing is written half");
    made.export("there.pem", &["--yes"]).ok();
    assert_ne!(fs::read_to_string(made.path("there.pem")).expect("a file"), "mine");
    // The wrong password of the old file ends it before anything is written.
    let ran = made.case.desk.run(&[
        "export",
        &made.sha256,
        "--json",
        "--batch",
        "--to",
        &made.path("x.p12"),
        "--password-file",
        &made.path("new"),
    ]);
    ran.failed(23, "CM-4003", "place");
    assert!(!fs::exists(made.path("x.p12")).expect("a folder"));
}

#[test]
fn keys_on_a_token_stay_there() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let case = Case::new(&ca, |_| {});
    let (arguments, pin) = (case.arguments(&token.uri(), &[]), case.desk.write("pin", PIN));
    let arguments = [arguments, vec!["--pin-file".into(), pin.clone()]].concat();
    let made = finish(case.command(&token, &arguments).spawn().expect("chopmark")).ok();
    let sha256 = made["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
    let with = |arguments: &[&str]| {
        let words: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        finish(case.command(&token, &words).spawn().expect("chopmark"))
    };
    let to = case.desk.text("x.p12");
    with(&["export", &sha256, "--to", &to, "--json", "--batch"]).failed(2, "CM-1121", "usage");
    let to = case.desk.text("x.pem");
    let exported = with(&["export", &sha256, "--to", &to, "--chain", "--json", "--batch"]).ok()["exported"].clone();
    assert_eq!((&exported["key"], &exported["complete"]), (&json!(false), &json!(true)));
    // What leads to its root, and who sees it.
    let shown = with(&["show", &sha256, "--json"]).ok();
    assert_eq!(shown["rootTrusted"], true, "{shown:#}");
    let chain = shown["chain"].as_array().expect("a chain");
    assert_eq!((&chain[0]["origin"], &chain[chain.len() - 1]["root"]), (&json!("itself"), &json!(true)));
    let openssl = shown["programs"].as_array().expect("programs").iter().find(|one| one["program"] == "OpenSSL, curl");
    assert!(openssl.is_some_and(|one| one["sight"] != "sees"), "{shown:#}");
    // Gone, with its key; not by another's name.
    let delete = ["delete", &sha256, "--json", "--batch", "--pin-file", &pin, "--confirm-label"];
    with(&[&delete[..], &["Bob"]].concat()).failed(2, "CM-1116", "usage");
    let ran = with(&[&delete[..], &["Alice"]].concat());
    assert_eq!(told(&ran), json!(["still-valid", "only-copy"]));
    ran.ok();
    with(&["show", &sha256, "--json"]).failed(2, "CM-1105", "usage");
    assert!(token.content().0.is_empty(), "no key is left");
}

/// What was told of the loss, also where the name was given in advance.
fn told(ran: &Ran) -> Value {
    let lines = ran.lines();
    let event = lines.iter().find(|line| line["event"] == "removal").unwrap_or_else(|| panic!("not a word: {ran:?}"));
    event["warnings"].clone()
}

#[test]
fn a_file_is_deleted_by_its_name() {
    let ca = Ca::start();
    let made = enrolled(&ca);
    let delete = |more: &[&str]| made.case.desk.run(&[&["delete", &made.sha256, "--json", "--batch"], more].concat());
    delete(&[]).failed(2, "CM-1102", "usage");
    delete(&["--confirm-label", "you.p12"]).failed(2, "CM-1116", "usage");
    assert!(fs::exists(made.path("me.p12")).expect("a folder"));
    let ran = delete(&["--confirm-label", "me.p12"]);
    assert_eq!(told(&ran), json!(["still-valid", "only-key"]));
    ran.ok();
    assert!(!fs::exists(made.path("me.p12")).expect("a folder"));
    made.case.desk.run(&["show", &made.sha256, "--json"]).failed(2, "CM-1105", "usage");
}

#[test]
fn a_file_of_an_open_job_stays() {
    let ca = Ca::start();
    let case = Case::new(&ca, |invitation| invitation.renewal.fault = Some(Fault::DropAnswer));
    let sha256 = case.enroll(&[]).ok()["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
    case.run(&["renew", &sha256, "--retries", "0"]).failed(12, "CM-3202", "ca-unreachable");
    let ran = case.desk.run(&["delete", &sha256, "--json", "--batch", "--confirm-label", "me.p12"]);
    ran.failed(2, "CM-1122", "usage");
    assert!(fs::exists(case.desk.text("me.p12")).expect("a folder"));
}

#[test]
fn the_list_is_searched_and_sorted() {
    let ca = Ca::start();
    let made = enrolled(&ca);
    let find = |text: &str, sort: &str| {
        let listed = made.case.desk.run(&["certs", "--json", "--search", text, "--sort", sort]).ok();
        listed["certificates"].as_array().map(Vec::len)
    };
    for (text, count) in
        [(&made.sha256[..9], 1), ("me.p12", 1), ("ME.P12", 1), ("nobody at all", 0), (&made.sha256[40..52], 1)]
    {
        for sort in ["expiry", "name", "place"] {
            assert_eq!(find(text, sort), Some(count), "{text} by {sort}");
        }
    }
}
