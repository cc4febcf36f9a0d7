//! Secrets from files and standard input. They are wiped when dropped and never repeated in an error.

use std::{
    fs::File,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use chopmark_core::{
    error::{Code, Error, Result},
    ui::Secret,
};
use zeroize::Zeroizing;

use crate::args::{CareSecrets, Everywhere, Import, PlaceSecrets, SecretFiles};

/// No code, PIN or password is longer.
const LONGEST: u64 = 1024;

/// The secrets that were given beforehand, and the answers.
#[derive(Default)]
pub(crate) struct Given {
    pub code: Option<Secret>,
    pub pin: Option<Secret>,
    /// The security officer's.
    pub so_pin: Option<Secret>,
    pub new_pin: Option<Secret>,
    pub new_so_pin: Option<Secret>,
    /// Says that a removal is meant.
    pub confirm_label: Option<String>,
    pub password: Option<Secret>,
    /// Of a file to be written, where it is another.
    pub new_password: Option<Secret>,
    /// Of this computer's store, where it is another.
    pub store_password: Option<Secret>,
    pub proxy_password: Option<Secret>,
    pub tls_password: Option<Secret>,
    /// Codes are sent as they are.
    pub code_as_is: bool,
    /// Another kind of MAC may be used.
    pub fallback_protection: bool,
    /// This computer's store may trust the CA's root.
    pub trust_root: bool,
}

impl Given {
    /// Reads what the flags name.
    pub(crate) fn read(files: &SecretFiles, everywhere: &Everywhere, can_ask: bool) -> Result<Given> {
        let files = [
            &files.code_file,
            &files.place.pin_file,
            &files.place.so_pin_file,
            &files.place.password_file,
            &everywhere.proxy_password_file,
            &everywhere.tls_password_file,
        ];
        let [code, pin, so_pin, password, proxy_password, tls_password] = read_all(files, can_ask)?;
        Ok(Given {
            code,
            pin,
            so_pin,
            password,
            proxy_password,
            tls_password,
            code_as_is: everywhere.code_as_is,
            fallback_protection: everywhere.fallback_protection,
            trust_root: everywhere.trust_root,
            ..Given::default()
        })
    }

    /// What opens a place.
    pub(crate) fn for_place(files: &PlaceSecrets, can_ask: bool) -> Result<Given> {
        let [pin, so_pin, password] = read_all([&files.pin_file, &files.so_pin_file, &files.password_file], can_ask)?;
        Ok(Given { pin, so_pin, password, ..Given::default() })
    }

    /// The passwords for a copy.
    pub(crate) fn for_export(
        password_file: &Option<PathBuf>,
        source_password_file: &Option<PathBuf>,
        can_ask: bool,
    ) -> Result<Given> {
        let [new, old] = read_all([password_file, source_password_file], can_ask)?;
        let password = old.or_else(|| new.as_ref().map(copy));
        Ok(Given { password, new_password: new, ..Given::default() })
    }

    /// What opens the file and the place of an import.
    pub(crate) fn for_import(args: &Import, can_ask: bool) -> Result<Given> {
        let files = [&args.password_file, &args.store_password_file, &args.pin_file, &args.so_pin_file];
        let [password, store_password, pin, so_pin] = read_all(files, can_ask)?;
        Ok(Given { password, store_password, pin, so_pin, ..Given::default() })
    }

    /// The PINs for the care of a token.
    pub(crate) fn for_care(files: &CareSecrets, can_ask: bool) -> Result<Given> {
        let [pin, so_pin, new_pin] = read_all([&files.pin_file, &files.so_pin_file, &files.new_pin_file], can_ask)?;
        Ok(Given { pin, so_pin, new_pin, ..Given::default() })
    }
}

/// What the flags name; `can_ask`: a `-` at a terminal is typed without echo when the time comes.
fn read_all<const N: usize>(files: [&Option<PathBuf>; N], can_ask: bool) -> Result<[Option<Secret>; N]> {
    if files.iter().filter(|file| file.as_deref().is_some_and(is_stdin)).count() > 1 {
        return Err(bad("two-stdin"));
    }
    let typed = can_ask && std::io::stdin().is_terminal();
    let mut secrets = [const { None }; N];
    for (secret, file) in secrets.iter_mut().zip(files) {
        *secret = file.as_deref().filter(|file| !(typed && is_stdin(file))).map(one).transpose()?;
    }
    Ok(secrets)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn bad(reason: &'static str) -> Error {
    Error::new(Code::BadInput, "reading a secret").with("reason", reason)
}

/// The secret in a file or on standard input.
pub(crate) fn one(path: &Path) -> Result<Secret> {
    if is_stdin(path) {
        return take(std::io::stdin().lock());
    }
    let file = File::open(path).map_err(|source| bad("secret-unreadable").because(source));
    file.and_then(take).map_err(|error| error.with("path", path.display()))
}

fn take(reader: impl Read) -> Result<Secret> {
    // Reserved whole, so that growing leaves no copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    reader.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|source| bad("secret-unreadable").because(source))?;
    check(bytes)
}

/// One line of text; one line end behind it and a byte order mark before it do not count.
fn check(bytes: Zeroizing<Vec<u8>>) -> Result<Secret> {
    if bytes.len() as u64 > LONGEST {
        return Err(bad("secret-too-long"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("secret-not-text"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if text.is_empty() {
        return Err(bad("secret-empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(bad("secret-not-text"));
    }
    Ok(Secret::new(text.to_owned()))
}

/// A second copy, for a question that comes again.
pub(crate) fn copy(secret: &Secret) -> Secret {
    Secret::new(secret.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> std::result::Result<String, String> {
        take(bytes).map(|s| s.expose().to_owned()).map_err(|e| e.facts["reason"].clone())
    }

    #[test]
    fn one_line_end_is_cut() {
        assert_eq!(text(b"1234\n").unwrap(), "1234");
        assert_eq!(text(b"1234\r\n").unwrap(), "1234");
        assert_eq!(text(b" 12 34 ").unwrap(), " 12 34 ");
        assert_eq!(text("\u{feff}口令\n".as_bytes()).unwrap(), "口令");
        assert_eq!(text(b"1234\n\n").unwrap_err(), "secret-not-text");
        assert_eq!(text(b"\n").unwrap_err(), "secret-empty");
        assert_eq!(text(b"\xff\xfe1\x002\x00").unwrap_err(), "secret-not-text");
        assert_eq!(text(&[b'1'; 1025]).unwrap_err(), "secret-too-long");
    }
}
