//! What the console answers. The documents' own examples begin some names in lower case: both are taken.

use serde::{Deserialize, Serialize};

use super::DOING;
use crate::{
    error::{Code, Error, Result},
    model::{Proof, ProofMethod},
    validation::names,
};

/// An order, as the console shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export, rename_all = "camelCase"))]
#[serde(rename_all(serialize = "camelCase", deserialize = "PascalCase"))]
pub struct UsslOrder {
    /// Number.
    #[serde(rename(deserialize = "CertificateID"))]
    pub id: i64,
    /// Domains, with commas; the first is the certificate's name.
    #[serde(default)]
    pub domains: String,
    /// State, in the console's words. Not all are known, so none is read as an end.
    #[serde(default)]
    pub state: String,
    /// Its code.
    #[serde(default)]
    pub state_code: String,
    /// Name of the product.
    #[serde(default)]
    pub name: String,
    /// Brand.
    #[serde(default)]
    pub brand: String,
}

#[derive(Deserialize)]
pub(super) struct List {
    #[serde(rename = "TotalCount", default)]
    pub(super) total: usize,
    #[serde(rename = "CertificateList", default)]
    pub(super) orders: Vec<UsslOrder>,
}

#[derive(Deserialize)]
pub(super) struct Detail {
    #[serde(rename = "CertificateInfo")]
    pub(super) info: Info,
}

/// An order in detail.
#[derive(Deserialize)]
pub(crate) struct Info {
    #[serde(flatten)]
    pub(crate) order: UsslOrder,
    /// What is checked, in the console's words.
    #[serde(rename = "CertificateType", default)]
    pub(crate) kind: String,
    /// The request that it has, PEM.
    #[serde(rename = "CSR", default)]
    pub(crate) csr: String,
    /// Seconds since 1970; 0: not issued.
    #[serde(rename = "ExpiredDate", default)]
    pub(crate) expires: i64,
}

#[derive(Deserialize)]
pub(super) struct Products {
    #[serde(rename = "Recommended", default)]
    pub(super) recommended: Vec<Offered>,
    #[serde(rename = "All", default)]
    pub(super) all: Vec<Offered>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct Offered {
    pub(super) certificate_name: String,
    pub(super) certificate_brand: String,
    pub(super) certificate_cat: String,
    pub(super) certificate_cn_name: String,
    pub(super) domain_max_limit: u32,
    pub(super) domain_min_limit: u32,
}

/// What something costs; numbers as they are written, for nothing is counted with them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Costs {
    pub(super) price: serde_json::Number,
    #[serde(default)]
    pub(super) original_price: Option<serde_json::Number>,
    #[serde(default)]
    pub(super) available: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Bought {
    #[serde(rename = "CertificateID", default)]
    pub(super) id: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Fetched {
    #[serde(rename = "CertificateUrl", alias = "FileUrl", default)]
    pub(super) url: String,
}

/// An answer that says no more than that it was done.
#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
pub(super) struct Auths {
    #[serde(rename = "AuthMethod", alias = "authMethod", default)]
    pub(super) method: String,
    #[serde(rename = "Auths", alias = "auths", default)]
    pub(super) auths: Vec<Auth>,
}

#[derive(Deserialize)]
pub(super) struct Auth {
    #[serde(rename = "AuthKey", alias = "authKey", default)]
    key: String,
    #[serde(rename = "AuthValue", alias = "authValue", default)]
    value: String,
    #[serde(rename = "Domain", alias = "domain", default)]
    domain: String,
    #[serde(rename = "AuthType", alias = "authType", default)]
    kind: String,
    #[serde(rename = "AuthMethod", alias = "authMethod", default)]
    method: String,
}

impl Auth {
    /// `all`: the method of the whole order, where this part does not say its own.
    pub(super) fn proof(&self, all: &str, order: &UsslOrder) -> Result<Proof> {
        let said = if self.method.is_empty() { all } else { &self.method };
        let method = match (said, &*self.kind) {
            ("FILE", _) => ProofMethod::File,
            ("DNS" | "", "DNS_CNAME") | ("DNS_CNAME", _) => ProofMethod::DnsCname,
            ("DNS" | "", "DNS_TXT") | ("DNS_TXT", _) => ProofMethod::DnsTxt,
            _ => return Err(Error::new(Code::UsslAnswer, DOING).with("method", format!("{said} {}", self.kind))),
        };
        let name = match method {
            ProofMethod::File => self.key.clone(),
            // The part in front of a zone belongs to this domain's, not to the order's first one.
            _ => {
                let first = order.domains.split(',').next().unwrap_or_default();
                let domain = names::domain(if self.domain.is_empty() { first } else { &self.domain })?;
                names::record(&self.key, &[domain])?
            }
        };
        Ok(Proof { method, name, value: self.value.clone(), domain: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(order: &str, method: &str, auth: &str) -> Result<Proof> {
        let order = UsslOrder {
            id: 1,
            domains: order.to_owned(),
            state: String::new(),
            state_code: String::new(),
            name: String::new(),
            brand: String::new(),
        };
        serde_json::from_str::<Auth>(auth).unwrap().proof(method, &order)
    }

    #[test]
    fn what_is_to_be_set_is_read() {
        use ProofMethod::{DnsCname, DnsTxt, File};
        for (order, method, auth, want, name) in [
            ("a.test", "DNS", r#"{"AuthKey": "_x", "AuthType": "DNS_CNAME"}"#, DnsCname, "_x.a.test"),
            ("a.test", "DNS", r#"{"authKey": "_x.a.test", "authType": "DNS_TXT"}"#, DnsTxt, "_x.a.test"),
            (
                "a.test,b.test",
                "DNS",
                r#"{"AuthKey": "_x", "Domain": "b.test", "AuthType": "DNS_TXT"}"#,
                DnsTxt,
                "_x.b.test",
            ),
            ("a.test", "FILE", r#"{"AuthKey": "A1.txt", "AuthType": ""}"#, File, "A1.txt"),
            ("a.test", "DNS", r#"{"AuthKey": "B.txt", "AuthMethod": "FILE"}"#, File, "B.txt"),
        ] {
            let read = proof(order, method, auth).unwrap();
            assert_eq!((read.method, &*read.name), (want, name), "{auth}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for (method, auth) in [
            ("DNS", r#"{"AuthKey": "_x"}"#),
            ("DNS", r#"{"AuthKey": "_x", "AuthType": "DNS_A"}"#),
            ("EMAIL", r#"{"AuthKey": "_x", "AuthType": "DNS_TXT"}"#),
        ] {
            assert_eq!(proof("a.test", method, auth).unwrap_err().code, Code::UsslAnswer, "{auth}");
        }
    }
}
