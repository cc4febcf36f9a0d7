//! One row, from the first message to what the CA has noted.

use cmp_protocol::{
    Error,
    exchange::{Allowances, Exchange, Issued, Refusal, Reply},
    message::{Body, FailInfo},
    request::{self, CertificateId, key_by_ca, revocation},
    signature::SignatureScheme,
};
use x509_cert::ext::pkix::CrlReason;

use super::{
    BouncyCastle, CODE, REFERENCE,
    keys::{Key, Kind, leads_to},
    rows::{Act, End, PBM, Row},
    talk::{Holder, Talk, Voice, check_certificate, enrolled, request},
};

/// One key of each kind, and another to renew with.
pub(super) struct Keys {
    p256: Key,
    p384: Key,
    rsa: Key,
    ed25519: Key,
    next: Key,
}

impl Keys {
    pub(super) fn new() -> Keys {
        let [p256, p384, rsa, ed25519, next] =
            [Kind::P256, Kind::P384, Kind::Rsa, Kind::Ed25519, Kind::P256].map(Key::new);
        Keys { p256, p384, rsa, ed25519, next }
    }

    fn get(&self, kind: Kind) -> &Key {
        match kind {
            Kind::P256 => &self.p256,
            Kind::P384 => &self.p384,
            Kind::Rsa => &self.rsa,
            Kind::Ed25519 => &self.ed25519,
        }
    }

    fn for_scheme(&self, scheme: SignatureScheme) -> &Key {
        match scheme {
            SignatureScheme::EcdsaP256Sha256 => &self.p256,
            SignatureScheme::EcdsaP384Sha384 => &self.p384,
            SignatureScheme::Ed25519 => &self.ed25519,
            _ => &self.rsa,
        }
    }
}

pub(super) fn run(ca: &BouncyCastle, keys: &Keys, row: &Row) {
    match row.act {
        Act::Renew(scheme) | Act::RenewRevoked(scheme) => {
            let old = enrolled(ca, keys.for_scheme(scheme), PBM);
            if let Act::RenewRevoked(_) = row.act {
                assert!(matches!(revoke(ca, "", Voice::Codes(PBM), &old).1, Ok(Reply::Revoked(_))));
            }
            let mut talk = Talk::begin(ca, row.switches, Voice::Holder(&old, scheme), false);
            let body = request(request::Kind::Kur, &keys.next, Some(&old.certificate));
            enrol(&mut talk, row, body, Some(&keys.next));
            assert!(row.end != End::Confirmed || talk.log().contains("oldCertId "), "{}", talk.log());
        }
        Act::RevokeByCodes | Act::RevokeTwice | Act::RevokeBySignature(_) => run_revocation(ca, keys, row),
        Act::Ask(question) => {
            let mut talk = Talk::begin(ca, row.switches, Voice::Codes(row.mac), false);
            let found = talk.until_decided(question.body(ca));
            match row.end {
                End::Done => question.check(ca, &found.unwrap_or_else(|error| panic!("{error}\n{}", talk.log()))),
                _ => ends_badly(row, found, &talk.log()),
            }
        }
        Act::KeyByCodes => key_by_the_ca(&mut Talk::begin(ca, row.switches, Voice::Codes(row.mac), false), row),
        Act::KeyBySignature(scheme) => {
            let holder = enrolled(ca, keys.for_scheme(scheme), PBM);
            key_by_the_ca(&mut Talk::begin(ca, row.switches, Voice::Holder(&holder, scheme), false), row);
        }
        _ => run_enrolment(ca, keys, row),
    }
}

fn run_enrolment(ca: &BouncyCastle, keys: &Keys, row: &Row) {
    let key = keys.get(row.key);
    let kind = if let Act::Enrol(kind) = row.act { kind } else { request::Kind::Ir };
    let mut talk = Talk::begin(ca, row.switches, Voice::Codes(row.mac), row.act == Act::Implicit);
    match row.act {
        Act::WithoutRecipNonce => talk = talk.allow(Allowances { missing_recip_nonce: true }),
        Act::WrongCode => talk = talk.with_secret(REFERENCE, "AuthCode-4712"),
        Act::WrongReference => {
            talk = Talk::begin_as(ca, row.switches, "7891", row.mac).with_secret("7891", CODE);
        }
        _ => {}
    }
    let body = request(kind, key, None);
    if row.act == Act::GiveUp {
        assert!(matches!(talk.say(body), Ok(Reply::Wait { .. })), "{}", talk.log());
        let body = Exchange::give_up("the person went home").expect("a body");
        assert_eq!(talk.say(body), Ok(Reply::Confirmed), "{}", talk.log());
        assert!(talk.log().contains("gave up: the person went home"), "{}", talk.log());
        return;
    }
    enrol(&mut talk, row, body, Some(key));
}

