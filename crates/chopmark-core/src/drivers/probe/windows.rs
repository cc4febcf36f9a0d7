//! Windows. The registry lists no PKCS#11 modules, so it is not read here.

use std::path::PathBuf;

use crate::drivers::{Roots, catalogue::Entry};

/// The entry's files as they stand in the catalogue.
pub(in crate::drivers) fn files(entry: &Entry) -> &[String] {
    &entry.windows
}

/// A 64-bit program sees the 64-bit drivers there; `SysWOW64` holds what it cannot load.
pub(in crate::drivers) fn folders(roots: &Roots) -> Vec<PathBuf> {
    roots.expand(r"%SystemRoot%\System32").into_iter().collect()
}

/// There is no p11-kit on Windows.
pub(in crate::drivers) fn p11_kit_folders(_: &Roots) -> Vec<PathBuf> {
    Vec::new()
}
