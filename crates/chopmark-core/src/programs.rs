//! Which programs of this computer see a certificate: facts, and one pure function from them to rows. The words are in
//! [`crate::hints::programs`].

mod facts;
mod windows;

use std::path::Path;

pub(crate) use facts::{Around, Kind, Program};

use crate::{
    drivers::Roots,
    exports::Form,
    files::is_same,
    model::{Place, Sight},
};

/// Why a program sees a certificate, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The driver is in its list.
    DriverListed,
    /// p11-kit hands it every driver of its configuration, and this one is among them.
    DriverByP11Kit,
    /// The driver is not in its list.
    DriverNotListed,
    /// It runs in a sandbox, which does not let it load this system's drivers.
    Sandboxed,
    /// The certificate lies in the store that it uses.
    OwnStore,
    /// The certificate lies in another store.
    OtherStore,
    /// Files have to be imported first.
    FileNotImported,
    /// It uses this Mac's keychains, and what CryptoTokenKit shows.
    MacKeychain,
    /// It uses no PKCS#11 drivers: a USB key needs the maker's extension for CryptoTokenKit.
    WantsTokenExtension,
    /// It takes PKCS#12 only, and this is PEM.
    WantsPkcs12,
    /// It reads the file when it is named.
    ReadsFile,
    /// It loads the driver when it is configured.
    DriverConfigured,
    /// It is not configured for the driver.
    DriverNotConfigured,
    /// With a `pkcs11:` address, through what OpenSSL has for that.
    Pkcs11Address,
    /// OpenSSL has nothing for `pkcs11:` addresses.
    NoPkcs11Module,
    /// It reads neither this store nor any other of browsers.
    ReadsNoStore,
    /// It uses what the first profile of Firefox sees, and that one sees it.
    AsFirefox,
    /// It uses what the first profile of Firefox sees, and that one does not.
    AsFirefoxNot,
    /// It uses a profile of Firefox, and there is none.
    NoFirefox,
    /// It uses Windows' store, and the certificate lies there.
    SystemStore,
    /// It uses Windows' store, and files have to be imported there first.
    FileNotInSystemStore,
    /// It uses Windows' store, where a PKCS#11 driver puts nothing.
    TokenNotInSystemStore,
    /// Firefox takes client certificates out of Windows' store.
    FromSystemStore,
    /// Firefox was told not to do so.
    SystemStoreOff,
    /// Java reads Windows' store as a key store of its own name.
    WindowsMy,
    /// It takes a certificate of Windows' store when its thumbprint is named.
    ByThumbprint,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) program: Program,
    pub(crate) sight: Sight,
    pub(crate) why: Why,
    /// The driver or file that is spoken of.
    pub(crate) what: String,
    /// The driver, where it can be put into the program's list by us.
    pub(crate) register: Option<String>,
}

/// Looks around, and judges.
pub(crate) fn look(roots: &Roots, place: &Place) -> Vec<Row> {
    rows(&Around::here(roots), place)
}

/// Rows for a certificate in that place; those who see it first.
pub(crate) fn rows(around: &Around, place: &Place) -> Vec<Row> {
    let first = around.programs.iter().find(|one| one.kind == Kind::Firefox);
    let firefox = first.map(|one| judge(one, around, place).0);
    let mut rows: Vec<Row> = around
        .programs
        .iter()
        .map(|program| {
            let (sight, why) = match (program.kind, firefox) {
                (Kind::Follower, Some(Sight::Sees)) => (Sight::Sees, Why::AsFirefox),
                (Kind::Follower, Some(_)) => (Sight::Not, Why::AsFirefoxNot),
                (Kind::Follower, None) => (Sight::Not, Why::NoFirefox),
                _ => judge(program, around, place),
            };
            let what = match place {
                Place::Token { driver, .. } => driver.clone().unwrap_or_default(),
                Place::File { path } => path.clone(),
                Place::Computer { .. } => String::new(),
            };
            let register = Some(what.clone()).filter(|what| why == Why::DriverNotListed && !what.is_empty());
            Row { program: program.clone(), sight, why, what, register }
        })
        .collect();
    rows.sort_by_key(|row| match row.sight {
        Sight::Sees => 0,
        Sight::WhenTold => 1,
        Sight::Not => 2,
    });
    rows
}

