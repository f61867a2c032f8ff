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
mod tests;

use crate::model::report::Coverage;
use crate::model::{ScannerId, ScannerRun};
use crate::reconcile::Reconciled;

pub use comparison::{Comparisons, ImageInput};
pub use inventories::InventoryTally;
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
    let mut with_result: Vec<ScannerId> = runs
        .iter()
        .filter(|run| run.outcome.is_trustworthy())
        .map(|run| run.scanner.clone())
        .collect();
    with_result.sort();
    with_result.dedup();
    let mut all: Vec<ScannerId> = runs.iter().map(|run| run.scanner.clone()).collect();
    all.sort();
    all.dedup();
    statistics(&reconciled.findings, &all, &with_result)
}
