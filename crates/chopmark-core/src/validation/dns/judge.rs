//! From what everybody said to what is the matter.

use std::net::SocketAddr;

use futures_util::future::join_all;
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RecordType},
};

use super::{
    ask::{Question, ask},
    mistakes,
    observe::{Observation, Wanted, observe, own_values, shown},
    text_of,
    zone::{Resolvers, Zone},
};
use crate::{
    error::Code,
    journal::hex,
    model::{ProofState, RowKind, RowState, Severity},
    validation::{finding::Found, names},
};

/// Longest chain of aliases that is followed.
const LONGEST_CHAIN: usize = 8;

/// Everything that is known.
pub(super) struct Look<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) seen: &'a [Observation],
    pub(super) zone: Option<&'a Zone>,
    pub(super) resolvers: &'a Resolvers<'a>,
}

/// How it stands, and why.
pub(super) async fn judge(look: &Look<'_>) -> (ProofState, Vec<Found>) {
    let mut found = Vec::new();
    if let Some(gone) = look.not_registered().await {
        return (ProofState::NotYet, vec![gone]);
    }
    let state = look.state();
    look.about_servers(&mut found);
    look.about_resolvers(&mut found);
    let right = look.voices().iter().filter(|one| one.state == RowState::Found).count();
    let wrong: Vec<&Observation> = look.voices().into_iter().filter(|one| one.state != RowState::Found).collect();
    match (right, wrong.first()) {
        (_, None) => {}
        (0, Some(first)) => found.extend(look.mistake(first).await),
        (_, Some(_)) if look.servers_speak() => {
            found.push(look.finding(Code::ServersDisagree).with("servers", list(&wrong)));
        }
        // Nobody could ask the servers, and some resolvers have it: it is spreading.
        (_, Some(_)) => found.push(look.cached(&wrong)),
    }
    if look.wanted.kind == RecordType::CNAME {
        found.extend(look.others_beside().await);
    }
    (state, found)
}

impl<'a> Look<'a> {
    fn about(&self) -> String {
        text_of(&self.wanted.name)
    }

    fn finding(&self, code: Code) -> Found {
        Found::error(code, &self.about()).with("name", self.about())
    }

    fn zone_name(&self) -> String {
        self.zone.map_or_else(|| names::registrable(&self.about()), |zone| text_of(&zone.apex))
    }

