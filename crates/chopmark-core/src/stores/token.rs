//! The place "a PKCS#11 token". Everything goes through the helper process of its driver.

mod officer;
mod places;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use cmp_protocol::signature::SignatureScheme;
use der::Decode;
use rand_core::Rng;
use token_helper::{
    client::{Helper, HelperError, Limits, PinFailure},
    wire::{self, Pin, SignatureAlgorithm, TokenSelector},
};
use zeroize::Zeroizing;

use crate::{
    app::Desk,
    ca::cmp::rng,
    drivers::{self, InstalledDriver, Looked, key_kind, learned::Learned},
    error::{Class, Code, Error, Result},
    helper_program::helper_program,
    journal::{Job, KeyRecord, TokenRecord, hex, unhex},
    keys::{key_id, software::SoftwareKey},
    model::{Event, KeyChoice, PinPadAsks, PinState, Place, Question},
    place::PlaceExtras,
    stores::{Bundle, blocking},
    ui::{Answer, Ui},
};

use officer::Deed;

/// Label of a key until its certificate is there.
const LABEL: &str = "Chopmark";

/// A token that was found and opened. The PIN is held (and wiped with this) because the driver may have to be started
/// again: after a crash, and to prove that a fresh process finds key and certificate.
pub(crate) struct TokenPlace {
    program: PathBuf,
    limits: Limits,
    pub(crate) token: TokenRecord,
    key_kinds: Vec<KeyChoice>,
    pin: Option<Arc<Pin>>,
    /// The security officer's, once it was asked for and right.
    officer: Option<Arc<Pin>>,
    /// PINs are typed on the device.
    pin_pad: bool,
    /// What people call the store that this is, instead of a token: its driver holds nothing else, and it asks for a password.
    store: Option<String>,
    helper: Option<Helper>,
    /// Where what is learned is kept.
    home: PathBuf,
    learned: Learned,
}

impl TokenPlace {
    /// The token of the job: the one it had before, or the one that fits the order.
    pub(crate) async fn open(job: &mut Job, desk: &Desk, ui: &dyn Ui) -> Result<TokenPlace> {
        let wanted = match &job.record.token {
            None => job.record.order.place.clone(),
            Some(known) => known.place(),
        };
        let (mut place, about, _) = TokenPlace::find(wanted, desk, ui).await?;
        if job.record.token.is_none() {
            job.record.token = Some(place.token.clone());
            job.save("token-found", &place.token.uri)?;
        }
        place.log_in(about, pin_source(&job.record.order.place), ui).await?;
        Ok(place)
    }

    /// A token that is not the place of a job.
    pub(crate) async fn open_at(wanted: Place, desk: &Desk, ui: &dyn Ui) -> Result<TokenPlace> {
        let pin_source = pin_source(&wanted);
        let (mut place, about, _) = TokenPlace::find(wanted, desk, ui).await?;
        place.log_in(about, pin_source, ui).await?;
        Ok(place)
    }

    /// Finds the token and starts its driver; nobody has logged in yet.
    pub(crate) async fn find(wanted: Place, desk: &Desk, ui: &dyn Ui) -> Result<(TokenPlace, wire::Token, Looked)> {
        let program = helper_program(desk.options.helper.as_deref())?;
        let (token, about, looked) = find(&wanted, desk, &program).await?;
        let limits = desk.driver_limits(Limits::default());
        let key_kinds = about.key_kinds.iter().map(|kind| drivers::key_choice(*kind)).collect();
        let learned = Learned::of(&desk.home, &token);
        let mut place = TokenPlace {
            program,
            limits,
            token,
            key_kinds,
            pin: None,
            officer: None,
            pin_pad: about.protected_authentication_path,
            store: None,
            helper: None,
            home: desk.home.clone(),
            learned,
        };
        place.start().await?;
        ui.report(Event::Driver {
            driver: place.token.driver.display().to_string(),
            description: drivers::driver_name(&looked),
            token: place.token.label.clone(),
        });
        Ok((place, about, looked))
    }

