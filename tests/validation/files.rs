//! Web servers that show the file otherwise than the CA wants it.

use chopmark_core::{
    app::FileTarget,
    model::{DiffKind, NewOrder, Proof, ProofMethod, ProofState, RowKind, RowState},
};
use chopmark_tests::bench::{
    domain_world::{DomainWorld, NOBODY, WEB, WEB_GARBLED, WEB_SILENT, Zone},
    programs,
};
use futures_util::{StreamExt, stream};

use crate::bench::{Asker, seen, verdict};

const NAME: &str = "A1B2c3D4.txt";
const CONTENT: &str = "202611250000AbCdEfGhIjKlMnOp";
const BYTES: &[u8] = CONTENT.as_bytes();
const FOLDER: &str = ".well-known/pki-validation";
/// Most cases that run at the same time.
const AT_ONCE: usize = 6;

use ProofState::{NotYet, Ready};

/// A case: the domain is `NAME.web.test`.
struct Case {
    name: &'static str,
    /// Addresses of the domain: `4` the web server, `6` the same, or addresses as they are.
    addresses: &'static str,
    /// Inside of nginx's server block; `=`: the file as it should be, in a folder of the case's name.
    site: &'static str,
    /// Content of the file that lies in the folder, by its path there.
    files: &'static [(&'static str, &'static [u8])],
    state: ProofState,
    findings: &'static [&'static str],
}

const BOTH: &str = "HTTP; HTTPS; =";
const PLAIN: &str = "HTTP; =";
const RIGHT: &[(&str, &[u8])] = &[(".well-known/pki-validation/A1B2c3D4.txt", BYTES)];

fn case(
    name: &'static str,
    addresses: &'static str,
    site: &'static str,
    files: &'static [(&'static str, &'static [u8])],
    state: ProofState,
    findings: &'static [&'static str],
) -> Case {
    Case { name, addresses, site, files, state, findings }
}

