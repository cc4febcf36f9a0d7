//! Letters of OV and EV orders: written, scanned, looked at. The scans are made by others' programs.

use std::{fs, path::Path};

use chopmark_tests::bench::{
    command::Desk,
    letters::{as_pdf, convert, qpdf, scanned},
};

/// A row: how the file is made from `good.jpg` in a folder, its name, and the findings (`e`rror, `w`arning, `n`ote).
type Row = (&'static str, fn(&Path, &str), &'static [&'static str]);

#[rustfmt::skip]
const SCANS: &[Row] = &[
    // As scanners and phones make them.
    ("good.jpg", |_, _| (), &[]),
    ("good.png", |at, to| convert(at, &format!("good.jpg {to}")), &[]),
    ("black-and-white.png", |at, to| convert(at, &format!("good.jpg -threshold 60% -type bilevel {to}")), &[]),
    ("with-alpha.png", |at, to| convert(at, &format!("good.jpg -alpha on -transparent white {to}")), &[]),
    ("cmyk.jpg", |at, to| convert(at, &format!("good.jpg -colorspace CMYK {to}")), &[]),
    ("tilted.jpg", |at, to| convert(at, &format!("good.jpg -background white -rotate 1.3 {to}")), &[]),
    ("on-its-side.jpg", |at, to| convert(at, &format!("good.jpg -rotate 90 {to}")), &[]),
    ("noisy.jpg", |at, to| convert(at, &format!("good.jpg -attenuate 0.4 +noise Gaussian -modulate 92 {to}")), &[]),
    ("shadow.jpg", |at, to| convert(at, &format!("good.jpg ( -size 2480x3508 gradient:white-#505050 ) -compose multiply -composite {to}")), &[]),
    ("soft.jpg", |at, to| convert(at, &format!("good.jpg -blur 0x1.5 {to}")), &[]),
    ("phone.jpg", |at, to| convert(at, &format!("good.jpg -resize 3000x -density 72 {to}")), &[]),
    ("rather-pale.jpg", |at, to| convert(at, &format!("good.jpg -colorspace Gray +level 60%,100% {to}")), &[]),
    ("150dpi.jpg", |at, to| convert(at, &format!("good.jpg -resize 50% -density 150 {to}")), &[]),
    ("jpeg.pdf", |at, to| as_pdf(at, "good.jpg", "-compress none", "-j", to), &[]),
    ("packed.pdf", |at, to| as_pdf(at, "good.jpg", "-compress none", "-z", to), &[]),
    ("grey.pdf", |at, to| as_pdf(at, "good.jpg", "-colorspace Gray -compress none", "-z", to), &[]),
    ("palette.pdf", |at, to| as_pdf(at, "good.jpg", "-colors 16 -type Palette -compress none", "-z", to), &[]),
    ("fax.pdf", |at, to| as_pdf(at, "good.jpg", "-threshold 60% -type bilevel -compress Group4", "-F", to), &[]),
    ("black-and-white.pdf", |at, to| as_pdf(at, "good.jpg", "-threshold 60% -type bilevel -compress none", "-z", to), &[]),
    ("owner-password.pdf", |at, to| { as_pdf(at, "good.jpg", "-compress none", "-j", "x.pdf"); qpdf(at, &format!("--encrypt '' owner 256 -- x.pdf {to}")); }, &[]),
    ("two-pages.pdf", |at, to| { as_pdf(at, "good.jpg", "-compress none", "-j", "x.pdf"); qpdf(at, &format!("--empty --pages x.pdf 1 x.pdf 1 -- {to}")); }, &[]),
    // What no CA can use.
    ("empty.pdf", |at, to| fs::write(at.join(to), "").expect("a file"), &["e6601"]),
    ("word.pdf", |at, to| fs::write(at.join(to), b"PK\x03\x04 a Word document").expect("a file"), &["e6602"]),
    ("photo.heic", |at, to| fs::write(at.join(to), b"\0\0\0\x18ftypheic").expect("a file"), &["e6602"]),
    ("tiff.jpg", |at, to| { convert(at, "good.jpg t.tif"); fs::rename(at.join("t.tif"), at.join(to)).expect("a file"); }, &["e6602", "e6604"]),
    ("page.html", |at, to| fs::write(at.join(to), "<html>").expect("a file"), &["e6602"]),
    ("large.png", |at, to| convert(at, &format!("good.jpg -attenuate 2 +noise Gaussian {to}")), &["e6604"]),
    ("cut.jpg", |at, to| cut(at, "good.jpg", 300, to), &["e6605"]),
    ("cut.png", |at, to| { convert(at, "good.jpg x.png"); cut(at, "x.png", 500, to); }, &["e6605"]),
    ("cut.pdf", |at, to| { as_pdf(at, "good.jpg", "-compress none", "-z", "x.pdf"); cut(at, "x.pdf", 300, to); }, &["e6605"]),
    ("password.pdf", |at, to| { as_pdf(at, "good.jpg", "-compress none", "-j", "x.pdf"); qpdf(at, &format!("--encrypt user owner 256 -- x.pdf {to}")); }, &["e6606"]),
    ("old-password.pdf", |at, to| { as_pdf(at, "good.jpg", "-compress none", "-j", "x.pdf"); qpdf(at, &format!("--allow-weak-crypto --encrypt user owner 128 --use-aes=n -- x.pdf {to}")); }, &["e6606"]),
    ("no-pages.pdf", |at, to| qpdf(at, &format!("--empty {to}")), &["e6607"]),
    ("thumbnail.jpg", |at, to| convert(at, &format!("good.jpg -resize 420x {to}")), &["e6609"]),
    ("thumbnail.pdf", |at, to| as_pdf(at, "good.jpg", "-resize 420x -density 51 -compress none", "-j", to), &["e6609"]),
    ("huge.jpg", huge, &["e6616"]),
    // What a person may pass over.
    ("png.pdf", |at, to| { convert(at, "good.jpg x.png"); fs::rename(at.join("x.png"), at.join(to)).expect("a file"); }, &["w6603"]),
    ("many-pages.pdf", |at, to| { as_pdf(at, "good.jpg", "-compress none", "-j -q 30", "x.pdf"); qpdf(at, &format!("--empty --pages {} -- {to}", ["x.pdf 1"; 12].join(" "))); }, &["w6608"]),
    ("100dpi.jpg", |at, to| convert(at, &format!("good.jpg -resize 827x -density 100 {to}")), &["w6610"]),
    ("blank.jpg", |at, to| convert(at, &format!("-size 2480x3508 xc:white {to}")), &["w6611"]),
    ("blank-paper.jpg", |at, to| convert(at, &format!("-size 2480x3508 xc:#f4f4f0 -attenuate 0.3 +noise Gaussian {to}")), &["w6611"]),
    ("blank.pdf", |at, to| { convert(at, "-size 2480x3508 xc:white w.png"); as_pdf(at, "w.png", "-compress none", "-z", to); }, &["w6611"]),
    ("blank-behind.pdf", |at, to| {
        convert(at, "-size 2480x3508 xc:white w.png");
        as_pdf(at, "w.png", "-compress none", "-z", "w.pdf");
        as_pdf(at, "good.jpg", "-compress none", "-j", "x.pdf");
        qpdf(at, &format!("--empty --pages x.pdf 1 w.pdf 1 -- {to}"));
    }, &["w6611"]),
    ("faint.jpg", |at, to| convert(at, &format!("good.jpg -colorspace Gray +level 80%,100% {to}")), &["w6612"]),
    ("blurred.jpg", |at, to| convert(at, &format!("good.jpg -blur 0x6 {to}")), &["w6613"]),
    ("shaken.jpg", |at, to| convert(at, &format!("good.jpg -motion-blur 0x14+20 {to}")), &["w6613"]),
    ("blurred-and-noisy.jpg", |at, to| convert(at, &format!("good.jpg -blur 0x8 -attenuate 0.3 +noise Gaussian {to}")), &["w6613"]),
    ("blurred.pdf", |at, to| { convert(at, "good.jpg -blur 0x6 b.png"); as_pdf(at, "b.png", "-compress none", "-j", to); }, &["w6613"]),
];

/// Says that it is 64000 pixels wide and high.
fn huge(folder: &Path, to: &str) {
    let mut bytes = fs::read(folder.join("good.jpg")).expect("a file");
    let frame = bytes.windows(2).position(|part| part == [0xff, 0xc0]).expect("a frame");
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xfa, 0, 0xfa, 0]);
    fs::write(folder.join(to), bytes).expect("a file");
}

