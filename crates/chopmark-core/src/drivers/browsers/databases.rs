//! Databases of NSS: the one that Chromium and its kin share, and one for each profile of Firefox and Thunderbird.

use std::path::{Path, PathBuf};

use super::{LIST, read};

/// A database, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Who uses it.
    pub(crate) program: &'static str,
    /// How that was installed: "snap", "flatpak" or empty.
    pub(crate) packaging: &'static str,
    /// The profile, where the program has several.
    pub(crate) profile: Option<String>,
}

/// The program that shares one database with others.
pub(crate) const CHROMIUM: &str = "Chromium";
/// A program with profiles.
pub(crate) const FIREFOX: &str = "Firefox";
/// Likewise.
pub(crate) const THUNDERBIRD: &str = "Thunderbird";

impl Database {
    /// One that is not any profile's.
    #[allow(dead_code, reason = "not every system's store is a database of NSS")]
    pub(crate) fn shared(folder: PathBuf, packaging: &'static str) -> Database {
        Database { folder, program: CHROMIUM, packaging, profile: None }
    }

    /// One of which nothing is known but its folder.
    pub(crate) fn unknown(folder: PathBuf) -> Database {
        Database { folder, program: "", packaging: "", profile: None }
    }

    /// A program has been here.
    pub(crate) fn exists(&self) -> bool {
        holds_a_database(&self.folder)
    }

    /// The modules in its list.
    pub(crate) fn modules(&self) -> Vec<String> {
        super::registered(&self.folder)
    }

    /// A sandbox sees its own system and what lies below its part of the home folder, not this system's libraries.
    pub(crate) fn sees(&self, file: &Path, home: Option<&Path>) -> bool {
        let own = match self.packaging {
            "snap" => "snap",
            "flatpak" => ".var/app",
            _ => return true,
        };
        home.is_some_and(|home| file.starts_with(home.join(own)))
    }

    /// The program is running with it, as far as its lock tells. Firefox's is a link to `ADDRESS:+PID`, Chromium's to `HOST-PID`.
    pub(crate) fn in_use(&self, home: Option<&Path>) -> bool {
        let locks: Vec<PathBuf> = match self.program {
            CHROMIUM => {
                let folders = ["chromium", "google-chrome", "microsoft-edge", "BraveSoftware/Brave-Browser", "vivaldi"];
                let home = home.map(|home| home.join(".config"));
                folders.iter().filter_map(|folder| Some(home.as_ref()?.join(folder).join("SingletonLock"))).collect()
            }
            _ => vec![self.folder.join("lock")],
        };
        locks.iter().any(|lock| {
            let target = std::fs::read_link(lock).ok();
            let target = target.as_ref().and_then(|target| target.to_str()).unwrap_or_default();
            let pid = target.rsplit(['+', '-']).next().unwrap_or_default();
            !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) && Path::new("/proc").join(pid).exists()
        })
    }
}

fn holds_a_database(folder: &Path) -> bool {
    ["cert9.db", LIST].iter().any(|file| folder.join(file).is_file())
}

/// The profiles that have a database, the one in use first. `folder` is where `profiles.ini` lies, which names them; profiles that it
/// does not know are named after their folders (`x1y2.NAME`).
pub(crate) fn profiles(folder: &Path, program: &'static str, packaging: &'static str) -> Vec<Database> {
    let listed = read(&folder.join("profiles.ini")).map(|text| listed(&text)).unwrap_or_default();
    let named = |path: &Path| {
        let entry = listed.iter().find(|entry| folder.join(&entry.path) == *path);
        let from_folder = || {
            let name = path.file_name()?.to_str()?;
            Some(name.split_once('.').map_or(name, |(_, name)| name).to_owned())
        };
        entry.map(|entry| entry.name.clone()).filter(|name| !name.is_empty()).or_else(from_folder)
    };
    let first = |path: &Path| !listed.iter().any(|entry| entry.first && folder.join(&entry.path) == *path);
    let mut paths: Vec<PathBuf> = [folder.to_owned(), folder.join("Profiles")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()))
        .chain(listed.iter().map(|entry| folder.join(&entry.path)))
        .filter(|path| holds_a_database(path))
        .collect();
    paths.sort();
    paths.dedup();
    paths.sort_by_key(|path| first(path));
    let database = |path: PathBuf| Database { program, packaging, profile: named(&path), folder: path };
    paths.into_iter().map(database).collect()
}

