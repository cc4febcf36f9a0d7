//! Certificates as web servers want them, judged by those servers.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use chopmark_tests::bench::{
    assert_no_secret,
    ca::Ca,
    command::{Desk, Ran, finish},
    programs::run,
    token::{PIN, Token},
    web_server::WebServer,
};
use serde_json::Value;

use crate::case::{Case, PASSWORD};

const NEW: &str = "new-password-9";
const NAME: &str = "www.shop.test";
/// The demo CA makes certificates for people.
const PURPOSE: &str = "any";

/// What was exported, and that each file is its owner's alone.
fn written(ran: &Ran, folder: &Path, names: &[&str]) -> Value {
    let exported = ran.ok()["exported"].clone();
    let mut seen: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    seen.sort();
    assert_eq!(seen, names, "{exported:#}");
    for name in names {
        let mode = fs::metadata(folder.join(name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let read_me = fs::read_to_string(folder.join("README.txt")).expect("a text");
    for words in ["Valid until ", "有效期至 ", "\n1. ", "\n2. "] {
        assert!(read_me.contains(words), "{read_me}");
    }
    exported
}

#[test]
fn each_server_starts_with_its_files() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let enrolled = case.enroll(&["--san", &format!("dns:{NAME}")]).ok();
    let sha256 = enrolled["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
    let new = case.desk.write("new", NEW);
    let export = |server: &str, more: &[&str]| {
        let (out, old) = (case.desk.text(server), case.desk.text("password"));
        let given = ["export", &sha256, "--for", server, "--out", &out, "--json", "--batch"];
        let secrets = ["--password-file", &new, "--source-password-file", &old];
        case.desk.run(&[&given[..], &secrets, more].concat())
    };
    let folder = |server: &str| case.desk.path(server);

    let nginx =
        written(&export("nginx", &[]), &folder("nginx"), &["README.txt", "fullchain.pem", "key.pem", "nginx.conf"]);
    assert_eq!((&nginx["key"], &nginx["complete"]), (&"written".into(), &true.into()), "{nginx:#}");
    assert_eq!(nginx["steps"].as_array().map(Vec::len), Some(2), "{nginx:#}");
    let server = WebServer::nginx(&folder("nginx").join("nginx.conf"), &[]);
    assert_eq!(server.shown(&ca.root, NAME, PURPOSE), sha256);

    let names = ["README.txt", "apache.conf", "cert.pem", "chain.pem", "key.pem"];
    written(&export("apache", &[]), &folder("apache"), &names);
    let server = WebServer::apache(&folder("apache").join("apache.conf"));
    assert_eq!(server.shown(&ca.root, NAME, PURPOSE), sha256);

    written(&export("tomcat", &[]), &folder("tomcat"), &["README.txt", "keystore.p12", "tomcat.xml"]);
    let store = folder("tomcat").join("keystore.p12");
    let mut keytool = Command::new("keytool");
    keytool.args(["-list", "-v", "-storepass", NEW, "-alias", "tomcat", "-keystore"]);
    let listed = run(keytool.arg(&store));
    assert!(listed.contains("PrivateKeyEntry") && listed.contains("chain length: 2"), "{listed}");
    let lines = fs::read_to_string(folder("tomcat").join("tomcat.xml")).expect("lines");
    assert!(
        lines.contains(&format!("certificateKeystoreFile=\"{}\"", store.display())) && !lines.contains(NEW),
        "{lines}"
    );

    written(&export("iis", &["--legacy"]), &folder("iis"), &["README.txt", "iis.ps1", "site.pfx"]);
    let pfx = folder("iis").join("site.pfx");
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs12", "-legacy", "-nodes", "-passin", &format!("pass:{NEW}"), "-in"]).arg(&pfx);
    let inside = run(&mut openssl);
    assert_eq!((inside.matches("BEGIN CERTIFICATE").count(), inside.matches("BEGIN PRIVATE KEY").count()), (2, 1));
    let certificate = case.desk.write("iis.pem", &inside);
    let thumbprint =
        run(Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha1", "-in", &certificate]));
    let thumbprint = thumbprint.trim().rsplit('=').next().unwrap_or_default().replace(':', "");
    let lines = fs::read_to_string(folder("iis").join("iis.ps1")).expect("lines");
    assert!(lines.contains(&thumbprint), "{lines} {thumbprint}");
    assert_no_secret(&case.desk.home(), &[PASSWORD, NEW]);
}

#[test]
fn nothing_is_replaced_without_a_yes_and_nothing_written_half() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let sha256 = case.enroll(&[]).ok()["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
    let folder = case.desk.path("nginx");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("fullchain.pem"), "mine").expect("a file");
    let out = folder.display().to_string();
    let export = |more: &[&str]| case.run(&[&["export", &sha256, "--for", "nginx", "--out", &out], more].concat());
    export(&[]).failed(23, "CM-4001", "place");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
    assert_eq!(fs::read_to_string(folder.join("fullchain.pem")).expect("a file"), "mine");
    export(&["--yes"]).ok();
    WebServer::nginx(&folder.join("nginx.conf"), &[]);
    // One or the other: a file, or a server's folder.
    case.run(&["export", &sha256, "--for", "nginx"]).failed(2, "CM-1101", "usage");
    case.run(&["export", &sha256, "--for", "nginx", "--out", &out, "--to", "x.pem"]).failed(2, "CM-1101", "usage");
}

/// nginx asks the token by OpenSSL's engine, with exactly the lines that were written.
#[test]
fn a_key_on_a_token_stays_there_and_nginx_asks_it() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let case = Case::new(&ca, |_| {});
    let pin = case.desk.write("pin", PIN);
    let san = format!("dns:{NAME}");
    let arguments = case.arguments(&token.uri(), &["--san", &san, "--pin-file", &pin]);
    let made = finish(case.command(&token, &arguments).spawn().expect("chopmark")).ok();
    let sha256 = made["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
    let export = |server: &str| {
        let out = case.desk.text(server);
        let words = ["export", &sha256, "--for", server, "--out", &out, "--json", "--batch"].map(str::to_owned);
        finish(case.command(&token, &words).spawn().expect("chopmark"))
    };
    let folder = case.desk.path("nginx");
    let exported = written(&export("nginx"), &folder, &["README.txt", "fullchain.pem", "nginx.conf"]);
    assert_eq!((&exported["key"], exported["steps"].as_array().map(Vec::len)), (&"on-token".into(), Some(3)));
    let settings = case.desk.write(
        "openssl.cnf",
        &format!(
            "openssl_conf = start\n[start]\nengines = engines\n[engines]\npkcs11 = pkcs11\n[pkcs11]\nengine_id = pkcs11\n\
             MODULE_PATH = {}\nPIN = {PIN}\ninit = 1\n",
            token.module.display()
        ),
    );
    let mut environment = token.env.clone();
    environment.push(("OPENSSL_CONF".to_owned(), settings));
    let server = WebServer::nginx(&folder.join("nginx.conf"), &environment);
    assert_eq!(server.shown(&ca.root, NAME, PURPOSE), sha256);
    for (server, names) in [
        ("apache", &["README.txt", "apache.conf", "cert.pem", "chain.pem"][..]),
        ("tomcat", &["README.txt", "cert.pem", "chain.pem", "tomcat.xml"]),
        ("iis", &["README.txt", "cert.pem", "chain.pem", "iis.ps1"]),
    ] {
        written(&export(server), &case.desk.path(server), names);
    }
}

/// A domain with letters beyond ASCII is taken in either form and shown in both.
#[test]
fn domains_are_typed_and_shown_in_both_forms() {
    let desk = Desk::new();
    for (typed, ascii, shown) in [
        ("例子.测试", "xn--fsqu00a.xn--0zwm56d", "例子.测试 (xn--fsqu00a.xn--0zwm56d)"),
        ("XN--FSQU00A.xn--0zwm56d", "xn--fsqu00a.xn--0zwm56d", "例子.测试 (xn--fsqu00a.xn--0zwm56d)"),
        ("аррӏе.com", "xn--80ak6aa92e.com", "xn--80ak6aa92e.com (its letters look like those of another name)"),
        ("shop.test", "shop.test", "shop.test"),
    ] {
        let add = ["order", "add", typed, "--txt", "_dnsauth", "abc", "--lang", "en"];
        let added = desk.run(&[&add[..], &["--json"]].concat()).ok();
        assert_eq!(added["order"]["domains"][0], ascii, "{added}");
        let text = desk.run(&add).stdout;
        assert!(text.contains(shown), "{text}");
    }
}
