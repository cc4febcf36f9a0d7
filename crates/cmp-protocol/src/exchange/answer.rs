//! Reading an answer: protection first, then header, then body; nothing is believed before it has been checked
//! (RFC 9483 §3.5).

use der::{Decode, Encode, asn1::OctetString};
use x509_cert::Certificate;

use super::{Exchange, Issued, NO_REQUEST_ID, NONCE_BYTES, Refusal, Reply, Revoked};
use crate::{
    error::{Check, Error, Result, hex},
    message::{
        Body, CertOrEncCert, CertRepMessage, CertResponse, ErrorMsgContent, IMPLICIT_CONFIRM, PkiHeader, PkiMessage,
        PkiStatusInfo, PollRep, RevRepContent, Status, raw_certificates,
    },
    protection::{self, Protection, SharedSecret},
};

/// Decides whether the signer of an answer (DER, and the other certificates sent along) may speak for the CA.
pub type SignerCheck<'a> = dyn Fn(&[u8], &[Vec<u8>]) -> std::result::Result<(), String> + 'a;

/// What an answer is judged by.
pub struct Judge<'a> {
    /// The two codes; `None` where a certificate protects our messages.
    pub secret: Option<&'a SharedSecret>,
    /// Judges an answer that is protected by a signature.
    pub signer: &'a SignerCheck<'a>,
    /// Now, seconds since 1970.
    pub now: u64,
    /// How far `messageTime` may be off, in seconds.
    pub tolerance: u64,
    /// What is let pass.
    pub allow: Allowances,
}

/// Where a CA departs from the profile and whoever set it up here allows it. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances {
    /// Answers may lack `recipNonce` (a wrong one is still refused). What is lost: an answer to an earlier message of the
    /// same transaction could be played again.
    pub missing_recip_nonce: bool,
}

impl Exchange {
    /// Reads an answer. Nothing of it is believed before its protection has been verified.
    ///
    /// # Errors
    /// [`Error::Decoding`], [`Error::NotDer`], [`Error::TooLarge`]; [`Error::Check`] naming the check that failed;
    /// [`Error::UnprotectedError`] and [`Error::UnverifiableError`] for refusals that anybody may have sent.
    pub fn read(&mut self, bytes: &[u8], judge: &Judge<'_>) -> Result<Reply> {
        let message = PkiMessage::parse(bytes)?;
        if !(2..=3).contains(&message.header.pvno) {
            return Err(Error::check(Check::Version, "2 or 3", message.header.pvno.to_string()));
        }
        let by_secret = self.check_protection(bytes, &message, judge)?;
        self.check_header(&message.header, &message.body, judge)?;
        // An answer that is refused leaves no trace, wherever in it the fault is.
        let mut next = self.clone();
        let reply = next.read_body(&message, by_secret)?;
        next.peer_nonce = message.header.sender_nonce.clone();
        next.peer_sender = Some(message.header.sender.clone());
        *self = next;
        Ok(reply)
    }

