//! The list of revoked certificates.
//!
//! Not with the builder of `x509-cert` 0.3: it takes the issuer's own authority key for that of the list, which then
//! belongs to the root.

use der::{
    Decode, Encode,
    asn1::{BitString, Uint},
};
use p256::ecdsa::{DerSignature, signature::Signer};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    Version,
    crl::{CertificateList, RevokedCert, TbsCertList},
    ext::pkix::{AuthorityKeyIdentifier, CrlNumber, CrlReason},
    serial_number::SerialNumber,
};

use super::{
    Authority, DAY,
    form::{extension, key_identifier, public, time},
};
use crate::error::{Error, Result};

/// How long a list is good for, in seconds.
const GOOD_FOR: u64 = 7 * DAY;

/// An entry of the list.
pub(crate) struct Revoked {
    /// Serial number, hex.
    pub(crate) serial: String,
    /// Seconds since 1970.
    pub(crate) at: u64,
    /// `CRLReason` as a number.
    pub(crate) reason: u8,
}

/// The reason of this number (RFC 5280 §5.3.1).
pub(crate) fn reason(number: u8) -> Option<CrlReason> {
    CrlReason::from_der(&[0x0a, 1, number]).ok()
}

impl Authority {
    /// Makes the list number `number` with `this_update`, seconds since 1970; DER.
    pub(crate) fn crl(&self, revoked: &[Revoked], number: u64, this_update: u64) -> Result<Vec<u8>> {
        let entry = |one: &Revoked| {
            // A reason of `unspecified` is left out (RFC 5280 §5.3.1).
            let reason = reason(one.reason).filter(|reason| *reason != CrlReason::Unspecified);
            Ok(RevokedCert {
                serial_number: SerialNumber::new(&unhex(&one.serial)?).map_err(Error::certificate)?,
                revocation_date: time(one.at)?,
                crl_entry_extensions: reason
                    .map(|reason| extension(false, &reason))
                    .transpose()?
                    .map(|reason| vec![reason]),
            })
        };
        let entries = revoked.iter().map(entry).collect::<Result<Vec<_>>>()?;
        let key = public(&self.key)?;
        let identifier = key_identifier(der::referenced::OwnedToRef::owned_to_ref(&key)).map_err(Error::certificate)?;
        let authority = AuthorityKeyIdentifier { key_identifier: Some(identifier), ..Default::default() };
        let number = CrlNumber(Uint::new(&number.to_be_bytes()).map_err(Error::certificate)?);
        let algorithm = AlgorithmIdentifierOwned { oid: const_oid::db::rfc5912::ECDSA_WITH_SHA_256, parameters: None };
        let list: TbsCertList = TbsCertList {
            version: Version::V2,
            signature: algorithm.clone(),
            issuer: self.name.clone(),
            this_update: time(this_update)?,
            next_update: Some(time(this_update + GOOD_FOR)?),
            revoked_certificates: Some(entries).filter(|entries| !entries.is_empty()),
            crl_extensions: Some(vec![extension(false, &authority)?, extension(false, &number)?]),
        };
        let signature: DerSignature = self.key.sign(&list.to_der().map_err(Error::certificate)?);
        let signature = BitString::from_bytes(signature.as_bytes()).map_err(Error::certificate)?;
        let list = CertificateList { tbs_cert_list: list, signature_algorithm: algorithm, signature };
        list.to_der().map_err(Error::certificate)
    }
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let byte = |place: usize| text.get(place..place + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    bytes.ok_or_else(|| Error::Certificate(format!("{text} is not hex")))
}
