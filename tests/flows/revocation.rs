//! Revocation, where the profile asks for it: certificates of the CA that name a list and a responder, both made by OpenSSL.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use chopmark_core::{error::Code, model::*};
use chopmark_tests::bench::{
    ca::{Codes, Fault},
    programs::run,
    raw_server::{RawServer, Request, http},
    script::Script,
};

use crate::world::World;

const SIGNER: &str = "1001";
const INTERMEDIATE: &str = "1002";
const KEY_MAKER: &str = "1003";
/// The CAs, and the certificate of each that we ask about.
const CAS: [(&str, &str); 2] = [("root", INTERMEDIATE), ("intermediate", SIGNER)];

fn openssl(arguments: &[&str]) -> String {
    run(Command::new("openssl").args(arguments))
}

/// The demo CA with certificates that say where to ask about them, and the server for that.
struct Asked {
    world: World,
    folder: PathBuf,
    server: RawServer,
}

impl Asked {
    fn new() -> Asked {
        let mut world = World::file();
        world.ca.stop();
        let folder = world.ca.dir().to_owned();
        let served = folder.clone();
        let server = RawServer::start(move |request, stream| {
            let _ = stream.write_all(&serve(&served, request));
        });
        let asked = |issuer: &str| {
            let base = format!("http://{}", server.address());
            format!(
                "crlDistributionPoints=URI:{base}/{issuer}.crl\nauthorityInfoAccess=OCSP;URI:{base}/ocsp/{issuer}\n"
            )
        };
        for (certificate, issuer, serial) in [
            ("intermediate", "root", INTERMEDIATE),
            ("signer", "intermediate", SIGNER),
            ("key-maker", "intermediate", KEY_MAKER),
        ] {
            certify(&folder, certificate, issuer, serial, ("copyall", &asked(issuer)));
        }
        world.ca.again();
        let asked = Asked { world, folder, server };
        for (issuer, certificate) in CAS {
            asked.says(issuer, &[("V", certificate)]);
            asked.list(issuer, &["-crldays", "7"]);
            asked.answers_as(issuer, &format!("{issuer}.pem"), &format!("{issuer}.key"));
        }
        asked
    }

    /// What a CA says of certificates: `V` good, `R` revoked.
    fn says(&self, issuer: &str, entries: &[(&str, &str)]) {
        let line = |(status, serial): &(&str, &str)| {
            let revoked = if *status == "R" { "250101000000Z" } else { "" };
            format!("{status}\t491231235959Z\t{revoked}\t{serial}\tunknown\t/CN=x\n")
        };
        fs::write(self.folder.join(format!("{issuer}.index")), entries.iter().map(line).collect::<String>()).unwrap();
    }

    /// Makes the list of `issuer` from what it says.
    fn list(&self, issuer: &str, more: &[&str]) {
        let file = |name: String| self.folder.join(name).display().to_string();
        let index = file(format!("{issuer}.index"));
        let config = file(format!("{issuer}.cnf"));
        fs::write(&config, format!("[x]\ndatabase = {index}\ncrlnumber = {index}.number\ndefault_md = sha256\n"))
            .unwrap();
        fs::write(format!("{index}.number"), "01\n").unwrap();
        let (pem, crl) = (file(format!("{issuer}.crl.pem")), file(format!("{issuer}.crl")));
        let (certificate, key) = (file(format!("{issuer}.pem")), file(format!("{issuer}.key")));
        let made = ["ca", "-gencrl", "-config", &config, "-name", "x", "-cert", &certificate, "-keyfile", &key];
        openssl(&[&made[..], &["-out", &pem], more].concat());
        openssl(&["crl", "-in", &pem, "-outform", "DER", "-out", &crl]);
    }

    /// Who answers for the CA.
    fn answers_as(&self, issuer: &str, certificate: &str, key: &str) {
        fs::write(self.folder.join(format!("{issuer}.responder")), format!("{certificate} {key}")).unwrap();
    }

    /// Makes a responder with a certificate from `issuer`.
    fn delegate(&self, name: &str, issuer: &str, extensions: &str) {
        let file = |name: String| self.folder.join(name).display().to_string();
        let (key, pem) = (file(format!("{name}.key")), file(format!("{name}.pem")));
        let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        openssl(&[&["genpkey", "-out", &key][..], &curve].concat());
        openssl(&["req", "-new", "-x509", "-key", &key, "-subj", &format!("/CN={name}"), "-out", &pem]);
        certify(&self.folder, name, issuer, "2001", ("none", extensions));
    }

