//! CSPs, by CryptoAPI.

use super::{last, store, wide};
use crate::server::encoding::rsa_public_key_of;
use std::ptr::{null, null_mut};
use token_helper::HelperError;
use token_helper::wire::{KeyAddress, KeyKind, Provider, ProviderKind, ProviderName, SignatureAlgorithm};
use windows_sys::Win32::Foundation::{ERROR_NO_MORE_ITEMS, GetLastError, NTE_EXISTS};
use windows_sys::Win32::Security::Cryptography::{
    AT_KEYEXCHANGE, AT_SIGNATURE, CALG_RSA_KEYX, CALG_RSA_SIGN, CALG_SHA_256, CRYPT_DELETEKEYSET, CRYPT_FIRST,
    CRYPT_IMPL_REMOVABLE, CRYPT_NEWKEYSET, CRYPT_NEXT, CRYPT_SILENT, CRYPT_VERIFYCONTEXT, CryptAcquireContextW,
    CryptCreateHash, CryptDestroyHash, CryptDestroyKey, CryptEnumProvidersW, CryptGenKey, CryptGetProvParam,
    CryptHashData, CryptReleaseContext, CryptSignHashW, PP_ENUMALGS_EX, PP_ENUMCONTAINERS, PP_IMPTYPE,
    PROV_ENUMALGS_EX,
};

/// More than any Windows has; an index that never ends is not followed.
const MOST: u32 = 200;

/// A provider that was opened.
pub(super) struct Context(pub(super) usize);

impl Drop for Context {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: ours, and released once.
        unsafe { CryptReleaseContext(self.0, 0) };
    }
}

impl Context {
    /// With a container, or without any (what needs no key). Shows no window.
    fn open(provider: &ProviderName, container: Option<&str>) -> Result<Context, HelperError> {
        let flags = if container.is_some() { CRYPT_SILENT } else { CRYPT_SILENT | CRYPT_VERIFYCONTEXT };
        Context::acquire(provider, container, flags)
    }

    /// With the container of a key.
    pub(super) fn at(at: &KeyAddress, flags: u32) -> Result<Context, HelperError> {
        Context::acquire(&at.provider, Some(&at.container), at.flags | flags)
    }

    #[allow(unsafe_code)]
    fn acquire(provider: &ProviderName, container: Option<&str>, flags: u32) -> Result<Context, HelperError> {
        let (name, container, mut handle) = (wide(&provider.name), container.map(wide), 0);
        let container = container.as_ref().map_or(null(), |container| container.as_ptr());
        // SAFETY: both texts end with a zero and outlive the call.
        let opened =
            unsafe { CryptAcquireContextW(&raw mut handle, container, name.as_ptr(), provider.provider_type, flags) };
        if opened == 0 { Err(last("CryptAcquireContext")) } else { Ok(Context(handle)) }
    }

    /// A property into a buffer; how much of it was filled.
    #[allow(unsafe_code)]
    fn property(&self, which: u32, flags: u32, buffer: &mut [u8]) -> Option<usize> {
        let mut length = u32::try_from(buffer.len()).ok()?;
        // SAFETY: the buffer is as long as said.
        let told = unsafe { CryptGetProvParam(self.0, which, buffer.as_mut_ptr(), &raw mut length, flags) };
        (told != 0).then_some(length as usize)
    }

    /// Each item of a property that is a list.
    fn list(&self, which: u32) -> impl Iterator<Item = Vec<u8>> {
        let flags = std::iter::once(CRYPT_FIRST).chain(std::iter::repeat(CRYPT_NEXT)).take(MOST as usize);
        flags.map_while(move |flag| {
            let mut item = vec![0; 1024];
            let length = self.property(which, flag, &mut item)?;
            item.truncate(length);
            Some(item)
        })
    }

    /// The public half of one of the container's two keys, as it stands in a certificate.
    pub(super) fn exported(&self, spec: u32) -> Option<Vec<u8>> {
        store::exported(self.0, spec)
    }

