//! How much all scanners together miss, at least: capture and recapture.
//!
//! What two independent searches find in common tells how much there is. Chapman's estimator for two
//! (D. G. Chapman, "Some properties of the hypergeometric distribution with applications to zoological
//! sample censuses", 1951, with the variance of G. A. F. Seber, "The Estimation of Animal Abundance",
//! 2nd ed. 1982, chapter 3) and Chao's lower bound for more (A. Chao, "Estimating the population
//! size for capture-recapture data with unequal catchability", Biometrics 43, 1987) work on findings
//! that every scanner concerned could have reported. A scanner either reports a finding or not, so
//! that the data are incidences and the bound is the one called Chao2.
//!
//! Scanners are no independent searches, and what they report need not be true, so that an estimate
//! is shown with [`ASSUMPTIONS`] and refused where the counts cannot carry one.

use std::collections::BTreeMap;

use crate::coverage::statistics::{Sides, real};
use crate::model::comparison::{Estimate, Interval, PairEstimate, Unseen};

use super::agreement::pairs;
use super::interval::{NORMAL, share};
use super::tally::{Row, Tally};

/// Fewest findings that an estimate is made from.
const FEWEST_FINDINGS: usize = 20;

/// Fewest findings of both scanners for Chapman's estimator to be nearly unbiased (D. S. Robson and
/// H. A. Regier, "Sample size in Petersen mark-recapture experiments", Transactions of the American
/// Fisheries Society 93, 1964).
const FEWEST_OF_BOTH: usize = 7;

/// Fewest scanners for the bound over all of them: with two it tells nothing that a pair does not.
const FEWEST_SCANNERS: usize = 3;

/// What has to hold, and in which direction each is known to fail.
const ASSUMPTIONS: [&str; 4] = [
    "Scanners work independently of each other. They do not: they draw on the same advisory feeds, so \
     that they miss the same things, and the estimate is too low.",
    "What is reported is true, and one flaw in one package is one finding. False positives, and \
     packages or ids that could not be told to be the same, are findings of one scanner alone, and the \
     estimate is too high.",
    "Every finding is as easy to find as any other. Some are not: what is in no public advisory is in \
     no scanner's data either, and the estimate is too low.",
    "So read it as a lower bound, if the findings of one scanner alone are real, and not as a number of \
     vulnerabilities that are missing.",
];

/// Estimates from the findings of the base.
pub(super) fn unseen(tally: &Tally<'_>) -> Unseen {
    let names = tally.scanners;
    let nothing = base(tally).next().is_none().then(|| {
        refused("there are no findings on images where every scanner gave a result".to_owned())
    });
    let by_pair = pairs(names.len()).filter_map(|(a, b)| {
        Some(PairEstimate {
            a: names.get(a)?.clone(),
            b: names.get(b)?.clone(),
            estimate: nothing.clone().unwrap_or_else(|| of_two(tally, (a, b))),
        })
    });
    Unseen {
        pairs: by_pair.collect(),
        all: nothing.clone().unwrap_or_else(|| of_all(tally)),
        assumptions: ASSUMPTIONS.map(str::to_owned).to_vec(),
    }
}

fn base<'t, 'i>(tally: &'t Tally<'i>) -> impl Iterator<Item = &'t Row<'i>> {
    tally.rows.iter().filter(|row| row.in_base())
}

fn refused(reason: String) -> Estimate {
    Estimate::Refused { reason }
}

fn of_two(tally: &Tally<'_>, (a, b): (usize, usize)) -> Estimate {
    let mut sides = Sides::default();
    for row in base(tally) {
        sides.add(row.pattern.adjusted(a, b), row.count);
    }
    chapman(sides)
}

fn of_all(tally: &Tally<'_>) -> Estimate {
    let scanners = tally.scanners.len();
    if scanners < FEWEST_SCANNERS {
        return refused(format!(
            "scanners with a result: {scanners}; the bound over all takes at least {FEWEST_SCANNERS}"
        ));
    }
    let mut by_reporters: BTreeMap<usize, usize> = BTreeMap::new();
    for row in base(tally) {
        let found: Option<Vec<bool>> = (0..scanners).map(|s| row.pattern.found_by(s)).collect();
        let reporters = found.map_or(0, |found| found.into_iter().filter(|found| *found).count());
        if reporters > 0 {
            *by_reporters.entry(reporters).or_default() += row.count;
        }
    }
    chao(&by_reporters, scanners)
}

