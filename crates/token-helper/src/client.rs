//! The client: starts a helper for one driver, asks it, and says what became of it when it does not answer.
//!
//! Nothing here restarts a helper by itself: what was under way may have finished on the token, so whoever asked must look
//! before asking again (for a key: [`Helper::find_key`] before a second [`Helper::generate_key`]).

use crate::channel::{self, Channel};
pub use crate::error::{HelperError, LoadFailure, PinFailure};
use crate::frame::{self, FrameError};
use crate::wire::{
    Answer, Certificate, GeneratedKey, GenerationQuirks, Hello, Installed, Key, KeyKind, KeyPlace, Module, Pin,
    PrivateKey, Reply, Request, SignatureAlgorithm, Token, TokenSelector, Verb,
};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

mod care;
pub mod providers;
pub mod store;
mod trust;

/// How long a helper may take to die of its own accord after its channel closed.
const END_GRACE: Duration = Duration::from_millis(500);
/// How long `close` waits for `C_Finalize`.
const GOODBYE_GRACE: Duration = Duration::from_secs(2);
/// How long a killed helper may take to vanish (a process inside a kernel driver can take longer).
const KILL_GRACE: Duration = Duration::from_secs(2);

/// How long each kind of call may take before the driver counts as hung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Start of the program, handshake, `C_Initialize`, `C_GetInfo`.
    pub start: Duration,
    /// Listing tokens, certificates, keys.
    pub info: Duration,
    /// Opening a session and logging in.
    pub login: Duration,
    /// Making a key: minutes on a slow card.
    pub generate: Duration,
    /// Signing (a token may wait for a touch).
    pub sign: Duration,
    /// Storing, renaming, deleting, setting up.
    pub install: Duration,
    /// Whatever waits for a PIN that is typed on the device.
    pub pin_pad: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Limits {
            start: seconds(10),
            info: seconds(10),
            login: seconds(30),
            generate: seconds(300),
            sign: seconds(60),
            install: seconds(60),
            pin_pad: seconds(180),
        }
    }
}

impl Limits {
    /// The same, but nothing longer than this.
    #[must_use]
    pub fn at_most(self, most: Duration) -> Limits {
        Limits {
            start: self.start.min(most),
            info: self.info.min(most),
            login: self.login.min(most),
            generate: self.generate.min(most),
            sign: self.sign.min(most),
            install: self.install.min(most),
            pin_pad: self.pin_pad.min(most),
        }
    }

    fn of(&self, verb: Verb) -> Duration {
        match verb {
            Verb::Start => self.start,
            Verb::Tokens
            | Verb::KeyPlaces
            | Verb::FindKey
            | Verb::Certificates
            | Verb::Keys
            | Verb::Objects
            | Verb::Providers => self.info,
            // A card's PIN may be asked for.
            Verb::ExportKey => self.sign,
            Verb::Open | Verb::SetUserPin | Verb::ChangePin => self.login,
            Verb::GenerateKey => self.generate,
            Verb::Sign => self.sign,
            Verb::ImportKey
            | Verb::NameKey
            | Verb::InstallCertificate
            | Verb::DeleteKey
            | Verb::DeleteCertificate
            | Verb::DeleteObject
            | Verb::TrustRoot
            | Verb::InitToken => self.install,
        }
    }
}

/// The process, shared with the cancellers. Killing goes through `Child`, which knows whether it was reaped: a bare process id
/// may belong to someone else by then.
#[derive(Debug)]
struct Process {
    child: Mutex<Child>,
    cancelled: AtomicBool,
}