    fn servers(&self) -> impl Iterator<Item = &'a Observation> {
        self.seen.iter().filter(|one| one.kind == RowKind::Authoritative)
    }

    fn resolver_rows(&self) -> impl Iterator<Item = &'a Observation> {
        self.seen.iter().filter(|one| one.kind != RowKind::Authoritative)
    }

    /// Servers of the zone say something about the record.
    fn servers_speak(&self) -> bool {
        self.servers().any(|one| one.state.is_evidence())
    }

    /// Those whose word counts: the zone's servers; where none speaks, the resolvers.
    fn voices(&self) -> Vec<&'a Observation> {
        let speak = self.servers_speak();
        let counts = |one: &&Observation| (one.kind == RowKind::Authoritative) == speak;
        let evidence = self.seen.iter().filter(counts).filter(|one| one.state.is_evidence());
        evidence.filter(|one| one.state != RowState::Dnssec).collect()
    }

    /// Whatever the zone's servers say to us: resolvers get nothing, and a CA asks through one.
    fn all_resolvers_fail(&self) -> bool {
        let mut answered = self.resolver_rows().filter(|one| one.answered()).peekable();
        answered.peek().is_some() && answered.all(|one| one.state == RowState::Servfail)
    }

    fn state(&self) -> ProofState {
        let voices = self.voices();
        let right = voices.iter().filter(|one| one.state == RowState::Found).count();
        let rejected = self.resolver_rows().any(|one| one.state == RowState::Dnssec) || self.all_resolvers_fail();
        let behind = |one: &Observation| one.state.is_evidence() && one.state != RowState::Found;
        match (right, voices.len()) {
            _ if rejected => ProofState::NotYet,
            (0, 0) if self.seen.iter().any(Observation::answered) => ProofState::NotYet,
            (0, 0) => ProofState::Unknown,
            (right, all) if right == all && self.resolver_rows().any(behind) => ProofState::Spreading,
            (right, all) if right == all => ProofState::Ready,
            (1.., _) if !self.servers_speak() => ProofState::Spreading,
            _ => ProofState::NotYet,
        }
    }

    /// A domain that nobody registered (or whose registration ran out) has no zone to put a record into.
    async fn not_registered(&self) -> Option<Found> {
        let domain = names::registrable(&self.about());
        let name = Name::from_ascii(format!("{domain}.")).ok()?;
        if self.zone.is_some_and(|zone| name.zone_of(&zone.apex)) {
            return None;
        }
        let reply = self.resolvers.ask(&name, RecordType::SOA).await?;
        (reply.code == ResponseCode::NXDomain)
            .then(|| Found::error(Code::DomainNotRegistered, &domain).with("domain", &domain))
    }

    /// What is the matter with the zone's servers themselves.
    fn about_servers(&self, found: &mut Vec<Found>) {
        let zone = self.zone_name();
        let grave = if self.servers_speak() { Severity::Warning } else { Severity::Error };
        let mut tell = |code, servers: String| {
            if !servers.is_empty() {
                let one = Found::error(code, &zone).with("zone", &zone).with("servers", servers);
                found.push(one.at_most(grave));
            }
        };
        let in_state =
            |states: &[RowState]| list(&self.servers().filter(|one| states.contains(&one.state)).collect::<Vec<_>>());
        tell(Code::ServerRefuses, in_state(&[RowState::Refused]));
        tell(Code::ServerLame, in_state(&[RowState::Lame]));
        tell(Code::ServerFails, in_state(&[RowState::Servfail]));
        // Networks that let nobody ask but their own resolver are no fault of the zone.
        if self.servers_speak() {
            tell(Code::ServerSilent, in_state(&[RowState::Timeout, RowState::Unreachable, RowState::Garbled]));
        } else if !self.voices().iter().any(|one| one.state == RowState::Found) {
            tell(Code::ServerSilent, in_state(&[RowState::Timeout, RowState::Unreachable]));
        }
        let lost = self.zone.iter().flat_map(|zone| &zone.servers).filter(|server| server.address.is_none());
        tell(Code::ServersUnknown, lost.map(|server| &*server.name).collect::<Vec<_>>().join(", "));
    }

    fn about_resolvers(&self, found: &mut Vec<Found>) {
        let in_state =
            |states: &[RowState]| self.resolver_rows().filter(|one| states.contains(&one.state)).collect::<Vec<_>>();
        let zone = self.zone_name();
        let rejecting = in_state(&[RowState::Dnssec]);
        if !rejecting.is_empty() {
            let one = Found::error(Code::DnssecBroken, &zone).with("zone", &zone).with("servers", list(&rejecting));
            found.push(one);
        }
        let failing = in_state(&[RowState::Servfail]);
        let grave = if self.all_resolvers_fail() { Severity::Error } else { Severity::Warning };
        if !failing.is_empty() {
            found.push(self.finding(Code::ResolverFails).with("servers", list(&failing)).at_most(grave));
        }
        let silent = in_state(&[RowState::Timeout, RowState::Unreachable, RowState::Garbled, RowState::Refused]);
        let nobody = !self.seen.iter().any(Observation::answered);
        if nobody {
            found.push(self.finding(Code::DnsUnreachable));
        } else if !silent.is_empty() {
            let about = list(&silent);
            found.push(Found::note(Code::ResolverSilent, &about).with("servers", &about));
        }
        let all_right = self.servers_speak() && self.voices().iter().all(|one| one.state == RowState::Found);
        let old: Vec<&Observation> = self
            .resolver_rows()
            .filter(|one| one.state.is_evidence() && !matches!(one.state, RowState::Found | RowState::Dnssec))
            .collect();
        if all_right && !old.is_empty() {
            found.push(self.cached(&old));
        }
    }

    fn cached(&self, old: &[&Observation]) -> Found {
        let seconds = old.iter().filter_map(|one| one.wrong_for).max();
        Found::warning(Code::OldAnswerCached, &self.about())
            .with("name", self.about())
            .with("servers", list(old))
            .with_some("minutes", seconds.map(minutes))
    }

    /// Names what went wrong, as exactly as can be.
    async fn mistake(&self, wrong: &Observation) -> Vec<Found> {
        let zone = self.zone.map(|zone| text_of(&zone.apex));
        let values = wrong.values.iter().map(|value| shown(value)).collect::<Vec<_>>().join(", ");
        for value in &wrong.values {
            if let Some(code) = mistakes::of_value(self.wanted, value, zone.as_deref()) {
                return vec![self.finding(code).with("found", shown(value)).with("expected", &self.wanted.value)];
            }
        }
        if self.is_wildcard(wrong).await {
            return vec![self.finding(Code::WildcardAnswers).with("found", values).with("zone", self.zone_name())];
        }
        let elsewhere = self.elsewhere(wrong).await;
        if !elsewhere.is_empty() {
            return elsewhere;
        }
        let kind = self.wanted.kind;
        vec![match wrong.state {
            RowState::OtherValue => match self.chain(wrong).await {
                Some(found) => found,
                None => self.finding(Code::RecordOtherValue).with("found", values).with("expected", &self.wanted.value),
            },
            RowState::OtherType => self.finding(Code::RecordOtherType).with("found", values).with("type", kind),
            RowState::NoData => {
                self.finding(Code::RecordNoData).with("type", kind).with_some("minutes", wrong.wrong_for.map(minutes))
            }
            _ => {
                self.finding(Code::RecordMissing).with("type", kind).with_some("minutes", wrong.wrong_for.map(minutes))
            }
        }]
    }

    /// Does a name that nobody can have made get the same answer?
    async fn is_wildcard(&self, wrong: &Observation) -> bool {
        if wrong.state == RowState::NoSuchName {
            return false;
        }
        let mut random = [0; 8];
        if getrandom::fill(&mut random).is_err() {
            return false;
        }
        let Ok(name) = self.wanted.name.base_name().prepend_label(format!("chopmark-{}", hex(&random))) else {
            return false;
        };
        let other = self.ask_again(wrong, &self.wanted.at(name)).await;
        other.state == wrong.state && sorted(&other.values) == sorted(&wrong.values)
    }

    /// The record with the right value, at a name where people put it by mistake.
    async fn elsewhere(&self, wrong: &Observation) -> Vec<Found> {
        let Some(zone) = self.zone else { return Vec::new() };
        let names = mistakes::other_names(self.wanted, &zone.apex);
        let asked = names.iter().map(|(name, code)| async move {
            let wanted = self.wanted.at(name.clone());
            let there = self.ask_again(wrong, &wanted).await;
            let fits = |value: &String| mistakes::of_value(&wanted, value, None).is_some();
            let right = there.state == RowState::Found || there.values.iter().any(fits);
            right.then(|| self.finding(*code).with("found", text_of(name)).with("zone", text_of(&zone.apex)))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Does the alias lead on to the right one, or round in a circle?
    async fn chain(&self, wrong: &Observation) -> Option<Found> {
        if self.wanted.kind != RecordType::CNAME {
            return None;
        }
        let mut at = wrong.values.first()?.clone();
        let mut way = vec![self.about(), at.clone()];
        for _ in 0..LONGEST_CHAIN {
            let name = Name::from_ascii(format!("{at}.")).ok()?;
            let reply = self.resolvers.ask(&name, RecordType::CNAME).await?;
            at = own_values(&reply.answers, &name, RecordType::CNAME).into_iter().next()?;
            let round = way.contains(&at);
            way.push(at.clone());
            let code = match () {
                () if self.wanted.is(&at) => Code::CnameChain,
                () if round => Code::CnameLoop,
                () => continue,
            };
            return Some(self.finding(code).with("found", way.join(" → ")));
        }
        None
    }

    /// A CNAME must stand alone (RFC 1034 §3.6.2); a server that lets others stand beside it answers now this, now that.
    async fn others_beside(&self) -> Option<Found> {
        let server = self.servers().find(|one| one.state.is_evidence())?;
        let has_alias = |one: &Observation| matches!(one.state, RowState::Found | RowState::OtherValue);
        if !has_alias(server) {
            return None;
        }
        for kind in [RecordType::TXT, RecordType::A, RecordType::MX] {
            let question = Question::to_server(&self.wanted.name, kind);
            let asked = ask(server.address, &question, self.limit()).await.0;
            let beside = asked.reply().is_some_and(|reply| {
                reply.answers.iter().any(|record| record.name == self.wanted.name && record.record_type() == kind)
            });
            if beside {
                // Which of the two a CA gets is chance.
                let found = self.finding(Code::CnameWithOthers).with("found", kind);
                return Some(found.at_most(Severity::Warning));
            }
        }
        None
    }

    /// Asks the same server about another name.
    async fn ask_again(&self, one: &Observation, wanted: &Wanted) -> Observation {
        let address: SocketAddr = one.address;
        observe(one.kind, one.server.clone(), address, wanted, self.limit()).await
    }

    fn limit(&self) -> std::time::Duration {
        self.resolvers.settings.timeout()
    }
}

fn sorted(values: &[String]) -> Vec<&String> {
    let mut sorted: Vec<&String> = values.iter().collect();
    sorted.sort();
    sorted
}

/// Begun minutes.
fn minutes(seconds: u32) -> u32 {
    seconds.div_ceil(60)
}

/// Names of servers, each once.
fn list(seen: &[&Observation]) -> String {
    let mut names: Vec<&str> = seen.iter().map(|one| &*one.server).collect();
    names.dedup();
    names.join(", ")
}
