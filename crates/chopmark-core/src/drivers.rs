//! Drivers (PKCS#11 modules): which are installed, what they say, and which token behind them is meant.
//!
//! A driver is only ever loaded by the helper program, each in a process of its own (invariant 2): one that crashes or hangs
//! costs only itself.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

use token_helper::wire;

use crate::{
    error::{Code, Error, Result},
    hints::{self, Language},
    model::{self, KeyChoice, PinState, Place},
};

pub mod catalogue;
mod errors;
pub mod facts;
mod look;
mod p11_kit;
mod probe;

pub use errors::helper_error;
pub use look::{Looked, look, look_each, looking_limits};

/// How a driver was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Its file lies where the catalogue says.
    KnownPath,
    /// p11-kit's configuration names it.
    P11Kit,
    /// The person named it.
    Named,
}

impl Origin {
    /// Stable word for [`model::Driver`].
    pub fn word(self) -> &'static str {
        match self {
            Origin::KnownPath => "known-path",
            Origin::P11Kit => "p11-kit",
            Origin::Named => "named",
        }
    }
}

/// A driver file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledDriver {
    /// Its file.
    pub path: PathBuf,
    /// How it was found.
    pub origin: Origin,
    /// What the catalogue calls it.
    pub name: Option<String>,
}

impl InstalledDriver {
    /// A driver the person named; whether the file is there shows when it is looked at.
    pub fn named(path: &Path) -> InstalledDriver {
        InstalledDriver { path: path.to_owned(), origin: Origin::Named, name: known_name(path) }
    }

    fn file_name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    /// OpenSC drives nearly every card, but its maker's driver knows more about it.
    fn is_generic(&self) -> bool {
        self.file_name().contains("opensc-pkcs11")
    }
}

/// Where to look: this machine, or a folder that a test has laid out like one.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// Stands for `/`; `None`: the real one.
    pub root: Option<PathBuf>,
    /// The person's home folder.
    pub home: Option<PathBuf>,
    /// `%NAME%` variables, by lower-case name (Windows).
    pub variables: BTreeMap<String, String>,
}

impl Roots {
    /// This machine.
    pub fn machine() -> Roots {
        let variables = ["SystemRoot", "ProgramFiles", "ProgramFiles(x86)"];
        Roots {
            root: None,
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            variables: variables.iter().filter_map(|n| Some((n.to_lowercase(), std::env::var(n).ok()?))).collect(),
        }
    }

    /// An absolute path, below the root.
    fn path(&self, absolute: &str) -> PathBuf {
        match &self.root {
            None => PathBuf::from(absolute),
            Some(root) => root.join(absolute.trim_start_matches(['/', '\\'])),
        }
    }

    /// A path of the catalogue if it is absolute, its variable filled in; `None` if it is relative or the variable is not set.
    fn expand(&self, path: &str) -> Option<PathBuf> {
        if let Some((variable, rest)) = path.strip_prefix('%').and_then(|path| path.split_once('%')) {
            return Some(self.path(&format!("{}{rest}", self.variables.get(&variable.to_lowercase())?)));
        }
        let drive = path.as_bytes().get(1) == Some(&b':');
        (path.starts_with('/') || drive).then(|| self.path(path))
    }
}

/// The drivers installed on this machine. Reads folders only; nothing is loaded.
pub fn installed() -> Vec<InstalledDriver> {
    installed_in(&Roots::machine())
}

/// The drivers installed there: those of the catalogue first, then those only p11-kit knows. One file is listed once, however
/// many names it has.
pub fn installed_in(roots: &Roots) -> Vec<InstalledDriver> {
    let folders = probe::folders(roots);
    let places = |file: &str| match roots.expand(file) {
        Some(path) => vec![path],
        None if file.starts_with('%') => Vec::new(),
        None => folders.iter().map(|folder| folder.join(file)).collect(),
    };
    let mut found = Vec::new();
    for entry in catalogue::entries() {
        for path in probe::files(entry).iter().flat_map(|file| places(file)) {
            found.push(InstalledDriver { path, origin: Origin::KnownPath, name: Some(entry.name.clone()) });
        }
    }
    for settings in p11_kit::configured(&probe::p11_kit_folders(roots)).values() {
        // A relative name is meant below `<libdir>/pkcs11`, and every system has several of those; the first one counts.
        let path = p11_kit::module(settings).and_then(|file| places(file).into_iter().find(|path| path.is_file()));
        if let Some(path) = path {
            let name = known_name(&path);
            found.push(InstalledDriver { path, origin: Origin::P11Kit, name });
        }
    }
    let mut seen = HashSet::new();
    // Links under several names are the rule (`libykcs11.so`, `libykcs11.so.2`).
    found.retain(|driver| driver.path.is_file() && driver.path.canonicalize().is_ok_and(|file| seen.insert(file)));
    found
}

fn known_name(path: &Path) -> Option<String> {
    catalogue::name_of(path.file_name()?.to_str()?).map(str::to_owned)
}

