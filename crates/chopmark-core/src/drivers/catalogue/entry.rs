//! The shape of the catalogue's files.

use serde::{Deserialize, Serialize};

/// One file: any of the four lists.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) driver: Vec<Entry>,
    pub(super) usb: Vec<UsbEntry>,
    pub(super) vendor: Vec<Vendor>,
    pub(super) card: Vec<Card>,
}

/// A driver, or a family of cards that is served by other entries' drivers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// Names it in the catalogue.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Who makes it.
    pub maker: String,
    /// What is behind it.
    pub kind: Kind,
    /// How sure the entry is as a whole.
    pub confidence: Confidence,
    /// Where its maker offers it.
    pub page: Option<String>,
    /// Entries whose drivers serve this one's cards.
    #[serde(default)]
    pub through: Vec<String>,
    /// Its PKCS#11 modules on Linux.
    #[serde(default)]
    pub linux: Vec<ModuleFile>,
    /// Its PKCS#11 modules on macOS.
    #[serde(default)]
    pub macos: Vec<ModuleFile>,
    /// Its PKCS#11 modules on Windows.
    #[serde(default)]
    pub windows: Vec<ModuleFile>,
    /// Parameters that the module wants when it is started (`pReserved`); `{home}` as above.
    pub parameters: Option<String>,
    /// Its CSPs on Windows.
    #[serde(default)]
    pub csp: Vec<ProviderName>,
    /// Its KSPs on Windows.
    #[serde(default)]
    pub ksp: Vec<ProviderName>,
    /// Its SKF libraries.
    #[serde(default)]
    pub skf: Skf,
    /// Parts of the names of its readers.
    #[serde(default)]
    pub readers: Vec<String>,
    /// What module and token call themselves.
    #[serde(default)]
    pub says: Says,
    /// What has to be minded.
    #[serde(default)]
    pub quirks: Vec<Quirk>,
}

impl Entry {
    /// Its PKCS#11 modules on all systems.
    pub(super) fn files(&self) -> impl Iterator<Item = &ModuleFile> {
        self.linux.iter().chain(&self.macos).chain(&self.windows)
    }

    /// Its CSPs and KSPs.
    pub fn providers(&self) -> impl Iterator<Item = &ProviderName> {
        self.csp.iter().chain(&self.ksp)
    }

    /// Whether it has this quirk.
    pub fn is(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}

/// What is behind a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Keys for USB.
    UsbToken,
    /// Cards for a reader.
    SmartCard,
    /// Several makers' keys and cards.
    Middleware,
    /// Files on this computer's disk.
    Software,
    /// A device in the server room.
    Hsm,
    /// The chip on the main board.
    Tpm,
    /// Somebody else's server.
    Cloud,
    /// Software of the operating system.
    SystemSoftware,
    /// Card support of the operating system.
    SystemCards,
}

/// How sure an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Little is known.
    Low,
    /// Likely.
    Medium,
    /// Well sourced.
    High,
}

/// What the program has to mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// Drives many makers' cards: a maker's own driver goes first.
    Generic,
    /// Cards are issued with their keys: none is made on them.
    NoKeyGeneration,
    /// Through a generic driver the token is only read.
    OnlyOwnDriverMakesKeys,
    /// Is not loaded unless the person names it: it opens windows or goes into the network.
    NotAsked,
    /// Shows what other drivers show, or nothing of ours.
    NotListed,
}

/// A module's file: its name alone, or with the processors it is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Spelled")]
pub struct ModuleFile {
    /// As written: absolute, with a `%VARIABLE%`, or to be looked for below library folders. `*` in its name stands for anything.
    pub file: String,
    /// Architectures, as `std::env::consts::ARCH` has them; empty: not known.
    pub arch: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelled {
    Name(String),
    Full(Full),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    file: String,
    arch: Vec<String>,
}

impl From<Spelled> for ModuleFile {
    fn from(spelled: Spelled) -> ModuleFile {
        match spelled {
            Spelled::Name(file) => ModuleFile { file, arch: Vec::new() },
            Spelled::Full(Full { file, arch }) => ModuleFile { file, arch },
        }
    }
}

impl ModuleFile {
    /// How much of the path (see [`comparable`]) this names: characters, if it names its end.
    pub(super) fn fit(&self, path: &str) -> Option<usize> {
        let own = comparable(&self.file);
        let own = own.strip_prefix('%').and_then(|rest| rest.split_once("%/")).map_or(own.as_str(), |(_, rest)| rest);
        let name = own.rsplit('/').next()?;
        if !like(name, path.rsplit('/').next()?) {
            return None;
        }
        // The name alone is a weak fit: the file may lie elsewhere than its maker puts it.
        let whole = own.trim_start_matches('/');
        let ends = path.strip_suffix(whole).is_some_and(|before| before.is_empty() || before.ends_with('/'));
        Some(if ends { whole.len() } else { 1 })
    }
}

/// A CSP or KSP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "SpelledProvider")]
pub struct ProviderName {
    /// Its name.
    pub name: String,
    /// Provider type of a CSP, where known.
    pub provider_type: Option<u32>,
    /// Whether it can hash with SHA-256, where known.
    pub sha256: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SpelledProvider {
    Name(String),
    Full(FullProvider),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullProvider {
    name: String,
    #[serde(rename = "type")]
    provider_type: Option<u32>,
    sha256: Option<bool>,
}

impl From<SpelledProvider> for ProviderName {
    fn from(spelled: SpelledProvider) -> ProviderName {
        match spelled {
            SpelledProvider::Name(name) => ProviderName { name, provider_type: None, sha256: None },
            SpelledProvider::Full(FullProvider { name, provider_type, sha256 }) => {
                ProviderName { name, provider_type, sha256 }
            }
        }
    }
}

/// SKF libraries by system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skf {
    linux: Vec<String>,
    macos: Vec<String>,
    windows: Vec<String>,
}

impl Skf {
    pub(super) fn files(&self) -> impl Iterator<Item = &String> {
        self.linux.iter().chain(&self.macos).chain(&self.windows)
    }
}

/// What module and token call themselves. `library`, `label` and `slot` need only be contained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Says {
    /// Description of the library.
    pub library: Vec<String>,
    /// Maker of the library.
    pub library_maker: Vec<String>,
    /// Maker of the token.
    pub maker: Vec<String>,
    /// Model of the token.
    pub model: Vec<String>,
    /// Label of the token.
    pub label: Vec<String>,
    /// Description of the slot.
    pub slot: Vec<String>,
}

/// How sure it is that a device goes with a driver. A guess is a case of its own: whoever shows one has to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Link {
    /// A source says so.
    Stated(String),
    /// The device calls itself what the driver is made for.
    ByName(String),
    /// Neither.
    Guess(String),
}

