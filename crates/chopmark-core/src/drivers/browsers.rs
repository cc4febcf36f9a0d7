//! Modules that browsers have in their lists: NSS databases (`pkcs11.txt`), manifests and policies of Firefox.

mod databases;
mod registration;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub(crate) use databases::{CHROMIUM, Database, FIREFOX, THUNDERBIRD, profiles};

use super::{Roots, facts::Browser, probe};
use crate::files::{is_same, read_short};

/// An NSS database's list of modules.
const LIST: &str = "pkcs11.txt";
/// Longest file read.
const LONGEST: u64 = 256 * 1024;
/// NSS's own modules, and those that show what others show: p11-kit's, and the system's certificates.
const NOT_DRIVERS: &[&str] =
    &["libnssckbi", "nssckbi", "p11-kit-", "libosclientcerts", "libipcclientcerts", "libsoftokn3"];

/// The files of all browsers' modules as written there, each once.
pub(super) fn modules(roots: &Roots) -> Vec<String> {
    let lists = probe::browser_lists(roots);
    let databases = lists.databases.iter().flat_map(Database::modules);
    let manifests = lists.manifests.iter().flat_map(|folder| files(folder, "json")).filter_map(|file| manifest(&file));
    let policies = lists.policies.iter().flat_map(|file| policy(file));
    let mut all: Vec<String> = Vec::new();
    for module in databases.chain(manifests).chain(policies).chain(lists.modules.iter().cloned()) {
        let name = module.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
        if !NOT_DRIVERS.iter().any(|own| name.starts_with(own)) && !all.contains(&module) {
            all.push(module);
        }
    }
    all
}

/// The browsers whose databases are there, each kind of one once.
pub(crate) fn browsers(roots: &Roots) -> Vec<Browser> {
    let lists = probe::browser_lists(roots);
    let mut found: Vec<Browser> = Vec::new();
    for one in lists.databases.iter().filter(|one| one.folder.join(LIST).is_file()) {
        // Mail is no matter of the check-up's.
        let (name, packaging) = (one.program, one.packaging);
        if name == THUNDERBIRD {
            continue;
        }
        let database = one.folder.display().to_string();
        let mut drivers = one.modules();
        if name == FIREFOX && packaging.is_empty() {
            let manifests = lists.manifests.iter().flat_map(|folder| files(folder, "json"));
            drivers.extend(manifests.filter_map(|file| manifest(&file)));
            drivers.extend(lists.policies.iter().flat_map(|file| policy(file)));
        }
        match found.iter_mut().find(|one| one.name == name && one.packaging == packaging) {
            Some(known) => known.drivers.append(&mut drivers),
            None => found.push(Browser { name: name.into(), packaging: packaging.into(), database, drivers }),
        }
    }
    found
}

/// The databases of this machine's programs; those of profiles only where they are there.
pub(crate) fn databases(roots: &Roots) -> Vec<Database> {
    probe::browser_lists(roots).databases
}

/// The database in this folder, with whose it is where that is known.
pub(crate) fn database_at(roots: &Roots, folder: &Path) -> Database {
    let known = databases(roots).into_iter().find(|one| is_same(&one.folder, folder));
    known.unwrap_or_else(|| Database::unknown(folder.to_owned()))
}

/// Where this system's browsers keep their lists.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// NSS databases.
    pub(super) databases: Vec<Database>,
    /// Folders of manifests.
    pub(super) manifests: Vec<PathBuf>,
    /// Files of policies.
    pub(super) policies: Vec<PathBuf>,
    /// Modules named elsewhere (the registry).
    pub(super) modules: Vec<String>,
}

/// The modules of one NSS database.
fn registered(database: &Path) -> Vec<String> {
    read(&database.join(LIST)).map(|text| libraries(&text)).unwrap_or_default()
}

/// `library=` lines; NSS's own module has none.
fn libraries(text: &str) -> Vec<String> {
    let values = text.lines().filter_map(|line| line.trim().strip_prefix("library="));
    values.map(|value| value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty()).collect()
}

/// What a manifest (`pkcs11-modules/NAME.json`) names; relative to its folder on some systems.
pub(super) fn manifest(file: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(rename = "type")]
        kind: String,
        path: String,
    }
    let manifest: Manifest = serde_json::from_str(&read(file)?).ok()?;
    let relative = Path::new(&manifest.path).is_relative() && !manifest.path.contains(':');
    let beside = || Some(file.parent()?.join(&manifest.path).to_str()?.to_owned());
    (manifest.kind == "pkcs11").then(|| if relative { beside() } else { Some(manifest.path.clone()) })?
}

/// `policies.SecurityDevices`: names and files, or those below `Add`.
fn policy(file: &Path) -> Vec<String> {
    #[derive(Deserialize)]
    struct Document {
        policies: Policies,
    }
    #[derive(Deserialize)]
    struct Policies {
        #[serde(rename = "SecurityDevices", default)]
        devices: BTreeMap<String, serde_json::Value>,
    }
    let parsed = read(file).and_then(|text| serde_json::from_str::<Document>(&text).ok());
    let devices = parsed.map(|document| document.policies.devices).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let added = devices.get("Add").and_then(|add| add.as_object()).into_iter().flat_map(|add| add.values());
    devices.values().chain(added).filter_map(text).collect()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|its| its == extension));
    files.sort();
    files
}

fn read(path: &Path) -> Option<String> {
    read_short(path, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_databases() {
        let text = "library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:/h/.pki/nssdb'\n\n\
                    library=/usr/lib/softhsm/libsofthsm2.so\nname=soft\nNSS=  trustOrder=100\n\n library=\"/a b/x.so\"\n";
        assert_eq!(libraries(text), ["/usr/lib/softhsm/libsofthsm2.so", "/a b/x.so"]);
        assert!(libraries("name=x\nlibrary").is_empty());
    }

    #[test]
    fn reads_manifests_and_policies() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let of = |text: &str| manifest(&write("m.json", text));
        // Where there are drives, it gets one.
        assert!(of(r#"{"name":"a","type":"pkcs11","path":"/a/x.so"}"#).is_some_and(|path| path.ends_with("/a/x.so")));
        assert_eq!(of(r#"{"type":"pkcs11","path":"C:\\a\\x.dll"}"#).as_deref(), Some(r"C:\a\x.dll"));
        assert!(
            of(r#"{"type":"pkcs11","path":"x.so"}"#)
                .is_some_and(|path| path.ends_with([std::path::MAIN_SEPARATOR_STR, "x.so"].concat().as_str()))
        );
        for other in [r#"{"type":"stdio","path":"/a/x"}"#, "{", ""] {
            assert_eq!(of(other), None, "{other}");
        }
        let both = r#"{"policies":{"SecurityDevices":{"A":"/a.so","Add":{"B":"/b.so"},"Delete":["C"]},"Other":true}}"#;
        assert_eq!(policy(&write("p.json", both)), ["/a.so", "/b.so"]);
        assert!(policy(&write("p.json", r#"{"policies":{}}"#)).is_empty());
        assert!(policy(&folder.path().join("none")).is_empty());
    }
}
