//! A virtual smart card behind vpcd: the PIV applet of `piv-authenticator` or the OpenPGP applet of `opcard`.
//!
//! Ours is only the glue: arguments, vpcd's wire, ISO 7816 framing ([`apdu`]) and the platform under the applets ([`platform`]).
//! What the card holds lies in `--dir` and survives the program, so that ending it is pulling the card and starting it again is
//! putting the card back.

mod apdu;
mod platform;
mod reader;

use anyhow::{Context, Result};
use apdu::{Framing, Header};
use clap::{Parser, ValueEnum};
use std::{path::PathBuf, process::ExitCode, thread, time::Duration};

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Applet {
    /// PIV with Yubico's extensions; PIN 123456, management key 0102…08 three times
    Piv,
    /// OpenPGP card 3.4; PIN 123456, administrator PIN 12345678
    Openpgp,
}

#[derive(Parser)]
struct Arguments {
    applet: Applet,
    /// Where the card keeps its memory
    #[arg(long)]
    dir: PathBuf,
    /// vpcd's TCP port on loopback
    #[arg(long, default_value_t = 35963)]
    port: u16,
    /// Answer to reset, in hex
    #[arg(long, value_parser = hex)]
    atr: Option<std::vec::Vec<u8>>,
    /// An OpenPGP card that says it knows no extended length, which OpenSC copes with better
    #[arg(long)]
    noext: bool,
    /// Leave the reader at this command: INS, or INS P1 P2, in hex
    #[arg(long, value_parser = header)]
    pull_at: Option<Header>,
    /// How many such commands pass before
    #[arg(long, default_value_t = 0)]
    skip: u32,
    /// Leave only when the command is done, so that the card knows what its user does not
    #[arg(long)]
    pull_after: bool,
    /// Each command `pull-at` names takes this much longer
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
}

fn hex(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).context("not hexadecimal"))
        .collect()
}

fn header(text: &str) -> Result<Header> {
    Header::try_from(&*hex(text)?)
}

/// What the answer to a command means for the card's stay in the reader.
enum After {
    Stay(Vec<u8>),
    Leave,
}

struct Card {
    arguments: Arguments,
    passed: u32,
}

impl Card {
    /// Runs one command of the reader through framing and applet, and leaves where `--pull-at` says so.
    fn command(&mut self, framing: &mut Framing, applet: &mut dyn apdu::Applet, message: &[u8]) -> After {
        let named = self.arguments.pull_at.is_some_and(|header| framing.completes(message, header));
        let mut leave = false;
        if named {
            thread::sleep(Duration::from_millis(self.arguments.delay_ms));
            leave = self.arguments.delay_ms == 0 || self.arguments.pull_after;
            leave &= self.passed >= self.arguments.skip;
            self.passed += 1;
        }
        if leave && !self.arguments.pull_after {
            return After::Leave;
        }
        let answer = framing.answer(applet, message);
        if leave { After::Leave } else { After::Stay(answer) }
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.dir)?;
    let atr = arguments.atr.clone().unwrap_or_else(|| reader::DEFAULT_ATR.to_vec());
    let mut reader = reader::Reader::connect(arguments.port, atr)?;
    println!("inserted");
    let mut card = Card { arguments, passed: 0 };
    loop {
        let (applet, dir, noext) = (card.arguments.applet, card.arguments.dir.clone(), card.arguments.noext);
        // A card forgets who logged in when it loses power: each power-up is a platform of its own on the same memory.
        let pulled = match applet {
            Applet::Piv => platform::with_client(&dir, "piv", |client| {
                let mut applet = apdu::Piv::new(client);
                reader.until_reset(|framing, message| card.command(framing, &mut applet, message))
            }),
            Applet::Openpgp => platform::with_client(&dir, "opcard", |client| {
                let mut applet = apdu::OpenPgp::new(client, noext);
                reader.until_reset(|framing, message| card.command(framing, &mut applet, message))
            }),
        }?;
        if pulled {
            println!("pulled");
            return Ok(ExitCode::SUCCESS);
        }
    }
}
