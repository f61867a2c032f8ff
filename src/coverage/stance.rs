//! What a scanner's verdict on a finding means when it is compared with that of others.
//!
//! Everything that compares scanners counts findings by their [`Pattern`]: the stance of each scanner
//! on the finding. There are few patterns however many findings there are, so that whatever combines
//! scanners costs patterns and not findings.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::{AdvisoryState, Cause, Ecosystem, Finding, ScannerId};
use crate::reconcile::physical;

/// A scanner's stance on a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Stance {
    /// It reports the finding.
    Reports,
    /// It reports the same vulnerability in the same files under another package type.
    Elsewhere,
    /// It does not report it, and by design or by a rule it could not have, or was right not to, or the
    /// part of its result that could is missing.
    Excused,
    /// It does not report it.
    Misses,
    /// It gave no trustworthy result on the image.
    Absent,
}

/// Whose a finding is when two scanners are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Both report it.
    Both,
    /// Only the first does.
    OnlyA,
    /// Only the second does.
    OnlyB,
}

/// The stance of every scanner on a finding, in the order of a list of scanners that the caller keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pattern {
    /// The stances.
    pub(super) stances: Box<[Stance]>,
    /// True where the vulnerability was rejected or withdrawn: not to report it is right, so that such
    /// a finding tells nothing of a scanner. It counts in the naive agreement alone.
    pub(super) void: bool,
}

impl Pattern {
    /// The stance of the scanner with that number in the list.
    pub(super) fn stance(&self, scanner: usize) -> Stance {
        self.stances.get(scanner).copied().unwrap_or(Stance::Absent)
    }

    /// Numbers of the scanners that report it.
    pub(super) fn reporters(&self) -> impl Iterator<Item = usize> {
        let numbered = self.stances.iter().enumerate();
        numbered.filter_map(|(scanner, stance)| (*stance == Stance::Reports).then_some(scanner))
    }

    /// The scanner that alone reports it, in this package or in another one that is the same files.
    /// None of a void finding.
    pub(super) fn alone(&self) -> Option<usize> {
        let mut reporters = self.reporters();
        let first = reporters.next()?;
        let others = reporters.next().is_some() || self.stances.contains(&Stance::Elsewhere);
        (!self.void && !others).then_some(first)
    }

    /// True where every scanner with a result reports it. Never for a void finding.
    pub(super) fn by_all(&self) -> bool {
        let mut with_result = self.stances.iter().filter(|s| **s != Stance::Absent);
        !self.void
            && self.reporters().next().is_some()
            && with_result.all(|stance| *stance == Stance::Reports)
    }

    /// True where the scanner reports a finding that it could have reported, false where it does not;
    /// `None` where it could not have, and of a void finding.
    pub(super) fn found_by(&self, scanner: usize) -> Option<bool> {
        match self.stance(scanner) {
            _ if self.void => None,
            Stance::Reports => Some(true),
            Stance::Misses => Some(false),
            Stance::Elsewhere | Stance::Excused | Stance::Absent => None,
        }
    }

    /// Whose it is of two scanners, by their word alone. `None` where neither reports it and where one
    /// has no result.
    pub(super) fn naive(&self, a: usize, b: usize) -> Option<Side> {
        match (self.stance(a), self.stance(b)) {
            (Stance::Absent, _) | (_, Stance::Absent) => None,
            (Stance::Reports, Stance::Reports) => Some(Side::Both),
            (Stance::Reports, _) => Some(Side::OnlyA),
            (_, Stance::Reports) => Some(Side::OnlyB),
            _ => None,
        }
    }

    /// The same, of the findings that both could have reported.
    pub(super) fn adjusted(&self, a: usize, b: usize) -> Option<Side> {
        match (self.found_by(a)?, self.found_by(b)?) {
            (true, true) => Some(Side::Both),
            (true, false) => Some(Side::OnlyA),
            (false, true) => Some(Side::OnlyB),
            (false, false) => None,
        }
    }

