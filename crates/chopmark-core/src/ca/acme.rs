//! ACME (RFC 8555): a CA that proves domains and issues by itself.
//!
//! Orders, challenges and certificates are `instant-acme`'s, on our way out (`transport.rs`). Two things are ours, for that crate
//! has no way to do them: an account that is bound to codes is made with a key that was kept *before* it is sent (a lost
//! answer would else cost the codes, which serve once at many CAs), and the list of an account's orders, which tells after a
//! lost answer whether the order is there.
//!
//! Deliberately absent: tls-alpn-01, for it takes the web server's port away from the web server; key rollover; accounts are not
//! deactivated.

mod account_key;
mod directory;
mod problem;
mod session;
mod transport;

pub(crate) use self::{
    account_key::AccountKey,
    directory::{AcmeCa, Binding},
    session::{Authorization, Hint, RemoteOrder, Session},
};
use crate::error::{Code, Error};

const DOING: &str = "talking to the CA by ACME";
/// Largest answer read, bytes; a chain has about a hundredth of it.
const LARGEST: usize = 1024 * 1024;

/// Is it the CA's clear no to what was sent? What a CA in trouble, or somebody in between, says is none: it may have been done.
pub(crate) fn is_no(code: Code) -> bool {
    use Code::{
        AcmeAccountGone, AcmeBadRequest, AcmeCaa, AcmeConnection, AcmeDns, AcmeDomainRefused, AcmeMethodMissing,
        AcmeNeedsCodes, AcmeNotAllowed, AcmeProofWrong, AcmeRateLimited, AcmeRefused, AcmeUserAction, AlgorithmRefused,
        AlreadyRevoked,
    };
    matches!(
        code,
        AcmeAccountGone
            | AcmeBadRequest
            | AcmeCaa
            | AcmeConnection
            | AcmeDns
            | AcmeDomainRefused
            | AcmeMethodMissing
            | AcmeNeedsCodes
            | AcmeNotAllowed
            | AcmeProofWrong
            | AcmeRateLimited
            | AcmeRefused
            | AcmeUserAction
            | AlgorithmRefused
            | AlreadyRevoked
    )
}

/// What came is not as RFC 8555 has it.
fn strange(what: &str) -> Error {
    Error::new(Code::AcmeAnswer, DOING).with("what", what)
}
