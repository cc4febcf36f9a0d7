//! The form of a letter, and whether what comes back can be one.

/// A page of PDF with the words that a stamped letter has.
pub(super) fn form(id: i64, revocation: bool) -> Vec<u8> {
    let title = if revocation { "Certificate revocation letter" } else { "Certificate confirmation letter" };
    let lines = [
        format!("{title} - FOR TRYING OUT"),
        format!("Order: {id}"),
        "Organization: ______________________________".to_owned(),
        "Date, signature and stamp: __________________".to_owned(),
    ];
    let text: String = lines.iter().map(|line| format!("({line}) Tj 0 -40 Td ")).collect();
    let stream = format!("BT /F1 14 Tf 72 740 Td {text}ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
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

/// PDF, JPEG or PNG.
pub(super) fn is_letter(bytes: &[u8]) -> bool {
    [&b"%PDF-"[..], b"\xff\xd8\xff", b"\x89PNG"].iter().any(|begin| bytes.starts_with(begin))
}
