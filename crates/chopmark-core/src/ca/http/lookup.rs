//! Looking up what a certificate refers to: revocation lists and OCSP responders, in the clear, for what comes is signed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{StatusCode, header};

use super::{DOING, Endpoint, Way};
use crate::{
    error::{Code, Error, Result},
    model::TransportOptions,
};

/// Longest wait for one look-up.
const WAIT: Duration = Duration::from_secs(20);
/// How long an answer is kept; whether it is still good, its own dates say.
const KEPT: Duration = Duration::from_secs(600);
/// Most bytes kept altogether; above it, everything goes.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// What is asked for, and where.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lookup {
    /// `http:` only: a `https:` address would need the status of its own certificate first (RFC 5280 §8).
    pub(crate) url: String,
    /// Media type and body of a POST; `None`: GET.
    pub(crate) question: Option<(&'static str, Vec<u8>)>,
}

/// What has been looked up by this app of late.
#[derive(Default)]
pub(crate) struct LookedUp(Mutex<HashMap<Lookup, (Instant, Vec<u8>)>>);

impl LookedUp {
    fn get(&self, lookup: &Lookup) -> Option<Vec<u8>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(lookup).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, answer)| answer.clone())
    }

    fn keep(&self, lookup: Lookup, answer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (at, _)| at.elapsed() < KEPT);
        if kept.values().map(|(_, answer)| answer.len()).sum::<usize>() + answer.len() > MOST_KEPT {
            kept.clear();
        }
        kept.insert(lookup, (Instant::now(), answer));
    }
}

impl Way {
    /// Looks something up, unless that has just been done. At most `limit` bytes.
    pub(crate) async fn look_up(&self, lookup: Lookup, limit: usize) -> Result<Vec<u8>> {
        if let Some(answer) = self.looked_up.get(&lookup) {
            return Ok(answer);
        }
        let answer = ask(&lookup, limit, self).await?;
        self.looked_up.keep(lookup, answer.clone());
        Ok(answer)
    }
}

async fn ask(lookup: &Lookup, limit: usize, way: &Way) -> Result<Vec<u8>> {
    let timeout = Some(way.timeout.unwrap_or(WAIT).min(WAIT));
    let way = Way { identity: None, timeout, ..way.clone() };
    let endpoint = Endpoint::to(&lookup.url, &[], &TransportOptions::default(), way)?;
    let request = match &lookup.question {
        None => endpoint.client.get(endpoint.url.clone()),
        Some((kind, body)) => {
            endpoint.client.post(endpoint.url.clone()).header(header::CONTENT_TYPE, *kind).body(body.clone())
        }
    };
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Err(endpoint.unreachable(error).await),
    };
    if response.status() != StatusCode::OK {
        return Err(Error::new(Code::CaHttpStatus, DOING).with("status", response.status().as_u16()));
    }
    endpoint.read(response, limit).await
}
