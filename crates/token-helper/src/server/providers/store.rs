//! Certificates in CurrentUser\MY and the keys that they name.

use super::{last, sign, text, wide};
use std::ptr::{null, null_mut};
use token_helper::HelperError;
use token_helper::wire::{Binding, KeyAddress, ProviderKind, ProviderName};
use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_FIND_EXISTING, CERT_KEY_PROV_INFO_PROP_ID, CERT_PUBLIC_KEY_INFO, CERT_STORE_CTRL_COMMIT,
    CERT_STORE_OPEN_EXISTING_FLAG, CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG, CERT_SYSTEM_STORE_CURRENT_USER,
    CRYPT_ACQUIRE_COMPARE_KEY_FLAG, CRYPT_ACQUIRE_SILENT_FLAG, CRYPT_BIT_BLOB, CRYPT_KEY_PROV_INFO, CertCloseStore,
    CertControlStore, CertCreateCertificateContext, CertEnumCertificatesInStore, CertFindCertificateInStore,
    CertFreeCertificateContext, CertGetCertificateContextProperty, CertOpenStore, CryptExportPublicKeyInfo, HCERTSTORE,
    X509_ASN_ENCODING,
};

/// A store of this user.
pub(super) struct Store(pub(super) HCERTSTORE);

impl Store {
    /// For reading. `None`: nobody ever put a certificate into it.
    pub(super) fn read(name: &str) -> Option<Store> {
        Store::open(name, CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG)
    }

    /// For changes; made if it is not there.
    pub(super) fn write(name: &str) -> Result<Store, HelperError> {
        Store::open(name, 0).ok_or_else(|| last("CertOpenStore"))
    }

    #[allow(unsafe_code)]
    fn open(name: &str, flags: u32) -> Option<Store> {
        let (name, flags) = (wide(name), CERT_SYSTEM_STORE_CURRENT_USER | flags);
        // SAFETY: the name ends with a zero and outlives the call.
        let store = unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, name.as_ptr().cast()) };
        (!store.is_null()).then_some(Store(store))
    }

    /// Windows saves each change as it is made; Wine when the store is closed, and then not always.
    #[allow(unsafe_code)]
    pub(super) fn commit(&self) {
        // SAFETY: the store is open. What comes of it is no matter: whoever needs the change looks anew.
        unsafe { CertControlStore(self.0, 0, CERT_STORE_CTRL_COMMIT, null()) };
    }

    /// This very certificate (DER), as it lies in the store.
    #[allow(unsafe_code)]
    pub(super) fn find(&self, der: &[u8]) -> Result<Option<Certificate>, HelperError> {
        let (wanted, find) = (Certificate::read(der)?, CERT_FIND_EXISTING);
        // SAFETY: store and certificate are valid.
        let found = unsafe { CertFindCertificateInStore(self.0, X509_ASN_ENCODING, 0, find, wanted.0.cast(), null()) };
        let found = (!found.is_null()).then_some(Certificate(found));
        // Found by issuer and number.
        Ok(found.filter(|found| found.der() == der))
    }
}

impl Drop for Store {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: ours, and closed once.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// A certificate that is ours to free.
pub(super) struct Certificate(pub(super) *const CERT_CONTEXT);

impl Certificate {
    #[allow(unsafe_code)]
    pub(super) fn der(&self) -> Vec<u8> {
        // SAFETY: a certificate that was read has all its parts.
        unsafe { std::slice::from_raw_parts((*self.0).pbCertEncoded, (*self.0).cbCertEncoded as usize).to_vec() }
    }

    /// A property that is text, as the bytes that it is kept in.
    #[allow(unsafe_code)]
    pub(super) fn property(&self, which: u32) -> Option<Vec<u8>> {
        let mut size = 0;
        // SAFETY: the certificate is valid; the buffer is as long as the first call says.
        unsafe {
            if CertGetCertificateContextProperty(self.0, which, null_mut(), &raw mut size) == 0 {
                return None;
            }
            let mut bytes = vec![0_u8; size as usize];
            let told = CertGetCertificateContextProperty(self.0, which, bytes.as_mut_ptr().cast(), &raw mut size);
            bytes.truncate(size as usize);
            (told != 0).then_some(bytes)
        }
    }

    /// What it says about its key.
    #[allow(unsafe_code)]
    pub(super) fn key(&self) -> Option<KeyAddress> {
        // SAFETY: valid as long as this.
        unsafe { key(self.0) }
    }

    #[allow(unsafe_code)]
    pub(super) fn read(der: &[u8]) -> Result<Certificate, HelperError> {
        let length = u32::try_from(der.len()).unwrap_or(u32::MAX);
        // SAFETY: as long as said, and copied by the call.
        let certificate = unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), length) };
        if certificate.is_null() { Err(last("CertCreateCertificateContext")) } else { Ok(Certificate(certificate)) }
    }
}

