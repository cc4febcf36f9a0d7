//! Answers: bodies that only a CA sends, and the message around them.

use der::{
    Any, Decode, Encode,
    asn1::{Int, OctetString},
};
use x509_cert::{Certificate, ext::pkix::SubjectKeyIdentifier, name::Name};

use super::Incoming;
use crate::{
    error::{Check, Error, Result},
    exchange::{nonce, reference_name},
    message::{
        Body, CertId, CertOrEncCert, CertRepMessage, CertResponse, CertifiedKeyPair, ErrorMsgContent, FailInfo,
        IMPLICIT_CONFIRM, InfoTypeAndValue, PkiHeader, PkiMessage, PkiStatusInfo, PollRep, RevRepContent,
        directory_name, generalized_time, raw_certificates,
    },
    protection::{MacProtection, SharedSecret, Unprotected},
    request::CertificateId,
    signature::SignatureScheme,
};

/// Body of an answer with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// To ir.
    Ip,
    /// To cr and p10cr.
    Cp,
    /// To kur.
    Kup,
}

impl AnswerKind {
    /// A body with one response.
    pub fn body(self, response: CertResponse, ca_pubs: &[Vec<u8>]) -> Result<Body> {
        let ca_pubs = (!ca_pubs.is_empty()).then(|| raw(ca_pubs)).transpose()?;
        let answer = CertRepMessage { ca_pubs, response: vec![response] };
        Ok(match self {
            AnswerKind::Ip => Body::Ip(answer),
            AnswerKind::Cp => Body::Cp(answer),
            AnswerKind::Kup => Body::Kup(answer),
        })
    }
}

/// A response with a certificate; `text` set means "granted with modifications".
///
/// For a key that the CA made, put it enveloped into `certified_key_pair.private_key` (RFC 9483 §4.1.6).
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

/// `rp`: how the revocation of this certificate stands.
pub fn revoked(status: PkiStatusInfo, certificate: &CertificateId) -> Result<Body> {
    let id = CertId {
        issuer: directory_name(certificate.issuer.clone()),
        serial_number: Int::new(&certificate.serial).map_err(Error::encoding)?,
    };
    Ok(Body::Rp(RevRepContent { status: vec![status], rev_certs: Some(vec![id]), crls: None }))
}

/// `pollRep`: ask again after so many seconds.
pub fn ask_later(cert_req_id: i64, seconds: u32, reason: &str) -> Body {
    let reason = Some(vec![reason.to_owned()]);
    Body::PollRep(vec![PollRep { cert_req_id, check_after: seconds.into(), reason }])
}

/// `error` with the status waiting: the whole message has to wait (RFC 9483 §4.4); the client polls with certReqId -1.
pub fn wait_for_all(text: &str) -> Body {
    let status = PkiStatusInfo { status_string: Some(vec![text.to_owned()]), ..PkiStatusInfo::waiting() };
    Body::Error(ErrorMsgContent { status, error_code: None, error_details: None })
}

/// `error` with reasons and text.
pub fn error(reasons: &[FailInfo], text: &str) -> Result<Body> {
    let status = PkiStatusInfo::rejection(reasons, text)?;
    Ok(Body::Error(ErrorMsgContent { status, error_code: None, error_details: None }))
}

/// The same with a number of the CA's own (`errorCode`).
pub fn error_with_code(reasons: &[FailInfo], text: &str, code: i64) -> Result<Body> {
    let status = PkiStatusInfo::rejection(reasons, text)?;
    let error_code = Some(Any::encode_from(&code).map_err(Error::encoding)?);
    Ok(Body::Error(ErrorMsgContent { status, error_code, error_details: None }))
}

/// An answer that lacks its protection.
pub struct Answer<'r, 's> {
    request: &'r PkiHeader,
    /// The codes protect the request, so that senderKID is the reference number.
    by_codes: bool,
    body: Body,
    sender: &'s Name,
    /// Certificates to send along, DER.
    pub extra_certs: Vec<Vec<u8>>,
    /// Grant implicit confirmation.
    pub implicit_confirm: bool,
}

