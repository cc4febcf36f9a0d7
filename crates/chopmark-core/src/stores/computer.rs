//! The place "this computer": the store that this system's programs look into. One module per system, each with the same methods.

#[cfg(any(target_os = "macos", test))]
#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "it calls nothing of Apple's: any machine can check it")
)]
pub(crate) mod keychain;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
mod unavailable;
#[cfg(any(target_os = "windows", test))]
#[cfg_attr(
    not(target_os = "windows"),
    allow(dead_code, reason = "it only talks to the helper: any machine can check it")
)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{ComputerPlace, certificates, key_of, stores};
#[cfg(target_os = "macos")]
pub(crate) use macos::{ComputerPlace, certificates, key_of, stores};
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
pub(crate) use unavailable::{ComputerPlace, certificates, key_of, stores};
#[cfg(target_os = "windows")]
pub(crate) use windows::{ComputerPlace, certificates, key_of, stores};
