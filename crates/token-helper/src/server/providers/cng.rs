//! KSPs, by CNG.

use super::{checked, store, text, wide};
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use token_helper::HelperError;
use token_helper::wire::{KeyKind, Provider, ProviderKind, ProviderName};
use windows_sys::Win32::Security::Cryptography::{
    NCRYPT_IMPL_REMOVABLE_FLAG, NCRYPT_IMPL_TYPE_PROPERTY, NCRYPT_LENGTHS_PROPERTY, NCRYPT_RSA_ALGORITHM,
    NCRYPT_SIGNATURE_OPERATION, NCRYPT_SILENT_FLAG, NCRYPT_SUPPORTED_LENGTHS, NCryptAlgorithmName,
    NCryptCreatePersistedKey, NCryptEnumAlgorithms, NCryptEnumKeys, NCryptEnumStorageProviders, NCryptFreeBuffer,
    NCryptFreeObject, NCryptGetProperty, NCryptKeyName, NCryptOpenKey, NCryptOpenStorageProvider, NCryptProviderName,
};

/// More keys than any token has; a list that never ends is not followed.
const MOST: usize = 1000;

/// An open provider or key.
struct Object(usize);

impl Drop for Object {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: ours, and given back once.
        unsafe { NCryptFreeObject(self.0) };
    }
}

impl Object {
    #[allow(unsafe_code)]
    fn provider(name: &str) -> Result<Object, HelperError> {
        let (name, mut handle) = (wide(name), 0);
        // SAFETY: the name ends with a zero and outlives the call.
        let opened = unsafe { NCryptOpenStorageProvider(&raw mut handle, name.as_ptr(), 0) };
        checked("NCryptOpenStorageProvider", opened).map(|()| Object(handle))
    }

    /// A property of this type, if the object has it.
    #[allow(unsafe_code)]
    fn property<T: Copy + Default>(&self, name: *const u16) -> Option<T> {
        let (mut value, mut length) = (T::default(), 0);
        let size = size_of::<T>() as u32;
        // SAFETY: the buffer is as long as said; the types asked for are plain numbers.
        let told = unsafe {
            NCryptGetProperty(self.0, name, (&raw mut value).cast(), size, &raw mut length, NCRYPT_SILENT_FLAG)
        };
        (told == 0 && length == size).then_some(value)
    }

    /// Names of its keys and their legacy key spec.
    #[allow(unsafe_code)]
    fn keys(&self) -> Vec<(String, u32)> {
        let (mut keys, mut state): (Vec<_>, *mut c_void) = (Vec::new(), null_mut());
        while keys.len() < MOST {
            let mut key: *mut NCryptKeyName = null_mut();
            // SAFETY: null begins the list; each item is given back below, the state at the end.
            if unsafe { NCryptEnumKeys(self.0, null(), &raw mut key, &raw mut state, NCRYPT_SILENT_FLAG) } != 0 {
                break;
            }
            // SAFETY: filled by a call that went well.
            unsafe {
                keys.push((text((*key).pszName), (*key).dwLegacyKeySpec));
                NCryptFreeBuffer(key.cast());
            }
        }
        if !state.is_null() {
            // SAFETY: from the calls above, given back once.
            unsafe { NCryptFreeBuffer(state) };
        }
        keys
    }

    /// Names of the algorithms that it signs with.
    #[allow(unsafe_code)]
    fn algorithms(&self) -> Vec<String> {
        let (mut count, mut list): (u32, *mut NCryptAlgorithmName) = (0, null_mut());
        let sign = NCRYPT_SIGNATURE_OPERATION;
        // SAFETY: both are out only.
        if unsafe { NCryptEnumAlgorithms(self.0, sign, &raw mut count, &raw mut list, NCRYPT_SILENT_FLAG) } != 0 {
            return Vec::new();
        }
        // SAFETY: filled by a call that went well: so many items, given back once.
        unsafe {
            let names = (0..count as usize).map(|place| text((*list.add(place)).pszName)).collect();
            NCryptFreeBuffer(list.cast());
            names
        }
    }

