//! Problem documents (RFC 8555 §6.7, RFC 7807) as numbered errors.

use hyper::{Response, body::Bytes, header};
use serde::Deserialize;

use super::DOING;
use crate::{
    ca::http::text_of,
    clock,
    error::{Code, Error},
};

const PREFIX: &str = "urn:ietf:params:acme:error:";
/// Longest text of the CA that is shown, characters.
const LONGEST_TEXT: usize = 300;
/// Most subproblems that are told.
const MOST_SUBPROBLEMS: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    r#type: String,
    detail: String,
    instance: Option<String>,
    identifier: Option<Identifier>,
    subproblems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
struct Identifier {
    value: String,
}

impl Problem {
    fn kind(&self) -> &str {
        self.r#type.strip_prefix(PREFIX).unwrap_or(&self.r#type)
    }

    fn error(&self) -> Error {
        let code = match self.kind() {
            "accountDoesNotExist" => Code::AcmeAccountGone,
            "alreadyRevoked" => Code::AlreadyRevoked,
            "badCSR" | "badPublicKey" => Code::AcmeBadRequest,
            "badSignatureAlgorithm" => Code::AlgorithmRefused,
            "caa" => Code::AcmeCaa,
            // A problem that only gathers others is told by the first of them.
            "compound" if !self.subproblems.is_empty() => self.subproblems[0].error().code,
            "connection" | "tls" => Code::AcmeConnection,
            "dns" => Code::AcmeDns,
            "externalAccountRequired" => Code::AcmeNeedsCodes,
            "incorrectResponse" => Code::AcmeProofWrong,
            "rateLimited" => Code::AcmeRateLimited,
            "rejectedIdentifier" | "unsupportedIdentifier" => Code::AcmeDomainRefused,
            "serverInternal" => Code::CaTrouble,
            "unauthorized" => Code::AcmeNotAllowed,
            "userActionRequired" => Code::AcmeUserAction,
            _ => Code::AcmeRefused,
        };
        let mut error = Error::new(code, DOING).with("type", plain(self.kind()));
        if !self.detail.is_empty() {
            error = error.with("text", plain(&self.detail));
        }
        if let Some(url) = &self.instance {
            error = error.with("url", plain(url));
        }
        let domains = self.subproblems.iter().filter_map(|one| one.identifier.as_ref());
        let domains: Vec<String> =
            self.identifier.iter().chain(domains).take(MOST_SUBPROBLEMS).map(|one| plain(&one.value)).collect();
        if !domains.is_empty() {
            error = error.with("domain", domains.join(", "));
        }
        if !self.subproblems.is_empty() {
            let told: Vec<String> = self.subproblems.iter().take(MOST_SUBPROBLEMS).map(Problem::told).collect();
            error = error.with("each", told.join("; "));
        }
        error
    }

    /// `shop.example: rateLimited, too many certificates`.
    fn told(&self) -> String {
        let about = self.identifier.as_ref().map(|one| format!("{}: ", plain(&one.value))).unwrap_or_default();
        format!("{about}{} ({})", plain(&self.detail), plain(self.kind()))
    }
}

/// What an answer that is no success says.
pub(super) fn of_answer(answer: &Response<Bytes>) -> Error {
    let status = answer.status().as_u16();
    let error = match serde_json::from_slice::<Problem>(answer.body()) {
        // A web server in between has its own pages.
        Ok(problem) if !problem.r#type.is_empty() => problem.error(),
        _ if status == 429 => Error::new(Code::AcmeRateLimited, DOING),
        _ => return Error::new(Code::CaHttpStatus, DOING).with("status", status),
    };
    match retry_after(text_of(answer.headers(), header::RETRY_AFTER)) {
        Some(seconds) if error.code == Code::AcmeRateLimited => error.with("minutes", seconds.div_ceil(60)),
        _ => error,
    }
}

pub(super) fn is_bad_nonce(body: &[u8]) -> bool {
    serde_json::from_slice::<Problem>(body).is_ok_and(|problem| problem.kind() == "badNonce")
}

/// A problem that is part of another answer, as the crate keeps it.
pub(super) fn of_crate(problem: &instant_acme::Problem) -> Error {
    read(problem).error()
}

/// Why a challenge failed: here `unauthorized` is about the proof, not about the account.
pub(super) fn of_challenge(problem: &instant_acme::Problem, domain: &str) -> Error {
    let mut error = of_crate(problem);
    if error.code == Code::AcmeNotAllowed {
        error.code = Code::AcmeProofWrong;
    }
    error.with("domain", domain)
}

