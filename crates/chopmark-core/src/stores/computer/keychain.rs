//! What the keychains of macOS mean, apart from Apple's functions: where keys lie, what is wrong, how public keys are written.

use der::{Encode, asn1::BitString};
use spki::SubjectPublicKeyInfoOwned;

use crate::{
    error::{Code, Error, Result},
    keys,
    model::{KeyChoice, Place},
};

/// Where a key lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// A file that the login password opens. Whoever uses the account can have such a key copied.
    Login,
    /// A processor of its own that lets no key out. Only a program that is signed for it can keep keys there.
    Enclave,
    /// A smart card or USB key whose maker has an extension for macOS (CryptoTokenKit). Keys are not made there by us: that
    /// interface cannot.
    Token,
}

impl Keep {
    pub(crate) const ALL: [Keep; 3] = [Keep::Token, Keep::Enclave, Keep::Login];

    /// What a place names.
    pub(crate) fn of(place: &Place) -> Result<Keep> {
        let bad = |reason| Error::new(Code::BadInput, "opening this computer's store").with("reason", reason);
        match place {
            Place::Computer { store: None, provider: None } => Ok(Keep::Login),
            Place::Computer { store: None, provider: Some(name) } => {
                let named = |keep: &Keep| keep.provider().is_some_and(|one| one.eq_ignore_ascii_case(name));
                let missing = || Error::new(Code::NoSuchProvider, "opening this computer's store");
                let seen = [Keep::Enclave, Keep::Token].map(|keep| keep.provider().unwrap_or_default()).join(", ");
                Keep::ALL.into_iter().find(named).ok_or_else(|| missing().with("provider", name).with("seen", seen))
            }
            // There is one keychain for logging in.
            _ => Err(bad("place-store")),
        }
    }

    /// Its name in a place; the login keychain has none.
    pub(crate) fn provider(self) -> Option<&'static str> {
        match self {
            Keep::Login => None,
            Keep::Enclave => Some("Secure Enclave"),
            Keep::Token => Some("CryptoTokenKit"),
        }
    }

    pub(crate) fn place(self) -> Place {
        Place::Computer { store: None, provider: self.provider().map(str::to_owned) }
    }

    /// The kinds of keys that can be made there.
    pub(crate) fn key_kinds(self) -> &'static [KeyChoice] {
        match self {
            Keep::Login => {
                &[KeyChoice::Rsa2048, KeyChoice::Rsa3072, KeyChoice::Rsa4096, KeyChoice::EcP256, KeyChoice::EcP384]
            }
            Keep::Enclave => &[KeyChoice::EcP256],
            Keep::Token => &[],
        }
    }
}

/// `errSecItemNotFound`
pub(crate) const NOT_FOUND: i32 = -25300;
/// `errSecDuplicateItem`
pub(crate) const DUPLICATE: i32 = -25299;

/// `errSecNotAvailable`
pub(crate) const UNAVAILABLE: i32 = -25291;

/// What a `CFError` says, as an `OSStatus`: CryptoTokenKit (TKError.h) and Local Authentication (LAError.h) have numbers of their own.
pub(crate) fn status_of(domain: &str, code: isize) -> i32 {
    match (domain, code) {
        ("NSOSStatusErrorDomain", status) => i32::try_from(status).unwrap_or(UNAVAILABLE),
        // Cancelled by the person; for the second also by the system or the program.
        ("CryptoTokenKit", -4) | ("com.apple.LocalAuthentication", -2 | -4 | -9) => -128,
        // errSecAuthFailed
        ("CryptoTokenKit", -5) | ("com.apple.LocalAuthentication", -1) => -25293,
        // The object, the token.
        ("CryptoTokenKit", -6 | -7) => NOT_FOUND,
        // errSecUnimplemented: not implemented, a parameter that it does not take.
        ("CryptoTokenKit", -1 | -8) => -4,
        _ => UNAVAILABLE,
    }
}

/// What an `OSStatus` means (SecBase.h).
pub(crate) fn failure(status: i32, doing: &'static str, keep: Keep, called: &str) -> Error {
    let code = match status {
        // errSecUserCanceled
        -128 => Code::Cancelled,
        // errSecAuthFailed, errSecPkcs12VerifyFailure
        -25293 | -25264 => Code::StorePasswordWrong,
        // errSecNoSuchKeychain, errSecInvalidKeychain, errSecNoDefaultKeychain
        -25294 | -25295 | -25307 => Code::StoreNotFound,
        NOT_FOUND => Code::ProviderKeyGone,
        // errSecMissingEntitlement, errSecUnimplemented, errSecParam, errSecKeySizeNotAllowed, errSecUnsupportedKeySize
        -34018 | -4 | -50 | -25311 | -67735 => Code::ProviderCannot,
        // Locked and nobody to ask (errSecInteractionNotAllowed), not reachable (errSecNotAvailable), and the rest.
        _ => Code::StoreUnavailable,
    };
    let error = Error::new(code, doing).with("store", called).with("status", status);
    let error = error.with("path", called);
    error.with("provider", keep.provider().unwrap_or(called))
}

