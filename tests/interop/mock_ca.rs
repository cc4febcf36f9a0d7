//! `openssl cmp -port`: a CMP server that answers every request with one fixed certificate.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chopmark_tests::bench::programs::run;

use crate::{conformance::Table, estate::Estate};

/// The codes it knows.
pub(crate) const REFERENCE: &str = "7890";
pub(crate) const CODE: &str = "AuthCode-4711";

/// An OpenSSL to be asked.
pub(crate) struct Release {
    /// The `openssl` program.
    pub(crate) program: PathBuf,
    /// What it says of itself.
    pub(crate) version: String,
    /// Major and minor number of that.
    number: (u32, u32),
}

impl Release {
    /// The system's.
    pub(crate) fn system() -> Release {
        Release::of("openssl".into())
    }

    /// The one that `cargo xtask interop` fetches.
    pub(crate) fn current() -> Option<Release> {
        let found = std::env::var_os("CHOPMARK_OPENSSL_NEW");
        if found.is_none() {
            eprintln!(
                "skipped: new openssl: CHOPMARK_OPENSSL_NEW is not set; `cargo xtask interop` fetches and sets it"
            );
        }
        Some(Release::of(found?.into()))
    }

    fn of(program: PathBuf) -> Release {
        let version = run(Command::new(&program).arg("version"));
        let mut numbers = version.split([' ', '.']).skip(1).map_while(|part| part.parse().ok());
        let number = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        Release { program, version, number }
    }

    /// Is it as new as that?
    pub(crate) fn has(&self, since: (u32, u32)) -> bool {
        self.number >= since
    }

    /// Its table. The page speaks of two families; a release between them is tried as well and stands nowhere.
    pub(crate) fn table(&self, role: &str) -> Table {
        let title = |family: &str| Table::new(&format!("OpenSSL {family} {role}"), &self.version);
        match self.number {
            (3, 0) => title("3.0"),
            number if number >= (3, 5) => title("3.5 or later"),
            _ => title("of another release").aside(),
        }
    }
}

/// The server; killed when dropped.
pub(crate) struct MockCa {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Drop for MockCa {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl MockCa {
    /// Hands out the certificate of `key`. It protects with the codes unless the options bring a certificate; `{name}` in
    /// them is a file of the estate.
    pub(crate) fn start(release: &Release, estate: &Estate, key: &str, options: &[&str]) -> MockCa {
        // The server cannot say which port it took, so one that is free now is given to it; somebody may be faster.
        (0..5)
            .find_map(|_| MockCa::try_start(release, estate, key, options))
            .unwrap_or_else(|| panic!("{} does not listen with {options:?}", release.version.trim()))
    }

    fn try_start(release: &Release, estate: &Estate, key: &str, options: &[&str]) -> Option<MockCa> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let log = estate.path(&format!("server-{port}.log"));
        let out = File::create(&log).expect("a log");
        let mut command = Command::new(&release.program);
        command.args(["cmp", "-port", &port.to_string(), "-batch", "-verbosity", "7"]);
        command.args(configuration(release, estate, key));
        if !options.contains(&"-srv_cert") {
            command.args(["-srv_ref", REFERENCE, "-srv_secret", &format!("pass:{CODE}")]);
        }
        command.args(["-rsp_cert", &estate.text(&format!("{key}.crt"))]);
        command.args(["-rsp_capubs", &estate.text("ca.crt"), "-rsp_extracerts", &estate.text("ca.crt")]);
        command.args(options.iter().map(|option| {
            let file = option.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            file.map_or_else(|| (*option).to_owned(), |name| estate.text(name))
        }));
        command.stdin(Stdio::null()).stdout(out.try_clone().expect("a log")).stderr(out);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", release.version.trim()));
        let mut ca = MockCa { child, port, log };
        let deadline = Instant::now() + Duration::from_secs(20);
        // 3.0 does not flush its "awaiting new connection on port"; the line of the socket comes in every release.
        while !ca.log().lines().any(|line| line.starts_with("ACCEPT ")) {
            if ca.child.try_wait().expect("the server").is_some() || Instant::now() > deadline {
                eprintln!("{} does not listen: {}", release.version.trim(), ca.log());
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Some(ca)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/pkix/", self.port)
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Posts a message, returns the answer.
    pub(crate) fn post(&self, message: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
        let head = format!(
            "POST /pkix/ HTTP/1.0\r\nContent-Type: application/pkixcmp\r\nContent-Length: {}\r\n\r\n",
            message.len()
        );
        stream.write_all(&[head.as_bytes(), message].concat()).expect("the request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        assert!(head.contains(" 200 ") && head.contains("application/pkixcmp"), "{head}\n{}", self.log());
        answer.split_off(end + 4)
    }
}

/// `-ref_cert`, the certificate that may be renewed and revoked, works in a configuration file only (3.5, 3.6); older
/// releases do not know it.
fn configuration(release: &Release, estate: &Estate, key: &str) -> Vec<String> {
    if !release.has((3, 5)) {
        return vec!["-config".to_owned(), String::new()];
    }
    vec!["-config".to_owned(), estate.text(&format!("{key}.cnf")), "-section".to_owned(), "mock".to_owned()]
}

/// What the server's options make it do, as the page says it. Its certificate is spoken of elsewhere.
pub(crate) fn words(server: &[&str]) -> String {
    let mut words = String::new();
    let mut options = server.iter().copied();
    while let Some(option) = options.next() {
        let mut value = || options.next().unwrap_or_else(|| panic!("{option} wants a value")).to_owned();
        words += &match option {
            "-poll_count" => format!(", {}× “ask later”", value()),
            "-check_after" => format!(" ({} s)", value()),
            "-pkistatus" => format!(", the CA answers with PKIStatus {}", value()),
            "-failure" => format!(" and failInfo bit {}", value()),
            "-failurebits" => format!(" and the failInfo bits of {}", value()),
            "-statusstring" => format!(" and “{}”", value()),
            "-grant_implicitconf" => ", implicit confirmation granted".to_owned(),
            "-send_error" => ", the CA answers with an error message".to_owned(),
            "-send_unprotected" => ", the CA protects nothing".to_owned(),
            "-send_unprot_err" => " that nothing protects".to_owned(),
            "-accept_unprotected" => String::new(),
            "-srv_cert" | "-srv_key" | "-srv_trusted" | "-srv_untrusted" | "-rsp_key" | "-rsp_crl"
            | "-rsp_newwithnew" | "-rsp_newwithold" | "-rsp_oldwithnew" => {
                value();
                String::new()
            }
            other => panic!("no words for {other}"),
        };
    }
    words
}
