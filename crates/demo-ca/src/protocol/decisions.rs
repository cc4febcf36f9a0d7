//! What the CA decides: new requests, polling, confirmation, giving up.

use cmp_protocol::{
    Error as Cmp,
    message::{Body, FailInfo, PkiStatusInfo},
    server::{self, AnswerKind, Incoming, WantedCertificate, WantedKey, Wish},
};
use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::request::CertReq;

use super::{Ca, Message, Outcome, TRIES};
use crate::{
    Fault,
    authority::{self, Authority, Order},
    error::Result,
    ledger::{Books, Certified, Invited, Opened},
};

const WAITING: &str = "waiting";
const REFUSED: &str = "refused";
const ISSUED: &str = "issued";
const CONFIRMED: &str = "confirmed";
const REJECTED: &str = "rejected by the client";
const GIVEN_UP: &str = "given up";

const PATIENCE: &str = "waiting for approval";

impl Ca {
    /// ir, cr, p10cr: opens a transaction.
    pub(super) fn request(&self, books: &Books<'_>, invited: &Invited, message: &Message<'_>) -> Result<Outcome> {
        if invited.wrong_tries >= TRIES {
            return Outcome::error(FailInfo::NotAuthorized, "these codes are locked after too many wrong tries");
        }
        if books.transaction(message.transaction)?.is_some() {
            return Outcome::error(FailInfo::TransactionIdInUse, "this transactionID has been used before");
        }
        if used_up(invited) {
            return Outcome::error(FailInfo::NotAuthorized, "these codes have been used");
        }
        let ready_at = message.now.saturating_add(invited.delay).min(i64::MAX as u64);
        let opened = Opened {
            reference: invited.reference.clone(),
            state: WAITING.to_owned(),
            request: message.bytes.to_vec(),
            ready_at,
        };
        books.open_transaction(message.transaction, &opened, message.now)?;
        let wanted = match wanted(message.incoming) {
            Ok(wanted) => wanted,
            Err((reason, text)) => {
                books.set_state(message.transaction, REFUSED)?;
                return rejection(address(message.incoming), reason, &text);
            }
        };
        if invited.delay > 0 {
            let status = PkiStatusInfo { status_string: Some(vec![PATIENCE.to_owned()]), ..PkiStatusInfo::waiting() };
            let body = wanted.answer.body(server::not_issued(wanted.cert_req_id, status), &[])?;
            return Ok(Outcome::new(body, format!("waiting, {} s", invited.delay)));
        }
        self.decide(books, invited, message, &wanted)
    }

    /// The client asks again.
    pub(super) fn poll(
        &self,
        books: &Books<'_>,
        invited: &Invited,
        message: &Message<'_>,
        cert_req_id: i64,
    ) -> Result<Outcome> {
        let Some(opened) = own_transaction(books, invited, message)? else {
            return Outcome::error(FailInfo::BadRequest, "there is no such transaction");
        };
        if opened.state == WAITING && message.now < opened.ready_at {
            let seconds = u32::try_from(opened.ready_at - message.now).unwrap_or(u32::MAX);
            return Ok(Outcome::new(
                server::ask_later(cert_req_id, seconds, PATIENCE),
                format!("ask again in {seconds} s"),
            ));
        }
        let first = Incoming::parse(&opened.request)?;
        let wanted = match wanted(&first) {
            Ok(wanted) => wanted,
            Err((reason, text)) => return rejection(address(&first), reason, &text),
        };
        match opened.state.as_str() {
            WAITING | REFUSED => self.decide(books, invited, message, &wanted),
            // A lost answer, asked for with a new message.
            ISSUED => match books.certificate(message.transaction)? {
                Some(certified) => self.hand_over(&wanted, &certified, false, invited.fault),
                None => Outcome::error(FailInfo::SystemFailure, "the certificate is not in the books"),
            },
            other => Outcome::error(FailInfo::BadRequest, &format!("this transaction has ended: {other}")),
        }
    }

