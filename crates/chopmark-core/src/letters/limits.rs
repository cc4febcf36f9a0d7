//! What a scan must be: data, with the CA's rules.

use serde::Deserialize;

use crate::model::ScanKind;

/// Above the marked line a scan is refused, below it a person may have it their way.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ScanLimits {
    pub(crate) kinds: Vec<ScanKind>,
    pub(crate) most_bytes: u64,
    /// Of the shorter side.
    pub(crate) least_pixels: u32,
    // From here on only warnings.
    pub(crate) most_pages: u32,
    pub(crate) least_dpi: u32,
    /// How dark the darkest is on its paper, 0 to 255.
    pub(crate) least_contrast: u32,
    /// Per cent of the page that is not paper, in hundredths.
    pub(crate) least_ink: u32,
    /// Variance of the Laplacian by that of the grey values, in hundredths.
    pub(crate) least_sharpness: u32,
}
