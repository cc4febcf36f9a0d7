//! What goes well: every key, place, request and protection; with patience and with changes.

use chopmark_core::{
    error::Code,
    model::{CaProfile, Event, JobState, KeyChoice, MacChoice, Question, RequestKind, Step},
};
use chopmark_tests::bench::script::Say;

use crate::world::{World, assert_file_is_whole};

/// Enrols once and checks everything that must hold in the end.
async fn check(world: &World, key: KeyChoice, change: impl FnOnce(&mut CaProfile)) {
    let mut profile = world.ca.core_profile();
    change(&mut profile);
    let what = format!("{} {key:?} {:?} {:?}", world.place_word(), profile.cmp.request, profile.cmp.protection);
    let codes = world.ca.invite(|_| {});
    let ui = world.person_with(&codes);
    let mut order = world.order(&codes);
    order.key = Some(key);
    let enrolled = world.app().enroll(order, profile, &ui).await.unwrap_or_else(|error| panic!("{what}: {error}"));

    assert!(enrolled.proved && enrolled.confirmed, "{what}");
    assert_eq!(enrolled.certificate.cn.as_deref(), Some("Alice"), "{what}");
    assert_eq!(enrolled.certificate.o, ["Acme"], "{what}");
    world.assert_one_certificate(&what, &codes, &enrolled.certificate.sha256);
    world.assert_job(&what, JobState::Done, None).await;
    let begun: Vec<Step> =
        ui.events().iter().filter_map(|e| if let Event::Step { step } = e { Some(*step) } else { None }).collect();
    let all = [Step::MakeKey, Step::SendRequest, Step::ReceiveCertificate, Step::Install, Step::Prove, Step::Confirm];
    assert_eq!(begun, all, "{what}");
    assert_eq!(enrolled.timings.iter().map(|timing| timing.step).collect::<Vec<_>>(), all, "{what}");
    assert_eq!(ui.left(), 0, "{what}: everything was asked once");
    // The last certificate is found by its fingerprint.
    let found = world.app().certificate(&enrolled.certificate.sha256[..12]).await;
    match &world.token {
        // A token behind a driver that is not installed is looked into when it is named.
        Some(_) => {
            let list = world.app().certificates(Some(&world.place())).await.unwrap();
            assert!(
                list.certificates.iter().any(|one| one.certificate.sha256 == enrolled.certificate.sha256),
                "{what}"
            );
        }
        None => assert_eq!(found.unwrap().place, enrolled.place, "{what}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_every_key() {
    for (key, words) in [
        (KeyChoice::EcP256, "NIST CURVE: P-256"),
        (KeyChoice::EcP384, "NIST CURVE: P-384"),
        (KeyChoice::EcP521, "NIST CURVE: P-521"),
        (KeyChoice::Ed25519, "ED25519 Public-Key:"),
        (KeyChoice::Rsa2048, "Public-Key: (2048 bit)"),
        (KeyChoice::Rsa3072, "Public-Key: (3072 bit)"),
    ] {
        let world = World::file();
        check(&world, key, |_| {}).await;
        let text = assert_file_is_whole("again", &world.ca, &world.desk);
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_with_every_key() {
    for key in [
        KeyChoice::EcP256,
        KeyChoice::EcP384,
        KeyChoice::EcP521,
        KeyChoice::Ed25519,
        KeyChoice::Rsa2048,
        KeyChoice::Rsa3072,
    ] {
        check(&World::token(), key, |_| {}).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_and_every_protection() {
    for request in [RequestKind::Ir, RequestKind::Cr, RequestKind::P10cr] {
        check(&World::file(), KeyChoice::EcP256, |ca| ca.cmp.request = request).await;
    }
    for mac in [MacChoice::PbmSha1, MacChoice::PbmSha256, MacChoice::PbmSha512, MacChoice::Pbmac1Sha256] {
        check(&World::file(), KeyChoice::EcP256, |ca| ca.cmp.protection = mac).await;
    }
    check(&World::token(), KeyChoice::Rsa2048, |ca| ca.cmp.request = RequestKind::P10cr).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_says_which_key() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    let mut profile = world.ca.core_profile();
    profile.keys = vec![KeyChoice::EcP384];
    let order = chopmark_core::model::EnrollOrder { key: None, ..world.order(&codes) };
    let enrolled = world.app().enroll(order, profile, &world.person_with(&codes)).await.unwrap();
    assert_eq!(enrolled.certificate.key, "EC P-384");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_were_asked_for() {
    let world = World::file();
    let codes = world.ca.invite(|invitation| invitation.subject = "CN=Alice Example,OU=Sales,O=Acme".into());
    let mut order = world.order(&codes);
    order.subject = Some("CN=Alice Example,OU=Sales,O=Acme".into());
    order.san = vec!["email:alice@acme.example".into(), "dns:alice.acme.example".into()];
    let ui = world.person_with(&codes);
    let enrolled = world.app().enroll(order, world.ca.core_profile(), &ui).await.unwrap();
    assert_eq!(enrolled.certificate.ou, ["Sales"]);
    assert_eq!(enrolled.certificate.san, ["email:alice@acme.example", "dns:alice.acme.example"]);
    let text = assert_file_is_whole("names", &world.ca, &world.desk);
    assert!(text.contains("Subject: CN=Alice Example,OU=Sales,O=Acme"), "{text}");
    assert!(text.contains("email:alice@acme.example") && text.contains("DNS:alice.acme.example"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ca_wants_patience() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.delay = 2);
        let ui = world.person_with(&codes);
        let enrolled = world.enroll(&codes, &ui).await.unwrap();
        world.assert_one_certificate("patience", &codes, &enrolled.certificate.sha256);
        let waits = ui.events().iter().filter(|event| matches!(event, Event::Waiting { .. })).count();
        assert!(waits >= 1, "{:?}", ui.events());
        let entries = world.job().await.entries;
        assert!(entries.iter().any(|entry| entry.what == "sending" && entry.detail == "pollReq"), "{entries:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_waiting_then_resume() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.delay = 2);
        let mut order = world.order(&codes);
        order.no_wait = true;
        let app = world.app();
        let error = app.enroll(order.clone(), world.ca.core_profile(), &world.person_with(&codes)).await.unwrap_err();
        assert_eq!(error.code, Code::StillWaiting);
        world.assert_job("no wait", JobState::Waiting, Some(Code::StillWaiting)).await;
        world.assert_key_waits("no wait");
        let next = world.job().await.next_poll.unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        assert!((now..now + 20).contains(&next), "{next} is not soon after {now}");
        // Asked before its time, the CA says wait once more (the job was told not to); then it issues.
        let enrolled = loop {
            match world.resume(&world.person_with(&codes)).await {
                Ok(chopmark_core::model::Resumed::Enrolled { enrolled }) => break enrolled,
                Ok(other) => panic!("{other:?}"),
                Err(error) => assert_eq!(error.code, Code::StillWaiting),
            }
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        };
        world.assert_one_certificate("no wait", &codes, &enrolled.certificate.sha256);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ca_changes_the_subject() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.alter_subject = Some("CN=Alice A.,O=Acme".into()));
        let mut order = world.order(&codes);
        order.subject = Some("CN=Alice,O=Acme".into());
        let ui = world.person_with(&codes).changes(Say::Yes);
        let enrolled = world.app().enroll(order, world.ca.core_profile(), &ui).await.unwrap();
        assert_eq!(enrolled.certificate.cn.as_deref(), Some("Alice A."));
        world.assert_one_certificate("changed", &codes, &enrolled.certificate.sha256);
        let Some(Question::AcceptChanges { changes, text }) = ui.questions().pop() else { panic!("not asked") };
        assert_eq!((changes.len(), changes[0].field.as_str()), (1, "subject"));
        assert_eq!(
            (changes[0].requested.as_str(), changes[0].granted.as_str()),
            ("CN=Alice,O=Acme", "CN=Alice A.,O=Acme")
        );
        assert_eq!(text.as_deref(), Some("the CA has changed the subject"));
    }
}
