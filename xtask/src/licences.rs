//! `cargo xtask third-party`: THIRD-PARTY.md, the direct dependencies and their licences, from cargo's and npm's own lists.

use crate::shell;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

const INTRODUCTION: &str = "# Third-party software\n\n\
Written by `cargo xtask third-party`; do not edit. The direct dependencies and the licences they come under. `deny.toml` holds the list\n\
of licences that may come in, directly or not, and `cargo xtask interop` checks it. `cargo tree` and `npm ls --all` show the rest.\n";

/// Writes THIRD-PARTY.md, or with `check` only compares it.
pub(crate) fn third_party(check: bool) -> Result<()> {
    let file = shell::root().join("THIRD-PARTY.md");
    let text = format!("{INTRODUCTION}\n## Rust\n\n{}{}", table(&crates()?), npm()?);
    let present = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    if present == text {
        eprintln!("THIRD-PARTY.md is up to date");
        return Ok(());
    }
    if check {
        bail!("THIRD-PARTY.md is not up to date: run `cargo xtask third-party` and commit it");
    }
    fs::write(file, text)?;
    eprintln!("THIRD-PARTY.md written");
    Ok(())
}

type Row = (String, String);

fn table(rows: &BTreeSet<Row>) -> String {
    rows.iter().fold("| Package | Licence |\n|---|---|\n".to_owned(), |all, (name, licence)| {
        format!("{all}| {name} | {licence} |\n")
    })
}

/// What the members name in their manifests. No versions: Cargo.lock has them, and each update would have to come here too.
fn crates() -> Result<BTreeSet<Row>> {
    let metadata = shell::output(shell::cargo().args(["metadata", "--quiet", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let members = list(&metadata["workspace_members"]);
    let direct: Vec<Value> = list(&metadata["resolve"]["nodes"])
        .iter()
        .filter(|node| members.contains(&node["id"]))
        .flat_map(|node| list(&node["dependencies"]))
        .filter(|id| !members.contains(id))
        .collect();
    Ok(list(&metadata["packages"])
        .iter()
        .filter(|package| direct.contains(&package["id"]))
        .map(|package| row(package["name"].as_str(), &package["license"]))
        .collect())
}

/// What ui/package.json names, with what package-lock.json knows of it.
fn npm() -> Result<String> {
    let ui = shell::root().join("ui");
    let Ok(lock) = fs::read_to_string(ui.join("package-lock.json")) else { return Ok(String::new()) };
    let lock: Value = serde_json::from_str(&lock).context("ui/package-lock.json")?;
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(ui.join("package.json"))?).context("ui/package.json")?;
    let direct = ["dependencies", "devDependencies"].into_iter().filter_map(|kind| manifest[kind].as_object());
    let rows = direct
        .flat_map(|packages| packages.keys())
        .map(|name| {
            let package = &lock["packages"][format!("node_modules/{name}")];
            row(Some(name), &package["license"])
        })
        .collect();
    Ok(format!("\n## npm\n\n{}", table(&rows)))
}

fn row(name: Option<&str>, licence: &Value) -> Row {
    (name.unwrap_or("?").to_owned(), licence.as_str().unwrap_or("?").to_owned())
}
