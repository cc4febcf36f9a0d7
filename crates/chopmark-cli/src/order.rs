//! `order`: what a CA wants to see on a domain, kept, checked and watched.

use std::{io::Read, process::ExitCode};

use chopmark_core::{
    app::{App, FileTarget, UsslAccount, UsslOrder},
    error::{Code, Error},
    model::*,
};
use rust_i18n::t;
use serde_json::{Map, Value, json};

use crate::{
    args::{AddOrder, Order},
    doctor::print_finding,
    enroll::Session,
    order_key, order_source,
    output::{self, Failure, Output, plain},
    secrets,
};

type Ended = std::result::Result<ExitCode, Failure>;

/// Longest content of a file taken from a file or standard input; what CAs use has under a hundred bytes.
const LONGEST_CONTENT: u64 = 64 * 1024;

/// Ends with the exit code of what a check saw.
pub(crate) async fn run(session: &Session<'_>, output: &Output, command: Order) -> Ended {
    let app = session.app;
    match command {
        Order::Acme(wanted) => session.acme_order(wanted).await?,
        Order::GoOn { order, key, out, watch, anyway } => {
            session.acme_go_on(&order, key, out.as_deref(), watch, anyway).await?;
        }
        Order::Csr { .. } | Order::Install { .. } => order_key::run(session, command).await?,
        Order::Again { order, webroot } => session.acme_again(&order, webroot.as_deref()).await?,
        Order::Renewal { order } => session.acme_renewal(&order).await?,
        Order::Directories { directory, tls_roots } => {
            session.acme_directories(directory.as_deref(), tls_roots.as_deref()).await?;
        }
        Order::Add(typed) => {
            let order = app.order_add(new_order(typed)?).await?;
            output.ok(json!({ "order": order }), |output| {
                output.note(&t!("order.added", order = &order.order));
                print_order(output, &order);
            });
        }
        Order::List => {
            let orders = app.orders().await?;
            output.ok(json!({ "orders": orders }), |output| print_list(output, &orders));
        }
        Order::Fetch { id, account, public_key, private_key_file, api } => {
            let given = match (&account, public_key, private_key_file) {
                (Some(name), ..) => app.console_account(name).await?,
                (None, Some(public_key), Some(file)) => {
                    UsslAccount { api, public_key, private_key: secrets::one(&file)? }
                }
                _ => return Err(Error::new(Code::BadInput, "reading the command line").into()),
            };
            fetch(app, output, &given, account.as_deref(), id).await?;
        }
        Order::Export(args) => session.export_order(args).await?,
        Order::Show { order } => {
            let order = app.order_show(&order).await?;
            output.ok(json!({ "order": order }), |output| print_order(output, &order));
        }
        Order::Check { order, watch } => return check(app, output, &order, watch).await,
        Order::File { order, out, zip, replace } => {
            let target = match (&out, &zip) {
                (Some(folder), _) => FileTarget::Folder(folder),
                (_, Some(file)) => FileTarget::Zip { file, replace },
                (None, None) => return Err(Error::new(Code::BadInput, "reading the command line").into()),
            };
            let written = app.order_file(&order, target).await?;
            let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
            output.ok(json!({ "written": written }), |output| {
                written.iter().for_each(|path| output.result(&plain(path)));
            });
        }
        Order::Account(_)
        | Order::Products { .. }
        | Order::Buy(_)
        | Order::Submit(_)
        | Order::Refresh { .. }
        | Order::Settle { .. }
        | Order::Letter { .. }
        | Order::Certificate { .. }
        | Order::Reissue { .. }
        | Order::Renew { .. }
        | Order::Cancel { .. }
        | Order::Revoke { .. } => return order_source::run(session, output, command).await,
        Order::Remove { order } => {
            app.order_remove(&order).await?;
            output.ok(json!({ "removed": order }), |output| output.note(&t!("order.removed", order = plain(&order))));
        }
    }
    Ok(output.done())
}

