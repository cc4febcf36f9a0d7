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
//! };
//! let unsigned = request.draft().unwrap();
//! assert_eq!(unsigned.scheme(), SignatureScheme::EcdsaP256Sha256);
//! let signature: DerSignature = key.sign(unsigned.to_sign());
//! let body = unsigned.assemble(signature.as_bytes()).unwrap();
//! assert_eq!(body.name(), "ir");
//! ```

use der::{Any, Decode, Encode, asn1::BitString};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{ext::Extension, name::Name, request::CertReqInfo};

use crate::{
    crmf::{CertReqMsg, CertRequest, CertTemplate, PopoSigningKey, ProofOfPossession},
    csr,
    error::{Error, Result},
    message::Body,
    signature::SignatureScheme,
};

/// Which request body to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Initialization request (RFC 9483 §4.1.1).
    Ir,
    /// Certification request (RFC 9483 §4.1.2).
    Cr,
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
                let request = CertRequest { cert_req_id: 0, cert_template, controls: None };
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
                Ok(if kind == Kind::Ir { Body::Ir(vec![message]) } else { Body::Cr(vec![message]) })
            }
        }
    }
}