/// The file, with this in it.
macro_rules! file {
    ($content:expr) => {
        &[(".well-known/pki-validation/A1B2c3D4.txt", $content)]
    };
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    vec![
        // All is well; the certificate is from nobody, which is told and does not matter.
        case("right", "4", BOTH, RIGHT, Ready, &["n6421"]),
        case("right-on-both", "4 6", BOTH, RIGHT, Ready, &["n6421"]),
        case("http-enough", "4", "HTTP; = } server { HTTPS; server_name http-enough.web.test; return 404;", RIGHT, Ready, &["n6405", "n6421"]),
        case("https-enough", "4", "HTTPS; = } server { HTTP; server_name https-enough.web.test; return 301 https://$host$request_uri;", RIGHT, Ready, &["n6404", "n6421"]),
        case("no-tls", "4", "HTTP; = } server { HTTPS; server_name no-tls.web.test; ssl_reject_handshake on;", RIGHT, Ready, &["n6422"]),
        // Redirects.
        case("to-www", "4", "HTTP; HTTPS; return 301 https://www.elsewhere.test$request_uri;", &[], NotYet, &["e6404", "w6421"]),
        case("to-sign-in", "4", "HTTP; HTTPS; return 302 /login;", &[], NotYet, &["e6404", "w6421"]),
        case("to-the-slash", "4", "HTTP; HTTPS; rewrite ^(.*[^/])$ $1/ permanent;", &[], NotYet, &["e6404", "w6421"]),
        // Status.
        case("missing", "4", BOTH, &[], NotYet, &["e6405", "w6421"]),
        case("gone", "4", "HTTP; HTTPS; return 410;", &[], NotYet, &["e6405", "w6421"]),
        case("forbidden", "4", "HTTP; HTTPS; location ~ /\\. { deny all; }", RIGHT, NotYet, &["e6406", "w6421"]),
        case("password", "4", "HTTP; HTTPS; return 401;", &[], NotYet, &["e6406", "w6421"]),
        case("broken", "4", "HTTP; HTTPS; return 500;", &[], NotYet, &["e6407", "w6421"]),
        case("upstream-gone", "4", "HTTP; HTTPS; location / { proxy_pass http://127.0.0.32:9; }", &[], NotYet, &["e6407", "w6421"]),
        case("challenge", "4", "HTTP; HTTPS; return 503 'are you a robot';", &[], NotYet, &["e6407", "w6421"]),
        case("no-content", "4", "HTTP; HTTPS; return 204;", &[], NotYet, &["e6407", "w6421"]),
        // Content.
        case("line-end", "4", BOTH, file!(b"202611250000AbCdEfGhIjKlMnOp\n"), NotYet, &["e6408", "w6421"]),
        // The other scheme is no help: what is nearly right is what is told.
        case("line-end-http", "4", PLAIN, file!(b"202611250000AbCdEfGhIjKlMnOp\n"), NotYet, &["e6408", "n6405", "n6421"]),
        case("line-ends", "4", BOTH, file!(b"202611250000AbCdEfGhIjKlMnOp\r\n\r\n"), NotYet, &["e6408", "w6421"]),
        case("mark", "4", BOTH, file!(b"\xef\xbb\xbf202611250000AbCdEfGhIjKlMnOp"), NotYet, &["e6409", "w6421"]),
        case("page", "4", BOTH, file!(b"<html><body>202611250000AbCdEfGhIjKlMnOp</body></html>"), NotYet, &["e6410", "w6421"]),
        case("utf-16", "4", BOTH, file!(b"\xff\xfe2\x000\x002\x006\x001\x001\x002\x005\x000\x000\x000\x000\x00A\x00b\x00C\x00d\x00E\x00f\x00G\x00h\x00I\x00j\x00K\x00l\x00M\x00n\x00O\x00p\x00"), NotYet, &["e6411", "w6421"]),
        case("compressed", "4", "HTTP; HTTPS; = add_header Content-Encoding gzip;", file!(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"), NotYet, &["e6412", "w6421"]),
        case("compressed-unsaid", "4", BOTH, file!(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"), NotYet, &["e6412", "w6421"]),
        case("other-case", "4", BOTH, file!(b"202611250000ABCDEFGHIJKLMNOP"), NotYet, &["e6413", "w6421"]),
        case("blanks", "4", BOTH, file!(b" 202611250000AbCdEfGhIjKlMnOp "), NotYet, &["e6414", "w6421"]),
        case("quotes", "4", BOTH, file!(b"\"202611250000AbCdEfGhIjKlMnOp\""), NotYet, &["e6427", "w6421"]),
        case("cut", "4", BOTH, file!(b"202611250000AbCdEf"), NotYet, &["e6428", "w6421"]),
        case("older", "4", BOTH, file!(b"202501010000ZyXwVu"), NotYet, &["e6415", "w6421"]),
        case("empty", "4", BOTH, file!(b""), NotYet, &["e6416", "w6421"]),
        case("huge", "4", BOTH, file!(&[b'x'; 200_000]), NotYet, &["e6417", "w6421"]),
        // Place.
        case("name-lower", "4", BOTH, &[(".well-known/pki-validation/a1b2c3d4.txt", BYTES)], NotYet, &["e6418", "w6421"]),
        case("ending-upper", "4", BOTH, &[(".well-known/pki-validation/A1B2c3D4.TXT", BYTES)], NotYet, &["e6418", "w6421"]),
        case("txt-txt", "4", BOTH, &[(".well-known/pki-validation/A1B2c3D4.txt.txt", BYTES)], NotYet, &["e6419", "w6421"]),
        case("no-ending", "4", BOTH, &[(".well-known/pki-validation/A1B2c3D4", BYTES)], NotYet, &["e6419", "w6421"]),
        case("at-the-root", "4", BOTH, &[("A1B2c3D4.txt", BYTES)], NotYet, &["e6419", "w6421"]),
        case("folder-twice", "4", BOTH, &[(".well-known/pki-validation/.well-known/pki-validation/A1B2c3D4.txt", BYTES)], NotYet, &["e6419", "w6421"]),
        case("without-the-dot", "4", BOTH, &[("well-known/pki-validation/A1B2c3D4.txt", BYTES)], NotYet, &["e6419", "w6421"]),
        case("catch-all", "4", "HTTP; HTTPS; = try_files $uri /index.html;", &[("index.html", b"<!doctype html><title>Shop</title>")], NotYet, &["e6420", "w6421"]),
        // The server itself.
        case("no-address", "", "", &[], NotYet, &["e6401"]),
        case("nobody", NOBODY, "", &[], NotYet, &["e6402"]),
        case("silent", WEB_SILENT, "", &[], NotYet, &["e6402", "e6403"]),
        case("mail-server", WEB_GARBLED, "", &[], NotYet, &["e6422", "e6423"]),
        case("other-site", "4", "", &[], NotYet, &["e6405", "w6421"]),
        // IPv4 and IPv6 apart.
        case("six-is-old", "4 6", "HTTP4; = } server { HTTP6; server_name six-is-old.web.test; return 404;", RIGHT, NotYet, &["e6405", "e6424", "n6405", "n6421"]),
        case("six-is-dead", "4 100::1", PLAIN, RIGHT, Ready, &["n6402", "n6405", "n6421", "w6424"]),
    ]
}

fn world() -> DomainWorld {
    let mut zone = Zone { name: "web.test".to_owned(), ..Zone::default() };
    let mut sites = String::new();
    for case in cases() {
        for address in case.addresses.split_whitespace() {
            let record = match address {
                "4" => format!("A {WEB}"),
                "6" => "AAAA ::1".to_owned(),
                six if six.contains(':') => format!("AAAA {six}"),
                four => format!("A {four}"),
            };
            zone.first += &format!("{} {record}\n", case.name);
        }
        if !case.site.is_empty() {
            let site = case.site.replace('=', &format!("root ROOT/{};", case.name));
            sites += &format!("server {{ server_name {}.web.test; {site} }}\n", case.name);
        }
    }
    // A name that can be registered, with and without www.
    let pair =
        |name: &str| Zone { name: format!("{name}.test"), first: format!("@ A {WEB}\nwww A {WEB}"), ..Zone::default() };
    sites += "server { server_name apex-only.test; HTTP; root ROOT/right; }\n";
    sites += "server { server_name www.www-only.test; HTTP; root ROOT/right; }\n";
    sites += "server { server_name www.both.test both.test; HTTP; root ROOT/right; }\n";
    let world = DomainWorld::start(&[zone, pair("apex-only"), pair("www-only"), pair("both")], &sites, "");
    for case in cases() {
        for (path, content) in case.files {
            world.write(&format!("{}/{path}", case.name), content);
        }
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn misconfigured_web_servers() {
    let world = world();
    let asker = &Asker::new(&world);
    let failed: Vec<String> = stream::iter(cases())
        .map(|case| async move {
            let check = asker.check(&format!("{}.web.test", case.name), ProofMethod::File, NAME, CONTENT).await;
            let mut findings: Vec<String> = case.findings.iter().map(|one| (*one).to_owned()).collect();
            findings.sort();
            let want = (case.state, findings);
            let found = verdict(&check);
            (found != want).then(|| format!("{}: {found:?}, wanted {want:?}\n{}", case.name, seen(&check)))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(|failed| async { failed })
        .collect()
        .await;
    let all = cases().len();
    assert!(failed.is_empty(), "{} of {all} cases:\n{}", failed.len(), failed.join("\n"));
    println!("{all} web servers");

    rows_say_everything(asker).await;
    www_and_apex(asker).await;
    redirects_where_they_are_allowed(asker).await;
    addresses_inside(&world).await;
    what_is_written_is_right(&world, asker).await;
}

async fn rows_say_everything(asker: &Asker) {
    let check = asker.check("line-end.web.test", ProofMethod::File, NAME, CONTENT).await;
    let row = check.proofs[0].rows.iter().find(|row| row.server.starts_with("http:")).expect("a row");
    assert_eq!((row.kind, row.state, row.status), (RowKind::Web, RowState::OtherContent, Some(200)));
    let diff: Vec<(DiffKind, &str)> = row.diff.iter().map(|line| (line.kind, &*line.text)).collect();
    let with_end = format!("{CONTENT}␊");
    assert_eq!(diff, [(DiffKind::Wanted, CONTENT), (DiffKind::Found, &with_end)]);
    // The line for a terminal gets the same.
    let said = programs::run(std::process::Command::new("sh").args(["-c", &format!("{} --silent", row.command)]));
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with(&format!("{CONTENT}\n")), "{said}");

    let check = asker.check("to-www.web.test", ProofMethod::File, NAME, CONTENT).await;
    let row = &check.proofs[0].rows[0];
    let target = format!("https://www.elsewhere.test/{FOLDER}/{NAME}");
    assert_eq!((row.state, row.location.as_deref()), (RowState::Redirects, Some(&*target)));
    assert_eq!(row.certificate.as_deref(), Some("issuer"));

    let check = asker.check("right-on-both.web.test", ProofMethod::File, NAME, CONTENT).await;
    assert_eq!(check.proofs[0].rows.len(), 4, "two schemes, two kinds of addresses");
}

async fn www_and_apex(asker: &Asker) {
    for (domain, state, want) in [
        ("apex-only.test", Ready, "n6425"),
        ("www.apex-only.test", NotYet, "e6405"),
        ("www.www-only.test", Ready, "n6425"),
        ("www-only.test", NotYet, "e6405"),
    ] {
        let check = asker.check(domain, ProofMethod::File, NAME, CONTENT).await;
        let (found, findings) = verdict(&check);
        assert!(found == state && findings.iter().any(|one| one == want), "{domain}: {findings:?}\n{}", seen(&check));
        assert!(check.proofs[0].rows.iter().any(|row| row.kind == RowKind::WebPartner), "{domain}");
    }
    let check = asker.check("both.test", ProofMethod::File, NAME, CONTENT).await;
    assert!(!verdict(&check).1.iter().any(|one| one.ends_with("6425")), "{}", seen(&check));
}

async fn redirects_where_they_are_allowed(asker: &Asker) {
    let proof = Proof { method: ProofMethod::File, name: NAME.to_owned(), value: CONTENT.to_owned(), domain: None };
    let typed = NewOrder {
        domains: vec!["to-www.web.test".to_owned()],
        proofs: vec![proof],
        rules: Some("baseline".to_owned()),
        ..NewOrder::default()
    };
    let order = asker.app.order_add(typed).await.expect("an order").order;
    let check = asker.app.order_check(&order).await.expect("a check");
    assert!(verdict(&check).1.contains(&"w6404".to_owned()), "{}", seen(&check));
}

/// Everything here is on loopback, which no CA can reach.
async fn addresses_inside(world: &DomainWorld) {
    let settings = world.settings().replace("local-addresses = true", "local-addresses = false");
    let check = Asker::with_settings(&settings).check("right.web.test", ProofMethod::File, NAME, CONTENT).await;
    assert_eq!(verdict(&check), (Ready, vec!["n6421".to_owned(), "w6426".to_owned()]), "{}", seen(&check));
}

/// What is written here, unpacked on the web server, is what the CA wants; by folder and by zip.
async fn what_is_written_is_right(world: &DomainWorld, asker: &Asker) {
    let order = asker.add("missing.web.test", ProofMethod::File, NAME, CONTENT).await;
    let root = world.root().join("missing");
    let written = asker.app.order_file(&order, FileTarget::Folder(&root)).await.expect("a file");
    assert_eq!(written, [root.join(FOLDER).join(NAME)]);
    assert_eq!(std::fs::read(&written[0]).expect("the file"), CONTENT.as_bytes());
    assert_eq!(asker.app.order_check(&order).await.expect("a check").state, Ready);
    // Again is no error.
    asker.app.order_file(&order, FileTarget::Folder(&root)).await.expect("the same file");

    let (zip, unpacked) = (asker.path("proof.zip"), asker.path("unpacked"));
    let target = || FileTarget::Zip { file: &zip, replace: false };
    asker.app.order_file(&order, target()).await.expect("an archive");
    let again = asker.app.order_file(&order, target()).await.expect_err("it is there");
    assert_eq!(again.code.to_string(), "CM-4001");
    // Unpacked by somebody else's code.
    let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    programs::run(std::process::Command::new("python3").args(["-c", script]).arg(&zip).arg(&unpacked));
    assert_eq!(std::fs::read(unpacked.join(FOLDER).join(NAME)).expect("the file"), CONTENT.as_bytes());
}
