//! One method per job; window and command call nothing else.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use directories::ProjectDirs;
use token_helper::Limits;

use crate::{
    ca::{
        http::{LookedUp, ProxyAddress, Unlocked, Way},
        profile,
        profile::Profiles,
    },
    check_up::Known,
    drivers,
    drivers::{InstalledDriver, Looked, Machine},
    error::{Code, Error, Result},
    files::create_private_folder,
    hints::{self, Language},
    journal::Journal,
    model::*,
    stores::blocking,
    trace::Trace,
    ui::Ui,
};

mod acme_orders;
pub(crate) mod certificates;
mod check_up;
mod computer;
mod console_orders;
mod deletion;
mod detail;
mod domain_orders;
mod exports;
mod imports;
mod letters;
mod order_keys;
mod order_purchases;
mod orders;
mod plugged;
mod reminders;
mod server_exports;
mod source_orders;
mod token_care;
mod tokens;

pub use crate::ca::ussl::{UsslAccount, UsslOrder};
pub use domain_orders::FileTarget;
pub use source_orders::chain_pem;
pub use token_care::token_named;

/// How the app is to run. `Default` is what the window uses.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folder of journal, profiles and settings; `None`: the system's place for this user.
    pub home: Option<PathBuf>,
    /// Home folder of the person, where browsers keep their databases; `None`: as the system says (`HOME`).
    pub person: Option<PathBuf>,
    /// Proxy for the way to the CA, `http://[USER@]HOST:PORT`, its password is asked for; `None`: the system's.
    pub proxy: Option<String>,
    /// PKCS#12 file with certificate and key for TLS to the CA, absolute path; `None`: what the profile says.
    pub tls_certificate: Option<PathBuf>,
    /// How often a message is sent again when its connection broke; `None`: three times.
    pub retries: Option<u32>,
    /// Longest wait for the CA: for each answer, and for its decision altogether.
    pub timeout: Option<Duration>,
    /// File that gets a trace of the exchange (no secrets).
    pub trace: Option<PathBuf>,
    /// The helper program; `None`: beside this program.
    pub helper: Option<PathBuf>,
    /// Longest time for any one call of a driver; `None`: as long as each kind of call may take (minutes for a key).
    pub driver_timeout: Option<Duration>,
    /// Language of the advice; `None`: the system's.
    pub language: Option<Language>,
}

/// What every job needs: folders, journal, profiles, and how to go out.
pub(crate) struct Desk {
    pub(crate) options: Options,
    pub(crate) home: PathBuf,
    pub(crate) journal: Journal,
    pub(crate) profiles: Profiles,
    pub(crate) trace: Trace,
    pub(crate) unlocked: Unlocked,
    proxy: Option<ProxyAddress>,
    looked_up: Arc<LookedUp>,
    machine: RwLock<Option<Arc<Machine>>>,
    language: Language,
}

impl Desk {
    fn open(options: Options) -> Result<Desk> {
        let proxy = options.proxy.as_deref().map(ProxyAddress::parse).transpose()?;
        let home = match &options.home {
            Some(home) => home.clone(),
            None => ProjectDirs::from("", "", "chopmark")
                .map(|dirs| dirs.data_dir().to_owned())
                .ok_or_else(|| Error::new(Code::Journal, "looking for the home folder"))?,
        };
        let unusable = |error| {
            Error::new(Code::FileNotWritable, "opening the home folder").with("path", home.display()).because(error)
        };
        create_private_folder(&home).map_err(unusable)?;
        let trace = options.trace.as_deref().map(Trace::to).transpose()?.unwrap_or_default();
        let language =
            options.language.unwrap_or_else(|| Language::from_tag(&sys_locale::get_locale().unwrap_or_default()));
        let (journal, profiles) = (Journal::open(&home)?, Profiles::open(&home)?);
        let (unlocked, looked_up, machine) = (Unlocked::default(), Arc::default(), RwLock::default());
        Ok(Desk { journal, profiles, trace, unlocked, proxy, looked_up, machine, language, home, options })
    }

    /// The way out, to anybody.
    pub(crate) fn way(&self) -> Way {
        Way {
            proxy: self.proxy.clone(),
            proxy_password: self.unlocked.proxy_password(),
            identity: None,
            timeout: self.options.timeout,
            retries: self.options.retries,
            looked_up: Arc::clone(&self.looked_up),
        }
    }

    /// The way to a CA, with the certificate for TLS if it has been unlocked.
    pub(crate) fn way_to(&self, profile: &CaProfile) -> Way {
        let identity = self.tls_certificate(profile).and_then(|file| self.unlocked.identity(&file));
        Way { identity, ..self.way() }
    }

