//! Broken zones.

use chopmark_core::model::{ProofMethod, ProofState, RowKind, RowState};
use chopmark_tests::bench::domain_world::{DomainWorld, FIRST, QUIRKY, SILENT, Zone};
use futures_util::{StreamExt, stream};

use crate::bench::{Asker, seen, verdict};

/// The value of every CNAME that a CA wants here, and that of every TXT.
const TARGET: &str = "a1b2c3d4.dcv.ca.test";
const TEXT: &str = "2026112500AbCdEfGh";
/// Most cases that run at the same time.
const AT_ONCE: usize = 6;

use ProofMethod::{DnsCname as Cname, DnsTxt as Txt};
use ProofState::{NotYet, Ready, Unknown};

/// A case: `about`, the zone (its name is that of the case), what is ordered, what must come of it.
struct Case {
    name: &'static str,
    method: ProofMethod,
    /// Record on the zone's first server; `…` stands for the name and `=` for the value that the CA wants.
    first: &'static str,
    state: ProofState,
    findings: &'static [&'static str],
    /// Domain of the order in front of the zone.
    host: &'static str,
    more: fn(Zone) -> Zone,
}

fn case(
    name: &'static str,
    method: ProofMethod,
    first: &'static str,
    state: ProofState,
    findings: &'static [&'static str],
) -> Case {
    Case { name, method, first, state, findings, host: "", more: |zone| zone }
}

fn with(case: Case, more: fn(Zone) -> Zone) -> Case {
    Case { more, ..case }
}

fn at(host: &'static str, case: Case) -> Case {
    Case { host, ..case }
}

