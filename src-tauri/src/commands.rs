//! What the page may ask for. Each command calls one method of the app.

use std::path::PathBuf;

use chopmark_core::{
    hints::Language,
    model::{
        BrowserDriver, CaProfile, CertificateDetail, CertificateList, CheckLine, CheckUp, ComputerStore, Deleted,
        EnrollOrder, Enrolled, ErrorView, ExportOrder, Exported, ExportedCertificate, FixDone, FoundCertificate,
        ImportOrder, Imported, JobView, KeyProvider, LinkOffer, OrderKey, OrderRequest, PinOwner, PluggedToken,
        ProgramSight, Redaction, Reminder, Removed, RenewOrder, RequestTemplate, Resumed, RevokeOrder, Revoked,
        TokenContent, TokenDetail,
    },
};
use tauri::{AppHandle, State, WebviewWindow, command, ipc::Channel};
use tauri_plugin_notification::NotificationExt;

use crate::{
    Window, orders,
    running::{Given, Typed},
};

/// What a command gives, or the error for the page.
pub(crate) type Answered<T> = Result<T, ErrorView>;

pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        answer,
        ask_template,
        ca_add,
        ca_list,
        ca_read,
        ca_remove,
        cancel,
        certificate,
        certificate_detail,
        certificates,
        check_up,
        choose_driver,
        environment,
        first_link,
        fix,
        journal,
        language,
        link,
        notify,
        reminders,
        plugged,
        providers,
        programs,
        register_driver,
        report,
        save_report,
        start_delete,
        start_discard,
        start_enroll,
        start_export,
        start_import,
        start_renew,
        start_order_key,
        start_order_install,
        order_request,
        start_resume,
        start_revoke,
        stores,
        token_change_pin,
        token_delete,
        token_export,
        token_init,
        token_list,
        token_objects,
        token_set_pin,
        token_unblock,
        undo_fix,
        orders::acme_directories,
        orders::acme_directory,
        orders::acme_order_again,
        orders::console_orders,
        orders::follow_order,
        orders::order_account_add,
        orders::order_account_remove,
        orders::order_accounts,
        orders::order_add,
        orders::order_buy,
        orders::order_cancel,
        orders::order_certificate,
        orders::order_check,
        orders::order_fetch,
        orders::order_file,
        orders::order_letter,
        orders::order_letter_form,
        orders::order_names,
        orders::order_price,
        orders::order_products,
        orders::order_refresh,
        orders::order_reissue,
        orders::order_remove,
        orders::order_renew,
        orders::order_revoke,
        orders::order_rules,
        orders::order_settle,
        orders::order_submit,
        orders::orders,
        orders::start_acme_go_on,
        orders::start_acme_order,
        orders::start_server_export,
        orders::unwatch_order,
        orders::watch_order
    ]
}

/// Driver, token, CA and clock, before an enrolment.
#[command]
async fn environment(window: State<'_, Window>, ca: Option<String>) -> Answered<Vec<CheckLine>> {
    let app = window.app()?;
    app.check(ca.as_deref()).await.map_err(|error| app.explain(&error))
}

/// What is plugged in, as far as it is known, goes to `partial` as the drivers answer.
#[command]
async fn plugged(window: State<'_, Window>, partial: Channel<Vec<PluggedToken>>) -> Answered<Vec<PluggedToken>> {
    let app = window.app()?;
    let told = app.plugged_streaming(|known| drop(partial.send(known))).await;
    told.map_err(|error| app.explain(&error))
}

/// Windows' CSPs and KSPs; none on other systems.
#[command]
async fn providers(window: State<'_, Window>) -> Answered<Vec<KeyProvider>> {
    let app = window.app()?;
    let found = app.providers().await.map_err(|error| app.explain(&error))?;
    Ok(found.map(|(providers, _)| providers).unwrap_or_default())
}

/// The driver for a USB key from now on; `None`: the best one again.
#[command]
async fn choose_driver(window: State<'_, Window>, token: String, driver: Option<String>) -> Answered<()> {
    let app = window.app()?;
    let chosen = match driver {
        Some(driver) => app.choose_driver(&token, &driver).await,
        None => app.forget_choice(&token).await.map(drop),
    };
    chosen.map_err(|error| app.explain(&error))
}

