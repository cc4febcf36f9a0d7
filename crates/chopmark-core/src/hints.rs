//! The only place with advice.

use crate::{error::Error, model::ErrorView};

/// Languages the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Language {
    /// Chinese for every `zh` tag, English otherwise.
    pub fn from_tag(tag: &str) -> Language {
        if tag.to_ascii_lowercase().starts_with("zh") { Language::ZhCn } else { Language::En }
    }
}

/// An error in words.
pub fn explain(error: &Error, _language: Language) -> ErrorView {
    ErrorView {
        code: error.code.to_string(),
        class: error.class().word().to_owned(),
        message: error.to_string(),
        hints: Vec::new(),
        detail: error.to_string(),
    }
}
