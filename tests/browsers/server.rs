//! A web server that lets in only who shows a certificate of the demo CA. Its page says whose it was.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use chopmark_tests::bench::{ca::Ca, command::Desk, tls_server::Pki};
use der::Decode;
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, Stream,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use x509_cert::Certificate;

/// It ends with the test program.
pub(crate) struct Server {
    address: SocketAddr,
    /// The CA of its own certificate, PEM.
    pub(crate) root: String,
    /// Subjects that came, oldest first.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(ca: &Ca) -> Server {
        let desk = Desk::new();
        let pki = Pki::make(&desk);
        let read = |file: &Path| CertificateDer::from_pem_file(file).expect("a certificate");
        let mut roots = RootCertStore::empty();
        // The root alone: who shows a certificate sends the intermediate along.
        roots.add(read(&ca.root)).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let key = PrivateKeyDer::from_pem_file(pki.file("server", "key")).expect("a key");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier.expect("a verifier"))
            .with_single_cert(vec![read(Path::new(&pki.file("server", "pem")))], key)
            .expect("certificate and key");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server =
            Server { address: listener.local_addr().expect("its address"), root: pki.root(), seen: Arc::default() };
        let (config, seen) = (Arc::new(config), Arc::clone(&server.seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, seen) = (Arc::clone(&config), Arc::clone(&seen));
                // Browsers open connections that they never use.
                thread::spawn(move || serve(stream, config, &seen));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/", self.address)
    }

    /// Waits until somebody with this subject has come.
    pub(crate) fn wait_for(&self, subject: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while !self.seen().iter().any(|seen| seen == subject) {
            assert!(Instant::now() < until, "{subject} did not come, but {:?}", self.seen());
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic in between").clone()
    }
}

fn serve(mut stream: TcpStream, config: Arc<ServerConfig>, seen: &Mutex<Vec<String>>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut connection = ServerConnection::new(config).ok()?;
    let mut stream = Stream::new(&mut connection, &mut stream);
    let mut request = [0; 4096];
    // A handshake that fails is what some tests are about.
    if stream.read(&mut request).ok()? == 0 {
        return None;
    }
    let certificate = stream.conn.peer_certificates()?.first()?.to_vec();
    let subject = Certificate::from_der(&certificate).ok()?.tbs_certificate().subject().to_string();
    seen.lock().expect("no panic in between").push(subject.clone());
    let page = format!("<html><head><title>{subject}</title></head><body>{subject}</body></html>");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: ";
    stream.write_all(format!("{head}{}\r\n\r\n{page}", page.len()).as_bytes()).ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}
