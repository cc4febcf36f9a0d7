//! Certificate requests in two steps: [`CertificateRequest::draft`] gives the bytes to sign, [`Unsigned::assemble`] takes
//! the signature. Between the two, the key may be in another process or on a token.
//!
//! ```
//! use cmp_protocol::{request::{CertificateRequest, Kind}, signature::SignatureScheme};
//! use p256::{ecdsa::{DerSignature, SigningKey, signature::Signer}, pkcs8::EncodePublicKey};
//! use der::Decode;
//!
//! let key = SigningKey::from_slice(&[7; 32]).unwrap();
//! let public = key.verifying_key().to_public_key_der().unwrap();
//! let request = CertificateRequest {
//!     kind: Kind::Ir,
//!     subject: "CN=Alice".parse().unwrap(),
//!     public_key: spki::SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).unwrap(),
//!     extensions: Vec::new(),
//!     renews: None,
//! };
//! let unsigned = request.draft().unwrap();
//! assert_eq!(unsigned.scheme(), SignatureScheme::EcdsaP256Sha256);
//! let signature: DerSignature = key.sign(unsigned.to_sign());
//! let body = unsigned.assemble(signature.as_bytes()).unwrap();
//! assert_eq!(body.name(), "ir");
//! ```

use const_oid::AssociatedOid;
use der::{
    Any, Decode, Encode,
    asn1::{BitString, Int, ObjectIdentifier, OctetString},
};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::{Certificate, ext::Extension, ext::pkix::CrlReason, name::Name, request::CertReqInfo};

use crate::{
    crmf::{AttributeTypeAndValue, CertReqMsg, CertRequest, CertTemplate, PopoSigningKey, ProofOfPossession},
    csr,
    error::{Error, Result},
    message::{Body, CertId, RevDetails, directory_name},
    signature::SignatureScheme,
};

/// `id-regCtrl-oldCertID` (RFC 4211 §6.5).
pub const OLD_CERT_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.5.1.5");

/// Which request body to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Initialization request (RFC 9483 §4.1.1).
    Ir,
    /// Certification request (RFC 9483 §4.1.2).
    Cr,
    /// Key update request (RFC 9483 §4.1.3): protected by the certificate that it renews.
    Kur,
    /// PKCS#10 request (RFC 9483 §4.1.4).
    P10cr,
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Body to make.
    pub kind: Kind,
    /// Subject wanted; empty (the NULL-DN) leaves it to the CA (RFC 9483 §4.1.1).
    pub subject: Name,
    /// The key.
    pub public_key: SubjectPublicKeyInfoOwned,
    /// Extensions wanted, for example alternative names.
    pub extensions: Vec<Extension>,
    /// The certificate that a [`Kind::Kur`] renews.
    pub renews: Option<CertificateId>,
}

/// A certificate by issuer and serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateId {
    /// Who issued it.
    pub issuer: Name,
    /// Serial number: content bytes of the INTEGER, big-endian.
    pub serial: Vec<u8>,
}

impl CertificateId {
    /// Of a certificate, DER.
    pub fn of(certificate: &[u8]) -> Result<CertificateId> {
        let parsed = Certificate::from_der(certificate).map_err(Error::decoding)?;
        let certificate = parsed.tbs_certificate();
        Ok(CertificateId {
            issuer: certificate.issuer().clone(),
            serial: certificate.serial_number().as_bytes().to_vec(),
        })
    }

    fn serial(&self) -> Result<Int> {
        Int::new(&self.serial).map_err(Error::encoding)
    }

    fn old_cert_id(&self) -> Result<AttributeTypeAndValue> {
        let id = CertId { issuer: directory_name(self.issuer.clone()), serial_number: self.serial()? };
        let value = id.to_der().and_then(|der| Any::from_der(&der)).map_err(Error::encoding)?;
        Ok(AttributeTypeAndValue { oid: OLD_CERT_ID, value })
    }
}

/// rr: revokes a certificate for a reason (RFC 9483 §4.2).
///
/// ```
/// use cmp_protocol::request::{CertificateId, revocation};
/// use x509_cert::ext::pkix::CrlReason;
///
/// let certificate = CertificateId { issuer: "CN=Some CA".parse().unwrap(), serial: vec![0x12, 0x34] };
/// assert_eq!(revocation(&certificate, CrlReason::KeyCompromise).unwrap().name(), "rr");
/// ```
pub fn revocation(certificate: &CertificateId, reason: CrlReason) -> Result<Body> {
    let cert_details = CertTemplate {
        serial_number: Some(certificate.serial()?),
        issuer: Some(certificate.issuer.clone()),
        ..CertTemplate::default()
    };
    let extn_value = reason.to_der().and_then(OctetString::new).map_err(Error::encoding)?;
    let reason = Extension { extn_id: CrlReason::OID, critical: false, extn_value };
    Ok(Body::Rr(vec![RevDetails { cert_details, crl_entry_details: Some(vec![reason]) }]))
}

