//! Repairs: what the check-up offers to do with one button. Only what can be taken back is offered, and what was done is
//! written down in HOME before it is done.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    clock,
    drivers::Database,
    error::{Code, Error, Result},
    files,
    journal::hex,
};

const DOING: &str = "repairing";
/// Longest record read, bytes.
const LONGEST: u64 = 1024 * 1024;
/// Ending of a file that was set aside.
const ASIDE: &str = "set-aside";

/// A repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Repair {
    /// Remember a driver for a token.
    ChooseDriver {
        /// The token.
        token: String,
        /// File of the driver.
        driver: String,
    },
    /// Forget the driver remembered for a token.
    ForgetChoice {
        /// The token.
        token: String,
        /// What else it is called.
        others: Vec<String>,
        /// File of the driver.
        driver: String,
    },
    /// Rename a file of added drivers that cannot be read, so that it is not looked at any more.
    SetAside {
        /// The file.
        path: String,
    },
    /// Let a certificate of Windows' store name the provider that really has its key.
    BindCertificate {
        /// SHA-256 fingerprint.
        certificate: String,
        /// The provider.
        provider: String,
        /// Its type; 0 for a KSP.
        provider_type: u32,
    },
    /// Put a driver into the list of a browser's database.
    RegisterDriver {
        /// Folder of the database.
        database: String,
        /// What the browser is called.
        browser: String,
        /// File of the driver.
        driver: String,
        /// What its dialog will call it.
        name: String,
    },
    /// Take a driver out of that list.
    UnregisterDriver {
        /// Folder of the database.
        database: String,
        /// What the browser is called.
        browser: String,
        /// File of the driver.
        driver: String,
    },
    /// `DisableCapiOverrideForRSA = 0`: old programs get at RSA keys of smart cards again (CVE-2024-30098).
    AllowCapiForRsa,
}

impl Repair {
    /// Stable word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Repair::ChooseDriver { .. } => "choose-driver",
            Repair::ForgetChoice { .. } => "forget-choice",
            Repair::SetAside { .. } => "set-aside",
            Repair::BindCertificate { .. } => "bind-certificate",
            Repair::RegisterDriver { .. } => "register-driver",
            Repair::UnregisterDriver { .. } => "unregister-driver",
            Repair::AllowCapiForRsa => "allow-capi",
        }
    }

    /// Names this very repair, short enough to be typed.
    pub(crate) fn id(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        format!("{}-{}", self.word(), hex(&Sha256::digest(text)[..3]))
    }

    /// Facts for its sentence.
    pub(crate) fn about(&self) -> Vec<(&'static str, String)> {
        match self {
            Repair::ChooseDriver { driver, .. } | Repair::ForgetChoice { driver, .. } => {
                vec![("driver", last(driver))]
            }
            Repair::SetAside { path } => vec![("path", last(path))],
            Repair::BindCertificate { provider, .. } => vec![("provider", provider.clone())],
            Repair::RegisterDriver { browser, driver, .. } | Repair::UnregisterDriver { browser, driver, .. } => {
                vec![("driver", last(driver)), ("browser", browser.clone())]
            }
            Repair::AllowCapiForRsa => Vec::new(),
        }
    }
}

/// File name of a path of any system.
fn last(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

/// A repair that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Done {
    /// Names it, for taking it back.
    pub(crate) id: String,
    pub(crate) repair: Repair,
    /// Seconds since 1970.
    pub(crate) at: u64,
    /// What was there before; its meaning depends on the repair.
    pub(crate) before: Option<String>,
}

/// What repairs change.
pub(crate) trait Machine {
    /// The driver remembered for a token.
    fn choice(&self, token: &str) -> Result<Option<String>>;
    /// Remembers one for the token with these ids, or forgets it.
    fn choose(&self, token: &[String], driver: Option<&str>) -> Result<()>;
    /// Where the certificate says that its key is, as [`Machine::set_binding`] takes it.
    fn binding(&self, certificate: &str) -> Result<String>;
    /// Lets it say so again.
    fn set_binding(&self, certificate: &str, binding: &str) -> Result<()>;
    /// Lets it name this provider, which has its key.
    fn bind(&self, certificate: &str, provider: &str, provider_type: u32) -> Result<()>;
    /// `DisableCapiOverrideForRSA`; `None`: not set.
    fn capi_override(&self) -> Result<Option<u32>>;
    /// Sets or removes it.
    fn set_capi_override(&self, value: Option<u32>) -> Result<()>;
}

/// The repairs of one home.
pub(crate) struct Repairs<'a> {
    home: &'a Path,
    machine: &'a dyn Machine,
}