impl Drop for Certificate {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: ours, and freed once.
        unsafe { CertFreeCertificateContext(self.0) };
    }
}

/// All of them, with what they say about their key.
#[allow(unsafe_code)]
pub(super) fn bindings() -> Result<Vec<Binding>, HelperError> {
    let Some(store) = Store::read("MY") else { return Ok(Vec::new()) };
    let (mut found, mut certificate): (Vec<_>, *const CERT_CONTEXT) = (Vec::new(), null());
    loop {
        // SAFETY: the call frees the one before; after the last nothing is left to free.
        certificate = unsafe { CertEnumCertificatesInStore(store.0, certificate) };
        if certificate.is_null() {
            return Ok(found);
        }
        // SAFETY: valid until the next turn.
        found.push(unsafe {
            let (bytes, length) = ((*certificate).pbCertEncoded, (*certificate).cbCertEncoded as usize);
            Binding { certificate: std::slice::from_raw_parts(bytes, length).to_vec(), key: key(certificate) }
        });
    }
}

/// # Safety
/// A valid certificate.
#[allow(unsafe_code)]
unsafe fn key(certificate: *const CERT_CONTEXT) -> Option<KeyAddress> {
    let (which, mut size) = (CERT_KEY_PROV_INFO_PROP_ID, 0);
    // SAFETY: see above; the buffer is as long as the first call says, and aligned for the structure that it begins with.
    unsafe {
        if CertGetCertificateContextProperty(certificate, which, null_mut(), &raw mut size) == 0 {
            return None;
        }
        let mut buffer = vec![0_u64; (size as usize).div_ceil(8)];
        let told = CertGetCertificateContextProperty(certificate, which, buffer.as_mut_ptr().cast(), &raw mut size);
        if told == 0 || (size as usize) < size_of::<CRYPT_KEY_PROV_INFO>() {
            return None;
        }
        let info = &*buffer.as_ptr().cast::<CRYPT_KEY_PROV_INFO>();
        // A KSP has no type.
        let kind = if info.dwProvType == 0 { ProviderKind::Ksp } else { ProviderKind::Csp };
        let provider = ProviderName { kind, name: text(info.pwszProvName), provider_type: info.dwProvType };
        let (container, spec, flags) = (text(info.pwszContainerName), info.dwKeySpec, info.dwFlags);
        Some(KeyAddress { provider, container, spec, flags })
    }
}

/// Opens the key where the certificate says it is, and compares the two.
pub(super) fn opens(der: &[u8]) -> Result<(), HelperError> {
    let store = Store::read("MY").ok_or_else(|| last("CertOpenStore"))?;
    let found = store.find(der)?.ok_or(HelperError::ObjectNotFound)?;
    sign::acquire(&found, CRYPT_ACQUIRE_SILENT_FLAG | CRYPT_ACQUIRE_COMPARE_KEY_FLAG).map(|_| ())
}

/// The public key of a certificate (the content of its BIT STRING).
#[allow(unsafe_code)]
pub(super) fn public_key(der: &[u8]) -> Result<Vec<u8>, HelperError> {
    let certificate = Certificate::read(der)?;
    // SAFETY: a certificate that was read has all its parts.
    Ok(unsafe { bits(&(*(*certificate.0).pCertInfo).SubjectPublicKeyInfo.PublicKey) })
}

/// The public half of a key, likewise: of a CSP's container by its key spec, or of a KSP's key.
#[allow(unsafe_code)]
pub(super) fn exported(handle: usize, spec: u32) -> Option<Vec<u8>> {
    let mut size = 0;
    // SAFETY: the buffer is as long as the first call says, and aligned for the structure that it begins with.
    unsafe {
        if CryptExportPublicKeyInfo(handle, spec, X509_ASN_ENCODING, null_mut(), &raw mut size) == 0 {
            return None;
        }
        let mut buffer = vec![0_u64; (size as usize).div_ceil(8)];
        let info = buffer.as_mut_ptr().cast::<CERT_PUBLIC_KEY_INFO>();
        let told = CryptExportPublicKeyInfo(handle, spec, X509_ASN_ENCODING, info, &raw mut size);
        (told != 0 && size as usize >= size_of::<CERT_PUBLIC_KEY_INFO>()).then(|| bits(&(*info).PublicKey))
    }
}

/// # Safety
/// A valid blob.
#[allow(unsafe_code)]
unsafe fn bits(blob: &CRYPT_BIT_BLOB) -> Vec<u8> {
    // SAFETY: see above.
    unsafe { std::slice::from_raw_parts(blob.pbData, blob.cbData as usize).to_vec() }
}
