//! How far scanners agree on one image: the counts, and the two figures made of them.
//!
//! The universe is the findings of the run after reconciling. A finding whose vulnerability was
//! rejected or withdrawn is in the naive agreement alone: a scanner that still reports it differs
//! from one that does not, and the one that does not is right.
//!
//! Agreement is the Jaccard index (P. Jaccard, "The distribution of the flora in the alpine zone",
//! New Phytologist 11, 1912): findings that both report over findings that either reports. Cohen's
//! kappa is not offered: what neither scanner reports is not among the findings, so that its fourth
//! cell is empty by construction and kappa is never above zero, however well two scanners agree.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::report::{Coverage, PairAgreement, ScannerCoverage};
use crate::model::{Finding, ScannerId, Verdict};

use super::stance::{Pattern, Side, Stances};

/// Counts how the scanners compare, from the findings' verdicts.
///
/// `all` are the scanners of the run and `with_result` those that gave a trustworthy result, both
/// sorted. Rows and pairs are in that order, so that a pair's `a` sorts before its `b`. `partial` are
/// those whose result lacks a part.
pub fn statistics(
    findings: &[Finding],
    all: &[ScannerId],
    with_result: &[ScannerId],
    partial: &[ScannerId],
) -> Coverage {
    let stances = Stances::new(findings, partial);
    let of_findings = stances.patterns(findings, with_result);
    let mut patterns: HashMap<&Pattern, usize> = HashMap::new();
    for pattern in &of_findings {
        *patterns.entry(pattern).or_insert(0) += 1;
    }
    let pairs = with_result.iter().enumerate().flat_map(|(a, name_a)| {
        let patterns = &patterns;
        let later = with_result.iter().enumerate().skip(a + 1);
        later.map(move |(b, name_b)| agreement(patterns, (a, name_a), (b, name_b)))
    });
    Coverage {
        scanners: rows(findings, all, with_result, &stances, &of_findings),
        pairs: pairs.collect(),
        shared_by_all: patterns
            .iter()
            .filter(|(pattern, _)| pattern.by_all())
            .map(|(_, count)| count)
            .sum(),
    }
}

/// One row for each of `all`, in that order. `patterns` are those of the findings over `with_result`.
///
/// Of a scanner without a result only its failure counts, and a verdict of a scanner that is not
/// in `all` counts nowhere: a report that was edited may hold more.
pub(super) fn rows(
    findings: &[Finding],
    all: &[ScannerId],
    with_result: &[ScannerId],
    stances: &Stances<'_>,
    patterns: &[Pattern],
) -> Vec<ScannerCoverage> {
    let mut physical: HashMap<&ScannerId, HashSet<usize>> = HashMap::new();
    let mut rows: BTreeMap<&ScannerId, ScannerCoverage> = all
        .iter()
        .map(|scanner| {
            let row = ScannerCoverage {
                scanner: scanner.clone(),
                reported: 0,
                alone: 0,
                physical: 0,
                verdicts: BTreeMap::new(),
                missed: BTreeMap::new(),
            };
            (scanner, row)
        })
        .collect();
    for (number, (finding, pattern)) in findings.iter().zip(patterns).enumerate() {
        if let Some(row) = pattern
            .alone()
            .and_then(|scanner| with_result.get(scanner))
            .and_then(|scanner| rows.get_mut(scanner))
        {
            row.alone += 1;
        }
        for (scanner, verdict) in &finding.verdicts {
            let Some(row) = rows.get_mut(scanner) else {
                continue;
            };
            if verdict.verdict != Verdict::Failed && !with_result.contains(scanner) {
                continue;
            }
            *row.verdicts.entry(verdict.verdict).or_insert(0) += 1;
            if verdict.verdict.sees() {
                row.reported += 1;
                let first = stances.physical(number);
                physical.entry(scanner).or_default().insert(first);
            } else {
                *row.missed.entry(verdict.cause).or_insert(0) += 1;
            }
        }
    }
    for (scanner, findings) in physical {
        if let Some(row) = rows.get_mut(scanner) {
            row.physical = findings.len();
        }
    }
    rows.into_values().collect()
}

/// The agreement of two scanners, by their numbers in the patterns.
fn agreement(
    patterns: &HashMap<&Pattern, usize>,
    (a, name_a): (usize, &ScannerId),
    (b, name_b): (usize, &ScannerId),
) -> PairAgreement {
    let [mut naive, mut adjusted] = [Sides::default(); 2];
    for (pattern, count) in patterns {
        naive.add(pattern.naive(a, b), *count);
        adjusted.add(pattern.adjusted(a, b), *count);
    }
    PairAgreement {
        a: name_a.clone(),
        b: name_b.clone(),
        both: naive.both,
        only_a: naive.only_a,
        only_b: naive.only_b,
        naive: naive.jaccard(),
        adjusted_both: adjusted.both,
        adjusted_only_a: adjusted.only_a,
        adjusted_only_b: adjusted.only_b,
        adjusted: adjusted.jaccard(),
    }
}

/// Findings of two scanners by whose they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    /// Of both.
    pub(super) both: usize,
    /// Only of the first.
    pub(super) only_a: usize,
    /// Only of the second.
    pub(super) only_b: usize,
}

impl Sides {
    pub(super) fn add(&mut self, side: Option<Side>, count: usize) {
        match side {
            Some(Side::Both) => self.both += count,
            Some(Side::OnlyA) => self.only_a += count,
            Some(Side::OnlyB) => self.only_b += count,
            None => {}
        }
    }

    /// Of either.
    pub(super) fn either(self) -> usize {
        self.both + self.only_a + self.only_b
    }

    /// Shared over all, 0 to 1; `None` when there is nothing to share.
    fn jaccard(self) -> Option<f64> {
        quotient(self.both, self.either())
    }
}

/// `count / of`; `None` when `of` is 0.
pub(super) fn quotient(count: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| real(count) / real(of))
}

/// A count among real numbers.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of findings are far below 2^52"
)]
pub(super) fn real(count: usize) -> f64 {
    count as f64
}
