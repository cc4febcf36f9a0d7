//! The system's clock, in one place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970. A clock before that is the year 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Seconds since 1970 of `2026-11-22T01:02:03Z`.
pub(crate) fn from_rfc3339(text: &str) -> Option<i64> {
    let time = text.parse::<der::DateTime>().ok()?;
    i64::try_from(time.unix_duration().as_secs()).ok()
}

/// `2026-11-22T01:02:03Z`.
pub(crate) fn rfc3339(unix_seconds: u64) -> String {
    der::DateTime::from_unix_duration(Duration::from_secs(unix_seconds))
        .map(|time| time.to_string())
        .unwrap_or_default()
}
