//! One case: an order, a check, the findings by number.

use chopmark_core::{
    app::{App, Options},
    hints::Language,
    model::{NewOrder, OrderCheck, Proof, ProofMethod, ProofState, Severity},
};
use chopmark_tests::bench::domain_world::DomainWorld;
use tempfile::TempDir;

/// An app whose checks ask the servers of this world and nobody else.
pub(crate) struct Asker {
    pub(crate) app: App,
    home: TempDir,
}

impl Asker {
    pub(crate) fn new(world: &DomainWorld) -> Asker {
        Asker::with_settings(&world.settings())
    }

    pub(crate) fn with_settings(settings: &str) -> Asker {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(home.path().join("validation.toml"), settings).expect("settings");
        let options =
            Options { home: Some(home.path().to_owned()), language: Some(Language::En), ..Options::default() };
        Asker { app: App::open(options).expect("an app"), home }
    }

    /// A file beside the home.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    pub(crate) async fn add(&self, domain: &str, method: ProofMethod, name: &str, value: &str) -> String {
        let proof = Proof { method, name: name.to_owned(), value: value.to_owned(), domain: None };
        let typed = NewOrder { domains: vec![domain.to_owned()], proofs: vec![proof], ..NewOrder::default() };
        self.app.order_add(typed).await.unwrap_or_else(|error| panic!("{domain}: {error} {:?}", error.facts)).order
    }

    /// Adds the order and checks it once.
    pub(crate) async fn check(&self, domain: &str, method: ProofMethod, name: &str, value: &str) -> OrderCheck {
        let order = self.add(domain, method, name, value).await;
        self.app.order_check(&order).await.unwrap_or_else(|error| panic!("{domain}: {error}"))
    }
}

/// What a case must give: state and findings, `e6101` an error, `w…` a warning, `n…` a note.
pub(crate) fn verdict(check: &OrderCheck) -> (ProofState, Vec<String>) {
    let mut findings: Vec<String> = check
        .findings
        .iter()
        .map(|finding| {
            let grave = match finding.severity {
                Severity::Error => 'e',
                Severity::Warning => 'w',
                Severity::Note => 'n',
            };
            format!("{grave}{}", finding.code.trim_start_matches("CM-"))
        })
        .collect();
    findings.sort();
    findings.dedup();
    (check.state, findings)
}

/// One line a case that failed: what was seen there.
pub(crate) fn seen(check: &OrderCheck) -> String {
    let rows = check.proofs.iter().flat_map(|proof| &proof.rows).chain(&check.caa);
    let rows: Vec<String> = rows
        .map(|row| {
            format!(
                "    {:?} {} {} {:?} {:?} {:?}",
                row.kind, row.server, row.address, row.state, row.status, row.found
            )
        })
        .collect();
    let words: Vec<String> =
        check.findings.iter().map(|one| format!("    {} {}: {}", one.code, one.about, one.message)).collect();
    format!("{}\n{}", rows.join("\n"), words.join("\n"))
}
