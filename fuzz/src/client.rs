//! A client with fixed codes, key, clock and randomness, stopped at each point where it waits for an answer.

use std::sync::LazyLock;

use cmp_protocol::{
    exchange::{Allowances, Exchange, Identity, Judge, Reply, Settings},
    information,
    message::{Body, PkiMessage, PkiStatusInfo},
    protection::{Hash, MacProtection, MacScheme, SharedSecret, Unprotected},
    request::{self, CertificateId, CertificateRequest, Kind},
    server::{self, Incoming, Wish},
    signature::SignatureScheme,
};
use der::{Any, Decode, asn1::OctetString};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    pkcs8::{DecodePrivateKey, EncodePublicKey},
};
use x509_cert::ext::pkix::CrlReason;
use zeroize::Zeroizing;

/// The client's clock, seconds since 1970.
pub const NOW: u64 = 1_795_000_000;
/// A certificate as the CA would issue it: the answer of one of the vectors carries it.
const ISSUED: &[u8] = include_bytes!("../../tests/vectors/messages/ir.rsp1.der");

/// The certificate of the client that signs, and of the CA that signs; keys on P-256.
const OURS: &[u8] = include_bytes!("../../crates/cmp-protocol/src/key_delivery/testdata/eeP256.crt.der");
const OUR_KEY: &[u8] = include_bytes!("../../crates/cmp-protocol/src/key_delivery/testdata/eeP256.key.der");
const THEIRS: &[u8] = include_bytes!("../../crates/cmp-protocol/src/key_delivery/testdata/kga.crt.der");
const THEIR_KEY: &[u8] = include_bytes!("../../crates/cmp-protocol/src/key_delivery/testdata/kga.key.der");

/// Randomness that is the same in every run, so that a finding can be seen again.
pub struct Fixed(pub u8);

impl rand_core::TryRng for Fixed {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(13).wrapping_add(7);
            *byte = self.0;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Fixed {}

/// The two codes of the client. Not those of the vectors: no seed is accepted as it is.
pub fn secret() -> SharedSecret {
    SharedSecret::new(b"4711", Zeroizing::new(b"only the harness knows".to_vec()))
}

/// The cheapest MAC that is accepted.
pub fn mac() -> MacProtection {
    MacProtection::new(MacScheme::password_based(Hash::Sha256), 100, &mut Fixed(3)).expect("within the bounds")
}

/// Where the client stands.
pub struct State {
    /// What it has done.
    pub name: &'static str,
    /// It.
    pub exchange: Exchange,
    /// The nonce that the answer has to repeat.
    pub nonce: OctetString,
    /// Signs its messages, and has no codes.
    pub signs: bool,
}

/// Every point at which a client waits for an answer.
pub static STATES: LazyLock<Vec<State>> = LazyLock::new(|| {
    let codes = |name, body| State::after(name, Client::new(false), body);
    let signs = |name, body| State::after(name, Client::new(true), body);
    vec![
        codes("ir sent", certificate(Kind::Ir)),
        codes("cr sent", certificate(Kind::Cr)),
        codes("kur sent", certificate(Kind::Kur)),
        codes("p10cr sent", certificate(Kind::P10cr)),
        codes("ir sent, the CA makes the key", key_by_ca()),
        codes("rr sent", revocation()),
        codes("genm sent", information::ask(information::CERT_REQ_TEMPLATE)),
        polled("pollReq sent after ir", Kind::Ir),
        polled("pollReq sent after p10cr", Kind::P10cr),
        confirmed(),
        signs("kur sent, signed", certificate(Kind::Kur)),
        signs("rr sent, signed", revocation()),
        signs("genm sent, signed", information::ask(information::CA_CERTS)),
    ]
});

impl State {
    fn after(name: &'static str, mut client: Client, body: Body) -> State {
        let sent = client.send(body);
        let nonce = PkiMessage::parse(&sent).expect("our own message").header.sender_nonce.expect("a nonce");
        State { name, exchange: client.exchange, nonce, signs: client.signs }
    }

    /// The client of this state, to go on with.
    pub fn client(&self) -> Client {
        Client { exchange: self.exchange.clone(), signs: self.signs }
    }
}

/// A client in the middle of an exchange.
pub struct Client {
    /// The exchange.
    pub exchange: Exchange,
    signs: bool,
}

impl Client {
    fn new(signs: bool) -> Client {
        let identity = match signs {
            true => Identity::Certificate { certificate: OURS.to_vec(), chain: Vec::new() },
            false => Identity::Reference(b"4711".to_vec()),
        };
        let settings = Settings { identity, implicit_confirm: true, ..Settings::default() };
        Client { exchange: Exchange::begin(settings, &mut Fixed(1)).expect("an exchange"), signs }
    }