impl<'r, 's> Answer<'r, 's> {
    pub(super) fn new(request: &'r Incoming<'_>, body: Body, sender: &'s Name) -> Answer<'r, 's> {
        Answer {
            request: &request.message.header,
            by_codes: !request.is_signed(),
            body,
            sender,
            extra_certs: Vec::new(),
            implicit_confirm: false,
        }
    }

    /// Encodes the answer; protected in kind when secret and MAC are given, else unprotected (errors only).
    pub fn encode(
        self,
        protect: Option<(&SharedSecret, &MacProtection)>,
        now: u64,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<Vec<u8>> {
        let sender_kid = self.request.sender_kid.clone().filter(|_| protect.is_some());
        let mut message = self.message(now, rng)?;
        message.header.sender_kid = sender_kid;
        if let Some((secret, mac)) = protect {
            mac.renewed(rng)?.protect(&mut message, secret)?;
        }
        message.to_der().map_err(Error::encoding)
    }

    /// The answer without its signature: sign [`Unprotected::to_sign`] with [`Unprotected::scheme`], then call
    /// [`Unprotected::assemble`]. `signer` is the certificate of the key that signs, `chain` leads from it to the root
    /// (DER); both go into `extraCerts` before those set here, and the subject becomes the sender (RFC 9483 §3.1, §3.3).
    pub fn draft(
        mut self,
        signer: &[u8],
        chain: &[Vec<u8>],
        now: u64,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<Unprotected> {
        let certificate = Certificate::from_der(signer).map_err(Error::decoding)?;
        let certificate = certificate.tbs_certificate();
        let mut all = vec![signer.to_vec()];
        for one in chain.iter().chain(&self.extra_certs) {
            if !all.contains(one) {
                all.push(one.clone());
            }
        }
        self.extra_certs = all;
        let mut message = self.message(now, rng)?;
        let identifier = certificate.get_extension::<SubjectKeyIdentifier>().map_err(Error::decoding)?;
        message.header.sender = directory_name(certificate.subject().clone());
        message.header.sender_kid = identifier.map(|(_, identifier)| identifier.0);
        sign_again(message)
    }

    fn message(self, now: u64, rng: &mut impl rand_core::CryptoRng) -> Result<PkiMessage> {
        let reference = self.request.sender_kid.as_ref().filter(|_| self.by_codes).map(OctetString::as_bytes);
        let header = PkiHeader {
            pvno: self.request.pvno.clamp(2, 3),
            sender: directory_name(self.sender.clone()),
            recipient: match reference {
                Some(reference) => directory_name(reference_name(reference)?),
                None => self.request.sender.clone(),
            },
            message_time: Some(generalized_time(now)?),
            protection_alg: None,
            sender_kid: None,
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
        Ok(PkiMessage { header, body: self.body, protection: None, extra_certs })
    }
}

/// A message to be signed (again) by the key of the first certificate in its `extraCerts`, for CAs that change an answer
/// after it was made.
pub fn sign_again(message: PkiMessage) -> Result<Unprotected> {
    let Some(signer) = raw_certificates(message.extra_certs.as_deref()).into_iter().next() else {
        return Err(Error::check(Check::Signer, "the signer's certificate in extraCerts", "none"));
    };
    let certificate = Certificate::from_der(&signer).map_err(Error::decoding)?;
    let key = certificate.tbs_certificate().subject_public_key_info().clone();
    let scheme = SignatureScheme::for_key(&key)?;
    Unprotected::new(message, key, scheme)
}

fn raw(certificates: &[Vec<u8>]) -> Result<Vec<Any>> {
    certificates.iter().map(|der| Any::from_der(der).map_err(Error::encoding)).collect()
}
