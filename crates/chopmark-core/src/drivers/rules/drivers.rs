//! Drivers: those that fail, those that are too many, those that are not the right ones.

use super::{Ruled, Topic, any_token, driver_name, file_name, same_token, token_name, tokens};
use crate::{
    drivers::facts::{Candidate, DriverFacts, Facts, Plugged},
    error::Code,
    model::Severity,
    repairs::Repair,
};

/// Milliseconds after which a driver is worth a word.
const SLOW: u64 = 6_000;

/// Drivers that could not be used. One that fails matters when nothing else has found a token: it may be the one that should
/// have; and when it is the one that the person has chosen.
pub(super) fn failed(facts: &Facts) -> Vec<Ruled> {
    let good = facts.drivers.iter().any(|driver| driver.started && driver.problem.is_none());
    let unknown = facts.drivers.iter().any(|one| !one.not_asked && !one.started && one.problem.is_none());
    let usual = match (any_token(facts), good || unknown) {
        (true, _) => Severity::Note,
        (false, true) => Severity::Warning,
        (false, false) => Severity::Error,
    };
    let judge = |driver: &DriverFacts| {
        let problem = driver.problem.as_ref()?;
        let chosen = facts.choices.iter().any(|choice| choice.driver == driver.path);
        let severity = if chosen { Severity::Error } else { usual };
        let found = Ruled::met(problem, severity, Topic::Drivers, driver_name(driver))?;
        Some(found.with("driver", file_name(&driver.path)))
    };
    let mut found: Vec<Ruled> = facts.drivers.iter().filter_map(judge).collect();
    found.extend(facts.helper.iter().filter_map(|problem| Ruled::met(problem, Severity::Error, Topic::Drivers, "")));
    found
}

/// No driver at all.
pub(super) fn none(facts: &Facts) -> Vec<Ruled> {
    // What is plugged in and has no driver says it better.
    let named = facts.plugged.iter().any(|one| one.drivers.iter().any(|driver| !driver.name.is_empty()));
    let provider = facts.providers.iter().any(|provider| provider.token);
    if !facts.drivers.is_empty() || facts.helper.is_some() || named || provider {
        return Vec::new();
    }
    vec![Ruled::new(Code::NoDriver, Severity::Error, Topic::Drivers, "")]
}

/// Files with a broken signature, and drivers that take long.
pub(super) fn files(facts: &Facts) -> Vec<Ruled> {
    let mut found = Vec::new();
    for driver in &facts.drivers {
        let name = driver_name(driver);
        if driver.file.signature == "bad" {
            let bad = Ruled::new(Code::DriverBadSignature, Severity::Warning, Topic::Drivers, name);
            found.push(bad.with("driver", file_name(&driver.path)).detail(&driver.path));
        }
        if driver.problem.is_none() && driver.took > SLOW {
            let slow = Ruled::new(Code::DriverSlow, Severity::Note, Topic::Drivers, name);
            found.push(slow.with("driver", name).with("seconds", driver.took.div_ceil(1000)));
        }
    }
    found
}

/// One token behind two drivers.
pub(super) fn doubled(facts: &Facts) -> Vec<Ruled> {
    let mut found = Vec::new();
    for (used, token) in tokens(facts) {
        let sees = |other: &&DriverFacts| {
            other.path != used.path && other.tokens.iter().any(|seen| token.initialized && same_token(token, seen))
        };
        if let Some(other) = facts.drivers.iter().find(sees) {
            let doubled = Ruled::new(Code::TwoDrivers, Severity::Note, Topic::Drivers, token_name(token))
                .with("token", token_name(token))
                .with("driver", driver_name(used))
                .with("other", driver_name(other));
            found.push(doubled.detail(&format!("{}\n{}", used.path, other.path)));
        }
    }
    found
}

