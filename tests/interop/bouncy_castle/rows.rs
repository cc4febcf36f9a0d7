//! What is tried, and how it must end.

use cmp_protocol::{
    Check,
    message::FailInfo,
    protection::{Hash, MacScheme},
    request::Kind,
    signature::SignatureScheme,
};

use super::{BouncyCastle, keys, questions::Question, run};
use crate::conformance::{Line, Table};

/// What our side does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    /// A certificate under the codes.
    Enrol(Kind),
    /// The same, and the certificate that came is rejected.
    Reject,
    /// The same, asking to do without confirmation.
    Implicit,
    /// The same, letting answers without recipNonce pass.
    WithoutRecipNonce,
    /// The same with a wrong code, a wrong reference.
    WrongCode,
    WrongReference,
    /// The same; every message goes out twice.
    Twice,
    /// The same, given up while the CA says wait.
    GiveUp,
    /// A new certificate, protected by the old one.
    Renew(SignatureScheme),
    /// The same after the old one was revoked.
    RenewRevoked(SignatureScheme),
    RevokeByCodes,
    RevokeBySignature(SignatureScheme),
    RevokeTwice,
    Ask(Question),
    /// The CA makes the key; for the codes, or for a certificate.
    KeyByCodes,
    KeyBySignature(SignatureScheme),
}

/// How it ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum End {
    /// Issued, confirmed, acknowledged.
    Confirmed,
    /// The same with something changed by the CA.
    Modified,
    /// Issued and not confirmed, because both sides wanted that.
    Implicit,
    /// Issued for another key, and rejected for that.
    OtherKey,
    /// Done: rejected, given up, revoked, answered.
    Done,
    /// Refused in the status of the answer.
    Refused(FailInfo),
    /// Refused in an error message.
    Error(FailInfo),
    /// The same, but nothing protects it, so that it is not believed.
    Unprotected(FailInfo),
    /// A check of the answer fails.
    Check(Check),
    /// The same for the answer to certConf.
    LateCheck(Check),
    /// BER where DER is due.
    NotDer,
    /// No message at all.
    NoMessage,
}

#[derive(Clone, Copy)]
pub(super) struct Row {
    section: &'static str,
    pub(super) act: Act,
    pub(super) key: keys::Kind,
    pub(super) mac: MacScheme,
    /// What the CA does (bouncy_castle_ca/Switches.java).
    pub(super) switches: &'static str,
    pub(super) end: End,
}

pub(super) const PBM: MacScheme = MacScheme::PasswordBased { owf: Hash::Sha256, mac: Hash::Sha256 };
const PBMAC1: MacScheme = MacScheme::Pbmac1 { prf: Hash::Sha256, mac: Hash::Sha256, key_bytes: 32 };
const MACS: [MacScheme; 4] = [
    MacScheme::PasswordBased { owf: Hash::Sha1, mac: Hash::Sha1 },
    MacScheme::PasswordBased { owf: Hash::Sha256, mac: Hash::Sha1 },
    MacScheme::PasswordBased { owf: Hash::Sha512, mac: Hash::Sha512 },
    MacScheme::Pbmac1 { prf: Hash::Sha512, mac: Hash::Sha512, key_bytes: 64 },
];

const fn row(section: &'static str, act: Act, switches: &'static str, end: End) -> Row {
    Row { section, act, key: keys::Kind::P256, mac: PBM, switches, end }
}

const fn wrong(section: &'static str, switches: &'static str, check: Check) -> Row {
    row(section, IR, switches, End::Check(check))
}

const IR: Act = Act::Enrol(Kind::Ir);
const P256: SignatureScheme = SignatureScheme::EcdsaP256Sha256;
const RSA: SignatureScheme = SignatureScheme::RsaPkcs1Sha256;

