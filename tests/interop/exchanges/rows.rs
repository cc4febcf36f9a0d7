//! What is asked of the mock CA, and what must come of it.

use cmp_protocol::{
    Check,
    message::FailInfo,
    protection::{Hash, MacScheme},
    request::Kind,
};
use x509_cert::ext::pkix::CrlReason;

use super::{Ask, By, End, Header, Row};
use crate::mock_ca::CODE;

const POLLING: &[&str] = &["-poll_count", "2", "-check_after", "1"];
const SHA256: By = pbm(Hash::Sha256, Hash::Sha256);
const NEW: Option<(u32, u32)> = Some((3, 5));

const PLAIN: Header = Header { implicit_confirm: false, cert_profile: None, null_recipient: false };

const fn pbm(owf: Hash, mac: Hash) -> By {
    By::Mac(MacScheme::PasswordBased { owf, mac })
}

const IR: Row = Row {
    section: "4.1.1",
    ask: Ask::Certificate(Kind::Ir),
    key: "ec",
    by: SHA256,
    signer: None,
    server: &[],
    code: CODE,
    header: PLAIN,
    since: None,
    until: None,
    end: End::Confirmed,
};
const CR: Row = Row { section: "4.1.2", ask: Ask::Certificate(Kind::Cr), ..IR };
const P10CR: Row = Row { section: "4.1.4", ask: Ask::Certificate(Kind::P10cr), ..IR };
const KUR: Row = Row { section: "4.1.3", ask: Ask::Certificate(Kind::Kur), ..signed("ec") };
const RR: Row =
    Row { section: "4.2", ask: Ask::Revocation(CrlReason::KeyCompromise), end: End::Revoked, ..signed("ec") };

/// ir with this key, signed with it, to a CA that signs with RSA.
const fn signed(key: &'static str) -> Row {
    Row { section: "3.2", key, by: By::Key(key), signer: Some("rsa"), ..IR }
}

const fn mac(by: By) -> Row {
    Row { section: "4.1.5", by, ..IR }
}

const fn polled(row: Row) -> Row {
    Row { section: "4.4", server: POLLING, ..row }
}

const fn told(row: Row, server: &'static [&'static str], end: End) -> Row {
    Row { server, end, ..row }
}

