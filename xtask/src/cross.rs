//! `cargo xtask cross`: the programs built for Windows and run under Wine, the workspace type-checked for macOS.
//!
//! rustup brings the compiled standard library of other systems from a host of its own; Debian's `rustc-web` has its source,
//! so here it is built along (`-Z build-std`, which an unlocked stable compiler does). One target folder per system, in the cache.

mod macos;
mod wine;

use crate::{
    rings::{self, Report, pass_through, ring_command},
    setup, shell,
};
use anyhow::{Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";
const COMPILER: &str = "/usr/bin/rustc";
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std";
const LINKER: &str = "x86_64-w64-mingw32-gcc";
const RESOURCES: &str = "x86_64-w64-mingw32-windres";
/// The faulty driver's version resource.
const VERSION: &str = "1 VERSIONINFO FILEVERSION 2,15,3,4 PRODUCTVERSION 2,0,0,0 BEGIN END\n";
/// Built and run. The window is only linked (`--window`): Wine has no WebView2.
const PACKAGES: [&str; 5] = ["cmp-protocol", "token-helper", "chopmark-core", "chopmark-cli", "chopmark-demo-ca"];
/// Of the helper's tests with real drivers those of the faulty one: SoftHSM2 is not packaged for Windows.
const DRIVER_TESTS: [&str; 5] = ["a_driver_that", "a_program_that", "what_a_driver", "cancelling", "a_killed_client"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Link the window for Windows as well: ten minutes more the first time
    #[arg(long)]
    window: bool,
    /// Install what is missing without asking (as in CI)
    #[arg(long)]
    yes: bool,
    /// Only these steps, by the names shown at the end of a run
    steps: Vec<String>,
}

pub(crate) fn cross(arguments: &Arguments) -> Result<()> {
    let mut report = Report::new(&arguments.steps);
    report.step("cross setup", |_| setup::setup(setup::For::Cross, arguments.yes || shell::ci()));
    steps(&mut report, false);
    if arguments.window {
        report.step("windows window", |lines| {
            let Some(mut command) = windows("build", lines)? else { return Ok(()) };
            shell::run(command.args(["-p", "chopmark-window"]))
        });
    }
    report.finish("cargo xtask cross")
}

/// `write`: what Wine lacks becomes docs/WINE.md.
pub(crate) fn steps(report: &mut Report<'_>, write: bool) {
    report.step("windows programs", |lines| {
        let Some(mut command) = windows("build", lines)? else { return Ok(()) };
        shell::run(packages(&mut command))
    });
    report.step("windows unit", |lines| {
        let Some(mut command) = windows("test", lines)? else { return Ok(()) };
        wine::runs(&mut command)?;
        pass_through(packages(&mut command).args(["--no-fail-fast", "--lib", "--bins"]), lines)
    });
    report.step("windows drivers", |lines| {
        let Some(mut command) = windows("test", lines)? else { return Ok(()) };
        wine::runs(&mut command)?;
        command.env("CHOPMARK_WINDOWS_DRIVERS", wine::path(&drivers()?));
        command.args(["-p", "token-helper", "--test", "tokens", "--", "--nocapture"]);
        pass_through(command.args(DRIVER_TESTS), lines)
    });
    report.step("windows", |lines| {
        if windows("build", lines)?.is_none() {
            return Ok(());
        }
        let mut command = ring_command("windows");
        wine::runs(&mut command)?;
        command.env("CHOPMARK_WINDOWS_DRIVERS", drivers()?).env("CHOPMARK_WINDOWS_PROGRAMS", built()?);
        rings::writes(&mut command, write);
        pass_through(&mut command, lines)
    });
    report.step("macos", |lines| {
        let Some(mut command) = elsewhere("check", MACOS, lines)? else { return Ok(()) };
        macos::without_a_compiler(&mut command)?;
        shell::run(command.args(["--workspace"]))
    });
}

fn windows(what: &str, lines: &mut Vec<String>) -> Result<Option<Command>> {
    elsewhere(what, WINDOWS, lines)
}

/// cargo for another system; nothing where this machine lacks what that takes.
fn elsewhere(what: &str, target: &str, lines: &mut Vec<String>) -> Result<Option<Command>> {
    if let Some(missing) = missing() {
        let why = format!("{target}: {missing} is not there; Debian has it (`cargo xtask setup --for cross`)");
        if shell::ci() {
            bail!("{why}");
        }
        lines.push(format!("skipped: {why}"));
        return Ok(None);
    }
    let mut command = shell::cargo();
    // Type-checked alone, all of it is cheap. Built, what nothing links would cost. With `test` always: without it, programs and
    // tests would each have a standard library, and all dependencies, of their own.
    let library = if what == "check" { "build-std" } else { "build-std=std,panic_abort,test" };
    command.args([what, "-Z", library, "--target", target]);
    command.env("RUSTC", COMPILER).env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", target_folder(target)?);
    command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_TEST_DEBUG", "0");
    Ok(Some(command))
}

fn missing() -> Option<String> {
    let absent = [COMPILER, SOURCE].into_iter().find(|path| !Path::new(path).exists());
    absent.or_else(|| [LINKER, "wine"].into_iter().find(|name| shell::find(name).is_none())).map(str::to_owned)
}

fn target_folder(target: &str) -> Result<PathBuf> {
    Ok(folder()?.join(target))
}

/// What this ring keeps from one run to the next.
fn folder() -> Result<PathBuf> {
    Ok(shell::cache()?.join("cross"))
}

fn packages(command: &mut Command) -> &mut Command {
    command.args(PACKAGES.iter().flat_map(|name| ["-p", name]))
}

/// The folder with the programs.
fn built() -> Result<PathBuf> {
    Ok(target_folder(WINDOWS)?.join(WINDOWS).join("debug"))
}

/// DLLs for the tests: the driver that misbehaves on demand, one that is no driver, and one that needs another, which lies
/// beside it or does not; and programs that know Windows only.
fn drivers() -> Result<PathBuf> {
    let folder = folder()?.join("drivers");
    fs::create_dir_all(folder.join("beside"))?;
    let faulty = shell::root().join("tests/faulty-module/faulty.c");
    let sources = [
        ("plain.c", "int answer = 42;"),
        ("needed.c", "int needed(void) { return 1; }"),
        ("needing.c", "int needed(void); int f(void) { return needed(); }"),
    ];
    for (name, text) in sources {
        fs::write(folder.join(name), text)?;
    }
    let (needed, version) = (folder.join("beside/needed.dll"), folder.join("version.o"));
    fs::write(folder.join("version.rc"), VERSION)?;
    shell::run(Command::new(RESOURCES).arg(folder.join("version.rc")).arg(&version))?;
    for (name, source, more) in [
        ("faulty.dll", faulty, Some(&version)),
        ("plain.dll", folder.join("plain.c"), None),
        ("beside/needed.dll", folder.join("needed.c"), None),
        ("beside/needing.dll", folder.join("needing.c"), Some(&needed)),
        ("needing.dll", folder.join("needing.c"), Some(&needed)),
    ] {
        let mut compiler = Command::new(LINKER);
        compiler.args(["-shared", "-O1", "-Wall", "-o"]).arg(folder.join(name)).arg(source).args(more);
        shell::run(&mut compiler)?;
    }
    for program in ["bind", "lacks"] {
        let mut compiler = Command::new(LINKER);
        compiler.args(["-municode", "-O1", "-Wall", "-o"]).arg(folder.join(program).with_extension("exe"));
        compiler.arg(shell::root().join("tests/windows").join(program).with_extension("c"));
        shell::run(compiler.args(["-lcrypt32", "-ladvapi32", "-lncrypt"]))?;
    }
    Ok(folder)
}
