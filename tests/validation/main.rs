//! Proving domains: what people do wrong with records and files, each case against real servers on loopback (knot, unbound,
//! nginx), told by the number of its finding.
#![cfg(target_os = "linux")]

mod acme;
mod acme_lost;
mod bench;
mod files;
mod green;
mod zones;
