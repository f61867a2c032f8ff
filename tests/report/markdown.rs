//! The comment on a pull request: it fits, it is found again, and nothing in it is markup from outside.

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options};

use crate::{example, hostile, json_file, render, sample};

/// What GitHub takes in a comment.
const COMMENT: usize = 65_536;

fn markdown(report: &Report) -> String {
    let options = Options {
        files: vec![json_file("reports/report.json")],
        ..Options::default()
    };
    let text = render(Format::MARKDOWN, report, &options);
    assert!(
        text.chars().count() < COMMENT,
        "{} characters",
        text.chars().count()
    );
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    text
}

#[test]
fn markdown_of_a_small_report() {
    insta::assert_snapshot!(markdown(&sample::report()));
}

#[test]
fn markdown_of_a_passing_run() {
    insta::assert_snapshot!(markdown(&sample::passing()));
}

#[test]
fn markdown_of_the_example() {
    insta::assert_snapshot!(example("markdown"));
}

#[test]
fn the_marker_stays_the_same_over_builds() {
    let first = |report: &Report| markdown(report).lines().next().unwrap().to_owned();
    let before = sample::report();
    let mut after = sample::passing();
    after.target.reference = "registry.example/ml/trainer:2.5.0".to_owned();
    after.target.repo_digests.clear();
    assert_eq!(
        first(&before),
        "<!-- crosscheck:registry.example/ml/trainer linux/amd64 -->"
    );
    assert_eq!(first(&before), first(&after));
    after.target.platform = Some("linux/arm64".to_owned());
    assert_ne!(first(&before), first(&after));
}

#[test]
fn the_worst_rows_stay_and_the_others_are_counted() {
    let mut report = sample::report();
    let model = report.findings[0].clone();
    report.findings = (0..3_000)
        .map(|number| {
            let mut finding = model.clone();
            finding.vulnerability.id =
                crosscheck::model::AdvisoryId::new(&format!("CVE-2026-{number}"));
            finding
        })
        .collect();
    let text = markdown(&report);
    let shown = text.matches("| critical |").count();
    assert!(shown >= 100, "only {shown} rows");
    assert!(text.contains("`CVE-2026-0`"));
    let more = format!(
        "and {} more of 3000. reports/report.json lists all.",
        3_000 - shown
    );
    assert!(text.contains(&more), "{more}");
}

#[test]
fn failed_scanners_and_too_few_results_are_said_first() {
    let mut report = sample::report();
    report.verdict.outcome = RunOutcome::Insufficient;
    let text = markdown(&report);
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part}"));
    assert!(place("INSUFFICIENT") < place("**Not enough:** snyk is required"));
    assert!(place("**Failed:** Snyk Container gave no result") < place("### "));
    assert!(!text.contains("PASS"));
    // Zeros would say that it found nothing.
    assert!(text.contains("| snyk | failed |  | - |"), "{text}");
}

#[test]
fn hostile_text_stays_text() {
    let text = markdown(&hostile::report());
    // Neither what is escaped nor code, where nothing is markup.
    let plain = text.replace("\\`", "").replace("\\]", "");
    let outside: String = plain.split('`').step_by(2).collect();
    for markup in [
        "<script", "<img", "<svg", "](", "https://", "@S", "\n::", "${{",
    ] {
        assert!(!outside.contains(markup), "{markup}");
    }
    assert_eq!(outside.matches("<!--").count(), 1);
    assert!(!text.replace('\n', "").contains(char::is_control));
}

#[test]
fn a_page_of_nothing_but_escapes_still_fits() {
    let mut report = sample::report();
    let long = "@".repeat(1_000);
    report.target.reference = format!("docker-archive:{long}");
    report.verdict.insufficient = vec![long.clone(); 1_000];
    for finding in &mut report.findings {
        let decision = finding.decision.as_mut().unwrap();
        decision.rule.reason.clone_from(&long);
        decision.rule.owner = Some(long.clone());
        finding.labels = vec![long.clone(); 1_000];
    }
    for package in &mut report.unchecked {
        package.reason.clone_from(&long);
    }
    let text = markdown(&report);
    assert!(text.contains("BLOCKED: 2 findings block"), "{text}");
    assert!(text.contains("**Failed:** "), "{text}");
}
