//! `chopmark renew` is killed at its steps in turn; then either nothing has happened and the old certificate is as it was, or
//! `resume` ends with the new one in its place.

use super::{Goal, Outcome, Try, Walk, points, walk, worth_it};
use chopmark_tests::bench::{ca::Ca, command::Ran};

/// As in the walk of enrolments, with fewer of the writes that are not synced yet.
const WRITES: usize = 23;

impl Walk {
    /// A certificate that may be renewed, and its fingerprint.
    fn enrolled(&self) -> (Try, String) {
        let one = self.begin();
        let (signal, ran) = self.enroll(&one, &[]);
        assert_eq!(signal, None);
        let sha256 = ran.ok()["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
        (one, sha256)
    }

    fn renew(one: &Try, env: &[(&str, String)]) -> (Option<i32>, Ran) {
        let (place, password) = (one.place(), one.password());
        let mut arguments = vec!["renew", &place, "--json", "--batch"];
        arguments.extend(password.iter().map(String::as_str));
        one.run_killed(&arguments, env)
    }

    fn renewal_points(&self) -> Vec<String> {
        let (one, _) = self.enrolled();
        points(&one, |env| Walk::renew(&one, env))
    }

    fn check_renewal(&self, at: usize) -> Outcome {
        let (one, old) = self.enrolled();
        let what = format!("renewal, {:?} killed at {at}", self.goal);
        let (signal, ran) = Walk::renew(&one, &[("KILL_AT", at.to_string())]);
        let outcome = match signal {
            None => {
                ran.ok();
                Outcome::NotKilled
            }
            Some(9) => resume(&one, &what),
            other => panic!("{what}: {other:?}"),
        };
        let issued = self.ca.issued(&one.codes.reference);
        let states: Vec<&str> = issued.iter().map(|row| row.state.as_str()).collect();
        assert_eq!(issued[0].sha256, old, "{what}");
        let expected = if outcome == Outcome::Nothing { 1 } else { 2 };
        assert_eq!(states, vec!["confirmed"; expected], "{what}: {outcome:?}");
        // One usable certificate is in the place in any case, and it is the right one.
        assert_eq!(one.desk.kept_keys().len(), 0, "{what}: a kept key is left");
        one.assert_place_has_one(&what, &self.ca);
        if let Some(file) = one.file() {
            assert!(!one.desk.path(&format!("{file}.renewed")).exists(), "{what}: the file beside is left");
        }
        let shown = one.run(&["show", &one.place(), "--json"]).ok();
        let newest = &issued[expected - 1].sha256;
        assert_eq!(shown["certificate"]["sha256"].as_str(), Some(newest.as_str()), "{what}: {outcome:?}");
        one.assert_no_secret();
        outcome
    }

    fn all_renewals(&self) {
        let points = self.renewal_points();
        let outcomes = walk(&worth_it(&points, WRITES), |at| self.check_renewal(at));
        let count = |wanted: Outcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        let counts = [Outcome::Nothing, Outcome::Finished, Outcome::WasDone, Outcome::NotKilled].map(count);
        println!("renewal: {} points, {} walked: {counts:?}", points.len(), outcomes.len());
        let least = if self.goal == Goal::ComputerWithHelper { 5 } else { 10 };
        assert!(counts[0] > 2 && counts[1] > least, "{counts:?}");
    }
}

/// Resumes the renewal, if there is one to resume.
fn resume(one: &Try, what: &str) -> Outcome {
    let jobs = one.run(&["journal", "--json"]).ok()["jobs"].as_array().expect("jobs").clone();
    let Some(job) = jobs.iter().find(|job| job["kind"] == "renew") else { return Outcome::Nothing };
    match job["state"].as_str().expect("its state") {
        "done" => return Outcome::WasDone,
        "interrupted" | "unconfirmed" => {}
        other => panic!("{what}: {other}: {job}"),
    }
    let (id, password) = (job["job"].as_str().expect("its number"), one.password());
    let mut arguments = vec!["resume", id, "--json", "--batch"];
    arguments.extend(password.iter().map(String::as_str));
    let ran = one.run(&arguments);
    assert_eq!(ran.exit, Some(0), "{what}: {ran:#?}\n{job:#}");
    match ran.ok()["outcome"].as_str() {
        Some("enrolled") => Outcome::Finished,
        Some("nothing-happened") => Outcome::Nothing,
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn killed_at_the_steps_of_a_renewal_on_a_token() {
    Walk { ca: Ca::start(), goal: Goal::Token }.all_renewals();
}

#[test]
fn killed_at_the_steps_of_a_renewal_in_a_file() {
    Walk { ca: Ca::start(), goal: Goal::Pkcs12 }.all_renewals();
}

#[test]
fn killed_at_the_steps_of_a_renewal_in_pem() {
    Walk { ca: Ca::start(), goal: Goal::Pem }.all_renewals();
}

#[test]
fn killed_at_the_steps_of_a_renewal_in_this_computers_store() {
    Walk { ca: Ca::start(), goal: Goal::Computer }.all_renewals();
}

#[test]
fn killed_with_the_helper_at_the_steps_of_a_renewal_in_this_computers_store() {
    Walk { ca: Ca::start(), goal: Goal::ComputerWithHelper }.all_renewals();
}