fn read(problem: &instant_acme::Problem) -> Problem {
    let subproblems = problem.subproblems.iter().map(|one| Problem {
        r#type: one.r#type.clone().unwrap_or_default(),
        detail: one.detail.clone().unwrap_or_default(),
        identifier: one.identifier.as_ref().map(|one| Identifier { value: one.authorized(false).to_string() }),
        ..Problem::default()
    });
    Problem {
        r#type: problem.r#type.clone().unwrap_or_default(),
        detail: problem.detail.clone().unwrap_or_default(),
        subproblems: subproblems.collect(),
        ..Problem::default()
    }
}

/// Seconds, from either form of the header (RFC 9110 §10.2.3).
pub(super) fn retry_after(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(seconds);
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    Some(at.saturating_sub(clock::now()))
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: &str, body: &str) -> Error {
        let answer = Response::builder().status(status).header(header::RETRY_AFTER, retry_after);
        of_answer(&answer.body(Bytes::from(body.to_owned())).unwrap())
    }

    #[test]
    fn every_kind_has_its_number() {
        for (kind, code) in [
            ("accountDoesNotExist", Code::AcmeAccountGone),
            ("alreadyRevoked", Code::AlreadyRevoked),
            ("badCSR", Code::AcmeBadRequest),
            ("badPublicKey", Code::AcmeBadRequest),
            ("badSignatureAlgorithm", Code::AlgorithmRefused),
            ("caa", Code::AcmeCaa),
            ("connection", Code::AcmeConnection),
            ("tls", Code::AcmeConnection),
            ("dns", Code::AcmeDns),
            ("externalAccountRequired", Code::AcmeNeedsCodes),
            ("incorrectResponse", Code::AcmeProofWrong),
            ("rejectedIdentifier", Code::AcmeDomainRefused),
            ("unsupportedIdentifier", Code::AcmeDomainRefused),
            ("serverInternal", Code::CaTrouble),
            ("unauthorized", Code::AcmeNotAllowed),
            ("userActionRequired", Code::AcmeUserAction),
            ("orderNotReady", Code::AcmeRefused),
            ("somethingNew", Code::AcmeRefused),
        ] {
            let error = answer(403, "", &format!(r#"{{"type": "{PREFIX}{kind}", "detail": "so\u0007 it is"}}"#));
            assert_eq!((error.code, error.facts["text"].as_str()), (code, "so it is"), "{kind}");
            assert_eq!(error.facts["type"], kind);
        }
    }

    #[test]
    fn too_many_requests_say_how_long() {
        let limited = format!(r#"{{"type": "{PREFIX}rateLimited", "detail": "slow down"}}"#);
        assert_eq!(answer(429, "61", &limited).facts["minutes"], "2");
        let later = httpdate::fmt_http_date(std::time::SystemTime::now() + std::time::Duration::from_secs(3600));
        assert!(["60", "61"].contains(&answer(429, &later, &limited).facts["minutes"].as_str()));
        assert!(!answer(429, "soon", &limited).facts.contains_key("minutes"));
        let by_a_proxy = answer(429, "30", "<html>");
        assert_eq!((by_a_proxy.code, by_a_proxy.facts["minutes"].as_str()), (Code::AcmeRateLimited, "1"));
        assert_eq!(answer(502, "", "<html>Bad Gateway").code, Code::CaHttpStatus);
        assert_eq!(answer(502, "", r#"{"type": 5}"#).code, Code::CaHttpStatus);
    }

    /// The example of RFC 8555 §6.7.1.
    #[test]
    fn each_domain_is_told_what_is_wrong_with_it() {
        let body = r#"{
            "type": "urn:ietf:params:acme:error:malformed",
            "detail": "Some of the identifiers requested were rejected",
            "subproblems": [
                { "type": "urn:ietf:params:acme:error:malformed",
                  "detail": "Invalid underscore in DNS name \"_example.org\"",
                  "identifier": { "type": "dns", "value": "_example.org" } },
                { "type": "urn:ietf:params:acme:error:rejectedIdentifier",
                  "detail": "This CA will not issue for \"example.net\"",
                  "identifier": { "type": "dns", "value": "example.net" } }
            ]
        }"#;
        let error = answer(403, "", body);
        assert_eq!((error.code, error.facts["domain"].as_str()), (Code::AcmeRefused, "_example.org, example.net"));
        let each = &error.facts["each"];
        assert!(
            each.contains("example.net: This CA will not issue for \"example.net\" (rejectedIdentifier)"),
            "{each}"
        );
        let compound = body.replacen("malformed", "compound", 1).replacen("malformed", "caa", 1);
        assert_eq!(answer(403, "", &compound).code, Code::AcmeCaa);
        // As the crate gives the same document.
        let kept: instant_acme::Problem = serde_json::from_str(&compound).unwrap();
        assert_eq!(of_crate(&kept).facts["each"], answer(403, "", &compound).facts["each"]);
    }
}
