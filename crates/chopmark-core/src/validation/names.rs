//! Domain names as people type them, and as panels for DNS records want them.

use unicode_security::{MixedScript, confusable_detection::skeleton};

use crate::{
    error::{Code, Error, Result},
    model::DomainName,
};

/// Longest name, without the dot at its end (RFC 1035 §2.3.4).
const NAME_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

/// A domain of a certificate: ASCII (IDNA), lower case, perhaps with `*.` in front.
///
/// # Errors
/// [`Code::BadInput`] (reason `order-domain`).
pub(crate) fn domain(typed: &str) -> Result<String> {
    let bad = || Error::new(Code::BadInput, "reading a domain").with("reason", "order-domain").with("domain", typed);
    let typed = typed.trim().trim_end_matches(['.', '。']);
    let (star, rest) = match typed.strip_prefix("*.") {
        Some(rest) => ("*.", rest),
        None => ("", typed),
    };
    let ascii = idna::domain_to_ascii(rest).map_err(|_| bad())?;
    let letters = ascii.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    // A number at the end is an address, not a domain.
    let numeric = ascii.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    match letters && ascii.contains('.') && !numeric && is_name(&ascii) {
        true => Ok(format!("{star}{ascii}")),
        false => Err(bad()),
    }
}

/// A domain with letters beyond ASCII, as people read it; `None`: it has none.
pub(crate) fn in_letters(ascii: &str) -> Option<DomainName> {
    let (star, rest) = ascii.strip_prefix("*.").map_or(("", ascii), |rest| ("*.", rest));
    let (unicode, read) = idna::domain_to_unicode(rest);
    if read.is_err() || unicode == rest {
        return None;
    }
    let look_alike = unicode.split('.').any(is_look_alike);
    let unicode = format!("{star}{unicode}");
    let shown = if look_alike { ascii.to_owned() } else { format!("{unicode} ({ascii})") };
    Some(DomainName { ascii: ascii.to_owned(), unicode, look_alike, shown })
}

/// Does a label mix scripts (as UTS #39 counts them: Chinese and Japanese may), or read as one of plain ASCII?
fn is_look_alike(label: &str) -> bool {
    !label.is_ascii() && (!label.is_single_script() || skeleton(label).all(|letter| letter.is_ascii()))
}

/// Was the same domain typed, in whichever form?
pub(crate) fn is_same(typed: &str, ascii: &str) -> bool {
    typed.trim() == ascii || domain(typed).is_ok_and(|typed| typed == ascii)
}

/// The whole name of a record, from what a console shows: the whole name, or the part in front of the zone.
///
/// # Errors
/// [`Code::BadInput`] (reason `order-record`).
pub(crate) fn record(typed: &str, domains: &[String]) -> Result<String> {
    let bad =
        || Error::new(Code::BadInput, "reading a record's name").with("reason", "order-record").with("name", typed);
    let plain = typed.trim().trim_end_matches('.');
    let ascii = idna::domain_to_ascii(plain).map_err(|_| bad())?;
    let zones: Vec<String> = domains.iter().map(|domain| registrable(domain)).collect();
    let whole = match zones.iter().any(|zone| is_below(&ascii, zone)) {
        true => ascii,
        false if plain == "@" => zones.first().ok_or_else(bad)?.clone(),
        false => format!("{ascii}.{}", zones.first().ok_or_else(bad)?),
    };
    let letters = whole.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if letters && is_name(&whole) { Ok(whole) } else { Err(bad()) }
}

/// The target of a CNAME, lower case, without the dot at its end.
///
/// # Errors
/// [`Code::BadInput`] (reason `order-target`).
pub(crate) fn target(typed: &str) -> Result<String> {
    let bad =
        || Error::new(Code::BadInput, "reading a CNAME's value").with("reason", "order-target").with("name", typed);
    let ascii = idna::domain_to_ascii(typed.trim().trim_end_matches('.')).map_err(|_| bad())?;
    let letters = ascii.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if letters && ascii.contains('.') && is_name(&ascii) { Ok(ascii) } else { Err(bad()) }
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_LENGTH && name.split('.').all(|label| (1..=LABEL_LENGTH).contains(&label.len()))
}

