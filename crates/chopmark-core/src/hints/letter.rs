//! The words of our own letter, and what to do with a letter.

use super::Language;
use crate::model::LetterForm;

/// A letter in one language.
pub(crate) struct Text {
    /// Its headline.
    pub(crate) head: &'static str,
    /// What is confirmed.
    pub(crate) says: &'static str,
    /// What is known of the order: key and label.
    pub(crate) rows: &'static [(&'static str, &'static str)],
    /// Over the area for the signature.
    pub(crate) signature: &'static str,
    /// Over the area for the stamp.
    pub(crate) stamp: &'static str,
}

impl Text {
    /// All that is written in it.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &'static str> + use<> {
        let fixed = [self.head, self.says, self.signature, self.stamp];
        fixed.into_iter().chain(self.rows.iter().map(|(_, label)| *label))
    }
}

const ROWS_EN: &[(&str, &str)] = &[
    ("company", "Organisation: "),
    ("company-code", "Registration number: "),
    ("division", "Department: "),
    ("address", "Address: "),
    ("city", "City: "),
    ("region", "Province: "),
    ("postal-code", "Postal code: "),
    ("country", "Country: "),
    ("company-phone", "Phone of the organisation: "),
    ("name", "Contact: "),
    ("title", "Position: "),
    ("phone", "Phone: "),
    ("email", "E-mail: "),
    ("order", "Order number: "),
    ("product", "Certificate: "),
    ("domains", "Domains: "),
    ("date", "Date of this letter: "),
];

const ROWS_ZH_CN: &[(&str, &str)] = &[
    ("company", "单位名称："),
    ("company-code", "注册号："),
    ("division", "部门："),
    ("address", "地址："),
    ("city", "城市："),
    ("region", "省份："),
    ("postal-code", "邮编："),
    ("country", "国家："),
    ("company-phone", "单位电话："),
    ("name", "联系人："),
    ("title", "职务："),
    ("phone", "电话："),
    ("email", "电子邮箱："),
    ("order", "订单号："),
    ("product", "证书："),
    ("domains", "域名："),
    ("date", "填写日期："),
];

/// The words of a letter.
pub(crate) fn text(language: Language, revocation: bool) -> Text {
    match (language, revocation) {
        (Language::En, false) => Text {
            head: "Confirmation of a certificate order",
            says: "We confirm that we have ordered the server certificate named below, that we have the right to use the domains in it, \
                   and that the person named below acts for us in this matter.",
            rows: ROWS_EN,
            signature: "Date, name, signature",
            stamp: "Stamp",
        },
        (Language::En, true) => Text {
            head: "Request to revoke a certificate",
            says: "We ask for the revocation of the server certificate named below, and confirm that the person named below acts for us \
                   in this matter.",
            rows: ROWS_EN,
            signature: "Date, name, signature",
            stamp: "Stamp",
        },
        (Language::ZhCn, false) => Text {
            head: "证书申请确认函",
            says: "我单位确认已申请下列服务器证书，有权使用其中的域名，并授权下列联系人代表我单位办理相关事宜。",
            rows: ROWS_ZH_CN,
            signature: "日期、姓名、签字",
            stamp: "单位公章",
        },
        (Language::ZhCn, true) => Text {
            head: "证书吊销申请函",
            says: "我单位申请吊销下列服务器证书，并授权下列联系人代表我单位办理相关事宜。",
            rows: ROWS_ZH_CN,
            signature: "日期、姓名、签字",
            stamp: "单位公章",
        },
    }
}

/// What to do with a letter, in words.
pub(crate) fn steps(form: LetterForm, left: bool, language: Language) -> Vec<String> {
    let chinese = language == Language::ZhCn;
    let mut steps = Vec::new();
    match (form, chinese) {
        (LetterForm::Own, false) => {
            steps.push("This letter is ours, not the CA's form: ask the CA whether it takes it.");
        }
        (LetterForm::Own, true) => steps.push("这份函件由本程序生成，不是 CA 的模板：请先向 CA 确认是否接受。"),
        _ => {}
    }
    if left {
        steps.push(if chinese { "补全没有填写的内容。" } else { "Fill in what is left open." });
    }
    steps.extend(match chinese {
        false => [
            "Print it, have it signed and stamped.",
            "Scan it with 300 dots per inch and hand it in: chopmark order letter NUMBER --send FILE",
        ],
        true => ["打印，签字并加盖单位公章。", "以 300 dpi 扫描后提交：chopmark order letter NUMBER --send FILE"],
    });
    steps.into_iter().map(str::to_owned).collect()
}
