//! Orders for server certificates after they were kept: what a CA says of them, and what is done about it.

pub(crate) mod acme;
