//! Which token a place means, and through which driver.

use std::path::Path;

use token_helper::wire;

use super::{Looked, catalogue::Catalogue, facts::Facts, helper_error, ranking, seen::driver_facts};
use crate::{
    error::{Code, Error, Result},
    model::Place,
};

/// The one token that the place means, and the driver that is the best for it ([`ranking`]): what is seen through two drivers counts
/// once. `around` is what else was seen: USB, readers, the person's choices.
pub fn matching<'a>(
    looked: &'a [Looked],
    place: &Place,
    around: &Facts,
    catalogue: &Catalogue,
) -> Result<(&'a Looked, &'a wire::Token)> {
    let doing = "looking for the token";
    let Place::Token { driver, .. } = place else { return Err(Error::new(Code::Internal, doing)) };
    let named = |looked: &&Looked| driver.as_ref().is_none_or(|named| same_file(&looked.driver.path, Path::new(named)));
    let usable: Vec<&Looked> = looked.iter().filter(named).collect();
    if let (true, Some(path)) = (usable.is_empty(), driver) {
        let name = Path::new(path).file_name().map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned());
        return Err(Error::new(Code::DriverNotFound, doing).with("driver", name).with("path", path));
    }
    // What goes wrong is told of a maker's driver rather than of everybody's.
    let first = usable.iter().min_by_key(|looked| looked.driver.generic);
    let Some(first) = first else { return Err(Error::new(Code::NoDriver, doing)) };
    let found = best_of_each(&usable, place, around, catalogue);
    match found.as_slice() {
        [one] => Ok(*one),
        [] => match &first.problem {
            Some(problem) if usable.iter().all(|looked| looked.problem.is_some()) => {
                Err(helper_error(problem.clone(), &first.driver.path, &called(place)))
            }
            _ => Err(not_found(&usable, place)),
        },
        several => {
            let seen = several.iter().map(|(_, token)| in_words(token)).collect();
            Err(with_seen(Error::new(Code::TokenAmbiguous, doing), place, seen))
        }
    }
}

/// The tokens that fit, of each device through its best driver.
fn best_of_each<'a>(
    usable: &[&'a Looked],
    place: &Place,
    around: &Facts,
    catalogue: &Catalogue,
) -> Vec<(&'a Looked, &'a wire::Token)> {
    let facts = Facts { drivers: usable.iter().map(|looked| driver_facts(looked)).collect(), ..around.clone() };
    let mut found = Vec::new();
    for device in ranking::rank(&facts, catalogue) {
        let through = |driver: usize| {
            let seen = device.seen.iter().filter(move |(its, _)| *its == driver);
            let tokens = seen.map(|(driver, token)| (usable[*driver], &usable[*driver].tokens[*token]));
            tokens.filter(|(_, token)| fits(token, place)).collect::<Vec<_>>()
        };
        let drivers = device.drivers.iter().filter(|one| one.fits).filter_map(|one| one.place);
        // A label that only OpenSC gives the token means it all the same.
        found.extend(drivers.map(through).find(|tokens| !tokens.is_empty()).unwrap_or_default());
    }
    found
}

fn not_found(usable: &[&Looked], place: &Place) -> Error {
    let tokens = usable.iter().flat_map(|looked| &looked.tokens).filter(|token| token.initialized);
    let mut seen: Vec<String> = Vec::new();
    for token in tokens.map(in_words) {
        if !seen.contains(&token) {
            seen.push(token);
        }
    }
    let error = with_seen(Error::new(Code::TokenNotFound, "looking for the token"), place, seen);
    // The token may be behind a driver that failed: the help desk wants to know.
    let failed = usable.iter().filter_map(|looked| Some((looked.driver.file_name(), looked.problem.as_ref()?)));
    let failed: Vec<String> = failed.map(|(name, problem)| format!("{name}: {problem}")).collect();
    if failed.is_empty() { error } else { error.with("failed", failed.join("; ")) }
}

fn with_seen(error: Error, place: &Place, seen: Vec<String>) -> Error {
    let token = called(place);
    let error = if token.is_empty() { error } else { error.with("token", token) };
    if seen.is_empty() { error } else { error.with("seen", seen.join(", ")) }
}

/// What the place calls its token; empty when it leaves that open.
fn called(place: &Place) -> String {
    let Place::Token { label, serial, manufacturer, model, .. } = place else { return String::new() };
    [label, serial, model, manufacturer].into_iter().flatten().next().cloned().unwrap_or_default()
}

fn in_words(token: &wire::Token) -> String {
    match (token.label.is_empty(), token.serial.is_empty()) {
        (_, true) => token.label.clone(),
        (true, false) => token.serial.clone(),
        (false, false) => format!("{} ({})", token.label, token.serial),
    }
}

pub(crate) fn fits(token: &wire::Token, place: &Place) -> bool {
    let Place::Token { label, serial, manufacturer, model, .. } = place else { return false };
    // An empty slot of SoftHSM is a token, too; nobody means it who has not named it.
    if !token.initialized && label.is_none() {
        return false;
    }
    let wanted =
        [(label, &token.label), (serial, &token.serial), (manufacturer, &token.manufacturer), (model, &token.model)];
    wanted.into_iter().all(|(wanted, is)| wanted.as_ref().is_none_or(|wanted| wanted == is))
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
