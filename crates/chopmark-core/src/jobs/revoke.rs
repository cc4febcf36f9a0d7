//! Revocation: the CA is asked until it has answered (RFC 9483 §4.2). The certificate and its key stay where they are.

use cmp_protocol::{
    exchange::{Reply, Revoked as Granted},
    message::FailInfo,
    request::{self, CertificateId},
};
use der::{Decode, Encode};
use x509_cert::{ext::pkix::CrlReason, name::Name};

use crate::{
    app::Desk,
    ca::cmp::{about_protection, protection_refused},
    certificate, clock,
    error::{Code, Error, Result},
    jobs::{
        dialogue::{Ca, Voice, ask_code},
        enroll::{Timed, settle},
        fallback::other_protection,
        old_key::OldKey,
    },
    journal::{Job, OldRecord, Record, RevocationRecord, hex, unhex},
    model::{CaProfile, CodePurpose, EnrollOrder, JobState, Place, RevocationReason, RevokeOrder, Revoked, Step},
    ui::Ui,
};

/// The certificate to revoke.
pub(crate) struct Target {
    pub(crate) id: CertificateId,
    /// DER, where it is at hand.
    pub(crate) certificate: Option<Vec<u8>>,
    /// With its key, where that signs the request.
    pub(crate) old: Option<OldRecord>,
}

/// The record of a new revocation.
pub(crate) fn record(order: &RevokeOrder, target: Target, profile: CaProfile, reference: String) -> Result<Record> {
    let unreadable = |error: der::Error| Error::new(Code::Internal, "revoking").because(error);
    let revocation = RevocationRecord {
        certificate: target.certificate.as_deref().map(hex),
        issuer: hex(&target.id.issuer.to_der().map_err(unreadable)?),
        serial: hex(&target.id.serial),
        reason: order.reason,
        done: false,
        at: None,
        text: None,
        old: target.old,
    };
    // Where the certificate is; nothing is put there.
    let place = revocation.old.as_ref().map_or(Place::File { path: String::new() }, |old| old.place.clone());
    let order = EnrollOrder {
        ca: profile.name.clone(),
        reference,
        place,
        key: None,
        key_by_ca: false,
        subject: None,
        san: Vec::new(),
        no_wait: order.no_wait,
    };
    Ok(Record { revocation: Some(revocation), ..Record::new(order, profile) })
}

/// Runs a revocation to its end, from wherever it stands, and closes the journal over it.
pub(crate) async fn run(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Revoked> {
    match steps(desk, job, ui).await {
        Ok(()) => finish(job),
        Err(error) => {
            let over = job.record.sent.is_none() || job.record.clean_up;
            Err(settle(desk, job, error, over)?)
        }
    }
}

/// Closes the journal over a revocation that is done.
pub(crate) fn finish(job: &mut Job) -> Result<Revoked> {
    let revoked = revoked(job)?;
    job.close(JobState::Done, "")?;
    Ok(revoked)
}

async fn steps(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<()> {
    if of(job)?.done {
        return Ok(());
    }
    let step = Timed::begin(Step::Revoke, false, ui);
    let voice = match of(job)?.old.clone() {
        Some(old) => Voice::Key(Box::new(OldKey::open(&old, desk, ui).await?)),
        None => Voice::Codes(ask_code(job, ui, CodePurpose::Revoke, None).await?),
    };
    desk.unlock(&job.record.profile, ui).await?;
    let granted = ask(job, &mut Ca::new(desk, voice, ui), ui).await?;
    if let Some(revocation) = &mut job.record.revocation {
        revocation.done = true;
        revocation.at = Some(clock::rfc3339(clock::now()));
        revocation.text = granted.text;
    }
    job.record.next_poll = None;
    step.end(job, ui);
    job.save("revoked", "")
}

/// rr until the CA has decided. Saying it again does no harm: a certificate is revoked once.
async fn ask(job: &mut Job, ca: &mut Ca<'_>, ui: &dyn Ui) -> Result<Granted> {
    let asked_before = job.record.sent.is_some();
    loop {
        let reply = match &job.record.sent {
            Some(sent) if sent.waiting => ca.poll(job, None).await,
            Some(sent) if sent.is_fresh() => ca.repeat(job).await,
            // A transaction is for one request (RFC 9483 §3.1): what was said too long ago is said in a new one.
            _ => {
                job.record.sent = None;
                let body = body(of(job)?)?;
                ca.say(job, None, body).await
            }
        };
        match reply {
            Ok(Reply::Revoked(granted)) => return Ok(granted),
            Ok(Reply::Wait { check_after, text }) => ca.wait(job, check_after, text, ui).await?,
            // What we said before has arrived, only its answer had not.
            Ok(Reply::Refused(refusal)) if asked_before && refusal.reasons.contains(&FailInfo::CertRevoked) => {
                return Ok(Granted::default());
            }
            Ok(Reply::Refused(refusal)) => {
                let error = if about_protection(&refusal) && ca.speaks_by_codes() {
                    if other_protection(job, ca, ui).await? {
                        continue;
                    }
                    protection_refused(&refusal, job.record.profile.cmp.protection)
                } else {
                    ca.refused(&refusal)
                };
                job.record.clean_up = refusal.certain;
                return Err(error);
            }
            Ok(Reply::Issued(_) | Reply::Information(_) | Reply::Confirmed) => {
                return Err(Error::new(Code::AnswerUnexpected, "revoking").with("found", "no answer to rr"));
            }
            Err(error) if error.code == Code::CodesWrong => {
                let answer = ask_code(job, ui, CodePurpose::Revoke, Some(&error)).await;
                ca.change_code(answer.map_err(|_| error)?);
            }
            Err(error) if error.code == Code::ProtectionRefused => {
                if !other_protection(job, ca, ui).await? {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

fn of(job: &Job) -> Result<&RevocationRecord> {
    job.record.revocation.as_ref().ok_or_else(|| Error::new(Code::Internal, "revoking"))
}

fn body(revocation: &RevocationRecord) -> Result<cmp_protocol::message::Body> {
    let id = CertificateId { issuer: issuer(revocation)?, serial: unhex(&revocation.serial)? };
    Ok(request::revocation(&id, reason(revocation.reason))?)
}

fn issuer(revocation: &RevocationRecord) -> Result<Name> {
    Name::from_der(&unhex(&revocation.issuer)?).map_err(|error| Error::new(Code::Journal, "revoking").because(error))
}

fn reason(reason: RevocationReason) -> CrlReason {
    match reason {
        RevocationReason::Unspecified => CrlReason::Unspecified,
        RevocationReason::KeyCompromise => CrlReason::KeyCompromise,
        RevocationReason::AffiliationChanged => CrlReason::AffiliationChanged,
        RevocationReason::Superseded => CrlReason::Superseded,
        RevocationReason::CessationOfOperation => CrlReason::CessationOfOperation,
        RevocationReason::CertificateHold => CrlReason::CertificateHold,
        RevocationReason::PrivilegeWithdrawn => CrlReason::PrivilegeWithdrawn,
    }
}

/// The result as it stands in the journal.
fn revoked(job: &Job) -> Result<Revoked> {
    let revocation = of(job)?;
    let info = revocation.certificate.as_ref().map(|text| certificate::describe(&unhex(text)?)).transpose()?;
    Ok(Revoked {
        job: job.id(),
        subject: info.as_ref().map(|info| info.name().to_owned()),
        sha256: info.map(|info| info.sha256),
        issuer: certificate::distinguished_name(&issuer(revocation)?),
        serial: revocation.serial.clone(),
        reason: revocation.reason,
        text: revocation.text.clone(),
    })
}
