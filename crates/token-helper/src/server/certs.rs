//! Certificates: store, list, delete.

use super::encoding::{CertificateFields, certificate_fields, common_name};
use super::refusal::{code, describe};
use super::{Open, quirks};
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use sha1::{Digest, Sha1};
use std::collections::HashSet;
use token_helper::HelperError;
use token_helper::wire::{Certificate, Installed};

impl Open {
    /// The holder's certificate first, read back and compared; then what the token takes of the chain.
    pub(super) fn install_certificate(
        &mut self,
        key_id: &[u8],
        label: &str,
        certificate: &[u8],
        chain: &[Vec<u8>],
    ) -> Result<Installed, HelperError> {
        let fields = certificate_fields(certificate)
            .map_err(|error| HelperError::TemplateRefused { detail: format!("not a certificate: {error}") })?;
        let present = |open: &Open| -> Result<bool, HelperError> {
            let here = open.certificate_objects()?;
            Ok(here.into_iter().any(|(object, der)| der == certificate && open.id(object) == key_id))
        };
        if !present(self)? {
            self.spare_others(key_id, fields.public_key)?;
            self.store(key_id, label, certificate, &fields)?;
            // By content alone: some tokens dictate ids.
            if !self.certificate_objects()?.into_iter().any(|(_, der)| der == certificate) {
                return Err(HelperError::TemplateRefused { detail: "the certificate reads back differently".into() });
            }
        }
        if self.has_fixed_places() {
            // It would have to lie in the place of another key.
            return Ok(Installed { chain_installed: 0, chain_refused: chain.len() });
        }
        self.install_chain(certificate, chain)
    }

    /// A card has one place for each certificate, and writing there overwrites. A certificate of the same key may go: ykcs11 makes
    /// one of its own for every new key.
    fn spare_others(&self, key_id: &[u8], public_key: &[u8]) -> Result<(), HelperError> {
        if !self.has_fixed_places() {
            return Ok(());
        }
        for (object, der) in self.certificate_objects()? {
            let same_key = certificate_fields(&der).is_ok_and(|fields| fields.public_key == public_key);
            if self.id(object) == key_id && !same_key {
                return Err(HelperError::PlaceTaken { label: self.read(object, &[AttributeType::Label]).label() });
            }
        }
        Ok(())
    }

    fn install_chain(&self, certificate: &[u8], chain: &[Vec<u8>]) -> Result<Installed, HelperError> {
        let here: HashSet<Vec<u8>> = self.certificate_objects()?.into_iter().map(|(_, der)| der).collect();
        let mut installed = Installed { chain_installed: 0, chain_refused: 0 };
        let mut seen: HashSet<&[u8]> = HashSet::from([certificate]);
        for ca in chain.iter().filter(|ca| seen.insert(ca)) {
            let stored = here.contains(ca)
                || certificate_fields(ca).is_ok_and(|fields| {
                    let label = common_name(fields.subject).unwrap_or_else(|| "CA".into());
                    self.store_ca(&label, ca, &fields).is_ok()
                });
            if stored {
                installed.chain_installed += 1;
            } else {
                installed.chain_refused += 1;
            }
        }
        Ok(installed)
    }

    /// A CA's certificate, unless it is there.
    pub(super) fn store_once(
        &self,
        label: &str,
        der: &[u8],
        fields: &CertificateFields<'_>,
    ) -> Result<(), HelperError> {
        let here = self.certificate_objects()?.into_iter().any(|(_, found)| found == der);
        if here { Ok(()) } else { self.store_ca(label, der, fields) }
    }

    fn store_ca(&self, label: &str, der: &[u8], fields: &CertificateFields<'_>) -> Result<(), HelperError> {
        self.store(&Sha1::digest(fields.public_key), label, der, fields)
    }

    /// As with keys: a full template, then one without what some tokens do not take.
    fn store(&self, id: &[u8], label: &str, der: &[u8], fields: &CertificateFields<'_>) -> Result<(), HelperError> {
        let minimal = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Token(true),
            Attribute::Id(id.to_vec()),
            Attribute::Subject(fields.subject.to_vec()),
            Attribute::Value(der.to_vec()),
        ];
        let more = [
            Attribute::Private(false),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Issuer(fields.issuer.to_vec()),
            Attribute::SerialNumber(fields.serial.to_vec()),
        ];
        match self.session.create_object(&[&minimal[..], &more].concat()) {
            Ok(_) => return Ok(()),
            Err(error) if !quirks::is_about_the_template(code(&error)) => return Err(self.officer_or(error)),
            Err(_) => {}
        }
        match self.session.create_object(&minimal) {
            Ok(_) => Ok(()),
            Err(error) if quirks::is_about_the_template(code(&error)) => {
                Err(HelperError::TemplateRefused { detail: format!("minimal template: {}", describe(&error)) })
            }
            Err(error) => Err(self.officer_or(error)),
        }
    }

    /// Every certificate with its content. Those without (kept elsewhere, CKA_URL) are left out.
    fn certificate_objects(&self) -> Result<Vec<(ObjectHandle, Vec<u8>)>, HelperError> {
        let objects = self.objects(ObjectClass::CERTIFICATE, None)?;
        let with_content =
            objects.into_iter().filter_map(|object| Some((object, self.bytes(object, AttributeType::Value)?)));
        Ok(with_content.filter(|(_, der)| !der.is_empty()).collect())
    }

    /// All certificates.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>, HelperError> {
        let keys: Option<HashSet<Vec<u8>>> = match self.private_visible {
            true => {
                let keys = self.objects(ObjectClass::PRIVATE_KEY, None)?;
                Some(keys.into_iter().map(|object| self.id(object)).collect())
            }
            false => None,
        };
        let describe = |object: ObjectHandle| {
            let read = self.read(object, &[AttributeType::Label, AttributeType::Id, AttributeType::Value]);
            let der = read.bytes(AttributeType::Value).filter(|der| !der.is_empty())?.to_vec();
            let key_id = read.id();
            let has_key = keys.as_ref().map(|keys| !key_id.is_empty() && keys.contains(&key_id));
            Some(Certificate { label: read.label(), has_key, key_id, der })
        };
        Ok(self.objects(ObjectClass::CERTIFICATE, None)?.into_iter().filter_map(describe).collect())
    }

    /// Only what is the same to the last byte.
    pub(super) fn delete_certificate(&mut self, certificate: &[u8]) -> Result<bool, HelperError> {
        let mut deleted = false;
        for (object, der) in self.certificate_objects()? {
            if der == certificate {
                self.session.destroy_object(object).map_err(|error| self.officer_or(error))?;
                deleted = true;
            }
        }
        Ok(deleted)
    }
}
