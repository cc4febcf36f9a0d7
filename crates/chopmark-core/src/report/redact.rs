//! Shortening what says who somebody is. Each field is named: a new one does not compile until somebody has thought of it.

use std::collections::BTreeMap;

use crate::{
    drivers::facts::{
        Binding, Browser, CaFacts, Candidate, CatalogueFault, CertificateFacts, Choice, DriverFacts, Facts, FileFacts,
        Plugged, Problem, Provider, Reader, ReaderService, System, TokenFacts, UsbDevice, WindowsSettings,
    },
    model::Redaction,
};

/// Shortest text that is looked for inside of others.
const WORTH_LOOKING: usize = 4;
/// Shortest run of hexadecimal digits in a reader's name that is a serial number.
const SERIAL: usize = 8;

/// Who sits here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// Home folder.
    pub(crate) home: String,
    /// User name.
    pub(crate) user: String,
}

impl Person {
    pub(crate) fn here() -> Person {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().display().to_string()).unwrap_or_default();
        let user = home.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        Person { home, user }
    }
}

/// The same facts without what says who somebody is. What was the same stays the same, what was different stays different: the
/// rules find the same.
pub(crate) fn redact(facts: &Facts, redaction: Redaction, person: &Person) -> Facts {
    Cutter::new(facts, redaction, person).facts(facts)
}

/// Originals and what stands for them.
struct Cutter<'a> {
    redaction: Redaction,
    person: &'a Person,
    names: BTreeMap<String, String>,
    serials: BTreeMap<String, String>,
}

/// A short form that nothing else has yet.
fn shorten(original: &str, known: &BTreeMap<String, String>, form: impl Fn(&str) -> String) -> String {
    let short = form(original);
    let taken = |short: &String| known.values().any(|other| other == short);
    if !taken(&short) {
        return short;
    }
    (2..).map(|count| format!("{short}({count})")).find(|short| !taken(short)).unwrap_or(short)
}

fn short_name(name: &str) -> String {
    format!("{}…", name.chars().take(2).collect::<String>())
}

fn short_serial(serial: &str) -> String {
    let count = serial.chars().count();
    // The last four, but never more than half of it.
    format!("…{}", serial.chars().skip(count - (count / 2).min(4)).collect::<String>())
}

