//! Faults to order, for tests of clients: what a broken or hostile CA, or a broken network, would do.

use cmp_protocol::{
    Result,
    message::{Body, CertRepMessage, PkiMessage},
    protection::{MacProtection, SharedSecret},
};
use der::asn1::{BitString, GeneralizedTime, OctetString};

/// What goes wrong with the codes of one invitation: with the answer that brings the certificate, unless it says else.
/// The ledger keeps what a faultless CA would keep; only the answer is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The answer is kept and the connection closed. The same request again is answered.
    DropAnswer,
    /// The same for the answer to certConf.
    DropConfirm,
    /// The MAC is wrong.
    BadMac,
    /// There is no protection.
    Unprotected,
    /// Another transactionID.
    WrongTransaction,
    /// Another recipNonce.
    WrongNonce,
    /// messageTime a day ago.
    StaleTime,
    /// The certificate is for another key.
    OtherKey,
    /// Accepted, but there is no certificate.
    NoCertificate,
    /// Two answers to one request.
    TwoAnswers,
    /// Neither intermediate nor root come along.
    NoChain,
}

impl Fault {
    /// Every fault with its name.
    pub const ALL: [(Fault, &'static str); 11] = [
        (Fault::DropAnswer, "drop-answer"),
        (Fault::DropConfirm, "drop-confirm"),
        (Fault::BadMac, "bad-mac"),
        (Fault::Unprotected, "unprotected"),
        (Fault::WrongTransaction, "wrong-transaction"),
        (Fault::WrongNonce, "wrong-nonce"),
        (Fault::StaleTime, "stale-time"),
        (Fault::OtherKey, "other-key"),
        (Fault::NoCertificate, "no-certificate"),
        (Fault::TwoAnswers, "two-answers"),
        (Fault::NoChain, "no-chain"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Fault::ALL[self as usize].1
    }

    /// The fault of this name.
    pub fn from_name(name: &str) -> Option<Fault> {
        Fault::ALL.iter().find(|(_, known)| *known == name).map(|(fault, _)| *fault)
    }

    /// Spoils an answer that is right.
    pub(crate) fn spoil(self, message: &mut PkiMessage, secret: &SharedSecret, mac: &MacProtection) -> Result<()> {
        let other = || OctetString::new(vec![0x5a; 16]).ok();
        match self {
            Fault::WrongTransaction => message.header.transaction_id = other(),
            Fault::WrongNonce => message.header.recip_nonce = other(),
            Fault::StaleTime => {
                let day = std::time::Duration::from_secs(86_400);
                let time = message.header.message_time.map(|time| time.to_unix_duration().saturating_sub(day));
                message.header.message_time = time.and_then(|time| GeneralizedTime::from_unix_duration(time).ok());
            }
            Fault::NoCertificate => {
                if let Some(answer) = certificates(&mut message.body) {
                    answer.response.iter_mut().for_each(|response| response.certified_key_pair = None);
                }
            }
            Fault::TwoAnswers => {
                if let Some(answer) = certificates(&mut message.body) {
                    answer.response.extend(answer.response.clone());
                }
            }
            Fault::NoChain => {
                message.extra_certs = None;
                if let Some(answer) = certificates(&mut message.body) {
                    answer.ca_pubs = None;
                }
            }
            Fault::Unprotected => {
                message.header.protection_alg = None;
                message.protection = None;
                return Ok(());
            }
            Fault::BadMac => {
                let mut bytes = message.protection.as_ref().map_or(Vec::new(), |bits| bits.raw_bytes().to_vec());
                bytes.iter_mut().for_each(|byte| *byte ^= 0xff);
                message.protection = BitString::from_bytes(&bytes).ok();
                return Ok(());
            }
            Fault::DropAnswer | Fault::DropConfirm | Fault::OtherKey => return Ok(()),
        }
        mac.protect(message, secret)
    }
}

fn certificates(body: &mut Body) -> Option<&mut CertRepMessage> {
    match body {
        Body::Ip(answer) | Body::Cp(answer) => Some(answer),
        _ => None,
    }
}

/// Faults of the whole server, counted over its messages from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServeFaults {
    /// Handle this message, keep the answer, close the connection.
    pub drop_answer: Option<u64>,
    /// Handle this message, then end the process without another word.
    pub kill_after: Option<u64>,
}
