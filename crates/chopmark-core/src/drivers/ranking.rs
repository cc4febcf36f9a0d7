//! Which driver goes with which plugged-in token: pure functions from what was seen ([`Facts`]) and what is known ([`Catalogue`]).
//!
//! A driver fits when it sees the token. Among those that do, the person's choice comes first, then one that can make keys, then
//! the maker's before one for everybody's cards. What the catalogue only guesses never makes a driver fit and is marked.

mod candidates;
mod devices;
mod words;

use super::{
    catalogue::Catalogue,
    facts::{self, Choice, Facts, Plugged},
};
use crate::{
    hints::Language,
    model::{KeyChoice, PluggedToken},
};

/// A token that is plugged in, and the drivers for it, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// Names it; the first of [`Device::ids`].
    pub id: String,
    /// What it can be remembered by.
    pub ids: Vec<String>,
    /// Another one would be remembered by the same.
    pub alike: bool,
    /// What it is called.
    pub name: String,
    /// USB device: place in [`Facts::usb`].
    pub usb: Option<usize>,
    /// Reader: place in the list of the smart card service.
    pub reader: Option<usize>,
    /// Tokens that drivers see in it: places in [`Facts::drivers`] and in the tokens there.
    pub seen: Vec<(usize, usize)>,
    /// The drivers.
    pub drivers: Vec<Ranked>,
}

impl Device {
    /// What the person has chosen for it.
    fn choice<'a>(&self, facts: &'a Facts) -> Option<&'a Choice> {
        let mine =
            |choice: &&Choice| self.ids.contains(&choice.token) || choice.others.iter().any(|id| self.ids.contains(id));
        facts.choices.iter().find(mine)
    }
}

/// A driver in the order for one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// What kind of driver it is.
    pub kind: Kind,
    /// File of a PKCS#11 driver, name of a CSP or KSP; empty: not installed.
    pub driver: String,
    /// Place in [`Facts::drivers`].
    pub place: Option<usize>,
    /// What it is called.
    pub name: String,
    /// Is the one that would be used.
    pub chosen: bool,
    /// Could be used for this token.
    pub fits: bool,
    /// Drives many makers' cards.
    pub generic: bool,
    /// Why it stands here.
    pub why: Why,
    /// Keys that it can make on this token.
    pub keys: Vec<KeyChoice>,
    /// It can sign with SHA-256.
    pub sha256: Option<bool>,
    /// Where its maker offers it.
    pub page: Option<String>,
    /// How sure the catalogue is that it belongs to the token.
    evidence: Option<Evidence>,
    remembered: bool,
}

/// Kinds of drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A PKCS#11 module.
    Pkcs11,
    /// A key storage provider (Windows).
    Ksp,
    /// A cryptographic service provider (Windows).
    Csp,
}

impl Kind {
    /// Stable word for the border.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Pkcs11 => "pkcs11",
            Kind::Ksp => "ksp",
            Kind::Csp => "csp",
        }
    }
}

/// What says that a driver belongs to a device; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// The USB ids, and a source that states the driver.
    UsbStated,
    /// The card's answer to reset, and a source that states the driver.
    CardStated,
    /// What the USB device calls itself.
    UsbNamed,
    /// What the card's answer to reset means by name.
    CardNamed,
    /// What the token calls itself to a driver.
    TokenSays,
    /// What the reader calls itself.
    ReaderNamed,
    /// A guess, and shown as one.
    Guess,
}

/// Why a driver stands where it does; the words are in [`crate::hints`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The person has chosen it for this token.
    Remembered,
    /// It sees the token, and the catalogue knows why it should.
    Own(Evidence),
    /// It sees the token.
    Sees,
    /// It sees the token as it sees many makers'.
    Generic,
    /// It sees the token and keeps it in a file of this computer.
    SoftwareToken,
    /// It sees the token and cannot make keys on it.
    OnlyReads,
    /// It has not answered yet.
    NotYetAsked(Option<Evidence>),
    /// It is asked only when the person names it.
    AskedWhenNamed,
    /// It should see the token and does not.
    Blind(Evidence),
    /// It sees nothing of the token, and need not.
    SeesNothing,
    /// It is for another maker's tokens.
    AnotherMakers {
        /// That maker.
        maker: String,
    },
    /// It keeps keys on this computer's disk.
    OnDisk,
    /// It could not be asked.
    Fails(facts::Problem),
    /// A CSP or KSP that does not open.
    Shut,
    /// A CSP that cannot hash with SHA-256.
    NoSha256,
    /// It belongs to the token and is not installed.
    NotInstalled(Evidence),
    /// It belongs to the token, and none is known for this system.
    NoneForSystem(Evidence),
}

/// Recognises what is plugged in and puts the drivers for it in order.
pub fn rank(facts: &Facts, catalogue: &Catalogue) -> Vec<Device> {
    let mut devices = devices::gather(facts, catalogue);
    for device in &mut devices {
        device.drivers = candidates::of(device, facts, catalogue);
    }
    devices::number(&mut devices, facts);
    devices
}

/// Without the empty slots that software drivers keep for their next token.
fn there(facts: &Facts, catalogue: &Catalogue) -> Vec<Device> {
    let mut devices = rank(facts, catalogue);
    let counts = |(driver, token): &(usize, usize)| devices::counts(&facts.drivers[*driver].tokens[*token]);
    devices.retain(|device| device.usb.is_some() || device.reader.is_some() || device.seen.iter().any(counts));
    devices
}

/// As it stands in a check-up's facts.
pub fn plugged(facts: &Facts, catalogue: &Catalogue) -> Vec<Plugged> {
    there(facts, catalogue).iter().map(|device| words::fact(device, facts)).collect()
}

/// For window and command.
pub fn views(facts: &Facts, catalogue: &Catalogue, language: Language) -> Vec<PluggedToken> {
    there(facts, catalogue).iter().map(|device| words::view(device, facts, language)).collect()
}

#[cfg(test)]
mod tests;
