//! Whatever answers instead of a CA: a clear error each, no panic, bounded memory and time.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chopmark_core::{error::Code, model::JobState};
use chopmark_tests::bench::{
    ca::Ca,
    command::{Desk, Ran, finish},
    programs::run,
    raw_server::{RawServer, Request, cmp, http, post},
};
use cmp_protocol::{
    exchange::{Allowances, Exchange, Identity, Judge, Settings},
    protection::{Hash, MacProtection, MacScheme, SharedSecret},
    request::{CertificateRequest, Kind},
};
use rand_core::Rng;
use zeroize::Zeroizing;

use crate::world::{PASSWORD, World};

/// `chopmark enroll` against an address, ready to be started.
fn command(desk: &Desk, ca: &Ca, url: &str, more: &[&str]) -> Command {
    let (code, password) = (desk.write("code", "ABCD-EFGH-JKMN-PQRS"), desk.write("password", PASSWORD));
    let (place, root) = (format!("file:{}", desk.text("me.p12")), ca.root.display().to_string());
    let arguments = ["enroll", "--json", "--batch", "--ca", url, "--trust", &root, "--reference", "4711"];
    let rest = ["--key", "ec:p256", "--place", &place, "--code-file", &code, "--password-file", &password];
    desk.command(&[&arguments[..], &rest, more].concat())
}

fn enroll(ca: &Ca, url: &str, more: &[&str]) -> (Desk, Ran) {
    let desk = Desk::new();
    let ran = finish(command(&desk, ca, url, more).spawn().unwrap());
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    (desk, ran)
}

/// It counts as sent, so the key waits; the person gives up and it is gone.
fn assert_resumable(what: &str, desk: &Desk) {
    let jobs = desk.run(&["journal", "--json"]).ok()["jobs"].clone();
    assert_eq!(jobs[0]["state"], "interrupted", "{what}: {jobs:#}");
    assert_eq!(desk.kept_keys().len(), 1, "{what}");
}

#[test]
fn answers_that_are_none() {
    let ca = Ca::start();
    let random = || {
        let mut bytes = vec![0; 3000];
        rand_core::UnwrapErr(getrandom::SysRng).fill_bytes(&mut bytes);
        // Not BER's length by chance, which has a number of its own.
        bytes[1] &= 0x7f;
        bytes
    };
    let html = b"<html>It works!</html>";
    let cases: Vec<(&str, Vec<u8>, u8, &str, &str)> = vec![
        ("0 bytes", cmp(b""), 12, "CM-3207", "ca-unreachable"),
        ("random bytes", cmp(&random()), 12, "CM-3208", "ca-unreachable"),
        ("a SEQUENCE of 2 GB", cmp(b"\x30\x84\x7f\xff\xff\xff\x30\x00"), 12, "CM-3208", "ca-unreachable"),
        ("nested deeply", cmp(&[b"\x30\x80".repeat(20_000), vec![0; 8]].concat()), 12, "CM-3215", "ca-unreachable"),
        ("HTML", http("200 OK", "text/html", html), 12, "CM-3205", "ca-unreachable"),
        ("no content type", http("200 OK", "", html), 12, "CM-3205", "ca-unreachable"),
        ("404", http("404 Not Found", "text/html", html), 12, "CM-3204", "ca-unreachable"),
        ("500", http("500 Internal Server Error", "text/plain", b"oops"), 12, "CM-3204", "ca-unreachable"),
        ("500 with garbage for CMP", http("500 No", "application/pkixcmp", &random()), 12, "CM-3208", "ca-unreachable"),
        (
            "302",
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_vec(),
            12,
            "CM-3209",
            "ca-unreachable",
        ),
        ("not HTTP", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), 12, "CM-3202", "ca-unreachable"),
        ("nothing", Vec::new(), 12, "CM-3202", "ca-unreachable"),
        (
            "closed in the middle",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: 1000\r\n\r\n\x30\x82".to_vec(),
            12,
            "CM-3208",
            "ca-unreachable",
        ),
    ];
    for (what, bytes, exit, code, class) in cases {
        let server = RawServer::saying(bytes);
        let (desk, ran) = enroll(&ca, &server.url(), &[]);
        ran.failed(exit.into(), code, class);
        // The same message goes out again only when the connection broke without a word.
        let asked = if what == "nothing" { 4 } else { 1 };
        assert_eq!(server.requests(), asked, "{what}");
        assert_resumable(what, &desk);
    }
}

