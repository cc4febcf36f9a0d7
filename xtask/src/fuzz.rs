//! `cargo xtask fuzz`: builds the targets of `fuzz/`, starts each from the vectors' messages, and lets it search.
//!
//! What `cargo fuzz` would do, without having to install it: the flags below are its own (cargo-fuzz 0.13) except for the
//! address sanitizer, which wants a nightly compiler and halves the speed. All that is searched for here, panics,
//! overflows, endless loops and endless memory, is found without it: the code is Rust without `unsafe`.

use crate::{programs, shell};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

/// A target of `fuzz/fuzz_targets/`, and what it starts from.
struct Target {
    name: &'static str,
    /// Folder of DER files.
    seeds: &'static str,
    /// Only those with this in their names.
    only: &'static str,
    /// Values of a byte before the DER that chooses what happens to it; each file goes in once for each.
    choices: u8,
}

const MESSAGES: &str = "tests/vectors/messages";
const KEYS: &str = "crates/cmp-protocol/src/key_delivery/testdata";
const TARGETS: [Target; 4] = [
    Target { name: "message", seeds: MESSAGES, only: "", choices: 0 },
    // Points in an exchange (fuzz/src/client.rs) times kinds of help (fuzz/fuzz_targets/reply.rs).
    Target { name: "reply", seeds: MESSAGES, only: ".rsp", choices: 13 * 5 },
    Target { name: "protection", seeds: MESSAGES, only: "", choices: 0 },
    Target { name: "key", seeds: KEYS, only: "-", choices: 3 },
];
/// A run at a time for each of the two cores that a CI machine has at least.
const AT_A_TIME: usize = 2;
/// An input that takes longer than this many seconds is a finding.
const SLOW: u32 = 10;

const FLAGS: [&str; 10] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
    "--cfg",
    "fuzzing",
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only this one
    #[arg(value_parser = TARGETS.map(|target| target.name))]
    target: Option<String>,
    /// How long each searches
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn fuzz(arguments: &Arguments) -> Result<()> {
    search(arguments.target.as_deref(), arguments.seconds)
}

/// Runs one target or all, and fails when one has found something.
pub(crate) fn search(only: Option<&str>, seconds: u32) -> Result<()> {
    let place = programs::target_folder()?.join("fuzz");
    let programs = build(&place)?;
    let targets: Vec<_> = TARGETS.iter().filter(|target| only.is_none_or(|only| only == target.name)).collect();
    let mut findings = Vec::new();
    for pair in targets.chunks(AT_A_TIME) {
        let runs: Result<Vec<Run>> = pair.iter().map(|target| Run::start(target, seconds, &programs, &place)).collect();
        for run in runs? {
            match run.finish()? {
                Ok(line) => println!("{line}"),
                Err(finding) => findings.push(finding),
            }
        }
    }
    if !findings.is_empty() {
        bail!("{}", findings.join("\n"));
    }
    Ok(())
}

/// The folder with the built targets.
fn build(place: &Path) -> Result<PathBuf> {
    let version = shell::output(std::process::Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not name its host")?;
    let mut command = shell::cargo();
    command.args(["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml"]);
    // With a target named, the flags are not for build scripts and derive macros.
    command.args(["--target", host]);
    command.env("CARGO_TARGET_DIR", place);
    command.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    shell::run(&mut command)?;
    Ok(place.join(host).join("release"))
}

struct Run {
    name: String,
    child: Child,
    log: PathBuf,
    artifacts: PathBuf,
}

impl Run {
    fn start(target: &Target, seconds: u32, programs: &Path, place: &Path) -> Result<Run> {
        let name = target.name;
        let [corpus, seeds, artifacts] = ["corpus", "seeds", "artifacts"].map(|kind| place.join(kind).join(name));
        for folder in [&corpus, &artifacts] {
            fs::create_dir_all(folder)?;
        }
        seed(&seeds, target)?;
        let log = place.join(format!("{name}.log"));
        let mut command = std::process::Command::new(programs.join(name));
        command.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={SLOW}"));
        command.arg(format!("-artifact_prefix={}{}", artifacts.display(), std::path::MAIN_SEPARATOR));
        command.args(["-print_final_stats=1", "-rss_limit_mb=2048"]).args([&corpus, &seeds]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        Ok(Run { name: name.to_owned(), child: shell::shown_start(&mut command)?, log, artifacts })
    }

    /// What it did, or what it found.
    fn finish(mut self) -> Result<Result<String, String>> {
        let status = self.child.wait()?;
        let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        if status.success() {
            let word =
                |name: &str| log.lines().rev().find_map(|line| line.split(name).nth(1)?.split_whitespace().next());
            let runs = word("stat::number_of_executed_units:").unwrap_or("?");
            let (coverage, corpus) = (word(" cov: ").unwrap_or("?"), word(" corp: ").unwrap_or("?"));
            return Ok(Ok(format!("fuzz {}: {runs} runs, coverage {coverage}, corpus {corpus}", self.name)));
        }
        // From the panic or the sanitizer's first word on; the input stands below it.
        let from = log.find("panicked at").or_else(|| log.find("ERROR: ")).unwrap_or(log.len().saturating_sub(2000));
        let told: Vec<&str> = log.get(from..).unwrap_or_default().lines().take(40).collect();
        eprintln!("{}: {status}\n{}", self.name, told.join("\n"));
        let artifact = log.lines().rev().find_map(|line| line.split("Test unit written to ").nth(1));
        let artifact = artifact.map_or_else(|| format!("none in {}", self.artifacts.display()), str::to_owned);
        Ok(Err(format!("fuzz {} has found something; input: {artifact}; log: {}", self.name, self.log.display())))
    }
}

/// The files of a target, each once for every choice.
fn seed(folder: &Path, target: &Target) -> Result<()> {
    let source = shell::root().join(target.seeds);
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(&source).with_context(|| source.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.ends_with(".der") || !name.contains(target.only) {
            continue;
        }
        let content = fs::read(&path)?;
        if target.choices == 0 {
            fs::write(folder.join(name), &content)?;
        }
        for choice in 0..target.choices {
            fs::write(folder.join(format!("{name}.{choice}")), [&[choice], content.as_slice()].concat())?;
        }
    }
    Ok(())
}
