//! What ends soon. From the journal alone: also of a USB key that lies in a drawer.

use std::{collections::BTreeSet, path::Path};

use super::App;
use crate::{
    certificate, clock,
    error::Result,
    journal::{Journal, Record, orders::KeptOrder},
    model::*,
    stores::blocking,
};

const DAY: i64 = 24 * 3600;
/// How long before its end a certificate is told of, days. One that lives less than three times as long is told of when a third of its
/// life is left: CAs issue for 90 and for 47 days, too.
const BEFORE: i64 = 30;

impl App {
    /// Certificates made or installed here that end soon, the nearest end first. `days`: how long before; `None`: thirty days, or a third
    /// of its life where that is less, or when its CA says so.
    ///
    /// # Errors
    /// [`crate::error::Code::Journal`].
    pub async fn reminders(&self, days: Option<u32>) -> Result<Vec<Reminder>> {
        let journal = self.desk.journal.clone();
        blocking(move || soon(&journal, days.map(i64::from))).await?
    }
}

fn soon(journal: &Journal, days: Option<i64>) -> Result<Vec<Reminder>> {
    let (finished, orders) = (journal.finished()?, journal.orders()?);
    let mut reminders = Vec::new();
    let mut told = successors(&finished);
    for record in &finished {
        let Some(der) = record.certificate().filter(|_| record.revocation.is_none()) else { continue };
        // A certificate or an order is told of once: by its newest job.
        let newest =
            told.insert(certificate::fingerprint(&der)) && order_key(record).is_none_or(|key| told.insert(key));
        if newest && is_there(record) {
            reminders.extend(of_record(record, &der, days, hint_of(record, &orders)));
        }
    }
    reminders.extend(orders.iter().filter_map(|kept| of_order(kept, days)));
    reminders.sort_by(|a, b| a.not_after.cmp(&b.not_after));
    Ok(reminders)
}

/// Fingerprints of the certificates that have been renewed or revoked.
fn successors(finished: &[Record]) -> BTreeSet<String> {
    let old = |record: &Record| match (&record.renewal, &record.revocation) {
        (Some(renewal), _) => crate::journal::unhex(&renewal.old.certificate).ok(),
        (None, Some(_)) => record.certificate(),
        (None, None) => None,
    };
    finished.iter().filter_map(old).map(|der| certificate::fingerprint(&der)).collect()
}

fn order_key(record: &Record) -> Option<String> {
    record.server.as_ref().map(|server| format!("order {}", server.order))
}

/// A file that was removed by hand is nobody's concern.
fn is_there(record: &Record) -> bool {
    match &record.order.place {
        _ if record.gone => false,
        Place::File { path } => Path::new(path).exists(),
        Place::Token { .. } | Place::Computer { .. } => true,
    }
}

/// When the CA wants it renewed, seconds since 1970.
fn hint_of(record: &Record, orders: &[KeptOrder]) -> Option<i64> {
    let order = record.server.as_ref()?.order;
    orders.iter().find(|kept| kept.number == order).and_then(remind_at)
}

fn remind_at(kept: &KeptOrder) -> Option<i64> {
    let hint = kept.order.acme.as_ref()?.hint.as_ref()?;
    clock::from_rfc3339(&hint.remind)
}

fn of_record(record: &Record, der: &[u8], days: Option<i64>, hint: Option<i64>) -> Option<Reminder> {
    let info = certificate::describe(der).ok()?;
    let begin = clock::from_rfc3339(&info.not_before).unwrap_or(0);
    let way = match record.kind() {
        JobKind::Server => RenewalWay::Order,
        _ if record.profile.name.is_empty() => RenewalWay::Elsewhere,
        _ => RenewalWay::Renew,
    };
    is_due(begin, info.not_after_unix, days, hint).then(|| Reminder {
        name: info.name().to_owned(),
        days: (info.not_after_unix - clock::now() as i64).div_euclid(DAY),
        not_after: info.not_after.clone(),
        place_name: record.whereabouts().1,
        sha256: Some(info.sha256.clone()),
        order: record.server.as_ref().map(|server| server.order.to_string()),
        way,
    })
}

/// An order whose key is elsewhere.
fn of_order(kept: &KeptOrder, days: Option<i64>) -> Option<Reminder> {
    let seen = kept.order.seen.as_ref().filter(|seen| seen.state == RemoteState::Issued && kept.key.is_none())?;
    let end = seen.not_after?;
    // When it began is not said; most live a year or less.
    is_due(0, end, days, remind_at(kept)).then(|| Reminder {
        name: kept.order.domains.first().cloned().unwrap_or_default(),
        days: (end - clock::now() as i64).div_euclid(DAY),
        not_after: clock::rfc3339(end.max(0) as u64),
        place_name: String::new(),
        sha256: None,
        order: Some(kept.number.to_string()),
        way: RenewalWay::Order,
    })
}

fn is_due(begin: i64, end: i64, days: Option<i64>, hint: Option<i64>) -> bool {
    let now = clock::now() as i64;
    let before = days.map_or_else(|| (BEFORE * DAY).min((end - begin) / 3), |days| days * DAY);
    now >= end - before || (days.is_none() && hint.is_some_and(|hint| now >= hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_in_time() {
        let now = clock::now() as i64;
        for (life, left, days, hint, due) in [
            (365, 40, None, None, false),
            (365, 29, None, None, true),
            (90, 31, None, None, false),
            (90, 29, None, None, true),
            (47, 20, None, None, false),
            (47, 15, None, None, true),
            (6, 3, None, None, false),
            (6, 1, None, None, true),
            (365, -5, None, None, true),
            (365, 40, Some(60), None, true),
            (365, 29, Some(7), None, false),
            (90, 60, None, Some(now - 1), true),
            (90, 60, None, Some(now + 60), false),
            (90, 60, Some(7), Some(now - 1), false),
        ] {
            let end = now + left * DAY;
            assert_eq!(is_due(end - life * DAY, end, days, hint), due, "{life} {left} {days:?} {hint:?}");
        }
    }
}
