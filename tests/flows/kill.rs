//! `chopmark enroll` is killed at every step of the job (SIGKILL, by tests/kill-at); then `chopmark resume` ends with
//! exactly one usable certificate, or with "nothing happened" and nothing left (invariant 5).

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt, path::PathBuf, process::Command, thread};

use chopmark_tests::bench::{
    assert_no_secret,
    ca::{Ca, Codes},
    command::{Desk, Ran, finish},
    programs::{library, program},
    token::{PIN, Token},
};

use crate::world::{PASSWORD, assert_file_is_whole, assert_pem_is_whole, assert_token_has_one};

mod computer;
mod renewal;
mod server;

/// Of the plain writes between two steps only every so many is walked: what they write counts only once it is synced.
const WRITES: usize = 7;

/// Where key and certificate go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Token,
    Pkcs12,
    Pem,
    Computer,
    /// The steps are those of the helper, which writes into the store: both processes end.
    ComputerWithHelper,
}

/// One walk: the CA serves for all of it, home and place are new each time.
struct Walk {
    ca: Ca,
    goal: Goal,
}

struct Try {
    desk: Desk,
    goal: Goal,
    token: Option<Token>,
    codes: Codes,
}

/// How one killed enrolment came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// There was nothing to resume, or resuming cleaned up.
    Nothing,
    /// Resuming finished the job.
    Finished,
    /// Everything had been done when the process was killed.
    WasDone,
    /// The step was never reached.
    NotKilled,
}

impl Walk {
    fn begin(&self) -> Try {
        let token = (self.goal == Goal::Token).then(Token::soft_hsm);
        let desk = Desk::new();
        let codes = self.ca.invite(|_| {});
        desk.write("code", &codes.authorization_code);
        desk.write("password", PASSWORD);
        std::fs::create_dir(desk.path("person")).expect("a home");
        Try { desk, goal: self.goal, token, codes }
    }

    fn enroll(&self, one: &Try, env: &[(&str, String)]) -> (Option<i32>, Ran) {
        let place = one.place();
        let (profile, code) = (self.ca.profile.display().to_string(), one.desk.text("code"));
        let mut arguments = vec!["enroll", "--json", "--batch", "--key", "ec:p256", "--place", &place];
        arguments.extend(["--ca", &profile, "--reference", &one.codes.reference, "--code-file", &code]);
        let password = one.password();
        arguments.extend(password.iter().map(String::as_str));
        one.run_killed(&arguments, env)
    }

    /// The points there are, by kind, in their order.
    fn points(&self) -> Vec<String> {
        let one = self.begin();
        points(&one, |env| self.enroll(&one, env))
    }

    /// Kills at point `at`, resumes, and looks at what there is.
    fn check(&self, at: usize) -> Outcome {
        let one = self.begin();
        let what = format!("{:?} killed at {at}", self.goal);
        let (signal, ran) = self.enroll(&one, &[("KILL_AT", at.to_string())]);
        if signal.is_none() {
            let enrolled = ran.ok();
            one.assert_one(&what, &self.ca, enrolled["certificate"]["sha256"].as_str().unwrap());
            return Outcome::NotKilled;
        }
        assert_eq!(signal, Some(9), "{what}: {ran:?}");
        let outcome = one.resume(&what, at.is_multiple_of(2));
        match outcome {
            Outcome::Nothing => {
                one.assert_nothing(&what, &self.ca);
                // The codes are as good as ever, and so is the place.
                let enrolled = self.enroll(&one, &[]).1.ok();
                one.assert_one(&what, &self.ca, enrolled["certificate"]["sha256"].as_str().expect("a fingerprint"));
            }
            _ => {
                let issued = self.ca.issued(&one.codes.reference);
                assert_eq!(issued.len(), 1, "{what}: {outcome:?} {issued:?}");
                one.assert_one(&what, &self.ca, &issued[0].sha256);
            }
        }
        outcome
    }

    /// Every point worth it, on two threads.
    fn all(&self) {
        let points = self.points();
        // What the helper writes is all about the store; what the command writes is mostly its journal.
        let (kinds, least) = match self.goal {
            Goal::ComputerWithHelper => (&["sync", "write"][..], [2, 10]),
            _ => (&["send", "sent", "sync", "write"][..], [5, 20]),
        };
        let mut chosen = worth_it(&points, WRITES);
        // One run is not like the other to the last call: a few beyond the end.
        chosen.extend(points.len() + 1..points.len() + 4);
        for kind in kinds {
            assert!(points.iter().any(|found| found == kind), "no {kind} among the points: {points:?}");
        }
        let outcomes = walk(&chosen, |at| self.check(at));
        let count = |wanted: Outcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        println!(
            "{} points, {} walked: {} nothing happened, {} finished, {} were done, {} not reached",
            points.len(),
            outcomes.len(),
            count(Outcome::Nothing),
            count(Outcome::Finished),
            count(Outcome::WasDone),
            count(Outcome::NotKilled)
        );
        assert!(count(Outcome::Nothing) > least[0] && count(Outcome::Finished) > least[1]);
        assert!(count(Outcome::NotKilled) > 0);
    }
}

