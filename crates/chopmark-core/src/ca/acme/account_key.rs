//! The key of an account (ES256), and what it signs (RFC 8555 §6.2, RFC 7515).

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::DOING;
use crate::{
    error::{Code, Error, Result},
    ui::Secret,
};

/// The key of an account: no `Debug`, no `Serialize`.
pub(crate) struct AccountKey {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: EcdsaKeyPair,
}

/// How a signature names its key.
pub(super) enum Signer<'a> {
    /// By the key itself: the account is not known yet.
    Key,
    /// By the account's address.
    Account(&'a str),
}

impl AccountKey {
    /// A new one.
    pub(crate) fn make() -> Result<AccountKey> {
        let failed = |_| Error::new(Code::Internal, DOING);
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        AccountKey::read(Zeroizing::new(made.map_err(failed)?.as_ref().to_vec()))
    }

    /// One that was kept.
    ///
    /// # Errors
    /// [`Code::KeptKeyUnreadable`].
    pub(crate) fn kept(text: &Secret) -> Result<AccountKey> {
        let bytes = BASE64.decode(text.expose().trim()).map(Zeroizing::new);
        AccountKey::read(bytes.map_err(|_| Error::new(Code::KeptKeyUnreadable, DOING))?)
    }

    fn read(pkcs8: Zeroizing<Vec<u8>>) -> Result<AccountKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)
            .map_err(|_| Error::new(Code::KeptKeyUnreadable, DOING))?;
        Ok(AccountKey { pkcs8, pair })
    }

    /// As it is kept.
    pub(crate) fn to_keep(&self) -> Secret {
        Secret::new(BASE64.encode(&*self.pkcs8))
    }

    pub(super) fn pkcs8(&self) -> PrivatePkcs8KeyDer<'_> {
        PrivatePkcs8KeyDer::from(&self.pkcs8[..])
    }

    pub(super) fn public(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        json!({ "crv": "P-256", "kty": "EC", "x": BASE64.encode(x), "y": BASE64.encode(y) })
    }

    /// A signed request; no payload: a question (POST-as-GET).
    pub(super) fn signed(
        &self,
        signer: &Signer<'_>,
        nonce: &str,
        url: &str,
        payload: Option<&Value>,
    ) -> Result<Vec<u8>> {
        let header = match signer {
            Signer::Key => json!({ "alg": "ES256", "jwk": self.public(), "nonce": nonce, "url": url }),
            Signer::Account(kid) => json!({ "alg": "ES256", "kid": kid, "nonce": nonce, "url": url }),
        };
        let payload = payload.map(Value::to_string).unwrap_or_default();
        let jws = jws(&header, payload.as_bytes(), |text| {
            let signature = self.pair.sign(&SystemRandom::new(), text);
            signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| Error::new(Code::Internal, DOING))
        })?;
        Ok(jws.to_string().into_bytes())
    }

    /// This key, bound to an account elsewhere by reference number and authorization code (RFC 8555 §7.3.4).
    pub(super) fn bound(&self, reference: &str, code: &Secret, url: &str) -> Result<Value> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &code_bytes(code)?);
        let header = json!({ "alg": "HS256", "kid": reference, "url": url });
        jws(&header, self.public().to_string().as_bytes(), |text| Ok(hmac::sign(&key, text).as_ref().to_vec()))
    }
}

fn jws(header: &Value, payload: &[u8], sign: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<Value> {
    let (protected, payload) = (BASE64.encode(header.to_string()), BASE64.encode(payload));
    let signature = sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(json!({ "protected": protected, "payload": payload, "signature": BASE64.encode(signature) }))
}

/// The code is a key in base64url; people copy it with padding, and some CAs show the other alphabet.
fn code_bytes(code: &Secret) -> Result<Zeroizing<Vec<u8>>> {
    let bad = || Error::new(Code::BadInput, DOING).with("reason", "acme-code");
    let text = code.expose().trim().trim_end_matches('=');
    let bytes = BASE64.decode(text).or_else(|_| BASE64_STANDARD_NO_PAD.decode(text)).map(Zeroizing::new);
    // Never with the cause: it would repeat part of the code.
    bytes.ok().filter(|bytes| !bytes.is_empty()).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_kept_key_is_the_same_key() {
        let key = AccountKey::make().unwrap();
        let again = AccountKey::kept(&key.to_keep()).unwrap();
        assert_eq!(key.public(), again.public());
        for wrong in ["", "nonsense", "AAAA"] {
            let error = AccountKey::kept(&Secret::new(wrong.to_owned())).err().unwrap();
            assert_eq!(error.code, Code::KeptKeyUnreadable);
        }
    }

    #[test]
    fn signatures_verify_over_what_was_sent() {
        let key = AccountKey::make().unwrap();
        let sent = key.signed(&Signer::Account("https://ca.example/1"), "n", "https://ca.example/o", None).unwrap();
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        let part = |name: &str| sent[name].as_str().unwrap();
        assert_eq!(part("payload"), "");
        let header: Value = serde_json::from_slice(&BASE64.decode(part("protected")).unwrap()).unwrap();
        assert_eq!((&header["kid"], &header["nonce"]), (&json!("https://ca.example/1"), &json!("n")));
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair.public_key().as_ref());
        let text = format!("{}.{}", part("protected"), part("payload"));
        public.verify(text.as_bytes(), &BASE64.decode(part("signature")).unwrap()).unwrap();
    }

    #[test]
    fn a_code_is_taken_as_consoles_show_it() {
        for text in ["-_8", "-_8=", "+/8=", " +/8\n"] {
            assert_eq!(
                code_bytes(&Secret::new(text.to_owned())).ok().map(|bytes| bytes.to_vec()),
                Some(vec![0xfb, 0xff])
            );
        }
        for text in ["", "ab c", "äöü"] {
            let error = code_bytes(&Secret::new(text.to_owned())).err().unwrap();
            assert_eq!((error.facts["reason"].as_str(), error.source.is_none()), ("acme-code", true));
        }
    }
}
