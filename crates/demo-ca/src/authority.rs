//! The CA's keys and the certificates it makes: a root, an intermediate under it, and those of the invited.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use cmp_protocol::information::CertReqTemplate;
use const_oid::{
    ObjectIdentifier,
    db::{rfc5280, rfc5912, rfc8410},
};
use der::{Decode, DecodePem, Encode, EncodePem, Sequence, asn1::Uint, flagset::FlagSet};
use p256::{
    ecdsa::SigningKey,
    elliptic_curve::Generate,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding},
};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    Certificate,
    ext::{
        Extension,
        pkix::{KeyUsage, KeyUsages, name::GeneralNames},
    },
    name::Name,
};

use self::form::{Form, public, sign, validity};
use crate::{
    error::{Error, Result},
    rng,
};

pub(crate) mod crl;
mod form;
mod roots;
mod signer;

pub(crate) use roots::renew_root;
pub(crate) use signer::Signer;

const ROOT: &str = "CN=Chopmark demo root,O=Chopmark demo\\, not for real use";
const INTERMEDIATE: &str = "CN=Chopmark demo CA,O=Chopmark demo\\, not for real use";
const DAY: u64 = 86_400;
/// Clocks of those who check may be a little behind ours.
const BACKDATED: u64 = 300;

/// The issuing CA.
pub(crate) struct Authority {
    key: SigningKey,
    /// Subject of the intermediate: issuer of certificates, sender of answers.
    pub(crate) name: Name,
    until: u64,
    /// DER of the intermediate's certificate.
    pub(crate) intermediate: Vec<u8>,
    /// DER of the root's certificate.
    pub(crate) root: Vec<u8>,
    /// Who signs answers.
    pub(crate) signer: Signer,
    /// Who signs the keys that the CA makes.
    pub(crate) key_maker: Signer,
    /// Where certificates say that the CRL is.
    crl_url: Option<String>,
    dir: PathBuf,
}

/// What to certify.
pub(crate) struct Order<'a> {
    pub(crate) subject: &'a Name,
    pub(crate) key: SubjectPublicKeyInfoOwned,
    pub(crate) alternative_names: Option<Extension>,
    pub(crate) days: u32,
}

impl Authority {
    /// Reads keys and certificates from `dir`; makes them on the first start.
    pub(crate) fn open(dir: &Path, crl_url: Option<String>, now: u64) -> Result<Authority> {
        // This one is written last: without it nothing has been issued yet.
        if !dir.join("intermediate.pem").exists() {
            make(dir, now)?;
        }
        let (root, intermediate) = (certificate(dir, "root.pem")?, certificate(dir, "intermediate.pem")?);
        let key = key(dir, "intermediate.key")?;
        let name = intermediate.tbs_certificate().subject().clone();
        let until = intermediate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
        let intermediate = intermediate.to_der().map_err(Error::certificate)?;
        let root = root.to_der().map_err(Error::certificate)?;
        let chain = vec![intermediate.clone()];
        let issuer = signer::Issuer { key: &key, name: &name, until };
        let signer = Signer::open(dir, &signer::MESSAGES, &issuer, chain.clone(), now)?;
        let key_maker = Signer::open(dir, &signer::KEYS, &issuer, chain, now)?;
        Ok(Authority { key, name, until, intermediate, root, signer, key_maker, crl_url, dir: dir.to_path_buf() })
    }

    /// Makes a certificate for these domains; returns its DER.
    pub(crate) fn issue_for_server(
        &self,
        domains: &[String],
        key: SubjectPublicKeyInfoOwned,
        days: u32,
        now: u64,
    ) -> Result<Vec<u8>> {
        let subject = parse(&format!("CN={}", domains.first().map_or("", String::as_str)))?;
        let mut usages = FlagSet::from(KeyUsages::DigitalSignature);
        if key.algorithm.oid == rfc5912::RSA_ENCRYPTION {
            usages |= KeyUsages::KeyEncipherment;
        }
        let mut form = Form::server(&self.name, &subject, KeyUsage(usages))?;
        form.extensions.push(form::dns_names(domains)?);
        let end = (now + u64::from(days) * DAY).min(self.until);
        let certificate = sign(form, validity(now - BACKDATED, end)?, key, &self.key)?;
        certificate.to_der().map_err(Error::certificate)
    }

    /// Makes a certificate; returns its DER and its serial number in hex.
    pub(crate) fn issue(&self, order: Order<'_>, now: u64) -> Result<(Vec<u8>, String)> {
        let rsa = order.key.algorithm.oid == rfc5912::RSA_ENCRYPTION;
        let mut usages = FlagSet::from(KeyUsages::DigitalSignature);
        if rsa {
            usages |= KeyUsages::KeyEncipherment;
        }
        let mut form = Form::invited(&self.name, order.subject, KeyUsage(usages))?;
        form.extensions.extend(self.crl_url.as_deref().map(form::crl_at).transpose()?);
        form.extensions.extend(order.alternative_names);
        let end = (now + u64::from(order.days) * DAY).min(self.until);
        let certificate = sign(form, validity(now - BACKDATED, end)?, order.key, &self.key)?;
        let serial = certificate.tbs_certificate().serial_number().as_bytes();
        Ok((certificate.to_der().map_err(Error::certificate)?, hex(serial)))
    }

    /// Makes a certificate for a key that nobody has asked for. For tests.
    pub(crate) fn stray_key() -> Result<SubjectPublicKeyInfoOwned> {
        public(&SigningKey::generate_from_rng(&mut rng()))
    }

