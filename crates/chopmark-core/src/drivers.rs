//! Drivers (PKCS#11 modules): which are installed, what they say, and which token behind them is meant.
//!
//! A driver is only ever loaded by the helper program, each in a process of its own (invariant 2): one that crashes or hangs
//! costs only itself.

use std::path::Path;

use token_helper::wire;

use crate::{
    hints::{self, Language},
    model::{self, KeyChoice, PinState, Place},
};

pub(crate) mod bindings;
mod browsers;
pub mod catalogue;
mod errors;
pub mod facts;
mod installed;
pub(crate) mod learned;
mod look;
mod matching;
mod p11_kit;
pub(crate) mod probe;
pub(crate) mod providers;
pub mod ranking;
pub(crate) mod remembered;
pub mod rules;
pub(crate) mod seen;
mod watch;

pub(crate) use browsers::{CHROMIUM, Database, FIREFOX, browsers, database_at, databases};
pub use errors::helper_error;
pub(crate) use installed::p11_kit_modules;
pub use installed::{InstalledDriver, Machine, Origin, Roots};
pub(crate) use look::signed;
pub use look::{Looked, look, look_each, looking_limits};
pub(crate) use matching::fits;
pub use matching::matching;
pub(crate) use probe::{capi_override, set_capi_override};
pub use watch::PluggedWatch;

/// The token as a PLACE (RFC 7512), with the driver it was seen through.
pub fn token_uri(token: &wire::Token, driver: &Path) -> String {
    token_place(token, driver).uri()
}

pub(crate) fn token_place(token: &wire::Token, driver: &Path) -> Place {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Place::Token {
        // That it has no label yet is what tells a token that was never set up from its neighbours.
        label: some(&token.label).or((!token.initialized).then(String::new)),
        serial: some(&token.serial),
        manufacturer: some(&token.manufacturer),
        model: some(&token.model),
        driver: driver.to_str().map(str::to_owned),
        pin_source: None,
    }
}

/// What to open: exactly this token, wherever it is plugged in by then.
pub fn selector(token: &wire::Token) -> wire::TokenSelector {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    wire::TokenSelector {
        label: some(&token.label),
        serial: some(&token.serial),
        manufacturer: some(&token.manufacturer),
        model: some(&token.model),
        slot: Some(token.slot),
    }
}

/// The driver for window and command.
pub fn driver_view(looked: &Looked, language: Language) -> model::Driver {
    let module = looked.module.as_ref();
    let said = |part: fn(&wire::Module) -> &String| module.map(part).cloned().filter(|text| !text.is_empty());
    let problem = looked.problem.clone().map(|problem| helper_error(problem, &looked.driver.path, ""));
    model::Driver {
        path: looked.driver.path.display().to_string(),
        origin: looked.driver.origin.word().to_owned(),
        entry: looked.driver.entry.clone(),
        name: looked.driver.name.clone(),
        description: said(|module| &module.description),
        manufacturer: said(|module| &module.manufacturer),
        version: said(|module| &module.library_version),
        file: file_view(&looked.driver.file),
        not_asked: looked.driver.not_asked,
        tokens: called(&looked.tokens),
        keys: makes(&looked.tokens),
        page: looked.driver.page.clone(),
        problem: problem.map(|error| hints::explain(&error, language)),
    }
}

fn file_view(file: &facts::FileFacts) -> model::DriverFile {
    model::DriverFile {
        readable: file.readable,
        format: file.format.clone(),
        architectures: file.architectures.clone(),
        bits: file.bits,
        version: file.version.clone(),
        signature: file.signature.clone(),
    }
}

/// Tokens by label or serial number; an empty slot that cannot be unplugged is none.
fn called(tokens: &[wire::Token]) -> Vec<String> {
    let there = tokens.iter().filter(|token| token.initialized || token.removable);
    let name = |token: &wire::Token| [&token.label, &token.serial].into_iter().find(|text| !text.is_empty()).cloned();
    there.map(|token| name(token).unwrap_or_default()).collect()
}

/// Keys that can be made on one of the tokens, in our order.
fn makes(tokens: &[wire::Token]) -> Vec<KeyChoice> {
    let mut keys: Vec<KeyChoice> = Vec::new();
    for key in tokens.iter().flat_map(|token| &token.key_kinds).map(|kind| key_choice(*kind)) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The driver in words: the catalogue's name is better than the description (SoftHSM's is "Implementation of PKCS11").
pub fn driver_name(looked: &Looked) -> String {
    let description =
        || looked.module.as_ref().map(|module| module.description.clone()).filter(|text| !text.is_empty());
    looked.driver.name.clone().or_else(description).unwrap_or_else(|| looked.driver.file_name())
}

/// The tokens that people mean. An empty slot that cannot be unplugged is where a software driver would make its next token.
pub fn worth_listing(looked: &Looked) -> impl Iterator<Item = &wire::Token> {
    looked.tokens.iter().filter(|token| token.initialized || token.removable)
}

/// The token for window and command.
pub fn token_view(token: &wire::Token, looked: &Looked) -> model::TokenInfo {
    model::TokenInfo {
        label: token.label.clone(),
        model: token.model.clone(),
        manufacturer: token.manufacturer.clone(),
        serial: token.serial.clone(),
        initialized: token.initialized,
        pin: pin_state(token.user_pin),
        write_protected: token.write_protected,
        pin_pad: token.protected_authentication_path,
        keys: token.key_kinds.iter().map(|kind| key_choice(*kind)).collect(),
        driver: looked.driver.path.display().to_string(),
        driver_name: driver_name(looked),
        uri: token_uri(token, &looked.driver.path),
    }
}

/// The helper's word for a key as ours.
pub fn key_choice(kind: wire::KeyKind) -> KeyChoice {
    match kind {
        wire::KeyKind::Rsa2048 => KeyChoice::Rsa2048,
        wire::KeyKind::Rsa3072 => KeyChoice::Rsa3072,
        wire::KeyKind::Rsa4096 => KeyChoice::Rsa4096,
        wire::KeyKind::EcP256 => KeyChoice::EcP256,
        wire::KeyKind::EcP384 => KeyChoice::EcP384,
        wire::KeyKind::EcP521 => KeyChoice::EcP521,
        wire::KeyKind::Ed25519 => KeyChoice::Ed25519,
    }
}

/// Our word for a key as the helper's.
pub fn key_kind(choice: KeyChoice) -> wire::KeyKind {
    match choice {
        KeyChoice::Rsa2048 => wire::KeyKind::Rsa2048,
        KeyChoice::Rsa3072 => wire::KeyKind::Rsa3072,
        KeyChoice::Rsa4096 => wire::KeyKind::Rsa4096,
        KeyChoice::EcP256 => wire::KeyKind::EcP256,
        KeyChoice::EcP384 => wire::KeyKind::EcP384,
        KeyChoice::EcP521 => wire::KeyKind::EcP521,
        KeyChoice::Ed25519 => wire::KeyKind::Ed25519,
    }
}

/// The helper's word for the state of a PIN as ours.
pub fn pin_state(state: wire::PinState) -> PinState {
    match state {
        wire::PinState::Ok => PinState::Ok,
        wire::PinState::NotSet => PinState::NotSet,
        wire::PinState::CountLow => PinState::CountLow,
        wire::PinState::FinalTry => PinState::FinalTry,
        wire::PinState::Locked => PinState::Locked,
        wire::PinState::MustChange => PinState::MustChange,
    }
}

#[cfg(test)]
mod tests;
