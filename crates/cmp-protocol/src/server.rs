//! The other side of the wire: what a CA reads from requests and how it answers. For CAs that are made for trying out and
//! for tests; it decides nothing and keeps nothing.

use der::{Any, Decode, Encode, asn1::OctetString};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{ext::Extension, name::Name, request::CertReq};

use crate::{
    crmf::{CertReqMsg, ProofOfPossession},
    csr,
    error::{Check, Error, Result},
    exchange::{nonce, reference_name},
    message::{
        Body, CertOrEncCert, CertRepMessage, CertResponse, CertifiedKeyPair, ErrorMsgContent, FailInfo,
        IMPLICIT_CONFIRM, InfoTypeAndValue, PkiHeader, PkiMessage, PkiStatusInfo, PollRep, directory_name,
        generalized_time,
    },
    protection::{self, MacProtection, Protection, SharedSecret},
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
    /// A certificate (ir, cr, p10cr).
    Certificate(Box<WantedCertificate>),
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
        /// For which request.
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
    /// Body number of the answer: ip or cp.
    pub answer: AnswerKind,
    /// Subject asked for; may be the NULL-DN.
    pub subject: Name,
    /// The key.
    pub public_key: SubjectPublicKeyInfoOwned,
    /// Extensions asked for.
    pub extensions: Vec<Extension>,
    /// Asked to do without confirmation.
    pub implicit_confirm: bool,
}

/// Body of an answer with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// To ir.
    Ip,
    /// To cr and p10cr.
    Cp,
}

impl AnswerKind {
    /// A body with one response.
    pub fn body(self, response: CertResponse, ca_pubs: &[Vec<u8>]) -> Result<Body> {
        let ca_pubs = (!ca_pubs.is_empty()).then(|| raw(ca_pubs)).transpose()?;
        let answer = CertRepMessage { ca_pubs, response: vec![response] };
        Ok(match self {
            AnswerKind::Ip => Body::Ip(answer),
            AnswerKind::Cp => Body::Cp(answer),
        })
    }
}

/// A response with a certificate; `text` set means "granted with modifications".
pub fn issued(cert_req_id: i64, certificate: &[u8], modified: Option<&str>) -> Result<CertResponse> {
    let status = match modified {
        None => PkiStatusInfo::accepted(),
        Some(text) => PkiStatusInfo { number: 1, status_string: Some(vec![text.to_owned()]), fail_info: None },
    };
    let certificate = Any::from_der(certificate).map_err(Error::encoding)?;
    let pair = CertifiedKeyPair {
        cert_or_enc_cert: CertOrEncCert::Certificate(certificate),
        private_key: None,
        publication_info: None,
    };
    Ok(CertResponse { cert_req_id, status, certified_key_pair: Some(pair), rsp_info: None })
}

/// A response without a certificate: waiting or rejection.
pub fn not_issued(cert_req_id: i64, status: PkiStatusInfo) -> CertResponse {
    CertResponse { cert_req_id, status, certified_key_pair: None, rsp_info: None }
}

/// `pollRep`: ask again after so many seconds.
pub fn ask_later(cert_req_id: i64, seconds: u32, reason: &str) -> Body {
    let reason = Some(vec![reason.to_owned()]);
    Body::PollRep(vec![PollRep { cert_req_id, check_after: seconds.into(), reason }])
}

/// `error` with reasons and text.
pub fn error(reasons: &[FailInfo], text: &str) -> Result<Body> {
    let status = PkiStatusInfo::rejection(reasons, text)?;
    Ok(Body::Error(ErrorMsgContent { status, error_code: None, error_details: None }))
}

