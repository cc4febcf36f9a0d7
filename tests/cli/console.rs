//! Orders driven at a certificate console by the command: bought, handed in, proved, fetched, renewed, revoked, and what happens
//! when answers are lost.

use std::process::Command;

use chopmark_tests::bench::{
    assert_no_secret,
    command::{Desk, Ran},
    console::Console,
    domain_world::{DomainWorld, RESOLVER, WEB, Zone},
    letters::{convert, printed, scanned, text_of},
    programs::run,
    web_server::WebServer,
};
use serde_json::Value;

const APPLICANT: &str = "company = '上海示例有限公司 Example Ltd'\ndivision = 'IT'\naddress = '1 Road'\ncity = 'Shanghai'\nregion = 'Shanghai'\n\
    country = 'CN'\nname = 'Alice'\nphone = '13000000000'\nemail = 'alice@example.test'\ntitle = 'Engineer'\n";
const NOBODY: &str = "127.0.0.1:9";

/// A desk with an account at a console.
struct Scene {
    desk: Desk,
    console: Console,
    applicant: String,
}

impl Scene {
    fn new(console: Console, settings: &str) -> Scene {
        let desk = Desk::new();
        std::fs::create_dir(desk.home()).expect("a home");
        let settings = match settings.contains("[watch]") {
            true => settings.replace("[watch]", "[watch]\nsettle = 0"),
            false => format!("{settings}[watch]\nfirst = 1\nlongest = 1\nsettle = 0\n"),
        };
        std::fs::write(desk.home().join("validation.toml"), settings).expect("settings");
        let applicant = desk.write("applicant.toml", APPLICANT);
        let scene = Scene { desk, console, applicant };
        let (public, key, api) = (&scene.console.public_key, &scene.console.key_file, &scene.console.api);
        // Never the keyring of the machine that tests.
        let account = ["account", "add", "demo", "--public-key", public, "--private-key-file", key, "--api", api];
        scene.order(&[&account[..], &["--secret-in", "file"]].concat()).ok();
        scene
    }

    fn order(&self, arguments: &[&str]) -> Ran {
        self.desk.run(&[&["order"], arguments, &["--json", "--batch", "--lang", "en"]].concat())
    }

    fn buy(&self, product: &str, price: &str) -> Ran {
        self.order(&["buy", "--account", "demo", "--brand", "Demo", "--product", product, "--agree", price])
    }

    fn bought(&self, product: &str, price: &str) -> (String, String) {
        let bought = self.buy(product, price).ok();
        let text = |name: &str| bought["order"][name].as_str().unwrap_or_else(|| panic!("{bought}")).to_owned();
        (text("order"), text("remote"))
    }