async fn fetch(
    app: &App,
    output: &Output,
    account: &UsslAccount,
    kept: Option<&str>,
    id: Option<i64>,
) -> Result<(), Error> {
    let Some(id) = id else {
        let orders = app.console_orders(account).await?;
        output.ok(json!({ "remotes": orders }), |output| print_console(output, &orders));
        return Ok(());
    };
    let (order, remote) = app.order_fetch(account, kept, id).await?;
    output.ok(json!({ "order": order, "remote": remote }), |output| {
        output.note(&t!("order.added", order = &order.order));
        output.note(&t!("order.console-says", state = plain(&remote.state)));
        print_order(output, &order);
    });
    Ok(())
}

fn print_console(output: &Output, orders: &[UsslOrder]) {
    if orders.is_empty() {
        return output.result(&t!("order.console-none"));
    }
    let row =
        |order: &UsslOrder| vec![order.id.to_string(), order.domains.clone(), order.state.clone(), order.name.clone()];
    output.table(&["order", "domains", "state", "note"], &orders.iter().map(row).collect::<Vec<_>>());
}

fn new_order(typed: AddOrder) -> Result<NewOrder, Error> {
    let pairs = |method, flat: &[String]| {
        let pairs = flat.chunks_exact(2);
        pairs
            .map(|pair| Proof { method, name: pair[0].clone(), value: pair[1].clone(), domain: None })
            .collect::<Vec<_>>()
    };
    let mut proofs = pairs(ProofMethod::DnsCname, &typed.cname);
    proofs.extend(pairs(ProofMethod::DnsTxt, &typed.txt));
    for mut proof in pairs(ProofMethod::File, &typed.file) {
        proof.value = content(&proof.value)?;
        proofs.push(proof);
    }
    let AddOrder { domains, rules, deadline, note, .. } = typed;
    Ok(NewOrder { domains, proofs, rules, deadline, note })
}

