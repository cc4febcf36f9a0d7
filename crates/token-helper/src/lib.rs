//! PKCS#11 in its own process.
//!
//! A vendor's driver (PKCS#11 module) may crash, hang, end the process, print to standard output or close files that are not
//! its own. So no driver is ever loaded into the window or the command: each one runs in a helper process of its own
//! (`chopmark-token-helper`), and this library talks to it.
//!
//! - [`wire`]: what is said between the two, as plain data, and [`Pin`].
//! - [`frame`]: how it is said: length, limit, JSON; the PIN as a raw frame of its own.
//! - [`client`]: start, call, deadline, cancel, kill - and what became of the process when it does not answer.
//! - [`binary_format`]: look at a driver file without loading it.
//! - [`signature`]: whether the file is as its maker signed it.
//! - [`readers`]: the smart card service, asked in a process of its own, too.
//! - [`channel`]: the private socket or pipe between the two (the only place that knows the operating system).
//!
//! Only the helper program uses `cryptoki`.

pub mod binary_format;
pub mod channel;
pub mod client;
pub mod error;
pub mod frame;
pub mod readers;
pub mod signature;
pub mod wire;

pub use client::{Canceller, Helper, Limits};
pub use error::{HelperError, LoadFailure, PinFailure};
pub use wire::{
    Certificate, GeneratedKey, Installed, Key, KeyKind, Module, Object, ObjectKind, Objects, Pin, PinOwner, PinState,
    SignatureAlgorithm, Token, TokenSelector, Verb,
};
