//! Bringing a certificate with its key from a PKCS#12 file into a place: no CA has a word in it. Journaled like an enrolment, so that what
//! was interrupted is finished or cleaned up; the file stays as it is.

use std::{fs::File, io::Read, path::Path};

use crate::{
    app::Desk,
    ca::chain,
    certificate,
    error::{Code, Error, Result},
    exports::read_pkcs12,
    jobs::enroll::{Timed, clean_up, install, prove, read_key, settle},
    journal::{ImportRecord, IssuedRecord, Job, KeyRecord, Record, unhex, unhex_all},
    keys::{key_id, software::SoftwareKey},
    model::{CaProfile, CmpOptions, EnrollOrder, ImportOrder, Imported, JobState, Question, Step},
    stores::{Bundle, OpenPlace, ask_secret, blocking},
    ui::{Secret, Ui},
};

const DOING: &str = "importing a certificate";
/// Largest PKCS#12 file that is read.
const LARGEST: u64 = 1024 * 1024;

/// What lies in a file.
pub(crate) struct Content {
    /// DER, that of the key first.
    pub(crate) certificates: Vec<Vec<u8>>,
    key: SoftwareKey,
}

impl Content {
    /// Asks for the file's password and reads it.
    pub(crate) async fn of(path: &str, ui: &dyn Ui) -> Result<Content> {
        let unreadable =
            |cause: std::io::Error| Error::new(Code::FileNotReadable, DOING).with("path", path).because(cause);
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
        let password: Secret = ask_secret(ui, Question::FilePassword { path: path.to_owned(), new: false }).await?;
        let read = blocking(move || read_pkcs12(&bytes, &password)).await?;
        let (certificates, key) = read.map_err(|error| error.with("path", path))?;
        let certified = key_id(&certificate::public_key(&certificates[0])?)?;
        if certified != key_id(&key.public_key()?)? {
            return Err(Error::new(Code::FileNotReadable, DOING)
                .with("path", path)
                .because("another key's certificate"));
        }
        Ok(Content { certificates, key })
    }
}

/// The record of a new import. `profile`: of the CA whose certificate it is, where it is known.
pub(crate) fn record(order: &ImportOrder, content: &Content, profile: Option<CaProfile>) -> Record {
    let file = Path::new(&order.path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let profile = profile.unwrap_or_else(|| nobody(&file));
    let ordered = EnrollOrder {
        ca: profile.name.clone(),
        reference: file,
        place: order.place.clone(),
        key: None,
        key_by_ca: false,
        subject: None,
        san: Vec::new(),
        no_wait: false,
    };
    let mut record = Record::new(ordered, profile);
    record.issued = Some(IssuedRecord::delivered(&content.certificates[0], &content.certificates[1..]));
    record.import = Some(ImportRecord { path: order.path.clone(), exportable: order.exportable });
    record
}

/// In the place of the profile of a CA that is not known here.
pub(super) fn nobody(title: &str) -> CaProfile {
    CaProfile {
        name: String::new(),
        title: title.to_owned(),
        url: String::new(),
        roots: Vec::new(),
        tls_roots: Vec::new(),
        cmp: CmpOptions::default(),
        transport: Default::default(),
        keys: Vec::new(),
        codes: Default::default(),
        demo: false,
    }
}

/// Runs an import to its end. `content`: what was read already. What goes wrong leaves nothing behind: the file has it all.
pub(crate) async fn run(desk: &Desk, job: &mut Job, content: Option<Content>, ui: &dyn Ui) -> Result<Imported> {
    let mut place = match OpenPlace::open(job, desk, ui).await {
        Ok(place) => place,
        Err(error) => {
            let untouched = job.record.provisional_id.is_none();
            return Err(settle(desk, job, error, untouched)?);
        }
    };
    match steps(job, &mut place, content, ui).await {
        Ok(()) => {
            place.finish()?;
            job.close(JobState::Done, "")?;
            imported(job)
        }
        Err(error) => {
            if let Err(failure) = clean_up(job, &mut place, &error, ui).await {
                job.note("clean-up-failed", &failure.code.to_string())?;
            }
            let over = job.record.cleaned;
            Err(settle(desk, job, error, over)?)
        }
    }
}

async fn steps(job: &mut Job, place: &mut OpenPlace, content: Option<Content>, ui: &dyn Ui) -> Result<()> {
    let key = bring(job, place, content, ui).await?;
    let (_, scheme) = read_key(&key)?;
    // From here on what lies in the place is the job's.
    job.record.accepted = true;
    job.save("accepted", "")?;
    let bundle = bundle(job)?;
    install(job, place, &key, &bundle, ui).await?;
    prove(job, place, &key, scheme, &bundle, ui).await?;
    match job.record.reject {
        Some(_) => Err(Error::new(Code::ProofFailed, "proving")),
        None => Ok(()),
    }
}

async fn bring(job: &mut Job, place: &mut OpenPlace, content: Option<Content>, ui: &dyn Ui) -> Result<KeyRecord> {
    let step = Timed::begin(Step::MakeKey, job.record.key.is_some(), ui);
    let key = match job.record.key.clone() {
        Some(key) if key.named => key,
        _ => {
            let path = job.record.import.as_ref().map(|import| import.path.clone()).unwrap_or_default();
            let content = match content {
                Some(content) => content,
                None => Content::of(&path, ui).await?,
            };
            if issued(job)?.0 != content.certificates[0] {
                return Err(Error::new(Code::CertificateNotFound, DOING).with("certificate", path));
            }
            let secret = content.key.pkcs8()?.to_bytes();
            place.take_key(job, secret, ui).await?
        }
    };
    step.end(job, ui);
    Ok(key)
}

/// The certificate and those that came with it.
fn issued(job: &Job) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
    let issued = job.record.issued.as_ref().ok_or_else(|| Error::new(Code::Internal, DOING))?;
    Ok((unhex(&issued.certificate)?, unhex_all(&issued.extra)?))
}

/// Intermediates go in as well; a root that lies in a file is nobody's word.
fn bundle(job: &Job) -> Result<Bundle> {
    let (certificate, others) = issued(job)?;
    let is_root = |der: &Vec<u8>| chain::is_signed_by(der, der).is_ok();
    let intermediates = others.into_iter().filter(|der| !is_root(der)).collect();
    let label = certificate::describe(&certificate)?.name().to_owned();
    Ok(Bundle { certificate, intermediates, root: None, label })
}

/// The result as it stands in the journal.
fn imported(job: &Job) -> Result<Imported> {
    let (place, place_name) = job.record.whereabouts();
    Ok(Imported {
        job: job.id(),
        certificate: certificate::describe(&issued(job)?.0)?,
        place,
        place_name,
        key_id: job.record.key.as_ref().map(|key| key.key_id.clone()).unwrap_or_default(),
        proved: job.record.proved,
    })
}
