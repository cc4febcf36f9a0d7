//! The helper with real modules: SoftHSM2, and the faulty one of tests/faulty-module in each of its moods.
//!
//! Nothing of this machine is touched: each test has its own token folder, told to the helper only.
//!
//! Those with the faulty module run on Windows as well; `CHOPMARK_WINDOWS_DRIVERS` is a folder with what a C compiler for
//! Windows made of it, for there need not be one there (`cargo xtask cross`).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use token_helper::wire::{Pin, PinState, PrivateKey, SignatureAlgorithm, TokenSelector, Verb};
use token_helper::{Helper, HelperError, KeyKind, Limits, LoadFailure, PinFailure};
use zeroize::Zeroizing;

const HELPER: &str = env!("CARGO_BIN_EXE_chopmark-token-helper");
const USER_PIN: &str = "123456";

fn pin(text: &str) -> Pin {
    Pin::new(Zeroizing::new(text.as_bytes().to_vec()))
}

fn label(text: &str) -> TokenSelector {
    TokenSelector { label: Some(text.into()), ..TokenSelector::default() }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error} (is it installed?)"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A folder with one SoftHSM2 token "bench".
struct SoftHsm {
    folder: TempDir,
    module: PathBuf,
}

impl SoftHsm {
    fn new() -> SoftHsm {
        let soft = SoftHsm { folder: tempfile::tempdir().unwrap(), module: softhsm_module() };
        std::fs::create_dir(soft.path("tokens")).unwrap();
        let configuration = format!("directories.tokendir = {}\nlog.level = ERROR\n", soft.path("tokens").display());
        std::fs::write(soft.path("softhsm2.conf"), configuration).unwrap();
        let init = ["--init-token", "--free", "--label", "bench", "--so-pin", "87654321", "--pin", USER_PIN];
        run(Command::new("softhsm2-util").env("SOFTHSM2_CONF", soft.path("softhsm2.conf")).args(init));
        soft
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self) -> Helper {
        let configuration = self.path("softhsm2.conf");
        let env: &[(&str, &OsStr)] = &[("SOFTHSM2_CONF", configuration.as_os_str())];
        Helper::start_with_env(Path::new(HELPER), &self.module, Limits::default(), env).unwrap()
    }

    /// A certificate for this public key, made by OpenSSL with a throw-away CA; and that CA's own.
    fn certify(&self, public_key: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let path = |name: &str| self.path(name).into_os_string();
        self.write_public_key(public_key);
        let openssl = |arguments: &[&str], files: &[(&str, OsString)]| {
            let mut command = Command::new("openssl");
            command.args(arguments);
            for (option, file) in files {
                command.arg(option).arg(file);
            }
            run(&mut command)
        };
        let ca =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Bench CA", "-days", "2", "-outform", "DER"];
        openssl(&ca, &[("-keyout", path("ca.key")), ("-out", path("ca.der"))]);
        let request = ["req", "-new", "-subj", "/CN=Alice", "-newkey", "rsa:2048", "-nodes"];
        openssl(&request, &[("-keyout", path("other.key")), ("-out", path("csr.pem"))]);
        let sign = ["x509", "-req", "-set_serial", "7", "-days", "1", "-outform", "DER"];
        let files = [
            ("-in", path("csr.pem")),
            ("-CA", path("ca.der")),
            ("-CAkey", path("ca.key")),
            ("-force_pubkey", path("pub.pem")),
            ("-out", path("cert.der")),
        ];
        openssl(&sign, &files);
        (std::fs::read(self.path("cert.der")).unwrap(), std::fs::read(self.path("ca.der")).unwrap())
    }

    fn write_public_key(&self, der: &[u8]) {
        std::fs::write(self.path("pub.der"), der).unwrap();
        let pem =
            run(Command::new("openssl").args(["pkey", "-pubin", "-inform", "DER", "-in"]).arg(self.path("pub.der")));
        std::fs::write(self.path("pub.pem"), pem).unwrap();
    }

