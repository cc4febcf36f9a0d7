//! Is this scan of a stamped letter one that a CA can read? Looked at before it is handed in.

use std::path::Path;

use super::{
    legible,
    limits::ScanLimits,
    pages::{Closed, Pdf},
    picture::{self, Grey, Unread},
};
use crate::{
    error::Code,
    model::{ScanKind, ScanPicture},
    validation::finding::Found,
};

const DOING: &str = "looking at the scan of a letter";
/// Height and width of A4, inches: what a picture is taken to show where nothing says its size.
const PAGE: (f64, f64) = (11.69, 8.27);

/// What was seen.
pub(crate) struct Scan {
    pub(crate) kind: Option<ScanKind>,
    pub(crate) pages: u32,
    pub(crate) pictures: Vec<ScanPicture>,
    /// Worst first is the caller's.
    pub(crate) found: Vec<Found>,
}

fn error(code: Code, about: &str) -> Found {
    Found::of(code, crate::model::Severity::Error, about, DOING)
}

fn warning(code: Code, about: &str) -> Found {
    Found::of(code, crate::model::Severity::Warning, about, DOING)
}

/// A file that is larger than what is read at all.
pub(crate) fn too_large(path: &Path, bytes: u64, limits: &ScanLimits) -> Found {
    error(Code::ScanTooLarge, &name_of(path)).with("size", megabytes(bytes)).with("most", megabytes(limits.most_bytes))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{}", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576)
}

/// Looks at a file.
pub(crate) fn look(path: &Path, bytes: &[u8], limits: &ScanLimits) -> Scan {
    let name = name_of(path);
    let mut scan = Scan { kind: kind_of(bytes), pages: 0, pictures: Vec::new(), found: Vec::new() };
    if bytes.is_empty() {
        scan.found.push(error(Code::ScanEmpty, &name));
        return scan;
    }
    if bytes.len() as u64 > limits.most_bytes {
        scan.found.push(too_large(path, bytes.len() as u64, limits));
    }
    let Some(kind) = scan.kind.filter(|kind| limits.kinds.contains(kind)) else {
        scan.found.push(error(Code::ScanKindUnknown, &name).with("kind", other_kind(bytes)));
        return scan;
    };
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if !endings(kind).contains(&&*ending) {
        scan.found.push(warning(Code::ScanNotAsNamed, &name).with("kind", word(kind)).with("ending", ending));
    }
    match kind {
        ScanKind::Pdf => look_at_pdf(&mut scan, &name, bytes, limits),
        ScanKind::Jpeg | ScanKind::Png => {
            scan.pages = 1;
            let read = if kind == ScanKind::Jpeg { picture::jpeg(bytes) } else { picture::png(bytes) };
            match read {
                Ok(grey) => {
                    let dpi = Some(dpi_of(&grey));
                    let seen = seen(1, grey.width as u32, grey.height as u32, dpi, Some(&grey));
                    judge(&mut scan.found, &[&seen], &name, limits);
                    scan.pictures.push(seen);
                }
                Err(unread) => scan.found.push(not_read(unread, &name)),
            }
        }
    }
    scan
}

fn look_at_pdf(scan: &mut Scan, name: &str, bytes: &[u8], limits: &ScanLimits) {
    let pdf = match Pdf::open(bytes) {
        Ok(pdf) => pdf,
        Err(Closed::Encrypted) => return scan.found.push(error(Code::ScanEncrypted, name)),
        Err(Closed::Broken(why)) => return scan.found.push(error(Code::ScanBroken, name).with("why", why)),
    };
    scan.pages = u32::try_from(pdf.count()).unwrap_or(u32::MAX);
    if scan.pages == 0 {
        return scan.found.push(error(Code::ScanNoPages, name));
    }
    if scan.pages > limits.most_pages {
        let found = warning(Code::ScanManyPages, name).with("pages", scan.pages).with("most", limits.most_pages);
        scan.found.push(found);
    }
    let mut drawn = false;
    for (number, page) in (1..).zip(pdf.pages()) {
        let about = format!("{name}, {number}");
        let (mut its, drawn_here) = (Vec::new(), page.drawn || !page.pictures.is_empty());
        for placed in page.pictures {
            let grey = match placed.grey {
                None => None,
                Some(Ok(grey)) => Some(grey),
                Some(Err(unread)) => {
                    scan.found.push(not_read(unread, &about));
                    continue;
                }
            };
            its.push(seen(number, placed.width, placed.height, placed.dpi, grey.as_ref()));
        }
        drawn |= page.drawn;
        if !drawn_here {
            scan.found.push(warning(Code::ScanBlank, &about).with("page", number));
        }
        // A page that was written on the computer may have a small picture beside it.
        let its_refs: Vec<&ScanPicture> = its.iter().collect();
        if !page.drawn && !its.is_empty() {
            judge(&mut scan.found, &its_refs, &about, limits);
        }
        scan.pictures.extend(its);
    }
    if scan.pictures.is_empty() && drawn {
        scan.found.push(warning(Code::ScanNoPicture, name));
    }
}

