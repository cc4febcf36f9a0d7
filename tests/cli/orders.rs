//! Orders by the command, from what a console shows to the proof that is seen, against servers on loopback.

use chopmark_tests::bench::{
    command::Desk,
    domain_world::{DomainWorld, WEB, Zone},
};

const TARGET: &str = "a1b2c3d4.dcv.ca.test";

#[test]
fn from_a_missing_record_to_one_that_everybody_sees() {
    let zone = Zone { name: "shop.test".to_owned(), ..Zone::default() };
    let world = DomainWorld::start(&[zone], "", "");
    let desk = Desk::new();
    std::fs::create_dir(desk.home()).expect("a home");
    std::fs::write(desk.home().join("validation.toml"), world.settings()).expect("settings");
    let run = |arguments: &[&str]| desk.run(&[arguments, &["--lang", "en"]].concat());

    let added = run(&["order", "add", "shop.test", "--cname", "_dnsauth", TARGET, "--note", "spring", "--json"]).ok();
    let number = added["order"]["order"].as_str().expect("a number").to_owned();
    let proof = &added["order"]["proofs"][0];
    assert_eq!(
        (&proof["name"], &proof["host"], &proof["zone"]),
        (&"_dnsauth.shop.test".into(), &"_dnsauth".into(), &"shop.test".into())
    );

    let failed = run(&["order", "check", &number, "--json"]).failed(14, "CM-6101", "validation");
    assert_eq!((&failed["check"]["state"], &failed["order"]), (&"not-yet".into(), &number.as_str().into()));
    let text = run(&["order", "check", &number]);
    assert_eq!(text.exit, Some(14), "{text:?}");
    for word in [
        "not yet",
        "no such name",
        "+norecurse _dnsauth.shop.test CNAME",
        "CM-6101 error",
        "Not yet as the CA wants it",
        "min left",
    ] {
        assert!(text.stdout.contains(word), "{word}: {}", text.stdout);
    }
    let chinese = desk.run(&["order", "check", &number, "--lang", "zh-CN"]);
    assert!(chinese.stdout.contains("还没有名为 _dnsauth.shop.test 的记录"), "{}", chinese.stdout);

    world.change_zone("shop.test", &format!("_dnsauth CNAME {TARGET}."));
    let watched = run(&["order", "check", &number, "--watch", "--json"]);
    assert_eq!(watched.ok()["check"]["state"], "ready");
    let events: Vec<String> =
        watched.lines().iter().filter_map(|line| line["event"].as_str().map(str::to_owned)).collect();
    assert!(events.first().is_some_and(|event| event == "checking"), "{events:?}");
    assert!(events.last().is_some_and(|event| event == "ready"), "{events:?}");

    let listed = run(&["order", "list"]);
    assert!(listed.stdout.contains("shop.test") && listed.stdout.contains("ready"), "{}", listed.stdout);
    let shown = run(&["order", "show", &number]);
    for word in [TARGET, "_dnsauth.shop.test", "Our CA", "spring", "Last check"] {
        assert!(shown.stdout.contains(word), "{word}: {}", shown.stdout);
    }
    run(&["order", "file", &number, "--out", &desk.text("www"), "--json"]).failed(2, "CM-1101", "usage");
    run(&["order", "remove", &number, "--json"]).ok();
    run(&["order", "show", &number, "--json"]).failed(2, "CM-6001", "usage");
}

#[test]
fn a_file_is_written_and_seen() {
    let zone = Zone { name: "site.test".to_owned(), first: format!("@ A {WEB}"), ..Zone::default() };
    let world = DomainWorld::start(&[zone], "server { server_name site.test; HTTP; root ROOT/site; }", "");
    let desk = Desk::new();
    std::fs::create_dir(desk.home()).expect("a home");
    std::fs::write(desk.home().join("validation.toml"), world.settings()).expect("settings");
    // As an editor leaves it: a mark in front, a line end behind.
    let content = desk.write("content", "\u{feff}202611250000AbCdEf\r\n");
    let added = desk.run(&["order", "add", "site.test", "--file", "A1b2.txt", &content, "--json"]).ok();
    let number = added["order"]["order"].as_str().expect("a number").to_owned();
    desk.run(&["order", "check", &number, "--json"]).failed(14, "CM-6405", "validation");
    let root = world.root().join("site").display().to_string();
    let written = desk.run(&["order", "file", &number, "--out", &root, "--json"]).ok();
    let path = written["written"][0].as_str().expect("a path").to_owned();
    assert!(path.ends_with(".well-known/pki-validation/A1b2.txt"), "{path}");
    assert_eq!(std::fs::read(&path).expect("the file"), b"202611250000AbCdEf");
    assert_eq!(desk.run(&["order", "check", &number, "--json"]).ok()["check"]["state"], "ready");

    std::fs::write(&path, "202611250000AbCdEf\n").expect("the file");
    let text = desk.run(&["order", "check", &number, "--lang", "en"]);
    assert!(text.stdout.contains("CM-6408") && text.stdout.contains("+ 202611250000AbCdEf␊"), "{}", text.stdout);
    let zip = desk.text("proof.zip");
    desk.run(&["order", "file", &number, "--zip", &zip, "--json"]).ok();
    desk.run(&["order", "file", &number, "--zip", &zip, "--json"]).failed(23, "CM-4001", "place");
    desk.run(&["order", "file", &number, "--zip", &zip, "--replace", "--json"]).ok();
}