    fn tls_certificate(&self, profile: &CaProfile) -> Option<PathBuf> {
        let named = self.options.tls_certificate.clone();
        named.or_else(|| profile.transport.tls_certificate.as_ref().map(PathBuf::from))
    }

    /// Asks for the passwords that the way to a CA needs, once.
    pub(crate) async fn unlock(&self, profile: &CaProfile, ui: &dyn Ui) -> Result<()> {
        self.unlock_proxy(ui).await?;
        match self.tls_certificate(profile) {
            Some(file) if profile.url.starts_with("https:") => self.unlocked.unlock_identity(&file, ui).await,
            _ => Ok(()),
        }
    }

    async fn unlock_proxy(&self, ui: &dyn Ui) -> Result<()> {
        match &self.proxy {
            Some(proxy) => self.unlocked.unlock_proxy(proxy, ui).await,
            None => Ok(()),
        }
    }

    /// How long a driver may take.
    pub(crate) fn driver_limits(&self, usual: Limits) -> Limits {
        self.options.driver_timeout.map_or(usual.clone(), |most| usual.at_most(most))
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    pub(crate) fn explain(&self, error: &Error) -> ErrorView {
        hints::explain(error, self.language)
    }

    /// This machine and what is known about drivers, read when it is first asked for.
    pub(crate) fn machine(&self) -> Arc<Machine> {
        let kept = self.machine.read().unwrap_or_else(PoisonError::into_inner).clone();
        kept.unwrap_or_else(|| {
            let mut machine = self.machine.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(machine.get_or_insert_with(|| Arc::new(Machine::here(&self.home, self.options.person.clone()))))
        })
    }

    /// A check-up sees what is there now, also of added drivers.
    pub(crate) fn read_machine_again(&self) {
        *self.machine.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The drivers that are installed.
    pub(crate) async fn installed(&self) -> Result<Vec<InstalledDriver>> {
        let machine = self.machine().clone();
        blocking(move || machine.installed()).await
    }

    /// Looks behind the driver that a place names, or behind every installed one, in parallel.
    pub(crate) async fn look(&self, program: &Path, place: &Place) -> Vec<Looked> {
        let drivers = match place {
            Place::Token { driver: Some(driver), .. } => vec![self.machine().named(Path::new(driver))],
            _ => self.installed().await.unwrap_or_default(),
        };
        drivers::look(program, drivers, &self.driver_limits(drivers::looking_limits())).await
    }
}

/// The product.
pub struct App {
    desk: Desk,
    /// What the last check-up saw.
    checked: Mutex<Option<Known>>,
}

impl App {
    /// Opens journal and settings, creating them when missing.
    pub fn open(options: Options) -> Result<App> {
        Ok(App { desk: Desk::open(options)?, checked: Mutex::default() })
    }

    /// Language of the advice.
    pub fn language(&self) -> Language {
        self.desk.language
    }

    /// The journal, newest first.
    pub async fn journal(&self) -> Result<Vec<JobView>> {
        let journal = self.desk.journal.clone();
        blocking(move || journal.views()).await?
    }

    /// Asks for the proxy's password if one is needed, once. Jobs do so themselves; for what is fetched outside of them.
    pub async fn unlock_proxy(&self, ui: &dyn Ui) -> Result<()> {
        self.desk.unlock_proxy(ui).await
    }

    /// The CA profiles known, by name.
    pub fn ca_list(&self) -> Result<Vec<CaProfile>> {
        self.desk.profiles.list()
    }

    /// One profile by name.
    pub fn ca_show(&self, name: &str) -> Result<CaProfile> {
        self.desk.profiles.show(name)
    }

    /// Reads a profile from a file or an http(s) URL without keeping it.
    pub async fn ca_read(&self, file_or_url: &str) -> Result<CaProfile> {
        profile::read_any(file_or_url, &self.desk.way()).await
    }

    /// What the command's `--ca` means: a profile's name, a profile file, or a CMP URL with the roots in `trust` (PEM).
    pub async fn ca_resolve(&self, ca: &str, trust: Option<&Path>) -> Result<CaProfile> {
        self.desk.profiles.resolve(ca, trust, &self.desk.way()).await
    }

    /// Keeps a profile.
    pub fn ca_add(&self, profile: &CaProfile) -> Result<()> {
        self.desk.profiles.add(profile)
    }

    /// Forgets a profile.
    pub fn ca_remove(&self, name: &str) -> Result<()> {
        self.desk.profiles.remove(name)
    }

    /// Reads `chopmark://enroll?ca=…&ref=…`; trusts nothing.
    pub async fn link(&self, url: &str) -> Result<LinkOffer> {
        profile::link(&self.desk.profiles, url, &self.desk.way()).await
    }

    /// An error in words, in the app's language.
    pub fn explain(&self, error: &Error) -> ErrorView {
        self.desk.explain(error)
    }
}
