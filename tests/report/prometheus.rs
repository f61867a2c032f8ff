//! The gauges: samples that the textfile collector takes, and the counts of the report.

use std::collections::{BTreeMap, BTreeSet};

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options};

use crate::{example, hostile, render, sample};

fn gauges(report: &Report) -> String {
    render(Format::PROMETHEUS, report, &Options::default())
}

/// The value of each sample; a sample that is there twice, or one outside of its gauge, fails.
fn read(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut gauge = String::new();
    let mut gauges = BTreeSet::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            help.split(' ').next().unwrap().clone_into(&mut gauge);
            assert!(gauges.insert(gauge.clone()), "{gauge} begins twice");
            assert_eq!(lines.next().unwrap(), format!("# TYPE {gauge} gauge"));
            continue;
        }
        // No timestamp follows: what stands behind the labels is one number.
        let (name, value) = line.rsplit_once("} ").unwrap();
        assert!(name.starts_with(&format!("{gauge}{{")), "{line}");
        let value = value.parse().unwrap();
        let previous = samples.insert(format!("{name}}}"), value);
        assert_eq!(previous, None, "{line}");
    }
    samples
}

/// The sum over the samples whose text holds all of `parts`.
fn sum(samples: &BTreeMap<String, f64>, parts: &[&str]) -> f64 {
    let hit = |name: &&String| parts.iter().all(|part| name.contains(part));
    samples.keys().filter(hit).map(|name| samples[name]).sum()
}

#[test]
fn prometheus_of_a_small_report() {
    insta::assert_snapshot!(gauges(&sample::report()));
}

#[test]
fn prometheus_of_the_example() {
    insta::assert_snapshot!(example("prometheus"));
}

#[test]
#[expect(clippy::float_cmp, reason = "counts are whole numbers")]
fn counts_are_those_of_the_report() {
    let mut report = sample::report();
    let mut undecided = report.findings.first().unwrap().clone();
    undecided.decision = None;
    report.findings.push(undecided);
    let samples = read(&gauges(&report));
    assert_eq!(sum(&samples, &["_findings{", "severity="]), 6.0);
    assert_eq!(sum(&samples, &["action=\"block\""]), 2.0);
    assert_eq!(sum(&samples, &["action=\"undecided\""]), 1.0);
    assert_eq!(sum(&samples, &["severity=\"medium\""]), 2.0);
    // The ignored finding has fixes too.
    assert_eq!(sum(&samples, &["fixable_findings"]), 3.0);
    assert_eq!(sum(&samples, &["known_exploited_findings"]), 1.0);
    assert_eq!(sum(&samples, &["scanner_success"]), 3.0);
    assert_eq!(sum(&samples, &["scan_duration", "snyk"]), 0.85);
}

#[test]
#[expect(clippy::float_cmp, reason = "counts are whole numbers")]
fn only_a_pass_is_a_pass() {
    let mut report = sample::passing();
    let of = |report: &Report| sum(&read(&gauges(report)), &["policy_pass"]);
    assert_eq!(of(&report), 1.0);
    // What alerts look for is there without any finding.
    assert!(gauges(&report).contains("severity=\"critical\",action=\"block\"} 0"));
    report.verdict.outcome = RunOutcome::Insufficient;
    assert_eq!(of(&report), 0.0);
    assert_eq!(of(&sample::report()), 0.0);
}

#[test]
#[expect(clippy::float_cmp, reason = "counts are whole numbers")]
fn a_scanner_with_several_reports_is_one() {
    let mut report = sample::passing();
    let mut second = report.scanners.first().unwrap().clone();
    second.database_built = Some("2026-11-01T00:00:00Z".to_owned());
    report.scanners.push(second);
    let samples = read(&gauges(&report));
    assert_eq!(sum(&samples, &["scanner_success"]), 1.0);
    assert_eq!(sum(&samples, &["scan_duration"]), 24.96);
    assert_eq!(sum(&samples, &["database_timestamp"]), 1_793_491_200.0);
}

#[test]
fn hostile_labels_forge_no_sample() {
    let text = gauges(&hostile::report());
    read(&text);
    assert!(text.ends_with('\n') && !text.contains("\n# TYPE forged"));
}
