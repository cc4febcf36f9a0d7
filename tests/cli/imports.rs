//! PKCS#12 files into a browser's store and onto a token; NSS's own tools look at what lies there.
#![cfg(target_os = "linux")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command},
};

use chopmark_tests::bench::{ca::Ca, command::finish, programs::run, token::Token};

use crate::case::Case;

struct Person {
    case: Case,
    sha256: String,
}

impl Person {
    /// Somebody with a certificate in a file, and a home of their own.
    fn new(ca: &Ca) -> Person {
        let case = Case::new(ca, |_| {});
        let sha256 = case.enroll(&[]).ok()["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
        std::fs::create_dir(case.desk.path("person")).expect("a folder");
        Person { case, sha256 }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.case.desk.command(&[arguments, &["--json", "--batch"]].concat());
        command.env("HOME", self.case.desk.path("person"));
        command
    }

    fn import(&self, place: &str, more: &[&str]) -> Command {
        let (file, password) = (self.case.desk.text("me.p12"), self.case.desk.text("password"));
        let first = ["import", &file, "--place", place, "--password-file", &password];
        self.command(&[&first[..], more].concat())
    }

    /// Keys of the person's own store, as NSS's tool lists them.
    fn keys(&self) -> usize {
        let store = format!("sql:{}", self.case.desk.path("person").join(".pki/nssdb").display());
        // It ends with a failure when there is none.
        let listed = Command::new("certutil").args(["-K", "-d", &store]).output().expect("certutil");
        String::from_utf8_lossy(&listed.stdout).lines().filter(|line| line.starts_with('<')).count()
    }
}

fn spawn(mut command: Command) -> Child {
    command.spawn().expect("chopmark starts")
}

#[test]
fn a_file_goes_into_the_browsers_store() {
    let ca = Ca::start();
    let person = Person::new(&ca);
    let imported = finish(spawn(person.import("computer", &[]))).ok();
    assert_eq!(
        (&imported["proved"], &imported["certificate"]["sha256"]),
        (&true.into(), &person.sha256.as_str().into())
    );
    assert_eq!(person.keys(), 1);
    let store = format!("sql:{}", person.case.desk.path("person").join(".pki/nssdb").display());
    let name = imported["certificate"]["cn"].as_str().expect("a name");
    assert!(run(Command::new("certutil").args(["-L", "-d", &store])).contains(name));
    // The CA is known from its profile or the journal, so that it can be renewed there.
    let listed = finish(spawn(person.command(&["certs", "--place", "computer"]))).ok();
    assert_eq!(
        (&listed["certificates"][0]["hasKey"], listed["certificates"][0]["ca"].is_string()),
        (&true.into(), true)
    );
    // Twice is once.
    finish(spawn(person.import("computer", &[]))).failed(2, "CM-1101", "usage");
    assert_eq!(person.keys(), 1);
}

#[test]
fn what_cannot_be_imported_is_told_and_leaves_nothing() {
    let ca = Ca::start();
    let person = Person::new(&ca);
    let to = format!("file:{}", person.case.desk.text("other.p12"));
    finish(spawn(person.import(&to, &[]))).failed(2, "CM-1101", "usage");
    person.case.desk.write("password", "another");
    finish(spawn(person.import("computer", &[]))).failed(23, "CM-4003", "place");
    assert_eq!(person.keys(), 0);
    let journal = finish(spawn(person.command(&["journal"]))).ok();
    assert_eq!(journal["jobs"].as_array().map(Vec::len), Some(1), "{journal}");
}

#[test]
fn a_file_goes_onto_a_token() {
    let ca = Ca::start();
    let (person, token) = (Person::new(&ca), Token::soft_hsm());
    let mut import = person.import(&token.uri(), &[]);
    import.envs(token.env.iter().map(|(name, value)| (name, value)));
    let imported = finish(spawn(import)).ok();
    assert_eq!(imported["proved"], true, "{imported}");
    let (keys, certificates) = token.content();
    // With the CA that issued it.
    assert_eq!((keys.len(), certificates.len()), (1, 2));
}

#[test]
fn killed_between_any_two_steps_and_resumed() {
    let ca = Ca::start();
    for step in ["make-key", "install", "prove"] {
        let person = Person::new(&ca);
        let mut child = spawn(person.import("computer", &[]));
        let stdout = BufReader::new(child.stdout.take().expect("its standard output"));
        let at = format!(r#""step":"{step}""#);
        assert!(stdout.lines().map_while(Result::ok).any(|line| line.contains(&at)), "it never came to {step}");
        child.kill().expect("killed");
        child.wait().expect("gone");
        let password = person.case.desk.text("password");
        finish(spawn(person.command(&["resume", "2", "--password-file", &password]))).ok();
        assert_eq!(person.keys(), 1, "{step}");
        let listed = finish(spawn(person.command(&["certs", "--place", "computer"]))).ok();
        assert_eq!(listed["certificates"].as_array().map(Vec::len), Some(1), "{step}: {listed}");
    }
}
