//! Which scanners together report how much, and which to choose.
//!
//! Everything here is counted on the images where every one of the scanners that are compared gave a
//! result ([`super::base`]), so that a failure is no miss, and without void findings. A finding counts
//! for those who report it, in this very package.

use std::collections::BTreeMap;

use crate::coverage::statistics::real;
use crate::model::comparison::{BestChoice, Contribution, CurveStep, RunnerUp, SetIntersection};
use crate::model::{ScannerId, Severity};

use super::agreement::pairs;
use super::image::Image;
use super::interval::Ratio;
use super::tally::Tally;

/// Up to so many scanners every choice is looked at: 4096 of them.
const EXACT: usize = 12;

/// The findings by who reports them.
pub(super) struct Choices<'t> {
    scanners: &'t [ScannerId],
    found: Vec<Found>,
    all: usize,
}

/// Findings of one image with one severity that the same scanners report.
struct Found {
    /// By its number among distinct ones.
    image: usize,
    severity: Severity,
    /// By number, ascending.
    reporters: Vec<usize>,
    count: usize,
}

impl Found {
    fn is_covered_by(&self, choice: &[usize]) -> bool {
        self.reporters
            .iter()
            .any(|reporter| choice.contains(reporter))
    }
}

impl<'t> Choices<'t> {
    /// None of the findings where there are fewer than two scanners: there is nothing to choose from,
    /// and a scanner alone covers all that it reports.
    pub(super) fn new(tally: &Tally<'t>) -> Self {
        let mut counts: BTreeMap<(usize, Severity, Vec<usize>), usize> = BTreeMap::new();
        let is_choice = tally.scanners.len() > 1;
        for row in tally.rows.iter().filter(|row| is_choice && row.in_base()) {
            let reporters = row.pattern.reporters().collect();
            let key = (row.image, row.part.severity.0, reporters);
            *counts.entry(key).or_default() += row.count;
        }
        let found = counts.into_iter();
        let found: Vec<Found> = found
            .map(|((image, severity, reporters), count)| Found {
                image,
                severity,
                reporters,
                count,
            })
            .collect();
        Self {
            scanners: tally.scanners,
            all: found.iter().map(|found| found.count).sum(),
            found,
        }
    }

    /// Findings by exactly who reports them, most first.
    pub(super) fn sets(&self) -> Vec<SetIntersection> {
        let mut counts: BTreeMap<&[usize], usize> = BTreeMap::new();
        for found in &self.found {
            *counts.entry(&found.reporters).or_default() += found.count;
        }
        let mut sets: Vec<SetIntersection> = counts
            .into_iter()
            .map(|(reporters, count)| SetIntersection {
                scanners: self.names(reporters),
                count,
            })
            .collect();
        sets.sort_by_key(|set| std::cmp::Reverse(set.count));
        sets
    }

    /// What each scanner adds to the others. `base` are the images that the findings are on. Empty
    /// without findings.
    pub(super) fn contributions(&self, base: &[&Image]) -> Vec<Contribution> {
        if self.all == 0 {
            return Vec::new();
        }
        let contribution = |(number, scanner): (usize, &ScannerId)| {
            let mut marginal = Ratio::default();
            // By the number of those who report them, so that the sum below is of few terms and in
            // one order.
            let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
            for found in &self.found {
                let is_its = found.reporters == [number];
                marginal.add(
                    found.image,
                    if is_its { found.count } else { 0 },
                    found.count,
                );
                if found.reporters.contains(&number) {
                    *shared.entry(found.reporters.len()).or_default() += found.count;
                }
            }
            let marginal = marginal.share();
            let parts = shared.iter();
            let part: f64 = parts
                .map(|(reporters, count)| real(*count) / real(*reporters))
                .sum();
            Contribution {
                scanner: scanner.clone(),
                shapley: part / real(self.all),
                duration_ms_per_marginal: duration(scanner, base)
                    .and_then(|duration| duration.checked_div(u64::try_from(marginal.count).ok()?)),
                marginal,
            }
        };
        self.scanners.iter().enumerate().map(contribution).collect()
    }

    /// The scanners in the order in which each adds most to those before it; of equals the first by id.
    /// Empty without findings.
    pub(super) fn curve(&self) -> Vec<CurveStep> {
        if self.all == 0 {
            return Vec::new();
        }
        let order = self.greedy();
        let steps = order.iter().enumerate();
        steps
            .filter_map(|(before, (scanner, gain))| {
                let chosen: Vec<usize> = order.iter().take(before + 1).map(|(s, _)| *s).collect();
                Some(CurveStep {
                    scanner: self.scanners.get(*scanner)?.clone(),
                    gain: *gain,
                    covered: self.covered(&chosen).share(),
                })
            })
            .collect()
    }

    /// The best choice of one scanner, of two, and so on to all. None without findings.
    pub(super) fn best(&self) -> Vec<BestChoice> {
        if self.all == 0 {
            return Vec::new();
        }
        let sizes = 1..=self.scanners.len();
        let Some(lost) = self.lost_by_choice() else {
            let order: Vec<usize> = self.greedy().into_iter().map(|(s, _)| s).collect();
            let choice = |size| {
                let mut chosen: Vec<usize> = order.iter().take(size).copied().collect();
                chosen.sort_unstable();
                self.choice(&chosen, 0, None, false)
            };
            return sizes.map(choice).collect();
        };
        let of_size = |size| {
            let choices = lost.iter().zip(0_usize..);
            let choices = choices.filter(|(_, set)| set.count_ones() as usize == size);
            self.best_of(choices.map(|(lost, set)| (*lost, members(set))).collect())
        };
        sizes.filter_map(of_size).collect()
    }

