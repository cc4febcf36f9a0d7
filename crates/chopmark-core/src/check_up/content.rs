//! What lies on tokens and in files, as far as it shows without a PIN.

use std::collections::{BTreeMap, BTreeSet};

use token_helper::{
    client::{Helper, HelperError, Limits},
    wire::{self, ObjectKind, Objects},
};

use crate::{
    app::{Desk, certificates},
    certificate,
    drivers::{
        self, InstalledDriver, Looked,
        facts::{CertificateFacts, Facts},
    },
    helper_program::helper_program,
    journal::hex,
    stores::blocking,
};

/// Most keys without a certificate that are named.
const MOST_KEYS: usize = 20;

/// Certificates, and keys that have none, by the driver's file and the token's label and serial number.
#[derive(Default)]
pub(super) struct Content {
    certificates: Vec<CertificateFacts>,
    lone_keys: BTreeMap<(String, String, String), Vec<String>>,
}

impl Content {
    pub(super) fn fill(self, facts: &mut Facts) {
        let Content { certificates, mut lone_keys } = self;
        facts.certificates.extend(certificates);
        for driver in &mut facts.drivers {
            for token in &mut driver.tokens {
                let key = (driver.path.clone(), token.label.clone(), token.serial.clone());
                token.lone_keys = lone_keys.remove(&key).unwrap_or_default();
            }
        }
    }
}

/// Looks onto the tokens that were seen, each once and the drivers at the same time, and into the files that the journal knows.
pub(super) async fn look(desk: &Desk, looked: Vec<Looked>) -> Content {
    let Ok(program) = helper_program(desk.options.helper.as_deref()) else { return Content::default() };
    let limits = desk.driver_limits(drivers::looking_limits());
    let mut seen = BTreeSet::new();
    let mut reading = Vec::new();
    for one in looked {
        let fresh = |token: &wire::Token| {
            token.initialized && seen.insert((token.label.clone(), token.serial.clone(), token.model.clone()))
        };
        let tokens: Vec<wire::Token> = one.tokens.into_iter().filter(fresh).collect();
        if !tokens.is_empty() {
            let (program, limits) = (program.clone(), limits.clone());
            let read = move || read(&program, &one.driver, tokens, limits);
            reading.push(tokio::task::spawn_blocking(read));
        }
    }
    let mut content = Content::default();
    for task in reading {
        for (driver, token, objects) in task.await.unwrap_or_default() {
            add(&mut content, driver, &token, &objects);
        }
    }
    let journal = desk.journal.clone();
    let files = blocking(move || certificates::in_files_known(&journal)).await;
    for one in files.ok().and_then(Result::ok).unwrap_or_default() {
        let der = certificate::der_of(&one.certificate).unwrap_or_default();
        content.certificates.extend(describe(&der, (&one.place_name, "file"), one.has_key));
    }
    content
}

/// Tokens that do not open have told why already.
fn read(
    program: &std::path::Path,
    driver: &InstalledDriver,
    tokens: Vec<wire::Token>,
    limits: Limits,
) -> Vec<(String, wire::Token, Objects)> {
    let (parameters, path) = (driver.parameters.as_deref(), driver.path.display().to_string());
    let Ok(mut helper) = Helper::start_in_the_background(program, &driver.path, parameters, limits) else {
        return Vec::new();
    };
    let mut objects = |token: &wire::Token| -> Result<Objects, HelperError> {
        helper.open(&drivers::selector(token), None)?;
        helper.objects()
    };
    tokens.into_iter().filter_map(|token| objects(&token).ok().map(|found| (path.clone(), token, found))).collect()
}

fn add(content: &mut Content, driver: String, token: &wire::Token, objects: &Objects) {
    let ids = |kind: ObjectKind| -> BTreeSet<&[u8]> {
        let of = objects.objects.iter().filter(|object| object.kind == kind && !object.key_id.is_empty());
        of.map(|object| object.key_id.as_slice()).collect()
    };
    let (certified, public, private) =
        (ids(ObjectKind::Certificate), ids(ObjectKind::PublicKey), ids(ObjectKind::PrivateKey));
    let has_key = |id: &[u8]| match private.contains(id) {
        true => Some(true),
        false if objects.complete => Some(false),
        // A token that shows public halves shows all of them; one that shows none tells nothing.
        false => (!public.is_empty() && !public.contains(id)).then_some(false),
    };
    for object in &objects.objects {
        if let Some(der) = &object.certificate {
            content.certificates.extend(describe(der, (&token.label, "token"), has_key(&object.key_id)));
        }
    }
    let lone: Vec<String> = objects
        .objects
        .iter()
        .filter(|object| object.kind == ObjectKind::PublicKey && !object.key_id.is_empty())
        .filter(|object| !certified.contains(object.key_id.as_slice()))
        .map(|object| if object.label.is_empty() { hex(&object.key_id) } else { object.label.clone() })
        .take(MOST_KEYS)
        .collect();
    if !lone.is_empty() {
        content.lone_keys.insert((driver, token.label.clone(), token.serial.clone()), lone);
    }
}

pub(super) fn describe(der: &[u8], (place, kind): (&str, &str), has_key: Option<bool>) -> Option<CertificateFacts> {
    let about = certificate::describe(der).ok()?;
    let (not_before, authority) = certificate::begin_and_kind(der).ok()?;
    Some(CertificateFacts {
        subject: about.name().to_owned(),
        sha256: about.sha256,
        place: place.to_owned(),
        place_kind: kind.to_owned(),
        not_before,
        not_after: about.not_after_unix,
        has_key,
        authority,
    })
}
