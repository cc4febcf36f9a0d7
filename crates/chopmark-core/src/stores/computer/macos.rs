//! macOS: the key in the login keychain or the Secure Enclave, the certificate beside it, which makes an identity that Safari, Mail,
//! Chrome and Firefox offer. What CryptoTokenKit shows of smart cards is found and signs as well. Apple's own programs do the work
//! (securityd, the makers' extensions), so no helper stands between.
//!
//! Type-checked here, run on a Mac only by the workflows: what calls nothing of Apple's is in `keychain.rs`, with its tests.

mod apple;

use std::path::Path;

use cmp_protocol::signature::SignatureScheme;
use rand_core::Rng;
use security_framework::trust_settings::{Domain, TrustSettings, TrustSettingsForCertificate};

use self::apple::{Keychain, apples};
use super::keychain::{Keep, NOT_FOUND};
use crate::{
    app::Desk,
    ca::cmp::rng,
    certificate,
    drivers::Machine,
    error::{Code, Error, Result},
    hints::{self, Language},
    journal::{Job, KeyRecord, hex, unhex},
    keys::{key_id, software::SoftwareKey},
    model::{ComputerStore, KeyChoice, Place, word},
    place::PlaceExtras,
    stores::{
        Bundle, blocking,
        token::{Found, Read},
    },
    ui::Ui,
};

/// Keys of ours are labelled so until they are found by their public half.
const LABEL: &str = "chopmark-";

/// One of the keychains.
pub(crate) struct ComputerPlace {
    keychain: Keychain,
}

impl ComputerPlace {
    pub(crate) async fn open(job: &mut Job, desk: &Desk, ui: &dyn Ui) -> Result<ComputerPlace> {
        ComputerPlace::open_at(job.record.order.place.clone(), desk, ui).await
    }

    #[allow(clippy::unused_async, reason = "the stores of other systems are waited for")]
    pub(crate) async fn open_at(wanted: Place, desk: &Desk, _: &dyn Ui) -> Result<ComputerPlace> {
        let keep = Keep::of(&wanted)?;
        Ok(ComputerPlace { keychain: Keychain::of(keep, desk.language()) })
    }

    pub(crate) fn key_kinds(&self) -> &[KeyChoice] {
        self.keychain.keep.key_kinds()
    }

    /// Makes the key, or takes the one that a former attempt made. Its label is journaled before it is made.
    pub(crate) async fn make_key(&mut self, job: &mut Job, kind: KeyChoice, _: &dyn Ui) -> Result<KeyRecord> {
        if let Some(key) = job.record.key.clone() {
            return Ok(key);
        }
        if !self.key_kinds().contains(&kind) {
            let error = Error::new(Code::ProviderCannot, "making the key").with("key", word(&kind));
            return Err(error.with("provider", &self.keychain.name));
        }
        if job.record.provisional_id.is_none() {
            let mut id = [0; 16];
            rng().fill_bytes(&mut id);
            job.record.provisional_id = Some(hex(&id));
            job.save("making-key", &self.keychain.name)?;
        }
        let label = label(job);
        let public_key = self.call(move |keychain| keychain.make(&label, kind)).await?;
        let key = KeyRecord { public_key: hex(&public_key), key_id: hex(&key_id(&public_key)?), named: true };
        job.record.key = Some(key.clone());
        job.save("key-made", &key.key_id)?;
        Ok(key)
    }

    /// Keys that were made elsewhere come as PKCS#12, which the Keychain Access program imports; the Secure Enclave takes none.
    #[allow(clippy::unused_async, reason = "the stores of other systems are waited for")]
    pub(crate) async fn take_key(&mut self, job: &mut Job, _: &SoftwareKey, _: &dyn Ui) -> Result<KeyRecord> {
        if let Some(key) = job.record.key.clone() {
            return Ok(key);
        }
        Err(Error::new(Code::KeyImportRefused, "bringing the key").with("token", &self.keychain.name))
    }

