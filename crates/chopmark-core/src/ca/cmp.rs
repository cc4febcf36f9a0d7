//! One CMP conversation over HTTP: messages of `cmp-protocol` out, judged answers in, failures by our codes.

use std::cell::RefCell;

use cmp_protocol::{
    Check,
    exchange::{Allowances, Exchange, Identity, Judge, Refusal, Reply, Settings},
    message::{Body, FailInfo},
    protection::{Hash, MacProtection, MacScheme, SharedSecret, Unprotected},
    signature::SignatureScheme,
};
use der::{Decode, Encode};
use zeroize::Zeroizing;

use crate::{
    ca::{
        chain::Trust,
        http::{Endpoint, Operation, Posted},
        revocation::Revocation,
    },
    certificate::parse_name,
    clock,
    error::{Code, Error, Result},
    model::{CaProfile, MacChoice, word},
    trace::Trace,
    ui::Secret,
};

const DOING: &str = "asking the CA";
/// The fact of [`Code::CodesWrong`] that counts the tries left.
pub(crate) const TRIES_LEFT: &str = "triesLeft";
/// No CA gives anybody more; a larger number means something else.
const MOST_TRIES: i64 = 1000;

/// Randomness of the system; it fails only where nothing else works either.
pub(crate) fn rng() -> impl rand_core::CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

/// How what we say is protected.
pub(crate) enum Credentials {
    /// By the two codes.
    Codes {
        /// Reference number and code.
        secret: SharedSecret,
    },
    /// By the key of a certificate.
    Certificate {
        /// DER.
        certificate: Vec<u8>,
        /// What leads from it to its root, DER.
        chain: Vec<Vec<u8>>,
        /// How its key signs.
        scheme: SignatureScheme,
    },
}

/// From the codes, looked over by [`crate::codes`].
pub(crate) fn shared_secret(reference: &str, code: &Secret) -> SharedSecret {
    let code = Zeroizing::new(code.expose().as_bytes().to_vec());
    SharedSecret::new(reference.as_bytes(), code)
}

impl Credentials {
    /// From the codes, looked over by [`crate::codes`].
    pub(crate) fn codes(reference: &str, code: &Secret) -> Credentials {
        Credentials::Codes { secret: shared_secret(reference, code) }
    }

    fn identity(&self) -> Identity {
        match self {
            Credentials::Codes { secret } => Identity::Reference(secret.reference().to_vec()),
            Credentials::Certificate { certificate, chain, .. } => {
                Identity::Certificate { certificate: certificate.clone(), chain: chain.clone() }
            }
        }
    }
}

/// A message that is ready, or lacks the signature of the key that protects it.
pub(crate) enum Written {
    Ready(Vec<u8>),
    ToSign(Box<Unprotected>),
}

/// A conversation with a CA.
pub(crate) struct Conversation {
    endpoint: Endpoint,
    operation: Operation,
    /// The last message was sent more than once.
    repeated: bool,
    exchange: Exchange,
    credentials: Credentials,
    mac: MacProtection,
    trust: Trust,
    revocation: Revocation,
    by_codes: ByCodes,
    tolerance: u64,
    allow: Allowances,
    trace: Trace,
}

impl Conversation {
    /// A new one, or (with `saved`, DER) one that was begun before.
    pub(crate) fn new(
        profile: &CaProfile,
        (endpoint, operation): (Endpoint, Operation),
        credentials: Credentials,
        saved: Option<&[u8]>,
        trace: Trace,
    ) -> Result<Conversation> {
        let bad = |error: String| Error::new(Code::BadProfile, DOING).with("ca", &profile.name).because(error);
        let exchange = match saved {
            Some(der) => Exchange::from_der(der).map_err(|error| Error::new(Code::Journal, DOING).because(error))?,
            None => {
                let settings = Settings {
                    identity: credentials.identity(),
                    recipient: parse_name(&profile.cmp.recipient)?,
                    implicit_confirm: profile.cmp.implicit_confirm,
                    cert_profile: profile.cmp.certificate_profile.clone(),
                };
                Exchange::begin(settings, &mut rng())?
            }
        };
        let mac = MacProtection::new(scheme(profile.cmp.protection), profile.cmp.iterations, &mut rng())
            .map_err(|error| bad(error.to_string()))?;
        Ok(Conversation {
            revocation: Revocation::of(profile, endpoint.way().clone()),
            endpoint,
            operation,
            repeated: false,
            exchange,
            credentials,
            mac,
            trust: Trust::of(profile)?,
            by_codes: ByCodes { protection: profile.cmp.protection, counts_tries: profile.codes.tries_in_error_code },
            tolerance: profile.cmp.clock_tolerance,
            allow: Allowances { missing_recip_nonce: profile.cmp.allow_missing_nonce },
            trace,
        })
    }

