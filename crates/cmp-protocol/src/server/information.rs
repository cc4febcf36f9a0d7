//! General messages from the CA's side: what is asked, and the entries of the answer (RFC 9810 §5.3.19, RFC 9483 §4.3).
//!
//! Each entry of a genm is answered by one of a genp; one without a value says that there is nothing.

use der::{Any, Decode, Encode, asn1::ObjectIdentifier};

use crate::{
    crmf::AttributeTypeAndValue,
    error::{Check, Error, Result},
    information::{
        ALG_ID, CA_CERTS, CERT_REQ_TEMPLATE, CRL_STATUS_LIST, CRLS, CURRENT_CRL, CertReqTemplate, CrlStatus, KeySpec,
        ROOT_CA_CERT, ROOT_CA_KEY_UPDATE, RSA_KEY_LEN, RootCaKeyUpdate,
    },
    message::InfoTypeAndValue,
};

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// For certificates of the CA: answer with [`ca_certificates`].
    CaCertificates,
    /// For the successor of this root (DER), where one is named: answer with [`root_update`].
    RootUpdate(Option<Vec<u8>>),
    /// For the template of requests: answer with [`template`].
    Template,
    /// For these CRLs, where they are newer than those at hand: answer with [`crls`].
    Crls(Vec<CrlStatus>),
    /// For the CRL: answer with [`current_crl`].
    CurrentCrl,
    /// Something else.
    Other(ObjectIdentifier),
}

/// Reads one entry of a genm.
pub fn question(asked: &InfoTypeAndValue) -> Result<Question> {
    let value = asked.info_value.as_ref().map(|value| value.to_der().map_err(Error::encoding)).transpose()?;
    Ok(match asked.info_type {
        CA_CERTS => Question::CaCertificates,
        ROOT_CA_CERT => Question::RootUpdate(value),
        CERT_REQ_TEMPLATE => Question::Template,
        CURRENT_CRL => Question::CurrentCrl,
        CRL_STATUS_LIST => {
            let list = value.ok_or_else(|| Error::check(Check::Content, "a list of CRLs", "none"))?;
            Question::Crls(Vec::from_der(&list).map_err(Error::decoding)?)
        }
        other => Question::Other(other),
    })
}

/// Certificates of the CA, DER; none: there are none to give.
pub fn ca_certificates(certificates: &[Vec<u8>]) -> Result<InfoTypeAndValue> {
    list(CA_CERTS, certificates)
}

/// The new root; `None`: there is none.
pub fn root_update(update: Option<&RootCaKeyUpdate>) -> Result<InfoTypeAndValue> {
    entry(ROOT_CA_KEY_UPDATE, update)
}

/// What requests should look like; `None`: nothing in particular.
pub fn template(template: Option<&CertReqTemplate>) -> Result<InfoTypeAndValue> {
    entry(CERT_REQ_TEMPLATE, template)
}

/// CRLs, DER; none: those at hand are the newest.
pub fn crls(crls: &[Vec<u8>]) -> Result<InfoTypeAndValue> {
    list(CRLS, crls)
}

/// The CRL, DER.
pub fn current_crl(crl: &[u8]) -> Result<InfoTypeAndValue> {
    let crl = Any::from_der(crl).map_err(Error::encoding)?;
    entry(CURRENT_CRL, Some(&crl))
}

/// `keySpec` of a template (RFC 9810 §5.3.19.16).
pub fn key_spec(keys: &[KeySpec]) -> Result<Vec<AttributeTypeAndValue>> {
    let control = |key: &KeySpec| match key {
        KeySpec::Rsa(bits) => Ok(AttributeTypeAndValue { oid: RSA_KEY_LEN, value: any(bits)? }),
        KeySpec::Algorithm(algorithm) => Ok(AttributeTypeAndValue { oid: ALG_ID, value: any(algorithm)? }),
    };
    keys.iter().map(control).collect()
}

fn list(info_type: ObjectIdentifier, entries: &[Vec<u8>]) -> Result<InfoTypeAndValue> {
    let entries: Vec<Any> =
        entries.iter().map(|der| Any::from_der(der)).collect::<der::Result<_>>().map_err(Error::encoding)?;
    entry(info_type, Some(&entries).filter(|entries| !entries.is_empty()))
}

fn entry<T: Encode>(info_type: ObjectIdentifier, value: Option<&T>) -> Result<InfoTypeAndValue> {
    Ok(InfoTypeAndValue { info_type, info_value: value.map(any).transpose()? })
}

fn any(value: &impl Encode) -> Result<Any> {
    value.to_der().and_then(|der| Any::from_der(&der)).map_err(Error::encoding)
}