    pub(crate) async fn sign(&mut self, key: &KeyRecord, scheme: SignatureScheme, data: &[u8]) -> Result<Vec<u8>> {
        let (algorithm, data, id) = (apples(scheme)?, data.to_vec(), unhex(&key.key_id)?);
        self.call(move |keychain| {
            let key = keychain.key(&id)?;
            keychain.sign(&key, algorithm, &data)
        })
        .await
    }

    /// The certificate goes where its key is: together they are an identity. The intermediates go beside it, without trust of
    /// their own.
    pub(crate) async fn install(&mut self, _: &KeyRecord, bundle: &Bundle, _: &dyn Ui) -> Result<()> {
        let (own, chain, label) = (bundle.certificate.clone(), bundle.intermediates.clone(), bundle.label.clone());
        self.call(move |keychain| {
            keychain.add(&own, Some(&label))?;
            // The login keychain has what is for all programs.
            let login = Keychain { keep: Keep::Login, ..keychain.clone() };
            chain.iter().try_for_each(|one| login.add(one, None))
        })
        .await
    }

    pub(crate) async fn use_installed(
        &mut self,
        _: &KeyRecord,
        scheme: SignatureScheme,
        certificate: &[u8],
        challenge: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let (algorithm, wanted, challenge) = (apples(scheme)?, certificate.to_vec(), challenge.to_vec());
        self.call(move |keychain| {
            let own = keychain.identities()?.into_iter().find(|(der, _)| *der == wanted);
            let (der, identity) = own.ok_or_else(|| keychain.failed(NOT_FOUND, "looking for the identity"))?;
            let key = identity.private_key().map_err(|status| keychain.status(status, "using the key"))?;
            Ok((der, keychain.sign(&key, algorithm, &challenge)?))
        })
        .await
    }

    pub(crate) async fn discard(&mut self, job: &Job, _: &dyn Ui) -> Result<()> {
        let label = job.record.provisional_id.is_some().then(|| label(job));
        // Installing begins only after it was accepted; before, a certificate that lies here is not the job's.
        let issued = job.record.issued.as_ref().filter(|_| job.record.accepted);
        let certificate = issued.map(|issued| unhex(&issued.certificate)).transpose()?;
        self.call(move |keychain| {
            if let Some(certificate) = certificate {
                keychain.delete_certificate(&certificate)?;
            }
            label.map_or(Ok(()), |label| {
                keychain.delete_keys(|query| {
                    query.label(&label);
                })
            })
        })
        .await
    }

    /// Removes a certificate and its key, unless another certificate is for the same. Doing it twice does no harm.
    pub(crate) async fn remove(&mut self, certificate: &[u8], key: &KeyRecord, _: &dyn Ui) -> Result<()> {
        let (certificate, id) = (certificate.to_vec(), unhex(&key.key_id)?);
        self.call(move |keychain| {
            let others = keychain.identities()?.into_iter().filter(|(der, _)| *der != certificate);
            let shared = others.into_iter().any(|(der, _)| id_of(&der).is_some_and(|other| other == id));
            keychain.delete_certificate(&certificate)?;
            if shared {
                return Ok(());
            }
            keychain.delete_keys(|query| {
                query.application_label(&id);
            })
        })
        .await
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.keychain.name
    }

    /// Neither Apple, the administrator nor the person trusts it.
    pub(crate) async fn wants_root(&mut self, root: &[u8]) -> Result<bool> {
        let root = root.to_vec();
        self.call(move |keychain| {
            let root = keychain.certificate(&root)?;
            for domain in [Domain::User, Domain::Admin, Domain::System] {
                match TrustSettings::new(domain).tls_trust_settings_for_certificate(&root) {
                    // No settings in this domain.
                    Err(status) if status.code() == NOT_FOUND => {}
                    Err(status) => return Err(keychain.status(status, "looking at trusted roots")),
                    // Who does not trust it may change their mind, with its fingerprint in sight.
                    Ok(Some(TrustSettingsForCertificate::Deny)) => {}
                    // Without a word on TLS it is nearly always the empty list, which we write and Apple ships: always trusted.
                    Ok(_) => return Ok(false),
                }
            }
            Ok(true)
        })
        .await
    }

