//! CSPs and KSPs, and certificates in CurrentUser\MY of the Wine prefix that say where their key is.

use std::process::Command;

use chopmark_tests::bench::command::Desk;
use serde_json::Value;

use crate::wine::{Empty, binder, programs, run};

#[test]
fn are_listed_with_what_they_can_do() {
    let Some(_) = programs() else { return };
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
        // All are software.
        assert_eq!(
            (&provider["token"], provider["about"].as_str().is_some_and(|it| it.contains("disk"))),
            (&false.into(), true)
        );
        // Ready to copy.
        let place = format!("computer:provider={}", name.replace(' ', "%20"));
        assert_eq!((&provider["place"], &provider["usable"]), (&place.into(), &(sha256 != Value::Bool(false)).into()));
    }
    for lacking in listed["problems"].as_array().into_iter().flatten() {
        // Its process is gone, the list of CSPs is there all the same.
        assert!(["CM-2006", "CM-2007"].contains(&lacking["code"].as_str().unwrap_or_default()), "{lacking}");
    }
}

/// The key where the certificate says, with another provider than it says, and with none named.
#[test]
fn bindings_are_checked() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let [good, wrong, unbound] = ["good", "wrong", "unbound"].map(Bound::new);
    let desk = Desk::new();
    let found = check_up(&desk);
    let findings = found["findings"].as_array().unwrap_or_else(|| panic!("no findings: {found}"));
    for (bound, expected) in [(&good, None), (&wrong, Some("CM-2502")), (&unbound, Some("CM-2504"))] {
        assert_eq!(codes(&found, bound), Vec::from_iter(expected), "{found}");
        let shown = shown(&desk, bound);
        let told = (&shown["opens"], shown["provider"] == "", shown["foundIn"].is_null());
        assert_eq!(told, (&expected.is_none().into(), bound.name == unbound.name, expected.is_none()), "{shown}");
    }

    for bound in [&wrong, &unbound] {
        let fix = findings.iter().find(|finding| finding.to_string().contains(&bound.name)).expect("found above");
        let id = fix["fix"]["id"].as_str().unwrap_or_else(|| panic!("no repair: {fix}"));
        let mended = run(&desk, &["doctor", "--fix", id]).ok();
        assert!(binder(&["use", &bound.name]).contains("signed and verified"), "{mended}");
        assert_eq!(codes(&check_up(&desk), bound), Vec::<String>::new());
        let undo = mended["fixed"]["id"].as_str().unwrap_or_else(|| panic!("{mended}"));
        run(&desk, &["doctor", "--undo", undo]).ok();
    }
    let again = check_up(&desk);
    assert_eq!(codes(&again, &wrong), ["CM-2502"]);
    assert_eq!(codes(&again, &unbound), ["CM-2504"]);
}

/// `DisableCapiOverrideForRSA` (CVE-2024-30098) is read out of the registry: absent, 1 (as Windows says), and 0 (old programs get at the keys).
#[test]
fn the_capi_override_is_read() {
    let Some(_) = programs() else { return };
    let _empty = Empty::store();
    let desk = Desk::new();
    let key = r"HKLM\SOFTWARE\Microsoft\Cryptography\Calais";
    for (value, told) in [(None, false), (Some("1"), false), (Some("0"), true)] {
        let name = ["/v", "DisableCapiOverrideForRSA"];
        let change: Vec<&str> = match value {
            Some(value) => [&["add", key][..], &name, &["/t", "REG_DWORD", "/d", value, "/f"]].concat(),
            None => [&["delete", key][..], &name, &["/f"]].concat(),
        };
        // What is not there cannot be deleted, which is right as well.
        let _ = Command::new("wine").arg("reg").args(change).output();
        let found = run(&desk, &["doctor"]).lines().pop().unwrap_or_default();
        let codes = found["findings"].as_array().unwrap_or_else(|| panic!("{found}")).iter();
        assert_eq!(
            codes.filter(|finding| finding["code"] == "CM-2508").count(),
            usize::from(told),
            "{value:?}: {found}"
        );
    }
    let _ = Command::new("wine").args(["reg", "delete", key, "/v", "DisableCapiOverrideForRSA", "/f"]).output();
}

/// What is shown of where its key is.
fn shown(desk: &Desk, bound: &Bound) -> Value {
    let listed = run(desk, &["certs", "--place", "computer", "--search", &bound.name]).ok();
    let sha256 =
        listed["certificates"][0]["certificate"]["sha256"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned();
    run(desk, &["show", &sha256]).ok()["binding"].clone()
}

fn check_up(desk: &Desk) -> Value {
    run(desk, &["doctor"]).lines().pop().unwrap_or_default()
}

/// What a check-up says about it.
fn codes(found: &Value, bound: &Bound) -> Vec<String> {
    let findings = found["findings"].as_array().unwrap_or_else(|| panic!("no findings: {found}")).iter();
    let here = findings.filter(|finding| finding.to_string().contains(&bound.name));
    here.filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect()
}

/// A certificate in the store.
struct Bound {
    name: String,
}

impl Bound {
    fn new(how: &str) -> Bound {
        let name = format!("{how} {}", std::process::id());
        binder(&[how, &name]);
        Bound { name }
    }
}
