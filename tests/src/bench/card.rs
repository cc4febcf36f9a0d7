//! A virtual smart card in a reader of its own: a pcscd that nobody else talks to, with vpcd's driver, and the program of
//! tests/virtual-card behind it.
//!
//! pcscd listens at one fixed place, so this one gets a mount namespace in which that place is the test's folder; clients find it by
//! `PCSCLITE_CSOCK_NAME`. The machine's own pcscd, if one runs, is not touched (invariant 11).

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::programs::run;

const VPCD: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Kills it when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A kind of card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PIV, in a reader that ykcs11 takes for a YubiKey.
    Piv,
    /// OpenPGP.
    OpenPgp,
}

/// A reader and the card in it.
pub struct Card {
    folder: TempDir,
    kind: Kind,
    port: u16,
    program: PathBuf,
    card: Option<Running>,
    pcscd: Running,
}

impl Card {
    /// What is missing here for a virtual card.
    pub fn lacks() -> Option<&'static str> {
        if std::env::var_os("CHOPMARK_VIRTUAL_CARD").is_none() {
            return Some(
                "CHOPMARK_VIRTUAL_CARD is not set; `cargo xtask interop` builds the virtual cards and sets it",
            );
        }
        if !Path::new(VPCD).is_file() || !Path::new("/usr/sbin/pcscd").is_file() {
            return Some("pcscd with vpcd is not installed (apt install pcscd vsmartcard-vpcd)");
        }
        let own = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
        (!own.is_ok_and(|status| status.success())).then_some("no right to a mount namespace (run it as root)")
    }

    /// A new card in a new reader.
    pub fn insert(kind: Kind) -> Card {
        let mut card = Card::reader(kind);
        card.put_in(&[]);
        card
    }

    /// A new reader for such a card, with nothing in it.
    pub fn reader(kind: Kind) -> Card {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = two_free_ports();
        let name = match kind {
            Kind::Piv => "Yubico YubiKey OTP+FIDO+CCID",
            Kind::OpenPgp => "Virtual PCD",
        };
        let configuration = folder.path().join("readers.conf");
        let text =
            format!("FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:0x{port:x}\nLIBPATH {VPCD}\nCHANNELID 0x{port:x}\n");
        fs::write(&configuration, text).expect("a configuration");
        fs::create_dir(folder.path().join("run")).expect("a folder");
        let script = "mount --bind \"$1\" /run && exec /usr/sbin/pcscd --foreground --config \"$2\"";
        let log = File::create(folder.path().join("pcscd.log")).expect("a log");
        let pcscd = Command::new("unshare")
            .args(["--mount", "sh", "-c", script, "sh"])
            .args([&folder.path().join("run"), &configuration])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("unshare");
        let program = std::env::var_os("CHOPMARK_VIRTUAL_CARD").expect("CHOPMARK_VIRTUAL_CARD").into();
        let card = Card { folder, kind, port, program, card: None, pcscd: Running(pcscd) };
        card.wait_for("pcscd", |card| card.socket().exists());
        card
    }

    /// Sends pcscd a signal: `STOP`, `KILL`.
    pub fn signal(&mut self, signal: &str) {
        let pcscd = &mut self.pcscd.0;
        run(Command::new("kill").args([&format!("-{signal}"), &pcscd.id().to_string()]));
        if signal == "KILL" {
            let _ = pcscd.wait();
        }
    }

    /// Where clients find this pcscd.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("run/pcscd/pcscd.comm")
    }

    /// Puts the card in (again), with more options of `chopmark-virtual-card`.
    pub fn put_in(&mut self, options: &[&str]) {
        self.card = None;
        let applet: &[&str] = match self.kind {
            Kind::Piv => &["piv"],
            Kind::OpenPgp => &["openpgp", "--noext"],
        };
        let mut child = Command::new(&self.program)
            .args(applet)
            .args(["--port", &self.port.to_string(), "--dir"])
            .arg(self.folder.path().join("card"))
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(self.folder.path().join("card.log")).expect("a log"))
            .spawn()
            .expect("the virtual card starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its standard output");
        self.card = Some(Running(child));
        BufReader::new(stdout).read_line(&mut line).expect("a line of the card");
        assert_eq!(line.trim(), "inserted", "{}", self.log());
        let tokens = |card: &Card| {
            let module = if card.kind == Kind::Piv { "libykcs11.so" } else { "opensc-pkcs11.so" };
            let mut command = Command::new("pkcs11-tool");
            command.args(["--module", module, "-L"]).env("PCSCLITE_CSOCK_NAME", card.socket());
            let output = command.output().expect("pkcs11-tool");
            String::from_utf8_lossy(&output.stdout).contains("token label")
        };
        self.wait_for("the card", tokens);
    }

    /// The card left the reader by itself, as it was told to.
    pub fn has_left(&mut self) -> bool {
        self.card.as_mut().is_some_and(|card| card.0.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// What pcscd and the card said.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        format!("pcscd: {}\ncard: {}", read("pcscd.log"), read("card.log"))
    }

    fn wait_for(&self, what: &str, there: impl Fn(&Card) -> bool) {
        let until = Instant::now() + LONGEST_WAIT;
        while !there(self) {
            assert!(Instant::now() < until, "no {what} after {LONGEST_WAIT:?}; {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Two ports, one after the other, the first of them. For programs that cannot say which ones they got: vpcd takes one for each of its
/// two slots.
pub fn two_free_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + (std::process::id() % 6_000) as u16 * 2;
    loop {
        let port = start + NEXT.fetch_add(2, Ordering::SeqCst);
        let free = |port| TcpListener::bind(("0.0.0.0", port)).is_ok();
        if free(port) && free(port + 1) {
            return port;
        }
    }
}