    /// The CA's endpoint.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The last message was sent more than once: the CA may have had it before it answered.
    pub(crate) fn was_repeated(&self) -> bool {
        self.repeated
    }

    /// The exchange as it stands, DER, for the journal.
    pub(crate) fn saved(&self) -> Result<Vec<u8>> {
        self.exchange.to_der().map_err(|error| Error::new(Code::Internal, DOING).because(error))
    }

    /// The next message, ready to be journaled and sent once it is signed.
    pub(crate) fn write(&mut self, body: Body) -> Result<Written> {
        self.trace.line(&format!("-> {}", body.name()));
        Ok(match &self.credentials {
            Credentials::Codes { secret } => {
                Written::Ready(self.exchange.write(body, secret, &self.mac, clock::now(), &mut rng())?)
            }
            Credentials::Certificate { scheme, .. } => {
                Written::ToSign(Box::new(self.exchange.draft(body, *scheme, clock::now(), &mut rng())?))
            }
        })
    }

    /// Body that asks again.
    pub(crate) fn poll(&self) -> Body {
        self.exchange.poll()
    }

    /// Body that confirms or rejects a certificate.
    pub(crate) fn confirm(&self, certificate: &[u8], refused: Option<(FailInfo, &str)>) -> Result<Body> {
        Ok(self.exchange.confirm(certificate, refused)?)
    }

    /// Sends a message made by [`Conversation::write`] (again, after a lost answer) and judges the answer.
    ///
    /// Whether the signer of an answer has been revoked is asked after all other checks, for that takes time; until then
    /// the answer is read on a copy of the exchange, so that nothing has happened if the answer is not to be believed.
    pub(crate) async fn send(&mut self, message: &[u8]) -> Result<Reply> {
        let Posted { answer, repeated } = self.endpoint.post(self.operation, message).await?;
        self.repeated = repeated;
        let (reply, exchange, signed_by) = self.judged(&answer)?;
        self.revocation.check(&signed_by).await?;
        self.exchange = exchange;
        Ok(reply)
    }

    /// The answer as read on a copy of the exchange, that copy, and the certificates of its signer.
    fn judged(&self, answer: &[u8]) -> Result<(Reply, Exchange, Vec<Vec<u8>>)> {
        let secret = match &self.credentials {
            Credentials::Codes { secret } => Some(secret),
            Credentials::Certificate { .. } => None,
        };
        let signed_by = RefCell::new(Vec::new());
        let judge = Judge {
            secret,
            signer: &|signer, others| {
                *signed_by.borrow_mut() = self.trust.judge(signer, others)?;
                Ok(())
            },
            now: clock::now(),
            tolerance: self.tolerance,
            allow: self.allow,
        };
        let mut exchange = self.exchange.clone();
        let reply = exchange.read(answer, &judge);
        self.trace.line(&match &reply {
            Ok(reply) => format!("<- {} bytes: {}", answer.len(), reply_word(reply)),
            Err(error) => format!("<- {} bytes: {error}", answer.len()),
        });
        let by_codes = secret.is_some().then_some(self.by_codes);
        let reply = reply.map_err(|error| distrusted(error, by_codes))?;
        Ok((reply, exchange, signed_by.into_inner()))
    }
}

fn scheme(choice: MacChoice) -> MacScheme {
    match choice {
        MacChoice::PbmSha1 => MacScheme::password_based(Hash::Sha1),
        MacChoice::PbmSha256 => MacScheme::password_based(Hash::Sha256),
        MacChoice::PbmSha512 => MacScheme::password_based(Hash::Sha512),
        MacChoice::Pbmac1Sha256 => MacScheme::pbmac1(Hash::Sha256),
    }
}

fn reply_word(reply: &Reply) -> String {
    match reply {
        Reply::Wait { check_after, .. } => format!("wait {check_after:?}"),
        Reply::Issued(_) => "issued".to_owned(),
        Reply::Revoked(_) => "revoked".to_owned(),
        Reply::Information(_) => "information".to_owned(),
        Reply::Confirmed => "confirmed".to_owned(),
        Reply::Refused(refusal) => format!("refused, {refusal}"),
    }
}

/// A refusal that is protected: a clear no. `by_codes`: what we said was protected by the codes, not by a key.
pub(crate) fn refused(refusal: &Refusal, by_codes: bool) -> Error {
    let code = reason_code(&refusal.reasons, by_codes).unwrap_or(Code::CaRefused);
    with_refusal(Error::new(code, DOING), refusal)
}

/// Does it say that the CA does not take this kind of MAC?
///
/// An answer to a request with a status is about the request. Whoever can protect a "wrongIntegrity" with the codes has
/// understood the MAC and wants a signature.
pub(crate) fn about_protection(refusal: &Refusal) -> bool {
    let says = |reason| refusal.reasons.contains(&reason);
    refusal.in_error && (says(FailInfo::BadAlg) || (says(FailInfo::WrongIntegrity) && !refusal.certain))
}