fn judge(program: &Program, around: &Around, place: &Place) -> (Sight, Why) {
    match (program.kind, place) {
        (Kind::Chromium | Kind::Firefox | Kind::Thunderbird, Place::Token { driver, .. }) => {
            let driver = driver.as_deref().unwrap_or_default();
            match () {
                () if program.sandboxed => (Sight::Not, Why::Sandboxed),
                () if lists(&program.modules, driver) => (Sight::Sees, Why::DriverListed),
                () if has_p11_kit(&program.modules) && lists(&around.p11_kit, driver) => {
                    (Sight::Sees, Why::DriverByP11Kit)
                }
                () => (Sight::Not, Why::DriverNotListed),
            }
        }
        (Kind::System, Place::Computer { .. }) => (Sight::Sees, Why::SystemStore),
        (Kind::System, Place::File { .. }) => (Sight::Not, Why::FileNotInSystemStore),
        (Kind::System | Kind::Schannel, Place::Token { .. }) => (Sight::Not, Why::TokenNotInSystemStore),
        (Kind::Schannel, Place::Computer { .. }) => (Sight::WhenTold, Why::ByThumbprint),
        (Kind::Java, Place::Computer { .. }) if around.windows => (Sight::WhenTold, Why::WindowsMy),
        (Kind::Firefox, Place::Computer { .. }) if around.windows => match program.system_certificates {
            true => (Sight::Sees, Why::FromSystemStore),
            false => (Sight::Not, Why::SystemStoreOff),
        },
        (Kind::Chromium | Kind::Firefox | Kind::Thunderbird, Place::Computer { store, .. }) => {
            let store = store.as_ref().map(Path::new).or(around.own_store.as_deref());
            match program.store.as_deref() == store && store.is_some() {
                true => (Sight::Sees, Why::OwnStore),
                // Firefox brings what it needs for the keychains (osclientcerts); Thunderbird does not.
                false if around.keychains && program.kind == Kind::Firefox => (Sight::Sees, Why::MacKeychain),
                false => (Sight::Not, Why::OtherStore),
            }
        }
        (Kind::Chromium | Kind::Firefox | Kind::Thunderbird | Kind::Keychain | Kind::Java, Place::File { path })
            if Form::of(Path::new(path)) == Form::Pem =>
        {
            (Sight::Not, Why::WantsPkcs12)
        }
        (Kind::Chromium | Kind::Firefox | Kind::Thunderbird | Kind::Keychain, Place::File { .. }) => {
            (Sight::Not, Why::FileNotImported)
        }
        (Kind::Keychain, Place::Computer { .. }) => (Sight::Sees, Why::MacKeychain),
        (Kind::Keychain, Place::Token { .. }) => (Sight::Not, Why::WantsTokenExtension),
        (Kind::Java | Kind::OpenSsl | Kind::Schannel, Place::File { .. }) => (Sight::WhenTold, Why::ReadsFile),
        (Kind::Java, Place::Token { driver, .. }) => {
            match lists(&program.modules, driver.as_deref().unwrap_or_default()) {
                true => (Sight::Sees, Why::DriverConfigured),
                false => (Sight::Not, Why::DriverNotConfigured),
            }
        }
        (Kind::OpenSsl, Place::Token { .. }) => match program.modules.is_empty() {
            true => (Sight::Not, Why::NoPkcs11Module),
            false => (Sight::WhenTold, Why::Pkcs11Address),
        },
        (Kind::Java | Kind::OpenSsl | Kind::Follower, _) => (Sight::Not, Why::ReadsNoStore),
    }
}

/// Is it in the list? A list may name a file by a link to it, or by its name alone.
fn lists(modules: &[String], driver: &str) -> bool {
    let same = |one: &String| {
        (!one.contains(['/', '\\']) && Path::new(driver).file_name().is_some_and(|name| name == one.as_str()))
            || is_same(Path::new(one), Path::new(driver))
    };
    !driver.is_empty() && modules.iter().any(same)
}

fn has_p11_kit(modules: &[String]) -> bool {
    modules.iter().any(|one| one.rsplit('/').next().is_some_and(|name| name.starts_with("p11-kit-proxy")))
}

#[cfg(test)]
mod tests;