/// The driver for many cards where the maker's would do better.
pub(super) fn generic(facts: &Facts) -> Vec<Ruled> {
    let judge = |plugged: &Plugged| {
        let chosen = plugged.drivers.iter().find(|one| one.chosen && one.generic)?;
        let makers = |one: &&Candidate| !one.generic && one.sees;
        let installed = plugged.drivers.iter().filter(makers).find(|one| works(facts, &one.driver));
        let found = match installed {
            Some(other) => Ruled::new(Code::GenericDriver, Severity::Warning, Topic::Drivers, &plugged.name)
                .with("other", &other.name)
                .repair(choose(plugged, other)),
            None => {
                let other = plugged.drivers.iter().find(|one| !one.generic && !one.guess && one.driver.is_empty())?;
                let missing = Ruled::new(Code::MakerDriverMissing, Severity::Note, Topic::Drivers, &plugged.name)
                    .with("other", &other.name);
                if other.download.is_empty() { missing } else { missing.with("download", &other.download) }
            }
        };
        Some(found.with("token", &plugged.name).with("driver", &chosen.name))
    };
    facts.plugged.iter().filter_map(judge).collect()
}

/// It is there, and nothing was wrong with it.
fn works(facts: &Facts, path: &str) -> bool {
    facts.drivers.iter().any(|driver| driver.path == path && driver.problem.is_none())
}

fn choose(plugged: &Plugged, driver: &Candidate) -> Repair {
    Repair::ChooseDriver { token: plugged.id.clone(), driver: driver.driver.clone() }
}

/// What the person has chosen, and is not right any more.
pub(super) fn chosen(facts: &Facts) -> Vec<Ruled> {
    let mut found = Vec::new();
    for choice in &facts.choices {
        let plugged = facts.plugged.iter().find(|one| one.id == choice.token || choice.others.contains(&one.id));
        let name = plugged.map_or(choice.token.as_str(), |one| &one.name);
        // A CSP or KSP is no file, and whether it opens is told of by itself.
        if facts.providers.iter().any(|provider| provider.name == choice.driver) {
            continue;
        }
        let driver = facts.drivers.iter().find(|driver| driver.path == choice.driver);
        let absent = |driver: &DriverFacts| driver.problem.as_ref().is_some_and(|one| one.code == GONE);
        if driver.is_none_or(absent) {
            let gone = Ruled::new(Code::ChosenDriverGone, Severity::Warning, Topic::Drivers, name);
            let (token, others, driver) = (choice.token.clone(), choice.others.clone(), choice.driver.clone());
            let forget = Repair::ForgetChoice { token, others, driver };
            let gone = gone.with("token", name).with("driver", file_name(&choice.driver));
            found.push(gone.detail(&choice.driver).repair(forget));
        } else if let Some(plugged) = plugged
            && works(facts, &choice.driver)
            && !plugged.drivers.iter().any(|one| one.driver == choice.driver && one.sees)
        {
            found.push(unfit(facts, plugged, &choice.driver));
        }
    }
    found
}

/// Number of a driver whose file is not there.
const GONE: u16 = 2002;

fn unfit(facts: &Facts, plugged: &Plugged, chosen: &str) -> Ruled {
    let found = Ruled::new(Code::ChosenDriverUnfit, Severity::Error, Topic::Drivers, &plugged.name)
        .with("token", &plugged.name)
        .with("driver", file_name(chosen))
        .detail(chosen);
    let fitting = plugged.drivers.iter().filter(|one| one.sees).find(|one| works(facts, &one.driver));
    match fitting {
        Some(other) => found.with("other", &other.name).repair(choose(plugged, other)),
        None => found,
    }
}

/// Added files that cannot be read.
pub(super) fn catalogue(facts: &Facts) -> Vec<Ruled> {
    let judge = |fault: &crate::drivers::facts::CatalogueFault| {
        let name = file_name(&fault.path);
        Ruled::new(Code::CatalogueFileBroken, Severity::Warning, Topic::Drivers, name)
            .with("path", name)
            .detail(&format!("{}: {}", fault.path, fault.detail))
            .repair(Repair::SetAside { path: fault.path.clone() })
    };
    facts.catalogue_faults.iter().map(judge).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_number_of_a_missing_file() {
        assert_eq!(super::GONE, crate::error::Code::DriverNotFound.number());
    }
}
