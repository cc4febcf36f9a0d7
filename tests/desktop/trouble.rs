//! What goes wrong most: each has its page, with its number and what to do, and nothing typed is lost.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use chopmark_tests::{
    bench::{
        ca::{Ca, Codes},
        programs::program,
        token::Token,
    },
    judge::objects,
};
use serde_json::Value;

use crate::window::{Start, Window};

struct Scene {
    ca: Ca,
    token: Token,
    codes: Codes,
    window: Window,
    language: &'static str,
}

/// The form, filled in up to the code.
fn scene(language: &'static str, code: impl Fn(&Codes) -> String) -> Scene {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let codes = ca.invite(|_| ());
    let window = Window::start(&Start { language, link: Some(&codes.link), env: &token.env, ..Start::default() });
    window.accept_link(&codes.reference);
    window.fill_form(&code(&codes), "Alice");
    Scene { ca, token, codes, window, language }
}

fn right(codes: &Codes) -> String {
    codes.authorization_code.to_string()
}

/// After any of these the form is as it was, and the same press goes on.
fn back_to_the_form(scene: &Scene) {
    scene.window.press("run-back");
    let code = scene.window.element("code");
    drop(code);
    let kept = scene.window.script("return document.querySelector('[data-testid=reference]').value");
    assert_eq!(kept, scene.codes.reference);
}

fn wrong_pin(language: &'static str) {
    let scene = scene(language, right);
    let window = &scene.window;
    window.submit_until_pin();
    window.give_pin("999999");
    // Asked again, with a warning, never tried again by itself.
    window.element("pin-wrong");
    window.wait_focus("question-secret");
    window.accessible("the question after a wrong PIN");
    window.press("run-cancel");
    window.expect_error("CM-2103", scene.language);
    back_to_the_form(&scene);
    assert!(scene.ca.transactions(&scene.codes.reference).is_empty(), "nothing was sent");
    window.submit_until_pin();
    window.give_right_pin();
    window.element("result-title");
}

fn wrong_code(language: &'static str) {
    let scene = scene(language, |_| "WR0NG-C0DE-1234".to_owned());
    let window = &scene.window;
    window.submit_until_pin();
    window.give_right_pin();
    window.wait("[data-testid=question][data-question=authorization-code]");
    window.accessible("the question after a wrong code");
    window.press("run-cancel");
    window.expect_error("CM-3002", scene.language);
    back_to_the_form(&scene);
    assert!(objects(&scene.token).is_empty(), "the key went with the job");
}

fn ca_down(language: &'static str) {
    let mut scene = scene(language, right);
    scene.ca.stop();
    let window = &scene.window;
    window.submit_until_pin();
    window.give_right_pin();
    window.expect_error("CM-3202", scene.language);

    // The key is kept; when the CA is there again, one press goes on with it.
    scene.ca.again();
    let window = &scene.window;
    window.press("run-resume");
    window.wait("[data-testid=question][data-question=authorization-code]");
    window.type_into("question-secret", &scene.codes.authorization_code);
    window.press("question-submit");
    window.wait("[data-testid=question][data-question=pin]");
    window.give_right_pin();
    window.element("result-title");
    assert_eq!(objects(&scene.token).iter().filter(|object| object.kind == "Private Key Object").count(), 1);
}

fn token_missing(language: &'static str) {
    let scene = scene(language, right);
    let window = &scene.window;
    // Pulled out after it was chosen.
    std::fs::rename(scene.token.folder().join("tokens"), scene.token.folder().join("pulled")).expect("a folder");
    std::fs::create_dir(scene.token.folder().join("tokens")).expect("a folder");
    window.wait("[data-testid=ready]:not([data-state=checking])");
    window.press("get-submit");
    window.expect_error("CM-2101", scene.language);
    back_to_the_form(&scene);
    // The environment check says so too.
    window.press("rail-refresh");
    window.wait("[data-testid=ready]:not([data-state=good]):not([data-state=checking])");
    // It opens by itself, but not under a pointer that rests on the form. In one go, for it may open just now.
    window.script("const fold = document.querySelector('[data-testid=ready-fold]'); if (fold.getAttribute('aria-expanded') !== 'true') fold.click()");
    window.press("ready-again");
    window.wait("[data-testid=check-token]:not([data-state=good]) .hint");
    window.wait("[data-testid=ready]:not([data-state=good]):not([data-state=checking])");
    window.accessible("the form without a USB key");
}

#[test]
fn wrong_pin_english() {
    wrong_pin("en");
}

#[test]
fn wrong_pin_chinese() {
    wrong_pin("zh-CN");
}

#[test]
fn wrong_code_english() {
    wrong_code("en");
}

#[test]
fn wrong_code_chinese() {
    wrong_code("zh-CN");
}

#[test]
fn ca_down_english() {
    ca_down("en");
}

#[test]
fn ca_down_chinese() {
    ca_down("zh-CN");
}

#[test]
fn token_missing_english() {
    token_missing("en");
}

#[test]
fn token_missing_chinese() {
    token_missing("zh-CN");
}

/// Nobody is left to answer when the page is loaded again: its jobs end where they may, and the new page can work.
#[test]
fn a_reloaded_page_leaves_no_job_behind() {
    let scene = scene("en", right);
    let window = &scene.window;
    window.submit_until_pin();
    let jobs = || -> Vec<String> {
        let mut journal = Command::new(program("chopmark"));
        let ran =
            journal.arg("--home").arg(window.path("home")).args(["journal", "--json"]).output().expect("the command");
        let last: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        let jobs = last["jobs"].as_array().expect("jobs");
        jobs.iter().map(|job| job["state"].as_str().expect("a state").to_owned()).collect()
    };
    assert_eq!(jobs(), ["running"]);
    window.reload();
    let end = Instant::now() + Duration::from_secs(10);
    while jobs() != ["cancelled"] {
        if Instant::now() > end {
            window.fail(&format!("{:?}", jobs()));
        }
        thread::sleep(Duration::from_millis(50));
    }
    window.element("nav-get");
}