    /// macOS asks as well, for the login password, in a window of its own.
    pub(crate) async fn trust_root(&mut self, root: &[u8], label: &str) -> Result<()> {
        let (root, label) = (root.to_vec(), label.to_owned());
        self.call(move |keychain| {
            Keychain { keep: Keep::Login, ..keychain.clone() }.add(&root, Some(&label))?;
            let root = keychain.certificate(&root)?;
            let trusting = TrustSettings::new(Domain::User).set_trust_settings_always(&root);
            trusting.map_err(|status| keychain.status(status, "trusting a root"))
        })
        .await
    }

    /// Apple's calls may wait for the person, in a window of the system's.
    async fn call<T: Send + 'static>(&self, work: impl FnOnce(&Keychain) -> Result<T> + Send + 'static) -> Result<T> {
        let keychain = self.keychain.clone();
        blocking(move || work(&keychain)).await?
    }
}

fn label(job: &Job) -> String {
    format!("{LABEL}{}", job.record.provisional_id.as_deref().unwrap_or_default())
}

fn id_of(certificate: &[u8]) -> Option<Vec<u8>> {
    certificate::public_key(certificate).and_then(|key| key_id(&key)).ok()
}

/// Where keys can be made. The Secure Enclave is in every Mac with Apple's own processor.
pub(crate) fn stores(_: &Machine, language: Language) -> Vec<ComputerStore> {
    let there = |keep: &Keep| *keep == Keep::Login || cfg!(target_arch = "aarch64");
    let view = |keep: Keep| ComputerStore {
        place: keep.place(),
        name: hints::keychain_name(keep, language).to_owned(),
        program: String::new(),
        profile: None,
        packaging: String::new(),
        exists: true,
        in_use: false,
        drivers: Vec::new(),
        takes_keys: false,
    };
    [Keep::Login, Keep::Enclave].into_iter().filter(there).map(view).collect()
}

/// Keys do not leave it.
#[allow(clippy::unused_async, reason = "the stores of other systems are waited for")]
pub(crate) async fn key_of(_: &Desk, _: Place, _: &[u8], _: &dyn Ui) -> Result<SoftwareKey> {
    Err(Error::new(Code::KeyCannotLeave, "exporting a key"))
}

/// The identities of all keychains and of CryptoTokenKit, or of the one that a place names. macOS shows some in several places: the
/// most particular one counts.
pub(crate) async fn certificates(desk: &Desk, _: &Path, place: Option<&Place>) -> Result<Vec<Read>> {
    let named = match place {
        Some(place @ Place::Computer { provider: Some(_), .. }) => Some(Keep::of(place)?),
        Some(place) => Keep::of(place).map(|_| None)?,
        None => None,
    };
    let language = desk.language();
    blocking(move || {
        let (mut seen, mut all) = (Vec::new(), Vec::new());
        for keep in Keep::ALL {
            let keychain = Keychain::of(keep, language);
            let result = keychain.identities().map(|identities| {
                let new: Vec<Vec<u8>> =
                    identities.into_iter().map(|(der, _)| der).filter(|der| !seen.contains(der)).collect();
                seen.extend(new.iter().cloned());
                new.into_iter().map(|der| found(keep, der)).collect()
            });
            // Without being signed for it, a program may not look into the Secure Enclave: nothing of ours can be there then.
            let refused = |error: &Error| named.is_none() && error.code == Code::ProviderCannot;
            if named.is_none_or(|named| named == keep) && !result.as_ref().is_err_and(refused) {
                all.push(Read { label: keychain.name, result });
            }
        }
        all
    })
    .await
}

fn found(keep: Keep, der: Vec<u8>) -> Found {
    let extras = PlaceExtras { id: id_of(&der), object: None };
    Found { uri: keep.place().uri_with(&extras), der, has_key: Some(true) }
}
