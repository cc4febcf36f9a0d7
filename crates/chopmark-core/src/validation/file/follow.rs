//! Redirects, for CAs that follow them (RFC 8555 §8.3): where they lead in the end.

use std::net::SocketAddr;

use url::{Host, Url};

use super::fetch::{Answer, Fetched, Web};
use crate::validation::{dns, settings::Settings};

/// Let's Encrypt follows ten.
const MOST: usize = 10;

/// What stands at the end of the redirects, and where that is. What leads nowhere (round in a circle, to a bare address, to another
/// port or protocol) is left as it was.
pub(super) async fn to_the_end(
    web: &Web<'_>,
    path: &str,
    fetched: Fetched,
    settings: &Settings,
) -> (Fetched, Option<String>) {
    let Some(mut next) = Url::parse(&web.url(path)).ok().and_then(|url| target(&url, &fetched)) else {
        return (fetched, None);
    };
    for _ in 0..MOST {
        let Some(there) = fetch(&next, web, settings).await else { break };
        match target(&next, &there) {
            Some(further) => next = further,
            None => return (there, Some(next.into())),
        }
    }
    (fetched, None)
}

fn target(from: &Url, fetched: &Fetched) -> Option<Url> {
    match &fetched.answer {
        Ok(Answer { status: 301 | 302 | 303 | 307 | 308, location: Some(location), .. }) => from.join(location).ok(),
        _ => None,
    }
}

async fn fetch(url: &Url, web: &Web<'_>, settings: &Settings) -> Option<Fetched> {
    let Some(Host::Domain(domain)) = url.host() else { return None };
    let (scheme, usual) = match url.scheme() {
        "http" => ("http", settings.web.http_port),
        "https" => ("https", settings.web.https_port),
        _ => return None,
    };
    let port = url.port().unwrap_or(usual);
    if port != usual {
        return None;
    }
    // The same site has the same address; of another one the first, as most clients take.
    let ip = match domain == web.domain {
        true => web.address.ip(),
        false => *dns::addresses(domain, &settings.dns).await?.first()?,
    };
    let there = Web { scheme, domain, address: SocketAddr::new(ip, port), limit: web.limit, most: web.most };
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Some(there.fetch(&path).await.0)
}
