//! Private keys on their way into a provider and out of it.

use super::capi::{self, Context};
use super::cng::{self, Object};
use super::private_blob::{Brought, Wiped, brought, pkcs8_of};
use super::store::{Certificate, Store};
use super::{checked, last, sign, wide};
use std::ptr::{null, null_mut};
use token_helper::HelperError;
use token_helper::wire::{KeyAddress, KeyForm, KeyKind, Pin, PrivateKey, ProviderKind};
use windows_sys::Win32::Foundation::{NTE_BAD_KEY_STATE, NTE_BAD_TYPE, NTE_EXISTS, NTE_PERM};
use windows_sys::Win32::Security::Cryptography::{
    AT_KEYEXCHANGE, AT_SIGNATURE, BCRYPT_ECCPRIVATE_BLOB, BCRYPT_RSAPRIVATE_BLOB, CERT_NCRYPT_KEY_SPEC,
    CERT_STORE_ADD_ALWAYS, CERT_STORE_PROV_MEMORY, CRYPT_EXPORTABLE, CRYPT_INTEGER_BLOB, CRYPT_NEWKEYSET,
    CertAddCertificateContextToStore, CertOpenStore, CryptDestroyKey, CryptExportKey, CryptGetUserKey, CryptImportKey,
    EXPORT_PRIVATE_KEYS, NCRYPT_ALLOW_EXPORT_FLAG, NCRYPT_ALLOW_PLAINTEXT_EXPORT_FLAG, NCRYPT_EXPORT_POLICY_PROPERTY,
    NCryptFinalizeKey, NCryptSetProperty, PFXExportCertStoreEx, PRIVATEKEYBLOB, REPORT_NO_PRIVATE_KEY,
    REPORT_NOT_ABLE_TO_EXPORT_PRIVATE_KEY,
};

/// Brings a key to its address, or takes the one that lies there: its public half.
pub(super) fn take(
    at: &KeyAddress,
    key: &PrivateKey,
    public_key: &[u8],
    exportable: bool,
) -> Result<Vec<u8>, HelperError> {
    let refused = |what: &str| HelperError::MechanismUnsupported { what: what.to_owned() };
    let key = brought(key.expose(), public_key).ok_or_else(|| refused("this kind of key"))?;
    let (taken, delete): (_, fn(&KeyAddress) -> Result<(), HelperError>) = match (at.provider.kind, &key) {
        (ProviderKind::Csp, Brought::Rsa { capi, .. }) => (to_csp(at, capi, exportable)?, capi::delete_key),
        // CryptoAPI knows no curves.
        (ProviderKind::Csp, Brought::Curve { kind, .. }) => return Err(refused(&format!("{kind:?}"))),
        (ProviderKind::Ksp, Brought::Rsa { cng, .. }) => (to_ksp(at, None, cng, exportable)?, cng::delete_key),
        (ProviderKind::Ksp, Brought::Curve { kind, cng }) => {
            (to_ksp(at, Some(*kind), cng, exportable)?, cng::delete_key)
        }
    };
    if taken == public_key {
        return Ok(taken);
    }
    // A provider that does not know the property makes a key of its own.
    let _ = delete(at);
    Err(refused("bringing a key"))
}

#[allow(unsafe_code)]
fn to_csp(at: &KeyAddress, blob: &[u8], exportable: bool) -> Result<Vec<u8>, HelperError> {
    let context = match Context::at(at, CRYPT_NEWKEYSET) {
        Err(HelperError::Pkcs11 { rv, .. }) if rv == u64::from(NTE_EXISTS.cast_unsigned()) => Context::at(at, 0)?,
        other => other?,
    };
    if let Some(there) = context.exported(at.spec) {
        return capi::spki(&there);
    }
    let (mut key, length) = (0, u32::try_from(blob.len()).unwrap_or(u32::MAX));
    let flags = if exportable { CRYPT_EXPORTABLE } else { 0 };
    // SAFETY: the context is open, the blob as long as said and copied. It is an AT_KEYEXCHANGE key by its own word.
    if unsafe { CryptImportKey(context.0, blob.as_ptr(), length, 0, flags, &raw mut key) } == 0 {
        let error = last("CryptImportKey");
        drop(context);
        // An empty container is of no use to anybody.
        let _ = capi::delete_key(at);
        return Err(error);
    }
    // SAFETY: made above, given back once. Wine writes it when its context is released, which happens on return.
    unsafe { CryptDestroyKey(key) };
    capi::spki(&context.exported(at.spec).ok_or_else(|| last("CryptExportPublicKeyInfo"))?)
}

