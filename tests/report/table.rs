//! The report for a person: the table, and the same with one row a finding.

use std::collections::BTreeMap;

use crosscheck::model::report::{Report, RunOutcome, ScannerCoverage};
use crosscheck::model::{Action, AdvisoryId, Cause, Ecosystem, ScannerId, Severity, Verdict};
use crosscheck::report::{Format, Options, ReportFile, escape};
use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::{example, hostile, json_file, render, sample};

fn options(width: u16) -> Options {
    Options {
        width,
        files: vec![json_file("reports/report.json")],
        ..Options::default()
    }
}

fn table(report: &Report, width: u16) -> String {
    render(Format::TABLE, report, &options(width))
}

fn wide(report: &Report, width: u16) -> String {
    render(Format::WIDE, report, &options(width))
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
fn wide_at_60_columns() {
    insta::assert_snapshot!(wide(&sample::report(), 60));
}

#[test]
fn wide_at_80_columns() {
    insta::assert_snapshot!(wide(&sample::report(), 80));
}

#[test]
fn wide_at_120_columns() {
    insta::assert_snapshot!(wide(&sample::report(), 120));
}

#[test]
fn wide_at_200_columns() {
    insta::assert_snapshot!(wide(&sample::report(), 200));
}

#[test]
fn table_of_the_bundled_example() {
    insta::assert_snapshot!(example("table"));
}

#[test]
fn wide_table_of_the_bundled_example() {
    insta::assert_snapshot!(example("wide"));
}

#[test]
fn what_to_do_first_resolves_most() {
    let mut report = sample::report();
    let text = table(&report, 120);
    let steps = "WHAT TO DO FIRST\n  \
        -  upgrade openssl 3.0.15-1~deb12u1 -> 3.0.16-1~deb12u1: resolves 1 of 2 blocking\n";
    assert!(text.contains(steps), "{text}");

    report.findings[0].fix.recommended = None;
    let text = table(&report, 120);
    assert!(!text.contains("upgrade openssl"), "{text}");
    let stuck = "  -  1 blocking finding has no version to upgrade to (CVE-2024-5535):\n";
    assert!(text.contains(stuck), "{text}");
}

#[test]
fn a_downgrade_is_never_a_fix() {
    let mut report = sample::report();
    let finding = &mut report.findings[1];
    finding.fix.recommended = None;
    finding.instances[0].version = "2.0.0".to_owned();
    let mut fixed_in = |versions: &[&str]| {
        let named = versions.iter().map(|version| (*version).to_owned());
        report.findings[1].fix.versions = named.collect();
        let compact = render(Format::COMPACT, &report, &options(200));
        assert!(!compact.contains("-> 1.2.9"), "{compact}");
        let import = render(Format::DEFECTDOJO, &report, &Options::default());
        assert!(!import.contains("Upgrade setuptools to a version with the fix: 1"));
        let gauges = render(Format::PROMETHEUS, &report, &Options::default());
        let fixable = gauges
            .lines()
            .find(|line| line.contains("fixable_findings{"));
        let fixable = fixable.unwrap().rsplit_once(' ').unwrap().1.to_owned();
        let text = table(&report, 400);
        let (_, answer) = text.lines().next().unwrap().split_once("), ").unwrap();
        let shown = text.split_once("pypi/setuptools").unwrap().1;
        let shown = shown.split_once("2.0.0 ").unwrap().1;
        let shown = shown.split_once("  ").unwrap().0.to_owned();
        (shown, format!("{fixable}; {answer}"))
    };
    let none = "1; 1 with a fix. Exit code 1.";
    for (versions, shown, with_fix) in [
        (&["1.2.9"][..], "(fixed in 1.2.9, which is older)", none),
        (
            &["1.2.9", "1.3"],
            "(fixed in 1.2.9, 1.3, which are older)",
            none,
        ),
        (&["2.0"], "(fixed in 2.0, which is no newer)", none),
        // Whoever cannot compare must not hide it.
        (
            &["1.2.9", "next one"],
            "-> next one (docker-scout: no fix yet)",
            "2; 2 with a fix. Exit code 1.",
        ),
    ] {
        assert_eq!(fixed_in(versions), (shown.to_owned(), with_fix.to_owned()));
    }
}

#[test]
fn upgrades_beyond_the_first_are_counted() {
    let mut report = sample::report();
    for number in 0..9 {
        let mut finding = report.findings[0].clone();
        finding.package.name = format!("package-{number}");
        report.findings.push(finding);
    }
    let text = table(&report, 120);
    assert!(
        text.contains("  -  6 more upgrades: resolve 6 of 11 blocking\n"),
        "{text}"
    );
}

#[test]
fn a_run_that_passes_is_told_what_takes_away_warnings() {
    let mut report = sample::passing();
    let steps = |report: &Report| table(report, 120).contains("WHAT TO DO FIRST");
    report
        .findings
        .retain(|finding| finding.fix.recommended.is_none());
    assert!(!steps(&report));

    let mut warned = sample::report().findings[0].clone();
    warned.decision = Some(sample::decision(Action::Warn, "profiles.x", "is fixed"));
    report.findings.push(warned);
    assert!(table(&report, 120).contains("-> 3.0.16-1~deb12u1: resolves 1 of "));
}

#[test]
fn what_a_scanner_misses_has_its_cause_and_a_bar() {
    let mut report = sample::report();
    let rows = &mut report.coverage.scanners;
    rows[0].missed = [(Cause::NotInData, 1), (Cause::Ecosystem, 12)].into();
    rows[1].missed = [(Cause::ShippedRule, 24)].into();
    rows[2].missed = [(Cause::NoResult, 5)].into();
    let text = table(&report, 120);
    let lines = "
  MISSED BY     FINDINGS                            CAUSE
  grype               24  ########################  withheld by a rule that ships with it
  docker-scout        12  ############              does not match such packages
  docker-scout         1  #                         not in its data

";
    assert!(text.contains(lines), "{text}");
    let narrow = table(&report, 40);
    assert!(narrow.contains("misses 24: withheld"), "{narrow}");
}

#[test]
fn every_report_that_was_written_has_a_line() {
    let mut options = options(100);
    options.files.push(ReportFile {
        format: Format::OPENVEX,
        path: "vex.json".to_owned(),
    });
    let text = render(Format::TABLE, &sample::report(), &options);
    let lines =
        "\nREPORTS\n  json     reports/report.json\n  openvex  vex.json\n\ncrosscheck 0.1.0";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn table_of_a_passing_run() {
    insta::assert_snapshot!(table(&sample::passing(), 80));
}

#[test]
fn no_line_is_wider_than_asked_or_ends_in_a_blank() {
    for format in [Format::TABLE, Format::WIDE, Format::COMPACT] {
        for report in [sample::report(), with_wide_characters()] {
            for width in (Options::MIN_WIDTH..=220).step_by(5) {
                for line in render(format, &report, &options(width)).lines() {
                    assert!(
                        line.width() <= usize::from(width),
                        "{format:?} {width}: {line:?}"
                    );
                    assert!(!line.ends_with(' '), "{format:?} {width}: {line:?}");
                }
            }
        }
    }
}

#[test]
fn a_narrow_page_has_words_and_no_columns_of_letters() {
    let mut report = sample::report();
    // As long as ids get, and the widest range of opinions.
    report.findings[1].vulnerability.id = AdvisoryId::new("GHSA-cx63-2mw6-8hw5");
    report.findings[1].severity.lowest = Severity::Negligible;
    for width in [40, 41, 48] {
        let text = table(&report, width);
        let (_, list) = text.split_once("BLOCKING (2)\n").unwrap();
        let (list, _) = list.split_once("\n\n").unwrap();
        for words in [
            "pypi/setuptools",
            "65.5.1 -> 70.0.0",
            "seen by",
            "docker-scout",
        ] {
            assert!(list.contains(words), "{width}: {list}");
        }
        let has_letter = |line: &str| line.trim().chars().count() < 3;
        assert!(!list.lines().any(has_letter), "{width}: {list}");
        assert!(list.lines().count() < 30, "{width}: {list}");
    }
}

/// Names whose letters take two columns each, or are made of several characters.
fn with_wide_characters() -> Report {
    let mut report = sample::report();
    for (finding, name) in
        report
            .findings
            .iter_mut()
            .zip(["版本管理库", "e\u{301}te\u{301}", "🦀crab"])
    {
        name.clone_into(&mut finding.package.name);
        for instance in &mut finding.instances {
            name.clone_into(&mut instance.name);
        }
    }
    report
}

#[test]
fn wide_characters_do_not_move_the_columns() {
    let report = with_wide_characters();
    for (format, column) in [(Format::WIDE, "3.0.15-1"), (Format::COMPACT, "3.0.15-1")] {
        let text = render(format, &report, &options(200));
        let place = |name: &str, version: &str| {
            let line = text
                .lines()
                .find(|line| line.contains(name) && line.contains("CVE"));
            let (before, _) = line.unwrap().split_once(version).unwrap();
            before.width()
        };
        assert_eq!(
            place("版本管理库", column),
            place("e\u{301}te\u{301}", "65.5.1"),
            "{text}"
        );
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
    assert_eq!(cells, ["snyk", "failed", "-", "-", "-", "-"]);
}

#[test]
fn a_failed_scanner_is_no_zero_without_findings_either() {
    let mut report = sample::insufficient();
    let row = |scanner: &str| ScannerCoverage {
        scanner: ScannerId::new(scanner),
        reported: 0,
        alone: 0,
        physical: 0,
        verdicts: BTreeMap::new(),
        missed: BTreeMap::new(),
    };
    report.coverage.scanners = ["snyk", "trivy"].map(row).into();
    let rows = |text: &str, mark: &str| {
        let cells = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines = text
            .lines()
            .map(cells)
            .filter(|line| line.starts_with(mark));
        lines.collect::<Vec<_>>()
    };
    let text = table(&report, 80);
    assert_eq!(rows(&text, "snyk "), ["snyk failed -"], "{text}");
    assert_eq!(rows(&text, "trivy "), ["trivy 0 0"], "{text}");
    let text = render(Format::MARKDOWN, &report, &Options::default());
    assert_eq!(rows(&text, "| snyk"), ["| snyk | failed | | - |"], "{text}");
    assert_eq!(rows(&text, "| trivy"), ["| trivy | 0 | | 0 |"], "{text}");
}

#[test]
fn nothing_is_said_of_entries_where_no_report_counts() {
    let mut report = sample::insufficient();
    assert!(table(&report, 120).contains(" in the raw reports of the scanners with a result; "));
    report.accounting.clear();
    assert!(!table(&report, 120).contains("Accounts:"));
    assert!(table(&sample::passing(), 120).contains(" in the raw reports; "));
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
        some.contains("  and 51 more. The option --all lists all.\n"),
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
fn colour_and_links_add_escape_sequences_and_nothing_else() {
    let report = sample::report();
    for format in [Format::TABLE, Format::WIDE, Format::COMPACT] {
        for width in [40, 60, 200] {
            let plain = render(format, &report, &options(width));
            let decorated = Options {
                color: true,
                hyperlinks: true,
                ..options(width)
            };
            let decorated = render(format, &report, &decorated);
            assert!(decorated.contains("\u{1b}[1m\u{1b}[31mBLOCKED:\u{1b}[0m"));
            assert!(!plain.contains('\u{1b}'));
            let links = decorated.matches("\u{1b}]8;;https://").count();
            assert!(links > 0, "{format:?} {width}");
            assert_eq!(plain_text(&decorated), Ok(plain), "{format:?} {width}");
        }
    }
}

#[test]
fn an_id_links_to_its_page_and_the_link_ends_with_it() {
    let options = Options {
        hyperlinks: true,
        ..options(100)
    };
    for format in [Format::TABLE, Format::WIDE, Format::COMPACT] {
        let text = render(format, &sample::report(), &options);
        let id = "CVE-2024-5535";
        let link =
            format!("  \u{1b}]8;;https://advisories.example/{id}\u{1b}\\{id}\u{1b}]8;;\u{1b}\\  ");
        assert!(text.contains(&link), "{text:?}");
    }
}

/// `text` without the sequences that we write: colours, and links that end in their line. The first
/// sequence of another kind is an error.
fn plain_text(text: &str) -> Result<String, String> {
    let mut plain = String::new();
    for line in text.split_inclusive('\n') {
        let mut is_link = false;
        let mut rest = line;
        while let Some((before, sequence)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = if let Some(style) = sequence.strip_prefix('[') {
                let end = style
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(style.len());
                style[end..].strip_prefix('m').ok_or(sequence)?
            } else {
                let link = sequence.strip_prefix("]8;;").ok_or(sequence)?;
                let (address, after) = link.split_once("\u{1b}\\").ok_or(sequence)?;
                let is_opened =
                    address.starts_with("http") && address.bytes().all(|b| b.is_ascii_graphic());
                if is_link != address.is_empty() || !(is_opened || address.is_empty()) {
                    return Err(sequence.to_owned());
                }
                is_link = is_opened;
                after
            };
        }
        plain.push_str(rest);
        if is_link {
            return Err(line.to_owned());
        }
    }
    Ok(plain)
}

/// Replaces every text of the report that a report file could have brought in, and adds a scanner
/// of that name to every finding.
///
/// Found by trying: whatever member still reads back as a report with the text in it is open to
/// outsiders. So members that are added later are covered without a change here.
fn with_text(text: &str) -> Report {
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
        let report = with_text(&text);
        for format in [Format::TABLE, Format::WIDE, Format::COMPACT] {
            let decorated = Options { color: true, hyperlinks: true, ..options(width) };
            let written = render(format, &report, &decorated);
            let plain = plain_text(&written);
            prop_assert!(plain.is_ok(), "{:?}", plain);
            let plain = plain.unwrap_or_default();
            let unsafe_character = plain.chars().find(|c| *c != '\n' && escape::is_unsafe(*c));
            prop_assert_eq!(unsafe_character, None);
            prop_assert_eq!(plain, render(format, &report, &options(width)));
        }
    }
}

#[test]
fn the_hostile_report_opens_no_link_and_no_sequence() {
    let mut report = hostile::report();
    for (finding, text) in report
        .findings
        .iter_mut()
        .zip(hostile::TEXTS.iter().cycle())
    {
        finding.vulnerability.url = Some(format!("https://x.example/{text}"));
    }
    for format in [Format::TABLE, Format::WIDE, Format::COMPACT] {
        let everything = Options {
            color: true,
            hyperlinks: true,
            rows: None,
            ..options(100)
        };
        let plain = plain_text(&render(format, &report, &everything)).unwrap();
        assert!(!plain.contains(|c| c != '\n' && escape::is_unsafe(c)));
    }
}

#[test]
fn a_forged_line_stays_inside_its_cell() {
    let forged = "openssl\nPASS: no finding blocks. Exit code 0.";
    let written = table(&with_text(forged), 200);
    assert!(!written.lines().any(|line| line.starts_with("PASS")));
    assert!(written.contains("openssl\\nPASS"));
}
