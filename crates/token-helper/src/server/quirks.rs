//! How real drivers differ from the standard, as data. Each entry says where it was seen.

use cryptoki::error::RvError;
use cryptoki::object::Attribute;
use cryptoki::types::Ulong;
use token_helper::wire::Token;
use token_helper::{HelperError, KeyKind, PinFailure};

/// A way to describe a new key pair to the token.
pub(super) struct KeyTemplate {
    pub(super) name: &'static str,
    pub(super) public: Vec<Attribute>,
    pub(super) private: Vec<Attribute>,
    /// Whether it asks for a key that never leaves the token.
    pub(super) asks_for_protection: bool,
}

/// In the order they are tried. "minimal" leaves out what ykcs11 2.2 refuses with CKR_ATTRIBUTE_TYPE_INVALID (its keys are
/// sensitive and not extractable all the same, which is read back).
pub(super) fn key_templates(kind: KeyKind, label: &str, id: &[u8]) -> [KeyTemplate; 2] {
    let named = [Attribute::Label(label.as_bytes().to_vec()), Attribute::Id(id.to_vec())];
    let mut public = vec![Attribute::Token(true), Attribute::Verify(true)];
    public.extend(shape(kind));
    public.extend(named.clone());
    let mut private = vec![Attribute::Token(true), Attribute::Private(true), Attribute::Sign(true)];
    private.extend(named);
    let with = |base: &[Attribute], more: &[Attribute]| [base, more].concat();
    let full = KeyTemplate {
        name: "full",
        public: with(&public, &[Attribute::Private(false)]),
        private: with(&private, &[Attribute::Sensitive(true), Attribute::Extractable(false)]),
        asks_for_protection: true,
    };
    [full, KeyTemplate { name: "minimal", public, private, asks_for_protection: false }]
}

fn shape(kind: KeyKind) -> Vec<Attribute> {
    let rsa = |bits| vec![Attribute::ModulusBits(bits), Attribute::PublicExponent(vec![1, 0, 1])];
    match kind {
        KeyKind::Rsa2048 => rsa(Ulong::new(2048)),
        KeyKind::Rsa3072 => rsa(Ulong::new(3072)),
        KeyKind::Rsa4096 => rsa(Ulong::new(4096)),
        KeyKind::EcP256 => vec![Attribute::EcParams(P256_PARAMETERS.to_vec())],
        KeyKind::EcP384 => vec![Attribute::EcParams(P384_PARAMETERS.to_vec())],
        KeyKind::EcP521 => vec![Attribute::EcParams(P521_PARAMETERS.to_vec())],
        KeyKind::Ed25519 => vec![Attribute::EcParams(ED25519_PARAMETERS.to_vec())],
    }
}

/// DER of the curve's object identifier, as CKA_EC_PARAMS has it.
pub(super) const P256_PARAMETERS: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// Likewise for P-384.
pub(super) const P384_PARAMETERS: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

/// Likewise for P-521.
pub(super) const P521_PARAMETERS: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];
/// Object identifier id-Ed25519 (RFC 8410 §3): of the two forms of PKCS#11 3.0 the one SoftHSM2 2.6 was seen to take.
pub(super) const ED25519_PARAMETERS: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
/// The other form, PrintableString "edwards25519", which a token may answer with.
pub(super) const ED25519_NAME: &[u8] = b"\x13\x0cedwards25519";

/// The token does not like the description of the object; a plainer one may do. Nothing else is ever tried a second time.
pub(super) fn is_about_the_template(code: Option<RvError>) -> bool {
    matches!(
        code,
        Some(
            RvError::AttributeTypeInvalid
                | RvError::AttributeValueInvalid
                | RvError::AttributeReadOnly
                | RvError::TemplateInconsistent
                | RvError::TemplateIncomplete
        )
    )
}

/// The token takes no key from elsewhere, or not as a key that cannot be read again: cards that only make their own
/// (CKR_FUNCTION_NOT_SUPPORTED, CKR_TEMPLATE_INCONSISTENT), tokens in FIPS mode.
pub(super) fn takes_no_import(code: Option<RvError>) -> bool {
    is_about_the_template(code)
        || matches!(code, Some(RvError::FunctionNotSupported | RvError::ActionProhibited | RvError::FunctionRejected))
}

/// What cards answer when only their administrator may do it: ykcs11 2.2 CKR_USER_TYPE_INVALID, OpenSC 0.23 for a new key
/// CKR_USER_NOT_LOGGED_IN and for a certificate CKR_PIN_LEN_RANGE.
pub(super) fn wants_the_officer(code: Option<RvError>) -> bool {
    matches!(code, Some(RvError::UserTypeInvalid | RvError::UserNotLoggedIn | RvError::PinLenRange))
}

