//! The letter that an OV or EV order wants stamped: the scan of the stamped one is looked at ([`scan`]) before anybody at a CA has to.

pub(crate) mod legible;
pub(crate) mod limits;
mod pages;
mod picture;
pub(crate) mod scan;
