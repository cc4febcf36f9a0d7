//! `order` with an effect at the source: accounts, buying, handing in, following, fetching, revoking.

use std::{path::Path, process::ExitCode};

use chopmark_core::{
    app::{App, chain_pem},
    error::{Code, Error},
    model::*,
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    args::{BuyOrder, Meant, Order, OrderAccountTask, SecretIn, SubmitMethod, SubmitOrder, absolute},
    doctor::print_finding,
    enroll::Session,
    order::{print_order, tell},
    output::{self, Failure, Output, plain},
    secrets,
};

type Ended = std::result::Result<ExitCode, Failure>;

const DOING: &str = "reading the command line";

/// Runs one of them.
pub(crate) async fn run(session: &Session<'_>, output: &Output, command: Order) -> Ended {
    let app = session.app;
    let (act, order) = match command {
        Order::Account(task) => return account(app, output, task).await,
        Order::Products { account } => return products(app, output, &account).await,
        Order::Buy(wanted) => (OrderAct::Buy, buy(session, output, wanted).await?),
        Order::Submit(said) => (OrderAct::Submit, submit(session, said).await?),
        Order::Refresh { order, watch } => return refresh(app, output, &order, watch).await,
        Order::Settle { order, done, number, .. } => {
            let settled = app.order_settle(&order, done, number).await?;
            output.ok(json!({ "order": settled }), |output| print_order(output, &settled));
            return Ok(output.done());
        }
        Order::Letter { order, form: Some(file), revocation, replace, .. } => {
            let (bytes, ending) = app.order_letter_form(&order, revocation).await?;
            app.write_file(&file, &bytes, replace).await?;
            let written = file.display().to_string();
            output.ok(json!({ "written": written, "kind": ending }), |output| {
                output.note(&t!("order.written", path = plain(&written)));
            });
            return Ok(output.done());
        }
        Order::Letter { order, write: Some(file), own, revocation, replace, .. } => {
            let wanted = LetterWanted { to: absolute(&file)?, own, revocation, replace };
            let written = app.order_letter_write(&order, wanted).await?;
            output.ok(json!({ "letter": written }), |output| print_letter(output, &written));
            return Ok(output.done());
        }
        Order::Letter { order, check: Some(file), .. } => return check_letter(app, output, &order, &file).await,
        Order::Letter { order, send: Some(file), despite, .. } => {
            let scan = LetterScan { path: absolute(&file)?, despite };
            let looked = app.order_letter_check(&order, &scan.path).await?;
            if !output.json {
                print_scan(output, &looked);
            }
            (OrderAct::Letter, app.order_letter(&order, &scan).await?)
        }
        Order::Certificate { order, csr, out, replace } => {
            return certificate(app, output, &order, csr.as_deref(), &out, replace).await;
        }
        Order::Reissue { order, key, meant } => {
            let name = meant_by(session, &order, OrderAct::Reissue, meant).await?;
            let csr = session.request_of(&order, key, Vec::new()).await?;
            (OrderAct::Reissue, app.order_reissue(&order, csr.as_deref(), &name).await?)
        }
        Order::Renew { order, years, agree } => (OrderAct::Renew, renew(session, output, &order, years, agree).await?),
        Order::Cancel { order, meant } => {
            let name = meant_by(session, &order, OrderAct::Cancel, meant).await?;
            (OrderAct::Cancel, app.order_cancel(&order, &name).await?)
        }
        Order::Revoke { order, reason, letter, despite, meant } => {
            let letter = letter.as_deref().map(absolute).transpose()?.map(|path| LetterScan { path, despite });
            let name = meant_by(session, &order, OrderAct::Revoke, meant).await?;
            (OrderAct::Revoke, app.order_revoke(&order, reason.into(), letter.as_ref(), &name).await?)
        }
        _ => return Err(Error::new(Code::Internal, DOING).into()),
    };
    output.ok(json!({ "order": order }), |output| {
        output.note(&t!("order.sent", act = t!(format!("order.act.{}", word(&act)))));
        print_order(output, &order);
    });
    Ok(output.done())
}

fn print_letter(output: &Output, letter: &LetterWritten) {
    output.result(&t!("order.written", path = plain(&letter.path)));
    for field in &letter.filled {
        output.result(&format!("  {}: {}", plain(&field.name), plain(&field.value)));
    }
    if !letter.left.is_empty() {
        output.result(&t!("order.letter-left", names = plain(&letter.left.join(", "))));
    }
    for (number, step) in (1..).zip(&letter.steps) {
        output.note(&format!("{number}. {}", plain(step)));
    }
}

