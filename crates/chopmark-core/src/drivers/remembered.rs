//! The driver that a person has chosen for a token, in `HOME/choices.toml`.
//!
//! A token is remembered by its serial number (`serial:…`), as each driver tells it; one that tells none by what it is (`usb:vid:pid`,
//! `atr:…`, `label:…`). A file that cannot be read is one without choices: the next choice replaces it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::facts::Choice;
use crate::{
    error::{Code, Error, Result},
    files::write_whole,
};

/// Longest file read.
const LONGEST: u64 = 1024 * 1024;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    #[serde(default)]
    choice: Vec<Kept>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    driver: String,
    token: Vec<String>,
}

/// The choices kept below this home.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    file: PathBuf,
}

impl Remembered {
    pub(crate) fn at(home: &Path) -> Remembered {
        Remembered { file: home.join("choices.toml") }
    }

    /// All choices.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        let choice = |kept: Kept| {
            let mut ids = kept.token.into_iter();
            Some(Choice { token: ids.next()?, others: ids.collect(), driver: kept.driver })
        };
        self.read().choice.into_iter().filter_map(choice).collect()
    }

    /// The ids of the token that is kept under one of them.
    pub(crate) fn ids(&self, id: &str) -> Option<Vec<String>> {
        let kept = self.read().choice.into_iter().find(|kept| kept.token.iter().any(|its| its == id))?;
        Some(kept.token)
    }

    /// Keeps the driver for the token with these ids, instead of what was kept for any of them.
    pub(crate) fn keep(&self, ids: &[String], driver: &str) -> Result<()> {
        let mut document = self.without(ids);
        document.choice.push(Kept { driver: driver.to_owned(), token: ids.to_vec() });
        self.write(&document)
    }

    /// Forgets what was kept for the token; `false`: there was nothing.
    pub(crate) fn forget(&self, ids: &[String]) -> Result<bool> {
        let before = self.read().choice.len();
        let document = self.without(ids);
        let forgotten = document.choice.len() < before;
        if forgotten {
            self.write(&document)?;
        }
        Ok(forgotten)
    }

    fn without(&self, ids: &[String]) -> Document {
        let mut document = self.read();
        document.choice.retain(|kept| !kept.token.iter().any(|id| ids.contains(id)));
        document
    }

    fn read(&self) -> Document {
        let readable = std::fs::metadata(&self.file).is_ok_and(|its| its.is_file() && its.len() <= LONGEST);
        let text = readable.then(|| std::fs::read_to_string(&self.file).ok()).flatten();
        text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
    }

    fn write(&self, document: &Document) -> Result<()> {
        let text = toml::to_string(document)
            .map_err(|error| Error::new(Code::Internal, "keeping the choice of a driver").because(error))?;
        write_whole(&self.file, text.as_bytes(), true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_and_forgets() {
        let home = tempfile::tempdir().unwrap();
        let remembered = Remembered::at(home.path());
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let all = || {
            let choices = Remembered::at(home.path()).choices();
            let ids = |one: &Choice| [vec![one.token.clone()], one.others.clone()].concat().join(",");
            choices.iter().map(|one| format!("{}={}", ids(one), one.driver)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(all(), "");
        remembered.keep(&ids(&["serial:1", "serial:0a"]), "/a.so").unwrap();
        remembered.keep(&ids(&["usb:1050:0407"]), "/b.so").unwrap();
        assert_eq!(all(), "serial:1,serial:0a=/a.so usb:1050:0407=/b.so");
        assert_eq!(remembered.ids("serial:0a"), Some(ids(&["serial:1", "serial:0a"])));
        remembered.keep(&ids(&["serial:0a"]), "/c.so").unwrap();
        assert_eq!(all(), "usb:1050:0407=/b.so serial:0a=/c.so");
        assert!(!remembered.forget(&ids(&["serial:1"])).unwrap());
        assert!(remembered.forget(&ids(&["serial:0a"])).unwrap());
        std::fs::write(home.path().join("choices.toml"), "[[choice").unwrap();
        assert_eq!(all(), "");
        remembered.keep(&ids(&["atr:3B"]), "/d.so").unwrap();
        assert_eq!(all(), "atr:3B=/d.so");
    }
}
