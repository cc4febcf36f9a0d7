//! Programs that nobody here wrote, asked what they think of our work: OpenSSL, and pkcs11-tool of OpenSC.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::bench::{
    programs::run,
    token::{PIN, Token},
};

/// `openssl` to its good end.
pub fn openssl<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    run(Command::new("openssl").args(arguments))
}

/// `openssl verify` of a certificate (PEM file) through an intermediate up to a root.
pub fn verify_chain(certificate: &Path, intermediate: &Path, root: &Path) {
    let (certificate, intermediate) = (certificate.display().to_string(), intermediate.display().to_string());
    let root = root.display().to_string();
    openssl(["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &intermediate, &certificate]);
}

/// An object that `pkcs11-tool -O` lists.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Object {
    /// `Private Key Object`, …
    pub kind: String,
    /// CKA_LABEL.
    pub label: String,
    /// CKA_ID, lower-case hex.
    pub id: String,
    /// What a key may do and was never able to do.
    pub access: String,
}

/// `pkcs11-tool` on a token.
pub fn pkcs11_tool(token: &Token, arguments: &[&str]) -> String {
    run(token.command("pkcs11-tool").arg("--module").arg(&token.module).args(arguments))
}

/// The same, logged in as the user.
pub fn pkcs11_tool_logged_in(token: &Token, arguments: &[&str]) -> String {
    pkcs11_tool(token, &[&["--token-label", &token.label, "--login", "--pin", PIN], arguments].concat())
}

/// Keys and certificates, without what a module lists besides (kryoptic: a hundred profiles and mechanisms).
pub fn objects(token: &Token) -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    for line in pkcs11_tool_logged_in(token, &["-O"]).lines() {
        let indented = line.starts_with(' ');
        let Some((name, value)) = line.split_once(if indented { ':' } else { ';' }) else { continue };
        let value = value.trim().to_owned();
        match (name.trim(), objects.last_mut()) {
            (kind, _) if !indented => objects.push(Object { kind: kind.into(), ..Object::default() }),
            ("label", Some(object)) => object.label = value,
            ("ID", Some(object)) => object.id = value.to_lowercase(),
            ("Access", Some(object)) => object.access = value,
            _ => {}
        }
    }
    objects.retain(|object| ["Private Key Object", "Public Key Object", "Certificate Object"].contains(&&*object.kind));
    objects
}

/// OpenSC's module that writes down every call and hands it on.
pub fn spy_module() -> PathBuf {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib64/pkcs11"];
    let places = folders.map(|folder| Path::new(folder).join("pkcs11-spy.so"));
    let found = places.iter().find(|path| path.is_file());
    found.cloned().unwrap_or_else(|| panic!("pkcs11-spy is not installed (apt install opensc): looked at {places:?}"))
}

/// How often the spy's log names a function.
pub fn calls(log: &Path, function: &str) -> usize {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    text.lines().filter(|line| line.split_once(": ").is_some_and(|(_, name)| name.trim() == function)).count()
}

/// What `openssl genpkey` makes a key for RSASSA-PSS only of.
pub const PSS_KEY: &[&str] = &[
    "-algorithm",
    "RSA-PSS",
    "-pkeyopt",
    "rsa_keygen_bits:2048",
    "-pkeyopt",
    "rsa_pss_keygen_md:sha256",
    "-pkeyopt",
    "rsa_pss_keygen_mgf1_md:sha256",
    "-pkeyopt",
    "rsa_pss_keygen_saltlen:32",
];
