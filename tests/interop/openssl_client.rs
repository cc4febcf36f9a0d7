//! `openssl cmp` as the client of our demo CA: an encoder, a decoder and checks that share nothing with ours.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use chopmark_tests::{
    bench::ca::{Ca, Codes, Invitation},
    judge::{openssl, verify_chain},
};
use tempfile::TempDir;

use crate::{
    conformance::{Line, Table},
    mock_ca::Release,
};

mod rows;
mod signed;

#[test]
fn the_systems_release() {
    check(&Release::system());
}

#[test]
fn a_current_release() {
    if let Some(release) = Release::current() {
        check(&release);
    }
}

fn check(release: &Release) {
    let table = absent(release.table("as the client"), release);
    let desk = Desk::new(release);
    let rows: Vec<&Row> =
        rows::ROWS.iter().chain(signed::ROWS).filter(|row| row.since.is_none_or(|since| release.has(since))).collect();
    table.rows(&rows, |row| row.line(), |row| desk.run(row));
    table.close();
}

/// What the client of a release cannot do.
fn absent(table: Table, release: &Release) -> Table {
    let table = table.absent("4.1.5", "no PBMAC1, up to 3.6.5");
    if release.has((3, 5)) {
        return table
            .absent("4.1.6", "it opens no key that is sealed for the codes; the demo CA seals for nothing else");
    }
    table
        .absent("4.1.6", "came with OpenSSL 3.5")
        .absent("4.3.1", "it asks and shows nothing of the answer")
        .absent("4.3.2", "came later")
        .absent("4.3.3", "came later")
        .absent("4.3.4", "came later")
}

/// One call of `openssl cmp`, and how it must end.
struct Row {
    /// Section of RFC 9483.
    section: &'static str,
    /// `-cmd`.
    operation: &'static str,
    /// The rest in words.
    words: &'static str,
    /// The key to be certified: a name of [`KEYS`].
    key: &'static str,
    /// More options; see [`Desk::filled`] for what stands in braces.
    options: &'static [&'static str],
    /// This key is certified beforehand, with the same codes.
    old: Option<&'static str>,
    /// Files that the client must write (`{out/NAME}` among the options).
    saves: &'static [&'static str],
    /// What the CA is told to do.
    invite: fn(&mut Invitation),
    /// What happens to the codes before.
    before: fn(&Desk, &Codes),
    /// The codes that the client uses.
    uses: Uses,
    /// The CA grants implicit confirmation.
    implicit: bool,
    /// First release with these options; `None`: all.
    since: Option<(u32, u32)>,
    /// The end in words.
    expected: &'static str,
    /// The client's exit code is 0.
    good: bool,
    /// The client prints all of this.
    says: &'static [&'static str],
    /// The client prints nothing of this.
    silent: &'static [&'static str],
    /// States of the certificates that stand in the CA's books afterwards.
    books: &'static [&'static str],
    /// `CRLReason` that stands with the certificate in the books.
    revoked_for: Option<u8>,
    /// Subject of the certificate, where there is one.
    subject: &'static str,
}

/// Which codes the client uses.
#[derive(Clone, Copy)]
enum Uses {
    Right,
    WrongCode,
    UnknownReference,
    /// None: the certificate made beforehand signs.
    Certificate,
}

impl Row {
    fn line(&self) -> Line {
        let key = rows::KEYS.iter().find(|(name, ..)| *name == self.key).map(|(_, words, _)| *words);
        let options: Vec<&str> = key.into_iter().chain([self.words]).filter(|words| !words.is_empty()).collect();
        Line {
            section: self.section,
            operation: self.operation.to_owned(),
            options: options.join(", "),
            expected: self.expected.to_owned(),
        }
    }
}

/// How the client ended.
struct Ran {
    good: bool,
    output: String,
}

/// Two CAs, keys and requests, and a client.
struct Desk {
    program: PathBuf,
    folder: TempDir,
    plain: Ca,
    implicit: Ca,
}

