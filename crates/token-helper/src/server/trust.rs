//! NSS: roots that are trusted. That is no part of PKCS#11: a trust object of NSS's own lies beside the certificate
//! (`CKO_NSS_TRUST`, pkcs11n.h), and says for which purposes.

use super::encoding::{CertificateFields, certificate_fields};
use super::refusal::refusal;
use super::{Open, quirks};
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki_sys::CK_ULONG;
use md5::Md5;
use sha1::{Digest, Sha1};
use token_helper::HelperError;

/// `CKO_NSS`, `CKA_NSS` and `CKT_NSS`: PKCS#11's space for vendors, and in it NSS's.
const NSS: u32 = 0x8000_0000 | 0x4e53_4350;
const CLASS: u32 = 0;
const CLASS_TRUST: u32 = NSS + 3;
const TRUST: u32 = NSS + 0x2000;
const SERVER_AUTH: u32 = TRUST + 8;
const CLIENT_AUTH: u32 = TRUST + 9;
const CODE_SIGNING: u32 = TRUST + 10;
const EMAIL_PROTECTION: u32 = TRUST + 11;
const SHA1_HASH: u32 = TRUST + 100;
const MD5_HASH: u32 = TRUST + 101;
/// certutil's `C`: its issued certificates are believed.
const TRUSTED_DELEGATOR: u32 = NSS + 2;
/// A CA, but not one to begin a chain with.
const VALID_DELEGATOR: u32 = NSS + 11;
/// No word on it: the chain decides.
const MUST_VERIFY: u32 = NSS + 3;

impl Open {
    /// Is it trusted to speak for servers?
    pub(super) fn is_root_trusted(&self, certificate: &[u8]) -> Result<bool, HelperError> {
        let fields = self.fields(certificate)?;
        let sha1 = Sha1::digest(certificate).to_vec();
        Ok(self.trust_objects(&fields)?.into_iter().any(|object| {
            let is = |which: u32, wanted: &[u8]| self.vendor(object, which).is_some_and(|found| found == wanted);
            is(SERVER_AUTH, &number(TRUSTED_DELEGATOR)) && is(SHA1_HASH, &sha1)
        }))
    }

    /// Stores the root where it is missing, and trusts it for servers and mail, as browsers do when they are told to. What was said
    /// of it before is replaced: NSS believes the first object it finds.
    pub(super) fn trust_root(&mut self, certificate: &[u8], label: &str) -> Result<(), HelperError> {
        let fields = self.fields(certificate)?;
        self.require_login()?;
        self.store_once(label, certificate, &fields)?;
        for old in self.trust_objects(&fields)? {
            self.session.destroy_object(old).map_err(refusal)?;
        }
        let trust = [
            (SERVER_AUTH, TRUSTED_DELEGATOR),
            (EMAIL_PROTECTION, TRUSTED_DELEGATOR),
            (CLIENT_AUTH, VALID_DELEGATOR),
            (CODE_SIGNING, MUST_VERIFY),
        ];
        let mut object = self.of(&fields);
        object.extend(trust.map(|(purpose, level)| vendor(purpose, number(level))));
        object.push(vendor(SHA1_HASH, Sha1::digest(certificate).to_vec()));
        object.push(vendor(MD5_HASH, Md5::digest(certificate).to_vec()));
        self.session.create_object(&object).map_err(refusal)?;
        match self.is_root_trusted(certificate)? {
            true => Ok(()),
            false => Err(HelperError::TemplateRefused { detail: "the trust reads back differently".into() }),
        }
    }

    fn fields<'a>(&self, certificate: &'a [u8]) -> Result<CertificateFields<'a>, HelperError> {
        // Elsewhere these objects mean nothing, or something else.
        if !quirks::is_nss(&self.token) {
            return Err(HelperError::MechanismUnsupported { what: "trusting a root".into() });
        }
        certificate_fields(certificate)
            .map_err(|error| HelperError::TemplateRefused { detail: format!("not a certificate: {error}") })
    }

    /// How a trust object is found.
    fn of(&self, fields: &CertificateFields<'_>) -> Vec<Attribute> {
        vec![
            vendor(CLASS, number(CLASS_TRUST)),
            Attribute::Token(true),
            Attribute::Issuer(fields.issuer.to_vec()),
            Attribute::SerialNumber(fields.serial.to_vec()),
        ]
    }

    fn trust_objects(&self, fields: &CertificateFields<'_>) -> Result<Vec<ObjectHandle>, HelperError> {
        self.handles(&self.of(fields))
    }

    fn vendor(&self, object: ObjectHandle, which: u32) -> Option<Vec<u8>> {
        match self.attribute(object, kind(which))? {
            Attribute::VendorDefined((_, bytes)) => Some(bytes),
            _ => None,
        }
    }
}

fn kind(which: u32) -> AttributeType {
    AttributeType::VendorDefined(which.into())
}

/// cryptoki knows neither the class nor the attributes, so all of them go as bytes.
fn vendor(which: u32, value: Vec<u8>) -> Attribute {
    Attribute::VendorDefined((kind(which), value))
}

/// A `CK_ULONG` as it lies in memory.
fn number(value: u32) -> Vec<u8> {
    (value as CK_ULONG).to_ne_bytes().to_vec()
}
