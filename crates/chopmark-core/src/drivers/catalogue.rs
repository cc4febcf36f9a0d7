//! What is known about drivers, tokens and cards. The facts are data: `catalogue/*.toml`, and what administrators and users add.
//!
//! How sure a fact is belongs to it: a [`Link`] from a device to a driver is stated, by name, or a guess, and nothing here turns
//! one into another.

mod additions;
mod check;
mod entry;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

pub use entry::{Card, Confidence, DeviceKind, Entry, Kind, Link, ModuleFile, ProviderName, Quirk, Says, UsbEntry};

pub(super) use entry::like;
use entry::{File, Vendor};

/// A card that shares fewer bits than these with its entry is not recognised by them alone.
const ENOUGH_BITS: u32 = 48;

/// Drivers, USB devices and cards.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    drivers: Vec<Entry>,
    usb: Vec<UsbEntry>,
    vendors: Vec<Vendor>,
    cards: Vec<Card>,
    bad_files: Vec<BadFile>,
}

/// A file of additions that could not be used; none of it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub detail: String,
}

/// What a card's answer to reset says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardMatch {
    /// What it is called.
    pub name: String,
    /// Enough bits decided to call it so.
    pub sure: bool,
    /// Its drivers. Guesses only where too few bits decided.
    pub links: Vec<Link>,
}

static BUILT_IN: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    let texts = [
        include_str!("catalogue/drivers.toml"),
        include_str!("catalogue/usb.toml"),
        include_str!("catalogue/cards.toml"),
    ];
    let mut catalogue = Catalogue::default();
    for text in texts {
        // The files are part of the program, and a test reads them: this cannot fail in the field.
        catalogue.lay_over(toml::from_str(text).expect("the catalogue is well-formed"));
    }
    Arc::new(catalogue)
});

impl Catalogue {
    /// What the program brings along.
    pub fn built_in() -> Arc<Catalogue> {
        Arc::clone(&BUILT_IN)
    }

    /// With the `*.toml` files of these folders; what comes later replaces what has the same id.
    pub fn with_additions(folders: &[PathBuf]) -> Arc<Catalogue> {
        let files = additions::files(folders);
        if files.is_empty() {
            return Catalogue::built_in();
        }
        let mut catalogue = Catalogue::clone(&BUILT_IN);
        for path in files {
            if let Err(detail) = additions::add(&mut catalogue, &path) {
                catalogue.bad_files.push(BadFile { path, detail });
            }
        }
        Arc::new(catalogue)
    }

    /// Puts entries before the known ones; one with a known id takes its place.
    fn lay_over(&mut self, file: File) {
        fn merge<T>(known: &mut Vec<T>, new: Vec<T>, same: impl Fn(&T, &T) -> bool) {
            let mut fresh = Vec::new();
            for entry in new {
                match known.iter_mut().find(|old| same(old, &entry)) {
                    Some(old) => *old = entry,
                    None => fresh.push(entry),
                }
            }
            known.splice(0..0, fresh);
        }
        merge(&mut self.drivers, file.driver, |a, b| a.id == b.id);
        merge(&mut self.usb, file.usb, |a, b| a.id == b.id);
        merge(&mut self.vendors, file.vendor, |a, b| a.vid == b.vid);
        merge(&mut self.cards, file.card, |a, b| (&a.atr, &a.mask) == (&b.atr, &b.mask));
    }

    /// Files of additions that could not be used.
    pub fn bad_files(&self) -> &[BadFile] {
        &self.bad_files
    }

    /// All drivers; a maker's stands before one that drives everybody's cards.
    pub fn drivers(&self) -> &[Entry] {
        &self.drivers
    }

    /// A driver by its id.
    pub fn driver(&self, id: &str) -> Option<&Entry> {
        self.drivers.iter().find(|entry| entry.id == id)
    }

    /// A USB device by `vid:pid`, lower-case.
    pub fn usb(&self, vid: &str, pid: &str) -> Option<&UsbEntry> {
        self.usb.iter().find(|entry| entry.id.split_once(':') == Some((vid, pid)))
    }

    /// The maker, if this vendor builds nothing but keys and readers.
    pub fn vendor(&self, vid: &str) -> Option<&str> {
        self.vendors.iter().find(|vendor| vendor.vid == vid).map(|vendor| vendor.name.as_str())
    }

    /// What a card is by its answer to reset (hex). Of several entries those with the most bits count; too few bits make guesses.
    pub fn card(&self, atr: &str) -> Option<CardMatch> {
        let atr = entry::bytes(atr)?;
        let fitting: Vec<&Card> = self.cards.iter().filter(|card| card.fits(&atr)).collect();
        let bits = fitting.iter().map(|card| card.bits()).max()?;
        let best: Vec<&Card> = fitting.into_iter().filter(|card| card.bits() == bits).collect();
        let mut links: Vec<Link> = Vec::new();
        for link in best.iter().flat_map(|card| &card.links) {
            let link = if bits < ENOUGH_BITS { Link::Guess(link.driver().to_owned()) } else { link.clone() };
            if !links.iter().any(|known| known.driver() == link.driver()) {
                links.push(link);
            }
        }
        Some(CardMatch { name: best[0].name.clone(), sure: bits >= ENOUGH_BITS, links })
    }

    /// The drivers whose tokens show in readers of this name.
    pub fn by_reader<'a>(&'a self, reader: &str) -> impl Iterator<Item = &'a Entry> {
        let reader = reader.to_lowercase();
        self.drivers.iter().filter(move |entry| entry.readers.iter().any(|name| reader.contains(&name.to_lowercase())))
    }

    /// The entries that this file belongs to: those that name most of its path.
    pub fn of_file(&self, path: &Path) -> Vec<&Entry> {
        let path = entry::comparable(&path.to_string_lossy());
        let fit = |entry: &Entry| entry.files().filter_map(|file| file.fit(&path)).max();
        let fits: Vec<(&Entry, usize)> = self.drivers.iter().filter_map(|entry| Some((entry, fit(entry)?))).collect();
        let best = fits.iter().map(|(_, fit)| *fit).max();
        fits.into_iter().filter(|(_, fit)| Some(*fit) == best).map(|(entry, _)| entry).collect()
    }

    /// The entries that a CSP or KSP belongs to.
    pub fn of_provider<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.drivers.iter().filter(move |entry| entry.providers().any(|provider| provider.name == name))
    }

    /// The driver that an SKF library (the Chinese interface, GM/T 0016) belongs to: such a file is no PKCS#11 module.
    pub fn of_skf(&self, path: &Path) -> Option<&Entry> {
        let name = entry::comparable(&path.to_string_lossy());
        let name = name.rsplit('/').next()?;
        self.drivers.iter().find(|entry| entry.skf.files().any(|file| entry::like(&entry::comparable(file), name)))
    }

    /// Whether the files of `driver` drive what belongs to `wanted`.
    pub fn serves(&self, driver: &Entry, wanted: &str) -> bool {
        driver.id == wanted || self.driver(wanted).is_some_and(|entry| entry.through.contains(&driver.id))
    }
}

#[cfg(test)]
mod tests;