/// The one token that the place means, and its driver. What is seen through two drivers counts once, with the maker's driver.
pub fn matching<'a>(looked: &'a [Looked], place: &Place) -> Result<(&'a Looked, &'a wire::Token)> {
    let doing = "looking for the token";
    let Place::Token { driver, .. } = place else { return Err(Error::new(Code::Internal, doing)) };
    let named = |looked: &&Looked| driver.as_ref().is_none_or(|named| same_file(&looked.driver.path, Path::new(named)));
    let mut usable: Vec<&Looked> = looked.iter().filter(named).collect();
    usable.sort_by_key(|looked| looked.driver.is_generic());
    if let (true, Some(path)) = (usable.is_empty(), driver) {
        let name = InstalledDriver::named(Path::new(path)).file_name();
        return Err(Error::new(Code::DriverNotFound, doing).with("driver", name).with("path", path));
    }
    let Some(first) = usable.first() else { return Err(Error::new(Code::NoDriver, doing)) };

    let mut found: Vec<(&Looked, &wire::Token)> = Vec::new();
    for (looked, token) in usable.iter().flat_map(|looked| looked.tokens.iter().map(move |token| (*looked, token))) {
        let again = |(other, known): &(&Looked, &wire::Token)| {
            other.driver.path != looked.driver.path && same_token(known, token)
        };
        if fits(token, place) && !found.iter().any(again) {
            found.push((looked, token));
        }
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => match &first.problem {
            Some(problem) if usable.iter().all(|looked| looked.problem.is_some()) => {
                Err(helper_error(problem.clone(), &first.driver.path, &called(place)))
            }
            _ => Err(not_found(&usable, place)),
        },
        several => {
            let seen = several.iter().map(|(_, token)| in_words(token)).collect();
            Err(with_seen(Error::new(Code::TokenAmbiguous, doing), place, seen))
        }
    }
}

fn not_found(usable: &[&Looked], place: &Place) -> Error {
    let tokens = usable.iter().flat_map(|looked| &looked.tokens).filter(|token| token.initialized);
    let mut seen: Vec<String> = Vec::new();
    for token in tokens.map(in_words) {
        if !seen.contains(&token) {
            seen.push(token);
        }
    }
    let error = with_seen(Error::new(Code::TokenNotFound, "looking for the token"), place, seen);
    // The token may be behind a driver that failed: the help desk wants to know.
    let failed = usable.iter().filter_map(|looked| Some((looked.driver.file_name(), looked.problem.as_ref()?)));
    let failed: Vec<String> = failed.map(|(name, problem)| format!("{name}: {problem}")).collect();
    if failed.is_empty() { error } else { error.with("failed", failed.join("; ")) }
}

fn with_seen(error: Error, place: &Place, seen: Vec<String>) -> Error {
    let token = called(place);
    let error = if token.is_empty() { error } else { error.with("token", token) };
    if seen.is_empty() { error } else { error.with("seen", seen.join(", ")) }
}

/// What the place calls its token; empty when it leaves that open.
fn called(place: &Place) -> String {
    let Place::Token { label, serial, manufacturer, model, .. } = place else { return String::new() };
    [label, serial, model, manufacturer].into_iter().flatten().next().cloned().unwrap_or_default()
}

fn in_words(token: &wire::Token) -> String {
    match (token.label.is_empty(), token.serial.is_empty()) {
        (_, true) => token.label.clone(),
        (true, false) => token.serial.clone(),
        (false, false) => format!("{} ({})", token.label, token.serial),
    }
}

pub(crate) fn fits(token: &wire::Token, place: &Place) -> bool {
    let Place::Token { label, serial, manufacturer, model, .. } = place else { return false };
    // An empty slot of SoftHSM is a token, too; nobody means it who has not named it.
    if !token.initialized && label.is_none() {
        return false;
    }
    let wanted =
        [(label, &token.label), (serial, &token.serial), (manufacturer, &token.manufacturer), (model, &token.model)];
    wanted.into_iter().all(|(wanted, is)| wanted.as_ref().is_none_or(|wanted| wanted == is))
}

fn same_token(a: &wire::Token, b: &wire::Token) -> bool {
    !(a.label.is_empty() && a.serial.is_empty()) && (&a.serial, &a.label, &a.model) == (&b.serial, &b.label, &b.model)
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The token as a PLACE (RFC 7512), with the driver it was seen through.
pub fn token_uri(token: &wire::Token, driver: &Path) -> String {
    token_place(token, driver).uri()
}

pub(crate) fn token_place(token: &wire::Token, driver: &Path) -> Place {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Place::Token {
        label: some(&token.label),
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
        name: looked.driver.name.clone(),
        description: said(|module| &module.description),
        manufacturer: said(|module| &module.manufacturer),
        version: said(|module| &module.library_version),
        problem: problem.map(|error| hints::explain(&error, language)),
    }
}

/// The driver in words: the catalogue's name is better than the description (SoftHSM's is "Implementation of PKCS11").
pub fn driver_name(looked: &Looked) -> String {
    let description =
        || looked.module.as_ref().map(|module| module.description.clone()).filter(|text| !text.is_empty());
    looked.driver.name.clone().or_else(description).unwrap_or_else(|| looked.driver.file_name())
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