    /// The best choice of two of more scanners.
    pub(super) fn best_pair(&self) -> Option<BestChoice> {
        if self.scanners.len() <= 2 || self.all == 0 {
            return None;
        }
        let choices = pairs(self.scanners.len()).map(|(a, b)| {
            let choice = vec![a, b];
            let lost = self.found.iter().filter(|f| !f.is_covered_by(&choice));
            (lost.map(|found| found.count).sum(), choice)
        });
        self.best_of(choices.collect())
    }

    /// The best of all choices of one size, each with what it loses.
    fn best_of(&self, mut choices: Vec<(usize, Vec<usize>)>) -> Option<BestChoice> {
        choices.sort_unstable();
        let (least, best) = choices.first()?;
        let equals = choices.iter().filter(|(lost, _)| lost == least).count() - 1;
        let runner_up = choices.get(1).map(|(_, choice)| choice.as_slice());
        Some(self.choice(best, equals, runner_up, true))
    }

    fn choice(
        &self,
        best: &[usize],
        equals: usize,
        runner_up: Option<&[usize]>,
        exact: bool,
    ) -> BestChoice {
        let mut lost: BTreeMap<Severity, usize> = BTreeMap::new();
        for found in self.found.iter().filter(|found| !found.is_covered_by(best)) {
            *lost.entry(found.severity).or_default() += found.count;
        }
        let covered = self.covered(best);
        BestChoice {
            scanners: self.names(best),
            covered: covered.share(),
            lost,
            equals,
            runner_up: runner_up.map(|scanners| {
                let theirs = self.covered(scanners);
                RunnerUp {
                    scanners: self.names(scanners),
                    covered: theirs.share(),
                    lead: covered.lead(&theirs),
                }
            }),
            exact,
        }
    }

    /// Findings that at least one of the chosen scanners reports, of all.
    fn covered(&self, choice: &[usize]) -> Ratio {
        let mut ratio = Ratio::default();
        for found in &self.found {
            let covered = if found.is_covered_by(choice) {
                found.count
            } else {
                0
            };
            ratio.add(found.image, covered, found.count);
        }
        ratio
    }

    /// For every choice of scanners, a bit for each, the number of findings that none of them reports;
    /// `None` with more than [`EXACT`] scanners.
    ///
    /// Findings are counted by the set of their reporters, and summed over all subsets of a set one
    /// scanner at a time: what a choice loses is reported by the others alone.
    fn lost_by_choice(&self) -> Option<Vec<usize>> {
        let scanners = self.scanners.len();
        if scanners > EXACT {
            return None;
        }
        let all = (1_usize << scanners) - 1;
        let mut within = vec![0; all + 1];
        for found in &self.found {
            let set: usize = found.reporters.iter().map(|reporter| 1 << reporter).sum();
            *within.get_mut(set)? += found.count;
        }
        for scanner in 0..scanners {
            for set in (0..=all).filter(|set| set >> scanner & 1 == 1) {
                let without = *within.get(set & !(1 << scanner))?;
                *within.get_mut(set)? += without;
            }
        }
        (0..=all)
            .map(|choice| within.get(all & !choice).copied())
            .collect()
    }

    /// All scanners, each with what it adds to those before it, which is as much as any could.
    ///
    /// Such a beginning covers at least 1 − 1/e of what the best choice of as many scanners does (G. L.
    /// Nemhauser, L. A. Wolsey and M. L. Fisher, "An analysis of approximations for maximizing
    /// submodular set functions", Mathematical Programming 14, 1978).
    fn greedy(&self) -> Vec<(usize, usize)> {
        let mut left: Vec<usize> = (0..self.scanners.len()).collect();
        let mut uncovered: Vec<&Found> = self.found.iter().collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let mut gains = vec![0; self.scanners.len()];
            for found in &uncovered {
                for reporter in &found.reporters {
                    if let Some(gain) = gains.get_mut(*reporter) {
                        *gain += found.count;
                    }
                }
            }
            let gain = |scanner: usize| gains.get(scanner).copied().unwrap_or_default();
            // The last of the greatest, so of equals the first by id.
            let Some(next) = left.iter().rev().copied().max_by_key(|s| gain(*s)) else {
                break;
            };
            order.push((next, gain(next)));
            left.retain(|scanner| *scanner != next);
            uncovered.retain(|found| !found.reporters.contains(&next));
        }
        order
    }

    fn names(&self, numbers: &[usize]) -> Vec<ScannerId> {
        let names = numbers.iter().filter_map(|n| self.scanners.get(*n));
        names.cloned().collect()
    }
}

/// The numbers of the bits that are set.
fn members(set: usize) -> Vec<usize> {
    let bits = usize::try_from(usize::BITS).unwrap_or_default();
    (0..bits).filter(|bit| set >> bit & 1 == 1).collect()
}

/// A scanner's wall time over images; `None` unless it is known on all of them.
fn duration(scanner: &ScannerId, images: &[&Image]) -> Option<u64> {
    images
        .iter()
        .map(|image| image.summary.scanners.get(scanner)?.duration_ms)
        .try_fold(0_u64, |sum, duration| Some(sum.saturating_add(duration?)))
}
