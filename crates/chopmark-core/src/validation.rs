//! Proving a domain: what a CA wants to see on it, what is seen there, and what is the matter.
//!
//! Everything that comes from outside is hostile: each answer has a size limit and a time limit, and nothing is followed
//! without end. What is wrong is a finding with the number of an error, put into words by [`crate::hints`].

mod check;
mod dns;
mod file;
pub(crate) mod finding;
pub(crate) mod names;
pub(crate) mod order;
pub(crate) mod settings;

pub(crate) use check::check;
pub(crate) use file::package;
