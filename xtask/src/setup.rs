//! `cargo xtask setup`: installs what is missing, and only that.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::{fs, process::Command};

/// What the machine is to be made ready for; each contains the one above it where it needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum For {
    /// Building the window.
    Build,
    /// The demo with its window.
    Demo,
    /// The demo in the terminal: no window, so no WebKitGTK and no npm.
    HeadlessDemo,
    /// All rings that need no more than apt, npm and crates.io.
    Test,
    /// The rings with foreign peers built from source, and what `Cross` is for.
    Interop,
    /// Building for Windows and running that here, and type-checking for macOS.
    Cross,
}

const BUILD: &[&str] = &["libwebkit2gtk-4.1-dev", "build-essential", "pkg-config"];
/// What the terminal programs are built with: bundled SQLite and aws-lc want a C compiler.
const BUILD_HEADLESS: &[&str] = &["build-essential", "pkg-config"];
const DEMO: &[&str] = &["softhsm2"];
/// imagemagick for pictures of the window, fonts for the Chinese text; NSS is this computer's store, its tools and Java's judge copies
/// and stores; from knot on: domains to prove, and what looks at them, servers that use exported files (and OpenSSL's way to a token),
/// what makes and reads letters and scans; and a CA that speaks ACME.
const TEST: &[&str] = &[
    "softhsm2",
    "opensc",
    "openssl",
    "xvfb",
    "webkit2gtk-driver",
    "dbus",
    "imagemagick",
    "fonts-noto-cjk",
    "libnss3",
    "libnss3-tools",
    "openjdk-17-jre-headless",
    "knot",
    "unbound",
    "dnsmasq-base",
    "nginx-light",
    "apache2-bin",
    "qpdf",
    "poppler-utils",
    "libtiff-tools",
    "unzip",
    "libengine-pkcs11-openssl",
    "bind9-dnsutils",
    "curl",
    "pebble",
];
/// The ring `browsers`: both of them, what types a PIN into a dialog.
const BROWSERS: &[&str] = &["chromium", "firefox-esr", "openbox", "xdotool", "util-linux"];
/// kryoptic: bindgen wants libclang; it links the system's OpenSSL and SQLite. The CA on Bouncy Castle: its libraries, a JDK. Tokens:
/// readers and drivers for the virtual cards, a TPM in software.
const INTEROP: &[&str] = &[
    "libclang-dev",
    "libssl-dev",
    "libsqlite3-dev",
    "openjdk-17-jdk-headless",
    "libbcprov-java",
    "libbcpkix-java",
    "libbcutil-java",
    "pcscd",
    "vsmartcard-vpcd",
    "ykcs11",
    "libtpm2-pkcs11-1",
    "libtss2-tcti-tabrmd0",
    "swtpm",
    "tpm2-abrmd",
];

/// A compiler of which Debian has the standard library's source as well (rustup's own comes from another host), a C compiler
/// and linker for Windows, and Wine. `wine64` alone has no starter in PATH.
const CROSS: &[&str] = &[
    "rustc-web",
    "rust-web-src",
    "gcc-mingw-w64-x86-64-posix",
    "g++-mingw-w64-x86-64-posix",
    "wine",
    "wine64",
    "osslsigncode",
];

impl For {
    fn packages(self) -> Vec<&'static str> {
        match self {
            For::Build => BUILD.to_vec(),
            For::Demo => [BUILD, DEMO].concat(),
            For::HeadlessDemo => [BUILD_HEADLESS, DEMO].concat(),
            For::Test => [BUILD, TEST].concat(),
            For::Interop => [BUILD, TEST, INTEROP, BROWSERS, CROSS].concat(),
            For::Cross => [BUILD, CROSS].concat(),
        }
    }
}

/// Makes the machine ready; asks before it uses apt unless `yes`.
pub(crate) fn setup(purpose: For, yes: bool) -> Result<()> {
    apt(&purpose.packages(), yes)?;
    if purpose != For::HeadlessDemo {
        node()?;
        node_modules()?;
    }
    Ok(())
}

/// What `demo --orders` needs besides: a name server and a web server.
pub(crate) fn for_orders(yes: bool) -> Result<()> {
    apt(&["knot", "nginx-light"], yes)
}

fn apt(packages: &[&str], yes: bool) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(()); // The system's own webview is there, and what else is missing its user of it will say.
    }
    if shell::find("apt-get").is_none() || shell::find("dpkg-query").is_none() {
        eprintln!(
            "This system has no apt. Please install by hand what these Debian packages hold, where it is missing:\n  {}",
            packages.join(" ")
        );
        return Ok(());
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = shell::output(Command::new("id").arg("-u"))? == "0";
    let by_hand =
        format!("{}apt-get install -y --no-install-recommends {}", if root { "" } else { "sudo " }, missing.join(" "));
    if !yes && !shell::confirm(&format!("Missing packages: {}\nInstall them with apt?", missing.join(" ")))? {
        bail!("missing packages; install them with --yes, or by hand:\n  {by_hand}");
    }
    let apt_get = || {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            // sudo cleans the environment, so the switch goes through `env`.
            command.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300"]);
        command
    };
    // A foreign source that cannot be reached must not stop us: what counts is whether the install works.
    if let Err(error) = shell::run(apt_get().args(["-qq", "update"])) {
        eprintln!("warning: {error}");
    }
    shell::run(apt_get().args(["-qq", "install", "-y", "--no-install-recommends"]).args(&missing))
}

/// Asked one by one: dpkg-query fails as a whole when it does not know one of several names.
fn installed(package: &str) -> bool {
    shell::output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}\n", package]))
        .is_ok_and(|status| status.lines().any(|line| line == "installed"))
}

fn node() -> Result<()> {
    let version = shell::output(Command::new("node").arg("--version"))
        .context("Node.js 20 or newer is needed to build the window (https://nodejs.org)")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 20) {
        bail!("Node.js 20 or newer is needed to build the window; this one is {version}");
    }
    Ok(())
}

/// `npm ci`, but only when package-lock.json is newer than what npm last installed.
fn node_modules() -> Result<()> {
    let ui = shell::root().join("ui");
    let changed = |file: &str| fs::metadata(ui.join(file)).and_then(|data| data.modified()).ok();
    match (changed("package-lock.json"), changed("node_modules/.package-lock.json")) {
        (None, _) => Ok(()), // no UI in this checkout
        (Some(wanted), Some(installed)) if wanted <= installed => Ok(()),
        _ => shell::run(shell::npm().args(["ci", "--no-audit", "--no-fund"])),
    }
}
