//! A token with a thousand objects: listed by the helper, beside the raw PKCS#11 calls in one process.

use crate::{
    programs::{PIN, Programs, SoftToken},
    shell,
};
use anyhow::{Context, Result};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const COUNTS: [usize; 3] = [250, 500, 1000];
/// How much longer than the raw calls it may take.
const ALLOWED: f64 = 2.0;

/// Prints medians in milliseconds for 250, 500 and 1,000 objects.
pub(crate) fn listing(programs: &Programs, folder: &Path) -> Result<()> {
    // In memory where that is possible: SoftHSM2 waits for the disk at each object that it makes.
    let memory = Path::new("/dev/shm").is_dir().then(|| tempfile::tempdir_in("/dev/shm")).transpose()?;
    let place = memory.as_ref().map_or(folder, |memory| memory.path()).join("thousand");
    let Some(token) = SoftToken::new(&place)? else {
        println!("\nListing: skipped: SoftHSM2 is not installed");
        return Ok(());
    };
    let (raw, certificate) = (raw(folder)?, certificate(folder)?);
    let module = token.module.display().to_string();
    let helper = programs.path("chopmark-token-helper").display().to_string();
    let build = ["bench", "--quiet", "-p", "token-helper", "--bench", "listing", "--"];
    println!("\nObjects of a token (SoftHSM2), listed: median of 9 in ms, and µs an object.");
    println!("  {:12}{:>12}{:>10}{:>12}{:>10}{:>7}", "", "helper", "each", "raw calls", "each", "ratio");
    let mut from = 0;
    for count in COUNTS {
        let (begin, end) = (from.to_string(), count.to_string());
        let mut fill = Command::new(&raw);
        fill.args([&module, PIN, "fill", &certificate.to_string_lossy(), &begin, &end]);
        shell::output(token.seen_by(&mut fill))?;
        from = count;
        let ours =
            value(&shell::output(token.seen_by(shell::cargo().args(build).args([&helper, &module, PIN])))?, count)?;
        let theirs = value(&shell::output(token.seen_by(Command::new(&raw).args([&module, PIN, "list"])))?, count)?;
        let (each, their_each) = (ours / count as f64, theirs / count as f64);
        let verdict = if ours <= theirs * ALLOWED { "" } else { "  TOO LONG" };
        println!(
            "  {count:<12}{:>12.1}{each:>10.1}{:>12.1}{their_each:>10.1}{:>7.2}{verdict}",
            ours / 1000.0,
            theirs / 1000.0,
            ours / theirs
        );
    }
    Ok(())
}

fn raw(folder: &Path) -> Result<PathBuf> {
    let (source, program) =
        (shell::root().join("crates/token-helper/benches/raw_listing.c"), folder.join("raw-listing"));
    let mut compile = Command::new("cc");
    compile.args(["-O2", "-Wall", "-Werror", "-o"]).arg(&program).arg(source).arg("-ldl");
    shell::output(&mut compile)?;
    Ok(program)
}

/// A certificate of the usual size.
fn certificate(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("listed.der");
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Listed/O=Bench", "-outform", "DER"]);
    shell::output(make.arg("-keyout").arg(folder.join("listed.key")).arg("-out").arg(&file))?;
    Ok(file)
}

fn value(text: &str, count: usize) -> Result<f64> {
    let line =
        text.lines().find_map(|line| line.strip_prefix("list ")).with_context(|| format!("no list in {text}"))?;
    let (time, found) = line.split_once(' ').with_context(|| format!("not what it prints: {line}"))?;
    anyhow::ensure!(found.trim() == count.to_string(), "{found} objects listed, not {count}");
    Ok(time.parse()?)
}
