//! Each check of RFC 9483 §3.5 by an answer that fails just that one.

use der::Encode;
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    pkcs8::EncodePublicKey,
};
use zeroize::Zeroizing;

use super::*;
use crate::{
    error::Check,
    message::{CertRepMessage, PkiStatusInfo, PollRep},
    protection::{Hash, MacScheme},
    request::{CertificateRequest, Kind},
    server::{self, AnswerKind, Incoming, Wish},
};

const NOW: u64 = 1_795_000_000;

struct Fixed(u8);

impl rand_core::TryRng for Fixed {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), Self::Error> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(13).wrapping_add(7);
            *byte = self.0;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Fixed {}

fn secret() -> SharedSecret {
    SharedSecret::new(b"7890", Zeroizing::new(b"AuthCode".to_vec()))
}

fn mac() -> MacProtection {
    MacProtection::new(MacScheme::password_based(Hash::Sha256), 500, &mut Fixed(3)).unwrap()
}

fn request_body(kind: Kind) -> Body {
    let key = SigningKey::from_slice(&[9; 32]).unwrap();
    let public = key.verifying_key().to_public_key_der().unwrap();
    let public_key = spki::SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).unwrap();
    let request = CertificateRequest {
        kind,
        subject: "CN=Alice".parse().unwrap(),
        public_key,
        extensions: Vec::new(),
        renews: None,
    };
    let unsigned = request.draft().unwrap();
    let signature: DerSignature = key.sign(unsigned.to_sign());
    unsigned.assemble(signature.as_bytes()).unwrap()
}

/// A client that has sent a request, and the answer "waiting" of a CA that does everything right.
fn asked(kind: Kind) -> (Exchange, PkiMessage) {
    let settings = Settings { identity: Identity::Reference(b"7890".to_vec()), ..Settings::default() };
    let mut exchange = Exchange::begin(settings, &mut Fixed(1)).unwrap();
    let bytes = exchange.write(request_body(kind), &secret(), &mac(), NOW, &mut Fixed(2)).unwrap();
    let incoming = Incoming::parse(&bytes).unwrap();
    let mac = incoming.verify(&secret()).unwrap();
    let Wish::Certificate(wanted) = incoming.wish().unwrap() else { panic!("no certificate wanted") };
    let response = server::not_issued(wanted.cert_req_id, PkiStatusInfo::waiting());
    let body = wanted.answer.body(response, &[]).unwrap();
    let ca: Name = "CN=Test CA".parse().unwrap();
    let answer = incoming.answer(body, &ca).encode(Some((&secret(), &mac)), NOW, &mut Fixed(4)).unwrap();
    (exchange, PkiMessage::parse(&answer).unwrap())
}

fn read(exchange: &mut Exchange, message: &PkiMessage, now: u64) -> Result<Reply> {
    let secret = secret();
    let signer = |_: &[u8], _: &[Vec<u8>]| Err("nobody is trusted here".to_owned());
    let judge = Judge { secret: Some(&secret), signer: &signer, now, tolerance: 300, allow: Allowances::default() };
    exchange.read(&message.to_der().unwrap(), &judge)
}

