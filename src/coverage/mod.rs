//! Floor 4: how the scanners compare. Which of them reports a finding, why another does not, how far
//! they agree, and what none of them looks at. Pure.
//!
//! [`compare`] fills every finding's verdicts and counts them; [`unchecked()`] lists the packages of
//! which the silence of all scanners says nothing; [`Comparisons`] compares over many images, and
//! [`changes`] two runs.

mod assessor;
pub mod changes;
mod comparison;
mod inventories;
mod nvidia;
mod stance;
mod statistics;
mod unchecked;
mod verdicts;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::model::report::Coverage;
use crate::model::{Outcome, ScannerId, ScannerRun};
use crate::reconcile::Reconciled;

pub use comparison::{Comparisons, ImageInput};
pub use inventories::{InventoryTally, listed};
pub use statistics::statistics;
pub use unchecked::unchecked;

/// Fills [`crate::model::Finding::verdicts`] with the verdict of every scanner of the run, failed
/// ones included, and counts how the scanners compare.
///
/// Cost: one pass over the packages of all inventories, one over all findings with their
/// observations and instances, for each scanner.
pub fn compare(reconciled: &mut Reconciled, runs: &[ScannerRun]) -> Coverage {
    let verdicts = verdicts::verdicts(reconciled, runs);
    for (finding, verdicts) in reconciled.findings.iter_mut().zip(verdicts) {
        finding.verdicts = verdicts;
    }
    let outcomes = || runs.iter().map(|run| (&run.scanner, &run.outcome));
    statistics(
        &reconciled.findings,
        &ids(outcomes().map(|(scanner, _)| scanner)),
        &with_result(outcomes()),
        &partial(outcomes()),
    )
}

/// Scanners with a trustworthy result, by id. A scanner may have several outcomes, one for each of
/// its reports.
fn with_result<'r>(outcomes: impl Iterator<Item = (&'r ScannerId, &'r Outcome)>) -> Vec<ScannerId> {
    ids(outcomes.filter_map(|(scanner, outcome)| outcome.is_trustworthy().then_some(scanner)))
}

/// Scanners whose result lacks a part, by id: the best of their outcomes does.
fn partial<'r>(outcomes: impl Iterator<Item = (&'r ScannerId, &'r Outcome)>) -> Vec<ScannerId> {
    let (mut partial, mut completed) = (BTreeSet::new(), BTreeSet::new());
    for (scanner, outcome) in outcomes {
        match outcome {
            Outcome::Completed => completed.insert(scanner),
            Outcome::Partial { .. } => partial.insert(scanner),
            Outcome::Failed(_) => false,
        };
    }
    ids(partial.difference(&completed).copied())
}

/// These scanners, each once, by id.
fn ids<'s>(scanners: impl Iterator<Item = &'s ScannerId>) -> Vec<ScannerId> {
    let ids: BTreeSet<&ScannerId> = scanners.collect();
    ids.into_iter().cloned().collect()
}
