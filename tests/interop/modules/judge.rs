//! Programs that nobody here wrote say what lies on the token: pkcs11-tool through the module itself, certutil for NSS, and OpenSSL for
//! signatures and chains.

use std::{fs, path::Path, process::Command};

use chopmark_tests::{
    bench::{ca::Ca, programs::run},
    judge::{openssl, verify_chain},
};
use der::{Decode, Encode, pem::LineEnding};
use serde_json::Value;
use x509_cert::Certificate;

use super::bench::Bench;

/// CKA_ID of a PIV card's key 9C, which wants the PIN for each signature.
const PIN_FOR_EACH_SIGNATURE: &str = "02";

/// What was done to judge it, for the page.
pub(super) enum Judged {
    /// The key signed for another program, and OpenSSL verified that.
    Signed,
    /// Certificate and key were read and compared; no other program here can sign with the key.
    Read,
}

/// The certificate on the token is the one the CA gave; the key beside it signs, and never left.
pub(super) fn check(bench: &Bench, ca: &Ca, result: &Value) -> Judged {
    let desk = tempfile::tempdir().expect("a temporary folder");
    let id = result["keyId"].as_str().expect("an id");
    let key = result["certificate"]["key"].as_str().expect("a kind of key").to_owned();
    let (der, judged) = match &bench.nss {
        Some(database) => (from_nss(bench, database, &key, desk.path()), Judged::Signed),
        None => from_token(bench, id, &key, desk.path()),
    };
    let pem = der::pem::encode_string("CERTIFICATE", LineEnding::LF, &der).expect("PEM");
    let given = result["certificate"]["pem"].as_str().unwrap_or_default();
    assert_eq!(pem.trim(), given.trim(), "{}: another certificate lies there", bench.label);
    let file = desk.path().join("read.pem");
    fs::write(&file, pem).expect("a file");
    verify_chain(&file, &ca.intermediate(), &ca.root);
    judged
}

/// pkcs11-tool, logged in as the user.
pub(super) fn tool(bench: &Bench, arguments: &[&str]) -> String {
    let mut command = bench.command("pkcs11-tool");
    command.arg("--module").arg(&bench.module).args(["--token-label", &bench.label, "--login"]);
    run(command.args(["--pin", bench.pin.unwrap_or_default()]).args(arguments))
}

fn from_token(bench: &Bench, id: &str, key: &str, desk: &Path) -> (Vec<u8>, Judged) {
    let path = |name: &str| desk.join(name).display().to_string();
    let (file, listed) = (path("read.der"), tool(bench, &["-O"]));
    let block = listed.split("Private Key Object").skip(1).find(|block| block.contains(&format!("ID:         {id}")));
    let block = block.unwrap_or_else(|| panic!("no private key under {id}: {listed}"));
    for wanted in ["sensitive", "never extractable"] {
        assert!(block.contains(wanted), "{}: not {wanted}: {block}", bench.label);
    }
    tool(bench, &["--read-object", "--type", "cert", "--id", id, "--output-file", &file]);
    let der = fs::read(&file).expect("the certificate");
    if block.contains("always authenticate") || id == PIN_FOR_EACH_SIGNATURE && bench.card.is_some() {
        // pkcs11-tool 0.23 signs in one part and logs in between only with a PIN typed at a terminal.
        return (der, Judged::Read);
    }

    // Signed on the token, verified with the certificate's key.
    let (data, public) = (path("data"), path("public.pem"));
    fs::write(&data, "signed on the token by another program").expect("a file");
    fs::write(&public, openssl(["x509", "-inform", "DER", "-in", &file, "-noout", "-pubkey"])).expect("a file");
    let (mechanism, input) = match key {
        "Ed25519" => ("EDDSA", data.clone()),
        _ if key.starts_with("EC") => {
            openssl(["dgst", "-sha256", "-binary", "-out", &path("digest"), &data]);
            ("ECDSA", path("digest"))
        }
        _ => ("SHA256-RSA-PKCS", data.clone()),
    };
    let signature = path("signature");
    let sign = ["--sign", "--mechanism", mechanism, "--id", id, "--signature-format", "openssl"];
    let files = ["--input-file", &input, "--output-file", &signature];
    tool(bench, &[&sign[..], &files].concat());
    let verify: Vec<&str> = match key {
        "Ed25519" => {
            vec!["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", &public, "-sigfile", &signature, "-in", &data]
        }
        _ => vec!["dgst", "-sha256", "-verify", &public, "-signature", &signature, &data],
    };
    let said = openssl(verify.iter().copied());
    assert!(said.contains("Verified OK") || said.contains("Verified Successfully"), "{}: {said}", bench.label);
    (der, Judged::Signed)
}

/// By its nickname, which is CKA_LABEL of the certificate.
fn from_nss(bench: &Bench, database: &Path, key: &str, desk: &Path) -> Vec<u8> {
    let (sql, secret) =
        (format!("sql:{}", database.display()), bench.folder.path().join("password").display().to_string());
    let certutil =
        |arguments: &[&str]| run(bench.command("certutil").args(["-d", &sql, "-f", &secret]).args(arguments));
    let all = certutil(&["-L", "-n", "Alice Example", "-a"]);
    let chain = Certificate::load_pem_chain(all.as_bytes()).expect("certificates");
    let of_this_kind = |certificate: &&Certificate| {
        let ec = certificate.tbs_certificate().subject_public_key_info().algorithm.parameters.as_ref();
        ec.is_some_and(|parameters| !parameters.is_null()) == key.starts_with("EC")
    };
    let certificate = chain.iter().find(of_this_kind).unwrap_or_else(|| panic!("{key} is not in {all}"));
    // Its own keys, by its own program: the id in hex is the second to last word's.
    let listed = certutil(&["-K"]);
    let kind = if key.starts_with("EC") { " ec " } else { " rsa " };
    let line = listed.lines().find(|line| line.contains(kind)).unwrap_or_else(|| panic!("no {key}: {listed}"));
    let id = line.split_whitespace().find(|word| word.len() == 40).unwrap_or_else(|| panic!("no id: {line}"));
    let request = desk.join("request.pem").display().to_string();
    certutil(&["-R", "-k", id, "-s", "CN=signed by certutil", "-a", "-o", &request]);
    let said = Command::new("openssl").args(["req", "-verify", "-noout", "-in", &request]).output().expect("openssl");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let public = openssl(["req", "-in", &request, "-noout", "-pubkey"]);
    let der = certificate.to_der().expect("DER");
    let own = desk.join("own.der");
    fs::write(&own, &der).expect("a file");
    let own = openssl(["x509", "-inform", "DER", "-in", &own.display().to_string(), "-noout", "-pubkey"]);
    assert_eq!(public, own, "certutil signs with another key");
    let _ = Certificate::from_der(&der).expect("a certificate");
    der
}
