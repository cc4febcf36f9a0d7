//! What went wrong with a driver or token, as one of our numbered errors.

use std::path::Path;

use token_helper::{
    client::{HelperError, LoadFailure, PinFailure},
    error::signal_number,
    wire,
};

use crate::error::{Code, Error};

/// The helper's error as ours. `token` is what the token is called to the person; empty when none was chosen yet.
pub fn helper_error(error: HelperError, driver: &Path, token: &str) -> Error {
    let (code, facts) = classify(&error);
    let mut result = Error::new(code, doing(&error));
    for (name, value) in facts {
        result = result.with(name, value);
    }
    if code.class() != crate::error::Class::Internal && code != Code::HelperBroken && code != Code::Cancelled {
        let file = driver.file_name().unwrap_or(driver.as_os_str());
        result = result.with("driver", file.to_string_lossy()).with("path", driver.display());
    }
    if !token.is_empty() {
        result = result.with("token", token);
    }
    result.because(error)
}

type Facts = Vec<(&'static str, String)>;

fn classify(error: &HelperError) -> (Code, Facts) {
    match error {
        HelperError::HelperMissing { program, .. } => {
            (Code::HelperBroken, vec![("program", program.display().to_string())])
        }
        HelperError::VersionMismatch { ours, theirs } => {
            (Code::HelperBroken, vec![("ours", ours.clone()), ("theirs", theirs.clone())])
        }
        HelperError::CannotLoad { reason, .. } => load_failure(reason),
        HelperError::Pkcs11 { call, name, .. } => {
            (Code::DriverFault, vec![("call", call.clone()), ("rv", name.clone())])
        }
        HelperError::Pin { failure, state } => pin_failure(*failure, *state),
        HelperError::SoPin { failure, state } => so_pin_failure(*failure, *state),
        HelperError::NewPinRefused { .. } => (Code::NewPinRefused, vec![]),
        HelperError::Busy { .. } => (Code::TokenBusy, vec![]),
        HelperError::ObjectNotFound => (Code::ObjectNotFound, vec![]),
        HelperError::OfficerRequired { .. } => (Code::OfficerRequired, vec![]),
        HelperError::PlaceTaken { label } => (Code::TokenFull, vec![("seen", label.clone())]),
        HelperError::TokenMissing => (Code::TokenNotFound, vec![]),
        HelperError::AmbiguousToken(seen) => (Code::TokenAmbiguous, vec![("seen", seen.join(", "))]),
        HelperError::NotInitialized => (Code::TokenNotInitialized, vec![]),
        HelperError::TokenRemoved => (Code::TokenRemoved, vec![]),
        HelperError::WriteProtected => (Code::TokenWriteProtected, vec![]),
        HelperError::TokenFull => (Code::TokenFull, vec![]),
        HelperError::MechanismUnsupported { what } => (Code::KeyKindUnsupported, vec![("key", what.clone())]),
        HelperError::TemplateRefused { .. } => (Code::TemplateRefused, vec![]),
        HelperError::ImportRefused { .. } => (Code::KeyImportRefused, vec![]),
        HelperError::KeyStays => (Code::KeyCannotLeave, vec![]),
        HelperError::KeyNotFound => (Code::KeyNotFound, vec![]),
        HelperError::Crashed { verb, signal } => {
            (Code::DriverCrashed, vec![("verb", verb.to_string()), ("signal", signal_number(*signal))])
        }
        HelperError::Exited { verb, code } => {
            (Code::DriverExited, vec![("verb", verb.to_string()), ("exit", code.to_string())])
        }
        HelperError::ChannelClosed { verb } => (Code::DriverClosedChannel, vec![("verb", verb.to_string())]),
        HelperError::TimedOut { verb, after } => {
            let seconds = after.as_millis().div_ceil(1000).to_string();
            (Code::DriverHangs, vec![("verb", verb.to_string()), ("seconds", seconds)])
        }
        HelperError::ProviderMissing => (Code::NoSuchProvider, vec![]),
        HelperError::Cancelled | HelperError::Declined => (Code::Cancelled, vec![]),
        HelperError::Protocol(_) => (Code::Internal, vec![]),
        // Our own messages are small: a driver claims absurdly many or large objects.
        HelperError::TooLarge { .. } => (Code::DriverFault, vec![]),
    }
}

fn load_failure(reason: &LoadFailure) -> (Code, Facts) {
    match reason {
        LoadFailure::NotFound => (Code::DriverNotFound, vec![]),
        LoadFailure::WrongArchitecture { is, needs } => {
            (Code::DriverWrongArchitecture, vec![("is", is.clone()), ("needs", needs.clone())])
        }
        LoadFailure::WrongBits { is, needs } => {
            (Code::DriverWrongBits, vec![("is", is.clone()), ("needs", needs.clone())])
        }
        LoadFailure::NotALibrary | LoadFailure::NotPkcs11 => (Code::NotADriver, vec![]),
        LoadFailure::NotReadable => (Code::DriverUnreadable, vec![]),
        LoadFailure::MissingDependency | LoadFailure::InitializeFailed => (Code::DriverNotLoadable, vec![]),
    }
}

fn pin_failure(failure: PinFailure, state: wire::PinState) -> (Code, Facts) {
    let code = match (failure, state) {
        // OpenSC goes on saying "incorrect" for a locked card; the flags tell the truth.
        (PinFailure::Locked, _) | (PinFailure::Incorrect | PinFailure::Required, wire::PinState::Locked) => {
            Code::PinLocked
        }
        (PinFailure::NotSet, _) | (PinFailure::Required, wire::PinState::NotSet) => Code::PinNotSet,
        (PinFailure::Incorrect, _) => Code::PinWrong,
        (PinFailure::Expired, _) => Code::PinExpired,
        (PinFailure::Length, _) => Code::PinLength,
        // We log in first, always: the driver lost the session.
        (PinFailure::Required, _) => {
            return (Code::DriverFault, vec![("call", "login".into()), ("rv", "CKR_USER_NOT_LOGGED_IN".into())]);
        }
    };
    (code, vec![("state", state_word(state).to_owned())])
}

fn so_pin_failure(failure: PinFailure, state: wire::PinState) -> (Code, Facts) {
    let code = match (failure, state) {
        (PinFailure::Locked, _) | (_, wire::PinState::Locked) => Code::SoPinLocked,
        _ => Code::SoPinWrong,
    };
    (code, vec![("state", state_word(state).to_owned())])
}

/// Stable words, as in the JSON of [`crate::model::PinState`].
fn state_word(state: wire::PinState) -> &'static str {
    match state {
        wire::PinState::Ok => "ok",
        wire::PinState::NotSet => "not-set",
        wire::PinState::CountLow => "count-low",
        wire::PinState::FinalTry => "final-try",
        wire::PinState::Locked => "locked",
        wire::PinState::MustChange => "must-change",
    }
}

