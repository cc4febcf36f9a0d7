//! Steps that several journeys through the window share.

use std::fs;

use chopmark_tests::bench::{programs::source, token::PIN};
use serde_json::Value;

use crate::window::Window;

/// The window's words in a language, as `ui/src/text` has them.
pub(crate) struct Words(Value);

impl Words {
    pub(crate) fn of(language: &str) -> Words {
        let file = source(&format!("../ui/src/text/{language}.json"));
        Words(serde_json::from_str(&fs::read_to_string(&file).expect("the texts")).expect("JSON"))
    }

    /// `get.title`
    pub(crate) fn text(&self, key: &str) -> &str {
        let pointer = format!("/{}", key.replace('.', "/"));
        self.0.pointer(&pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text {key}"))
    }
}

/// One test for each language, in light and in dark.
macro_rules! in_every_look {
    ($way:ident) => {
        #[test]
        fn english_light() {
            $way("en", false);
        }

        #[test]
        fn english_dark() {
            $way("en", true);
        }

        #[test]
        fn chinese_light() {
            $way("zh-CN", false);
        }

        #[test]
        fn chinese_dark() {
            $way("zh-CN", true);
        }
    };
}
pub(crate) use in_every_look;

impl Window {
    /// The question of the link: a CA that is not known is shown, and trusted only by a press.
    pub(crate) fn accept_link(&self, reference: &str) {
        self.element("link-accept");
        assert_eq!(self.text("link-reference"), reference);
        assert_eq!(self.text("link-host"), "127.0.0.1");
        assert!(!self.text("offer-fingerprint").is_empty());
        self.press("link-accept");
        self.wait_gone("[data-testid=link-dialog]");
        // The one thing that is left to type.
        self.wait_focus("code");
        let filled = self.script("return document.querySelector('[data-testid=reference]').value");
        assert_eq!(filled, reference);
    }

    /// The code is typed, the USB key is the one that is there.
    pub(crate) fn fill_form(&self, code: &str, token: &str) {
        self.type_into("code", code);
        self.wait(&format!("[data-testid=place-token-0][data-label=\"{token}\"]"));
        self.press("place-token-0");
        self.wait("[data-testid=place-token-0][data-state=checked]");
        assert_eq!(self.text("check-place"), token);
    }

    /// Sends the form and waits for the question for the PIN, which has the focus.
    pub(crate) fn submit_until_pin(&self) {
        // The check at the top opens by itself when it has a remark, and moves what is below it.
        self.wait("[data-testid=ready]:not([data-state=checking])");
        self.press("get-submit");
        self.wait("[data-testid=question][data-question=pin]");
        self.wait_focus("question-secret");
    }

    pub(crate) fn give_pin(&self, pin: &str) {
        self.type_into("question-secret", pin);
        self.press("question-submit");
    }

    pub(crate) fn give_right_pin(&self) {
        self.give_pin(PIN);
    }

    /// The page of an error: it has the focus, its number and what to do; the right number, in the right language.
    pub(crate) fn expect_error(&self, number: &str, language: &str) -> String {
        self.wait("[data-testid=error]");
        let shown = self.attribute("error", "data-code");
        if shown != number {
            self.fail(&format!("{shown} is shown, not {number}"));
        }
        self.wait_focus("error");
        assert_eq!(self.text("error-code"), number);
        let hints =
            self.script("return [...document.querySelectorAll('[data-testid=error] ol li')].map(li => li.innerText)");
        let hints = hints.as_array().cloned().unwrap_or_default();
        // Who cancels needs no advice.
        let least = if number == "CM-1201" { 0 } else { 1 };
        assert!((least..=3).contains(&hints.len()), "{number}: {hints:?}");
        let text = self.text("error");
        if language == "zh-CN" {
            let chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            let all = hints.iter().all(|hint| hint.as_str().is_some_and(chinese));
            assert!(all && chinese(&text), "{number} is not in Chinese: {text}");
        }
        self.accessible(&format!("page of {number}"));
        text
    }
}
