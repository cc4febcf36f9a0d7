//! An order as it is kept: everything that was typed, read once and for all.

use serde::{Deserialize, Serialize};

use super::{names, settings::Settings};
use crate::{
    clock,
    error::{Code, Error, Result},
    model::{
        Applicant, CaRules, JobState, NewOrder, OrderAct, OrderCheck, OrderKeyView, OrderSource, OrderStep, OrderView,
        Product, Proof, ProofMethod, ProofView, RemoteState,
    },
    orders::{
        acme::AcmeOrder,
        acts::Pending,
        source::{Remote, acts_of},
    },
};

const DOING: &str = "reading an order";
/// Most domains of one order; certificates with more are hardly issued.
const MOST_DOMAINS: usize = 100;
/// Longest content of a file, bytes, and longest text of a record: what CAs use has under a hundred.
const LONGEST_VALUE: usize = 4096;
const LONGEST_FILE_NAME: usize = 200;

/// What the journal keeps of an order. What a version adds has a default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) source: OrderSource,
    /// Its number at the source.
    #[serde(default)]
    pub(crate) remote: Option<String>,
    pub(crate) domains: Vec<String>,
    pub(crate) proofs: Vec<Proof>,
    pub(crate) rules: CaRules,
    /// Seconds since 1970.
    pub(crate) deadline: i64,
    pub(crate) note: Option<String>,
    /// The last check.
    #[serde(default)]
    pub(crate) last: Option<OrderCheck>,
    /// Name of the account at the source.
    #[serde(default)]
    pub(crate) account: Option<String>,
    /// What the source said last.
    #[serde(default)]
    pub(crate) seen: Option<Remote>,
    /// What was sent and not answered yet.
    #[serde(default)]
    pub(crate) pending: Option<Pending>,
    /// What was bought.
    #[serde(default)]
    pub(crate) product: Option<Product>,
    /// How the domains are to be proved, as was asked for.
    #[serde(default)]
    pub(crate) wanted: Option<ProofMethod>,
    /// For whom.
    #[serde(default)]
    pub(crate) applicant: Option<Applicant>,
    /// When the letter was handed in, seconds since 1970.
    #[serde(default)]
    pub(crate) letter: Option<i64>,
    /// When its revocation was asked for, seconds since 1970.
    #[serde(default)]
    pub(crate) revoking: Option<i64>,
    /// The number at the source of the order that renews it, where that is another one.
    #[serde(default)]
    pub(crate) successor: Option<String>,
    /// A fingerprint of the public key whose request was handed in last: the certificate is to be for it.
    #[serde(default)]
    pub(crate) handed_in: Option<String>,
    /// What ACME needs beside.
    #[serde(default)]
    pub(crate) acme: Option<AcmeOrder>,
}

impl Order {
    /// An order that begins at a source: nothing is known of it yet.
    pub(crate) fn begun(source: OrderSource, domains: Vec<String>, rules: CaRules) -> Order {
        let deadline = clock::now() as i64 + i64::from(rules.deadline_hours) * 3600;
        Order {
            source,
            remote: None,
            domains,
            proofs: Vec::new(),
            rules,
            deadline,
            note: None,
            last: None,
            account: None,
            seen: None,
            pending: None,
            product: None,
            wanted: None,
            applicant: None,
            letter: None,
            revoking: None,
            successor: None,
            handed_in: None,
            acme: None,
        }
    }

