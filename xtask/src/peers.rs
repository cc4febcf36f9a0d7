//! Programs that nobody here wrote and that judge ours: built or fetched once, then kept in the user's cache.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// The second PKCS#11 module of the token ring, and the first that really locks a PIN.
const KRYOPTIC: &str = "1.5.4";
const CARGO_DENY: &str = "0.20.2";
/// Newest first. What the system has is a peer too, but an old one.
const OPENSSL_SUITES: [&str; 2] = ["sid", "trixie"];
const OPENSSL_PACKAGES: [&str; 7] =
    ["openssl", "libssl3t64", "openssl-provider-legacy", "libc6", "libzstd1", "zlib1g", "libgcc-s1"];

/// `libkryoptic_pkcs11.so`, built from the crate's own source.
///
/// The crate is a cdylib, which `cargo install` does not install: a throw-away package that names it makes cargo fetch and
/// check the source, and the build runs in a copy of that.
pub(crate) fn kryoptic() -> Result<PathBuf> {
    let module = shell::cache()?.join("kryoptic").join(KRYOPTIC).join("libkryoptic_pkcs11.so");
    if module.is_file() {
        return Ok(module);
    }
    eprintln!("Building kryoptic {KRYOPTIC} (about two minutes; kept in {})", module.display());
    let started = Instant::now();
    let work = work_folder("kryoptic")?;
    let source = work.path().join("source");
    copy_folder(&crate_source(work.path(), "kryoptic", KRYOPTIC)?, &source)?;
    shell::run(
        shell::cargo()
            .current_dir(&source)
            .env("CARGO_TARGET_DIR", work.path().join("target"))
            // `minimal`: the default features want OpenSSL 3.2. `dynamic`: the system's libcrypto, no OpenSSL source.
            .args(["build", "--quiet", "--release", "--lib", "--no-default-features"])
            .args(["--features", "minimal,kryoptic-lib/dynamic"]),
    )?;
    put(&work.path().join("target/release/libkryoptic_pkcs11.so"), &module)?;
    eprintln!("kryoptic {KRYOPTIC} built in {:.0} s", started.elapsed().as_secs_f32());
    Ok(module)
}

/// `chopmark-virtual-card`, built from tests/virtual-card. Its folder in the cache is named after its source, so that a change is seen.
pub(crate) fn virtual_card() -> Result<PathBuf> {
    let source = shell::root().join("tests/virtual-card");
    let mut digest = std::hash::DefaultHasher::new();
    for name in ["Cargo.toml", "Cargo.lock", "src/main.rs", "src/apdu.rs", "src/platform.rs", "src/reader.rs"] {
        fs::read(source.join(name)).with_context(|| format!("cannot read {name}"))?.hash(&mut digest);
    }
    let folder = shell::cache()?.join("virtual-card");
    let program = folder.join(format!("{:016x}", digest.finish())).join("chopmark-virtual-card");
    if program.is_file() {
        return Ok(program);
    }
    eprintln!("Building the virtual cards (about five minutes; kept in {})", program.display());
    let started = Instant::now();
    // The dependencies stay: a change of the glue costs seconds.
    let target = folder.join("target");
    shell::run(
        shell::cargo().current_dir(&source).env("CARGO_TARGET_DIR", &target).args(["build", "--quiet", "--locked"]),
    )?;
    put(&target.join("debug/chopmark-virtual-card"), &program)?;
    eprintln!("Virtual cards built in {:.0} s", started.elapsed().as_secs_f32());
    Ok(program)
}

/// A current `openssl` command beside the system's: a script that starts it from unpacked Debian packages.
///
/// Its libraries want a newer glibc than the system's, so it goes through its own release's dynamic loader.
pub(crate) fn openssl() -> Result<PathBuf> {
    let folder = shell::cache()?.join("openssl");
    if let Some(script) =
        OPENSSL_SUITES.iter().map(|suite| folder.join(suite).join("openssl")).find(|file| file.is_file())
    {
        return Ok(script);
    }
    let mirror = debian_mirror()?;
    let mut failure = None;
    for suite in OPENSSL_SUITES {
        eprintln!("Fetching OpenSSL from Debian {suite}");
        match unpack_openssl(&mirror, suite, &folder.join(suite)) {
            Ok(script) => return Ok(script),
            Err(error) => failure = Some(error.context(format!("OpenSSL of Debian {suite}"))),
        }
    }
    Err(failure.expect("there is a suite"))
}

