//! What must hold for any bytes whatsoever, and skeletons that let a fuzzer start inside a format
//! instead of guessing its outline first.
//!
//! Run one with `cargo +nightly fuzz run trivy`. Seeds help: a folder of real reports can be given
//! after the name of the target.

use crosscheck::formats::{self, Format, ReadError};
use crosscheck::model::ScannerReport;

/// Reads `bytes` as a report of any format and checks what every result owes its caller.
pub fn read_any(bytes: &[u8]) {
    check(&formats::read(bytes));
}

/// Decodes and recognises `bytes` without reading further.
pub fn detect(bytes: &[u8]) {
    match formats::decode(bytes) {
        Err(error) => check_error(&error),
        Ok(text) => {
            if let Err(error) = formats::detect(&text) {
                check_error(&error);
            }
        }
    }
}

/// Puts `bytes` into the gap, `…`, of each skeleton, and as they are, and reads that as one of
/// `accepted`.
pub fn read_inside(accepted: &[Format], skeletons: &[&str], bytes: &[u8]) {
    check(&formats::read_expecting(bytes, accepted));
    for skeleton in skeletons {
        let (before, after) = skeleton.split_once('…').expect("a skeleton has a gap");
        let document = [before.as_bytes(), bytes, after.as_bytes()].concat();
        check(&formats::read_expecting(&document, accepted));
    }
}

fn check(result: &Result<ScannerReport, ReadError>) {
    match result {
        Ok(report) => check_report(report),
        Err(error) => check_error(error),
    }
}

fn check_report(report: &ScannerReport) {
    let withheld = report
        .suppressed
        .iter()
        .map(|suppressed| &suppressed.observation);
    for observation in report.observations.iter().chain(withheld) {
        assert!(
            report.package(observation.package).is_some(),
            "{observation:?}"
        );
        assert!(observation.pointer.starts_with('/'), "{observation:?}");
        assert!(observation.id.is_plausible(), "{observation:?}");
    }
    assert!(report.not_vulnerabilities <= report.entries);
    let nothing = report.observations.is_empty() && report.suppressed.is_empty();
    assert!(
        report.entries == report.not_vulnerabilities || report.unreadable() > 0 || !nothing,
        "{} entries came to nothing",
        report.entries
    );
}

fn check_error(error: &ReadError) {
    let message = error.to_string();
    assert!(!message.trim().is_empty());
    assert!(!message.chars().any(char::is_control), "{message:?}");
}
