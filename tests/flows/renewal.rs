//! Renewing and revoking, in a file and on a token, with what can go wrong on the way.

use chopmark_core::{
    error::Code,
    model::{
        Asker, CertificateChoice, Enrolled, Event, InformationKind, JobKind, JobState, KeyChoice, RenewOrder, Resumed,
        RevocationReason, RevokeOrder,
    },
};
use chopmark_tests::bench::{
    ca::{Codes, Fault, Invitation},
    script::{Say, Script},
};

use crate::world::{World, assert_file_is_whole, assert_token_has_one};

/// A certificate in its place, the codes it came with, and how to name it.
async fn enrolled(world: &World, change: impl FnOnce(&mut Invitation)) -> (Codes, Enrolled) {
    let codes = world.ca.invite(change);
    let enrolled = world.enroll(&codes, &world.person_with(&codes)).await.unwrap();
    (codes, enrolled)
}

/// CERT for a renewal: a token behind a driver that is not installed has to be named.
fn cert(world: &World, enrolled: &Enrolled) -> String {
    if world.token.is_some() { enrolled.place.clone() } else { enrolled.certificate.sha256.clone() }
}

fn order(world: &World, enrolled: &Enrolled) -> RenewOrder {
    RenewOrder {
        certificate: cert(world, enrolled),
        place: None,
        key: None,
        keep_old: false,
        reference: None,
        ca: None,
        no_wait: false,
    }
}

fn revocation(world: &World, enrolled: &Enrolled) -> RevokeOrder {
    RevokeOrder {
        certificate: CertificateChoice::Fingerprint { sha256: cert(world, enrolled) },
        reason: RevocationReason::Superseded,
        reference: None,
        ca: None,
        no_wait: false,
    }
}

/// The new certificate is in the place of the old one, alone, and the CA knows both as confirmed.
fn assert_renewed(world: &World, what: &str, codes: &Codes, old: &Enrolled, new: &Enrolled) {
    assert!(new.proved && new.confirmed, "{what}");
    assert_ne!(new.certificate.sha256, old.certificate.sha256, "{what}");
    assert_eq!((&new.certificate.subject, &new.place_name), (&old.certificate.subject, &old.place_name), "{what}");
    let replaced = new.replaced.as_ref().unwrap_or_else(|| panic!("{what}: nothing about the old one"));
    assert_eq!((replaced.sha256.as_str(), replaced.kept), (old.certificate.sha256.as_str(), false), "{what}");
    assert_eq!(world.ca.states(&codes.reference), ["confirmed", "confirmed"], "{what}");
    assert_eq!(world.desk.kept_keys().len(), 0, "{what}: a kept key is left");
    match &world.token {
        Some(token) => assert_token_has_one(what, token),
        None => {
            assert_file_is_whole(what, &world.ca, &world.desk);
            assert!(!world.desk.path("me.p12.renewed").exists(), "{what}: the file beside is gone");
        }
    }
    world.assert_no_secret(&[&codes.authorization_code]);
}

