//! The scan of a stamped letter: looked at, then handed in.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use super::App;
use crate::{
    error::{Code, Error, Result},
    files::write_whole,
    hints,
    letters::{data::LetterData, fill, limits::ScanLimits, scan},
    model::*,
    orders::acts::{Act, Sent},
    stores::blocking,
    validation::finding::{self, Found},
};

const DOING: &str = "handing in a letter";
/// More is not read, whatever the rules say.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A scan and what was seen of it.
struct Looked {
    bytes: Vec<u8>,
    size: u64,
    scan: scan::Scan,
}

impl App {
    /// Writes the letter of an order, ready to be printed, stamped and signed: the source's form filled with the order's data where it
    /// lets itself be filled, else (or if wanted) a letter of our own.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`], [`Code::LetterNoFont`], [`Code::FileExists`], [`Code::FileNotWritable`]; those of the source.
    pub async fn order_letter_write(&self, number: &str, wanted: LetterWanted) -> Result<LetterWritten> {
        let order = self.kept_order(number).await?.order;
        // An order that was typed in has no source to ask.
        let form = match wanted.own || order.account.is_none() || order.source != OrderSource::Ussl {
            true => None,
            false => Some(self.order_letter_form(number, wanted.revocation).await?.0),
        };
        let language = self.desk.language;
        blocking(move || {
            let letter = fill::letter(form.as_deref(), &LetterData::of(&order), wanted.revocation)?;
            let path = Path::new(&wanted.to).with_extension(letter.ending);
            write_whole(&path, &letter.bytes, wanted.replace)?;
            let steps = hints::letter::steps(letter.form, !letter.left.is_empty(), language);
            let path = path.display().to_string();
            Ok(LetterWritten { path, form: letter.form, filled: letter.filled, left: letter.left, steps })
        })
        .await?
    }

    /// Looks at the scan of a letter, as whoever checks it at the CA will.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`], [`Code::FileNotReadable`]; what is the matter with the scan is a finding.
    pub async fn order_letter_check(&self, number: &str, path: &str) -> Result<ScanCheck> {
        let Looked { size, scan, .. } = self.look_at_letter(number, path).await?;
        let scan::Scan { kind, pages, pictures, found } = scan;
        let good = found.iter().all(|one| one.severity() < Severity::Warning);
        let findings = finding::in_words(found, self.desk.language);
        Ok(ScanCheck { path: path.to_owned(), kind, bytes: size, pages, pictures, findings, good })
    }

    /// Hands in the stamped letter, if it can be read, or the person has passed over each warning by its number.
    ///
    /// # Errors
    /// The worst finding that was not passed over; those of the source.
    pub async fn order_letter(&self, number: &str, scan: &LetterScan) -> Result<OrderView> {
        let letter = self.readable_letter(number, scan).await?;
        self.drive(number, Sent::Act(Act::Letter(&letter)), |_| ()).await
    }

    /// The bytes of a scan that may be handed in.
    pub(super) async fn readable_letter(&self, number: &str, scan: &LetterScan) -> Result<Vec<u8>> {
        let looked = self.look_at_letter(number, &scan.path).await?;
        let passed = |one: &Found| {
            let code = one.code().to_string();
            one.severity() < Severity::Warning
                || one.severity() == Severity::Warning
                    && scan.despite.iter().any(|word| word.eq_ignore_ascii_case(&code))
        };
        let worst = looked.scan.found.into_iter().filter(|one| !passed(one)).max_by_key(Found::severity);
        match worst {
            Some(worst) => Err(worst.into_error().with("path", &scan.path).with("order", number)),
            None => Ok(looked.bytes),
        }
    }

    async fn look_at_letter(&self, number: &str, path: &str) -> Result<Looked> {
        let rules = self.kept_order(number).await?.order.rules.name;
        let limits = self.validation_settings()?.scan_limits(&rules);
        let limits = limits.map_err(|error| Error::new(Code::Internal, DOING).because(error))?;
        let path = PathBuf::from(path);
        blocking(move || look(&path, &limits)).await?
    }
}

fn look(path: &Path, limits: &ScanLimits) -> Result<Looked> {
    let unreadable =
        |error: std::io::Error| Error::new(Code::FileNotReadable, DOING).with("path", path.display()).because(error);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > LARGEST {
        let found = vec![scan::too_large(path, size, limits)];
        let scan = scan::Scan { kind: None, pages: 0, pictures: Vec::new(), found };
        return Ok(Looked { bytes: Vec::new(), size, scan });
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    let scan = scan::look(path, &bytes, limits);
    Ok(Looked { bytes, size, scan })
}