    /// Proved here, confirmed there. (OpenSSL would miss the key identifiers that the changed certificates lack.)
    fn assert_confirmed(&self, what: &str, codes: &Codes, enrolled: &Enrolled) {
        assert!(enrolled.proved && enrolled.confirmed, "{what}");
        assert_eq!(self.world.ca.states(&codes.reference), ["confirmed"], "{what}");
    }

    /// Changes the last byte, which is of the signature.
    fn spoil(&self, file: &str) {
        let mut bytes = fs::read(self.folder.join(file)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(self.folder.join(file), bytes).unwrap();
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.folder.join(file)).unwrap();
    }

    fn invite(&self) -> Codes {
        self.world.ca.invite(|it| it.fault = Some(Fault::SignAnswer))
    }

    fn profile(&self, check: RevocationCheck) -> CaProfile {
        let mut ca = self.world.ca.core_profile();
        ca.cmp.revocation = check;
        ca
    }
}

/// Certifies the holder of a certificate again, with more in it; `copy`: what of the old extensions.
fn certify(folder: &Path, name: &str, issuer: &str, serial: &str, (copy, more): (&str, &str)) {
    let file = |name: String| folder.join(name).display().to_string();
    let (extensions, request, key) =
        (file(format!("{name}.ext")), file(format!("{name}.csr")), file(format!("{name}.key")));
    let (pem, by, by_key) = (file(format!("{name}.pem")), file(format!("{issuer}.pem")), file(format!("{issuer}.key")));
    fs::write(&extensions, more).unwrap();
    let copy = ["-copy_extensions", copy, "-in"];
    openssl(&[&["x509", "-x509toreq", "-signkey", &key, "-out", &request][..], &copy, &[&pem]].concat());
    let serial = format!("0x{serial}");
    let by = ["-CA", &by, "-CAkey", &by_key, "-set_serial", &serial, "-days", "30", "-extfile", &extensions];
    openssl(&[&["x509", "-req", "-out", &pem][..], &by, &copy, &[&request]].concat());
}

/// `GET /ISSUER.crl`, `POST /ocsp/ISSUER`.
fn serve(folder: &Path, request: &Request) -> Vec<u8> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let missing = || http("404 Not Found", "text/plain", b"");
    let path = request.head.split(' ').nth(1).unwrap_or_default();
    let Some(issuer) = path.strip_prefix("/ocsp/") else {
        let list = fs::read(folder.join(path.trim_start_matches('/')));
        return list.map_or_else(|_| missing(), |list| http("200 OK", "application/pkix-crl", &list));
    };
    assert!(request.head.to_ascii_lowercase().contains("content-type: application/ocsp-request"), "{}", request.head);
    let Ok(responder) = fs::read_to_string(folder.join(format!("{issuer}.responder"))) else { return missing() };
    let (certificate, key) = responder.split_once(' ').unwrap();
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let file = |name: &str| folder.join(name).display().to_string();
    let (question, answer) = (file(&format!("q{number}")), file(&format!("a{number}")));
    fs::write(&question, &request.body).unwrap();
    let (index, ca) = (file(&format!("{issuer}.index")), file(&format!("{issuer}.pem")));
    let (certificate, key) = (file(certificate), file(key));
    let about = ["ocsp", "-index", &index, "-CA", &ca, "-reqin", &question, "-respout", &answer, "-ndays", "1"];
    openssl(&[&about[..], &["-rsigner", &certificate, "-rkey", &key]].concat());
    http("200 OK", "application/ocsp-response", &fs::read(answer).unwrap())
}

struct Row {
    what: &'static str,
    check: RevocationCheck,
    prepare: fn(&Asked),
    refused: Option<Code>,
}

fn row(what: &'static str, check: RevocationCheck, prepare: fn(&Asked), refused: Option<Code>) -> Row {
    Row { what, check, prepare, refused }
}

