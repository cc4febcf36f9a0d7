//! CSPs and KSPs, and certificates in CurrentUser\MY of the Wine prefix that say where their key is.

use std::{path::PathBuf, process::Command};

use chopmark_tests::bench::{command::Desk, programs};
use serde_json::Value;

use crate::wine::{drivers, programs as windows_programs, run};

#[test]
fn are_listed_with_what_they_can_do() {
    let Some(_) = windows_programs() else { return };
    let listed = run(&Desk::new(), &["drivers"]).ok();
    let all = listed["providers"].as_array().unwrap_or_else(|| panic!("no providers: {listed}"));
    let named = |name: &str| {
        let found = all.iter().find(|provider| provider["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {listed}"))
    };
    for (name, kind, provider_type, sha256) in [
        ("Microsoft Enhanced RSA and AES Cryptographic Provider", "csp", 24, Value::Bool(true)),
        ("Microsoft Strong Cryptographic Provider", "csp", 1, Value::Bool(false)),
        ("Microsoft Software Key Storage Provider", "ksp", 0, Value::Null),
    ] {
        let provider = named(name);
        let told = (&provider["kind"], &provider["providerType"], &provider["opens"], &provider["sha256"]);
        assert_eq!(told, (&kind.into(), &provider_type.into(), &true.into(), &sha256), "{provider}");
        let rsa = provider["keys"].as_array().is_some_and(|keys| keys.contains(&"rsa:2048".into()));
        assert!(rsa || kind == "ksp", "{provider}");
        // Both are software.
        assert_eq!(provider["token"], false, "{provider}");
    }
    for lacking in listed["problems"].as_array().into_iter().flatten() {
        // Its process is gone, the list of CSPs is there all the same.
        assert!(["CM-2006", "CM-2007"].contains(&lacking["code"].as_str().unwrap_or_default()), "{lacking}");
        eprintln!("skipped: windows: NCryptEnumStorageProviders: Wine ends the process; KSPs are looked for by name");
    }
}

/// The key where the certificate says, with another provider than it says, and with none named.
#[test]
fn bindings_are_checked() {
    let Some(_) = windows_programs() else { return };
    let _empty = Empty::store();
    let [good, wrong, unbound] = ["good", "wrong", "unbound"].map(Bound::new);
    let found = run(&Desk::new(), &["doctor"]).lines().pop().unwrap_or_default();
    let findings = found["findings"].as_array().unwrap_or_else(|| panic!("no findings: {found}"));
    let about = |bound: &Bound| -> Vec<&str> {
        let here = findings.iter().filter(|finding| finding.to_string().contains(&bound.name));
        here.filter_map(|finding| finding["code"].as_str()).collect()
    };
    assert_eq!(about(&good), Vec::<&str>::new(), "{found}");
    assert_eq!(about(&wrong), ["CM-2502"], "{found}");
    assert_eq!(about(&unbound), ["CM-2504"], "{found}");
}

/// A certificate in the store.
struct Bound {
    name: String,
}

impl Bound {
    fn new(how: &str) -> Bound {
        let name = format!("{how} {}", std::process::id());
        programs::run(Command::new("wine").arg(binder()).args([how, &name]));
        Bound { name }
    }
}

/// Takes every certificate and key out of the prefix, before and after.
struct Empty;

impl Empty {
    fn store() -> Empty {
        for key in [r"HKCU\Software\Microsoft\SystemCertificates\My", r"HKCU\Software\Wine\Crypto"] {
            // What is not there cannot be deleted, which is right as well.
            let _ = Command::new("wine").args(["reg", "delete", key, "/f"]).output();
        }
        Empty
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        let _ = std::mem::ManuallyDrop::new(Empty::store());
    }
}

/// tests/windows/bind.c, compiled.
fn binder() -> PathBuf {
    drivers().join("bind.exe")
}
