//! Everything that can go wrong with a driver or a token, as plain data. Advice is not given here.

use crate::wire::{PinState, Verb};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are named in the text of each variant")]
pub enum HelperError {
    /// Our own helper program is not there or cannot be started.
    #[error("the helper program {} cannot be started: {detail}", program.display())]
    HelperMissing { program: PathBuf, detail: String },
    /// Client and helper are of different builds.
    #[error("the helper program is version {theirs}, this program is version {ours}")]
    VersionMismatch { ours: String, theirs: String },
    /// The driver cannot be used at all.
    #[error("the driver cannot be loaded: {reason}{}{detail}", if detail.is_empty() { "" } else { ": " })]
    CannotLoad { reason: LoadFailure, detail: String },
    /// A PKCS#11 function failed in a way that has no variant of its own.
    #[error("{call} failed: {name} (0x{rv:x})")]
    Pkcs11 { call: String, rv: u64, name: String },
    /// Login did not succeed, or is needed first.
    #[error("PIN: {failure}; the token says: {state:?}")]
    Pin { failure: PinFailure, state: PinState },
    /// The security officer's PIN was not accepted.
    #[error("security officer's PIN: {failure}; the token says: {state:?}")]
    SoPin { failure: PinFailure, state: PinState },
    /// The token does not take this new PIN: too short, too long, too simple, or with characters it does not know.
    #[error("the token does not take the new PIN: {detail}")]
    NewPinRefused { detail: String },
    /// Another program has the token open.
    #[error("the token is in use: {detail}")]
    Busy { detail: String },
    /// The object is not there (any more).
    #[error("there is no such object on the token")]
    ObjectNotFound,
    /// The token lets only its security officer do this.
    #[error("the token wants its security officer for this ({detail})")]
    OfficerRequired { detail: String },
    /// What lies in the place of a card is not ours to overwrite.
    #[error("another certificate lies there: {label}")]
    PlaceTaken { label: String },
    /// No token matches.
    #[error("the token is not there")]
    TokenMissing,
    /// More than one token matches: "label (serial)" of each.
    #[error("more than one token matches: {}", .0.join(", "))]
    AmbiguousToken(Vec<String>),
    /// The token was never set up.
    #[error("the token is not initialised")]
    NotInitialized,
    /// The token was pulled out while in use.
    #[error("the token was removed")]
    TokenRemoved,
    /// The token or this session takes no changes.
    #[error("the token is write-protected")]
    WriteProtected,
    /// No room left.
    #[error("the token is full")]
    TokenFull,
    /// The token cannot do this kind of key or signature.
    #[error("the token does not support {what}")]
    MechanismUnsupported { what: String },
    /// The token does not take the object the way it must be.
    #[error("the token refused the object: {detail}")]
    TemplateRefused { detail: String },
    /// The token takes no keys that were made elsewhere.
    #[error("the token takes no key from elsewhere: {detail}")]
    ImportRefused { detail: String },
    /// Whoever made the key wanted it to stay.
    #[error("the key may not leave")]
    KeyStays,
    /// No private key with this id.
    #[error("there is no such key on the token")]
    KeyNotFound,
    /// No CSP or KSP of this name (and type) is installed.
    #[error("the provider is not installed")]
    ProviderMissing,
    /// The person said no in a window of the system's.
    #[error("declined in the system's window")]
    Declined,
    /// The driver crashed and took the helper with it. On Windows an exception's code stands for the signal.
    #[error("the driver crashed while {verb} (signal {})", signal_number(*signal))]
    Crashed { verb: Verb, signal: i32 },
    /// The driver ended the helper (also with code 0: it had not said goodbye).
    #[error("the driver ended its process while {verb} (exit code {code})")]
    Exited { verb: Verb, code: i32 },
    /// The driver closed the helper's channel, which was none of its business.
    #[error("the driver closed the helper's channel while {verb}")]
    ChannelClosed { verb: Verb },
    /// No answer in time; the helper was killed.
    #[error("the driver did not answer while {verb} (waited {after:?})")]
    TimedOut { verb: Verb, after: Duration },
    /// Cancelled through a [`crate::Canceller`]; the helper was killed.
    #[error("cancelled")]
    Cancelled,
    /// Client and helper do not understand each other, or are asked in the wrong order.
    #[error("helper protocol: {0}")]
    Protocol(String),
    /// A message above the limit.
    #[error("a message of {size} bytes is above the limit of {limit}")]
    TooLarge { size: u64, limit: u64 },
}

/// The number as people look it up: Windows' exceptions (negative, as an exit code) in hexadecimal.
pub fn signal_number(signal: i32) -> String {
    if signal < 0 { format!("0x{signal:08X}") } else { signal.to_string() }
}

/// Why a driver file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are named in the text of each variant")]
pub enum LoadFailure {
    /// No such file.
    #[error("the file is not there")]
    NotFound,
    /// There, but not readable for this user.
    #[error("the file cannot be read")]
    NotReadable,
    /// A library for another processor.
    #[error("the library is for {is}, this program needs {needs}")]
    WrongArchitecture { is: String, needs: String },
    /// A library of another word size: nearly always the 32-bit edition of a driver that has a 64-bit one.
    #[error("the library is for {is}, this program needs {needs}")]
    WrongBits { is: String, needs: String },
    /// Not a library of this system at all.
    #[error("the file is not a library")]
    NotALibrary,
    /// A library, but without `C_GetFunctionList`.
    #[error("the library is not a PKCS#11 module")]
    NotPkcs11,
    /// A right library the system cannot load: nearly always another library it needs is missing.
    #[error("the library, or one it needs, does not load")]
    MissingDependency,
    /// `C_Initialize` failed.
    #[error("the module does not initialise")]
    InitializeFailed,
}

/// Why a login failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinFailure {
    /// Wrong.
    #[error("incorrect")]
    Incorrect,
    /// Locked: not even the right PIN helps.
    #[error("locked")]
    Locked,
    /// Must be changed first.
    #[error("expired")]
    Expired,
    /// The token has no user PIN yet.
    #[error("not set")]
    NotSet,
    /// Too short, too long, or with characters the token does not take.
    #[error("of a length or form the token does not take")]
    Length,
    /// The call needs a login, and there was none.
    #[error("required")]
    Required,
}