fn doing(error: &HelperError) -> &'static str {
    match error {
        HelperError::HelperMissing { .. } | HelperError::VersionMismatch { .. } => "starting the helper program",
        HelperError::CannotLoad { .. } => "loading the driver",
        HelperError::Pin { .. } | HelperError::SoPin { .. } => "logging in to the token",
        HelperError::NewPinRefused { .. } => "setting a PIN",
        _ => "using the token",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hints::{Language, explain};
    use std::{path::PathBuf, time::Duration};
    use token_helper::wire::{PinState, Verb};

    #[test]
    fn every_error_has_a_number() {
        let load = |reason| HelperError::CannotLoad { reason, detail: "d".into() };
        let pin = |failure, state| HelperError::Pin { failure, state };
        let so_pin = |failure, state| HelperError::SoPin { failure, state };
        let verb = Verb::GenerateKey;
        let wrong = LoadFailure::WrongArchitecture { is: "aarch64".into(), needs: "x86_64".into() };
        let narrow = LoadFailure::WrongBits { is: "x86".into(), needs: "x86_64".into() };
        let fault = HelperError::Pkcs11 { call: "C_Sign".into(), rv: 5, name: "CKR_GENERAL_ERROR".into() };
        let cases = [
            (
                HelperError::HelperMissing { program: PathBuf::from("/p"), detail: "d".into() },
                Code::HelperBroken,
                "program=/p",
            ),
            (
                HelperError::VersionMismatch { ours: "1".into(), theirs: "2".into() },
                Code::HelperBroken,
                "ours=1 theirs=2",
            ),
            (load(LoadFailure::NotFound), Code::DriverNotFound, ""),
            (load(LoadFailure::NotReadable), Code::DriverUnreadable, ""),
            (load(narrow), Code::DriverWrongBits, "is=x86 needs=x86_64"),
            (load(wrong), Code::DriverWrongArchitecture, "is=aarch64 needs=x86_64"),
            (load(LoadFailure::NotALibrary), Code::NotADriver, ""),
            (load(LoadFailure::NotPkcs11), Code::NotADriver, ""),
            (load(LoadFailure::MissingDependency), Code::DriverNotLoadable, ""),
            (load(LoadFailure::InitializeFailed), Code::DriverNotLoadable, ""),
            (fault, Code::DriverFault, "call=C_Sign rv=CKR_GENERAL_ERROR"),
            (pin(PinFailure::Incorrect, PinState::FinalTry), Code::PinWrong, "state=final-try"),
            (pin(PinFailure::Incorrect, PinState::Locked), Code::PinLocked, "state=locked"),
            (pin(PinFailure::Locked, PinState::Ok), Code::PinLocked, "state=ok"),
            (pin(PinFailure::Expired, PinState::MustChange), Code::PinExpired, "state=must-change"),
            (pin(PinFailure::NotSet, PinState::NotSet), Code::PinNotSet, "state=not-set"),
            (pin(PinFailure::Length, PinState::CountLow), Code::PinLength, "state=count-low"),
            (pin(PinFailure::Required, PinState::Ok), Code::DriverFault, "call=login rv=CKR_USER_NOT_LOGGED_IN"),
            (so_pin(PinFailure::Incorrect, PinState::FinalTry), Code::SoPinWrong, "state=final-try"),
            (so_pin(PinFailure::Length, PinState::Ok), Code::SoPinWrong, "state=ok"),
            (so_pin(PinFailure::Incorrect, PinState::Locked), Code::SoPinLocked, "state=locked"),
            (so_pin(PinFailure::Locked, PinState::Ok), Code::SoPinLocked, "state=ok"),
            (HelperError::NewPinRefused { detail: "d".into() }, Code::NewPinRefused, ""),
            (HelperError::Busy { detail: "d".into() }, Code::TokenBusy, ""),
            (HelperError::ObjectNotFound, Code::ObjectNotFound, ""),
            (HelperError::OfficerRequired { detail: "d".into() }, Code::OfficerRequired, ""),
            (HelperError::PlaceTaken { label: "9A".into() }, Code::TokenFull, "seen=9A"),
            (HelperError::TokenMissing, Code::TokenNotFound, ""),
            (
                HelperError::AmbiguousToken(vec!["a (1)".into(), "a (2)".into()]),
                Code::TokenAmbiguous,
                "seen=a (1), a (2)",
            ),
            (HelperError::NotInitialized, Code::TokenNotInitialized, ""),
            (HelperError::TokenRemoved, Code::TokenRemoved, ""),
            (HelperError::WriteProtected, Code::TokenWriteProtected, ""),
            (HelperError::TokenFull, Code::TokenFull, ""),
            (HelperError::MechanismUnsupported { what: "EC P-384".into() }, Code::KeyKindUnsupported, "key=EC P-384"),
            (HelperError::TemplateRefused { detail: "d".into() }, Code::TemplateRefused, ""),
            (HelperError::ImportRefused { detail: "d".into() }, Code::KeyImportRefused, ""),
            (HelperError::KeyNotFound, Code::KeyNotFound, ""),
            (HelperError::Crashed { verb, signal: 11 }, Code::DriverCrashed, "signal=11 verb=generating a key"),
            (HelperError::Exited { verb, code: 0 }, Code::DriverExited, "exit=0 verb=generating a key"),
            (HelperError::ChannelClosed { verb }, Code::DriverClosedChannel, "verb=generating a key"),
            (
                HelperError::TimedOut { verb, after: Duration::from_millis(4500) },
                Code::DriverHangs,
                "seconds=5 verb=generating a key",
            ),
            (HelperError::Cancelled, Code::Cancelled, ""),
            (HelperError::Protocol("p".into()), Code::Internal, ""),
            (HelperError::TooLarge { size: 2, limit: 1 }, Code::DriverFault, ""),
        ];
        for (cause, code, facts) in cases {
            let shown = format!("{cause:?}");
            let error = helper_error(cause.clone(), Path::new("/usr/lib/x.so"), "Key");
            assert_eq!(error.code, code, "{shown}");
            let common = ["driver", "path", "token"];
            let rest = error.facts.iter().filter(|(name, _)| !common.contains(name));
            assert_eq!(rest.map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" "), facts, "{shown}");
            assert!(error.source.as_ref().unwrap().downcast_ref::<HelperError>() == Some(&cause), "{shown}");
            let about_driver = !matches!(code, Code::HelperBroken | Code::Cancelled | Code::Internal);
            assert_eq!(error.facts.get("driver").is_some_and(|name| name == "x.so"), about_driver, "{shown}");
            assert_eq!(explain(&error, Language::En).detail.contains("/usr/lib/x.so"), about_driver, "{shown}");
        }
    }
}
