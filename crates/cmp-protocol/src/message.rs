//! PKIMessage, header and bodies (RFC 9810 §5), as owned types on `der`.
//!
//! Certificates and parts that this crate does not look into stay [`Any`], so that what was decoded encodes to the same
//! bytes again. Protection is computed over the bytes that came in, never over a re-encoding: see [`ProtectedBytes`].

use der::{
    Any, AnyRef, Choice, Decode, Encode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged, Writer,
    asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString},
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{ext::pkix::name::GeneralName, name::Name};

use crate::{
    crmf::CertReqMsg,
    error::{Error, Result},
};

mod revocation;
mod status;

pub use revocation::{CertId, RevDetails, RevRepContent};
pub use status::{FailInfo, PkiStatusInfo, Status};

/// `id-it-implicitConfirm` (RFC 9810 §5.1.1.1).
pub const IMPLICIT_CONFIRM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.13");
/// `id-it-certProfile` (RFC 9810 §5.1.1.4).
pub const CERT_PROFILE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.21");
/// Free text in several languages or parts: `SEQUENCE OF UTF8String`.
pub type FreeText = Vec<String>;

/// `PKIMessage`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PkiMessage {
    /// Header.
    pub header: PkiHeader,
    /// Body.
    pub body: Body,
    /// MAC or signature over header and body.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub protection: Option<BitString>,
    /// Certificates that may be useful to the recipient. Not protected.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub extra_certs: Option<Vec<Any>>,
}

/// `PKIHeader`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PkiHeader {
    /// Protocol version: 2, or 3 where a message needs what came with RFC 9480.
    pub pvno: u8,
    /// Who sends.
    pub sender: GeneralName,
    /// Who shall receive.
    pub recipient: GeneralName,
    /// When the message was made.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub message_time: Option<GeneralizedTime>,
    /// How the message is protected.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub protection_alg: Option<AlgorithmIdentifierOwned>,
    /// Which key protects: with a MAC the reference number.
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub sender_kid: Option<OctetString>,
    /// Which key of the recipient is meant.
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub recip_kid: Option<OctetString>,
    /// The exchange this message belongs to.
    #[asn1(context_specific = "4", tag_mode = "EXPLICIT", optional = "true")]
    pub transaction_id: Option<OctetString>,
    /// Fresh for each message.
    #[asn1(context_specific = "5", tag_mode = "EXPLICIT", optional = "true")]
    pub sender_nonce: Option<OctetString>,
    /// The other side's last `senderNonce`.
    #[asn1(context_specific = "6", tag_mode = "EXPLICIT", optional = "true")]
    pub recip_nonce: Option<OctetString>,
    /// Text for people.
    #[asn1(context_specific = "7", tag_mode = "EXPLICIT", optional = "true")]
    pub free_text: Option<FreeText>,
    /// More about the exchange.
    #[asn1(context_specific = "8", tag_mode = "EXPLICIT", optional = "true")]
    pub general_info: Option<Vec<InfoTypeAndValue>>,
}

impl PkiHeader {
    /// Is this type of information in `generalInfo`?
    pub fn has_info(&self, oid: ObjectIdentifier) -> bool {
        self.general_info.iter().flatten().any(|info| info.info_type == oid)
    }
}

/// `InfoTypeAndValue`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct InfoTypeAndValue {
    /// What it is.
    pub info_type: ObjectIdentifier,
    /// Its value.
    #[asn1(optional = "true")]
    pub info_value: Option<Any>,
}

/// `PKIBody`. Bodies without a variant of their own stay raw in [`Body::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Initialization request.
    Ir(Vec<CertReqMsg>),
    /// Initialization response.
    Ip(CertRepMessage),
    /// Certification request.
    Cr(Vec<CertReqMsg>),
    /// Certification response.
    Cp(CertRepMessage),
    /// PKCS#10 request, raw.
    P10cr(Any),
    /// Key update request.
    Kur(Vec<CertReqMsg>),
    /// Key update response.
    Kup(CertRepMessage),
    /// Revocation request.
    Rr(Vec<RevDetails>),
    /// Revocation response.
    Rp(RevRepContent),
    /// Confirmation by the CA.
    PkiConf,
    /// General message: what the client wants to know.
    Genm(Vec<InfoTypeAndValue>),
    /// General response.
    Genp(Vec<InfoTypeAndValue>),
    /// Error.
    Error(ErrorMsgContent),
    /// Confirmation (or rejection) by the client.
    CertConf(Vec<CertStatus>),
    /// The client asks again.
    PollReq(Vec<PollReq>),
    /// The CA says when to ask again.
    PollRep(Vec<PollRep>),
    /// Anything else: number of the alternative and its content.
    Other(u32, Any),
}

