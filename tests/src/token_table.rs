//! What must hold after an enrolment onto any token, whatever module is behind it: judged by pkcs11-tool and OpenSSL.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use der::{Decode, Encode};
use serde_json::Value;
use sha1::{Digest, Sha1};
use x509_cert::Certificate;

use crate::{
    bench::{
        ca::{Ca, Codes},
        command::{Desk, Ran, finish},
        token::{Token, soft_hsm_module},
    },
    judge::{objects, openssl, pkcs11_tool_logged_in, verify_chain},
};

/// One kind of key, and how pkcs11-tool and OpenSSL use it.
pub struct Row {
    /// `--key`
    pub key: &'static str,
    /// Mechanism of `pkcs11-tool --sign`.
    pub mechanism: &'static str,
    /// Digest made by OpenSSL beforehand, where the mechanism takes one.
    pub digest: Option<&'static str>,
}

/// The kinds of key every token here can do.
const ROWS: [Row; 5] = [
    Row { key: "rsa:2048", mechanism: "SHA256-RSA-PKCS", digest: None },
    Row { key: "ec:p256", mechanism: "ECDSA", digest: Some("-sha256") },
    Row { key: "rsa:3072", mechanism: "SHA256-RSA-PKCS", digest: None },
    Row { key: "ec:p384", mechanism: "ECDSA", digest: Some("-sha384") },
    Row { key: "ec:p521", mechanism: "ECDSA", digest: Some("-sha512") },
];

/// For modules that know PKCS#11 3.0's Edwards curves.
pub const ED25519: Row = Row { key: "ed25519", mechanism: "EDDSA", digest: None };

/// Runs `chopmark` where the token's driver finds its configuration.
pub fn chopmark(desk: &Desk, token: &Token, arguments: &[&str]) -> Ran {
    let mut command = desk.command(&["--json", "--batch", "--lang", "en"]);
    finish(command.args(arguments).envs(token.env.iter().cloned()).spawn().expect("chopmark starts"))
}

/// `chopmark enroll` with the two codes.
pub fn enroll(desk: &Desk, token: &Token, ca: &Ca, codes: &Codes, more: &[&str]) -> Ran {
    let (profile, code) = (ca.profile.display().to_string(), desk.write("code", &codes.authorization_code));
    let order = ["enroll", "--ca", &profile, "--reference", &codes.reference, "--code-file", &code];
    chopmark(desk, token, &[&order, more].concat())
}

/// Enrols onto the token, one kind of key after the other, `more` at last, and checks each time what lies there.
pub fn check(token: &Token, more: &[Row]) {
    let (ca, desk) = (Ca::start(), Desk::new());
    for (before, row) in ROWS.iter().chain(more).enumerate() {
        let codes = ca.invite(|invitation| invitation.subject = "CN=Alice Example,OU=Sales,O=Acme".into());
        let ran = enroll(&desk, token, &ca, &codes, &["--place", &token.uri(), "--key", row.key]);
        let result = ran.ok();
        let check = Check { row, token, result: &result };
        check.result();
        check.objects();
        check.chain(&ca);
        check.signature();
        check.commands(&desk, before + 1);
        assert_eq!(ca.states(&codes.reference), ["confirmed"], "{}", row.key);
    }
}

/// Enrols, renews in place and revokes: one key whose old self goes, one that stays because it may have to decrypt, and one
/// that stays because that is wanted.
pub fn check_renewal_and_revocation(token: &Token) {
    let (ca, desk) = (Ca::start(), Desk::new());
    // Who asks for the CA's list: a revoked certificate cannot.
    let asker = ca.invite(|invitation| invitation.uses = 0);
    for (row, more, kept) in
        [(&ROWS[1], &[][..], None), (&ROWS[0], &[], Some("decrypts")), (&ROWS[3], &["--keep-old"], Some("asked"))]
    {
        let codes = ca.invite(|invitation| invitation.subject = "CN=Alice Example,OU=Sales,O=Acme".into());
        let first = enroll(&desk, token, &ca, &codes, &["--place", &token.uri(), "--key", row.key]).ok();
        let old = Check { row, token, result: &first };
        let second = chopmark(&desk, token, &[&["renew", &old.by_id()], more].concat()).ok();
        let new = Check { row, token, result: &second };
        new.result();
        new.objects();
        new.chain(&ca);
        new.signature();
        old.replaced(&second, kept);
        assert_eq!(second["certificate"]["key"], first["certificate"]["key"], "the same kind of key");
        assert_eq!(ca.states(&codes.reference), ["confirmed", "confirmed"], "{}", row.key);

        new.not_in_list(&ca, &desk, &asker);
        let order = ["revoke", &new.by_id(), "--reason", "keyCompromise", "--yes"];
        let revoked = chopmark(&desk, token, &order).ok();
        assert_eq!(revoked["revoked"]["sha256"], second["certificate"]["sha256"], "{}", row.key);
        assert_eq!(ca.states(&codes.reference), ["confirmed", "revoked"], "{}", row.key);
        assert_eq!(ca.issued(&codes.reference)[1].reason, Some(1), "{}", row.key);
        new.in_list(&ca, &desk, &asker);
        // What it takes to open old mail stays on the token.
        new.objects();
        chopmark(&desk, token, &order).failed(10, "CM-3010", "ca-refused");
        chopmark(&desk, token, &["renew", &new.by_id()]).failed(10, "CM-3010", "ca-refused");
        new.objects();
    }
}

