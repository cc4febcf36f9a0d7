//! One CA, one home, one place, and what is there in the end.

use std::process::Command;

use chopmark_core::{
    app::{App, Options},
    error::{Code, Error},
    hints::Language,
    model::{CaProfile, EnrollOrder, Enrolled, JobState, JobView, KeyChoice, Place, Resumed},
};
use chopmark_tests::bench::{
    assert_no_secret,
    ca::{Ca, Codes},
    command::Desk,
    programs::run,
    script::Script,
    token::{PIN, Token},
};

/// Password of the PKCS#12 file.
pub(crate) const PASSWORD: &str = "correct-horse-7";

/// A CA, a home and a place.
pub(crate) struct World {
    pub(crate) ca: Ca,
    pub(crate) desk: Desk,
    /// `None`: the place is a file.
    pub(crate) token: Option<Token>,
}

impl World {
    pub(crate) fn file() -> World {
        World { ca: Ca::start(), desk: Desk::new(), token: None }
    }

    pub(crate) fn token() -> World {
        World::with(Token::soft_hsm())
    }

    pub(crate) fn with(token: Token) -> World {
        World { ca: Ca::start(), desk: Desk::new(), token: Some(token) }
    }

    /// File and token, for what must hold in both.
    pub(crate) fn both() -> [World; 2] {
        [World::file(), World::token()]
    }

    pub(crate) fn place_word(&self) -> &'static str {
        if self.token.is_some() { "token" } else { "file" }
    }

    pub(crate) fn options(&self) -> Options {
        std::fs::create_dir_all(self.desk.home()).unwrap();
        Options {
            home: Some(self.desk.home()),
            trace: Some(self.desk.home().join("trace")),
            helper: self.token.as_ref().map(Token::helper),
            language: Some(Language::En),
            // A broken connection ends the job, so that it can be looked at; `transport` tries again.
            retries: Some(0),
            ..Options::default()
        }
    }

    pub(crate) fn app(&self) -> App {
        App::open(self.options()).unwrap()
    }

    pub(crate) fn place(&self) -> Place {
        match &self.token {
            Some(token) => token.place(),
            None => Place::File { path: self.desk.text("me.p12") },
        }
    }

    pub(crate) fn order(&self, codes: &Codes) -> EnrollOrder {
        EnrollOrder {
            ca: "demo".into(),
            reference: codes.reference.clone(),
            place: self.place(),
            key: Some(KeyChoice::EcP256),
            key_by_ca: false,
            subject: None,
            san: Vec::new(),
            no_wait: false,
        }
    }

    /// Somebody who knows PIN and password, but has no code yet.
    pub(crate) fn person(&self) -> Script {
        match &self.token {
            Some(_) => Script::new().pin(PIN),
            None => Script::new().password(PASSWORD),
        }
    }

    /// Somebody who has everything.
    pub(crate) fn person_with(&self, codes: &Codes) -> Script {
        self.person().code(codes.authorization_code.as_str())
    }

    pub(crate) async fn enroll(&self, codes: &Codes, ui: &Script) -> Result<Enrolled, Error> {
        self.enroll_at(codes, self.ca.core_profile(), ui).await
    }

    pub(crate) async fn enroll_at(&self, codes: &Codes, ca: CaProfile, ui: &Script) -> Result<Enrolled, Error> {
        self.app().enroll(self.order(codes), ca, ui).await
    }

    /// Takes up the only job there is.
    pub(crate) async fn resume(&self, ui: &Script) -> Result<Resumed, Error> {
        let job = self.job().await;
        self.app().resume(&job.job, ui).await
    }

    pub(crate) async fn resume_to_the_end(&self, ui: &Script) -> Enrolled {
        match self.resume(ui).await {
            Ok(Resumed::Enrolled { enrolled }) => *enrolled,
            other => panic!("{}: {other:?}", self.place_word()),
        }
    }

    /// The only job there is.
    pub(crate) async fn job(&self) -> JobView {
        let mut jobs = self.app().journal().await.unwrap();
        assert_eq!(jobs.len(), 1, "{jobs:#?}");
        jobs.remove(0)
    }

    pub(crate) async fn assert_job(&self, what: &str, state: JobState, error: Option<Code>) {
        let job = self.job().await;
        let found = (job.state, job.error.as_ref().map(|error| error.code.clone()));
        assert_eq!(found, (state, error.map(|code| code.to_string())), "{what}: {job:#?}");
    }

    /// Number of private keys: on the token, or kept and in the file.
    pub(crate) fn keys(&self) -> usize {
        match &self.token {
            Some(token) => token.content().0.len(),
            None => self.desk.kept_keys().len() + usize::from(self.desk.path("me.p12").exists()),
        }
    }

    /// Nothing is left of what the job made.
    pub(crate) fn assert_clean(&self, what: &str) {
        assert_eq!(self.keys(), 0, "{what}: a key is left");
        assert_eq!(self.desk.kept_keys().len(), 0, "{what}: a kept key is left");
        if let Some(token) = &self.token {
            assert_eq!(token.content().1.len(), 0, "{what}: a certificate is left");
            assert_eq!(token.objects(), 0, "{what}: an object is left");
        }
        self.assert_no_secret(&[]);
    }

    /// The job is open, its key is there, and nothing more.
    pub(crate) fn assert_key_waits(&self, what: &str) {
        assert_eq!(self.keys(), 1, "{what}: the key that waits");
        if let Some(token) = &self.token {
            assert_eq!(token.content().1.len(), 0, "{what}: a certificate");
        }
    }

    /// Exactly one usable certificate, which the CA knows as confirmed; judged by OpenSSL where the place is a file.
    pub(crate) fn assert_one_certificate(&self, what: &str, codes: &Codes, sha256: &str) {
        let issued = self.ca.issued(&codes.reference);
        assert_eq!(issued.len(), 1, "{what}: {issued:#?}");
        assert_eq!((issued[0].state.as_str(), issued[0].sha256.as_str()), ("confirmed", sha256), "{what}");
        assert_eq!(self.desk.kept_keys().len(), 0, "{what}: a kept key is left");
        match &self.token {
            Some(token) => assert_token_has_one(what, token),
            None => {
                assert_file_is_whole(what, &self.ca, &self.desk);
            }
        }
        self.assert_no_secret(&[&codes.authorization_code]);
    }

    /// As if the job had stopped a quarter of an hour ago.
    pub(crate) fn make_last_message_stale(&self) {
        let journal = rusqlite::Connection::open(self.desk.home().join("journal.sqlite")).unwrap();
        let age = "UPDATE jobs SET record = json_set(record, '$.sent.at', json_extract(record, '$.sent.at') - 900)";
        assert_eq!(journal.execute(age, []).unwrap(), 1);
    }

    /// No secret in journal, trace, profiles, locks, or whatever else is in the home.
    pub(crate) fn assert_no_secret(&self, more: &[&str]) {
        assert_no_secret(&self.desk.home(), &[&[PASSWORD, PIN], more].concat());
    }
}

