//! The place "this computer": the store that this system's programs look into. One module per system, each with the same methods.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod unavailable;

#[cfg(target_os = "linux")]
pub(crate) use linux::{ComputerPlace, certificates, stores};
#[cfg(not(target_os = "linux"))]
pub(crate) use unavailable::{ComputerPlace, certificates, stores};