/// Chapman's estimate, `(n1 + 1)(n2 + 1) / (m + 1) − 1` for `n1` and `n2` findings of each and `m` of
/// both.
fn chapman(sides: Sides) -> Estimate {
    let seen = sides.either();
    if seen < FEWEST_FINDINGS {
        return too_few(seen, "both");
    }
    if sides.both < FEWEST_OF_BOTH {
        return refused(format!(
            "both report only {} of {seen} findings, and an estimate takes at least {FEWEST_OF_BOTH}",
            sides.both
        ));
    }
    let (both, only_a, only_b) = (real(sides.both), real(sides.only_a), real(sides.only_b));
    // What is left of the formula when the findings that were seen are taken off it.
    let unseen = only_a * only_b / (both + 1.0);
    let variance = (both + only_a + 1.0) * (both + only_b + 1.0) * only_a * only_b
        / ((both + 1.0).powi(2) * (both + 2.0));
    lower_bound("Chapman", seen, unseen, variance)
}

/// Chao's bias-corrected bound for incidences, `S + (t − 1)/t · q1(q1 − 1) / (2(q2 + 1))` for `S`
/// findings of `t` scanners, `q1` of one scanner alone and `q2` of exactly two, with its variance
/// (Chao2 in R. K. Colwell, "EstimateS User's Guide", appendix B), and the share of what is there that
/// was seen (I. J. Good, "The population frequencies of species and the estimation of population
/// parameters", Biometrika 40, 1953).
///
/// Without the factor it would be Chao1, the bound for individuals that are drawn again and again. Over
/// so few scanners that one lies far above what is there, even where scanners are independent.
fn chao(by_reporters: &BTreeMap<usize, usize>, scanners: usize) -> Estimate {
    let of = |reporters: usize| by_reporters.get(&reporters).copied().unwrap_or_default();
    let seen: usize = by_reporters.values().sum();
    if seen < FEWEST_FINDINGS {
        return too_few(seen, "all");
    }
    if of(2) == 0 {
        return refused("no finding is reported by exactly two scanners".to_owned());
    }
    let (q1, q2, t) = (real(of(1)), real(of(2)), real(scanners));
    let factor = (t - 1.0) / t;
    let unseen = factor * q1 * (q1 - 1.0) / (2.0 * (q2 + 1.0));
    let variance = unseen
        + factor.powi(2)
            * (q1 * (2.0 * q1 - 1.0).powi(2) / (4.0 * (q2 + 1.0).powi(2))
                + q1.powi(2) * q2 * (q1 - 1.0).powi(2) / (4.0 * (q2 + 1.0).powi(4)));
    let reports = by_reporters.iter().map(|(n, count)| n * count).sum();
    match lower_bound("Chao2", seen, unseen, variance) {
        Estimate::LowerBound {
            estimator,
            seen,
            total,
            interval,
            ..
        } => Estimate::LowerBound {
            estimator,
            seen,
            total,
            interval,
            sample_coverage: Some(share(reports - of(1), reports)),
        },
        refused @ Estimate::Refused { .. } => refused,
    }
}

fn too_few(seen: usize, by: &str) -> Estimate {
    refused(format!(
        "findings that {by} could have reported: {seen}; an estimate takes at least {FEWEST_FINDINGS}"
    ))
}

/// The estimate with an interval that never goes below what was seen: the unseen part is taken for
/// log-normal (Chao 1987). It has no width where nothing is estimated to be unseen.
fn lower_bound(estimator: &str, seen: usize, unseen: f64, variance: f64) -> Estimate {
    let base = real(seen);
    let factor = if unseen > 0.0 {
        (NORMAL * (variance / unseen.powi(2)).ln_1p().sqrt()).exp()
    } else {
        1.0
    };
    Estimate::LowerBound {
        estimator: estimator.to_owned(),
        seen,
        total: base + unseen,
        interval: Interval {
            low: base + unseen / factor,
            high: base + unseen * factor,
        },
        sample_coverage: None,
    }
}
