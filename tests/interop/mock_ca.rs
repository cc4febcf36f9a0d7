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

use chopmark_tests::{bench::programs::run, judge::openssl};
use tempfile::TempDir;

use crate::conformance::Table;

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

/// A CA certificate, and a key with its certificate, made beforehand by OpenSSL: all that the server can hand out.
pub(crate) struct Issued {
    folder: TempDir,
}

impl Issued {
    /// `key` as `openssl genpkey` wants it.
    pub(crate) fn new(key: &[&str]) -> Issued {
        let issued = Issued { folder: tempfile::tempdir().expect("a temporary folder") };
        let path = |name: &str| issued.path(name).display().to_string();
        let ca = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/O=Mock/CN=Mock CA"];
        openssl([&ca[..], &["-keyout", &path("ca.key"), "-out", &path("ca.crt")]].concat());
        openssl([&["genpkey", "-out", &path("ee.key")], key].concat());
        openssl(["req", "-new", "-key", &path("ee.key"), "-subj", "/O=Mock/CN=Alice", "-out", &path("ee.csr")]);
        let sign =
            ["x509", "-req", "-set_serial", "4711", "-days", "20", "-in", &path("ee.csr"), "-out", &path("ee.crt")];
        openssl([&sign[..], &["-CA", &path("ca.crt"), "-CAkey", &path("ca.key")]].concat());
        openssl(["x509", "-in", &path("ee.crt"), "-outform", "DER", "-out", &path("ee.der")]);
        openssl(["pkey", "-in", &path("ee.key"), "-pubout", "-outform", "DER", "-out", &path("public.der")]);
        issued
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A signature by the key, as X.509 writes it.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let path = |name: &str| self.path(name).display().to_string();
        let to_sign = tempfile::NamedTempFile::new().expect("a file");
        fs::write(to_sign.path(), bytes).expect("a file");
        let mut command = Command::new("openssl");
        command.args(["dgst", "-sha256", "-sign", &path("ee.key")]).arg(to_sign.path());
        let output = command.output().expect("openssl runs");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
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
    pub(crate) fn start(release: &Release, issued: &Issued, more: &[&str]) -> MockCa {
        // The server cannot say which port it took, so one that is free now is given to it; somebody may be faster.
        (0..5)
            .find_map(|_| MockCa::try_start(release, issued, more))
            .unwrap_or_else(|| panic!("{} does not listen with {more:?}", release.version.trim()))
    }

    fn try_start(release: &Release, issued: &Issued, more: &[&str]) -> Option<MockCa> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let (log, path) =
            (issued.path(&format!("server-{port}.log")), |name: &str| issued.path(name).display().to_string());
        let out = File::create(&log).expect("a log");
        let mut command = Command::new(&release.program);
        command.args(["cmp", "-config", "", "-port", &port.to_string(), "-batch", "-verbosity", "7"]);
        command.args(["-srv_ref", REFERENCE, "-srv_secret", &format!("pass:{CODE}"), "-rsp_cert", &path("ee.crt")]);
        command.args(["-rsp_capubs", &path("ca.crt"), "-rsp_extracerts", &path("ca.crt")]).args(more);
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

/// What the server's options make it do, as the page says it.
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
            "-statusstring" => format!(" and “{}”", value()),
            "-grant_implicitconf" => ", implicit confirmation asked for and granted".to_owned(),
            "-send_error" => ", the CA answers with an error message".to_owned(),
            "-send_unprot_err" => " that nothing protects".to_owned(),
            other => panic!("no words for {other}"),
        };
    }
    words
}