/// The points of a run that nobody kills, by kind, in their order.
fn points(one: &Try, run: impl FnOnce(&[(&str, String)]) -> (Option<i32>, Ran)) -> Vec<String> {
    let log = one.desk.text("points");
    let (signal, ran) = run(&[("KILL_LOG", log.clone())]);
    assert_eq!(signal, None);
    ran.ok();
    kinds(&log)
}

/// The kinds of points that kill_at has logged.
fn kinds(log: &str) -> Vec<String> {
    let text = std::fs::read_to_string(log).expect("the points: is kill_at loaded?");
    text.lines().map(|line| line.split_once(' ').expect("number and kind").1.to_owned()).collect()
}

/// Every point that is no plain write, the write before each, and of the others one in so many.
fn worth_it(points: &[String], writes: usize) -> BTreeSet<usize> {
    let is_worth_it = |index: &usize| {
        let next_is_step = points.get(index + 1).is_none_or(|next| next != "write");
        points[*index] != "write" || next_is_step || index.is_multiple_of(writes)
    };
    (0..points.len()).filter(is_worth_it).map(|index| index + 1).collect()
}

/// Checks every point, on two threads.
fn walk(chosen: &BTreeSet<usize>, check: impl Fn(usize) -> Outcome + Sync) -> Vec<Outcome> {
    thread::scope(|scope| {
        let every_other = |first: usize| chosen.iter().skip(first).step_by(2).map(|at| check(*at)).collect::<Vec<_>>();
        let other = scope.spawn(move || every_other(1));
        let mut all = every_other(0);
        all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        all
    })
}

impl Try {
    fn place(&self) -> String {
        match &self.token {
            Some(token) => token.uri(),
            None => self.file().map_or_else(|| "computer".to_owned(), |file| format!("file:{}", self.desk.text(file))),
        }
    }

    /// The name of the file, where the place is one.
    fn file(&self) -> Option<&'static str> {
        match self.goal {
            Goal::Pkcs12 => Some("me.p12"),
            Goal::Pem => Some("me.pem"),
            Goal::Token | Goal::Computer | Goal::ComputerWithHelper => None,
        }
    }

    /// The arguments for the file's password, where there is one.
    fn password(&self) -> Vec<String> {
        let given = || vec!["--password-file".to_owned(), self.desk.text("password")];
        self.file().map(|_| given()).unwrap_or_default()
    }

    fn person(&self) -> PathBuf {
        self.desk.path("person")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.desk.command(arguments);
        command.env("HOME", self.person());
        for folder in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env_remove(folder);
        }
        if let Some(token) = &self.token {
            command.envs(token.env.iter().map(|(name, value)| (name, value)));
        }
        command
    }

    /// Runs it under tests/kill-at; says which signal ended it.
    fn run_killed(&self, arguments: &[&str], env: &[(&str, String)]) -> (Option<i32>, Ran) {
        let mut command = self.command(arguments);
        command.env("LD_PRELOAD", library("kill-at/kill_at.c"));
        if self.goal == Goal::ComputerWithHelper {
            command.env("KILL_EXE", program("chopmark-token-helper")).env("KILL_PARENT", "yes");
            if !env.is_empty() {
                command.env("KILL_COUNT", self.desk.path("count"));
            }
        } else {
            command.env("KILL_EXE", program("chopmark"));
        }
        command.envs(env.iter().map(|(name, value)| (name, value)));
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.signal(), output.into())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments).spawn().unwrap())
    }

    /// Resumes whatever can be resumed: without the code first, if `cautious`, which is enough where nothing was sent.
    fn resume(&self, what: &str, cautious: bool) -> Outcome {
        let jobs = self.run(&["journal", "--json"]).ok()["jobs"].as_array().expect("jobs").clone();
        assert!(jobs.len() < 2, "{what}: {jobs:?}");
        let Some(job) = jobs.first() else { return Outcome::Nothing };
        let id = job["job"].as_str().expect("its number");
        match job["state"].as_str().expect("its state") {
            "done" => return Outcome::WasDone,
            "interrupted" | "unconfirmed" => {}
            other => panic!("{what}: {other}: {job}"),
        }
        let (code, password) = (self.desk.text("code"), self.password());
        let with_password: &[&str] = &password.iter().map(String::as_str).collect::<Vec<_>>();
        if cautious {
            let ran = self.run(&[&["resume", "--all", "--json", "--batch"], with_password].concat());
            if ran.exit == Some(0) {
                let all = ran.ok();
                assert_eq!(all["jobs"].as_array().map(Vec::len), Some(1), "{what}: {all}");
                match all["jobs"][0]["outcome"].as_str() {
                    Some("nothing-happened") => return Outcome::Nothing,
                    Some("enrolled") => return Outcome::Finished,
                    other => panic!("{what}: {other:?}: {all}"),
                }
            }
            ran.failed(2, "CM-1102", "usage");
        }
        let arguments = ["resume", id, "--json", "--batch", "--code-file", &code];
        let ran = self.run(&[&arguments, with_password].concat());
        assert_eq!(ran.exit, Some(0), "{what}: {ran:#?}\n{job:#}");
        let resumed = ran.ok();
        assert_eq!(resumed["outcome"], "enrolled", "{what}: {resumed}");
        assert!(resumed["proved"] == true && resumed["confirmed"] == true, "{what}: {resumed}");
        Outcome::Finished
    }

    fn assert_nothing(&self, what: &str, ca: &Ca) {
        let transactions = ca.transactions(&self.codes.reference);
        assert!(transactions.is_empty(), "{what}: codes still unused: {transactions:?}");
        assert_eq!(self.desk.kept_keys().len(), 0, "{what}: a kept key is left");
        let files =
            std::fs::read_dir(self.desk.folder()).expect("the desk").map(|entry| entry.expect("one").file_name());
        let files: Vec<_> = files.filter(|name| name.to_string_lossy().contains("me.p")).collect();
        assert!(files.is_empty(), "{what}: a file is left: {files:?}");
        if let Some(token) = &self.token {
            assert_eq!((token.content().0.len(), token.objects()), (0, 0), "{what}: something is left on the token");
        }
        computer::assert_nothing(what, &self.person());
        self.assert_no_secret();
    }

    fn assert_one(&self, what: &str, ca: &Ca, sha256: &str) {
        let issued = ca.issued(&self.codes.reference);
        assert_eq!(issued.len(), 1, "{what}: {issued:?}");
        assert_eq!((issued[0].state.as_str(), issued[0].sha256.as_str()), ("confirmed", sha256), "{what}");
        assert_eq!(self.desk.kept_keys().len(), 0, "{what}: a kept key is left");
        self.assert_place_has_one(what, ca);
        self.assert_no_secret();
    }

    /// One certificate and its key are in the place, and they fit.
    fn assert_place_has_one(&self, what: &str, ca: &Ca) {
        match (&self.token, self.goal) {
            (Some(token), _) => assert_token_has_one(what, token),
            (None, Goal::Pem) => assert_pem_is_whole(what, ca, &self.desk),
            (None, Goal::Pkcs12) => {
                assert_file_is_whole(what, ca, &self.desk);
            }
            (None, _) => computer::assert_one(what, &self.person()),
        }
    }

    fn assert_no_secret(&self) {
        if self.desk.home().exists() {
            assert_no_secret(&self.desk.home(), &[PASSWORD, PIN, &self.codes.authorization_code]);
        }
    }
}

