//! The job's dialogue with the CA: every message is journaled before it is sent, and it is known what may be sent again.
//!
//! A message that may have arrived is followed by the same bytes (while they are fresh), by the same request in the same
//! transaction, or by a poll: never by a new transaction, unless the CA could not make sense of the code.

use std::time::{Duration, Instant};

use cmp_protocol::{
    exchange::{Refusal, Reply},
    message::{Body, FailInfo},
    protection::SharedSecret,
};

use crate::{
    app::Desk,
    ca::{
        cmp::{Conversation, Credentials, Written, shared_secret},
        http::{Endpoint, Operation},
    },
    clock,
    error::{Code, Error, Result},
    jobs::old_key::OldKey,
    journal::{Job, Record, SentRecord, hex, unhex},
    model::{CodePurpose, Event, JobKind, Question},
    stores::{OpenPlace, ask_secret},
    ui::{Secret, Ui},
};

/// Seconds between polls when the CA does not say.
const POLL: u64 = 10;
/// Longest pause between polls, whatever the CA says; it may be asked earlier (RFC 9483 §4.4 leaves that open).
const LONGEST_PAUSE: u64 = 3600;
/// Seconds for which a message may be sent again unchanged. CAs refuse a messageTime that is minutes old.
const FRESH: u64 = 120;

/// How what we say is protected.
pub(crate) enum Voice {
    /// By the two codes.
    Codes(Secret),
    /// By the key of the certificate that is renewed or revoked.
    Key(Box<OldKey>),
}

/// The CA with what our words are protected by. The conversation is made when there is something to say.
///
/// Where a key protects them and lies in the job's own place, that place has to be handed to each call.
pub(crate) struct Ca<'a> {
    desk: &'a Desk,
    voice: Voice,
    conversation: Option<Conversation>,
    deadline: Option<Instant>,
    ui: &'a dyn Ui,
    repeated: bool,
}

/// What a message is to the CA, as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The first that is said about this job.
    First,
    /// The request again; the CA may have had it before.
    Again,
    /// Asking for the decision.
    Poll,
}

impl Attempt {
    /// The same bytes were sent more than once under way: a refusal may be about that.
    pub(crate) fn repeated(self, repeated: bool) -> Attempt {
        if repeated { Attempt::Again } else { self }
    }

    /// Does this refusal say that nothing will come of the request? Only then may its key go (invariant 4).
    ///
    /// Not when anybody with a certificate of the CA may have signed it, and not when it may be about the repetition or
    /// the moment instead of the request.
    pub(crate) fn is_clear_no(self, refusal: &Refusal) -> bool {
        const ABOUT_THE_MOMENT: [FailInfo; 5] = [
            FailInfo::BadTime,
            FailInfo::SystemUnavail,
            FailInfo::SystemFailure,
            FailInfo::BadRecipientNonce,
            FailInfo::BadSenderNonce,
        ];
        const ABOUT_THE_REPETITION: [FailInfo; 3] =
            [FailInfo::TransactionIdInUse, FailInfo::NotAuthorized, FailInfo::DuplicateCertReq];
        let says = |reasons: &[FailInfo]| refusal.reasons.iter().any(|reason| reasons.contains(reason));
        refusal.certain
            && match self {
                Attempt::First => true,
                Attempt::Again => !refusal.in_error && !says(&ABOUT_THE_REPETITION) && !says(&ABOUT_THE_MOMENT),
                Attempt::Poll => !says(&ABOUT_THE_MOMENT),
            }
    }
}

/// The authorization code, asked from the person.
pub(crate) async fn ask_code(job: &Job, ui: &dyn Ui, purpose: CodePurpose, wrong_before: bool) -> Result<Secret> {
    let question = Question::AuthorizationCode {
        reference: job.record.order.reference.clone(),
        ca: job.record.profile.title.clone(),
        purpose,
        wrong_before,
    };
    ask_secret(ui, question).await
}

