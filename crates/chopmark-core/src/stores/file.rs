//! The place "a file": PKCS#12 (AES-256, PBKDF2-HMAC-SHA256, HMAC-SHA256, which OpenSSL 3, Windows and Firefox read), or PEM with
//! an encrypted key (the same ciphers), as servers have it. The file's name says which.
//!
//! Between request and certificate the key is kept in the home folder, encrypted with the same password.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    app::Desk,
    certificate::fingerprint,
    error::{Code, Error, Result},
    exports::{Form, shown_by_pem},
    files::{read_short, remove_unfinished, write_whole},
    journal::{Job, KeyRecord, hex, unhex},
    keys::{key_id, software::SoftwareKey},
    model::{KeyChoice, Question},
    stores::{Bundle, ask_secret, blocking},
    ui::{Secret, Ui},
};
use zeroize::Zeroizing;

/// Largest file that is read, bytes.
const LONGEST: u64 = 1024 * 1024;

/// A file to be, its password, and the key kept for it.
///
/// A renewal in place writes the new file beside the old one, which takes its name at the very end.
pub(crate) struct FilePlace {
    /// The file that is written.
    path: PathBuf,
    form: Form,
    kept: PathBuf,
    password: Arc<Secret>,
    key: Option<Arc<SoftwareKey>>,
    /// The file that is renewed.
    old: Option<OldFile>,
}

struct OldFile {
    path: PathBuf,
    /// Where it is kept, if it is.
    backup: PathBuf,
    /// Its key; `None` once the new file has taken its place.
    key: Option<Arc<SoftwareKey>>,
}

