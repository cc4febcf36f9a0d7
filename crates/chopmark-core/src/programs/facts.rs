//! The programs that are here, and what each of them loads.

use std::path::{Path, PathBuf};

use super::windows;
use crate::{
    drivers::{CHROMIUM, Database, FIREFOX, Roots, databases, p11_kit_modules},
    files::read_short,
};

/// What a program goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One NSS database for all of them.
    Chromium,
    /// An NSS database for each profile.
    Firefox,
    /// Likewise.
    Thunderbird,
    /// A Mac's keychains, and CryptoTokenKit.
    Keychain,
    /// Key stores, and PKCS#11 where it is configured.
    Java,
    /// Files, and PKCS#11 through an engine or provider.
    OpenSsl,
    /// Signs with what the first profile of Firefox has.
    Follower,
    /// Windows' own store.
    System,
    /// Windows' own store, a certificate of which has to be named; and files.
    Schannel,
}

/// A program of this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    /// As people call it.
    pub(crate) name: String,
    /// `snap`, `flatpak` or empty.
    pub(crate) packaging: String,
    /// Where it has several.
    pub(crate) profile: Option<String>,
    /// Its NSS database.
    pub(crate) store: Option<PathBuf>,
    /// Drivers in its list; of OpenSSL: what it has for PKCS#11.
    pub(crate) modules: Vec<String>,
    /// It cannot load this system's drivers.
    pub(crate) sandboxed: bool,
    /// Firefox: it uses client certificates of Windows' store.
    pub(crate) system_certificates: bool,
}

impl Program {
    pub(super) fn plain(kind: Kind, name: &str) -> Program {
        let (packaging, modules) = (String::new(), Vec::new());
        Program {
            kind,
            name: name.to_owned(),
            packaging,
            profile: None,
            store: None,
            modules,
            sandboxed: false,
            system_certificates: false,
        }
    }
}

/// All of them, and what they have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Around {
    pub(crate) programs: Vec<Program>,
    /// Drivers that p11-kit hands to whoever loads its proxy.
    pub(crate) p11_kit: Vec<String>,
    /// The person's own NSS database.
    pub(crate) own_store: Option<PathBuf>,
    /// There are keychains, and no NSS database that programs share.
    pub(crate) keychains: bool,
    /// This is Windows, which has a store of its own.
    pub(crate) windows: bool,
}

/// Longest configuration of Java that is read.
const LONGEST: u64 = 256 * 1024;
/// Chromium and its kin.
const CHROMIUMS: [(&str, &str); 5] = [
    ("chromium", "Chromium"),
    ("google-chrome", "Chrome"),
    ("microsoft-edge", "Edge"),
    ("brave-browser", "Brave"),
    ("vivaldi", "Vivaldi"),
];
/// Where macOS keeps its own certificates; there are keychains where this is.
const KEYCHAINS: &str = "/System/Library/Keychains";
/// Programs of a Mac that go by its keychains.
const KEYCHAIN_PROGRAMS: [(&str, &str); 5] = [
    ("/Applications/Safari.app", "Safari"),
    ("/System/Applications/Mail.app", "Mail"),
    ("/Applications/Google Chrome.app", "Chrome"),
    ("/Applications/Microsoft Edge.app", "Edge"),
    ("/Applications/Microsoft Outlook.app", "Outlook"),
];
/// Signing tools that take what Firefox has.
const FOLLOWERS: [(&str, &str); 3] = [("libreoffice", "LibreOffice"), ("okular", "Okular"), ("autofirma", "AutoFirma")];
/// What OpenSSL loads for `pkcs11:` addresses.
const OPENSSL_MODULES: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so",
    "/usr/lib/x86_64-linux-gnu/ossl-modules/pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/engines-3/pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/ossl-modules/pkcs11.so",
    "/usr/lib64/engines-3/pkcs11.so",
    "/usr/lib64/ossl-modules/pkcs11.so",
];
/// Configurations of Java: of the installed ones, and the administrator's.
const JAVA_FOLDERS: [&str; 2] = ["/usr/lib/jvm", "/etc/java"];

