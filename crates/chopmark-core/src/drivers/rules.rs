//! From facts to findings: pure functions, one file for each thing that is looked at. No word for people in here, those are in
//! [`crate::hints`]; nothing is asked, so a report from another computer is judged in the same way.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{DriverFacts, Facts, Problem, TokenFacts};
use crate::{
    error::Code,
    model::{KeyChoice, Severity, word},
    repairs::Repair,
};

mod ca;
mod computer;
mod drivers;
mod providers;
mod readers;
mod tokens;

#[cfg(test)]
pub(crate) mod tests;

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruled {
    /// Its number.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// Line of the check-up that it belongs to.
    pub topic: Topic,
    /// What it is about, as people say it.
    pub about: String,
    /// Facts for its sentence.
    pub facts: BTreeMap<String, String>,
    /// Raw words.
    pub detail: String,
    /// What we can do about it.
    pub repair: Option<Repair>,
}

impl Ruled {
    fn new(code: Code, severity: Severity, topic: Topic, about: &str) -> Ruled {
        let (about, facts) = (about.to_owned(), BTreeMap::new());
        Ruled { code, severity, topic, about, facts, detail: String::new(), repair: None }
    }

    fn with(mut self, name: &str, value: impl ToString) -> Ruled {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }

    fn detail(mut self, detail: &str) -> Ruled {
        self.detail = detail.to_owned();
        self
    }

    fn repair(mut self, repair: Repair) -> Ruled {
        self.repair = Some(repair);
        self
    }

    /// What was met as an error, with its own number and facts. A number of a newer Chopmark is left out.
    fn met(problem: &Problem, severity: Severity, topic: Topic, about: &str) -> Option<Ruled> {
        let mut ruled = Ruled::new(Code::numbered(problem.code)?, severity, topic, about).detail(&problem.detail);
        ruled.facts = problem.facts.clone();
        Some(ruled)
    }
}

/// What a line of the check-up is about, in the order of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Smart card service and readers.
    Readers,
    /// Drivers.
    Drivers,
    /// Tokens.
    Tokens,
    /// CSPs and KSPs.
    Providers,
    /// Certificates.
    Certificates,
    /// The CA.
    Ca,
    /// The clock.
    Clock,
    /// This computer and its browsers.
    Computer,
}

/// A part of the facts that is asked at one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Smart card service, USB devices and what was recognised in them.
    Plugged,
    /// The answers of all drivers.
    Drivers,
    /// CSPs, KSPs, and what is bound to them.
    Providers,
    /// Certificates.
    Certificates,
    /// The CA.
    Ca,
    /// The machine, its browsers, choices and added files.
    Computer,
}

impl Part {
    /// All of them: what a saved report has.
    pub const ALL: [Part; 6] =
        [Part::Plugged, Part::Drivers, Part::Providers, Part::Certificates, Part::Ca, Part::Computer];
}

/// Which parts must be known before a rule may speak, since it speaks of what is *not* there; and the rule.
type Rule = (&'static [Part], fn(&Facts) -> Vec<Ruled>);

const RULES: &[Rule] = &[
    (&[Part::Plugged], readers::service),
    (&[Part::Plugged], readers::readers),
    (&[Part::Plugged, Part::Drivers], readers::plugged),
    (&[], drivers::failed),
    (&[Part::Drivers], drivers::none),
    (&[], drivers::files),
    (&[Part::Drivers], drivers::doubled),
    (&[Part::Plugged, Part::Drivers], drivers::generic),
    (&[Part::Plugged, Part::Drivers, Part::Computer], drivers::chosen),
    (&[Part::Computer], drivers::catalogue),
    (&[Part::Providers], providers::providers),
    (&[Part::Providers], providers::bindings),
    (&[Part::Plugged, Part::Drivers], tokens::none),
    (&[], tokens::states),
    (&[Part::Drivers], tokens::empty),
    (&[Part::Drivers], tokens::same_names),
    (&[Part::Drivers, Part::Ca], tokens::keys),
    (&[Part::Certificates], tokens::certificates),
    (&[Part::Ca], ca::ca),
    (&[Part::Ca], ca::clock),
    (&[Part::Computer], computer::sandbox),
    (&[Part::Computer, Part::Drivers, Part::Certificates], computer::browsers),
];

/// All findings, worst first.
pub fn judge(facts: &Facts) -> Vec<Ruled> {
    judge_known(facts, &Part::ALL.into())
}

/// The findings that can be told when only these parts are known yet.
pub fn judge_known(facts: &Facts, known: &BTreeSet<Part>) -> Vec<Ruled> {
    let ready = |(needs, _): &&Rule| needs.iter().all(|part| known.contains(part));
    let mut found: Vec<Ruled> = RULES.iter().filter(ready).flat_map(|(_, rule)| rule(facts)).collect();
    found.sort_by(|a, b| {
        let key = |one: &Ruled| (std::cmp::Reverse(one.severity), one.topic, one.code.number());
        key(a).cmp(&key(b)).then_with(|| a.about.cmp(&b.about))
    });
    found.dedup();
    found
}

// What several rules ask --------------------------------------------------------------------------------------------

/// File name of a path of any system.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What a driver is called: by the catalogue, by itself, by its file.
fn driver_name(driver: &DriverFacts) -> &str {
    [&driver.name, &driver.description].into_iter().find(|name| !name.is_empty()).map_or(file_name(&driver.path), |n| n)
}

/// What a token is called.
fn token_name(token: &TokenFacts) -> &str {
    [&token.label, &token.serial, &token.model, &token.slot_description]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or("", |name| name)
}

fn same_token(a: &TokenFacts, b: &TokenFacts) -> bool {
    !(a.label.is_empty() && a.serial.is_empty()) && (&a.serial, &a.label, &a.model) == (&b.serial, &b.label, &b.model)
}

/// The tokens, each once: with the maker's driver where several see it.
fn tokens(facts: &Facts) -> Vec<(&DriverFacts, &TokenFacts)> {
    let mut drivers: Vec<&DriverFacts> = facts.drivers.iter().collect();
    // OpenSC drives nearly every card, but its maker's driver knows more about it.
    drivers.sort_by_key(|driver| driver.generic);
    let mut found: Vec<(&DriverFacts, &TokenFacts)> = Vec::new();
    for (driver, token) in drivers.iter().flat_map(|driver| driver.tokens.iter().map(move |token| (*driver, token))) {
        if !found.iter().any(|(other, known)| other.path != driver.path && same_token(known, token)) {
            found.push((driver, token));
        }
    }
    found
}

/// Is there a token that could be used?
fn any_token(facts: &Facts) -> bool {
    facts.drivers.iter().flat_map(|driver| &driver.tokens).any(|token| token.initialized)
}

fn key_words(keys: &[KeyChoice]) -> String {
    keys.iter().map(word).collect::<Vec<_>>().join(", ")
}
