//! `cargo xtask bench` (being written)
use anyhow::{Result, bail};

#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn bench(_: &Arguments) -> Result<()> {
    bail!("not there yet")
}
