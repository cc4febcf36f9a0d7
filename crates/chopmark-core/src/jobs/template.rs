//! What kind of key the CA asks for (genm certReqTemplate, RFC 9483 §4.3.3), asked before one is made.
//!
//! The question is protected by the same codes as the request and uses none of them up.

use crate::{
    app::Desk,
    error::{Class, Code, Error, Result},
    jobs::{
        dialogue::{Voice, ask_code},
        inform,
    },
    journal::Job,
    model::{CodePurpose, InformationKind, KeyChoice},
    stores::OpenPlace,
    ui::Ui,
};

/// Asks, if the profile says so and nobody has chosen a key. A CA that gives no answer to this may still issue.
pub(super) async fn ask(desk: &Desk, job: &mut Job, place: &OpenPlace, voice: &mut Voice, ui: &dyn Ui) -> Result<()> {
    let record = &job.record;
    let begun = record.provisional_id.is_some() || record.key.is_some() || record.sent.is_some();
    let chosen = record.order.key.or(record.template_key).is_some();
    if !record.profile.cmp.ask_template || chosen || begun || record.order.key_by_ca || record.renewal.is_some() {
        return Ok(());
    }
    loop {
        let reference = job.record.order.reference.clone();
        let profile = job.record.profile.clone();
        match inform::run(desk, &profile, InformationKind::RequestTemplate, (reference, &mut *voice), ui).await {
            Ok(found) => {
                let keys = found.template.map(|template| template.keys).unwrap_or_default();
                job.record.template_key = first_possible(&keys, place.key_kinds());
                let detail = job.record.template_key.map(|key| crate::model::word(&key)).unwrap_or_default();
                return job.save("template-asked", &detail);
            }
            Err(error) if error.code == Code::CodesWrong => *voice = another_code(job, error, ui).await?,
            Err(error) if matches!(error.class(), Class::CaRefused | Class::Waiting) => {
                return job.note("template-not-told", &error.code.to_string());
            }
            Err(error) => return Err(error),
        }
    }
}

/// The first of the CA's that the place can make; where it can make none of them, the place says so itself.
fn first_possible(wanted: &[KeyChoice], possible: &[KeyChoice]) -> Option<KeyChoice> {
    wanted.iter().find(|key| possible.contains(key)).or(wanted.first()).copied()
}

async fn another_code(job: &mut Job, error: Error, ui: &dyn Ui) -> Result<Voice> {
    match ask_code(job, ui, CodePurpose::Request, Some(&error)).await {
        Ok(code) => Ok(Voice::Codes(code)),
        // Nobody has another one: what the CA said is what matters.
        Err(_) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::first_possible;
    use crate::model::KeyChoice::{EcP256, EcP384, Rsa2048};

    #[test]
    fn the_first_that_can_be_made() {
        let rows = [
            (&[][..], &[Rsa2048][..], None),
            (&[EcP256, Rsa2048], &[], Some(EcP256)),
            (&[EcP256, Rsa2048], &[Rsa2048, EcP384], Some(Rsa2048)),
            (&[EcP256], &[Rsa2048], Some(EcP256)),
        ];
        for (wanted, possible, expected) in rows {
            assert_eq!(first_possible(wanted, possible), expected, "{wanted:?} {possible:?}");
        }
    }
}