/// Ends with the exit code of what is the matter, as a check of the domains does.
async fn check_letter(app: &App, output: &Output, order: &str, file: &Path) -> Ended {
    let looked = app.order_letter_check(order, &absolute(file)?).await?;
    let worst = looked.findings.first().filter(|_| !looked.good);
    let Some(worst) = worst else {
        output.ok(json!({ "scan": looked }), |output| print_scan(output, &looked));
        return Ok(output.done());
    };
    let class = output::class(&worst.code);
    if output.json {
        let about =
            json!({ "code": worst.code, "class": class.word(), "message": worst.message, "hints": worst.hints });
        let mut fields = output::object(&about);
        fields.insert("scan".into(), json!(looked));
        output.error(fields);
    } else {
        print_scan(output, &looked);
    }
    Ok(ExitCode::from(class.exit_code()))
}

fn print_scan(output: &Output, scan: &ScanCheck) {
    let kind = scan.kind.as_ref().map(|kind| word(kind).to_uppercase()).unwrap_or_default();
    let size = format!("{:.1} MB", scan.bytes as f64 / 1_048_576.0);
    output.facts(&[("file", scan.path.clone()), ("kind", kind), ("size", size), ("pages", scan.pages.to_string())]);
    for picture in &scan.pictures {
        let dpi = picture.dpi.map(|dpi| format!(", {dpi} dpi")).unwrap_or_default();
        output.facts(&[("picture", format!("{}: {} × {}{dpi}", picture.page, picture.width, picture.height))]);
    }
    for finding in &scan.findings {
        print_finding(output, finding);
    }
    let told = scan.findings.iter().any(|finding| finding.severity == Severity::Error);
    output.result(&match (scan.good, told) {
        (true, _) => t!("order.scan-good"),
        (false, true) => t!("order.scan-refused"),
        (false, false) => t!("order.scan-doubtful"),
    });
}

async fn account(app: &App, output: &Output, task: OrderAccountTask) -> Ended {
    match task {
        OrderAccountTask::Add { name, public_key, private_key_file, api, secret_in } => {
            let wanted = match secret_in {
                SecretIn::Keyring => SecretPlace::Keyring,
                SecretIn::File => SecretPlace::File,
            };
            let secret = secrets::one(&private_key_file)?;
            let account = app.order_account_add(&name, &public_key, api, secret, wanted).await?;
            output.ok(json!({ "account": account }), |output| {
                output.note(&t!("order.account-added", name = &account.name, place = kept_in(&account)));
            });
        }
        OrderAccountTask::List => {
            let accounts = app.order_accounts().await?;
            output.ok(json!({ "accounts": accounts }), |output| {
                if accounts.is_empty() {
                    return output.result(&t!("order.account-none"));
                }
                let row = |one: &OrderAccount| {
                    vec![one.name.clone(), one.id.clone(), one.address.clone().unwrap_or_default(), kept_in(one)]
                };
                output
                    .table(&["account", "what", "address", "secret-in"], &accounts.iter().map(row).collect::<Vec<_>>());
            });
        }
        OrderAccountTask::Remove { name } => {
            app.order_account_remove(&name).await?;
            output.ok(json!({ "removed": name }), |output| {
                output.note(&t!("order.account-removed", name = plain(&name)));
            });
        }
    }
    Ok(output.done())
}

fn kept_in(account: &OrderAccount) -> String {
    match (account.secret, &account.why) {
        (SecretPlace::Keyring, _) => t!("order.in-keyring").into_owned(),
        (SecretPlace::File, None) => t!("order.in-file").into_owned(),
        (SecretPlace::File, Some(why)) => t!(format!("order.in-file-{why}")).into_owned(),
    }
}

async fn products(app: &App, output: &Output, account: &str) -> Ended {
    let products = app.order_products(account).await?;
    output.ok(json!({ "products": products }), |output| {
        let row = |one: &ProductView| {
            let title = t!("order.product-title", title = plain(&one.title), fewest = one.fewest, most = one.most);
            vec![one.brand.clone(), one.name.clone(), one.category.clone(), title.into_owned()]
        };
        output.table(&["brand", "product", "what", "about"], &products.iter().map(row).collect::<Vec<_>>());
    });
    Ok(output.done())
}

async fn buy(session: &Session<'_>, output: &Output, wanted: BuyOrder) -> Result<OrderView, Error> {
    let BuyOrder { account, brand, product, count, years, agree, note } = wanted;
    let product = Product { brand, name: product, domains: count, years };
    let agreed = agreed(session, output, &account, &product, agree).await?;
    session.app.order_buy(&account, product, &agreed, note).await
}

