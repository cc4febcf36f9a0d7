//! What was ranked, as plain data and in words.

use super::{Device, Evidence, Ranked, Why, devices};
use crate::{
    drivers::facts::{Candidate, DriverFacts, Facts, Plugged, TokenFacts},
    hints::{self, Language, Reason},
    model::{Place, PluggedToken, RankedDriver, TokenInfo},
};

/// As it stands in a check-up's facts.
pub(super) fn fact(device: &Device, facts: &Facts) -> Plugged {
    let chosen = |one: &Ranked| device.choice(facts).is_some_and(|choice| choice.driver == one.driver);
    Plugged {
        id: device.id.clone(),
        name: device.name.clone(),
        usb: usb(device, facts).unwrap_or_default(),
        reader: device.reader.map(|at| devices::readers(facts)[at].name.clone()).unwrap_or_default(),
        label: best(device, facts).map(|(_, token)| token.label.clone()).unwrap_or_default(),
        // Whatever else is installed says nothing about this token.
        drivers: device.drivers.iter().filter(|one| one.belongs() || chosen(one)).map(candidate).collect(),
    }
}

impl Ranked {
    /// It sees the token, or the catalogue says that it should.
    fn belongs(&self) -> bool {
        self.fits || self.evidence.is_some()
    }
}

fn candidate(one: &Ranked) -> Candidate {
    Candidate {
        name: one.name.clone(),
        driver: one.driver.clone(),
        chosen: one.chosen,
        fits: !one.driver.is_empty() && one.belongs(),
        sees: one.fits,
        generic: one.generic,
        guess: one.why.is_guess(),
        download: one.page.clone().unwrap_or_default(),
    }
}

/// For window and command.
pub(super) fn view(device: &Device, facts: &Facts, language: Language) -> PluggedToken {
    let reader = device.reader.map(|at| &devices::readers(facts)[at]);
    PluggedToken {
        id: device.id.clone(),
        name: device.name.clone(),
        alike: device.alike,
        usb: usb(device, facts),
        reader: reader.map(|reader| reader.name.clone()),
        atr: reader.map(|reader| reader.atr.clone()).filter(|atr| !atr.is_empty()),
        token: best(device, facts).map(|(driver, token)| info(driver, token)),
        drivers: device.drivers.iter().map(|one| ranked(device, one, facts, language)).collect(),
    }
}

fn usb(device: &Device, facts: &Facts) -> Option<String> {
    device.usb.map(|at| format!("{}:{}", facts.usb[at].vid, facts.usb[at].pid))
}

/// What the best driver sees of the device; of several tokens in it the first that was set up.
fn best<'a>(device: &Device, facts: &'a Facts) -> Option<(&'a DriverFacts, &'a TokenFacts)> {
    let best = device.drivers.iter().find(|one| one.fits && one.place.is_some())?.place?;
    let tokens = device.seen.iter().filter(|(driver, _)| *driver == best);
    let driver = &facts.drivers[best];
    let token = tokens.map(|(_, token)| &driver.tokens[*token]).min_by_key(|token| !token.initialized)?;
    Some((driver, token))
}

fn info(driver: &DriverFacts, token: &TokenFacts) -> TokenInfo {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let place = Place::Token {
        label: some(&token.label),
        serial: some(&token.serial),
        manufacturer: some(&token.manufacturer),
        model: some(&token.model),
        driver: Some(driver.path.clone()),
        pin_source: None,
    };
    TokenInfo {
        label: token.label.clone(),
        model: token.model.clone(),
        manufacturer: token.manufacturer.clone(),
        serial: token.serial.clone(),
        initialized: token.initialized,
        pin: token.pin,
        write_protected: token.write_protected,
        pin_pad: token.pin_pad,
        keys: token.keys.clone(),
        driver: driver.path.clone(),
        driver_name: driver.name.clone(),
        uri: place.uri(),
    }
}

fn ranked(device: &Device, one: &Ranked, facts: &Facts, language: Language) -> RankedDriver {
    let problem = match &one.why {
        Why::Fails(problem) => Some(hints::explain_problem(problem, language)),
        _ => None,
    };
    RankedDriver {
        kind: one.kind.word().to_owned(),
        driver: one.driver.clone(),
        name: one.name.clone(),
        installed: !one.driver.is_empty(),
        chosen: one.chosen,
        by_hand: one.chosen && one.remembered,
        fits: one.fits,
        reason: reason(device, one, facts, language),
        guess: one.why.is_guess(),
        keys: one.keys.clone(),
        sha256: one.sha256,
        download: one.page.clone(),
        problem,
    }
}

impl Why {
    /// Stands on a guess and must say so.
    pub(super) fn is_guess(&self) -> bool {
        let evidence = match self {
            Why::Own(evidence) | Why::Blind(evidence) | Why::NotInstalled(evidence) | Why::NoneForSystem(evidence) => {
                Some(*evidence)
            }
            Why::NotYetAsked(evidence) => *evidence,
            _ => None,
        };
        evidence == Some(Evidence::Guess)
    }
}

fn reason(device: &Device, one: &Ranked, facts: &Facts, language: Language) -> String {
    let token = best(device, facts).map(|(_, token)| token.model.clone()).filter(|model| !model.is_empty());
    let reader = device.reader.map(|at| devices::readers(facts)[at].name.clone());
    let maker = match &one.why {
        Why::AnotherMakers { maker } => maker.clone(),
        _ => String::new(),
    };
    let words = [
        ("device", device.name.clone()),
        ("driver", one.name.clone()),
        ("token", token.unwrap_or_else(|| device.name.clone())),
        ("reader", reader.unwrap_or_default()),
        ("maker", maker),
    ];
    match &one.why {
        // The first sentence of the error says it; its advice stands beside.
        Why::Fails(problem) => hints::explain_problem(problem, language).message,
        why => hints::reason(key(why), &words, language),
    }
}

fn key(why: &Why) -> Reason {
    let own = |evidence: Evidence| match evidence {
        Evidence::CardStated | Evidence::CardNamed => Reason::OwnCard,
        Evidence::UsbStated | Evidence::UsbNamed => Reason::OwnDevice,
        Evidence::TokenSays => Reason::OwnToken,
        Evidence::ReaderNamed => Reason::OwnReader,
        Evidence::Guess => Reason::Sees,
    };
    match why {
        Why::Remembered => Reason::Remembered,
        Why::Own(evidence) => own(*evidence),
        Why::Sees | Why::Fails(_) => Reason::Sees,
        Why::Generic => Reason::Generic,
        Why::SoftwareToken => Reason::SoftwareToken,
        Why::OnlyReads => Reason::OnlyReads,
        Why::NotYetAsked(_) => Reason::NotYetAsked,
        Why::AskedWhenNamed => Reason::AskedWhenNamed,
        Why::Blind(Evidence::Guess) => Reason::BlindPerhaps,
        Why::Blind(_) => Reason::Blind,
        Why::SeesNothing => Reason::SeesNothing,
        Why::AnotherMakers { .. } => Reason::AnotherMakers,
        Why::OnDisk => Reason::OnDisk,
        Why::Shut => Reason::Shut,
        Why::NoSha256 => Reason::NoSha256,
        Why::NotInstalled(Evidence::Guess) => Reason::NotInstalledPerhaps,
        Why::NotInstalled(_) => Reason::NotInstalled,
        Why::NoneForSystem(Evidence::Guess) => Reason::NoneForSystemPerhaps,
        Why::NoneForSystem(_) => Reason::NoneForSystem,
    }
}
