//! GitLab's report: valid, with ids that stay, and honest about what is ignored or failed.
#![expect(
    clippy::indexing_slicing,
    reason = "the sample's findings are where this file puts them"
)]

use std::collections::BTreeSet;

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::model::{Action, Evidence, Finding, Severity, VexEvidence, VexStatus};
use crosscheck::report::{Format, Options, escape, warnings};
use serde_json::Value;

use crate::{example, excerpt, hostile, render, sample, schemas};

fn gitlab(report: &Report, include_ignored: bool) -> String {
    let options = Options {
        include_ignored,
        ..Options::default()
    };
    render(Format::GITLAB, report, &options)
}

fn document(report: &Report) -> Value {
    serde_json::from_str(&gitlab(report, true)).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn entry<'d>(document: &'d Value, id: &str) -> &'d Value {
    let entries = list(&document["vulnerabilities"]).iter();
    let mut entries = entries.filter(|entry| entry["identifiers"][0]["value"] == id);
    entries.next().unwrap()
}

fn ids(document: &Value) -> Vec<&str> {
    let entries = list(&document["vulnerabilities"]).iter();
    entries.map(|entry| entry["id"].as_str().unwrap()).collect()
}

#[test]
fn gitlab_of_a_small_report() {
    insta::assert_snapshot!(gitlab(&sample::report(), true));
}

#[test]
fn gitlab_of_the_example() {
    let document: Value = serde_json::from_str(&example("gitlab")).unwrap();
    insta::assert_snapshot!(format!("{:#}", excerpt(&document)));
}

#[test]
fn it_is_valid_against_the_schemas_of_two_versions() {
    let validators = ["15.0.7", "15.2.1"].map(|version| {
        schemas::vendored(&format!(
            "gitlab-container-scanning-{version}.transcribed.json"
        ))
    });
    let bundled: Report = serde_json::from_str(&example("json")).unwrap();
    let mut bare = sample::report();
    bare.target.distro = None;
    bare.target.reference.clear();
    for finding in &mut bare.findings {
        finding.instances.clear();
        finding.decision = None;
        finding.vulnerability.title = None;
        finding.vulnerability.description = None;
        finding.vulnerability.url = None;
    }
    for report in [
        sample::report(),
        sample::passing(),
        hostile::report(),
        bundled,
        bare,
    ] {
        let text = gitlab(&report, true);
        assert!(!text.contains(|c| c != '\n' && escape::is_unsafe(c)));
        let mut document = document(&report);
        for validator in &validators {
            let errors = schemas::errors(validator, &document);
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let ids: BTreeSet<&str> = ids(&document).into_iter().collect();
        assert_eq!(ids.len(), report.findings.len());
        for entry in list(&document["vulnerabilities"]) {
            assert!(list(&entry["identifiers"]).len() <= 20);
            for link in entry.get("links").map_or(&[][..], list) {
                let url = link["url"].as_str().unwrap();
                assert!(
                    url.starts_with("http") && !url.contains(['"', '<', ' ']),
                    "{url}"
                );
            }
        }
        document["scan"]["end_time"] = "2026-11-24T09:30:00Z".into();
        for validator in &validators {
            assert!(!validator.is_valid(&document));
        }
    }
}

#[test]
fn ids_are_the_same_in_every_build() {
    let first = document(&sample::report());
    let mut second = sample::report();
    "registry.example/ml/trainer:3".clone_into(&mut second.target.reference);
    for finding in &mut second.findings {
        finding.severity.level = Severity::Low;
        finding.vulnerability.title = None;
    }
    let second = document(&second);
    assert_eq!(ids(&second), ids(&first));
    let location = &second["vulnerabilities"][0]["location"];
    assert_eq!(location["image"], "registry.example/ml/trainer:3");
    assert_eq!(location["operating_system"], "debian 12.5");
}

#[test]
fn entries_that_gitlab_takes_for_one_name_each_other() {
    let mut report = sample::report();
    let mut older = report.findings[1].clone();
    older.key = "CVE-2024-6345@pypi/setuptools@58.0.0".to_owned();
    older.package.version = Some("58.0.0".to_owned());
    older.instances[0].version = "58.0.0".to_owned();
    report.findings.push(older);
    let document = document(&report);
    let copies: Vec<&Value> = list(&document["vulnerabilities"])
        .iter()
        .filter(|entry| entry["identifiers"][0]["value"] == "CVE-2024-6345")
        .collect();
    assert_eq!(copies.len(), 2);
    assert_ne!(copies[0]["id"], copies[1]["id"]);
    for (copy, own, other) in [(0, "65.5.1", "58.0.0"), (1, "58.0.0", "65.5.1")] {
        let copy = copies[copy];
        assert_eq!(copy["location"]["dependency"]["version"], own);
        assert_eq!(
            copy["details"]["others"]["value"],
            format!("pypi/setuptools {other}")
        );
        let description = copy["description"].as_str().unwrap();
        assert!(description.contains(other), "{description}");
    }
}

#[test]
fn ignored_findings_are_left_out_or_say_that_they_are_ignored() {
    let mut report = sample::report();
    assert!(!gitlab(&report, false).contains("CVE-2024-28219"));
    let accepted = document(&report);
    let accepted = entry(&accepted, "CVE-2024-28219");
    let description = accepted["description"].as_str().unwrap();
    assert!(
        description.starts_with("Ignored by the policy: "),
        "{description}"
    );
    // A risk that somebody takes is no false positive.
    assert!(accepted.get("flags").is_none());

    let decision = report.findings[4].decision.as_mut().unwrap();
    decision.rule.evidence = Some(Evidence::Vex(VexEvidence {
        document: "vendor.json".to_owned(),
        author: None,
        timestamp: None,
        status: VexStatus::NotAffected,
        pointer: "/statements/0".to_owned(),
    }));
    let document = document(&report);
    let flag = &entry(&document, "CVE-2024-28219")["flags"][0];
    assert_eq!(flag["type"], "flagged-as-likely-false-positive");
    assert_eq!(flag["origin"], "vendor.json");
}

#[test]
fn a_scan_that_cannot_be_trusted_is_a_failure_and_names_who_failed() {
    let mut report = sample::report();
    let scan = &document(&report)["scan"];
    assert_eq!(scan["status"], "success");
    assert_eq!(scan["messages"][0]["level"], "fatal");
    assert_eq!(scan["end_time"], "2026-11-24T09:30:00");
    report.findings.clear();
    report.verdict.outcome = RunOutcome::Insufficient;
    let text = gitlab(&report, false);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["scan"]["status"], "failure");
    let messages = document["scan"]["messages"].to_string();
    assert!(
        messages.contains("Snyk Container gave no result"),
        "{messages}"
    );
    let read = crosscheck::formats::read(text.as_bytes()).unwrap();
    assert!(read.failure.is_some());
}

