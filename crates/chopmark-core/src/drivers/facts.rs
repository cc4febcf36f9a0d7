//! What a check-up sees: plain data, collected once, judged by [`super::rules`], saved in a report, and loaded again on the help
//! desk's machine (`chopmark doctor --replay`).
//!
//! Deliberately absent: PINs, codes, keys, whatever else is secret. Names and serial numbers are in here; the report shortens them.

use serde::{Deserialize, Serialize};

use crate::model::{KeyChoice, PinState};

/// Version of this shape in a saved report; a reader takes this and older ones.
pub const FORMAT: u32 = 1;

/// One look at a machine. What could not be asked is empty or `None`: absence is never a finding by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Facts {
    /// [`FORMAT`] of whoever wrote it.
    pub format: u32,
    /// When it was taken, seconds since 1970.
    pub taken: i64,
    /// Version of Chopmark that took it.
    pub build: String,
    /// The machine.
    pub system: System,
    /// The smart card service; `None`: not asked.
    pub reader_service: Option<ReaderService>,
    /// USB devices that are security keys, card readers, or of a maker of such.
    pub usb: Vec<UsbDevice>,
    /// What is plugged in, recognised by all of these together, and the drivers for it.
    pub plugged: Vec<Plugged>,
    /// PKCS#11 drivers, and what they answered.
    pub drivers: Vec<DriverFacts>,
    /// Our helper program is missing or of another version: no driver could be asked.
    pub helper: Option<Problem>,
    /// CSPs and KSPs (Windows).
    pub providers: Vec<Provider>,
    /// Certificates in the system's store and the provider each is bound to (Windows).
    pub bindings: Vec<Binding>,
    /// Windows settings that change which provider is used.
    pub windows: Option<WindowsSettings>,
    /// Certificates found in any place.
    pub certificates: Vec<CertificateFacts>,
    /// The CA that was asked for, if one was.
    pub ca: Option<CaFacts>,
    /// Browsers found.
    pub browsers: Vec<Browser>,
    /// Driver that the person has chosen for a token.
    pub choices: Vec<Choice>,
    /// Files of added catalogue entries that could not be read.
    pub catalogue_faults: Vec<CatalogueFault>,
}

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct System {
    /// `linux`, `windows`, `macos` (`std::env::consts::OS`).
    pub os: String,
    /// Name and version as the system gives it.
    pub version: String,
    /// `x86_64`, `aarch64` … (`std::env::consts::ARCH`).
    pub arch: String,
    /// We run in a sandbox: `snap`, `flatpak`, `container`; empty: no.
    pub sandbox: String,
}

/// The smart card service (PC/SC): pcscd, SCardSvr, com.apple.ifdreader.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ReaderService {
    /// How it stands.
    pub state: ServiceState,
    /// The service's own word (name of the SCARD error), for the fold.
    pub detail: String,
    /// Its readers.
    pub readers: Vec<Reader>,
}

/// How a service stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// It answers.
    #[default]
    Running,
    /// Its library is not on this machine.
    NotInstalled,
    /// It is there and does not run.
    NotRunning,
    /// It runs and does not let us (polkit, group, sandbox).
    Denied,
    /// It did not answer in time.
    Hangs,
    /// It answered with another error.
    Faulty,
}

/// A card reader, or a USB key that shows itself as one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reader {
    /// The service's name for it.
    pub name: String,
    /// A card is in it.
    pub card: bool,
    /// The card does not answer to reset.
    pub mute: bool,
    /// Another program holds it for itself alone.
    pub exclusive: bool,
    /// Answer to reset, upper-case hex; empty without a card.
    pub atr: String,
}

/// A USB device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct UsbDevice {
    /// Vendor id, four lower-case hex digits.
    pub vid: String,
    /// Product id, likewise.
    pub pid: String,
    /// What it says of its maker.
    pub manufacturer: String,
    /// What it says it is.
    pub product: String,
    /// One of its interfaces is a smart card reader (class 0x0b, CCID).
    pub ccid: bool,
}

/// A token that is plugged in, as USB, the smart card service and the drivers show it together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Plugged {
    /// What it is remembered by (see `remembered.rs` for the form).
    pub id: String,
    /// What it says it is, or what the catalogue knows it by.
    pub name: String,
    /// `VID:PID`, where it was seen by USB.
    pub usb: String,
    /// Reader, where the smart card service sees it.
    pub reader: String,
    /// Label, where a driver sees a token in it.
    pub label: String,
    /// Drivers for it, best first; those that are not installed, too.
    pub drivers: Vec<Candidate>,
}

/// A driver in the order for one token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Candidate {
    /// What it is called.
    pub name: String,
    /// File of a PKCS#11 driver, name of a CSP or KSP; empty: not installed.
    pub driver: String,
    /// Is the one that would be used.
    pub chosen: bool,
    /// Is installed and belongs to this token, or sees it.
    pub fits: bool,
    /// Sees this token.
    pub sees: bool,
    /// Drives many makers' cards (OpenSC).
    pub generic: bool,
    /// That it fits is a guess.
    pub guess: bool,
    /// Where its maker offers it.
    pub download: String,
}

