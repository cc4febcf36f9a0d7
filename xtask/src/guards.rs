//! What the compiler cannot hold of docs/ARCHITECTURE.md's invariants, and a look at the sources can.

use crate::shell;
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// Sources below a folder of the workspace, as (path from the workspace, text).
fn sources(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true if !["node_modules", "target", "dist", "gen"].iter().any(|name| path.ends_with(name)) => {
                    walk(&path, found);
                }
                true => {}
                false => found.push(path),
            }
        }
    }
    let root = shell::root();
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found
        .iter()
        .filter(|path| path.extension().is_some_and(|its| extensions.iter().any(|wanted| its == *wanted)))
        .map(|path| {
            let name = path.strip_prefix(&root).expect("inside").to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(path).expect("readable"))
        })
        .collect()
}

/// Every line with one of the words, comments aside, in files that `allowed` does not let pass.
fn offences(folder: &str, extensions: &[&str], words: &[&str], allowed: &[&str]) -> Vec<String> {
    sources(folder, extensions)
        .into_iter()
        .filter(|(name, _)| !allowed.iter().any(|part| name.contains(part)))
        .flat_map(|(name, text)| {
            let code = |line: &&str| !line.trim_start().starts_with("//");
            let hits = text.lines().filter(code).filter(|line| words.iter().any(|word| line.contains(word)));
            hits.map(|line| format!("{name}: {}", line.trim())).collect::<Vec<_>>()
        })
        .collect()
}

fn none(invariant: u8, offences: &[String]) {
    assert!(offences.is_empty(), "invariant {invariant} of docs/ARCHITECTURE.md:\n{}", offences.join("\n"));
}

/// Every crate that `cmp-protocol` may stand on, whatever the features and the system. A list of what is allowed rather
/// than of what is not: a new dependency, or a new one of an old one, has to pass by here. Before a name is added, look at
/// what the crate calls: nothing that opens files or sockets, asks the clock, starts threads or waits.
const BELOW_THE_PROTOCOL: [&str; 8] = [
    // ASN.1
    "der der_derive flagset const-oid spki pkcs1 pkcs8 sec1 x509-cert pem-rfc7468 base64ct base16ct",
    // Hashes, MACs, ciphers
    "aes aes-kw block-buffer block-padding cbc cipher digest hmac inout keccak pbkdf2 sha1 sha2 shake sponge-cursor",
    // Signatures and what they compute with
    "rsa ecdsa ed25519 ed25519-dalek curve25519-dalek curve25519-dalek-derive elliptic-curve p256 p384 p521 ml-dsa \
     module-lattice primefield primeorder rfc6979 signature wnaf ff group fiat-crypto crypto-bigint crypto-primes num-traits",
    // Types, wiping, comparing
    "crypto-common hybrid-array typenum subtle ctutils cmov zeroize zeroize_derive rand_core cfg-if thiserror",
    // What the processor can do; on some systems the C library or the firmware knows.
    "cpubits cpufeatures libc r-efi",
    // The system's randomness comes with crypto-bigint's features; nothing here calls it (the words above all).
    "getrandom",
    // Run by the compiler only
    "thiserror-impl proc-macro2 quote syn unicode-ident",
    "cmp-protocol",
];

#[test]
fn protocol_has_no_io() {
    let words = [
        "fs::",
        "net::",
        "process::",
        "thread::",
        "env::",
        "SystemTime",
        "Instant",
        "SysRng",
        "OsRng",
        "getrandom",
        "async fn",
    ];
    none(1, &offences("crates/cmp-protocol/src", &["rs"], &words, &[]));
    let tree = ["tree", "-p", "cmp-protocol", "-e", "normal", "--prefix", "none", "--target", "all", "--all-features"];
    let tree = shell::output(shell::cargo().args(tree)).expect("cargo tree");
    let allowed = BELOW_THE_PROTOCOL.join(" ");
    let allowed: HashSet<&str> = allowed.split_whitespace().collect();
    let found: HashSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(found.contains("der"), "no tree: {tree}");
    let strange: Vec<String> =
        found.difference(&allowed).map(|name| format!("{name} is not in BELOW_THE_PROTOCOL")).collect();
    none(1, &strange);
}

#[test]
fn drivers_only_in_the_helper() {
    none(
        2,
        &offences("crates", &["rs"], &["cryptoki::", "cryptoki_sys", "use cryptoki"], &["token-helper/src/server/"]),
    );
    none(2, &offences("src-tauri", &["rs"], &["cryptoki"], &[]));
}

#[test]
fn secrets_have_no_debug() {
    // A derive above a type named like a secret; what wraps one prints no value of it.
    for (name, text) in sources("crates", &["rs"]) {
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            let secret = ["struct Pin", "struct Secret", "struct AuthorizationCode"]
                .iter()
                .any(|word| pair[1].contains(word) && !pair[1].trim_start().starts_with("//"));
            let prints = pair[0].contains("derive(") && (pair[0].contains("Debug") || pair[0].contains("Serialize"));
            assert!(!(secret && prints), "invariant 6: {name}: {} {}", pair[0].trim(), pair[1].trim());
        }
    }
}

#[test]
fn systems_and_tauri_stay_in_their_places() {
    // Tests may want a system's own programs as judges.
    let places = ["/stores/", "/drivers/probe", "/keys/os.rs", "/hints", "token-helper/", "/tests/", "/tests.rs"];
    none(9, &offences("crates", &["rs"], &["target_os"], &places));
    none(9, &offences("crates", &["rs", "toml"], &["tauri::", "\ntauri"], &[]));
    none(9, &offences("ui/src", &["ts", "svelte", "js"], &["@tauri-apps/"], &["ui/src/backend/tauri.ts"]));
}

/// A command that lacks its permission is refused at run time only, and only on the system that asks for it.
#[test]
fn the_page_may_call_every_command_and_no_other() {
    let read = |file: &str| fs::read_to_string(shell::root().join(file)).expect("readable");
    let between = |text: &str, from: &str, to: &str| -> HashSet<String> {
        let list = text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).expect("a list").0;
        let name = |one: &str| one.trim().trim_matches('"').rsplit("::").next().unwrap_or_default().to_owned();
        list.split(',').map(name).filter(|name| !name.is_empty()).collect()
    };
    let handled = between(&read("src-tauri/src/commands.rs"), "generate_handler![", "]");
    let declared = between(&read("src-tauri/build.rs"), "COMMANDS: &[&str] = &[", "];");
    let capability: serde_json::Value = serde_json::from_str(&read("src-tauri/capabilities/main.json")).expect("JSON");
    let permissions = capability["permissions"].as_array().expect("a list").iter().filter_map(|one| one.as_str());
    let allowed: HashSet<String> =
        permissions.filter_map(|one| one.strip_prefix("allow-")).map(|one| one.replace('-', "_")).collect();
    assert_eq!((&handled, &handled), (&declared, &allowed));
    let page = read("ui/src/backend/tauri.ts");
    let called: HashSet<String> =
        page.split("invoke('").skip(1).filter_map(|rest| rest.split_once('\'')).map(|(name, _)| name.into()).collect();
    let strange: Vec<_> = called.difference(&handled).collect();
    assert!(strange.is_empty(), "the page calls what is not there: {strange:?}");
}
