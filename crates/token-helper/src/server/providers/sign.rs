//! Signing as any other program does: with whatever key a certificate in the store names.

use super::{capi, cng, last, store::Certificate, store::Store};
use std::ptr::null;
use token_helper::HelperError;
use token_helper::wire::SignatureAlgorithm;
use windows_sys::Win32::Security::Cryptography::{
    CERT_NCRYPT_KEY_SPEC, CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG, CRYPT_ACQUIRE_PREFER_NCRYPT_KEY_FLAG,
    CryptAcquireCertificatePrivateKey,
};

/// Finds the certificate in CurrentUser\MY and signs with its key: the certificate as found, the signature.
pub(super) fn sign_as(
    der: &[u8],
    algorithm: SignatureAlgorithm,
    data: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), HelperError> {
    let store = Store::read("MY").ok_or(HelperError::ObjectNotFound)?;
    let found = store.find(der)?.ok_or(HelperError::ObjectNotFound)?;
    let signed = match sign(&found, CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG, algorithm, data) {
        // A CSP of before SHA-256: CNG gets at the same key.
        Err(HelperError::MechanismUnsupported { .. }) => {
            sign(&found, CRYPT_ACQUIRE_PREFER_NCRYPT_KEY_FLAG, algorithm, data)
        }
        other => other,
    };
    Ok((found.der(), signed?))
}

fn sign(
    certificate: &Certificate,
    flags: u32,
    algorithm: SignatureAlgorithm,
    data: &[u8],
) -> Result<Vec<u8>, HelperError> {
    match acquire(certificate, flags)? {
        (key, CERT_NCRYPT_KEY_SPEC) => cng::sign_by(key, algorithm, data),
        (context, spec) => capi::sign_in(context, spec, algorithm, data),
    }
}

/// The key that a certificate names: a handle, and which of a CSP's two keys, or that it is a KSP's.
///
/// It is not given back: this process ends with its answer, and of the four ways to give it back the wrong one would be worse.
#[allow(unsafe_code)]
pub(super) fn acquire(certificate: &Certificate, flags: u32) -> Result<(usize, u32), HelperError> {
    let (mut key, mut spec, mut free) = (0, 0, 0);
    let flags = flags | CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG;
    let (handle, which, back) = (&raw mut key, &raw mut spec, &raw mut free);
    // SAFETY: the certificate is valid; the rest is out only.
    match unsafe { CryptAcquireCertificatePrivateKey(certificate.0, flags, null(), handle, which, back) } {
        0 => Err(last("CryptAcquireCertificatePrivateKey")),
        _ => Ok((key, spec)),
    }
}
