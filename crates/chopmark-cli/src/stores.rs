//! This computer's stores, and the drivers that browsers know.

use std::path::Path;

use chopmark_core::{
    app::App,
    model::{BrowserOutcome, word},
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    args::absolute,
    output::{Failure, Output, plain, yes_no},
};

pub(crate) async fn list(app: &App, output: &Output) -> Result<(), Failure> {
    let stores = app.stores().await?;
    let listed: Vec<_> = stores
        .iter()
        .map(|store| {
            let mut object = crate::output::object(store);
            object.insert("uri".into(), json!(store.place.uri()));
            object
        })
        .collect();
    output.ok(json!({ "stores": listed }), |output| {
        let rows: Vec<Vec<String>> =
            stores.iter().map(|one| vec![one.name.clone(), yes_no(one.exists), one.place.uri()]).collect();
        if rows.is_empty() {
            output.result(&t!("list.no-stores"));
        } else {
            output.table(&["store", "exists", "place"], &rows);
        }
    });
    Ok(())
}

/// Puts a driver into the browsers' lists, or takes it out.
pub(crate) async fn register(
    app: &App,
    output: &Output,
    driver: &Path,
    store: Option<&Path>,
    into: bool,
) -> Result<(), Failure> {
    let (driver, store) = (absolute(driver)?, store.map(absolute).transpose()?);
    let browsers = match into {
        true => app.register_driver(&driver, store.as_deref()).await?,
        false => app.unregister_driver(&driver, store.as_deref()).await?,
    };
    output.ok(json!({ "driver": driver, "browsers": browsers }), |output| {
        if browsers.is_empty() {
            output.result(&t!("list.no-stores"));
        }
        for one in &browsers {
            let done = if into { "registered" } else { "unregistered" };
            let word = if one.outcome == BrowserOutcome::Done { done.to_owned() } else { word(&one.outcome) };
            output.result(&plain(&t!(format!("browser.{word}"), name = one.name)));
            if one.in_use && one.outcome == BrowserOutcome::Done {
                output.note(&t!("browser.restart"));
            }
        }
    });
    Ok(())
}
