//! What only the token's security officer may do: cards (PIV, OpenPGP) let nobody else make keys and write certificates.
//!
//! The person is asked for that PIN when it is wanted and not before. It is sent once for each time the card wants it, a wrong one
//! never again; afterwards the user is logged in, for only the user signs.

use std::sync::Arc;

use token_helper::{
    client::{Helper, HelperError, PinFailure},
    wire::{self, Object, Pin},
};
use zeroize::Zeroizing;

use super::{TokenPlace, on_the_device};
use crate::{
    drivers::{self, learned::Learned},
    error::{Code, Error, Result},
    model::{PinPadAsks, PinState, Question},
    ui::{Answer, Ui},
};

/// What a call is about, for what is learned from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    MakeKey,
    Write,
}

impl TokenPlace {
    /// Runs a call of the helper as the user; where the token wants its security officer for it, as that.
    pub(super) async fn permitted<T: Send + 'static>(
        &mut self,
        deed: Deed,
        work: impl Fn(&mut Helper) -> std::result::Result<T, HelperError> + Clone + Send + 'static,
        ui: &dyn Ui,
    ) -> Result<std::result::Result<T, HelperError>> {
        let known = match deed {
            Deed::MakeKey => self.learned.officer_makes_keys,
            Deed::Write => self.learned.officer_writes,
        };
        if !known {
            match self.call(work.clone()).await? {
                Err(HelperError::OfficerRequired { .. }) => {}
                other => return Ok(other),
            }
        }
        self.open_as_officer(ui).await?;
        let result = self.call(work).await?;
        if result.is_ok() {
            self.learn(|learned| match deed {
                Deed::MakeKey => learned.officer_makes_keys = true,
                Deed::Write => learned.officer_writes = true,
            });
        }
        match self.open_session().await? {
            Err(failure) if result.is_ok() => Err(self.error(failure)),
            _ => Ok(result),
        }
    }

    /// Destroys what was listed, in one go; what a driver started anew, without a PIN, still shows of it is given back: OpenSC says of
    /// an OpenPGP card's key that it is gone, and it is not.
    pub(crate) async fn delete_objects(&mut self, parts: Vec<Object>, ui: &dyn Ui) -> Result<Vec<Object>> {
        let wanted = parts.clone();
        let work = move |helper: &mut Helper| {
            for part in &wanted {
                match helper.delete_object(part) {
                    // On some tokens one half takes the other along.
                    Ok(()) | Err(HelperError::ObjectNotFound) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        self.permitted(Deed::Write, work, ui).await?.map_err(|error| self.error(error))?;
        let shown = self.asked_anew(|helper| helper.objects()).await?;
        let shown = shown.map(|found| found.objects).unwrap_or_default();
        let same = |part: &Object, one: &Object| {
            // What has no id may have a twin.
            !part.key_id.is_empty()
                && (part.kind, &part.key_id, &part.certificate) == (one.kind, &one.key_id, &one.certificate)
        };
        Ok(parts.into_iter().filter(|part| shown.iter().any(|one| same(part, one))).collect())
    }

    /// For the next token of this model.
    pub(super) fn learn(&mut self, change: impl FnOnce(&mut Learned)) {
        change(&mut self.learned);
        self.learned.keep(&self.home, &self.token);
    }

    async fn open_as_officer(&mut self, ui: &dyn Ui) -> Result<()> {
        let mut wrong: Option<Error> = None;
        let mut state = PinState::Ok;
        loop {
            let pin = match self.officer.take() {
                Some(pin) => pin,
                None => Arc::new(self.ask_officer(state, wrong.take(), ui).await?),
            };
            let (selector, given) = (self.selector(), Arc::clone(&pin));
            match self.call(move |helper| helper.open_as_officer(&selector, &given).map(|_| ())).await? {
                Ok(()) => {
                    self.officer = Some(pin);
                    return Ok(());
                }
                Err(HelperError::SoPin { failure: PinFailure::Incorrect | PinFailure::Length, state: now })
                    if now != wire::PinState::Locked && !self.pin_pad =>
                {
                    state = drivers::pin_state(now);
                    wrong = Some(self.error(HelperError::SoPin { failure: PinFailure::Incorrect, state: now }));
                }
                Err(error) => return Err(self.error(error)),
            }
        }
    }

    /// The PIN; an empty one where it is typed on the device.
    async fn ask_officer(&self, state: PinState, wrong: Option<Error>, ui: &dyn Ui) -> Result<Pin> {
        if self.pin_pad {
            on_the_device(ui, &self.token.label, PinPadAsks::SoPin).await?;
            return Ok(Pin::new(Zeroizing::new(Vec::new())));
        }
        let question = Question::SoPin { token: self.token.label.clone(), state, wrong_before: wrong.is_some() };
        match ui.ask(question).await {
            Some(Answer::Secret(secret)) => Ok(Pin::new(Zeroizing::new(secret.expose().as_bytes().to_vec()))),
            Some(Answer::Later) if wrong.is_none() => {
                Err(Error::new(Code::NobodyToAsk, "opening the token").with("what", "so-pin"))
            }
            _ => Err(wrong.unwrap_or_else(|| Error::new(Code::Cancelled, "opening the token"))),
        }
    }
}