    /// Makes the next message.
    pub fn send(&mut self, body: Body) -> Vec<u8> {
        let made = if self.signs {
            let draft = self.exchange.draft(body, SignatureScheme::EcdsaP256Sha256, NOW, &mut Fixed(2));
            draft.and_then(|draft| sign(draft, OUR_KEY))
        } else {
            self.exchange.write(body, &secret(), &mac(), NOW, &mut Fixed(2))
        };
        made.expect("what the client makes can be encoded")
    }

    /// Gets an answer, as the job would.
    pub fn read(&mut self, bytes: &[u8]) -> cmp_protocol::Result<Reply> {
        let secret = (!self.signs).then(secret);
        let signer = |signer: &[u8], _: &[Vec<u8>]| {
            if signer == THEIRS { Ok(()) } else { Err("nobody else is trusted here".to_owned()) }
        };
        let allow = Allowances::default();
        self.exchange.read(bytes, &Judge { secret: secret.as_ref(), signer: &signer, now: NOW, tolerance: 300, allow })
    }
}

/// The message as the CA would sign it: its certificate first in extraCerts.
pub fn signed_by_ca(mut message: PkiMessage) -> Option<Vec<u8>> {
    let certificate = Any::from_der(THEIRS).expect("a certificate");
    message.extra_certs.get_or_insert_default().insert(0, certificate);
    sign(server::sign_again(message).ok()?, THEIR_KEY).ok()
}

fn sign(message: Unprotected, key: &[u8]) -> cmp_protocol::Result<Vec<u8>> {
    let key = SigningKey::from_pkcs8_der(key).expect("a key");
    let signature: DerSignature = key.sign(message.to_sign());
    message.assemble(signature.as_bytes())
}

fn certificate(kind: Kind) -> Body {
    let key = SigningKey::from_slice(&[9; 32]).expect("a scalar");
    let public = key.verifying_key().to_public_key_der().expect("a key");
    let public_key = spki::SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).expect("a key");
    let subject = "CN=Alice".parse().expect("a name");
    let renews = (kind == Kind::Kur).then(|| CertificateId::of(OURS).expect("a certificate"));
    let request = CertificateRequest { kind, subject, public_key, extensions: Vec::new(), renews };
    let unsigned = request.draft().expect("a draft");
    let signature: DerSignature = key.sign(unsigned.to_sign());
    unsigned.assemble(signature.as_bytes()).expect("a request")
}

fn key_by_ca() -> Body {
    request::key_by_ca(Kind::Ir, "CN=Alice".parse().expect("a name"), Vec::new(), None).expect("a request")
}

fn revocation() -> Body {
    let id = CertificateId::of(OURS).expect("a certificate");
    request::revocation(&id, CrlReason::KeyCompromise).expect("a request")
}

fn answer(to: &[u8], body: impl FnOnce(i64, server::AnswerKind) -> Body) -> Vec<u8> {
    let incoming = Incoming::parse(to).expect("our own message");
    let Wish::Certificate(wanted) = incoming.wish().expect("our own wish") else { panic!("no certificate wanted") };
    let body = body(wanted.cert_req_id, wanted.answer);
    let ca = "CN=Test CA".parse().expect("a name");
    incoming.answer(body, &ca).encode(Some((&secret(), &mac())), NOW, &mut Fixed(4)).expect("an answer")
}

fn polled(name: &'static str, kind: Kind) -> State {
    let mut client = Client::new(false);
    let sent = client.send(certificate(kind));
    let waiting =
        answer(&sent, |id, kind| kind.body(server::not_issued(id, PkiStatusInfo::waiting()), &[]).expect("a body"));
    assert!(matches!(client.read(&waiting), Ok(Reply::Wait { .. })));
    let poll = client.exchange.poll();
    State::after(name, client, poll)
}

fn confirmed() -> State {
    let mut client = Client::new(false);
    let sent = client.send(certificate(Kind::Ir));
    let vector = PkiMessage::parse(ISSUED).expect("a vector");
    let issued = answer(&sent, |_, _| vector.body.clone());
    let Ok(Reply::Issued(issued)) = client.read(&issued) else { panic!("the vector issues a certificate") };
    let confirmation = client.exchange.confirm(&issued.certificate, None).expect("a confirmation");
    State::after("certConf sent", client, confirmation)
}
