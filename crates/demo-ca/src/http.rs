//! CMP over HTTP (RFC 9811), on any path; two pages for people.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

use crate::{
    ServeFaults,
    protocol::{Ca, Handled, Reply},
    serving::now,
};

const CMP: &str = "application/pkixcmp";
/// How long a client may take to send its message.
const PATIENCE: Duration = Duration::from_secs(30);
const PAGE: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>Chopmark demo CA</title>
<h1>Chopmark demo CA</h1>
<p><strong>For trying out. Not for real use.</strong> Its certificates prove nothing to anybody, and each says so.</p>
<ul><li><a href=\"/profile\">Profile for Chopmark</a></li><li><a href=\"/root.pem\">Root certificate</a></li>
<li><a href=\"/crl\">List of revoked certificates</a></li></ul>
<p>It speaks the Certificate Management Protocol (RFC 9810) over HTTP: POST with <code>application/pkixcmp</code>.</p>
</html>
";

/// What all requests share.
pub(crate) struct Face {
    pub(crate) ca: Ca,
    pub(crate) profile: String,
    pub(crate) root: String,
    pub(crate) log: bool,
    pub(crate) faults: ServeFaults,
    pub(crate) messages: AtomicU64,
}

/// Serves until `stop`.
pub(crate) async fn serve(listener: TcpListener, face: Arc<Face>, stop: impl Future<Output = ()> + Send + 'static) {
    let router = Router::new().fallback(answer).with_state(face);
    // It ends with an error never: axum tries again when a connection cannot be taken.
    let _ = axum::serve(listener, router).with_graceful_shutdown(stop).await;
}

async fn answer(State(face): State<Arc<Face>>, request: Request) -> Response {
    match *request.method() {
        Method::GET => page(&face, request.uri().path()),
        Method::POST => message(face, request).await,
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "POST a CMP message, or GET a page"),
    }
}

/// Waits for the database only when the CRL is asked for, and never long.
fn page(face: &Face, path: &str) -> Response {
    if path == "/crl" {
        return match face.ca.current_crl(now()) {
            Ok(list) => ([(header::CONTENT_TYPE, "application/pkix-crl")], list.der).into_response(),
            Err(error) => {
                write_log(true, &format!("- - fault of the demo CA: {error}"));
                plain(StatusCode::INTERNAL_SERVER_ERROR, "the demo CA has a fault")
            }
        };
    }
    let (kind, content) = match path {
        "/" => ("text/html; charset=utf-8", PAGE),
        "/profile" => ("application/toml", face.profile.as_str()),
        "/root.pem" => ("application/x-pem-file", face.root.as_str()),
        _ => return plain(StatusCode::NOT_FOUND, "there is no such page"),
    };
    ([(header::CONTENT_TYPE, kind)], content.to_owned()).into_response()
}

async fn message(face: Arc<Face>, request: Request) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(CMP) {
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/pkixcmp");
    }
    let bytes = match tokio::time::timeout(PATIENCE, to_bytes(request.into_body(), cmp_protocol::MAX_MESSAGE)).await {
        Ok(Ok(bytes)) => bytes,
        // The only other cause is a client that went away, and it does not read this.
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "a message has at most 1 MiB"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the message did not arrive in time"),
    };
    let number = face.messages.fetch_add(1, Ordering::SeqCst) + 1;
    let (faults, log) = (face.faults, face.log);
    // Waits for the database and counts hashes: not for the threads that serve.
    let handled = tokio::task::spawn_blocking(move || face.ca.handle(&bytes, now())).await;
    let Ok(Ok(Handled { reply, log: line })) = handled else {
        let why = handled
            .map_or_else(|panic| panic.to_string(), |result| result.err().map_or_else(String::new, |e| e.to_string()));
        write_log(true, &format!("- - fault of the demo CA: {why}"));
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "the demo CA has a fault");
    };
    write_log(log, &line);
    if faults.kill_after == Some(number) {
        write_log(log, "- - ends now, as ordered");
        std::process::exit(137);
    }
    match reply {
        Reply::Message(bytes) if faults.drop_answer != Some(number) => {
            ([(header::CONTENT_TYPE, CMP), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
        }
        Reply::NotCmp(why) => plain(StatusCode::BAD_REQUEST, &format!("not a CMP message: {why}")),
        // Ends the connection's task, and so the connection, without a byte and without a panic message.
        Reply::Message(_) | Reply::Nothing => std::panic::resume_unwind(Box::new("the answer is dropped, as ordered")),
    }
}

fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn write_log(wanted: bool, line: &str) {
    if wanted {
        let time = der::DateTime::from_unix_duration(Duration::from_secs(now()))
            .map_or_else(|_| String::new(), |time| time.to_string());
        // A closed standard error is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{time} {line}");
    }
}