/// The first part of a file, in thousandths.
fn cut(folder: &Path, from: &str, part: usize, to: &str) {
    let bytes = fs::read(folder.join(from)).expect("a file");
    fs::write(folder.join(to), &bytes[..bytes.len() * part / 1000]).expect("a file");
}

fn findings(scan: &serde_json::Value) -> Vec<String> {
    let all = scan["findings"].as_array().unwrap_or_else(|| panic!("{scan}"));
    let short = |one: &serde_json::Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        assert!(!text("message").is_empty(), "{one}");
        format!("{}{}", &text("severity")[..1], text("code").trim_start_matches("CM-"))
    };
    let mut all: Vec<String> = all.iter().map(short).collect();
    all.sort();
    all
}

#[test]
fn each_scan_is_told_by_the_number_of_what_is_the_matter() {
    let desk = Desk::new();
    let added = desk.run(&["order", "add", "shop.test", "--txt", "_x", "abc", "--json"]).ok();
    let order = added["order"]["order"].as_str().expect("a number").to_owned();
    let folder = desk.folder();
    scanned(folder, "good.jpg");
    let mut wrong = Vec::new();
    for (name, make, want) in SCANS {
        make(folder, name);
        let file = desk.text(name);
        let ran = desk.run(&["order", "letter", &order, "--check", &file, "--json"]);
        let last = ran.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok());
        let said: serde_json::Value = last.unwrap_or_default();
        let found = findings(&said["scan"]);
        let exit = if want.iter().all(|one| one.starts_with('n')) { 0 } else { 14 };
        if found != *want || ran.exit != Some(exit) {
            let seen = &said["scan"]["pictures"];
            wrong.push(format!("{name}: {found:?}, wanted {want:?}, exit {:?}: {seen}", ran.exit));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
