//! PIN and token: one try a PIN, and nothing made where the way is not clear.

use std::path::PathBuf;

use chopmark_core::{
    error::{Class, Code},
    model::{JobState, PinState, Place, Question},
};
use chopmark_tests::bench::{
    script::{Say, Script},
    token::{PIN, Token},
};

use crate::world::World;

/// The token behind OpenSC's spy, which writes down every call.
fn spied() -> (World, PathBuf) {
    let found = ["/usr/lib/x86_64-linux-gnu/pkcs11-spy.so", "/usr/lib/aarch64-linux-gnu/pkcs11-spy.so"];
    let spy = found.iter().map(PathBuf::from).find(|path| path.exists());
    let spy = spy.unwrap_or_else(|| panic!("OpenSC's spy is not installed (apt install opensc-pkcs11): {found:?}"));
    let mut token = Token::soft_hsm();
    let log = token.folder().join("calls");
    token.env.push(("PKCS11SPY".into(), token.module.display().to_string()));
    token.env.push(("PKCS11SPY_OUTPUT".into(), log.display().to_string()));
    token.module = spy;
    (World::with(token.with_script()), log)
}

/// How often a PIN was sent to the driver.
fn tries(log: &std::path::Path, result: &str) -> usize {
    let text = std::fs::read_to_string(log).unwrap();
    let mut calls = text.split("\n\n").filter(|call| call.contains(": C_Login\n")).peekable();
    assert!(calls.peek().is_some(), "no login at all");
    calls.filter(|call| call.trim_end().ends_with(result)).count()
}

fn pin_states(ui: &Script) -> Vec<(PinState, bool)> {
    let questions = ui.questions();
    let pins = questions.iter().filter_map(|question| match question {
        Question::Pin { state, wrong_before, .. } => Some((*state, *wrong_before)),
        _ => None,
    });
    pins.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_then_the_right_one() {
    let (world, log) = spied();
    let codes = world.ca.invite(|_| {});
    let ui = Script::new().code(codes.authorization_code.as_str()).pin("000000").pin(PIN);
    let enrolled = world.enroll(&codes, &ui).await.unwrap();
    world.assert_one_certificate("right PIN", &codes, &enrolled.certificate.sha256);
    assert_eq!(pin_states(&ui), [(PinState::Ok, false), (PinState::CountLow, true)]);
    assert_eq!(tries(&log, "CKR_PIN_INCORRECT"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_then_giving_up() {
    let (world, log) = spied();
    let codes = world.ca.invite(|_| {});
    let ui = Script::new().code(codes.authorization_code.as_str()).pin("000000").pin(Say::Cancel);
    let error = world.enroll(&codes, &ui).await.unwrap_err();
    assert_eq!((error.code, error.class()), (Code::PinWrong, Class::Pin));
    assert_eq!(tries(&log, "CKR_PIN_INCORRECT"), 1);
    assert_eq!(world.token.as_ref().unwrap().seen().user_pin, token_helper::PinState::CountLow);
    world.assert_job("given up", JobState::Failed, Some(Code::PinWrong)).await;
    world.assert_clean("given up");
    assert!(world.ca.transactions(&codes.reference).is_empty(), "nothing was sent");
}

/// A place that cannot be used, with the code it must give and the words it must name.
async fn refused(world: World, change: impl FnOnce(&mut Place), code: Code, fact: &str) {
    let codes = world.ca.invite(|_| {});
    let mut order = world.order(&codes);
    change(&mut order.place);
    let ui = Script::new().code(codes.authorization_code.as_str());
    let error = world.app().enroll(order, world.ca.core_profile(), &ui).await.expect_err(fact);
    assert_eq!(error.code, code, "{error} {:?}", error.facts);
    assert!(error.facts.values().any(|value| value.contains(fact)), "{code}: {:?}", error.facts);
    assert!(world.ca.transactions(&codes.reference).is_empty(), "{code}: nothing was sent");
    world.assert_job(fact, JobState::Failed, Some(code)).await;
    assert_eq!(ui.questions().len(), 1, "{code}: no PIN was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_cannot_be_used() {
    refused(World::with(Token::faulty("pin-locked")), |_| {}, Code::PinLocked, "FAULTY").await;
    let unset = Token::empty_soft_hsm();
    unset.add_without_pin("Alice");
    refused(World::with(unset), |_| {}, Code::PinNotSet, "Alice").await;
    let other = |place: &mut Place| {
        if let Place::Token { label, .. } = place {
            *label = Some("Bob".into());
        }
    };
    refused(World::token(), other, Code::TokenNotFound, "Bob").await;
    let twins = Token::soft_hsm();
    twins.add("Alice");
    refused(World::with(twins), |_| {}, Code::TokenAmbiguous, "Alice").await;
    let nowhere = |place: &mut Place| {
        if let Place::Token { driver, .. } = place {
            *driver = Some("/no/such/driver.so".into());
        }
    };
    refused(World::token(), nowhere, Code::DriverNotFound, "/no/such/driver.so").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tokens_the_serial_tells() {
    let token = Token::soft_hsm();
    let serial = token.seen().serial;
    token.add("Alice");
    let world = World::with(token);
    let codes = world.ca.invite(|_| {});
    let mut order = world.order(&codes);
    if let Place::Token { serial: wanted, .. } = &mut order.place {
        *wanted = Some(serial.clone());
    }
    let enrolled = world.app().enroll(order, world.ca.core_profile(), &world.person_with(&codes)).await.unwrap();
    assert!(enrolled.place.contains(&serial), "{}", enrolled.place);
}
