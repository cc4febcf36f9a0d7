//! Collecting: everything is asked at the same time, with time limits, and each part is told of as soon as it is known.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{Known, ca, content};
use crate::{
    app::Desk,
    clock,
    drivers::{
        self, Looked,
        facts::{self, CatalogueFault, DriverFacts, Facts},
        probe,
        providers::{self, Provided},
        ranking,
        rules::Part,
        seen,
    },
    helper_program::helper_program,
    model::CaProfile,
    stores::blocking,
};

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What the first screen wants to know: can an enrolment begin?
    Short,
    /// Everything.
    Whole,
}

/// Asks everything. `tell` gets what is known so far, each time something has come.
pub(crate) async fn collect(
    desk: &Desk,
    profile: Option<&CaProfile>,
    depth: Depth,
    tell: impl FnMut(&Known) + Send,
) -> Known {
    let progress = Progress(Mutex::new((Known { facts: begun(), parts: Default::default() }, tell)));
    let whole = depth == Depth::Whole;
    tokio::join!(
        async {
            if whole {
                let machine = desk.machine().clone();
                if let Ok(computer) = blocking(move || computer(&machine)).await {
                    progress.add(Part::Computer, |facts| computer.fill(facts));
                }
            }
        },
        async {
            if let Ok(around) = desk.around().await {
                progress.add(Part::Plugged, |facts| {
                    (facts.usb, facts.reader_service, facts.choices) =
                        (around.usb, around.reader_service, around.choices);
                    facts.plugged = ranking::plugged(facts, &desk.machine().catalogue);
                });
            }
        },
        async {
            if whole {
                let provided = provided(desk).await;
                let windows = probe::HAS_PROVIDERS.then(|| facts::WindowsSettings {
                    disable_capi_override_for_rsa: probe::capi_override().ok().flatten(),
                });
                let own = provided.certificates.iter();
                // Whether the key is there is the binding's to say.
                let own: Vec<_> = own.filter_map(|der| content::describe(der, ("Windows", "computer"), None)).collect();
                progress.add(Part::Providers, |facts| {
                    facts.certificates.extend(own);
                    (facts.providers, facts.bindings) = (provided.providers, provided.bindings);
                    facts.windows = windows;
                });
            }
        },
        async {
            let looked = look(desk, &progress).await;
            if whole {
                let found = content::look(desk, looked).await;
                progress.add(Part::Certificates, |facts| found.fill(facts));
            }
        },
        async {
            let found = match profile {
                Some(profile) => Some(ca::look(desk, profile, whole).await),
                None => None,
            };
            progress.add(Part::Ca, |facts| facts.ca = found);
        },
    );
    progress.0.into_inner().unwrap_or_else(PoisonError::into_inner).0
}

fn begun() -> Facts {
    Facts {
        format: facts::FORMAT,
        taken: clock::now().try_into().unwrap_or(i64::MAX),
        build: env!("CARGO_PKG_VERSION").to_owned(),
        system: facts::System {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            ..Default::default()
        },
        ..Default::default()
    }
}

/// What is known so far, and who wants to hear of it.
struct Progress<F>(Mutex<(Known, F)>);

impl<F: FnMut(&Known)> Progress<F> {
    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut both: MutexGuard<'_, (Known, F)> = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, tell) = &mut *both;
        change(known);
        tell(known);
    }

    fn add(&self, part: Part, fill: impl FnOnce(&mut Facts)) {
        self.change(|known| {
            fill(&mut known.facts);
            known.parts.insert(part);
        });
    }
}

// The machine -------------------------------------------------------------------------------------------------------

struct Computer {
    version: String,
    sandbox: String,
    browsers: Vec<facts::Browser>,
    catalogue_faults: Vec<CatalogueFault>,
}

fn computer(machine: &drivers::Machine) -> Computer {
    Computer {
        version: probe::system_version(&machine.roots),
        sandbox: probe::sandbox(&machine.roots),
        browsers: drivers::browsers(&machine.roots),
        catalogue_faults: seen::catalogue_faults(&machine.catalogue),
    }
}

impl Computer {
    fn fill(self, facts: &mut Facts) {
        let Computer { version, sandbox, browsers, catalogue_faults } = self;
        (facts.system.version, facts.system.sandbox) = (version, sandbox);
        (facts.browsers, facts.catalogue_faults) = (browsers, catalogue_faults);
    }
}

// Drivers -----------------------------------------------------------------------------------------------------------

/// Starts every driver and asks who it is and what tokens it has.
async fn look<F: FnMut(&Known)>(desk: &Desk, progress: &Progress<F>) -> Vec<Looked> {
    let installed = desk.installed().await.unwrap_or_default();
    progress.change(|known| known.facts.drivers = installed.iter().map(seen::unasked).collect());
    let program = match helper_program(desk.options.helper.as_deref()) {
        Ok(program) => program,
        Err(error) => {
            progress.add(Part::Drivers, |facts| facts.helper = Some(seen::problem_facts(&error)));
            return Vec::new();
        }
    };
    let began = Instant::now();
    let limits = desk.driver_limits(drivers::looking_limits());
    let looked = drivers::look_each(&program, installed, &limits, |place, looked| {
        let took = began.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        progress.change(|known| {
            if let Some(driver) = known.facts.drivers.get_mut(place) {
                *driver = DriverFacts { took, ..seen::driver_facts(looked) };
            }
            known.facts.plugged = ranking::plugged(&known.facts, &desk.machine().catalogue);
        });
    });
    let looked = looked.await;
    progress.add(Part::Drivers, |_| ());
    looked
}

/// CSPs, KSPs and what certificates say of them. Without our helper program there is no asking; that is told with the drivers.
async fn provided(desk: &Desk) -> Provided {
    match helper_program(desk.options.helper.as_deref()) {
        Ok(program) => providers::provided(&program, desk.options.driver_timeout).await,
        Err(_) => Provided::default(),
    }
}
