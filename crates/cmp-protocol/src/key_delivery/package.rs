//! What is in the envelope: `SignedData` (RFC 5652 §5) by the authority that made the key.

use const_oid::db::{rfc5911, rfc5912};
use der::{Any, Decode, Encode, Tag, asn1::ObjectIdentifier};
use spki::AlgorithmIdentifierOwned;
use subtle::ConstantTimeEq;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{
    fields::{Element, Fields, der_from_ber},
    private_key::DeliveredKey,
    recipient::Holder,
};
use crate::{
    error::{Check, Error, Result},
    exchange::SignerCheck,
    protection::Hash,
};

const WHAT: &str = "SignedData";

fn bad(expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::check(Check::KeySigner, expected, found)
}

/// A decrypted envelope: a private key under a signature that has not been verified yet. Wiped when dropped.
pub struct SignedKey {
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// The fields of `SignedData`.
struct Signed<'a> {
    content_type: ObjectIdentifier,
    content: &'a [u8],
    certificates: Vec<Vec<u8>>,
    signer: SignerInfo<'a>,
}

/// `SignerInfo`.
struct SignerInfo<'a> {
    holder: Holder,
    hash: Hash,
    attributes: Element<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: &'a [u8],
}

impl SignedKey {
    /// From the content of an envelope, BER.
    ///
    /// # Errors
    /// [`Check::KeyDecryption`].
    pub fn from_ber(content: &[u8]) -> Result<SignedKey> {
        // What looks like nothing at all most likely came out of a wrong key, with a padding that was right by chance.
        Ok(SignedKey { der: der_from_ber(content, Check::KeyDecryption)? })
    }

    /// The `SignedData`, DER. It has the key in it.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Verifies the signature, asks `judge` about its maker (who has to look for `id-kp-cmKGA` and the chain), and checks
    /// that the key is that of `certificate` (DER). `extra`: certificates that came beside the envelope.
    ///
    /// # Errors
    /// [`Check::KeySigner`], [`Check::KeyFits`]; [`Error::UnsupportedAlgorithm`].
    pub fn verify(&self, certificate: &[u8], extra: &[Vec<u8>], judge: &SignerCheck<'_>) -> Result<DeliveredKey> {
        let signed = Signed::read(&self.der)?;
        let (signer, others) = signed.signing_certificate(extra)?;
        signed.verify(&signer)?;
        judge(&signer, &others).map_err(|why| bad("a signer that may make keys and leads to a trusted root", why))?;
        DeliveredKey::read(signed.content_type, signed.content, certificate)
    }
}

impl<'a> Signed<'a> {
    fn read(der: &'a [u8]) -> Result<Signed<'a>> {
        let mut fields = Fields::of_sequence(der, Check::KeySigner, WHAT)?;
        // The content of an envelope is the bare SignedData; some wrap it into its ContentInfo.
        if let Some(oid) = fields.optional(Tag::ObjectIdentifier) {
            if ObjectIdentifier::from_bytes(oid.content) != Ok(rfc5911::ID_SIGNED_DATA) {
                return Err(bad(WHAT, "another content"));
            }
            let inner = fields.context(0).ok_or_else(|| bad(WHAT, "none"))?;
            fields = Fields::of_sequence(inner.content, Check::KeySigner, WHAT)?;
        }
        fields.expect(Tag::Integer)?;
        fields.expect(Tag::Set)?; // digestAlgorithms: the signer's own counts
        let encapsulated = fields.expect(Tag::Sequence)?;
        let certificates = fields.context(0);
        fields.context(1); // crls
        let signers = fields.expect(Tag::Set)?;
        fields.end()?;

        let mut encapsulated = Fields::of(encapsulated.content, Check::KeySigner, WHAT)?;
        let content_type = encapsulated.oid()?;
        let content = encapsulated.context(0).ok_or_else(|| bad("a signed content", "none"))?;
        encapsulated.end()?;
        let content = Element::read(content.content, Check::KeySigner, WHAT)?;
        if content.tag != Tag::OctetString {
            return Err(bad("an OCTET STRING", content.tag.to_string()));
        }
        let certificates = match certificates {
            // Other kinds of certificates are context-specific.
            Some(set) => Fields::of(set.content, Check::KeySigner, WHAT)?.rest(),
            None => Vec::new(),
        };
        let certificates = certificates.iter().filter(|one| one.tag == Tag::Sequence).map(|one| one.raw.to_vec());
        // RFC 9483 §4.1.6: exactly one.
        let signer = Fields::of(signers.content, Check::KeySigner, "one SignerInfo")?.single()?;
        let signer = SignerInfo::read(Fields::of_sequence(signer.raw, Check::KeySigner, "SignerInfo")?)?;
        Ok(Signed { content_type, content: content.content, certificates: certificates.collect(), signer })
    }

    /// The certificate that the signer names, and all others.
    fn signing_certificate(&self, extra: &[Vec<u8>]) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
        let mut all: Vec<_> = self.certificates.iter().chain(extra).cloned().collect();
        let found = all
            .iter()
            .position(|der| Certificate::from_der(der).is_ok_and(|certificate| self.signer.holder.is(&certificate)));
        let found = found.ok_or_else(|| bad("the certificate of the key's signer", "none"))?;
        let signer = all.remove(found);
        Ok((signer, all))
    }

