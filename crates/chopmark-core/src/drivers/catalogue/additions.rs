//! Entries that an administrator or a person has added: `*.toml` in `drivers.d`, of the same form as ours.

use std::path::{Path, PathBuf};

use super::{Catalogue, check};

/// Longest file read.
const LONGEST: u64 = 1024 * 1024;
/// Most files read.
const MOST: usize = 200;

/// The files of these folders, each folder by name.
pub(super) fn files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        all.append(&mut files);
    }
    all.truncate(MOST);
    all
}

/// Lays one file over the catalogue, or leaves it as it was and says what is wrong.
pub(super) fn add(catalogue: &mut Catalogue, path: &Path) -> Result<(), String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err("too large, or not a file".into());
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let file = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
    if let Some(problem) = check::problem(&file, catalogue) {
        return Err(problem);
    }
    catalogue.lay_over(file);
    Ok(())
}