/// What a driver answers in the middle of a call when the card was pulled: ykcs11 CKR_DEVICE_ERROR, OpenSC CKR_GENERAL_ERROR, and
/// later CKR_SESSION_HANDLE_INVALID or CKR_USER_NOT_LOGGED_IN.
pub(super) fn may_be_a_pulled_card(error: &HelperError) -> bool {
    match error {
        // CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR, CKR_SESSION_CLOSED, CKR_SESSION_HANDLE_INVALID.
        HelperError::Pkcs11 { rv, .. } => [0x5, 0x6, 0x30, 0xb0, 0xb3].contains(rv),
        HelperError::Pin { failure: PinFailure::Required, .. } => true,
        _ => false,
    }
}

/// Ids of the places where a card with fixed ones can hold a key that signs and its certificate, best first, and what the card's
/// standard calls them. `None`: ids are free.
///
/// ykcs11 numbers PIV's places (NIST SP 800-73-4, part 1, §4.3): 01 is 9A, 02 is 9C; the others do not sign or need no PIN. OpenSC
/// shows an OpenPGP card as two tokens; it stores a certificate for key 03 only, which its first one ("sig") does not have.
pub(super) fn fixed_places(token: &Token) -> Option<&'static [(u8, &'static str)]> {
    match (&*token.manufacturer, &*token.label) {
        ("Yubico (www.yubico.com)", label) if label.starts_with("YubiKey PIV") => Some(&[(1, "9A"), (2, "9C")]),
        (_, "OpenPGP card (User PIN)") => Some(&[(3, "AUT")]),
        (_, "OpenPGP card (User PIN (sig))") => Some(&[]),
        _ => None,
    }
}

/// What OpenSC answers when it is to sign with a key made since C_Initialize: its view of the card is stale.
pub(super) fn is_a_stale_view(code: Option<RvError>) -> bool {
    matches!(
        code,
        Some(
            RvError::FunctionNotSupported
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::ArgumentsBad
        )
    )
}

/// The token does not take a new PIN as it is: ykcs11 answers one that is too short with CKR_ARGUMENTS_BAD.
pub(super) fn refuses_new_pin(code: Option<RvError>) -> bool {
    matches!(code, Some(RvError::PinLenRange | RvError::PinInvalid | RvError::PinTooWeak | RvError::ArgumentsBad))
}

/// The token decides on ids and labels itself: ykcs11 has no C_SetAttributeValue, cards with fixed containers refuse it.
pub(super) fn dictates_names(code: Option<RvError>) -> bool {
    matches!(
        code,
        Some(
            RvError::FunctionNotSupported
                | RvError::AttributeReadOnly
                | RvError::ActionProhibited
                | RvError::AttributeTypeInvalid
                | RvError::AttributeValueInvalid
                | RvError::TemplateInconsistent
        )
    )
}

/// Key sizes a mechanism reports, in bits: some report bytes, some nothing (0).
pub(super) fn takes_bits(min: usize, max: usize, bits: usize) -> bool {
    let (min, max) = if max != 0 && max <= 1024 && bits >= 2048 { (min * 8, max * 8) } else { (min, max) };
    max == 0 || (min <= bits && bits <= max)
}

/// NSS softokn: a database of certificates, keys and trust.
pub(super) fn is_nss(token: &Token) -> bool {
    token.manufacturer == "Mozilla Foundation"
}

/// NSS softokn knows no `C_InitToken`: its database is set up by the first PIN, given by a security officer without one.
pub(super) fn is_set_up_by_its_first_pin(token: &Token) -> bool {
    is_nss(token)
}

/// NSS softokn's first slot computes and keeps nothing: its keys and certificates are in the second, "NSS Certificate DB".
pub(super) fn keeps_nothing(token: &Token) -> bool {
    is_nss(token) && token.label == "NSS Generic Crypto Services"
}

/// PIN lengths as reported, unless they cannot be: kryoptic 1.5 reports a maximum of 0 and takes any.
pub(super) fn pin_length(min: usize, max: usize) -> Option<(u64, u64)> {
    (max != 0 && min <= max).then_some((min as u64, max as u64))
}

/// Free memory as reported for keys, else as reported for the rest; a token that says there is none at all tells nothing.
pub(super) fn memory(private: Option<usize>, public: Option<usize>, total: Option<usize>) -> Option<u64> {
    let free = private.or(public)?;
    total.is_some_and(|total| free <= total).then_some(free as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_make_no_sense_are_not_believed() {
        assert!(takes_bits(512, 4096, 2048) && !takes_bits(512, 2048, 3072), "bits");
        assert!(takes_bits(64, 256, 2048) && !takes_bits(64, 256, 3072), "bytes");
        assert!(takes_bits(0, 0, 4096), "nothing reported");
        assert!(takes_bits(112, 521, 384), "curves");
        assert_eq!(pin_length(8, 0), None);
        assert_eq!(pin_length(4, 255), Some((4, 255)));
        assert_eq!(memory(Some(10), Some(20), Some(100)), Some(10));
        assert_eq!(memory(None, Some(0), Some(100)), Some(0), "full");
        assert_eq!(memory(Some(0), None, None), None, "nothing reported");
        assert_eq!(memory(Some(200), None, Some(100)), None, "more than there is");
    }
}
