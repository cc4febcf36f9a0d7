//! `cmp-protocol` alone, with a key made beforehand, through whole transactions up to the acknowledgement.

use cmp_protocol::{
    Check, Error,
    exchange::{Exchange, Issued, Refusal, Reply},
    information,
    message::{Body, FailInfo},
    request::{self, CertificateId, CertificateRequest, Kind},
};
use der::Decode;
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::pkix::CrlReason;

use crate::{
    conformance::Table,
    estate::Estate,
    mock_ca::{MockCa, Release},
};

mod delivered;
mod rows;
mod talk;
mod words;

use talk::{By, Header, Talk};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Ask {
    /// A certificate for the key.
    Certificate(Kind),
    /// The same, with a kur that names another certificate as the old one.
    RenewAnother,
    /// A certificate with a key that the CA makes.
    KeyByCa,
    /// Revocation of the key's certificate.
    Revocation(CrlReason),
    /// Revocation of a certificate that the CA does not know.
    RevocationOfAnother,
    CaCertificates,
    RootUpdate,
    Template,
    Crl,
    /// Something that no CA knows.
    Unknown,
}

/// How a transaction is to end.
#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    /// Issued, certConf, pkiConf.
    Confirmed,
    /// The same, and the CA says that it changed something.
    Modified,
    /// Without certConf, because both sides wanted that.
    Implicit,
    /// Without certConf being asked for by us; sent all the same.
    ImplicitUnasked,
    /// Issued, rejected by our certConf, pkiConf.
    Rejected,
    /// We give up while the CA says wait; pkiConf.
    GivenUp,
    Revoked,
    /// The answer to a genm says what the estate holds.
    Answered,
    /// The answer to a genm says that there is nothing.
    Nothing,
    /// A protected rejection with these.
    Refused(&'static [FailInfo]),
    /// A protected error message.
    Error,
    /// An error without protection, which the exchange does not believe.
    Unprotected,
    /// An error whose MAC is not made with our code.
    Unverifiable,
    /// The answer fails this check.
    Fails(Check),
}

struct Row {
    section: &'static str,
    ask: Ask,
    /// A key of the estate.
    key: &'static str,
    by: By,
    /// The key of the estate that the server signs with; `None`: it uses the codes.
    signer: Option<&'static str>,
    /// What else the server is told.
    server: &'static [&'static str],
    code: &'static str,
    header: Header,
    /// First release that can do it; `None`: all.
    since: Option<(u32, u32)>,
    /// First release that does it otherwise; `None`: none.
    until: Option<(u32, u32)>,
    end: End,
}

/// Runs every row that a release can do.
pub(crate) fn rows(table: &Table, release: &Release, estate: &Estate) {
    let fits = |row: &&Row| {
        row.since.is_none_or(|since| release.has(since)) && !row.until.is_some_and(|until| release.has(until))
    };
    let rows: Vec<&Row> = rows::ROWS.iter().filter(fits).collect();
    table.rows(&rows, |row| row.line(), |row| row.run(release, estate));
}

/// The name of a signer's key.
fn signer_key(name: &str) -> &str {
    match name {
        "stranger" => "rsa",
        "chained-ec" => "ec",
        key => key,
    }
}

impl Row {
    fn run(&self, release: &Release, estate: &Estate) {
        let (certificate, key);
        let mut options = self.server.to_vec();
        if let Some(signer) = self.signer {
            certificate = format!("{{server-{signer}.crt}}");
            key = format!("{{{}.key}}", signer_key(signer));
            options.extend(["-srv_cert", &certificate, "-srv_key", &key, "-srv_trusted", "{ca.crt}"]);
        }
        let ca = MockCa::start(release, estate, self.key, &options);
        let header = Header { implicit_confirm: self.end == End::Implicit, ..self.header };
        let mut talk = Talk::begin(&ca, estate, self.by, self.code, header);
        let body = self.body(estate);
        if self.end == End::GivenUp {
            return give_up(&mut talk, body);
        }
        let reply = talk.until_decided(body);
        let polls = self.server.iter().position(|option| *option == "-poll_count").map(|at| self.server[at + 1]);
        let polls: usize = polls.map_or(0, |count| count.parse().expect("a number"));
        assert!(talk.waits >= polls, "{} waits: {}", talk.waits, ca.log());
        self.judge(estate, &mut talk, reply);
    }

