//! One HTTP request as another protocol's client makes it, over our way out: our proxy, roots, limits and error numbers.

use std::future::Future;

use hyper::{
    Request, Response,
    body::Bytes,
    header::{HeaderMap, HeaderName},
};
use reqwest::{Method, StatusCode, Url};

use super::{DOING, Endpoint, LONGEST_PAUSE, PAUSE, RETRIES, Way, failure, header_text};
use crate::{
    error::{Code, Error, Result},
    model::TransportOptions,
};

impl Endpoint {
    /// A server of another protocol than CMP. Nothing is sent yet.
    pub(crate) fn plain(url: &str, tls_roots: &[String], way: &Way) -> Result<Endpoint> {
        Endpoint::to(url, tls_roots, &TransportOptions::default(), Way { identity: None, ..way.clone() })
    }

    /// Sends a request of that server's protocol, also to other paths of it, and reads at most `limit` bytes of answer,
    /// whatever its status; a redirect is none. `repeatable`: asking twice does no harm, so a broken connection is tried again.
    pub(crate) async fn exchange(
        &self,
        request: Request<Bytes>,
        limit: usize,
        repeatable: bool,
    ) -> Result<Response<Bytes>> {
        let retries = if repeatable { self.plan.way.retries.unwrap_or(RETRIES) } else { 0 };
        let (mut repeated, mut pause) = (0, PAUSE);
        loop {
            let error = match self.exchange_once(&request, limit).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if repeated == retries || !failure::is_broken_connection(&error) {
                return Err(error);
            }
            repeated += 1;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Boxed: two clients' state machines in one future are more than a stack wants to carry.
    fn exchange_once<'a>(
        &'a self,
        request: &'a Request<Bytes>,
        limit: usize,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response<Bytes>>> + Send + 'a>> {
        Box::pin(async move {
            let garbled = || Error::new(Code::CaAnswerGarbled, DOING);
            let url = Url::parse(&request.uri().to_string()).map_err(|error| garbled().because(error))?;
            let asked = self.client.request(Method::clone(request.method()), url).headers(request.headers().clone());
            let response = match asked.body(request.body().clone()).send().await {
                Ok(response) => response,
                Err(error) => return Err(self.unreachable(error).await),
            };
            let status = response.status();
            if status.is_redirection() {
                let location = header_text(&response, reqwest::header::LOCATION);
                return Err(Error::new(Code::CaRedirects, DOING).with("location", location));
            }
            if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
                return Err(self.judge(response).await.err().unwrap_or_else(|| self.too_late()));
            }
            let headers: HeaderMap = response.headers().clone();
            let mut answer = Response::new(Bytes::from(self.read(response, limit).await?));
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            Ok(answer)
        })
    }
}

/// A header's text; empty where there is none.
pub(crate) fn text_of(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
