//! Chopmark without a face: jobs, keys, places, CA access, drivers, journal, advice.
//!
//! Window and command call [`app::App`] and nothing else.

pub mod app;
mod ca;
pub mod certificate;
mod check_up;
mod clock;
mod codes;
pub mod drivers;
pub mod error;
mod exports;
mod files;
pub mod helper_program;
pub mod hints;
mod jobs;
mod journal;
mod keys;
mod letters;
pub mod model;
mod orders;
pub mod place;
mod programs;
mod repairs;
mod report;
mod servers;
mod stores;
mod trace;
pub mod ui;
mod validation;