    /// The same over those scanners alone that have these numbers.
    pub(super) fn narrowed(&self, numbers: &[usize]) -> Self {
        let stances = numbers.iter().map(|number| self.stance(*number));
        Self {
            stances: stances.collect(),
            void: self.void,
        }
    }

    /// The same over `all` scanners: each of its own has its number there in `places`, the others are
    /// absent.
    pub(super) fn widened(&self, places: &[usize], all: usize) -> Self {
        let mut stances = vec![Stance::Absent; all];
        for (stance, place) in self.stances.iter().zip(places) {
            if let Some(slot) = stances.get_mut(*place) {
                *slot = *stance;
            }
        }
        Self {
            stances: stances.into(),
            void: self.void,
        }
    }
}

/// Tells the patterns of one image's findings.
pub(super) struct Stances<'f> {
    /// For each finding the first one in the same files.
    physical: Vec<usize>,
    /// Reporters by that first one, only where there are several findings.
    reporters: HashMap<usize, BTreeSet<&'f ScannerId>>,
    /// Kinds of packages that a scanner reports findings of, for each whose result lacks a part.
    parts: HashMap<&'f ScannerId, HashSet<&'f Ecosystem>>,
}

impl<'f> Stances<'f> {
    /// `partial` are the scanners whose result lacks a part.
    pub(super) fn new(findings: &'f [Finding], partial: &'f [ScannerId]) -> Self {
        let mut parts: HashMap<&ScannerId, HashSet<&Ecosystem>> = partial
            .iter()
            .map(|scanner| (scanner, HashSet::new()))
            .collect();
        if !parts.is_empty() {
            for finding in findings {
                for scanner in finding.reporters() {
                    if let Some(reported) = parts.get_mut(scanner) {
                        reported.insert(&finding.package.ecosystem);
                    }
                }
            }
        }
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
            parts,
        }
    }

    /// True where the silence may be due to the part that the scanner's result lacks: nothing shows
    /// that it saw the package, and it reports no finding of the kind. Which part is missing it tells
    /// in words alone.
    fn may_be_missing(&self, finding: &Finding, scanner: &ScannerId, cause: Cause) -> bool {
        let is_unseen = matches!(
            cause,
            Cause::NotCatalogued | Cause::EcosystemNotCatalogued | Cause::NoPackageList
        );
        let reported = self.parts.get(scanner);
        is_unseen && reported.is_some_and(|reported| !reported.contains(&finding.package.ecosystem))
    }

    /// The number of the first finding that is the same vulnerability in the same files as the one with
    /// that number.
    pub(super) fn physical(&self, number: usize) -> usize {
        self.physical.get(number).copied().unwrap_or(number)
    }

    /// The pattern of each of the findings over `scanners`, all of which gave a result.
    pub(super) fn patterns(&self, findings: &[Finding], scanners: &[ScannerId]) -> Vec<Pattern> {
        let numbered = findings.iter().enumerate();
        numbered
            .map(|(number, finding)| {
                let in_these_files = self.reporters.get(&self.physical(number));
                let stance = |scanner: &ScannerId| {
                    let verdict = finding.verdicts.get(scanner);
                    if verdict.is_some_and(|verdict| verdict.verdict.sees()) {
                        Stance::Reports
                    } else if in_these_files.is_some_and(|reporters| reporters.contains(scanner)) {
                        Stance::Elsewhere
                    } else if verdict.is_some_and(|verdict| {
                        verdict.is_excused() || self.may_be_missing(finding, scanner, verdict.cause)
                    }) {
                        Stance::Excused
                    } else {
                        Stance::Misses
                    }
                };
                Pattern {
                    stances: scanners.iter().map(stance).collect(),
                    void: matches!(
                        finding.vulnerability.state,
                        AdvisoryState::Rejected | AdvisoryState::Withdrawn
                    ),
                }
            })
            .collect()
    }
}
