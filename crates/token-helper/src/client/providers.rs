//! Windows' own providers of keys: a helper for one question. What answers may be a vendor's code like any driver.

use super::{Answer, Helper, HelperError, Limits, Request, Verb};
use crate::wire::{Binding, KeyAddress, Provider, ProviderAnswer, ProviderKind, ProviderName, ProviderQuestion};
use std::path::Path;
use std::time::Duration;

/// In a driver's place on the helper's command line; no driver's path looks like it.
pub const PROVIDERS: &str = "--providers";

/// The providers of that kind by name.
pub fn list(program: &Path, kind: ProviderKind, limit: Duration) -> Result<Vec<ProviderName>, HelperError> {
    match ask(program, ProviderQuestion::List { kind }, limit)? {
        ProviderAnswer::List { providers } => Ok(providers),
        other => Err(unexpected(&other)),
    }
}

/// Opens a provider and asks what it can do.
pub fn look(program: &Path, provider: &ProviderName, limit: Duration) -> Result<Provider, HelperError> {
    match ask(program, ProviderQuestion::Look { provider: provider.clone() }, limit)? {
        ProviderAnswer::Look { provider } => Ok(provider),
        other => Err(unexpected(&other)),
    }
}

/// The certificates in CurrentUser\MY and the keys they are said to have.
pub fn bindings(program: &Path, limit: Duration) -> Result<Vec<Binding>, HelperError> {
    match ask(program, ProviderQuestion::Bindings, limit)? {
        ProviderAnswer::Bindings { bindings } => Ok(bindings),
        other => Err(unexpected(&other)),
    }
}

/// Opens the key of a certificate (DER) where it is said to be.
pub fn opens(program: &Path, certificate: &[u8], limit: Duration) -> Result<(), HelperError> {
    match ask(program, ProviderQuestion::Opens { certificate: certificate.to_owned() }, limit)? {
        ProviderAnswer::Opens => Ok(()),
        other => Err(unexpected(&other)),
    }
}

/// Where the provider has the key of a certificate (DER), if it has.
pub fn holds(
    program: &Path,
    provider: &ProviderName,
    certificate: &[u8],
    limit: Duration,
) -> Result<Option<KeyAddress>, HelperError> {
    let question = ProviderQuestion::Holds { provider: provider.clone(), certificate: certificate.to_owned() };
    match ask(program, question, limit)? {
        ProviderAnswer::Holds { at } => Ok(at),
        other => Err(unexpected(&other)),
    }
}

fn ask(program: &Path, question: ProviderQuestion, limit: Duration) -> Result<ProviderAnswer, HelperError> {
    let mut helper = Helper::connect(program, Path::new(PROVIDERS), Limits::default().at_most(limit), &[])?;
    let answer = helper.call(Verb::Providers, &Request::Providers { question }, None)?;
    let Answer::Providers(answer) = answer else { return Err(helper.unexpected(&answer)) };
    // No goodbye: it has nothing that wants to be put in order.
    Ok(answer)
}

fn unexpected(answer: &ProviderAnswer) -> HelperError {
    HelperError::Protocol(format!("an answer to another question: {:?}", std::mem::discriminant(answer)))
}
