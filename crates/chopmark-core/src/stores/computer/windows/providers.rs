//! Which CSP or KSP makes the key.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use token_helper::{
    client::{HelperError, providers},
    wire::{self, ProviderKind, ProviderName},
};

use crate::{
    drivers::{self, providers::Asker},
    error::{Code, Error, Result},
    model::KeyChoice,
};

/// Without a choice: what every program on Windows can use. A TPM's provider is the safer one and is taken when it is named, for
/// its keys end with the machine and not every program gets along with them.
const KSP: &str = "Microsoft Software Key Storage Provider";
/// Where a KSP does not do it: the CSP that knows SHA-256.
const CSP: (&str, u32) = ("Microsoft Enhanced RSA and AES Cryptographic Provider", 24);

/// Those that may make it, best first.
pub(super) struct Candidates {
    asker: Asker,
    providers: Vec<ProviderName>,
    /// Named by the person: no other will do.
    pub(super) named: bool,
    key_kinds: Vec<KeyChoice>,
}

impl Candidates {
    pub(super) async fn find(helper: &Path, limit: Option<Duration>, name: Option<&str>) -> Result<Candidates> {
        let asker = Asker::new(helper, limit);
        let Some(name) = name else {
            let ksp = ProviderName { kind: ProviderKind::Ksp, name: KSP.to_owned(), provider_type: 0 };
            let csp = ProviderName { kind: ProviderKind::Csp, name: CSP.0.to_owned(), provider_type: CSP.1 };
            return Ok(Candidates { asker, providers: vec![ksp, csp], named: false, key_kinds: Vec::new() });
        };
        let (all, _) = asker.names(&[]).await;
        let provider = all.iter().find(|one| one.name.eq_ignore_ascii_case(name)).cloned();
        let Some(provider) = provider else {
            let seen: Vec<&str> = all.iter().map(|one| &*one.name).collect();
            let missing = Error::new(Code::NoSuchProvider, "looking for the provider");
            return Err(missing.with("provider", name).with("seen", seen.join(", ")));
        };
        let asked = provider.clone();
        let looked = asker.ask(move |helper, limit| providers::look(helper, &asked, limit)).await;
        let looked = looked.map_err(|error| provider_error(error, &provider))?;
        let key_kinds = looked.keys.into_iter().map(drivers::key_choice).collect();
        Ok(Candidates { asker, providers: vec![provider], named: true, key_kinds })
    }

    /// Empty: not known, which is no reason not to try.
    pub(super) fn key_kinds(&self) -> &[KeyChoice] {
        &self.key_kinds
    }

    /// Those that may be able to make this kind. CryptoAPI knows RSA only.
    pub(super) fn for_kind(&self, kind: KeyChoice) -> Vec<ProviderName> {
        let rsa = matches!(kind, KeyChoice::Rsa2048 | KeyChoice::Rsa3072 | KeyChoice::Rsa4096);
        self.providers.iter().filter(|one| rsa || one.kind == ProviderKind::Ksp).cloned().collect()
    }

    /// For what is not about any provider.
    pub(super) fn any(&self) -> ProviderName {
        let windows = || ProviderName { kind: ProviderKind::Ksp, name: KSP.to_owned(), provider_type: 0 };
        self.providers.first().cloned().unwrap_or_else(windows)
    }

    pub(super) fn name(&self) -> String {
        self.any().name
    }

    /// The certificates in MY and their keys.
    pub(super) async fn bindings(&self) -> Result<Vec<wire::Binding>> {
        let found = self.asker.ask(providers::bindings).await;
        found.map_err(|error| provider_error(error, &self.any()))
    }
}

/// What went wrong with a provider or the store, as one of our numbered errors.
pub(super) fn provider_error(error: HelperError, provider: &ProviderName) -> Error {
    let about = |code| Error::new(code, "using this computer's store").with("provider", &provider.name);
    match error {
        HelperError::ProviderMissing => about(Code::NoSuchProvider).because(error),
        HelperError::MechanismUnsupported { .. } => about(Code::ProviderCannot).because(error),
        HelperError::KeyNotFound | HelperError::ObjectNotFound => about(Code::ProviderKeyGone).because(error),
        HelperError::Declined => Error::new(Code::Cancelled, "using this computer's store").because(error),
        // A card behind it: the words about tokens fit.
        error => drivers::helper_error(error, &PathBuf::from(&provider.name), &provider.name),
    }
}
