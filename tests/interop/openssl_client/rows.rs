//! What `openssl cmp` is told to do, and what must come of it.

use chopmark_tests::bench::ca::Fault;
use cmp_protocol::message::FailInfo;

use super::{Row, Uses};

/// Keys by name: in words, and as `openssl genpkey` wants them.
pub(super) const KEYS: &[(&str, &str, &[&str])] = &[
    ("ec", "EC P-256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", "EC P-384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("p521", "EC P-521", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
    ("rsa", "RSA 2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("weak", "RSA 1024", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
    ("ed25519", "Ed25519", &["-algorithm", "ED25519"]),
    ("ed448", "Ed448", &["-algorithm", "ED448"]),
    ("k256", "EC secp256k1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
];

const ALICE: &str = "CN=Alice,O=Acme";
const ISSUED: &str = "issued and confirmed";
const WRONG_CODES: &str = "unknown reference number or wrong authorization code";

/// A good ir.
pub(super) const IR: Row = Row {
    section: "4.1.1",
    operation: "ir",
    words: "",
    key: "ec",
    options: &[],
    old: None,
    saves: &[],
    invite: |_| (),
    before: |_, _| (),
    uses: Uses::Right,
    implicit: false,
    since: None,
    expected: ISSUED,
    good: true,
    says: &["sending CERTCONF", "received PKICONF"],
    silent: &["grantedWithMods"],
    books: &["confirmed"],
    revoked_for: None,
    subject: ALICE,
};
const CR: Row = Row { section: "4.1.2", operation: "cr", ..IR };
const P10CR: Row = Row { section: "4.1.4", operation: "p10cr", ..IR };
/// An ir that is refused before anything is issued.
const NO: Row = Row { good: false, says: &["rejection"], silent: &["sending CERTCONF"], books: &[], subject: "", ..IR };
/// An ir that the CA answers with an error that it cannot protect, to a client that looks at such errors.
const NOT_KNOWN: Row = Row { section: "3.6", options: &["-unprotected_errors"], ..NO };
pub(super) const POLLED: &[&str] = &["received POLLREP", "received PKICONF"];

const fn mac(words: &'static str, options: &'static [&'static str]) -> Row {
    Row { section: "4.1.5", words, options, ..IR }
}

const fn unknown_algorithm(words: &'static str, options: &'static [&'static str]) -> Row {
    let says: &[&str] = &["badAlg", "this protection is not known here"];
    Row { section: "3.2", words, options, says, expected: "refused: badAlg, unprotected", ..NO }
}

const fn refused_key(key: &'static str) -> Row {
    Row { key, says: &["badCertTemplate"], expected: "refused: badCertTemplate", ..NO }
}

const fn fault(
    section: &'static str,
    words: &'static str,
    invite: fn(&mut chopmark_tests::bench::ca::Invitation),
) -> Row {
    Row { section, words, invite, expected: "the client does not take the answer", says: &[], books: &["issued"], ..NO }
}

pub(super) const ROWS: &[Row] = &[
    // Enrolment.
    Row { ..IR },
    Row { key: "p384", ..IR },
    Row { key: "p521", ..IR },
    Row { key: "ed25519", ..IR },
    Row { key: "rsa", ..IR },
    Row { ..CR },
    Row { key: "p384", ..CR },
    Row { key: "rsa", ..CR },
    Row { ..P10CR },
    Row { key: "p384", ..P10CR },
    Row { key: "p521", ..P10CR },
    Row { key: "ed25519", ..P10CR },
    Row { key: "rsa", ..P10CR },
    Row { words: "an alternative name", options: &["-sans", "alice.example"], ..IR },
    Row { words: "out_trusted is our root", options: &["-out_trusted", "{root}"], ..IR },
    Row { section: "4.1.2", words: "out_trusted is our root", options: &["-out_trusted", "{root}"], ..CR },
    Row {
        words: "another subject is asked for",
        options: &["-subject", "/CN=Mallory"],
        says: &["grantedWithMods", "received PKICONF"],
        silent: &[],
        expected: "issued with the invitation's subject, grantedWithMods",
        ..IR
    },
    Row {
        words: "the CA alters the subject",
        invite: |invitation| invitation.alter_subject = Some("CN=Bob,O=Acme".into()),
        says: &["grantedWithMods", "received PKICONF"],
        silent: &[],
        subject: "CN=Bob,O=Acme",
        expected: "issued, grantedWithMods",
        ..IR
    },
    Row {
        words: "three transactions with codes for many",
        options: &["-repeat", "3"],
        invite: |invitation| invitation.uses = 0,
        books: &["confirmed", "confirmed", "confirmed"],
        expected: "issued and confirmed thrice",
        ..IR
    },
    // Confirmation.
    Row { words: "implicit confirmation asked for, not granted", options: &["-implicit_confirm"], ..IR },
    Row {
        words: "implicit confirmation asked for and granted",
        options: &["-implicit_confirm"],
        implicit: true,
        says: &["received IP"],
        silent: &["sending CERTCONF"],
        expected: "issued, no confirmation",
        ..IR
    },
    Row { words: "implicit confirmation would be granted, not asked for", implicit: true, ..IR },
    Row {
        section: "4.1.4",
        words: "implicit confirmation asked for and granted",
        options: &["-implicit_confirm"],
        implicit: true,
        says: &["received CP"],
        silent: &["sending CERTCONF"],
        expected: "issued, no confirmation",
        ..P10CR
    },
    Row {
        words: "the client does not confirm",
        options: &["-disable_confirm"],
        says: &["received IP"],
        silent: &["sending CERTCONF"],
        books: &["issued"],
        expected: "issued, and not confirmed in the books",
        ..IR
    },
    Row {
        words: "the client trusts another root",
        options: &["-out_trusted", "{stranger}"],
        good: false,
        says: &["failed to validate newly enrolled cert", "sending CERTCONF", "received PKICONF"],
        books: &["rejected by the client"],
        expected: "rejected by certConf, in the books too",
        ..IR
    },
    Row {
        words: "the client trusts another root",
        options: &["-out_trusted", "{stranger}"],
        good: false,
        says: &["failed to validate newly enrolled cert", "sending CERTCONF", "received PKICONF"],
        books: &["rejected by the client"],
        expected: "rejected by certConf, in the books too",
        ..CR
    },
    // Protection.
    mac("PBM with SHA-256 and HMAC-SHA1", &["-mac", "hmac-sha1"]),
    mac("PBM with SHA-256 and HMAC-SHA256", &["-mac", "hmacWithSHA256"]),
    mac("PBM with SHA-256 and HMAC-SHA384", &["-mac", "hmacWithSHA384"]),
    mac("PBM with SHA-256 and HMAC-SHA512", &["-mac", "hmacWithSHA512"]),
    mac("PBM with SHA-384 and HMAC-SHA384", &["-digest", "sha384", "-mac", "hmacWithSHA384"]),
    mac("PBM with SHA-512 and HMAC-SHA512", &["-digest", "sha512", "-mac", "hmacWithSHA512"]),
    mac("PBM and proof of possession with SHA-512, HMAC-SHA1", &["-digest", "sha512"]),
    Row {
        key: "rsa",
        ..mac("PBM and proof of possession with SHA-384, HMAC-SHA256", &["-digest", "sha384", "-mac", "hmacWithSHA256"])
    },
    unknown_algorithm("PBM with HMAC-SHA224", &["-mac", "hmacWithSHA224", "-unprotected_errors"]),
    unknown_algorithm("PBM with HMAC-MD5", &["-mac", "hmacWithMD5", "-unprotected_errors"]),
    unknown_algorithm("PBM with SHA-224", &["-digest", "sha224", "-unprotected_errors"]),
    unknown_algorithm("PBM with SHA3-256", &["-digest", "sha3-256", "-unprotected_errors"]),
    Row {
        section: "3.2",
        words: "no protection",
        options: &["-unprotected_requests", "-unprotected_errors"],
        says: &["wrongIntegrity", "messages must be protected with the two codes"],
        expected: "refused: wrongIntegrity, unprotected",
        ..NO
    },
    Row {
        section: "3.2",
        operation: "p10cr",
        words: "no protection",
        options: &["-unprotected_requests", "-unprotected_errors"],
        says: &["wrongIntegrity"],
        expected: "refused: wrongIntegrity, unprotected",
        ..NO
    },
    Row {
        section: "3.3",
        words: "a certificate that nobody needs in extraCerts",
        options: &["-extracerts", "{stranger}"],
        ..IR
    },
    // Header.
    Row { section: "3.1", words: "unknown generalInfo", options: &["-geninfo", "1.2.3.4:int:56789"], ..IR },
    Row {
        section: "3.1",
        words: "a certificate profile",
        options: &["-profile", "persons"],
        since: Some((3, 3)),
        ..IR
    },
    Row { section: "3.1", words: "another recipient", options: &["-recipient", "/CN=Somebody else"], ..IR },
    // Codes.
    Row {
        words: "wrong authorization code",
        uses: Uses::WrongCode,
        says: &["badMessageCheck", WRONG_CODES],
        expected: "refused: badMessageCheck, unprotected",
        ..NOT_KNOWN
    },
    Row {
        words: "wrong authorization code, p10cr",
        operation: "p10cr",
        uses: Uses::WrongCode,
        says: &["badMessageCheck", WRONG_CODES],
        expected: "refused: badMessageCheck, unprotected",
        ..NOT_KNOWN
    },
    Row {
        words: "unknown reference number",
        uses: Uses::UnknownReference,
        says: &["badMessageCheck", WRONG_CODES],
        expected: "refused: badMessageCheck, in the same words",
        ..NOT_KNOWN
    },
    Row {
        section: "3.6",
        words: "wrong authorization code, and the client believes only protected errors",
        uses: Uses::WrongCode,
        says: &["missing protection"],
        silent: &[],
        expected: "the client does not believe the error",
        ..NO
    },
    Row {
        section: "3.6",
        words: "the right code after five wrong ones",
        before: |desk, codes| {
            for _ in 0..5 {
                assert!(!desk.enrol(&codes.reference, "AAAA-BBBB").good);
            }
        },
        says: &["notAuthorized", "locked"],
        expected: "refused: notAuthorized",
        ..NO
    },
    Row {
        section: "3.6",
        words: "the right code after four wrong ones",
        before: |desk, codes| {
            for _ in 0..4 {
                assert!(!desk.enrol(&codes.reference, "AAAA-BBBB").good);
            }
        },
        ..IR
    },
    Row {
        section: "3.6",
        words: "used codes",
        before: |desk, codes| assert!(desk.enrol(&codes.reference, &codes.authorization_code).good),
        says: &["notAuthorized", "these codes have been used"],
        books: &["confirmed"],
        expected: "refused: notAuthorized",
        ..NO
    },
    // What the CA does not certify.
    refused_key("weak"),
    refused_key("ed448"),
    refused_key("k256"),
    Row { section: "4.1.2", operation: "cr", ..refused_key("weak") },
    Row { section: "4.1.4", operation: "p10cr", ..refused_key("weak") },
    Row { section: "4.1.4", operation: "p10cr", ..refused_key("k256") },
    Row {
        words: "the CA refuses",
        invite: |invitation| invitation.refuse = Some(FailInfo::UnacceptedPolicy),
        says: &["rejection", "unacceptedPolicy", "refused, as the invitation to the demo CA says"],
        expected: "refused: unacceptedPolicy",
        ..NO
    },
    Row {
        section: "4.1.2",
        operation: "cr",
        words: "the CA refuses",
        invite: |invitation| invitation.refuse = Some(FailInfo::BadCertTemplate),
        says: &["rejection", "badCertTemplate"],
        expected: "refused: badCertTemplate",
        ..NO
    },
    Row {
        section: "4.1.4",
        operation: "p10cr",
        words: "the CA refuses",
        invite: |invitation| invitation.refuse = Some(FailInfo::SystemUnavail),
        says: &["rejection", "systemUnavail"],
        expected: "refused: systemUnavail",
        ..NO
    },
    Row {
        section: "4.1.4",
        operation: "p10cr",
        words: "its signature is wrong",
        options: &["-csr", "{broken}"],
        says: &["badPOP"],
        expected: "refused: badPOP",
        ..NO
    },
    Row {
        words: "proof of possession: raVerified",
        options: &["-popo", "0"],
        says: &["rejection", "proof of possession"],
        expected: "refused",
        ..NO
    },
    Row {
        key: "rsa",
        words: "proof of possession: by encryption",
        options: &["-popo", "2"],
        says: &["rejection", "proof of possession"],
        expected: "refused",
        ..NO
    },
    Row {
        words: "proof of possession with SHA-1",
        options: &["-digest", "sha1"],
        says: &["badAlg", "is not known here"],
        expected: "refused: badAlg",
        ..NO
    },
    // Delay.
    Row { section: "4.4", words: "approval takes 2 s", invite: |invitation| invitation.delay = 2, says: POLLED, ..IR },
    Row { section: "4.4", words: "approval takes 2 s", invite: |invitation| invitation.delay = 2, says: POLLED, ..CR },
    Row {
        section: "4.4",
        words: "approval takes 2 s",
        invite: |invitation| invitation.delay = 2,
        says: POLLED,
        ..P10CR
    },
    Row {
        section: "4.4",
        words: "approval takes 2 s, then no",
        invite: |invitation| (invitation.delay, invitation.refuse) = (2, Some(FailInfo::BadCertTemplate)),
        says: &["received POLLREP", "rejection", "badCertTemplate"],
        expected: "refused: badCertTemplate",
        ..NO
    },
    Row {
        section: "4.4",
        words: "approval takes 2 s, then the client trusts another root",
        options: &["-out_trusted", "{stranger}"],
        invite: |invitation| invitation.delay = 2,
        good: false,
        says: &["received POLLREP", "failed to validate newly enrolled cert", "received PKICONF"],
        books: &["rejected by the client"],
        expected: "rejected by certConf, in the books too",
        ..IR
    },
    Row {
        section: "4.4",
        words: "approval takes 30 s, the client's patience ends after 2 s",
        options: &["-total_timeout", "2"],
        invite: |invitation| invitation.delay = 30,
        says: &["total timeout"],
        silent: &[],
        expected: "nothing is issued",
        ..NO
    },
    // Transfer.
    Row { section: "6.1", words: "a connection for each message", options: &["-keep_alive", "0"], ..IR },
    Row { section: "6.1", words: "one connection, required", options: &["-keep_alive", "2"], ..IR },
    Row {
        section: "6.1",
        words: "path /.well-known/cmp/p/persons/initialization",
        options: &["-path", ".well-known/cmp/p/persons/initialization"],
        ..IR
    },
    Row { section: "6.1", words: "path /pkix/", options: &["-path", "pkix/"], ..IR },
    // What a faulty CA does, on order.
    Row {
        says: &["wrong pbm value"],
        ..fault("3.2", "the answer's MAC is wrong", |it| it.fault = Some(Fault::BadMac))
    },
    Row {
        says: &["missing protection"],
        ..fault("3.2", "the answer is not protected", |it| it.fault = Some(Fault::Unprotected))
    },
    Row {
        says: &["transactionid unmatched"],
        ..fault("3.5", "the answer is to another transaction", |it| it.fault = Some(Fault::WrongTransaction))
    },
    Row {
        says: &["recipnonce unmatched"],
        ..fault("3.5", "the answer has another nonce", |it| it.fault = Some(Fault::WrongNonce))
    },
    Row {
        says: &["certificate not found"],
        ..fault("3.5", "granted, without certificate", |it| it.fault = Some(Fault::NoCertificate))
    },
    Row {
        says: &["multiple responses not supported"],
        ..fault("3.5", "two answers", |it| it.fault = Some(Fault::TwoAnswers))
    },
    Row {
        books: &["rejected by the client"],
        says: &["received PKICONF"],
        silent: &[],
        expected: "rejected by certConf, in the books too",
        ..fault("3.5", "the certificate is for another key", |it| it.fault = Some(Fault::OtherKey))
    },
    Row {
        section: "6.1",
        ..fault("6.1", "the connection ends without an answer", |it| it.fault = Some(Fault::DropAnswer))
    },
    Row {
        section: "6.1",
        says: &["sending CERTCONF"],
        silent: &[],
        books: &["confirmed"],
        ..fault("6.1", "the connection ends without an answer to certConf", |it| it.fault = Some(Fault::DropConfirm))
    },
];
