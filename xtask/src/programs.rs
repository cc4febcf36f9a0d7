//! Our own programs as the demo and the benchmark use them: built, started, asked.

use crate::shell::{self, Background};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
};

/// The software USB key's name, in the window too.
pub(crate) const TOKEN: &str = "Demo USB key";
pub(crate) const PIN: &str = "123456";

/// A folder with the built programs.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Builds them; the window only where it is wanted, for it needs WebKitGTK and node.
    pub(crate) fn build(release: bool, window: bool) -> Result<Self> {
        let mut command = shell::cargo();
        command.args(["build", "-p", "chopmark-cli", "-p", "token-helper", "-p", "chopmark-demo-ca"]);
        if window {
            command.args(["-p", "chopmark-window"]);
        }
        if release {
            command.arg("--release");
        }
        shell::run(&mut command)?;
        Ok(Self(target_folder()?.join(if release { "release" } else { "debug" })))
    }

    /// Built before.
    pub(crate) fn at(folder: &Path) -> Self {
        Self(folder.to_path_buf())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        Command::new(self.path(name))
    }
}

/// Where cargo builds.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let metadata = shell::output(shell::cargo().args(["metadata", "--quiet", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    metadata["target_directory"].as_str().map(PathBuf::from).context("cargo names no target folder")
}

/// The demo CA on loopback, stopped when this goes.
pub(crate) struct DemoCa {
    pub(crate) url: String,
    pub(crate) root: String,
    pub(crate) profile: String,
    folder: PathBuf,
    program: PathBuf,
    _serving: Background,
    _stdout: BufReader<ChildStdout>,
}

/// The two codes, and the link that a mail carries.
pub(crate) struct Invitation {
    pub(crate) reference: String,
    pub(crate) authorization_code: String,
    pub(crate) link: String,
}

impl DemoCa {
    pub(crate) fn start(programs: &Programs, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let log = fs::File::create(folder.join("serve.log"))?;
        let mut child = programs
            .command("chopmark-demo-ca")
            .args(["serve", "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the demo CA")?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let serving = Background(child);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            bail!(
                "the demo CA did not start: {line}\n{}",
                fs::read_to_string(folder.join("serve.log")).unwrap_or_default()
            );
        };
        let text = |name: &str| {
            ready[name].as_str().map(str::to_owned).with_context(|| format!("the demo CA said no `{name}`: {line}"))
        };
        Ok(Self {
            url: text("url")?,
            root: text("root")?,
            profile: text("profile")?,
            folder: folder.to_path_buf(),
            program: programs.path("chopmark-demo-ca"),
            _serving: serving,
            _stdout: stdout, // dropped, the CA would fail at its next line
        })
    }

    pub(crate) fn invite(&self, arguments: &[&str]) -> Result<Invitation> {
        let mut command = Command::new(&self.program);
        command.arg("invite").arg("--dir").arg(&self.folder).args(arguments);
        let line = shell::output(&mut command)?;
        let answer: Value = serde_json::from_str(&line).with_context(|| format!("not what `invite` prints: {line}"))?;
        let text = |name: &str| {
            answer[name].as_str().map(str::to_owned).with_context(|| format!("`invite` said no `{name}`: {line}"))
        };
        Ok(Invitation {
            reference: text("reference")?,
            authorization_code: text("authorizationCode")?,
            link: text("link")?,
        })
    }
}

/// A USB key made of software in a folder of its own; nothing of the user's SoftHSM is touched.
pub(crate) struct SoftToken {
    pub(crate) module: PathBuf,
    configuration: PathBuf,
    pin_file: PathBuf,
}

impl SoftToken {
    /// Nothing where SoftHSM2 is not installed.
    pub(crate) fn new(folder: &Path) -> Result<Option<Self>> {
        let (Some(module), Some(tool)) = (softhsm(), shell::find("softhsm2-util")) else { return Ok(None) };
        let tokens = folder.join("tokens");
        fs::create_dir_all(&tokens)?;
        let token = Self { module, configuration: folder.join("softhsm2.conf"), pin_file: folder.join("pin.txt") };
        fs::write(
            &token.configuration,
            format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.display()),
        )?;
        write_secret(&token.pin_file, PIN)?;
        if fs::read_dir(&tokens)?.next().is_some() {
            return Ok(Some(token)); // a kept demo, run once more
        }
        // The PIN stands in the arguments, and may: it is the demo's, printed and always the same.
        let mut command = Command::new(tool);
        command.args(["--init-token", "--free", "--label", TOKEN, "--so-pin", "12345678", "--pin", PIN]);
        shell::output(token.seen_by(&mut command))?;
        Ok(Some(token))
    }

    /// Only this child sees the token.
    pub(crate) fn seen_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("SOFTHSM2_CONF", &self.configuration)
    }

    /// The place as an RFC 7512 URI.
    pub(crate) fn place(&self) -> String {
        format!(
            "pkcs11:token={}?module-path={}&pin-source=file:{}",
            percent(TOKEN),
            percent(&self.module.to_string_lossy()),
            percent(&self.pin_file.to_string_lossy())
        )
    }
}

/// SoftHSM2's driver file.
pub(crate) fn softhsm() -> Option<PathBuf> {
    [
        "/usr/lib/softhsm",
        "/usr/lib/x86_64-linux-gnu/softhsm",
        "/usr/lib/aarch64-linux-gnu/softhsm",
        "/usr/lib64/softhsm",
        "/usr/lib64/pkcs11",
        "/usr/lib/pkcs11",
        "/usr/local/lib/softhsm",
        "/opt/homebrew/lib/softhsm",
    ]
    .iter()
    .map(|folder| Path::new(folder).join("libsofthsm2.so"))
    .find(|file| file.is_file())
}

/// A file that only we can read, as secrets want it.
pub(crate) fn write_secret(file: &Path, secret: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(secret.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}

/// Percent-encoding for the values of a PKCS#11 URI; `/` may stand in them.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            all + &char::from(byte).to_string()
        }
        other => all + &format!("%{other:02X}"),
    })
}
