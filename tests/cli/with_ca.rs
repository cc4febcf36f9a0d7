//! The command with a CA, a token and files: the shape of its JSON, its lists, and every exit code.
#![cfg(target_os = "linux")]

use std::{
    io::{BufRead, BufReader},
    process::Command,
    time::Duration,
};

use chopmark_tests::{
    bench::{
        assert_no_secret,
        ca::{Ca, Fault, Invitation},
        command::{Desk, Ran, finish, run_with_stdin},
        programs::run,
        token::{PIN, Token},
    },
    judge::{calls, spy_module},
};
use cmp_protocol::message::FailInfo;
use serde_json::{Value, json};

use crate::case::{Case, PASSWORD};

/// The members of an object, sorted.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

fn has_members(value: &Value, wanted: &[&str]) {
    let found = members(value);
    let missing: Vec<_> = wanted.iter().filter(|name| !found.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} missing in {value:#}");
}

#[test]
fn the_result_of_an_enrolment() {
    let ca = Ca::start();
    let case = Case::new(&ca, |invitation| invitation.subject = "CN=Alice Example,OU=Sales,O=Acme".into());
    let trace = case.desk.home().join("trace");
    std::fs::create_dir_all(case.desk.home()).unwrap();
    let ran = case.enroll(&["--trace", &trace.display().to_string()]);
    let last = ran.ok();
    assert_eq!(ran.stderr, "", "with --json everything is on standard output");
    has_members(&last, &["certificate", "place", "keyId", "proved", "confirmed", "job", "timings"]);
    let certificate = &last["certificate"];
    has_members(
        certificate,
        &["subject", "cn", "ou", "o", "serial", "issuer", "notBefore", "notAfter", "sha256", "pem"],
    );
    assert_eq!(
        (&certificate["cn"], &certificate["ou"], &certificate["o"]),
        (&json!("Alice Example"), &json!(["Sales"]), &json!(["Acme"]))
    );
    assert_eq!(certificate["subject"], "CN=Alice Example,OU=Sales,O=Acme");
    assert_eq!((&last["proved"], &last["confirmed"], &last["job"]), (&json!(true), &json!(true), &json!("1")));
    assert_eq!(last["place"], case.file());
    let steps = ["make-key", "send-request", "receive-certificate", "install", "prove", "confirm"];
    has_members(&last["timings"], &steps);
    assert!(steps.iter().all(|step| last["timings"][step].is_u64()), "{last:#}");
    let pem = case.desk.write("own.pem", certificate["pem"].as_str().unwrap());
    let fingerprint = run(Command::new("openssl").args(["x509", "-in", &pem, "-noout", "-fingerprint", "-sha256"]));
    let fingerprint = fingerprint.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
    assert_eq!(certificate["sha256"], fingerprint);
    assert_eq!(ca.issued(&case.codes.reference)[0].sha256, fingerprint);

    let lines = ran.lines();
    let events: Vec<String> = lines[..lines.len() - 1]
        .iter()
        .map(|line| format!("{} {}", line["event"].as_str().unwrap(), line["step"].as_str().unwrap_or_default()))
        .collect();
    let expected: Vec<String> =
        steps.iter().flat_map(|step| [format!("step {step}"), format!("step-done {step}")]).collect();
    assert_eq!(events, expected);
    assert!(std::fs::read_to_string(trace).unwrap().contains("-> ir"), "the trace says what went");
    assert_no_secret(&case.desk.home(), &[PASSWORD, &case.codes.authorization_code]);
}

#[test]
fn for_people_the_result_is_on_standard_output() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let mut arguments = case.arguments(&case.file(), &[]);
    arguments.retain(|argument| argument != "--json");
    let ran = case.desk.run(&arguments);
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("CN=Alice,O=Acme") && ran.stdout.contains("me.p12"), "{ran:?}");
    assert!(!ran.stdout.contains('{') && ran.stderr.lines().count() >= 6, "the steps: {ran:?}");
}

