//! Linux has no store of the system's: programs look into databases of NSS. Chromium and its kin share one, Firefox and Thunderbird
//! have one for each profile. NSS's own driver opens them, in the helper like any other driver, told which database it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use cmp_protocol::signature::SignatureScheme;

use crate::{
    app::Desk,
    certificate,
    drivers::{Database, InstalledDriver, Machine, Roots, database_at, databases, looking_limits},
    error::{Code, Error, Result},
    files::{create_private_folder, rename},
    hints::{self, Language},
    journal::{Job, KeyRecord},
    keys::software::SoftwareKey,
    model::{ComputerStore, KeyChoice, Place},
    stores::{
        Bundle, blocking,
        token::{self, Found, Read, TokenPlace},
    },
    ui::Ui,
};

const DOING: &str = "opening the store of this computer";
/// The person's own database while it is made, beside its place.
const DRAFT: &str = ".nssdb.part";
/// Where distributions keep the roots that programs trust without being told to.
const PUBLIC_ROOTS: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// A database, opened by its driver like a token.
pub(crate) struct ComputerPlace {
    token: TokenPlace,
    name: String,
    public_roots: Vec<PathBuf>,
}

impl ComputerPlace {
    pub(crate) async fn open(job: &mut Job, desk: &Desk, ui: &dyn Ui) -> Result<ComputerPlace> {
        let place = ComputerPlace::open_at(job.record.order.place.clone(), desk, ui).await?;
        if job.record.store.as_ref() != Some(&place.name) {
            job.record.store = Some(place.name.clone());
            job.save("store-opened", &job.record.order.place.uri())?;
        }
        Ok(place)
    }

    pub(crate) async fn open_at(wanted: Place, desk: &Desk, ui: &dyn Ui) -> Result<ComputerPlace> {
        let machine = desk.machine();
        let database = database(&machine.roots, &wanted)?;
        let name = hints::store_name(&database, desk.language());
        if own(&machine.roots, &wanted)? && !database.exists() {
            make(&machine, &database, &name, desk, ui).await?;
        }
        let driver = driver(&machine, &database, "", &name)?;
        let token = TokenPlace::open_store(&driver, name.clone(), desk, ui).await?;
        let public_roots = PUBLIC_ROOTS.map(|file| machine.roots.path(file)).to_vec();
        Ok(ComputerPlace { token, name, public_roots })
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn key_kinds(&self) -> &[KeyChoice] {
        self.token.key_kinds()
    }

    pub(crate) async fn make_key(&mut self, job: &mut Job, kind: KeyChoice, ui: &dyn Ui) -> Result<KeyRecord> {
        self.token.make_key(job, kind, ui).await
    }

    pub(crate) async fn take_key(&mut self, job: &mut Job, key: &SoftwareKey, ui: &dyn Ui) -> Result<KeyRecord> {
        self.token.take_key(job, key, ui).await
    }

    pub(crate) async fn sign(&mut self, key: &KeyRecord, scheme: SignatureScheme, data: &[u8]) -> Result<Vec<u8>> {
        self.token.sign(key, scheme, data).await
    }

    /// The intermediates go in as well, without trust of their own: programs send them along.
    pub(crate) async fn install(&mut self, key: &KeyRecord, bundle: &Bundle, ui: &dyn Ui) -> Result<()> {
        self.token.install(key, bundle, ui).await
    }

    pub(crate) async fn use_installed(
        &mut self,
        key: &KeyRecord,
        scheme: SignatureScheme,
        certificate: &[u8],
        challenge: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        self.token.use_installed(key, scheme, certificate, challenge).await
    }

    pub(crate) async fn discard(&mut self, job: &Job, ui: &dyn Ui) -> Result<()> {
        self.token.discard(job, ui).await
    }

    pub(crate) async fn remove(&mut self, certificate: &[u8], key: &KeyRecord, ui: &dyn Ui) -> Result<()> {
        self.token.remove(certificate, key, ui).await
    }

    /// Programs would have to be told to trust the root: neither the store nor the distribution does.
    pub(crate) async fn wants_root(&mut self, root: &[u8]) -> Result<bool> {
        let (bundles, wanted) = (self.public_roots.clone(), root.to_vec());
        let public = blocking(move || is_public(&bundles, &wanted)).await?;
        Ok(!public && !self.token.is_root_trusted(root).await?)
    }

    pub(crate) async fn trust_root(&mut self, root: &[u8], label: &str) -> Result<()> {
        self.token.trust_root(root, label).await
    }
}

/// Makes a database, as Chromium does when it starts; but under another name first: one that NSS was interrupted in making is no
/// database, and NSS never mends it.
async fn make(machine: &Machine, database: &Database, name: &str, desk: &Desk, ui: &dyn Ui) -> Result<()> {
    let folder = &database.folder;
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| Error::new(Code::FileNotWritable, DOING).with("path", path).because(error)
    };
    let parent = folder.parent().ok_or_else(|| Error::new(Code::Internal, DOING))?;
    let draft = parent.join(DRAFT);
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(failed(&draft))?;
    }
    create_private_folder(&draft).map_err(failed(&draft))?;
    let driver = driver(machine, &Database { folder: draft.clone(), ..database.clone() }, "", name)?;
    drop(TokenPlace::open_store(&driver, name.to_owned(), desk, ui).await?);
    match rename(&draft, folder) {
        // A browser was faster.
        Err(_) if database.exists() => fs::remove_dir_all(&draft).map_err(failed(&draft)),
        moved => moved,
    }
}

