//! What "no answer" can mean, told apart by types and by asking again, never by texts.

use std::error::Error as StdError;

use reqwest::StatusCode;
use rustls::AlertDescription;

use super::{DOING, Endpoint};
use crate::error::{Code, Error};

impl Endpoint {
    /// Names a failure.
    pub(super) async fn unreachable(&self, error: reqwest::Error) -> Error {
        let code = self.name(&error).await;
        let host = match (code, &self.plan.way.proxy) {
            (Code::ProxyWantsPassword | Code::ProxyNoConnection, Some(proxy)) => proxy.host(),
            _ => self.host(),
        };
        let mut named = Error::new(code, DOING).with("host", host);
        if let (Code::CaRefusesCertificate, Some((path, _))) = (code, &self.plan.way.identity) {
            named = named.with("path", path.display());
        }
        named.because(error.without_url())
    }

    async fn name(&self, error: &reqwest::Error) -> Code {
        if error.is_timeout() {
            return Code::CaTimeout;
        }
        if let Some(tls) = tls_error(error) {
            return self.tls_code(tls);
        }
        if error.is_connect() {
            return match &self.plan.way.proxy {
                Some(_) => self.ask_the_proxy().await,
                None if tokio::net::lookup_host((self.host(), 1)).await.is_err() => Code::CaNameUnknown,
                None => Code::CaNoConnection,
            };
        }
        if error.is_decode() {
            return Code::CaAnswerGarbled;
        }
        self.ask_for_the_alert().await.unwrap_or(Code::CaNoConnection)
    }

    /// A server that does not like our certificate says so by an alert; without one of those, it is ours that distrusts.
    fn tls_code(&self, error: &rustls::Error) -> Code {
        match error {
            rustls::Error::AlertReceived(alert) if is_about_our_certificate(*alert) => {
                if self.plan.way.identity.is_some() { Code::CaRefusesCertificate } else { Code::CaWantsCertificate }
            }
            _ => Code::CaTls,
        }
    }

    /// A tunnel that was not opened does not tell why: the proxy is asked for the same server without one.
    async fn ask_the_proxy(&self) -> Code {
        let mut url = self.url.clone();
        if url.scheme() == "https" {
            let port = url.port_or_known_default();
            // Nothing of the request goes along: it travels in the clear.
            url.set_path("/");
            url.set_query(None);
            if url.set_scheme("http").is_err() || url.set_port(port).is_err() {
                return Code::CaNoConnection;
            }
        }
        match self.client.head(url).send().await {
            Ok(answer) if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => Code::ProxyWantsPassword,
            Err(error) if error.is_connect() => Code::ProxyNoConnection,
            _ => Code::CaNoConnection,
        }
    }

    /// Over HTTP/2, and when the server hangs up quickly, a TLS alert after the handshake is lost on the way through the
    /// libraries (TLS 1.3 judges our certificate that late). A second look over HTTP/1.1, with nothing in it, shows it.
    async fn ask_for_the_alert(&self) -> Option<Code> {
        if self.url.scheme() != "https" {
            return None;
        }
        let error = self.plan.client(true).ok()?.head(self.url.clone()).send().await.err()?;
        // Whatever else comes of it (a server without HTTP/1.1) says nothing about the failure.
        let code = tls_error(&error).map(|tls| self.tls_code(tls));
        code.filter(|code| matches!(code, Code::CaWantsCertificate | Code::CaRefusesCertificate))
    }
}

/// May the same bytes be sent again after this failure? Only when a connection broke: not after anything was answered.
pub(super) fn is_broken_connection(error: &Error) -> bool {
    let is_ours = matches!(error.code, Code::CaNoConnection | Code::ProxyNoConnection);
    is_ours && error.source().is_some_and(|cause| find::<hyper::Error>(cause).is_none_or(|error| !error.is_parse()))
}

fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
    )
}

fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    find::<rustls::Error>(error)
}

/// An error of one type anywhere in the chain of causes. `io::Error` hides its inner error from `source`, hence the extra
/// step.
pub(crate) fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| find::<T>(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