    fn verify(&self, public_key: &[u8], digest: &str, data: &[u8], signature: &[u8]) {
        self.write_public_key(public_key);
        for (name, bytes) in [("data", data), ("sig", signature)] {
            std::fs::write(self.path(name), bytes).unwrap();
        }
        let mut command = Command::new("openssl");
        // `dgst` cannot do without a digest.
        let good = if digest.is_empty() {
            command.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"]).arg(self.path("pub.pem"));
            command.arg("-sigfile").arg(self.path("sig")).arg("-in");
            "Signature Verified Successfully"
        } else {
            command.args(["dgst", digest, "-verify"]).arg(self.path("pub.pem")).arg("-signature").arg(self.path("sig"));
            "Verified OK"
        };
        let said = run(command.arg(self.path("data")));
        assert_eq!(String::from_utf8_lossy(&said).trim(), good);
    }
}

fn softhsm_module() -> PathBuf {
    let folders = [
        "/usr/lib/softhsm",
        "/usr/lib/x86_64-linux-gnu/softhsm",
        "/usr/lib/aarch64-linux-gnu/softhsm",
        "/usr/lib64/pkcs11",
        "/usr/local/lib/softhsm",
        "/opt/homebrew/lib/softhsm",
    ];
    let places = folders.map(|folder| Path::new(folder).join("libsofthsm2.so"));
    places
        .iter()
        .find(|path| path.exists())
        .cloned()
        .unwrap_or_else(|| panic!("SoftHSM2 is not installed (apt install softhsm2): looked at {places:?}"))
}

/// The faulty module, compiled once.
fn windows_drivers() -> Option<PathBuf> {
    let folder = std::env::var_os("CHOPMARK_WINDOWS_DRIVERS").map(PathBuf::from);
    assert!(folder.is_some() || cfg!(unix), "CHOPMARK_WINDOWS_DRIVERS is not set; `cargo xtask cross` sets it");
    folder.filter(|_| cfg!(windows))
}

/// Longer than the helper looks whether a card was pulled after an error.
const GENERATE: Duration = Duration::from_secs(3);

fn faulty_module() -> &'static Path {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    MODULE.get_or_init(|| {
        if let Some(folder) = windows_drivers() {
            return folder.join("faulty.dll");
        }
        let source = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
            .join("../../tests/faulty-module/faulty.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("libfaulty-{}.so", std::process::id()));
        run(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source));
        library
    })
}

fn short() -> Limits {
    Limits { start: Duration::from_secs(2), generate: GENERATE, ..Limits::default() }
}

fn start_faulty(mode: &str) -> Result<Helper, HelperError> {
    Helper::start_with_env(Path::new(HELPER), faulty_module(), short(), &[("FAULTY_MODE", OsStr::new(mode))])
}

fn open_faulty(mode: &str) -> Helper {
    let mut helper = start_faulty(mode).unwrap();
    helper.open(&label("FAULTY"), Some(&pin("1234"))).unwrap();
    helper
}

