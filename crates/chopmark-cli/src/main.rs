//! The `chopmark` command: reads the command line, starts the job, ends with the exit code of its class.

mod args;
mod checks;
mod copies;
mod doctor;
mod enroll;
mod inform;
mod lists;
mod order;
mod order_acme;
mod order_key;
mod order_source;
mod output;
mod renew;
mod revoke;
mod secrets;
mod stores;
mod terminal;
mod token;
mod token_questions;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use chopmark_core::{
    app::{App, Options},
    error::{Code, Error},
    hints::Language,
    model::InformationKind,
};
use clap::{Parser, error::ErrorKind};
use rust_i18n::t;
use serde_json::Map;
use tokio_util::sync::CancellationToken;

use crate::{
    args::{Args, Ca, Choice, Command, Everywhere},
    output::{Failure, Output},
};

rust_i18n::i18n!("locales", fallback = "en");

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let output = Output::new(args.everywhere.json, language(args.everywhere.lang.map(Language::from)));
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = Error::new(Code::Internal, "starting").because(error);
            return output.fail(&error.into(), Map::new());
        }
    };
    let code = runtime.block_on(run(args, &output));
    // A driver or a prompt that still hangs must not keep the command from ending.
    runtime.shutdown_timeout(Duration::from_millis(200));
    code
}

/// `--lang`, else the system's.
fn language(wanted: Option<Language>) -> Language {
    let language =
        wanted.unwrap_or_else(|| Language::from_tag(&sys_locale::get_locale().unwrap_or_else(|| "en".into())));
    rust_i18n::set_locale(match language {
        Language::En => "en",
        Language::ZhCn => "zh-CN",
    });
    language
}

/// Help and version, or what is wrong with the command line.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return ExitCode::SUCCESS;
    }
    // The flags could not be read, so this one is looked for by hand.
    if std::env::args_os().take_while(|arg| arg != "--").any(|arg| arg == "--json") {
        let text = error.to_string();
        let first: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let what = first.join(" ");
        let what = what.trim_start_matches("error: ").trim_end_matches(['.', ':']);
        let error = Error::new(Code::BadInput, "reading the command line").with("reason", "usage").with("what", what);
        Output::new(true, language(None)).fail(&error.into(), Map::new());
    }
    ExitCode::from(Code::BadInput.class().exit_code())
}

async fn run(args: Args, output: &Output) -> ExitCode {
    let Args { everywhere, command } = args;
    let app = match options(&everywhere, output.language).and_then(App::open) {
        Ok(app) => app,
        Err(error) => return output.fail(&error.into(), Map::new()),
    };
    let cancel = CancellationToken::new();
    let can_ask = !everywhere.batch && terminal::is_interactive();
    let session = enroll::Session { app: &app, output, everywhere: &everywhere, can_ask, cancel: cancel.clone() };

    // Jobs are told about Ctrl-C and end by themselves; looking around is simply dropped.
    if command.is_a_job() {
        tokio::spawn(watch_ctrl_c(cancel, output.json));
    }
    let ended = match command {
        Command::Enroll(order) => session.enroll(order).await,
        Command::Renew(order) => session.renew(order).await,
        Command::Revoke(order) => session.revoke(order).await,
        Command::Import(order) => session.import(order).await,
        Command::Ca(Ca::Certs(ask)) => session.ask_ca(InformationKind::CaCertificates, ask, false).await,
        Command::Ca(Ca::RootUpdate { ask, accept }) => session.ask_ca(InformationKind::RootUpdate, ask, accept).await,
        Command::Ca(Ca::Template(ask)) => session.ask_ca(InformationKind::RequestTemplate, ask, false).await,
        Command::Ca(Ca::Crl(ask)) => session.ask_ca(InformationKind::Crl, ask, false).await,
        Command::Resume(which) => match session.resume(which).await {
            Ok(()) => Ok(()),
            Err((failure, fields)) => return output.fail(&failure, fields),
        },
        Command::Doctor(order) => {
            let ended = tokio::select! {
                ended = doctor::run(session.app, output, order) => ended,
                _ = tokio::signal::ctrl_c() => Err(Error::new(Code::Cancelled, "looking").into()),
            };
            return ended.unwrap_or_else(|failure| output.fail(&failure, Map::new()));
        }
        Command::Order(order) => {
            let ended = tokio::select! {
                ended = order::run(&session, output, order) => ended,
                _ = tokio::signal::ctrl_c() => Err(Error::new(Code::Cancelled, "looking").into()),
            };
            return ended.unwrap_or_else(|failure| output.fail(&failure, Map::new()));
        }
        other => tokio::select! {
            ended = look(&session, other) => ended,
            _ = tokio::signal::ctrl_c() => Err(Error::new(Code::Cancelled, "looking").into()),
        },
    };
    match ended {
        Ok(()) => output.done(),
        Err(failure) => output.fail(&failure, Map::new()),
    }
}

