//! The other side of the wire: what a CA reads from requests and how it answers. For CAs that are made for trying out and
//! for tests; it decides nothing and keeps nothing.
//!
//! 1. [`Incoming::parse`], then [`Incoming::verify`] with the codes or, where [`Incoming::is_signed`],
//!    [`Incoming::verify_signature`]: it says which certificate signed; whether it may is for the CA to judge.
//! 2. [`Incoming::wish`] says what is wanted.
//! 3. [`Incoming::answer`] takes the body of the answer; [`Answer::encode`] protects it with the codes,
//!    [`Answer::draft`] with a certificate's key.

use const_oid::AssociatedOid;
use der::{Any, Decode, Encode, asn1::OctetString};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::{
    Certificate,
    ext::{
        Extension,
        pkix::{CrlReason, SubjectKeyIdentifier, name::GeneralName},
    },
    name::Name,
    request::CertReq,
};

use crate::{
    crmf::{CertReqMsg, CertRequest, ProofOfPossession},
    csr,
    error::{Check, Error, Result},
    message::{Body, CertId, IMPLICIT_CONFIRM, InfoTypeAndValue, PkiMessage, PkiStatusInfo, RevDetails},
    protection::{self, MacProtection, PASSWORD_BASED_MAC, PBMAC1, Protection, SharedSecret},
    request::{CertificateId, OLD_CERT_ID},
};

mod answer;
pub mod information;
#[cfg(test)]
mod tests;

pub use answer::{
    Answer, AnswerKind, ask_later, error, error_with_code, issued, not_issued, revoked, sign_again, wait_for_all,
};

/// A message as it came in. Its protection has not been verified yet: the reference number says with which secret to.
pub struct Incoming<'a> {
    bytes: &'a [u8],
    /// The message.
    pub message: PkiMessage,
}

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A certificate (ir, cr, p10cr, kur).
    Certificate(Box<WantedCertificate>),
    /// That a certificate be revoked (rr).
    Revoke {
        /// Which.
        certificate: Box<CertificateId>,
        /// Why; `unspecified` where the client says nothing.
        reason: CrlReason,
    },
    /// To know something (genm); [`information::question`] says what.
    Information(Vec<InfoTypeAndValue>),
    /// The client took the certificate with this hash, or rejected it.
    Confirm {
        /// Hash of the certificate, with the hash of its signature algorithm.
        hash: Vec<u8>,
        /// False: rejected.
        accepted: bool,
        /// What the client said when it rejected.
        text: Option<String>,
    },
    /// The client asks again.
    Poll {
        /// For which request; -1: for the whole message.
        cert_req_id: i64,
    },
    /// The client gives up.
    GiveUp {
        /// Why.
        text: Option<String>,
    },
}

/// A wanted certificate. The proof of possession has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedCertificate {
    /// Number to answer under.
    pub cert_req_id: i64,
    /// Body of the answer.
    pub answer: AnswerKind,
    /// Subject asked for; may be the NULL-DN.
    pub subject: Name,
    /// The key.
    pub key: WantedKey,
    /// Extensions asked for.
    pub extensions: Vec<Extension>,
    /// The certificate that a kur says it renews.
    pub renews: Option<CertificateId>,
    /// Asked to do without confirmation.
    pub implicit_confirm: bool,
}

/// Which key a certificate is wanted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedKey {
    /// For the client's own; it has proved that it has it.
    Theirs(SubjectPublicKeyInfoOwned),
    /// For one that the CA makes (RFC 9483 §4.1.6), of this kind where the client says one.
    ByCa(Option<AlgorithmIdentifierOwned>),
}

/// Who signed a message: [`Incoming::verify_signature`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The certificate, DER. Its key signed; nothing else about it has been verified.
    pub certificate: Vec<u8>,
    /// The others of `extraCerts`, DER.
    pub others: Vec<Vec<u8>>,
}