/// A request for a certificate whose key the CA makes (RFC 9483 §4.1.6); ir, cr or kur. There is nothing to sign.
///
/// ```
/// use cmp_protocol::request::{Kind, key_by_ca};
///
/// let body = key_by_ca(Kind::Ir, "CN=Alice".parse().unwrap(), Vec::new(), None).unwrap();
/// assert_eq!(body.name(), "ir");
/// ```
///
/// # Errors
/// [`Error::Input`] for a PKCS#10 request, which cannot do without a key.
pub fn key_by_ca(
    kind: Kind,
    subject: Name,
    extensions: Vec<Extension>,
    algorithm: Option<AlgorithmIdentifierOwned>,
) -> Result<Body> {
    // RFC 9483 §4.1.6: a wanted algorithm goes with an empty key; none at all leaves the choice to the CA.
    let public_key = algorithm
        .map(|algorithm| BitString::from_bytes(&[]).map(|none| (algorithm, none)))
        .transpose()
        .map_err(Error::encoding)?
        .map(|(algorithm, subject_public_key)| SubjectPublicKeyInfoOwned { algorithm, subject_public_key });
    let cert_template = CertTemplate {
        subject: Some(subject),
        public_key,
        extensions: Some(extensions).filter(|extensions| !extensions.is_empty()),
        ..CertTemplate::default()
    };
    let cert_req = CertRequest { cert_req_id: 0, cert_template, controls: None };
    body(kind, CertReqMsg { cert_req, popo: None, reg_info: None })
}

fn body(kind: Kind, message: CertReqMsg) -> Result<Body> {
    match kind {
        Kind::Ir => Ok(Body::Ir(vec![message])),
        Kind::Cr => Ok(Body::Cr(vec![message])),
        Kind::Kur => Ok(Body::Kur(vec![message])),
        Kind::P10cr => Err(Error::Input("a PKCS#10 request has no CertReqMsg".into())),
    }
}

/// A request that lacks the signature of the new key (the proof of possession).
#[derive(Clone, Debug)]
pub struct Unsigned {
    draft: Draft,
    scheme: SignatureScheme,
    to_sign: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Draft {
    Crmf { kind: Kind, request: Box<CertRequest> },
    Csr(Box<CertReqInfo>),
}

impl CertificateRequest {
    /// The request without its signature.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] for a key this crate makes no signatures with.
    pub fn draft(self) -> Result<Unsigned> {
        let scheme = SignatureScheme::for_key(&self.public_key)?;
        let (draft, to_sign) = match self.kind {
            Kind::P10cr => {
                let info = csr::info(self.subject, self.public_key, self.extensions)?;
                let to_sign = info.to_der();
                (Draft::Csr(Box::new(info)), to_sign)
            }
            kind => {
                let cert_template = CertTemplate {
                    subject: Some(self.subject),
                    public_key: Some(self.public_key),
                    extensions: Some(self.extensions).filter(|extensions| !extensions.is_empty()),
                    ..CertTemplate::default()
                };
                let controls =
                    self.renews.as_ref().map(CertificateId::old_cert_id).transpose()?.map(|control| vec![control]);
                let request = CertRequest { cert_req_id: 0, cert_template, controls };
                let to_sign = request.to_der();
                (Draft::Crmf { kind, request: Box::new(request) }, to_sign)
            }
        };
        Ok(Unsigned { draft, scheme, to_sign: to_sign.map_err(Error::encoding)? })
    }
}

impl Unsigned {
    /// The bytes that the new key has to sign (RFC 4211 §4.1; RFC 2986 §4.2).
    pub fn to_sign(&self) -> &[u8] {
        &self.to_sign
    }

    /// How it has to sign them.
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// Puts the signature (X.509 form: ECDSA as DER) to the request. It is verified first: a driver that signs wrongly
    /// must not cost the authorization code.
    pub fn assemble(self, signature: &[u8]) -> Result<Body> {
        let key = match &self.draft {
            Draft::Crmf { request, .. } => request.cert_template.public_key.as_ref(),
            Draft::Csr(info) => Some(&info.public_key),
        };
        let key = key.ok_or_else(|| Error::Input("the request has no public key".into()))?;
        crate::signature::verify(key, &self.scheme.algorithm(), &self.to_sign, signature)?;
        match self.draft {
            Draft::Csr(info) => {
                let request = csr::assemble(*info, self.scheme, signature)?;
                let raw = request.to_der().and_then(|der| Any::from_der(&der)).map_err(Error::encoding)?;
                Ok(Body::P10cr(raw))
            }
            Draft::Crmf { kind, request } => {
                let popo = PopoSigningKey {
                    poposk_input: None,
                    algorithm: self.scheme.algorithm(),
                    signature: BitString::from_bytes(signature).map_err(Error::encoding)?,
                };
                let message =
                    CertReqMsg { cert_req: *request, popo: Some(ProofOfPossession::Signature(popo)), reg_info: None };
                body(kind, message)
            }
        }
    }
}
