//! Every byte of every message changed to every other value: what comes of it is refused or changes nothing that matters.

use std::{
    collections::HashSet,
    fmt,
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use cmp_protocol::{
    message::{PkiMessage, ProtectedBytes},
    protection::{self, MacKey, MacProtection, Protection, SharedSecret},
};

use der::Decode;
use x509_cert::Certificate;

use super::{messages, secret};

/// One of the vectors as it was made.
struct Original {
    name: String,
    bytes: Vec<u8>,
    message: PkiMessage,
    /// What its MAC or signature covers.
    covered: Vec<u8>,
    protection: Protection,
    secret: SharedSecret,
    /// The key of a MAC with the parameters as they were.
    key: Option<MacKey>,
    /// No earlier message is protected the same way: all values of the parameters are tried.
    first_of_its_kind: bool,
    /// Contents of certificates, and of those that an earlier message has, too.
    certificates: Vec<Range<usize>>,
    repeated: Vec<Range<usize>>,
}

impl Original {
    fn new(name: String, bytes: Vec<u8>, seen: &mut Seen) -> Original {
        // The one request that was made with a wrong secret on purpose.
        let secret = secret(if name == "ir_wrongsecret.req1" { "wrong" } else { "AuthCode-4711" });
        let message = PkiMessage::parse(&bytes).expect("a vector");
        let protection = protection::verify(&bytes, &message, Some(&secret)).expect("a vector");
        let certificates = certificates_in(&bytes);
        let is_repeated = |at: &&Range<usize>| !seen.certificates.insert(bytes[(*at).clone()].to_vec());
        let repeated = certificates.iter().filter(is_repeated).cloned().collect();
        let key = match &protection {
            Protection::Mac(parameters) => Some(MacKey::derive(parameters, &secret)),
            _ => None,
        };
        let first_of_its_kind = seen.kinds.insert(kind_of(&protection, &message));
        Original {
            covered: covered(&bytes),
            name,
            bytes,
            message,
            protection,
            secret,
            key,
            first_of_its_kind,
            certificates,
            repeated,
        }
    }

    /// All values of all bytes; returns how many of the changed messages still decoded, and how many were verified.
    fn change_all(&self) -> (usize, usize) {
        let (mut decoded, mut verified) = (0, 0);
        let mut changed = self.bytes.clone();
        for at in 0..changed.len() {
            let right = changed[at];
            let repeated = self.repeated.iter().any(|range| range.contains(&at));
            for value in (0..=u8::MAX).filter(|value| *value != right) {
                let one_bit = (value ^ right).is_power_of_two();
                if repeated && !one_bit {
                    continue;
                }
                changed[at] = value;
                let Ok(message) = PkiMessage::parse(&changed) else { continue };
                let place = Place { name: &self.name, at, right, value };
                let untouched = covered(&changed) == self.covered;
                self.check_content(untouched, &message, &place);
                decoded += 1;
                if (!repeated || value ^ right == 1) && (one_bit || self.is_verified_in_full(at, &message)) {
                    self.check_protection(&changed, untouched, &message, &place);
                    verified += 1;
                }
            }
            changed[at] = right;
        }
        (decoded, verified)
    }

    /// Another header or body is seen by the protection; where the protection sees nothing, header and body are the same.
    fn check_content(&self, untouched: bool, message: &PkiMessage, place: &Place<'_>) {
        let same = message.header == self.message.header && message.body == self.message.body;
        assert!(same || !untouched, "{place}: other content, and the protection covers the same");
        assert!(same || *message != self.message, "{place}");
    }

    /// Are all values verified, and not just eight? Where the parameters of a MAC are as they were, the key is, too. A
    /// signature costs as much each time.
    fn is_verified_in_full(&self, at: usize, changed: &PkiMessage) -> bool {
        match (&self.protection, self.first_of_its_kind) {
            (Protection::None, _) => true,
            (Protection::Mac(_), first) => first || self.has_my_parameters(changed),
            (Protection::Signature { .. }, first) => first && !self.certificates.iter().any(|part| part.contains(&at)),
        }
    }

    fn has_my_parameters(&self, changed: &PkiMessage) -> bool {
        let algorithm = &changed.header.protection_alg;
        let same = || match (algorithm.as_ref().map(MacProtection::from_algorithm), &self.protection) {
            (Some(Ok(found)), Protection::Mac(mine)) => found == *mine,
            _ => false,
        };
        *algorithm == self.message.header.protection_alg || same()
    }

    fn check_protection(&self, changed: &[u8], same_content: bool, message: &PkiMessage, place: &Place<'_>) {
        let untouched = same_content && message.protection == self.message.protection;
        let found = match &self.key {
            Some(key) if self.has_my_parameters(message) => protection::verify_with_key(changed, message, key),
            _ => protection::verify(changed, message, Some(&self.secret)),
        };
        match (&self.protection, found) {
            // Not protected at all: it never counts as more than that.
            (Protection::None, found) => assert!(matches!(found, Ok(Protection::None) | Err(_)), "{place}: {found:?}"),
            (_, Err(_)) if !untouched => {}
            (_, found) if !untouched => panic!("{place}: {found:?}"),
            // Only extraCerts differ. A MAC does not see them, and they are trusted by nobody.
            (Protection::Mac(_), found) => assert_eq!(found.as_ref(), Ok(&self.protection), "{place}"),
            // A signature holds under the same first certificate; under another one the other one is named, for the
            // judge of the exchange to refuse.
            (Protection::Signature { signer, .. }, Ok(Protection::Signature { signer: found, .. })) => {
                let first = message.extra_certificates().into_iter().next();
                assert_eq!(first.as_ref(), Some(&found), "{place}");
                assert!(found == *signer || !self.bytes.windows(found.len()).any(|part| part == found), "{place}");
            }
            (Protection::Signature { signer, .. }, found) => {
                let first = message.extra_certificates().into_iter().next();
                assert!(found.is_err() && first.as_ref() != Some(signer), "{place}: {found:?}");
            }
        }
    }
}

/// What earlier messages had.
#[derive(Default)]
struct Seen {
    certificates: HashSet<Vec<u8>>,
    kinds: HashSet<String>,
}

/// Scheme and iterations of a MAC; the salt is another one each time.
fn kind_of(protection: &Protection, message: &PkiMessage) -> String {
    let algorithm = message.header.protection_alg.as_ref().map(|algorithm| algorithm.oid);
    match protection {
        Protection::Mac(parameters) => format!("{algorithm:?} {:?} {}", parameters.scheme(), parameters.iterations()),
        _ => format!("{algorithm:?}"),
    }
}

/// For the message of a failure only: written out 30 million times, it would cost more than the test.
struct Place<'a> {
    name: &'a str,
    at: usize,
    right: u8,
    value: u8,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: byte {} changed from {:#04x} to {:#04x}", self.name, self.at, self.right, self.value)
    }
}

