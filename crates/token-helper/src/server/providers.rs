//! Windows' own providers of keys: CSPs by CryptoAPI, KSPs by CNG, and the certificates that name them. Nothing here shows a
//! window: every call that could is told to be silent.

#[cfg(windows)]
mod capi;
#[cfg(windows)]
mod cng;
#[cfg(windows)]
mod store;

use token_helper::HelperError;
use token_helper::wire::{ProviderAnswer, ProviderQuestion};

#[cfg(not(windows))]
pub(super) fn answer(_: &ProviderQuestion) -> Result<ProviderAnswer, HelperError> {
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
            let holds = match provider.kind {
                Csp => capi::holds(provider, &wanted)?,
                Ksp => cng::holds(provider, &wanted)?,
            };
            Ok(ProviderAnswer::Holds { holds })
        }
    }
}

/// The call that failed and its code.
#[cfg(windows)]
fn failed(call: &str, code: u32) -> HelperError {
    HelperError::Pkcs11 { call: call.to_owned(), rv: code.into(), name: "error".to_owned() }
}

/// The same, for calls that leave their code with the thread.
#[cfg(windows)]
fn last(call: &str) -> HelperError {
    let code = std::io::Error::last_os_error().raw_os_error().unwrap_or_default();
    failed(call, code.cast_unsigned())
}

/// For calls that return it.
#[cfg(windows)]
fn checked(call: &str, result: i32) -> Result<(), HelperError> {
    if result == 0 { Ok(()) } else { Err(failed(call, result.cast_unsigned())) }
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
