//! What the CA decides about certificates: new requests, renewals, polling, confirmation, giving up.

use cmp_protocol::{
    Error as Cmp,
    message::{Body, FailInfo, PkiStatusInfo},
    server::{self, AnswerKind, Incoming, WantedCertificate, WantedKey, Wish},
};
use der::{Any, Decode, Encode};
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{Certificate, ext::Extension, name::Name, request::CertReq};

use super::{
    Ca, LOCKED, Message, Outcome,
    party::{Party, Voice},
};
use crate::{
    Fault,
    authority::{self, Authority, Order},
    error::{Error, Result},
    ledger::{Books, Certified, Opened, REVOKED},
};

pub(super) const WAITING: &str = "waiting";
pub(super) const REFUSED: &str = "refused";
const ISSUED: &str = "issued";
const CONFIRMED: &str = "confirmed";
pub(super) const REJECTED: &str = "rejected by the client";
const GIVEN_UP: &str = "given up";

pub(super) const PATIENCE: &str = "waiting for approval";

/// Subject and alternative names of a certificate, and what the client is told if they are not those it asked for.
struct Naming {
    subject: Name,
    alternative_names: Option<Extension>,
    changed: Option<&'static str>,
}

/// A key to certify, and its private half, enveloped (`EncryptedKey`, DER), where it was made here.
type Key = (SubjectPublicKeyInfoOwned, Option<Vec<u8>>);

impl Ca {
    /// ir, cr, p10cr, kur: opens a transaction.
    pub(super) fn request(&self, books: &Books<'_>, party: &Party<'_>, message: &Message<'_>) -> Result<Outcome> {
        let body = &message.incoming.message.body;
        match (&party.voice, body) {
            (Voice::Codes { .. }, _) if party.is_locked() => return Outcome::error(FailInfo::NotAuthorized, LOCKED),
            (Voice::Codes { .. }, Body::Kur(_)) => {
                let text = "a renewal must be signed with the certificate that it renews";
                return Outcome::error(FailInfo::WrongIntegrity, text);
            }
            (Voice::Certificate(_), Body::Ir(_)) => {
                let text = "the first certificate must be asked for with the two codes";
                return Outcome::error(FailInfo::NotAuthorized, text);
            }
            _ => {}
        }
        if books.transaction(message.transaction)?.is_some() {
            return Outcome::error(FailInfo::TransactionIdInUse, "this transactionID has been used before");
        }
        if party.has_used_up() {
            return Outcome::error(FailInfo::NotAuthorized, "these codes have been used");
        }
        party.open(books, message)?;
        let wanted = match wanted(message.incoming) {
            Ok(wanted) => wanted,
            Err((reason, text)) => {
                books.set_state(message.transaction, REFUSED)?;
                return rejection(address(message.incoming), reason, &text);
            }
        };
        if party.terms.delay > 0 {
            let status = PkiStatusInfo { status_string: Some(vec![PATIENCE.to_owned()]), ..PkiStatusInfo::waiting() };
            let body = wanted.answer.body(server::not_issued(wanted.cert_req_id, status), &[])?;
            return Ok(Outcome::new(body, format!("waiting, {} s", party.terms.delay)));
        }
        self.decide(books, party, message, &wanted)
    }