const fn genm(section: &'static str, ask: Ask, server: &'static [&'static str], end: End) -> Row {
    Row { section, ask, server, end, ..IR }
}

const ROOT_UPDATE: &[&str] = &[
    "-rsp_newwithnew",
    "{new-ca.crt}",
    "-rsp_newwithold",
    "{new-with-old.crt}",
    "-rsp_oldwithnew",
    "{old-with-new.crt}",
];

pub(super) const ROWS: &[Row] = &[
    // Every kind of request with every kind of key.
    Row { ..IR },
    Row { key: "p384", ..IR },
    Row { key: "p521", ..IR },
    Row { key: "rsa", ..IR },
    Row { key: "pss", ..IR },
    Row { key: "ed25519", ..IR },
    Row { key: "ml-dsa-65", since: NEW, ..IR },
    Row { ..CR },
    Row { key: "rsa", ..CR },
    Row { ..P10CR },
    Row { key: "p384", ..P10CR },
    Row { key: "p521", ..P10CR },
    Row { key: "rsa", ..P10CR },
    Row { key: "pss", ..P10CR },
    Row { key: "ed25519", ..P10CR },
    Row { key: "ml-dsa-65", since: NEW, ..P10CR },
    // MACs.
    mac(pbm(Hash::Sha1, Hash::Sha1)),
    mac(pbm(Hash::Sha256, Hash::Sha1)),
    mac(pbm(Hash::Sha384, Hash::Sha384)),
    mac(pbm(Hash::Sha512, Hash::Sha512)),
    mac(pbm(Hash::Sha256, Hash::Sha512)),
    Row { key: "rsa", by: pbm(Hash::Sha1, Hash::Sha1), section: "4.1.5", ..P10CR },
    Row {
        by: By::Mac(MacScheme::Pbmac1 { prf: Hash::Sha256, mac: Hash::Sha256, key_bytes: 32 }),
        end: End::Error,
        section: "4.1.5",
        ..IR
    },
    // Signatures, ours and theirs.
    signed("ec"),
    signed("p384"),
    signed("p521"),
    signed("rsa"),
    signed("pss"),
    signed("ed25519"),
    Row { signer: Some("ec"), ..signed("ec") },
    Row { signer: Some("p384"), ..signed("ec") },
    Row { signer: Some("p521"), ..signed("ec") },
    Row { signer: Some("pss"), since: NEW, ..signed("ec") },
    Row { signer: Some("ed25519"), since: NEW, ..signed("ec") },
    Row { since: NEW, ..signed("ml-dsa-44") },
    Row { since: NEW, ..signed("ml-dsa-65") },
    Row { since: NEW, ..signed("ml-dsa-87") },
    Row { signer: Some("ml-dsa-65"), since: NEW, ..signed("ec") },
    Row { signer: Some("ml-dsa-65"), since: NEW, ..signed("ml-dsa-65") },
    Row { section: "4.1.2", ask: Ask::Certificate(Kind::Cr), ..signed("ec") },
    Row { section: "4.1.4", ask: Ask::Certificate(Kind::P10cr), ..signed("ec") },
    Row { section: "4.1.2", ask: Ask::Certificate(Kind::Cr), ..signed("rsa") },
    // Chains.
    Row { section: "3.3", by: By::Below { chain: true }, ..signed("ec") },
    Row { section: "3.3", by: By::Below { chain: false }, end: End::Error, ..signed("ec") },
    Row { section: "3.3", signer: Some("chained-ec"), server: &["-srv_untrusted", "{sub-ca.crt}"], ..signed("ec") },
    Row { section: "3.3", signer: Some("chained-ec"), end: End::Fails(Check::Signer), ..signed("ec") },
    Row { section: "3.5", by: By::Stranger, end: End::Error, ..signed("ec") },
    // Headers.
    Row { section: "3.1", header: Header { cert_profile: Some("persons"), ..PLAIN }, ..IR },
    Row { section: "3.1", header: Header { cert_profile: Some("persons"), ..PLAIN }, ..P10CR },
    Row { section: "3.1", header: Header { null_recipient: true, ..PLAIN }, ..IR },
    Row { section: "3.1", header: Header { null_recipient: true, ..PLAIN }, ..KUR },
    // The codes asked, a signature answers.
    Row { section: "4.1.5", signer: Some("ec"), server: &["-accept_unprotected"], ..IR },
    Row { section: "4.1.5", signer: Some("rsa"), server: &["-accept_unprotected"], ..P10CR },
    Row {
        section: "3.5",
        signer: Some("stranger"),
        server: &["-accept_unprotected"],
        end: End::Fails(Check::Signer),
        ..IR
    },
    Row { section: "3.5", signer: Some("stranger"), end: End::Fails(Check::Signer), ..signed("ec") },
    // kur.
    Row { ..KUR },
    Row { key: "rsa", by: By::Key("rsa"), ..KUR },
    Row { key: "p384", by: By::Key("p384"), signer: Some("ec"), ..KUR },
    told(KUR, &["-grant_implicitconf"], End::Implicit),
    told(KUR, &["-pkistatus", "2", "-failure", "19"], End::Refused(&[FailInfo::BadCertTemplate])),
    told(KUR, &[], End::Rejected),
    Row { ask: Ask::RenewAnother, end: End::Error, since: NEW, ..KUR },
    // rr.
    Row { ..RR },
    Row { ask: Ask::Revocation(CrlReason::Superseded), ..RR },
    Row { ask: Ask::Revocation(CrlReason::CessationOfOperation), by: SHA256, signer: None, ..RR },
    Row { key: "rsa", by: By::Key("rsa"), ..RR },
    Row { ask: Ask::RevocationOfAnother, end: End::Error, ..RR },
    told(RR, &["-pkistatus", "2", "-failure", "10"], End::Refused(&[FailInfo::CertRevoked])),
    told(RR, &["-send_error"], End::Error),
    // genm.
    Row { since: NEW, ..genm("4.3.1", Ask::CaCertificates, &[], End::Answered) },
    Row { until: NEW, ..genm("4.3.1", Ask::CaCertificates, &[], End::Nothing) },
    Row { since: NEW, by: By::Key("ec"), signer: Some("ec"), ..genm("4.3.1", Ask::CaCertificates, &[], End::Answered) },
    Row { since: NEW, ..genm("4.3.2", Ask::RootUpdate, ROOT_UPDATE, End::Answered) },
    Row {
        since: NEW,
        by: By::Key("ec"),
        signer: Some("ec"),
        ..genm("4.3.2", Ask::RootUpdate, ROOT_UPDATE, End::Answered)
    },
    Row { until: NEW, ..genm("4.3.2", Ask::RootUpdate, &[], End::Nothing) },
    Row { since: NEW, ..genm("4.3.3", Ask::Template, &[], End::Answered) },
    Row { until: NEW, ..genm("4.3.3", Ask::Template, &[], End::Nothing) },
    Row { since: NEW, ..genm("4.3.4", Ask::Crl, &["-rsp_crl", "{ca.crl}"], End::Answered) },
    genm("4.3.4", Ask::Crl, &[], End::Nothing),
    genm("3.5", Ask::Unknown, &[], End::Nothing),
    genm("3.6", Ask::CaCertificates, &["-send_error"], End::Error),
    // Central key generation: to an RSA key, to an EC key, and not at all under the codes.
    Row { section: "4.1.6", ask: Ask::KeyByCa, since: NEW, server: &["-rsp_key", "{rsa.key}"], ..signed("rsa") },
    Row { section: "4.1.6", ask: Ask::KeyByCa, since: NEW, server: &["-rsp_key", "{ec.key}"], ..signed("ec") },
    Row { section: "4.1.6", ask: Ask::KeyByCa, since: NEW, end: End::Error, server: &["-rsp_key", "{ec.key}"], ..IR },
    // Delay.
    polled(IR),
    Row { key: "rsa", by: pbm(Hash::Sha512, Hash::Sha512), ..polled(CR) },
    polled(P10CR),
    polled(KUR),
    polled(signed("ec")),
    Row { since: NEW, ..polled(RR) },
    Row { since: NEW, ..polled(genm("4.3.1", Ask::CaCertificates, &[], End::Answered)) },
    Row { end: End::Rejected, ..polled(IR) },
    Row { end: End::GivenUp, ..polled(IR) },
    Row { end: End::GivenUp, ..polled(KUR) },
    // Confirmation.
    told(IR, &["-grant_implicitconf"], End::Implicit),
    told(P10CR, &["-grant_implicitconf"], End::Implicit),
    told(CR, &["-grant_implicitconf"], End::Implicit),
    told(IR, &[], End::Rejected),
    told(P10CR, &[], End::Rejected),
    told(signed("rsa"), &[], End::Rejected),
    told(IR, &["-pkistatus", "1"], End::Modified),
    told(CR, &["-pkistatus", "1", "-statusstring", "shorter than asked"], End::Modified),
    // No.
    told(IR, &["-pkistatus", "2", "-failure", "2"], End::Refused(&[FailInfo::BadRequest])),
    told(IR, &["-pkistatus", "2", "-failure", "19"], End::Refused(&[FailInfo::BadCertTemplate])),
    told(IR, &["-pkistatus", "2", "-failure", "23"], End::Refused(&[FailInfo::NotAuthorized])),
    told(CR, &["-pkistatus", "2", "-failure", "24"], End::Refused(&[FailInfo::SystemUnavail])),
    told(P10CR, &["-pkistatus", "2", "-failure", "9"], End::Refused(&[FailInfo::BadPop])),
    told(
        IR,
        &["-pkistatus", "2", "-failurebits", "69"],
        End::Refused(&[FailInfo::BadAlg, FailInfo::BadRequest, FailInfo::WrongAuthority]),
    ),
    told(signed("ec"), &["-pkistatus", "2", "-failure", "15"], End::Refused(&[FailInfo::UnacceptedPolicy])),
    Row { section: "3.6", ..told(IR, &["-send_error"], End::Error) },
    Row { section: "3.6", ..told(P10CR, &["-send_error"], End::Error) },
    Row { section: "3.6", ..told(signed("ec"), &["-send_error"], End::Error) },
    Row { section: "3.6", ..told(IR, &["-send_error", "-send_unprot_err"], End::Unprotected) },
    Row { section: "3.6", ..told(signed("ec"), &["-send_error", "-send_unprot_err"], End::Unprotected) },
    Row { section: "3.6", code: "AuthCode-4712", end: End::Unverifiable, ..IR },
    Row { section: "3.6", code: "AuthCode-4712", end: End::Unverifiable, ..P10CR },
    Row { section: "3.2", code: "AuthCode-4712", ..told(IR, &["-accept_unprotected"], End::Fails(Check::Protection)) },
    Row { section: "3.2", ..told(IR, &["-send_unprotected"], End::Fails(Check::Protected)) },
    Row { section: "3.2", ..told(KUR, &["-send_unprotected"], End::Fails(Check::Protected)) },
    Row { section: "3.2", ..told(RR, &["-send_unprotected"], End::Fails(Check::Protected)) },
];
