//! A driver (a DLL) behind the helper program, and what becomes of both when it misbehaves.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{Desk, Ran, finish},
    token::PIN,
};

use serde_json::json;

use crate::wine::{chopmark, faulty_driver, order, path, programs, run};

/// In the environment of a command and its helper, so that they are told from those of other tests.
const MARK: &str = "CHOPMARK_TEST_DESK";

#[test]
fn is_listed_and_asked() {
    let Some(_) = programs() else { return };
    let desk = Desk::new();
    let listed = |mode: &str| {
        let mut command = chopmark(&desk, &["--driver-timeout", "2", "drivers", "--scan"]);
        command.env("PKCS11_MODULE_PATH", path(&faulty_driver())).env("FAULTY_MODE", mode);
        let result = finish(command.spawn().expect("wine starts")).ok();
        let all = result["drivers"].as_array().cloned().unwrap_or_default();
        let is_it = |driver: &&serde_json::Value| driver["path"].as_str().is_some_and(|it| it.ends_with("faulty.dll"));
        all.iter().find(is_it).cloned().unwrap_or_else(|| panic!("{result}"))
    };
    let good = listed("none");
    assert_eq!((&good["description"], &good["problem"]), (&"Faulty module".into(), &serde_json::Value::Null));
    assert_eq!(listed("hang-init")["problem"]["code"], "CM-2009");
    assert_eq!(listed("exit-init")["problem"]["code"], "CM-2007");

    let mut command = chopmark(&desk, &["tokens"]);
    let tokens = finish(command.env("PKCS11_MODULE_PATH", path(&faulty_driver())).spawn().expect("wine starts")).ok();
    // The fields of the structures lie where PKCS#11 says for Windows: packed.
    let token = &tokens["tokens"][0];
    assert_eq!((&token["label"], &token["serial"], &token["pin"]), (&"FAULTY".into(), &"0666".into(), &"ok".into()));
}

/// What a DLL says of itself before it is loaded: its version, and whether it is as somebody signed it. osslsigncode signs, Wine judges:
/// it finds what was changed, and does not ask who vouches for the signer, which Windows does.
#[test]
fn files_say_their_version_and_whether_they_are_signed() {
    let Some(_) = programs() else { return };
    let desk = Desk::new();
    let (plain, signed, changed) = (desk.path("plain.dll"), desk.path("signed.dll"), desk.path("changed.dll"));
    fs::copy(faulty_driver(), &plain).expect("a copy");
    sign(&desk, &plain, &signed);
    let mut bytes = fs::read(&signed).expect("the signed file");
    // Within the first page of code.
    let within = bytes.len() / 4;
    bytes[within] ^= 1;
    fs::write(&changed, bytes).expect("a file");
    let whole = ["good", "untrusted"].as_slice();
    for (file, expected) in [(&plain, ["none"].as_slice()), (&signed, whole), (&changed, &["bad"])] {
        let mut command = chopmark(&desk, &["drivers"]);
        command.env("PKCS11_MODULE_PATH", path(file));
        let result = finish(command.spawn().expect("wine starts")).ok();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let all = result["drivers"].as_array().cloned().unwrap_or_default();
        let its = all.iter().find(|driver| driver["path"].as_str().is_some_and(|path| path.ends_with(&name)));
        let its = &its.unwrap_or_else(|| panic!("{name} is not in {result}"))["file"];
        assert!(expected.iter().any(|word| its["signature"] == *word), "{name}: {its}");
        let rest = ["version", "format", "bits"].map(|part| its[part].clone());
        assert_eq!(rest, [json!("2.15.3.4"), json!("pe"), json!(64)], "{name}: {its}");
    }
}