    fn csr(&self, name: &str, domain: &str) -> String {
        let (key, csr) = (self.desk.text(&format!("{name}.key")), self.desk.text(&format!("{name}.csr")));
        let subject = format!("/CN={domain}");
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
        ]);
        run(openssl.args(["-subj", &subject, "-addext", &format!("subjectAltName=DNS:{domain}"), "-out", &csr]));
        csr
    }

    fn submit(&self, order: &str, csr: &str, domain: &str, method: &str) -> Ran {
        let given = ["--csr", csr, "--domain", domain, "--method", method, "--applicant", &self.applicant];
        self.order(&[&["submit", order][..], &given].concat())
    }

    /// The certificate is there, is for our key, and leads to the console's root.
    fn installed(&self, order: &str, csr: &str) {
        let out = self.desk.text(&format!("{order}.pem"));
        self.order(&["certificate", order, "--csr", csr, "--out", &out, "--replace"]).ok();
        let pem = std::fs::read_to_string(&out).expect("a chain");
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 2, "{pem}");
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-purpose", "sslserver", "-CAfile"]).arg(&self.console.root);
        run(verify.args(["-untrusted", &out, &out]));
        let public = |arguments: &[&str]| run(Command::new("openssl").args(arguments));
        let theirs = public(&["x509", "-in", &out, "-noout", "-pubkey"]);
        assert_eq!(theirs, public(&["req", "-in", csr, "-noout", "-pubkey"]));
    }

    /// nginx serves it with the files that were written and the key that the request was made with.
    fn served(&self, order: &str, key: &str, domain: &str) {
        let out = self.desk.path(&format!("{order}-nginx"));
        let folder = out.display().to_string();
        let exported = self.order(&["export", order, "--for", "nginx", "--out", &folder]).ok()["exported"].clone();
        assert_eq!((&exported["key"], &exported["complete"]), (&"elsewhere".into(), &Value::Null), "{exported}");
        let again = self.order(&["export", order, "--for", "nginx", "--out", &folder]);
        again.failed(23, "CM-4001", "place");
        std::fs::copy(self.desk.path(key), out.join("key.pem")).expect("a key");
        let server = WebServer::nginx(&out.join("nginx.conf"), &[]);
        let shown = server.shown(self.console.root.as_ref(), domain, "sslserver");
        assert_eq!(exported["certificate"]["sha256"], shown);
    }

    /// A scan of a stamped letter.
    fn letter(&self) -> String {
        scanned(self.desk.folder(), "large.jpg");
        convert(self.desk.folder(), "large.jpg -resize 50% -density 150 letter.jpg");
        self.desk.text("letter.jpg")
    }

    /// The console's forms hold the order's data, and where they cannot, our own letter does. What is printed and scanned can be read.
    fn letters_are_filled(&self, order: &str, id: &str) {
        let write = |name: &str, more: &[&str]| {
            let file = self.desk.text(name);
            let written = self.order(&[&["letter", order, "--write", &file], more].concat()).ok()["letter"].clone();
            (self.desk.path(name), written)
        };
        let (pdf, written) = write("filled.pdf", &[]);
        assert_eq!(
            (&written["form"], &written["left"]),
            (&"pdf-form".into(), &serde_json::json!(["Remarks"])),
            "{written}"
        );
        let text = text_of(&pdf);
        for words in ["上海示例有限公司 Example Ltd", "Alice", "corp.test", id] {
            assert!(text.contains(words), "{words}: {text}");
        }
        self.order(&["letter", order, "--write", &pdf.display().to_string()]).failed(23, "CM-4001", "place");

        // The name's ending follows what the source has.
        let (_, written) = write("revoke.pdf", &["--revocation"]);
        let docx = self.desk.text("revoke.docx");
        assert_eq!((&written["form"], &written["path"]), (&"document".into(), &docx.as_str().into()), "{written}");
        assert_eq!(written["left"], serde_json::json!(["reason"]));
        let text = run(Command::new("unzip").args(["-p", &docx, "word/document.xml"]));
        for words in
            ["上海示例有限公司 Example Ltd", " / IT", "域名：corp.test", ">Alice<", "{{reason}}", "&amp; department"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("Click to enter") && !text.contains("showingPlcHdr"), "{text}");

        let (own, written) = write("own.pdf", &["--own"]);
        assert_eq!(
            (&written["form"], written["steps"].as_array().map(Vec::len)),
            (&"own".into(), Some(3)),
            "{written}"
        );
        let text = text_of(&own);
        for words in [
            "Organisation: 上海示例有限公司 Example Ltd",
            "单位名称：上海示例有限公司 Example Ltd",
            "Domains: corp.test",
            id,
            "单位公章",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        for pdf in [pdf, own] {
            // Not yet printed, so not stamped.
            self.order(&["letter", order, "--send", &pdf.display().to_string()]).failed(14, "CM-6614", "validation");
            let scan = pdf.with_extension("jpg");
            printed(&pdf, &scan);
            self.order(&["letter", order, "--check", &scan.display().to_string()]).ok();
        }
    }

    fn state(&self, order: &str) -> String {
        let view = self.order(&["refresh", order]).ok();
        view["order"]["atSource"]["state"].as_str().unwrap_or_else(|| panic!("{view}")).to_owned()
    }
}

/// The record that an order wants, as a line of a zone.
fn record(view: &Value) -> String {
    let proof = &view["order"]["proofs"][0];
    let (name, value) = (proof["name"].as_str().expect("a name"), proof["value"].as_str().expect("a value"));
    match proof["method"].as_str() {
        Some("dns-cname") => format!("{name}. CNAME {value}."),
        _ => format!("{name}. TXT \"{value}\""),
    }
}

