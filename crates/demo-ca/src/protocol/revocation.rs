//! Revocation (RFC 9483 §4.2): by the certificate itself, or by the codes of the invitation that it was issued for.

use cmp_protocol::{
    Error as Cmp,
    message::{FailInfo, PkiStatusInfo},
    request::CertificateId,
    server::{self, Incoming, Wish},
};
use x509_cert::ext::pkix::CrlReason;

use super::{
    Ca, LOCKED, Message, Outcome,
    decisions::{PATIENCE, REFUSED},
    party::{Party, Voice},
};
use crate::{
    authority,
    error::Result,
    ledger::{Books, Certified, Listed, REVOKED},
};

/// How long a CRL stays the current one where nothing is revoked, in seconds.
const CRL_EVERY: u64 = 86_400;
/// Clocks of those who check may be a little behind ours.
const BACKDATED: u64 = 300;

impl Ca {
    /// rr: opens a transaction.
    pub(super) fn revocation(&self, books: &Books<'_>, party: &Party<'_>, message: &Message<'_>) -> Result<Outcome> {
        if party.is_locked() {
            return Outcome::error(FailInfo::NotAuthorized, LOCKED);
        }
        if books.transaction(message.transaction)?.is_some() {
            return Outcome::error(FailInfo::TransactionIdInUse, "this transactionID has been used before");
        }
        match message.incoming.wish() {
            Ok(_) => {}
            Err(Cmp::Decoding(text)) => return Outcome::error(FailInfo::BadDataFormat, &text),
            Err(error) => return Outcome::error(FailInfo::BadRequest, &error.to_string()),
        }
        party.open(books, message)?;
        if party.terms.delay > 0 {
            return Ok(Outcome::new(server::wait_for_all(PATIENCE), format!("waiting, {} s", party.terms.delay)));
        }
        self.revoke(books, party, message, message.incoming, "")
    }

    /// Revokes what `first`, the rr of this transaction, asks for.
    pub(super) fn revoke(
        &self,
        books: &Books<'_>,
        party: &Party<'_>,
        message: &Message<'_>,
        first: &Incoming<'_>,
        state: &str,
    ) -> Result<Outcome> {
        let Wish::Revoke { certificate: id, reason } = first.wish()? else {
            return Outcome::error(FailInfo::SystemFailure, "the request is not in the books");
        };
        // A lost answer, asked for with a new message.
        if state != REVOKED {
            let found = books.certificate_with(&id.serial)?;
            let found = found.filter(|_| authority::same_name(&id.issuer, &self.authority.name));
            let certified = match may_revoke(party, found, reason) {
                Ok(certified) => certified,
                Err((why, text)) => {
                    books.set_state(message.transaction, REFUSED)?;
                    return rejection(&id, why, text);
                }
            };
            books.revoke(&certified.serial, reason as u8, message.now)?;
            books.set_state(message.transaction, REVOKED)?;
        }
        let word = format!("revoked {}: {reason:?}", authority::hex(&id.serial));
        let body = server::revoked(PkiStatusInfo::accepted(), &id)?;
        Ok(Outcome { fault: party.terms.fault, ..Outcome::new(body, word) })
    }

    /// The CRL: the last one, or a new one where something was revoked since or a day has gone.
    pub(crate) fn current_crl(&self, now: u64) -> Result<Listed> {
        self.ledger.write(|books| self.crl(books, now))
    }

    pub(super) fn crl(&self, books: &Books<'_>, now: u64) -> Result<Listed> {
        let revoked = books.revoked()?;
        let entries = revoked.len() as u64;
        let (number, after) = match books.last_crl()? {
            Some(last) if last.entries == entries && now < last.at + CRL_EVERY => return Ok(last),
            Some(last) => (last.number + 1, last.at + 1),
            None => (1, 0),
        };
        // Later than the last, even within a second: by this clients tell which is newer.
        let at = now.saturating_sub(BACKDATED).max(after);
        let listed = Listed { number, at, entries, der: self.authority.crl(&revoked, number, at)? };
        books.keep_crl(&listed)?;
        Ok(listed)
    }
}

fn may_revoke(
    party: &Party<'_>,
    found: Option<Certified>,
    reason: CrlReason,
) -> std::result::Result<Certified, (FailInfo, &'static str)> {
    let Some(certified) = found else {
        return Err((FailInfo::BadCertId, "this CA has not issued such a certificate"));
    };
    let own = match &party.voice {
        Voice::Codes { .. } => certified.reference == party.reference(),
        Voice::Certificate(signer) => certified.serial == signer.serial,
    };
    if !own {
        return Err((FailInfo::NotAuthorized, "only the holder may revoke a certificate"));
    }
    if certified.state == REVOKED {
        return Err((FailInfo::CertRevoked, "the certificate was revoked before"));
    }
    if reason == CrlReason::RemoveFromCRL {
        return Err((FailInfo::BadRequest, "revocations are not taken back here"));
    }
    match party.terms.refuse {
        Some(why) => Err((why, "refused, as the invitation to the demo CA says")),
        None => Ok(certified),
    }
}

fn rejection(id: &CertificateId, reason: FailInfo, text: &str) -> Result<Outcome> {
    let body = server::revoked(PkiStatusInfo::rejection(&[reason], text)?, id)?;
    Ok(Outcome::new(body, format!("refused, {}: {text}", reason.name())))
}
