//! From a message to its answer (RFC 9810, RFC 9483): whose codes, what is wanted, what the invitation says to it.
//!
//! Deliberately absent: kur, rr, genm, nested; several requests in one message; keys made by the CA.

use std::path::Path;

use cmp_protocol::{
    Check, Error as Cmp,
    message::{Body, FailInfo, PkiMessage},
    protection::{MacProtection, SharedSecret},
    server::{self, Incoming, Wish},
};
use der::{
    Decode, Encode,
    asn1::{GeneralizedTime, OctetString},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    Fault,
    authority::Authority,
    error::Result,
    ledger::{Books, Given, Invited, Ledger},
    rng,
};

mod decisions;
#[cfg(test)]
mod tests;

/// Wrong tries after which a reference number is locked.
const TRIES: u32 = 5;
/// How far the clock of a client may be off, in seconds.
const CLOCK_TOLERANCE: u64 = 300;
/// An answer is repeated byte by byte for so long, in seconds; after that with a new time, or the client would find it
/// stale.
const REPEATED_AS_IT_WAS: u64 = 120;
/// One text for an unknown reference number and for a wrong code, so that nobody learns which reference numbers exist.
const WRONG_CODES: &str = "unknown reference number or wrong authorization code";

/// The CA behind its HTTP face.
pub(crate) struct Ca {
    pub(crate) authority: Authority,
    pub(crate) ledger: Ledger,
    implicit_confirm: bool,
}

/// What goes back, and a line for the log.
pub(crate) struct Handled {
    pub(crate) reply: Reply,
    pub(crate) log: String,
}

/// What goes back.
pub(crate) enum Reply {
    /// A CMP message.
    Message(Vec<u8>),
    /// What came in is not one.
    NotCmp(String),
    /// Nothing: the connection is closed (a fault to order).
    Nothing,
}

/// An answer before it is encoded.
struct Outcome {
    body: Body,
    /// For the log.
    word: String,
    /// Send the CA's certificates along.
    chain: bool,
    implicit_confirm: bool,
    fault: Option<Fault>,
    /// Answer the same message the same way for ever.
    keep: bool,
}

impl Outcome {
    fn new(body: Body, word: impl Into<String>) -> Outcome {
        Outcome { body, word: word.into(), chain: false, implicit_confirm: false, fault: None, keep: true }
    }

    fn error(reason: FailInfo, text: &str) -> Result<Outcome> {
        Ok(Outcome::new(server::error(&[reason], text)?, format!("error {}: {text}", reason.name())))
    }
}

/// One message whose MAC has been verified.
struct Message<'a> {
    incoming: &'a Incoming<'a>,
    bytes: &'a [u8],
    transaction: &'a [u8],
    hash: &'a [u8],
    now: u64,
}

impl Ca {
    pub(crate) fn open(dir: &Path, implicit_confirm: bool, now: u64) -> Result<Ca> {
        Ok(Ca { authority: Authority::open(dir, now)?, ledger: Ledger::open(dir)?, implicit_confirm })
    }

    /// Handles one message.
    pub(crate) fn handle(&self, bytes: &[u8], now: u64) -> Result<Handled> {
        let incoming = match Incoming::parse(bytes) {
            Ok(incoming) => incoming,
            Err(error) => {
                return Ok(Handled { reply: Reply::NotCmp(error.to_string()), log: format!("- - not CMP: {error}") });
            }
        };
        if !(2..=3).contains(&incoming.message.header.pvno) {
            return self.unprotected(&incoming, FailInfo::UnsupportedVersion, "versions 2 and 3 are spoken here", now);
        }
        let Some(transaction) = incoming.transaction_id().filter(|id| (1..=64).contains(&id.len())) else {
            return self.unprotected(
                &incoming,
                FailInfo::BadRequest,
                "a transactionID of 1 to 64 bytes is needed",
                now,
            );
        };
        let hash = Sha256::digest(bytes);
        let reference = incoming.reference().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let invited = self.ledger.read(|books| books.invitation(reference))?;
        // Verified for an unknown reference number too: the answer shall take as long.
        let code = invited.as_ref().map_or_else(|| Zeroizing::new("-".to_owned()), |invited| invited.code.clone());
        let secret = SharedSecret::new(reference.as_bytes(), Zeroizing::new(code.as_bytes().to_vec()));
        let mac = match incoming.verify(&secret) {
            Ok(mac) if invited.is_some() => mac,
            Ok(_) | Err(Cmp::Check { check: Check::Protection, .. }) => {
                self.ledger.write(|books| books.count_wrong_try(reference))?;
                return self.unprotected(&incoming, FailInfo::BadMessageCheck, WRONG_CODES, now);
            }
            Err(Cmp::Check { check: Check::ProtectionAlgorithm, .. }) => {
                return self.unprotected(&incoming, FailInfo::BadAlg, "this protection is not known here", now);
            }
            Err(_) => {
                let text = "messages must be protected with the two codes";
                return self.unprotected(&incoming, FailInfo::WrongIntegrity, text, now);
            }
        };
        let message = Message { incoming: &incoming, bytes, transaction, hash: &hash, now };
        self.ledger.write(|books| self.authentic(books, &message, reference, &secret, &mac))
    }