/// Where the contents of certificates lie.
fn certificates_in(bytes: &[u8]) -> Vec<Range<usize>> {
    let end = |at: usize| match bytes[at..] {
        [0x30, 0x82, high, low, ..] => Some(at + 4 + usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    };
    (0..bytes.len())
        .filter_map(|at| end(at).map(|end| at..end))
        .filter(|range| bytes.get(range.clone()).is_some_and(|part| Certificate::from_der(part).is_ok()))
        .map(|range| range.start + 4..range.end)
        .collect()
}

fn covered(bytes: &[u8]) -> Vec<u8> {
    ProtectedBytes::of_message(bytes).and_then(ProtectedBytes::to_der).expect("what was decoded has both parts")
}

/// What is covered, exactly:
///
/// * Every byte of each of the vectors, in turn, is given each of its 255 other values, and the result is decoded: no
///   panic. Where it decodes and header or body read differently, the bytes that MAC or signature cover differ too. (That
///   a MAC or signature over other bytes does not verify is then left to the hash function.) Where header and body read
///   the same, the change was outside of the protection and the decision is the same.
/// * The protection of what decodes is verified as well, with the real iteration counts: for all 255 values where it is a
///   MAC whose parameters are as they were (its key is derived once), and for the first message of each kind of MAC and
///   signature (there outside of certificates) whatever is changed; else for the eight values that differ in a single bit.
///   It fails for every change in header, body or protection. For a change in extraCerts, a MAC still verifies, and a
///   signature verifies only if the first certificate, which it names as signer, has the key that signed.
/// * The content of a certificate is one opaque element for the decoder, and the vectors have the same few certificates
///   over and over: the first message with a certificate gets all of this inside it, later ones eight values decoded, one
///   of them verified.
///
/// What is left to eight values: salt, iterations and functions of the MACs of later messages (each of them some 500
/// rounds), and later signatures.
#[test]
fn every_changed_byte_is_refused_or_changes_nothing_that_matters() {
    let mut seen = Seen::default();
    let originals = messages().into_iter().map(|(name, bytes)| Original::new(name, bytes, &mut seen));
    let originals: Vec<Original> = originals.collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sum = (0, 0);
        while let Some(original) = originals.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (decoded, verified) = original.change_all();
            sum = (sum.0 + decoded, sum.1 + verified);
        }
        sum
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let sums: Vec<(usize, usize)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let (decoded, verified) = sums.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    // So that it does not pass because nothing was looked at.
    println!("{} messages: {decoded} changed messages decoded, {verified} verified", originals.len());
    assert!(decoded > 9_000_000 && verified > 5_000_000, "{decoded} decoded, {verified} verified");
}
