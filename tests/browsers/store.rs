//! What becomes of the databases: made, filled, trusted, renewed, cleaned up, as NSS's own tools see it.

use std::{fs, os::unix::fs::PermissionsExt};

use chopmark_tests::bench::{ca::Ca, programs::run};

use crate::person::{Person, wait};

#[test]
fn the_store_is_made_filled_renewed_and_emptied() {
    let (ca, person) = (Ca::start(), Person::new());
    let (database, home) = (person.shared(), person.home());
    let first = person.enroll(&ca, &ca.invite(|_| ()), "computer", &["--key", "rsa:2048"]).ok();
    assert_eq!(fs::metadata(&database).expect("a folder").permissions().mode() & 0o777, 0o700);
    assert_eq!((first["place"].as_str(), first["rootTrusted"].as_bool()), (Some("computer"), Some(false)), "{first}");
    // Certificate with its key, and the intermediate without trust of its own; no root without a word.
    let listed = person.listed(&database);
    assert!(listed.contains(&"Alice u,u,u".to_owned()), "{listed:?}");
    assert_eq!(listed.iter().filter(|line| line.ends_with(" ,,")).count(), 1, "{listed:?}");
    assert_eq!((listed.len(), person.keys(&database)), (2, 1), "{listed:?}");

    // Shown once, as this computer's, and not as a token.
    let certs = person.chopmark(&["certs"]).ok();
    let found = certs["certificates"].as_array().expect("certificates");
    assert_eq!((found.len(), found[0]["placeKind"].as_str()), (1, Some("computer")), "{certs}");
    assert_eq!((found[0]["hasKey"].as_bool(), &certs["problems"]), (Some(true), &serde_json::json!([])), "{certs}");
    let tokens = person.chopmark(&["tokens"]).ok().to_string();
    assert!(!tokens.contains("NSS Certificate DB") && !tokens.contains("libsoftokn3"), "{tokens}");
    assert!(!person.chopmark(&["drivers"]).ok().to_string().contains("libsoftokn3"));

    // The renewal goes to the same place; the old one stays as the CA's extension says it may be needed, or goes.
    let sha256 = found[0]["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
    let renewed = person.chopmark(&["renew", &sha256]).ok();
    assert_eq!((renewed["place"].as_str(), renewed["proved"].as_bool()), (Some("computer"), Some(true)), "{renewed}");
    let kept = renewed["replaced"]["kept"].as_bool().expect("what became of the old one");
    assert_eq!(person.keys(&database), if kept { 2 } else { 1 }, "{renewed}");
    let shown = person.chopmark(&["show", "computer:object=Alice"]);
    assert!(kept || shown.exit == Some(0), "{shown:?}");
    assert!(!home.join(".mozilla").exists());
}

#[test]
fn a_root_is_trusted_on_a_clear_word_only() {
    let (ca, person) = (Ca::start(), Person::new());
    let result = person.enroll(&ca, &ca.invite(|_| ()), "computer", &["--trust-root", "--key", "ec:p256"]);
    let event = result.lines().into_iter().find(|line| line["event"] == "root").expect("the root is told of");
    assert_eq!(event["sha256"].as_str().map(str::len), Some(64), "{event}");
    assert_eq!(result.ok()["rootTrusted"], true);
    let database = person.shared();
    let listed = person.listed(&database);
    let root = listed.iter().find(|line| line.ends_with(" C,C,")).unwrap_or_else(|| panic!("no root: {listed:?}"));
    // NSS believes servers of this CA now.
    let name = root.trim_end_matches(" C,C,");
    let pem = person.certutil(&database, &["-L", "-n", name, "-a"]);
    assert_eq!(pem.replace('\r', "").trim(), fs::read_to_string(&ca.root).expect("the root").trim());
    person.certutil(&database, &["-V", "-n", name, "-u", "L"]);
    let intermediate = listed.iter().find(|line| line.ends_with(" ,,")).expect("the intermediate");
    person.certutil(&database, &["-V", "-n", intermediate.trim_end_matches(" ,,"), "-u", "L"]);
    // The second time it is trusted already, and nobody is asked.
    let again = person.enroll(&ca, &ca.invite(|_| ()), "computer", &["--key", "ec:p256"]).ok();
    assert_eq!(again["rootTrusted"], serde_json::Value::Null, "{again}");
}

#[test]
fn a_database_with_a_password_wants_it() {
    let (ca, person) = (Ca::start(), Person::new());
    let database = person.home().join(".mozilla/firefox/a1.work");
    fs::create_dir_all(&database).expect("a folder");
    let password = person.desk.write("password", "correct horse");
    let sql = format!("sql:{}", database.display());
    run(person.program("certutil").args(["-N", "-d", &sql, "-f", &password]));
    let place = format!("computer:store={}", database.display());
    let codes = ca.invite(|_| ());
    let asked = person.enroll(&ca, &codes, &place, &[]);
    asked.failed(2, "CM-1102", "usage");
    let wrong = person.desk.write("wrong", "wrong horse");
    let refused = person.enroll(&ca, &codes, &place, &["--password-file", &wrong]).failed(23, "CM-4020", "place");
    assert!(refused["message"].as_str().unwrap_or_default().contains("Firefox, profile work"), "{refused}");
    assert!(ca.transactions(&codes.reference).is_empty(), "the codes were spent");
    let result = person.enroll(&ca, &codes, &place, &["--password-file", &password, "--key", "ec:p256"]).ok();
    assert_eq!(result["placeName"], "Firefox, profile work");
    let keys = run(person.program("certutil").args(["-K", "-d", &sql, "-f", &password]));
    assert!(keys.contains("Alice"), "{keys}");
    // Seen without the password.
    let certs = person.chopmark(&["certs", "--place", &place]).ok();
    assert_eq!(certs["certificates"].as_array().map(Vec::len), Some(1), "{certs}");
}

#[test]
fn a_job_that_is_given_up_leaves_nothing() {
    let (ca, person) = (Ca::start(), Person::new());
    let codes = ca.invite(|invitation| invitation.delay = 600);
    let waiting = person.enroll(&ca, &codes, "computer", &["--no-wait"]).failed(11, "CM-3101", "waiting");
    assert_eq!(person.keys(&person.shared()), 1, "{waiting}");
    let job = waiting["job"].as_str().expect("a job").to_owned();
    let code = person.desk.write("code", &codes.authorization_code);
    person.chopmark(&["resume", &job, "--discard", "--code-file", &code]).ok();
    assert_eq!((person.keys(&person.shared()), person.listed(&person.shared())), (0, Vec::<String>::new()));
}

/// The CA takes its time: another process goes on with the key that lies there, and no second one is made.
#[test]
fn a_job_that_waited_is_gone_on_with() {
    let (ca, person) = (Ca::start(), Person::new());
    let codes = ca.invite(|invitation| invitation.delay = 2);
    let waiting = person.enroll(&ca, &codes, "computer", &["--no-wait"]).failed(11, "CM-3101", "waiting");
    let job = waiting["job"].as_str().expect("a job").to_owned();
    let code = person.desk.write("code", &codes.authorization_code);
    // The order said not to wait, and so does the job.
    let result = wait("the CA's decision", || {
        let ran = person.chopmark(&["resume", &job, "--code-file", &code]);
        (ran.exit != Some(11)).then(|| ran.ok())
    });
    assert_eq!((result["place"].as_str(), result["proved"].as_bool()), (Some("computer"), Some(true)), "{result}");
    assert_eq!(ca.states(&codes.reference), ["confirmed"]);
    assert_eq!(person.keys(&person.shared()), 1);
}

#[test]
fn what_is_no_store_is_said_to_be_none() {
    let (ca, person) = (Ca::start(), Person::new());
    let nowhere = format!("computer:store={}", person.desk.text("nowhere"));
    person.enroll(&ca, &ca.invite(|_| ()), &nowhere, &[]).failed(23, "CM-4022", "place");
    assert!(!person.desk.path("nowhere").exists());
    person.chopmark(&["drivers", "register", "/no/such/driver.so"]).failed(20, "CM-2002", "driver");
}

/// What lies here is a certificate like others: copied without its key, which stays, and deleted by its name, with a word on what is
/// lost; what is the store's own stays.
#[test]
fn a_certificate_is_copied_and_deleted() {
    let (ca, person) = (Ca::start(), Person::new());
    let database = person.shared();
    let other = ca.invite(|invitation| invitation.subject = "CN=Bob,O=Acme".into());
    person.enroll(&ca, &other, "computer", &["--key", "ec:p256"]).ok();
    let made = person.enroll(&ca, &ca.invite(|_| ()), "computer", &["--key", "ec:p256"]).ok();
    let sha256 = made["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();

    let (pem, p12) = (person.desk.text("copy.pem"), person.desk.text("copy.p12"));
    let copy = |to: &str| person.chopmark(&["export", &sha256, "--to", to, "--chain"]);
    assert_eq!(copy(&pem).ok()["exported"]["complete"], true);
    run(person.program("openssl").args([
        "verify",
        "-CAfile",
        &ca.root.display().to_string(),
        "-untrusted",
        &pem,
        &pem,
    ]));
    copy(&p12).failed(2, "CM-1121", "usage");
    assert!(!fs::exists(&p12).expect("a folder"));

    let delete = |more: &[&str]| person.chopmark(&[&["delete", &sha256][..], more].concat());
    delete(&[]).failed(2, "CM-1102", "usage");
    delete(&["--yes"]).failed(2, "CM-1102", "usage");
    delete(&["--confirm-label", "Bob"]).failed(2, "CM-1116", "usage");
    assert_eq!(person.keys(&database), 2);
    let ran = delete(&["--confirm-label", "Alice"]);
    let asked = ran.lines().into_iter().find(|line| line["event"] == "removal");
    let asked = asked.unwrap_or_else(|| panic!("no word on what goes: {ran:?}"));
    let warnings = asked["warnings"].to_string();
    assert!(warnings.contains("only-key") && warnings.contains("still-valid"), "{asked}");
    ran.ok();
    let listed = person.listed(&database);
    assert!(
        listed.contains(&"Bob u,u,u".to_owned()) && listed.iter().all(|line| !line.contains("Alice")),
        "{listed:?}"
    );
    assert_eq!((listed.len(), person.keys(&database)), (2, 1), "Bob's and the intermediate: {listed:?}");
    person.chopmark(&["show", &sha256]).failed(2, "CM-1105", "usage");
    // Of an open job nothing is deleted.
    let late = ca.invite(|invitation| invitation.delay = 600);
    person.enroll(&ca, &late, "computer", &["--no-wait"]).failed(11, "CM-3101", "waiting");
    person.chopmark(&["delete", "computer:object=Bob", "--confirm-label", "Bob"]).failed(2, "CM-1122", "usage");
    assert_eq!(person.keys(&database), 2);
}
