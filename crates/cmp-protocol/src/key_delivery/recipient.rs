//! `RecipientInfo` (RFC 5652 §6.2) in the three ways of the profile (RFC 9483 §4.1.6.1 to §4.1.6.3).

use const_oid::db::{rfc5753, rfc5911, rfc5912};
use der::{Any, Decode, Encode, Sequence, Tag, asn1::ObjectIdentifier, asn1::OctetString};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{Certificate, ext::pkix::SubjectKeyIdentifier};
use zeroize::Zeroizing;

use super::{ContentKey, Recipient, cipher::Aes, fields::Fields, malformed};
use crate::{
    error::{Check, Error, Result},
    protection::{Hash, ITERATIONS, Pbkdf2Params, SharedSecret},
};

/// More recipients than any envelope for one person has.
const MOST: usize = 16;

/// The content of a SET OF `RecipientInfo`.
pub(super) fn read_all(set: &[u8]) -> Result<Vec<Recipient>> {
    let elements = Fields::of(set, Check::KeyEnvelope, "RecipientInfos")?.rest();
    let mut recipients = Vec::new();
    for element in elements {
        let fields = Fields::of(element.content, Check::KeyEnvelope, "RecipientInfo")?;
        let read = match (element.tag, element.context()) {
            (Tag::Sequence, _) => KeyTransport::read(fields).map(|one| vec![Recipient::Transport(one)]),
            (_, Some(1)) => {
                KeyAgreement::read(fields).map(|all| all.into_iter().map(Recipient::Agreement).collect::<Vec<_>>())
            }
            (_, Some(3)) => PasswordRecipient::read(fields).map(|one| vec![Recipient::Password(one)]),
            (tag, _) => Err(malformed("key transport, key agreement or a password", format!("RecipientInfo {tag}"))),
        };
        recipients.extend(read.unwrap_or_else(|why| vec![Recipient::Unknown(why)]));
        if recipients.len() > MOST {
            return Err(malformed(format!("{MOST} recipients at most"), "more"));
        }
    }
    Ok(recipients)
}

/// The AES key wrap of an `AlgorithmIdentifier`.
fn wrap_of(algorithm: &AlgorithmIdentifierOwned) -> Result<Aes> {
    Aes::of_wrap(algorithm.oid)
        .ok_or_else(|| Error::UnsupportedAlgorithm(format!("{} (AES key wrap is due)", algorithm.oid)))
}

/// A recipient who knows the authorization code: PBKDF2, then AES key wrap.
pub struct PasswordRecipient {
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
    pub(super) prf: Hash,
    pub(super) wrap: Aes,
    pub(super) wrapped: Vec<u8>,
}

impl PasswordRecipient {
    fn read(mut fields: Fields<'_>) -> Result<PasswordRecipient> {
        fields.expect(Tag::Integer)?;
        // Implicitly tagged: the content is that of an AlgorithmIdentifier.
        let derivation = fields.context(0).ok_or_else(|| malformed("a key derivation", "none"))?;
        let wrap = wrap_of(&fields.decoded()?)?;
        let wrapped = fields.expect(Tag::OctetString)?.content.to_vec();
        fields.end()?;

        let mut derivation = Fields::of(derivation.content, Check::KeyEnvelope, "a key derivation")?;
        let oid = derivation.oid()?;
        if oid != rfc5911::ID_PBKDF_2 {
            return Err(Error::UnsupportedAlgorithm(format!("{oid} (for the key derivation; PBKDF2 is due)")));
        }
        let parameters: Pbkdf2Params = derivation.decoded()?;
        let prf = match parameters.prf {
            None => Hash::Sha1,
            Some(prf) => Hash::from_hmac_oid(prf.oid)
                .ok_or_else(|| Error::UnsupportedAlgorithm(format!("{} (for PBKDF2)", prf.oid)))?,
        };
        let salt = parameters.salt.as_bytes().to_vec();
        // The same bounds as for a MAC: neither is to keep us busy, or to be guessed at once.
        if !ITERATIONS.contains(&parameters.iteration_count) {
            let expected = format!("iteration count within {ITERATIONS:?}");
            return Err(malformed(expected, parameters.iteration_count.to_string()));
        }
        if !(8..=1024).contains(&salt.len()) {
            return Err(malformed("salt of 8 to 1024 bytes", format!("{} bytes", salt.len())));
        }
        if parameters.key_length.is_some_and(|length| length as usize != wrap.bytes()) {
            return Err(malformed("a derived key as long as the wrap wants", "another length"));
        }
        Ok(PasswordRecipient { salt, iterations: parameters.iteration_count, prf, wrap, wrapped })
    }

    pub(super) fn wrapping_key(&self, secret: &SharedSecret) -> Zeroizing<Vec<u8>> {
        self.prf.pbkdf2(secret.code(), &self.salt, self.iterations, self.wrap.bytes())
    }

    pub(super) fn content_key(&self, secret: &SharedSecret) -> Result<ContentKey> {
        self.wrap.unwrap(&self.wrapping_key(secret), &self.wrapped).map(ContentKey)
    }
}