impl Link {
    /// The driver's entry.
    pub fn driver(&self) -> &str {
        match self {
            Link::Stated(driver) | Link::ByName(driver) | Link::Guess(driver) => driver,
        }
    }
}

/// What a USB device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// A token, always.
    Token,
    /// A reader: a token only while a card is in it.
    Reader,
}

/// A USB device.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "RawUsb")]
pub struct UsbEntry {
    /// `vid:pid`, lower-case hex.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Its drivers.
    pub links: Vec<Link>,
}

/// A maker that builds nothing but keys and readers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vendor {
    pub(super) vid: String,
    pub(super) name: String,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "RawCard")]
pub struct Card {
    /// Its answer to reset, upper-case hex.
    pub atr: String,
    /// Bits that count; `None`: all.
    pub mask: Option<String>,
    /// What it is called.
    pub name: String,
    /// Its drivers.
    pub links: Vec<Link>,
}

impl Card {
    pub(super) fn fits(&self, atr: &[u8]) -> bool {
        let Some(own) = bytes(&self.atr) else { return false };
        match self.mask.as_deref().map(bytes) {
            None => own == atr,
            Some(Some(mask)) => {
                own.len() == atr.len()
                    && mask.len() == atr.len()
                    && own.iter().zip(&mask).zip(atr).all(|((own, mask), atr)| atr & mask == *own)
            }
            Some(None) => false,
        }
    }

    /// Bits that decide.
    pub(super) fn bits(&self) -> u32 {
        match self.mask.as_deref().and_then(bytes) {
            Some(mask) => mask.iter().map(|byte| byte.count_ones()).sum(),
            None => self.atr.len() as u32 * 4,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawUsb {
    id: String,
    name: String,
    kind: DeviceKind,
    #[serde(default)]
    stated: Vec<String>,
    #[serde(default)]
    by_name: Vec<String>,
    #[serde(default)]
    guess: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCard {
    atr: String,
    mask: Option<String>,
    name: String,
    #[serde(default)]
    stated: Vec<String>,
    #[serde(default)]
    by_name: Vec<String>,
    #[serde(default)]
    guess: Vec<String>,
}

fn links(stated: Vec<String>, by_name: Vec<String>, guess: Vec<String>) -> Vec<Link> {
    let (stated, by_name) = (stated.into_iter().map(Link::Stated), by_name.into_iter().map(Link::ByName));
    stated.chain(by_name).chain(guess.into_iter().map(Link::Guess)).collect()
}

impl From<RawUsb> for UsbEntry {
    fn from(raw: RawUsb) -> UsbEntry {
        let links = links(raw.stated, raw.by_name, raw.guess);
        UsbEntry { id: raw.id, name: raw.name, kind: raw.kind, links }
    }
}

impl From<RawCard> for Card {
    fn from(raw: RawCard) -> Card {
        let links = links(raw.stated, raw.by_name, raw.guess);
        Card { atr: raw.atr, mask: raw.mask, name: raw.name, links }
    }
}

/// Hex as bytes.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let plain = hex.len().is_multiple_of(2) && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| (0..hex.len()).step_by(2).map(digits).collect::<Option<_>>())?
}

/// A path as it is compared: file systems of Windows and macOS do not tell cases apart, and two vendors' files that differ only
/// there are not known.
pub(super) fn comparable(path: &str) -> String {
    path.replace('\\', "/").to_lowercase()
}

/// A file name against one that may have a `*`.
pub(in crate::drivers) fn like(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}
