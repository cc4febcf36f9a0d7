//! How messages travel (RFC 9811): versions of HTTP, paths, proxies, client certificates, what is sent again, and when it ends.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use chopmark_core::{
    app::{App, Options},
    error::{Code, Error},
    model::*,
};
use chopmark_tests::bench::{
    ca::{Ca, Codes, Fault},
    raw_server::{RawServer, Request, cmp, post},
    script::Script,
    tls_server::{P12_PASSWORD, Pki, WebServer},
};
use cmp_protocol::message::FailInfo;
use hyper::Version;
use rustls::version::{TLS12, TLS13};

use crate::world::World;

const PROXY_PASSWORD: &str = "proxy-pass-9";

/// A profile with another address.
fn profile(world: &World, url: String, change: impl FnOnce(&mut CaProfile)) -> CaProfile {
    let mut profile = CaProfile { url, ..world.ca.core_profile() };
    change(&mut profile);
    profile
}

/// As people have it: broken connections are tried again.
fn options(world: &World) -> Options {
    Options { retries: None, ..world.options() }
}

async fn enroll(world: &World, options: Options, ca: CaProfile, codes: &Codes, ui: &Script) -> Result<Enrolled, Error> {
    App::open(options).unwrap().enroll(world.order(codes), ca, ui).await
}

/// One enrolment that goes well.
async fn enrolled(world: &World, options: Options, ca: CaProfile, ui: impl FnOnce(Script) -> Script) {
    let codes = world.ca.invite(|_| {});
    let ui = ui(world.person_with(&codes));
    let enrolled = enroll(world, options, ca, &codes, &ui).await.unwrap_or_else(|error| panic!("{error} {error:?}"));
    assert_eq!(ui.left(), 0, "{:?}", ui.questions());
    world.assert_one_certificate("transport", &codes, &enrolled.certificate.sha256);
}

