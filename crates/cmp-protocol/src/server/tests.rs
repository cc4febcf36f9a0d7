//! Client and server side talk: what one says the other understands, and what does not fit is refused.

use const_oid::db::rfc5280;
use der::{Decode, Encode, asn1::OctetString};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::EncodePublicKey,
};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    TbsCertificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    ext::{Extension, pkix::CrlReason},
    name::Name,
    serial_number::SerialNumber,
    time::Validity,
};

use super::{information::Question, *};
use crate::{
    exchange::{Allowances, Exchange, Identity, Judge, Reply, Settings},
    information::{self as asked, KeySpec},
    message::{FailInfo, directory_name},
    request::{CertificateRequest, Kind, key_by_ca, revocation},
    signature::SignatureScheme,
};

const NOW: u64 = 1_795_000_000;

struct Counting(u8);

impl rand_core::TryRng for Counting {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Self::Error> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Self::Error> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), Self::Error> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(13).wrapping_add(7);
            *byte = self.0;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counting {}

/// A certificate with nothing but a key identifier.
struct Plain(Name);

impl BuilderProfile for Plain {
    fn get_issuer(&self, _: &Name) -> Name {
        self.0.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        key: spki::SubjectPublicKeyInfoRef<'_>,
        _: spki::SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let identifier = OctetString::new(&key.subject_public_key.raw_bytes()[..20])?;
        let extn_value = OctetString::new(identifier.to_der()?)?;
        Ok(vec![Extension { extn_id: rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, critical: false, extn_value }])
    }
}

