//! Where this system keeps drivers. The only place of the driver check that knows the operating system (invariant 9); the
//! three tables themselves are plain functions, so that one machine can test them all.

#[cfg(any(target_os = "linux", test))]
mod linux;
#[cfg(any(target_os = "macos", test))]
mod macos;
#[cfg(any(target_os = "windows", test))]
mod windows;

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
compile_error!("no table of driver paths for this system");

#[cfg(target_os = "linux")]
pub(super) use linux::{additions, browser_lists, files, folders, p11_kit_folders, usb};
#[cfg(target_os = "linux")]
pub(crate) use linux::{capi_override, sandbox, set_capi_override, system_version};
#[cfg(target_os = "macos")]
pub(super) use macos::{additions, browser_lists, files, folders, p11_kit_folders};
#[cfg(target_os = "macos")]
pub(crate) use macos::{capi_override, sandbox, set_capi_override, system_version};
#[cfg(target_os = "windows")]
pub(super) use windows::{additions, browser_lists, files, folders, p11_kit_folders};
#[cfg(target_os = "windows")]
pub(crate) use windows::{capi_override, sandbox, set_capi_override, system_version};

/// What the system tells about USB devices.
#[cfg(not(target_os = "linux"))]
pub(super) fn usb(_: &super::Roots) -> Vec<super::facts::UsbDevice> {
    use nusb::MaybeFuture;

    let text = |text: Option<&str>| {
        let plain = text.unwrap_or_default().chars().filter(|c| !c.is_control());
        plain.take(200).collect::<String>().trim().to_owned()
    };
    let device = |device: nusb::DeviceInfo| super::facts::UsbDevice {
        vid: format!("{:04x}", device.vendor_id()),
        pid: format!("{:04x}", device.product_id()),
        manufacturer: text(device.manufacturer_string()),
        product: text(device.product_string()),
        ccid: device.interfaces().any(|interface| interface.class() == 0x0b),
    };
    nusb::list_devices().wait().into_iter().flatten().map(device).collect()
}

/// Windows keeps keys behind CSPs and KSPs; the other systems know no such thing.
pub(crate) const HAS_PROVIDERS: bool = cfg!(target_os = "windows");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::{Roots, catalogue::Catalogue};

    /// Whichever machine runs this: all three tables.
    #[test]
    fn every_system_has_its_table() {
        let variables = [("systemroot", r"C:\Windows"), ("programdata", r"C:\ProgramData"), ("appdata", r"C:\A")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let roots = Roots { root: None, home: Some("/home/a".into()), variables };
        assert!(linux::folders(&roots).contains(&"/usr/lib64/pkcs11".into()));
        assert!(linux::p11_kit_folders(&roots).ends_with(&["/home/a/.config/pkcs11/modules".into()]));
        assert!(macos::folders(&roots).contains(&"/Library/OpenSC/lib".into()));
        assert!(macos::p11_kit_folders(&roots).ends_with(&["/home/a/.config/pkcs11/modules".into()]));
        assert_eq!(windows::folders(&roots), [std::path::PathBuf::from(r"C:\Windows\System32")]);
        assert!(windows::p11_kit_folders(&roots).is_empty());
        let folders = [linux::additions(&roots), macos::additions(&roots), windows::additions(&roots)];
        let ends = [
            "/etc/chopmark/drivers.d",
            "/Library/Application Support/Chopmark/drivers.d",
            r"C:\ProgramData\Chopmark\drivers.d",
        ];
        assert_eq!(folders, ends.map(|end| Some(end.into())));
        for (lists, count) in
            [(linux::browser_lists(&roots), 3), (macos::browser_lists(&roots), 0), (windows::browser_lists(&roots), 0)]
        {
            // Those in folders of profiles are listed when they are there.
            assert_eq!(lists.databases.len(), count, "{lists:?}");
        }
        let catalogue = Catalogue::built_in();
        let opensc = catalogue.driver("opensc").unwrap();
        for files in [linux::files(opensc), macos::files(opensc), windows::files(opensc)] {
            assert!(files.iter().all(|file| file.file.contains("opensc-pkcs11.")), "{files:?}");
        }
    }
}