/// Where a certificate can be put on this computer.
#[command]
async fn stores(window: State<'_, Window>) -> Answered<Vec<ComputerStore>> {
    let app = window.app()?;
    app.stores().await.map_err(|error| app.explain(&error))
}

/// Lets the browsers here use the driver of a USB key.
#[command]
async fn register_driver(window: State<'_, Window>, driver: String) -> Answered<Vec<BrowserDriver>> {
    let app = window.app()?;
    app.register_driver(&driver, None).await.map_err(|error| app.explain(&error))
}

/// What is found so far goes to `partial`.
#[command]
async fn check_up(window: State<'_, Window>, ca: Option<String>, partial: Channel<CheckUp>) -> Answered<CheckUp> {
    let app = window.app()?;
    let told = app.check_up_streaming(ca.as_deref(), |found| drop(partial.send(found))).await;
    told.map_err(|error| app.explain(&error))
}

#[command]
async fn fix(window: State<'_, Window>, id: String) -> Answered<FixDone> {
    let app = window.app()?;
    app.fix(&id).await.map_err(|error| app.explain(&error))
}

#[command]
async fn undo_fix(window: State<'_, Window>, id: String) -> Answered<FixDone> {
    let app = window.app()?;
    app.undo_fix(&id).await.map_err(|error| app.explain(&error))
}

/// The last check-up as a page.
#[command(async)]
fn report(window: State<'_, Window>, names: bool, serials: bool) -> Answered<String> {
    let app = window.app()?;
    app.report(Redaction { names, serials }).map_err(|error| app.explain(&error))
}

#[command]
async fn save_report(window: State<'_, Window>, path: PathBuf, names: bool, serials: bool) -> Answered<()> {
    let app = window.app()?;
    app.save_report(&path, Redaction { names, serials }).await.map_err(|error| app.explain(&error))
}

#[command]
async fn certificates(window: State<'_, Window>) -> Answered<CertificateList> {
    let app = window.app()?;
    app.certificates(None).await.map_err(|error| app.explain(&error))
}

#[command]
async fn certificate(window: State<'_, Window>, fingerprint: String) -> Answered<FoundCertificate> {
    let app = window.app()?;
    app.certificate(&fingerprint).await.map_err(|error| app.explain(&error))
}

/// What leads to its root.
#[command]
async fn certificate_detail(window: State<'_, Window>, certificate: String) -> Answered<CertificateDetail> {
    let app = window.app()?;
    app.certificate_detail(&certificate).await.map_err(|error| app.explain(&error))
}

/// Which programs see the certificates in a place.
#[command]
async fn programs(window: State<'_, Window>, place: String) -> Answered<Vec<ProgramSight>> {
    let app = window.app()?;
    app.programs(&place).await.map_err(|error| app.explain(&error))
}

