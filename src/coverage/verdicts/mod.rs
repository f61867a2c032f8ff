//! What each scanner has to say on each finding, and why it says nothing.
//!
//! The decision is ordered; the first test that holds gives verdict and cause. Its steps are those of
//! [`Cause`]: what the scanner itself says or withholds by its own record, what its program or its
//! design leaves out, what it was told to hide, what it leaves to the operating system's packages, what
//! its package list lacks, and last what its data lack. The tests on a package that its list lacks
//! exclude each other: listed as something else, no such package at all, or just not listed.
//!
//! Only evidence of the scanner itself counts: that another scanner catalogued a package does not
//! tell whether this one did. Two tests look at several findings, how often a kind of findings is
//! missing and whether a vulnerability is reported elsewhere; so there are two passes over the
//! findings, and each verdict of the second costs the same however many there are.

mod catalogue;
mod evidence;
mod filters;
mod places;
mod silence;
mod subject;

use std::collections::BTreeMap;

use crate::model::{Cause, ScannerId, ScannerRun, ScannerVerdict, Strength, Verdict};
use crate::reconcile::Reconciled;

use self::evidence::{Evidence, Said};
use self::subject::Subject;

/// The verdicts on each finding, in the order of the findings.
pub(super) fn verdicts(
    reconciled: &Reconciled,
    runs: &[ScannerRun],
) -> Vec<BTreeMap<ScannerId, ScannerVerdict>> {
    let evidence = Evidence::of(reconciled);
    let mut subjects = Subject::all(runs, reconciled);
    let mut verdicts = Vec::with_capacity(reconciled.findings.len());
    for finding in &reconciled.findings {
        let case = evidence.case(finding);
        let said = Said::on(finding);
        let mut settled = BTreeMap::new();
        for subject in &mut subjects {
            let said = said.get(subject.scanner).copied().unwrap_or_default();
            match subject.by_record(&case, said) {
                Some(verdict) => {
                    settled.insert(subject.scanner.clone(), verdict);
                }
                None => subject.miss(&case),
            }
        }
        verdicts.push(settled);
    }
    for (finding, verdicts) in reconciled.findings.iter().zip(&mut verdicts) {
        if verdicts.len() == subjects.len() {
            continue;
        }
        let case = evidence.case(finding);
        for subject in &subjects {
            if !verdicts.contains_key(subject.scanner) {
                let verdict = subject.by_silence(&case, &subjects);
                verdicts.insert(subject.scanner.clone(), verdict);
            }
        }
    }
    verdicts
}

fn proven(verdict: Verdict, cause: Cause, reason: impl Into<String>) -> ScannerVerdict {
    ScannerVerdict {
        verdict,
        cause,
        strength: Strength::Proven,
        reason: reason.into(),
    }
}

fn inferred(verdict: Verdict, cause: Cause, reason: impl Into<String>) -> ScannerVerdict {
    ScannerVerdict {
        strength: Strength::Inferred,
        ..proven(verdict, cause, reason)
    }
}
