//! Chains with ML-DSA, by webpki (from 0.103.16 on) and by our own walk, which decide the same. Their certificates were made by OpenSSL 3.6.5 (testdata/ml-dsa/README.md).

use super::{judge_key_maker, verify, verify_issuer, walk::walk};

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("../../testdata/ml-dsa/", $name, ".der")).as_slice()
    };
}

fn certificate(name: &str) -> Vec<u8> {
    let found = match name {
        "root" => data!("root"),
        "root87" => data!("root87"),
        "stranger" => data!("stranger"),
        "ca" => data!("ca"),
        "ca-past" => data!("ca-past"),
        "ca-no-sign" => data!("ca-no-sign"),
        "end" => data!("end"),
        "end-p256" => data!("end-p256"),
        "end-past" => data!("end-past"),
        "end-future" => data!("end-future"),
        "end-of-root" => data!("end-of-root"),
        "end-of-root87" => data!("end-of-root87"),
        "end-of-stranger" => data!("end-of-stranger"),
        "end-of-ca-past" => data!("end-of-ca-past"),
        "end-of-ca-no-sign" => data!("end-of-ca-no-sign"),
        "end-of-end" => data!("end-of-end"),
        other => panic!("no certificate {other}"),
    };
    found.to_vec()
}

fn all(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| certificate(name)).collect()
}

struct Row {
    end: &'static str,
    others: &'static [&'static str],
    root: &'static str,
    /// What stands between end and root, or a part of the reason.
    found: Result<&'static [&'static str], &'static str>,
}

#[test]
fn chains_with_ml_dsa() {
    let row = |end, others, root, found| Row { end, others, root, found };
    let rows = [
        row("end", &["ca"][..], "root", Ok(&["ca"][..])),
        row("end-p256", &["ca"], "root", Ok(&["ca"])),
        row("end", &["stranger", "ca-past", "ca"], "root", Ok(&["ca"])),
        row("end-of-root", &[], "root", Ok(&[])),
        row("end-of-root87", &[], "root87", Ok(&[])),
        row("end", &[], "root", Err("issuer is not known")),
        row("end", &["ca"], "root87", Err("issuer is not known")),
        // The same name, another key.
        row("end", &["ca"], "stranger", Err("signature")),
        row("end-of-stranger", &["stranger"], "root", Err("signature")),
        row("end-past", &["ca"], "root", Err("not valid now")),
        row("end-future", &["ca"], "root", Err("not valid now")),
        row("end-of-ca-past", &["ca-past"], "root", Err("not valid now")),
        row("end-of-ca-no-sign", &["ca-no-sign"], "root", Err("lacks keyCertSign")),
        row("end-of-end", &["end", "ca"], "root", Err("not the certificate of a CA")),
    ];
    for Row { end, others, root, found } in rows {
        let what = format!("{end} over {others:?} to {root}");
        let verified = verify(&certificate(end), &all(others), &all(&[root]));
        match (&verified, walk(&certificate(end), &all(others), &all(&[root])), found) {
            (Ok((between, to)), Ok(way), Ok(expected)) => {
                assert_eq!((between, to), (&all(expected), &certificate(root)), "{what}");
                assert_eq!(way, [vec![certificate(end)], all(expected), all(&[root])].concat(), "{what}");
            }
            (Err(_), Err(why), Err(reason)) => assert!(why.contains(reason), "{what}: {why}"),
            (_, walked, _) => panic!("{what}: verified {}, walked {}", verified.is_ok(), walked.is_ok()),
        }
    }
}

/// One bit of any byte of the end or of the CA between, and nothing leads to the root any more.
#[test]
fn a_changed_certificate_leads_nowhere() {
    let (end, ca, roots) = (certificate("end"), certificate("ca"), all(&["root"]));
    // Every byte of what is signed but the key, which is long, and of that and of the signature some.
    let places =
        |der: &[u8]| (0..der.len()).filter(|at| *at < 300 || at % 61 == 0 || der.len() - at < 8).collect::<Vec<_>>();
    for at in places(&end) {
        let mut changed = end.clone();
        changed[at] ^= 1;
        assert!(verify(&changed, std::slice::from_ref(&ca), &roots).is_err(), "end, byte {at}");
        assert!(walk(&changed, std::slice::from_ref(&ca), &roots).is_err(), "end, byte {at}, our own walk");
    }
    for at in places(&ca) {
        let mut changed = ca.clone();
        changed[at] ^= 1;
        assert!(verify(&end, std::slice::from_ref(&changed), &roots).is_err(), "CA, byte {at}");
        assert!(walk(&end, &[changed], &roots).is_err(), "CA, byte {at}, our own walk");
    }
}

/// The CA itself as the end, and what it may say of itself.
#[test]
fn issuers_and_signers_with_ml_dsa() {
    let roots = all(&["root"]);
    let way = verify_issuer(&certificate("ca"), &[], &roots).unwrap();
    assert_eq!(way, all(&["ca", "root"]));
    for (name, others, reason) in [
        ("end", &["ca"][..], "not the certificate of a CA"),
        ("ca-no-sign", &[], "lacks keyCertSign"),
        ("ca-past", &[], "not valid now"),
        ("stranger", &[], "signature"),
    ] {
        let why = verify_issuer(&certificate(name), &all(others), &roots).unwrap_err();
        assert!(why.contains(reason), "{name}: {why}");
    }
    for (name, reason) in [("ca", "lacks digitalSignature"), ("end", "lacks id-kp-cmKGA")] {
        let why = judge_key_maker(&certificate(name), &all(&["ca"]), &roots).unwrap_err();
        assert!(why.contains(reason), "{name}: {why}");
    }
}
