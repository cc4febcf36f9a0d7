//! OV、EV 订单的确认函及其扫描件，简体中文。

use super::{Words, words_of};
use crate::error::Code;

const SCAN_AGAIN: &str = "请重新扫描整页，300 dpi，灰度或彩色。";
const PHONE: &str = "用手机拍摄时：把纸放平，光线充足，拿稳，让整页占满画面。";
const ALL_THE_SAME: &str = "如果您能看清每个字和印章，也可以照样提交。";

/// Words for the codes about letters.
pub(super) fn words(code: Code) -> Words {
    match code {
        Code::ScanEmpty => words_of("确认函文件是空的。", &["请重新扫描盖章后的确认函，或选择其他文件。"]),
        Code::ScanKindUnknown => {
            words_of("CA 不接受这种文件[（实际为 {kind}）]。", &["请把扫描件保存为 PDF、JPEG 或 PNG；只改文件名不行。"])
        }
        Code::ScanNotAsNamed => words_of(
            "文件的扩展名与内容不符[：实际是 {kind}，扩展名却是 .{ending}]。",
            &["请改成对应的扩展名：有的控制台按扩展名判断。"],
        ),
        Code::ScanTooLarge => words_of(
            "文件太大[：{size} MB，最大 {most} MB]。",
            &["请用 200 到 300 dpi、灰度重新扫描。", "或以更高的压缩率保存为 JPEG 或 PDF。"],
        ),
        Code::ScanBroken => words_of(
            "无法读取文件：已损坏或不完整。",
            &["请打开看看；如果也打不开，请重新扫描。", "如果是从邮件或 U 盘得到的，请重新复制。"],
        ),
        Code::ScanEncrypted => {
            words_of("该 PDF 需要密码，CA 无法打开。", &["请另存为不带密码的文件，或打开后打印成新的 PDF。"])
        }
        Code::ScanNoPages => words_of("该 PDF 没有页面。", &["请重新扫描盖章后的确认函。"]),
        Code::ScanManyPages => words_of(
            "文件的页数比确认函多[：共 {pages} 页，一般不超过 {most} 页]。",
            &["请确认文件是否选对。", "只提交确认函的页面。"],
        ),
        Code::ScanTooSmall => words_of(
            "图片太小，无法看清[：{pixels} 像素，短边至少 {least}]。",
            &[SCAN_AGAIN, "请使用原图，不要用聊天软件压缩过的小图。"],
        ),
        Code::ScanLowResolution => {
            words_of("分辨率偏低[：约 {dpi} dpi，{least} dpi 以上才清楚]。", &[SCAN_AGAIN, ALL_THE_SAME])
        }
        Code::ScanBlank => {
            words_of("有一页似乎是空白的[：第 {page} 页]。", &["请把确认函翻面后重新扫描。", "去掉没有内容的页面。"])
        }
        Code::ScanFaint => words_of("字迹太淡[（第 {page} 页）]。", &["请调深后重新扫描。", PHONE, ALL_THE_SAME]),
        Code::ScanBlurred => words_of("图片模糊[（第 {page} 页）]。", &[SCAN_AGAIN, PHONE, ALL_THE_SAME]),
        Code::ScanNoPicture => words_of(
            "该 PDF 只有文字没有图片，像是盖章之前的确认函。",
            &["请打印、盖章并签字，然后提交扫描件。", "如果已加盖电子印章，可以照样提交。"],
        ),
        Code::ScanNotLookedAt => words_of(
            "没有检查是否清晰[（第 {page} 页）]：图片的压缩方式无法识别。",
            &["请打开看看：每个字和印章都要能看清。"],
        ),
        Code::ScanManyPixels => words_of("图片的像素过多[：{width} × {height}]。", &["请用 300 dpi 重新扫描。"]),
        Code::LetterNoFont => words_of(
            "本机没有能写出确认函文字的字体[：{letters}]。",
            &["请安装中文字体（如 fonts-noto-cjk），然后重新生成。", "或下载 CA 的模板手工填写。"],
        ),
        _ => words_of("", &[]),
    }
}