/// Somebody with a key and a certificate.
struct Holder {
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Holder {
    fn new(name: &str, seed: u8) -> Holder {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let validity = Validity::from_now(std::time::Duration::from_secs(60)).unwrap();
        let serial = SerialNumber::new(&[seed, 1]).unwrap();
        let builder = CertificateBuilder::new(Plain(name.parse().unwrap()), serial, validity, public(&key)).unwrap();
        let certificate = builder.build::<_, DerSignature>(&key).unwrap().to_der().unwrap();
        Holder { key, certificate }
    }

    fn begin(&self) -> Exchange {
        let identity = Identity::Certificate { certificate: self.certificate.clone(), chain: Vec::new() };
        Exchange::begin(Settings { identity, ..Settings::default() }, &mut Counting(1)).unwrap()
    }

    fn write(&self, exchange: &mut Exchange, body: Body) -> Vec<u8> {
        let draft = exchange.draft(body, SignatureScheme::EcdsaP256Sha256, NOW, &mut Counting(2)).unwrap();
        let signature: DerSignature = self.key.sign(draft.to_sign());
        draft.assemble(signature.as_bytes()).unwrap()
    }

    fn answer(&self, incoming: &Incoming<'_>, body: Body) -> Vec<u8> {
        let draft =
            incoming.answer(body, &Name::default()).draft(&self.certificate, &[], NOW, &mut Counting(3)).unwrap();
        let signature: DerSignature = self.key.sign(draft.to_sign());
        draft.assemble(signature.as_bytes()).unwrap()
    }
}

fn public(key: &SigningKey) -> SubjectPublicKeyInfoOwned {
    let der = key.verifying_key().to_public_key_der().unwrap();
    SubjectPublicKeyInfoOwned::from_der(der.as_bytes()).unwrap()
}

/// What the other side answers, as the client reads it; it trusts this one certificate.
fn read(exchange: &mut Exchange, answer: &[u8], trusted: &Holder) -> Result<Reply> {
    let signer = |signer: &[u8], _: &[Vec<u8>]| match signer == trusted.certificate {
        true => Ok(()),
        false => Err("a stranger".to_owned()),
    };
    let judge = Judge { secret: None, signer: &signer, now: NOW, tolerance: 300, allow: Allowances::default() };
    exchange.read(answer, &judge)
}

#[test]
fn a_renewal_is_understood_and_its_answer_too() {
    let (alice, ca) = (Holder::new("CN=Alice", 9), Holder::new("CN=CA", 8));
    let mut exchange = alice.begin();
    let new = SigningKey::from_slice(&[7; 32]).unwrap();
    let old = CertificateId::of(&alice.certificate).unwrap();
    let request = CertificateRequest {
        kind: Kind::Kur,
        subject: "CN=Alice".parse().unwrap(),
        public_key: public(&new),
        extensions: Vec::new(),
        renews: Some(old.clone()),
    };
    let unsigned = request.draft().unwrap();
    let signature: DerSignature = new.sign(unsigned.to_sign());
    let bytes = alice.write(&mut exchange, unsigned.assemble(signature.as_bytes()).unwrap());

    let incoming = Incoming::parse(&bytes).unwrap();
    assert!(incoming.is_signed());
    let signer = incoming.verify_signature().unwrap();
    assert_eq!(signer, Signer { certificate: alice.certificate.clone(), others: Vec::new() });
    let Wish::Certificate(wanted) = incoming.wish().unwrap() else { panic!("no certificate wanted") };
    assert_eq!(
        (wanted.answer, wanted.renews, wanted.key),
        (AnswerKind::Kup, Some(old), WantedKey::Theirs(public(&new)))
    );

    let issued = issued(wanted.cert_req_id, &ca.certificate, Some("changed")).unwrap();
    let answer = ca.answer(&incoming, AnswerKind::Kup.body(issued, &[]).unwrap());
    let Reply::Issued(issued) = read(&mut exchange, &answer, &ca).unwrap() else { panic!("not issued") };
    assert_eq!((issued.certificate, issued.modified), (ca.certificate.clone(), true));
    assert!(read(&mut exchange, &answer, &alice).is_err(), "another signer is trusted");
}

#[test]
fn a_revocation_is_understood_and_may_wait_whole() {
    let (alice, ca) = (Holder::new("CN=Alice", 9), Holder::new("CN=CA", 8));
    let mut exchange = alice.begin();
    let id = CertificateId::of(&alice.certificate).unwrap();
    let bytes = alice.write(&mut exchange, revocation(&id, CrlReason::KeyCompromise).unwrap());
    let incoming = Incoming::parse(&bytes).unwrap();
    let wish = Wish::Revoke { certificate: Box::new(id.clone()), reason: CrlReason::KeyCompromise };
    assert_eq!(incoming.wish().unwrap(), wish);

    let answer = ca.answer(&incoming, wait_for_all("later"));
    let waits = read(&mut exchange, &answer, &ca).unwrap();
    assert_eq!(waits, Reply::Wait { check_after: None, text: Some("later".into()) });
    let poll = exchange.poll();
    let bytes = alice.write(&mut exchange, poll);
    let incoming = Incoming::parse(&bytes).unwrap();
    assert_eq!(incoming.wish().unwrap(), Wish::Poll { cert_req_id: -1 });
    let answer = ca.answer(&incoming, revoked(PkiStatusInfo::accepted(), &id).unwrap());
    assert!(matches!(read(&mut exchange, &answer, &ca).unwrap(), Reply::Revoked(_)));
}

#[test]
fn what_is_asked_is_answered() {
    let (alice, ca) = (Holder::new("CN=Alice", 9), Holder::new("CN=CA", 8));
    let template = asked::CertReqTemplate {
        cert_template: crate::crmf::CertTemplate::default(),
        key_spec: Some(information::key_spec(&[KeySpec::Rsa(3072)]).unwrap()),
    };
    let crl = ca.certificate.clone(); // Any DER will do: nobody looks into it here.
    let some_issuer = asked::ask_crl("CN=CA".parse().unwrap(), None).unwrap();
    let questions = [
        (asked::ask(asked::CA_CERTS), Question::CaCertificates, information::ca_certificates(&[]).unwrap()),
        (asked::ask(asked::CERT_REQ_TEMPLATE), Question::Template, information::template(Some(&template)).unwrap()),
        (asked::ask(asked::CURRENT_CRL), Question::CurrentCrl, information::current_crl(&crl).unwrap()),
        (
            asked::ask_root_update(&ca.certificate).unwrap(),
            Question::RootUpdate(Some(ca.certificate.clone())),
            information::root_update(None).unwrap(),
        ),
        (
            some_issuer,
            Question::Crls(vec![asked::CrlStatus {
                source: asked::CrlSource::Issuer(vec![directory_name("CN=CA".parse().unwrap())]),
                this_update: None,
            }]),
            information::crls(std::slice::from_ref(&crl)).unwrap(),
        ),
    ];
    for (body, expected, entry) in questions {
        let mut exchange = alice.begin();
        let bytes = alice.write(&mut exchange, body);
        let incoming = Incoming::parse(&bytes).unwrap();
        let Wish::Information(entries) = incoming.wish().unwrap() else { panic!("{expected:?}") };
        assert_eq!(information::question(&entries[0]).unwrap(), expected);
        let answer = ca.answer(&incoming, Body::Genp(vec![entry]));
        let Reply::Information(found) = read(&mut exchange, &answer, &ca).unwrap() else { panic!("{expected:?}") };
        match expected {
            Question::Template => {
                let found = asked::certificate_request_template(&found).unwrap().expect("a template");
                assert_eq!(found.keys().unwrap(), [KeySpec::Rsa(3072)]);
            }
            Question::RootUpdate(_) => assert_eq!(asked::root_update(&found).unwrap(), None),
            Question::CaCertificates => assert!(asked::ca_certificates(&found).unwrap().is_empty()),
            _ => assert_eq!(asked::crls(&found).unwrap(), std::slice::from_ref(&crl)),
        }
    }
}

#[test]
fn a_key_by_the_ca_needs_no_proof() {
    let alice = Holder::new("CN=Alice", 9);
    let kind = public(&alice.key).algorithm;
    for wanted in [None, Some(kind)] {
        let body = key_by_ca(Kind::Cr, "CN=Alice".parse().unwrap(), Vec::new(), wanted.clone()).unwrap();
        let bytes = alice.write(&mut alice.begin(), body);
        let Wish::Certificate(found) = Incoming::parse(&bytes).unwrap().wish().unwrap() else { panic!("no wish") };
        assert_eq!(found.key, WantedKey::ByCa(wanted));
    }
}

/// Sender and senderKID must name the certificate whose key signed.
#[test]
fn a_signer_who_calls_himself_another_is_refused() {
    let alice = Holder::new("CN=Alice", 9);
    let spoil: [fn(&mut PkiMessage); 2] = [
        |message| message.header.sender = directory_name("CN=Bob".parse().unwrap()),
        |message| message.header.sender_kid = OctetString::new(vec![1; 20]).ok(),
    ];
    for spoil in spoil {
        let bytes = alice.write(&mut alice.begin(), asked::ask(asked::CA_CERTS));
        let mut message = PkiMessage::parse(&bytes).unwrap();
        spoil(&mut message);
        let draft = sign_again(message).unwrap();
        let signature: DerSignature = alice.key.sign(draft.to_sign());
        let bytes = draft.assemble(signature.as_bytes()).unwrap();
        let refused = Incoming::parse(&bytes).unwrap().verify_signature();
        assert!(matches!(refused, Err(Error::Check { check: Check::Sender, .. })), "{refused:?}");
    }
}

#[test]
fn an_error_may_carry_a_number() {
    let Body::Error(error) = error_with_code(&[FailInfo::BadMessageCheck], "wrong", 3).unwrap() else { panic!() };
    assert_eq!(error.error_code.map(|code| code.decode_as::<i64>().unwrap()), Some(3));
}
