//! CA profiles: TOML files in the home folder, one a CA. No secrets stand in them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    ca::{
        chain,
        http::{Endpoint, Way},
    },
    certificate::parse_name,
    error::{Code, Error, Result},
    journal::hex,
    model::{CaProfile, CmpOptions, CodeOptions, KeyChoice, LinkOffer, PathStyle, TransportOptions},
};

const DOING: &str = "reading a CA profile";
/// Longest deep link looked at, characters.
const LINK_LENGTH: usize = 2048;
/// Longest label in a well-known path, bytes.
const LABEL_LENGTH: usize = 128;

/// A profile as people write it: everything but name and URL may be left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProfileFile {
    name: String,
    title: Option<String>,
    url: String,
    #[serde(default)]
    roots: Vec<String>,
    #[serde(default)]
    tls_roots: Vec<String>,
    #[serde(default)]
    cmp: toml::Table,
    #[serde(default)]
    transport: TransportOptions,
    #[serde(default)]
    keys: Vec<KeyChoice>,
    #[serde(default)]
    codes: CodeOptions,
    #[serde(default)]
    demo: bool,
}

/// Profiles of one home folder.
#[derive(Clone)]
pub(crate) struct Profiles {
    folder: PathBuf,
}

impl Profiles {
    pub(crate) fn open(home: &Path) -> Result<Profiles> {
        let folder = home.join("ca");
        fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, error))?;
        Ok(Profiles { folder })
    }

    fn file(&self, name: &str) -> Result<PathBuf> {
        check_name(name)?;
        Ok(self.folder.join(format!("{name}.toml")))
    }

    /// All profiles by name. One that cannot be read is an error, not an absence.
    pub(crate) fn list(&self) -> Result<Vec<CaProfile>> {
        let entries = fs::read_dir(&self.folder).map_err(|error| unreadable(&self.folder, error))?;
        let mut profiles = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| unreadable(&self.folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                profiles.push(read(&path)?);
            }
        }
        profiles.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(profiles)
    }

    pub(crate) fn show(&self, name: &str) -> Result<CaProfile> {
        let file = self.file(name)?;
        if !file.exists() {
            return Err(Error::new(Code::NoSuchProfile, DOING).with("ca", name));
        }
        read(&file)
    }

    pub(crate) fn add(&self, profile: &CaProfile) -> Result<()> {
        let file = self.file(&profile.name)?;
        check(profile)?;
        let text = toml::to_string_pretty(profile).map_err(|error| bad(&profile.name).because(error))?;
        crate::files::write_whole(&file, text.as_bytes(), true)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        match fs::remove_file(self.file(name)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::new(Code::NoSuchProfile, DOING).with("ca", name))
            }
            Err(error) => Err(unwritable(&self.folder, error)),
            Ok(()) => Ok(()),
        }
    }

    /// `--ca`: a name, a file, or a CMP URL with roots.
    pub(crate) async fn resolve(&self, ca: &str, trust: Option<&Path>, way: &Way) -> Result<CaProfile> {
        let mut profile = if is_url(ca) {
            // Without roots a URL must lead to a profile that names them: finding out after the code is spent is too late.
            match trust {
                Some(_) => ad_hoc(ca)?,
                None => from_url(ca, way).await?,
            }
        } else if check_name(ca).is_ok() && self.file(ca)?.exists() {
            self.show(ca)?
        } else if Path::new(ca).exists() {
            read(Path::new(ca))?
        } else {
            return Err(Error::new(Code::NoSuchProfile, DOING).with("ca", ca));
        };
        if let Some(trust) = trust {
            let pem = fs::read_to_string(trust).map_err(|error| unreadable(trust, error))?;
            profile.roots = vec![pem];
        }
        check(&profile)?;
        Ok(profile)
    }
}

/// Reads a profile from a file or URL without keeping it.
pub(crate) async fn read_any(file_or_url: &str, way: &Way) -> Result<CaProfile> {
    if is_url(file_or_url) { from_url(file_or_url, way).await } else { read(Path::new(file_or_url)) }
}

async fn from_url(url: &str, way: &Way) -> Result<CaProfile> {
    let profile = parse(&Endpoint::fetch(url, way).await?, url)?;
    // A stranger's file does not say which files of this computer are opened.
    if profile.transport.tls_certificate.is_some() {
        return Err(bad(url).with("found", "tlsCertificate"));
    }
    Ok(profile)
}

fn read(path: &Path) -> Result<CaProfile> {
    let origin = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| bad(&origin).because(error))?;
    parse(&text, &origin)
}

fn parse(text: &str, origin: &str) -> Result<CaProfile> {
    let file: ProfileFile = toml::from_str(text).map_err(|error| bad(origin).because(error))?;
    // Given options over the defaults, so that a profile may name only what differs.
    let mut options = toml::Table::try_from(CmpOptions::default()).map_err(|error| bad(origin).because(error))?;
    options.extend(file.cmp);
    let cmp: CmpOptions = options.try_into().map_err(|error| bad(origin).because(error))?;
    let profile = CaProfile {
        title: file.title.unwrap_or_else(|| file.name.clone()),
        name: file.name,
        url: file.url,
        roots: file.roots,
        tls_roots: file.tls_roots,
        cmp,
        transport: file.transport,
        keys: file.keys,
        codes: file.codes,
        demo: file.demo,
    };
    check(&profile)?;
    Ok(profile)
}

