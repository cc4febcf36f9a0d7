//! Windows' programs. What is no Windows has none of these folders.

use std::path::{Path, PathBuf};

use super::facts::{Kind, Program, java_drivers_of};
use crate::{drivers::Roots, files::read_short};

/// Where programs lie, as the environment names it.
const FOLDERS: [&str; 3] = ["%ProgramFiles%", "%ProgramFiles(x86)%", "%LOCALAPPDATA%"];
/// Programs that use Windows' own store, by a file of theirs.
const OF_THE_STORE: [(&str, &[&str]); 7] = [
    ("Chrome", &[r"Google\Chrome\Application\chrome.exe"]),
    ("Edge", &[r"Microsoft\Edge\Application\msedge.exe"]),
    ("Brave", &[r"BraveSoftware\Brave-Browser\Application\brave.exe"]),
    ("Internet Explorer", &[r"Internet Explorer\iexplore.exe"]),
    (
        "Outlook",
        &[
            r"Microsoft Office\root\Office16\OUTLOOK.EXE",
            r"Microsoft Office\Office16\OUTLOOK.EXE",
            r"Microsoft Office\Office15\OUTLOOK.EXE",
        ],
    ),
    (
        "Acrobat",
        &[
            r"Adobe\Acrobat DC\Acrobat\Acrobat.exe",
            r"Adobe\Acrobat Reader DC\Reader\AcroRd32.exe",
            r"Adobe\Acrobat 2020\Acrobat\Acrobat.exe",
        ],
    ),
    ("WPS Office", &[r"Kingsoft\WPS Office\ksolaunch.exe"]),
];
/// Where Java is installed.
const JAVA: [&str; 4] =
    [r"%ProgramFiles%\Java", r"%ProgramFiles%\Eclipse Adoptium", r"%ProgramFiles%\Microsoft", r"%ProgramFiles%\Zulu"];
/// Firefox uses client certificates of Windows' store unless this says no.
const SYSTEM_CERTIFICATES: &str = r#"user_pref("security.osclientcerts.autoload", false);"#;
/// Longest settings of Firefox that are read.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Is there a Windows?
pub(super) fn is_here(roots: &Roots) -> bool {
    roots.variables.contains_key("systemroot")
}

/// Those that are installed.
pub(super) fn programs(roots: &Roots) -> Vec<Program> {
    let there = |path: &str| roots.expand(path).is_some_and(|file| file.is_file());
    let of_the_store = |(_, files): &&(&str, &[&str])| {
        let mut places = FOLDERS.iter().flat_map(|folder| files.iter().map(move |file| format!(r"{folder}\{file}")));
        places.any(|path| there(&path))
    };
    let mut found: Vec<Program> =
        OF_THE_STORE.iter().filter(of_the_store).map(|(name, _)| Program::plain(Kind::System, name)).collect();
    let javas: Vec<PathBuf> =
        JAVA.iter().filter_map(|folder| roots.expand(folder)).flat_map(|folder| below(&folder)).collect();
    if javas.iter().any(|java| java.join("bin").join("java.exe").is_file()) {
        let files = javas.iter().map(|java| java.join("conf").join("security").join("java.security"));
        found.push(Program { modules: java_drivers_of(files, roots), ..Program::plain(Kind::Java, "Java") });
    }
    if there(r"%SystemRoot%\System32\curl.exe") {
        found.push(Program::plain(Kind::Schannel, "curl"));
    }
    found
}

fn below(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Does the profile of Firefox in this folder use Windows' store?
pub(super) fn uses_the_store(profile: &Path) -> bool {
    read_short(&profile.join("prefs.js"), LONGEST).is_none_or(|text| !text.contains(SYSTEM_CERTIFICATES))
}
