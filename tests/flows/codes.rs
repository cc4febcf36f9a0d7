//! The two codes before they are sent, what the CA says about wrong ones, and another kind of MAC when it does not take ours.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use chopmark_core::{
    error::Code,
    model::{Asker, CaProfile, CodeFinding, CodePart, CodeSlip, Event, InformationKind, JobState, MacChoice, Question},
};
use chopmark_tests::bench::{
    ca::{Codes, Fault},
    raw_server::{RawServer, cmp},
    script::{Say, Script},
};
use cmp_protocol::{
    message::FailInfo,
    server::{self, Incoming},
};

use crate::world::World;

/// The code in lower case, with a long dash: what a word processor makes of it.
fn mangled(codes: &Codes) -> String {
    codes.authorization_code.to_lowercase().replacen('-', "–", 1)
}

fn checked(ui: &Script) -> Vec<(CodePart, Vec<CodeFinding>, bool)> {
    let questions = ui.questions().into_iter();
    let checks = questions.filter_map(|question| match question {
        Question::CheckCode { part, findings, suggestion } => Some((part, findings, suggestion)),
        _ => None,
    });
    checks.collect()
}

fn tries(ui: &Script) -> Vec<Option<u32>> {
    let questions = ui.questions().into_iter();
    let tries = questions.filter_map(|question| match question {
        Question::AuthorizationCode { tries_left, .. } => Some(tries_left),
        _ => None,
    });
    tries.collect()
}

fn used(ui: &Script) {
    assert_eq!(ui.left(), 0, "answers that nobody asked for");
}