    /// The client asks again.
    pub(super) fn poll(
        &self,
        books: &Books<'_>,
        party: &Party<'_>,
        message: &Message<'_>,
        cert_req_id: i64,
    ) -> Result<Outcome> {
        let Some(opened) = own_transaction(books, party, message)? else {
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
        match first.message.body {
            Body::Rr(_) => return self.revoke(books, party, message, &first, &opened.state),
            Body::Genm(_) => return self.inform(books, party, message, &first),
            _ => {}
        }
        let wanted = match wanted(&first) {
            Ok(wanted) => wanted,
            Err((reason, text)) => return rejection(address(&first), reason, &text),
        };
        match opened.state.as_str() {
            WAITING | REFUSED => self.decide(books, party, message, &wanted),
            // A lost answer, asked for with a new message.
            ISSUED => match books.certificate(message.transaction)? {
                Some(certified) => self.hand_over(&wanted, &certified, false, party.terms.fault, message.now),
                None => Outcome::error(FailInfo::SystemFailure, "the certificate is not in the books"),
            },
            other => Outcome::error(FailInfo::BadRequest, &format!("this transaction has ended: {other}")),
        }
    }

    /// The terms' word on a request that is in order and has waited long enough.
    fn decide(
        &self,
        books: &Books<'_>,
        party: &Party<'_>,
        message: &Message<'_>,
        wanted: &WantedCertificate,
    ) -> Result<Outcome> {
        let to = (wanted.answer, wanted.cert_req_id);
        if let Err((reason, text)) = may_have(party, wanted) {
            books.set_state(message.transaction, REFUSED)?;
            return rejection(to, reason, text);
        }
        let (naming, (key, encrypted_key)) = match (naming(party, wanted)?, self.key(party, wanted)?) {
            (Ok(naming), Ok(key)) => (naming, key),
            (Err(text), _) | (_, Err(text)) => {
                books.set_state(message.transaction, REFUSED)?;
                return rejection(to, FailInfo::BadCertTemplate, &text);
            }
        };
        let days = party.terms.valid_days.unwrap_or(party.invited.valid_days);
        let order = Order { subject: &naming.subject, key, alternative_names: naming.alternative_names, days };
        let (certificate, serial) = self.authority.issue(order, message.now)?;
        let unasked = party.terms.fault == Some(Fault::ImplicitUnasked);
        let implicit = unasked || self.implicit_confirm && wanted.implicit_confirm;
        let certified = Certified {
            serial,
            reference: party.reference().to_owned(),
            subject: naming.subject.to_string(),
            sha256: authority::hex(&Sha256::digest(&certificate)),
            certificate,
            encrypted_key,
            text: naming.changed.map(str::to_owned),
            state: if implicit { CONFIRMED } else { ISSUED }.to_owned(),
            reason: None,
        };
        books.keep_certificate(message.transaction, &certified, message.now)?;
        if party.signer().is_none() {
            books.count_use(party.reference())?;
        }
        books.set_state(message.transaction, &certified.state)?;
        self.hand_over(wanted, &certified, implicit, party.terms.fault, message.now)
    }

    /// The key to certify and, where it is made here (RFC 9483 §4.1.6), the private one, enveloped.
    fn key(&self, party: &Party<'_>, wanted: &WantedCertificate) -> Result<std::result::Result<Key, String>> {
        let (key, encrypted) = match &wanted.key {
            WantedKey::Theirs(key) => (key.clone(), None),
            WantedKey::ByCa(kind) => match self.make_key(party, kind.as_ref())? {
                Ok((key, encrypted)) => (key, Some(encrypted)),
                Err(text) => return Ok(Err(text)),
            },
        };
        let stray = party.terms.fault == Some(Fault::OtherKey);
        Ok(Ok((if stray { Authority::stray_key()? } else { key }, encrypted)))
    }

    fn hand_over(
        &self,
        wanted: &WantedCertificate,
        certified: &Certified,
        implicit_confirm: bool,
        fault: Option<Fault>,
        now: u64,
    ) -> Result<Outcome> {
        let mut response = server::issued(wanted.cert_req_id, &certified.certificate, certified.text.as_deref())?;
        if let (Some(pair), Some(key)) = (&mut response.certified_key_pair, &certified.encrypted_key) {
            pair.private_key = Some(Any::from_der(key).map_err(Error::certificate)?);
        }
        let mut body = wanted.answer.body(response, std::slice::from_ref(&self.authority.root))?;
        if fault == Some(Fault::SeveralCertificates)
            && let Body::Ip(answer) | Body::Cp(answer) | Body::Kup(answer) = &mut body
        {
            let subject = authority::parse(&certified.subject)?;
            let key = Authority::stray_key()?;
            let order = Order { subject: &subject, key, alternative_names: None, days: 1 };
            answer.response.push(server::issued(1, &self.authority.issue(order, now)?.0, None)?);
        }
        let fault = fault.filter(|fault| *fault != Fault::DropConfirm);
        let word = format!("issued {} for {}", certified.serial, certified.subject);
        Ok(Outcome { chain: true, implicit_confirm, fault, ..Outcome::new(body, word) })
    }

    /// certConf. Saying the same again is not an error: the client may have missed our answer.
    pub(super) fn confirm(
        &self,
        books: &Books<'_>,
        party: &Party<'_>,
        message: &Message<'_>,
        hash: &[u8],
        accepted: bool,
    ) -> Result<Outcome> {
        let certified = match own_transaction(books, party, message)? {
            Some(_) => books.certificate(message.transaction)?,
            None => None,
        };
        // Our certificates are signed with SHA-256, which is then the hash (RFC 9810 §5.3.18).
        let Some(certified) = certified.filter(|certified| Sha256::digest(&certified.certificate)[..] == *hash) else {
            return Outcome::error(FailInfo::BadCertId, "this transaction has no certificate with this hash");
        };
        let state = match (certified.state.as_str(), accepted) {
            (REVOKED, _) => return Outcome::error(FailInfo::CertRevoked, "the certificate has been revoked"),
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
        let fault = party.terms.fault.filter(|fault| *fault == Fault::DropConfirm && certified.state == ISSUED);
        Ok(Outcome { fault, ..Outcome::new(Body::PkiConf, format!("{} {state}", certified.serial)) })
    }

    /// The client's error: what it did not confirm does not count.
    pub(super) fn give_up(&self, books: &Books<'_>, party: &Party<'_>, message: &Message<'_>) -> Result<Outcome> {
        let Some(opened) = own_transaction(books, party, message)? else {
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

/// The transaction of this message, if the same party opened it.
fn own_transaction(books: &Books<'_>, party: &Party<'_>, message: &Message<'_>) -> Result<Option<Opened>> {
    let own = |opened: &Opened| opened.reference == party.reference() && opened.signer.as_deref() == party.signer();
    Ok(books.transaction(message.transaction)?.filter(own))
}

/// What forbids it, though the request is in order.
fn may_have(party: &Party<'_>, wanted: &WantedCertificate) -> std::result::Result<(), (FailInfo, &'static str)> {
    if let Some(reason) = party.terms.refuse {
        return Err((reason, "refused, as the invitation to the demo CA says"));
    }
    // Others may have been waiting with the same codes.
    if party.has_used_up() {
        return Err((FailInfo::NotAuthorized, "these codes have been used"));
    }
    if party.is_revoked() {
        return Err((FailInfo::CertRevoked, "the certificate that signs has been revoked"));
    }
    match (&party.voice, &wanted.renews) {
        (Voice::Certificate(old), Some(renews)) if authority::hex(&renews.serial) != old.serial => {
            Err((FailInfo::BadCertId, "oldCertId is not the certificate that signs"))
        }
        _ => Ok(()),
    }
}

/// The names of the invitation, those of the certificate that signs, or what was ordered instead. `Err`: those asked for
/// cannot be read.
fn naming(party: &Party<'_>, wanted: &WantedCertificate) -> Result<std::result::Result<Naming, String>> {
    let asked = match authority::alternative_names(&wanted.extensions) {
        Ok(asked) => asked,
        Err(text) => return Ok(Err(text)),
    };
    let (subject, alternative_names, whose) = match &party.voice {
        Voice::Codes { .. } => {
            (authority::parse(&party.invited.subject)?, asked, "the subject is that of the invitation")
        }
        Voice::Certificate(old) => {
            let old = Certificate::from_der(&old.certificate).map_err(Error::certificate)?;
            let old = old.tbs_certificate();
            let extensions = old.extensions().map(Vec::as_slice).unwrap_or_default();
            let names = authority::alternative_names(extensions).map_err(Error::Certificate)?;
            (old.subject().clone(), names, "the names are those of the certificate that signs")
        }
    };
    if let Some(other) = &party.terms.alter_subject {
        let changed = Some("the CA has changed the subject");
        return Ok(Ok(Naming { subject: authority::parse(other)?, alternative_names, changed }));
    }
    let same = wanted.subject.is_empty() || authority::same_name(&wanted.subject, &subject);
    Ok(Ok(Naming { subject, alternative_names, changed: (!same).then_some(whose) }))
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
        Body::Kur(requests) => (AnswerKind::Kup, requests.first().map_or(0, |request| request.cert_req.cert_req_id)),
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
        Body::Ir(requests) | Body::Cr(requests) | Body::Kur(requests) => {
            let key = requests.first()?.cert_req.cert_template.public_key.clone()?;
            Some(key).filter(|key| !key.subject_public_key.raw_bytes().is_empty())
        }
        Body::P10cr(raw) => Some(CertReq::from_der(&raw.to_der().ok()?).ok()?.info.public_key),
        _ => None,
    }
}
