//! One transaction of `cmp-protocol` with the server: by codes or by certificate, saved and read again between messages.

use std::time::{SystemTime, UNIX_EPOCH};

use cmp_protocol::{
    Error,
    exchange::{Allowances, Exchange, Identity, Judge, Reply, Settings},
    message::Body,
    protection::{MacProtection, MacScheme, SharedSecret},
    signature::SignatureScheme,
};
use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoOwned;
use zeroize::Zeroizing;

use crate::{
    estate::Estate,
    mock_ca::{MockCa, REFERENCE},
};

/// Who protects the client's messages.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum By {
    /// The codes.
    Mac(MacScheme),
    /// The key of the estate with this name.
    Key(&'static str),
}

pub(super) struct Talk<'a> {
    pub(super) ca: &'a MockCa,
    pub(super) exchange: Exchange,
    /// How often the server said "later".
    pub(super) waits: usize,
    estate: &'a Estate,
    secret: SharedSecret,
    by: By,
}

pub(super) fn rng() -> impl rand_core::CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

impl<'a> Talk<'a> {
    pub(super) fn begin(ca: &'a MockCa, estate: &'a Estate, by: By, code: &str, implicit_confirm: bool) -> Talk<'a> {
        let identity = match by {
            By::Mac(_) => Identity::Reference(REFERENCE.into()),
            By::Key(key) => {
                let certificate = estate.read(&format!("{}.der", key));
                Identity::Certificate { certificate, chain: vec![estate.read("ca.der")] }
            }
        };
        let recipient = "CN=Mock CA,O=Mock".parse().expect("a name");
        let settings = Settings { identity, recipient, implicit_confirm, cert_profile: None };
        let exchange = Exchange::begin(settings, &mut rng()).expect("a transaction");
        let secret = SharedSecret::new(REFERENCE.as_bytes(), Zeroizing::new(code.into()));
        Talk { ca, exchange, waits: 0, estate, secret, by }
    }

    /// The message as it goes out.
    fn protected(&mut self, body: Body, now: u64) -> Result<Vec<u8>, Error> {
        match self.by {
            By::Mac(scheme) => {
                let mac = MacProtection::new(scheme, 500, &mut rng())?;
                self.exchange.write(body, &self.secret, &mac, now, &mut rng())
            }
            By::Key(key) => {
                let public = SubjectPublicKeyInfoOwned::from_der(&self.estate.read(&format!("{key}.pub")));
                let scheme = SignatureScheme::for_key(&public.expect("a public key"))?;
                let draft = self.exchange.draft(body, scheme, now, &mut rng())?;
                let signature = self.estate.sign(key, draft.to_sign());
                draft.assemble(&signature)
            }
        }
    }

    /// Says it and reads the answer.
    pub(super) fn say(&mut self, body: Body) -> Result<Reply, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        let message = self.protected(body, now)?;
        // As the journal does it between any two messages.
        self.exchange = Exchange::from_der(&self.exchange.to_der().expect("DER")).expect("the exchange again");
        let answer = self.ca.post(&message);
        let secret = matches!(self.by, By::Mac(_)).then_some(&self.secret);
        let estate = self.estate;
        let signer = |certificate: &[u8], _: &[Vec<u8>]| estate.trusts(certificate);
        let judge = Judge { secret, signer: &signer, now, tolerance: 60, allow: Allowances::default() };
        self.exchange.read(&answer, &judge)
    }

    /// Says it, and polls as long as the server wants that (it counts polls; it does not look at the clock).
    pub(super) fn until_decided(&mut self, body: Body) -> Result<Reply, Error> {
        let mut reply = self.say(body)?;
        for _ in 0..10 {
            let Reply::Wait { .. } = reply else { return Ok(reply) };
            self.waits += 1;
            let poll = self.exchange.poll();
            reply = self.say(poll)?;
        }
        panic!("still waiting: {}", self.ca.log())
    }
}
