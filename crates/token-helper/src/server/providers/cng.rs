//! KSPs, by CNG.

use super::{checked, text, wide};
use crate::server::encoding::{self, ec_public_key, rsa_public_key};
use crate::server::quirks::{P256_PARAMETERS, P384_PARAMETERS, P521_PARAMETERS};
use der::Decode;
use spki::SubjectPublicKeyInfoRef;
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use token_helper::HelperError;
use token_helper::wire::{KeyAddress, KeyKind, Provider, ProviderKind, ProviderName, SignatureAlgorithm};
use windows_sys::Win32::Foundation::NTE_EXISTS;
use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_ECCPUBLIC_BLOB, BCRYPT_PKCS1_PADDING_INFO, BCRYPT_RSAPUBLIC_BLOB, BCRYPT_SHA256_ALGORITHM,
    NCRYPT_ECDSA_P256_ALGORITHM, NCRYPT_ECDSA_P384_ALGORITHM, NCRYPT_ECDSA_P521_ALGORITHM, NCRYPT_IMPL_REMOVABLE_FLAG,
    NCRYPT_IMPL_TYPE_PROPERTY, NCRYPT_LENGTH_PROPERTY, NCRYPT_LENGTHS_PROPERTY, NCRYPT_PAD_PKCS1_FLAG,
    NCRYPT_RSA_ALGORITHM, NCRYPT_SIGNATURE_OPERATION, NCRYPT_SILENT_FLAG, NCRYPT_SUPPORTED_LENGTHS,
    NCryptAlgorithmName, NCryptCreatePersistedKey, NCryptDeleteKey, NCryptEnumAlgorithms, NCryptEnumKeys,
    NCryptEnumStorageProviders, NCryptExportKey, NCryptFinalizeKey, NCryptFreeBuffer, NCryptFreeObject,
    NCryptGetProperty, NCryptKeyName, NCryptOpenKey, NCryptOpenStorageProvider, NCryptProviderName, NCryptSetProperty,
    NCryptSignHash,
};

/// More keys than any token has; a list that never ends is not followed.
const MOST: usize = 1000;

