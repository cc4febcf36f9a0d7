//! What ends soon: each certificate once, by its newest job, and not after it is gone.

use chopmark_tests::bench::{ca::Ca, command::Ran};
use serde_json::Value;

use crate::case::Case;

fn told(case: &Case, more: &[&str]) -> Vec<Value> {
    let ran: Ran = case.desk.run(&[&["reminders", "--json", "--batch"], more].concat());
    ran.ok()["reminders"].as_array().expect("reminders").clone()
}

#[test]
fn a_certificate_is_told_of_until_it_is_renewed_or_gone() {
    let ca = Ca::start();
    let case = Case::new(&ca, |_| {});
    let first = case.enroll(&[]).ok()["certificate"]["sha256"].clone();
    assert_eq!(told(&case, &[]), [] as [Value; 0], "it has a year");
    let long = ["--days", "4000"];
    let seen = told(&case, &long);
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0]["sha256"], &seen[0]["way"], &seen[0]["order"]), (&first, &"renew".into(), &Value::Null));
    assert_eq!(seen[0]["placeName"], case.desk.text("me.p12").as_str());
    let words = case.desk.run(&["reminders", "--days", "4000", "--lang", "en"]);
    let command = format!("chopmark renew {}", &first.as_str().expect("a fingerprint")[..12]);
    assert!(words.exit == Some(0) && words.stdout.contains(&command), "{words:?}");

    case.run(&["renew", &case.file()]).ok();
    let seen = told(&case, &long);
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_ne!(seen[0]["sha256"], first);
    let sha256 = seen[0]["sha256"].as_str().expect("a fingerprint").to_owned();
    let gone = ["delete", &sha256, "--confirm-label", "me.p12", "--json", "--batch"];
    case.desk.run(&gone).ok();
    assert_eq!(told(&case, &long), [] as [Value; 0]);
}
