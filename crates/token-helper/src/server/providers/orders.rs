//! What is done with keys and certificates, as the client orders it.

use super::super::Secret;
use super::{capi, cng, install, sign, transfer};
use token_helper::HelperError;
use token_helper::wire::{PrivateKey, ProviderKind, StoreAnswer, StoreOrder};

/// The answer, and the key that follows it.
pub(in crate::server) fn done(
    order: &StoreOrder,
    secret: Secret,
) -> Result<(StoreAnswer, Option<PrivateKey>), HelperError> {
    match (order, secret) {
        (StoreOrder::TakeKey { at, public_key, exportable }, Secret::Key(key)) => {
            let public_key = transfer::take(at, &key, public_key, *exportable)?;
            Ok((StoreAnswer::Key { public_key: Some(public_key) }, None))
        }
        (StoreOrder::GiveKey { certificate }, Secret::Pin(password)) => {
            let (form, key) = transfer::give(certificate, &password)?;
            Ok((StoreAnswer::Given { form }, Some(key)))
        }
        (StoreOrder::TakeKey { .. } | StoreOrder::GiveKey { .. }, _) => {
            Err(HelperError::Protocol("no secret came".into()))
        }
        (order, _) => open(order).map(|answer| (answer, None)),
    }
}

/// What needs no secret.
fn open(order: &StoreOrder) -> Result<StoreAnswer, HelperError> {
    match order {
        StoreOrder::MakeKey { at, kind } => {
            let public_key = match at.provider.kind {
                ProviderKind::Csp => capi::make_key(at, *kind)?,
                ProviderKind::Ksp => cng::make_key(at, *kind)?,
            };
            Ok(StoreAnswer::Key { public_key: Some(public_key) })
        }
        StoreOrder::FindKey { at } => {
            let found = match at.provider.kind {
                ProviderKind::Csp => capi::find_key(at),
                ProviderKind::Ksp => cng::find_key(at),
            };
            Ok(StoreAnswer::Key { public_key: found_or_not(found)? })
        }
        StoreOrder::Sign { at, algorithm, data } => {
            let signature = match at.provider.kind {
                ProviderKind::Csp => capi::sign(at, *algorithm, data)?,
                ProviderKind::Ksp => cng::sign(at, *algorithm, data)?,
            };
            Ok(StoreAnswer::Signature { signature })
        }
        StoreOrder::DeleteKey { at } => {
            let deleted = match at.provider.kind {
                ProviderKind::Csp => capi::delete_key(at),
                ProviderKind::Ksp => cng::delete_key(at),
            };
            found_or_not(deleted).map(|_| StoreAnswer::Done)
        }
        StoreOrder::Install { certificate, at, chain } => {
            install::install(certificate, at, chain).map(|()| StoreAnswer::Done)
        }
        StoreOrder::Trusts { root } => install::trusts(root).map(|trusts| StoreAnswer::Trusts { trusts }),
        StoreOrder::Trust { root } => install::trust(root).map(|()| StoreAnswer::Done),
        StoreOrder::Binding { certificate } => install::binding(certificate).map(|at| StoreAnswer::Binding { at }),
        StoreOrder::Bind { certificate, at } => install::bind(certificate, at.as_ref()).map(|()| StoreAnswer::Done),
        StoreOrder::SignAs { certificate, algorithm, data } => sign::sign_as(certificate, *algorithm, data)
            .map(|(certificate, signature)| StoreAnswer::Signed { certificate, signature }),
        StoreOrder::Remove { certificate } => install::remove(certificate).map(|()| StoreAnswer::Done),
        StoreOrder::TakeKey { .. } | StoreOrder::GiveKey { .. } => Err(HelperError::Protocol("no secret came".into())),
    }
}

fn found_or_not<T>(found: Result<T, HelperError>) -> Result<Option<T>, HelperError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(HelperError::KeyNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
