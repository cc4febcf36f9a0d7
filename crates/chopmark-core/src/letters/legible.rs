//! How well a picture of a page can be read: how much of it is ink, how dark, how sharp.

use super::picture::Grey;

/// Longer side at which pages are judged, about 150 dots per inch of A4: what is finer than that nobody needs to read.
const JUDGED_SIDE: usize = 1_754;
/// Side of a tile in which the paper has one brightness: the shadow of a hand or a fold is wider.
const TILE: usize = 32;
/// Darker than its paper by less than this is the paper's grain, or what JPEG makes of it.
const GRAIN: u8 = 24;

/// What was measured, in the units of [`crate::model::ScanPicture`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Legibility {
    pub(crate) contrast: u32,
    pub(crate) ink: u32,
    pub(crate) sharpness: u32,
}

/// Measures a picture.
pub(crate) fn measure(grey: &Grey) -> Legibility {
    let (width, height, values) = judged(grey);
    let dark = darkness(width, height, &values);
    let mut counts = [0_u64; 256];
    dark.iter().for_each(|value| counts[usize::from(*value)] += 1);
    let total = dark.len().max(1) as u64;
    let inked: u64 = counts[usize::from(GRAIN)..].iter().sum();
    // The darkness of what is ink at all: the darkest twentieth of it, so that a stray speck does not decide.
    let mut left = (inked / 20).max(1);
    let darkest = (0..256).rev().find(|level| {
        left = left.saturating_sub(counts[*level]);
        left == 0
    });
    let contrast = darkest.unwrap_or(0) as u32;
    let ink = (inked * 10_000 / total) as u32;
    Legibility { contrast, ink, sharpness: sharpness(width, height, &dark) }
}

/// Made smaller to the size at which it is judged, each value the mean of those it stands for.
fn judged(grey: &Grey) -> (usize, usize, Vec<u8>) {
    let longer = grey.width.max(grey.height);
    if longer <= JUDGED_SIDE {
        return (grey.width, grey.height, grey.values.clone());
    }
    let scale = |side: usize| (side * JUDGED_SIDE / longer).max(1);
    let (width, height) = (scale(grey.width), scale(grey.height));
    let span = |at: usize, new: usize, old: usize| (at * old / new, ((at + 1) * old).div_ceil(new).min(old));
    let mut values = Vec::with_capacity(width * height);
    for y in 0..height {
        let (top, bottom) = span(y, height, grey.height);
        for x in 0..width {
            let (left, right) = span(x, width, grey.width);
            let rows = (top..bottom).map(|row| &grey.values[row * grey.width + left..row * grey.width + right]);
            let sum: u64 = rows.map(|row| row.iter().map(|value| u64::from(*value)).sum::<u64>()).sum();
            values.push((sum / ((bottom - top) * (right - left)) as u64) as u8);
        }
    }
    (width, height, values)
}

/// How much darker than its paper each value is. Paper is what nine tenths of a tile are not brighter than.
fn darkness(width: usize, height: usize, values: &[u8]) -> Vec<u8> {
    let mut dark = vec![0; values.len()];
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            let (bottom, right) = ((top + TILE).min(height), (left + TILE).min(width));
            let mut counts = [0_usize; 256];
            for y in top..bottom {
                values[y * width + left..y * width + right].iter().for_each(|value| counts[usize::from(*value)] += 1);
            }
            let mut brighter = (bottom - top) * (right - left) / 10;
            let paper = (0..256).rev().find(|level| match brighter.checked_sub(counts[*level]) {
                Some(rest) => {
                    brighter = rest;
                    false
                }
                None => true,
            });
            let paper = paper.unwrap_or(255) as u8;
            for y in top..bottom {
                for x in left..right {
                    dark[y * width + x] = paper.saturating_sub(values[y * width + x]);
                }
            }
        }
    }
    dark
}

/// Variance of the Laplacian by the variance of the values: neither how much ink there is nor how dark it is changes it. Both halves
/// of the Laplacian for themselves, and the lesser one twice: a hand that shakes blurs in one direction.
fn sharpness(width: usize, height: usize, dark: &[u8]) -> u32 {
    if width < 3 || height < 3 {
        return 0;
    }
    let at = |x: usize, y: usize| f64::from(dark[y * width + x]);
    // What stays below is the grain of paper and camera, which a blurred picture has, too.
    let edge = |edge: f64| (edge.abs() - f64::from(GRAIN) / 2.0).max(0.0) * edge.signum();
    let (mut values, mut across, mut down) = (Spread::default(), Spread::default(), Spread::default());
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let here = at(x, y);
            values.add(here);
            across.add(edge(at(x - 1, y) + at(x + 1, y) - 2.0 * here));
            down.add(edge(at(x, y - 1) + at(x, y + 1) - 2.0 * here));
        }
    }
    let values = values.variance();
    let lesser = across.variance().min(down.variance());
    if values < 1.0 { 0 } else { (2.0 * lesser / values * 100.0) as u32 }
}

/// What a variance is made of.
#[derive(Default)]
struct Spread {
    sum: f64,
    squared: f64,
    count: f64,
}

impl Spread {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.squared += value * value;
        self.count += 1.0;
    }

    fn variance(&self) -> f64 {
        self.squared / self.count - (self.sum / self.count).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of strokes, as wide as those of printed letters.
    fn page(paper: u8, ink: u8, blur: usize) -> Grey {
        let (width, height) = (600, 800);
        let stroke = |x: usize, y: usize| y % 40 < 14 && x % 9 < 3 && (60..540).contains(&x) && (60..740).contains(&y);
        let sharp: Vec<u8> =
            (0..width * height).map(|at| if stroke(at % width, at / width) { ink } else { paper }).collect();
        let mean = |at: usize| {
            let (x, y) = (at % width, at / width);
            let (mut sum, mut count) = (0, 0);
            for row in y.saturating_sub(blur)..(y + blur + 1).min(height) {
                for column in x.saturating_sub(blur)..(x + blur + 1).min(width) {
                    sum += u32::from(sharp[row * width + column]);
                    count += 1;
                }
            }
            (sum / count) as u8
        };
        let values = if blur == 0 { sharp.clone() } else { (0..width * height).map(mean).collect() };
        Grey { width, height, values, dpi: None }
    }

    #[test]
    fn neither_paper_nor_pale_ink_is_taken_for_blur() {
        let good = measure(&page(250, 20, 0));
        assert!(good.contrast > 200 && good.ink > 500 && good.sharpness > 40, "{good:?}");
        let pale = measure(&page(250, 190, 0));
        assert!(pale.contrast < 70 && pale.sharpness * 2 > good.sharpness, "{pale:?} {good:?}");
        let dim = measure(&page(140, 10, 0));
        assert!(dim.contrast > 100 && dim.sharpness * 2 > good.sharpness, "{dim:?} {good:?}");
        let blurred = measure(&page(250, 20, 4));
        assert!(blurred.sharpness * 10 < good.sharpness, "{blurred:?} {good:?}");
        let blank = measure(&page(250, 250, 0));
        assert_eq!((blank.ink, blank.contrast), (0, 0));
    }

    #[test]
    fn any_size_is_measured() {
        for (width, height) in [(1, 1), (2, 5_000), (5_000, 2), (3, 3), (33, 31)] {
            measure(&Grey { width, height, values: vec![7; width * height], dpi: None });
        }
    }
}
