//! Comparing two runs, from scanners' reports through reconciling to the reasons.

mod differences;
mod laws;
mod matching;
mod reasons;

use std::collections::BTreeMap;

use super::*;
use crate::coverage::testing::{Scanner, deb, pypi};
use crate::coverage::{compare, unchecked};
use crate::model::changes::{Absence, NoResult, WithheldBy};
use crate::model::report::{
    PolicySummary, RunOutcome, RunVerdict, SCHEMA_VERSION as REPORT_VERSION, Summary,
};
use crate::model::{
    AdvisoryId, AdvisoryState, Decision, FixClaim, FixState, IdLink, IdRelation, Observation,
    Package, RuleMatch, ScannerRun, Severity, SourcePackage, Verdict,
};
use crate::reconcile::reconcile;
use crate::reconcile::severity::SeverityRule;

const CVE: &str = "CVE-2024-6345";

/// A run with its report.
#[derive(Clone)]
struct Finished {
    report: Report,
    inventories: Option<BTreeMap<ScannerId, Inventory>>,
    policy: Option<&'static str>,
}

impl Finished {
    fn new(scanners: &[Scanner]) -> Self {
        let runs: Vec<ScannerRun> = scanners.iter().map(|scanner| scanner.0.clone()).collect();
        let mut reconciled = reconcile(&runs, &[], &SeverityRule::Vendor);
        let coverage = compare(&mut reconciled, &runs);
        let unchecked = unchecked(&reconciled, &runs);
        let report = Report {
            schema_version: REPORT_VERSION.to_owned(),
            tool: ToolInfo {
                name: "crosscheck".to_owned(),
                version: "1".to_owned(),
            },
            evaluated_at: "2026-11-24T00:00:00Z".to_owned(),
            target: TargetSummary::default(),
            verdict: RunVerdict {
                outcome: RunOutcome::Pass,
                exit_code: 0,
                blocking: 0,
                insufficient: Vec::new(),
            },
            scanners: runs
                .iter()
                .map(|run| ScannerSummary {
                    id: run.scanner.clone(),
                    title: run.title.clone(),
                    version: run.version.clone(),
                    database_built: run.database_built.clone(),
                    outcome: run.outcome.clone(),
                    required: false,
                    source: run.source.clone(),
                    sha256: None,
                    format: None,
                    identity: None,
                    inventory: None,
                    packages: 0,
                    observations: 0,
                    created: None,
                    duration_ms: None,
                    peak_memory_bytes: None,
                })
                .collect(),
            policy: PolicySummary::default(),
            summary: Summary::default(),
            findings: reconciled.findings,
            coverage,
            packages: Vec::new(),
            unchecked,
            suppressed: reconciled.suppressed,
            accounting: Vec::new(),
            diagnostics: Vec::new(),
        };
        Self {
            report,
            inventories: Some(reconciled.inventories),
            policy: None,
        }
        .decided(Action::Warn)
    }

    /// The same, with one decision on all findings.
    fn decided(mut self, action: Action) -> Self {
        for finding in &mut self.report.findings {
            finding.decision = Some(Decision {
                action,
                rule: RuleMatch::new("ignore[0]", action, "because"),
                also: Vec::new(),
                notes: Vec::new(),
            });
        }
        self
    }

    /// The same, of an image with a digest, for a platform.
    fn on(mut self, digest: &str, platform: &str) -> Self {
        self.report.target.config_digest = Some(digest.to_owned());
        self.report.target.platform = Some(platform.to_owned());
        self
    }

    /// The same, as read from its JSON report.
    fn without_lists(mut self) -> Self {
        self.inventories = None;
        self
    }

    fn side(&self) -> Side<'_> {
        Side {
            source: "run",
            report: &self.report,
            inventories: self.inventories.as_ref(),
            policy: self.policy,
        }
    }
}

fn diff(a: &[Scanner], b: &[Scanner]) -> Changes {
    changes(&Finished::new(a).side(), &Finished::new(b).side())
}

/// The reason for which the first run's only finding is gone without being mended. With the runs the
/// other way round the same reason stands beside what is new.
fn gone_both_ways(a: &Finished, b: &Finished) -> Absence {
    let forth = changes(&a.side(), &b.side());
    let back = changes(&b.side(), &a.side());
    assert_eq!(numbers(&back), [1, 0, 0, 0, 0], "{back:#?}");
    assert_eq!(back.new, forth.gone);
    only_gone(&forth).why.clone()
}

/// The same where it is mended.
fn fixed_both_ways(a: &Finished, b: &Finished) -> Absence {
    let forth = changes(&a.side(), &b.side());
    let back = changes(&b.side(), &a.side());
    assert_eq!(numbers(&back), [1, 0, 0, 0, 0], "{back:#?}");
    assert_eq!(back.new, forth.fixed);
    only_fixed(&forth).why.clone()
}

/// Numbers of new, fixed, otherwise gone, changed and equal findings.
fn numbers(changes: &Changes) -> [usize; 5] {
    let counts = changes.counts;
    [
        counts.new,
        counts.fixed,
        counts.gone,
        counts.changed,
        counts.same,
    ]
}

/// The only finding that is gone without being mended, and why.
fn only_gone(changes: &Changes) -> &Unmatched {
    assert_eq!(numbers(changes), [0, 0, 1, 0, 0], "{changes:#?}");
    &changes.gone[0]
}

/// The only finding that is mended, and why.
fn only_fixed(changes: &Changes) -> &Unmatched {
    assert_eq!(numbers(changes), [0, 1, 0, 0, 0], "{changes:#?}");
    &changes.fixed[0]
}

fn ids_of(names: &[&str]) -> Vec<ScannerId> {
    names.iter().map(|name| ScannerId::new(name)).collect()
}

fn versions(reported: &str, installed: &str) -> Absence {
    let list = |text: &str| text.split(' ').map(str::to_owned).collect();
    Absence::OtherVersion {
        reported: list(reported),
        installed: list(installed),
    }
}

fn setuptools(version: &str) -> Package {
    pypi("setuptools", version)
}
