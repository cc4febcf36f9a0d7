//! Debian's pebble, Let's Encrypt's CA for tests, on loopback: it demands codes of every account (external account binding),
//! asks the name servers of a [`DomainWorld`] and looks at its web server. Five of a hundred nonces it says are worn out.

use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    domain_world::{DomainWorld, RESOLVER},
    programs::run,
};

/// A reference number that it knows (ACME: key identifier).
pub const REFERENCE: &str = "kid-1";
/// The authorization code that belongs to it (ACME: HMAC key).
pub const CODE: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

/// A running pebble.
pub struct Pebble {
    folder: TempDir,
    child: Child,
    port: u16,
    management: u16,
    resolver: String,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pebble {
    /// Starts it for the domains of this world.
    pub fn start(world: &DomainWorld) -> Pebble {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (port, management) = (free_port(), free_port());
        make_certificates(&folder);
        let dir = folder.path().display();
        let configuration = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": format!("{dir}/cert.pem"),
            "privateKey": format!("{dir}/key.pem"),
            "httpPort": world.http_port,
            "tlsPort": world.https_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": true,
            "externalAccountMACKeys": { REFERENCE: CODE },
        }});
        fs::write(folder.path().join("pebble.json"), configuration.to_string()).expect("a configuration");
        let resolver = format!("{RESOLVER}:{}", world.dns_port);
        let child = spawn(&folder, &resolver);
        let pebble = Pebble { folder, child, port, management, resolver };
        pebble.wait();
        pebble
    }

    /// Ends it and starts it anew in the same place: it has forgotten every account.
    pub fn forget_everybody(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.child = spawn(&self.folder, &self.resolver);
        self.wait();
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let comes_up = |port: u16| TcpStream::connect(("127.0.0.1", port)).is_ok();
        while !comes_up(self.port) || !comes_up(self.management) {
            assert!(Instant::now() < deadline, "pebble does not come up: {}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Address of its directory.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// PEM of who signed for its TLS.
    pub fn tls_roots(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// PEM of certificate and key for TLS as `127.0.0.1`, for whoever stands in between.
    pub fn tls_identity(&self) -> (PathBuf, PathBuf) {
        (self.folder.path().join("cert.pem"), self.folder.path().join("key.pem"))
    }

    /// PEM of the root that its certificates lead to, made anew by each start.
    pub fn root(&self) -> String {
        let url = format!("https://127.0.0.1:{}/roots/0", self.management);
        run(Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--cacert"])
            .arg(self.tls_roots())
            .arg(url))
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn spawn(folder: &TempDir, resolver: &str) -> Child {
    let log = File::create(folder.path().join("log")).expect("a log");
    Command::new("pebble")
        .args(["-strict", "-dnsserver", resolver, "-config"])
        .arg(folder.path().join("pebble.json"))
        // Validations begin at once; nothing is proved for a second order because of a first one.
        .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_AUTHZREUSE", "0")])
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("pebble: {error} (cargo xtask setup --for test)"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port()
}

/// A root, and a certificate for `127.0.0.1` under it.
fn make_certificates(folder: &TempDir) {
    let path = |name: &str| folder.path().join(name);
    let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let mut root = Command::new("openssl");
    root.args(["req", "-x509", "-days", "9", "-subj", "/CN=TLS of pebble"]).args(new_key);
    root.args(["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]);
    run(root.arg("-keyout").arg(path("ca-key.pem")).arg("-out").arg(path("ca.pem")));
    let mut leaf = Command::new("openssl");
    leaf.args(["req", "-x509", "-days", "9", "-subj", "/CN=127.0.0.1"]).args(new_key);
    leaf.args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]);
    leaf.arg("-CA").arg(path("ca.pem")).arg("-CAkey").arg(path("ca-key.pem"));
    run(leaf.arg("-keyout").arg(path("key.pem")).arg("-out").arg(path("cert.pem")));
}
