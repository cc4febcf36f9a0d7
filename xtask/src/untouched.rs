//! No test touches the databases of whoever runs it (invariant 11): they are the same before and after a run.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
};

/// What lies in the folders of browsers, by path.
pub(crate) struct Untouched {
    home: Option<PathBuf>,
    before: BTreeMap<PathBuf, u64>,
}

/// Below the home folder: browsers and mail, also from snap and flatpak, as Macs have them; and what Chopmark itself keeps.
const FOLDERS: [&str; 13] = [
    ".pki",
    ".mozilla",
    ".config/mozilla",
    ".thunderbird",
    "snap/chromium",
    "snap/firefox",
    "snap/thunderbird",
    ".var/app/org.chromium.Chromium",
    ".var/app/org.mozilla.firefox",
    ".var/app/org.mozilla.Thunderbird",
    ".var/app/org.mozilla.thunderbird",
    "Library/Application Support/Firefox",
    ".local/share/chopmark",
];

impl Untouched {
    pub(crate) fn now() -> Untouched {
        Untouched::of(std::env::home_dir())
    }

    fn of(home: Option<PathBuf>) -> Untouched {
        let before = home.as_deref().map(seen).unwrap_or_default();
        Untouched { home, before }
    }

    /// The files and folders that are new, gone or different now.
    pub(crate) fn changed(&self) -> Vec<String> {
        let after = self.home.as_deref().map(seen).unwrap_or_default();
        let different = |path: &&PathBuf| self.before.get(*path) != after.get(*path);
        let mut paths: Vec<&PathBuf> = self.before.keys().chain(after.keys()).filter(different).collect();
        paths.sort();
        paths.dedup();
        paths.into_iter().map(|path| path.display().to_string()).collect()
    }
}

fn seen(home: &Path) -> BTreeMap<PathBuf, u64> {
    let mut all = BTreeMap::new();
    FOLDERS.iter().for_each(|folder| look(&home.join(folder), &mut all));
    all
}

fn look(path: &Path, all: &mut BTreeMap<PathBuf, u64>) {
    let Ok(about) = fs::symlink_metadata(path) else { return };
    let mut hasher = DefaultHasher::new();
    if about.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| look(&entry.path(), all));
    } else if about.is_file() {
        fs::read(path).unwrap_or_default().hash(&mut hasher);
    } else {
        fs::read_link(path).unwrap_or_default().hash(&mut hasher);
    }
    all.insert(path.to_owned(), hasher.finish());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_shows() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".pki/nssdb/cert9.db");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "before").unwrap();
        let look = || Untouched::of(Some(home.path().to_owned()));
        let before = look();
        assert!(before.changed().is_empty());
        fs::write(&file, "after!").unwrap();
        assert_eq!(before.changed(), [file.display().to_string()]);
        let before = look();
        fs::create_dir_all(home.path().join(".mozilla/firefox")).unwrap();
        assert_eq!(before.changed().len(), 2);
        fs::remove_file(&file).unwrap();
        assert_eq!(before.changed().len(), 3);
        fs::write(home.path().join("other"), "").unwrap();
        assert_eq!(before.changed().len(), 3);
        for folder in ["snap/firefox/common/.mozilla/firefox", ".var/app/org.mozilla.firefox/.mozilla/firefox"] {
            let (before, list) = (look(), home.path().join(folder).join("a1.default/pkcs11.txt"));
            fs::create_dir_all(list.parent().unwrap()).unwrap();
            fs::write(&list, "").unwrap();
            assert!(before.changed().contains(&list.display().to_string()), "{folder}");
        }
    }
}