/// A PKCS#11 driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DriverFacts {
    /// Its file.
    pub path: String,
    /// How it was found, [`super::Origin::word`].
    pub origin: String,
    /// Its entry in the catalogue; empty: unknown.
    pub entry: String,
    /// What it is called.
    pub name: String,
    /// It drives many makers' cards (OpenSC).
    pub generic: bool,
    /// It is only loaded when the person names it.
    pub not_asked: bool,
    /// Its file, seen before it was loaded.
    pub file: FileFacts,
    /// It started and said who it is.
    pub started: bool,
    /// What it says of itself.
    pub description: String,
    /// What it says of its maker.
    pub manufacturer: String,
    /// What it says of its version.
    pub version: String,
    /// Why it could not be used.
    pub problem: Option<Problem>,
    /// Milliseconds until it had answered everything.
    pub took: u64,
    /// Its tokens.
    pub tokens: Vec<TokenFacts>,
}

/// A driver's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FileFacts {
    /// It can be read by us.
    pub readable: bool,
    /// `elf`, `pe`, `mach-o`; empty: no library.
    pub format: String,
    /// Architectures in it, `x86_64`.
    pub architectures: Vec<String>,
    /// Bits of an address; 0: unknown.
    pub bits: u8,
    /// Version in the file, where its format has one.
    pub version: String,
    /// Signature, where the system has one: `good`, `bad`, `untrusted` (whole, by nobody this system knows), `none`; empty: not looked for.
    pub signature: String,
}

/// Why a driver could not be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Problem {
    /// Number of the error code ([`crate::error::Code::number`]).
    pub code: u16,
    /// Facts for its sentence.
    pub facts: std::collections::BTreeMap<String, String>,
    /// Raw words.
    pub detail: String,
}

/// A token behind a driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TokenFacts {
    /// Label.
    pub label: String,
    /// Serial number.
    pub serial: String,
    /// Model.
    pub model: String,
    /// Maker.
    pub manufacturer: String,
    /// The driver's name for the slot; often the name of the reader.
    pub slot_description: String,
    /// Was set up.
    pub initialized: bool,
    /// The slot is for devices that come and go.
    pub removable: bool,
    /// State of the user PIN.
    pub pin: PinState,
    /// State of the SO PIN.
    pub so_pin: PinState,
    /// No writing possible.
    pub write_protected: bool,
    /// The PIN is typed on the device.
    pub pin_pad: bool,
    /// Keys it can make.
    pub keys: Vec<KeyChoice>,
    /// Bytes free for keys, where it tells.
    pub free_memory: Option<u64>,
    /// Keys without a certificate, by their label or id; seen by their public half, without the PIN.
    pub lone_keys: Vec<String>,
}

/// A CSP or KSP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Provider {
    /// Its name, as programs give it.
    pub name: String,
    /// `csp` or `ksp`.
    pub kind: String,
    /// Provider type of a CSP (`PROV_RSA_AES` is 24).
    pub provider_type: u32,
    /// It can be opened.
    pub opens: bool,
    /// A token is behind it now.
    pub token: bool,
    /// It can hash with SHA-256.
    pub sha256: Option<bool>,
    /// Keys it can make.
    pub keys: Vec<KeyChoice>,
    /// Raw words when it does not open.
    pub detail: String,
}

/// A certificate of the system's store and the provider that its key is said to be in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Binding {
    /// SHA-256 fingerprint of the certificate.
    pub certificate: String,
    /// Provider named; empty: not bound.
    pub provider: String,
    /// `csp` or `ksp`.
    pub kind: String,
    /// Container named.
    pub container: String,
    /// The key could be opened there.
    pub opens: Option<bool>,
    /// Name of the provider that really has the key, where one was found.
    pub found_in: String,
    /// Raw words when it does not open.
    pub detail: String,
}

/// Windows settings that change which provider is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WindowsSettings {
    /// `DisableCapiOverrideForRSA` (CVE-2024-30098); `None`: not set.
    pub disable_capi_override_for_rsa: Option<u32>,
}

/// A certificate somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CertificateFacts {
    /// Common name, or the whole subject.
    pub subject: String,
    /// SHA-256 fingerprint.
    pub sha256: String,
    /// Token label, store or file that it lies in.
    pub place: String,
    /// `token`, `file`, `computer`.
    pub place_kind: String,
    /// Start of validity, seconds since 1970.
    pub not_before: i64,
    /// End of validity, seconds since 1970.
    pub not_after: i64,
    /// Its key is there too; `None`: cannot be told without the PIN.
    pub has_key: Option<bool>,
    /// It is a CA's, not a person's.
    pub authority: bool,
}

/// The CA, as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CaFacts {
    /// Its title.
    pub title: String,
    /// Host of its address.
    pub host: String,
    /// Why it could not be reached (codes of the classes `ca-unreachable` and `untrusted`).
    pub problem: Option<Problem>,
    /// Seconds that this computer's clock is ahead of the CA's; `None`: the CA does not say.
    pub clock_ahead: Option<i64>,
    /// Keys that it takes; empty: any.
    pub keys: Vec<KeyChoice>,
    /// End of validity of the root that lasts longest, seconds since 1970; `None`: the profile has no roots.
    pub roots_end: Option<i64>,
}

/// A browser and the list of certificates and drivers that it uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Browser {
    /// `Firefox`, `Chromium`.
    pub name: String,
    /// `snap`, `flatpak`; empty: installed in the usual way.
    pub packaging: String,
    /// Its NSS database.
    pub database: String,
    /// PKCS#11 drivers registered in it.
    pub drivers: Vec<String>,
}

/// A driver that the person has chosen for a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Choice {
    /// The token (see `remembered.rs` for the form).
    pub token: String,
    /// What other drivers call the same token.
    pub others: Vec<String>,
    /// File of the driver.
    pub driver: String,
}

/// A file of added catalogue entries that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CatalogueFault {
    /// The file.
    pub path: String,
    /// Line and reason.
    pub detail: String,
}