const ROWS: &[Row] = &[
    // Answers protected by a signature.
    row("3.2", IR, "sign", End::Confirmed),
    row("3.2", IR, "sign-pss", End::Confirmed),
    row("3.2", IR, "sign-ec", End::Confirmed),
    row("3.2", IR, "sign-ed25519", End::Confirmed),
    // One thing is wrong.
    wrong("3.5", "bad-mac", Check::Protection),
    wrong("3.5", "sign,bad-mac", Check::Protection),
    wrong("3.5", "sign-ec,bad-mac", Check::Protection),
    wrong("3.5", "unprotected", Check::Protected),
    wrong("3.5", "wrong-transaction", Check::TransactionId),
    wrong("3.5", "wrong-nonce", Check::RecipientNonce),
    wrong("3.5", "no-recip-nonce", Check::RecipientNonce),
    wrong("3.5", "no-sender-nonce", Check::SenderNonce),
    wrong("3.5", "stale-time", Check::MessageTime),
    wrong("3.5", "foreign-signer", Check::Signer),
    wrong("3.5", "signer-without-eku", Check::Signer),
    wrong("3.3", "missing-chain", Check::Signer),
    wrong("4.1.1", "wrong-cert-req-id", Check::CertReqId),
    wrong("4.1.1", "two-answers", Check::Content),
    wrong("4.1.1", "wrong-body", Check::BodyType),
    row("4.1.2", Act::Enrol(Kind::Cr), "wrong-body", End::Check(Check::BodyType)),
    wrong("4.1.1", "no-certificate", Check::Content),
    row("4.1.1", IR, "other-key", End::OtherKey),
    row("3.5", IR, "garbage", End::NoMessage),
    row("3.5", IR, "cut", End::NoMessage),
    row("3.5", IR, "empty", End::NoMessage),
    row("3.5", IR, "late,bad-mac", End::LateCheck(Check::Protection)),
    row("3.5", IR, "late,unprotected", End::LateCheck(Check::Protected)),
    row("3.5", IR, "late,wrong-transaction", End::LateCheck(Check::TransactionId)),
    row("3.5", IR, "late,wrong-nonce", End::LateCheck(Check::RecipientNonce)),
    row("3.5", IR, "late,stale-time", End::LateCheck(Check::MessageTime)),
    row("3.5", IR, "late,foreign-signer", End::LateCheck(Check::Signer)),
    // Ways of real CAs.
    row("3.1", IR, "null-sender", End::Confirmed),
    row("3.1", IR, "no-sender-kid", End::Confirmed),
    row("3.1", IR, "no-pvno3", End::Confirmed),
    row("3.1", Act::KeyByCodes, "no-pvno3", End::Error(FailInfo::UnsupportedVersion)),
    row("3.1", Act::WithoutRecipNonce, "no-recip-nonce", End::Confirmed),
    row("3.1", Act::WithoutRecipNonce, "wrong-nonce", End::Check(Check::RecipientNonce)),
    row("3.1", IR, "ber", End::NotDer),
    row("4.1.1", IR, "no-ca-pubs", End::Confirmed),
    row("4.1.1", IR, "cert-in-extra-only", End::Confirmed),
    row("4.1.1", IR, "several-certificates", End::Confirmed),
    row("4.1.1", IR, "granted-with-mods", End::Modified),
    row("4.1.1", IR, "issue-ed25519", End::Confirmed),
    row("4.1.1", Act::Implicit, "implicit", End::Implicit),
    row("4.1.1", Act::Implicit, "", End::Confirmed),
    row("4.1.1", IR, "implicit-unasked", End::Error(FailInfo::BadRequest)),
    row("4.1.4", Act::Enrol(Kind::P10cr), "p10-zero", End::Confirmed),
    // No.
    row("4.1.1", IR, "refuse=badCertTemplate", End::Refused(FailInfo::BadCertTemplate)),
    row("4.1.1", IR, "refuse=badPOP", End::Refused(FailInfo::BadPop)),
    row("4.1.1", IR, "sign,refuse=notAuthorized", End::Refused(FailInfo::NotAuthorized)),
    row("4.1.4", Act::Enrol(Kind::P10cr), "refuse=systemFailure", End::Refused(FailInfo::SystemFailure)),
    row("3.6", IR, "error=systemUnavail", End::Error(FailInfo::SystemUnavail)),
    row("3.6", IR, "sign,error=duplicateCertReq", End::Error(FailInfo::DuplicateCertReq)),
    row("3.6", IR, "error=badAlg,unprotected-error", End::Unprotected(FailInfo::BadAlg)),
    row("3.6", Act::WrongCode, "", End::Error(FailInfo::BadMessageCheck)),
    row("3.6", Act::WrongReference, "", End::Error(FailInfo::BadMessageCheck)),
    row("3.6", Act::WrongCode, "unprotected-error", End::Unprotected(FailInfo::BadMessageCheck)),
    row("4.1.1", Act::Reject, "", End::Done),
    row("3.6", Act::GiveUp, "poll=5", End::Done),
    row("6.1", Act::Twice, "", End::Confirmed),
    // Later.
    row("4.4", IR, "poll=2", End::Confirmed),
    row("4.4", IR, "sign,poll=1", End::Confirmed),
    row("4.4", IR, "poll=2,first-nonce", End::Confirmed),
    row("4.4", Act::Enrol(Kind::P10cr), "poll=1", End::Confirmed),
    row("4.4", IR, "poll-whole=2", End::Confirmed),
    row("4.4", Act::Enrol(Kind::P10cr), "poll-whole=1", End::Confirmed),
    row("4.4", IR, "poll-confirm=2", End::Confirmed),
    row("4.4", IR, "poll=1,poll-confirm=1,refuse=badPOP", End::Refused(FailInfo::BadPop)),
    row("4.4", Act::Renew(P256), "poll=1,poll-confirm=1", End::Confirmed),
    row("4.4", Act::RevokeByCodes, "poll-whole=2", End::Done),
    row("4.4", Act::Ask(Question::CaCerts), "poll-whole=1", End::Done),
    // Renewing.
    row("4.1.3", Act::Renew(P256), "", End::Confirmed),
    row("4.1.3", Act::Renew(P256), "sign-pss", End::Confirmed),
    row("4.1.3", Act::Renew(RSA), "sign-ec", End::Confirmed),
    row("4.1.3", Act::Renew(SignatureScheme::RsaPssSha256), "", End::Confirmed),
    row("4.1.3", Act::Renew(SignatureScheme::EcdsaP384Sha384), "", End::Confirmed),
    row("4.1.3", Act::Renew(SignatureScheme::Ed25519), "", End::Confirmed),
    row("4.1.3", Act::Renew(P256), "foreign-signer", End::Check(Check::Signer)),
    row("4.1.3", Act::Renew(P256), "bad-mac", End::Check(Check::Protection)),
    row("4.1.3", Act::Renew(P256), "wrong-body", End::Check(Check::BodyType)),
    row("4.1.3", Act::RenewRevoked(P256), "", End::Refused(FailInfo::CertRevoked)),
    // Revoking.
    row("4.2", Act::RevokeByCodes, "", End::Done),
    row("4.2", Act::RevokeBySignature(P256), "", End::Done),
    row("4.2", Act::RevokeBySignature(RSA), "sign-ec", End::Done),
    row("4.2", Act::RevokeTwice, "", End::Refused(FailInfo::CertRevoked)),
    row("4.2", Act::RevokeByCodes, "refuse=notAuthorized", End::Refused(FailInfo::NotAuthorized)),
    row("4.2", Act::RevokeByCodes, "bad-mac", End::Check(Check::Protection)),
    row("4.2", Act::RevokeBySignature(P256), "wrong-nonce", End::Check(Check::RecipientNonce)),
    // Asking.
    row("4.3.1", Act::Ask(Question::CaCerts), "", End::Done),
    row("4.3.1", Act::Ask(Question::CaCerts), "sign", End::Done),
    row("4.3.1", Act::Ask(Question::CaCerts), "refuse=badRequest", End::Error(FailInfo::BadRequest)),
    row("4.3.2", Act::Ask(Question::NewRoot), "", End::Done),
    row("4.3.2", Act::Ask(Question::NoNewRoot), "no-new-root", End::Done),
    row("4.3.3", Act::Ask(Question::Template), "", End::Done),
    row("4.3.4", Act::Ask(Question::Crl), "", End::Done),
    row("4.3.4", Act::Ask(Question::NewerCrl), "", End::Done),
    row("4.3.4", Act::Ask(Question::CurrentCrl), "", End::Done),
    // Keys made by the CA.
    row("4.1.6", Act::KeyByCodes, "", End::Confirmed),
    row("4.1.6", Act::KeyBySignature(RSA), "", End::Confirmed),
    row("4.1.6", Act::KeyBySignature(RSA), "oaep", End::Confirmed),
    row("4.1.6", Act::KeyBySignature(P256), "", End::Confirmed),
    row("4.1.6", Act::KeyByCodes, "poll=1", End::Confirmed),
    row("4.1.6", Act::KeyByCodes, "kga-without-eku", End::Check(Check::KeySigner)),
    row("4.1.6", Act::KeyByCodes, "kga-bad-signature", End::Check(Check::KeySigner)),
    row("4.1.6", Act::KeyBySignature(RSA), "other-key", End::Check(Check::KeyFits)),
    row("4.1.6", Act::KeyBySignature(P256), "bare-key", End::Confirmed),
    row("4.1.6", Act::KeyByCodes, "refuse=notAuthorized", End::Refused(FailInfo::NotAuthorized)),
];