// HTTP versions and paths -------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn http_2_where_the_server_offers_it() {
    let both = [&TLS13, &TLS12];
    for (alpn, version) in
        [(&["h2", "http/1.1"][..], Version::HTTP_2), (&["http/1.1"][..], Version::HTTP_11), (&[][..], Version::HTTP_11)]
    {
        let world = World::file();
        let pki = Pki::make(&world.desk);
        let server = WebServer::start(&world.ca.url, Some(pki.config(alpn, &both, false))).await;
        let ca = profile(&world, format!("https://{}/cmp", server.address()), |ca| ca.tls_roots = vec![pki.root()]);
        enrolled(&world, options(&world), ca, |ui| ui).await;
        assert_eq!(server.seen(), [(version, "/cmp".to_owned()), (version, "/cmp".to_owned())], "{alpn:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_in_the_clear_only_when_the_profile_says_so() {
    for (told, version) in [(false, Version::HTTP_11), (true, Version::HTTP_2)] {
        let world = World::file();
        let server = WebServer::start(&world.ca.url, None).await;
        let ca = profile(&world, format!("http://{}/cmp", server.address()), |ca| {
            ca.transport.http2_prior_knowledge = told;
        });
        enrolled(&world, options(&world), ca, |ui| ui).await;
        assert!(server.seen().len() == 2 && server.seen().iter().all(|(seen, _)| *seen == version), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn well_known_paths() {
    use PathStyle::{AsIs, WellKnown, WellKnownOperation};
    for (paths, label, request, path) in [
        (AsIs, None, RequestKind::Ir, "/"),
        (WellKnown, None, RequestKind::Ir, "/.well-known/cmp"),
        (WellKnown, Some("a b"), RequestKind::Ir, "/.well-known/cmp/p/a%20b"),
        (WellKnownOperation, None, RequestKind::Ir, "/.well-known/cmp/initialization"),
        (WellKnownOperation, Some("sales"), RequestKind::Cr, "/.well-known/cmp/p/sales/certification"),
        (WellKnownOperation, None, RequestKind::P10cr, "/.well-known/cmp/pkcs10"),
    ] {
        let world = World::file();
        let server = WebServer::start(&world.ca.url, None).await;
        let ca = profile(&world, format!("http://{}/", server.address()), |ca| {
            ca.transport = TransportOptions { paths, label: label.map(str::to_owned), ..Default::default() };
            ca.cmp.request = request;
        });
        // With a poll: it goes where the request went, as the confirmation does.
        let codes = world.ca.invite(|invitation| invitation.delay = 1);
        enroll(&world, options(&world), ca, &codes, &world.person_with(&codes)).await.unwrap();
        let seen: Vec<_> = server.seen().into_iter().map(|(_, path)| path).collect();
        assert!(seen.len() >= 3 && seen.iter().all(|one| one == path), "{path}: {seen:?}");
    }
}

// Client certificates -----------------------------------------------------------------------------------------------

/// What a server that lets in only its own answers to a client with this file.
async fn knock_with(client: Option<&str>, alpn: &[&str], version: &'static rustls::SupportedProtocolVersion) {
    let world = World::file();
    let pki = Pki::make(&world.desk);
    let server = WebServer::start(&world.ca.url, Some(pki.config(alpn, &[version], true))).await;
    let ca = profile(&world, format!("https://{}/cmp", server.address()), |ca| {
        ca.tls_roots = vec![pki.root()];
        ca.transport.tls_certificate = client.map(|client| pki.file(client, "p12"));
    });
    if client == Some("client") {
        // Mistyped first.
        enrolled(&world, options(&world), ca, |ui| ui.connection("wrong-password").connection(P12_PASSWORD)).await;
        world.assert_no_secret(&[P12_PASSWORD]);
        return;
    }
    let code = if client.is_none() { Code::CaWantsCertificate } else { Code::CaRefusesCertificate };
    let codes = world.ca.invite(|_| {});
    let ui = world.person_with(&codes);
    let ui = if client.is_some() { ui.connection(P12_PASSWORD) } else { ui };
    let error = enroll(&world, options(&world), ca.clone(), &codes, &ui).await.unwrap_err();
    assert_eq!(error.code, code, "{alpn:?} {version:?} {error} {:?}", error.facts);
    assert_eq!(server.seen(), [], "{alpn:?} {version:?}: nobody was let in");
    world.assert_key_waits("not let in");
    // With the right file the same job goes on.
    let right = Options { tls_certificate: Some(pki.file("client", "p12").into()), ..options(&world) };
    let ui = world.person_with(&codes).connection(P12_PASSWORD);
    let enrolled = enroll(&world, right, ca, &codes, &ui).await.unwrap();
    world.assert_one_certificate("let in", &codes, &enrolled.certificate.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate() {
    for version in [&TLS13, &TLS12] {
        for alpn in [&["h2", "http/1.1"][..], &["http/1.1"][..]] {
            for client in [None, Some("stranger"), Some("client")] {
                knock_with(client, alpn, version).await;
            }
        }
    }
}

/// Found out before a key is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_certificate_in_it() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    let no_p12 = world.desk.write("no.p12", "this is no PKCS#12 file");
    let ca = |file: &str| {
        let file = file.to_owned();
        profile(&world, "https://127.0.0.1:9/cmp".into(), |ca| ca.transport.tls_certificate = Some(file))
    };
    let missing = world.desk.text("missing.p12");
    for (file, code) in [(&no_p12, Code::BadInput), (&missing, Code::FileNotReadable)] {
        let ui = world.person_with(&codes).connection("any-password");
        let error = enroll(&world, options(&world), ca(file), &codes, &ui).await.unwrap_err();
        assert_eq!((error.code, error.facts.get("path")), (code, Some(file)), "{error}");
        world.assert_clean("no certificate");
    }
}

// Proxies -----------------------------------------------------------------------------------------------------------

/// A proxy that lets in one user: forwards plain requests, opens tunnels.
fn proxy() -> RawServer {
    let wanted = format!("Basic {}", BASE64_STANDARD.encode(format!("alice:{PROXY_PASSWORD}")));
    RawServer::start(move |request, stream| {
        let header = request.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim().to_owned())
        });
        if header.as_ref() != Some(&wanted) {
            let head = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n";
            let _ = write!(stream, "{head}Content-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }
        let mut words = request.head.split(' ');
        match (words.next(), words.next()) {
            (Some("POST"), Some(url)) => {
                let _ = stream.write_all(&cmp(&post(url, &request.body).unwrap()));
            }
            (Some("CONNECT"), Some(address)) => tunnel(address, stream),
            other => panic!("{other:?}"),
        }
    })
}

fn tunnel(address: &str, stream: &mut TcpStream) {
    let Ok(mut server) = TcpStream::connect(address) else {
        let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        return;
    };
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from_client, mut to_server) = (stream.try_clone().unwrap(), server.try_clone().unwrap());
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, stream);
    let _ = stream.shutdown(std::net::Shutdown::Both);
    up.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_with_a_password() {
    for tls in [false, true] {
        let world = World::file();
        let pki = Pki::make(&world.desk);
        let config = pki.config(&["h2"], &[&TLS13], false);
        let server = WebServer::start(&world.ca.url, tls.then_some(config)).await;
        let scheme = if tls { "https" } else { "http" };
        let ca = profile(&world, format!("{scheme}://{}/cmp", server.address()), |ca| ca.tls_roots = vec![pki.root()]);
        let proxy = proxy();
        let through =
            |user: &str| Options { proxy: Some(format!("http://{user}{}", proxy.address())), ..options(&world) };
        let codes = world.ca.invite(|_| {});
        let nobody = enroll(&world, through(""), ca.clone(), &codes, &world.person_with(&codes)).await.unwrap_err();
        assert_eq!(nobody.code, Code::ProxyWantsPassword, "tls {tls}: {nobody}");
        assert_eq!(nobody.facts["host"], "127.0.0.1");
        assert_eq!(server.seen(), [], "not let through");

        // The same window: wrong first, then asked again, then known.
        let app = App::open(through("alice@")).unwrap();
        let ui = world.person_with(&codes).connection("not-the-password");
        let wrong = app.enroll(world.order(&codes), ca.clone(), &ui).await.unwrap_err();
        assert_eq!(wrong.code, Code::ProxyWantsPassword, "tls {tls}: {wrong}");
        let ui = world.person_with(&codes).connection(PROXY_PASSWORD);
        let enrolled = app.enroll(world.order(&codes), ca.clone(), &ui).await.unwrap();
        let asked = ui.questions().into_iter().any(|question| {
            let name = format!("alice@{}", proxy.address());
            question == Question::ConnectionPassword { what: ConnectionSecret::Proxy, name, wrong_before: false }
        });
        assert!(asked, "{:?}", ui.questions());
        world.assert_one_certificate("through the proxy", &codes, &enrolled.certificate.sha256);
        world.assert_no_secret(&[PROXY_PASSWORD]);
        assert!(server.seen().len() == 2, "{:?}", server.seen());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_there() {
    for scheme in ["http", "https"] {
        let world = World::file();
        let codes = world.ca.invite(|_| {});
        let gone = RawServer::saying(Vec::new()).address();
        let options = Options { proxy: Some(format!("http://{gone}")), ..world.options() };
        let ca = profile(&world, format!("{scheme}://ca.example/cmp"), |_| {});
        let error = enroll(&world, options, ca, &codes, &world.person_with(&codes)).await.unwrap_err();
        assert_eq!((error.code, error.facts["host"].as_str()), (Code::ProxyNoConnection, "127.0.0.1"), "{error}");
    }
}

// Sent again --------------------------------------------------------------------------------------------------------

/// A way to the CA on which connections break.
struct Breaking {
    server: RawServer,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Breaking {
    /// `answer` gets the number of the request, from 1, and the request; `None` breaks the connection.
    fn start(answer: impl Fn(usize, &[u8]) -> Option<Vec<u8>> + Send + Sync + 'static) -> Breaking {
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (kept, count) = (Arc::clone(&bodies), AtomicUsize::new(0));
        let server = RawServer::start(move |request: &Request, stream| {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            kept.lock().unwrap().push(request.body.clone());
            if let Some(body) = answer(number, &request.body) {
                let _ = stream.write_all(&cmp(&body));
            }
        });
        Breaking { server, bodies }
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_go_again_when_the_connection_breaks() {
    // Before the CA had them, and after.
    for delivered in [false, true] {
        let world = World::file();
        let url = world.ca.url.clone();
        let way = Breaking::start(move |number, body| match number {
            1 | 2 if delivered => {
                post(&url, body).unwrap();
                None
            }
            1 | 2 => None,
            _ => Some(post(&url, body).unwrap()),
        });
        let codes = world.ca.invite(|_| {});
        let ca = profile(&world, way.server.url(), |_| {});
        let enrolled = enroll(&world, options(&world), ca, &codes, &world.person_with(&codes)).await.unwrap();
        world.assert_one_certificate("sent again", &codes, &enrolled.certificate.sha256);
        assert_eq!(world.ca.transactions(&codes.reference).len(), 1, "one transaction");
        let bodies = way.bodies();
        assert_eq!(bodies.len(), 4, "request three times, confirmation once");
        assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2] && bodies[2] != bodies[3], "the same bytes");
    }
}

/// No answer, and no confirmation: each comes with the next try, without anybody resuming.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_once() {
    for fault in [Fault::DropAnswer, Fault::DropConfirm] {
        for world in World::both() {
            let codes = world.ca.invite(|invitation| invitation.fault = Some(fault));
            let ca = world.ca.core_profile();
            let enrolled = enroll(&world, options(&world), ca, &codes, &world.person_with(&codes)).await.unwrap();
            assert!(enrolled.confirmed, "{fault:?}");
            world.assert_one_certificate(fault.name(), &codes, &enrolled.certificate.sha256);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_for_ever() {
    let world = World::file();
    let way = Breaking::start(|_, _| None);
    let codes = world.ca.invite(|_| {});
    let ca = profile(&world, way.server.url(), |_| {});
    let error = enroll(&world, options(&world), ca.clone(), &codes, &world.person_with(&codes)).await.unwrap_err();
    assert_eq!(error.code, Code::CaNoConnection, "{error}");
    assert_eq!(way.bodies().len(), 4);
    world.assert_job("not for ever", JobState::Interrupted, Some(Code::CaNoConnection)).await;
    world.assert_key_waits("not for ever");
    // And not longer than the total time.
    let options = Options { timeout: Some(Duration::from_secs(1)), ..options(&world) };
    let began = Instant::now();
    let error = enroll(&world, options, ca, &codes, &world.person_with(&codes)).await.unwrap_err();
    assert_eq!(error.code, Code::CaTimeout, "{error}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// A CA that answers the second copy with "in use" has had the first: it is polled, and the key stays.
#[tokio::test(flavor = "multi_thread")]
async fn in_use_after_a_repetition_means_that_the_ca_knows_it() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    // Stands for the same CA: it has the same codes.
    let other = Ca::start();
    other.invite(|invitation| {
        invitation.codes = Some((codes.reference.clone(), codes.authorization_code.as_str().to_owned().into()));
        invitation.refuse = Some(FailInfo::TransactionIdInUse);
    });
    let (url, refusing) = (world.ca.url.clone(), other.url.clone());
    let way = Breaking::start(move |number, body| match number {
        1 => {
            post(&url, body).unwrap();
            None
        }
        2 => Some(post(&refusing, body).unwrap()),
        _ => Some(post(&url, body).unwrap()),
    });
    let ca = profile(&world, way.server.url(), |_| {});
    let error = enroll(&world, options(&world), ca, &codes, &world.person_with(&codes)).await.unwrap_err();
    // The poll comes to the CA with the other one's nonce, and is refused for that alone.
    assert_eq!(error.facts["failInfo"], "badRecipientNonce", "{error}");
    let bodies = way.bodies();
    assert!(bodies.len() == 3 && bodies[0] == bodies[1] && bodies[1] != bodies[2], "it polled after the refusal");
    world.assert_job("in use", JobState::Interrupted, Some(Code::CaRefused)).await;
    world.assert_key_waits("in use");
}

// The end of patience -----------------------------------------------------------------------------------------------

/// Reads requests and never answers; tells when the client has hung up.
fn silent(hung_up: std::sync::mpsc::Sender<()>) -> RawServer {
    let hung_up = Mutex::new(hung_up);
    RawServer::start(move |_, stream| {
        let _ = stream.read(&mut [0]);
        let _ = hung_up.lock().unwrap().send(());
    })
}

async fn until(mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_while_the_ca_is_silent() {
    for world in World::both() {
        let (sender, hung_up) = std::sync::mpsc::channel();
        let server = silent(sender);
        let codes = world.ca.invite(|_| {});
        let ca = profile(&world, server.url(), |_| {});
        let ui = world.person_with(&codes);
        let mut cancelled = Instant::now();
        let (ended, ()) = tokio::join!(enroll(&world, options(&world), ca, &codes, &ui), async {
            until(|| server.requests() == 1).await;
            cancelled = Instant::now();
            ui.cancel();
        });
        assert!(cancelled.elapsed() < Duration::from_millis(500), "{:?}", cancelled.elapsed());
        let error = ended.unwrap_err();
        assert_eq!(error.code, Code::Cancelled, "{error}");
        hung_up.recv_timeout(Duration::from_secs(5)).expect("the connection is closed");
        // It may have arrived: the key stays, and the job goes on at the real address.
        world.assert_job("cancelled", JobState::Interrupted, Some(Code::Cancelled)).await;
        world.assert_key_waits("cancelled");
        let ui = world.person_with(&codes);
        let enrolled = world.enroll(&codes, &ui).await.unwrap();
        world.assert_one_certificate("gone on", &codes, &enrolled.certificate.sha256);
    }
}

/// Between "issued" and "confirmed" nothing is cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn not_cancelled_while_confirming() {
    let world = World::file();
    let url = world.ca.url.clone();
    let (go_on, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let way = Breaking::start(move |number, body| {
        if number == 2 {
            held.lock().unwrap().recv_timeout(Duration::from_secs(20)).expect("the test goes on");
        }
        Some(post(&url, body).unwrap())
    });
    let codes = world.ca.invite(|_| {});
    let ca = profile(&world, way.server.url(), |_| {});
    let ui = world.person_with(&codes);
    let (ended, ()) = tokio::join!(enroll(&world, options(&world), ca, &codes, &ui), async {
        until(|| way.bodies().len() == 2).await;
        ui.cancel();
        // Time enough to be stopped by it.
        tokio::time::sleep(Duration::from_millis(100)).await;
        go_on.send(()).unwrap();
    });
    let enrolled = ended.unwrap();
    assert!(enrolled.confirmed);
    world.assert_one_certificate("confirmed", &codes, &enrolled.certificate.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_total_time_bounds_every_wait() {
    // Silent from the first request on; or when polled, ten seconds after an answer that does not say when to.
    for (silent_from, seconds) in [(1, 3), (2, 12)] {
        let world = World::file();
        let url = world.ca.url.clone();
        let server = RawServer::start({
            let count = AtomicUsize::new(0);
            move |request, stream| {
                if count.fetch_add(1, Ordering::SeqCst) + 1 < silent_from {
                    let _ = stream.write_all(&cmp(&post(&url, &request.body).unwrap()));
                } else {
                    let _ = stream.read(&mut [0]);
                }
            }
        });
        let codes = world.ca.invite(|invitation| invitation.delay = 1);
        let ca = profile(&world, server.url(), |_| {});
        let limit = Duration::from_secs(seconds);
        let options = Options { timeout: Some(limit), ..options(&world) };
        let began = Instant::now();
        let error = enroll(&world, options, ca, &codes, &world.person_with(&codes)).await.unwrap_err();
        assert_eq!(error.code, Code::CaTimeout, "{error}");
        // The limit counts from the request on; making the key before it takes its time.
        let took = began.elapsed();
        assert!(took >= limit && took < limit + Duration::from_millis(900), "silent from {silent_from}: {took:?}");
        world.assert_key_waits("timed out");
    }
}
