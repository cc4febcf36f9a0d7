//! A letter made from the source's form and the order's data, as far as the form lets itself be filled.

use super::{data::LetterData, document, own, pdf_form};
use crate::{
    error::Result,
    model::{LetterField, LetterForm},
};

/// A form with the order's data in it.
pub(super) struct Filled {
    pub(super) bytes: Vec<u8>,
    pub(super) filled: Vec<LetterField>,
    /// Names of fields that nothing is known for.
    pub(super) left: Vec<String>,
}

/// A letter, ready to be printed.
pub(crate) struct Letter {
    pub(crate) bytes: Vec<u8>,
    /// The ending of its name.
    pub(crate) ending: &'static str,
    pub(crate) form: LetterForm,
    pub(crate) filled: Vec<LetterField>,
    pub(crate) left: Vec<String>,
}

/// Fills the source's form; where nothing in it can be filled, writes a letter of our own.
///
/// # Errors
/// [`crate::error::Code::LetterNoFont`].
pub(crate) fn letter(form: Option<&[u8]>, data: &LetterData, revocation: bool) -> Result<Letter> {
    if let Some(form) = form {
        if let Some(Filled { bytes, filled, left }) = pdf_form::fill(form, data)? {
            return Ok(Letter { bytes, ending: "pdf", form: LetterForm::PdfForm, filled, left });
        }
        if let Some(Filled { bytes, filled, left }) = document::fill(form, data) {
            return Ok(Letter { bytes, ending: "docx", form: LetterForm::Document, filled, left });
        }
    }
    let bytes = own::letter(data, revocation)?;
    Ok(Letter { bytes, ending: "pdf", form: LetterForm::Own, filled: Vec::new(), left: Vec::new() })
}
