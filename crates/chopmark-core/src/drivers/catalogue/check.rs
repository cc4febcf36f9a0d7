//! What the shape alone does not hold: ids are unique and exist, hex is well formed, a guess is not also a fact.

use std::collections::BTreeSet;

use super::{
    Catalogue,
    entry::{self, Entry, File, Link},
};

/// What is wrong with a file that is to be laid over `known`; the first thing found.
pub(super) fn problem(file: &File, known: &Catalogue) -> Option<String> {
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for driver in &file.driver {
        if !ids.insert(&driver.id) {
            return Some(format!("twice: {}", driver.id));
        }
        if let Some(problem) = of_driver(driver) {
            return Some(format!("{}: {problem}", driver.id));
        }
    }
    let exists = |id: &str| ids.contains(id) || known.driver(id).is_some();
    if let Some(missing) = file.driver.iter().flat_map(|driver| &driver.through).find(|id| !exists(id)) {
        return Some(format!("there is no driver {missing}"));
    }
    let usb = file.usb.iter().map(|usb| (usb.id.clone(), usb_id(&usb.id), &usb.links));
    let cards = file.card.iter().map(|card| {
        let whole = format!("{} {}", card.atr, card.mask.as_deref().unwrap_or_default());
        (whole, card_hex(&card.atr, card.mask.as_deref()), &card.links)
    });
    let mut names = BTreeSet::new();
    for (name, well_formed, links) in usb.chain(cards) {
        if !well_formed {
            return Some(format!("not well formed: {name}"));
        }
        if let Some(problem) = of_links(links, &exists) {
            return Some(format!("{name}: {problem}"));
        }
        if !names.insert(name.clone()) {
            return Some(format!("twice: {name}"));
        }
    }
    let bad = file.vendor.iter().find(|vendor| !id_part(&vendor.vid) || vendor.name.is_empty());
    bad.map(|vendor| format!("not well formed: {}", vendor.vid))
}

fn of_driver(driver: &Entry) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if driver.id.is_empty() || !driver.id.chars().all(plain) {
        return Some("an id has small letters, digits and hyphens".into());
    }
    if driver.name.trim().is_empty() || driver.maker.trim().is_empty() {
        return Some("without a name or maker".into());
    }
    if driver.page.as_ref().is_some_and(|page| !page.starts_with("https://")) {
        return Some("its page is not https".into());
    }
    if driver.through.contains(&driver.id) {
        return Some("goes through itself".into());
    }
    for file in driver.files() {
        let (folder, name) = file.file.rsplit_once(['/', '\\']).unwrap_or(("", &file.file));
        if name.is_empty() || folder.contains('*') || name.matches('*').count() > 1 || file.file.contains("..") {
            return Some(format!("not a file: {}", file.file));
        }
    }
    None
}

fn of_links(links: &[Link], exists: &impl Fn(&str) -> bool) -> Option<String> {
    let mut drivers = BTreeSet::new();
    for link in links {
        if !exists(link.driver()) {
            return Some(format!("there is no driver {}", link.driver()));
        }
        if !drivers.insert(link.driver()) {
            return Some(format!("{} is linked twice: a guess is not a fact", link.driver()));
        }
    }
    links.is_empty().then(|| "without a driver".into())
}

fn id_part(part: &str) -> bool {
    part.len() == 4 && part.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

fn usb_id(id: &str) -> bool {
    id.split_once(':').is_some_and(|(vid, pid)| id_part(vid) && id_part(pid))
}

/// An ATR has at most 33 bytes (ISO 7816-3); what the mask leaves out must be zero, or nothing would ever fit.
fn card_hex(atr: &str, mask: Option<&str>) -> bool {
    let upper = |hex: &str| !hex.bytes().any(|digit| digit.is_ascii_lowercase());
    let (Some(own), true) = (entry::bytes(atr), upper(atr)) else { return false };
    let sized = (2..=33).contains(&own.len());
    sized
        && mask.is_none_or(|text| {
            let Some(mask) = entry::bytes(text) else { return false };
            upper(text) && mask.len() == own.len() && own.iter().zip(&mask).all(|(own, mask)| own & !mask == 0)
        })
}