/// The second server has it, too.
fn same_on_second(zone: Zone) -> Zone {
    Zone { second: Some(zone.first.clone()), ..zone }
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    vec![
        // All is well.
        case("right-cname", Cname, "_dnsauth CNAME =.", Ready, &[]),
        case("right-txt", Txt, "_dnsauth TXT \"=\"", Ready, &[]),
        case("right-upper-case", Cname, "_dnsauth CNAME A1B2C3D4.DCV.CA.TEST.", Ready, &[]),
        case("right-among-others", Txt, "_dnsauth TXT \"v=spf1 -all\"\n_dnsauth TXT \"=\"", Ready, &[]),
        case("right-in-pieces", Txt, "_dnsauth TXT \"2026112500\" \"AbCdEfGh\"", Ready, &[]),
        case("right-behind-alias", Txt, "_dnsauth CNAME there\nthere TXT \"=\"", Ready, &[]),
        case("right-by-wildcard", Txt, "* TXT \"=\"", Ready, &[]),
        at("www.", case("right-below", Cname, "_dnsauth.www CNAME =.", Ready, &[])),
        with(case("right-on-both", Txt, "@ NS ns1\n@ NS ns2\n_dnsauth TXT \"=\"", Ready, &[]), same_on_second),
        with(case("right-and-long", Txt, "_dnsauth TXT \"=\"", Ready, &[]), |zone| {
            // Does not fit into a datagram: TCP must be asked.
            let long = (0..20).map(|n| format!("_dnsauth TXT \"{n}{}\"", "x".repeat(200))).collect::<Vec<_>>().join("\n");
            Zone { first: format!("{}\n{long}", zone.first), ..zone }
        }),
        with(case("right-and-signed", Txt, "_dnsauth TXT \"=\"", Ready, &[]),
            |zone| Zone { signed: true, anchor: Some("right"), ..zone }),
        // Not there, or something else.
        case("missing-cname", Cname, "", NotYet, &["e6101"]),
        case("missing-txt", Txt, "", NotYet, &["e6101"]),
        case("no-data", Txt, "_dnsauth MX 10 mail", NotYet, &["e6102"]),
        case("other-cname", Cname, "_dnsauth CNAME old1234.dcv.ca.test.", NotYet, &["e6103"]),
        case("other-txt", Txt, "_dnsauth TXT \"an older value\"", NotYet, &["e6103"]),
        case("txt-for-cname", Cname, "_dnsauth TXT \"=\"", NotYet, &["e6104"]),
        case("address-for-cname", Cname, "_dnsauth A 127.0.0.1", NotYet, &["e6104"]),
        case("cname-for-txt", Txt, "_dnsauth CNAME nothing.ca.test.", NotYet, &["e6104"]),
        // In the wrong place.
        case("doubled-cname", Cname, "_dnsauth.doubled-cname.test CNAME =.", NotYet, &["e6105"]),
        case("doubled-txt", Txt, "_dnsauth.doubled-txt.test TXT \"=\"", NotYet, &["e6105"]),
        case("at-the-zone", Txt, "@ TXT \"=\"", NotYet, &["e6106"]),
        case("without-underscore", Cname, "dnsauth CNAME =.", NotYet, &["e6106"]),
        case("below-www", Txt, "_dnsauth.www TXT \"=\"", NotYet, &["e6106"]),
        at("shop.", case("host-forgotten", Txt, "_dnsauth TXT \"=\"", NotYet, &["e6106"])),
        at("shop.", case("record-forgotten", Txt, "shop TXT \"=\"", NotYet, &["e6106"])),
        at("例子.", case("unicode", Txt, "_dnsauth.\\228\\190\\139\\229\\173\\144 TXT \"=\"", NotYet, &["e6116"])),
        // A wildcard answers.
        case("wildcard-txt", Txt, "* TXT \"v=spf1 -all\"", NotYet, &["e6107"]),
        case("wildcard-cname", Cname, "* CNAME parked.ca.test.", NotYet, &["e6107"]),
        case("wildcard-address", Cname, "* A 127.0.0.1", NotYet, &["e6107"]),
        // The value was changed on the way.
        case("quotes", Txt, "_dnsauth TXT \"\\\"=\\\"\"", NotYet, &["e6108"]),
        case("quotes-in-cname", Cname, "_dnsauth CNAME \\\"a1b2c3d4.dcv.ca.test\\\".", NotYet, &["e6108"]),
        case("dot-missing", Cname, "_dnsauth CNAME =", NotYet, &["e6109"]),
        case("dot-too-many", Txt, "_dnsauth TXT \"=.\"", NotYet, &["e6110"]),
        case("other-case", Txt, "_dnsauth TXT \"2026112500abcdefgh\"", NotYet, &["e6113"]),
        case("blanks", Txt, "_dnsauth TXT \" = \"", NotYet, &["e6114"]),
        case("line-break-inside", Txt, "_dnsauth TXT \"2026112500\\010AbCdEfGh\"", NotYet, &["e6114"]),
        case("cut", Txt, "_dnsauth TXT \"2026112500Ab\"", NotYet, &["e6115"]),
        // Aliases.
        case("beside-others", Cname, "@ NS quirky\n_dnsauth CNAME =.", Ready, &["w6111"]),
        case("chain", Cname, "_dnsauth CNAME step\nstep CNAME =.", NotYet, &["e6112"]),
        case("circle", Cname, "_dnsauth CNAME step\nstep CNAME _dnsauth", NotYet, &["e6117"]),
        // The zone's servers.
        with(case("half", Txt, "@ NS ns1\n@ NS ns2\n_dnsauth TXT \"=\"", NotYet, &["e6201"]),
            |zone| Zone { second: Some("@ NS ns1\n@ NS ns2".to_owned()), ..zone }),
        case("refuses", Txt, "@ NS ns1\n@ NS quirky\n_dnsauth TXT \"=\"", Ready, &["w6205"]),
        case("silent", Txt, "@ NS ns1\n@ NS silent\n_dnsauth TXT \"=\"", Ready, &["w6206"]),
        case("lame", Txt, "@ NS ns1\n@ NS ns2\n_dnsauth TXT \"=\"", Ready, &["w6209"]),
        with(case("cannot-load", Txt, "@ NS ns1\n@ NS ns2\n_dnsauth TXT \"=\"", Ready, &["w6211"]),
            |zone| Zone { second_fails: true, ..zone }),
        case("lost-server", Txt, "@ NS ns1\n@ NS ns.nowhere-at-all.test.\n_dnsauth TXT \"=\"", Ready, &["w6207"]),
        // Resolvers fail.
        with(case("resolver-fails", Txt, "_dnsauth TXT \"=\"", NotYet, &["e6203", "e6303"]),
            |zone| Zone { stub: Some(QUIRKY), ..zone }),
        with(case("ds-left-behind", Txt, "_dnsauth TXT \"=\"", NotYet, &["e6204"]),
            |zone| Zone { anchor: Some("4711 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"), ..zone }),
        with(case("wrong-key", Cname, "_dnsauth CNAME =.", NotYet, &["e6204"]), |zone| Zone {
            signed: true,
            anchor: Some("4711 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
            ..zone
        }),
        // Who may issue.
        case("caa-ours", Txt, "@ CAA 0 issue \"ca.example\"\n_dnsauth TXT \"=\"", Ready, &[]),
        case("caa-report-only", Txt, "@ CAA 0 iodef \"mailto:a@ca.test\"\n_dnsauth TXT \"=\"", Ready, &[]),
        case("caa-other", Txt, "@ CAA 0 issue \"other.example\"\n_dnsauth TXT \"=\"", NotYet, &["e6301"]),
        case("caa-nobody", Txt, "@ CAA 0 issue \";\"\n_dnsauth TXT \"=\"", NotYet, &["e6301"]),
        at("*.", case("caa-wild", Txt, "@ CAA 0 issue \"ca.example\"\n@ CAA 0 issuewild \";\"\n_dnsauth TXT \"=\"", NotYet, &["e6301"])),
        at("a.b.", case("caa-above", Txt, "@ CAA 0 issue \"other.example\"\n_dnsauth.a.b TXT \"=\"", NotYet, &["e6301"])),
        case("caa-critical", Txt, "@ CAA 128 tbs \"unknown\"\n_dnsauth TXT \"=\"", NotYet, &["e6304"]),
    ]
}

fn zone_of(case: &Case) -> Zone {
    let value = if case.method == Cname { TARGET } else { TEXT };
    (case.more)(Zone { name: format!("{}.test", case.name), first: case.first.replace('=', value), ..Zone::default() })
}

fn world() -> DomainWorld {
    let mut zones: Vec<Zone> = cases().iter().map(zone_of).collect();
    // `=` means something in these.
    for zone in &mut zones {
        zone.first = zone.first.replace(&format!("v{TEXT}spf1"), "v=spf1");
    }
    zones.push(Zone { name: "ca.test".to_owned(), first: "a1b2c3d4.dcv TXT \"ours\"".to_owned(), ..Zone::default() });
    // A subdomain with a zone of its own.
    zones.push(Zone {
        name: "parent.test".to_owned(),
        first: "dev NS ns1.dev\nns1.dev A 127.0.0.11".to_owned(),
        ..Zone::default()
    });
    zones.push(Zone {
        name: "dev.parent.test".to_owned(),
        first: format!("_dnsauth TXT \"{TEXT}\""),
        ..Zone::default()
    });
    // A CNAME (type 5) and a text at the same name: knot and unbound would not do that.
    let target: String = TARGET.split('.').map(|label| format!("{:02x}{}", label.len(), hex(label))).collect();
    let name = "_dnsauth.beside-others.test";
    let quirky = format!("dns-rr={name},5,{target}00\ntxt-record={name},other\n");
    DomainWorld::start(&zones, "", &quirky)
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_zones() {
    let world = world();
    let asker = &Asker::new(&world);
    let failed: Vec<String> = stream::iter(cases())
        .map(|case| async move {
            let zone = format!("{}.test", case.name);
            let domain = format!("{}{zone}", case.host);
            let value = if case.method == Cname { TARGET } else { TEXT };
            let name = format!("_dnsauth.{}", domain.trim_start_matches("*."));
            let check = asker.check(&domain, case.method, &name, value).await;
            let want = (case.state, case.findings.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
            let found = verdict(&check);
            (found != want).then(|| format!("{}: {found:?}, wanted {want:?}\n{}", case.name, seen(&check)))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(|failed| async { failed })
        .collect()
        .await;
    let all = cases().len();
    assert!(failed.is_empty(), "{} of {all} cases:\n{}", failed.len(), failed.join("\n"));
    println!("{all} zones");

    a_row_says_everything(asker).await;
    the_zone_cut_is_found(asker).await;
    a_domain_that_nobody_registered(asker).await;
    ca_names_not_known(&world).await;
    resolvers_that_are_silent(&world).await;
}

async fn a_row_says_everything(asker: &Asker) {
    let check = asker.check("right-txt.test", Txt, "_dnsauth", TEXT).await;
    let proof = &check.proofs[0];
    assert_eq!(proof.zone.as_deref(), Some("right-txt.test"));
    let kinds: Vec<RowKind> = proof.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [RowKind::System, RowKind::Public, RowKind::Authoritative]);
    for row in &proof.rows {
        assert_eq!((row.state, &row.found[..]), (RowState::Found, &[TEXT.to_owned()][..]));
        assert!(row.ttl.is_some_and(|ttl| ttl <= 60), "{row:?}");
        // The line for a terminal asks the same.
        let output = std::process::Command::new("sh").args(["-c", &format!("{} +short", row.command)]).output();
        let said = String::from_utf8(output.expect("dig").stdout).expect("text");
        assert_eq!(said.trim(), format!("\"{TEXT}\""), "{}", row.command);
    }
    assert_eq!((&*proof.rows[2].server, proof.rows[2].address.split(':').next()), ("ns1.right-txt.test", Some(FIRST)));

    let check = asker.check("missing-txt.test", Txt, "_dnsauth", TEXT).await;
    let server = check.proofs[0].rows.iter().find(|row| row.kind == RowKind::Authoritative).expect("a server");
    assert_eq!((server.state, server.wrong_for), (RowState::NoSuchName, Some(3)));
    assert!(check.findings[0].message.contains("1 minutes"), "{:?}", check.findings[0]);
}

async fn the_zone_cut_is_found(asker: &Asker) {
    let order = asker.add("dev.parent.test", Txt, "_dnsauth.dev.parent.test", TEXT).await;
    let split = |view: &chopmark_core::model::OrderView| (view.proofs[0].host.clone(), view.proofs[0].zone.clone());
    let before = asker.app.order_show(&order).await.expect("the order");
    assert_eq!(split(&before), ("_dnsauth.dev".to_owned(), "parent.test".to_owned()));
    assert_eq!(asker.app.order_check(&order).await.expect("a check").state, Ready);
    let after = asker.app.order_show(&order).await.expect("the order");
    assert_eq!(split(&after), ("_dnsauth".to_owned(), "dev.parent.test".to_owned()));
}

async fn a_domain_that_nobody_registered(asker: &Asker) {
    let check = asker.check("nobody-has-this.test", Txt, "_dnsauth", TEXT).await;
    assert_eq!(verdict(&check), (NotYet, vec!["e6208".to_owned()]), "{}", seen(&check));
}

/// Rules that do not know what the CA calls itself: said, but not judged.
async fn ca_names_not_known(world: &DomainWorld) {
    let asker = Asker::with_settings(&world.settings().replace("caa = ['ca.example', 'ca2.example']", ""));
    let check = asker.check("caa-other.test", Txt, "_dnsauth", TEXT).await;
    assert_eq!(verdict(&check), (Ready, vec!["n6302".to_owned()]), "{}", seen(&check));
}

async fn resolvers_that_are_silent(world: &DomainWorld) {
    let public = "public = [{";
    let silent = format!("public = [{{ name = 'Gone', address = '{SILENT}:{}' }}, {{", world.dns_port);
    let asker = Asker::with_settings(&world.settings().replace(public, &silent));
    let check = asker.check("right-txt.test", Txt, "_dnsauth", TEXT).await;
    assert_eq!(verdict(&check), (Ready, vec!["n6210".to_owned()]), "{}", seen(&check));

    // Nobody answers at all: nothing is known, and that is what is said.
    let settings = world.settings().replace("127.0.0.21", SILENT).replace("127.0.0.22", SILENT);
    let check = Asker::with_settings(&settings).check("right-txt.test", Txt, "_dnsauth", TEXT).await;
    assert_eq!(verdict(&check), (Unknown, vec!["e6212".to_owned()]), "{}", seen(&check));

    // A network that lets nobody ask but its resolver: what that one says counts.
    let port = format!("authoritative-port = {}", world.dns_port);
    let asker = Asker::with_settings(&world.settings().replace(&port, "authoritative-port = 9"));
    for (domain, state, findings) in
        [("right-txt.test", Ready, vec![]), ("other-txt.test", NotYet, vec!["e6103", "e6206"])]
    {
        let check = asker.check(domain, Txt, "_dnsauth", TEXT).await;
        let findings = findings.into_iter().map(str::to_owned).collect();
        assert_eq!(verdict(&check), (state, findings), "{}", seen(&check));
    }
}
