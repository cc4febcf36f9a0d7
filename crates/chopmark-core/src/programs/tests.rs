use std::{fs, path::PathBuf, process::Command};

use super::{facts, windows, *};
use crate::drivers::Roots;

const SOFT: &str = "/usr/lib/softhsm/libsofthsm2.so";

fn token(driver: &str) -> Place {
    Place::Token {
        label: Some("Alice".into()),
        serial: None,
        manufacturer: None,
        model: None,
        driver: Some(driver.into()),
        pin_source: None,
    }
}

fn store(folder: Option<&str>) -> Place {
    Place::Computer { store: folder.map(str::to_owned), provider: None }
}

fn program(kind: Kind, store: &str, modules: &[&str]) -> Program {
    let store = Some(PathBuf::from(store)).filter(|store| !store.as_os_str().is_empty());
    Program { store, modules: modules.iter().map(|one| (*one).to_owned()).collect(), ..Program::plain(kind, "X") }
}

fn sandboxed(program: Program) -> Program {
    Program { packaging: "snap".into(), sandboxed: true, ..program }
}

/// Facts of one program, the place, what comes of it.
#[test]
fn each_program_by_its_facts() {
    let (own, other) = ("/home/a/.pki/nssdb", "/home/a/.mozilla/firefox/x.default");
    let file = Place::File { path: "/home/a/me.p12".into() };
    let pem = Place::File { path: "/home/a/me.pem".into() };
    let (chromium, firefox) = (
        |modules: &[&str]| program(Kind::Chromium, own, modules),
        |modules: &[&str]| program(Kind::Firefox, other, modules),
    );
    let proxy = "/usr/lib/x86_64-linux-gnu/p11-kit-proxy.so";
    let rows = [
        (chromium(&["/d.so"]), token("/d.so"), Sight::Sees, Why::DriverListed),
        (chromium(&["d.so"]), token("/usr/lib/d.so"), Sight::Sees, Why::DriverListed),
        (chromium(&["/e.so"]), token("/d.so"), Sight::Not, Why::DriverNotListed),
        (chromium(&[proxy]), token("/kit.so"), Sight::Sees, Why::DriverByP11Kit),
        (chromium(&[proxy]), token("/d.so"), Sight::Not, Why::DriverNotListed),
        (sandboxed(chromium(&["/d.so"])), token("/d.so"), Sight::Not, Why::Sandboxed),
        (firefox(&["/d.so"]), token("/d.so"), Sight::Sees, Why::DriverListed),
        (firefox(&[]), token("/d.so"), Sight::Not, Why::DriverNotListed),
        (chromium(&[]), store(None), Sight::Sees, Why::OwnStore),
        (chromium(&[]), store(Some(own)), Sight::Sees, Why::OwnStore),
        (chromium(&[]), store(Some(other)), Sight::Not, Why::OtherStore),
        (firefox(&[]), store(Some(other)), Sight::Sees, Why::OwnStore),
        (firefox(&[]), store(None), Sight::Not, Why::OtherStore),
        (sandboxed(firefox(&[])), store(Some(other)), Sight::Sees, Why::OwnStore),
        (chromium(&[]), file.clone(), Sight::Not, Why::FileNotImported),
        (firefox(&[]), file.clone(), Sight::Not, Why::FileNotImported),
        (program(Kind::Java, "", &[]), file.clone(), Sight::WhenTold, Why::ReadsFile),
        (program(Kind::Java, "", &["/d.so"]), token("/d.so"), Sight::Sees, Why::DriverConfigured),
        (program(Kind::Java, "", &[]), token("/d.so"), Sight::Not, Why::DriverNotConfigured),
        (program(Kind::OpenSsl, "", &[]), token("/d.so"), Sight::Not, Why::NoPkcs11Module),
        (program(Kind::OpenSsl, "", &["/e/pkcs11.so"]), token("/d.so"), Sight::WhenTold, Why::Pkcs11Address),
        (program(Kind::OpenSsl, "", &[]), file.clone(), Sight::WhenTold, Why::ReadsFile),
        (program(Kind::OpenSsl, "", &[]), store(None), Sight::Not, Why::ReadsNoStore),
        (firefox(&[]), pem.clone(), Sight::Not, Why::WantsPkcs12),
        (program(Kind::Java, "", &[]), pem.clone(), Sight::Not, Why::WantsPkcs12),
        (program(Kind::OpenSsl, "", &[]), pem, Sight::WhenTold, Why::ReadsFile),
        (program(Kind::Follower, "", &[]), file, Sight::Not, Why::NoFirefox),
    ];
    for (at, (program, place, sight, why)) in rows.into_iter().enumerate() {
        let around = Around {
            programs: vec![program],
            p11_kit: vec!["/kit.so".into()],
            own_store: Some(own.into()),
            keychains: false,
            windows: false,
        };
        let row = &super::rows(&around, &place)[0];
        assert_eq!((row.sight, row.why), (sight, why), "row {at}: {:?}", row.program);
        let offered = why == Why::DriverNotListed;
        assert_eq!(row.register.is_some(), offered, "row {at}");
    }
}

