//! A driver that misbehaves while it makes the key: the window lives, and says which driver did what.

use std::{fs, path::Path};

use chopmark_tests::bench::{ca::Ca, programs::faulty_module, token::Token};

use crate::window::{Start, Window};

/// Mode of tests/faulty-module, the error's number, and words of its sentence.
const FAULTS: [(&str, &str, &str); 5] = [
    ("segv", "CM-2006", "crashed"),
    ("exit0", "CM-2007", "ended its own process"),
    ("print", "CM-2010", "reported an error"),
    ("closefds", "CM-2008", "cut its connection"),
    ("abort", "CM-2006", "crashed"),
];

/// The form with the faulty driver's USB key chosen.
fn scene(mode: &Path, arguments: &[&str]) -> (Ca, Token, Window) {
    let (ca, soft) = (Ca::start(), Token::empty_soft_hsm());
    let mut env = soft.env.clone();
    env.push(("FAULTY_MODE_FILE".to_owned(), mode.display().to_string()));
    let codes = ca.invite(|_| ());
    let module = faulty_module();
    let start = Start {
        language: "en",
        link: Some(&codes.link),
        env: &env,
        module: Some(&module),
        arguments,
        ..Start::default()
    };
    let window = Window::start(&start);
    window.accept_link(&codes.reference);
    window.fill_form(&codes.authorization_code, "FAULTY");
    (ca, soft, window)
}

/// It answers, and its other screens can be reached.
fn lives(window: &Window) {
    window.press("nav-activity");
    window.wait("[data-testid=screen-activity]");
    window.press("nav-get");
    window.wait("[data-testid=screen-get]");
}

#[test]
fn each_fault_has_its_finding() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mode = folder.path().join("mode");
    fs::write(&mode, "").expect("a file");
    let (_ca, _soft, window) = scene(&mode, &[]);
    for (fault, number, words) in FAULTS {
        fs::write(&mode, fault).expect("a file");
        window.submit_until_pin();
        window.give_right_pin();
        let said = window.expect_error(number, "en");
        assert!(said.contains("libfaulty.so") && said.contains(words), "{fault}: {said}");
        lives(&window);
        window.press("run-back");
        window.element("get-submit");
    }
}

#[test]
fn a_hang_can_be_cancelled() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mode = folder.path().join("mode");
    fs::write(&mode, "hang").expect("a file");
    let (_ca, _soft, window) = scene(&mode, &[]);
    window.submit_until_pin();
    window.give_right_pin();
    window.wait("[data-testid=step-make-key][data-state=busy]");
    window.wait_gone("[data-testid=question]");
    lives(&window);
    window.press("run-cancel");
    window.expect_error("CM-1201", "en");
}

#[test]
fn a_hang_is_ended_and_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mode = folder.path().join("mode");
    fs::write(&mode, "hang").expect("a file");
    let (_ca, _soft, window) = scene(&mode, &["--driver-timeout", "3"]);
    window.submit_until_pin();
    window.give_right_pin();
    let said = window.expect_error("CM-2009", "en");
    assert!(said.contains("libfaulty.so") && said.contains("has not answered for 3 seconds"), "{said}");
    lives(&window);
}
