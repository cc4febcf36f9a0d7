//! Letters and scans of letters, made and read by programs that nobody here wrote: ImageMagick, libtiff, qpdf, poppler.

use std::{path::Path, process::Command};

use crate::bench::programs::run;

/// A font with Chinese letters (fonts-noto-cjk).
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

/// Runs ImageMagick in a folder; blanks between the words.
pub fn convert(folder: &Path, words: &str) {
    run(Command::new("convert").current_dir(folder).args(words.split(' ')));
}

/// Writes a letter as a scanner with 300 dots per inch sees it: text in two languages, a red stamp.
pub fn scanned(folder: &Path, name: &str) {
    let line = "We confirm that this order is ours and that we use these domains.\n本单位确认上述订单系本单位提交，域名由本单位使用。\n\n";
    let text =
        format!("Confirmation letter  确认函\n\nExample Ltd  上海示例有限公司\nshop.example.com\n\n{}", line.repeat(8));
    let mut convert = Command::new("convert");
    convert.current_dir(folder).args(["-size", "2480x3508", "xc:white", "-font", FONT, "-pointsize", "50"]);
    convert.args(["-fill", "#202020", "-annotate", "+250+400", &text, "-stroke", "#c02020", "-strokewidth", "14"]);
    convert.args(["-fill", "none", "-draw", "circle 1800,2900 1800,2650", "-type", "TrueColor", "-density", "300"]);
    run(convert.args(["-units", "PixelsPerInch", "-quality", "85", name]));
}

/// A picture becomes a page of a PDF, packed as `packing` (flags of tiff2pdf) says.
pub fn as_pdf(folder: &Path, picture: &str, tiff: &str, packing: &str, pdf: &str) {
    convert(folder, &format!("{picture} -density 300 -units PixelsPerInch {tiff} between.tif"));
    run(Command::new("tiff2pdf").current_dir(folder).args(packing.split(' ')).args(["-o", pdf, "between.tif"]));
}

/// Runs qpdf in a folder; blanks between the words, `''` is nothing.
pub fn qpdf(folder: &Path, words: &str) {
    let words = words.split(' ').map(|word| if word == "''" { "" } else { word });
    run(Command::new("qpdf").current_dir(folder).args(words));
}

/// The words of a PDF, as a reader sees them, and that qpdf finds nothing wrong with it.
pub fn text_of(pdf: &Path) -> String {
    run(Command::new("qpdf").arg("--check").arg(pdf));
    run(Command::new("pdftotext").arg("-layout").arg(pdf).arg("-"))
}

/// A PDF printed and scanned: its first page as a picture.
pub fn printed(pdf: &Path, jpeg: &Path) {
    let stem = jpeg.with_extension("");
    run(Command::new("pdftoppm").args(["-jpeg", "-r", "200", "-singlefile"]).arg(pdf).arg(stem));
}
