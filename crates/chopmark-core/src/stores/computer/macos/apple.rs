//! Apple's functions for keys, certificates and identities in one keychain.

use cmp_protocol::signature::SignatureScheme;
use security_framework::{
    access_control::{ProtectionMode, SecAccessControl},
    base::Error as Status,
    certificate::SecCertificate,
    identity::SecIdentity,
    item::{
        AddRef, ItemAddOptions, ItemAddValue, ItemClass, ItemSearchOptions, KeyClass, Limit, Location, Reference,
        SearchResult,
    },
    key::{Algorithm, GenerateKeyOptions, KeyType, SecKey, Token},
    os::macos::keychain::SecKeychain,
    passwords::AccessControlOptions,
};
use token_helper::wire::SignatureAlgorithm;

use super::super::keychain::{DUPLICATE, Keep, NOT_FOUND, UNAVAILABLE, failure, spki, status_of};
use crate::{
    error::{Code, Error, Result},
    hints::{self, Language},
    model::{KeyChoice, word},
    stores::token::algorithm,
};

/// What its calls need; cheap to hand to a thread that may block.
#[derive(Clone)]
pub(super) struct Keychain {
    pub(super) keep: Keep,
    pub(super) name: String,
}

/// Apple hashes, and answers in X.509 form.
pub(super) fn apples(scheme: SignatureScheme) -> Result<Algorithm> {
    Ok(match algorithm(scheme)? {
        SignatureAlgorithm::RsaPkcs1Sha256 => Algorithm::RSASignatureMessagePKCS1v15SHA256,
        SignatureAlgorithm::EcdsaSha256 => Algorithm::ECDSASignatureMessageX962SHA256,
        SignatureAlgorithm::EcdsaSha384 => Algorithm::ECDSASignatureMessageX962SHA384,
        SignatureAlgorithm::EcdsaSha512 => Algorithm::ECDSASignatureMessageX962SHA512,
        SignatureAlgorithm::Ed25519 => {
            return Err(Error::new(Code::KeyKindUnsupported, "signing in a keychain").with("key", "ed25519"));
        }
    })
}

impl Keychain {
    pub(super) fn of(keep: Keep, language: Language) -> Keychain {
        Keychain { keep, name: hints::keychain_name(keep, language).to_owned() }
    }

    pub(super) fn failed(&self, status: i32, doing: &'static str) -> Error {
        failure(status, doing, self.keep, &self.name)
    }

    pub(super) fn status(&self, status: Status, doing: &'static str) -> Error {
        self.failed(status.code(), doing).because(status)
    }

    /// What a `CFError` means; it has a domain of its own.
    fn refused(&self, domain: &str, code: isize, doing: &'static str) -> Error {
        self.failed(status_of(domain, code), doing).because(format!("{domain} {code}"))
    }

    /// A question for objects of this keychain, and of no other: what is found may be deleted. What lies in the Secure Enclave is in
    /// the keychain that is not a file.
    fn query(&self, class: ItemClass) -> Result<ItemSearchOptions> {
        let mut query = ItemSearchOptions::new();
        query.class(class).load_refs(true).limit(Limit::All);
        match self.keep {
            Keep::Login => {
                let login = SecKeychain::default();
                query.keychains(&[login.map_err(|status| self.status(status, "opening the keychain"))?]);
            }
            Keep::Enclave => {
                query.ignore_legacy_keychains();
            }
            Keep::Token => {
                query.access_group_token();
            }
        }
        Ok(query)
    }

    fn search(&self, query: &ItemSearchOptions, doing: &'static str) -> Result<Vec<Reference>> {
        let found = match query.search() {
            Err(status) if status.code() == NOT_FOUND => Vec::new(),
            found => found.map_err(|status| self.status(status, doing))?,
        };
        let reference = |one| if let SearchResult::Ref(reference) = one { Some(reference) } else { None };
        Ok(found.into_iter().filter_map(reference).collect())
    }

    fn private_key(&self, which: impl FnOnce(&mut ItemSearchOptions)) -> Result<Option<SecKey>> {
        let mut query = self.query(ItemClass::key())?;
        query.key_class(KeyClass::private());
        which(&mut query);
        let mut found = self.search(&query, "looking for the key")?.into_iter();
        Ok(found.find_map(|one| if let Reference::Key(key) = one { Some(key) } else { None }))
    }

    /// The private key with this id: Apple names keys by the hash of their public half, as we do.
    pub(super) fn key(&self, id: &[u8]) -> Result<SecKey> {
        let found = self.private_key(|query| {
            query.application_label(id);
        })?;
        found.ok_or_else(|| self.failed(NOT_FOUND, "looking for the key"))
    }

