//! Places: each makes the key, signs with it, takes the certificate, and proves that both work together.

pub(crate) mod computer;
pub(crate) mod file;
pub(crate) mod token;

use std::path::PathBuf;

use cmp_protocol::signature::SignatureScheme;
use zeroize::Zeroizing;

use crate::{
    error::{Code, Error, Result},
    journal::{Job, KeyRecord, OldRecord, unhex},
    keys::software::SoftwareKey,
    model::{KeyChoice, Place},
    ui::{Answer, Secret, Ui},
};

/// What a place did to get ready: an opened token, or a file's password.
pub(crate) enum OpenPlace {
    Token(Box<token::TokenPlace>),
    Computer(Box<computer::ComputerPlace>),
    File(file::FilePlace),
}

impl OpenPlace {
    /// Opens the place of a job: finds the token and logs in, or asks for the file's password.
    pub(crate) async fn open(job: &mut Job, desk: &crate::app::Desk, ui: &dyn Ui) -> Result<OpenPlace> {
        match job.record.order.place.clone() {
            Place::Token { .. } => Ok(OpenPlace::Token(Box::new(token::TokenPlace::open(job, desk, ui).await?))),
            Place::Computer { .. } => {
                Ok(OpenPlace::Computer(Box::new(computer::ComputerPlace::open(job, desk, ui).await?)))
            }
            Place::File { path } => Ok(OpenPlace::File(file::FilePlace::open(job, desk, path.into(), ui).await?)),
        }
    }

    /// The kinds of keys that it can make; empty: any.
    pub(crate) fn key_kinds(&self) -> &[KeyChoice] {
        match self {
            OpenPlace::Token(place) => place.key_kinds(),
            OpenPlace::Computer(place) => place.key_kinds(),
            OpenPlace::File(_) => &[],
        }
    }

    /// Makes the key, or finds the one a former attempt made.
    pub(crate) async fn make_key(&mut self, job: &mut Job, kind: KeyChoice, ui: &dyn Ui) -> Result<KeyRecord> {
        match self {
            OpenPlace::Token(place) => place.make_key(job, kind, ui).await,
            OpenPlace::Computer(place) => place.make_key(job, kind, ui).await,
            OpenPlace::File(place) => place.make_key(job, kind).await,
        }
    }

    /// Takes a key that the CA has made (PKCS#8, DER), or finds that a former attempt has brought it.
    pub(crate) async fn take_key(
        &mut self,
        job: &mut Job,
        pkcs8: Zeroizing<Vec<u8>>,
        ui: &dyn Ui,
    ) -> Result<KeyRecord> {
        let key = SoftwareKey::from_pkcs8(&pkcs8)?;
        match self {
            OpenPlace::Token(place) => place.take_key(job, &key, ui).await,
            OpenPlace::Computer(place) => place.take_key(job, &key, ui).await,
            OpenPlace::File(place) => place.take_key(job, key).await,
        }
    }

    /// Signs with the job's key or that of the certificate it renews, in X.509 form.
    pub(crate) async fn sign(&mut self, key: &KeyRecord, scheme: SignatureScheme, data: &[u8]) -> Result<Vec<u8>> {
        match self {
            OpenPlace::Token(place) => place.sign(key, scheme, data).await,
            OpenPlace::Computer(place) => place.sign(key, scheme, data).await,
            OpenPlace::File(place) => place.sign(key, data).await,
        }
    }

    /// Brings the certificate to its key. Doing it twice does no harm.
    pub(crate) async fn install(&mut self, key: &KeyRecord, certificate: &Bundle, ui: &dyn Ui) -> Result<()> {
        match self {
            OpenPlace::Token(place) => place.install(key, certificate, ui).await,
            OpenPlace::Computer(place) => place.install(key, certificate, ui).await,
            OpenPlace::File(place) => place.install(certificate).await,
        }
    }

