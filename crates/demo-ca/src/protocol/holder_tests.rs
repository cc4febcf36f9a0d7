//! The holder of a certificate comes back: to renew, to revoke, to ask. With a clock of its own, without HTTP.

use cmp_protocol::{
    exchange::{Allowances, Exchange, Identity, Issued, Judge, Reply as Read, Settings},
    information,
    message::PkiMessage,
    protection::{Hash, MacProtection, MacScheme},
    request::{CertificateId, CertificateRequest, Kind, revocation},
    signature::SignatureScheme,
};
use der::{Decode, Encode};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    elliptic_curve::Generate,
    pkcs8::EncodePublicKey,
};
use tempfile::TempDir;
use x509_cert::{Certificate, crl::CertificateList, ext::pkix::CrlReason, name::Name};

use super::*;
use crate::{Invitation, Terms, invite, issued, rng};

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

/// A CA with one invitation, reference "1".
struct Bench {
    ca: Ca,
    folder: TempDir,
}

/// Who speaks: the codes, or a key with its certificate.
enum Speaker<'a> {
    Codes(&'a str),
    Holder(&'a SigningKey, &'a [u8]),
}

/// One transaction.
struct Talk<'a> {
    bench: &'a Bench,
    speaker: Speaker<'a>,
    exchange: Exchange,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Invitation)) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = Ca::open(folder.path(), &Options::default(), NOW).expect("a CA");
        ca.ledger.write(|books| books.set_fact("url", "http://127.0.0.1:1")).expect("a fact");
        let mut invitation = Invitation::new("CN=Alice,O=Acme");
        invitation.codes = Some(("1".into(), Zeroizing::new("code".into())));
        invitation.valid_days = 30;
        change(&mut invitation);
        invite(folder.path(), invitation).expect("invited");
        Bench { ca, folder }
    }

    fn talk<'a>(&'a self, speaker: Speaker<'a>) -> Talk<'a> {
        let identity = match &speaker {
            Speaker::Codes(_) => Identity::Reference(b"1".to_vec()),
            Speaker::Holder(_, certificate) => {
                Identity::Certificate { certificate: certificate.to_vec(), chain: vec![] }
            }
        };
        let exchange = Exchange::begin(Settings { identity, ..Settings::default() }, &mut rng()).expect("an exchange");
        Talk { bench: self, speaker, exchange }
    }

    /// A first certificate, confirmed.
    fn enrol(&self) -> (SigningKey, Vec<u8>) {
        let key = SigningKey::generate_from_rng(&mut rng());
        let mut talk = self.talk(Speaker::Codes("code"));
        let issued = granted(talk.say(request(Kind::Ir, &key, None), NOW));
        let confirm = talk.exchange.confirm(&issued.certificate, None).expect("a confirmation");
        assert_eq!(talk.say(confirm, NOW), Ok(Read::Confirmed));
        (key, issued.certificate)
    }

    fn states(&self) -> Vec<String> {
        issued(self.folder.path()).expect("rows").into_iter().map(|row| row.state).collect()
    }
}

impl Talk<'_> {
    fn write(&mut self, body: Body, now: u64) -> Vec<u8> {
        match &self.speaker {
            Speaker::Codes(code) => {
                let secret = secret(code);
                let mac = MacProtection::new(MacScheme::password_based(Hash::Sha256), 500, &mut rng()).expect("a MAC");
                self.exchange.write(body, &secret, &mac, now, &mut rng()).expect("a message")
            }
            Speaker::Holder(key, _) => {
                let scheme = SignatureScheme::EcdsaP256Sha256;
                let draft = self.exchange.draft(body, scheme, now, &mut rng()).expect("a draft");
                let signature: DerSignature = key.sign(draft.to_sign());
                draft.assemble(signature.as_bytes()).expect("a message")
            }
        }
    }

    fn say(&mut self, body: Body, now: u64) -> cmp_protocol::Result<Read> {
        let message = self.write(body, now);
        let Reply::Message(answer) = self.bench.ca.handle(&message, now).expect("handled").reply else {
            panic!("no answer")
        };
        let secret = match self.speaker {
            Speaker::Codes(code) => Some(secret(code)),
            Speaker::Holder(..) => None,
        };
        let trusted = &self.bench.ca.authority.signer.certificate;
        let signer = |signer: &[u8], _: &[Vec<u8>]| match signer == trusted {
            true => Ok(()),
            false => Err("a stranger".to_owned()),
        };
        let judge =
            Judge { secret: secret.as_ref(), signer: &signer, now, tolerance: 300, allow: Allowances::default() };
        self.exchange.read(&answer, &judge)
    }
}