    /// The public half of the key with that label; it is made where there is none.
    pub(super) fn make(&self, label: &str, kind: KeyChoice) -> Result<Vec<u8>> {
        let key = match self.private_key(|query| {
            query.label(label);
        })? {
            Some(key) => key,
            None => SecKey::new(&self.options(label, kind)?).map_err(|error| {
                let domain = error.domain().to_string();
                self.refused(&domain, error.code(), "making the key").with("key", word(&kind))
            })?,
        };
        let public_key = key.public_key().and_then(|public| public.external_representation());
        spki(&public_key.ok_or_else(|| self.failed(UNAVAILABLE, "reading the public key"))?)
    }

    fn options(&self, label: &str, kind: KeyChoice) -> Result<GenerateKeyOptions> {
        let (key_type, bits) = match kind {
            KeyChoice::Rsa2048 => (KeyType::rsa(), 2048),
            KeyChoice::Rsa3072 => (KeyType::rsa(), 3072),
            KeyChoice::Rsa4096 => (KeyType::rsa(), 4096),
            KeyChoice::EcP384 => (KeyType::ec_sec_prime_random(), 384),
            _ => (KeyType::ec_sec_prime_random(), 256),
        };
        let mut options = GenerateKeyOptions::default();
        options.set_key_type(key_type).set_size_in_bits(bits).set_label(label);
        match self.keep {
            Keep::Enclave => {
                let usage = AccessControlOptions::PRIVATE_KEY_USAGE.bits();
                let mode = ProtectionMode::AccessibleWhenUnlockedThisDeviceOnly;
                let access = SecAccessControl::create_with_protection(Some(mode), usage);
                options.set_access_control(access.map_err(|status| self.status(status, "making the key"))?);
                options.set_token(Token::SecureEnclave).set_location(Location::DataProtectionKeychain);
            }
            _ => {
                options.set_token(Token::Software).set_location(Location::DefaultFileKeychain);
            }
        }
        Ok(options)
    }

    pub(super) fn sign(&self, key: &SecKey, algorithm: Algorithm, data: &[u8]) -> Result<Vec<u8>> {
        let signed = key.create_signature(algorithm, data);
        signed.map_err(|error| self.refused(&error.domain().to_string(), error.code(), "signing"))
    }

    pub(super) fn certificate(&self, der: &[u8]) -> Result<SecCertificate> {
        SecCertificate::from_der(der).map_err(|status| self.status(status, "reading the certificate"))
    }

    /// Adds a certificate; one that is there already is no error.
    pub(super) fn add(&self, der: &[u8], label: Option<&str>) -> Result<()> {
        let mut options = ItemAddOptions::new(ItemAddValue::Ref(AddRef::Certificate(self.certificate(der)?)));
        if let Some(label) = label {
            options.set_label(label);
        }
        options.set_location(match self.keep {
            Keep::Enclave => Location::DataProtectionKeychain,
            _ => Location::DefaultFileKeychain,
        });
        match options.add() {
            Err(status) if status.code() != DUPLICATE => Err(self.status(status, "installing")),
            _ => Ok(()),
        }
    }

    /// Certificates with their keys.
    pub(super) fn identities(&self) -> Result<Vec<(Vec<u8>, SecIdentity)>> {
        let found = self.search(&self.query(ItemClass::identity())?, "looking for certificates")?;
        let identity = |one| if let Reference::Identity(identity) = one { Some(identity) } else { None };
        let with_der = |identity: SecIdentity| Some((identity.certificate().ok()?.to_der(), identity));
        Ok(found.into_iter().filter_map(identity).filter_map(with_der).collect())
    }

    pub(super) fn delete_certificate(&self, der: &[u8]) -> Result<()> {
        let found = self.search(&self.query(ItemClass::certificate())?, "looking for certificates")?;
        for one in found {
            let Reference::Certificate(certificate) = one else { continue };
            if certificate.to_der() == der {
                self.deleted(certificate.delete())?;
            }
        }
        Ok(())
    }

    /// Both halves.
    pub(super) fn delete_keys(&self, which: impl Fn(&mut ItemSearchOptions)) -> Result<()> {
        for class in [KeyClass::private(), KeyClass::public()] {
            let mut query = self.query(ItemClass::key())?;
            query.key_class(class);
            which(&mut query);
            for one in self.search(&query, "looking for the key")? {
                if let Reference::Key(key) = one {
                    self.deleted(key.delete())?;
                }
            }
        }
        Ok(())
    }

    fn deleted(&self, result: std::result::Result<(), Status>) -> Result<()> {
        match result {
            Err(status) if status.code() != NOT_FOUND => Err(self.status(status, "deleting")),
            _ => Ok(()),
        }
    }
}
