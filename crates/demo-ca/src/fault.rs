//! Faults to order, for tests of clients: what a broken or hostile CA, or a broken network, would do.

use cmp_protocol::{
    message::{Body, CertOrEncCert, CertRepMessage, PkiMessage, directory_name},
    protection::PASSWORD_BASED_MAC,
};
use der::asn1::{BitString, GeneralizedTime, ObjectIdentifier, OctetString};
use x509_cert::name::Name;

/// What goes wrong, or is unusual, with the codes of one invitation: with the answer that grants what was asked, unless it
/// says else. Some real CAs do what stands below [`Fault::NullSender`].
/// The ledger keeps what a faultless CA would keep; only the answer is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The answer is kept and the connection closed. The same request again is answered.
    DropAnswer,
    /// The same for the answer to certConf.
    DropConfirm,
    /// The protection is wrong.
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
    /// Every answer comes from the NULL-DN.
    NullSender,
    /// Every answer lacks its recipNonce.
    NoRecipNonce,
    /// The certificate is in extraCerts alone.
    CertInExtraOnly,
    /// Implicit confirmation is granted, whether asked for or not.
    ImplicitUnasked,
    /// A second certificate, for a key that nobody has, with certReqId 1.
    SeveralCertificates,
    /// The root does not come along as trusted (caPubs).
    NoCaPubs,
    /// Another certReqId.
    WrongCertReqId,
    /// Every answer is signed, also those to messages with a MAC.
    SignAnswer,
    /// Every answer is signed, by a signer of another CA.
    ForeignSigner,
    /// Every answer is signed, by a signer whose certificate does not say that it may.
    SignerWithoutEku,
    /// Only PasswordBasedMac is known.
    OnlyPbm,
    /// Only PBMAC1 is known.
    OnlyPbmac1,
}

impl Fault {
    /// Every fault with its name.
    pub const ALL: [(Fault, &'static str); 23] = [
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
        (Fault::NullSender, "null-sender"),
        (Fault::NoRecipNonce, "no-recip-nonce"),
        (Fault::CertInExtraOnly, "cert-in-extra-only"),
        (Fault::ImplicitUnasked, "implicit-unasked"),
        (Fault::SeveralCertificates, "several-certificates"),
        (Fault::NoCaPubs, "no-ca-pubs"),
        (Fault::WrongCertReqId, "wrong-cert-req-id"),
        (Fault::SignAnswer, "sign-answer"),
        (Fault::ForeignSigner, "foreign-signer"),
        (Fault::SignerWithoutEku, "signer-without-eku"),
        (Fault::OnlyPbm, "only-pbm"),
        (Fault::OnlyPbmac1, "only-pbmac1"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Fault::ALL[self as usize].1
    }

    /// The fault of this name.
    pub fn from_name(name: &str) -> Option<Fault> {
        Fault::ALL.iter().find(|(_, known)| *known == name).map(|(fault, _)| *fault)
    }

    /// Does it show in every answer, not only in the one that grants?
    pub(crate) fn everywhere(self) -> bool {
        use Fault::{ForeignSigner, NoRecipNonce, NullSender, SignAnswer, SignerWithoutEku};
        matches!(self, NullSender | NoRecipNonce | SignAnswer | ForeignSigner | SignerWithoutEku)
    }

    /// Is this kind of MAC unknown to a CA with this fault? Of a real CA it is no fault but its choice.
    pub(crate) fn refuses_protection(self, algorithm: ObjectIdentifier) -> bool {
        match self {
            Fault::OnlyPbm => algorithm != PASSWORD_BASED_MAC,
            Fault::OnlyPbmac1 => algorithm == PASSWORD_BASED_MAC,
            _ => false,
        }
    }

    /// Spoils an answer that is right, before it is protected. `signed`: the first of its extraCerts will protect it.
    pub(crate) fn spoil(self, message: &mut PkiMessage, signed: bool) {
        let other = || OctetString::new(vec![0x5a; 16]).ok();
        match self {
            Fault::WrongTransaction => message.header.transaction_id = other(),
            Fault::WrongNonce => message.header.recip_nonce = other(),
            Fault::NoRecipNonce => message.header.recip_nonce = None,
            Fault::NullSender => message.header.sender = directory_name(Name::default()),
            Fault::StaleTime => {
                let day = std::time::Duration::from_secs(86_400);
                let time = message.header.message_time.map(|time| time.to_unix_duration().saturating_sub(day));
                message.header.message_time = time.and_then(|time| GeneralizedTime::from_unix_duration(time).ok());
            }
            Fault::NoChain => {
                let kept = usize::from(signed);
                message.extra_certs.iter_mut().for_each(|certificates| certificates.truncate(kept));
                message.extra_certs.take_if(|certificates| certificates.is_empty());
                certificates(&mut message.body).into_iter().for_each(|answer| answer.ca_pubs = None);
            }
            Fault::CertInExtraOnly => into_extra(message),
            other => other.spoil_body(&mut message.body),
        }
    }

    fn spoil_body(self, body: &mut Body) {
        match (self, body) {
            (Fault::TwoAnswers, Body::Rp(answer)) => answer.status.extend(answer.status.clone()),
            (fault, body) => {
                let Some(answer) = certificates(body) else { return };
                match fault {
                    Fault::NoCertificate => {
                        answer.response.iter_mut().for_each(|response| response.certified_key_pair = None);
                    }
                    Fault::TwoAnswers => answer.response.extend(answer.response.clone()),
                    Fault::NoCaPubs => answer.ca_pubs = None,
                    Fault::WrongCertReqId => answer.response.iter_mut().for_each(|response| response.cert_req_id += 7),
                    _ => {}
                }
            }
        }
    }

    /// Spoils the protection.
    pub(crate) fn spoil_protection(self, message: &mut PkiMessage) {
        match self {
            Fault::Unprotected => {
                message.header.protection_alg = None;
                message.protection = None;
            }
            Fault::BadMac => {
                // The last byte alone: a signature is still one to look at.
                let mut bytes = message.protection.as_ref().map_or(Vec::new(), |bits| bits.raw_bytes().to_vec());
                bytes.last_mut().into_iter().for_each(|byte| *byte ^= 0xff);
                message.protection = BitString::from_bytes(&bytes).ok();
            }
            _ => {}
        }
    }
}

fn certificates(body: &mut Body) -> Option<&mut CertRepMessage> {
    match body {
        Body::Ip(answer) | Body::Cp(answer) | Body::Kup(answer) => Some(answer),
        _ => None,
    }
}

/// Moves the certificates out of the answer to the end of extraCerts.
fn into_extra(message: &mut PkiMessage) {
    let Some(answer) = certificates(&mut message.body) else { return };
    for response in &mut answer.response {
        if let Some(CertOrEncCert::Certificate(certificate)) =
            response.certified_key_pair.take().map(|pair| pair.cert_or_enc_cert)
        {
            message.extra_certs.get_or_insert_default().push(certificate);
        }
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
