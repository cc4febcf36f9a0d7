//! The journal: the record of every job, written step by step, so that power gone at any line loses nothing.
//!
//! A job's record is written before and after each step that leaves a trace outside (a key, a request, a file). A lock
//! file per job says whether a process is working on it: a job that says "running" and is not locked was interrupted.
//! Nothing secret is ever written here.

pub(crate) mod orders;

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::{
    clock,
    error::{Code, Error, Result},
    model::{
        CaProfile, EnrollOrder, ErrorView, JobKind, JobState, JobView, JournalLine, KeyChoice, MacChoice, Place,
        Replaced, RevocationReason, Step, word,
    },
};

const DOING: &str = "writing the journal";

/// How often and how long to wait for somebody who only looks whether a job is locked.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(10);

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = 10000;
    CREATE TABLE IF NOT EXISTS jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        state TEXT NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS entries (
        job INTEGER NOT NULL REFERENCES jobs(id),
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS entries_of_job ON entries(job);
";

/// Everything a job has to remember. Each part is set once, in this order; which parts are there says where to go on.
///
/// What a version adds has a default, so that the journals of older ones stay readable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// What was ordered.
    pub(crate) order: EnrollOrder,
    /// The CA as it was known then.
    pub(crate) profile: CaProfile,
    /// The token chosen.
    pub(crate) token: Option<TokenRecord>,
    /// What people call this computer's store, where that is the place.
    pub(crate) store: Option<String>,
    /// Whether the root was trusted there, once that was asked.
    pub(crate) root_trusted: Option<bool>,
    /// Id under which the key is made, known before it exists (hex).
    pub(crate) provisional_id: Option<String>,
    /// Windows: the provider and container in which it is made, known likewise.
    pub(crate) address: Option<token_helper::wire::KeyAddress>,
    /// The key exists.
    pub(crate) key: Option<KeyRecord>,
    /// The kind of key that the CA asks for, where it was asked and none was ordered.
    pub(crate) template_key: Option<KeyChoice>,
    /// A request may have left this machine.
    pub(crate) sent: Option<SentRecord>,
    /// The CA issued, and the answer was verified.
    pub(crate) issued: Option<IssuedRecord>,
    /// The person accepted what the CA changed (or nothing was changed).
    #[serde(default)]
    pub(crate) accepted: bool,
    /// The certificate is to be rejected to the CA, and everything made cleaned up.
    pub(crate) reject: Option<Reject>,
    /// Key and certificate are in their place.
    #[serde(default)]
    pub(crate) installed: bool,
    /// They work together.
    #[serde(default)]
    pub(crate) proved: bool,
    /// The CA acknowledged.
    #[serde(default)]
    pub(crate) confirmed: bool,
    /// What it had put into its place was deleted there later.
    #[serde(default)]
    pub(crate) gone: bool,
    /// Milliseconds per step so far.
    #[serde(default)]
    pub(crate) timings: Vec<crate::model::Timing>,
    /// What was made is to be removed, and has been.
    #[serde(default)]
    pub(crate) clean_up: bool,
    #[serde(default)]
    pub(crate) cleaned: bool,
    /// The certificate that is renewed.
    pub(crate) renewal: Option<RenewalRecord>,
    /// The certificate that is revoked. There is no key to make then and nothing to install.
    pub(crate) revocation: Option<RevocationRecord>,
    /// It comes out of a file, and no CA has a word in it.
    pub(crate) import: Option<ImportRecord>,
    /// It is the key of an order for a server certificate.
    pub(crate) server: Option<ServerRecord>,
    /// The kind of MAC that the CA did not take, and the one that is used instead.
    pub(crate) fallback: Option<(MacChoice, MacChoice)>,
    /// When the CA is to be asked again, seconds since 1970.
    pub(crate) next_poll: Option<i64>,
    /// How the last attempt failed.
    pub(crate) error: Option<ErrorView>,
}

/// Why a certificate is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reject {
    /// It is for another key.
    OtherKey,
    /// The person does not accept what the CA changed.
    ChangesDeclined,
    /// The installed key and certificate do not work together.
    ProofFailed,
    /// The person gives the job up.
    GivenUp,
}

/// A token, by what finds it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenRecord {
    pub(crate) driver: PathBuf,
    /// What the driver is told when it starts.
    #[serde(default)]
    pub(crate) parameters: Option<String>,
    pub(crate) label: String,
    pub(crate) serial: String,
    pub(crate) manufacturer: String,
    pub(crate) model: String,
    pub(crate) uri: String,
}

