//! Setting up a token, and its PINs. Each PIN goes to the token once: tries are counted there.

use super::Server;
use super::module::{authenticate, initialize, pin_failure, token};
use super::pin_pad::PinPad;
use super::quirks;
use super::refusal::{code, describe, refusal};
use cryptoki::error::Error;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use token_helper::HelperError;
use token_helper::wire::{Pin, PinOwner, Token, TokenSelector};

impl Server {
    /// `C_InitToken`, and the token looked for again: its slot and serial number may be others afterwards.
    pub(super) fn init_token(
        &mut self,
        selector: &TokenSelector,
        label: &str,
        so_pin: &Pin,
    ) -> Result<Token, HelperError> {
        let (slot, was) = self.closed(selector)?;
        let before = self.tokens()?;
        let result = if on_the_device(&was, so_pin) {
            PinPad::of(&self.driver)?.init_token(slot, label)
        } else {
            self.pkcs11()?.init_token(slot, &text(so_pin)?, label)
        };
        match result {
            Ok(()) => self.find_again(&before, &was, label),
            // On a token that was never set up the PIN is a new one.
            Err(error) if !was.initialized && quirks::refuses_new_pin(code(&error)) => Err(new_pin_refused(&error)),
            Err(error) => Err(self.so_refused(slot, &was, error)),
        }
    }

    /// Drivers differ in what they keep of a token that is set up anew; some have to be started again to see it at all.
    fn find_again(&mut self, before: &[Token], was: &Token, label: &str) -> Result<Token, HelperError> {
        if let Some(found) = found_again(self.tokens()?, before, was, label) {
            return Ok(found);
        }
        let pkcs11 = self.pkcs11()?;
        let _ = pkcs11.clone().finalize();
        initialize(pkcs11, self.parameters.as_deref()).map_err(refusal)?;
        found_again(self.tokens()?, before, was, label).ok_or(HelperError::TokenMissing)
    }

    /// `C_Login` as the security officer, `C_InitPIN`.
    pub(super) fn set_user_pin(
        &mut self,
        selector: &TokenSelector,
        so_pin: &Pin,
        new: &Pin,
    ) -> Result<Token, HelperError> {
        let (slot, was) = self.closed(selector)?;
        let session = self.so_session(slot, &was, so_pin)?;
        let result = if on_the_device(&was, new) {
            PinPad::of(&self.driver)?.init_pin(&session)
        } else {
            session.init_pin(&text(new)?)
        };
        let _ = session.logout();
        drop(session);
        match result {
            Ok(()) => Ok(self.now(slot, was)),
            Err(error) if quirks::refuses_new_pin(code(&error)) => Err(new_pin_refused(&error)),
            Err(error) => Err(refusal(error)),
        }
    }

    /// `C_SetPIN`. Without login it is the user's PIN that changes (PKCS#11 §5.6.7); for the security officer's a login goes first.
    pub(super) fn change_pin(
        &mut self,
        selector: &TokenSelector,
        whose: PinOwner,
        old: &Pin,
        new: &Pin,
    ) -> Result<Token, HelperError> {
        let (slot, was) = self.closed(selector)?;
        let session = match whose {
            PinOwner::User => self.pkcs11()?.open_rw_session(slot).map_err(refusal)?,
            PinOwner::SecurityOfficer => self.so_session(slot, &was, old)?,
        };
        let result = if on_the_device(&was, old) {
            PinPad::of(&self.driver)?.set_pin(&session)
        } else {
            session.set_pin(&text(old)?, &text(new)?)
        };
        if whose == PinOwner::SecurityOfficer {
            let _ = session.logout();
        }
        drop(session);
        match (result, whose) {
            (Ok(()), _) => Ok(self.now(slot, was)),
            (Err(error), _) if quirks::refuses_new_pin(code(&error)) => Err(new_pin_refused(&error)),
            (Err(error), PinOwner::SecurityOfficer) => Err(self.so_refused(slot, &was, error)),
            (Err(error), PinOwner::User) => {
                let state = self.now(slot, was).user_pin;
                Err(match pin_failure(&error, state) {
                    Some(failure) => HelperError::Pin { failure, state },
                    None => refusal(error),
                })
            }
        }
    }

