//! A certificate with its key out of a PKCS#12 file, onto a USB key and into this computer's store, through the window.

use std::{path::PathBuf, process::Command};

use chopmark_tests::bench::{
    ca::Ca,
    command::{bare, finish},
    programs::run,
    token::Token,
};

use crate::{
    journey::{Words, in_every_look},
    window::{Start, Window},
};

const PASSWORD: &str = "correct-horse-7";

in_every_look!(imported);

/// A file as somebody else's computer exported it: this window's journal knows nothing of it.
fn file(window: &Window, ca: &Ca) -> PathBuf {
    let codes = ca.invite(|invitation| invitation.subject = "CN=爱丽丝 Alice,O=Acme".into());
    let (code, password, file) = (window.path("code"), window.path("password"), window.path("me.p12"));
    std::fs::write(&code, codes.authorization_code.as_bytes()).expect("a file");
    std::fs::write(&password, PASSWORD).expect("a file");
    let mut command = bare();
    command.arg("--home").arg(window.path("elsewhere")).args(["--json", "--batch", "enroll", "--key", "rsa:2048"]);
    command.args(["--reference", &codes.reference, "--place", &format!("file:{}", file.display()), "--ca"]);
    command.arg(&ca.profile).arg("--code-file").arg(code).arg("--password-file").arg(password);
    finish(command.spawn().expect("chopmark starts")).ok();
    file
}

/// From the form to the question for the file's password.
fn submit(window: &Window) {
    // A list of places that still fades takes the press.
    window.wait_gone("[role=option]");
    window.press("import-submit");
    window.wait("[data-testid=question][data-question=file-password]");
    window.wait_focus("question-secret");
}

fn imported(language: &str, dark: bool) {
    let (ca, token, words) = (Ca::start(), Token::soft_hsm(), Words::of(language));
    let window = Window::start(&Start { language, dark, env: &token.env, ..Start::default() });
    let file = file(&window, &ca).display().to_string();
    window.press("nav-certificates");
    window.element("certificates-none");
    window.accessible("the empty list");
    window.picture_of("empty");

    window.press("certificates-import");
    window.wait_focus("import-title");
    // What is missing is said, one thing after the other.
    window.press("import-submit");
    window.wait_focus("import-path");
    assert!(window.page().contains(words.text("import.problem.path")), "{}", window.page());
    window.accessible("a form without a file");
    window.picture_of("form-empty");
    window.type_into("import-path", &file);
    window.press("import-submit");
    window.element("import-no-place");
    window.wait_focus("import-place");
    window.accessible("a form without a place");
    // Back, and the focus is where it was.
    window.press("import-back");
    window.wait_focus("certificates-import");
    window.press("certificates-import");
    window.type_into("import-path", &file);
    window.press("import-place");
    window.accessible("the places");
    window.picture_of("places");
    window.press_text("[role=option]", "Alice");
    window.picture_of("form");

    submit(&window);
    window.accessible("the question for the password");
    window.picture_of("password");
    window.give_pin("another");
    window.expect_error("CM-4003", language);
    window.picture_of("wrong-password");
    assert!(token.content().0.is_empty());
    // The form is as it was left.
    window.press("run-back");
    window.wait_focus("import-title");
    submit(&window);
    window.give_pin(PASSWORD);
    window.wait("[data-testid=question][data-question=pin]");
    window.picture_of("pin");
    window.give_right_pin();
    window.wait_focus("imported-title");
    assert_eq!(window.text("imported-title"), "爱丽丝 Alice");
    assert_eq!(window.attribute("imported-proved", "data-value"), "true");
    window.wait("[data-testid=program]");
    window.accessible("the result");
    window.picture_of("result");
    let (keys, certificates) = token.content();
    assert_eq!((keys.len(), certificates.len()), (1, 2), "with the CA that issued it");
    into_the_browsers_store(&window, &file);
}

fn into_the_browsers_store(window: &Window, file: &str) {
    window.press("imported-certificates");
    window.wait("[data-testid=certificate]");
    window.picture_of("list");
    window.press("certificates-import");
    window.type_into("import-path", file);
    window.press("import-place");
    window.press("import-place-computer:");
    submit(window);
    window.give_pin(PASSWORD);
    window.wait_focus("imported-title");
    assert_eq!(window.attribute("imported-proved", "data-value"), "true");
    window.accessible("the result in the store");
    window.picture_of("result-store");
    let store = format!("sql:{}", window.path("user/.pki/nssdb").display());
    let listed = run(Command::new("certutil").args(["-L", "-d", &store]));
    assert!(listed.contains("Alice") && listed.contains("u,u,u"), "{listed}");
    window.press("imported-certificates");
    // The same certificate, in both places.
    window.wait("[data-testid=certificate] ~ [data-testid=certificate]");
    window.press("certificate-open");
    window.wait("[data-testid=chain-root], [data-testid=program]");
    window.accessible("the list afterwards");
    window.picture_of("list-both");
}
