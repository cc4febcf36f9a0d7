//! Hot removal: the card leaves the reader in the middle of making the key, of signing, of storing the certificate. The job ends with
//! its finding; with the card back in, `chopmark resume` leaves one certificate beside its key, and nothing else.

use chopmark_tests::bench::{ca::Ca, command::Desk};

use super::{bench::Bench, enroll, have, judge, resume};

/// When the card leaves: at this command (INS P1 P2), after so many of them, once it is done or before.
struct Row {
    when: &'static str,
    at: &'static str,
    skip: &'static str,
    done: bool,
}

const fn row(when: &'static str, at: &'static str, skip: &'static str, done: bool) -> Row {
    Row { when, at, skip, done }
}

/// GENERATE ASYMMETRIC KEY PAIR, GENERAL AUTHENTICATE with 9A, PUT DATA: ykcs11's own certificate for a new key is the first.
const PIV: &[Row] = &[
    row("making the key", "47", "0", false),
    row("making the key, which the card has then", "47", "0", true),
    row("storing what ykcs11 puts beside a new key", "DB", "0", false),
    row("signing the request", "87079A", "0", false),
    row("storing the certificate", "DB", "1", false),
    row("storing the certificate, which the card has then", "DB", "1", true),
    row("signing the proof", "87079A", "1", false),
];

/// GENERATE ASYMMETRIC KEY PAIR, INTERNAL AUTHENTICATE, PUT DATA of the certificate.
const OPEN_PGP: &[Row] = &[
    row("making the key", "478000", "0", false),
    row("signing the request", "880000", "0", false),
    row("storing the certificate", "DA7F21", "0", false),
    row("storing the certificate, which the card has then", "DA7F21", "0", true),
    row("signing the proof", "880000", "1", false),
];

fn check(title: &str, new: fn() -> Result<Bench, String>, row: &Row) {
    let Some(mut bench) = have(title, new()) else { return };
    let (ca, desk, when) = (Ca::start(), Desk::new(), row.when);
    let codes = ca.invite(|invitation| invitation.subject = "CN=Alice Example,O=Acme".into());
    let card = bench.card.as_mut().expect("a card");
    let mut options = vec!["--pull-at", row.at, "--skip", row.skip];
    options.extend(row.done.then_some("--pull-after"));
    card.put_in(&options);
    let ran = enroll(&desk, &bench, &ca, &codes, "rsa:2048");
    assert!(bench.card.as_mut().is_some_and(|card| card.has_left()), "{title}: nothing pulled while {when}: {ran:?}");
    let failed = ran.failed(22, "CM-2203", "token");

    bench.card.as_mut().expect("a card").put_in(&[]);
    let job = failed["job"].as_str().unwrap_or_else(|| panic!("{title}, {when}: the job is over: {failed}"));
    resume(&desk, &bench, &codes, job).ok();
    // Nothing had been sent: what was made is cleaned up, the codes are still good, and it is ordered again.
    if ca.states(&codes.reference).is_empty() {
        enroll(&desk, &bench, &ca, &codes, "rsa:2048").ok();
    }
    assert_eq!(ca.states(&codes.reference), ["confirmed"], "{title}, {when}");
    let listed = judge::tool(&bench, &["-O"]);
    let count = |kind: &str| listed.matches(kind).count();
    let counts = (count("Private Key Object"), count("Certificate Object"));
    assert_eq!(counts, (1, 1), "{title}, {when}: {listed}");
    assert!(listed.contains("CN=Alice Example"), "{title}, {when}: {listed}");
}

fn all(title: &str, new: fn() -> Result<Bench, String>, rows: &[Row]) {
    let failed = rows
        .iter()
        .filter(|row| {
            let good = std::panic::catch_unwind(|| check(title, new, row)).is_ok();
            eprintln!("{title}, pulled while {}: {}", row.when, if good { "as expected" } else { "FAILED" });
            !good
        })
        .count();
    assert_eq!(failed, 0, "{title}: {failed} of {} rows failed", rows.len());
}

#[test]
fn piv() {
    all("Virtual PIV card, ykcs11", Bench::piv, PIV);
}

#[test]
fn open_pgp() {
    all("Virtual OpenPGP card, OpenSC", Bench::open_pgp, OPEN_PGP);
}