/// A key that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    /// DER SubjectPublicKeyInfo, hex.
    pub(crate) public_key: String,
    /// CKA_ID on the token or local key identifier: SHA-1 of the public key unless the token dictates one. Hex.
    pub(crate) key_id: String,
    /// The final id has been set.
    #[serde(default)]
    pub(crate) named: bool,
}

/// A certificate that is at hand, with its key, where they lie.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OldRecord {
    /// DER, hex.
    pub(crate) certificate: String,
    /// Intermediates that are known to lead from it to its root, hex.
    pub(crate) chain: Vec<String>,
    /// Its key.
    pub(crate) key: KeyRecord,
    /// Where they are.
    pub(crate) place: Place,
}

/// A renewal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RenewalRecord {
    /// What is renewed.
    pub(crate) old: OldRecord,
    /// Leave the old one where it is.
    pub(crate) keep_old: bool,
    /// The codes protect the request, not the old key.
    pub(crate) by_code: bool,
    /// What became of the old one, once that is done.
    pub(crate) replaced: Option<Replaced>,
}

/// A certificate and its key out of a PKCS#12 file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ImportRecord {
    /// The file.
    pub(crate) path: String,
    /// The key may leave its place again, where places know that.
    pub(crate) exportable: bool,
}

/// The key of an order for a server certificate. The order has it by this number; it knows nothing of its jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServerRecord {
    /// Number of the order.
    pub(crate) order: i64,
    /// PKCS#10, DER, hex, once the key has signed it.
    pub(crate) request: Option<String>,
    /// It may have reached the CA: the key stays until the order is over.
    #[serde(default)]
    pub(crate) handed_in: bool,
}

/// A revocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RevocationRecord {
    /// The certificate with its key; absent where the codes protect the request.
    pub(crate) old: Option<OldRecord>,
    /// The certificate, DER, hex, where it is at hand.
    pub(crate) certificate: Option<String>,
    /// Issuer, DER, hex.
    pub(crate) issuer: String,
    /// Serial number, hex.
    pub(crate) serial: String,
    /// Why.
    pub(crate) reason: RevocationReason,
    /// The CA has done it.
    #[serde(default)]
    pub(crate) done: bool,
    /// When, RFC 3339 UTC.
    pub(crate) at: Option<String>,
    /// What it said about it.
    pub(crate) text: Option<String>,
}

/// The exchange with the CA.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SentRecord {
    /// [`cmp_protocol::exchange::Exchange`], DER, hex.
    pub(crate) exchange: String,
    /// The last message, to be sent again unchanged after a lost answer. Hex; empty once the job is over, for its MAC would
    /// let somebody guess a short code.
    pub(crate) message: String,
    /// When it was made, seconds since 1970.
    #[serde(default)]
    pub(crate) at: u64,
    /// The last message belongs to the confirmation.
    #[serde(default)]
    pub(crate) confirming: bool,
    /// The last message was answered with "wait": the next one is a poll, not the same again.
    #[serde(default)]
    pub(crate) waiting: bool,
    /// The last message was answered with a "no" that cannot be trusted (wrong code): the key stays, the next attempt
    /// begins a new transaction.
    #[serde(default)]
    pub(crate) start_over: bool,
}

/// What the CA issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IssuedRecord {
    /// The certificate, DER, hex.
    pub(crate) certificate: String,
    /// Certificates sent along, hex.
    #[serde(default)]
    pub(crate) extra: Vec<String>,
    /// `caPubs`, hex; trusted because the answer was protected by the codes.
    #[serde(default)]
    pub(crate) ca_pubs: Vec<String>,
    /// The CA says it changed something.
    #[serde(default)]
    pub(crate) modified: bool,
    /// What it said about it.
    pub(crate) text: Option<String>,
    /// No confirmation is wanted.
    #[serde(default)]
    pub(crate) implicitly_confirmed: bool,
    /// The CA spares the confirmation unasked.
    #[serde(default)]
    pub(crate) implicit_unasked: bool,
    /// The key that the CA made, hex: still enveloped, as it came. The opened key is never written here.
    ///
    /// Whoever reads this folder can guess a short code from it, as from the MAC of [`SentRecord::message`], which stands
    /// here as long; without it a job that was interrupted now would have lost its key for good, and the codes with it.
    /// Gone as soon as the key is in its place, and with the job.
    #[serde(default)]
    pub(crate) encrypted_key: Option<String>,
}