#[test]
fn a_domain_is_proved_by_records_and_its_certificate_made_anew_and_revoked() {
    let world = DomainWorld::start(&[Zone { name: "shop.test".to_owned(), ..Zone::default() }], "", "");
    let console = Console::start(&format!("{RESOLVER}:{}", world.dns_port), world.http_port, &[]);
    let mut scene = Scene::new(console, &world.settings());
    let products = scene.order(&["products", "--account", "demo"]).ok();
    assert_eq!(products["products"].as_array().map(Vec::len), Some(4), "{products}");
    // Nothing is bought for another price than the one that was agreed to, nor without one.
    scene.buy("DemoDV", "39.0").failed(2, "CM-6514", "usage");
    let asked = scene.order(&["buy", "--account", "demo", "--brand", "Demo", "--product", "DemoDV"]);
    assert!(asked.stderr.contains("40.0"), "{asked:?}");
    asked.failed(2, "CM-6514", "usage");
    assert_eq!(scene.console.books()["orders"], serde_json::json!({}));

    let (order, id) = scene.bought("DemoDV", "40.0");
    let csr = scene.csr("first", "shop.test");
    let view = scene.submit(&order, &csr, "shop.test", "dns").ok();
    assert_eq!((&view["order"]["step"], &view["order"]["proofs"][0]["method"]), (&"prove".into(), &"dns-cname".into()));
    scene
        .order(&["certificate", &order, "--csr", &csr, "--out", &scene.desk.text("x.pem")])
        .failed(11, "CM-6510", "waiting");
    scene.console.restart();
    world.change_zone("shop.test", &record(&view));
    let followed = scene.order(&["refresh", &order, "--watch"]).ok();
    assert_eq!(followed["order"]["atSource"]["code"], "COMPLETED");
    scene.installed(&order, &csr);

    // For another key; a certificate for the old one is not taken for it.
    let other = scene.csr("second", "shop.test");
    scene.order(&["certificate", &order, "--csr", &other, "--out", &scene.desk.text("y.pem")]).failed(
        13,
        "CM-6511",
        "untrusted",
    );
    scene.order(&["reissue", &order, "--csr", &other, "--confirm", "other.test"]).failed(2, "CM-6514", "usage");
    let view = scene.order(&["reissue", &order, "--csr", &other, "--confirm", "shop.test"]).ok();
    world.change_zone("shop.test", &record(&view));
    scene.order(&["refresh", &order, "--watch"]).ok();
    scene.installed(&order, &other);

    // A DV certificate is revoked by a record, too.
    let revoke = ["revoke", &order, "--reason", "keyCompromise"];
    scene.order(&revoke).failed(2, "CM-6514", "usage");
    let view = scene.order(&[&revoke[..], &["--confirm", "shop.test"]].concat()).ok();
    assert_eq!(view["order"]["proofs"][0]["method"], "dns-txt", "{view}");
    world.change_zone("shop.test", &record(&view));
    let gone = scene.order(&["refresh", &order, "--watch"]).ok();
    assert_eq!(gone["order"]["atSource"]["state"], "revoked");
    assert_eq!(scene.console.done(&id), ["buy", "submit", "reissue", "revoke"]);
    let key = std::fs::read_to_string(&scene.console.key_file).expect("a key");
    std::fs::remove_dir_all(scene.desk.home().join("order-secrets")).expect("the secrets' own folder");
    assert_no_secret(&scene.desk.home(), &[&key]);
}

#[test]
fn a_domain_is_proved_by_a_file() {
    let zone = Zone { name: "site.test".to_owned(), first: format!("@ A {WEB}"), ..Zone::default() };
    let world = DomainWorld::start(&[zone], "server { server_name site.test; HTTP; root ROOT/site; }", "");
    let console = Console::start(&format!("{RESOLVER}:{}", world.dns_port), world.http_port, &[]);
    let scene = Scene::new(console, &world.settings());
    let (order, _) = scene.bought("DemoDV", "40.0");
    let csr = scene.csr("site", "site.test");
    let view = scene.submit(&order, &csr, "site.test", "file").ok();
    assert_eq!(view["order"]["proofs"][0]["method"], "file", "{view}");
    assert_eq!(scene.state(&order), "proving");
    let root = world.root().join("site").display().to_string();
    scene.order(&["file", &order, "--out", &root]).ok();
    scene.order(&["refresh", &order, "--watch"]).ok();
    scene.installed(&order, &csr);
    scene.served(&order, "site.key", "site.test");
}

