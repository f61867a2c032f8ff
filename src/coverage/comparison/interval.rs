//! Shares over several images, and where they lie over images like these.
//!
//! The findings of one image are not independent of each other: one package that a scanner does not
//! see takes all its findings along. So the images are what was sampled, and a share over them is the
//! ratio of two sums over clusters. Its variance is that of W. G. Cochran, "Sampling Techniques", 3rd
//! ed. 1977, chapter 6, without the finite population correction:
//!
//! ```text
//! R = Σy / Σx        v(R) = n / (n − 1) · Σ(y − R·x)² / (Σx)²
//! ```
//!
//! and the interval is `R ± t·√v` with Student's t for `n − 1` degrees of freedom at 95 %. It assumes
//! that the images were drawn at random and independently from those that it is to speak of; images
//! on one base image are not independent, and then it is too narrow. One image in several runs is one
//! cluster. With few images it is rough.
//!
//! The sums are exact integers, so that the order of the images cannot show in them.

use std::collections::BTreeMap;

use crate::coverage::statistics::quotient;
use crate::model::comparison::{Interval, Share};

/// A share's count and what it is a count of, on each distinct image that has something to count.
#[derive(Clone, Debug, Default)]
pub(super) struct Ratio {
    images: BTreeMap<usize, (usize, usize)>,
}

impl Ratio {
    /// Adds `count` of `of` on the image with that number.
    pub(super) fn add(&mut self, image: usize, count: usize, of: usize) {
        let (counted, all) = self.images.entry(image).or_default();
        *counted += count;
        *all += of;
    }

    /// The share over all images.
    pub(super) fn share(&self) -> Share {
        let points = self.images.values();
        Share {
            interval: interval(points.map(|(y, x)| (whole(*y), whole(*x))), 0.0),
            ..share(
                self.images.values().map(|(count, _)| count).sum(),
                self.images.values().map(|(_, of)| of).sum(),
            )
        }
    }

    /// By how much this share is greater than `other`, which is a share of the same.
    pub(super) fn lead(&self, other: &Self) -> Option<Interval> {
        let points = self.images.iter().map(|(image, (ours, of))| {
            let (theirs, _) = other.images.get(image).copied().unwrap_or_default();
            (whole(*ours) - whole(theirs), whole(*of))
        });
        interval(points, -1.0)
    }
}

/// A share of which nothing but the counts is known.
pub(super) fn share(count: usize, of: usize) -> Share {
    Share {
        count,
        of,
        value: quotient(count, of),
        interval: None,
    }
}

/// The interval of `Σy / Σx` over the images with `x > 0`, cut off at `least` and 1.
///
/// None with fewer than two images. None either where all have the very same share: a spread of 0 says
/// that the images are too few to see one, not that there is none.
fn interval(points: impl Iterator<Item = (i128, i128)>, least: f64) -> Option<Interval> {
    let (mut images, mut sum_y, mut sum_x) = (0_usize, 0_i128, 0_i128);
    let (mut sum_yy, mut sum_xy, mut sum_xx) = (0_i128, 0_i128, 0_i128);
    for (y, x) in points.filter(|(_, x)| *x > 0) {
        images += 1;
        sum_y += y;
        sum_x += x;
        sum_yy = sum_yy.checked_add(y.checked_mul(y)?)?;
        sum_xy = sum_xy.checked_add(y.checked_mul(x)?)?;
        sum_xx = sum_xx.checked_add(x.checked_mul(x)?)?;
    }
    let degrees = images.checked_sub(1).filter(|degrees| *degrees > 0)?;
    // (Σx)² · Σ(y − R·x)², in whole numbers.
    let squares = [
        (sum_x.checked_mul(sum_x)?, sum_yy),
        (sum_x.checked_mul(sum_y)?.checked_mul(-2)?, sum_xy),
        (sum_y.checked_mul(sum_y)?, sum_xx),
    ];
    let mut spread = 0_i128;
    for (factor, sum) in squares {
        spread = spread.checked_add(factor.checked_mul(sum)?)?;
    }
    if spread == 0 {
        return None;
    }
    let ratio = real(sum_y) / real(sum_x);
    let n = real(whole(images));
    let variance = n / (n - 1.0) * real(spread) / real(sum_x).powi(4);
    let half = student(degrees) * variance.sqrt();
    Some(Interval {
        low: (ratio - half).max(least),
        high: (ratio + half).min(1.0),
    })
}

