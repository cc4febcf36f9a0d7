//! The modules, each with a token of its own in a temporary folder; what runs for one ends with it.

use std::{
    any::Any,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use chopmark_tests::bench::{
    card::{Card, Kind, two_free_ports},
    programs::{behind, run},
    token::{PIN, SO_PIN, Token, soft_hsm_module},
};
use chopmark_tests::judge::spy_module;
use tempfile::TempDir;

use super::judge::Judged;

/// The virtual cards' PINs as they come from the factory.
const CARD_PIN: &str = "123456";
const MANAGEMENT_KEY: &str = "010203040506070801020304050607080102030405060708";
const ADMIN_PIN: &str = "12345678";

/// A module with a token.
pub(super) struct Bench {
    /// What it says of itself, for the page.
    pub(super) version: String,
    pub(super) label: String,
    /// How the picked driver's file name must begin.
    pub(super) driver: &'static str,
    /// For the judge.
    pub(super) module: PathBuf,
    /// Where the driver is named all the same: a spy in between.
    pub(super) named: Option<PathBuf>,
    /// What commands find in their environment.
    pub(super) env: Vec<(String, String)>,
    pub(super) pin: Option<&'static str>,
    /// The security officer's, where it is wanted.
    pub(super) officer: Option<&'static str>,
    /// NSS is judged by certutil, the others by pkcs11-tool.
    pub(super) nss: Option<PathBuf>,
    pub(super) card: Option<Card>,
    pub(super) folder: TempDir,
    _running: Vec<Box<dyn Any>>,
}

/// Ends a program with its bench.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench {
    /// Nothing but empty places: no driver finds a token, or the machine's own.
    fn new(driver: &'static str, module: impl Into<PathBuf>, package: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["home", "no-tokens", "no-tpm"] {
            fs::create_dir(path(name)).expect("a folder");
        }
        let tokens = format!("directories.tokendir = {}\nobjectstore.backend = file\n", path("no-tokens").display());
        fs::write(path("softhsm2.conf"), tokens).expect("a configuration");
        let env = [
            ("HOME", "home"),
            ("SOFTHSM2_CONF", "softhsm2.conf"),
            ("TPM2_PKCS11_STORE", "no-tpm"),
            ("PCSCLITE_CSOCK_NAME", "no-pcscd"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), path(value).display().to_string())).to_vec();
        let version = Command::new("dpkg-query").args(["-W", "-f=${Package} ${Version}", package]).output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        Bench {
            version,
            label: "Alice".into(),
            driver,
            module: module.into(),
            named: None,
            env,
            pin: Some(PIN),
            officer: None,
            nss: None,
            card: None,
            folder,
            _running: Vec::new(),
        }
    }

    fn set(&mut self, name: &str, value: &Path) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.display().to_string()));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The token by its label; no driver. NSS keeps no token but this computer's store.
    pub(super) fn place(&self) -> String {
        if self.nss.is_some() {
            return "computer".into();
        }
        let label = self.label.replace(' ', "%20").replace('#', "%23");
        let driver = self.named.as_ref().map(|driver| format!("?module-path={}", driver.display()));
        format!("pkcs11:token={label}{}", driver.unwrap_or_default())
    }

    /// A spy between command and module, which writes down every call.
    pub(super) fn spied(&mut self, log: &Path) {
        let mut module = self.module.clone();
        if module.ends_with("libkryoptic_pkcs11.so") {
            // The spy hands on a module's list of functions of PKCS#11 3 as it is, so nothing would be seen of it.
            let configuration = self.env.iter().find(|(name, _)| name == "KRYOPTIC_CONF").expect("its configuration");
            module = self.path("libkryoptic-2.so");
            behind(&module, &self.module, &configuration.0, &configuration.1);
        }
        self.set("PKCS11SPY", &module);
        self.set("PKCS11SPY_OUTPUT", log);
        self.named = Some(spy_module());
    }

    /// A program that sees the token.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.env.iter().cloned());
        command
    }

    pub(super) fn checked_by(&self, judged: &Judged) -> String {
        let by = if self.nss.is_some() { "certutil, OpenSSL" } else { "pkcs11-tool, OpenSSL" };
        match judged {
            Judged::Signed => by.to_owned(),
            Judged::Read => format!("{by}; read only"),
        }
    }

    fn adopt(mut self, token: Token) -> Bench {
        self.env.extend(token.env.iter().cloned());
        self.env.reverse();
        let mut seen = Vec::new();
        self.env.retain(|(name, _)| {
            !seen.contains(name) && {
                seen.push(name.clone());
                true
            }
        });
        self._running.push(Box::new(token));
        self
    }

    pub(super) fn soft_hsm() -> Result<Bench, String> {
        Ok(Bench::new("libsofthsm2.so", soft_hsm_module(), "softhsm2").adopt(Token::soft_hsm()))
    }

    /// It lies in no folder of the system's: p11-kit's configuration leads to it.
    pub(super) fn kryoptic() -> Result<Bench, String> {
        let module =
            PathBuf::from(std::env::var_os("CHOPMARK_KRYOPTIC_MODULE").ok_or("CHOPMARK_KRYOPTIC_MODULE is not set")?);
        let mut bench = Bench::new("libkryoptic_pkcs11.so", &module, "none");
        bench.version = "kryoptic, from its crate".into();
        let settings = bench.path("home/.config/pkcs11/modules");
        fs::create_dir_all(&settings).expect("a folder");
        fs::write(settings.join("kryoptic.module"), format!("module: {}\n", module.display())).expect("a file");
        Ok(bench.adopt(Token::kryoptic(&module)))
    }

    /// The store of Chromium and others: `~/.pki/nssdb`.
    pub(super) fn nss(password: Option<&'static str>) -> Result<Bench, String> {
        needs(&["certutil"])?;
        let module = library("libsoftokn3.so").or_else(|_| library("nss/libsoftokn3.so"))?;
        let mut bench = Bench {
            label: "NSS Certificate DB".into(),
            pin: password,
            ..Bench::new("libsoftokn3.so", module, "libnss3")
        };
        let database = bench.path("home/.pki/nssdb");
        fs::create_dir_all(&database).expect("a folder");
        fs::write(bench.path("password"), password.unwrap_or_default()).expect("a file");
        let sql = format!("sql:{}", database.display());
        let secret = bench.path("password").display().to_string();
        let mut make = bench.command("certutil");
        make.args(["-N", "-d", &sql]);
        match password {
            Some(_) => make.args(["-f", &secret]),
            None => make.arg("--empty-password"),
        };
        run(&mut make);
        bench.nss = Some(database);
        Ok(bench)
    }

    /// A TPM in software with a resource manager on a message bus of its own.
    pub(super) fn tpm2() -> Result<Bench, String> {
        needs(&["swtpm", "tpm2-abrmd", "dbus-daemon"])?;
        let mut bench = Bench::new("libtpm2_pkcs11.so", library("libtpm2_pkcs11.so.1")?, "libtpm2-pkcs11-1");
        for name in ["tpm", "store"] {
            fs::create_dir(bench.path(name)).expect("a folder");
        }
        // Who speaks to swtpm takes the port after the server's for control.
        let server = two_free_ports();
        let control = server + 1;
        let state = format!("dir={}", bench.path("tpm").display());
        let (control_at, server_at) = (format!("type=tcp,port={control}"), format!("type=tcp,port={server}"));
        let tpm = ["socket", "--tpm2", "--tpmstate", &state, "--ctrl", &control_at, "--server", &server_at];
        bench.start("swtpm", &[&tpm[..], &["--flags", "not-need-init,startup-clear"]].concat());
        let bus = bench.message_bus();
        bench.env.push(("DBUS_SESSION_BUS_ADDRESS".into(), bus));
        wait_until("swtpm", || std::net::TcpStream::connect(("127.0.0.1", control)).is_ok());
        let tcti = format!("swtpm:host=127.0.0.1,port={server}");
        bench.start("tpm2-abrmd", &["--allow-root", "--session", "--tcti", &tcti]);
        let store = bench.path("store");
        bench.set("TPM2_PKCS11_STORE", &store);
        bench.env.push(("TPM2_PKCS11_TCTI".into(), "tabrmd:bus_type=session".into()));
        bench.env.push(("TSS2_LOG".into(), "all+NONE".into()));
        let module = bench.module.display().to_string();
        let init = ["--module", &module, "--slot-index", "0", "--init-token", "--label", "Alice", "--so-pin", SO_PIN];
        wait_until("tpm2-abrmd", || {
            bench.command("pkcs11-tool").args(init).output().is_ok_and(|output| output.status.success())
        });
        let so = ["--module", &module, "--token-label", "Alice", "--login", "--login-type", "so", "--so-pin", SO_PIN];
        run(bench.command("pkcs11-tool").args(so).args(["--init-pin", "--pin", PIN]));
        Ok(bench)
    }

    pub(super) fn piv() -> Result<Bench, String> {
        let mut bench = Bench::of_card(Kind::Piv, Bench::new("libykcs11.so", library("libykcs11.so")?, "ykcs11"))?;
        (bench.label, bench.officer) = ("YubiKey PIV #5437251".into(), Some(MANAGEMENT_KEY));
        Ok(bench)
    }

    pub(super) fn open_pgp() -> Result<Bench, String> {
        let bench = Bench::new("opensc-pkcs11.so", library("opensc-pkcs11.so")?, "opensc-pkcs11");
        let mut bench = Bench::of_card(Kind::OpenPgp, bench)?;
        (bench.label, bench.officer) = ("OpenPGP card (User PIN)".into(), Some(ADMIN_PIN));
        Ok(bench)
    }

    fn of_card(kind: Kind, mut bench: Bench) -> Result<Bench, String> {
        if let Some(lacks) = Card::lacks() {
            return Err(lacks.into());
        }
        let card = Card::insert(kind);
        let socket = card.socket();
        bench.set("PCSCLITE_CSOCK_NAME", &socket);
        (bench.card, bench.pin) = (Some(card), Some(CARD_PIN));
        Ok(bench)
    }

    fn start(&mut self, program: &str, arguments: &[&str]) {
        let log = File::create(self.path(&format!("{program}.log"))).expect("a log");
        let child = self
            .command(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        self._running.push(Box::new(Running(child)));
    }

    fn message_bus(&mut self) -> String {
        let mut daemon = self.command("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = daemon.stderr(Stdio::null()).spawn().expect("dbus-daemon");
        let stdout = child.stdout.take().expect("its standard output");
        self._running.push(Box::new(Running(child)));
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address).expect("the bus's address");
        address.trim().to_owned()
    }
}

fn needs(programs: &[&str]) -> Result<(), String> {
    let there = |program: &&&str| {
        ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(program).exists())
    };
    match programs.iter().find(|program| !there(program)) {
        Some(missing) => Err(format!("{missing} is not installed")),
        None => Ok(()),
    }
}

fn library(name: &str) -> Result<PathBuf, String> {
    let folders = [format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH), "/usr/lib64".into(), "/usr/lib".into()];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    found.ok_or_else(|| format!("{name} is not installed"))
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "{what} does not get ready");
        sleep(Duration::from_millis(100));
    }
}
