//! What only looks: certificates, USB keys, drivers, the journal, CA profiles.

use chopmark_core::{app::App, model::*};
use rust_i18n::t;
use serde_json::{Value, json};

use crate::args::Sort;
use crate::output::{self, Failure, Output, expiry, grouped, pem_fingerprint, plain, yes_no};

type Ended = std::result::Result<(), Failure>;

pub(crate) async fn certificates(
    app: &App,
    output: &Output,
    place: Option<&str>,
    search: Option<&str>,
    sort: Sort,
) -> Ended {
    let place = place.map(Place::parse).transpose()?;
    let mut list = app.certificates(place.as_ref().map(|(place, _)| place)).await?;
    if let Some((_, extras)) = &place {
        list.certificates.retain(|found| found.fits(extras));
        // One place was asked for, and it could not be looked into.
        if let (true, Some(problem)) = (list.certificates.is_empty(), list.problems.first()) {
            return Err(Failure::View(problem.clone()));
        }
    }
    list.certificates.retain(|found| search.is_none_or(|text| found.mentions(text)));
    let key = |found: &FoundCertificate| match sort {
        // They come so.
        Sort::Expiry => String::new(),
        Sort::Name => found.certificate.name().to_lowercase(),
        Sort::Place => found.place_name.to_lowercase(),
    };
    list.certificates.sort_by_cached_key(key);
    output.ok(json!(list), |output| {
        let rows: Vec<Vec<String>> = list
            .certificates
            .iter()
            .map(|found| {
                let certificate = &found.certificate;
                let key = match found.has_key {
                    Some(true) => yes_no(true),
                    Some(false) => yes_no(false),
                    None => "?".to_owned(),
                };
                let short = grouped(&certificate.sha256.chars().take(12).collect::<String>());
                let ends = match &found.revoked {
                    Some(at) => t!("value.revoked", date = output::day(at)).into_owned(),
                    None => expiry(certificate),
                };
                vec![certificate.name().to_owned(), ends, found.place_name.clone(), key, short]
            })
            .collect();
        if rows.is_empty() {
            output.result(&t!("list.no-certificates"));
        } else {
            output.table(&["name", "expires", "where", "has-key", "sha256"], &rows);
        }
        list.problems.iter().for_each(|problem| output.problem(problem));
    });
    Ok(())
}

/// What ends soon, and what is done about it.
pub(crate) async fn reminders(app: &App, output: &Output, days: Option<u32>) -> Ended {
    let reminders = app.reminders(days).await?;
    output.ok(json!({ "reminders": reminders }), |output| {
        if reminders.is_empty() {
            return output.result(&t!("list.no-reminders"));
        }
        let row = |one: &Reminder| {
            let ends = match one.days {
                ..0 => t!("value.expired", date = output::day(&one.not_after)),
                days => t!("value.soon", date = output::day(&one.not_after), days = days),
            };
            let way = match (one.way, &one.sha256, &one.order) {
                (RenewalWay::Renew, Some(sha256), _) => {
                    t!("list.renew-by", sha256 = sha256.chars().take(12).collect::<String>())
                }
                (RenewalWay::Order, _, Some(order)) => t!("list.order-again", order = order),
                _ => t!("list.renew-elsewhere"),
            };
            vec![one.name.clone(), ends.into_owned(), one.place_name.clone(), way.into_owned()]
        };
        output.table(&["name", "expires", "where", "step"], &reminders.iter().map(row).collect::<Vec<_>>());
    });
    Ok(())
}