/// Every row, and every request with every key and MAC.
fn all() -> Vec<Row> {
    let mut all = Vec::new();
    for (section, kind) in [("4.1.1", Kind::Ir), ("4.1.2", Kind::Cr), ("4.1.4", Kind::P10cr)] {
        for key in [keys::Kind::P256, keys::Kind::Rsa] {
            for mac in [PBM, PBMAC1] {
                all.push(Row { key, mac, ..row(section, Act::Enrol(kind), "", End::Confirmed) });
            }
        }
    }
    for key in [keys::Kind::P384, keys::Kind::Ed25519] {
        all.push(Row { key, ..row("4.1.1", IR, "", End::Confirmed) });
    }
    all.extend(MACS.map(|mac| Row { mac, ..row("4.1.5", IR, "", End::Confirmed) }));
    let ends = [
        ("bad-mac", End::Check(Check::Protection)),
        ("poll=1", End::Confirmed),
        ("refuse=badAlg", End::Refused(FailInfo::BadAlg)),
    ];
    all.extend(ends.map(|(switches, end)| Row { mac: PBMAC1, ..row("4.1.5", IR, switches, end) }));
    all.extend(ROWS);
    all
}

pub(super) fn rows(table: &Table, ca: &BouncyCastle) {
    let keys = run::Keys::new();
    table.rows(&all(), line, |row| run::run(ca, &keys, row));
}

