//! The report for the help desk: one HTML file to read, without scripts, with the facts inside as JSON to replay.
//!
//! No PIN, code or key can be in it, for there is none in [`Facts`]. Names and serial numbers are shortened unless the person
//! wants them in: [`redact`].

use std::{fmt::Write as _, fs, io::Read, path::Path};

use crate::{
    check_up::Known,
    clock,
    drivers::facts::{FORMAT, Facts},
    error::{Code, Error, Result},
    hints::{
        Language,
        report::{heading, severity},
    },
    model::{CheckUp, Redaction, Severity, word},
};

mod redact;

/// Largest report read, bytes.
const LONGEST: u64 = 4 * 1024 * 1024;
/// Most entries of one kind taken from a file.
const MOST: usize = 500;
/// Where the facts begin and end.
const BEGIN: &str = "<script type=\"application/json\" id=\"chopmark-facts\">";
const END: &str = "</script>";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d1d1f;--soft:#5c5c66;--line:#d8d8de;--back:#fff;--bad:#b3261e;--warn:#8a5a00;--good:#1b6e3a}
@media(prefers-color-scheme:dark){:root{--ink:#ececf0;--soft:#a3a3ad;--line:#3a3a42;--back:#17171a;--bad:#ff8a80;--warn:#ffc46b;--good:#7fd79d}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid var(--line)}
article{border-left:4px solid var(--line);padding:.1rem 1rem;margin:1rem 0}
.error{border-color:var(--bad)}.warning{border-color:var(--warn)}.note{border-color:var(--line)}
.soft,summary{color:var(--soft)}table{border-collapse:collapse;width:100%}
td,th{text-align:start;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85em}";

/// The report.
pub(crate) fn page(facts: &Facts, redaction: Redaction, language: Language) -> String {
    let facts = redact::redact(facts, redaction, &redact::Person::here());
    written(&facts, redaction, language)
}

/// Of facts that are as they are to be.
fn written(facts: &Facts, redaction: Redaction, language: Language) -> String {
    let view = Known::whole(facts.clone()).view(language, &[]);
    let mut out = String::new();
    let lang = if language == Language::ZhCn { "zh-CN" } else { "en" };
    let title = heading("title", language);
    // Writing into a String does not fail.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body>\n\
         <h1>{title}</h1>\n"
    );
    head(&mut out, facts, redaction, language);
    findings(&mut out, &view, language);
    lines(&mut out, &view, language);
    tables(&mut out, facts, language);
    // Nothing in it can end the element or open another one.
    let json = serde_json::to_string(facts).unwrap_or_default().replace('<', "\\u003c").replace('>', "\\u003e");
    let _ = write!(out, "{BEGIN}{}{END}\n</body></html>\n", json.replace('&', "\\u0026"));
    out
}

fn head(out: &mut String, facts: &Facts, redaction: Redaction, language: Language) {
    let taken = clock::rfc3339(facts.taken.try_into().unwrap_or_default());
    let system = format!("{} {} {}", facts.system.version, facts.system.os, facts.system.arch);
    let rows = [("taken", taken), ("system", system), ("build", facts.build.clone())];
    let rows: Vec<Vec<String>> =
        rows.iter().map(|(name, value)| vec![heading(name, language).to_owned(), value.clone()]).collect();
    table(out, &[], &rows);
    let mut said = vec![heading("", language)];
    if !redaction.names {
        said.push(heading("names-cut", language));
    }
    if !redaction.serials {
        said.push(heading("serials-cut", language));
    }
    let _ = writeln!(out, "<p class=\"soft\">{}</p>", escape(&said.join(" ")));
}

fn findings(out: &mut String, view: &CheckUp, language: Language) {
    let _ = writeln!(out, "<h2>{}</h2>", heading("findings", language));
    if view.findings.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", heading("nothing", language));
    }
    for finding in &view.findings {
        let class = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let _ = write!(
            out,
            "<article class=\"{class}\"><p><strong>{}</strong> · {} <span class=\"soft\">{}</span></p><p>{}</p>",
            escape(&finding.code),
            severity(finding.severity, language),
            escape(&finding.about),
            escape(&finding.message)
        );
        if !finding.hints.is_empty() {
            let hints: String = finding.hints.iter().map(|hint| format!("<li>{}</li>", escape(hint))).collect();
            let _ = write!(out, "<ol>{hints}</ol>");
        }
        if !finding.detail.is_empty() {
            let details = heading("details", language);
            let _ =
                write!(out, "<details><summary>{details}</summary><pre>{}</pre></details>", escape(&finding.detail));
        }
        out.push_str("</article>\n");
    }
}

fn lines(out: &mut String, view: &CheckUp, language: Language) {
    let _ = writeln!(out, "<h2>{}</h2>", heading("lines", language));
    let rows: Vec<Vec<String>> = view
        .lines
        .iter()
        .map(|line| {
            let facts: Vec<&str> = line.facts.values().map(String::as_str).filter(|value| !value.is_empty()).collect();
            let state = heading(&word(&line.state), language).to_owned();
            vec![heading(&line.check, language).to_owned(), state, facts.join(" · ")]
        })
        .collect();
    table(out, &[], &rows);
}

