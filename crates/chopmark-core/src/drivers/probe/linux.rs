//! Linux.

use std::path::{Path, PathBuf};

use crate::{
    drivers::{
        Roots,
        browsers::{Database, FIREFOX, Lists, THUNDERBIRD, profiles},
        catalogue::{Entry, ModuleFile},
        facts::UsbDevice,
    },
    error::{Code, Error, Result},
};

/// The entry's files as they stand in the catalogue.
pub(in crate::drivers) fn files(entry: &Entry) -> &[ModuleFile] {
    &entry.linux
}

/// Library folders, the most special first: Debian's, Fedora's and SUSE's, Arch's and the vendors', then what people built.
pub(in crate::drivers) fn folders(roots: &Roots) -> Vec<PathBuf> {
    let triplet = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let fixed = [
        format!("{triplet}/pkcs11"),
        triplet,
        "/usr/lib64/pkcs11".into(),
        "/usr/lib64".into(),
        "/usr/lib/pkcs11".into(),
        "/usr/lib".into(),
        "/usr/local/lib64".into(),
        "/usr/local/lib".into(),
    ];
    let mut folders: Vec<PathBuf> = fixed.iter().map(|folder| roots.path(folder)).collect();
    // Vendors' packages: `/opt/<vendor>/lib`.
    let vendors = std::fs::read_dir(roots.path("/opt")).into_iter().flatten().flatten();
    let mut vendors: Vec<PathBuf> = vendors.map(|vendor| vendor.path().join("lib")).collect();
    vendors.sort();
    folders.append(&mut vendors);
    folders
}

/// p11-kit's module configuration: of packages, of the administrator, of the user. A later one overrides an earlier one.
pub(in crate::drivers) fn p11_kit_folders(roots: &Roots) -> Vec<PathBuf> {
    let mut folders = vec![roots.path("/usr/share/p11-kit/modules"), roots.path("/etc/pkcs11/modules")];
    folders.extend(roots.home.as_ref().map(|home| home.join(".config/pkcs11/modules")));
    folders
}

/// Where the administrator adds to the catalogue.
pub(in crate::drivers) fn additions(roots: &Roots) -> Option<PathBuf> {
    Some(roots.path("/etc/chopmark/drivers.d"))
}

/// Homes in which Chromium has a database: the person's own, which its kin share, and those of sandboxes.
const SHARED: [(&str, &str); 3] =
    [("", ""), ("snap/chromium/current", "snap"), (".var/app/org.chromium.Chromium", "flatpak")];

/// Folders of profiles. Firefox keeps new ones in the XDG folder since version 147.
const PROFILES: [(&str, &str, &str); 9] = [
    (".mozilla/firefox", FIREFOX, ""),
    (".config/mozilla/firefox", FIREFOX, ""),
    ("snap/firefox/common/.mozilla/firefox", FIREFOX, "snap"),
    (".var/app/org.mozilla.firefox/.mozilla/firefox", FIREFOX, "flatpak"),
    (".var/app/org.mozilla.firefox/config/mozilla/firefox", FIREFOX, "flatpak"),
    (".thunderbird", THUNDERBIRD, ""),
    ("snap/thunderbird/common/.thunderbird", THUNDERBIRD, "snap"),
    (".var/app/org.mozilla.Thunderbird/.thunderbird", THUNDERBIRD, "flatpak"),
    (".var/app/org.mozilla.thunderbird/.thunderbird", THUNDERBIRD, "flatpak"),
];

/// Browsers' lists: of the system, and of the person, also where snap and flatpak keep homes of their own.
pub(in crate::drivers) fn browser_lists(roots: &Roots) -> Lists {
    let manifests = ["/usr/lib/mozilla", "/usr/lib64/mozilla", "/usr/share/mozilla"];
    let mut lists = Lists {
        manifests: manifests.iter().map(|folder| roots.path(folder).join("pkcs11-modules")).collect(),
        policies: vec![roots.path("/etc/firefox/policies/policies.json")],
        ..Lists::default()
    };
    let Some(home) = &roots.home else { return lists };
    lists.manifests.push(home.join(".mozilla/pkcs11-modules"));
    for (its, packaging) in SHARED {
        lists.databases.push(Database::shared(home.join(its).join(".pki/nssdb"), packaging));
    }
    for (folder, program, packaging) in PROFILES {
        lists.databases.append(&mut profiles(&home.join(folder), program, packaging));
    }
    lists
}

