//! A CA that says what it wants in a request, and one that makes the key: the form follows, the result says so.

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    token::Token,
};

use crate::{
    journey::Words,
    window::{Start, Window},
};

#[test]
fn the_form_follows_the_ca_in_english() {
    asked_by_hand("en", false);
}

#[test]
fn the_form_follows_the_ca_in_chinese() {
    asked_by_hand("zh-CN", true);
}

#[test]
fn the_ca_makes_the_key_in_english() {
    key_by_ca("en", true);
}

#[test]
fn the_ca_makes_the_key_in_chinese() {
    key_by_ca("zh-CN", false);
}

/// The form with a CA whose profile offers both, its codes and the USB key.
fn at_the_form(window: &Window, ca: &Ca, codes: &Codes) {
    let text = std::fs::read_to_string(&ca.profile).expect("the profile");
    let mut profile: toml::Table = text.parse().expect("TOML");
    let cmp = profile["cmp"].as_table_mut().expect("its options");
    cmp.insert("askTemplate".into(), true.into());
    cmp.insert("keyByCa".into(), true.into());
    let file = window.path("profile.toml");
    std::fs::write(&file, profile.to_string()).expect("a file");
    window.type_into("ca-location", &file.display().to_string());
    window.press("ca-read");
    window.element("ca-trust");
    window.press("ca-trust");
    window.wait("[data-testid=wishes]");
    window.type_into("reference", &codes.reference);
    window.fill_form(&codes.authorization_code, "Alice");
}

fn asked_by_hand(language: &str, dark: bool) {
    let (ca, token, words) = (Ca::start(), Token::soft_hsm(), Words::of(language));
    let window = Window::start(&Start { language, dark, env: &token.env, ..Start::default() });
    let codes = ca.invite(|_| {});
    at_the_form(&window, &ca, &codes);
    window.accessible("the form with the question to the CA");

    // A wrong code shows here, and nothing is lost.
    window.type_into("code", "AAAA-BBBB-CCCC");
    window.press("wishes-ask");
    window.expect_error("CM-3002", language);
    window.type_into("code", &codes.authorization_code);
    window.press("wishes-ask");
    window.wait("[data-testid=wishes][data-state=told]");
    assert!(window.text("wish-fixed-O").ends_with("Acme"), "{}", window.text("wish-fixed-O"));
    assert!(window.page().contains(words.text("wish.told")), "{}", window.page());
    window.accessible("the names that the CA asks for");

    // Only what the CA takes can be chosen.
    window.press("key");
    window.wait("[data-testid=\"key-ec:p256\"]");
    assert!(window.has("[data-testid=\"key-rsa:3072\"]") && !window.has("[data-testid=\"key-ec:p384\"]"));
    window.press("key-ec:p256");
    // The name is needed.
    window.press("get-submit");
    window.wait_focus("wish-CN");
    assert_eq!(window.text("wish-CN-problem"), words.text("get.problem.name"));
    window.accessible("a name that is missing");
    window.type_into("wish-CN", "Alice");

    window.submit_until_pin();
    window.give_right_pin();
    window.element("result-title");
    assert_eq!(window.text("result-title"), "Alice");
    assert!(!window.has("[data-testid=result-key-by-ca]"));
    let issued = ca.issued(&codes.reference);
    assert_eq!((issued.len(), issued[0].state.as_str()), (1, "confirmed"), "{issued:?}");
}

/// Nobody pressed for the names: ordering asks for them first.
fn key_by_ca(language: &str, dark: bool) {
    let (ca, token, words) = (Ca::start(), Token::soft_hsm(), Words::of(language));
    let window = Window::start(&Start { language, dark, env: &token.env, ..Start::default() });
    let codes = ca.invite(|_| {});
    at_the_form(&window, &ca, &codes);
    assert!(window.page().contains(words.text("get.keyByCaNote")), "told before it is chosen: {}", window.page());
    window.press("key-by-ca");
    window.wait("[data-testid=ready]:not([data-state=checking])");
    window.press("get-submit");
    window.wait("[data-testid=wishes][data-state=told]");
    window.wait_focus("wish-CN");
    window.type_into("wish-CN", "Alice");

    window.submit_until_pin();
    let steps = "return [...document.querySelectorAll('[data-testid^=step-]')].map(row => row.dataset.testid).join()";
    let order = "step-send-request,step-receive-certificate,step-make-key,step-install,step-prove,step-confirm";
    assert_eq!(window.script(steps), order);
    assert!(window.page().contains(words.text("step.take-key")), "{}", window.page());
    window.give_right_pin();
    window.element("result-title");
    assert_eq!(window.text("result-key-by-ca"), words.text("result.keyByCa"));
    assert_eq!(window.attribute("result-proved", "data-value"), "true");
    window.accessible("the result that says who has seen the key");
}
