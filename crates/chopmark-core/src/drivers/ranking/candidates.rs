//! The drivers for one device, in order.

use std::collections::BTreeMap;

use super::{Device, Evidence, Kind, Ranked, Why, devices};
use crate::drivers::{
    catalogue::{self, Catalogue, Entry, Link, Quirk},
    facts::{DriverFacts, Facts, Provider, TokenFacts},
};

/// What the catalogue links a device to: entries, and the surest word for each.
#[derive(Default)]
pub(super) struct Links(BTreeMap<String, Evidence>);

impl Evidence {
    /// Not a guess.
    pub(super) fn is_sure(self) -> bool {
        self != Evidence::Guess
    }
}

impl Links {
    /// All that is known of the device.
    pub(super) fn of(device: &Device, facts: &Facts, catalogue: &Catalogue) -> Links {
        let mut links = Links::default();
        if let Some(usb) = device.usb {
            links.take(Links::of_usb(facts, catalogue, usb));
        }
        if let Some(reader) = device.reader {
            links.take(Links::of_reader(facts, catalogue, reader));
        }
        for (driver, token) in &device.seen {
            let token = &facts.drivers[*driver].tokens[*token];
            for entry in catalogue.drivers().iter().filter(|entry| says(entry, token)) {
                links.add(&entry.id, Evidence::TokenSays);
            }
        }
        links
    }

    pub(super) fn of_usb(facts: &Facts, catalogue: &Catalogue, usb: usize) -> Links {
        let usb = &facts.usb[usb];
        let entry = catalogue.usb(&usb.vid, &usb.pid);
        let mut links = Links::default();
        for link in entry.iter().flat_map(|entry| &entry.links) {
            links.link(link, Evidence::UsbStated, Evidence::UsbNamed);
        }
        links
    }

    pub(super) fn of_reader(facts: &Facts, catalogue: &Catalogue, reader: usize) -> Links {
        let reader = &devices::readers(facts)[reader];
        let mut links = Links::default();
        for link in catalogue.card(&reader.atr).iter().flat_map(|card| &card.links) {
            links.link(link, Evidence::CardStated, Evidence::CardNamed);
        }
        for entry in catalogue.by_reader(&reader.name) {
            links.add(&entry.id, Evidence::ReaderNamed);
        }
        links
    }

    fn link(&mut self, link: &Link, stated: Evidence, named: Evidence) {
        match link {
            Link::Stated(driver) => self.add(driver, stated),
            Link::ByName(driver) => self.add(driver, named),
            Link::Guess(driver) => self.add(driver, Evidence::Guess),
        }
    }

    fn add(&mut self, driver: &str, evidence: Evidence) {
        let known = self.0.entry(driver.to_owned()).or_insert(evidence);
        *known = evidence.min(*known);
    }

    fn take(&mut self, other: Links) {
        other.0.iter().for_each(|(driver, evidence)| self.add(driver, *evidence));
    }

    /// Whether both have a maker's driver in common.
    pub(super) fn meet(&self, other: &Links) -> bool {
        self.0.keys().any(|driver| driver != "opensc" && other.0.contains_key(driver))
    }

    /// Why this file should drive the device, and the linked entry that it serves.
    pub(super) fn evidence_for(&self, catalogue: &Catalogue, file: &str) -> Option<(Evidence, String)> {
        let owners = catalogue.of_file(std::path::Path::new(file));
        self.evidence_of(catalogue, &owners)
    }

    fn evidence_of(&self, catalogue: &Catalogue, owners: &[&Entry]) -> Option<(Evidence, String)> {
        let served = self.0.iter().filter(|(id, _)| owners.iter().any(|owner| catalogue.serves(owner, id)));
        // Of two equally sure ones the maker's own word counts: OpenSC for its own sake comes last.
        served
            .min_by_key(|(id, evidence)| (**evidence, catalogue.driver(id).is_some_and(|e| e.is(Quirk::Generic))))
            .map(|(id, evidence)| (*evidence, id.clone()))
    }

    fn has_quirk(&self, catalogue: &Catalogue, quirk: Quirk) -> bool {
        let sure = self.0.iter().filter(|(_, evidence)| evidence.is_sure());
        sure.filter_map(|(id, _)| catalogue.driver(id)).any(|entry| entry.is(quirk))
    }
}

/// Whether the token calls itself what the entry's tokens call themselves.
fn says(entry: &Entry, token: &TokenFacts) -> bool {
    let is = |known: &[String], said: &str| known.iter().any(|known| known == said);
    let has = |known: &[String], said: &str| known.iter().any(|known| said.contains(known.as_str()));
    let says = &entry.says;
    is(&says.model, &token.model)
        || is(&says.maker, &token.manufacturer)
        || has(&says.label, &token.label)
        || has(&says.slot, &token.slot_description)
}