/// SubjectPublicKeyInfo, DER, of what `SecKeyCopyExternalRepresentation` gives: a point (X9.63) or an RSAPublicKey (PKCS#1).
pub(crate) fn spki(raw: &[u8]) -> Result<Vec<u8>> {
    let bad = |cause: String| Error::new(Code::Internal, "reading a public key").because(cause);
    let kind = match (raw.first(), raw.len()) {
        (Some(0x04), 65) => KeyChoice::EcP256,
        (Some(0x04), 97) => KeyChoice::EcP384,
        (Some(0x04), 133) => KeyChoice::EcP521,
        (Some(0x30), _) => KeyChoice::Rsa2048,
        (_, length) => return Err(bad(format!("{length} bytes of no kind that is known"))),
    };
    let subject_public_key = BitString::from_bytes(raw).map_err(|error| bad(error.to_string()))?;
    let key = SubjectPublicKeyInfoOwned { algorithm: keys::algorithm(kind), subject_public_key };
    key.to_der().map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use der::Decode;

    use super::*;
    use crate::keys::software::SoftwareKey;

    #[test]
    fn places_name_where_keys_lie() {
        for keep in Keep::ALL {
            assert_eq!(Keep::of(&keep.place()).unwrap(), keep);
            assert_eq!(Place::parse(&keep.place().uri()).unwrap().0, keep.place());
        }
        let named = |store: Option<&str>, provider: Option<&str>| {
            Keep::of(&Place::Computer { store: store.map(str::to_owned), provider: provider.map(str::to_owned) })
        };
        assert_eq!(named(None, Some("secure enclave")).unwrap(), Keep::Enclave);
        for (store, provider, code) in
            [(None, Some("Maker CSP"), Code::NoSuchProvider), (Some("/x"), None, Code::BadInput)]
        {
            assert_eq!(named(store, provider).unwrap_err().code, code);
        }
    }

    #[test]
    fn every_status_has_a_meaning() {
        for (status, code) in [
            (-128, Code::Cancelled),
            (-25293, Code::StorePasswordWrong),
            (-25307, Code::StoreNotFound),
            (-25308, Code::StoreUnavailable),
            (-25300, Code::ProviderKeyGone),
            (-34018, Code::ProviderCannot),
            (-50, Code::ProviderCannot),
            (1, Code::StoreUnavailable),
        ] {
            let error = failure(status, "testing", Keep::Enclave, "this Mac");
            assert_eq!(error.code, code, "{status}");
            assert_eq!(error.facts["status"], status.to_string());
        }
    }

    #[test]
    fn the_same_number_means_another_thing_in_another_domain() {
        for (domain, code, meaning) in [
            ("NSOSStatusErrorDomain", -4, Code::ProviderCannot),
            ("NSOSStatusErrorDomain", -34018, Code::ProviderCannot),
            ("NSOSStatusErrorDomain", -25308, Code::StoreUnavailable),
            ("CryptoTokenKit", -4, Code::Cancelled),
            ("CryptoTokenKit", -5, Code::StorePasswordWrong),
            ("CryptoTokenKit", -7, Code::ProviderKeyGone),
            ("CryptoTokenKit", -1, Code::ProviderCannot),
            ("CryptoTokenKit", -2, Code::StoreUnavailable),
            ("com.apple.LocalAuthentication", -2, Code::Cancelled),
            ("com.apple.LocalAuthentication", -1, Code::StorePasswordWrong),
            ("NSCocoaErrorDomain", -128, Code::StoreUnavailable),
        ] {
            let error = failure(status_of(domain, code), "testing", Keep::Token, "a card");
            assert_eq!(error.code, meaning, "{domain} {code}");
        }
    }

    #[test]
    fn public_keys_are_written_as_certificates_have_them() {
        for kind in [KeyChoice::EcP256, KeyChoice::EcP384, KeyChoice::EcP521, KeyChoice::Rsa2048] {
            let whole = SoftwareKey::generate(kind).unwrap().public_key().unwrap();
            let read = SubjectPublicKeyInfoOwned::from_der(&whole).unwrap();
            assert_eq!(spki(read.subject_public_key.raw_bytes()).unwrap(), whole, "{kind:?}");
        }
        for wrong in [&[][..], &[4; 64], &[2; 33]] {
            assert_eq!(spki(wrong).unwrap_err().code, Code::Internal);
        }
    }
}
