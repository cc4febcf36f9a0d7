//! The holder of a certificate comes back: renewing, revoking, asking the CA about itself.
#![cfg(target_os = "linux")]

use std::{fs, process::Command};

use chopmark_tests::bench::{
    assert_no_secret,
    ca::{Ca, Fault, Invitation},
    command::{Ran, finish},
    programs::run,
    token::{PIN, Token},
};
use cmp_protocol::message::FailInfo;
use serde_json::{Value, json};

use crate::case::{Case, PASSWORD};

/// A case whose certificate is there, and its fingerprint.
fn enrolled(ca: &Ca, change: impl FnOnce(&mut Invitation)) -> (Case, String) {
    let case = Case::new(ca, change);
    let sha256 = fingerprint(&case.enroll(&[]).ok()["certificate"]);
    (case, sha256)
}

fn fingerprint(certificate: &Value) -> String {
    certificate["sha256"].as_str().expect("a fingerprint").to_owned()
}

/// The certificate in a file as OpenSSL sees it; its key is there and fits.
fn in_file(case: &Case, file: &str) -> String {
    let (file, password) = (case.desk.text(file), format!("file:{}", case.desk.text("password")));
    let open = ["pkcs12", "-in", &file, "-passin", &password];
    let (pem, key) = (case.desk.text("read.pem"), case.desk.text("read.key"));
    let openssl = |more: &[&str]| run(Command::new("openssl").args(more));
    openssl(&[&open[..], &["-clcerts", "-nokeys", "-out", &pem]].concat());
    openssl(&[&open[..], &["-nocerts", "-noenc", "-out", &key]].concat());
    let certified = openssl(&["x509", "-in", &pem, "-noout", "-pubkey"]);
    assert_eq!(openssl(&["pkey", "-in", &key, "-pubout"]), certified, "key and certificate fit");
    let said = openssl(&["x509", "-in", &pem, "-noout", "-fingerprint", "-sha256"]);
    said.trim().rsplit('=').next().unwrap_or_default().replace(':', "").to_lowercase()
}

fn files(case: &Case) -> Vec<String> {
    let names = fs::read_dir(case.desk.folder()).expect("the desk");
    let mut names: Vec<String> =
        names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.contains(".p12"));
    names.sort();
    names
}

#[test]
fn a_file_is_renewed_in_its_place() {
    let ca = Ca::start();
    let (case, old) = enrolled(&ca, |_| {});
    let ran = case.run(&["renew", &old[..12]]);
    let result = ran.ok();
    let new = fingerprint(&result["certificate"]);
    assert_ne!(new, old);
    assert_eq!(
        (&result["proved"], &result["confirmed"], &result["place"]),
        (&json!(true), &json!(true), &json!(case.file()))
    );
    assert_eq!(result["replaced"], json!({"sha256": old, "kept": false, "keptAt": null, "because": null}));
    let steps = ["make-key", "send-request", "receive-certificate", "install", "prove", "confirm", "retire"];
    let done: Vec<Value> =
        ran.lines().into_iter().filter(|line| line["event"] == "step-done").map(|line| line["step"].clone()).collect();
    assert_eq!(done, steps);
    assert_eq!(in_file(&case, "me.p12"), new);
    assert_eq!(files(&case), ["me.p12"]);
    assert_eq!(ca.states(&case.codes.reference), ["confirmed", "confirmed"]);
    // The list has the new one only, and knows its CA.
    let listed = case.desk.run(&["certs", "--json", "--place", &case.file()]).ok();
    assert_eq!(listed["certificates"].as_array().map(Vec::len), Some(1), "{listed:#}");
    assert_eq!(
        (&listed["certificates"][0]["certificate"]["sha256"], &listed["certificates"][0]["ca"]),
        (&json!(new), &json!("demo"))
    );
    let jobs = case.desk.run(&["journal", "--json"]).ok();
    assert_eq!((&jobs["jobs"][0]["kind"], &jobs["jobs"][0]["renews"]), (&json!("renew"), &json!(old)));
    // And again, the renewed one.
    case.run(&["renew", &case.file(), "--key", "ec:p384"]).ok();
    assert_ne!(in_file(&case, "me.p12"), new);
    assert_no_secret(&case.desk.home(), &[PASSWORD, &case.codes.authorization_code]);
}

