//! DV by DNS: is the record there as the CA wants it, and does everybody see it?
//!
//! The CA decides by what the zone's own servers say; resolvers show how far it has spread. So the servers' word counts, and
//! where nobody can ask them (networks that let no DNS out), the resolvers'.

mod ask;
pub(super) mod caa;
mod judge;
mod mistakes;
mod observe;
mod zone;

use std::net::{IpAddr, SocketAddr};

use futures_util::future::join_all;
use hickory_proto::rr::{Name, RecordType};

use self::{
    observe::{Observation, Wanted, observe},
    zone::{Resolvers, Zone},
};
use super::{finding::Found, settings::DnsSettings};
use crate::model::{Proof, ProofCheck, ProofMethod, RowKind};

/// Looks for the record of a proof everywhere; `all`: the proofs of its order, itself among them.
pub(super) async fn check(proof: &Proof, all: &[Proof], settings: &DnsSettings) -> (ProofCheck, Vec<Found>) {
    let Ok(name) = Name::from_ascii(format!("{}.", proof.name)) else {
        // The order was read: its names are names.
        return (empty(proof), Vec::new());
    };
    let kind = if proof.method == ProofMethod::DnsCname { RecordType::CNAME } else { RecordType::TXT };
    let records = all.iter().filter(|proof| proof.method != ProofMethod::File);
    let elsewhere = records.filter_map(|proof| Name::from_ascii(format!("{}.", proof.name)).ok()).collect();
    let wanted = Wanted { name, kind, value: proof.value.clone(), elsewhere };
    let mut seen = by_resolvers(&wanted, settings).await;
    let resolvers = answering(&seen, settings);
    let zone = if resolvers.servers.is_empty() { None } else { resolvers.zone(&wanted.name).await };
    if let Some(zone) = &zone {
        seen.extend(by_servers(&wanted, zone, &resolvers).await);
    }
    let look = judge::Look { wanted: &wanted, seen: &seen, zone: zone.as_ref(), resolvers: &resolvers };
    let (state, found) = judge::judge(&look).await;
    let check = ProofCheck {
        state,
        zone: zone.map(|zone| text_of(&zone.apex)),
        rows: seen.into_iter().map(|one| one.into_row(&wanted)).collect(),
        ..empty(proof)
    };
    (check, found)
}

fn empty(proof: &Proof) -> ProofCheck {
    let state = crate::model::ProofState::Unknown;
    ProofCheck { method: proof.method, name: proof.name.clone(), state, zone: None, rows: Vec::new() }
}

/// What this computer's resolvers and the public ones say.
async fn by_resolvers(wanted: &Wanted, settings: &DnsSettings) -> Vec<Observation> {
    let system = settings.system().into_iter().map(|address| (RowKind::System, address.ip().to_string(), address));
    let public = settings.public.iter().map(|resolver| (RowKind::Public, resolver.name.clone(), resolver.address));
    let limit = settings.timeout();
    join_all(system.chain(public).map(|(kind, name, address)| observe(kind, name, address, wanted, limit))).await
}

/// The resolvers that said something, so that nobody waits again for those that did not.
fn answering<'a>(seen: &[Observation], settings: &'a DnsSettings) -> Resolvers<'a> {
    let servers = seen.iter().filter(|one| one.answered()).map(|one| one.address).collect();
    Resolvers { settings, servers }
}

/// What the zone's own servers say.
async fn by_servers(wanted: &Wanted, zone: &Zone, resolvers: &Resolvers<'_>) -> Vec<Observation> {
    let settings = resolvers.settings;
    let reachable = zone.servers.iter().filter_map(|server| Some((server.name.clone(), server.address?)));
    let asked = reachable.map(|(name, address)| {
        let address = SocketAddr::new(address, settings.authoritative_port);
        observe(RowKind::Authoritative, name, address, wanted, settings.timeout())
    });
    let mut seen = join_all(asked).await;
    for one in &mut seen {
        one.follow_alias(wanted, resolvers).await;
    }
    seen
}

/// Resolvers that answer at all, for what is asked beside a record.
async fn working_resolvers<'a>(name: &Name, settings: &'a DnsSettings) -> Resolvers<'a> {
    let wanted = Wanted { name: name.clone(), kind: RecordType::A, value: String::new(), elsewhere: Vec::new() };
    answering(&by_resolvers(&wanted, settings).await, settings)
}

/// Addresses of a domain, as most of the world sees them: public resolvers are asked first. `None`: nobody answers.
pub(super) async fn addresses(domain: &str, settings: &DnsSettings) -> Option<Vec<IpAddr>> {
    let name = Name::from_ascii(format!("{domain}.")).ok()?;
    let mut resolvers = working_resolvers(&name, settings).await;
    if resolvers.servers.is_empty() {
        return None;
    }
    resolvers.servers.reverse();
    Some(resolvers.addresses(&name).await)
}

/// A name as people read it: ASCII, lower case, without the dot at its end.
fn text_of(name: &Name) -> String {
    let text = name.to_lowercase().to_ascii();
    text.strip_suffix('.').filter(|text| !text.is_empty()).unwrap_or(&text).to_owned()
}
