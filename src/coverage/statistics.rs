//! How far scanners agree: the counts, and the two figures made of them.
//!
//! The universe is the findings of the run after reconciling. Withdrawn and rejected vulnerabilities
//! are counted like all others: a scanner that still reports them differs from one that does not,
//! and their number is small.
//!
//! Agreement is the Jaccard index (P. Jaccard, "The distribution of the flora in the alpine zone",
//! New Phytologist 11, 1912): findings that both report over findings that either reports. Cohen's
//! kappa is not offered: what neither scanner reports is not among the findings, so that its fourth
//! cell is empty by construction and kappa is never above zero, however well two scanners agree.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::report::{Coverage, PairAgreement, ScannerCoverage};
use crate::model::{Finding, ScannerId, Verdict};
use crate::reconcile::physical;

/// Counts how the scanners compare, from the findings' verdicts.
///
/// `all` are the scanners of the run and `with_result` those that gave a trustworthy result, both
/// sorted. Rows and pairs are in that order, so that a pair's `a` sorts before its `b`.
pub fn statistics(findings: &[Finding], all: &[ScannerId], with_result: &[ScannerId]) -> Coverage {
    let seen_as = SeenAs::new(findings);
    let patterns = patterns(findings, with_result, &seen_as);
    let everybody =
        |pattern: &&Pattern| !pattern.is_empty() && pattern.iter().all(|s| *s == Stance::Reports);
    let pairs = with_result.iter().enumerate().flat_map(|(a, name_a)| {
        let patterns = &patterns;
        let later = with_result.iter().enumerate().skip(a + 1);
        later.map(move |(b, name_b)| agreement(patterns, (a, name_a), (b, name_b)))
    });
    Coverage {
        scanners: rows(findings, all, &seen_as),
        pairs: pairs.collect(),
        shared_by_all: patterns
            .iter()
            .filter(|(pattern, _)| everybody(pattern))
            .map(|(_, count)| count)
            .sum(),
    }
}

/// What a scanner's verdict means when it is compared with another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stance {
    /// It reports the finding.
    Reports,
    /// It does not, and by design or by a rule it could not have, or it reports the same files under
    /// another package type.
    Excused,
    /// It does not.
    Misses,
}

impl Stance {
    fn of(verdict: Option<Verdict>) -> Self {
        match verdict {
            Some(verdict) if verdict.sees() => Self::Reports,
            Some(verdict) if verdict.not_applicable() || verdict == Verdict::Suppressed => {
                Self::Excused
            }
            Some(_) | None => Self::Misses,
        }
    }
}

/// The stance of every scanner with a result on one finding.
type Pattern = Box<[Stance]>;

/// Findings by pattern. There are few patterns however many findings there are, so that everything
/// that combines scanners costs patterns and not findings.
fn patterns(
    findings: &[Finding],
    scanners: &[ScannerId],
    seen_as: &SeenAs<'_>,
) -> HashMap<Pattern, usize> {
    let mut patterns = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        let pattern: Pattern = scanners
            .iter()
            .map(|scanner| {
                let stance = Stance::of(finding.verdicts.get(scanner).map(|v| v.verdict));
                if stance == Stance::Misses && seen_as.reporters(index).contains(scanner) {
                    Stance::Excused
                } else {
                    stance
                }
            })
            .collect();
        *patterns.entry(pattern).or_insert(0) += 1;
    }
    patterns
}

/// Who reports each finding's vulnerability in the finding's files, under whatever package type.
struct SeenAs<'f> {
    /// For each finding the first one in the same files.
    physical: Vec<usize>,
    /// Reporters by that first one, only where there are several.
    reporters: HashMap<usize, BTreeSet<&'f ScannerId>>,
    nobody: BTreeSet<&'f ScannerId>,
}

impl<'f> SeenAs<'f> {
    fn new(findings: &'f [Finding]) -> Self {
        let physical = physical(findings);
        let mut reporters: HashMap<usize, BTreeSet<&ScannerId>> = HashMap::new();
        for (finding, first) in findings.iter().zip(&physical) {
            if finding.same_files().next().is_some() {
                reporters
                    .entry(*first)
                    .or_default()
                    .extend(finding.reporters());
            }
        }
        Self {
            physical,
            reporters,
            nobody: BTreeSet::new(),
        }
    }

    /// Empty where the finding is the only one in its files.
    fn reporters(&self, finding: usize) -> &BTreeSet<&'f ScannerId> {
        let first = self.physical.get(finding);
        first
            .and_then(|first| self.reporters.get(first))
            .unwrap_or(&self.nobody)
    }
}

fn rows(
    findings: &[Finding],
    scanners: &[ScannerId],
    seen_as: &SeenAs<'_>,
) -> Vec<ScannerCoverage> {
    let mut physical: HashMap<&ScannerId, HashSet<usize>> = HashMap::new();
    let mut rows: BTreeMap<&ScannerId, ScannerCoverage> = scanners
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
    for (index, finding) in findings.iter().enumerate() {
        let alone = finding.reporters().nth(1).is_none() && seen_as.reporters(index).len() <= 1;
        for (scanner, verdict) in &finding.verdicts {
            let Some(row) = rows.get_mut(scanner) else {
                continue;
            };
            *row.verdicts.entry(verdict.verdict).or_insert(0) += 1;
            if !verdict.verdict.sees() {
                *row.missed.entry(verdict.cause).or_insert(0) += 1;
            }
            if verdict.verdict.sees() {
                row.reported += 1;
                row.alone += usize::from(alone);
                let first = seen_as.physical.get(index).copied().unwrap_or(index);
                physical.entry(scanner).or_default().insert(first);
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

/// The agreement of two scanners, by their ordinals in the patterns.
fn agreement(
    patterns: &HashMap<Pattern, usize>,
    (a, name_a): (usize, &ScannerId),
    (b, name_b): (usize, &ScannerId),
) -> PairAgreement {
    use Stance::{Excused, Misses, Reports};
    let mut pair = PairAgreement {
        a: name_a.clone(),
        b: name_b.clone(),
        both: 0,
        only_a: 0,
        only_b: 0,
        naive: None,
        adjusted_only_a: 0,
        adjusted_only_b: 0,
        adjusted: None,
    };
    for (pattern, count) in patterns {
        match (pattern.get(a), pattern.get(b)) {
            (Some(Reports), Some(Reports)) => pair.both += count,
            (Some(Reports), Some(Misses)) => {
                pair.only_a += count;
                pair.adjusted_only_a += count;
            }
            (Some(Reports), Some(Excused)) => pair.only_a += count,
            (Some(Misses), Some(Reports)) => {
                pair.only_b += count;
                pair.adjusted_only_b += count;
            }
            (Some(Excused), Some(Reports)) => pair.only_b += count,
            _ => {}
        }
    }
    pair.naive = jaccard(pair.both, pair.only_a, pair.only_b);
    pair.adjusted = jaccard(pair.both, pair.adjusted_only_a, pair.adjusted_only_b);
    pair
}

/// Shared over all, 0 to 1; `None` when there is nothing to share.
fn jaccard(both: usize, only_a: usize, only_b: usize) -> Option<f64> {
    let either = both + only_a + only_b;
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of findings are far below 2^52"
    )]
    (either > 0).then(|| both as f64 / either as f64)
}