#[test]
fn what_stands_first_is_what_gitlab_needs() {
    let document = document(&sample::report());
    let setuptools = entry(&document, "CVE-2024-6345");
    assert_eq!(setuptools["identifiers"][0]["type"], "cve");
    assert_eq!(setuptools["identifiers"][1]["type"], "ghsa");
    assert_eq!(setuptools["solution"], "Upgrade setuptools to 70.0.0");
    assert_eq!(
        entry(&document, "CVE-2024-7264")["solution"],
        "No solution: will not be fixed"
    );
    assert_eq!(entry(&document, "CVE-2011-3374")["severity"], "Low");
    let rows = list(&setuptools["details"]["scanners"]["rows"]);
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[2][1]["value"], "failed");
}

#[test]
fn our_own_reader_gives_the_same_findings_back() {
    let bundled: Report = serde_json::from_str(&example("json")).unwrap();
    assert!(bundled.findings.len() > 400);
    for report in [sample::report(), bundled] {
        let read = crosscheck::formats::read(gitlab(&report, true).as_bytes()).unwrap();
        assert_eq!(read.scanner.as_str(), "crosscheck");
        assert_eq!(read.entries, report.findings.len());
        assert_eq!(read.observations.len(), report.findings.len());
        let target = &read.target;
        assert_eq!(
            target.distro.as_ref().unwrap().family,
            report.target.distro.as_ref().unwrap().family
        );
        for (observation, finding) in read.observations.iter().zip(&report.findings) {
            let package = read.package(observation.package).unwrap();
            assert_eq!(observation.id, finding.vulnerability.id);
            assert_eq!(observation.severity, finding.severity.level.comparable());
            assert_eq!(
                package.ecosystem, finding.package.ecosystem,
                "{}",
                finding.key
            );
            assert_eq!(package.name, finding.package.name);
            assert_eq!(package.version, first_version(finding), "{}", finding.key);
            let fix = &finding.fix;
            let expected = match &fix.recommended {
                Some(version) => std::slice::from_ref(version),
                None => &fix.versions,
            };
            assert_eq!(observation.fix.versions, expected, "{}", finding.key);
        }
    }
}

fn first_version(finding: &Finding) -> &str {
    &finding.instances[0].version
}

#[test]
fn only_ignored_findings_are_left_out() {
    let report = sample::report();
    let document: Value = serde_json::from_str(&gitlab(&report, false)).unwrap();
    let expected: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.decision.as_ref().unwrap().action != Action::Ignore)
        .map(|finding| finding.vulnerability.id.as_str())
        .collect();
    let entries = list(&document["vulnerabilities"]).iter();
    let written: Vec<&str> = entries
        .map(|entry| entry["identifiers"][0]["value"].as_str().unwrap())
        .collect();
    assert_eq!(written, expected);
}

#[test]
fn an_archive_is_known_by_its_file_name_alone_and_that_is_warned_of() {
    let mut report = sample::report();
    let warned = |report: &Report| warnings(Format::GITLAB, report, &Options::default());
    assert_eq!(warned(&report), [""; 0]);
    "docker-archive:/builds/image\u{1b}.tar".clone_into(&mut report.target.reference);
    assert!(warned(&report)[0].contains("alone, `image\\u{1b}.tar`"));
}
