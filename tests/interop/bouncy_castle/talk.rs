//! One transaction of `cmp-protocol` with the CA.

use std::time::{SystemTime, UNIX_EPOCH};

use cmp_protocol::{
    Error,
    exchange::{Allowances, Exchange, Identity, Issued, Judge, Reply, Settings},
    key_delivery::{ContentKey, DeliveredKey, Envelope, Padding, Recipient},
    message::Body,
    protection::{MacProtection, MacScheme, SharedSecret},
    request::{CertificateId, CertificateRequest, Kind},
    signature::SignatureScheme,
};
use der::{Decode, Encode, asn1::BitString};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{
    BouncyCastle, CODE, Place, REFERENCE,
    keys::{Key, leads_to, may_answer, may_make_keys},
};

/// Who speaks.
#[derive(Clone, Copy)]
pub(super) enum Voice<'a> {
    Codes(MacScheme),
    Holder(&'a Holder<'a>, SignatureScheme),
}

/// A key with the certificate that the CA gave for it.
pub(super) struct Holder<'a> {
    pub(super) key: &'a Key,
    pub(super) certificate: Vec<u8>,
    pub(super) chain: Vec<Vec<u8>>,
}

pub(super) struct Talk<'a> {
    pub(super) place: Place<'a>,
    pub(super) exchange: Exchange,
    voice: Voice<'a>,
    secret: SharedSecret,
    allow: Allowances,
    pub(super) waits: usize,
    last: (Vec<u8>, Vec<u8>),
}

pub(super) fn rng() -> impl rand_core::CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

