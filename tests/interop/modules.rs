//! Enrolment by `chopmark enroll` onto every PKCS#11 module we can have without hardware, with **no driver named**: the right one is
//! picked among all that are installed, the key is made on the token, the certificate is proved and confirmed. Programs of the module's
//! own makers judge what lies there. What each gave stands in docs/TOKENS.md.

mod bench;
mod judge;
mod life;
mod page;
mod removal;
mod situations;

use bench::Bench;
use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{Desk, Ran, finish},
};
use chopmark_tests::judge::calls;
use page::{Part, Row};

/// How an enrolment must end.
enum End {
    /// Usable, proved, confirmed.
    Confirmed,
    /// Refused before anything was sent: exit code, number, class, part of the sentence.
    Refused(i32, &'static str, &'static str, &'static str),
}

use End::{Confirmed, Refused};

/// `chopmark enroll` with the place's label and nothing about the driver.
fn enroll(desk: &Desk, bench: &Bench, ca: &Ca, codes: &Codes, key: &str) -> Ran {
    let (profile, code) = (ca.profile.display().to_string(), desk.write("code", &codes.authorization_code));
    let mut command = desk.command(&["--json", "--batch", "--lang", "en", "enroll", "--key", key]);
    command.args(["--ca", &profile, "--reference", &codes.reference, "--code-file", &code]);
    command.args(["--place", &bench.place()]);
    with_secrets(desk, bench, &mut command);
    finish(command.spawn().expect("chopmark starts"))
}

/// `chopmark resume JOB` with the same secrets.
fn resume(desk: &Desk, bench: &Bench, codes: &Codes, job: &str) -> Ran {
    let code = desk.write("code", &codes.authorization_code);
    let mut command = desk.command(&["--json", "--batch", "--lang", "en", "resume", job, "--code-file", &code]);
    with_secrets(desk, bench, &mut command);
    finish(command.spawn().expect("chopmark starts"))
}

fn with_secrets(desk: &Desk, bench: &Bench, command: &mut std::process::Command) {
    if let (Some(password), Some(_)) = (bench.pin, &bench.nss) {
        command.args(["--password-file", &desk.write("password", password)]);
    } else if let Some(pin) = bench.pin {
        command.args(["--pin-file", &desk.write("pin", pin)]);
    }
    if let Some(pin) = bench.officer {
        command.args(["--so-pin-file", &desk.write("so-pin", pin)]);
    }
    command.envs(bench.env.iter().cloned());
}

/// Enrols one kind of key after the other and looks each time at what lies on the token; the part of the page is then written or compared.
fn check(title: &str, bench: &Bench, rows: &[(&str, End)]) {
    let (ca, desk) = (Ca::start(), Desk::new());
    let mut part = Part::new(title, &bench.version);
    for (key, end) in rows {
        let codes = ca.invite(|invitation| invitation.subject = "CN=Alice Example,O=Acme".into());
        let ran = enroll(&desk, bench, &ca, &codes, key);
        match end {
            Confirmed => {
                let result = ran.ok();
                assert!(result["proved"] == true && result["confirmed"] == true, "{title} {key}: {result}");
                assert_eq!(ca.states(&codes.reference), ["confirmed"], "{title} {key}");
                let driver = result["driver"].as_str().unwrap_or_default();
                // A store is no matter of drivers to anybody.
                let file =
                    if bench.nss.is_some() { bench.driver } else { driver.rsplit('/').next().unwrap_or_default() };
                assert!(file.starts_with(bench.driver), "{title} {key}: the wrong driver, {driver}");
                let judged = judge::check(bench, &ca, &result);
                part.timed(key, &result);
                part.rows.push(Row::confirmed(key, file, &result, &bench.checked_by(&judged)));
            }
            Refused(exit, code, class, words) => {
                let failed = ran.failed(*exit, code, class);
                let message = failed["message"].as_str().unwrap_or_default();
                assert!(message.contains(words), "{title} {key}: {message}");
                assert!(ca.transactions(&codes.reference).is_empty(), "{title} {key}: the codes were spent");
                part.rows.push(Row::refused(key, code, message));
            }
        }
    }
    part.learned = page::learned(&desk.home());
    page::bring_in(part);
}

/// Says why a module's rows are left out; in CI, which installs or builds all of them (`xtask/src/rings.rs`), that is a failure.
fn have<T>(title: &str, bench: Result<T, String>) -> Option<T> {
    bench
        .inspect_err(|why| {
            assert!(std::env::var_os("CI").is_none(), "{title}: {why}, though CI has to have it");
            eprintln!("skipped: {title}: {why}");
        })
        .ok()
}

#[test]
fn soft_hsm() {
    let Some(bench) = have("SoftHSM 2", Bench::soft_hsm()) else { return };
    check("SoftHSM 2", &bench, &[("rsa:2048", Confirmed), ("ec:p256", Confirmed), ("ed25519", Confirmed)]);
}

#[test]
fn kryoptic() {
    let Some(bench) = have("Kryoptic", Bench::kryoptic()) else { return };
    check("Kryoptic", &bench, &[("rsa:2048", Confirmed), ("ec:p256", Confirmed)]);
}

#[test]
fn nss() {
    let Some(bench) = have("NSS softokn", Bench::nss(None)) else { return };
    check("NSS softokn, no password", &bench, &[("rsa:2048", Confirmed), ("ec:p256", Confirmed)]);
}

#[test]
fn nss_with_a_password() {
    let Some(bench) = have("NSS softokn with a password", Bench::nss(Some("correct horse"))) else { return };
    check("NSS softokn, with a password", &bench, &[("rsa:2048", Confirmed), ("ec:p256", Confirmed)]);
}

#[test]
fn tpm2() {
    let Some(bench) = have("tpm2-pkcs11", Bench::tpm2()) else { return };
    check("tpm2-pkcs11 on swtpm", &bench, &[("rsa:2048", Confirmed), ("ec:p256", Confirmed)]);
}

/// Two places, then there is no room: nothing is overwritten. OpenSC sees the card, too, and is not picked.
#[test]
fn piv() {
    let Some(bench) = have("virtual PIV card", Bench::piv()) else { return };
    let full = Refused(22, "CM-2201", "token", "9A: X.509 Certificate for PIV Authentication, 9C:");
    check("Virtual PIV card, ykcs11", &bench, &[("rsa:2048", Confirmed), ("ec:p256", Confirmed), ("rsa:2048", full)]);
}

#[test]
fn open_pgp() {
    for (title, key) in [("Virtual OpenPGP card, OpenSC", "rsa:2048"), ("Virtual OpenPGP card, OpenSC, EC", "ec:p256")]
    {
        let Some(bench) = have("virtual OpenPGP card", Bench::open_pgp()) else { return };
        let full = Refused(22, "CM-2201", "token", "AUT: ");
        check(title, &bench, &[(key, Confirmed), (key, full)]);
    }
}

/// The card's signature key: OpenSC 0.23 stores no certificate for it (CKR_PIN_LEN_RANGE, CKR_USER_NOT_LOGGED_IN), so none is made.
#[test]
fn open_pgp_signature_key() {
    let Some(mut bench) = have("virtual OpenPGP card", Bench::open_pgp()) else { return };
    bench.label = "OpenPGP card (User PIN (sig))".into();
    let refused = Refused(22, "CM-2201", "token", "no room");
    check("Virtual OpenPGP card, OpenSC, signature key", &bench, &[("rsa:2048", refused)]);
}

/// OpenSC shows a key it has just made wrongly, until it is initialised anew. That is learned from the first card; what the driver shows
/// of the second card's key is not looked at before.
#[test]
fn the_second_open_pgp_card_is_initialised_anew_at_once() {
    let (ca, desk) = (Ca::start(), Desk::new());
    let mut looked = Vec::new();
    for card in ["first", "second"] {
        let Some(mut bench) = have("virtual OpenPGP card", Bench::open_pgp()) else { return };
        let log = desk.path(&format!("{card}.log"));
        bench.spied(&log);
        let learned = std::fs::read_to_string(desk.home().join("learned.toml")).unwrap_or_default();
        assert_eq!(learned.contains("reinitialize = true"), card == "second", "{learned}");
        enroll(&desk, &bench, &ca, &ca.invite(|_| ()), "ec:p256").ok();
        let text = std::fs::read_to_string(&log).expect("the spy's log");
        let (_, after) = text.rsplit_once(": C_GenerateKeyPair\n").expect("a key was made");
        let (until, _) = after.split_once(": C_Finalize\n").expect("the driver was begun anew");
        looked.push((calls(&log, "C_GenerateKeyPair"), until.matches(": C_GetAttributeValue\n").count()));
    }
    eprintln!("keys asked for, and looks at the new one before the driver is begun anew: {looked:?}");
    assert!(looked[0].0 == 2 && looked[0].1 > 0, "{looked:?}");
    assert_eq!(looked[1], (1, 0));
}

/// What the first key of a model was refused is not tried for the second: one call for the key, not as the user first and not with the
/// template that ykcs11 does not take, and one for the certificate.
#[test]
fn the_second_key_of_a_model_takes_fewer_calls() {
    let Some(mut bench) = have("virtual PIV card", Bench::piv()) else { return };
    let (ca, desk) = (Ca::start(), Desk::new());
    let mut counts = Vec::new();
    for round in ["first", "second"] {
        let log = desk.path(&format!("{round}.log"));
        bench.spied(&log);
        let codes = ca.invite(|_| ());
        enroll(&desk, &bench, &ca, &codes, "rsa:2048").ok();
        counts.push(["C_GenerateKeyPair", "C_CreateObject"].map(|function| calls(&log, function)));
    }
    eprintln!("calls to make a key and to store a certificate, first and second: {counts:?}");
    assert!(counts[0][0] > 1 && counts[0][1] > 1, "{counts:?}");
    assert_eq!(counts[1], [1, 1]);
}
