//! Tokens and what is on them.

use super::{Ruled, Topic, any_token, key_words, token_name, tokens};
use crate::{
    drivers::facts::{CertificateFacts, Facts, TokenFacts},
    error::Code,
    model::{KeyChoice, PinState, Severity},
};

/// Bytes below which not even one key and certificate find room, and below which it gets tight.
const FULL: u64 = 1_024;
const TIGHT: u64 = 8_192;
/// A day in seconds, and how many days before its end a certificate is to be renewed.
const DAY: i64 = 86_400;
const SOON: i64 = 30;

/// No token anywhere, and nothing plugged in that would say why.
pub(super) fn none(facts: &Facts) -> Vec<Ruled> {
    let card = facts.reader_service.iter().flat_map(|service| &service.readers).any(|reader| reader.card);
    let provider = facts.providers.iter().any(|provider| provider.token);
    let removable = tokens(facts).iter().any(|(_, token)| token.removable);
    // Nobody has looked.
    let blind = facts.helper.is_some();
    if any_token(facts) || removable || card || provider || blind || !facts.plugged.is_empty() {
        return Vec::new();
    }
    vec![Ruled::new(Code::TokenNotFound, Severity::Warning, Topic::Tokens, "")]
}

/// PINs, room, and what else a token says of itself. What makes one useless stands in nobody's way beside another that is well.
pub(super) fn states(facts: &Facts) -> Vec<Ruled> {
    let set_up = tokens(facts).into_iter().map(|(_, token)| token).filter(|token| token.initialized);
    let each: Vec<Vec<Ruled>> = set_up.map(state).collect();
    let usable = each.iter().any(|found| found.iter().all(|one| one.severity != Severity::Error));
    let most = if usable { Severity::Warning } else { Severity::Error };
    each.into_iter().flatten().map(|one| Ruled { severity: one.severity.min(most), ..one }).collect()
}

fn state(token: &TokenFacts) -> Vec<Ruled> {
    let name = token_name(token);
    let about = |(code, severity)| {
        let found = Ruled::new(code, severity, Topic::Tokens, name);
        if name.is_empty() { found } else { found.with("token", name) }
    };
    let mut found: Vec<Ruled> =
        [pin(token.pin), pad(token), so_pin(token.so_pin)].into_iter().flatten().map(about).collect();
    if token.write_protected {
        found.push(about((Code::TokenWriteProtected, Severity::Warning)));
    }
    match token.free_memory {
        Some(free) if free < FULL => found.push(about((Code::TokenFull, Severity::Error))),
        Some(free) if free < TIGHT => {
            found.push(about((Code::TokenNearlyFull, Severity::Warning)).with("free", free));
        }
        _ => {}
    }
    if !token.lone_keys.is_empty() {
        let lone = about((Code::KeyWithoutCertificate, Severity::Note));
        found.push(lone.with("keys", token.lone_keys.join(", ")));
    }
    found
}

fn pin(state: PinState) -> Option<(Code, Severity)> {
    match state {
        PinState::Ok => None,
        PinState::NotSet => Some((Code::PinNotSet, Severity::Error)),
        PinState::CountLow => Some((Code::PinCountLow, Severity::Warning)),
        PinState::FinalTry => Some((Code::PinFinalTry, Severity::Warning)),
        PinState::Locked => Some((Code::PinLocked, Severity::Error)),
        PinState::MustChange => Some((Code::PinExpired, Severity::Warning)),
    }
}

fn pad(token: &TokenFacts) -> Option<(Code, Severity)> {
    token.pin_pad.then_some((Code::PinPad, Severity::Note))
}

/// Needed for unlocking only, so nothing here keeps a person from working.
fn so_pin(state: PinState) -> Option<(Code, Severity)> {
    match state {
        PinState::Ok | PinState::NotSet | PinState::MustChange => None,
        PinState::CountLow => Some((Code::SoPinCountLow, Severity::Note)),
        PinState::FinalTry => Some((Code::SoPinFinalTry, Severity::Warning)),
        PinState::Locked => Some((Code::SoPinLocked, Severity::Warning)),
    }
}

/// Never set up. An empty slot that cannot be unplugged is where a software driver would make its next token, and worth a word
/// only when there is nothing else.
pub(super) fn empty(facts: &Facts) -> Vec<Ruled> {
    let nothing_else = !any_token(facts);
    let empty = tokens(facts).into_iter().filter(|(_, token)| !token.initialized && (token.removable || nothing_else));
    let found = empty.map(|(driver, token)| {
        let severity = match (token.removable, nothing_else) {
            (true, true) => Severity::Error,
            (true, false) => Severity::Warning,
            (false, _) => Severity::Note,
        };
        let name =
            [token_name(token), super::driver_name(driver)].into_iter().find(|name| !name.is_empty()).unwrap_or("");
        Ruled::new(Code::TokenNotInitialized, severity, Topic::Tokens, name).with("token", name)
    });
    found.collect()
}

