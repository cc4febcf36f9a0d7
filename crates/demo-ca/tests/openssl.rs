//! The CA as `openssl cmp` sees it: a client that shares nothing with our codec.

mod common;

use chopmark_demo_ca::{Fault, Options, issued, transactions};
use cmp_protocol::message::FailInfo;
use common::{Bench, both, openssl, read};
use zeroize::Zeroizing;

const WRONG: &str = "unknown reference number or wrong authorization code";

#[tokio::test(flavor = "multi_thread")]
async fn ir_gives_a_certificate_that_leads_to_the_root() {
    let bench = Bench::start().await;
    let codes = bench.invite(|_| ());
    // Trusting only the root, not what comes along: the answer brings the chain.
    let out_trusted = bench.ca.root().display().to_string();
    let ran = bench.enrol(both(&codes), &["-out_trusted", &out_trusted, "-sans", "alice.example"]);
    assert!(ran.good, "{}", ran.output);
    let text = bench.verified();
    for part in [
        "Subject: CN=Alice,O=Acme",
        "Issuer: CN=Chopmark demo CA,O=Chopmark demo\\, not for real use",
        "DNS:alice.example",
        "CA:FALSE",
        "Digital Signature",
        "TLS Web Client Authentication, E-mail Protection",
        "Not for real use.",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(read(&bench.file("chain.pem")).contains("BEGIN CERTIFICATE"));
    let rows = issued(&bench.dir()).expect("rows");
    assert_eq!((rows.len(), rows[0].state.as_str(), rows[0].subject.as_str()), (1, "confirmed", "CN=Alice,O=Acme"));
    assert_eq!(rows[0].serial.len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn cr_with_keys_of_other_kinds() {
    let bench = Bench::start().await;
    for options in [
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
        &["-algorithm", "ED25519"],
    ] {
        let codes = bench.invite(|_| ());
        let key = bench.key("ee.key", options);
        let ran = bench.cmp(both(&codes), &["-cmd", "cr", "-newkey", &key, "-subject", "/O=Acme/CN=Alice"]);
        assert!(ran.good, "{}", ran.output);
        assert_eq!(bench.verified().contains("Key Encipherment"), options[1] == "RSA");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p10cr_from_a_csr() {
    let bench = Bench::start().await;
    let codes = bench.invite(|_| ());
    let key = bench.key("ee.key", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let csr = bench.file("ee.csr").display().to_string();
    let arguments = [
        "req",
        "-new",
        "-key",
        &key,
        "-subj",
        "/O=Acme/CN=Alice",
        "-addext",
        "subjectAltName=DNS:a.example",
        "-out",
        &csr,
    ];
    assert!(openssl(&arguments).good);
    let ran = bench.cmp(both(&codes), &["-cmd", "p10cr", "-csr", &csr, "-newkey", &key]);
    assert!(ran.good, "{}", ran.output);
    assert!(bench.verified().contains("DNS:a.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn delay_makes_the_client_poll() {
    let bench = Bench::start().await;
    let codes = bench.invite(|invitation| invitation.delay = 2);
    let ran = bench.enrol(both(&codes), &[]);
    assert!(ran.good, "{}", ran.output);
    assert!(ran.output.contains("received polling response"), "{}", ran.output);
    bench.verified();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_the_client_waits_forgets_nothing() {
    let bench = Bench::start().await;
    let url = bench.ca.url().to_owned();
    let codes = bench.invite(|invitation| invitation.delay = 4);
    let server = bench.ca.url().strip_prefix("http://").expect("http").to_owned();
    let key = bench.key("ee.key", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let out = bench.file("out.pem").display().to_string();
    let (reference, secret) = (codes.reference.clone(), format!("pass:{}", codes.authorization_code.as_str()));
    let client = std::thread::spawn(move || {
        let arguments =
            ["cmp", "-config", "", "-cmd", "ir", "-server", &server, "-ref", &reference, "-secret", &secret];
        let more = ["-newkey", &key, "-subject", "/O=Acme/CN=Alice", "-certout", &out, "-recipient", "/CN=any"];
        // It does not take up again a connection that it kept open and lost.
        openssl(&[arguments.as_slice(), &more, &["-keep_alive", "0"]].concat())
    });
    // It asks again at once, and then waits: the restart is to fall into its waiting.
    let database = rusqlite::Connection::open(bench.dir().join("ledger.sqlite")).expect("a database");
    let answers = || database.query_row("SELECT count(*) FROM replies", [], |row| row.get::<_, i64>(0)).expect("rows");
    while answers() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let bench = bench.restart().await;
    assert_eq!(bench.ca.url(), url, "the port is taken again");
    let ran = client.join().expect("the client");
    assert!(ran.good, "{}", ran.output);
    bench.verified();
    assert_eq!(transactions(&bench.dir()).expect("rows")[0].state, "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn refuse_and_altered_subject() {
    let bench = Bench::start().await;
    let codes = bench.invite(|invitation| invitation.refuse = Some(FailInfo::UnacceptedPolicy));
    let ran = bench.enrol(both(&codes), &[]);
    assert!(!ran.good && ran.output.contains("unacceptedPolicy"), "{}", ran.output);
    assert!(issued(&bench.dir()).expect("rows").is_empty());
    let codes = bench.invite(|invitation| invitation.alter_subject = Some("CN=Bob,O=Acme".into()));
    let ran = bench.enrol(both(&codes), &[]);
    assert!(ran.good && ran.output.contains("grantedWithMods"), "{}", ran.output);
    assert!(bench.verified().contains("Subject: CN=Bob,O=Acme"));
    // Who asks for another subject gets the invitation's, and is told.
    let codes = bench.invite(|_| ());
    let ran = bench.enrol(both(&codes), &["-subject", "/CN=Mallory"]);
    assert!(ran.good && ran.output.contains("grantedWithMods"), "{}", ran.output);
    assert!(bench.verified().contains("Subject: CN=Alice,O=Acme"));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_tries_lock_the_codes() {
    let bench = Bench::start().await;
    let codes = bench.invite(|_| ());
    let unknown = bench.enrol(("00000000", "x"), &["-unprotected_errors"]);
    assert!(!unknown.good && unknown.output.contains(WRONG), "{}", unknown.output);
    for _ in 0..5 {
        let ran = bench.enrol((&codes.reference, "wrong"), &["-unprotected_errors"]);
        assert!(!ran.good && ran.output.contains(WRONG) && ran.output.contains("badMessageCheck"), "{}", ran.output);
    }
    let ran = bench.enrol(both(&codes), &[]);
    assert!(!ran.good && ran.output.contains("notAuthorized") && ran.output.contains("locked"), "{}", ran.output);
    assert!(issued(&bench.dir()).expect("rows").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_serve_once_or_as_often_as_invited() {
    let bench = Bench::start().await;
    let codes = bench.invite(|_| ());
    assert!(bench.enrol(both(&codes), &[]).good);
    let bench = bench.restart().await;
    let ran = bench.enrol(both(&codes), &[]);
    assert!(!ran.good && ran.output.contains("these codes have been used"), "{}", ran.output);
    let fixed = Some(("bench-1".to_owned(), Zeroizing::new("a code for the bench".to_owned())));
    let codes = bench.invite(|invitation| (invitation.uses, invitation.codes) = (0, fixed));
    for _ in 0..3 {
        assert!(bench.enrol(both(&codes), &[]).good);
    }
    assert_eq!(issued(&bench.dir()).expect("rows").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_other_kinds_are_refused() {
    let bench = Bench::start().await;
    for options in [
        ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
    ] {
        let codes = bench.invite(|_| ());
        let key = bench.key("weak.key", &options);
        let ran = bench.cmp(both(&codes), &["-cmd", "ir", "-newkey", &key, "-subject", "/CN=Alice"]);
        assert!(!ran.good && ran.output.contains("badCertTemplate"), "{}", ran.output);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn implicit_confirmation_only_where_it_is_granted() {
    for granted in [false, true] {
        let bench = Bench::with(Options { implicit_confirm: granted, ..Options::default() }).await;
        let codes = bench.invite(|_| ());
        let ran = bench.enrol(both(&codes), &["-implicit_confirm"]);
        assert!(ran.good, "{}", ran.output);
        assert_eq!(ran.output.contains("sending CERTCONF"), !granted, "{}", ran.output);
        assert_eq!(issued(&bench.dir()).expect("rows")[0].state, "confirmed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faults_to_order_are_noticed() {
    let bench = Bench::start().await;
    let noticed = [
        (Fault::BadMac, "wrong pbm value"),
        (Fault::Unprotected, "missing protection"),
        (Fault::WrongTransaction, "transactionid unmatched"),
        (Fault::WrongNonce, "recipnonce unmatched"),
        (Fault::NoCertificate, "certificate not found"),
        (Fault::TwoAnswers, "multiple responses not supported"),
        (Fault::OtherKey, "public key"),
        (Fault::DropAnswer, ""),
    ];
    for (fault, words) in noticed {
        let codes = bench.invite(|invitation| invitation.fault = Some(fault));
        let ran = bench.enrol(both(&codes), &[]);
        assert!(!ran.good && ran.output.to_lowercase().contains(words), "{}: {}", fault.name(), ran.output);
    }
    let states: Vec<_> = issued(&bench.dir()).expect("rows").into_iter().map(|row| row.state).collect();
    assert!(states.contains(&"rejected by the client".to_owned()), "other-key is rejected: {states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_with_its_own_signature_and_revoked() {
    let url = "http://crl.example/demo".to_owned();
    let bench = Bench::with(Options { crl_url: Some(url.clone()), ..Options::default() }).await;
    let codes = bench.invite(|_| ());
    assert!(bench.enrol(both(&codes), &["-sans", "alice.example"]).good);
    let path = |name: &str| bench.file(name).display().to_string();
    let (old, key) = (path("old.pem"), path("ee.key"));
    std::fs::copy(path("out.pem"), &old).expect("kept");
    let new_key = bench.key("new.key", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    let (root, out) = (bench.ca.root().display().to_string(), path("out.pem"));
    let server = bench.ca.url().strip_prefix("http://").expect("http");
    let signed = |more: &[&str]| {
        let all = ["cmp", "-config", "", "-server", server, "-recipient", "/CN=any", "-trusted", &root, "-cert", &old];
        openssl(&[&all[..], &["-key", &key, "-verbosity", "7"], more].concat())
    };
    let ran = signed(&["-cmd", "kur", "-newkey", &new_key, "-certout", &out]);
    assert!(ran.good, "{}", ran.output);
    let text = bench.verified();
    for part in ["Subject: CN=Alice,O=Acme", "DNS:alice.example", &url, "P-384"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let rr = ["-cmd", "rr", "-oldcert", &old, "-revreason", "4"];
    let ran = signed(&rr);
    assert!(ran.good && ran.output.contains("revocation accepted"), "{}", ran.output);
    let ran = signed(&rr);
    assert!(!ran.good && ran.output.contains("certRevoked"), "{}", ran.output);
    let ran = signed(&["-cmd", "kur", "-newkey", &new_key, "-certout", &out]);
    assert!(!ran.good && ran.output.contains("certRevoked"), "{}", ran.output);
    let states: Vec<_> = issued(&bench.dir()).expect("rows").into_iter().map(|row| row.state).collect();
    assert_eq!(states, ["revoked", "confirmed"]);
}
