//! Scores and vectors that do not belong together.

use super::*;
use crate::model::{
    Ecosystem, FixClaim, Package, PackageIndex, RatingSource, Severity, Suppressed,
};

const CRITICAL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn observation(number: usize, vector: &str, score: Option<f64>) -> Observation {
    Observation {
        id: AdvisoryId::new(&format!("CVE-2024-{number:04}")),
        links: Vec::new(),
        package: PackageIndex(0),
        severity: Severity::Unknown,
        ratings: vec![Rating {
            source: RatingSource::Nvd,
            severity: Severity::Unknown,
            label: None,
            cvss: Cvss::new(Some(vector), score, ""),
        }],
        fix: FixClaim::default(),
        advisory_source: None,
        pointer: format!("/{number}"),
    }
}

fn told(observations: Vec<Observation>) -> Vec<Diagnostic> {
    let mut report = ScannerReport::new(ScannerId::new("grype"), "test");
    report.packages = vec![Package::new(Ecosystem::Npm, "a", "1")];
    report.observations = observations;
    check(&[ScannerRun::of(report, "grype.json")])
}

#[test]
fn a_score_that_is_not_the_vectors_is_told_with_both_numbers() {
    let told = told(vec![
        observation(1, CRITICAL, Some(9.8)),
        observation(2, CRITICAL, None),
        observation(3, CRITICAL, Some(7.5)),
        observation(4, CRITICAL, Some(9.7)),
    ]);
    let lines: Vec<_> = told
        .iter()
        .map(|d| (d.level, d.pointer.as_deref(), d.message.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (
                DiagnosticLevel::Warning,
                Some("/3"),
                "CVE-2024-0003: nvd states CVSS 3.1 score 7.5 for a vector that gives 9.8"
            ),
            (
                DiagnosticLevel::Note,
                Some("/4"),
                "CVE-2024-0004: nvd states CVSS 3.1 score 9.7 for a vector that gives 9.8"
            ),
        ]
    );
    assert!(told.iter().all(|d| d.origin == "grype"));
}

#[test]
fn an_invalid_vector_is_told_with_the_reason() {
    let told = told(vec![
        observation(1, "CVSS:3.1/AV:N", Some(5.0)),
        observation(2, "CVSS:3.1/AV:N", None),
    ]);
    let lines: Vec<_> = told.iter().map(|d| (d.level, d.message.as_str())).collect();
    assert_eq!(
        lines,
        [
            (
                DiagnosticLevel::Warning,
                "CVE-2024-0002: nvd gives the invalid CVSS vector `CVSS:3.1/AV:N`: the metric AC \
                 is missing"
            ),
            (
                DiagnosticLevel::Note,
                "CVE-2024-0001: nvd gives the invalid CVSS vector `CVSS:3.1/AV:N`: the metric AC \
                 is missing"
            ),
        ]
    );
}

#[test]
fn the_same_is_told_once_and_many_are_counted() {
    let again = |number| observation(number, CRITICAL, Some(9.7));
    assert_eq!(told(vec![again(1), again(1), again(2)]).len(), 2);

    // The one that changes the band is named, though it comes last.
    let mut many: Vec<_> = (0..100_000).map(again).collect();
    many.push(observation(100_000, CRITICAL, Some(1.0)));
    let told = told(many);
    assert_eq!(told.len(), NAMED + 1);
    assert_eq!(
        told.first().and_then(|d| d.pointer.as_deref()),
        Some("/100000")
    );
    assert_eq!(
        told.last().map(|d| d.message.as_str()),
        Some("99991 more CVSS scores that differ from the vector's, not listed here")
    );
}

#[test]
fn what_a_scanner_withholds_is_checked_too() {
    let mut report = ScannerReport::new(ScannerId::new("grype"), "test");
    report.suppressed = vec![Suppressed {
        observation: observation(1, CRITICAL, Some(1.0)),
        reason: "policy".to_owned(),
        by_default_rule: false,
    }];
    assert_eq!(check(&[ScannerRun::of(report, "grype.json")]).len(), 1);
}
