//! How to go out: proxy, certificate for TLS, and the passwords of both, which only the person has.

use std::{
    fs, io,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use der::pem::LineEnding;
use p12_keystore::{KeyStore, Pkcs12ImportPolicy, error::Error as Pkcs12Error};
use pkcs8::SecretDocument;
use reqwest::{Identity, Url};
use zeroize::Zeroizing;

use super::LookedUp;
use crate::{
    error::{Code, Error, Result},
    model::{ConnectionSecret, Question},
    place,
    stores::{ask_secret, blocking},
    ui::{Secret, Ui},
};

/// Largest PKCS#12 file opened, bytes.
const IDENTITY_SIZE: u64 = 1024 * 1024;

/// How to go out.
#[derive(Clone, Default)]
pub(crate) struct Way {
    pub(crate) proxy: Option<ProxyAddress>,
    pub(crate) proxy_password: Option<Arc<Secret>>,
    /// Certificate and key for TLS, and the file they come from.
    pub(crate) identity: Option<(PathBuf, Identity)>,
    /// Longest time for one answer.
    pub(crate) timeout: Option<Duration>,
    /// How often a message is sent again after a lost connection.
    pub(crate) retries: Option<u32>,
    /// What has been looked up on it of late.
    pub(crate) looked_up: Arc<LookedUp>,
}

/// A proxy's address and the user's name there. Never a password: it would stand in argv.
#[derive(Debug, Clone)]
pub(crate) struct ProxyAddress {
    /// Without user.
    pub(crate) url: Url,
    pub(crate) user: Option<String>,
}

impl ProxyAddress {
    /// `[http[s]://][USER@]HOST[:PORT]`. An error does not repeat the text: there may be a password in it.
    pub(crate) fn parse(text: &str) -> Result<ProxyAddress> {
        let bad = |reason: &str| Error::new(Code::BadInput, "reading the proxy's address").with("reason", reason);
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let mut url = Url::parse(&text).map_err(|error| bad("proxy").because(error))?;
        if url.password().is_some() {
            return Err(bad("proxy-password"));
        }
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_plain {
            return Err(bad("proxy"));
        }
        let user = match url.username() {
            "" => None,
            name => Some(place::text("proxy", name).map_err(|error| bad("proxy").because(error))?),
        };
        // Basic authentication parts name and password at the first colon (RFC 7617 §2).
        if user.as_ref().is_some_and(|user| user.contains(':')) || url.set_username("").is_err() {
            return Err(bad("proxy"));
        }
        Ok(ProxyAddress { url, user })
    }

    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// What has been unlocked; kept as long as the app runs, so that a person is asked once.
#[derive(Default)]
pub(crate) struct Unlocked {
    proxy_password: Mutex<Option<Arc<Secret>>>,
    identity: Mutex<Option<(PathBuf, Identity)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Unlocked {
    pub(crate) fn proxy_password(&self) -> Option<Arc<Secret>> {
        lock(&self.proxy_password).clone()
    }

    /// The proxy did not take it: it is asked for again.
    pub(crate) fn forget_proxy_password(&self) {
        lock(&self.proxy_password).take();
    }

    /// Certificate and key of this file, if they have been unlocked.
    pub(crate) fn identity(&self, file: &Path) -> Option<(PathBuf, Identity)> {
        lock(&self.identity).clone().filter(|(of, _)| of == file)
    }

    /// Asks for the proxy's password where a user name is given.
    pub(crate) async fn unlock_proxy(&self, proxy: &ProxyAddress, ui: &dyn Ui) -> Result<()> {
        let Some(user) = &proxy.user else { return Ok(()) };
        if self.proxy_password().is_some() {
            return Ok(());
        }
        let port = proxy.url.port().map_or_else(String::new, |port| format!(":{port}"));
        let question = Question::ConnectionPassword {
            what: ConnectionSecret::Proxy,
            name: format!("{user}@{}{port}", proxy.host()),
            wrong_before: false,
        };
        let password = ask_secret(ui, question).await?;
        *lock(&self.proxy_password) = Some(Arc::new(password));
        Ok(())
    }

    /// Opens the file with certificate and key, asking until the password is right.
    pub(crate) async fn unlock_identity(&self, file: &Path, ui: &dyn Ui) -> Result<()> {
        if self.identity(file).is_some() {
            return Ok(());
        }
        let data = blocking({
            let file = file.to_owned();
            move || read_bounded(&file)
        });
        let unreadable = |error| Error::new(Code::FileNotReadable, DOING).with("path", file.display()).because(error);
        let data = Arc::new(data.await?.map_err(unreadable)?);
        let mut wrong_before = false;
        loop {
            let name = file.display().to_string();
            let question = Question::ConnectionPassword { what: ConnectionSecret::TlsCertificate, name, wrong_before };
            let password = ask_secret(ui, question).await?;
            let (data, path) = (Arc::clone(&data), file.to_owned());
            match blocking(move || open_identity(&path, &data, &password)).await? {
                Ok(identity) => {
                    *lock(&self.identity) = Some((file.to_owned(), identity));
                    return Ok(());
                }
                Err(error) if error.code == Code::FilePasswordWrong => wrong_before = true,
                Err(error) => return Err(error),
            }
        }
    }
}

const DOING: &str = "opening the certificate for TLS";

fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    fs::File::open(file)?.take(IDENTITY_SIZE).read_to_end(&mut data)?;
    Ok(data)
}

fn open_identity(path: &Path, data: &[u8], password: &Secret) -> Result<Identity> {
    let unusable = || {
        let error = Error::new(Code::BadInput, DOING).with("reason", "tls-certificate");
        error.with("path", path.display())
    };
    let store = KeyStore::from_pkcs12(data, password.expose(), Pkcs12ImportPolicy::Strict).map_err(|cause| {
        let wrong = matches!(cause, Pkcs12Error::MacError(_) | Pkcs12Error::Pkcs5Error(_) | Pkcs12Error::UnpadError);
        let error = Error::new(Code::FilePasswordWrong, DOING).with("path", path.display());
        if wrong { error } else { unusable() }.because(cause.to_string())
    })?;
    let (_, chain) = store.private_key_chain().ok_or_else(unusable)?;
    // The TLS library takes PEM only. Here it is wiped; inside the library its copy lives as long as the connection.
    let key = SecretDocument::try_from(chain.key().as_der()).map_err(|error| unusable().because(error))?;
    let mut pem = Zeroizing::new(String::with_capacity(16 * 1024));
    pem.push_str(&key.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|error| unusable().because(error))?);
    for certificate in chain.certs() {
        let text = der::pem::encode_string("CERTIFICATE", LineEnding::LF, certificate.as_der());
        pem.push_str(&text.map_err(|error| unusable().because(error))?);
    }
    Identity::from_pem(pem.as_bytes()).map_err(|error| unusable().because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_address_is_read() {
        for (text, url, user) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/", None),
            ("proxy.example:3128", "http://proxy.example:3128/", None),
            ("http://alice@proxy.example:3128", "http://proxy.example:3128/", Some("alice")),
            ("alice%40acme@proxy.example", "http://proxy.example/", Some("alice@acme")),
            ("https://[::1]:8443/", "https://[::1]:8443/", None),
        ] {
            let proxy = ProxyAddress::parse(text).unwrap();
            assert_eq!((proxy.url.as_str(), proxy.user.as_deref()), (url, user), "{text}");
        }
    }

    #[test]
    fn a_password_in_it_is_refused_and_not_repeated() {
        let secret = "s3cret";
        for text in [format!("http://alice:{secret}@proxy"), format!("alice:{secret}@proxy:1")] {
            let error = ProxyAddress::parse(&text).unwrap_err();
            assert_eq!(error.facts["reason"], "proxy-password");
            assert!(!format!("{error:?} {error}").contains(secret), "{error:?}");
        }
        for text in ["", "http://", "socks5://proxy", "http://proxy/path", "ftp://proxy", "http://a%3Ab@proxy", "a b"] {
            assert_eq!(ProxyAddress::parse(text).unwrap_err().facts["reason"], "proxy", "{text}");
        }
    }
}