impl IssuedRecord {
    /// A certificate that came by other ways than CMP, with others that came along. All DER.
    pub(crate) fn delivered(certificate: &[u8], others: &[Vec<u8>]) -> IssuedRecord {
        IssuedRecord {
            certificate: hex(certificate),
            extra: others.iter().map(|der| hex(der)).collect(),
            ca_pubs: Vec::new(),
            modified: false,
            text: None,
            implicitly_confirmed: false,
            implicit_unasked: false,
            encrypted_key: None,
        }
    }

    /// All certificates that came with it, DER.
    pub(crate) fn others(&self) -> Result<Vec<Vec<u8>>> {
        Ok([unhex_all(&self.extra)?, unhex_all(&self.ca_pubs)?].concat())
    }
}

impl Record {
    pub(crate) fn new(order: EnrollOrder, profile: CaProfile) -> Record {
        Record {
            order,
            profile,
            token: None,
            store: None,
            root_trusted: None,
            provisional_id: None,
            address: None,
            key: None,
            template_key: None,
            sent: None,
            issued: None,
            accepted: false,
            reject: None,
            installed: false,
            proved: false,
            confirmed: false,
            gone: false,
            timings: Vec::new(),
            clean_up: false,
            cleaned: false,
            renewal: None,
            revocation: None,
            import: None,
            server: None,
            fallback: None,
            next_poll: None,
            error: None,
        }
    }

    /// Puts another profile into the job's place; a kind of MAC that its CA does not take stays replaced.
    pub(crate) fn use_profile(&mut self, profile: CaProfile) {
        self.profile = profile;
        if let Some((from, to)) = self.fallback
            && self.profile.cmp.protection == from
        {
            self.profile.cmp.protection = to;
        }
    }

    /// From now on another kind of MAC protects this job's messages.
    pub(crate) fn fall_back(&mut self, from: MacChoice, to: MacChoice) {
        self.fallback = Some((from, to));
        self.profile.cmp.protection = to;
    }

    /// What the job does.
    pub(crate) fn kind(&self) -> JobKind {
        match (&self.revocation, &self.renewal, &self.import, &self.server) {
            (Some(_), ..) => JobKind::Revoke,
            (_, Some(_), ..) => JobKind::Renew,
            (.., Some(_), _) => JobKind::Import,
            (.., Some(_)) => JobKind::Server,
            (None, None, None, None) => JobKind::Enroll,
        }
    }

    /// The file that a renewal replaces: the new certificate goes where the old one is.
    pub(crate) fn renewed_file(&self) -> Option<&Path> {
        match (&self.renewal.as_ref()?.old.place, &self.order.place) {
            (Place::File { path: old }, Place::File { path: new }) if old == new => Some(Path::new(new)),
            _ => None,
        }
    }

    /// A renewal puts the new certificate where the old one is.
    pub(crate) fn renews_in_place(&self) -> bool {
        let Some(renewal) = &self.renewal else { return false };
        match (&renewal.old.place, &self.token) {
            (Place::File { .. }, _) => self.renewed_file().is_some(),
            (Place::Token { label, serial, .. }, Some(token)) => {
                label.as_ref() == Some(&token.label) && serial.as_ref() == Some(&token.serial)
            }
            (old @ Place::Computer { .. }, None) => *old == self.order.place,
            (Place::Token { .. }, None) | (Place::Computer { .. }, Some(_)) => false,
        }
    }

    /// The certificate that the job is about, DER: the one issued, or the one revoked.
    pub(crate) fn certificate(&self) -> Option<Vec<u8>> {
        let revoked = self.revocation.as_ref().and_then(|revocation| revocation.certificate.as_ref());
        revoked.or(self.issued.as_ref().map(|issued| &issued.certificate)).and_then(|text| unhex(text).ok())
    }

    /// The certificate will come from elsewhere, and there is nothing to do here until then.
    pub(crate) fn waits(&self) -> bool {
        let asked = self.sent.as_ref().is_some_and(|sent| sent.waiting);
        let ordered = self.server.as_ref().is_some_and(|server| server.request.is_some());
        self.issued.is_none() && (asked || ordered)
    }

    fn is_handed_in(&self) -> bool {
        self.server.as_ref().is_some_and(|server| server.handed_in)
    }

