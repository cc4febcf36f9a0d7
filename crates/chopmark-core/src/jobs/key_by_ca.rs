//! The part of an enrolment that differs where the CA makes the key (RFC 9483 §4.1.6): nothing is made first, and the key
//! comes with the certificate.

use cmp_protocol::{
    message::Body,
    request::{self, Kind},
};

use crate::{
    app::Desk,
    ca::{chain, revocation::Revocation},
    error::{Code, Error, Result},
    jobs::{
        dialogue::Ca,
        enroll::{Timed, wanted},
    },
    journal::{Job, KeyRecord, unhex, unhex_all},
    keys::{
        self,
        delivered::{Delivery, Opener, open_delivered_key},
    },
    model::Step,
    stores::OpenPlace,
    ui::Ui,
};

/// The request; there is nothing to sign in it.
pub(super) fn request(job: &Job) -> Result<Body> {
    let (kind, subject, extensions) = wanted(job)?;
    if kind == Kind::P10cr {
        // A PKCS#10 request is signed by its key.
        return Err(Error::new(Code::BadInput, "asking the CA").with("reason", "key-by-ca-p10cr"));
    }
    Ok(request::key_by_ca(kind, subject, extensions, job.record.order.key.map(keys::algorithm))?)
}

/// Opens the key that came with the certificate and brings it to its place, unless a former attempt has.
pub(super) async fn take(
    desk: &Desk,
    job: &mut Job,
    place: &mut OpenPlace,
    ca: &Ca<'_>,
    ui: &dyn Ui,
) -> Result<KeyRecord> {
    let step = Timed::begin(Step::MakeKey, job.record.key.is_some(), ui);
    let key = match job.record.key.clone() {
        // The token gives it its final id, if that is still to do.
        Some(key) if key.named => key,
        _ => {
            let secret = ca.secret(job).ok_or_else(|| Error::new(Code::Internal, "opening the key"))?;
            let roots = chain::roots_from_pem(&job.record.profile.roots)?;
            let key = open_delivered_key(&delivery(job)?, &Opener::Codes(&secret), &roots)?;
            Revocation::of(&job.record.profile, desk.way()).check(&key.made_by).await?;
            place.take_key(job, key.pkcs8, ui).await?
        }
    };
    step.end(job, ui);
    if let Some(issued) = &mut job.record.issued {
        issued.encrypted_key = None;
    }
    job.save("key-in-place", &key.key_id)?;
    Ok(key)
}

/// What came, as the journal has it.
fn delivery(job: &Job) -> Result<Delivery> {
    let missing = || Error::new(Code::Internal, "opening the key");
    let record = job.record.issued.as_ref().ok_or_else(missing)?;
    Ok(Delivery {
        encrypted: record.encrypted_key.as_deref().map(unhex).transpose()?,
        certificate: unhex(&record.certificate)?,
        extra: unhex_all(&record.extra)?,
    })
}

/// Will no other attempt take this key? One that does not open may have been tried with a mistyped code.
pub(super) fn is_final(error: &Error) -> bool {
    use Code::{CaRevoked, DeliveredKeyForeign, DeliveredKeySigner, KeyImportRefused};
    matches!(error.code, DeliveredKeySigner | CaRevoked | DeliveredKeyForeign | KeyImportRefused)
}
