//! What is plugged in: readers, USB devices and drivers' tokens that are the same thing become one.

use super::Device;
use crate::drivers::{
    catalogue::{Catalogue, DeviceKind, Kind},
    facts::{DriverFacts, Facts, Reader, TokenFacts, UsbDevice},
    ranking::candidates::Links,
};

/// Everything plugged in; software tokens last.
pub(super) fn gather(facts: &Facts, catalogue: &Catalogue) -> Vec<Device> {
    let mut devices: Vec<Device> = with_cards(facts).map(|(place, _)| in_reader(place)).collect();
    on_usb(&mut devices, facts, catalogue);
    behind_drivers(&mut devices, facts, catalogue);
    for device in &mut devices {
        device.name = name(device, facts, catalogue);
        device.ids = ids(device, facts);
    }
    devices
}

/// Names each device by what its best driver says; two that cannot be told apart are counted.
pub(super) fn number(devices: &mut [Device], facts: &Facts) {
    for at in 0..devices.len() {
        let same =
            |(other, its): (usize, &Device)| other != at && its.ids.iter().any(|id| devices[at].ids.contains(id));
        devices[at].alike = devices.iter().enumerate().any(same);
        let best = devices[at].drivers.iter().find(|one| one.fits && one.place.is_some()).and_then(|one| one.place);
        let own = |driver: usize| best.is_none_or(|best| driver == best);
        let seen = devices[at].seen.iter().filter(|(driver, _)| own(*driver));
        let serials = seen.map(|(driver, token)| serial(&facts.drivers[*driver].tokens[*token]));
        // As it is remembered, so that the choice is found by it.
        let chosen = devices[at].choice(facts).map(|choice| choice.token.clone());
        let first = chosen
            .or_else(|| serials.flatten().next())
            .or_else(|| devices[at].ids.first().cloned())
            .unwrap_or_default();
        let again = devices[..at].iter().filter(|other| other.ids.contains(&first)).count();
        devices[at].id = if again > 0 { format!("{first}#{}", again + 1) } else { first };
    }
}

fn in_reader(reader: usize) -> Device {
    Device { reader: Some(reader), ..Device::default() }
}

pub(super) fn readers(facts: &Facts) -> &[Reader] {
    facts.reader_service.as_ref().map_or(&[], |service| &service.readers)
}

fn with_cards(facts: &Facts) -> impl Iterator<Item = (usize, &Reader)> {
    readers(facts).iter().enumerate().filter(|(_, reader)| reader.card)
}

/// A key for USB shows itself to the smart card service as a reader with a card in it: one thing, seen twice.
fn on_usb(devices: &mut Vec<Device>, facts: &Facts, catalogue: &Catalogue) {
    for (place, usb) in facts.usb.iter().enumerate() {
        let entry = catalogue.usb(&usb.vid, &usb.pid);
        let token = entry.is_some_and(|entry| entry.kind == DeviceKind::Token);
        let free = |device: &&mut Device| device.usb.is_none() && device.reader.is_some();
        let name = entry.map_or("", |entry| entry.name.as_str());
        let called = |device: &&mut Device| device.reader.is_some_and(|at| calls(&readers(facts)[at].name, usb, name));
        let same = devices.iter_mut().filter(free).find(called).or(None);
        match same {
            Some(device) => device.usb = Some(place),
            None if token => match only_left(devices, facts, catalogue, place) {
                Some(at) => devices[at].usb = Some(place),
                None => devices.push(Device { usb: Some(place), ..Device::default() }),
            },
            None => {}
        }
    }
}

