//! The mistakes that people make with records, each recognised by what it leaves behind.

use hickory_proto::rr::{Name, RecordType};

use super::{observe::Wanted, text_of};
use crate::{error::Code, validation::names};

/// A value cut off after less than this is just another value.
const SHORTEST_CUT: usize = 8;

/// What was done to the value, if it is the wanted one at heart.
pub(super) fn of_value(wanted: &Wanted, found: &str, zone: Option<&str>) -> Option<Code> {
    let value = &wanted.value;
    let same = |one: &str| wanted.is(one);
    let bare = found.trim();
    let unquoted = bare.trim_matches(['"', '“', '”', '\'']);
    if wanted.kind == RecordType::CNAME {
        let zones = zone.into_iter().map(str::to_owned).chain([names::registrable(&text_of(&wanted.name))]);
        let mut appended = zones.map(|zone| format!("{value}.{zone}"));
        if appended.any(|appended| found.eq_ignore_ascii_case(&appended)) {
            return Some(Code::ZoneAppendedToValue);
        }
        // In a name they stand escaped.
        let plain = found.replace("\\\"", "").replace("\\032", " ").replace("\\'", "");
        return (same(plain.trim()) && !same(found)).then_some(Code::QuotesInValue);
    }
    let spaceless: String = found.chars().filter(|c| !c.is_whitespace()).collect();
    match () {
        () if same(found) => None,
        () if unquoted != bare && same(unquoted.trim()) => Some(Code::QuotesInValue),
        () if same(bare) || same(&spaceless) => Some(Code::BlanksInValue),
        () if same(bare.trim_end_matches('.')) => Some(Code::DotInValue),
        () if bare.eq_ignore_ascii_case(value) => Some(Code::ValueCase),
        () if bare.len() >= SHORTEST_CUT && value.starts_with(bare) => Some(Code::ValueCut),
        () => None,
    }
}

/// Where a record may have been put by mistake: the name, and what the mistake is called.
pub(super) fn other_names(wanted: &Wanted, zone: &Name) -> Vec<(Name, Code)> {
    let name = &wanted.name;
    let labels: Vec<Vec<u8>> = name.iter().map(<[u8]>::to_vec).collect();
    let front = labels.len().saturating_sub(usize::from(zone.num_labels()));
    let mut found: Vec<(Name, Code)> = Vec::new();
    let mut add = |labels: Vec<Vec<u8>>, code| {
        if let Ok(other) = Name::from_labels(labels)
            && other != *name
            && !wanted.elsewhere.contains(&other)
            && !found.iter().any(|(known, _)| *known == other)
        {
            found.push((other, code));
        }
    };
    let with_zone_again = |zone: &Name| [labels.clone(), zone.iter().map(<[u8]>::to_vec).collect()].concat();
    add(with_zone_again(zone), Code::ZoneNameDoubled);
    if let Ok(registrable) = Name::from_ascii(names::registrable(&text_of(name))) {
        add(with_zone_again(&registrable), Code::ZoneNameDoubled);
    }
    let unicode: Vec<Vec<u8>> =
        labels.iter().map(|label| idna::domain_to_unicode(&String::from_utf8_lossy(label)).0.into_bytes()).collect();
    if unicode != labels {
        add(unicode, Code::NameNotAscii);
    }
    // One label too few: the part for the host, or the record's own.
    for at in 0..front {
        let mut fewer = labels.clone();
        fewer.remove(at);
        add(fewer, Code::RecordElsewhere);
    }
    if let Some(first) = labels.first().and_then(|label| label.strip_prefix(b"_")) {
        add([vec![first.to_vec()], labels[1..].to_vec()].concat(), Code::RecordElsewhere);
    }
    // One too many: most panels have a line for www.
    if front > 0 && labels.get(1).is_none_or(|label| label != b"www") {
        add([vec![labels[0].clone(), b"www".to_vec()], labels[1..].to_vec()].concat(), Code::RecordElsewhere);
    }
    add(zone.iter().map(<[u8]>::to_vec).collect(), Code::RecordElsewhere);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(kind: RecordType, value: &str) -> Wanted {
        Wanted {
            name: Name::from_ascii("_dnsauth.www.example.com.").unwrap(),
            kind,
            value: value.to_owned(),
            elsewhere: Vec::new(),
        }
    }

    #[test]
    fn what_was_done_to_a_value_is_recognised() {
        let text = wanted(RecordType::TXT, "2026abcDEF123");
        for (found, want) in [
            ("2026abcDEF123", None),
            ("\"2026abcDEF123\"", Some(Code::QuotesInValue)),
            ("“2026abcDEF123”", Some(Code::QuotesInValue)),
            (" 2026abcDEF123 ", Some(Code::BlanksInValue)),
            ("2026abc DEF123", Some(Code::BlanksInValue)),
            ("2026abcDEF123.", Some(Code::DotInValue)),
            ("2026abcdef123", Some(Code::ValueCase)),
            ("2026abcDEF", Some(Code::ValueCut)),
            ("v=spf1 -all", None),
        ] {
            assert_eq!(of_value(&text, found, Some("example.com")), want, "{found}");
        }
        let alias = wanted(RecordType::CNAME, "a.dcv.example");
        for (found, want) in [
            ("A.DCV.example", None),
            ("a.dcv.example.example.com", Some(Code::ZoneAppendedToValue)),
            ("a.dcv.example.dev.example.com", Some(Code::ZoneAppendedToValue)),
            ("\\\"a.dcv.example\\\"", Some(Code::QuotesInValue)),
            ("b.dcv.example", None),
        ] {
            assert_eq!(of_value(&alias, found, Some("dev.example.com")), want, "{found}");
        }
    }

    #[test]
    fn the_usual_wrong_places_are_looked_into() {
        let zone = Name::from_ascii("example.com.").unwrap();
        let mut wanted = wanted(RecordType::TXT, "v");
        let looked_into = |wanted: &Wanted| -> Vec<String> {
            other_names(wanted, &zone).iter().map(|(name, _)| text_of(name)).collect()
        };
        let names = looked_into(&wanted);
        for want in [
            "_dnsauth.www.example.com.example.com",
            "www.example.com",
            "_dnsauth.example.com",
            "dnsauth.www.example.com",
            "example.com",
        ] {
            assert!(names.iter().any(|name| name == want), "{want} in {names:?}");
        }
        // What the order wants there is no mistake.
        wanted.elsewhere = vec![Name::from_ascii("_dnsauth.example.com.").unwrap()];
        assert!(!looked_into(&wanted).contains(&"_dnsauth.example.com".to_owned()));
    }
}