async fn look(session: &enroll::Session<'_>, command: Command) -> Result<(), Failure> {
    let (app, output) = (session.app, session.output);
    match command {
        Command::Certs { place, search, sort } => {
            lists::certificates(app, output, place.as_deref(), search.as_deref(), sort).await
        }
        Command::Export(args) => session.export_copy(args).await,
        Command::Delete(args) => session.delete_certificate(args).await,
        Command::Show { cert } => lists::show(app, output, &cert).await,
        Command::Tokens => lists::tokens(app, output).await,
        Command::Reminders { days } => lists::reminders(app, output, days).await,
        Command::Stores => stores::list(app, output).await,
        Command::Drivers { choice: Some(Choice::Register { driver, store }), .. } => {
            stores::register(app, output, &driver, store.as_deref(), true).await
        }
        Command::Drivers { choice: Some(Choice::Unregister { driver, store }), .. } => {
            stores::register(app, output, &driver, store.as_deref(), false).await
        }
        Command::Drivers { choice: Some(Choice::Choose { token, driver, .. }), .. } => {
            lists::choose_driver(app, output, &token, driver.as_deref()).await
        }
        Command::Drivers { scan, file, choice: None } => lists::drivers(app, output, scan, file.as_deref()).await,
        Command::Token(token) => session.token(token).await,
        Command::Journal => lists::journal(app, output).await,
        Command::Ca(Ca::Add { profile }) => lists::ca_add(app, output, &session.read_ca(&profile).await?),
        Command::Ca(Ca::List) => lists::ca_list(app, output),
        Command::Ca(Ca::Show { name }) => lists::ca_show(app, output, &name),
        Command::Ca(Ca::Remove { name }) => lists::ca_remove(app, output, &name),
        Command::Doctor(_)
        | Command::Enroll(_)
        | Command::Renew(_)
        | Command::Revoke(_)
        | Command::Import(_)
        | Command::Resume(_)
        | Command::Ca(_)
        | Command::Order(_) => Ok(()),
    }
}

/// First: the job is asked to stop. Second: why it has not. Third: the end; the journal knows how to go on.
async fn watch_ctrl_c(cancel: CancellationToken, quiet: bool) {
    for count in 1.. {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        cancel.cancel();
        match count {
            1 if !quiet => eprintln!("\n{}", t!("job.stopping")),
            2 if !quiet => eprintln!("\n{}", t!("job.not-now")),
            1 | 2 => {}
            _ => std::process::exit(Code::Cancelled.class().exit_code().into()),
        }
    }
}

fn options(everywhere: &Everywhere, language: Language) -> chopmark_core::error::Result<Options> {
    let absolute = |path: &Option<PathBuf>| {
        path.as_ref().map(std::path::absolute).transpose().map_err(|source| {
            Error::new(Code::BadInput, "reading the command line").with("reason", "path-empty").because(source)
        })
    };
    Ok(Options {
        home: absolute(&everywhere.home)?,
        proxy: everywhere.proxy.clone(),
        tls_certificate: absolute(&everywhere.tls_certificate)?,
        retries: everywhere.retries,
        timeout: everywhere.timeout.map(|seconds| Duration::from_secs(seconds.into())),
        trace: absolute(&everywhere.trace)?,
        helper: absolute(&everywhere.helper)?,
        // As `HOME` says.
        person: None,
        driver_timeout: everywhere.driver_timeout.map(|seconds| Duration::from_secs(seconds.into())),
        language: Some(language),
    })
}
