//! HTTP to a CA (RFC 9811): POST of `application/pkixcmp`, no redirects, bounded size and time, and each failure by name.
//!
//! HTTP/2 where the server offers it (ALPN), else HTTP/1.1. A message whose connection broke is sent again, the same bytes:
//! the CA knows it by its transactionID (RFC 9810 §5.1.1).

mod exchange;
mod failure;
mod json;
mod lookup;
mod operation;
mod way;

use std::time::Duration;

use reqwest::{Client, Identity, Proxy, StatusCode, Url, header, redirect};

pub(crate) use self::{
    exchange::text_of,
    failure::find,
    lookup::{LookedUp, Lookup},
    operation::Operation,
    way::{ProxyAddress, Unlocked, Way},
};
use crate::{
    clock,
    error::{Code, Error, Result},
    model::{CaProfile, TransportOptions},
};

const DOING: &str = "asking the CA";
/// Longest wait for one answer unless the caller says otherwise.
const ANSWER: Duration = Duration::from_secs(60);
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// Largest profile file taken from a URL, bytes.
const PROFILE_SIZE: usize = 256 * 1024;
/// How often a message is sent again unless the caller says otherwise.
const RETRIES: u32 = 3;
/// Pause before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// A CA's HTTP endpoint.
pub(crate) struct Endpoint {
    client: Client,
    plan: Plan,
    url: Url,
    transport: TransportOptions,
    timeout: Duration,
}

/// What a client is made of.
struct Plan {
    way: Way,
    /// PEM; `None`: no TLS at all.
    tls_roots: Option<Vec<String>>,
    http2_prior_knowledge: bool,
    timeout: Duration,
}

/// What a first knock at the door told.
pub(crate) struct Knock {
    /// How far the CA's clock is ahead of ours, in seconds; `None` when it does not say.
    pub(crate) clock_ahead: Option<i64>,
}

/// What came of a message.
pub(crate) struct Posted {
    /// The CA's answer.
    pub(crate) answer: Vec<u8>,
    /// The message was sent more than once: the CA may have had it before, and its answer may be about that.
    pub(crate) repeated: bool,
}

impl Plan {
    /// `http1`: no HTTP/2, whatever the server offers.
    fn client(&self, http1: bool) -> Result<Client> {
        let mut builder = Client::builder()
            .user_agent(concat!("chopmark/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT.min(self.timeout))
            .timeout(self.timeout);
        if let Some(address) = &self.way.proxy {
            let mut proxy = Proxy::all(address.url.clone())
                .map_err(|error| Error::new(Code::BadInput, DOING).with("reason", "proxy").because(error))?;
            if let Some(user) = &address.user {
                let password = self.way.proxy_password.as_ref().map_or("", |password| password.expose());
                proxy = proxy.basic_auth(user, password);
            }
            builder = builder.proxy(proxy);
        }
        if http1 {
            builder = builder.http1_only();
        } else if self.http2_prior_knowledge {
            builder = builder.http2_prior_knowledge();
        }
        match &self.tls_roots {
            // Redirects are not followed, so TLS cannot come up (but to a proxy): do not read the system's roots.
            None if !self.proxy_has_tls() => builder = builder.tls_certs_only([]),
            None => {}
            Some(roots) => {
                for pem in roots {
                    let root = reqwest::Certificate::from_pem(pem.as_bytes())
                        .map_err(|error| Error::new(Code::BadProfile, DOING).with("ca", "tlsRoots").because(error))?;
                    builder = builder.tls_certs_merge([root]);
                }
                if let Some(identity) = self.identity() {
                    builder = builder.identity(identity);
                }
            }
        }
        builder.build().map_err(|error| Error::new(Code::Internal, DOING).because(error))
    }

    fn identity(&self) -> Option<Identity> {
        self.way.identity.as_ref().map(|(_, identity)| identity.clone())
    }

    fn proxy_has_tls(&self) -> bool {
        self.way.proxy.as_ref().is_some_and(|proxy| proxy.url.scheme() == "https")
    }
}

impl Endpoint {
    /// Prepares the connection; nothing is sent yet.
    pub(crate) fn new(profile: &CaProfile, way: &Way) -> Result<Endpoint> {
        Endpoint::to(&profile.url, &profile.tls_roots, &profile.transport, way.clone())
    }

    fn to(url: &str, tls_roots: &[String], transport: &TransportOptions, way: Way) -> Result<Endpoint> {
        let bad = |what: &str| Error::new(Code::BadProfile, DOING).with("ca", what);
        let url = Url::parse(url).map_err(|error| bad(url).because(error))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad(url.as_str()));
        }
        let timeout = way.timeout.unwrap_or(ANSWER).min(ANSWER);
        let tls_roots = (url.scheme() == "https").then(|| tls_roots.to_vec());
        let plan = Plan { way, tls_roots, http2_prior_knowledge: transport.http2_prior_knowledge, timeout };
        Ok(Endpoint { client: plan.client(false)?, plan, url, transport: transport.clone(), timeout })
    }

