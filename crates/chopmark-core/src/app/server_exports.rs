//! Certificates as web servers want them.

use std::path::PathBuf;

use super::{App, certificates::in_files_known};
use crate::{
    certificate,
    error::{Code, Error, Result},
    hints,
    model::*,
    servers::{Bundle, HeldKey, Served, wants_password},
    stores::{ask_secret, blocking},
    ui::Ui,
};

const DOING: &str = "exporting for a web server";

impl App {
    /// Writes a certificate as a web server wants it, with its key where that may leave its place, and what to do with it.
    ///
    /// # Errors
    /// [`Code::FileExists`] unless files may be replaced, [`Code::FileNotWritable`], [`Code::FilePasswordWrong`]; those of
    /// [`App::certificate`], and for an order those of [`App::order_certificate`].
    pub async fn export_for_server(&self, order: ServerExport, ui: &dyn Ui) -> Result<ServerExported> {
        let (chain, found) = match &order.of {
            ServerCertificate::Certificate { certificate } => {
                let found = self.certificate(certificate).await?;
                (Vec::new(), Some(found))
            }
            ServerCertificate::Order { order } => {
                let chain = self.order_certificate(order, None).await?;
                let first = chain.first().ok_or_else(|| Error::new(Code::OrderNoCertificate, DOING))?;
                let found = self.certificate(&certificate::fingerprint(first)).await;
                let found = match found {
                    Err(error) if error.code == Code::CertificateNotFound => None,
                    found => Some(found?),
                };
                (chain, found)
            }
        };
        let (certificates, complete) = match (&found, chain.is_empty()) {
            (Some(found), true) => self.without_root(found)?,
            _ => (delivered(chain)?, None),
        };
        let info = certificate::describe(&certificates[0])?;
        let key = self.held_key(found, &certificates[0], &order, ui).await?;
        let (key_is, language) = (key.is(), self.desk.language());
        let until = info.not_after.split('T').next().unwrap_or_default();
        let read_me = hints::servers::read_me(order.server, key_is, info.name(), until);
        let served = Served { certificates, key };
        let (server, folder) = (order.server, PathBuf::from(&order.to));
        let (files, lines) = blocking(move || {
            let bundle = Bundle { server, folder: &folder, legacy: order.legacy, replace: order.replace };
            bundle.write(&served, &read_me)
        })
        .await??;
        let steps = hints::servers::steps(server, key_is, language);
        Ok(ServerExported { certificate: info, server, files, key: key_is, lines, steps, complete })
    }

    /// A server does not send its root, who asks has it or does not believe it.
    fn without_root(&self, found: &FoundCertificate) -> Result<(Vec<Vec<u8>>, Option<bool>)> {
        let (links, trusted) = self.chain_of(found)?;
        let sent = links.iter().enumerate().filter(|(place, link)| *place == 0 || !link.root);
        let certificates = sent.map(|(_, link)| certificate::der_of(&link.certificate)).collect::<Result<_>>()?;
        Ok((certificates, Some(trusted)))
    }

    async fn held_key(
        &self,
        found: Option<FoundCertificate>,
        der: &[u8],
        order: &ServerExport,
        ui: &dyn Ui,
    ) -> Result<HeldKey> {
        let Some(found) = found else { return Ok(HeldKey::Elsewhere) };
        // A copy in a file gives what a token keeps.
        let in_file = |one: &FoundCertificate| one.place_kind == "file" && one.has_key == Some(true);
        let same = |one: &FoundCertificate| one.certificate.sha256 == found.certificate.sha256 && in_file(one);
        let found = match in_file(&found) {
            true => found,
            false => in_files_known(&self.desk.journal)?.into_iter().find(same).unwrap_or(found),
        };
        if found.has_key == Some(false) {
            return Ok(HeldKey::Elsewhere);
        }
        let (place, extras) = Place::parse(&found.place)?;
        if let Place::Token { .. } = place {
            return Ok(HeldKey::OnToken(place, extras));
        }
        let key = match self.key_of(&found, der, ui).await {
            Err(error) if error.code == Code::KeyCannotLeave => return Ok(HeldKey::InStore),
            key => key?,
        };
        let password = match wants_password(order.server) {
            true => Some(ask_secret(ui, Question::FilePassword { path: order.to.clone(), new: true }).await?),
            false => None,
        };
        Ok(HeldKey::Here(key, password))
    }
}

/// As the CA delivered it, without a root: the certificate first, each signed by the next.
fn delivered(chain: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let mut rest = chain.into_iter();
    let mut sent: Vec<Vec<u8>> = rest.next().into_iter().collect();
    let mut rest: Vec<Vec<u8>> = rest.collect();
    while let Some(last) = sent.last() {
        let next = rest.iter().position(|one| crate::ca::chain::is_signed_by(last, one).is_ok());
        let Some(next) = next else { break };
        let next = rest.swap_remove(next);
        if crate::ca::chain::is_signed_by(&next, &next).is_ok() {
            break;
        }
        sent.push(next);
    }
    match sent.is_empty() {
        true => Err(Error::new(Code::OrderNoCertificate, DOING)),
        false => Ok(sent),
    }
}
