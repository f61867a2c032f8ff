//! The in-toto statement: what the specification demands, about the image and nothing else, and never
//! a clean bill where nobody knows. No official schema exists; `tests/formats/check_intoto.py` reads
//! it with in-toto's own library.
#![expect(
    clippy::indexing_slicing,
    reason = "a statement that lacks what is looked for has failed"
)]

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options, escape, warnings};
use serde_json::{Value, json};

use crate::{example, excerpt, hostile, render, sample};

fn statement(report: &Report) -> Value {
    serde_json::from_str(&render(Format::VULNS, report, &Options::default())).unwrap()
}

fn warned(report: &Report) -> Vec<String> {
    warnings(Format::VULNS, report, &Options::default())
}

/// What is wrong with a statement, by the specifications of in-toto's Statement v1 and of the
/// predicate vulns v0.2.
fn faults(statement: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            faults.push(what.to_owned());
        }
    };
    demand(
        statement["_type"] == "https://in-toto.io/Statement/v1",
        "type",
    );
    let kind = &statement["predicateType"];
    demand(
        kind == "https://in-toto.io/attestation/vulns/v0.2",
        "predicate type",
    );
    let subjects = statement["subject"].as_array().cloned().unwrap_or_default();
    demand(!subjects.is_empty(), "a subject");
    for subject in &subjects {
        let digest = subject["digest"]["sha256"].as_str().unwrap_or_default();
        let is_hex = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        demand(is_hex, "a digest in hex without prefix");
        demand(subject["name"].is_string(), "a name");
    }
    let scanner = &statement["predicate"]["scanner"];
    let uri = scanner["uri"].as_str().unwrap_or_default();
    demand(
        uri.starts_with("pkg:generic/") && !uri.contains([' ', '<']),
        "a URI of the scanner",
    );
    demand(scanner["version"].is_string(), "a version");
    let metadata = &statement["predicate"]["metadata"];
    for time in [
        &scanner["db"]["lastUpdate"],
        &metadata["scanStartedOn"],
        &metadata["scanFinishedOn"],
    ] {
        let time = time.as_str().unwrap_or_default();
        demand(time.parse::<jiff::Timestamp>().is_ok(), "a time");
    }
    demand(scanner["result"].is_array(), "results");
    for result in scanner["result"].as_array().into_iter().flatten() {
        demand(result["id"].is_string(), "an id");
        let severities = result["severity"].as_array();
        demand(severities.is_some_and(|all| !all.is_empty()), "a severity");
        for severity in severities.into_iter().flatten() {
            let is_text = severity["method"].is_string() && severity["score"].is_string();
            demand(is_text, "method and score as text");
        }
        for annotation in result["annotations"].as_array().into_iter().flatten() {
            let values = annotation.as_object().unwrap();
            demand(
                values.values().all(Value::is_string),
                "texts as annotations",
            );
        }
    }
    faults
}

#[test]
fn vulns_of_a_small_report() {
    insta::assert_snapshot!(render(
        Format::VULNS,
        &sample::report(),
        &Options::default()
    ));
}

#[test]
fn vulns_of_the_bundled_example() {
    let statement: Value = serde_json::from_str(&example("vulns")).unwrap();
    insta::assert_json_snapshot!(excerpt(&statement));
}

#[test]
fn it_has_what_the_specification_demands() {
    let mut hostile = hostile::report();
    let own = sample::report().target;
    hostile.target = own;
    for report in [sample::report(), sample::passing(), hostile] {
        let text = render(Format::VULNS, &report, &Options::default());
        assert!(!text.contains(|c: char| c != '\n' && escape::is_unsafe(c)));
        let statement: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(hostile::unsafe_texts(&statement, &[]), [""; 0]);
        assert_eq!(faults(&statement), [""; 0]);
        let mut spoilt = statement;
        spoilt["subject"][0]["digest"]["sha256"] = "sha256:3f".into();
        assert!(!faults(&spoilt).is_empty());
    }
    let example: Value = serde_json::from_str(&example("vulns")).unwrap();
    assert_eq!(faults(&example), [""; 0]);
}