/// The bundle is long and read once: its base64 is looked through instead of parsed.
fn is_public(bundles: &[PathBuf], root: &[u8]) -> bool {
    let wanted = STANDARD.encode(root);
    bundles.iter().filter_map(|file| fs::read_to_string(file).ok()).any(|text| {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        text.contains(&wanted)
    })
}

/// The database that a place means.
fn database(roots: &Roots, place: &Place) -> Result<Database> {
    let Place::Computer { store, .. } = place else { return Err(Error::new(Code::Internal, DOING)) };
    let Some(folder) = store else {
        let home = || Error::new(Code::StoreNotFound, DOING).with("path", "~/.pki/nssdb");
        return databases(roots).into_iter().next().ok_or_else(home);
    };
    let found = database_at(roots, Path::new(folder));
    if !found.exists() && !own(roots, place)? {
        return Err(Error::new(Code::StoreNotFound, DOING).with("path", found.folder.display()));
    }
    Ok(found)
}

/// Is it the person's own, which is made where it is missing?
fn own(roots: &Roots, place: &Place) -> Result<bool> {
    let Place::Computer { store, .. } = place else { return Err(Error::new(Code::Internal, DOING)) };
    let own = roots.home.as_ref().map(|home| home.join(".pki/nssdb"));
    Ok(store.as_ref().is_none_or(|store| own == Some(PathBuf::from(store))))
}

fn driver(machine: &Machine, database: &Database, flags: &str, name: &str) -> Result<InstalledDriver> {
    let missing = || Error::new(Code::StoreUnavailable, DOING).with("store", name);
    machine.nss(&database.folder, flags).ok_or_else(missing)
}

/// The stores of this machine's programs: the person's own first, though it may have to be made, then those that are there.
pub(crate) fn stores(machine: &Machine, language: Language) -> Vec<ComputerStore> {
    let view = |(place, database): (Place, Database)| ComputerStore {
        place,
        name: hints::store_name(&database, language),
        program: database.program.to_owned(),
        profile: database.profile.clone(),
        packaging: database.packaging.to_owned(),
        exists: database.exists(),
        in_use: database.in_use(machine.roots.home.as_deref()),
        drivers: database.modules(),
        takes_keys: true,
    };
    let is_own = |place: &Place| matches!(place, Place::Computer { store: None, .. });
    placed(&machine.roots).map(view).filter(|store| store.exists || is_own(&store.place)).collect()
}

/// The databases, each with the place that means it; the person's own comes first and needs no folder.
fn placed(roots: &Roots) -> impl Iterator<Item = (Place, Database)> {
    databases(roots).into_iter().enumerate().map(|(index, database)| {
        let store = if index == 0 { None } else { database.folder.to_str().map(str::to_owned) };
        (Place::Computer { store, provider: None }, database)
    })
}

/// Keys do not leave it.
#[allow(clippy::unused_async, reason = "the stores of other systems are waited for")]
pub(crate) async fn key_of(_: &Desk, _: Place, _: &[u8], _: &dyn Ui) -> Result<SoftwareKey> {
    Err(Error::new(Code::KeyCannotLeave, "exporting a key"))
}

/// The certificates in all stores, or in the one that `place` means: those with a key, and where a password hides that, those that
/// are no CA's. Nothing is written and nobody asked.
pub(crate) async fn certificates(desk: &Desk, program: &Path, place: Option<&Place>) -> Result<Vec<Read>> {
    let machine = desk.machine();
    let wanted = match place {
        Some(place) => vec![(place.clone(), database(&machine.roots, place)?)],
        None => placed(&machine.roots).collect(),
    };
    let (limits, named) = (desk.driver_limits(looking_limits()), place.is_some());
    let mut reading = Vec::new();
    for (place, database) in wanted.into_iter().filter(|(_, database)| database.exists()) {
        let name = hints::store_name(&database, desk.language());
        // Without the driver there is nothing to be seen, which is no trouble until somebody wants that store.
        let driver = match driver(&machine, &database, "readOnly", &name) {
            Ok(driver) => driver,
            Err(error) if named => return Err(error),
            Err(_) => continue,
        };
        let (program, limits) = (program.to_owned(), limits.clone());
        reading.push(tokio::task::spawn_blocking(move || {
            let read = token::read_store(&program, &driver, limits, &place, name);
            let is_a_ca = |der: &[u8]| certificate::begin_and_kind(der).is_ok_and(|(_, authority)| authority);
            let own = |one: &Found| one.has_key == Some(true) || (one.has_key.is_none() && !is_a_ca(&one.der));
            let result = read.result.map(|found| found.into_iter().filter(own).collect());
            Read { result, ..read }
        }));
    }
    let mut all = Vec::new();
    for task in reading {
        all.extend(task.await);
    }
    Ok(all)
}
