//! `cargo xtask test` and `cargo xtask interop`: every ring in turn, each seen to its end, the sum last.

use crate::{cross, fuzz, peers, setup, shell, types, untouched::Untouched, workflows};
use anyhow::{Context, Result, bail};
use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// The rings that need no more than apt, npm and crates.io (design §6).
const RINGS: [&str; 6] = ["flows", "cli", "vectors", "tokens", "validation", "desktop"];

/// Runs everything that needs no more than apt, npm and crates.io; `only` picks steps by name.
pub(crate) fn test(yes: bool, only: &[String]) -> Result<()> {
    let mut report = Report::new(only);
    report.step("setup", |_| setup::setup(setup::For::Test, yes));
    report.step("format", |_| shell::run(shell::cargo().args(["fmt", "--all", "--check"])));
    report.step("clippy", |_| {
        shell::run(shell::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    report.step("ui check", |lines| pass_through(shell::npm().args(["run", "--silent", "check"]), lines));
    report.step("ui test", |lines| {
        pass_through(shell::npm().args(["run", "--silent", "test"]).env("NO_COLOR", "1"), lines)
    });
    report.step("workflows", |_| workflows::check());
    report.step("types", |_| types::types(true));
    report.step("third-party", |_| crate::licences::third_party(true));
    // `--workspace` everywhere: `-p` would choose other features for the dependencies and build them a second time.
    report.step("programs", |_| shell::run(shell::cargo().args(["build", "--workspace", "--bins"])));
    report.step("unit", |lines| {
        let mut command = shell::cargo();
        command.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins"]);
        for name in tests_of_crates()? {
            command.args(["--test", &name]);
        }
        pass_through(&mut command, lines)
    });
    report.step("documentation", |lines| pass_through(shell::cargo().args(["test", "--workspace", "--doc"]), lines));
    for ring in RINGS {
        report.step(ring, |lines| pass_through(&mut ring_command(ring), lines));
    }
    report.finish("cargo xtask test")
}

/// Builds or fetches the foreign peers and runs the rings against them, and what runs elsewhere; `write`: what they find becomes
/// docs/CONFORMANCE.md, docs/TOKENS.md and docs/WINE.md.
pub(crate) fn interop(write: bool, yes: bool, only: &[String]) -> Result<()> {
    let mut report = Report::new(only);
    report.step("setup", |_| setup::setup(setup::For::Interop, yes));
    report.step("cargo-deny", deny);
    let kryoptic = report.peer("kryoptic", peers::kryoptic);
    let openssl = report.peer("openssl", peers::openssl);
    let cards = report.peer("virtual cards", peers::virtual_card);
    report.step("programs", |_| shell::run(shell::cargo().args(["build", "--workspace", "--bins"])));
    report.step("interop", |lines| {
        let mut command = ring_command("interop");
        for (name, peer) in [
            ("CHOPMARK_KRYOPTIC_MODULE", &kryoptic),
            ("CHOPMARK_OPENSSL_NEW", &openssl),
            ("CHOPMARK_VIRTUAL_CARD", &cards),
        ] {
            match peer {
                Some(path) => command.env(name, path),
                None => command.env_remove(name),
            };
        }
        writes(&mut command, write);
        pass_through(&mut command, lines)
    });
    report.step("browsers", |lines| pass_through(&mut ring_command("browsers"), lines));
    cross::steps(&mut report, write);
    // A smoke test: long enough to get through the vectors and a little beyond.
    report.step("fuzz", |_| fuzz::search(None, 60));
    report.finish("cargo xtask interop")
}

/// A ring that compares a page with what it finds writes it instead.
pub(crate) fn writes(command: &mut Command, write: bool) {
    if write {
        command.env("CHOPMARK_WRITE_CONFORMANCE", "1");
    } else {
        command.env_remove("CHOPMARK_WRITE_CONFORMANCE");
    }
}

/// One ring; of the whole workspace, see above.
pub(crate) fn ring_command(ring: &str) -> Command {
    let mut command = shell::cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--test", ring]);
    // Rings print what they skip and why; the harness would swallow that for a test that passes.
    command.args(["--", "--nocapture"]);
    command
}

/// The integration tests that lie with their crates, by name. One that is called like a ring runs with the ring.
fn tests_of_crates() -> Result<Vec<String>> {
    let metadata = shell::output(shell::cargo().args(["metadata", "--quiet", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    Ok(list(&metadata["packages"])
        .iter()
        .filter(|package| package["name"] != "chopmark-tests")
        .flat_map(|package| list(&package["targets"]))
        .filter(|target| list(&target["kind"]).iter().any(|kind| kind == "test"))
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .filter(|name| !["interop", "browsers"].contains(&name.as_str()) && !RINGS.contains(&name.as_str()))
        .collect())
}

/// cargo-deny; its advisories want a database from the network, which not every network gives.
fn deny(lines: &mut Vec<String>) -> Result<()> {
    let program = peers::cargo_deny()?;
    let deny = || {
        let mut command = Command::new(&program);
        command.current_dir(shell::root()).env_remove("CARGO_TARGET_DIR");
        command
    };
    shell::run(deny().args(["check", "bans", "licenses", "sources"]))?;
    let mut fetch = deny();
    fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    match shell::within(Duration::from_secs(90), &mut fetch)? {
        Ok(()) => shell::run(deny().args(["check", "advisories"])),
        Err(why) => {
            // git's own last word says why; above it stands cargo-deny's retelling.
            let why = why.trim().lines().last().unwrap_or("no answer").trim();
            lines.push(format!("skipped: advisories: the advisory database is not reachable ({why})"));
            Ok(())
        }
    }
}

/// Runs it, shows its standard output line by line, and keeps the runners' summaries.
pub(crate) fn pass_through(command: &mut Command, lines: &mut Vec<String>) -> Result<()> {
    let mut child = shell::shown_start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let stdout = child.stdout.take().context("no standard output")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            let _ = writeln!(std::io::stdout(), "{line}");
            if is_summary(&line) && sender.send(line).is_err() {
                break;
            }
        }
    });
    let status = child.wait()?;
    // A test that was killed may leave a child that keeps the pipe open: the end of the runner is the end.
    let deadline = Instant::now() + Duration::from_secs(5);
    while let Ok(line) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        lines.push(line.trim().to_owned());
    }
    if !status.success() {
        bail!("ended with {status}");
    }
    Ok(())
}

/// cargo's and vitest's closing lines, and what a ring says it leaves out.
fn is_summary(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("test result:") || line.starts_with("Tests  ") || line.contains("skipped:")
}

enum Outcome {
    Done,
    Skipped(String),
    Failed(String),
}

struct Step {
    name: String,
    outcome: Outcome,
    took: Duration,
    lines: Vec<String>,
}

pub(crate) struct Report<'a> {
    only: &'a [String],
    known: Vec<String>,
    steps: Vec<Step>,
    /// The browsers' databases of whoever runs this, as they were.
    untouched: Untouched,
}

impl<'a> Report<'a> {
    pub(crate) fn new(only: &'a [String]) -> Self {
        Self { only, known: Vec::new(), steps: Vec::new(), untouched: Untouched::now() }
    }

    pub(crate) fn step(&mut self, name: &str, body: impl FnOnce(&mut Vec<String>) -> Result<()>) {
        self.known.push(name.to_owned());
        if !self.only.is_empty() && !self.only.iter().any(|only| only == name) {
            return;
        }
        eprintln!("\n=== {name} ===");
        let started = Instant::now();
        let mut lines = Vec::new();
        let outcome = match body(&mut lines) {
            Ok(()) => Outcome::Done,
            Err(error) => {
                eprintln!("{name} failed: {error:#}");
                Outcome::Failed(format!("{error:#}").lines().next().unwrap_or_default().to_owned())
            }
        };
        self.steps.push(Step { name: name.to_owned(), outcome, took: started.elapsed(), lines });
    }

    /// A peer that cannot be had is a skip, except where it must be had. The ring alone wants its peers too.
    fn peer(&mut self, name: &str, body: impl FnOnce() -> Result<PathBuf>) -> Option<PathBuf> {
        if self.only.iter().any(|only| only == "interop") {
            self.known.push(name.to_owned());
            return body().inspect_err(|why| eprintln!("skipped: {name}: {why:#}")).ok();
        }
        let mut path = None;
        self.step(name, |_| body().map(|found| path = Some(found)));
        if let Some(Step { outcome, .. }) = self.steps.last_mut().filter(|step| step.name == name)
            && let Outcome::Failed(why) = outcome
            && !shell::ci()
        {
            *outcome = Outcome::Skipped(std::mem::take(why));
        }
        path
    }

    /// Times, the runners' summaries and the sum; a failure when anything failed.
    pub(crate) fn finish(self, what: &str) -> Result<()> {
        let changed = self.untouched.changed();
        println!("\n=== {what} ===");
        let mut sum = Sum::default();
        for step in &self.steps {
            let (word, why) = match &step.outcome {
                Outcome::Done => ("ok", String::new()),
                Outcome::Skipped(why) => ("skipped", format!(": {why}")),
                Outcome::Failed(why) => ("FAILED", format!(": {why}")),
            };
            println!("{word:8}{:>6.0} s  {}{why}", step.took.as_secs_f32(), step.name);
            for line in &step.lines {
                // Of a workspace run, most programs have no test of the name asked for.
                if sum.add(line) != Some(0) {
                    println!("                  {line}");
                }
            }
        }
        println!("\n{} passed, {} failed, {} skipped", sum.passed, sum.failed, sum.skipped);
        if !changed.is_empty() {
            bail!("{what}: somebody changed the databases of your own browsers meanwhile: {}", changed.join(", "));
        }
        if let Some(unknown) = self.only.iter().find(|name| !self.known.contains(name)) {
            bail!("{what} has no step `{unknown}`; there are: {}", self.known.join(", "));
        }
        let failed: Vec<&str> = self
            .steps
            .iter()
            .filter(|step| matches!(step.outcome, Outcome::Failed(_)))
            .map(|step| &*step.name)
            .collect();
        if !failed.is_empty() {
            bail!("{what}: failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

#[derive(Default)]
struct Sum {
    passed: u32,
    failed: u32,
    skipped: u32,
}

impl Sum {
    /// How many tests a summary line tells of, or nothing when it is no summary.
    fn add(&mut self, line: &str) -> Option<u32> {
        if !line.starts_with("test result:") && !line.starts_with("Tests") {
            self.skipped += 1;
            return None;
        }
        let words: Vec<&str> = line.split([' ', ';', '|']).filter(|word| !word.is_empty()).collect();
        let count = |name: &str| {
            words.windows(2).filter(|pair| pair[1] == name).filter_map(|pair| pair[0].parse::<u32>().ok()).sum::<u32>()
        };
        let (passed, failed, skipped) = (count("passed"), count("failed"), count("ignored") + count("skipped"));
        self.passed += passed;
        self.failed += failed;
        self.skipped += skipped;
        Some(passed + failed + skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn summaries_are_counted() {
        let mut sum = Sum::default();
        assert_eq!(
            sum.add(
                "test result: FAILED. 11 passed; 2 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.1s"
            ),
            Some(14)
        );
        assert_eq!(sum.add("Tests  1 failed | 5 passed (6)"), Some(6));
        assert_eq!(sum.add("skipped: tpm: no swtpm"), None);
        assert_eq!((sum.passed, sum.failed, sum.skipped), (16, 3, 2));
    }
}
