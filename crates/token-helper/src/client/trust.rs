//! Roots that NSS trusts: only for its own databases.

use super::{Helper, HelperError};
use crate::wire::{Answer, Request, Verb};

impl Helper {
    /// Does the open database trust this root to speak for servers? What a browser brings along itself is not seen here.
    pub fn is_root_trusted(&mut self, certificate: &[u8]) -> Result<bool, HelperError> {
        let request = Request::IsRootTrusted { certificate: certificate.to_owned() };
        match self.call(Verb::TrustRoot, &request, None)? {
            Answer::RootTrusted(trusted) => Ok(trusted),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Stores the root and trusts it for servers and mail. Doing it twice does no harm.
    pub fn trust_root(&mut self, certificate: &[u8], label: &str) -> Result<(), HelperError> {
        let request = Request::TrustRoot { certificate: certificate.to_owned(), label: label.to_owned() };
        match self.call(Verb::TrustRoot, &request, None)? {
            Answer::Done => Ok(()),
            other => Err(self.unexpected(&other)),
        }
    }
}