fn line(row: &Row) -> Line {
    let mut options = match row.act {
        Act::Renew(scheme)
        | Act::RenewRevoked(scheme)
        | Act::RevokeBySignature(scheme)
        | Act::KeyBySignature(scheme) => format!("signed with {}", signature(scheme)),
        Act::RevokeByCodes | Act::RevokeTwice | Act::Ask(_) | Act::KeyByCodes => mac(row.mac),
        _ => format!("{}, {}", row.key.name(), mac(row.mac)),
    };
    options += match row.act {
        Act::Implicit => ", implicit confirmation asked for",
        Act::WithoutRecipNonce => ", a missing recipNonce is allowed",
        Act::WrongCode => ", with a wrong code",
        Act::WrongReference => ", with a wrong reference",
        Act::Twice => ", every message sent twice",
        Act::RenewRevoked(_) => ", the old certificate is revoked",
        Act::RevokeTwice => ", for the second time",
        _ => "",
    };
    for switch in row.switches.split(',').filter(|switch| !switch.is_empty()) {
        options += "; ";
        options += &words(switch);
    }
    Line { section: row.section, operation: operation(row.act), options, expected: expected(row) }
}

fn operation(act: Act) -> String {
    match act {
        Act::Enrol(kind) => format!("{kind:?}").to_lowercase(),
        Act::Renew(_) | Act::RenewRevoked(_) => "kur".to_owned(),
        Act::RevokeByCodes | Act::RevokeBySignature(_) | Act::RevokeTwice => "rr".to_owned(),
        Act::Ask(question) => format!("genm {}", question.name()),
        Act::KeyByCodes | Act::KeyBySignature(_) => "ir without a key".to_owned(),
        _ => "ir".to_owned(),
    }
}

fn expected(row: &Row) -> String {
    match (row.end, row.act) {
        (End::Confirmed, Act::KeyByCodes | Act::KeyBySignature(_)) => {
            "issued with a key that opens and fits, confirmed".to_owned()
        }
        (End::Confirmed, _) => "issued and confirmed".to_owned(),
        (End::Modified, _) => "issued with changes, confirmed".to_owned(),
        (End::Implicit, _) => "issued, no confirmation".to_owned(),
        (End::OtherKey, _) => "the certificate is rejected".to_owned(),
        (End::Done, Act::Reject) => "the certificate is rejected, pkiconf".to_owned(),
        (End::Done, Act::GiveUp) => "given up by an error message, pkiconf".to_owned(),
        (End::Done, Act::Ask(_)) => "answered".to_owned(),
        (End::Done, _) => "revoked".to_owned(),
        (End::Refused(reason), _) => format!("refused: {}", reason.name()),
        (End::Error(reason), _) if row.switches == "implicit-unasked" => {
            format!("issued; certConf is answered by an error: {}", reason.name())
        }
        (End::Error(reason), _) => format!("refused in an error message: {}", reason.name()),
        (End::Unprotected(_), _) => "the error is not believed".to_owned(),
        (End::Check(check), _) => format!("not believed: {check}"),
        (End::LateCheck(check), _) => format!("issued; the acknowledgement is not believed: {check}"),
        (End::NotDer, _) => "not believed: not in DER".to_owned(),
        (End::NoMessage, _) => "not believed: no message".to_owned(),
    }
}

