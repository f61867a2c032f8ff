//! The predicate for cosign: exactly the members that cosign keeps, what policies read, and small.

use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options, escape, warnings};
use serde_json::{Value, json};

use crate::{example, excerpt, hostile, render, sample};

fn predicate(report: &Report) -> Value {
    serde_json::from_str(&render(Format::COSIGN_VULN, report, &Options::default())).unwrap()
}

fn warned(report: &Report) -> Vec<String> {
    warnings(Format::COSIGN_VULN, report, &Options::default())
}

fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// Holds it against the structures of cosign (`pkg/cosign/attestation/attestation.go`), which drop what
/// they do not know and do not parse without the two times.
fn check_members(predicate: &Value) {
    assert_eq!(members(predicate), ["invocation", "metadata", "scanner"]);
    assert_eq!(
        members(&predicate["invocation"]),
        ["builder.id", "event_id", "parameters", "uri"]
    );
    let scanner = &predicate["scanner"];
    assert_eq!(members(scanner), ["db", "result", "uri", "version"]);
    assert_eq!(members(&scanner["db"]), ["uri", "version"]);
    let metadata = &predicate["metadata"];
    assert_eq!(members(metadata), ["scanFinishedOn", "scanStartedOn"]);
    for time in metadata.as_object().unwrap().values() {
        assert!(time.as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    }
}

#[test]
fn cosign_of_a_small_report() {
    let text = render(Format::COSIGN_VULN, &sample::report(), &Options::default());
    insta::assert_snapshot!(text);
}

#[test]
fn cosign_of_the_bundled_example() {
    let predicate: Value = serde_json::from_str(&example("cosign-vuln")).unwrap();
    check_members(&predicate);
    insta::assert_json_snapshot!(excerpt(&predicate));
}

#[test]
fn it_holds_what_cosign_keeps_and_nothing_else() {
    for report in [sample::report(), sample::passing(), hostile::report()] {
        check_members(&predicate(&report));
    }
}

#[test]
fn policies_find_every_count_and_every_scanner() {
    let predicate = predicate(&sample::report());
    let result = &predicate["scanner"]["result"];
    assert_eq!(result["verdict"], "block");
    assert_eq!(result["exit_code"], 1);
    assert_eq!(
        result["by_action"],
        json!({"block": 2, "warn": 1, "track": 1, "ignore": 1})
    );
    assert_eq!(
        result["by_severity"],
        json!({"critical": 1, "high": 1, "medium": 2, "low": 0, "negligible": 1, "unknown": 0})
    );
    assert_eq!(result["scanners"][2]["id"], "snyk");
    assert_eq!(result["scanners"][2]["status"], "failed");
    assert_eq!(
        result["image"]["digests"],
        json!([format!("sha256:{}", "3f".repeat(32))])
    );
    assert_eq!(result["findings_left_out"], 0);
    let first = &result["findings"][0];
    assert_eq!(first["id"], "CVE-2024-5535");
    assert_eq!(first["action"], "block");
    assert_eq!(first["fixed"], "3.0.16-1~deb12u1");
    assert!(first.get("ignored").is_none());
    let ignored = &result["findings"][4]["ignored"];
    assert_eq!(ignored["expires"], "2026-12-01");
}

#[test]
fn an_insufficient_result_does_not_look_like_a_pass() {
    let mut report = sample::passing();
    report.verdict.outcome = RunOutcome::Insufficient;
    report.verdict.exit_code = 3;
    report.verdict.insufficient = vec!["snyk gave no result".to_owned()];
    let result = predicate(&report)["scanner"]["result"].clone();
    assert_eq!(result["verdict"], "insufficient");
    assert_eq!(result["exit_code"], 3);
    assert_eq!(result["insufficient"], json!(["snyk gave no result"]));
}

#[test]
fn the_times_are_those_at_which_the_scanners_looked() {
    let mut report = sample::report();
    let times = |report: &Report| {
        let metadata = predicate(report)["metadata"].clone();
        [
            metadata["scanStartedOn"].clone(),
            metadata["scanFinishedOn"].clone(),
        ]
    };
    // Of several spellings of a time zone the moment counts; a failed scanner does not.
    report.scanners[1].created = Some("2026-11-24T10:20:00+01:00".to_owned());
    report.scanners[2].created = Some("2026-11-01T00:00:00Z".to_owned());
    assert_eq!(
        times(&report),
        ["2026-11-24T10:20:00+01:00", "2026-11-24T09:29:30Z"]
    );
    assert!(warned(&report).is_empty());
    for unknown in [None, Some("yesterday".to_owned())] {
        report.scanners[0].created = unknown;
        assert_eq!(times(&report), [report.evaluated_at.as_str(); 2]);
        assert!(warned(&report)[0].contains("when it looked at the image"));
    }
}

#[test]
fn judging_a_run_again_makes_its_scans_no_fresher() {
    let metadata = |arguments: &[&str]| {
        let output = assert_cmd::Command::cargo_bin("crosscheck")
            .unwrap()
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments)
            .args(["--now", "2027-03-01T00:00:00Z", "--format", "cosign-vuln"])
            .output()
            .unwrap();
        let predicate: Value = serde_json::from_slice(&output.stdout).unwrap();
        predicate["metadata"].clone()
    };
    // Of scanners whose reports have no time it is that of the run.
    let recorded = metadata(&["report", "examples/runs/pytorch-cuda"]);
    assert_eq!(recorded["scanStartedOn"], "2026-11-01T07:00:00Z");
    let finished = recorded["scanFinishedOn"].as_str().unwrap();
    assert!(finished.starts_with("2026-11-24T12:44:12"), "{finished}");
    // Of a lone report without a time nobody knows better.
    let given = metadata(&["merge", "examples/runs/pytorch-cuda/raw/snyk.json"]);
    assert_eq!(given["scanFinishedOn"], "2027-03-01T00:00:00Z");
}

#[test]
fn it_stays_small_the_worst_first_and_says_what_is_missing() {
    let mut report = sample::report();
    assert!(warned(&report).is_empty());
    let more = report.findings.clone();
    report
        .findings
        .extend(more.into_iter().cycle().take(20_000));
    let text = render(Format::COSIGN_VULN, &report, &Options::default());
    assert!(text.len() < 5_000_000, "{}", text.len());
    let predicate: Value = serde_json::from_str(&text).unwrap();
    let result = &predicate["scanner"]["result"];
    let written = result["findings"].as_array().unwrap().len();
    assert!(written > 1_000, "{written}");
    assert_eq!(result["findings_left_out"], 20_005 - written);
    assert_eq!(result["findings"][0]["id"], "CVE-2024-5535");
    assert!(warned(&report)[0].contains("leaves out the last findings"));
}

#[test]
fn hostile_text_stays_short_text() {
    let report = hostile::report();
    let text = render(Format::COSIGN_VULN, &report, &Options::default());
    assert!(!text.contains(|c: char| c != '\n' && escape::is_unsafe(c)));
    assert!(text.len() < 200_000, "{}", text.len());
}

#[test]
fn without_a_digest_in_a_registry_there_is_nothing_to_attest() {
    let mut report = sample::report();
    report.target.repo_digests = Vec::new();
    "docker-archive:/builds/trainer.tar".clone_into(&mut report.target.reference);
    report.target.config_digest = Some(format!("sha256:{}", "5a".repeat(32)));
    assert!(warned(&report)[0].contains("cosign attests nothing else"));
    let digests = predicate(&report)["scanner"]["result"]["image"]["digests"].clone();
    assert_eq!(digests, json!([format!("sha256:{}", "5a".repeat(32))]));
}
