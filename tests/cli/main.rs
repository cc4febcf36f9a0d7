//! The command as scripts see it: arguments, standard output, standard error, exit code.

mod cases;
mod with_ca;
