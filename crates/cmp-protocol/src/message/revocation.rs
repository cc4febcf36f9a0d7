//! Revocation: what rr and rp carry (RFC 9810 §5.3.9, §5.3.10).

use der::{Any, Sequence, asn1::Int};
use x509_cert::ext::{Extension, pkix::name::GeneralName};

use super::PkiStatusInfo;
use crate::crmf::CertTemplate;

/// `RevDetails`: one certificate to revoke.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct RevDetails {
    /// The certificate, by what the template names: issuer and serial number (RFC 9483 §4.2).
    pub cert_details: CertTemplate,
    /// Extensions of the CRL entry wanted; the reason is one of them.
    #[asn1(optional = "true")]
    pub crl_entry_details: Option<Vec<Extension>>,
}

/// `RevRepContent`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct RevRepContent {
    /// One status for each certificate asked for, in that order.
    pub status: Vec<PkiStatusInfo>,
    /// The certificates, in the same order.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub rev_certs: Option<Vec<CertId>>,
    /// CRLs that result, not looked into.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub crls: Option<Vec<Any>>,
}

/// `CertId` (RFC 4211 §6.5): a certificate by issuer and serial number.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertId {
    /// Who issued it.
    pub issuer: GeneralName,
    /// Its serial number.
    pub serial_number: Int,
}