impl Process {
    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn wait(&self, at_most: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + at_most;
        loop {
            match self.child().try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => {}
                _ => return None,
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn kill(self: &Arc<Self>) {
        let _ = self.child().kill();
        if self.wait(KILL_GRACE).is_none() {
            let process = Arc::clone(self);
            // So that no zombie stays; the caller does not wait for it.
            std::thread::spawn(move || process.wait(Duration::from_secs(600)));
        }
    }
}

/// Ends a helper from another thread; the call under way returns [`HelperError::Cancelled`].
#[derive(Debug, Clone)]
pub struct Canceller(Arc<Process>);

impl Canceller {
    /// Kills the helper. What was under way may still finish on the token.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let _ = self.0.child().kill();
    }
}

/// A running helper with one driver loaded.
#[derive(Debug)]
pub struct Helper {
    process: Arc<Process>,
    channel: Channel,
    driver: PathBuf,
    limits: Limits,
    module: Module,
    /// How long the call under way may take.
    within: Duration,
    /// What ended it: every later call returns the same.
    ended: Option<HelperError>,
}

impl Helper {
    /// Starts the helper program and has it load the driver (`C_Initialize`, `C_GetInfo`).
    pub fn start(program: &Path, driver: &Path, limits: Limits) -> Result<Helper, HelperError> {
        Helper::start_with_env(program, driver, limits, &[])
    }

    /// Like [`Helper::start`], for a driver that takes parameters when it is initialised (NSS softokn: where its database lies).
    pub fn start_with_parameters(
        program: &Path,
        driver: &Path,
        parameters: Option<&str>,
        limits: Limits,
    ) -> Result<Helper, HelperError> {
        Helper::start_with(program, driver, parameters, false, limits, &[])
    }

    /// Like [`Helper::start_with_parameters`], only to look at the driver: the helper runs with lower priority, for many are looked at
    /// at the same time.
    pub fn start_in_the_background(
        program: &Path,
        driver: &Path,
        parameters: Option<&str>,
        limits: Limits,
    ) -> Result<Helper, HelperError> {
        Helper::start_with(program, driver, parameters, true, limits, &[])
    }

    /// Like [`Helper::start`], with variables for the helper's environment only (drivers find their configuration there).
    pub fn start_with_env(
        program: &Path,
        driver: &Path,
        limits: Limits,
        env: &[(&str, &OsStr)],
    ) -> Result<Helper, HelperError> {
        Helper::start_with(program, driver, None, false, limits, env)
    }

    fn start_with(
        program: &Path,
        driver: &Path,
        parameters: Option<&str>,
        background: bool,
        limits: Limits,
        env: &[(&str, &OsStr)],
    ) -> Result<Helper, HelperError> {
        let mut helper = Helper::connect(program, driver, limits, env)?;
        let load = Request::Load { parameters: parameters.map(str::to_owned), background };
        match helper.call(Verb::Start, &load, None)? {
            Answer::Module(module) => helper.module = module,
            other => return Err(helper.unexpected(&other)),
        }
        Ok(helper)
    }

    /// Starts the program; nothing is loaded.
    fn connect(program: &Path, driver: &Path, limits: Limits, env: &[(&str, &OsStr)]) -> Result<Helper, HelperError> {
        let mut command = Command::new(program);
        // Drivers print, and what a vendor's debug build prints may be the PIN: none of it is kept.
        command.arg(driver).envs(env.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (child, channel) = Channel::spawn(command)
            .map_err(|error| HelperError::HelperMissing { program: program.to_owned(), detail: error.to_string() })?;
        let nothing = Module {
            description: String::new(),
            manufacturer: String::new(),
            library_version: String::new(),
            cryptoki_version: String::new(),
        };
        let process = Arc::new(Process { child: Mutex::new(child), cancelled: AtomicBool::new(false) });
        let (driver, within) = (driver.to_owned(), limits.start);
        let mut helper = Helper { process, channel, driver, limits, module: nothing, within, ended: None };
        helper.handshake()?;
        Ok(helper)
    }

    fn handshake(&mut self) -> Result<(), HelperError> {
        self.channel.set_deadline(Some(Instant::now() + self.limits.start));
        let theirs: Hello = match frame::receive(&mut self.channel) {
            Ok(hello) => hello,
            Err(error) => return Err(self.end(Verb::Start, error)),
        };
        if theirs != Hello::ours() {
            return Err(HelperError::VersionMismatch { ours: Hello::ours().to_string(), theirs: theirs.to_string() });
        }
        Ok(())
    }

    /// The driver file.
    pub fn driver(&self) -> &Path {
        &self.driver
    }

    /// What the driver says about itself.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// A handle with which another thread can end this helper.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.process))
    }

