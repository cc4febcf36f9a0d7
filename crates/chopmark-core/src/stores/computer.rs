//! The place "this computer": the store that this system's programs look into. One module per system, each with the same methods.

mod unavailable;

pub(crate) use unavailable::ComputerPlace;
