//! What a check asks and what CAs demand: data, built in and overlaid by `HOME/validation.toml`.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    error::{Code, Error, Result},
    letters::limits::ScanLimits,
    model::{CaRules, ProofMethod},
};

const BUILT_IN: &str = include_str!("defaults.toml");

/// All of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) dns: DnsSettings,
    pub(crate) web: WebSettings,
    pub(crate) watch: WatchSettings,
    /// What a scan must be, where a CA's rules say nothing else.
    letter: toml::Table,
    #[serde(rename = "ca")]
    rules: Vec<RulesEntry>,
}

/// Whom to ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct DnsSettings {
    /// `None`: what the system says.
    pub(crate) system: Option<Vec<SocketAddr>>,
    pub(crate) public: Vec<PublicResolver>,
    pub(crate) authoritative_port: u16,
    timeout_ms: u64,
}

/// A resolver that anybody may ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicResolver {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
}

/// How to look at web servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct WebSettings {
    pub(crate) http_port: u16,
    pub(crate) https_port: u16,
    timeout_ms: u64,
    pub(crate) local_addresses: bool,
}

/// Seconds between checks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchSettings {
    first: u32,
    longest: u32,
    /// After a lost answer: how long what was sent may still be on its way.
    #[serde(default = "settle")]
    pub(crate) settle: u32,
}

fn settle() -> u32 {
    90
}

/// [`CaRules`] as people write them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RulesEntry {
    name: String,
    title: Option<String>,
    deadline_hours: u32,
    issue_minutes: Option<u32>,
    #[serde(default)]
    follows_redirects: bool,
    one_scheme_is_enough: Option<bool>,
    #[serde(default)]
    http_only: bool,
    methods: Vec<ProofMethod>,
    folder: Option<String>,
    #[serde(default)]
    caa: Vec<String>,
    /// What a scan must be, where it differs from what stands in `[letter]`.
    #[serde(default)]
    letter: toml::Table,
    /// Its ACME directory.
    acme: Option<String>,
    /// File with the PEM roots of that directory's TLS, where the system does not know them.
    tls_roots: Option<PathBuf>,
}

/// Where a CA speaks ACME.
pub(crate) struct AcmeAddress {
    /// The address of its directory.
    pub(crate) url: String,
    /// PEM; the system's roots count, too.
    pub(crate) tls_roots: Vec<String>,
    /// What it demands.
    pub(crate) rules: CaRules,
}

/// The rules of a CA of which no more is known than its directory.
const ANY_ACME: &str = "acme";

