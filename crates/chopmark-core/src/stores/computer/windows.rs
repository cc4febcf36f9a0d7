//! Windows: the key in a CSP or KSP, the certificate in CurrentUser\MY, bound to it. Providers are makers' code like drivers, so all
//! of it happens in the helper program, each time in a process of its own.

mod providers;

use std::{path::Path, sync::Arc};

use cmp_protocol::signature::SignatureScheme;
use rand_core::Rng;
use token_helper::{
    client::{HelperError, store::WindowsStore},
    wire::{self, AT_KEYEXCHANGE, Binding, KeyAddress, KeyForm, ProviderKind, ProviderName},
};
use zeroize::Zeroizing;

use crate::{
    app::Desk,
    ca::cmp::rng,
    certificate,
    drivers::{self, Machine, providers::Asker},
    error::{Code, Error, Result},
    exports::read_pkcs12,
    helper_program::helper_program,
    hints::Language,
    journal::{Job, KeyRecord, hex, unhex},
    keys::{self, key_id, software::SoftwareKey},
    model::{ComputerStore, KeyChoice, Place, word},
    place::PlaceExtras,
    stores::{
        Bundle, blocking,
        token::{Found, Read, algorithm},
    },
    ui::{Secret, Ui},
};

use providers::{Candidates, provider_error};

/// Containers of ours begin so.
const CONTAINER: &str = "chopmark-";

/// This user's store.
pub(crate) struct ComputerPlace {
    store: WindowsStore,
    candidates: Candidates,
    /// The job's own key, as soon as it is known where it is (to be).
    at: Option<KeyAddress>,
}

impl ComputerPlace {
    pub(crate) async fn open(job: &mut Job, desk: &Desk, ui: &dyn Ui) -> Result<ComputerPlace> {
        let mut place = ComputerPlace::open_at(job.record.order.place.clone(), desk, ui).await?;
        place.at.clone_from(&job.record.address);
        Ok(place)
    }

    pub(crate) async fn open_at(wanted: Place, desk: &Desk, _: &dyn Ui) -> Result<ComputerPlace> {
        let provider = match wanted {
            Place::Computer { store: None, provider } => provider,
            // There is one store for each user here.
            _ => return Err(Error::new(Code::BadInput, "opening this computer's store").with("reason", "place-store")),
        };
        let helper = helper_program(desk.options.helper.as_deref())?;
        let limits = desk.driver_limits(token_helper::Limits::default());
        let store = WindowsStore::new(&helper, limits);
        let candidates = Candidates::find(&helper, desk.options.driver_timeout, provider.as_deref()).await?;
        Ok(ComputerPlace { store, candidates, at: None })
    }

    pub(crate) fn key_kinds(&self) -> &[KeyChoice] {
        self.candidates.key_kinds()
    }

    /// Makes the key, or takes the one that a former attempt made. Where the key is to be is journaled before it is made.
    pub(crate) async fn make_key(&mut self, job: &mut Job, kind: KeyChoice, ui: &dyn Ui) -> Result<KeyRecord> {
        if let Some(key) = job.record.key.clone() {
            return Ok(key);
        }
        if let Some(at) = self.at.clone() {
            // It may have been made before we heard of it; what lies there is taken.
            let public_key = self.bring(&at, &Bring::Made(kind), ui).await?;
            return record(job, &public_key);
        }
        self.in_first_provider(job, Bring::Made(kind), ui).await
    }

    /// In the first of those that may do it and that does: what one cannot is tried with the next, unless one was named.
    async fn in_first_provider(&mut self, job: &mut Job, what: Bring, ui: &dyn Ui) -> Result<KeyRecord> {
        let kind = what.kind();
        let mut refused = None;
        for provider in self.candidates.for_kind(kind) {
            let at = address(provider);
            job.record.provisional_id = Some(at.container.trim_start_matches(CONTAINER).to_owned());
            job.record.address = Some(at.clone());
            self.at = Some(at.clone());
            job.save("making-key", &at.provider.name)?;
            match self.bring(&at, &what, ui).await {
                Ok(public_key) => return record(job, &public_key),
                Err(error) if self.candidates.named || !passes_on(&error) => return Err(error),
                Err(error) => {
                    let left = at.clone();
                    self.call(&at.provider, move |store| store.delete_key(&left)).await.ok();
                    job.note("provider-refused", &error.code.to_string())?;
                    refused.get_or_insert(error);
                }
            }
        }
        Err(refused.unwrap_or_else(|| {
            let error = Error::new(Code::ProviderCannot, "making the key").with("key", word(&kind));
            error.with("provider", self.candidates.name())
        }))
    }