    /// A store that a driver keeps: opened with it, set up if it is new, the password asked for if it has one.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "not every system's store is a database of NSS"))]
    pub(crate) async fn open_store(
        driver: &InstalledDriver,
        called: String,
        desk: &Desk,
        ui: &dyn Ui,
    ) -> Result<TokenPlace> {
        let record = TokenRecord {
            driver: driver.path.clone(),
            parameters: driver.parameters.clone(),
            label: called.clone(),
            serial: String::new(),
            manufacturer: String::new(),
            model: String::new(),
            uri: String::new(),
        };
        let mut place = TokenPlace {
            program: helper_program(desk.options.helper.as_deref())?,
            limits: desk.driver_limits(Limits::default()),
            learned: Learned::of(&desk.home, &record),
            token: record,
            key_kinds: Vec::new(),
            pin: None,
            officer: None,
            pin_pad: false,
            store: Some(called),
            helper: None,
            home: desk.home.clone(),
        };
        place.start().await?;
        let about = place.set_up().await?;
        place.key_kinds = about.key_kinds.iter().map(|kind| drivers::key_choice(*kind)).collect();
        place.log_in(about, None, ui).await?;
        Ok(place)
    }

    /// A new store gets the empty password, as browsers give it.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "not every system's store is a database of NSS"))]
    async fn set_up(&mut self) -> Result<wire::Token> {
        let selector = self.selector();
        let look = move |helper: &mut Helper| {
            let token = helper.tokens()?.into_iter().next().ok_or(HelperError::TokenMissing)?;
            let nothing = || Pin::new(Zeroizing::new(Vec::new()));
            if token.initialized { Ok(token) } else { helper.set_user_pin(&selector, &nothing(), &nothing()) }
        };
        self.call(look).await?.map_err(|error| self.error(error))
    }

