//! A desk with the codes of an invitation on it.

use std::process::{Command, Stdio};

use chopmark_tests::bench::{
    ca::{Ca, Codes, Fault, Invitation},
    command::{Desk, Ran, finish, run_with_stdin},
    token::Token,
};
use serde_json::Value;

pub(crate) const PASSWORD: &str = "correct-horse-7";

/// A desk with the codes of an invitation on it.
pub(crate) struct Case {
    pub(crate) desk: Desk,
    pub(crate) codes: Codes,
    pub(crate) ca: String,
}

impl Case {
    pub(crate) fn new(ca: &Ca, change: impl FnOnce(&mut Invitation)) -> Case {
        let (desk, codes) = (Desk::new(), ca.invite(change));
        desk.write("code", &codes.authorization_code);
        desk.write("password", PASSWORD);
        Case { desk, codes, ca: ca.profile.display().to_string() }
    }

    pub(crate) fn arguments(&self, place: &str, more: &[&str]) -> Vec<String> {
        let (code, password) = (self.desk.text("code"), self.desk.text("password"));
        let first = ["enroll", "--json", "--batch", "--ca", &self.ca, "--reference", &self.codes.reference];
        let rest = ["--place", place, "--key", "ec:p256", "--code-file", &code, "--password-file", &password];
        [&first[..], &rest, more].concat().into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn file(&self) -> String {
        format!("file:{}", self.desk.text("me.p12"))
    }

    pub(crate) fn enroll(&self, more: &[&str]) -> Ran {
        self.desk.run(&self.arguments(&self.file(), more))
    }

    /// A command with `--json --batch` and the password of the file.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let password = self.desk.text("password");
        self.desk.run(&[arguments, &["--json", "--batch", "--password-file", &password]].concat())
    }

    pub(crate) fn resume(&self) -> Ran {
        let (code, password) = (self.desk.text("code"), self.desk.text("password"));
        self.desk.run(&["resume", "--json", "--batch", "--code-file", &code, "--password-file", &password])
    }

    /// An enrolment at one more place, with another reference and the same code, for which no answer comes.
    pub(crate) fn interrupted(&self, ca: &Ca, token: &Token, reference: &str, place: &str, more: &[&str]) {
        let code = self.codes.authorization_code.clone();
        ca.invite(|invitation| {
            invitation.codes = Some((reference.to_owned(), code));
            invitation.fault = Some(Fault::DropAnswer);
        });
        let mut arguments = self.arguments(place, &[&["--retries", "0"], more].concat());
        let at = arguments.iter().position(|argument| *argument == self.codes.reference).unwrap();
        arguments[at] = reference.to_owned();
        finish(self.command(token, &arguments).spawn().unwrap()).failed(12, "CM-3202", "ca-unreachable");
    }

    /// `resume --all` on a terminal, where the same code is typed for each job: exit code and result.
    pub(crate) fn resume_all(&self, token: &Token, file: [&str; 2], jobs: usize) -> (Option<i32>, Value) {
        let command = self.command(token, &["resume", "--all", "--json", file[0], file[1]].map(str::to_owned));
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.display())).collect();
        let mut terminal = Command::new("script");
        terminal.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
        terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        terminal.stdout(Stdio::piped()).stderr(Stdio::piped());
        let ran = run_with_stdin(terminal, &format!("{}\n", *self.codes.authorization_code).repeat(jobs));
        let last = ran.stdout.rfind("{\"result\"").unwrap_or_else(|| panic!("no result: {ran:?}"));
        (ran.exit, serde_json::from_str(ran.stdout[last..].lines().next().unwrap()).expect("JSON"))
    }

    pub(crate) fn command(&self, token: &Token, arguments: &[String]) -> Command {
        let mut command = self.desk.command(arguments);
        command.envs(token.env.iter().map(|(name, value)| (name, value)));
        command
    }
}
