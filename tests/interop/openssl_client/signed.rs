//! What somebody with a certificate may want: sign instead of using codes, renew, revoke; and questions about the CA.

use chopmark_tests::bench::ca::{Fault, Invitation};
use cmp_protocol::message::FailInfo;

use super::{
    Row, Uses,
    rows::{IR, POLLED},
};

const NEW: Option<(u32, u32)> = Some((3, 5));

/// A cr signed with an EC certificate that was issued before.
const SIGNED: Row = Row {
    section: "3.2",
    operation: "cr",
    words: "signed with a certificate of this CA",
    old: Some("ec"),
    uses: Uses::Certificate,
    key: "p384",
    books: &["confirmed", "confirmed"],
    ..IR
};
const KUR: Row = Row {
    section: "4.1.3",
    operation: "kur",
    words: "signed with the old certificate",
    says: &["received KUP", "sending CERTCONF", "received PKICONF"],
    ..SIGNED
};
const RR: Row = Row {
    section: "4.2",
    operation: "rr",
    words: "signed with the certificate",
    key: "",
    options: &["-oldcert", "{old}"],
    says: &["received RP"],
    expected: "revoked, in the books too",
    books: &["revoked"],
    subject: "",
    ..SIGNED
};
const GENM: Row = Row {
    operation: "genm",
    key: "",
    says: &["received GENP"],
    books: &[],
    subject: "",
    expected: "what the CA has",
    ..IR
};

/// Unusual, and a client may take it.
const fn odd(section: &'static str, words: &'static str, invite: fn(&mut Invitation)) -> Row {
    Row { section, words, invite, ..IR }
}