fn not_read(unread: Unread, about: &str) -> Found {
    match unread {
        Unread::Huge(width, height) => error(Code::ScanManyPixels, about).with("width", width).with("height", height),
        Unread::Broken(why) => error(Code::ScanBroken, about).with("why", why),
    }
}

/// As the file says, where that makes a page of a size that pages have; phones write 72 whatever they see.
fn dpi_of(grey: &Grey) -> u32 {
    let longer = grey.width.max(grey.height) as f64;
    let told = grey.dpi.filter(|dpi| *dpi > 0 && (8.0..=17.0).contains(&(longer / f64::from(*dpi))));
    told.unwrap_or((longer / PAGE.0).round() as u32)
}

fn seen(page: u32, width: u32, height: u32, dpi: Option<u32>, grey: Option<&Grey>) -> ScanPicture {
    let measured = grey.map(legible::measure);
    ScanPicture {
        page,
        width,
        height,
        dpi,
        contrast: measured.map(|one| one.contrast),
        ink: measured.map(|one| one.ink),
        sharpness: measured.map(|one| one.sharpness),
    }
}

/// The pictures of one page: some scanners cut a page into strips, so the one with the most on it speaks for all.
fn judge(found: &mut Vec<Found>, pictures: &[&ScanPicture], about: &str, limits: &ScanLimits) {
    let page = pictures.first().map_or(1, |picture| picture.page);
    let total: u64 = pictures.iter().map(|one| u64::from(one.width) * u64::from(one.height)).sum();
    let needed = (f64::from(limits.least_pixels).powi(2) * PAGE.0 / PAGE.1) as u64;
    if total > 0 && total < needed {
        let sides = pictures.iter().map(|one| format!("{}×{}", one.width, one.height)).collect::<Vec<_>>().join(", ");
        found.push(
            error(Code::ScanTooSmall, about)
                .with("page", page)
                .with("pixels", sides)
                .with("least", limits.least_pixels),
        );
        return;
    }
    let largest = pictures.iter().max_by_key(|one| u64::from(one.width) * u64::from(one.height));
    if let Some(dpi) = largest.and_then(|one| one.dpi).filter(|dpi| *dpi < limits.least_dpi) {
        found.push(
            warning(Code::ScanLowResolution, about).with("page", page).with("dpi", dpi).with("least", limits.least_dpi),
        );
    }
    let measured = pictures.iter().filter(|one| one.ink.is_some());
    let Some(most) = measured.max_by_key(|one| one.ink) else {
        found.push(Found::of(Code::ScanNotLookedAt, crate::model::Severity::Note, about, DOING).with("page", page));
        return;
    };
    let below = |value: Option<u32>, least: u32| value.is_some_and(|value| value < least);
    let unreadable = if below(most.ink, limits.least_ink) {
        Code::ScanBlank
    } else if below(most.contrast, limits.least_contrast) {
        Code::ScanFaint
    } else if below(most.sharpness, limits.least_sharpness) {
        Code::ScanBlurred
    } else {
        return;
    };
    found.push(warning(unreadable, about).with("page", page));
}

fn kind_of(bytes: &[u8]) -> Option<ScanKind> {
    // Some write a few bytes in front of a PDF; readers look through the first thousand.
    let pdf = bytes[..bytes.len().min(1024)].windows(5).any(|part| part == b"%PDF-");
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(ScanKind::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Some(ScanKind::Png),
        _ if pdf => Some(ScanKind::Pdf),
        _ => None,
    }
}