fn check(profile: &CaProfile) -> Result<()> {
    check_name(&profile.name)?;
    if !is_url(&profile.url) {
        return Err(bad(&profile.name).with("found", &profile.url));
    }
    chain::roots_from_pem(&profile.roots)?;
    chain::from_pem("tlsRoots", &profile.tls_roots)?;
    chain::from_pem("cmp.signers", &profile.cmp.signers)?;
    if !cmp_protocol::protection::ITERATIONS.contains(&profile.cmp.iterations) {
        return Err(bad(&profile.name).with("found", profile.cmp.iterations));
    }
    let alphabet = profile.codes.alphabet.as_deref();
    if alphabet.is_some_and(|alphabet| alphabet.is_empty() || !alphabet.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(bad(&profile.name).with("found", "alphabet"));
    }
    check_transport(profile)?;
    parse_name(&profile.cmp.recipient).map(|_| ()).map_err(|error| bad(&profile.name).because(error))
}

/// What is said about the way fits together, and with the address.
fn check_transport(profile: &CaProfile) -> Result<()> {
    let wrong = |found: &str| Err(bad(&profile.name).with("found", found));
    let transport = &profile.transport;
    let url = url::Url::parse(&profile.url).map_err(|error| bad(&profile.name).because(error))?;
    if url.password().is_some() {
        return wrong("a password in url");
    }
    let well_known = transport.paths != PathStyle::AsIs;
    // Well-known paths begin at the root (RFC 8615 §3).
    if well_known && (url.path() != "/" || url.query().is_some()) {
        return wrong("a path in url");
    }
    let is_segment =
        |label: &String| !matches!(label.as_str(), "" | "." | "..") && !label.chars().any(char::is_control);
    if transport.label.as_ref().is_some_and(|label| !well_known || label.len() > LABEL_LENGTH || !is_segment(label)) {
        return wrong("label");
    }
    if transport.http2_prior_knowledge && url.scheme() != "http" {
        return wrong("http2PriorKnowledge");
    }
    match &transport.tls_certificate {
        Some(path) if url.scheme() != "https" || !Path::new(path).is_absolute() => wrong("tlsCertificate"),
        _ => Ok(()),
    }
}

/// Letters, digits, `-`, `_`, `.`: a name is also a file's name.
fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.chars().all(fits) {
        return Ok(());
    }
    Err(Error::new(Code::BadProfile, DOING).with("ca", name))
}

fn ad_hoc(url: &str) -> Result<CaProfile> {
    let parsed = url::Url::parse(url).map_err(|error| bad(url).because(error))?;
    let host = parsed.host_str().unwrap_or_default().to_owned();
    let name: String = host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    Ok(CaProfile {
        name: name.trim_matches(['.', '-']).to_owned(),
        title: host,
        url: url.to_owned(),
        roots: Vec::new(),
        tls_roots: Vec::new(),
        cmp: CmpOptions::default(),
        transport: TransportOptions::default(),
        keys: Vec::new(),
        codes: CodeOptions::default(),
        demo: false,
    })
}

/// Reads `chopmark://enroll?ca=…&ref=…`. The code never stands in a link: one that has it is refused.
pub(crate) async fn link(profiles: &Profiles, link: &str, way: &Way) -> Result<LinkOffer> {
    let bad = || Error::new(Code::BadLink, "reading a link");
    let url = url::Url::parse(link).map_err(|error| bad().because(error))?;
    if link.len() > LINK_LENGTH || url.scheme() != "chopmark" || url.host_str() != Some("enroll") {
        return Err(bad());
    }
    let (mut ca, mut reference) = (None, None);
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "ca" if ca.is_none() => ca = Some(value.into_owned()),
            "ref" if reference.is_none() => reference = Some(value.into_owned()),
            _ => return Err(bad()),
        }
    }
    let (Some(ca), Some(reference)) = (ca, reference) else { return Err(bad()) };
    if reference.is_empty() || reference.chars().any(char::is_control) {
        return Err(bad());
    }
    offer(profiles, ca, reference, way).await
}

async fn offer(profiles: &Profiles, ca: String, reference: String, way: &Way) -> Result<LinkOffer> {
    let known = profiles.list()?;
    if let Some(profile) = known.iter().find(|profile| profile.name == ca || profile.url == ca) {
        let host = url::Url::parse(&profile.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        return Ok(LinkOffer {
            known_ca: Some(profile.name.clone()),
            host: host.unwrap_or_default(),
            ca,
            reference,
            offered: None,
            root_fingerprints: Vec::new(),
        });
    }
    if !is_url(&ca) {
        return Err(Error::new(Code::NoSuchProfile, "reading a link").with("ca", ca));
    }
    let parsed = url::Url::parse(&ca).map_err(|error| Error::new(Code::BadLink, "reading a link").because(error))?;
    let mut offered = from_url(&ca, way).await?;
    // The same profile as one we have: nothing to ask.
    let known_ca = known.iter().find(|profile| **profile == offered).map(|profile| profile.name.clone());
    // A link never takes the place of a CA that is known under the same name.
    let wanted = offered.name.clone();
    let mut number = 1;
    while known_ca.is_none() && known.iter().any(|profile| profile.name == offered.name) {
        number += 1;
        offered.name = format!("{wanted}-{number}");
    }
    let roots = chain::roots_from_pem(&offered.roots)?;
    Ok(LinkOffer {
        host: parsed.host_str().unwrap_or_default().to_owned(),
        root_fingerprints: roots.iter().map(|der| hex(&Sha256::digest(der))).collect(),
        offered: known_ca.is_none().then_some(offered),
        known_ca,
        ca,
        reference,
    })
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn bad(ca: &str) -> Error {
    Error::new(Code::BadProfile, DOING).with("ca", ca)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(Code::FileNotReadable, DOING).with("path", path.display()).because(error)
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::new(Code::FileNotWritable, DOING).with("path", path.display()).because(error)
}
