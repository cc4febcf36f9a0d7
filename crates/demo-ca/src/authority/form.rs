//! The forms of certificates: what each kind says of its holder.

use const_oid::{
    AssociatedOid, ObjectIdentifier,
    db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_EMAIL_PROTECTION, ID_KP_SERVER_AUTH},
};
use der::{
    Decode, Encode,
    asn1::{GeneralizedTime, Ia5String, Ia5StringRef, OctetString, UtcTime},
};
use p256::{
    ecdsa::{DerSignature, SigningKey},
    pkcs8::EncodePublicKey,
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
            AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages,
            SubjectAltName, SubjectKeyIdentifier,
            crl::dp::DistributionPoint,
            name::{DistributionPointName, GeneralName},
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

const COMMENT: &str = "Issued by the Chopmark demo CA for trying out. Not for real use.";
const NETSCAPE_COMMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113730.1.13");
/// `id-kp-cmcCA` (RFC 6402 §2.10): may sign CMP messages of a CA (RFC 9810 §4.5).
pub(super) const CMC_CA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.27");
/// `id-kp-cmKGA` (RFC 9480 §2.2): may make keys for others.
pub(super) const CM_KGA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.32");
/// 2050: from then on times are GeneralizedTime (RFC 5280 §4.1.2.5).
const GENERALIZED_FROM: u64 = 2_524_608_000;

impl<'a> Form<'a> {
    /// A CA; `path_len`: how many CAs may follow.
    pub(super) fn authority(issuer: &'a Name, subject: &'a Name, path_len: Option<u8>) -> Result<Form<'a>> {
        let extensions = vec![
            extension(true, &BasicConstraints { ca: true, path_len_constraint: path_len })?,
            extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
        ];
        Ok(Form { issuer, subject, extensions })
    }

    /// Who signs for the CA, for a purpose; without one, it may not (that is a fault to order).
    pub(super) fn signer(issuer: &'a Name, subject: &'a Name, purpose: Option<ObjectIdentifier>) -> Result<Form<'a>> {
        let mut extensions = vec![
            extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?,
            extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
            comment()?,
        ];
        if let Some(purpose) = purpose {
            extensions.push(extension(false, &ExtendedKeyUsage(vec![purpose]))?);
        }
        Ok(Form { issuer, subject, extensions })
    }

    /// Somebody with an invitation.
    pub(super) fn invited(issuer: &'a Name, subject: &'a Name, usages: KeyUsage) -> Result<Form<'a>> {
        Form::holder(issuer, subject, usages, vec![ID_KP_CLIENT_AUTH, ID_KP_EMAIL_PROTECTION])
    }

    /// A web server.
    pub(super) fn server(issuer: &'a Name, subject: &'a Name, usages: KeyUsage) -> Result<Form<'a>> {
        Form::holder(issuer, subject, usages, vec![ID_KP_SERVER_AUTH])
    }

    fn holder(
        issuer: &'a Name,
        subject: &'a Name,
        usages: KeyUsage,
        purposes: Vec<ObjectIdentifier>,
    ) -> Result<Form<'a>> {
        let extensions = vec![
            extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?,
            extension(true, &usages)?,
            extension(false, &ExtendedKeyUsage(purposes))?,
            comment()?,
        ];
        Ok(Form { issuer, subject, extensions })
    }
}

fn comment() -> Result<Extension> {
    raw_extension(NETSCAPE_COMMENT, false, &Ia5StringRef::new(COMMENT).map_err(Error::certificate)?)
}

/// The domains of a web server.
pub(super) fn dns_names(domains: &[String]) -> Result<Extension> {
    let name = |domain: &String| Ia5String::new(domain).map(GeneralName::DnsName).map_err(Error::certificate);
    extension(false, &SubjectAltName(domains.iter().map(name).collect::<Result<_>>()?))
}

/// Where the CRL is.
pub(super) fn crl_at(url: &str) -> Result<Extension> {
    let url = GeneralName::UniformResourceIdentifier(Ia5String::new(url).map_err(Error::certificate)?);
    let point = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![url])),
        reasons: None,
        crl_issuer: None,
    };
    extension(false, &CrlDistributionPoints(vec![point]))
}

/// A certificate's content apart from the key identifiers, which the builder's call brings.
pub(super) struct Form<'a> {
    pub(super) issuer: &'a Name,
    pub(super) subject: &'a Name,
    pub(super) extensions: Vec<Extension>,
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
        let authority =
            AuthorityKeyIdentifier { key_identifier: Some(key_identifier(issuer_key)?), ..Default::default() };
        let mut extensions = self.extensions.clone();
        for (extn_id, value) in [
            (SubjectKeyIdentifier::OID, SubjectKeyIdentifier(key_identifier(key)?).to_der()?),
            (AuthorityKeyIdentifier::OID, authority.to_der()?),
        ] {
            extensions.push(Extension { extn_id, critical: false, extn_value: OctetString::new(value)? });
        }
        Ok(extensions)
    }
}

pub(super) fn sign(
    form: Form<'_>,
    validity: Validity,
    key: SubjectPublicKeyInfoOwned,
    by: &SigningKey,
) -> Result<Certificate> {
    let mut serial = [0; 16];
    rng().fill_bytes(&mut serial);
    serial[0] = serial[0] & 0x3f | 0x40; // Positive, and always of 16 bytes.
    let serial = SerialNumber::new(&serial).map_err(Error::certificate)?;
    CertificateBuilder::new(form, serial, validity, key)
        .and_then(|builder| builder.build::<_, DerSignature>(by))
        .map_err(Error::certificate)
}

pub(super) fn public(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned> {
    let der = key.verifying_key().to_public_key_der().map_err(Error::certificate)?;
    SubjectPublicKeyInfoOwned::from_der(der.as_bytes()).map_err(Error::certificate)
}

pub(super) fn extension<T: AssociatedOid + Encode>(critical: bool, value: &T) -> Result<Extension> {
    raw_extension(T::OID, critical, value)
}

pub(super) fn raw_extension(extn_id: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension> {
    let extn_value = value.to_der().and_then(OctetString::new).map_err(Error::certificate)?;
    Ok(Extension { extn_id, critical, extn_value })
}

/// RFC 7093 §2 method 1: SHA-256, cut to 160 bits.
pub(super) fn key_identifier(key: SubjectPublicKeyInfoRef<'_>) -> der::Result<OctetString> {
    OctetString::new(&Sha256::digest(key.subject_public_key.raw_bytes())[..20])
}

/// A time in seconds since 1970 in the form that its year needs.
pub(super) fn time(seconds: u64) -> Result<Time> {
    let since = std::time::Duration::from_secs(seconds);
    let time = if seconds < GENERALIZED_FROM {
        UtcTime::from_unix_duration(since).map(Time::UtcTime)
    } else {
        GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime)
    };
    time.map_err(Error::certificate)
}

pub(super) fn validity(from: u64, until: u64) -> Result<Validity> {
    Ok(Validity::new(time(from)?, time(until)?))
}