impl<'a> Ca<'a> {
    pub(crate) fn new(desk: &'a Desk, voice: Voice, ui: &'a dyn Ui) -> Ca<'a> {
        let deadline = desk.options.timeout.map(|limit| Instant::now() + limit);
        Ca { desk, voice, conversation: None, deadline, ui, repeated: false }
    }

    /// Is what we say protected by the codes?
    pub(crate) fn by_codes(&self) -> bool {
        matches!(self.voice, Voice::Codes(_))
    }

    /// Another code was typed.
    pub(crate) fn change_code(&mut self, code: Secret) {
        self.voice = Voice::Codes(code);
        self.conversation = None;
    }

    /// The codes, where they protect our words.
    pub(crate) fn secret(&self, job: &Job) -> Option<SharedSecret> {
        match &self.voice {
            Voice::Codes(code) => Some(shared_secret(&job.record.order.reference, code)),
            Voice::Key(_) => None,
        }
    }

    fn credentials(&self, job: &Job) -> Result<Credentials> {
        Ok(match &self.voice {
            Voice::Codes(code) => Credentials::codes(&job.record.order.reference, code),
            Voice::Key(key) => {
                let (certificate, chain) = key.certificates()?;
                Credentials::Certificate { certificate, chain, scheme: key.scheme() }
            }
        })
    }

    pub(crate) fn conversation(&mut self, job: &Job) -> Result<&mut Conversation> {
        if self.conversation.is_none() {
            let saved = match &job.record.sent {
                Some(sent) if !sent.start_over => Some(unhex(&sent.exchange)?),
                _ => None,
            };
            let profile = &job.record.profile;
            let way = (Endpoint::new(profile, &self.desk.way_to(profile))?, operation(&job.record));
            let (credentials, trace) = (self.credentials(job)?, self.desk.trace.clone());
            self.conversation = Some(Conversation::new(profile, way, credentials, saved.as_deref(), trace)?);
        }
        self.conversation.as_mut().ok_or_else(|| Error::new(Code::Internal, "talking to the CA"))
    }

    /// Journals a message and sends it. One that the CA could not read for its code counts as not said, unless it was the
    /// first: then the job starts over with the next code.
    pub(crate) async fn say(&mut self, job: &mut Job, own: Option<&mut OpenPlace>, body: Body) -> Result<Reply> {
        let (name, polls) = (body.name(), matches!(body, Body::PollReq(_)));
        let before = job.record.sent.clone();
        let message = self.message(job, own, body).await?;
        let conversation = self.conversation(job)?;
        job.record.sent = Some(SentRecord {
            exchange: hex(&conversation.saved()?),
            message: hex(&message),
            at: clock::now(),
            confirming: job.record.issued.is_some(),
            // A poll that was not answered is followed by another one.
            waiting: polls && before.as_ref().is_some_and(|sent| sent.waiting),
            start_over: false,
        });
        job.save("sending", name)?;
        let reply = self.send(job, &message).await;
        if matches!(&reply, Err(error) if error.code == Code::CodesWrong) {
            match before {
                Some(before) => job.record.sent = Some(before),
                None => start_over(job),
            }
            self.conversation = None;
            job.save("code-refused", "")?;
        }
        reply
    }

    async fn message(&mut self, job: &Job, own: Option<&mut OpenPlace>, body: Body) -> Result<Vec<u8>> {
        match (self.conversation(job)?.write(body)?, &mut self.voice) {
            (Written::Ready(message), _) => Ok(message),
            (Written::ToSign(unprotected), Voice::Key(key)) => {
                let signature = key.sign(own, unprotected.to_sign()).await?;
                Ok(unprotected.assemble(&signature)?)
            }
            (Written::ToSign(_), Voice::Codes(_)) => Err(Error::new(Code::Internal, "talking to the CA")),
        }
    }

    /// Asks for the decision.
    pub(crate) async fn poll(&mut self, job: &mut Job, own: Option<&mut OpenPlace>) -> Result<Reply> {
        let body = self.conversation(job)?.poll();
        self.say(job, own, body).await
    }

    /// The last message once more, unchanged: its answer was lost.
    pub(crate) async fn repeat(&mut self, job: &mut Job) -> Result<Reply> {
        let message = unhex(&job.record.sent.as_ref().map(|sent| sent.message.clone()).unwrap_or_default())?;
        job.save("sending-again", "")?;
        let reply = self.send(job, &message).await;
        if matches!(&reply, Err(error) if error.code == Code::CodesWrong) {
            // The code that this message was made with is wrong: it has not been understood.
            start_over(job);
            self.conversation = None;
            job.save("code-refused", "")?;
        }
        reply
    }

    async fn send(&mut self, job: &mut Job, message: &[u8]) -> Result<Reply> {
        let (ui, deadline, confirming) = (self.ui, self.deadline, job.record.issued.is_some());
        let conversation = self.conversation(job)?;
        let reply = if confirming {
            // Neither the person nor the total time stops what is between "issued" and "confirmed".
            conversation.send(message).await
        } else {
            let late = conversation.endpoint().too_late();
            tokio::select! {
                biased;
                reply = conversation.send(message) => reply,
                // It may have arrived: the journal says "sending".
                () = ui.cancelled() => Err(Error::new(Code::Cancelled, "asking the CA")),
                () = passed(deadline) => Err(late),
            }
        };
        let repeated = conversation.was_repeated();
        let exchange = hex(&conversation.saved()?);
        if let Some(sent) = &mut job.record.sent {
            sent.exchange = exchange;
        }
        self.repeated = repeated;
        if matches!(&reply, Err(error) if error.code == Code::ProxyWantsPassword) {
            self.desk.unlocked.forget_proxy_password();
        }
        reply
    }

    /// The last message was sent more than once, unseen, because its connection broke.
    pub(crate) fn was_repeated(&self) -> bool {
        self.repeated
    }

    /// Waits as long as the CA says. Cancelling here leaves the job to be resumed or discarded.
    pub(crate) async fn wait(
        &self,
        job: &mut Job,
        check_after: Option<u64>,
        text: Option<String>,
        ui: &dyn Ui,
    ) -> Result<()> {
        // A CA that has just said "waiting" says when only in its pollRep: ask at once (RFC 9483 §4.4).
        let polled = job.record.sent.as_ref().is_some_and(|sent| sent.waiting);
        if check_after.is_none() && !polled {
            if let Some(sent) = &mut job.record.sent {
                sent.waiting = true;
            }
            return job.save("waiting", "");
        }
        let seconds = check_after.unwrap_or(POLL).clamp(1, LONGEST_PAUSE);
        if let Some(sent) = &mut job.record.sent {
            sent.waiting = true;
        }
        job.record.next_poll = Some(clock::now() as i64 + seconds as i64);
        job.save("waiting", &seconds.to_string())?;
        ui.report(Event::Waiting { retry_after: seconds, text });
        let pause = Duration::from_secs(seconds);
        let too_long = self.deadline.is_some_and(|deadline| Instant::now() + pause > deadline);
        if job.record.order.no_wait || too_long {
            return Err(Error::new(Code::StillWaiting, "waiting for the CA").with("retryAfter", seconds));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = ui.cancelled() => Err(Error::new(Code::Cancelled, "waiting for the CA")),
        }
    }
}

