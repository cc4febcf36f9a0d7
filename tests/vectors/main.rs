//! Messages made by OpenSSL 3.0.19, 3.5.7 and 3.6.5 (origin: messages/README.md): they decode, their protection verifies,
//! they encode to the same bytes, and damaged ones are refused without a panic.

mod changes;

use std::{collections::BTreeMap, fs};

use cmp_protocol::{
    Check, Error,
    message::{Body, FailInfo, PkiMessage, Status},
    protection::{self, MacKey, Protection, SharedSecret},
    server::{Incoming, Wish},
};
use der::Encode;
use zeroize::Zeroizing;

fn messages() -> BTreeMap<String, Vec<u8>> {
    let folder = chopmark_tests::bench::programs::source("vectors/messages");
    let files = fs::read_dir(folder).expect("folder of messages");
    let found: BTreeMap<_, _> = files
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "der"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&path).expect("message")))
        .collect();
    assert!(found.len() >= 128, "only {} messages", found.len());
    found
}

fn secret(code: &str) -> SharedSecret {
    SharedSecret::new(b"7890", Zeroizing::new(code.as_bytes().to_vec()))
}

#[test]
fn every_message_decodes_and_encodes_to_the_same_bytes() {
    for (name, bytes) in messages() {
        let message = PkiMessage::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(message.to_der().unwrap(), bytes, "{name}");
    }
}

#[test]
fn every_protection_verifies_with_the_secret_of_the_readme() {
    let (mut macs, mut signatures) = (0, 0);
    for (name, bytes) in messages() {
        let message = PkiMessage::parse(&bytes).unwrap();
        // The one request that was made with a wrong secret on purpose.
        let code = if name == "ir_wrongsecret.req1" { "wrong" } else { "AuthCode-4711" };
        match protection::verify(&bytes, &message, Some(&secret(code))) {
            Ok(Protection::Mac(_)) => macs += 1,
            Ok(Protection::Signature { .. }) => signatures += 1,
            Ok(Protection::None) => assert!(name.contains("unprot"), "{name} is not protected"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(macs >= 110, "{macs} MACs");
    assert!(signatures >= 10, "{signatures} signatures");
}

#[test]
fn a_wrong_secret_never_verifies() {
    for (name, bytes) in
        messages().into_iter().filter(|(name, _)| !name.starts_with("sig_") && !name.contains("unprot"))
    {
        let message = PkiMessage::parse(&bytes).unwrap();
        let result = protection::verify(&bytes, &message, Some(&secret("AuthCode-4712")));
        assert!(matches!(result, Err(Error::Check { check: Check::Protection, .. })), "{name}: {result:?}");
    }
}

#[test]
fn no_truncation_panics() {
    for (name, bytes) in messages() {
        for end in 0..bytes.len() {
            assert!(PkiMessage::parse(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
        let longer = [bytes.as_slice(), b"\0"].concat();
        assert!(PkiMessage::parse(&longer).is_err(), "{name} with a byte after it");
    }
}

/// A key that was derived for one message is of no use for a MAC with another salt.
#[test]
fn a_derived_key_serves_its_own_parameters_only() {
    let all = messages();
    let macs: Vec<_> = ["ir.req1", "ir.rsp1", "ir_sha512.req1"]
        .map(|name| (name, &all[name], PkiMessage::parse(&all[name]).unwrap()))
        .into_iter()
        .collect();
    for (name, bytes, message) in &macs {
        let Ok(Protection::Mac(parameters)) = protection::verify(bytes, message, Some(&secret("AuthCode-4711"))) else {
            panic!("{name} has no MAC");
        };
        let key = MacKey::derive(&parameters, &secret("AuthCode-4711"));
        let wrong = MacKey::derive(&parameters, &secret("AuthCode-4712"));
        for (other, bytes, message) in &macs {
            let found = protection::verify_with_key(bytes, message, &key);
            assert_eq!(found.is_ok(), name == other, "{other} with the key of {name}: {found:?}");
            assert!(protection::verify_with_key(bytes, message, &wrong).is_err(), "{other}");
        }
    }
}

/// failInfo is bit numbers. Crates before us took them for masks and read badRequest as "badAlg, badCertId".
#[test]
fn fail_info_is_bit_numbers() {
    let reasons = |name: &str| match PkiMessage::parse(&messages()[name]).unwrap().body {
        Body::Ip(answer) => answer.response[0].status.reasons(),
        Body::Error(error) => error.status.reasons(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reasons("ir_rejected.rsp1"), [FailInfo::BadRequest]);
    assert_eq!(reasons("ir_failbits.rsp1"), [FailInfo::BadAlg, FailInfo::BadRequest, FailInfo::WrongAuthority]);
}

#[test]
fn waiting_and_granted_with_mods_are_read() {
    let all = messages();
    let status = |name: &str| match PkiMessage::parse(&all[name]).unwrap().body {
        Body::Ip(answer) | Body::Cp(answer) => answer.response[0].status.status(),
        Body::Error(error) => error.status.status(),
        other => panic!("{other:?}"),
    };
    assert_eq!(status("ir_poll.rsp1"), Status::Waiting);
    assert_eq!(status("p10cr_poll1.rsp3"), Status::Waiting);
    assert_eq!(status("ir_grantedwithmods.rsp1"), Status::GrantedWithMods);
}

/// The proof of possession of OpenSSL's requests verifies, and its rejections are understood.
#[test]
fn a_server_reads_openssls_requests() {
    let all = messages();
    for name in ["ir.req1", "cr.req1", "p10cr.req1", "v30_ir.req1", "v35_ir.req1"] {
        let Some(bytes) = all.get(name) else { panic!("no {name} among {:?}", all.keys().collect::<Vec<_>>()) };
        let incoming = Incoming::parse(bytes).unwrap();
        assert_eq!(incoming.reference(), Some(&b"7890"[..]), "{name}");
        let Wish::Certificate(wanted) = incoming.wish().unwrap() else { panic!("{name} wants no certificate") };
        assert_eq!(wanted.subject.to_string(), "CN=Alice,O=Feas,C=DE", "{name}");
    }
    let rejected = Incoming::parse(&all["ir_otherkey.req2"]).unwrap();
    assert!(matches!(rejected.wish().unwrap(), Wish::Confirm { accepted: false, .. }));
    let taken = Incoming::parse(&all["ir.req2"]).unwrap();
    assert!(matches!(taken.wish().unwrap(), Wish::Confirm { accepted: true, .. }));
}
