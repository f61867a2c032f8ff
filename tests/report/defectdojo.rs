//! DefectDojo's import: no member that it does not know, states from decisions, stable names.
#![expect(
    clippy::indexing_slicing,
    reason = "the sample's findings are where this file puts them"
)]

use std::collections::HashSet;

use crosscheck::model::report::Report;
use crosscheck::model::{
    Action, AdvisoryId, Evidence, HostDriverEvidence, Justification, RuleMatch, Severity,
    VexEvidence, VexStatus,
};
use crosscheck::report::{Format, Options, warnings};
use serde_json::{Value, json};

use crate::{example, excerpt, hostile, render, sample};

/// The members of a finding that every version of DefectDojo since 2.20 knows. On any other the whole
/// import fails.
const KNOWN: &[&str] = &[
    "active",
    "component_name",
    "component_version",
    "cve",
    "cvssv3",
    "cwe",
    "date",
    "description",
    "dynamic_finding",
    "false_p",
    "file_path",
    "mitigation",
    "nb_occurences",
    "out_of_scope",
    "publish_date",
    "references",
    "risk_accepted",
    "severity",
    "severity_justification",
    "static_finding",
    "tags",
    "title",
    "unique_id_from_tool",
    "verified",
    "vuln_id_from_tool",
    "vulnerability_ids",
];

fn import(report: &Report) -> Value {
    serde_json::from_str(&render(Format::DEFECTDOJO, report, &Options::default())).unwrap()
}

fn check(document: &Value) {
    let findings = document["findings"].as_array().unwrap();
    for finding in findings {
        let members = finding.as_object().unwrap();
        for (name, value) in members {
            assert!(KNOWN.contains(&name.as_str()), "{name}");
            assert!(!value.is_null(), "{name}");
        }
        for required in ["title", "severity", "description"] {
            assert_ne!(finding[required].as_str().unwrap(), "", "{required}");
        }
        let severities = ["Critical", "High", "Medium", "Low", "Info"];
        assert!(severities.contains(&finding["severity"].as_str().unwrap()));
        assert!(finding["title"].as_str().unwrap().chars().count() <= 500);
        // Two that exclude each other there.
        let is = |name: &str| finding[name].as_bool().unwrap();
        let grounds = ["false_p", "out_of_scope", "risk_accepted"];
        let grounds = grounds.into_iter().filter(|ground| is(ground)).count();
        assert_eq!(grounds, usize::from(!is("active")), "{finding}");
    }
}

/// The number of findings that DefectDojo tells apart.
fn distinct(document: &Value) -> usize {
    let findings = document["findings"].as_array().unwrap().iter();
    let ids: HashSet<&Value> = findings.map(|one| &one["unique_id_from_tool"]).collect();
    ids.len()
}

#[test]
fn defectdojo_of_a_small_report() {
    let document = import(&sample::report());
    check(&document);
    assert_eq!(distinct(&document), 5);
    insta::assert_json_snapshot!(document);
}

#[test]
fn defectdojo_of_the_example() {
    let document: Value = serde_json::from_str(&example("defectdojo")).unwrap();
    check(&document);
    assert_eq!(distinct(&document), 403);
    insta::assert_json_snapshot!(excerpt(&document));
}

#[test]
fn hostile_and_empty_reports_can_be_imported() {
    let report = hostile::report();
    let document = import(&report);
    check(&document);
    assert_eq!(
        document["findings"].as_array().unwrap().len(),
        report.findings.len()
    );
    for finding in document["findings"].as_array().unwrap() {
        // What DefectDojo shows as Markdown; it escapes the others itself.
        for name in ["description", "mitigation", "severity_justification"] {
            let text = finding[name].as_str().unwrap();
            for markup in ["<script", "<img", "<svg", "<!--", "[x](", "https://", "@S"] {
                assert!(!text.contains(markup), "{text}");
            }
        }
        for tag in finding["tags"].as_array().unwrap() {
            assert!(
                !tag.as_str().unwrap().contains([' ', ',', '"', '\'']),
                "{tag}"
            );
        }
    }
    check(&import(&sample::passing()));
}

/// The states that are true of a finding that these rules ignore.
fn states(rules: Vec<RuleMatch>) -> Vec<&'static str> {
    let mut rules = rules.into_iter();
    let mut report = sample::report();
    let mut decision = sample::decision(Action::Ignore, "", "");
    decision.rule = rules.next().unwrap();
    decision.also = rules.collect();
    report.findings[0].decision = Some(decision);
    let document = import(&report);
    check(&document);
    [
        "active",
        "verified",
        "false_p",
        "out_of_scope",
        "risk_accepted",
    ]
    .into_iter()
    .filter(|state| document["findings"][0][state] == json!(true))
    .collect()
}

#[test]
fn a_decision_becomes_a_state() {
    let ignore = |evidence: Option<Evidence>| RuleMatch {
        evidence,
        ..RuleMatch::new("ignore[0]", Action::Ignore, "reason")
    };
    let vex = |status: VexStatus| {
        ignore(Some(Evidence::Vex(VexEvidence {
            document: "vendor.json".to_owned(),
            author: None,
            timestamp: None,
            status,
            pointer: "/statements/0".to_owned(),
        })))
    };
    let driver = || {
        ignore(Some(Evidence::HostDriver(HostDriverEvidence {
            vulnerability: AdvisoryId::new("CVE-2026-1"),
            component: "kernel_mode".to_owned(),
            bulletin: "5861".to_owned(),
            data_date: "2026-11-20".to_owned(),
            hosts: Vec::new(),
        })))
    };
    let justified = RuleMatch {
        justification: Some(Justification::ComponentNotPresent),
        ..ignore(None)
    };
    assert_eq!(states(vec![ignore(None)]), ["risk_accepted"]);
    assert_eq!(states(vec![vex(VexStatus::NotAffected)]), ["false_p"]);
    assert_eq!(states(vec![vex(VexStatus::Fixed)]), ["false_p"]);
    assert_eq!(states(vec![justified]), ["false_p"]);
    assert_eq!(states(vec![driver()]), ["out_of_scope"]);
    // Of several the most cautious speaks.
    assert_eq!(
        states(vec![vex(VexStatus::NotAffected), ignore(None)]),
        ["risk_accepted"]
    );
    assert_eq!(
        states(vec![RuleMatch::new("profile", Action::Block, "")]).len(),
        1
    );
}

#[test]
fn an_id_outlives_tag_severity_and_text() {
    let mut report = sample::report();
    let before = import(&report);
    report.target.reference = "registry.example/ml/trainer:2.5.0".to_owned();
    report.target.repo_digests.clear();
    report.findings[0].severity.level = Severity::Low;
    report.findings[0].vulnerability.title = Some("another title".to_owned());
    let after = import(&report);
    for member in ["unique_id_from_tool", "title"] {
        assert_eq!(before["findings"][0][member], after["findings"][0][member]);
    }
    assert_ne!(
        before["findings"][0]["severity"],
        after["findings"][0]["severity"]
    );
}

#[test]
fn missing_results_are_told() {
    let report = sample::report();
    let text = warnings(Format::DEFECTDOJO, &report, &Options::default()).join("\n");
    assert!(text.contains("no result of snyk"), "{text}");
    let description = import(&report)["description"].to_string();
    assert!(description.contains("snyk gave no result"), "{description}");
    let passing = warnings(Format::DEFECTDOJO, &sample::passing(), &Options::default());
    assert_eq!(passing, [""; 0]);
}
