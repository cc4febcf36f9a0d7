//! A certificate that is there: renewed, then revoked, as a person would. Every screen on the way is accessible.

use std::process::Stdio;

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{bare, finish},
    token::Token,
};
use serde_json::Value;

use crate::{
    journey::{Words, in_every_look},
    window::{Start, Window},
};

in_every_look!(renewed_and_revoked);

/// Puts a certificate on the token with the command, into the journal of this window's home.
fn enroll(window: &Window, ca: &Ca, token: &Token, codes: &Codes) -> Value {
    let code = window.path("code");
    std::fs::write(&code, codes.authorization_code.as_bytes()).expect("a file");
    let (home, profile) = (window.path("home"), ca.profile.display().to_string());
    let mut add = bare();
    add.arg("--home").arg(&home).args(["--json", "ca", "add", &profile]);
    finish(add.spawn().expect("chopmark starts")).ok();
    let mut command = bare();
    command.arg("--home").arg(home).args(["--json", "--batch", "enroll", "--ca", "demo", "--key", "ec:p256"]);
    command.args(["--reference", &codes.reference, "--place", &token.uri(), "--code-file"]).arg(code);
    command.envs(token.env.iter().cloned()).stdin(Stdio::null());
    finish(command.spawn().expect("chopmark starts")).ok()
}

/// The list with the certificate's own row open.
fn open(window: &Window, sha256: &str) {
    window.press("nav-certificates");
    window.wait_gone("[data-testid=certificates-refresh]:disabled");
    window.press("certificates-refresh");
    window.wait(&format!("[data-testid=certificate][data-sha256=\"{sha256}\"]"));
    window.wait_gone("[data-testid=certificates-refresh]:disabled");
    if !window.has("[data-testid=certificate-open][data-state=open]") {
        window.press("certificate-open");
    }
    window.wait("[data-testid=certificate-open][data-state=open]");
}

fn renewed_and_revoked(language: &str, dark: bool) {
    let (ca, token, words) = (Ca::start(), Token::soft_hsm(), Words::of(language));
    let codes = ca.invite(|invitation| {
        invitation.subject = "CN=爱丽丝 Alice,O=Acme".into();
        invitation.valid_days = 20;
    });
    let window = Window::start(&Start { language, dark, env: &token.env, ..Start::default() });
    let enrolled = enroll(&window, &ca, &token, &codes);
    let old = enrolled["certificate"]["sha256"].as_str().expect("a fingerprint");
    let new = renewed(&window, &ca, &token, &codes, old, &words);
    revoked(&window, &ca, &codes, &new, &words);

    window.press("nav-activity");
    window.wait("[data-testid=job]");
    let kinds =
        window.script("return [...document.querySelectorAll('[data-testid=job-kind]')].map(one => one.innerText)");
    let wanted = ["kind.revoke", "kind.renew", "kind.enroll"].map(|key| words.text(key));
    let kinds: Vec<&str> = kinds.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(kinds.iter().zip(wanted).all(|(shown, word)| shown.starts_with(word)), "{kinds:?}");
    window.accessible("the activity");
}

fn renewed(window: &Window, ca: &Ca, token: &Token, codes: &Codes, old: &str, words: &Words) -> String {
    open(window, old);
    // It ends in less than a month.
    window.element("certificate-invite");
    window.accessible("the list with an invitation to renew");
    window.press("certificate-renew");
    window.wait_focus("renew-title");
    assert_eq!(window.text("renew-old"), words.text("renew.oldGoes"));
    window.press("renew-keep");
    assert_eq!(window.text("renew-old"), words.text("renew.oldKept"));
    window.press("renew-keep");
    window.accessible("what renewing will change");
    // Back, and the focus is where it was.
    window.press("renew-back");
    window.wait_focus("certificate-renew");
    window.press("certificate-invite");
    window.press("renew-submit");
    window.wait("[data-testid=question][data-question=pin]");
    window.wait_focus("question-secret");
    assert!(window.page().contains(words.text("run.title.renew")), "{}", window.page());
    window.accessible("the question for the PIN");
    window.give_right_pin();
    window.element("result-title");
    window.wait_focus("result-title");
    assert_eq!(window.attribute("result-replaced", "data-kept"), "false");
    assert_eq!(window.text("result-replaced"), words.text("replaced.removed"));
    window.accessible("the result of the renewal");
    let (keys, certificates) = token.content();
    assert_eq!((keys.len(), certificates.len()), (1, 2), "the new one and the intermediate: {certificates:#?}");
    assert_eq!(ca.states(&codes.reference), ["confirmed", "confirmed"]);
    let new = ca.issued(&codes.reference).remove(1).sha256;
    let shown = window.text("fact-sha256").replace(|letter: char| !letter.is_ascii_hexdigit(), "");
    assert_eq!(shown.to_lowercase(), new);
    window.press("result-certificates");
    new
}