/// The CA does not take this kind of MAC.
pub(crate) fn protection_refused(refusal: &Refusal, protection: MacChoice) -> Error {
    let error = Error::new(Code::ProtectionRefused, DOING).with("protection", word(&protection));
    with_refusal(error, refusal)
}

fn with_refusal(error: Error, refusal: &Refusal) -> Error {
    let reasons: Vec<_> = refusal.reasons.iter().map(|reason| reason.name()).collect();
    let error = error.with("failInfo", reasons.join(", ")).because(refusal.to_string());
    match &refusal.text {
        Some(text) => error.with("text", text),
        None => error,
    }
}

/// The most telling reason wins.
fn reason_code(reasons: &[FailInfo], by_codes: bool) -> Option<Code> {
    let code_of = |reason: &FailInfo| match reason {
        FailInfo::BadMessageCheck => Code::CodesWrong,
        FailInfo::CertRevoked => Code::AlreadyRevoked,
        FailInfo::NotAuthorized | FailInfo::SignerNotTrusted if by_codes => Code::CodesSpent,
        FailInfo::NotAuthorized | FailInfo::SignerNotTrusted => Code::SignatureRefused,
        FailInfo::BadTime => Code::ClockRefused,
        FailInfo::BadAlg => Code::AlgorithmRefused,
        FailInfo::TransactionIdInUse => Code::TransactionRefused,
        FailInfo::SystemUnavail | FailInfo::SystemFailure => Code::CaTrouble,
        FailInfo::BadCertTemplate
        | FailInfo::UnacceptedPolicy
        | FailInfo::UnacceptedExtension
        | FailInfo::DuplicateCertReq => Code::RequestNotAllowed,
        _ => Code::CaRefused,
    };
    let codes: Vec<_> = reasons.iter().map(code_of).collect();
    codes.iter().copied().find(|code| *code != Code::CaRefused).or(codes.first().copied())
}

/// What is known of the codes that protect a conversation.
#[derive(Clone, Copy)]
struct ByCodes {
    protection: MacChoice,
    /// `errorCode` counts the tries left.
    counts_tries: bool,
}

/// A CA that cannot verify what we said has nothing to protect its answer with: a wrong code, a kind of MAC or a
/// certificate that it does not take is the likely reason.
fn not_understood(refusal: &Refusal, by_codes: Option<ByCodes>) -> Error {
    let Some(by_codes) = by_codes else { return with_refusal(Error::new(Code::SignatureRefused, DOING), refusal) };
    if about_protection(refusal) {
        return protection_refused(refusal, by_codes.protection);
    }
    let error = with_refusal(Error::new(Code::CodesWrong, DOING), refusal);
    // Anybody may have written this number: it is shown, and nothing is done because of it.
    match refusal.error_code.filter(|left| by_codes.counts_tries && (0..=MOST_TRIES).contains(left)) {
        Some(left) => error.with(TRIES_LEFT, left),
        None => error,
    }
}

/// An answer that failed a check.
fn distrusted(error: cmp_protocol::Error, by_codes: Option<ByCodes>) -> Error {
    use cmp_protocol::Error as Protocol;
    let found = match &error {
        Protocol::Decoding(_) => Error::new(Code::CaAnswerGarbled, DOING),
        Protocol::NotDer(_) => Error::new(Code::CaAnswerBer, DOING),
        Protocol::TooLarge { .. } => Error::new(Code::CaAnswerTooLarge, DOING),
        // The CA has another code under this reference number, so its "no" cannot verify under ours.
        Protocol::UnverifiableError(refusal) => not_understood(refusal, by_codes),
        Protocol::UnprotectedError(refusal)
            if refusal.reasons.contains(&FailInfo::BadMessageCheck)
                || (by_codes.is_some() && about_protection(refusal)) =>
        {
            not_understood(refusal, by_codes)
        }
        Protocol::UnprotectedError(refusal) => with_refusal(Error::new(Code::ErrorUnprotected, DOING), refusal),
        Protocol::Check { check, expected, found } => {
            let code = match check {
                Check::Protection | Check::ProtectionAlgorithm | Check::Signer => Code::AnswerProtection,
                Check::Protected => Code::AnswerUnprotected,
                Check::MessageTime => Code::AnswerTime,
                Check::BodyType | Check::Content | Check::Version => Code::AnswerUnexpected,
                _ => Code::AnswerMismatch,
            };
            let error = Error::new(code, DOING).with("check", check).with("expected", expected).with("found", found);
            if *check == Check::Signer { error.with("reason", "signer") } else { error }
        }
        Protocol::Encoding(_) | Protocol::UnsupportedAlgorithm(_) | Protocol::Input(_) => {
            Error::new(Code::AnswerUnexpected, DOING).with("found", &error)
        }
    };
    if found.source.is_some() { found } else { found.because(error) }
}