impl Repairs<'_> {
    pub(crate) fn new<'a>(home: &'a Path, machine: &'a dyn Machine) -> Repairs<'a> {
        Repairs { home, machine }
    }

    /// What was done and can be taken back, newest first.
    pub(crate) fn done(&self) -> Result<Vec<Done>> {
        let path = self.record();
        let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(Code::FileNotReadable, DOING).with("path", path.display()).because(cause)
        };
        match fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Ok(about) if about.len() > LONGEST => return Err(unreadable("too large".into())),
            _ => {}
        }
        let text = fs::read(&path).map_err(|error| unreadable(error.into()))?;
        serde_json::from_slice(&text).map_err(|error| unreadable(error.into()))
    }

    /// Does it, after it was written down.
    pub(crate) fn repair(&self, repair: &Repair) -> Result<Done> {
        let before = match repair {
            Repair::ChooseDriver { token, .. } | Repair::ForgetChoice { token, .. } => self.machine.choice(token)?,
            Repair::BindCertificate { certificate, .. } => Some(self.machine.binding(certificate)?),
            Repair::SetAside { .. } | Repair::RegisterDriver { .. } => None,
            // Written down before it is taken out.
            Repair::UnregisterDriver { database, driver, .. } => list(database).block(Path::new(driver))?,
            Repair::AllowCapiForRsa => self.machine.capi_override()?.map(|value| value.to_string()),
        };
        let mut all = self.done()?;
        let used = all.iter().filter_map(|done| done.id.strip_prefix('r')?.parse::<u64>().ok()).max().unwrap_or(0);
        let done = Done { id: format!("r{}", used + 1), repair: repair.clone(), at: clock::now(), before };
        all.insert(0, done.clone());
        self.write(&all)?;
        if let Err(error) = self.make(repair) {
            all.remove(0);
            self.write(&all)?;
            return Err(failed(repair.word(), error));
        }
        Ok(done)
    }

    fn make(&self, repair: &Repair) -> Result<()> {
        match repair {
            Repair::ChooseDriver { token, driver } => self.machine.choose(std::slice::from_ref(token), Some(driver)),
            Repair::ForgetChoice { token, .. } => self.machine.choose(std::slice::from_ref(token), None),
            Repair::SetAside { path } => move_file(Path::new(path), &aside(Path::new(path))),
            Repair::BindCertificate { certificate, provider, provider_type } => {
                self.machine.bind(certificate, provider, *provider_type)
            }
            Repair::RegisterDriver { database, driver, name, .. } => {
                list(database).register(Path::new(driver), name).map(|_| ())
            }
            Repair::UnregisterDriver { database, driver, .. } => {
                list(database).unregister(Path::new(driver)).map(|_| ())
            }
            Repair::AllowCapiForRsa => self.machine.set_capi_override(Some(0)),
        }
    }

    /// Takes one back, and forgets it.
    pub(crate) fn undo(&self, id: &str) -> Result<Done> {
        let mut all = self.done()?;
        let missing = || Error::new(Code::NoSuchFix, "taking a repair back").with("fix", id);
        let at = all.iter().position(|done| done.id == id).ok_or_else(missing)?;
        let done = all[at].clone();
        let undone = match &done.repair {
            Repair::ChooseDriver { token, .. } => {
                self.machine.choose(std::slice::from_ref(token), done.before.as_deref())
            }
            Repair::ForgetChoice { token, others, .. } => {
                self.machine.choose(&[std::slice::from_ref(token), others].concat(), done.before.as_deref())
            }
            Repair::SetAside { path } => move_file(&aside(Path::new(path)), Path::new(path)),
            Repair::BindCertificate { certificate, .. } => {
                self.machine.set_binding(certificate, done.before.as_deref().unwrap_or_default())
            }
            Repair::RegisterDriver { database, driver, .. } => list(database).unregister(Path::new(driver)).map(|_| ()),
            Repair::UnregisterDriver { database, .. } => match &done.before {
                Some(block) => list(database).restore(block),
                None => Ok(()),
            },
            Repair::AllowCapiForRsa => {
                self.machine.set_capi_override(done.before.as_deref().and_then(|value| value.parse().ok()))
            }
        };
        undone.map_err(|error| failed(done.repair.word(), error))?;
        all.remove(at);
        self.write(&all)?;
        Ok(done)
    }

    fn record(&self) -> PathBuf {
        self.home.join("repairs.json")
    }

    fn write(&self, all: &[Done]) -> Result<()> {
        let text = serde_json::to_vec_pretty(all).map_err(|error| Error::new(Code::Internal, DOING).because(error))?;
        files::write_whole(&self.record(), &text, true)
    }
}

fn list(database: &str) -> Database {
    Database::unknown(PathBuf::from(database))
}

fn failed(what: &str, cause: Error) -> Error {
    Error::new(Code::FixFailed, DOING).with("fix", what).because(cause)
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ASIDE);
    path.with_file_name(name)
}