#[test]
fn the_code_on_standard_input() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let code = case.desk.text("code");
    let stdin = |argument: String| if argument == code { "-".to_owned() } else { argument };
    let arguments: Vec<String> = case.arguments(&case.file(), &[]).into_iter().map(stdin).collect();
    run_with_stdin(case.desk.command(&arguments), &format!("{}\n", &*case.codes.authorization_code)).ok();
}

#[test]
fn the_ca_by_address_and_by_name() {
    let ca = Ca::start();
    let mut case = Case::new(&ca, |_| {});
    case.ca = ca.url.clone();
    case.enroll(&["--trust", &ca.root.display().to_string()]).ok();

    let mut case = Case::new(&ca, |_| {});
    let added = case.desk.run(&["ca", "add", &case.ca, "--json"]).ok();
    assert_eq!((&added["profile"]["name"], &added["replaced"]), (&json!("demo"), &json!(false)));
    let listed = case.desk.run(&["ca", "list", "--json"]).ok();
    assert_eq!(listed["profiles"].as_array().map(Vec::len), Some(1));
    assert_eq!(case.desk.run(&["ca", "show", "demo", "--json"]).ok()["profile"], added["profile"]);
    case.ca = "demo".into();
    case.enroll(&[]).ok();
    assert_eq!(case.desk.run(&["ca", "remove", "demo", "--json"]).ok()["removed"], "demo");
    assert_eq!(case.desk.run(&["ca", "list", "--json"]).ok()["profiles"], json!([]));
    // From the address in the mail's link.
    let address = format!("{}/profile", ca.url.strip_suffix("/.well-known/cmp").unwrap());
    assert_eq!(case.desk.run(&["ca", "add", &address, "--json"]).ok()["profile"], added["profile"]);
}

#[test]
fn lists_of_what_is_there() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let token = Token::soft_hsm();
    let enrolled = finish(case.command(&token, &case.arguments(&token.uri(), &[])).spawn().unwrap()).ok();
    let sha256 = enrolled["certificate"]["sha256"].as_str().unwrap();
    assert!(enrolled["place"].as_str().unwrap().starts_with("pkcs11:token=Alice"), "{enrolled:#}");
    let ask = |arguments: &[&str]| {
        let mut arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        arguments.push("--json".into());
        finish(case.command(&token, &arguments).spawn().unwrap()).ok()
    };

    let uri = token.uri_without_pin();
    let certs = ask(&["certs", "--place", &uri]);
    let found: Vec<&Value> = certs["certificates"].as_array().unwrap().iter().collect();
    assert!(found.iter().any(|one| one["certificate"]["sha256"] == sha256 && one["placeKind"] == "token"), "{certs:#}");
    let by_id = format!("pkcs11:token=Alice;id={}?module-path={}", percent(&enrolled["keyId"]), token.module.display());
    assert_eq!(ask(&["show", &by_id])["certificate"]["sha256"], sha256);
    let jobs = ask(&["journal"]);
    let job = &jobs["jobs"][0];
    assert_eq!((&job["state"], &job["sha256"], &job["subject"]), (&json!("done"), &json!(sha256), &json!("Alice")));
    assert!(job["entries"].as_array().unwrap().len() > 10, "{job:#}");

    let known = ask(&["tokens"]);
    let tokens = known["tokens"].as_array().unwrap();
    let alice = tokens.iter().find(|one| one["label"] == "Alice").unwrap_or_else(|| panic!("{known:#}"));
    assert_eq!((&alice["pin"], &alice["initialized"]), (&json!("ok"), &json!(true)));
    assert!(alice["keys"].as_array().unwrap().contains(&json!("ec:p256")), "{alice}");
    let drivers = ask(&["drivers", "--scan"]);
    let real = |path: &Value| std::fs::canonicalize(path.as_str().unwrap()).unwrap();
    let module = std::fs::canonicalize(&token.module).unwrap();
    let soft = drivers["drivers"].as_array().unwrap().iter().find(|one| real(&one["path"]) == module);
    assert!(soft.is_some_and(|one| one["problem"].is_null() && !one["description"].is_null()), "{drivers:#}");

    // A file is shown from the journal.
    let case = Case::new(&ca, |_| {});
    let enrolled = case.enroll(&[]).ok();
    let shown = case.desk.run(&["certs", "--place", &case.file(), "--json"]).ok();
    assert_eq!(shown["certificates"][0]["certificate"]["sha256"], enrolled["certificate"]["sha256"]);
    assert_eq!(case.desk.run(&["show", &case.file(), "--json"]).ok()["hasKey"], json!(true));
}

