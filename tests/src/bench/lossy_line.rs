//! A line to a CA that speaks ACME, on which requests and answers are lost. It fakes the network and nothing else: whatever comes
//! through is the CA's own, unchanged, and what it does is told by what the CA answered.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_rustls::TlsAcceptor;

use super::pebble::Pebble;

/// Longest wait for the CA.
const PATIENCE: Duration = Duration::from_secs(20);

/// What gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The request: the CA never sees it.
    Request,
    /// The answer: the CA has done it.
    Answer,
}

#[derive(Default)]
struct State {
    /// The next request of this kind is lost so.
    next: Option<(String, Loss)>,
    /// How much was lost.
    lost: usize,
    /// What came to the CA and has an effect: path, HTTP status of the answer.
    effects: Vec<(String, u16)>,
}

/// The line. Hung up when dropped.
pub struct LossyLine {
    state: Arc<Mutex<State>>,
    port: u16,
    _runtime: Runtime,
}

struct Far {
    port: u16,
    tls: Arc<ClientConfig>,
}

impl LossyLine {
    /// A line to this CA. It shows the CA's own certificate.
    pub fn to(pebble: &Pebble) -> LossyLine {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(Mutex::new(State::default()));
        let far = Arc::new(Far { port: pebble.port(), tls: Arc::new(client(&pebble.tls_roots())) });
        let acceptor = TlsAcceptor::from(Arc::new(server(pebble)));
        let noting = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state, far) = (acceptor.clone(), Arc::clone(&noting), Arc::clone(&far));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let answer = service_fn(move |request| hand_on(request, Arc::clone(&state), Arc::clone(&far)));
                    // What is lost ends the connection.
                    let _ =
                        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        LossyLine { state, port, _runtime: runtime }
    }

    /// The CA's directory, by this line; the CA names its other addresses by it, too.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// Loses the next request on an address of the CA that begins so and has an effect; of certificates the next question.
    pub fn lose(&self, path: &str, loss: Loss) {
        self.state.lock().expect("no panic in between").next = Some((path.to_owned(), loss));
    }

    /// Loses nothing any more. Was there something left to be lost?
    pub fn lose_nothing(&self) -> bool {
        self.state.lock().expect("no panic in between").next.take().is_some()
    }

    /// How much was lost so far.
    pub fn lost(&self) -> usize {
        self.state.lock().expect("no panic in between").lost
    }

    /// How often the CA has done what is asked for on addresses that begin so.
    pub fn done(&self, path: &str) -> usize {
        let effects = &self.state.lock().expect("no panic in between").effects;
        effects.iter().filter(|(seen, status)| seen.starts_with(path) && (200..300).contains(status)).count()
    }
}

async fn hand_on(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
    far: Arc<Far>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let lost = || Err(std::io::Error::other("lost on the line"));
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return lost() };
    let body = body.to_bytes();
    let has_effect = has_effect(&body);
    let loss = {
        let mut state = state.lock().expect("no panic in between");
        let fits = |(wanted, _): &(String, Loss)| {
            path.starts_with(wanted.as_str()) && (has_effect || wanted.starts_with("/certZ"))
        };
        let loss = if state.next.as_ref().is_some_and(fits) { state.next.take() } else { None };
        state.lost += usize::from(loss.is_some());
        loss.map(|(_, loss)| loss)
    };
    if loss == Some(Loss::Request) {
        return lost();
    }
    let mut raw = format!("{} {} HTTP/1.0\r\n", parts.method, parts.uri.path());
    for (name, value) in &parts.headers {
        raw += &format!("{name}: {}\r\n", value.to_str().expect("text"));
    }
    if !parts.headers.contains_key("host") {
        let authority = parts.uri.authority().expect("HTTP/2 names it");
        raw += &format!("host: {authority}\r\n");
    }
    let sent = [raw.as_bytes(), b"\r\n", &body].concat();
    let answered = tokio::task::spawn_blocking(move || exchange(&far, &sent)).await.expect("no panic");
    let (status, headers, content) = answered.expect("the CA answers");
    if has_effect {
        state.lock().expect("no panic in between").effects.push((path, status));
    }
    if loss == Some(Loss::Answer) {
        return lost();
    }
    let mut answer = Response::builder().status(status);
    for (name, value) in headers.iter().filter(|(name, _)| !is_about_the_line(name)) {
        answer = answer.header(name, value);
    }
    Ok(answer.body(Full::from(content)).expect("an answer"))
}

/// A JWS with a payload. Without one it only asks (RFC 8555 §6.3); nor does it who looks whether an account is there.
fn has_effect(body: &[u8]) -> bool {
    let Ok(jws) = serde_json::from_slice::<serde_json::Value>(body) else { return false };
    let payload = jws["payload"].as_str().unwrap_or_default();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    !payload.is_empty() && !String::from_utf8_lossy(&payload).contains("onlyReturnExisting")
}

fn is_about_the_line(name: &str) -> bool {
    ["connection", "content-length", "transfer-encoding", "date"].iter().any(|one| name.eq_ignore_ascii_case(one))
}

type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// One request and its answer, as they are. HTTP/1.0: the answer ends with the connection.
fn exchange(far: &Far, sent: &[u8]) -> std::io::Result<Answer> {
    let stream = TcpStream::connect(("127.0.0.1", far.port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let name = std::net::IpAddr::from([127, 0, 0, 1]).into();
    let connection = ClientConnection::new(Arc::clone(&far.tls), name).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(sent)?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| std::io::Error::other("no head"))?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok((status.ok_or_else(|| std::io::Error::other("no status"))?, headers.collect(), all[end + 4..].to_vec()))
}

fn client(roots: &Path) -> ClientConfig {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_file(roots).expect("a certificate")).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder.expect("its versions").with_root_certificates(store).with_no_client_auth()
}

fn server(pebble: &Pebble) -> ServerConfig {
    let (certificate, key) = pebble.tls_identity();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("its versions").with_no_client_auth();
    let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
    builder
        .with_single_cert(vec![certificate], PrivateKeyDer::from_pem_file(key).expect("a key"))
        .expect("certificate and key")
}
