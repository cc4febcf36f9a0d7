//! What is cut off in the middle: by the network, by the person, by the end of the CA. The job goes on, once.

use chopmark_core::{
    error::{Class, Code},
    model::{Event, JobState, Resumed, Step},
};
use chopmark_tests::bench::{
    ca::Fault,
    script::{Say, Script},
};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_ca_is_down() {
    for mut world in World::both() {
        let codes = world.ca.invite(|_| {});
        world.ca.stop();
        let error = world.enroll(&codes, &world.person_with(&codes)).await.unwrap_err();
        assert_eq!((error.code, error.class()), (Code::CaNoConnection, Class::CaUnreachable));
        world.assert_job("down", JobState::Interrupted, Some(Code::CaNoConnection)).await;
        // It counts as sent once it is journaled: nobody can know what has arrived.
        world.assert_key_waits("down");
        world.ca.again();
        let enrolled = world.resume_to_the_end(&world.person_with(&codes)).await;
        world.assert_one_certificate("up again", &codes, &enrolled.certificate.sha256);
        world.assert_job("up again", JobState::Done, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_lost() {
    for (fault, code, state) in [
        (Fault::DropAnswer, Code::CaNoConnection, JobState::Interrupted),
        (Fault::DropConfirm, Code::Unconfirmed, JobState::Unconfirmed),
    ] {
        for world in World::both() {
            let what = format!("{}, {}", fault.name(), world.place_word());
            let codes = world.ca.invite(|invitation| invitation.fault = Some(fault));
            let error = world.enroll(&codes, &world.person_with(&codes)).await.expect_err(&what);
            assert_eq!(error.code, code, "{what}: {error}");
            world.assert_job(&what, state, Some(code)).await;
            let enrolled = world.resume_to_the_end(&world.person_with(&codes)).await;
            assert!(enrolled.proved && enrolled.confirmed, "{what}");
            world.assert_one_certificate(&what, &codes, &enrolled.certificate.sha256);
            assert_eq!(world.ca.transactions(&codes.reference).len(), 1, "{what}: one transaction");
        }
    }
}

/// A message that is minutes old would be refused for its time. Resumed later, the job says the same anew in the same
/// transaction, and asks for the decision when the CA has had the request already.
#[tokio::test(flavor = "multi_thread")]
async fn resumed_when_the_message_is_stale() {
    for (fault, state) in [
        (None, JobState::Interrupted),
        (Some(Fault::DropAnswer), JobState::Interrupted),
        (Some(Fault::DropConfirm), JobState::Unconfirmed),
    ] {
        for mut world in World::both() {
            let what = format!("{fault:?}, {}", world.place_word());
            let codes = world.ca.invite(|invitation| invitation.fault = fault);
            if fault.is_none() {
                world.ca.stop();
            }
            world.enroll(&codes, &world.person_with(&codes)).await.expect_err(&what);
            assert_eq!(world.job().await.state, state, "{what}");
            if fault.is_none() {
                world.ca.again();
            }
            world.make_last_message_stale();
            if fault == Some(Fault::DropAnswer) {
                // This CA drops the first answer to the poll too: it carries the certificate.
                let again = world.resume(&world.person_with(&codes)).await.expect_err(&what);
                assert_eq!(again.code, Code::CaNoConnection, "{what}");
            }
            let enrolled = world.resume_to_the_end(&world.person_with(&codes)).await;
            world.assert_one_certificate(&what, &codes, &enrolled.certificate.sha256);
            assert_eq!(world.ca.transactions(&codes.reference).len(), 1, "{what}: one transaction");
        }
    }
}

/// A mistyped code while resuming costs neither the waiting transaction nor the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_while_resuming() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.delay = 2);
        let mut order = world.order(&codes);
        order.no_wait = true;
        let profile = world.ca.core_profile();
        world.app().enroll(order, profile, &world.person_with(&codes)).await.unwrap_err();
        assert_eq!(world.job().await.state, JobState::Waiting);
        let given_up = world.person().code("WR0NG-C0DE-3").code(Say::Cancel);
        world.resume(&given_up).await.unwrap_err();
        world.assert_key_waits("given up with a wrong code");
        let mistyped = world.person().code("WR0NG-C0DE-4").code(codes.authorization_code.as_str());
        let mut ended = world.resume(&mistyped).await;
        while matches!(&ended, Err(error) if error.code == Code::StillWaiting) {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            ended = world.resume(&world.person_with(&codes)).await;
        }
        let Ok(Resumed::Enrolled { enrolled }) = ended else { panic!("{ended:?}") };
        world.assert_one_certificate("right at last", &codes, &enrolled.certificate.sha256);
        assert_eq!(world.ca.transactions(&codes.reference).len(), 1, "the transaction that waited");
    }
}

/// The same order again goes on with the job that stopped.
#[tokio::test(flavor = "multi_thread")]
async fn ordered_again_after_an_interruption() {
    for world in World::both() {
        let codes = world.ca.invite(|invitation| invitation.fault = Some(Fault::DropAnswer));
        world.enroll(&codes, &world.person_with(&codes)).await.unwrap_err();
        let first = world.job().await.job;
        let enrolled = world.enroll(&codes, &world.person_with(&codes)).await.unwrap();
        assert_eq!(enrolled.job, first);
        world.assert_one_certificate("ordered again", &codes, &enrolled.certificate.sha256);
        world.assert_job("ordered again", JobState::Done, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_while_asking() {
    for world in World::both() {
        let codes = world.ca.invite(|_| {});
        let no_code = Script::new().code(Say::Cancel);
        let no_secret = match world.token {
            Some(_) => Script::new().code("X-X-X-X").pin(Say::Cancel),
            None => Script::new().code("X-X-X-X").password(Say::Cancel),
        };
        for ui in [no_code, no_secret] {
            let error = world.enroll(&codes, &ui).await.unwrap_err();
            assert_eq!(error.class(), Class::Cancelled, "{error}");
            world.assert_clean("cancelled while asking");
            let newest = world.app().journal().await.unwrap().remove(0);
            assert_eq!(newest.state, JobState::Cancelled);
        }
        assert!(world.ca.transactions(&codes.reference).is_empty(), "nothing was sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_before_sending() {
    for world in World::both() {
        for step in [Step::MakeKey, Step::SendRequest] {
            let codes = world.ca.invite(|_| {});
            let ui = world.person_with(&codes).cancel_at(move |event| *event == Event::Step { step });
            let error = world.enroll(&codes, &ui).await.unwrap_err();
            assert_eq!(error.code, Code::Cancelled, "{step:?} {error}");
            world.assert_clean("cancelled before sending");
            assert!(world.ca.transactions(&codes.reference).is_empty(), "nothing was sent");
            let newest = world.app().journal().await.unwrap().remove(0);
            assert_eq!(newest.state, JobState::Cancelled, "{step:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_while_waiting_then_resumed_or_discarded() {
    for goes_on in [true, false] {
        for world in World::both() {
            let codes = world.ca.invite(|invitation| invitation.delay = if goes_on { 4 } else { 600 });
            let ui = world.person_with(&codes).cancel_at(|event| matches!(event, Event::Waiting { .. }));
            let began = std::time::Instant::now();
            assert_eq!(world.enroll(&codes, &ui).await.unwrap_err().code, Code::Cancelled);
            assert!(began.elapsed().as_secs() < 60, "at once");
            world.assert_job("cancelled while waiting", JobState::Waiting, Some(Code::Cancelled)).await;
            world.assert_key_waits("cancelled while waiting");
            if goes_on {
                let enrolled = world.resume_to_the_end(&world.person_with(&codes)).await;
                world.assert_one_certificate("goes on", &codes, &enrolled.certificate.sha256);
            } else {
                let job = world.job().await.job;
                // Nobody gives the code to tell the CA: it is given up here all the same.
                let ui = world.person().code(Say::Cancel);
                let discarded = world.app().discard(&job, &ui).await.unwrap();
                assert!(matches!(discarded, Resumed::NothingHappened { .. }));
                world.assert_clean("discarded");
                world.assert_job("discarded", JobState::Cancelled, Some(Code::Cancelled)).await;
                assert_eq!(world.app().resume(&job, &world.person()).await.unwrap_err().code, Code::JobFinished);
            }
        }
    }
}

/// From "issued" to "confirmed" nobody stops the job (invariant 3).
#[tokio::test(flavor = "multi_thread")]
async fn cancelled_too_late() {
    for step in [Step::ReceiveCertificate, Step::Install, Step::Prove, Step::Confirm] {
        for world in World::both() {
            let codes = world.ca.invite(|_| {});
            let ui = world.person_with(&codes).cancel_at(move |event| *event == Event::Step { step });
            let enrolled = world.enroll(&codes, &ui).await.unwrap();
            world.assert_one_certificate("too late", &codes, &enrolled.certificate.sha256);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_worked_on_once() {
    let world = World::file();
    let codes = world.ca.invite(|invitation| invitation.delay = 3);
    let (app, other) = (world.app(), world.app());
    let (ui, nobody) = (world.person_with(&codes), world.person());
    let (enrolled, busy) = tokio::join!(app.enroll(world.order(&codes), world.ca.core_profile(), &ui), async {
        while !ui.events().iter().any(|event| matches!(event, Event::Waiting { .. })) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let jobs = other.journal().await.unwrap();
        assert_eq!(jobs[0].state, JobState::Running);
        other.resume(&jobs[0].job, &nobody).await
    });
    assert_eq!(busy.unwrap_err().code, Code::JobBusy);
    world.assert_one_certificate("once", &codes, &enrolled.unwrap().certificate.sha256);
}
