//! What the page may ask of orders for server certificates.

use std::path::{Path, PathBuf};

use chopmark_core::{
    app::{App, FileTarget, UsslOrder, chain_pem},
    error::Error,
    model::{
        AcmeDirectory, AcmeProgress, CaRules, LetterScan, NewAcmeOrder, NewOrder, OrderAccount, OrderCheck, OrderEvent,
        OrderView, Price, Product, ProductView, RevocationReason, SecretPlace, ServerExport, ServerExported,
        Submission,
    },
};
use tauri::{AppHandle, State, command, ipc::Channel};

use crate::{Window, commands::Answered, running::Typed};

#[command]
pub(crate) async fn orders(window: State<'_, Window>) -> Answered<Vec<OrderView>> {
    let app = window.app()?;
    app.orders().await.map_err(|error| app.explain(&error))
}

#[command(async)]
pub(crate) fn order_rules(window: State<'_, Window>) -> Answered<Vec<CaRules>> {
    let app = window.app()?;
    app.order_rules().map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_add(window: State<'_, Window>, order: NewOrder) -> Answered<OrderView> {
    let app = window.app()?;
    app.order_add(order).await.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_remove(window: State<'_, Window>, order: String) -> Answered<()> {
    let app = window.app()?;
    window.watching.stop(&order);
    app.order_remove(&order).await.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_check(window: State<'_, Window>, order: String) -> Answered<OrderCheck> {
    let app = window.app()?;
    app.order_check(&order).await.map_err(|error| app.explain(&error))
}

/// The file for the web server: below a folder, or as an archive. The person has been asked before one is replaced.
#[command]
pub(crate) async fn order_file(
    window: State<'_, Window>,
    order: String,
    path: PathBuf,
    zip: bool,
) -> Answered<Vec<PathBuf>> {
    let app = window.app()?;
    let target = if zip { FileTarget::Zip { file: &path, replace: true } } else { FileTarget::Folder(&path) };
    app.order_file(&order, target).await.map_err(|error| app.explain(&error))
}

/// Ends when everything is right, when the time is over, or with `unwatch_order`. Meanwhile `events` is told.
#[command]
pub(crate) async fn watch_order(
    window: State<'_, Window>,
    order: String,
    events: Channel<OrderEvent>,
) -> Answered<OrderCheck> {
    let app = window.app()?;
    let stop = window.watching.start(&order);
    let report = move |event| drop(events.send(event));
    app.order_watch(&order, report, stop.cancelled_owned()).await.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) fn unwatch_order(window: State<'_, Window>, order: String) {
    window.watching.stop(&order);
}

/// The accounts at sources of orders.
#[command]
pub(crate) async fn order_accounts(window: State<'_, Window>) -> Answered<Vec<OrderAccount>> {
    let app = window.app()?;
    app.order_accounts().await.map_err(|error| app.explain(&error))
}

/// Keeps an account at UCloud's console; what comes back says where its secret is.
#[command]
pub(crate) async fn order_account_add(
    window: State<'_, Window>,
    name: String,
    public_key: String,
    api: Option<String>,
    private_key: Typed,
    wanted: SecretPlace,
) -> Answered<OrderAccount> {
    let app = window.app()?;
    let added = app.order_account_add(&name, &public_key, api, private_key.into(), wanted).await;
    added.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_account_remove(window: State<'_, Window>, name: String) -> Answered<()> {
    let app = window.app()?;
    app.order_account_remove(&name).await.map_err(|error| app.explain(&error))
}

/// The orders that stand at an account's console.
#[command]
pub(crate) async fn console_orders(window: State<'_, Window>, account: String) -> Answered<Vec<UsslOrder>> {
    let app = window.app()?;
    let listed = async { app.console_orders(&app.console_account(&account).await?).await }.await;
    listed.map_err(|error| app.explain(&error))
}

/// Takes over an order that stands at an account's console.
#[command]
pub(crate) async fn order_fetch(window: State<'_, Window>, account: String, id: i64) -> Answered<OrderView> {
    let app = window.app()?;
    let fetched = async {
        let known = app.console_account(&account).await?;
        app.order_fetch(&known, Some(&account), id).await
    };
    fetched.await.map(|(order, _)| order).map_err(|error| app.explain(&error))
}

/// What an account can buy.
#[command]
pub(crate) async fn order_products(window: State<'_, Window>, account: String) -> Answered<Vec<ProductView>> {
    let app = window.app()?;
    app.order_products(&account).await.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_price(window: State<'_, Window>, account: String, product: Product) -> Answered<Price> {
    let app = window.app()?;
    app.order_price(&account, &product).await.map_err(|error| app.explain(&error))
}

/// `agreed`: the price, as the person has typed it.
#[command]
pub(crate) async fn order_buy(
    window: State<'_, Window>,
    account: String,
    product: Product,
    agreed: String,
    note: Option<String>,
) -> Answered<OrderView> {
    let app = window.app()?;
    app.order_buy(&account, product, &agreed, note).await.map_err(|error| app.explain(&error))
}

/// Asks the source; what was sent and not answered is asked about first.
#[command]
pub(crate) async fn order_refresh(window: State<'_, Window>, order: String) -> Answered<OrderView> {
    let app = window.app()?;
    app.order_refresh(&order).await.map_err(|error| app.explain(&error))
}

/// The person's word for what became of an act whose answer was lost.
#[command]
pub(crate) async fn order_settle(
    window: State<'_, Window>,
    order: String,
    done: bool,
    remote: Option<String>,
) -> Answered<OrderView> {
    let app = window.app()?;
    app.order_settle(&order, done, remote).await.map_err(|error| app.explain(&error))
}

/// `request`: file with the request for the certificate, here and below; `None`: that of the order's own key.
#[command]
pub(crate) async fn order_submit(
    window: State<'_, Window>,
    order: String,
    said: Submission,
    request: Option<PathBuf>,
) -> Answered<OrderView> {
    let app = window.app()?;
    let submitted = async {
        let request = read(&app, request.as_deref()).await?;
        app.order_submit(&order, said, request.as_deref()).await
    };
    submitted.await.map_err(|error| app.explain(&error))
}

/// Writes the form of the letter; the person has chosen where. Gives the kind of file it is.
#[command]
pub(crate) async fn order_letter_form(
    window: State<'_, Window>,
    order: String,
    revocation: bool,
    path: PathBuf,
) -> Answered<String> {
    let app = window.app()?;
    let written = async {
        let (form, kind) = app.order_letter_form(&order, revocation).await?;
        app.write_file(&path, &form, true).await?;
        Ok(kind)
    };
    written.await.map_err(|error| app.explain(&error))
}

/// Hands in the stamped letter in this file.
#[command]
pub(crate) async fn order_letter(window: State<'_, Window>, order: String, path: String) -> Answered<OrderView> {
    let app = window.app()?;
    let scan = LetterScan { path, despite: Vec::new() };
    app.order_letter(&order, &scan).await.map_err(|error| app.explain(&error))
}

/// Fetches the certificate and what leads to its root, checks it against the request if that is given, and writes it.
#[command]
pub(crate) async fn order_certificate(
    window: State<'_, Window>,
    order: String,
    request: Option<PathBuf>,
    path: PathBuf,
) -> Answered<()> {
    let app = window.app()?;
    let written = async {
        let request = read(&app, request.as_deref()).await?;
        let chain = app.order_certificate(&order, request.as_deref()).await?;
        app.write_file(&path, chain_pem(&chain)?.as_bytes(), true).await
    };
    written.await.map_err(|error| app.explain(&error))
}

/// Writes what a web server wants; asks for passwords under `run`, as a job does.
#[command]
pub(crate) async fn start_server_export(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    wanted: ServerExport,
) -> Answered<ServerExported> {
    let app = window.app()?;
    let written = async {
        let entry = window.running.begin(run, page, None)?;
        app.export_for_server(wanted, &*entry.job).await
    };
    written.await.map_err(|error| app.explain(&error))
}

/// What must be typed before an order is cancelled, its certificate revoked or made anew.
#[command]
pub(crate) async fn order_names(window: State<'_, Window>, order: String) -> Answered<String> {
    let app = window.app()?;
    app.order_names(&order).await.map_err(|error| app.explain(&error))
}

/// `confirmed` here and below: what the person has typed; it is compared by the app.
#[command]
pub(crate) async fn order_reissue(
    window: State<'_, Window>,
    order: String,
    request: Option<PathBuf>,
    confirmed: String,
) -> Answered<OrderView> {
    let app = window.app()?;
    let reissued = async {
        let request = read(&app, request.as_deref()).await?;
        app.order_reissue(&order, request.as_deref(), &confirmed).await
    };
    reissued.await.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_renew(
    window: State<'_, Window>,
    order: String,
    product: Product,
    agreed: String,
) -> Answered<OrderView> {
    let app = window.app()?;
    app.order_renew(&order, product, &agreed).await.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_cancel(window: State<'_, Window>, order: String, confirmed: String) -> Answered<OrderView> {
    let app = window.app()?;
    app.order_cancel(&order, &confirmed).await.map_err(|error| app.explain(&error))
}

#[command]
pub(crate) async fn order_revoke(
    window: State<'_, Window>,
    order: String,
    reason: RevocationReason,
    letter: Option<String>,
    confirmed: String,
) -> Answered<OrderView> {
    let app = window.app()?;
    let letter = letter.map(|path| LetterScan { path, despite: Vec::new() });
    let revoked = app.order_revoke(&order, reason, letter.as_ref(), &confirmed).await;
    revoked.map_err(|error| app.explain(&error))
}

/// Ends when the certificate is there (or gone), with `unwatch_order`, or when it will not come. Meanwhile `events` is told.
#[command]
pub(crate) async fn follow_order(
    window: State<'_, Window>,
    order: String,
    events: Channel<OrderEvent>,
) -> Answered<OrderView> {
    let app = window.app()?;
    let stop = window.watching.start(&order);
    let report = move |event| drop(events.send(event));
    app.order_follow(&order, report, stop.cancelled_owned()).await.map_err(|error| app.explain(&error))
}

/// The CAs known that speak ACME; nobody is asked.
#[command(async)]
pub(crate) fn acme_directories(window: State<'_, Window>) -> Answered<Vec<AcmeDirectory>> {
    let app = window.app()?;
    app.acme_directories().map_err(|error| app.explain(&error))
}

/// What a CA says of itself. `roots`: file with the roots for TLS to it, where the system does not know them.
#[command]
pub(crate) async fn acme_directory(
    window: State<'_, Window>,
    directory: String,
    roots: Option<PathBuf>,
) -> Answered<AcmeDirectory> {
    let app = window.app()?;
    let asked = async { app.acme_directory(&directory, &texts(&app, roots.as_deref()).await?).await };
    asked.await.map_err(|error| app.explain(&error))
}

/// Asks for passwords under `run`, as a job does; `code` answers the question for the authorization code.
#[command]
pub(crate) async fn start_acme_order(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    order: NewAcmeOrder,
    roots: Option<PathBuf>,
    code: Typed,
) -> Answered<OrderView> {
    let app = window.app()?;
    let ordered = async {
        let entry = window.running.begin(run, page, Some(code))?;
        app.acme_order(NewAcmeOrder { tls_roots: texts(&app, roots.as_deref()).await?, ..order }, &*entry.job).await
    };
    ordered.await.map_err(|error| app.explain(&error))
}

/// `anyway`: the CA is told of proofs that our own check does not see.
#[command]
pub(crate) async fn start_acme_go_on(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    order: String,
    request: Option<PathBuf>,
    anyway: bool,
) -> Answered<AcmeProgress> {
    let app = window.app()?;
    let gone_on = async {
        let entry = window.running.begin(run, page, None)?;
        let request = read(&app, request.as_deref()).await?;
        app.acme_go_on(&order, request.as_deref(), anyway, &*entry.job).await
    };
    gone_on.await.map_err(|error| app.explain(&error))
}

/// Orders again what came to nothing.
#[command]
pub(crate) async fn acme_order_again(window: State<'_, Window>, order: String) -> Answered<OrderView> {
    let app = window.app()?;
    app.acme_order_again(&order).await.map_err(|error| app.explain(&error))
}

/// A file, if the person has named one.
async fn read(app: &App, path: Option<&Path>) -> Result<Option<Vec<u8>>, Error> {
    match path {
        Some(path) => app.read_file(path).await.map(Some),
        None => Ok(None),
    }
}

/// The text of such a file.
async fn texts(app: &App, path: Option<&Path>) -> Result<Vec<String>, Error> {
    let read = read(app, path).await?;
    Ok(read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).into_iter().collect())
}
