use std::fs;

use super::*;

#[test]
fn well_formed() {
    let mut known = Catalogue::default();
    for text in [include_str!("drivers.toml"), include_str!("usb.toml"), include_str!("cards.toml")] {
        let file: File = toml::from_str(text).unwrap();
        assert_eq!(check::problem(&file, &known), None);
        known.lay_over(file);
    }
    assert_eq!((known.drivers.len(), known.usb.len(), known.cards.len()), (121, 257, 354));
    let count = |which: fn(&Link) -> bool| known.usb.iter().filter(|usb| usb.links.iter().any(which)).count();
    // What the sources state, what only looks alike, and what is neither: none may wander to a surer kind unnoticed.
    let counts = [
        count(|link| matches!(link, Link::Stated(_))),
        count(|link| matches!(link, Link::ByName(_))),
        count(|link| matches!(link, Link::Guess(_))),
    ];
    assert_eq!(counts, [32, 152, 73]);
    assert!(!known.cards.iter().any(|card| card.links.iter().any(|link| matches!(link, Link::Guess(_)))));
    for driver in &known.drivers {
        for file in driver.linux.iter().chain(&driver.macos) {
            assert!(!file.file.contains('\\') && !file.file.contains('*'), "{}", file.file);
        }
    }
    let generic: Vec<&str> = known.drivers.iter().filter(|d| d.is(Quirk::Generic)).map(|d| d.id.as_str()).collect();
    assert_eq!(generic, ["opensc", "p11-kit-proxy"]);
    assert_eq!(known.drivers.last().unwrap().id, "p11-kit-proxy");
}