    /// Host of the endpoint.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The way to it, for what the CA refers to.
    pub(crate) fn way(&self) -> &Way {
        &self.plan.way
    }

    /// Posts a CMP message and returns the bytes of the answer. Dropping this future ends it at once.
    ///
    /// An answer with an HTTP error status still counts when it carries CMP (RFC 9811 §3.5). A broken connection is tried
    /// again with the same bytes, all within the time for one answer.
    pub(crate) async fn post(&self, operation: Operation, message: &[u8]) -> Result<Posted> {
        let url = operation::address(&self.url, &self.transport, operation);
        match tokio::time::timeout(self.timeout, self.post_until_answered(&url, message)).await {
            Ok(posted) => posted,
            Err(_) => Err(self.too_late()),
        }
    }

    /// The error of an answer that did not come in time.
    pub(crate) fn too_late(&self) -> Error {
        Error::new(Code::CaTimeout, DOING).with("host", self.host())
    }

    async fn post_until_answered(&self, url: &Url, message: &[u8]) -> Result<Posted> {
        let retries = self.plan.way.retries.unwrap_or(RETRIES);
        let (mut repeated, mut pause) = (0, PAUSE);
        loop {
            let request = self
                .client
                .post(url.clone())
                .header(header::CONTENT_TYPE, "application/pkixcmp")
                .header(header::CACHE_CONTROL, "no-cache")
                .body(message.to_vec());
            let error = match request.send().await {
                Ok(response) => {
                    return Ok(Posted { answer: self.judge(response).await?, repeated: repeated > 0 });
                }
                Err(error) => self.unreachable(error).await,
            };
            if repeated == retries || !failure::is_broken_connection(&error) {
                return Err(error);
            }
            repeated += 1;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Is this answer CMP? Its bytes.
    async fn judge(&self, response: reqwest::Response) -> Result<Vec<u8>> {
        let status = response.status();
        let content_type = header_text(&response, header::CONTENT_TYPE);
        let is_cmp =
            content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/pkixcmp"));
        if status.is_redirection() {
            return Err(Error::new(Code::CaRedirects, DOING).with("location", header_text(&response, header::LOCATION)));
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let host = self.plan.way.proxy.as_ref().map_or_else(String::new, |proxy| proxy.host().to_owned());
            return Err(Error::new(Code::ProxyWantsPassword, DOING).with("host", host));
        }
        if !status.is_success() && !is_cmp {
            return Err(Error::new(Code::CaHttpStatus, DOING).with("status", status.as_u16()));
        }
        let body = self.read(response, cmp_protocol::MAX_MESSAGE).await?;
        if !is_cmp && !body.is_empty() {
            return Err(Error::new(Code::CaNotCmp, DOING).with("contentType", content_type));
        }
        if body.is_empty() {
            return Err(Error::new(Code::CaAnswerEmpty, DOING));
        }
        Ok(body)
    }

    /// Reads the body chunk by chunk, so that its size is bounded whatever the header says.
    async fn read(&self, mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(body),
                Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
                Ok(Some(_)) => return Err(Error::new(Code::CaAnswerTooLarge, DOING)),
                Err(error) => return Err(self.unreachable(error).await),
            }
        }
    }

    /// Is anybody there, and what time is it there? Any HTTP answer will do.
    pub(crate) async fn knock(&self) -> Result<Knock> {
        let response = match self.client.get(self.url.clone()).send().await {
            Ok(response) => response,
            Err(error) => return Err(self.unreachable(error).await),
        };
        let date = header_text(&response, header::DATE);
        let clock_ahead = http_date(&date).map(|theirs| theirs as i64 - clock::now() as i64);
        Ok(Knock { clock_ahead })
    }

    /// Fetches a text (a profile).
    pub(crate) async fn fetch(url: &str, way: &Way) -> Result<String> {
        let endpoint = Endpoint::to(url, &[], &TransportOptions::default(), Way { identity: None, ..way.clone() })?;
        let response = match endpoint.client.get(endpoint.url.clone()).send().await {
            Ok(response) => response,
            Err(error) => return Err(endpoint.unreachable(error).await),
        };
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(endpoint.judge(response).await.err().unwrap_or_else(|| endpoint.too_late()));
        }
        if response.status() != StatusCode::OK {
            return Err(Error::new(Code::CaHttpStatus, DOING).with("status", response.status().as_u16()));
        }
        let body = endpoint.read(response, PROFILE_SIZE).await?;
        String::from_utf8(body).map_err(|error| Error::new(Code::BadProfile, DOING).with("ca", url).because(error))
    }
}

fn header_text(response: &reqwest::Response, name: header::HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// `Sun, 22 Nov 2026 01:02:03 GMT` (RFC 9110 §5.6.7) as seconds since 1970.
fn http_date(text: &str) -> Option<u64> {
    httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_secs())
}
