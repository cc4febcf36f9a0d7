//! Where real CAs differ, and who may sign for one (docs/CA-DIFFERENCES.md has a line for each row here).

use std::{
    io::Write,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use chopmark_core::{
    error::{Code, Error},
    model::*,
};
use chopmark_tests::{
    bench::{
        ca::{Codes, Fault, Invitation},
        command::Desk,
        programs::run,
        raw_server::{RawServer, cmp, post},
        script::Say,
    },
    judge::PSS_KEY,
};
use cmp_protocol::{
    message::{Body, FailInfo, PkiMessage},
    server::{self, Incoming},
};
use der::{Any, Decode, Encode, asn1::BitString};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    pkcs8::DecodePrivateKey,
};

use crate::world::World;

/// One enrolment with a profile that was changed.
async fn enroll(world: &World, codes: &Codes, change: impl FnOnce(&mut CaProfile)) -> Result<Enrolled, Error> {
    let mut ca = world.ca.core_profile();
    change(&mut ca);
    world.enroll_at(codes, ca, &world.person_with(codes)).await
}

// Differences -------------------------------------------------------------------------------------------------------

struct Difference {
    what: &'static str,
    invite: fn(&mut Invitation),
    profile: fn(&mut CaProfile),
    /// `None`: a usable certificate, which the CA knows as confirmed.
    refused: Option<Code>,
}