    /// Reads what was typed.
    ///
    /// # Errors
    /// [`Code::BadInput`] with the reason; nothing is guessed that could send a person to the wrong record.
    pub(crate) fn read(typed: NewOrder, settings: &Settings) -> Result<Order> {
        let domains = read_domains(&typed.domains)?;
        let rules = settings.rules_of(typed.rules.as_deref())?;
        if typed.proofs.is_empty() {
            return Err(bad("order-proof"));
        }
        let proofs: Vec<Proof> =
            typed.proofs.into_iter().map(|proof| read(proof, &domains, &rules)).collect::<Result<_>>()?;
        let now = clock::now() as i64;
        let deadline = match typed.deadline.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None => now + i64::from(rules.deadline_hours) * 3600,
            Some(text) => deadline(text)?,
        };
        let note = typed.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        Ok(Order { proofs, deadline, note, ..Order::begun(OrderSource::ByHand, domains, rules) })
    }

    /// As window and command show it.
    pub(crate) fn view(&self, number: i64, created: i64, key: Option<OrderKeyView>) -> OrderView {
        let installed = key.as_ref().is_some_and(|key| key.state == JobState::Done);
        OrderView {
            order: number.to_string(),
            source: self.source,
            remote: self.remote.clone(),
            account: self.account.clone(),
            at_source: self.seen.as_ref().map(Remote::view),
            product: self.product.clone(),
            pending: self.pending.as_ref().map(Pending::view),
            acts: self.acts(),
            step: match self.step() {
                OrderStep::Fetch if installed => OrderStep::Done,
                step => step,
            },
            revoking: self.revoking.is_some(),
            key,
            domains: self.domains.clone(),
            names: self.domains.iter().filter_map(|domain| names::in_letters(domain)).collect(),
            proofs: self.proofs.iter().enumerate().map(|(place, proof)| self.proof_view(place, proof)).collect(),
            rules: self.rules.clone(),
            created: clock::rfc3339(created.max(0) as u64),
            deadline: clock::rfc3339(self.deadline.max(0) as u64),
            deadline_unix: self.deadline,
            note: self.note.clone(),
            last: self.last.clone(),
            renewal: self.acme.as_ref().and_then(|acme| acme.hint.clone()),
        }
    }

    /// Takes over what the source says. What was checked and when it must be done stay as long as it wants the same.
    pub(crate) fn take(&mut self, remote: Remote) -> Result<()> {
        if !remote.domains.is_empty() {
            self.domains.clone_from(&remote.domains);
        }
        let wanted = remote.proofs.iter().cloned();
        let proofs: Vec<Proof> = wanted.map(|proof| read(proof, &self.domains, &self.rules)).collect::<Result<_>>()?;
        if !proofs.is_empty() && proofs != self.proofs {
            self.proofs = proofs;
            self.last = None;
            let usual = clock::now() as i64 + i64::from(self.rules.deadline_hours) * 3600;
            self.deadline = remote.deadline.unwrap_or(usual);
        }
        if remote.state == RemoteState::Revoked {
            self.revoking = None;
        }
        self.seen = Some(remote);
        Ok(())
    }

    /// What may be done at the source now: nothing while an answer is outstanding.
    pub(crate) fn acts(&self) -> Vec<OrderAct> {
        match (&self.pending, &self.seen) {
            (None, Some(seen)) => acts_of(self.source, seen),
            _ => Vec::new(),
        }
    }

    /// What comes next.
    pub(crate) fn step(&self) -> OrderStep {
        if self.pending.is_some() {
            return OrderStep::Settle;
        }
        let Some(seen) = &self.seen else { return OrderStep::Prove };
        let letter = self.letter.is_none() && acts_of(self.source, seen).contains(&OrderAct::Letter);
        match seen.state {
            RemoteState::Draft => OrderStep::Submit,
            RemoteState::Proving if letter && self.proofs.is_empty() => OrderStep::Letter,
            RemoteState::Proving if self.source == OrderSource::Acme && seen.to_tell.is_empty() => OrderStep::Wait,
            RemoteState::Proving => OrderStep::Prove,
            RemoteState::Reviewing | RemoteState::Other if letter => OrderStep::Letter,
            RemoteState::Reviewing => OrderStep::Wait,
            RemoteState::Issued => OrderStep::Fetch,
            RemoteState::Refused | RemoteState::Cancelled | RemoteState::Revoked => OrderStep::Over,
            RemoteState::Other => OrderStep::Ask,
        }
    }

    fn proof_view(&self, place: usize, proof: &Proof) -> ProofView {
        let Proof { method, name, value, .. } = proof.clone();
        if method == ProofMethod::File {
            let urls = self.domains_of(proof).flat_map(|domain| {
                let schemes = self.rules.schemes().iter();
                schemes.map(move |scheme| format!("{scheme}://{domain}{}{}", self.rules.folder, proof.name))
            });
            return ProofView { urls: urls.collect(), host: String::new(), zone: String::new(), method, name, value };
        }
        // The zone cut that a check has found is the truth; until then the public suffix list says where it most likely is.
        let found = self.last.as_ref().and_then(|check| check.proofs.get(place)?.zone.clone());
        let zone = found.filter(|zone| names::is_below(&name, zone)).unwrap_or_else(|| names::registrable(&name));
        ProofView { host: names::host_part(&name, &zone), zone, urls: Vec::new(), method, name, value }
    }

    /// The domains whose web servers are to show a file: no web server can prove a wildcard.
    pub(crate) fn domains_of<'a>(&'a self, file: &'a Proof) -> impl Iterator<Item = &'a str> {
        let its = |domain: &&String| file.domain.as_ref().is_none_or(|only| only == *domain);
        self.domains.iter().filter(|domain| !domain.starts_with("*.")).filter(its).map(String::as_str)
    }
}

