//! What Windows' error codes mean here.

use token_helper::wire::PinState;
use token_helper::{HelperError, PinFailure};

/// The call that failed and its code.
pub(super) fn failed(call: &str, code: u32) -> HelperError {
    let pin = |failure, state| HelperError::Pin { failure, state };
    match code {
        // NTE_BAD_ALGID, NTE_NOT_SUPPORTED, NTE_BAD_LEN: this algorithm, operation or length is none of its own.
        0x8009_0008 | 0x8009_0029 | 0x8009_0004 => HelperError::MechanismUnsupported { what: call.to_owned() },
        // NTE_BAD_KEYSET, NTE_NO_KEY, NTE_NOT_FOUND.
        0x8009_0016 | 0x8009_000d | 0x8009_0011 => HelperError::KeyNotFound,
        // NTE_PROV_TYPE_NOT_DEF, NTE_PROV_TYPE_ENTRY_BAD, NTE_KEYSET_NOT_DEF, NTE_PROV_DLL_NOT_FOUND, NTE_PROV_TYPE_NO_MATCH.
        0x8009_0017 | 0x8009_0018 | 0x8009_0019 | 0x8009_001e | 0x8009_001b => HelperError::ProviderMissing,
        // NTE_TOKEN_KEYSET_STORAGE_FULL, SCARD_E_WRITE_TOO_MANY.
        0x8009_0023 | 0x8010_0028 => HelperError::TokenFull,
        // SCARD_W_WRONG_CHV, SCARD_W_CHV_BLOCKED.
        0x8010_006b => pin(PinFailure::Incorrect, PinState::CountLow),
        0x8010_006c => pin(PinFailure::Locked, PinState::Locked),
        // SCARD_W_CANCELLED_BY_USER, SCARD_E_CANCELLED, NTE_USER_CANCELLED, ERROR_CANCELLED (as itself and as an HRESULT).
        0x8010_006e | 0x8010_0002 | 0x8009_0036 | 1223 | 0x8007_04c7 => HelperError::Declined,
        // SCARD_E_NO_SMARTCARD, SCARD_E_NO_READERS_AVAILABLE, SCARD_W_REMOVED_CARD.
        0x8010_000c | 0x8010_002e => HelperError::TokenMissing,
        0x8010_0069 => HelperError::TokenRemoved,
        _ => HelperError::Pkcs11 { call: call.to_owned(), rv: code.into(), name: name(code) },
    }
}

/// Those that people look up by name; the number says the rest.
fn name(code: u32) -> String {
    let known = match code {
        5 | 0x8007_0005 => "ERROR_ACCESS_DENIED",
        0x8009_0009 => "NTE_BAD_FLAGS",
        0x8009_000b => "NTE_BAD_KEY_STATE",
        0x8009_000f => "NTE_EXISTS",
        0x8009_0010 => "NTE_PERM",
        0x8009_0020 => "NTE_FAIL",
        0x8009_0022 => "NTE_SILENT_CONTEXT",
        0x8009_0030 => "NTE_DEVICE_NOT_READY",
        0x8009_2004 => "CRYPT_E_NOT_FOUND",
        0x8009_2009 => "CRYPT_E_NO_MATCH",
        0x8009_200b => "CRYPT_E_NO_KEY_PROPERTY",
        _ => return "error".to_owned(),
    };
    known.to_owned()
}

/// For calls that leave their code with the thread.
pub(super) fn last(call: &str) -> HelperError {
    failed(call, code())
}

/// That code.
pub(super) fn code() -> u32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or_default().cast_unsigned()
}

/// For calls that return it.
pub(super) fn checked(call: &str, result: i32) -> Result<(), HelperError> {
    if result == 0 { Ok(()) } else { Err(failed(call, result.cast_unsigned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_what_they_mean() {
        assert_eq!(failed("CryptAcquireContext", 0x8009_0016), HelperError::KeyNotFound);
        assert_eq!(failed("CryptAcquireContext", 0x8009_0019), HelperError::ProviderMissing);
        assert_eq!(failed("NCryptSignHash", 0x8010_006e), HelperError::Declined);
        let fault = failed("CryptGenKey", 0x8009_0020);
        assert_eq!(fault.to_string(), "CryptGenKey failed: NTE_FAIL (0x80090020)");
        assert!(matches!(failed("a", 0x8010_006c), HelperError::Pin { failure: PinFailure::Locked, .. }));
    }
}