fn a_whole_life(kind: KeyKind, algorithm: SignatureAlgorithm, digest: &str) {
    let soft = SoftHsm::new();
    let mut helper = soft.start();
    assert!(helper.module().description.contains("PKCS11"), "{:?}", helper.module());
    let tokens = helper.tokens().unwrap();
    assert!(
        tokens.iter().any(|token| token.label == "bench" && token.initialized && token.key_kinds.contains(&kind)),
        "{tokens:?}"
    );
    assert!(tokens.iter().any(|token| !token.initialized), "the free slot is listed, too: {tokens:?}");

    let token = helper.open(&label("bench"), Some(&pin(USER_PIN))).unwrap();
    assert_eq!((token.user_pin, token.pin_length), (PinState::Ok, Some((4, 255))));
    let key = helper.generate_key(kind, "chopmark new", b"provisional").unwrap();
    assert_eq!((key.template.as_str(), key.extractable, key.sensitive), ("full", false, true));
    assert_eq!(key.key_id, b"provisional");

    let id = b"\xc0\xff\xee\x01";
    assert_eq!(helper.name_key(b"provisional", id, "Alice").unwrap(), id);
    assert_eq!(helper.name_key(b"provisional", id, "Alice").unwrap(), id, "already named is fine");
    assert_eq!(helper.name_key(b"nobody", b"nothing", "Alice").unwrap_err(), HelperError::KeyNotFound);
    assert_eq!(helper.find_key(b"provisional").unwrap(), None);
    let found = helper.find_key(id).unwrap().unwrap();
    assert_eq!(
        (found.label.as_str(), found.kind, found.public_key.as_deref()),
        ("Alice", Some(kind), Some(&key.public_key[..]))
    );
    assert_eq!((found.sensitive, found.extractable), (Some(true), Some(false)));

    let data = b"what the CA is to believe";
    let signature = helper.sign(id, algorithm, data).unwrap();
    soft.verify(&key.public_key, digest, data, &signature);
    assert_eq!(helper.sign(b"nobody", algorithm, data).unwrap_err(), HelperError::KeyNotFound);

    let (certificate, ca) = soft.certify(&key.public_key);
    let chain = [ca.clone(), ca.clone(), b"not a certificate".to_vec()];
    for time in ["first", "second"] {
        let installed = helper.install_certificate(id, "Alice", &certificate, &chain).unwrap();
        assert_eq!((installed.chain_installed, installed.chain_refused), (1, 1), "{time}");
        let mut there = helper.certificates().unwrap();
        there.sort_by_key(|one| one.label.clone());
        assert_eq!(there.len(), 2, "{time}: nothing twice");
        assert_eq!(
            (there[0].der.as_slice(), there[0].has_key, there[0].key_id.as_slice()),
            (&certificate[..], Some(true), &id[..])
        );
        assert_eq!(
            (there[1].der.as_slice(), there[1].has_key, there[1].label.as_str()),
            (&ca[..], Some(false), "Bench CA")
        );
    }

    // A fresh helper sees the same; certificates even without a PIN.
    helper.close();
    let mut helper = soft.start();
    helper.open(&label("bench"), None).unwrap();
    assert!(helper.certificates().unwrap().iter().any(|one| one.der == certificate && one.has_key.is_none()));
    assert!(matches!(helper.keys().unwrap_err(), HelperError::Pin { failure: PinFailure::Required, .. }));
    helper.open(&label("bench"), Some(&pin(USER_PIN))).unwrap();
    assert_eq!(helper.keys().unwrap(), [found]);
    let signature = helper.sign(id, algorithm, data).unwrap();
    soft.verify(&key.public_key, digest, data, &signature);

    assert!(!helper.delete_certificate(&certificate[..certificate.len() - 1]).unwrap());
    assert!(helper.delete_certificate(&certificate).unwrap());
    assert!(!helper.delete_certificate(&certificate).unwrap());
    assert_eq!(helper.delete_key(b"").unwrap(), 0, "an empty id matches nothing, not everything");
    assert_eq!(helper.delete_key(id).unwrap(), 2);
    assert_eq!(helper.delete_key(id).unwrap(), 0);
    assert_eq!((helper.keys().unwrap().len(), helper.certificates().unwrap().len()), (0, 1), "the CA stays");
    helper.close();
}

#[test]
fn softhsm_rsa() {
    a_whole_life(KeyKind::Rsa2048, SignatureAlgorithm::RsaPkcs1Sha256, "-sha256");
}

#[test]
fn softhsm_p256() {
    a_whole_life(KeyKind::EcP256, SignatureAlgorithm::EcdsaSha256, "-sha256");
}

#[test]
fn softhsm_p384() {
    a_whole_life(KeyKind::EcP384, SignatureAlgorithm::EcdsaSha384, "-sha384");
}

#[test]
fn softhsm_p521() {
    a_whole_life(KeyKind::EcP521, SignatureAlgorithm::EcdsaSha512, "-sha512");
}

#[test]
fn softhsm_ed25519() {
    a_whole_life(KeyKind::Ed25519, SignatureAlgorithm::Ed25519, "");
}