fn difference(what: &'static str, fault: fn(&mut Invitation), refused: Option<Code>) -> Difference {
    Difference { what, invite: fault, profile: |_| {}, refused }
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_among_cas() {
    let rows = [
        difference("sender NULL-DN", |it| it.fault = Some(Fault::NullSender), None),
        difference("no recipNonce", |it| it.fault = Some(Fault::NoRecipNonce), Some(Code::AnswerMismatch)),
        Difference {
            what: "no recipNonce, and the profile allows it",
            invite: |it| it.fault = Some(Fault::NoRecipNonce),
            profile: |ca| ca.cmp.allow_missing_nonce = true,
            refused: None,
        },
        Difference {
            what: "another recipNonce, which the profile cannot allow",
            invite: |it| it.fault = Some(Fault::WrongNonce),
            profile: |ca| ca.cmp.allow_missing_nonce = true,
            refused: Some(Code::AnswerMismatch),
        },
        difference("certificate in extraCerts only", |it| it.fault = Some(Fault::CertInExtraOnly), None),
        difference("implicitConfirm granted unasked", |it| it.fault = Some(Fault::ImplicitUnasked), None),
        difference("several certificates", |it| it.fault = Some(Fault::SeveralCertificates), None),
        difference("no caPubs", |it| it.fault = Some(Fault::NoCaPubs), None),
        difference("a signed answer to a MAC", |it| it.fault = Some(Fault::SignAnswer), None),
        difference("signed by a stranger", |it| it.fault = Some(Fault::ForeignSigner), Some(Code::AnswerProtection)),
        difference(
            "signed by one who may not speak for the CA",
            |it| it.fault = Some(Fault::SignerWithoutEku),
            Some(Code::AnswerProtection),
        ),
    ];
    for row in rows {
        let world = World::file();
        let codes = world.ca.invite(row.invite);
        match (enroll(&world, &codes, row.profile).await, row.refused) {
            (Ok(enrolled), None) => world.assert_one_certificate(row.what, &codes, &enrolled.certificate.sha256),
            (Err(error), Some(code)) => {
                assert_eq!(error.code, code, "{}: {error} {:?}", row.what, error.facts);
                world.assert_job(row.what, JobState::Interrupted, Some(code)).await;
                world.assert_key_waits(row.what);
            }
            (found, wanted) => panic!("{}: {found:?}, not {wanted:?}", row.what),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn granted_with_mods_is_shown_and_asked_about() {
    let world = World::file();
    let codes = world.ca.invite(|it| it.alter_subject = Some("CN=Alice A.,O=Acme".into()));
    let ui = world.person_with(&codes).changes(Say::Yes);
    let mut order = world.order(&codes);
    order.subject = Some("CN=Alice,O=Acme".into());
    let enrolled = world.app().enroll(order, world.ca.core_profile(), &ui).await.unwrap();
    assert_eq!(enrolled.certificate.cn.as_deref(), Some("Alice A."));
    assert_eq!(ui.left(), 0, "{:?}", ui.questions());
    world.assert_one_certificate("grantedWithMods", &codes, &enrolled.certificate.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn implicit_confirmation_is_asked_for_when_the_profile_says_so() {
    let world = World::file();
    let codes = world.ca.invite(|it| it.fault = Some(Fault::ImplicitUnasked));
    let enrolled = enroll(&world, &codes, |ca| ca.cmp.implicit_confirm = true).await.unwrap();
    world.assert_one_certificate("implicitConfirm", &codes, &enrolled.certificate.sha256);
}

// Answers changed on the way ----------------------------------------------------------------------------------------

/// Stands before the CA and changes its answers.
fn changing(world: &World, change: impl Fn(&[u8], Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> RawServer {
    let url = world.ca.url.clone();
    RawServer::start(move |request, stream| {
        let answer = change(&request.body, post(&url, &request.body).unwrap());
        let _ = stream.write_all(&cmp(&answer));
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn ber_is_refused_by_name() {
    let world = World::file();
    // SEQUENCE of definite length (two bytes of it) to indefinite length (X.690 §8.1.3.6).
    let server = changing(&world, |_, der| {
        assert_eq!(der[..2], [0x30, 0x82]);
        [&[0x30, 0x80], &der[4..], &[0, 0]].concat()
    });
    let codes = world.ca.invite(|_| {});
    let error = enroll(&world, &codes, |ca| ca.url = server.url()).await.unwrap_err();
    assert_eq!((error.code, error.code.to_string().as_str()), (Code::CaAnswerBer, "CM-3215"), "{error}");
    world.assert_job("BER", JobState::Interrupted, Some(Code::CaAnswerBer)).await;
    world.assert_key_waits("BER");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unprotected_error_is_told_and_not_believed() {
    let world = World::file();
    let server = RawServer::start(|request, stream| {
        let incoming = Incoming::parse(&request.body).unwrap();
        let body = server::error(&[FailInfo::BadRequest], "not today").unwrap();
        let sender = "CN=Anybody".parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
        let _ = stream.write_all(&cmp(&incoming.answer(body, &sender).encode(None, now, &mut rng).unwrap()));
    });
    let codes = world.ca.invite(|_| {});
    let error = enroll(&world, &codes, |ca| ca.url = server.url()).await.unwrap_err();
    assert_eq!(error.code, Code::ErrorUnprotected, "{error}");
    assert!(error.facts["text"].contains("not today"), "{:?}", error.facts);
    // Anybody may have said no: the key waits, and the CA itself says yes.
    world.assert_job("unprotected error", JobState::Interrupted, Some(Code::ErrorUnprotected)).await;
    world.assert_key_waits("unprotected error");
}

// Signers -----------------------------------------------------------------------------------------------------------

/// Keys and certificates made by OpenSSL.
struct Pki {
    desk: Desk,
}

/// The way of a certificate: name, who issues it (`None`: itself), and how.
struct Form<'a> {
    name: &'a str,
    issuer: Option<&'a str>,
    key: &'a [&'a str],
    extensions: &'a [&'a str],
    days: &'a str,
}

const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const CA: &[&str] = &["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
const SIGNING_CA: &[&str] = &["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"];
const CMC_CA: &[&str] = &["keyUsage=critical,digitalSignature", "extendedKeyUsage=1.3.6.1.5.5.7.3.27"];
const CMC_RA: &[&str] = &["keyUsage=critical,digitalSignature", "extendedKeyUsage=1.3.6.1.5.5.7.3.28"];

impl Pki {
    fn new() -> Pki {
        Pki { desk: Desk::new() }
    }

    fn make(&self, form: &Form<'_>) {
        let file = |name: &str, kind: &str| self.desk.text(&format!("{name}.{kind}"));
        let (key, request, certificate) = (file(form.name, "key"), file(form.name, "csr"), file(form.name, "pem"));
        let openssl = |arguments: &[&str]| run(Command::new("openssl").args(arguments));
        openssl(&[&["genpkey", "-out", &key], form.key].concat());
        openssl(&["req", "-new", "-key", &key, "-subj", &format!("/CN={}", form.name), "-out", &request]);
        let extensions = self.desk.write(&format!("{}.ext", form.name), &form.extensions.join("\n"));
        let issuer = form.issuer.map(|issuer| (file(issuer, "pem"), file(issuer, "key")));
        let by = match &issuer {
            None => vec!["-signkey", key.as_str()],
            Some((issuer, key)) => vec!["-CA", issuer.as_str(), "-CAkey", key.as_str(), "-CAcreateserial"],
        };
        let made = ["x509", "-req", "-in", &request, "-extfile", &extensions, "-days", form.days, "-out", &certificate];
        openssl(&[&made[..], &by].concat());
    }

    /// Makes what most rows have: P-256, a month.
    fn issue(&self, name: &str, issuer: Option<&str>, extensions: &[&str]) {
        self.make(&Form { name, issuer, key: EC, extensions, days: "30" });
    }

    fn pem(&self, name: &str) -> String {
        std::fs::read_to_string(self.desk.path(&format!("{name}.pem"))).unwrap()
    }

    fn certificate(&self, name: &str) -> Any {
        Any::from_der(&der::pem::decode_vec(self.pem(name).as_bytes()).unwrap().1).unwrap()
    }

    fn key(&self, name: &str) -> SigningKey {
        let pem = std::fs::read_to_string(self.desk.path(&format!("{name}.key"))).unwrap();
        SigningKey::from_pkcs8_pem(&pem).unwrap()
    }
}

/// Signs a signed message again: `certificates` first in extraCerts, the former signer's own away.
fn sign_again(answer: &[u8], key: &SigningKey, certificates: &[Any], change: impl Fn(&mut PkiMessage)) -> Vec<u8> {
    let mut message = PkiMessage::parse(answer).unwrap();
    let others = message.extra_certs.take().unwrap_or_default();
    message.extra_certs = Some([certificates, &others[1..]].concat());
    change(&mut message);
    let part = [message.header.to_der().unwrap(), message.body.to_der().unwrap()].concat();
    let part = Any::new(der::Tag::Sequence, part).unwrap().to_der().unwrap();
    let signature: DerSignature = key.sign(&part);
    message.protection = Some(BitString::from_bytes(signature.as_bytes()).unwrap());
    message.to_der().unwrap()
}

struct Row {
    what: &'static str,
    /// The signer and what leads from it towards a root.
    chain: &'static [&'static str],
    pinned: Option<&'static str>,
    /// Part of the reason; `None`: it is taken.
    refused: Option<&'static str>,
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_sign_answers() {
    let pki = Pki::new();
    pki.issue("root", None, CA);
    pki.issue("signing-root", None, SIGNING_CA);
    pki.issue("stranger", None, CA);
    pki.issue("ca", Some("root"), SIGNING_CA);
    pki.issue("silent-ca", Some("root"), CA);
    pki.issue("short-ca", Some("root"), &["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=keyCertSign"]);
    pki.issue("too-deep-ca", Some("short-ca"), SIGNING_CA);
    pki.issue("deeper-ca", Some("too-deep-ca"), SIGNING_CA);
    pki.issue(
        "limited-ca",
        Some("root"),
        &["basicConstraints=critical,CA:TRUE", "nameConstraints=critical,permitted;DNS:x"],
    );
    pki.issue("below-limited-ca", Some("limited-ca"), SIGNING_CA);
    pki.issue("cmc-ca", Some("silent-ca"), CMC_CA);
    pki.issue("no-issuer", Some("root"), &["basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature"]);
    pki.issue("below-no-issuer", Some("no-issuer"), CMC_CA);
    pki.issue("cmc-ra", Some("root"), CMC_RA);
    pki.issue("cmc-no-usage", Some("root"), &CMC_CA[1..]);
    pki.issue("cmc-may-not-sign", Some("root"), &["keyUsage=critical,keyEncipherment", CMC_CA[1]]);
    pki.issue("subscriber", Some("root"), &["keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth"]);
    pki.issue("no-purpose", Some("root"), &CMC_CA[..1]);
    pki.issue("foreign", Some("stranger"), CMC_CA);
    pki.make(&Form { name: "past", issuer: Some("root"), key: EC, extensions: CMC_CA, days: "0" });
    pki.make(&Form { name: "pss-root", issuer: None, key: PSS_KEY, extensions: CA, days: "30" });
    pki.issue("below-pss", Some("pss-root"), CMC_CA);
    pki.issue("ca-below-pss", Some("pss-root"), SIGNING_CA);
    pki.make(&Form { name: "pss-stranger", issuer: None, key: PSS_KEY, extensions: CA, days: "30" });
    pki.issue("below-pss-stranger", Some("pss-stranger"), CMC_CA);

    fn row(what: &'static str, chain: &'static [&'static str], refused: Option<&'static str>) -> Row {
        Row { what, chain, pinned: None, refused }
    }
    let pin = |what, chain, pinned, refused| Row { pinned: Some(pinned), ..row(what, chain, refused) };
    let rows = [
        row("id-kp-cmcCA over an intermediate", &["cmc-ca", "silent-ca"], None),
        row("id-kp-cmcRA", &["cmc-ra"], None),
        row("id-kp-cmcCA and no keyUsage", &["cmc-no-usage"], None),
        row("an issuing CA", &["ca"], None),
        row("a root", &["signing-root"], None),
        row("below a root with a PSS key", &["below-pss"], None),
        row("an issuing CA below a root with a PSS key", &["ca-below-pss"], None),
        row("intermediate missing", &["cmc-ca"], Some("UnknownIssuer")),
        row("keyUsage of the CA", &["silent-ca"], Some("digitalSignature")),
        row("keyUsage of the root", &["root"], Some("digitalSignature")),
        row("keyUsage of the signer", &["cmc-may-not-sign"], Some("digitalSignature")),
        row("another purpose", &["subscriber"], Some("id-kp-cmcCA")),
        row("no purpose", &["no-purpose"], Some("id-kp-cmcCA")),
        row("a CA that may not issue", &["below-no-issuer", "no-issuer"], Some("lacks keyCertSign")),
        row("another root", &["foreign", "stranger"], Some("UnknownIssuer")),
        row("another root with a PSS key", &["below-pss-stranger", "pss-stranger"], Some("UnknownIssuer")),
        row("a CA too deep", &["deeper-ca", "too-deep-ca", "short-ca"], Some("more CAs below it")),
        row("a CA below constraints that are not understood", &["below-limited-ca", "limited-ca"], Some("2.5.29.30")),
        row("a CA that leads nowhere", &["stranger"], Some("digitalSignature")),
        row("expired", &["past"], Some("CertExpired")),
        pin("pinned subscriber", &["subscriber"], "subscriber", None),
        pin("pinned from elsewhere", &["foreign"], "foreign", None),
        pin("another is pinned", &["subscriber"], "no-purpose", Some("id-kp-cmcCA")),
        pin("pinned, expired", &["past"], "past", Some("not valid now")),
    ];
    let roots = ["root", "signing-root", "pss-root"].map(|name| pki.pem(name));
    for row in rows {
        let world = World::file();
        let (key, chain) =
            (pki.key(row.chain[0]), row.chain.iter().map(|name| pki.certificate(name)).collect::<Vec<_>>());
        let server = changing(&world, move |_, answer| sign_again(&answer, &key, &chain, |_| {}));
        let codes = world.ca.invite(|it| it.fault = Some(Fault::SignAnswer));
        let result = enroll(&world, &codes, |ca| {
            ca.url = server.url();
            ca.roots.extend(roots.clone());
            ca.cmp.signers = row.pinned.iter().map(|name| pki.pem(name)).collect();
        });
        match (result.await, row.refused) {
            (Ok(enrolled), None) => world.assert_one_certificate(row.what, &codes, &enrolled.certificate.sha256),
            (Err(error), Some(reason)) => {
                assert_eq!(error.code, Code::AnswerProtection, "{}: {error}", row.what);
                assert!(error.facts["found"].contains(reason), "{}: {:?}", row.what, error.facts);
                let told = chopmark_core::hints::explain(&error, chopmark_core::hints::Language::En);
                assert!(told.message.contains(reason), "{}: {}", row.what, told.message);
                world.assert_job(row.what, JobState::Interrupted, Some(Code::AnswerProtection)).await;
                world.assert_key_waits(row.what);
            }
            (found, wanted) => panic!("{}: {found:?}, not {wanted:?}", row.what),
        }
    }
}

/// Under a signature caPubs are nobody's word (RFC 9810 §5.3.2): not even an intermediate is taken from them.
#[tokio::test(flavor = "multi_thread")]
async fn ca_pubs_count_under_a_mac_only() {
    for (signed, intermediate_in_extra, ends_well) in [(true, true, true), (true, false, false), (false, false, true)] {
        let world = World::file();
        let key = std::fs::read_to_string(world.ca.dir().join("signer.key")).unwrap();
        let key = SigningKey::from_pkcs8_pem(&key).unwrap();
        let pem = std::fs::read_to_string(world.ca.intermediate()).unwrap();
        let intermediate = Any::from_der(&der::pem::decode_vec(pem.as_bytes()).unwrap().1).unwrap();
        let codes = world.ca.invite(|it| it.fault = signed.then_some(Fault::SignAnswer));
        let (secret, moved) =
            ((codes.reference.clone(), codes.authorization_code.clone()), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&moved);
        let into_ca_pubs = move |message: &mut PkiMessage| {
            let Body::Ip(answer) = &mut message.body else { return };
            answer.ca_pubs.get_or_insert_default().push(intermediate.clone());
            if !intermediate_in_extra {
                message.extra_certs.get_or_insert_default().retain(|one| *one != intermediate);
            }
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let server = changing(&world, move |_, answer| match signed {
            true => {
                let signer = PkiMessage::parse(&answer).unwrap().extra_certs.unwrap()[0].clone();
                sign_again(&answer, &key, &[signer], &into_ca_pubs)
            }
            false => mac_again(&answer, &secret.0, &secret.1, &into_ca_pubs),
        });
        // The signer itself is pinned, so that it does not need the intermediate.
        let signer = std::fs::read_to_string(world.ca.dir().join("signer.pem")).unwrap();
        let result = enroll(&world, &codes, |ca| {
            ca.url = server.url();
            ca.cmp.signers = vec![signer];
        });
        let what = format!("signed {signed}, in extraCerts {intermediate_in_extra}");
        match result.await {
            Ok(enrolled) if ends_well => world.assert_one_certificate(&what, &codes, &enrolled.certificate.sha256),
            Err(error) if !ends_well => assert_eq!(error.code, Code::ChainUntrusted, "{what}: {error}"),
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(moved.load(Ordering::SeqCst), 1, "{what}");
    }
}

fn mac_again(answer: &[u8], reference: &str, code: &str, change: impl Fn(&mut PkiMessage)) -> Vec<u8> {
    use cmp_protocol::protection::{Protection, SharedSecret, verify};
    let mut message = PkiMessage::parse(answer).unwrap();
    let secret = SharedSecret::new(reference.as_bytes(), code.as_bytes().to_vec().into());
    let Ok(Protection::Mac(mac)) = verify(answer, &message, Some(&secret)) else { panic!("no MAC") };
    change(&mut message);
    mac.protect(&mut message, &secret).unwrap();
    message.to_der().unwrap()
}
