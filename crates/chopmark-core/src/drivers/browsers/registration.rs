//! A driver in a database's list of modules (`pkcs11.txt`), which is what `modutil` does: blocks of `name=value` lines, one for each
//! module, with an empty line between them.
//!
//! Programs read the list when they start and rewrite it only when their own list is changed by hand. So: one of us at a time, the file
//! as it was kept beside it, the new one whole or not at all, and only if nobody else has changed it meanwhile.

use std::{fs, path::Path};

use super::{Database, LIST, read};
use crate::{
    error::{Code, Error, Result},
    files,
};

/// What the list was before our last change.
const KEPT: &str = "pkcs11.txt.before-chopmark";

impl Database {
    /// Adds the driver; `false`: it is there already. `name` is what the program's own dialog shows.
    pub(crate) fn register(&self, driver: &Path, name: &str) -> Result<bool> {
        self.change(|text| {
            if blocks(text).any(|block| is_of(block, driver)) {
                return None;
            }
            let library = driver.to_str().filter(|path| !path.chars().any(char::is_control))?;
            Some(format!("{}\n\nlibrary={library}\nname={}\n\n", text.trim_end(), free_name(text, name)))
        })
    }

    /// What stands there of the driver; [`Database::restore`] puts it back.
    pub(crate) fn block(&self, driver: &Path) -> Result<Option<String>> {
        let path = self.folder.join(LIST);
        let text = if path.exists() { read(&path).ok_or_else(|| self.unusable())? } else { String::new() };
        Ok(blocks(&text).find(|block| is_of(block, driver)).map(str::to_owned))
    }

    /// Takes the driver out; `false`: it is not there.
    pub(crate) fn unregister(&self, driver: &Path) -> Result<bool> {
        self.change(|text| {
            let (gone, kept): (Vec<&str>, Vec<&str>) = blocks(text).partition(|block| is_of(block, driver));
            (!gone.is_empty()).then(|| kept.iter().map(|block| format!("{block}\n\n")).collect())
        })
    }

    /// Puts a block back, as it was.
    pub(crate) fn restore(&self, block: &str) -> Result<()> {
        let added = |text: &str| Some(format!("{}\n\n{}\n\n", text.trim_end(), block.trim_end()));
        self.change(|text| if blocks(text).any(|one| one == block.trim()) { None } else { added(text) }).map(|_| ())
    }

    fn unusable(&self) -> Error {
        let error = Error::new(Code::BrowserListUnreadable, "changing a browser's drivers");
        error.with("path", self.folder.join(LIST).display())
    }

    /// `false`: there was nothing to change.
    fn change(&self, change: impl FnOnce(&str) -> Option<String>) -> Result<bool> {
        let path = self.folder.join(LIST);
        // Where folders cannot be locked, the last look below has to do.
        let lock = fs::File::open(&self.folder);
        if let Ok(folder) = &lock {
            let _ = folder.lock();
        }
        let before = match path.exists() {
            true => Some(read(&path).ok_or_else(|| self.unusable())?),
            false => None,
        };
        // A database without a list has NSS's own module only.
        let text = before.clone().unwrap_or_else(|| own_module(&self.folder));
        let Some(after) = change(&text) else { return Ok(false) };
        if let Some(before) = &before {
            files::write_whole(&self.folder.join(KEPT), before.as_bytes(), true)?;
        }
        if path.exists().then(|| read(&path)).flatten() != before {
            return Err(self.unusable());
        }
        files::write_whole(&path, after.as_bytes(), true)?;
        Ok(true)
    }
}

/// The blocks, without the empty lines between them.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").map(str::trim).filter(|block| !block.is_empty())
}

fn value<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    block.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))
}

fn is_of(block: &str, driver: &Path) -> bool {
    let Some(library) = value(block, "library").map(|value| value.trim().trim_matches('"')) else { return false };
    files::is_same(Path::new(library), driver)
}

/// Programs tell modules apart by their names.
fn free_name(text: &str, wanted: &str) -> String {
    let taken: Vec<&str> = blocks(text).filter_map(|block| value(block, "name")).collect();
    let plain: String = wanted.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\'' | '\\')).collect();
    let numbered = (2..).map(|number| format!("{plain} {number}"));
    let name = std::iter::once(plain.clone()).chain(numbered).find(|name| !taken.contains(&name.as_str()));
    name.unwrap_or(plain)
}

/// As `certutil -N` writes it.
fn own_module(folder: &Path) -> String {
    format!(
        "library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:{}' certPrefix='' keyPrefix='' \
         secmod='secmod.db' flags= updatedir='' updateCertPrefix='' updateKeyPrefix='' updateid='' \
         updateTokenDescription='' \nNSS=Flags=internal,critical trustOrder=75 cipherOrder=100 \
         slotParams=(1={{slotFlags=[ECC,RSA,DSA,DH,RC2,RC4,DES,RANDOM,SHA1,MD5,MD2,SSL,TLS,AES,Camellia,SEED,SHA256,SHA512] \
         askpw=any timeout=30}})\n\n",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_comes_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::shared(folder.path().to_owned(), "");
        let list = folder.path().join(LIST);
        let driver = folder.path().join("lib soft.so");
        fs::write(&driver, "").unwrap();
        for before in [
            "library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal\n\nlibrary=/a.so\nname=Soft\n\n",
            "library=\nname=NSS Internal PKCS #11 Module\n\nlibrary=/a.so\nname=Soft",
        ] {
            fs::write(&list, before).unwrap();
            assert!(database.register(&driver, "So\"ft\n").unwrap());
            let text = fs::read_to_string(&list).unwrap();
            assert_eq!(blocks(&text).count(), 3, "{text}");
            assert!(text.contains("name=Soft 2"), "{text}");
            assert_eq!(fs::read_to_string(folder.path().join(KEPT)).unwrap(), before);
            assert!(!database.register(&driver, "again").unwrap());
            assert_eq!(database.modules(), ["/a.so".to_owned(), driver.display().to_string()]);
            let taken = database.block(&driver).unwrap().unwrap();
            assert!(database.unregister(&driver).unwrap());
            assert_eq!(database.modules(), ["/a.so"]);
            assert!(!database.unregister(&driver).unwrap());
            assert_eq!(database.block(&driver).unwrap(), None);
            database.restore(&taken).unwrap();
            database.restore(&taken).unwrap();
            assert_eq!(fs::read_to_string(&list).unwrap(), text);
        }
    }

    #[test]
    fn a_list_that_is_missing_begins_with_the_module_of_nss() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::shared(folder.path().to_owned(), "");
        assert!(database.register(Path::new("/a.so"), "A").unwrap());
        let text = fs::read_to_string(folder.path().join(LIST)).unwrap();
        assert!(text.starts_with("library=\nname=NSS Internal"), "{text}");
        assert_eq!(database.modules(), ["/a.so"]);
        // Not text, or far too long: nothing is touched.
        fs::write(folder.path().join(LIST), [0xff, 0xfe]).unwrap();
        assert_eq!(database.register(Path::new("/b.so"), "B").unwrap_err().code, Code::BrowserListUnreadable);
        assert_eq!(fs::read(folder.path().join(LIST)).unwrap(), [0xff, 0xfe]);
    }
}