    /// A message that was made with the right codes: answered within one SQLite transaction.
    fn authentic(
        &self,
        books: &Books<'_>,
        message: &Message<'_>,
        reference: &str,
        secret: &SharedSecret,
        mac: &MacProtection,
    ) -> Result<Handled> {
        let log = |word: &str| format!("{reference} {} {word}", message.incoming.message.body.name());
        // Read again: what was read before the MAC was verified may have changed meanwhile.
        let Some(invited) = books.invitation(reference)? else {
            return self.unprotected(message.incoming, FailInfo::BadMessageCheck, WRONG_CODES, message.now);
        };
        if let Some(given) = books.reply(message.transaction, message.hash)?
            && given.reference == reference
        {
            let answer = again(&invited, given, message.now, secret)?;
            return Ok(Handled { reply: Reply::Message(answer), log: log("repeated: the answer given before") });
        }
        let mut outcome = self.outcome(books, &invited, message)?;
        if let Some(fault) = outcome.fault {
            outcome.word += &format!(", with the fault {}", fault.name());
        }
        let log = log(&outcome.word);
        let (keep, fault) = (outcome.keep, outcome.fault);
        let (answer, nonce) = self.encode(message, outcome, secret, mac)?;
        if keep {
            let given = Given { answer: answer.clone(), at: message.now, reference: reference.to_owned() };
            books.keep_reply(message.transaction, message.hash, &nonce, &given)?;
        }
        let reply = match fault {
            Some(Fault::DropAnswer | Fault::DropConfirm) => Reply::Nothing,
            _ => Reply::Message(answer),
        };
        Ok(Handled { reply, log })
    }

    /// The checks that hold for every body (RFC 9483 §3.5), then what the body asks for.
    fn outcome(&self, books: &Books<'_>, invited: &Invited, message: &Message<'_>) -> Result<Outcome> {
        let header = &message.incoming.message.header;
        if let Some(time) = &header.message_time {
            let off = time.to_unix_duration().as_secs().abs_diff(message.now);
            if off > CLOCK_TOLERANCE {
                let text = format!("the message was made {off} s from now; check the clock");
                return Ok(Outcome { keep: false, ..Outcome::error(FailInfo::BadTime, &text)? });
            }
        }
        if header.sender_nonce.as_ref().is_none_or(|nonce| nonce.as_bytes().len() < 16) {
            return Outcome::error(FailInfo::BadSenderNonce, "a senderNonce of 16 bytes is needed");
        }
        if matches!(message.incoming.message.body, Body::Ir(_) | Body::Cr(_) | Body::P10cr(_)) {
            return self.request(books, invited, message);
        }
        // Any nonce of this transaction will do: a client that resumes after a crash may have missed the last one.
        if let Some(nonce) = &header.recip_nonce
            && books.transaction(message.transaction)?.is_some()
            && !books.sent_nonce(message.transaction, nonce.as_bytes())?
        {
            return Outcome::error(FailInfo::BadRecipientNonce, "the recipNonce is none of ours");
        }
        match message.incoming.wish() {
            Ok(Wish::Confirm { hash, accepted, .. }) => self.confirm(books, invited, message, &hash, accepted),
            Ok(Wish::Poll { cert_req_id }) => self.poll(books, invited, message, cert_req_id),
            Ok(Wish::GiveUp { .. }) => self.give_up(books, invited, message),
            Ok(Wish::Certificate(_) | Wish::Revoke { .. } | Wish::Information(_)) => {
                Outcome::error(FailInfo::BadRequest, "not expected here")
            }
            Err(error) => Outcome::error(FailInfo::BadRequest, &error.to_string()),
        }
    }

    /// The bytes of an answer, and the nonce in them.
    fn encode(
        &self,
        message: &Message<'_>,
        outcome: Outcome,
        secret: &SharedSecret,
        mac: &MacProtection,
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut answer = message.incoming.answer(outcome.body, &self.authority.name);
        if outcome.chain {
            answer.extra_certs = vec![self.authority.intermediate.clone(), self.authority.root.clone()];
        }
        answer.implicit_confirm = outcome.implicit_confirm;
        let mut bytes = answer.encode(Some((secret, mac)), message.now, &mut rng())?;
        let mut parsed = PkiMessage::parse(&bytes)?;
        let nonce = parsed.header.sender_nonce.as_ref().map(OctetString::as_bytes).unwrap_or_default().to_vec();
        if let Some(fault) = outcome.fault {
            fault.spoil(&mut parsed, secret, mac)?;
            bytes = parsed.to_der().map_err(crate::Error::certificate)?;
        }
        Ok((bytes, nonce))
    }

    /// An error that no secret protects, because whose it would be is not known.
    fn unprotected(&self, incoming: &Incoming<'_>, reason: FailInfo, text: &str, now: u64) -> Result<Handled> {
        let answer = incoming.answer(server::error(&[reason], text)?, &self.authority.name);
        let bytes = answer.encode(None, now, &mut rng())?;
        let reference = incoming.reference().map_or_else(|| "-".to_owned(), printable);
        let log = format!("{reference} {} error {}: {text}", incoming.message.body.name(), reason.name());
        Ok(Handled { reply: Reply::Message(bytes), log })
    }
}

/// The answer given before, after a while with a new time.
fn again(invited: &Invited, given: Given, now: u64, secret: &SharedSecret) -> Result<Vec<u8>> {
    if now.saturating_sub(given.at) <= REPEATED_AS_IT_WAS || invited.fault.is_some() {
        return Ok(given.answer);
    }
    let mut message = PkiMessage::from_der(&given.answer).map_err(crate::Error::certificate)?;
    let Some(algorithm) = &message.header.protection_alg else { return Ok(given.answer) };
    let mac = MacProtection::from_algorithm(algorithm)?.renewed(&mut rng())?;
    message.header.message_time = GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(now)).ok();
    mac.protect(&mut message, secret)?;
    message.to_der().map_err(crate::Error::certificate)
}

/// What strangers write into a reference number, fit for a log.
fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).escape_debug().to_string()
}