    /// True: by the shared secret. False: by a signer the judge trusts.
    fn check_protection(&self, bytes: &[u8], message: &PkiMessage, judge: &Judge<'_>) -> Result<bool> {
        let refusal = match &message.body {
            Body::Error(error) => Some(Box::new(refusal_of_error(error))),
            _ => None,
        };
        match protection::verify(bytes, message, judge.secret) {
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

    /// What comes after polling is the answer to the poll and to the message before it: CAs give back the nonce of either,
    /// and OpenSSL takes either (RFC 9483 §4.4).
    fn answers_what_was_polled(&self, header: &PkiHeader, body: &Body) -> bool {
        let polled = self.said.as_ref().filter(|said| said.polling && !matches!(body, Body::PollRep(_)));
        polled.and_then(|said| said.nonce.as_ref()).is_some_and(|nonce| header.recip_nonce.as_ref() == Some(nonce))
    }

    fn check_header(&self, header: &PkiHeader, body: &Body, judge: &Judge<'_>) -> Result<()> {
        same(Check::TransactionId, Some(&self.transaction_id), header.transaction_id.as_ref())?;
        if !self.answers_what_was_polled(header, body)
            && (header.recip_nonce.is_some() || !judge.allow.missing_recip_nonce)
        {
            same(Check::RecipientNonce, Some(&self.sender_nonce), header.recip_nonce.as_ref())?;
        }
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

    /// Is it the body that ends what we asked for?
    fn check_body_type(&self, body: &Body) -> Result<()> {
        match &self.said {
            Some(said) if u32::from(said.awaited) != body.number() => {
                let expected = format!("body {} or error", said.awaited);
                Err(Error::check(Check::BodyType, expected, body.name()))
            }
            _ => Ok(()),
        }
    }

    fn read_body(&mut self, message: &PkiMessage, by_secret: bool) -> Result<Reply> {
        let certain = by_secret || self.signer.is_some();
        if !matches!(message.body, Body::PollRep(_) | Body::Error(_)) {
            self.check_body_type(&message.body)?;
        }
        match &message.body {
            Body::Ip(answer) | Body::Cp(answer) | Body::Kup(answer) => {
                self.read_certificate(message, answer, by_secret)
            }
            Body::Rp(answer) => self.read_revocation(answer, certain),
            Body::Genp(answer) => Ok(Reply::Information(answer.clone())),
            Body::PollRep(answers) => self.read_poll(answers),
            Body::PkiConf => Ok(Reply::Confirmed),
            // The whole message has to wait (RFC 9483 §4.4). OpenSSL from 3.3 on delays certConf, rr and genm this way.
            Body::Error(error) if error.status.status() == Status::Waiting => {
                self.wait_for_whole();
                Ok(Reply::Wait { check_after: None, text: error.status.text() })
            }
            Body::Error(error) => Ok(Reply::Refused(Refusal { certain, ..refusal_of_error(error) })),
            other => {
                Err(Error::check(Check::BodyType, "ip, cp, kup, rp, genp, pollRep, pkiconf or error", other.name()))
            }
        }
    }

    fn wait_for_whole(&mut self) {
        if let Some(said) = &mut self.said {
            said.whole = true;
        }
    }

    fn read_poll(&self, answers: &[PollRep]) -> Result<Reply> {
        if self.said.as_ref().is_some_and(|said| !said.polling) {
            return Err(Error::check(Check::BodyType, "an answer to what we said", "pollRep, and we did not poll"));
        }
        let [answer] = answers else {
            return Err(Error::check(Check::Content, "one entry in pollRep", answers.len().to_string()));
        };
        if ![self.cert_req_id, NO_REQUEST_ID].contains(&answer.cert_req_id) {
            return Err(Error::check(Check::CertReqId, self.cert_req_id.to_string(), answer.cert_req_id.to_string()));
        }
        let check_after = u64::try_from(answer.check_after)
            .map_err(|_| Error::check(Check::Content, "checkAfter of 0 or more", answer.check_after.to_string()))?;
        Ok(Reply::Wait { check_after: Some(check_after), text: answer.reason.as_ref().map(|text| text.join(" ")) })
    }

    /// Sorts a status into granted, waiting, refused. `Ok(modified)`: granted.
    fn judge_status(&mut self, status: &PkiStatusInfo, certain: bool) -> Result<std::result::Result<bool, Reply>> {
        let text = status.text();
        Ok(match status.status() {
            Status::Accepted => Ok(false),
            Status::GrantedWithMods => Ok(true),
            Status::Waiting => Err(Reply::Wait { check_after: None, text }),
            Status::Rejection => {
                let reasons = status.reasons();
                Err(Reply::Refused(Refusal { reasons, text, error_code: None, in_error: false, certain }))
            }
            Status::Other(number) => {
                return Err(Error::check(Check::Content, "a status of 0 to 3", number.to_string()));
            }
        })
    }

    fn read_certificate(&mut self, message: &PkiMessage, answer: &CertRepMessage, by_secret: bool) -> Result<Reply> {
        let response = self.our_response(&answer.response)?;
        self.cert_req_id = response.cert_req_id;
        let certain = by_secret || self.signer.is_some();
        let modified = match self.judge_status(&response.status, certain)? {
            Ok(modified) => modified,
            Err(reply) => return Ok(reply),
        };
        let (certificate, encrypted_key) = match &response.certified_key_pair {
            Some(pair) => {
                let CertOrEncCert::Certificate(certificate) = &pair.cert_or_enc_cert else {
                    return Err(Error::check(Check::Content, "a plain certificate", "an encrypted one"));
                };
                (certificate.to_der().map_err(Error::encoding)?, pair.private_key.as_ref())
            }
            None => (self.certificate_in_extra(message)?, None),
        };
        if encrypted_key.is_some() && self.said.as_ref().is_some_and(|said| said.key.is_some()) {
            return Err(Error::check(Check::Content, "no private key: ours is its own", "a private key"));
        }
        let granted = message.header.has_info(IMPLICIT_CONFIRM);
        Ok(Reply::Issued(Box::new(Issued {
            certificate,
            extra: message.extra_certificates(),
            ca_pubs: if by_secret { raw_certificates(answer.ca_pubs.as_deref()) } else { Vec::new() },
            encrypted_key: encrypted_key.map(|key| key.to_der().map_err(Error::encoding)).transpose()?,
            modified,
            text: response.status.text(),
            implicitly_confirmed: self.implicit_confirm && granted,
            implicit_unasked: !self.implicit_confirm && granted,
        })))
    }

    /// The one response with our number. Others may stand beside it: CAs that issue pairs send the certificate for
    /// encryption along. They are for keys that we have not asked about, and what we do not confirm is rejected.
    fn our_response<'a>(&self, responses: &'a [CertResponse]) -> Result<&'a CertResponse> {
        // RFC 9483 §4.1.4 numbers a PKCS#10 request -1; CAs older than it answer 0.
        let ours = |id: i64| id == self.cert_req_id || (self.cert_req_id == NO_REQUEST_ID && id == 0);
        let mut found = responses.iter().filter(|response| ours(response.cert_req_id));
        match (found.next(), found.next(), responses) {
            (Some(response), None, _) => Ok(response),
            (Some(_), Some(_), _) => {
                Err(Error::check(Check::Content, "one response to our request", responses.len().to_string()))
            }
            (None, _, [other, ..]) => {
                Err(Error::check(Check::CertReqId, self.cert_req_id.to_string(), other.cert_req_id.to_string()))
            }
            (None, _, []) => Err(Error::check(Check::Content, "one response", "none")),
        }
    }

    /// Some CAs put the certificate into `extraCerts` alone. There it is not protected, so only one for our own key will do;
    /// the chain is checked by the caller in any case.
    fn certificate_in_extra(&self, message: &PkiMessage) -> Result<Vec<u8>> {
        let missing = || Error::check(Check::Content, "a certificate", "a status without one");
        let wanted = self.said.as_ref().and_then(|said| said.key.as_ref()).ok_or_else(missing)?;
        let mut ours: Vec<_> = message.extra_certificates();
        ours.retain(|der| {
            Certificate::from_der(der).is_ok_and(|found| {
                let key = found.tbs_certificate().subject_public_key_info();
                key.subject_public_key == wanted.subject_public_key
            })
        });
        ours.dedup();
        match ours.as_slice() {
            [certificate] => Ok(certificate.clone()),
            [] => Err(missing()),
            more => Err(Error::check(Check::Content, "one certificate for our key", more.len().to_string())),
        }
    }

    fn read_revocation(&mut self, answer: &RevRepContent, certain: bool) -> Result<Reply> {
        let [status] = answer.status.as_slice() else {
            return Err(Error::check(Check::Content, "one status", answer.status.len().to_string()));
        };
        // 4: about to be revoked, 5: has been revoked (RFC 9810 §5.2.3): either says that the CA does it.
        if !matches!(status.status(), Status::Other(4 | 5))
            && let Err(reply) = self.judge_status(status, certain)?
        {
            if let Reply::Wait { .. } = reply {
                self.wait_for_whole();
            }
            return Ok(reply);
        }
        Ok(Reply::Revoked(Revoked { text: status.text(), crls: raw_certificates(answer.crls.as_deref()) }))
    }
}

fn refusal_of_error(error: &ErrorMsgContent) -> Refusal {
    let details = error.error_details.as_ref().map(|details| details.join(" ")).filter(|text| !text.is_empty());
    let text = match (error.status.text(), details) {
        (Some(status), Some(details)) => Some(format!("{status}; {details}")),
        (status, details) => status.or(details),
    };
    let error_code = error.error_code.as_ref().and_then(|code| code.decode_as().ok());
    Refusal { reasons: error.status.reasons(), text, error_code, in_error: true, certain: false }
}

fn same(check: Check, expected: Option<&OctetString>, found: Option<&OctetString>) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let show = |value: Option<&OctetString>| value.map_or("none".to_owned(), |value| hex(value.as_bytes()));
    Err(Error::check(check, show(expected), show(found)))
}
