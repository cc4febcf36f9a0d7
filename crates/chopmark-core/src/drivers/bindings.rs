//! Which provider a certificate of Windows' store says that its key is in: looked up, and changed by a repair.

use std::path::{Path, PathBuf};

use token_helper::{
    Limits,
    client::{HelperError, providers, store::WindowsStore},
    wire::{KeyAddress, ProviderName},
};

use super::helper_error;
use crate::{
    certificate,
    error::{Code, Error, Result},
};

const DOING: &str = "changing where a certificate's key is";

/// The certificates of this user's store.
pub(crate) struct Bindings {
    helper: PathBuf,
    limits: Limits,
}

impl Bindings {
    pub(crate) fn new(helper: &Path, limits: Limits) -> Bindings {
        Bindings { helper: helper.to_owned(), limits }
    }

    /// What the certificate with this fingerprint says.
    pub(crate) fn of(&self, sha256: &str) -> Result<Option<KeyAddress>> {
        let certificate = self.certificate(sha256)?;
        self.store().binding(&certificate).map_err(|error| failed(error, ""))
    }

    /// Lets it say something else.
    pub(crate) fn set(&self, sha256: &str, at: Option<&KeyAddress>) -> Result<()> {
        let certificate = self.certificate(sha256)?;
        let provider = at.map_or("", |at| &at.provider.name);
        self.store().bind(&certificate, at).map_err(|error| failed(error, provider))
    }

    /// Lets it say where this provider really has its key.
    pub(crate) fn set_to(&self, sha256: &str, provider: &ProviderName) -> Result<()> {
        let certificate = self.certificate(sha256)?;
        let held = providers::holds(&self.helper, provider, &certificate, self.limits.info);
        let at = held.map_err(|error| failed(error, &provider.name))?;
        let gone = || Error::new(Code::ProviderKeyGone, DOING).with("provider", &provider.name);
        self.set(sha256, Some(&at.ok_or_else(gone)?))
    }

    fn store(&self) -> WindowsStore {
        WindowsStore::new(&self.helper, self.limits.clone())
    }

    fn certificate(&self, sha256: &str) -> Result<Vec<u8>> {
        let all = providers::bindings(&self.helper, self.limits.info).map_err(|error| failed(error, ""))?;
        let its = all.into_iter().map(|one| one.certificate).find(|der| certificate::fingerprint(der) == sha256);
        its.ok_or_else(|| Error::new(Code::CertificateNotFound, DOING).with("certificate", sha256))
    }
}

fn failed(error: HelperError, provider: &str) -> Error {
    helper_error(error, Path::new(provider), "")
}