/// Revoked for this `CRLReason`.
const fn revoked(reason: u8, words: &'static str, options: &'static [&'static str]) -> Row {
    Row { words, options, revoked_for: Some(reason), ..RR }
}

/// Refused or not taken; the certificate made beforehand stays as it is.
const fn no(row: Row, words: &'static str, says: &'static [&'static str], expected: &'static str) -> Row {
    Row {
        words,
        good: false,
        says,
        silent: &[],
        expected,
        books: &["confirmed"],
        subject: "",
        revoked_for: None,
        ..row
    }
}

const fn genm(section: &'static str, operation: &'static str, options: &'static [&'static str]) -> Row {
    Row { section, words: operation, options, since: NEW, ..GENM }
}

const ISSUER_AND_SERIAL: &[&str] =
    &["-issuer", "/O=Chopmark demo, not for real use/CN=Chopmark demo CA", "-serial", "{serial}", "-revreason", "1"];
const CA_CERTS: &[&str] = &["-infotype", "caCerts", "-cacertsout", "{out/ca}"];
const ROOT_UPDATE: &[&str] = &[
    "-infotype",
    "rootCaCert",
    "-oldwithold",
    "{root}",
    "-newwithnew",
    "{out/new}",
    "-newwithold",
    "{out/link}",
    "-oldwithnew",
    "{out/back}",
];
const TEMPLATE: &[&str] = &["-infotype", "certReqTemplate", "-template", "{out/template}", "-keyspec", "{out/keys}"];
const CRL: &[&str] = &["-infotype", "crlStatusList", "-crlcert", "{old}", "-crlout", "{out/crl}"];

pub(super) const ROWS: &[Row] = &[
    SIGNED,
    Row { key: "rsa", section: "4.1.2", ..SIGNED },
    Row {
        section: "4.1.1",
        ..no(
            Row { operation: "ir", ..SIGNED },
            "signed with a certificate of this CA",
            &["notAuthorized", "the first certificate must be asked for with the two codes"],
            "refused: notAuthorized",
        )
    },
    Row { operation: "p10cr", section: "4.1.4", ..SIGNED },
    Row { old: Some("rsa"), words: "signed with an RSA certificate of this CA", ..SIGNED },
    Row { old: Some("p384"), words: "signed with a P-384 certificate of this CA", ..SIGNED },
    Row { words: "signed, ECDSA with SHA-512", options: &["-digest", "sha512"], ..SIGNED },
    Row {
        section: "3.3",
        words: "signed, the chain in extraCerts",
        options: &["-extracerts", "{intermediate}"],
        ..SIGNED
    },
    Row {
        options: &["-cert", "{stranger}", "-key", "{stranger.key}", "-unprotected_errors"],
        ..no(SIGNED, "signed with a certificate of another CA", &["rejection"], "refused")
    },
    // kur.
    KUR,
    Row { key: "rsa", old: Some("rsa"), words: "signed with the old RSA certificate", ..KUR },
    Row { key: "ec", words: "signed with the old certificate, the same key again", ..KUR },
    Row { words: "the old certificate named too", options: &["-oldcert", "{old}"], ..KUR },
    Row { words: "signed, ECDSA with SHA-384", options: &["-digest", "sha384"], ..KUR },
    Row { section: "4.4", words: "approval takes 2 s", invite: |it| it.renewal.delay = 2, says: POLLED, ..KUR },
    Row {
        words: "the CA alters the subject",
        invite: |it| it.renewal.alter_subject = Some("CN=Bob,O=Acme".into()),
        says: &["grantedWithMods", "received PKICONF"],
        silent: &[],
        subject: "CN=Bob,O=Acme",
        expected: "issued, grantedWithMods",
        ..KUR
    },
    Row {
        words: "signed with the old certificate, implicit confirmation asked for and granted",
        options: &["-implicit_confirm"],
        implicit: true,
        says: &["received KUP"],
        silent: &["sending CERTCONF"],
        expected: "issued, no confirmation",
        ..KUR
    },
    Row {
        books: &["confirmed", "rejected by the client"],
        options: &["-out_trusted", "{stranger}"],
        ..no(
            KUR,
            "the client trusts another root",
            &["received KUP", "received PKICONF"],
            "rejected by certConf, in the books too",
        )
    },
    Row {
        invite: |it| it.renewal.refuse = Some(FailInfo::UnacceptedPolicy),
        ..no(KUR, "the CA refuses", &["received KUP", "unacceptedPolicy"], "refused: unacceptedPolicy")
    },
    Row {
        key: "weak",
        ..no(KUR, "signed with the old certificate", &["received KUP", "badCertTemplate"], "refused: badCertTemplate")
    },
    Row {
        uses: Uses::Right,
        options: &["-oldcert", "{old}", "-unprotected_errors"],
        ..no(KUR, "with the codes instead of the old certificate", &["rejection"], "refused")
    },
    Row {
        options: &["-unprotected_requests", "-unprotected_errors"],
        ..no(KUR, "no protection", &["rejection"], "refused")
    },
    Row {
        section: "3.2",
        invite: |it| it.renewal.fault = Some(Fault::BadMac),
        books: &["confirmed", "issued"],
        ..no(KUR, "the signature of the answer is wrong", &["received KUP"], "the client does not take the answer")
    },
    Row {
        section: "3.5",
        invite: |it| it.renewal.fault = Some(Fault::ForeignSigner),
        books: &["confirmed", "issued"],
        ..no(KUR, "the answer is signed by another CA", &["received KUP"], "the client does not take the answer")
    },
    Row {
        section: "3.5",
        invite: |it| it.renewal.fault = Some(Fault::WrongNonce),
        books: &["confirmed", "issued"],
        ..no(KUR, "the answer has another nonce", &["recipnonce unmatched"], "the client does not take the answer")
    },
    // rr.
    revoked(0, "signed with the certificate, no reason", &["-oldcert", "{old}"]),
    revoked(1, "keyCompromise", &["-oldcert", "{old}", "-revreason", "1"]),
    revoked(3, "affiliationChanged", &["-oldcert", "{old}", "-revreason", "3"]),
    revoked(4, "superseded", &["-oldcert", "{old}", "-revreason", "4"]),
    revoked(5, "cessationOfOperation", &["-oldcert", "{old}", "-revreason", "5"]),
    Row { since: NEW, ..revoked(1, "by issuer and serial number", ISSUER_AND_SERIAL) },
    Row { uses: Uses::Right, ..revoked(4, "with the codes", &["-oldcert", "{old}", "-revreason", "4"]) },
    Row {
        section: "4.4",
        invite: |it| it.revocation.delay = 2,
        since: NEW,
        ..revoked(4, "approval takes 2 s", &["-oldcert", "{old}", "-revreason", "4"])
    },
    Row {
        invite: |it| it.revocation.refuse = Some(FailInfo::BadRequest),
        ..no(RR, "the CA refuses", &["received RP", "badRequest"], "refused: badRequest")
    },
    no(
        Row { options: &["-oldcert", "{stranger}", "-unprotected_errors"], ..RR },
        "a certificate of another CA",
        &["rejection"],
        "refused",
    ),
    Row {
        uses: Uses::WrongCode,
        options: &["-oldcert", "{old}", "-unprotected_errors"],
        ..no(RR, "with a wrong code", &["badMessageCheck"], "refused: badMessageCheck, unprotected")
    },
    // genm.
    Row { since: None, ..genm("4.3.1", "caCerts, with the codes", CA_CERTS) },
    Row {
        saves: &["ca"],
        old: Some("ec"),
        uses: Uses::Certificate,
        books: &["confirmed"],
        ..genm("4.3.1", "caCerts, signed", CA_CERTS)
    },
    Row {
        saves: &["ca"],
        section: "4.4",
        invite: |it| it.questions.delay = 2,
        ..genm("4.3.1", "caCerts, the answer takes 2 s", CA_CERTS)
    },
    Row { expected: "nothing", ..genm("4.3.2", "rootCaCert, there is no newer root", ROOT_UPDATE) },
    Row {
        implicit: true,
        saves: &["new", "link", "back"],
        ..genm("4.3.2", "rootCaCert, there is a newer root", ROOT_UPDATE)
    },
    Row { saves: &["template"], ..genm("4.3.3", "certReqTemplate", TEMPLATE) },
    Row { saves: &["crl"], old: Some("ec"), books: &["confirmed"], ..genm("4.3.4", "crlStatusList", CRL) },
    Row {
        good: false,
        says: &["badRequest", "nothing is known here of"],
        expected: "refused: badRequest",
        since: None,
        ..genm("3.5", "signKeyPairTypes", &["-infotype", "signKeyPairTypes"])
    },
    Row {
        section: "3.2",
        invite: |it| it.questions.fault = Some(Fault::BadMac),
        good: false,
        says: &["wrong pbm value"],
        expected: "the client does not take the answer",
        ..genm("4.3.1", "caCerts, the answer's MAC is wrong", CA_CERTS)
    },
    // What some CAs do.
    odd("3.1", "the answer comes from the NULL-DN", |it| it.fault = Some(Fault::NullSender)),
    odd("3.3", "the root is not in caPubs", |it| it.fault = Some(Fault::NoCaPubs)),
    odd("3.2", "the answer to a MAC is signed", |it| it.fault = Some(Fault::SignAnswer)),
    Row {
        says: &["received IP"],
        silent: &["sending CERTCONF"],
        expected: "issued, no confirmation",
        ..odd("4.1.1", "implicit confirmation is granted unasked", |it| it.fault = Some(Fault::ImplicitUnasked))
    },
    // A key made by the CA: the demo CA makes it for the codes only, for which OpenSSL has no way to open it.
    Row {
        section: "4.1.6",
        key: "",
        options: &["-centralkeygen", "-newkeyout", "{out/key}"],
        since: NEW,
        ..no(
            SIGNED,
            "the CA shall make the key",
            &["badCertTemplate", "keys are made here for the codes only"],
            "refused: badCertTemplate",
        )
    },
];