/// Ends when the time is over; without a limit never.
async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// What the whole conversation is about.
fn operation(record: &Record) -> Operation {
    match record.kind() {
        JobKind::Enroll => record.profile.cmp.request.into(),
        JobKind::Renew => Operation::KeyUpdate,
        JobKind::Revoke => Operation::Revocation,
    }
}

fn start_over(job: &mut Job) {
    if let Some(sent) = &mut job.record.sent {
        sent.start_over = true;
    }
}

impl SentRecord {
    /// May the same bytes be sent again?
    pub(crate) fn is_fresh(&self) -> bool {
        !self.start_over && clock::now().abs_diff(self.at) <= FRESH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(reason: FailInfo, in_error: bool, certain: bool) -> Refusal {
        Refusal { reasons: vec![reason], text: None, in_error, certain }
    }

    #[test]
    fn only_a_decision_on_the_request_is_a_clear_no() {
        use Attempt::{Again, First, Poll};
        use FailInfo::{BadCertTemplate, BadTime, NotAuthorized, SystemUnavail, TransactionIdInUse};
        for (attempt, reason, in_error, clear) in [
            (First, BadCertTemplate, true, true),
            (First, BadTime, true, true),
            (Again, BadCertTemplate, false, true),
            (Again, BadCertTemplate, true, false),
            (Again, TransactionIdInUse, true, false),
            (Again, NotAuthorized, false, false),
            (Again, BadTime, true, false),
            (Poll, BadCertTemplate, false, true),
            (Poll, NotAuthorized, true, true),
            (Poll, SystemUnavail, true, false),
            (Poll, BadTime, true, false),
        ] {
            let by_secret = refusal(reason, in_error, true);
            assert_eq!(attempt.is_clear_no(&by_secret), clear, "{attempt:?} {by_secret}");
            assert!(!attempt.is_clear_no(&refusal(reason, in_error, false)), "signed by anybody: {attempt:?}");
        }
    }
}
