//! How far two scanners agree.

use std::collections::BTreeMap;

use crate::coverage::stance::{Pattern, Side};
use crate::coverage::statistics::Sides;
use crate::model::comparison::{ComparedPair, Levels, MatrixCell, Overlap};
use crate::model::{Attachment, Finding, FixState, ScannerId, Severity};
use crate::reconcile::fix_weight;

use super::image::{Coarse, Image, Memberships};
use super::interval::{Ratio, share};
use super::tally::Tally;

/// Two scanners' numbers among those with a result, the first below the second.
pub(super) fn pairs(scanners: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..scanners).flat_map(move |a| (a + 1..scanners).map(move |b| (a, b)))
}

/// The agreement of two scanners over all images where both gave a result; `None` where there are none.
pub(super) fn pair(
    images: &[Image],
    tally: &Tally<'_>,
    matrices: &BTreeMap<(ScannerId, ScannerId), Matrices>,
    (a, b): (usize, usize),
) -> Option<ComparedPair> {
    let key = (
        tally.scanners.get(a)?.clone(),
        tally.scanners.get(b)?.clone(),
    );
    let common: Vec<(&Image, (usize, usize))> = images
        .iter()
        .filter_map(|image| {
            let places = (image.position(&key.0)?, image.position(&key.1)?);
            Some((image, places))
        })
        .collect();
    if common.is_empty() {
        return None;
    }
    let coarse = |memberships: fn(&Coarse) -> &Memberships| {
        let mut sides = OverlapCounts::default();
        for (image, (a, b)) in &common {
            for (members, count) in memberships(&image.coarse) {
                let has = |scanner: usize| members.get(scanner).is_some_and(|member| *member);
                let side = match (has(*a), has(*b)) {
                    (true, true) => Some(Side::Both),
                    (true, false) => Some(Side::OnlyA),
                    (false, true) => Some(Side::OnlyB),
                    (false, false) => None,
                };
                sides.add(image.number, side, *count);
            }
        }
        sides.overlap()
    };
    let matrices = matrices.get(&key).cloned().unwrap_or_default();
    Some(ComparedPair {
        images: common.len(),
        agreement: Levels {
            raw: coarse(|coarse| &coarse.raw),
            by_vulnerability_and_name: coarse(|coarse| &coarse.by_vulnerability_and_name),
            vulnerability: coarse(|coarse| &coarse.vulnerability),
            package: coarse(|coarse| &coarse.package),
            finding: by_finding(tally, |pattern| pattern.naive(a, b)),
            adjusted: adjusted(tally, (a, b)),
        },
        a: key.0,
        b: key.1,
        severity: cells(&matrices.severity),
        fix: cells(&matrices.fix),
    })
}

/// Agreement on the findings that both could have reported.
pub(super) fn adjusted(tally: &Tally<'_>, (a, b): (usize, usize)) -> Overlap {
    by_finding(tally, |pattern| pattern.adjusted(a, b))
}

fn by_finding(tally: &Tally<'_>, side: impl Fn(&Pattern) -> Option<Side>) -> Overlap {
    let mut sides = OverlapCounts::default();
    for row in &tally.rows {
        sides.add(row.image, side(&row.pattern), row.count);
    }
    sides.overlap()
}

/// What two scanners have, by image.
#[derive(Default)]
struct OverlapCounts(BTreeMap<usize, Sides>);

impl OverlapCounts {
    fn add(&mut self, image: usize, side: Option<Side>, count: usize) {
        if side.is_some() {
            self.0.entry(image).or_default().add(side, count);
        }
    }

    fn overlap(&self) -> Overlap {
        let mut jaccard = Ratio::default();
        let mut all = Sides::default();
        for (image, sides) in &self.0 {
            jaccard.add(*image, sides.both, sides.either());
            all.both += sides.both;
            all.only_a += sides.only_a;
            all.only_b += sides.only_b;
        }
        Overlap {
            both: all.both,
            only_a: all.only_a,
            only_b: all.only_b,
            jaccard: jaccard.share(),
            overlap: share(all.both, all.both + all.only_a.min(all.only_b)),
        }
    }
}

/// What two scanners say of findings that both list.
#[derive(Clone, Debug, Default)]
pub(super) struct Matrices {
    severity: BTreeMap<(Severity, Severity), usize>,
    fix: BTreeMap<(FixState, FixState), usize>,
}

/// Adds what each two scanners say of the findings that both list directly. Void findings are left
/// out: what a scanner says of them has no weight.
pub(super) fn add_matrices(
    matrices: &mut BTreeMap<(ScannerId, ScannerId), Matrices>,
    findings: &[Finding],
    patterns: &[Pattern],
    scanners: &[ScannerId],
) {
    for (finding, _) in (findings.iter().zip(patterns)).filter(|(_, pattern)| !pattern.void) {
        let said: Vec<(&ScannerId, (Severity, FixState))> = said(finding, scanners).collect();
        for (index, (a, (severity_a, fix_a))) in said.iter().enumerate() {
            for (b, (severity_b, fix_b)) in said.iter().skip(index + 1) {
                let matrices = matrices.entry(((*a).clone(), (*b).clone())).or_default();
                *matrices
                    .severity
                    .entry((*severity_a, *severity_b))
                    .or_default() += 1;
                *matrices.fix.entry((*fix_a, *fix_b)).or_default() += 1;
            }
        }
    }
}

/// By scanner the worst severity that it shows, and what it says of a fix: of several statements the
/// one that says most, as for [`crate::model::Fix::dissent`].
fn said<'f>(
    finding: &'f Finding,
    scanners: &[ScannerId],
) -> impl Iterator<Item = (&'f ScannerId, (Severity, FixState))> {
    let mut said: BTreeMap<&ScannerId, (Severity, FixState)> = BTreeMap::new();
    let direct = finding.observations.iter().filter(|observation| {
        observation.attachment == Attachment::Direct
            && scanners.binary_search(&observation.scanner).is_ok()
    });
    for observation in direct {
        let (severity, fix) = said.entry(&observation.scanner).or_default();
        *severity = observation.severity.comparable().max(*severity);
        if fix_weight(observation.fix_state) > fix_weight(*fix) {
            *fix = observation.fix_state;
        }
    }
    said.into_iter()
}

fn cells<T: Copy>(counts: &BTreeMap<(T, T), usize>) -> Vec<MatrixCell<T>> {
    counts
        .iter()
        .map(|((a, b), count)| MatrixCell {
            a: *a,
            b: *b,
            count: *count,
        })
        .collect()
}
