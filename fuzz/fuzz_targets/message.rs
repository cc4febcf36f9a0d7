//! Any bytes as a message, read by the client's codec and by the server's side.
#![no_main]

use chopmark_fuzz::mutate;
use cmp_protocol::{
    message::PkiMessage,
    server::{Incoming, Wish, information},
};
use der::Encode;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = PkiMessage::parse(bytes) else { return };
    let again = message.to_der().expect("what was decoded can be encoded");
    if again != bytes {
        // `der` sorts a SET OF while it decodes (names with several values in one RDN, attributes); then, and only
        // then, the encoding differs, in nothing but the order. Protection does not care: it is computed over the bytes
        // that came in.
        assert_eq!(sorted(&again), sorted(bytes), "the encoding differs in more than the order of a SET OF");
        assert_eq!(PkiMessage::parse(&again).as_ref(), Ok(&message), "the second decoding differs");
    }
    let _ = message.body.name();
    let _ = message.extra_certificates();
    let incoming = Incoming::parse(bytes).expect("the same bytes");
    let _ = (incoming.reference(), incoming.transaction_id());
    let _ = incoming.verify_signature();
    if let Ok(Wish::Information(asked)) = incoming.wish() {
        let _ = asked.iter().map(information::question).collect::<Result<Vec<_>, _>>();
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::message(data, 0, size, max_size, seed)
});

fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.sort_unstable();
    bytes
}