/// A profile in `profiles.ini`.
#[derive(Default)]
struct Listed {
    name: String,
    path: String,
    /// It is started when nothing else is said.
    first: bool,
}

fn listed(text: &str) -> Vec<Listed> {
    let (mut profiles, mut defaults) = (Vec::<Listed>::new(), Vec::new());
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            if section.starts_with("Profile") {
                profiles.push(Listed::default());
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        match (key, profiles.last_mut()) {
            ("Default", _) if section.starts_with("Install") => defaults.push(value.to_owned()),
            ("Name", Some(profile)) if section.starts_with("Profile") => profile.name = value.to_owned(),
            ("Path", Some(profile)) if section.starts_with("Profile") => profile.path = value.to_owned(),
            ("Default", Some(profile)) if section.starts_with("Profile") => profile.first = value == "1",
            _ => {}
        }
    }
    // What an installation says outweighs the mark of older versions.
    if !defaults.is_empty() {
        profiles.iter_mut().for_each(|profile| profile.first = defaults.contains(&profile.path));
    }
    profiles.retain(|profile| !profile.path.is_empty());
    profiles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, file: &str| {
            let profile = folder.path().join(name);
            std::fs::create_dir_all(&profile).unwrap();
            std::fs::write(profile.join(file), "").unwrap();
        };
        make("a1.default", "pkcs11.txt");
        make("b2.default-release", "cert9.db");
        make("c3.work", "cert9.db");
        make("Profiles/d4", "cert9.db");
        make("e5.empty", "prefs.js");
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("cert9.db"), "").unwrap();
        let ini = format!(
            "[Install4F96D1932A9F858E]\nDefault=b2.default-release\nLocked=1\n\n[Profile1]\nName=default\nIsRelative=1\n\
             Path=a1.default\nDefault=1\n\n[Profile0]\nName=default-release\nIsRelative=1\nPath=b2.default-release\n\n\
             [Profile2]\nName=Elsewhere\nIsRelative=0\nPath={}\n[General]\nVersion=2\n",
            outside.path().display()
        );
        std::fs::write(folder.path().join("profiles.ini"), ini).unwrap();
        let found = profiles(folder.path(), FIREFOX, "snap");
        let mut names: Vec<&str> = found.iter().filter_map(|one| one.profile.as_deref()).collect();
        assert_eq!(names.remove(0), "default-release", "the one in use first");
        names.sort_unstable();
        assert_eq!(names, ["Elsewhere", "d4", "default", "work"]);
        assert!(found.iter().all(|one| one.packaging == "snap" && one.program == FIREFOX && one.exists()));
        assert!(profiles(&folder.path().join("none"), FIREFOX, "").is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_tells_of_a_running_program() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let link = |target: String, name: &str| {
            let path = home.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let _ = std::fs::remove_file(&path);
            std::os::unix::fs::symlink(target, path).unwrap();
        };
        let fox = Database { folder: home.join("p"), program: FIREFOX, packaging: "", profile: None };
        let chromium = Database::shared(home.join(".pki/nssdb"), "");
        assert!(!fox.in_use(Some(home)) && !chromium.in_use(Some(home)));
        let here = std::process::id();
        for (pid, running) in [(here, Path::new("/proc/self").exists()), (u32::MAX, false)] {
            link(format!("127.0.1.1:+{pid}"), "p/lock");
            link(format!("my-host-{pid}"), ".config/chromium/SingletonLock");
            assert_eq!((fox.in_use(Some(home)), chromium.in_use(Some(home))), (running, running), "{pid}");
        }
    }
}
