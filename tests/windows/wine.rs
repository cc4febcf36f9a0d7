//! Programs of Windows, and what they are told.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{Desk, Ran, finish},
    programs::run as run_program,
};

/// Where the programs are, or the test says why it is skipped.
pub(crate) fn programs() -> Option<PathBuf> {
    let folder = env::var_os("CHOPMARK_WINDOWS_PROGRAMS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: windows: CHOPMARK_WINDOWS_PROGRAMS is not set; `cargo xtask cross` builds and sets it");
    }
    folder
}

/// What `cargo xtask cross` compiled from C.
pub(crate) fn drivers() -> PathBuf {
    env::var_os("CHOPMARK_WINDOWS_DRIVERS").expect("`cargo xtask cross` sets it").into()
}

/// The misbehaving driver, as a DLL.
pub(crate) fn faulty_driver() -> PathBuf {
    drivers().join("faulty.dll")
}

/// A path as a program of Windows is told it.
pub(crate) fn path(unix: &Path) -> String {
    format!("Z:{}", unix.display()).replace('/', r"\")
}

/// A path that such a program told.
pub(crate) fn unix(path: &str) -> PathBuf {
    let path = path.strip_prefix("Z:").unwrap_or_else(|| panic!("not below /: {path}"));
    path.replace('\\', "/").into()
}

/// One of our programs.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new("wine");
    command.arg(programs().expect("looked at before").join(format!("{name}.exe")));
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `chopmark.exe` in the desk's home, for a program to read.
pub(crate) fn chopmark(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = program("chopmark");
    command.args(["--home", &path(&desk.home()), "--json", "--batch", "--lang", "en"]).args(arguments);
    command
}

/// The same to its end.
pub(crate) fn run(desk: &Desk, arguments: &[&str]) -> Ran {
    finish(chopmark(desk, arguments).spawn().expect("wine starts"))
}

/// The order of an enrolment with the two codes; the rest is `more`.
pub(crate) fn order(desk: &Desk, ca: &Ca, codes: &Codes, more: &[&str]) -> Vec<String> {
    let code = path(Path::new(&desk.write("code", &codes.authorization_code)));
    let order = ["enroll", "--ca", &path(&ca.profile), "--reference", &codes.reference, "--code-file", &code];
    [&order, more].concat().into_iter().map(str::to_owned).collect()
}

/// The prefix has one certificate store and one set of keys: one test at a time has them.
static STORE: Mutex<()> = Mutex::new(());

/// Every certificate and key is taken out of the prefix, before and after.
pub(crate) struct Empty(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Empty {
    pub(crate) fn store() -> Empty {
        let guard = STORE.lock().unwrap_or_else(PoisonError::into_inner);
        empty();
        Empty(guard)
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        empty();
    }
}

pub(crate) fn empty() {
    for key in [r"HKCU\Software\Microsoft\SystemCertificates", r"HKCU\Software\Wine\Crypto"] {
        // What is not there cannot be deleted, which is right as well.
        let _ = Command::new("wine").args(["reg", "delete", key, "/f"]).output();
    }
}

/// tests/windows/bind.c, compiled, which knows nothing of us: what it says.
pub(crate) fn binder(arguments: &[&str]) -> String {
    run_program(Command::new("wine").arg(drivers().join("bind.exe")).args(arguments))
}
