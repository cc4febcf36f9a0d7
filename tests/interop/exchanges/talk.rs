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
use x509_cert::name::Name;
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
    /// The key of the estate with this name, certified by the CA.
    Key(&'static str),
    /// The EC key with a certificate below an intermediate CA; with that one's certificate along, or without.
    Below { chain: bool },
    /// The EC key with a certificate of another CA.
    Stranger,
}

impl By {
    /// Name of the key and of the certificate in the estate.
    fn names(self) -> Option<(&'static str, &'static str)> {
        match self {
            By::Mac(_) => None,
            By::Key(name) => Some((name, name)),
            By::Below { .. } => Some(("ec", "chained-ec")),
            By::Stranger => Some(("ec", "stranger-ec")),
        }
    }
}

/// What a transaction asks for in its headers.
#[derive(Clone, Copy, Default)]
pub(super) struct Header {
    pub(super) implicit_confirm: bool,
    pub(super) cert_profile: Option<&'static str>,
    pub(super) null_recipient: bool,
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
    pub(super) fn begin(ca: &'a MockCa, estate: &'a Estate, by: By, code: &str, header: Header) -> Talk<'a> {
        let identity = match by.names() {
            None => Identity::Reference(REFERENCE.into()),
            Some((_, name)) => {
                let chain =
                    if by == (By::Below { chain: true }) { vec![estate.read("sub-ca.der")] } else { Vec::new() };
                Identity::Certificate { certificate: estate.read(&format!("{name}.der")), chain }
            }
        };
        let ca_name: Name = "CN=Mock CA,O=Mock".parse().expect("a name");
        let settings = Settings {
            identity,
            recipient: if header.null_recipient { Name::default() } else { ca_name },
            implicit_confirm: header.implicit_confirm,
            cert_profile: header.cert_profile.map(str::to_owned),
        };
        let exchange = Exchange::begin(settings, &mut rng()).expect("a transaction");
        let secret = SharedSecret::new(REFERENCE.as_bytes(), Zeroizing::new(code.into()));
        Talk { ca, exchange, waits: 0, estate, secret, by }
    }

    /// The message as it goes out.
    fn protected(&mut self, body: Body, now: u64) -> Result<Vec<u8>, Error> {
        match (self.by, self.by.names()) {
            (By::Mac(scheme), _) => {
                let mac = MacProtection::new(scheme, 500, &mut rng())?;
                self.exchange.write(body, &self.secret, &mac, now, &mut rng())
            }
            (_, names) => {
                let (key, _) = names.expect("a certificate");
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
        let signer = |certificate: &[u8], others: &[Vec<u8>]| estate.trusts(certificate, others);
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