impl Cutter<'_> {
    fn new<'a>(facts: &Facts, redaction: Redaction, person: &'a Person) -> Cutter<'a> {
        let mut cutter = Cutter { redaction, person, names: BTreeMap::new(), serials: BTreeMap::new() };
        let tokens = || facts.drivers.iter().flat_map(|driver| &driver.tokens);
        for name in tokens()
            .map(|token| &token.label)
            .chain(tokens().flat_map(|token| &token.lone_keys))
            .chain(facts.plugged.iter().map(|one| &one.label))
            .chain(facts.certificates.iter().map(|one| &one.subject))
            .chain(facts.bindings.iter().map(|one| &one.container))
        {
            cutter.learn_name(name);
        }
        for serial in tokens()
            .map(|token| &token.serial)
            .chain(facts.certificates.iter().map(|one| &one.sha256))
            .chain(facts.bindings.iter().map(|one| &one.certificate))
        {
            cutter.learn_serial(serial);
        }
        for id in facts.plugged.iter().map(|one| &one.id).chain(facts.choices.iter().map(|one| &one.token)) {
            cutter.learn_id(id);
        }
        facts.choices.iter().flat_map(|one| &one.others).for_each(|id| cutter.learn_id(id));
        cutter
    }

    /// Ids of tokens: `serial:…`, `label:…`; the others say what it is, not whose.
    fn learn_id(&mut self, id: &str) {
        match id.split_once(':') {
            Some(("serial", serial)) => self.learn_serial(serial),
            Some(("label", label)) => self.learn_name(label),
            _ => {}
        }
    }

    fn learn_name(&mut self, name: &str) {
        if !self.redaction.names && !name.is_empty() && !self.names.contains_key(name) {
            let short = shorten(name, &self.names, short_name);
            self.names.insert(name.to_owned(), short);
        }
    }

    fn learn_serial(&mut self, serial: &str) {
        if !self.redaction.serials && !serial.is_empty() && !self.serials.contains_key(serial) {
            let short = shorten(serial, &self.serials, short_serial);
            self.serials.insert(serial.to_owned(), short);
        }
    }

    fn id(&self, id: &str) -> String {
        match id.split_once(':') {
            Some(("serial", serial)) => format!("serial:{}", self.serial(serial)),
            Some(("label", label)) => format!("label:{}", self.name(label)),
            _ => self.text(id),
        }
    }

    fn name(&self, name: &str) -> String {
        self.names.get(name).cloned().unwrap_or_else(|| self.text(name))
    }

    fn serial(&self, serial: &str) -> String {
        self.serials.get(serial).cloned().unwrap_or_else(|| serial.to_owned())
    }

    /// Raw words, paths and the like: whatever of the known names and numbers is in them.
    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if !self.redaction.names && !self.person.home.is_empty() && self.person.home != "/" {
            text = text.replace(&self.person.home, "~");
        }
        // Longest first: one may be part of another.
        let mut known: Vec<(&String, &String)> = self.names.iter().chain(&self.serials).collect();
        known.sort_by_key(|(original, _)| std::cmp::Reverse(original.len()));
        for (original, short) in known.into_iter().filter(|(original, _)| original.chars().count() >= WORTH_LOOKING) {
            text = text.replace(original.as_str(), short);
        }
        if !self.redaction.names && self.person.user.chars().count() >= WORTH_LOOKING {
            text = text.replace(&self.person.user, &short_name(&self.person.user));
        }
        text
    }

    /// The same, and serial numbers that makers write into the names of readers.
    fn reader(&self, name: &str) -> String {
        let text = self.text(name);
        if self.redaction.serials {
            return text;
        }
        let mut out = String::new();
        for piece in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
            let run = piece.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            if run.len() >= SERIAL && run.contains(|c: char| c.is_ascii_digit()) {
                out.push_str(&short_serial(run));
                out.push_str(&piece[run.len()..]);
            } else {
                out.push_str(piece);
            }
        }
        out
    }

    fn facts(&self, facts: &Facts) -> Facts {
        let Facts {
            format,
            taken,
            build,
            system,
            reader_service,
            usb,
            plugged,
            drivers,
            helper,
            providers,
            bindings,
            windows,
            certificates,
            ca,
            browsers,
            choices,
            catalogue_faults,
        } = facts;
        let System { os, version, arch, sandbox } = system;
        Facts {
            format: *format,
            taken: *taken,
            build: build.clone(),
            system: System { os: os.clone(), version: version.clone(), arch: arch.clone(), sandbox: sandbox.clone() },
            reader_service: reader_service.as_ref().map(|service| self.service(service)),
            usb: usb.iter().map(|one| self.usb(one)).collect(),
            plugged: plugged.iter().map(|one| self.plugged(one)).collect(),
            drivers: drivers.iter().map(|one| self.driver(one)).collect(),
            helper: helper.as_ref().map(|one| self.problem(one)),
            providers: providers.iter().map(|one| self.provider(one)).collect(),
            bindings: bindings.iter().map(|one| self.binding(one)).collect(),
            windows: windows.as_ref().map(|one| {
                let WindowsSettings { disable_capi_override_for_rsa } = one;
                WindowsSettings { disable_capi_override_for_rsa: *disable_capi_override_for_rsa }
            }),
            certificates: certificates.iter().map(|one| self.certificate(one)).collect(),
            ca: ca.as_ref().map(|one| self.ca(one)),
            browsers: browsers.iter().map(|one| self.browser(one)).collect(),
            choices: choices.iter().map(|one| self.choice(one)).collect(),
            catalogue_faults: catalogue_faults.iter().map(|one| self.fault(one)).collect(),
        }
    }

    fn service(&self, service: &ReaderService) -> ReaderService {
        let ReaderService { state, detail, readers } = service;
        let reader = |one: &Reader| {
            let Reader { name, card, mute, exclusive, atr } = one;
            let (card, mute, exclusive) = (*card, *mute, *exclusive);
            Reader { name: self.reader(name), card, mute, exclusive, atr: atr.clone() }
        };
        ReaderService { state: *state, detail: self.text(detail), readers: readers.iter().map(reader).collect() }
    }

    fn usb(&self, one: &UsbDevice) -> UsbDevice {
        let UsbDevice { vid, pid, manufacturer, product, ccid } = one;
        let (manufacturer, product) = (self.text(manufacturer), self.reader(product));
        UsbDevice { vid: vid.clone(), pid: pid.clone(), manufacturer, product, ccid: *ccid }
    }

    fn plugged(&self, one: &Plugged) -> Plugged {
        let Plugged { id, name, usb, reader, label, drivers } = one;
        let driver = |one: &Candidate| {
            let Candidate { name, driver, download, .. } = one;
            let (name, driver, download) = (name.clone(), self.text(driver), download.clone());
            Candidate { name, driver, download, ..*one }
        };
        Plugged {
            id: self.id(id),
            name: self.reader(&self.name(name)),
            usb: usb.clone(),
            reader: self.reader(reader),
            label: self.name(label),
            drivers: drivers.iter().map(driver).collect(),
        }
    }

    fn driver(&self, one: &DriverFacts) -> DriverFacts {
        let DriverFacts {
            path,
            origin,
            entry,
            name,
            generic,
            not_asked,
            file,
            started,
            description,
            manufacturer,
            version,
            problem,
            took,
            tokens,
        } = one;
        let FileFacts { readable, format, architectures, bits, version: file_version, signature } = file;
        DriverFacts {
            path: self.text(path),
            origin: origin.clone(),
            entry: entry.clone(),
            name: name.clone(),
            generic: *generic,
            not_asked: *not_asked,
            file: FileFacts {
                readable: *readable,
                format: format.clone(),
                architectures: architectures.clone(),
                bits: *bits,
                version: file_version.clone(),
                signature: signature.clone(),
            },
            started: *started,
            description: self.text(description),
            manufacturer: manufacturer.clone(),
            version: version.clone(),
            problem: problem.as_ref().map(|one| self.problem(one)),
            took: *took,
            tokens: tokens.iter().map(|one| self.token(one)).collect(),
        }
    }

    fn problem(&self, one: &Problem) -> Problem {
        let Problem { code, facts, detail } = one;
        let facts = facts.iter().map(|(name, value)| (name.clone(), self.text(value))).collect();
        Problem { code: *code, facts, detail: self.text(detail) }
    }

    fn token(&self, one: &TokenFacts) -> TokenFacts {
        let TokenFacts {
            label,
            serial,
            model,
            manufacturer,
            slot_description,
            initialized,
            removable,
            pin,
            so_pin,
            write_protected,
            pin_pad,
            keys,
            free_memory,
            lone_keys,
        } = one;
        TokenFacts {
            label: self.name(label),
            serial: self.serial(serial),
            model: model.clone(),
            manufacturer: manufacturer.clone(),
            slot_description: self.reader(slot_description),
            initialized: *initialized,
            removable: *removable,
            pin: *pin,
            so_pin: *so_pin,
            write_protected: *write_protected,
            pin_pad: *pin_pad,
            keys: keys.clone(),
            free_memory: *free_memory,
            lone_keys: lone_keys.iter().map(|one| self.name(one)).collect(),
        }
    }

    fn provider(&self, one: &Provider) -> Provider {
        let Provider { name, kind, provider_type, opens, token, sha256, keys, detail } = one;
        Provider {
            name: name.clone(),
            kind: kind.clone(),
            provider_type: *provider_type,
            opens: *opens,
            token: *token,
            sha256: *sha256,
            keys: keys.clone(),
            detail: self.text(detail),
        }
    }

    fn binding(&self, one: &Binding) -> Binding {
        let Binding { certificate, provider, kind, container, opens, found_in, detail } = one;
        Binding {
            certificate: self.serial(certificate),
            provider: provider.clone(),
            kind: kind.clone(),
            container: self.name(container),
            opens: *opens,
            found_in: found_in.clone(),
            detail: self.text(detail),
        }
    }

    fn certificate(&self, one: &CertificateFacts) -> CertificateFacts {
        let CertificateFacts { subject, sha256, place, place_kind, not_before, not_after, has_key, authority } = one;
        CertificateFacts {
            subject: self.name(subject),
            sha256: self.serial(sha256),
            place: self.name(place),
            place_kind: place_kind.clone(),
            not_before: *not_before,
            not_after: *not_after,
            has_key: *has_key,
            authority: *authority,
        }
    }

    fn ca(&self, one: &CaFacts) -> CaFacts {
        let CaFacts { title, host, problem, clock_ahead, keys, roots_end } = one;
        let problem = problem.as_ref().map(|one| self.problem(one));
        let (title, host, keys) = (title.clone(), host.clone(), keys.clone());
        CaFacts { title, host, problem, clock_ahead: *clock_ahead, keys, roots_end: *roots_end }
    }

    fn browser(&self, one: &Browser) -> Browser {
        let Browser { name, packaging, database, drivers } = one;
        Browser {
            name: name.clone(),
            packaging: packaging.clone(),
            database: self.text(database),
            drivers: drivers.iter().map(|path| self.text(path)).collect(),
        }
    }

    fn choice(&self, one: &Choice) -> Choice {
        let Choice { token, others, driver } = one;
        let others = others.iter().map(|other| self.id(other)).collect();
        Choice { token: self.id(token), others, driver: self.text(driver) }
    }

    fn fault(&self, one: &CatalogueFault) -> CatalogueFault {
        let CatalogueFault { path, detail } = one;
        CatalogueFault { path: self.text(path), detail: self.text(detail) }
    }
}
