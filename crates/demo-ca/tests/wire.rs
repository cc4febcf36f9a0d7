//! What `openssl cmp` does not do on purpose: repeated and lost messages, wrong clocks, HTTP that is not CMP.

mod common;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{SystemTime, UNIX_EPOCH},
};

use chopmark_demo_ca::{Codes, Fault, issued, transactions};
use cmp_protocol::{
    exchange::{Allowances, Exchange, Identity, Issued, Judge, Reply, Settings},
    message::{Body, FailInfo},
    protection::{Hash, MacProtection, MacScheme, SharedSecret},
    request::{CertificateRequest, Kind},
};
use common::Bench;
use der::Decode;
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    elliptic_curve::Generate,
    pkcs8::EncodePublicKey,
};
use zeroize::Zeroizing;

/// Our own client, message by message.
struct Client {
    address: String,
    exchange: Exchange,
    secret: SharedSecret,
    mac: MacProtection,
    /// Added to the clock of the client.
    clock: i64,
}

fn rng() -> rand_core::UnwrapErr<getrandom::SysRng> {
    rand_core::UnwrapErr(getrandom::SysRng)
}

impl Client {
    fn new(bench: &Bench, codes: &Codes) -> Client {
        let settings =
            Settings { identity: Identity::Reference(codes.reference.clone().into_bytes()), ..Settings::default() };
        let code = Zeroizing::new(codes.authorization_code.as_bytes().to_vec());
        let scheme = MacScheme::pbmac1(Hash::Sha256);
        Client {
            address: address(bench),
            exchange: Exchange::begin(settings, &mut rng()).expect("an exchange"),
            secret: SharedSecret::new(codes.reference.as_bytes(), code),
            mac: MacProtection::new(scheme, 1000, &mut rng()).expect("a MAC"),
            clock: 0,
        }
    }

    fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        now.saturating_add_signed(self.clock)
    }

    fn write(&mut self, body: Body) -> Vec<u8> {
        let now = self.now();
        self.exchange.write(body, &self.secret, &self.mac, now, &mut rng()).expect("a message")
    }

    fn request(&mut self) -> Vec<u8> {
        let key = SigningKey::generate_from_rng(&mut rng());
        let public = key.verifying_key().to_public_key_der().expect("a key");
        let request = CertificateRequest {
            kind: Kind::Ir,
            subject: x509_cert::name::Name::default(),
            public_key: spki::SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).expect("a key"),
            extensions: Vec::new(),
            renews: None,
        };
        let unsigned = request.draft().expect("a request");
        let signature: DerSignature = key.sign(unsigned.to_sign());
        let body = unsigned.assemble(signature.as_bytes()).expect("a signature that verifies");
        self.write(body)
    }

    fn send(&self, message: &[u8]) -> Vec<u8> {
        let (status, body) = post(&self.address, "application/pkixcmp", message);
        assert_eq!(status, 200);
        body
    }

    fn read(&mut self, answer: &[u8]) -> Reply {
        let judge = Judge {
            secret: Some(&self.secret),
            signer: &|_, _| Err("none".into()),
            now: self.now(),
            tolerance: 300,
            allow: Allowances::default(),
        };
        self.exchange.read(answer, &judge).expect("an answer that passes the checks")
    }

    fn ask(&mut self, message: &[u8]) -> Reply {
        let answer = self.send(message);
        self.read(&answer)
    }

    fn enrol(&mut self) -> Box<Issued> {
        let request = self.request();
        match self.ask(&request) {
            Reply::Issued(issued) => issued,
            other => panic!("{other:?}"),
        }
    }
}

fn address(bench: &Bench) -> String {
    bench.ca.url().trim_start_matches("http://").split('/').next().expect("an address").to_owned()
}

fn raw(address: &str, head: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(head.as_bytes()).expect("sent");
    let _ = stream.write_all(body); // Cut off when it is too large.
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return (0, answer) };
    let status = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
    (status, answer.split_off(end + 4))
}