/// From the request to the acknowledgement; `key` is ours, unless the CA makes one.
fn enrol(talk: &mut Talk<'_>, row: &Row, body: Body, key: Option<&Key>) {
    let found = talk.until_decided(body);
    let issued = match found {
        Ok(Reply::Issued(issued)) => issued,
        other => return ends_badly(row, other, &talk.log()),
    };
    if row.act == Act::Twice {
        talk.repeat();
    }
    match (row.end, key) {
        (End::OtherKey, _) => {}
        (_, Some(key)) => check_certificate(talk, &issued, key),
        (_, None) => leads_to(&talk.place.ca.root, &issued.certificate, &issued.extra).expect("a chain"),
    }
    check_issued(row, &issued, &talk.log());
    if issued.encrypted_key.is_some() {
        match talk.open_key(&issued) {
            Ok(_) => {}
            Err(error) => return ends_badly(row, Err(error), &talk.log()),
        }
    }
    let polls = row.switches.split(',').any(|switch| switch.starts_with("poll=") || switch.starts_with("poll-whole="));
    assert_eq!(talk.waits > 0, polls, "{} waits: {}", talk.waits, talk.log());
    if row.end == End::Implicit {
        assert!(!talk.log().contains("certConf"));
        return;
    }
    let refused = match row {
        Row { end: End::OtherKey, .. } => Some((FailInfo::BadCertTemplate, "not for our key")),
        Row { act: Act::Reject, .. } => Some((FailInfo::IncorrectData, "not what we want")),
        _ => None,
    };
    let body = talk.exchange.confirm(&issued.certificate, refused).expect("certConf");
    let found = talk.until_decided(body);
    if let End::Error(_) | End::LateCheck(_) = row.end {
        return ends_badly(row, found, &talk.log());
    }
    assert_eq!(found, Ok(Reply::Confirmed), "{}", talk.log());
    if row.act == Act::Twice {
        talk.repeat();
    }
    let log = talk.log();
    match refused {
        Some((reason, text)) => {
            let line = format!("rejected by client: {} {text}", reason.name());
            assert!(log.contains(&line) && !log.contains("\nconfirmed "), "{log}");
        }
        None => assert!(log.contains("\nhash ok\nconfirmed "), "{log}"),
    }
}

fn check_issued(row: &Row, issued: &Issued, log: &str) {
    assert_eq!(issued.modified, row.end == End::Modified, "{log}");
    assert_eq!(issued.implicitly_confirmed, row.end == End::Implicit, "{log}");
    assert_eq!(issued.implicit_unasked, row.switches == "implicit-unasked", "{log}");
    let central = matches!(row.act, Act::KeyByCodes | Act::KeyBySignature(_));
    assert_eq!(issued.encrypted_key.is_some(), central, "{log}");
    // caPubs counts only where the codes protect it (RFC 9483 §4.1.1).
    let in_ip = !matches!(row.act, Act::Enrol(request::Kind::Cr | request::Kind::P10cr) | Act::Renew(_));
    let signs_itself = |switch: &str| switch.contains("sign") && !switch.starts_with("kga");
    let by_codes = !row.switches.split(',').any(|switch| signs_itself(switch) || switch == "no-ca-pubs");
    let signed = matches!(row.act, Act::KeyBySignature(_));
    assert_eq!(issued.ca_pubs.len(), usize::from(in_ip && by_codes && !signed), "{log}");
}

fn key_by_the_ca(talk: &mut Talk<'_>, row: &Row) {
    let subject = "CN=Alice,O=Chopmark Interop".parse().expect("a name");
    let body = key_by_ca(request::Kind::Ir, subject, Vec::new(), None).expect("a request");
    enrol(talk, row, body, None);
}

fn run_revocation(ca: &BouncyCastle, keys: &Keys, row: &Row) {
    let (key, scheme) = match row.act {
        Act::RevokeBySignature(scheme) => (keys.for_scheme(scheme), Some(scheme)),
        _ => (&keys.p256, None),
    };
    let holder = enrolled(ca, key, PBM);
    let voice = scheme.map_or(Voice::Codes(row.mac), |scheme| Voice::Holder(&holder, scheme));
    if row.act == Act::RevokeTwice {
        assert!(matches!(revoke(ca, "", voice, &holder).1, Ok(Reply::Revoked(_))));
    }
    let (talk, found) = revoke(ca, row.switches, voice, &holder);
    if row.end != End::Done {
        return ends_badly(row, found, &talk.log());
    }
    assert!(matches!(found, Ok(Reply::Revoked(_))), "{found:?}\n{}", talk.log());
    // keyCompromise is 1.
    assert!(talk.log().contains("\nrevoked ") && talk.log().contains(" reason 1\n"), "{}", talk.log());
    assert_eq!(talk.waits > 0, row.switches.contains("poll-whole"), "{}", talk.log());
}

fn revoke<'a>(
    ca: &'a BouncyCastle,
    switches: &str,
    voice: Voice<'a>,
    holder: &Holder<'_>,
) -> (Talk<'a>, Result<Reply, Error>) {
    let mut talk = Talk::begin(ca, switches, voice, false);
    let id = CertificateId::of(&holder.certificate).expect("a certificate");
    let found = talk.until_decided(revocation(&id, CrlReason::KeyCompromise).expect("rr"));
    (talk, found)
}

/// The end of a row that is no good end.
fn ends_badly(row: &Row, found: Result<Reply, Error>, log: &str) {
    match (row.end, found) {
        (End::Refused(reason), Ok(Reply::Refused(Refusal { reasons, in_error: false, .. }))) => {
            assert_eq!(reasons, [reason], "{log}");
        }
        (End::Error(reason), Ok(Reply::Refused(Refusal { reasons, in_error: true, certain, .. }))) => {
            assert_eq!(reasons, [reason], "{log}");
            // Where we speak with codes, only an answer under the codes is certain: a signature is that of any CA we trust.
            assert_eq!(certain, log.contains("mac ok") && !row.switches.contains("sign"), "{log}");
        }
        (End::Unprotected(reason), Err(Error::UnprotectedError(refusal))) => {
            assert_eq!(refusal.reasons, [reason], "{log}");
        }
        (End::Check(wanted) | End::LateCheck(wanted), Err(Error::Check { check, .. })) => {
            assert_eq!(check, wanted, "{log}");
            // Of a certificate that came in such an answer the CA hears nothing good.
            assert_eq!(log.contains("\nconfirmed "), matches!(row.end, End::LateCheck(_)), "{log}");
        }
        (End::NotDer, Err(Error::NotDer(_))) | (End::NoMessage, Err(Error::Decoding(_))) => {}
        (wanted, found) => panic!("{wanted:?} wanted, found {found:?}\n{log}"),
    }
}
