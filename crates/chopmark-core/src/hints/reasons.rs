//! Why a driver stands where it does in the order for a token.

use super::Language;

/// What a sentence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Remembered,
    OwnDevice,
    OwnCard,
    OwnToken,
    OwnReader,
    Sees,
    Generic,
    SoftwareToken,
    OnlyReads,
    NotYetAsked,
    AskedWhenNamed,
    Blind,
    BlindPerhaps,
    SeesNothing,
    AnotherMakers,
    OnDisk,
    Shut,
    NoSha256,
    NotInstalled,
    NotInstalledPerhaps,
    NoneForSystem,
    NoneForSystemPerhaps,
}

/// The sentence; `{device}`, `{driver}`, `{token}`, `{reader}` and `{maker}` are filled in.
pub(super) fn words(reason: Reason, language: Language) -> &'static str {
    let (en, zh) = both(reason);
    match language {
        Language::En => en,
        Language::ZhCn => zh,
    }
}

fn both(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Remembered => ("You chose this driver for this key.", "这是您为此 USB Key 选定的驱动。"),
        Reason::OwnDevice => (
            "This key says it is a {device}; its driver is installed.",
            "此 USB Key 自称是 {device}，对应的驱动已安装。",
        ),
        Reason::OwnCard => {
            ("The card is known as {device}; this is its driver.", "该卡被识别为 {device}，这就是它的驱动。")
        }
        Reason::OwnToken => {
            ("The token says it is a {token}; this is its driver.", "令牌自称是 {token}，这就是它的驱动。")
        }
        Reason::OwnReader => {
            ("The key shows itself as “{reader}”; this is its driver.", "此 USB Key 显示为“{reader}”，这就是它的驱动。")
        }
        Reason::Sees => ("This driver sees the key.", "此驱动能识别该 USB Key。"),
        Reason::Generic => {
            ("Works with keys of many makers and sees this one.", "通用驱动，支持多家厂商的 USB Key，也能识别这一个。")
        }
        Reason::SoftwareToken => ("Keeps its keys in files on this computer.", "其密钥保存在本机的文件中。"),
        Reason::OnlyReads => {
            ("Sees the key, but cannot make new keys on it.", "能识别该 USB Key，但无法在其中生成新密钥。")
        }
        Reason::NotYetAsked => ("Has not answered yet.", "尚未应答。"),
        Reason::AskedWhenNamed => (
            "Is asked only when you choose it: it may open windows or go online.",
            "仅在您选中它时才会启动：它可能会弹出窗口或联网。",
        ),
        Reason::Blind => ("Is the driver for {device}, but does not see it.", "这是 {device} 的驱动，但没有识别到它。"),
        Reason::BlindPerhaps => ("Perhaps for {device}, but does not see it.", "可能适用于 {device}，但没有识别到它。"),
        Reason::SeesNothing => ("Does not see this key.", "没有识别到此 USB Key。"),
        Reason::AnotherMakers => ("Is for keys of another maker: {maker}.", "适用于另一家厂商的 USB Key：{maker}。"),
        Reason::OnDisk => ("Keeps keys elsewhere than on this key.", "它不会把密钥存入此 USB Key。"),
        Reason::Shut => ("Windows lists it, but it does not open.", "Windows 列出了它，但无法打开。"),
        Reason::NoSha256 => (
            "Cannot sign with SHA-256, which nearly every CA asks for.",
            "不支持 SHA-256 签名，而几乎所有 CA 都要求它。",
        ),
        Reason::NotInstalled => {
            ("Is the driver for {device}; it is not installed here.", "这是 {device} 的驱动，但本机尚未安装。")
        }
        Reason::NotInstalledPerhaps => (
            "Perhaps the driver for {device}: nobody states it. It is not installed here.",
            "可能是 {device} 的驱动（未经证实），本机尚未安装。",
        ),
        Reason::NoneForSystem => (
            "Is what {device} needs; no driver for this system is known.",
            "{device} 需要它，但目前没有已知的适用于本系统的驱动。",
        ),
        Reason::NoneForSystemPerhaps => (
            "Perhaps what {device} needs: nobody states it. No driver for this system is known.",
            "{device} 可能需要它（未经证实），且没有已知的适用于本系统的驱动。",
        ),
    }
}