#[test]
fn the_old_file_is_kept_when_that_is_wanted() {
    let ca = Ca::start();
    let (case, old) = enrolled(&ca, |_| {});
    let result = case.run(&["renew", &old, "--keep-old"]).ok();
    let kept = result["replaced"]["keptAt"].as_str().expect("where it is kept").to_owned();
    assert_eq!((&result["replaced"]["kept"], &result["replaced"]["because"]), (&json!(true), &json!("asked")));
    let name = kept.rsplit('/').next().unwrap_or_default();
    assert_eq!(in_file(&case, name), old);
    assert_eq!(in_file(&case, "me.p12"), fingerprint(&result["certificate"]));
    // A key that may have been used to encrypt is kept without being asked.
    let case = Case::new(&ca, |_| {});
    let arguments =
        case.arguments(&case.file(), &[]).into_iter().map(|a| if a == "ec:p256" { "rsa:2048".into() } else { a });
    let old = fingerprint(&case.desk.run(&arguments.collect::<Vec<String>>()).ok()["certificate"]);
    let result = case.run(&["renew", &old]).ok();
    assert_eq!((&result["replaced"]["kept"], &result["replaced"]["because"]), (&json!(true), &json!("decrypts")));
    assert_eq!(result["certificate"]["key"], "RSA 2048", "as the old one");
    assert_eq!(files(&case).len(), 2);
}

#[test]
fn a_file_is_renewed_onto_a_token() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let (case, old) = enrolled(&ca, |_| {});
    let password = case.desk.text("password");
    let order = ["renew", &old, "--json", "--batch", "--place", &token.uri(), "--password-file", &password];
    let result = finish(case.command(&token, &order.map(str::to_owned)).spawn().expect("chopmark")).ok();
    assert_eq!((&result["replaced"]["kept"], &result["replaced"]["because"]), (&json!(true), &json!("elsewhere")));
    assert!(result["place"].as_str().is_some_and(|place| place.starts_with("pkcs11:token=Alice")), "{result:#}");
    assert_eq!(in_file(&case, "me.p12"), old, "untouched");
    let (keys, certificates) = token.content();
    assert_eq!((keys.len(), certificates.len()), (1, 2), "own and intermediate");
    assert_no_secret(&case.desk.home(), &[PASSWORD, PIN]);
}

/// The demo CA wants the old key's signature; the code goes out as it should, and its no leaves the old one alone.
#[test]
fn a_code_instead_of_the_old_key() {
    let ca = Ca::start();
    let (case, old) = enrolled(&ca, |invitation| invitation.uses = 0);
    let code = case.desk.text("code");
    let last = case.run(&["renew", &old, "--verification-code-file", &code]).failed(10, "CM-3001", "ca-refused");
    assert!(last["message"].as_str().is_some_and(|text| text.contains("must be signed")), "{last:#}");
    assert_eq!((in_file(&case, "me.p12"), files(&case).len(), case.desk.kept_keys().len()), (old, 1, 0));
    // The reference number is that of the enrolment, which another home does not know.
    let jobs = case.desk.run(&["journal", "--json"]).ok();
    assert_eq!(jobs["jobs"][0]["order"]["reference"], case.codes.reference);
    // Without a place where the code could come from.
    case.run(&["renew", &case.file(), "--reference", "1"]).failed(2, "CM-1102", "usage");
    assert_no_secret(&case.desk.home(), &[PASSWORD, &case.codes.authorization_code]);
}

#[test]
fn what_is_revoked_is_revoked_once() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let (case, sha256) = enrolled(&ca, |_| {});
    let result = case.run(&["revoke", &sha256[..16], "--reason", "keyCompromise", "--yes"]).ok();
    let revoked = &result["revoked"];
    assert_eq!(
        (&revoked["sha256"], &revoked["subject"], &revoked["reason"]),
        (&json!(sha256), &json!("Alice"), &json!("keyCompromise"))
    );
    let row = &ca.issued(&case.codes.reference)[0];
    assert_eq!((row.state.as_str(), row.reason), ("revoked", Some(1)));
    assert_eq!(revoked["serial"], row.serial);
    assert_eq!(in_file(&case, "me.p12"), sha256, "certificate and key stay");
    let listed = case.desk.run(&["certs", "--json", "--place", &case.file()]).ok();
    assert!(listed["certificates"][0]["revoked"].is_string(), "{listed:#}");
    let again = case.run(&["revoke", &sha256, "--reason", "superseded", "--yes"]);
    again.failed(10, "CM-3010", "ca-refused");
    // It cannot be renewed any more, and nothing is left of the try.
    let refused = case.run(&["renew", &sha256]);
    let last = refused.failed(10, "CM-3010", "ca-refused");
    assert!(!last["hints"].as_array().expect("hints").is_empty(), "{last:#}");
    assert_eq!((files(&case).len(), case.desk.kept_keys().len()), (1, 0));

    // The one on a token.
    let case = Case::new(&ca, |_| {});
    let result = finish(case.command(&token, &case.arguments(&token.uri(), &[])).spawn().expect("chopmark")).ok();
    let place =
        format!("{}&pin-source=file:{}", result["place"].as_str().expect("a place"), token.pin_file().display());
    let place = if place.contains('?') { place } else { place.replacen('&', "?", 1) };
    let order = ["revoke", &place, "--json", "--batch", "--yes", "--reason", "cessationofoperation"];
    let result = finish(case.command(&token, &order.map(str::to_owned)).spawn().expect("chopmark")).ok();
    assert_eq!(result["revoked"]["reason"], "cessationOfOperation");
    assert_eq!(ca.states(&case.codes.reference), ["revoked"]);
    assert_eq!(token.content().0.len(), 1, "the key stays");
}

