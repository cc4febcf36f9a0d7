//! macOS: type-checked only, for which what is written in C need not be compiled.

use crate::shell;
use anyhow::Result;
use std::{fs, path::Path, process::Command};

/// Stands for the C compiler: whatever it is asked to make is there, and empty. cc-rs finds out by `-E` which compiler it is.
const COMPILER: &str = r#"#!/bin/sh
# Written by `cargo xtask cross`.
out= previous= expand= source=
for word; do
    [ "$previous" = -o ] && out=$word
    [ "$word" = -E ] && expand=yes
    case $word in *.c) source=$word ;; esac
    previous=$word
done
[ "$expand" ] && [ "$source" ] && exec cc -E "$source"
[ "$out" ] && : > "$out"
exit 0
"#;
/// Stands for `ar`; the archive is its second argument.
const ARCHIVER: &str = "#!/bin/sh\n# Written by `cargo xtask cross`.\n: > \"${2:-/dev/null}\"\n";

pub(super) fn without_a_compiler(command: &mut Command) -> Result<()> {
    let folder = super::folder()?;
    fs::create_dir_all(&folder)?;
    for (variable, name, text) in [("CC", "cc", COMPILER), ("CXX", "cc", COMPILER), ("AR", "ar", ARCHIVER)] {
        let script = folder.join(format!("no-{name}"));
        write_program(&script, text)?;
        command.env(format!("{variable}_aarch64_apple_darwin"), script);
    }
    Ok(())
}

fn write_program(file: &Path, text: &str) -> Result<()> {
    // Written anew it would look changed to build scripts.
    if fs::read_to_string(file).is_ok_and(|present| present == text) {
        return Ok(());
    }
    fs::write(file, text)?;
    shell::output(Command::new("chmod").arg("755").arg(file)).map(|_| ())
}
