//! Linux.

use std::path::PathBuf;

use crate::drivers::{Roots, catalogue::Entry};

/// The entry's files as they stand in the catalogue.
pub(in crate::drivers) fn files(entry: &Entry) -> &[String] {
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::drivers::installed_in;
    use std::{fs, os::unix::fs::symlink};

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

        let roots = Roots { root: Some(root.to_owned()), home: Some(root.join("home")), variables: Default::default() };
        let found = installed_in(&roots);
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
                "opt/vendor/lib/libcastle_v2.so.1.0.0 known-path Feitian ePass2003 / HyperPKI HYP2003",
                "opt/watchdata/lib64/libwdpkcs.so known-path Watchdata WatchKey (Brazil)",
                "usr/lib/ARCH-linux-gnu/libykcs11.so.2 known-path YubiKey PIV (YKCS11)",
                "usr/lib/ARCH-linux-gnu/pkcs11/opensc-pkcs11.so known-path OpenSC",
                "usr/lib/ARCH-linux-gnu/pkcs11/other.so p11-kit -",
                "srv/own.so p11-kit -",
            ]
        );
        assert!(installed_in(&Roots { root: Some(root.join("empty")), ..Roots::default() }).is_empty());
    }
}
