//! How a request stands and why it failed: `PKIStatusInfo` and `PKIFailureInfo` (RFC 9810 §5.2.3).

use der::{Sequence, asn1::BitString};

use super::FreeText;
use crate::error::{Error, Result};

/// `PKIStatus` (RFC 9810 §5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// You got exactly what you asked for.
    Accepted,
    /// You got something like what you asked for.
    GrantedWithMods,
    /// You don't get it.
    Rejection,
    /// Not decided yet.
    Waiting,
    /// A warning or notification about revocation, or a number nobody has defined.
    Other(i64),
}

/// `PKIStatusInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PkiStatusInfo {
    /// `PKIStatus` as a number; see [`PkiStatusInfo::status`].
    pub number: i64,
    /// Text for people.
    #[asn1(optional = "true")]
    pub status_string: Option<FreeText>,
    /// Why it failed.
    #[asn1(optional = "true")]
    pub fail_info: Option<BitString>,
}

impl PkiStatusInfo {
    /// Granted as asked.
    pub fn accepted() -> PkiStatusInfo {
        PkiStatusInfo { number: 0, status_string: None, fail_info: None }
    }

    /// A refusal with its reasons.
    pub fn rejection(reasons: &[FailInfo], text: &str) -> Result<PkiStatusInfo> {
        let fail_info = if reasons.is_empty() { None } else { Some(FailInfo::to_bits(reasons)?) };
        Ok(PkiStatusInfo { number: 2, status_string: Some(vec![text.to_owned()]), fail_info })
    }

    /// Not decided yet.
    pub fn waiting() -> PkiStatusInfo {
        PkiStatusInfo { number: 3, status_string: None, fail_info: None }
    }

    /// The status.
    pub fn status(&self) -> Status {
        match self.number {
            0 => Status::Accepted,
            1 => Status::GrantedWithMods,
            2 => Status::Rejection,
            3 => Status::Waiting,
            other => Status::Other(other),
        }
    }

    /// The reasons that are set. Bits nobody has defined are left out.
    pub fn reasons(&self) -> Vec<FailInfo> {
        let Some(bits) = &self.fail_info else { return Vec::new() };
        bits.bits().enumerate().filter(|(_, set)| *set).filter_map(|(bit, _)| FailInfo::from_bit(bit)).collect()
    }

    /// The text, its parts joined by spaces.
    pub fn text(&self) -> Option<String> {
        self.status_string.as_ref().map(|parts| parts.join(" ")).filter(|text| !text.is_empty())
    }
}

/// `PKIFailureInfo`: bit numbers of RFC 9810 §5.2.3 (numbers, not masks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // The names are the RFC's own.
pub enum FailInfo {
    BadAlg = 0,
    BadMessageCheck = 1,
    BadRequest = 2,
    BadTime = 3,
    BadCertId = 4,
    BadDataFormat = 5,
    WrongAuthority = 6,
    IncorrectData = 7,
    MissingTimeStamp = 8,
    BadPop = 9,
    CertRevoked = 10,
    CertConfirmed = 11,
    WrongIntegrity = 12,
    BadRecipientNonce = 13,
    TimeNotAvailable = 14,
    UnacceptedPolicy = 15,
    UnacceptedExtension = 16,
    AddInfoNotAvailable = 17,
    BadSenderNonce = 18,
    BadCertTemplate = 19,
    SignerNotTrusted = 20,
    TransactionIdInUse = 21,
    UnsupportedVersion = 22,
    NotAuthorized = 23,
    SystemUnavail = 24,
    SystemFailure = 25,
    DuplicateCertReq = 26,
}

impl FailInfo {
    /// Every reason with the name the RFC gives it, in the order of the bits.
    pub const ALL: [(FailInfo, &'static str); 27] = [
        (FailInfo::BadAlg, "badAlg"),
        (FailInfo::BadMessageCheck, "badMessageCheck"),
        (FailInfo::BadRequest, "badRequest"),
        (FailInfo::BadTime, "badTime"),
        (FailInfo::BadCertId, "badCertId"),
        (FailInfo::BadDataFormat, "badDataFormat"),
        (FailInfo::WrongAuthority, "wrongAuthority"),
        (FailInfo::IncorrectData, "incorrectData"),
        (FailInfo::MissingTimeStamp, "missingTimeStamp"),
        (FailInfo::BadPop, "badPOP"),
        (FailInfo::CertRevoked, "certRevoked"),
        (FailInfo::CertConfirmed, "certConfirmed"),
        (FailInfo::WrongIntegrity, "wrongIntegrity"),
        (FailInfo::BadRecipientNonce, "badRecipientNonce"),
        (FailInfo::TimeNotAvailable, "timeNotAvailable"),
        (FailInfo::UnacceptedPolicy, "unacceptedPolicy"),
        (FailInfo::UnacceptedExtension, "unacceptedExtension"),
        (FailInfo::AddInfoNotAvailable, "addInfoNotAvailable"),
        (FailInfo::BadSenderNonce, "badSenderNonce"),
        (FailInfo::BadCertTemplate, "badCertTemplate"),
        (FailInfo::SignerNotTrusted, "signerNotTrusted"),
        (FailInfo::TransactionIdInUse, "transactionIdInUse"),
        (FailInfo::UnsupportedVersion, "unsupportedVersion"),
        (FailInfo::NotAuthorized, "notAuthorized"),
        (FailInfo::SystemUnavail, "systemUnavail"),
        (FailInfo::SystemFailure, "systemFailure"),
        (FailInfo::DuplicateCertReq, "duplicateCertReq"),
    ];

    /// The reason at this bit.
    pub fn from_bit(bit: usize) -> Option<FailInfo> {
        FailInfo::ALL.get(bit).map(|(reason, _)| *reason)
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<FailInfo> {
        FailInfo::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(reason, _)| *reason)
    }

    /// The name the RFC gives it.
    pub fn name(self) -> &'static str {
        FailInfo::ALL[self as usize].1
    }

    fn to_bits(reasons: &[FailInfo]) -> Result<BitString> {
        let highest = reasons.iter().map(|reason| *reason as usize).max().unwrap_or(0);
        let mut bytes = vec![0u8; highest / 8 + 1];
        for reason in reasons {
            let bit = *reason as usize;
            bytes[bit / 8] |= 0x80 >> (bit % 8);
        }
        let unused = 7 - (highest % 8) as u8;
        BitString::new(unused, bytes).map_err(Error::encoding)
    }
}
