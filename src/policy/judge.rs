//! Whether a run passes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::report::{RunOutcome, RunVerdict, UncheckedPackage};
use crate::model::{
    Action, Diagnostic, DiagnosticLevel, Failure, Finding, Outcome, ScannerId, ScannerRun,
};

use super::acknowledged::unacknowledged;
use super::document::Age;
use super::resolve::ResolvedPolicy;

/// Whether a run passes: exit code 0, or 1 when a finding blocks, or 3 when too little can be
/// trusted to say that it passes. When 1 and 3 both hold, 1 wins and
/// [`RunVerdict::insufficient`] still says why the results are not enough.
///
/// The findings have to be decided ([`super::decide()`]); ones that are not count as untrustworthy
/// results. `unchecked` are the packages that no scanner assesses, which the policy may want
/// acknowledged. `now` is the moment from which the age of databases is counted. A scanner whose
/// database has no known date is not held against the run; [`database_notes`] says so instead.
pub fn judge(
    policy: &ResolvedPolicy,
    findings: &[Finding],
    unchecked: &[UncheckedPackage],
    runs: &[ScannerRun],
    now: Timestamp,
) -> RunVerdict {
    let rules = policy.scanners();
    let results = Results::of(runs);
    let missing = missing_scanners(policy, runs);
    let mut insufficient = Vec::new();
    for scanner in &rules.required {
        if let Some(failure) = results.failed.get(scanner) {
            insufficient.push(format!(
                "{scanner} is required and gave no trustworthy result: {} ({})",
                failure.cause, failure.remedy
            ));
        } else if missing.contains(scanner) {
            insufficient.push(format!(
                "{scanner} is required and was not part of the run; add its report or let it run"
            ));
        }
    }
    if results.trustworthy.len() < rules.quorum {
        insufficient.push(quorum_words(rules.quorum, &results));
    }
    if let Some(limit) = rules.max_database_age {
        insufficient.extend(
            runs.iter()
                .filter(|run| run.outcome.is_trustworthy())
                .filter_map(|run| too_old(run, limit, now)),
        );
    }
    insufficient.extend(unacknowledged(policy, unchecked, now));
    let undecided = findings
        .iter()
        .filter(|finding| finding.decision.is_none())
        .count();
    if undecided > 0 {
        insufficient.push(format!(
            "the policy was not applied to {undecided} findings"
        ));
    }
    let blocking = findings
        .iter()
        .filter_map(|finding| finding.decision.as_ref())
        .filter(|decision| decision.action == Action::Block)
        .count();
    let (outcome, exit_code) = if blocking > 0 {
        (RunOutcome::Block, 1)
    } else if insufficient.is_empty() {
        (RunOutcome::Pass, 0)
    } else {
        (RunOutcome::Insufficient, 3)
    };
    RunVerdict {
        outcome,
        exit_code,
        blocking,
        insufficient,
    }
}

/// The scanners whose result the policy demands and that were no part of the run, in the policy's
/// order.
pub fn missing_scanners(policy: &ResolvedPolicy, runs: &[ScannerRun]) -> Vec<ScannerId> {
    let required = policy.scanners().required.iter();
    let missing = required.filter(|scanner| runs.iter().all(|run| run.scanner != **scanner));
    missing.cloned().collect()
}

/// Notes on scanners whose database age cannot be checked although the policy limits it.
pub fn database_notes(
    policy: &ResolvedPolicy,
    runs: &[ScannerRun],
    now: Timestamp,
) -> Vec<Diagnostic> {
    let Some(limit) = policy.scanners().max_database_age else {
        return Vec::new();
    };
    runs.iter()
        .filter(|run| run.outcome.is_trustworthy())
        .filter_map(|run| {
            let message = match (&run.database_built, built(run)) {
                (None, _) => format!(
                    "the age of its database is not known, so the limit of {limit} was not checked"
                ),
                (Some(text), None) => format!(
                    "the date of its database (`{text}`) cannot be read, so the limit of {limit} \
                     was not checked"
                ),
                (Some(text), Some(built)) if built > now => {
                    format!("its database is dated {text}, which is in the future; check the clock")
                }
                (Some(_), Some(_)) => return None,
            };
            Some(Diagnostic {
                level: DiagnosticLevel::Note,
                origin: run.scanner.to_string(),
                pointer: None,
                message,
            })
        })
        .collect()
}

/// The scanners of a run by whether they can be trusted. A scanner that ran several times (one
/// report a package manager) and failed once has failed: a part of the image went unexamined.
struct Results<'r> {
    trustworthy: BTreeSet<&'r ScannerId>,
    failed: BTreeMap<&'r ScannerId, &'r Failure>,
}

impl<'r> Results<'r> {
    fn of(runs: &'r [ScannerRun]) -> Self {
        let mut failed = BTreeMap::new();
        for run in runs {
            if let Outcome::Failed(failure) = &run.outcome {
                failed.entry(&run.scanner).or_insert(failure);
            }
        }
        let trustworthy = runs
            .iter()
            .map(|run| &run.scanner)
            .filter(|scanner| !failed.contains_key(scanner))
            .collect();
        Self {
            trustworthy,
            failed,
        }
    }
}

fn quorum_words(quorum: usize, results: &Results<'_>) -> String {
    let names = |scanners: &mut dyn Iterator<Item = &&ScannerId>| {
        scanners
            .map(|id| id.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut words = format!(
        "{quorum} trustworthy {} needed and there {}",
        if quorum == 1 {
            "result is"
        } else {
            "results are"
        },
        match results.trustworthy.len() {
            0 => "is none".to_owned(),
            1 => format!("is one ({})", names(&mut results.trustworthy.iter())),
            many => format!("are {many} ({})", names(&mut results.trustworthy.iter())),
        }
    );
    if !results.failed.is_empty() {
        words.push_str("; failed: ");
        words.push_str(&names(&mut results.failed.keys()));
    }
    words
}

fn built(run: &ScannerRun) -> Option<Timestamp> {
    run.database_built.as_deref()?.parse().ok()
}

fn too_old(run: &ScannerRun, limit: Age, now: Timestamp) -> Option<String> {
    let age = now.duration_since(built(run)?);
    (age > SignedDuration::from_hours(limit.hours().into())).then(|| {
        let hours = age.as_hours();
        let age = if hours >= 48 {
            format!("{} days", hours / 24)
        } else {
            format!("{hours} hours")
        };
        format!(
            "the database of {} is {age} old and {limit} is the limit; update it and scan again",
            run.scanner
        )
    })
}
