//! How long an ir takes to encode and protect, and an ip to decode and verify. `cargo xtask bench` runs it, beside
//! `libcrypto.c`, which does the same with OpenSSL.
//!
//! Called with a folder, it leaves `ip.der` there for the other program; both print `encode` and `verify` in microseconds.

use std::{hint::black_box, time::Instant};

use cmp_protocol::{
    crmf::{CertReqMsg, CertRequest, CertTemplate, ProofOfPossession},
    exchange::{Allowances, Exchange, Identity, Judge, Settings},
    message::Body,
    protection::{Hash, MacProtection, MacScheme, SharedSecret},
    server::{self, AnswerKind, Incoming},
};
use der::{Decode, asn1::Null};
use p256::pkcs8::EncodePublicKey;

const NOW: u64 = 1_795_000_000;
/// What the OpenSSL client uses and cannot be told otherwise.
const ITERATIONS: u32 = 500;
const RUNS: usize = 2000;

/// Not random: the bench is the same each time.
struct Counter(u8);

impl rand_core::TryRng for Counter {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0 = self.0.wrapping_add(1);
        bytes.fill(self.0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

fn main() {
    let secret = SharedSecret::new(b"7890", b"AuthCode-4711".to_vec().into());
    let mac = MacProtection::new(MacScheme::password_based(Hash::Sha256), ITERATIONS, &mut Counter(0)).expect("a MAC");
    let settings = Settings {
        identity: Identity::Reference(b"7890".to_vec()),
        recipient: "CN=Bench CA,O=Bench".parse().expect("a name"),
        ..Settings::default()
    };
    let mut exchange = Exchange::begin(settings, &mut Counter(1)).expect("a transaction");
    let body = request();
    let encode = median(|| {
        let body = body.clone();
        let began = Instant::now();
        black_box(exchange.write(body, &secret, &mac, NOW, &mut Counter(2)).expect("an ir"));
        began.elapsed().as_secs_f64()
    });

    let ir = exchange.write(body, &secret, &mac, NOW, &mut Counter(3)).expect("an ir");
    let ip = answer(&ir, &secret);
    let nobody = |_: &[u8], _: &[Vec<u8>]| Err("no signer".to_owned());
    let judge =
        Judge { secret: Some(&secret), signer: &nobody, now: NOW, tolerance: 300, allow: Allowances::default() };
    let verify = median(|| {
        let mut exchange = exchange.clone();
        let began = Instant::now();
        black_box(exchange.read(&ip, &judge).expect("a certificate"));
        began.elapsed().as_secs_f64()
    });

    // cargo puts `--bench` among the arguments.
    if let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) {
        std::fs::write(std::path::Path::new(&folder).join("ip.der"), &ip).expect("writable");
    }
    println!("encode {encode:.1}\nverify {verify:.1}");
}

/// An ir without a signature: making one is the key's work, not ours.
fn request() -> Body {
    let key = p256::SecretKey::from_slice(&[7; 32]).expect("a key").public_key();
    let public_key = spki::SubjectPublicKeyInfoOwned::from_der(key.to_public_key_der().expect("DER").as_bytes());
    let cert_template = CertTemplate {
        subject: Some("CN=Bench Example,OU=Bench,O=Example Ltd,C=CN".parse().expect("a name")),
        public_key: Some(public_key.expect("a public key")),
        ..CertTemplate::default()
    };
    let cert_req = CertRequest { cert_req_id: 0, cert_template, controls: None };
    Body::Ir(vec![CertReqMsg { cert_req, popo: Some(ProofOfPossession::RaVerified(Null)), reg_info: None }])
}

/// An ip with a certificate, which goes along in extraCerts and caPubs as well, as CAs do.
fn answer(ir: &[u8], secret: &SharedSecret) -> Vec<u8> {
    let certificate = include_bytes!("certificate.der").to_vec();
    let incoming = Incoming::parse(ir).expect("an ir");
    let mac = incoming.verify(secret).expect("protected");
    let response = server::issued(0, &certificate, None).expect("a response");
    let body = AnswerKind::Ip.body(response, std::slice::from_ref(&certificate)).expect("an ip");
    let ca = "CN=Bench CA,O=Bench".parse().expect("a name");
    let mut answer = incoming.answer(body, &ca);
    answer.extra_certs = vec![certificate];
    answer.encode(Some((secret, &mac)), NOW, &mut Counter(4)).expect("an answer")
}

/// Median in microseconds.
fn median(mut run: impl FnMut() -> f64) -> f64 {
    let mut times: Vec<f64> = (0..RUNS).map(|_| run() * 1e6).collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}