fn percent(hex: &Value) -> String {
    let hex: Vec<char> = hex.as_str().expect("an id").chars().collect();
    hex.chunks(2).map(|pair| format!("%{}{}", pair[0], pair[1])).collect()
}

#[test]
fn exit_10_the_ca_refused() {
    let ca = Ca::start();
    let case = Case::new(&ca, |invitation| invitation.refuse = Some(FailInfo::BadCertTemplate));
    case.enroll(&[]).failed(10, "CM-3004", "ca-refused");
    let case = Case::new(&ca, |_| {});
    case.desk.write("code", "WR0NG-WR0NG-WR0NG");
    let last = case.enroll(&[]).failed(10, "CM-3002", "ca-refused");
    assert_eq!(last["job"], "1", "a mistyped code is no end: {last:#}");
    case.desk.write("code", &case.codes.authorization_code);
    case.resume().ok();
    // Used up, for somebody else with the same codes.
    let other = Case { desk: Desk::new(), codes: case.codes, ca: case.ca };
    other.desk.write("code", &other.codes.authorization_code);
    other.desk.write("password", PASSWORD);
    other.enroll(&[]).failed(10, "CM-3003", "ca-refused");
    assert_eq!(other.desk.kept_keys().len(), 0);
}

#[test]
fn exit_11_still_waiting() {
    let ca = Ca::start();
    let case = Case::new(&ca, |invitation| invitation.delay = 4);
    let ran = case.enroll(&["--no-wait"]);
    let last = ran.failed(11, "CM-3101", "waiting");
    assert_eq!(last["job"], "1", "{last:#}");
    let waiting = ran.lines().into_iter().find(|line| line["event"] == "waiting").expect("an event");
    assert!(waiting["retryAfter"].is_u64(), "{waiting}");
    assert_eq!(case.desk.run(&["journal", "--json"]).ok()["jobs"][0]["state"], "waiting");
    let mut resumed = case.resume();
    while resumed.exit == Some(11) {
        std::thread::sleep(Duration::from_millis(500)); // The CA's seconds.
        resumed = case.resume();
    }
    let resumed = resumed.ok();
    assert_eq!((&resumed["outcome"], &resumed["confirmed"]), (&json!("enrolled"), &json!(true)));
    // Time ran out.
    let case = Case::new(&ca, |invitation| invitation.delay = 600);
    case.enroll(&["--timeout", "2"]).failed(11, "CM-3101", "waiting");
}

#[test]
fn exit_12_the_ca_cannot_be_reached() {
    let mut ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    ca.stop();
    let last = case.enroll(&[]).failed(12, "CM-3202", "ca-unreachable");
    assert!(!last["hints"].as_array().unwrap().is_empty(), "{last:#}");
    ca.again();
    assert_eq!(case.resume().ok()["outcome"], "enrolled");
    assert_eq!(ca.states(&case.codes.reference), ["confirmed"]);
}

#[test]
fn exit_13_the_answer_cannot_be_trusted() {
    let ca = Ca::start();
    for (fault, code) in [(Fault::BadMac, "CM-3301"), (Fault::OtherKey, "CM-3306"), (Fault::NoChain, "CM-3305")] {
        let case = Case::new(&ca, |invitation| invitation.fault = Some(fault));
        case.enroll(&[]).failed(13, code, "untrusted");
    }
}