impl<'a> Incoming<'a> {
    /// Decodes a message.
    pub fn parse(bytes: &'a [u8]) -> Result<Incoming<'a>> {
        Ok(Incoming { bytes, message: PkiMessage::parse(bytes)? })
    }

    /// The reference number, where the codes protect: `senderKID`.
    pub fn reference(&self) -> Option<&[u8]> {
        self.message.header.sender_kid.as_ref().map(OctetString::as_bytes)
    }

    /// The transactionID.
    pub fn transaction_id(&self) -> Option<&[u8]> {
        self.message.header.transaction_id.as_ref().map(OctetString::as_bytes)
    }

    /// Is it protected by something else than the codes?
    pub fn is_signed(&self) -> bool {
        let algorithm = self.message.header.protection_alg.as_ref();
        algorithm.is_some_and(|algorithm| !matches!(algorithm.oid, PASSWORD_BASED_MAC | PBMAC1))
    }

    /// Verifies the MAC; its parameters serve for the answer.
    pub fn verify(&self, secret: &SharedSecret) -> Result<MacProtection> {
        match protection::verify(self.bytes, &self.message, Some(secret))? {
            Protection::Mac(mac) => Ok(mac),
            _ => Err(Error::check(Check::Protected, "a MAC", "a signature or nothing")),
        }
    }

    /// Verifies the signature, and that `sender` and `senderKID` name the certificate whose key made it
    /// (RFC 9483 §3.1, §3.5). Whether this certificate may speak is for the CA to judge.
    pub fn verify_signature(&self) -> Result<Signer> {
        let Protection::Signature { signer, others } = protection::verify(self.bytes, &self.message, None)? else {
            return Err(Error::check(Check::Protected, "a signature", "none"));
        };
        let parsed = Certificate::from_der(&signer).map_err(Error::decoding)?;
        let certificate = parsed.tbs_certificate();
        if self.message.header.sender != GeneralName::DirectoryName(certificate.subject().clone()) {
            return Err(Error::check(Check::Sender, "the subject of the signer's certificate", "another name"));
        }
        let identifier = certificate.get_extension::<SubjectKeyIdentifier>().map_err(Error::decoding)?;
        match (&self.message.header.sender_kid, identifier) {
            (Some(kid), Some((_, identifier))) if *kid != identifier.0 => {
                Err(Error::check(Check::Sender, "senderKID of the signer's key", "another"))
            }
            _ => Ok(Signer { certificate: signer, others }),
        }
    }

    /// What the client wants, with its proof of possession verified.
    pub fn wish(&self) -> Result<Wish> {
        match &self.message.body {
            Body::Ir(requests) => self.certificate(requests, AnswerKind::Ip),
            Body::Cr(requests) => self.certificate(requests, AnswerKind::Cp),
            Body::Kur(requests) => self.certificate(requests, AnswerKind::Kup),
            Body::P10cr(raw) => self.pkcs10(raw),
            Body::Rr(details) => revocation(details),
            Body::Genm(questions) => Ok(Wish::Information(questions.clone())),
            Body::CertConf(statuses) => {
                let [status] = statuses.as_slice() else {
                    return Err(Error::check(Check::Content, "one certStatus", statuses.len().to_string()));
                };
                let info = status.status_info.as_ref();
                Ok(Wish::Confirm {
                    hash: status.cert_hash.as_bytes().to_vec(),
                    accepted: info.is_none_or(|info| info.number == 0 || info.number == 1),
                    text: info.and_then(PkiStatusInfo::text),
                })
            }
            Body::PollReq(requests) => match requests.as_slice() {
                [request] => Ok(Wish::Poll { cert_req_id: request.cert_req_id }),
                _ => Err(Error::check(Check::Content, "one pollReq", requests.len().to_string())),
            },
            Body::Error(error) => Ok(Wish::GiveUp { text: error.status.text() }),
            other => Err(Error::check(Check::BodyType, "a body that an end entity sends", other.name())),
        }
    }

    fn certificate(&self, requests: &[CertReqMsg], answer: AnswerKind) -> Result<Wish> {
        let [request] = requests else {
            return Err(Error::check(Check::Content, "one request", requests.len().to_string()));
        };
        let template = &request.cert_req.cert_template;
        Ok(Wish::Certificate(Box::new(WantedCertificate {
            cert_req_id: request.cert_req.cert_req_id,
            answer,
            subject: template.subject.clone().unwrap_or_default(),
            key: wanted_key(request)?,
            extensions: template.extensions.clone().unwrap_or_default(),
            renews: renews(&request.cert_req)?,
            implicit_confirm: self.message.header.has_info(IMPLICIT_CONFIRM),
        })))
    }

    fn pkcs10(&self, raw: &Any) -> Result<Wish> {
        let request: CertReq = raw.to_der().and_then(|der| CertReq::from_der(&der)).map_err(Error::decoding)?;
        csr::verify(&request)?;
        Ok(Wish::Certificate(Box::new(WantedCertificate {
            cert_req_id: -1,
            answer: AnswerKind::Cp,
            subject: request.info.subject.clone(),
            key: WantedKey::Theirs(request.info.public_key.clone()),
            extensions: csr::extensions(&request)?,
            renews: None,
            implicit_confirm: self.message.header.has_info(IMPLICIT_CONFIRM),
        })))
    }

    /// An answer to this message. `sender` names the CA where nothing signs; where something does, [`Answer::draft`] takes
    /// the signer's name.
    pub fn answer<'s>(&self, body: Body, sender: &'s Name) -> Answer<'_, 's> {
        Answer::new(self, body, sender)
    }
}

