//! Enrolment onto SoftHSM2 by the real command, against the demo CA; judged by pkcs11-tool and OpenSSL.
#![cfg(target_os = "linux")]

mod care;
mod doctor;
mod logins;

use chopmark_tests::{
    bench::{
        ca::Ca,
        command::Desk,
        token::{Token, soft_hsm_module},
    },
    judge::{calls, objects, pkcs11_tool, spy_module},
    token_table::{self, chopmark, enroll},
};

#[test]
fn soft_hsm() {
    token_table::check(&Token::soft_hsm(), &[token_table::ED25519]);
}

#[test]
fn soft_hsm_renewal_and_revocation() {
    token_table::check_renewal_and_revocation(&Token::soft_hsm());
}

#[test]
fn the_token_is_found_by_itself() {
    let (token, ca, desk) = (Token::soft_hsm(), Ca::start(), Desk::new());
    // The system's package has it in one folder and a link in another.
    let real = |path: &str| std::fs::canonicalize(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let module = real(&soft_hsm_module().display().to_string());
    let is_it = |path: &serde_json::Value| path.as_str().is_some_and(|path| real(path) == module);
    let tokens = chopmark(&desk, &token, &["tokens"]).ok();
    let listed = tokens["tokens"].as_array().cloned().unwrap_or_default();
    let mine: Vec<_> = listed.iter().filter(|one| one["label"] == "Alice").collect();
    assert_eq!(mine.len(), 1, "{tokens}");
    assert_eq!((&mine[0]["pin"], &mine[0]["driverName"]), (&"ok".into(), &"SoftHSM 2".into()), "{tokens}");
    let drivers = chopmark(&desk, &token, &["drivers", "--scan"]).ok();
    let scanned = drivers["drivers"].as_array().cloned().unwrap_or_default();
    let found = scanned.iter().find(|one| is_it(&one["path"]));
    assert!(found.is_some_and(|one| one["problem"].is_null() && one["name"] == "SoftHSM 2"), "{drivers}");

    // No driver named: the token's label is enough.
    let (pin, codes) = (token.pin_file().display().to_string(), ca.invite(|_| ()));
    let order = ["--place", "pkcs11:token=Alice", "--pin-file", &pin, "--key", "ec:p256"];
    let ran = enroll(&desk, &token, &ca, &codes, &order);
    assert!(is_it(&ran.ok()["driver"]), "{ran:?}");
    let told = ran.lines().into_iter().find(|event| event["event"] == "driver");
    assert!(told.is_some_and(|event| event["token"] == "Alice" && is_it(&event["driver"])), "{ran:?}");
}

/// A PIN that stands in a file is tried once: a token that locks after three wrong ones must not be used up by us.
#[test]
fn a_wrong_pin_is_tried_once() {
    let (mut token, ca, desk) = (Token::soft_hsm(), Ca::start(), Desk::new());
    let log = desk.path("spy.log");
    token.env.push(("PKCS11SPY".to_owned(), token.module.display().to_string()));
    token.env.push(("PKCS11SPY_OUTPUT".to_owned(), log.display().to_string()));
    let spied = |pin: &str| format!("pkcs11:token=Alice?module-path={}&pin-source=file:{pin}", spy_module().display());
    let codes = ca.invite(|_| ());
    let wrong = spied(&desk.write("wrong-pin", "999999"));
    let failed = enroll(&desk, &token, &ca, &codes, &["--place", &wrong]).failed(21, "CM-2103", "pin");
    assert_eq!(calls(&log, "C_Login"), 1, "{failed}");
    assert!(pkcs11_tool(&token, &["-L"]).contains("user PIN count low"), "SoftHSM has seen a wrong PIN");
    assert!(objects(&token).is_empty() && ca.transactions(&codes.reference).is_empty(), "{failed}");

    // The codes are not spent; with the right PIN they do.
    let right = spied(&token.pin_file().display().to_string());
    enroll(&desk, &token, &ca, &codes, &["--place", &right, "--key", "ec:p256"]).ok();
    assert_eq!(ca.states(&codes.reference), ["confirmed"]);
}
