//! CSPs, by CryptoAPI.

use super::{last, store, wide};
use std::ptr::null;
use token_helper::HelperError;
use token_helper::wire::{KeyKind, Provider, ProviderKind, ProviderName};
use windows_sys::Win32::Foundation::{ERROR_NO_MORE_ITEMS, GetLastError};
use windows_sys::Win32::Security::Cryptography::{
    AT_KEYEXCHANGE, AT_SIGNATURE, CALG_RSA_KEYX, CALG_RSA_SIGN, CALG_SHA_256, CRYPT_FIRST, CRYPT_IMPL_REMOVABLE,
    CRYPT_NEXT, CRYPT_SILENT, CRYPT_VERIFYCONTEXT, CryptAcquireContextW, CryptEnumProvidersW, CryptGetProvParam,
    CryptReleaseContext, PP_ENUMALGS_EX, PP_ENUMCONTAINERS, PP_IMPTYPE, PROV_ENUMALGS_EX,
};

/// More than any Windows has; an index that never ends is not followed.
const MOST: u32 = 200;

/// A provider that was opened.
struct Context(usize);

impl Drop for Context {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: ours, and released once.
        unsafe { CryptReleaseContext(self.0, 0) };
    }
}

impl Context {
    /// With a container, or without any (what needs no key).
    #[allow(unsafe_code)]
    fn open(provider: &ProviderName, container: Option<&str>) -> Result<Context, HelperError> {
        let (name, container) = (wide(&provider.name), container.map(wide));
        let (container, flags) = match &container {
            Some(container) => (container.as_ptr(), CRYPT_SILENT),
            None => (null(), CRYPT_SILENT | CRYPT_VERIFYCONTEXT),
        };
        let mut handle = 0;
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
pub(super) fn holds(provider: &ProviderName, wanted: &[u8]) -> Result<bool, HelperError> {
    let context = Context::open(provider, None)?;
    let containers: Vec<String> = context.containers().collect();
    drop(context);
    Ok(containers.iter().any(|container| {
        let Ok(context) = Context::open(provider, Some(container)) else { return false };
        let keys = [AT_SIGNATURE, AT_KEYEXCHANGE].into_iter().filter_map(|spec| store::exported(context.0, spec));
        keys.into_iter().any(|key| key == wanted)
    }))
}
