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
        cmp::{Conversation, Credentials, TRIES_LEFT, Written, refused, shared_secret},
        http::{Endpoint, Operation},
    },
    clock,
    codes::checked,
    error::{Code, Error, Result},
    jobs::old_key::OldKey,
    journal::{Job, Record, SentRecord, hex, unhex},
    model::{CaProfile, CodePart, CodePurpose, Event, JobKind, Question},
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

impl Voice {
    /// Does it speak by the codes?
    pub(crate) fn by_codes(&self) -> bool {
        matches!(self, Voice::Codes(_))
    }

    /// What a conversation needs of it. `reference`: the one that the codes go with.
    pub(crate) fn credentials(&self, reference: &str) -> Result<Credentials> {
        Ok(match self {
            Voice::Codes(code) => Credentials::codes(reference, code),
            Voice::Key(key) => {
                let (certificate, chain) = key.certificates()?;
                Credentials::Certificate { certificate, chain, scheme: key.scheme() }
            }
        })
    }

    /// A message with its signature, where a key has to make one. `own`: the job's place, where it has one.
    pub(crate) async fn finish(&mut self, written: Written, own: Option<&mut OpenPlace>) -> Result<Vec<u8>> {
        match (written, self) {
            (Written::Ready(message), _) => Ok(message),
            (Written::ToSign(unprotected), Voice::Key(key)) => {
                let signature = key.sign(own, unprotected.to_sign()).await?;
                Ok(unprotected.assemble(&signature)?)
            }
            (Written::ToSign(_), Voice::Codes(_)) => Err(Error::new(Code::Internal, "talking to the CA")),
        }
    }
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

/// The authorization code, asked from the person and looked over. `refused`: what the CA said to the one before.
///
/// The reference number is looked over with it as long as nothing has been said under it.
pub(crate) async fn ask_code(
    job: &mut Job,
    ui: &dyn Ui,
    purpose: CodePurpose,
    refused: Option<&Error>,
) -> Result<Secret> {
    if job.record.sent.is_none() {
        let typed = Secret::new(job.record.order.reference.clone());
        let reference = checked(typed, CodePart::ReferenceNumber, None, ui).await?;
        job.record.order.reference = reference.expose().to_owned();
    }
    ask_code_of(&job.record.profile, &job.record.order.reference, ui, purpose, refused).await
}

/// The same without a job.
pub(crate) async fn ask_code_of(
    profile: &CaProfile,
    reference: &str,
    ui: &dyn Ui,
    purpose: CodePurpose,
    refused: Option<&Error>,
) -> Result<Secret> {
    let question = Question::AuthorizationCode {
        reference: reference.to_owned(),
        ca: profile.title.clone(),
        purpose,
        wrong_before: refused.is_some(),
        tries_left: refused.and_then(|error| error.facts.get(TRIES_LEFT)?.parse().ok()),
    };
    let typed = ask_secret(ui, question).await?;
    checked(typed, CodePart::AuthorizationCode, profile.codes.alphabet.as_deref(), ui).await
}

impl<'a> Ca<'a> {
    pub(crate) fn new(desk: &'a Desk, voice: Voice, ui: &'a dyn Ui) -> Ca<'a> {
        let deadline = desk.options.timeout.map(|limit| Instant::now() + limit);
        Ca { desk, voice, conversation: None, deadline, ui }
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

    /// The two codes protect what we say.
    pub(crate) fn speaks_by_codes(&self) -> bool {
        self.voice.by_codes()
    }

    /// What was said last counts as not said; the next message begins a new transaction.
    pub(crate) fn start_over(&mut self, job: &mut Job) {
        start_over(job);
        self.conversation = None;
    }

    /// A refusal as an error.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Error {
        refused(refusal, self.speaks_by_codes())
    }

    pub(crate) fn conversation(&mut self, job: &Job) -> Result<&mut Conversation> {
        if self.conversation.is_none() {
            let saved = match &job.record.sent {
                Some(sent) if !sent.start_over => Some(unhex(&sent.exchange)?),
                _ => None,
            };
            let profile = &job.record.profile;
            let way = (Endpoint::new(profile, &self.desk.way_to(profile))?, operation(&job.record));
            let (credentials, trace) = (self.voice.credentials(&job.record.order.reference)?, self.desk.trace.clone());
            self.conversation = Some(Conversation::new(profile, way, credentials, saved.as_deref(), trace)?);
        }
        self.conversation.as_mut().ok_or_else(|| Error::new(Code::Internal, "talking to the CA"))
    }

    /// Journals a message and sends it. One that the CA could not read for its code or its kind of MAC counts as not said,
    /// unless it was the first: then the job starts over, with the next code or another MAC.
    pub(crate) async fn say(&mut self, job: &mut Job, own: Option<&mut OpenPlace>, body: Body) -> Result<Reply> {
        let (name, polls) = (body.name(), matches!(body, Body::PollReq(_)));
        let before = job.record.sent.clone();
        let written = self.conversation(job)?.write(body)?;
        let message = self.voice.finish(written, own).await?;
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
        if let Some(what) = not_understood(&reply) {
            self.start_over(job);
            if let Some(before) = before {
                job.record.sent = Some(before);
            }
            job.save(what, "")?;
        }
        reply
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
        if let Some(what) = not_understood(&reply) {
            self.start_over(job);
            job.save(what, "")?;
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
        let exchange = hex(&conversation.saved()?);
        if let Some(sent) = &mut job.record.sent {
            sent.exchange = exchange;
        }
        if matches!(&reply, Err(error) if error.code == Code::ProxyWantsPassword) {
            self.desk.unlocked.forget_proxy_password();
        }
        reply
    }

    /// The last message was sent more than once, unseen, because its connection broke.
    pub(crate) fn was_repeated(&self) -> bool {
        self.conversation.as_ref().is_some_and(Conversation::was_repeated)
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
        let polled = job.record.sent.as_mut().is_some_and(|sent| std::mem::replace(&mut sent.waiting, true));
        if check_after.is_none() && !polled {
            return job.save("waiting", "");
        }
        let seconds = check_after.unwrap_or(POLL).clamp(1, LONGEST_PAUSE);
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
        // An import says nothing to a CA, an order is handed in by its source.
        JobKind::Enroll | JobKind::Import | JobKind::Server => record.profile.cmp.request.into(),
        JobKind::Renew => Operation::KeyUpdate,
        JobKind::Revoke => Operation::Revocation,
    }
}

/// The CA could not verify what was said: for the journal, why.
fn not_understood(reply: &Result<Reply>) -> Option<&'static str> {
    match reply.as_ref().err()?.code {
        Code::CodesWrong => Some("code-refused"),
        Code::ProtectionRefused => Some("protection-refused"),
        _ => None,
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
        Refusal { reasons: vec![reason], text: None, error_code: None, in_error, certain }
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
