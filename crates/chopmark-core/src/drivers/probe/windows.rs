//! Windows. The one place in the registry that lists PKCS#11 modules is Firefox's.

use std::path::PathBuf;

use crate::drivers::{
    Roots,
    browsers::{Lists, profiles},
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
    let databases = roots.expand(r"%APPDATA%\Mozilla\Firefox\Profiles").map(|folder| profiles(&folder));
    let policies = roots.expand(r"%ProgramFiles%\Mozilla Firefox\distribution\policies.json");
    Lists { databases: databases.unwrap_or_default(), policies: policies.into_iter().collect(), ..Lists::default() }
}
