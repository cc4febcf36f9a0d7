//! An account at work: orders, proofs, certificates.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use der::{Decode, Encode};
use instant_acme::{
    AuthorizationState, AuthorizationStatus, CertificateIdentifier, ChallengeStatus, ChallengeType, Identifier,
    NewOrder, OrderStatus, RevocationRequest,
};
use rustls_pki_types::{CertificateDer, Der};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use x509_cert::{Certificate, ext::pkix::AuthorityKeyIdentifier};

use super::{AccountKey, AcmeCa, DOING, problem, strange, transport::named};
use crate::{
    clock,
    error::{Code, Error, Result},
    model::{ProofMethod, RevocationReason},
};

/// How a domain can be proved, and what ACME calls that.
pub(crate) const WAYS: [(ProofMethod, ChallengeType, &str); 2] =
    [(ProofMethod::File, ChallengeType::Http01, "http-01"), (ProofMethod::DnsTxt, ChallengeType::Dns01, "dns-01")];
/// Most pages of an account's list of orders that are read; pebble has three orders on one, others hundreds.
const MOST_PAGES: usize = 200;
/// Most orders of an account that are looked through after a lost answer.
const MOST_ORDERS: usize = 50;
/// Longest word for a state that is repeated.
const LONGEST_WORD: usize = 100;
/// Longest token; 128 bits at least, 22 characters.
const LONGEST_TOKEN: usize = 200;
/// How often something is asked anew when its nonce was worn out; the crate itself tries three times.
const NONCES: usize = 3;

/// An account at a CA.
pub(crate) struct Session {
    ca: AcmeCa,
    key: AccountKey,
    account: instant_acme::Account,
}

/// An order as it stands at the CA.
pub(crate) struct RemoteOrder {
    pub(crate) url: String,
    /// `None`: the CA's word for it is not one of RFC 8555.
    pub(crate) status: Option<OrderStatus>,
    /// That word.
    pub(crate) said: String,
    /// Until when it may be proved, seconds since 1970.
    pub(crate) expires: Option<i64>,
    /// Why it failed.
    pub(crate) error: Option<Error>,
    /// One for each domain.
    pub(crate) authorizations: Vec<Authorization>,
}

/// An order's document (RFC 8555 §7.1.3), as far as it is read here. `instant-acme` takes no status that it does not know.
#[derive(Deserialize)]
struct Document {
    status: String,
    expires: Option<String>,
    error: Option<instant_acme::Problem>,
    authorizations: Vec<String>,
}

/// How the proof of one domain stands at the CA.
pub(crate) struct Authorization {
    /// With `*.` for a wildcard.
    pub(crate) domain: String,
    pub(crate) status: AuthorizationStatus,
    /// The ways that are offered: how, name of file or record, and what must be seen there.
    pub(crate) ways: Vec<(ProofMethod, String, String)>,
    /// What the CA calls them, also those that we do not know.
    pub(crate) offered: Vec<String>,
    /// A way has been told to be ready.
    pub(crate) told: bool,
    /// Why it failed.
    pub(crate) error: Option<Error>,
}

/// When to renew, says the CA (RFC 9773); seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// A page that says why.
    pub(crate) why: Option<String>,
    /// When to ask again.
    pub(crate) again: i64,
}

/// Asks until the nonce is taken: a request with a worn nonce did nothing.
macro_rules! with_nonce {
    ($call:expr) => {{
        let mut left = NONCES;
        loop {
            left -= 1;
            match $call.await.map_err(named) {
                Err(error) if left > 0 && error.facts.get("type").is_some_and(|kind| kind == "badNonce") => {}
                ended => break ended,
            }
        }
    }};
}

impl Session {
    pub(super) fn new(ca: AcmeCa, key: AccountKey, account: instant_acme::Account) -> Session {
        Session { ca, key, account }
    }

    /// Orders a certificate; gives the order's address. `replaces`: the one that it takes the place of (RFC 9773 §5).
    pub(crate) async fn order(&self, domains: &[String], replaces: Option<&[u8]>) -> Result<String> {
        let identifiers: Vec<Identifier> = domains.iter().cloned().map(Identifier::Dns).collect();
        let replaces = replaces.filter(|_| self.ca.gives_hints()).map(certificate_id).transpose()?;
        let order = with_nonce!(async {
            let wanted = NewOrder::new(&identifiers);
            let wanted = match replaces.clone() {
                Some(old) => wanted.replaces(old),
                None => wanted,
            };
            self.account.new_order(&wanted).await
        })?;
        Ok(order.url().to_owned())
    }

