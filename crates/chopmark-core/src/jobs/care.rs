//! Token care: one token, taken care of by the person who holds it. Nothing of it is journaled: what it does is done in one call
//! of the driver, or was not done.

pub(crate) mod content;
pub(crate) mod pins;
pub(crate) mod removal;

use token_helper::{
    client::HelperError,
    wire::{self, TokenSelector},
};

use crate::{
    app::Desk,
    drivers::{self, Looked},
    error::{Code, Error, Result},
    journal::{Record, unhex},
    keys::key_id,
    model::{PinState, Place, TokenDetail},
    stores::token::TokenPlace,
    ui::Ui,
};

/// A token that was found, its driver started; nobody has logged in.
pub(crate) struct Care {
    pub(crate) place: TokenPlace,
    pub(crate) about: wire::Token,
    looked: Looked,
}

impl Care {
    pub(crate) async fn find(wanted: Place, desk: &Desk, ui: &dyn Ui) -> Result<Care> {
        let (place, about, looked) = TokenPlace::find(wanted, desk, ui).await?;
        Ok(Care { place, about, looked })
    }

    /// What the person knows it by: its label, the serial number where there is none.
    pub(crate) fn called(&self) -> &str {
        if self.about.label.is_empty() { &self.about.serial } else { &self.about.label }
    }

    pub(crate) fn detail(&self) -> TokenDetail {
        detail(&self.about, &self.looked)
    }

    fn named(&self, code: Code) -> Error {
        Error::new(code, "taking care of a token").with("token", self.called())
    }

    fn error(&self, error: HelperError) -> Error {
        self.place.error(error)
    }

    fn initialized(&self) -> Result<()> {
        if self.about.initialized { Ok(()) } else { Err(self.named(Code::TokenNotInitialized)) }
    }

    /// Exactly this token. The slot tells an empty one from its neighbours; it was looked at a moment ago.
    fn selector(&self) -> TokenSelector {
        drivers::selector(&self.about)
    }

    /// Jobs that are not over and have something on this token.
    fn open_jobs(&self, desk: &Desk) -> Result<Vec<Needed>> {
        let jobs = desk.journal.open_jobs()?;
        Ok(jobs.iter().filter_map(|(job, record)| Needed::of(job, record, &self.about)).collect())
    }
}

/// A token with what matters for its care.
pub(crate) fn detail(token: &wire::Token, looked: &Looked) -> TokenDetail {
    TokenDetail {
        token: drivers::token_view(token, looked),
        so_pin: drivers::pin_state(token.so_pin),
        tries_left: tries_left(drivers::pin_state(token.user_pin)),
        so_tries_left: tries_left(drivers::pin_state(token.so_pin)),
        pin_length: length(token),
        free_memory: token.free_memory,
        total_memory: token.total_memory,
        slot: token.slot_description.clone(),
        removable: token.removable,
    }
}

/// PKCS#11 has flags for the last try and for none; in between no token tells.
fn tries_left(state: PinState) -> Option<u32> {
    match state {
        PinState::FinalTry => Some(1),
        PinState::Locked => Some(0),
        _ => None,
    }
}

fn length(token: &wire::Token) -> Option<(u32, u32)> {
    token.pin_length.map(|(least, most)| (least as u32, most as u32))
}

/// What a job that is not over needs on a token.
struct Needed {
    job: String,
    ids: Vec<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
}

impl Needed {
    fn of(job: &str, record: &Record, token: &wire::Token) -> Option<Needed> {
        let mut needed = Needed { job: job.to_owned(), ids: Vec::new(), certificates: Vec::new() };
        if record.token.as_ref().is_some_and(|one| one.label == token.label && one.serial == token.serial) {
            let key = record.key.as_ref();
            needed.ids.extend(key.and_then(|key| unhex(&key.key_id).ok()));
            needed.ids.extend(key.and_then(|key| key_id(&unhex(&key.public_key).ok()?).ok()));
            needed.ids.extend(record.provisional_id.as_ref().and_then(|id| unhex(id).ok()));
            needed.certificates.extend(record.issued.as_ref().and_then(|issued| unhex(&issued.certificate).ok()));
        }
        // The old key signs until the new one is confirmed.
        let renewed = record.renewal.as_ref().map(|renewal| &renewal.old);
        let revoked = record.revocation.as_ref().and_then(|revocation| revocation.old.as_ref());
        for old in [renewed, revoked].into_iter().flatten().filter(|old| drivers::fits(token, &old.place)) {
            needed.ids.extend(unhex(&old.key.key_id).ok());
            needed.certificates.extend(unhex(&old.certificate).ok());
        }
        (!needed.ids.is_empty() || !needed.certificates.is_empty()).then_some(needed)
    }
}
