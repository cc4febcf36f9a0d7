//! What stands on standard output (the result) and standard error (everything else), for people and as JSON.

use std::{
    io::{ErrorKind, IsTerminal, Write},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use base64::Engine as _;
use chopmark_core::{
    error::{Class, Code, Error},
    hints::{self, Language},
    model::*,
};
use rust_i18n::t;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use unicode_width::UnicodeWidthStr;

/// How a command can fail.
pub(crate) enum Failure {
    /// An error of the core, or of ours in its words.
    Error(Error),
    /// An error that the core has put into words already.
    View(ErrorView),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

/// The two streams.
pub(crate) struct Output {
    pub json: bool,
    pub language: Language,
    /// A line on standard error is begun and not ended.
    open_line: Mutex<bool>,
    /// A line of the result could not be written.
    lost: AtomicBool,
}

impl Output {
    pub(crate) fn new(json: bool, language: Language) -> Output {
        Output { json, language, open_line: Mutex::default(), lost: AtomicBool::default() }
    }

    /// A line of the result. Whoever closed the pipe does not want it; that is no error. A full disk is one.
    pub(crate) fn result(&self, line: &str) {
        let written = writeln!(std::io::stdout().lock(), "{line}");
        if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// The exit code of a good end: the result must have got out.
    pub(crate) fn done(&self) -> ExitCode {
        if self.lost.load(Ordering::Relaxed) {
            let _ = writeln!(std::io::stderr().lock(), "{}", t!("fail.output"));
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }

    /// A line beside the result.
    pub(crate) fn note(&self, line: &str) {
        self.end_line();
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// Begins a line beside the result that [`Output::finish_line`] may end; whole where nobody watches.
    pub(crate) fn begin_line(&self, text: &str) {
        self.end_line();
        let mut stderr = std::io::stderr().lock();
        if stderr.is_terminal() {
            let _ = write!(stderr, "{text} … ");
            *self.open_line.lock().unwrap_or_else(|e| e.into_inner()) = true;
        } else {
            let _ = writeln!(stderr, "{text}");
        }
    }

    pub(crate) fn finish_line(&self, text: &str) {
        let mut open = self.open_line.lock().unwrap_or_else(|e| e.into_inner());
        if std::mem::take(&mut *open) {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    pub(crate) fn end_line(&self) {
        self.finish_line("");
    }

    pub(crate) fn event(&self, event: &impl Serialize) {
        self.result(&serde_json::to_string(event).unwrap_or_default());
    }

    /// The good end of a command.
    pub(crate) fn ok(&self, fields: Value, human: impl FnOnce(&Output)) {
        self.end_line();
        if self.json { self.result(&result_line("ok", fields)) } else { human(self) }
    }

    /// The last line of a command that went well and found what is bad.
    pub(crate) fn error(&self, fields: Map<String, Value>) {
        self.result(&result_line("error", Value::Object(fields)));
    }

    /// The bad end of a command.
    pub(crate) fn fail(&self, failure: &Failure, mut fields: Map<String, Value>) -> ExitCode {
        self.end_line();
        let (view, job) = match failure {
            Failure::Error(error) => (hints::explain(error, self.language), error.facts.get("job")),
            Failure::View(view) => (view.clone(), None),
        };
        let class = class_of(&view);
        if self.json {
            fields.extend(object(&view));
            if let Some(job) = job {
                fields.insert("job".into(), json!(job));
            }
            self.result(&result_line("error", Value::Object(fields)));
        } else {
            // A raw cause is worth reading even there.
            let cause = matches!(failure, Failure::Error(error) if error.source.is_some());
            self.say(&view, cause || has_log(&view));
            let resumable = matches!(class, Class::Waiting | Class::Unconfirmed);
            if let Some(job) = job.filter(|_| resumable) {
                self.note(&t!("fail.resume", job = plain(job)));
            }
        }
        ExitCode::from(class.exit_code())
    }

    /// An error in words on standard error.
    pub(crate) fn problem(&self, view: &ErrorView) {
        self.say(view, has_log(view));
    }

    fn say(&self, view: &ErrorView, with_detail: bool) {
        self.note(&format!("{}: {}", view.code, plain(&view.message)));
        if !view.hints.is_empty() {
            self.note(&t!("fail.what-to-do"));
            view.hints.iter().for_each(|hint| self.note(&format!("  - {}", plain(hint))));
        }
        if with_detail && !view.detail.is_empty() {
            self.note(&t!("fail.details"));
            view.detail.lines().for_each(|line| self.note(&format!("  {}", plain(line))));
        }
    }

    /// Columns that stand below each other, wide letters counted as two.
    pub(crate) fn table(&self, heads: &[&str], rows: &[Vec<String>]) {
        let heads: Vec<String> = heads.iter().map(|name| t!(format!("label.{name}")).into_owned()).collect();
        let rows: Vec<Vec<String>> =
            std::iter::once(heads).chain(rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect())).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        for row in &rows {
            let line: String = row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
            self.result(line.trim_end());
        }
    }

    /// `name  value` lines; lines without a value are left out.
    pub(crate) fn facts(&self, rows: &[(&str, String)]) {
        lines(rows).iter().for_each(|line| self.result(line));
    }

    /// The same beside the result: what a question is about.
    pub(crate) fn note_facts(&self, rows: &[(&str, String)]) {
        lines(rows).iter().for_each(|line| self.note(line));
    }
}

fn lines(rows: &[(&str, String)]) -> Vec<String> {
    let rows: Vec<(String, String)> = rows
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (t!(format!("label.{name}")).into_owned(), plain(value)))
        .collect();
    let width = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{}{value}", pad(name, width))).collect()
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width()) + 2))
}

fn class_of(view: &ErrorView) -> Class {
    class(&view.code)
}

/// Class of a number as it is shown.
pub(crate) fn class(number: &str) -> Class {
    Code::ALL.iter().find(|code| code.to_string() == number).map_or(Class::Internal, |code| code.class())
}

/// What was typed wrong or stopped on purpose needs no log.
fn has_log(view: &ErrorView) -> bool {
    !matches!(class_of(view), Class::Usage | Class::Cancelled)
}

/// `result` stands first, so that people who look find it.
fn result_line(result: &str, fields: Value) -> String {
    let fields = fields.to_string();
    match fields.strip_prefix('{') {
        Some("}") | None => json!({ "result": result }).to_string(),
        Some(rest) => format!("{{\"result\":\"{result}\",{rest}"),
    }
}

/// A border type as a JSON object.
pub(crate) fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// An enrolment as the contract wants it: timings as one object.
pub(crate) fn enrolled_fields(enrolled: &Enrolled) -> Map<String, Value> {
    let mut fields = object(enrolled);
    let timings = enrolled.timings.iter().map(|timing| (word(&timing.step), json!(timing.ms))).collect();
    fields.insert("timings".into(), Value::Object(timings));
    fields
}

/// Text from outside without what steers a terminal or turns the writing direction.
pub(crate) fn plain(text: &str) -> String {
    let steering = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steering(c) { '\u{fffd}' } else { c }).collect()
}

/// Hex in groups of four.
pub(crate) fn grouped(hex: &str) -> String {
    let chars: Vec<char> = hex.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// `2026-08-01T12:34:56Z` as people read it.
pub(crate) fn time(rfc3339: &str) -> String {
    let mut text = rfc3339.replacen('T', " ", 1);
    text.truncate(text.char_indices().nth(16).map_or(text.len(), |(at, _)| at));
    text
}

pub(crate) fn day(rfc3339: &str) -> String {
    rfc3339.chars().take(10).collect()
}

/// Seconds from now to a time in seconds since 1970, negative when it is over.
fn seconds_to(unix: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    unix.saturating_sub(now)
}

/// Seconds to wait until a time in seconds since 1970.
pub(crate) fn seconds_until(unix: i64) -> i64 {
    seconds_to(unix).max(0)
}

/// The end of validity and how far it is.
pub(crate) fn expiry(certificate: &CertificateInfo) -> String {
    let left = seconds_to(certificate.not_after_unix);
    let date = day(&certificate.not_after);
    match left {
        ..0 => t!("value.expired", date = date),
        _ if certificate.is_to_come() => t!("value.not-yet", date = date, from = day(&certificate.not_before)),
        // A month, as in the window.
        0..2_592_000 => t!("value.soon", date = date, days = left / 86_400),
        _ => t!("value.days", date = date, days = left / 86_400),
    }
    .into_owned()
}

/// An empty token has no name of its own.
pub(crate) fn token_name(token: &TokenInfo) -> String {
    if token.initialized { token.label.clone() } else { t!("value.not-set-up").into_owned() }
}

pub(crate) fn yes_no(value: bool) -> String {
    if value { t!("value.yes") } else { t!("value.no") }.into_owned()
}

pub(crate) fn validity(certificate: &CertificateInfo) -> String {
    t!("value.from-to", from = day(&certificate.not_before), to = expiry(certificate)).into_owned()
}

/// The lines about a certificate.
pub(crate) fn certificate_facts(certificate: &CertificateInfo) -> Vec<(&'static str, String)> {
    let usages = certificate.key_usage.iter().chain(&certificate.extended_key_usage);
    let usages: Vec<String> = usages.map(|usage| usage_in_words(usage)).collect();
    let mut rows =
        vec![("certificate", certificate.subject.clone()), ("name", certificate.cn.clone().unwrap_or_default())];
    // Each on its own line, as the RA's page has them.
    rows.extend(certificate.ou.iter().map(|ou| ("unit", ou.clone())));
    rows.extend(certificate.o.iter().map(|o| ("organization", o.clone())));
    rows.extend(certificate.san.iter().map(|san| ("san", san.clone())));
    rows.extend([
        ("issuer", certificate.issuer_cn.clone().unwrap_or_else(|| certificate.issuer.clone())),
        ("serial", grouped(&certificate.serial)),
        ("valid", validity(certificate)),
        ("key", certificate.key.clone()),
        ("usage", usages.join(", ")),
        ("sha256", grouped(&certificate.sha256)),
    ]);
    rows
}

/// What a key may be used for; what the catalogue does not know stays as it is.
fn usage_in_words(usage: &str) -> String {
    let key = format!("usage.{usage}");
    let words = t!(&key).into_owned();
    // A missing text comes back as its own key, with or without the language in front.
    if words.ends_with(&key) { usage.to_owned() } else { words }
}

/// SHA-256 of a PEM certificate, hex; empty when it is none.
pub(crate) fn pem_fingerprint(pem: &str) -> String {
    let body: String =
        pem.lines().filter(|line| !line.starts_with("-----")).flat_map(|line| line.trim().chars()).collect();
    match base64::engine::general_purpose::STANDARD.decode(body) {
        Ok(der) => Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_stands_first() {
        assert_eq!(result_line("ok", json!({"a": 1})), r#"{"result":"ok","a":1}"#);
        assert_eq!(result_line("ok", json!({})), r#"{"result":"ok"}"#);
    }

    #[test]
    fn wide_letters_are_aligned() {
        assert_eq!(pad("证书", 6), "证书    ");
        assert_eq!(pad("ab", 6), "ab      ");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}"), "a\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn times_of_any_kind_are_cut() {
        assert_eq!(time("2026-08-01T12:34:56Z"), "2026-08-01 12:34");
        assert_eq!(time("时间"), "时间");
    }

    #[test]
    fn both_catalogues_have_the_same_keys() {
        let keys = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
        };
        let (en, zh) = (include_str!("../locales/en.yml"), include_str!("../locales/zh-CN.yml"));
        assert_eq!(keys(en), keys(zh));
        let holes = |line: &str| -> Vec<String> {
            let mut holes: Vec<String> =
                line.split("%{").skip(1).filter_map(|p| p.split_once('}').map(|(name, _)| name.to_owned())).collect();
            holes.sort();
            holes
        };
        for (en, zh) in en.lines().zip(zh.lines()) {
            assert_eq!(holes(en), holes(zh), "{en}");
        }
    }
}