    /// Is the root trusted there?
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "not every system's store is a database of NSS"))]
    pub(crate) async fn is_root_trusted(&mut self, root: &[u8]) -> Result<bool> {
        let root = root.to_vec();
        self.call(move |helper| helper.is_root_trusted(&root)).await?.map_err(|error| self.error(error))
    }

    /// Trusts a root there.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "not every system's store is a database of NSS"))]
    pub(crate) async fn trust_root(&mut self, root: &[u8], label: &str) -> Result<()> {
        let (root, label) = (root.to_vec(), label.to_owned());
        self.call(move |helper| helper.trust_root(&root, &label)).await?.map_err(|error| self.error(error))
    }

    pub(crate) fn key_kinds(&self) -> &[KeyChoice] {
        &self.key_kinds
    }

    /// Removes a certificate and its key, unless another certificate needs the key too. Doing it twice does no harm.
    pub(crate) async fn remove(&mut self, certificate: &[u8], key: &KeyRecord, ui: &dyn Ui) -> Result<()> {
        let (wanted, id) = (certificate.to_vec(), unhex(&key.key_id)?);
        let work = move |helper: &mut Helper| {
            helper.delete_certificate(&wanted)?;
            let needed = helper.certificates()?.iter().any(|other| other.key_id == id && other.der != wanted);
            if needed { Ok(()) } else { helper.delete_key(&id).map(|_| ()) }
        };
        let removed = self.permitted(Deed::Write, work, ui);
        removed.await?.map_err(|error| self.error(error))
    }

    pub(crate) fn error(&self, error: HelperError) -> Error {
        let error = drivers::helper_error(error, &self.token.driver, &self.token.label);
        match &self.store {
            Some(store) if error.code.class() == Class::Pin => {
                Error::new(Code::StorePasswordWrong, "opening the store").with("store", store).because(error)
            }
            _ => error,
        }
    }

    fn selector(&self) -> TokenSelector {
        if self.store.is_some() {
            return TokenSelector::default();
        }
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        TokenSelector {
            label: given(&self.token.label),
            serial: given(&self.token.serial),
            manufacturer: given(&self.token.manufacturer),
            model: given(&self.token.model),
            slot: None,
        }
    }

    /// Starts a helper for the driver.
    async fn start(&mut self) -> Result<()> {
        self.helper = None;
        let (program, limits) = (self.program.clone(), self.limits.clone());
        let (driver, parameters) = (self.token.driver.clone(), self.token.parameters.clone());
        let helper =
            blocking(move || Helper::start_with_parameters(&program, &driver, parameters.as_deref(), limits)).await?;
        self.helper = Some(helper.map_err(|error| self.error(error))?);
        Ok(())
    }

    /// Runs a call of the helper on a thread that may block.
    pub(crate) async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Helper) -> std::result::Result<T, HelperError> + Send + 'static,
    ) -> Result<std::result::Result<T, HelperError>> {
        let mut helper = match self.helper.take() {
            Some(helper) => helper,
            None => return Err(Error::new(Code::Internal, "using the token")),
        };
        let (helper, result) = blocking(move || {
            let result = work(&mut helper);
            (helper, result)
        })
        .await?;
        self.helper = Some(helper);
        Ok(result)
    }

    /// One `C_Login` for each PIN that was given, never two.
    pub(crate) async fn log_in(&mut self, about: wire::Token, pin_source: Option<String>, ui: &dyn Ui) -> Result<()> {
        if about.protected_authentication_path {
            on_the_device(ui, &self.token.label, PinPadAsks::Pin).await?;
            self.pin = Some(Arc::new(Pin::new(Zeroizing::new(Vec::new()))));
            return self.open_session().await?.map_err(|error| self.error(error));
        }
        if !about.login_required {
            return self.open_session().await?.map_err(|error| self.error(error));
        }
        let named = |code: Code| Error::new(code, "opening the token").with("token", &self.token.label);
        match about.user_pin {
            wire::PinState::Locked => return Err(named(Code::PinLocked)),
            wire::PinState::NotSet => return Err(named(Code::PinNotSet)),
            _ => {}
        }
        if let Some(source) = pin_source {
            self.pin = Some(Arc::new(read_pin(&source)?));
            return self.open_session().await?.map_err(|error| self.error(error));
        }
        let mut state = drivers::pin_state(about.user_pin);
        let mut wrong: Option<Error> = None;
        loop {
            let wrong_before = wrong.is_some();
            let question = match &self.store {
                Some(store) => Question::StorePassword { store: store.clone(), wrong_before },
                None => Question::Pin {
                    token: self.token.label.clone(),
                    state,
                    wrong_before,
                    length: about.pin_length.map(|(least, most)| (least as u32, most as u32)),
                },
            };
            let what = if self.store.is_some() { "store-password" } else { "pin" };
            let pin = match ui.ask(question).await {
                Some(Answer::Secret(secret)) => Pin::new(Zeroizing::new(secret.expose().as_bytes().to_vec())),
                Some(Answer::Later) if wrong.is_none() => {
                    return Err(Error::new(Code::NobodyToAsk, "opening the token").with("what", what));
                }
                _ => return Err(wrong.unwrap_or_else(|| Error::new(Code::Cancelled, "opening the token"))),
            };
            self.pin = Some(Arc::new(pin));
            match self.open_session().await? {
                Ok(()) => return Ok(()),
                Err(HelperError::Pin { failure: PinFailure::Incorrect, state: now }) => {
                    state = drivers::pin_state(now);
                    // Says "locked" where the flags do, whatever the driver calls it.
                    let error = self.error(HelperError::Pin { failure: PinFailure::Incorrect, state: now });
                    self.pin = None;
                    if state == PinState::Locked {
                        return Err(error);
                    }
                    wrong = Some(error);
                }
                Err(error) => return Err(self.error(error)),
            }
        }
    }

    async fn open_session(&mut self) -> Result<std::result::Result<(), HelperError>> {
        let (selector, pin) = (self.selector(), self.pin.clone());
        self.call(move |helper| helper.open(&selector, pin.as_deref()).map(|_| ())).await
    }

    /// A fresh process of the driver with the token open.
    async fn reopen(&mut self) -> Result<()> {
        self.start().await?;
        self.open_session().await?.map_err(|error| self.error(error))
    }

    pub(crate) async fn make_key(&mut self, job: &mut Job, kind: KeyChoice, ui: &dyn Ui) -> Result<KeyRecord> {
        if let Some(key) = job.record.key.clone() {
            return self.name(job, key).await;
        }
        let (id, made) = self.provisional(job).await?;
        let key = match made {
            Some(key) => key,
            None => match self.left_over(&id, kind).await? {
                Some(key) => key,
                None => self.generate(id, kind, ui).await?,
            },
        };
        self.record(job, key).await
    }

    /// Brings a key that the CA has made. From then on nobody reads it from the token, as if it had been made there.
    pub(crate) async fn take_key(&mut self, job: &mut Job, key: &SoftwareKey, ui: &dyn Ui) -> Result<KeyRecord> {
        if let Some(key) = job.record.key.clone() {
            return self.name(job, key).await;
        }
        let (id, brought) = self.provisional(job).await?;
        let key = match brought {
            Some(key) => key,
            None => {
                let (secret, public_key) = (key.pkcs8()?, key.public_key()?);
                let secret = wire::PrivateKey::new(secret.to_bytes());
                let secret = Arc::new(secret);
                let bring = move |helper: &mut Helper| helper.import_key(&secret, &public_key, LABEL, &id);
                let brought = self.permitted(Deed::MakeKey, bring, ui).await?;
                let brought = brought.map_err(|error| self.error(error))?;
                KeyRecord { public_key: hex(&brought.public_key), key_id: hex(&brought.key_id), named: false }
            }
        };
        self.record(job, key).await
    }

    /// The id under which the key is made or brought, and the key, if a former attempt came so far.
    async fn provisional(&mut self, job: &mut Job) -> Result<(Vec<u8>, Option<KeyRecord>)> {
        match &job.record.provisional_id {
            // A former attempt may have finished on the token after it was lost to us.
            Some(id) => {
                let id = unhex(id)?;
                let made = self.find_made(&id).await?;
                if made.is_none() && !self.has_fixed_places().await? {
                    // Or half of it: a public key alone.
                    self.delete(id.clone()).await?;
                }
                Ok((id, made))
            }
            None => {
                let id = match self.free_place().await? {
                    Some(place) => place,
                    None => {
                        let mut id = vec![0; 16];
                        rng().fill_bytes(&mut id);
                        id
                    }
                };
                job.record.provisional_id = Some(hex(&id));
                job.save("making-key", "")?;
                Ok((id, None))
            }
        }
    }

    /// Makes the key. When the driver dies on it, it is started again and asked whether the key was made all the same.
    async fn generate(&mut self, id: Vec<u8>, kind: KeyChoice, ui: &dyn Ui) -> Result<KeyRecord> {
        let canceller = self.helper.as_ref().map(Helper::canceller);
        let (making_id, known) = (id.clone(), self.learned.generation());
        let make = move |helper: &mut Helper| helper.generate_key_as_known(key_kind(kind), LABEL, &making_id, &known);
        let making = self.permitted(Deed::MakeKey, make, ui);
        let result = tokio::select! {
            result = making => result?,
            () = ui.cancelled() => {
                if let Some(canceller) = canceller {
                    canceller.cancel();
                }
                Err(HelperError::Cancelled)
            }
        };
        let failure = match result {
            Ok(made) => {
                self.learn(|learned| {
                    learned.template = Some(made.template).filter(|name| name != "full");
                    learned.reinitialize |= made.reinitialized;
                });
                return Ok(KeyRecord { public_key: hex(&made.public_key), key_id: hex(&made.key_id), named: false });
            }
            Err(failure) => failure,
        };
        let cancelled = failure == HelperError::Cancelled;
        let error = if cancelled { Error::new(Code::Cancelled, "making the key") } else { self.error(failure.clone()) };
        if !ended(&failure) || self.reopen().await.is_err() {
            return Err(error);
        }
        match self.find_made(&id).await {
            Ok(Some(key)) if !cancelled => Ok(key),
            Ok(Some(key)) => {
                self.delete(unhex(&key.key_id)?).await?;
                Err(error)
            }
            _ => Err(error),
        }
    }

    /// The key under this id, if it is usable. One whose public half cannot be read is removed: it could not be asked for.
    async fn find_made(&mut self, id: &[u8]) -> Result<Option<KeyRecord>> {
        let wanted = id.to_vec();
        let found = self.call(move |helper| helper.find_key(&wanted)).await?.map_err(|error| self.error(error))?;
        match found {
            Some(wire::Key { public_key: Some(public_key), key_id, .. }) => {
                Ok(Some(KeyRecord { public_key: hex(&public_key), key_id: hex(&key_id), named: false }))
            }
            Some(_) => self.delete(id.to_vec()).await.map(|()| None),
            None => Ok(None),
        }
    }

    async fn record(&mut self, job: &mut Job, key: KeyRecord) -> Result<KeyRecord> {
        job.record.key = Some(key.clone());
        job.save("key-made", &key.key_id)?;
        self.name(job, key).await
    }

    /// Gives the key its final id. In a step of its own, so that the journal always knows an id the key has.
    async fn name(&mut self, job: &mut Job, mut key: KeyRecord) -> Result<KeyRecord> {
        if key.named {
            return Ok(key);
        }
        let (from, to) = (unhex(&key.key_id)?, key_id(&unhex(&key.public_key)?)?);
        let named = self.call(move |helper| helper.name_key(&from, &to, LABEL)).await?;
        key.key_id = hex(&named.map_err(|error| self.error(error))?);
        key.named = true;
        job.record.key = Some(key.clone());
        job.save("key-named", &key.key_id)?;
        Ok(key)
    }

    async fn delete(&mut self, id: Vec<u8>) -> Result<()> {
        self.call(move |helper| helper.delete_key(&id)).await?.map(|_| ()).map_err(|error| self.error(error))
    }

    pub(crate) async fn sign(&mut self, key: &KeyRecord, scheme: SignatureScheme, data: &[u8]) -> Result<Vec<u8>> {
        let (id, data, algorithm) = (unhex(&key.key_id)?, data.to_vec(), algorithm(scheme)?);
        let signed = self.call(move |helper| helper.sign(&id, algorithm, &data)).await?;
        signed.map_err(|error| self.error(error))
    }

    pub(crate) async fn install(&mut self, key: &KeyRecord, bundle: &Bundle, ui: &dyn Ui) -> Result<()> {
        let id = unhex(&key.key_id)?;
        let label = bundle.label.clone();
        // A root on a token is of no use to anybody: trust does not come from there.
        let (certificate, chain) = (bundle.certificate.clone(), bundle.intermediates.clone());
        let work = move |helper: &mut Helper| {
            helper.name_key(&id, &id, &label)?;
            helper.install_certificate(&id, &label, &certificate, &chain)
        };
        let installed = self.permitted(Deed::Write, work, ui);
        installed.await?.map(|_| ()).map_err(|error| self.error(error))
    }

    /// The key signs in the session that is open: a PIN is sent to the token once. That the certificate has got there is asked of a
    /// driver started anew, as by any other program, without a PIN; a token that hides certificates is asked here.
    pub(crate) async fn use_installed(
        &mut self,
        key: &KeyRecord,
        scheme: SignatureScheme,
        certificate: &[u8],
        challenge: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let id = unhex(&key.key_id)?;
        let (challenge, algorithm) = (challenge.to_vec(), algorithm(scheme)?);
        let signing_id = id.clone();
        let signed = self.call(move |helper| helper.sign(&signing_id, algorithm, &challenge)).await?;
        let signature = signed.map_err(|error| self.error(error))?;
        let wanted = certificate.to_vec();
        let stored = move |helper: &mut Helper| {
            Ok(helper.certificates()?.into_iter().find(|found| found.der == wanted && found.key_id == id))
        };
        let seen_by_others = self.asked_anew(stored.clone()).await?.unwrap_or_default();
        let stored = match seen_by_others {
            Some(stored) => Some(stored),
            None => self.call(stored).await?.map_err(|error| self.error(error))?,
        };
        let stored = stored.ok_or(HelperError::KeyNotFound).map_err(|error| self.error(error))?;
        Ok((stored.der, signature))
    }

    /// Asks the driver in another process, without a PIN.
    async fn asked_anew<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Helper) -> std::result::Result<T, HelperError> + Send + 'static,
    ) -> Result<std::result::Result<T, HelperError>> {
        let (program, limits, selector) = (self.program.clone(), self.limits.clone(), self.selector());
        let (driver, parameters) = (self.token.driver.clone(), self.token.parameters.clone());
        blocking(move || {
            let mut helper = Helper::start_with_parameters(&program, &driver, parameters.as_deref(), limits)?;
            helper.open(&selector, None)?;
            let result = work(&mut helper);
            helper.close();
            result
        })
        .await
    }

    pub(crate) async fn discard(&mut self, job: &Job, ui: &dyn Ui) -> Result<()> {
        match self.discard_all(job, ui).await {
            // What went wrong may have been the driver: a fresh one cleans up. The PIN it gets is one that was right.
            Err(_) => {
                self.reopen().await?;
                self.discard_all(job, ui).await
            }
            Ok(()) => Ok(()),
        }
    }

    async fn discard_all(&mut self, job: &Job, ui: &dyn Ui) -> Result<()> {
        if self.has_fixed_places().await? {
            return self.clear_place(job, ui).await;
        }
        // Installing begins only after it was accepted; before, a certificate that lies here is not the job's.
        if let (true, Some(issued)) = (job.record.accepted, &job.record.issued) {
            let certificate = unhex(&issued.certificate)?;
            let deleted = self.call(move |helper| helper.delete_certificate(&certificate)).await?;
            deleted.map_err(|error| self.error(error))?;
        }
        let mut ids = Vec::new();
        if let Some(key) = &job.record.key {
            ids.push(unhex(&key.key_id)?);
            ids.push(key_id(&unhex(&key.public_key)?)?);
        }
        if let Some(id) = &job.record.provisional_id {
            ids.push(unhex(id)?);
        }
        for id in ids {
            self.delete(id).await?;
        }
        Ok(())
    }
}

