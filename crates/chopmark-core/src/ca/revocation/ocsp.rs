//! Asking an OCSP responder (RFC 6960), as lightly as RFC 5019 has it: one certificate, SHA-1 in its name (a name, no
//! proof), no nonce: answers are in date for hours anyway, and many responders send what they have signed before.
//!
//! Own types: x509-ocsp 0.2 stands on an older `der`.

use std::time::Duration;

use cmp_protocol::signature;
use const_oid::{
    ObjectIdentifier,
    db::{rfc5912::ID_SHA_1, rfc6960::ID_PKIX_OCSP_BASIC},
};
use der::{
    Any, Choice, Decode, Encode, Enumerated, Sequence,
    asn1::{BitString, GeneralizedTime, Null, OctetString},
};
use sha1::{Digest, Sha1};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    Certificate,
    ext::{
        Extensions,
        pkix::{CrlReason, ExtendedKeyUsage, KeyUsage},
    },
    name::Name,
    serial_number::SerialNumber,
};

use super::{Moment, Question, Status};
use crate::ca::chain::{check_dates, is_signed_by};

/// `id-kp-OCSPSigning` (RFC 6960 §4.2.2.2).
const OCSP_SIGNING: ObjectIdentifier = const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
/// How long an answer holds that does not say so: newer ones are always to be had (RFC 6960 §4.2.2.1).
const UNLIMITED: Duration = Duration::from_secs(600);

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct CertId {
    hash_algorithm: AlgorithmIdentifierOwned,
    issuer_name_hash: OctetString,
    issuer_key_hash: OctetString,
    serial_number: SerialNumber,
}

#[derive(Sequence)]
struct OcspRequest {
    tbs_request: TbsRequest,
}

#[derive(Sequence)]
struct TbsRequest {
    request_list: Vec<Request>,
}

#[derive(Sequence)]
struct Request {
    cert_id: CertId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[repr(u32)]
enum ResponseStatus {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct OcspResponse {
    response_status: ResponseStatus,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    response_bytes: Option<ResponseBytes>,
}

#[derive(Sequence)]
struct ResponseBytes {
    response_type: ObjectIdentifier,
    response: OctetString,
}

#[derive(Sequence)]
struct BasicResponse {
    /// `ResponseData`, as it came: that is what is signed.
    data: Any,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    certificates: Option<Vec<Any>>,
}

#[derive(Sequence)]
struct ResponseData {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "u8::default")]
    version: u8,
    responder: ResponderId,
    produced_at: GeneralizedTime,
    responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Choice)]
enum ResponderId {
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    Name(Name),
    /// SHA-1 of the key.
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    Key(OctetString),
}

#[derive(Sequence)]
struct SingleResponse {
    cert_id: CertId,
    status: CertStatus,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Choice)]
enum CertStatus {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Sequence)]
struct RevokedInfo {
    time: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    reason: Option<CrlReason>,
}

/// What a responder is asked about.
pub(super) struct Asked(CertId);

impl Asked {
    pub(super) fn about(question: &Question) -> der::Result<Asked> {
        // Responders compare the whole name of the certificate, so the parameters are NULL as everybody has them.
        let hash_algorithm = AlgorithmIdentifierOwned { oid: ID_SHA_1, parameters: Some(Any::null()) };
        Ok(Asked(CertId {
            hash_algorithm,
            issuer_name_hash: OctetString::new(Sha1::digest(question.issuer_name()?).to_vec())?,
            issuer_key_hash: OctetString::new(Sha1::digest(question.issuer_key()).to_vec())?,
            serial_number: question.certificate.tbs_certificate().serial_number().clone(),
        }))
    }

    /// `OCSPRequest`, DER.
    pub(super) fn request(&self) -> der::Result<Vec<u8>> {
        OcspRequest { tbs_request: TbsRequest { request_list: vec![Request { cert_id: self.0.clone() }] } }.to_der()
    }

