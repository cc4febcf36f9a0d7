//! DV by file: does the web server show the file as the CA wants it?

mod compare;
mod fetch;
mod follow;
pub(crate) mod package;
mod places;

use std::net::{IpAddr, SocketAddr};

use futures_util::future::join_all;

use self::fetch::{Fetched, Web};
use super::{
    dns,
    finding::Found,
    order::Order,
    settings::{Settings, WebSettings},
};
use crate::{
    error::Code,
    model::{Proof, ProofCheck, ProofRow, ProofState, RowKind, RowState, Severity},
};

/// Most addresses of one kind that are asked for one domain.
const MOST_ADDRESSES: usize = 4;
/// Most domains of one order that are looked at.
const MOST_DOMAINS: usize = 20;

/// What is looked at for one domain.
struct Site<'a> {
    proof: &'a Proof,
    order: &'a Order,
    settings: &'a WebSettings,
    domain: String,
    partner: bool,
}

/// One answer and what it means.
struct Seen {
    row: ProofRow,
    scheme: &'static str,
    ip: IpAddr,
    found: Vec<Found>,
}

/// Looks for the file at every domain that is to show it.
pub(super) async fn check(proof: &Proof, order: &Order, settings: &Settings) -> (ProofCheck, Vec<Found>) {
    let sites: Vec<Site<'_>> = order
        .domains_of(proof)
        .take(MOST_DOMAINS)
        .flat_map(|domain| {
            let site = |domain: String, partner| Site { proof, order, settings: &settings.web, domain, partner };
            let partner = partner_of(domain).filter(|partner| !order.domains.contains(partner));
            [Some(site(domain.to_owned(), false)), partner.map(|partner| site(partner, true))]
        })
        .flatten()
        .collect();
    let checked = join_all(sites.iter().map(|site| site.check(settings))).await;
    let state = checked.iter().zip(&sites).filter(|(_, site)| !site.partner).map(|((state, ..), _)| *state).max();
    let (mut rows, mut found) = (Vec::new(), Vec::new());
    for (_, its_rows, its_found) in checked {
        rows.extend(its_rows);
        found.extend(its_found);
    }
    let state = state.unwrap_or(ProofState::Unknown);
    (ProofCheck { method: proof.method, name: proof.name.clone(), state, zone: None, rows }, found)
}

/// The same site as people know it: with or without `www`.
fn partner_of(domain: &str) -> Option<String> {
    match domain.strip_prefix("www.") {
        Some(apex) => Some(apex.to_owned()),
        None => (super::names::registrable(domain) == domain).then(|| format!("www.{domain}")),
    }
}

