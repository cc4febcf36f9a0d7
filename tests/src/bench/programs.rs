//! Our own programs, as they were built beside the running test, and the foreign ones that judge them.

use std::{
    env::consts::EXE_SUFFIX,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// A built program: `chopmark`, `chopmark-token-helper`, `chopmark-demo-ca`.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let path = folder.join(format!("{name}{EXE_SUFFIX}"));
    assert!(
        path.is_file(),
        "{} is missing. Build the programs first: cargo build -p chopmark-cli -p token-helper -p chopmark-demo-ca",
        path.display()
    );
    path
}

/// Runs a command to its good end and returns its standard output.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error} (is it installed?)"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A file of this package, in the checkout that is tested now: it may share its target folder with the one that was compiled.
pub fn source(path: &str) -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).join(path)
}

/// Compiles a C file of this package to a shared library, once a test program.
pub fn library(file: &str) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    static COMPILING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
    let source = source(file);
    let name = source.file_stem().expect("a file name").to_string_lossy().into_owned();
    let library = folder.path().join(format!("lib{name}.so"));
    let _one_at_a_time = COMPILING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !library.exists() {
        run(Command::new("cc").args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&library).arg(&source).arg("-ldl"));
    }
    library
}

/// A driver that is another one with its environment set (tests/faulty-module/behind.c).
pub fn behind(library: &Path, module: &Path, name: &str, value: &str) {
    let source = source("faulty-module/behind.c");
    let define = |name: &str, value: &str| format!("-D{name}=\"{value}\"");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-Wall"]).arg(define("MODULE", &module.display().to_string()));
    cc.arg(define("NAME", name)).arg(define("VALUE", value)).arg("-o").arg(library).arg(source).arg("-ldl");
    run(&mut cc);
}

/// The driver that misbehaves on demand (tests/faulty-module).
pub fn faulty_module() -> PathBuf {
    library("faulty-module/faulty.c")
}
