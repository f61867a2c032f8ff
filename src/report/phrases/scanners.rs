//! The words for scanners, for how two of them agree, and for who answers for a rule.

use super::{count, share};
use crate::model::report::{PairAgreement, Report, RunOutcome, ScannerSummary};
use crate::model::{Outcome, RuleMatch, ScannerId};

/// The scanners in the order in which their results are told: failed ones first.
pub(in crate::report) fn by_trust(report: &Report) -> Vec<&ScannerSummary> {
    let mut scanners: Vec<&ScannerSummary> = report.scanners.iter().collect();
    scanners.sort_by_key(|scanner| match scanner.outcome {
        Outcome::Failed(_) => 0,
        Outcome::Partial { .. } => 1,
        Outcome::Completed => 2,
    });
    scanners
}

/// `3 of 4 gave a result`: of the scanners of the run and those that the policy demands besides.
pub(in crate::report) fn trusted(report: &Report) -> String {
    let scanners = &report.scanners;
    let trusted = scanners
        .iter()
        .filter(|scanner| scanner.outcome.is_trustworthy());
    let all = scanners.len() + report.policy.missing_scanners.len();
    format!("{} of {all} gave a result", trusted.count())
}

/// How a required scanner ended that was no part of the run, in one word.
pub(in crate::report) const MISSING: &str = "missing";

/// What is said of a required scanner that was no part of the run, and what to do about it.
pub(in crate::report) const NOT_RUN: [&str; 2] = [
    "was not part of this run",
    "to do: add its report or let it run",
];

/// A required scanner that was no part of the run, as [`scanner()`] names the others.
pub(in crate::report) fn missing(scanner: &ScannerId) -> String {
    format!("{scanner} (required)")
}

/// The scanners without a result, those first that failed.
pub(in crate::report) fn without_result(report: &Report) -> Vec<&ScannerId> {
    let scanners = report.scanners.iter();
    let failed = scanners.filter(|scanner| !scanner.outcome.is_trustworthy());
    let failed = failed.map(|scanner| &scanner.id);
    failed.chain(&report.policy.missing_scanners).collect()
}

/// `5 entries could not be read`: of the reports of a scanner, where that is so.
pub(in crate::report) fn unreadable(report: &Report, scanner: &ScannerId) -> Option<String> {
    let rows = report.accounting.iter();
    let rows = rows.filter(|row| row.scanner == *scanner);
    unreadable_entries(rows.map(|row| row.unreadable).sum())
}

/// The same of so many entries.
pub(in crate::report) fn unreadable_entries(entries: usize) -> Option<String> {
    let text = || format!("{} could not be read", count(entries, "entry", "entries"));
    (entries > 0).then(text)
}

/// What stands before the reasons why there are too few results.
pub(in crate::report) fn insufficient(report: &Report) -> &'static str {
    match report.verdict.outcome {
        RunOutcome::Block => "Also not enough to trust",
        RunOutcome::Pass | RunOutcome::Insufficient => "Not enough",
    }
}

/// True for a scanner with at least one report that can be trusted. Of any other, a count of 0 would
/// read as *found nothing*.
pub(in crate::report) fn gave_result(report: &Report, scanner: &ScannerId) -> bool {
    let mut runs = report.scanners.iter().filter(|run| run.id == *scanner);
    runs.any(|run| run.outcome.is_trustworthy())
}

/// How a scanner ended, in one word.
pub(in crate::report) fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "ok",
        Outcome::Partial { .. } => "partial",
        Outcome::Failed(_) => "failed",
    }
}

/// What a scanner's result lacks, or why there is none; `None` for one that completed.
pub(in crate::report) fn shortcoming(title: &str, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Completed => None,
        Outcome::Partial { missing } => Some(format!("{title}'s result lacks a part: {missing}")),
        Outcome::Failed(failure) => Some(format!(
            "{title} gave no result: {}; {}",
            super::failure(failure),
            failure.remedy
        )),
    }
}

/// A scanner's name, and whether the policy demands its result.
pub(in crate::report) fn scanner(scanner: &ScannerSummary) -> String {
    if scanner.required {
        format!("{} (required)", scanner.title)
    } else {
        scanner.title.clone()
    }
}

/// Why a rule decided so, who answers for it and until when.
pub(in crate::report) fn grounds(rule: &RuleMatch) -> String {
    let mut text = format!("{} [{}]", rule.reason, rule.rule);
    for (word, value) in [
        ("owner", &rule.owner),
        ("holds until", &rule.expires),
        ("see", &rule.reference),
    ] {
        if let Some(value) = value {
            text.extend(["; ", word, " ", value]);
        }
    }
    text
}

/// Agreement over everything that either reports.
pub(in crate::report) fn naive(pair: &PairAgreement) -> String {
    let either = pair.both + pair.only_a + pair.only_b;
    share(pair.naive, pair.both, either)
}

/// Agreement over what both were able to report.
pub(in crate::report) fn adjusted(pair: &PairAgreement) -> String {
    let either = pair.adjusted_both + pair.adjusted_only_a + pair.adjusted_only_b;
    share(pair.adjusted, pair.adjusted_both, either)
}