    /// All tokens, also those never set up. A token whose description the driver garbles is listed with empty fields.
    ///
    /// Not while a token is open: with some drivers (OpenSC 0.23) looking for tokens makes the open session invalid.
    pub fn tokens(&mut self) -> Result<Vec<Token>, HelperError> {
        match self.call(Verb::Tokens, &Request::Tokens, None)? {
            Answer::Tokens(tokens) => Ok(tokens),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Opens the token, closing the one that was open, and logs in when a PIN is given: one `C_Login`, never a second try.
    /// An empty PIN on a token with a protected authentication path asks for the PIN on the device.
    pub fn open(&mut self, token: &TokenSelector, pin: Option<&Pin>) -> Result<Token, HelperError> {
        let request = Request::Open { token: token.clone(), pin_follows: pin.is_some() };
        // A person types more slowly than a driver works.
        let within = match pin {
            Some(pin) if pin.expose().is_empty() => self.limits.pin_pad,
            _ => self.limits.login,
        };
        let answer = self.call_within(within, Verb::Open, &request, |channel| send_pins(channel, pin))?;
        match answer {
            Answer::Token(token) => Ok(token),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Opens the token for its security officer instead of its user, for what [`HelperError::OfficerRequired`] stood in the way
    /// of: one `C_Login`, never a second try.
    pub fn open_as_officer(&mut self, token: &TokenSelector, pin: &Pin) -> Result<Token, HelperError> {
        match self.call(Verb::Open, &Request::OpenAsOfficer { token: token.clone() }, Some(pin))? {
            Answer::Token(token) => Ok(token),
            other => Err(self.unexpected(&other)),
        }
    }

    /// The places for keys of a token that has fixed ones, in the order in which they are to be used; `None`: ids are free there.
    pub fn key_places(&mut self) -> Result<Option<Vec<KeyPlace>>, HelperError> {
        match self.call(Verb::KeyPlaces, &Request::KeyPlaces, None)? {
            Answer::KeyPlaces(places) => Ok(places),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Makes a key pair on the token: on it for good, private, not extractable, for signing.
    pub fn generate_key(
        &mut self,
        kind: KeyKind,
        label: &str,
        provisional_id: &[u8],
    ) -> Result<GeneratedKey, HelperError> {
        self.generate_key_as_known(kind, label, provisional_id, &GenerationQuirks::default())
    }

    /// Like [`Helper::generate_key`], on a model of which it is known how it wants that done.
    pub fn generate_key_as_known(
        &mut self,
        kind: KeyKind,
        label: &str,
        provisional_id: &[u8],
        known: &GenerationQuirks,
    ) -> Result<GeneratedKey, HelperError> {
        let (label, provisional_id) = (label.to_owned(), provisional_id.to_owned());
        let request = Request::GenerateKey { kind, label, provisional_id, known: known.clone() };
        match self.call(Verb::GenerateKey, &request, None)? {
            Answer::Generated(key) => Ok(key),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Brings a key that was made elsewhere, with its public half (SubjectPublicKeyInfo, DER): from now on not extractable.
    /// [`HelperError::ImportRefused`] where the token takes none.
    pub fn import_key(
        &mut self,
        key: &PrivateKey,
        public_key: &[u8],
        label: &str,
        provisional_id: &[u8],
    ) -> Result<GeneratedKey, HelperError> {
        let (provisional_id, public_key) = (provisional_id.to_owned(), public_key.to_owned());
        let request = Request::ImportKey { label: label.to_owned(), provisional_id, public_key };
        match self.call_with(Verb::ImportKey, &request, |channel| frame::send_key(channel, key))? {
            Answer::Generated(key) => Ok(key),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Gives both halves of a key their final id and label; returns the id the private key really has then (some tokens dictate
    /// ids). A key that already has the final id is fine.
    pub fn name_key(&mut self, from_id: &[u8], to_id: &[u8], label: &str) -> Result<Vec<u8>, HelperError> {
        let request =
            Request::NameKey { from_id: from_id.to_owned(), to_id: to_id.to_owned(), label: label.to_owned() };
        match self.call(Verb::NameKey, &request, None)? {
            Answer::KeyId(id) => Ok(id),
            other => Err(self.unexpected(&other)),
        }
    }

    /// The private key with this id.
    pub fn find_key(&mut self, key_id: &[u8]) -> Result<Option<Key>, HelperError> {
        match self.call(Verb::FindKey, &Request::FindKey { key_id: key_id.to_owned() }, None)? {
            Answer::Key(key) => Ok(key),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Signs the data (not its hash).
    pub fn sign(&mut self, key_id: &[u8], algorithm: SignatureAlgorithm, data: &[u8]) -> Result<Vec<u8>, HelperError> {
        let request = Request::Sign { key_id: key_id.to_owned(), algorithm, data: data.to_owned() };
        match self.call(Verb::Sign, &request, None)? {
            Answer::Signature(signature) => Ok(signature),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Stores the certificate beside its key (same id) and reads it back; then the chain, as far as the token takes it.
    /// What is there already is not stored twice.
    pub fn install_certificate(
        &mut self,
        key_id: &[u8],
        label: &str,
        certificate: &[u8],
        chain: &[Vec<u8>],
    ) -> Result<Installed, HelperError> {
        let request = Request::InstallCertificate {
            key_id: key_id.to_owned(),
            label: label.to_owned(),
            certificate: certificate.to_owned(),
            chain: chain.to_owned(),
        };
        match self.call(Verb::InstallCertificate, &request, None)? {
            Answer::Installed(installed) => Ok(installed),
            other => Err(self.unexpected(&other)),
        }
    }

    /// All X.509 certificates on the token. Needs no login, but then cannot tell which have a key.
    pub fn certificates(&mut self) -> Result<Vec<Certificate>, HelperError> {
        match self.call(Verb::Certificates, &Request::Certificates, None)? {
            Answer::Certificates(certificates) => Ok(certificates),
            other => Err(self.unexpected(&other)),
        }
    }

    /// All private keys on the token. Needs login.
    pub fn keys(&mut self) -> Result<Vec<Key>, HelperError> {
        match self.call(Verb::Keys, &Request::Keys, None)? {
            Answer::Keys(keys) => Ok(keys),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Destroys both halves of the key with this id; returns the number of objects destroyed.
    pub fn delete_key(&mut self, key_id: &[u8]) -> Result<usize, HelperError> {
        match self.call(Verb::DeleteKey, &Request::DeleteKey { key_id: key_id.to_owned() }, None)? {
            Answer::KeysDestroyed(count) => Ok(count),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Deletes exactly this certificate (DER); `false` when it is not there.
    pub fn delete_certificate(&mut self, certificate: &[u8]) -> Result<bool, HelperError> {
        match self.call(
            Verb::DeleteCertificate,
            &Request::DeleteCertificate { certificate: certificate.to_owned() },
            None,
        )? {
            Answer::CertificateDeleted(deleted) => Ok(deleted),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Says goodbye (`C_Finalize`), waits a little, and kills it if it is still there.
    pub fn close(mut self) {
        if self.ended.is_none() {
            self.channel.set_deadline(Some(Instant::now() + GOODBYE_GRACE));
            if frame::send(&mut self.channel, &Request::Goodbye).is_ok()
                && frame::receive::<Reply>(&mut self.channel).is_ok()
            {
                self.process.wait(GOODBYE_GRACE);
            }
        }
        // Dropping kills what is left.
    }

    fn call(&mut self, verb: Verb, request: &Request, pin: Option<&Pin>) -> Result<Answer, HelperError> {
        self.call_with(verb, request, |channel| send_pins(channel, pin))
    }

    /// `secret` sends the frame that follows the request, if one does.
    fn call_with(
        &mut self,
        verb: Verb,
        request: &Request,
        secret: impl FnOnce(&mut Channel) -> Result<(), FrameError>,
    ) -> Result<Answer, HelperError> {
        self.call_within(self.limits.of(verb), verb, request, secret)
    }

    fn call_within(
        &mut self,
        within: Duration,
        verb: Verb,
        request: &Request,
        secret: impl FnOnce(&mut Channel) -> Result<(), FrameError>,
    ) -> Result<Answer, HelperError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        self.within = within;
        self.channel.set_deadline(Some(Instant::now() + within));
        match self.exchange(request, secret) {
            Ok(reply) => reply,
            Err(error) => Err(self.end(verb, error)),
        }
    }

    /// Some answers have a private key behind them.
    fn key_that_follows(&mut self, verb: Verb) -> Result<PrivateKey, HelperError> {
        frame::receive_key(&mut self.channel).map_err(|error| self.end(verb, error))
    }

    fn exchange(
        &mut self,
        request: &Request,
        secret: impl FnOnce(&mut Channel) -> Result<(), FrameError>,
    ) -> Result<Reply, FrameError> {
        frame::send(&mut self.channel, request)?;
        secret(&mut self.channel)?;
        frame::receive(&mut self.channel)
    }

    /// A call did not get its answer: find out why, and see to it that nothing of the helper is left.
    fn end(&mut self, verb: Verb, error: FrameError) -> HelperError {
        let timed_out = matches!(&error, FrameError::Channel(error) if error.kind() == io::ErrorKind::TimedOut);
        let status = match &error {
            // Gone although nothing was heard of it: a child the driver left behind still holds the channel open.
            FrameError::Channel(_) if timed_out => self.process.wait(Duration::ZERO),
            FrameError::Channel(_) => self.process.wait(END_GRACE),
            _ => None,
        };
        self.process.kill();
        let cause = match (error, status) {
            _ if self.process.cancelled.load(Ordering::SeqCst) => HelperError::Cancelled,
            (FrameError::Channel(_), Some(status)) => how_it_ended(verb, status),
            _ if timed_out => HelperError::TimedOut { verb, after: self.within },
            (FrameError::Channel(_), None) => HelperError::ChannelClosed { verb },
            (other, _) => other.into(),
        };
        self.ended = Some(cause.clone());
        cause
    }

    fn unexpected(&mut self, answer: &Answer) -> HelperError {
        // Only the kind of answer: its content may be long, and is of no use here.
        let error =
            HelperError::Protocol(format!("an answer to another question: {:?}", std::mem::discriminant(answer)));
        self.process.kill();
        self.ended = Some(error.clone());
        error
    }
}

/// Each PIN is a frame of its own.
fn send_pins<'a>(channel: &mut Channel, pins: impl IntoIterator<Item = &'a Pin>) -> Result<(), FrameError> {
    pins.into_iter().try_for_each(|pin| frame::send_pin(channel, pin))
}

fn how_it_ended(verb: Verb, status: ExitStatus) -> HelperError {
    match (channel::ending_signal(status), status.code()) {
        (Some(signal), _) => HelperError::Crashed { verb, signal },
        (None, Some(channel::EXIT_CHANNEL_LOST)) | (None, None) => HelperError::ChannelClosed { verb },
        (None, Some(code)) => HelperError::Exited { verb, code },
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.process.kill();
    }
}