async fn renew(
    session: &Session<'_>,
    output: &Output,
    order: &str,
    years: Option<u32>,
    agree: Option<String>,
) -> Result<OrderView, Error> {
    let view = session.app.order_show(order).await?;
    if view.source == OrderSource::Acme {
        let free = Product { brand: String::new(), name: String::new(), domains: 0, years: 0 };
        return session.app.order_renew(order, free, "").await;
    }
    let missing = || Error::new(Code::BadInput, DOING).with("reason", "order-by-hand");
    let (account, product) = (view.account.ok_or_else(missing)?, view.product.ok_or_else(missing)?);
    let product = Product { years: years.unwrap_or(product.years), ..product };
    let agreed = agreed(session, output, &account, &product, agree).await?;
    session.app.order_renew(order, product, &agreed).await
}

/// Shows the price, and has it typed where it was not agreed to beforehand.
async fn agreed(
    session: &Session<'_>,
    output: &Output,
    account: &str,
    product: &Product,
    agree: Option<String>,
) -> Result<String, Error> {
    if let Some(price) = agree {
        return Ok(price);
    }
    let price = session.app.order_price(account, product).await?;
    let name = format!("{} {}", product.brand, product.name);
    let (count, years) = (product.domains, product.years);
    output.note(&t!("order.price", product = plain(&name), count = count, years = years, price = &price.price));
    typed(session, &t!("order.agree"), &price.price)
}

async fn meant_by(session: &Session<'_>, order: &str, act: OrderAct, meant: Meant) -> Result<String, Error> {
    if let Some(name) = meant.confirm {
        return Ok(name);
    }
    let view = session.app.order_show(order).await?;
    let name = session.app.order_names(order).await?;
    let (act, account) = (t!(format!("order.act.{}", word(&act))), view.account.unwrap_or_default());
    typed(session, &t!("order.confirm", act = act, order = order, account = account, name = plain(&name)), &name)
}

fn typed(session: &Session<'_>, prompt: &str, name: &str) -> Result<String, Error> {
    if !session.can_ask {
        return Err(Error::new(Code::OrderNotConfirmed, DOING).with("name", name));
    }
    eprint!("{prompt}");
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    match read {
        Ok(length) if length > 0 => Ok(line.trim().to_owned()),
        _ => Err(Error::new(Code::Cancelled, DOING)),
    }
}

async fn submit(session: &Session<'_>, said: SubmitOrder) -> Result<OrderView, Error> {
    let unreadable = || Error::new(Code::BadInput, DOING).with("reason", "order-applicant");
    let applicant = match &said.applicant {
        Some(file) => {
            let unreadable = || unreadable().with("path", file.display());
            let text = String::from_utf8(session.app.read_file(file).await?);
            let text = text.map_err(|error| unreadable().because(error))?;
            toml::from_str(&text).map_err(|error| unreadable().because(error))?
        }
        None if session.app.order_show(&said.order).await?.source == OrderSource::Acme => Applicant::default(),
        None => return Err(unreadable()),
    };
    let method = match said.method {
        SubmitMethod::Dns => ProofMethod::DnsCname,
        SubmitMethod::File => ProofMethod::File,
    };
    let submission = Submission { domains: said.domains.clone(), method: Some(method), applicant };
    let csr = session.request_of(&said.order, said.key, said.domains).await?;
    session.app.order_submit(&said.order, submission, csr.as_deref()).await
}

async fn refresh(app: &App, output: &Output, order: &str, watch: bool) -> Ended {
    let view = match watch {
        true => app.order_follow(order, |event| tell(output, &event), std::future::pending()).await?,
        false => app.order_refresh(order).await?,
    };
    output.ok(json!({ "order": view }), |output| print_order(output, &view));
    Ok(output.done())
}

async fn certificate(app: &App, output: &Output, order: &str, csr: Option<&Path>, out: &Path, replace: bool) -> Ended {
    let csr = read(app, csr).await?;
    let chain = app.order_certificate(order, csr.as_deref()).await?;
    let pem = chain_pem(&chain)?;
    app.write_file(out, pem.as_bytes(), replace).await?;
    let described: Vec<CertificateInfo> =
        chain.iter().map(|der| chopmark_core::certificate::describe(der)).collect::<Result<_, _>>()?;
    let written = out.display().to_string();
    output.ok(json!({ "written": written, "chain": described }), |output| {
        output.note(&t!("order.written", path = plain(&written)));
    });
    Ok(output.done())
}

/// What is handed in, where something is.
pub(crate) async fn read(app: &App, file: Option<&Path>) -> Result<Option<Vec<u8>>, Error> {
    match file {
        Some(file) => app.read_file(file).await.map(Some),
        None => Ok(None),
    }
}
