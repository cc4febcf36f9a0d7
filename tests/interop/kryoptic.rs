//! A second PKCS#11 module, independent of SoftHSM2: the same table.

use std::path::PathBuf;

use chopmark_tests::{
    bench::{
        ca::Ca,
        command::Desk,
        token::{PIN, SO_PIN, Token},
    },
    care_table::{self, Carer, OTHER_PIN},
    scene::Scene,
    token_table::{self, enroll},
};

/// Built by `cargo xtask interop`, which fails in CI when it cannot.
fn module() -> Option<PathBuf> {
    let module = std::env::var_os("CHOPMARK_KRYOPTIC_MODULE").map(PathBuf::from);
    if module.is_none() {
        eprintln!("skipped: kryoptic: CHOPMARK_KRYOPTIC_MODULE is not set; `cargo xtask interop` builds and sets it");
    }
    module
}

#[test]
fn kryoptic() {
    let Some(module) = module() else { return };
    // Built without Ed25519, which needs a newer OpenSSL than the system's.
    token_table::check(&Token::kryoptic(&module), &[]);
}

#[test]
fn kryoptic_renewal_and_revocation() {
    let Some(module) = module() else { return };
    token_table::check_renewal_and_revocation(&Token::kryoptic(&module));
}

/// As the check-up says it, each state made in the way it comes about: by wrong PINs, and one that the maker has set.
#[test]
fn the_check_up_knows_its_pins() {
    let Some(module) = module() else { return };
    let token = Token::kryoptic(&module);
    let scene = Scene::new().with_token(&token).with_module(&module);
    let carer = Carer { token: &token, desk: Desk::new() };
    let wrong = ("--pin-file", "99999999");
    let after = |times: usize, verb: &str, more: &[&str], secrets: &[(&str, &str)]| {
        for _ in 0..times {
            assert_eq!(carer.run(verb, more, secrets).exit, Some(21), "a wrong PIN");
        }
        scene.found("Alice")
    };
    let user = |times| after(times, "objects", &[], &[wrong]);
    assert_eq!(user(0), "");
    assert_eq!(user(6), "", "four tries left");
    assert_eq!(user(1), "CM-2601 warning", "three left");
    assert_eq!(user(2), "CM-2602 warning", "one left");
    assert_eq!(user(1), "CM-2104 error");
    let new = ("--new-pin-file", PIN);
    carer.run("unblock", &[], &[("--so-pin-file", SO_PIN), new]).ok();
    let officer = |times| after(times, "unblock", &[], &[("--so-pin-file", "99999999"), new]);
    assert_eq!(officer(0), "");
    assert_eq!(officer(7), "CM-2603 note");
    assert_eq!(officer(2), "CM-2604 warning");
    assert_eq!(officer(1), "CM-2605 warning");

    // The maker's own PIN, as kryoptic keeps it (`USER_FLAGS_DEFAULT_PIN`).
    let token = Token::kryoptic(&module);
    let scene = Scene::new().with_token(&token).with_module(&module);
    let database = rusqlite::Connection::open(token.folder().join("token.sql")).expect("its database");
    let set = "INSERT INTO meta (name, value, data) VALUES ('USER FLAGS', 'USER', x'01000000')";
    database.execute(set, []).expect("the flag");
    drop(database);
    assert_eq!(scene.found("Alice"), "CM-2105 warning");
    // It opens the token all the same.
    let carer = Carer { token: &token, desk: Desk::new() };
    carer.run("objects", &[], &[("--pin-file", PIN)]).ok();
}

/// kryoptic counts: ten wrong tries and it locks. Each run of ours costs one.
#[test]
fn a_locked_pin_is_told_from_a_wrong_one() {
    let Some(module) = module() else { return };
    let (token, ca, desk) = (Token::kryoptic(&module), Ca::start(), Desk::new());
    let codes = ca.invite(|_| ());
    let wrong = format!("{}&pin-source=file:{}", token.uri_without_pin(), desk.write("wrong-pin", "99999999"));
    for _ in 1..=9 {
        enroll(&desk, &token, &ca, &codes, &["--place", &wrong]).failed(21, "CM-2103", "pin");
    }
    enroll(&desk, &token, &ca, &codes, &["--place", &wrong]).failed(21, "CM-2104", "pin");
    enroll(&desk, &token, &ca, &codes, &["--place", &token.uri()]).failed(21, "CM-2104", "pin");
    assert!(ca.transactions(&codes.reference).is_empty(), "nothing was sent");
}

#[test]
fn kryoptic_pins() {
    let Some(module) = module() else { return };
    care_table::check_pins(&Token::kryoptic(&module));
}

#[test]
fn kryoptic_objects() {
    let Some(module) = module() else { return };
    care_table::check_objects(&Token::kryoptic(&module));
}

/// Ten wrong PINs, each typed by a person, lock it; the security officer's PIN unlocks it, and what was on it is there still.
#[test]
fn a_locked_token_is_unblocked() {
    let Some(module) = module() else { return };
    let token = Token::kryoptic(&module);
    let (ca, carer) = (Ca::start(), Carer { token: &token, desk: Desk::new() });
    enroll(&carer.desk, &token, &ca, &ca.invite(|_| ()), &["--place", &token.uri(), "--key", "ec:p256"]).ok();
    let state = |member: &str| carer.run("show", &[], &[]).ok()["token"][member].clone();
    let wrong = || carer.run("change-pin", &[], &[("--pin-file", "99999999"), ("--new-pin-file", OTHER_PIN)]);
    for _ in 1..=9 {
        wrong().failed(21, "CM-2103", "pin");
    }
    assert_eq!(state("triesLeft"), 1, "told before the last one");
    wrong().failed(21, "CM-2104", "pin");
    assert_eq!(state("triesLeft"), 0);
    carer.run("objects", &[], &[("--pin-file", PIN)]).failed(21, "CM-2104", "pin");
    carer.run("change-pin", &[], &[("--pin-file", PIN), ("--new-pin-file", OTHER_PIN)]).failed(21, "CM-2104", "pin");

    carer.run("unblock", &[], &[("--so-pin-file", SO_PIN), ("--new-pin-file", OTHER_PIN)]).ok();
    assert_eq!(state("triesLeft"), serde_json::Value::Null);
    let kept = carer.objects(OTHER_PIN).iter().filter(|one| one["kind"] == "key").count();
    assert_eq!(kept, 1, "the key");
}