/// On a Mac the place "this computer" is a keychain, whatever databases Firefox has.
#[test]
fn programs_of_a_mac_go_by_its_keychains() {
    let profile = "/Users/a/Library/Application Support/Firefox/Profiles/x.default";
    let programs = [
        (program(Kind::Keychain, "", &[]), store(None), Sight::Sees, Why::MacKeychain),
        (program(Kind::Keychain, "", &[]), token("/d.dylib"), Sight::Not, Why::WantsTokenExtension),
        (program(Kind::Keychain, "", &[]), Place::File { path: "/a.p12".into() }, Sight::Not, Why::FileNotImported),
        (program(Kind::Firefox, profile, &[]), store(None), Sight::Sees, Why::MacKeychain),
        (program(Kind::Firefox, profile, &["/d.dylib"]), token("/d.dylib"), Sight::Sees, Why::DriverListed),
        (program(Kind::Thunderbird, profile, &[]), store(None), Sight::Not, Why::OtherStore),
    ];
    for (program, place, sight, why) in programs {
        let around = Around { programs: vec![program], keychains: true, ..Around::default() };
        let row = &super::rows(&around, &place)[0];
        assert_eq!((row.sight, row.why), (sight, why), "{:?}", row.program);
    }
    // Found by the folders that they lie in.
    let mac = tempfile::tempdir().unwrap();
    for folder in ["System/Library/Keychains", "Applications/Safari.app", "System/Applications/Mail.app"] {
        fs::create_dir_all(mac.path().join(folder)).unwrap();
    }
    let roots = crate::drivers::Roots { root: Some(mac.path().to_owned()), home: None, variables: [].into() };
    let around = Around::here(&roots);
    let names: Vec<&str> = around.programs.iter().map(|program| &*program.name).collect();
    assert_eq!((names, around.keychains), (vec!["Safari", "Mail"], true));
}

/// What Windows' programs see, by what is installed.
#[test]
fn windows_programs() {
    let root = tempfile::tempdir().unwrap();
    let folder = |name: &str| root.path().join(name).display().to_string();
    // On a system without this separator they are parts of names, for the test as for what is tested.
    for file in [
        r"Programs\Google\Chrome\Application\chrome.exe",
        r"Programs\Java/jdk-21/bin/java.exe",
        r"Windows\System32\curl.exe",
    ] {
        let file = PathBuf::from(folder(file));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
    }
    let variables = [("programfiles", "Programs"), ("systemroot", "Windows")];
    let variables = variables.map(|(name, at)| (name.to_owned(), folder(at))).into();
    let roots = Roots { root: None, home: None, variables };
    let here = windows::programs(&roots);
    let names: Vec<&str> = here.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["Chrome", "Java", "curl"]);
    let file = Place::File { path: r"C:\me.p12".into() };
    let firefox = |system_certificates| Program { system_certificates, ..program(Kind::Firefox, "", &[]) };
    for (at, (program, place, sight, why)) in [
        (here[0].clone(), store(None), Sight::Sees, Why::SystemStore),
        (here[0].clone(), file.clone(), Sight::Not, Why::FileNotInSystemStore),
        (here[0].clone(), token(r"C:\d.dll"), Sight::Not, Why::TokenNotInSystemStore),
        (here[1].clone(), store(None), Sight::WhenTold, Why::WindowsMy),
        (here[1].clone(), file.clone(), Sight::WhenTold, Why::ReadsFile),
        (here[2].clone(), store(None), Sight::WhenTold, Why::ByThumbprint),
        (here[2].clone(), file, Sight::WhenTold, Why::ReadsFile),
        (firefox(true), store(None), Sight::Sees, Why::FromSystemStore),
        (firefox(false), store(None), Sight::Not, Why::SystemStoreOff),
        (program(Kind::Thunderbird, "", &[]), store(None), Sight::Not, Why::OtherStore),
    ]
    .into_iter()
    .enumerate()
    {
        let around = Around { programs: vec![program], windows: true, ..Around::default() };
        let row = &super::rows(&around, &place)[0];
        assert_eq!((row.sight, row.why), (sight, why), "row {at}");
    }
    let profile = root.path();
    assert!(windows::uses_the_store(profile));
    fs::write(profile.join("prefs.js"), "user_pref(\"security.osclientcerts.autoload\", false);\n").unwrap();
    assert!(!windows::uses_the_store(profile));
}