fn post(address: &str, kind: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let head = format!(
        "POST /any HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    raw(address, &head, body)
}

fn get(address: &str, path: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let (status, body) = raw(address, &head, b"");
    (status, String::from_utf8_lossy(&body).into_owned())
}

fn refused(reply: &Reply, reason: FailInfo) {
    assert!(matches!(reply, Reply::Refused(refusal) if refusal.reasons == [reason]), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_gets_the_same_answer_even_after_a_restart() {
    let bench = Bench::start().await;
    let mut client = Client::new(&bench, &bench.invite(|_| ()));
    let request = client.request();
    let first = client.send(&request);
    assert_eq!(client.send(&request), first);
    let bench = bench.restart().await;
    assert_eq!(client.send(&request), first);
    assert_eq!(issued(&bench.dir()).expect("rows").len(), 1);
    let Reply::Issued(certificate) = client.read(&first) else { panic!("no certificate") };
    let confirm = client.exchange.confirm(&certificate.certificate, None).expect("a confirmation");
    let (one, other) = (client.write(confirm.clone()), client.write(confirm));
    // `other` is a fresh message that says the same, as after a crash.
    assert_eq!(client.send(&one), client.send(&one));
    assert_eq!(client.ask(&other), Reply::Confirmed);
    assert_eq!(issued(&bench.dir()).expect("rows")[0].state, "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_at_once_with_one_pair_of_codes_give_one_certificate() {
    let bench = Bench::start().await;
    let codes = bench.invite(|_| ());
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let mut client = Client::new(&bench, &codes);
            std::thread::spawn(move || {
                let request = client.request();
                client.ask(&request)
            })
        })
        .collect();
    let replies: Vec<_> = clients.into_iter().map(|client| client.join().expect("an answer")).collect();
    assert_eq!(replies.iter().filter(|reply| matches!(reply, Reply::Issued(_))).count(), 1);
    replies.iter().filter(|reply| !matches!(reply, Reply::Issued(_))).for_each(|r| refused(r, FailInfo::NotAuthorized));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_in_the_same_transaction_is_refused() {
    let bench = Bench::start().await;
    let mut client = Client::new(&bench, &bench.invite(|_| ()));
    client.enrol();
    let second = client.request();
    refused(&client.ask(&second), FailInfo::TransactionIdInUse);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_named_and_costs_nothing() {
    let bench = Bench::start().await;
    let codes = bench.invite(|_| ());
    let mut client = Client::new(&bench, &codes);
    client.clock = -3600;
    let request = client.request();
    client.clock = 0;
    refused(&client.ask(&request), FailInfo::BadTime);
    Client::new(&bench, &codes).enrol();
}

#[tokio::test(flavor = "multi_thread")]
async fn rejecting_and_giving_up_end_a_transaction() {
    let bench = Bench::start().await;
    let codes = bench.invite(|invitation| invitation.uses = 0);
    let mut client = Client::new(&bench, &codes);
    let certificate = client.enrol().certificate;
    let foreign = client.exchange.confirm(&bench_root(&bench), None).expect("a confirmation");
    let message = client.write(foreign);
    refused(&client.ask(&message), FailInfo::BadCertId);
    let reject = client.exchange.confirm(&certificate, Some((FailInfo::BadCertTemplate, "no"))).expect("a rejection");
    let message = client.write(reject);
    assert_eq!(client.ask(&message), Reply::Confirmed);
    let late = client.exchange.confirm(&certificate, None).expect("a confirmation");
    let message = client.write(late);
    refused(&client.ask(&message), FailInfo::CertRevoked);

    let mut client = Client::new(&bench, &codes);
    client.enrol();
    let message = client.write(Exchange::give_up("changed my mind").expect("an error"));
    assert_eq!(client.ask(&message), Reply::Confirmed);
    let states: Vec<_> = transactions(&bench.dir()).expect("rows").into_iter().map(|row| row.state).collect();
    assert_eq!(states, ["rejected by the client", "given up"]);
    assert!(issued(&bench.dir()).expect("rows").iter().all(|row| row.state == "rejected by the client"));
}

fn bench_root(bench: &Bench) -> Vec<u8> {
    use der::{DecodePem, Encode};
    x509_cert::Certificate::from_pem(common::read(bench.ca.root())).and_then(|root| root.to_der()).expect("a root")
}

#[tokio::test(flavor = "multi_thread")]
async fn delay_then_refusal_and_a_lost_answer_to_a_poll() {
    let bench = Bench::start().await;
    let codes = bench.invite(|invitation| (invitation.delay, invitation.refuse) = (2, Some(FailInfo::BadRequest)));
    let mut client = Client::new(&bench, &codes);
    let request = client.request();
    assert!(matches!(client.ask(&request), Reply::Wait { .. }));
    let poll = client.write(client.exchange.poll());
    assert!(matches!(client.ask(&poll), Reply::Wait { check_after: Some(1..=2), .. }));
    std::thread::sleep(std::time::Duration::from_secs(2));
    let poll = client.write(client.exchange.poll());
    refused(&client.ask(&poll), FailInfo::BadRequest);

    let codes = bench.invite(|invitation| (invitation.delay, invitation.fault) = (1, Some(Fault::DropConfirm)));
    let mut client = Client::new(&bench, &codes);
    let request = client.request();
    assert!(matches!(client.ask(&request), Reply::Wait { .. }));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let polls = [client.write(client.exchange.poll()), client.write(client.exchange.poll())];
    client.send(&polls[0]); // The answer is lost; the client crashes and asks with a new message.
    let Reply::Issued(certificate) = client.ask(&polls[1]) else { panic!("no certificate") };
    let confirm = client.exchange.confirm(&certificate.certificate, None).expect("a confirmation");
    let message = client.write(confirm);
    assert_eq!(post(&client.address, "application/pkixcmp", &message).0, 0, "closed without an answer");
    assert_eq!(client.ask(&message), Reply::Confirmed);
    assert_eq!(issued(&bench.dir()).expect("rows").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_that_is_not_cmp() {
    let bench = Bench::start().await;
    let address = address(&bench);
    assert_eq!(post(&address, "text/plain", b"x").0, 415);
    assert_eq!(post(&address, "application/pkixcmp", b"garbage").0, 400);
    assert_eq!(post(&address, "application/pkixcmp", b"").0, 400);
    assert_eq!(post(&address, "application/pkixcmp", &vec![0x30; (1 << 20) + 1]).0, 413);
    assert_eq!(get(&address, "/nothing").0, 404);
    let head = format!("GET /crl HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let (status, crl) = raw(&address, &head, b"");
    let list = x509_cert::crl::CertificateList::<x509_cert::certificate::Rfc5280>::from_der(&crl).expect("a CRL");
    assert_eq!((status, list.tbs_cert_list.revoked_certificates), (200, None));
    let (status, page) = get(&address, "/");
    assert!(status == 200 && page.contains("For trying out. Not for real use."));
    let (status, profile) = get(&address, "/profile");
    assert_eq!((status, profile.as_str()), (200, common::read(bench.ca.profile()).as_str()));
    let profile: toml::Table = profile.parse().expect("TOML");
    assert_eq!(profile["url"].as_str(), Some(bench.ca.url()));
    assert_eq!(profile["roots"][0].as_str(), Some(common::read(bench.ca.root()).as_str()));
}
