//! Certificates as web servers want them.

use std::path::PathBuf;

use super::{App, certificates::in_files_known};
use crate::{
    certificate,
    error::{Code, Error, Result},
    hints,
    model::*,
    orders::delivered::way_up,
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
        let (certificates, complete, found) = match &order.of {
            ServerCertificate::Certificate { certificate } => {
                let found = self.certificate(certificate).await?;
                let (certificates, complete) = self.without_root(&found)?;
                (certificates, Some(complete), Some(found))
            }
            ServerCertificate::Order { order } => {
                let (certificates, found) = self.of_order(order).await?;
                (certificates, None, found)
            }
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

    /// What an order has brought: as it was installed, or from its source; and where it lies.
    async fn of_order(&self, number: &str) -> Result<(Vec<Vec<u8>>, Option<FoundCertificate>)> {
        let chain = match self.installed_chain(number).await? {
            Some(chain) => chain,
            None => self.order_certificate(number, None).await?,
        };
        let chain = without_others(&chain)?;
        let found = self.lies_here(&certificate::fingerprint(&chain[0])).await?;
        Ok((chain, found))
    }

    async fn lies_here(&self, sha256: &str) -> Result<Option<FoundCertificate>> {
        match self.certificate(sha256).await {
            Err(error) if error.code == Code::CertificateNotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// A server does not send its root, who asks has it or does not believe it.
    fn without_root(&self, found: &FoundCertificate) -> Result<(Vec<Vec<u8>>, bool)> {
        let (links, trusted) = self.chain_of(found)?;
        let sent = links.iter().enumerate().filter(|(place, link)| *place == 0 || !link.root);
        let certificates = sent.map(|(_, link)| certificate::der_of(&link.certificate)).collect::<Result<_>>()?;
        Ok((certificates, trusted))
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
fn without_others(chain: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    let (first, others) = chain.split_first().ok_or_else(|| Error::new(Code::OrderNoCertificate, DOING))?;
    Ok([vec![first.clone()], way_up(first, others)].concat())
}
