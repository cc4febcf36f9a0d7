//! Finding drivers below a folder laid out like a machine, and tokens among made-up ones.

use std::path::PathBuf;

use token_helper::client::{HelperError, LoadFailure};

use super::*;
use crate::error::{Code, Error};

fn named(path: &str) -> InstalledDriver {
    Machine::default().named(&absolute(path))
}

/// With a drive, where there are drives.
fn absolute(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap()
}

fn looked(path: &str, tokens: &[wire::Token]) -> Looked {
    let module = wire::Module {
        description: "Implementation of PKCS11".into(),
        manufacturer: String::new(),
        library_version: "2.6".into(),
        cryptoki_version: "2.40".into(),
    };
    let driver = named(path);
    Looked { driver, module: Some(module), tokens: tokens.to_vec(), problem: None }
}

fn broken(path: &str) -> Looked {
    let problem = HelperError::CannotLoad { reason: LoadFailure::NotPkcs11, detail: String::new() };
    Looked { driver: named(path), module: None, tokens: vec![], problem: Some(problem) }
}

fn token(label: &str, serial: &str) -> wire::Token {
    wire::Token {
        slot: 7,
        label: label.into(),
        manufacturer: "Maker".into(),
        model: "Model".into(),
        serial: serial.into(),
        initialized: true,
        login_required: true,
        user_pin: wire::PinState::CountLow,
        so_pin: wire::PinState::Ok,
        write_protected: false,
        protected_authentication_path: false,
        pin_length: Some((4, 8)),
        key_kinds: vec![wire::KeyKind::Rsa2048, wire::KeyKind::EcP256],
        removable: true,
        slot_description: String::new(),
        free_memory: None,
        total_memory: None,
    }
}

fn place(uri: &str) -> Place {
    Place::parse(uri).unwrap().0
}

fn matched<'a>(looked: &'a [Looked], place: &Place) -> crate::error::Result<(&'a Looked, &'a wire::Token)> {
    matching(looked, place, &facts::Facts::default(), &catalogue::Catalogue::built_in())
}

fn failure(looked: &[Looked], uri: &str) -> Error {
    matched(looked, &place(uri)).unwrap_err()
}

#[test]
fn finds_one_of_several() {
    let all = [
        looked("/a/opensc-pkcs11.so", &[token("Alice", "1"), token("Bob", "2")]),
        looked("/a/maker.so", &[token("Alice", "1")]),
        looked("/a/libsofthsm2.so", &[token("Demo", "3"), wire::Token { initialized: false, ..token("", "") }]),
    ];
    for (uri, label, driver) in [
        ("pkcs11:token=Alice", "Alice", "/a/maker.so"),
        ("pkcs11:token=Alice?module-path=/a/opensc-pkcs11.so", "Alice", "/a/opensc-pkcs11.so"),
        ("pkcs11:serial=2", "Bob", "/a/opensc-pkcs11.so"),
        ("pkcs11:token=Demo;manufacturer=Maker;model=Model;serial=3", "Demo", "/a/libsofthsm2.so"),
        ("pkcs11:?module-path=/a/libsofthsm2.so", "Demo", "/a/libsofthsm2.so"),
    ] {
        let (looked, token) = matched(&all, &place(uri)).unwrap();
        assert_eq!((token.label.as_str(), &looked.driver.path), (label, &absolute(driver)), "{uri}");
    }
    let error = failure(&all, "pkcs11:model=Model");
    assert_eq!((error.code, error.facts["token"].as_str()), (Code::TokenAmbiguous, "Model"));
    assert_eq!(error.facts["seen"], "Alice (1), Bob (2), Demo (3)");
    let error = failure(&all, "pkcs11:token=Alice;serial=2");
    assert_eq!((error.code, error.facts["token"].as_str()), (Code::TokenNotFound, "Alice"));
    assert_eq!(error.facts["seen"], "Alice (1), Bob (2), Demo (3)");
    assert_eq!(failure(&all, "pkcs11:?module-path=/b/x.so").code, Code::DriverNotFound);
}

#[test]
fn alike_behind_one_driver_are_two() {
    let all = [looked("/a/x.so", &[token("Alice", "1"), token("Alice", "1")])];
    assert_eq!(failure(&all, "pkcs11:token=Alice").code, Code::TokenAmbiguous);
}

#[test]
fn says_why_there_is_none() {
    let blank = wire::Token { initialized: false, ..token("", "9") };
    assert_eq!(failure(&[], "pkcs11:").code, Code::NoDriver);
    assert_eq!(failure(&[broken("/a/x.so")], "pkcs11:").code, Code::NotADriver);
    let both = [broken("/a/x.so"), looked("/a/y.so", &[blank])];
    let error = failure(&both, "pkcs11:serial=9");
    assert_eq!((error.code, error.facts.get("seen")), (Code::TokenNotFound, None));
    assert!(error.facts["failed"].starts_with("x.so: "), "{error:?}");
    let error = failure(&both, "pkcs11:?module-path=/a/x.so");
    assert_eq!((error.code, error.facts["driver"].as_str()), (Code::NotADriver, "x.so"));
    assert_eq!(failure(&[], "file:/tmp/a.p12").code, Code::Internal);
}

#[test]
fn views() {
    let soft = looked("/a/libsofthsm2.so", &[token("Alice é", "1")]);
    let view = token_view(&soft.tokens[0], &soft);
    assert_eq!((view.pin, view.keys.as_slice()), (PinState::CountLow, &[KeyChoice::Rsa2048, KeyChoice::EcP256][..]));
    assert_eq!(view.driver_name, "SoftHSM 2");
    let (back, found) = (place(&view.uri), [soft.clone()]);
    assert_eq!(matched(&found, &back).unwrap().1, &soft.tokens[0]);
    assert_eq!(driver_view(&soft, Language::En).version.as_deref(), Some("2.6"));
    let view = driver_view(&broken("/a/x.so"), Language::En);
    assert_eq!((view.origin.as_str(), view.problem.unwrap().code.as_str()), ("named", "CM-2004"));
    for kind in [
        wire::KeyKind::Rsa3072,
        wire::KeyKind::Rsa4096,
        wire::KeyKind::EcP384,
        wire::KeyKind::EcP521,
        wire::KeyKind::Ed25519,
    ] {
        assert_eq!(key_kind(key_choice(kind)), kind);
    }
}

#[tokio::test]
async fn looking_needs_a_library() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("driver.so");
    std::fs::write(&text, "not a library").unwrap();
    let drivers = [text, folder.path().join("missing.so")].map(|path| Machine::default().named(&path)).to_vec();
    let found = look(Path::new("/no/helper"), drivers, &looking_limits()).await;
    let codes: Vec<Code> =
        found.into_iter().map(|looked| helper_error(looked.problem.unwrap(), &looked.driver.path, "").code).collect();
    assert_eq!(codes, [Code::NotADriver, Code::DriverNotFound]);
}

#[test]
#[cfg(target_family = "unix")]
fn windows_paths_are_expanded() {
    let roots = Roots { variables: [("programfiles".to_owned(), r"C:\P".to_owned())].into(), ..Roots::default() };
    assert_eq!(roots.expand(r"%ProgramFiles%\a\b.dll").unwrap(), PathBuf::from(r"C:\P\a\b.dll"));
    assert_eq!(roots.expand(r"%ProgramFiles(x86)%\b.dll"), None);
    assert_eq!(roots.expand(r"C:\SoftHSM2\a.dll").unwrap(), PathBuf::from(r"C:\SoftHSM2\a.dll"));
    assert_eq!(roots.expand("b.dll"), None);
}