impl Site<'_> {
    async fn check(&self, settings: &Settings) -> (ProofState, Vec<ProofRow>, Vec<Found>) {
        let addresses = match dns::addresses(&self.domain, &settings.dns).await {
            // Nobody could be asked.
            None if self.partner => return (ProofState::Unknown, Vec::new(), Vec::new()),
            None => {
                let found = Found::error(Code::DnsUnreachable, &self.domain).with("name", &self.domain);
                return (ProofState::Unknown, Vec::new(), vec![found]);
            }
            Some(addresses) if addresses.is_empty() && self.partner => {
                return (ProofState::Unknown, Vec::new(), Vec::new());
            }
            Some(addresses) if addresses.is_empty() => {
                let found = Found::error(Code::WebNameUnknown, &self.domain).with("domain", &self.domain);
                return (ProofState::NotYet, Vec::new(), vec![found]);
            }
            Some(addresses) => addresses,
        };
        let four = addresses.iter().filter(|ip| ip.is_ipv4()).take(MOST_ADDRESSES);
        let six = addresses.iter().filter(|ip| ip.is_ipv6()).take(MOST_ADDRESSES);
        let asked: Vec<IpAddr> = four.chain(six).copied().collect();
        let looks = asked.iter().flat_map(|ip| self.order.rules.schemes().iter().map(|scheme| (*scheme, *ip)));
        let mut seen = join_all(looks.map(|(scheme, ip)| self.look(scheme, ip, settings))).await;
        let state = self.state(&seen);
        let mut found =
            if self.partner { self.partner_findings(&seen, state) } else { self.findings(&mut seen, state) };
        if !self.partner && !self.settings.local_addresses {
            let local = asked.iter().find(|ip| is_local(ip));
            found.extend(local.map(|ip| {
                Found::warning(Code::WebLocalAddress, &self.domain).with("domain", &self.domain).with("address", ip)
            }));
        }
        (state, seen.into_iter().map(|seen| seen.row).collect(), found)
    }

    fn web(&self, scheme: &'static str, ip: IpAddr) -> Web<'_> {
        let port = if scheme == "https" { self.settings.https_port } else { self.settings.http_port };
        Web {
            scheme,
            domain: &self.domain,
            address: SocketAddr::new(ip, port),
            limit: self.settings.timeout(),
            most: self.proof.value.len(),
        }
    }

    async fn look(&self, scheme: &'static str, ip: IpAddr, settings: &Settings) -> Seen {
        let web = self.web(scheme, ip);
        let path = format!("{}{}", self.order.rules.folder, self.proof.name);
        let (fetched, took) = web.fetch(&path).await;
        let url = web.url(&path);
        let mut row = ProofRow {
            kind: if self.partner { RowKind::WebPartner } else { RowKind::Web },
            server: url.clone(),
            address: web.address.to_string(),
            state: RowState::Found,
            found: Vec::new(),
            ttl: None,
            wrong_for: None,
            status: None,
            location: None,
            certificate: fetched.certificate.map(str::to_owned),
            diff: Vec::new(),
            command: web.command(&path),
            ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        };
        let (fetched, followed) = if self.order.rules.follows_redirects {
            follow::to_the_end(&web, &path, fetched, settings).await
        } else {
            (fetched, None)
        };
        let mut found = self.read(&web, fetched, &mut row).await;
        if let Some(location) = followed {
            if row.state == RowState::Found {
                found.push(Found::note(Code::WebRedirects, &url).with("location", &location));
            }
            row.location = Some(location);
        }
        if let Some(reason) = &row.certificate {
            found.push(Found::warning(Code::WebCertificate, &url).with("reason", reason));
        }
        let found = found.into_iter().map(|one| one.with("url", &url)).collect();
        Seen { row, scheme, ip, found }
    }

    /// What an answer means.
    async fn read(&self, web: &Web<'_>, fetched: Fetched, row: &mut ProofRow) -> Vec<Found> {
        let about = row.server.clone();
        let error = |code| Found::error(code, &about);
        let answer = match fetched.answer {
            Ok(answer) => answer,
            Err(failure) => {
                let (state, code) = match failure {
                    fetch::Failure::Timeout => (RowState::Timeout, Code::WebSilent),
                    fetch::Failure::NoConnection => (RowState::Unreachable, Code::WebNoConnection),
                    fetch::Failure::Tls => (RowState::Tls, Code::WebTls),
                    fetch::Failure::NotHttp => (RowState::Garbled, Code::WebNotHttp),
                };
                row.state = state;
                return vec![error(code).with("address", &row.address)];
            }
        };
        row.status = Some(answer.status);
        row.location = answer.location.clone();
        match answer.status {
            200 => {}
            300..400 if answer.location.is_some() => {
                row.state = RowState::Redirects;
                let grave = if self.order.rules.follows_redirects { Severity::Warning } else { Severity::Error };
                let location = answer.location.unwrap_or_default();
                return vec![error(Code::WebRedirects).with("location", location).at_most(grave)];
            }
            status => {
                row.state = RowState::Status;
                let code = match status {
                    404 | 410 => {
                        return places::look_elsewhere(self.proof, &self.order.rules, web, status, &about).await;
                    }
                    401 | 403 | 407 | 451 => Code::FileForbidden,
                    _ => Code::WebStatus,
                };
                return vec![error(code).with("status", status)];
            }
        }
        let Some(compared) = compare::compare(self.proof.value.as_bytes(), &answer) else { return Vec::new() };
        row.state = RowState::OtherContent;
        row.diff = compared.diff;
        let catches_all = matches!(compared.code, Code::FileIsPage | Code::FileOther | Code::FileTooLarge)
            && places::catches_all(&self.order.rules, web).await;
        let code = if catches_all { Code::WebCatchAll } else { compared.code };
        vec![error(code).with_some("found", compared.found)]
    }

    fn state(&self, seen: &[Seen]) -> ProofState {
        let of = |scheme: &str| {
            let rows: Vec<RowState> = seen.iter().filter(|one| one.scheme == scheme).map(|one| one.row.state).collect();
            // An address that does not answer may be one that this network cannot reach; one that answers wrongly counts.
            let answered = |state: &RowState| !matches!(state, RowState::Timeout | RowState::Unreachable);
            match () {
                () if !rows.iter().any(answered) => ProofState::Unknown,
                () if rows.iter().filter(|state| answered(state)).all(|state| *state == RowState::Found) => {
                    ProofState::Ready
                }
                () => ProofState::NotYet,
            }
        };
        let (https, http) = (of("https"), of("http"));
        if self.order.rules.one_scheme_is_enough {
            match (https, http) {
                (ProofState::Ready, _) | (_, ProofState::Ready) => ProofState::Ready,
                // Nobody at home is an answer too: the CA will find nobody either.
                _ => ProofState::NotYet,
            }
        } else if (https, http) == (ProofState::Ready, ProofState::Ready) {
            ProofState::Ready
        } else {
            ProofState::NotYet
        }
    }

    /// What is wrong with one scheme matters less when the other one is enough and right.
    fn findings(&self, seen: &mut [Seen], state: ProofState) -> Vec<Found> {
        let mut found = Vec::new();
        let of_family = |six: bool| {
            let states = seen.iter().filter(|one| one.ip.is_ipv6() == six).map(|one| (one.scheme, one.row.state));
            states.collect::<Vec<_>>()
        };
        let (four, six) = (of_family(false), of_family(true));
        let differs = !four.is_empty() && !six.is_empty() && {
            four.iter().any(|(scheme, state)| {
                six.iter()
                    .any(|(other, its)| other == scheme && (*its == RowState::Found) != (*state == RowState::Found))
            })
        };
        if differs {
            let wrong = seen.iter().find(|one| one.row.state != RowState::Found).map(|one| one.row.address.clone());
            let one = Found::error(Code::WebFamiliesDiffer, &self.domain).with("domain", &self.domain);
            let grave = if state == ProofState::Ready { Severity::Warning } else { Severity::Error };
            found.push(one.with_some("found", wrong).at_most(grave));
        }
        // Where one scheme is enough, the one that has the file is the one to be mended.
        let is_there = |row: &ProofRow| matches!(row.state, RowState::Found | RowState::OtherContent);
        let has_file: Vec<&str> = seen.iter().filter(|one| is_there(&one.row)).map(|one| one.scheme).collect();
        let one_is_enough = self.order.rules.one_scheme_is_enough && !has_file.is_empty();
        for one in seen.iter_mut() {
            let aside = state == ProofState::Ready || (one_is_enough && !has_file.contains(&one.scheme));
            let grave = if aside { Severity::Note } else { Severity::Error };
            found.extend(std::mem::take(&mut one.found).into_iter().map(|one| one.at_most(grave)));
        }
        found
    }

    /// The other one of `www` and the bare domain is not what the CA looks at; it is told when it differs, for people test
    /// with the one and order with the other.
    fn partner_findings(&self, seen: &[Seen], state: ProofState) -> Vec<Found> {
        let answered = seen.iter().any(|one| one.row.status.is_some());
        if state == ProofState::Ready || !answered {
            return Vec::new();
        }
        let domain = match self.domain.strip_prefix("www.") {
            Some(apex) if self.order.domains.iter().any(|domain| domain == apex) => apex.to_owned(),
            _ => format!("www.{}", self.domain),
        };
        vec![Found::note(Code::WebPartnerDiffers, &self.domain).with("domain", domain).with("found", &self.domain)]
    }
}

/// An address that a CA cannot reach from outside.
fn is_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn www_has_a_partner_where_people_expect_one() {
        assert_eq!(partner_of("www.example.com").as_deref(), Some("example.com"));
        assert_eq!(partner_of("example.com.cn").as_deref(), Some("www.example.com.cn"));
        assert_eq!(partner_of("shop.example.com"), None);
    }

    #[test]
    fn addresses_inside_are_known() {
        for local in ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.1.1", "::1", "fd00::1", "fe80::1"] {
            assert!(is_local(&local.parse().unwrap()), "{local}");
        }
        for outside in ["1.1.1.1", "2606:4700::1111"] {
            assert!(!is_local(&outside.parse().unwrap()), "{outside}");
        }
    }
}
