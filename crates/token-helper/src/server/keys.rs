//! Keys: make, name, find, sign, destroy.

use super::module::authenticate;
use super::refusal::{code, describe, refusal};
use super::{Open, Server, encoding, quirks};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::UserType;
use std::collections::HashMap;
use token_helper::HelperError;
use token_helper::wire::{GeneratedKey, GenerationQuirks, Key, KeyKind, SignatureAlgorithm};

impl Open {
    /// Makes a key pair with the first template the token takes; `first`: the one it took last time.
    fn make_pair(
        &mut self,
        kind: KeyKind,
        label: &str,
        id: &[u8],
        first: Option<&str>,
    ) -> Result<(ObjectHandle, ObjectHandle, quirks::KeyTemplate), HelperError> {
        self.require_login()?;
        let mechanism = match kind {
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => Mechanism::RsaPkcsKeyPairGen,
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 => Mechanism::EccKeyPairGen,
            KeyKind::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
        };
        let mut refused = String::new();
        let mut templates = quirks::key_templates(kind, label, id);
        templates.sort_by_key(|template| Some(template.name) != first);
        for template in templates {
            match self.session.generate_key_pair(&mechanism, &template.public, &template.private) {
                Ok((public, private)) => {
                    return Ok((public, private, template));
                }
                Err(error) if quirks::is_about_the_template(code(&error)) => {
                    refused = format!("{} template: {}", template.name, describe(&error));
                }
                Err(error) => return Err(self.officer_or(error)),
            }
        }
        Err(HelperError::TemplateRefused { detail: refused })
    }

    /// The token's refusal, told from "not you": cards let only their administrator make keys and write certificates.
    pub(super) fn officer_or(&self, error: Error) -> HelperError {
        match self.user {
            UserType::User if quirks::wants_the_officer(code(&error)) => {
                HelperError::OfficerRequired { detail: describe(&error) }
            }
            _ => refusal(error),
        }
    }

    /// The key as the driver shows it after it was initialised anew. Its security officer may not see the private half.
    fn read_anew(&self, kind: KeyKind, id: &[u8], template: &quirks::KeyTemplate) -> Result<GeneratedKey, HelperError> {
        let private = self.objects(ObjectClass::PRIVATE_KEY, Some(id))?.pop();
        let public = self.objects(ObjectClass::PUBLIC_KEY, Some(id))?.pop();
        let right = |object: &ObjectHandle| self.read_key(*object).kind() == Some(kind);
        let public_key = [public, private].into_iter().flatten().filter(right).find_map(|half| self.public_key(half));
        let flag = |which| private.and_then(|private| self.flag(private, which));
        let (extractable, sensitive) = (flag(AttributeType::Extractable), flag(AttributeType::Sensitive));
        match public_key {
            Some(_) if extractable == Some(true) || sensitive == Some(false) => {
                Err(HelperError::TemplateRefused { detail: "the key could be read from the token".into() })
            }
            Some(public_key) => Ok(GeneratedKey {
                public_key,
                key_id: id.to_vec(),
                template: template.name.to_owned(),
                reinitialized: true,
                extractable: extractable.unwrap_or(!template.asks_for_protection),
                sensitive: sensitive.unwrap_or(template.asks_for_protection),
            }),
            None => Err(HelperError::TemplateRefused { detail: "the public key cannot be read".into() }),
        }
    }

    /// Reads the new key back. A key that did not become what it must be is destroyed: nobody has used it yet.
    pub(super) fn examine(
        &self,
        public: ObjectHandle,
        private: ObjectHandle,
        template: &quirks::KeyTemplate,
    ) -> Result<GeneratedKey, HelperError> {
        let extractable = self.flag(private, AttributeType::Extractable);
        let sensitive = self.flag(private, AttributeType::Sensitive);
        let unprotected = extractable == Some(true) || sensitive == Some(false);
        let detail = if unprotected && !template.asks_for_protection {
            "the key could be read from the token"
        } else if let Some(public_key) = self.public_key(public).or_else(|| self.public_key(private)) {
            return Ok(GeneratedKey {
                public_key,
                key_id: self.id(private),
                template: template.name.to_owned(),
                reinitialized: false,
                extractable: extractable.unwrap_or(!template.asks_for_protection),
                sensitive: sensitive.unwrap_or(template.asks_for_protection),
            });
        } else {
            "the public key cannot be read"
        };
        let _ = self.session.destroy_object(private);
        let _ = self.session.destroy_object(public);
        Err(HelperError::TemplateRefused { detail: detail.to_owned() })
    }