    /// Where the key is or will be, as a URI, and what people call that place.
    pub(crate) fn whereabouts(&self) -> (String, String) {
        match (&self.token, &self.order.place) {
            (Some(token), _) => (token.uri.clone(), token.label.clone()),
            (None, place) => {
                let name = match place {
                    Place::File { path } => path.clone(),
                    Place::Computer { store, .. } => self.store.clone().or_else(|| store.clone()).unwrap_or_default(),
                    Place::Token { label, .. } => label.clone().unwrap_or_default(),
                };
                (place.uri(), name)
            }
        }
    }

    fn last_step(&self) -> Option<Step> {
        let done = [
            (self.key.is_some(), Step::MakeKey),
            (self.sent.is_some() || self.is_handed_in(), Step::SendRequest),
            (self.issued.is_some(), Step::ReceiveCertificate),
            (self.installed, Step::Install),
            (self.proved, Step::Prove),
            (self.confirmed, Step::Confirm),
            (self.renewal.as_ref().is_some_and(|renewal| renewal.replaced.is_some()), Step::Retire),
            (self.revocation.as_ref().is_some_and(|revocation| revocation.done), Step::Revoke),
        ];
        done.into_iter().filter(|(done, _)| *done).map(|(_, step)| step).next_back()
    }
}

/// The journal of one home folder.
#[derive(Clone)]
pub(crate) struct Journal {
    database: Arc<Mutex<Connection>>,
    locks: PathBuf,
}

/// A job that this process works on. The lock is held as long as it lives.
pub(crate) struct Job {
    journal: Journal,
    id: i64,
    pub(crate) record: Record,
    state: JobState,
    _lock: File,
}

impl Journal {
    /// Opens or creates the journal in a home folder.
    pub(crate) fn open(home: &Path) -> Result<Journal> {
        let locks = home.join("locks");
        fs::create_dir_all(&locks).map_err(failed)?;
        let database = Connection::open(home.join("journal.sqlite")).map_err(failed)?;
        database.execute_batch(SCHEMA).and_then(|()| database.execute_batch(orders::SCHEMA)).map_err(failed)?;
        Ok(Journal { database: Arc::new(Mutex::new(database)), locks })
    }

    fn database(&self) -> MutexGuard<'_, Connection> {
        self.database.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Begins a job.
    pub(crate) fn begin(&self, record: Record) -> Result<Job> {
        let now = clock::now() as i64;
        let text = serde_json::to_string(&record).map_err(failed)?;
        // Locked before anybody can see it: a running job without a lock is an interrupted one.
        let (id, lock) = {
            let mut database = self.database();
            let change = database.transaction().map_err(failed)?;
            let insert = "INSERT INTO jobs (started, updated, state, record) VALUES (?1, ?1, ?2, ?3)";
            change.execute(insert, params![now, word(&JobState::Running), text]).map_err(failed)?;
            let id = change.last_insert_rowid();
            let lock = self.lock(id)?.ok_or_else(|| busy(id))?;
            insert_entry(&change, id, now, "begin", "")?;
            change.commit().map_err(failed)?;
            (id, lock)
        };
        Ok(Job { journal: self.clone(), id, record, state: JobState::Running, _lock: lock })
    }

