//! Access to CAs: profiles, HTTP, the CMP conversation, and chains.

pub(crate) mod acme;
pub(crate) mod chain;
pub(crate) mod cmp;
pub(crate) mod http;
pub(crate) mod profile;
pub(crate) mod revocation;
pub(crate) mod ussl;