/// Says that the PIN is typed on the device, and waits for a word that somebody is there to do so.
pub(crate) async fn on_the_device(ui: &dyn Ui, token: &str, asks: PinPadAsks) -> Result<()> {
    match ui.ask(Question::PinPad { token: token.to_owned(), asks }).await {
        Some(Answer::Yes) => Ok(()),
        Some(Answer::Later) => Err(Error::new(Code::NobodyToAsk, "using a PIN pad").with("what", "pin")),
        _ => Err(Error::new(Code::Cancelled, "using a PIN pad")),
    }
}

/// Did this failure end the helper process?
fn ended(failure: &HelperError) -> bool {
    matches!(
        failure,
        HelperError::Crashed { .. }
            | HelperError::Exited { .. }
            | HelperError::ChannelClosed { .. }
            | HelperError::TimedOut { .. }
            | HelperError::Cancelled
            | HelperError::Protocol(_)
            | HelperError::TooLarge { .. }
    )
}

pub(crate) fn pin_source(place: &Place) -> Option<String> {
    match place {
        Place::Token { pin_source, .. } => pin_source.clone(),
        Place::File { .. } | Place::Computer { .. } => None,
    }
}

impl TokenRecord {
    /// What finds this token again.
    fn place(&self) -> Place {
        Place::Token {
            label: Some(self.label.clone()),
            serial: Some(self.serial.clone()),
            manufacturer: None,
            model: None,
            driver: Some(self.driver.display().to_string()),
            pin_source: None,
        }
    }
}

