//! What is plugged in, the driver for each, and the person's choice of one.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use super::App;
use crate::{
    drivers::{
        self, Looked, PluggedWatch,
        facts::{Facts, ReaderService},
        ranking,
        remembered::Remembered,
        seen,
    },
    error::{Code, Error, Result},
    helper_program::helper_program,
    model::*,
    stores::blocking,
};

impl App {
    /// What is plugged in and the drivers for each, best first; software tokens last. Every driver is asked.
    pub async fn plugged(&self) -> Result<Vec<PluggedToken>> {
        self.plugged_streaming(|_| ()).await
    }

    /// The same, and told of as far as it is known: at once by USB and the drivers that are installed, again when the smart card
    /// service or the list of CSPs and KSPs has answered, and after each driver's answer.
    pub async fn plugged_streaming(&self, partial: impl FnMut(Vec<PluggedToken>) + Send) -> Result<Vec<PluggedToken>> {
        let installed = self.desk.installed().await?;
        let catalogue = self.desk.machine().catalogue.clone();
        let language = self.desk.language;
        let mut facts = self.desk.by_usb().await?;
        facts.drivers = installed.iter().map(seen::unasked).collect();
        let known = Mutex::new((facts, partial));
        let change = |how: &mut dyn FnMut(&mut Facts)| {
            let mut both = known.lock().unwrap_or_else(PoisonError::into_inner);
            let (facts, partial) = &mut *both;
            how(facts);
            partial(ranking::views(facts, &catalogue, language));
        };
        change(&mut |_| ());
        let readers = async {
            let service = self.desk.reader_service().await?;
            change(&mut |facts| facts.reader_service.clone_from(&service));
            Ok(())
        };
        let drivers = self.look_each(installed, |place, looked| {
            change(&mut |facts| facts.drivers[place] = seen::driver_facts(looked));
        });
        let providers = async {
            if let Some((found, _)) = self.asked_providers().await? {
                change(&mut |facts| facts.providers.clone_from(&found));
            }
            Ok(())
        };
        let (readers, looked, providers): (Result<()>, _, Result<()>) = tokio::join!(readers, drivers, providers);
        readers.and(providers)?;
        looked?;
        let (facts, _) = known.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(ranking::views(&facts, &catalogue, language))
    }

    /// Tells when something is plugged in or pulled out. Asks no driver. Call it within a runtime.
    pub fn watch_plugged(&self) -> PluggedWatch {
        PluggedWatch::start(helper_program(self.desk.options.helper.as_deref()).ok())
    }

    /// Uses this driver (file of a PKCS#11 driver, or name of a CSP or KSP) for the token from now on. `token` is an id of [`PluggedToken`], or what names it
    /// just as well: label, serial number, name.
    ///
    /// # Errors
    /// [`Code::TokenNotFound`], [`Code::TokenAmbiguous`], [`Code::DriverNotFound`]; those of writing.
    pub async fn choose_driver(&self, token: &str, driver: &str) -> Result<()> {
        let path = std::path::absolute(driver).unwrap_or_else(|_| driver.into());
        let provider = if path.is_file() { None } else { self.provider_named(driver).await? };
        if provider.is_none() && !path.is_file() {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let error = Error::new(Code::DriverNotFound, "choosing a driver");
            return Err(error.with("driver", name).with("path", path.display()));
        }
        let ids = self.ids_of(token).await?;
        let (remembered, driver) = (self.desk.remembered(), provider.unwrap_or_else(|| path.display().to_string()));
        blocking(move || remembered.keep(&ids, &driver)).await?
    }

    /// Windows does not tell upper from lower case in these names.
    async fn provider_named(&self, name: &str) -> Result<Option<String>> {
        let all = self.asked_providers().await?.map_or(Vec::new(), |(all, _)| all);
        Ok(all.into_iter().map(|one| one.name).find(|one| one.eq_ignore_ascii_case(name)))
    }

    /// Goes back to choosing by itself. The token need not be there if its id is given. `false`: nothing was chosen.
    pub async fn forget_choice(&self, token: &str) -> Result<bool> {
        let remembered = self.desk.remembered();
        let ids = match remembered.ids(token) {
            Some(ids) => ids,
            None => self.ids_of(token).await?,
        };
        blocking(move || remembered.forget(&ids)).await?
    }

    /// What the one plugged-in token is remembered by that `named` means.
    async fn ids_of(&self, named: &str) -> Result<Vec<String>> {
        let installed = self.desk.installed().await?;
        let mut facts = self.desk.around().await?;
        facts.drivers = self.look_each(installed, |_, _| ()).await?.iter().map(seen::driver_facts).collect();
        let devices = ranking::rank(&facts, &self.desk.machine().catalogue);
        let tokens = |device: &ranking::Device| {
            let seen = device.seen.iter().map(|(driver, token)| &facts.drivers[*driver].tokens[*token]);
            seen.flat_map(|token| [token.label.clone(), token.serial.clone()]).collect::<Vec<_>>()
        };
        let by_id = |device: &&ranking::Device| device.id == named || device.ids.iter().any(|id| id == named);
        let by_name = |device: &&ranking::Device| {
            device.name.eq_ignore_ascii_case(named) || tokens(device).iter().any(|name| name == named)
        };
        let mut found: Vec<&ranking::Device> = devices.iter().filter(by_id).collect();
        if found.is_empty() {
            found = devices.iter().filter(by_name).collect();
        }
        let error = |code| Error::new(code, "choosing a driver").with("token", named);
        match found.as_slice() {
            [one] => Ok(one.ids.clone()),
            [] => Err(error(Code::TokenNotFound)),
            several => {
                let seen: Vec<String> = several.iter().map(|one| one.id.clone()).collect();
                Err(error(Code::TokenAmbiguous).with("seen", seen.join(", ")))
            }
        }
    }
}

impl super::Desk {
    /// Choices of drivers.
    pub(crate) fn remembered(&self) -> Remembered {
        Remembered::at(&self.home)
    }

    /// Looks behind the drivers that the place leaves open, and at what else helps to tell them apart.
    pub(crate) async fn look_around(&self, program: &Path, place: &Place) -> Result<(Vec<Looked>, Facts)> {
        match place {
            // Nothing is to be chosen.
            Place::Token { driver: Some(_), .. } => Ok((self.look(program, place).await, Facts::default())),
            _ => {
                let (looked, around) = tokio::join!(self.look(program, place), self.around());
                Ok((looked, around?))
            }
        }
    }

    /// What can be seen without any driver: USB, readers, and what the person has chosen before.
    pub(crate) async fn around(&self) -> Result<Facts> {
        let (by_usb, readers) = tokio::join!(self.by_usb(), self.reader_service());
        Ok(Facts { reader_service: readers?, ..by_usb? })
    }

    /// The smart card service; `None` without a helper program to ask it with.
    async fn reader_service(&self) -> Result<Option<ReaderService>> {
        let Ok(program) = helper_program(self.options.helper.as_deref()) else { return Ok(None) };
        blocking(move || Some(seen::reader_service(&program))).await
    }

    /// What the system alone tells, and what is remembered.
    async fn by_usb(&self) -> Result<Facts> {
        let (machine, remembered) = (self.machine().clone(), self.remembered());
        blocking(move || Facts {
            system: drivers::facts::System { os: std::env::consts::OS.to_owned(), ..Default::default() },
            usb: machine.usb(),
            choices: remembered.choices(),
            catalogue_faults: seen::catalogue_faults(&machine.catalogue),
            ..Facts::default()
        })
        .await
    }
}
