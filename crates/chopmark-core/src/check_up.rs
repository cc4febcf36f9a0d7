//! The check-up: facts are collected, rules judge them, and this puts it into lines and findings. The short form at the top of
//! *Get a certificate* is made of the same facts and rules, so both say the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    clock,
    drivers::{
        facts::{DriverFacts, Facts, ServiceState, TokenFacts},
        rules::{self, Part, Ruled, Topic},
    },
    hints::{self, Language, System},
    model::{CheckLine, CheckState, CheckUp, FixDone, Severity},
    repairs::Done,
};

pub(crate) mod ca;
pub(crate) mod collect;
mod content;

/// Facts, and which of them are known yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) facts: Facts,
    pub(crate) parts: BTreeSet<Part>,
}

impl Known {
    /// A saved report: nothing more will come.
    pub(crate) fn whole(facts: Facts) -> Known {
        Known { facts, parts: Part::ALL.into() }
    }

    /// What can be said about them now.
    pub(crate) fn judge(&self) -> Vec<Ruled> {
        rules::judge_known(&self.facts, &self.parts)
    }

    /// Lines and findings in words, with the steps for the system that the facts are from.
    pub(crate) fn view(&self, language: Language, done: &[Done]) -> CheckUp {
        let (found, system) = (self.judge(), System::named(&self.facts.system.os));
        CheckUp {
            taken: clock::rfc3339(self.facts.taken.try_into().unwrap_or_default()),
            findings: found.iter().map(|one| hints::finding(one, language, system)).collect(),
            lines: self.lines(&found, language),
            done: done.iter().map(|done| done_view(done, language)).collect(),
        }
    }

    /// The lines whose facts are there.
    pub(crate) fn lines(&self, found: &[Ruled], language: Language) -> Vec<CheckLine> {
        let system = System::named(&self.facts.system.os);
        let lines = TOPICS.iter().filter_map(|(topic, word)| {
            let facts = self.about(*topic)?;
            let of = |severity| found.iter().find(move |one| one.topic == *topic && one.severity == severity);
            let worst = of(Severity::Error).or_else(|| of(Severity::Warning));
            let state = match worst.map(|one| one.severity) {
                Some(Severity::Error) => CheckState::Bad,
                Some(_) => CheckState::Warning,
                // Why there is none stands on another line.
                None if *topic == Topic::Tokens && !self.has_token() => CheckState::Warning,
                None => CheckState::Good,
            };
            let problem = worst.map(|one| hints::found(one, language, system));
            let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Some(CheckLine { check: (*word).to_owned(), state, facts, problem })
        });
        lines.collect()
    }

    /// Facts of a line; `None`: not known (yet), or of no interest here.
    fn about(&self, topic: Topic) -> Option<BTreeMap<&'static str, String>> {
        let facts = &self.facts;
        let known = |part| self.parts.contains(&part);
        Some(match topic {
            Topic::Readers => {
                let service = facts.reader_service.as_ref().filter(|_| known(Part::Plugged))?;
                let reader = service.readers.first().map(|reader| reader.name.clone()).unwrap_or_default();
                let mut about = BTreeMap::from([("count", service.readers.len().to_string()), ("reader", reader)]);
                // Nothing is wrong where nothing needs it, and yet it does not run.
                if service.state != ServiceState::Running {
                    about.insert("service", "off".into());
                }
                about
            }
            Topic::Drivers => {
                let asked = facts.helper.is_none();
                let open = facts.drivers.iter().filter(|driver| asked && is_open(driver)).count();
                if asked && !known(Part::Drivers) && open == facts.drivers.len() {
                    return None;
                }
                let good: Vec<_> = facts.drivers.iter().filter(|one| one.started && one.problem.is_none()).collect();
                let holder = good.iter().find(|one| one.tokens.iter().any(|token| token.initialized));
                let named = holder.or(good.first()).map(|driver| driver.name.clone()).unwrap_or_default();
                let mut about = BTreeMap::from([("count", good.len().to_string()), ("driver", named)]);
                if open > 0 {
                    about.insert("open", open.to_string());
                }
                about
            }
            Topic::Tokens => {
                let tokens: Vec<&TokenFacts> = self.tokens();
                if !known(Part::Drivers) && tokens.is_empty() {
                    return None;
                }
                let first = tokens.first().map(|token| token.label.clone()).unwrap_or_default();
                [("count", tokens.len().to_string()), ("token", first)].into()
            }
            Topic::Providers => {
                (known(Part::Providers) && !facts.providers.is_empty()).then_some(())?;
                [("count", facts.providers.len().to_string())].into()
            }
            Topic::Certificates => {
                known(Part::Certificates).then_some(())?;
                let own: Vec<_> = facts.certificates.iter().filter(|one| !one.authority).collect();
                let first = own.first().map(|one| one.subject.clone()).unwrap_or_default();
                [("count", own.len().to_string()), ("certificate", first)].into()
            }
            Topic::Ca => [("ca", facts.ca.as_ref().filter(|_| known(Part::Ca))?.title.clone())].into(),
            Topic::Clock => [("seconds", facts.ca.as_ref()?.clock_ahead?.to_string())].into(),
            Topic::Computer => {
                known(Part::Computer).then_some(())?;
                [("system", facts.system.version.clone())].into()
            }
        })
    }

    /// The tokens that were set up, each once.
    fn tokens(&self) -> Vec<&TokenFacts> {
        let mut seen = BTreeSet::new();
        let all = self.facts.drivers.iter().flat_map(|driver| &driver.tokens).filter(|token| token.initialized);
        all.filter(|token| seen.insert((&token.label, &token.serial, &token.model))).collect()
    }

    fn has_token(&self) -> bool {
        !self.tokens().is_empty() || self.facts.providers.iter().any(|provider| provider.token)
    }
}

/// The lines and the words that they are known by.
const TOPICS: [(Topic, &str); 8] = [
    (Topic::Readers, "readers"),
    (Topic::Drivers, "driver"),
    (Topic::Tokens, "token"),
    (Topic::Providers, "providers"),
    (Topic::Certificates, "certificates"),
    (Topic::Ca, "ca"),
    (Topic::Clock, "clock"),
    (Topic::Computer, "computer"),
];

/// The driver has not answered yet.
pub(crate) fn is_open(driver: &DriverFacts) -> bool {
    !driver.started && !driver.not_asked && driver.problem.is_none()
}

pub(crate) fn done_view(done: &Done, language: Language) -> FixDone {
    let did = hints::repair_words(&done.repair, language).1;
    FixDone { id: done.id.clone(), did, at: clock::rfc3339(done.at) }
}
