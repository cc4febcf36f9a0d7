//! PKCS#10 certification requests (RFC 2986), made in two steps so that the key may be elsewhere.

use der::{Any, Encode, asn1::BitString};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    ext::Extension,
    name::Name,
    request::{CertReq, CertReqInfo, ExtensionReq, Version},
};

use crate::{
    error::{Error, Result},
    signature::SignatureScheme,
};

/// The part of a PKCS#10 request that gets signed. Extensions go into the `extensionRequest` attribute.
pub fn info(subject: Name, public_key: SubjectPublicKeyInfoOwned, extensions: Vec<Extension>) -> Result<CertReqInfo> {
    let mut attributes = x509_cert::attr::Attributes::default();
    if !extensions.is_empty() {
        let attribute = ExtensionReq(extensions).try_into().map_err(Error::encoding)?;
        attributes.insert(attribute).map_err(Error::encoding)?;
    }
    Ok(CertReqInfo { version: Version::V1, subject, public_key, attributes })
}

/// Puts the signature (X.509 form) to it.
pub fn assemble(info: CertReqInfo, scheme: SignatureScheme, signature: &[u8]) -> Result<CertReq> {
    let signature = BitString::from_bytes(signature).map_err(Error::encoding)?;
    Ok(CertReq { info, algorithm: scheme.algorithm(), signature })
}

/// Verifies that a request is signed by the key it names.
pub fn verify(request: &CertReq) -> Result<()> {
    let info = request.info.to_der().map_err(Error::encoding)?;
    let signature = request.signature.as_bytes().unwrap_or_default();
    crate::signature::verify(&request.info.public_key, &request.algorithm, &info, signature)
}

/// The extensions a request asks for.
pub fn extensions(request: &CertReq) -> Result<Vec<Extension>> {
    let wanted =
        request.info.attributes.iter().find(|attribute| attribute.oid == const_oid::db::rfc5912::ID_EXTENSION_REQ);
    match wanted.and_then(|attribute| attribute.values.iter().next()) {
        None => Ok(Vec::new()),
        Some(value) => Any::decode_as::<ExtensionReq>(value).map(|request| request.0).map_err(Error::decoding),
    }
}
