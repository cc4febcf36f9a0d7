//! A CA's directory, and an account there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::{Method, Response, StatusCode, body::Bytes, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    DOING, Session,
    account_key::{AccountKey, Signer},
    strange,
    transport::{Transport, named},
};
use crate::{
    ca::http::{Way, text_of},
    error::{Code, Error, Result},
    ui::Secret,
};

/// How often a request is made anew because its nonce was worn out.
const NONCES: usize = 5;

/// What a CA says of itself (RFC 8555 §7.1.1).
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Directory {
    new_nonce: String,
    new_account: String,
    /// Nothing is ordered from here; without it this is no directory.
    #[serde(rename = "newOrder")]
    _new_order: String,
    renewal_info: Option<String>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Meta {
    terms_of_service: Option<String>,
    website: Option<String>,
    external_account_required: bool,
}

/// As much of an account as tells whether it is closed.
#[derive(Deserialize)]
struct AccountDocument {
    status: String,
}

/// Reference number and authorization code that bind an account (ACME calls them key identifier and HMAC key).
pub(crate) struct Binding<'a> {
    pub(crate) reference: &'a str,
    pub(crate) code: &'a Secret,
}

/// A CA that speaks ACME.
pub(crate) struct AcmeCa {
    url: String,
    transport: Transport,
    directory: Directory,
    /// What the last answer brought for the next question (RFC 8555 §6.5.1).
    nonce: Mutex<Option<String>>,
}

impl AcmeCa {
    /// Reads its directory.
    ///
    /// # Errors
    /// [`Code::AcmeNotDirectory`], those of the way.
    pub(crate) async fn open(url: &str, tls_roots: &[String], way: &Way) -> Result<AcmeCa> {
        let transport = Transport::to(url, tls_roots, way)?;
        let answer = transport.get(Method::GET, url).await?;
        let foreign = |error| Error::new(Code::AcmeNotDirectory, DOING).with("url", url).because(error);
        let directory = serde_json::from_slice(answer.body()).map_err(foreign)?;
        Ok(AcmeCa { url: url.to_owned(), transport, directory, nonce: Mutex::default() })
    }

    /// The terms that an account must agree to.
    pub(crate) fn terms(&self) -> Option<&str> {
        self.directory.meta.terms_of_service.as_deref()
    }

    /// Its page for people.
    pub(crate) fn website(&self) -> Option<&str> {
        self.directory.meta.website.as_deref()
    }

    /// Does an account take codes?
    pub(crate) fn wants_codes(&self) -> bool {
        self.directory.meta.external_account_required
    }

    /// Does it say when to renew (RFC 9773)?
    pub(crate) fn gives_hints(&self) -> bool {
        self.directory.renewal_info.is_some()
    }

    /// Opens an account for a key that has been kept, or finds the one that there is: sent again after a lost answer it gives the
    /// same account (RFC 8555 §7.3.1). Returns its address.
    ///
    /// # Errors
    /// [`Code::AcmeTerms`], [`Code::AcmeNeedsCodes`] before anything is sent; [`Code::AcmeCodesRefused`].
    pub(crate) async fn register(
        &self,
        key: &AccountKey,
        contact: &[String],
        agreed: bool,
        binding: Option<Binding<'_>>,
    ) -> Result<String> {
        // After a lost answer the codes may be spent, and the account there.
        if let Some(account) = self.find(key).await? {
            return Ok(account);
        }
        if let Some(terms) = self.terms().filter(|_| !agreed) {
            return Err(Error::new(Code::AcmeTerms, DOING).with("url", terms));
        }
        if self.wants_codes() && binding.is_none() {
            return Err(Error::new(Code::AcmeNeedsCodes, DOING));
        }
        let mut wanted = json!({ "contact": contact, "termsOfServiceAgreed": agreed });
        if let Some(Binding { reference, code }) = &binding {
            wanted["externalAccountBinding"] = key.bound(reference, code, &self.directory.new_account)?;
        }
        let answer = self.ask(key, &Signer::Key, &self.directory.new_account, Some(&wanted)).await;
        account_url(&answer.map_err(|error| about_codes(error, binding.as_ref()))?)
    }