#[test]
fn signing_tools_follow_firefox() {
    for (modules, why) in [(&["/d.so"][..], Why::AsFirefox), (&[], Why::AsFirefoxNot)] {
        let programs = vec![program(Kind::Follower, "", &[]), program(Kind::Firefox, "/f", modules)];
        let rows = rows(&Around { programs, ..Around::default() }, &token("/d.so"));
        let follower = rows.iter().find(|row| row.program.kind == Kind::Follower).unwrap();
        assert_eq!(follower.why, why);
    }
}

#[test]
fn javas_configuration_is_read() {
    let security =
        "# x\nsecurity.provider.1=SUN\nsecurity.provider.13=SunPKCS11 /etc/p.cfg\nsecurity.provider.14=SunPKCS11\n";
    assert_eq!(facts::configurations(security), ["/etc/p.cfg"]);
    assert_eq!(facts::library("name = A\nlibrary = \"/d.so\"\n").as_deref(), Some("/d.so"));
    assert_eq!(facts::library("name = A\n"), None);
}

/// Databases and drivers made by NSS's own tools, and a configuration of p11-kit, in a home of their own.
#[cfg(target_os = "linux")]
mod real {
    use super::*;

    fn nss(program: &str, arguments: &[&str]) {
        let out = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(out.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn database(home: &std::path::Path, folder: &str, driver: Option<&str>) -> String {
        let folder = home.join(folder);
        fs::create_dir_all(&folder).unwrap();
        let named = format!("sql:{}", folder.display());
        nss("certutil", &["-N", "-d", &named, "--empty-password"]);
        if let Some(driver) = driver {
            nss("modutil", &["-force", "-dbdir", &named, "-add", "x", "-libfile", driver]);
        }
        folder.display().to_string()
    }

    fn why(home: &std::path::Path, place: &Place, kind: Kind, packaging: &str) -> Why {
        let roots = Roots { root: None, home: Some(home.to_owned()), variables: [].into() };
        let rows = look(&roots, place);
        let of = |row: &&Row| row.program.kind == kind && row.program.packaging == packaging;
        rows.iter().find(of).unwrap_or_else(|| panic!("no {kind:?} in {rows:#?}")).why
    }

    #[test]
    fn databases_and_drivers() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        database(home, ".pki/nssdb", Some(SOFT));
        let profile = database(home, ".mozilla/firefox/a.default", None);
        database(home, "snap/chromium/current/.pki/nssdb", None);
        assert_eq!(why(home, &token(SOFT), Kind::Chromium, ""), Why::DriverListed);
        assert_eq!(why(home, &token("/elsewhere.so"), Kind::Chromium, ""), Why::DriverNotListed);
        assert_eq!(why(home, &token(SOFT), Kind::Chromium, "snap"), Why::Sandboxed);
        assert_eq!(why(home, &token(SOFT), Kind::Firefox, ""), Why::DriverNotListed);
        assert_eq!(why(home, &store(Some(&profile)), Kind::Firefox, ""), Why::OwnStore);
        assert_eq!(why(home, &store(None), Kind::Firefox, ""), Why::OtherStore);
        assert_eq!(why(home, &store(None), Kind::Chromium, ""), Why::OwnStore);
    }

    #[test]
    fn drivers_of_p11_kit() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let proxy = format!("/usr/lib/{}-linux-gnu/p11-kit-proxy.so", std::env::consts::ARCH);
        database(home, ".pki/nssdb", None);
        let list = home.join(".pki/nssdb/pkcs11.txt");
        let known = fs::read_to_string(&list).unwrap();
        fs::write(&list, format!("{known}library={proxy}\nname=p11-kit-proxy\n")).unwrap();
        let modules = home.join(".config/pkcs11/modules");
        fs::create_dir_all(&modules).unwrap();
        fs::write(modules.join("soft.module"), format!("module: {SOFT}\n")).unwrap();
        assert_eq!(why(home, &token(SOFT), Kind::Chromium, ""), Why::DriverByP11Kit);
        assert_eq!(why(home, &token("/elsewhere.so"), Kind::Chromium, ""), Why::DriverNotListed);
    }
}
