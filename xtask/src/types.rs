//! `cargo xtask types`: the TypeScript types of everything that crosses the border, from the Rust types (invariant 10).

use crate::shell;
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const HEADER: &str = "// Generated from crates/chopmark-core by `cargo xtask types`. Do not edit.\n";

/// Writes `ui/src/backend/types.ts`, or with `check` only compares it.
pub(crate) fn types(check: bool) -> Result<()> {
    let file = shell::root().join("ui/src/backend/types.ts");
    let generated = generate()?;
    let present = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    if present == generated {
        eprintln!("{} is up to date", file.display());
        return Ok(());
    }
    if check {
        for (line, (old, new)) in (1..).zip(present.lines().zip(generated.lines())) {
            if old != new {
                eprintln!("first difference, line {line}:\n  - {old}\n  + {new}");
                break;
            }
        }
        bail!("{} is not what the Rust types say: run `cargo xtask types` and commit it", file.display());
    }
    fs::create_dir_all(file.parent().expect("a folder"))?;
    fs::write(&file, generated).with_context(|| format!("cannot write {}", file.display()))?;
    eprintln!("{} written", file.display());
    Ok(())
}

/// ts-rs exports one file a type, from tests it derives; one file without imports is easier to read and to compare.
fn generate() -> Result<String> {
    let folder = tempfile::tempdir()?;
    shell::output(
        shell::cargo()
            .env("TS_RS_EXPORT_DIR", folder.path())
            // JSON numbers arrive as numbers, whatever their size in Rust.
            .env("TS_RS_LARGE_INT", "number")
            .args(["test", "--quiet", "-p", "chopmark-core", "--features", "typescript", "--lib", "export_bindings"]),
    )?;
    let mut types = BTreeMap::new();
    for file in files(folder.path())? {
        let text = fs::read_to_string(&file)?;
        let body: Vec<&str> =
            text.lines().filter(|line| !line.starts_with("import ") && !line.starts_with("// This file was")).collect();
        types.insert(file.file_stem().unwrap_or_default().to_owned(), body.join("\n").trim().to_owned());
    }
    if types.is_empty() {
        bail!("chopmark-core exports no type (feature `typescript`, #[ts(export)])");
    }
    Ok(types.values().fold(HEADER.to_owned(), |all, body| format!("{all}\n{body}\n")))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "ts") {
            found.push(path);
        }
    }
    Ok(found)
}
