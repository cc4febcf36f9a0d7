//! PKCS#12 files into CurrentUser\MY and out of it. OpenSSL writes and reads them; a program that knows nothing of us uses what lies there.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Command,
};

use chopmark_tests::bench::{
    command::{Desk, Ran, finish},
    programs::run as run_program,
};

use crate::{
    computer::{CSP, keys, listed},
    wine::{Empty, binder, chopmark, path, programs, run},
};

const NAME: &str = "Bob of a file";
const PASSWORD: &str = "correct horse 口令";

/// A file with a key of this kind, and its password in another.
fn file(desk: &Desk, key: &str) -> String {
    let (pem, certificate, p12) = (desk.text("key.pem"), desk.text("cert.pem"), desk.text("bob.p12"));
    let password = format!("file:{}", desk.write("password", PASSWORD));
    let made = ["req", "-x509", "-newkey", key, "-nodes", "-days", "30", "-keyout", &pem, "-out", &certificate];
    let curve: &[&str] = if key == "ec" { &["-pkeyopt", "ec_paramgen_curve:P-256"] } else { &[] };
    run_program(Command::new("openssl").args(made).args(curve).args(["-subj", &format!("/CN={NAME}")]));
    let pack = ["pkcs12", "-export", "-inkey", &pem, "-in", &certificate, "-out", &p12, "-passout", &password];
    run_program(Command::new("openssl").args(pack));
    p12
}

fn import(desk: &Desk, file: &str, more: &[&str]) -> std::process::Child {
    let (file, password) = (path(Path::new(file)), path(&desk.path("password")));
    let mut command = chopmark(desk, &["import", &file, "--password-file", &password]);
    command.args(more).spawn().expect("wine starts")
}

/// Into a file of that name.
fn export(desk: &Desk, sha256: &str, name: &str) -> Ran {
    let (to, password) = (path(&desk.path(name)), path(&desk.path("password")));
    run(desk, &["export", sha256, "--to", &to, "--password-file", &password])
}

#[test]
fn a_file_goes_in_and_out_again() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let desk = Desk::new();
    let p12 = file(&desk, "rsa:2048");
    // Without a provider the KSP comes first, and Wine's does not keep what it is given.
    for (place, exportable) in [(CSP, false), ("computer", true)] {
        let mut more = vec!["--place", place];
        more.extend(exportable.then_some("--exportable"));
        let imported = finish(import(&desk, &p12, &more)).ok();
        let sha256 = imported["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
        assert_eq!((&imported["proved"], listed(&desk), keys().len()), (&true.into(), vec![sha256.clone()], 1));
        assert!(binder(&["use", NAME]).contains("signed and verified"), "{place}");
        finish(import(&desk, &p12, &more)).failed(2, "CM-1101", "usage");

        let exported = export(&desk, &sha256, "out.p12");
        if exportable {
            exported.ok();
            let (out, key) = (desk.text("out.p12"), desk.text("out.key"));
            let password = format!("file:{}", desk.text("password"));
            let unpack = ["pkcs12", "-in", &out, "-nodes", "-nocerts", "-out", &key, "-passin", &password];
            run_program(Command::new("openssl").args(unpack));
            let public = |file: &str| run_program(Command::new("openssl").args(["pkey", "-pubout", "-in", file]));
            assert_eq!(public(&key), public(&desk.text("key.pem")));
        } else {
            exported.failed(2, "CM-1121", "usage");
            assert!(!desk.path("out.p12").exists());
        }
        run(&desk, &["delete", &sha256, "--confirm-label", NAME]).ok();
        assert_eq!((listed(&desk), keys()), (vec![], vec![]), "{place}");
    }
}

/// CryptoAPI knows no curves, and Wine's KSP makes none: told, and nothing is left.
#[test]
fn what_no_provider_takes_is_told() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let desk = Desk::new();
    let p12 = file(&desk, "ec");
    for place in [CSP, "computer"] {
        finish(import(&desk, &p12, &["--place", place])).failed(22, "CM-2207", "token");
    }
    assert_eq!((listed(&desk), keys()), (vec![], vec![]));
    let jobs = run(&desk, &["journal"]).ok()["jobs"].clone();
    assert!(!jobs.to_string().contains("\"interrupted\""), "nothing is left to clean up: {jobs}");
}

#[test]
fn killed_between_any_two_steps_and_resumed() {
    let Some(_) = programs() else { return };
    let desk = Desk::new();
    let p12 = file(&desk, "rsa:2048");
    for (job, step) in (1_u32..).zip(["make-key", "install", "prove"]) {
        let _empty = Empty::store();
        let mut child = import(&desk, &p12, &["--place", CSP]);
        let stdout = BufReader::new(child.stdout.take().expect("its standard output"));
        let at = format!(r#""step":"{step}""#);
        assert!(stdout.lines().map_while(Result::ok).any(|line| line.contains(&at)), "it never came to {step}");
        child.kill().expect("killed");
        child.wait().expect("gone");
        let password = path(&desk.path("password"));
        run(&desk, &["resume", &job.to_string(), "--password-file", &password]).ok();
        assert_eq!((listed(&desk).len(), keys().len()), (1, 1), "{step}");
        assert!(binder(&["use", NAME]).contains("signed and verified"), "{step}");
    }
}