    /// The invitation's word on a request that is in order and has waited long enough.
    fn decide(
        &self,
        books: &Books<'_>,
        invited: &Invited,
        message: &Message<'_>,
        wanted: &WantedCertificate,
    ) -> Result<Outcome> {
        let to = (wanted.answer, wanted.cert_req_id);
        if let Some(reason) = invited.refuse.as_deref().and_then(FailInfo::from_name) {
            books.set_state(message.transaction, REFUSED)?;
            return rejection(to, reason, "refused, as the invitation to the demo CA says");
        }
        // Others may have been waiting with the same codes.
        if used_up(invited) {
            books.set_state(message.transaction, REFUSED)?;
            return rejection(to, FailInfo::NotAuthorized, "these codes have been used");
        }
        let alternative_names = match authority::alternative_names(&wanted.extensions) {
            Ok(names) => names,
            Err(text) => {
                books.set_state(message.transaction, REFUSED)?;
                return rejection(to, FailInfo::BadCertTemplate, &text);
            }
        };
        let (subject, changed) = match &invited.alter_subject {
            Some(other) => (authority::parse(other)?, Some("the CA has changed the subject")),
            None => {
                let subject = authority::parse(&invited.subject)?;
                let same = wanted.subject.is_empty() || authority::same_name(&wanted.subject, &subject);
                (subject, (!same).then_some("the subject is that of the invitation"))
            }
        };
        let key = match invited.fault {
            Some(Fault::OtherKey) => Authority::stray_key()?,
            _ => match &wanted.key {
                WantedKey::Theirs(key) => key.clone(),
                WantedKey::ByCa(_) => {
                    books.set_state(message.transaction, REFUSED)?;
                    return rejection(to, FailInfo::BadCertTemplate, "keys are not made here");
                }
            },
        };
        let order = Order { subject: &subject, key, alternative_names, days: invited.valid_days };
        let (certificate, serial) = self.authority.issue(order, message.now)?;
        let implicit = self.implicit_confirm && wanted.implicit_confirm;
        let certified = Certified {
            serial,
            reference: invited.reference.clone(),
            subject: subject.to_string(),
            sha256: authority::hex(&Sha256::digest(&certificate)),
            certificate,
            text: changed.map(str::to_owned),
            state: if implicit { CONFIRMED } else { ISSUED }.to_owned(),
        };
        books.keep_certificate(message.transaction, &certified, message.now)?;
        books.count_use(&invited.reference)?;
        books.set_state(message.transaction, &certified.state)?;
        self.hand_over(wanted, &certified, implicit, invited.fault)
    }

    fn hand_over(
        &self,
        wanted: &WantedCertificate,
        certified: &Certified,
        implicit_confirm: bool,
        fault: Option<Fault>,
    ) -> Result<Outcome> {
        let response = server::issued(wanted.cert_req_id, &certified.certificate, certified.text.as_deref())?;
        let body = wanted.answer.body(response, std::slice::from_ref(&self.authority.root))?;
        let fault = fault.filter(|fault| *fault != Fault::DropConfirm);
        let word = format!("issued {} for {}", certified.serial, certified.subject);
        Ok(Outcome { chain: true, implicit_confirm, fault, ..Outcome::new(body, word) })
    }

    /// certConf. Saying the same again is not an error: the client may have missed our answer.
    pub(super) fn confirm(
        &self,
        books: &Books<'_>,
        invited: &Invited,
        message: &Message<'_>,
        hash: &[u8],
        accepted: bool,
    ) -> Result<Outcome> {
        let certified = match own_transaction(books, invited, message)? {
            Some(_) => books.certificate(message.transaction)?,
            None => None,
        };
        // Our certificates are signed with SHA-256, which is then the hash (RFC 9810 §5.3.18).
        let Some(certified) = certified.filter(|certified| Sha256::digest(&certified.certificate)[..] == *hash) else {
            return Outcome::error(FailInfo::BadCertId, "this transaction has no certificate with this hash");
        };
        let state = match (certified.state.as_str(), accepted) {
            (REJECTED, true) => {
                return Outcome::error(FailInfo::CertRevoked, "the certificate was rejected before");
            }
            (CONFIRMED, false) => {
                return Outcome::error(FailInfo::CertConfirmed, "the certificate was confirmed before");
            }
            (_, true) => CONFIRMED,
            (_, false) => REJECTED,
        };
        books.set_certificate_state(&certified.serial, state)?;
        books.set_state(message.transaction, state)?;
        let fault = invited.fault.filter(|fault| *fault == Fault::DropConfirm && certified.state == ISSUED);
        Ok(Outcome { fault, ..Outcome::new(Body::PkiConf, format!("{} {state}", certified.serial)) })
    }

