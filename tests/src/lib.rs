//! What the rings share: temporary homes, tokens, CAs and peers.

pub mod bench;
pub mod care_table;
pub mod judge;
pub mod token_table;
