//! Renewal: what differs from an enrolment. The rest of the way is the same, see [`enroll`].
//!
//! The request is protected by the old key (RFC 9483 §4.1.3), or by a code where the CA gives one. The old certificate stays
//! untouched until the new one is installed, proved and confirmed.

use cmp_protocol::{
    message::Body,
    request::{CertificateId, CertificateRequest, Kind},
};
use der::Decode;
use x509_cert::{
    Certificate,
    ext::pkix::{KeyUsage, KeyUsages, SubjectAltName},
};

use crate::{
    app::Desk,
    certificate,
    error::{Code, Error, Result},
    jobs::{
        enroll::{self, Timed},
        old_key::OldKey,
    },
    journal::{Job, KeyRecord, OldRecord, Record, RenewalRecord, unhex},
    model::{CaProfile, EnrollOrder, KeyChoice, Place, RenewOrder, Replaced, Step},
    stores::OpenPlace,
    ui::Ui,
};

/// The record of a new renewal.
pub(crate) fn record(order: &RenewOrder, old: OldRecord, profile: CaProfile, reference: String) -> Result<Record> {
    let info = certificate::describe(&unhex(&old.certificate)?)?;
    let place = order.place.clone().unwrap_or_else(|| old.place.clone());
    let enrolment = EnrollOrder {
        ca: profile.name.clone(),
        reference,
        place,
        key: order.key.or_else(|| same_kind(&old)),
        key_by_ca: false,
        subject: Some(info.subject),
        san: info.san,
        no_wait: order.no_wait,
    };
    let (keep_old, by_code) = (order.keep_old, order.reference.is_some());
    let renewal = RenewalRecord { old, keep_old, by_code, replaced: None };
    Ok(Record { renewal: Some(renewal), ..Record::new(enrolment, profile) })
}

/// The old key, as a choice for the new one.
fn same_kind(old: &OldRecord) -> Option<KeyChoice> {
    certificate::key_choice(&unhex(&old.key.public_key).ok()?)
}

/// The old key, where it lies: beside the new one or in a place of its own.
pub(crate) async fn old_key(job: &Job, desk: &Desk, ui: &dyn Ui) -> Result<OldKey> {
    let renewal = of(job)?;
    if job.record.renews_in_place() { OldKey::beside(&renewal.old) } else { OldKey::open(&renewal.old, desk, ui).await }
}

fn of(job: &Job) -> Result<&RenewalRecord> {
    job.record.renewal.as_ref().ok_or_else(|| Error::new(Code::Internal, "renewing"))
}

/// kur for the name and the alternative names of the old certificate, signed by the new key.
pub(crate) async fn signed_request(renewal: &RenewalRecord, place: &mut OpenPlace, key: &KeyRecord) -> Result<Body> {
    let unreadable = |error: der::Error| Error::new(Code::Internal, "reading the old certificate").because(error);
    let der = unhex(&renewal.old.certificate)?;
    let old = Certificate::from_der(&der).map_err(unreadable)?;
    let old = old.tbs_certificate();
    let alternative =
        |extension: &&x509_cert::ext::Extension| extension.extn_id == <SubjectAltName as const_oid::AssociatedOid>::OID;
    let extensions = old.extensions().into_iter().flatten().filter(alternative).cloned().collect();
    let request = CertificateRequest {
        kind: Kind::Kur,
        subject: old.subject().clone(),
        public_key: enroll::read_key(key)?.0,
        extensions,
        renews: Some(CertificateId::of(&der)?),
    };
    enroll::sign_request(request, place, key).await
}

/// The last step: the old certificate and key go. They stay where that was ordered, where the new ones went elsewhere, and
/// where the old key may still be needed to open what was encrypted for it.
pub(crate) async fn retire(job: &mut Job, place: &mut OpenPlace, ui: &dyn Ui) -> Result<()> {
    let Some(renewal) = job.record.renewal.clone() else { return Ok(()) };
    let step = Timed::begin(Step::Retire, renewal.replaced.is_some(), ui);
    if renewal.replaced.is_none() {
        let certificate = unhex(&renewal.old.certificate)?;
        let because = if renewal.keep_old {
            Some("asked")
        } else if !job.record.renews_in_place() {
            Some("elsewhere")
        } else if decrypts(&certificate) {
            Some("decrypts")
        } else {
            None
        };
        let kept_at = place.retire(&renewal.old, because.is_some(), ui).await?;
        let replaced = Replaced {
            sha256: certificate::fingerprint(&certificate),
            kept: because.is_some(),
            kept_at: kept_at.map(|path| path.display().to_string()),
            because: because.map(str::to_owned),
        };
        job.record.renewal = Some(RenewalRecord { replaced: Some(replaced), ..renewal });
    }
    step.end(job, ui);
    job.save("retired", "")
}

/// May the key of this certificate be needed to open something? A certificate that does not say may be for anything.
pub(crate) fn decrypts(certificate: &[u8]) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else { return true };
    match certificate.tbs_certificate().get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) => {
            let opens = KeyUsages::KeyEncipherment | KeyUsages::DataEncipherment | KeyUsages::KeyAgreement;
            !(usage.0 & opens).is_empty()
        }
        _ => true,
    }
}

/// Is the old certificate still to be taken care of?
pub(crate) fn is_open(record: &Record) -> bool {
    record.renewal.as_ref().is_some_and(|renewal| renewal.replaced.is_none())
}

/// Where a renewal goes when nothing is said: where the old certificate is. A token's PIN file named in the order counts.
pub(crate) fn with_pin_source(old: OldRecord, order: &RenewOrder) -> OldRecord {
    let given = match &order.place {
        Some(Place::Token { label, serial, pin_source: Some(source), .. }) => Some((label, serial, source)),
        _ => None,
    };
    let place = match (old.place, given) {
        (Place::Token { label, serial, manufacturer, model, driver, pin_source: None }, Some((l, s, source)))
            if (l.is_none() || *l == label) && (s.is_none() || *s == serial) =>
        {
            Place::Token { label, serial, manufacturer, model, driver, pin_source: Some(source.clone()) }
        }
        (place, _) => place,
    };
    OldRecord { place, ..old }
}
