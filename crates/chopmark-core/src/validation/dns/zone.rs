//! Where the zone of a name begins, and who serves it.

use std::net::{IpAddr, SocketAddr};

use futures_util::future::join_all;
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, RecordType},
};

use super::{
    ask::{Asked, Question, Reply, ask},
    text_of,
};
use crate::validation::settings::DnsSettings;

/// Most resolvers that are asked the same: those that follow know no better, and each may take its time.
const MOST_ASKED: usize = 3;
/// Most servers of a zone that are asked.
const MOST_SERVERS: usize = 13;

/// A zone.
pub(super) struct Zone {
    pub(super) apex: Name,
    pub(super) servers: Vec<Server>,
}

/// A server of a zone.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) name: String,
    /// `None`: its name leads nowhere.
    pub(super) address: Option<IpAddr>,
}

/// Resolvers that have been seen to answer, in the order in which they are asked.
pub(super) struct Resolvers<'a> {
    pub(super) settings: &'a DnsSettings,
    pub(super) servers: Vec<SocketAddr>,
}

impl Resolvers<'_> {
    /// The first answer that is one. They are asked not to judge signatures: that DNSSEC is broken is told elsewhere, and
    /// must not hide the rest.
    pub(super) async fn ask(&self, name: &Name, kind: RecordType) -> Option<Reply> {
        for server in self.servers.iter().take(MOST_ASKED) {
            let question = Question::to_resolver(name, kind).unchecked();
            if let (Asked::Reply(reply), _) = ask(*server, &question, self.settings.timeout()).await
                && matches!(reply.code, ResponseCode::NoError | ResponseCode::NXDomain)
            {
                return Some(*reply);
            }
        }
        None
    }

    /// Addresses of a name, IPv4 first.
    pub(super) async fn addresses(&self, name: &Name) -> Vec<IpAddr> {
        let (four, six) = tokio::join!(self.ask(name, RecordType::A), self.ask(name, RecordType::AAAA));
        let records = four.into_iter().chain(six).flat_map(|reply| reply.answers);
        records
            .filter_map(|record| match record.data {
                RData::A(address) => Some(IpAddr::V4(address.0)),
                RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                _ => None,
            })
            .collect()
    }

    /// The zone that a name is in: the closest name above it that has an SOA record.
    pub(super) async fn zone(&self, name: &Name) -> Option<Zone> {
        let apex = self.apex(name).await?;
        let names: Vec<Name> = match self.ask(&apex, RecordType::NS).await {
            Some(reply) => reply.answers.into_iter().filter_map(|record| match record.data {
                RData::NS(name) if record.name == apex => Some(name.0),
                _ => None,
            }),
            None => return Some(Zone { apex, servers: Vec::new() }),
        }
        .take(MOST_SERVERS)
        .collect();
        let servers = join_all(names.iter().map(|name| self.server(name))).await;
        Some(Zone { apex, servers })
    }

    async fn server(&self, name: &Name) -> Server {
        Server { name: text_of(name), address: self.addresses(name).await.first().copied() }
    }

    async fn apex(&self, name: &Name) -> Option<Name> {
        let mut at = name.clone();
        while !at.is_root() {
            if let Some(reply) = self.ask(&at, RecordType::SOA).await {
                let own = reply.answers.iter().find(|record| record.record_type() == RecordType::SOA);
                if own.is_some_and(|record| record.name == at) {
                    return Some(at);
                }
                // Behind an alias the denial is about another zone.
                if reply.answers.is_empty()
                    && let Some((zone, _)) = reply.denial()
                    && zone.zone_of(&at)
                {
                    return Some(zone.clone());
                }
            }
            at = at.base_name();
        }
        None
    }
}