/// What the help desk looks at first; all of it is in the JSON.
fn tables(out: &mut String, facts: &Facts, language: Language) {
    let mut section = |title: &str, heads: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let _ = writeln!(out, "<h2>{}</h2>", heading(title, language));
            let heads: Vec<&str> = heads.iter().map(|name| heading(name, language)).collect();
            table(out, &heads, &rows);
        }
    };
    let problem = |code: Option<u16>| code.map(|number| format!("CM-{number}")).unwrap_or_default();
    let plugged = facts.plugged.iter().map(|one| {
        let drivers: Vec<&str> = one.drivers.iter().map(|driver| driver.name.as_str()).collect();
        vec![one.name.clone(), one.usb.clone(), one.reader.clone(), drivers.join(", ")]
    });
    section("plugged", &["name", "model", "readers", "driver"], plugged.collect());
    let drivers = facts.drivers.iter().map(|driver| {
        let name = if driver.name.is_empty() { driver.description.clone() } else { driver.name.clone() };
        let code = problem(driver.problem.as_ref().map(|problem| problem.code));
        vec![name, driver.version.clone(), driver.path.clone(), code]
    });
    section("driver", &["name", "version", "file", "problem"], drivers.collect());
    let tokens = facts.drivers.iter().flat_map(|driver| driver.tokens.iter().map(move |token| (driver, token)));
    let tokens = tokens.map(|(driver, token)| {
        let pin = word(&token.pin);
        vec![token.label.clone(), token.model.clone(), token.serial.clone(), pin, driver.name.clone()]
    });
    section("token", &["name", "model", "serial", "pin", "driver"], tokens.collect());
    let providers = facts.providers.iter().map(|one| vec![one.name.clone(), one.kind.clone(), one.detail.clone()]);
    section("providers", &["name", "model", "problem"], providers.collect());
    let certificates = facts.certificates.iter().map(|one| {
        let end = clock::rfc3339(one.not_after.try_into().unwrap_or_default());
        vec![one.subject.clone(), end.chars().take(10).collect(), one.place.clone()]
    });
    section("certificates", &["name", "expires", "place"], certificates.collect());
}

fn table(out: &mut String, heads: &[&str], rows: &[Vec<String>]) {
    let line = |cells: &[String], tag: &str| -> String {
        cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect()
    };
    out.push_str("<table>");
    if !heads.is_empty() {
        let heads: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
        let _ = write!(out, "<tr>{}</tr>", line(&heads, "th"));
    }
    for row in rows {
        let _ = write!(out, "<tr>{}</tr>", line(row, "td"));
    }
    out.push_str("</table>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The facts of a saved report: the file as it was saved, or its JSON alone.
///
/// # Errors
/// [`Code::FileNotReadable`]; [`Code::BadReport`] for anything that is not one, or is of a newer version.
pub(crate) fn read(path: &Path) -> Result<Facts> {
    let shown = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bad = || Error::new(Code::BadReport, "reading the report").with("path", shown());
    let unreadable =
        |error| Error::new(Code::FileNotReadable, "reading the report").with("path", path.display()).because(error);
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(bad());
    }
    let mut text = Vec::new();
    fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut text)).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(bad());
    }
    let text = String::from_utf8(text).map_err(|error| bad().because(error))?;
    parse(&text).map_err(|cause| bad().because(cause))
}

fn parse(text: &str) -> std::result::Result<Facts, String> {
    let json = match text.split_once(BEGIN) {
        Some((_, rest)) => rest.split_once(END).ok_or("the file is cut off")?.0,
        None => text,
    };
    // Newer versions may mean something else by what looks alike.
    let format = serde_json::from_str::<serde_json::Value>(json).map_err(|error| error.to_string())?;
    match format.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format >= 1 && format <= FORMAT.into() => {}
        Some(format) => return Err(format!("version {format}; this program knows {FORMAT}")),
        None => return Err("no version".into()),
    }
    let mut facts: Facts = serde_json::from_value(format).map_err(|error| error.to_string())?;
    bound(&mut facts);
    Ok(facts)
}

/// Rules compare everything with everything: what is too long for a real computer is cut.
fn bound(facts: &mut Facts) {
    facts.usb.truncate(MOST);
    facts.plugged.truncate(MOST);
    facts.drivers.truncate(MOST);
    facts.providers.truncate(MOST);
    facts.bindings.truncate(MOST);
    facts.certificates.truncate(MOST);
    facts.browsers.truncate(MOST);
    facts.choices.truncate(MOST);
    facts.catalogue_faults.truncate(MOST);
    let mut left = MOST;
    for driver in &mut facts.drivers {
        driver.tokens.truncate(left);
        left -= driver.tokens.len();
    }
    facts.plugged.iter_mut().for_each(|one| one.drivers.truncate(MOST));
    facts.reader_service.iter_mut().for_each(|service| service.readers.truncate(MOST));
}

#[cfg(test)]
mod tests;
