//! The letter that an OV or EV order wants stamped: the source's form filled from the order's data, or a letter of our own ([`fill`]),
//! and the scan of the stamped one looked at ([`scan`]) before anybody at a CA has to.

pub(crate) mod data;
mod document;
pub(crate) mod fill;
mod font;
pub(crate) mod legible;
pub(crate) mod limits;
mod own;
mod pages;
mod pdf_form;
mod picture;
pub(crate) mod scan;