fn ids(entries: &[&Entry]) -> String {
    entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn finds_the_entry_of_a_file() {
    let catalogue = Catalogue::built_in();
    for (file, expected) in [
        ("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "softhsm2"),
        ("/home/a/libsofthsm2.so", "softhsm2"),
        (r"C:\Program Files\OpenSC Project\OpenSC\pkcs11\OPENSC-PKCS11.DLL", "opensc"),
        (r"C:\Windows\System32\Watchdata\PROXKey CSP India V3.0\wdpkcs.dll", "watchdata-proxkey"),
        (r"C:\Windows\System32\WDPKCS.dll", "watchdata-brazil"),
        ("/usr/lib/watchdata/lib/libwdpkcs.so", "watchdata-brazil"),
        ("/usr/lib/WatchData/ProxKey/lib/libwdpkcs.so", "watchdata-proxkey"),
        (r"C:\x\bjcacsp11_longmai.dll", "bjca-client"),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", ""),
    ] {
        assert_eq!(ids(&catalogue.of_file(Path::new(file))), expected, "{file}");
    }
    let of_skf = |file: &str| catalogue.of_skf(Path::new(file)).map(|entry| entry.id.as_str());
    assert_eq!(of_skf(r"C:\Windows\SysWOW64\SKFAPI20999.dll"), Some("haitai"));
    assert_eq!(of_skf("/usr/lib/libsofthsm2.so"), None);
    let (opensc, soft) = (catalogue.driver("opensc").unwrap(), catalogue.driver("softhsm2").unwrap());
    assert!(catalogue.serves(opensc, "smartcard-hsm") && catalogue.serves(opensc, "opensc"));
    assert!(!catalogue.serves(soft, "smartcard-hsm"));
}

#[test]
fn recognises_devices_and_cards() {
    let catalogue = Catalogue::built_in();
    let links = |links: &[Link]| format!("{links:?}").replace('"', "");
    let usb = |vid, pid| catalogue.usb(vid, pid).map(|usb| links(&usb.links));
    assert_eq!(usb("096e", "0309").as_deref(), Some("[Stated(feitian-epass3000gm)]"));
    assert_eq!(usb("1050", "0407").as_deref(), Some("[ByName(yubikey-piv), ByName(opensc)]"));
    assert_eq!(usb("5488", "0004").as_deref(), Some("[Guess(haitai)]"));
    assert_eq!(usb("dead", "beef"), None);
    assert_eq!(catalogue.vendor("1050"), Some("Yubico"));
    assert_eq!(catalogue.vendor("0403"), None);
    let card = |atr: &str| catalogue.card(atr).map(|card| format!("{} {}", card.name, links(&card.links)));
    // Exact; masked; too few bits for more than a guess; unknown; not hex.
    assert_eq!(card("3B021450").unwrap(), "Multiflex 3K [Guess(opensc), Guess(schlumberger-cyberflex)]");
    let masked = card("3B8B01525275746F6B656E4543507363").unwrap();
    assert!(masked.contains("Rutoken ECP SC") && masked.contains("ByName(rutoken-ecp)"), "{masked}");
    assert_eq!(card("3BFF0000000000000000FF"), None);
    assert_eq!(card("3B0"), None);
    assert_eq!(card("zz"), None);
}

fn added(text: &str) -> Arc<Catalogue> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.toml"), text).unwrap();
    fs::write(folder.path().join("readme.txt"), "not for us").unwrap();
    Catalogue::with_additions(&[folder.path().join("missing"), folder.path().to_owned()])
}

const OWN: &str = "[[driver]]\nid = 'own'\nname = 'Own'\nmaker = 'We'\nkind = 'usb-token'\nconfidence = 'high'\n";

#[test]
fn additions_replace_and_extend() {
    let catalogue = added(&format!(
        "{OWN}linux = ['libown.so']\n[[driver]]\nid = 'softhsm2'\nname = 'Ours'\nmaker = 'We'\nkind = 'software'\nconfidence = 'low'\n\
         [[usb]]\nid = '1050:0407'\nname = 'Own key'\nkind = 'token'\nstated = ['own']\n"
    ));
    assert_eq!(catalogue.bad_files(), []);
    assert_eq!(catalogue.drivers().len(), 122);
    assert_eq!(
        (catalogue.drivers()[0].id.as_str(), catalogue.driver("softhsm2").unwrap().name.as_str()),
        ("own", "Ours")
    );
    assert_eq!(catalogue.usb("1050", "0407").unwrap().links, [Link::Stated("own".into())]);
}

#[test]
fn bad_additions_are_data() {
    for (text, detail) in [
        ("nonsense", "key with no value"),
        ("[[driver]]\nid = 'x'", "missing field `name`"),
        (&format!("{OWN}surprise = 1"), "unknown field `surprise`"),
        (&format!("{OWN}linux = [{{ file = 'a', bits = 64 }}]"), "did not match"),
        (&format!("{OWN}through = ['nobody']"), "there is no driver nobody"),
        (&format!("{OWN}through = ['own']"), "goes through itself"),
        (&format!("{OWN}page = 'http://a.example'"), "not https"),
        (&format!("{OWN}linux = ['../x.so']"), "not a file"),
        (&format!("{OWN}{OWN}"), "twice: own"),
        ("[[usb]]\nid = '1050:407'\nname = 'x'\nkind = 'token'\nstated = ['opensc']", "not well formed: 1050:407"),
        ("[[usb]]\nid = '1050:0407'\nname = 'x'\nkind = 'token'", "without a driver"),
        (
            "[[usb]]\nid = '1050:0407'\nname = 'x'\nkind = 'token'\nstated = ['opensc']\nguess = ['opensc']",
            "a guess is not a fact",
        ),
        ("[[card]]\natr = '3B02145'\nname = 'x'\nstated = ['opensc']", "not well formed"),
        ("[[card]]\natr = '3BFF'\nmask = 'FF00'\nname = 'x'\nstated = ['opensc']", "not well formed"),
        ("[[vendor]]\nvid = 'ABCD'\nname = 'x'", "not well formed"),
    ] {
        let catalogue = added(text);
        let [bad] = catalogue.bad_files() else { panic!("{text}: {:?}", catalogue.bad_files()) };
        assert!(bad.detail.contains(detail), "{text}: {}", bad.detail);
        assert_eq!(catalogue.drivers().len(), 121, "{text}");
    }
}