/// The drivers for the device.
pub(super) fn of(device: &Device, facts: &Facts, catalogue: &Catalogue) -> Vec<Ranked> {
    let links = Links::of(device, facts, catalogue);
    let view = View { device, facts, catalogue, links: &links };
    let mut ranked: Vec<Ranked> =
        facts.drivers.iter().enumerate().map(|(at, driver)| view.module(at, driver)).collect();
    // A software token is nothing that Windows' or a maker's drivers could see.
    if device.usb.is_some() || device.reader.is_some() {
        ranked.extend(facts.providers.iter().filter_map(|provider| view.provider(provider)));
        view.missing(&mut ranked);
    }
    ranked.sort_by_key(|one| {
        let fits_as = (!one.fits, !one.remembered, one.keys.is_empty() && one.kind == Kind::Pkcs11);
        let tier = match (one.fits, &one.why) {
            (true, _) => 0,
            (_, Why::Blind(_) | Why::Fails(_) | Why::OnDisk | Why::Shut) if one.evidence.is_some() => 1,
            (_, Why::NotInstalled(_)) => 2,
            (_, Why::NoneForSystem(_)) => 3,
            _ => 4,
        };
        (tier, fits_as, one.sha256 == Some(false), one.generic, one.evidence.is_none(), one.kind, one.evidence)
    });
    if let Some(best) = ranked.iter_mut().find(|one| one.fits && one.signs()) {
        best.chosen = true;
    }
    ranked
}

impl Ranked {
    /// A CSP that knows no SHA-256 signs nothing that a CA takes today.
    fn signs(&self) -> bool {
        self.kind == Kind::Pkcs11 || self.sha256 != Some(false)
    }
}

struct View<'a> {
    device: &'a Device,
    facts: &'a Facts,
    catalogue: &'a Catalogue,
    links: &'a Links,
}