impl Around {
    /// This computer. Only looks at files; nothing is started.
    pub(crate) fn here(roots: &Roots) -> Around {
        let is = |file: &str| roots.path(file).exists();
        let program = |name: &str| ["/usr/bin", "/usr/local/bin"].iter().any(|folder| is(&format!("{folder}/{name}")));
        let all = databases(roots);
        let mut around = Around {
            p11_kit: p11_kit_modules(roots),
            own_store: all.first().map(|own| own.folder.clone()).filter(|_| !is(KEYCHAINS)),
            keychains: is(KEYCHAINS),
            windows: windows::is_here(roots),
            programs: windows::programs(roots),
        };
        if around.keychains {
            let there = KEYCHAIN_PROGRAMS.iter().filter(|(folder, _)| is(folder));
            around.programs.extend(there.map(|(_, name)| Program::plain(Kind::Keychain, name)));
        }
        let installed = CHROMIUMS.iter().filter(|(file, _)| program(file)).map(|(_, name)| *name).collect::<Vec<_>>();
        for database in all {
            let (shared, there) = (database.program == CHROMIUM && database.packaging.is_empty(), database.exists());
            if there || (shared && !installed.is_empty()) {
                let name = if shared && !installed.is_empty() { installed.join(", ") } else { database.program.into() };
                let system_certificates = around.windows && windows::uses_the_store(&database.folder);
                around.programs.push(Program { system_certificates, ..of_database(database, name) });
            }
        }
        if program("java") {
            let modules = java_drivers(roots);
            around.programs.push(Program { modules, ..Program::plain(Kind::Java, "Java") });
        }
        if program("curl") || program("openssl") {
            let modules = OPENSSL_MODULES.iter().filter(|file| is(file)).map(|file| (*file).to_owned()).collect();
            around.programs.push(Program { modules, ..Program::plain(Kind::OpenSsl, "OpenSSL, curl") });
        }
        if program("jsignpdf") {
            around.programs.push(Program::plain(Kind::Java, "JSignPdf"));
        }
        let followers = FOLLOWERS.iter().filter(|(file, _)| program(file));
        around.programs.extend(followers.map(|(_, name)| Program::plain(Kind::Follower, name)));
        around
    }
}

fn of_database(database: Database, name: String) -> Program {
    let kind = match database.program {
        CHROMIUM => Kind::Chromium,
        FIREFOX => Kind::Firefox,
        _ => Kind::Thunderbird,
    };
    Program {
        kind,
        name,
        packaging: database.packaging.to_owned(),
        modules: database.modules(),
        profile: database.profile.clone(),
        sandboxed: !database.packaging.is_empty(),
        system_certificates: false,
        store: Some(database.folder),
    }
}

/// The drivers of `SunPKCS11` providers in the configurations of Java.
fn java_drivers(roots: &Roots) -> Vec<String> {
    let mut all = Vec::new();
    for folder in JAVA_FOLDERS {
        let versions = std::fs::read_dir(roots.path(folder)).into_iter().flatten().flatten();
        let named = ["conf/security/java.security", "security/java.security", "jre/lib/security/java.security"];
        let files = versions.flat_map(|one| named.map(|name| one.path().join(name)));
        let debian = std::fs::read_dir(roots.path("/etc")).into_iter().flatten().flatten();
        let debian = debian.filter(|one| one.file_name().to_string_lossy().starts_with("java-"));
        all.extend(files.chain(debian.map(|one| one.path().join("security/java.security"))));
    }
    java_drivers_of(all.into_iter(), roots)
}

/// Those that these files name.
pub(super) fn java_drivers_of(files: impl Iterator<Item = PathBuf>, roots: &Roots) -> Vec<String> {
    let mut drivers = Vec::new();
    for file in files {
        for configuration in read(&file).as_deref().map(configurations).unwrap_or_default() {
            drivers.extend(read(&roots.path(&configuration)).as_deref().and_then(library));
        }
    }
    drivers.sort();
    drivers.dedup();
    drivers
}

fn read(file: &Path) -> Option<String> {
    read_short(file, LONGEST)
}

/// `security.provider.13=SunPKCS11 /etc/java/pkcs11.cfg`
pub(super) fn configurations(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("security.provider."));
    let values = lines.filter_map(|line| line.split_once('=')?.1.trim().strip_prefix("SunPKCS11"));
    let is_absolute = |value: &&str| value.starts_with('/') || value.as_bytes().get(1) == Some(&b':');
    values.map(str::trim).filter(is_absolute).map(str::to_owned).collect()
}

/// `library = /usr/lib/opensc-pkcs11.so`
pub(super) fn library(text: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let mut values = pairs.filter(|(key, _)| key.trim() == "library").map(|(_, value)| value.trim().trim_matches('"'));
    values.next().map(str::to_owned)
}
