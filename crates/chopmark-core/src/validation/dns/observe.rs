//! What one server says about the record.

use std::{net::SocketAddr, time::Duration};

use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, Record, RecordType},
};

use super::{
    ask::{Asked, Question, Reply, ask},
    text_of,
    zone::Resolvers,
};
use crate::{
    hints::System,
    model::{ProofRow, RowKind, RowState},
};

/// Longest value shown; all of it is compared.
const LONGEST_SHOWN: usize = 300;

/// The record as the CA wants it.
pub(super) struct Wanted {
    pub(super) name: Name,
    /// CNAME or TXT.
    pub(super) kind: RecordType,
    pub(super) value: String,
    /// Where the same order wants records too: what stands there is no mistake.
    pub(super) elsewhere: Vec<Name>,
}

/// What one server said.
pub(super) struct Observation {
    pub(super) kind: RowKind,
    pub(super) server: String,
    pub(super) address: SocketAddr,
    pub(super) state: RowState,
    pub(super) values: Vec<String>,
    pub(super) ttl: Option<u32>,
    pub(super) wrong_for: Option<u32>,
    /// A TXT record was asked for, and the name is an alias of this one.
    alias: Option<Name>,
    took: Duration,
}

impl Wanted {
    /// Is this value the one? Names are the same in any case (RFC 4343), text is not.
    pub(super) fn is(&self, value: &str) -> bool {
        match self.kind {
            RecordType::CNAME => value.eq_ignore_ascii_case(&self.value),
            _ => value == self.value,
        }
    }

    /// The same record at another name.
    pub(super) fn at(&self, name: Name) -> Wanted {
        Wanted { name, kind: self.kind, value: self.value.clone(), elsewhere: Vec::new() }
    }
}

/// Asks one server.
pub(super) async fn observe(
    kind: RowKind,
    server: String,
    address: SocketAddr,
    wanted: &Wanted,
    limit: Duration,
) -> Observation {
    let question = match kind {
        RowKind::Authoritative => Question::to_server(&wanted.name, wanted.kind),
        _ => Question::to_resolver(&wanted.name, wanted.kind),
    };
    let (asked, took) = ask(address, &question, limit).await;
    let nothing = Observation {
        kind,
        server,
        address,
        state: RowState::Garbled,
        values: Vec::new(),
        ttl: None,
        wrong_for: None,
        alias: None,
        took,
    };
    let mut one = match &asked {
        Asked::Timeout => Observation { state: RowState::Timeout, ..nothing },
        Asked::Unreachable => Observation { state: RowState::Unreachable, ..nothing },
        Asked::Garbled => nothing,
        Asked::Reply(reply) => nothing.read(reply, wanted),
    };
    if one.state == RowState::Servfail && kind != RowKind::Authoritative {
        // What comes back once nobody judges the signatures was rejected because of them.
        let unjudged = ask(address, &question.unchecked(), limit).await.0;
        let answers = |reply: &Reply| matches!(reply.code, ResponseCode::NoError | ResponseCode::NXDomain);
        if unjudged.reply().is_some_and(answers) {
            one.state = RowState::Dnssec;
        }
    }
    if one.state == RowState::NoData {
        one.look_for_other_kinds(&question, limit).await;
    }
    one
}

impl Observation {
    /// It spoke, whatever it said.
    pub(super) fn answered(&self) -> bool {
        !matches!(self.state, RowState::Timeout | RowState::Unreachable | RowState::Garbled | RowState::Refused)
    }

    fn read(self, reply: &Reply, wanted: &Wanted) -> Observation {
        let refers = !reply.authoritative
            && reply.answers.is_empty()
            && reply.authorities.iter().any(|record| record.record_type() == RecordType::NS);
        let state = match reply.code {
            ResponseCode::NoError if self.kind == RowKind::Authoritative && refers => RowState::Lame,
            ResponseCode::NoError => return self.read_records(reply, wanted),
            ResponseCode::NXDomain => RowState::NoSuchName,
            ResponseCode::Refused => RowState::Refused,
            ResponseCode::NotAuth => RowState::Lame,
            _ => RowState::Servfail,
        };
        let wrong_for = reply.denial().map(|(_, seconds)| seconds).filter(|_| state == RowState::NoSuchName);
        Observation { state, wrong_for, ..self }
    }