/// The domain that can be registered (public suffix list), which most often is the zone.
pub(crate) fn registrable(domain: &str) -> String {
    let bare = domain.strip_prefix("*.").unwrap_or(domain);
    psl::domain_str(bare).unwrap_or(bare).to_owned()
}

/// Is it that name, or one below it?
pub(crate) fn is_below(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|front| front.ends_with('.'))
}

/// A name without its zone, `@` for the zone itself.
pub(crate) fn host_part(name: &str, zone: &str) -> String {
    match name.strip_suffix(zone).map(|front| front.trim_end_matches('.')) {
        Some("") => "@".to_owned(),
        Some(front) => front.to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_read_as_people_type_them() {
        for (typed, want) in [
            ("Example.COM", "example.com"),
            (" example.com. ", "example.com"),
            ("*.Example.com", "*.example.com"),
            ("例子.测试", "xn--fsqu00a.xn--0zwm56d"),
            ("例子。测试", "xn--fsqu00a.xn--0zwm56d"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(domain(typed).unwrap(), want, "{typed}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for wrong in
            ["", "localhost", "*", "*.", "a..b", "1.2.3.4", "http://a.b", "a b.example", "_a.example", "*.*.a.b", &long]
        {
            assert_eq!(domain(wrong).unwrap_err().code, Code::BadInput, "{wrong}");
        }
    }

    #[test]
    fn names_are_shown_in_both_forms_unless_they_look_like_others() {
        for (ascii, want) in [
            ("example.com", None),
            ("xn--fsqu00a.xn--0zwm56d", Some(("例子.测试", false))),
            ("*.xn--bcher-kva.example", Some(("*.bücher.example", false))),
            ("xn--wgv71a119e.example", Some(("日本語.example", false))),
            // Cyrillic а among Latin; all Cyrillic, and reads as apple; Greek ο.
            ("xn--pple-43d.com", Some(("аpple.com", true))),
            ("xn--80ak6aa92e.com", Some(("аррӏе.com", true))),
            ("xn--ggle-0nda.com", Some(("gοοgle.com", true))),
            // Cyrillic that reads as nothing else.
            ("xn--e1afmkfd.xn--p1ai", Some(("пример.рф", false))),
        ] {
            let named = in_letters(ascii);
            let seen = named.as_ref().map(|name| (&*name.unicode, name.look_alike));
            assert_eq!(seen, want, "{ascii}");
            if let Some(name) = named {
                assert_eq!(domain(&name.unicode).unwrap(), ascii);
                assert!(is_same(&name.unicode, ascii) && is_same(ascii, ascii) && !is_same("other.example", ascii));
                assert_eq!(name.shown == ascii, name.look_alike, "{ascii}");
            }
        }
    }

    #[test]
    fn a_record_may_come_without_its_zone() {
        let domains = ["www.example.com.cn".to_owned(), "other.example".to_owned()];
        for (typed, want) in [
            ("_dnsauth.www.example.com.cn.", "_dnsauth.www.example.com.cn"),
            ("_dnsauth.www", "_dnsauth.www.example.com.cn"),
            ("_DNSAuth", "_dnsauth.example.com.cn"),
            ("@", "example.com.cn"),
            ("_x.other.example", "_x.other.example"),
        ] {
            assert_eq!(record(typed, &domains).unwrap(), want, "{typed}");
        }
        assert!(record("a b", &domains).is_err());
        assert!(record("", &domains).is_err());
    }

    #[test]
    fn names_are_split_for_panels() {
        assert_eq!(registrable("*.a.example.com.cn"), "example.com.cn");
        assert_eq!(registrable("a.b.test"), "b.test");
        assert_eq!(host_part("_x.www.example.com", "example.com"), "_x.www");
        assert_eq!(host_part("example.com", "example.com"), "@");
        assert!(!is_below("badexample.com", "example.com"));
    }
}
