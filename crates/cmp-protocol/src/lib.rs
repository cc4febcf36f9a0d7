//! Certificate Management Protocol (RFC 9810, lightweight profile RFC 9483) without I/O.
//!
//! This crate builds, protects, parses and checks messages. It opens nothing and waits for nothing: the clock (seconds
//! since 1970) and randomness are passed in, bytes go in and out. How the parts work together:
//!
//! 1. [`request`] makes a certificate request in two steps, bytes to sign and assembly, so that the key may be elsewhere.
//! 2. [`exchange::Exchange`] wraps it into a message, protected by a [`protection::SharedSecret`] (the two codes).
//! 3. The bytes of the answer go through [`exchange::Exchange::read`], which verifies the protection before it believes
//!    anything else, and says [`exchange::Reply`]: wait, issued, confirmed or refused.
//!
//! 4. Where the CA makes the key, [`key_delivery`] opens and checks what it sends.
//!
//! [`server`] is the other side, for CAs that are made for trying out and for tests.
#![forbid(unsafe_code)]

pub mod crmf;
pub mod csr;
pub mod error;
pub mod exchange;
pub mod information;
pub mod key_delivery;
pub mod message;
pub mod protection;
pub mod request;
pub mod server;
pub mod signature;

pub use error::{Check, Error, Result};

/// Largest message accepted, in bytes. Answers carry a few certificates; a mebibyte is far more than any.
pub const MAX_MESSAGE: usize = 1 << 20;
