//! `cargo xtask bench`: how fast it is on this machine, beside the openssl command against the same CA.

use crate::{
    programs::{DemoCa, Invitation, Programs, SoftToken, write_secret},
    setup::{self, For},
    shell, window,
};
use anyhow::{Context, Result, bail};
use modules::Modules;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

mod listing;
mod messages;
mod modules;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
    /// Enrolments of each kind with a software key
    #[arg(long, default_value_t = 20)]
    runs: usize,
    /// Enrolments on the token, and starts of the window
    #[arg(long, default_value_t = 5)]
    slow_runs: usize,
    /// Leave the window out (its release build takes long)
    #[arg(long)]
    no_window: bool,
    /// These rows only
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Row>,
    /// Measure the programs in this folder instead of building them
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Row {
    /// Messages alone, beside libcrypto
    Messages,
    /// Enrolments with a software key, beside the openssl command
    Software,
    /// Enrolments on a token
    Token,
    /// A token with a thousand objects, beside raw PKCS#11 calls
    Listing,
    /// Ten drivers, some of which hang and crash
    Drivers,
    /// The window's start and memory
    Window,
}

/// What our PKCS#12 files have, for a like-for-like column.
const ROUNDS: &str = "100000";
const CODE: &str = "BENCH-4711-BENCH-4711";
const REFERENCE: &str = "bench";
/// In the order of the job; what the result holds besides comes after these.
const STEPS: [&str; 6] = ["make-key", "send-request", "receive-certificate", "install", "prove", "confirm"];
const SUBJECT: &str = "CN=Bench Example,OU=Bench,O=Example Ltd,C=CN";

/// Milliseconds that the window may stand still.
const LONGEST_FRAME: f64 = 50.0;

/// Our name of the key, openssl's arguments for the same.
const KEYS: [(&str, &str, &[&str]); 2] = [
    ("P-256", "ec:p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("RSA-2048", "rsa:2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
];

pub(crate) fn bench(arguments: &Arguments) -> Result<()> {
    let window = !arguments.no_window && cfg!(target_os = "linux");
    let wanted = |row| arguments.only.is_empty() || arguments.only.contains(&row);
    setup::setup(if window { For::Test } else { For::HeadlessDemo }, arguments.yes || shell::ci())?;
    let programs = match &arguments.programs {
        Some(folder) => Programs::at(folder),
        None => Programs::build(true, window && (wanted(Row::Window) || wanted(Row::Drivers)))?,
    };
    let bench = Bench::new(&programs)?;
    println!("\nMachine: {}", machine());
    println!("Against: {}", shell::output(Command::new("openssl").arg("version"))?);
    if wanted(Row::Messages) {
        messages::messages()?;
    }
    if wanted(Row::Software) {
        bench.software_keys(arguments.runs)?;
    }
    if wanted(Row::Token) {
        bench.token(arguments.slow_runs)?;
    }
    if wanted(Row::Listing) {
        listing::listing(&programs, bench.folder.path())?;
    }
    let program = window.then(|| programs.path("chopmark-window"));
    if wanted(Row::Drivers) {
        bench.modules(program.as_deref(), arguments.slow_runs)?;
    }
    match &program {
        Some(program) if wanted(Row::Window) => bench.window(program, arguments.slow_runs),
        _ => Ok(()),
    }
}

struct Bench<'a> {
    programs: &'a Programs,
    folder: tempfile::TempDir,
    ca: DemoCa,
    invitation: Invitation,
}

