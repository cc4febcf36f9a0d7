//! The client's side of one transaction: messages out, answers in, every check on the way (RFC 9483 §3 and §4.1).
//!
//! [`Exchange`] is plain data and can be saved (DER) between any two messages; it holds no secret.

use der::{Any, Decode, Encode, Sequence, asn1::OctetString};
use x509_cert::{
    attr::AttributeTypeAndValue,
    ext::pkix::name::GeneralName,
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

use crate::{
    error::{Check, Error, Result, hex},
    message::{
        Body, CertOrEncCert, CertRepMessage, CertStatus, ErrorMsgContent, FailInfo, IMPLICIT_CONFIRM, InfoTypeAndValue,
        PkiHeader, PkiMessage, PkiStatusInfo, PollRep, PollReq, Status, directory_name, generalized_time, octets,
        raw_certificates,
    },
    protection::{self, MacProtection, Protection, SharedSecret},
};

/// Bytes of transactionID and nonces that this side makes (RFC 9483 §3.1).
const NONCE_BYTES: usize = 16;
/// `certReqId` of a PKCS#10 request, and of polling for a whole message (RFC 9483 §4.1.4, §4.4).
const NO_REQUEST_ID: i64 = -1;

/// One transaction. Save it after each message with `to_der`, read it again with `from_der`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct Exchange {
    pvno: u8,
    transaction_id: OctetString,
    reference: OctetString,
    recipient: Name,
    implicit_confirm: bool,
    cert_req_id: i64,
    sender_nonce: OctetString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    peer_nonce: Option<OctetString>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    peer_sender: Option<GeneralName>,
}

/// How a transaction starts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The reference number: goes into `sender` (as CN) and `senderKID` (RFC 9483 §3.1).
    pub reference: Vec<u8>,
    /// DN of the CA; empty: the NULL-DN.
    pub recipient: Name,
    /// Ask the CA to do without confirmation.
    pub implicit_confirm: bool,
}

/// Decides whether the signer of an answer (DER, and the other certificates sent along) may speak for the CA.
pub type SignerCheck<'a> = dyn Fn(&[u8], &[Vec<u8>]) -> std::result::Result<(), String> + 'a;

/// What an answer is judged by.
pub struct Judge<'a> {
    /// The two codes.
    pub secret: &'a SharedSecret,
    /// Judges an answer that is protected by a signature.
    pub signer: &'a SignerCheck<'a>,
    /// Now, seconds since 1970.
    pub now: u64,
    /// How far `messageTime` may be off, in seconds.
    pub tolerance: u64,
}

/// What the CA answered, after all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Ask again later: send [`Exchange::poll`].
    Wait {
        /// Seconds until then, where the CA says.
        check_after: Option<u64>,
        /// Text for people.
        text: Option<String>,
    },
    /// Here is a certificate.
    Issued(Box<Issued>),
    /// The confirmation has arrived.
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
    /// The CA says that it changed something.
    pub modified: bool,
    /// Text for people.
    pub text: Option<String>,
    /// We asked for implicit confirmation and the CA agreed: no confirmation is to be sent.
    pub implicitly_confirmed: bool,
}

/// A refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reasons: Vec<FailInfo>,
    /// Text for people.
    pub text: Option<String>,
    /// Came as an `error` body rather than as a status in an answer.
    pub in_error: bool,
    /// Protected by the shared secret: nobody but the CA can have said it.
    pub by_secret: bool,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons: Vec<_> = self.reasons.iter().map(|reason| reason.name()).collect();
        write!(f, "failInfo [{}]", reasons.join(", "))?;
        self.text.as_ref().map_or(Ok(()), |text| write!(f, ", text {text:?}"))
    }
}

impl Exchange {
    /// A new transaction with a random id.
    pub fn begin(settings: Settings, rng: &mut impl rand_core::CryptoRng) -> Result<Exchange> {
        Ok(Exchange {
            pvno: 2,
            transaction_id: nonce(rng)?,
            reference: octets(&settings.reference)?,
            recipient: settings.recipient,
            implicit_confirm: settings.implicit_confirm,
            cert_req_id: 0,
            sender_nonce: nonce(rng)?,
            peer_nonce: None,
            peer_sender: None,
        })
    }

