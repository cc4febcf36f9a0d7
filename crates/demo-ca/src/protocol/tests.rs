//! What needs another clock than the wall's.

use cmp_protocol::{
    exchange::{Allowances, Exchange, Identity, Judge, Reply as Read, Settings},
    protection::{Hash, MacProtection, MacScheme},
    request::{CertificateRequest, Kind},
};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    elliptic_curve::Generate,
    pkcs8::EncodePublicKey,
};

use der::Decode;

use super::*;
use crate::{ledger::Invited, rng};

const NOW: u64 = 1_800_000_000;

struct Bench {
    ca: Ca,
    exchange: Exchange,
    secret: SharedSecret,
    mac: MacProtection,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(delay: u64) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = Ca::open(folder.path(), &Options::default(), NOW).expect("a CA");
        let invited = Invited {
            reference: "1".into(),
            code: Zeroizing::new("code".into()),
            subject: "CN=Alice".into(),
            delay,
            refuse: None,
            alter_subject: None,
            valid_days: 1,
            uses: 1,
            used: 0,
            wrong_tries: 0,
            fault: None,
        };
        ca.ledger.write(|books| books.invite(&invited)).expect("invited");
        let settings = Settings { identity: Identity::Reference(b"1".to_vec()), ..Settings::default() };
        Bench {
            ca,
            exchange: Exchange::begin(settings, &mut rng()).expect("an exchange"),
            secret: SharedSecret::new(b"1", Zeroizing::new(b"code".to_vec())),
            mac: MacProtection::new(MacScheme::password_based(Hash::Sha256), 500, &mut rng()).expect("a MAC"),
            _folder: folder,
        }
    }

    fn write(&mut self, body: Body, now: u64) -> Vec<u8> {
        self.exchange.write(body, &self.secret, &self.mac, now, &mut rng()).expect("a message")
    }

    fn request(&mut self, spoilt: bool) -> Vec<u8> {
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
        let mut body = unsigned.assemble(signature.as_bytes()).expect("a signature that verifies");
        if spoilt && let Body::Ir(requests) = &mut body {
            requests[0].cert_req.cert_template.subject = Some("CN=Mallory".parse().expect("a name"));
        }
        self.write(body, NOW)
    }

    fn send(&self, message: &[u8], now: u64) -> Vec<u8> {
        match self.ca.handle(message, now).expect("handled").reply {
            Reply::Message(bytes) => bytes,
            _ => panic!("no answer"),
        }
    }

    fn read(&mut self, answer: &[u8], now: u64) -> Read {
        let judge = Judge {
            secret: Some(&self.secret),
            signer: &|_, _| Err("none".into()),
            now,
            tolerance: 300,
            allow: Allowances::default(),
        };
        self.exchange.read(answer, &judge).expect("an answer that passes the checks")
    }
}

#[test]
fn an_answer_repeated_late_is_the_same_with_a_new_time() {
    let mut bench = Bench::new(0);
    let request = bench.request(false);
    let first = bench.send(&request, NOW);
    let Read::Issued(issued) = bench.read(&first, NOW) else { panic!("no certificate") };
    assert_eq!(bench.send(&request, NOW + REPEATED_AS_IT_WAS), first);
    let later = NOW + 86_400;
    let again = bench.send(&request, later);
    assert_ne!(again, first);
    let Read::Issued(repeated) = bench.read(&again, later) else { panic!("no certificate") };
    assert_eq!(repeated, issued);
    // And the transaction goes on from there.
    let confirm = bench.exchange.confirm(&issued.certificate, None).expect("a confirmation");
    let message = bench.write(confirm, later);
    let answer = bench.send(&message, later);
    assert_eq!(bench.read(&answer, later), Read::Confirmed);
}

#[test]
fn who_waits_is_not_locked_out_by_the_wrong_tries_of_others() {
    let mut bench = Bench::new(3600);
    let request = bench.request(false);
    let answer = bench.send(&request, NOW);
    assert!(matches!(bench.read(&answer, NOW), Read::Wait { .. }));
    for _ in 0..TRIES {
        bench.ca.ledger.write(|books| books.count_wrong_try("1")).expect("counted");
    }
    let poll = bench.write(bench.exchange.poll(), NOW + 600);
    let answer = bench.send(&poll, NOW + 600);
    assert!(matches!(bench.read(&answer, NOW + 600), Read::Wait { check_after: Some(3000), .. }));
    let poll = bench.write(bench.exchange.poll(), NOW + 3600);
    let answer = bench.send(&poll, NOW + 3600);
    assert!(matches!(bench.read(&answer, NOW + 3600), Read::Issued(_)));
}

