//! Drivers and the tokens behind them: all asked at the same time, each told of as soon as it has answered.

use std::{collections::BTreeSet, path::Path};

use super::App;
use crate::{
    drivers::{
        self, InstalledDriver, Looked,
        facts::{self, Facts},
        ranking, seen,
    },
    error::Result,
    helper_program::helper_program,
    hints::{self, Language},
    model::*,
    stores::blocking,
};

impl App {
    /// Drivers that are installed: known paths, p11-kit configuration. `probe`: start each and ask who it is.
    pub async fn drivers(&self, probe: bool) -> Result<Vec<Driver>> {
        if probe {
            return self.drivers_streaming(|_| ()).await;
        }
        let installed = self.desk.installed().await?;
        let signed = |mut driver: InstalledDriver| {
            driver.file.signature = drivers::signed(&driver.path);
            driver
        };
        let installed = blocking(move || installed.into_iter().map(signed).collect::<Vec<_>>()).await?;
        Ok(installed.into_iter().map(|driver| self.driver_view(&Looked::unasked(driver))).collect())
    }

    /// The same, probed, and each told of when it has answered.
    pub async fn drivers_streaming(&self, mut each: impl FnMut(Driver)) -> Result<Vec<Driver>> {
        let installed = self.desk.installed().await?;
        let looked = self.look_each(installed, |_, looked| each(self.driver_view(looked))).await?;
        Ok(looked.iter().map(|looked| self.driver_view(looked)).collect())
    }

    /// Windows' CSPs and KSPs, what they are and can do, and which list could not be had. `None`: not on Windows.
    pub async fn providers(&self) -> Result<Option<(Vec<KeyProvider>, Vec<ErrorView>)>> {
        let Some((found, problems)) = self.asked_providers().await? else { return Ok(None) };
        let catalogue = &self.desk.machine().catalogue;
        let view = |one: facts::Provider| KeyProvider {
            about: hints::providers::about(&one, catalogue, self.desk.language()),
            usable: hints::providers::is_usable(&one),
            place: Place::Computer { store: None, provider: Some(one.name.clone()) }.uri(),
            name: one.name,
            kind: one.kind,
            provider_type: one.provider_type,
            opens: one.opens,
            token: one.token,
            sha256: one.sha256,
            keys: one.keys,
            detail: one.detail,
        };
        Ok(Some((found.into_iter().map(view).collect(), problems)))
    }

    /// As facts.
    pub(super) async fn asked_providers(&self) -> Result<Option<(Vec<facts::Provider>, Vec<ErrorView>)>> {
        if !drivers::probe::HAS_PROVIDERS {
            return Ok(None);
        }
        let helper = helper_program(self.desk.options.helper.as_deref())?;
        let provided = drivers::providers::provided(&helper, self.desk.options.driver_timeout).await;
        let explain = |problem| self.desk.explain(&drivers::helper_error(problem, Path::new("ncrypt.dll"), ""));
        Ok(Some((provided.providers, provided.problems.into_iter().map(explain).collect())))
    }

    /// All tokens behind all drivers (or behind the one named), asked in parallel. A token seen through two drivers is
    /// listed once.
    pub async fn tokens(&self, driver: Option<&str>) -> Result<TokenList> {
        self.tokens_streaming(driver, |_| ()).await
    }

    /// The same, and the list as far as it is known told of: at once, with nothing in it but the drivers that are asked, and
    /// again after each answer. What is in it once stays in all that follow.
    pub async fn tokens_streaming(
        &self,
        driver: Option<&str>,
        mut partial: impl FnMut(TokenList),
    ) -> Result<TokenList> {
        let installed = match driver {
            Some(driver) => vec![self.desk.machine().named(Path::new(driver))],
            None => self.desk.installed().await?,
        };
        let mut known: Vec<Looked> = installed.iter().cloned().map(Looked::unasked).collect();
        let mut asking: Vec<bool> = vec![true; known.len()];
        partial(list(&known, &asking, self.desk.language));
        let answered = |place: usize, looked: &Looked| {
            known[place] = looked.clone();
            asking[place] = false;
            if asking.contains(&true) {
                partial(list(&known, &asking, self.desk.language));
            }
        };
        let (looked, around) = tokio::join!(self.look_each(installed, answered), self.desk.around());
        let looked = looked?;
        let facts = Facts { drivers: looked.iter().map(seen::driver_facts).collect(), ..around? };
        let plugged = ranking::views(&facts, &self.desk.machine().catalogue, self.desk.language);
        Ok(TokenList { plugged, ..list(&looked, &vec![false; looked.len()], self.desk.language) })
    }

    pub(super) async fn look_each(
        &self,
        drivers: Vec<InstalledDriver>,
        each: impl FnMut(usize, &Looked),
    ) -> Result<Vec<Looked>> {
        let program = helper_program(self.desk.options.helper.as_deref())?;
        let limits = self.desk.driver_limits(drivers::looking_limits());
        Ok(drivers::look_each(&program, drivers, &limits, each).await)
    }

    fn driver_view(&self, looked: &Looked) -> Driver {
        drivers::driver_view(looked, self.desk.language)
    }
}

fn list(looked: &[Looked], asking: &[bool], language: Language) -> TokenList {
    let mut seen = BTreeSet::new();
    let mut tokens = Vec::new();
    for one in looked {
        for token in drivers::worth_listing(one) {
            if seen.insert((token.label.clone(), token.serial.clone(), token.model.clone())) {
                tokens.push(drivers::token_view(token, one));
            }
        }
    }
    let (mut answered, mut open) = (Vec::new(), Vec::new());
    for (one, asking) in looked.iter().zip(asking) {
        let view = drivers::driver_view(one, language);
        if *asking { open.push(view.path) } else { answered.push(view) }
    }
    TokenList { tokens, drivers: answered, asking: open, plugged: Vec::new() }
}
