//! The letter of an OV or EV order: written from the order's data, stamped by the person, scanned, looked at, handed in.

use serde::{Deserialize, Serialize};

use super::Finding;

border! {
    /// What a letter was made from.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum LetterForm {
        /// The source's PDF form.
        PdfForm,
        /// The source's Word document.
        Document,
        /// Our own letter.
        Own,
    }
    /// What a scan is, by its content.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum ScanKind {
        /// PDF.
        Pdf,
        /// JPEG.
        Jpeg,
        /// PNG.
        Png,
    }
}

border! {
    /// A letter that is wanted.
    struct LetterWanted {
        /// The file, absolute path; its ending becomes that of what is written.
        pub to: String,
        /// Our own letter, whatever form the source has.
        pub own: bool,
        /// The letter for a revocation.
        pub revocation: bool,
        /// A file that is there is replaced.
        pub replace: bool,
    }
    /// A field of a letter that was filled.
    struct LetterField {
        /// Its name in the form.
        pub name: String,
        /// What was written.
        pub value: String,
    }
    /// A letter that was written.
    struct LetterWritten {
        /// The file.
        pub path: String,
        /// What it was made from.
        pub form: LetterForm,
        /// Fields filled.
        pub filled: Vec<LetterField>,
        /// Names of fields that a person has to fill.
        pub left: Vec<String>,
        /// What to do, step by step.
        pub steps: Vec<String>,
    }
    /// A scan that is to be handed in.
    struct LetterScan {
        /// The file, absolute path.
        pub path: String,
        /// Numbers of warnings (`CM-6611`) that a person has read and goes on with.
        #[serde(default)]
        pub despite: Vec<String>,
    }
    /// A picture of a scan.
    struct ScanPicture {
        /// Page, counted from 1.
        pub page: u32,
        /// Pixels across.
        pub width: u32,
        /// Pixels down.
        pub height: u32,
        /// Pixels per inch; `None`: not known.
        pub dpi: Option<u32>,
        /// How dark the darkest is on its paper, 0 to 255; `None`: the picture could not be looked at.
        pub contrast: Option<u32>,
        /// Per cent of it that is not paper, in hundredths.
        pub ink: Option<u32>,
        /// How sharp edges are: the variance of the Laplacian by that of the grey values, in hundredths.
        pub sharpness: Option<u32>,
    }
    /// What was seen of a scan.
    struct ScanCheck {
        /// The file.
        pub path: String,
        /// What it is; `None`: nothing that is taken.
        pub kind: Option<ScanKind>,
        /// Its size, bytes.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub bytes: u64,
        /// How many pages.
        pub pages: u32,
        /// Its pictures.
        pub pictures: Vec<ScanPicture>,
        /// What is the matter, worst first: errors refuse it, warnings want a word (`despite`).
        pub findings: Vec<Finding>,
        /// It can be handed in as it is.
        pub good: bool,
    }
}
