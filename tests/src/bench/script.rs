//! A person who answers from a script: [`Ui`] of the tests.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chopmark_core::{
    model::{Event, Question},
    ui::{Answer, Secret, Ui},
};
use tokio::sync::watch;

/// One answer.
#[derive(Debug, Clone)]
pub enum Say {
    /// A secret.
    Text(String),
    /// Accept.
    Yes,
    /// Decline.
    No,
    /// Nobody can say now.
    Later,
    /// Cancel.
    Cancel,
    /// Never answers: waits for the cancelling.
    Wait,
}

impl From<&str> for Say {
    fn from(text: &str) -> Say {
        Say::Text(text.to_owned())
    }
}

type Trigger = Box<dyn Fn(&Event) -> bool + Send + Sync>;

/// Answers in the order given, each once. A question for which there is no answer left fails the test.
#[derive(Default)]
pub struct Script {
    codes: Mutex<VecDeque<Say>>,
    pins: Mutex<VecDeque<Say>>,
    so_pins: Mutex<VecDeque<Say>>,
    new_pins: Mutex<VecDeque<Say>>,
    pads: Mutex<VecDeque<Say>>,
    labels: Mutex<VecDeque<Say>>,
    passwords: Mutex<VecDeque<Say>>,
    connection: Mutex<VecDeque<Say>>,
    changes: Mutex<VecDeque<Say>>,
    checks: Mutex<VecDeque<Say>>,
    protections: Mutex<VecDeque<Say>>,
    /// Cancels when this event comes.
    cancel_at: Option<Trigger>,
    cancel: watch::Sender<bool>,
    questions: Mutex<Vec<Question>>,
    events: Mutex<Vec<Event>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Script {
    /// Knows no answer.
    pub fn new() -> Script {
        Script::default()
    }

    /// Next answer to the question for the authorization code.
    #[must_use]
    pub fn code(self, say: impl Into<Say>) -> Script {
        lock(&self.codes).push_back(say.into());
        self
    }

    /// Next answer to the question for the PIN.
    #[must_use]
    pub fn pin(self, say: impl Into<Say>) -> Script {
        lock(&self.pins).push_back(say.into());
        self
    }

    /// Next answer to the question for the security officer's PIN.
    #[must_use]
    pub fn so_pin(self, say: impl Into<Say>) -> Script {
        lock(&self.so_pins).push_back(say.into());
        self
    }

    /// Next answer to the question for a new PIN.
    #[must_use]
    pub fn new_pin(self, say: impl Into<Say>) -> Script {
        lock(&self.new_pins).push_back(say.into());
        self
    }

    /// Next answer to being told that a PIN is typed on the device.
    #[must_use]
    pub fn pad(self, say: Say) -> Script {
        lock(&self.pads).push_back(say);
        self
    }

    /// Next answer to the question for the token's label.
    #[must_use]
    pub fn label(self, say: impl Into<Say>) -> Script {
        lock(&self.labels).push_back(say.into());
        self
    }

    /// Next answer to the question for the file's password.
    #[must_use]
    pub fn password(self, say: impl Into<Say>) -> Script {
        lock(&self.passwords).push_back(say.into());
        self
    }

    /// Next answer to the question for a password on the way to the CA.
    #[must_use]
    pub fn connection(self, say: impl Into<Say>) -> Script {
        lock(&self.connection).push_back(say.into());
        self
    }

    /// Next answer to what the CA changed.
    #[must_use]
    pub fn changes(self, say: Say) -> Script {
        lock(&self.changes).push_back(say);
        self
    }

    /// Next answer to a code that looks mistyped.
    #[must_use]
    pub fn check(self, say: Say) -> Script {
        lock(&self.checks).push_back(say);
        self
    }

    /// Next answer to the question whether another kind of MAC may be used.
    #[must_use]
    pub fn protection(self, say: Say) -> Script {
        lock(&self.protections).push_back(say);
        self
    }

    /// Cancels when an event comes for which this is true.
    #[must_use]
    pub fn cancel_at(mut self, trigger: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Script {
        self.cancel_at = Some(Box::new(trigger));
        self
    }

    /// Cancels now.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// What was asked, oldest first.
    pub fn questions(&self) -> Vec<Question> {
        lock(&self.questions).clone()
    }

    /// What was reported, oldest first.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.events).clone()
    }

    /// Answers that nobody asked for.
    pub fn left(&self) -> usize {
        let secrets = [&self.codes, &self.pins, &self.so_pins, &self.new_pins, &self.passwords, &self.connection];
        let rest = [&self.pads, &self.labels, &self.changes, &self.checks, &self.protections];
        secrets.iter().chain(&rest).map(|answers| lock(answers).len()).sum()
    }
}

#[async_trait]
impl Ui for Script {
    fn report(&self, event: Event) {
        if self.cancel_at.as_ref().is_some_and(|trigger| trigger(&event)) {
            self.cancel();
        }
        lock(&self.events).push(event);
    }

    async fn ask(&self, question: Question) -> Option<Answer> {
        let answers = match &question {
            Question::AuthorizationCode { .. } => &self.codes,
            Question::Pin { .. } => &self.pins,
            Question::SoPin { .. } => &self.so_pins,
            Question::NewPin { .. } => &self.new_pins,
            Question::PinPad { .. } => &self.pads,
            Question::TypeLabel { .. } => &self.labels,
            Question::FilePassword { .. } | Question::StorePassword { .. } => &self.passwords,
            Question::ConnectionPassword { .. } => &self.connection,
            // Whether to trust a root is one more word on what the CA gave.
            Question::AcceptChanges { .. } | Question::TrustRoot { .. } => &self.changes,
            Question::CheckCode { .. } => &self.checks,
            Question::OtherProtection { .. } => &self.protections,
        };
        let say = lock(answers).pop_front();
        lock(&self.questions).push(question.clone());
        match say {
            Some(Say::Text(text)) if matches!(question, Question::TypeLabel { .. }) => Some(Answer::Text(text)),
            Some(Say::Text(text)) => Some(Answer::Secret(Secret::new(text))),
            Some(Say::Yes) => Some(Answer::Yes),
            Some(Say::No) => Some(Answer::No),
            Some(Say::Later) => Some(Answer::Later),
            Some(Say::Cancel) => None,
            Some(Say::Wait) => {
                self.cancelled().await;
                None
            }
            None => panic!("the script has no answer to {question:?}"),
        }
    }

    async fn cancelled(&self) {
        let mut watched = self.cancel.subscribe();
        // The sender lives as long as this.
        let _ = watched.wait_for(|cancelled| *cancelled).await;
    }
}
