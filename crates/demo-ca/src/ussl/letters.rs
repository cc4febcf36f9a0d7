//! The forms of letters, a PDF form and a Word document, and whether what comes back can be a letter.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::No;

/// The kind of a Word document.
pub(super) const DOCUMENT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Names of the fields and their labels; the last one is the person's.
const FIELDS: [(&str, &str); 6] = [
    ("OrganizationName", "Organization"),
    ("ContactName", "Contact person"),
    ("Domains", "Domains"),
    ("OrderNo", "Order"),
    ("Date", "Date"),
    ("Remarks", "Remarks"),
];

/// A page of PDF with fields to fill and room for a stamp.
pub(super) fn form(id: i64) -> Vec<u8> {
    let mut text = format!("(Certificate confirmation letter - FOR TRYING OUT, order {id}) Tj 0 -50 Td ");
    text.extend(FIELDS.iter().map(|(_, label)| format!("({label}:) Tj 0 -36 Td ")));
    text += "(Signature and stamp: __________________) Tj ";
    let stream = format!("BT /F1 12 Tf 72 760 Td {text}ET");
    let first = 6;
    let kids: String = (0..FIELDS.len()).map(|place| format!("{} 0 R ", first + place)).collect();
    let mut objects = vec![
        format!(
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{kids}] /NeedAppearances true /DA (/F1 10 Tf 0 g) /DR << /Font << /F1 5 0 R >> >> >> >>"
        ),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [{kids}] /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    objects.extend(FIELDS.iter().enumerate().map(|(place, (name, _))| {
        let bottom = 706 - 36 * place;
        format!(
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T ({name}) /F 4 /P 3 0 R /Rect [200 {bottom} 520 {}] /DA (/F1 10 Tf 0 g) >>",
            bottom + 18
        )
    }));
    pdf(&objects)
}

fn pdf(objects: &[String]) -> Vec<u8> {
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(pdf.len());
        pdf += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let table = pdf.len();
    pdf += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        pdf += &format!("{offset:010} 00000 n \n");
    }
    pdf += &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    pdf.into_bytes()
}

/// A Word document with placeholders, one cut in pieces as Word does it, and a content control.
pub(super) fn document(id: i64) -> Result<Vec<u8>, No> {
    let fault = |error: &dyn std::fmt::Display| No::new(1, error.to_string());
    let paragraph = |runs: &[&str]| {
        let runs: String =
            runs.iter().map(|run| format!("<w:r><w:t xml:space=\"preserve\">{run}</w:t></w:r>")).collect();
        format!("<w:p>{runs}</w:p>")
    };
    let control = "<w:p><w:sdt><w:sdtPr><w:alias w:val=\"Contact\"/><w:tag w:val=\"contact_name\"/><w:showingPlcHdr/></w:sdtPr>\
        <w:sdtContent><w:r><w:t>Click to enter text</w:t></w:r></w:sdtContent></w:sdt></w:p>";
    let body = [
        paragraph(&[&format!("Certificate revocation letter - FOR TRYING OUT, order {id}")]),
        paragraph(&["Organization &amp; department: ", "{{Org", "anization", "}} / {{department}}"]),
        paragraph(&["域名：{{域名}}"]),
        paragraph(&["Reason: {{reason}}"]),
        control.to_owned(),
        paragraph(&["Date, signature and stamp: {{date}} __________________"]),
    ]
    .concat();
    let main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    let files = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/word/document.xml\" \
                 ContentType=\"{main}\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" \
             Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
             Target=\"word/document.xml\"/></Relationships>"
                .to_owned(),
        ),
        (
            "word/document.xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:document \
                 xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
            ),
        ),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in files {
        archive.start_file(name, options).map_err(|error| fault(&error))?;
        archive.write_all(content.as_bytes()).map_err(|error| fault(&error))?;
    }
    Ok(archive.finish().map_err(|error| fault(&error))?.into_inner())
}

/// PDF, JPEG or PNG.
pub(super) fn is_letter(bytes: &[u8]) -> bool {
    [&b"%PDF-"[..], b"\xff\xd8\xff", b"\x89PNG"].iter().any(|begin| bytes.starts_with(begin))
}
