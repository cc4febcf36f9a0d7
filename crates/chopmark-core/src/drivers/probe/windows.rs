//! Windows. The one place in the registry that lists PKCS#11 modules is Firefox's.

use std::path::PathBuf;

use crate::drivers::{
    Roots,
    browsers::{FIREFOX, Lists, profiles},
    catalogue::{Entry, ModuleFile},
};

/// The entry's files as they stand in the catalogue.
pub(in crate::drivers) fn files(entry: &Entry) -> &[ModuleFile] {
    &entry.windows
}

/// A 64-bit program sees the 64-bit drivers there; `SysWOW64` holds what it cannot load.
pub(in crate::drivers) fn folders(roots: &Roots) -> Vec<PathBuf> {
    roots.expand(r"%SystemRoot%\System32").into_iter().collect()
}

/// There is no p11-kit on Windows.
pub(in crate::drivers) fn p11_kit_folders(_: &Roots) -> Vec<PathBuf> {
    Vec::new()
}

/// Where the administrator adds to the catalogue.
pub(in crate::drivers) fn additions(roots: &Roots) -> Option<PathBuf> {
    roots.expand(r"%ProgramData%\Chopmark\drivers.d")
}

/// Browsers' lists.
pub(in crate::drivers) fn browser_lists(roots: &Roots) -> Lists {
    let databases = roots.expand(r"%APPDATA%\Mozilla\Firefox").map(|folder| profiles(&folder, FIREFOX, ""));
    let policies = roots.expand(r"%ProgramFiles%\Mozilla Firefox\distribution\policies.json");
    Lists {
        databases: databases.unwrap_or_default(),
        policies: policies.into_iter().collect(),
        modules: firefox_modules(),
        ..Lists::default()
    }
}

/// There is none around programs that were installed in the usual way.
#[cfg_attr(test, allow(dead_code, reason = "the tests of one machine compile all three"))]
pub(crate) fn sandbox(_: &Roots) -> String {
    String::new()
}

#[cfg(target_os = "windows")]
pub(crate) use registry::{capi_override, set_capi_override, system_version};

#[cfg(target_os = "windows")]
use registry::firefox_modules;

/// There is no registry on the machines that compile this for its test.
#[cfg(not(target_os = "windows"))]
fn firefox_modules() -> Vec<String> {
    Vec::new()
}

#[cfg(target_os = "windows")]
mod registry {
    use std::path::Path;

    use windows_registry::{CURRENT_USER, LOCAL_MACHINE};

    use crate::{
        drivers::{Roots, browsers::manifest},
        error::{Code, Error, Result},
    };

    /// Where the smart card service keeps what holds for the whole computer.
    const CALAIS: &str = r"SOFTWARE\Microsoft\Cryptography\Calais";
    const CAPI_OVERRIDE: &str = "DisableCapiOverrideForRSA";
    /// "The system cannot find the file specified": no such key or value.
    const NOT_FOUND: i32 = 0x8007_0002_u32 as i32;

    /// Modules that are offered to Firefox: each key's value is the file of a manifest.
    pub(super) fn firefox_modules() -> Vec<String> {
        let mut found = Vec::new();
        for root in [LOCAL_MACHINE, CURRENT_USER] {
            let Ok(modules) = root.open(r"SOFTWARE\Mozilla\PKCS11Modules") else { continue };
            for name in modules.keys().into_iter().flatten() {
                let file = modules.open(&name).and_then(|module| module.get_string(""));
                found.extend(file.ok().and_then(|file| manifest(Path::new(&file))));
            }
        }
        found
    }

    /// Name and version.
    pub(crate) fn system_version(_: &Roots) -> String {
        let Ok(key) = LOCAL_MACHINE.open(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion") else { return String::new() };
        let text = |name: &str| key.get_string(name).unwrap_or_default();
        format!("{} {} ({})", text("ProductName"), text("DisplayVersion"), text("CurrentBuild")).trim().to_owned()
    }

    /// `None`: not set.
    pub(crate) fn capi_override() -> Result<Option<u32>> {
        match LOCAL_MACHINE.open(CALAIS).and_then(|key| key.get_u32(CAPI_OVERRIDE)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code().0 == NOT_FOUND => Ok(None),
            Err(error) => {
                Err(Error::new(Code::FileNotReadable, "reading the registry").with("path", CALAIS).because(error))
            }
        }
    }

    /// Sets or removes it; only an administrator may.
    pub(crate) fn set_capi_override(value: Option<u32>) -> Result<()> {
        let changed = LOCAL_MACHINE.options().write().create().open(CALAIS).and_then(|key| match value {
            Some(value) => key.set_u32(CAPI_OVERRIDE, value),
            None => key.remove_value(CAPI_OVERRIDE),
        });
        changed.map_err(|error| {
            Error::new(Code::FileNotWritable, "writing the registry").with("path", CALAIS).because(error)
        })
    }
}
