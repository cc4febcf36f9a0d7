//! Which CAs may issue for a domain (CAA, RFC 8659).

use hickory_proto::rr::{Name, RData, RecordType, rdata::CAA};

use super::{ask::Reply, observe::shown, text_of, zone::Resolvers};
use crate::{
    error::Code,
    model::{CaRules, ProofRow, RowKind, RowState},
    validation::{finding::Found, settings::DnsSettings},
};

/// Looks for the CAA records that count for a domain: those of the closest name above it that has any (RFC 8659 §3).
pub(in crate::validation) async fn check(
    domain: &str,
    rules: &CaRules,
    settings: &DnsSettings,
) -> (ProofRow, Vec<Found>) {
    let (bare, wildcard) = match domain.strip_prefix("*.") {
        Some(bare) => (bare, true),
        None => (domain, false),
    };
    let Ok(name) = Name::from_ascii(format!("{bare}.")) else { return (row(domain, RowState::Garbled), Vec::new()) };
    let resolvers = super::working_resolvers(&name, settings).await;
    if resolvers.servers.is_empty() {
        // That nobody answers is told by the check of the record.
        return (row(domain, RowState::Timeout), Vec::new());
    }
    match climb(&name, &resolvers).await {
        None => {
            (row(domain, RowState::Servfail), vec![Found::error(Code::CaaUnreadable, domain).with("domain", domain)])
        }
        Some((_, records)) if records.is_empty() => (row(domain, RowState::Allowed), Vec::new()),
        Some((at, records)) => {
            let (state, found) = judge(domain, wildcard, &records, rules);
            let found_text = records.iter().map(|record| shown(&text(record))).collect();
            (ProofRow { server: text_of(&at), found: found_text, ..row(domain, state) }, found)
        }
    }
}

/// `None`: it cannot be read, which counts as a "no" (RFC 8659 §3, baseline requirements 3.2.2.8).
async fn climb(domain: &Name, resolvers: &Resolvers<'_>) -> Option<(Name, Vec<CAA>)> {
    let mut at = domain.clone();
    while !at.is_root() {
        let reply: Reply = resolvers.ask(&at, RecordType::CAA).await?;
        let records: Vec<CAA> = reply
            .answers
            .into_iter()
            .filter_map(|record| match record.data {
                RData::CAA(caa) => Some(caa),
                _ => None,
            })
            .collect();
        if !records.is_empty() {
            return Some((at, records));
        }
        at = at.base_name();
    }
    Some((at, Vec::new()))
}

fn judge(domain: &str, wildcard: bool, records: &[CAA], rules: &CaRules) -> (RowState, Vec<Found>) {
    let tagged = |tag: &str| records.iter().filter(|record| record.tag.eq_ignore_ascii_case(tag)).collect::<Vec<_>>();
    let known = ["issue", "issuewild", "iodef", "issuemail", "contactemail", "contactphone", "issuevmc"];
    let strange =
        |record: &&CAA| record.issuer_critical && !known.iter().any(|tag| record.tag.eq_ignore_ascii_case(tag));
    if let Some(record) = records.iter().find(strange) {
        let found = Found::error(Code::CaaCritical, domain).with("domain", domain).with("found", shown(&text(record)));
        return (RowState::Forbidden, vec![found]);
    }
    // For a wildcard `issuewild` counts, if there is one.
    let wild = tagged("issuewild");
    let counting = if wildcard && !wild.is_empty() { wild } else { tagged("issue") };
    if counting.is_empty() {
        return (RowState::Allowed, Vec::new());
    }
    let issuers: Vec<String> = counting.iter().map(|record| issuer(record)).collect();
    let named = issuers.iter().filter(|issuer| !issuer.is_empty()).cloned().collect::<Vec<_>>().join(", ");
    let with_facts = |found: Found| {
        let expected = Some(rules.caa.join(", ")).filter(|expected| !expected.is_empty());
        found.with("domain", domain).with_some("expected", expected)
    };
    match () {
        () if named.is_empty() => (RowState::Forbidden, vec![with_facts(Found::error(Code::CaaForbids, domain))]),
        () if rules.caa.is_empty() => {
            let found = with_facts(Found::note(Code::CaaRestricts, domain)).with("found", named);
            (RowState::Restricted, vec![found])
        }
        () if issuers.iter().any(|issuer| rules.caa.iter().any(|ours| ours.eq_ignore_ascii_case(issuer))) => {
            (RowState::Allowed, Vec::new())
        }
        () => (RowState::Forbidden, vec![with_facts(Found::error(Code::CaaForbids, domain)).with("found", named)]),
    }
}