/// The reader that must be the device, although its name does not say so: its card goes with the same driver.
fn only_left(devices: &[Device], facts: &Facts, catalogue: &Catalogue, usb: usize) -> Option<usize> {
    let own = Links::of_usb(facts, catalogue, usb);
    let fits = |device: &Device| {
        device.usb.is_none()
            && device.reader.is_some_and(|reader| Links::of_reader(facts, catalogue, reader).meet(&own))
    };
    let mut fitting = devices.iter().enumerate().filter(|(_, device)| fits(device)).map(|(at, _)| at);
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Whether the reader's name is made of the device's: drivers of readers build it from maker and product.
fn calls(reader: &str, usb: &UsbDevice, known_as: &str) -> bool {
    let reader = plain(reader);
    let within = |text: &str| {
        let text = plain(text);
        text.len() >= 4 && reader.contains(&text)
    };
    within(&usb.product) || within(known_as)
}

/// Small letters and single blanks.
fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts each token that a driver sees to the device that it is in; what is in none stands for itself.
fn behind_drivers(devices: &mut Vec<Device>, facts: &Facts, catalogue: &Catalogue) {
    let hardware = devices.len();
    for (driver_at, driver) in facts.drivers.iter().enumerate() {
        for (token_at, token) in driver.tokens.iter().enumerate() {
            let kind = kind(catalogue, driver);
            let software = matches!(kind, Some(Kind::Software | Kind::Tpm | Kind::Hsm | Kind::Cloud));
            let found = by_slot(&devices[..hardware], facts, token)
                .or_else(|| by_identity(devices, facts, driver_at, token))
                .or_else(|| (!software).then(|| by_link(&devices[..hardware], facts, catalogue, driver_at))?)
                .or_else(|| {
                    (!software && token.removable).then(|| only_unseen(&devices[..hardware], facts, driver_at))?
                });
            match found {
                Some(at) => devices[at].seen.push((driver_at, token_at)),
                None => devices.push(Device { seen: vec![(driver_at, token_at)], ..Device::default() }),
            }
        }
    }
}

/// An empty slot that cannot be unplugged is where a software driver would make its next token.
pub(super) fn counts(token: &TokenFacts) -> bool {
    token.initialized || token.removable
}

/// What is behind a driver, by its entry.
pub(super) fn kind(catalogue: &Catalogue, driver: &DriverFacts) -> Option<Kind> {
    catalogue.driver(&driver.entry).map(|entry| entry.kind)
}

/// Slots of most drivers are called as their reader is; PKCS#11 has room for 64 bytes of it.
fn by_slot(devices: &[Device], facts: &Facts, token: &TokenFacts) -> Option<usize> {
    let slot = plain(&token.slot_description);
    if slot.is_empty() {
        return None;
    }
    let same = |device: &Device| {
        device.reader.is_some_and(|at| {
            let reader = plain(&readers(facts)[at].name);
            reader == slot || (slot.len() >= 60 && reader.starts_with(&slot))
        })
    };
    devices.iter().position(same)
}

/// Another driver calls a token by the same serial number and label, or it is in a slot of the same name.
fn by_identity(devices: &[Device], facts: &Facts, driver: usize, token: &TokenFacts) -> Option<usize> {
    let same = |other: &TokenFacts| {
        let named = !(token.serial.is_empty() && token.label.is_empty());
        named && (&other.serial, &other.label) == (&token.serial, &token.label) && other.model == token.model
    };
    devices.iter().position(|device| {
        let others = || device.seen.iter().filter(|(its, _)| *its != driver);
        // A driver that sees something else in there sees this one elsewhere.
        let free = !device.seen.iter().any(|(its, _)| *its == driver);
        free && others().any(|(its, at)| same(&facts.drivers[*its].tokens[*at]))
    })
}

/// The driver belongs to just one of the devices that it has shown no token in.
fn by_link(devices: &[Device], facts: &Facts, catalogue: &Catalogue, driver: usize) -> Option<usize> {
    let belongs = |device: &Device| {
        let links = Links::of(device, facts, catalogue);
        links.evidence_for(catalogue, &facts.drivers[driver].path).is_some_and(|(evidence, _)| evidence.is_sure())
    };
    only(devices, |device| belongs(device) && !device.seen.iter().any(|(its, _)| *its == driver))
}

/// There is just one device that this driver has shown no token in.
fn only_unseen(devices: &[Device], _: &Facts, driver: usize) -> Option<usize> {
    only(devices, |device| !device.seen.iter().any(|(its, _)| *its == driver))
}

fn only(devices: &[Device], fits: impl Fn(&Device) -> bool) -> Option<usize> {
    let mut fitting = devices.iter().enumerate().filter(|(_, device)| fits(device)).map(|(at, _)| at);
    fitting.next().filter(|_| fitting.next().is_none())
}

/// What the device is called: what it says it is, or what the catalogue knows it by.
fn name(device: &Device, facts: &Facts, catalogue: &Catalogue) -> String {
    let usb = device.usb.map(|at| &facts.usb[at]);
    let known = usb.and_then(|usb| catalogue.usb(&usb.vid, &usb.pid)).filter(|entry| entry.kind == DeviceKind::Token);
    let reader = device.reader.map(|at| &readers(facts)[at]);
    let card = reader.and_then(|reader| catalogue.card(&reader.atr)).filter(|card| card.sure);
    let token = device.seen.first().map(|(driver, token)| &facts.drivers[*driver].tokens[*token]);
    let said = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
    known
        .map(|entry| entry.name.clone())
        .or(card.map(|card| card.name))
        .or_else(|| said(usb.map(|usb| &usb.product)))
        .or_else(|| said(token.map(|token| &token.label)))
        .or_else(|| said(token.map(|token| &token.model)))
        .or_else(|| said(reader.map(|reader| &reader.name)))
        .unwrap_or_default()
}

/// What the device can be remembered by: its serial numbers, as drivers tell them; where none does, what it is.
fn ids(device: &Device, facts: &Facts) -> Vec<String> {
    let tokens = || device.seen.iter().map(|(driver, token)| &facts.drivers[*driver].tokens[*token]);
    let mut ids: Vec<String> = Vec::new();
    for id in tokens().filter_map(serial) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        let usb = device.usb.map(|at| format!("usb:{}:{}", facts.usb[at].vid, facts.usb[at].pid));
        let reader = device.reader.map(|at| &readers(facts)[at]);
        ids.extend(usb);
        ids.extend(reader.filter(|reader| !reader.atr.is_empty()).map(|reader| format!("atr:{}", reader.atr)));
        ids.extend(tokens().filter(|token| !token.label.is_empty()).map(|token| format!("label:{}", token.label)));
    }
    if ids.is_empty() {
        ids.extend(device.reader.map(|at| format!("reader:{}", readers(facts)[at].name)));
    }
    ids
}

/// Makers that count nothing fill in zeros.
fn serial(token: &TokenFacts) -> Option<String> {
    let counted = token.serial.chars().any(|c| c != '0' && c.is_alphanumeric());
    counted.then(|| format!("serial:{}", token.serial))
}
