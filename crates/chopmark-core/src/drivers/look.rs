//! Looking: each driver is started in a helper of its own and asked who it is and what tokens it has, all at the same time.

use std::{path::Path, time::Duration};

use token_helper::{
    binary_format,
    client::{Helper, HelperError, Limits},
    signature::{self, Signature},
    wire,
};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::{JoinSet, spawn_blocking},
};

use super::InstalledDriver;

/// What a look at a driver gave.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The driver.
    pub driver: InstalledDriver,
    /// What it calls itself, if it started.
    pub module: Option<wire::Module>,
    /// Its tokens.
    pub tokens: Vec<wire::Token>,
    /// Why it could not be used.
    pub problem: Option<HelperError>,
}

impl Looked {
    /// Nothing is known of it yet.
    pub(crate) fn unasked(driver: InstalledDriver) -> Looked {
        Looked { driver, module: None, tokens: Vec::new(), problem: None }
    }
}

/// Limits for looking: nobody waits longer for a list.
pub fn looking_limits() -> Limits {
    Limits { start: Duration::from_secs(5), info: Duration::from_secs(5), ..Limits::default() }
}

/// [`look_each`] for those who want it all at once.
pub async fn look(helper: &Path, drivers: Vec<InstalledDriver>, limits: &Limits) -> Vec<Looked> {
    look_each(helper, drivers, limits, |_, _| ()).await
}

/// Looks at all of them at the same time and tells `each` what one of them answered, with its place in the list, as soon as it
/// has. Never fails: what a driver did wrong stands beside it. Returns, in the order of the list, when every helper is gone: a
/// driver that still holds its token would be in the way of whoever comes next.
pub async fn look_each(
    helper: &Path,
    drivers: Vec<InstalledDriver>,
    limits: &Limits,
    mut each: impl FnMut(usize, &Looked),
) -> Vec<Looked> {
    let mut looked: Vec<Looked> = drivers.iter().cloned().map(Looked::unasked).collect();
    let mut open: Vec<bool> = vec![true; looked.len()];
    let (answers, mut answered) = unbounded_channel();
    let mut helpers = JoinSet::new();
    for (place, driver) in drivers.into_iter().enumerate() {
        let (helper, limits, answers) = (helper.to_owned(), limits.clone(), answers.clone());
        helpers.spawn(spawn_blocking(move || look_at(&helper, place, driver, limits, &answers)));
    }
    drop(answers);
    while let Some((place, answer)) = answered.recv().await {
        each(place, &answer);
        looked[place] = answer;
        open[place] = false;
    }
    while helpers.join_next().await.is_some() {}
    for (place, one) in looked.iter_mut().enumerate().filter(|(place, _)| open[*place]) {
        one.problem = Some(HelperError::Protocol("looking at the driver ended early".into()));
        each(place, one);
    }
    looked
}

/// The word for the signature of a driver's file.
pub(crate) fn signed(path: &Path) -> String {
    signature::of(path).map_or("", Signature::word).to_owned()
}

fn look_at(
    program: &Path,
    place: usize,
    driver: InstalledDriver,
    limits: Limits,
    answers: &UnboundedSender<(usize, Looked)>,
) {
    let mut looked = Looked::unasked(driver);
    if looked.driver.not_asked {
        let _ = answers.send((place, looked));
        return;
    }
    let path = looked.driver.path.clone();
    let ask = || -> Result<Helper, HelperError> {
        // Tells "32 bits" from "does not load", and spares a process.
        binary_format::can_load(&path)
            .map_err(|reason| HelperError::CannotLoad { reason, detail: path.display().to_string() })?;
        let parameters = looked.driver.parameters.as_deref();
        let mut helper = Helper::start_in_the_background(program, &path, parameters, limits)?;
        looked.module = Some(helper.module().clone());
        looked.tokens = helper.tokens()?;
        Ok(helper)
    };
    // Whether the file is as its maker signed it takes as long as reading it, and nobody has to wait for it.
    let (asked, signature) = std::thread::scope(|both| {
        let signature = both.spawn(|| signed(&path));
        (ask(), signature.join().unwrap_or_default())
    });
    looked.driver.file.signature = signature;
    looked.problem = asked.as_ref().err().cloned();
    // Whoever gave up has no use for it.
    let _ = answers.send((place, looked));
    // After the answer: a goodbye takes its time.
    if let Ok(helper) = asked {
        helper.close();
    }
}