pub(crate) async fn show(app: &App, output: &Output, cert: &str) -> Ended {
    let detail = app.certificate_detail(cert).await?;
    let found = &detail.found;
    let programs = app.programs(&found.place).await?;
    let mut fields = output::object(found);
    fields.insert("chain".into(), json!(detail.chain));
    fields.insert("rootTrusted".into(), json!(detail.root_trusted));
    fields.insert("programs".into(), json!(programs));
    fields.insert("binding".into(), json!(detail.binding));
    output.ok(Value::Object(fields), |output| {
        let mut rows = output::certificate_facts(&found.certificate);
        rows.extend([
            ("where", format!("{}  ({})", found.place_name, found.place)),
            ("has-key", found.has_key.map_or_else(|| t!("value.unknown").into_owned(), yes_no)),
            ("binding", detail.binding.as_ref().map(bound).unwrap_or_default()),
            ("ca", found.ca.clone().unwrap_or_default()),
            ("revoked", found.revoked.as_deref().map(output::time).unwrap_or_default()),
        ]);
        output.facts(&rows);
        print_chain(output, &detail);
        print_programs(output, &programs);
    });
    Ok(())
}

fn bound(binding: &KeyBinding) -> String {
    match binding.provider.as_str() {
        "" => binding.says.clone(),
        provider => {
            format!("{provider} ({}, {})  {}", binding.kind.to_uppercase(), binding.container, binding.says)
        }
    }
}

/// From the certificate to its root, each line what signed the one above.
fn print_chain(output: &Output, detail: &CertificateDetail) {
    output.result("");
    output.result(&t!("list.chain"));
    for (depth, link) in detail.chain.iter().enumerate() {
        let from = match link.origin {
            LinkOrigin::Itself => String::new(),
            _ => t!(format!("origin-of.{}", word(&link.origin)), from = link.from).into_owned(),
        };
        let line =
            format!("{}{}  {}  {from}", "  ".repeat(depth + 1), link.certificate.name(), expiry(&link.certificate));
        output.result(plain(&line).trim_end());
    }
    let complete = detail.chain.last().is_some_and(|link| link.root);
    output.result(&match (complete, detail.root_trusted) {
        (_, true) => t!("list.root-trusted"),
        (true, false) => t!("list.root-unknown"),
        (false, false) => t!("list.chain-open"),
    });
}

fn print_programs(output: &Output, programs: &[ProgramSight]) {
    if programs.is_empty() {
        return;
    }
    output.result("");
    let row = |one: &ProgramSight| {
        vec![one.program.clone(), t!(format!("sight.{}", word(&one.sight))).into_owned(), one.why.clone()]
    };
    output.table(&["program", "sees-it", "because"], &programs.iter().map(row).collect::<Vec<_>>());
    for one in programs.iter().filter(|one| one.to_do.is_some()) {
        output.note(&plain(&format!("{}: {}", one.program, one.to_do.as_deref().unwrap_or_default())));
    }
}

pub(crate) async fn tokens(app: &App, output: &Output) -> Ended {
    let mut told = 0;
    let each = |list: TokenList| {
        if output.json && list.tokens.len() > told {
            told = list.tokens.len();
            output.event(&json!({ "event": "tokens", "tokens": list.tokens, "asking": list.asking }));
        }
    };
    let list = app.tokens_streaming(None, each).await?;
    output.ok(json!({ "tokens": list.tokens, "drivers": list.drivers, "plugged": list.plugged }), |output| {
        let rows: Vec<Vec<String>> = list
            .tokens
            .iter()
            .map(|token| {
                let pin = t!(format!("pin.{}", word(&token.pin))).into_owned();
                vec![output::token_name(token), token.model.clone(), pin, token.driver_name.clone(), token.uri.clone()]
            })
            .collect();
        if rows.is_empty() {
            output.result(&t!("list.no-tokens"));
        } else {
            output.table(&["token", "model", "pin", "driver", "place"], &rows);
        }
        why(output, &list.plugged);
        list.drivers.iter().filter_map(|driver| driver.problem.as_ref()).for_each(|problem| output.problem(problem));
    });
    Ok(())
}