/// A key made elsewhere (by OpenSSL) is on the token like one that the token made: it signs and cannot be read.
fn an_import(arguments: &[&str], kind: KeyKind, algorithm: SignatureAlgorithm, digest: &str) {
    let soft = SoftHsm::new();
    let openssl = |arguments: &[&str], input: Option<&str>, output: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments);
        if let Some(input) = input {
            command.arg("-in").arg(soft.path(input));
        }
        run(command.arg("-out").arg(soft.path(output)));
        std::fs::read(soft.path(output)).unwrap()
    };
    openssl(&[&["genpkey"], arguments].concat(), None, "key.pem");
    let key = openssl(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], Some("key.pem"), "key.der");
    let public_key = openssl(&["pkey", "-pubout", "-outform", "DER"], Some("key.pem"), "key.pub");
    let key = PrivateKey::new(Zeroizing::new(key));

    let mut helper = soft.start();
    helper.open(&label("bench"), None).unwrap();
    let refused = helper.import_key(&key, &public_key, "Alice", b"brought").unwrap_err();
    assert!(matches!(refused, HelperError::Pin { failure: PinFailure::Required, .. }), "{refused}");
    helper.open(&label("bench"), Some(&pin(USER_PIN))).unwrap();
    let brought = helper.import_key(&key, &public_key, "Alice", b"brought").unwrap();
    assert_eq!((brought.template.as_str(), brought.extractable, brought.sensitive), ("import", false, true));
    assert_eq!((brought.public_key.as_slice(), brought.key_id.as_slice()), (&public_key[..], &b"brought"[..]));
    helper.close();

    let mut helper = soft.start();
    helper.open(&label("bench"), Some(&pin(USER_PIN))).unwrap();
    let id = b"\xc0\xff\xee\x02";
    assert_eq!(helper.name_key(b"brought", id, "Alice").unwrap(), id);
    let found = helper.find_key(id).unwrap().unwrap();
    assert_eq!((found.kind, found.public_key.as_deref()), (Some(kind), Some(&public_key[..])));
    assert_eq!((found.sensitive, found.extractable), (Some(true), Some(false)));
    let data = b"what the CA is to believe";
    let signature = helper.sign(id, algorithm, data).unwrap();
    soft.verify(&public_key, digest, data, &signature);
    assert_eq!(helper.delete_key(id).unwrap(), 2);

    let garbage = PrivateKey::new(Zeroizing::new(b"no key".to_vec()));
    let error = helper.import_key(&garbage, &public_key, "Alice", b"brought").unwrap_err();
    assert!(matches!(error, HelperError::Protocol(_)), "{error}");
    assert_eq!(helper.keys().unwrap(), []);
    helper.close();
}

#[test]
fn softhsm_takes_an_rsa_key() {
    let key = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    an_import(&key, KeyKind::Rsa2048, SignatureAlgorithm::RsaPkcs1Sha256, "-sha256");
}

#[test]
fn softhsm_takes_keys_on_curves() {
    for (curve, kind, algorithm, digest) in [
        ("P-256", KeyKind::EcP256, SignatureAlgorithm::EcdsaSha256, "-sha256"),
        ("P-384", KeyKind::EcP384, SignatureAlgorithm::EcdsaSha384, "-sha384"),
        ("P-521", KeyKind::EcP521, SignatureAlgorithm::EcdsaSha512, "-sha512"),
    ] {
        let curve = format!("ec_paramgen_curve:{curve}");
        an_import(&["-algorithm", "EC", "-pkeyopt", &curve], kind, algorithm, digest);
    }
}

#[test]
fn softhsm_takes_an_ed25519_key() {
    an_import(&["-algorithm", "ED25519"], KeyKind::Ed25519, SignatureAlgorithm::Ed25519, "");
}

/// The faulty module has no C_CreateObject, like a card that makes its keys itself.
#[test]
fn a_token_that_takes_no_keys_is_named() {
    let mut helper = open_faulty("");
    let soft = SoftHsm::new();
    let file = soft.path("key.der");
    run(Command::new("openssl").args(["genpkey", "-algorithm", "ED25519", "-outform", "DER", "-out"]).arg(&file));
    let key = std::fs::read(&file).unwrap();
    let public = run(Command::new("openssl").args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(&file));
    let error = helper.import_key(&PrivateKey::new(Zeroizing::new(key)), &public, "x", b"x").unwrap_err();
    assert!(matches!(error, HelperError::ImportRefused { .. }), "{error}");
}