/// One key, one certificate of the person's with the same id, the issuers beside it; never extractable.
pub(crate) fn assert_token_has_one(what: &str, token: &Token) {
    let (keys, certificates) = token.content();
    assert_eq!(keys.len(), 1, "{what}: {keys:#?}");
    assert_eq!((keys[0].sensitive, keys[0].extractable), (Some(true), Some(false)), "{what}");
    let own: Vec<_> = certificates.iter().filter(|one| one.has_key == Some(true)).collect();
    assert_eq!(own.len(), 1, "{what}: {certificates:#?}");
    assert_eq!((&own[0].key_id, &own[0].label), (&keys[0].key_id, &keys[0].label), "{what}");
    assert_eq!(certificates.len(), 2, "{what}: own and intermediate: {certificates:#?}");
    // Private key, public key, two certificates: nothing that no search finds.
    assert_eq!(token.objects(), 4, "{what}: objects");
}

/// OpenSSL opens the file, finds AES-256 in it, verifies the chain, and key and certificate fit; returns the text of the
/// certificate.
pub(crate) fn assert_file_is_whole(what: &str, ca: &Ca, desk: &Desk) -> String {
    let password = desk.write("password-for-openssl", PASSWORD);
    let openssl = |arguments: &[&str]| run(Command::new("openssl").args(arguments));
    let (p12, source) = (desk.text("me.p12"), format!("file:{password}"));
    let open = ["pkcs12", "-in", &p12, "-passin", &source];
    let about = Command::new("openssl").args(open).args(["-info", "-noout"]).output().unwrap();
    let about = String::from_utf8_lossy(&about.stderr).into_owned();
    let bags = about.matches("PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256").count();
    assert!(bags >= 2 && about.contains("MAC: sha256"), "{what}: {about}");

    let file = |name: &str| desk.text(name);
    let (own, others, key) = (file("own.pem"), file("others.pem"), file("key.pem"));
    openssl(&[&open[..], &["-clcerts", "-nokeys", "-out", &own]].concat());
    openssl(&[&open[..], &["-cacerts", "-nokeys", "-out", &others]].concat());
    openssl(&[&open[..], &["-nocerts", "-noenc", "-out", &key]].concat());
    let root = ca.root.display().to_string();
    openssl(&["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &others, &own]);
    let certified = openssl(&["x509", "-in", &own, "-noout", "-pubkey"]);
    assert_eq!(openssl(&["pkey", "-in", &key, "-pubout"]), certified, "{what}: key and certificate");
    openssl(&["x509", "-in", &own, "-noout", "-text", "-nameopt", "RFC2253"])
}

/// OpenSSL finds an encrypted key in the file, the certificate that it fits, and what leads to the root.
pub(crate) fn assert_pem_is_whole(what: &str, ca: &Ca, desk: &Desk) {
    let source = format!("file:{}", desk.write("password-for-openssl", PASSWORD));
    let (pem, root) = (desk.text("me.pem"), ca.root.display().to_string());
    let text = std::fs::read_to_string(&pem).unwrap_or_else(|error| panic!("{what}: {error}"));
    let labels: Vec<&str> = text.lines().filter(|line| line.starts_with("-----BEGIN")).collect();
    let certificate = "-----BEGIN CERTIFICATE-----";
    assert_eq!(labels, ["-----BEGIN ENCRYPTED PRIVATE KEY-----", certificate, certificate], "{what}");
    let openssl = |arguments: &[&str]| run(Command::new("openssl").args(arguments));
    openssl(&["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &pem, &pem]);
    let certified = openssl(&["x509", "-in", &pem, "-noout", "-pubkey"]);
    assert_eq!(
        openssl(&["pkey", "-in", &pem, "-passin", &source, "-pubout"]),
        certified,
        "{what}: key and certificate"
    );
}
