//! Which programs see a certificate, in words.

use super::{Language, program_name};
use crate::{
    model::ProgramSight,
    programs::{Row, Why},
};

/// A row of the table.
pub(crate) fn in_words(row: &Row, language: Language) -> ProgramSight {
    let (why, to_do) = if language == Language::ZhCn { zh_cn(row.why) } else { en(row.why) };
    let program = &row.program;
    let fill = |text: &str| text.replace("{what}", &row.what);
    let todo = Some(to_do).filter(|text| !text.is_empty()).map(fill);
    ProgramSight {
        program: program_name(&program.name, &program.packaging, program.profile.as_deref(), language),
        sight: row.sight,
        why: fill(why),
        to_do: todo,
        register: row.register.clone(),
    }
}

fn en(why: Why) -> (&'static str, &'static str) {
    match why {
        Why::DriverListed => ("The driver of the USB key is in its list.", ""),
        Why::DriverByP11Kit => ("It gets the driver of the USB key from p11-kit.", ""),
        Why::DriverNotListed => (
            "The driver of the USB key is not in its list.",
            "Put the driver into its list: “chopmark drivers register {what}”. Then start the program anew.",
        ),
        Why::Sandboxed => (
            "It runs in a sandbox and cannot load drivers of this system.",
            "Use the edition that is installed in the usual way, or put the certificate into its own store.",
        ),
        Why::OwnStore => ("The certificate lies in the store that it uses.", ""),
        Why::OtherStore => (
            "The certificate lies in the store of another program.",
            "Get a certificate for its own store, or back the certificate up in that program and import it here.",
        ),
        Why::FileNotImported => {
            ("It does not look into files.", "Import the file in its settings, under certificates: {what}")
        }
        Why::MacKeychain => ("It uses the keychains of this Mac, and cards that macOS shows.", ""),
        Why::WantsTokenExtension => (
            "It uses no PKCS#11 drivers, only what macOS itself shows of USB keys.",
            "Install the extension for macOS (CryptoTokenKit) of the key's maker.",
        ),
        Why::WantsPkcs12 => (
            "It takes PKCS#12 files only, and this one is PEM.",
            "Export the certificate with its key as PKCS#12 and use that file.",
        ),
        Why::ReadsFile => ("It reads the file when it is named, and asks for its password.", "Name the file: {what}"),
        Why::DriverConfigured => ("Its configuration names the driver of the USB key.", ""),
        Why::DriverNotConfigured => (
            "Its configuration (java.security) does not name the driver of the USB key.",
            "Add a provider SunPKCS11 with this library: {what}",
        ),
        Why::Pkcs11Address => (
            "It uses the USB key when the certificate's “pkcs11:” address is named.",
            "Name the place shown above as certificate and as key.",
        ),
        Why::NoPkcs11Module => (
            "It has nothing with which to use a USB key.",
            "Install libengine-pkcs11-openssl, or pkcs11-provider where there is one.",
        ),
        Why::ReadsNoStore => (
            "It does not look into the stores of browsers.",
            "Back the certificate up to a file in the browser, and name that file.",
        ),
        Why::AsFirefox => ("It uses what the first profile of Firefox sees.", ""),
        Why::AsFirefoxNot => (
            "It uses what the first profile of Firefox sees, and that does not see it.",
            "See to Firefox first; this program then follows.",
        ),
        Why::NoFirefox => {
            ("It uses certificates of a Firefox profile, and there is none.", "Start Firefox once, then look again.")
        }
        Why::SystemStore => ("The certificate lies in Windows' store, which it uses.", ""),
        Why::FileNotInSystemStore => (
            "It uses Windows' store and does not look into files.",
            "Bring the file there: “chopmark import {what} --place computer”.",
        ),
        Why::TokenNotInSystemStore => (
            "It uses Windows' store, and a PKCS#11 driver puts nothing there.",
            "If the maker's software has a CSP or KSP, get the certificate through that; it then lies in Windows' store.",
        ),
        Why::FromSystemStore => ("It takes certificates for logging in out of Windows' store.", ""),
        Why::SystemStoreOff => (
            "It was told not to look into Windows' store.",
            "Set security.osclientcerts.autoload to true in about:config.",
        ),
        Why::WindowsMy => ("It reads Windows' store when that is named.", "Name the key store “Windows-MY”."),
        Why::ByThumbprint => (
            "It takes a certificate of Windows' store when that is named.",
            "Name it by its SHA-1 thumbprint: “--cert CurrentUser\\MY\\THUMBPRINT”.",
        ),
    }
}

