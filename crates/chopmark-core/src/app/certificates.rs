//! The certificates at hand: on tokens, in this computer's stores, in files the journal knows; each with where it came from.

use std::{collections::BTreeSet, path::Path};

use super::App;
use crate::{
    ca::chain,
    certificate, clock, drivers,
    error::{Code, Error, Result},
    helper_program::helper_program,
    journal::{OldRecord, Record, unhex},
    model::*,
    place::PlaceExtras,
    stores::{computer, file, token},
};

/// Where a certificate came from.
pub(super) struct Origin {
    pub(super) profile: CaProfile,
    /// The reference number it was enrolled with; empty where that is not known.
    pub(super) reference: String,
    /// Intermediates, DER.
    pub(super) chain: Vec<Vec<u8>>,
}

/// The intermediates that came with a certificate, as far as they lead to a root.
fn known_chain(record: &Record) -> Vec<Vec<u8>> {
    let Some(issued) = &record.issued else { return Vec::new() };
    let path = chain::roots_from_pem(&record.profile.roots)
        .and_then(|roots| chain::verify(&unhex(&issued.certificate)?, &issued.others()?, &roots));
    path.map_or(Vec::new(), |(intermediates, _)| intermediates)
}

/// Shortest part of a fingerprint that names a certificate, in hex digits.
const SHORTEST_FINGERPRINT: usize = 4;

/// What was found, and what could not be looked into.
#[derive(Default)]
struct Seen {
    certificates: Vec<FoundCertificate>,
    problems: Vec<Error>,
}

impl Seen {
    fn take(&mut self, read: token::Read, kind: &str) {
        match read.result {
            Ok(found) => self.certificates.extend(found.into_iter().filter_map(|found| {
                Some(FoundCertificate {
                    certificate: certificate::describe(&found.der).ok()?,
                    place: found.uri,
                    place_name: read.label.clone(),
                    place_kind: kind.to_owned(),
                    has_key: found.has_key,
                    ca: None,
                    revoked: None,
                })
            })),
            Err(error) => self.problems.push(error),
        }
    }
}

impl App {
    /// Certificates on tokens, in this computer's stores and in files the journal knows, or in one place.
    pub async fn certificates(&self, place: Option<&Place>) -> Result<CertificateList> {
        let seen = self.see(place).await?;
        let problems = seen.problems.iter().map(|error| self.explain(error)).collect();
        Ok(CertificateList { certificates: seen.certificates, problems })
    }

    async fn see(&self, place: Option<&Place>) -> Result<Seen> {
        let finished = self.desk.journal.finished()?;
        let mut seen = Seen::default();
        if matches!(place, None | Some(Place::Token { .. })) {
            self.on_tokens(place, &mut seen).await?;
        }
        if matches!(place, None | Some(Place::Computer { .. })) {
            self.in_stores(place, &mut seen).await?;
        }
        if matches!(place, None | Some(Place::File { .. })) {
            in_files(&finished, place, &mut seen)?;
        }
        for found in &mut seen.certificates {
            annotate(found, &finished);
        }
        seen.certificates.sort_by_key(|found| found.certificate.not_after_unix);
        Ok(seen)
    }

    async fn on_tokens(&self, place: Option<&Place>, seen: &mut Seen) -> Result<()> {
        let any =
            Place::Token { label: None, serial: None, manufacturer: None, model: None, driver: None, pin_source: None };
        let program = helper_program(self.desk.options.helper.as_deref())?;
        let (looked, around) = self.desk.look_around(&program, place.unwrap_or(&any)).await?;
        if let Some(place) = place {
            drivers::matching(&looked, place, &around, &self.desk.machine().catalogue)?;
        }
        for read in token::certificates(&program, &looked, place).await {
            seen.take(read, "token");
        }
        Ok(())
    }

    async fn in_stores(&self, place: Option<&Place>, seen: &mut Seen) -> Result<()> {
        let program = helper_program(self.desk.options.helper.as_deref())?;
        for read in computer::certificates(&self.desk, &program, place).await? {
            seen.take(read, "computer");
        }
        Ok(())
    }

