//! What a driver's refusal (CKR_ code) means to the client.

use cryptoki::error::{Error, Rv, RvError};
use token_helper::wire::PinState;
use token_helper::{HelperError, PinFailure};

/// Codes with a meaning of their own get their variant; everything else keeps call, name and number.
pub(super) fn refusal(error: Error) -> HelperError {
    let Error::Pkcs11(code, function) = error else {
        return HelperError::Protocol(format!("the driver's data make no sense: {error}"));
    };
    let call = format!("C_{function:?}");
    match code {
        RvError::DeviceMemory => HelperError::TokenFull,
        RvError::TokenWriteProtected | RvError::SessionReadOnly => HelperError::WriteProtected,
        RvError::DeviceRemoved | RvError::TokenNotPresent => HelperError::TokenRemoved,
        // Somebody pressed "stop" on the device.
        RvError::FunctionCanceled => HelperError::Cancelled,
        RvError::SessionExists
        | RvError::SessionReadOnlyExists
        | RvError::SessionReadWriteSoExists
        | RvError::UserAnotherAlreadyLoggedIn
        | RvError::UserTooManyTypes => HelperError::Busy { detail: format!("{call}: {}", name(code)) },
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::CurveNotSupported
        | RvError::KeySizeRange => {
            HelperError::MechanismUnsupported { what: format!("this mechanism ({call}: {})", name(code)) }
        }
        RvError::UserNotLoggedIn => HelperError::Pin { failure: PinFailure::Required, state: PinState::Ok },
        RvError::PinExpired => HelperError::Pin { failure: PinFailure::Expired, state: PinState::MustChange },
        _ => HelperError::Pkcs11 { call, rv: number(code), name: name(code) },
    }
}

/// For texts: "C_Initialize: CKR_DEVICE_ERROR (0x30)".
pub(super) fn describe(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("C_{function:?}: {} (0x{:x})", name(*code), number(*code)),
        other => other.to_string(),
    }
}

/// The code itself, when the driver answered at all.
pub(super) fn code(error: &Error) -> Option<RvError> {
    match error {
        Error::Pkcs11(code, _) => Some(*code),
        _ => None,
    }
}

/// The name in the PKCS#11 header, made from cryptoki's: `DeviceError` is `CKR_DEVICE_ERROR`.
fn name(code: RvError) -> String {
    match code {
        RvError::VendorDefined(_) => return "CKR_VENDOR_DEFINED".into(),
        RvError::UnknownErrorCode(_) => return "unknown code".into(),
        _ => {}
    }
    let mut name = String::from("CKR");
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// cryptoki turns numbers into names but not back, so this looks for the number that gives the name. All of the standard's are
/// below 0x300.
fn number(code: RvError) -> u64 {
    let number = match code {
        RvError::VendorDefined(number) | RvError::UnknownErrorCode(number) => number,
        _ => (1..0x300).find(|number| Rv::from(*number) == Rv::Error(code)).unwrap_or_default(),
    };
    #[allow(clippy::unnecessary_cast, reason = "CK_RV has 32 bits on Windows")]
    {
        number as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    #[test]
    fn names_and_numbers_are_those_of_the_standard() {
        for (code, expected) in [
            (RvError::DeviceError, ("CKR_DEVICE_ERROR", 0x30)),
            (RvError::AttributeTypeInvalid, ("CKR_ATTRIBUTE_TYPE_INVALID", 0x12)),
            (RvError::FunctionRejected, ("CKR_FUNCTION_REJECTED", 0x200)),
            (RvError::VendorDefined(0xce53_4351), ("CKR_VENDOR_DEFINED", 0xce53_4351)),
        ] {
            assert_eq!((name(code).as_str(), number(code)), expected);
        }
        let error = refusal(Error::Pkcs11(RvError::GeneralError, Function::GenerateKeyPair));
        assert_eq!(
            error,
            HelperError::Pkcs11 { call: "C_GenerateKeyPair".into(), rv: 5, name: "CKR_GENERAL_ERROR".into() }
        );
    }
}
