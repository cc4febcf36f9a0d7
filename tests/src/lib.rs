//! What the rings share: temporary homes, tokens, CAs and peers.

pub mod bench;
pub mod care_table;
pub mod judge;
#[cfg(unix)]
pub mod scene;
pub mod token_table;