    /// One certificate: by its SHA-256 fingerprint (a unique prefix will do; colons and spaces do not matter), or by a place
    /// with `id` or `object` (needed only where there are several).
    ///
    /// # Errors
    /// [`Code::CertificateNotFound`]; [`Code::BadInput`] with the fact `reason`; those of looking into a place.
    pub async fn certificate(&self, text: &str) -> Result<FoundCertificate> {
        let scheme = text.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*scheme {
            "pkcs11" | "file" | "computer" => self.certificate_in(text).await,
            _ => self.certificate_by_fingerprint(text).await,
        }
    }

    async fn certificate_by_fingerprint(&self, text: &str) -> Result<FoundCertificate> {
        let wanted = fingerprint(text)?;
        let missing = || Error::new(Code::CertificateNotFound, "looking for a certificate").with("certificate", text);
        let seen = self.see(None).await?;
        let mut found = seen.certificates.into_iter().filter(|found| found.certificate.sha256.starts_with(&wanted));
        let first = found.next().ok_or_else(missing)?;
        if found.any(|other| other.certificate.sha256 != first.certificate.sha256) {
            return Err(missing());
        }
        Ok(first)
    }

    /// The only certificate in a place, or the one that `id` or `object` names. A file that holds the PIN stays named.
    async fn certificate_in(&self, text: &str) -> Result<FoundCertificate> {
        let (place, extras) = Place::parse(text)?;
        let mut seen = self.see(Some(&place)).await?;
        seen.certificates.retain(|found| found.fits(&extras));
        if seen.certificates.is_empty() {
            let missing = Error::new(Code::CertificateNotFound, "looking for a certificate");
            return Err(seen.problems.pop().unwrap_or(missing.with("certificate", place.uri_with(&extras))));
        }
        if seen.certificates.len() > 1 {
            let names: Vec<String> =
                seen.certificates.iter().map(|found| found.certificate.name().to_owned()).collect();
            let error = Error::new(Code::BadInput, "looking for a certificate");
            return Err(error.with("reason", "certificate-without-object").with("seen", names.join(", ")));
        }
        let mut found = seen.certificates.remove(0);
        if let Place::Token { pin_source: Some(given), .. } = place
            && let (Place::Token { label, serial, manufacturer, model, driver, .. }, extras) =
                Place::parse(&found.place)?
        {
            let place = Place::Token { label, serial, manufacturer, model, driver, pin_source: Some(given) };
            found.place = place.uri_with(&extras);
        }
        Ok(found)
    }

    /// Where a certificate came from, as far as the journal knows; `ca` names the profile instead of it.
    pub(super) fn origin(&self, sha256: &str, ca: Option<&str>) -> Result<Origin> {
        let finished = self.desk.journal.finished()?.into_iter().filter(|record| !record.profile.name.is_empty());
        let record = { finished }.find(|record| {
            let issued = record.issued.as_ref().and_then(|issued| unhex(&issued.certificate).ok());
            issued.is_some_and(|der| certificate::fingerprint(&der) == sha256)
        });
        let chain = record.as_ref().map_or(Vec::new(), known_chain);
        let reference = record.as_ref().map_or(String::new(), |record| record.order.reference.clone());
        let profile = match (ca.filter(|ca| !ca.is_empty()), record) {
            (Some(ca), _) => self.desk.profiles.show(ca)?,
            (None, Some(record)) => self.desk.profiles.show(&record.profile.name).unwrap_or(record.profile),
            (None, None) => {
                let unknown = Error::new(Code::CaOfCertificateUnknown, "looking for the CA");
                return Err(unknown.with("certificate", sha256));
            }
        };
        Ok(Origin { profile, reference, chain })
    }

    pub(super) fn with_key(&self, found: &FoundCertificate, origin: &Origin) -> Result<OldRecord> {
        if found.has_key == Some(false) {
            let error = Error::new(Code::NoKeyForCertificate, "looking for the key");
            return Err(error.with("certificate", &found.certificate.sha256));
        }
        OldRecord::of(found, &origin.chain)
    }
}