    /// RFC 5652 §5.4: the attributes are signed, and they name type and digest of the content.
    fn verify(&self, signer: &[u8]) -> Result<()> {
        let signer_info = &self.signer;
        let content_type = signer_info.attribute(rfc5911::ID_CONTENT_TYPE)?;
        if content_type.tag != Tag::ObjectIdentifier
            || ObjectIdentifier::from_bytes(content_type.content) != Ok(self.content_type)
        {
            return Err(bad("a signed content type that is the content's", "another"));
        }
        let digest = signer_info.attribute(rfc5911::ID_MESSAGE_DIGEST)?;
        let expected = signer_info.hash.digest(&[self.content]);
        if digest.tag != Tag::OctetString || !bool::from(expected.ct_eq(digest.content)) {
            return Err(bad("a signed digest that is the key's", "another"));
        }
        let certificate = Certificate::from_der(signer).map_err(Error::decoding)?;
        let key = certificate.tbs_certificate().subject_public_key_info();
        // The signature is over a SET OF, in the message it is tagged [0].
        let signed = Any::new(Tag::Set, signer_info.attributes.content).and_then(|set| set.to_der());
        let signed = signed.map_err(Error::encoding)?;
        match crate::signature::verify(key, &signer_info.algorithm, &signed, signer_info.signature) {
            Err(Error::Input(why)) => Err(bad("a signature over the key", why)),
            other => other,
        }
    }
}

impl<'a> SignerInfo<'a> {
    fn read(mut fields: Fields<'a>) -> Result<SignerInfo<'a>> {
        fields.expect(Tag::Integer)?;
        let holder = Holder::read(&mut fields)?;
        let digest: AlgorithmIdentifierOwned = fields.decoded()?;
        let attributes = fields.context(0).ok_or_else(|| bad("signed attributes", "none"))?;
        let mut algorithm: AlgorithmIdentifierOwned = fields.decoded()?;
        let signature = fields.expect(Tag::OctetString)?.content;
        fields.context(1); // unsignedAttrs
        fields.end()?;

        let hash = match Hash::from_oid(digest.oid) {
            Some(hash) if hash != Hash::Sha1 => hash,
            _ => return Err(Error::UnsupportedAlgorithm(format!("{} (for the digest of the key)", digest.oid))),
        };
        // RFC 5754 §3.2: rsaEncryption is as good here, the digest is named beside it.
        if algorithm.oid == rfc5912::RSA_ENCRYPTION {
            algorithm.oid = match hash {
                Hash::Sha384 => rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
                Hash::Sha512 => rfc5912::SHA_512_WITH_RSA_ENCRYPTION,
                Hash::Sha256 | Hash::Sha1 => rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            };
        }
        Ok(SignerInfo { holder, hash, attributes, algorithm, signature })
    }

    /// The only value of an attribute that must be there once.
    fn attribute(&self, wanted: ObjectIdentifier) -> Result<Element<'a>> {
        let mut found = None;
        for attribute in Fields::of(self.attributes.content, Check::KeySigner, "signed attributes")?.rest() {
            let mut fields = Fields::of_sequence(attribute.raw, Check::KeySigner, "a signed attribute")?;
            if fields.oid()? != wanted {
                continue;
            }
            let values = fields.expect(Tag::Set)?;
            let value = Fields::of(values.content, Check::KeySigner, "one value of a signed attribute")?.single()?;
            if found.replace(value).is_some() {
                return Err(bad("each signed attribute once", "one of them twice"));
            }
        }
        found.ok_or_else(|| bad(format!("the signed attribute {wanted}"), "none"))
    }
}
