//! Situations as text, and the order that comes out of them.

use super::*;
use crate::{
    drivers::facts::{Choice, DriverFacts, Problem, Provider, Reader, ReaderService, System, TokenFacts, UsbDevice},
    error::Code,
};

/// One line each:
/// `os NAME` · `usb VID:PID PRODUCT` · `reader NAME | ATR` (without ATR: empty) · `driver FILE` (it answered; its tokens follow) ·
/// `unasked FILE` · `broken FILE CODE` · `token LABEL SERIAL MODEL KEYS SLOT` (`-`: empty) ·
/// `ksp|csp NAME | opens token sha256…` · `choice TOKEN FILE`
fn facts(situation: &str) -> Facts {
    let catalogue = Catalogue::built_in();
    let mut facts = Facts { system: System { os: "linux".into(), ..System::default() }, ..Facts::default() };
    let mut service = ReaderService::default();
    let text = |word: &str| if word == "-" { String::new() } else { word.replace('_', " ") };
    for line in situation.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (what, rest) = line.split_once(' ').unwrap();
        match what {
            "os" => facts.system.os = rest.into(),
            "usb" => {
                let (id, product) = rest.split_once(' ').unwrap_or((rest, ""));
                let (vid, pid) = id.split_once(':').unwrap();
                let (vid, pid, product) = (vid.into(), pid.into(), product.into());
                facts.usb.push(UsbDevice { vid, pid, product, ..UsbDevice::default() });
            }
            "reader" => {
                let (name, atr) = rest.split_once(" | ").map_or((rest, None), |(name, atr)| (name, Some(atr)));
                let card = atr.is_some();
                let atr = atr.unwrap_or_default().to_owned();
                service.readers.push(Reader { name: name.into(), card, atr, ..Reader::default() });
            }
            "driver" | "unasked" | "broken" => {
                let (path, code) = rest.split_once(' ').unwrap_or((rest, ""));
                let entry = catalogue.of_file(path.as_ref()).first().map(|entry| entry.id.clone()).unwrap_or_default();
                let code = Code::from_number(code.parse().unwrap_or_default());
                let problem = code.map(|code| Problem { code: code.number(), ..Problem::default() });
                let started = what == "driver";
                facts.drivers.push(DriverFacts {
                    path: path.into(),
                    entry,
                    started,
                    problem,
                    ..DriverFacts::default()
                });
            }
            "token" => {
                let words: Vec<&str> = rest.splitn(5, ' ').collect();
                let keys = words[3].split(',').filter(|key| *key != "-");
                let keys = keys.map(|key| serde_json::from_value(key.into()).unwrap()).collect();
                facts.drivers.last_mut().unwrap().tokens.push(TokenFacts {
                    label: text(words[0]),
                    serial: text(words[1]),
                    model: text(words[2]),
                    keys,
                    slot_description: words.get(4).map(|slot| (*slot).to_owned()).unwrap_or_default(),
                    initialized: true,
                    removable: words.len() > 4,
                    ..TokenFacts::default()
                });
            }
            "ksp" | "csp" => {
                let (name, said) = rest.split_once(" | ").unwrap();
                let has = |word: &str| said.split(' ').any(|its| its == word);
                facts.providers.push(Provider {
                    name: name.into(),
                    kind: what.into(),
                    opens: has("opens"),
                    token: has("token"),
                    sha256: (has("sha256") || has("no-sha256")).then(|| has("sha256")),
                    ..Provider::default()
                });
            }
            "choice" => {
                let (token, driver) = rest.split_once(' ').unwrap();
                facts.choices.push(Choice { token: token.into(), driver: driver.into(), ..Choice::default() });
            }
            other => panic!("{other}"),
        }
    }
    facts.reader_service = Some(service);
    facts
}

