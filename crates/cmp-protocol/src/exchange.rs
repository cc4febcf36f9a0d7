//! The client's side of one transaction: messages out, answers in, every check on the way (RFC 9483 §3 and §4).
//!
//! [`Exchange`] is plain data and can be saved (DER) between any two messages; it holds no secret. What can be said in a
//! transaction, each with its answer:
//!
//! | Operation | Body | Good end |
//! |---|---|---|
//! | enrol (ir, cr, p10cr), renew (kur) | [`CertificateRequest`](crate::request::CertificateRequest) | [`Reply::Issued`] |
//! | key made by the CA | [`key_by_ca`](crate::request::key_by_ca) | [`Reply::Issued`] with a key |
//! | confirm, reject | [`Exchange::confirm`] | [`Reply::Confirmed`] |
//! | ask again after [`Reply::Wait`] | [`Exchange::poll`] | any of these |
//! | revoke (rr) | [`revocation`](crate::request::revocation) | [`Reply::Revoked`] |
//! | ask the CA about itself (genm) | [`information`](crate::information) | [`Reply::Information`] |
//! | give up | [`Exchange::give_up`] | [`Reply::Confirmed`] |
//!
//! ```
//! use cmp_protocol::{
//!     exchange::{Allowances, Exchange, Identity, Judge, Reply, Settings},
//!     information,
//!     message::Body,
//!     protection::{Hash, MacProtection, MacScheme, SharedSecret},
//!     server::Incoming,
//! };
//! # struct Rng;
//! # impl rand_core::TryRng for Rng {
//! #     type Error = std::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
//! #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { bytes.fill(4); Ok(()) }
//! # }
//! # impl rand_core::TryCryptoRng for Rng {}
//! # let mut rng = Rng;
//! let secret = SharedSecret::new(b"7890", b"AuthCode-4711".to_vec().into());
//! let mac = MacProtection::new(MacScheme::pbmac1(Hash::Sha256), 10_000, &mut rng)?;
//! let settings = Settings { identity: Identity::Reference(b"7890".to_vec()), ..Settings::default() };
//! let mut exchange = Exchange::begin(settings, &mut rng)?;
//!
//! let now = 1_795_000_000; // seconds since 1970; the caller has the clock
//! let question = exchange.write(information::ask(information::CA_CERTS), &secret, &mac, now, &mut rng)?;
//! // … POST it; this CA sits in the same room:
//! let incoming = Incoming::parse(&question)?;
//! let theirs = incoming.verify(&secret)?;
//! let Body::Genm(asked) = &incoming.message.body else { panic!() };
//! let name = "CN=CA".parse().unwrap();
//! let answer = incoming.answer(Body::Genp(asked.clone()), &name);
//! let answer = answer.encode(Some((&secret, &theirs)), now, &mut rng)?;
//!
//! let nobody = |_: &[u8], _: &[Vec<u8>]| Err("no signer is trusted".to_owned());
//! let judge = Judge { secret: Some(&secret), signer: &nobody, now, tolerance: 300, allow: Allowances::default() };
//! let Reply::Information(found) = exchange.read(&answer, &judge)? else { panic!() };
//! assert!(information::ca_certificates(&found)?.is_empty());
//! # Ok::<(), cmp_protocol::Error>(())
//! ```

use der::{Any, Decode, Encode, Sequence, asn1::OctetString};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    Certificate,
    attr::AttributeTypeAndValue,
    ext::pkix::{SubjectKeyIdentifier, name::GeneralName},
    name::{Name, RdnSequence, RelativeDistinguishedName},
    request::CertReq,
};

use crate::{
    error::{Error, Result},
    message::{
        Body, CERT_PROFILE, CertStatus, ErrorMsgContent, FailInfo, FreeText, IMPLICIT_CONFIRM, InfoTypeAndValue,
        PkiHeader, PkiMessage, PkiStatusInfo, PollReq, directory_name, generalized_time, octets, raw_certificates,
    },
    protection::{MacProtection, SharedSecret, Unprotected},
    signature::SignatureScheme,
};

