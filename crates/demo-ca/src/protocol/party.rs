//! Who speaks: somebody with the two codes of an invitation, or with a certificate that was issued for one.

use cmp_protocol::{
    Check, Error as Cmp,
    message::{Body, FailInfo},
    protection::{MacProtection, SharedSecret},
    server::Incoming,
};
use der::Decode;
use x509_cert::Certificate;

use super::{
    Ca, Handled, Message, TRIES,
    decisions::{REJECTED, WAITING},
};
use crate::{
    Fault, Terms, authority,
    error::{Error, Result},
    ledger::{Books, Certified, Errand, Invited, Opened, REVOKED},
};

/// Who speaks; the protection of the message has been verified.
pub(super) struct Party<'a> {
    /// The invitation that it all began with.
    pub(super) invited: Invited,
    /// What shall happen to this request.
    pub(super) terms: Terms,
    pub(super) voice: Voice<'a>,
}

/// How it proves who it is.
pub(super) enum Voice<'a> {
    /// With the two codes.
    Codes { secret: &'a SharedSecret, mac: &'a MacProtection },
    /// With the key of this certificate.
    Certificate(Box<Certified>),
}

impl<'a> Party<'a> {
    pub(super) fn new(
        books: &Books<'_>,
        invited: Invited,
        voice: Voice<'a>,
        message: &Message<'_>,
    ) -> Result<Party<'a>> {
        let errand = errand(books, matches!(voice, Voice::Certificate(_)), message)?;
        let terms = match errand {
            Some(errand) => books.terms(&invited.reference, errand)?,
            None => Terms {
                delay: invited.delay,
                refuse: invited.refuse.as_deref().and_then(FailInfo::from_name),
                alter_subject: invited.alter_subject.clone(),
                valid_days: Some(invited.valid_days),
                fault: invited.fault,
            },
        };
        Ok(Party { invited, terms, voice })
    }

    pub(super) fn reference(&self) -> &str {
        &self.invited.reference
    }

    /// Serial number (hex) of the certificate that signs.
    pub(super) fn signer(&self) -> Option<&str> {
        match &self.voice {
            Voice::Codes { .. } => None,
            Voice::Certificate(certified) => Some(&certified.serial),
        }
    }

    pub(super) fn is_revoked(&self) -> bool {
        matches!(&self.voice, Voice::Certificate(certified) if certified.state == REVOKED)
    }

    pub(super) fn is_locked(&self) -> bool {
        matches!(self.voice, Voice::Codes { .. }) && self.invited.wrong_tries >= TRIES
    }

    /// Have the codes brought all the certificates they were for?
    pub(super) fn has_used_up(&self) -> bool {
        let invited = &self.invited;
        matches!(self.voice, Voice::Codes { .. }) && invited.uses > 0 && invited.used >= invited.uses
    }

    /// Are the answers signed? Those to signatures are, and those to a MAC where that was ordered.
    pub(super) fn hears_signatures(&self) -> bool {
        let ordered = [Fault::SignAnswer, Fault::ForeignSigner, Fault::SignerWithoutEku];
        matches!(self.voice, Voice::Certificate(_)) || self.terms.fault.is_some_and(|fault| ordered.contains(&fault))
    }

    /// Opens the transaction of this message.
    pub(super) fn open(&self, books: &Books<'_>, message: &Message<'_>) -> Result<()> {
        let opened = Opened {
            reference: self.invited.reference.clone(),
            state: WAITING.to_owned(),
            request: message.bytes.to_vec(),
            ready_at: message.now.saturating_add(self.terms.delay).min(i64::MAX as u64),
            signer: self.signer().map(str::to_owned),
        };
        books.open_transaction(message.transaction, &opened, message.now)
    }
}

impl Ca {
    /// A signed message: by a certificate that was issued here, is not rejected and not expired.
    pub(super) fn signed(&self, message: &Message<'_>) -> Result<Handled> {
        let signer = match message.incoming.verify_signature() {
            Ok(signer) => signer,
            Err(error) => {
                let (reason, text) = not_verified(&error);
                return self.to_stranger(message, reason, text);
            }
        };
        let parsed = Certificate::from_der(&signer.certificate).map_err(Error::certificate)?;
        let signer_serial = parsed.tbs_certificate().serial_number().as_bytes();
        self.ledger.write(|books| {
            let found = books.certificate_with(signer_serial)?;
            let Some(certified) = found.filter(|found| found.certificate == signer.certificate) else {
                return self.to_stranger(message, FailInfo::SignerNotTrusted, "this certificate is none of ours");
            };
            if certified.state == REJECTED {
                return self.to_stranger(message, FailInfo::SignerNotTrusted, "this certificate was rejected");
            }
            let end = parsed.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
            if message.now > end {
                return self.to_stranger(message, FailInfo::SignerNotTrusted, "this certificate has expired");
            }
            let Some(invited) = books.invitation(&certified.reference)? else {
                return self.to_stranger(message, FailInfo::SystemFailure, "the invitation is not in the books");
            };
            let voice = Voice::Certificate(Box::new(certified));
            self.authentic(books, message, &Party::new(books, invited, voice, message)?)
        })
    }
}

fn not_verified(error: &Cmp) -> (FailInfo, &'static str) {
    match error {
        Cmp::Check { check: Check::Protection, .. } => {
            (FailInfo::BadMessageCheck, "the signature does not verify, or its algorithm is not known here")
        }
        Cmp::Check { check: Check::Signer, .. } => {
            (FailInfo::AddInfoNotAvailable, "the certificate that signs must come first in extraCerts")
        }
        Cmp::Check { check: Check::Sender, .. } => {
            (FailInfo::BadMessageCheck, "sender and senderKID must name the certificate that signs")
        }
        _ => (FailInfo::WrongIntegrity, "the protection cannot be read"),
    }
}

/// What the message is about, if not about the first certificate. Later messages of a transaction are about what its
/// first one was.
fn errand(books: &Books<'_>, signed: bool, message: &Message<'_>) -> Result<Option<Errand>> {
    let of = |body: &Body| match body {
        Body::Rr(_) => Some(Errand::Revocation),
        Body::Genm(_) => Some(Errand::Question),
        _ => signed.then_some(Errand::Renewal),
    };
    match &message.incoming.message.body {
        body @ (Body::CertConf(_) | Body::PollReq(_) | Body::Error(_)) => {
            match books.transaction(message.transaction)? {
                Some(opened) => Ok(of(&Incoming::parse(&opened.request)?.message.body)),
                None => Ok(of(body)),
            }
        }
        body => Ok(of(body)),
    }
}

/// What strangers write into a reference number, fit for a log.
pub(super) fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).escape_debug().to_string()
}

/// For a log: the reference number, or the serial number of who claims to sign.
pub(super) fn claimed(incoming: &Incoming<'_>) -> String {
    if !incoming.is_signed() {
        return incoming.reference().map_or_else(|| "-".to_owned(), printable);
    }
    let first = incoming.message.extra_certificates().into_iter().next();
    let parsed = first.and_then(|der| Certificate::from_der(&der).ok());
    parsed.map_or_else(|| "-".to_owned(), |parsed| authority::hex(parsed.tbs_certificate().serial_number().as_bytes()))
}
