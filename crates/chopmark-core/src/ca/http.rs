//! HTTP to a CA (RFC 9811): POST of `application/pkixcmp`, no redirects, bounded size and time, and each failure by name.

use std::{error::Error as StdError, time::Duration};

use reqwest::{Client, Proxy, StatusCode, Url, header, redirect};

use crate::{
    clock,
    error::{Code, Error, Result},
    model::CaProfile,
};

const DOING: &str = "asking the CA";
/// Longest wait for one answer unless the caller says otherwise.
const ANSWER: Duration = Duration::from_secs(60);
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// Largest profile file taken from a URL, bytes.
const PROFILE_SIZE: usize = 256 * 1024;

/// How to go out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Way {
    pub(crate) proxy: Option<String>,
    pub(crate) timeout: Option<Duration>,
}

/// A CA's HTTP endpoint.
pub(crate) struct Endpoint {
    client: Client,
    url: Url,
}

/// What a first knock at the door told.
pub(crate) struct Knock {
    /// How far the CA's clock is ahead of ours, in seconds; `None` when it does not say.
    pub(crate) clock_ahead: Option<i64>,
}

impl Endpoint {
    /// Prepares the connection; nothing is sent yet.
    pub(crate) fn new(profile: &CaProfile, way: &Way) -> Result<Endpoint> {
        Endpoint::to(&profile.url, &profile.tls_roots, way)
    }

    fn to(url: &str, tls_roots: &[String], way: &Way) -> Result<Endpoint> {
        let bad = |what: &str| Error::new(Code::BadProfile, DOING).with("ca", what);
        let url = Url::parse(url).map_err(|error| bad(url).because(error))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad(url.as_str()));
        }
        let timeout = way.timeout.unwrap_or(ANSWER).min(ANSWER);
        let mut builder = Client::builder()
            .user_agent(concat!("chopmark/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT.min(timeout))
            .timeout(timeout);
        if let Some(proxy) = &way.proxy {
            let proxy = Proxy::all(proxy)
                .map_err(|error| Error::new(Code::BadInput, DOING).with("what", "--proxy").because(error))?;
            builder = builder.proxy(proxy);
        }
        if url.scheme() == "http" {
            // Redirects are not followed, so TLS cannot come up: do not read the system's roots.
            builder = builder.tls_certs_only([]);
        } else {
            for pem in tls_roots {
                let root =
                    reqwest::Certificate::from_pem(pem.as_bytes()).map_err(|error| bad("tlsRoots").because(error))?;
                builder = builder.tls_certs_merge([root]);
            }
        }
        let client = builder.build().map_err(|error| Error::new(Code::Internal, DOING).because(error))?;
        Ok(Endpoint { client, url })
    }

    /// Host of the endpoint.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Posts a CMP message and returns the bytes of the answer.
    ///
    /// An answer with an HTTP error status still counts when it carries CMP (RFC 9811 §3.5).
    pub(crate) async fn post(&self, message: Vec<u8>) -> Result<Vec<u8>> {
        let request = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/pkixcmp")
            .header(header::CACHE_CONTROL, "no-cache")
            .body(message);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(self.unreachable(error).await),
        };
        let status = response.status();
        let content_type = header_text(&response, header::CONTENT_TYPE);
        let is_cmp =
            content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/pkixcmp"));
        if status.is_redirection() {
            return Err(Error::new(Code::CaRedirects, DOING).with("location", header_text(&response, header::LOCATION)));
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
        let endpoint = Endpoint::to(url, &[], way)?;
        let response = match endpoint.client.get(endpoint.url.clone()).send().await {
            Ok(response) => response,
            Err(error) => return Err(endpoint.unreachable(error).await),
        };
        if response.status() != StatusCode::OK {
            return Err(Error::new(Code::CaHttpStatus, DOING).with("status", response.status().as_u16()));
        }
        let body = endpoint.read(response, PROFILE_SIZE).await?;
        String::from_utf8(body).map_err(|error| Error::new(Code::BadProfile, DOING).with("ca", url).because(error))
    }

    /// Tells apart what "no answer" can mean, by types and by asking the resolver, never by texts.
    async fn unreachable(&self, error: reqwest::Error) -> Error {
        let host = self.host().to_owned();
        let code = if error.is_timeout() {
            Code::CaTimeout
        } else if is_tls(&error) {
            Code::CaTls
        } else if error.is_connect() && tokio::net::lookup_host((host.as_str(), 1)).await.is_err() {
            Code::CaNameUnknown
        } else if error.is_connect() {
            Code::CaNoConnection
        } else if error.is_decode() {
            Code::CaAnswerGarbled
        } else {
            Code::CaNoConnection
        };
        Error::new(code, DOING).with("host", host).because(error.without_url())
    }
}

/// A rustls error anywhere in the chain of causes. `io::Error` hides its inner error from `source`, hence the extra step.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if inner.is_some_and(|inner| is_tls(inner)) {
            return true;
        }
        next = error.source();
    }
    false
}

fn header_text(response: &reqwest::Response, name: header::HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// `Sun, 22 Nov 2026 01:02:03 GMT` (RFC 9110 §5.6.7) as seconds since 1970.
fn http_date(text: &str) -> Option<u64> {
    httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_secs())
}
