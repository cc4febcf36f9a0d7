//! A question to an interface that speaks JSON. It is sent once: only the caller knows whether twice does harm.

use reqwest::{StatusCode, header};

use super::{DOING, Endpoint, Way, header_text};
use crate::{
    error::{Code, Error, Result},
    model::TransportOptions,
};

impl Endpoint {
    /// Posts JSON, takes at most `limit` bytes of answer. No redirect is followed: there is a signature in the question.
    pub(crate) async fn post_json(url: &str, body: Vec<u8>, limit: usize, way: &Way) -> Result<Vec<u8>> {
        let endpoint = Endpoint::to(url, &[], &TransportOptions::default(), Way { identity: None, ..way.clone() })?;
        let request = endpoint.client.post(endpoint.url.clone());
        let response = match request.header(header::CONTENT_TYPE, "application/json").body(body).send().await {
            Ok(response) => response,
            Err(error) => return Err(endpoint.unreachable(error).await),
        };
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::new(Code::CaRedirects, DOING).with("location", header_text(&response, header::LOCATION)));
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(endpoint.judge(response).await.err().unwrap_or_else(|| endpoint.too_late()));
        }
        if status != StatusCode::OK {
            return Err(Error::new(Code::CaHttpStatus, DOING).with("status", status.as_u16()));
        }
        endpoint.read(response, limit).await
    }

    /// Fetches a file of at most `limit` bytes. No redirect is followed.
    pub(crate) async fn fetch_bytes(url: &str, limit: usize, way: &Way) -> Result<Vec<u8>> {
        let endpoint = Endpoint::to(url, &[], &TransportOptions::default(), Way { identity: None, ..way.clone() })?;
        let response = match endpoint.client.get(endpoint.url.clone()).send().await {
            Ok(response) => response,
            Err(error) => return Err(endpoint.unreachable(error).await),
        };
        if response.status() != StatusCode::OK {
            return Err(Error::new(Code::CaHttpStatus, DOING).with("status", response.status().as_u16()));
        }
        endpoint.read(response, limit).await
    }
}
