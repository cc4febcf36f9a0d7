//! What calls say of an order, read; and what an order begins with.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cmp_protocol::csr;
use der::Decode;
use serde_json::{Map, Value};
use x509_cert::request::CertReq;

use super::{
    No,
    books::{Auth, Order, State, random_hex},
    letters,
};
use crate::{authority::check_key, serving::now};

/// Brand, product, kind, name for people, fewest and most domains, price of a year.
pub(super) const PRODUCTS: [(&str, &str, &str, &str, u32, u32, u32); 4] = [
    ("Demo", "DemoDV", "DV", "域名型 DV（演示）", 1, 5, 40),
    ("Demo", "DemoDVWildcard", "DV", "通配符 DV（演示）", 1, 1, 199),
    ("Demo", "DemoOV", "OV", "企业型 OV（演示）", 1, 20, 1999),
    ("Demo", "DemoEV", "EV", "企业增强型 EV（演示）", 1, 20, 3999),
];
const LARGEST_LETTER: usize = 5 * 1024 * 1024;

/// A call.
pub(super) type Question = Map<String, Value>;

pub(super) fn text<'a>(question: &'a Question, name: &str) -> Result<&'a str, No> {
    let found = question.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| No::new(220, format!("Missing params [{name}]")))
}

pub(super) fn number(question: &Question, name: &str) -> Result<i64, No> {
    match question.get(name) {
        None => Err(No::new(220, format!("Missing params [{name}]"))),
        Some(Value::String(text)) => text.parse().map_err(|_| No::new(230, format!("Params [{name}] not available"))),
        Some(value) => value.as_i64().ok_or_else(|| No::new(230, format!("Params [{name}] not available"))),
    }
}

pub(super) type Product = (&'static str, &'static str, &'static str, &'static str, u32, u32, u32);

pub(super) fn wanted(question: &Question) -> Result<(Product, u32, u32), No> {
    let (brand, name) = (text(question, "CertificateBrand")?, text(question, "CertificateName")?);
    let count = u32::try_from(number(question, "DomainsCount")?).unwrap_or(0);
    let years = u32::try_from(number(question, "ValidYear")?).unwrap_or(0);
    let found = PRODUCTS.iter().find(|product| product.0 == brand && product.1 == name);
    let product = found.ok_or_else(|| No::new(58_002, "no such product"))?;
    if !(product.4..=product.5).contains(&count) || !(1..=5).contains(&years) {
        return Err(No::new(230, "Params [DomainsCount] or [ValidYear] not available"));
    }
    Ok((*product, count, years))
}

pub(super) fn bought(question: &Question) -> Result<Order, No> {
    let (product, count, years) = wanted(question)?;
    Ok(Order {
        brand: product.0.to_owned(),
        name: product.1.to_owned(),
        kind: product.2.to_owned(),
        domains_count: count,
        years,
        created: now(),
        state: State::WaitingForInformation,
        domains: Vec::new(),
        csr: String::new(),
        auths: Vec::new(),
        review_until: 0,
        certificate: None,
        issued: 0,
        expires: 0,
        renewed: false,
        done: vec!["buy".to_owned()],
    })
}

pub(super) fn auths(domains: &[String], method: &str) -> Result<Vec<Auth>, No> {
    let mut all: Vec<Auth> = Vec::new();
    let content = format!("2026{}", random_hex(16));
    let name = format!("{}.txt", random_hex(16).to_uppercase());
    for domain in domains {
        match method {
            "FILE" if domain.starts_with("*.") => return Err(No::new(230, "a wildcard cannot be proved by a file")),
            "FILE" => {
                let (key, value) = (name.clone(), content.clone());
                all.push(Auth { domain: domain.clone(), key, value, kind: "FILE".to_owned() });
            }
            "DNS" => all.push(record(domain.clone(), "DNS_CNAME")),
            _ => return Err(No::new(230, "Params [DVAuthMethod] not available")),
        }
    }
    Ok(all)
}

pub(super) fn record(domain: String, kind: &str) -> Auth {
    let random = random_hex(12);
    let value = if kind == "DNS_TXT" { random.clone() } else { format!("{random}.dcv.demo-ca.example") };
    Auth { domain, key: format!("_{}", &random_hex(8)), value, kind: kind.to_owned() }
}

pub(super) fn request(pem: &str) -> Result<CertReq, No> {
    let bad = |why: String| No::new(58_003, format!("the CSR cannot be used: {why}"));
    let (_, der) = der::pem::decode_vec(pem.trim().as_bytes()).map_err(|error| bad(error.to_string()))?;
    let request = CertReq::from_der(&der).map_err(|error| bad(error.to_string()))?;
    csr::verify(&request).map_err(|error| bad(error.to_string()))?;
    check_key(&request.info.public_key).map_err(bad)?;
    Ok(request)
}

pub(super) fn letter_of(base64: &str) -> Result<Vec<u8>, No> {
    let bytes = STANDARD.decode(base64).map_err(|_| No::new(230, "the letter is not base64"))?;
    match letters::is_letter(&bytes) && bytes.len() <= LARGEST_LETTER {
        true => Ok(bytes),
        false => Err(No::new(58_014, "the letter must be a PDF, JPEG or PNG of at most 5 MB")),
    }
}