/// Nothing is overwritten.
fn move_file(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(Error::new(Code::FileExists, DOING).with("path", to.display()));
    }
    files::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, collections::BTreeMap};

    #[derive(Default)]
    struct Fake {
        choices: RefCell<BTreeMap<String, String>>,
        bindings: RefCell<BTreeMap<String, String>>,
        capi: RefCell<Option<u32>>,
        refuses: bool,
    }

    impl Machine for Fake {
        fn choice(&self, token: &str) -> Result<Option<String>> {
            Ok(self.choices.borrow().get(token).cloned())
        }

        fn choose(&self, token: &[String], driver: Option<&str>) -> Result<()> {
            match driver {
                Some(driver) => self.choices.borrow_mut().insert(token[0].clone(), driver.into()),
                None => self.choices.borrow_mut().remove(&token[0]),
            };
            Ok(())
        }

        fn binding(&self, certificate: &str) -> Result<String> {
            Ok(self.bindings.borrow().get(certificate).cloned().unwrap_or_default())
        }

        fn set_binding(&self, certificate: &str, binding: &str) -> Result<()> {
            self.bindings.borrow_mut().insert(certificate.into(), binding.into());
            Ok(())
        }

        fn bind(&self, certificate: &str, provider: &str, provider_type: u32) -> Result<()> {
            self.set_binding(certificate, &format!("{provider_type} {provider}"))
        }

        fn capi_override(&self) -> Result<Option<u32>> {
            Ok(*self.capi.borrow())
        }

        fn set_capi_override(&self, value: Option<u32>) -> Result<()> {
            if self.refuses {
                return Err(Error::new(Code::FileNotWritable, "testing"));
            }
            *self.capi.borrow_mut() = value;
            Ok(())
        }
    }

    #[test]
    fn each_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.toml");
        fs::write(&file, "broken").unwrap();
        for capi in [None, Some(1)] {
            let fake = Fake { capi: RefCell::new(capi), ..Fake::default() };
            fake.choose(&["key".to_owned()], Some("/old.so")).unwrap();
            fake.set_binding("cd", "24 A").unwrap();
            let repairs = Repairs::new(folder.path(), &fake);
            let path = file.display().to_string();
            let (token, driver) = ("key".to_owned(), "/new.so".to_owned());
            let database = folder.path().display().to_string();
            let register = Repair::RegisterDriver {
                database,
                browser: "Firefox".into(),
                driver: driver.clone(),
                name: "New".into(),
            };
            for (repair, changed) in [
                (Repair::ChooseDriver { token: token.clone(), driver: driver.clone() }, "Some(\"/new.so\")"),
                (Repair::ForgetChoice { token, others: vec!["usb:1".into()], driver }, "None"),
                (Repair::SetAside { path }, "Some(\"/old.so\")"),
                (
                    Repair::BindCertificate { certificate: "cd".into(), provider: "B".into(), provider_type: 24 },
                    "Some(\"/old.so\")",
                ),
                (register, "Some(\"/old.so\")"),
                (Repair::AllowCapiForRsa, "Some(\"/old.so\")"),
            ] {
                let done = repairs.repair(&repair).unwrap();
                assert_eq!(repairs.done().unwrap(), std::slice::from_ref(&done), "{repair:?}");
                assert_eq!(format!("{:?}", fake.choice("key").unwrap()), changed, "{repair:?}");
                assert_eq!(file.exists(), !matches!(repair, Repair::SetAside { .. }), "{repair:?}");
                assert_eq!(*fake.capi.borrow() == Some(0), repair == Repair::AllowCapiForRsa, "{repair:?}");
                let bound = fake.binding("cd").unwrap() == "24 B";
                assert_eq!(bound, matches!(repair, Repair::BindCertificate { .. }), "{repair:?}");
                repairs.undo(&done.id).unwrap();
                assert_eq!(fake.choice("key").unwrap().as_deref(), Some("/old.so"), "{repair:?}");
                assert!(file.exists() && *fake.capi.borrow() == capi, "{repair:?}");
                assert_eq!(fake.binding("cd").unwrap(), "24 A", "{repair:?}");
                assert_eq!(repairs.done().unwrap(), [], "{repair:?}");
                assert_eq!(repairs.undo(&done.id).unwrap_err().code, Code::NoSuchFix, "{repair:?}");
            }
        }
    }

    #[test]
    fn what_fails_is_not_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake { refuses: true, ..Fake::default() };
        let repairs = Repairs::new(folder.path(), &fake);
        let missing = folder.path().join("missing.toml").display().to_string();
        for repair in [Repair::AllowCapiForRsa, Repair::SetAside { path: missing }] {
            assert_eq!(repairs.repair(&repair).unwrap_err().code, Code::FixFailed, "{repair:?}");
            assert_eq!(repairs.done().unwrap(), [], "{repair:?}");
        }
    }

    #[test]
    fn names_are_stable_and_different() {
        let choose = |driver: &str| Repair::ChooseDriver { token: "t".into(), driver: driver.into() }.id();
        assert_eq!(choose("/a.so"), choose("/a.so"));
        assert_ne!(choose("/a.so"), choose("/b.so"));
    }
}
