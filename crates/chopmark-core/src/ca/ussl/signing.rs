//! The signature of a request: names and values in the order of the names, the private key behind, SHA-1.

use serde_json::{Map, Value};
use sha1::{Digest, Sha1};

use crate::{
    error::{Code, Error, Result},
    journal::hex,
    ui::Secret,
};

/// The value of the parameter `Signature`.
pub(super) fn signature(parameters: &Map<String, Value>, private_key: &Secret) -> Result<String> {
    let mut names: Vec<&String> = parameters.keys().collect();
    names.sort();
    let mut digest = Sha1::new();
    for name in names {
        digest.update(name);
        digest.update(text(&parameters[name])?);
    }
    digest.update(private_key.expose());
    Ok(hex(&digest.finalize()))
}

/// As the console writes a value when it checks; only what our requests hold.
fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(is) => Ok(is.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        _ => Err(Error::new(Code::Internal, "signing a request")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// From the provider's documents.
    #[test]
    fn the_published_example() {
        let parameters = json!({
            "Action": "DescribeUHostInstance", "Region": "cn-bj2", "Limit": 10,
            "PublicKey": "ucloudsomeone@example.com1296235120854146120",
        });
        let key = Secret::new("46f09bb9fab4f12dfc160dae12273d5332b5debe".to_owned());
        let signed = signature(parameters.as_object().unwrap(), &key).unwrap();
        assert_eq!(signed, "cba5cf5ec4d4233d206b1b54951e3787350a642f");
    }

    #[test]
    fn values_are_written_as_the_console_writes_them() {
        for (value, want) in
            [(json!(true), Some("true")), (json!(0), Some("0")), (json!("a"), Some("a")), (json!(1.5), None)]
        {
            assert_eq!(text(&value).ok().as_deref(), want, "{value}");
        }
    }
}
