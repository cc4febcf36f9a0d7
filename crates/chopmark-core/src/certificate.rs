//! A certificate in words, and the names asked for in a request.
//!
//! Certificates come from tokens, files and CAs: they are hostile until read. Nothing here trusts one; the chain is checked
//! elsewhere.

use std::net::{Ipv4Addr, Ipv6Addr};

use der::{
    Any, Decode, Encode, Sequence, Tag, Tagged,
    asn1::{Ia5String, ObjectIdentifier, OctetString, UintRef},
    pem::LineEnding,
};
use sha2::{Digest, Sha256};
use x509_cert::{
    Certificate,
    ext::{
        Extension,
        pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, name::GeneralName},
    },
    name::Name,
};

use crate::{
    error::{Code, Error, Result},
    journal::hex,
    keys,
    model::{CertificateInfo, KeyChoice, TemplateField},
};

/// Longest certificate read, in bytes; real ones have a few thousand.
const LONGEST: usize = 256 * 1024;

const CN: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const O: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const OU: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// Microsoft's user principal name, an otherName.
const UPN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");

/// Reads a certificate (DER).
pub fn describe(der: &[u8]) -> Result<CertificateInfo> {
    let certificate = parse(der)?;
    let tbs = certificate.tbs_certificate();
    let validity = tbs.validity();
    let pem = der::pem::encode_string("CERTIFICATE", LineEnding::LF, der).map_err(|error| bad().because(error))?;
    Ok(CertificateInfo {
        subject: distinguished_name(tbs.subject()),
        cn: values(tbs.subject(), CN).pop(),
        ou: values(tbs.subject(), OU),
        o: values(tbs.subject(), O),
        serial: serial(tbs.serial_number().as_bytes()),
        issuer: distinguished_name(tbs.issuer()),
        issuer_cn: values(tbs.issuer(), CN).pop(),
        not_before: validity.not_before.to_date_time().to_string(),
        not_after: validity.not_after.to_date_time().to_string(),
        not_after_unix: i64::try_from(validity.not_after.to_unix_duration().as_secs()).unwrap_or(i64::MAX),
        key: key_in_words(tbs.subject_public_key_info()),
        key_usage: key_usage(&certificate)?,
        extended_key_usage: extended_key_usage(&certificate)?,
        san: alternative_names(&certificate)?,
        sha256: fingerprint(der),
        pem,
    })
}

/// The certificate's public key, as DER SubjectPublicKeyInfo.
pub fn public_key(der: &[u8]) -> Result<Vec<u8>> {
    let certificate = parse(der)?;
    certificate.tbs_certificate().subject_public_key_info().to_der().map_err(|error| bad().because(error))
}

/// A distinguished name from an RFC 4514 string; empty is the NULL-DN.
pub fn parse_name(text: &str) -> Result<Name> {
    if text.trim().is_empty() {
        return Ok(Name::default());
    }
    with_oids(text).parse().map_err(|error: der::Error| {
        Error::new(Code::BadInput, "reading a name").with("what", "subject").because(error.to_string())
    })
}