impl Body {
    /// Number of the alternative (RFC 9810 §5.1.2).
    pub fn number(&self) -> u32 {
        match self {
            Body::Ir(_) => 0,
            Body::Ip(_) => 1,
            Body::Cr(_) => 2,
            Body::Cp(_) => 3,
            Body::P10cr(_) => 4,
            Body::Kur(_) => 7,
            Body::Kup(_) => 8,
            Body::Rr(_) => 11,
            Body::Rp(_) => 12,
            Body::PkiConf => 19,
            Body::Genm(_) => 21,
            Body::Genp(_) => 22,
            Body::Error(_) => 23,
            Body::CertConf(_) => 24,
            Body::PollReq(_) => 25,
            Body::PollRep(_) => 26,
            Body::Other(number, _) => *number,
        }
    }

    /// Name of the alternative as the RFC writes it.
    pub fn name(&self) -> &'static str {
        const NAMES: [&str; 27] = [
            "ir", "ip", "cr", "cp", "p10cr", "popdecc", "popdecr", "kur", "kup", "krr", "krp", "rr", "rp", "ccr",
            "ccp", "ckuann", "cann", "rann", "crlann", "pkiconf", "nested", "genm", "genp", "error", "certConf",
            "pollReq", "pollRep",
        ];
        NAMES.get(self.number() as usize).copied().unwrap_or("unknown")
    }

    fn content(&self) -> der::Result<Vec<u8>> {
        match self {
            Body::Ir(requests) | Body::Cr(requests) | Body::Kur(requests) => requests.to_der(),
            Body::Ip(answer) | Body::Cp(answer) | Body::Kup(answer) => answer.to_der(),
            Body::P10cr(any) | Body::Other(_, any) => any.to_der(),
            Body::Rr(details) => details.to_der(),
            Body::Rp(answer) => answer.to_der(),
            Body::PkiConf => Null.to_der(),
            Body::Genm(infos) | Body::Genp(infos) => infos.to_der(),
            Body::Error(error) => error.to_der(),
            Body::CertConf(statuses) => statuses.to_der(),
            Body::PollReq(requests) => requests.to_der(),
            Body::PollRep(answers) => answers.to_der(),
        }
    }

    fn to_any(&self) -> der::Result<Any> {
        let tag = Tag::ContextSpecific { constructed: true, number: TagNumber(self.number()) };
        Any::new(tag, self.content()?)
    }
}

impl<'a> Decode<'a> for Body {
    type Error = der::Error;

    fn decode<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let any = Any::decode(reader)?;
        let Tag::ContextSpecific { constructed: true, number } = any.tag() else {
            return Err(any.tag().unexpected_error(None).into());
        };
        let content = any.value();
        Ok(match number.0 {
            0 => Body::Ir(Vec::from_der(content)?),
            1 => Body::Ip(CertRepMessage::from_der(content)?),
            2 => Body::Cr(Vec::from_der(content)?),
            3 => Body::Cp(CertRepMessage::from_der(content)?),
            4 => Body::P10cr(Any::from_der(content)?),
            7 => Body::Kur(Vec::from_der(content)?),
            8 => Body::Kup(CertRepMessage::from_der(content)?),
            11 => Body::Rr(Vec::from_der(content)?),
            12 => Body::Rp(RevRepContent::from_der(content)?),
            19 => {
                Null::from_der(content)?;
                Body::PkiConf
            }
            21 => Body::Genm(Vec::from_der(content)?),
            22 => Body::Genp(Vec::from_der(content)?),
            23 => Body::Error(ErrorMsgContent::from_der(content)?),
            24 => Body::CertConf(Vec::from_der(content)?),
            25 => Body::PollReq(Vec::from_der(content)?),
            26 => Body::PollRep(Vec::from_der(content)?),
            other => Body::Other(other, Any::from_der(content)?),
        })
    }
}

impl Encode for Body {
    fn encoded_len(&self) -> der::Result<der::Length> {
        self.to_any()?.encoded_len()
    }

    fn encode(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.to_any()?.encode(writer)
    }
}

/// `CertRepMessage`: what ip, cp and kup carry.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertRepMessage {
    /// CA certificates. Trusted only when the message is protected by the shared secret.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub ca_pubs: Option<Vec<Any>>,
    /// One answer for each request.
    pub response: Vec<CertResponse>,
}

/// `CertResponse`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertResponse {
    /// The request this answers: 0, or -1 for a PKCS#10 request.
    pub cert_req_id: i64,
    /// Granted, waiting or refused.
    pub status: PkiStatusInfo,
    /// The certificate.
    #[asn1(optional = "true")]
    pub certified_key_pair: Option<CertifiedKeyPair>,
    /// Registration information.
    #[asn1(optional = "true")]
    pub rsp_info: Option<OctetString>,
}

