//! The CSV: every finding and installed package, and nothing that a spreadsheet calculates.

use std::collections::HashMap;
use std::io;

use crosscheck::model::report::Report;
use crosscheck::model::{Action, Cvss, Rating, RatingSource, RuleMatch, Severity};
use crosscheck::report::{Format, Options, warnings, write};

use crate::{example, hostile, render, sample};

type Record = HashMap<String, String>;

/// The rows, by the names in the head.
fn read(text: &str) -> Vec<Record> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

fn csv_of(report: &Report) -> String {
    render(Format::CSV, report, &Options::default())
}

#[test]
fn csv_of_a_small_report() {
    insta::assert_snapshot!(csv_of(&sample::report()).replace("\r\n", "\n"));
}

#[test]
fn csv_of_the_example() {
    let text = example("csv");
    assert_eq!(read(&text).len(), text.lines().count() - 1);
    let first: Vec<&str> = text.lines().take(6).collect();
    insta::assert_snapshot!(first.join("\n"));
}

#[test]
fn every_finding_has_a_row_for_each_installed_package() {
    let mut report = sample::report();
    // Nothing known of the package: the finding is there all the same.
    report.findings[2].instances.clear();
    let rows = read(&csv_of(&report));
    let keys: Vec<&str> = rows.iter().map(|row| row["key"].as_str()).collect();
    let mut expected = Vec::new();
    for finding in &report.findings {
        let rows = finding.instances.len().max(1);
        expected.extend(vec![finding.key.as_str(); rows]);
    }
    assert_eq!(keys, expected);
    assert_eq!(rows[1]["installed"], "openssl");
    assert_eq!(rows[3]["installed"], "");
}

#[test]
fn a_row_tells_the_rule_that_ignores_its_own_package() {
    let mut report = sample::report();
    let finding = &mut report.findings[0];
    let mut decision = sample::decision(Action::Ignore, "ignore[0]", "first");
    decision.rule.instances = vec![0];
    decision.also = vec![RuleMatch {
        instances: vec![1],
        ..RuleMatch::new("ignore[1]", Action::Ignore, "second")
    }];
    finding.decision = Some(decision);
    let rows = read(&csv_of(&report));
    assert_eq!(
        [&rows[0]["rule"], &rows[1]["rule"]],
        ["ignore[0]", "ignore[1]"]
    );
    assert_eq!(rows[1]["reason"], "second");
}

#[test]
fn the_score_is_that_of_the_source_that_counts_else_the_highest() {
    let mut report = sample::report();
    let score = |report: &Report| read(&csv_of(report))[0]["cvss"].clone();
    let by = |source: &str, score: f64| Rating {
        source: RatingSource::from_name(source),
        severity: Severity::High,
        label: None,
        cvss: Cvss::new(None, Some(score), "3.1"),
    };
    report.findings[0].ratings = vec![by("nvd", 7.5), by("debian", 5.1), by("ghsa", 9.1)];
    assert_eq!(score(&report), "5.1");
    report.findings[0].ratings.remove(1);
    assert_eq!(score(&report), "9.1");
    report.findings[0].ratings.clear();
    assert_eq!(score(&report), "");
}

#[test]
fn a_scanner_that_failed_has_no_other_verdict() {
    let rows = read(&csv_of(&sample::report()));
    assert!(rows.iter().all(|row| row["verdict_snyk"] == "failed"));
    assert_eq!(rows[2]["verdict_docker-scout"], "no-match");
}

#[test]
fn hostile_texts_are_neither_formulas_nor_rows() {
    let report = hostile::report();
    let text = csv_of(&report);
    let rows = read(&text);
    let expected: usize = report
        .findings
        .iter()
        .map(|finding| finding.instances.len().max(1))
        .sum();
    assert_eq!(rows.len(), expected);
    // A row is a line, ended as RFC 4180 says.
    assert_eq!(text.split("\r\n").count(), expected + 2);
    assert_eq!(text.matches('\n').count(), expected + 1);
    assert!(!text.replace("\r\n", "").contains(char::is_control));
    for value in rows.iter().flat_map(HashMap::values) {
        let start = value.trim_start().chars().next();
        assert!(!start.is_some_and(|c| "=+-@".contains(c)), "{value:?}");
    }
    let cut = warnings(Format::CSV, &report, &Options::default());
    assert!(cut[0].starts_with("1 cell "), "{cut:?}");
    assert_eq!(
        warnings(Format::CSV, &sample::report(), &Options::default()),
        [""; 0]
    );
}

#[test]
fn a_report_without_findings_is_a_head() {
    let text = csv_of(&sample::passing());
    assert!(text.starts_with("key,id,aliases,"), "{text}");
    assert_eq!(text.lines().count(), 1);
}

/// A pipe whose reader went away.
struct Closed;

impl io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_is_known_as_that() {
    let mut report = sample::report();
    // More than one buffer.
    report.findings[0].vulnerability.title = Some("x".repeat(19_000));
    report.findings = vec![report.findings[0].clone(); 9];
    let options = Options::default();
    let error = write(Format::CSV, &report, &options, &mut Closed).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