#[test]
fn softhsm_wrong_pin_and_wrong_token() {
    let soft = SoftHsm::new();
    let mut helper = soft.start();
    let wrong = helper.open(&label("bench"), Some(&pin("000000"))).unwrap_err();
    assert_eq!(wrong, HelperError::Pin { failure: PinFailure::Incorrect, state: PinState::CountLow });
    assert!(matches!(helper.keys().unwrap_err(), HelperError::Protocol(_)), "a failed open leaves nothing open");
    assert_eq!(helper.open(&label("bench"), Some(&pin(USER_PIN))).unwrap().user_pin, PinState::Ok);
    assert_eq!(helper.open(&label("another"), None).unwrap_err(), HelperError::TokenMissing);
    assert_eq!(helper.open(&label(""), None).unwrap_err(), HelperError::NotInitialized);
    assert!(
        matches!(helper.open(&TokenSelector::default(), None).unwrap_err(), HelperError::AmbiguousToken(found) if found.len() == 2)
    );
    // A slot id seen once may be another token's by now: it does not overrule what else is known.
    let moved = TokenSelector { slot: Some(4711), ..label("bench") };
    assert_eq!(helper.open(&moved, None).unwrap().label, "bench");
    helper.close();
}

#[test]
fn a_driver_that_ends_the_helper_is_named() {
    let verb = Verb::GenerateKey;
    let (segv, abort) = match cfg!(windows) {
        // An access violation; the C library there makes a plain exit of `abort`.
        true => (0xC000_0005_u32.cast_signed(), HelperError::Exited { verb, code: 3 }),
        false => (11, HelperError::Crashed { verb, signal: 6 }),
    };
    for (mode, expected) in [
        ("segv", HelperError::Crashed { verb, signal: segv }),
        ("abort", abort),
        ("exit0", HelperError::Exited { verb: Verb::GenerateKey, code: 0 }),
        ("closefds", HelperError::ChannelClosed { verb: Verb::GenerateKey }),
        ("hang", HelperError::TimedOut { verb: Verb::GenerateKey, after: GENERATE }),
    ] {
        let mut helper = open_faulty(mode);
        let error = helper.generate_key(KeyKind::Rsa2048, "x", b"x").unwrap_err();
        assert_eq!(error, expected, "{mode}");
        assert_eq!(helper.find_key(b"x").unwrap_err(), expected, "{mode}: it stays dead");
    }
}

#[test]
fn a_driver_that_only_fails_keeps_its_helper() {
    let device_error =
        HelperError::Pkcs11 { call: "C_GenerateKeyPair".into(), rv: 0x30, name: "CKR_DEVICE_ERROR".into() };
    for (mode, expected) in [
        ("print", device_error.clone()),
        ("device-removed", HelperError::TokenRemoved),
        ("device-memory", HelperError::TokenFull),
        ("none", device_error),
    ] {
        let mut helper = open_faulty(mode);
        assert_eq!(helper.generate_key(KeyKind::EcP256, "x", b"x").unwrap_err(), expected, "{mode}");
        assert_eq!(helper.find_key(b"x").unwrap(), None, "{mode}: and goes on");
        helper.close();
    }
}