/// The token that fits, and its driver.
async fn find(place: &Place, desk: &Desk, program: &Path) -> Result<(TokenRecord, wire::Token, Looked)> {
    let (looked, around) = desk.look_around(program, place).await?;
    let (driver, token) = drivers::matching(&looked, place, &around, &desk.machine().catalogue)?;
    let record = TokenRecord {
        driver: driver.driver.path.clone(),
        parameters: driver.driver.parameters.clone(),
        label: token.label.clone(),
        serial: token.serial.clone(),
        manufacturer: token.manufacturer.clone(),
        model: token.model.clone(),
        uri: drivers::token_uri(token, &driver.driver.path),
    };
    Ok((record, token.clone(), driver.clone()))
}

/// `pin-source` (RFC 7512 §2.4): a file, as a path or a `file:` URI. One line end at its end is not part of the PIN.
fn read_pin(source: &str) -> Result<Pin> {
    let path = source.strip_prefix("file://").or_else(|| source.strip_prefix("file:")).unwrap_or(source);
    let mut bytes = Zeroizing::new(
        std::fs::read(path)
            .map_err(|error| Error::new(Code::FileNotReadable, "reading the PIN").with("path", path).because(error))?,
    );
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    Ok(Pin::new(bytes))
}

/// How a token is asked to sign. It has no keys of ours that would need one of the others.
pub(crate) fn algorithm(scheme: SignatureScheme) -> Result<SignatureAlgorithm> {
    match scheme {
        SignatureScheme::RsaPkcs1Sha256 => Ok(SignatureAlgorithm::RsaPkcs1Sha256),
        SignatureScheme::EcdsaP256Sha256 => Ok(SignatureAlgorithm::EcdsaSha256),
        SignatureScheme::EcdsaP384Sha384 => Ok(SignatureAlgorithm::EcdsaSha384),
        SignatureScheme::EcdsaP521Sha512 => Ok(SignatureAlgorithm::EcdsaSha512),
        SignatureScheme::Ed25519 => Ok(SignatureAlgorithm::Ed25519),
        other => Err(Error::new(Code::KeyKindUnsupported, "signing with a token").with("key", format!("{other:?}"))),
    }
}