fn whole(count: usize) -> i128 {
    i128::try_from(count).unwrap_or(i128::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the sums are exact; a quotient of them needs no more than 52 bits"
)]
fn real(sum: i128) -> f64 {
    sum as f64
}

/// The normal distribution's quantile for 95 % on both sides.
pub(super) const NORMAL: f64 = 1.960;

/// Student's t for 95 % on both sides by degrees of freedom, from 1 on (NIST/SEMATECH e-Handbook of
/// Statistical Methods, section 1.3.6.7.2).
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// The same table further on, by the degrees of freedom from which a row holds. Between two rows, and
/// beyond the last, the greater value is taken.
const STUDENT_BEYOND: [(usize, f64); 5] = [
    (1000, 1.962),
    (100, 1.984),
    (60, 2.000),
    (40, 2.021),
    (31, 2.042),
];

/// Student's t for so many degrees of freedom, at least 1.
fn student(degrees: usize) -> f64 {
    let small = degrees
        .checked_sub(1)
        .and_then(|row| STUDENT.get(row).copied());
    let beyond = STUDENT_BEYOND.iter().find(|(from, _)| degrees >= *from);
    small.or(beyond.map(|(_, t)| *t)).unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(images: &[(usize, usize)]) -> Ratio {
        Ratio {
            images: images.iter().copied().enumerate().collect(),
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn an_interval_is_that_of_a_ratio_over_clusters() {
        // R = (3 + 4 + 2) / (4 + 8 + 4) = 9/16. Residuals y − R·x: 3 − 2.25 = 0.75,
        // 4 − 4.5 = −0.5, 2 − 2.25 = −0.25; squares 0.5625 + 0.25 + 0.0625 = 0.875.
        // v = 3/2 · 0.875 / 256 = 0.005126953125, √v = 0.0716027452857, t(2) = 4.303.
        let share = ratio(&[(3, 4), (4, 8), (2, 4)]).share();
        assert_eq!((share.count, share.of, share.value), (9, 16, Some(0.5625)));
        let half = 4.303 * 0.005_126_953_125_f64.sqrt();
        let interval = share.interval.unwrap();
        assert!(close(interval.low, 0.5625 - half), "{interval:?}");
        assert!(close(interval.high, 0.5625 + half), "{interval:?}");
    }

    #[test]
    fn images_without_anything_to_count_are_no_images() {
        let with = ratio(&[(3, 4), (0, 0), (4, 8), (2, 4), (0, 0)]).share();
        assert_eq!(with, ratio(&[(3, 4), (4, 8), (2, 4)]).share());
        assert_eq!(ratio(&[(3, 4), (0, 0)]).share().interval, None);
        assert_eq!(ratio(&[]).share(), Share::default());
    }

    #[test]
    fn the_same_share_everywhere_is_no_certainty() {
        assert_eq!(ratio(&[(3, 4), (6, 8)]).share().interval, None);
        assert_eq!(ratio(&[(5, 5), (7, 7)]).share().interval, None);
    }

    #[test]
    fn an_interval_stays_within_what_is_possible() {
        let interval = ratio(&[(0, 10), (10, 10)]).share().interval.unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 1.0));
        let lead = ratio(&[(10, 10), (1, 10)]).lead(&ratio(&[(0, 10), (0, 10)]));
        // R = 11/20, residuals ±4.5; v = 2 · 40.5 / 400, half = 12.706 · 0.45.
        let lead = lead.unwrap();
        assert!(close(lead.low, -1.0) && close(lead.high, 1.0), "{lead:?}");
    }

    #[test]
    fn students_t_falls_towards_the_normal_quantile() {
        let values: Vec<f64> = (1..1200).map(student).collect();
        assert!(values.is_sorted_by(|a, b| a >= b));
        assert_eq!((values[0], values[1], values[29]), (12.706, 4.303, 2.042));
        assert!(close(student(usize::MAX), 1.962));
    }

    #[test]
    fn students_t_is_never_below_its_true_value() {
        let table = [
            (31, 2.040),
            (50, 2.009),
            (80, 1.990),
            (1000, 1.962),
            (2000, 1.961),
        ];
        for (degrees, t) in table {
            assert!(student(degrees) >= t, "t({degrees}) = {}", student(degrees));
        }
    }

    #[test]
    fn sums_that_no_integer_holds_give_no_interval() {
        let huge = usize::MAX / 4;
        assert_eq!(ratio(&[(1, huge), (huge, huge)]).share().interval, None);
    }
}