/// Whose key is meant.
pub(super) enum Holder {
    IssuerAndSerial { issuer: Vec<u8>, serial: Vec<u8> },
    KeyId(Vec<u8>),
}

impl Holder {
    /// `Holderentifier` and `KeyAgreeHolderentifier`.
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Holder> {
        let id = fields.next()?;
        match (id.tag, id.context()) {
            (Tag::Sequence, _) => {
                let mut fields = Fields::of(id.content, Check::KeyEnvelope, "IssuerAndSerialNumber")?;
                let issuer = fields.expect(Tag::Sequence)?.raw.to_vec();
                let serial = fields.expect(Tag::Integer)?.content.to_vec();
                fields.end()?;
                Ok(Holder::IssuerAndSerial { issuer, serial })
            }
            (Tag::ContextSpecific { constructed: false, .. }, Some(0)) => Ok(Holder::KeyId(id.content.to_vec())),
            (_, Some(0)) => {
                let mut fields = Fields::of(id.content, Check::KeyEnvelope, "RecipientKeyIdentifier")?;
                Ok(Holder::KeyId(fields.expect(Tag::OctetString)?.content.to_vec()))
            }
            (tag, _) => Err(malformed("a recipient's name", tag.to_string())),
        }
    }

    pub(super) fn is(&self, certificate: &Certificate) -> bool {
        let certificate = certificate.tbs_certificate();
        match self {
            Holder::IssuerAndSerial { issuer, serial } => {
                certificate.issuer().to_der().is_ok_and(|der| der == *issuer)
                    && certificate.serial_number().as_bytes() == serial
            }
            Holder::KeyId(wanted) => certificate
                .get_extension::<SubjectKeyIdentifier>()
                .is_ok_and(|found| found.is_some_and(|(_, found)| found.0.as_bytes() == wanted)),
        }
    }
}

/// How the key of the content was encrypted for an RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
    /// RSAES-OAEP with this hash, the same in MGF1, and an empty label.
    Oaep(Hash),
}

/// A recipient with an RSA key: what it has to decrypt. The result is [`ContentKey::new`]'s.
pub struct KeyTransport {
    pub(super) recipient: Holder,
    padding: Padding,
    encrypted: Vec<u8>,
}

impl KeyTransport {
    fn read(mut fields: Fields<'_>) -> Result<KeyTransport> {
        fields.expect(Tag::Integer)?;
        let recipient = Holder::read(&mut fields)?;
        let padding = Padding::read(&fields.decoded()?)?;
        let encrypted = fields.expect(Tag::OctetString)?.content.to_vec();
        fields.end()?;
        Ok(KeyTransport { recipient, padding, encrypted })
    }

    /// How to decrypt it.
    pub fn padding(&self) -> Padding {
        self.padding
    }

    /// What to decrypt.
    pub fn encrypted(&self) -> &[u8] {
        &self.encrypted
    }
}

impl Padding {
    fn read(algorithm: &AlgorithmIdentifierOwned) -> Result<Padding> {
        if algorithm.oid == rfc5912::RSA_ENCRYPTION {
            return Ok(Padding::Pkcs1);
        }
        let unsupported = |why: &str| Error::UnsupportedAlgorithm(format!("{} ({why})", algorithm.oid));
        if algorithm.oid != rfc5912::ID_RSAES_OAEP {
            return Err(unsupported("for key transport"));
        }
        let der = algorithm.parameters.as_ref().map(Encode::to_der).transpose().map_err(Error::encoding)?;
        let empty = [0x30, 0x00]; // Absent parameters are their defaults (RFC 4055 §4.1).
        let read = rsa::pkcs1::RsaOaepParams::<Any>::from_der(der.as_deref().unwrap_or(&empty))
            .map_err(|_| unsupported("unreadable parameters"))?;
        let hash = Hash::from_oid(read.hash.oid).ok_or_else(|| unsupported("its hash"))?;
        let mask = read.mask_gen.parameters.map(|mask| mask.oid);
        if read.mask_gen.oid != rfc5912::ID_MGF_1 || mask != Some(read.hash.oid) {
            return Err(unsupported("a mask that is not MGF1 with the same hash"));
        }
        let label = read.p_source.parameters.and_then(|any| any.decode_as::<OctetString>().ok());
        if label.is_none_or(|label| !label.as_bytes().is_empty()) {
            return Err(unsupported("a label"));
        }
        Ok(Padding::Oaep(hash))
    }
}

/// A recipient with a key on an elliptic curve: ephemeral-static ECDH, key derivation of ANSI X9.63, AES key wrap
/// (RFC 5753 §3.1).
pub struct KeyAgreement {
    pub(super) recipient: Holder,
    point: Vec<u8>,
    hash: KdfHash,
    wrap: Aes,
    shared_info: Vec<u8>,
    wrapped: Vec<u8>,
}

/// `ECC-CMS-SharedInfo` (RFC 5753 §7.2).
#[derive(Sequence)]
struct SharedInfo {
    key_info: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    entity_u_info: Option<OctetString>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    supp_pub_info: OctetString,
}

