//! From a message to its answer (RFC 9810, RFC 9483): who speaks, what is wanted, what the invitation says to it.
//!
//! Deliberately absent: nested messages; several requests in one message; keys made by the CA for
//! whoever signs (for the codes they are made).

use std::path::Path;

use cmp_protocol::{
    Check, Error as Cmp,
    message::{Body, FailInfo},
    protection::SharedSecret,
    server::{self, Incoming, Wish},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    Fault, Options,
    authority::Authority,
    error::Result,
    ledger::{Books, Given, Ledger},
};

mod answering;
mod decisions;
#[cfg(test)]
mod holder_tests;
mod information;
mod made_key;
mod party;
mod revocation;
#[cfg(test)]
mod tests;

use party::{Party, Voice};

/// Wrong tries after which a reference number is locked.
const TRIES: u32 = 5;
/// How far the clock of a client may be off, in seconds.
const CLOCK_TOLERANCE: u64 = 300;
/// An answer is repeated byte by byte for so long, in seconds; after that with a new time, or the client would find it
/// stale.
const REPEATED_AS_IT_WAS: u64 = 120;
/// One text for an unknown reference number and for a wrong code, so that nobody learns which reference numbers exist.
const WRONG_CODES: &str = "unknown reference number or wrong authorization code";
const LOCKED: &str = "these codes are locked after too many wrong tries";

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

/// One message.
struct Message<'a> {
    incoming: &'a Incoming<'a>,
    bytes: &'a [u8],
    transaction: &'a [u8],
    hash: &'a [u8],
    now: u64,
}

impl Ca {
    pub(crate) fn open(dir: &Path, options: &Options, now: u64) -> Result<Ca> {
        Ok(Ca {
            authority: Authority::open(dir, options.crl_url.clone(), now)?,
            ledger: Ledger::open(dir)?,
            implicit_confirm: options.implicit_confirm,
        })
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
        let message = Message { incoming: &incoming, bytes, transaction, hash: &hash, now };
        if incoming.is_signed() { self.signed(&message) } else { self.by_codes(&message) }
    }

    fn by_codes(&self, message: &Message<'_>) -> Result<Handled> {
        let (incoming, now) = (message.incoming, message.now);
        let reference = incoming.reference().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let invited = self.ledger.read(|books| books.invitation(reference))?;
        let algorithm = incoming.message.header.protection_alg.as_ref().map(|algorithm| algorithm.oid);
        let fault = invited.as_ref().and_then(|invited| invited.fault);
        if fault.zip(algorithm).is_some_and(|(fault, algorithm)| fault.refuses_protection(algorithm)) {
            return self.unprotected(incoming, FailInfo::BadAlg, "this protection is not known here", now);
        }
        // Verified for an unknown reference number too: the answer shall take as long.
        let code = invited.as_ref().map_or_else(|| Zeroizing::new("-".to_owned()), |invited| invited.code.clone());
        let secret = SharedSecret::new(reference.as_bytes(), Zeroizing::new(code.as_bytes().to_vec()));
        match incoming.verify(&secret) {
            Ok(mac) if invited.is_some() => self.ledger.write(|books| {
                // Read again: what was read before the MAC was verified may have changed meanwhile.
                let Some(invited) = books.invitation(reference)? else { return self.wrong_try(books, message) };
                let voice = Voice::Codes { secret: &secret, mac: &mac };
                self.authentic(books, message, &Party::new(books, invited, voice, message)?)
            }),
            Ok(_) | Err(Cmp::Check { check: Check::Protection, .. }) => {
                self.ledger.write(|books| self.wrong_try(books, message))
            }
            Err(Cmp::Check { check: Check::ProtectionAlgorithm, .. }) => {
                self.unprotected(incoming, FailInfo::BadAlg, "this protection is not known here", now)
            }
            Err(_) => {
                let text = "messages must be protected with the two codes or signed";
                self.unprotected(incoming, FailInfo::WrongIntegrity, text, now)
            }
        }
    }

    /// Says how many tries are left, in words and as `errorCode`. What is said of reference numbers that do not exist
    /// counts down just so.
    fn wrong_try(&self, books: &Books<'_>, message: &Message<'_>) -> Result<Handled> {
        let reference = message.incoming.reference().map(party::printable).unwrap_or_default();
        let left = TRIES.saturating_sub(books.count_wrong_try(&reference)?);
        let words = match left {
            0 => "no tries left: locked".to_owned(),
            1 => "1 try left".to_owned(),
            many => format!("{many} tries left"),
        };
        let text = format!("{WRONG_CODES}; {words}");
        let body = server::error_with_code(&[FailInfo::BadMessageCheck], &text, left.into())?;
        self.unprotected_body(message.incoming, body, &format!("badMessageCheck: {text}"), message.now)
    }

    /// A message of a known party: answered within one SQLite transaction.
    fn authentic(&self, books: &Books<'_>, message: &Message<'_>, party: &Party<'_>) -> Result<Handled> {
        let reference = party.reference();
        let log = |word: &str| format!("{reference} {} {word}", message.incoming.message.body.name());
        if let Some(given) = books.reply(message.transaction, message.hash)?
            && given.reference == reference
        {
            let answer = self.again(party, given, message.now)?;
            return Ok(Handled { reply: Reply::Message(answer), log: log("repeated: the answer given before") });
        }
        let mut outcome = self.outcome(books, party, message)?;
        outcome.fault = outcome.fault.or(party.terms.fault.filter(|fault| fault.everywhere()));
        if let Some(fault) = outcome.fault {
            outcome.word += &format!(", with the fault {}", fault.name());
        }
        let log = log(&outcome.word);
        let (keep, fault) = (outcome.keep, outcome.fault);
        let (answer, nonce) = self.encode(message, outcome, party)?;
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
    fn outcome(&self, books: &Books<'_>, party: &Party<'_>, message: &Message<'_>) -> Result<Outcome> {
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
        let body = &message.incoming.message.body;
        // Whoever was revoked may still hear that.
        if party.is_revoked() && !matches!(body, Body::Rr(_) | Body::PollReq(_) | Body::Error(_)) {
            return Outcome::error(FailInfo::CertRevoked, "the certificate that signs has been revoked");
        }
        match body {
            Body::Ir(_) | Body::Cr(_) | Body::P10cr(_) | Body::Kur(_) => return self.request(books, party, message),
            Body::Rr(_) => return self.revocation(books, party, message),
            Body::Genm(_) => return self.question(books, party, message),
            _ => {}
        }
        // Any nonce of this transaction will do: a client that resumes after a crash may have missed the last one.
        if let Some(nonce) = &header.recip_nonce
            && books.transaction(message.transaction)?.is_some()
            && !books.sent_nonce(message.transaction, nonce.as_bytes())?
        {
            return Outcome::error(FailInfo::BadRecipientNonce, "the recipNonce is none of ours");
        }
        match message.incoming.wish() {
            Ok(Wish::Confirm { hash, accepted, .. }) => self.confirm(books, party, message, &hash, accepted),
            Ok(Wish::Poll { cert_req_id }) => self.poll(books, party, message, cert_req_id),
            Ok(Wish::GiveUp { .. }) => self.give_up(books, party, message),
            Ok(_) => Outcome::error(FailInfo::BadRequest, "not expected here"),
            Err(error) => Outcome::error(FailInfo::BadRequest, &error.to_string()),
        }
    }
}