    /// SubjectPublicKeyInfo, from whichever half the object is: private RSA keys have the modulus, too.
    fn public_key(&self, object: ObjectHandle) -> Option<Vec<u8>> {
        let from_parts = match self.key_type(object)? {
            KeyType::RSA => {
                let modulus = self.bytes(object, AttributeType::Modulus).filter(|modulus| !modulus.is_empty());
                let exponent =
                    self.bytes(object, AttributeType::PublicExponent).filter(|exponent| !exponent.is_empty());
                modulus.zip(exponent).and_then(|(modulus, exponent)| encoding::rsa_public_key(&modulus, &exponent).ok())
            }
            KeyType::EC | KeyType::EC_EDWARDS => {
                let point = self.bytes(object, AttributeType::EcPoint);
                let parameters = self.bytes(object, AttributeType::EcParams);
                parameters.zip(point).and_then(|(parameters, point)| encoding::ec_public_key(&parameters, &point))
            }
            _ => return None,
        };
        // PKCS#11 2.40's own attribute comes second: few tokens have it, and of those some leave it empty.
        from_parts.or_else(|| {
            let info = self.bytes(object, AttributeType::PublicKeyInfo)?;
            <spki::SubjectPublicKeyInfoRef<'_> as der::Decode<'_>>::from_der(&info).is_ok().then(|| info.clone())
        })
    }

    fn key_type(&self, object: ObjectHandle) -> Option<KeyType> {
        match self.attribute(object, AttributeType::KeyType)? {
            Attribute::KeyType(kind) => Some(kind),
            _ => None,
        }
    }

    /// Final id and label. Both halves are renamed each by itself, so that a rename cut off half-way is finished by the next.
    pub(super) fn name_key(&mut self, from: &[u8], to: &[u8], label: &str) -> Result<Vec<u8>, HelperError> {
        self.require_login()?;
        if self.has_fixed_places() {
            return Ok(from.to_vec());
        }
        let private = match self.objects(ObjectClass::PRIVATE_KEY, Some(to))?.pop() {
            Some(named) => named,
            None => self.objects(ObjectClass::PRIVATE_KEY, Some(from))?.pop().ok_or(HelperError::KeyNotFound)?,
        };
        self.name(private, to, label)?;
        let id = self.id(private);
        // Where the token kept its own id, the public half keeps it, too: they belong together by it.
        if id == to {
            let publics =
                [self.objects(ObjectClass::PUBLIC_KEY, Some(to))?, self.objects(ObjectClass::PUBLIC_KEY, Some(from))?];
            for public in publics.concat() {
                self.name(public, to, label)?;
            }
        }
        Ok(id)
    }

