//! Ten drivers of which three hang, two crash and one has 32 bits: how soon the first is known, and how soon all are.

use crate::{programs::softhsm, shell};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What each of them does; the empty ones are SoftHSM2 with a token of its own.
const MODULES: [(&str, &str); 10] = [
    ("hangs-1", "hang-init"),
    ("good-1", ""),
    ("crashes-1", "segv-init"),
    ("hangs-2", "hang-info"),
    ("good-2", ""),
    ("bits-32", "32"),
    ("good-3", ""),
    ("crashes-2", "segv-init"),
    ("hangs-3", "hang-init"),
    ("good-4", ""),
];
/// Longest time for a call while looking (`looking_limits` in the core).
const LIMIT: Duration = Duration::from_secs(5);
/// What the issue allows on top, and for the first answer.
const ALLOWED: Duration = Duration::from_millis(300);

/// A user's home in which p11-kit names the ten.
pub(crate) struct Modules {
    home: PathBuf,
}

impl Modules {
    /// Nothing where SoftHSM2 is not installed.
    pub(crate) fn install(folder: &Path) -> Result<Option<Modules>> {
        let (Some(soft), Some(tool)) = (softhsm(), shell::find("softhsm2-util")) else { return Ok(None) };
        let (home, sources) = (folder.join("home"), shell::root().join("tests/faulty-module"));
        let configured = home.join(".config/pkcs11/modules");
        fs::create_dir_all(&configured)?;
        let faulty = folder.join("libfaulty.so");
        compile(&sources.join("faulty.c"), &faulty, &[])?;
        for (name, mode) in MODULES {
            let file = folder.join(format!("lib{name}.so"));
            match mode {
                "32" => fs::write(&file, elf_of_32_bits())?,
                "" => {
                    let configuration = token(&folder.join(name), name, &tool)?;
                    compile(&sources.join("behind.c"), &file, &set(&soft, "SOFTHSM2_CONF", &configuration))?;
                }
                mode => compile(&sources.join("behind.c"), &file, &set(&faulty, "FAULTY_MODE", mode))?,
            }
            fs::write(configured.join(format!("{name}.module")), format!("module: {}\n", file.display()))?;
        }
        Ok(Some(Modules { home }))
    }

    /// Whoever starts so finds them.
    pub(crate) fn seen_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("HOME", &self.home).env_remove("XDG_CONFIG_HOME")
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// `chopmark drivers --scan --json`: prints when the first and the last line came, and says so when that was too late.
    pub(crate) fn measure(&self, mut chopmark: Command, runs: usize) -> Result<()> {
        self.seen_by(&mut chopmark).args(["drivers", "--scan", "--json"]);
        let (mut firsts, mut wholes, mut others) = (Vec::new(), Vec::new(), 0);
        for _ in 0..runs {
            let (first, whole, result) = run(&mut chopmark)?;
            let ours = count(&result)?;
            others = result["drivers"].as_array().map_or(0, Vec::len) - MODULES.len();
            ensure!(ours == (4, 3, 2, 1), "not 4 good, 3 hanging, 2 crashing and one of 32 bits: {ours:?} in {result}");
            firsts.push(super::milliseconds(first));
            wholes.push(super::milliseconds(whole));
        }
        println!(
            "\nTen drivers, three hang, two crash, one has 32 bits (and {others} installed here): median of {runs} in ms:"
        );
        let limits = [("first answer", firsts, ALLOWED), ("all answers", wholes, LIMIT + ALLOWED)];
        for (what, times, allowed) in limits {
            let (allowed, took) = (super::milliseconds(allowed), super::median(&times));
            let verdict = if took <= allowed { "" } else { "  TOO LONG" };
            println!("  {what:24}{:>24}   at most {allowed:.0}{verdict}", super::Spread(times).to_string());
        }
        Ok(())
    }
}

/// Time of the first answer, time of the end, and the result.
fn run(command: &mut Command) -> Result<(Duration, Duration, Value)> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("chopmark does not start")?;
    let stdout = BufReader::new(child.stdout.take().context("no standard output")?);
    let (mut first, mut last) = (None, Value::Null);
    for line in stdout.lines() {
        last = serde_json::from_str(&line?)?;
        if last["event"] == "driver-answered" {
            first.get_or_insert_with(|| started.elapsed());
        }
    }
    let whole = started.elapsed();
    child.wait()?;
    ensure!(last["result"] == "ok", "chopmark drivers said {last}");
    Ok((first.context("no answer came")?, whole, last))
}

/// Good ones, hanging ones, crashing ones, those of the wrong bits, among ours.
fn count(result: &Value) -> Result<(usize, usize, usize, usize)> {
    let drivers = result["drivers"].as_array().context("no drivers")?;
    let ours = |name: &str, codes: &[Option<&str>]| {
        let is = |driver: &&Value| {
            driver["path"].as_str().is_some_and(|path| path.contains(&format!("/lib{name}-")))
                && codes.contains(&driver["problem"]["code"].as_str())
        };
        drivers.iter().filter(is).count()
    };
    Ok((
        ours("good", &[None]),
        ours("hangs", &[Some("CM-2009")]),
        ours("crashes", &[Some("CM-2006")]),
        // Which of the two numbers is a matter of how much the file says.
        ours("bits", &[Some("CM-2003"), Some("CM-2012")]),
    ))
}

fn set(module: &Path, name: &str, value: &str) -> Vec<String> {
    vec![format!("-DMODULE=\"{}\"", module.display()), format!("-DNAME=\"{name}\""), format!("-DVALUE=\"{value}\"")]
}

fn compile(source: &Path, library: &Path, defines: &[String]) -> Result<()> {
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(library).args(defines).arg(source).arg("-ldl");
    shell::output(&mut cc).map(drop)
}

/// A token in a folder of its own; the file that says where.
fn token(folder: &Path, label: &str, tool: &Path) -> Result<String> {
    let (tokens, configuration) = (folder.join("tokens"), folder.join("softhsm2.conf"));
    fs::create_dir_all(&tokens)?;
    fs::write(&configuration, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))?;
    let mut init = Command::new(tool);
    init.env("SOFTHSM2_CONF", &configuration);
    init.args(["--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", "123456"]);
    shell::output(&mut init)?;
    Ok(configuration.display().to_string())
}

/// The header of a shared library for i386, which is what tells.
fn elf_of_32_bits() -> Vec<u8> {
    let mut file = vec![0; 4096];
    // Magic, 32 bits, little-endian, version 1; then type 3 (shared), machine 3 (i386), version 1.
    file[..7].copy_from_slice(&[0x7F, b'E', b'L', b'F', 1, 1, 1]);
    file[16..24].copy_from_slice(&[3, 0, 3, 0, 1, 0, 0, 0]);
    file
}