#[test]
fn a_driver_that_does_not_start() {
    let after = short().start;
    assert_eq!(start_faulty("hang-init").unwrap_err(), HelperError::TimedOut { verb: Verb::Start, after });
    assert_eq!(start_faulty("exit-init").unwrap_err(), HelperError::Exited { verb: Verb::Start, code: 7 });
    let folder = tempfile::tempdir().unwrap();
    let start = |driver: &Path| Helper::start(Path::new(HELPER), driver, short()).unwrap_err();
    let reason = |error| match error {
        HelperError::CannotLoad { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(start(&folder.path().join("none.so"))), LoadFailure::NotFound);
    std::fs::write(folder.path().join("text.so"), "INPUT(libsomething.so)").unwrap();
    assert_eq!(reason(start(&folder.path().join("text.so"))), LoadFailure::NotALibrary);
    if let Some(drivers) = windows_drivers() {
        assert_eq!(reason(start(&drivers.join("plain.dll"))), LoadFailure::NotPkcs11);
        assert_eq!(reason(start(&drivers.join("needing.dll"))), LoadFailure::MissingDependency);
        // What lies beside a driver is found.
        assert_eq!(reason(start(&drivers.join("beside/needing.dll"))), LoadFailure::NotPkcs11);
        return;
    }
    let compile = |name: &str, code: &str, more: &[&str]| compile(folder.path(), name, code, more);
    assert_eq!(reason(start(&compile("plain.so", "int answer = 42;", &[]))), LoadFailure::NotPkcs11);
    let needed = compile("libneeded.so", "int needed(void) { return 1; }", &[]);
    let needing =
        compile("needing.so", "int needed(void); int f(void) { return needed(); }", &[needed.to_str().unwrap()]);
    std::fs::remove_file(needed).unwrap();
    assert_eq!(reason(start(&needing)), LoadFailure::MissingDependency);
}

/// A library of this code.
fn compile(folder: &Path, name: &str, code: &str, more: &[&str]) -> PathBuf {
    std::fs::write(folder.join("plain.c"), code).unwrap();
    let library = folder.join(name);
    run(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(folder.join("plain.c")).args(more));
    library
}

/// Made by the system's own linker; where the name of the file says it, that counts.
#[cfg(target_os = "linux")]
#[test]
fn versions_of_files() {
    let folder = tempfile::tempdir().unwrap();
    for (name, more, expected) in [
        ("named.so.2.2.0", &[][..], Some("2.2.0")),
        ("loader.so", &["-Wl,-soname,libloader.so.3.1"], Some("3.1")),
        ("none.so", &[], None),
        ("other.so", &["-Wl,-soname,libother.so"], None),
    ] {
        let file = compile(folder.path(), name, "int answer = 42;", more);
        assert_eq!(token_helper::binary_format::version(&file).as_deref(), expected, "{name}");
        // Nothing of Linux signs files.
        assert_eq!(token_helper::signature::of(&file), None, "{name}");
    }
}

#[test]
fn a_program_that_is_no_helper() {
    let start = |program: &Path| Helper::start(program, faulty_module(), short()).unwrap_err();
    assert!(matches!(start(Path::new("/no/such/helper")), HelperError::HelperMissing { .. }));
    // This very program: it looks for tests that are called like the driver, finds none, and that was all.
    let other = std::env::current_exe().unwrap();
    assert_eq!(start(&other), HelperError::Exited { verb: Verb::Start, code: 0 });
}

/// A script that says something on the channel, as an older helper, or a driver gone wild, would.
#[cfg(unix)]
fn saying(folder: &Path, bytes: &str) -> HelperError {
    let script = folder.join("helper.sh");
    std::fs::write(&script, format!("printf '{bytes}' >&0; sleep 5")).unwrap();
    // The driver is the script's first argument, so `sh` in the helper's place runs it.
    Helper::start(Path::new("/bin/sh"), &script, short()).unwrap_err()
}

#[cfg(unix)]
#[test]
fn another_version_and_garbage_in_the_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let old = r#"\0\0\0\043{"protocol":0,"build":"0.0.0-test"}"#;
    let error = saying(folder.path(), old);
    assert!(
        matches!(&error, HelperError::VersionMismatch { theirs, .. } if theirs == "0.0.0-test (protocol 0)"),
        "{error:?}"
    );
    assert!(matches!(saying(folder.path(), r"\377\377\377\377"), HelperError::TooLarge { size: 0xffff_ffff, .. }));
    assert!(matches!(saying(folder.path(), r"\0\0\0\004abcd"), HelperError::Protocol(_)));
    let after = short().start;
    assert_eq!(saying(folder.path(), ""), HelperError::TimedOut { verb: Verb::Start, after });
}

#[test]
fn what_a_driver_garbles_is_not_believed() {
    let mut helper = open_faulty("no-pin-length");
    assert_eq!(helper.tokens().unwrap()[0].pin_length, None);
    let mut helper = start_faulty("bad-clock").unwrap();
    let tokens = helper.tokens().unwrap();
    assert_eq!((tokens.len(), tokens[0].label.as_str(), tokens[0].initialized), (1, "", true), "unknown is not absent");
    let slot = TokenSelector { slot: Some(tokens[0].slot), ..TokenSelector::default() };
    helper.open(&slot, Some(&pin("1234"))).unwrap();
    let mut helper = start_faulty("pin-locked").unwrap();
    let error = helper.open(&label("FAULTY"), Some(&pin("1234"))).unwrap_err();
    assert_eq!(error, HelperError::Pin { failure: PinFailure::Locked, state: PinState::Locked });
}

