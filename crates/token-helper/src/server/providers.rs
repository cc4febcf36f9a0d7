//! Windows' own providers of keys: CSPs by CryptoAPI, KSPs by CNG, and the certificates that name them. Questions show no window:
//! every call that could is told to be silent. Orders (making a key, signing, deleting) may: a card's PIN is asked by Windows itself.

#[cfg(windows)]
mod capi;
#[cfg(windows)]
mod cng;
#[cfg(windows)]
mod failure;
#[cfg(windows)]
mod install;
#[cfg(windows)]
mod orders;
#[cfg(any(windows, test))]
mod private_blob;
#[cfg(windows)]
mod sign;
#[cfg(windows)]
mod store;
#[cfg(windows)]
mod transfer;

#[cfg(not(windows))]
use super::Secret;
use token_helper::HelperError;
#[cfg(not(windows))]
use token_helper::wire::{PrivateKey, StoreAnswer, StoreOrder};
use token_helper::wire::{ProviderAnswer, ProviderQuestion};

#[cfg(windows)]
use failure::{checked, last};
#[cfg(windows)]
pub(super) use orders::done;

#[cfg(not(windows))]
pub(super) fn answer(_: &ProviderQuestion) -> Result<ProviderAnswer, HelperError> {
    Err(HelperError::Protocol("only Windows has providers".into()))
}

#[cfg(not(windows))]
pub(super) fn done(_: &StoreOrder, _: Secret) -> Result<(StoreAnswer, Option<PrivateKey>), HelperError> {
    Err(HelperError::Protocol("only Windows has providers".into()))
}

#[cfg(windows)]
pub(super) fn answer(question: &ProviderQuestion) -> Result<ProviderAnswer, HelperError> {
    use token_helper::wire::ProviderKind::{Csp, Ksp};
    match question {
        ProviderQuestion::List { kind } => {
            let providers = match kind {
                Csp => capi::list()?,
                Ksp => cng::list()?,
            };
            Ok(ProviderAnswer::List { providers })
        }
        ProviderQuestion::Look { provider } => {
            let provider = match provider.kind {
                Csp => capi::look(provider)?,
                Ksp => cng::look(provider)?,
            };
            Ok(ProviderAnswer::Look { provider })
        }
        ProviderQuestion::Bindings => Ok(ProviderAnswer::Bindings { bindings: store::bindings()? }),
        ProviderQuestion::Opens { certificate } => store::opens(certificate).map(|()| ProviderAnswer::Opens),
        ProviderQuestion::Holds { provider, certificate } => {
            let wanted = store::public_key(certificate)?;
            let at = match provider.kind {
                Csp => capi::holds(provider, &wanted)?,
                Ksp => cng::holds(provider, &wanted)?,
            };
            Ok(ProviderAnswer::Holds { at })
        }
    }
}

#[cfg(windows)]
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// # Safety
/// Null, or text that ends with a zero and stays where it is during the call.
#[cfg(windows)]
#[allow(unsafe_code)]
unsafe fn text(text: *const u16) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: see above; nothing is read beyond the zero.
    unsafe {
        let length = (0..).take_while(|place| *text.add(*place) != 0).count();
        String::from_utf16_lossy(std::slice::from_raw_parts(text, length))
    }
}