/// Name and version.
pub(crate) fn system_version(roots: &Roots) -> String {
    let text = std::fs::read_to_string(roots.path("/etc/os-release")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    value.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
}

/// The sandbox that we run in.
pub(crate) fn sandbox(roots: &Roots) -> String {
    let is = |file: &str| roots.path(file).exists();
    let word = match () {
        () if roots.variables.contains_key("snap_name") => "snap",
        () if is("/.flatpak-info") => "flatpak",
        () if is("/run/.containerenv") || is("/.dockerenv") => "container",
        () => "",
    };
    word.to_owned()
}

/// There is no such setting here.
pub(crate) fn capi_override() -> Result<Option<u32>> {
    Ok(None)
}

/// There is no such setting here.
pub(crate) fn set_capi_override(_: Option<u32>) -> Result<()> {
    Err(Error::new(Code::NoSuchFix, "changing a setting of Windows"))
}

/// Class of a smart card reader (USB CCID).
const CCID: &str = "0b";

/// What the kernel tells about USB devices: everybody may read it.
pub(in crate::drivers) fn usb(roots: &Roots) -> Vec<UsbDevice> {
    let folder = roots.path("/sys/bus/usb/devices");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    // `1-4` is a device, `1-4:1.0` an interface of it.
    let device = |name: &String| {
        let (vid, pid) = (attribute(&folder, name, "idVendor"), attribute(&folder, name, "idProduct"));
        let interfaces =
            names.iter().filter(|other| other.strip_prefix(name.as_str()).is_some_and(|s| s.starts_with(':')));
        let ccid = interfaces.clone().any(|its| attribute(&folder, its, "bInterfaceClass").as_deref() == Some(CCID));
        Some(UsbDevice {
            vid: vid?,
            pid: pid?,
            manufacturer: attribute(&folder, name, "manufacturer").unwrap_or_default(),
            product: attribute(&folder, name, "product").unwrap_or_default(),
            ccid,
        })
    };
    names.iter().filter(|name| !name.contains(':')).filter_map(device).collect()
}

/// What the device says of itself is as long as it likes and any bytes.
fn attribute(folder: &Path, device: &str, name: &str) -> Option<String> {
    let bytes = std::fs::read(folder.join(device).join(name)).ok()?;
    let text: String = String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).take(200).collect();
    Some(text.trim().to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::drivers::Machine;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn lists_usb_devices() {
        let machine = tempfile::tempdir().unwrap();
        let folder = machine.path().join("sys/bus/usb/devices");
        type Attributes = &'static [(&'static str, &'static [u8])];
        let files: &[(&str, Attributes)] = &[
            ("usb1", &[("idVendor", b"1d6b\n"), ("idProduct", b"0002\n"), ("product", b"Root hub\n")]),
            ("1-1", &[("idVendor", b"1050\n"), ("idProduct", b"0407\n"), ("product", b"YubiKey\xff\n")]),
            ("1-1:1.0", &[("bInterfaceClass", b"03\n")]),
            ("1-1:1.1", &[("bInterfaceClass", b"0b\n")]),
            ("1-10", &[("idVendor", b"096e\n"), ("idProduct", b"ffff\n")]),
            ("1-10:1.0", &[("bInterfaceClass", b"03\n")]),
            ("1-2", &[("idVendor", b"04f2\n")]),
        ];
        for (device, attributes) in files {
            fs::create_dir_all(folder.join(device)).unwrap();
            attributes.iter().for_each(|(name, value)| fs::write(folder.join(device).join(name), value).unwrap());
        }
        let roots = Roots { root: Some(machine.path().to_owned()), ..Roots::default() };
        let shown = |devices: &[UsbDevice]| {
            let one = |usb: &UsbDevice| format!("{}:{} {} {}", usb.vid, usb.pid, usb.product, usb.ccid);
            devices.iter().map(one).collect::<Vec<_>>()
        };
        let all = ["1050:0407 YubiKey\u{fffd} true", "096e:ffff  false", "1d6b:0002 Root hub false"];
        assert_eq!(shown(&usb(&roots)), all);
        // A key, and something of a maker of keys; the hub is nothing to us.
        assert_eq!(shown(&Machine { roots, ..Machine::default() }.usb()), all[..2]);
        assert!(usb(&Roots { root: Some(machine.path().join("none")), ..Roots::default() }).is_empty());
    }

    #[test]
    fn finds_what_is_installed() {
        let machine = tempfile::tempdir().unwrap();
        let root = machine.path();
        let lib = root.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
        let write = |path: PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(lib.join("libykcs11.so.2.2.0"), "");
        symlink("libykcs11.so.2.2.0", lib.join("libykcs11.so.2")).unwrap();
        symlink("libykcs11.so.2.2.0", lib.join("libykcs11.so")).unwrap();
        write(lib.join("pkcs11/opensc-pkcs11.so"), "");
        symlink("pkcs11/opensc-pkcs11.so", lib.join("opensc-pkcs11.so")).unwrap();
        write(lib.join("pkcs11/other.so"), "");
        write(lib.join("pkcs11/p11-kit-trust.so"), "");
        write(root.join("opt/watchdata/lib64/libwdpkcs.so"), "");
        write(root.join("opt/vendor/lib/libcastle_v2.so.1.0.0"), "");
        write(root.join("srv/own.so"), "");
        symlink("nowhere", lib.join("libeToken.so")).unwrap();
        let packages = root.join("usr/share/p11-kit/modules");
        write(packages.join("opensc.module"), "module: opensc-pkcs11.so");
        write(packages.join("other.module"), "module: other.so");
        write(packages.join("trust.module"), "module: p11-kit-trust.so\ntrust-policy: yes");
        write(root.join("etc/pkcs11/modules/gone.module"), "module: gone.so");
        write(root.join("home/.config/pkcs11/modules/own.module"), "module: /srv/own.so");
        write(lib.join("libsoftokn3.so"), "");
        write(root.join("home/.pki/nssdb/pkcs11.txt"), "library=\nname=NSS\n\nlibrary=/srv/browser.so\nname=b");
        write(root.join("home/.mozilla/firefox/x.default/pkcs11.txt"), "library=/srv/own.so\nlibrary=/srv/fox.so");
        write(root.join("home/.mozilla/firefox/y/prefs.js"), "");
        write(root.join("usr/lib/mozilla/pkcs11-modules/m.json"), r#"{"type":"pkcs11","path":"/srv/manifest.so"}"#);
        for name in ["browser", "fox", "manifest", "variable"] {
            write(root.join(format!("srv/{name}.so")), "");
        }
        write(lib.join("p11-kit-proxy.so"), "");
        write(root.join("usr/lib/libneoidp11.so"), "");

        let variables = [("pkcs11_module_path".to_owned(), "/srv/variable.so".to_owned())].into();
        let roots = Roots { root: Some(root.to_owned()), home: Some(root.join("home")), variables };
        let found = Machine { roots: roots.clone(), ..Machine::default() }.installed();
        let words: Vec<String> = found
            .iter()
            .map(|driver| {
                let path = driver.path.strip_prefix(root).unwrap().display();
                format!("{path} {} {}", driver.origin.word(), driver.name.as_deref().unwrap_or("-"))
                    .replace(std::env::consts::ARCH, "ARCH")
            })
            .collect();
        assert_eq!(
            words,
            [
                "opt/vendor/lib/libcastle_v2.so.1.0.0 known-path Feitian ePass2003",
                "opt/watchdata/lib64/libwdpkcs.so known-path Watchdata WatchKey (Brazil)",
                "usr/lib/ARCH-linux-gnu/libykcs11.so.2 known-path YubiKey PIV (YKCS11)",
                "usr/lib/libneoidp11.so known-path Brazilian cloud certificates (BirdID, NeoID, DesktopID)",
                "usr/lib/ARCH-linux-gnu/pkcs11/opensc-pkcs11.so known-path OpenSC",
                "usr/lib/ARCH-linux-gnu/pkcs11/other.so p11-kit -",
                "srv/own.so p11-kit -",
                "srv/browser.so browser -",
                "srv/fox.so browser -",
                "srv/manifest.so browser -",
                "srv/variable.so environment -",
            ]
        );
        assert!(found.iter().any(|driver| driver.not_asked));
        let nss = Machine { roots, ..Machine::default() }.nss(Path::new("/home/o'neil/db"), "readOnly").unwrap();
        assert!(nss.path.ends_with("libsoftokn3.so"));
        let parameters = nss.parameters.unwrap();
        assert!(parameters.starts_with(r"configdir='sql:/home/o\'neil/db' ") && parameters.ends_with("flags=readOnly"));
        let empty = Roots { root: Some(root.join("empty")), ..Roots::default() };
        assert!(Machine { roots: empty, ..Machine::default() }.installed().is_empty());
    }
}
