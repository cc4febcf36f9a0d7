//! Ring "browsers": certificates that our command has put on this computer or on a token, presented by the real Chromium and Firefox to a
//! server that demands one. What lies in the databases is judged by NSS's own tools. Every home is a folder of the test's own.
#![cfg(target_os = "linux")]

mod chromium;
mod firefox;
mod person;
mod server;
mod store;
mod token;
