//! The CA's keys and the certificates it makes: a root, an intermediate under it, and those of the invited.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

use const_oid::{
    AssociatedOid, ObjectIdentifier,
    db::{rfc5280, rfc5912, rfc8410},
};
use der::{
    Decode, DecodePem, Encode, EncodePem, Sequence,
    asn1::{Ia5StringRef, OctetString, Uint},
    flagset::FlagSet,
};
use p256::{
    ecdsa::{DerSignature, SigningKey},
    elliptic_curve::Generate,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding},
};
use rand_core::Rng;
use sha2::{Digest, Sha256};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::{
    Certificate, TbsCertificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
            name::GeneralNames,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    time::{Time, Validity},
};

use crate::{
    error::{Error, Result},
    rng,
};

const ROOT: &str = "CN=Chopmark demo root,O=Chopmark demo\\, not for real use";
const INTERMEDIATE: &str = "CN=Chopmark demo CA,O=Chopmark demo\\, not for real use";
const COMMENT: &str = "Issued by the Chopmark demo CA for trying out. Not for real use.";
const NETSCAPE_COMMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113730.1.13");
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
    pub(crate) fn open(dir: &Path, now: u64) -> Result<Authority> {
        // This one is written last: without it nothing has been issued yet.
        if !dir.join("intermediate.pem").exists() {
            make(dir, now)?;
        }
        let read = |name: &str| {
            let path = dir.join(name);
            fs::read_to_string(&path).map_err(Error::file(&path))
        };
        let certificate = |name: &str| Certificate::from_pem(read(name)?).map_err(Error::certificate);
        let (root, intermediate) = (certificate("root.pem")?, certificate("intermediate.pem")?);
        let key = zeroize::Zeroizing::new(read("intermediate.key")?);
        Ok(Authority {
            key: SigningKey::from_pkcs8_pem(&key).map_err(Error::certificate)?,
            name: intermediate.tbs_certificate().subject().clone(),
            until: intermediate.tbs_certificate().validity().not_after.to_unix_duration().as_secs(),
            intermediate: intermediate.to_der().map_err(Error::certificate)?,
            root: root.to_der().map_err(Error::certificate)?,
        })
    }

    /// Makes a certificate; returns its DER and its serial number in hex.
    pub(crate) fn issue(&self, order: Order<'_>, now: u64) -> Result<(Vec<u8>, String)> {
        let rsa = order.key.algorithm.oid == rfc5912::RSA_ENCRYPTION;
        let mut usages = FlagSet::from(KeyUsages::DigitalSignature);
        if rsa {
            usages |= KeyUsages::KeyEncipherment;
        }
        let purposes = vec![rfc5280::ID_KP_CLIENT_AUTH, rfc5280::ID_KP_EMAIL_PROTECTION];
        let comment = Ia5StringRef::new(COMMENT).map_err(Error::certificate)?;
        let mut extensions = vec![
            extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?,
            extension(true, &KeyUsage(usages))?,
            extension(false, &ExtendedKeyUsage(purposes))?,
            raw_extension(NETSCAPE_COMMENT, false, &comment)?,
        ];
        extensions.extend(order.alternative_names);
        let form = Form { issuer: &self.name, subject: order.subject, extensions };
        let end = (now + u64::from(order.days) * DAY).min(self.until);
        let certificate = sign(form, validity(now - BACKDATED, end)?, order.key, &self.key)?;
        let serial = certificate.tbs_certificate().serial_number().as_bytes();
        Ok((certificate.to_der().map_err(Error::certificate)?, hex(serial)))
    }

    /// Makes a certificate for a key that nobody has asked for. For tests.
    pub(crate) fn stray_key() -> Result<SubjectPublicKeyInfoOwned> {
        public(&SigningKey::generate_from_rng(&mut rng()))
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
    let form = |subject, path_len_constraint| -> Result<Form<'_>> {
        let extensions = vec![
            extension(true, &BasicConstraints { ca: true, path_len_constraint })?,
            extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
        ];
        Ok(Form { issuer: &root_name, subject, extensions })
    };
    let root = sign(form(&root_name, None)?, valid()?, public(&root_key)?, &root_key)?;
    let intermediate = sign(form(&name, Some(0))?, valid()?, public(&key)?, &root_key)?;
    for (file, key) in [("root.key", &root_key), ("intermediate.key", &key)] {
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(Error::certificate)?;
        write(&dir.join(file), pem.as_bytes(), 0o600)?;
    }
    for (file, certificate) in [("root.pem", root), ("intermediate.pem", intermediate)] {
        let pem = certificate.to_pem(LineEnding::LF).map_err(Error::certificate)?;
        write(&dir.join(file), pem.as_bytes(), 0o644)?;
    }
    Ok(())
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

/// A certificate's content apart from the key identifiers, which the builder's call brings.
struct Form<'a> {
    issuer: &'a Name,
    subject: &'a Name,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Form<'_> {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        // RFC 7093 §2 method 1: SHA-256, cut to 160 bits.
        let identifier = |key: SubjectPublicKeyInfoRef<'_>| {
            OctetString::new(&Sha256::digest(key.subject_public_key.raw_bytes())[..20])
        };
        let authority = AuthorityKeyIdentifier { key_identifier: Some(identifier(issuer_key)?), ..Default::default() };
        let mut extensions = self.extensions.clone();
        for (extn_id, value) in [
            (SubjectKeyIdentifier::OID, SubjectKeyIdentifier(identifier(key)?).to_der()?),
            (AuthorityKeyIdentifier::OID, authority.to_der()?),
        ] {
            extensions.push(Extension { extn_id, critical: false, extn_value: OctetString::new(value)? });
        }
        Ok(extensions)
    }
}

fn sign(form: Form<'_>, validity: Validity, key: SubjectPublicKeyInfoOwned, by: &SigningKey) -> Result<Certificate> {
    let mut serial = [0; 16];
    rng().fill_bytes(&mut serial);
    serial[0] = serial[0] & 0x3f | 0x40; // Positive, and always of 16 bytes.
    let serial = SerialNumber::new(&serial).map_err(Error::certificate)?;
    CertificateBuilder::new(form, serial, validity, key)
        .and_then(|builder| builder.build::<_, DerSignature>(by))
        .map_err(Error::certificate)
}

fn public(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned> {
    let der = key.verifying_key().to_public_key_der().map_err(Error::certificate)?;
    SubjectPublicKeyInfoOwned::from_der(der.as_bytes()).map_err(Error::certificate)
}

fn extension<T: AssociatedOid + Encode>(critical: bool, value: &T) -> Result<Extension> {
    raw_extension(T::OID, critical, value)
}

fn raw_extension(extn_id: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension> {
    let extn_value = value.to_der().and_then(OctetString::new).map_err(Error::certificate)?;
    Ok(Extension { extn_id, critical, extn_value })
}

/// A name from RFC 4514 text.
pub(crate) fn parse(name: &str) -> Result<Name> {
    name.parse().map_err(|error| Error::Usage(format!("`{name}` is not a distinguished name (RFC 4514): {error}")))
}

fn validity(from: u64, until: u64) -> Result<Validity> {
    let time = |seconds| {
        der::asn1::GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds))
            .map(Time::GeneralTime)
            .map_err(Error::certificate)
    };
    Ok(Validity::new(time(from)?, time(until)?))
}