    /// The template for requests that somebody has put into the folder (`template.der`, a `CertReqTemplateValue`).
    pub(crate) fn ordered_template(&self) -> Result<Option<CertReqTemplate>> {
        let path = self.dir.join("template.der");
        if !path.exists() {
            return Ok(None);
        }
        let der = fs::read(&path).map_err(Error::file(&path))?;
        CertReqTemplate::from_der(&der).map(Some).map_err(Error::certificate)
    }

    /// Is this where certificates say that the CRL is?
    pub(crate) fn is_crl_url(&self, url: &str) -> bool {
        self.crl_url.as_deref() == Some(url)
    }

    /// PEM of the root's certificate.
    pub(crate) fn root_pem(&self) -> Result<String> {
        Certificate::from_der(&self.root)
            .and_then(|certificate| certificate.to_pem(LineEnding::LF))
            .map_err(Error::certificate)
    }
}

/// Which keys are certified: RSA of 2048 to 4096 bits, P-256, P-384, P-521, Ed25519.
pub(crate) fn check_key(key: &SubjectPublicKeyInfoOwned) -> std::result::Result<(), String> {
    #[derive(Sequence)]
    struct RsaPublicKey {
        modulus: Uint,
        exponent: Uint,
    }
    match key.algorithm.oid {
        rfc5912::RSA_ENCRYPTION => {
            let parts = RsaPublicKey::from_der(key.subject_public_key.raw_bytes())
                .map_err(|error| format!("not an RSA key: {error}"))?;
            let modulus = parts.modulus.as_bytes();
            let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
            if parts.exponent.as_bytes().is_empty() || !(2048..=4096).contains(&bits) {
                return Err(format!("RSA keys must have 2048 to 4096 bits, not {bits}"));
            }
            Ok(())
        }
        rfc5912::ID_EC_PUBLIC_KEY => {
            match key.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok()) {
                Some(rfc5912::SECP_256_R_1 | rfc5912::SECP_384_R_1 | rfc5912::SECP_521_R_1) => Ok(()),
                _ => Err("EC keys must be on P-256, P-384 or P-521".into()),
            }
        }
        rfc8410::ID_ED_25519 if key.subject_public_key.raw_bytes().len() == 32 => Ok(()),
        other => Err(format!("keys of type {other} are not certified here")),
    }
}

/// The alternative names asked for, if they can be read.
pub(crate) fn alternative_names(wanted: &[Extension]) -> std::result::Result<Option<Extension>, String> {
    let Some(found) = wanted.iter().find(|extension| extension.extn_id == rfc5280::ID_CE_SUBJECT_ALT_NAME) else {
        return Ok(None);
    };
    GeneralNames::from_der(found.extn_value.as_bytes())
        .map_err(|error| format!("the alternative names cannot be read: {error}"))?;
    Ok(Some(found.clone()))
}

/// Names are the same when their parts are, whatever string type carries them.
pub(crate) fn same_name(one: &Name, other: &Name) -> bool {
    let parts = |name: &Name| -> Vec<Vec<(ObjectIdentifier, Vec<u8>)>> {
        name.iter_rdn().map(|rdn| rdn.iter().map(|part| (part.oid, part.value.value().to_vec())).collect()).collect()
    };
    parts(one) == parts(other)
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn make(dir: &Path, now: u64) -> Result<()> {
    let (root_name, name) = (parse(ROOT)?, parse(INTERMEDIATE)?);
    let valid = || validity(now - BACKDATED, now + 3650 * DAY);
    let (root_key, key) = (SigningKey::generate_from_rng(&mut rng()), SigningKey::generate_from_rng(&mut rng()));
    let root = sign(Form::authority(&root_name, &root_name, None)?, valid()?, public(&root_key)?, &root_key)?;
    let form = Form::authority(&root_name, &name, Some(0))?;
    let intermediate = sign(form, valid()?, public(&key)?, &root_key)?;
    for (file, key) in [("root.key", &root_key), ("intermediate.key", &key)] {
        write_key(dir, file, key)?;
    }
    for (file, certificate) in [("root.pem", &root), ("intermediate.pem", &intermediate)] {
        write_certificate(dir, file, certificate)?;
    }
    Ok(())
}

fn read(dir: &Path, name: &str) -> Result<String> {
    let path = dir.join(name);
    fs::read_to_string(&path).map_err(Error::file(&path))
}

fn certificate(dir: &Path, name: &str) -> Result<Certificate> {
    Certificate::from_pem(read(dir, name)?).map_err(Error::certificate)
}

fn key(dir: &Path, name: &str) -> Result<SigningKey> {
    let pem = zeroize::Zeroizing::new(read(dir, name)?);
    SigningKey::from_pkcs8_pem(&pem).map_err(Error::certificate)
}

fn write_key(dir: &Path, name: &str, key: &SigningKey) -> Result<()> {
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(Error::certificate)?;
    write(&dir.join(name), pem.as_bytes(), 0o600)
}

fn write_certificate(dir: &Path, name: &str, certificate: &Certificate) -> Result<()> {
    let pem = certificate.to_pem(LineEnding::LF).map_err(Error::certificate)?;
    write(&dir.join(name), pem.as_bytes(), 0o644)
}

/// Writes a file whole or not at all.
pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let part = path.with_extension("part");
    let _ = fs::remove_file(&part); // Left by a crash, with whatever mode it had.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let _ = mode;
    let mut file = options.open(&part).map_err(Error::file(&part))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(Error::file(&part))?;
    fs::rename(&part, path).map_err(Error::file(path))
}

/// A name from RFC 4514 text.
pub(crate) fn parse(name: &str) -> Result<Name> {
    name.parse().map_err(|error| Error::Usage(format!("`{name}` is not a distinguished name (RFC 4514): {error}")))
}
