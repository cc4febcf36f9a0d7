//! Findings: an error's number and facts, put into words.

use crate::{
    error::{Code, Error},
    hints::{self, Language},
    model::{Finding, Severity},
};

const DOING: &str = "looking at a domain";

/// A finding before it is put into words.
#[derive(Debug)]
pub(crate) struct Found {
    severity: Severity,
    about: String,
    error: Error,
}

impl Found {
    /// What is the matter, how grave it is, and with what.
    pub(crate) fn of(code: Code, severity: Severity, about: &str, doing: &'static str) -> Found {
        Found { severity, about: about.to_owned(), error: Error::new(code, doing) }
    }

    /// It will not work.
    pub(super) fn error(code: Code, about: &str) -> Found {
        Found::of(code, Severity::Error, about, DOING)
    }

    /// It works, or will soon not.
    pub(super) fn warning(code: Code, about: &str) -> Found {
        Found { severity: Severity::Warning, ..Found::error(code, about) }
    }

    /// Good to know.
    pub(super) fn note(code: Code, about: &str) -> Found {
        Found { severity: Severity::Note, ..Found::error(code, about) }
    }

    /// The same, less grave.
    pub(super) fn at_most(mut self, severity: Severity) -> Found {
        self.severity = self.severity.min(severity);
        self
    }

    /// Adds a fact.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Found {
        self.error = self.error.with(name, value);
        self
    }

    /// Adds a fact if there is one.
    pub(super) fn with_some(self, name: &'static str, value: Option<impl ToString>) -> Found {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn severity(&self) -> Severity {
        self.severity
    }

    pub(crate) fn code(&self) -> Code {
        self.error.code
    }

    /// The same as what ends an act.
    pub(crate) fn into_error(self) -> Error {
        self.error
    }

    fn in_words(self, language: Language) -> Finding {
        let view = hints::explain(&self.error, language);
        Finding {
            code: view.code,
            severity: self.severity,
            about: self.about,
            message: view.message,
            hints: view.hints,
            detail: view.detail,
            fix: None,
        }
    }
}

/// All in words, worst first; what is said once about one thing is not said again.
pub(crate) fn in_words(found: Vec<Found>, language: Language) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for one in found.into_iter().map(|one| one.in_words(language)) {
        if !findings.iter().any(|known| (&known.code, &known.about) == (&one.code, &one.about)) {
            findings.push(one);
        }
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}
