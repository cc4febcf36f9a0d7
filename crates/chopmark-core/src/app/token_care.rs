//! Taking care of tokens: what they say, what is on them, their PINs, and what is taken away from them.

use std::{collections::BTreeSet, path::Path};

use super::App;
use crate::{
    certificate, drivers,
    error::{Code, Error, Result},
    files::write_whole,
    helper_program::helper_program,
    jobs::care::{Care, detail, removal},
    model::*,
    ui::Ui,
};

/// The token that the command's TOKEN means: a place, or a label.
pub fn token_named(text: &str) -> Result<Place> {
    let wrong = || Error::new(Code::BadInput, "reading the token's name").with("reason", "token-place");
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.trim().to_ascii_lowercase());
    match scheme.as_deref() {
        Some("pkcs11") => Ok(Place::parse(text)?.0),
        Some("file") => Err(wrong()),
        _ if text.trim().is_empty() => Err(wrong()),
        _ => Ok(Place::Token {
            label: Some(text.trim().to_owned()),
            serial: None,
            manufacturer: None,
            model: None,
            driver: None,
            pin_source: None,
        }),
    }
}

impl App {
    /// What the tokens that are plugged in say of themselves. One seen through two drivers is listed once. No PIN.
    pub async fn token_list(&self) -> Result<Vec<TokenDetail>> {
        let program = helper_program(self.desk.options.helper.as_deref())?;
        let any =
            Place::Token { label: None, serial: None, manufacturer: None, model: None, driver: None, pin_source: None };
        let mut seen = BTreeSet::new();
        let mut details = Vec::new();
        for one in &self.desk.look(&program, &any).await {
            for token in drivers::worth_listing(one) {
                if seen.insert((token.label.clone(), token.serial.clone(), token.model.clone())) {
                    details.push(detail(token, one));
                }
            }
        }
        Ok(details)
    }

    /// What a token says of itself. No PIN.
    pub async fn token_show(&self, place: &Place) -> Result<TokenDetail> {
        let program = helper_program(self.desk.options.helper.as_deref())?;
        let (looked, around) = self.desk.look_around(&program, place).await?;
        let (driver, token) = drivers::matching(&looked, place, &around, &self.desk.machine().catalogue)?;
        Ok(detail(token, driver))
    }

    /// What lies on a token; without `log_in` only what everybody may see.
    pub async fn token_objects(&self, place: &Place, log_in: bool, ui: &dyn Ui) -> Result<TokenContent> {
        let mut care = Care::find(place.clone(), &self.desk, ui).await?;
        let content = care.content(log_in, &self.desk, place, ui).await?;
        Ok(care.view(content))
    }

    /// What lies on a token alone: keys without certificate, certificates without key. What a job needs that is not over is among
    /// them, marked with the job, and is not deleted by [`App::token_delete`].
    pub async fn token_orphans(&self, place: &Place, ui: &dyn Ui) -> Result<TokenContent> {
        let mut content = self.token_objects(place, true, ui).await?;
        content.objects.retain(|object| object.orphan);
        Ok(content)
    }

    /// A certificate on a token, by the name that [`App::token_objects`] gives it; written to a new file (PEM) where one is named.
    pub async fn token_export(
        &self,
        place: &Place,
        name: &str,
        to: Option<&Path>,
        ui: &dyn Ui,
    ) -> Result<ExportedCertificate> {
        let mut care = Care::find(place.clone(), &self.desk, ui).await?;
        let content = care.content(false, &self.desk, place, ui).await?;
        let missing = || Error::new(Code::ObjectNotFound, "exporting a certificate").with("object", name);
        let entry = content.named(name).map_err(|error| error.with("token", care.called()))?;
        let info = certificate::describe(entry.certificate().ok_or_else(missing)?)?;
        if let Some(path) = to {
            write_whole(path, info.pem.as_bytes(), false)?;
        }
        Ok(ExportedCertificate { certificate: info, path: to.map(|path| path.display().to_string()) })
    }

    /// Deletes something from a token, after its label was typed in; `whole`: with what lies beside it under the same id.
    ///
    /// # Errors
    /// [`Code::KeyOfOpenJob`], [`Code::ObjectNotFound`], [`Code::LabelNotTyped`].
    pub async fn token_delete(&self, place: &Place, name: &str, whole: bool, ui: &dyn Ui) -> Result<Removed> {
        // Before the token is opened: some drivers do not bear it that others look around meanwhile.
        let known = self.certificates(None).await?.certificates;
        let mut care = Care::find(place.clone(), &self.desk, ui).await?;
        let label = care.called().to_owned();
        let elsewhere = known.into_iter().filter(|one| one.place_name != label && one.has_key != Some(false));
        let elsewhere: BTreeSet<String> = elsewhere.map(|one| one.certificate.sha256).collect();
        let content = care.content(true, &self.desk, place, ui).await?;
        care.delete(&content, name, whole, &elsewhere, ui).await
    }

    /// Sets up a token: it is empty then, with this label, the security officer's PIN and a user PIN. One that has been set up
    /// before asks for its label first.
    ///
    /// # Errors
    /// [`Code::KeyOfOpenJob`], [`Code::LabelNotTyped`], [`Code::SoPinWrong`], [`Code::TokenBusy`].
    pub async fn token_init(&self, place: &Place, label: &str, ui: &dyn Ui) -> Result<TokenDetail> {
        let label = removal::label(label)?;
        let mut care = Care::find(place.clone(), &self.desk, ui).await?;
        care.init(&label, &self.desk, ui).await?;
        Ok(care.detail())
    }

    /// Sets the user PIN with the security officer's.
    pub async fn token_set_pin(&self, place: &Place, ui: &dyn Ui) -> Result<TokenDetail> {
        let mut care = Care::find(place.clone(), &self.desk, ui).await?;
        care.set_user_pin(ui).await?;
        Ok(care.detail())
    }

    /// Unlocks a token: a new user PIN in place of the one that is locked or forgotten. To the token it is the same as
    /// [`App::token_set_pin`].
    pub async fn token_unblock(&self, place: &Place, ui: &dyn Ui) -> Result<TokenDetail> {
        self.token_set_pin(place, ui).await
    }

    /// Changes a PIN for whoever knows the old one.
    pub async fn token_change_pin(&self, place: &Place, whose: PinOwner, ui: &dyn Ui) -> Result<TokenDetail> {
        let mut care = Care::find(place.clone(), &self.desk, ui).await?;
        care.change_pin(whose, ui).await?;
        Ok(care.detail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_named_by_label_or_place() {
        for (text, label) in [("Alice", "Alice"), (" Alice's key ", "Alice's key"), ("pkcs11:token=Bob", "Bob")] {
            let Place::Token { label: found, .. } = token_named(text).unwrap() else { panic!("{text}") };
            assert_eq!(found.as_deref(), Some(label), "{text}");
        }
        for (text, reason) in [("", "token-place"), ("file:/a.p12", "token-place"), ("pkcs11:pin-value=1", "pin-value")]
        {
            assert_eq!(token_named(text).unwrap_err().facts["reason"], reason, "{text}");
        }
    }
}
