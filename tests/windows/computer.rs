//! The place `computer`: a key in a CSP or KSP, the certificate in CurrentUser\MY, bound to it; used by a program that knows nothing
//! of us.

use std::{
    io::{BufRead, BufReader},
    path::Path,
};

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{Desk, finish},
};
use serde_json::Value;

use crate::wine::{Empty, binder, chopmark, order, path, programs, run};

pub(crate) const CSP: &str = "computer:provider=Microsoft%20Enhanced%20RSA%20and%20AES%20Cryptographic%20Provider";
const KSP: &str = "computer:provider=Microsoft%20Software%20Key%20Storage%20Provider";
const NAME: &str = "Alice of MY";

fn invited(ca: &Ca, delay: u64) -> Codes {
    ca.invite(|invitation| {
        invitation.subject = format!("CN={NAME},O=Acme");
        invitation.delay = delay;
    })
}

fn enroll(desk: &Desk, ca: &Ca, codes: &Codes, place: &str, key: &str) -> std::process::Child {
    let mut command = chopmark(desk, &[]);
    command.args(order(desk, ca, codes, &["--place", place, "--key", key]));
    command.spawn().expect("wine starts")
}

/// Containers of ours.
pub(crate) fn keys() -> Vec<String> {
    binder(&["keys"]).lines().map(str::trim).filter(|name| name.starts_with("chopmark-")).map(str::to_owned).collect()
}

/// Fingerprints in the store.
pub(crate) fn listed(desk: &Desk) -> Vec<String> {
    let listed = run(desk, &["certs", "--place", "computer"]).ok();
    let all = listed["certificates"].as_array().unwrap_or_else(|| panic!("{listed}")).clone();
    all.iter().filter_map(|one| one["certificate"]["sha256"].as_str().map(str::to_owned)).collect()
}

fn sha256(result: &Value) -> String {
    result["certificate"]["sha256"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned()
}

#[test]
fn enrolled_with_a_csp_found_again_renewed_and_revoked() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let (ca, desk) = (Ca::start(), Desk::new());
    for place in [CSP, "computer"] {
        let codes = invited(&ca, 0);
        let enrolled = finish(enroll(&desk, &ca, &codes, place, "rsa:2048")).ok();
        assert_eq!((&enrolled["proved"], &enrolled["confirmed"]), (&true.into(), &true.into()), "{enrolled}");
        assert_eq!(ca.states(&codes.reference), ["confirmed"]);
        assert_eq!((listed(&desk), keys().len()), (vec![sha256(&enrolled)], 1), "{place}");
        assert!(binder(&["use", NAME]).contains("signed and verified"));
        let shown = run(&desk, &["show", &sha256(&enrolled)]).ok();
        let seen = |program: &str| {
            let rows = shown["programs"].as_array().unwrap_or_else(|| panic!("{shown}"));
            rows.iter().find(|row| row["program"] == program).map(|row| row["sight"].clone())
        };
        // Wine brings one program that uses the store.
        assert_eq!(seen("Internet Explorer"), Some("sees".into()), "{shown}");
        assert_eq!(shown["binding"]["opens"], true, "{shown}");

        // Its usage says keyEncipherment: the old key may still be needed, and stays.
        let renewed = run(&desk, &["renew", &sha256(&enrolled)]).ok();
        assert_eq!(renewed["replaced"]["kept"], true, "{renewed}");
        assert_eq!((listed(&desk).len(), keys().len()), (2, 2), "{place}");
        let revoke = |of: &Value| run(&desk, &["--yes", "revoke", &sha256(of), "--reason", "superseded"]).ok();
        revoke(&enrolled);
        revoke(&renewed);
        empty_again();
    }
    let journal = run(&desk, &["journal"]).ok();
    assert_eq!(journal["jobs"].as_array().map(Vec::len), Some(8), "{journal}");
    // Nobody named a provider the second time: the KSP came first, and Wine's does not keep what it makes.
    assert!(journal.to_string().contains("CM-2903"), "{journal}");
}

