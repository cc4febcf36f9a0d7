//! `chopmark renew` is killed at its steps in turn; then either nothing has happened and the old certificate is as it was, or
//! `resume` ends with the new one in its place.

use std::{collections::BTreeSet, thread};

use super::{Outcome, Try, Walk};
use crate::world::{assert_file_is_whole, assert_token_has_one};
use chopmark_tests::bench::{ca::Ca, command::Ran};

/// As in the walk of enrolments, and of the steps between two messages only every so many: the walk is long already.
const WRITES: usize = 23;
const STEPS: usize = 2;

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
        let (place, password) = (one.place(), one.desk.text("password"));
        let mut arguments = vec!["renew", &place, "--json", "--batch"];
        if one.token.is_none() {
            arguments.extend(["--password-file", &password]);
        }
        one.run_killed(&arguments, env)
    }

    fn renewal_points(&self) -> Vec<String> {
        let (one, _) = self.enrolled();
        let log = one.desk.text("points");
        let (signal, ran) = Walk::renew(&one, &[("KILL_LOG", log.clone())]);
        assert_eq!(signal, None);
        ran.ok();
        let text = std::fs::read_to_string(log).expect("the points: is kill_at loaded?");
        text.lines().map(|line| line.split_once(' ').expect("number and kind").1.to_owned()).collect()
    }

    fn check_renewal(&self, at: usize) -> Outcome {
        let (one, old) = self.enrolled();
        let what = format!("renewal, {} killed at {at}", if self.on_token { "token" } else { "file" });
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
        match &one.token {
            Some(token) => assert_token_has_one(&what, token),
            None => {
                assert_file_is_whole(&what, &self.ca, &one.desk);
                assert!(!one.desk.path("me.p12.renewed").exists(), "{what}: the file beside is left");
            }
        }
        let shown = one.run(&["show", &one.place(), "--json"]).ok();
        let newest = &issued[expected - 1].sha256;
        assert_eq!(shown["certificate"]["sha256"].as_str(), Some(newest.as_str()), "{what}: {outcome:?}");
        one.assert_no_secret();
        outcome
    }

    fn all_renewals(&self) {
        let points = self.renewal_points();
        let chosen: BTreeSet<usize> = (1..=points.len())
            .filter(|at| if points[at - 1] == "write" { at % WRITES == 0 } else { at % STEPS == 0 })
            .collect();
        let chosen: Vec<usize> = chosen.into_iter().collect();
        let outcomes: Vec<Outcome> = thread::scope(|scope| {
            let walk = |first: usize| {
                chosen.iter().skip(first).step_by(2).map(|at| self.check_renewal(*at)).collect::<Vec<_>>()
            };
            let other = scope.spawn(move || walk(1));
            let mut all = walk(0);
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            all
        });
        let count = |wanted: Outcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        let counts = [Outcome::Nothing, Outcome::Finished, Outcome::WasDone, Outcome::NotKilled].map(count);
        println!("renewal: {} points, {} walked: {counts:?}", points.len(), outcomes.len());
        assert!(counts[0] > 2 && counts[1] > 10, "{counts:?}");
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
    let (id, password) = (job["job"].as_str().expect("its number"), one.desk.text("password"));
    let mut arguments = vec!["resume", id, "--json", "--batch"];
    if one.token.is_none() {
        arguments.extend(["--password-file", &password]);
    }
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
    Walk { ca: Ca::start(), on_token: true }.all_renewals();
}

#[test]
fn killed_at_the_steps_of_a_renewal_in_a_file() {
    Walk { ca: Ca::start(), on_token: false }.all_renewals();
}
