//! `chopmark` as the real program, in a home folder of its own.

use std::{
    ffi::OsStr,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::bench::programs::program;

/// A folder with a home in it, and what a test puts beside it.
pub struct Desk {
    folder: TempDir,
}

/// How a run of the command ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None`: killed by a signal.
    pub exit: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Default for Desk {
    fn default() -> Self {
        Desk::new()
    }
}

impl Desk {
    /// A fresh one.
    pub fn new() -> Desk {
        Desk { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A file beside the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The folder of both.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The home folder (made by the command).
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Writes a file beside the home.
    pub fn write(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.text(name)
    }

    /// The kept keys of unfinished jobs.
    pub fn kept_keys(&self) -> Vec<PathBuf> {
        let folder = self.home().join("keys");
        if folder.is_dir() { crate::bench::files_under(&folder) } else { Vec::new() }
    }

    /// `chopmark --home …`, in English, without a terminal, with nothing on standard input.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = bare();
        command.arg("--home").arg(self.home()).args(arguments);
        command
    }

    /// Runs `chopmark --home … ARGUMENTS`.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ran {
        finish(self.command(arguments).spawn().expect("chopmark starts"))
    }
}

/// `chopmark` without any argument.
pub fn bare() -> Command {
    let mut command = Command::new(program("chopmark"));
    command.env("LC_ALL", "C.UTF-8").env_remove("LANGUAGE");
    // What the machine says about proxies is not for servers on loopback.
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for a command.
pub fn finish(child: Child) -> Ran {
    child.wait_with_output().expect("chopmark ends").into()
}

/// Runs a command with text on its standard input.
pub fn run_with_stdin(mut command: Command, text: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("chopmark starts");
    let mut stdin = child.stdin.take().expect("its standard input");
    // It may end without reading, which closes the pipe.
    let _ = stdin.write_all(text.as_bytes());
    drop(stdin);
    finish(child)
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Ran { exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// Standard output as JSON objects, one a line.
    pub fn lines(&self) -> Vec<Value> {
        let object = |line: &str| match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => value,
            other => panic!("not an object: {line:?} ({other:?}); stderr: {}", self.stderr),
        };
        self.stdout.lines().map(object).collect()
    }

    /// The last JSON object: the result.
    pub fn last(&self) -> Value {
        self.lines().pop().unwrap_or_else(|| panic!("nothing on standard output: {self:?}"))
    }

    /// It ended well; the result.
    pub fn ok(&self) -> Value {
        assert_eq!(self.exit, Some(0), "{self:?}");
        let last = self.last();
        assert_eq!(last["result"], "ok", "{last}");
        last
    }

    /// It failed with this exit code, `CM-` code and class; the result.
    pub fn failed(&self, exit: i32, code: &str, class: &str) -> Value {
        let last = self.last();
        let found = (self.exit, last["result"].as_str(), last["code"].as_str(), last["class"].as_str());
        assert_eq!(found, (Some(exit), Some("error"), Some(code), Some(class)), "{self:?}");
        assert!(!last["message"].as_str().unwrap_or_default().is_empty(), "{last}");
        last
    }
}
