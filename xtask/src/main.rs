//! `cargo xtask`: set-up, demo, tests and benchmark of Chopmark. What needs another tool's installation starts here.

mod bench;
mod cross;
mod demo;
mod demo_orders;
mod fuzz;
#[cfg(test)]
mod guards;
mod licences;
mod peers;
mod programs;
mod rings;
mod setup;
mod shell;
mod types;
mod untouched;
mod window;
mod workflows;

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Set-up, demo, tests and benchmark of Chopmark")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Try it: a demo CA, a USB key made of software, and the window
    Demo(demo::Arguments),
    /// Everything that needs no more than apt, npm and crates.io
    Test {
        /// Install what is missing without asking (as in CI)
        #[arg(long)]
        yes: bool,
        /// Only these steps, by the names shown at the end of a run
        steps: Vec<String>,
    },
    /// The rings against foreign peers, which are built or fetched first, and all of `cross`
    Interop {
        /// Write docs/CONFORMANCE.md, TOKENS.md and WINE.md anew instead of comparing them
        #[arg(long)]
        write: bool,
        /// Install what is missing without asking (as in CI)
        #[arg(long)]
        yes: bool,
        /// Only these steps, by the names shown at the end of a run
        steps: Vec<String>,
    },
    /// Built for Windows and run under Wine, type-checked for macOS
    Cross(cross::Arguments),
    /// Searches for messages that break the protocol crate, starting from the vectors
    Fuzz(fuzz::Arguments),
    /// How fast it is here, beside the openssl command
    Bench(bench::Arguments),
    /// Write ui/src/backend/types.ts from the Rust types
    Types {
        /// Only say whether it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Write THIRD-PARTY.md from the manifests
    ThirdParty {
        /// Only say whether it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Install what is missing on this machine
    Setup {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// For what
        #[arg(long = "for", value_enum, default_value = "demo")]
        purpose: setup::For,
    },
    /// Build one foreign peer and print its path
    Peer {
        /// Which
        name: Peer,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Peer {
    Kryoptic,
    Openssl,
}

fn main() -> ExitCode {
    let ci = shell::ci();
    let done = match Arguments::parse().task {
        Task::Demo(arguments) => return finish(demo::demo(&arguments)),
        Task::Test { yes, steps } => rings::test(yes || ci, &steps),
        Task::Interop { write, yes, steps } => rings::interop(write, yes || ci, &steps),
        Task::Cross(arguments) => cross::cross(&arguments),
        Task::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Task::Bench(arguments) => bench::bench(&arguments),
        Task::Types { check } => types::types(check),
        Task::ThirdParty { check } => licences::third_party(check),
        Task::Setup { yes, purpose } => setup::setup(purpose, yes || ci),
        Task::Peer { name } => peer(name).map(|path| println!("{}", path.display())),
    };
    finish(done.map(|()| ExitCode::SUCCESS))
}

fn peer(name: Peer) -> anyhow::Result<PathBuf> {
    match name {
        Peer::Kryoptic => peers::kryoptic(),
        Peer::Openssl => peers::openssl(),
    }
}

fn finish(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("\ncargo xtask: {error:#}");
        ExitCode::FAILURE
    })
}
