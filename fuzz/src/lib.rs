//! What must hold for any bytes whatsoever, and skeletons that let a fuzzer start inside a format
//! instead of guessing its outline first.
//!
//! Run one with `cargo +nightly fuzz run trivy`. Seeds help: a folder of real reports can be given
//! after the name of the target.

use crosscheck::bundle::written;
use crosscheck::coverage::changes::{Side, changes};
use crosscheck::coverage::{Comparisons, ImageInput};
use crosscheck::formats::{self, Format, ReadError};
use crosscheck::model::report::TargetSummary;
use crosscheck::model::version::{compare, normal_form, upstream};
use crosscheck::model::{Ecosystem, ScannerReport};
use crosscheck::policy::vex::{self, Product, Statements};

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
    for document in filled(skeletons, bytes) {
        check(&formats::read_expecting(&document, accepted));
    }
}

/// As [`read_inside`], for VEX documents.
pub fn read_vex(skeletons: &[&str], bytes: &[u8]) {
    check_vex(bytes);
    for document in filled(skeletons, bytes) {
        check_vex(&document);
    }
}

/// Reads `bytes` as a report of crosscheck, and compares it with itself.
pub fn read_written(bytes: &[u8]) {
    let Ok(report) = written::parse(bytes) else {
        return;
    };
    let mut comparisons = Comparisons::default();
    let image = ImageInput {
        report: &report,
        source: "fuzz.json",
        layers: &[],
    };
    comparisons.add(&image);
    comparisons.add(&image);
    assert_eq!(comparisons.finish().universe.images, 2);
    let side = Side {
        source: "fuzz.json",
        report: &report,
        inventories: None,
        policy: None,
    };
    let changes = changes(&side, &side);
    assert!(changes.new.is_empty() && changes.fixed.is_empty() && changes.gone.is_empty());
}

fn filled(skeletons: &[&str], bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    skeletons.iter().map(move |skeleton| {
        let (before, after) = skeleton.split_once('…').expect("a skeleton has a gap");
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    })
}

fn check_vex(bytes: &[u8]) {
    match vex::read(bytes, "fuzz.json") {
        Ok(document) => {
            for statement in &document.statements {
                assert!(!statement.ids.is_empty(), "{statement:?}");
                assert!(!statement.products.is_empty(), "{statement:?}");
                assert!(statement.pointer.starts_with('/'), "{statement:?}");
            }
            assert!(document.diagnostics.len() >= document.skipped);
            let product = Product::new(&TargetSummary::default(), &[]);
            let now = "2026-01-01T00:00:00Z".parse().expect("a moment");
            Statements::new(vec![document], &product, now);
        }
        Err(error) => assert!(error.to_string().starts_with("fuzz.json")),
    }
}

/// Compares the three versions in the first three lines of `text` with each other, in every
/// ecosystem, and checks that the order has no contradiction.
pub fn order_versions(text: &str) {
    let mut lines = text.split('\n');
    let (Some(a), Some(b), Some(c)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    for name in [
        "deb", "rpm", "apk", "alpm", "pypi", "npm", "golang", "maven", "gem", "nuget", "cargo",
        "composer", "conda", "generic",
    ] {
        let ecosystem = Ecosystem::from_name(name);
        for version in [a, b, c] {
            normal_form(&ecosystem, version);
            if let Some(part) = upstream(&ecosystem, version) {
                assert!(version.contains(part), "{name}: {version:?}");
            }
        }
        let ab = compare(&ecosystem, a, b);
        let back = compare(&ecosystem, b, a);
        assert_eq!(ab.map(|order| order.reverse()), back, "{name}: {a:?} {b:?}");
        if let (Some(ab), Some(bc)) = (ab, compare(&ecosystem, b, c))
            && ab.is_le()
            && bc.is_le()
        {
            let ac = compare(&ecosystem, a, c);
            assert_eq!(ac, Some(ab.then(bc)), "{name}: {a:?} {b:?} {c:?}");
        }
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
