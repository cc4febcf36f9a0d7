//! The check-up of a CA in the situations themselves: servers that are not there, not trusted, not CMP, not on time.

use std::{io::Write, time::Duration};

use chopmark_core::{
    app::{App, Options},
    model::*,
};
use chopmark_tests::bench::{
    raw_server::{RawServer, http},
    tls_server::{Pki, WebServer},
};
use rustls::version::TLS13;

use crate::world::World;

/// Number and severity of what is found about the CA and the clock, and what the short check says of both.
async fn check(about: &str, options: Options, profile: CaProfile, expected: &str) {
    let app = App::open(options).unwrap();
    app.ca_add(&profile).unwrap();
    let name = profile.name.clone();
    let view = app.check_up(Some(&name)).await.unwrap();
    let ours = |code: &str| code.starts_with("CM-3");
    let found: Vec<String> = view
        .findings
        .iter()
        .filter(|one| ours(&one.code))
        .map(|one| format!("{} {}", one.code, word(&one.severity)))
        .collect();
    assert_eq!(found.join(", "), expected, "{about}: {:#?}", view.findings);
    // The short form never contradicts: what it says is among what the long one found.
    for line in
        app.check(Some(&name)).await.unwrap().iter().filter(|line| ["ca", "clock"].contains(&line.check.as_str()))
    {
        if let Some(problem) = &line.problem {
            assert!(expected.contains(&problem.code), "{about}: {line:?}");
        }
    }
}

fn at(world: &World, url: String) -> CaProfile {
    CaProfile { url, ..world.ca.core_profile() }
}

fn dated(seconds: i64) -> Vec<u8> {
    let now = std::time::SystemTime::now();
    let off = Duration::from_secs(seconds.unsigned_abs());
    let date = httpdate::fmt_http_date(if seconds < 0 { now - off } else { now + off });
    format!("HTTP/1.1 400 Bad Request\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_that_is_well() {
    let world = World::file();
    check("the demo CA", world.options(), world.ca.core_profile(), "").await;
    let asked = world.ca.core_profile();
    assert!(asked.url.starts_with("http://127.0.0.1"), "{}", asked.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_connections_and_servers() {
    let world = World::file();
    let options = || Options { timeout: Some(Duration::from_secs(2)), ..world.options() };
    let gone = RawServer::saying(Vec::new()).url();
    let page = RawServer::saying(http("200 OK", "text/html", b"<p>hello"));
    let out_of_order = RawServer::saying(http("503 Service Unavailable", "text/html", b"<p>later"));
    let elsewhere = RawServer::saying(
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    );
    let garbled = RawServer::saying(http("200 OK", "application/pkixcmp", b"no CMP"));
    let silent = RawServer::start(|_, _| std::thread::sleep(Duration::from_secs(4)));
    for (about, url, expected) in [
        ("a name that is none", "http://ca.invalid/cmp".to_owned(), "CM-3201 error"),
        ("nobody there", gone, "CM-3202 error"),
        ("a web page", page.url(), "CM-3205 error"),
        ("out of order", out_of_order.url(), "CM-3204 error"),
        ("moved", elsewhere.url(), "CM-3209 error"),
        ("garbled", garbled.url(), "CM-3208 error"),
        ("silent", silent.url(), "CM-3210 error"),
    ] {
        check(about, options(), at(&world, url), expected).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_proxies() {
    let world = World::file();
    let pki = Pki::make(&world.desk);
    let server = WebServer::start(&world.ca.url, Some(pki.config(&["http/1.1"], &[&TLS13], false))).await;
    let secure =
        |roots: Vec<String>| CaProfile { tls_roots: roots, ..at(&world, format!("https://{}/cmp", server.address())) };
    check("trusted", world.options(), secure(vec![pki.root()]), "").await;
    check("not trusted", world.options(), secure(vec![]), "CM-3203 error").await;
    let closed = WebServer::start(&world.ca.url, Some(pki.config(&["http/1.1"], &[&TLS13], true))).await;
    let profile = CaProfile { tls_roots: vec![pki.root()], ..at(&world, format!("https://{}/cmp", closed.address())) };
    check("wants a certificate", world.options(), profile, "CM-3213 error").await;

    let proxy = RawServer::start(|_, stream| {
        let _ = stream.write_all(&http("407 Proxy Authentication Required", "text/plain", b""));
    });
    let through = |address: String| Options { proxy: Some(format!("http://{address}")), ..world.options() };
    let gone = RawServer::saying(Vec::new()).address().to_string();
    check("a proxy with a password", through(proxy.address().to_string()), world.ca.core_profile(), "CM-3211 error")
        .await;
    check("a proxy that is gone", through(gone), world.ca.core_profile(), "CM-3212 error").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_and_roots() {
    let world = World::file();
    for (about, seconds, expected) in [
        ("their clock is an hour ahead", 3_600, "CM-3304 error"),
        ("their clock is an hour behind", -3_600, "CM-3304 error"),
        ("three minutes", 180, "CM-3304 warning"),
        ("a few seconds", 5, ""),
    ] {
        let server = RawServer::saying(dated(seconds));
        check(about, world.options(), at(&world, server.url()), expected).await;
    }
    let without = CaProfile { roots: vec![], ..world.ca.core_profile() };
    check("no roots", world.options(), without, "CM-3305 error").await;
    // A root with ten days left, made by somebody else.
    let (key, pem) = (world.desk.text("root.key"), world.desk.text("root.pem"));
    let arguments = ["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=Root", "-days", "10"];
    let made =
        std::process::Command::new("openssl").args(arguments).args(["-keyout", &key, "-out", &pem]).output().unwrap();
    assert!(made.status.success());
    let old = CaProfile { roots: vec![std::fs::read_to_string(&pem).unwrap()], ..world.ca.core_profile() };
    check("a root that ends soon", world.options(), old, "CM-3316 warning").await;
}

/// What becomes known is told of before all is, and nothing is told that is not so in the end.
#[tokio::test(flavor = "multi_thread")]
async fn the_check_up_streams() {
    let world = World::token();
    let app = world.app();
    app.ca_add(&world.ca.core_profile()).unwrap();
    let mut seen: Vec<CheckUp> = Vec::new();
    let whole = app.check_up_streaming(Some("demo"), |partial| seen.push(partial)).await.unwrap();
    assert!(seen.len() >= 5, "{} steps", seen.len());
    let lines = |view: &CheckUp| view.lines.iter().map(|line| line.check.clone()).collect::<Vec<_>>();
    for pair in seen.windows(2) {
        assert!(lines(&pair[0]).iter().all(|line| lines(&pair[1]).contains(line)), "a line went away");
    }
    let codes =
        |view: &CheckUp| view.findings.iter().map(|one| (one.code.clone(), one.about.clone())).collect::<Vec<_>>();
    for (code, about) in seen.iter().flat_map(codes) {
        assert!(
            codes(&whole).contains(&(code.clone(), about.clone())),
            "{code} about {about:?} was said and taken back"
        );
    }
    assert_eq!(lines(seen.last().unwrap()), lines(&whole));
}