/// The answer changed and protected again, as a CA that does one thing wrong would send it.
fn check_of(change: impl FnOnce(&mut PkiMessage)) -> Check {
    let (mut exchange, mut message) = asked(Kind::Ir);
    change(&mut message);
    if message.protection.is_some() {
        mac().protect(&mut message, &secret()).unwrap();
    }
    match read(&mut exchange, &message, NOW) {
        Err(Error::Check { check, .. }) => check,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_right_answer_is_taken() {
    for kind in [Kind::Ir, Kind::Cr, Kind::P10cr] {
        let (mut exchange, message) = asked(kind);
        assert_eq!(read(&mut exchange, &message, NOW), Ok(Reply::Wait { check_after: None, text: None }), "{kind:?}");
        let poll = exchange.poll();
        let id = if kind == Kind::P10cr { -1 } else { 0 };
        assert_eq!(poll, Body::PollReq(vec![PollReq { cert_req_id: id }]), "{kind:?}");
    }
}

/// After polling, the answer may give back the nonce of the poll or that of the message before; a pollRep only the poll's.
#[test]
fn an_answer_after_polling_may_name_the_first_message() {
    let (mut exchange, first) = asked(Kind::Ir);
    read(&mut exchange, &first, NOW).unwrap();
    let poll = exchange.poll();
    exchange.write(poll, &secret(), &mac(), NOW, &mut Fixed(8)).unwrap();
    exchange = Exchange::from_der(&exchange.to_der().unwrap()).unwrap();
    let answer = |body: Body, nonce: Option<OctetString>| {
        let mut message = PkiMessage { body, ..first.clone() };
        message.header.recip_nonce = nonce;
        mac().protect(&mut message, &secret()).unwrap();
        read(&mut exchange.clone(), &message, NOW)
    };
    let poll_rep = || Body::PollRep(vec![PollRep { cert_req_id: 0, check_after: 1, reason: None }]);
    let asked_first = first.header.recip_nonce.clone();
    assert_ne!(asked_first, Some(exchange.sender_nonce.clone()));
    let no = server::error(&[FailInfo::BadRequest], "no").unwrap();
    for nonce in [asked_first.clone(), Some(exchange.sender_nonce.clone())] {
        assert!(matches!(answer(no.clone(), nonce), Ok(Reply::Refused(_))));
    }
    assert!(matches!(answer(poll_rep(), Some(exchange.sender_nonce.clone())), Ok(Reply::Wait { .. })));
    for (body, nonce) in [(poll_rep(), asked_first), (no, first.header.sender_nonce.clone())] {
        let wrong = answer(body, nonce);
        assert!(matches!(wrong, Err(Error::Check { check: Check::RecipientNonce, .. })), "{wrong:?}");
    }
}

#[test]
fn each_check_of_the_header_is_made() {
    let other = || Some(octets(&[5; 16]).unwrap());
    assert_eq!(check_of(|message| message.header.pvno = 1), Check::Version);
    assert_eq!(check_of(|message| message.header.transaction_id = other()), Check::TransactionId);
    assert_eq!(check_of(|message| message.header.transaction_id = None), Check::TransactionId);
    assert_eq!(check_of(|message| message.header.recip_nonce = other()), Check::RecipientNonce);
    assert_eq!(check_of(|message| message.header.recip_nonce = None), Check::RecipientNonce);
    assert_eq!(check_of(|message| message.header.sender_nonce = None), Check::SenderNonce);
    assert_eq!(check_of(|message| message.header.sender_nonce = Some(octets(&[1; 8]).unwrap())), Check::SenderNonce);
    let late = |message: &mut PkiMessage| message.header.message_time = Some(generalized_time(NOW - 301).unwrap());
    assert_eq!(check_of(late), Check::MessageTime);
}

#[test]
fn protection_comes_first() {
    let strip = |message: &mut PkiMessage| {
        message.protection = None;
        message.header.protection_alg = None;
        message.header.transaction_id = None;
    };
    assert_eq!(check_of(strip), Check::Protected);

    let (mut exchange, mut message) = asked(Kind::Ir);
    message.header.transaction_id = None; // not protected again: the MAC is wrong, and that is what is said
    let wrong = read(&mut exchange, &message, NOW);
    assert!(matches!(wrong, Err(Error::Check { check: Check::Protection, .. })), "{wrong:?}");
}

#[test]
fn each_check_of_the_body_is_made() {
    let answer = |change: fn(&mut CertRepMessage)| {
        check_of(|message| {
            let Body::Ip(answer) = &mut message.body else { panic!("{}", message.body.name()) };
            change(answer);
        })
    };
    assert_eq!(answer(|answer| answer.response[0].cert_req_id = 1), Check::CertReqId);
    assert_eq!(answer(|answer| answer.response[0].cert_req_id = -1), Check::CertReqId);
    assert_eq!(answer(|answer| answer.response.push(answer.response[0].clone())), Check::Content);
    assert_eq!(answer(|answer| answer.response.clear()), Check::Content);
    assert_eq!(answer(|answer| answer.response[0].status.number = 0), Check::Content);
    assert_eq!(answer(|answer| answer.response[0].status.number = 9), Check::Content);
    assert_eq!(check_of(|message| message.body = request_body(Kind::Ir)), Check::BodyType);
    let unasked = vec![PollRep { cert_req_id: 0, check_after: 1, reason: None }];
    assert_eq!(check_of(|message| message.body = Body::PollRep(unasked)), Check::BodyType);
    assert_eq!(check_of(|message| message.body = Body::PkiConf), Check::BodyType);
    assert_eq!(check_of(|message| message.body = Body::Genp(Vec::new())), Check::BodyType);
}

#[test]
fn the_sender_must_not_change_in_mid_exchange() {
    let (mut exchange, message) = asked(Kind::Ir);
    read(&mut exchange, &message, NOW).unwrap();
    let poll = exchange.poll();
    let bytes = exchange.write(poll, &secret(), &mac(), NOW, &mut Fixed(8)).unwrap();
    let incoming = Incoming::parse(&bytes).unwrap();
    let other: Name = "CN=Somebody else".parse().unwrap();
    let answer = incoming.answer(server::ask_later(0, 5, "later"), &other);
    let answer = answer.encode(Some((&secret(), &mac())), NOW, &mut Fixed(9)).unwrap();
    let wrong = read(&mut exchange, &PkiMessage::parse(&answer).unwrap(), NOW);
    assert!(matches!(wrong, Err(Error::Check { check: Check::Sender, .. })), "{wrong:?}");
}

#[test]
fn a_no_that_anybody_may_have_sent_is_no_clear_no() {
    let (mut exchange, message) = asked(Kind::Ir);
    let body = server::error(&[FailInfo::BadMessageCheck], "wrong code").unwrap();
    let mut unprotected = PkiMessage { body: body.clone(), protection: None, ..message.clone() };
    unprotected.header.protection_alg = None;
    let refused = read(&mut exchange.clone(), &unprotected, NOW);
    assert!(
        matches!(&refused, Err(Error::UnprotectedError(refusal)) if refusal.reasons == [FailInfo::BadMessageCheck])
    );

    let mut unverifiable = PkiMessage { body, ..message };
    let other = SharedSecret::new(b"7890", Zeroizing::new(b"another".to_vec()));
    mac().protect(&mut unverifiable, &other).unwrap();
    let refused = read(&mut exchange, &unverifiable, NOW);
    assert!(matches!(refused, Err(Error::UnverifiableError(_))), "{refused:?}");
}

#[test]
fn an_exchange_is_saved_and_read_again() {
    let (mut exchange, message) = asked(Kind::P10cr);
    read(&mut exchange, &message, NOW).unwrap();
    let saved = exchange.to_der().unwrap();
    assert_eq!(Exchange::from_der(&saved).unwrap(), exchange);
    assert!(!saved.windows(8).any(|window| window == b"AuthCode"));
}

#[test]
fn answers_are_numbered_as_the_request() {
    assert_eq!(AnswerKind::Cp.body(server::not_issued(-1, PkiStatusInfo::waiting()), &[]).unwrap().name(), "cp");
    let (exchange, _) = asked(Kind::Ir);
    assert_eq!(exchange.cert_req_id, 0);
}

/// Found by fuzzing: the number of a response was taken over before its fault was seen.
#[test]
fn a_refused_answer_leaves_no_trace() {
    let (mut exchange, mut message) = asked(Kind::P10cr);
    let Body::Cp(answer) = &mut message.body else { panic!("{}", message.body.name()) };
    answer.response[0].cert_req_id = 0;
    answer.response[0].status.number = 9;
    mac().protect(&mut message, &secret()).unwrap();
    let before = exchange.clone();
    assert!(matches!(read(&mut exchange, &message, NOW), Err(Error::Check { check: Check::Content, .. })));
    assert_eq!(exchange, before);
}