    /// An order by its address.
    pub(crate) async fn look(&self, url: &str) -> Result<RemoteOrder> {
        let document: Document = self.ask(url).await?;
        let mut authorizations = Vec::new();
        for url in &document.authorizations {
            authorizations.push(authorization(&self.ask(url).await?, self.account.key_thumbprint())?);
        }
        // One of RFC 8555's words is read as the crate reads it; another is nobody's.
        let status = serde_json::from_value(document.status.clone().into()).ok();
        let said = document.status.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect();
        let (expires, error) = (document.expires.as_deref().and_then(seconds), document.error);
        let error = error.as_ref().map(problem::of_crate);
        Ok(RemoteOrder { url: url.to_owned(), status, said, expires, error, authorizations })
    }

    /// The addresses of the account's orders, the newest last; none where the CA keeps no list (RFC 8555 §7.1.2.1 demands one).
    pub(crate) async fn orders(&self) -> Result<Vec<String>> {
        let account: Value = self.ask(self.account.id()).await?;
        let Some(list) = account["orders"].as_str() else { return Ok(Vec::new()) };
        let (mut orders, mut next) = (Vec::new(), Some(list.to_owned()));
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { break };
            let list: Value = match self.ca.ask_page(&self.key, self.account.id(), &url).await {
                Ok((list, behind)) => {
                    next = behind;
                    list
                }
                // Named, and not there.
                Err(error) if matches!(error.code, Code::CaHttpStatus | Code::AcmeRefused) => break,
                Err(error) => return Err(error),
            };
            let urls = list["orders"].as_array().into_iter().flatten().filter_map(Value::as_str);
            orders.extend(urls.map(str::to_owned));
        }
        Ok(orders)
    }

    /// After a lost answer: an open order of the account for exactly these domains, but for those that are `known`. `None`: there is
    /// none, or the CA keeps no list (some of these give an open order again when the same is ordered, so ordering twice makes no second
    /// one there).
    pub(crate) async fn find(&self, domains: &[String], known: &[String]) -> Result<Option<String>> {
        let sorted = |mut domains: Vec<String>| {
            domains.sort();
            domains
        };
        let wanted = sorted(domains.to_vec());
        for url in self.orders().await?.into_iter().rev().filter(|url| !known.contains(url)).take(MOST_ORDERS) {
            let order = self.look(&url).await?;
            let its = sorted(order.authorizations.iter().map(|one| one.domain.clone()).collect());
            if its == wanted && order.status != Some(OrderStatus::Invalid) {
                return Ok(Some(order.url));
            }
        }
        Ok(None)
    }

    /// Tells the CA that a domain's proof is there. One that was told already is left alone.
    pub(crate) async fn tell(&self, url: &str, domain: &str, method: ProofMethod) -> Result<()> {
        let (_, kind, _) = way(method).ok_or_else(|| Error::new(Code::Internal, DOING))?;
        let mut order = self.fetch(url).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(named)?;
            if authorization.identifier().to_string() != domain || authorization.status != AuthorizationStatus::Pending
            {
                continue;
            }
            let missing = || Error::new(Code::AcmeMethodMissing, DOING).with("domain", domain);
            let mut challenge = authorization.challenge(kind).ok_or_else(missing)?;
            if challenge.status == ChallengeStatus::Pending {
                with_nonce!(challenge.set_ready()).map_err(|error| error.with("domain", domain))?;
            }
            return Ok(());
        }
        Ok(())
    }

    /// Hands in the request for the certificate.
    pub(crate) async fn finalize(&self, url: &str, csr: &[u8]) -> Result<()> {
        let mut order = self.fetch(url).await?;
        match order.state().status {
            OrderStatus::Ready => with_nonce!(order.finalize_csr(csr)),
            _ => Ok(()),
        }
    }

    /// Gives up an order: its open authorizations are deactivated (RFC 8555 §7.5.2), and with them it ends.
    pub(crate) async fn cancel(&self, url: &str) -> Result<()> {
        let mut order = self.fetch(url).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(named)?;
            if authorization.status == AuthorizationStatus::Pending {
                with_nonce!(authorization.deactivate()).map(|_| ())?;
            }
        }
        Ok(())
    }

    /// The chain of an order that is done, its certificate first.
    pub(crate) async fn certificate(&self, url: &str) -> Result<Vec<Vec<u8>>> {
        let mut order = self.fetch(url).await?;
        let pem = with_nonce!(order.certificate())?.ok_or_else(|| strange("certificate"))?;
        let bad = |error| strange("certificate").because(error);
        let chain = Certificate::load_pem_chain(pem.as_bytes()).map_err(bad)?;
        let chain: Vec<Vec<u8>> = chain.iter().map(Encode::to_der).collect::<der::Result<_>>().map_err(bad)?;
        if chain.is_empty() { Err(strange("certificate")) } else { Ok(chain) }
    }

    /// Revokes a certificate, signed by the account that ordered it.
    pub(crate) async fn revoke(&self, certificate: &[u8], reason: RevocationReason) -> Result<()> {
        let certificate = CertificateDer::from(certificate);
        let request = RevocationRequest { certificate: &certificate, reason: acme_reason(reason) };
        with_nonce!(self.account.revoke(&request))
    }

    /// When to renew a certificate; `None`: the CA does not say.
    pub(crate) async fn hint(&self, certificate: &[u8]) -> Result<Option<Hint>> {
        if !self.ca.gives_hints() {
            return Ok(None);
        }
        let (info, again) = match self.account.renewal_info(&certificate_id(certificate)?).await.map_err(named) {
            Ok(said) => said,
            // It speaks a draft of it, or does not know the certificate: as if it said nothing (RFC 9773 §4.3.3).
            Err(error) if matches!(error.code, Code::CaHttpStatus | Code::AcmeRefused | Code::AcmeAnswer) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let window = info.suggested_window;
        let (start, end) = (window.start.unix_timestamp(), window.end.unix_timestamp());
        if end <= start {
            // RFC 9773 §4.2: as if nothing had been said.
            return Ok(None);
        }
        let again = clock::now() as i64 + i64::try_from(again.as_secs()).unwrap_or(i64::MAX / 2);
        Ok(Some(Hint { start, end, why: info.explanation_url, again }))
    }

    async fn fetch(&self, url: &str) -> Result<instant_acme::Order> {
        with_nonce!(self.account.order(url.to_owned()))
    }

    async fn ask<T: DeserializeOwned>(&self, url: &str) -> Result<T> {
        self.ca.ask_as(&self.key, self.account.id(), url).await
    }
}