    fn judge(&self, estate: &Estate, talk: &mut Talk<'_>, reply: Result<Reply, Error>) {
        match (self.end, reply) {
            (
                End::Confirmed | End::Modified | End::Rejected | End::Implicit | End::ImplicitUnasked,
                Ok(Reply::Issued(granted)),
            ) => self.take(estate, talk, &granted),
            (End::Revoked, Ok(Reply::Revoked(_))) => {}
            (End::Answered | End::Nothing, Ok(Reply::Information(found))) => self.informed(estate, &found),
            (End::Refused(reasons), Ok(Reply::Refused(Refusal { reasons: found, in_error: false, certain, .. }))) => {
                assert_eq!((found.as_slice(), certain), (reasons, true));
            }
            (End::Error, Ok(Reply::Refused(Refusal { in_error: true, .. }))) => {}
            (End::Unprotected, Err(Error::UnprotectedError(_))) => {}
            (End::Unverifiable, Err(Error::UnverifiableError(_))) => {}
            (End::Fails(wanted), Err(Error::Check { check, .. })) if check == wanted => {}
            (wanted, Ok(found)) => panic!("{wanted:?} wanted, found {found:?}\n{}", talk.ca.log()),
            (wanted, Err(error)) => panic!("{wanted:?} wanted, found {error}\n{}", talk.ca.log()),
        }
    }

    fn body(&self, estate: &Estate) -> Body {
        let own = || CertificateId::of(&estate.read(&format!("{}.der", self.key))).expect("a certificate");
        let another = || CertificateId { serial: vec![0x11, 0x22], ..own() };
        let ca = || "CN=Mock CA,O=Mock".parse().expect("a name");
        let name = || "CN=Alice,O=Mock".parse().expect("a name");
        let body = match self.ask {
            Ask::Certificate(Kind::Kur) => return self.request(estate, Kind::Kur, Some(own())),
            Ask::Certificate(kind) => return self.request(estate, kind, None),
            Ask::RenewAnother => return self.request(estate, Kind::Kur, Some(another())),
            Ask::KeyByCa => request::key_by_ca(Kind::Ir, name(), Vec::new(), None),
            Ask::Revocation(reason) => request::revocation(&own(), reason),
            Ask::RevocationOfAnother => request::revocation(&another(), CrlReason::Unspecified),
            Ask::CaCertificates => Ok(information::ask(information::CA_CERTS)),
            Ask::RootUpdate => information::ask_root_update(&estate.read("ca.der")),
            Ask::Template => Ok(information::ask(information::CERT_REQ_TEMPLATE)),
            Ask::Crl => information::ask_crl(ca(), None),
            Ask::Unknown => Ok(information::ask("1.3.6.1.4.1.99999.1".parse().expect("an OID"))),
        };
        body.expect("a body")
    }

    fn request(&self, estate: &Estate, kind: Kind, renews: Option<CertificateId>) -> Body {
        let public_key = SubjectPublicKeyInfoOwned::from_der(&estate.read(&format!("{}.pub", self.key)));
        let (public_key, subject) = (public_key.expect("a public key"), "CN=Alice,O=Mock".parse().expect("a name"));
        let request = CertificateRequest { kind, subject, public_key, extensions: Vec::new(), renews };
        let unsigned = request.draft().expect("a draft");
        let signature = estate.sign(self.key, unsigned.to_sign());
        unsigned.assemble(&signature).expect("OpenSSL's signature verifies")
    }

