//! Going on with a job that stopped, or removing what it left.

use crate::{
    app::Desk,
    error::{Class, Code, Error, Result},
    jobs::enroll,
    journal::{Job, Reject},
    model::{Enrolled, JobState, Place, Resumed},
    stores::{OpenPlace, file},
    ui::Ui,
};

/// Takes up a job: one that had not reached the CA and that nobody can go on with is cleaned up, every other one is
/// finished.
pub(crate) async fn resume(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Resumed> {
    job.reopen()?;
    if job.record.confirmed {
        return finish(desk, job).map(|enrolled| Resumed::Enrolled { enrolled: Box::new(enrolled) });
    }
    if job.record.clean_up {
        return discard(desk, job, ui).await;
    }
    // The CA's entry may have been mended since. Roots given for this job (`--trust`) count as well.
    if let Ok(profile) = desk.profiles.show(&job.record.profile.name)
        && profile.url == job.record.profile.url
    {
        let given = std::mem::replace(&mut job.record.profile, profile).roots;
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
    if job.record.clean_up || job.record.issued.is_none() {
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

/// Removes what a job made: on the person's word, or because it is known that nothing will come of it.
pub(crate) async fn discard(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Resumed> {
    let made = job.record.provisional_id.is_some() || job.record.key.is_some();
    // Asked now: cleaning up below says so too.
    let state = if job.record.clean_up { JobState::Failed } else { JobState::Cancelled };
    match &job.record.order.place {
        // Nothing but the kept key can be there, and it goes without its password.
        Place::File { .. } if job.record.accepted => remove(desk, job, ui).await?,
        Place::File { .. } => file::discard_kept_key(&desk.home, &job.id())?,
        Place::Token { .. } if made && !job.record.cleaned => remove(desk, job, ui).await?,
        Place::Token { .. } => {}
    }
    job.record.cleaned = true;
    job.close(state, "cleaned up")?;
    Ok(Resumed::NothingHappened { job: job.id() })
}

async fn remove(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<()> {
    let result = match OpenPlace::open(job, desk, ui).await {
        Ok(mut place) => enroll::clean_up(job, &mut place, &Error::new(Code::Cancelled, "cleaning up")).await,
        Err(error) => Err(error),
    };
    if result.is_err() {
        job.close(JobState::Interrupted, "clean-up failed")?;
    }
    result
}