/// What reading the certificates of one token gave.
pub(crate) struct Read {
    pub(crate) label: String,
    pub(crate) result: Result<Vec<Found>>,
}

/// A certificate on a token.
pub(crate) struct Found {
    /// Where it lies, with its `id` and `object`.
    pub(crate) uri: String,
    pub(crate) der: Vec<u8>,
    /// Whether the key is there too; unknown without a PIN.
    pub(crate) has_key: Option<bool>,
}

/// Reads the certificates of all tokens that were seen (or of the one that `place` means), drivers in parallel. No PIN.
pub(crate) async fn certificates(program: &Path, looked: &[Looked], place: Option<&Place>) -> Vec<Read> {
    let mut seen = BTreeSet::new();
    let mut reading = Vec::new();
    for one in looked {
        let fresh = |token: &&wire::Token| {
            let wanted = place.is_none_or(|place| drivers::fits(token, place));
            wanted && token.initialized && seen.insert((token.label.clone(), token.serial.clone(), token.model.clone()))
        };
        let tokens: Vec<_> = one.tokens.iter().filter(fresh).cloned().collect();
        if !tokens.is_empty() {
            let (program, driver) = (program.to_owned(), one.driver.clone());
            reading.push(tokio::task::spawn_blocking(move || read_tokens(&program, &driver, tokens)));
        }
    }
    let mut all = Vec::new();
    for task in reading {
        all.extend(task.await.unwrap_or_default());
    }
    all
}

