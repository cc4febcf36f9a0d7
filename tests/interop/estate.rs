//! What a mock CA of one release can hand out, made beforehand by that release: a CA, keys and their certificates.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chopmark_tests::{bench::programs::run, judge::PSS_KEY};
use tempfile::TempDir;

use crate::mock_ca::Release;

/// A key to be made.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    /// As `openssl genpkey` wants it.
    make: &'static [&'static str],
    /// How `openssl pkeyutl` signs with it.
    sign: &'static [&'static str],
    /// First release that knows it; `None`: all.
    pub(crate) since: Option<(u32, u32)>,
}

const fn plain(
    name: &'static str,
    words: &'static str,
    make: &'static [&'static str],
    sign: &'static [&'static str],
) -> Key {
    Key { name, words, make, sign, since: None }
}

const fn ml_dsa(name: &'static str, words: &'static str, make: &'static [&'static str]) -> Key {
    Key { name, words, make, sign: &[], since: Some((3, 5)) }
}

/// The keys of an estate.
pub(crate) const KEYS: &[Key] = &[
    plain("ec", "EC P-256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &["-digest", "sha256"]),
    plain("p384", "EC P-384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], &["-digest", "sha384"]),
    plain("p521", "EC P-521", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], &["-digest", "sha512"]),
    plain("ed25519", "Ed25519", &["-algorithm", "ED25519"], &[]),
    Key {
        name: "rsa",
        words: "RSA 2048",
        make: &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        sign: &["-digest", "sha256"],
        since: None,
    },
    Key {
        name: "pss",
        words: "RSA-PSS 2048",
        make: PSS_KEY,
        sign: &["-digest", "sha256", "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"],
        since: None,
    },
    ml_dsa("ml-dsa-44", "ML-DSA-44", &["-algorithm", "ML-DSA-44"]),
    ml_dsa("ml-dsa-65", "ML-DSA-65", &["-algorithm", "ML-DSA-65"]),
    ml_dsa("ml-dsa-87", "ML-DSA-87", &["-algorithm", "ML-DSA-87"]),
];

const EXTENSIONS: &str = "[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[holder]
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = 1.3.6.1.5.5.7.3.27, 1.3.6.1.5.5.7.3.32
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

/// Files in a folder: `ca.crt`; for each key `KEY.key`, its public half `KEY.pub`, a holder's certificate `KEY.crt`, a
/// section `mock` that tells a server of it (`KEY.cnf`), and a
/// server's `server-KEY.crt`; `stranger.crt` with `stranger.key`; `new-ca.crt` with its links `new-with-old.crt` and
/// `old-with-new.crt`; `ca.crl`. Each certificate also as `*.der`.
pub(crate) struct Estate {
    folder: TempDir,
    program: PathBuf,
}

impl Estate {
    /// Makes all of it.
    pub(crate) fn new(release: &Release) -> Estate {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let estate = Estate { folder, program: release.program.clone() };
        fs::write(estate.path("extensions"), EXTENSIONS).expect("a file");
        estate.root("ca", "/O=Mock/CN=Mock CA");
        estate.root("new-ca", "/O=Mock/CN=Mock CA");
        estate.root("stranger", "/CN=Stranger");
        for (number, key) in KEYS.iter().enumerate().filter(|(_, key)| key.since.is_none_or(|since| release.has(since)))
        {
            let name = key.name;
            estate.key(key);
            estate.certify("ca", name, name, "holder", 4711 + number);
            let reference = format!("[mock]\nref_cert = {}\n", estate.text(&format!("{name}.crt")));
            fs::write(estate.path(&format!("{name}.cnf")), reference).expect("a file");
            estate.certify("ca", name, &format!("server-{name}"), "server", 815 + number);
        }
        estate.certify("stranger", "rsa", "server-stranger", "server", 5);
        estate.certify("stranger", "ec", "stranger-ec", "holder", 6);
        estate.certify("ca", "p521", "sub-ca", "ca", 7);
        fs::copy(estate.path("p521.key"), estate.path("sub-ca.key")).expect("a key");
        estate.certify("sub-ca", "ec", "chained-ec", "holder", 8);
        estate.certify("sub-ca", "ec", "server-chained-ec", "server", 9);
        estate.root_update();
        estate.crl();
        estate
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// `openssl` in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// The same, to its good end.
    fn openssl(&self, arguments: &[&str]) -> String {
        run(&mut self.command(arguments))
    }

    /// What `openssl` makes of a file with this content.
    pub(crate) fn filter(&self, arguments: &[&str], option: &str, content: &[u8]) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), content).expect("a file");
        let mut command = self.command(arguments);
        let output = command.arg(option).arg(file.path()).output().expect("openssl runs");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Issued by the mock CA, or by way of what came along? `openssl verify` says so.
    pub(crate) fn trusts(&self, certificate: &[u8], others: &[Vec<u8>]) -> Result<(), String> {
        let file = |content: &[u8]| {
            let file = tempfile::NamedTempFile::new().expect("a file");
            fs::write(file.path(), content).expect("a file");
            file
        };
        let shown = |file: &tempfile::NamedTempFile| file.path().display().to_string();
        let (certificate, others) = (file(certificate), others.iter().map(|other| file(other)).collect::<Vec<_>>());
        let mut verify = self.command(&["verify", "-CAfile", "ca.crt"]);
        for other in &others {
            verify.args(["-untrusted", &shown(other)]);
        }
        verify.arg(shown(&certificate));
        let verified = verify.output().expect("openssl runs");
        if verified.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&verified.stderr).into_owned()) }
    }

    /// A signature by a key, as X.509 writes it.
    pub(crate) fn sign(&self, key: &str, bytes: &[u8]) -> Vec<u8> {
        let options = KEYS.iter().find(|known| known.name == key).expect("a known key").sign;
        let desk = tempfile::tempdir().expect("a temporary folder");
        let (to_sign, signature) = (desk.path().join("to-sign"), desk.path().join("signature"));
        fs::write(&to_sign, bytes).expect("a file");
        let shown = |path: &Path| path.display().to_string();
        let (file, out) = (format!("{key}.key"), shown(&signature));
        let command = ["pkeyutl", "-sign", "-rawin", "-inkey", &file, "-in", &shown(&to_sign), "-out", &out];
        self.openssl(&[&command[..], options].concat());
        fs::read(signature).expect("the signature")
    }

    fn root(&self, name: &str, subject: &str) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let form = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", subject];
        self.openssl(&[&form[..], &["-keyout", &key, "-out", &certificate]].concat());
        self.der(name);
    }

    fn key(&self, key: &Key) {
        let (name, make) = (key.name, key.make);
        let (key, public) = (format!("{name}.key"), format!("{name}.pub"));
        self.openssl(&[&["genpkey", "-out", &key][..], make].concat());
        self.openssl(&["pkey", "-in", &key, "-pubout", "-outform", "DER", "-out", &public]);
    }

    fn certify(&self, by: &str, key: &str, name: &str, form: &str, serial: usize) {
        let subject = match form {
            "server" => "/O=Mock/CN=Mock server",
            "ca" => "/O=Mock/CN=Mock sub CA",
            _ => "/O=Mock/CN=Alice",
        };
        let (issuer, issuer_key) = (format!("{by}.crt"), format!("{by}.key"));
        let (key, csr, certificate) = (format!("{key}.key"), format!("{name}.csr"), format!("{name}.crt"));
        self.openssl(&["req", "-new", "-key", &key, "-subj", subject, "-out", &csr]);
        let serial = serial.to_string();
        let sign = ["x509", "-req", "-in", &csr, "-CA", &issuer, "-CAkey", &issuer_key, "-set_serial", &serial];
        let more = ["-days", "20", "-extfile", "extensions", "-extensions", form, "-out", &certificate];
        self.openssl(&[&sign[..], &more].concat());
        self.der(name);
    }

    /// The CA's name with a new key, and what leads from the old key to the new one and back (RFC 9483 §4.3.2).
    fn root_update(&self) {
        for (of, by, name) in [("new-ca", "ca", "new-with-old"), ("ca", "new-ca", "old-with-new")] {
            let (key, csr, certificate) = (format!("{of}.key"), format!("{name}.csr"), format!("{name}.crt"));
            self.openssl(&["req", "-new", "-key", &key, "-subj", "/O=Mock/CN=Mock CA", "-out", &csr]);
            let (issuer, issuer_key) = (format!("{by}.crt"), format!("{by}.key"));
            let sign = ["x509", "-req", "-in", &csr, "-CA", &issuer, "-CAkey", &issuer_key, "-set_serial", "7"];
            self.openssl(&[&sign[..], &["-days", "20", "-out", &certificate]].concat());
            self.der(name);
        }
    }

    fn crl(&self) {
        fs::write(self.path("index.txt"), "").expect("a file");
        let configuration = "[ca]\ndefault_ca = mock\n[mock]\ndatabase = index.txt\ndefault_md = sha256\n";
        fs::write(self.path("ca.cnf"), configuration).expect("a file");
        let make = ["ca", "-config", "ca.cnf", "-gencrl", "-crldays", "9", "-cert", "ca.crt", "-keyfile", "ca.key"];
        self.openssl(&[&make[..], &["-out", "ca.crl"]].concat());
        self.openssl(&["crl", "-in", "ca.crl", "-outform", "DER", "-out", "crl.der"]);
    }

    fn der(&self, name: &str) {
        let (certificate, der) = (format!("{name}.crt"), format!("{name}.der"));
        self.openssl(&["x509", "-in", &certificate, "-outform", "DER", "-out", &der]);
    }
}
