//! macOS. CryptoTokenKit extensions are no PKCS#11 modules and are not looked for here.

use std::path::PathBuf;

use crate::{
    drivers::{
        Roots,
        browsers::{FIREFOX, Lists, profiles},
        catalogue::{Entry, ModuleFile},
    },
    error::{Code, Error, Result},
};

/// The entry's files as they stand in the catalogue.
pub(in crate::drivers) fn files(entry: &Entry) -> &[ModuleFile] {
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

/// Where the administrator adds to the catalogue.
pub(in crate::drivers) fn additions(roots: &Roots) -> Option<PathBuf> {
    Some(roots.path("/Library/Application Support/Chopmark/drivers.d"))
}

/// Browsers' lists.
pub(in crate::drivers) fn browser_lists(roots: &Roots) -> Lists {
    let manifests = "Library/Application Support/Mozilla/PKCS11Modules";
    let policies = "/Applications/Firefox.app/Contents/Resources/distribution/policies.json";
    let mut lists = Lists {
        manifests: vec![roots.path("/").join(manifests)],
        policies: vec![roots.path(policies)],
        ..Lists::default()
    };
    if let Some(home) = &roots.home {
        lists.manifests.push(home.join(manifests));
        lists.databases = profiles(&home.join("Library/Application Support/Firefox"), FIREFOX, "");
    }
    lists
}

/// Name and version, from a property list of two lines for each key.
#[cfg_attr(test, allow(dead_code, reason = "the tests of one machine compile all three"))]
pub(crate) fn system_version(roots: &Roots) -> String {
    let file = roots.path("/System/Library/CoreServices/SystemVersion.plist");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let after = text.split_once("<key>ProductVersion</key>").map_or("", |(_, after)| after);
    let version = after.split_once("<string>").and_then(|(_, rest)| rest.split_once("</string>"));
    format!("macOS {}", version.map_or("", |(version, _)| version)).trim().to_owned()
}

/// Programs from outside the App Store have none.
#[cfg_attr(test, allow(dead_code, reason = "the tests of one machine compile all three"))]
pub(crate) fn sandbox(_: &Roots) -> String {
    String::new()
}

/// There is no such setting here.
#[cfg_attr(test, allow(dead_code, reason = "the tests of one machine compile all three"))]
pub(crate) fn capi_override() -> Result<Option<u32>> {
    Ok(None)
}

/// There is no such setting here.
#[cfg_attr(test, allow(dead_code, reason = "the tests of one machine compile all three"))]
pub(crate) fn set_capi_override(_: Option<u32>) -> Result<()> {
    Err(Error::new(Code::NoSuchFix, "changing a setting of Windows"))
}