fn secret(code: &str) -> SharedSecret {
    SharedSecret::new(b"1", Zeroizing::new(code.as_bytes().to_vec()))
}

fn request(kind: Kind, key: &SigningKey, renews: Option<&[u8]>) -> Body {
    let public = key.verifying_key().to_public_key_der().expect("a key");
    let request = CertificateRequest {
        kind,
        subject: Name::default(),
        public_key: spki::SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).expect("a key"),
        extensions: Vec::new(),
        renews: renews.map(|old| CertificateId::of(old).expect("a certificate")),
    };
    let unsigned = request.draft().expect("a request");
    let signature: DerSignature = key.sign(unsigned.to_sign());
    unsigned.assemble(signature.as_bytes()).expect("a signature that verifies")
}

fn revoke(certificate: &[u8]) -> Body {
    revocation(&CertificateId::of(certificate).expect("a certificate"), CrlReason::KeyCompromise).expect("an rr")
}

fn granted(reply: cmp_protocol::Result<Read>) -> Issued {
    match reply {
        Ok(Read::Issued(issued)) => *issued,
        other => panic!("{other:?}"),
    }
}

fn refused(reply: cmp_protocol::Result<Read>, reason: FailInfo) {
    assert!(
        matches!(&reply, Ok(Read::Refused(refusal)) if refusal.reasons == [reason] && refusal.certain),
        "{reply:?}"
    );
}

#[test]
fn a_certificate_is_renewed_and_revoked() {
    let bench = Bench::new(|_| ());
    let (key, old) = bench.enrol();
    let new_key = SigningKey::generate_from_rng(&mut rng());
    let mut talk = bench.talk(Speaker::Holder(&key, &old));
    let new = granted(talk.say(request(Kind::Kur, &new_key, Some(&old)), NOW)).certificate;
    let confirm = talk.exchange.confirm(&new, None).expect("a confirmation");
    assert_eq!(talk.say(confirm, NOW), Ok(Read::Confirmed));
    let subject = |der: &[u8]| Certificate::from_der(der).expect("DER").tbs_certificate().subject().clone();
    assert_eq!(subject(&new), subject(&old));

    // Not by the other certificate, though it is of the same person; by the codes, and by itself.
    refused(bench.talk(Speaker::Holder(&key, &old)).say(revoke(&new), NOW), FailInfo::NotAuthorized);
    assert!(matches!(bench.talk(Speaker::Codes("code")).say(revoke(&old), NOW), Ok(Read::Revoked(_))));
    assert!(matches!(bench.talk(Speaker::Holder(&new_key, &new)).say(revoke(&new), NOW), Ok(Read::Revoked(_))));
    assert_eq!(bench.states(), ["revoked", "revoked"]);
    assert_eq!(issued(bench.folder.path()).expect("rows")[0].reason, Some(CrlReason::KeyCompromise as u8));

    refused(bench.talk(Speaker::Holder(&key, &old)).say(revoke(&old), NOW), FailInfo::CertRevoked);
    let again = [request(Kind::Kur, &new_key, None), information::ask(information::CA_CERTS)];
    for body in again {
        refused(bench.talk(Speaker::Holder(&key, &old)).say(body, NOW), FailInfo::CertRevoked);
    }
    let crl = bench.ca.current_crl(NOW).expect("a CRL");
    let list: CertificateList = CertificateList::from_der(&crl.der).expect("a CRL");
    assert_eq!(list.tbs_cert_list.revoked_certificates.map(|all| all.len()), Some(2));
}