    /// Shortest and longest RSA key, told by a key without a name that is never made.
    #[allow(unsafe_code)]
    fn rsa_lengths(&self) -> Option<(u32, u32)> {
        let mut key = 0;
        // SAFETY: no name, so nothing is kept; without `NCryptFinalizeKey` there is no key either.
        let begun = unsafe { NCryptCreatePersistedKey(self.0, &raw mut key, NCRYPT_RSA_ALGORITHM, null(), 0, 0) };
        let key = (begun == 0).then_some(Object(key))?;
        let lengths: Lengths = key.property(NCRYPT_LENGTHS_PROPERTY)?;
        Some((lengths.0.dwMinLength, lengths.0.dwMaxLength))
    }
}

#[derive(Clone, Copy, Default)]
#[repr(transparent)]
struct Lengths(NCRYPT_SUPPORTED_LENGTHS);

/// All KSPs that are registered. Wine 8 and 10 end the process here: it is asked in one of its own everywhere.
#[allow(unsafe_code)]
pub(super) fn list() -> Result<Vec<ProviderName>, HelperError> {
    let (mut count, mut list): (u32, *mut NCryptProviderName) = (0, null_mut());
    // SAFETY: both are out only.
    let told = unsafe { NCryptEnumStorageProviders(&raw mut count, &raw mut list, NCRYPT_SILENT_FLAG) };
    checked("NCryptEnumStorageProviders", told)?;
    // SAFETY: filled by a call that went well: so many items, given back once.
    unsafe {
        let names = (0..count as usize).map(|place| text((*list.add(place)).pszName));
        let named = |name| ProviderName { kind: ProviderKind::Ksp, name, provider_type: 0 };
        let providers = names.map(named).collect();
        NCryptFreeBuffer(list.cast());
        Ok(providers)
    }
}

/// Opens it and asks what it can do.
pub(super) fn look(name: &ProviderName) -> Result<Provider, HelperError> {
    let provider = Object::provider(&name.name)?;
    let kind: u32 = provider.property(NCRYPT_IMPL_TYPE_PROPERTY).unwrap_or_default();
    let removable = kind & NCRYPT_IMPL_REMOVABLE_FLAG != 0;
    let algorithms = provider.algorithms();
    let mut keys = Vec::new();
    if let Some((shortest, longest)) = provider.rsa_lengths() {
        let kinds = [(2048, KeyKind::Rsa2048), (3072, KeyKind::Rsa3072), (4096, KeyKind::Rsa4096)];
        keys.extend(kinds.iter().filter(|(bits, _)| (shortest..=longest).contains(bits)).map(|(_, kind)| *kind));
    }
    let curves = [("ECDSA_P256", KeyKind::EcP256), ("ECDSA_P384", KeyKind::EcP384), ("ECDSA_P521", KeyKind::EcP521)];
    keys.extend(curves.iter().filter(|(name, _)| algorithms.iter().any(|one| one == name)).map(|(_, kind)| *kind));
    Ok(Provider { token: removable && !provider.keys().is_empty(), sha256: None, keys })
}

/// Looks through its keys for the private half of this public key.
#[allow(unsafe_code)]
pub(super) fn holds(provider: &ProviderName, wanted: &[u8]) -> Result<bool, HelperError> {
    let provider = Object::provider(&provider.name)?;
    Ok(provider.keys().iter().any(|(name, spec)| {
        let (name, mut key) = (wide(name), 0);
        // SAFETY: the name ends with a zero and outlives the call.
        let opened = unsafe { NCryptOpenKey(provider.0, &raw mut key, name.as_ptr(), *spec, NCRYPT_SILENT_FLAG) };
        opened == 0 && store::exported(Object(key).0, 0).is_some_and(|key| key == wanted)
    }))
}
