//! The screen *USB keys*: PINs, what is on a key, setting up and deleting, in both languages; a key with a PIN pad.

use chopmark_tests::{
    bench::{
        ca::Ca,
        command::Desk,
        token::{PIN, SO_PIN, Token},
    },
    judge::pkcs11_tool,
    token_table::enroll,
};
use token_helper::PinState;

use crate::{
    journey::Words,
    window::{Start, Window},
};

const OTHER_PIN: &str = "161803";

fn window(token: &Token, language: &str, dark: bool) -> Window {
    Window::start(&Start { language, dark, env: &token.env, module: Some(&token.module), ..Start::default() })
}

impl Window {
    fn to_keys(&self, label: &str) {
        self.press("nav-keys");
        self.wait(&format!("[data-testid=key][data-label=\"{label}\"] .more"));
    }

    /// The question that is open; its field has the focus.
    fn asked(&self, question: &str) {
        self.wait(&format!("[data-testid=question][data-question={question}]"));
        self.wait_focus(if question == "type-label" { "question-label" } else { "question-secret" });
    }

    fn say(&self, secret: &str) {
        self.type_into("question-secret", secret);
        self.press("question-submit");
    }

    fn say_twice(&self, secret: &str) {
        self.type_into("question-secret", secret);
        self.type_into("question-secret-again", secret);
        self.press("question-submit");
    }

    fn done(&self, act: &str) {
        self.wait(&format!("[data-testid=deed][data-act={act}][data-state=done]"));
    }
}

/// A person changes the PIN, types a wrong one once, looks at what is on the key, deletes an orphan and sets the key up anew.
fn care(language: &str, dark: bool) {
    let words = Words::of(language);
    let (token, ca, desk) = (Token::soft_hsm(), Ca::start(), Desk::new());
    let place = ["--place", &token.uri(), "--key", "ec:p256"];
    enroll(&desk, &token, &ca, &ca.invite(|_| ()), &place).ok();
    let window = window(&token, language, dark);
    window.to_keys("Alice");
    assert_eq!(window.text("key-state"), words.text("pin.ok"));
    window.wait("[data-testid=object][data-kind=certificate]");
    assert!(!window.has("[data-testid=object][data-kind=key]"), "keys show with the PIN only");
    window.accessible("USB keys");

    // A wrong PIN: said so, asked for again, nothing that was typed is lost, one try each.
    window.press("key-change-pin");
    window.asked("pin");
    window.accessible("the question for the old PIN");
    window.say("999999");
    window.asked("new-pin");
    window.say_twice(OTHER_PIN);
    window.wait("[data-testid=pin-wrong]");
    window.asked("pin");
    assert_eq!(token.seen().user_pin, PinState::CountLow);
    window.say(PIN);
    window.done("change-pin");
    window.wait_focus("deed");
    assert!(window.page().contains(words.text("keys.done.change-pin")));

    // What only the PIN shows; the old one is refused now.
    window.press("key-look");
    window.asked("pin");
    window.say(PIN);
    window.wait("[data-testid=pin-wrong]");
    window.asked("pin");
    window.say(OTHER_PIN);
    window.wait("[data-testid=object][data-kind=key]");
    assert!(!window.has("[data-orphan=true]"), "nothing is alone");
    window.accessible("what is on a key");

    // The certificate goes, after its key's name was typed: not another one.
    // The person's own stands first, that of the CA after it.
    window.press("object-delete");
    window.wait_focus("deed");
    window.accessible("before something is deleted");
    window.press("deed-go");
    window.asked("pin");
    window.say(OTHER_PIN);
    window.asked("type-label");
    window.wait("[data-testid=removal-only-copy]");
    window.accessible("the name has to be typed");
    window.type_into("question-label", "alice");
    window.press("question-submit");
    window.wait("[data-testid=question-label-problem]");
    window.asked("type-label");
    window.type_into("question-label", "Alice");
    window.press("question-submit");
    window.done("delete");
    window.wait("[data-testid=key-look]:not([disabled])");
    window.press("key-look");
    window.asked("pin");
    window.say(OTHER_PIN);
    window.wait("[data-testid=object][data-kind=key][data-orphan=true]");

    set_up(&window, &words, &token);
    let folder = window.path("home");
    chopmark_tests::bench::assert_no_secret(&folder, &[PIN, OTHER_PIN, SO_PIN, "999999"]);
}

fn set_up(window: &Window, words: &Words, token: &Token) {
    window.press("key-init");
    window.wait_focus("init-label");
    window.type_into("init-label", "");
    window.press("deed-go");
    window.wait("[data-testid=init-label-problem]");
    window.type_into("init-label", "Bob's key");
    window.press("deed-go");
    window.asked("type-label");
    window.type_into("question-label", "Alice");
    window.press("question-submit");
    window.asked("so-pin");
    window.say("99999999");
    window.asked("new-pin");
    window.accessible("a new PIN");
    // Too short: said before anything is sent.
    window.say_twice("123");
    window.wait("[data-testid=question-secret-problem]");
    window.say_twice(PIN);
    window.wait("[data-testid=pin-wrong]");
    window.asked("so-pin");
    window.say(SO_PIN);
    window.done("init");
    window.wait("[data-testid=key][data-label=\"Bob's key\"]");
    window.wait("[data-testid=objects-none]");
    assert!(window.page().contains(words.text("keys.done.init")));
    // Another program logs in with the new PIN, under the new name, and finds nothing.
    let listed = pkcs11_tool(token, &["--token-label", "Bob's key", "--login", "--pin", PIN, "-O"]);
    assert!(!listed.contains("Object;"), "{listed}");
}

#[test]
fn care_in_english() {
    care("en", false);
}

#[test]
fn care_in_chinese() {
    care("zh-CN", true);
}

/// A key that asks for its PIN itself has no field for it here; who presses "stop" on it is told so.
#[test]
fn a_key_with_a_pin_pad() {
    let token = Token::faulty("pin-pad");
    let window = window(&token, "en", false);
    window.to_keys("FAULTY");
    window.wait("[data-testid=fact-pin-pad]");
    window.press("key-change-pin");
    window.wait("[data-testid=pin-pad]");
    window.wait_focus("question-yes");
    assert!(!window.has("[data-testid=question] input"), "no field for a PIN");
    window.accessible("the page of a PIN pad");
    window.press("question-yes");
    window.wait("[data-testid=deed-on-device], [data-testid=deed-done]");
    window.done("change-pin");
    window.press("key-unblock");
    window.wait("[data-testid=pin-pad]");
    window.press("question-cancel");
    window.wait("[data-testid=key-unblock]:not([disabled])");
}

#[test]
fn no_key_is_plugged_in() {
    let token = Token::empty_soft_hsm();
    for (language, dark) in [("en", true), ("zh-CN", false)] {
        let window = window(&token, language, dark);
        window.press("nav-keys");
        window.wait("[data-testid=keys-none]");
        assert!(window.page().contains(Words::of(language).text("keys.noneWhy")));
        window.accessible("no key");
        // Why none is seen stands there.
        window.press("keys-help");
        window.wait("[data-testid=helpdesk-state]");
    }
}
