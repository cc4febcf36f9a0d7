//! What a CSP or KSP is, in a few words.

use super::Language;
use crate::drivers::{
    catalogue::{Catalogue, Entry, Kind},
    facts::{Binding, Provider},
};

/// By what it said, and by what the catalogue knows of it.
pub(crate) fn about(provider: &Provider, catalogue: &Catalogue, language: Language) -> String {
    let owners: Vec<&Entry> = catalogue.of_provider(&provider.name).collect();
    let is = |kinds: &[Kind]| owners.iter().any(|owner| kinds.contains(&owner.kind));
    let (en, zh_cn) = match () {
        () if !provider.opens => ("does not open", "无法打开"),
        () if provider.token => ("a card or USB key is behind it", "已连接智能卡或 USB Key"),
        () if is(&[Kind::Software, Kind::SystemSoftware]) => ("keys on this computer's disk", "密钥存于本机磁盘"),
        () if is(&[Kind::Tpm]) => ("keys in this computer's TPM, which end with it", "密钥存于本机 TPM，随本机失效"),
        () if is(&[Kind::UsbToken, Kind::SmartCard, Kind::Middleware, Kind::SystemCards]) => {
            ("for cards and USB keys; none with a key is there now", "用于智能卡和 USB Key，目前没有可用的")
        }
        () if is(&[Kind::Hsm, Kind::Cloud]) => ("keys in a device elsewhere", "密钥存于其他设备"),
        () => ("not known to Chopmark", "未知提供程序"),
    };
    if language == Language::ZhCn { zh_cn.to_owned() } else { en.to_owned() }
}

/// Windows' own for cards tell of no token until a key lies on it; a key can be made on one all the same.
pub(crate) fn is_usable(provider: &Provider) -> bool {
    provider.opens && provider.sha256 != Some(false)
}

/// What a certificate says about its key, in a sentence.
pub(crate) fn binding(bound: &Binding, language: Language) -> String {
    let named = !bound.provider.is_empty();
    let (en, zh_cn) = match (named, bound.opens == Some(true), bound.found_in.is_empty()) {
        (_, true, _) => ("The key is there, and is this certificate's.", "密钥就在其中，且与此证书相符。"),
        (true, _, true) => {
            ("The key is not there, and no other provider has it.", "其中没有该密钥，其他提供程序中也没有。")
        }
        (true, _, false) => (
            "The key is not there; {found} has it. The check-up mends that.",
            "其中没有该密钥，密钥在 {found} 中。检查可修复此问题。",
        ),
        (false, _, true) => (
            "The certificate names no key, and no provider has it.",
            "证书没有指明密钥，也没有任何提供程序存有该密钥。",
        ),
        (false, _, false) => (
            "The certificate names no key; {found} has it. The check-up mends that.",
            "证书没有指明密钥，密钥在 {found} 中。检查可修复此问题。",
        ),
    };
    if language == Language::ZhCn { zh_cn } else { en }.replace("{found}", &bound.found_in)
}
