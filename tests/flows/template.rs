//! What the CA asks for in a request (RFC 9483 §4.3.3): where the profile says so, it is asked before a key is made.

use chopmark_core::{
    error::Code,
    model::{CaProfile, EnrollOrder, JobState, KeyChoice, Question, RequestTemplate, TemplateField},
};
use cmp_protocol::{
    crmf::CertTemplate,
    information::{CertReqTemplate, KeySpec},
    message::FailInfo,
    server::information::key_spec,
};
use der::{
    Any, Encode,
    asn1::{Ia5String, ObjectIdentifier, OctetString},
    oid::AssociatedOid,
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::{
    Extension,
    pkix::{SubjectAltName, name::GeneralName},
};

use crate::world::World;
use chopmark_tests::bench::script::{Say, Script};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// A curve that we do not make.
const BRAINPOOL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7");

fn curve(oid: ObjectIdentifier) -> KeySpec {
    let parameters = Some(Any::encode_from(&oid).unwrap());
    KeySpec::Algorithm(AlgorithmIdentifierOwned { oid: EC, parameters })
}

/// Has the CA ask for these keys, and for names: an empty one is for the person to fill in.
fn order_template(world: &World, subject: &str, email: Option<&str>, keys: &[KeySpec]) {
    let names = |email: &str| {
        let names = SubjectAltName(vec![GeneralName::Rfc822Name(Ia5String::new(email).unwrap())]);
        let extn_value = OctetString::new(names.to_der().unwrap()).unwrap();
        vec![Extension { extn_id: SubjectAltName::OID, critical: false, extn_value }]
    };
    let extensions = email.map(names);
    let template = CertReqTemplate {
        cert_template: CertTemplate { subject: Some(subject.parse().unwrap()), extensions, ..CertTemplate::default() },
        key_spec: (!keys.is_empty()).then(|| key_spec(keys).unwrap()),
    };
    std::fs::write(world.ca.dir().join("template.der"), template.to_der().unwrap()).unwrap();
}

fn asks(world: &World) -> CaProfile {
    let mut profile = world.ca.core_profile();
    profile.cmp.ask_template = true;
    profile
}

/// What was asked, by the job's own record.
async fn notes(world: &World) -> Vec<(String, String)> {
    let entries = world.job().await.entries;
    entries.into_iter().filter(|line| line.what.starts_with("template")).map(|line| (line.what, line.detail)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn decides_the_kind_of_key() {
    struct Row {
        name: &'static str,
        /// Ordered by the person.
        key: Option<KeyChoice>,
        profile_keys: &'static [KeyChoice],
        wanted: &'static [&'static str],
        noted: &'static [(&'static str, &'static str)],
        made: &'static str,
    }
    const NONE: &[&str] = &[];
    let rows = [
        Row {
            name: "first",
            key: None,
            profile_keys: &[KeyChoice::EcP256],
            wanted: &["p384", "rsa"],
            noted: &[("template-asked", "ec:p384")],
            made: "EC P-384",
        },
        Row {
            name: "one that we cannot make is passed over",
            key: None,
            profile_keys: &[],
            wanted: &["brainpool", "p384"],
            noted: &[("template-asked", "ec:p384")],
            made: "EC P-384",
        },
        Row {
            name: "no wish: as the profile says",
            key: None,
            profile_keys: &[KeyChoice::EcP256],
            wanted: NONE,
            noted: &[("template-asked", "")],
            made: "EC P-256",
        },
        Row {
            name: "the person has chosen: not asked",
            key: Some(KeyChoice::EcP256),
            profile_keys: &[],
            wanted: &["p384"],
            noted: &[],
            made: "EC P-256",
        },
    ];
    for row in &rows {
        for world in World::both() {
            let what = format!("{}: {}", world.place_word(), row.name);
            let spec = |word: &&str| match *word {
                "p384" => curve(P384),
                "brainpool" => curve(BRAINPOOL),
                _ => KeySpec::Rsa(2048),
            };
            order_template(&world, "CN=Alice,O=Acme", None, &row.wanted.iter().map(spec).collect::<Vec<_>>());
            let codes = world.ca.invite(|_| {});
            let order = EnrollOrder { key: row.key, ..world.order(&codes) };
            let profile = CaProfile { keys: row.profile_keys.to_vec(), ..asks(&world) };
            let enrolled = world.app().enroll(order, profile, &world.person_with(&codes)).await;
            let enrolled = enrolled.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(enrolled.certificate.key, row.made, "{what}");
            let noted = notes(&world).await;
            let noted: Vec<_> = noted.iter().map(|(note, detail)| (note.as_str(), detail.as_str())).collect();
            assert_eq!(noted, row.noted, "{what}");
            world.assert_one_certificate(&what, &codes, &enrolled.certificate.sha256);
        }
    }
}

/// A CA that does not answer this question may still issue.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_no_obstacle() {
    let world = World::file();
    let codes = world.ca.invite(|invitation| invitation.questions.refuse = Some(FailInfo::BadRequest));
    let order = EnrollOrder { key: None, ..world.order(&codes) };
    let profile = CaProfile { keys: vec![KeyChoice::EcP384], ..asks(&world) };
    let enrolled = world.app().enroll(order, profile, &world.person_with(&codes)).await.unwrap();
    assert_eq!(enrolled.certificate.key, "EC P-384");
    assert_eq!(notes(&world).await.len(), 1);
    world.assert_one_certificate("refused", &codes, &enrolled.certificate.sha256);
}

/// A wrong code shows before a key is made; the right one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_shows_early() {
    for world in World::both() {
        let codes = world.ca.invite(|_| {});
        let order = EnrollOrder { key: None, ..world.order(&codes) };
        let mistaken = world.person().code("AAAA-BBBB-CCCC").code(Say::Cancel);
        let error = world.app().enroll(order.clone(), asks(&world), &mistaken).await.unwrap_err();
        assert_eq!(error.code, Code::CodesWrong, "{error}");
        world.assert_job("wrong code", JobState::Failed, Some(Code::CodesWrong)).await;
        world.assert_clean("wrong code");
    }
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    let order = EnrollOrder { key: None, ..world.order(&codes) };
    let person = world.person().code("AAAA-BBBB-CCCC").code(codes.authorization_code.as_str());
    let enrolled = world.app().enroll(order, asks(&world), &person).await.unwrap();
    assert!(
        person
            .questions()
            .iter()
            .any(|question| { matches!(question, Question::AuthorizationCode { wrong_before: true, .. }) })
    );
    world.assert_one_certificate("second code", &codes, &enrolled.certificate.sha256);
}

