//! The part of an enrolment that differs where the CA makes the key (RFC 9483 §4.1.6): nothing is made first, and the key
//! comes with the certificate.

use cmp_protocol::{
    exchange::Issued,
    message::Body,
    request::{self, Kind},
};
use const_oid::db::{rfc5912, rfc8410};
use der::{Any, asn1::ObjectIdentifier};
use spki::AlgorithmIdentifierOwned;

use crate::{
    ca::chain,
    certificate,
    error::{Code, Error, Result},
    jobs::{dialogue::Ca, enroll::Timed},
    journal::{Job, KeyRecord, unhex},
    keys::delivered::{Opener, open_delivered_key},
    model::{KeyChoice, RequestKind, Step},
    stores::OpenPlace,
    ui::Ui,
};

/// The request; there is nothing to sign in it.
pub(super) fn request(job: &Job) -> Result<Body> {
    let order = &job.record.order;
    let subject = certificate::parse_name(order.subject.as_deref().unwrap_or_default())?;
    let kind = match job.record.profile.cmp.request {
        RequestKind::Ir => Kind::Ir,
        RequestKind::Cr => Kind::Cr,
        // A PKCS#10 request is signed by its key.
        RequestKind::P10cr => return Err(Error::new(Code::BadInput, "asking the CA").with("reason", "key-by-ca-p10cr")),
    };
    let extensions = certificate::subject_alt_names(&order.san)?.into_iter().collect();
    Ok(request::key_by_ca(kind, subject, extensions, order.key.map(algorithm))?)
}

fn algorithm(kind: KeyChoice) -> AlgorithmIdentifierOwned {
    let on = |curve: ObjectIdentifier| (rfc5912::ID_EC_PUBLIC_KEY, Some(Any::from(curve)));
    let (oid, parameters) = match kind {
        // No field of the template says how long it is to be.
        KeyChoice::Rsa2048 | KeyChoice::Rsa3072 | KeyChoice::Rsa4096 => (rfc5912::RSA_ENCRYPTION, Some(Any::null())),
        KeyChoice::EcP256 => on(rfc5912::SECP_256_R_1),
        KeyChoice::EcP384 => on(rfc5912::SECP_384_R_1),
        KeyChoice::EcP521 => on(rfc5912::SECP_521_R_1),
        KeyChoice::Ed25519 => (rfc8410::ID_ED_25519, None),
    };
    AlgorithmIdentifierOwned { oid, parameters }
}

/// Opens the key that came with the certificate and brings it to its place, unless a former attempt has.
pub(super) async fn take(job: &mut Job, place: &mut OpenPlace, ca: &Ca<'_>, ui: &dyn Ui) -> Result<KeyRecord> {
    let step = Timed::begin(Step::MakeKey, job.record.key.is_some(), ui);
    let key = match job.record.key.clone() {
        // The token gives it its final id, if that is still to do.
        Some(key) if key.named => key,
        _ => {
            let secret = ca.secret(job).ok_or_else(|| Error::new(Code::Internal, "opening the key"))?;
            let roots = chain::roots_from_pem(&job.record.profile.roots)?;
            let key = open_delivered_key(&issued(job)?, &Opener::Codes(&secret), &roots)?;
            place.take_key(job, key).await?
        }
    };
    step.end(job, ui);
    if let Some(issued) = &mut job.record.issued {
        issued.encrypted_key = None;
    }
    job.save("key-in-place", &key.key_id)?;
    Ok(key)
}

/// The answer, as far as the journal has it and opening the key needs it.
fn issued(job: &Job) -> Result<Issued> {
    let missing = || Error::new(Code::Internal, "opening the key");
    let record = job.record.issued.as_ref().ok_or_else(missing)?;
    Ok(Issued {
        certificate: unhex(&record.certificate)?,
        extra: record.extra.iter().map(|der| unhex(der)).collect::<Result<_>>()?,
        ca_pubs: Vec::new(),
        encrypted_key: record.encrypted_key.as_deref().map(unhex).transpose()?,
        modified: record.modified,
        text: None,
        implicitly_confirmed: record.implicitly_confirmed,
        implicit_unasked: record.implicit_unasked,
    })
}

/// Will no other attempt take this key? One that does not open may have been tried with a mistyped code.
pub(super) fn is_final(error: &Error) -> bool {
    matches!(error.code, Code::DeliveredKeySigner | Code::DeliveredKeyForeign | Code::KeyImportRefused)
}