#[test]
fn an_organisation_sends_a_letter() {
    for (product, price) in [("DemoOV", "1999.0"), ("DemoEV", "3999.0")] {
        let scene = Scene::new(Console::start(NOBODY, 9, &["--review", "0"]), "");
        let (order, id) = scene.bought(product, price);
        let csr = scene.csr("corp", "corp.test");
        let view = scene.submit(&order, &csr, "corp.test", "dns").ok();
        assert_eq!(view["order"]["step"], "letter", "{view}");
        let form = scene.desk.text("form.pdf");
        assert_eq!(scene.order(&["letter", &order, "--form", &form]).ok()["kind"], "pdf");
        assert!(std::fs::read(&form).expect("a form").starts_with(b"%PDF-"));
        scene.letters_are_filled(&order, &id);
        // What nobody can read is not handed in; a warning is passed over by its own number only.
        let wrong = scene.desk.write("letter.doc", "not a letter");
        scene.order(&["letter", &order, "--send", &wrong, "--despite", "CM-6602"]).failed(14, "CM-6602", "validation");
        let letter = scene.letter();
        convert(scene.desk.folder(), "letter.jpg -blur 0x4 blurred.jpg");
        let send = |file: &str, despite: &[&str]| scene.order(&[&["letter", &order, "--send", file], despite].concat());
        let blurred = scene.desk.text("blurred.jpg");
        send(&blurred, &[]).failed(14, "CM-6613", "validation");
        send(&blurred, &["--despite", "CM-6610"]).failed(14, "CM-6613", "validation");
        assert_eq!(scene.console.done(&id), ["buy", "submit"]);
        if product == "DemoEV" {
            send(&blurred, &["--despite", "CM-6613"]).ok();
        } else {
            send(&letter, &[]).ok();
        }
        scene.order(&["refresh", &order, "--watch"]).ok();
        scene.installed(&order, &csr);

        // The next one is an order of its own, here as there, also where the answer was lost.
        let renew = ["renew", &order, "--agree", price];
        if product == "DemoEV" {
            scene.console.lose_next("answer");
            scene.order(&renew).failed(11, "CM-6504", "waiting");
            scene.order(&["refresh", &order]).ok();
        } else {
            assert_eq!(scene.order(&renew).ok()["order"]["remote"], "7002");
        }
        let listed = scene.order(&["list"]).ok();
        let remotes: Vec<_> = listed["orders"].as_array().into_iter().flatten().map(|one| &one["remote"]).collect();
        assert_eq!(remotes, ["7002", "7001"]);
        assert_eq!(scene.order(&["show", &order]).ok()["order"]["atSource"]["code"], "RENEWED");
        let revoke = ["revoke", &order, "--reason", "superseded", "--confirm", "corp.test"];
        scene.order(&revoke).failed(10, "CM-6501", "ca-refused");
        scene.order(&[&revoke[..], &["--letter", &blurred]].concat()).failed(14, "CM-6613", "validation");
        let gone = scene.order(&[&revoke[..], &["--letter", &letter]].concat()).ok();
        assert_eq!(gone["order"]["atSource"]["state"], "revoked");
        scene.order(&[&revoke[..], &["--letter", &letter]].concat()).failed(2, "CM-6505", "usage");
        assert_eq!(scene.console.done(&id), ["buy", "submit", "letter", "renew", "revoke"]);
    }
}