/// For each key the driver that is used, and why; for one without a driver what is known of it.
fn why(output: &Output, plugged: &[PluggedToken]) {
    for key in plugged {
        let Some(driver) = key.drivers.iter().find(|one| one.chosen).or(key.drivers.first()) else { continue };
        let (key, name) = (plain(&key.name), plain(&driver.name));
        let page = driver.download.as_deref().filter(|_| !driver.installed).map(plain);
        output.note(&match page {
            Some(page) => t!("list.why-page", key = key, driver = name, reason = plain(&driver.reason), page = page),
            None => t!("list.why", key = key, driver = name, reason = plain(&driver.reason)),
        });
    }
}

pub(crate) async fn drivers(app: &App, output: &Output, scan: bool, file: Option<&str>) -> Ended {
    let each = |driver: Driver| {
        if output.json {
            output.event(&json!({ "event": "driver-answered", "driver": driver }));
        }
    };
    let drivers = match file {
        Some(file) => app.tokens(Some(file)).await?.drivers,
        None if scan => app.drivers_streaming(each).await?,
        None => app.drivers(false).await?,
    };
    // A driver by its file is asked about alone.
    let providers = if file.is_none() { app.providers().await? } else { None };
    let mut result = json!({ "drivers": drivers });
    if let Some((providers, problems)) = &providers {
        result["providers"] = json!(providers);
        result["problems"] = json!(problems);
    }
    output.ok(result, |output| {
        if drivers.is_empty() {
            output.result(&t!("list.no-drivers"));
        } else if scan || file.is_some() {
            let rows: Vec<Vec<String>> = drivers.iter().map(answered).collect();
            output.table(&["driver", "version", "made-for", "keys", "token", "state", "file"], &rows);
        } else {
            let rows: Vec<Vec<String>> = drivers.iter().map(unasked).collect();
            output.table(&["driver", "version", "made-for", "origin", "file"], &rows);
        }
        if let Some((providers, problems)) = &providers {
            output.result("");
            output.table(
                &["provider", "kind", "keys", "about", "place"],
                &providers.iter().map(provider_row).collect::<Vec<_>>(),
            );
            problems.iter().for_each(|problem| output.problem(problem));
        }
        drivers.iter().filter_map(|driver| driver.problem.as_ref()).for_each(|problem| output.problem(problem));
    });
    Ok(())
}

fn provider_row(provider: &KeyProvider) -> Vec<String> {
    let kind = match provider.provider_type {
        0 => provider.kind.to_uppercase(),
        number => format!("{} {number}", provider.kind.to_uppercase()),
    };
    let keys: Vec<String> = provider.keys.iter().map(word).collect();
    let about = if provider.opens { provider.about.clone() } else { provider.detail.clone() };
    vec![provider.name.clone(), kind, keys.join(", "), about, provider.place.clone()]
}

fn answered(driver: &Driver) -> Vec<String> {
    let keys: Vec<String> = driver.keys.iter().map(word).collect();
    let state = match &driver.problem {
        Some(problem) => problem.code.clone(),
        None if driver.not_asked => t!("value.not-asked").into_owned(),
        None => String::new(),
    };
    let version = driver.version.clone().unwrap_or_else(|| driver.file.version.clone());
    let tokens = driver.tokens.join(", ");
    vec![title(driver), version, architecture(driver), keys.join(" "), tokens, state, driver.path.clone()]
}

fn unasked(driver: &Driver) -> Vec<String> {
    let found = t!(format!("origin.{}", driver.origin)).into_owned();
    vec![title(driver), driver.file.version.clone(), architecture(driver), found, driver.path.clone()]
}

fn title(driver: &Driver) -> String {
    driver.name.clone().or_else(|| driver.description.clone()).unwrap_or_default()
}

fn architecture(driver: &Driver) -> String {
    driver.file.architectures.join(", ")
}

/// `None`: the choice is forgotten.
pub(crate) async fn choose_driver(app: &App, output: &Output, token: &str, driver: Option<&str>) -> Ended {
    match driver {
        Some(driver) => {
            app.choose_driver(token, driver).await?;
            output.ok(json!({ "token": token, "driver": driver }), |output| {
                output.note(&t!("done.driver-chosen", token = plain(token), driver = plain(driver)));
            });
        }
        None => {
            let forgotten = app.forget_choice(token).await?;
            output.ok(json!({ "token": token, "forgotten": forgotten }), |output| {
                output.note(&t!("done.driver-forgotten", token = plain(token)));
            });
        }
    }
    Ok(())
}