/// The most memory a process has had, in MB; watched until it ends.
fn watch_memory(child: &Child) -> thread::JoinHandle<u64> {
    let status = format!("/proc/{}/status", child.id());
    thread::spawn(move || {
        let mut most = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            // A zombie has no memory any more.
            let Some(peak) = peak else { break };
            most = most.max(peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024);
            thread::sleep(Duration::from_millis(2));
        }
        most
    })
}

#[test]
fn an_answer_of_100_megabytes() {
    let ca = Ca::start();
    for (what, head) in [("announced", "Content-Length: 104857600\r\n"), ("not announced", "Connection: close\r\n")] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let server = RawServer::start(move |_, stream| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\n{head}\r\n");
            let _ = stream.write_all(head.as_bytes());
            let megabyte = vec![0x30; 1 << 20];
            for _ in 0..100 {
                if stream.write_all(&megabyte).is_err() {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let desk = Desk::new();
        let child = command(&desk, &ca, &server.url(), &[]).spawn().unwrap();
        let memory = watch_memory(&child);
        finish(child).failed(12, "CM-3206", "ca-unreachable");
        let most = memory.join().unwrap();
        assert!((1..150).contains(&most), "{what}: {most} MB");
        assert!(sent.load(Ordering::SeqCst) < 100, "{what}: it did not read to the end");
        assert_resumable(what, &desk);
    }
}

#[test]
fn an_answer_that_drips() {
    let ca = Ca::start();
    let server = RawServer::start(|_, stream| {
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: 1000\r\n\r\n");
        // Each byte comes in time, all together never.
        while stream.write_all(b"\x30").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let began = Instant::now();
    let (desk, ran) = enroll(&ca, &server.url(), &["--timeout", "2"]);
    ran.failed(12, "CM-3210", "ca-unreachable");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_resumable("drip", &desk);
}

#[test]
fn a_name_that_leads_nowhere() {
    let ca = Ca::start();
    let (desk, ran) = enroll(&ca, "http://ca.chopmark.invalid/cmp", &[]);
    let last = ran.failed(12, "CM-3201", "ca-unreachable");
    assert!(last["message"].as_str().unwrap().contains("ca.chopmark.invalid"), "{last}");
    assert_resumable("name", &desk);
}

/// `openssl s_server` with a certificate for `other.example`, and that certificate (PEM).
struct TlsServer {
    child: Child,
    port: u16,
    certificate: String,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl TlsServer {
    fn start(desk: &Desk) -> TlsServer {
        let (key, certificate) = (desk.text("tls.key"), desk.text("tls.pem"));
        let make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"];
        let name = ["-subj", "/CN=other.example", "-addext", "subjectAltName=DNS:other.example"];
        run(Command::new("openssl").args(make).args(name).args(["-keyout", &key, "-out", &certificate]));
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-key", &key, "-cert", &certificate])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl s_server");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned));
        let ready = ready.expect("s_server says where it listens");
        let port = ready.rsplit(':').next().and_then(|port| port.trim().parse().ok()).expect("its port");
        TlsServer { child, port, certificate: std::fs::read_to_string(certificate).unwrap() }
    }
}

#[test]
fn tls_to_the_wrong_host_or_an_unknown_one() {
    let ca = Ca::start();
    let folder = Desk::new();
    let server = TlsServer::start(&folder);
    let root = std::fs::read_to_string(&ca.root).unwrap();
    for (what, tls_roots) in [("untrusted", "[]".to_owned()), ("wrong host", format!("['''{}''']", server.certificate))]
    {
        let profile = format!(
            "name = 'tls'\nurl = 'https://127.0.0.1:{}/cmp'\nroots = ['''{root}''']\ntlsRoots = {tls_roots}\n",
            server.port
        );
        let profile = folder.write("tls.toml", &profile);
        let desk = Desk::new();
        let mut command = command(&desk, &ca, &profile, &[]);
        // Its roots stand in the profile.
        command.args(["--timeout", "20"]);
        let ran = finish(command.spawn().unwrap());
        let last = ran.failed(12, "CM-3203", "ca-unreachable");
        assert!(last["message"].as_str().unwrap().contains("127.0.0.1"), "{what}: {last}");
        assert_resumable(what, &desk);
    }
}

/// A relay to the CA that keeps what it answered and cuts it where it is told.
struct Relay {
    server: RawServer,
    cut: Arc<Mutex<Option<usize>>>,
    last: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    fn to(url: &str) -> Relay {
        let (cut, last) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
        let (url, cutting, keeping) = (url.to_owned(), Arc::clone(&cut), Arc::clone(&last));
        let answer = move |request: &Request, stream: &mut TcpStream| {
            let whole = post(&url, &request.body).expect("the CA answers");
            let end = cutting.lock().unwrap().unwrap_or(whole.len()).min(whole.len());
            let _ = stream.write_all(&cmp(&whole[..end]));
            *keeping.lock().unwrap() = whole;
        };
        Relay { server: RawServer::start(answer), cut, last }
    }
}

/// Through the whole core: the job survives each cut answer and is finished with the whole one.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_answer_cut_short_on_the_way() {
    let world = World::file();
    let relay = Relay::to(&world.ca.url);
    let codes = world.ca.invite(|_| {});
    let mut profile = world.ca.core_profile();
    profile.url = relay.server.url();
    *relay.cut.lock().unwrap() = Some(1);
    let first = world.enroll_at(&codes, profile, &world.person_with(&codes)).await.unwrap_err();
    assert_eq!(first.code, Code::CaAnswerGarbled);
    let length = relay.last.lock().unwrap().len();
    for cut in [0, 2, 3, 4, 5, 9, 40, length / 3, length / 2, length - 100, length - 2, length - 1] {
        *relay.cut.lock().unwrap() = Some(cut);
        let error = world.resume(&world.person_with(&codes)).await.unwrap_err();
        let code = if cut == 0 { Code::CaAnswerEmpty } else { Code::CaAnswerGarbled };
        assert_eq!(error.code, code, "cut at {cut} of {length}");
        world.assert_job("cut", JobState::Interrupted, Some(code)).await;
    }
    *relay.cut.lock().unwrap() = None;
    let enrolled = world.resume_to_the_end(&world.person_with(&codes)).await;
    world.assert_one_certificate("whole at last", &codes, &enrolled.certificate.sha256);
}

/// At every offset, and with every byte changed: never believed, never a panic.
#[test]
fn a_real_answer_cut_and_changed_everywhere() {
    let ca = Ca::start();
    let codes = ca.invite(|_| {});
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let code = Zeroizing::new(codes.authorization_code.as_bytes().to_vec());
    let secret = SharedSecret::new(codes.reference.as_bytes(), code);
    let mac = MacProtection::new(MacScheme::password_based(Hash::Sha256), 1000, &mut rng).unwrap();
    let settings =
        Settings { identity: Identity::Reference(codes.reference.as_bytes().to_vec()), ..Settings::default() };
    let mut exchange = Exchange::begin(settings, &mut rng).unwrap();
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();

    let key = <p256::SecretKey as p256::elliptic_curve::Generate>::generate_from_rng(&mut rng);
    let key = p256::ecdsa::SigningKey::from(key);
    let public_key = spki::SubjectPublicKeyInfoOwned::from_key(key.verifying_key()).unwrap();
    let request = CertificateRequest {
        kind: Kind::Ir,
        subject: Default::default(),
        public_key,
        extensions: Vec::new(),
        renews: None,
    };
    let unsigned = request.draft().unwrap();
    let signature: p256::ecdsa::DerSignature = p256::ecdsa::signature::Signer::sign(&key, unsigned.to_sign());
    let body = unsigned.assemble(signature.as_bytes()).unwrap();
    let message = exchange.write(body, &secret, &mac, now(), &mut rng).unwrap();
    let answer = post(&ca.url, &message).unwrap();

    let read = |bytes: &[u8]| {
        let judge = Judge {
            secret: Some(&secret),
            signer: &|_, _| Err("nobody".into()),
            now: now(),
            tolerance: 300,
            allow: Allowances::default(),
        };
        exchange.clone().read(bytes, &judge)
    };
    for end in 0..answer.len() {
        assert!(read(&answer[..end]).is_err(), "cut at {end}");
    }
    let believed = AtomicBool::new(false);
    let mut outside = 0;
    for at in 0..answer.len() {
        let mut changed = answer.clone();
        changed[at] ^= 0x55;
        match read(&changed) {
            Err(_) => {}
            // extraCerts stand outside of the protection (RFC 9810 §5.1); what is in them is judged by the chain.
            Ok(reply) => {
                let (Ok(whole), cmp_protocol::exchange::Reply::Issued(found)) = (read(&answer), reply) else {
                    panic!("byte {at} changed, and believed")
                };
                let cmp_protocol::exchange::Reply::Issued(whole) = whole else { panic!("not issued") };
                assert_eq!(found.certificate, whole.certificate, "byte {at}");
                assert_eq!(found.ca_pubs, whole.ca_pubs, "byte {at}");
                outside += 1;
            }
        }
    }
    believed.store(read(&answer).is_ok(), Ordering::SeqCst);
    assert!(believed.into_inner(), "the whole answer is believed");
    assert!(outside < answer.len() / 2, "{outside} of {} bytes are outside of the protection", answer.len());
}
