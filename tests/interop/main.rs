//! Peers that nobody here wrote: `openssl cmp` as the CA (the system's and a current one), kryoptic as the USB key.
#![cfg(target_os = "linux")]

mod command;
mod exchanges;
mod kryoptic;
mod mock_ca;
