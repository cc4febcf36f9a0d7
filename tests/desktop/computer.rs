//! A certificate for the browsers of this computer, through the window: the store is chosen, its password and the CA's root are asked
//! for, the certificate is renewed; and after an enrolment on a USB key the browsers are told of its driver.

use std::{fs, path::PathBuf, process::Command};

use chopmark_tests::bench::{ca::Ca, programs::run, token::Token};

use crate::{
    journey::{Words, in_every_look},
    window::{Start, Window},
};

const PASSWORD: &str = "correct horse";

in_every_look!(whole_way);

/// A window whose person has a Firefox profile with a password.
fn with_firefox(language: &str, dark: bool, link: &str, token: &Token) -> (Window, PathBuf) {
    let start = Start { language, dark, link: Some(link), env: &token.env, ..Start::default() };
    let window = Window::start(&start);
    let profile = window.path("user/.mozilla/firefox/a1.work");
    fs::create_dir_all(&profile).expect("a folder");
    let password = window.path("password");
    fs::write(&password, PASSWORD).expect("a file");
    let sql = format!("sql:{}", profile.display());
    run(Command::new("certutil").args(["-N", "-d", &sql, "-f"]).arg(&password));
    (window, profile)
}

fn whole_way(language: &str, dark: bool) {
    let (ca, token, words) = (Ca::start(), Token::empty_soft_hsm(), Words::of(language));
    let codes = ca.invite(|_| ());
    let (window, profile) = with_firefox(language, dark, &codes.link, &token);
    window.accept_link(&codes.reference);
    // What came after the start is seen when somebody looks again.
    window.press("rail-refresh");
    window.type_into("code", &codes.authorization_code);
    // The check at the top opens by itself when it has a remark, and moves what is below it.
    window.element("place-computer");
    window.wait("[data-testid=ready]:not([data-state=checking])");
    window.press("place-computer");
    window.wait("[data-testid=place-computer][data-state=checked]");
    window.press("store");
    window.accessible("the list of stores");
    window.picture_of("stores");
    window.press_text("[role=option]", "Firefox");
    assert!(window.text("check-place").contains("Firefox"), "{}", window.text("check-place"));
    window.accessible("the form");
    window.picture_of("form");

    window.press("get-submit");
    window.wait("[data-testid=question][data-question=store-password]");
    window.wait_focus("question-secret");
    window.give_pin("wrong horse");
    window.element("password-wrong");
    window.accessible("the question for the password");
    window.picture_of("password");
    window.give_pin(PASSWORD);

    window.wait("[data-testid=question][data-question=trust-root]");
    // The careful answer is the one that a press of Enter gives.
    window.wait_focus("question-no");
    assert_eq!(window.attribute("root-sha256", "data-value").len(), 64);
    window.accessible("the question for the root");
    window.picture_of("root");
    window.press("question-yes");
    window.element("result-title");
    assert_eq!(window.attribute("result-root", "data-value"), "true");
    assert_eq!(window.attribute("result-proved", "data-value"), "true");
    window.accessible("the result");
    window.picture_of("result");
    let listed = run(Command::new("certutil").arg("-L").arg("-d").arg(format!("sql:{}", profile.display())));
    assert!(listed.contains("u,u,u") && listed.contains("C,C,"), "{listed}");

    window.press("result-certificates");
    window.press("certificate-open");
    window.element("facts");
    window.accessible("one certificate");
    window.picture_of("certificate");
    window.press("certificate-renew");
    window.press("renew-submit");
    window.wait("[data-testid=question][data-question=store-password]");
    window.give_pin(PASSWORD);
    window.element("result-replaced");
    assert!(window.page().contains(words.text("result.leadRenewed")), "{}", window.page());
    assert_eq!(ca.issued(&codes.reference).len(), 2, "one more");
}

#[test]
fn browsers_are_told_of_a_drivers_key() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let codes = ca.invite(|_| ());
    let (window, profile) = with_firefox("en", false, &codes.link, &token);
    window.accept_link(&codes.reference);
    window.press("rail-refresh");
    window.fill_form(&codes.authorization_code, "Alice");
    window.submit_until_pin();
    window.give_right_pin();
    // The page has gone to its top, and stays where a press takes it.
    window.wait_focus("result-title");
    window.press("let-browsers");
    window.wait("[data-testid=browsers-told] [data-outcome=done]");
    window.accessible("what became of it");
    window.picture_of("browsers");
    let list = run(Command::new("modutil").args(["-list", "-dbdir"]).arg(format!("sql:{}", profile.display())));
    assert!(list.contains("libsofthsm2.so"), "{list}");
}
