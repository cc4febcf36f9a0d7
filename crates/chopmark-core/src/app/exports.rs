//! Copies of certificates, with their keys where those may leave.

use std::path::Path;

use zeroize::Zeroizing;

use super::{App, certificates::in_files_known};
use crate::{
    certificate,
    error::{Code, Error, Result},
    exports::{Written, holds, pem_certificates, pem_key, pkcs12},
    files::write_whole,
    keys::software::SoftwareKey,
    model::*,
    stores::{ask_secret, blocking, computer, file},
    ui::{Secret, Ui},
};

const DOING: &str = "exporting a certificate";

/// What goes into the files.
struct Content {
    certificates: Vec<Vec<u8>>,
    /// Name to show beside it.
    label: String,
    key: Option<SoftwareKey>,
    password: Option<Secret>,
}

impl App {
    /// Writes a copy of a certificate, and reads it back. Keys leave files, and Windows' store where they may.
    ///
    /// # Errors
    /// [`Code::KeyCannotLeave`], [`Code::NoKeyForCertificate`], [`Code::FileExists`] unless it may be replaced, [`Code::FilePasswordWrong`],
    /// [`Code::FileNotWritable`]; those of [`App::certificate`].
    pub async fn export(&self, order: ExportOrder, ui: &dyn Ui) -> Result<Exported> {
        let with_key = order.format == ExportFormat::Pkcs12 || (order.with_key && order.format == ExportFormat::Pem);
        let mut found = self.certificate(&order.certificate).await?;
        let in_file = |found: &FoundCertificate| found.place_kind == "file" && found.has_key == Some(true);
        if with_key && !in_file(&found) {
            let files = in_files_known(&self.desk.journal)?;
            let same = |one: &FoundCertificate| one.certificate.sha256 == found.certificate.sha256 && in_file(one);
            found = match files.into_iter().find(same) {
                Some(file) => file,
                None if found.place_kind == "file" => {
                    let error = Error::new(Code::NoKeyForCertificate, DOING);
                    let error = error.with("certificate", &found.certificate.sha256);
                    return Err(error.with("place", &found.place_name).with("kind", &found.place_kind));
                }
                None => found,
            };
        }
        for path in [Some(&order.to), order.key_to.as_ref()].into_iter().flatten() {
            if !order.replace && Path::new(path).exists() {
                return Err(Error::new(Code::FileExists, DOING).with("path", path));
            }
        }
        let der = certificate::der_of(&found.certificate)?;
        let (links, trusted) = self.chain_of(&found)?;
        let mut certificates = vec![der.clone()];
        if order.chain && order.format != ExportFormat::Der {
            for link in &links[1..] {
                certificates.push(certificate::der_of(&link.certificate)?);
            }
        }
        let key = if with_key { Some(self.key_of(&found, &der, ui).await?) } else { None };
        let password = match key.is_some() && !(order.plain_key && order.format == ExportFormat::Pem) {
            true => Some(ask_secret(ui, Question::FilePassword { path: order.to.clone(), new: true }).await?),
            false => None,
        };
        let label = found.certificate.name().to_owned();
        let exported = Exported {
            certificate: found.certificate,
            paths: [
                Some(order.to.clone()),
                order.key_to.clone().filter(|_| key.is_some() && order.format == ExportFormat::Pem),
            ]
            .into_iter()
            .flatten()
            .collect(),
            key: key.is_some(),
            chain: u32::try_from(certificates.len() - 1).unwrap_or(u32::MAX),
            complete: order.chain.then_some(trusted),
        };
        let content = Content { certificates, label, key, password };
        blocking(move || write(&order, &content)).await??;
        Ok(exported)
    }
}

impl App {
    /// The key of a certificate, where it may leave: a file, and Windows' store if whoever made the key wanted it so.
    pub(super) async fn key_of(&self, found: &FoundCertificate, der: &[u8], ui: &dyn Ui) -> Result<SoftwareKey> {
        let stays = || {
            let error = Error::new(Code::KeyCannotLeave, DOING).with("certificate", &found.certificate.sha256);
            error.with("place", &found.place_name).with("kind", &found.place_kind)
        };
        match Place::parse(&found.place)?.0 {
            Place::File { path } => file::key_of(path.into(), der, ui).await,
            place @ Place::Computer { .. } => match computer::key_of(&self.desk, place, der, ui).await {
                Err(error) if error.code == Code::KeyCannotLeave => Err(stays().because(error)),
                key => key,
            },
            Place::Token { .. } => Err(stays()),
        }
    }
}

fn write(order: &ExportOrder, content: &Content) -> Result<()> {
    let Content { certificates, label, key, password } = content;
    let password = password.as_ref();
    match (order.format, key, password) {
        (ExportFormat::Der, ..) => {
            put(&order.to, order, &certificates[0], |bytes| holds(&Written::Der(bytes), certificates))
        }
        (ExportFormat::Pkcs12, Some(key), Some(password)) => {
            let bytes = pkcs12(label, key, certificates, password, order.legacy)?;
            put(&order.to, order, &bytes, |bytes| holds(&Written::Pkcs12(bytes, password), certificates))
        }
        (ExportFormat::Pkcs12, ..) => Err(Error::new(Code::Internal, DOING)),
        (ExportFormat::Pem, ..) => {
            let text = pem_certificates(certificates)?;
            let key = key.as_ref().map(|key| pem_key(key, password)).transpose()?;
            let certified = |bytes: &[u8]| holds(&Written::Certificates(bytes), certificates);
            let keyed = |bytes: &[u8]| holds(&Written::Key(bytes, password), certificates);
            match (key, &order.key_to) {
                (None, _) => put(&order.to, order, text.as_bytes(), certified),
                (Some(key), Some(key_to)) => {
                    // The key first: a certificate without it would look like success.
                    put(key_to, order, key.as_bytes(), keyed)?;
                    put(&order.to, order, text.as_bytes(), certified)
                }
                (Some(key), None) => {
                    let both = Zeroizing::new([key.as_str(), text.as_str()].concat());
                    put(&order.to, order, both.as_bytes(), |bytes| certified(bytes) && keyed(bytes))
                }
            }
        }
    }
}

/// Writes a file and looks whether it holds what it should.
fn put(path: &str, order: &ExportOrder, bytes: &[u8], holds: impl Fn(&[u8]) -> bool) -> Result<()> {
    let path = Path::new(path);
    write_whole(path, bytes, order.replace)?;
    let bad = || Error::new(Code::FileNotWritable, "reading back a file").with("path", path.display());
    let read = std::fs::read(path).map(Zeroizing::new).map_err(|error| bad().because(error))?;
    if holds(&read) { Ok(()) } else { Err(bad()) }
}