#[test]
fn a_request_that_its_key_did_not_sign_costs_no_use() {
    let mut bench = Bench::new(0);
    let request = bench.request(true);
    let answer = bench.send(&request, NOW);
    let Read::Refused(refusal) = bench.read(&answer, NOW) else { panic!("not refused") };
    assert_eq!(refusal.reasons, [FailInfo::BadPop]);
    let used = bench.ca.ledger.read(|books| books.invitation("1")).expect("read").map(|invited| invited.used);
    assert_eq!(used, Some(0));
}

#[test]
fn any_bytes_are_survived() {
    let mut bench = Bench::new(0);
    let request = bench.request(false);
    for place in 0..request.len() {
        for change in [0xff, 0x01, 0x80] {
            let mut bytes = request.clone();
            bytes[place] ^= change;
            assert!(bench.ca.handle(&bytes, NOW).is_ok());
            if place % 7 == 0 {
                assert!(bench.ca.handle(&bytes[..place], NOW).is_ok());
            }
        }
    }
    let used = bench.ca.ledger.read(|books| books.invitation("1")).expect("read").map(|invited| invited.used);
    assert_eq!(used, Some(0), "nothing was issued to a message that was changed");
}

/// RFC 9483 §4.1.6: the key arrives enveloped for the codes, signed by one who leads to the CA, and is the certificate's.
#[test]
fn a_key_made_here_opens_with_the_codes() {
    use cmp_protocol::{key_delivery::Envelope, request::key_by_ca};
    use const_oid::db::rfc5912;
    use spki::AlgorithmIdentifierOwned;

    let rsa = AlgorithmIdentifierOwned { oid: rfc5912::RSA_ENCRYPTION, parameters: Some(der::Any::null()) };
    for kind in [None, Some(rsa)] {
        let mut bench = Bench::new(0);
        let body = key_by_ca(Kind::Ir, Default::default(), Vec::new(), kind).expect("a request");
        let request = bench.write(body, NOW);
        let answer = bench.send(&request, NOW);
        let Read::Issued(issued) = bench.read(&answer, NOW) else { panic!("no certificate") };
        let encrypted = issued.encrypted_key.as_deref().expect("a key");

        let envelope = Envelope::parse(encrypted).expect("an envelope");
        let wrong = SharedSecret::new(b"1", Zeroizing::new(b"cod".to_vec()));
        assert!(envelope.content_key(&wrong).is_err());
        let key = envelope.content_key(&bench.secret).expect("the right code");
        let signed = envelope.open(&key).expect("signed data");
        let maker = |signer: &[u8], others: &[Vec<u8>]| {
            let authority = &bench.ca.authority;
            let known = signer == authority.key_maker.certificate && others.contains(&authority.intermediate);
            if known { Ok(()) } else { Err("not the key maker".to_owned()) }
        };
        let key = signed.verify(&issued.certificate, &issued.extra, &maker).expect("the certificate's key");
        assert_eq!(key.pkcs8()[0], 0x30);
        // A lost answer is repeated with the same key.
        assert_eq!(bench.send(&request, NOW), answer);
    }
}

#[test]
fn keys_of_other_kinds_are_not_made() {
    use cmp_protocol::request::key_by_ca;
    use const_oid::db::rfc8410;
    use spki::AlgorithmIdentifierOwned;

    let mut bench = Bench::new(0);
    let kind = AlgorithmIdentifierOwned { oid: rfc8410::ID_X_25519, parameters: None };
    let body = key_by_ca(Kind::Ir, Default::default(), Vec::new(), Some(kind)).expect("a request");
    let request = bench.write(body, NOW);
    let answer = bench.send(&request, NOW);
    let Read::Refused(refusal) = bench.read(&answer, NOW) else { panic!("no refusal") };
    assert_eq!(refusal.reasons, [FailInfo::BadCertTemplate]);
}