impl Settings {
    /// Reads what a home folder says, over what is built in.
    ///
    /// # Errors
    /// [`Code::BadInput`] (reason `validation-settings`).
    pub(crate) fn read(home: &Path) -> Result<Settings> {
        let file = home.join("validation.toml");
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| bad(&file).because(error))?,
        };
        let settings = Settings::over_built_in(&text).map_err(|error| bad(&file).because(error))?;
        // What cannot be read is told now, not when a letter is handed in.
        for rules in &settings.rules {
            settings.scan_limits(&rules.name).map_err(|error| bad(&file).because(error))?;
        }
        Ok(settings)
    }

    /// What a scan must be by the rules of that name.
    pub(crate) fn scan_limits(&self, rules: &str) -> std::result::Result<ScanLimits, toml::de::Error> {
        let mut limits = self.letter.clone();
        let theirs = self.rules.iter().find(|one| one.name == rules);
        limits.extend(theirs.map(|one| one.letter.clone()).unwrap_or_default());
        limits.try_into()
    }

    fn over_built_in(text: &str) -> std::result::Result<Settings, toml::de::Error> {
        let mut all: toml::Table = toml::from_str(BUILT_IN)?;
        for (section, theirs) in text.parse::<toml::Table>()? {
            match (all.get_mut(&section), theirs) {
                (Some(toml::Value::Table(ours)), toml::Value::Table(theirs)) => ours.extend(theirs),
                (Some(toml::Value::Array(ours)), toml::Value::Array(mut theirs)) => {
                    ours.retain(|one| !theirs.iter().any(|other| other.get("name") == one.get("name")));
                    theirs.append(ours);
                    *ours = theirs;
                }
                (_, theirs) => {
                    all.insert(section, theirs);
                }
            }
        }
        all.try_into()
    }

    /// The rules of every CA with a console to copy from, the usual one first.
    pub(crate) fn rules(&self) -> Vec<CaRules> {
        self.rules.iter().filter(|one| !one.is_acme()).cloned().map(CaRules::from).collect()
    }

    /// Name, title and directory of every CA known that speaks ACME.
    pub(crate) fn acme_directories(&self) -> Vec<(CaRules, String)> {
        let known = self.rules.iter().filter_map(|one| Some((one.clone().into(), one.acme.clone()?)));
        known.collect()
    }

    /// Where a CA speaks ACME: by its name here, or by the address of its directory.
    ///
    /// # Errors
    /// [`Code::BadInput`] (reason `order-rules`), [`Code::FileNotReadable`].
    pub(crate) fn acme(&self, name_or_url: &str) -> Result<AcmeAddress> {
        let known = |one: &&RulesEntry| match &one.acme {
            Some(url) => one.name == name_or_url || url == name_or_url,
            None => false,
        };
        let Some(entry) = self.rules.iter().find(known) else {
            let names: Vec<&str> =
                self.rules.iter().filter(|one| one.acme.is_some()).map(|one| one.name.as_str()).collect();
            return match name_or_url.contains("://") {
                true => {
                    let rules = self.rules_of(Some(ANY_ACME))?;
                    Ok(AcmeAddress { url: name_or_url.to_owned(), tls_roots: Vec::new(), rules })
                }
                false => Err(unknown(name_or_url, &names)),
            };
        };
        let pem = entry.tls_roots.as_ref().map(|file| {
            std::fs::read_to_string(file).map_err(|error| {
                Error::new(Code::FileNotReadable, "reading the roots of a CA")
                    .with("path", file.display())
                    .because(error)
            })
        });
        let url = entry.acme.clone().unwrap_or_default();
        Ok(AcmeAddress { url, tls_roots: pem.transpose()?.into_iter().collect(), rules: entry.clone().into() })
    }

    /// The rules of that name, or the first.
    pub(crate) fn rules_of(&self, name: Option<&str>) -> Result<CaRules> {
        let found = match name {
            None => self.rules.first(),
            Some(name) => self.rules.iter().find(|rules| rules.name == name),
        };
        let known = || self.rules.iter().map(|rules| &*rules.name).collect::<Vec<_>>();
        found.cloned().map(CaRules::from).ok_or_else(|| unknown(name.unwrap_or_default(), &known()))
    }
}

impl RulesEntry {
    fn is_acme(&self) -> bool {
        self.acme.is_some() || self.name == ANY_ACME
    }
}

fn unknown(name: &str, known: &[&str]) -> Error {
    Error::new(Code::BadInput, "looking for a CA's rules")
        .with("reason", "order-rules")
        .with("ca", name)
        .with("seen", known.join(", "))
}

impl DnsSettings {
    /// Longest wait for one answer.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The system's name servers.
    pub(crate) fn system(&self) -> Vec<SocketAddr> {
        if let Some(given) = &self.system {
            return given.clone();
        }
        let Ok((config, _)) = hickory_resolver::system_conf::read_system_conf() else { return Vec::new() };
        let mut servers: Vec<SocketAddr> =
            config.name_servers().iter().map(|server| SocketAddr::new(server.ip, 53)).collect();
        servers.dedup();
        servers
    }
}

