//! What a model has taught us about itself, kept in `HOME/learned.toml` and used the next time: what it refused once is not tried
//! again. Nothing here is needed for anything to work; a file that cannot be read is an empty one.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use token_helper::wire::GenerationQuirks;

use crate::{files::write_whole, journal::TokenRecord};

const FILE: &str = "learned.toml";
/// A model is a line or two; a file far beyond that is not ours.
const MOST_MODELS: usize = 500;

/// How a model wants things done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Learned {
    /// The key template it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    /// Only its security officer makes keys.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) officer_makes_keys: bool,
    /// Only its security officer writes certificates.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) officer_writes: bool,
    /// The driver shows a new key only after it was initialised anew.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) reinitialize: bool,
    /// Ids of keys that jobs given up have left behind, on cards that cannot be without a key: their places are free all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_keys: Vec<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Learned {
    /// What is known of the token's model through its driver.
    pub(crate) fn of(home: &Path, token: &TokenRecord) -> Learned {
        read(home).remove(&model(token)).unwrap_or_default()
    }

    /// Keeps it for the next time, if it is news.
    pub(crate) fn keep(&self, home: &Path, token: &TokenRecord) {
        let mut all = read(home);
        let key = model(token);
        let known = all.get(&key).cloned().unwrap_or_default();
        if known == *self || (all.len() >= MOST_MODELS && !all.contains_key(&key)) {
            return;
        }
        all.insert(key, self.clone());
        if let Ok(text) = toml::to_string(&all) {
            // Next time is soon enough to learn it if the disk is full today.
            let _ = write_whole(&home.join(FILE), text.as_bytes(), true);
        }
    }

    /// For the helper.
    pub(crate) fn generation(&self) -> GenerationQuirks {
        GenerationQuirks { template: self.template.clone(), reinitialize: self.reinitialize }
    }
}

fn read(home: &Path) -> BTreeMap<String, Learned> {
    std::fs::read_to_string(home.join(FILE)).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// Driver, maker and model, never a serial number or a label.
fn model(token: &TokenRecord) -> String {
    let file = token.driver.file_name().unwrap_or_default().to_string_lossy();
    format!("{file} / {} / {}", token.manufacturer, token.model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_by_model_and_never_in_the_way() {
        let home = tempfile::tempdir().unwrap();
        let token = |model: &str, serial: &str| TokenRecord {
            driver: "/usr/lib/libykcs11.so.2".into(),
            parameters: None,
            label: "Alice's".into(),
            serial: serial.into(),
            manufacturer: "Yubico".into(),
            model: model.into(),
            uri: String::new(),
        };
        let learned = Learned { template: Some("minimal".into()), officer_makes_keys: true, ..Learned::default() };
        assert_eq!(Learned::of(home.path(), &token("5", "1")), Learned::default());
        learned.keep(home.path(), &token("5", "1"));
        assert_eq!(Learned::of(home.path(), &token("5", "2")), learned, "another key of the model");
        assert_eq!(Learned::of(home.path(), &token("4", "1")), Learned::default(), "another model");
        let text = std::fs::read_to_string(home.path().join(FILE)).unwrap();
        assert!(!text.contains("Alice"), "{text}");
        std::fs::write(home.path().join(FILE), "not [toml").unwrap();
        assert_eq!(Learned::of(home.path(), &token("5", "1")), Learned::default());
    }
}
