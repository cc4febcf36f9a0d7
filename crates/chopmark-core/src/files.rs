//! Files that are there whole or not at all, short ones read, and whether two paths mean the same one.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use crate::error::{Code, Error, Result};

/// Ending of a file that is not yet whole.
const SUFFIX: &str = ".part";

/// Begin of the name of a file that is not yet whole.
fn prefix(path: &Path) -> String {
    format!(".{}-", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what a crash in the middle of [`write_whole`] left beside `path`.
pub(crate) fn remove_unfinished(path: &Path) -> Result<()> {
    let failed =
        |error: io::Error| Error::new(Code::FileNotWritable, "cleaning up").with("path", path.display()).because(error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    let prefix = prefix(path);
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(SUFFIX)) {
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Writes a file, readable for its owner only, so that a crash leaves the old state or the new one.
///
/// # Errors
/// [`Code::FileExists`] unless `replace`; [`Code::FileNotWritable`].
pub(crate) fn write_whole(path: &Path, content: &[u8], replace: bool) -> Result<()> {
    let failed = |error: io::Error| {
        Error::new(Code::FileNotWritable, "writing a file").with("path", path.display()).because(error)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made with mode 0600.
    let mut file = tempfile::Builder::new().prefix(&prefix(path)).suffix(SUFFIX).tempfile_in(folder).map_err(failed)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    let kept = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    match kept {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Error::new(Code::FileExists, "writing a file").with("path", path.display()));
        }
        Err(error) => return Err(failed(error.error)),
    }
    sync_folder(folder);
    Ok(())
}

/// Gives a whole file another name in its folder; one that has this name is replaced, at no moment is there none.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| {
        Error::new(Code::FileNotWritable, "renaming a file").with("path", to.display()).because(error)
    })?;
    sync_folder(to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    Ok(())
}

/// A name is only safe once its folder is. Folders cannot be opened on every system; then there is nothing to do.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Creates a folder (and those above it) that only its owner may look into.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Do both paths mean the same file or folder, be it by a link?
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The text of a file that is no longer than `most` bytes; `None`: there is none such, or it is not text.
pub(crate) fn read_short(path: &Path, most: u64) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let fits = metadata.is_file() && metadata.len() <= most;
    if fits { fs::read_to_string(path).ok() } else { None }
}
