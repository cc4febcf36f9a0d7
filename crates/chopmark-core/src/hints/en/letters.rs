//! The letter of an OV or EV order and its scan, in English.

use super::{Words, words_of};
use crate::error::Code;

const SCAN_AGAIN: &str = "Scan it again, whole page, 300 dots per inch, grey or colour.";
const PHONE: &str = "With a phone: lay it flat in daylight, hold still, and let the page fill the picture.";
const ALL_THE_SAME: &str = "If you can read every word and the stamp in it, hand it in all the same.";

/// Words for the codes about letters.
pub(super) fn words(code: Code) -> Words {
    match code {
        Code::ScanEmpty => {
            words_of("The file of the letter is empty.", &["Scan the stamped letter again, or choose another file."])
        }
        Code::ScanKindUnknown => words_of(
            "This is not a scan that the CA takes[ (it is {kind})].",
            &["Save the scan as PDF, JPEG or PNG; giving the file another name is not enough."],
        ),
        Code::ScanNotAsNamed => words_of(
            "The file is called something else than it is[: it is {kind}, and ends in .{ending}].",
            &["Give it the ending that fits; some consoles go by that."],
        ),
        Code::ScanTooLarge => words_of(
            "The file is too large[: {size} MB; taken are {most} MB].",
            &[
                "Scan again with 200 to 300 dots per inch, in grey.",
                "Or save it as JPEG or PDF with stronger compression.",
            ],
        ),
        Code::ScanBroken => words_of(
            "The file cannot be read: it is damaged or not whole.",
            &["Open it: if that fails too, scan again.", "If it came by mail or a stick, copy it again."],
        ),
        Code::ScanEncrypted => words_of(
            "The PDF asks for a password, so the CA cannot open it.",
            &["Save it without a password, or print the open document to a new PDF."],
        ),
        Code::ScanNoPages => words_of("The PDF has no pages.", &["Scan the stamped letter again."]),
        Code::ScanManyPages => words_of(
            "The file has more pages than a letter has[: {pages}; expected are up to {most}].",
            &["Look whether it is the right file.", "Hand in only the pages of the letter."],
        ),
        Code::ScanTooSmall => words_of(
            "The picture is too small to be read[: {pixels} pixels; the shorter side wants {least}].",
            &[SCAN_AGAIN, "Send the original picture, not the small one that a chat program makes of it."],
        ),
        Code::ScanLowResolution => words_of(
            "The resolution is low[: about {dpi} dots per inch; {least} and more can be read well].",
            &[SCAN_AGAIN, ALL_THE_SAME],
        ),
        Code::ScanBlank => words_of(
            "A page seems to be blank[: page {page}].",
            &[
                "Lay the letter the other way round on the scanner and scan again.",
                "Leave out pages with nothing on them.",
            ],
        ),
        Code::ScanFaint => {
            words_of("The writing is very pale[ on page {page}].", &["Scan again, darker.", PHONE, ALL_THE_SAME])
        }
        Code::ScanBlurred => words_of("The picture is blurred[ on page {page}].", &[SCAN_AGAIN, PHONE, ALL_THE_SAME]),
        Code::ScanNoPicture => words_of(
            "The PDF has text but no picture: it looks like the letter before it was stamped.",
            &[
                "Print it, stamp and sign it, and hand in the scan of that.",
                "If it was stamped and signed electronically, hand it in all the same.",
            ],
        ),
        Code::ScanNotLookedAt => words_of(
            "Whether the letter can be read was not looked at[ on page {page}]: the picture is packed in a way that we do not know.",
            &["Open it and look: every word and the stamp must be readable."],
        ),
        Code::ScanManyPixels => words_of(
            "The picture has far too many pixels[: {width} × {height}].",
            &["Scan again with 300 dots per inch."],
        ),
        Code::LetterNoFont => words_of(
            "No font of this computer has the letters to write the letter with[: {letters}].",
            &[
                "Install a font with Chinese letters (fonts-noto-cjk), then write the letter again.",
                "Or fetch the CA's form and fill it by hand.",
            ],
        ),
        _ => words_of("", &[]),
    }
}
