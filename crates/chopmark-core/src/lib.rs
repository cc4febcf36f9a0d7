//! Chopmark without a face: jobs, keys, places, CA access, drivers, journal, advice.
//!
//! Window and command call [`app::App`] and nothing else.

pub mod app;
pub mod certificate;
pub mod drivers;
pub mod error;
pub mod helper_program;
pub mod hints;
pub mod model;
pub mod place;
pub mod ui;
