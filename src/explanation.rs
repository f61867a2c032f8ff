//! Answers to *why*: why these ids and packages are one finding, why the decision is what it is, and
//! why two findings are two. Pure.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::report::{Report, SuppressedRecord, TargetSummary};
use crate::model::{AdvisoryId, Finding, ScannerId, ScannerRun};
use crate::reconcile::{Separation, separation};

/// Findings that one question can name before the answer stops being one.
const MOST_FINDINGS: usize = 50;

/// Ids that are offered when there is no such finding.
const SUGGESTIONS: usize = 3;

/// Typing errors that a suggestion may be away.
const MOST_TYPOS: usize = 2;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// An advisory id, or the key of a finding.
    pub what: String,
    /// Another one: why are the two not one finding?
    pub other: Option<String>,
    /// Only findings on this package: name of the group or of an installed package.
    pub package: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// The image.
    pub target: TargetSummary,
    /// The raw report of each scanner, by which the pointers are to be read.
    pub raw_reports: BTreeMap<ScannerId, String>,
    /// The findings asked for, whole: assertions, observations, ratings, fixes, verdicts, decision.
    pub findings: Vec<Finding>,
    /// Why the two things asked for are apart; empty when only one was.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub apart: Vec<Apart>,
    /// What was asked for and withheld by a scanner, and reported by nobody.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withheld: Vec<SuppressedRecord>,
}

/// Two findings, and why they are two.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Apart {
    /// Key of the one.
    pub a: String,
    /// Key of the other.
    pub b: String,
    /// All that keeps them apart, packages first.
    pub reasons: Vec<Separation>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// Nothing of that name.
    #[error("no finding is named `{what}`{}{}", on(.package.as_deref()), suggestions(.nearest))]
    NoSuchFinding {
        /// What was asked for.
        what: String,
        /// The package that it was to be on.
        package: Option<String>,
        /// Names that look like it.
        nearest: Vec<String>,
    },
    /// More than anybody reads.
    #[error(
        "`{what}` names {count} findings; name a package with --package, or the whole key of a finding"
    )]
    TooMany {
        /// What was asked for.
        what: String,
        /// How many findings there are.
        count: usize,
    },
}

fn on(package: Option<&str>) -> String {
    package.map_or_else(String::new, |package| format!(" on a package `{package}`"))
}

fn suggestions(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    format!("; there is {}", names.join(", "))
}

/// Answers from a report and the runs that it was made from.
///
/// # Errors
/// [`Unanswerable`], when the names do not lead to findings.
pub fn explain(
    report: &Report,
    runs: &[ScannerRun],
    question: &Question,
) -> Result<Explanation, Unanswerable> {
    let package = question.package.as_deref();
    let one = select(report, &question.what, package);
    let withheld = withheld(report, &question.what, package);
    if one.is_empty() && (withheld.is_empty() || question.other.is_some()) {
        return Err(missing(report, &question.what, package));
    }
    let mut apart = Vec::new();
    let mut findings = one.clone();
    if let Some(what) = &question.other {
        let other = select(report, what, package);
        if other.is_empty() {
            return Err(missing(report, what, package));
        }
        bounded(what, other.len())?;
        for a in &one {
            // On the same package the vulnerabilities are what differs; elsewhere one example will do.
            let mut same: Vec<&Finding> = other
                .iter()
                .copied()
                .filter(|b| b.package == a.package)
                .collect();
            if same.is_empty() {
                same.extend(other.first());
            }
            apart.extend(same.into_iter().map(|b| Apart {
                a: a.key.clone(),
                b: b.key.clone(),
                reasons: separation(runs, a, b),
            }));
        }
        findings.extend(other);
    }
    bounded(&question.what, findings.len())?;
    let mut shown = BTreeSet::new();
    findings.retain(|finding| shown.insert(finding.key.as_str()));
    Ok(Explanation {
        target: report.target.clone(),
        raw_reports: report
            .scanners
            .iter()
            .map(|scanner| (scanner.id.clone(), scanner.source.clone()))
            .collect(),
        findings: findings.into_iter().cloned().collect(),
        apart,
        withheld,
    })
}

fn bounded(what: &str, count: usize) -> Result<(), Unanswerable> {
    if count <= MOST_FINDINGS {
        return Ok(());
    }
    Err(Unanswerable::TooMany {
        what: what.to_owned(),
        count,
    })
}

/// The findings that a name stands for: by key, by any id of their class, or by an id of a notice or
/// advisory that covers them.
fn select<'r>(report: &'r Report, what: &str, package: Option<&str>) -> Vec<&'r Finding> {
    let on_package = |finding: &&Finding| package.is_none_or(|name| is_on(finding, name));
    if let Some(finding) = report.findings.iter().find(|finding| finding.key == what) {
        return vec![finding];
    }
    let id = AdvisoryId::new(what);
    let by_id = |ids: fn(&Finding, &AdvisoryId) -> bool| -> Vec<&Finding> {
        report
            .findings
            .iter()
            .filter(|finding| ids(finding, &id))
            .filter(on_package)
            .collect()
    };
    let own = by_id(|finding, id| {
        finding
            .ids()
            .any(|other| other == id || other.unwrapped() == *id)
    });
    if own.is_empty() {
        by_id(|finding, id| finding.vulnerability.related.contains(id))
    } else {
        own
    }
}

fn is_on(finding: &Finding, name: &str) -> bool {
    let named = |other: &str| other.eq_ignore_ascii_case(name);
    named(&finding.package.name)
        || named(&finding.package.to_string())
        || finding
            .instances
            .iter()
            .any(|instance| named(&instance.name))
}

fn withheld(report: &Report, what: &str, package: Option<&str>) -> Vec<SuppressedRecord> {
    let id = AdvisoryId::new(what);
    let records = report.suppressed.iter().filter(|record| record.id == id);
    records
        .filter(|record| package.is_none_or(|name| record.package.eq_ignore_ascii_case(name)))
        .cloned()
        .collect()
}

fn missing(report: &Report, what: &str, package: Option<&str>) -> Unanswerable {
    let elsewhere = select(report, what, None);
    let nearest: Vec<String> = if elsewhere.is_empty() {
        let id = AdvisoryId::new(what);
        let known: BTreeSet<&str> = report
            .findings
            .iter()
            .flat_map(Finding::ids)
            .map(AdvisoryId::as_str)
            .collect();
        let mut scored: Vec<(usize, &str)> = known
            .into_iter()
            .map(|known| (strsim::osa_distance(id.as_str(), known), known))
            .filter(|(typos, _)| *typos <= MOST_TYPOS)
            .collect();
        scored.sort_unstable();
        scored
            .into_iter()
            .map(|(_, known)| known.to_owned())
            .collect()
    } else {
        elsewhere
            .iter()
            .map(|finding| finding.key.clone())
            .collect()
    };
    Unanswerable::NoSuchFinding {
        what: what.to_owned(),
        package: package.map(str::to_owned),
        nearest: nearest.into_iter().take(SUGGESTIONS).collect(),
    }
}
