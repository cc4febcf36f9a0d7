//! The check-up, its repairs and its report.

use std::path::Path;

use token_helper::{
    Limits,
    wire::{KeyAddress, ProviderKind, ProviderName},
};

use super::{App, Desk};
use crate::{
    check_up::{
        self, Known,
        collect::{Depth, collect},
    },
    drivers::{
        bindings::Bindings,
        facts::{Choice, Facts},
        remembered::Remembered,
        rules::Topic,
    },
    error::{Code, Error, Result},
    helper_program::helper_program,
    model::{CheckLine, CheckUp, FixDone, Redaction},
    repairs::{Machine, Repairs},
    report,
    stores::blocking,
};

impl App {
    /// The environment check before an enrolment: driver, token, CA, clock.
    pub async fn check(&self, ca: Option<&str>) -> Result<Vec<CheckLine>> {
        let profile = ca.map(|ca| self.desk.profiles.show(ca)).transpose()?;
        let known = collect(&self.desk, profile.as_ref(), Depth::Short, |_| ()).await;
        let short = [Topic::Drivers, Topic::Tokens, Topic::Ca, Topic::Clock];
        let found: Vec<_> = known.judge().into_iter().filter(|one| short.contains(&one.topic)).collect();
        let mut lines = known.lines(&found, self.desk.language);
        lines.retain(|line| ["driver", "token", "ca", "clock"].contains(&line.check.as_str()));
        Ok(lines)
    }

    /// Looks at everything: readers, drivers, tokens, certificates, browsers, and the CA of that name.
    pub async fn check_up(&self, ca: Option<&str>) -> Result<CheckUp> {
        self.check_up_streaming(ca, |_| ()).await
    }

    /// The same, told of each time something has become known. A finding that speaks of what is missing comes when that is
    /// certain; how much one matters may still change.
    pub async fn check_up_streaming(
        &self,
        ca: Option<&str>,
        mut partial: impl FnMut(CheckUp) + Send,
    ) -> Result<CheckUp> {
        let profile = ca.map(|ca| self.desk.profiles.show(ca)).transpose()?;
        let language = self.desk.language;
        self.desk.read_machine_again();
        let known =
            collect(&self.desk, profile.as_ref(), Depth::Whole, |known| partial(known.view(language, &[]))).await;
        let view = known.view(language, &self.repairs_done()?);
        *self.last_check_up() = Some(known);
        Ok(view)
    }

    /// Does the repair that the last check-up offered under this name; without one, a check-up is made first.
    pub async fn fix(&self, id: &str) -> Result<FixDone> {
        let kept = self.last_check_up().clone();
        let known = match kept {
            Some(known) => known,
            None => collect(&self.desk, None, Depth::Whole, |_| ()).await,
        };
        let offered = known.judge().into_iter().filter_map(|one| one.repair).find(|repair| repair.id() == id);
        let repair = offered.ok_or_else(|| Error::new(Code::NoSuchFix, "repairing").with("fix", id))?;
        // What was offered is done: the next repair is offered by the next check-up.
        *self.last_check_up() = None;
        let done = self.repairs(move |repairs| repairs.repair(&repair)).await?;
        Ok(check_up::done_view(&done, self.desk.language))
    }

    /// Takes a repair back.
    pub async fn undo_fix(&self, id: &str) -> Result<FixDone> {
        let id = id.to_owned();
        *self.last_check_up() = None;
        let done = self.repairs(move |repairs| repairs.undo(&id)).await?;
        Ok(check_up::done_view(&done, self.desk.language))
    }

    /// The report of the last check-up, to be shown before it is saved.
    ///
    /// # Errors
    /// [`Code::BadReport`] before the first check-up.
    pub fn report(&self, redaction: Redaction) -> Result<String> {
        let known = self.last_check_up().clone();
        let known = known.ok_or_else(|| Error::new(Code::BadReport, "making the report"))?;
        Ok(report::page(&known.facts, redaction, self.desk.language))
    }

    /// Writes [`App::report`] into a file.
    pub async fn save_report(&self, path: &Path, redaction: Redaction) -> Result<()> {
        let (text, path) = (self.report(redaction)?, path.to_owned());
        blocking(move || crate::files::write_whole(&path, text.as_bytes(), true)).await?
    }

    /// The findings of a saved report, as they were on the computer that it came from. Nothing is offered for repair.
    pub async fn replay(&self, path: &Path) -> Result<CheckUp> {
        let path = path.to_owned();
        let facts: Facts = blocking(move || report::read(&path)).await??;
        let mut view = Known::whole(facts).view(self.desk.language, &[]);
        view.findings.iter_mut().for_each(|finding| finding.fix = None);
        Ok(view)
    }

    fn last_check_up(&self) -> std::sync::MutexGuard<'_, Option<Known>> {
        self.checked.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn repairs_done(&self) -> Result<Vec<crate::repairs::Done>> {
        let machine = ThisMachine::of(&self.desk);
        Repairs::new(&self.desk.home, &machine).done()
    }

    pub(super) async fn repairs<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Repairs<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (home, machine) = (self.desk.home.clone(), ThisMachine::of(&self.desk));
        blocking(move || work(&Repairs::new(&home, &machine))).await?
    }
}

/// What repairs change on this machine.
struct ThisMachine {
    home: std::path::PathBuf,
    helper: Option<std::path::PathBuf>,
    limits: Limits,
}

impl ThisMachine {
    fn of(desk: &Desk) -> ThisMachine {
        let (home, helper) = (desk.home.clone(), desk.options.helper.clone());
        ThisMachine { home, helper, limits: desk.driver_limits(Limits::default()) }
    }

    fn bindings(&self) -> Result<Bindings> {
        Ok(Bindings::new(&helper_program(self.helper.as_deref())?, self.limits.clone()))
    }
}

impl Machine for ThisMachine {
    fn choice(&self, token: &str) -> Result<Option<String>> {
        let choices = Remembered::at(&self.home).choices();
        let its = |choice: &Choice| choice.token == token || choice.others.iter().any(|id| id == token);
        Ok(choices.into_iter().find(its).map(|choice| choice.driver))
    }

    fn choose(&self, token: &[String], driver: Option<&str>) -> Result<()> {
        let remembered = Remembered::at(&self.home);
        let known = token.iter().find_map(|id| remembered.ids(id));
        let ids = known.unwrap_or_else(|| token.to_vec());
        match driver {
            Some(driver) => remembered.keep(&ids, driver),
            None => remembered.forget(&ids).map(|_| ()),
        }
    }

    fn binding(&self, certificate: &str) -> Result<String> {
        let at = self.bindings()?.of(certificate)?;
        serde_json::to_string(&at).map_err(|error| Error::new(Code::Internal, "repairing").because(error))
    }

    fn set_binding(&self, certificate: &str, binding: &str) -> Result<()> {
        let unreadable = |error| Error::new(Code::Internal, "taking a repair back").because(error);
        let at: Option<KeyAddress> = serde_json::from_str(binding).map_err(unreadable)?;
        self.bindings()?.set(certificate, at.as_ref())
    }

    fn bind(&self, certificate: &str, provider: &str, provider_type: u32) -> Result<()> {
        let kind = if provider_type == 0 { ProviderKind::Ksp } else { ProviderKind::Csp };
        let provider = ProviderName { kind, name: provider.to_owned(), provider_type };
        self.bindings()?.set_to(certificate, &provider)
    }

    fn capi_override(&self) -> Result<Option<u32>> {
        crate::drivers::capi_override()
    }

    fn set_capi_override(&self, value: Option<u32>) -> Result<()> {
        crate::drivers::set_capi_override(value)
    }
}