/// The key never leaves: it is made here, twice where there are two certificates, and stays as long as one may come for it.
#[test]
fn the_key_is_made_here_and_its_certificate_installed_beside_it() {
    let world = DomainWorld::start(&[Zone { name: "shop.test".to_owned(), ..Zone::default() }], "", "");
    let console = Console::start(&format!("{RESOLVER}:{}", world.dns_port), world.http_port, &[]);
    let scene = Scene::new(console, &world.settings());
    let password = scene.desk.write("password", "a password for the file");
    let (first, second) = (scene.desk.text("first.p12"), scene.desk.text("second.pem"));
    let (order, id) = scene.bought("DemoDV", "40.0");
    scene.order(&["csr", &order, "--place", &format!("file:{first}")]).failed(2, "CM-1101", "usage");

    let place = format!("file:{first}");
    let key = ["--place", &place, "--key", "ec:p256", "--password-file", &password];
    let said = ["--domain", "shop.test", "--applicant", &scene.applicant];
    // What the console does not take is not handed in: the key may go again.
    let nobody = scene.desk.write("nobody.toml", "company = '上海示例有限公司 Example Ltd'\n");
    let submit = |applicant: &str| {
        let said = ["--domain", "shop.test", "--applicant", applicant];
        scene.order(&[&["submit", &order], &key[..], &said[..]].concat())
    };
    submit(&nobody).failed(10, "CM-6501", "ca-refused");
    let job = scene.order(&["show", &order]).ok()["order"]["key"]["job"].as_str().expect("a job").to_owned();
    let discard = || scene.desk.run(&["resume", &job, "--discard", "--json", "--batch"]);
    let other = ["--domain", "other.test", "--applicant", &scene.applicant];
    scene.order(&[&["submit", &order][..], &other].concat()).failed(2, "CM-6530", "usage");
    scene.order(&[&["submit", &order][..], &said].concat()).ok();
    discard().failed(2, "CM-6532", "usage");
    scene.order(&["install", &order, "--password-file", &password]).failed(11, "CM-6510", "waiting");
    let view = scene.order(&["show", &order]).ok();
    assert_eq!((&view["order"]["key"]["job"], &view["order"]["key"]["handedIn"]), (&job.as_str().into(), &true.into()));
    world.change_zone("shop.test", &record(&view));
    scene.order(&["refresh", &order, "--watch"]).ok();
    discard().failed(2, "CM-6532", "usage");
    // `resume` does the same as `order install`.
    let installed = scene.desk.run(&["resume", &job, "--password-file", &password, "--json", "--batch"]).ok();
    assert_eq!((&installed["outcome"], &installed["proved"]), (&"enrolled".into(), &true.into()), "{installed}");
    let mut read = Command::new("openssl");
    let read = run(read.args(["pkcs12", "-in", &first, "-nodes", "-passin", &format!("file:{password}")]));
    assert!(read.contains("BEGIN PRIVATE KEY") && read.contains("subject=CN = shop.test"), "{read}");
    let done = scene.order(&["refresh", &order]).ok();
    assert_eq!((&done["order"]["step"], &done["order"]["key"]["state"]), (&"done".into(), &"done".into()), "{done}");

    // Another key, another place, and the answer is lost: it is the same key that is asked for again.
    let place = format!("file:{second}");
    let reissue = ["reissue", &order, "--confirm", "shop.test", "--place", &place, "--password-file", &password];
    scene.console.lose_next("answer");
    scene.order(&reissue).failed(11, "CM-6504", "waiting");
    let view = scene.order(&["reissue", &order, "--confirm", "shop.test"]).ok();
    assert_ne!(view["order"]["key"]["job"], job.as_str());
    let view = scene.order(&["refresh", view["order"]["order"].as_str().expect("a number")]).ok();
    world.change_zone("shop.test", &record(&view));
    scene.order(&["refresh", &order, "--watch"]).ok();
    scene.order(&["install", &order, "--password-file", &password]).ok();
    let public = |arguments: &[&str]| run(Command::new("openssl").args(arguments));
    let key = public(&["pkey", "-in", &second, "-passin", &format!("file:{password}"), "-pubout"]);
    assert_eq!(key, public(&["x509", "-in", &second, "-noout", "-pubkey"]));
    assert_eq!(scene.console.done(&id), ["buy", "submit", "reissue"]);
    assert_no_secret(&scene.desk.home(), &["a password for the file"]);
}

#[test]
fn what_the_security_review_refuses_is_told() {
    let scene = Scene::new(Console::start(NOBODY, 9, &[]), "");
    let (order, _) = scene.bought("DemoDV", "40.0");
    let csr = scene.csr("bank", "mybank.test");
    scene.submit(&order, &csr, "mybank.test", "dns").ok();
    assert_eq!(scene.state(&order), "refused");
    scene.order(&["refresh", &order, "--watch"]).failed(10, "CM-6513", "ca-refused");
    scene.order(&["cancel", &order, "--confirm", "mybank.test"]).failed(2, "CM-6505", "usage");
}

#[test]
fn a_purchase_whose_answer_was_lost_is_found_and_never_made_twice() {
    let scene = Scene::new(Console::start(NOBODY, 9, &[]), "");
    let count = || scene.console.books()["orders"].as_object().map_or(0, serde_json::Map::len);
    scene.console.lose_next("answer");
    scene.buy("DemoDV", "40.0").failed(11, "CM-6504", "waiting");
    assert_eq!(count(), 1);
    // Not a second one as long as it is not known what became of the first.
    scene.buy("DemoDV", "40.0").failed(11, "CM-6512", "waiting");
    let listed = scene.order(&["list"]).ok();
    let order = listed["orders"][0]["order"].as_str().expect("an order").to_owned();
    assert_eq!(listed["orders"][0]["pending"]["act"], "buy");
    let found = scene.order(&["refresh", &order]).ok();
    assert_eq!((&found["order"]["remote"], count()), (&"7001".into(), 1));
    scene.console.lose_next("question");
    scene.buy("DemoDV", "40.0").failed(11, "CM-6504", "waiting");
    let listed = scene.order(&["list"]).ok();
    let second = listed["orders"][0]["order"].as_str().expect("an order").to_owned();
    let none = scene.order(&["refresh", &second]).ok();
    assert_eq!((&none["order"]["pending"], &none["order"]["remote"], count()), (&Value::Null, &Value::Null, 1));
}

