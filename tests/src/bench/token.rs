//! Tokens in a temporary folder: SoftHSM2 with its own configuration, and the faulty driver.
//!
//! A driver finds its configuration in the environment. A command gets it there; the core in this process is given a
//! script in the helper's place that sets it for the helper alone, so that tests can run beside each other.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use chopmark_core::model::Place;
use tempfile::TempDir;
use token_helper::{
    Helper, Limits,
    wire::{Certificate, Key, Pin, Token as Seen, TokenSelector},
};
use zeroize::Zeroizing;

use crate::bench::programs::{faulty_module, program, run};

/// The user PIN of every token made here.
pub const PIN: &str = "27zq28";
/// The security officer's PIN.
pub const SO_PIN: &str = "31415926";

/// A driver with its token.
pub struct Token {
    folder: TempDir,
    /// The driver's file.
    pub module: PathBuf,
    /// The token's label.
    pub label: String,
    /// What the driver finds in its environment.
    pub env: Vec<(String, String)>,
}

impl Token {
    /// A SoftHSM2 token "Alice" with [`PIN`].
    pub fn soft_hsm() -> Token {
        let token = Token::empty_soft_hsm();
        token.add("Alice");
        token
    }

    /// SoftHSM2 without an initialised token.
    pub fn empty_soft_hsm() -> Token {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (tokens, configuration) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
        fs::create_dir(&tokens).expect("a folder");
        let text =
            format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.display());
        fs::write(&configuration, text).expect("a configuration");
        let env = vec![("SOFTHSM2_CONF".to_owned(), configuration.display().to_string())];
        Token { folder, module: soft_hsm_module(), label: "Alice".to_owned(), env }.with_script()
    }

    /// The driver that misbehaves in a way that tests/faulty-module/faulty.c lists.
    pub fn faulty(mode: &str) -> Token {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let env = vec![("FAULTY_MODE".to_owned(), mode.to_owned())];
        Token { folder, module: faulty_module(), label: "FAULTY".to_owned(), env }.with_script()
    }

    /// A token "Alice" with [`PIN`] of kryoptic, a module that shares nothing with SoftHSM2.
    pub fn kryoptic(module: &Path) -> Token {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let configuration = folder.path().join("kryoptic.toml");
        let database = folder.path().join("token.sql");
        let text = format!(
            "[ec_point_encoding]\nencoding = \"Der\"\n\n[[slots]]\nslot = 42\ndbtype = \"sqlite\"\ndbargs = {:?}\n",
            database.display().to_string()
        );
        fs::write(&configuration, text).expect("a configuration");
        let env = vec![("KRYOPTIC_CONF".to_owned(), configuration.display().to_string())];
        let token = Token { folder, module: module.to_owned(), label: "Alice".to_owned(), env }.with_script();
        let module = module.display().to_string();
        let tool = |arguments: &[&str]| run(token.command("pkcs11-tool").args(["--module", &module]).args(arguments));
        tool(&["--slot-index", "0", "--init-token", "--label", "Alice", "--so-pin", SO_PIN]);
        let so = ["--token-label", "Alice", "--login", "--login-type", "so", "--so-pin", SO_PIN];
        tool(&[&so[..], &["--init-pin", "--pin", PIN]].concat());
        token
    }

    /// Writes the script anew, after a change of `env`.
    #[must_use]
    pub fn with_script(self) -> Token {
        let mut script = "#!/bin/sh\n".to_owned();
        for (name, value) in &self.env {
            script.push_str(&format!("export {name}='{value}'\n"));
        }
        script.push_str(&format!("exec '{}' \"$@\"\n", program("chopmark-token-helper").display()));
        // Written under another name first: a file that is open for writing cannot be run.
        let draft = self.folder.path().join("helper.draft");
        fs::write(&draft, script).expect("a script");
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o700)).expect("a program");
        fs::rename(draft, self.helper()).expect("a script");
        fs::write(self.pin_file(), format!("{PIN}\n")).expect("a PIN file");
        self
    }

    /// Initialises one more SoftHSM2 token, with [`PIN`].
    pub fn add(&self, label: &str) {
        let arguments = ["--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", PIN];
        run(self.command("softhsm2-util").args(arguments));
    }

    /// Initialises one more SoftHSM2 token on which no user PIN is set.
    pub fn add_without_pin(&self, label: &str) {
        let module = self.module.display().to_string();
        // The free slot, which is the only one here.
        let arguments =
            ["--module", &module, "--slot-index", "0", "--init-token", "--label", label, "--so-pin", SO_PIN];
        run(self.command("pkcs11-tool").args(arguments));
    }

    /// A program that sees the token.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Program in the helper's place: sets the environment and becomes the helper.
    pub fn helper(&self) -> PathBuf {
        self.folder.path().join("helper.sh")
    }

    /// A file with [`PIN`].
    pub fn pin_file(&self) -> PathBuf {
        self.folder.path().join("pin")
    }

    /// The folder in which the token lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The place for the core; the PIN is asked for.
    pub fn place(&self) -> Place {
        Place::Token {
            label: Some(self.label.clone()),
            serial: None,
            manufacturer: None,
            model: None,
            driver: Some(self.module.display().to_string()),
            pin_source: None,
        }
    }

    /// The place for the command; the PIN is in a file.
    pub fn uri(&self) -> String {
        format!("{}&pin-source=file:{}", self.uri_without_pin(), self.pin_file().display())
    }

    /// The place for the command.
    pub fn uri_without_pin(&self) -> String {
        format!("pkcs11:token={}?module-path={}", self.label.replace(' ', "%20"), self.module.display())
    }

    /// A helper of the test's own, not yet logged in.
    pub fn start(&self) -> Helper {
        let env: Vec<(&str, &OsStr)> = self.env.iter().map(|(name, value)| (&**name, OsStr::new(value))).collect();
        let program = program("chopmark-token-helper");
        Helper::start_with_env(&program, &self.module, Limits::default(), &env).expect("the driver starts")
    }

    /// What the token says of itself.
    pub fn seen(&self) -> Seen {
        let tokens = self.start().tokens().expect("the tokens");
        tokens.into_iter().find(|token| token.label == self.label).expect("the token")
    }

    /// All private keys and certificates on it.
    pub fn content(&self) -> (Vec<Key>, Vec<Certificate>) {
        let mut helper = self.start();
        let selector = TokenSelector { label: Some(self.label.clone()), ..TokenSelector::default() };
        let pin = Pin::new(Zeroizing::new(PIN.as_bytes().to_vec()));
        helper.open(&selector, Some(&pin)).expect("the token opens");
        let content = (helper.keys().expect("keys"), helper.certificates().expect("certificates"));
        helper.close();
        content
    }

    /// Files of SoftHSM2's objects: also what no search finds. An empty one holds nothing: SoftHSM2 leaves it when its process
    /// is killed (cancelling does that) while it makes an object.
    pub fn objects(&self) -> usize {
        let files = crate::bench::files_under(&self.folder.path().join("tokens"));
        // `token.object` is the token itself.
        let object = |name: &str| name.ends_with(".object") && name != "token.object";
        let named = |file: &&PathBuf| file.file_name().is_some_and(|name| object(&name.to_string_lossy()));
        files.iter().filter(named).filter(|file| fs::metadata(file).is_ok_and(|about| about.len() > 0)).count()
    }
}

/// SoftHSM2's driver file.
pub fn soft_hsm_module() -> PathBuf {
    let folders = [
        "/usr/lib/softhsm",
        "/usr/lib/x86_64-linux-gnu/softhsm",
        "/usr/lib/aarch64-linux-gnu/softhsm",
        "/usr/lib64/pkcs11",
        "/usr/local/lib/softhsm",
    ];
    let places = folders.map(|folder| Path::new(folder).join("libsofthsm2.so"));
    let found = places.iter().find(|path| path.exists());
    found.cloned().unwrap_or_else(|| panic!("SoftHSM2 is not installed (apt install softhsm2): looked at {places:?}"))
}