    /// Reads the answer: signed by the issuer or its delegate, about this certificate, in date.
    pub(super) fn status(
        &self,
        question: &Question,
        answer: &[u8],
        moment: Moment,
    ) -> std::result::Result<Status, String> {
        let words = |error: der::Error| format!("the answer cannot be read: {error}");
        let answer = OcspResponse::from_der(answer).map_err(words)?;
        let Some(bytes) = answer.response_bytes.filter(|_| answer.response_status == ResponseStatus::Successful) else {
            return Err(format!("the responder does not say: {:?}", answer.response_status));
        };
        if bytes.response_type != ID_PKIX_OCSP_BASIC {
            return Err("the answer is of an unknown kind".to_owned());
        }
        let basic = BasicResponse::from_der(bytes.response.as_bytes()).map_err(words)?;
        let data = basic.data.to_der().map_err(words)?;
        let about = ResponseData::from_der(&data).map_err(words)?;
        check_signature(&basic, &data, &about.responder, question)?;
        refuse_critical(about.extensions.as_ref())?;
        let mut ours = about.responses.iter().filter(|response| self.is_meant(&response.cert_id));
        let Some(found) = ours.next() else { return Err("the answer is about another certificate".to_owned()) };
        refuse_critical(found.extensions.as_ref())?;
        let from = found.this_update.to_unix_duration();
        let until = found.next_update.map_or(from + UNLIMITED, |time| time.to_unix_duration());
        if !moment.is_within(from, until) {
            return Err("the answer is not in date".to_owned());
        }
        match found.status {
            CertStatus::Good(_) => Ok(Status::Good),
            CertStatus::Revoked(_) => Ok(Status::Revoked),
            CertStatus::Unknown(_) => Err("the responder does not know the certificate".to_owned()),
        }
    }

    /// Parameters of SHA-1 are absent with some, NULL with others.
    fn is_meant(&self, named: &CertId) -> bool {
        let CertId { hash_algorithm, issuer_name_hash, issuer_key_hash, serial_number } = &self.0;
        named.hash_algorithm.oid == hash_algorithm.oid
            && named.issuer_name_hash == *issuer_name_hash
            && named.issuer_key_hash == *issuer_key_hash
            && named.serial_number == *serial_number
    }
}

fn refuse_critical(extensions: Option<&Extensions>) -> std::result::Result<(), String> {
    match extensions.into_iter().flatten().find(|extension| extension.critical) {
        Some(strange) => Err(format!("a critical extension is not understood: {}", strange.extn_id)),
        None => Ok(()),
    }
}

/// By the issuer's key, or that of a certificate that the issuer has made for it (RFC 6960 §4.2.2.2). Whether the delegate
/// has been revoked is not asked: who would say so is the delegate.
fn check_signature(
    basic: &BasicResponse,
    data: &[u8],
    responder: &ResponderId,
    question: &Question,
) -> std::result::Result<(), String> {
    let words = |error: der::Error| error.to_string();
    let verifies = |by: &Certificate| {
        let signature = basic.signature.as_bytes().unwrap_or_default();
        let key = by.tbs_certificate().subject_public_key_info();
        signature::verify(key, &basic.signature_algorithm, data, signature)
            .map_err(|error| format!("the answer's signature: {error}"))
    };
    if is_responder(responder, &question.issuer)? {
        return verifies(&question.issuer);
    }
    for der in basic.certificates.iter().flatten() {
        let der = der.to_der().map_err(words)?;
        let Ok(delegate) = Certificate::from_der(&der) else { continue };
        if is_responder(responder, &delegate)? {
            check_delegate(&delegate, &der, question)?;
            return verifies(&delegate);
        }
    }
    Err("the responder is not the issuer and shows no certificate".to_owned())
}

fn is_responder(id: &ResponderId, certificate: &Certificate) -> std::result::Result<bool, String> {
    let certificate = certificate.tbs_certificate();
    Ok(match id {
        ResponderId::Name(name) => certificate.subject() == name,
        ResponderId::Key(hash) => {
            let key = certificate.subject_public_key_info().subject_public_key.raw_bytes();
            hash.as_bytes() == Sha1::digest(key).as_slice()
        }
    })
}

fn check_delegate(delegate: &Certificate, der: &[u8], question: &Question) -> std::result::Result<(), String> {
    let words = |error: der::Error| error.to_string();
    let about = delegate.tbs_certificate();
    if about.issuer() != question.issuer.tbs_certificate().subject() {
        return Err("the responder's certificate is another CA's".to_owned());
    }
    is_signed_by(der, &question.issuer_der).map_err(|error| format!("the responder's certificate: {error}"))?;
    check_dates(delegate)?;
    let purposes = about.get_extension::<ExtendedKeyUsage>().map_err(words)?;
    if !purposes.is_some_and(|(_, purposes)| purposes.0.contains(&OCSP_SIGNING)) {
        return Err("the responder's extendedKeyUsage lacks id-kp-OCSPSigning".to_owned());
    }
    match about.get_extension::<KeyUsage>().map_err(words)? {
        Some((_, usage)) if !usage.digital_signature() => {
            Err("the responder's keyUsage lacks digitalSignature".to_owned())
        }
        _ => Ok(()),
    }
}
