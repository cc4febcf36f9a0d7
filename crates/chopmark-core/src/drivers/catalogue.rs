//! The drivers we know by name. The facts are data: `catalogue.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// A driver we know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What people call it.
    pub name: String,
    /// Who makes it.
    pub maker: String,
    /// Its files on Linux.
    #[serde(default)]
    pub linux: Vec<String>,
    /// Its files on macOS.
    #[serde(default)]
    pub macos: Vec<String>,
    /// Its files on Windows.
    #[serde(default)]
    pub windows: Vec<String>,
}

#[derive(Deserialize)]
struct Catalogue {
    driver: Vec<Entry>,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it: this cannot fail in the field.
    toml::from_str::<Catalogue>(include_str!("catalogue.toml")).expect("catalogue.toml is well-formed").driver
});

/// All entries; a maker's driver stands before OpenSC's.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// The name for a driver found some other way, by its file name.
pub fn name_of(file: &str) -> Option<&'static str> {
    let same = |path: &String| path.rsplit(['/', '\\']).next().is_some_and(|name| name.eq_ignore_ascii_case(file));
    let lists = |entry: &&Entry| [&entry.linux, &entry.macos, &entry.windows].into_iter().flatten().any(same);
    ENTRIES.iter().find(lists).map(|entry| entry.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn well_formed() {
        assert!(entries().len() > 60);
        let mut names = BTreeSet::new();
        for entry in entries() {
            assert!(names.insert(&entry.name), "twice: {}", entry.name);
            assert!(!entry.maker.is_empty());
            assert!(!(entry.linux.is_empty() && entry.macos.is_empty() && entry.windows.is_empty()), "{}", entry.name);
            for path in entry.linux.iter().chain(&entry.macos) {
                assert!(!path.contains('\\') && !path.contains('*'), "{path}");
            }
        }
        assert_eq!(entries().last().unwrap().name, "OpenSC");
        assert_eq!(name_of("libsofthsm2.so"), Some("SoftHSM 2"));
        assert_eq!(name_of("OPENSC-PKCS11.DLL"), Some("OpenSC"));
        assert_eq!(name_of("libc.so.6"), None);
    }
}
