//! General messages (genm, genp): what a client may ask a CA about itself (RFC 9810 §5.3.19, RFC 9483 §4.3).
//!
//! ```
//! use cmp_protocol::information;
//!
//! let question = information::ask(information::CA_CERTS);
//! assert_eq!(question.name(), "genm");
//! // The answer of a CA that has none to give:
//! assert!(information::ca_certificates(&[]).unwrap().is_empty());
//! ```

use der::{Any, Choice, Decode, Encode, Sequence, asn1::ObjectIdentifier};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    ext::pkix::name::{DistributionPointName, GeneralName},
    name::Name,
    time::Time,
};

use crate::{
    crmf::{AttributeTypeAndValue, CertTemplate},
    error::{Check, Error, Result},
    message::{Body, InfoTypeAndValue},
};

/// `id-it-currentCRL`.
pub const CURRENT_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.6");
/// `id-it-caCerts`.
pub const CA_CERTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.17");
/// `id-it-rootCaKeyUpdate`.
pub const ROOT_CA_KEY_UPDATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.18");
/// `id-it-certReqTemplate`.
pub const CERT_REQ_TEMPLATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.19");
/// `id-it-rootCaCert`.
pub const ROOT_CA_CERT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.20");
/// `id-it-crlStatusList`.
pub const CRL_STATUS_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.22");
/// `id-it-crls`.
pub const CRLS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.23");
/// `id-regCtrl-algId` (RFC 9810 §5.3.19.16): a kind of key the CA takes.
pub const ALG_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.5.1.11");
/// `id-regCtrl-rsaKeyLen` (RFC 9810 §5.3.19.16): a length of RSA keys the CA takes, in bits.
pub const RSA_KEY_LEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.5.1.12");

/// `RootCaKeyUpdateValue`: a new root, and what links it to the old one.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct RootCaKeyUpdate {
    /// The new root, signed by its own key.
    pub new_with_new: Any,
    /// The new key certified by the old one.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub new_with_old: Option<Any>,
    /// The old key certified by the new one.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub old_with_new: Option<Any>,
}

/// `CertReqTemplateValue`: what a request should look like.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertReqTemplate {
    /// Fields that are wanted; those with a value shall have that value.
    pub cert_template: CertTemplate,
    /// Kinds of keys that are taken, as controls [`ALG_ID`] and [`RSA_KEY_LEN`]; absent: any.
    #[asn1(optional = "true")]
    pub key_spec: Option<Vec<AttributeTypeAndValue>>,
}

/// A kind of key that a CA takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySpec {
    /// RSA with a modulus of so many bits.
    Rsa(u32),
    /// Any other, by its algorithm (for elliptic curves with the curve).
    Algorithm(AlgorithmIdentifierOwned),
}

impl CertReqTemplate {
    /// The kinds of keys taken, in the CA's order; empty: any.
    pub fn keys(&self) -> Result<Vec<KeySpec>> {
        let mut keys = Vec::new();
        for control in self.key_spec.iter().flatten() {
            match control.oid {
                RSA_KEY_LEN => keys.push(KeySpec::Rsa(control.value.decode_as().map_err(Error::decoding)?)),
                ALG_ID => keys.push(KeySpec::Algorithm(decode(&control.value)?)),
                // RFC 9810 §5.3.19.16 defines no others; one that we do not know narrows nothing for us.
                _ => {}
            }
        }
        Ok(keys)
    }
}

/// `CRLStatus`: which CRL is wanted, and how old the one at hand is.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CrlStatus {
    /// Which.
    pub source: CrlSource,
    /// `thisUpdate` of the one at hand; absent: none is at hand.
    #[asn1(optional = "true")]
    pub this_update: Option<Time>,
}

/// `CRLSource`.
#[derive(Clone, Debug, PartialEq, Eq, Choice)]
pub enum CrlSource {
    /// By its distribution point.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", constructed = "true")]
    DistributionPoint(DistributionPointName),
    /// By its issuer.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    Issuer(Vec<GeneralName>),
}

/// genm without a value: caCerts, certReqTemplate, currentCRL.
pub fn ask(what: ObjectIdentifier) -> Body {
    Body::Genm(vec![InfoTypeAndValue { info_type: what, info_value: None }])
}

/// genm for the successor of a root (RFC 9483 §4.3.2): `root` is the one at hand, DER.
pub fn ask_root_update(root: &[u8]) -> Result<Body> {
    let root = Any::from_der(root).map_err(Error::decoding)?;
    Ok(Body::Genm(vec![InfoTypeAndValue { info_type: ROOT_CA_CERT, info_value: Some(root) }]))
}

/// genm for the CRL of an issuer (RFC 9483 §4.3.4), if there is one newer than `this_update`.
pub fn ask_crl(issuer: Name, this_update: Option<Time>) -> Result<Body> {
    let status = CrlStatus { source: CrlSource::Issuer(vec![GeneralName::DirectoryName(issuer)]), this_update };
    let value = vec![status].to_der().and_then(|der| Any::from_der(&der)).map_err(Error::encoding)?;
    Ok(Body::Genm(vec![InfoTypeAndValue { info_type: CRL_STATUS_LIST, info_value: Some(value) }]))
}

/// Certificates of the CA in an answer to [`CA_CERTS`], DER. None is no error (RFC 9483 §4.3.1).
pub fn ca_certificates(answer: &[InfoTypeAndValue]) -> Result<Vec<Vec<u8>>> {
    list(answer, CA_CERTS)
}

/// CRLs in an answer to [`ask_crl`] or [`CURRENT_CRL`], DER. None: the one at hand is the newest.
pub fn crls(answer: &[InfoTypeAndValue]) -> Result<Vec<Vec<u8>>> {
    match value(answer, CURRENT_CRL) {
        Some(crl) => Ok(vec![crl.to_der().map_err(Error::encoding)?]),
        None => list(answer, CRLS),
    }
}

/// The new root in an answer to [`ask_root_update`]. `None`: there is no newer one. Nothing of it has been verified.
pub fn root_update(answer: &[InfoTypeAndValue]) -> Result<Option<RootCaKeyUpdate>> {
    value(answer, ROOT_CA_KEY_UPDATE).map(decode).transpose()
}

/// The template in an answer to [`CERT_REQ_TEMPLATE`]. `None`: the CA wants nothing in particular.
pub fn certificate_request_template(answer: &[InfoTypeAndValue]) -> Result<Option<CertReqTemplate>> {
    value(answer, CERT_REQ_TEMPLATE).map(decode).transpose()
}

fn value(answer: &[InfoTypeAndValue], what: ObjectIdentifier) -> Option<&Any> {
    answer.iter().find(|info| info.info_type == what)?.info_value.as_ref()
}

fn list(answer: &[InfoTypeAndValue], what: ObjectIdentifier) -> Result<Vec<Vec<u8>>> {
    let Some(value) = value(answer, what) else { return Ok(Vec::new()) };
    let entries: Vec<Any> = decode(value)?;
    entries.iter().map(|entry| entry.to_der().map_err(Error::encoding)).collect()
}

fn decode<T: for<'a> Decode<'a, Error = der::Error>>(value: &Any) -> Result<T> {
    value
        .to_der()
        .and_then(|der| T::from_der(&der))
        .map_err(|error| Error::check(Check::Content, "information of the type named", error.to_string()))
}