impl Desk {
    fn new(release: &Release) -> Desk {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (plain, implicit) = (Ca::start(), Ca::start_with(&["--implicit-confirm", "--new-root"]));
        let desk = Desk { program: release.program.clone(), folder, plain, implicit };
        for (name, _, options) in rows::KEYS {
            let key = desk.file(&format!("{name}.key"));
            openssl([&["genpkey", "-out", &key][..], options].concat());
            let csr = desk.file(&format!("{name}.csr"));
            let names = ["-subj", "/O=Acme/CN=Alice", "-addext", "subjectAltName=DNS:alice.example"];
            openssl([&["req", "-new", "-key", &key, "-out", &csr][..], &names].concat());
        }
        desk.broken_csr();
        let stranger = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Stranger", "-days", "9"];
        let (key, certificate) = (desk.file("stranger.key"), desk.file("stranger"));
        openssl([&stranger[..], &["-keyout", &key, "-out", &certificate]].concat());
        desk
    }

    /// A request whose signature is wrong in its last byte.
    fn broken_csr(&self) {
        let (csr, broken) = (self.file("ec.csr"), self.file("broken"));
        openssl(["req", "-in", &csr, "-outform", "DER", "-out", &broken]);
        let mut der = std::fs::read(&broken).expect("the request");
        *der.last_mut().expect("a byte") ^= 1;
        std::fs::write(&broken, der).expect("the request");
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn ca(&self, row: &Row) -> &Ca {
        if row.implicit { &self.implicit } else { &self.plain }
    }

    fn run(&self, row: &Row) {
        let ca = self.ca(row);
        let codes = ca.invite(row.invite);
        let out = tempfile::tempdir_in(self.folder.path()).expect("a folder");
        if let Some(old) = row.old {
            self.certify(ca, &codes, old, &out.path().join("old"));
        }
        (row.before)(self, &codes);
        let certificate = out.path().join("out.pem");
        let mut command = self.client(ca, row.operation);
        command.arg("-certout").arg(&certificate).args(["-trusted", &ca.root.display().to_string()]);
        let (reference, code) = (codes.reference.as_str(), codes.authorization_code.as_str());
        let codes_given = match row.uses {
            Uses::Right => Some((reference, code)),
            Uses::WrongCode => Some((reference, "AAAA-BBBB")),
            Uses::UnknownReference => Some(("00000000", code)),
            Uses::Certificate => None,
        };
        match codes_given {
            Some((reference, code)) => command.args(["-ref", reference, "-secret", &format!("pass:{code}")]),
            None => {
                let key = self.file(&format!("{}.key", row.old.expect("a certificate made beforehand")));
                command.arg("-cert").arg(out.path().join("old")).args(["-key", &key])
            }
        };
        command.args(self.request(row)).args(row.options.iter().map(|option| self.filled(ca, out.path(), option)));
        let ran = ended(&mut command);
        assert_eq!(ran.good, row.good, "{}", ran.output);
        for words in row.says {
            assert!(ran.output.contains(words), "not said: {words}\n{}", ran.output);
        }
        for words in row.silent {
            assert!(!ran.output.contains(words), "said: {words}\n{}", ran.output);
        }
        assert_eq!(ca.states(&codes.reference), row.books, "the CA's books; the client: {}", ran.output);
        let reasons: Vec<u8> = ca.issued(&codes.reference).iter().filter_map(|issued| issued.reason).collect();
        assert_eq!(reasons, row.revoked_for.as_slice(), "{}", ran.output);
        assert_eq!(certificate.exists(), row.good && !row.subject.is_empty(), "{}", ran.output);
        if certificate.exists() {
            self.check_certificate(ca, row, &certificate);
        }
        for name in row.saves {
            let saved = std::fs::metadata(out.path().join(name)).map(|about| about.len());
            assert!(saved.is_ok_and(|bytes| bytes > 0), "{name} is not written: {}", ran.output);
        }
    }

    /// Certifies a key with the codes.
    fn certify(&self, ca: &Ca, codes: &Codes, key: &str, certificate: &std::path::Path) {
        let mut command = self.client(ca, "ir");
        let secret = format!("pass:{}", codes.authorization_code.as_str());
        command.args(["-ref", &codes.reference, "-secret", &secret, "-subject", "/O=Acme/CN=Alice"]);
        let ran = ended(command.args(["-newkey", &self.file(&format!("{key}.key")), "-certout"]).arg(certificate));
        assert!(ran.good, "the certificate made beforehand: {}", ran.output);
    }

    /// Chain, key and subject.
    fn check_certificate(&self, ca: &Ca, row: &Row, certificate: &std::path::Path) {
        verify_chain(certificate, &ca.intermediate(), &ca.root);
        let path = certificate.display().to_string();
        let about = openssl(["x509", "-in", &path, "-noout", "-subject", "-nameopt", "RFC2253", "-pubkey"]);
        let key = match row.key {
            // Made by the CA.
            "" => certificate.with_file_name("key").display().to_string(),
            name => self.file(&format!("{name}.key")),
        };
        let key = openssl(["pkey", "-in", &key, "-pubout"]);
        assert!(about.contains(key.trim()), "the certificate is for another key: {about}");
        let subject = about.lines().find_map(|line| line.strip_prefix("subject="));
        assert_eq!(subject.map(str::trim), Some(row.subject), "{about}");
    }

    /// Key and names, or the PKCS#10 request.
    fn request(&self, row: &Row) -> Vec<String> {
        let named = |option: &str, name: String| vec![option.to_owned(), self.file(&name)];
        match row.operation {
            "rr" | "genm" => Vec::new(),
            "p10cr" if row.options.contains(&"-csr") => Vec::new(),
            "p10cr" => named("-csr", format!("{}.csr", row.key)),
            _ => [
                if row.key.is_empty() { Vec::new() } else { named("-newkey", format!("{}.key", row.key)) },
                if row.options.contains(&"-subject") {
                    Vec::new()
                } else {
                    vec!["-subject".to_owned(), "/O=Acme/CN=Alice".to_owned()]
                },
            ]
            .concat(),
        }
    }

    /// `{root}`: this CA's root; `{old}`: the certificate made beforehand; `{serial}`: its serial number; `{out/NAME}`: a file
    /// to be written; `{NAME}`: a file on the desk.
    fn filled(&self, ca: &Ca, out: &std::path::Path, option: &str) -> String {
        let Some(name) = option.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return option.to_owned();
        };
        let old = || out.join("old").display().to_string();
        match name {
            "root" => ca.root.display().to_string(),
            "intermediate" => ca.intermediate().display().to_string(),
            "old" => old(),
            "serial" => openssl(["x509", "-noout", "-serial", "-in", &old()]).trim().replace("serial=", "0x"),
            other => match other.strip_prefix("out/") {
                Some(name) => out.join(name).display().to_string(),
                None => self.file(other),
            },
        }
    }

    fn client(&self, ca: &Ca, operation: &str) -> Command {
        let mut command = Command::new(&self.program);
        let server = ca.url.strip_prefix("http://").expect("http");
        command.args(["cmp", "-config", "", "-cmd", operation, "-server", server, "-verbosity", "7", "-batch"]);
        command.args(["-recipient", "/O=Chopmark demo, not for real use/CN=Chopmark demo CA"]);
        // What the machine says about proxies is not for servers on loopback.
        command.env("no_proxy", "127.0.0.1").stdin(Stdio::null());
        command
    }

    /// A plain ir with these codes.
    fn enrol(&self, reference: &str, code: &str) -> Ran {
        let mut command = self.client(&self.plain, "ir");
        command.args(["-ref", reference, "-secret", &format!("pass:{code}"), "-subject", "/O=Acme/CN=Alice"]);
        ended(command.args(["-newkey", &self.file("ec.key"), "-certout", "/dev/null"]))
    }
}

fn ended(command: &mut Command) -> Ran {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    Ran { good: output.status.success(), output: format!("{command:?}\n{}", String::from_utf8_lossy(&text)) }
}
