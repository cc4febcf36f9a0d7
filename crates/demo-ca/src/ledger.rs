//! What the CA must not forget, in SQLite: invitations, transactions, every answer, every certificate.
//!
//! One SQLite transaction per message, so that a crash leaves the state before a message or after it, nothing between.
//! The authorization codes stand here as they are: the MAC needs them, so a real CA keeps or derives them as well. The
//! file is readable for its owner only.

use std::{fs::OpenOptions, path::Path, sync::Mutex, time::Duration};

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use zeroize::Zeroizing;

use crate::{
    Fault,
    error::{Error, Result},
};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS invitations (
        reference TEXT PRIMARY KEY, code TEXT NOT NULL, subject TEXT NOT NULL, delay INTEGER NOT NULL, refuse TEXT,
        alter_subject TEXT, valid_days INTEGER NOT NULL, uses INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0,
        wrong_tries INTEGER NOT NULL DEFAULT 0, fault TEXT);
    CREATE TABLE IF NOT EXISTS transactions (
        id BLOB PRIMARY KEY, reference TEXT NOT NULL, state TEXT NOT NULL, request BLOB NOT NULL, opened INTEGER NOT NULL,
        ready_at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS replies (
        transaction_id BLOB NOT NULL, request_hash BLOB NOT NULL, nonce BLOB NOT NULL, answer BLOB NOT NULL,
        at INTEGER NOT NULL, reference TEXT NOT NULL, PRIMARY KEY (transaction_id, request_hash));
    CREATE TABLE IF NOT EXISTS issued (
        serial TEXT PRIMARY KEY, transaction_id BLOB NOT NULL UNIQUE, reference TEXT NOT NULL, subject TEXT NOT NULL,
        certificate BLOB NOT NULL, sha256 TEXT NOT NULL, text TEXT, state TEXT NOT NULL, at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS terms (
        reference TEXT NOT NULL, errand TEXT NOT NULL, delay INTEGER NOT NULL, refuse TEXT, alter_subject TEXT,
        valid_days INTEGER, fault TEXT, PRIMARY KEY (reference, errand));
    CREATE TABLE IF NOT EXISTS crls (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL, entries INTEGER NOT NULL, der BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS strangers (reference TEXT PRIMARY KEY, wrong_tries INTEGER NOT NULL);
";
/// Number of the form that all this has now (`user_version` of the database).
const FORM: i64 = 1;
/// Columns that came later: table, name, type.
const LATER: [(&str, &str, &str); 4] = [
    ("transactions", "signer", "TEXT"),
    ("issued", "revoked_at", "INTEGER"),
    ("issued", "reason", "INTEGER"),
    ("issued", "encrypted_key", "BLOB"),
];

/// State of a certificate, and of the transaction that revoked it.
pub(crate) const REVOKED: &str = "revoked";

mod afterwards;

pub(crate) use afterwards::{Errand, Listed};

/// The database of one demo CA.
pub(crate) struct Ledger(Mutex<Connection>);

/// Its content, within one SQLite transaction.
pub(crate) struct Books<'a>(&'a Connection);

/// An invitation as it stands.
pub(crate) struct Invited {
    pub(crate) reference: String,
    pub(crate) code: Zeroizing<String>,
    pub(crate) subject: String,
    pub(crate) delay: u64,
    pub(crate) refuse: Option<String>,
    pub(crate) alter_subject: Option<String>,
    pub(crate) valid_days: u32,
    pub(crate) uses: u32,
    pub(crate) used: u32,
    pub(crate) wrong_tries: u32,
    pub(crate) fault: Option<Fault>,
}

/// A transaction as it stands.
pub(crate) struct Opened {
    pub(crate) reference: String,
    pub(crate) state: String,
    pub(crate) request: Vec<u8>,
    pub(crate) ready_at: u64,
    /// Serial number (hex) of the certificate that signs it; `None`: the codes protect it.
    pub(crate) signer: Option<String>,
}

/// A certificate as it stands.
pub(crate) struct Certified {
    pub(crate) serial: String,
    pub(crate) reference: String,
    pub(crate) subject: String,
    pub(crate) certificate: Vec<u8>,
    pub(crate) sha256: String,
    /// The key to it, where it was made here: enveloped for the client, nobody here can open it (except with the code).
    pub(crate) encrypted_key: Option<Vec<u8>>,
    /// What was changed, when something was.
    pub(crate) text: Option<String>,
    pub(crate) state: String,
    /// `CRLReason` as a number, where it has been revoked.
    pub(crate) reason: Option<u8>,
}

/// An answer as it was given.
pub(crate) struct Given {
    pub(crate) answer: Vec<u8>,
    pub(crate) at: u64,
    pub(crate) reference: String,
}

impl Ledger {
    /// Opens the database in `dir`; makes it on the first start.
    pub(crate) fn open(dir: &Path) -> Result<Ledger> {
        let file = dir.join("ledger.sqlite");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&file).map_err(Error::file(&file))?; // SQLite gives its side files the mode of this one.
        let connection = Connection::open(&file)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // Survives the end of the process at any point; only a power cut may take the last message back.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let ledger = Ledger(Mutex::new(connection));
        // Whoever only looks must not wait for those who write.
        if ledger.read(|books| books.form())? != FORM {
            ledger.write(|books| books.set_up())?;
        }
        Ok(ledger)
    }

    /// Runs `work` in one SQLite transaction: all of it counts, or nothing.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Books<'_>) -> Result<T>) -> Result<T> {
        // A panic inside rolls its transaction back, so that a poisoned lock guards nothing broken.
        let mut connection = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&Books(&transaction))?;
        transaction.commit()?;
        Ok(result)
    }

    /// Reads.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Books<'_>) -> Result<T>) -> Result<T> {
        let connection = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&Books(&connection))
    }
}

