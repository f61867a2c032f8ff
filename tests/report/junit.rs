//! The JUnit XML: well-formed whatever a report holds, and never better than the verdict.
#![expect(
    clippy::indexing_slicing,
    reason = "the sample's findings are where this file puts them"
)]

use std::collections::{BTreeMap, HashSet};

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options, warnings};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::{example, hostile, render, sample};

fn junit(report: &Report) -> String {
    render(Format::JUNIT, report, &Options::default())
}

#[derive(Debug, Default)]
struct Suite {
    attributes: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Debug, Default)]
struct Case {
    class: String,
    name: String,
    /// The element within: `failure`, `error`, `skipped`, `system-out`; empty where there is none.
    result: String,
    message: String,
    text: String,
}

fn attributes(element: &BytesStart<'_>) -> BTreeMap<String, String> {
    let attributes = element.attributes().map(Result::unwrap);
    attributes
        .map(|attribute| {
            let name = AsRef::<str>::as_ref(&attribute.key).to_owned();
            (
                name,
                attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .unwrap()
                    .into_owned(),
            )
        })
        .collect()
}

/// The suites; fails on what is not well-formed, on counts that are not those of the tests, and on
/// tests that a server would not tell apart.
fn read(text: &str) -> Vec<Suite> {
    let is_allowed = |c: char| matches!(c, '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    assert!(
        text.chars().all(is_allowed),
        "a character that XML 1.0 lacks"
    );
    let mut reader = Reader::from_str(text);
    let mut root = BTreeMap::new();
    let mut suites: Vec<Suite> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => {
                let name = AsRef::<str>::as_ref(&element.name()).to_owned();
                let mut attributes = attributes(element);
                match name.as_str() {
                    "testsuites" => root = attributes,
                    "testsuite" => suites.push(Suite {
                        attributes,
                        cases: Vec::new(),
                    }),
                    "testcase" => suites.last_mut().unwrap().cases.push(Case {
                        class: attributes.remove("classname").unwrap(),
                        name: attributes.remove("name").unwrap(),
                        ..Case::default()
                    }),
                    _ if open.last().is_some_and(|parent| parent == "testcase") => {
                        let case = suites.last_mut().unwrap().cases.last_mut().unwrap();
                        case.message = attributes.remove("message").unwrap_or_default();
                        case.result.clone_from(&name);
                    }
                    other => assert_eq!(other, "system-out"),
                }
                if matches!(event, Event::Start(_)) {
                    open.push(name);
                }
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(piece) if open.iter().any(|name| name == "testcase") => {
                let case = suites.last_mut().unwrap().cases.last_mut().unwrap();
                case.text.push_str(piece);
            }
            Event::GeneralRef(reference) if open.iter().any(|name| name == "testcase") => {
                let case = suites.last_mut().unwrap().cases.last_mut().unwrap();
                case.text
                    .push_str(resolve_predefined_entity(reference).unwrap());
            }
            _ => {}
        }
    }
    assert!(open.is_empty());
    let mut names = HashSet::new();
    for suite in &suites {
        let number = |name: &str| suite.attributes[name].parse::<usize>().unwrap();
        assert_eq!(number("tests"), suite.cases.len());
        for (attribute, result) in [
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            let cases = suite.cases.iter().filter(|case| case.result == result);
            assert_eq!(number(attribute), cases.count(), "{attribute}");
        }
        for case in &suite.cases {
            assert!(names.insert((&case.class, &case.name)), "{case:?}");
            // GitLab shows the text and Jenkins the message.
            assert!(case.text.starts_with(&case.message), "{case:?}");
        }
    }
    let tests: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    assert_eq!(root["tests"], tests.to_string());
    suites
}

/// The results of one suite, by the names of its tests.
fn results<'s>(suites: &'s [Suite], name: &str) -> Vec<(&'s str, &'s str)> {
    let suite = suites
        .iter()
        .find(|suite| suite.attributes["name"].ends_with(name))
        .unwrap();
    let cases = suite.cases.iter();
    cases
        .map(|case| (case.name.as_str(), case.result.as_str()))
        .collect()
}