fn mac(scheme: MacScheme) -> String {
    let hash = |hash| match hash {
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
        Hash::Sha384 => "SHA-384",
        Hash::Sha512 => "SHA-512",
    };
    match scheme {
        MacScheme::PasswordBased { owf, mac } => format!("PBM with {} and HMAC-{}", hash(owf), hash(mac)),
        MacScheme::Pbmac1 { prf, mac, .. } => format!("PBMAC1 with {} and HMAC-{}", hash(prf), hash(mac)),
    }
}

fn signature(scheme: SignatureScheme) -> &'static str {
    match scheme {
        SignatureScheme::RsaPkcs1Sha256 => "RSA PKCS #1 v1.5",
        SignatureScheme::RsaPssSha256 => "RSA-PSS",
        SignatureScheme::EcdsaP256Sha256 => "ECDSA P-256",
        SignatureScheme::EcdsaP384Sha384 => "ECDSA P-384",
        SignatureScheme::Ed25519 => "Ed25519",
        other => unreachable!("no row signs with {other:?}"),
    }
}

/// A switch of the CA, as the page says it.
fn words(switch: &str) -> String {
    let (name, value) = switch.split_once('=').unwrap_or((switch, ""));
    let words = match name {
        "sign" => "answers signed with RSA PKCS #1 v1.5",
        "sign-pss" => "answers signed with RSA-PSS",
        "sign-ec" => "answers signed with ECDSA P-256",
        "sign-ed25519" => "answers signed with Ed25519",
        "late" => "in the last answer only",
        "bad-mac" => "one bit of the protection is wrong",
        "unprotected" => "no protection",
        "wrong-transaction" => "another transactionID",
        "wrong-nonce" => "another recipNonce",
        "no-recip-nonce" => "no recipNonce",
        "no-sender-nonce" => "no senderNonce",
        "stale-time" => "messageTime of yesterday",
        "foreign-signer" => "signed by another CA of the same name",
        "signer-without-eku" => "signed by an ordinary subscriber",
        "missing-chain" => "signed, without the chain",
        "wrong-cert-req-id" => "certReqId 7",
        "two-answers" => "two answers to one request",
        "wrong-body" => "the answer to another request",
        "no-certificate" => "accepted without a certificate",
        "other-key" => "a certificate for another key",
        "garbage" => "HTML",
        "cut" => "half a message",
        "empty" => "nothing",
        "null-sender" => "sender NULL-DN",
        "no-sender-kid" => "no senderKID",
        "no-pvno3" => "pvno 3 is refused",
        "ber" => "BER with indefinite lengths",
        "no-ca-pubs" => "no caPubs",
        "cert-in-extra-only" => "the certificate in extraCerts only",
        "several-certificates" => "a second certificate beside ours",
        "granted-with-mods" => "grantedWithMods",
        "issue-ed25519" => "issued by an Ed25519 key",
        "implicit" => "granted",
        "implicit-unasked" => "implicit confirmation granted unasked",
        "p10-zero" => "certReqId 0",
        "refuse" => return format!("rejection with {value}"),
        "error" => return format!("error with {value}"),
        "unprotected-error" => "that nothing protects",
        "poll" => return format!("{value}× “ask later” for the request"),
        "poll-whole" => return format!("{value}× “ask later” for the message"),
        "poll-confirm" => return format!("{value}× “ask later” for certConf"),
        "first-nonce" => "recipNonce of the first request",
        "no-new-root" => "none is known",
        "kga-without-eku" => "the key's signer may not make keys",
        "kga-bad-signature" => "the key's signature is wrong",
        "bare-key" => "the key without its package, as OpenSSL 3.6 has it",
        "oaep" => "RSAES-OAEP",
        other => panic!("no words for {other}"),
    };
    words.to_owned()
}