#[test]
fn who_may_not_is_told_why() {
    let bench = Bench::new(|_| ());
    let (key, own) = bench.enrol();
    let other = Bench::new(|_| ());
    let (foreign_key, foreign) = other.enrol();
    let holder = || Speaker::Holder(&key, &own);
    let rows = [
        (holder(), request(Kind::Ir, &key, None), NOW, FailInfo::NotAuthorized),
        (holder(), request(Kind::Kur, &key, Some(&foreign)), NOW, FailInfo::BadCertId),
        (holder(), revoke(&foreign), NOW, FailInfo::BadCertId),
        (holder(), revoke(&own), NOW + 31 * DAY, FailInfo::SignerNotTrusted),
        (Speaker::Holder(&foreign_key, &foreign), revoke(&foreign), NOW, FailInfo::SignerNotTrusted),
        (Speaker::Codes("code"), request(Kind::Kur, &key, Some(&own)), NOW, FailInfo::WrongIntegrity),
        (Speaker::Codes("code"), request(Kind::Ir, &key, None), NOW, FailInfo::NotAuthorized),
        (Speaker::Codes("code"), revoke(&foreign), NOW, FailInfo::BadCertId),
    ];
    for (speaker, body, now, reason) in rows {
        refused(bench.talk(speaker).say(body, now), reason);
    }
    assert_eq!(bench.states(), ["confirmed"]);
}

#[test]
fn each_errand_waits_and_is_refused_as_ordered() {
    let terms = |refuse| Terms { delay: 60, refuse, ..Terms::default() };
    for refuse in [None, Some(FailInfo::UnacceptedPolicy)] {
        let bench = Bench::new(|new| {
            (new.renewal, new.revocation, new.questions) = (terms(refuse), terms(refuse), terms(refuse));
        });
        let (key, own) = bench.enrol();
        let bodies = [
            request(Kind::Kur, &SigningKey::generate_from_rng(&mut rng()), Some(&own)),
            information::ask(information::CERT_REQ_TEMPLATE),
            revoke(&own),
        ];
        for body in bodies {
            let name = body.name();
            let mut talk = bench.talk(Speaker::Holder(&key, &own));
            assert!(matches!(talk.say(body, NOW), Ok(Read::Wait { check_after: None, .. })), "{name}");
            let poll = talk.exchange.poll();
            let early = talk.say(poll.clone(), NOW + 20);
            assert!(matches!(early, Ok(Read::Wait { check_after: Some(40), .. })), "{name}: {early:?}");
            let ready = talk.say(poll, NOW + 60);
            match (refuse, name) {
                (Some(reason), _) => refused(ready, reason),
                (None, "kur") => drop(granted(ready)),
                (None, "rr") => {
                    assert!(matches!(ready, Ok(Read::Revoked(_))), "{ready:?}");
                    // The answer is lost; the client asks with a new message, though it is revoked by now.
                    let poll = talk.exchange.poll();
                    assert!(matches!(talk.say(poll, NOW + 61), Ok(Read::Revoked(_))));
                }
                (None, _) => {
                    let Ok(Read::Information(found)) = ready else { panic!("{ready:?}") };
                    let template =
                        information::certificate_request_template(&found).expect("read").expect("a template");
                    let subject = template.cert_template.subject.as_ref().expect("a subject").to_string();
                    assert_eq!((subject.as_str(), template.keys().expect("keys").len()), ("CN=,O=Acme", 3));
                }
            }
        }
        let mut talk = bench.talk(Speaker::Codes("code"));
        assert!(matches!(talk.say(information::ask(information::CA_CERTS), NOW), Ok(Read::Wait { .. })));
        assert_eq!(talk.say(Exchange::give_up("enough").expect("an error"), NOW + 1), Ok(Read::Confirmed));
    }
}