/// The domains of an order, as people type them.
///
/// # Errors
/// [`Code::BadInput`] (reason `order-domain`).
pub(crate) fn read_domains(typed: &[String]) -> Result<Vec<String>> {
    let mut domains: Vec<String> = Vec::new();
    for one in typed.iter().filter(|one| !one.trim().is_empty()) {
        let domain = names::domain(one)?;
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    if domains.is_empty() || domains.len() > MOST_DOMAINS {
        return Err(bad("order-domain"));
    }
    Ok(domains)
}

fn read(proof: Proof, domains: &[String], rules: &CaRules) -> Result<Proof> {
    let Proof { method, name, value, domain } = proof;
    if !rules.methods.contains(&method) {
        return Err(bad("order-method").with("ca", &rules.title));
    }
    if value.len() > LONGEST_VALUE {
        return Err(bad("order-value"));
    }
    let (name, value) = match method {
        ProofMethod::DnsCname => (names::record(&name, domains)?, names::target(&value)?),
        // A console may show the value as zone files have it.
        ProofMethod::DnsTxt => (names::record(&name, domains)?, unquoted(value.trim()).to_owned()),
        ProofMethod::File => (file_name(&name, rules, domains)?, value.trim_end_matches(['\r', '\n']).to_owned()),
    };
    if value.is_empty() {
        return Err(bad("order-value"));
    }
    let domain = domain.as_deref().map(names::domain).transpose()?;
    Ok(Proof { method, name, value, domain })
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// The bare name of a file, from what a console shows: the name, the path, or the address.
fn file_name(typed: &str, rules: &CaRules, domains: &[String]) -> Result<String> {
    if domains.iter().any(|domain| domain.starts_with("*.")) {
        // A web server proves only the names that it answers to (baseline requirements, 3.2.2.4.18).
        return Err(bad("order-wildcard-file"));
    }
    let typed = typed.trim();
    let name = match typed.rsplit_once(&rules.folder) {
        Some((_, name)) => name,
        None => typed.trim_start_matches('/'),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > LONGEST_FILE_NAME || !name.chars().all(plain) || name.starts_with('.') {
        return Err(bad("order-file").with("path", typed));
    }
    Ok(name.to_owned())
}

/// `2026-11-25T18:00:00Z`, or hours from now: `24h`.
fn deadline(text: &str) -> Result<i64> {
    let wrong = || bad("order-deadline").with("text", text);
    if let Some(hours) = text.strip_suffix('h') {
        let hours: u32 = hours.trim().parse().map_err(|_| wrong())?;
        return Ok(clock::now() as i64 + i64::from(hours) * 3600);
    }
    let time: der::DateTime = text.parse().map_err(|_| wrong())?;
    i64::try_from(time.unix_duration().as_secs()).map_err(|_| wrong())
}

fn bad(reason: &str) -> Error {
    Error::new(Code::BadInput, DOING).with("reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(domain: &str, method: ProofMethod, name: &str, value: &str) -> Result<Order> {
        let proof = Proof { method, name: name.to_owned(), value: value.to_owned(), domain: None };
        let typed = NewOrder { domains: vec![domain.to_owned()], proofs: vec![proof], ..NewOrder::default() };
        Order::read(typed, &Settings::read(std::path::Path::new("/nowhere")).unwrap())
    }

    #[test]
    fn what_consoles_show_is_understood() {
        use ProofMethod::{DnsCname, DnsTxt, File};
        let folder = "/.well-known/pki-validation/";
        for (method, name, value, want_name, want_value) in [
            (DnsCname, "_dnsauth", "A1B2.dcv.example.", "_dnsauth.example.com", "a1b2.dcv.example"),
            (DnsTxt, "_dnsauth.example.com.", "\"2026AbC\"", "_dnsauth.example.com", "2026AbC"),
            (File, "A1.txt", "abc\r\n", "A1.txt", "abc"),
            (File, &format!("http://example.com{folder}A1.txt"), "abc", "A1.txt", "abc"),
            (File, &format!("{folder}A1.txt"), "a\nb", "A1.txt", "a\nb"),
        ] {
            let read = order("example.com", method, name, value).unwrap().proofs.remove(0);
            assert_eq!((&*read.name, &*read.value), (want_name, want_value), "{name}");
        }
    }

    #[test]
    fn wrong_input_is_told_by_its_reason() {
        use ProofMethod::{DnsCname, DnsTxt, File};
        for (domain, method, name, value, reason) in [
            ("nodot", DnsTxt, "_x", "v", "order-domain"),
            ("example.com", DnsTxt, "a b", "v", "order-record"),
            ("example.com", DnsCname, "_x", "not a name", "order-target"),
            ("example.com", DnsTxt, "_x", " ", "order-value"),
            ("example.com", File, "../etc/passwd", "v", "order-file"),
            ("example.com", File, ".htaccess", "v", "order-file"),
            ("*.example.com", File, "a.txt", "v", "order-wildcard-file"),
        ] {
            let error = order(domain, method, name, value).unwrap_err();
            assert_eq!((error.code, error.facts["reason"].as_str()), (Code::BadInput, reason));
        }
    }

    #[test]
    fn deadlines_are_times_or_hours() {
        assert_eq!(deadline("2026-11-26T08:00:00Z").unwrap(), 1_795_680_000);
        let now = clock::now() as i64;
        assert!((0..=2).contains(&(deadline("24h").unwrap() - now - 86_400)));
        for wrong in ["tomorrow", "h", "2026-11-26", "-1h"] {
            assert!(deadline(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_zone_that_was_found_decides_the_split() {
        let order = order("dev.example.com", ProofMethod::DnsTxt, "_x.dev.example.com", "v").unwrap();
        let view = order.view(1, 0, None);
        assert_eq!((&*view.proofs[0].host, &*view.proofs[0].zone), ("_x.dev", "example.com"));
    }
}
