//! The place "a PKCS#12 file": AES-256, PBKDF2-HMAC-SHA256, HMAC-SHA256, which OpenSSL 3, Windows and Firefox read.
//!
//! Between request and certificate the key is kept in the home folder, encrypted with the same password.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy, PrivateKey,
    PrivateKeyChain,
};

use crate::{
    app::Desk,
    error::{Code, Error, Result},
    files::{remove_unfinished, write_whole},
    journal::{Job, KeyRecord, hex},
    keys::{
        key_id,
        software::{ITERATIONS, SoftwareKey},
    },
    model::{KeyChoice, Question},
    stores::{Bundle, ask_secret, blocking},
    ui::{Secret, Ui},
};

/// A PKCS#12 file to be, its password, and the key kept for it.
pub(crate) struct FilePlace {
    path: PathBuf,
    kept: PathBuf,
    password: Arc<Secret>,
    key: Option<Arc<SoftwareKey>>,
}

impl FilePlace {
    pub(crate) async fn open(job: &Job, desk: &Desk, path: PathBuf, ui: &dyn Ui) -> Result<FilePlace> {
        let kept = desk.home.join("keys").join(format!("job-{}.p8", job.id()));
        let shown = path.display().to_string();
        if job.record.issued.is_none() && path.exists() {
            return Err(Error::new(Code::FileExists, "opening the place").with("path", shown));
        }
        // Found out now, not when the certificate is there.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::tempfile_in(folder).map_err(|error| {
            Error::new(Code::FileNotWritable, "opening the place").with("path", &shown).because(error)
        })?;
        let new = !kept.exists() && job.record.key.is_none();
        let password = Arc::new(ask_secret(ui, Question::FilePassword { path: shown.clone(), new }).await?);
        let mut place = FilePlace { path, kept, password, key: None };
        if !new {
            place.load().await?;
        }
        Ok(place)
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
        if self.key.is_none() {
            let (kept, password) = (self.kept.clone(), Arc::clone(&self.password));
            let key = blocking(move || -> Result<SoftwareKey> {
                let key = SoftwareKey::generate(kind)?;
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

    pub(crate) async fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        let (key, data) = (self.key()?, data.to_vec());
        blocking(move || key.sign(&data)).await?
    }

    pub(crate) async fn install(&self, bundle: &Bundle) -> Result<()> {
        let key = self.key()?;
        let id = key_id(&key.public_key()?)?;
        let plain = key.pkcs8()?;
        let failed = |error: p12_keystore::error::Error| {
            Error::new(Code::Internal, "making the PKCS#12 file").because(error.to_string())
        };
        let mut chain = vec![Certificate::from_der(&bundle.certificate).map_err(failed)?];
        for der in bundle.intermediates.iter().chain([&bundle.root]) {
            chain.push(Certificate::from_der(der).map_err(failed)?);
        }
        let private = PrivateKey::from_der(plain.as_bytes()).map_err(failed)?;
        let mut store = KeyStore::new();
        store.add_entry(&bundle.label, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(id, private, chain)));
        let password = Arc::clone(&self.password);
        let file = blocking(move || {
            store
                .writer(password.expose())
                .encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256)
                .encryption_iterations(ITERATIONS)
                .mac_algorithm(MacAlgorithm::HmacSha256)
                .mac_iterations(ITERATIONS)
                .write()
        })
        .await?
        .map_err(failed)?;
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
        let (path, password) = (self.path.clone(), Arc::clone(&self.password));
        blocking(move || open_pkcs12(&path, &password)).await?
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

/// Opens a PKCS#12 file: its first certificate and the key to it.
fn open_pkcs12(path: &Path, password: &Secret) -> Result<(Vec<u8>, SoftwareKey)> {
    let error = |code: Code| Error::new(code, "reading the PKCS#12 file").with("path", path.display());
    let data = fs::read(path).map_err(|cause| error(Code::FileNotReadable).because(cause))?;
    let store = KeyStore::from_pkcs12(&data, password.expose(), Pkcs12ImportPolicy::Strict)
        .map_err(|cause| error(Code::FilePasswordWrong).because(cause.to_string()))?;
    let (_, chain) = store.private_key_chain().ok_or_else(|| error(Code::FileNotReadable))?;
    let certificate = chain.certs().first().ok_or_else(|| error(Code::FileNotReadable))?;
    Ok((certificate.as_der().to_vec(), SoftwareKey::from_pkcs8(chain.key().as_der())?))
}
