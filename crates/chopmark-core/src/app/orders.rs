//! What can be ordered: a certificate, its renewal, its revocation, and what the CA says about itself.

use cmp_protocol::request::CertificateId;

use super::{App, certificates::Origin};
use crate::{
    certificate,
    codes::checked,
    error::{Code, Error, Result},
    jobs::{
        dialogue::{self, Voice},
        enroll, inform,
        old_key::OldKey,
        renew, resume, revoke,
    },
    journal::{Record, unhex},
    model::*,
    ui::{Secret, Ui},
};

impl App {
    /// Gets a certificate: the main job (design §4). An order that was interrupted before is gone on with.
    pub async fn enroll(&self, order: EnrollOrder, profile: CaProfile, ui: &dyn Ui) -> Result<Enrolled> {
        let same = |view: &JobView| {
            view.kind == JobKind::Enroll && EnrollOrder { no_wait: order.no_wait, ..view.order.clone() } == order
        };
        let open = self.desk.journal.unfinished(same)?;
        self.run(open, Record::new(order, profile), ui).await
    }

    /// Renews a certificate: a new key and certificate in the same place (or the one named), the old ones untouched until
    /// the new are proven. An order that was interrupted before is gone on with.
    ///
    /// # Errors
    /// [`Code::CertificateNotFound`], [`Code::CaOfCertificateUnknown`], [`Code::NoKeyForCertificate`], and those of an
    /// enrolment.
    pub async fn renew(&self, order: RenewOrder, ui: &dyn Ui) -> Result<Enrolled> {
        let found = self.certificate(&order.certificate).await?;
        let same =
            |view: &JobView| view.kind == JobKind::Renew && view.renews.as_ref() == Some(&found.certificate.sha256);
        let open = self.desk.journal.unfinished(same)?;
        let origin = self.origin(&found.certificate.sha256, order.ca.as_deref())?;
        let old = renew::with_pin_source(self.with_key(&found, &origin)?, &order);
        let reference = given_or(order.reference.as_deref(), &origin.reference)?;
        self.run(open, renew::record(&order, old, origin.profile, reference)?, ui).await
    }

    /// Runs the job that is open for this order, or a new one with this record.
    async fn run(&self, open: Option<String>, record: Record, ui: &dyn Ui) -> Result<Enrolled> {
        let mut job = match open {
            None => self.desk.journal.begin(record)?,
            Some(id) => {
                let mut job = self.desk.journal.take(&id)?;
                if job.record.confirmed && !renew::is_open(&job.record) {
                    return resume::finish(&self.desk, &mut job);
                }
                if job.record.clean_up {
                    resume::discard(&self.desk, &mut job, ui).await?;
                    self.desk.journal.begin(record)?
                } else {
                    job.record.use_profile(record.profile);
                    job.record.order.no_wait = record.order.no_wait;
                    job.reopen()?;
                    job
                }
            }
        };
        enroll::run(&self.desk, &mut job, ui).await
    }

    /// Revokes a certificate. The caller has made sure that the person means it: it cannot be taken back.
    ///
    /// # Errors
    /// As [`App::renew`]; [`Code::AlreadyRevoked`].
    pub async fn revoke(&self, order: RevokeOrder, ui: &dyn Ui) -> Result<Revoked> {
        let (target, origin) = self.revocation_target(&order).await?;
        let sha256 = target.certificate.as_deref().map(certificate::fingerprint);
        let same = |view: &JobView| view.kind == JobKind::Revoke && sha256.is_some() && view.sha256 == sha256;
        if let Some(id) = self.desk.journal.unfinished(same)? {
            let mut job = self.desk.journal.take(&id)?;
            job.record.order.no_wait = order.no_wait;
            job.reopen()?;
            return revoke::run(&self.desk, &mut job, ui).await;
        }
        let reference = given_or(order.reference.as_deref(), &origin.reference)?;
        let mut job = self.desk.journal.begin(revoke::record(&order, target, origin.profile, reference)?)?;
        revoke::run(&self.desk, &mut job, ui).await
    }

