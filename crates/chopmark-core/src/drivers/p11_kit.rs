//! p11-kit's module configuration (pkcs11.conf(5)): which modules the system knows.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::files::read_short;

/// Programs of ours that `enable-in` and `disable-in` may name.
const OUR_PROGRAMS: &[&str] = &["chopmark", "chopmark-window", "chopmark-token-helper"];
/// Longest configuration file read.
const LONGEST: u64 = 64 * 1024;

/// Keys and values of one `.module` file, or of several of the same name laid over each other.
pub(super) type Settings = BTreeMap<String, String>;

/// The modules configured, by file name; a later folder overrides single keys of an earlier one.
pub(super) fn configured(folders: &[PathBuf]) -> BTreeMap<String, Settings> {
    let mut modules: BTreeMap<String, Settings> = BTreeMap::new();
    for entry in folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten()).flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "module")
            && let (Some(name), Some(text)) =
                (path.file_stem().and_then(|name| name.to_str()), read_short(&path, LONGEST))
        {
            modules.entry(name.to_owned()).or_default().extend(parse(&text));
        }
    }
    modules
}

/// `key: value` lines; a comment begins with `#`.
pub(super) fn parse(text: &str) -> Settings {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

/// The module's file as written, if it is for us: not remote, not disabled, not one of p11-kit's own (the proxy would show every
/// token twice, the trust module holds no keys).
pub(super) fn module(settings: &Settings) -> Option<&str> {
    let names_us = |list: &String| list.split([',', ' ']).any(|program| OUR_PROGRAMS.contains(&program.trim()));
    if settings.contains_key("remote") || settings.get("trust-policy").is_some_and(|policy| policy == "yes") {
        return None;
    }
    // p11-kit: `enable-in` decides alone where it is present.
    let enabled = match (settings.get("enable-in"), settings.get("disable-in")) {
        (Some(list), _) => names_us(list),
        (None, Some(list)) => !names_us(list),
        (None, None) => true,
    };
    let file = settings.get("module").map(String::as_str).filter(|file| !file.is_empty() && enabled)?;
    let own = Path::new(file).file_name()?.to_str()?.starts_with("p11-kit-");
    (!own).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        module(&parse(text)).map(str::to_owned)
    }

    #[test]
    fn reads_module_files() {
        assert_eq!(of("# c\n\nmodule: opensc-pkcs11.so\n").as_deref(), Some("opensc-pkcs11.so"));
        assert_eq!(of("module:/a/b.so\ncritical: no").as_deref(), Some("/a/b.so"));
        for not_ours in [
            "",
            "module:",
            "#module: a.so",
            "module: p11-kit-trust.so",
            "module: /usr/lib/p11-kit-proxy.so",
            "module: p11-kit-client.so",
            "module: a.so\ntrust-policy: yes",
            "module: a.so\nremote: |ssh host p11-kit remote a.so",
            "module: a.so\nenable-in: firefox",
            "module: a.so\nenable-in:",
            "module: a.so\ndisable-in: p11tool, chopmark",
        ] {
            assert_eq!(of(not_ours), None, "{not_ours}");
        }
        assert!(of("module: a.so\nenable-in: firefox chopmark\ndisable-in: chopmark").is_some());
        assert!(of("module: a.so\ndisable-in: firefox").is_some());
    }

    #[test]
    fn later_folders_override() {
        let folder = tempfile::tempdir().unwrap();
        let (system, user) = (folder.path().join("system"), folder.path().join("user"));
        for (path, text) in [(&system, "module: a.so\ncritical: yes"), (&user, "disable-in: chopmark")] {
            std::fs::create_dir(path).unwrap();
            std::fs::write(path.join("x.module"), text).unwrap();
            std::fs::write(path.join("x.module.bak"), "module: b.so").unwrap();
        }
        let modules = configured(&[system.clone(), user, folder.path().join("missing")]);
        assert_eq!(modules.len(), 1);
        assert_eq!(module(&modules["x"]), None);
        assert_eq!(module(&configured(&[system])["x"]), Some("a.so"));
    }
}