/// A line for each device, then one for each driver: `*` chosen, `+` fits, `-` does not, `?` a guess.
fn shown(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    for device in rank(facts, &Catalogue::built_in()) {
        lines.push(format!("{} ({})", device.name, device.id));
        for one in &device.drivers {
            let mark = if one.chosen {
                "*"
            } else if one.fits {
                "+"
            } else {
                "-"
            };
            let guess = if one.why.is_guess() { "?" } else { "" };
            let driver = one.driver.rsplit(['/', '\\']).next().filter(|name| !name.is_empty());
            let why = match &one.why {
                Why::Fails(problem) => format!("Fails({})", problem.code),
                why => format!("{why:?}").replace('"', "'"),
            };
            lines.push(format!("{mark}{guess} {}: {why}", driver.unwrap_or(&format!("<{}>", one.name))));
        }
    }
    lines
}

fn check(name: &str, situation: &str, expected: &[&str]) {
    let facts = facts(situation);
    let lines = shown(&facts);
    assert_eq!(lines, expected, "\n{name}:\n{}", lines.join("\n"));
    for language in [Language::En, Language::ZhCn] {
        for view in views(&facts, &Catalogue::built_in(), language) {
            for driver in &view.drivers {
                let text = &driver.reason;
                assert!(!text.is_empty() && !text.contains(['{', '}']), "{name}: {text}");
                assert!(driver.installed || driver.driver.is_empty());
                assert!(!(driver.guess && driver.fits && driver.chosen), "{name}: a guess was chosen");
            }
        }
    }
}

#[test]
fn puts_drivers_in_order() {
    for (name, situation, expected) in ROWS {
        check(name, situation, expected);
    }
}

/// Whoever chooses a driver for the one is told that it is chosen for the other as well.
#[test]
fn says_what_cannot_be_told_apart() {
    for (situation, expected) in [
        ("usb 1050:0407 YubiKey\nusb 1050:0407 YubiKey", [true, true].as_slice()),
        ("usb 1050:0407 YubiKey\nusb 096e:0807 ePass2003", &[false, false]),
        ("driver /a.so\ntoken A 1 M rsa:2048\ntoken A 2 M rsa:2048", &[false, false]),
        ("driver /a.so\ntoken A 0 M rsa:2048\ntoken A 0 M rsa:2048", &[true, true]),
    ] {
        let alike: Vec<bool> =
            views(&facts(situation), &Catalogue::built_in(), Language::En).iter().map(|view| view.alike).collect();
        assert_eq!(alike, expected, "{situation}");
    }
}

#[test]
fn says_why() {
    let said = |situation: &str, language| {
        let views = views(&facts(situation), &Catalogue::built_in(), language);
        views.iter().flat_map(|view| view.drivers.iter().map(|one| one.reason.clone())).collect::<Vec<_>>()
    };
    let plugged =
        "usb 096e:0807 ePass2003\ndriver /usr/lib/libcastle.so.1.0.0\ntoken A 77 ePass2003 rsa:2048 ES SLOT 1";
    assert_eq!(said(plugged, Language::En), ["This key says it is a Feitian ePass2003; its driver is installed."]);
    assert_eq!(said(plugged, Language::ZhCn), ["此 USB Key 自称是 Feitian ePass2003，对应的驱动已安装。"]);
    let narrow = "usb 1050:0407 YubiKey\nbroken /usr/lib/libykcs11.so.2 2012";
    let views = views(&facts(narrow), &Catalogue::built_in(), Language::En);
    assert_eq!(views[0].drivers[0].problem.as_ref().unwrap().code, "CM-2012");
    assert_eq!(views[0].drivers[0].reason, views[0].drivers[0].problem.as_ref().unwrap().message);
}

#[test]
fn a_guess_never_fits_by_itself() {
    let catalogue = Catalogue::built_in();
    let guesses: Vec<&str> =
        ROWS.iter().filter(|(_, _, lines)| lines.iter().any(|line| line.starts_with("-?"))).map(|row| row.0).collect();
    assert!(guesses.len() >= 2, "{guesses:?}");
    for (name, situation, _) in ROWS {
        for device in rank(&facts(situation), &catalogue) {
            assert!(!device.drivers.iter().any(|one| one.why.is_guess() && one.fits), "{name}");
        }
    }
}

