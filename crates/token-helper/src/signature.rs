//! Whether a driver's file is as its maker signed it, where the system can say that: Authenticode on Windows, code signatures on macOS.
//! Nothing is loaded, shown, or fetched from the network. On Linux files carry no signature.

use std::path::Path;

/// What the system says of a file's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// As its maker signed it, and this system trusts the maker.
    Good,
    /// Not as it was signed.
    Bad,
    /// There is one, and this system does not know whose word it is, or can no longer take it: its root is missing, it has expired.
    Untrusted,
    /// There is none.
    None,
}

impl Signature {
    /// Stable word.
    pub fn word(self) -> &'static str {
        match self {
            Signature::Good => "good",
            Signature::Bad => "bad",
            Signature::Untrusted => "untrusted",
            Signature::None => "none",
        }
    }
}

/// `None`: this system signs no files, or did not say.
#[cfg(not(any(windows, target_os = "macos")))]
pub fn of(_: &Path) -> Option<Signature> {
    None
}

/// `None`: the system did not say.
#[cfg(target_os = "macos")]
pub fn of(file: &Path) -> Option<Signature> {
    use core_foundation::url::CFURL;
    use security_framework::os::macos::code_signing::{Flags, SecRequirement, SecStaticCode};

    /// `errSecCSUnsigned`; the crate does not name it.
    const UNSIGNED: i32 = -67062;
    /// `errSecCSSignatureFailed`, `errSecCSSignatureInvalid`, `errSecCSBadResource`, `errSecCSResourceRulesInvalid`:
    /// what was signed is something else.
    const CHANGED: [i32; 4] = [-67061, -67045, -67054, -67053];

    let code = SecStaticCode::from_path(&CFURL::from_path(file, false)?, Flags::NONE).ok()?;
    // Fulfilled by everything that is signed and whole: which makers are good is not for us to list.
    let any = "always".parse::<SecRequirement>().ok()?;
    match code.check_validity(Flags::CHECK_ALL_ARCHITECTURES | Flags::NO_NETWORK_ACCESS, &any) {
        Ok(()) => Some(Signature::Good),
        Err(error) if error.code() == UNSIGNED => Some(Signature::None),
        Err(error) if CHANGED.contains(&error.code()) => Some(Signature::Bad),
        Err(_) => Some(Signature::Untrusted),
    }
}

/// `None`: the system did not say.
#[cfg(windows)]
#[allow(unsafe_code)]
pub fn of(file: &Path) -> Option<Signature> {
    use std::os::windows::ffi::OsStrExt;
    use windows_sys::Win32::Foundation::{
        CERT_E_CHAINING, CERT_E_EXPIRED, CERT_E_REVOKED, CERT_E_UNTRUSTEDROOT, CERT_E_UNTRUSTEDTESTROOT,
        CERT_E_WRONG_USAGE, CRYPT_E_SECURITY_SETTINGS, TRUST_E_BAD_DIGEST, TRUST_E_CERT_SIGNATURE,
        TRUST_E_EXPLICIT_DISTRUST, TRUST_E_MALFORMED_SIGNATURE, TRUST_E_NOSIGNATURE, TRUST_E_SUBJECT_NOT_TRUSTED,
        TRUST_E_TIME_STAMP,
    };
    use windows_sys::Win32::Security::WinTrust::{
        WINTRUST_ACTION_GENERIC_VERIFY_V2, WINTRUST_DATA, WINTRUST_DATA_0, WINTRUST_FILE_INFO,
        WTD_CACHE_ONLY_URL_RETRIEVAL, WTD_CHOICE_FILE, WTD_REVOCATION_CHECK_NONE, WTD_REVOKE_NONE,
        WTD_STATEACTION_CLOSE, WTD_STATEACTION_VERIFY, WTD_UI_NONE, WinVerifyTrust,
    };

    let path: Vec<u16> = file.as_os_str().encode_wide().chain([0]).collect();
    let mut its = WINTRUST_FILE_INFO {
        cbStruct: size_of::<WINTRUST_FILE_INFO>() as u32,
        pcwszFilePath: path.as_ptr(),
        ..Default::default()
    };
    let mut data = WINTRUST_DATA {
        cbStruct: size_of::<WINTRUST_DATA>() as u32,
        dwUIChoice: WTD_UI_NONE,
        fdwRevocationChecks: WTD_REVOKE_NONE,
        dwUnionChoice: WTD_CHOICE_FILE,
        Anonymous: WINTRUST_DATA_0 { pFile: &mut its },
        dwStateAction: WTD_STATEACTION_VERIFY,
        // A look at a driver asks no server.
        dwProvFlags: WTD_REVOCATION_CHECK_NONE | WTD_CACHE_ONLY_URL_RETRIEVAL,
        ..Default::default()
    };
    let mut action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
    // INVALID_HANDLE_VALUE: there is no window to ask in.
    let nobody = windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
    // SAFETY: all that is pointed to outlives both calls, and the path ends with a zero.
    let said = unsafe { WinVerifyTrust(nobody, &mut action, (&raw mut data).cast()) };
    data.dwStateAction = WTD_STATEACTION_CLOSE;
    // SAFETY: as above; it gives back what the first call kept.
    unsafe { WinVerifyTrust(nobody, &mut action, (&raw mut data).cast()) };
    match said {
        0 => Some(Signature::Good),
        TRUST_E_NOSIGNATURE => Some(Signature::None),
        TRUST_E_BAD_DIGEST | TRUST_E_CERT_SIGNATURE | TRUST_E_MALFORMED_SIGNATURE => Some(Signature::Bad),
        CERT_E_CHAINING
        | CERT_E_EXPIRED
        | CERT_E_REVOKED
        | CERT_E_UNTRUSTEDROOT
        | CERT_E_UNTRUSTEDTESTROOT
        | CERT_E_WRONG_USAGE
        | CRYPT_E_SECURITY_SETTINGS
        | TRUST_E_EXPLICIT_DISTRUST
        | TRUST_E_SUBJECT_NOT_TRUSTED
        | TRUST_E_TIME_STAMP => Some(Signature::Untrusted),
        _ => None,
    }
}
