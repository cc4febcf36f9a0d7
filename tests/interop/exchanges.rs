//! `cmp-protocol` alone, with a key made beforehand, through whole transactions up to the acknowledgement.

use std::time::{SystemTime, UNIX_EPOCH};

use cmp_protocol::{
    Error,
    exchange::{Allowances, Exchange, Identity, Issued as Granted, Judge, Refusal, Reply, Settings},
    message::{Body, FailInfo},
    protection::{Hash, MacProtection, MacScheme, SharedSecret},
    request::{CertificateRequest, Kind},
};
use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoOwned;
use zeroize::Zeroizing;

use crate::{
    conformance::{Line, Table},
    mock_ca::{CODE, Issued, MockCa, REFERENCE, Release, words},
};

const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const POLLING: &[&str] = &["-poll_count", "2", "-check_after", "1"];
const SHA1: MacScheme = MacScheme::PasswordBased { owf: Hash::Sha1, mac: Hash::Sha1 };
const SHA256: MacScheme = MacScheme::PasswordBased { owf: Hash::Sha256, mac: Hash::Sha256 };
const SHA512: MacScheme = MacScheme::PasswordBased { owf: Hash::Sha512, mac: Hash::Sha512 };
/// What the OpenSSL client does of itself.
const MIXED: MacScheme = MacScheme::PasswordBased { owf: Hash::Sha256, mac: Hash::Sha1 };

/// How a transaction is to end.
#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    /// pkiConf.
    Confirmed,
    /// Without certConf, because both sides wanted that.
    Implicit,
    /// A protected rejection with this failInfo.
    Refused(FailInfo),
    /// A protected error message.
    Error,
    /// An error without protection, which the exchange does not believe.
    Unprotected,
}

struct Row {
    section: &'static str,
    kind: Kind,
    key: &'static [&'static str],
    mac: MacScheme,
    server: &'static [&'static str],
    end: End,
}

const fn row(
    section: &'static str,
    kind: Kind,
    key: &'static [&'static str],
    mac: MacScheme,
    server: &'static [&'static str],
) -> Row {
    Row { section, kind, key, mac, server, end: End::Confirmed }
}

const fn no(section: &'static str, server: &'static [&'static str], end: End) -> Row {
    Row { section, kind: Kind::Ir, key: EC, mac: SHA256, server, end }
}

const ROWS: &[Row] = &[
    row("4.1.1", Kind::Ir, EC, SHA256, &[]),
    row("4.1.1", Kind::Ir, RSA, SHA256, &[]),
    row("4.1.5", Kind::Ir, EC, SHA512, &[]),
    row("4.1.5", Kind::Ir, EC, SHA1, &[]),
    row("4.1.5", Kind::Ir, EC, MIXED, &[]),
    row("4.4", Kind::Ir, EC, SHA256, POLLING),
    row("4.1.2", Kind::Cr, EC, SHA256, &[]),
    row("4.4", Kind::Cr, RSA, SHA512, POLLING),
    row("4.1.4", Kind::P10cr, EC, SHA256, &[]),
    row("4.1.4", Kind::P10cr, RSA, SHA1, &[]),
    row("4.4", Kind::P10cr, EC, SHA256, POLLING),
    no("4.1.1", &["-grant_implicitconf"], End::Implicit),
    no("4.1.1", &["-pkistatus", "2", "-failure", "2"], End::Refused(FailInfo::BadRequest)),
    no("4.1.1", &["-pkistatus", "2", "-failure", "19"], End::Refused(FailInfo::BadCertTemplate)),
    no("4.1.1", &["-pkistatus", "2", "-failure", "23"], End::Refused(FailInfo::NotAuthorized)),
    no("3.6", &["-send_error"], End::Error),
    no("3.6", &["-send_error", "-send_unprot_err"], End::Unprotected),
];

/// Runs every row against a release.
pub(crate) fn rows(table: &Table, release: &Release) {
    let (ec, rsa) = (Issued::new(EC), Issued::new(RSA));
    table.rows(ROWS, line, |row| {
        let what = format!("{:?} {:?} {:?} {:?}", row.kind, row.key, row.mac, row.server);
        run(release, if row.key == EC { &ec } else { &rsa }, row, &what);
    });
}

fn line(row: &Row) -> Line {
    let key = if row.key == EC { "EC P-256" } else { "RSA 2048" };
    let MacScheme::PasswordBased { owf, mac } = row.mac else { unreachable!("OpenSSL has no PBMAC1") };
    Line {
        section: row.section,
        operation: format!("{:?}", row.kind).to_lowercase(),
        options: format!("{key}, PBM with {} and HMAC-{}{}", hash(owf), hash(mac), words(row.server)),
        expected: match row.end {
            End::Confirmed => "issued and confirmed".to_owned(),
            End::Implicit => "issued, no confirmation".to_owned(),
            End::Refused(reason) => format!("refused: {}", reason.name()),
            End::Error => "refused in an error message".to_owned(),
            End::Unprotected => "the error is not believed".to_owned(),
        },
    }
}

fn hash(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
        Hash::Sha384 => "SHA-384",
        Hash::Sha512 => "SHA-512",
    }
}