/// The content of a file as the console gives it.
fn content(path: &str) -> Result<String, Error> {
    let unreadable = |error: std::io::Error| {
        Error::new(Code::FileNotReadable, "reading the content of the file").with("path", path).because(error)
    };
    let mut text = String::new();
    let mut source: Box<dyn Read> = match path {
        "-" => Box::new(std::io::stdin()),
        path => Box::new(std::fs::File::open(path).map_err(unreadable)?),
    };
    source.by_ref().take(LONGEST_CONTENT).read_to_string(&mut text).map_err(unreadable)?;
    // Editors put a mark in front that does not belong to it.
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

async fn check(app: &App, output: &Output, number: &str, watch: bool) -> Ended {
    let check = if watch {
        app.order_watch(number, |event| tell(output, &event), std::future::pending()).await?
    } else {
        app.order_check(number).await?
    };
    let order = app.order_show(number).await?;
    if !output.json {
        if !watch {
            print_check(output, &check);
        }
        output.result("");
        output.result(&t!(format!("order.is-{}", word(&check.state))));
        print_left(output, &order);
    }
    let mut fields = Map::new();
    fields.insert("order".into(), json!(number));
    fields.insert("check".into(), json!(check));
    fields.insert("deadline".into(), json!(order.deadline));
    let worst = check.findings.first().filter(|_| check.state != ProofState::Ready);
    let Some(worst) = worst else {
        if output.json {
            output.ok(Value::Object(fields), |_| ());
        }
        return Ok(output.done());
    };
    let class = output::class(&worst.code);
    if output.json {
        let about =
            json!({ "code": worst.code, "class": class.word(), "message": worst.message, "hints": worst.hints });
        fields.extend(output::object(&about));
        output.error(fields);
    }
    Ok(ExitCode::from(class.exit_code()))
}

/// While it is watched: as events, or each check whole.
pub(crate) fn tell(output: &Output, event: &OrderEvent) {
    if output.json {
        return output.event(event);
    }
    if let OrderEvent::AtSource { seen, .. } = event {
        output.note(&t!("order.console-says", state = plain(&seen.said)));
    }
    if let OrderEvent::Checked { check, next, .. } = event {
        print_check(output, check);
        if let Some(seconds) = next {
            output.note(&t!("order.next", seconds = seconds));
        }
    }
}

fn print_list(output: &Output, orders: &[OrderView]) {
    if orders.is_empty() {
        return output.result(&t!("order.none"));
    }
    let row = |order: &OrderView| {
        let mut methods: Vec<String> =
            order.proofs.iter().map(|proof| t!(format!("order.{}", word(&proof.method))).into_owned()).collect();
        methods.dedup();
        let state = order.last.as_ref().map_or("unchecked".to_owned(), |check| word(&check.state));
        vec![
            order.order.clone(),
            shown(order),
            methods.join(", "),
            t!(format!("order.{state}")).into_owned(),
            left(order.deadline_unix),
            order.note.clone().unwrap_or_default(),
        ]
    };
    output.table(&["order", "domains", "method", "state", "left", "note"], &orders.iter().map(row).collect::<Vec<_>>());
}

/// The domains, those with letters beyond ASCII in both forms.
fn shown(order: &OrderView) -> String {
    let one = |domain: &String| match order.names.iter().find(|name| name.ascii == *domain) {
        Some(name) if name.look_alike => t!("order.look-alike", domain = domain).into_owned(),
        Some(name) => name.shown.clone(),
        None => domain.clone(),
    };
    order.domains.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(crate) fn print_order(output: &Output, order: &OrderView) {
    output.facts(&[
        ("order", order.order.clone()),
        ("domains", shown(order)),
        ("rules", order.rules.title.clone()),
        ("deadline", format!("{} UTC ({})", output::time(&order.deadline), left(order.deadline_unix))),
        ("note", order.note.clone().unwrap_or_default()),
    ]);
    if let Some(seen) = &order.at_source {
        let left = order.acts.iter().map(|act| t!(format!("order.act.{}", word(act))).into_owned());
        output.facts(&[
            ("state", format!("{} ({})", seen.said, t!(format!("order.at.{}", word(&seen.state))))),
            ("step", t!(format!("order.step.{}", word(&order.step))).into_owned()),
            ("acts", left.collect::<Vec<_>>().join(", ")),
        ]);
    }
    if let Some(key) = &order.key {
        let state = match key.state {
            JobState::Done => t!("order.key-installed"),
            _ if key.handed_in => t!("order.key-handed-in"),
            _ => t!("order.key-waits"),
        };
        output.facts(&[("key", format!("{}: {state} ({})", key.place_name, t!("order.key-job", job = &key.job)))]);
    }
    if let Some(pending) = &order.pending {
        let act = t!(format!("order.act.{}", word(&pending.act)));
        output.result(&t!("order.pending", act = act, since = output::time(&pending.since)));
    }
    for proof in &order.proofs {
        output.result("");
        let method = t!(format!("order.{}", word(&proof.method))).into_owned();
        if proof.method == ProofMethod::File {
            output.facts(&[("method", method), ("file", proof.name.clone()), ("content", proof.value.clone())]);
            proof.urls.iter().for_each(|url| output.facts(&[("address", url.clone())]));
        } else {
            output.facts(&[
                ("method", method),
                ("record", proof.name.clone()),
                ("value", proof.value.clone()),
                ("host", proof.host.clone()),
                ("zone", proof.zone.clone()),
            ]);
        }
    }
    if let Some(check) = &order.last {
        output.result("");
        output.result(&t!("order.last", at = output::time(&check.at)));
        print_check(output, check);
    }
}

fn print_check(output: &Output, check: &OrderCheck) {
    for proof in &check.proofs {
        output.result("");
        let (state, method) =
            (t!(format!("order.{}", word(&proof.state))), t!(format!("order.{}", word(&proof.method))));
        output.result(&format!("{}  {method}  [{state}]", plain(&proof.name)));
        print_rows(output, &proof.rows);
    }
    let said: Vec<ProofRow> = check.caa.iter().filter(|row| !row.found.is_empty()).cloned().collect();
    if !said.is_empty() {
        output.result("");
        output.result(&t!("order.caa"));
        print_rows(output, &said);
    }
    for finding in &check.findings {
        print_finding(output, finding);
    }
}

fn print_rows(output: &Output, rows: &[ProofRow]) {
    if rows.is_empty() {
        return;
    }
    let row = |row: &ProofRow| {
        let who = match row.kind {
            RowKind::System => t!("order.this-computer").into_owned(),
            _ => row.server.clone(),
        };
        let mut seen = t!(format!("order.{}", word(&row.state))).into_owned();
        if let Some(status) = row.status.filter(|_| row.state == RowState::Status) {
            seen += &format!(" {status}");
        }
        let found = row.location.clone().unwrap_or_else(|| row.found.join(", "));
        let lives = row.wrong_for.or(row.ttl).map(|seconds| format!("{seconds} s")).unwrap_or_default();
        vec![who, seen, found, lives, row.command.clone()]
    };
    output.table(&["server", "seen", "found", "lives", "by-hand"], &rows.iter().map(row).collect::<Vec<_>>());
    for row in rows.iter().filter(|row| !row.diff.is_empty()) {
        output.result(&format!("  {} ({})", plain(&row.server), row.address));
        for line in &row.diff {
            let sign = match line.kind {
                DiffKind::Same => ' ',
                DiffKind::Wanted => '-',
                DiffKind::Found => '+',
            };
            output.result(&format!("  {sign} {}", plain(&line.text)));
        }
    }
}

fn print_left(output: &Output, order: &OrderView) {
    output.result(&t!("order.until", at = output::time(&order.deadline), left = left(order.deadline_unix)));
}

/// The time left, as a clock shows it.
fn left(deadline: i64) -> String {
    match output::seconds_until(deadline) {
        0 => t!("order.over").into_owned(),
        seconds => t!("order.left", hours = seconds / 3600, minutes = seconds % 3600 / 60).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a state has no word for would be shown as its key.
    #[test]
    fn every_state_has_its_word() {
        use RowState::*;
        let rows = [
            Found,
            OtherValue,
            NoSuchName,
            NoData,
            OtherType,
            Servfail,
            Dnssec,
            Refused,
            Lame,
            Timeout,
            Unreachable,
            Garbled,
            Allowed,
            Forbidden,
            Restricted,
            Redirects,
            Status,
            OtherContent,
            Tls,
        ];
        let states = [ProofState::Ready, ProofState::Spreading, ProofState::Unknown, ProofState::NotYet];
        let methods = [ProofMethod::DnsCname, ProofMethod::DnsTxt, ProofMethod::File];
        let words = rows.iter().map(word).chain(states.iter().map(word)).chain(methods.iter().map(word));
        let keys = words
            .map(|word| format!("order.{word}"))
            .chain(states.iter().map(|state| format!("order.is-{}", word(state))));
        use OrderAct as A;
        use OrderStep as S;
        use RemoteState as R;
        let at = [R::Draft, R::Proving, R::Reviewing, R::Issued, R::Refused, R::Cancelled, R::Revoked, R::Other]
            .map(|state| format!("order.at.{}", word(&state)));
        let acts = [A::Buy, A::Submit, A::Prove, A::Letter, A::Reissue, A::Renew, A::Cancel, A::Revoke]
            .map(|act| format!("order.act.{}", word(&act)));
        let steps = [S::Settle, S::Submit, S::Prove, S::Letter, S::Wait, S::Fetch, S::Done, S::Over, S::Ask]
            .map(|step| format!("order.step.{}", word(&step)));
        for key in keys.chain(at).chain(acts).chain(steps).collect::<Vec<_>>() {
            for locale in ["en", "zh-CN"] {
                assert_ne!(t!(&key, locale = locale), key, "{locale}");
            }
        }
    }
}