/// Start of validity, seconds since 1970, and whether it is a CA's.
pub(crate) fn begin_and_kind(der: &[u8]) -> Result<(i64, bool)> {
    let certificate = parse(der)?;
    let about = certificate.tbs_certificate();
    let begin = i64::try_from(about.validity().not_before.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let constraints = about.get_extension::<BasicConstraints>().map_err(|error| bad().because(error))?;
    Ok((begin, constraints.is_some_and(|(_, constraints)| constraints.ca)))
}

/// The short names that the parser does not know, by their numbers.
fn with_oids(text: &str) -> String {
    const UNKNOWN: [(&str, &str); 1] = [("organizationIdentifier=", "2.5.4.97=")];
    let mut found = text.to_owned();
    for (name, oid) in UNKNOWN {
        let begins = |at: &usize| {
            let before = found[..*at].trim_end();
            before.is_empty() || (before.ends_with([',', '+']) && !before[..before.len() - 1].ends_with('\\'))
        };
        let places: Vec<usize> = found.match_indices(name).map(|(at, _)| at).filter(begins).collect();
        for at in places.into_iter().rev() {
            found.replace_range(at..at + name.len(), oid);
        }
    }
    found
}

/// DER of a described certificate.
pub(crate) fn der_of(info: &CertificateInfo) -> Result<Vec<u8>> {
    let document = der::Document::from_pem(&info.pem).map_err(|error| bad().because(error))?;
    Ok(document.1.into_vec())
}

/// The kind of a public key (DER SubjectPublicKeyInfo), if it is one that we make.
pub(crate) fn key_choice(public_key: &[u8]) -> Option<KeyChoice> {
    let key = x509_cert::spki::SubjectPublicKeyInfoOwned::from_der(public_key).ok()?;
    rsa_bits(&key).and_then(keys::rsa).or_else(|| keys::by_algorithm(&key.algorithm))
}

/// The parts of a name in a template; an empty value is for the requester to fill in.
pub(crate) fn name_parts(name: &Name) -> Vec<TemplateField> {
    let part = |attribute: &x509_cert::attr::AttributeTypeAndValue| TemplateField {
        name: short_name(attribute.oid).map_or_else(|| attribute.oid.to_string(), str::to_owned),
        value: text(&attribute.value).filter(|value| !value.is_empty()),
    };
    name.iter().map(part).collect()
}

/// An alternative name in a template; an empty value is for the requester to fill in.
pub(crate) fn alternative_name_field(name: &GeneralName) -> TemplateField {
    let (name, value) = match name {
        GeneralName::DnsName(host) => ("dns", host.to_string()),
        GeneralName::Rfc822Name(address) => ("email", address.to_string()),
        _ => ("subjectAltName", String::new()),
    };
    TemplateField { name: name.to_owned(), value: Some(clean(&value)).filter(|value| !value.is_empty()) }
}

/// SHA-256 over the DER, lower-case hex.
pub fn fingerprint(der: &[u8]) -> String {
    hex(&Sha256::digest(der))
}

/// The extension for names asked for (`dns:…`, `email:…`); `None` for none. Errors have the facts `reason` and `what`.
pub fn subject_alt_names(names: &[String]) -> Result<Option<Extension>> {
    if names.is_empty() {
        return Ok(None);
    }
    let names = names.iter().map(|name| general_name(name)).collect::<Result<Vec<_>>>()?;
    let encode = || OctetString::new(SubjectAltName(names).to_der()?);
    let extn_value = encode().map_err(|error| bad_name("").because(error))?;
    Ok(Some(Extension { extn_id: SUBJECT_ALT_NAME, critical: false, extn_value }))
}

fn parse(der: &[u8]) -> Result<Certificate> {
    if der.len() > LONGEST {
        return Err(bad());
    }
    Certificate::from_der(der).map_err(|error| bad().because(error))
}

fn bad() -> Error {
    Error::new(Code::BadInput, "reading a certificate")
}

fn bad_name(name: &str) -> Error {
    Error::new(Code::BadInput, "reading the alternative names").with("reason", "san").with("what", name)
}

fn general_name(text: &str) -> Result<GeneralName> {
    let bad = || bad_name(text);
    let ia5 = |value: &str| Ia5String::new(value).map_err(|error| bad().because(error));
    match text.split_once(':') {
        Some(("dns", host)) if is_host(host.strip_prefix("*.").unwrap_or(host)) => Ok(GeneralName::DnsName(ia5(host)?)),
        Some(("email", address)) => match address.rsplit_once('@') {
            Some((local, host)) if is_local_part(local) && is_host(host) => Ok(GeneralName::Rfc822Name(ia5(address)?)),
            _ => Err(bad()),
        },
        _ => Err(bad()),
    }
}

/// A host name in ASCII (RFC 1123; international ones as A-labels, RFC 5280 §7.2).
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// Unquoted local part (RFC 5321 §4.1.2).
fn is_local_part(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
}

/// RFC 4514: last part first.
pub(crate) fn distinguished_name(name: &Name) -> String {
    let parts = name.iter_rdn().map(|rdn| {
        let attributes = rdn.iter().map(|attribute| match (short_name(attribute.oid), text(&attribute.value)) {
            (Some(key), Some(value)) => format!("{key}={}", escape(&value)),
            // RFC 4514 §2.4: without a keyword, the value is its BER in hex.
            (key, _) => {
                let key = key.map_or_else(|| attribute.oid.to_string(), str::to_owned);
                format!("{key}=#{}", hex(&attribute.value.to_der().unwrap_or_default()))
            }
        });
        attributes.collect::<Vec<_>>().join("+")
    });
    let mut parts: Vec<String> = parts.collect();
    parts.reverse();
    parts.join(",")
}

fn values(name: &Name, oid: ObjectIdentifier) -> Vec<String> {
    name.iter().filter(|attribute| attribute.oid == oid).filter_map(|attribute| text(&attribute.value)).collect()
}

/// Keywords of RFC 4514 §3 and those OpenSSL writes.
fn short_name(oid: ObjectIdentifier) -> Option<&'static str> {
    const NAMES: &[(&str, &str)] = &[
        ("2.5.4.3", "CN"),
        ("2.5.4.4", "SN"),
        ("2.5.4.5", "serialNumber"),
        ("2.5.4.6", "C"),
        ("2.5.4.7", "L"),
        ("2.5.4.8", "ST"),
        ("2.5.4.9", "STREET"),
        ("2.5.4.10", "O"),
        ("2.5.4.11", "OU"),
        ("2.5.4.12", "title"),
        ("2.5.4.15", "businessCategory"),
        ("2.5.4.17", "postalCode"),
        ("2.5.4.42", "GN"),
        ("2.5.4.43", "initials"),
        ("2.5.4.46", "dnQualifier"),
        ("2.5.4.65", "pseudonym"),
        ("2.5.4.97", "organizationIdentifier"),
        ("0.9.2342.19200300.100.1.1", "UID"),
        ("0.9.2342.19200300.100.1.25", "DC"),
        ("1.2.840.113549.1.9.1", "emailAddress"),
    ];
    named(NAMES, oid)
}