/// It comes with the certificate, and is brought like one out of a file.
#[test]
fn a_key_that_the_ca_makes_goes_in_too() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let (ca, desk) = (Ca::start(), Desk::new());
    let codes = invited(&ca, 0);
    let mut command = chopmark(&desk, &[]);
    command.args(order(&desk, &ca, &codes, &["--place", CSP, "--key", "rsa:2048", "--key-by-ca"]));
    let enrolled = finish(command.spawn().expect("wine starts")).ok();
    assert_eq!((&enrolled["proved"], &enrolled["confirmed"]), (&true.into(), &true.into()), "{enrolled}");
    assert_eq!((listed(&desk), keys().len()), (vec![sha256(&enrolled)], 1));
    assert!(binder(&["use", NAME]).contains("signed and verified"));
}

fn empty_again() {
    crate::wine::empty();
    assert!(keys().is_empty());
}

/// What cannot be done is told before the codes are spent, and leaves no key.
#[test]
fn what_a_provider_cannot_do_is_told_first() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let (ca, desk) = (Ca::start(), Desk::new());
    for (place, key, exit, code) in [
        (KSP, "rsa:2048", 20, "CM-2903"),
        (KSP, "ec:p256", 20, "CM-2902"),
        (CSP, "ec:p256", 20, "CM-2902"),
        ("computer", "ed25519", 20, "CM-2902"),
        ("computer:provider=No%20such%20one", "rsa:2048", 20, "CM-2901"),
        ("computer:store=Z%3A%5Ctmp%5Cdb", "rsa:2048", 2, "CM-1101"),
    ] {
        let codes = invited(&ca, 0);
        let ran = finish(enroll(&desk, &ca, &codes, place, key));
        assert_eq!((ran.exit, &ran.last()["code"]), (Some(exit), &Value::from(code)), "{place} {key}: {ran:?}");
        assert!(ca.transactions(&codes.reference).is_empty(), "{place} {key}: the codes are not spent");
        let jobs = run(&desk, &["journal"]).ok()["jobs"].clone();
        assert!(!jobs.to_string().contains("\"interrupted\""), "{place} {key}: nothing is left to clean up: {jobs}");
    }
    assert_eq!((listed(&desk), keys()), (vec![], vec![]));
}

/// Killed as each of its steps begins, and while the CA lets it wait: resumed to the same end, with one key.
#[test]
fn killed_between_any_two_steps_and_resumed() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let (ca, desk) = (Ca::start(), Desk::new());
    let whole = finish(enroll(&desk, &ca, &invited(&ca, 0), CSP, "rsa:2048"));
    assert_eq!(whole.exit, Some(0), "{whole:?}");
    let steps = whole.lines().into_iter().filter(|line| line["event"] == "step");
    let mut points: Vec<(u64, String)> =
        steps.filter_map(|line| Some((0, format!(r#""step":"{}""#, line["step"].as_str()?)))).collect();
    assert!(points.len() >= 6, "{points:?}");
    points.push((3, r#""event":"waiting""#.to_owned()));
    for (job, (delay, at)) in (2_u32..).zip(points) {
        empty_again();
        let codes = invited(&ca, delay);
        let mut child = enroll(&desk, &ca, &codes, CSP, "rsa:2048");
        let stdout = BufReader::new(child.stdout.take().expect("its standard output"));
        assert!(stdout.lines().map_while(Result::ok).any(|line| line.contains(&at)), "it never came to {at}");
        child.kill().expect("killed");
        child.wait().expect("gone");
        let code = path(Path::new(&desk.path("code")));
        let resumed = run(&desk, &["resume", &job.to_string(), "--code-file", &code]);
        assert_eq!(resumed.exit, Some(0), "{at}: {resumed:?}");
        assert_eq!(ca.states(&codes.reference), ["confirmed"], "{at}");
        assert_eq!((listed(&desk).len(), keys().len()), (1, 1), "{at}");
        assert!(binder(&["use", NAME]).contains("signed and verified"), "{at}");
    }
}

/// Given up while the CA lets it wait: the key goes.
#[test]
fn a_job_that_is_given_up_leaves_nothing() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let (ca, desk) = (Ca::start(), Desk::new());
    let codes = invited(&ca, 600);
    let mut command = chopmark(&desk, &[]);
    command.args(order(&desk, &ca, &codes, &["--place", CSP, "--key", "rsa:2048", "--no-wait"]));
    finish(command.spawn().expect("wine starts")).failed(11, "CM-3101", "waiting");
    assert_eq!(keys().len(), 1);
    let code = path(Path::new(&desk.path("code")));
    run(&desk, &["resume", "1", "--discard", "--code-file", &code]).ok();
    assert_eq!((listed(&desk), keys()), (vec![], vec![]));
}