async fn check(row: Row) {
    let asked = Asked::new();
    (row.prepare)(&asked);
    let (world, codes) = (&asked.world, asked.invite());
    let result = world.enroll_at(&codes, asked.profile(row.check), &world.person_with(&codes)).await;
    match (result, row.refused) {
        (Ok(enrolled), None) => asked.assert_confirmed(row.what, &codes, &enrolled),
        (Err(error), Some(code)) => {
            assert_eq!(error.code, code, "{}: {error} {:?}", row.what, error.facts);
            assert!(error.facts["subject"].contains("Chopmark demo"), "{}: {:?}", row.what, error.facts);
            world.assert_job(row.what, JobState::Interrupted, Some(code)).await;
            world.assert_key_waits(row.what);
        }
        (found, wanted) => panic!("{}: {found:?}, not {wanted:?}", row.what),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_lists() {
    use RevocationCheck::{Crl, Off};
    const UNKNOWN: Option<Code> = Some(Code::RevocationUnknown);
    fn list(asked: &Asked, issuer: &str, entries: &[(&str, &str)]) {
        asked.says(issuer, entries);
        asked.list(issuer, &["-crldays", "7"]);
    }
    for one in [
        row("nobody is revoked", Crl, |_| {}, None),
        row("another is revoked", Crl, |it| list(it, "intermediate", &[("R", "77"), ("V", SIGNER)]), None),
        row("the signer is revoked", Crl, |it| list(it, "intermediate", &[("R", SIGNER)]), Some(Code::CaRevoked)),
        row("the intermediate is revoked", Crl, |it| list(it, "root", &[("R", INTERMEDIATE)]), Some(Code::CaRevoked)),
        row("nobody asks", Off, |it| list(it, "intermediate", &[("R", SIGNER)]), None),
        row("no list", Crl, |it| it.remove("intermediate.crl"), UNKNOWN),
        row("no list of the root", Crl, |it| it.remove("root.crl"), UNKNOWN),
        row("a list with another signature", Crl, |it| it.spoil("intermediate.crl"), UNKNOWN),
        row(
            "another CA's list",
            Crl,
            |it| _ = fs::copy(it.folder.join("root.crl"), it.folder.join("intermediate.crl")).unwrap(),
            UNKNOWN,
        ),
        row(
            "an old list",
            Crl,
            |it| {
                let dates = ["-crl_lastupdate", "250101000000Z", "-crl_nextupdate", "250108000000Z"];
                it.list("intermediate", &dates);
            },
            UNKNOWN,
        ),
        row("garbage", Crl, |it| fs::write(it.folder.join("root.crl"), [0x30; 3000]).unwrap(), UNKNOWN),
        row("too much", Crl, |it| fs::write(it.folder.join("root.crl"), vec![0; 17 << 20]).unwrap(), UNKNOWN),
    ] {
        check(one).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_responders() {
    use RevocationCheck::{Any, Ocsp};
    const UNKNOWN: Option<Code> = Some(Code::RevocationUnknown);
    const DELEGATE: &str = "extendedKeyUsage=OCSPSigning\nkeyUsage=critical,digitalSignature\n";
    fn delegated(asked: &Asked, name: &str, issuer: &str, extensions: &str) {
        asked.delegate(name, issuer, extensions);
        asked.answers_as("intermediate", &format!("{name}.pem"), &format!("{name}.key"));
    }
    for one in [
        row("nobody is revoked", Ocsp, |_| {}, None),
        row("the signer is revoked", Ocsp, |it| it.says("intermediate", &[("R", SIGNER)]), Some(Code::CaRevoked)),
        row("the intermediate is revoked", Ocsp, |it| it.says("root", &[("R", INTERMEDIATE)]), Some(Code::CaRevoked)),
        row("unknown there", Ocsp, |it| it.says("intermediate", &[]), UNKNOWN),
        row("a delegate answers", Ocsp, |it| delegated(it, "delegate", "intermediate", DELEGATE), None),
        row(
            "one without the purpose",
            Ocsp,
            |it| delegated(it, "any", "intermediate", "keyUsage=digitalSignature"),
            UNKNOWN,
        ),
        row("a delegate of another CA", Ocsp, |it| delegated(it, "delegate", "root", DELEGATE), UNKNOWN),
        row("the signer itself", Ocsp, |it| it.answers_as("intermediate", "signer.pem", "signer.key"), UNKNOWN),
        row("no responder", Ocsp, |it| it.remove("intermediate.responder"), UNKNOWN),
        row("no responder, a list", Any, |it| it.remove("intermediate.responder"), None),
        row(
            "neither responder nor list",
            Any,
            |it| {
                it.remove("intermediate.responder");
                it.remove("intermediate.crl");
            },
            UNKNOWN,
        ),
        // The list does not know it yet.
        row("revoked by the responder", Any, |it| it.says("intermediate", &[("R", SIGNER)]), Some(Code::CaRevoked)),
    ] {
        check(one).await;
    }
}

/// The exchange has not moved, so that the job goes on from where it was once the status can be had.
#[tokio::test(flavor = "multi_thread")]
async fn once_the_list_is_back_the_job_goes_on() {
    let asked = Asked::new();
    let list = fs::read(asked.folder.join("intermediate.crl")).unwrap();
    asked.remove("intermediate.crl");
    let (world, codes) = (&asked.world, asked.invite());
    let person = || -> Script { world.person_with(&codes) };
    let ca = asked.profile(RevocationCheck::Crl);
    let error = world.enroll_at(&codes, ca, &person()).await.unwrap_err();
    assert_eq!(error.code, Code::RevocationUnknown, "{error}");
    assert!(world.resume(&person()).await.is_err(), "still nobody knows");
    world.assert_key_waits("nobody knows");
    fs::write(asked.folder.join("intermediate.crl"), list).unwrap();
    let enrolled = world.resume_to_the_end(&person()).await;
    asked.assert_confirmed("once it is known", &codes, &enrolled);
}

/// Both answers of an enrolment are signed by the same signer: each list is fetched once.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_fetched_once() {
    let asked = Asked::new();
    let (world, codes) = (&asked.world, asked.invite());
    let ca = asked.profile(RevocationCheck::Crl);
    world.enroll_at(&codes, ca, &world.person_with(&codes)).await.unwrap();
    assert_eq!(asked.server.requests(), CAS.len());
}

/// Who makes keys for others is looked up like who signs answers (RFC 9483 §4.1.6).
#[tokio::test(flavor = "multi_thread")]
async fn the_maker_of_a_key_is_looked_up() {
    use RevocationCheck::{Crl, Ocsp, Off};
    let asked = Asked::new();
    let good = |asked: &Asked| {
        asked.says("intermediate", &[("V", KEY_MAKER)]);
        asked.list("intermediate", &["-crldays", "7"]);
    };
    let revoked = |asked: &Asked| {
        asked.says("intermediate", &[("R", KEY_MAKER)]);
        asked.list("intermediate", &["-crldays", "7"]);
    };
    let rows = [
        row("not asked", Off, revoked, None),
        row("on no list", Crl, good, None),
        row("on the list", Crl, revoked, Some(Code::CaRevoked)),
        row("good to the responder", Ocsp, good, None),
        row("revoked to the responder", Ocsp, revoked, Some(Code::CaRevoked)),
    ];
    for row in &rows {
        (row.prepare)(&asked);
        let codes = asked.world.ca.invite(|_| {});
        let found = by_ca(&asked, row.check, &codes).await;
        match (found, row.refused) {
            (Ok(enrolled), None) => asked.assert_confirmed(row.what, &codes, &enrolled),
            // The CA knows that its certificate is not taken, and the key went nowhere.
            (Err(error), Some(code)) => {
                assert_eq!(error.code, code, "{}: {error}", row.what);
                assert_eq!(asked.world.ca.states(&codes.reference), ["rejected by the client"], "{}", row.what);
                assert!(!asked.world.desk.path("me.p12").exists(), "{}", row.what);
            }
            (found, wanted) => panic!("{}: {found:?}, not {wanted:?}", row.what),
        }
        let _ = fs::remove_file(asked.world.desk.path("me.p12"));
        assert_eq!(asked.world.desk.kept_keys().len(), 0, "{}", row.what);
    }

    // What cannot be learnt now may be learnt later: the job waits.
    asked.remove("intermediate.crl");
    let codes = asked.world.ca.invite(|_| {});
    let error = by_ca(&asked, Crl, &codes).await.unwrap_err();
    assert_eq!(error.code, Code::RevocationUnknown, "{error}");
    good(&asked);
    let enrolled = by_ca(&asked, Crl, &codes).await.unwrap();
    asked.assert_confirmed("the list is back", &codes, &enrolled);
}

async fn by_ca(asked: &Asked, check: RevocationCheck, codes: &Codes) -> Result<Enrolled, chopmark_core::error::Error> {
    let order = EnrollOrder { key_by_ca: true, ..asked.world.order(codes) };
    let person = asked.world.person_with(codes);
    asked.world.app().enroll(order, asked.profile(check), &person).await
}
