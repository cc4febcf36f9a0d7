//! The main job: two codes in, a proved certificate in its place, the CA told (design §4).
//!
//! Each step looks into the job's record whether a former attempt has already done it, so that the same flow serves an
//! enrolment and its resumption. What is about to leave a trace outside is journaled before, what has, after.

use std::time::Instant;

use cmp_protocol::{
    exchange::{Issued, Refusal, Reply},
    message::{Body, FailInfo},
    request::{CertificateRequest, Kind},
    signature::{SignatureScheme, verify},
};
use der::Decode;
use rand_core::Rng;
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{ext::Extension, name::Name};

use crate::{
    app::Desk,
    ca::{
        chain,
        cmp::{about_protection, protection_refused, rng},
        revocation::Revocation,
    },
    certificate,
    error::{Class, Code, Error, Result},
    jobs::{
        dialogue::{Attempt, Ca, Voice, ask_code},
        fallback::other_protection,
        key_by_ca, renew, template, trust,
    },
    journal::{IssuedRecord, Job, KeyRecord, Reject, hex, unhex},
    keys,
    model::{Change, CodePurpose, Enrolled, Event, JobState, Question, RequestKind, Step, Timing},
    stores::{Bundle, OpenPlace},
    ui::{Answer, Ui},
};

/// Runs a job to its end, from wherever it stands, and closes the journal over it.
pub(crate) async fn run(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Enrolled> {
    match run_open(desk, job, ui).await {
        Ok(enrolled) => Ok(enrolled),
        Err(error) => {
            let record = &job.record;
            let untouched = record.provisional_id.is_none() && record.key.is_none() && record.sent.is_none();
            let over = record.cleaned || untouched;
            Err(settle(desk, job, error, over)?)
        }
    }
}

async fn run_open(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Enrolled> {
    let by_code = job.record.renewal.as_ref().is_none_or(|renewal| renewal.by_code);
    let code = if by_code { Some(ask_code(job, ui, CodePurpose::Request, None).await?) } else { None };
    desk.unlock(&job.record.profile, ui).await?;
    let mut place = OpenPlace::open(job, desk, ui).await?;
    let voice = match code {
        Some(code) => Voice::Codes(code),
        None => Voice::Key(Box::new(renew::old_key(job, desk, ui).await?)),
    };
    match steps(desk, job, &mut place, voice, ui).await {
        Ok(enrolled) => {
            place.finish()?;
            job.close(JobState::Done, "")?;
            Ok(enrolled)
        }
        Err(stop) => {
            if stop.clean_up
                && let Err(failure) = clean_up(job, &mut place, &stop.error, ui).await
            {
                // What stopped the job matters more; resume cleans up.
                job.note("clean-up-failed", &failure.code.to_string())?;
            }
            Err(stop.error)
        }
    }
}

/// Removes what the job made. That it is to be removed is written first: if this is interrupted too, resume does it.
pub(crate) async fn clean_up(job: &mut Job, place: &mut OpenPlace, why: &Error, ui: &dyn Ui) -> Result<()> {
    job.record.clean_up = true;
    job.save("to-clean-up", &why.code.to_string())?;
    place.discard(job, ui).await?;
    job.record.cleaned = true;
    job.save("cleaned-up", "")
}

/// Closes the journal over a job that stopped; `over`: nobody has to go on with it. Returns the error, with the job's
/// number where somebody has.
pub(crate) fn settle(desk: &Desk, job: &mut Job, error: Error, over: bool) -> Result<Error> {
    let record = &job.record;
    let state = match error.class() {
        Class::Cancelled if over => JobState::Cancelled,
        _ if over => JobState::Failed,
        _ if record.proved => JobState::Unconfirmed,
        _ if record.waits() => JobState::Waiting,
        _ => JobState::Interrupted,
    };
    job.record.error = Some(desk.explain(&error));
    job.close(state, &error.code.to_string())?;
    Ok(if over { error } else { error.with("job", job.id()) })
}

/// Why a job stopped, and whether what it made may go (invariant 4: only before sending, or after a clear no).
struct Stop {
    error: Error,
    clean_up: bool,
}

impl From<Error> for Stop {
    /// Whatever is not known to be a clear no keeps everything for `resume`.
    fn from(error: Error) -> Stop {
        Stop { error, clean_up: false }
    }
}

fn clear_no(error: Error) -> Stop {
    Stop { error, clean_up: true }
}

async fn steps(
    desk: &Desk,
    job: &mut Job,
    place: &mut OpenPlace,
    mut voice: Voice,
    ui: &dyn Ui,
) -> std::result::Result<Enrolled, Stop> {
    template::ask(desk, job, place, &mut voice, ui).await.map_err(|error| unsent(job, error))?;
    let made = match job.record.order.key_by_ca {
        true => None,
        false => Some(make_key(job, place, ui).await.map_err(|error| unsent(job, error))?),
    };
    let mut ca = Ca::new(desk, voice, ui);
    if job.record.issued.is_none() {
        let issued = request(job, place, &mut ca, made.as_ref(), ui).await?;
        receive(job, &issued, ui)?;
    }
    let certificate = issued_certificate(job)?;
    let key = match made {
        Some(key) => key,
        None => match key_by_ca::take(desk, job, place, &ca, ui).await {
            Err(error) if key_by_ca::is_final(&error) => {
                let why = (error, "the key that came with the certificate is not taken");
                return Err(give_back(job, place, &mut ca, &certificate, why, ui).await);
            }
            taken => taken?,
        },
    };
    let (public_key, scheme) = read_key(&key)?;
    if job.record.reject.is_none() {
        check_key(job, &certificate, &public_key)?;
        accept_changes(job, &certificate, ui).await?;
    }
    if let Some(why) = job.record.reject {
        return Err(reject(job, place, &mut ca, &certificate, why, ui).await);
    }
    let bundle = check_chain(desk, job, certificate).await?;
    install(job, place, &key, &bundle, ui).await?;
    prove(job, place, &key, scheme, &bundle, ui).await?;
    if let Some(why) = job.record.reject {
        return Err(reject(job, place, &mut ca, &bundle.certificate, why, ui).await);
    }
    confirm(job, place, &mut ca, &bundle.certificate, ui).await?;
    renew::retire(job, place, ui).await?;
    if let Some(root) = &bundle.root {
        trust::offer(job, place, root, ui).await?;
    }
    Ok(enrolled(job)?)
}

/// Before anything was sent, a failure leaves nothing behind.
fn unsent(job: &Job, error: Error) -> Stop {
    Stop { error, clean_up: job.record.sent.is_none() }
}

// Key ---------------------------------------------------------------------------------------------------------------

pub(super) async fn make_key(job: &mut Job, place: &mut OpenPlace, ui: &dyn Ui) -> Result<KeyRecord> {
    let step = Timed::begin(Step::MakeKey, job.record.key.is_some(), ui);
    let profile_first = job.record.profile.keys.first().copied();
    let kind = job.record.order.key.or(job.record.template_key).or(profile_first).unwrap_or(keys::USUAL);
    let key = place.make_key(job, kind, ui).await?;
    step.end(job, ui);
    Ok(key)
}

pub(crate) fn read_key(key: &KeyRecord) -> Result<(SubjectPublicKeyInfoOwned, SignatureScheme)> {
    let unreadable = |error: String| Error::new(Code::Internal, "reading the public key").because(error);
    let public_key =
        SubjectPublicKeyInfoOwned::from_der(&unhex(&key.public_key)?).map_err(|error| unreadable(error.to_string()))?;
    let scheme = SignatureScheme::for_key(&public_key).map_err(|error| unreadable(error.to_string()))?;
    Ok((public_key, scheme))
}

// Request -----------------------------------------------------------------------------------------------------------

/// Sends the request (or goes on where a former attempt stopped) until the CA has decided.
async fn request(
    job: &mut Job,
    place: &mut OpenPlace,
    ca: &mut Ca<'_>,
    key: Option<&KeyRecord>,
    ui: &dyn Ui,
) -> std::result::Result<Issued, Stop> {
    let step = Timed::begin(Step::SendRequest, false, ui);
    // The CA knows the transaction although its answer was lost: asking for the decision gets it.
    let mut known = false;
    loop {
        let (attempt, reply) = match &job.record.sent {
            Some(sent) if sent.waiting || known => (Attempt::Poll, ca.poll(job, Some(&mut *place)).await),
            Some(sent) if sent.is_fresh() => (Attempt::Again, ca.repeat(job).await),
            sent => {
                let attempt = if sent.is_none() { Attempt::First } else { Attempt::Again };
                let body = match key {
                    Some(key) => signed_request(job, place, key).await,
                    None => key_by_ca::request(job),
                };
                let body = body.map_err(|error| unsent(job, error))?;
                if is_cancelled(ui).await {
                    return Err(unsent(job, Error::new(Code::Cancelled, "asking the CA")));
                }
                ca.conversation(job).map_err(|error| unsent(job, error))?;
                (attempt, ca.say(job, Some(&mut *place), body).await)
            }
        };
        let attempt = attempt.repeated(ca.was_repeated());
        match reply {
            Ok(Reply::Issued(issued)) => {
                step.end(job, ui);
                return Ok(*issued);
            }
            Ok(Reply::Wait { check_after, text }) => ca.wait(job, check_after, text, ui).await?,
            Ok(Reply::Refused(refusal))
                if attempt == Attempt::Again && !known && refusal.reasons.contains(&FailInfo::TransactionIdInUse) =>
            {
                known = true;
            }
            Ok(Reply::Refused(refusal))
                if attempt == Attempt::First && ca.speaks_by_codes() && about_protection(&refusal) =>
            {
                let stop = Stop {
                    error: protection_refused(&refusal, job.record.profile.cmp.protection),
                    clean_up: attempt.is_clear_no(&refusal),
                };
                fall_back(job, ca, stop, ui).await?;
            }
            Ok(Reply::Refused(refusal)) => {
                return Err(Stop { error: ca.refused(&refusal), clean_up: attempt.is_clear_no(&refusal) });
            }
            Ok(Reply::Confirmed | Reply::Revoked(_) | Reply::Information(_)) => {
                return Err(Error::new(Code::AnswerUnexpected, "asking the CA").with("found", "no certificate").into());
            }
            Err(error) if error.code == Code::CodesWrong => ask_again(job, ca, error, ui).await?,
            Err(error) if error.code == Code::ProtectionRefused && starts_over(job) => {
                fall_back(job, ca, error.into(), ui).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Nothing that was said has been understood so far.
fn starts_over(job: &Job) -> bool {
    job.record.sent.as_ref().is_none_or(|sent| sent.start_over)
}

/// The CA does not take this kind of MAC: with another one if the person wants that, else the error as it is.
async fn fall_back(job: &mut Job, ca: &mut Ca<'_>, stop: Stop, ui: &dyn Ui) -> std::result::Result<(), Stop> {
    match other_protection(job, ca, ui).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(stop),
        Err(answer) if answer.code == Code::Cancelled => Err(clear_no(stop.error)),
        Err(error) => Err(error.into()),
    }
}

/// The request, signed by the new key where it lives.
async fn signed_request(job: &Job, place: &mut OpenPlace, key: &KeyRecord) -> Result<Body> {
    if let Some(renewal) = &job.record.renewal {
        return renew::signed_request(renewal, place, key).await;
    }
    let (kind, subject, extensions) = wanted(job)?;
    let (public_key, _) = read_key(key)?;
    sign_request(CertificateRequest { kind, subject, public_key, extensions, renews: None }, place, key).await
}

/// What the request asks for beside the key.
pub(super) fn wanted(job: &Job) -> Result<(Kind, Name, Vec<Extension>)> {
    let order = &job.record.order;
    let subject = certificate::parse_name(order.subject.as_deref().unwrap_or_default())?;
    let kind = match job.record.profile.cmp.request {
        RequestKind::Ir => Kind::Ir,
        RequestKind::Cr => Kind::Cr,
        RequestKind::P10cr => Kind::P10cr,
    };
    Ok((kind, subject, certificate::subject_alt_names(&order.san)?.into_iter().collect()))
}

pub(crate) async fn sign_request(request: CertificateRequest, place: &mut OpenPlace, key: &KeyRecord) -> Result<Body> {
    let unsigned = request.draft()?;
    let signature = place.sign(key, unsigned.scheme(), unsigned.to_sign()).await?;
    Ok(unsigned.assemble(&signature)?)
}

/// The CA could not make sense of the code. It cannot prove that it is the CA that says so, hence the key stays until the
/// person gives up; a new code starts a new transaction with the same key, or goes on with the one that is waiting.
async fn ask_again(job: &mut Job, ca: &mut Ca<'_>, error: Error, ui: &dyn Ui) -> std::result::Result<(), Stop> {
    let nothing_accepted = starts_over(job);
    match ask_code(job, ui, CodePurpose::Request, Some(&error)).await {
        Ok(code) => {
            ca.change_code(code);
            Ok(())
        }
        Err(answer) if answer.code == Code::Cancelled && nothing_accepted => Err(clear_no(error)),
        Err(_) => Err(error.into()),
    }
}

async fn is_cancelled(ui: &dyn Ui) -> bool {
    tokio::select! {
        biased;
        () = ui.cancelled() => true,
        () = std::future::ready(()) => false,
    }
}

// Certificate -------------------------------------------------------------------------------------------------------

/// From here on the certificate exists: no cancelling any more.
fn receive(job: &mut Job, issued: &Issued, ui: &dyn Ui) -> Result<()> {
    let step = Timed::begin(Step::ReceiveCertificate, false, ui);
    let list = |certificates: &[Vec<u8>]| certificates.iter().map(|der| hex(der)).collect();
    job.record.issued = Some(IssuedRecord {
        certificate: hex(&issued.certificate),
        extra: list(&issued.extra),
        ca_pubs: list(&issued.ca_pubs),
        modified: issued.modified,
        text: issued.text.clone(),
        implicitly_confirmed: issued.implicitly_confirmed,
        implicit_unasked: issued.implicit_unasked,
        encrypted_key: issued.encrypted_key.as_deref().map(hex),
    });
    job.record.next_poll = None;
    step.end(job, ui);
    job.save("issued", &certificate::fingerprint(&issued.certificate))
}

pub(super) fn issued_certificate(job: &Job) -> Result<Vec<u8>> {
    let issued = job.record.issued.as_ref().ok_or_else(|| Error::new(Code::Internal, "reading the certificate"))?;
    unhex(&issued.certificate)
}

/// A certificate for another key is useless here and perhaps harmful elsewhere: the CA is told so.
fn check_key(job: &mut Job, der: &[u8], public_key: &SubjectPublicKeyInfoOwned) -> Result<()> {
    let same = certificate::public_key(der)
        .and_then(|found| {
            SubjectPublicKeyInfoOwned::from_der(&found)
                .map_err(|error| Error::new(Code::BadInput, "reading the certificate").because(error))
        })
        .is_ok_and(|found| found.subject_public_key == public_key.subject_public_key);
    if same {
        return Ok(());
    }
    job.record.reject = Some(Reject::OtherKey);
    job.save("wrong-key", "")
}

pub(super) async fn accept_changes(job: &mut Job, der: &[u8], ui: &dyn Ui) -> Result<()> {
    if job.record.accepted || job.record.reject.is_some() {
        return Ok(());
    }
    let changes = changes(job, der)?;
    if !changes.is_empty() {
        let text = job.record.issued.as_ref().and_then(|issued| issued.text.clone());
        match ui.ask(Question::AcceptChanges { changes, text }).await {
            Some(Answer::Yes) => {}
            Some(Answer::Later) => {
                return Err(Error::new(Code::NobodyToAsk, "asking").with("what", "accept-changes"));
            }
            // Stopping is no verdict on a certificate that may not even have been looked at.
            None => return Err(Error::new(Code::Cancelled, "asking")),
            _ => {
                job.record.reject = Some(Reject::ChangesDeclined);
                return job.save("declined", "");
            }
        }
    }
    job.record.accepted = true;
    job.save("accepted", "")
}

/// What differs from what was asked for. A subject that was left to the CA is no change.
fn changes(job: &Job, der: &[u8]) -> Result<Vec<Change>> {
    let info = certificate::describe(der)?;
    let order = &job.record.order;
    let mut changes = Vec::new();
    if let Some(requested) = &order.subject {
        let same = certificate::distinguished_name(&certificate::parse_name(requested)?) == info.subject;
        if !same {
            changes.push(Change {
                field: "subject".to_owned(),
                requested: requested.clone(),
                granted: info.subject.clone(),
            });
        }
    }
    let missing = order.san.iter().any(|name| !info.san.contains(name));
    if missing {
        changes.push(Change { field: "san".to_owned(), requested: order.san.join(", "), granted: info.san.join(", ") });
    }
    let modified = job.record.issued.as_ref().is_some_and(|issued| issued.modified);
    if modified && changes.is_empty() {
        let requested = order.subject.clone().unwrap_or_default();
        changes.push(Change { field: "subject".to_owned(), requested, granted: info.subject });
    }
    Ok(changes)
}

async fn check_chain(desk: &Desk, job: &Job, certificate: Vec<u8>) -> Result<Bundle> {
    let issued = job.record.issued.as_ref().ok_or_else(|| Error::new(Code::Internal, "checking the chain"))?;
    let others = issued.others()?;
    let roots = chain::roots_from_pem(&job.record.profile.roots)?;
    let (intermediates, root) = chain::verify(&certificate, &others, &roots)?;
    // The new certificate itself cannot have been revoked yet.
    let above = [&intermediates[..], std::slice::from_ref(&root)].concat();
    Revocation::of(&job.record.profile, desk.way()).check(&above).await?;
    let label = certificate::describe(&certificate)?.name().to_owned();
    Ok(Bundle { certificate, intermediates, root: Some(root), label })
}

// Installation ------------------------------------------------------------------------------------------------------

pub(super) async fn install(
    job: &mut Job,
    place: &mut OpenPlace,
    key: &KeyRecord,
    bundle: &Bundle,
    ui: &dyn Ui,
) -> Result<()> {
    let step = Timed::begin(Step::Install, job.record.installed, ui);
    if !job.record.installed {
        place.install(key, bundle, ui).await?;
        job.record.installed = true;
    }
    step.end(job, ui);
    job.save("installed", &bundle.label)
}

/// The key in its place signs something new, the certificate in its place verifies it.
pub(super) async fn prove(
    job: &mut Job,
    place: &mut OpenPlace,
    key: &KeyRecord,
    scheme: SignatureScheme,
    bundle: &Bundle,
    ui: &dyn Ui,
) -> Result<()> {
    let step = Timed::begin(Step::Prove, job.record.proved, ui);
    if !job.record.proved {
        let mut challenge = [0; 32];
        rng().fill_bytes(&mut challenge);
        let (found, signature) = place.use_installed(key, scheme, &bundle.certificate, &challenge).await?;
        let installed_key = certificate::public_key(&found)?;
        let installed_key = SubjectPublicKeyInfoOwned::from_der(&installed_key)
            .map_err(|error| Error::new(Code::ProofFailed, "proving").because(error))?;
        let verified = verify(&installed_key, &scheme.algorithm(), &challenge, &signature);
        if found != bundle.certificate || verified.is_err() {
            job.record.reject = Some(Reject::ProofFailed);
            return job.save("proof-failed", "");
        }
        job.record.proved = true;
    }
    step.end(job, ui);
    job.save("proved", "")
}

// Confirmation ------------------------------------------------------------------------------------------------------

async fn confirm(job: &mut Job, place: &mut OpenPlace, ca: &mut Ca<'_>, certificate: &[u8], ui: &dyn Ui) -> Result<()> {
    let step = Timed::begin(Step::Confirm, job.record.confirmed, ui);
    if !job.record.confirmed {
        let told = match tell(job, place, ca, certificate, None, ui).await {
            Ok(Told::Acknowledged) => Ok(()),
            Ok(Told::Refused(refusal)) => Err(ca.refused(&refusal)),
            Err(error) => Err(error),
        };
        told.map_err(|error| Error::new(Code::Unconfirmed, "confirming to the CA").because(error))?;
    }
    job.record.confirmed = true;
    step.end(job, ui);
    job.save("confirmed", "")
}

/// The certificate is not taken: the CA is told, then what was made may go.
async fn reject(
    job: &mut Job,
    place: &mut OpenPlace,
    ca: &mut Ca<'_>,
    certificate: &[u8],
    why: Reject,
    ui: &dyn Ui,
) -> Stop {
    let (error, text) = match why {
        Reject::OtherKey => (
            Error::new(Code::CertificateForOtherKey, "checking the certificate"),
            "the certificate is for another key than was asked for",
        ),
        Reject::ChangesDeclined => {
            (Error::new(Code::ChangesDeclined, "asking"), "the requester does not accept what was changed")
        }
        Reject::ProofFailed => {
            (Error::new(Code::ProofFailed, "proving"), "the installed key and certificate do not work together")
        }
        Reject::GivenUp => (Error::new(Code::Cancelled, "giving up"), "the requester gives up"),
    };
    give_back(job, place, ca, certificate, (error, text), ui).await
}

/// Tells the CA in a few words that the certificate is not taken, so that it revokes it. The error says it to the person.
async fn give_back(
    job: &mut Job,
    place: &mut OpenPlace,
    ca: &mut Ca<'_>,
    certificate: &[u8],
    (error, text): (Error, &str),
    ui: &dyn Ui,
) -> Stop {
    match tell(job, place, ca, certificate, Some((FailInfo::IncorrectData, text)), ui).await {
        // A CA that refuses even that has closed the transaction: there is nobody left to tell.
        Ok(_) => clear_no(error),
        // The CA may believe that the certificate was taken: resume tells it again.
        Err(cause) => error.because(cause).into(),
    }
}

/// What the CA said to the confirmation or rejection.
enum Told {
    Acknowledged,
    Refused(Refusal),
}

/// certConf until the CA has answered it; it may ask for patience here too (OpenSSL from 3.3 on does). Goes on where a
/// former attempt stopped, with a fresh message in the same transaction.
async fn tell(
    job: &mut Job,
    place: &mut OpenPlace,
    ca: &mut Ca<'_>,
    certificate: &[u8],
    rejection: Option<(FailInfo, &str)>,
    ui: &dyn Ui,
) -> Result<Told> {
    if job.record.issued.as_ref().is_some_and(|issued| issued.implicitly_confirmed) {
        return Ok(Told::Acknowledged);
    }
    let spared = job.record.issued.as_ref().is_some_and(|issued| issued.implicit_unasked);
    loop {
        let waiting = job.record.sent.as_ref().is_some_and(|sent| sent.confirming && sent.waiting);
        let reply = if waiting {
            ca.poll(job, Some(&mut *place)).await
        } else {
            let body = ca.conversation(job)?.confirm(certificate, rejection)?;
            ca.say(job, Some(&mut *place), body).await
        };
        match reply {
            Ok(Reply::Confirmed) => return Ok(Told::Acknowledged),
            Ok(Reply::Wait { check_after, text }) => ca.wait(job, check_after, text, ui).await?,
            Ok(Reply::Refused(refusal)) if refusal.reasons.contains(&FailInfo::CertConfirmed) => {
                return Ok(Told::Acknowledged);
            }
            // It granted what nobody had asked for, and does not want to hear more.
            Ok(Reply::Refused(refusal)) if spared && rejection.is_none() && refusal.certain => {
                return Ok(Told::Acknowledged);
            }
            Ok(Reply::Refused(refusal)) if refusal.certain => return Ok(Told::Refused(refusal)),
            Ok(Reply::Refused(refusal)) => return Err(ca.refused(&refusal)),
            Ok(Reply::Issued(_) | Reply::Revoked(_) | Reply::Information(_)) => {
                return Err(Error::new(Code::AnswerUnexpected, "confirming to the CA").with("found", "no pkiconf"));
            }
            Err(error) if error.code == Code::CodesWrong => {
                match ask_code(job, ui, CodePurpose::Request, Some(&error)).await {
                    Ok(code) => ca.change_code(code),
                    Err(_) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The result as it stands in the journal.
pub(crate) fn enrolled(job: &Job) -> Result<Enrolled> {
    let (place, place_name) = job.record.whereabouts();
    Ok(Enrolled {
        job: job.id(),
        certificate: certificate::describe(&issued_certificate(job)?)?,
        place,
        place_name,
        driver: job.record.token.as_ref().map(|token| token.driver.display().to_string()),
        key_id: job.record.key.as_ref().map(|key| key.key_id.clone()).unwrap_or_default(),
        key_seen_by_ca: job.record.order.key_by_ca,
        proved: job.record.proved,
        confirmed: job.record.confirmed,
        root_trusted: job.record.root_trusted,
        replaced: job.record.renewal.as_ref().and_then(|renewal| renewal.replaced.clone()),
        timings: job.record.timings.clone(),
    })
}

/// A step that is reported and timed. One that a former attempt has done is reported as done at once.
pub(crate) struct Timed {
    step: Step,
    began: Instant,
    before: bool,
}

impl Timed {
    pub(crate) fn begin(step: Step, before: bool, ui: &dyn Ui) -> Timed {
        ui.report(Event::Step { step });
        Timed { step, began: Instant::now(), before }
    }

    pub(crate) fn end(self, job: &mut Job, ui: &dyn Ui) {
        let ms = self.began.elapsed().as_millis() as u64;
        if !self.before {
            job.record.timings.push(Timing { step: self.step, ms });
        }
        ui.report(Event::StepDone { step: self.step, ms });
    }
}
