//! The key of an order for a server certificate: made in its place, its request signed there, and the certificate installed beside it
//! when it is delivered, be that a minute or a week later. Journaled like an enrolment; who carries the request to the CA and the
//! certificate back (a source of orders, a person) is none of its business.

use cmp_protocol::{
    message::Body,
    request::{CertificateRequest, Kind},
};
use der::Encode;

use crate::{
    app::Desk,
    certificate,
    error::{Code, Error, Result},
    jobs::{
        enroll::{
            accept_changes, clean_up, enrolled, install as put_in, issued_certificate, make_key, prove, read_key,
            settle, sign_request,
        },
        import::nobody,
        resume::finish,
    },
    journal::{IssuedRecord, Job, Record, ServerRecord, hex, unhex, unhex_all},
    model::{EnrollOrder, Enrolled, JobState, OrderKey},
    orders::delivered::way_up,
    stores::{Bundle, OpenPlace},
    ui::Ui,
};

const DOING: &str = "making the request of an order";
/// Longest common name (RFC 5280, ub-common-name). A longer domain stands in the alternative names alone.
const LONGEST_NAME: usize = 64;

/// The record of the key of an order for these domains (ASCII, the first names the certificate).
pub(crate) fn record(order: i64, wanted: &OrderKey, domains: &[String]) -> Record {
    let first = domains.first().cloned().unwrap_or_default();
    let profile = nobody(&first);
    let ordered = EnrollOrder {
        ca: profile.name.clone(),
        reference: first,
        place: wanted.place.clone(),
        key: wanted.key,
        key_by_ca: false,
        // What the CA makes of the name is its business: it writes the organisation there.
        subject: None,
        san: domains.iter().map(|domain| format!("dns:{domain}")).collect(),
        no_wait: false,
    };
    let server = ServerRecord { order, request: None, handed_in: false };
    Record { server: Some(server), ..Record::new(ordered, profile) }
}

/// The domains that stand in a job's request.
pub(crate) fn domains(record: &Record) -> Vec<String> {
    record.order.san.iter().filter_map(|name| name.strip_prefix("dns:")).map(str::to_owned).collect()
}

/// Makes the key and its request (PKCS#10, DER), or finds what a former attempt has made. What goes wrong leaves nothing behind: nobody
/// else has seen the key yet.
pub(crate) async fn request(desk: &Desk, job: &mut Job, ui: &dyn Ui) -> Result<Vec<u8>> {
    let made = match signed(job) {
        Some(request) => request,
        None => match OpenPlace::open(job, desk, ui).await {
            Ok(mut place) => match sign(job, &mut place, ui).await {
                Ok(request) => Ok(request),
                Err(error) => {
                    if let Err(failure) = clean_up(job, &mut place, &error, ui).await {
                        job.note("clean-up-failed", &failure.code.to_string())?;
                    }
                    Err(error)
                }
            },
            Err(error) => Err(error),
        },
    };
    match made {
        Ok(request) => {
            job.close(JobState::Waiting, "")?;
            Ok(request)
        }
        Err(error) => {
            let untouched = job.record.provisional_id.is_none() && job.record.key.is_none();
            let over = job.record.cleaned || untouched;
            Err(settle(desk, job, error, over)?)
        }
    }
}

fn signed(job: &Job) -> Option<Result<Vec<u8>>> {
    let request = job.record.server.as_ref()?.request.as_ref()?;
    Some(unhex(request))
}

async fn sign(job: &mut Job, place: &mut OpenPlace, ui: &dyn Ui) -> Result<Vec<u8>> {
    let key = make_key(job, place, ui).await?;
    let (public_key, _) = read_key(&key)?;
    let name = domains(&job.record).first().filter(|name| name.len() <= LONGEST_NAME).map(|name| format!("CN={name}"));
    let subject = certificate::parse_name(name.as_deref().unwrap_or_default())?;
    let extensions = certificate::subject_alt_names(&job.record.order.san)?.into_iter().collect();
    let request = CertificateRequest { kind: Kind::P10cr, subject, public_key, extensions, renews: None };
    let internal = || Error::new(Code::Internal, DOING);
    let Body::P10cr(request) = sign_request(request, place, &key).await? else { return Err(internal()) };
    let request = request.to_der().map_err(|error| internal().because(error))?;
    job.record.server.as_mut().ok_or_else(internal)?.request = Some(hex(&request));
    job.save("request-made", &certificate::fingerprint(&request))?;
    Ok(request)
}