/// An open provider or key.
pub(super) struct Object(pub(super) usize);

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

    /// The key under this name. `spec`: 0 unless an older program made it.
    #[allow(unsafe_code)]
    fn key(&self, name: &str, spec: u32, flags: u32) -> Result<Object, HelperError> {
        let (name, mut key) = (wide(name), 0);
        // SAFETY: the name ends with a zero and outlives the call.
        let opened = unsafe { NCryptOpenKey(self.0, &raw mut key, name.as_ptr(), spec, flags) };
        match checked("NCryptOpenKey", opened) {
            // A provider that opens no keys keeps none (Wine's).
            Err(HelperError::MechanismUnsupported { .. }) => Err(HelperError::KeyNotFound),
            other => other.map(|()| Object(key)),
        }
    }

    /// The key at this address.
    pub(super) fn at(at: &KeyAddress, flags: u32) -> Result<Object, HelperError> {
        Object::provider(&at.provider.name)?.key(&at.container, at.spec, at.flags | flags)
    }

    /// Its public half, DER SubjectPublicKeyInfo.
    pub(super) fn public_key(&self) -> Result<Vec<u8>, HelperError> {
        let rsa = self.exported(BCRYPT_RSAPUBLIC_BLOB).map(|blob| rsa_blob(&blob));
        let found = match rsa {
            Ok(key) => key,
            Err(_) => ec_blob(&self.exported(BCRYPT_ECCPUBLIC_BLOB)?),
        };
        found.ok_or_else(|| HelperError::Protocol("a public key that is none".into()))
    }

    #[allow(unsafe_code)]
    fn exported(&self, form: *const u16) -> Result<Vec<u8>, HelperError> {
        let mut size = 0;
        // SAFETY: the form ends with a zero; the buffer is as long as the first call says.
        unsafe {
            let told = NCryptExportKey(self.0, 0, form, null(), null_mut(), 0, &raw mut size, 0);
            checked("NCryptExportKey", told)?;
            let mut blob = vec![0; size as usize];
            let told = NCryptExportKey(self.0, 0, form, null(), blob.as_mut_ptr(), size, &raw mut size, 0);
            checked("NCryptExportKey", told)?;
            blob.truncate(size as usize);
            Ok(blob)
        }
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
pub(super) fn holds(provider: &ProviderName, wanted: &[u8]) -> Result<Option<KeyAddress>, HelperError> {
    let open = Object::provider(&provider.name)?;
    let has = |(name, spec): &(String, u32)| {
        let key = open.key(name, *spec, NCRYPT_SILENT_FLAG).and_then(|key| key.public_key());
        key.is_ok_and(|key| {
            SubjectPublicKeyInfoRef::from_der(&key).is_ok_and(|key| key.subject_public_key.raw_bytes() == wanted)
        })
    };
    let found = open.keys().into_iter().find(has);
    Ok(found.map(|(container, spec)| KeyAddress { provider: provider.clone(), container, spec, flags: 0 }))
}

/// Makes a key under its name, or takes the one that lies there.
pub(super) fn make_key(at: &KeyAddress, kind: KeyKind) -> Result<Vec<u8>, HelperError> {
    make(at, kind)?.public_key()
}

/// A key that is to be made; `None`: one of that name is there.
#[allow(unsafe_code)]
pub(super) fn begin(at: &KeyAddress, kind: KeyKind) -> Result<Option<Object>, HelperError> {
    let algorithm = match kind {
        KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => NCRYPT_RSA_ALGORITHM,
        KeyKind::EcP256 => NCRYPT_ECDSA_P256_ALGORITHM,
        KeyKind::EcP384 => NCRYPT_ECDSA_P384_ALGORITHM,
        KeyKind::EcP521 => NCRYPT_ECDSA_P521_ALGORITHM,
        KeyKind::Ed25519 => return Err(HelperError::MechanismUnsupported { what: "Ed25519".into() }),
    };
    let (provider, name, mut key) = (Object::provider(&at.provider.name)?, wide(&at.container), 0);
    // SAFETY: the name ends with a zero and outlives the call.
    let begun =
        unsafe { NCryptCreatePersistedKey(provider.0, &raw mut key, algorithm, name.as_ptr(), at.spec, at.flags) };
    match begun {
        NTE_EXISTS => Ok(None),
        other => checked("NCryptCreatePersistedKey", other).map(|()| Some(Object(key))),
    }
}

#[allow(unsafe_code)]
fn make(at: &KeyAddress, kind: KeyKind) -> Result<Object, HelperError> {
    let Some(key) = begin(at, kind)? else { return Object::at(at, 0) };
    let bits = match kind {
        KeyKind::Rsa2048 => Some(2048_u32),
        KeyKind::Rsa3072 => Some(3072),
        KeyKind::Rsa4096 => Some(4096),
        _ => None,
    };
    if let Some(bits) = bits {
        let (bits, size) = (bits.to_ne_bytes(), size_of::<u32>() as u32);
        // SAFETY: the value is as long as said.
        let told = unsafe { NCryptSetProperty(key.0, NCRYPT_LENGTH_PROPERTY, bits.as_ptr(), size, 0) };
        checked("NCryptSetProperty", told)?;
    }
    // SAFETY: a key that was begun. Not exportable unless asked for, which it is not.
    checked("NCryptFinalizeKey", unsafe { NCryptFinalizeKey(key.0, 0) })?;
    Ok(key)
}

/// The public half of the key that lies there. Shows no window.
pub(super) fn find_key(at: &KeyAddress) -> Result<Vec<u8>, HelperError> {
    Object::at(at, NCRYPT_SILENT_FLAG)?.public_key()
}

/// Signs data (not its hash).
pub(super) fn sign(at: &KeyAddress, algorithm: SignatureAlgorithm, data: &[u8]) -> Result<Vec<u8>, HelperError> {
    sign_by(Object::at(at, 0)?.0, algorithm, data)
}

/// The same, with a key of whoever opened it.
#[allow(unsafe_code)]
pub(super) fn sign_by(key: usize, algorithm: SignatureAlgorithm, data: &[u8]) -> Result<Vec<u8>, HelperError> {
    let padding = BCRYPT_PKCS1_PADDING_INFO { pszAlgId: BCRYPT_SHA256_ALGORITHM };
    let (padding, flags): (*const c_void, _) = match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => ((&raw const padding).cast(), NCRYPT_PAD_PKCS1_FLAG),
        SignatureAlgorithm::Ed25519 => return Err(HelperError::MechanismUnsupported { what: "Ed25519".into() }),
        _ => (null(), 0),
    };
    let (hash, mut size) = (encoding::hash(algorithm, data), 0);
    let (digest, length) = (hash.as_ptr(), hash.len() as u32);
    // SAFETY: the key is open, hash and padding outlive the calls, the buffer is as long as the first call says.
    let raw = unsafe {
        let told = NCryptSignHash(key, padding, digest, length, null_mut(), 0, &raw mut size, flags);
        checked("NCryptSignHash", told)?;
        let mut raw = vec![0; size as usize];
        let told = NCryptSignHash(key, padding, digest, length, raw.as_mut_ptr(), size, &raw mut size, flags);
        checked("NCryptSignHash", told)?;
        raw.truncate(size as usize);
        raw
    };
    let form = || HelperError::Protocol("a signature that is none".into());
    encoding::signature(algorithm, raw).ok_or_else(form)
}

