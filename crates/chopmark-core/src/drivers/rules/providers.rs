//! CSPs and KSPs: "the most common error is choosing the wrong CSP".

use super::{Ruled, Topic};
use crate::{
    drivers::facts::{Binding, CertificateFacts, Facts, Provider},
    error::Code,
    model::Severity,
    repairs::Repair,
};

/// Windows' own CSP and KSP for smart cards with a minidriver. Since CVE-2024-30098 their RSA keys are to be reached through the
/// second one only.
const CARD_CSP: &str = "Microsoft Base Smart Card Crypto Provider";
const CARD_KSP: &str = "Microsoft Smart Card Key Storage Provider";

/// Providers as they stand.
pub(super) fn providers(facts: &Facts) -> Vec<Ruled> {
    let mut found = Vec::new();
    for provider in &facts.providers {
        let used = provider.token || facts.bindings.iter().any(|binding| same(&binding.provider, &provider.name));
        let about = |code, severity| {
            Ruled::new(code, severity, Topic::Providers, &provider.name).with("provider", &provider.name)
        };
        if !provider.opens {
            let severity = if used { Severity::Warning } else { Severity::Note };
            found.push(about(Code::ProviderFails, severity).detail(&provider.detail));
        } else if provider.sha256 == Some(false) && used {
            found.push(about(Code::ProviderWithoutSha256, Severity::Warning));
        }
    }
    if facts.windows.as_ref().is_some_and(|windows| windows.disable_capi_override_for_rsa == Some(0)) {
        found.push(Ruled::new(Code::CapiOverrideOff, Severity::Note, Topic::Providers, ""));
    }
    found
}

/// Certificates of the store and where their keys are said to be.
pub(super) fn bindings(facts: &Facts) -> Vec<Ruled> {
    facts.bindings.iter().filter_map(|binding| bound(facts, binding)).collect()
}

fn bound(facts: &Facts, binding: &Binding) -> Option<Ruled> {
    let name = certificate_name(facts, binding);
    let about = |code, severity| {
        let found = Ruled::new(code, severity, Topic::Providers, &name).with("certificate", &name);
        let found = if binding.provider.is_empty() { found } else { found.with("provider", &binding.provider) };
        found.detail(&binding.detail)
    };
    let mend = |found: Ruled| match holder(facts, binding) {
        Some(provider) => found.with("other", &provider.name).repair(Repair::BindCertificate {
            certificate: binding.certificate.clone(),
            provider: provider.name.clone(),
            provider_type: provider.provider_type,
        }),
        None => found,
    };
    if binding.provider.is_empty() {
        return Some(mend(about(Code::CertificateUnbound, Severity::Warning)));
    }
    let known = |provider: &&Provider| same(&provider.name, &binding.provider);
    if !facts.providers.is_empty() && facts.providers.iter().find(known).is_none() {
        return Some(mend(about(Code::ProviderMissing, Severity::Error)));
    }
    if binding.opens != Some(false) {
        return None;
    }
    if same(&binding.provider, CARD_CSP) && same(&binding.found_in, CARD_KSP) && is_guarded(facts) {
        return Some(about(Code::CapiOverride, Severity::Error).repair(Repair::AllowCapiForRsa));
    }
    match binding.found_in.as_str() {
        "" => Some(about(Code::KeyNotInProvider, Severity::Error)),
        other => Some(mend(about(Code::ProviderWrong, Severity::Error).with("other", other))),
    }
}

/// The provider that really has the key.
fn holder<'a>(facts: &'a Facts, binding: &Binding) -> Option<&'a Provider> {
    facts.providers.iter().find(|provider| provider.opens && same(&provider.name, &binding.found_in))
}

fn is_guarded(facts: &Facts) -> bool {
    facts.windows.as_ref().is_some_and(|windows| windows.disable_capi_override_for_rsa != Some(0))
}

fn certificate_name(facts: &Facts, binding: &Binding) -> String {
    let named = |one: &&CertificateFacts| one.sha256 == binding.certificate;
    let found = facts.certificates.iter().find(named).map(|one| one.subject.clone());
    found.unwrap_or_else(|| binding.certificate.chars().take(12).collect())
}

/// Windows does not tell upper from lower case in these names.
fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
