//! Accounts at CAs that speak ACME. What is public lies in `HOME/acme/NAME.json`, the key beside it in a file that only its
//! owner may read.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    ca::acme::AccountKey,
    error::{Code, Error, Result},
    files,
    journal::hex,
    model::{OrderAccount, OrderSource, SecretPlace},
    ui::Secret,
};

const DOING: &str = "keeping an account";
/// Longest file of an account, bytes; most of it are PEM roots.
const LONGEST: u64 = 256 * 1024;

/// An account at a CA.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcmeAccount {
    /// The CA's directory.
    pub(crate) directory: String,
    /// PEM roots for TLS, where the system does not know them.
    #[serde(default)]
    pub(crate) tls_roots: Vec<String>,
    /// The reference number that it is bound to.
    #[serde(default)]
    pub(crate) reference: Option<String>,
    /// Its address at the CA; `None`: the CA has not said yes (yet).
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// Seconds since 1970.
    pub(crate) made: i64,
}

impl AcmeAccount {
    /// As accounts at every source are shown.
    pub(crate) fn view(&self) -> OrderAccount {
        let id = self.reference.clone().or_else(|| self.url.clone()).unwrap_or_default();
        let (source, secret) = (OrderSource::Acme, SecretPlace::File);
        OrderAccount { name: self.name(), source, address: Some(self.directory.clone()), id, secret, why: None }
    }

    /// One account for each directory and reference number.
    pub(crate) fn name(&self) -> String {
        let of = format!("{}\n{}", self.directory, self.reference.as_deref().unwrap_or_default());
        format!("acme-{}", hex(&Sha256::digest(of)[..8]))
    }
}

/// The accounts of one home folder.
pub(crate) struct AcmeAccounts {
    folder: PathBuf,
}

impl AcmeAccounts {
    pub(crate) fn of(home: &Path) -> AcmeAccounts {
        AcmeAccounts { folder: home.join("acme") }
    }

    /// The account of that name.
    ///
    /// # Errors
    /// [`Code::AcmeAccountGone`].
    pub(crate) fn named(&self, name: &str) -> Result<AcmeAccount> {
        let gone = || Error::new(Code::AcmeAccountGone, DOING).with("account", name);
        let text = files::read_short(&self.file(name, "json"), LONGEST).ok_or_else(gone)?;
        serde_json::from_str(&text).map_err(|error| gone().because(error))
    }

    /// The account for a directory: that of the reference number, or the latest that there is.
    pub(crate) fn find(&self, directory: &str, reference: Option<&str>) -> Option<AcmeAccount> {
        let fits = |one: &AcmeAccount| {
            one.directory == directory && reference.is_none_or(|reference| one.reference.as_deref() == Some(reference))
        };
        self.all().into_iter().filter(fits).max_by_key(|one| (one.url.is_some(), one.made))
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<AcmeAccount> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let names = names.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        names.filter_map(|path| self.named(path.file_stem()?.to_str()?).ok()).collect()
    }

    /// Keeps an account with its key, before anything of it is sent.
    pub(crate) fn keep(&self, account: &AcmeAccount, key: Option<&AccountKey>) -> Result<()> {
        let unwritable =
            |error| Error::new(Code::FileNotWritable, DOING).with("path", self.folder.display()).because(error);
        files::create_private_folder(&self.folder).map_err(unwritable)?;
        let name = account.name();
        if let Some(key) = key {
            files::write_whole(&self.file(&name, "key"), key.to_keep().expose().as_bytes(), true)?;
        }
        let text =
            serde_json::to_vec_pretty(account).map_err(|error| Error::new(Code::Internal, DOING).because(error))?;
        files::write_whole(&self.file(&name, "json"), &text, true)
    }

    /// The account with its key; a key is made and kept where there is none yet.
    pub(crate) fn with_key(&self, account: AcmeAccount) -> Result<(AcmeAccount, AccountKey)> {
        if let Ok(key) = self.key(&account.name()) {
            return Ok((account, key));
        }
        let key = AccountKey::make()?;
        self.keep(&account, Some(&key))?;
        Ok((account, key))
    }

    /// The key of an account.
    ///
    /// # Errors
    /// [`Code::KeptKeyUnreadable`].
    pub(crate) fn key(&self, name: &str) -> Result<AccountKey> {
        let path = self.file(name, "key");
        let unreadable = || Error::new(Code::KeptKeyUnreadable, DOING).with("path", path.display());
        AccountKey::kept(&Secret::new(files::read_short(&path, LONGEST).ok_or_else(unreadable)?))
            .map_err(|error| error.with("path", path.display()))
    }

    /// Forgets an account and its key. Nothing is changed at the CA.
    ///
    /// # Errors
    /// [`Code::AcmeAccountGone`] if there is none of that name.
    pub(crate) fn forget(&self, name: &str) -> Result<()> {
        self.named(name)?;
        for ending in ["json", "key"] {
            let path = self.file(name, ending);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::new(Code::FileNotWritable, DOING).with("path", path.display()).because(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ending}"))
    }
}