fn endings(kind: ScanKind) -> &'static [&'static str] {
    match kind {
        ScanKind::Pdf => &["pdf"],
        ScanKind::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
        ScanKind::Png => &["png"],
    }
}

fn word(kind: ScanKind) -> &'static str {
    match kind {
        ScanKind::Pdf => "PDF",
        ScanKind::Jpeg => "JPEG",
        ScanKind::Png => "PNG",
    }
}

/// What people hand in instead, by its first bytes; empty: not known.
fn other_kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'P', b'K', 3, 4, ..] => "Word, ZIP",
        [0xd0, 0xcf, 0x11, 0xe0, ..] => "Word",
        [b'I', b'I', 0x2a, 0, ..] | [b'M', b'M', 0, 0x2a, ..] => "TIFF",
        [b'G', b'I', b'F', b'8', ..] => "GIF",
        [b'B', b'M', ..] => "BMP",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "WebP",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "HEIC",
        _ => match kind_of(bytes) {
            Some(kind) => word(kind),
            None => "",
        },
    }
}

#[cfg(test)]
mod tests {
    use lopdf::{Document, Object, Stream, dictionary};

    use super::*;
    use crate::validation::settings::Settings;

    /// A page with a form in it, and in that a picture.
    fn pdf() -> Vec<u8> {
        let mut document = Document::with_version("1.5");
        let picture = Stream::new(
            dictionary! {
                "Type" => "XObject", "Subtype" => "Image", "Width" => 8, "Height" => 8, "BitsPerComponent" => 8,
                "ColorSpace" => vec!["Indexed".into(), "DeviceGray".into(), 1.into(), Object::string_literal("\0\u{7f}")],
            },
            vec![1; 64],
        );
        let picture = document.add_object(picture);
        let resources = |name: &str, id| dictionary! { "XObject" => dictionary! { name => id } };
        let form = dictionary! {
            "Type" => "XObject", "Subtype" => "Form", "Matrix" => vec![2.into(), 0.into(), 0.into(), 2.into(), 0.into(), 0.into()],
            "Resources" => resources("I", Object::from(picture)),
        };
        let form = document.add_object(Stream::new(form, b"q 100 0 0 100 0 0 cm /I Do Q".to_vec()));
        let content = document.add_object(Stream::new(dictionary! {}, b"q /F Do Q".to_vec()));
        let tree = document.new_object_id();
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources("F", Object::from(form)),
        });
        document.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 });
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
        document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    fn png() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 16, 16);
        encoder.set_color(png::ColorType::Rgba);
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&[9; 16 * 16 * 4])).unwrap();
        bytes
    }

    fn limits() -> ScanLimits {
        Settings::read(Path::new("/nowhere")).unwrap().scan_limits("ussl").unwrap()
    }

    #[test]
    fn what_is_nested_is_found_and_measured_as_it_is_shown() {
        let scan = look(Path::new("a.pdf"), &pdf(), &limits());
        let picture = &scan.pictures[0];
        // 8 pixels on 200 points.
        assert_eq!((scan.pages, picture.width, picture.dpi), (1, 8, Some(3)));
        assert!(picture.ink.is_some(), "{picture:?}");
        assert_eq!(scan.found.iter().map(Found::code).collect::<Vec<_>>(), [Code::ScanTooSmall]);
    }

    /// Cut at each place, and with each byte turned: a finding, never a panic (invariant 7).
    #[test]
    fn broken_files_are_findings() {
        let jpeg =
            [&[0xff, 0xd8, 0xff, 0xe0, 0, 16][..], b"JFIF\0\x01\x01\x01\0\x48\0\x48\0\0", &[0xff, 0xda, 0xff, 0xd9]]
                .concat();
        for whole in [pdf(), png(), jpeg] {
            for at in 0..whole.len() {
                look(Path::new("x"), &whole[..at], &limits());
                let mut turned = whole.clone();
                turned[at] ^= 0xff;
                look(Path::new("x"), &turned, &limits());
                turned[at] = b'9';
                look(Path::new("x"), &turned, &limits());
            }
        }
    }
}