impl<'a> Bench<'a> {
    fn new(programs: &'a Programs) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let code = folder.path().join("code");
        write_secret(&code, CODE)?;
        write_secret(&folder.path().join("password"), "bench-password")?;
        let ca = DemoCa::start(programs, &folder.path().join("ca"))?;
        let code = code.to_string_lossy().into_owned();
        let invitation =
            ca.invite(&["--subject", SUBJECT, "--uses", "0", "--reference", REFERENCE, "--code-file", &code])?;
        let bench = Self { programs, folder, ca, invitation };
        let mut add = bench.chopmark();
        add.args(["ca", "add", &bench.ca.profile, "--batch", "--yes"]);
        shell::output(&mut add)?;
        Ok(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn chopmark(&self) -> Command {
        let mut command = self.programs.command("chopmark");
        command.arg("--home").arg(self.path("home"));
        command
    }

    fn software_keys(&self, runs: usize) -> Result<()> {
        println!(
            "\nSoftware key into a PKCS#12 file, against the demo CA: median of {runs} in ms (min-max).\n\
             openssl: genpkey, cmp -cmd ir, pkcs12 -export; its file takes 2048 rounds to try a password, ours {ROUNDS}."
        );
        println!(
            "  {:10}{:>20}{:>20}{:>7}{:>24}{:>7}",
            "", "chopmark enroll", "openssl", "ratio", "openssl -iter 100000", "ratio"
        );
        for (name, ours, theirs) in KEYS {
            self.software(name, ours, theirs, runs)?;
        }
        Ok(())
    }

    /// Alternating, so that a busy moment of the machine meets both; one of each beforehand does not count.
    fn software(&self, name: &str, ours: &str, theirs: &[&str], runs: usize) -> Result<()> {
        let (mut our_times, mut their_times, mut strong_times) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..=runs {
            let place = format!("file:{}", self.path(&format!("{run}.p12")).display());
            let (took, _) = self.enroll(ours, &place, None)?;
            let (other, strong) = self.openssl(theirs)?;
            if run > 0 {
                our_times.push(took);
                their_times.push(other);
                strong_times.push(strong);
            }
            fs::remove_file(self.path(&format!("{run}.p12"))).context("chopmark wrote no PKCS#12 file")?;
        }
        let ratio = |times: &[f64]| median(&our_times) / median(times);
        let (plain, strong) = (ratio(&their_times), ratio(&strong_times));
        let [ours, theirs, stronger] = [our_times, their_times, strong_times].map(|times| Spread(times).to_string());
        println!("  {name:10}{ours:>20}{theirs:>20}{plain:>7.2}{stronger:>24}{strong:>7.2}");
        Ok(())
    }

    /// One enrolment: how long the whole command took, and what it said of its steps.
    fn enroll(&self, key: &str, place: &str, token: Option<&SoftToken>) -> Result<(f64, Value)> {
        let mut command = self.chopmark();
        command.args(["--json", "--batch", "--yes", "enroll", "--ca", &self.ca.profile, "--reference", REFERENCE]);
        command.arg("--code-file").arg(self.path("code")).args(["--key", key, "--place", place]);
        match token {
            Some(token) => {
                token.seen_by(&mut command);
            }
            None => {
                command.arg("--password-file").arg(self.path("password"));
            }
        }
        let started = Instant::now();
        let text = shell::output(&mut command)?;
        let took = milliseconds(started.elapsed());
        let result: Value = serde_json::from_str(text.lines().last().unwrap_or_default())?;
        if result["result"] != "ok" {
            bail!("chopmark enroll said {result}");
        }
        Ok((took, result))
    }

    /// The same with the openssl command: key, certificate (with certConf), PKCS#12 file; as it comes, and with as many rounds
    /// as ours.
    fn openssl(&self, key: &[&str]) -> Result<(f64, f64)> {
        let file = |name: &str| self.path(name).to_string_lossy().into_owned();
        let timed = |arguments: &[&str]| {
            let started = Instant::now();
            shell::output(Command::new("openssl").args(arguments))?;
            anyhow::Ok(milliseconds(started.elapsed()))
        };
        let (private, certificate, chain, out) = (file("o.key"), file("o.pem"), file("o.chain"), file("o.p12"));
        let secret = format!("file:{}", file("code"));
        let password = format!("file:{}", file("password"));
        let mut both = timed(&[&["genpkey", "-quiet", "-out", &private], key].concat())?;
        both += timed(
            &[
                &["cmp", "-cmd", "ir", "-server", &self.ca.url, "-ref", REFERENCE, "-secret", &secret][..],
                &["-trusted", &self.ca.root, "-subject", "/C=CN/O=Example Ltd/OU=Bench/CN=Bench Example"],
                &["-newkey", &private, "-certout", &certificate, "-extracertsout", &chain],
            ]
            .concat(),
        )?;
        let export = ["pkcs12", "-export", "-in", &certificate, "-inkey", &private, "-certfile", &chain, "-out"];
        let export = [&export[..], &[&out, "-passout", &password]].concat();
        Ok((both + timed(&export)?, both + timed(&[&export[..], &["-iter", ROUNDS]].concat())?))
    }

    fn window(&self, program: &Path, runs: usize) -> Result<()> {
        let arguments =
            ["--home".to_owned(), self.path("window-home").display().to_string(), self.invitation.link.clone()];
        let (times, memory) = window::measure(program, &arguments, runs)?;
        println!("\nWindow: from start to a page that can be used (WebDriver's own start included), median of {runs}:");
        println!("  {} ms; memory (PSS of all its processes) {:.0} MiB", Spread(times), median(&memory) / 1024.0);
        Ok(())
    }

    /// Drivers that hang and crash beside good ones: for the command, and for the window's frames.
    fn modules(&self, window: Option<&Path>, runs: usize) -> Result<()> {
        let Some(modules) = Modules::install(&self.path("ten"))? else {
            println!("\nTen drivers: skipped: SoftHSM2 is not installed");
            return Ok(());
        };
        modules.measure(self.chopmark(), runs)?;
        let Some(program) = window else { return Ok(()) };
        let arguments = ["--home".to_owned(), self.path("frames-home").display().to_string()];
        let frames = window::frames(program, &arguments, modules.home())?;
        println!(
            "\nWindow, while these ten are looked at ({:.0} ms, {} frames): first USB key {:.0} ms after the page's start,",
            frames.took, frames.count, frames.first
        );
        let verdict = match (frames.looking <= LONGEST_FRAME, frames.idle <= LONGEST_FRAME) {
            (true, _) => "",
            (false, true) => "  TOO LONG",
            (false, false) => "  (the machine is busy with something else)",
        };
        println!(
            "  longest frame {:.0} ms, at most {LONGEST_FRAME:.0}; while nothing happens, before and after, {:.0} ms{verdict}",
            frames.looking, frames.idle
        );
        Ok(())
    }

    fn token(&self, runs: usize) -> Result<()> {
        let Some(token) = SoftToken::new(&self.path("usb-key"))? else {
            println!("\nToken: skipped: SoftHSM2 is not installed");
            return Ok(());
        };
        for (name, key, _) in KEYS {
            let (mut whole, mut steps) = (Vec::new(), Vec::<(String, Vec<f64>)>::new());
            for _ in 0..runs {
                let (took, result) = self.enroll(key, &token.place(), Some(&token))?;
                whole.push(took);
                for (step, time) in result["timings"].as_object().context("no timings in the result")? {
                    let time = time.as_f64().unwrap_or_default();
                    match steps.iter_mut().find(|(known, _)| known == step) {
                        Some((_, times)) => times.push(time),
                        None => steps.push((step.clone(), vec![time])),
                    }
                }
            }
            steps.sort_by_key(|(step, _)| STEPS.iter().position(|known| known == step).unwrap_or(STEPS.len()));
            println!("\nToken (SoftHSM2), {name}: {} ms, median of {runs}; its steps:", Spread(whole));
            for (step, times) in steps {
                println!("  {step:24}{:>24}", Spread(times).to_string());
            }
        }
        Ok(())
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => sorted[len / 2],
        len => f64::midpoint(sorted[len / 2 - 1], sorted[len / 2]),
    }
}

/// Median, and least and greatest beside it.
struct Spread(Vec<f64>);

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let min = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let max = self.0.iter().copied().fold(0.0, f64::max);
        write!(f, "{:.0} ({min:.0}-{max:.0})", median(&self.0))
    }
}

fn machine() -> String {
    let file = |name: &str| fs::read_to_string(Path::new("/proc").join(name)).unwrap_or_default();
    let model = file("cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, model)| model.to_owned()))
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = file("loadavg").split(' ').next().unwrap_or("?").to_owned();
    format!("{model}, {cores} cores, {}, load {load}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn median_of_odd_and_even() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
    }
}
