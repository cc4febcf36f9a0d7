//! What the page may ask for. Each command calls one method of the app.

use chopmark_core::{
    hints::Language,
    model::{
        CaProfile, CertificateList, CheckLine, EnrollOrder, Enrolled, ErrorView, FoundCertificate, JobView, LinkOffer,
        RenewOrder, RequestTemplate, Resumed, RevokeOrder, Revoked, TokenList,
    },
};
use tauri::{AppHandle, State, command, ipc::Channel};

use crate::{
    Window,
    running::{Given, Typed},
};

type Answered<T> = Result<T, ErrorView>;

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
        certificates,
        environment,
        first_link,
        journal,
        language,
        link,
        start_discard,
        start_enroll,
        start_renew,
        start_resume,
        start_revoke,
        tokens
    ]
}

/// Driver, token, CA and clock, before an enrolment.
#[command]
async fn environment(window: State<'_, Window>, ca: Option<String>) -> Answered<Vec<CheckLine>> {
    let app = window.app()?;
    app.check(ca.as_deref()).await.map_err(|error| app.explain(&error))
}

/// The list as far as it is known goes to `partial`, as the drivers answer.
#[command]
async fn tokens(window: State<'_, Window>, partial: Channel<TokenList>) -> Answered<TokenList> {
    let app = window.app()?;
    let told = app.tokens_streaming(None, |list| drop(partial.send(list))).await;
    told.map_err(|error| app.explain(&error))
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

/// Sets the language (`None`: the system's) and says which one it became.
#[command(async)]
fn language(window: State<'_, Window>, choice: Option<String>) -> Answered<&'static str> {
    let language = window.speak(choice.as_deref().map(Language::from_tag))?;
    Ok(match language {
        Language::En => "en",
        Language::ZhCn => "zh-CN",
    })
}
