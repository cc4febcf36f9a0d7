//! What takes something away for good: setting up anew, deleting. The token's label has to be typed in first.

use std::collections::BTreeSet;

use super::{
    Care,
    content::{Content, Entry},
    pins::{Asked, empty, pin},
};
use crate::{
    app::Desk,
    certificate, clock,
    error::{Code, Error, Result},
    jobs::renew,
    model::{PinOwner, PinPadAsks, Question, Removal, RemovalWarning, Removed, TokenObject, TokenObjectKind},
    stores::token::on_the_device,
    ui::{Answer, Ui},
};

/// PKCS#11's own limit, in bytes.
const LONGEST_LABEL: usize = 32;

/// A label that a token can have, or why not.
pub(crate) fn label(text: &str) -> Result<String> {
    let label = text.trim();
    if label.is_empty() || label.len() > LONGEST_LABEL || label.chars().any(char::is_control) {
        return Err(Error::new(Code::BadInput, "reading a label").with("reason", "token-label"));
    }
    Ok(label.to_owned())
}

impl Care {
    /// Sets up the token: it is empty then, with this label, the security officer's PIN and a user PIN.
    pub(crate) async fn init(&mut self, label: &str, desk: &Desk, ui: &dyn Ui) -> Result<()> {
        if let Some(job) = self.open_jobs(desk)?.first() {
            return Err(self.named(Code::KeyOfOpenJob).with("job", &job.job));
        }
        if self.about.initialized {
            self.allowed_to_erase(desk, ui).await?;
        }
        if self.about.protected_authentication_path {
            on_the_device(ui, self.called(), PinPadAsks::SoPin).await?;
            self.about = self.try_init(label, empty()).await?.map_err(|error| self.error(error))?;
            return self.set_user_pin(ui).await;
        }
        // All that has to be asked, before anything is done. What was never set up has no PIN yet: it gets one.
        let mut asked = Asked::default();
        let mut so_pin = match self.about.initialized {
            true => self.ask_so_pin(&mut asked, ui).await?,
            false => pin(&self.ask_new_pin(PinOwner::SecurityOfficer, None, ui).await?),
        };
        let user_pin = self.ask_new_pin(PinOwner::User, None, ui).await?;
        loop {
            let kept = zeroize::Zeroizing::new(so_pin.expose().to_vec());
            match self.try_init(label, so_pin).await? {
                Ok(token) => {
                    self.about = token;
                    so_pin = token_helper::Pin::new(kept);
                    break;
                }
                Err(error) => self.wrong_once(error, &mut asked)?,
            }
            so_pin = self.ask_so_pin(&mut asked, ui).await?;
        }
        let set = self.try_setting(so_pin, pin(&user_pin)).await?;
        set.map_err(|error| self.error(error))
    }

    async fn try_init(
        &mut self,
        label: &str,
        so_pin: token_helper::Pin,
    ) -> Result<std::result::Result<token_helper::Token, token_helper::HelperError>> {
        let (selector, label) = (self.selector(), label.to_owned());
        self.place.call(move |helper| helper.init_token(&selector, &label, &so_pin)).await
    }

    async fn allowed_to_erase(&mut self, desk: &Desk, ui: &dyn Ui) -> Result<()> {
        if self.about.so_pin == token_helper::PinState::Locked {
            return Err(self.named(Code::SoPinLocked));
        }
        let content = self.public_content(desk).await?;
        let things = content.entries.iter().map(|entry| in_words(&entry.view)).collect();
        let mut warnings = vec![RemovalWarning::HiddenToo];
        if content.entries.iter().any(is_valid) {
            warnings.insert(0, RemovalWarning::StillValid);
        }
        self.type_label(Removal::Everything, things, warnings, ui).await
    }

