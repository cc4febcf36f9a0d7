//! What the compiler cannot hold of docs/ARCHITECTURE.md's invariants, and a look at the sources can.

use crate::shell;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Sources below a folder of the workspace, as (path from the workspace, text).
fn sources(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true if !["node_modules", "target", "dist", "gen"].iter().any(|name| path.ends_with(name)) => {
                    walk(&path, found);
                }
                true => {}
                false => found.push(path),
            }
        }
    }
    let root = shell::root();
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found
        .iter()
        .filter(|path| path.extension().is_some_and(|its| extensions.iter().any(|wanted| its == *wanted)))
        .map(|path| {
            let name = path.strip_prefix(&root).expect("inside").to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(path).expect("readable"))
        })
        .collect()
}

/// Every line with one of the words, comments aside, in files that `allowed` does not let pass.
fn offences(folder: &str, extensions: &[&str], words: &[&str], allowed: &[&str]) -> Vec<String> {
    sources(folder, extensions)
        .into_iter()
        .filter(|(name, _)| !allowed.iter().any(|part| name.contains(part)))
        .flat_map(|(name, text)| {
            let code = |line: &&str| !line.trim_start().starts_with("//");
            let hits = text.lines().filter(code).filter(|line| words.iter().any(|word| line.contains(word)));
            hits.map(|line| format!("{name}: {}", line.trim())).collect::<Vec<_>>()
        })
        .collect()
}

fn none(invariant: u8, offences: &[String]) {
    assert!(offences.is_empty(), "invariant {invariant} of docs/ARCHITECTURE.md:\n{}", offences.join("\n"));
}

#[test]
fn protocol_has_no_io() {
    let words =
        ["fs::", "net::", "process::", "thread::", "env::", "SystemTime", "Instant", "SysRng", "OsRng", "async fn"];
    none(1, &offences("crates/cmp-protocol/src", &["rs"], &words, &[]));
    let tree = shell::output(shell::cargo().args(["tree", "-p", "cmp-protocol", "-e", "normal", "--prefix", "none"]));
    let forbidden = ["tokio ", "mio ", "reqwest ", "hyper ", "rusqlite ", "time ", "chrono "];
    let tree = tree.expect("cargo tree");
    let found = tree.lines().filter(|line| forbidden.iter().any(|name| line.starts_with(name))).map(str::to_owned);
    none(1, &found.collect::<Vec<_>>());
}

#[test]
fn drivers_only_in_the_helper() {
    none(2, &offences("crates", &["rs"], &["cryptoki::", "use cryptoki"], &["token-helper/src/server/"]));
    none(2, &offences("src-tauri", &["rs"], &["cryptoki"], &[]));
}

#[test]
fn secrets_have_no_debug() {
    // A derive above a type named like a secret; what wraps one prints no value of it.
    for (name, text) in sources("crates", &["rs"]) {
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            let secret = ["struct Pin", "struct Secret", "struct AuthorizationCode"]
                .iter()
                .any(|word| pair[1].contains(word) && !pair[1].trim_start().starts_with("//"));
            let prints = pair[0].contains("derive(") && (pair[0].contains("Debug") || pair[0].contains("Serialize"));
            assert!(!(secret && prints), "invariant 6: {name}: {} {}", pair[0].trim(), pair[1].trim());
        }
    }
}

#[test]
fn systems_and_tauri_stay_in_their_places() {
    let places = ["/stores/", "/drivers/probe", "/keys/os.rs", "/hints", "token-helper/", "/tests/"];
    none(9, &offences("crates", &["rs"], &["target_os"], &places));
    none(9, &offences("crates", &["rs", "toml"], &["tauri::", "\ntauri"], &[]));
    none(9, &offences("ui/src", &["ts", "svelte", "js"], &["@tauri-apps/"], &["ui/src/backend/tauri.ts"]));
}