impl FilePlace {
    pub(crate) async fn open(job: &Job, desk: &Desk, path: PathBuf, ui: &dyn Ui) -> Result<FilePlace> {
        let kept = desk.home.join("keys").join(format!("job-{}.p8", job.id()));
        let shown = path.display().to_string();
        let renewed = job.record.renewed_file().is_some_and(|old| old == path);
        let written = if renewed { beside(&path, "renewed") } else { path.clone() };
        if job.record.issued.is_none() && written.exists() {
            return Err(Error::new(Code::FileExists, "opening the place").with("path", written.display()));
        }
        // Found out now, not when the certificate is there.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::tempfile_in(folder).map_err(|error| {
            Error::new(Code::FileNotWritable, "opening the place").with("path", &shown).because(error)
        })?;
        let new = !renewed && !kept.exists() && job.record.key.is_none();
        let password = Arc::new(ask_secret(ui, Question::FilePassword { path: shown.clone(), new }).await?);
        let mut place = FilePlace { path: written, form: Form::of(&path), kept, password, key: None, old: None };
        if renewed {
            place.load_old(job, path).await?;
        }
        if place.kept.exists() || job.record.key.is_some() {
            place.load().await?;
        }
        Ok(place)
    }

    /// A file that is there, for the key of `certificate` in it.
    pub(crate) async fn open_existing(path: PathBuf, certificate: &[u8], ui: &dyn Ui) -> Result<FilePlace> {
        let shown = path.display().to_string();
        if !path.exists() {
            return Err(Error::new(Code::FileNotReadable, "opening the place").with("path", shown));
        }
        let password = Arc::new(ask_secret(ui, Question::FilePassword { path: shown.clone(), new: false }).await?);
        let place = FilePlace { form: Form::of(&path), path, kept: PathBuf::new(), password, key: None, old: None };
        let (found, key) = place.read().await?;
        if found != certificate {
            return Err(Error::new(Code::CertificateNotFound, "opening the place").with("certificate", shown));
        }
        Ok(FilePlace { key: Some(Arc::new(key)), ..place })
    }

    /// The file that is renewed: it holds the old certificate, or already the new one when a former attempt came so far.
    async fn load_old(&mut self, job: &Job, path: PathBuf) -> Result<()> {
        let (read, form, password) = (path.clone(), self.form, Arc::clone(&self.password));
        let (certificate, key) = blocking(move || open_file(&read, form, &password)).await??;
        let found = hex(&certificate);
        let old = job.record.renewal.as_ref().is_some_and(|renewal| renewal.old.certificate == found);
        let new = job.record.issued.as_ref().is_some_and(|issued| issued.certificate == found);
        if !old && !new {
            let error = Error::new(Code::CertificateNotFound, "opening the place");
            return Err(error.with("certificate", path.display()));
        }
        if new {
            self.path = path.clone();
        }
        // Named by the certificate in it, so that one renewal never overwrites what another has kept.
        let renewed = job.record.renewal.as_ref().map(|renewal| unhex(&renewal.old.certificate)).transpose()?;
        let backup = beside(&path, &format!("{}.old", &fingerprint(&renewed.unwrap_or_default())[..8]));
        self.old = Some(OldFile { path, backup, key: old.then(|| Arc::new(key)) });
        Ok(())
    }

    /// The new file takes the name of the old one, which stays beside it where it is to be kept. Returns where.
    pub(crate) async fn replace(&mut self, keep: bool) -> Result<Option<PathBuf>> {
        let Some(old) = &self.old else { return Ok(None) };
        let target = old.path.clone();
        let backup = old.backup.clone();
        let new = self.path.clone();
        if new != target {
            let (from, to, backup) = (new, target.clone(), keep.then(|| backup.clone()));
            blocking(move || take_place(&from, &to, backup.as_deref())).await??;
            self.path = target;
        }
        Ok(keep.then_some(backup))
    }

    /// The key a former attempt kept.
    async fn load(&mut self) -> Result<()> {
        let error = |code: Code| Error::new(code, "reading the kept key").with("path", self.kept.display());
        let der = fs::read(&self.kept).map_err(|cause| error(Code::KeptKeyUnreadable).because(cause))?;
        let password = Arc::clone(&self.password);
        let key = blocking(move || SoftwareKey::decrypted(&der, &password)).await?;
        self.key = Some(Arc::new(key.ok_or_else(|| {
            Error::new(Code::FilePasswordWrong, "reading the kept key").with("path", self.path.display())
        })?));
        Ok(())
    }

    fn key(&self) -> Result<Arc<SoftwareKey>> {
        self.key.clone().ok_or_else(|| Error::new(Code::Internal, "using the key"))
    }

    pub(crate) async fn make_key(&mut self, job: &mut Job, kind: KeyChoice) -> Result<KeyRecord> {
        self.keep(job, move || SoftwareKey::generate(kind)).await
    }

    /// A key that the CA has made, kept like one of our own.
    pub(crate) async fn take_key(&mut self, job: &mut Job, key: SoftwareKey) -> Result<KeyRecord> {
        self.keep(job, || Ok(key)).await
    }

    async fn keep(
        &mut self,
        job: &mut Job,
        make: impl FnOnce() -> Result<SoftwareKey> + Send + 'static,
    ) -> Result<KeyRecord> {
        if self.key.is_none() {
            let (kept, password) = (self.kept.clone(), Arc::clone(&self.password));
            let key = blocking(move || -> Result<SoftwareKey> {
                let key = make()?;
                let folder = kept.parent().unwrap_or(Path::new("."));
                fs::create_dir_all(folder).map_err(|error| {
                    Error::new(Code::FileNotWritable, "keeping the key").with("path", folder.display()).because(error)
                })?;
                write_whole(&kept, &key.encrypted(&password)?, true)?;
                Ok(key)
            })
            .await??;
            self.key = Some(Arc::new(key));
        }
        let public_key = self.key()?.public_key()?;
        let record = KeyRecord { key_id: hex(&key_id(&public_key)?), public_key: hex(&public_key), named: true };
        job.record.key = Some(record.clone());
        job.save("key-made", &record.key_id)?;
        Ok(record)
    }

    /// Signs with the new key, or with that of the file that is renewed.
    pub(crate) async fn sign(&self, key: &KeyRecord, data: &[u8]) -> Result<Vec<u8>> {
        let id = unhex(&key.key_id)?;
        let is_old = |old: &&Arc<SoftwareKey>| {
            old.public_key().and_then(|public_key| key_id(&public_key)).is_ok_and(|old| old == id)
        };
        let old = self.old.as_ref().and_then(|old| old.key.as_ref()).filter(is_old);
        let (key, data) = (old.cloned().map_or_else(|| self.key(), Ok)?, data.to_vec());
        blocking(move || key.sign(&data)).await?
    }

    pub(crate) async fn install(&self, bundle: &Bundle) -> Result<()> {
        let (key, password, label, form) = (self.key()?, Arc::clone(&self.password), bundle.label.clone(), self.form);
        let own = std::slice::from_ref(&bundle.certificate);
        let chain = [own, &bundle.intermediates, bundle.root.as_slice()].concat();
        let file = blocking(move || form.write(&label, &key, &chain, &password)).await??;
        remove_unfinished(&self.path)?;
        match write_whole(&self.path, &file, false) {
            // Ours from before a crash, or somebody else's: never overwritten.
            Err(error) if error.code == Code::FileExists => match self.read().await {
                Ok((found, _)) if found == bundle.certificate => Ok(()),
                _ => Err(error),
            },
            other => other,
        }
    }

    /// Certificate and key as they stand in the file.
    async fn read(&self) -> Result<(Vec<u8>, SoftwareKey)> {
        let (path, form, password) = (self.path.clone(), self.form, Arc::clone(&self.password));
        blocking(move || open_file(&path, form, &password)).await?
    }

    pub(crate) async fn use_installed(&self, challenge: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
        let (certificate, key) = self.read().await?;
        let challenge = challenge.to_vec();
        let signature = blocking(move || key.sign(&challenge)).await??;
        Ok((certificate, signature))
    }

    pub(crate) async fn discard(&self, job: &Job) -> Result<()> {
        // The file is only ours when it holds what this job was given.
        if let (Some(issued), Ok((found, _))) = (&job.record.issued, self.read().await)
            && issued.certificate == hex(&found)
        {
            remove(&self.path)?;
        }
        remove_unfinished(&self.path)?;
        remove_kept(&self.kept)
    }

    pub(crate) fn forget_kept_key(&self) -> Result<()> {
        remove_kept(&self.kept)
    }
}

