//! A web server before a CA: HTTP/2 and HTTP/1.1, with TLS and client certificates as a test wants them.

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, Version, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::bench::{command::Desk, programs::run, raw_server::post};

/// Password of the PKCS#12 files.
pub const P12_PASSWORD: &str = "battery-staple-3";

/// Certificates made by `openssl` in a folder of the test.
pub struct Pki {
    folder: std::path::PathBuf,
}

impl Pki {
    /// A CA, a server on loopback, a client, and a client of another CA.
    pub fn make(desk: &Desk) -> Pki {
        let pki = Pki { folder: desk.folder().to_owned() };
        // Of its own, so that the machine's configuration adds nothing.
        desk.write("openssl.cnf", "[req]\ndistinguished_name = dn\n[dn]\n");
        desk.write("p12-password", P12_PASSWORD);
        for ca in ["tls-ca", "other-ca"] {
            pki.certificate(ca, None, &["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"]);
        }
        let server = ["subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth"];
        pki.certificate("server", Some("tls-ca"), &server);
        for (client, ca) in [("client", "tls-ca"), ("stranger", "other-ca")] {
            pki.certificate(client, Some(ca), &["extendedKeyUsage=clientAuth"]);
            let (key, certificate) = (pki.file(client, "key"), pki.file(client, "pem"));
            let (p12, password) = (pki.file(client, "p12"), format!("file:{}", pki.file("p12-password", "")));
            let export =
                ["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-out", &p12, "-passout", &password];
            run(Command::new("openssl").args(export));
        }
        pki
    }

    fn certificate(&self, name: &str, issuer: Option<&str>, extensions: &[&str]) {
        let (key, out, subject) = (self.file(name, "key"), self.file(name, "pem"), format!("/CN={name}"));
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]);
        command.args(["-config", &self.file("openssl", "cnf"), "-subj", &subject, "-keyout", &key, "-out", &out]);
        if let Some(issuer) = issuer {
            command.args(["-CA", &self.file(issuer, "pem"), "-CAkey", &self.file(issuer, "key")]);
        }
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        run(&mut command);
    }

    /// Path of one of its files.
    pub fn file(&self, name: &str, extension: &str) -> String {
        let path = self.folder.join(name);
        let path = if extension.is_empty() { path } else { path.with_extension(extension) };
        path.display().to_string()
    }

    /// The CA's certificate, PEM.
    pub fn root(&self) -> String {
        std::fs::read_to_string(self.file("tls-ca", "pem")).expect("the CA's certificate")
    }

    /// What a server with the server's certificate speaks. `clients`: only those with a certificate of the CA are let in.
    pub fn config(&self, alpn: &[&str], versions: &[&'static SupportedProtocolVersion], clients: bool) -> ServerConfig {
        let read = |name: &str| CertificateDer::from_pem_file(self.file(name, "pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(Path::new(&self.file("server", "key"))).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("these versions");
        let builder = if clients {
            let mut roots = RootCertStore::empty();
            roots.add(read("tls-ca")).expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(vec![read("server")], key).expect("certificate and key");
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// A request that came: protocol version and path.
pub type Seen = (Version, String);

/// Hands every message on to the CA. Stops when dropped; lives in the test's runtime.
pub struct WebServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: JoinHandle<()>,
}

impl WebServer {
    /// Serves on loopback, before the CA at `ca`; without `tls` in the clear.
    pub async fn start(ca: &str, tls: Option<ServerConfig>) -> WebServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let (seen, ca) = (Arc::new(Mutex::new(Vec::new())), Arc::<str>::from(ca));
        let noting = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&noting), Arc::clone(&ca)));
            }
        });
        WebServer { address, seen, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that came, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic in between").clone()
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, seen: Arc<Mutex<Vec<Seen>>>, ca: Arc<str>) {
    match tls {
        None => serve(stream, seen, ca).await,
        // A handshake that fails is what some tests are about.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, seen, ca).await;
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, seen: Arc<Mutex<Vec<Seen>>>, ca: Arc<str>) {
    let answer = service_fn(move |request| answer(request, Arc::clone(&seen), Arc::clone(&ca)));
    // Clients hang up as they like.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Seen>>>,
    ca: Arc<str>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let line = (request.version(), request.uri().path().to_owned());
    seen.lock().expect("no panic in between").push(line);
    let body = request.into_body().collect().await.expect("the whole message").to_bytes();
    let answer =
        tokio::task::spawn_blocking(move || post(&ca, &body)).await.expect("no panic").expect("the CA answers");
    let response = Response::builder().header("content-type", "application/pkixcmp").body(Full::from(answer));
    Ok(response.expect("a response"))
}
