//! Which drivers are installed. Reads folders and settings only; nothing is loaded.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    browsers,
    catalogue::{self, Catalogue, Entry, ModuleFile, Quirk},
    facts::{FileFacts, UsbDevice},
    p11_kit, probe,
    seen::file_facts,
};

/// How a driver was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Its file lies where the catalogue says.
    KnownPath,
    /// p11-kit's configuration names it.
    P11Kit,
    /// A browser has it in its list.
    Browser,
    /// A variable of the environment names it, as other programs read them.
    Environment,
    /// The person named it.
    Named,
}

impl Origin {
    /// Stable word for [`crate::model::Driver`].
    pub fn word(self) -> &'static str {
        match self {
            Origin::KnownPath => "known-path",
            Origin::P11Kit => "p11-kit",
            Origin::Browser => "browser",
            Origin::Environment => "environment",
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
    /// Its entry in the catalogue.
    pub entry: Option<String>,
    /// What it wants to be told when it is started (`pReserved` of `C_Initialize`).
    pub parameters: Option<String>,
    /// Where its maker offers it.
    pub page: Option<String>,
    /// It drives many makers' cards.
    pub generic: bool,
    /// It is only loaded when the person names it.
    pub not_asked: bool,
    /// Its file, seen without loading it.
    pub file: FileFacts,
}

impl InstalledDriver {
    /// The name of its file.
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// Where to look: this machine, or a folder that a test has laid out like one.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// Stands for `/`; `None`: the real one.
    pub root: Option<PathBuf>,
    /// The person's home folder.
    pub home: Option<PathBuf>,
    /// Variables of the environment, by lower-case name.
    pub variables: BTreeMap<String, String>,
}

/// The entry of NSS's own driver. What it keeps is listed as this computer's store, never as a token.
const NSS: &str = "nss-softokn";

/// Variables by which other programs are told their module.
const MODULE_VARIABLES: &[&str] = &["PKCS11_MODULE", "PKCS11_MODULE_PATH", "PKCS11_PROVIDER_MODULE", "PKCS11_DRIVER"];

impl Roots {
    /// This machine.
    pub fn machine() -> Roots {
        let folders = [
            "SystemRoot",
            "ProgramFiles",
            "ProgramFiles(x86)",
            "ProgramData",
            "APPDATA",
            "SNAP_NAME",
            "PCSCLITE_CSOCK_NAME",
        ];
        let variables = folders.iter().chain(MODULE_VARIABLES);
        Roots {
            root: None,
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            variables: variables.filter_map(|name| Some((name.to_lowercase(), std::env::var(name).ok()?))).collect(),
        }
    }

    /// An absolute path, below the root.
    pub(crate) fn path(&self, absolute: &str) -> PathBuf {
        match &self.root {
            None => PathBuf::from(absolute),
            Some(root) => root.join(absolute.trim_start_matches(['/', '\\'])),
        }
    }

    /// A path of the catalogue if it is absolute, its variable filled in; `None` if it is relative or the variable is not set.
    pub(crate) fn expand(&self, path: &str) -> Option<PathBuf> {
        if let Some((variable, rest)) = path.strip_prefix('%').and_then(|path| path.split_once('%')) {
            return Some(self.path(&format!("{}{rest}", self.variables.get(&variable.to_lowercase())?)));
        }
        let drive = path.as_bytes().get(1) == Some(&b':');
        (path.starts_with('/') || drive).then(|| self.path(path))
    }

    /// A text of the catalogue with the home folder filled in.
    fn with_home(&self, text: &str) -> Option<String> {
        Some(text.replace("{home}", self.home.as_ref()?.to_str()?))
    }
}

/// A machine and what is known about drivers.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Where to look.
    pub roots: Roots,
    /// What is known.
    pub catalogue: Arc<Catalogue>,
}

impl Default for Machine {
    /// Nowhere in particular, with what the program brings along.
    fn default() -> Machine {
        Machine { roots: Roots::default(), catalogue: Catalogue::built_in() }
    }
}

impl Machine {
    /// This machine, with the entries that the administrator and, in `HOME/drivers.d`, the person have added. `person`: that
    /// person's home folder, where it is another than the system says.
    pub fn here(home: &Path, person: Option<PathBuf>) -> Machine {
        let machine = Roots::machine();
        Machine::at(Roots { home: person.or(machine.home), ..machine }, home)
    }

    /// The machine there.
    pub fn at(roots: Roots, home: &Path) -> Machine {
        let mut folders: Vec<PathBuf> = probe::additions(&roots).into_iter().collect();
        folders.push(home.join("drivers.d"));
        let catalogue = Catalogue::with_additions(&folders);
        Machine { roots, catalogue }
    }

    /// A driver the person named; whether the file is there shows when it is looked at.
    pub fn named(&self, path: &Path) -> InstalledDriver {
        let driver = self.driver(path.to_owned(), Origin::Named);
        InstalledDriver { file: file_facts(path), ..driver }
    }