fn run(release: &Release, issued: &Issued, row: &Row, what: &str) {
    let ca = MockCa::start(release, issued, row.server);
    let mut talk = Talk::begin(&ca, row);
    let body = request(issued, row.kind);
    let polling = row.server.contains(&"-poll_count");
    match (row.end, talk.until_decided(body)) {
        (End::Confirmed, Ok(Reply::Issued(granted))) => {
            check_certificate(issued, &granted, row.kind, what);
            assert!(!granted.implicitly_confirmed, "{what}");
            assert_eq!(talk.waits >= 2, polling, "{what}: {} waits", talk.waits);
            let body = talk.exchange.confirm(&granted.certificate, None).expect("certConf");
            // 3.3 and later want polling for the confirmation too.
            let confirmed = talk.until_decided(body);
            assert_eq!(
                confirmed.unwrap_or_else(|error| panic!("{what}: {error}\n{}", ca.log())),
                Reply::Confirmed,
                "{what}"
            );
            let log = ca.log();
            assert!(log.contains("sending PKICONF") && !log.contains("rejected by client"), "{what}: {log}");
        }
        (End::Implicit, Ok(Reply::Issued(granted))) => {
            check_certificate(issued, &granted, row.kind, what);
            assert!(granted.implicitly_confirmed, "{what}");
        }
        (End::Refused(reason), Ok(Reply::Refused(Refusal { reasons, in_error: false, .. }))) => {
            assert_eq!(reasons, [reason], "{what}");
        }
        (End::Error, Ok(Reply::Refused(Refusal { in_error: true, .. }))) => {}
        (End::Unprotected, Err(Error::UnprotectedError(_))) => {}
        (wanted, Ok(found)) => panic!("{what}: {wanted:?} wanted, found {found:?}\n{}", ca.log()),
        (wanted, Err(error)) => panic!("{what}: {wanted:?} wanted, found {error}\n{}", ca.log()),
    }
}

fn check_certificate(issued: &Issued, granted: &Granted, kind: Kind, what: &str) {
    assert_eq!(granted.certificate, issued.read("ee.der"), "{what}");
    // OpenSSL sends caPubs with ip only.
    let wanted = (usize::from(kind == Kind::Ir), 1);
    assert_eq!((granted.ca_pubs.len(), granted.extra.len()), wanted, "{what}: the CA's certificate comes along");
}

fn request(issued: &Issued, kind: Kind) -> Body {
    let public_key = SubjectPublicKeyInfoOwned::from_der(&issued.read("public.der")).expect("a public key");
    let subject = "CN=Alice,O=Mock".parse().expect("a name");
    let unsigned = CertificateRequest { kind, subject, public_key, extensions: Vec::new(), renews: None }
        .draft()
        .expect("a draft");
    let signature = issued.sign(unsigned.to_sign());
    unsigned.assemble(&signature).expect("OpenSSL's signature verifies")
}

/// One transaction with the server.
struct Talk<'a> {
    ca: &'a MockCa,
    exchange: Exchange,
    secret: SharedSecret,
    mac: MacScheme,
    waits: usize,
}

fn rng() -> impl rand_core::CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

impl Talk<'_> {
    fn begin<'a>(ca: &'a MockCa, row: &Row) -> Talk<'a> {
        let settings = Settings {
            identity: Identity::Reference(REFERENCE.into()),
            recipient: "CN=Mock CA,O=Mock".parse().expect("a name"),
            implicit_confirm: row.end == End::Implicit,
            cert_profile: None,
        };
        let exchange = Exchange::begin(settings, &mut rng()).expect("a transaction");
        let secret = SharedSecret::new(REFERENCE.as_bytes(), Zeroizing::new(CODE.into()));
        Talk { ca, exchange, secret, mac: row.mac, waits: 0 }
    }

    fn say(&mut self, body: Body) -> Result<Reply, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        let mac = MacProtection::new(self.mac, 500, &mut rng())?;
        let message = self.exchange.write(body, &self.secret, &mac, now, &mut rng())?;
        // As the journal does it between any two messages.
        self.exchange = Exchange::from_der(&self.exchange.to_der().expect("DER")).expect("the exchange again");
        let answer = self.ca.post(&message);
        let nobody = |_: &[u8], _: &[Vec<u8>]| Err("no signer is known here".to_owned());
        let judge =
            Judge { secret: Some(&self.secret), signer: &nobody, now, tolerance: 60, allow: Allowances::default() };
        self.exchange.read(&answer, &judge)
    }

    /// Says it, and polls as long as the server wants that (it counts polls; it does not look at the clock).
    fn until_decided(&mut self, body: Body) -> Result<Reply, Error> {
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