/// Two tokens of one name: a place that names only that is not clear.
pub(super) fn same_names(facts: &Facts) -> Vec<Ruled> {
    let all: Vec<&TokenFacts> = tokens(facts).into_iter().map(|(_, token)| token).collect();
    let named = |token: &&&TokenFacts| token.initialized && !token.label.is_empty();
    let mut found: Vec<Ruled> = Vec::new();
    for token in all.iter().filter(named) {
        let serials: Vec<&str> = all
            .iter()
            .filter(|other| other.initialized && other.label == token.label)
            .map(|one| &*one.serial)
            .collect();
        if serials.len() > 1 && !found.iter().any(|one| one.about == token.label) {
            let twice = Ruled::new(Code::TokenAmbiguous, Severity::Warning, Topic::Tokens, &token.label);
            found.push(twice.with("token", &token.label).with("seen", serials.join(", ")));
        }
    }
    found
}

/// Keys that the token makes, against those that the CA takes.
pub(super) fn keys(facts: &Facts) -> Vec<Ruled> {
    let wanted = facts.ca.as_ref().map_or(&[][..], |ca| &ca.keys);
    // A token whose description could not be read says nothing about its keys either.
    let usable: Vec<&TokenFacts> = tokens(facts)
        .into_iter()
        .map(|(_, token)| token)
        .filter(|token| token.initialized && !token.label.is_empty())
        .collect();
    let fits = |token: &TokenFacts| match wanted {
        [] => !token.keys.is_empty(),
        wanted => token.keys.iter().any(|key| wanted.contains(key)),
    };
    let severity = if usable.iter().any(|token| fits(token)) { Severity::Note } else { Severity::Error };
    let found = usable.iter().filter(|token| !fits(token)).map(|token| {
        let code = if too_small(&token.keys, wanted) { Code::KeyTooSmall } else { Code::KeyKindUnsupported };
        let found = Ruled::new(code, severity, Topic::Tokens, &token.label).with("token", &token.label);
        let found = if wanted.is_empty() { found } else { found.with("wants", key_words(wanted)) };
        match code {
            Code::KeyTooSmall => found.with("keys", key_words(&token.keys)),
            _ if wanted.is_empty() => found,
            _ => found.with("key", key_words(wanted)),
        }
    });
    found.collect()
}

/// Of the kind that the CA takes, and smaller.
fn too_small(has: &[KeyChoice], wanted: &[KeyChoice]) -> bool {
    let size = |key: &KeyChoice| match key {
        KeyChoice::Rsa2048 => (0, 2048),
        KeyChoice::Rsa3072 => (0, 3072),
        KeyChoice::Rsa4096 => (0, 4096),
        KeyChoice::EcP256 => (1, 256),
        KeyChoice::EcP384 => (1, 384),
        KeyChoice::EcP521 => (1, 521),
        KeyChoice::Ed25519 => (2, 255),
    };
    has.iter().map(size).any(|(kind, bits)| wanted.iter().map(size).any(|(other, more)| kind == other && bits < more))
}

/// Certificates near or past their ends, and those whose key is not there.
pub(super) fn certificates(facts: &Facts) -> Vec<Ruled> {
    let own = facts.certificates.iter().filter(|one| !one.authority);
    own.flat_map(|one| certificate(one, facts.taken)).collect()
}

fn certificate(one: &CertificateFacts, now: i64) -> Vec<Ruled> {
    let days = |seconds: i64| (seconds.max(0) / DAY).to_string();
    let left = one.not_after.saturating_sub(now);
    let about = |code| {
        let found = Ruled::new(code, Severity::Warning, Topic::Certificates, &one.subject);
        found.with("certificate", &one.subject).detail(&format!("{}\nSHA-256 {}", one.place, one.sha256))
    };
    let mut found = Vec::new();
    if one.not_before > now {
        let wait = one.not_before.saturating_sub(now);
        found.push(about(Code::CertificateNotYetValid).with("days", days(wait.saturating_add(DAY - 1))));
    } else if left < 0 {
        found.push(about(Code::CertificateExpired).with("days", days(left.saturating_neg())));
    } else if left < SOON * DAY {
        found.push(about(Code::CertificateExpiring).with("days", days(left)));
    }
    if one.has_key == Some(false) {
        found.push(about(Code::NoKeyForCertificate));
    }
    found
}
