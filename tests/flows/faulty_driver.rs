//! Drivers that crash, hang, end the process, print or close other people's files, by command: the command lives, its
//! error names driver and fault, and nothing is left.

use std::time::{Duration, Instant};

use chopmark_core::drivers::{self, Machine};
use chopmark_tests::bench::{
    ca::Ca,
    command::{Desk, finish},
    programs::faulty_module,
    token::Token,
};
use token_helper::{HelperError, Limits};

#[test]
fn each_fault_has_its_name() {
    let ca = Ca::start();
    for (mode, exit, code, class, words) in [
        ("segv", 20, "CM-2006", "driver", "signal"),
        ("abort", 20, "CM-2006", "driver", "signal"),
        ("exit0", 20, "CM-2007", "driver", "exit"),
        ("closefds", 20, "CM-2008", "driver", ""),
        ("hang", 20, "CM-2009", "driver", "3"),
        ("hang-init", 20, "CM-2009", "driver", "3"),
        ("exit-init", 20, "CM-2007", "driver", "7"),
        ("print", 20, "CM-2010", "driver", "CKR_DEVICE_ERROR"),
        ("device-removed", 22, "CM-2203", "token", ""),
        ("device-memory", 22, "CM-2201", "token", ""),
        ("pin-locked", 21, "CM-2104", "pin", ""),
    ] {
        let (token, desk) = (Token::faulty(mode), Desk::new());
        let codes = ca.invite(|_| {});
        let code_file = desk.write("code", &codes.authorization_code);
        let profile = ca.profile.display().to_string();
        let arguments = ["enroll", "--json", "--batch", "--driver-timeout", "3", "--place", &token.uri()];
        let more = ["--ca", &profile, "--reference", &codes.reference, "--code-file", &code_file];
        let mut command = desk.command(&[&arguments[..], &more].concat());
        command.envs(token.env.iter().map(|(name, value)| (name, value)));
        let began = Instant::now();
        let ran = finish(command.spawn().unwrap());
        assert!(began.elapsed() < Duration::from_secs(40), "{mode}: {:?}", began.elapsed());
        let last = ran.failed(exit, code, class);
        let said = format!("{} {}", last["message"], last["detail"]);
        let driver = if class == "driver" { "libfaulty.so" } else { "FAULTY" };
        assert!(said.contains(driver) && said.contains(words), "{mode}: no {driver} and {words:?} in {last:#}");
        assert!(last["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "{mode}: {last:#}");
        assert!(ran.stderr.is_empty(), "{mode}: what the driver prints stays away: {:?}", ran.stderr);
        assert!(ca.transactions(&codes.reference).is_empty(), "{mode}: nothing was sent");

        // The job is closed, nothing is to be resumed.
        let jobs = desk.run(&["journal", "--json"]).ok()["jobs"].as_array().unwrap().clone();
        assert_eq!(jobs.len(), 1, "{mode}");
        assert_eq!(
            (&jobs[0]["state"], &jobs[0]["error"]["code"]),
            (&"failed".into(), &code.into()),
            "{mode}: {jobs:#?}"
        );
        assert_eq!(desk.run(&["resume", "--all", "--batch", "--json"]).ok()["jobs"], serde_json::json!([]), "{mode}");
    }
}

/// Who answers is told of at once; who hangs holds up nobody but itself.
#[tokio::test]
async fn the_first_answer_does_not_wait_for_the_last() {
    let mut token = Token::soft_hsm();
    token.env.push(("FAULTY_MODE".to_owned(), "hang-init".to_owned()));
    let token = token.with_script();
    let limit = Duration::from_secs(4);
    let limits = Limits { start: limit, info: limit, ..Limits::default() };
    let asked = [faulty_module(), token.module.clone()].map(|path| Machine::default().named(&path)).to_vec();
    let (began, mut told) = (Instant::now(), Vec::new());
    let looked = drivers::look_each(&token.helper(), asked, &limits, |place, looked| {
        told.push((place, looked.problem.is_none(), began.elapsed()));
    })
    .await;
    let took = began.elapsed();
    assert_eq!(told.iter().map(|(place, well, _)| (*place, *well)).collect::<Vec<_>>(), [(1, true), (0, false)]);
    assert!(told[0].2 < limit / 2, "{told:?}");
    assert!(took >= limit && took < limit + Duration::from_secs(1), "{took:?}");
    assert_eq!(looked[1].tokens[0].label, "Alice");
    assert!(matches!(looked[0].problem, Some(HelperError::TimedOut { .. })), "{looked:?}");
}