    async fn revocation_target(&self, order: &RevokeOrder) -> Result<(revoke::Target, Origin)> {
        match &order.certificate {
            CertificateChoice::Fingerprint { sha256 } => {
                let found = self.certificate(sha256).await?;
                let origin = self.origin(&found.certificate.sha256, order.ca.as_deref())?;
                let der = certificate::der_of(&found.certificate)?;
                let old = if order.reference.is_none() { Some(self.with_key(&found, &origin)?) } else { None };
                let target = revoke::Target { id: CertificateId::of(&der)?, certificate: Some(der), old };
                Ok((target, origin))
            }
            CertificateChoice::Serial { issuer, serial } => {
                let bad = || Error::new(Code::BadInput, "reading the serial number").with("what", "serial");
                let digits: String = serial.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
                let even = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
                let mut serial = unhex(&even).map_err(|_| bad())?;
                if serial.is_empty() {
                    return Err(bad());
                }
                // As the content of an INTEGER: a positive number.
                if serial[0] & 0x80 != 0 {
                    serial.insert(0, 0);
                }
                let id = CertificateId { issuer: certificate::parse_name(issuer)?, serial };
                let target = revoke::Target { id, certificate: None, old: None };
                let unknown = || Error::new(Code::CaOfCertificateUnknown, "revoking").with("certificate", issuer);
                let profile = self.desk.profiles.show(order.ca.as_deref().ok_or_else(unknown)?)?;
                // Without the certificate there is no key that could sign: it takes codes.
                let reference = order.reference.clone().filter(|reference| !reference.is_empty());
                let missing = || Error::new(Code::NobodyToAsk, "revoking").with("what", "reference");
                Ok((target, Origin { profile, reference: reference.ok_or_else(missing)?, chain: Vec::new() }))
            }
        }
    }

    /// Asks a CA about itself.
    pub async fn ca_information(
        &self,
        profile: &CaProfile,
        kind: InformationKind,
        asker: Asker,
        ui: &dyn Ui,
    ) -> Result<CaInformation> {
        let (reference, mut voice) = match asker {
            Asker::Codes { reference } => {
                let reference = checked(Secret::new(reference), CodePart::ReferenceNumber, None, ui).await?;
                let reference = reference.expose().to_owned();
                let code = dialogue::ask_code_of(profile, &reference, ui, CodePurpose::Ask, None).await?;
                (reference, Voice::Codes(code))
            }
            Asker::Certificate { sha256 } => {
                let found = self.certificate(&sha256).await?;
                let chain = self.origin(&found.certificate.sha256, None).map_or(Vec::new(), |origin| origin.chain);
                let origin = Origin { profile: profile.clone(), reference: String::new(), chain };
                let old = self.with_key(&found, &origin)?;
                (String::new(), Voice::Key(Box::new(OldKey::open(&old, &self.desk, ui).await?)))
            }
        };
        inform::run(&self.desk, profile, kind, (reference, &mut voice), ui).await
    }

    /// What a known CA wants in a request of the holder of the two codes; `None`: nothing in particular.
    pub async fn request_template(&self, ca: &str, reference: String, ui: &dyn Ui) -> Result<Option<RequestTemplate>> {
        let (profile, asker) = (self.ca_show(ca)?, Asker::Codes { reference });
        Ok(self.ca_information(&profile, InformationKind::RequestTemplate, asker, ui).await?.template)
    }

    /// Goes on with an interrupted, waiting or unconfirmed job.
    pub async fn resume(&self, job: &str, ui: &dyn Ui) -> Result<Resumed> {
        let mut job = self.desk.journal.take(job)?;
        if job.record.server.is_some() {
            return self.resume_key(job, ui).await;
        }
        resume::resume(&self.desk, &mut job, ui).await
    }

    /// Gives up a job whose certificate is not installed, and removes the key it made. A certificate that has come is
    /// rejected to the CA.
    ///
    /// # Errors
    /// [`Code::HasCertificate`] when the certificate is installed: such a job is resumed.
    pub async fn discard(&self, job: &str, ui: &dyn Ui) -> Result<Resumed> {
        let mut job = self.desk.journal.take(job)?;
        if job.record.server.is_some() {
            return self.discard_key(job, ui).await;
        }
        resume::give_up(&self.desk, &mut job, ui).await
    }
}

/// A reference number that was given; an empty one means the one that is known, which codes cannot do without.
fn given_or(given: Option<&str>, known: &str) -> Result<String> {
    match given {
        Some("") if known.is_empty() => Err(Error::new(Code::NobodyToAsk, "asking the CA").with("what", "reference")),
        Some("") | None => Ok(known.to_owned()),
        Some(given) => Ok(given.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window runs jobs on threads of its own choosing.
    #[allow(dead_code, reason = "that it compiles is the test")]
    fn jobs_may_change_their_thread(
        app: &App,
        order: (EnrollOrder, RenewOrder, RevokeOrder),
        ca: CaProfile,
        ui: &dyn Ui,
    ) {
        fn is_send(_: impl Send) {}
        is_send(app.enroll(order.0, ca, ui));
        is_send(app.renew(order.1, ui));
        is_send(app.revoke(order.2, ui));
        is_send(app.resume("1", ui));
        is_send(app.discard("1", ui));
    }
}