/// `path` with a word behind its name.
fn beside(path: &Path, word: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(word);
    name.into()
}

/// `to` is never missing: what is kept is copied first, then one rename.
fn take_place(from: &Path, to: &Path, backup: Option<&Path>) -> Result<()> {
    if let Some(backup) = backup {
        let old = fs::read(to).map_err(|error| {
            Error::new(Code::FileNotReadable, "keeping the old file").with("path", to.display()).because(error)
        })?;
        remove_unfinished(backup)?;
        write_whole(backup, &old, true)?;
    }
    crate::files::rename(from, to)
}

/// Removes the key kept for a job that never came as far as asking for its password again.
pub(crate) fn discard_kept_key(home: &Path, job: &str) -> Result<()> {
    remove_kept(&home.join("keys").join(format!("job-{job}.p8")))
}

fn remove_kept(path: &Path) -> Result<()> {
    remove(path)?;
    remove_unfinished(path)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::new(Code::FileNotWritable, "cleaning up").with("path", path.display()).because(error))
        }
        _ => Ok(()),
    }
}

/// The key of `certificate` in a file that is there; its password is asked for.
pub(crate) async fn key_of(path: PathBuf, certificate: &[u8], ui: &dyn Ui) -> Result<SoftwareKey> {
    let place = FilePlace::open_existing(path, certificate, ui).await?;
    let key = place.key.and_then(Arc::into_inner);
    key.ok_or_else(|| Error::new(Code::Internal, "reading the file of a certificate"))
}

/// Removes a file with a certificate and its key for good.
pub(crate) fn delete(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| {
        Error::new(Code::FileNotWritable, "deleting a file").with("path", path.display()).because(error)
    })
}

/// Opens a file: the certificate of its key, and the key.
fn open_file(path: &Path, form: Form, password: &Secret) -> Result<(Vec<u8>, SoftwareKey)> {
    let error = || Error::new(Code::FileNotReadable, "reading the file of a certificate").with("path", path.display());
    if fs::metadata(path).map_err(|cause| error().because(cause))?.len() > LONGEST {
        return Err(error());
    }
    let data = fs::read(path).map(Zeroizing::new).map_err(|cause| error().because(cause))?;
    let (mut certificates, key) = form.read(&data, password).map_err(|error| error.with("path", path.display()))?;
    Ok((certificates.swap_remove(0), key))
}

/// What a file shows without its password: its certificate, and whether a key is beside it. Only PEM shows anything.
pub(crate) fn shown(path: &Path) -> Option<(Vec<u8>, bool)> {
    match Form::of(path) {
        Form::Pkcs12 => None,
        Form::Pem => shown_by_pem(&read_short(path, LONGEST)?),
    }
}