/// Asks for passwords under `run`, like [`start_enroll`].
#[command]
async fn start_export(page: AppHandle, window: State<'_, Window>, run: u32, order: ExportOrder) -> Answered<Exported> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.export(order, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// Asks for PIN and name under `run`, like [`start_enroll`].
#[command]
async fn start_delete(page: AppHandle, window: State<'_, Window>, run: u32, certificate: String) -> Answered<Deleted> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.delete(&certificate, &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
async fn journal(window: State<'_, Window>) -> Answered<Vec<JobView>> {
    let app = window.app()?;
    app.journal().await.map_err(|error| app.explain(&error))
}

/// Ends when the job ends. Meanwhile `job-event` and `job-question` tell the page about `run`.
#[command]
async fn start_enroll(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    order: EnrollOrder,
    code: Typed,
) -> Answered<Enrolled> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, Some(code)).map_err(|error| app.explain(&error))?;
    let profile = app.ca_show(&order.ca).map_err(|error| app.explain(&error))?;
    app.enroll(order, profile, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// Ends when the job ends, like [`start_enroll`].
#[command]
async fn start_renew(page: AppHandle, window: State<'_, Window>, run: u32, order: RenewOrder) -> Answered<Enrolled> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.renew(order, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// Ends when the job ends, like [`start_enroll`]. The page has asked whether it is meant.
#[command]
async fn start_revoke(page: AppHandle, window: State<'_, Window>, run: u32, order: RevokeOrder) -> Answered<Revoked> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.revoke(order, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// A certificate and its key out of a file. Ends when the job ends, like [`start_enroll`].
#[command]
async fn start_import(page: AppHandle, window: State<'_, Window>, run: u32, order: ImportOrder) -> Answered<Imported> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.import(order, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// Makes the key of an order. Ends when its request is there, like [`start_enroll`].
#[command]
async fn start_order_key(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    order: String,
    wanted: OrderKey,
) -> Answered<OrderRequest> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.order_key(&order, wanted, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// Installs the certificate of an order, from `file` or from its source. Ends when the job ends, like [`start_enroll`].
#[command]
async fn start_order_install(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    order: String,
    file: Option<PathBuf>,
) -> Answered<Enrolled> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    let installed = async {
        let delivered = match &file {
            Some(file) => Some(app.read_file(file).await?),
            None => None,
        };
        app.order_install(&order, delivered.as_deref(), &*entry.job).await
    };
    installed.await.map_err(|error| app.explain(&error))
}

/// The request of an order's key that was made here.
#[command]
async fn order_request(window: State<'_, Window>, order: String) -> Answered<OrderRequest> {
    let app = window.app()?;
    app.order_request(&order).await.map_err(|error| app.explain(&error))
}

/// Ends when the job ends, like [`start_enroll`].
#[command]
async fn start_resume(page: AppHandle, window: State<'_, Window>, run: u32, job: String) -> Answered<Resumed> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.resume(&job, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// Ends when the job is discarded, like [`start_enroll`].
#[command]
async fn start_discard(page: AppHandle, window: State<'_, Window>, run: u32, job: String) -> Answered<Resumed> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, None).map_err(|error| app.explain(&error))?;
    app.discard(&job, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// What the CA wants in a request. The page has asked for it because the person pressed for it; `job-question` as above.
#[command]
async fn ask_template(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    ca: String,
    reference: String,
    code: Typed,
) -> Answered<Option<RequestTemplate>> {
    let app = window.app()?;
    let entry = window.running.begin(run, page, Some(code)).map_err(|error| app.explain(&error))?;
    app.request_template(&ca, reference, &*entry.job).await.map_err(|error| app.explain(&error))
}

/// What the USB keys say of themselves.
#[command]
async fn token_list(window: State<'_, Window>) -> Answered<Vec<TokenDetail>> {
    let app = window.app()?;
    app.token_list().await.map_err(|error| app.explain(&error))
}

/// Meanwhile `job-question` asks the page of `run`, as in all that follow.
#[command]
async fn token_objects(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    token: String,
    log_in: bool,
) -> Answered<TokenContent> {
    let (app, entry, place) = window.care(run, page, &token)?;
    app.token_objects(&place, log_in, &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
async fn token_export(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    token: String,
    name: String,
    path: PathBuf,
) -> Answered<ExportedCertificate> {
    let (app, entry, place) = window.care(run, page, &token)?;
    app.token_export(&place, &name, Some(&path), &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
async fn token_set_pin(page: AppHandle, window: State<'_, Window>, run: u32, token: String) -> Answered<TokenDetail> {
    let (app, entry, place) = window.care(run, page, &token)?;
    app.token_set_pin(&place, &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
async fn token_unblock(page: AppHandle, window: State<'_, Window>, run: u32, token: String) -> Answered<TokenDetail> {
    let (app, entry, place) = window.care(run, page, &token)?;
    app.token_unblock(&place, &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
async fn token_change_pin(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    token: String,
    whose: PinOwner,
) -> Answered<TokenDetail> {
    let (app, entry, place) = window.care(run, page, &token)?;
    app.token_change_pin(&place, whose, &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
async fn token_init(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    token: String,
    label: String,
) -> Answered<TokenDetail> {
    let (app, entry, place) = window.care(run, page, &token)?;
    app.token_init(&place, &label, &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
async fn token_delete(
    page: AppHandle,
    window: State<'_, Window>,
    run: u32,
    token: String,
    name: String,
    whole: bool,
) -> Answered<Removed> {
    let (app, entry, place) = window.care(run, page, &token)?;
    app.token_delete(&place, &name, whole, &*entry.job).await.map_err(|error| app.explain(&error))
}

#[command]
fn answer(window: State<'_, Window>, run: u32, id: u32, answer: Given) {
    window.running.answer(run, id, answer);
}

#[command]
fn cancel(window: State<'_, Window>, run: u32) {
    window.running.cancel(run);
}

#[command(async)]
fn ca_list(window: State<'_, Window>) -> Answered<Vec<CaProfile>> {
    let app = window.app()?;
    app.ca_list().map_err(|error| app.explain(&error))
}

#[command]
async fn ca_read(window: State<'_, Window>, location: String) -> Answered<CaProfile> {
    let app = window.app()?;
    app.ca_read(&location).await.map_err(|error| app.explain(&error))
}

#[command(async)]
fn ca_add(window: State<'_, Window>, profile: CaProfile) -> Answered<()> {
    let app = window.app()?;
    app.ca_add(&profile).map_err(|error| app.explain(&error))
}

#[command(async)]
fn ca_remove(window: State<'_, Window>, name: String) -> Answered<()> {
    let app = window.app()?;
    app.ca_remove(&name).map_err(|error| app.explain(&error))
}

/// Reads a deep link; nothing of it is trusted.
#[command]
async fn link(window: State<'_, Window>, url: String) -> Answered<LinkOffer> {
    let app = window.app()?;
    app.link(&url).await.map_err(|error| app.explain(&error))
}

/// The deep link that waits to be read, once.
#[command]
fn first_link(window: State<'_, Window>) -> Option<String> {
    window.link.lock().expect("no panic while held").take()
}

/// What ends soon.
#[command]
async fn reminders(window: State<'_, Window>) -> Answered<Vec<Reminder>> {
    let app = window.app()?;
    app.reminders(None).await.map_err(|error| app.explain(&error))
}

/// Tells it through the system, unless the person has the window in front of them, which says it itself.
#[command(async)]
fn notify(page: WebviewWindow, title: String, text: String) {
    if !page.is_focused().unwrap_or(false) {
        // A system without notifications has the window alone.
        let _ = page.notification().builder().title(title).body(text).show();
    }
}

/// Sets the language (`None`: the system's) and says which one it became.
#[command(async)]
fn language(window: State<'_, Window>, choice: Option<String>) -> Answered<&'static str> {
    let language = window.speak(choice.as_deref().map(Language::from_tag))?;
    Ok(match language {
        Language::En => "en",
        Language::ZhCn => "zh-CN",
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// A command that the build or the capabilities forget is refused to the page, and only the page learns of it.
    #[test]
    fn every_command_is_allowed() {
        let source = include_str!("commands.rs");
        let handler =
            source.split_once("generate_handler![").and_then(|(_, rest)| rest.split_once(']')).expect("a list");
        let all: BTreeSet<&str> = handler
            .0
            .split(',')
            .map(|name| name.trim().trim_start_matches("orders::"))
            .filter(|name| !name.is_empty())
            .collect();
        let build = include_str!("../build.rs").split_once("COMMANDS: &[&str] = &[").expect("a list").1;
        let known: BTreeSet<&str> = build.split_once(']').expect("an end").0.split('"').skip(1).step_by(2).collect();
        assert_eq!(known, all);
        let capabilities = include_str!("../capabilities/main.json");
        let allowed: BTreeSet<String> =
            capabilities.split('"').filter_map(|word| Some(word.strip_prefix("allow-")?.replace('-', "_"))).collect();
        assert_eq!(allowed, all.into_iter().map(str::to_owned).collect());
    }
}
