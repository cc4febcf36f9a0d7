//! Messages alone, without a network: our codec beside OpenSSL's libcrypto doing the same.

use crate::shell;
use anyhow::{Context, Result};
use std::{path::Path, process::Command};

const FOLDER: &str = "crates/cmp-protocol/benches";

/// Prints medians in microseconds. Without libcrypto's headers the second column says so.
pub(crate) fn messages() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ours = shell::output(
        shell::cargo().args(["bench", "--quiet", "-p", "cmp-protocol", "--bench", "messages", "--"]).arg(folder.path()),
    )?;
    let theirs = libcrypto(folder.path());
    println!("\nMessages, PasswordBasedMac with SHA-256 and 500 iterations on both sides: median of 2000 in µs.");
    println!("  {:28}{:>12}{:>12}{:>7}", "", "chopmark", "libcrypto", "ratio");
    for (name, what) in [("encode", "ir: encode and protect"), ("verify", "ip: decode and verify")] {
        let our = value(&ours, name)?;
        match &theirs {
            Ok(theirs) => {
                let their = value(theirs, name)?;
                println!("  {what:28}{our:>12.1}{their:>12.1}{:>7.2}", our / their);
            }
            Err(why) => println!("  {what:28}{our:>12.1}     skipped: {why:#}"),
        }
    }
    Ok(())
}

fn libcrypto(folder: &Path) -> Result<String> {
    let (source, program) = (shell::root().join(FOLDER).join("libcrypto.c"), folder.join("libcrypto"));
    let mut compile = Command::new("cc");
    compile.args(["-O2", "-Wall", "-Werror", "-o"]).arg(&program).arg(source).arg("-lcrypto");
    shell::output(&mut compile).context("libcrypto's bench does not compile (package libssl-dev?)")?;
    shell::output(Command::new(&program).arg(folder))
}

fn value(text: &str, name: &str) -> Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name} in {text}"))?;
    Ok(line.trim().parse()?)
}