#[derive(Clone, Copy)]
enum KdfHash {
    Sha224,
    Other(Hash),
}

impl KdfHash {
    fn read(oid: ObjectIdentifier) -> Result<KdfHash> {
        Ok(match oid {
            // Not in RFC 9481; OpenSSL's default.
            rfc5753::DH_SINGLE_PASS_STD_DH_SHA_1_KDF_SCHEME => KdfHash::Other(Hash::Sha1),
            rfc5753::DH_SINGLE_PASS_STD_DH_SHA_224_KDF_SCHEME => KdfHash::Sha224,
            rfc5753::DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME => KdfHash::Other(Hash::Sha256),
            rfc5753::DH_SINGLE_PASS_STD_DH_SHA_384_KDF_SCHEME => KdfHash::Other(Hash::Sha384),
            rfc5753::DH_SINGLE_PASS_STD_DH_SHA_512_KDF_SCHEME => KdfHash::Other(Hash::Sha512),
            other => return Err(Error::UnsupportedAlgorithm(format!("{other} (for key agreement)"))),
        })
    }

    fn digest(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        use sha2::Digest;
        match self {
            KdfHash::Other(hash) => hash.digest(parts),
            KdfHash::Sha224 => {
                let hash = parts.iter().fold(sha2::Sha224::new(), |hash, part| hash.chain_update(part));
                Zeroizing::new(hash.finalize().to_vec())
            }
        }
    }
}

impl KeyAgreement {
    fn read(mut fields: Fields<'_>) -> Result<Vec<KeyAgreement>> {
        const WHAT: &str = "KeyAgreeRecipientInfo";
        fields.expect(Tag::Integer)?;
        let originator = fields.context(0).ok_or_else(|| malformed("an originator", "none"))?;
        let ukm = fields.context(1);
        let algorithm: AlgorithmIdentifierOwned = fields.decoded()?;
        let encrypted_keys = fields.expect(Tag::Sequence)?;
        fields.end()?;

        let originator = Fields::of(originator.content, Check::KeyEnvelope, WHAT)?.single()?;
        if originator.context() != Some(1) {
            return Err(malformed("an ephemeral key of the originator", "a certified one"));
        }
        let mut originator = Fields::of(originator.content, Check::KeyEnvelope, WHAT)?;
        let key: AlgorithmIdentifierOwned = originator.decoded()?;
        if key.oid != rfc5912::ID_EC_PUBLIC_KEY {
            return Err(Error::UnsupportedAlgorithm(format!("{} (for key agreement)", key.oid)));
        }
        let point: der::asn1::BitString = originator.decoded()?;
        let point = point.as_bytes().ok_or_else(|| malformed("a point", "a bit string with unused bits"))?;

        let hash = KdfHash::read(algorithm.oid)?;
        let wrap_algorithm = algorithm.parameters.as_ref().map(|any| any.decode_as::<AlgorithmIdentifierOwned>());
        let Some(Ok(wrap_algorithm)) = wrap_algorithm else {
            return Err(malformed("an AES key wrap", "none"));
        };
        let wrap = wrap_of(&wrap_algorithm)?;
        let ukm = ukm.map(|ukm| OctetString::from_der(ukm.content)).transpose().map_err(Error::decoding)?;
        let bits = OctetString::new((wrap.bytes() as u32 * 8).to_be_bytes()).map_err(Error::encoding)?;
        let shared_info = SharedInfo { key_info: wrap_algorithm, entity_u_info: ukm, supp_pub_info: bits };
        let shared_info = shared_info.to_der().map_err(Error::encoding)?;

        let keys = Fields::of(encrypted_keys.content, Check::KeyEnvelope, WHAT)?.rest();
        keys.into_iter()
            .map(|key| {
                let mut fields = Fields::of_sequence(key.raw, Check::KeyEnvelope, WHAT)?;
                let recipient = Holder::read(&mut fields)?;
                let wrapped = fields.expect(Tag::OctetString)?.content.to_vec();
                fields.end()?;
                let (point, shared_info) = (point.to_vec(), shared_info.clone());
                Ok(KeyAgreement { recipient, point, hash, wrap, shared_info, wrapped })
            })
            .collect()
    }

    /// The CA's ephemeral key: a SEC1 point on the curve of the recipient's key. Whoever agrees has to check that it is on
    /// that curve (the crates that compute ECDH and PKCS#11 tokens do).
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// The key of the content from the shared secret: the x coordinate, as long as the curve's field.
    ///
    /// # Errors
    /// [`Check::KeyDecryption`].
    pub fn content_key(&self, shared_secret: &[u8]) -> Result<ContentKey> {
        let mut key = Zeroizing::new(Vec::with_capacity(128));
        let mut counter = 0u32;
        while key.len() < self.wrap.bytes() {
            counter += 1;
            key.extend_from_slice(&self.hash.digest(&[shared_secret, &counter.to_be_bytes(), &self.shared_info]));
        }
        key.truncate(self.wrap.bytes());
        self.wrap.unwrap(&key, &self.wrapped).map(ContentKey)
    }
}