fn revoked(window: &Window, ca: &Ca, codes: &Codes, sha256: &str, words: &Words) {
    open(window, sha256);
    window.press("certificate-revoke");
    window.wait_focus("revoke-title");
    // A reason is wanted.
    window.press("revoke-submit");
    window.wait_focus("reason-keyCompromise");
    assert!(window.page().contains(words.text("revoke.problem")), "{}", window.page());
    window.accessible("the reasons");
    window.press("reason-cessationOfOperation");
    window.press("revoke-submit");
    window.wait_focus("revoke-ask");
    window.accessible("the question before revoking");
    window.press("revoke-no");
    window.wait_focus("revoke-submit");
    assert_eq!(ca.states(&codes.reference), ["confirmed", "confirmed"], "nothing without a yes");
    window.press("revoke-submit");
    window.press("revoke-yes");
    window.wait("[data-testid=question][data-question=pin]");
    window.give_right_pin();
    window.wait_focus("revoked-title");
    window.accessible("the result of the revocation");
    let rows = ca.issued(&codes.reference);
    assert_eq!((rows[1].state.as_str(), rows[1].reason), ("revoked", Some(5)));
    window.press("revoked-certificates");
    window.wait("[data-testid=certificate][data-revoked=true]");
    window.element("certificate-revoked");
    window.press("certificate-open");
    window.wait("[data-testid=certificate-open][data-state=open]");
    assert!(!window.has("[data-testid=certificate-renew], [data-testid=certificate-revoke]"), "nothing to do with it");
    window.accessible("the list with a revoked certificate");
}

/// The list is searched, a certificate shows what leads to its root and who sees it, is copied, and deleted by the name of its key.
fn handled(language: &str, dark: bool) {
    let (ca, token, words) = (Ca::start(), Token::soft_hsm(), Words::of(language));
    let codes = ca.invite(|_| {});
    let window = Window::start(&Start { language, dark, env: &token.env, ..Start::default() });
    let enrolled = enroll(&window, &ca, &token, &codes);
    let sha256 = enrolled["certificate"]["sha256"].as_str().expect("a fingerprint");
    open(&window, sha256);
    window.wait("[data-testid=chain-root][data-trusted=true]");
    window.wait("[data-testid=program]");
    window.accessible("a certificate in full");
    window.picture_of("full");
    window.type_into("certificates-search", "nobody at all");
    window.element("certificates-nothing");
    window.accessible("a search that finds nothing");
    window.picture_of("nothing");
    window.script("document.querySelector('[data-testid=certificates-search]').value = ''; document.querySelector('[data-testid=certificates-search]').dispatchEvent(new Event('input', { bubbles: true }));");
    window.wait("[data-testid=certificate]");
    if !window.has("[data-testid=certificate-open][data-state=open]") {
        window.press("certificate-open");
    }
    window.press("certificate-export");
    window.wait("[data-testid=handle][data-kind=export]");
    assert!(!window.has("[data-testid=format-pkcs12]"), "keys stay on the USB key");
    assert!(window.page().contains(words.text("export.keyStays")), "{}", window.page());
    window.press("format-der");
    window.accessible("what is to be exported");
    window.picture_of("export");
    window.press("handle-close");
    window.press("certificate-delete");
    window.accessible("before deleting");
    window.picture_of("delete");
    window.press("delete-go");
    window.wait("[data-testid=question][data-question=pin]");
    window.give_right_pin();
    window.wait("[data-testid=question][data-question=type-label]");
    window.accessible("the question for the name");
    window.picture_of("delete-name");
    window.type_into("question-label", "Alice");
    window.press("question-submit");
    // The CA's own stays: it is nobody's here.
    window.wait_gone(&format!("[data-testid=certificate][data-sha256=\"{sha256}\"]"));
    assert!(token.content().0.is_empty(), "no key is left");
}

#[test]
fn handled_in_english() {
    handled("en", false);
}

#[test]
fn handled_in_chinese_and_dark() {
    handled("zh-CN", true);
}

/// The CA takes its time: the job waits in Activity, says when the CA is asked again, and can be given up; the CA is told.
#[test]
fn a_renewal_that_waits_is_given_up() {
    let (ca, token, words) = (Ca::start(), Token::soft_hsm(), Words::of("en"));
    let codes = ca.invite(|invitation| invitation.renewal.delay = 3000);
    let window = Window::start(&Start { language: "en", env: &token.env, ..Start::default() });
    let enrolled = enroll(&window, &ca, &token, &codes);
    open(&window, enrolled["certificate"]["sha256"].as_str().expect("a fingerprint"));
    window.press("certificate-renew");
    window.press("renew-submit");
    window.wait("[data-testid=question][data-question=pin]");
    window.give_right_pin();
    window.wait("[data-testid=step-send-request][data-state=busy]");
    window.element("run-waiting");
    // Leaving the page loses nothing.
    window.press("nav-get");
    window.wait("[data-testid=get-submit]:disabled");
    window.press("rail-job");
    window.press("run-cancel");
    window.expect_error("CM-1201", "en");
    window.press("nav-activity");
    window.wait("[data-testid=job][data-job-state=waiting]");
    assert!(window.text("job-kind").starts_with(words.text("kind.renew")), "{}", window.text("job-kind"));
    let next = window.text("job-next");
    assert!(next.contains("CA"), "{next}");
    window.accessible("a job that waits");
    window.press("job-discard");
    window.press("job-discard-yes");
    window.wait("[data-testid=question][data-question=pin]");
    window.give_right_pin();
    let states = || -> Vec<String> { ca.transactions(&codes.reference).into_iter().map(|row| row.state).collect() };
    // Its own PIN: the new key is removed too.
    while !window.has("[data-testid=run-back]") {
        if window.has("[data-testid=question-secret]") {
            window.give_right_pin();
        }
    }
    assert_eq!(states(), ["confirmed", "given up"]);
    let (keys, _) = token.content();
    assert_eq!(keys.len(), 1, "the old key only");
}