/// The key of a request, its proof of possession verified. No key, or an empty one, asks the CA to make it; then there is
/// nothing to prove (RFC 9483 §4.1.6).
fn wanted_key(request: &CertReqMsg) -> Result<WantedKey> {
    let Some(key) = request.cert_req.cert_template.public_key.clone() else { return Ok(WantedKey::ByCa(None)) };
    if key.subject_public_key.raw_bytes().is_empty() {
        return Ok(WantedKey::ByCa(Some(key.algorithm)));
    }
    let Some(ProofOfPossession::Signature(popo)) = &request.popo else {
        return Err(Error::check(Check::Content, "a signature as proof of possession", "none"));
    };
    let signed = request.cert_req.to_der().map_err(Error::encoding)?;
    crate::signature::verify(&key, &popo.algorithm, &signed, popo.signature.as_bytes().unwrap_or_default())?;
    Ok(WantedKey::Theirs(key))
}

fn renews(request: &CertRequest) -> Result<Option<CertificateId>> {
    let Some(control) = request.controls.iter().flatten().find(|control| control.oid == OLD_CERT_ID) else {
        return Ok(None);
    };
    let id: CertId = control.value.to_der().and_then(|der| CertId::from_der(&der)).map_err(Error::decoding)?;
    let GeneralName::DirectoryName(issuer) = id.issuer else {
        return Err(Error::check(Check::Content, "a directoryName in oldCertId", "another kind of name"));
    };
    Ok(Some(CertificateId { issuer, serial: id.serial_number.as_bytes().to_vec() }))
}

fn revocation(details: &[RevDetails]) -> Result<Wish> {
    let [details] = details else {
        return Err(Error::check(Check::Content, "one certificate to revoke", details.len().to_string()));
    };
    let template = &details.cert_details;
    let (Some(issuer), Some(serial)) = (&template.issuer, &template.serial_number) else {
        return Err(Error::check(Check::Content, "issuer and serial number", "not both"));
    };
    let wanted = details.crl_entry_details.iter().flatten().find(|extension| extension.extn_id == CrlReason::OID);
    let reason = match wanted {
        Some(extension) => CrlReason::from_der(extension.extn_value.as_bytes()).map_err(Error::decoding)?,
        None => CrlReason::Unspecified,
    };
    let certificate = CertificateId { issuer: issuer.clone(), serial: serial.as_bytes().to_vec() };
    Ok(Wish::Revoke { certificate: Box::new(certificate), reason })
}
