//! What the rings flows and cli share: the core with a person who answers from a script, the command, a token, the demo CA.
//!
//! Everything here panics on failure, with what failed and why: it is for tests only.

pub mod ca;
#[cfg(target_os = "linux")]
pub mod card;
pub mod command;
pub mod console;
#[cfg(target_os = "linux")]
pub mod display;
pub mod domain_world;
pub mod hand_ca;
pub mod letters;
pub mod lossy_line;
pub mod pebble;
pub mod programs;
pub mod raw_server;
pub mod script;
pub mod tls_server;
pub mod token;
pub mod web_server;

use std::path::{Path, PathBuf};

/// Every file under a folder.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let entry = entry.expect("an entry of a folder");
        match entry.file_type().expect("its type") {
            kind if kind.is_dir() => found.extend(files_under(&entry.path())),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// None of the secrets stands in any file under the folder, as it is or in UTF-16.
pub fn assert_no_secret(folder: &Path, secrets: &[&str]) {
    for file in files_under(folder) {
        let content = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for secret in secrets {
            assert!(secret.len() >= 6, "{secret:?} is too short to be looked for");
            let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for form in [secret.as_bytes(), &wide] {
                let found = content.windows(form.len()).any(|window| window == form);
                assert!(!found, "{secret:?} stands in {}", file.display());
            }
        }
    }
}