/// Name, situation, what comes out.
type Row = (&'static str, &'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    ("a driver and nothing plugged in", r"driver /usr/lib/opensc-pkcs11.so", &[]),
    (
        "usb only, driver not installed",
        r"usb 096e:0807 ePass2003",
        &[
            "Feitian ePass2003 (usb:096e:0807)",
            "- <Feitian ePass2003>: NotInstalled(UsbNamed)",
            "- <OpenSC>: NotInstalled(UsbNamed)",
        ],
    ),
    (
        "usb, driver sees it",
        r"usb 096e:0807 ePass2003
         driver /usr/lib/libcastle.so.1.0.0
         token A 77 ePass2003 rsa:2048 ES SLOT 1",
        &["Feitian ePass2003 (serial:77)", "* libcastle.so.1.0.0: Own(UsbNamed)"],
    ),
    (
        "usb, driver blind",
        r"usb 096e:0807 ePass2003
         driver /usr/lib/libcastle.so.1.0.0",
        &[
            "Feitian ePass2003 (usb:096e:0807)",
            "- libcastle.so.1.0.0: Blind(UsbNamed)",
            "- <OpenSC>: NotInstalled(UsbNamed)",
        ],
    ),
    (
        "yubikey: maker's and OpenSC",
        r"usb 1050:0407 YubiKey OTP+FIDO+CCID
         reader Yubico YubiKey OTP+FIDO+CCID 00 00 | 3BFD1300008131FE158073C021C057597562694B657940
         driver /usr/lib/opensc-pkcs11.so
         token PIV_II 00f1 PKCS#15_emulated rsa:2048 Yubico YubiKey OTP+FIDO+CCID 00 00
         driver /usr/lib/libykcs11.so.2
         token YubiKey_PIV_#5437251 5437251 YubiKey_YK5 rsa:2048,ec:p256 Yubico YubiKey OTP+FIDO+CCID 00 00",
        &[
            "Yubico YubiKey OTP+FIDO+CCID (serial:5437251)",
            "* libykcs11.so.2: Own(CardStated)",
            "+ opensc-pkcs11.so: OnlyReads",
        ],
    ),
    (
        "yubikey: only OpenSC",
        r"usb 1050:0407 YubiKey OTP+FIDO+CCID
         reader Yubico YubiKey OTP+FIDO+CCID 00 00 | 3BFD1300008131FE158073C021C057597562694B657940
         driver /usr/lib/opensc-pkcs11.so
         token PIV_II 00f1 PKCS#15_emulated rsa:2048 Yubico YubiKey OTP+FIDO+CCID 00 00",
        &[
            "Yubico YubiKey OTP+FIDO+CCID (serial:00f1)",
            "* opensc-pkcs11.so: OnlyReads",
            "- <YubiKey PIV (YKCS11)>: NotInstalled(CardStated)",
        ],
    ),
    (
        "remembered",
        r"reader Yubico YubiKey OTP+FIDO+CCID 00 00 | 3BFD1300008131FE158073C021C057597562694B657940
         driver /usr/lib/opensc-pkcs11.so
         token PIV_II 00f1 PKCS#15_emulated - Yubico YubiKey OTP+FIDO+CCID 00 00
         driver /usr/lib/libykcs11.so.2
         token YubiKey_PIV_#5437251 5437251 YubiKey_YK5 rsa:2048,ec:p256 Yubico YubiKey OTP+FIDO+CCID 00 00
         choice serial:00f1 /usr/lib/opensc-pkcs11.so",
        &["YubiKey 5 (serial:00f1)", "* opensc-pkcs11.so: Remembered", "+ libykcs11.so.2: Own(CardStated)"],
    ),
    (
        "remembered one crashes",
        r"reader Yubico YubiKey OTP+FIDO+CCID 00 00 | 3BFD1300008131FE158073C021C057597562694B657940
         broken /usr/lib/opensc-pkcs11.so 2010
         driver /usr/lib/libykcs11.so.2
         token YubiKey_PIV_#5437251 5437251 YubiKey_YK5 rsa:2048,ec:p256 Yubico YubiKey OTP+FIDO+CCID 00 00
         choice serial:5437251 /usr/lib/opensc-pkcs11.so",
        &["YubiKey 5 (serial:5437251)", "* libykcs11.so.2: Own(CardStated)", "- opensc-pkcs11.so: Fails(2010)"],
    ),
    (
        "wrong bits",
        r"usb 096e:0807 ePass2003
         broken /opt/ePass2003-Castle-20141128/i386/redist/libcastle.so.1.0.0 2013",
        &[
            "Feitian ePass2003 (usb:096e:0807)",
            "- libcastle.so.1.0.0: Fails(2013)",
            "- <OpenSC>: NotInstalled(UsbNamed)",
        ],
    ),
    (
        "guess",
        r"usb 1a44:0117 DIGIPASS KEY 860
         driver /usr/lib/opensc-pkcs11.so",
        &[
            "VASCO DIGIPASS KEY 860 (usb:1a44:0117)",
            "-? <OneSpan DIGIPASS KEY>: NoneForSystem(Guess)",
            "- opensc-pkcs11.so: SeesNothing",
        ],
    ),
    (
        "guess that sees",
        r"usb 2406:6300 VaultIC
         reader Inside Secure VaultIC 420 00 00 | 3BFF
         driver /usr/lib/opensc-pkcs11.so
         token X 9 PKCS#15 rsa:2048 Inside Secure VaultIC 420 00 00",
        &["Inside Secure VaultIC 420 Smart Object (serial:9)", "* opensc-pkcs11.so: Generic"],
    ),
    (
        "ambiguous ATR",
        r"reader Any 00 00 | 3B021450
         driver /usr/lib/opensc-pkcs11.so",
        &["Any 00 00 (atr:3B021450)", "-? <Cyberflex Access>: NoneForSystem(Guess)", "- opensc-pkcs11.so: SeesNothing"],
    ),
    (
        "opensc is the maker's",
        r"reader CardContact 00 00 | 3BFE1800008131FE458031815448534D31738021408107FA
         driver /usr/lib/opensc-pkcs11.so
         token SmartCard-HSM DENK0100 PKCS#15_emulated rsa:2048,ec:p256 CardContact 00 00",
        &["SmartCard-HSM (serial:DENK0100)", "* opensc-pkcs11.so: Own(CardStated)"],
    ),
    (
        "soft token",
        r"driver /usr/lib/softhsm/libsofthsm2.so
         token Alice 1a SoftHSM_v2 rsa:2048,ec:p256",
        &["Alice (serial:1a)", "* libsofthsm2.so: SoftwareToken"],
    ),
    (
        "soft token and key",
        r"usb 096e:0807 ePass2003
         driver /usr/lib/softhsm/libsofthsm2.so
         token Alice 1a SoftHSM_v2 rsa:2048,ec:p256",
        &[
            "Feitian ePass2003 (usb:096e:0807)",
            "- <Feitian ePass2003>: NotInstalled(UsbNamed)",
            "- <OpenSC>: NotInstalled(UsbNamed)",
            "- libsofthsm2.so: OnDisk",
            "Alice (serial:1a)",
            "* libsofthsm2.so: SoftwareToken",
        ],
    ),
    (
        "two keys alike",
        r"usb 1050:0407 YubiKey
         usb 1050:0407 YubiKey",
        &[
            "Yubico YubiKey OTP+FIDO+CCID (usb:1050:0407)",
            "- <YubiKey PIV (YKCS11)>: NotInstalled(UsbNamed)",
            "- <OpenSC>: NotInstalled(UsbNamed)",
            "Yubico YubiKey OTP+FIDO+CCID (usb:1050:0407#2)",
            "- <YubiKey PIV (YKCS11)>: NotInstalled(UsbNamed)",
            "- <OpenSC>: NotInstalled(UsbNamed)",
        ],
    ),
    (
        "two drivers, unknown maker",
        r"reader Foo 00 00 | 3BFF
         driver /usr/lib/a.so
         token X 5 M rsa:2048 Foo 00 00
         driver /usr/lib/opensc-pkcs11.so
         token X 5 M rsa:2048 Foo 00 00",
        &["X (serial:5)", "* a.so: Sees", "+ opensc-pkcs11.so: Generic"],
    ),
    (
        "a reader without a card",
        r"reader Foo 00 00
         usb 08e6:3437 USB SmartCard Reader",
        &[],
    ),
    (
        "another maker's",
        r"reader Foo 00 00 | 3BFF
         driver /usr/lib/libykcs11.so.2",
        &["Foo 00 00 (atr:3BFF)", "- libykcs11.so.2: AnotherMakers { maker: 'Yubico' }"],
    ),
    (
        "none for linux",
        r"usb 5448:0001 HaiTai",
        &["HaiTai key (usb:5448:0001)", "- <HaiTai HaiKey>: NoneForSystem(UsbStated)"],
    ),
    (
        "windows: none for linux is for windows",
        r"os windows
         usb 5448:0001 HaiTai",
        &["HaiTai key (usb:5448:0001)", "- <HaiTai HaiKey>: NotInstalled(UsbStated)"],
    ),
    (
        "not yet asked",
        r"usb 096e:0807 ePass2003
         unasked /usr/lib/libcastle.so.1.0.0
         unasked /usr/lib/opensc-pkcs11.so
         unasked /usr/lib/libneoidp11.so",
        &[
            "Feitian ePass2003 (usb:096e:0807)",
            "* libcastle.so.1.0.0: NotYetAsked(Some(UsbNamed))",
            "+ opensc-pkcs11.so: NotYetAsked(Some(UsbNamed))",
            "- libneoidp11.so: OnDisk",
        ],
    ),
    (
        "csp and ksp",
        r"os windows
         usb 096e:0807 ePass2003
         csp EnterSafe ePass2003 CSP v1.0 | opens token no-sha256
         csp Microsoft Enhanced RSA and AES Cryptographic Provider | opens
         ksp Microsoft Smart Card Key Storage Provider | opens token
         ksp Microsoft Software Key Storage Provider | opens
         csp eToken Base Cryptographic Provider | opens
         csp Watchdata CSP v5.2 | shut",
        &[
            "Feitian ePass2003 (usb:096e:0807)",
            "* Microsoft Smart Card Key Storage Provider: Own(UsbNamed)",
            "+ EnterSafe ePass2003 CSP v1.0: NoSha256",
            "- <Feitian ePass2003>: NotInstalled(UsbNamed)",
            "- <Hypersecu HyperPKI HYP2003>: NotInstalled(UsbNamed)",
            "- Microsoft Software Key Storage Provider: OnDisk",
            "- Microsoft Enhanced RSA and AES Cryptographic Provider: OnDisk",
            "- eToken Base Cryptographic Provider: AnotherMakers { maker: 'Thales' }",
            "- Watchdata CSP v5.2: Shut",
        ],
    ),
    (
        "pkcs11 and csp",
        r"os windows
         usb 096e:0807 ePass2003
         driver C:\Windows\System32\eps2003csp11.dll
         token A 77 ePass2003 rsa:2048 ES SLOT 1
         csp EnterSafe ePass2003 CSP v2.0 | opens token sha256",
        &[
            "Feitian ePass2003 (serial:77)",
            "* eps2003csp11.dll: Own(UsbNamed)",
            "+ EnterSafe ePass2003 CSP v2.0: Own(UsbNamed)",
        ],
    ),
    (
        "csp that was chosen",
        r"os windows
         usb 096e:0807 ePass2003
         driver C:\Windows\System32\eps2003csp11.dll
         token A 77 ePass2003 rsa:2048 ES SLOT 1
         csp EnterSafe ePass2003 CSP v2.0 | opens token sha256
         choice serial:77 EnterSafe ePass2003 CSP v2.0",
        &[
            "Feitian ePass2003 (serial:77)",
            "* EnterSafe ePass2003 CSP v2.0: Remembered",
            "+ eps2003csp11.dll: Own(UsbNamed)",
        ],
    ),
    (
        "csp of before SHA-256 alone",
        r"os windows
         usb 096e:0807 ePass2003
         csp EnterSafe ePass2003 CSP v1.0 | opens token no-sha256",
        &[
            "Feitian ePass2003 (usb:096e:0807)",
            "+ EnterSafe ePass2003 CSP v1.0: NoSha256",
            "- <Feitian ePass2003>: NotInstalled(UsbNamed)",
            "- <Hypersecu HyperPKI HYP2003>: NotInstalled(UsbNamed)",
        ],
    ),
    (
        "issued card",
        r"reader Belgium 00 00 | 3B9813400AA503010101AD1311
         driver /usr/lib/libbeidpkcs11.so.0
         token BELPIC 534C BELPIC rsa:2048 Belgium 00 00",
        &["Belpic Eid (serial:534C)", "* libbeidpkcs11.so.0: OnlyReads"],
    ),
    (
        "two slots on one card",
        r"reader Foo 00 00 | 3BFF
         driver /usr/lib/opensc-pkcs11.so
         token PIN1 7 P rsa:2048 Foo 00 00
         token PIN2 7 P rsa:2048 Foo 00 00",
        &["PIN1 (serial:7)", "* opensc-pkcs11.so: Generic"],
    ),
    (
        "hangs, crash, exit",
        r"usb 1050:0407 YubiKey
         broken /usr/lib/libykcs11.so.2 2011
         broken /usr/lib/opensc-pkcs11.so 2012",
        &[
            "Yubico YubiKey OTP+FIDO+CCID (usb:1050:0407)",
            "- libykcs11.so.2: Fails(2011)",
            "- opensc-pkcs11.so: Fails(2012)",
        ],
    ),
    (
        "slot name tells nothing, link does",
        r"usb 0529:0620 Token JC
         usb 1050:0407 YubiKey
         driver /usr/lib/libeToken.so
         token My_Token 0123 eToken rsa:2048 slot 0",
        &[
            "SafeNet eToken 5100 (serial:0123)",
            "* libeToken.so: Own(UsbNamed)",
            "Yubico YubiKey OTP+FIDO+CCID (usb:1050:0407)",
            "- <YubiKey PIV (YKCS11)>: NotInstalled(UsbNamed)",
            "- <OpenSC>: NotInstalled(UsbNamed)",
            "- libeToken.so: AnotherMakers { maker: 'Thales' }",
        ],
    ),
    (
        "slot name tells nothing, only one left",
        r"usb 04e6:5816 Foo
         driver /usr/lib/x.so
         token T 1 M rsa:2048 slot 0",
        &["Identiv uTrust 3512 SAM slot Token (serial:1)", "* x.so: Sees"],
    ),
    (
        "usb and reader with other names",
        r"usb 0529:0620 Token JC
         reader AKS ifdh 00 00 | 3BD5180081313A7D8073C8211030
         driver /usr/lib/libeToken.so
         token T 1 eToken rsa:2048 AKS ifdh 00 00",
        &["SafeNet eToken 5100 (serial:1)", "* libeToken.so: Own(CardStated)"],
    ),
    (
        "tpm and nss",
        r"driver /usr/lib/libtpm2_pkcs11.so.1
         token tpm 0 swtpm rsa:2048
         driver /usr/lib/libsoftokn3.so
         token NSS_Certificate_DB 0 NSS_3 rsa:2048",
        &[
            "tpm (label:tpm)",
            "* libtpm2_pkcs11.so.1: Sees",
            "- libsoftokn3.so: OnDisk",
            "NSS Certificate DB (label:NSS Certificate DB)",
            "* libsoftokn3.so: SoftwareToken",
            "- libtpm2_pkcs11.so.1: OnDisk",
        ],
    ),
];