#[test]
fn exits_20_21_and_22_driver_pin_and_token() {
    let ca = Ca::start();
    let token = Token::soft_hsm();
    let at = |place: &str, exit: i32, code: &str, class: &str| {
        let case = Case::new(&ca, |_| {});
        let ran = finish(case.command(&token, &case.arguments(place, &[])).spawn().unwrap());
        ran.failed(exit, code, class);
        assert!(ca.transactions(&case.codes.reference).is_empty(), "{code}: nothing was sent");
        assert_eq!(token.objects(), 0, "{code}");
    };
    at("pkcs11:token=Alice?module-path=/no/such/driver.so", 20, "CM-2002", "driver");
    let text = token.folder().join("text.so");
    std::fs::write(&text, "not a library").unwrap();
    at(&format!("pkcs11:token=Alice?module-path={}", text.display()), 20, "CM-2004", "driver");
    let wrong = token.folder().join("wrong-pin");
    std::fs::write(&wrong, "999999\n").unwrap();
    at(&format!("{}&pin-source={}", token.uri_without_pin(), wrong.display()), 21, "CM-2103", "pin");
    at(&token.uri().replace("Alice", "Bob"), 22, "CM-2101", "token");
    token.add("Alice");
    at(&token.uri(), 22, "CM-2102", "token");
}

#[test]
fn the_pin_from_a_file_is_sent_once() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let case = Case::new(&ca, |_| {});
    let right = case.desk.write("pin", PIN);
    let place = token.uri_without_pin();
    let wrong = case.desk.write("wrong-pin", "999999");
    let ran = finish(case.command(&token, &case.arguments(&place, &["--pin-file", &wrong])).spawn().unwrap());
    ran.failed(21, "CM-2103", "pin");
    assert_eq!(token.seen().user_pin, token_helper::PinState::CountLow);
    finish(case.command(&token, &case.arguments(&place, &["--pin-file", &right])).spawn().unwrap()).ok();
    assert_no_secret(&case.desk.home(), &[PIN, "999999"]);
}

/// Three open jobs and a wrong PIN in a file would be three wrong PINs: a locked token.
#[test]
fn a_wrong_pin_stops_the_resuming_of_all() {
    let (ca, mut token) = (Ca::start(), Token::soft_hsm());
    let case = Case::new(&ca, |_| {});
    let (right, wrong) = (case.desk.write("pin", PIN), case.desk.write("wrong-pin", "999999"));
    let log = case.desk.path("spy.log");
    token.env.push(("PKCS11SPY".to_owned(), token.module.display().to_string()));
    token.env.push(("PKCS11SPY_OUTPUT".to_owned(), log.display().to_string()));
    let place = format!("pkcs11:token=Alice?module-path={}", spy_module().display());
    for reference in ["1001", "1002"] {
        case.interrupted(&ca, &token, reference, &place, &["--pin-file", &right]);
    }
    std::fs::remove_file(&log).unwrap();
    let (exit, last) = case.resume_all(&token, ["--pin-file", &wrong], 2);
    assert_eq!((exit, &last["code"]), (Some(21), &json!("CM-2103")), "{last:#}");
    assert_eq!(calls(&log, "C_Login"), 1, "{last:#}");
    assert_eq!(last["jobs"].as_array().map(Vec::len), Some(1), "only the first was tried: {last:#}");
    let (exit, last) = case.resume_all(&token, ["--pin-file", &right], 2);
    assert_eq!(exit, Some(0), "{last:#}");
    assert_eq!((&last["jobs"][0]["confirmed"], &last["jobs"][1]["confirmed"]), (&json!(true), &json!(true)));
}

