//! Keys made in software: generated, kept encrypted until their place has them, signing.

use pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, EncryptedPrivateKeyInfoRef, SecretDocument, pkcs5};
use rand_core::Rng;
use signature::{SignatureEncoding, Signer};
use zeroize::Zeroizing;

use crate::{
    ca::cmp::rng,
    error::{Code, Error, Result},
    model::KeyChoice,
    ui::Secret,
};

/// Rounds of PBKDF2-HMAC-SHA256 for the kept key and the PKCS#12 file.
pub(crate) const ITERATIONS: u32 = 100_000;

/// A private key in memory; its parts are wiped when dropped.
pub(crate) enum SoftwareKey {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(Box<p256::ecdsa::SigningKey>),
    P384(Box<p384::ecdsa::SigningKey>),
    P521(Box<p521::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, "handling a software key").because(error.to_string())
}

impl SoftwareKey {
    /// Makes a key. Takes up to seconds for RSA: not for a thread that must answer.
    pub(crate) fn generate(kind: KeyChoice) -> Result<SoftwareKey> {
        let rsa =
            |bits| rsa::RsaPrivateKey::new(&mut rng(), bits).map(|key| SoftwareKey::Rsa(Box::new(key))).map_err(failed);
        match kind {
            KeyChoice::Rsa2048 => rsa(2048),
            KeyChoice::Rsa3072 => rsa(3072),
            KeyChoice::Rsa4096 => rsa(4096),
            KeyChoice::EcP256 => Ok(SoftwareKey::P256(Box::new(p256::ecdsa::SigningKey::from(
                <p256::SecretKey as p256::elliptic_curve::Generate>::generate_from_rng(&mut rng()),
            )))),
            KeyChoice::EcP384 => Ok(SoftwareKey::P384(Box::new(p384::ecdsa::SigningKey::from(
                <p384::SecretKey as p384::elliptic_curve::Generate>::generate_from_rng(&mut rng()),
            )))),
            KeyChoice::EcP521 => Ok(SoftwareKey::P521(Box::new(p521::ecdsa::SigningKey::from(
                <p521::SecretKey as p521::elliptic_curve::Generate>::generate_from_rng(&mut rng()),
            )))),
            KeyChoice::Ed25519 => {
                let mut seed = Zeroizing::new([0; 32]);
                rng().fill_bytes(seed.as_mut_slice());
                Ok(SoftwareKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed))))
            }
        }
    }

    /// DER SubjectPublicKeyInfo.
    pub(crate) fn public_key(&self) -> Result<Vec<u8>> {
        let document = match self {
            SoftwareKey::Rsa(key) => key.to_public_key().to_public_key_der(),
            SoftwareKey::P256(key) => key.verifying_key().to_public_key_der(),
            SoftwareKey::P384(key) => key.verifying_key().to_public_key_der(),
            SoftwareKey::P521(key) => key.verifying_key().to_public_key_der(),
            SoftwareKey::Ed25519(key) => key.verifying_key().to_public_key_der(),
        };
        document.map(|document| document.into_vec()).map_err(failed)
    }

    /// Signs as X.509 wants it: PKCS#1 v1.5 with SHA-256, ECDSA as DER with the curve's hash, or Ed25519.
    pub(crate) fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        match self {
            SoftwareKey::Rsa(key) => {
                use signature::RandomizedSigner;
                // Blinded, because timing of the private operation would tell about the key.
                let signer = rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new((**key).clone());
                signer.try_sign_with_rng(&mut rng(), data).map(|signature| signature.to_vec()).map_err(failed)
            }
            SoftwareKey::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.try_sign(data).map_err(failed)?;
                Ok(signature.as_bytes().to_vec())
            }
            SoftwareKey::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.try_sign(data).map_err(failed)?;
                Ok(signature.as_bytes().to_vec())
            }
            SoftwareKey::P521(key) => {
                let signature: p521::ecdsa::DerSignature = key.try_sign(data).map_err(failed)?;
                Ok(signature.as_bytes().to_vec())
            }
            SoftwareKey::Ed25519(key) => Ok(key.try_sign(data).map_err(failed)?.to_vec()),
        }
    }

    /// Plain PKCS#8, wiped when dropped.
    pub(crate) fn pkcs8(&self) -> Result<SecretDocument> {
        match self {
            SoftwareKey::Rsa(key) => key.to_pkcs8_der(),
            SoftwareKey::P256(key) => key.to_pkcs8_der(),
            SoftwareKey::P384(key) => key.to_pkcs8_der(),
            SoftwareKey::P521(key) => key.to_pkcs8_der(),
            // Without the public half, that is version 1: OpenSSL 3.0 does not read version 2 (RFC 5958).
            SoftwareKey::Ed25519(key) => {
                ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None }.to_pkcs8_der()
            }
        }
        .map_err(failed)
    }

    /// From plain PKCS#8.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<SoftwareKey> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(SoftwareKey::P256(Box::new(key)));
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(SoftwareKey::P384(Box::new(key)));
        }
        if let Ok(key) = p521::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(SoftwareKey::P521(Box::new(key)));
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Ok(SoftwareKey::Ed25519(Box::new(key)));
        }
        rsa::RsaPrivateKey::from_pkcs8_der(der).map(|key| SoftwareKey::Rsa(Box::new(key))).map_err(failed)
    }

    /// PKCS#8 encrypted with PBES2 (PBKDF2-HMAC-SHA256, AES-256-CBC), for keeping between request and certificate.
    pub(crate) fn encrypted(&self, password: &Secret) -> Result<Vec<u8>> {
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        rng().fill_bytes(&mut salt);
        rng().fill_bytes(&mut iv);
        let parameters =
            pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv).map_err(failed)?;
        let plain = self.pkcs8()?;
        let info = pkcs8::PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(failed)?;
        let document = info.encrypt_with_params(parameters, password.expose()).map_err(failed)?;
        Ok(document.as_bytes().to_vec())
    }

    /// From [`SoftwareKey::encrypted`]; `None`: wrong password (or a damaged file, which looks the same).
    pub(crate) fn decrypted(der: &[u8], password: &Secret) -> Option<SoftwareKey> {
        let info = EncryptedPrivateKeyInfoRef::try_from(der).ok()?;
        let plain = info.decrypt(password.expose()).ok()?;
        SoftwareKey::from_pkcs8(plain.as_bytes()).ok()
    }
}
