//! Jobs: each in one file that reads from top to bottom.

pub(crate) mod care;
pub(crate) mod dialogue;
pub(crate) mod enroll;
pub(crate) mod fallback;
pub(crate) mod import;
pub(crate) mod inform;
pub(crate) mod key_by_ca;
pub(crate) mod old_key;
pub(crate) mod renew;
pub(crate) mod resume;
pub(crate) mod revoke;
pub(crate) mod server;
pub(crate) mod template;
pub(crate) mod trust;