    /// The account of a key, if there is one.
    pub(crate) async fn find(&self, key: &AccountKey) -> Result<Option<String>> {
        let wanted = json!({ "onlyReturnExisting": true });
        match self.ask(key, &Signer::Key, &self.directory.new_account, Some(&wanted)).await {
            Ok(answer) => match serde_json::from_slice::<AccountDocument>(answer.body()) {
                // It is there and serves nobody any more (RFC 8555 §7.3.6).
                Ok(AccountDocument { status }) if status != "valid" => {
                    Err(Error::new(Code::AcmeAccountGone, DOING).with("text", status))
                }
                _ => account_url(&answer).map(Some),
            },
            Err(error) if error.code == Code::AcmeAccountGone => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Speaks for an account.
    pub(crate) async fn session(self, key: AccountKey, account: &str) -> Result<Session> {
        let builder = instant_acme::Account::builder_with_http(Box::new(self.transport.clone()));
        let inner = builder.from_parts(account.to_owned(), key.pkcs8(), self.url.clone()).await.map_err(named)?;
        Ok(Session::new(self, key, inner))
    }

    /// Asks something as an account.
    pub(super) async fn ask_as<T: DeserializeOwned>(&self, key: &AccountKey, account: &str, url: &str) -> Result<T> {
        Ok(self.ask_page(key, account, url).await?.0)
    }

    /// The same, and where it goes on (RFC 8288).
    pub(super) async fn ask_page<T: DeserializeOwned>(
        &self,
        key: &AccountKey,
        account: &str,
        url: &str,
    ) -> Result<(T, Option<String>)> {
        let answer = self.ask(key, &Signer::Account(account), url, None).await?;
        let read = serde_json::from_slice(answer.body()).map_err(|error| strange("answer").because(error))?;
        let links = answer.headers().get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
        let next = links.flat_map(|value| value.split(',')).find_map(next_of);
        let base = url::Url::parse(url).map_err(|error| strange("url").because(error))?;
        Ok((read, next.and_then(|next| base.join(next).ok()).map(String::from)))
    }

    async fn ask(
        &self,
        key: &AccountKey,
        signer: &Signer<'_>,
        url: &str,
        payload: Option<&Value>,
    ) -> Result<Response<Bytes>> {
        for _ in 0..NONCES {
            let nonce = self.nonce().await?;
            let answer = self.transport.post(url, key.signed(signer, &nonce, url, payload)?).await?;
            // A refusal brings one, too (RFC 8555 §6.5).
            *self.kept_nonce() = match text_of(answer.headers(), REPLAY_NONCE) {
                "" => None,
                fresh => Some(fresh.to_owned()),
            };
            if answer.status() != StatusCode::BAD_REQUEST {
                return Ok(answer);
            }
        }
        Err(strange("badNonce"))
    }

    fn kept_nonce(&self) -> MutexGuard<'_, Option<String>> {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn nonce(&self) -> Result<String> {
        let kept = self.kept_nonce().take();
        if let Some(nonce) = kept {
            return Ok(nonce);
        }
        let answer = self.transport.get(Method::HEAD, &self.directory.new_nonce).await?;
        match text_of(answer.headers(), REPLAY_NONCE) {
            "" => Err(strange("newNonce")),
            nonce => Ok(nonce.to_owned()),
        }
    }
}

const REPLAY_NONCE: header::HeaderName = header::HeaderName::from_static("replay-nonce");

/// The target of a link, if it is what comes next: `<https://ca.example/orders?cursor=2>;rel="next"`.
fn next_of(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = |one: &str| {
        let (name, value) = one.split_once('=').unwrap_or_default();
        name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
    };
    parameters.split(';').any(is_next).then_some(target)
}

fn account_url(answer: &Response<Bytes>) -> Result<String> {
    match text_of(answer.headers(), header::LOCATION) {
        "" => Err(strange("newAccount")),
        url => Ok(url.to_owned()),
    }
}

/// The account is new, so whatever the CA does not like of it is about the codes: CAs say so in many ways.
fn about_codes(error: Error, binding: Option<&Binding<'_>>) -> Error {
    let Some(binding) = binding else { return error };
    let kind = error.facts.get("type").map_or("", String::as_str);
    if !matches!(kind, "unauthorized" | "malformed" | "externalAccountRequired") {
        return error;
    }
    let refused = Error::new(Code::AcmeCodesRefused, DOING).with("reference", binding.reference);
    match error.facts.get("text") {
        // A CA may repeat what it got; the code itself was never sent.
        Some(text) => refused.with("text", text),
        None => refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_is_known() {
        for (link, next) in [
            ("<https://ca.example/orders/1?cursor=2>;rel=\"next\"", Some("https://ca.example/orders/1?cursor=2")),
            (" </orders?page=2>; title=x; REL=Next", Some("/orders?page=2")),
            ("<https://ca.example/dir>;rel=\"index\"", None),
            ("<https://ca.example/next>", None),
            ("https://ca.example/next;rel=\"next\"", None),
            ("", None),
        ] {
            assert_eq!(next_of(link), next, "{link}");
        }
    }
}