    /// The public half, once another process has found the key: what only the process that made it knows is no key.
    async fn bring(&mut self, at: &KeyAddress, what: &Bring, ui: &dyn Ui) -> Result<Vec<u8>> {
        let (making, kind) = (at.clone(), what.kind());
        let canceller = self.store.clone();
        let made = async {
            match what {
                Bring::Made(kind) => {
                    let wanted = drivers::key_kind(*kind);
                    self.call(&at.provider, move |store| store.make_key(&making, wanted)).await
                }
                Bring::Taken { key, public_key, exportable, .. } => {
                    let (key, public_key, exportable) = (Arc::clone(key), public_key.clone(), *exportable);
                    self.call(&at.provider, move |store| store.take_key(&making, &key, &public_key, exportable)).await
                }
            }
        };
        let made = tokio::select! {
            made = made => made,
            () = ui.cancelled() => {
                canceller.cancel();
                return Err(Error::new(Code::Cancelled, "making the key"));
            }
        };
        let made = made.map_err(|error| match error.code {
            Code::ProviderCannot => error.with("key", word(&kind)),
            _ => error,
        })?;
        let finding = at.clone();
        let found = self.call(&at.provider, move |store| store.find_key(&finding)).await;
        match found {
            Ok(Some(found)) if found == made => Ok(made),
            Ok(_) => Err(Error::new(Code::ProviderForgets, "making the key").with("provider", &at.provider.name)),
            Err(error) => Err(error),
        }
    }

    /// Brings a key that was made elsewhere: by the CA, or out of a file.
    pub(crate) async fn take_key(&mut self, job: &mut Job, key: &SoftwareKey, ui: &dyn Ui) -> Result<KeyRecord> {
        if let Some(key) = job.record.key.clone() {
            return Ok(key);
        }
        let provider = self.candidates.name();
        let refused = || Error::new(Code::KeyImportRefused, "bringing the key").with("token", &provider);
        let kind = kind_of(key).ok_or_else(refused)?;
        let exportable = job.record.import.as_ref().is_some_and(|import| import.exportable);
        let (secret, public_key) = (wire::PrivateKey::new(key.pkcs8()?.to_bytes()), key.public_key()?);
        let what = Bring::Taken { key: Arc::new(secret), public_key, kind, exportable };
        let taken = match self.at.clone() {
            // It may have been brought before we heard of it.
            Some(at) => self.bring(&at, &what, ui).await.and_then(|public_key| record(job, &public_key)),
            None => self.in_first_provider(job, what, ui).await,
        };
        taken.map_err(|error| match error.code {
            Code::ProviderCannot => Error::new(Code::KeyImportRefused, "bringing the key")
                .with("token", self.candidates.name())
                .because(error),
            _ => error,
        })
    }

    async fn given(&self, certificate: &[u8]) -> Result<SoftwareKey> {
        let mut random = Zeroizing::new([0; 24]);
        rng().fill_bytes(random.as_mut_slice());
        let password = Secret::new(hex(random.as_slice()));
        let pin = wire::Pin::new(Zeroizing::new(password.expose().as_bytes().to_vec()));
        let wanted = certificate.to_vec();
        let (form, key) = self.call(&self.candidates.any(), move |store| store.give_key(&wanted, &pin)).await?;
        match form {
            KeyForm::Pkcs8 => SoftwareKey::from_pkcs8(key.expose()),
            KeyForm::Pkcs12 => read_pkcs12(key.expose(), &password).map(|(_, key)| key),
        }
    }

    /// Signs with the job's key, or with that of a certificate in the store.
    pub(crate) async fn sign(&mut self, key: &KeyRecord, scheme: SignatureScheme, data: &[u8]) -> Result<Vec<u8>> {
        let (algorithm, data, public_key) = (algorithm(scheme)?, data.to_vec(), unhex(&key.public_key)?);
        if let Some(at) = self.at.clone() {
            let provider = at.provider.clone();
            let (finding, own) = (at.clone(), public_key.clone());
            let is_own =
                self.call(&provider, move |store| store.find_key(&finding)).await?.is_some_and(|key| key == own);
            if is_own {
                return self.call(&provider, move |store| store.sign(&at, algorithm, &data)).await;
            }
        }
        let certificate = self.certificate_of(&public_key).await?;
        let signed =
            self.call(&self.candidates.any(), move |store| store.sign_as(&certificate, algorithm, &data)).await;
        signed.map(|(_, signature)| signature)
    }

