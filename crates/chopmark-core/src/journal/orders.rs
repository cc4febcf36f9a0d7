//! The orders for server certificates, in a table of their own beside the jobs.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{DOING, Journal, Record, failed};
use crate::{
    clock,
    error::{Code, Error, Result},
    model::{OrderCheck, OrderKeyView},
    validation::order::Order,
};

/// Made when a journal of an older version is opened, too.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        created INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
";

/// An order with the newest job that has made a key for it and did not come to nothing.
const COLUMNS: &str = "id, created, record, (SELECT json_array(id, state, record) FROM jobs
    WHERE record ->> '$.server.order' = orders.id AND state NOT IN ('failed', 'cancelled')
    ORDER BY id DESC LIMIT 1)";

/// An order and where it stands.
pub(crate) struct KeptOrder {
    pub(crate) number: i64,
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) order: Order,
    /// Its key, where that was made here.
    pub(crate) key: Option<OrderKeyView>,
}

type Row = (i64, i64, String, Option<String>);

fn columns(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

impl Journal {
    /// Keeps a new order.
    pub(crate) fn add_order(&self, order: Order) -> Result<KeptOrder> {
        insert(&self.database(), order)
    }

    /// All orders, newest first.
    pub(crate) fn orders(&self) -> Result<Vec<KeptOrder>> {
        let database = self.database();
        let all = format!("SELECT {COLUMNS} FROM orders ORDER BY id DESC");
        let mut select = database.prepare_cached(&all).map_err(failed)?;
        let rows = select.query_map([], columns).map_err(failed)?;
        rows.map(|row| self.read(row.map_err(failed)?)).collect()
    }

    /// One order.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`].
    pub(crate) fn order(&self, number: &str) -> Result<KeptOrder> {
        let id = id_of(number)?;
        let one = format!("SELECT {COLUMNS} FROM orders WHERE id = ?1");
        let row = self.database().query_row(&one, [id], columns).optional().map_err(failed)?;
        self.read(row.ok_or_else(|| missing(number))?)
    }

    /// Keeps what a check saw, if the order still wants what was looked for.
    pub(crate) fn keep_check(&self, kept: &KeptOrder, check: &OrderCheck) -> Result<()> {
        let kept_check = self.change_order(kept.number, |order| {
            if order.proofs == kept.order.proofs && order.domains == kept.order.domains {
                order.last = Some(check.clone());
            }
            Ok(())
        });
        match kept_check {
            // An order that was removed meanwhile stays removed.
            Err(error) if error.code == Code::OrderNotFound => Ok(()),
            done => done.map(|_| ()),
        }
    }

    /// Reads, changes and writes as one: what others wrote meanwhile is not lost. Nothing is written if `change` fails.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`], and those of `change`.
    pub(crate) fn change_order<T>(
        &self,
        number: i64,
        change: impl FnOnce(&mut Order) -> Result<T>,
    ) -> Result<(KeptOrder, T)> {
        let mut database = self.database();
        let both = database.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let one = format!("SELECT {COLUMNS} FROM orders WHERE id = ?1");
        let row = both.query_row(&one, [number], columns).optional().map_err(failed)?;
        let mut kept = self.read(row.ok_or_else(|| missing(&number.to_string()))?)?;
        let changed = change(&mut kept.order)?;
        update(&both, number, &kept.order)?;
        both.commit().map_err(failed)?;
        Ok((kept, changed))
    }

    /// Keeps an order of a console: a new one, or in place of what was kept of it. What was checked and when it must be done
    /// stay, if it wants what it wanted. Looked for and written as one: two that fetch at once keep it once.
    pub(crate) fn fetched_order(&self, order: Order) -> Result<KeptOrder> {
        let mut database = self.database();
        let change = database.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let same = format!(
            "SELECT {COLUMNS} FROM orders
            WHERE record ->> '$.source' = ?1 AND record ->> '$.remote' = ?2 ORDER BY id LIMIT 1"
        );
        let source = serde_json::to_value(order.source).map_err(failed)?;
        let before = change
            .query_row(&same, params![source.as_str(), order.remote], columns)
            .optional()
            .map_err(failed)?
            .map(|row| self.read(row))
            .transpose()?;
        let kept = match before {
            None => insert(&change, order)?,
            Some(before) => {
                let wants_the_same = before.order.proofs == order.proofs && before.order.domains == order.domains;
                let kept = before.order.clone();
                let (deadline, last) = match wants_the_same {
                    true => (kept.deadline, kept.last),
                    false => (order.deadline, None),
                };
                let account = order.account.or(kept.account);
                let Order { seen, note, proofs, domains, .. } = order;
                let order = Order { seen, note, proofs, domains, deadline, last, account, ..kept };
                update(&change, before.number, &order)?;
                KeptOrder { order, ..before }
            }
        };
        change.commit().map_err(failed)?;
        Ok(kept)
    }

    /// Held as long as somebody drives an order at its source: one process at a time.
    ///
    /// # Errors
    /// [`Code::OrderBusy`].
    pub(crate) fn drive(&self, number: i64) -> Result<std::fs::File> {
        let file = std::fs::File::create(self.locks.join(format!("order-{number}"))).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::new(Code::OrderBusy, DOING).with("order", number)),
            Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The request of the newest key that was made for an order, DER, hex.
    pub(crate) fn request_of_order(&self, number: i64) -> Result<Option<String>> {
        let select = "SELECT record ->> '$.server.request' FROM jobs WHERE record ->> '$.server.order' = ?1
            AND state NOT IN ('failed', 'cancelled') ORDER BY id DESC LIMIT 1";
        let found = self.database().query_row(select, [number], |row| row.get(0)).optional().map_err(failed)?;
        Ok(found.flatten())
    }

    fn read(&self, (number, created, record, key): Row) -> Result<KeptOrder> {
        let key = key.map(|key| self.key_view(&key)).transpose()?;
        Ok(KeptOrder { number, created, order: serde_json::from_str(&record).map_err(failed)?, key })
    }

    /// From a job's number, state and record.
    fn key_view(&self, job: &str) -> Result<OrderKeyView> {
        let (id, state, record): (i64, String, String) = serde_json::from_str(job).map_err(failed)?;
        let record: Record = serde_json::from_str(&record).map_err(failed)?;
        let (place, place_name) = record.whereabouts();
        Ok(OrderKeyView {
            job: id.to_string(),
            state: self.state_now(id, &state, &record)?,
            place,
            place_name,
            handed_in: record.server.as_ref().is_some_and(|server| server.handed_in),
            sha256: record.certificate().map(|der| crate::certificate::fingerprint(&der)),
        })
    }

    /// Forgets an order.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`].
    pub(crate) fn remove_order(&self, number: &str) -> Result<()> {
        let removed = self.database().execute("DELETE FROM orders WHERE id = ?1", [id_of(number)?]).map_err(failed)?;
        if removed == 0 { Err(missing(number)) } else { Ok(()) }
    }
}

fn insert(database: &Connection, order: Order) -> Result<KeptOrder> {
    let (created, record) = (clock::now() as i64, serde_json::to_string(&order).map_err(failed)?);
    let insert = "INSERT INTO orders (created, record) VALUES (?1, ?2)";
    database.execute(insert, params![created, record]).map_err(failed)?;
    Ok(KeptOrder { number: database.last_insert_rowid(), created, order, key: None })
}

fn update(database: &Connection, number: i64, order: &Order) -> Result<()> {
    let record = serde_json::to_string(order).map_err(failed)?;
    database.execute("UPDATE orders SET record = ?2 WHERE id = ?1", params![number, record]).map_err(failed)?;
    Ok(())
}

fn id_of(number: &str) -> Result<i64> {
    number.parse().map_err(|_| missing(number))
}

fn missing(number: &str) -> Error {
    Error::new(Code::OrderNotFound, DOING).with("order", number)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const RECORD: &str = r#"{"source": "by-hand", "domains": ["example.com"],
        "proofs": [{"method": "dns-txt", "name": "_x.example.com", "value": "v"}],
        "rules": {"name": "ussl", "title": "USSL", "deadlineHours": 24, "methods": ["dns-txt"]}, "deadline": 5}"#;

    #[test]
    fn orders_come_and_go() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::open(home.path()).unwrap();
        let order: Order = serde_json::from_str(RECORD).unwrap();
        let first = journal.add_order(order.clone()).unwrap();
        let second = journal.add_order(order).unwrap();
        let numbers: Vec<i64> = journal.orders().unwrap().iter().map(|kept| kept.number).collect();
        assert_eq!(numbers, [second.number, first.number]);
        journal.remove_order(&second.number.to_string()).unwrap();
        for gone in [second.number.to_string(), "x".to_owned()] {
            assert_eq!(journal.order(&gone).err().map(|error| error.code), Some(Code::OrderNotFound));
            assert_eq!(journal.remove_order(&gone).unwrap_err().code, Code::OrderNotFound);
        }
        // A number is never given twice.
        let third = journal.add_order(first.order.clone()).unwrap();
        assert!(third.number > second.number);
    }

    /// As it was before there were orders.
    #[test]
    fn a_journal_of_an_older_version_gets_its_table() {
        let home = tempfile::tempdir().unwrap();
        let old = "CREATE TABLE jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, started INTEGER NOT NULL,
            updated INTEGER NOT NULL, state TEXT NOT NULL, record TEXT NOT NULL) STRICT;";
        Connection::open(home.path().join("journal.sqlite")).unwrap().execute_batch(old).unwrap();
        assert!(Journal::open(home.path()).unwrap().orders().unwrap().is_empty());
    }
}