#[test]
fn cancelling_from_another_thread() {
    let limits = Limits { generate: Duration::from_secs(60), ..Limits::default() };
    let env: &[(&str, &OsStr)] = &[("FAULTY_MODE", OsStr::new("hang"))];
    let mut helper = Helper::start_with_env(Path::new(HELPER), faulty_module(), limits, env).unwrap();
    helper.open(&label("FAULTY"), Some(&pin("1234"))).unwrap();
    let canceller = helper.canceller();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        canceller.cancel();
    });
    let begun = Instant::now();
    assert_eq!(helper.generate_key(KeyKind::Rsa2048, "x", b"x").unwrap_err(), HelperError::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(5));
    other.join().unwrap();
}

/// The PIN must be in no place another process can read: not on the command line, not in the environment, not in a dump.
#[cfg(target_os = "linux")]
#[test]
fn the_helper_shows_nothing() {
    let helper = open_faulty("none");
    let processes = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let ours = all.filter(|path| parent(path) == Some(std::process::id()));
        ours.filter(|path| {
            std::fs::read(path.join("cmdline"))
                .is_ok_and(|line| contains(&line, faulty_module().as_os_str().as_encoded_bytes()))
        })
        .collect::<Vec<_>>()
    };
    let found = processes();
    assert!(!found.is_empty());
    for process in &found {
        let limits = std::fs::read_to_string(process.join("limits")).unwrap_or_default();
        // Another test's helper may end at this very moment.
        if let Some(core) = limits.lines().find(|line| line.starts_with("Max core file size")) {
            assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
        }
        let shown = std::fs::read(process.join("environ")).unwrap_or_default();
        assert!(!contains(&shown, b"1234"));
    }
    drop(helper);
}

#[cfg(target_os = "linux")]
fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[cfg(target_os = "linux")]
fn parent(process: &Path) -> Option<u32> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

#[test]
#[ignore = "the client that `a_killed_client_takes_its_helper_along` starts and kills"]
fn client_in_the_middle_of_a_call() {
    let limits = Limits { generate: Duration::from_secs(60), ..Limits::default() };
    let env: &[(&str, &OsStr)] = &[("FAULTY_MODE", OsStr::new("hang"))];
    let mut helper = Helper::start_with_env(Path::new(HELPER), faulty_module(), limits, env).unwrap();
    helper.open(&label("FAULTY"), Some(&pin("1234"))).unwrap();
    let _ = helper.generate_key(KeyKind::Rsa2048, "x", b"x");
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_client_takes_its_helper_along() {
    let mut client = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "client_in_the_middle_of_a_call"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let until = |what: &str, done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let helpers = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let named =
            |path: &PathBuf| std::fs::read(path.join("cmdline")).is_ok_and(|line| contains(&line, HELPER.as_bytes()));
        all.filter(|path| parent(path) == Some(client.id()) && named(path)).collect::<Vec<_>>()
    };
    until("no helper was started", &|| !helpers().is_empty());
    let helper = helpers().remove(0);
    // Time enough to be inside the call that never returns.
    std::thread::sleep(Duration::from_millis(500));
    client.kill().unwrap();
    client.wait().unwrap();
    let gone = || {
        let status = std::fs::read_to_string(helper.join("status")).unwrap_or_default();
        // Where nobody reaps orphans it stays as a zombie, which runs nothing any more.
        status.is_empty() || status.contains("State:\tZ")
    };
    until("the helper outlived its client", &gone);
}

/// A key that wants its PIN for each signature (CKA_ALWAYS_AUTHENTICATE), as cards for qualified signatures have.
#[test]
fn softhsm_key_that_wants_the_pin_each_time() {
    let soft = SoftHsm::new();
    let make = ["--login", "--pin", USER_PIN, "--keypairgen", "--key-type", "rsa:2048", "--id", "0a", "--always-auth"];
    run(Command::new("pkcs11-tool")
        .env("SOFTHSM2_CONF", soft.path("softhsm2.conf"))
        .arg("--module")
        .arg(&soft.module)
        .args(["--token-label", "bench"])
        .args(make));
    let mut helper = soft.start();
    helper.open(&label("bench"), Some(&pin(USER_PIN))).unwrap();
    let key = helper.find_key(&[0x0a]).unwrap().unwrap();
    for data in [&b"one"[..], b"two"] {
        let signature = helper.sign(&[0x0a], SignatureAlgorithm::RsaPkcs1Sha256, data).unwrap();
        soft.verify(&key.public_key.clone().unwrap(), "-sha256", data, &signature);
    }
    helper.close();
}
