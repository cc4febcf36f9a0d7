//! macOS. CryptoTokenKit extensions are no PKCS#11 modules and are not looked for here.

use std::path::PathBuf;

use crate::drivers::{Roots, catalogue::Entry};

/// The entry's files as they stand in the catalogue.
pub(in crate::drivers) fn files(entry: &Entry) -> &[String] {
    &entry.macos
}

/// Library folders: OpenSC's installer, Homebrew for Apple silicon, Homebrew for Intel and the vendors.
pub(in crate::drivers) fn folders(roots: &Roots) -> Vec<PathBuf> {
    let folders = [
        "/Library/OpenSC/lib",
        "/Library/OpenSC/lib/pkcs11",
        "/opt/homebrew/lib",
        "/opt/homebrew/lib/pkcs11",
        "/usr/local/lib",
        "/usr/local/lib/pkcs11",
    ];
    folders.iter().map(|folder| roots.path(folder)).collect()
}

/// p11-kit comes with Homebrew only.
pub(in crate::drivers) fn p11_kit_folders(roots: &Roots) -> Vec<PathBuf> {
    let folders = ["/opt/homebrew", "/usr/local"];
    let mut folders: Vec<PathBuf> = folders
        .iter()
        .flat_map(|prefix| [format!("{prefix}/share/p11-kit/modules"), format!("{prefix}/etc/pkcs11/modules")])
        .map(|folder| roots.path(&folder))
        .collect();
    folders.extend(roots.home.as_ref().map(|home| home.join(".config/pkcs11/modules")));
    folders
}
