//! Wine: a prefix of its own in the cache, and what Wine 8 lacks put into it.

use crate::shell;
use anyhow::{Context, Result};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Wine 8 has no `bcryptprimitives.dll`, from which Rust's standard library takes its randomness; Wine 10 has.
const RANDOMNESS: &str = r"#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size)
{
    while (size) {
        ULONG part = size > 0x10000000 ? 0x10000000 : (ULONG)size;
        if (!RtlGenRandom(bytes, part)) return FALSE;
        bytes += part;
        size -= part;
    }
    return TRUE;
}
";

/// Makes a command (or what it starts) run programs of Windows.
pub(super) fn runs(command: &mut Command) -> Result<()> {
    let prefix = super::folder()?.join("wine");
    let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !library.is_file() {
        eprintln!("Making a Wine prefix (700 MB; kept in {})", prefix.display());
        fs::create_dir_all(&prefix)?;
        shell::run(within(&mut Command::new("wine"), &prefix).args(["wineboot", "--init"]))?;
        shell::run(within(&mut Command::new("wineserver"), &prefix).arg("--wait"))?;
        if !library.is_file() {
            let source = prefix.join("randomness.c");
            fs::write(&source, RANDOMNESS)?;
            let mut compiler = Command::new(super::LINKER);
            compiler.args(["-shared", "-O2", "-o"]).arg(&library).arg(&source).arg("-ladvapi32");
            shell::run(&mut compiler).context("the randomness that Wine lacks")?;
        }
    }
    // Or it ends whenever nothing runs for a moment, and what starts just then is refused. It ends by itself afterwards.
    let mut server = Command::new("wineserver");
    server.arg("--persistent=120").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A failure: it runs already.
    let _ = within(&mut server, &prefix).status();
    within(command, &prefix).env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine");
    Ok(())
}

/// A path as a program of Windows is told it.
pub(super) fn path(unix: &Path) -> String {
    format!("Z:{}", unix.display()).replace('/', r"\")
}

fn within<'a>(command: &'a mut Command, prefix: &Path) -> &'a mut Command {
    command.env("WINEPREFIX", prefix).env("WINEARCH", "win64").env("WINEDEBUG", "-all");
    // Or Wine asks whether to fetch .NET and a browser, and starts a debugger for what crashes.
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml,winedbg.exe=")
}