#[test]
fn oddities_of_real_cas_are_shown_as_ordered() {
    use cmp_protocol::Check;
    let failed = |reply: cmp_protocol::Result<Read>, expected: Check, fault: Fault| {
        let found = reply.expect_err(fault.name());
        assert!(matches!(found, Cmp::Check { check, .. } if check == expected), "{}: {found:?}", fault.name());
    };
    for (fault, _) in Fault::ALL.iter().filter(|(fault, _)| *fault as u8 >= Fault::NullSender as u8) {
        // Which MAC is taken is no oddity of an answer; ring `flows` has it.
        if matches!(fault, Fault::OnlyPbm | Fault::OnlyPbmac1) {
            continue;
        }
        let bench = Bench::new(|new| (new.fault, new.renewal.fault) = (Some(*fault), Some(*fault)));
        let key = SigningKey::generate_from_rng(&mut rng());
        let mut talk = bench.talk(Speaker::Codes("code"));
        let reply = talk.say(request(Kind::Ir, &key, None), NOW);
        let wrong = match fault {
            Fault::NoRecipNonce => Some(Check::RecipientNonce),
            Fault::WrongCertReqId => Some(Check::CertReqId),
            Fault::ForeignSigner | Fault::SignerWithoutEku => Some(Check::Signer),
            _ => None,
        };
        if let Some(check) = wrong {
            failed(reply, check, *fault);
            continue;
        }
        let issued = granted(reply);
        assert_eq!(issued.implicit_unasked, *fault == Fault::ImplicitUnasked);
        assert_eq!(issued.ca_pubs.is_empty(), matches!(fault, Fault::NoCaPubs | Fault::SignAnswer), "{}", fault.name());
        let confirm = talk.exchange.confirm(&issued.certificate, None).expect("a confirmation");
        assert_eq!(talk.say(confirm, NOW), Ok(Read::Confirmed), "{}", fault.name());
        // And with signatures.
        let mut talk = bench.talk(Speaker::Holder(&key, &issued.certificate));
        let new = SigningKey::generate_from_rng(&mut rng());
        let renewed = granted(talk.say(request(Kind::Kur, &new, None), NOW));
        assert_ne!(renewed.certificate, issued.certificate);
    }
}

#[test]
fn the_tries_left_are_told_and_say_nothing_of_who_exists() {
    let bench = Bench::new(|_| ());
    let left = |reference: &str| {
        let identity = Identity::Reference(reference.as_bytes().to_vec());
        let mut exchange = Exchange::begin(Settings { identity, ..Settings::default() }, &mut rng()).expect("begun");
        let secret = SharedSecret::new(reference.as_bytes(), Zeroizing::new(b"wrong".to_vec()));
        let mac = MacProtection::new(MacScheme::password_based(Hash::Sha256), 500, &mut rng()).expect("a MAC");
        let asked = information::ask(information::CA_CERTS);
        let bytes = exchange.write(asked, &secret, &mac, NOW, &mut rng()).expect("a message");
        let Reply::Message(answer) = bench.ca.handle(&bytes, NOW).expect("handled").reply else { panic!("no answer") };
        let Body::Error(error) = PkiMessage::parse(&answer).expect("CMP").body else { panic!("no error") };
        let code = error.error_code.expect("a number").decode_as::<i64>().expect("an INTEGER");
        (code, error.status.text().expect("a text"))
    };
    for expected in [4, 3, 2, 1, 0, 0] {
        let (known, unknown) = (left("1"), left("stranger"));
        assert_eq!((known.0, &known), (expected, &unknown));
    }
    assert!(left("1").1.ends_with("no tries left: locked"));
    let locked = bench.talk(Speaker::Codes("code")).say(information::ask(information::CA_CERTS), NOW);
    refused(locked, FailInfo::NotAuthorized);
}

