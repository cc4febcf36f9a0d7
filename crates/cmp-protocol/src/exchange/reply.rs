//! What a CA answers, after all checks.

use crate::message::{FailInfo, InfoTypeAndValue};

/// What the CA answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Ask again later: send [`Exchange::poll`](super::Exchange::poll).
    Wait {
        /// Seconds until then, where the CA says.
        check_after: Option<u64>,
        /// Text for people.
        text: Option<String>,
    },
    /// Here is a certificate.
    Issued(Box<Issued>),
    /// The certificate is revoked.
    Revoked(Revoked),
    /// What was asked in a general message.
    Information(Vec<InfoTypeAndValue>),
    /// The confirmation (or the giving up) has arrived.
    Confirmed,
    /// No.
    Refused(Refusal),
}

/// A certificate as it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Certificates sent along (`extraCerts`), unordered and not trusted.
    pub extra: Vec<Vec<u8>>,
    /// CA certificates of `caPubs`; empty unless the answer is protected by the shared secret.
    pub ca_pubs: Vec<Vec<u8>>,
    /// The private key, where the CA made it: `EncryptedKey`, DER, still enveloped (RFC 9483 §4.1.6).
    pub encrypted_key: Option<Vec<u8>>,
    /// The CA says that it changed something.
    pub modified: bool,
    /// Text for people.
    pub text: Option<String>,
    /// We asked for implicit confirmation and the CA agreed: no confirmation is to be sent.
    pub implicitly_confirmed: bool,
    /// The CA grants implicit confirmation although nobody asked: it may not want to hear the confirmation, which is sent
    /// all the same; a refusal of it is then no failure.
    pub implicit_unasked: bool,
}

/// A revocation that the CA has carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Text for people.
    pub text: Option<String>,
    /// CRLs sent along, DER, not verified.
    pub crls: Vec<Vec<u8>>,
}

/// A refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reasons: Vec<FailInfo>,
    /// Text for people.
    pub text: Option<String>,
    /// `errorCode` of an `error` body: a number with a meaning of the CA's own (RFC 9810 §5.3.21). One that is no INTEGER
    /// or does not fit is left out.
    pub error_code: Option<i64>,
    /// Came as an `error` body rather than as a status in an answer.
    pub in_error: bool,
    /// Nobody but the CA can have said it: protected by the shared secret or, where we sign ourselves, by a signer that the
    /// judge trusts.
    pub certain: bool,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons: Vec<_> = self.reasons.iter().map(|reason| reason.name()).collect();
        write!(f, "failInfo [{}]", reasons.join(", "))?;
        self.text.as_ref().map_or(Ok(()), |text| write!(f, ", text {text:?}"))
    }
}
