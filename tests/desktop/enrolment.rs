//! The whole way: the link of the mail, the code, the USB key, the PIN, the certificate. Every screen on the way is accessible.

use chopmark_tests::{
    bench::{ca::Ca, token::Token},
    judge::objects,
};

use crate::{
    journey::{Words, in_every_look},
    window::{Start, Window},
};

in_every_look!(whole_way);

/// Would the check of accessibility find anything?
#[test]
fn a_button_without_a_name_is_found() {
    let token = Token::empty_soft_hsm();
    let window = Window::start(&Start { language: "en", env: &token.env, ..Start::default() });
    window.wait("[data-testid=ready]:not([data-state=checking])");
    window.accessible("the form of a first start");
    window.script("document.querySelector('main').append(document.createElement('button'))");
    let found = window.grave_findings();
    assert!(found.iter().any(|one| one["rule"] == "button-name"), "{found:#?}");
}

/// No language is named at the start: the one chosen in the settings holds at once, and in the next window.
#[test]
fn the_language_is_chosen_in_the_settings() {
    let token = Token::empty_soft_hsm();
    let window = Window::start(&Start { env: &token.env, ..Start::default() });
    let (english, chinese) = (Words::of("en"), Words::of("zh-CN"));
    window.press("nav-settings");
    assert!(window.page().contains(english.text("settings.title")), "{}", window.page());
    window.press("language");
    window.accessible("the list of languages");
    window.press("language-zh-CN");
    window.wait("html[lang=zh-Hans]");
    assert!(window.page().contains(chinese.text("settings.title")), "{}", window.page());
    // The program's own words too: nothing is plugged in.
    window.press("nav-get");
    window.wait("[data-testid=check-token] .hint");
    let hint = window.text("check-token");
    assert!(hint.contains("CM-2101") && hint.contains("请插入"), "{hint}");
    window.accessible("the form in Chinese");
}

fn whole_way(language: &str, dark: bool) {
    let (ca, token, words) = (Ca::start(), Token::soft_hsm(), Words::of(language));
    let codes = ca.invite(|invitation| invitation.subject = "CN=爱丽丝 Alice,OU=Sales,OU=Shanghai,O=Acme".into());
    let start = Start { language, dark, link: Some(&codes.link), env: &token.env, ..Start::default() };
    let window = Window::start(&start);
    let lang = window.script("return document.documentElement.lang");
    assert_eq!(lang, if language == "en" { "en" } else { "zh-Hans" });

    window.element("link-accept");
    window.accessible("the link's question");
    window.accept_link(&codes.reference);
    assert!(window.page().contains(words.text("get.title")), "{}", window.page());
    window.wait("[data-testid=ready][data-state=good]");
    window.fill_form(&codes.authorization_code, "Alice");
    window.accessible("the form");

    window.submit_until_pin();
    window.accessible("the question for the PIN");
    assert!(window.has("[data-testid=step-make-key] [data-testid=question]"), "asked where it comes up");
    window.give_right_pin();

    window.element("result-title");
    window.wait_focus("result-title");
    check_result(&window, &ca, &codes.reference, &token);
    window.accessible("the result");

    window.press("result-certificates");
    window.element("certificates-list");
    assert!(window.has("[data-testid=screen-certificates] [data-testid=certificate]"));
    window.accessible("the certificates");
    window.press("certificate-open");
    window.element("facts");
    window.accessible("one certificate");

    window.press("nav-activity");
    window.wait("[data-testid=job][data-job-state=done]");
    window.accessible("the activity");
    window.press("job-open");
    window.accessible("one job");

    window.press("nav-settings");
    window.wait("[data-testid=ca-row]");
    window.accessible("the settings");
    window.press("ca-remove");
    window.element("ca-remove-yes");
    window.accessible("the question before a CA is forgotten");
}

fn check_result(window: &Window, ca: &Ca, reference: &str, token: &Token) {
    assert_eq!(window.text("result-title"), "爱丽丝 Alice");
    assert_eq!(window.attribute("result-proved", "data-value"), "true");
    assert_eq!(window.attribute("result-confirmed", "data-value"), "true");
    let issued = ca.issued(reference);
    let [issued] = issued.as_slice() else { panic!("{issued:?}") };
    assert_eq!(issued.state, "confirmed");
    let plain = |text: String| text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    assert_eq!(plain(window.text("fact-serial")), issued.serial.to_lowercase());
    // Each with a button to copy it by.
    let shown = [
        ("cn", "爱丽丝 Alice"),
        ("ou-0", "Shanghai"),
        ("ou-1", "Sales"),
        ("o-0", "Acme"),
        ("issuer", "Chopmark demo CA"),
    ];
    for (name, value) in shown {
        assert_eq!(window.text(&format!("fact-{name}")), value);
        window.element(&format!("copy-{name}"));
    }
    assert!(window.text("fact-place").starts_with("pkcs11:token=Alice"), "{}", window.text("fact-place"));
    let objects = objects(token);
    let mine: Vec<_> = objects.iter().filter(|object| object.label == "爱丽丝 Alice").collect();
    assert_eq!(mine.len(), 3, "key pair and certificate: {objects:#?}");
    assert!(mine.iter().all(|object| object.id == mine[0].id), "{mine:#?}");
}