    fn read_records(self, reply: &Reply, wanted: &Wanted) -> Observation {
        let fitting: Vec<&Record> = reply
            .answers
            .iter()
            .filter(|record| record.record_type() == wanted.kind)
            // Text may stand behind an alias that a resolver has followed.
            .filter(|record| wanted.kind != RecordType::CNAME || record.name == wanted.name)
            .collect();
        let values: Vec<String> = fitting.iter().filter_map(|record| value_of(&record.data)).collect();
        let lives = fitting.iter().map(|record| record.ttl).min();
        let alias = reply.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == wanted.name => Some(target.0.clone()),
            _ => None,
        });
        if values.iter().any(|value| wanted.is(value)) {
            return Observation { state: RowState::Found, values, ttl: lives, ..self };
        }
        if !values.is_empty() {
            return Observation { state: RowState::OtherValue, values, ttl: lives, wrong_for: lives, ..self };
        }
        let wrong_for = reply.denial().map(|(_, seconds)| seconds);
        Observation {
            state: RowState::NoData,
            wrong_for,
            alias: alias.filter(|_| wanted.kind != RecordType::CNAME),
            ..self
        }
    }

    /// There is no such record; is there another at this name?
    async fn look_for_other_kinds(&mut self, question: &Question, limit: Duration) {
        if let Some(alias) = &self.alias {
            self.state = RowState::OtherType;
            self.values = vec![format!("CNAME {}", text_of(alias))];
            return;
        }
        let others =
            [RecordType::TXT, RecordType::A, RecordType::AAAA].into_iter().filter(|kind| *kind != question.kind);
        for kind in others {
            let question = Question { kind, ..question.clone() };
            let asked = ask(self.address, &question, limit).await.0;
            let Some(reply) = asked.reply() else { return };
            let values: Vec<String> = own_values(&reply.answers, &question.name, kind);
            if !values.is_empty() {
                self.state = RowState::OtherType;
                self.values = values.into_iter().map(|value| format!("{kind} {value}")).collect();
                return;
            }
        }
    }

    /// A server of the zone knows only that the name is an alias; what stands behind it, resolvers know.
    pub(super) async fn follow_alias(&mut self, wanted: &Wanted, resolvers: &Resolvers<'_>) {
        let Some(alias) = self.alias.take() else { return };
        let Some(reply) = resolvers.ask(&alias, wanted.kind).await else { return };
        let texts = reply.answers.iter().filter(|record| record.record_type() == wanted.kind);
        let values: Vec<String> = texts.filter_map(|record| value_of(&record.data)).collect();
        if values.iter().any(|value| wanted.is(value)) {
            (self.state, self.values) = (RowState::Found, values);
        } else if !values.is_empty() {
            (self.state, self.values) = (RowState::OtherValue, values);
        }
    }

    /// As it is shown.
    pub(super) fn into_row(self, wanted: &Wanted) -> ProofRow {
        ProofRow {
            command: command(self.kind, self.address, wanted),
            address: self.address.to_string(),
            found: self.values.iter().map(|value| shown(value)).collect(),
            kind: self.kind,
            server: self.server,
            state: self.state,
            ttl: self.ttl,
            wrong_for: self.wrong_for,
            status: None,
            location: None,
            certificate: None,
            diff: Vec::new(),
            ms: u32::try_from(self.took.as_millis()).unwrap_or(u32::MAX),
        }
    }
}

/// Values of that kind at that very name.
pub(super) fn own_values(records: &[Record], name: &Name, kind: RecordType) -> Vec<String> {
    let own = records.iter().filter(|record| record.name == *name && record.record_type() == kind);
    own.filter_map(|record| value_of(&record.data)).collect()
}

/// A record's value as people write it; text in several pieces is one text (RFC 7208 §3.3 says so for all of its kind).
fn value_of(data: &RData) -> Option<String> {
    match data {
        RData::CNAME(target) => Some(text_of(&target.0)),
        RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
        RData::A(address) => Some(address.0.to_string()),
        RData::AAAA(address) => Some(address.0.to_string()),
        _ => None,
    }
}

/// Cut to a length that can be read.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(LONGEST_SHOWN) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// The same question for a terminal: dig, or nslookup where that is what the system has.
fn command(kind: RowKind, address: SocketAddr, wanted: &Wanted) -> String {
    let (ip, port, name, record) = (address.ip(), address.port(), text_of(&wanted.name), wanted.kind);
    let own = kind == RowKind::Authoritative;
    let odd_port = port != 53;
    match System::ours() {
        System::Windows => {
            let port = if odd_port { format!(" -port={port}") } else { String::new() };
            let recurse = if own { " -norecurse" } else { "" };
            format!("nslookup{port}{recurse} -type={record} {name}. {ip}")
        }
        System::Linux | System::MacOs => {
            let port = if odd_port { format!(" -p {port}") } else { String::new() };
            let recurse = if own { " +norecurse" } else { "" };
            format!("dig @{ip}{port}{recurse} {name} {record}")
        }
    }
}