    /// The token with nothing of ours open in it.
    fn closed(&mut self, selector: &TokenSelector) -> Result<(Slot, Token), HelperError> {
        self.open = None;
        let token = self.find(selector)?;
        Ok((Slot::try_from(token.slot).map_err(refusal)?, token))
    }

    fn so_session(&self, slot: Slot, was: &Token, pin: &Pin) -> Result<Session, HelperError> {
        if !was.initialized && !quirks::is_set_up_by_its_first_pin(was) {
            return Err(HelperError::NotInitialized);
        }
        let session = self.pkcs11()?.open_rw_session(slot).map_err(refusal)?;
        match authenticate(&session, UserType::So, pin, was.protected_authentication_path) {
            Ok(()) => Ok(session),
            Err(error) => Err(self.so_refused(slot, was, error)),
        }
    }

    fn so_refused(&self, slot: Slot, was: &Token, error: Error) -> HelperError {
        let state = self.now(slot, was.clone()).so_pin;
        match pin_failure(&error, state) {
            // PKCS#11 has no word of its own for a security officer without a PIN.
            Some(failure) => HelperError::SoPin { failure, state },
            None => refusal(error),
        }
    }

    /// What the token says of itself now.
    fn now(&self, slot: Slot, was: Token) -> Token {
        self.pkcs11().ok().and_then(|pkcs11| token(pkcs11, slot)).unwrap_or(was)
    }
}

/// The one token with this label that has the old serial number, else the old slot, else was not there before.
fn found_again(all: Vec<Token>, before: &[Token], was: &Token, label: &str) -> Option<Token> {
    let named: Vec<Token> = all.into_iter().filter(|token| token.initialized && token.label == label).collect();
    let only = |fits: &dyn Fn(&Token) -> bool| {
        let mut fitting = named.iter().filter(|token| fits(token));
        fitting.next().filter(|_| fitting.next().is_none()).cloned()
    };
    let known = |token: &Token| before.iter().any(|one| (&one.serial, &one.label) == (&token.serial, &token.label));
    only(&|token| !was.serial.is_empty() && token.serial == was.serial)
        .or_else(|| only(&|token| token.slot == was.slot))
        .or_else(|| only(&|token| !known(token)))
}

fn on_the_device(token: &Token, pin: &Pin) -> bool {
    token.protected_authentication_path && pin.expose().is_empty()
}

/// cryptoki's own type, which is wiped as well. Every token known takes UTF-8.
fn text(pin: &Pin) -> Result<AuthPin, HelperError> {
    let length = HelperError::NewPinRefused { detail: "not text".into() };
    std::str::from_utf8(pin.expose()).map(AuthPin::from).map_err(|_| length)
}

fn new_pin_refused(error: &Error) -> HelperError {
    HelperError::NewPinRefused { detail: describe(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use token_helper::wire::PinState;

    fn token(slot: u64, serial: &str, label: &str) -> Token {
        Token {
            slot,
            label: label.into(),
            manufacturer: String::new(),
            model: String::new(),
            serial: serial.into(),
            initialized: !label.is_empty(),
            login_required: true,
            user_pin: PinState::NotSet,
            so_pin: PinState::Ok,
            write_protected: false,
            protected_authentication_path: false,
            pin_length: None,
            key_kinds: Vec::new(),
            removable: true,
            slot_description: String::new(),
            free_memory: None,
            total_memory: None,
        }
    }

    #[test]
    fn a_token_is_found_again_whatever_its_driver_keeps() {
        let other = token(1, "other", "Alice");
        for (what, was, after) in [
            ("all but the label", token(5, "7", "Old"), token(5, "7", "Alice")),
            ("the serial number", token(5, "7", "Old"), token(99, "7", "Alice")),
            ("the slot", token(5, "7", "Old"), token(5, "new", "Alice")),
            ("nothing, as SoftHSM2 does with an empty slot", token(5, "", ""), token(99, "new", "Alice")),
        ] {
            let before = [other.clone(), was.clone()];
            let found = found_again(vec![other.clone(), after.clone(), token(6, "", "")], &before, &was, "Alice");
            assert_eq!(found, Some(after), "{what}");
        }
        let was = token(5, "7", "Old");
        assert_eq!(found_again(vec![other.clone()], &[other, was.clone()], &was, "Alice"), None, "not another's");
    }
}
