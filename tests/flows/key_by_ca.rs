//! The CA makes the key (RFC 9483 §4.1.6): it arrives enveloped, is checked, and goes to its place.

use chopmark_core::{
    error::Code,
    model::{EnrollOrder, JobState, KeyChoice, RequestKind},
};

use crate::world::{World, assert_file_is_whole};

#[tokio::test(flavor = "multi_thread")]
async fn in_every_place() {
    for key in [KeyChoice::EcP256, KeyChoice::EcP384, KeyChoice::Rsa2048] {
        for world in World::both() {
            let what = format!("{} {key:?}", world.place_word());
            let codes = world.ca.invite(|_| {});
            let ui = world.person_with(&codes);
            let order = EnrollOrder { key: Some(key), key_by_ca: true, ..world.order(&codes) };
            let enrolled = world.app().enroll(order, world.ca.core_profile(), &ui).await;
            let enrolled = enrolled.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(enrolled.proved && enrolled.confirmed && enrolled.key_seen_by_ca, "{what}");
            world.assert_one_certificate(&what, &codes, &enrolled.certificate.sha256);
            world.assert_job(&what, JobState::Done, None).await;
            if world.token.is_none() {
                assert_file_is_whole(&what, &world.ca, &world.desk);
            }
        }
    }
}

/// While the CA makes up its mind there is no key; it comes with the certificate, on resuming too.
#[tokio::test(flavor = "multi_thread")]
async fn after_waiting() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.delay = 4);
        let order = EnrollOrder { key_by_ca: true, no_wait: true, ..world.order(&codes) };
        let ui = world.person_with(&codes);
        let error = world.app().enroll(order.clone(), world.ca.core_profile(), &ui).await.unwrap_err();
        assert_eq!(error.code, Code::StillWaiting, "{error}");
        let order = EnrollOrder { no_wait: false, ..order };
        let ui = world.person_with(&codes);
        let enrolled = world.app().enroll(order, world.ca.core_profile(), &ui).await.unwrap();
        assert!(enrolled.proved && enrolled.confirmed && enrolled.key_seen_by_ca);
        world.assert_one_certificate("after waiting", &codes, &enrolled.certificate.sha256);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_with_a_request_that_needs_a_key() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    let mut profile = world.ca.core_profile();
    profile.cmp.request = RequestKind::P10cr;
    let order = EnrollOrder { key_by_ca: true, ..world.order(&codes) };
    let error = world.app().enroll(order, profile, &world.person_with(&codes)).await.unwrap_err();
    assert_eq!(error.code, Code::BadInput, "{error}");
}