#[test]
fn killed_at_every_step_of_an_enrolment_onto_a_token() {
    Walk { ca: Ca::start(), goal: Goal::Token }.all();
}

#[test]
fn killed_at_every_step_of_an_enrolment_into_a_file() {
    Walk { ca: Ca::start(), goal: Goal::Pkcs12 }.all();
}

#[test]
fn killed_at_every_step_of_an_enrolment_into_pem() {
    Walk { ca: Ca::start(), goal: Goal::Pem }.all();
}

#[test]
fn killed_at_every_step_of_an_enrolment_into_this_computers_store() {
    Walk { ca: Ca::start(), goal: Goal::Computer }.all();
}

/// As when the power goes: in the middle of what NSS writes, the command is gone as well.
#[test]
fn killed_with_the_helper_at_every_step_of_this_computers_store() {
    Walk { ca: Ca::start(), goal: Goal::ComputerWithHelper }.all();
}

/// Killed once when the request had been sent, and once more at each step of the resumption.
#[test]
fn killed_again_while_resuming() {
    let walk = Walk { ca: Ca::start(), goal: Goal::Pkcs12 };
    let points = walk.points();
    let sent = points.iter().position(|kind| kind == "sent").expect("a request") + 1;
    let interrupted = || {
        let one = walk.begin();
        assert_eq!(walk.enroll(&one, &[("KILL_AT", sent.to_string())]).0, Some(9));
        one
    };
    let resume = |one: &Try, env: (&str, String)| {
        let (code, password) = (one.desk.text("code"), one.desk.text("password"));
        let arguments = ["resume", "1", "--json", "--batch", "--code-file", &code, "--password-file", &password];
        one.run_killed(&arguments, &[env])
    };
    let one = interrupted();
    let log = one.desk.text("points");
    assert_eq!(resume(&one, ("KILL_LOG", log.clone())).0, None);
    let kinds = kinds(&log);
    let steps = (1..=kinds.len()).filter(|at| kinds[at - 1] != "write");
    let mut killed = 0;
    for at in steps {
        let (one, what) = (interrupted(), format!("resumption killed at {at} of {}", kinds.len()));
        match resume(&one, ("KILL_AT", at.to_string())) {
            (Some(9), _) => killed += 1,
            (None, ran) => assert_eq!(ran.ok()["outcome"], "enrolled", "{what}"),
            other => panic!("{what}: {other:?}"),
        }
        assert_ne!(one.resume(&what, false), Outcome::Nothing, "{what}");
        let issued = walk.ca.issued(&one.codes.reference);
        assert_eq!(issued.len(), 1, "{what}");
        one.assert_one(&what, &walk.ca, &issued[0].sha256);
    }
    println!("{killed} resumptions killed");
    assert!(killed > 10, "{killed} of {}", kinds.len());
}
