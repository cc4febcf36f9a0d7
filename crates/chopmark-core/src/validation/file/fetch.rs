//! One look at one address of a web server. Redirects are not followed, nothing is unpacked, no proxy is asked: the CA asks
//! the server itself.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{Client, header, redirect::Policy};
use rustls::CertificateError;

use crate::{ca::http::find, hints::System};

/// More than this beside the content wanted is no validation file.
const SLACK: usize = 64 * 1024;
/// Longest address of a redirect that is told.
const LONGEST_LOCATION: usize = 500;

/// Where to look.
pub(super) struct Web<'a> {
    pub(super) scheme: &'static str,
    pub(super) domain: &'a str,
    pub(super) address: SocketAddr,
    pub(super) limit: Duration,
    /// Bytes of the content wanted.
    pub(super) most: usize,
}

/// What came.
pub(super) struct Fetched {
    /// What browsers do not like of the certificate.
    pub(super) certificate: Option<&'static str>,
    pub(super) answer: Result<Answer, Failure>,
}

/// An HTTP answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    /// Content-Encoding.
    pub(super) encoding: Option<String>,
    pub(super) body: Vec<u8>,
    /// The body goes on.
    pub(super) too_large: bool,
}

/// No HTTP answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Timeout,
    NoConnection,
    Tls,
    NotHttp,
}

impl Web<'_> {
    /// The address of a path, as a person would type it.
    pub(super) fn url(&self, path: &str) -> String {
        let usual = if self.scheme == "https" { 443 } else { 80 };
        match self.address.port() {
            port if port == usual => format!("{}://{}{path}", self.scheme, self.domain),
            port => format!("{}://{}:{port}{path}", self.scheme, self.domain),
        }
    }

    /// The same for a terminal.
    pub(super) fn command(&self, path: &str) -> String {
        let program = match System::ours() {
            System::Windows => "curl.exe",
            _ => "curl",
        };
        let (ip, port) = (self.address.ip(), self.address.port());
        let ip = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
        let insecure = if self.scheme == "https" { " -k" } else { "" };
        format!("{program} -i{insecure} --resolve {}:{port}:{ip} {}", self.domain, self.url(path))
    }

    /// Fetches a path. A certificate that browsers do not like is told, and then let pass: CAs do not look at it.
    pub(super) async fn fetch(&self, path: &str) -> (Fetched, Duration) {
        let started = Instant::now();
        let fetched = match tokio::time::timeout(self.limit, self.fetch_any(path)).await {
            Ok(fetched) => fetched,
            Err(_) => Fetched { certificate: None, answer: Err(Failure::Timeout) },
        };
        (fetched, started.elapsed())
    }

    async fn fetch_any(&self, path: &str) -> Fetched {
        let error = match self.attempt(path, true).await {
            Ok(answer) => return Fetched { certificate: None, answer: Ok(answer) },
            Err(error) => error,
        };
        let Some(reason) = about_certificate(&error) else {
            return Fetched { certificate: None, answer: Err(name(&error)) };
        };
        let answer = self.attempt(path, false).await.map_err(|error| name(&error));
        Fetched { certificate: Some(reason), answer }
    }

    async fn attempt(&self, path: &str, verify: bool) -> reqwest::Result<Answer> {
        let mut builder = Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(Policy::none())
            .resolve(self.domain, self.address)
            .connect_timeout(self.limit)
            .user_agent("Chopmark (domain check)");
        if self.scheme == "http" {
            // Redirects are not followed, so TLS cannot come up: do not read the system's roots.
            builder = builder.tls_certs_only([]);
        } else if !verify {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        let mut response =
            builder.build()?.get(self.url(path)).header(header::CACHE_CONTROL, "no-cache").send().await?;
        let text = |name: header::HeaderName| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).chars().take(LONGEST_LOCATION).collect::<String>())
        };
        let (location, encoding) = (text(header::LOCATION), text(header::CONTENT_ENCODING));
        let status = response.status().as_u16();
        let (mut body, mut too_large) = (Vec::new(), false);
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > self.most + SLACK {
                body.truncate(self.most + SLACK);
                too_large = true;
                break;
            }
        }
        Ok(Answer { status, location, encoding, body, too_large })
    }
}

fn about_certificate(error: &reqwest::Error) -> Option<&'static str> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    match find::<rustls::Error>(error)? {
        rustls::Error::InvalidCertificate(why) => Some(match why {
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => "expired",
            NotValidForName | NotValidForNameContext { .. } => "name",
            UnknownIssuer => "issuer",
            _ => "other",
        }),
        _ => None,
    }
}

fn name(error: &reqwest::Error) -> Failure {
    match () {
        () if error.is_timeout() => Failure::Timeout,
        () if find::<rustls::Error>(error).is_some() => Failure::Tls,
        // Something that opens the connection and then hangs up, or speaks otherwise.
        () if !error.is_connect() || find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) => {
            Failure::NotHttp
        }
        () => Failure::NoConnection,
    }
}
