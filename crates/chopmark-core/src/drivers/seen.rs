//! What a look at drivers and devices gave, as facts.

use std::{path::Path, time::Duration};

use token_helper::{binary_format, client::LoadFailure, readers, wire};

use super::{
    InstalledDriver, Looked,
    catalogue::Catalogue,
    errors::helper_error,
    facts::{CatalogueFault, DriverFacts, FileFacts, Problem, Reader, ReaderService, ServiceState, TokenFacts},
    key_choice, pin_state,
};
use crate::error::Error;

/// Longest wait for the smart card service: as long as for a driver, which asks it as well.
const READERS_AT_MOST: Duration = Duration::from_secs(5);

/// A driver by its file alone.
pub(crate) fn unasked(driver: &InstalledDriver) -> DriverFacts {
    driver_facts(&Looked::unasked(driver.clone()))
}

/// A driver and what it answered.
pub(crate) fn driver_facts(looked: &Looked) -> DriverFacts {
    let module = looked.module.as_ref();
    let said = |part: fn(&wire::Module) -> &String| module.map(part).cloned().unwrap_or_default();
    let problem = looked.problem.clone().map(|problem| helper_error(problem, &looked.driver.path, ""));
    DriverFacts {
        path: looked.driver.path.display().to_string(),
        origin: looked.driver.origin.word().to_owned(),
        entry: looked.driver.entry.clone().unwrap_or_default(),
        name: looked.driver.name.clone().unwrap_or_default(),
        generic: looked.driver.generic,
        not_asked: looked.driver.not_asked,
        file: looked.driver.file.clone(),
        started: module.is_some(),
        description: said(|module| &module.description),
        manufacturer: said(|module| &module.manufacturer),
        version: said(|module| &module.library_version),
        problem: problem.as_ref().map(problem_facts),
        tokens: looked.tokens.iter().map(token_facts).collect(),
        ..DriverFacts::default()
    }
}

/// An error as it is kept.
pub(crate) fn problem_facts(error: &Error) -> Problem {
    Problem {
        code: error.code.number(),
        facts: error.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        detail: crate::hints::causes(error),
    }
}

/// A token, as its driver describes it.
pub(crate) fn token_facts(token: &wire::Token) -> TokenFacts {
    TokenFacts {
        label: token.label.clone(),
        serial: token.serial.clone(),
        model: token.model.clone(),
        manufacturer: token.manufacturer.clone(),
        slot_description: token.slot_description.clone(),
        initialized: token.initialized,
        removable: token.removable,
        pin: pin_state(token.user_pin),
        so_pin: pin_state(token.so_pin),
        write_protected: token.write_protected,
        pin_pad: token.protected_authentication_path,
        keys: token.key_kinds.iter().map(|kind| key_choice(*kind)).collect(),
        free_memory: token.free_memory,
        ..TokenFacts::default()
    }
}

/// The driver's file, without loading it.
pub(crate) fn file_facts(path: &Path) -> FileFacts {
    let library = match binary_format::inspect(path) {
        Ok(library) => library,
        Err(failure) => {
            let readable = !matches!(failure, LoadFailure::NotFound | LoadFailure::NotReadable);
            return FileFacts { readable, ..FileFacts::default() };
        }
    };
    FileFacts {
        readable: true,
        format: library.format.word().to_owned(),
        bits: library.architectures.first().map_or(0, |one| one.bits),
        architectures: library.architectures.into_iter().map(|one| one.name).collect(),
        version: binary_format::version(path).unwrap_or_default(),
        signature: String::new(),
    }
}

/// The smart card service, asked in a process of its own.
pub(crate) fn reader_service(program: &Path) -> ReaderService {
    let readers::Service { state, detail, readers } = readers::ask(program, READERS_AT_MOST);
    let state = match state {
        readers::State::Running => ServiceState::Running,
        readers::State::NotInstalled => ServiceState::NotInstalled,
        readers::State::NotRunning => ServiceState::NotRunning,
        readers::State::Denied => ServiceState::Denied,
        readers::State::Hangs => ServiceState::Hangs,
        readers::State::Faulty => ServiceState::Faulty,
    };
    let reader = |its: readers::Reader| {
        let readers::Reader { name, card, mute, exclusive, atr } = its;
        Reader { name, card, mute, exclusive, atr }
    };
    ReaderService { state, detail, readers: readers.into_iter().map(reader).collect() }
}

/// Files of added entries that could not be used.
pub(crate) fn catalogue_faults(catalogue: &Catalogue) -> Vec<CatalogueFault> {
    let faults = catalogue.bad_files().iter();
    faults.map(|bad| CatalogueFault { path: bad.path.display().to_string(), detail: bad.detail.clone() }).collect()
}
