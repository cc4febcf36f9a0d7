//! `instant-acme` on our HTTP. What goes wrong on the way, and what the CA refuses, is named here, where all of the answer is at
//! hand: that crate keeps of a refusal neither Retry-After nor its cause.

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper::{Method, Request, Response, StatusCode, body::Bytes, header};
use instant_acme::{BodyWrapper, BytesBody, BytesResponse, HttpClient};
use serde::Deserialize;

use super::{DOING, LARGEST, problem, strange};
use crate::{
    ca::http::{Endpoint, Way},
    error::{Code, Error, Result},
};

/// The way to one CA.
#[derive(Clone)]
pub(super) struct Transport(Arc<Endpoint>);

/// As much of a JWS as tells whether it changes anything.
#[derive(Deserialize)]
struct Payload {
    payload: String,
}

impl Transport {
    /// # Errors
    /// [`Code::BadInput`] (reason `acme-address`): what is asked and answered says who orders what, and RFC 8555 §6.1 demands
    /// TLS; only on this computer it may go without.
    pub(super) fn to(directory: &str, tls_roots: &[String], way: &Way) -> Result<Transport> {
        check_address(directory)?;
        Ok(Transport(Arc::new(Endpoint::plain(directory, tls_roots, way)?)))
    }

    /// Sends one request. A refusal is an error, but for a nonce that is worn out: whoever asks makes another.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        check_address(&request.uri().to_string())?;
        let answer = self.0.exchange(request.clone(), LARGEST, is_question(&request)).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let error = problem::of_answer(&answer);
        // A nonce goes stale when a question had to be asked again, too.
        if answer.status() == StatusCode::BAD_REQUEST && problem::is_bad_nonce(answer.body()) {
            Ok(answer)
        } else {
            Err(error)
        }
    }

    pub(super) async fn get(&self, method: Method, url: &str) -> Result<Response<Bytes>> {
        let request = Request::builder().method(method).uri(url).body(Bytes::new());
        self.send(request.map_err(|error| strange("url").because(error))?).await
    }

    pub(super) async fn post(&self, url: &str, jws: Vec<u8>) -> Result<Response<Bytes>> {
        let request = Request::post(url).header(header::CONTENT_TYPE, "application/jose+json").body(jws.into());
        self.send(request.map_err(|error| strange("url").because(error))?).await
    }
}

/// Does it ask only? GET, HEAD, and POST-as-GET (RFC 8555 §6.3).
fn is_question(request: &Request<Bytes>) -> bool {
    match *request.method() {
        Method::GET | Method::HEAD => true,
        _ => serde_json::from_slice(request.body()).is_ok_and(|jws: Payload| jws.payload.is_empty()),
    }
}

/// The CA names addresses itself; none of them may lead into the clear.
fn check_address(text: &str) -> Result<()> {
    let bad = || Error::new(Code::BadInput, DOING).with("reason", "acme-address");
    let url = url::Url::parse(text).map_err(|error| bad().because(error))?;
    let here = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(_)) => false,
        None => return Err(bad()),
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || !(url.scheme() == "https" || url.scheme() == "http" && here) {
        return Err(bad());
    }
    Ok(())
}

struct Body(Bytes);

#[async_trait]
impl BytesBody for Body {
    async fn into_bytes(&mut self) -> std::result::Result<Bytes, Box<dyn std::error::Error + Send + Sync + 'static>> {
        Ok(std::mem::take(&mut self.0))
    }
}

impl HttpClient for Transport {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = std::result::Result<BytesResponse, instant_acme::Error>> + Send>> {
        let transport = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = body.collect().await;
            let answer = transport.send(Request::from_parts(parts, body.to_bytes())).await;
            let (parts, body) = answer.map_err(|error| instant_acme::Error::Other(Box::new(error)))?.into_parts();
            Ok(BytesResponse { parts, body: Box::new(Body(body)) })
        })
    }
}

/// The crate's errors as ours; those that are ours come back as they were.
pub(super) fn named(error: instant_acme::Error) -> Error {
    match error {
        instant_acme::Error::Other(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => strange("answer").because(other),
        },
        instant_acme::Error::Api(refused) => problem::of_crate(&refused),
        instant_acme::Error::Unsupported(what) => strange(what),
        instant_acme::Error::Crypto | instant_acme::Error::KeyRejected => {
            Error::new(Code::KeptKeyUnreadable, DOING).because(error)
        }
        other => strange("answer").because(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_in_the_clear() {
        for good in ["https://ca.example/dir", "http://127.0.0.1:14000/dir", "http://[::1]/dir", "https://127.0.0.1/"] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://ca.example/dir",
            "ftp://127.0.0.1/",
            "nonsense",
            "https://a:b@ca.example/",
            "http://localhost/",
            "/dir",
        ] {
            assert_eq!(check_address(bad).unwrap_err().facts["reason"], "acme-address", "{bad}");
        }
    }

    #[test]
    fn what_only_asks_is_known() {
        let post = |body: &str| Request::post("https://ca.example/").body(Bytes::from(body.to_owned())).unwrap();
        assert!(is_question(&post(r#"{"protected":"x","payload":"","signature":"y"}"#)));
        assert!(!is_question(&post(r#"{"protected":"x","payload":"e30","signature":"y"}"#)));
        assert!(!is_question(&post("")));
        assert!(is_question(&Request::get("https://ca.example/").body(Bytes::new()).unwrap()));
    }
}