/// All files that the journal knows of.
pub(crate) fn in_files_known(journal: &crate::journal::Journal) -> Result<Vec<FoundCertificate>> {
    let mut seen = Seen::default();
    in_files(&journal.finished()?, None, &mut seen)?;
    Ok(seen.certificates)
}

/// What is in PKCS#12 files is known from the journal, for they are encrypted; that they are still there is looked at. PEM says it
/// itself, also where the journal does not know the file.
fn in_files(finished: &[Record], place: Option<&Place>, seen: &mut Seen) -> Result<()> {
    let mut paths = BTreeSet::new();
    for record in finished {
        let (Place::File { path }, Some(issued)) = (&record.order.place, &record.issued) else { continue };
        let wanted = place.is_none_or(|place| *place == record.order.place);
        if !wanted || !Path::new(path).exists() || !paths.insert(path.clone()) {
            continue;
        }
        seen.certificates.push(match shown_in_file(path) {
            Some(found) => found,
            None => in_file(path, &unhex(&issued.certificate)?, true)?,
        });
    }
    if let Some(Place::File { path }) = place
        && !paths.contains(path)
    {
        seen.certificates.extend(shown_in_file(path));
    }
    Ok(())
}

fn shown_in_file(path: &str) -> Option<FoundCertificate> {
    let (der, has_key) = file::shown(Path::new(path))?;
    in_file(path, &der, has_key).ok()
}

fn in_file(path: &str, der: &[u8], has_key: bool) -> Result<FoundCertificate> {
    Ok(FoundCertificate {
        certificate: certificate::describe(der)?,
        place: Place::File { path: path.to_owned() }.uri(),
        place_name: path.to_owned(),
        place_kind: "file".to_owned(),
        has_key: Some(has_key),
        ca: None,
        revoked: None,
    })
}

/// What the journal knows about a certificate that was found.
fn annotate(found: &mut FoundCertificate, finished: &[Record]) {
    let about = |record: &&Record| {
        record.certificate().is_some_and(|der| certificate::fingerprint(&der) == found.certificate.sha256)
    };
    for record in finished.iter().filter(about) {
        match &record.revocation {
            Some(revocation) => found.revoked = revocation.at.clone(),
            // Out of a file, of a CA that is not known here.
            None if record.profile.name.is_empty() => {}
            None => found.ca = Some(record.profile.name.clone()),
        }
    }
}

fn fingerprint(text: &str) -> Result<String> {
    let hex: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_ascii_lowercase();
    let good = (SHORTEST_FINGERPRINT..=64).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if good {
        Ok(hex)
    } else {
        Err(Error::new(Code::BadInput, "looking for a certificate").with("reason", "fingerprint"))
    }
}

impl CertificateInfo {
    /// As people call it: the common name, or the whole subject where there is none.
    pub fn name(&self) -> &str {
        self.cn.as_deref().unwrap_or(&self.subject)
    }

    /// Its time has not begun.
    pub fn is_to_come(&self) -> bool {
        clock::from_rfc3339(&self.not_before).is_some_and(|begin| begin > clock::now() as i64)
    }
}

impl FoundCertificate {
    /// Is this text in its name, issuer, serial number, fingerprint or place? Spaces and colons in numbers do not matter.
    pub fn mentions(&self, text: &str) -> bool {
        let wanted = text.trim().to_lowercase();
        let number: String = wanted.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let info = &self.certificate;
        let words = [&info.subject, &info.issuer, &self.place_name].into_iter().chain(&info.san);
        words.into_iter().any(|one| one.to_lowercase().contains(&wanted))
            || [&info.serial, &info.sha256].into_iter().any(|one| !number.is_empty() && one.contains(&number))
    }

    /// Is it the object that a place names? The URI of what was found says `id` and `object`.
    pub fn fits(&self, wanted: &PlaceExtras) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let Ok((_, has)) = Place::parse(&self.place) else { return false };
        (wanted.id.is_none() || wanted.id == has.id) && (wanted.object.is_none() || wanted.object == has.object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read() {
        assert_eq!(fingerprint("AB:CD 12").unwrap(), "abcd12");
        for wrong in ["", "abc", "xyz1", &"a".repeat(65)] {
            assert!(fingerprint(wrong).is_err(), "{wrong}");
        }
    }
}
