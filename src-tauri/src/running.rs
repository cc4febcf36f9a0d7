//! The jobs that run: each with its way to be stopped and its open questions. The window's [`Ui`].

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use chopmark_core::{
    error::{Code, Error},
    model::{Event, Question},
    ui::{Answer, Secret, Ui},
};
use serde::{Deserialize, Deserializer, Serialize};
use tauri::{AppHandle, Emitter};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Jobs by the number that the page gave them; `None`: it has ended.
#[derive(Default)]
pub(crate) struct Running(Jobs);

type Jobs = Arc<Mutex<HashMap<u32, Option<Arc<Job>>>>>;

/// A job under way.
pub(crate) struct Job {
    run: u32,
    page: AppHandle,
    stop: CancellationToken,
    /// Typed into the form; answers the first question for it.
    code: Mutex<Option<Secret>>,
    open: Mutex<HashMap<u32, oneshot::Sender<Option<Answer>>>>,
    asked: AtomicU32,
}

/// Keeps a job in [`Running`] for as long as it lives.
pub(crate) struct Entry {
    pub(crate) job: Arc<Job>,
    all: Jobs,
}

/// The orders that are watched: each with its way to be stopped.
#[derive(Default)]
pub(crate) struct Watching(Mutex<HashMap<String, CancellationToken>>);

impl Watching {
    /// From now on it is watched; who watched it before stops.
    pub(crate) fn start(&self, order: &str) -> CancellationToken {
        let stop = CancellationToken::new();
        if let Some(before) = held(&self.0).insert(order.to_owned(), stop.clone()) {
            before.cancel();
        }
        stop
    }

    /// Stops watching an order.
    pub(crate) fn stop(&self, order: &str) {
        if let Some(stop) = held(&self.0).remove(order) {
            stop.cancel();
        }
    }

    /// Stops watching: nobody is left to be told.
    pub(crate) fn stop_all(&self) {
        held(&self.0).drain().for_each(|(_, stop)| stop.cancel());
    }
}

/// A secret on its way in: it becomes a [`Secret`] while it is read.
pub(crate) struct Typed(Secret);

/// What the page answers to a question.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Given {
    /// A code, PIN or password.
    Secret {
        /// Its text.
        text: Typed,
    },
    /// What was typed, and is no secret.
    Text {
        /// The text.
        text: String,
    },
    /// Take it, or go on.
    Yes,
    /// Refuse it.
    No,
    /// Stop.
    Cancel,
}

#[derive(Clone, Serialize)]
struct JobEvent {
    run: u32,
    event: Event,
}

#[derive(Clone, Serialize)]
struct JobQuestion {
    run: u32,
    id: u32,
    question: Question,
}

impl Running {
    /// A new job with the page's number, which serves once: a page that is loaded again breaks off its open calls, and
    /// Tauri's script then sends them a second time.
    pub(crate) fn begin(&self, run: u32, page: AppHandle, code: Option<Typed>) -> Result<Entry, Error> {
        let mut all = held(&self.0);
        if all.contains_key(&run) {
            return Err(Error::new(Code::Cancelled, "starting a job a second time"));
        }
        let job = Arc::new(Job {
            run,
            page,
            stop: CancellationToken::new(),
            code: Mutex::new(code.map(|typed| typed.0)),
            open: Mutex::default(),
            asked: AtomicU32::new(1),
        });
        all.insert(run, Some(job.clone()));
        Ok(Entry { job, all: self.0.clone() })
    }

    /// Answers an open question; an answer that comes too late is dropped.
    pub(crate) fn answer(&self, run: u32, id: u32, given: Given) {
        let sender = held(&self.0).get(&run).and_then(|job| held(&job.as_ref()?.open).remove(&id));
        if let Some(sender) = sender {
            let _ = sender.send(given.into());
        }
    }

    /// Stops a job where it may be stopped.
    pub(crate) fn cancel(&self, run: u32) {
        if let Some(Some(job)) = held(&self.0).get(&run) {
            job.stop.cancel();
        }
    }

    /// Stops every job where it may be stopped: nobody is left to answer.
    pub(crate) fn cancel_all(&self) {
        for job in held(&self.0).values().flatten() {
            job.stop.cancel();
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        held(&self.all).insert(self.job.run, None);
    }
}

#[async_trait]
impl Ui for Job {
    fn report(&self, event: Event) {
        let _ = self.page.emit("job-event", JobEvent { run: self.run, event });
    }

    async fn ask(&self, question: Question) -> Option<Answer> {
        if matches!(question, Question::AuthorizationCode { .. })
            && let Some(code) = held(&self.code).take()
        {
            return Some(Answer::Secret(code));
        }
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        held(&self.open).insert(id, sender);
        let _ = self.page.emit("job-question", JobQuestion { run: self.run, id, question });
        tokio::select! {
            answer = answer => answer.ok().flatten(),
            () = self.stop.cancelled() => {
                held(&self.open).remove(&id);
                None
            }
        }
    }

    async fn cancelled(&self) {
        self.stop.cancelled().await;
    }
}

impl From<Typed> for Secret {
    fn from(typed: Typed) -> Secret {
        typed.0
    }
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Typed, D::Error> {
        String::deserialize(deserializer).map(|text| Typed(Secret::new(text)))
    }
}

impl From<Given> for Option<Answer> {
    fn from(given: Given) -> Self {
        match given {
            Given::Secret { text } => Some(Answer::Secret(text.0)),
            Given::Text { text } => Some(Answer::Text(text)),
            Given::Yes => Some(Answer::Yes),
            Given::No => Some(Answer::No),
            Given::Cancel => None,
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no panic while held")
}
