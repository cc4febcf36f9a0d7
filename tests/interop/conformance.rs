//! `docs/CONFORMANCE.md`: what every row of this ring has found, by section of RFC 9483 and peer.
//!
//! A [`Table`] is one peer in one role and one part of the page. Rows are seen to their end even if one of them fails; then
//! the part is compared with the committed page, without the versions, so that the page cannot go stale. With
//! `CHOPMARK_WRITE_CONFORMANCE` set (`cargo xtask interop --write`) it is written instead. A peer that this machine does not
//! have leaves its part as it is: the summary at the top is counted from the page itself.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

mod page;

/// Of the tables of this program, one at a time reads and writes the page.
static PAGE: Mutex<()> = Mutex::new(());
/// Rows of one table that run at the same time. Most of a row is waiting for a foreign process.
const AT_ONCE: usize = 2;

/// What a row tries, in words for the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// Section of RFC 9483 that says what must happen, for example `4.1.1`.
    pub(crate) section: &'static str,
    /// `ir`, `genm caCerts`, …
    pub(crate) operation: String,
    /// Key, protection, what the peer does: whatever makes this row another than the one before.
    pub(crate) options: String,
    /// How it must end.
    pub(crate) expected: String,
}

/// One peer in one role: rows and their results.
pub(crate) struct Table {
    title: String,
    version: String,
    absent: Vec<(&'static str, &'static str)>,
    rows: Mutex<Vec<(usize, Line, bool)>>,
    begun: AtomicUsize,
    aside: bool,
}

impl Table {
    /// `title` is the heading on the page and names peer and role: `OpenSSL 3.0 as the CA`. `version` is what the peer says
    /// of itself.
    pub(crate) fn new(title: &str, version: &str) -> Table {
        Table {
            title: title.to_owned(),
            version: version.trim().to_owned(),
            absent: Vec::new(),
            rows: Mutex::default(),
            begun: AtomicUsize::new(0),
            aside: false,
        }
    }

    /// The peer cannot do what a section is about; the page says why.
    #[must_use]
    pub(crate) fn absent(mut self, section: &'static str, why: &'static str) -> Table {
        assert!(page::SECTIONS.iter().any(|(known, _)| *known == section), "RFC 9483 has no section {section} here");
        self.absent.push((section, why));
        self
    }

    /// Not for the page.
    #[must_use]
    pub(crate) fn aside(mut self) -> Table {
        self.aside = true;
        self
    }

    /// Runs one row. A panic in it is its failure, and told by [`Table::close`].
    pub(crate) fn row(&self, line: Line, run: impl FnOnce()) {
        let number = self.begun.fetch_add(1, Ordering::SeqCst);
        self.numbered(number, line, run);
    }

    /// Runs one row for each of `rows`, a few at the same time.
    pub(crate) fn rows<R: Sync>(&self, rows: &[R], line: impl Fn(&R) -> Line + Sync, run: impl Fn(&R) + Sync) {
        let first = self.begun.fetch_add(rows.len(), Ordering::SeqCst);
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some((number, row)) = take(rows, &next) {
                        self.numbered(first + number, line(row), || run(row));
                    }
                });
            }
        });
    }

    fn numbered(&self, number: usize, line: Line, run: impl FnOnce()) {
        assert!(page::SECTIONS.iter().any(|(known, _)| *known == line.section), "no section on the page for {line:?}");
        let good = catch_unwind(AssertUnwindSafe(run)).is_ok();
        if !good {
            eprintln!("^ {}: {line:?}", self.title);
        }
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push((number, line, good));
    }

    /// Brings the page up to date or compares it, then fails if a row failed.
    pub(crate) fn close(self) {
        let mut rows = self.rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.sort_by_key(|(number, ..)| *number);
        let part = page::Part {
            title: self.title,
            version: self.version,
            absent: self.absent.into_iter().map(|(section, why)| (section.to_owned(), why.to_owned())).collect(),
            rows: rows.into_iter().map(|(_, line, good)| page::Row::new(&line, good)).collect(),
        };
        let failed = part.rows.iter().filter(|row| !row.good).count();
        let (title, all) = (part.title.clone(), part.rows.len());
        assert!(failed == 0 || writing(), "{title}: {failed} of {all} rows failed");
        eprintln!("{title}: {} of {all} rows as expected", all - failed);
        if !self.aside {
            bring_in(part);
        }
        assert_eq!(failed, 0, "{title}: {failed} of {all} rows failed");
    }
}

fn take<'a, R>(rows: &'a [R], next: &AtomicUsize) -> Option<(usize, &'a R)> {
    let number = next.fetch_add(1, Ordering::SeqCst);
    rows.get(number).map(|row| (number, row))
}

fn writing() -> bool {
    std::env::var_os("CHOPMARK_WRITE_CONFORMANCE").is_some()
}

fn file() -> PathBuf {
    chopmark_tests::bench::programs::source("../docs/CONFORMANCE.md")
}

fn bring_in(part: page::Part) {
    let _one_at_a_time = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let committed = std::fs::read_to_string(file()).unwrap_or_default().replace("\r\n", "\n");
    let title = part.title.clone();
    let mut page = page::Page::parse(&committed);
    page.put(part);
    let now = page.text();
    if writing() {
        std::fs::write(file(), now).unwrap_or_else(|error| panic!("{}: {error}", file().display()));
        return;
    }
    let difference = page::first_difference(&committed, &now);
    assert!(
        difference.is_none(),
        "{title}: docs/CONFORMANCE.md is not what the ring finds; run `cargo xtask interop --write` and commit it.\n{}",
        difference.unwrap_or_default()
    );
}