mod answer;
mod reply;
#[cfg(test)]
mod tests;

pub use answer::{Allowances, Judge, SignerCheck};
pub use reply::{Issued, Refusal, Reply, Revoked};

/// Bytes of transactionID and nonces that this side makes (RFC 9483 §3.1).
const NONCE_BYTES: usize = 16;
/// `certReqId` of a PKCS#10 request, and of polling for a whole message (RFC 9483 §4.1.4, §4.4).
const NO_REQUEST_ID: i64 = -1;

/// One transaction. Save it after each message with `to_der`, read it again with `from_der`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct Exchange {
    pvno: u8,
    transaction_id: OctetString,
    /// Empty where a certificate protects.
    reference: OctetString,
    recipient: Name,
    implicit_confirm: bool,
    cert_req_id: i64,
    sender_nonce: OctetString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    peer_nonce: Option<OctetString>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    peer_sender: Option<GeneralName>,
    /// The certificate that protects, and its chain.
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    signer: Option<Vec<Any>>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    cert_profile: Option<FreeText>,
    /// Absent in exchanges saved before there was more to say than a request for a certificate.
    #[asn1(context_specific = "4", tag_mode = "EXPLICIT", optional = "true")]
    said: Option<Said>,
}

/// What was said last, for judging the answer.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Said {
    /// Number of the body that ends what we asked for: ip, cp, kup, rp, genp or pkiconf.
    awaited: u8,
    /// The last message was a pollReq.
    polling: bool,
    /// The CA lets the whole message wait, not one request of it (RFC 9483 §4.4).
    whole: bool,
    /// The key that a certificate is to be for.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    key: Option<SubjectPublicKeyInfoOwned>,
    /// senderNonce of the message whose answer is awaited; the nonces of polls for it come and go.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    nonce: Option<OctetString>,
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Whoever has the codes: the reference number goes into `sender` (as CN) and `senderKID` (RFC 9483 §3.1).
    Reference(Vec<u8>),
    /// The holder of a certificate, whose key protects the messages.
    Certificate {
        /// The certificate, DER.
        certificate: Vec<u8>,
        /// Those that lead from it towards the root, DER; they go along in `extraCerts`.
        chain: Vec<Vec<u8>>,
    },
}

impl Default for Identity {
    fn default() -> Identity {
        Identity::Reference(Vec::new())
    }
}

/// How a transaction starts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who speaks.
    pub identity: Identity,
    /// DN of the CA; empty: the NULL-DN.
    pub recipient: Name,
    /// Ask the CA to do without confirmation.
    pub implicit_confirm: bool,
    /// Name of the certificate profile wanted (`certProfile` in `generalInfo`, RFC 9810 §5.1.1.4).
    pub cert_profile: Option<String>,
}

impl Exchange {
    /// A new transaction with a random id.
    pub fn begin(settings: Settings, rng: &mut impl rand_core::CryptoRng) -> Result<Exchange> {
        let (reference, signer) = match settings.identity {
            Identity::Reference(reference) => (reference, None),
            Identity::Certificate { certificate, chain } => {
                let all = std::iter::once(&certificate).chain(&chain).map(|der| Any::from_der(der));
                (Vec::new(), Some(all.collect::<der::Result<Vec<_>>>().map_err(Error::decoding)?))
            }
        };
        Ok(Exchange {
            pvno: 2,
            transaction_id: nonce(rng)?,
            reference: octets(&reference)?,
            recipient: settings.recipient,
            implicit_confirm: settings.implicit_confirm,
            cert_req_id: 0,
            sender_nonce: nonce(rng)?,
            peer_nonce: None,
            peer_sender: None,
            signer,
            cert_profile: settings.cert_profile.map(|name| vec![name]),
            said: None,
        })
    }

    /// The transactionID.
    pub fn transaction_id(&self) -> &[u8] {
        self.transaction_id.as_bytes()
    }

