//! Keys of subscribers, made and used by OpenSSL, and OpenSSL's opinion of certificates.

use std::{fs, path::Path, process::Command};

use chopmark_tests::{bench::programs::run, judge::openssl};
use cmp_protocol::signature::SignatureScheme;
use der::Decode;
use spki::SubjectPublicKeyInfoOwned;
use tempfile::TempDir;

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    P256,
    P384,
    Rsa,
    Ed25519,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::P256 => "EC P-256",
            Kind::P384 => "EC P-384",
            Kind::Rsa => "RSA 2048",
            Kind::Ed25519 => "Ed25519",
        }
    }
}

/// A private key in a file.
pub(super) struct Key {
    folder: TempDir,
    pub(super) public: SubjectPublicKeyInfoOwned,
}

impl Key {
    pub(super) fn new(kind: Kind) -> Key {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("key").display().to_string();
        let kind: &[&str] = match kind {
            Kind::P256 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Kind::P384 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
            Kind::Rsa => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            Kind::Ed25519 => &["-algorithm", "ED25519"],
        };
        openssl([&["genpkey", "-out", &path], kind].concat());
        let public = folder.path().join("public");
        openssl(["pkey", "-in", &path, "-pubout", "-outform", "DER", "-out", &public.display().to_string()]);
        let public = SubjectPublicKeyInfoOwned::from_der(&fs::read(public).expect("a key")).expect("a key");
        Key { folder, public }
    }

    /// Decrypts with RSA, or agrees with the holder of another key (DER).
    pub(super) fn unlock(&self, options: &[&str], input: &[u8]) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), input).expect("a file");
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", "-inkey"]).arg(self.folder.path().join("key")).args(options).arg(file.path());
        let output = command.output().expect("openssl runs");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// A signature, as X.509 writes it.
    pub(super) fn sign(&self, scheme: SignatureScheme, bytes: &[u8]) -> Vec<u8> {
        // Of its own each time: rows run side by side.
        let to_sign = tempfile::NamedTempFile::new().expect("a file");
        fs::write(to_sign.path(), bytes).expect("a file");
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", "-sign", "-rawin", "-inkey"]).arg(self.folder.path().join("key"));
        command.arg("-in").arg(to_sign.path());
        match scheme {
            SignatureScheme::Ed25519 => {}
            SignatureScheme::EcdsaP384Sha384 => _ = command.args(["-digest", "sha384"]),
            _ => _ = command.args(["-digest", "sha256"]),
        }
        if scheme == SignatureScheme::RsaPssSha256 {
            command.args(["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"]);
        }
        let output = command.output().expect("openssl runs");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

/// Does OpenSSL find the way from a certificate through some of the others to the root?
pub(super) fn leads_to(root: &Path, certificate: &[u8], others: &[Vec<u8>]) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pem = |name: &str, all: &[Vec<u8>]| {
        let path = folder.path().join(name);
        fs::write(&path, all.iter().map(|der| to_pem(der)).collect::<String>()).expect("a file");
        path
    };
    let mut command = Command::new("openssl");
    command.args(["verify", "-x509_strict", "-CAfile"]).arg(root);
    if !others.is_empty() {
        command.arg("-untrusted").arg(pem("others", others));
    }
    let output = command.arg(pem("certificate", &[certificate.to_vec()])).output().expect("openssl runs");
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The same, for the signer of an answer: it must be allowed to speak for the CA (RFC 9810 §8.8).
pub(super) fn may_answer(root: &Path, certificate: &[u8], others: &[Vec<u8>]) -> Result<(), String> {
    // OpenSSL 3.0 has a name for id-kp-cmcCA.
    may(root, certificate, others, &["CMC Certificate Authority"])
}

/// The same, for one that signs keys made for others (RFC 9483 §4.1.6).
pub(super) fn may_make_keys(root: &Path, certificate: &[u8], others: &[Vec<u8>]) -> Result<(), String> {
    // OpenSSL 3.0 has no name for id-kp-cmKGA, later ones have.
    may(root, certificate, others, &["1.3.6.1.5.5.7.3.32", "Key Generation Authority"])
}

fn may(root: &Path, certificate: &[u8], others: &[Vec<u8>], purposes: &[&str]) -> Result<(), String> {
    leads_to(root, certificate, others)?;
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), certificate).expect("a file");
    let mut command = Command::new("openssl");
    command.args(["x509", "-inform", "DER", "-noout", "-ext", "extendedKeyUsage", "-in"]).arg(file.path());
    let usage = run(&mut command);
    if purposes.iter().any(|purpose| usage.contains(purpose)) { Ok(()) } else { Err(format!("its purposes: {usage}")) }
}

fn to_pem(der: &[u8]) -> String {
    let label = der::pem::LineEnding::LF;
    der::pem::encode_string("CERTIFICATE", label, der).expect("PEM")
}
