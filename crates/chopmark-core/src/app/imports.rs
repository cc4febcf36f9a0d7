//! Certificates with their keys out of PKCS#12 files.

use super::App;
use crate::{
    ca::chain,
    certificate,
    error::{Code, Error, Result},
    jobs::{import, resume},
    model::*,
    ui::Ui,
};

impl App {
    /// Brings the certificate and the key of a PKCS#12 file to a token or this computer's store, and proves that they work there. An
    /// import that was interrupted is gone on with.
    ///
    /// # Errors
    /// [`Code::FileNotReadable`], [`Code::FilePasswordWrong`], [`Code::KeyImportRefused`]; [`Code::BadInput`] with the fact `reason`:
    /// a file is no place for this, or the certificate is there already.
    pub async fn import(&self, order: ImportOrder, ui: &dyn Ui) -> Result<Imported> {
        let bad = |reason: &str| Error::new(Code::BadInput, "importing a certificate").with("reason", reason);
        if matches!(order.place, Place::File { .. }) {
            return Err(bad("import-to-file"));
        }
        let content = import::Content::of(&order.path, ui).await?;
        let sha256 = certificate::fingerprint(&content.certificates[0]);
        let same = |view: &JobView| {
            let this = view.sha256.as_ref() == Some(&sha256) && view.order.place == order.place;
            view.kind == JobKind::Import && this
        };
        if let Some(id) = self.desk.journal.unfinished(same)? {
            let mut job = self.desk.journal.take(&id)?;
            if !job.record.clean_up {
                job.reopen()?;
                return import::run(&self.desk, &mut job, Some(content), ui).await;
            }
            resume::discard(&self.desk, &mut job, ui).await?;
        }
        // What cannot be looked into is told when it is opened.
        let there = self.certificates(Some(&order.place)).await.map(|list| list.certificates).unwrap_or_default();
        if there.iter().any(|one| one.certificate.sha256 == sha256 && one.has_key != Some(false)) {
            return Err(bad("import-there"));
        }
        let profile = self.issuer_of(&content.certificates)?;
        let mut job = self.desk.journal.begin(import::record(&order, &content, profile))?;
        import::run(&self.desk, &mut job, Some(content), ui).await
    }

    /// The CA to whose roots it leads.
    fn issuer_of(&self, certificates: &[Vec<u8>]) -> Result<Option<CaProfile>> {
        let leads = |profile: &CaProfile| {
            let roots = chain::roots_from_pem(&profile.roots);
            roots.and_then(|roots| chain::verify(&certificates[0], &certificates[1..], &roots)).is_ok()
        };
        Ok(self.desk.profiles.list()?.into_iter().find(leads))
    }
}
