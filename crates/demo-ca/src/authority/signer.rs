//! Who signs answers, and who signs the keys that the CA makes: each a key of its own with a certificate for just that, from
//! the intermediate.

use std::path::Path;

use cmp_protocol::{
    key_delivery::{SignedKey, seal::UnsignedKey},
    protection::Unprotected,
    signature::SignatureScheme,
};
use const_oid::ObjectIdentifier;
use der::Encode;
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    elliptic_curve::Generate,
};
use x509_cert::name::Name;

use super::{
    Authority, BACKDATED, DAY, certificate,
    form::{CM_KGA, CMC_CA, Form, public, sign, validity},
    key, parse, write_certificate, write_key,
};
use crate::{
    error::{Error, Result},
    rng,
};

/// Who a signer is: the name of its files, its subject, what it may do.
pub(super) struct Office {
    files: &'static str,
    subject: &'static str,
    purpose: Option<ObjectIdentifier>,
}

/// Signs answers.
pub(super) const MESSAGES: Office = Office {
    files: "signer",
    subject: "CN=Chopmark demo CMP signer,O=Chopmark demo\\, not for real use",
    purpose: Some(CMC_CA),
};
/// Signs keys that the CA makes (RFC 9483 §4.1.6).
pub(super) const KEYS: Office = Office {
    files: "key-maker",
    subject: "CN=Chopmark demo key maker,O=Chopmark demo\\, not for real use",
    purpose: Some(CM_KGA),
};
const WITHOUT_PURPOSE: Office = Office { purpose: None, ..MESSAGES };

const STRANGER: &str = "CN=Somebody else's CA";

/// A key that signs messages.
pub(crate) struct Signer {
    key: SigningKey,
    /// Its certificate, DER.
    pub(crate) certificate: Vec<u8>,
    /// What leads from it towards the root, DER.
    pub(crate) chain: Vec<Vec<u8>>,
}

/// Whoever issues a signer's certificate.
pub(super) struct Issuer<'a> {
    pub(super) key: &'a SigningKey,
    pub(super) name: &'a Name,
    pub(super) until: u64,
}

impl Signer {
    /// Reads key and certificate from `dir`; makes them where there are none, as in folders of older CAs.
    pub(super) fn open(
        dir: &Path,
        office: &Office,
        issuer: &Issuer<'_>,
        chain: Vec<Vec<u8>>,
        now: u64,
    ) -> Result<Signer> {
        let (pem, key_file) = (format!("{}.pem", office.files), format!("{}.key", office.files));
        // This one is written last.
        if !dir.join(&pem).exists() {
            let key = SigningKey::generate_from_rng(&mut rng());
            let certificate = certify(&key, issuer, office, now)?;
            write_key(dir, &key_file, &key)?;
            write_certificate(dir, &pem, &certificate)?;
        }
        let certificate = certificate(dir, &pem)?.to_der().map_err(Error::certificate)?;
        Ok(Signer { key: key(dir, &key_file)?, certificate, chain })
    }

    /// Signs and encodes.
    pub(crate) fn sign(&self, message: Unprotected) -> Result<Vec<u8>> {
        let signature: DerSignature = self.key.sign(message.to_sign());
        Ok(message.assemble(signature.as_bytes())?)
    }

    /// Signs a key (PKCS#8, DER) that the CA has made.
    pub(crate) fn sign_key(&self, pkcs8: &[u8]) -> Result<SignedKey> {
        let certificates = [std::slice::from_ref(&self.certificate), &self.chain].concat();
        let unsigned = UnsignedKey::new(pkcs8, certificates, SignatureScheme::EcdsaP256Sha256)?;
        let signature: DerSignature = self.key.sign(unsigned.to_sign());
        Ok(unsigned.assemble(signature.as_bytes())?)
    }
}

impl Authority {
    /// One that may not sign: its certificate lacks the purpose. For tests.
    pub(crate) fn signer_without_purpose(&self, now: u64) -> Result<Signer> {
        let issuer = Issuer { key: &self.key, name: &self.name, until: self.until };
        make(&issuer, &WITHOUT_PURPOSE, self.signer.chain.clone(), now)
    }

    /// One of another CA, by the name of ours. For tests.
    pub(crate) fn foreign_signer(&self, now: u64) -> Result<Signer> {
        let (key, name) = (SigningKey::generate_from_rng(&mut rng()), parse(STRANGER)?);
        let until = now + 365 * DAY;
        let form = Form::authority(&name, &name, None)?;
        let root = sign(form, validity(now - BACKDATED, until)?, public(&key)?, &key)?;
        let chain = vec![root.to_der().map_err(Error::certificate)?];
        make(&Issuer { key: &key, name: &name, until }, &MESSAGES, chain, now)
    }
}

fn make(issuer: &Issuer<'_>, office: &Office, chain: Vec<Vec<u8>>, now: u64) -> Result<Signer> {
    let key = SigningKey::generate_from_rng(&mut rng());
    let certificate = certify(&key, issuer, office, now)?.to_der().map_err(Error::certificate)?;
    Ok(Signer { key, certificate, chain })
}

fn certify(key: &SigningKey, issuer: &Issuer<'_>, office: &Office, now: u64) -> Result<x509_cert::Certificate> {
    let subject = parse(office.subject)?;
    let form = Form::signer(issuer.name, &subject, office.purpose)?;
    sign(form, validity(now - BACKDATED, issuer.until)?, public(key)?, issuer.key)
}
