//! The protection of any message: its parameters, its MAC, its signature by a certificate in extraCerts.
#![no_main]

use chopmark_fuzz::mutate;
use cmp_protocol::{
    message::PkiMessage,
    protection::{self, MacProtection, Protection, SharedSecret},
    server::Incoming,
};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use zeroize::Zeroizing;

/// More iterations are accepted, up to [`protection::ITERATIONS`], and cost up to a second: the fuzzer would find nothing
/// but that, again and again. Above this count a message is not verified here; what is computed is the same loop.
const ITERATIONS: u32 = 5_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = PkiMessage::parse(bytes) else { return };
    if let Some(algorithm) = &message.header.protection_alg
        && let Ok(mac) = MacProtection::from_algorithm(algorithm)
    {
        let again = mac.algorithm().expect("what was read can be written");
        assert_eq!(MacProtection::from_algorithm(&again).as_ref(), Ok(&mac), "written and read again");
        if mac.iterations() > ITERATIONS {
            return;
        }
    }
    // The code of the vectors, so that the fuzzer sees both outcomes.
    let right = SharedSecret::new(b"7890", Zeroizing::new(b"AuthCode-4711".to_vec()));
    let wrong = SharedSecret::new(b"7890", Zeroizing::new(b"AuthCode-4712".to_vec()));
    if let Ok(Protection::Mac(_)) = protection::verify(bytes, &message, Some(&right)) {
        assert!(protection::verify(bytes, &message, Some(&wrong)).is_err(), "the MAC fits two codes");
        assert!(protection::verify(bytes, &message, None).is_err(), "a MAC verifies without a code");
        assert!(Incoming::parse(bytes).is_ok_and(|incoming| incoming.verify(&right).is_ok()));
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::message(data, 0, size, max_size, seed)
});