/// Seconds since 1970, from a time as RFC 3339 has it and CAs write it: in UTC, fractions of a second or none.
fn seconds(time: &str) -> Option<i64> {
    let whole = time.strip_suffix('Z')?.split('.').next()?;
    let time: der::DateTime = format!("{whole}Z").parse().ok()?;
    i64::try_from(time.unix_duration().as_secs()).ok()
}

pub(crate) fn way(method: ProofMethod) -> Option<(ProofMethod, ChallengeType, &'static str)> {
    WAYS.iter().find(|(way, ..)| *way == method).cloned()
}

fn authorization(state: &AuthorizationState, thumbprint: &str) -> Result<Authorization> {
    let domain = state.identifier().to_string();
    let failed = state.challenges.iter().find_map(|one| one.error.as_ref());
    let error = failed.map(|error| problem::of_challenge(error, &domain));
    let bare = domain.strip_prefix("*.").unwrap_or(&domain);
    let mut ways = Vec::new();
    for (method, kind, _) in WAYS {
        let Some(challenge) = state.challenges.iter().find(|one| one.r#type == kind) else { continue };
        // The token becomes a file's name on somebody's web server (RFC 8555 §8.3: base64url and nothing else).
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(1..=LONGEST_TOKEN).contains(&challenge.token.len()) || !challenge.token.chars().all(plain) {
            return Err(strange("token"));
        }
        let seen = format!("{}.{thumbprint}", challenge.token);
        ways.push(match method {
            ProofMethod::File => (method, challenge.token.clone(), seen),
            _ => (method, format!("_acme-challenge.{bare}"), BASE64.encode(Sha256::digest(seen))),
        });
    }
    let offered = state.challenges.iter().map(|one| name_of(&one.r#type)).collect();
    let told = state.challenges.iter().any(|one| one.status != ChallengeStatus::Pending);
    Ok(Authorization { status: state.status, domain, ways, offered, told, error })
}

fn name_of(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::TlsAlpn01 => "tls-alpn-01".to_owned(),
        ChallengeType::Unknown(name) => name.chars().filter(|c| !c.is_control()).take(50).collect(),
        known => {
            WAYS.iter().find(|(_, kind, _)| kind == known).map_or_else(String::new, |(.., name)| (*name).to_owned())
        }
    }
}

/// How RFC 9773 §4.1 names a certificate.
fn certificate_id(der: &[u8]) -> Result<CertificateIdentifier<'static>> {
    let bad = |error| Error::new(Code::BadInput, DOING).with("reason", "certificate").because(error);
    let certificate = Certificate::from_der(der).map_err(bad)?;
    let tbs = certificate.tbs_certificate();
    let issuer = tbs.get_extension::<AuthorityKeyIdentifier>().map_err(bad)?;
    let issuer =
        issuer.and_then(|(_, issuer)| issuer.key_identifier).ok_or_else(|| strange("authorityKeyIdentifier"))?;
    let serial = tbs.serial_number().as_bytes();
    Ok(CertificateIdentifier::new(Der::from_slice(issuer.as_bytes()), Der::from_slice(serial)).into_owned())
}

fn acme_reason(reason: RevocationReason) -> Option<instant_acme::RevocationReason> {
    use instant_acme::RevocationReason as Acme;
    Some(match reason {
        RevocationReason::Unspecified => return None,
        RevocationReason::KeyCompromise => Acme::KeyCompromise,
        RevocationReason::AffiliationChanged => Acme::AffiliationChanged,
        RevocationReason::Superseded => Acme::Superseded,
        RevocationReason::CessationOfOperation => Acme::CessationOfOperation,
        RevocationReason::CertificateHold => Acme::CertificateHold,
        RevocationReason::PrivilegeWithdrawn => Acme::PrivilegeWithdrawn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(json: &str) -> AuthorizationState {
        serde_json::from_str(json).unwrap()
    }

    /// The example of RFC 8555 §8.1 and §8.4.
    #[test]
    fn what_must_be_seen() {
        let text = r#"{"identifier": {"type": "dns", "value": "example.org"}, "status": "pending", "wildcard": true,
            "challenges": [
                {"type": "dns-01", "url": "https://ca/1", "status": "pending", "token": "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"},
                {"type": "http-01", "url": "https://ca/2", "status": "pending", "token": "abc"},
                {"type": "tls-alpn-01", "url": "https://ca/3", "status": "pending", "token": "abc"},
                {"type": "new-02", "url": "https://ca/4", "status": "pending"}]}"#;
        let thumbprint = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
        let read = authorization(&state(text), thumbprint).unwrap();
        assert_eq!((read.domain.as_str(), read.told), ("*.example.org", false));
        assert_eq!(read.offered, ["dns-01", "http-01", "tls-alpn-01", "new-02"]);
        assert_eq!(read.ways[0], (ProofMethod::File, "abc".to_owned(), format!("abc.{thumbprint}")));
        let value = BASE64.encode(Sha256::digest(format!("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.{thumbprint}")));
        assert_eq!(read.ways[1], (ProofMethod::DnsTxt, "_acme-challenge.example.org".to_owned(), value));
    }

    #[test]
    fn a_token_that_is_a_path_is_refused() {
        for token in ["../../etc/passwd", "a/b", "", "a b", ".htaccess"] {
            let text = format!(
                r#"{{"identifier": {{"type": "dns", "value": "example.org"}}, "status": "pending",
                "challenges": [{{"type": "http-01", "url": "https://ca/1", "status": "pending", "token": {token:?}}}]}}"#
            );
            assert_eq!(
                authorization(&state(&text), "x").err().map(|error| error.code),
                Some(Code::AcmeAnswer),
                "{token}"
            );
        }
    }
}
