//! The command as scripts see it: arguments, standard output, standard error, exit code.

mod case;
mod cases;
mod copies;
mod holder;
#[cfg(target_os = "linux")]
mod orders;
#[cfg(target_os = "linux")]
mod pem;
#[cfg(target_os = "linux")]
mod ussl;
mod with_ca;
