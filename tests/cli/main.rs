//! The command as scripts see it: arguments, standard output, standard error, exit code.

mod case;
mod cases;
mod holder;
mod with_ca;
