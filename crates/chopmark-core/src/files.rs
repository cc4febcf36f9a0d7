//! Files that are there whole or not at all.

use std::{fs::File, io::Write, path::Path};

use crate::error::{Code, Error, Result};

/// Writes a file, readable for its owner only, so that a crash leaves the old state or the new one.
///
/// # Errors
/// [`Code::FileExists`] unless `replace`; [`Code::FileNotWritable`].
pub(crate) fn write_whole(path: &Path, content: &[u8], replace: bool) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(Code::FileNotWritable, "writing a file").with("path", path.display()).because(error)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // NamedTempFile makes its file with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    let kept = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    match kept {
        Ok(_) => {}
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::new(Code::FileExists, "writing a file").with("path", path.display()));
        }
        Err(error) => return Err(failed(error.error)),
    }
    // The name is only safe once the folder is. Folders cannot be opened on every system; then there is nothing to do.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
