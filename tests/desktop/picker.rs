//! Another driver for the USB key: chosen in the form, remembered for this key, used, and taken back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chopmark_tests::bench::{
    ca::Ca,
    command::{bare, finish},
    programs::{behind, faulty_module},
    token::Token,
};

use crate::{
    journey::{Words, in_every_look},
    window::{Start, Window},
};

/// A second driver that sees the token, as OpenSC sees what its maker's driver sees.
fn second(folder: &Path, token: &Token) -> PathBuf {
    let library = folder.join("libsecond.so");
    behind(&library, &token.module, "SOFTHSM2_CONF", &token.env[0].1);
    library
}

fn open(window: &Window) {
    window.press("driver-change");
    window.element("picker");
}

/// Presses the row of that driver.
fn pick(window: &Window, file: &Path) {
    let row = format!("[data-testid=picker-driver][data-file=\"{}\"]", file.display());
    window.wait(&row);
    window.script(&format!("document.querySelector('{row}').click()"));
    window.wait(&format!("{row}[data-state=checked]"));
}

fn chosen(language: &str, dark: bool) {
    let (ca, token, folder) = (Ca::start(), Token::soft_hsm(), tempfile::tempdir().expect("a folder"));
    let (other, words) = (second(folder.path(), &token), Words::of(language));
    let codes = ca.invite(|_| ());
    let start =
        Start { language, dark, link: Some(&codes.link), env: &token.env, module: Some(&other), ..Start::default() };
    let window = Window::start(&start);
    window.accept_link(&codes.reference);
    window.fill_form(&codes.authorization_code, "Alice");
    let by_us = words.text("place.driverByUs").split("{{driver}}").last().expect("words").to_owned();
    let by_you = words.text("place.driverByYou").split("{{driver}}").last().expect("words").to_owned();
    window.wait("[data-testid=place-driver]");
    assert!(window.text("place-driver").contains(by_us.as_str()), "{}", window.text("place-driver"));
    window.wait("[data-testid=ready]:not([data-state=checking])");

    // By the keyboard alone, as far as it goes: the list is a group of radio buttons.
    open(&window);
    let role = window.script("return document.querySelector('[data-testid=picker-installed]').getAttribute('role')");
    assert_eq!(role, "radiogroup");
    window.accessible("the list of drivers");
    pick(&window, &other);
    window.press("picker-use");
    window.wait_gone("[data-testid=picker]");
    window.wait("[data-testid=place-token-0]");
    assert!(window.text("place-driver").contains(by_you.as_str()), "{}", window.text("place-driver"));
    window.accessible("the form with a driver chosen by hand");

    // Remembered: a page that is loaded anew knows it.
    window.reload();
    window.fill_form(&codes.authorization_code, "Alice");
    assert!(window.text("place-driver").contains(by_you.as_str()), "{}", window.text("place-driver"));

    // Used.
    window.type_into("reference", &codes.reference);
    window.submit_until_pin();
    window.give_right_pin();
    window.element("result-title");
    let mut journal = bare();
    journal.arg("--home").arg(window.path("home")).args(["journal", "--json"]);
    let jobs = finish(journal.spawn().expect("chopmark starts")).ok();
    assert_eq!(jobs["jobs"][0]["order"]["place"]["driver"], other.display().to_string(), "{jobs}");

    // Taken back.
    window.press("result-again");
    window.fill_form(&codes.authorization_code, "Alice");
    open(&window);
    window.press("picker-best");
    window.wait_gone("[data-testid=picker]");
    window.wait("[data-testid=place-token-0]");
    assert!(window.text("place-driver").contains(by_us.as_str()), "{}", window.text("place-driver"));
}

in_every_look!(chosen);

/// A driver that cannot work is there, says why, and cannot be chosen. Esc leaves everything as it was.
#[test]
fn one_that_does_not_fit_says_why() {
    let (token, folder) = (Token::soft_hsm(), tempfile::tempdir().expect("a folder"));
    let crashing = folder.path().join("libcrashing.so");
    behind(&crashing, &faulty_module(), "FAULTY_MODE", "segv-init");
    let start = Start { language: "en", env: &token.env, module: Some(&crashing), ..Start::default() };
    let window = Window::start(&start);
    window.press("place-token-0");
    open(&window);
    let row = format!("[data-testid=picker-driver][data-file=\"{}\"]", crashing.display());
    window.wait(&format!("{row}[disabled]"));
    let said = window.script(&format!("return document.querySelector('{row}').innerText"));
    assert!(said.as_str().is_some_and(|text| text.contains("CM-2006")), "{said}");
    window.accessible("a list with a driver that does not fit");
    window.press("picker-close");
    window.wait_gone("[data-testid=picker]");
    window.wait_focus("driver-change");
}

/// The chosen driver is removed from the computer: the Help desk says so, and goes back to the best one with one press.
#[test]
fn a_chosen_driver_that_is_gone() {
    let (token, folder) = (Token::soft_hsm(), tempfile::tempdir().expect("a folder"));
    let other = second(folder.path(), &token);
    let start = Start { language: "en", env: &token.env, module: Some(&other), ..Start::default() };
    let window = Window::start(&start);
    window.press("place-token-0");
    open(&window);
    pick(&window, &other);
    window.press("picker-use");
    window.wait_gone("[data-testid=picker]");
    let kept = folder.path().join("kept.so");
    fs::rename(&other, &kept).expect("a file");
    window.press("nav-helpdesk");
    window.wait("[data-testid=finding][data-code=CM-2405]");
    window.wait("[data-testid=helpdesk-state]:not([data-state=checking])");
    window.press("finding-fix");
    window.wait("[data-testid=done]");
    window.wait("[data-testid=helpdesk-state]:not([data-state=checking])");
    assert!(!window.has("[data-testid=finding][data-code=CM-2405]"), "{}", window.page());
    // Taken back, the choice holds again.
    fs::rename(&kept, &other).expect("a file");
    window.press("done-undo");
    window.wait_gone("[data-testid=done]");
    window.press("nav-get");
    window.press("rail-refresh");
    window.wait_gone("[data-testid=rail-refresh].turning");
    let said = window.text("place-driver");
    assert!(said.contains("chosen by you"), "{said}");
}
