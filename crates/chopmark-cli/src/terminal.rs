//! The person at the terminal, or nobody: [`Ui`] of the command.

use std::{
    io::{IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use chopmark_core::{
    error::{Code, Error},
    model::{CodePurpose, ConnectionSecret, Event, PinState, Question, Step, word},
    ui::{Answer, Secret, Ui},
};
use rust_i18n::t;
use serde_json::json;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{
    checks,
    output::{Output, plain},
    secrets::{Given, copy},
    token_questions,
};

/// Prompts that are left without an answer this often mean "cancel".
pub(crate) const PATIENCE: usize = 3;

/// A person can answer: standard input and standard error are terminals.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The terminal as the core sees it.
pub(crate) struct Terminal<'a> {
    pub output: &'a Output,
    pub can_ask: bool,
    pub yes: bool,
    pub cancel: CancellationToken,
    given: Given,
    memory: Mutex<Memory>,
}

/// What happened while asking, in one job.
#[derive(Default)]
struct Memory {
    /// Why the answer was "cancel" although nobody cancelled.
    reason: Option<Error>,
    /// The password of an existing file was given already.
    password_sent: bool,
}

impl<'a> Terminal<'a> {
    pub(crate) fn new(output: &'a Output, can_ask: bool, yes: bool, cancel: CancellationToken, given: Given) -> Self {
        Terminal { output, can_ask, yes, cancel, given, memory: Mutex::default() }
    }

    pub(crate) fn given(&self) -> &Given {
        &self.given
    }

    /// Another job: what the one before was asked is not held against it.
    pub(crate) fn next_job(&self) {
        *self.memory() = Memory::default();
    }

    /// A job that ended for want of an answer ended for what kept us from answering.
    pub(crate) fn explain_cancel(&self, error: Error) -> Error {
        match self.memory().reason.take() {
            Some(mut reason) if matches!(error.code, Code::Cancelled | Code::ChangesDeclined | Code::NobodyToAsk) => {
                if let Some(job) = error.facts.get("job") {
                    reason = reason.with("job", job);
                }
                reason
            }
            _ => error,
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody has said "no": the job stops here and keeps what it has.
    pub(crate) fn give_up(&self, reason: Error) -> Option<Answer> {
        self.memory().reason = Some(reason);
        Some(Answer::Later)
    }

    async fn code(
        &self,
        reference: String,
        ca: String,
        purpose: CodePurpose,
        wrong_before: bool,
        tries_left: Option<u32>,
    ) -> Option<Answer> {
        match &self.given.code {
            // As with a PIN: what stands in a file does not get better by being sent again.
            Some(_) if wrong_before => self.give_up(Error::new(Code::CodesWrong, "asking for the code")),
            Some(code) => Some(Answer::Secret(copy(code))),
            None if !self.can_ask => self.give_up(nobody("authorization-code")),
            None => {
                if wrong_before {
                    self.output.note(&t!("ask.code-wrong"));
                    match tries_left {
                        Some(0) => self.output.note(&t!("ask.no-tries")),
                        Some(1) => self.output.note(&t!("ask.one-try")),
                        Some(tries) => self.output.note(&t!("ask.tries", tries = tries)),
                        None => {}
                    }
                }
                if purpose == CodePurpose::GiveUp {
                    self.output.note(&t!("ask.code-give-up"));
                }
                let prompt = t!("ask.code", reference = plain(&reference), ca = plain(&ca)).into_owned();
                match purpose {
                    // Nobody has to: leaving it empty is an answer.
                    CodePurpose::GiveUp => self.typed(prompt).await.filter(|code| !code.expose().is_empty()),
                    _ => self.secret(&prompt).await,
                }
                .map(Answer::Secret)
            }
        }
    }

    async fn pin(
        &self,
        token: String,
        state: PinState,
        wrong_before: bool,
        length: Option<(u32, u32)>,
    ) -> Option<Answer> {
        if wrong_before && (self.given.pin.is_some() || !self.can_ask) {
            // A PIN from a file is never sent twice: two more tries would lock the token.
            let error = Error::new(Code::PinWrong, "signing in to the token");
            return self.give_up(error.with("token", token).with("state", word(&state)));
        }
        if state == PinState::FinalTry {
            self.output.note(&t!("job.last-try", token = plain(&token)));
        }
        if let Some(pin) = &self.given.pin {
            return Some(Answer::Secret(copy(pin)));
        }
        if !self.can_ask {
            return self.give_up(nobody("pin"));
        }
        if wrong_before {
            self.output.note(&t!("ask.pin-wrong"));
        }
        let token = plain(&token);
        let prompt = match length {
            Some((min, max)) => t!("ask.pin-length", token = token, min = min, max = max),
            None => t!("ask.pin", token = token),
        };
        self.secret(&prompt).await.map(Answer::Secret)
    }

    async fn file_password(&self, path: String, new: bool) -> Option<Answer> {
        if let Some(password) = self.given.new_password.as_ref().filter(|_| new) {
            return Some(Answer::Secret(copy(password)));
        }
        if let Some(password) = &self.given.password {
            let sent = std::mem::replace(&mut self.memory().password_sent, !new);
            if sent && !new {
                return self.give_up(Error::new(Code::FilePasswordWrong, "opening the file").with("path", path));
            }
            return Some(Answer::Secret(copy(password)));
        }
        if !self.can_ask {
            return self.give_up(nobody("file-password"));
        }
        let path = plain(&path);
        if !new {
            return self.secret(&t!("ask.password", path = path)).await.map(Answer::Secret);
        }
        for _ in 0..PATIENCE {
            let first = self.secret(&t!("ask.new-password", path = path)).await?;
            let second = self.secret(&t!("ask.new-password-again")).await?;
            if first.expose() == second.expose() {
                return Some(Answer::Secret(first));
            }
            self.output.note(&t!("ask.not-the-same"));
        }
        None
    }

    /// Of a browser's store. It locks nothing, but what stands in a file does not get better by being tried again.
    async fn store_password(&self, store: String, wrong_before: bool) -> Option<Answer> {
        match self.given.store_password.as_ref().or(self.given.password.as_ref()) {
            Some(_) if wrong_before => {
                self.give_up(Error::new(Code::StorePasswordWrong, "opening the store").with("store", store))
            }
            Some(password) => Some(Answer::Secret(copy(password))),
            None if !self.can_ask => self.give_up(nobody("store-password")),
            None => {
                if wrong_before {
                    self.output.note(&t!("ask.password-wrong"));
                }
                self.secret(&t!("ask.store-password", store = plain(&store))).await.map(Answer::Secret)
            }
        }
    }

    async fn connection_password(&self, what: ConnectionSecret, name: String, wrong_before: bool) -> Option<Answer> {
        let (given, missing, prompt) = match what {
            ConnectionSecret::Proxy => (&self.given.proxy_password, "proxy-password", "ask.proxy-password"),
            ConnectionSecret::TlsCertificate => (&self.given.tls_password, "tls-password", "ask.tls-password"),
        };
        match given {
            // What stands in a file does not get better by being tried again.
            Some(_) if wrong_before => {
                let error = Error::new(Code::FilePasswordWrong, "opening the file").with("path", name);
                self.give_up(error)
            }
            Some(password) => Some(Answer::Secret(copy(password))),
            None if !self.can_ask => self.give_up(nobody(missing)),
            None => {
                if wrong_before {
                    self.output.note(&t!("ask.password-wrong"));
                }
                self.secret(&t!(prompt, name = plain(&name))).await.map(Answer::Secret)
            }
        }
    }

    async fn accept(&self, changes: Vec<chopmark_core::model::Change>, text: Option<String>) -> Option<Answer> {
        if self.output.json {
            self.output.event(&json!({ "event": "changes", "changes": changes, "text": text }));
        } else {
            self.output.note(&t!("job.changed"));
            for change in &changes {
                let line = format!("  {}: {} → {}", change.field, change.requested, change.granted);
                self.output.note(&plain(&line));
            }
            if let Some(text) = &text {
                self.output.note(&plain(&t!("job.says", text = text)));
            }
        }
        if self.yes {
            if !self.output.json {
                self.output.note(&t!("job.accepted"));
            }
            return Some(Answer::Yes);
        }
        if !self.can_ask {
            let seen: Vec<_> =
                changes.iter().map(|c| format!("{}: {} → {}", c.field, c.requested, c.granted)).collect();
            return self.give_up(nobody("changes").with("seen", seen.join("; ")));
        }
        // A refusal is told to the CA and cannot be taken back: only a typed "no" is one.
        self.yes_or_no(&t!("ask.accept")).await.map(|yes| if yes { Answer::Yes } else { Answer::No })
    }

    /// A clear yes or no. `None`: neither.
    pub(crate) async fn yes_or_no(&self, question: &str) -> Option<bool> {
        for _ in 0..PATIENCE {
            let answer = self.line(question).await?;
            if let Some(yes) = yes_or_no(&answer) {
                return Some(yes);
            }
        }
        None
    }

    /// A secret, typed without echo.
    pub(crate) async fn secret(&self, prompt: &str) -> Option<Secret> {
        for _ in 0..PATIENCE {
            let typed = self.typed(prompt.to_owned()).await?;
            if !typed.expose().is_empty() {
                return Some(typed);
            }
            self.output.note(&t!("ask.empty"));
        }
        None
    }

    async fn typed(&self, prompt: String) -> Option<Secret> {
        self.output.end_line();
        self.wait_for(move || rpassword::prompt_password(prompt).ok().map(Secret::new)).await
    }

    /// A line, typed with echo. `None`: the person has gone or wants to stop.
    pub(crate) async fn line(&self, prompt: &str) -> Option<String> {
        self.output.end_line();
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, "{prompt}").and_then(|()| stderr.flush());
        let answer = self.wait_for(|| {
            let mut line = String::new();
            match std::io::stdin().read_line(&mut line) {
                Ok(0) | Err(_) => None,
                Ok(_) => Some(line.trim().to_owned()),
            }
        });
        let answer = answer.await;
        if answer.is_none() {
            self.output.note("");
        }
        answer
    }

    /// One of several, by number.
    pub(crate) async fn choose(&self, question: &str, choices: &[String]) -> Option<usize> {
        self.output.note(question);
        for (number, choice) in (1..).zip(choices) {
            self.output.note(&format!("  {number}  {}", plain(choice)));
        }
        loop {
            let line = self.line(&t!("ask.number", last = choices.len())).await?;
            if let Some(index) = line.parse::<usize>().ok().filter(|n| (1..=choices.len()).contains(n)) {
                return Some(index - 1);
            }
        }
    }

    /// Waits for the person on a thread of its own: it may stay there for ever when the job is cancelled.
    async fn wait_for<T: Send + 'static>(&self, ask: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        std::thread::spawn(move || sender.send(ask()));
        tokio::select! {
            answer = receiver => answer.ok().flatten(),
            () = self.cancel.cancelled() => None,
        }
    }
}

pub(crate) fn nobody(what: &'static str) -> Error {
    Error::new(Code::NobodyToAsk, "asking").with("what", what)
}

fn yes_or_no(answer: &str) -> Option<bool> {
    match answer.to_lowercase().as_str() {
        "y" | "yes" | "是" | "好" => Some(true),
        "n" | "no" | "否" | "不" => Some(false),
        _ => None,
    }
}

fn step_name(step: Step) -> String {
    t!(format!("step.{}", word(&step))).into_owned()
}

#[async_trait]
impl Ui for Terminal<'_> {
    fn report(&self, event: Event) {
        if self.output.json {
            return self.output.event(&event);
        }
        match event {
            Event::Step { step } => self.output.begin_line(&step_name(step)),
            Event::StepDone { ms, .. } => self.output.finish_line(&format!("{:.1} s", ms as f64 / 1000.0)),
            Event::Waiting { retry_after, text: None } => {
                self.output.note(&t!("job.waiting", seconds = retry_after));
            }
            Event::Waiting { retry_after, text: Some(text) } => {
                self.output.note(&t!("job.waiting-text", seconds = retry_after, text = plain(&text)));
            }
            Event::Driver { driver, description, token } => {
                let driver = if description.is_empty() { driver } else { format!("{description} ({driver})") };
                self.output.note(&t!("job.driver", token = plain(&token), driver = plain(&driver)));
            }
        }
    }

    async fn ask(&self, question: Question) -> Option<Answer> {
        match question {
            Question::AuthorizationCode { reference, ca, purpose, wrong_before, tries_left } => {
                self.code(reference, ca, purpose, wrong_before, tries_left).await
            }
            Question::CheckCode { part, findings, suggestion } => {
                checks::check_code(self, part, &findings, suggestion).await
            }
            Question::OtherProtection { ca, from, to, weaker } => {
                checks::other_protection(self, &ca, (from, to), weaker).await
            }
            Question::Pin { token, state, wrong_before, length } => self.pin(token, state, wrong_before, length).await,
            Question::SoPin { token, state, wrong_before } => {
                token_questions::so_pin(self, token, state, wrong_before).await
            }
            Question::NewPin { token, whose, length, refused } => {
                token_questions::new_pin(self, token, whose, length, refused).await
            }
            Question::PinPad { token, asks } => token_questions::pin_pad(self, &token, asks),
            Question::TypeLabel { token, act, things, warnings, wrong_before } => {
                token_questions::type_label(self, token, act, (&things, &warnings), wrong_before).await
            }
            Question::StorePassword { store, wrong_before } => self.store_password(store, wrong_before).await,
            Question::TrustRoot { store, ca, sha256 } => checks::trust_root(self, &store, &ca, &sha256).await,
            Question::FilePassword { path, new } => self.file_password(path, new).await,
            Question::ConnectionPassword { what, name, wrong_before } => {
                self.connection_password(what, name, wrong_before).await
            }
            Question::AcceptChanges { changes, text } => self.accept(changes, text).await,
        }
    }

    async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_typed_no_refuses() {
        for yes in ["y", "YES", "是", "好"] {
            assert_eq!(yes_or_no(yes), Some(true), "{yes}");
        }
        for no in ["n", "No", "否", "不"] {
            assert_eq!(yes_or_no(no), Some(false), "{no}");
        }
        for neither in ["", "nn", "later", "ye"] {
            assert_eq!(yes_or_no(neither), None, "{neither}");
        }
    }
}