/// With a certificate that nobody vouches for.
fn sign(desk: &Desk, plain: &Path, signed: &Path) {
    let file = |name: &str| desk.path(name).display().to_string();
    let (key, certificate) = (file("signer.key"), file("signer.pem"));
    let run = |command: &mut Command| {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let subject = ["-subj", "/CN=Some Maker", "-addext", "extendedKeyUsage=codeSigning", "-days", "30"];
    let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &certificate];
    run(Command::new("openssl").args(made).args(subject));
    let mut signer = Command::new("osslsigncode");
    signer.args(["sign", "-certs", &certificate, "-key", &key, "-h", "sha256"]);
    run(signer.arg("-in").arg(plain).arg("-out").arg(signed));
}

#[test]
fn a_driver_that_fails_while_it_makes_a_key_is_named() {
    let Some(_) = programs() else { return };
    let (ca, desk) = (Ca::start(), Desk::new());
    for (mode, exit, code, class) in [
        ("segv", 20, "CM-2006", "driver"),
        ("exit0", 20, "CM-2007", "driver"),
        ("hang", 20, "CM-2009", "driver"),
        ("device-memory", 22, "CM-2201", "token"),
    ] {
        let codes = ca.invite(|_| ());
        let ran = enroll(&desk, &ca, &codes, mode);
        ran.failed(exit, code, class);
        assert!(ca.transactions(&codes.reference).is_empty(), "{mode}: the codes are not spent");
    }
}

fn enroll(desk: &Desk, ca: &Ca, codes: &Codes, mode: &str) -> Ran {
    finish(start(desk, ca, codes, mode, "2"))
}

/// `limit`: seconds that the driver may take for one call.
fn start(desk: &Desk, ca: &Ca, codes: &Codes, mode: &str, limit: &str) -> Child {
    let pin = path(Path::new(&desk.write("pin", PIN)));
    let place = format!("pkcs11:token=FAULTY?module-path={}", path(&faulty_driver()).replace('\\', "%5C"));
    let more = ["--place", &place, "--pin-file", &pin, "--key", "rsa:2048", "--driver-timeout", limit];
    let mut command = chopmark(desk, &[]);
    command.args(order(desk, ca, codes, &more)).env("FAULTY_MODE", mode).env(MARK, desk.home());
    command.spawn().expect("wine starts")
}

/// While the driver hangs in the middle of making a key: neither program shows a secret, and a killed client takes its helper
/// along. Programs of Windows are processes of this system under Wine, so this system tells what they show.
#[test]
fn shows_no_secret_and_does_not_outlive_its_client() {
    let Some(_) = programs() else { return };
    let (ca, desk) = (Ca::start(), Desk::new());
    let codes = ca.invite(|_| ());
    let mut child = start(&desk, &ca, &codes, "hang", "60");
    until("no helper was started", || !helpers(&desk).is_empty());
    // Time enough to be inside the call that never returns.
    std::thread::sleep(Duration::from_secs(1));
    let helper = helpers(&desk).remove(0);
    assert!(shown(child.id(), "cmdline").contains(&path(&desk.home())), "looked at the wrong process");
    for (id, what) in [(child.id(), "cmdline"), (child.id(), "environ"), (helper, "cmdline"), (helper, "environ")] {
        for secret in [PIN, &codes.authorization_code] {
            assert!(!shown(id, what).contains(secret), "a secret is shown");
        }
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    until("the helper outlived its client", || {
        let status = fs::read_to_string(format!("/proc/{helper}/status")).unwrap_or_default();
        status.is_empty() || status.contains("State:\tZ")
    });
    // The job is there to be given up.
    assert!(!run(&desk, &["journal"]).ok()["jobs"].as_array().expect("jobs").is_empty());
}

/// The helpers that this desk's command started. Under Wine they are not its children; they have its environment.
fn helpers(desk: &Desk) -> Vec<u32> {
    let mark = format!("{MARK}={}", desk.home().display());
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
    ids.filter(|id| shown(*id, "cmdline").contains("token-helper.exe") && shown(*id, "environ").contains(&mark))
        .collect()
}

fn shown(id: u32, what: &str) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{id}/{what}")).unwrap_or_default()).into_owned()
}

fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