impl<'a> Talk<'a> {
    pub(super) fn begin(ca: &'a BouncyCastle, switches: &str, voice: Voice<'a>, implicit_confirm: bool) -> Talk<'a> {
        let identity = match voice {
            Voice::Codes(_) => Identity::Reference(REFERENCE.into()),
            Voice::Holder(holder, _) => {
                Identity::Certificate { certificate: holder.certificate.clone(), chain: holder.chain.clone() }
            }
        };
        Talk::of(ca, switches, voice, identity, implicit_confirm)
    }

    /// Under another reference than the CA has.
    pub(super) fn begin_as(ca: &'a BouncyCastle, switches: &str, reference: &str, mac: MacScheme) -> Talk<'a> {
        Talk::of(ca, switches, Voice::Codes(mac), Identity::Reference(reference.into()), false)
    }

    fn of(
        ca: &'a BouncyCastle,
        switches: &str,
        voice: Voice<'a>,
        identity: Identity,
        implicit_confirm: bool,
    ) -> Talk<'a> {
        let recipient = "CN=Interop Issuing,O=Chopmark Interop".parse().expect("a name");
        let settings = Settings { identity, recipient, implicit_confirm, cert_profile: None };
        let exchange = Exchange::begin(settings, &mut rng()).expect("a transaction");
        let secret = SharedSecret::new(REFERENCE.as_bytes(), Zeroizing::new(CODE.into()));
        let (place, allow) = (ca.place(switches), Allowances::default());
        Talk { place, exchange, voice, secret, allow, waits: 0, last: Default::default() }
    }

    pub(super) fn allow(mut self, allow: Allowances) -> Talk<'a> {
        self.allow = allow;
        self
    }

    /// Another code, or another reference, than the CA has.
    pub(super) fn with_secret(mut self, reference: &str, code: &str) -> Talk<'a> {
        self.secret = SharedSecret::new(reference.as_bytes(), Zeroizing::new(code.into()));
        self
    }

    pub(super) fn say(&mut self, body: Body) -> Result<Reply, Error> {
        let now = now();
        let message = match self.voice {
            Voice::Codes(scheme) => {
                let mac = MacProtection::new(scheme, 500, &mut rng())?;
                self.exchange.write(body, &self.secret, &mac, now, &mut rng())?
            }
            Voice::Holder(holder, scheme) => {
                let draft = self.exchange.draft(body, scheme, now, &mut rng())?;
                let signature = holder.key.sign(scheme, draft.to_sign());
                draft.assemble(&signature)?
            }
        };
        // As the journal does it between any two messages.
        self.exchange = Exchange::from_der(&self.exchange.to_der().expect("DER")).expect("the exchange again");
        let answer = self.place.post(&message);
        self.last = (message, answer);
        let root = &self.place.ca.root;
        let signer = |certificate: &[u8], others: &[Vec<u8>]| may_answer(root, certificate, others);
        let secret = matches!(self.voice, Voice::Codes(_)).then_some(&self.secret);
        let judge = Judge { secret, signer: &signer, now, tolerance: 60, allow: self.allow };
        self.exchange.read(&self.last.1, &judge)
    }

    /// The last message once more: the CA must see that it is the same, and answer the same.
    pub(super) fn repeat(&self) {
        assert_eq!(self.place.post(&self.last.0), self.last.1);
        assert!(self.log().contains("repeated"), "{}", self.log());
    }

    /// Says it, and polls as long as the CA wants that (it counts polls; it does not look at the clock).
    pub(super) fn until_decided(&mut self, body: Body) -> Result<Reply, Error> {
        let mut reply = self.say(body)?;
        for _ in 0..10 {
            let Reply::Wait { check_after, .. } = reply else { return Ok(reply) };
            assert!(check_after.is_none_or(|seconds| seconds == 1), "checkAfter {check_after:?}");
            self.waits += 1;
            let poll = self.exchange.poll();
            reply = self.say(poll)?;
        }
        panic!("still waiting: {}", self.log())
    }

    /// Opens a key that the CA has made, up to the check that it fits the certificate.
    pub(super) fn open_key(&self, issued: &Issued) -> Result<DeliveredKey, Error> {
        let envelope = Envelope::parse(issued.encrypted_key.as_ref().expect("a key"))?;
        let key = match self.voice {
            Voice::Codes(_) => envelope.content_key(&self.secret)?,
            Voice::Holder(holder, _) => match envelope.recipient(&holder.certificate)? {
                Recipient::Transport(transport) => {
                    let oaep =
                        ["-decrypt", "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-in"];
                    let options = if transport.padding() == Padding::Pkcs1 { &["-decrypt", "-in"][..] } else { &oaep };
                    ContentKey::new(Zeroizing::new(holder.key.unlock(options, transport.encrypted())))
                }
                Recipient::Agreement(agreement) => {
                    let subject_public_key = BitString::from_bytes(agreement.point()).expect("a point");
                    let theirs = SubjectPublicKeyInfoOwned { subject_public_key, ..holder.key.public.clone() };
                    let theirs = theirs.to_der().expect("DER");
                    agreement.content_key(&holder.key.unlock(&["-derive", "-peerform", "DER", "-peerkey"], &theirs))?
                }
                _ => panic!("neither: {}", self.log()),
            },
        };
        let root = &self.place.ca.root;
        let judge = |signer: &[u8], others: &[Vec<u8>]| may_make_keys(root, signer, others);
        envelope.open(&key)?.verify(&issued.certificate, &issued.extra, &judge)
    }

    pub(super) fn log(&self) -> String {
        self.place.log()
    }
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// A request for a certificate, signed by its key.
pub(super) fn request(kind: Kind, key: &Key, renews: Option<&[u8]>) -> Body {
    // RFC 9483 §4.1.3: an update keeps the subject, and says which certificate it updates.
    let subject = match renews {
        Some(old) => Certificate::from_der(old).expect("a certificate").tbs_certificate().subject().clone(),
        None => "CN=Alice,O=Chopmark Interop".parse().expect("a name"),
    };
    let renews = renews.map(|old| CertificateId::of(old).expect("a certificate"));
    let public_key = key.public.clone();
    let wanted = CertificateRequest { kind, subject, public_key, extensions: Vec::new(), renews };
    let unsigned = wanted.draft().expect("a draft");
    let signature = key.sign(unsigned.scheme(), unsigned.to_sign());
    unsigned.assemble(&signature).expect("OpenSSL's signature verifies")
}

/// A certificate for the key, got without difficulties.
pub(super) fn enrolled<'a>(ca: &'a BouncyCastle, key: &'a Key, mac: MacScheme) -> Holder<'a> {
    let mut talk = Talk::begin(ca, "", Voice::Codes(mac), false);
    let Ok(Reply::Issued(issued)) = talk.say(request(Kind::Ir, key, None)) else { panic!("{}", talk.log()) };
    check_certificate(&talk, &issued, key);
    let body = talk.exchange.confirm(&issued.certificate, None).expect("certConf");
    assert_eq!(talk.say(body), Ok(Reply::Confirmed), "{}", talk.log());
    let mut chain = issued.extra;
    chain.retain(|other| *other != issued.certificate);
    Holder { key, certificate: issued.certificate, chain }
}

/// It is for our key, and OpenSSL finds the way to the root.
pub(super) fn check_certificate(talk: &Talk<'_>, issued: &Issued, key: &Key) {
    let certificate = Certificate::from_der(&issued.certificate).expect("a certificate");
    assert_eq!(*certificate.tbs_certificate().subject_public_key_info(), key.public, "{}", talk.log());
    let root = &talk.place.ca.root;
    leads_to(root, &issued.certificate, &issued.extra).unwrap_or_else(|error| panic!("{error}\n{}", talk.log()));
}
