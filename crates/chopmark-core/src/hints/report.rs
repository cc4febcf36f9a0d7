//! Headings of the report for the help desk.

use super::Language;
use crate::model::Severity;

/// A heading, by a stable word.
pub(crate) fn heading(word: &str, language: Language) -> &'static str {
    let (english, chinese) = match word {
        "title" => ("Chopmark check-up", "Chopmark 体检报告"),
        "taken" => ("Taken", "时间"),
        "system" => ("System", "系统"),
        "build" => ("Chopmark", "Chopmark 版本"),
        "findings" => ("Findings", "发现的问题"),
        "nothing" => ("Nothing was found.", "没有发现问题。"),
        "lines" => ("What was looked at", "检查项目"),
        "details" => ("Details", "详细信息"),
        "readers" => ("Card readers", "读卡器"),
        "driver" => ("Drivers", "驱动"),
        "token" => ("USB keys", "USB Key"),
        "plugged" => ("Plugged in", "已插入的设备"),
        "providers" => ("CSPs and KSPs", "CSP 和 KSP"),
        "certificates" => ("Certificates", "证书"),
        "ca" => ("CA", "CA"),
        "clock" => ("Clock", "时钟"),
        "computer" => ("This computer", "这台电脑"),
        "name" => ("Name", "名称"),
        "file" => ("File", "文件"),
        "version" => ("Version", "版本"),
        "problem" => ("Problem", "问题"),
        "serial" => ("Serial number", "序列号"),
        "model" => ("Model", "型号"),
        "pin" => ("PIN", "PIN"),
        "place" => ("Where", "位置"),
        "expires" => ("Expires", "到期"),
        "good" => ("All right", "正常"),
        "warning" => ("Look at it", "请留意"),
        "bad" => ("Will not work", "无法使用"),
        "names-cut" => ("Names are shortened.", "名称已缩略。"),
        "serials-cut" => ("Serial numbers are shortened.", "序列号已缩略。"),
        _ => (
            "This file holds no PIN, no code and no key. On the help desk's computer, “chopmark doctor --replay FILE” shows the same findings.",
            "本文件不含 PIN、授权码和密钥。在服务台的电脑上执行“chopmark doctor --replay 文件”可看到同样的结果。",
        ),
    };
    match language {
        Language::En => english,
        Language::ZhCn => chinese,
    }
}

/// How much a finding matters, in a word.
pub(crate) fn severity(severity: Severity, language: Language) -> &'static str {
    match (severity, language) {
        (Severity::Error, Language::En) => "Error",
        (Severity::Error, Language::ZhCn) => "错误",
        (Severity::Warning, Language::En) => "Warning",
        (Severity::Warning, Language::ZhCn) => "警告",
        (Severity::Note, Language::En) => "Note",
        (Severity::Note, Language::ZhCn) => "提示",
    }
}
