//! The way back: a key is packed, signed by the authority that made it, and enveloped for whoever has the codes
//! (RFC 9483 §4.1.6.1). For CAs that are made for trying out and for tests.

use const_oid::db::rfc5911;
use der::{
    Any, Decode, Encode, Sequence, Tag, TagMode, TagNumber,
    asn1::{ContextSpecific, ObjectIdentifier, OctetString, SetOfVec},
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{Certificate, attr::Attribute, ext::pkix::SubjectKeyIdentifier};
use zeroize::Zeroizing;

use super::{
    SignedKey,
    cipher::{Aes, ContentCipher},
    fields::element,
    private_key::KEY_PACKAGE,
    recipient::PasswordRecipient,
};
use crate::{
    error::{Error, Result},
    protection::{Hash, Pbkdf2Params, SALT_BYTES, SharedSecret},
    signature::SignatureScheme,
};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_3: u8 = 0xa3;

/// A packed key that lacks the signature of the authority that made it.
pub struct UnsignedKey {
    package: Zeroizing<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
    scheme: SignatureScheme,
    attributes: Vec<u8>,
}

fn concat(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    // Exactly as long as needed: a growing buffer would leave copies of the key behind.
    let mut all = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| all.extend_from_slice(part));
    all
}

fn der(value: &impl Encode) -> Result<Vec<u8>> {
    value.to_der().map_err(Error::encoding)
}

/// The hash of a scheme; for Ed25519 SHA-512 (RFC 8419 §2.3).
fn hash_of(scheme: SignatureScheme) -> Hash {
    match scheme {
        SignatureScheme::RsaPkcs1Sha256 | SignatureScheme::RsaPssSha256 | SignatureScheme::EcdsaP256Sha256 => {
            Hash::Sha256
        }
        SignatureScheme::EcdsaP384Sha384 => Hash::Sha384,
        _ => Hash::Sha512,
    }
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value]).map_err(Error::encoding)? })
}

impl UnsignedKey {
    /// A private key (PKCS#8, DER) to be signed with the key of the first of `certificates` (DER); the others lead from it
    /// towards the root.
    pub fn new(pkcs8: &[u8], certificates: Vec<Vec<u8>>, scheme: SignatureScheme) -> Result<UnsignedKey> {
        let package = element(SEQUENCE, pkcs8);
        let digest = hash_of(scheme).digest(&[&package]);
        let digest = Any::new(Tag::OctetString, digest.as_slice()).map_err(Error::encoding)?;
        let content_type = Any::encode_from(&KEY_PACKAGE).map_err(Error::encoding)?;
        let attributes = SetOfVec::try_from(vec![
            attribute(rfc5911::ID_CONTENT_TYPE, content_type)?,
            attribute(rfc5911::ID_MESSAGE_DIGEST, digest)?,
        ]);
        let attributes = der(&attributes.map_err(Error::encoding)?)?;
        Ok(UnsignedKey { package, certificates, scheme, attributes })
    }

    /// The bytes to sign (RFC 5652 §5.4).
    pub fn to_sign(&self) -> &[u8] {
        &self.attributes
    }