    /// The client's error: what it did not confirm does not count.
    pub(super) fn give_up(&self, books: &Books<'_>, invited: &Invited, message: &Message<'_>) -> Result<Outcome> {
        let Some(opened) = own_transaction(books, invited, message)? else {
            return Outcome::error(FailInfo::BadRequest, "there is no such transaction");
        };
        if matches!(opened.state.as_str(), WAITING | ISSUED) {
            books.set_state(message.transaction, GIVEN_UP)?;
            if let Some(certified) = books.certificate(message.transaction)? {
                books.set_certificate_state(&certified.serial, REJECTED)?;
            }
        }
        Ok(Outcome::new(Body::PkiConf, "the client gives up"))
    }
}

fn used_up(invited: &Invited) -> bool {
    invited.uses > 0 && invited.used >= invited.uses
}

/// The transaction of this message, if it was opened with the same codes.
fn own_transaction(books: &Books<'_>, invited: &Invited, message: &Message<'_>) -> Result<Option<Opened>> {
    Ok(books.transaction(message.transaction)?.filter(|opened| opened.reference == invited.reference))
}

fn rejection((answer, cert_req_id): (AnswerKind, i64), reason: FailInfo, text: &str) -> Result<Outcome> {
    let response = server::not_issued(cert_req_id, PkiStatusInfo::rejection(&[reason], text)?);
    Ok(Outcome::new(answer.body(response, &[])?, format!("refused, {}: {text}", reason.name())))
}

/// Where the answer to a request goes, even if the request cannot be understood.
fn address(incoming: &Incoming<'_>) -> (AnswerKind, i64) {
    match &incoming.message.body {
        Body::Ir(requests) => (AnswerKind::Ip, requests.first().map_or(0, |request| request.cert_req.cert_req_id)),
        Body::Cr(requests) => (AnswerKind::Cp, requests.first().map_or(0, |request| request.cert_req.cert_req_id)),
        _ => (AnswerKind::Cp, -1),
    }
}

/// The request, if its key is one that is certified here and signed it.
fn wanted(incoming: &Incoming<'_>) -> std::result::Result<Box<WantedCertificate>, (FailInfo, String)> {
    // First the key: with one that is not known here, the proof of possession cannot be verified.
    if let Some(key) = requested_key(&incoming.message.body) {
        authority::check_key(&key).map_err(|text| (FailInfo::BadCertTemplate, text))?;
    }
    match incoming.wish() {
        Ok(Wish::Certificate(wanted)) => Ok(wanted),
        Ok(_) => Err((FailInfo::BadRequest, "not a request for a certificate".into())),
        Err(Cmp::UnsupportedAlgorithm(which)) => {
            Err((FailInfo::BadAlg, format!("signature algorithm {which} is not known here")))
        }
        Err(Cmp::Input(_)) => Err((FailInfo::BadPop, "the proof of possession does not verify".into())),
        Err(Cmp::Decoding(text)) => Err((FailInfo::BadDataFormat, text)),
        Err(other) => Err((FailInfo::BadRequest, other.to_string())),
    }
}

fn requested_key(body: &Body) -> Option<SubjectPublicKeyInfoOwned> {
    match body {
        Body::Ir(requests) | Body::Cr(requests) => requests.first()?.cert_req.cert_template.public_key.clone(),
        Body::P10cr(raw) => Some(CertReq::from_der(&raw.to_der().ok()?).ok()?.info.public_key),
        _ => None,
    }
}
