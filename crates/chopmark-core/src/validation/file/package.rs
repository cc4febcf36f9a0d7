//! The file for the web server, with exactly the right bytes: as a folder, or as an archive to unpack there.

use std::{
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    error::{Code, Error, Result},
    files,
    model::{CaRules, Proof, ProofMethod},
    validation::order::Order,
};

const DOING: &str = "writing the file for the web server";

/// The files of an order.
///
/// # Errors
/// [`Code::BadInput`] (reason `order-no-file`) for an order that is proved otherwise.
fn files_of(order: &Order) -> Result<Vec<&Proof>> {
    let files: Vec<&Proof> = order.proofs.iter().filter(|proof| proof.method == ProofMethod::File).collect();
    if files.is_empty() {
        return Err(Error::new(Code::BadInput, DOING).with("reason", "order-no-file"));
    }
    Ok(files)
}

fn path_of(proof: &Proof, rules: &CaRules) -> String {
    format!("{}{}", rules.folder.trim_start_matches('/'), proof.name)
}

/// Writes the files below `folder`, each in the folder that the CA looks into. The same file again is no error.
pub(crate) fn into_folder(order: &Order, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for proof in files_of(order)? {
        let path = folder.join(path_of(proof, &order.rules));
        let failed = |error| Error::new(Code::FileNotWritable, DOING).with("path", path.display()).because(error);
        std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        if std::fs::read(&path).ok().as_deref() != Some(proof.value.as_bytes()) {
            std::fs::write(&path, proof.value.as_bytes()).map_err(failed)?;
        }
        written.push(path);
    }
    Ok(written)
}

/// Writes an archive with the same files.
///
/// # Errors
/// [`Code::FileExists`], [`Code::FileNotWritable`].
pub(crate) fn into_zip(order: &Order, file: &Path, replace: bool) -> Result<PathBuf> {
    let bytes = archive(&files_of(order)?, &order.rules)
        .map_err(|error| Error::new(Code::FileNotWritable, DOING).with("path", file.display()).because(error))?;
    files::write_whole(file, &bytes, replace)?;
    Ok(file.to_owned())
}

fn archive(proofs: &[&Proof], rules: &CaRules) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Everybody may read them: a web server most of all. A few dozen bytes are not worth packing.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o644);
    for proof in proofs {
        archive.start_file(path_of(proof, rules), options)?;
        archive.write_all(proof.value.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}