/// A key that is to be made, and is told what it is before it is.
#[allow(unsafe_code)]
fn to_ksp(at: &KeyAddress, kind: Option<KeyKind>, blob: &[u8], exportable: bool) -> Result<Vec<u8>, HelperError> {
    let Some(key) = cng::begin(at, kind.unwrap_or(KeyKind::Rsa2048))? else {
        return Object::at(at, 0)?.public_key();
    };
    let form = if kind.is_some() { BCRYPT_ECCPRIVATE_BLOB } else { BCRYPT_RSAPRIVATE_BLOB };
    let length = u32::try_from(blob.len()).unwrap_or(u32::MAX);
    // SAFETY: the blob is as long as said and copied.
    checked("NCryptSetProperty", unsafe { NCryptSetProperty(key.0, form, blob.as_ptr(), length, 0) })?;
    if exportable {
        let policy = (NCRYPT_ALLOW_EXPORT_FLAG | NCRYPT_ALLOW_PLAINTEXT_EXPORT_FLAG).to_ne_bytes();
        // SAFETY: the value is as long as said.
        let told = unsafe { NCryptSetProperty(key.0, NCRYPT_EXPORT_POLICY_PROPERTY, policy.as_ptr(), 4, 0) };
        checked("NCryptSetProperty", told)?;
    }
    // SAFETY: a key that was begun.
    checked("NCryptFinalizeKey", unsafe { NCryptFinalizeKey(key.0, 0) })?;
    key.public_key()
}

/// The private key of a certificate in MY, if it may leave. Of a CSP's as PKCS#8; of a KSP's, which may give it in a wrapping
/// only, as a PKCS#12 file with this password, made by Windows.
pub(super) fn give(der: &[u8], password: &Pin) -> Result<(KeyForm, PrivateKey), HelperError> {
    let store = Store::read("MY").ok_or(HelperError::ObjectNotFound)?;
    let found = store.find(der)?.ok_or(HelperError::ObjectNotFound)?;
    match sign::acquire(&found, 0)? {
        (_, CERT_NCRYPT_KEY_SPEC) => Ok((KeyForm::Pkcs12, PrivateKey::new(from_ksp(&found, password)?))),
        (context, spec) => Ok((KeyForm::Pkcs8, PrivateKey::new(from_csp(context, spec)?))),
    }
}

#[allow(unsafe_code)]
fn from_csp(context: usize, spec: u32) -> Result<Wiped, HelperError> {
    // What an import by Windows leaves behind may be both.
    let spec = if spec == AT_SIGNATURE { AT_SIGNATURE } else { AT_KEYEXCHANGE };
    let (mut key, mut size) = (0, 0);
    // SAFETY: the context is open; the buffer is as long as the first call says.
    unsafe {
        if CryptGetUserKey(context, spec, &raw mut key) == 0 {
            return Err(last("CryptGetUserKey"));
        }
        if CryptExportKey(key, 0, PRIVATEKEYBLOB, 0, null_mut(), &raw mut size) == 0 {
            return Err(stays("CryptExportKey"));
        }
        let mut blob = Wiped::new(vec![0; size as usize]);
        if CryptExportKey(key, 0, PRIVATEKEYBLOB, 0, blob.as_mut_ptr(), &raw mut size) == 0 {
            return Err(stays("CryptExportKey"));
        }
        blob.truncate(size as usize);
        pkcs8_of(&blob).ok_or_else(|| HelperError::Protocol("a private key that is none".into()))
    }
}

#[allow(unsafe_code)]
fn from_ksp(certificate: &Certificate, password: &Pin) -> Result<Wiped, HelperError> {
    let text = std::str::from_utf8(password.expose()).map_err(|_| HelperError::Protocol("no text".into()))?;
    let password = zeroize::Zeroizing::new(wide(text));
    let mut pfx = CRYPT_INTEGER_BLOB { cbData: 0, pbData: null_mut() };
    let flags = EXPORT_PRIVATE_KEYS | REPORT_NO_PRIVATE_KEY | REPORT_NOT_ABLE_TO_EXPORT_PRIVATE_KEY;
    // SAFETY: a store in memory, closed by the drop; the certificate is valid; the buffer is as long as the first call says.
    unsafe {
        let alone = Store(CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, null()));
        if alone.0.is_null() {
            return Err(last("CertOpenStore"));
        }
        if CertAddCertificateContextToStore(alone.0, certificate.0, CERT_STORE_ADD_ALWAYS, null_mut()) == 0 {
            return Err(last("CertAddCertificateContextToStore"));
        }
        if PFXExportCertStoreEx(alone.0, &raw mut pfx, password.as_ptr(), null(), flags) == 0 {
            return Err(stays("PFXExportCertStoreEx"));
        }
        let mut bytes = Wiped::new(vec![0; pfx.cbData as usize]);
        pfx.pbData = bytes.as_mut_ptr();
        if PFXExportCertStoreEx(alone.0, &raw mut pfx, password.as_ptr(), null(), flags) == 0 {
            return Err(stays("PFXExportCertStoreEx"));
        }
        bytes.truncate(pfx.cbData as usize);
        Ok(bytes)
    }
}

/// Why a key was not given; most often because whoever made it wanted it so.
fn stays(call: &str) -> HelperError {
    let code = super::failure::code();
    match code.cast_signed() {
        NTE_BAD_KEY_STATE | NTE_PERM | NTE_BAD_TYPE => HelperError::KeyStays,
        _ => super::failure::failed(call, code),
    }
}
