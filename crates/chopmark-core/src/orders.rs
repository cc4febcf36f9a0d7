//! Orders for server certificates, driven from here: made, handed in, proved, fetched, installed.
//!
//! [`source`] is the one interface over the kinds of source (typed in by hand, USSL, ACME); [`acts`] is what has an effect there:
//! written down before it is sent, asked about before anything is sent again; [`accounts`] are the accounts and where their
//! secrets are; [`delivered`] reads what
//! certificates come in. The key and the installation are a job of their own, [`crate::jobs::server`]. What is kept of an order is [`crate::validation::order::Order`], in the journal.

pub(crate) mod accounts;
pub(crate) mod acme;
pub(crate) mod acts;
pub(crate) mod delivered;
pub(crate) mod source;
pub(crate) mod ussl;