    /// Puts the signature (X.509 form) to it.
    ///
    /// # Errors
    /// [`Error::Input`] where the signer's certificate lacks a subjectKeyIdentifier, by which the profile names it.
    pub fn assemble(self, signature: &[u8]) -> Result<SignedKey> {
        let signer = self.certificates.first().ok_or_else(|| Error::Input("nobody signs the key".into()))?;
        let signer = Certificate::from_der(signer).map_err(Error::decoding)?;
        let id = signer.tbs_certificate().get_extension::<SubjectKeyIdentifier>().map_err(Error::decoding)?;
        let (_, id) = id.ok_or_else(|| Error::Input("the signer has no subjectKeyIdentifier".into()))?;
        let digest = der(&AlgorithmIdentifierOwned { oid: hash_of(self.scheme).oid(), parameters: None })?;
        let version = [0x02, 0x01, 0x03]; // RFC 5652 §5.1: not id-data; §5.3: named by its key identifier.

        let named = element(0x80, id.0.as_bytes());
        let mut attributes = self.attributes.clone();
        attributes[0] = CONTEXT_0; // [0] IMPLICIT in place of SET OF
        let algorithm = der(&self.scheme.algorithm())?;
        let signature = element(OCTETS, signature);
        let signer = concat(&[&version, &named, &digest, &attributes, &algorithm, &signature]);

        let content = element(CONTEXT_0, &element(OCTETS, &self.package));
        let content = element(SEQUENCE, &concat(&[&der(&KEY_PACKAGE)?, &content]));
        let mut certificates = self.certificates;
        certificates.sort();
        let certificates = element(CONTEXT_0, &certificates.concat());
        let signers = element(SET, &element(SEQUENCE, &signer));
        let signed = concat(&[&version, &element(SET, &digest), &content, &certificates, &signers]);
        Ok(SignedKey { der: element(SEQUENCE, &signed) })
    }
}

#[derive(Sequence)]
struct EncryptedContent {
    content_type: ObjectIdentifier,
    algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    content: OctetString,
}

/// Envelopes a signed key for whoever has the codes: AES-256-CBC, its key wrapped by AES-256 with a key that PBKDF2 with
/// HMAC-SHA256 makes from the code. Returns the `EncryptedKey`, DER.
pub fn for_codes(
    key: &SignedKey,
    secret: &SharedSecret,
    iterations: u32,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<Vec<u8>> {
    let mut content_key = Zeroizing::new([0; 32]);
    rng.fill_bytes(content_key.as_mut_slice());
    let mut iv = [0; 16];
    rng.fill_bytes(&mut iv);
    let mut salt = vec![0; SALT_BYTES];
    rng.fill_bytes(&mut salt);

    let mut recipient =
        PasswordRecipient { salt, iterations, prf: Hash::Sha256, wrap: Aes::Bits256, wrapped: Vec::new() };
    recipient.wrapped = recipient.wrap.wrap(&recipient.wrapping_key(secret), content_key.as_slice())?;
    let cipher = ContentCipher::new(iv);
    let content = EncryptedContent {
        content_type: rfc5911::ID_SIGNED_DATA,
        algorithm: cipher.algorithm()?,
        content: OctetString::new(cipher.encrypt(content_key.as_slice(), &key.der)?).map_err(Error::encoding)?,
    };
    // Version 3: a recipient by password is the highest of the rules in RFC 5652 §6.1 that applies.
    let recipients = element(SET, &recipient.encode()?);
    let enveloped = concat(&[&[0x02, 0x01, 0x03], &recipients, &der(&content)?]);
    Ok(element(CONTEXT_0, &enveloped).to_vec())
}

impl PasswordRecipient {
    fn encode(&self) -> Result<Vec<u8>> {
        let parameters = Pbkdf2Params {
            salt: OctetString::new(self.salt.as_slice()).map_err(Error::encoding)?,
            iteration_count: self.iterations,
            key_length: Some(self.wrap.bytes() as u32),
            prf: Some(AlgorithmIdentifierOwned { oid: self.prf.hmac_oid(), parameters: Some(Any::null()) }),
        };
        let parameters = Any::encode_from(&parameters).map_err(Error::encoding)?;
        let derivation = AlgorithmIdentifierOwned { oid: rfc5911::ID_PBKDF_2, parameters: Some(parameters) };
        let derivation = ContextSpecific { tag_number: TagNumber(0), tag_mode: TagMode::Implicit, value: derivation };
        let wrap = AlgorithmIdentifierOwned { oid: rfc5911::ID_AES_256_WRAP, parameters: None };
        let wrapped = element(OCTETS, &self.wrapped);
        let fields = concat(&[&[0x02, 0x01, 0x00], &der(&derivation)?, &der(&wrap)?, &wrapped]);
        Ok(element(CONTEXT_3, &fields).to_vec())
    }
}
