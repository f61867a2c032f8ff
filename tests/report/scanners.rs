//! What formats say of scanners without a result, or with one that could not be read whole.

use crosscheck::model::ScannerId;
use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options, warnings};

use crate::{render, sample};

fn text(format: Format, report: &Report) -> String {
    let options = Options {
        width: 200,
        ..Options::default()
    };
    render(format, report, &options)
}

/// A run of Trivy alone, where Grype is required too.
fn without_grype() -> Report {
    let mut report = sample::passing();
    report.policy.missing_scanners = vec![ScannerId::new("grype")];
    report.verdict.outcome = RunOutcome::Insufficient;
    report
}

#[test]
fn a_required_scanner_that_did_not_run_is_told_wherever_scanners_are() {
    let report = without_grype();
    let step = "add the report of grype, or let it run: the policy requires its result";
    let advice = "to do: add its report or let it run";
    for (format, expected) in [
        (Format::TABLE, "SCANNERS (1 of 2 gave a result)"),
        (
            Format::TABLE,
            "  missing  grype (required)  -        -                       was not part of this run\n",
        ),
        (Format::TABLE, advice),
        (Format::TABLE, step),
        (
            Format::COMPACT,
            "Missing  grype (required): was not part of this run; to do: add its report",
        ),
        (Format::COMPACT, step),
        (
            Format::MARKDOWN,
            "| grype (required) | missing: was not part of this run | - | - | - |",
        ),
        (Format::MARKDOWN, step),
        (
            Format::JUNIT,
            "name=\"grype gives a result\"><error type=\"missing\" message=\"was not part of this run\">",
        ),
        (Format::JUNIT, advice),
        (Format::PROMETHEUS, "scanner=\"grype\"} 0\n"),
    ] {
        let text = text(format, &report);
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let gauges = text(Format::PROMETHEUS, &report);
    assert_eq!(gauges.matches("scanner=\"grype\"").count(), 1, "{gauges}");
}

#[test]
fn a_defectdojo_import_of_too_few_results_is_warned_of_in_a_sentence() {
    let of = |report: &Report| warnings(Format::DEFECTDOJO, report, &Options::default()).join("\n");
    let mut report = without_grype();
    let text = of(&report);
    assert!(
        text.starts_with("the DefectDojo import has no result of grype: "),
        "{text}"
    );
    report.policy.missing_scanners.clear();
    let text = of(&report);
    let expected = "the DefectDojo import has too few results that can be trusted: ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn entries_that_could_not_be_read_are_told_beside_a_pass() {
    let mut report = sample::passing();
    let told = "could not be read";
    let formats = [Format::COMPACT, Format::JUNIT, Format::DEFECTDOJO];
    for format in formats {
        assert!(!text(format, &report).contains(told), "{format:?}");
    }
    report.accounting[0].unreadable = 5;
    for format in formats {
        let text = text(format, &report);
        assert!(
            text.contains(&format!("5 entries {told}")),
            "{format:?}: {text}"
        );
    }
    let gauges = text(Format::PROMETHEUS, &report);
    let sample = gauges
        .lines()
        .find(|line| line.starts_with("crosscheck_unreadable_entries{"));
    assert!(
        sample.unwrap().ends_with("scanner=\"trivy\"} 5"),
        "{gauges}"
    );
}