pub(crate) async fn journal(app: &App, output: &Output) -> Ended {
    let jobs = app.journal().await?;
    output.ok(json!({ "jobs": jobs }), |output| {
        let rows: Vec<Vec<String>> = jobs
            .iter()
            .map(|job| {
                let mut state = t!(format!("state.{}", word(&job.state))).into_owned();
                if let Some(at) = job.next_poll {
                    state = t!("value.until", state = state, seconds = output::seconds_until(at)).into_owned();
                }
                let why = job.error.as_ref().map(|error| format!(" {}", error.code)).unwrap_or_default();
                let what = job.subject.clone().unwrap_or_else(|| job.order.reference.clone());
                vec![
                    job.job.clone(),
                    output::time(&job.started),
                    t!(format!("kind.{}", word(&job.kind))).into_owned(),
                    format!("{state}{why}"),
                    job.order.ca.clone(),
                    what,
                    place(&job.order.place),
                ]
            })
            .collect();
        if rows.is_empty() {
            output.result(&t!("list.no-jobs"));
        } else {
            output.table(&["job", "started", "kind", "state", "ca", "what", "where"], &rows);
        }
    });
    Ok(())
}

/// A revocation asked for with codes is about no place here.
fn place(place: &Place) -> String {
    match place {
        Place::File { path } if path.is_empty() => String::new(),
        place => place.uri(),
    }
}

pub(crate) fn ca_add(app: &App, output: &Output, profile: &CaProfile) -> Ended {
    let replaced = app.ca_list()?.iter().any(|known| known.name == profile.name && known != profile);
    app.ca_add(profile)?;
    output.ok(json!({ "profile": profile, "replaced": replaced }), |output| {
        let name = plain(&profile.name);
        let done = if replaced { t!("done.ca-replaced", name = name) } else { t!("done.ca-added", name = name) };
        output.note(&done);
        print_profile(output, profile);
    });
    Ok(())
}

pub(crate) fn ca_list(app: &App, output: &Output) -> Ended {
    let profiles = app.ca_list()?;
    output.ok(json!({ "profiles": profiles }), |output| {
        let rows: Vec<Vec<String>> =
            profiles.iter().map(|ca| vec![ca.name.clone(), ca.title.clone(), ca.url.clone()]).collect();
        if rows.is_empty() {
            output.result(&t!("list.no-cas"));
        } else {
            output.table(&["ca", "title", "address"], &rows);
        }
    });
    Ok(())
}

pub(crate) fn ca_show(app: &App, output: &Output, name: &str) -> Ended {
    let profile = app.ca_show(name)?;
    output.ok(json!({ "profile": profile }), |output| print_profile(output, &profile));
    Ok(())
}

pub(crate) fn ca_remove(app: &App, output: &Output, name: &str) -> Ended {
    app.ca_remove(name)?;
    output.ok(json!({ "removed": name }), |output| output.note(&t!("done.ca-removed", name = plain(name))));
    Ok(())
}

fn print_profile(output: &Output, ca: &CaProfile) {
    let keys: Vec<String> = ca.keys.iter().map(word).collect();
    let mut rows = vec![
        ("ca", ca.name.clone()),
        ("title", ca.title.clone()),
        ("address", ca.url.clone()),
        ("protocol", format!("CMP {}, {}", word(&ca.cmp.request), word(&ca.cmp.protection))),
        ("keys", if keys.is_empty() { t!("value.any-key").into_owned() } else { keys.join(", ") }),
    ];
    rows.extend(ca.roots.iter().map(|root| ("root", grouped(&pem_fingerprint(root)))));
    if ca.demo {
        rows.push(("usage", t!("value.demo").into_owned()));
    }
    output.facts(&rows);
}
