//! PINs that are typed on the device (protected authentication path): the calls with NULL in the PIN's place.
//!
//! cryptoki gives `C_Login` such a form and no other call, so these three go to the driver's own function list. The library
//! is loaded already; loading it again only finds it.

use cryptoki::context::Function;
use cryptoki::error::{Error, Rv};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use cryptoki_sys::{CK_FUNCTION_LIST, CK_RV, CKR_OK};
use std::path::Path;
use std::ptr::null_mut;
use token_helper::HelperError;

/// PKCS#11 §5.5.7: 32 bytes, padded with blanks.
const LABEL_SIZE: usize = 32;

/// The driver's functions of PKCS#11 2.40.
pub(super) struct PinPad {
    functions: CK_FUNCTION_LIST,
    /// Keeps the functions where they are.
    _library: cryptoki_sys::Pkcs11,
}

#[allow(unsafe_code)]
impl PinPad {
    pub(super) fn of(driver: &Path) -> Result<PinPad, HelperError> {
        let missing = || HelperError::Protocol("the driver has no function list".into());
        // SAFETY: the same file runs in this process already.
        let library = unsafe { cryptoki_sys::Pkcs11::new(driver) }.map_err(|_| missing())?;
        let list = library.C_GetFunctionList.as_ref().map_err(|_| missing())?;
        let mut functions = null_mut();
        // SAFETY: the driver sets the pointer to a list that stays until it is unloaded; it is copied out after the check.
        let functions = unsafe {
            if list(&mut functions) != CKR_OK || functions.is_null() {
                return Err(missing());
            }
            *functions
        };
        Ok(PinPad { functions, _library: library })
    }

    pub(super) fn init_token(&self, slot: Slot, label: &str) -> Result<(), Error> {
        let call = self.functions.C_InitToken.ok_or(Error::NullFunctionPointer)?;
        let mut padded = [b' '; LABEL_SIZE];
        let length = label.len().min(LABEL_SIZE);
        padded[..length].copy_from_slice(&label.as_bytes()[..length]);
        // SAFETY: NULL in the PIN's place is what the standard has for devices that ask themselves; the label has its size.
        ended(unsafe { call(slot.into(), null_mut(), 0, padded.as_mut_ptr()) }, Function::InitToken)
    }

    pub(super) fn init_pin(&self, session: &Session) -> Result<(), Error> {
        let call = self.functions.C_InitPIN.ok_or(Error::NullFunctionPointer)?;
        // SAFETY: as above; the session is open.
        ended(unsafe { call(session.handle(), null_mut(), 0) }, Function::InitPIN)
    }

    pub(super) fn set_pin(&self, session: &Session) -> Result<(), Error> {
        let call = self.functions.C_SetPIN.ok_or(Error::NullFunctionPointer)?;
        // SAFETY: as above.
        ended(unsafe { call(session.handle(), null_mut(), 0, null_mut(), 0) }, Function::SetPIN)
    }
}

fn ended(rv: CK_RV, function: Function) -> Result<(), Error> {
    Rv::from(rv).into_result(function)
}