    /// The certificate of the store that is for this key.
    async fn certificate_of(&self, public_key: &[u8]) -> Result<Vec<u8>> {
        let bindings = self.candidates.bindings().await?;
        let certificates = bindings.into_iter().filter(|one| one.key.is_some()).map(|one| one.certificate);
        let mut its =
            certificates.filter(|der| certificate::public_key(der).is_ok_and(|key| same_key(&key, public_key)));
        its.next().ok_or_else(|| Error::new(Code::ProviderKeyGone, "looking for the key"))
    }

    pub(crate) async fn install(&mut self, _: &KeyRecord, bundle: &Bundle, _: &dyn Ui) -> Result<()> {
        let at = self.at.clone().ok_or_else(|| Error::new(Code::Internal, "installing"))?;
        let (certificate, chain, provider) =
            (bundle.certificate.clone(), bundle.intermediates.clone(), at.provider.clone());
        self.call(&provider, move |store| store.install(&certificate, &at, &chain)).await
    }

    /// A process of its own finds the certificate anew and signs with the key that it names, as any other program does.
    pub(crate) async fn use_installed(
        &mut self,
        _: &KeyRecord,
        scheme: SignatureScheme,
        certificate: &[u8],
        challenge: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let (algorithm, certificate, challenge) = (algorithm(scheme)?, certificate.to_vec(), challenge.to_vec());
        let provider = self.at.as_ref().map_or_else(|| self.candidates.any(), |at| at.provider.clone());
        self.call(&provider, move |store| store.sign_as(&certificate, algorithm, &challenge)).await
    }

    pub(crate) async fn discard(&mut self, job: &Job, _: &dyn Ui) -> Result<()> {
        // Installing begins only after it was accepted; before, a certificate that lies here is not the job's.
        if let (true, Some(issued)) = (job.record.accepted, &job.record.issued) {
            let certificate = unhex(&issued.certificate)?;
            self.call(&self.candidates.any(), move |store| store.remove(&certificate)).await?;
        }
        match job.record.address.clone() {
            Some(at) => {
                let provider = at.provider.clone();
                self.call(&provider, move |store| store.delete_key(&at)).await
            }
            None => Ok(()),
        }
    }

    /// Removes a certificate and its key, unless another certificate names the same. The key first: the certificate says where
    /// it is. Doing it twice does no harm.
    pub(crate) async fn remove(&mut self, certificate: &[u8], _: &KeyRecord, _: &dyn Ui) -> Result<()> {
        let bindings = self.candidates.bindings().await?;
        let Some(own) = bindings.iter().find(|one| one.certificate == certificate) else { return Ok(()) };
        if let Some(at) = own.key.clone() {
            let shared =
                |other: &KeyAddress| other.provider.name == at.provider.name && other.container == at.container;
            let others = bindings.iter().filter(|one| one.certificate != certificate);
            if !others.filter_map(|one| one.key.as_ref()).any(shared) {
                let provider = at.provider.clone();
                self.call(&provider, move |store| store.delete_key(&at)).await?;
            }
        }
        let wanted = certificate.to_vec();
        self.call(&self.candidates.any(), move |store| store.remove(&wanted)).await
    }

    /// What people call the store.
    pub(crate) fn name(&self) -> &str {
        "Windows"
    }

    pub(crate) async fn wants_root(&mut self, root: &[u8]) -> Result<bool> {
        let root = root.to_vec();
        self.call(&self.candidates.any(), move |store| store.trusts(&root)).await.map(|trusts| !trusts)
    }

    /// Windows asks as well, in a window of its own.
    pub(crate) async fn trust_root(&mut self, root: &[u8], _: &str) -> Result<()> {
        let root = root.to_vec();
        self.call(&self.candidates.any(), move |store| store.trust(&root)).await
    }

    async fn call<T: Send + 'static>(
        &self,
        provider: &ProviderName,
        work: impl FnOnce(&WindowsStore) -> std::result::Result<T, HelperError> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        let done = blocking(move || work(&store)).await?;
        done.map_err(|error| provider_error(error, provider))
    }
}

/// What comes into a provider.
enum Bring {
    /// A key that it makes, and that cannot be exported.
    Made(KeyChoice),
    /// One that was made elsewhere.
    Taken { key: Arc<wire::PrivateKey>, public_key: Vec<u8>, kind: KeyChoice, exportable: bool },
}