#[test]
fn codes_revoke_a_certificate_whose_key_is_lost() {
    let ca = Ca::start();
    let (case, _) = enrolled(&ca, |_| {});
    let (issued, code) = (ca.issued(&case.codes.reference).remove(0), case.desk.text("code"));
    let issuer = case.desk.run(&["show", &case.file(), "--json"]).ok()["certificate"]["issuer"].clone();
    // Somebody at another computer.
    let elsewhere = Case::new(&ca, |_| {});
    elsewhere.desk.run(&["ca", "add", &case.ca, "--json"]).ok();
    let order = |serial: &str, more: &[&str]| {
        let issuer = issuer.as_str().expect("an issuer");
        let first = ["revoke", "--issuer", issuer, "--serial", serial, "--ca", "demo", "--reference"];
        let rest = [&*case.codes.reference, "--reason", "keyCompromise", "--code-file", &code];
        elsewhere.run(&[&first[..], &rest, more].concat())
    };
    order(&issued.serial, &[]).failed(2, "CM-1102", "usage");
    let result = order(&issued.serial, &["--yes"]).ok();
    assert_eq!((&result["revoked"]["serial"], &result["revoked"]["sha256"]), (&json!(issued.serial), &Value::Null));
    assert_eq!(ca.states(&case.codes.reference), ["revoked"]);
    order("01", &["--yes"]).failed(10, "CM-3001", "ca-refused");
    // At hand, the reference number is that of the enrolment.
    let (case, sha256) = enrolled(&ca, |_| {});
    let code = case.desk.text("code");
    case.run(&["revoke", &sha256, "--reason", "keyCompromise", "--yes", "--code-file", &code]).ok();
    assert_eq!(ca.states(&case.codes.reference), ["revoked"]);
}

/// Resumes the job until the CA's seconds are over.
fn resumed(case: &Case) -> Value {
    for _ in 0..50 {
        let ran = case.run(&["resume"]);
        if ran.exit != Some(11) {
            return ran.ok();
        }
        std::thread::sleep(std::time::Duration::from_millis(200)); // The CA's second.
    }
    panic!("the CA never decides")
}

fn waits(case: &Case, ran: &Ran, kind: &str) {
    let last = ran.failed(11, "CM-3101", "waiting");
    assert!(last["job"].is_string(), "{last:#}");
    let job = case.desk.run(&["journal", "--json"]).ok()["jobs"][0].clone();
    assert_eq!((&job["kind"], &job["state"]), (&json!(kind), &json!("waiting")));
    assert!(job["nextPoll"].is_i64(), "{job:#}");
    let list = case.desk.run(&["journal", "--lang", "en"]).stdout;
    let word = if kind == "renew" { "renewal" } else { "revocation" };
    assert!(list.contains(word) && list.contains("next question in"), "{list}");
}

#[test]
fn a_renewal_that_waits_goes_on_later() {
    let ca = Ca::start();
    let (case, old) = enrolled(&ca, |invitation| invitation.renewal.delay = 3);
    waits(&case, &case.run(&["renew", &old, "--no-wait"]), "renew");
    assert_eq!(in_file(&case, "me.p12"), old, "untouched until the new one is proved");
    let result = resumed(&case);
    assert_eq!((&result["outcome"], &result["replaced"]["sha256"]), (&json!("enrolled"), &json!(old)));
    assert_eq!(in_file(&case, "me.p12"), fingerprint(&result["certificate"]));
    assert_eq!(ca.states(&case.codes.reference), ["confirmed", "confirmed"]);
}

