//! The report for a person.

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::model::{Action, Ecosystem, ScannerId, Verdict};
use crosscheck::report::{Format, Options, escape};
use proptest::prelude::*;
use serde_json::Value;

use crate::{json_file, render, sample};

fn table(report: &Report, width: u16) -> String {
    let options = Options {
        width,
        files: vec![json_file("reports/report.json")],
        ..Options::default()
    };
    render(Format::TABLE, report, &options)
}

#[test]
fn table_at_60_columns() {
    insta::assert_snapshot!(table(&sample::report(), 60));
}

#[test]
fn table_at_80_columns() {
    insta::assert_snapshot!(table(&sample::report(), 80));
}

#[test]
fn table_at_120_columns() {
    insta::assert_snapshot!(table(&sample::report(), 120));
}

#[test]
fn table_at_200_columns() {
    insta::assert_snapshot!(table(&sample::report(), 200));
}

#[test]
fn table_of_a_passing_run() {
    insta::assert_snapshot!(table(&sample::passing(), 80));
}

#[test]
fn no_line_is_wider_than_asked_or_ends_in_a_blank() {
    for width in (Options::MIN_WIDTH..=220).step_by(5) {
        for line in table(&sample::report(), width).lines() {
            assert!(
                line.chars().count() <= usize::from(width),
                "{width} columns: {line:?}"
            );
            assert!(!line.ends_with(' '), "{width} columns: {line:?}");
        }
    }
}

#[test]
fn first_and_last_line_give_the_answer() {
    let mut report = sample::report();
    for (outcome, exit_code, answer) in [
        (RunOutcome::Block, 1, "BLOCKED: 2 findings block"),
        (RunOutcome::Insufficient, 3, "INSUFFICIENT: "),
        (
            RunOutcome::Pass,
            0,
            "PASS: no finding blocks, 1 warns (1 medium).",
        ),
    ] {
        report.verdict.outcome = outcome;
        report.verdict.exit_code = exit_code;
        let text = table(&report, 200);
        let first = text.lines().next().unwrap();
        assert!(first.starts_with(answer), "{first}");
        assert!(
            first.ends_with(&format!("Exit code {exit_code}.")),
            "{first}"
        );
        assert_eq!(text.lines().last(), Some(first));
    }
}

#[test]
fn a_failed_scanner_comes_first_and_is_never_a_zero() {
    let text = table(&sample::report(), 200);
    let lines: Vec<&str> = text.lines().collect();
    let heading = lines
        .iter()
        .position(|line| line.starts_with("SCANNERS"))
        .unwrap();
    assert!(lines[heading + 2].starts_with("  failed   Snyk Container (required)"));
    let row = lines
        .iter()
        .find(|line| line.starts_with("  snyk "))
        .unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, ["snyk", "-", "-", "-", "-", "-", "5"]);
}

#[test]
fn long_lists_are_cut_and_what_is_left_out_is_counted() {
    let mut report = sample::report();
    let decision = sample::decision(Action::Warn, "profiles.production.severity.low", "low");
    for number in 0..60 {
        report.findings.push(sample::finding(
            &format!("CVE-2025-{number:04}"),
            Ecosystem::Npm,
            "left-pad",
            "1.0.0",
            &[("trivy", Verdict::Reported)],
            decision.clone(),
        ));
    }
    let options = |rows| Options {
        rows,
        ..Options::default()
    };
    let some = render(Format::TABLE, &report, &options(Some(10)));
    assert_eq!(some.matches("npm/left-pad").count(), 9);
    assert!(
        some.contains("  and 51 more. The JSON report lists all.\n"),
        "{some}"
    );
    let all = render(Format::TABLE, &report, &options(None));
    assert_eq!(all.matches("npm/left-pad").count(), 60);
    assert!(!all.contains(" more. "));
    assert!(
        all.contains("CVE-2011-3374"),
        "tracked findings are shown too"
    );
}

#[test]
fn lost_observations_are_called_a_bug() {
    let mut report = sample::report();
    assert!(!table(&report, 100).contains("unaccounted"));
    report.accounting[0].in_findings -= 1;
    assert!(table(&report, 100).contains("1 unaccounted for"));
}

#[test]
fn colour_adds_escape_codes_and_nothing_else() {
    let report = sample::report();
    for width in [60, 200] {
        let options = Options {
            width,
            color: true,
            files: vec![json_file("reports/report.json")],
            ..Options::default()
        };
        let coloured = render(Format::TABLE, &report, &options);
        assert!(coloured.contains("\u{1b}[1m\u{1b}[31mBLOCKED:\u{1b}[0m"));
        assert_eq!(without_colour(&coloured), table(&report, width));
    }
}

/// Removes `ESC [ … m`.
fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or(piece, |(_, rest)| rest));
    }
    plain
}

/// Replaces every text of the report that a report file could have brought in, and adds a scanner
/// of that name to every finding.
///
/// Found by trying: whatever member still reads back as a report with the text in it is open to
/// outsiders. So members that are added later are covered without a change here.
fn hostile(text: &str) -> Report {
    let mut report = sample::report();
    let name: ScannerId = serde_json::from_value(Value::from(text)).unwrap();
    for finding in &mut report.findings {
        if let Some(verdict) = finding.verdicts.values().next().cloned() {
            finding.verdicts.insert(name.clone(), verdict);
        }
    }
    let mut document = serde_json::to_value(&report).unwrap();
    for pointer in OPEN_TEXTS.with(Clone::clone) {
        *document.pointer_mut(&pointer).unwrap() = text.into();
    }
    serde_json::from_value(document).unwrap()
}

thread_local! {
    /// JSON pointers of the texts that can be anything.
    static OPEN_TEXTS: Vec<String> = {
        let document = serde_json::to_value(sample::report()).unwrap();
        let mut pointers = Vec::new();
        text_pointers(&document, String::new(), &mut pointers);
        let open: Vec<String> = pointers
            .into_iter()
            .filter(|pointer| {
                let mut changed = document.clone();
                *changed.pointer_mut(pointer).unwrap() = "anything at all".into();
                serde_json::from_value::<Report>(changed).is_ok()
            })
            .collect();
        assert!(open.len() > 200, "{}", open.len());
        open
    };
}

fn text_pointers(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(pointer),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                text_pointers(item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                text_pointers(member, format!("{pointer}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_from_a_report_reaches_the_terminal_unescaped(
        text in prop_oneof![
            any::<String>(),
            "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{202e}\u{2060}-\u{206f} a]{1,60}",
            "\\PC{1000,3000}",
        ],
        width in 40_u16..220,
    ) {
        let written = table(&hostile(&text), width);
        let unsafe_character = written.chars().find(|c| *c != '\n' && escape::is_unsafe(*c));
        prop_assert_eq!(unsafe_character, None);
        prop_assert!(written.bytes().all(|byte| byte >= 0x20 || byte == b'\n'));
    }
}

#[test]
fn a_forged_line_stays_inside_its_cell() {
    let forged = "openssl\nPASS: no finding blocks. Exit code 0.";
    let written = table(&hostile(forged), 200);
    assert!(!written.lines().any(|line| line.starts_with("PASS")));
    assert!(written.contains("openssl\\nPASS"));
}