    /// Makes the next message, protected by the shared secret. `now` in seconds since 1970.
    ///
    /// The bytes may be sent again unchanged after a lost answer; a new message needs a new call.
    pub fn write(
        &mut self,
        body: Body,
        secret: &SharedSecret,
        protection: &MacProtection,
        now: u64,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<Vec<u8>> {
        if self.signer.is_some() {
            return Err(Error::Input("this exchange is protected by a certificate".into()));
        }
        let mut message = self.message(body, now, rng)?;
        protection.protect(&mut message, secret)?;
        message.to_der().map_err(Error::encoding)
    }

    /// Makes the next message without its signature, which may be made elsewhere: sign [`Unprotected::to_sign`] with
    /// `scheme`, then call [`Unprotected::assemble`]. `now` in seconds since 1970.
    ///
    /// A renewal, protected by the certificate that it renews:
    ///
    /// ```
    /// use cmp_protocol::{
    ///     exchange::{Exchange, Identity, Settings},
    ///     request::{CertificateId, CertificateRequest, Kind},
    ///     signature::SignatureScheme,
    /// };
    /// use der::{Decode, Encode};
    /// use p256::{ecdsa::{DerSignature, SigningKey, signature::Signer}, pkcs8::EncodePublicKey};
    /// # struct Rng;
    /// # impl rand_core::TryRng for Rng {
    /// #     type Error = std::convert::Infallible;
    /// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
    /// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
    /// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { bytes.fill(4); Ok(()) }
    /// # }
    /// # impl rand_core::TryCryptoRng for Rng {}
    /// # let mut rng = Rng;
    /// # let (old_key, new_key) = (SigningKey::from_slice(&[7; 32]).unwrap(), SigningKey::from_slice(&[8; 32]).unwrap());
    /// # let spki = |key: &SigningKey| spki::SubjectPublicKeyInfoOwned::from_der(
    /// #     key.verifying_key().to_public_key_der().unwrap().as_bytes()).unwrap();
    /// # let old = include_bytes!("exchange/testdata/old.der");
    /// let identity = Identity::Certificate { certificate: old.to_vec(), chain: Vec::new() };
    /// let mut exchange = Exchange::begin(Settings { identity, ..Settings::default() }, &mut rng)?;
    /// let request = CertificateRequest {
    ///     kind: Kind::Kur,
    ///     subject: "CN=Alice".parse().unwrap(),
    ///     public_key: spki(&new_key),
    ///     extensions: Vec::new(),
    ///     renews: Some(CertificateId::of(old)?),
    /// }
    /// .draft()?;
    /// let proof: DerSignature = new_key.sign(request.to_sign());
    /// let body = request.assemble(proof.as_bytes())?;
    ///
    /// let unprotected = exchange.draft(body, SignatureScheme::EcdsaP256Sha256, 1_795_000_000, &mut rng)?;
    /// let signature: DerSignature = old_key.sign(unprotected.to_sign()); // perhaps on a token, in another process
    /// let message = unprotected.assemble(signature.as_bytes())?;
    /// # assert!(cmp_protocol::server::Incoming::parse(&message)?.is_signed());
    /// # Ok::<(), cmp_protocol::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] in an exchange that began with codes.
    pub fn draft(
        &mut self,
        body: Body,
        scheme: SignatureScheme,
        now: u64,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<Unprotected> {
        let Some(key) = self.signing_certificate()? else {
            return Err(Error::Input("this exchange is protected by codes".into()));
        };
        let key = key.tbs_certificate().subject_public_key_info().clone();
        Unprotected::new(self.message(body, now, rng)?, key, scheme)
    }

    fn signing_certificate(&self) -> Result<Option<Certificate>> {
        let first = raw_certificates(self.signer.as_deref()).into_iter().next();
        first.map(|der| Certificate::from_der(&der).map_err(Error::decoding)).transpose()
    }

    fn message(&mut self, body: Body, now: u64, rng: &mut impl rand_core::CryptoRng) -> Result<PkiMessage> {
        self.sender_nonce = nonce(rng)?;
        self.note(&body);
        let (sender, sender_kid) = match self.signing_certificate()? {
            None => (reference_name(self.reference.as_bytes())?, Some(self.reference.clone())),
            Some(certificate) => {
                let certificate = certificate.tbs_certificate();
                let kid = certificate.get_extension::<SubjectKeyIdentifier>().map_err(Error::decoding)?;
                (certificate.subject().clone(), kid.map(|(_, kid)| kid.0))
            }
        };
        let header = PkiHeader {
            pvno: self.pvno,
            sender: directory_name(sender),
            recipient: directory_name(self.recipient.clone()),
            message_time: Some(generalized_time(now)?),
            protection_alg: None,
            sender_kid,
            recip_kid: None,
            transaction_id: Some(self.transaction_id.clone()),
            sender_nonce: Some(self.sender_nonce.clone()),
            recip_nonce: self.peer_nonce.clone(),
            free_text: None,
            general_info: self.general_info(&body)?,
        };
        Ok(PkiMessage { header, body, protection: None, extra_certs: self.signer.clone() })
    }

    fn general_info(&self, body: &Body) -> Result<Option<Vec<InfoTypeAndValue>>> {
        let mut infos = Vec::new();
        let certifies = matches!(body, Body::Ir(_) | Body::Cr(_) | Body::P10cr(_) | Body::Kur(_));
        if self.implicit_confirm && certifies {
            infos.push(InfoTypeAndValue { info_type: IMPLICIT_CONFIRM, info_value: Some(Any::null()) });
        }
        if let Some(profile) = &self.cert_profile
            && (certifies || matches!(body, Body::Genm(_)))
        {
            let value = profile.to_der().and_then(|der| Any::from_der(&der)).map_err(Error::encoding)?;
            infos.push(InfoTypeAndValue { info_type: CERT_PROFILE, info_value: Some(value) });
        }
        Ok(Some(infos).filter(|infos| !infos.is_empty()))
    }

    /// Notes what is said, for judging the answer to it.
    fn note(&mut self, body: &Body) {
        let key = wanted_key(body);
        let awaited = match body {
            Body::Ir(_) => 1,
            Body::Cr(_) | Body::P10cr(_) => 3,
            Body::Kur(_) => 8,
            Body::Rr(_) => 12,
            Body::Genm(_) => 22,
            Body::PollReq(_) => {
                if let Some(said) = &mut self.said {
                    said.polling = true;
                }
                return;
            }
            _ => 19, // certConf and error are acknowledged by pkiconf.
        };
        if let Body::P10cr(_) = body {
            self.cert_req_id = NO_REQUEST_ID;
        }
        // hashAlg and EnvelopedData came with RFC 9480 (RFC 9810 §7): a CA must know that we can read them.
        let by_ca = matches!(body, Body::Ir(_) | Body::Cr(_) | Body::Kur(_)) && key.is_none();
        let hash_alg =
            matches!(body, Body::CertConf(statuses) if statuses.iter().any(|status| status.hash_alg.is_some()));
        if by_ca || hash_alg {
            self.pvno = 3;
        }
        self.said = Some(Said { awaited, polling: false, whole: false, key, nonce: Some(self.sender_nonce.clone()) });
    }

    /// Body that asks again for what was requested, after [`Reply::Wait`].
    ///
    /// ```
    /// # struct Rng;
    /// # impl rand_core::TryRng for Rng {
    /// #     type Error = std::convert::Infallible;
    /// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
    /// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
    /// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { bytes.fill(4); Ok(()) }
    /// # }
    /// # impl rand_core::TryCryptoRng for Rng {}
    /// use cmp_protocol::exchange::{Exchange, Settings};
    ///
    /// let exchange = Exchange::begin(Settings::default(), &mut Rng)?;
    /// assert_eq!(exchange.poll().name(), "pollReq");
    /// # Ok::<(), cmp_protocol::Error>(())
    /// ```
    pub fn poll(&self) -> Body {
        let whole = self.said.as_ref().is_some_and(|said| said.whole);
        Body::PollReq(vec![PollReq { cert_req_id: if whole { NO_REQUEST_ID } else { self.cert_req_id } }])
    }

    /// Body that takes the certificate (`refused` is `None`) or rejects it with a reason and text.
    ///
    /// Certificates of the same answer that are not named here count as rejected (RFC 9810 §5.3.18).
    ///
    /// ```
    /// # struct Rng;
    /// # impl rand_core::TryRng for Rng {
    /// #     type Error = std::convert::Infallible;
    /// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
    /// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
    /// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { bytes.fill(4); Ok(()) }
    /// # }
    /// # impl rand_core::TryCryptoRng for Rng {}
    /// # let certificate = include_bytes!("exchange/testdata/old.der");
    /// use cmp_protocol::{exchange::{Exchange, Settings}, message::{Body, FailInfo}};
    ///
    /// let exchange = Exchange::begin(Settings::default(), &mut Rng)?;
    /// let taken = exchange.confirm(certificate, None)?;
    /// let rejected = exchange.confirm(certificate, Some((FailInfo::IncorrectData, "it is for another key")))?;
    /// let Body::CertConf(statuses) = &rejected else { panic!() };
    /// assert_eq!(statuses[0].status_info.as_ref().unwrap().reasons(), [FailInfo::IncorrectData]);
    /// # assert_ne!(taken, rejected);
    /// # Ok::<(), cmp_protocol::Error>(())
    /// ```
    pub fn confirm(&self, certificate: &[u8], refused: Option<(FailInfo, &str)>) -> Result<Body> {
        let (hash, hash_alg) = crate::signature::certificate_hash(certificate)?;
        let status_info = refused.map(|(reason, text)| PkiStatusInfo::rejection(&[reason], text)).transpose()?;
        // A PKCS#10 answer is numbered -1, its confirmation 0 or -1 depending on the CA's vintage: we give back its own.
        Ok(Body::CertConf(vec![CertStatus {
            cert_hash: octets(&hash)?,
            cert_req_id: self.cert_req_id,
            status_info,
            hash_alg,
        }]))
    }

    /// Body that gives the transaction up (RFC 9483 §3.6.4).
    ///
    /// ```
    /// use cmp_protocol::exchange::Exchange;
    ///
    /// assert_eq!(Exchange::give_up("the requester gives up").unwrap().name(), "error");
    /// ```
    pub fn give_up(text: &str) -> Result<Body> {
        let status = PkiStatusInfo::rejection(&[], text)?;
        Ok(Body::Error(ErrorMsgContent { status, error_code: None, error_details: None }))
    }
}

/// The key in a request; `None` where the CA is to make it.
fn wanted_key(body: &Body) -> Option<SubjectPublicKeyInfoOwned> {
    let key = match body {
        Body::Ir(requests) | Body::Cr(requests) | Body::Kur(requests) => {
            requests.first()?.cert_req.cert_template.public_key.clone()?
        }
        Body::P10cr(raw) => CertReq::from_der(&raw.to_der().ok()?).ok()?.info.public_key,
        _ => return None,
    };
    Some(key).filter(|key| !key.subject_public_key.raw_bytes().is_empty())
}

pub(crate) fn nonce(rng: &mut impl rand_core::CryptoRng) -> Result<OctetString> {
    let mut bytes = [0; NONCE_BYTES];
    rng.fill_bytes(&mut bytes);
    octets(&bytes)
}

/// `CN=reference`. The reference becomes a UTF8String as it is; it never goes through a DN parser, where a comma in it
/// would mean something.
pub(crate) fn reference_name(reference: &[u8]) -> Result<Name> {
    let text = String::from_utf8_lossy(reference);
    let value = Any::new(der::Tag::Utf8String, text.as_bytes()).map_err(Error::encoding)?;
    let attribute = AttributeTypeAndValue { oid: const_oid::db::rfc4519::CN, value };
    let rdn = RelativeDistinguishedName::try_from(vec![attribute]).map_err(Error::encoding)?;
    let sequence = RdnSequence::from(vec![rdn]).to_der().map_err(Error::encoding)?;
    Name::from_der(&sequence).map_err(Error::encoding)
}
