//! Smart card service, readers, and what is plugged in without a driver that sees it.

use super::{Ruled, Topic, any_token, driver_name};
use crate::{
    drivers::facts::{Candidate, Facts, Plugged, Reader, ServiceState},
    error::Code,
    model::Severity,
};

/// The service matters as much as there is something that needs it.
pub(super) fn service(facts: &Facts) -> Vec<Ruled> {
    let Some(service) = &facts.reader_service else { return Vec::new() };
    let severity = match (any_token(facts), facts.usb.is_empty()) {
        (true, _) => Severity::Note,
        (false, true) => Severity::Warning,
        (false, false) => Severity::Error,
    };
    let code = match service.state {
        ServiceState::Running => return unseen(facts),
        ServiceState::NotInstalled => Code::ReaderServiceMissing,
        ServiceState::NotRunning => Code::ReaderServiceStopped,
        ServiceState::Denied => Code::ReaderServiceDenied,
        ServiceState::Hangs => Code::ReaderServiceHangs,
        ServiceState::Faulty => Code::ReaderServiceFaulty,
    };
    let found = Ruled::new(code, severity, Topic::Readers, "").detail(&service.detail);
    vec![if code == Code::ReaderServiceFaulty { found.with("text", &service.detail) } else { found }]
}

/// A reader by its USB interface, and a service that shows none.
fn unseen(facts: &Facts) -> Vec<Ruled> {
    let none = facts.reader_service.as_ref().is_some_and(|service| service.readers.is_empty());
    let devices = facts.usb.iter().filter(|device| device.ccid && none);
    let severity = if any_token(facts) { Severity::Note } else { Severity::Warning };
    let found = devices.map(|device| {
        let called = [&device.product, &device.manufacturer].into_iter().find(|name| !name.is_empty());
        let name = called.cloned().unwrap_or_else(|| format!("{}:{}", device.vid, device.pid));
        Ruled::new(Code::ReaderUnseen, severity, Topic::Readers, &name)
            .with("device", &name)
            .detail(&format!("USB {}:{}", device.vid, device.pid))
    });
    found.collect()
}

/// Readers as they stand.
pub(super) fn readers(facts: &Facts) -> Vec<Ruled> {
    let Some(service) = &facts.reader_service else { return Vec::new() };
    let other = any_token(facts) || service.readers.iter().any(|reader| reader.card);
    let empty = if other { Severity::Note } else { Severity::Warning };
    let judge = |reader: &Reader| {
        let (code, severity, topic) = match reader {
            Reader { mute: true, .. } => (Code::CardMute, Severity::Error, Topic::Tokens),
            Reader { exclusive: true, .. } => (Code::CardHeld, Severity::Warning, Topic::Tokens),
            Reader { card: false, .. } => (Code::ReaderEmpty, empty, Topic::Readers),
            _ => return None,
        };
        Some(Ruled::new(code, severity, topic, &reader.name).with("reader", &reader.name))
    };
    service.readers.iter().filter_map(judge).collect()
}

/// What is plugged in, and no driver shows a token in it.
pub(super) fn plugged(facts: &Facts) -> Vec<Ruled> {
    let mut found: Vec<Ruled> =
        facts.plugged.iter().filter(|one| !is_seen(facts, one)).filter_map(|one| without_token(facts, one)).collect();
    let readers = facts.reader_service.iter().flat_map(|service| &service.readers);
    let unknown = readers.filter(|reader| reader.card && !reader.mute && !reader.atr.is_empty()).filter(|reader| {
        let recognised = facts.plugged.iter().any(|one| one.reader == reader.name && !one.drivers.is_empty());
        !recognised && !through_slot(facts, &reader.name)
    });
    found.extend(unknown.map(|reader| {
        Ruled::new(Code::CardUnknown, Severity::Warning, Topic::Tokens, &reader.name)
            .with("reader", &reader.name)
            .detail(&format!("ATR {}", reader.atr))
    }));
    found
}

/// A driver shows a token in it.
fn is_seen(facts: &Facts, plugged: &Plugged) -> bool {
    !plugged.label.is_empty() || through_slot(facts, &plugged.reader)
}

/// Drivers for cards call their slots after the readers.
fn through_slot(facts: &Facts, reader: &str) -> bool {
    let mut tokens = facts.drivers.iter().flat_map(|driver| &driver.tokens);
    !reader.is_empty() && tokens.any(|token| token.slot_description.starts_with(reader))
}

fn without_token(facts: &Facts, plugged: &Plugged) -> Option<Ruled> {
    let best = plugged.drivers.first()?;
    let fitting = |one: &&Candidate| one.fits && !one.driver.is_empty();
    let found = match plugged.drivers.iter().find(fitting) {
        Some(installed) => {
            let driver = facts.drivers.iter().find(|driver| driver.path == installed.driver);
            // A driver that failed has its own finding; that of a CSP or KSP is not asked here.
            let asked = driver.filter(|driver| driver.problem.is_none())?;
            let name = if installed.name.is_empty() { driver_name(asked) } else { &installed.name };
            let code = if installed.guess { Code::DriverGuessed } else { Code::TokenUnseen };
            Ruled::new(code, Severity::Warning, Topic::Tokens, &plugged.name).with("driver", name)
        }
        None if best.guess => {
            Ruled::new(Code::DriverGuessed, Severity::Warning, Topic::Drivers, &plugged.name).with("driver", &best.name)
        }
        None => {
            let severity = if any_token(facts) { Severity::Warning } else { Severity::Error };
            Ruled::new(Code::CardWithoutDriver, severity, Topic::Drivers, &plugged.name).with("driver", &best.name)
        }
    };
    let found = if best.download.is_empty() { found } else { found.with("download", &best.download) };
    let names = [("USB", &plugged.usb), ("reader", &plugged.reader)];
    let detail: Vec<String> =
        names.iter().filter(|(_, name)| !name.is_empty()).map(|(what, name)| format!("{what} {name}")).collect();
    Some(found.with("token", &plugged.name).detail(&detail.join(", ")))
}
