//! The calls of token care. A PIN that is typed on the device itself is an empty one here.

use super::{Helper, HelperError, send_pins};
use crate::wire::{Answer, Object, Objects, Pin, PinOwner, Request, Token, TokenSelector, Verb};

impl Helper {
    /// Everything on the open token; without login only what everybody may see.
    pub fn objects(&mut self) -> Result<Objects, HelperError> {
        match self.call(Verb::Objects, &Request::Objects, None)? {
            Answer::Objects(objects) => Ok(objects),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Destroys this one object, as it was listed.
    pub fn delete_object(&mut self, object: &Object) -> Result<(), HelperError> {
        match self.call(Verb::DeleteObject, &Request::DeleteObject { object: object.clone() }, None)? {
            Answer::Done => Ok(()),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Sets up a token: everything on it is gone then, and it has this label and no user PIN. One `C_InitToken`; on a token
    /// that was never set up the PIN becomes the security officer's. Whatever was open is closed.
    pub fn init_token(&mut self, token: &TokenSelector, label: &str, so_pin: &Pin) -> Result<Token, HelperError> {
        let request = Request::InitToken { token: token.clone(), label: label.to_owned() };
        self.with_pins(Verb::InitToken, &request, &[so_pin])
    }

    /// Sets the user PIN as the security officer, also in place of one that is locked or forgotten: one `C_Login`, one
    /// `C_InitPIN`. Whatever was open is closed.
    pub fn set_user_pin(&mut self, token: &TokenSelector, so_pin: &Pin, new: &Pin) -> Result<Token, HelperError> {
        self.with_pins(Verb::SetUserPin, &Request::SetUserPin { token: token.clone() }, &[so_pin, new])
    }

    /// Changes a PIN: one `C_SetPIN`, for the security officer's after one `C_Login`. Whatever was open is closed.
    pub fn change_pin(
        &mut self,
        token: &TokenSelector,
        whose: PinOwner,
        old: &Pin,
        new: &Pin,
    ) -> Result<Token, HelperError> {
        self.with_pins(Verb::ChangePin, &Request::ChangePin { token: token.clone(), whose }, &[old, new])
    }

    fn with_pins(&mut self, verb: Verb, request: &Request, pins: &[&Pin]) -> Result<Token, HelperError> {
        let typed_elsewhere = pins.iter().any(|pin| pin.expose().is_empty());
        let within = if typed_elsewhere { self.limits.pin_pad } else { self.limits.of(verb) };
        let answer = self.call_within(within, verb, request, |channel| send_pins(channel, pins.iter().copied()))?;
        match answer {
            Answer::Token(token) => Ok(token),
            other => Err(self.unexpected(&other)),
        }
    }
}