    /// The certificate, and what is to be said to it.
    fn take(&self, estate: &Estate, talk: &mut Talk<'_>, granted: &Issued) {
        assert_eq!(granted.certificate, estate.read(&format!("{}.der", self.key)));
        // OpenSSL sends caPubs with ip only, and they count only under the codes.
        let by_secret = self.signer.is_none();
        let ir = matches!(self.ask, Ask::Certificate(Kind::Ir));
        assert_eq!(granted.ca_pubs.len(), usize::from(by_secret && ir), "caPubs");
        assert!(granted.extra.contains(&estate.read("ca.der")), "the CA's certificate comes along");
        assert_eq!(granted.modified, self.end == End::Modified);
        assert_eq!(granted.implicitly_confirmed, self.end == End::Implicit);
        assert_eq!(granted.implicit_unasked, self.end == End::ImplicitUnasked);
        assert_eq!(granted.encrypted_key.is_some(), self.ask == Ask::KeyByCa, "a private key");
        if granted.encrypted_key.is_some() {
            delivered::check(estate, self.key, granted);
        }
        if self.end == End::Implicit {
            return;
        }
        let refused = (self.end == End::Rejected).then_some((FailInfo::BadCertTemplate, "not what was wanted"));
        let body = talk.exchange.confirm(&granted.certificate, refused).expect("certConf");
        // 3.3 and later want polling for the confirmation too.
        let confirmed = talk.until_decided(body);
        let log = talk.ca.log();
        assert_eq!(confirmed.unwrap_or_else(|error| panic!("{error}\n{log}")), Reply::Confirmed, "{log}");
        let rejected = log.contains("certificate rejected by client with PKIStatus: rejection");
        assert!(log.contains("sending PKICONF") && rejected == refused.is_some(), "{log}");
    }

    fn informed(&self, estate: &Estate, found: &[cmp_protocol::message::InfoTypeAndValue]) {
        let there = self.end == End::Answered;
        let ca = estate.read("ca.der");
        match self.ask {
            Ask::CaCertificates => {
                let wanted = if there { vec![ca] } else { Vec::new() };
                assert_eq!(information::ca_certificates(found).expect("certificates"), wanted);
            }
            Ask::RootUpdate => {
                let update = information::root_update(found).expect("an update");
                assert_eq!(update.is_some(), there);
                let der = |any: &der::Any| der::Encode::to_der(any).expect("DER");
                if let Some(update) = update {
                    assert_eq!(der(&update.new_with_new), estate.read("new-ca.der"));
                    assert_eq!(update.new_with_old.as_ref().map(der), Some(estate.read("new-with-old.der")));
                    assert_eq!(update.old_with_new.as_ref().map(der), Some(estate.read("old-with-new.der")));
                }
            }
            Ask::Template => {
                let template = information::certificate_request_template(found).expect("a template");
                assert_eq!(template.is_some(), there);
                if let Some(template) = template {
                    assert!(!template.keys().expect("kinds of keys").is_empty(), "{template:?}");
                }
            }
            Ask::Crl => {
                let crls = information::crls(found).expect("CRLs");
                assert_eq!(crls, if there { vec![estate.read("crl.der")] } else { Vec::new() });
            }
            _ => assert!(!there && found.iter().all(|info| info.info_value.is_none()), "{found:?}"),
        }
    }
}

fn give_up(talk: &mut Talk<'_>, body: Body) {
    let reply = talk.say(body).unwrap_or_else(|error| panic!("{error}\n{}", talk.ca.log()));
    assert!(matches!(reply, Reply::Wait { .. }), "{reply:?}");
    let reply = talk.say(Exchange::give_up("no more patience").expect("an error"));
    assert_eq!(reply.unwrap_or_else(|error| panic!("{error}\n{}", talk.ca.log())), Reply::Confirmed);
    assert!(talk.ca.log().contains("received ERROR"), "{}", talk.ca.log());
}
