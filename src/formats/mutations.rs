//! Damaged reports: whatever happens to a file, a reader gives a report or an error.

use proptest::prelude::*;

use crate::model::{DiagnosticLevel, ScannerReport};

/// A small report with some bytes replaced, removed or inserted, or cut short.
fn damaged(original: &'static str) -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..4_u8, any::<u8>());
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut bytes = original.as_bytes().to_vec();
        for (place, kind, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => {
                    bytes.remove(at);
                }
                // Structure breaks more often than text does.
                2 => bytes.insert(at, br#"{}[]",:0n"#[usize::from(byte) % 9]),
                _ => bytes.truncate(bytes.len().saturating_sub(at % 40)),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Checks `read` on damaged forms of `original`: no panic, and every entry is accounted for.
pub(super) fn assert_survives(
    original: &'static str,
    read: fn(&str) -> Result<ScannerReport, serde_json::Error>,
) {
    proptest!(ProptestConfig::with_cases(400), |(text in damaged(original))| {
        if let Ok(report) = read(&text) {
            assert_accounted(&report);
        }
    });
    for end in (0..original.len()).filter(|end| original.is_char_boundary(*end)) {
        assert!(
            read(&original[..end]).is_err() || original[end..].trim().is_empty(),
            "half a report read as a whole one, cut at {end}"
        );
    }
}

/// Every entry is an observation, withheld, or unreadable with a pointer; every observation has its
/// package.
pub(super) fn assert_accounted(report: &ScannerReport) {
    let unreadable = report
        .diagnostics
        .iter()
        .filter(|d| d.level == DiagnosticLevel::Unreadable)
        .inspect(|d| assert!(d.pointer.is_some()))
        .count();
    assert_eq!(
        report.entries,
        report.observations.len() + report.suppressed.len() + unreadable,
    );
    let withheld = report.suppressed.iter().map(|s| &s.observation);
    for observation in report.observations.iter().chain(withheld) {
        assert!(report.package(observation.package).is_some());
    }
}
