//! Jobs: `enroll` and `resume`. What is missing is asked for, or named, before anything is begun.

use std::path::Path;

use chopmark_core::{
    app::App,
    error::{Class, Code, Error, Result},
    model::*,
};
use rust_i18n::t;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    args::{Enroll, Everywhere, Resume, SecretFiles},
    copies::print_imported,
    order_key::print_place,
    output::{self, Failure, Output, enrolled_fields, plain},
    revoke::print_revoked,
    secrets::Given,
    terminal::{Terminal, nobody},
};

/// What a job needs besides its order.
pub(crate) struct Session<'a> {
    pub app: &'a App,
    pub output: &'a Output,
    pub everywhere: &'a Everywhere,
    pub can_ask: bool,
    pub cancel: CancellationToken,
}

type ResumeFailure = (Failure, Map<String, Value>);

impl Session<'_> {
    pub(crate) fn terminal(&self, given: Given) -> Terminal<'_> {
        Terminal::new(self.output, self.can_ask, self.everywhere.yes, self.cancel.clone(), given)
    }

    pub(crate) async fn enroll(&self, args: Enroll) -> std::result::Result<(), Failure> {
        // First all that can be wrong in what was typed.
        let place = args.place.as_deref().map(place_for_new).transpose()?;
        let key = args.key.as_deref().map(key).transpose()?;
        let san = args.san.iter().map(|name| alternative_name(name)).collect::<Result<Vec<_>>>()?;
        let reference = args.reference.as_deref().map(reference).transpose()?;
        if let Some(trust) = &args.trust {
            std::fs::File::open(trust)
                .map_err(|source| bad("trust-unreadable").with("path", trust.display()).because(source))?;
        }
        let terminal = self.terminal(Given::read(&args.secrets, self.everywhere, self.can_ask)?);

        if !self.can_ask {
            self.nothing_missing(&terminal, &args, place.as_ref()).await?;
        }
        let profile = match args.ca.as_deref() {
            Some(ca) => self.resolve(&terminal, ca, args.trust.as_deref()).await?,
            None => self.choose_ca(&terminal).await?,
        };
        let reference = match reference {
            Some(reference) => reference,
            None => self::reference(&terminal.line(&t!("ask.reference")).await.ok_or_else(cancelled)?)?,
        };
        let place = match place {
            Some(place) => place,
            None => self.choose_place(&terminal).await?,
        };

        let order = EnrollOrder {
            ca: profile.name.clone(),
            reference,
            place,
            key,
            key_by_ca: args.key_by_ca,
            subject: args.subject,
            san,
            no_wait: args.no_wait,
        };
        let enrolled =
            self.app.enroll(order, profile, &terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(Value::Object(enrolled_fields(&enrolled)), |output| print_enrolled(output, &enrolled));
        Ok(())
    }

    async fn resolve(&self, terminal: &Terminal<'_>, ca: &str, trust: Option<&Path>) -> Result<CaProfile> {
        self.unlock_proxy(terminal, ca).await?;
        self.app.ca_resolve(ca, trust).await
    }

    /// Reads a profile from a file or an address.
    pub(crate) async fn read_ca(&self, file_or_url: &str) -> Result<CaProfile> {
        let terminal = self.terminal(Given::read(&SecretFiles::default(), self.everywhere, self.can_ask)?);
        self.unlock_proxy(&terminal, file_or_url).await?;
        self.app.ca_read(file_or_url).await
    }

    /// What is fetched outside of a job goes through the proxy too.
    async fn unlock_proxy(&self, terminal: &Terminal<'_>, file_or_url: &str) -> Result<()> {
        if !file_or_url.starts_with("http://") && !file_or_url.starts_with("https://") {
            return Ok(());
        }
        self.app.unlock_proxy(terminal).await.map_err(|error| terminal.explain_cancel(error))
    }

    /// Without anybody to ask, all must be there before a key is made or the CA is spoken to.
    async fn nothing_missing(&self, terminal: &Terminal<'_>, args: &Enroll, place: Option<&Place>) -> Result<()> {
        if args.ca.is_none() {
            let known = self.app.ca_list()?;
            let seen: Vec<&str> = known.iter().map(|ca| ca.name.as_str()).collect();
            return Err(with_seen(nobody("ca"), &seen));
        }
        if args.reference.is_none() {
            return Err(nobody("reference"));
        }
        if place.is_none() {
            let tokens = self.app.tokens(None).await.map(|found| found.tokens).unwrap_or_default();
            let stores = self.app.stores().await.unwrap_or_default();
            let stores: Vec<String> = stores.iter().map(|store| store.place.uri()).collect();
            let tokens = tokens.iter().map(|token| token.uri.as_str());
            let seen: Vec<&str> = tokens.chain(stores.iter().map(String::as_str)).collect();
            return Err(with_seen(nobody("place"), &seen));
        }
        if terminal.given().code.is_none() {
            return Err(nobody("authorization-code"));
        }
        match place {
            Some(Place::File { .. }) if terminal.given().password.is_none() => Err(nobody("file-password")),
            // A token with a PIN pad needs no PIN from here, so a missing one shows when it is asked for.
            _ => Ok(()),
        }
    }

    async fn choose_ca(&self, terminal: &Terminal<'_>) -> Result<CaProfile> {
        let mut known = self.app.ca_list()?;
        match known.len() {
            0 => Err(Error::new(Code::NoSuchProfile, "choosing the CA")),
            1 => {
                self.output.note(&t!("ask.only-ca", ca = plain(&known[0].title)));
                Ok(known.remove(0))
            }
            _ => {
                let names: Vec<String> = known.iter().map(|ca| format!("{}  {}", ca.name, ca.title)).collect();
                let chosen = terminal.choose(&t!("ask.which-ca"), &names).await.ok_or_else(cancelled)?;
                Ok(known.swap_remove(chosen))
            }
        }
    }

    /// Whatever the drivers do, a file can always be chosen.
    async fn choose_place(&self, terminal: &Terminal<'_>) -> Result<Place> {
        let found = tokio::select! {
            found = self.app.tokens(None) => found,
            () = self.cancel.cancelled() => return Err(cancelled()),
        };
        let (tokens, problems) = match found {
            Ok(found) => (found.tokens, found.drivers.into_iter().filter_map(|driver| driver.problem).collect()),
            Err(error) => (Vec::new(), vec![self.app.explain(&error)]),
        };
        for problem in problems {
            self.output.note(&plain(&format!("{}: {}", problem.code, problem.message)));
        }
        let choice =
            |token: &TokenInfo| format!("{}  ({}, {})", output::token_name(token), token.model, token.driver_name);
        let mut choices: Vec<String> = tokens.iter().map(choice).collect();
        let stores = self.app.stores().await?;
        choices.extend(stores.iter().map(|store| store.name.clone()));
        choices.push(t!("ask.a-file").into_owned());
        let chosen = terminal.choose(&t!("ask.which-place"), &choices).await.ok_or_else(cancelled)?;
        match (tokens.get(chosen), stores.get(chosen.saturating_sub(tokens.len()))) {
            (Some(token), _) => Ok(Place::parse(&token.uri)?.0),
            (None, Some(store)) => Ok(store.place.clone()),
            (None, None) => {
                let path = terminal.line(&t!("ask.path")).await.ok_or_else(cancelled)?;
                let path = path.strip_prefix("file:").unwrap_or(&path);
                Ok(Place::parse(&format!("file:{path}"))?.0)
            }
        }
    }

    pub(crate) async fn resume(&self, args: Resume) -> std::result::Result<(), ResumeFailure> {
        let plainly = |error: Error| (Failure::from(error), Map::new());
        let terminal = self.terminal(Given::read(&args.secrets, self.everywhere, self.can_ask).map_err(plainly)?);
        if args.all {
            return self.resume_all(&terminal).await;
        }
        let Some(job) = self.which_job(&terminal, args.job).await.map_err(plainly)? else {
            self.output.ok(json!({ "jobs": [] }), |output| output.result(&t!("list.nothing-to-resume")));
            return Ok(());
        };
        let resumed = match args.discard {
            true => self.app.discard(&job, &terminal).await,
            false => self.app.resume(&job, &terminal).await,
        };
        let resumed = resumed.map_err(|error| plainly(terminal.explain_cancel(error)))?;
        self.output.ok(Value::Object(resumed_fields(&resumed)), |output| print_resumed(output, &resumed));
        Ok(())
    }

    /// The job named, the only open one, or the one chosen.
    async fn which_job(&self, terminal: &Terminal<'_>, job: Option<String>) -> Result<Option<String>> {
        if job.is_some() {
            return Ok(job);
        }
        let mut open = self.open_jobs().await?;
        if open.len() < 2 {
            return Ok(open.pop().map(|job| job.job));
        }
        if !self.can_ask {
            let seen: Vec<&str> = open.iter().map(|job| job.job.as_str()).collect();
            return Err(with_seen(nobody("job"), &seen));
        }
        let line = |job: &JobView| {
            let state = t!(format!("state.{}", word(&job.state)));
            format!("{}  {}  {}  {}", job.job, output::time(&job.started), job.order.ca, state)
        };
        let lines: Vec<String> = open.iter().map(line).collect();
        let chosen = terminal.choose(&t!("ask.which-job"), &lines).await.ok_or_else(cancelled)?;
        Ok(Some(open.swap_remove(chosen).job))
    }

    async fn open_jobs(&self) -> Result<Vec<JobView>> {
        let open = [JobState::Interrupted, JobState::Waiting, JobState::Unconfirmed];
        Ok(self.app.journal().await?.into_iter().filter(|job| open.contains(&job.state)).collect())
    }

    /// One after another; one that fails does not keep the others from their turn, but a refused PIN does: the same one,
    /// sent for each job, would lock the token. The first failure is the result.
    async fn resume_all(&self, terminal: &Terminal<'_>) -> std::result::Result<(), ResumeFailure> {
        let open = self.open_jobs().await.map_err(|error| (Failure::from(error), Map::new()))?;
        let mut jobs = Vec::new();
        let mut first_failure = None;
        for JobView { job, .. } in &open {
            terminal.next_job();
            if self.output.json {
                self.output.event(&json!({ "event": "job", "job": job }));
            } else {
                self.output.note(&t!("job.resuming", job = plain(job)));
            }
            match self.app.resume(job, terminal).await.map_err(|error| terminal.explain_cancel(error)) {
                Ok(resumed) => {
                    if !self.output.json {
                        self.output.end_line();
                        print_resumed(self.output, &resumed);
                    }
                    let mut fields = resumed_fields(&resumed);
                    fields.insert("result".into(), json!("ok"));
                    jobs.push(Value::Object(fields));
                }
                Err(error) => {
                    let view = self.app.explain(&error);
                    let mut fields = output::object(&view);
                    fields.insert("result".into(), json!("error"));
                    fields.insert("job".into(), json!(job));
                    jobs.push(Value::Object(fields));
                    let stop = matches!(error.class(), Class::Cancelled | Class::Pin);
                    if first_failure.is_none() {
                        first_failure = Some(error);
                    } else if !self.output.json {
                        self.output.problem(&view);
                    }
                    if stop {
                        break;
                    }
                }
            }
        }
        if let Some(error) = first_failure {
            return Err((error.into(), Map::from_iter([("jobs".to_owned(), Value::Array(jobs))])));
        }
        self.output.ok(json!({ "jobs": jobs }), |output| {
            if open.is_empty() {
                output.result(&t!("list.nothing-to-resume"));
            }
        });
        Ok(())
    }
}

