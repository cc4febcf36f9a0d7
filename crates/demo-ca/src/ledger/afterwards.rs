//! What comes after a certificate was issued: terms for its holder, revocations, CRLs; and the tries of strangers.

use cmp_protocol::message::FailInfo;
use rusqlite::{OptionalExtension, Row, params};

use super::{Books, Certified, REVOKED, certified};
use crate::{
    Fault, Terms,
    authority::{crl::Revoked, hex},
    error::Result,
};

/// Reference numbers nobody was invited with, of which the tries are counted; then the oldest are forgotten.
const STRANGERS: u32 = 1000;

/// What the holder of a certificate may come back for.
#[derive(Clone, Copy)]
pub(crate) enum Errand {
    Renewal,
    Revocation,
    Question,
}

impl Errand {
    fn name(self) -> &'static str {
        match self {
            Errand::Renewal => "renewal",
            Errand::Revocation => "revocation",
            Errand::Question => "question",
        }
    }
}

/// A CRL as it was made.
pub(crate) struct Listed {
    pub(crate) number: u64,
    /// Its `thisUpdate`, seconds since 1970.
    pub(crate) at: u64,
    /// How many certificates it lists.
    pub(crate) entries: u64,
    pub(crate) der: Vec<u8>,
}

impl Books<'_> {
    pub(crate) fn set_terms(&self, reference: &str, errand: Errand, terms: &Terms) -> Result<()> {
        self.0.execute(
            "INSERT INTO terms (reference, errand, delay, refuse, alter_subject, valid_days, fault)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                reference,
                errand.name(),
                terms.delay as i64,
                terms.refuse.map(FailInfo::name),
                terms.alter_subject,
                terms.valid_days,
                terms.fault.map(Fault::name)
            ],
        )?;
        Ok(())
    }

    /// What shall happen to this errand; nothing in particular where nothing was ordered.
    pub(crate) fn terms(&self, reference: &str, errand: Errand) -> Result<Terms> {
        let read = |row: &Row<'_>| {
            Ok(Terms {
                delay: row.get::<_, i64>("delay")? as u64,
                refuse: row.get::<_, Option<String>>("refuse")?.and_then(|name| FailInfo::from_name(&name)),
                alter_subject: row.get("alter_subject")?,
                valid_days: row.get("valid_days")?,
                fault: row.get::<_, Option<String>>("fault")?.and_then(|name| Fault::from_name(&name)),
            })
        };
        let query = "SELECT * FROM terms WHERE reference = ? AND errand = ?";
        Ok(self.0.query_row(query, [reference, errand.name()], read).optional()?.unwrap_or_default())
    }

    /// The certificate with this serial number (content bytes).
    pub(crate) fn certificate_with(&self, serial: &[u8]) -> Result<Option<Certified>> {
        let mut found = self.0.prepare("SELECT * FROM issued WHERE serial = ?")?;
        Ok(found.query_row([hex(serial)], certified).optional()?)
    }

    pub(crate) fn revoke(&self, serial: &str, reason: u8, now: u64) -> Result<()> {
        self.0.execute(
            "UPDATE issued SET state = ?, revoked_at = ?, reason = ? WHERE serial = ?",
            params![REVOKED, now as i64, reason, serial],
        )?;
        Ok(())
    }

    /// Everything revoked so far, oldest first.
    pub(crate) fn revoked(&self) -> Result<Vec<Revoked>> {
        let query =
            "SELECT serial, revoked_at, reason FROM issued WHERE revoked_at IS NOT NULL ORDER BY revoked_at, rowid";
        let mut all = self.0.prepare(query)?;
        let read =
            |row: &Row<'_>| Ok(Revoked { serial: row.get(0)?, at: row.get::<_, i64>(1)? as u64, reason: row.get(2)? });
        let rows = all.query_map([], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn last_crl(&self) -> Result<Option<Listed>> {
        let read = |row: &Row<'_>| {
            Ok(Listed {
                number: row.get::<_, i64>(0)? as u64,
                at: row.get::<_, i64>(1)? as u64,
                entries: row.get::<_, i64>(2)? as u64,
                der: row.get(3)?,
            })
        };
        let query = "SELECT number, at, entries, der FROM crls ORDER BY number DESC LIMIT 1";
        Ok(self.0.query_row(query, [], read).optional()?)
    }

    pub(crate) fn keep_crl(&self, new: &Listed) -> Result<()> {
        self.0.execute(
            "INSERT INTO crls (number, at, entries, der) VALUES (?, ?, ?, ?)",
            params![new.number as i64, new.at as i64, new.entries as i64, new.der],
        )?;
        Ok(())
    }

    /// Counts a wrong try; says how many there have been with this reference number, whether it exists or not.
    pub(crate) fn count_wrong_try(&self, reference: &str) -> Result<u32> {
        let known = "UPDATE invitations SET wrong_tries = wrong_tries + 1 WHERE reference = ? RETURNING wrong_tries";
        if let Some(tries) = self.0.query_row(known, [reference], |row| row.get(0)).optional()? {
            return Ok(tries);
        }
        let stranger = "INSERT INTO strangers (reference, wrong_tries) VALUES (?, 1)
             ON CONFLICT (reference) DO UPDATE SET wrong_tries = wrong_tries + 1 RETURNING wrong_tries";
        let tries = self.0.query_row(stranger, [reference], |row| row.get(0))?;
        let forget = "DELETE FROM strangers WHERE rowid <= (SELECT max(rowid) FROM strangers) - ?";
        self.0.execute(forget, [STRANGERS])?;
        Ok(tries)
    }
}