/// What the window does: asks, has the names filled in, orders with them.
#[tokio::test(flavor = "multi_thread")]
async fn names_are_filled_in_and_asked_for() {
    let world = World::file();
    world.app().ca_add(&asks(&world)).unwrap();
    order_template(&world, "CN=,O=Acme", Some(""), &[curve(P384)]);
    let codes = world.ca.invite(|_| {});
    let person = Script::new().code(codes.authorization_code.as_str());
    let told = world.app().request_template("demo", codes.reference.clone(), &person).await.unwrap();
    let field = |name: &str, value: Option<&str>| TemplateField { name: name.into(), value: value.map(str::to_owned) };
    let fields = vec![field("O", Some("Acme")), field("CN", None), field("email", None)];
    assert_eq!(told, Some(RequestTemplate { fields, keys: vec![KeyChoice::EcP384] }));

    let order = EnrollOrder {
        key: Some(KeyChoice::EcP384),
        subject: Some("CN=Alice,O=Acme".into()),
        san: vec!["email:alice@acme.example".into()],
        ..world.order(&codes)
    };
    let person = world.person_with(&codes);
    let enrolled = world.app().enroll(order, asks(&world), &person).await.unwrap();
    // Granted as asked for: there was nothing to accept.
    assert!(!person.questions().iter().any(|question| matches!(question, Question::AcceptChanges { .. })));
    assert_eq!(enrolled.certificate.subject, "CN=Alice,O=Acme");
    assert_eq!(enrolled.certificate.san, ["email:alice@acme.example"]);
    assert_eq!(enrolled.certificate.key, "EC P-384");
}
