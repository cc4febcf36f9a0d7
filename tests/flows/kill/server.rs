//! The key of an order for a server certificate: `chopmark order csr` and `order install` are killed at their steps in turn. Given again,
//! each ends as if nothing had happened: one key, one request, one certificate beside it.

use std::collections::BTreeSet;

use chopmark_tests::bench::{
    ca::Ca,
    command::Ran,
    hand_ca::{HandCa, openssl},
    programs::run,
};
use serde_json::Value;

use super::{Goal, Outcome, Try, Walk, points, walk, worth_it};

/// As in the walk of renewals.
const WRITES: usize = 23;

/// Which command is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    Csr,
    Install,
}

impl Walk {
    /// An order that was typed in; its number is 1.
    fn ordered(&self) -> Try {
        let one = self.begin();
        one.run(&["order", "add", "shop.test", "--cname", "_dnsauth", "a.ca.test", "--json"]).ok();
        one
    }

    fn walk_order(&self, killed: Killed) {
        let ca = HandCa::new();
        let one = self.ordered();
        prepare(&one, &ca, killed);
        let points = points(&one, |env| one.order(killed, env));
        let chosen: BTreeSet<usize> = worth_it(&points, WRITES);
        let outcomes = walk(&chosen, |at| self.check_order(&ca, killed, at));
        let count = |wanted: Outcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        let counts = [Outcome::Finished, Outcome::WasDone, Outcome::NotKilled].map(count);
        println!("{killed:?}: {} points, {} walked: {counts:?}", points.len(), outcomes.len());
        assert!(counts[0] > 10, "{counts:?}");
    }

    fn check_order(&self, ca: &HandCa, killed: Killed, at: usize) -> Outcome {
        let one = self.ordered();
        let what = format!("{killed:?}, {:?} killed at {at}", self.goal);
        prepare(&one, ca, killed);
        let (signal, ran) = one.order(killed, &[("KILL_AT", at.to_string())]);
        let outcome = match signal {
            None => {
                ran.ok();
                Outcome::NotKilled
            }
            Some(9) => finish(&one, killed, at, &what),
            other => panic!("{what}: {other:?}"),
        };
        // One key, whose request does not change any more.
        let shown = one.run(&["order", "csr", "1", "--json"]);
        if killed == Killed::Csr {
            let request = pem(&shown.ok());
            assert_eq!(pem(&one.order(Killed::Csr, &[]).1.ok()), request, "{what}");
            deliver(&one, ca, &request);
            one.order(Killed::Install, &[]).1.ok();
        }
        assert_eq!(one.desk.kept_keys().len(), 0, "{what}: a kept key is left");
        match &one.token {
            Some(token) => {
                let (keys, certificates) = token.content();
                assert_eq!((keys.len(), certificates.len()), (1, 1), "{what}");
            }
            None => {
                let password = format!("file:{}", one.desk.text("password"));
                let content =
                    run(&mut openssl(&["pkcs12", "-in", &one.desk.text("me.p12"), "-nodes", "-passin", &password]));
                let count = |what: &str| content.matches(what).count();
                assert_eq!((count("BEGIN PRIVATE KEY"), count("BEGIN CERTIFICATE")), (1, 1), "{what}: {content}");
            }
        }
        one.assert_no_secret();
        outcome
    }
}

/// Everything before the command that is killed.
fn prepare(one: &Try, ca: &HandCa, killed: Killed) {
    if killed == Killed::Install {
        let request = pem(&one.order(Killed::Csr, &[]).1.ok());
        deliver(one, ca, &request);
    }
}

fn deliver(one: &Try, ca: &HandCa, request: &str) {
    one.desk.write("delivered.pem", &ca.issue(request, "DNS:shop.test"));
}

/// Goes on: with the same command, or with `resume`, which knows no file.
fn finish(one: &Try, killed: Killed, at: usize, what: &str) -> Outcome {
    let jobs = one.run(&["journal", "--json"]).ok()["jobs"].as_array().expect("jobs").clone();
    assert!(jobs.len() < 2, "{what}: {jobs:?}");
    let job = jobs.first();
    if job.is_some_and(|job| job["state"] == "done") {
        return Outcome::WasDone;
    }
    // `resume` has what was delivered only once it is in the journal.
    let begun =
        job.is_some_and(|job| job["state"] != "waiting" && (killed == Killed::Csr || job["sha256"].is_string()));
    let ran = match job.filter(|_| begun && at.is_multiple_of(2)) {
        Some(job) => {
            let (id, password) = (job["job"].as_str().expect("its number"), one.password());
            let password = password.iter().map(String::as_str).collect::<Vec<_>>();
            one.run(&[&["resume", id, "--json", "--batch"], &password[..]].concat())
        }
        None => one.order(killed, &[]).1,
    };
    assert_eq!(ran.exit, Some(0), "{what}: {ran:#?}\n{jobs:#?}");
    Outcome::Finished
}

fn pem(made: &Value) -> String {
    made["request"]["pem"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

impl Try {
    fn order(&self, killed: Killed, env: &[(&str, String)]) -> (Option<i32>, Ran) {
        let (place, password, delivered) = (self.place(), self.password(), self.desk.text("delivered.pem"));
        let mut arguments = match killed {
            Killed::Csr => vec!["order", "csr", "1", "--place", &place, "--key", "ec:p256"],
            // The place is known by now, the file with its PIN is not.
            Killed::Install => vec!["order", "install", "1", "--from", &delivered],
        };
        arguments.extend(["--json", "--batch"]);
        arguments.extend(password.iter().map(String::as_str));
        self.run_killed(&arguments, env)
    }
}

#[test]
fn killed_at_the_steps_of_a_request_on_a_token() {
    Walk { ca: Ca::start(), goal: Goal::Token }.walk_order(Killed::Csr);
}

#[test]
fn killed_at_the_steps_of_a_request_for_a_file() {
    Walk { ca: Ca::start(), goal: Goal::Pkcs12 }.walk_order(Killed::Csr);
}

#[test]
fn killed_at_the_steps_of_an_installation_on_a_token() {
    Walk { ca: Ca::start(), goal: Goal::Token }.walk_order(Killed::Install);
}

#[test]
fn killed_at_the_steps_of_an_installation_into_a_file() {
    Walk { ca: Ca::start(), goal: Goal::Pkcs12 }.walk_order(Killed::Install);
}