impl View<'_> {
    fn module(&self, at: usize, driver: &DriverFacts) -> Ranked {
        let tokens: Vec<&TokenFacts> =
            self.device.seen.iter().filter(|(its, _)| *its == at).map(|(_, token)| &driver.tokens[*token]).collect();
        let owners = self.catalogue.of_file(std::path::Path::new(&driver.path));
        let evidence = self.links.evidence_of(self.catalogue, &owners);
        let served = evidence.as_ref().and_then(|(_, id)| self.catalogue.driver(id));
        // OpenSC is the one and only driver of some cards; of all others it is everybody's.
        let own = served.is_some_and(|entry| !entry.is(Quirk::Generic));
        let generic = owners.iter().any(|owner| owner.is(Quirk::Generic)) && !own;
        let read_only = self.links.has_quirk(self.catalogue, Quirk::NoKeyGeneration)
            || (owners.iter().any(|owner| owner.is(Quirk::Generic))
                && self.links.has_quirk(self.catalogue, Quirk::OnlyOwnDriverMakesKeys));
        let mut keys: Vec<_> = tokens.iter().flat_map(|token| token.keys.iter().copied()).collect();
        keys.dedup();
        if read_only {
            keys.clear();
        }
        let evidence = evidence.map(|(evidence, _)| evidence);
        let remembered = self.remembers(&driver.path);
        let (fits, why) = self.why(driver, &tokens, (evidence, generic, remembered), !keys.is_empty());
        Ranked {
            kind: Kind::Pkcs11,
            driver: driver.path.clone(),
            place: Some(at),
            name: called(driver),
            chosen: false,
            fits,
            generic,
            why,
            sha256: (!keys.is_empty()).then_some(true),
            keys,
            page: owners.first().and_then(|owner| owner.page.clone()),
            evidence,
            remembered: remembered && fits,
        }
    }

    fn why(
        &self,
        driver: &DriverFacts,
        tokens: &[&TokenFacts],
        (evidence, generic, remembered): (Option<Evidence>, bool, bool),
        makes_keys: bool,
    ) -> (bool, Why) {
        use catalogue::Kind::{Cloud, Hsm, Software, Tpm};
        let kind = devices::kind(self.catalogue, driver);
        let plugged = self.device.usb.is_some() || self.device.reader.is_some();
        if let Some(problem) = &driver.problem {
            return (false, Why::Fails(problem.clone()));
        }
        let sure = evidence.filter(|evidence| evidence.is_sure());
        if !tokens.is_empty() {
            let why = match sure {
                _ if remembered => Why::Remembered,
                _ if !makes_keys => Why::OnlyReads,
                _ if !plugged && kind == Some(Software) => Why::SoftwareToken,
                _ if generic => Why::Generic,
                Some(evidence) => Why::Own(evidence),
                None => Why::Sees,
            };
            return (true, why);
        }
        let entry = self.catalogue.driver(&driver.entry);
        if matches!(kind, Some(Software | Tpm | Hsm | Cloud)) {
            return (false, Why::OnDisk);
        }
        if !driver.started {
            let named = entry.is_some_and(|entry| entry.is(Quirk::NotAsked));
            let why = if named { Why::AskedWhenNamed } else { Why::NotYetAsked(evidence) };
            return (!named && sure.is_some(), why);
        }
        let why = match (evidence, entry) {
            (Some(evidence), _) if !generic => Why::Blind(evidence),
            (_, Some(entry)) if !generic && !entry.is(Quirk::Generic) => {
                Why::AnotherMakers { maker: entry.maker.clone() }
            }
            _ => Why::SeesNothing,
        };
        (false, why)
    }

    fn remembers(&self, driver: &str) -> bool {
        self.device.choice(self.facts).is_some_and(|choice| choice.driver == driver)
    }

    fn provider(&self, provider: &Provider) -> Option<Ranked> {
        use catalogue::Kind::{Software, SystemSoftware};
        let owners: Vec<&Entry> = self.catalogue.of_provider(&provider.name).collect();
        let evidence = self.links.evidence_of(self.catalogue, &owners).map(|(evidence, _)| evidence);
        let known = owners.iter().flat_map(|owner| owner.providers()).find(|known| known.name == provider.name);
        let sha256 = provider.sha256.or(known.and_then(|known| known.sha256));
        let on_disk = owners.iter().any(|owner| matches!(owner.kind, Software | SystemSoftware));
        let sure = evidence.filter(|evidence| evidence.is_sure());
        let remembered = self.remembers(&provider.name);
        let (fits, why) = match (sure, evidence) {
            _ if on_disk => (false, Why::OnDisk),
            _ if !provider.opens => (false, Why::Shut),
            _ if remembered => (true, Why::Remembered),
            (Some(_), _) if provider.token && sha256 == Some(false) => (true, Why::NoSha256),
            (Some(evidence), _) if provider.token => (true, Why::Own(evidence)),
            (_, Some(evidence)) => (false, Why::Blind(evidence)),
            _ => match owners.first() {
                Some(owner) => (false, Why::AnotherMakers { maker: owner.maker.clone() }),
                None => (false, Why::SeesNothing),
            },
        };
        Some(Ranked {
            kind: if provider.kind == "ksp" { Kind::Ksp } else { Kind::Csp },
            driver: provider.name.clone(),
            place: None,
            name: provider.name.clone(),
            chosen: false,
            fits,
            generic: false,
            why,
            keys: provider.keys.clone(),
            sha256,
            page: None,
            evidence,
            remembered: remembered && fits,
        })
    }

    /// Drivers that belong to the device and are not installed. Guesses only where nothing better is known.
    fn missing(&self, ranked: &mut Vec<Ranked>) {
        let wanted = |id: &str| {
            let entry = self.catalogue.driver(id)?;
            let files = entry.through.iter().filter_map(|through| self.catalogue.driver(through));
            Some(std::iter::once(entry).chain(files).collect::<Vec<_>>())
        };
        let best = self.links.0.values().min();
        let any_sure = best.is_some_and(|best| best.is_sure());
        let mut links: Vec<_> = self.links.0.iter().filter(|(_, its)| its.is_sure() || !any_sure).collect();
        links.sort_by_key(|(_, evidence)| **evidence);
        for (id, evidence) in links {
            let Some(entries) = wanted(id) else { continue };
            let installed = self.facts.drivers.iter().any(|driver| {
                let owners = self.catalogue.of_file(std::path::Path::new(&driver.path));
                owners.iter().any(|owner| self.catalogue.serves(owner, id))
            });
            let offered = entries.iter().find(|entry| offers(entry, &self.facts.system.os));
            let why = if offered.is_some() { Why::NotInstalled(*evidence) } else { Why::NoneForSystem(*evidence) };
            let shown = offered.unwrap_or(&entries[0]);
            let listed = ranked.iter().any(|one| one.driver.is_empty() && one.name == shown.name);
            // Nobody has to get everybody's driver, or what does not exist, beside one that does.
            let needless = match offered {
                Some(offered) => offered.is(Quirk::Generic) && ranked.iter().any(|one| one.fits),
                None => ranked.iter().any(|one| one.fits || (one.evidence.is_some() && !one.generic)),
            };
            if installed || listed || needless {
                continue;
            }
            ranked.push(Ranked {
                kind: Kind::Pkcs11,
                driver: String::new(),
                place: None,
                name: shown.name.clone(),
                chosen: false,
                fits: false,
                generic: shown.is(Quirk::Generic),
                why,
                keys: Vec::new(),
                sha256: None,
                page: shown.page.clone(),
                evidence: Some(*evidence),
                remembered: false,
            });
        }
    }
}

/// Whether a module for that system is known.
fn offers(entry: &Entry, os: &str) -> bool {
    let files = match os {
        "windows" => &entry.windows,
        "macos" => &entry.macos,
        _ => &entry.linux,
    };
    !files.is_empty()
}

/// A driver in words: the catalogue's name is better than the description (SoftHSM's is "Implementation of PKCS11").
fn called(driver: &DriverFacts) -> String {
    let file = || driver.path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let said = [&driver.name, &driver.description].into_iter().find(|text| !text.is_empty()).cloned();
    said.unwrap_or_else(file)
}
