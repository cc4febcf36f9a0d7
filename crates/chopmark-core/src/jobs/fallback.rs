//! Another kind of MAC, when the CA does not take the one of the profile: asked for, once per job, never silent.
//!
//! Whoever sits between us and the CA can say "badAlg" too: nothing protects the answer to a message that the CA could not
//! verify. Hence the question, which says when the other kind is the weaker one; and hence the same key in the new
//! transaction, so that whatever the CA did with the first is still of use.

use crate::{
    error::{Code, Error, Result},
    jobs::dialogue::Ca,
    journal::Job,
    model::{MacChoice, Question, word},
    ui::{Answer, Ui},
};

/// Asks whether to try another kind of MAC. True: the job starts over with it.
///
/// # Errors
/// [`Code::Cancelled`].
pub(crate) async fn other_protection(job: &mut Job, ca: &mut Ca<'_>, ui: &dyn Ui) -> Result<bool> {
    let from = job.record.profile.cmp.protection;
    if !ca.speaks_by_codes() || job.record.fallback.is_some() {
        return Ok(false);
    }
    let (to, weaker) = other(from);
    let title = job.record.profile.title.clone();
    match ui.ask(Question::OtherProtection { ca: title, from, to, weaker }).await {
        Some(Answer::Yes) => {}
        None => return Err(Error::new(Code::Cancelled, "asking")),
        _ => return Ok(false),
    }
    job.record.fall_back(from, to);
    ca.start_over(job);
    job.save("protection-changed", &word(&to))?;
    Ok(true)
}

/// What to try instead, and whether it is weaker: PasswordBasedMac derives its key with a plain hash, and its salt and
/// iterations are all that slows down who guesses (RFC 9481 §6.1); PBMAC1 does it with PBKDF2.
fn other(from: MacChoice) -> (MacChoice, bool) {
    match from {
        MacChoice::Pbmac1Sha256 | MacChoice::PbmSha512 => (MacChoice::PbmSha256, true),
        MacChoice::PbmSha256 => (MacChoice::Pbmac1Sha256, false),
        MacChoice::PbmSha1 => (MacChoice::PbmSha256, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_kind_is_another_kind() {
        use MacChoice::*;
        for (from, to, weaker) in [
            (Pbmac1Sha256, PbmSha256, true),
            (PbmSha512, PbmSha256, true),
            (PbmSha256, Pbmac1Sha256, false),
            (PbmSha1, PbmSha256, false),
        ] {
            assert_eq!(other(from), (to, weaker));
        }
        assert_eq!(word(&Pbmac1Sha256), "pbmac1-sha256");
    }
}