/// Any order of acts, any of them lost before or after it was done, given again at once or asked about first: what the console
/// has done is what was meant, each once.
#[test]
fn no_walk_with_lost_answers_buys_or_revokes_twice() {
    for seed in 1..=3_u64 {
        walk(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
}

fn walk(mut seed: u64) {
    let shown = seed;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let scene = Scene::new(Console::start(NOBODY, 9, &["--review", "0"]), "");
    let (csr, letter) = (scene.csr("walk", "walk.test"), scene.letter());
    let (mut meant, mut reissues, mut trail) = (0_usize, 0_usize, Vec::new());
    for _ in 0..25 {
        let listed = scene.order(&["list"]).ok();
        let orders = listed["orders"].as_array().expect("orders").clone();
        let loss = ["", "", "answer", "question"][random(4) as usize];
        if !loss.is_empty() {
            scene.console.lose_next(loss);
        }
        let pick = (!orders.is_empty()).then(|| &orders[random(orders.len() as u64) as usize]);
        let number = pick.map_or(String::new(), |order| order["order"].as_str().expect("a number").to_owned());
        let before = scene.console.books()["orders"].as_object().map_or(0, serde_json::Map::len);
        let act = if orders.is_empty() { 0 } else { random(8) };
        let ran = match act {
            0 => scene.buy("DemoOV", "1999.0"),
            1 => scene.submit(&number, &csr, "walk.test", "dns"),
            2 => scene.order(&["letter", &number, "--upload", &letter]),
            3 => scene.order(&["cancel", &number, "--confirm", &named(pick)]),
            4 => {
                let confirm = named(pick);
                let revoke = ["revoke", &number, "--reason", "superseded", "--letter", &letter, "--confirm", &confirm];
                scene.order(&revoke)
            }
            5 => scene.order(&["renew", &number, "--agree", "1999.0"]),
            6 => {
                reissues += 1;
                let csr = scene.csr(&format!("walk-{reissues}"), "walk.test");
                let ran = scene.order(&["reissue", &number, "--csr", &csr, "--confirm", &named(pick)]);
                // Given again, whatever became of it: that key gets one certificate.
                scene.console.lose_nothing();
                scene.order(&["reissue", &number, "--csr", &csr, "--confirm", &named(pick)]);
                ran
            }
            _ => scene.order(&["refresh", &number]),
        };
        trail.push(format!("{act} on {number} losing {loss:?}: {:?}", ran.exit));
        scene.console.lose_nothing();
        let books = scene.console.books();
        let after = books["orders"].as_object().map_or(0, serde_json::Map::len);
        assert!(after <= before + 1, "{shown:x}: {trail:#?}");
        // Only a purchase or a renewal makes an order, and not one that was refused here.
        if after > before {
            assert!(act == 0 || act == 5, "{shown:x}: {trail:#?}");
            meant += 1;
        }
        assert_eq!(meant, after, "{shown:x}: {trail:#?}");
        for (id, order) in books["orders"].as_object().into_iter().flatten() {
            let done: Vec<&str> = order["done"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let most = |act: &str| if act == "reissue" { reissues } else { 1 };
            for act in ["buy", "submit", "letter", "cancel", "revoke", "reissue"] {
                let times = done.iter().filter(|one| **one == act).count();
                assert!(times <= most(act), "{shown:x}: order {id}: {done:?}: {trail:#?}");
            }
        }
    }
    // In the end everything is cleared up, and no order of the console is two here.
    let listed = scene.order(&["list"]).ok();
    for order in listed["orders"].as_array().expect("orders") {
        let number = order["order"].as_str().expect("a number");
        scene.order(&["refresh", number]).ok();
    }
    let listed = scene.order(&["list"]).ok();
    let mut remotes: Vec<&str> =
        listed["orders"].as_array().into_iter().flatten().filter_map(|order| order["remote"].as_str()).collect();
    let all = remotes.len();
    remotes.sort_unstable();
    remotes.dedup();
    assert_eq!(remotes.len(), all, "{shown:x}: {trail:#?}");
}

fn named(order: Option<&Value>) -> String {
    let order = order.expect("an order");
    let first = order["domains"][0].as_str().or(order["remote"].as_str()).or(order["order"].as_str());
    first.expect("a name").to_owned()
}
