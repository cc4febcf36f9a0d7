//! PINs: set, changed, unlocked. Each PIN that was typed goes to the token once; a wrong one is asked for again, never tried again.

use token_helper::{
    client::{HelperError, PinFailure},
    wire::{self, Pin},
};
use zeroize::Zeroizing;

use super::{Care, length};
use crate::{
    drivers,
    error::{Code, Error, Result},
    model::{NewPinProblem, PinOwner, PinPadAsks, PinState, Question},
    stores::token::on_the_device,
    ui::{Answer, Secret, Ui},
};

impl Care {
    /// Sets the user PIN with the security officer's, also in place of a locked or forgotten one.
    pub(crate) async fn set_user_pin(&mut self, ui: &dyn Ui) -> Result<()> {
        self.initialized()?;
        if self.about.so_pin == wire::PinState::Locked {
            return Err(self.named(Code::SoPinLocked));
        }
        if self.about.protected_authentication_path {
            on_the_device(ui, self.called(), PinPadAsks::SoPinAndNewPin).await?;
            return self.try_setting(empty(), empty()).await?.map_err(|error| self.error(error));
        }
        let mut asked = Asked::default();
        let mut so_pin = Some(self.ask_so_pin(&mut asked, ui).await?);
        let new = self.ask_new_pin(PinOwner::User, None, ui).await?;
        loop {
            let given = match so_pin.take() {
                Some(given) => given,
                None => self.ask_so_pin(&mut asked, ui).await?,
            };
            match self.try_setting(given, pin(&new)).await? {
                Ok(()) => return Ok(()),
                Err(error) => self.wrong_once(error, &mut asked)?,
            }
        }
    }

    pub(crate) async fn try_setting(&mut self, so_pin: Pin, new: Pin) -> Result<std::result::Result<(), HelperError>> {
        let selector = self.selector();
        let set = self.place.call(move |helper| helper.set_user_pin(&selector, &so_pin, &new)).await?;
        Ok(set.map(|token| self.about = token))
    }

    /// Changes a PIN for whoever knows the old one.
    pub(crate) async fn change_pin(&mut self, whose: PinOwner, ui: &dyn Ui) -> Result<()> {
        self.initialized()?;
        match (whose, self.about.user_pin, self.about.so_pin) {
            (PinOwner::User, wire::PinState::Locked, _) => return Err(self.named(Code::PinLocked)),
            (PinOwner::User, wire::PinState::NotSet, _) => return Err(self.named(Code::PinNotSet)),
            (PinOwner::SecurityOfficer, _, wire::PinState::Locked) => return Err(self.named(Code::SoPinLocked)),
            _ => {}
        }
        if self.about.protected_authentication_path {
            on_the_device(ui, self.called(), PinPadAsks::OldAndNewPin).await?;
            return self.try_changing(whose, empty(), empty()).await?.map_err(|error| self.error(error));
        }
        let mut asked = Asked::default();
        let mut new: Option<Secret> = None;
        loop {
            let old = match whose {
                PinOwner::User => self.ask_pin(&mut asked, ui).await?,
                PinOwner::SecurityOfficer => self.ask_so_pin(&mut asked, ui).await?,
            };
            let chosen = match new.take().filter(|new| new.expose().as_bytes() != old.expose()) {
                Some(chosen) => chosen,
                None => self.ask_new_pin(whose, Some(&old), ui).await?,
            };
            match self.try_changing(whose, old, pin(&chosen)).await? {
                Ok(()) => return Ok(()),
                Err(error) => self.wrong_once(error, &mut asked)?,
            }
            new = Some(chosen);
        }
    }

    async fn try_changing(
        &mut self,
        whose: PinOwner,
        old: Pin,
        new: Pin,
    ) -> Result<std::result::Result<(), HelperError>> {
        let selector = self.selector();
        let owner = match whose {
            PinOwner::User => wire::PinOwner::User,
            PinOwner::SecurityOfficer => wire::PinOwner::SecurityOfficer,
        };
        let changed = self.place.call(move |helper| helper.change_pin(&selector, owner, &old, &new)).await?;
        Ok(changed.map(|token| self.about = token))
    }

