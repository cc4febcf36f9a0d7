//! The programs built for Windows, run under Wine: `cargo xtask cross` builds them and says where they are.
//!
//! What Wine lacks is listed in docs/WINE.md.
#![cfg(target_os = "linux")]

mod computer;
mod drivers;
mod files;
mod lacks;
mod providers;
mod transfer;
mod wine;
