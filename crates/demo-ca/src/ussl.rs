//! A certificate console for trying out: UCloud's USSL as its public documents describe it, issuing by the demo CA's key.
//!
//! Nothing here is taken from the client. What the documents do not publish is the simulator's own and says so (`SIM_…`), so that
//! nobody comes to rely on it. Every order is in one file, written before anything is answered.

mod actions;
mod books;
mod letters;
mod orders;
mod proof;
mod signing;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use self::books::Books;
use crate::{
    authority::{Authority, write},
    error::{Error, Result},
    serving::{make_folder, now},
};

/// Largest question, bytes: a letter in base64 fits.
const LARGEST: usize = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// How the console works.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Where to listen; loopback only.
    pub listen: SocketAddr,
    /// The name server that is asked for records.
    pub dns: SocketAddr,
    /// Port of web servers.
    pub http_port: u16,
    /// How long a letter is looked at, seconds.
    pub review: u64,
    /// Validity of certificates, days; `None`: as many years as were bought, 397 days at most.
    pub days: Option<u32>,
    /// Calls whose answers are lost after what they ask was done, counted from 1.
    pub lose_answers: Vec<u64>,
    /// A line per call to standard error.
    pub log: bool,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        ConsoleOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            dns: SocketAddr::from(([127, 0, 0, 1], 53)),
            http_port: 80,
            review: 3,
            days: None,
            lose_answers: Vec::new(),
            log: false,
        }
    }
}

/// A running console. Dropped, it stops.
#[derive(Debug)]
pub struct DemoConsole {
    url: String,
    public_key: String,
    key_file: PathBuf,
    root: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// What all calls share.
pub(crate) struct Shop {
    pub(crate) authority: Authority,
    pub(crate) books: Mutex<Books>,
    pub(crate) options: ConsoleOptions,
    pub(crate) base: String,
    dir: PathBuf,
    public_key: String,
    private_key: zeroize::Zeroizing<String>,
    calls: AtomicU64,
}

impl DemoConsole {
    /// Starts the console of `dir`; makes its account and its CA on the first start.
    ///
    /// # Errors
    /// [`Error::Usage`] for an address that is not loopback; folder or port cannot be used.
    pub async fn start(dir: &Path, options: ConsoleOptions) -> Result<DemoConsole> {
        if !options.listen.ip().is_loopback() {
            let listen = options.listen.ip();
            return Err(Error::Usage(format!("{listen} is not a loopback address: the console is for trying out")));
        }
        let dir = make_folder(dir)?;
        let authority = Authority::open(&dir, None, now())?;
        let key_file = dir.join("console.key");
        if !key_file.exists() {
            write(&key_file, books::random_hex(20).as_bytes(), 0o600)?;
        }
        let private_key = zeroize::Zeroizing::new(fs::read_to_string(&key_file).map_err(Error::file(&key_file))?);
        let books = Books::open(&dir)?;
        let failed = |source| Error::Listen { address: options.listen, source };
        // The last port again, where any will do: accounts then still find us.
        let last = books.port.map(|port| SocketAddr::new(options.listen.ip(), port));
        let listener = match last.filter(|_| options.listen.port() == 0) {
            Some(last) => match TcpListener::bind(last).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind(options.listen).await.map_err(failed)?,
            },
            None => TcpListener::bind(options.listen).await.map_err(failed)?,
        };
        let address = listener.local_addr().map_err(failed)?;
        let base = format!("http://{address}");
        let shop = Shop {
            authority,
            books: Mutex::new(books),
            base: base.clone(),
            dir: dir.clone(),
            public_key: "demo@example.test".to_owned(),
            private_key,
            calls: AtomicU64::new(0),
            options,
        };
        shop.change(|books| {
            books.port = Some(address.port());
            Ok(())
        })
        .map_err(|no| Error::Usage(no.message))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().fallback(answer).with_state(Arc::new(shop));
        let serving = tokio::spawn(async move {
            let ended = async {
                let _ = stopped.await; // Also when the handle is dropped.
            };
            let _ = axum::serve(listener, router).with_graceful_shutdown(ended).await;
        });
        let public_key = "demo@example.test".to_owned();
        Ok(DemoConsole {
            url: format!("{base}/"),
            public_key,
            key_file,
            root: dir.join("root.pem"),
            stop: Some(stop),
            serving,
        })
    }

