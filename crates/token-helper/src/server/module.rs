//! Driver and token: load, list, open, log in.

use super::objects::Lists;
use super::quirks;
use super::refusal::{code, describe, refusal};
use super::{Open, Server};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::{AuthPin, RawAuthPin};
use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::{Duration, Instant};
use token_helper::channel::find_libraries_beside;
use token_helper::wire::{KeyKind, Module, Pin, PinState, Token, TokenSelector};
use token_helper::{HelperError, LoadFailure, PinFailure, binary_format};

/// How long after a card was pulled the reader says so at the latest.
const PULLED_IS_SEEN_AFTER: Duration = Duration::from_millis(1500);

impl Server {
    /// Loads and initialises the driver, and asks it who it is.
    pub(super) fn load(&mut self, parameters: Option<String>) -> Result<Module, HelperError> {
        if self.pkcs11.is_some() {
            return Err(HelperError::Protocol("a driver is loaded already".into()));
        }
        let cannot = |reason, detail| HelperError::CannotLoad { reason, detail };
        self.parameters = match parameters.map(CString::new) {
            Some(Ok(parameters)) => Some(parameters),
            Some(Err(_)) => return Err(HelperError::Protocol("parameters with a NUL in them".into())),
            None => None,
        };
        binary_format::can_load(&self.driver).map_err(|reason| cannot(reason, String::new()))?;
        find_libraries_beside(&self.driver);
        let pkcs11 = Pkcs11::new(&self.driver).map_err(|error| {
            // The file itself is right (looked at above), so what fails in the system's loader is what the file needs.
            let reason = match error {
                Error::LibraryLoading(_) => LoadFailure::MissingDependency,
                Error::MissingSymbol(_) => LoadFailure::NotPkcs11,
                _ => LoadFailure::InitializeFailed,
            };
            cannot(reason, describe(&error))
        })?;
        initialize(&pkcs11, self.parameters.as_deref())
            .map_err(|error| cannot(LoadFailure::InitializeFailed, describe(&error)))?;
        let info =
            pkcs11.get_library_info().map_err(|error| cannot(LoadFailure::InitializeFailed, describe(&error)))?;
        self.pkcs11 = Some(pkcs11);
        Ok(Module {
            description: tidy(info.library_description()),
            manufacturer: tidy(info.manufacturer_id()),
            library_version: info.library_version().to_string(),
            cryptoki_version: info.cryptoki_version().to_string(),
        })
    }

    /// Before a goodbye. Errors do not matter any more.
    pub(crate) fn finalize(&mut self) {
        self.open = None;
        if let Some(pkcs11) = self.pkcs11.take() {
            let _ = pkcs11.finalize();
        }
    }

    /// All tokens, also those without `C_InitToken`.
    pub(super) fn tokens(&self) -> Result<Vec<Token>, HelperError> {
        let pkcs11 = self.pkcs11()?;
        let slots = pkcs11.get_slots_with_token().map_err(refusal)?;
        let tokens = slots.into_iter().filter_map(|slot| token(pkcs11, slot));
        Ok(tokens.filter(|token| !quirks::keeps_nothing(token)).collect())
    }

    /// Finds the token, opens a session and logs in once.
    pub(super) fn open(&mut self, selector: TokenSelector, pin: Option<Pin>) -> Result<Token, HelperError> {
        // Closing the last session of a token also logs out.
        self.open = None;
        self.keep_open(self.open_with(selector, pin, UserType::User))
    }

    /// The same for the security officer.
    pub(super) fn open_as_officer(&mut self, selector: TokenSelector, pin: Pin) -> Result<Token, HelperError> {
        self.open = None;
        if std::mem::take(&mut self.refused_the_user) {
            self.begin_anew()?;
        }
        self.keep_open(self.open_with(selector, Some(pin), UserType::So))
    }

    fn keep_open(&mut self, opened: Result<Open, HelperError>) -> Result<Token, HelperError> {
        let opened = opened?;
        let token = opened.token.clone();
        self.open = Some(opened);
        Ok(token)
    }

    pub(super) fn find(&self, selector: &TokenSelector) -> Result<Token, HelperError> {
        find(self.tokens()?, selector)
    }