fn read_tokens(program: &Path, driver: &InstalledDriver, tokens: Vec<wire::Token>) -> Vec<Read> {
    let (parameters, driver) = (driver.parameters.as_deref(), &*driver.path);
    let mut started = Helper::start_with_parameters(program, driver, parameters, drivers::looking_limits());
    let mut read = |token: &wire::Token| {
        let helper = started.as_mut().map_err(|error| error.clone())?;
        read_open(helper, &drivers::selector(token), &drivers::token_place(token, driver))
    };
    let reads = tokens.iter().map(|token| Read {
        label: token.label.clone(),
        result: read(token).map_err(|error| drivers::helper_error(error, driver, &token.label)),
    });
    reads.collect()
}

/// The same for a store that its driver keeps.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "not every system's store is a database of NSS"))]
pub(crate) fn read_store(
    program: &Path,
    driver: &InstalledDriver,
    limits: Limits,
    place: &Place,
    called: String,
) -> Read {
    let (parameters, driver) = (driver.parameters.as_deref(), &*driver.path);
    let read = Helper::start_with_parameters(program, driver, parameters, limits).and_then(|mut helper| {
        // Nobody has put anything into it yet.
        if helper.tokens()?.iter().all(|token| !token.initialized) {
            return Ok(Vec::new());
        }
        read_open(&mut helper, &TokenSelector::default(), place)
    });
    Read { result: read.map_err(|error| drivers::helper_error(error, driver, &called)), label: called }
}

fn read_open(
    helper: &mut Helper,
    token: &TokenSelector,
    place: &Place,
) -> std::result::Result<Vec<Found>, HelperError> {
    helper.open(token, None)?;
    let found = without_issuers(helper.certificates()?).into_iter().map(|found| {
        let object = (!found.label.is_empty()).then_some(found.label);
        let id = (!found.key_id.is_empty()).then_some(found.key_id);
        let uri = place.uri_with(&PlaceExtras { id, object });
        Found { uri, der: found.der, has_key: found.has_key }
    });
    Ok(found.collect())
}

/// The issuers that lie beside a certificate are not the person's own: they have no key and are somebody's issuer.
fn without_issuers(mut found: Vec<wire::Certificate>) -> Vec<wire::Certificate> {
    let names = |certificate: &wire::Certificate| {
        let parsed = x509_cert::Certificate::from_der(&certificate.der).ok()?;
        let (subject, issuer) = (parsed.tbs_certificate().subject(), parsed.tbs_certificate().issuer());
        Some((subject.clone(), issuer.clone()))
    };
    let issuers: Vec<_> = found
        .iter()
        .filter_map(names)
        .filter(|(subject, issuer)| subject != issuer)
        .map(|(_, issuer)| issuer)
        .collect();
    found.retain(|one| one.has_key == Some(true) || names(one).is_none_or(|(subject, _)| !issuers.contains(&subject)));
    found
}