    fn driver(&self, path: PathBuf, origin: Origin) -> InstalledDriver {
        let entry = self.catalogue.of_file(&path).into_iter().next();
        let is = |quirk: Quirk| entry.is_some_and(|entry| entry.is(quirk));
        InstalledDriver {
            name: entry.map(|entry| entry.name.clone()),
            entry: entry.map(|entry| entry.id.clone()),
            parameters: entry
                .and_then(|entry| entry.parameters.as_deref())
                .and_then(|parameters| self.roots.with_home(parameters)),
            page: entry.and_then(|entry| entry.page.clone()),
            generic: is(Quirk::Generic),
            not_asked: is(Quirk::NotAsked) && origin != Origin::Named,
            file: FileFacts::default(),
            path,
            origin,
        }
    }

    /// The drivers installed: those of the catalogue first, then those that other programs' settings name. One file is listed once,
    /// however many names it has.
    pub fn installed(&self) -> Vec<InstalledDriver> {
        let places = Places { roots: &self.roots, folders: probe::folders(&self.roots) };
        let mut found = Vec::new();
        for entry in self.catalogue.drivers().iter().filter(|entry| listed(entry)) {
            for path in probe::files(entry).iter().flat_map(|file| places.of(file)) {
                found.push(self.driver(path, Origin::KnownPath));
            }
        }
        for settings in p11_kit::configured(&probe::p11_kit_folders(&self.roots)).values() {
            // A relative name is meant below `<libdir>/pkcs11`, and every system has several of those; the first one counts.
            let path = p11_kit::module(settings).and_then(|file| places.first(file));
            found.extend(path.map(|path| self.driver(path, Origin::P11Kit)));
        }
        let browsers = browsers::modules(&self.roots).into_iter().filter_map(|file| places.first(&file));
        found.extend(browsers.map(|path| self.driver(path, Origin::Browser)));
        let variables = MODULE_VARIABLES.iter().filter_map(|name| self.roots.variables.get(&name.to_lowercase()));
        let variables = variables.filter_map(|file| places.first(file));
        found.extend(variables.map(|path| self.driver(path, Origin::Environment)));

        let entry = |driver: &InstalledDriver| driver.entry.as_ref().and_then(|id| self.catalogue.driver(id));
        found.retain(|driver| entry(driver).is_none_or(listed));
        let mut seen = HashSet::new();
        // Links under several names are the rule (`libykcs11.so`, `libykcs11.so.2`).
        found.retain(|driver| driver.path.is_file() && driver.path.canonicalize().is_ok_and(|file| seen.insert(file)));
        found.iter_mut().for_each(|driver| driver.file = file_facts(&driver.path));
        found
    }

    /// The USB devices that are keys or readers, or of a maker that builds nothing else. Asks for no rights and claims nothing.
    pub fn usb(&self) -> Vec<UsbDevice> {
        let known = |device: &UsbDevice| {
            device.ccid
                || self.catalogue.usb(&device.vid, &device.pid).is_some()
                || self.catalogue.vendor(&device.vid).is_some()
        };
        let mut devices = probe::usb(&self.roots);
        devices.retain(known);
        devices
    }

    /// The driver of NSS databases, told which one it is to open.
    #[allow(dead_code, reason = "not every system's store is a database of NSS")]
    pub(crate) fn nss(&self, database: &Path, flags: &str) -> Option<InstalledDriver> {
        let places = Places { roots: &self.roots, folders: probe::folders(&self.roots) };
        let files = self.catalogue.driver(NSS).map(probe::files)?;
        let path = files.iter().flat_map(|file| places.of(file)).find(|path| path.is_file())?;
        let quoted = database.to_str()?.replace('\\', "\\\\").replace('\'', "\\'");
        let parameters =
            format!("configdir='sql:{quoted}' certPrefix='' keyPrefix='' secmod='secmod.db' flags={flags}");
        Some(InstalledDriver { parameters: Some(parameters), ..self.driver(path, Origin::KnownPath) })
    }
}

/// The drivers that p11-kit is configured for.
pub(crate) fn p11_kit_modules(roots: &Roots) -> Vec<String> {
    let places = Places { roots, folders: probe::folders(roots) };
    let configured = p11_kit::configured(&probe::p11_kit_folders(roots));
    let files = configured.values().filter_map(|settings| places.first(p11_kit::module(settings)?));
    files.map(|file| file.display().to_string()).collect()
}

/// Some entries are there to be recognised only.
fn listed(entry: &Entry) -> bool {
    !entry.is(Quirk::NotListed)
}

/// Where a file of the catalogue or of a setting may lie.
struct Places<'a> {
    roots: &'a Roots,
    folders: Vec<PathBuf>,
}

impl Places<'_> {
    fn of(&self, file: &ModuleFile) -> Vec<PathBuf> {
        match file.file.contains('*') {
            true => self.under(&file.file).iter().flat_map(|path| alike(path)).collect(),
            false => self.under(&file.file),
        }
    }

    fn under(&self, file: &str) -> Vec<PathBuf> {
        match self.roots.expand(file) {
            Some(path) => vec![path],
            None if file.starts_with('%') => Vec::new(),
            None => self.folders.iter().map(|folder| folder.join(file)).collect(),
        }
    }

    fn first(&self, file: &str) -> Option<PathBuf> {
        self.under(file).into_iter().find(|path| path.is_file())
    }
}

/// The files that a name with a `*` means.
fn alike(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(pattern)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let pattern = pattern.to_string_lossy().to_lowercase();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let fits = |path: &PathBuf| {
        path.file_name().is_some_and(|name| catalogue::like(&pattern, &name.to_string_lossy().to_lowercase()))
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
    files.sort();
    files
}