/// The request is about to leave: from here on the key stays until the order is over.
pub(crate) fn hand_in(job: &mut Job) -> Result<()> {
    let server = job.record.server.as_mut().ok_or_else(|| Error::new(Code::Internal, DOING))?;
    if !server.handed_in {
        server.handed_in = true;
        job.save("handed-in", "")?;
    }
    Ok(())
}

/// It certainly did not.
pub(crate) fn take_back(job: &mut Job) -> Result<()> {
    let server = job.record.server.as_mut().ok_or_else(|| Error::new(Code::Internal, DOING))?;
    server.handed_in = false;
    job.save("not-handed-in", "")
}

/// Installs the certificate for the job's key, with what leads to its root, and proves that both work together. `delivered`: DER, in any
/// order; empty: what was delivered before. What goes wrong keeps everything for the next attempt.
pub(crate) async fn install(desk: &Desk, job: &mut Job, delivered: Vec<Vec<u8>>, ui: &dyn Ui) -> Result<Enrolled> {
    match installed(desk, job, delivered, ui).await {
        Ok(enrolled) => Ok(enrolled),
        Err(error) => Err(settle(desk, job, error, false)?),
    }
}

async fn installed(desk: &Desk, job: &mut Job, delivered: Vec<Vec<u8>>, ui: &dyn Ui) -> Result<Enrolled> {
    if job.record.confirmed {
        return finish(desk, job);
    }
    let bundle = take(job, delivered)?;
    let key = job.record.key.clone().ok_or_else(|| Error::new(Code::Internal, "installing"))?;
    accept_changes(job, &bundle.certificate, ui).await?;
    if job.record.reject.take().is_some() {
        job.record.issued = None;
        job.save("declined", "")?;
        return Err(Error::new(Code::ChangesDeclined, "asking"));
    }
    let mut place = OpenPlace::open(job, desk, ui).await?;
    let (_, scheme) = read_key(&key)?;
    put_in(job, &mut place, &key, &bundle, ui).await?;
    prove(job, &mut place, &key, scheme, &bundle, ui).await?;
    if job.record.reject.take().is_some() {
        job.save("to-be-proved-again", "")?;
        return Err(Error::new(Code::ProofFailed, "proving"));
    }
    // Nobody waits for a word about it.
    job.record.confirmed = true;
    job.save("confirmed", "")?;
    place.finish()?;
    job.close(JobState::Done, "")?;
    enrolled(job)
}

/// Keeps what was delivered, the certificate of our key first, then what leads to its root.
fn take(job: &mut Job, delivered: Vec<Vec<u8>>) -> Result<Bundle> {
    if !job.record.installed && !delivered.is_empty() {
        let order = job.record.server.as_ref().map_or(0, |server| server.order);
        let other = || Error::new(Code::OrderOtherKey, "reading what was delivered").with("order", order);
        let key = job.record.key.as_ref().map(|key| unhex(&key.public_key)).transpose()?.ok_or_else(other)?;
        let own = |der: &&Vec<u8>| certificate::public_key(der).is_ok_and(|found| found == key);
        let certificate = delivered.iter().find(own).ok_or_else(other)?.clone();
        let intermediates = way_up(&certificate, &delivered);
        job.record.issued = Some(IssuedRecord::delivered(&certificate, &intermediates));
        job.record.accepted = false;
        job.save("issued", &certificate::fingerprint(&certificate))?;
    }
    let certificate = issued_certificate(job)?;
    let issued = job.record.issued.as_ref().ok_or_else(|| Error::new(Code::Internal, "installing"))?;
    let label = certificate::describe(&certificate)?.name().to_owned();
    // A root that somebody delivers is nobody's word.
    Ok(Bundle { certificate, intermediates: unhex_all(&issued.extra)?, root: None, label })
}