fn unpack_openssl(mirror: &str, suite: &str, folder: &Path) -> Result<PathBuf> {
    let work = work_folder("openssl")?;
    let dir = work.path();
    for sub in ["state/lists/partial", "cache/archives/partial", "root"] {
        fs::create_dir_all(dir.join(sub))?;
    }
    fs::write(dir.join("status"), "")?;
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    fs::write(dir.join("sources.list"), format!("deb [signed-by={keyring}] {mirror} {suite} main\n"))?;
    let shown = dir.display();
    fs::write(
        dir.join("apt.conf"),
        format!(
            "Dir::Etc::sourcelist \"{shown}/sources.list\";\nDir::Etc::sourceparts \"-\";\nDir::State \"{shown}/state\";\n\
             Dir::State::status \"{shown}/status\";\nDir::Cache \"{shown}/cache\";\nAPT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\n"
        ),
    )?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(dir).env("APT_CONFIG", dir.join("apt.conf")).arg("-qq").args(arguments);
        shell::output(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["download"][..], &OPENSSL_PACKAGES].concat())?;
    for file in fs::read_dir(dir)? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            shell::output(Command::new("dpkg-deb").arg("-x").arg(&file).arg(dir.join("root")))?;
        }
    }
    let (library, loader) = dynamic_loader(&dir.join("root/usr/lib"))?;
    let library = library.strip_prefix(dir)?;

    if folder.exists() {
        fs::remove_dir_all(folder)?; // a half one from a run that was killed
    }
    fs::create_dir_all(folder)?;
    fs::rename(dir.join("root"), folder.join("root"))?;
    let here = folder.display();
    let library = library.display();
    let script = folder.join("openssl");
    let text = format!(
        "#!/bin/sh\n# Written by `cargo xtask interop`: OpenSSL of Debian {suite}, unpacked beside this file.\n\
         here='{here}'\nlib=\"$here/{library}\"\nexport OPENSSL_MODULES=\"$lib/ossl-modules\"\n\
         export OPENSSL_CONF=\"${{OPENSSL_CONF:-$here/root/etc/ssl/openssl.cnf}}\"\n\
         exec \"$lib/{loader}\" --library-path \"$lib\" \"$here/root/usr/bin/openssl\" \"$@\"\n"
    );
    // Tried before it gets its final name: that name says "ready" to later runs.
    let draft = folder.join("openssl.draft");
    fs::write(&draft, text)?;
    let version = shell::output(Command::new("sh").arg(&draft).arg("version"))?;
    shell::output(Command::new("chmod").arg("755").arg(&draft))?;
    fs::rename(&draft, &script)?;
    eprintln!("{version} is at {}", script.display());
    Ok(script)
}

/// The architecture's library folder, and the name of the dynamic loader in it.
fn dynamic_loader(usr_lib: &Path) -> Result<(PathBuf, String)> {
    for folder in fs::read_dir(usr_lib)? {
        let folder = folder?.path();
        if folder.join("libcrypto.so.3").exists() {
            for file in fs::read_dir(&folder)? {
                let name = file?.file_name().to_string_lossy().into_owned();
                if name.starts_with("ld-linux") {
                    return Ok((folder, name));
                }
            }
        }
    }
    bail!("the packages hold no libcrypto.so.3 beside a dynamic loader")
}

/// The mirror this system takes Debian from; the project names no host.
fn debian_mirror() -> Result<String> {
    for program in ["apt-get", "dpkg-deb"] {
        if shell::find(program).is_none() {
            bail!("no {program} on this system");
        }
    }
    let targets = shell::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(ORIGIN) $(REPO_URI)",
        "Identifier: Packages",
    ]))?;
    targets
        .lines()
        .filter_map(|line| line.strip_prefix("Debian "))
        .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .context("this system takes its packages from no Debian mirror")
}

/// The folder with `cargo-deny`, installed into the cache.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let root = shell::cache()?.join("tools").join(format!("cargo-deny-{CARGO_DENY}"));
    let program = root.join("bin").join(format!("cargo-deny{}", env::consts::EXE_SUFFIX));
    if !program.is_file() {
        eprintln!("Building cargo-deny {CARGO_DENY} (some minutes; kept in {})", program.display());
        let work = work_folder("cargo-deny")?;
        shell::run(
            shell::cargo()
                .current_dir(work.path())
                // It runs for seconds: built for speed of the build, which takes half of the processor time so.
                .envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")])
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .args(["install", "--quiet", "--locked", "cargo-deny", "--version", CARGO_DENY, "--root"])
                .arg(&root)
                .arg("--target-dir")
                .arg(work.path().join("target")),
        )?;
    }
    Ok(program)
}

/// Where cargo keeps the checked source of a published crate.
fn crate_source(work: &Path, name: &str, version: &str) -> Result<PathBuf> {
    let package = work.join("fetch");
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    fs::write(
        package.join("Cargo.toml"),
        format!(
            "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n\
             {name} = {{ version = \"={version}\", default-features = false, features = [\"minimal\"] }}\n"
        ),
    )?;
    let metadata =
        shell::output(shell::cargo().current_dir(&package).args(["metadata", "--quiet", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == name && package["version"] == version)
        .and_then(|package| package["manifest_path"].as_str())
        .with_context(|| format!("cargo knows no {name} {version}"))?;
    Ok(Path::new(manifest).parent().context("a manifest without a folder")?.to_path_buf())
}

/// A folder for one build, gone afterwards. In the cache and not in /tmp: that may be small, and another file system.
fn work_folder(name: &str) -> Result<tempfile::TempDir> {
    let cache = shell::cache()?;
    fs::create_dir_all(&cache)?;
    Ok(tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(cache)?)
}

/// Two runs may build at the same time: the last step is a rename, so nobody sees half a file.
fn put(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("a file without a folder")?)?;
    fs::rename(from, to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