fn bad(reason: &'static str) -> Error {
    Error::new(Code::BadInput, "reading the command line").with("reason", reason)
}

pub(crate) fn cancelled() -> Error {
    Error::new(Code::Cancelled, "asking")
}

fn with_seen(error: Error, seen: &[&str]) -> Error {
    if seen.is_empty() { error } else { error.with("seen", seen.join(", ")) }
}

/// A place for a new key: an object in it would name one that is there already.
pub(crate) fn place_for_new(text: &str) -> Result<Place> {
    let (place, extras) = Place::parse(text)?;
    match (extras.id, extras.object) {
        (None, None) => Ok(place),
        (Some(_), _) => Err(bad("attribute-unknown").with("attribute", "id")),
        (None, Some(_)) => Err(bad("attribute-unknown").with("attribute", "object")),
    }
}

pub(crate) fn key(text: &str) -> Result<KeyChoice> {
    let word = text.trim().to_ascii_lowercase();
    serde_json::from_value(json!(word)).map_err(|_| bad("key-unknown").with("key", plain(text)))
}

pub(crate) fn reference(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
        return Err(bad("reference"));
    }
    Ok(text.to_owned())
}

fn alternative_name(text: &str) -> Result<String> {
    let text = text.trim();
    let plain =
        |value: &str| !value.is_empty() && value.is_ascii() && !value.contains(|c: char| c.is_control() || c == ' ');
    match text.split_once(':') {
        Some(("dns", name)) if plain(name) && !name.contains('@') => Ok(text.to_owned()),
        Some(("email", address)) if plain(address) && address.contains('@') => Ok(text.to_owned()),
        _ => Err(bad("san").with("what", output::plain(text))),
    }
}