    fn containers(&self) -> impl Iterator<Item = String> {
        self.list(PP_ENUMCONTAINERS).map(|item| {
            // In the code page of the system; what is none of ASCII cannot be opened by this name. Behind the zero is anything.
            String::from_utf8_lossy(item.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
        })
    }
}

/// All CSPs that are registered.
#[allow(unsafe_code)]
pub(super) fn list() -> Result<Vec<ProviderName>, HelperError> {
    let mut providers = Vec::new();
    for index in 0..MOST {
        let (mut name, mut provider_type) = ([0_u16; 512], 0);
        let mut length = size_of_val(&name) as u32;
        // SAFETY: the buffer is as long as said, in bytes.
        let told = unsafe {
            CryptEnumProvidersW(index, null(), 0, &raw mut provider_type, name.as_mut_ptr(), &raw mut length)
        };
        if told == 0 {
            // SAFETY: asks for the thread's own last error.
            if unsafe { GetLastError() } == ERROR_NO_MORE_ITEMS {
                break;
            }
            return Err(last("CryptEnumProviders"));
        }
        let name = String::from_utf16_lossy(&name[..length as usize / 2]).trim_end_matches('\0').to_owned();
        providers.push(ProviderName { kind: ProviderKind::Csp, name, provider_type });
    }
    Ok(providers)
}

/// Opens it and asks what it can do.
pub(super) fn look(name: &ProviderName) -> Result<Provider, HelperError> {
    let context = Context::open(name, None)?;
    let mut kind = [0; 4];
    let removable =
        context.property(PP_IMPTYPE, 0, &mut kind).is_some() && u32::from_ne_bytes(kind) & CRYPT_IMPL_REMOVABLE != 0;
    let mut provider =
        Provider { token: removable && context.containers().next().is_some(), sha256: Some(false), keys: Vec::new() };
    for item in context.list(PP_ENUMALGS_EX).filter(|item| item.len() >= size_of::<PROV_ENUMALGS_EX>()) {
        #[allow(unsafe_code)]
        // SAFETY: long enough, and any bytes are a value of this type.
        let algorithm = unsafe { item.as_ptr().cast::<PROV_ENUMALGS_EX>().read_unaligned() };
        match algorithm.aiAlgid {
            CALG_SHA_256 => provider.sha256 = Some(true),
            CALG_RSA_SIGN | CALG_RSA_KEYX => {
                for (bits, kind) in [(2048, KeyKind::Rsa2048), (3072, KeyKind::Rsa3072), (4096, KeyKind::Rsa4096)] {
                    let fits = (algorithm.dwMinLen..=algorithm.dwMaxLen).contains(&bits);
                    if fits && !provider.keys.contains(&kind) {
                        provider.keys.push(kind);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(provider)
}

/// Looks into every container for the private half of this public key.
pub(super) fn holds(provider: &ProviderName, wanted: &[u8]) -> Result<Option<KeyAddress>, HelperError> {
    let context = Context::open(provider, None)?;
    let containers: Vec<String> = context.containers().collect();
    drop(context);
    let at = |container: &String, spec| KeyAddress {
        provider: provider.clone(),
        container: container.clone(),
        spec,
        flags: 0,
    };
    let keys = containers.iter().flat_map(|container| [AT_KEYEXCHANGE, AT_SIGNATURE].map(|spec| at(container, spec)));
    Ok(keys.into_iter().find(|at| {
        Context::open(provider, Some(&at.container))
            .is_ok_and(|context| context.exported(at.spec).as_deref() == Some(wanted))
    }))
}

/// Makes a key in a container of its own, or takes the one that lies there.
#[allow(unsafe_code)]
pub(super) fn make_key(at: &KeyAddress, kind: KeyKind) -> Result<Vec<u8>, HelperError> {
    let bits: u32 = match kind {
        KeyKind::Rsa2048 => 2048,
        KeyKind::Rsa3072 => 3072,
        KeyKind::Rsa4096 => 4096,
        // CryptoAPI knows no curves.
        other => return Err(HelperError::MechanismUnsupported { what: format!("{other:?}") }),
    };
    let context = match Context::at(at, CRYPT_NEWKEYSET) {
        Ok(context) => context,
        Err(HelperError::Pkcs11 { rv, .. }) if rv == u64::from(NTE_EXISTS.cast_unsigned()) => Context::at(at, 0)?,
        Err(error) => return Err(error),
    };
    if let Some(there) = context.exported(at.spec) {
        return spki(&there);
    }
    let mut key = 0;
    // SAFETY: the context is open; no flag for export.
    if unsafe { CryptGenKey(context.0, at.spec, bits << 16, &raw mut key) } == 0 {
        let error = last("CryptGenKey");
        drop(context);
        // An empty container is of no use to anybody.
        let _ = delete_key(at);
        return Err(error);
    }
    // SAFETY: made above, given back once. Wine writes it when its context is released, which happens on return.
    unsafe { CryptDestroyKey(key) };
    spki(&context.exported(at.spec).ok_or_else(|| last("CryptExportPublicKeyInfo"))?)
}

/// The public half of the key that lies there. Shows no window.
pub(super) fn find_key(at: &KeyAddress) -> Result<Vec<u8>, HelperError> {
    let context = Context::at(at, CRYPT_SILENT)?;
    spki(&context.exported(at.spec).ok_or(HelperError::KeyNotFound)?)
}

/// `RSAPublicKey` as SubjectPublicKeyInfo.
pub(super) fn spki(key: &[u8]) -> Result<Vec<u8>, HelperError> {
    rsa_public_key_of(key).map_err(|error| HelperError::Protocol(format!("a public key that is none: {error}")))
}

/// Signs data (not its hash), PKCS#1 v1.5.
pub(super) fn sign(at: &KeyAddress, algorithm: SignatureAlgorithm, data: &[u8]) -> Result<Vec<u8>, HelperError> {
    let context = Context::at(at, 0)?;
    sign_in(context.0, at.spec, algorithm, data)
}

/// The same, with a context of whoever opened it.
#[allow(unsafe_code)]
pub(super) fn sign_in(
    context: usize,
    spec: u32,
    algorithm: SignatureAlgorithm,
    data: &[u8],
) -> Result<Vec<u8>, HelperError> {
    if algorithm != SignatureAlgorithm::RsaPkcs1Sha256 {
        return Err(HelperError::MechanismUnsupported { what: format!("{algorithm:?}") });
    }
    let length = u32::try_from(data.len()).map_err(|_| HelperError::Protocol("too much to sign".into()))?;
    let (mut hash, mut size) = (0, 0);
    // SAFETY: the context is open, the data as long as said, the buffer as long as the provider wanted it.
    unsafe {
        if CryptCreateHash(context, CALG_SHA_256, 0, 0, &raw mut hash) == 0 {
            return Err(last("CryptCreateHash"));
        }
        let hash = Hash(hash);
        if CryptHashData(hash.0, data.as_ptr(), length, 0) == 0 {
            return Err(last("CryptHashData"));
        }
        if CryptSignHashW(hash.0, spec, null(), 0, null_mut(), &raw mut size) == 0 {
            return Err(last("CryptSignHash"));
        }
        let mut signature = vec![0; size as usize];
        if CryptSignHashW(hash.0, spec, null(), 0, signature.as_mut_ptr(), &raw mut size) == 0 {
            return Err(last("CryptSignHash"));
        }
        signature.truncate(size as usize);
        // CryptoAPI has the last byte first.
        signature.reverse();
        Ok(signature)
    }
}

/// A hash that is being made.
struct Hash(usize);

impl Drop for Hash {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: ours, and destroyed once.
        unsafe { CryptDestroyHash(self.0) };
    }
}

/// Destroys the container with its keys.
#[allow(unsafe_code)]
pub(super) fn delete_key(at: &KeyAddress) -> Result<(), HelperError> {
    let (name, container, mut handle) = (wide(&at.provider.name), wide(&at.container), 0);
    let flags = at.flags | CRYPT_DELETEKEYSET;
    let (name, container) = (name.as_ptr(), container.as_ptr());
    // SAFETY: both texts end with a zero and outlive the call, which leaves no context to release.
    match unsafe { CryptAcquireContextW(&raw mut handle, container, name, at.provider.provider_type, flags) } {
        0 => Err(last("CryptAcquireContext")),
        _ => Ok(()),
    }
}