    /// Id and label apart: some tokens take the one and not the other.
    fn name(&self, object: ObjectHandle, id: &[u8], label: &str) -> Result<(), HelperError> {
        let mut changes = vec![Attribute::Label(label.as_bytes().to_vec())];
        if self.id(object) != id {
            changes.insert(0, Attribute::Id(id.to_vec()));
        }
        for change in changes {
            match self.session.update_attributes(object, &[change]) {
                Err(error) if !quirks::dictates_names(code(&error)) => return Err(refusal(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The private key with this id.
    pub(super) fn find_key(&self, id: &[u8]) -> Result<Option<Key>, HelperError> {
        self.require_login()?;
        let found = self.objects(ObjectClass::PRIVATE_KEY, Some(id))?;
        let Some(private) = found.first() else { return Ok(None) };
        let publics = self.objects(ObjectClass::PUBLIC_KEY, Some(id))?;
        Ok(Some(self.key(*private, |_| publics.first().copied())))
    }

    /// All private keys. Public halves are looked up in a list made once: a search for each key costs the square of their number.
    pub(super) fn keys(&self) -> Result<Vec<Key>, HelperError> {
        self.require_login()?;
        let publics = self.objects(ObjectClass::PUBLIC_KEY, None)?;
        let publics: HashMap<Vec<u8>, ObjectHandle> = publics.into_iter().map(|one| (self.id(one), one)).collect();
        let public = |id: &[u8]| publics.get(id).copied().filter(|_| !id.is_empty());
        Ok(self.objects(ObjectClass::PRIVATE_KEY, None)?.into_iter().map(|key| self.key(key, public)).collect())
    }

    fn key(&self, private: ObjectHandle, public: impl Fn(&[u8]) -> Option<ObjectHandle>) -> Key {
        let read = self.read_key(private);
        let key_id = read.id();
        let public = public(&key_id);
        Key {
            label: read.label(),
            kind: read.kind().or_else(|| self.read_key(public?).kind()),
            public_key: public.and_then(|public| self.public_key(public)).or_else(|| self.public_key(private)),
            sensitive: self.flag(private, AttributeType::Sensitive),
            extractable: self.flag(private, AttributeType::Extractable),
            key_id,
        }
    }

    /// Both halves: on some tokens the public one outlives the private one.
    pub(super) fn delete_key(&mut self, id: &[u8]) -> Result<usize, HelperError> {
        self.require_login()?;
        let mut destroyed = 0;
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
            for object in self.objects(class, Some(id))? {
                match self.session.destroy_object(object) {
                    Ok(()) => destroyed += 1,
                    // Gone together with its other half.
                    Err(error) if code(&error) == Some(RvError::ObjectHandleInvalid) => {}
                    // Cards make a new key in the place of the old one, but cannot be without one (OpenSC, ykcs11 2.2).
                    Err(error) if self.has_fixed_places() && code(&error) == Some(RvError::FunctionNotSupported) => {}
                    Err(error) => return Err(self.officer_or(error)),
                }
            }
        }
        Ok(destroyed)
    }

    fn try_sign(&self, id: &[u8], algorithm: SignatureAlgorithm, data: &[u8]) -> Result<Vec<u8>, SignError> {
        let key = self.objects(ObjectClass::PRIVATE_KEY, Some(id))?.first().copied().ok_or(HelperError::KeyNotFound)?;
        let each_time = self.flag(key, AttributeType::AlwaysAuthenticate) == Some(true);
        let (mechanism, input) = self.signature_input(algorithm, data, each_time);
        let raw = match (&self.pin, each_time) {
            (Some(pin), true) => {
                // cryptoki has no way in between C_SignInit and C_Sign, so this takes the multi-part calls.
                self.session.sign_init(&mechanism, key)?;
                authenticate(&self.session, UserType::ContextSpecific, pin, self.token.protected_authentication_path)?;
                self.session.sign_update(&input)?;
                self.session.sign_final()?
            }
            _ => self.session.sign(&mechanism, key, &input)?,
        };
        let unusable = || HelperError::Protocol("the driver's signature has an impossible length".into());
        Ok(encoding::signature(algorithm, raw).ok_or_else(unusable)?)
    }

    /// Hashing is left to the token for RSA where it can; CKM_ECDSA is the one ECDSA mechanism every token has (SoftHSM2 has no
    /// other), but it is single-part, so for multi-part signing the hashing one goes first.
    fn signature_input(
        &self,
        algorithm: SignatureAlgorithm,
        data: &[u8],
        parts: bool,
    ) -> (Mechanism<'static>, Vec<u8>) {
        let has = |mechanism| self.mechanisms.contains(&mechanism);
        match algorithm {
            SignatureAlgorithm::RsaPkcs1Sha256 if has(MechanismType::SHA256_RSA_PKCS) => {
                (Mechanism::Sha256RsaPkcs, data.to_vec())
            }
            SignatureAlgorithm::RsaPkcs1Sha256 => (Mechanism::RsaPkcs, encoding::digest_info(data)),
            SignatureAlgorithm::EcdsaSha256 if parts && has(MechanismType::ECDSA_SHA256) => {
                (Mechanism::EcdsaSha256, data.to_vec())
            }
            SignatureAlgorithm::EcdsaSha384 if parts && has(MechanismType::ECDSA_SHA384) => {
                (Mechanism::EcdsaSha384, data.to_vec())
            }
            SignatureAlgorithm::EcdsaSha512 if parts && has(MechanismType::ECDSA_SHA512) => {
                (Mechanism::EcdsaSha512, data.to_vec())
            }
            SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::EcdsaSha384 | SignatureAlgorithm::EcdsaSha512 => {
                (Mechanism::Ecdsa, encoding::hash(algorithm, data))
            }
            SignatureAlgorithm::Ed25519 => {
                (Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)), data.to_vec())
            }
        }
    }
}

/// Keeps the driver's code, which decides on the one retry.
enum SignError {
    Driver(Error),
    Other(HelperError),
}

impl From<Error> for SignError {
    fn from(error: Error) -> Self {
        SignError::Driver(error)
    }
}

impl From<HelperError> for SignError {
    fn from(error: HelperError) -> Self {
        SignError::Other(error)
    }
}

impl Server {
    /// Makes a key. Where the driver shows it wrongly at first (OpenSC: a modulus with whatever was in memory after it) or not at
    /// all, it is initialised anew and the key is looked for by its id.
    pub(super) fn generate_key(
        &mut self,
        kind: KeyKind,
        label: &str,
        id: &[u8],
        known: &GenerationQuirks,
    ) -> Result<GeneratedKey, HelperError> {
        let open = self.opened()?;
        let (public, private, template) = open.make_pair(kind, label, id, known.template.as_deref())?;
        let right = |half| open.read_key(half).kind() == Some(kind) && open.public_key(half).is_some();
        let shown = !known.reinitialize && [public, private].into_iter().any(right);
        if shown || open.pin.is_none() {
            return open.examine(public, private, &template);
        }
        self.reinitialize()?;
        self.opened()?.read_anew(kind, id, &template)
    }

    /// Signs; with a key made since the driver was initialised, a refusal is answered once by initialising it anew.
    pub(super) fn sign(
        &mut self,
        id: &[u8],
        algorithm: SignatureAlgorithm,
        data: &[u8],
    ) -> Result<Vec<u8>, HelperError> {
        let was_stale = self.stale;
        let open = self.opened()?;
        open.require_login()?;
        let stale = was_stale && open.pin.is_some();
        let error = match open.try_sign(id, algorithm, data) {
            Ok(signature) => return Ok(signature),
            Err(error) => error,
        };
        match error {
            SignError::Driver(error) if stale && quirks::is_a_stale_view(code(&error)) => {
                self.reinitialize()?;
                self.opened()?.try_sign(id, algorithm, data).map_err(plain)
            }
            error => Err(plain(error)),
        }
    }
}

fn plain(error: SignError) -> HelperError {
    match error {
        SignError::Driver(error) => refusal(error),
        SignError::Other(error) => error,
    }
}