    /// [`HelperError::TokenRemoved`] if the open token is not in its slot any more. After an error that a pulled card is answered
    /// with, that is asked for a while: pcscd takes half a second to see it, and ykcs11 looks only when slots are listed.
    pub(super) fn removed(&mut self, error: &HelperError) -> Option<HelperError> {
        let open = self.open.as_ref()?;
        let slot = Slot::try_from(open.token.slot).ok()?;
        let pkcs11 = self.pkcs11().ok()?;
        let suspicious = open.token.removable && quirks::may_be_a_pulled_card(error);
        let until = Instant::now() + if suspicious { PULLED_IS_SEEN_AFTER } else { Duration::ZERO };
        loop {
            let listed = !suspicious || pkcs11.get_slots_with_token().map_or(true, |slots| slots.contains(&slot));
            let gone = [RvError::TokenNotPresent, RvError::DeviceRemoved, RvError::SlotIdInvalid];
            let answer = pkcs11.get_token_info(slot).err().and_then(|error| code(&error));
            if !listed || answer.is_some_and(|code| gone.contains(&code)) {
                return Some(HelperError::TokenRemoved);
            }
            if Instant::now() >= until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn open_with(&self, selector: TokenSelector, pin: Option<Pin>, user: UserType) -> Result<Open, HelperError> {
        let pkcs11 = self.pkcs11()?;
        let mut token = self.find(&selector)?;
        if !token.initialized {
            return Err(HelperError::NotInitialized);
        }
        let slot = Slot::try_from(token.slot).map_err(refusal)?;
        // A token that takes no changes can still be read.
        let session = match pkcs11.open_rw_session(slot) {
            Err(error) if code(&error) == Some(RvError::TokenWriteProtected) => pkcs11.open_ro_session(slot),
            other => other,
        }
        .map_err(refusal)?;
        let mut private_visible = !token.login_required;
        if let Some(pin) = &pin {
            log_in(pkcs11, slot, &session, &token, pin, user)?;
            private_visible = true;
            // The flags of before the login may still count the last wrong PIN, or say write-protected.
            token = self::token(pkcs11, slot).unwrap_or(token);
        }
        let mechanisms = pkcs11.get_mechanism_list(slot).unwrap_or_default();
        let lists = Lists::default();
        Ok(Open { session, token, selector, mechanisms, private_visible, pin, user, lists })
    }

    /// Nothing is open then. After it refused the user to write a certificate, OpenSC 0.23 refuses it to the security officer, too.
    fn begin_anew(&mut self) -> Result<(), HelperError> {
        let pkcs11 = self.pkcs11()?;
        let _ = pkcs11.clone().finalize();
        initialize(pkcs11, self.parameters.as_deref()).map_err(refusal)?;
        self.stale = false;
        Ok(())
    }

    /// Ends and begins the driver's view of the token anew, with the same token and PIN. OpenSC needs this before it signs with
    /// a key it has just made.
    pub(super) fn reinitialize(&mut self) -> Result<(), HelperError> {
        let Some(Open { session, selector, pin, user, token, .. }) = self.open.take() else {
            return Err(HelperError::Protocol("no token is open".into()));
        };
        drop(session);
        self.begin_anew()?;
        // The same token, not just one that matches as well.
        let same = TokenSelector {
            label: Some(token.label).filter(|label| !label.is_empty()),
            serial: Some(token.serial).filter(|serial| !serial.is_empty()),
            ..selector
        };
        self.open = Some(self.open_with(same, pin, user)?);
        Ok(())
    }
}

/// Some drivers cannot lock the way the system does, and some know no arguments at all.
pub(super) fn initialize(pkcs11: &Pkcs11, parameters: Option<&CStr>) -> Result<(), Error> {
    let again = [RvError::CantLock, RvError::NeedToCreateThreads, RvError::ArgumentsBad];
    let result = match pkcs11.initialize(arguments(CInitializeFlags::OS_LOCKING_OK, parameters)) {
        Err(error) if code(&error).is_some_and(|code| again.contains(&code)) => {
            pkcs11.initialize(arguments(CInitializeFlags::empty(), parameters))
        }
        other => other,
    };
    match result {
        Err(error) if code(&error) == Some(RvError::CryptokiAlreadyInitialized) => Ok(()),
        other => other,
    }
}

/// NSS has a field of its own where the standard has `pReserved`: a pointer to text that says where its data lie.
fn arguments(flags: CInitializeFlags, parameters: Option<&CStr>) -> CInitializeArgs {
    match parameters {
        None => CInitializeArgs::new(flags),
        Some(text) => {
            let pointer = NonNull::from(text).cast();
            #[allow(unsafe_code)]
            // SAFETY: the text is the server's, which outlives the driver; drivers that take such a pointer only read it.
            unsafe {
                CInitializeArgs::new_with_reserved(flags, pointer)
            }
        }
    }
}

/// `None`: there is no token in the slot any more.
pub(super) fn token(pkcs11: &Pkcs11, slot: Slot) -> Option<Token> {
    let about = pkcs11.get_slot_info(slot).ok();
    let removable = about.as_ref().is_some_and(|slot| slot.removable_device());
    let slot_description = about.map_or(String::new(), |slot| tidy(slot.slot_description()));
    let key_kinds = key_kinds(pkcs11, slot);
    match pkcs11.get_token_info(slot) {
        Ok(info) => Some(Token { removable, slot_description, key_kinds, ..describe_token(slot, &info) }),
        Err(error) => match code(&error) {
            Some(RvError::TokenNotPresent | RvError::DeviceRemoved) => None,
            // cryptoki fails the whole description for one field it cannot read (opencryptoki's time of day): a token all the
            // same, of which nothing is known. Flags are set so that nothing is refused because of it.
            _ => Some(Token {
                slot: slot.id(),
                label: String::new(),
                manufacturer: String::new(),
                model: String::new(),
                serial: String::new(),
                initialized: true,
                login_required: true,
                user_pin: PinState::Ok,
                so_pin: PinState::Ok,
                write_protected: false,
                protected_authentication_path: false,
                pin_length: None,
                key_kinds,
                removable,
                slot_description,
                free_memory: None,
                total_memory: None,
            }),
        },
    }
}

/// What the token says of itself; the rest is the slot's.
fn describe_token(slot: Slot, info: &TokenInfo) -> Token {
    let total = info.total_private_memory().or(info.total_public_memory()).filter(|total| *total > 0);
    Token {
        slot: slot.id(),
        label: tidy(info.label()),
        manufacturer: tidy(info.manufacturer_id()),
        model: tidy(info.model()),
        serial: tidy(info.serial_number()),
        initialized: info.token_initialized(),
        login_required: info.login_required(),
        user_pin: pin_state(info),
        so_pin: so_pin_state(info),
        write_protected: info.write_protected(),
        protected_authentication_path: info.protected_authentication_path(),
        pin_length: quirks::pin_length(info.min_pin_length(), info.max_pin_length()),
        free_memory: quirks::memory(info.free_private_memory(), info.free_public_memory(), total),
        total_memory: total.map(|total| total as u64),
        key_kinds: Vec::new(),
        removable: false,
        slot_description: String::new(),
    }
}

fn pin_state(info: &TokenInfo) -> PinState {
    if info.user_pin_locked() {
        PinState::Locked
    } else if info.user_pin_to_be_changed() {
        // The maker's own PIN: a token that has one may not call it initialized (kryoptic).
        PinState::MustChange
    } else if !info.user_pin_initialized() {
        PinState::NotSet
    } else if info.user_pin_final_try() {
        PinState::FinalTry
    } else if info.user_pin_count_low() {
        PinState::CountLow
    } else {
        PinState::Ok
    }
}

/// A token that was never set up has no such PIN: SoftHSM2 calls it locked then.
fn so_pin_state(info: &TokenInfo) -> PinState {
    if !info.token_initialized() {
        PinState::NotSet
    } else if info.so_pin_locked() {
        PinState::Locked
    } else if info.so_pin_to_be_changed() {
        PinState::MustChange
    } else if info.so_pin_final_try() {
        PinState::FinalTry
    } else if info.so_pin_count_low() {
        PinState::CountLow
    } else {
        PinState::Ok
    }
}

/// Some drivers pad with NUL, or put control characters into names.
fn tidy(text: &str) -> String {
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).replace(char::is_control, "")
}

/// What the token can make, and sign with afterwards.
fn key_kinds(pkcs11: &Pkcs11, slot: Slot) -> Vec<KeyKind> {
    let Ok(mechanisms) = pkcs11.get_mechanism_list(slot) else { return Vec::new() };
    let has = |any: &[MechanismType]| any.iter().any(|one| mechanisms.contains(one));
    let takes = |make: MechanismType, bits: usize| {
        has(&[make])
            && pkcs11
                .get_mechanism_info(slot, make)
                .map_or(true, |info| quirks::takes_bits(info.min_key_size(), info.max_key_size(), bits))
    };
    let rsa = has(&[MechanismType::RSA_PKCS, MechanismType::SHA256_RSA_PKCS]);
    let ec = has(&[MechanismType::ECDSA]);
    let ed = has(&[MechanismType::EDDSA]);
    // The field has 255 bits, the key 256: drivers count either.
    let ed_bits = if takes(MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, 255) { 255 } else { 256 };
    let all = [
        (KeyKind::Rsa2048, rsa, MechanismType::RSA_PKCS_KEY_PAIR_GEN, 2048),
        (KeyKind::Rsa3072, rsa, MechanismType::RSA_PKCS_KEY_PAIR_GEN, 3072),
        (KeyKind::Rsa4096, rsa, MechanismType::RSA_PKCS_KEY_PAIR_GEN, 4096),
        (KeyKind::EcP256, ec, MechanismType::ECC_KEY_PAIR_GEN, 256),
        (KeyKind::EcP384, ec, MechanismType::ECC_KEY_PAIR_GEN, 384),
        (KeyKind::EcP521, ec, MechanismType::ECC_KEY_PAIR_GEN, 521),
        (KeyKind::Ed25519, ed, MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, ed_bits),
    ];
    all.into_iter().filter(|(_, signs, make, bits)| *signs && takes(*make, *bits)).map(|(kind, ..)| kind).collect()
}

fn find(tokens: Vec<Token>, wanted: &TokenSelector) -> Result<Token, HelperError> {
    let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
    let mut found: Vec<Token> = tokens
        .into_iter()
        .filter(|token| {
            is(&wanted.label, &token.label)
                && is(&wanted.serial, &token.serial)
                && is(&wanted.manufacturer, &token.manufacturer)
                && is(&wanted.model, &token.model)
        })
        .collect();
    let only_slot = *wanted == TokenSelector { slot: wanted.slot, ..TokenSelector::default() };
    if let Some(slot) = wanted.slot
        && (only_slot || found.len() > 1)
    {
        found.retain(|token| token.slot == slot);
    }
    match found.len() {
        0 => Err(HelperError::TokenMissing),
        1 => Ok(found.remove(0)),
        _ => Err(HelperError::AmbiguousToken(
            found.iter().map(|token| format!("{} ({})", token.label, token.serial)).collect(),
        )),
    }
}

/// One `C_Login`. Whatever comes of it, the same PIN is not tried again: three tries lock many tokens.
fn log_in(
    pkcs11: &Pkcs11,
    slot: Slot,
    session: &Session,
    token: &Token,
    pin: &Pin,
    user: UserType,
) -> Result<(), HelperError> {
    let result = authenticate(session, user, pin, token.protected_authentication_path);
    let Err(error) = result else { return Ok(()) };
    if code(&error) == Some(RvError::UserAlreadyLoggedIn) {
        return Ok(());
    }
    let now = self::token(pkcs11, slot);
    let now = now.as_ref().unwrap_or(token);
    let officer = matches!(user, UserType::So);
    let state = if officer { now.so_pin } else { now.user_pin };
    match pin_failure(&error, state) {
        Some(failure) if officer => Err(HelperError::SoPin { failure, state }),
        Some(failure) => Err(HelperError::Pin { failure, state }),
        None => Err(refusal(error)),
    }
}

/// What a failed login or change says about the PIN; `None`: it is about something else.
pub(super) fn pin_failure(error: &Error, state: PinState) -> Option<PinFailure> {
    match code(error)? {
        // The flags know more than the code: OpenSC says CKR_PIN_INCORRECT of a locked card.
        _ if state == PinState::Locked => Some(PinFailure::Locked),
        RvError::PinIncorrect => Some(PinFailure::Incorrect),
        RvError::PinLocked => Some(PinFailure::Locked),
        RvError::PinExpired => Some(PinFailure::Expired),
        RvError::UserPinNotInitialized => Some(PinFailure::NotSet),
        // ykcs11 answers a short PIN with CKR_ARGUMENTS_BAD.
        RvError::PinLenRange | RvError::PinInvalid | RvError::ArgumentsBad => Some(PinFailure::Length),
        _ => None,
    }
}

/// `C_Login`; with an empty PIN and a protected authentication path the device asks for it.
pub(super) fn authenticate(session: &Session, user: UserType, pin: &Pin, protected_path: bool) -> Result<(), Error> {
    if protected_path && pin.expose().is_empty() {
        let on_the_device: Option<&AuthPin> = None;
        return session.login(user, on_the_device);
    }
    // cryptoki's own type is wiped as well.
    session.login_with_raw(user, &RawAuthPin::new(Box::new(pin.expose().to_vec())))
}
