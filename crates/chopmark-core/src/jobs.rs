//! Jobs: each in one file that reads from top to bottom.

pub(crate) mod dialogue;
pub(crate) mod enroll;
pub(crate) mod resume;