impl Bring {
    fn kind(&self) -> KeyChoice {
        match self {
            Bring::Made(kind) | Bring::Taken { kind, .. } => *kind,
        }
    }
}

/// What it is; `None`: RSA of a length that nobody chooses.
fn kind_of(key: &SoftwareKey) -> Option<KeyChoice> {
    match key {
        SoftwareKey::Rsa(key) => keys::rsa(rsa::traits::PublicKeyParts::n(&**key).bits()),
        SoftwareKey::P256(_) => Some(KeyChoice::EcP256),
        SoftwareKey::P384(_) => Some(KeyChoice::EcP384),
        SoftwareKey::P521(_) => Some(KeyChoice::EcP521),
        SoftwareKey::Ed25519(_) => Some(KeyChoice::Ed25519),
    }
}

/// Where a new key is to be.
fn address(provider: ProviderName) -> KeyAddress {
    let mut id = [0; 16];
    rng().fill_bytes(&mut id);
    let spec = if provider.kind == ProviderKind::Csp { AT_KEYEXCHANGE } else { 0 };
    KeyAddress { provider, container: format!("{CONTAINER}{}", hex(&id)), spec, flags: 0 }
}

/// The next provider may do what this one cannot.
fn passes_on(error: &Error) -> bool {
    matches!(error.code, Code::ProviderCannot | Code::ProviderForgets | Code::NoSuchProvider)
}

fn record(job: &mut Job, public_key: &[u8]) -> Result<KeyRecord> {
    let key = KeyRecord { public_key: hex(public_key), key_id: hex(&key_id(public_key)?), named: true };
    job.record.key = Some(key.clone());
    job.save("key-made", &key.key_id)?;
    Ok(key)
}

/// The bits count: how an algorithm without parameters is written differs.
fn same_key(a: &[u8], b: &[u8]) -> bool {
    key_id(a).is_ok_and(|a| key_id(b).is_ok_and(|b| a == b))
}

/// The private key of a certificate in the store, if it may leave.
pub(crate) async fn key_of(desk: &Desk, place: Place, certificate: &[u8], ui: &dyn Ui) -> Result<SoftwareKey> {
    ComputerPlace::open_at(place, desk, ui).await?.given(certificate).await
}

/// This user's store; Windows knows no other that a person would choose.
pub(crate) fn stores(_: &Machine, _: Language) -> Vec<ComputerStore> {
    vec![ComputerStore {
        place: Place::Computer { store: None, provider: None },
        name: "Windows".to_owned(),
        program: String::new(),
        profile: None,
        packaging: String::new(),
        exists: true,
        in_use: false,
        drivers: Vec::new(),
        takes_keys: true,
    }]
}

/// The certificates of CurrentUser\MY, each under the name of the provider that it says has its key.
pub(crate) async fn certificates(desk: &Desk, program: &Path, place: Option<&Place>) -> Result<Vec<Read>> {
    let asker = Asker::new(program, desk.options.driver_timeout);
    let bindings = match asker.ask(token_helper::client::providers::bindings).await {
        Ok(bindings) => bindings,
        Err(error) => {
            let result = Err(drivers::helper_error(error, Path::new("crypt32.dll"), ""));
            return Ok(vec![Read { label: String::new(), result }]);
        }
    };
    let wanted = match place {
        Some(Place::Computer { provider, .. }) => provider.clone(),
        _ => None,
    };
    let fits = |one: &Binding| match (&wanted, &one.key) {
        (Some(wanted), Some(key)) => key.provider.name.eq_ignore_ascii_case(wanted),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let bindings = bindings.into_iter().filter(fits).collect();
    let asked = asker.each(bindings, |helper, limit, one: Binding| {
        let bound = one.key.is_some();
        let has_key = bound && token_helper::client::providers::opens(helper, &one.certificate, limit).is_ok();
        (one, has_key)
    });
    Ok(asked.await.into_iter().map(|(one, has_key)| found(one, has_key)).collect())
}

fn found(one: Binding, has_key: bool) -> Read {
    let provider = one.key.map(|key| key.provider.name);
    let label = provider.clone().unwrap_or_default();
    let id = certificate::public_key(&one.certificate).and_then(|key| key_id(&key)).ok();
    let uri = Place::Computer { store: None, provider }.uri_with(&PlaceExtras { id, object: None });
    Read { label, result: Ok(vec![Found { uri, der: one.certificate, has_key: Some(has_key) }]) }
}
