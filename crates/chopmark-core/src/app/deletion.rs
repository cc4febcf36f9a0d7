//! Deleting a certificate with its key, wherever it lies. What goes is named, and its name has to be typed in first.

use std::path::Path;

use super::{App, token_named};
use crate::{
    certificate, clock,
    error::{Code, Error, Result},
    jobs::{care::removal, renew},
    journal::OldRecord,
    model::*,
    stores::{computer::ComputerPlace, file},
    ui::Ui,
};

impl App {
    /// Deletes a certificate and its key; `text` as in [`App::certificate`].
    ///
    /// # Errors
    /// [`Code::KeyOfOpenJob`], [`Code::FileOfOpenJob`], [`Code::LabelNotTyped`]; those of [`App::certificate`].
    pub async fn delete(&self, text: &str, ui: &dyn Ui) -> Result<Deleted> {
        let found = self.certificate(text).await?;
        let place = Place::parse(&found.place)?.0;
        match &place {
            Place::Token { .. } => {
                let token = token_named(&found.place)?;
                self.token_delete(&token, &format!("cert:{}", found.certificate.sha256), true, ui).await?;
            }
            Place::File { path } => self.delete_file(&found, &place, Path::new(path), ui).await?,
            Place::Computer { .. } => self.delete_from_store(&found, &place, ui).await?,
        }
        self.desk.journal.gone(&found.certificate.sha256, &found.place_name)?;
        Ok(Deleted { certificate: found.certificate, place_name: found.place_name })
    }

    async fn delete_file(&self, found: &FoundCertificate, place: &Place, path: &Path, ui: &dyn Ui) -> Result<()> {
        self.not_of_an_open_job(place, &found.place_name)?;
        let name =
            path.file_name().map_or_else(|| found.place_name.clone(), |name| name.to_string_lossy().into_owned());
        let warnings = self.warnings(found).await?;
        removal::type_name(&name, Removal::File, vec![in_words(found)], warnings, ui).await?;
        file::delete(path)
    }

    async fn delete_from_store(&self, found: &FoundCertificate, place: &Place, ui: &dyn Ui) -> Result<()> {
        self.not_of_an_open_job(place, &found.place_name)?;
        let old = OldRecord::of(found, &[])?;
        let warnings = self.warnings(found).await?;
        removal::type_name(found.certificate.name(), Removal::Store, vec![in_words(found)], warnings, ui).await?;
        let mut store = ComputerPlace::open_at(place.clone(), &self.desk, ui).await?;
        store.remove(&certificate::der_of(&found.certificate)?, &old.key, ui).await
    }

    /// A job that is not over may still need what lies there.
    fn not_of_an_open_job(&self, place: &Place, name: &str) -> Result<()> {
        for (job, record) in self.desk.journal.open_jobs()? {
            let old = record.renewal.as_ref().map(|renewal| &renewal.old);
            let revoked = record.revocation.as_ref().and_then(|revocation| revocation.old.as_ref());
            let of_it = [old, revoked].into_iter().flatten().any(|old| old.place == *place);
            if of_it || record.order.place == *place {
                let error = Error::new(Code::FileOfOpenJob, "deleting a certificate");
                return Err(error.with("job", job).with("path", name));
            }
        }
        Ok(())
    }

    async fn warnings(&self, found: &FoundCertificate) -> Result<Vec<RemovalWarning>> {
        let known = self.certificates(None).await?.certificates;
        let elsewhere =
            |one: &&FoundCertificate| one.certificate.sha256 == found.certificate.sha256 && one.place != found.place;
        let copies: Vec<&FoundCertificate> = known.iter().filter(elsewhere).collect();
        let mut warnings = Vec::new();
        if found.certificate.not_after_unix > clock::now() as i64 && found.revoked.is_none() {
            warnings.push(RemovalWarning::StillValid);
        }
        if !copies.iter().any(|one| one.has_key == Some(true)) {
            warnings.push(RemovalWarning::OnlyKey);
        }
        if renew::decrypts(&certificate::der_of(&found.certificate)?) {
            warnings.push(RemovalWarning::MayDecrypt);
        }
        Ok(warnings)
    }
}

fn in_words(found: &FoundCertificate) -> String {
    format!("{} ({})", found.certificate.name(), found.place_name)
}