/// `CertifiedKeyPair`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertifiedKeyPair {
    /// The certificate, plain or encrypted.
    pub cert_or_enc_cert: CertOrEncCert,
    /// A private key made by the CA, enveloped.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub private_key: Option<Any>,
    /// Where the CA publishes.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub publication_info: Option<Any>,
}

/// `CertOrEncCert`.
#[derive(Clone, Debug, PartialEq, Eq, Choice)]
pub enum CertOrEncCert {
    /// A plain certificate.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", constructed = "true")]
    Certificate(Any),
    /// A certificate encrypted for the requested key.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    EncryptedCert(Any),
}

/// `ErrorMsgContent`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct ErrorMsgContent {
    /// Status and reasons.
    pub status: PkiStatusInfo,
    /// A number of the CA's own.
    #[asn1(optional = "true")]
    pub error_code: Option<Any>,
    /// Text for people.
    #[asn1(optional = "true")]
    pub error_details: Option<FreeText>,
}

/// `CertStatus`: the client's verdict on a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertStatus {
    /// Hash of the certificate.
    pub cert_hash: OctetString,
    /// The request it came for.
    pub cert_req_id: i64,
    /// Absent or accepted: taken. Otherwise rejected.
    #[asn1(optional = "true")]
    pub status_info: Option<PkiStatusInfo>,
    /// Hash used, where the certificate's signature algorithm does not tell it (pvno 3).
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub hash_alg: Option<AlgorithmIdentifierOwned>,
}

/// One entry of `PollReqContent`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PollReq {
    /// The request asked for, -1 for the whole message.
    pub cert_req_id: i64,
}

/// One entry of `PollRepContent`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PollRep {
    /// The request, -1 for the whole message.
    pub cert_req_id: i64,
    /// Seconds until the CA wants to be asked again.
    pub check_after: i64,
    /// Why.
    #[asn1(optional = "true")]
    pub reason: Option<FreeText>,
}

/// Header and body as they came in, for computing the protection.
#[derive(Clone, Copy, Debug)]
pub struct ProtectedBytes<'a> {
    header: &'a [u8],
    body: &'a [u8],
}

impl<'a> ProtectedBytes<'a> {
    /// Finds header and body in a message.
    pub fn of_message(message: &'a [u8]) -> Result<ProtectedBytes<'a>> {
        let outer = AnyRef::from_der(message).map_err(Error::decoding)?;
        let mut reader = SliceReader::new(outer.value()).map_err(Error::decoding)?;
        let header = reader.tlv_bytes().map_err(Error::decoding)?;
        let body = reader.tlv_bytes().map_err(Error::decoding)?;
        Ok(ProtectedBytes { header, body })
    }

    /// `ProtectedPart ::= SEQUENCE { header, body }` (RFC 9810 §5.1.3).
    pub fn to_der(self) -> Result<Vec<u8>> {
        let content = [self.header, self.body].concat();
        Any::new(Tag::Sequence, content).and_then(|any| any.to_der()).map_err(Error::encoding)
    }
}

impl PkiMessage {
    /// Decodes a message; it must be one DER element and nothing after it.
    pub fn parse(bytes: &[u8]) -> Result<PkiMessage> {
        if bytes.len() > crate::MAX_MESSAGE {
            return Err(Error::TooLarge { bytes: bytes.len() });
        }
        PkiMessage::from_der(bytes).map_err(Error::decoding)
    }

    /// Certificates of `extraCerts`, DER.
    pub fn extra_certificates(&self) -> Vec<Vec<u8>> {
        raw_certificates(self.extra_certs.as_deref())
    }
}

/// DER of certificates kept raw. Entries that cannot be encoded again do not exist: they came from a decoder.
pub(crate) fn raw_certificates(certificates: Option<&[Any]>) -> Vec<Vec<u8>> {
    certificates.unwrap_or_default().iter().filter_map(|any| any.to_der().ok()).collect()
}

/// A directory name as a general name.
pub fn directory_name(name: Name) -> GeneralName {
    GeneralName::DirectoryName(name)
}

/// Time of a header from seconds since 1970.
pub(crate) fn generalized_time(unix_seconds: u64) -> Result<GeneralizedTime> {
    GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(unix_seconds)).map_err(Error::encoding)
}

/// Text for octet strings of a header.
pub(crate) fn octets(bytes: &[u8]) -> Result<OctetString> {
    OctetString::new(bytes).map_err(Error::encoding)
}
