//! The signature of a call, checked as the documents say it is made.

use serde_json::{Map, Value};
use sha1::{Digest, Sha1};

use super::No;
use crate::authority::hex;

/// # Errors
/// 171, as the provider says it.
pub(super) fn check(question: &Map<String, Value>, public_key: &str, private_key: &str) -> Result<(), No> {
    let given = question.get("Signature").and_then(Value::as_str).unwrap_or_default();
    let known = question.get("PublicKey").and_then(Value::as_str) == Some(public_key);
    match known && given == signature(question, private_key) {
        true => Ok(()),
        false => Err(No::new(171, "Signature VerifyAC Error")),
    }
}

fn signature(question: &Map<String, Value>, private_key: &str) -> String {
    let mut pairs: Vec<(&String, &Value)> = question.iter().filter(|(name, _)| *name != "Signature").collect();
    pairs.sort_by_key(|(name, _)| name.as_str());
    let mut text = String::new();
    for (name, value) in pairs {
        text += name;
        text += &value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    }
    hex(&Sha1::digest(text + private_key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// From the provider's documents.
    #[test]
    fn the_published_example() {
        let public = "ucloudsomeone@example.com1296235120854146120";
        let question = json!({
            "Action": "DescribeUHostInstance", "Region": "cn-bj2", "Limit": 10, "PublicKey": public,
            "Signature": "cba5cf5ec4d4233d206b1b54951e3787350a642f",
        });
        let question = question.as_object().unwrap();
        assert!(check(question, public, "46f09bb9fab4f12dfc160dae12273d5332b5debe").is_ok());
        assert_eq!(check(question, public, "46f0").unwrap_err().code, 171);
        assert_eq!(check(question, "other", "46f09bb9fab4f12dfc160dae12273d5332b5debe").unwrap_err().code, 171);
    }
}
