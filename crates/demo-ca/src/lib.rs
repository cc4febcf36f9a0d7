//! A small CMP CA on loopback, for trying Chopmark out and for its tests. Not for real use, and it says so everywhere.
//!
//! [`DemoCa::start`] serves in this process; [`invite`] makes a pair of codes while it runs or not; [`issued`] and
//! [`transactions`] show what became of them. All state is in one folder and survives any end of the process.
//!
//! [`DemoConsole`] is a certificate console beside it, as UCloud's public documents describe theirs (USSL): orders for server
//! certificates that are bought, proved, issued and revoked.
//!
//! It shares its codec with the client, so it cannot find the codec's errors: its tests run against `openssl cmp`.
#![forbid(unsafe_code)]

mod authority;
mod error;
mod fault;
mod http;
mod invitation;
mod ledger;
mod protocol;
mod serving;
mod ussl;

pub use error::{Error, Result};
pub use fault::{Fault, ServeFaults};
pub use invitation::{Codes, Invitation, Terms, invite};
pub use serving::{DemoCa, Options};
pub use ussl::{ConsoleOptions, DemoConsole};

use std::path::Path;

use ledger::Ledger;

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedRow {
    /// Reference number it was issued for.
    pub reference: String,
    /// Subject, RFC 4514.
    pub subject: String,
    /// Serial number, hex.
    pub serial: String,
    /// `issued`, `confirmed`, `rejected by the client` or `revoked`.
    pub state: String,
    /// `CRLReason` as a number, when it has been revoked.
    pub reason: Option<u8>,
    /// SHA-256 of the certificate, hex.
    pub sha256: String,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRow {
    /// transactionID, hex.
    pub id: String,
    /// Reference number.
    pub reference: String,
    /// `waiting`, `refused`, `issued`, `confirmed`, `rejected by the client`, `given up`, `revoked` or `answered`.
    pub state: String,
}

/// The certificates issued so far, oldest first.
pub fn issued(dir: &Path) -> Result<Vec<IssuedRow>> {
    let all = Ledger::open(dir)?.read(|books| books.certificates())?;
    let row = |one: ledger::Certified| IssuedRow {
        reference: one.reference,
        subject: one.subject,
        serial: one.serial,
        state: one.state,
        reason: one.reason,
        sha256: one.sha256,
    };
    Ok(all.into_iter().map(row).collect())
}

/// The transactions so far, oldest first.
pub fn transactions(dir: &Path) -> Result<Vec<TransactionRow>> {
    let all = Ledger::open(dir)?.read(|books| books.transactions())?;
    let row = |(id, one): (Vec<u8>, ledger::Opened)| TransactionRow {
        id: authority::hex(&id),
        reference: one.reference,
        state: one.state,
    };
    Ok(all.into_iter().map(row).collect())
}

/// Makes a second generation of the root of the CA in `dir`, whether it is running or not; those who ask for a root update
/// get it from then on. The first stays what certificates are issued under. Does nothing where there is a second already.
pub fn renew_root(dir: &Path) -> Result<()> {
    authority::renew_root(dir, serving::now())
}

/// The system's randomness. A system without any cannot run a CA, not even for trying out.
fn rng() -> rand_core::UnwrapErr<getrandom::SysRng> {
    rand_core::UnwrapErr(getrandom::SysRng)
}
