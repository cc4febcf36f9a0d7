//! The CA, and the time that it keeps.

use super::{Ruled, Topic};
use crate::{drivers::facts::Facts, error::Code, model::Severity};

/// Seconds a clock may be off before it is worth a word, and before CAs begin to mind.
const CLOCK_NOTICED: i64 = 120;
const CLOCK_REFUSED: i64 = 300;
/// A day in seconds, and how many days before its end a new root should be at hand.
const DAY: i64 = 86_400;
const ROOT_SOON: i64 = 90;

/// Whether it can be reached, and whether it can be believed.
pub(super) fn ca(facts: &Facts) -> Vec<Ruled> {
    let Some(ca) = &facts.ca else { return Vec::new() };
    let mut found: Vec<Ruled> = Vec::new();
    found.extend(ca.problem.iter().filter_map(|problem| Ruled::met(problem, Severity::Error, Topic::Ca, &ca.title)));
    let about = |code, severity| Ruled::new(code, severity, Topic::Ca, &ca.title).with("ca", &ca.title);
    let days = |seconds: i64| (seconds.max(0) / DAY).to_string();
    match ca.roots_end.map(|end| end.saturating_sub(facts.taken)) {
        None => found.push(about(Code::ChainUntrusted, Severity::Error).with("reason", "no-roots")),
        Some(left) if left < 0 => {
            found.push(about(Code::CaRootExpired, Severity::Error).with("days", days(left.saturating_neg())));
        }
        Some(left) if left < ROOT_SOON * DAY => {
            found.push(about(Code::CaRootExpiring, Severity::Warning).with("days", days(left)));
        }
        Some(_) => {}
    }
    found
}

/// Whether this computer's clock is right.
pub(super) fn clock(facts: &Facts) -> Vec<Ruled> {
    let ahead = facts.ca.as_ref().and_then(|ca| ca.clock_ahead).unwrap_or_default();
    let severity = match ahead.saturating_abs() {
        off if off > CLOCK_REFUSED => Severity::Error,
        off if off > CLOCK_NOTICED => Severity::Warning,
        _ => return Vec::new(),
    };
    let direction = if ahead > 0 { "ahead" } else { "behind" };
    let found = Ruled::new(Code::AnswerTime, severity, Topic::Clock, "");
    vec![found.with("seconds", ahead.saturating_abs()).with("reason", direction)]
}
