//! What does not go well: each refusal and each fault of the CA has its code, and the key stays or goes as invariant 4 says.

use chopmark_core::{
    error::{Class, Code},
    model::{JobState, Question, Resumed},
};
use chopmark_tests::bench::{
    ca::{Fault, Invitation},
    script::Say,
};
use cmp_protocol::message::FailInfo;

use crate::world::World;

/// What is left of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// A clear no: everything is removed.
    Nothing,
    /// Not a clear no: the key waits for `resume`.
    Key,
}

/// One enrolment that fails.
async fn check(
    world: World,
    what: &str,
    change: impl FnOnce(&mut Invitation),
    code: Code,
    left: Left,
    ledger: &[&str],
) {
    let what = format!("{what}, {}", world.place_word());
    let codes = world.ca.invite(change);
    let ui = world.person_with(&codes);
    let error = world.enroll(&codes, &ui).await.expect_err(&what);
    assert_eq!(error.code, code, "{what}: {error} {:?}", error.facts);
    assert_eq!(world.ca.states(&codes.reference), ledger, "{what}");
    match left {
        Left::Nothing => {
            world.assert_job(&what, JobState::Failed, Some(code)).await;
            world.assert_clean(&what);
            assert!(!error.facts.contains_key("job"), "{what}: nothing to resume");
        }
        Left::Key => {
            world.assert_job(&what, JobState::Interrupted, Some(code)).await;
            world.assert_key_waits(&what);
            assert_eq!(error.facts.get("job"), Some(&world.job().await.job), "{what}: what to resume");
            // The person gives it up: then everything goes, and the CA is told about a certificate that has come.
            let discarded = world.app().discard(&world.job().await.job, &world.person_with(&codes)).await;
            assert!(matches!(discarded, Ok(Resumed::NothingHappened { .. })), "{what}: {discarded:?}");
            world.assert_clean(&what);
            if code == Code::ChainUntrusted {
                assert_eq!(world.ca.states(&codes.reference), ["rejected by the client"], "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals() {
    for (reason, code) in [
        (FailInfo::BadRequest, Code::CaRefused),
        (FailInfo::NotAuthorized, Code::CodesSpent),
        (FailInfo::BadCertTemplate, Code::RequestNotAllowed),
        (FailInfo::BadAlg, Code::AlgorithmRefused),
        (FailInfo::BadTime, Code::ClockRefused),
        (FailInfo::SystemFailure, Code::CaTrouble),
        (FailInfo::TransactionIdInUse, Code::TransactionRefused),
        (FailInfo::DuplicateCertReq, Code::RequestNotAllowed),
    ] {
        let refuse = move |invitation: &mut Invitation| invitation.refuse = Some(reason);
        check(World::file(), reason.name(), refuse, code, Left::Nothing, &[]).await;
    }
    let refuse = |invitation: &mut Invitation| invitation.refuse = Some(FailInfo::BadRequest);
    check(World::token(), "badRequest", refuse, Code::CaRefused, Left::Nothing, &[]).await;
    let refuse = |invitation: &mut Invitation| {
        invitation.refuse = Some(FailInfo::NotAuthorized);
        invitation.delay = 1;
    };
    check(World::token(), "after waiting", refuse, Code::CodesSpent, Left::Nothing, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_ca() {
    for (fault, code, left, ledger) in [
        (Fault::BadMac, Code::AnswerProtection, Left::Key, "issued"),
        (Fault::Unprotected, Code::AnswerUnprotected, Left::Key, "issued"),
        (Fault::WrongTransaction, Code::AnswerMismatch, Left::Key, "issued"),
        (Fault::WrongNonce, Code::AnswerMismatch, Left::Key, "issued"),
        (Fault::StaleTime, Code::AnswerTime, Left::Key, "issued"),
        (Fault::NoCertificate, Code::AnswerUnexpected, Left::Key, "issued"),
        (Fault::TwoAnswers, Code::AnswerUnexpected, Left::Key, "issued"),
        (Fault::NoChain, Code::ChainUntrusted, Left::Key, "issued"),
        (Fault::OtherKey, Code::CertificateForOtherKey, Left::Nothing, "rejected by the client"),
    ] {
        for world in World::both() {
            let order = move |invitation: &mut Invitation| invitation.fault = Some(fault);
            check(world, fault.name(), order, code, left, &[ledger]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_then_the_right_one() {
    for world in World::both() {
        let codes = world.ca.invite(|_| {});
        let ui = world.person().code("WR0NG-C0DE-1").code("WR0NG-C0DE-2").code(codes.authorization_code.as_str());
        let enrolled = world.enroll(&codes, &ui).await.unwrap();
        world.assert_one_certificate("right at last", &codes, &enrolled.certificate.sha256);
        world.assert_no_secret(&["WR0NG-C0DE-1", "WR0NG-C0DE-2"]);
        let asked: Vec<bool> = ui
            .questions()
            .iter()
            .filter_map(|question| match question {
                Question::AuthorizationCode { wrong_before, .. } => Some(*wrong_before),
                _ => None,
            })
            .collect();
        assert_eq!(asked, [false, true, true]);
        let made = world.job().await.entries.iter().filter(|entry| entry.what == "key-made").count();
        assert_eq!(made, 1, "the same key all the time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_then_giving_up() {
    for world in World::both() {
        let codes = world.ca.invite(|_| {});
        let ui = world.person().code("WR0NG-C0DE-1").code(Say::Cancel);
        assert_eq!(world.enroll(&codes, &ui).await.unwrap_err().code, Code::CodesWrong);
        world.assert_job("given up", JobState::Failed, Some(Code::CodesWrong)).await;
        world.assert_clean("given up");
        assert!(world.ca.issued(&codes.reference).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_and_nobody_who_knows_better_now() {
    for world in World::both() {
        let codes = world.ca.invite(|_| {});
        let ui = world.person().code("WR0NG-C0DE-1").code(Say::Later);
        assert_eq!(world.enroll(&codes, &ui).await.unwrap_err().code, Code::CodesWrong);
        world.assert_job("later", JobState::Interrupted, Some(Code::CodesWrong)).await;
        world.assert_key_waits("later");
        let enrolled = world.resume_to_the_end(&world.person_with(&codes)).await;
        world.assert_one_certificate("later", &codes, &enrolled.certificate.sha256);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_were_used_before() {
    for world in World::both() {
        let codes = world.ca.invite(|_| {});
        let first = World::file();
        // Used from another home, at the same CA.
        let order = first.order(&codes);
        first.app().enroll(order, world.ca.core_profile(), &first.person_with(&codes)).await.unwrap();
        let error = world.enroll(&codes, &world.person_with(&codes)).await.unwrap_err();
        assert_eq!(error.code, Code::CodesSpent);
        world.assert_clean("used up");
        assert_eq!(world.ca.states(&codes.reference), ["confirmed"], "the first one's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_reference_number_looks_like_a_wrong_code() {
    let world = World::file();
    let mut codes = world.ca.invite(|_| {});
    codes.reference = "00000000".into();
    let ui = world.person_with(&codes).code(Say::Cancel);
    assert_eq!(world.enroll(&codes, &ui).await.unwrap_err().code, Code::CodesWrong);
    world.assert_clean("unknown reference");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_are_not_accepted() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.alter_subject = Some("CN=Mallory,O=Acme".into()));
        let ui = world.person_with(&codes).changes(Say::No);
        let error = world.enroll(&codes, &ui).await.unwrap_err();
        assert_eq!((error.code, error.class()), (Code::ChangesDeclined, Class::Cancelled));
        assert_eq!(world.ca.states(&codes.reference), ["rejected by the client"]);
        world.assert_clean("declined");
        let newest = world.app().journal().await.unwrap().remove(0);
        assert_eq!(newest.state, JobState::Cancelled);
    }
}

/// Stopping at the question is no verdict: a cancel may have been meant for something that came before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_does_not_reject_a_certificate() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.alter_subject = Some("CN=Alice A.,O=Acme".into()));
        let error = world.enroll(&codes, &world.person_with(&codes).changes(Say::Cancel)).await.unwrap_err();
        assert_eq!(error.code, Code::Cancelled);
        world.assert_job("stopped", JobState::Interrupted, Some(Code::Cancelled)).await;
        assert_eq!(world.ca.states(&codes.reference), ["issued"]);
        // Nor does a discard that is broken off.
        let job = world.job().await.job;
        world.app().discard(&job, &world.person().code(Say::Cancel)).await.unwrap_err();
        let enrolled = world.resume_to_the_end(&world.person_with(&codes).changes(Say::Yes)).await;
        world.assert_one_certificate("looked at in the end", &codes, &enrolled.certificate.sha256);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_nobody_can_judge_now() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.alter_subject = Some("CN=Alice A.,O=Acme".into()));
        let ui = world.person_with(&codes).changes(Say::Later);
        assert_eq!(world.enroll(&codes, &ui).await.unwrap_err().code, Code::NobodyToAsk);
        world.assert_job("later", JobState::Interrupted, Some(Code::NobodyToAsk)).await;
        let enrolled = world.resume_to_the_end(&world.person_with(&codes).changes(Say::Yes)).await;
        world.assert_one_certificate("judged later", &codes, &enrolled.certificate.sha256);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_exists_is_never_touched() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    world.desk.write("me.p12", "somebody's only copy");
    let error = world.enroll(&codes, &world.person_with(&codes)).await.unwrap_err();
    assert_eq!((error.code, error.class()), (Code::FileExists, Class::Place));
    assert_eq!(std::fs::read_to_string(world.desk.path("me.p12")).unwrap(), "somebody's only copy");
    assert_eq!(world.desk.kept_keys().len(), 0);
    assert!(world.ca.transactions(&codes.reference).is_empty(), "nothing was sent");
    // And one that appears meanwhile is not overwritten either; put away, the job goes on.
    std::fs::remove_file(world.desk.path("me.p12")).unwrap();
    let codes = world.ca.invite(|invitation| invitation.alter_subject = Some("CN=A".into()));
    let ui = world.person_with(&codes).changes(Say::Later);
    assert_eq!(world.enroll(&codes, &ui).await.unwrap_err().code, Code::NobodyToAsk);
    world.desk.write("me.p12", "somebody's only copy");
    let job = world.app().journal().await.unwrap().remove(0).job;
    let error = world.app().resume(&job, &world.person_with(&codes).changes(Say::Yes)).await.unwrap_err();
    assert_eq!(error.code, Code::FileExists);
    assert_eq!(std::fs::read_to_string(world.desk.path("me.p12")).unwrap(), "somebody's only copy");
    std::fs::remove_file(world.desk.path("me.p12")).unwrap();
    let resumed = world.app().resume(&job, &world.person_with(&codes)).await.unwrap();
    let Resumed::Enrolled { enrolled } = resumed else { panic!("{resumed:?}") };
    world.assert_one_certificate("put away", &codes, &enrolled.certificate.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there() {
    let world = World::file();
    let codes = world.ca.invite(|_| {});
    let mut order = world.order(&codes);
    order.place = chopmark_core::model::Place::File { path: world.desk.text("none/me.p12") };
    let error = world.app().enroll(order, world.ca.core_profile(), &world.person_with(&codes)).await.unwrap_err();
    assert_eq!(error.code, Code::FileNotWritable);
    world.assert_clean("no folder");
    assert!(world.ca.transactions(&codes.reference).is_empty(), "nothing was sent");
}