#[test]
fn questions_are_answered() {
    let bench = Bench::new(|_| ());
    let (key, own) = bench.enrol();
    let root = bench.ca.authority.root.clone();
    let ask = |speaker, body| match bench.talk(speaker).say(body, NOW) {
        Ok(Read::Information(found)) => found,
        other => panic!("{other:?}"),
    };
    let by_codes = || Speaker::Codes("code"); // Used up by now; questions cost nothing.
    let found = ask(by_codes(), information::ask(information::CA_CERTS));
    let expected = [bench.ca.authority.intermediate.clone(), root.clone()];
    assert_eq!(information::ca_certificates(&found).expect("read"), expected);

    let update = || information::ask_root_update(&root).expect("a genm");
    assert_eq!(information::root_update(&ask(by_codes(), update())).expect("read"), None);
    crate::renew_root(bench.folder.path()).expect("a new root");
    let found = information::root_update(&ask(Speaker::Holder(&key, &own), update())).expect("read").expect("a root");
    let links = [Some(&found.new_with_new), found.new_with_old.as_ref(), found.old_with_new.as_ref()];
    let new = found.new_with_new.to_der().expect("DER");
    let signed_by = [&new, &root, &new];
    for (link, by) in links.iter().zip(signed_by) {
        let link = Certificate::from_der(&link.expect("a link").to_der().expect("DER")).expect("a certificate");
        let by = Certificate::from_der(by).expect("a certificate");
        let key = by.tbs_certificate().subject_public_key_info();
        let signed = link.tbs_certificate().to_der().expect("DER");
        let signature = link.signature().as_bytes().expect("octets");
        cmp_protocol::signature::verify(key, link.signature_algorithm(), &signed, signature).expect("it verifies");
    }

    let list = |since| information::ask_crl(bench.ca.authority.name.clone(), since).expect("a genm");
    let found = information::crls(&ask(by_codes(), list(None))).expect("read");
    let crl: CertificateList = CertificateList::from_der(&found[0]).expect("a CRL");
    let at_hand = Some(crl.tbs_cert_list.this_update);
    assert!(information::crls(&ask(by_codes(), list(at_hand))).expect("read").is_empty(), "none newer");
    assert!(matches!(bench.talk(by_codes()).say(revoke(&own), NOW), Ok(Read::Revoked(_))));
    assert_eq!(information::crls(&ask(by_codes(), list(at_hand))).expect("read").len(), 1, "newer within a second");
    assert_eq!(information::crls(&ask(by_codes(), information::ask(information::CURRENT_CRL))).expect("read").len(), 1);
}

#[test]
fn a_folder_of_before_gets_what_it_lacks() {
    let bench = Bench::new(|_| ());
    let (key, own) = bench.enrol();
    let Bench { ca, folder } = bench;
    drop(ca);
    for file in ["signer.pem", "signer.key"] {
        std::fs::remove_file(folder.path().join(file)).expect("removed");
    }
    let database = rusqlite::Connection::open(folder.path().join("ledger.sqlite")).expect("a database");
    let before = "ALTER TABLE transactions DROP COLUMN signer; ALTER TABLE issued DROP COLUMN revoked_at;
        ALTER TABLE issued DROP COLUMN reason; DROP TABLE terms; DROP TABLE crls; DROP TABLE strangers; PRAGMA user_version = 0;";
    database.execute_batch(before).expect("as before");
    drop(database);
    let ca = Ca::open(folder.path(), &Options::default(), NOW).expect("a CA");
    let bench = Bench { ca, folder };
    assert!(matches!(bench.talk(Speaker::Holder(&key, &own)).say(revoke(&own), NOW), Ok(Read::Revoked(_))));
}
