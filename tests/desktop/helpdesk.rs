//! The Help desk: what really is wrong on this machine is named, worst first, with what to do; a repair can be taken back; the
//! report is seen before it is saved and has no secret in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{bare, finish},
    programs::{behind, faulty_module},
    token::{PIN, Token},
};
use serde_json::{Value, json};

use crate::{
    journey::{Words, in_every_look},
    window::{Start, Window},
};

/// Makes the CA known to this window.
fn know(window: &Window, ca: &Ca) {
    let mut add = bare();
    add.arg("--home").arg(window.path("home")).args(["--json", "ca", "add", &ca.profile.display().to_string()]);
    finish(add.spawn().expect("chopmark starts")).ok();
    window.reload();
}

/// The screen, when the check-up is over.
fn check_up(window: &Window) {
    window.press("nav-helpdesk");
    window.wait("[data-testid=screen-helpdesk]");
    window.wait("[data-testid=helpdesk-state]:not([data-state=checking]):not([data-state=none])");
}

fn again(window: &Window) {
    window.press("helpdesk-again");
    window.wait("[data-testid=helpdesk-state]:not([data-state=checking])");
}

/// Numbers and severities, in the order in which they stand.
fn findings(window: &Window) -> Vec<(String, String)> {
    let found = window.script(
        "return [...document.querySelectorAll('[data-testid=finding]')].map(one => [one.dataset.code, one.dataset.severity])",
    );
    serde_json::from_value(found).expect("pairs")
}

fn has(window: &Window, code: &str) -> bool {
    window.has(&format!("[data-testid=finding][data-code={code}]"))
}

/// Each has one to three things to do, and speaks the language.
fn speaks(window: &Window, language: &str) {
    let texts = window.script(
        "return [...document.querySelectorAll('[data-testid=finding]')].map(one => [
           one.dataset.code, one.querySelector('.message').innerText,
           [...one.querySelectorAll('ol li')].map(li => li.innerText)])",
    );
    for one in texts.as_array().expect("a list") {
        let hints = one[2].as_array().expect("a list");
        assert!((1..=3).contains(&hints.len()), "{one}");
        let chinese = |text: &Value| {
            text.as_str().is_some_and(|text| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)))
        };
        let all = std::iter::once(&one[1]).chain(hints);
        assert!(all.clone().count() > 1 && all.into_iter().all(|text| chinese(text) == (language == "zh-CN")), "{one}");
    }
}

/// The driver that crashes when it is started, under a name of its own.
fn crashing(folder: &tempfile::TempDir) -> PathBuf {
    let library = folder.path().join("libcrashing.so");
    behind(&library, &faulty_module(), "FAULTY_MODE", "segv-init");
    library
}

fn what_is_wrong(language: &str, dark: bool) {
    let (mut ca, token, folder) = (Ca::start(), Token::empty_soft_hsm(), tempfile::tempdir().expect("a folder"));
    let (module, words) = (crashing(&folder), Words::of(language));
    let start = Start { language, dark, env: &token.env, module: Some(&module), ..Start::default() };
    let window = Window::start(&start);
    know(&window, &ca);
    ca.stop();

    // No USB key, a driver that crashes, a CA that is not there, a file of drivers that cannot be read.
    let added = window.path("home").join("drivers.d");
    fs::create_dir_all(&added).expect("a folder");
    let broken = added.join("ours.toml");
    fs::write(&broken, "[[driver]\n").expect("a file");
    check_up(&window);
    assert!(window.page().contains(words.text("helpdesk.title")), "{}", window.page());
    let found = findings(&window);
    for code in ["CM-2006", "CM-3202", "CM-2407"] {
        assert!(has(&window, code), "no {code}: {found:?}");
    }
    let rank = |severity: &str| ["error", "warning", "note"].iter().position(|one| *one == severity);
    assert!(found.is_sorted_by_key(|(_, severity)| rank(severity)), "worst first: {found:?}");
    assert_eq!(window.attribute("helpdesk-state", "data-state"), "bad");
    speaks(&window, language);
    assert!(window.text("looked").len() > 20 && window.has("[data-testid=looked-ca][data-state=bad]"));
    window.accessible("what was found");

    repaired_and_taken_back(&window, &broken, &words);
    reported(&window, &token);

    // The CA is there again; the driver is gone.
    ca.again();
    fs::remove_file(&module).expect("the driver");
    again(&window);
    assert!(!has(&window, "CM-3202") && !has(&window, "CM-2006"), "{:?}", findings(&window));
}

fn repaired_and_taken_back(window: &Window, broken: &Path, words: &Words) {
    window.press("finding-fix");
    window.wait("[data-testid=done]");
    window.wait("[data-testid=helpdesk-state]:not([data-state=checking])");
    window.wait_focus("helpdesk-state");
    assert!(!has(window, "CM-2407") && !broken.exists(), "{:?}", findings(window));
    assert!(window.text("done-undo").contains(words.text("helpdesk.undo")));
    window.accessible("what was repaired");
    window.press("done-undo");
    window.wait_gone("[data-testid=done]");
    window.wait("[data-testid=finding][data-code=CM-2407]");
    window.wait("[data-testid=helpdesk-state]:not([data-state=checking])");
    assert!(broken.exists(), "it is where it was");
}

