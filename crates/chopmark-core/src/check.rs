//! The environment check at the top of *Get a certificate*: driver, token, CA, clock, each with what to do.

use std::collections::BTreeMap;

pub(crate) use crate::ca::http::Knock;
use crate::{
    ca::http::{Endpoint, Way},
    drivers::{self, Looked},
    error::{Code, Error, Result},
    hints::{self, Language},
    model::{CaProfile, CheckLine, CheckState, PinState},
};

/// Seconds a clock may be off before it is worth a word. CAs usually tolerate five minutes.
const CLOCK_TOLERANCE: i64 = 120;

/// Is the CA there, and what time is it there?
pub(crate) async fn knock(profile: Option<&CaProfile>, way: Way) -> Option<(String, Result<Knock>)> {
    let profile = profile?;
    let endpoint = match Endpoint::new(profile, &way) {
        Ok(endpoint) => endpoint,
        Err(error) => return Some((profile.title.clone(), Err(error))),
    };
    let knocked = match endpoint.knock().await {
        // Somebody is there; the certificate that it wants is unlocked when a job begins.
        Err(error) if error.code == Code::CaWantsCertificate && profile.transport.tls_certificate.is_some() => {
            Ok(Knock { clock_ahead: None })
        }
        knocked => knocked,
    };
    Some((profile.title.clone(), knocked))
}

/// The lines, in the order in which they are shown.
pub(crate) fn lines(looked: &[Looked], knocked: Option<(String, Result<Knock>)>, language: Language) -> Vec<CheckLine> {
    let mut lines = vec![driver_line(looked, language), token_line(looked, language)];
    if let Some((ca, knocked)) = knocked {
        let ahead = knocked.as_ref().ok().and_then(|knock| knock.clock_ahead);
        let fact = [("ca", ca)];
        lines.push(match knocked {
            Ok(_) => line("ca", CheckState::Good, fact, None),
            Err(error) => line("ca", CheckState::Bad, fact, Some(hints::explain(&error, language))),
        });
        if let Some(ahead) = ahead {
            lines.push(clock_line(ahead, language));
        }
    }
    lines
}

/// A driver that fails matters when nothing else has found a USB key: it may be the one that should have.
fn driver_line(looked: &[Looked], language: Language) -> CheckLine {
    let good: Vec<_> = looked.iter().filter(|looked| looked.problem.is_none()).collect();
    let holder = looked.iter().find(|looked| looked.tokens.iter().any(|token| token.initialized));
    let facts = [
        ("count", good.len().to_string()),
        ("driver", holder.or(good.first().copied()).map(drivers::driver_name).unwrap_or_default()),
    ];
    if holder.is_some() {
        return line("driver", CheckState::Good, facts, None);
    }
    let failed = looked.iter().find_map(|looked| Some((looked, looked.problem.clone()?)));
    let error = match failed {
        Some((looked, problem)) => drivers::helper_error(problem, &looked.driver.path, ""),
        None if good.is_empty() => Error::new(Code::NoDriver, "checking drivers"),
        None => return line("driver", CheckState::Good, facts, None),
    };
    let state = if good.is_empty() { CheckState::Bad } else { CheckState::Warning };
    line("driver", state, facts, Some(hints::explain(&error, language)))
}

fn token_line(looked: &[Looked], language: Language) -> CheckLine {
    let tokens: Vec<_> = looked.iter().flat_map(|looked| &looked.tokens).filter(|token| token.initialized).collect();
    let Some(first) = tokens.first() else {
        let error = Error::new(Code::TokenNotFound, "checking tokens");
        let none = [("count", "0".to_owned()), ("token", String::new())];
        return line("token", CheckState::Warning, none, Some(hints::explain(&error, language)));
    };
    let facts = [("count", tokens.len().to_string()), ("token", first.label.clone())];
    let code = match drivers::pin_state(first.user_pin) {
        PinState::Locked => Some((Code::PinLocked, CheckState::Bad)),
        PinState::NotSet => Some((Code::PinNotSet, CheckState::Bad)),
        PinState::MustChange => Some((Code::PinExpired, CheckState::Warning)),
        PinState::Ok | PinState::CountLow | PinState::FinalTry => None,
    };
    match code {
        Some((code, state)) => {
            let error = Error::new(code, "checking tokens").with("token", &first.label);
            line("token", state, facts, Some(hints::explain(&error, language)))
        }
        None => line("token", CheckState::Good, facts, None),
    }
}

fn clock_line(ahead: i64, language: Language) -> CheckLine {
    let facts = [("seconds", ahead.to_string())];
    if ahead.abs() <= CLOCK_TOLERANCE {
        return line("clock", CheckState::Good, facts, None);
    }
    let error = Error::new(Code::AnswerTime, "checking the clock").with("seconds", ahead.abs());
    line("clock", CheckState::Bad, facts, Some(hints::explain(&error, language)))
}

fn line<const N: usize>(
    check: &str,
    state: CheckState,
    facts: [(&str, String); N],
    problem: Option<crate::model::ErrorView>,
) -> CheckLine {
    let facts: BTreeMap<_, _> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    CheckLine { check: check.to_owned(), state, facts, problem }
}
