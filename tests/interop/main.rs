//! Peers that nobody here wrote: `openssl cmp` as the CA and as the client (the system's and a current one), a CA on Bouncy
//! Castle, kryoptic as the USB key. What they find stands in docs/CONFORMANCE.md.
#![cfg(target_os = "linux")]

mod bouncy_castle;
mod command;
mod conformance;
mod estate;
mod exchanges;
mod kryoptic;
mod mock_ca;
mod modules;
mod openssl_ca;
mod openssl_client;