/// Messages that the CA has had.
fn transactions(world: &World, codes: &Codes) -> usize {
    world.ca.transactions(&codes.reference).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mangled_code_is_asked_about_and_mended() {
    let world = World::file();
    let mut codes = world.ca.invite(|_| {});
    let typed = mangled(&codes);
    let reference = codes.reference.clone();
    // Blanks in and around the reference number, too.
    codes.reference = format!(" {} {}\u{200b}", &reference[..4], &reference[4..]);
    let ui = world.person().code(format!("\u{a0}{typed} ").as_str()).check(Say::Yes).check(Say::Yes);
    let enrolled = world.enroll(&codes, &ui).await.unwrap();
    used(&ui);
    let checks = checked(&ui);
    let space = CodeFinding { position: 5, kind: CodeSlip::Space };
    assert_eq!(checks[0], (CodePart::ReferenceNumber, vec![space], true));
    assert_eq!((checks[1].0, checks[1].2), (CodePart::AuthorizationCode, true));
    assert!(checks[1].1.contains(&CodeFinding { position: 5, kind: CodeSlip::Dash }), "{checks:?}");
    codes.reference = reference;
    assert_eq!(world.job().await.order.reference, codes.reference, "what was sent stands in the journal");
    world.assert_one_certificate("mended", &codes, &enrolled.certificate.sha256);
    world.assert_no_secret(&[&typed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_as_typed_when_the_person_says_so() {
    let world = World::file();
    let codes = world.ca.invite(|invitation| invitation.codes = Some(("4711".into(), "weird code".to_owned().into())));
    let ui = world.person().code("weird code").check(Say::No);
    let enrolled = world.enroll(&codes, &ui).await.unwrap();
    used(&ui);
    world.assert_one_certificate("as typed", &codes, &enrolled.certificate.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_the_question_is_answered() {
    for (say, code) in [(Say::Cancel, Code::Cancelled), (Say::Later, Code::CodeLooksWrong)] {
        let world = World::file();
        let codes = world.ca.invite(|_| {});
        let ui = Script::new().code(mangled(&codes).as_str()).check(say);
        let error = world.enroll(&codes, &ui).await.unwrap_err();
        assert_eq!(error.code, code);
        if code == Code::CodeLooksWrong {
            assert_eq!(error.facts["reason"], "authorization-code");
            assert!(error.facts["positions"].contains('5'), "{:?}", error.facts);
        }
        assert_eq!(transactions(&world, &codes), 0);
        world.assert_clean("nothing begun");
        world.assert_no_secret(&[&mangled(&codes)]);
    }
}

/// Without an alphabet in the profile, letters are the CA's business; what no code has is asked about all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_ca_that_says_nothing_about_its_codes() {
    let world = World::file();
    let mut profile = world.ca.core_profile();
    profile.codes.alphabet = None;
    let codes = world.ca.invite(|invitation| invitation.codes = Some(("4711".into(), "oO0-lI1".to_owned().into())));
    let ui = world.person().code("oO0\u{2014}lI1").check(Say::Yes);
    let enrolled = world.enroll_at(&codes, profile, &ui).await.unwrap();
    used(&ui);
    assert_eq!(checked(&ui)[0].1, [CodeFinding { position: 4, kind: CodeSlip::Dash }]);
    world.assert_one_certificate("no alphabet", &codes, &enrolled.certificate.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_to_the_ca_look_at_the_codes_too() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    let ui = Script::new().code(mangled(&codes).as_str()).check(Say::Yes);
    let (profile, asker) = (world.ca.core_profile(), Asker::Codes { reference: format!("{} ", codes.reference) });
    let found = world.app().ca_information(&profile, InformationKind::CaCertificates, asker, &ui).await.unwrap();
    used(&ui);
    assert!(!found.certificates.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_down_to_the_lock() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    let ui = (0..6).fold(world.person(), |ui, _| ui.code("WR0NG-C0DE")).code(Say::Later);
    let error = world.enroll(&codes, &ui).await.unwrap_err();
    assert_eq!((error.code, error.facts["triesLeft"].as_str()), (Code::CodesWrong, "0"));
    assert_eq!(tries(&ui), [None, Some(4), Some(3), Some(2), Some(1), Some(0), Some(0)]);
    let message = world.job().await.error.unwrap().message;
    assert_eq!(message, "The CA does not accept the two codes. It says that no tries are left: they are locked.");
    // The right code comes too late, and the CA says why: that can be verified.
    let error = world.resume(&world.person_with(&codes)).await.unwrap_err();
    assert_eq!(error.code, Code::CodesSpent);
}

/// CMP leaves `errorCode` to the CA: without a word in the profile it is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_may_mean_anything_is_not_shown() {
    let world = World::file();
    let mut profile = world.ca.core_profile();
    profile.codes.tries_in_error_code = false;
    let codes = world.ca.invite(|_| {});
    let ui = world.person().code("WR0NG-C0DE").code(Say::Cancel);
    let error = world.enroll_at(&codes, profile, &ui).await.unwrap_err();
    assert_eq!((error.code, error.facts.get("triesLeft")), (Code::CodesWrong, None));
    assert_eq!(tries(&ui), [None, None]);
}

/// A CA that knows one kind of MAC only, and a profile that names another.
fn one_kind(world: &World, fault: Fault, protection: MacChoice) -> (Codes, CaProfile) {
    let mut profile = world.ca.core_profile();
    profile.cmp.protection = protection;
    (world.ca.invite(|invitation| invitation.fault = Some(fault)), profile)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mac_is_used_when_the_person_agrees() {
    for (fault, from, to, weaker) in [
        (Fault::OnlyPbm, MacChoice::Pbmac1Sha256, MacChoice::PbmSha256, true),
        (Fault::OnlyPbmac1, MacChoice::PbmSha256, MacChoice::Pbmac1Sha256, false),
    ] {
        let world = World::file();
        let (codes, profile) = one_kind(&world, fault, from);
        let ui = world.person_with(&codes).protection(Say::Yes);
        let enrolled = world.enroll_at(&codes, profile, &ui).await.unwrap();
        used(&ui);
        let asked = Question::OtherProtection { ca: "Chopmark demo CA".into(), from, to, weaker };
        assert!(ui.questions().contains(&asked), "{:?}", ui.questions());
        world.assert_one_certificate(fault.name(), &codes, &enrolled.certificate.sha256);
        let entries = world.job().await.entries;
        assert_eq!(entries.iter().filter(|entry| entry.what == "key-made").count(), 1, "the same key");
        assert_eq!(entries.iter().filter(|entry| entry.what == "protection-changed").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_yes_the_error_is_as_it_is() {
    for (say, state) in
        [(Say::No, JobState::Interrupted), (Say::Later, JobState::Interrupted), (Say::Cancel, JobState::Failed)]
    {
        let world = World::file();
        let (codes, profile) = one_kind(&world, Fault::OnlyPbm, MacChoice::Pbmac1Sha256);
        let ui = world.person_with(&codes).protection(say);
        let error = world.enroll_at(&codes, profile, &ui).await.unwrap_err();
        used(&ui);
        assert_eq!((error.code, error.facts["protection"].as_str()), (Code::ProtectionRefused, "pbmac1-sha256"));
        world.assert_job("no other MAC", state, Some(Code::ProtectionRefused)).await;
        assert!(world.job().await.error.unwrap().hints.iter().any(|hint| hint.contains("“protection” under “cmp”")));
        assert_eq!(transactions(&world, &codes), 0);
    }
}

/// What was agreed to holds when the job goes on, though the CA's profile still says otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn resuming_keeps_to_the_other_mac() {
    let world = World::file();
    let mut profile = world.ca.core_profile();
    profile.cmp.protection = MacChoice::Pbmac1Sha256;
    world.app().ca_add(&profile).unwrap();
    let codes = world.ca.invite(|invitation| {
        invitation.fault = Some(Fault::OnlyPbm);
        invitation.delay = 1;
    });
    let ui = world.person_with(&codes).protection(Say::Yes);
    let ui = ui.cancel_at(|event| matches!(event, Event::Waiting { .. }));
    world.enroll_at(&codes, profile, &ui).await.unwrap_err();
    world.assert_job("waiting", JobState::Waiting, Some(Code::Cancelled)).await;
    let enrolled = world.resume_to_the_end(&world.person_with(&codes)).await;
    world.assert_one_certificate("the other MAC", &codes, &enrolled.certificate.sha256);
}

/// A CA that takes neither kind: one question, no circle; each try is a transaction of its own with the same key.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_other_try() {
    let world = World::file();
    let transactions = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&transactions);
    let server = RawServer::start(move |request, stream| {
        let incoming = Incoming::parse(&request.body).unwrap();
        heard.lock().unwrap().push(incoming.transaction_id().unwrap().to_vec());
        let body = server::error(&[FailInfo::BadAlg], "not this one").unwrap();
        let name = "CN=CA".parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let answer = incoming.answer(body, &name).encode(None, now, &mut rand_core::UnwrapErr(getrandom::SysRng));
        let _ = stream.write_all(&cmp(&answer.unwrap()));
    });
    let mut profile = world.ca.core_profile();
    profile.url = server.url();
    let codes = world.ca.invite(|_| {});
    let ui = world.person_with(&codes).protection(Say::Yes);
    let error = world.enroll_at(&codes, profile, &ui).await.unwrap_err();
    used(&ui);
    assert_eq!((error.code, error.facts["protection"].as_str()), (Code::ProtectionRefused, "pbmac1-sha256"));
    world.assert_job("neither", JobState::Interrupted, Some(Code::ProtectionRefused)).await;
    let transactions = transactions.lock().unwrap();
    assert!(transactions.len() == 2 && transactions[0] != transactions[1], "{transactions:?}");
    assert_eq!(world.keys(), 1);
}