/// Destroys a key.
#[allow(unsafe_code)]
pub(super) fn delete_key(at: &KeyAddress) -> Result<(), HelperError> {
    let key = std::mem::ManuallyDrop::new(Object::at(at, 0)?);
    // SAFETY: open; a key that is deleted is given back by that.
    let deleted = unsafe { NCryptDeleteKey(key.0, 0) };
    if deleted != 0 {
        drop(std::mem::ManuallyDrop::into_inner(key));
    }
    checked("NCryptDeleteKey", deleted)
}

/// A `BCRYPT_RSAPUBLIC_BLOB` (bcrypt.h): a header of six numbers, the exponent, the modulus, both with the first byte first.
fn rsa_blob(blob: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u32::from_le_bytes(blob.get(at * 4..at * 4 + 4)?.try_into().ok()?) as usize);
    let (exponent, modulus) = (number(2)?, number(3)?);
    let numbers = blob.get(24..24 + exponent.checked_add(modulus)?)?;
    rsa_public_key(&numbers[exponent..], &numbers[..exponent]).ok()
}

/// A `BCRYPT_ECCPUBLIC_BLOB`: a mark, the length of a coordinate, X, Y.
fn ec_blob(blob: &[u8]) -> Option<Vec<u8>> {
    let size = u32::from_le_bytes(blob.get(4..8)?.try_into().ok()?) as usize;
    let parameters = match size {
        32 => P256_PARAMETERS,
        48 => P384_PARAMETERS,
        66 => P521_PARAMETERS,
        _ => return None,
    };
    ec_public_key(parameters, &[&[4], blob.get(8..8 + 2 * size)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows_sys::Win32::Security::Cryptography::NCryptVerifySignature;

    /// Wine's KSP keeps its keys in memory only, so what there is of it is tried within one process.
    #[test]
    #[allow(unsafe_code)]
    fn a_ksp_makes_a_key_and_signs_with_it() {
        let name = "Microsoft Software Key Storage Provider".to_owned();
        let provider = ProviderName { kind: ProviderKind::Ksp, name, provider_type: 0 };
        let at = KeyAddress { provider, container: "chopmark-test".into(), spec: 0, flags: 0 };
        let key = make(&at, KeyKind::Rsa2048).unwrap();
        let public_key = key.public_key().unwrap();
        let read = SubjectPublicKeyInfoRef::from_der(&public_key).unwrap();
        assert_eq!(read.algorithm.oid, encoding::RSA_ENCRYPTION);
        let signature = sign_by(key.0, SignatureAlgorithm::RsaPkcs1Sha256, b"signed").unwrap();
        let verify = |data: &[u8]| {
            let padding = BCRYPT_PKCS1_PADDING_INFO { pszAlgId: BCRYPT_SHA256_ALGORITHM };
            let hash = encoding::hash(SignatureAlgorithm::RsaPkcs1Sha256, data);
            let (length, size) = (hash.len() as u32, signature.len() as u32);
            let (padding, flags) = ((&raw const padding).cast(), NCRYPT_PAD_PKCS1_FLAG);
            // SAFETY: all of it outlives the call and is as long as said.
            unsafe { NCryptVerifySignature(key.0, padding, hash.as_ptr(), length, signature.as_ptr(), size, flags) }
        };
        assert_eq!(verify(b"signed"), 0);
        assert_ne!(verify(b"another"), 0);
    }

    #[test]
    fn public_keys_are_read_from_their_blobs() {
        let header = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let rsa = [header(&[826_364_754, 2048, 3, 256, 0, 0]), vec![1, 0, 1], vec![0xa5; 256]].concat();
        let read = rsa_blob(&rsa).unwrap();
        assert!(
            SubjectPublicKeyInfoRef::from_der(&read)
                .unwrap()
                .subject_public_key
                .raw_bytes()
                .ends_with(&[2, 3, 1, 0, 1])
        );
        for length in 0..rsa.len() {
            assert_eq!(rsa_blob(&rsa[..length]), None, "{length}");
        }
        let endless = header(&[826_364_754, 2048, u32::MAX, u32::MAX, 0, 0]);
        assert_eq!(rsa_blob(&endless), None);
        for size in [32_u32, 48, 66] {
            let blob = [header(&[0x3153_4345, size]), vec![7; 2 * size as usize]].concat();
            assert!(ec_blob(&blob).is_some(), "{size}");
            assert_eq!(ec_blob(&blob[..blob.len() - 1]), None, "{size}");
        }
    }
}
