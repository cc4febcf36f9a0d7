//! Accounts at the sources, under the home folder. Their secrets are in the system's keyring; where there is none, or it was asked
//! for, in a file that only its owner may read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    certificate,
    error::{Code, Error, Result},
    files,
    model::{OrderAccount, OrderSource, SecretPlace},
    ui::Secret,
};

const DOING: &str = "keeping an account";
/// What entries in a keyring are called.
const SERVICE: &str = "chopmark";
const LONGEST_NAME: usize = 60;

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    account: Vec<OrderAccount>,
}

/// The accounts of a home.
pub(crate) struct Accounts {
    home: PathBuf,
}

impl Accounts {
    pub(crate) fn of(home: &Path) -> Accounts {
        Accounts { home: home.to_owned() }
    }

    /// All of them, as they were added.
    pub(crate) fn list(&self) -> Result<Vec<OrderAccount>> {
        let file = self.file();
        let unreadable = |error: std::io::Error| {
            Error::new(Code::FileNotReadable, DOING).with("path", file.display()).because(error)
        };
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(unreadable)?,
        };
        let kept: Kept = toml::from_str(&text).map_err(|error| unreadable(std::io::Error::other(error)))?;
        Ok(kept.account)
    }

    /// # Errors
    /// [`Code::OrderAccountNotFound`].
    pub(crate) fn one(&self, name: &str) -> Result<OrderAccount> {
        let found = self.list()?.into_iter().find(|account| account.name == name);
        found.ok_or_else(|| Error::new(Code::OrderAccountNotFound, DOING).with("account", name))
    }

    /// Adds one. `account.secret`: where its secret is wanted; it comes back as it is.
    ///
    /// # Errors
    /// [`Code::OrderAccountExists`], [`Code::BadInput`] (reason `account-name`), [`Code::OrderAccountSecret`].
    pub(crate) fn add(&self, mut account: OrderAccount, secret: &Secret) -> Result<OrderAccount> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name = &account.name;
        if name.is_empty() || name.len() > LONGEST_NAME || name.starts_with('.') || !name.chars().all(plain) {
            return Err(Error::new(Code::BadInput, DOING).with("reason", "account-name"));
        }
        let mut all = self.list()?;
        if all.iter().any(|one| one.name == account.name) {
            return Err(Error::new(Code::OrderAccountExists, DOING).with("account", &account.name));
        }
        account.why = None;
        if account.secret == SecretPlace::Keyring
            && let Err(error) = self.entry(name).and_then(|entry| entry.set_password(secret.expose()))
        {
            // Not its words: they are the keyring's, in any language.
            account.secret = SecretPlace::File;
            account.why = Some(why(&error).to_owned());
        }
        if account.secret == SecretPlace::File {
            files::create_private_folder(&self.folder()).map_err(|error| self.failed(name).because(error))?;
            files::write_whole(&self.secret_file(name), secret.expose().as_bytes(), true)?;
        }
        all.push(account.clone());
        self.write(all)?;
        Ok(account)
    }

    /// Forgets one, and its secret. Nothing is changed at the source.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let account = self.one(name)?;
        let removed = match account.secret {
            SecretPlace::Keyring => match self.entry(name).and_then(|entry| entry.delete_credential()) {
                Err(keyring::v1::Error::NoEntry) => Ok(()),
                removed => removed.map_err(|error| self.failed(name).because(error)),
            },
            SecretPlace::File => match fs::remove_file(self.secret_file(name)) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                removed => removed.map_err(|error| self.failed(name).because(error)),
            },
        };
        removed?;
        self.write(self.list()?.into_iter().filter(|one| one.name != name).collect())
    }

    /// The secret of an account.
    ///
    /// # Errors
    /// [`Code::OrderAccountSecret`].
    pub(crate) fn secret(&self, account: &OrderAccount) -> Result<Secret> {
        let name = &account.name;
        let text = match account.secret {
            SecretPlace::Keyring => self
                .entry(name)
                .and_then(|entry| entry.get_password())
                .map_err(|error| self.failed(name).because(error)),
            SecretPlace::File => {
                fs::read_to_string(self.secret_file(name)).map_err(|error| self.failed(name).because(error))
            }
        };
        text.map(Secret::new)
    }

    fn write(&self, account: Vec<OrderAccount>) -> Result<()> {
        let text =
            toml::to_string(&Kept { account }).map_err(|error| Error::new(Code::Internal, DOING).because(error))?;
        files::write_whole(&self.file(), text.as_bytes(), true)
    }

    /// Homes share a keyring; their accounts are told apart by the home's path.
    fn entry(&self, name: &str) -> keyring::v1::Result<keyring::v1::Entry> {
        let home = certificate::fingerprint(self.home.display().to_string().as_bytes());
        keyring::v1::Entry::new(SERVICE, &format!("order-account-{}-{name}", &home[..12]))
    }

    fn file(&self) -> PathBuf {
        self.home.join("order-accounts.toml")
    }

    fn folder(&self) -> PathBuf {
        self.home.join("order-secrets")
    }

    fn secret_file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn failed(&self, name: &str) -> Error {
        Error::new(Code::OrderAccountSecret, DOING).with("account", name)
    }
}

/// Why a secret is not in the keyring.
fn why(error: &keyring::v1::Error) -> &'static str {
    use keyring::v1::Error;
    match error {
        Error::NoStorageAccess(_) => "keyring-locked",
        Error::TooLong(..) => "keyring-too-long",
        _ => "no-keyring",
    }
}

/// An account that is to be added.
pub(crate) fn of_ussl(name: &str, public_key: &str, api: Option<String>, secret: SecretPlace) -> OrderAccount {
    let source = OrderSource::Ussl;
    OrderAccount { name: name.to_owned(), source, address: api, id: public_key.to_owned(), secret, why: None }
}
