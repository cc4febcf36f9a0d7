//! The command as scripts see it: arguments, standard output, standard error, exit code.

mod case;
mod cases;
#[cfg(target_os = "linux")]
mod console;
mod copies;
mod holder;
mod imports;
#[cfg(target_os = "linux")]
mod letters;
#[cfg(target_os = "linux")]
mod order_keys;
#[cfg(target_os = "linux")]
mod orders;
#[cfg(target_os = "linux")]
mod pem;
mod reminders;
#[cfg(target_os = "linux")]
mod servers;
#[cfg(target_os = "linux")]
mod ussl;
mod with_ca;
