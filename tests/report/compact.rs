//! What has to be done, in a screen.

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options};

use crate::{example, json_file, render, sample};

fn compact(report: &Report, width: u16) -> String {
    let options = Options {
        width,
        files: vec![json_file("reports/report.json")],
        ..Options::default()
    };
    render(Format::COMPACT, report, &options)
}

#[test]
fn compact_at_60_columns() {
    insta::assert_snapshot!(compact(&sample::report(), 60));
}

#[test]
fn compact_at_80_columns() {
    insta::assert_snapshot!(compact(&sample::report(), 80));
}

#[test]
fn compact_at_120_columns() {
    insta::assert_snapshot!(compact(&sample::report(), 120));
}

#[test]
fn compact_at_200_columns() {
    insta::assert_snapshot!(compact(&sample::report(), 200));
}

#[test]
fn compact_of_a_passing_run() {
    insta::assert_snapshot!(compact(&sample::passing(), 80));
}

#[test]
fn compact_of_the_bundled_example() {
    let text = example("compact");
    assert!(text.lines().count() <= 25, "a screen");
    insta::assert_snapshot!(text);
}

#[test]
fn every_blocking_finding_is_one_line() {
    let mut report = sample::report();
    for number in 0..20 {
        let mut finding = report.findings[0].clone();
        finding.package.name = format!("{number}-{}", "very-long-name-".repeat(number));
        finding.instances[0].version = "1".repeat(number);
        report.findings.push(finding);
    }
    let list = |options: &Options| {
        let text = render(Format::COMPACT, &report, options);
        let (_, list) = text.split_once("BLOCKING (22)").unwrap();
        let (list, _) = list.split_once("\n\n").unwrap();
        let lines = list.lines().filter(|line| line.starts_with("  "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for width in [40, 60, 80, 120] {
        let some = Options {
            width,
            ..Options::default()
        };
        let lines = list(&some);
        assert!(lines[7].starts_with("  and 15 more."), "{lines:#?}");
        for line in &lines[..7] {
            assert!(
                line.contains("  CVE-2024-") && line.ends_with(" of 3"),
                "{lines:#?}"
            );
        }
        let all = Options { rows: None, ..some };
        assert_eq!(list(&all).len(), 22);
    }
}

#[test]
fn a_fix_outlives_the_installed_version_where_there_is_little_room() {
    let text = compact(&sample::report(), 60);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("CVE-2024-6345 "))
        .collect();
    assert!(
        lines.iter().any(|line| line.contains("-> 70.0.0")),
        "{text}"
    );
}

#[test]
fn a_run_that_cannot_be_trusted_looks_like_no_pass() {
    let mut report = sample::passing();
    report.verdict.outcome = RunOutcome::Insufficient;
    report.verdict.exit_code = 3;
    report.verdict.insufficient = vec!["snyk is required and gave no result".to_owned()];
    let text = compact(&report, 100);
    assert!(text.starts_with("INSUFFICIENT: "), "{text}");
    assert!(text.contains("Not enough: snyk is required"), "{text}");
    assert!(!text.contains("PASS"), "{text}");
}