    /// Deletes what has this name; `whole`: with what lies beside it under the same id. On a card with places for its keys what lies in
    /// one place always goes together. `elsewhere`: fingerprints of the certificates that are in other places too.
    pub(crate) async fn delete(
        &mut self,
        content: &Content,
        name: &str,
        whole: bool,
        elsewhere: &BTreeSet<String>,
        ui: &dyn Ui,
    ) -> Result<Removed> {
        let entry = content.named(name).map_err(|error| error.with("token", self.called()))?;
        let beside: Vec<&Entry> = content.beside(entry).collect();
        let in_a_place = self.place.has_fixed_places().await?;
        let whole = whole || in_a_place;
        let going: Vec<&Entry> = std::iter::once(entry).chain(beside.iter().copied().filter(|_| whole)).collect();
        if let Some(job) = going.iter().find_map(|entry| entry.view.job.as_ref()) {
            return Err(self.named(Code::KeyOfOpenJob).with("job", job));
        }
        let act = match entry.view.kind {
            TokenObjectKind::Key => Removal::Key,
            TokenObjectKind::Certificate if whole && !beside.is_empty() => Removal::Key,
            TokenObjectKind::Certificate => Removal::Certificate,
            _ => Removal::Other,
        };
        let things = going.iter().map(|entry| in_words(&entry.view)).collect();
        let key_stays = in_a_place && going.iter().any(|entry| entry.view.kind == TokenObjectKind::Key);
        let mut warnings = warnings(entry, &beside, &going, elsewhere);
        warnings.extend(key_stays.then_some(RemovalWarning::KeyStaysInside));
        self.type_label(act, things, warnings, ui).await?;
        let certificates = going.iter().any(|entry| entry.view.kind == TokenObjectKind::Certificate);
        // A card does not forget a key; without its certificate no program uses it.
        let goes = |entry: &&&Entry| !(key_stays && certificates) || entry.view.kind == TokenObjectKind::Certificate;
        let parts = going.iter().filter(goes).flat_map(|entry| &entry.parts).cloned().collect();
        let left = self.place.delete_objects(parts, ui).await?;
        if left.is_empty() {
            return Ok(Removed { token: self.called().to_owned(), object: entry.view.clone(), key_stays });
        }
        Err(self.named(Code::NotDeleted).with("object", in_words(&entry.view)))
    }

    async fn type_label(
        &self,
        act: Removal,
        things: Vec<String>,
        warnings: Vec<RemovalWarning>,
        ui: &dyn Ui,
    ) -> Result<()> {
        type_name(self.called(), act, things, warnings, ui).await
    }
}

/// The person types the name of what things are taken from; what was typed is compared here, for every face of the product alike.
pub(crate) async fn type_name(
    name: &str,
    act: Removal,
    things: Vec<String>,
    warnings: Vec<RemovalWarning>,
    ui: &dyn Ui,
) -> Result<()> {
    let error = |code: Code| Error::new(code, "asking for the label").with("token", name);
    let mut wrong_before = false;
    loop {
        let (token, things, warnings) = (name.to_owned(), things.clone(), warnings.clone());
        let question = Question::TypeLabel { token, act, things, warnings, wrong_before };
        match ui.ask(question).await {
            Some(Answer::Text(typed)) if !name.is_empty() && typed.trim() == name => return Ok(()),
            Some(Answer::Text(_)) => wrong_before = true,
            Some(Answer::Later) if !wrong_before => {
                let missing = Error::new(Code::NobodyToAsk, "asking for the label").with("what", "confirm-label");
                return Err(missing.with("seen", name));
            }
            _ if wrong_before => return Err(error(Code::LabelNotTyped)),
            _ => return Err(error(Code::Cancelled)),
        }
    }
}

fn warnings(entry: &Entry, beside: &[&Entry], going: &[&Entry], elsewhere: &BTreeSet<String>) -> Vec<RemovalWarning> {
    let mut warnings = Vec::new();
    let takes_key = going.iter().any(|entry| entry.view.kind == TokenObjectKind::Key);
    let certificates: Vec<&Entry> = std::iter::once(entry)
        .chain(beside.iter().copied())
        .filter(|entry| entry.view.kind == TokenObjectKind::Certificate)
        .collect();
    let only = |entry: &&Entry| !entry.view.certificate.as_ref().is_some_and(|info| elsewhere.contains(&info.sha256));
    if certificates.iter().any(|entry| is_valid(entry)) {
        warnings.push(RemovalWarning::StillValid);
    }
    if certificates.iter().copied().any(|entry| only(&entry)) {
        warnings.push(RemovalWarning::OnlyCopy);
    }
    // A key without a certificate says nothing about what it was for.
    let decrypts = |entry: &&Entry| entry.certificate().is_some_and(renew::decrypts);
    if takes_key && (certificates.is_empty() || certificates.iter().any(decrypts)) {
        warnings.push(RemovalWarning::MayDecrypt);
    }
    let stays = |entry: &&&Entry| !going.iter().any(|one| std::ptr::eq(*one, **entry));
    if takes_key && certificates.iter().any(|entry| stays(&entry)) {
        warnings.push(RemovalWarning::CertificateStays);
    }
    warnings
}

fn is_valid(entry: &Entry) -> bool {
    let now = clock::now() as i64;
    entry.certificate().and_then(|der| certificate::describe(der).ok()).is_some_and(|info| info.not_after_unix > now)
}

/// As people say it: the name in the certificate, the label, the name we gave it.
fn in_words(object: &TokenObject) -> String {
    let certified = object.certificate.as_ref().map(|info| info.name().to_owned());
    let word = object.name.split(':').next().unwrap_or_default();
    let called = certified.or_else(|| Some(object.label.clone()).filter(|label| !label.is_empty()));
    match called {
        Some(called) => format!("{called} ({word})"),
        None => object.name.clone(),
    }
}