/// The CA in front of the parameters; empty: none.
fn issuer(record: &CAA) -> String {
    let value = String::from_utf8_lossy(&record.value);
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn text(record: &CAA) -> String {
    let flags = if record.issuer_critical { 128 } else { 0 };
    format!("{flags} {} \"{}\"", record.tag, String::from_utf8_lossy(&record.value))
}

fn row(domain: &str, state: RowState) -> ProofRow {
    ProofRow {
        kind: RowKind::Caa,
        server: domain.to_owned(),
        address: String::new(),
        state,
        found: Vec::new(),
        ttl: None,
        wrong_for: None,
        status: None,
        location: None,
        certificate: None,
        diff: Vec::new(),
        command: match crate::hints::System::ours() {
            // Its nslookup knows no CAA by name.
            crate::hints::System::Windows => format!("nslookup -type=257 {domain}."),
            _ => format!("dig {} CAA", domain.trim_start_matches("*.")),
        },
        ms: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, validation::settings::Settings};

    #[test]
    fn who_may_issue_is_read_as_the_standard_says() {
        let settings = Settings::read(std::path::Path::new("/nowhere")).unwrap();
        let rules = |caa: &[&str]| CaRules {
            caa: caa.iter().map(|name| (*name).to_owned()).collect(),
            ..settings.rules_of(None).unwrap()
        };
        let record = |critical, tag: &str, value: &str| {
            let mut record = CAA::new_issue(critical, None, Vec::new());
            (record.tag, record.value) = (tag.to_owned(), value.as_bytes().to_vec());
            record
        };
        let ours = rules(&["ca.example"]);
        for (domain, records, want) in [
            ("a.test", vec![record(false, "iodef", "mailto:a@a.test")], None),
            ("a.test", vec![record(false, "issue", "ca.example")], None),
            ("a.test", vec![record(false, "ISSUE", " CA.example ; account=1")], None),
            ("a.test", vec![record(false, "issue", "other.example")], Some(Code::CaaForbids)),
            ("a.test", vec![record(false, "issue", ";")], Some(Code::CaaForbids)),
            ("a.test", vec![record(false, "issue", "")], Some(Code::CaaForbids)),
            ("a.test", vec![record(false, "issue", "x.example"), record(false, "issue", "ca.example")], None),
            (
                "*.a.test",
                vec![record(false, "issue", "ca.example"), record(false, "issuewild", ";")],
                Some(Code::CaaForbids),
            ),
            ("a.test", vec![record(false, "issue", "ca.example"), record(false, "issuewild", ";")], None),
            ("*.a.test", vec![record(false, "issue", "ca.example")], None),
            ("a.test", vec![record(true, "tbs", "unknown")], Some(Code::CaaCritical)),
            ("a.test", vec![record(false, "tbs", "unknown")], None),
        ] {
            let (_, found) = judge(domain, domain.starts_with('*'), &records, &ours);
            assert_eq!(found.first().map(Found::code), want, "{domain} {records:?}");
        }
        let (state, found) = judge("a.test", false, &[record(false, "issue", "x.example")], &rules(&[]));
        assert_eq!((state, found[0].code()), (RowState::Restricted, Code::CaaRestricts));
    }
}
