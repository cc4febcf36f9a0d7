//! Changes in this user's certificate stores.

use super::failure::code;
use super::store::{Certificate, Store};
use super::{last, wide};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;
use token_helper::HelperError;
use token_helper::wire::KeyAddress;
use windows_sys::Win32::Foundation::CRYPT_E_EXISTS;
use windows_sys::Win32::Security::Cryptography::{
    CERT_DESCRIPTION_PROP_ID, CERT_FRIENDLY_NAME_PROP_ID, CERT_KEY_PROV_INFO_PROP_ID, CERT_STORE_ADD_NEW,
    CERT_STORE_ADD_REPLACE_EXISTING, CRYPT_INTEGER_BLOB, CRYPT_KEY_PROV_INFO, CertAddCertificateContextToStore,
    CertAddEncodedCertificateToStore, CertDeleteCertificateFromStore, CertSetCertificateContextProperty,
    X509_ASN_ENCODING,
};

/// Puts a certificate into MY, bound to its key, and the issuers into CA. Doing it twice does no harm.
pub(super) fn install(der: &[u8], at: &KeyAddress, chain: &[Vec<u8>]) -> Result<(), HelperError> {
    put(der, Some(at))?;
    if !chain.is_empty() {
        let issuers = Store::write("CA")?;
        for issuer in chain {
            add(&issuers, issuer)?;
        }
        issuers.commit();
    }
    Ok(())
}

/// Is it among the roots? Those of the computer count as this user's.
pub(super) fn trusts(der: &[u8]) -> Result<bool, HelperError> {
    match Store::read("ROOT") {
        Some(store) => Ok(store.find(der)?.is_some()),
        None => Ok(false),
    }
}

/// Windows asks the person before it takes it.
pub(super) fn trust(der: &[u8]) -> Result<(), HelperError> {
    let roots = Store::write("ROOT")?;
    add(&roots, der)?;
    roots.commit();
    Ok(())
}

/// What is there already stays as it is.
#[allow(unsafe_code)]
fn add(store: &Store, der: &[u8]) -> Result<(), HelperError> {
    let length = u32::try_from(der.len()).unwrap_or(u32::MAX);
    let (bytes, new) = (der.as_ptr(), CERT_STORE_ADD_NEW);
    // SAFETY: the store is open, the bytes are as many as said and copied. No context is kept: Wine saves what is added only if
    // its context is given back before the store.
    match unsafe { CertAddEncodedCertificateToStore(store.0, X509_ASN_ENCODING, bytes, length, new, null_mut()) } {
        0 if code() == CRYPT_E_EXISTS.cast_unsigned() => Ok(()),
        0 => Err(last("CertAddEncodedCertificateToStore")),
        _ => Ok(()),
    }
}

/// What the certificate in MY says about its key.
pub(super) fn binding(der: &[u8]) -> Result<Option<KeyAddress>, HelperError> {
    let store = Store::read("MY").ok_or(HelperError::ObjectNotFound)?;
    Ok(store.find(der)?.ok_or(HelperError::ObjectNotFound)?.key())
}

/// Changes that.
pub(super) fn bind(der: &[u8], at: Option<&KeyAddress>) -> Result<(), HelperError> {
    let there = Store::read("MY").ok_or(HelperError::ObjectNotFound)?;
    there.find(der)?.ok_or(HelperError::ObjectNotFound)?;
    put(der, at)
}

/// Puts a certificate that names this key into MY, in the place of what is there.
fn put(der: &[u8], at: Option<&KeyAddress>) -> Result<(), HelperError> {
    let store = Store::write("MY")?;
    let certificate = named(&store, der, at)?;
    add_as_it_is(&store, &certificate)?;
    store.commit();
    if binding(der)?.as_ref() == at {
        return Ok(());
    }
    // Wine keeps what the old one said. Only then: between the two calls there is no certificate.
    take_out(&store, der)?;
    add_as_it_is(&store, &certificate)?;
    store.commit();
    Ok(())
}

/// The certificate with what it is to say, and the names that people gave the one that is there.
#[allow(unsafe_code)]
fn named(store: &Store, der: &[u8], at: Option<&KeyAddress>) -> Result<Certificate, HelperError> {
    let certificate = Certificate::read(der)?;
    if let Some(old) = store.find(der)? {
        // By hand: what is inherited would bring the old key along.
        for which in [CERT_FRIENDLY_NAME_PROP_ID, CERT_DESCRIPTION_PROP_ID] {
            let Some(mut text) = old.property(which) else { continue };
            let blob = CRYPT_INTEGER_BLOB { cbData: text.len() as u32, pbData: text.as_mut_ptr() };
            // SAFETY: the certificate is valid; the bytes are as many as said and copied.
            unsafe { CertSetCertificateContextProperty(certificate.0, which, 0, (&raw const blob).cast()) };
        }
    }
    if let Some(at) = at {
        let (mut container, mut provider) = (wide(&at.container), wide(&at.provider.name));
        let info = CRYPT_KEY_PROV_INFO {
            pwszContainerName: container.as_mut_ptr(),
            pwszProvName: provider.as_mut_ptr(),
            dwProvType: at.provider.provider_type,
            dwFlags: at.flags,
            cProvParam: 0,
            rgProvParam: null_mut(),
            dwKeySpec: at.spec,
        };
        let which = CERT_KEY_PROV_INFO_PROP_ID;
        // SAFETY: the certificate is valid; the structure and its texts outlive the call.
        if unsafe { CertSetCertificateContextProperty(certificate.0, which, 0, (&raw const info).cast()) } == 0 {
            return Err(last("CertSetCertificateContextProperty"));
        }
    }
    Ok(certificate)
}

#[allow(unsafe_code)]
fn add_as_it_is(store: &Store, certificate: &Certificate) -> Result<(), HelperError> {
    let how = CERT_STORE_ADD_REPLACE_EXISTING;
    // SAFETY: both are valid; no context is kept.
    match unsafe { CertAddCertificateContextToStore(store.0, certificate.0, how, null_mut()) } {
        0 => Err(last("CertAddCertificateContextToStore")),
        _ => Ok(()),
    }
}

/// Takes a certificate out of MY.
pub(super) fn remove(der: &[u8]) -> Result<(), HelperError> {
    let store = Store::write("MY")?;
    take_out(&store, der)?;
    store.commit();
    Ok(())
}

#[allow(unsafe_code)]
fn take_out(store: &Store, der: &[u8]) -> Result<(), HelperError> {
    let Some(found) = store.find(der)? else { return Ok(()) };
    let found = ManuallyDrop::new(found);
    // SAFETY: valid; the call gives it back whatever comes of it.
    match unsafe { CertDeleteCertificateFromStore(found.0) } {
        0 => Err(last("CertDeleteCertificateFromStore")),
        _ => Ok(()),
    }
}
