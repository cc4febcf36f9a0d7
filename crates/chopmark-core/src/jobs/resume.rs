//! Going on with a job that stopped, or removing what it left.

use cmp_protocol::exchange::Exchange;

use crate::{
    app::Desk,
    error::{Class, Code, Error, Result},
    jobs::{
        dialogue::{Ca, Voice, ask_code},
        enroll, import,
        old_key::OldKey,
        renew, revoke,
    },
    journal::{Job, Reject},
    model::{CodePurpose, Enrolled, JobState, Place, Resumed},
    stores::{OpenPlace, file},
    ui::Ui,
};

/// Takes up a job: one that had not reached the CA and that nobody can go on with is cleaned up, every other one is
/// finished.
pub(crate) async fn resume(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Resumed> {
    job.reopen()?;
    if job.record.revocation.is_some() {
        return revoke::run(desk, job, ui).await.map(|revoked| Resumed::Revoked { revoked });
    }
    if job.record.import.is_some() && !job.record.clean_up {
        return import::run(desk, job, None, ui)
            .await
            .map(|imported| Resumed::Imported { imported: Box::new(imported) });
    }
    if job.record.confirmed && !renew::is_open(&job.record) {
        return finish(desk, job).map(|enrolled| Resumed::Enrolled { enrolled: Box::new(enrolled) });
    }
    if job.record.clean_up {
        return discard(desk, job, ui).await;
    }
    // The CA's entry may have been mended since. Roots given for this job (`--trust`) count as well.
    if let Ok(profile) = desk.profiles.show(&job.record.profile.name)
        && profile.url == job.record.profile.url
    {
        let given = job.record.profile.roots.clone();
        job.record.use_profile(profile);
        let roots = &mut job.record.profile.roots;
        roots.extend(given.into_iter().filter(|root| !roots.contains(root)).collect::<Vec<_>>());
    }
    let unsent = job.record.sent.is_none();
    match enroll::run(desk, job, ui).await {
        Ok(enrolled) => Ok(Resumed::Enrolled { enrolled: Box::new(enrolled) }),
        Err(error) if unsent && job.record.sent.is_none() && nobody_goes_on(&error) => discard(desk, job, ui).await,
        Err(error) => Err(error),
    }
}

/// Cancelled, or nobody there to give the code.
fn nobody_goes_on(error: &Error) -> bool {
    error.class() == Class::Cancelled || error.code == Code::NobodyToAsk
}

/// Everything is done but for the last line.
pub(crate) fn finish(desk: &Desk, job: &mut Job) -> Result<Enrolled> {
    file::discard_kept_key(&desk.home, &job.id())?;
    let enrolled = enroll::enrolled(job)?;
    job.close(JobState::Done, "")?;
    Ok(enrolled)
}

/// The person's "no" to a job.
pub(crate) async fn give_up(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Resumed> {
    if job.record.import.is_some() && !job.record.installed {
        return discard(desk, job, ui).await;
    }
    if job.record.clean_up || job.record.issued.is_none() {
        if !job.record.clean_up {
            tell_the_ca(desk, job, ui).await?;
        }
        return discard(desk, job, ui).await;
    }
    if job.record.installed {
        return Err(Error::new(Code::HasCertificate, "discarding a job").with("job", job.id()));
    }
    job.reopen()?;
    job.record.reject = Some(Reject::GivenUp);
    match enroll::run(desk, job, ui).await {
        Ok(enrolled) => Ok(Resumed::Enrolled { enrolled: Box::new(enrolled) }),
        Err(_) if job.record.cleaned => Ok(Resumed::NothingHappened { job: job.id() }),
        Err(error) => {
            // Stopped before the CA was told: the job is as it was.
            if !job.record.sent.as_ref().is_some_and(|sent| sent.confirming) {
                job.record.reject = None;
                job.save("kept", "")?;
            }
            Err(error)
        }
    }
}

/// The CA that waits with its decision is told that nobody waits for it any more (RFC 9483 §3.6.4), if the person can say it
/// so that the CA believes it. What comes of it changes nothing here.
async fn tell_the_ca(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<()> {
    if !job.record.sent.as_ref().is_some_and(|sent| sent.waiting && !sent.start_over) {
        return Ok(());
    }
    let told = match voice(desk, job, ui).await {
        Ok(voice) => {
            let mut ca = Ca::new(desk, voice, ui);
            ca.say(job, None, Exchange::give_up("the requester gives up")?).await.map(|_| ())
        }
        Err(error) => Err(error),
    };
    match told {
        Ok(()) => job.note("ca-told", ""),
        Err(error) => job.note("ca-not-told", &error.code.to_string()),
    }
}

async fn voice(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Voice> {
    desk.unlock(&job.record.profile, ui).await?;
    let old = match (&job.record.renewal, &job.record.revocation) {
        (Some(renewal), _) if !renewal.by_code => Some(&renewal.old),
        (_, Some(revocation)) => revocation.old.as_ref(),
        _ => None,
    };
    match old {
        Some(old) => Ok(Voice::Key(Box::new(OldKey::open(old, desk, ui).await?))),
        None => ask_code(job, ui, CodePurpose::GiveUp, None).await.map(Voice::Codes),
    }
}

/// Removes what a job made: on the person's word, or because it is known that nothing will come of it.
pub(crate) async fn discard(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Resumed> {
    let made = job.record.provisional_id.is_some() || job.record.key.is_some();
    // Asked now: cleaning up below says so too.
    let state = if job.record.clean_up { JobState::Failed } else { JobState::Cancelled };
    match &job.record.order.place {
        _ if job.record.revocation.is_some() => {}
        // Nothing but the kept key can be there, and it goes without its password.
        Place::File { .. } if job.record.accepted => remove(desk, job, ui).await?,
        Place::File { .. } => file::discard_kept_key(&desk.home, &job.id())?,
        Place::Token { .. } | Place::Computer { .. } if made && !job.record.cleaned => remove(desk, job, ui).await?,
        Place::Token { .. } | Place::Computer { .. } => {}
    }
    job.record.cleaned = true;
    job.close(state, "cleaned up")?;
    Ok(Resumed::NothingHappened { job: job.id() })
}

async fn remove(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<()> {
    let result = match OpenPlace::open(job, desk, ui).await {
        Ok(mut place) => enroll::clean_up(job, &mut place, &Error::new(Code::Cancelled, "cleaning up"), ui).await,
        Err(error) => Err(error),
    };
    if result.is_err() {
        job.close(JobState::Interrupted, "clean-up failed")?;
    }
    result
}