#[test]
fn a_revocation_that_waits_goes_on_later() {
    let ca = Ca::start();
    let (case, sha256) = enrolled(&ca, |invitation| invitation.revocation.delay = 3);
    let order = ["revoke", &sha256, "--reason", "superseded", "--yes", "--no-wait"];
    waits(&case, &case.run(&order), "revoke");
    assert_eq!(ca.states(&case.codes.reference), ["confirmed"]);
    let result = resumed(&case);
    assert_eq!((&result["outcome"], &result["revoked"]["sha256"]), (&json!("revoked"), &json!(sha256)));
    assert_eq!(ca.states(&case.codes.reference), ["revoked"]);
}

#[test]
fn the_ca_is_told_that_nobody_waits_any_more() {
    let ca = Ca::start();
    let waiting = |invitation: &mut Invitation| {
        invitation.renewal.delay = 600;
        invitation.revocation.delay = 600;
    };
    for order in [&["renew", "--no-wait"][..], &["revoke", "--reason", "superseded", "--yes", "--no-wait"]] {
        let (case, sha256) = enrolled(&ca, waiting);
        let job = case.run(&[order, &[&sha256]].concat()).failed(11, "CM-3101", "waiting")["job"].clone();
        let ended = case.run(&["resume", job.as_str().expect("a job"), "--discard"]).ok();
        assert_eq!(ended["outcome"], "nothing-happened", "{ended:#}");
        let states: Vec<String> = ca.transactions(&case.codes.reference).into_iter().map(|row| row.state).collect();
        assert_eq!(states, ["confirmed", "given up"], "{}", order[0]);
        assert_eq!((in_file(&case, "me.p12"), files(&case).len(), case.desk.kept_keys().len()), (sha256, 1, 0));
    }
    // Nobody there who could give the code: given up all the same.
    let case = Case::new(&ca, |invitation| invitation.delay = 600);
    let job = case.enroll(&["--no-wait"]).failed(11, "CM-3101", "waiting")["job"].clone();
    case.run(&["resume", job.as_str().expect("a job"), "--discard"]).ok();
    assert_eq!(ca.transactions(&case.codes.reference)[0].state, "waiting");
}

#[test]
fn refused_and_interrupted_renewals_leave_the_old_one() {
    let ca = Ca::start();
    let (case, old) = enrolled(&ca, |invitation| invitation.renewal.refuse = Some(FailInfo::NotAuthorized));
    case.run(&["renew", &old]).failed(10, "CM-3009", "ca-refused");
    assert_eq!((in_file(&case, "me.p12"), files(&case).len()), (old, 1));
    // The answer is lost: the same order goes on with the same job.
    let (case, old) = enrolled(&ca, |invitation| invitation.renewal.fault = Some(Fault::DropAnswer));
    let last = case.run(&["renew", &old, "--retries", "0"]).failed(12, "CM-3202", "ca-unreachable");
    assert_eq!(in_file(&case, "me.p12"), old);
    let result = case.run(&["renew", &old]).ok();
    assert_eq!(result["job"], last["job"]);
    assert_eq!(ca.states(&case.codes.reference), ["confirmed", "confirmed"]);
    // Not confirmed yet: the old one is still there, beside the new.
    let (case, old) = enrolled(&ca, |invitation| invitation.renewal.fault = Some(Fault::DropConfirm));
    case.run(&["renew", &old, "--retries", "0"]).failed(30, "CM-5001", "unconfirmed");
    assert_eq!(in_file(&case, "me.p12"), old);
    let result = case.run(&["resume"]).ok();
    assert_eq!(in_file(&case, "me.p12"), fingerprint(&result["certificate"]));
    assert_eq!(files(&case), ["me.p12"]);
}

#[test]
fn a_lost_answer_to_a_revocation_is_no_second_one() {
    let ca = Ca::start();
    let (case, sha256) = enrolled(&ca, |invitation| invitation.revocation.fault = Some(Fault::DropAnswer));
    let order = ["revoke", &sha256, "--reason", "superseded", "--yes"];
    case.run(&[&order[..], &["--retries", "0"]].concat()).failed(12, "CM-3202", "ca-unreachable");
    case.run(&order).ok();
    assert_eq!(ca.states(&case.codes.reference), ["revoked"]);
}