#[test]
fn one_password_serves_all_files_that_are_resumed() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let case = Case::new(&ca, |_| {});
    for reference in ["1001", "1002", "1003"] {
        let place = format!("file:{}", case.desk.text(&format!("{reference}.p12")));
        case.interrupted(&ca, &token, reference, &place, &[]);
    }
    let password = case.desk.text("password");
    let (exit, last) = case.resume_all(&token, ["--password-file", &password], 3);
    assert_eq!((exit, last["jobs"].as_array().map(Vec::len)), (Some(0), Some(3)), "{last:#}");
    for reference in ["1001", "1002", "1003"] {
        assert!(case.desk.path(&format!("{reference}.p12")).exists(), "{last:#}");
        assert_eq!(ca.states(reference), ["confirmed"], "{last:#}");
    }
    // A wrong one is sent to each of them once.
    for reference in ["1004", "1005"] {
        let place = format!("file:{}", case.desk.text(&format!("{reference}.p12")));
        case.interrupted(&ca, &token, reference, &place, &[]);
    }
    case.desk.write("password", "another-password");
    let (exit, last) = case.resume_all(&token, ["--password-file", &password], 2);
    assert_eq!(exit, Some(23), "{last:#}");
    assert_eq!((&last["jobs"][0]["code"], &last["jobs"][1]["code"]), (&json!("CM-4003"), &json!("CM-4003")));
}

#[test]
fn exit_23_the_place_refused() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    case.desk.write("me.p12", "somebody's");
    case.enroll(&[]).failed(23, "CM-4001", "place");
    let nowhere = format!("file:{}", case.desk.text("none/me.p12"));
    case.desk.run(&case.arguments(&nowhere, &[])).failed(23, "CM-4002", "place");
    assert!(ca.transactions(&case.codes.reference).is_empty(), "nothing was sent");
    // A wrong password for the key that is kept.
    let case = Case::new(&ca, |invitation| invitation.delay = 600);
    case.enroll(&["--no-wait"]).failed(11, "CM-3101", "waiting");
    case.desk.write("password", "another-password");
    case.resume().failed(23, "CM-4003", "place");
}

#[test]
fn exit_30_installed_but_not_confirmed() {
    let ca = Ca::start();
    let case = Case::new(&ca, |invitation| invitation.fault = Some(Fault::DropConfirm));
    let last = case.enroll(&["--retries", "0"]).failed(30, "CM-5001", "unconfirmed");
    assert_eq!(last["job"], "1", "{last:#}");
    let state = case.desk.run(&["journal", "--json"]).ok()["jobs"][0]["state"].clone();
    assert_eq!(state, "unconfirmed");
    assert!(case.desk.path("me.p12").exists());
    assert_eq!(case.resume().ok()["confirmed"], json!(true));
    assert_eq!(ca.states(&case.codes.reference), ["confirmed"]);
}

#[test]
fn exit_130_cancelled() {
    let ca = Ca::start();
    let case = Case::new(&ca, |invitation| invitation.delay = 600);
    let mut child = case.desk.command(&case.arguments(&case.file(), &[])).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.by_ref().find(|line| line.contains("\"waiting\"")).expect("it waits");
    run(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let rest: Vec<String> = lines.collect();
    let ran = Ran { stdout: rest.join("\n"), ..finish(child) };
    ran.failed(130, "CM-1201", "cancelled");
    assert_eq!(case.desk.run(&["journal", "--json"]).ok()["jobs"][0]["state"], "waiting");
}

#[test]
fn what_the_ca_changed_wants_a_yes() {
    let ca = Ca::start();
    let altered = |invitation: &mut Invitation| invitation.alter_subject = Some("CN=Alice A.,O=Acme".into());
    let case = Case::new(&ca, altered);
    let ran = case.enroll(&["--subject", "CN=Alice,O=Acme"]);
    ran.failed(2, "CM-1102", "usage");
    let changes = ran.lines().into_iter().find(|line| line["event"] == "changes").expect("an event");
    assert_eq!(changes["changes"][0]["granted"], "CN=Alice A.,O=Acme");
    let (code, password) = (case.desk.text("code"), case.desk.text("password"));
    let resume = ["resume", "--json", "--batch", "--yes", "--code-file", &code, "--password-file", &password];
    assert_eq!(case.desk.run(&resume).ok()["certificate"]["cn"], "Alice A.");
    let case = Case::new(&ca, altered);
    let enrolled = case.enroll(&["--subject", "CN=Alice,O=Acme", "--yes"]).ok();
    assert_eq!(enrolled["certificate"]["subject"], "CN=Alice A.,O=Acme");
}
