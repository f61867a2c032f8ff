//! The number that code scanning shows a severity by.

use crate::model::{Finding, Severity};

/// `security-severity` of a finding, above 0 and at most 10: the CVSS score of the source whose severity
/// counts if it lies in that band, else a number from the middle of the band. `None` when nobody rated
/// it.
///
/// GitHub makes the band of the number again: critical from 9, high from 7, medium from 4, low above 0.
/// It has none below low.
pub(super) fn score(finding: &Finding) -> Option<f64> {
    let level = finding.severity.level;
    let counting = finding
        .ratings
        .iter()
        .filter(|rating| Some(&rating.source) == finding.severity.source.as_ref());
    let stated = counting.filter_map(|rating| rating.cvss.as_ref()?.base_score());
    // Shown with one decimal, and the decimal may make another band of it.
    let rounded = stated.map(|score| (score * 10.0).round() / 10.0);
    rounded
        .filter(|score| Severity::from_cvss_score(*score) == level)
        .max_by(f64::total_cmp)
        .or(match level {
            Severity::Critical => Some(9.5),
            Severity::High => Some(8.0),
            Severity::Medium => Some(5.5),
            Severity::Low => Some(2.0),
            Severity::Negligible => Some(0.5),
            Severity::Unknown => None,
        })
}

/// The number as the text that GitHub wants.
pub(super) fn text(score: f64) -> String {
    format!("{score:.1}")
}