#[test]
fn what_the_ca_says_about_itself() {
    let ca = Ca::start_with(&["--new-root"]);
    let (case, sha256) = enrolled(&ca, |invitation| invitation.uses = 0);
    case.desk.run(&["ca", "add", &case.ca, "--json"]).ok();
    let code = case.desk.text("code");
    let codes = ["--reference", &case.codes.reference, "--code-file", &code];
    let own = ["--certificate", &sha256];
    for asker in [&codes[..], &own] {
        let ask = |what: &str, more: &[&str]| case.run(&[&["ca", what, "demo"], asker, more].concat());
        let certificates = ask("certs", &[]).ok()["certificates"].clone();
        assert!(certificates.as_array().is_some_and(|all| !all.is_empty()), "{certificates:#}");
        let template = ask("template", &[]).ok()["template"].clone();
        assert!(template["keys"].as_array().is_some_and(|keys| keys.contains(&json!("ec:p256"))), "{template:#}");
        let crl = ask("crl", &[]).ok()["crl"].clone();
        assert_eq!(crl["revoked"], 0, "{crl:#}");
        let found = ask("root-update", &[]).ok();
        assert_eq!((&found["added"], &found["rootUpdate"]["oldWithNew"]), (&json!(false), &json!(true)), "{found:#}");
    }
    // The new root is trusted after a yes only.
    let roots = || case.desk.run(&["ca", "show", "demo", "--json"]).ok()["profile"]["roots"].as_array().map(Vec::len);
    let update = |more: &[&str]| case.run(&[&["ca", "root-update", "demo", "--accept"], &own[..], more].concat());
    update(&[]).failed(2, "CM-1102", "usage");
    assert_eq!(roots(), Some(1));
    assert_eq!(update(&["--yes"]).ok()["added"], true);
    assert_eq!(update(&["--yes"]).ok()["added"], false);
    assert_eq!(roots(), Some(2));
    // For people.
    let shown = case.desk.run(&["ca", "crl", "demo", "--batch", codes[0], codes[1], codes[2], codes[3]]);
    assert!(shown.exit == Some(0) && shown.stdout.contains("Revoked"), "{shown:?}");
    assert_no_secret(&case.desk.home(), &[PASSWORD, &case.codes.authorization_code]);
}

/// Without `--key` the first kind that the CA asks for, where the profile says that it is to be asked; with it, that one.
#[test]
fn the_ca_is_asked_which_key_it_wants() {
    let ca = Ca::start();
    let text = std::fs::read_to_string(&ca.profile).unwrap();
    let profile =
        text.replacen("[cmp]", "[cmp]\naskTemplate = true", 1).replacen("keys = [", "keys = [\"rsa:2048\", ", 1);
    for (key, made) in [(&[][..], "EC P-256"), (&["--key", "ec:p384"], "EC P-384")] {
        let case = Case::new(&ca, |_| {});
        let profile = case.desk.write("asks.toml", &profile);
        let mut arguments = case.arguments(&case.file(), &[]);
        let at = arguments.iter().position(|argument| argument == "--key").unwrap();
        arguments.splice(at..at + 2, key.iter().map(|argument| (*argument).to_owned()));
        let at = arguments.iter().position(|argument| argument == "--ca").unwrap();
        arguments[at + 1] = profile;
        let ran = case.desk.run(&arguments);
        assert_eq!(ran.ok()["certificate"]["key"], made, "{key:?}");
    }
}

#[test]
fn a_certificate_whose_ca_is_not_known_here() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let case = Case::new(&ca, |_| {});
    let result = finish(case.command(&token, &case.arguments(&token.uri(), &[])).spawn().expect("chopmark")).ok();
    let sha256 = fingerprint(&result["certificate"]);
    // The same token at another computer.
    let other = Case::new(&ca, |_| {});
    let pin = token.pin_file().display().to_string();
    let renew = |more: &[&str]| {
        let order = [&["renew", &sha256, "--json", "--batch", "--pin-file", &pin], more].concat();
        finish(
            other.command(&token, &order.into_iter().map(str::to_owned).collect::<Vec<_>>()).spawn().expect("chopmark"),
        )
    };
    renew(&[]).failed(2, "CM-1111", "usage");
    renew(&["--ca", "demo"]).failed(2, "CM-1103", "usage");
    other.desk.run(&["ca", "add", &other.ca, "--json"]).ok();
    let result = renew(&["--ca", "demo"]).ok();
    assert_eq!(result["replaced"]["sha256"], sha256);
    assert_eq!(ca.states(&case.codes.reference), ["confirmed", "confirmed"]);
}