struct Check<'a> {
    row: &'a Row,
    token: &'a Token,
    result: &'a Value,
}

impl Check<'_> {
    fn text(&self, pointer: &str) -> &str {
        self.result.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.token.folder().join(name)
    }

    fn result(&self) {
        let (result, key) = (self.result, self.row.key);
        assert!(result["proved"] == true && result["confirmed"] == true, "{key}: {result}");
        let names = ["/certificate/cn", "/certificate/ou/0", "/certificate/o/0"].map(|name| self.text(name));
        assert_eq!(names, ["Alice Example", "Sales", "Acme"], "{key}");
        assert!(self.text("/place").starts_with(&format!("pkcs11:token={}", self.token.label)), "{key}: {result}");
        for step in ["make-key", "send-request", "receive-certificate", "install", "prove", "confirm"] {
            assert!(result["timings"][step].is_u64(), "{key}: no time of {step}: {result}");
        }
    }

    /// CKA_ID as browsers and tools expect it: SHA-1 of the public key's BIT STRING.
    fn key_id(&self) -> String {
        let chain = Certificate::load_pem_chain(self.text("/certificate/pem").as_bytes()).expect("a certificate");
        let key = chain[0].tbs_certificate().subject_public_key_info();
        Sha1::digest(key.subject_public_key.raw_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The place of this very certificate.
    fn by_id(&self) -> String {
        let id = self
            .key_id()
            .as_bytes()
            .chunks(2)
            .fold(String::new(), |uri, byte| uri + "%" + std::str::from_utf8(byte).expect("hex"));
        self.token.uri().replacen('?', &format!(";id={id}?"), 1)
    }

    /// Key pair and certificate under one id, with one label; the key cannot get out.
    fn objects(&self) {
        let (id, key) = (self.key_id(), self.row.key);
        assert_eq!(self.text("/keyId"), id, "{key}");
        let objects = objects(self.token);
        for kind in ["Private Key Object", "Public Key Object", "Certificate Object"] {
            let mine: Vec<_> = objects.iter().filter(|object| object.id == id && object.kind == kind).collect();
            let [object] = mine.as_slice() else { panic!("{key}: no single {kind} under {id}: {objects:#?}") };
            assert_eq!(object.label, "Alice Example", "{key}: {object:?}");
            if kind == "Private Key Object" {
                let properties: Vec<_> = object.access.split(", ").collect();
                for wanted in ["sensitive", "always sensitive", "never extractable", "local"] {
                    assert!(properties.contains(&wanted), "{key}: not {wanted}: {object:?}");
                }
            }
        }
        // Nothing that was made on the way is left: every key on the token has its certificate.
        let ids = |kind: &str| -> BTreeSet<&str> {
            objects.iter().filter(|object| object.kind == kind).map(|object| &*object.id).collect()
        };
        for kind in ["Private Key Object", "Public Key Object"] {
            let (keys, certificates) = (ids(kind), ids("Certificate Object"));
            assert!(keys.is_subset(&certificates), "{key}: orphans: {objects:#?}");
        }
    }

    /// What became of it after its renewal, `kept` for a reason or gone: key pair, certificate and all.
    fn replaced(&self, renewal: &Value, kept: Option<&str>) {
        let (id, key, said) = (self.key_id(), self.row.key, &renewal["replaced"]);
        assert_eq!(said["sha256"], *self.text("/certificate/sha256"), "{key}: {said}");
        assert_eq!((&said["kept"], said["because"].as_str()), (&Value::Bool(kept.is_some()), kept), "{key}: {said}");
        let objects = objects(self.token);
        let mine = objects.iter().filter(|object| object.id == id).count();
        assert_eq!(mine, if kept.is_some() { 3 } else { 0 }, "{key}: {objects:#?}");
        if kept.is_some() {
            self.objects();
        }
    }

    /// OpenSSL, with the CA's list of revoked certificates as our command gets it.
    fn verify_with_list(&self, ca: &Ca, desk: &Desk, asker: &Codes) -> String {
        chopmark(desk, self.token, &["ca", "add", &ca.profile.display().to_string()]).ok();
        let code = desk.write("asker-code", &asker.authorization_code);
        let ask = ["ca", "crl", "demo", "--reference", &asker.reference, "--code-file", &code];
        let found = chopmark(desk, self.token, &ask).ok();
        let list = desk.write("list.pem", found["crl"]["pem"].as_str().expect("a list"));
        let (root, between) = (ca.root.display().to_string(), ca.intermediate().display().to_string());
        let own = self.path("read.pem").display().to_string();
        let arguments = ["verify", "-crl_check", "-CAfile", &root, "-untrusted", &between, "-CRLfile", &list, &own];
        let output = Command::new("openssl").args(arguments).output().expect("openssl");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn not_in_list(&self, ca: &Ca, desk: &Desk, asker: &Codes) {
        let said = self.verify_with_list(ca, desk, asker);
        assert!(said.contains(": OK"), "{}: {said}", self.row.key);
    }

    fn in_list(&self, ca: &Ca, desk: &Desk, asker: &Codes) {
        let said = self.verify_with_list(ca, desk, asker);
        assert!(said.contains("certificate revoked"), "{}: {said}", self.row.key);
    }

    /// The certificate is read from the token by another program, not taken from our output; OpenSSL verifies it.
    fn chain(&self, ca: &Ca) {
        let (der, pem) = (self.path("read.der"), self.path("read.pem"));
        let (id, file) = (self.key_id(), der.display().to_string());
        let read = ["--read-object", "--type", "cert", "--id", &id, "--output-file", &file];
        pkcs11_tool_logged_in(self.token, &read);
        let certificate = Certificate::from_der(&fs::read(&der).expect("the certificate read")).expect("DER");
        let der = certificate.to_der().expect("DER");
        let text = der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, &der).expect("PEM");
        assert_eq!(text.trim(), self.text("/certificate/pem").trim(), "{}", self.row.key);
        fs::write(&pem, &text).expect("a file");
        verify_chain(&pem, &ca.intermediate(), &ca.root);
    }

    /// What pkcs11-tool signs on the token, OpenSSL verifies with the certificate's key.
    fn signature(&self) {
        let path = |name: &str| self.path(name).display().to_string();
        fs::write(path("data"), "signed on the token by another program").expect("a file");
        fs::write(path("public.pem"), openssl(["x509", "-in", &path("read.pem"), "-noout", "-pubkey"]))
            .expect("a file");
        let mut input = path("data");
        if let Some(digest) = self.row.digest {
            input = path("digest");
            openssl(["dgst", digest, "-binary", "-out", &input, &path("data")]);
        }
        let (id, signature) = (self.key_id(), path("signature"));
        let sign = ["--sign", "--mechanism", self.row.mechanism, "--id", &id, "--signature-format", "openssl"];
        let files = ["--input-file", &input, "--output-file", &signature];
        pkcs11_tool_logged_in(self.token, &[&sign[..], &files].concat());
        let (digest, public, data) = (self.row.digest.unwrap_or("-sha256"), path("public.pem"), path("data"));
        let verify = match self.row.key {
            "ed25519" => {
                vec!["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", &public, "-sigfile", &signature, "-in", &data]
            }
            _ => vec!["dgst", digest, "-verify", &public, "-signature", &signature, &data],
        };
        let said = openssl(verify.iter().copied());
        assert!(said.contains("Verified OK") || said.contains("Verified Successfully"), "{}: {said}", self.row.key);
        // The check is one: with another text the same signature does not verify.
        fs::write(&data, "another text").expect("a file");
        let other = Command::new("openssl").args(&verify).output().expect("openssl");
        assert!(!other.status.success(), "{}: verifies anything", self.row.key);
    }

    /// The commands that only look see it, once, and beside it the person's others, not the CA's own.
    fn commands(&self, desk: &Desk, own: usize) {
        let (fingerprint, by_id) = (self.text("/certificate/sha256"), self.by_id());
        let mut names = vec![by_id.as_str()];
        // Through a driver that is not installed, only the place leads there.
        if self.token.module == soft_hsm_module() {
            names.extend([fingerprint, &fingerprint[..12]]);
        }
        for named in names {
            let shown = chopmark(desk, self.token, &["show", named]).ok();
            assert_eq!(shown["certificate"]["sha256"], *fingerprint, "{}: {shown}", self.row.key);
        }
        let certs = chopmark(desk, self.token, &["certs", "--place", &self.token.uri()]).ok();
        let listed = certs["certificates"].as_array().cloned().unwrap_or_default();
        let times = listed.iter().filter(|one| one["certificate"]["sha256"] == *fingerprint).count();
        assert_eq!((times, listed.len()), (1, own), "{}: {certs}", self.row.key);
    }
}