impl Books<'_> {
    fn form(&self) -> Result<i64> {
        Ok(self.0.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    fn set_up(&self) -> Result<()> {
        self.0.execute_batch(TABLES)?;
        for (table, column, kind) in LATER {
            let there = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE name = ?)";
            if !self.0.query_row(there, [table, column], |row| row.get(0))? {
                self.0.execute(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"), [])?;
            }
        }
        Ok(self.0.pragma_update(None, "user_version", FORM)?)
    }

    pub(crate) fn fact(&self, name: &str) -> Result<Option<String>> {
        Ok(self.0.query_row("SELECT value FROM facts WHERE name = ?", [name], |row| row.get(0)).optional()?)
    }

    pub(crate) fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        self.0.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, value])?;
        Ok(())
    }

    pub(crate) fn invite(&self, new: &Invited) -> Result<()> {
        self.0.execute(
            "INSERT INTO invitations (reference, code, subject, delay, refuse, alter_subject, valid_days, uses, fault)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                new.reference,
                new.code.as_str(),
                new.subject,
                new.delay as i64,
                new.refuse,
                new.alter_subject,
                new.valid_days,
                new.uses,
                new.fault.map(Fault::name)
            ],
        )?;
        Ok(())
    }

    pub(crate) fn invitation(&self, reference: &str) -> Result<Option<Invited>> {
        let read = |row: &Row<'_>| {
            Ok(Invited {
                reference: row.get("reference")?,
                code: Zeroizing::new(row.get("code")?),
                subject: row.get("subject")?,
                delay: row.get::<_, i64>("delay")? as u64,
                refuse: row.get("refuse")?,
                alter_subject: row.get("alter_subject")?,
                valid_days: row.get("valid_days")?,
                uses: row.get("uses")?,
                used: row.get("used")?,
                wrong_tries: row.get("wrong_tries")?,
                fault: row.get::<_, Option<String>>("fault")?.and_then(|name| Fault::from_name(&name)),
            })
        };
        Ok(self.0.query_row("SELECT * FROM invitations WHERE reference = ?", [reference], read).optional()?)
    }

    pub(crate) fn count_use(&self, reference: &str) -> Result<()> {
        self.0.execute("UPDATE invitations SET used = used + 1 WHERE reference = ?", [reference])?;
        Ok(())
    }

    pub(crate) fn open_transaction(&self, id: &[u8], opened: &Opened, now: u64) -> Result<()> {
        self.0.execute(
            "INSERT INTO transactions (id, reference, state, request, opened, ready_at, signer)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                id,
                opened.reference,
                opened.state,
                opened.request,
                now as i64,
                opened.ready_at as i64,
                opened.signer
            ],
        )?;
        Ok(())
    }

    pub(crate) fn transaction(&self, id: &[u8]) -> Result<Option<Opened>> {
        Ok(self.0.query_row("SELECT * FROM transactions WHERE id = ?", [id], opened).optional()?)
    }

    pub(crate) fn transactions(&self) -> Result<Vec<(Vec<u8>, Opened)>> {
        let mut all = self.0.prepare("SELECT * FROM transactions ORDER BY rowid")?;
        let rows = all.query_map([], |row| Ok((row.get("id")?, opened(row)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn set_state(&self, id: &[u8], state: &str) -> Result<()> {
        self.0.execute("UPDATE transactions SET state = ? WHERE id = ?", params![state, id])?;
        Ok(())
    }

    pub(crate) fn keep_certificate(&self, transaction: &[u8], new: &Certified, now: u64) -> Result<()> {
        self.0.execute(
            "INSERT INTO issued (serial, transaction_id, reference, subject, certificate, sha256, text, state, at,
             encrypted_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                new.serial,
                transaction,
                new.reference,
                new.subject,
                new.certificate,
                new.sha256,
                new.text,
                new.state,
                now as i64,
                new.encrypted_key
            ],
        )?;
        Ok(())
    }

    pub(crate) fn certificate(&self, transaction: &[u8]) -> Result<Option<Certified>> {
        let mut found = self.0.prepare("SELECT * FROM issued WHERE transaction_id = ?")?;
        Ok(found.query_row([transaction], certified).optional()?)
    }

    pub(crate) fn certificates(&self) -> Result<Vec<Certified>> {
        let mut all = self.0.prepare("SELECT * FROM issued ORDER BY rowid")?;
        let rows = all.query_map([], certified)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn set_certificate_state(&self, serial: &str, state: &str) -> Result<()> {
        self.0.execute("UPDATE issued SET state = ? WHERE serial = ?", [state, serial])?;
        Ok(())
    }

    pub(crate) fn keep_reply(&self, id: &[u8], hash: &[u8], nonce: &[u8], given: &Given) -> Result<()> {
        self.0.execute(
            "INSERT INTO replies (transaction_id, request_hash, nonce, answer, at, reference) VALUES (?, ?, ?, ?, ?, ?)",
            params![id, hash, nonce, given.answer, given.at as i64, given.reference],
        )?;
        Ok(())
    }

    pub(crate) fn reply(&self, id: &[u8], hash: &[u8]) -> Result<Option<Given>> {
        let read =
            |row: &Row<'_>| Ok(Given { answer: row.get(0)?, at: row.get::<_, i64>(1)? as u64, reference: row.get(2)? });
        let query = "SELECT answer, at, reference FROM replies WHERE transaction_id = ? AND request_hash = ?";
        Ok(self.0.query_row(query, params![id, hash], read).optional()?)
    }

    /// Did we send this nonce in this transaction?
    pub(crate) fn sent_nonce(&self, id: &[u8], nonce: &[u8]) -> Result<bool> {
        let query = "SELECT EXISTS (SELECT 1 FROM replies WHERE transaction_id = ? AND nonce = ?)";
        Ok(self.0.query_row(query, params![id, nonce], |row| row.get(0))?)
    }
}

fn opened(row: &Row<'_>) -> rusqlite::Result<Opened> {
    Ok(Opened {
        reference: row.get("reference")?,
        state: row.get("state")?,
        request: row.get("request")?,
        ready_at: row.get::<_, i64>("ready_at")? as u64,
        signer: row.get("signer")?,
    })
}

fn certified(row: &Row<'_>) -> rusqlite::Result<Certified> {
    Ok(Certified {
        serial: row.get("serial")?,
        reference: row.get("reference")?,
        subject: row.get("subject")?,
        certificate: row.get("certificate")?,
        encrypted_key: row.get("encrypted_key")?,
        sha256: row.get("sha256")?,
        text: row.get("text")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
    })
}