#[test]
fn the_subject_is_every_digest_that_a_registry_has() {
    let [index, manifest] = ["1d", "3f"].map(|byte| byte.repeat(32));
    let mut report = sample::report();
    report.target.repo_digests = vec![
        format!("registry.example/ml/trainer@sha256:{index}"),
        "registry.example/ml/trainer@sha512:00".to_owned(),
    ];
    let subjects: Vec<Value> = statement(&report)["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| json!([subject["name"], subject["digest"]["sha256"]]))
        .collect();
    let expected = [index, manifest].map(|hex| json!(["registry.example/ml/trainer", hex]));
    assert_eq!(subjects, expected);
}

#[test]
fn an_archive_is_its_configuration_and_without_one_nothing_is_written() {
    let mut report = sample::report();
    report.target.repo_digests = Vec::new();
    "docker-archive:/builds/trainer.tar".clone_into(&mut report.target.reference);
    // The manifest's digest is made up here.
    let nothing = render(Format::VULNS, &report, &Options::default());
    assert_eq!(nothing, "");
    assert!(warned(&report)[0].contains("no in-toto statement is written"));

    report.target.config_digest = Some(format!("sha256:{}", "5a".repeat(32)));
    let statement = statement(&report);
    let subject = &statement["subject"][0];
    assert_eq!(subject["name"], "configuration of trainer.tar");
    assert_eq!(subject["digest"]["sha256"], "5a".repeat(32));
    assert!(warned(&report)[0].contains("digest of its configuration"));
}

#[test]
fn the_database_is_the_oldest_of_trusted_scanners() {
    let mut report = sample::report();
    let date =
        |report: &Report| statement(report)["predicate"]["scanner"]["db"]["lastUpdate"].clone();
    assert_eq!(date(&report), "2026-11-14T08:00:00Z");
    let snyk = report.scanners[2].clone();
    report.scanners = vec![snyk];
    report.scanners[0].database_built = Some("2020-01-01T00:00:00Z".to_owned());
    // Nobody's date is not a fresh one.
    assert_eq!(date(&report), "1970-01-01T00:00:00Z");
    assert!(
        warned(&report)
            .iter()
            .any(|one| one.contains("gives 1970-01-01"))
    );
}

#[test]
fn the_times_are_those_at_which_the_scanners_looked() {
    let mut report = sample::report();
    let metadata = |report: &Report| statement(report)["predicate"]["metadata"].clone();
    assert_eq!(
        metadata(&report),
        json!({"scanStartedOn": "2026-11-24T09:28:10Z", "scanFinishedOn": "2026-11-24T09:29:30Z"})
    );
    report.scanners[0].created = None;
    let moment = report.evaluated_at.clone();
    assert_eq!(
        metadata(&report),
        json!({"scanStartedOn": moment, "scanFinishedOn": moment})
    );
    let warnings = warned(&report);
    assert!(
        warnings
            .iter()
            .any(|one| one.contains("looked at the image"))
    );
}

#[test]
fn nothing_is_written_where_too_little_can_be_trusted() {
    let mut report = sample::passing();
    assert_eq!(
        statement(&report)["predicate"]["scanner"]["result"],
        json!([])
    );
    report.verdict.outcome = RunOutcome::Insufficient;
    let all = Options {
        include_ignored: true,
        ..Options::default()
    };
    for findings in [Vec::new(), sample::report().findings] {
        report.findings = findings;
        for options in [&Options::default(), &all] {
            assert_eq!(render(Format::VULNS, &report, options), "");
            let warnings = warnings(Format::VULNS, &report, options);
            assert!(warnings[0].contains("too little can be trusted"));
        }
    }

    // What blocks is true in any case; it is written, and says what it lacks.
    report.verdict.outcome = RunOutcome::Block;
    report.verdict.insufficient = vec!["snyk gave no result".to_owned()];
    report.scanners = sample::report().scanners;
    let annotations = &statement(&report)["subject"][0]["annotations"];
    assert_eq!(annotations["verdict"], "block");
    assert_eq!(annotations["insufficient"], json!(["snyk gave no result"]));
    assert_eq!(annotations["scanners"][2]["status"], "failed");
}

#[test]
fn ignored_findings_are_counted_and_written_on_request() {
    let report = sample::report();
    let ids = |options: &Options| {
        let text = render(Format::VULNS, &report, options);
        let statement: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(statement["subject"][0]["annotations"]["ignoredFindings"], 1);
        let results = statement["predicate"]["scanner"]["result"].clone();
        let results = results.as_array().unwrap().clone();
        let ignored = results
            .iter()
            .find(|result| result["id"] == "CVE-2024-28219");
        ignored.map(|result| result["annotations"][0].clone())
    };
    assert_eq!(ids(&Options::default()), None);
    assert!(
        warned(&report)
            .iter()
            .any(|one| one.contains("ignored findings: 1"))
    );
    let all = Options {
        include_ignored: true,
        ..Options::default()
    };
    let annotation = ids(&all).unwrap();
    assert_eq!(annotation["action"], "ignore");
    assert_eq!(
        annotation["reason"],
        "the affected decoder is not built into our wheel"
    );
}
