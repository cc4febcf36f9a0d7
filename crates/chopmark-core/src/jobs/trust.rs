//! Whether programs are to trust the CA's root from now on. That is another matter than the certificate, and a weighty one: who holds
//! that root can be any server then. So it is asked for by itself, with the fingerprint, when all the rest is done; whatever is not
//! a clear yes is a no, and nothing that goes wrong here touches the certificate.

use crate::{
    certificate,
    error::Result,
    journal::Job,
    model::Question,
    stores::OpenPlace,
    ui::{Answer, Ui},
};

/// Asks, unless the place has no trust to give or the root has it already.
pub(super) async fn offer(job: &mut Job, place: &mut OpenPlace, root: &[u8], ui: &dyn Ui) -> Result<()> {
    let OpenPlace::Computer(store) = place else { return Ok(()) };
    if job.record.root_trusted.is_some() {
        return Ok(());
    }
    let wants = match store.wants_root(root).await {
        Ok(wants) => wants,
        Err(error) => return job.note("root-not-looked-at", &error.code.to_string()),
    };
    if !wants {
        return Ok(());
    }
    let about = certificate::describe(root)?;
    let (ca, sha256) = (about.name().to_owned(), about.sha256);
    let question = Question::TrustRoot { store: store.name().to_owned(), ca: ca.clone(), sha256: sha256.clone() };
    let trusted = matches!(ui.ask(question).await, Some(Answer::Yes));
    if trusted && let Err(error) = store.trust_root(root, &ca).await {
        job.record.root_trusted = Some(false);
        return job.save("root-not-trusted", &error.code.to_string());
    }
    job.record.root_trusted = Some(trusted);
    job.save(if trusted { "root-trusted" } else { "root-declined" }, &sha256)
}