    /// Address of the interface.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The account's public key.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// File with the account's private key.
    pub fn key_file(&self) -> &Path {
        &self.key_file
    }

    /// File with the root's certificate, PEM.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Ends.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(Duration::from_secs(3), &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

/// Why something is not done, as the console says it.
#[derive(Debug)]
pub(crate) struct No {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl No {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> No {
        No { code, message: message.into() }
    }
}

/// What is answered to a call.
pub(crate) type Said = std::result::Result<Map<String, Value>, No>;

impl Shop {
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Books) -> T) -> T {
        look(&self.books.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the books and writes them. What fails changes nothing.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Books) -> std::result::Result<T, No>,
    ) -> std::result::Result<T, No> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = books.clone();
        let changed = change(&mut next)?;
        next.keep(&self.dir).map_err(|error| No::new(1, format!("the books cannot be written: {error}")))?;
        *books = next;
        Ok(changed)
    }

    /// Somebody has ordered that the next call with an effect is lost: `answer` after it was done, `question` before.
    fn lost_by_order(&self, action: &str) -> Option<String> {
        if ["Get", "List", "Download"].iter().any(|harmless| action.starts_with(harmless)) {
            return None;
        }
        let file = self.dir.join("lose-next");
        let which = fs::read_to_string(&file).ok()?;
        let _ = fs::remove_file(file);
        Some(which.trim().to_owned())
    }

    async fn call(&self, question: &Map<String, Value>) -> (String, Said) {
        let action = question.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
        let said = match signing::check(question, &self.public_key, &self.private_key) {
            Ok(()) => self.act(&action, question).await,
            Err(no) => Err(no),
        };
        (action, said)
    }
}

async fn answer(State(shop): State<Arc<Shop>>, request: Request) -> Response {
    if request.method() == Method::GET {
        return file(&shop, request.uri().path());
    }
    let Ok(Ok(body)) = tokio::time::timeout(PATIENCE, to_bytes(request.into_body(), LARGEST)).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "too long").into_response();
    };
    let Ok(Value::Object(question)) = serde_json::from_slice(&body) else {
        return (StatusCode::BAD_REQUEST, "a call is a JSON object").into_response();
    };
    let number = shop.calls.fetch_add(1, Ordering::SeqCst) + 1;
    let action = question.get("Action").and_then(Value::as_str).unwrap_or_default();
    let lost = shop.lost_by_order(action);
    if lost.as_deref() == Some("question") {
        hang_up();
    }
    let (action, said) = shop.call(&question).await;
    if shop.options.log {
        let end = said.as_ref().map_or_else(|no| format!("{}: {}", no.code, no.message), |_| "done".to_owned());
        // A closed standard error is no reason to stop.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{number} {action} {end}\n").as_bytes());
    }
    if lost.as_deref() == Some("answer") || shop.options.lose_answers.contains(&number) {
        hang_up();
    }
    let mut answer = match said {
        Ok(fields) => fields,
        Err(no) => {
            [("Message".to_owned(), json!(no.message)), ("RetCode".to_owned(), json!(no.code))].into_iter().collect()
        }
    };
    answer.entry("RetCode").or_insert(json!(0));
    answer.insert("Action".to_owned(), json!(format!("{action}Response")));
    ([(header::CONTENT_TYPE, "application/json")], Value::Object(answer).to_string()).into_response()
}

/// Ends the connection's task, and so the connection, without a byte and without a panic message.
fn hang_up() -> ! {
    std::panic::resume_unwind(Box::new("lost, as ordered"))
}

/// The files that answers point to; their names cannot be guessed.
fn file(shop: &Shop, path: &str) -> Response {
    let found = path.strip_prefix("/files/").and_then(|name| shop.read(|books| books.files.get(name).cloned()));
    let (kind, bytes) = match found {
        Some(books::File::ConfirmLetter(id)) => ("application/pdf", Ok(letters::form(id))),
        Some(books::File::RevokeLetter(id)) => (letters::DOCUMENT, letters::document(id)),
        Some(books::File::Certificate(id)) => ("application/zip", shop.archive(id)),
        None => return (StatusCode::NOT_FOUND, "there is no such file").into_response(),
    };
    match bytes {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(no) => (StatusCode::INTERNAL_SERVER_ERROR, no.message).into_response(),
    }
}