fn reported(window: &Window, token: &Token) {
    window.press("report-make");
    window.element("report-preview");
    let seen = "const shown = document.querySelector('[data-testid=report-preview]')?.shadowRoot;
                return shown ? shown.querySelector('.body').innerText : ''";
    let preview = window.script(seen).as_str().unwrap_or_default().to_owned();
    assert!(preview.contains("CM-2006") && preview.contains("CM-3202"), "{preview}");
    window.press("report-data");
    window.accessible("the report before it is saved");

    // The dialog is the system's; what it leads to is ours.
    let path = window.path("report.html");
    let save = format!(
        "return window.__TAURI_INTERNALS__.invoke('save_report', {{ path: {}, names: false, serials: false }})",
        json!(path.display().to_string())
    );
    window.script(&save);
    let saved = fs::read_to_string(&path).expect("the report");
    assert!(saved.contains("CM-2006") && saved.contains("application/json"), "{saved}");
    for secret in [PIN, &token.folder().display().to_string()] {
        assert!(!saved.contains(secret) && !preview.contains(secret), "{secret} stands in the report");
    }
    // What the window showed is what was saved: the same findings from the command.
    let mut replay = bare();
    replay.arg("--home").arg(window.path("elsewhere")).args(["doctor", "--json", "--replay"]).arg(&path);
    let output = run_to_end(&mut replay);
    for (code, _) in findings(window) {
        assert!(output.contains(&code), "{code} is not replayed: {output}");
    }
    window.press("report-close");
}

fn run_to_end(command: &mut std::process::Command) -> String {
    let output = command.output().expect("chopmark starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

in_every_look!(what_is_wrong);

/// What is known already stands there while a driver that hangs still has its time.
#[test]
fn findings_fill_in() {
    let (token, folder) = (Token::soft_hsm(), tempfile::tempdir().expect("a folder"));
    let hanging = folder.path().join("libhanging.so");
    behind(&hanging, &faulty_module(), "FAULTY_MODE", "hang-init");
    let start = Start { language: "en", env: &token.env, module: Some(&hanging), ..Start::default() };
    let window = Window::start(&start);
    // The USB key stands at the foot of the rail while the driver hangs.
    window.wait("[data-testid=rail-keys] .key:not(.soft)");
    assert!(window.has("[data-testid=rail-refresh].turning"), "the list came whole");
    window.wait_gone("[data-testid=rail-refresh].turning");
    window.press("nav-helpdesk");
    window.wait("[data-testid=looked-token]");
    assert_eq!(window.attribute("helpdesk-state", "data-state"), "checking", "the lines came all at once");
    window.wait("[data-testid=finding][data-code=CM-2009]");
    window.wait("[data-testid=helpdesk-state]:not([data-state=checking])");
    // With a USB key at hand it is in nobody's way: it stands folded.
    assert_eq!(window.attribute("helpdesk-state", "data-state"), "good");
    window.press("notes");
    let said = window.script("return document.querySelector('[data-code=\"CM-2009\"]').innerText");
    assert!(said.as_str().is_some_and(|said| said.contains("libhanging.so")), "{said}");
}

/// The short form says the same in less, and leads there.
#[test]
fn the_form_leads_to_the_help_desk() {
    let (mut ca, token) = (Ca::start(), Token::soft_hsm());
    let window = Window::start(&Start { language: "en", env: &token.env, ..Start::default() });
    know(&window, &ca);
    window.wait("[data-testid=ready][data-state=good]");
    assert!(window.has("[data-testid=ready-fold][aria-expanded=false]"), "one line when all is well");
    ca.stop();
    window.press("ready-fold");
    window.press("ready-again");
    window.wait("[data-testid=ready][data-state=bad]");
    window.wait("[data-testid=check-ca][data-state=bad] .hint");
    let first = window.script("return document.querySelector('[data-testid=ready] li[data-state]').dataset.testid");
    assert_eq!(first, "check-ca", "the worst stands first");
    window.accessible("the form without a CA");
    window.press("ready-help");
    window.wait("[data-testid=screen-helpdesk]");
    window.wait("[data-testid=finding][data-code=CM-3202]");
}

/// The two codes are typed and nothing of them gets into a report.
#[test]
fn codes_stay_out_of_the_report() {
    let (ca, token) = (Ca::start(), Token::soft_hsm());
    let codes: Codes = ca.invite(|_| ());
    let window = Window::start(&Start { language: "en", link: Some(&codes.link), env: &token.env, ..Start::default() });
    window.accept_link(&codes.reference);
    window.fill_form(&codes.authorization_code, "Alice");
    check_up(&window);
    window.press("report-make");
    window.element("report-preview");
    window.press("report-names");
    window.press("report-serials");
    let path = window.path("report.html");
    window.script(&format!(
        "return window.__TAURI_INTERNALS__.invoke('save_report', {{ path: {}, names: true, serials: true }})",
        json!(path.display().to_string())
    ));
    let saved = fs::read_to_string(&path).expect("the report");
    for secret in [PIN, codes.reference.as_str(), codes.authorization_code.as_str()] {
        assert!(!saved.contains(secret), "{secret} stands in the report");
    }
    assert!(saved.contains("Alice"), "names were wanted");
    let plain = window.path("plain.html");
    window.script(&format!(
        "return window.__TAURI_INTERNALS__.invoke('save_report', {{ path: {}, names: false, serials: false }})",
        json!(plain.display().to_string())
    ));
    assert!(!fs::read_to_string(&plain).expect("the report").contains("Alice"), "names were not wanted");
}
