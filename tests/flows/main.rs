//! The jobs of the core against the demo CA, with a person who answers from a script; and the real command killed,
//! misled and fed with garbage.
#![cfg(target_os = "linux")] // SoftHSM2, signals and /proc; the flows themselves are the same everywhere.

mod bad_input;
mod codes;
mod doctor;
mod endings;
mod faulty_driver;
mod happy;
mod interruptions;
mod key_by_ca;
mod kill;
mod renewal;
mod revocation;
mod template;
mod tokens;
mod transport;
mod trust;
mod world;