#[tokio::test(flavor = "multi_thread")]
async fn renewing_in_place_leaves_the_new_one_alone() {
    for world in World::both() {
        let (codes, old) = enrolled(&world, |_| {}).await;
        let ui = world.person();
        let new = world.app().renew(order(&world, &old), &ui).await.unwrap();
        assert_renewed(&world, world.place_word(), &codes, &old, &new);
        assert_eq!(ui.left(), 0);
        assert_eq!(ui.questions().len(), 1, "PIN or password, once: {:?}", ui.questions());
        let jobs = world.app().journal().await.unwrap();
        assert_eq!((jobs[0].kind, jobs[0].state), (JobKind::Renew, JobState::Done));
        assert_eq!(jobs[0].renews.as_ref(), Some(&old.certificate.sha256));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_one_stays_where_that_is_asked_or_its_key_may_be_needed() {
    for (key, keep_old, because) in [(KeyChoice::EcP256, true, "asked"), (KeyChoice::Rsa2048, false, "decrypts")] {
        for world in World::both() {
            let codes = world.ca.invite(|_| {});
            let mut first = world.order(&codes);
            first.key = Some(key);
            let old = world.app().enroll(first, world.ca.core_profile(), &world.person_with(&codes)).await.unwrap();
            let new = world.app().renew(RenewOrder { keep_old, ..order(&world, &old) }, &world.person()).await.unwrap();
            let replaced = new.replaced.unwrap();
            assert_eq!((replaced.kept, replaced.because.as_deref()), (true, Some(because)), "{}", world.place_word());
            match &world.token {
                Some(token) => {
                    let (keys, certificates) = token.content();
                    assert_eq!(keys.len(), 2);
                    assert_eq!(certificates.iter().filter(|one| one.has_key == Some(true)).count(), 2);
                }
                None => {
                    let kept = replaced.kept_at.expect("where it is kept");
                    assert!(std::path::Path::new(&kept).exists(), "{kept}");
                    assert_file_is_whole("renewed", &world.ca, &world.desk);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_elsewhere_leaves_the_old_place_alone() {
    let world = World::token();
    let (_, old) = enrolled(&world, |_| {}).await;
    let file = chopmark_core::model::Place::File { path: world.desk.text("me.p12") };
    let ui = world.person().password(crate::world::PASSWORD);
    let new = world.app().renew(RenewOrder { place: Some(file), ..order(&world, &old) }, &ui).await.unwrap();
    assert_eq!(new.replaced.and_then(|replaced| replaced.because).as_deref(), Some("elsewhere"));
    assert_token_has_one("old", world.token.as_ref().unwrap());
    assert_file_is_whole("new", &world.ca, &world.desk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_waits_and_goes_on() {
    for world in World::both() {
        let (codes, old) = enrolled(&world, |invitation| invitation.renewal.delay = 3).await;
        let waiting = RenewOrder { no_wait: true, ..order(&world, &old) };
        let stopped = world.app().renew(waiting, &world.person()).await.unwrap_err();
        assert_eq!(stopped.code, Code::StillWaiting);
        let job = world.app().journal().await.unwrap().remove(0);
        assert!(job.state == JobState::Waiting && job.next_poll.is_some(), "{job:#?}");
        // The same order goes on with the job instead of making a second key.
        let new = world.app().renew(order(&world, &old), &world.person()).await.unwrap();
        assert_renewed(&world, world.place_word(), &codes, &old, &new);
        assert_eq!(world.app().journal().await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_loses_nothing() {
    for fault in [Fault::DropAnswer, Fault::DropConfirm] {
        for world in World::both() {
            let (codes, old) = enrolled(&world, |invitation| invitation.renewal.fault = Some(fault)).await;
            let what = format!("{} {}", world.place_word(), fault.name());
            world.app().renew(order(&world, &old), &world.person()).await.unwrap_err();
            let job = world.app().journal().await.unwrap().remove(0);
            let resumed = world.app().resume(&job.job, &world.person()).await;
            let Ok(Resumed::Enrolled { enrolled: new }) = resumed else { panic!("{what}: {resumed:?}") };
            assert_renewed(&world, &what, &codes, &old, &new);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_renewal_leaves_the_old_one_as_it_was() {
    for world in World::both() {
        let refuse = |invitation: &mut Invitation| {
            invitation.renewal.refuse = Some(cmp_protocol::message::FailInfo::BadCertTemplate);
        };
        let (_, old) = enrolled(&world, refuse).await;
        let refused = world.app().renew(order(&world, &old), &world.person()).await.unwrap_err();
        assert_eq!(refused.code, Code::RequestNotAllowed, "{refused}");
        assert_eq!(world.app().journal().await.unwrap()[0].state, JobState::Failed);
        match &world.token {
            Some(token) => assert_token_has_one("old", token),
            None => {
                assert_file_is_whole("old", &world.ca, &world.desk);
                assert!(!world.desk.path("me.p12.renewed").exists());
            }
        }
        assert_eq!(world.desk.kept_keys().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_costs_nothing() {
    let world = World::file();
    let (codes, old) = enrolled(&world, |_| {}).await;
    let wrong = world.app().renew(order(&world, &old), &Script::new().password("wrong")).await.unwrap_err();
    assert_eq!(wrong.code, Code::FilePasswordWrong);
    assert_eq!(world.ca.transactions(&codes.reference).len(), 1, "nothing was sent");
    let new = world.app().renew(order(&world, &old), &world.person()).await.unwrap();
    assert_renewed(&world, "after a wrong password", &codes, &old, &new);
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_by_the_key_and_not_twice() {
    for world in World::both() {
        let (codes, old) = enrolled(&world, |_| {}).await;
        let revoked = world.app().revoke(revocation(&world, &old), &world.person()).await.unwrap();
        assert_eq!(
            (revoked.serial.as_str(), revoked.reason),
            (old.certificate.serial.as_str(), RevocationReason::Superseded)
        );
        assert_eq!(world.ca.states(&codes.reference), ["revoked"]);
        let found = world.app().certificate(&cert(&world, &old)).await.unwrap();
        assert!(found.revoked.is_some(), "the journal says so: {found:?}");
        let again = world.app().revoke(revocation(&world, &old), &world.person()).await.unwrap_err();
        assert_eq!(again.code, Code::AlreadyRevoked, "{again}");
        let renewal = world.app().renew(order(&world, &old), &world.person()).await.unwrap_err();
        assert_eq!(renewal.code, Code::AlreadyRevoked, "{renewal}");
        assert_eq!(world.keys(), 1, "the old key stays, and no other");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_by_codes_without_certificate_or_key() {
    let world = World::file();
    let (codes, old) = enrolled(&world, |_| {}).await;
    world.app().ca_add(&world.ca.core_profile()).unwrap();
    let by_serial = RevokeOrder {
        certificate: CertificateChoice::Serial {
            issuer: old.certificate.issuer.clone(),
            serial: old.certificate.serial.clone(),
        },
        reason: RevocationReason::KeyCompromise,
        reference: Some(codes.reference.clone()),
        ca: Some(world.ca.core_profile().name),
        no_wait: false,
    };
    let ui = Script::new().code("WR0NG").code(codes.authorization_code.as_str());
    let revoked = world.app().revoke(by_serial, &ui).await.unwrap();
    assert_eq!(revoked.subject, None);
    let issued = world.ca.issued(&codes.reference);
    assert_eq!((issued[0].state.as_str(), issued[0].reason), ("revoked", Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_waits_and_its_answer_may_be_lost() {
    for fault in [None, Some(Fault::DropAnswer)] {
        let world = World::file();
        let change = |invitation: &mut Invitation| {
            invitation.revocation.delay = if fault.is_none() { 3 } else { 0 };
            invitation.revocation.fault = fault;
        };
        let (codes, old) = enrolled(&world, change).await;
        let stopped = RevokeOrder { no_wait: true, ..revocation(&world, &old) };
        world.app().revoke(stopped, &world.person()).await.unwrap_err();
        let revoked = world.app().revoke(revocation(&world, &old), &world.person()).await.unwrap();
        assert_eq!(revoked.sha256.as_ref(), Some(&old.certificate.sha256), "{fault:?}");
        assert_eq!(world.ca.states(&codes.reference), ["revoked"], "{fault:?}");
        assert_eq!(world.app().journal().await.unwrap().len(), 2, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_while_the_ca_says_wait_tells_it() {
    for (say, told) in [(Say::Later, false), (Say::Cancel, false)] {
        giving_up(say, told).await;
    }
    giving_up(Say::Yes, true).await;
}

/// `told`: the code is given when it is asked for.
async fn giving_up(say: Say, told: bool) {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.delay = 600);
        let ui = world.person_with(&codes).cancel_at(|event| matches!(event, Event::Waiting { .. }));
        world.enroll(&codes, &ui).await.unwrap_err();
        let ui = world.person();
        let ui = if told { ui.code(codes.authorization_code.as_str()) } else { ui.code(say.clone()) };
        let job = world.job().await.job;
        let over = world.app().discard(&job, &ui).await.unwrap();
        assert!(matches!(over, Resumed::NothingHappened { .. }), "{over:?}");
        let state = world.ca.transactions(&codes.reference)[0].state.clone();
        assert_eq!(state, if told { "given up" } else { "waiting" }, "{}", world.place_word());
        world.assert_clean("given up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ca_tells_about_itself() {
    let world = World::file();
    let (codes, old) = enrolled(&world, |_| {}).await;
    let (app, profile) = (world.app(), world.ca.core_profile());
    for asker in [
        Asker::Codes { reference: codes.reference.clone() },
        Asker::Certificate { sha256: old.certificate.sha256.clone() },
    ] {
        let by_codes = matches!(asker, Asker::Codes { .. });
        let person = || if by_codes { Script::new().code(codes.authorization_code.as_str()) } else { world.person() };
        let ask = async |kind| app.ca_information(&profile, kind, asker.clone(), &person()).await.unwrap();
        let certificates = ask(InformationKind::CaCertificates).await.certificates;
        assert!(certificates.iter().any(|one| one.cn.as_deref() == Some("Chopmark demo CA")), "{certificates:?}");
        let template = ask(InformationKind::RequestTemplate).await.template.expect("a template");
        assert!(template.keys.contains(&KeyChoice::EcP256), "{template:?}");
        assert!(
            template.fields.iter().any(|field| field.name == "O" && field.value.as_deref() == Some("Acme")),
            "{template:?}"
        );
        let crl = ask(InformationKind::Crl).await.crl.expect("a list");
        assert_eq!(crl.revoked, 0);
        assert_eq!(ask(InformationKind::RootUpdate).await.root_update, None);
    }
    app.revoke(revocation(&world, &old), &world.person()).await.unwrap();
    let ui = Script::new().code(codes.authorization_code.as_str());
    let asker = Asker::Codes { reference: codes.reference.clone() };
    let crl = app.ca_information(&profile, InformationKind::Crl, asker, &ui).await.unwrap().crl.expect("a list");
    assert_eq!(crl.revoked, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_root_is_taken_on_the_word_of_the_old_one() {
    let world = World::file();
    let (codes, _) = enrolled(&world, |_| {}).await;
    chopmark_demo_ca::renew_root(world.ca.dir()).unwrap();
    let asker = Asker::Codes { reference: codes.reference.clone() };
    let ui = Script::new().code(codes.authorization_code.as_str());
    let found = world.app().ca_information(&world.ca.core_profile(), InformationKind::RootUpdate, asker, &ui).await;
    let update = found.unwrap().root_update.expect("an update");
    assert!(update.old_with_new);
    assert_ne!(update.follows, update.root.sha256);
}