impl WebSettings {
    /// Longest wait for a whole answer.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

impl WatchSettings {
    /// Seconds to wait after so many checks: longer and longer.
    pub(crate) fn pause(&self, checks: u32) -> u32 {
        let grown = f64::from(self.first) * 1.5_f64.powi(checks.min(60) as i32);
        (grown as u32).clamp(1, self.longest.max(1))
    }
}

impl From<RulesEntry> for CaRules {
    fn from(entry: RulesEntry) -> CaRules {
        CaRules {
            title: entry.title.unwrap_or_else(|| entry.name.clone()),
            name: entry.name,
            deadline_hours: entry.deadline_hours,
            issue_minutes: entry.issue_minutes,
            follows_redirects: entry.follows_redirects,
            one_scheme_is_enough: entry.one_scheme_is_enough.unwrap_or(true),
            http_only: entry.http_only,
            methods: entry.methods,
            folder: entry.folder.unwrap_or_else(|| "/.well-known/pki-validation/".to_owned()),
            caa: entry.caa,
        }
    }
}

fn bad(file: &Path) -> Error {
    Error::new(Code::BadInput, "reading what a check asks")
        .with("reason", "validation-settings")
        .with("path", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_home_says_goes_first() {
        let built_in = Settings::over_built_in("").unwrap();
        assert_eq!(built_in.rules()[0].name, "ussl");
        assert_eq!(built_in.rules()[0].deadline_hours, 24);
        assert_eq!(built_in.dns.public.len(), 6);

        let own = "[dns]\nsystem = ['127.0.0.1:5300']\npublic = []\n[[ca]]\nname = 'ours'\ndeadline-hours = 1\nmethods = ['file']\n\
            [[ca]]\nname = 'ussl'\ndeadline-hours = 2\nmethods = ['dns-txt']";
        let own = Settings::over_built_in(own).unwrap();
        assert_eq!(own.rules().iter().map(|rules| &*rules.name).collect::<Vec<_>>(), ["ours", "ussl", "baseline"]);
        assert_eq!(own.rules_of(Some("ussl")).unwrap().deadline_hours, 2);
        assert_eq!((own.dns.public.len(), own.dns.system().len(), own.dns.authoritative_port), (0, 1, 53));
        assert_eq!(own.rules_of(Some("none")).unwrap_err().code, Code::BadInput);
    }

    #[test]
    fn a_directory_is_found_by_name_and_by_address() {
        let all = Settings::over_built_in(
            "[[ca]]\nname = 'ours'\nacme = 'https://ca.example/dir'\ndeadline-hours = 1\nmethods = ['file']",
        )
        .unwrap();
        let names: Vec<String> = all.acme_directories().into_iter().map(|(rules, _)| rules.name).collect();
        assert_eq!(names, ["ours", "letsencrypt", "letsencrypt-staging", "zerossl", "google"]);
        for (text, name) in [
            ("ours", "ours"),
            ("https://ca.example/dir", "ours"),
            ("letsencrypt", "letsencrypt"),
            ("https://elsewhere.example/acme", "acme"),
        ] {
            let found = all.acme(text).unwrap();
            assert_eq!(found.rules.name, name, "{text}");
        }
        for unknown in ["ussl", "baseline", "acme", "nobody"] {
            assert_eq!(all.acme(unknown).err().unwrap().facts["reason"], "order-rules", "{unknown}");
        }
        let letsencrypt = all.acme("letsencrypt").unwrap().rules;
        assert_eq!(letsencrypt.schemes(), ["http"]);
        assert!(letsencrypt.follows_redirects && letsencrypt.folder == "/.well-known/acme-challenge/");
    }

    #[test]
    fn a_ca_may_want_other_scans() {
        let own = "[letter]\nmost-pages = 3\n[[ca]]\nname = 'ours'\ndeadline-hours = 1\nmethods = ['file']\n\
            letter = { most-bytes = 100, kinds = ['pdf'] }";
        let own = Settings::over_built_in(own).unwrap();
        let limits = |name: &str| own.scan_limits(name).unwrap();
        assert_eq!((limits("ours").most_bytes, limits("ours").kinds.len(), limits("ours").most_pages), (100, 1, 3));
        assert_eq!((limits("ussl").kinds.len(), limits("ussl").most_pages), (3, 3));
        let wrong = Settings::over_built_in("[letter]\nmost = 1").unwrap();
        assert!(wrong.scan_limits("ussl").is_err());
    }

    #[test]
    fn nonsense_is_told() {
        for text in ["[dns]\nfoo = 1", "[[ca]]\nname = 'x'", "dns = 3", "[web]\nhttp-port = 70000", "x"] {
            assert!(Settings::over_built_in(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let watch = WatchSettings { first: 15, longest: 300, settle: 90 };
        let pauses: Vec<u32> = (0..10).map(|checks| watch.pause(checks)).collect();
        assert_eq!(pauses, [15, 22, 33, 50, 75, 113, 170, 256, 300, 300]);
        assert_eq!(watch.pause(u32::MAX), 300);
    }
}