impl<'a> Incoming<'a> {
    /// Decodes a message.
    pub fn parse(bytes: &'a [u8]) -> Result<Incoming<'a>> {
        Ok(Incoming { bytes, message: PkiMessage::parse(bytes)? })
    }

    /// The reference number: `senderKID`.
    pub fn reference(&self) -> Option<&[u8]> {
        self.message.header.sender_kid.as_ref().map(OctetString::as_bytes)
    }

    /// The transactionID.
    pub fn transaction_id(&self) -> Option<&[u8]> {
        self.message.header.transaction_id.as_ref().map(OctetString::as_bytes)
    }

    /// Verifies the MAC; its parameters serve for the answer.
    pub fn verify(&self, secret: &SharedSecret) -> Result<MacProtection> {
        match protection::verify(self.bytes, &self.message, Some(secret))? {
            Protection::Mac(mac) => Ok(mac),
            _ => Err(Error::check(Check::Protected, "a MAC", "a signature or nothing")),
        }
    }

    /// What the client wants, with its proof of possession verified.
    pub fn wish(&self) -> Result<Wish> {
        match &self.message.body {
            Body::Ir(requests) => self.certificate(requests, AnswerKind::Ip),
            Body::Cr(requests) => self.certificate(requests, AnswerKind::Cp),
            Body::P10cr(raw) => self.pkcs10(raw),
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
            other => Err(Error::check(Check::BodyType, "ir, cr, p10cr, certConf, pollReq or error", other.name())),
        }
    }

    fn certificate(&self, requests: &[CertReqMsg], answer: AnswerKind) -> Result<Wish> {
        let [request] = requests else {
            return Err(Error::check(Check::Content, "one request", requests.len().to_string()));
        };
        let template = &request.cert_req.cert_template;
        let Some(public_key) = template.public_key.clone() else {
            return Err(Error::check(Check::Content, "a public key", "none"));
        };
        let Some(ProofOfPossession::Signature(popo)) = &request.popo else {
            return Err(Error::check(Check::Content, "a signature as proof of possession", "none"));
        };
        let signed = request.cert_req.to_der().map_err(Error::encoding)?;
        crate::signature::verify(&public_key, &popo.algorithm, &signed, popo.signature.as_bytes().unwrap_or_default())?;
        Ok(Wish::Certificate(Box::new(WantedCertificate {
            cert_req_id: request.cert_req.cert_req_id,
            answer,
            subject: template.subject.clone().unwrap_or_default(),
            public_key,
            extensions: template.extensions.clone().unwrap_or_default(),
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
            public_key: request.info.public_key.clone(),
            extensions: csr::extensions(&request)?,
            implicit_confirm: self.message.header.has_info(IMPLICIT_CONFIRM),
        })))
    }

    /// An answer to this message.
    pub fn answer<'s>(&self, body: Body, sender: &'s Name) -> Answer<'_, 's> {
        Answer { request: &self.message.header, body, sender, extra_certs: Vec::new(), implicit_confirm: false }
    }
}

/// An answer that lacks its protection.
pub struct Answer<'r, 's> {
    request: &'r PkiHeader,
    body: Body,
    sender: &'s Name,
    /// Certificates to send along, DER.
    pub extra_certs: Vec<Vec<u8>>,
    /// Grant implicit confirmation.
    pub implicit_confirm: bool,
}

impl Answer<'_, '_> {
    /// Encodes the answer; protected in kind when secret and MAC are given, else unprotected (errors only).
    pub fn encode(
        self,
        protect: Option<(&SharedSecret, &MacProtection)>,
        now: u64,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<Vec<u8>> {
        let kid = self.request.sender_kid.clone();
        let header = PkiHeader {
            pvno: self.request.pvno.clamp(2, 3),
            sender: directory_name(self.sender.clone()),
            recipient: match &kid {
                Some(kid) => directory_name(reference_name(kid.as_bytes())?),
                None => self.request.sender.clone(),
            },
            message_time: Some(generalized_time(now)?),
            protection_alg: None,
            sender_kid: kid.filter(|_| protect.is_some()),
            recip_kid: None,
            transaction_id: self.request.transaction_id.clone(),
            sender_nonce: Some(nonce(rng)?),
            recip_nonce: self.request.sender_nonce.clone(),
            free_text: None,
            general_info: self
                .implicit_confirm
                .then(|| vec![InfoTypeAndValue { info_type: IMPLICIT_CONFIRM, info_value: Some(Any::null()) }]),
        };
        let extra_certs = (!self.extra_certs.is_empty()).then(|| raw(&self.extra_certs)).transpose()?;
        let mut message = PkiMessage { header, body: self.body, protection: None, extra_certs };
        if let Some((secret, mac)) = protect {
            mac.renewed(rng)?.protect(&mut message, secret)?;
        }
        message.to_der().map_err(Error::encoding)
    }
}

fn raw(certificates: &[Vec<u8>]) -> Result<Vec<Any>> {
    certificates.iter().map(|der| Any::from_der(der).map_err(Error::encoding)).collect()
}