    /// Takes up a job that is not finished and that nobody works on.
    pub(crate) fn take(&self, job: &str) -> Result<Job> {
        let missing = || Error::new(Code::JobNotFound, DOING).with("job", job);
        let id: i64 = job.parse().map_err(|_| missing())?;
        let lock = self.lock(id)?.ok_or_else(|| busy(id))?;
        let row: Option<(String, String)> = self
            .database()
            .query_row("SELECT state, record FROM jobs WHERE id = ?1", [id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(failed)?;
        let (state, record) = row.ok_or_else(missing)?;
        let state: JobState = parse(&state)?;
        if state.is_over() {
            return Err(Error::new(Code::JobFinished, DOING).with("job", id));
        }
        let record = serde_json::from_str(&record).map_err(failed)?;
        Ok(Job { journal: self.clone(), id, record, state, _lock: lock })
    }

    /// The newest unfinished job that does the same: an order given again goes on with it instead of making a second key.
    ///
    /// # Errors
    /// [`Code::JobBusy`] when somebody works on it.
    pub(crate) fn unfinished(&self, same: impl Fn(&JobView) -> bool) -> Result<Option<String>> {
        match self.views()?.iter().find(|view| !view.state.is_over() && same(view)) {
            Some(view) if view.state == JobState::Running => {
                Err(Error::new(Code::JobBusy, DOING).with("job", &view.job))
            }
            found => Ok(found.map(|view| view.job.clone())),
        }
    }

    /// `None`: another process works on it. One that only looks (see [`Journal::view`]) is waited for.
    fn lock(&self, id: i64) -> Result<Option<File>> {
        for _ in 0..LOOKS {
            if let Some(file) = self.try_lock(id)? {
                return Ok(Some(file));
            }
            std::thread::sleep(LOOK);
        }
        Ok(None)
    }

    fn try_lock(&self, id: i64) -> Result<Option<File>> {
        let file = File::create(self.locks.join(format!("job-{id}"))).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// All jobs, newest first.
    pub(crate) fn views(&self) -> Result<Vec<JobView>> {
        let rows: Vec<(i64, i64, i64, String, String)> = {
            let database = self.database();
            let mut select = database
                .prepare_cached("SELECT id, started, updated, state, record FROM jobs ORDER BY id DESC")
                .map_err(failed)?;
            let rows = select
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
                .map_err(failed)?;
            rows.collect::<std::result::Result<_, _>>().map_err(failed)?
        };
        rows.into_iter().map(|row| self.view(row)).collect()
    }

    fn view(&self, (id, started, updated, state, record): (i64, i64, i64, String, String)) -> Result<JobView> {
        let record: Record = serde_json::from_str(&record).map_err(failed)?;
        let state = self.state_now(id, &state, &record)?;
        let info = record.certificate().and_then(|der| crate::certificate::describe(&der).ok());
        let renews = record.renewal.as_ref().and_then(|renewal| unhex(&renewal.old.certificate).ok());
        Ok(JobView {
            job: id.to_string(),
            kind: record.kind(),
            server_order: record.server.as_ref().map(|server| server.order.to_string()),
            renews: renews.map(|der| crate::certificate::fingerprint(&der)),
            state,
            started: clock::rfc3339(started as u64),
            updated: clock::rfc3339(updated as u64),
            last_step: record.last_step(),
            subject: info.as_ref().map(|info| info.name().to_owned()),
            sha256: info.map(|info| info.sha256),
            next_poll: record.next_poll.filter(|_| state == JobState::Waiting),
            error: record.error.filter(|_| state != JobState::Done),
            order: record.order,
            entries: self.entries(id)?,
        })
    }

    /// A job that says "running" and that nobody has locked was interrupted.
    fn state_now(&self, id: i64, state: &str, record: &Record) -> Result<JobState> {
        let state: JobState = parse(state)?;
        if state != JobState::Running || self.try_lock(id)?.is_none() {
            return Ok(state);
        }
        Ok(if record.proved { JobState::Unconfirmed } else { JobState::Interrupted })
    }

    fn entries(&self, id: i64) -> Result<Vec<JournalLine>> {
        let database = self.database();
        let mut select = database
            .prepare_cached("SELECT at, what, detail FROM entries WHERE job = ?1 ORDER BY rowid")
            .map_err(failed)?;
        let rows = select.query_map([id], |row| {
            let at: i64 = row.get(0)?;
            Ok(JournalLine { at: clock::rfc3339(at as u64), what: row.get(1)?, detail: row.get(2)? })
        });
        rows.map_err(failed)?.collect::<std::result::Result<_, _>>().map_err(failed)
    }

    /// The records of finished jobs: where certificates were put.
    pub(crate) fn finished(&self) -> Result<Vec<Record>> {
        let database = self.database();
        let mut select = database
            .prepare_cached("SELECT record FROM jobs WHERE state IN ('done', 'unconfirmed') ORDER BY id DESC")
            .map_err(failed)?;
        let rows = select.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
        rows.map(|row| serde_json::from_str(&row.map_err(failed)?).map_err(failed)).collect()
    }

    /// The certificate with this fingerprint was deleted from the place that people call so.
    pub(crate) fn gone(&self, sha256: &str, place_name: &str) -> Result<()> {
        let mut database = self.database();
        let change = database.transaction().map_err(failed)?;
        let rows: Vec<(i64, String)> = {
            let mut select = change.prepare("SELECT id, record FROM jobs WHERE state = 'done'").map_err(failed)?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
            rows.collect::<std::result::Result<_, _>>().map_err(failed)?
        };
        for (id, text) in rows {
            let mut record: Record = serde_json::from_str(&text).map_err(failed)?;
            let its = record.certificate().is_some_and(|der| crate::certificate::fingerprint(&der) == sha256);
            if its && record.whereabouts().1 == place_name {
                record.gone = true;
                let text = serde_json::to_string(&record).map_err(failed)?;
                change.execute("UPDATE jobs SET record = ?2 WHERE id = ?1", params![id, text]).map_err(failed)?;
            }
        }
        change.commit().map_err(failed)
    }

    /// Jobs that somebody may go on with, by number.
    pub(crate) fn open_jobs(&self) -> Result<Vec<(String, Record)>> {
        let database = self.database();
        let mut select = database
            .prepare_cached("SELECT id, record FROM jobs WHERE state NOT IN ('done', 'failed', 'cancelled')")
            .map_err(failed)?;
        let rows = select.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).map_err(failed)?;
        let read = |row: rusqlite::Result<(i64, String)>| {
            let (id, record) = row.map_err(failed)?;
            Ok((id.to_string(), serde_json::from_str(&record).map_err(failed)?))
        };
        rows.map(read).collect()
    }
}

impl Job {
    /// The job's number.
    pub(crate) fn id(&self) -> String {
        self.id.to_string()
    }

    /// It has done what can be done here for now.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state == JobState::Waiting
    }

    /// Writes the record as it stands now, and a line that says why.
    pub(crate) fn save(&mut self, what: &str, detail: &str) -> Result<()> {
        let record = serde_json::to_string(&self.record).map_err(failed)?;
        let now = clock::now() as i64;
        {
            let mut database = self.journal.database();
            let change = database.transaction().map_err(failed)?;
            change
                .execute(
                    "UPDATE jobs SET updated = ?2, state = ?3, record = ?4 WHERE id = ?1",
                    params![self.id, now, word(&self.state), record],
                )
                .map_err(failed)?;
            insert_entry(&change, self.id, now, what, detail)?;
            change.commit().map_err(failed)?;
        }
        Ok(())
    }

    /// Writes a line without changing the record.
    pub(crate) fn note(&self, what: &str, detail: &str) -> Result<()> {
        insert_entry(&self.journal.database(), self.id, clock::now() as i64, what, detail)
    }

    /// Sets the state and saves.
    pub(crate) fn close(&mut self, state: JobState, detail: &str) -> Result<()> {
        self.state = state;
        let over = state.is_over();
        if let (true, Some(sent)) = (over, &mut self.record.sent) {
            sent.message.clear();
        }
        if let (true, Some(issued)) = (over, &mut self.record.issued) {
            issued.encrypted_key = None;
        }
        self.save(&word(&state), detail)
    }

    /// The job is being worked on again.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        self.record.error = None;
        self.close(JobState::Running, "resumed")
    }
}