fn resumed_fields(resumed: &Resumed) -> Map<String, Value> {
    match resumed {
        Resumed::Enrolled { enrolled } => {
            let mut fields = enrolled_fields(enrolled);
            fields.insert("outcome".into(), json!("enrolled"));
            fields
        }
        Resumed::Imported { imported } => {
            let mut fields = output::object(&**imported);
            fields.insert("outcome".into(), json!("imported"));
            fields
        }
        Resumed::Revoked { .. } | Resumed::Requested { .. } | Resumed::NothingHappened { .. } => {
            output::object(resumed)
        }
    }
}

fn print_resumed(output: &Output, resumed: &Resumed) {
    match resumed {
        Resumed::Enrolled { enrolled } => print_enrolled(output, enrolled),
        Resumed::Imported { imported } => print_imported(output, imported),
        Resumed::Revoked { revoked } => print_revoked(output, revoked),
        Resumed::Requested { request } => print_place(output, request),
        Resumed::NothingHappened { job } => output.result(&t!("done.nothing-happened", job = plain(job))),
    }
}

pub(crate) fn print_enrolled(output: &Output, enrolled: &Enrolled) {
    let done = match (enrolled.confirmed, &enrolled.replaced) {
        (true, None) => t!("done.enrolled"),
        (true, Some(_)) => t!("done.renewed"),
        (false, _) => t!("done.not-confirmed"),
    };
    output.note(&done);
    if enrolled.key_seen_by_ca {
        output.note(&t!("done.key-seen-by-ca"));
    }
    let mut rows = placed(enrolled);
    rows.extend([
        ("confirmed", output::yes_no(enrolled.confirmed)),
        ("root-trusted", enrolled.root_trusted.map(output::yes_no).unwrap_or_default()),
        ("replaced", enrolled.replaced.as_ref().map(became_of).unwrap_or_default()),
        ("job", enrolled.job.clone()),
    ]);
    output.facts(&rows);
}

