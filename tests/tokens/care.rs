//! Taking care of tokens: SoftHSM2 for real, and a fake key with a PIN pad.

use chopmark_tests::{
    bench::{
        command::Desk,
        token::{PIN, SO_PIN, Token},
    },
    care_table::{self, Carer},
};

#[test]
fn soft_hsm_pins() {
    care_table::check_pins(&Token::soft_hsm());
}

#[test]
fn soft_hsm_objects() {
    care_table::check_objects(&Token::soft_hsm());
}

/// A token that was never set up has no name yet, and gets its first administrator PIN.
#[test]
fn an_empty_token_is_set_up() {
    let token = Token::empty_soft_hsm();
    let carer = Carer { token: &token, desk: Desk::new() };
    let empty = format!("pkcs11:token=?module-path={}", token.module.display());
    let init = |so: &str, new: &str| {
        carer.run_at(&empty, "init", &["--label", "Alice"], &[("--so-pin-file", so), ("--new-pin-file", new)])
    };
    // The token says that it takes 4 to 255: it is not asked.
    let short = init("123", PIN).failed(21, "CM-2110", "pin");
    assert!(short["message"].as_str().is_some_and(|text| text.contains("4 to 255")), "{short}");
    init(SO_PIN, "1").failed(21, "CM-2110", "pin");
    let shown = carer.run_at(&empty, "show", &[], &[]).ok();
    assert_eq!(shown["token"]["token"]["initialized"], false, "{shown}");
    carer.run_at(&empty, "objects", &[], &[("--pin-file", PIN)]).failed(22, "CM-2108", "token");
    init(SO_PIN, PIN).ok();
    assert_eq!(carer.objects(PIN).len(), 0);
    // A second one beside it is found by its new name, not taken for the first.
    let second =
        carer.run_at(&empty, "init", &["--label", "Bob"], &[("--so-pin-file", SO_PIN), ("--new-pin-file", PIN)]);
    assert_eq!(second.ok()["token"]["token"]["label"], "Bob");
}

/// The fake with a PIN pad takes NULL only, so whoever sends it a PIN fails. No PIN is asked for and no file is read.
#[test]
fn a_pin_pad_asks_by_itself() {
    let token = Token::faulty("pin-pad");
    let carer = Carer { token: &token, desk: Desk::new() };
    for (verb, more) in [
        ("objects", &[][..]),
        ("change-pin", &[]),
        ("change-pin", &["--so"]),
        ("set-pin", &[]),
        ("unblock", &[]),
        ("init", &["--label", "Carol", "--confirm-label", "FAULTY"]),
    ] {
        let ran = carer.run(verb, more, &[]);
        ran.ok();
        assert!(ran.stderr.contains("on the device"), "{verb}: {ran:?}");
    }
    let shown = carer.run("show", &[], &[]).ok();
    assert_eq!(shown["token"]["token"]["pinPad"], true, "{shown}");

    let stopped = Token::faulty("pin-pad-stop");
    let carer = Carer { token: &stopped, desk: Desk::new() };
    for verb in ["objects", "change-pin", "set-pin"] {
        carer.run(verb, &[], &[]).failed(130, "CM-1201", "cancelled");
    }
}

#[test]
fn a_token_that_others_use_is_named_so() {
    let token = Token::faulty("busy");
    let carer = Carer { token: &token, desk: Desk::new() };
    let sure = ["--label", "Carol", "--confirm-label", "FAULTY"];
    let secrets = [("--so-pin-file", SO_PIN), ("--new-pin-file", PIN)];
    carer.run("init", &sure, &secrets).failed(22, "CM-2209", "token");
}
