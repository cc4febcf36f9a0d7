//! The real window under Xvfb, driven through WebKitWebDriver as a person would: what is typed, pressed and read.
#![cfg(target_os = "linux")]

mod acme;
mod computer;
mod console;
mod drivers;
mod enrolment;
mod helpdesk;
mod holder;
mod imports;
mod journey;
mod keys;
mod orders;
mod picker;
mod template;
mod trouble;
mod window;