/// The certificate of an order: nobody waits for a word about it.
pub(crate) fn print_installed(output: &Output, enrolled: &Enrolled) {
    output.note(&t!("done.enrolled"));
    output.facts(&placed(enrolled));
}

fn placed(enrolled: &Enrolled) -> Vec<(&'static str, String)> {
    let mut rows = output::certificate_facts(&enrolled.certificate);
    rows.extend([
        ("where", format!("{}  ({})", enrolled.place_name, enrolled.place)),
        ("driver", enrolled.driver.clone().unwrap_or_default()),
        ("key-id", enrolled.key_id.clone()),
        ("proved", if enrolled.proved { t!("value.proved").into_owned() } else { output::yes_no(false) }),
    ]);
    rows
}

/// What became of the certificate that was renewed.
fn became_of(old: &Replaced) -> String {
    if !old.kept {
        return t!("replaced.removed").into_owned();
    }
    let why = t!(format!("replaced.{}", old.because.as_deref().unwrap_or("asked")));
    match &old.kept_at {
        Some(path) => t!("replaced.kept-at", why = why, path = path).into_owned(),
        None => why.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        assert_eq!(key("ec:p256").unwrap(), KeyChoice::EcP256);
        assert_eq!(key("RSA:2048").unwrap(), KeyChoice::Rsa2048);
        assert_eq!(key("ed25519").unwrap(), KeyChoice::Ed25519);
        assert_eq!(key("dsa").unwrap_err().facts["reason"], "key-unknown");
    }

    #[test]
    fn alternative_names_are_read() {
        assert!(alternative_name("dns:example.org").is_ok());
        assert!(alternative_name("email:a@example.org").is_ok());
        for wrong in ["", "example.org", "dns:", "email:nobody", "uri:x", "dns:a b", "dns:a\nb"] {
            assert!(alternative_name(wrong).is_err(), "{wrong}");
        }
    }
}
