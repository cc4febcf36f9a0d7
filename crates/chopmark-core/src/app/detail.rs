//! One certificate in full: what leads to its root, and which programs of this computer see it.

use std::collections::BTreeSet;

use der::Decode;
use x509_cert::Certificate;

use super::App;
use crate::{
    ca::chain, certificate, drivers, error::Result, helper_program::helper_program, hints, journal::unhex, model::*,
    programs, stores::blocking,
};

/// No real chain is longer; a made-up one may be endless.
const LONGEST_CHAIN: usize = 8;

/// A certificate that may be a link, and whence.
struct Candidate {
    der: Vec<u8>,
    certificate: Certificate,
    origin: LinkOrigin,
    from: String,
}

impl Candidate {
    fn of(der: Vec<u8>, origin: LinkOrigin, from: &str) -> Option<Candidate> {
        Some(Candidate { certificate: Certificate::from_der(&der).ok()?, der, origin, from: from.to_owned() })
    }

    fn issued(&self, other: &Candidate) -> bool {
        self.certificate.tbs_certificate().subject() == other.certificate.tbs_certificate().issuer()
            && chain::is_signed_by(&other.der, &self.der).is_ok()
    }

    fn is_root(&self) -> bool {
        self.issued(self)
    }
}

impl App {
    /// A certificate and what leads to its root; `text` as in [`App::certificate`].
    ///
    /// # Errors
    /// Those of [`App::certificate`].
    pub async fn certificate_detail(&self, text: &str) -> Result<CertificateDetail> {
        let found = self.certificate(text).await?;
        let (chain, root_trusted) = self.chain_of(&found)?;
        let binding = self.binding_of(&found).await?;
        Ok(CertificateDetail { found, chain, root_trusted, binding })
    }

    async fn binding_of(&self, found: &FoundCertificate) -> Result<Option<KeyBinding>> {
        if found.place_kind != "computer" {
            return Ok(None);
        }
        let helper = helper_program(self.desk.options.helper.as_deref())?;
        let der = certificate::der_of(&found.certificate)?;
        let bound = drivers::providers::binding_of(&helper, self.desk.options.driver_timeout, &der).await;
        Ok(bound.map(|bound| KeyBinding {
            says: hints::providers::binding(&bound, self.desk.language()),
            opens: bound.opens == Some(true),
            found_in: Some(bound.found_in).filter(|name| !name.is_empty()),
            provider: bound.provider,
            kind: bound.kind,
            container: bound.container,
        }))
    }

    /// Which programs of this computer see the certificates in a place. Only files are looked at; no driver is started.
    ///
    /// # Errors
    /// [`crate::error::Code::BadInput`] with the fact `reason`.
    pub async fn programs(&self, place: &str) -> Result<Vec<ProgramSight>> {
        let (machine, language) = (self.desk.machine(), self.desk.language());
        let place = Place::parse(place)?.0;
        let seen = blocking(move || programs::look(&machine.roots, &place)).await?;
        Ok(seen.iter().map(|one| hints::programs::in_words(one, language)).collect())
    }

    /// What leads from a certificate to its root, as far as it is known here, and whether a CA profile trusts that root. Each link was
    /// signed by the next; dates are not looked at, an expired certificate has a chain, too.
    pub(super) fn chain_of(&self, found: &FoundCertificate) -> Result<(Vec<ChainLink>, bool)> {
        let (mut candidates, mut trusted) = (Vec::new(), BTreeSet::new());
        for profile in self.desk.profiles.list()? {
            for root in chain::roots_from_pem(&profile.roots).unwrap_or_default() {
                trusted.insert(certificate::fingerprint(&root));
                candidates.extend(Candidate::of(root, LinkOrigin::Profile, &profile.title));
            }
        }
        for record in self.desk.journal.finished()? {
            let roots = chain::roots_from_pem(&record.profile.roots).unwrap_or_default();
            let sent = record.issued.as_ref().and_then(|issued| issued.others().ok()).unwrap_or_default();
            let own = record.issued.as_ref().and_then(|issued| unhex(&issued.certificate).ok());
            let from = &record.profile.title;
            trusted.extend(roots.iter().map(|root| certificate::fingerprint(root)));
            let all = roots.into_iter().chain(sent).filter(|der| Some(der) != own.as_ref());
            candidates.extend(all.filter_map(|der| Candidate::of(der, LinkOrigin::Journal, from)));
        }
        let der = certificate::der_of(&found.certificate)?;
        let mut way: Vec<Candidate> = Candidate::of(der, LinkOrigin::Itself, "").into_iter().collect();
        while let Some(last) = way.last().filter(|last| way.len() < LONGEST_CHAIN && !last.is_root()) {
            let next = candidates.iter().position(|one| one.issued(last));
            let Some(next) = next else { break };
            way.push(candidates.swap_remove(next));
        }
        let root_trusted = way.last().is_some_and(|last| trusted.contains(&certificate::fingerprint(&last.der)));
        let link = |one: &Candidate| {
            let root = one.is_root();
            let certificate = certificate::describe(&one.der)?;
            Ok(ChainLink { certificate, origin: one.origin, from: one.from.clone(), root })
        };
        Ok((way.iter().map(link).collect::<Result<_>>()?, root_trusted))
    }
}