    /// The transactionID.
    pub fn transaction_id(&self) -> &[u8] {
        self.transaction_id.as_bytes()
    }

    /// Makes the next message, protected by the shared secret. `now` in seconds since 1970.
    ///
    /// The bytes may be sent again unchanged after a lost answer; a new message needs a new call.
    pub fn write(
        &mut self,
        body: Body,
        secret: &SharedSecret,
        protection: &MacProtection,
        now: u64,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<Vec<u8>> {
        if matches!(body, Body::P10cr(_)) {
            self.cert_req_id = NO_REQUEST_ID;
        }
        if matches!(&body, Body::CertConf(statuses) if statuses.iter().any(|status| status.hash_alg.is_some())) {
            self.pvno = 3; // hashAlg came with RFC 9480.
        }
        self.sender_nonce = nonce(rng)?;
        let asks_implicit = self.implicit_confirm && matches!(body, Body::Ir(_) | Body::Cr(_) | Body::P10cr(_));
        let header = PkiHeader {
            pvno: self.pvno,
            sender: directory_name(reference_name(self.reference.as_bytes())?),
            recipient: directory_name(self.recipient.clone()),
            message_time: Some(generalized_time(now)?),
            protection_alg: None,
            sender_kid: Some(self.reference.clone()),
            recip_kid: None,
            transaction_id: Some(self.transaction_id.clone()),
            sender_nonce: Some(self.sender_nonce.clone()),
            recip_nonce: self.peer_nonce.clone(),
            free_text: None,
            general_info: asks_implicit
                .then(|| vec![InfoTypeAndValue { info_type: IMPLICIT_CONFIRM, info_value: Some(Any::null()) }]),
        };
        let mut message = PkiMessage { header, body, protection: None, extra_certs: None };
        protection.protect(&mut message, secret)?;
        message.to_der().map_err(Error::encoding)
    }

    /// Body that asks again for what was requested, after [`Reply::Wait`].
    pub fn poll(&self) -> Body {
        Body::PollReq(vec![PollReq { cert_req_id: self.cert_req_id }])
    }

    /// Body that takes the certificate (`refused` is `None`) or rejects it with a reason and text.
    pub fn confirm(&self, certificate: &[u8], refused: Option<(FailInfo, &str)>) -> Result<Body> {
        let (hash, hash_alg) = crate::signature::certificate_hash(certificate)?;
        let status_info = refused.map(|(reason, text)| PkiStatusInfo::rejection(&[reason], text)).transpose()?;
        // A PKCS#10 answer is numbered -1, its confirmation 0 or -1 depending on the CA's vintage: we give back its own.
        Ok(Body::CertConf(vec![CertStatus {
            cert_hash: octets(&hash)?,
            cert_req_id: self.cert_req_id,
            status_info,
            hash_alg,
        }]))
    }

    /// Body that gives the transaction up (RFC 9483 §3.6.4).
    pub fn give_up(text: &str) -> Result<Body> {
        let status = PkiStatusInfo::rejection(&[], text)?;
        Ok(Body::Error(ErrorMsgContent { status, error_code: None, error_details: None }))
    }

    /// Reads an answer. Nothing of it is believed before its protection has been verified.
    ///
    /// # Errors
    /// [`Error::Decoding`], [`Error::TooLarge`]; [`Error::Check`] naming the check that failed;
    /// [`Error::UnprotectedError`] and [`Error::UnverifiableError`] for refusals that anybody may have sent.
    pub fn read(&mut self, bytes: &[u8], judge: &Judge<'_>) -> Result<Reply> {
        let message = PkiMessage::parse(bytes)?;
        if !(2..=3).contains(&message.header.pvno) {
            return Err(Error::check(Check::Version, "2 or 3", message.header.pvno.to_string()));
        }
        let by_secret = self.check_protection(bytes, &message, judge)?;
        self.check_header(&message.header, judge)?;
        let reply = self.read_body(&message, by_secret)?;
        self.peer_nonce = message.header.sender_nonce.clone();
        self.peer_sender = Some(message.header.sender.clone());
        Ok(reply)
    }

    /// True: by the shared secret. False: by a signer the judge trusts.
    fn check_protection(&self, bytes: &[u8], message: &PkiMessage, judge: &Judge<'_>) -> Result<bool> {
        let refusal = match &message.body {
            Body::Error(error) => Some(Box::new(refusal_of_error(error))),
            _ => None,
        };
        match protection::verify(bytes, message, Some(judge.secret)) {
            Ok(Protection::Mac(_)) => Ok(true),
            Ok(Protection::Signature { signer, others }) => {
                (judge.signer)(&signer, &others)
                    .map_err(|why| Error::check(Check::Signer, "a signer that leads to a trusted root", why))?;
                Ok(false)
            }
            Ok(Protection::None) => Err(match refusal {
                Some(refusal) => Error::UnprotectedError(refusal),
                None => Error::check(Check::Protected, "a MAC or a signature", "no protection"),
            }),
            Err(Error::Check { check: Check::Protection, .. }) if refusal.is_some() => {
                Err(Error::UnverifiableError(refusal.unwrap_or_default()))
            }
            Err(error) => Err(error),
        }
    }

    fn check_header(&self, header: &PkiHeader, judge: &Judge<'_>) -> Result<()> {
        same(Check::TransactionId, Some(&self.transaction_id), header.transaction_id.as_ref())?;
        same(Check::RecipientNonce, Some(&self.sender_nonce), header.recip_nonce.as_ref())?;
        match &header.sender_nonce {
            Some(nonce) if nonce.as_bytes().len() >= NONCE_BYTES => {}
            found => {
                let found =
                    found.as_ref().map_or("none".to_owned(), |nonce| format!("{} bytes", nonce.as_bytes().len()));
                return Err(Error::check(Check::SenderNonce, "16 bytes or more", found));
            }
        }
        if let Some(time) = &header.message_time {
            let off = time.to_unix_duration().as_secs().abs_diff(judge.now);
            if off > judge.tolerance {
                let expected = format!("within {} s of now", judge.tolerance);
                return Err(Error::check(Check::MessageTime, expected, format!("{off} s off")));
            }
        }
        match &self.peer_sender {
            Some(known) if *known != header.sender => {
                Err(Error::check(Check::Sender, "the sender of the first answer", "another sender"))
            }
            _ => Ok(()),
        }
    }

    fn read_body(&mut self, message: &PkiMessage, by_secret: bool) -> Result<Reply> {
        match &message.body {
            Body::Ip(answer) | Body::Cp(answer) | Body::Kup(answer) => {
                self.read_certificate(message, answer, by_secret)
            }
            Body::PollRep(answers) => self.read_poll(answers),
            Body::PkiConf => Ok(Reply::Confirmed),
            // OpenSSL from 3.3 on delays also certConf this way (RFC 9810 §5.3.22).
            Body::Error(error) if error.status.status() == Status::Waiting => {
                self.cert_req_id = NO_REQUEST_ID;
                Ok(Reply::Wait { check_after: None, text: error.status.text() })
            }
            Body::Error(error) => Ok(Reply::Refused(Refusal { by_secret, ..refusal_of_error(error) })),
            other => Err(Error::check(Check::BodyType, "ip, cp, pollRep, pkiconf or error", other.name())),
        }
    }

    fn read_poll(&self, answers: &[PollRep]) -> Result<Reply> {
        let [answer] = answers else {
            return Err(Error::check(Check::Content, "one entry in pollRep", answers.len().to_string()));
        };
        let check_after = u64::try_from(answer.check_after)
            .map_err(|_| Error::check(Check::Content, "checkAfter of 0 or more", answer.check_after.to_string()))?;
        Ok(Reply::Wait { check_after: Some(check_after), text: answer.reason.as_ref().map(|text| text.join(" ")) })
    }

    fn read_certificate(&mut self, message: &PkiMessage, answer: &CertRepMessage, by_secret: bool) -> Result<Reply> {
        let [response] = answer.response.as_slice() else {
            return Err(Error::check(Check::Content, "one response", answer.response.len().to_string()));
        };
        // RFC 9483 §4.1.4 numbers a PKCS#10 request -1; CAs older than it answer 0.
        if ![self.cert_req_id, 0, NO_REQUEST_ID].contains(&response.cert_req_id)
            || (self.cert_req_id == 0 && response.cert_req_id != 0)
        {
            let found = response.cert_req_id.to_string();
            return Err(Error::check(Check::CertReqId, self.cert_req_id.to_string(), found));
        }
        self.cert_req_id = response.cert_req_id;
        let text = response.status.text();
        let modified = match response.status.status() {
            Status::Accepted => false,
            Status::GrantedWithMods => true,
            Status::Waiting => return Ok(Reply::Wait { check_after: None, text }),
            Status::Rejection => {
                return Ok(Reply::Refused(Refusal {
                    reasons: response.status.reasons(),
                    text,
                    in_error: false,
                    by_secret,
                }));
            }
            Status::Other(number) => {
                return Err(Error::check(Check::Content, "a status of 0 to 3", number.to_string()));
            }
        };
        let Some(pair) = &response.certified_key_pair else {
            return Err(Error::check(Check::Content, "a certificate", "a status without one"));
        };
        let CertOrEncCert::Certificate(certificate) = &pair.cert_or_enc_cert else {
            return Err(Error::check(Check::Content, "a plain certificate", "an encrypted one"));
        };
        Ok(Reply::Issued(Box::new(Issued {
            certificate: certificate.to_der().map_err(Error::encoding)?,
            extra: message.extra_certificates(),
            ca_pubs: if by_secret { raw_certificates(answer.ca_pubs.as_deref()) } else { Vec::new() },
            modified,
            text,
            implicitly_confirmed: self.implicit_confirm && message.header.has_info(IMPLICIT_CONFIRM),
        })))
    }
}

fn refusal_of_error(error: &ErrorMsgContent) -> Refusal {
    let details = error.error_details.as_ref().map(|details| details.join(" ")).filter(|text| !text.is_empty());
    let text = match (error.status.text(), details) {
        (Some(status), Some(details)) => Some(format!("{status}; {details}")),
        (status, details) => status.or(details),
    };
    Refusal { reasons: error.status.reasons(), text, in_error: true, by_secret: false }
}

fn same(check: Check, expected: Option<&OctetString>, found: Option<&OctetString>) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let show = |value: Option<&OctetString>| value.map_or("none".to_owned(), |value| hex(value.as_bytes()));
    Err(Error::check(check, show(expected), show(found)))
}

pub(crate) fn nonce(rng: &mut impl rand_core::CryptoRng) -> Result<OctetString> {
    let mut bytes = [0; NONCE_BYTES];
    rng.fill_bytes(&mut bytes);
    octets(&bytes)
}

/// `CN=reference`. The reference becomes a UTF8String as it is; it never goes through a DN parser, where a comma in it
/// would mean something.
pub(crate) fn reference_name(reference: &[u8]) -> Result<Name> {
    let text = String::from_utf8_lossy(reference);
    let value = Any::new(der::Tag::Utf8String, text.as_bytes()).map_err(Error::encoding)?;
    let attribute = AttributeTypeAndValue { oid: const_oid::db::rfc4519::CN, value };
    let rdn = RelativeDistinguishedName::try_from(vec![attribute]).map_err(Error::encoding)?;
    let sequence = RdnSequence::from(vec![rdn]).to_der().map_err(Error::encoding)?;
    Name::from_der(&sequence).map_err(Error::encoding)
}

#[cfg(test)]
mod tests;