fn named(names: &[(&str, &'static str)], oid: ObjectIdentifier) -> Option<&'static str> {
    let dotted = oid.to_string();
    names.iter().find(|(known, _)| *known == dotted).map(|(_, name)| *name)
}

/// The text of any string type certificates use; `None` if it is not text.
fn text(value: &Any) -> Option<String> {
    let bytes = value.value();
    let text = match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::VisibleString
        | Tag::NumericString
        | Tag::GeneralString => String::from_utf8(bytes.to_vec()).ok()?,
        // Nobody writes real T.61: it is Latin-1 in old certificates, UTF-8 in some.
        Tag::TeletexString => {
            String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        Tag::BmpString if bytes.len().is_multiple_of(2) => {
            let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).collect::<std::result::Result<String, _>>().ok()?
        }
        _ => return None,
    };
    Some(clean(&text))
}

/// Without what steers a terminal or turns the writing direction: a name in a certificate must not look like another.
fn clean(text: &str) -> String {
    let steering = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steering(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// RFC 4514 §2.4.
fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    value.chars().enumerate().fold(String::with_capacity(value.len()), |mut out, (at, c)| {
        let edge = (c == ' ' && (at == 0 || at == last)) || (c == '#' && at == 0);
        if edge || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

fn serial(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    hex(&bytes[zeros.min(bytes.len().saturating_sub(1))..])
}

/// RSAPublicKey (RFC 8017 §A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    #[allow(dead_code, reason = "only read over")]
    exponent: UintRef<'a>,
}

fn key_in_words(key: &x509_cert::spki::SubjectPublicKeyInfoOwned) -> String {
    const CURVES: &[(&str, &str)] = &[
        ("1.2.840.10045.3.1.7", "EC P-256"),
        ("1.3.132.0.34", "EC P-384"),
        ("1.3.132.0.35", "EC P-521"),
        ("1.2.156.10197.1.301", "SM2"),
    ];
    const OTHERS: &[(&str, &str)] = &[
        ("1.3.101.112", "Ed25519"),
        ("1.3.101.113", "Ed448"),
        ("1.2.840.113549.1.1.10", "RSA-PSS"),
        ("1.2.840.10040.4.1", "DSA"),
    ];
    let oid = key.algorithm.oid;
    if oid == RSA {
        return rsa_bits(key).map_or_else(|| "RSA".to_owned(), |bits| format!("RSA {bits}"));
    }
    if oid == EC {
        let curve = key.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        let name = curve.map(|curve| named(CURVES, curve).map_or_else(|| format!("EC {curve}"), str::to_owned));
        return name.unwrap_or_else(|| "EC".to_owned());
    }
    named(OTHERS, oid).map_or_else(|| oid.to_string(), str::to_owned)
}

/// Length of an RSA key's modulus.
fn rsa_bits(key: &x509_cert::spki::SubjectPublicKeyInfoOwned) -> Option<u32> {
    if key.algorithm.oid != RSA {
        return None;
    }
    let modulus = RsaPublicKey::from_der(key.subject_public_key.as_bytes()?).ok()?.modulus;
    let first = modulus.as_bytes().first()?;
    u32::try_from(modulus.as_bytes().len() * 8).ok().map(|bits| bits - first.leading_zeros())
}

/// RFC 5280 §4.2.1.3.
fn key_usage(certificate: &Certificate) -> Result<Vec<String>> {
    const NAMES: &[(KeyUsages, &str)] = &[
        (KeyUsages::DigitalSignature, "digitalSignature"),
        (KeyUsages::NonRepudiation, "nonRepudiation"),
        (KeyUsages::KeyEncipherment, "keyEncipherment"),
        (KeyUsages::DataEncipherment, "dataEncipherment"),
        (KeyUsages::KeyAgreement, "keyAgreement"),
        (KeyUsages::KeyCertSign, "keyCertSign"),
        (KeyUsages::CRLSign, "cRLSign"),
        (KeyUsages::EncipherOnly, "encipherOnly"),
        (KeyUsages::DecipherOnly, "decipherOnly"),
    ];
    let Some(usage) = extension::<KeyUsage>(certificate, "2.5.29.15")? else { return Ok(Vec::new()) };
    Ok(NAMES.iter().filter(|(flag, _)| usage.0.contains(*flag)).map(|(_, name)| (*name).to_owned()).collect())
}

/// RFC 5280 §4.2.1.12, and the purposes of vendors that people meet.
fn extended_key_usage(certificate: &Certificate) -> Result<Vec<String>> {
    const NAMES: &[(&str, &str)] = &[
        ("1.3.6.1.5.5.7.3.1", "serverAuth"),
        ("1.3.6.1.5.5.7.3.2", "clientAuth"),
        ("1.3.6.1.5.5.7.3.3", "codeSigning"),
        ("1.3.6.1.5.5.7.3.4", "emailProtection"),
        ("1.3.6.1.5.5.7.3.8", "timeStamping"),
        ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
        ("1.3.6.1.5.5.7.3.17", "ipsecIKE"),
        ("1.3.6.1.5.5.7.3.21", "secureShellClient"),
        ("1.3.6.1.5.5.7.3.27", "cmcCA"),
        ("1.3.6.1.5.5.7.3.36", "documentSigning"),
        ("1.3.6.1.5.2.3.4", "pkInitClientAuth"),
        ("1.3.6.1.4.1.311.20.2.2", "smartcardLogon"),
        ("1.3.6.1.4.1.311.10.3.4", "encryptedFileSystem"),
        ("1.3.6.1.4.1.311.10.3.12", "documentSigning"),
        ("1.2.840.113583.1.1.5", "authenticDocumentsTrust"),
        ("2.5.29.37.0", "any"),
    ];
    let usages = extension::<ExtendedKeyUsage>(certificate, "2.5.29.37")?;
    let words = usages.map_or_else(Vec::new, |usages| usages.0);
    Ok(words.into_iter().map(|oid| named(NAMES, oid).map_or_else(|| oid.to_string(), str::to_owned)).collect())
}

/// The kinds people know; directory names, registered ids and what cannot be read are left out.
fn alternative_names(certificate: &Certificate) -> Result<Vec<String>> {
    // Name by name: one of an odd kind must not hide the others.
    let names = extension::<Vec<Any>>(certificate, "2.5.29.17")?.unwrap_or_default();
    let names = names.iter().filter_map(|any| GeneralName::from_der(&any.to_der().ok()?).ok());
    Ok(names.filter_map(|name| name_in_words(&name)).collect())
}

fn name_in_words(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(format!("dns:{}", clean(name.as_str()))),
        GeneralName::Rfc822Name(name) => Some(format!("email:{}", clean(name.as_str()))),
        GeneralName::UniformResourceIdentifier(name) => Some(format!("uri:{}", clean(name.as_str()))),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| format!("ip:{}", Ipv4Addr::from(bytes)));
            let v6 = || <[u8; 16]>::try_from(bytes).map(|bytes| format!("ip:{}", Ipv6Addr::from(bytes)));
            v4.or_else(|_| v6()).ok()
        }
        GeneralName::OtherName(other) if other.type_id == UPN => Some(format!("upn:{}", text(&other.value)?)),
        _ => None,
    }
}

/// The extension, decoded. One that stands there twice makes the certificate invalid (RFC 5280 §4.2).
fn extension<'a, T>(certificate: &'a Certificate, oid: &str) -> Result<Option<T>>
where
    T: Decode<'a, Error = der::Error>,
{
    let oid = ObjectIdentifier::new(oid).map_err(|error| bad().because(error))?;
    let mut found =
        certificate.tbs_certificate().extensions().into_iter().flatten().filter(|extension| extension.extn_id == oid);
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(extension), None) => {
            T::from_der(extension.extn_value.as_bytes()).map(Some).map_err(|error| bad().because(error))
        }
        (Some(_), Some(_)) => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Written by OpenSSL 3.0.
    const RSA_CERTIFICATE: &str = include_str!("testdata/rsa.pem");
    const BMP_CERTIFICATE: &str = include_str!("testdata/bmp.pem");
    const T61_CERTIFICATE: &str = include_str!("testdata/t61.pem");

    fn der(pem: &str) -> Vec<u8> {
        der::pem::decode_vec(pem.as_bytes()).unwrap().1
    }

    #[test]
    fn says_what_openssl_says() {
        let info = describe(&der(RSA_CERTIFICATE)).unwrap();
        let name = "emailAddress=alice@example.org,CN=Alice Müller,OU=Zwei,OU=Eins,O=Feas\\, Inc.,C=DE";
        assert_eq!((info.subject.as_str(), info.issuer.as_str()), (name, name));
        assert_eq!((info.cn.as_deref(), info.issuer_cn.as_deref()), (Some("Alice Müller"), Some("Alice Müller")));
        assert_eq!((info.ou, info.o), (vec!["Eins".to_owned(), "Zwei".into()], vec!["Feas, Inc.".to_owned()]));
        assert_eq!(info.serial, "ab12");
        assert_eq!(info.not_before, "2026-11-22T01:37:47Z");
        assert_eq!((info.not_after.as_str(), info.not_after_unix), ("2036-11-19T01:37:47Z", 2_110_671_467));
        assert_eq!(info.key, "RSA 2048");
        assert_eq!(info.key_usage, ["digitalSignature", "keyEncipherment"]);
        assert_eq!(info.extended_key_usage, ["clientAuth", "emailProtection", "smartcardLogon", "1.2.3.4"]);
        let san = "dns:a.example.org email:alice@example.org uri:https://e.org/x ip:192.0.2.1 ip:2001:db8::1";
        assert_eq!(info.san.join(" "), format!("{san} upn:alice@corp"));
        assert_eq!(info.sha256, "ffda9b9a6ba363ac33244404ce97215c0ef7a334671fcbc93e619f7f5bcc2c01");
        assert_eq!(info.pem, RSA_CERTIFICATE);
    }

    /// The window puts a name together from the parts that a CA's template names.
    #[test]
    fn every_short_name_is_read_back() {
        for oid in ["2.5.4.3", "2.5.4.4", "2.5.4.5", "2.5.4.6", "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.10", "2.5.4.11"]
            .into_iter()
            .chain(["2.5.4.12", "2.5.4.15", "2.5.4.17", "2.5.4.42", "2.5.4.43", "2.5.4.46", "2.5.4.65", "2.5.4.97"])
            .chain(["0.9.2342.19200300.100.1.1", "0.9.2342.19200300.100.1.25", "1.2.840.113549.1.9.1"])
        {
            let short = short_name(ObjectIdentifier::new_unwrap(oid)).unwrap();
            let name = parse_name(&format!("{short}=\\#A\\, b\\=\\\"c\\\",O=Acme")).map_err(|_| short).unwrap();
            let parts = name_parts(&name);
            assert_eq!(parts.len(), 2, "{short}");
            assert_eq!((parts[1].name.as_str(), parts[1].value.as_deref()), (short, Some("#A, b=\"c\"")), "{short}");
        }
    }

    #[test]
    fn reads_every_kind_of_text() {
        let bmp = describe(&der(BMP_CERTIFICATE)).unwrap();
        assert_eq!((bmp.subject.as_str(), bmp.cn.as_deref()), ("CN=张三,C=CN", Some("张三")));
        assert_eq!((bmp.key.as_str(), bmp.serial.as_str()), ("EC P-384", "01"));
        let t61 = describe(&der(T61_CERTIFICATE)).unwrap();
        assert_eq!((t61.subject.as_str(), t61.key.as_str()), ("CN=Zoë Ö,C=CN", "EC P-256"));
    }

    #[test]
    fn key_is_a_spki() {
        use x509_cert::spki::SubjectPublicKeyInfoRef;
        let key = public_key(&der(RSA_CERTIFICATE)).unwrap();
        assert_eq!(SubjectPublicKeyInfoRef::from_der(&key).unwrap().algorithm.oid, RSA);
    }

    #[test]
    fn names_are_escaped_and_harmless() {
        assert_eq!(escape(" #a,b\\ "), "\\ #a\\,b\\\\\\ ");
        assert_eq!(escape("#"), "\\#");
        assert_eq!(clean("a\u{1b}[2J\u{202e}b"), "a\u{fffd}[2J\u{fffd}b");
    }

    #[test]
    fn hostile_certificates_are_errors() {
        for pem in [RSA_CERTIFICATE, BMP_CERTIFICATE, T61_CERTIFICATE] {
            let good = der(pem);
            for length in 0..good.len() {
                assert_eq!(describe(&good[..length]).unwrap_err().code, Code::BadInput);
            }
            for at in 0..good.len() {
                for value in [0, 0x7f, 0x80, 0xff, good[at] ^ 1] {
                    let mut bytes = good.clone();
                    bytes[at] = value;
                    let _ = (describe(&bytes), public_key(&bytes));
                }
            }
        }
        assert_eq!(describe(&vec![0x30; LONGEST + 1]).unwrap_err().code, Code::BadInput);
    }

    #[test]
    fn alternative_names_to_ask_for() {
        assert!(subject_alt_names(&[]).unwrap().is_none());
        let names = ["dns:*.example.org".to_owned(), "email:a.b+c@example.org".into()];
        let extension = subject_alt_names(&names).unwrap().unwrap();
        let read = SubjectAltName::from_der(extension.extn_value.as_bytes()).unwrap();
        assert_eq!(read.0.iter().filter_map(name_in_words).collect::<Vec<_>>(), names);
        for bad in ["", "a.org", "dns:", "dns:a..b", "dns:-a.b", "dns:ü.de", "dns:a b", "email:a", "email:@b", "ip:1"]
        {
            let error = subject_alt_names(&[bad.to_owned()]).unwrap_err();
            assert_eq!((error.code, error.facts["what"].as_str()), (Code::BadInput, bad));
        }
    }
}
