//! A certificate on a token whose driver we have made known to the browsers, and to curl through OpenSSL's engine.

use std::{fs::File, process::Command};

use chopmark_tests::bench::{
    ca::Ca,
    display::{Killed, xvfb},
    programs::run,
    token::{PIN, Token},
};

use crate::{
    person::{Person, wait},
    server::Server,
};

/// Somebody with a SoftHSM2 token and a certificate on it, `CN=Alice,O=Acme`.
pub(crate) fn with_token(ca: &Ca) -> (Person, Token, String) {
    let token = Token::soft_hsm();
    let mut person = Person::new();
    person.env.extend(token.env.iter().cloned());
    let codes = ca.invite(|_| ());
    let result = person.enroll(ca, &codes, &token.uri(), &["--key", "rsa:2048"]).ok();
    (person, token, result["keyId"].as_str().expect("an id").to_owned())
}

/// A display with a window manager, as dialogs want one.
fn display(person: &Person) -> (String, Vec<Killed>) {
    let (xvfb, display) = xvfb("1000x800x24");
    let log = File::create(person.desk.path("openbox.log")).expect("a log");
    let openbox = person.program("openbox").env("DISPLAY", &display).stderr(log).spawn().expect("openbox");
    (display, vec![Killed(openbox), xvfb])
}

fn xdotool(display: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("xdotool").env("DISPLAY", display).args(arguments).output().expect("xdotool");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

#[test]
fn chromium_presents_what_lies_on_a_token_that_we_registered() {
    let ca = Ca::start();
    let (person, token, _) = with_token(&ca);
    let server = Server::start(&ca);
    let driver = token.module.display().to_string();
    // Chromium makes its database when it is first used; so does the command.
    person.enroll(&ca, &ca.invite(|invitation| invitation.subject = "CN=Other,O=Acme".into()), "computer", &[]).ok();
    person.certutil(&person.shared(), &["-F", "-n", "Other"]);

    let registered = person.chopmark(&["drivers", "register", &driver]).ok();
    assert_eq!(registered["browsers"][0]["outcome"], "done", "{registered}");
    let database = format!("sql:{}", person.shared().display());
    let listed = run(person.program("modutil").args(["-list", "-dbdir", &database]));
    assert!(listed.contains(&driver) && listed.contains("token: Alice"), "{listed}");
    assert_eq!(person.chopmark(&["drivers", "register", &driver]).ok()["browsers"][0]["outcome"], "already");

    let (display, _programs) = display(&person);
    let _window = person.chromium_window(&server, &display);
    let dialog = wait("the question for the PIN", || {
        xdotool(&display, &["search", "--onlyvisible", "--name", "Unlock Security Device"])
    });
    xdotool(&display, &["windowactivate", "--sync", &dialog]);
    xdotool(&display, &["type", "--window", &dialog, PIN]);
    // The dialog goes away between press and release, which xdotool takes amiss.
    xdotool(&display, &["key", "--window", &dialog, "Return"]);
    server.wait_for("CN=Alice,O=Acme");
    wait("the page", || xdotool(&display, &["search", "--onlyvisible", "--name", "CN=Alice,O=Acme"]));

    let gone = person.chopmark(&["drivers", "unregister", &driver]).ok();
    assert_eq!(gone["browsers"][0]["outcome"], "done", "{gone}");
    let listed = run(person.program("modutil").args(["-list", "-dbdir", &database]));
    assert!(!listed.contains(&driver), "{listed}");
    // Taking that back is a repair like any other.
    let doctor = person.chopmark(&["doctor"]);
    let done = doctor.last()["done"].as_array().and_then(|all| all.first()?["id"].as_str().map(str::to_owned));
    let id = done.unwrap_or_else(|| panic!("nothing to take back: {:?}", doctor.last()));
    person.chopmark(&["doctor", "--undo", &id]).ok();
    let listed = run(person.program("modutil").args(["-list", "-dbdir", &database]));
    assert!(listed.contains(&driver), "{listed}");
}

#[test]
fn curl_presents_what_lies_on_a_token() {
    let ca = Ca::start();
    let (person, token, id) = with_token(&ca);
    let server = Server::start(&ca);
    let id: String = id.as_bytes().chunks(2).map(|pair| format!("%{}", String::from_utf8_lossy(pair))).collect();
    let engines = person.desk.write(
        "engines.cnf",
        &format!(
            "openssl_conf=init\n[init]\nengines=engines\n[engines]\npkcs11=pkcs11\n[pkcs11]\nengine_id=pkcs11\n\
             MODULE_PATH={}\ninit=0\n",
            token.module.display()
        ),
    );
    let object = |kind: &str| format!("pkcs11:token=Alice;id={id};type={kind};pin-value={PIN}");
    // The certificate's chain comes from there too: curl does not look for it on a token.
    let intermediate = std::fs::read_to_string(ca.intermediate()).expect("the intermediate");
    let authorities = person.desk.write("authorities.pem", &format!("{}{intermediate}", server.root));
    let mut curl = person.program("curl");
    curl.env("OPENSSL_CONF", engines).args(["--silent", "--show-error", "--fail", "--max-time", "20"]);
    curl.args(["--engine", "pkcs11", "--cert-type", "ENG", "--cert", &object("cert")]);
    curl.args(["--key-type", "ENG", "--key", &object("private"), "--cacert", &authorities]);
    let page = run(curl.arg(server.url()));
    assert!(page.contains("CN=Alice,O=Acme"), "{page}");
}