    /// Looks anew, as any other program would: reads the certificate back from the place and signs with the key there.
    /// Returns the certificate found and the signature over `challenge`.
    pub(crate) async fn use_installed(
        &mut self,
        key: &KeyRecord,
        scheme: SignatureScheme,
        certificate: &[u8],
        challenge: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        match self {
            OpenPlace::Token(place) => place.use_installed(key, scheme, certificate, challenge).await,
            OpenPlace::Computer(place) => place.use_installed(key, scheme, certificate, challenge).await,
            OpenPlace::File(place) => place.use_installed(challenge).await,
        }
    }

    /// Removes everything the job made here.
    pub(crate) async fn discard(&mut self, job: &Job, ui: &dyn Ui) -> Result<()> {
        match self {
            OpenPlace::Token(place) => place.discard(job, ui).await,
            OpenPlace::Computer(place) => place.discard(job, ui).await,
            OpenPlace::File(place) => place.discard(job).await,
        }
    }

    /// After a renewal in this place: the old certificate and key go, unless they are kept. Doing it twice does no harm.
    /// Returns where they are kept when that is a file of another name.
    pub(crate) async fn retire(&mut self, old: &OldRecord, keep: bool, ui: &dyn Ui) -> Result<Option<PathBuf>> {
        match self {
            OpenPlace::Token(_) | OpenPlace::Computer(_) if keep => Ok(None),
            OpenPlace::Token(place) => place.remove(&unhex(&old.certificate)?, &old.key, ui).await.map(|()| None),
            OpenPlace::Computer(place) => place.remove(&unhex(&old.certificate)?, &old.key, ui).await.map(|()| None),
            OpenPlace::File(place) => place.replace(keep).await,
        }
    }

    /// Nothing temporary is needed any more.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            OpenPlace::Token(_) | OpenPlace::Computer(_) => Ok(()),
            OpenPlace::File(place) => place.forget_kept_key(),
        }
    }
}

/// A certificate with what leads to its root.
pub(crate) struct Bundle {
    /// DER.
    pub(crate) certificate: Vec<u8>,
    /// Nearest first, DER.
    pub(crate) intermediates: Vec<Vec<u8>>,
    /// DER; `None`: no root is known that anybody vouches for.
    pub(crate) root: Option<Vec<u8>>,
    /// Name to show beside it.
    pub(crate) label: String,
}

/// A secret from the person. Cancelling and "nobody can say" end the step.
pub(crate) async fn ask_secret(ui: &dyn Ui, question: crate::model::Question) -> Result<Secret> {
    let what = match &question {
        crate::model::Question::AuthorizationCode { .. } => "authorization-code",
        crate::model::Question::Pin { .. } => "pin",
        crate::model::Question::SoPin { .. } => "so-pin",
        crate::model::Question::NewPin { .. } => "new-pin",
        crate::model::Question::FilePassword { .. } => "file-password",
        crate::model::Question::StorePassword { .. } => "store-password",
        crate::model::Question::ConnectionPassword { what: crate::model::ConnectionSecret::Proxy, .. } => {
            "proxy-password"
        }
        crate::model::Question::ConnectionPassword { .. } => "tls-password",
        crate::model::Question::AcceptChanges { .. } => "accept-changes",
        // Not for secrets.
        crate::model::Question::CheckCode { .. }
        | crate::model::Question::OtherProtection { .. }
        | crate::model::Question::PinPad { .. }
        | crate::model::Question::TrustRoot { .. }
        | crate::model::Question::TypeLabel { .. } => "",
    };
    match ui.ask(question).await {
        Some(Answer::Secret(secret)) => Ok(secret),
        Some(Answer::Later) => Err(Error::new(Code::NobodyToAsk, "asking").with("what", what)),
        _ => Err(Error::new(Code::Cancelled, "asking")),
    }
}

/// Runs a blocking call on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::new(Code::Internal, "working").because(error))
}
