//! This computer's stores, where programs look for certificates, and the drivers that those programs know.

use std::path::Path;

use super::App;
use crate::{
    drivers::{Database, database_at, databases},
    error::{Code, Error, Result},
    hints,
    model::*,
    repairs::Repair,
    stores::{blocking, computer},
};

impl App {
    /// The stores that a certificate can be put into, the person's own first. Nothing is opened.
    pub async fn stores(&self) -> Result<Vec<ComputerStore>> {
        let (machine, language) = (self.desk.machine(), self.desk.language());
        blocking(move || computer::stores(&machine, language)).await
    }

    /// Puts a driver into the lists of the browsers here, so that they see its tokens; `store` is the folder of one database. Each can
    /// be taken back like any repair.
    ///
    /// # Errors
    /// [`Code::DriverNotFound`], [`Code::StoreNotFound`]; with a `store`: [`Code::DriverHiddenFromBrowser`].
    pub async fn register_driver(&self, driver: &str, store: Option<&str>) -> Result<Vec<BrowserDriver>> {
        if !Path::new(driver).is_file() {
            let name = Path::new(driver).file_name().map_or_else(|| driver.into(), |name| name.to_string_lossy());
            let error = Error::new(Code::DriverNotFound, "registering a driver").with("driver", name);
            return Err(error.with("path", driver));
        }
        let named = self.desk.machine().named(Path::new(driver));
        let stem = || Path::new(driver).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = named.name.unwrap_or_else(stem);
        self.each_list(driver, store, |database, browser| {
            let (database, driver) = (database.folder.display().to_string(), driver.to_owned());
            Repair::RegisterDriver { database, browser, driver, name: name.clone() }
        })
        .await
    }

    /// Takes a driver out of those lists.
    ///
    /// # Errors
    /// [`Code::StoreNotFound`].
    pub async fn unregister_driver(&self, driver: &str, store: Option<&str>) -> Result<Vec<BrowserDriver>> {
        self.each_list(driver, store, |database, browser| {
            let (database, driver) = (database.folder.display().to_string(), driver.to_owned());
            Repair::UnregisterDriver { database, browser, driver }
        })
        .await
    }

    async fn each_list(
        &self,
        driver: &str,
        store: Option<&str>,
        repair: impl Fn(&Database, String) -> Repair,
    ) -> Result<Vec<BrowserDriver>> {
        let machine = self.desk.machine();
        let roots = &machine.roots;
        let lists = match store {
            None => databases(roots),
            Some(folder) => vec![database_at(roots, Path::new(folder))],
        };
        let lists: Vec<Database> = lists.into_iter().filter(Database::exists).collect();
        if let (Some(folder), true) = (store, lists.is_empty()) {
            return Err(Error::new(Code::StoreNotFound, "registering a driver").with("path", folder));
        }
        let mut outcomes = Vec::new();
        for list in &lists {
            let name = hints::store_name(list, self.desk.language());
            let repair = repair(list, name.clone());
            let registers = matches!(repair, Repair::RegisterDriver { .. });
            let hidden =
                registers && !list.packaging.is_empty() && !list.sees(Path::new(driver), roots.home.as_deref());
            if hidden && store.is_some() {
                let error = Error::new(Code::DriverHiddenFromBrowser, "registering a driver").with("browser", name);
                return Err(error.with("driver", driver));
            }
            let there = list.block(Path::new(driver))?.is_some();
            let outcome = match () {
                () if hidden => BrowserOutcome::Hidden,
                () if there == registers => BrowserOutcome::Already,
                () => {
                    self.repairs(move |repairs| repairs.repair(&repair)).await?;
                    BrowserOutcome::Done
                }
            };
            outcomes.push(BrowserDriver { name, outcome, in_use: list.in_use(roots.home.as_deref()) });
        }
        Ok(outcomes)
    }
}