fn zh_cn(why: Why) -> (&'static str, &'static str) {
    match why {
        Why::DriverListed => ("USB Key 的驱动已在该程序的列表中。", ""),
        Why::DriverByP11Kit => ("该程序通过 p11-kit 使用 USB Key 的驱动。", ""),
        Why::DriverNotListed => (
            "USB Key 的驱动不在该程序的列表中。",
            "请把驱动加入列表：“chopmark drivers register {what}”，然后重新启动该程序。",
        ),
        Why::Sandboxed => (
            "该程序在沙盒中运行，无法加载本系统的驱动。",
            "请改用常规方式安装的版本，或把证书办理到该程序自己的证书库中。",
        ),
        Why::OwnStore => ("证书就在该程序使用的证书库中。", ""),
        Why::OtherStore => {
            ("证书在另一个程序的证书库中。", "请为该程序的证书库另行办理证书，或在原程序中备份证书后导入此处。")
        }
        Why::FileNotImported => ("该程序不会自行读取文件。", "请在其设置的“证书”中导入文件：{what}"),
        Why::MacKeychain => ("该程序使用这台 Mac 的钥匙串，以及 macOS 识别到的卡。", ""),
        Why::WantsTokenExtension => (
            "该程序不使用 PKCS#11 驱动，只使用 macOS 自己识别到的 USB Key。",
            "请安装该 USB Key 厂商提供的 macOS 扩展（CryptoTokenKit）。",
        ),
        Why::WantsPkcs12 => {
            ("该程序只接受 PKCS#12 文件，而此文件是 PEM 格式。", "请把证书连同私钥导出为 PKCS#12 文件，改用该文件。")
        }
        Why::ReadsFile => ("指定文件后即可使用，使用时会要求输入文件口令。", "请指定文件：{what}"),
        Why::DriverConfigured => ("其配置中已有 USB Key 的驱动。", ""),
        Why::DriverNotConfigured => {
            ("其配置（java.security）中没有 USB Key 的驱动。", "请添加 SunPKCS11 提供程序，库文件为：{what}")
        }
        Why::Pkcs11Address => ("指定证书的“pkcs11:”地址后，即可使用 USB Key。", "证书和私钥都填写上面显示的位置。"),
        Why::NoPkcs11Module => (
            "缺少使用 USB Key 所需的组件。",
            "请安装 libengine-pkcs11-openssl；有 pkcs11-provider 的系统也可安装后者。",
        ),
        Why::ReadsNoStore => ("该程序不读取浏览器的证书库。", "请在浏览器中把证书备份为文件，再指定该文件。"),
        Why::AsFirefox => ("该程序使用 Firefox 第一个配置文件中的证书。", ""),
        Why::AsFirefoxNot => (
            "该程序使用 Firefox 第一个配置文件中的证书，而那里看不到此证书。",
            "请先处理 Firefox，该程序随后即可使用。",
        ),
        Why::NoFirefox => ("该程序使用 Firefox 配置文件中的证书，但本机没有。", "请先启动一次 Firefox，再重新查看。"),
        Why::SystemStore => ("证书在 Windows 证书库中，该程序可直接使用。", ""),
        Why::FileNotInSystemStore => (
            "该程序使用 Windows 证书库，不会自行读取文件。",
            "请把文件导入证书库：“chopmark import {what} --place computer”。",
        ),
        Why::TokenNotInSystemStore => (
            "该程序使用 Windows 证书库，而 PKCS#11 驱动不会把证书放入其中。",
            "如果厂商软件带有 CSP 或 KSP，请通过它办理证书，证书便会进入 Windows 证书库。",
        ),
        Why::FromSystemStore => ("该程序会从 Windows 证书库中读取登录用的证书。", ""),
        Why::SystemStoreOff => (
            "该程序已被设为不读取 Windows 证书库。",
            "请在 about:config 中把 security.osclientcerts.autoload 设为 true。",
        ),
        Why::WindowsMy => ("指定后即可读取 Windows 证书库。", "请把密钥库指定为“Windows-MY”。"),
        Why::ByThumbprint => {
            ("指定后即可使用 Windows 证书库中的证书。", "请用 SHA-1 指纹指定：“--cert CurrentUser\\MY\\指纹”。")
        }
    }
}