    /// A wrong PIN that leaves tries may be asked for again; everything else is the end.
    pub(crate) fn wrong_once(&self, error: HelperError, asked: &mut Asked) -> Result<()> {
        let state = match &error {
            HelperError::Pin { failure: PinFailure::Incorrect, state }
            | HelperError::SoPin { failure: PinFailure::Incorrect, state } => drivers::pin_state(*state),
            HelperError::NewPinRefused { .. } => return Err(self.with_length(self.error(error))),
            _ => return Err(self.error(error)),
        };
        let error = self.error(error);
        if state == PinState::Locked {
            return Err(error);
        }
        *asked = Asked { state: Some(state), wrong: Some(error) };
        Ok(())
    }

    async fn ask_pin(&self, asked: &mut Asked, ui: &dyn Ui) -> Result<Pin> {
        let question = Question::Pin {
            token: self.called().to_owned(),
            state: asked.state.unwrap_or(drivers::pin_state(self.about.user_pin)),
            wrong_before: asked.wrong.is_some(),
            length: length(&self.about),
        };
        secret(question, "pin", asked.wrong.take(), ui).await.map(|secret| pin(&secret))
    }

    pub(crate) async fn ask_so_pin(&self, asked: &mut Asked, ui: &dyn Ui) -> Result<Pin> {
        let question = Question::SoPin {
            token: self.called().to_owned(),
            state: asked.state.unwrap_or(drivers::pin_state(self.about.so_pin)),
            wrong_before: asked.wrong.is_some(),
        };
        secret(question, "so-pin", asked.wrong.take(), ui).await.map(|secret| pin(&secret))
    }

    /// A new PIN that is of a length the token takes and is not the old one. Both are looked at here: no token is asked for it.
    pub(crate) async fn ask_new_pin(&self, whose: PinOwner, old: Option<&Pin>, ui: &dyn Ui) -> Result<Secret> {
        let length = length(&self.about);
        let mut refused: Option<NewPinProblem> = None;
        loop {
            let question = Question::NewPin { token: self.called().to_owned(), whose, length, refused };
            let failed = refused.map(|problem| match problem {
                NewPinProblem::Unchanged => self.named(Code::PinUnchanged),
                NewPinProblem::Length => self.with_length(self.named(Code::NewPinRefused)),
            });
            let new = secret(question, "new-pin", failed, ui).await?;
            // PKCS#11 counts bytes.
            let bytes = new.expose().len() as u32;
            if old.is_some_and(|old| old.expose() == new.expose().as_bytes()) {
                refused = Some(NewPinProblem::Unchanged);
            } else if bytes == 0 || length.is_some_and(|(least, most)| !(least..=most).contains(&bytes)) {
                refused = Some(NewPinProblem::Length);
            } else {
                return Ok(new);
            }
        }
    }

    fn with_length(&self, error: Error) -> Error {
        match length(&self.about) {
            Some((least, most)) => error.with("min", least).with("max", most),
            None => error,
        }
    }
}

/// What came of the PIN that was given before.
#[derive(Default)]
pub(crate) struct Asked {
    state: Option<PinState>,
    wrong: Option<Error>,
}

/// `failed`: what ends it where nobody gives another one.
async fn secret(question: Question, what: &'static str, failed: Option<Error>, ui: &dyn Ui) -> Result<Secret> {
    let doing = "asking for a PIN";
    match (ui.ask(question).await, failed) {
        (Some(Answer::Secret(secret)), _) => Ok(secret),
        (_, Some(failed)) => Err(failed),
        (Some(Answer::Later), None) => Err(Error::new(Code::NobodyToAsk, doing).with("what", what)),
        _ => Err(Error::new(Code::Cancelled, doing)),
    }
}

pub(crate) fn pin(secret: &Secret) -> Pin {
    Pin::new(Zeroizing::new(secret.expose().as_bytes().to_vec()))
}

/// What is typed on the device.
pub(crate) fn empty() -> Pin {
    Pin::new(Zeroizing::new(Vec::new()))
}
