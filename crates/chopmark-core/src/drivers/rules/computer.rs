//! This computer, and the browsers on it that are to use what Chopmark installs.

use super::{Ruled, Topic, driver_name, file_name, token_name, tokens};
use crate::{
    drivers::facts::{Browser, Facts},
    error::Code,
    model::Severity,
    repairs::Repair,
};

/// Whether we see the machine as it is.
pub(super) fn sandbox(facts: &Facts) -> Vec<Ruled> {
    let severity = match facts.system.sandbox.as_str() {
        "" => return Vec::new(),
        "container" => Severity::Note,
        _ => Severity::Warning,
    };
    let found = Ruled::new(Code::Sandboxed, severity, Topic::Computer, "");
    vec![found.with("sandbox", &facts.system.sandbox)]
}

/// Browsers that cannot get at certificates and tokens.
pub(super) fn browsers(facts: &Facts) -> Vec<Ruled> {
    // Nobody misses what is not there.
    let missed = facts.certificates.iter().any(|one| !one.authority && one.place_kind != "file");
    let severity = if missed { Severity::Warning } else { Severity::Note };
    let mut found = Vec::new();
    for browser in &facts.browsers {
        let code = match browser.packaging.as_str() {
            "snap" => Code::BrowserSnap,
            "flatpak" => Code::BrowserFlatpak,
            _ => {
                found.extend(without_driver(facts, browser));
                continue;
            }
        };
        let confined = Ruled::new(code, severity, Topic::Computer, &browser.name).with("browser", &browser.name);
        found.push(confined.detail(&browser.database));
    }
    found
}

/// A token with a certificate on it, and a browser that does not have its driver.
fn without_driver(facts: &Facts, browser: &Browser) -> Option<Ruled> {
    let has = |path: &str| {
        // p11-kit's proxy brings along every driver that p11-kit knows.
        browser
            .drivers
            .iter()
            .map(|one| file_name(one))
            .any(|one| one == file_name(path) || one.starts_with("p11-kit-proxy"))
    };
    let certified = |label: &str| {
        facts.certificates.iter().any(|one| one.place_kind == "token" && one.place == label && !one.authority)
    };
    let (driver, token) = tokens(facts)
        .into_iter()
        .find(|(driver, token)| token.initialized && certified(&token.label) && !has(&driver.path))?;
    let found = Ruled::new(Code::BrowserWithoutDriver, Severity::Note, Topic::Computer, &browser.name);
    let found =
        found.with("browser", &browser.name).with("token", token_name(token)).with("driver", driver_name(driver));
    let repair = Repair::RegisterDriver {
        database: browser.database.clone(),
        browser: browser.name.clone(),
        driver: driver.path.clone(),
        name: driver_name(driver).to_owned(),
    };
    Some(found.with("path", &driver.path).detail(&browser.database).repair(repair))
}