#[test]
fn junit_of_a_small_report() {
    let text = junit(&sample::report());
    read(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn junit_of_the_example() {
    let text = example("junit");
    let suites = read(&text);
    let shown: Vec<&str> = text.lines().take(24).collect();
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!(results(&suites, "vulnerabilities").len(), 245);
}

#[test]
fn decisions_become_results() {
    let mut report = sample::report();
    let mut undecided = report.findings[0].clone();
    undecided.vulnerability.id = crosscheck::model::AdvisoryId::new("CVE-2026-1");
    undecided.decision = None;
    report.findings.push(undecided);
    let suites = read(&junit(&report));
    assert_eq!(
        results(&suites, "vulnerabilities"),
        [
            ("CVE-2024-5535 in openssl", "failure"),
            ("CVE-2024-6345 in setuptools", "failure"),
            ("CVE-2026-1 in openssl", "error"),
            ("CVE-2024-7264 in curl", "system-out"),
            ("CVE-2024-28219 in pillow", "skipped"),
        ]
    );
    assert_eq!(
        results(&suites, "scanners"),
        [
            // One of its entries could not be read.
            ("trivy gives a result", "system-out"),
            ("grype gives a result", ""),
            ("snyk gives a result", "error"),
            ("docker-scout gives a result", "system-out"),
        ]
    );
    let ignored = suites[2].cases.last().unwrap();
    assert!(ignored.text.contains("decoder is not built"), "{ignored:?}");
    assert!(ignored.text.contains("expires: 2026-12-01"), "{ignored:?}");
}

#[test]
fn a_name_has_the_installed_version_only_where_it_tells_tests_apart() {
    let mut report = sample::report();
    let mut other = report.findings[1].clone();
    other.instances[0].version = "v1.0-Final".to_owned();
    other.package.version = Some("1.0".to_owned());
    report.findings.push(other);
    let suites = read(&junit(&report));
    let results = results(&suites, "vulnerabilities");
    let names: Vec<&str> = results.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "CVE-2024-5535 in openssl",
            "CVE-2024-6345 in setuptools 65.5.1",
            "CVE-2024-6345 in setuptools v1.0-Final",
            "CVE-2024-7264 in curl",
            "CVE-2024-28219 in pillow",
        ]
    );
}

#[test]
fn only_a_pass_is_without_failures_and_never_empty() {
    let mut report = sample::passing();
    let of = |report: &Report| {
        let suites = read(&junit(report));
        results(&suites, "policy")
            .into_iter()
            .map(|(_, result)| result.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&report), ["", ""]);
    report.verdict.outcome = RunOutcome::Insufficient;
    assert_eq!(of(&report), ["", "error"]);
    assert_eq!(of(&sample::report()), ["failure", "error"]);
}

#[test]
fn hostile_text_stays_text() {
    let report = hostile::report();
    let suites = read(&junit(&report));
    let vulnerabilities = results(&suites, "vulnerabilities").len();
    let tracked = report.with_action(crosscheck::model::Action::Track).count();
    assert_eq!(vulnerabilities, report.findings.len() - tracked);
    let text: String = suites[2]
        .cases
        .iter()
        .map(|case| case.text.as_str())
        .collect();
    for shown in ["<script>alert(1)</script>", "]]>", "&lt;b&gt;", "a\\u{0}b"] {
        assert!(text.contains(shown), "{shown}");
    }
}

#[test]
fn a_file_that_a_server_refuses_is_never_written() {
    let mut report = sample::report();
    let mut model = report.findings[0].clone();
    model.vulnerability.title = Some("\"".repeat(400));
    // About 3 kB each.
    report.findings = vec![model; 12_000];
    let text = junit(&report);
    assert!(text.len() < 28_000_000, "{}", text.len());
    let suites = read(&text);
    let last = suites[2].cases.last().unwrap();
    assert_eq!(last.result, "failure");
    let told = format!("{} findings have no test", 12_001 - suites[2].cases.len());
    assert!(last.text.starts_with(&told), "{}", last.text);
    let warnings = warnings(Format::JUNIT, &report, &Options::default());
    assert!(warnings[0].starts_with(&told), "{warnings:?}");
}
