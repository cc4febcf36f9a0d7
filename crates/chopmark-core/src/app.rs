//! One method per job; window and command call nothing else.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::{Code, Error, Result},
    hints::Language,
    model::*,
    ui::Ui,
};

/// How the app is to run. `Default` is what the window uses.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folder of journal, profiles and settings; `None`: the system's place for this user.
    pub home: Option<PathBuf>,
    /// Proxy for the way to the CA; `None`: the system's.
    pub proxy: Option<String>,
    /// Longest wait for one answer of the CA.
    pub timeout: Option<Duration>,
    /// File that gets a trace of the exchange (no secrets).
    pub trace: Option<PathBuf>,
    /// The helper program; `None`: beside this program.
    pub helper: Option<PathBuf>,
    /// Language of the advice.
    pub language: Option<Language>,
}

/// The product.
pub struct App {
    options: Options,
}

fn unfinished<T>() -> Result<T> {
    Err(Error::new(Code::Internal, "being written"))
}

impl App {
    /// Opens journal and settings, creating them when missing.
    pub fn open(options: Options) -> Result<App> {
        Ok(App { options })
    }

    /// Language of the advice.
    pub fn language(&self) -> Language {
        self.options.language.unwrap_or_default()
    }

    /// Gets a certificate: the main job (design §4).
    pub async fn enroll(&self, _order: EnrollOrder, _profile: CaProfile, _ui: &dyn Ui) -> Result<Enrolled> {
        unfinished()
    }

    /// Goes on with an interrupted, waiting or unconfirmed job.
    pub async fn resume(&self, _job: &str, _ui: &dyn Ui) -> Result<Resumed> {
        unfinished()
    }

    /// The journal, newest first.
    pub async fn journal(&self) -> Result<Vec<JobView>> {
        unfinished()
    }

    /// Drivers that are installed: known paths, p11-kit configuration. `probe`: start each and ask who it is.
    pub async fn drivers(&self, _probe: bool) -> Result<Vec<Driver>> {
        unfinished()
    }

    /// All tokens behind all drivers (or behind the one named), asked in parallel.
    pub async fn tokens(&self, _driver: Option<&str>) -> Result<TokenList> {
        unfinished()
    }

    /// Certificates on tokens and in files the journal knows, or in one place.
    pub async fn certificates(&self, _place: Option<&Place>) -> Result<CertificateList> {
        unfinished()
    }

    /// The certificate with this SHA-256 fingerprint (a unique prefix will do).
    pub async fn certificate(&self, _fingerprint: &str) -> Result<FoundCertificate> {
        unfinished()
    }

    /// The environment check before an enrolment: driver, token, CA, clock.
    pub async fn check(&self, _ca: Option<&str>) -> Result<Vec<CheckLine>> {
        unfinished()
    }

    /// The CA profiles known, by name.
    pub fn ca_list(&self) -> Result<Vec<CaProfile>> {
        unfinished()
    }

    /// One profile by name.
    pub fn ca_show(&self, _name: &str) -> Result<CaProfile> {
        unfinished()
    }

    /// Reads a profile from a file or an http(s) URL without keeping it.
    pub async fn ca_read(&self, _file_or_url: &str) -> Result<CaProfile> {
        unfinished()
    }

    /// What the command's `--ca` means: a profile's name, a profile file, or a CMP URL with the roots in `trust` (PEM).
    pub async fn ca_resolve(&self, _ca: &str, _trust: Option<&Path>) -> Result<CaProfile> {
        unfinished()
    }

    /// Keeps a profile.
    pub fn ca_add(&self, _profile: &CaProfile) -> Result<()> {
        unfinished()
    }

    /// Forgets a profile.
    pub fn ca_remove(&self, _name: &str) -> Result<()> {
        unfinished()
    }

    /// Reads `chopmark://enroll?ca=…&ref=…`; trusts nothing.
    pub async fn link(&self, _url: &str) -> Result<LinkOffer> {
        unfinished()
    }

    /// An error in words, in the app's language.
    pub fn explain(&self, error: &Error) -> ErrorView {
        crate::hints::explain(error, self.language())
    }
}