fn insert_entry(database: &Connection, id: i64, now: i64, what: &str, detail: &str) -> Result<()> {
    database
        .execute("INSERT INTO entries (job, at, what, detail) VALUES (?1, ?2, ?3, ?4)", params![id, now, what, detail])
        .map(|_| ())
        .map_err(failed)
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Code::Journal, DOING).because(error)
}

fn busy(id: i64) -> Error {
    Error::new(Code::JobBusy, DOING).with("job", id)
}

fn parse(state: &str) -> Result<JobState> {
    serde_json::from_value(serde_json::Value::String(state.to_owned())).map_err(failed)
}

/// Each of a list, from the journal.
pub(crate) fn unhex_all(texts: &[String]) -> Result<Vec<Vec<u8>>> {
    texts.iter().map(|text| unhex(text)).collect()
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hex from the journal.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len())
        .step_by(2)
        .map(|at| digit(at).ok_or_else(|| Error::new(Code::Journal, "reading the journal").because("bad hex")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an older version wrote it, before messages had a time and jobs could be cleaned up.
    #[test]
    fn a_record_of_an_older_version_is_read() {
        let old = r#"{
            "order": {"ca": "demo", "reference": "7890", "place": {"kind": "file", "path": "/a.p12"}, "san": [], "noWait": false},
            "profile": {"name": "demo", "title": "Demo", "url": "http://127.0.0.1:1/", "roots": [], "tlsRoots": [],
                "cmp": {"request": "ir", "protection": "pbm-sha256", "iterations": 10000, "clockTolerance": 300,
                    "recipient": "", "implicitConfirm": false}, "keys": [], "demo": true},
            "key": {"public_key": "30", "key_id": "00"},
            "sent": {"exchange": "30", "message": "30", "waiting": true}
        }"#;
        let record: Record = serde_json::from_str(old).unwrap();
        assert_eq!(record.last_step(), Some(Step::SendRequest));
        assert!(record.sent.is_some_and(|sent| sent.waiting && !sent.is_fresh() && !sent.confirming));
    }
}
