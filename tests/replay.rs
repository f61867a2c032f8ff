//! `crosscheck scan --replay`: a recorded run judged again, and runs that cannot be trusted.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot set itself up has failed"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{IMAGE, OPENSSL, Run, Workspace, crosscheck, files_below, grype, sha256, syft, trivy};
use serde_json::{Value, json};

/// The policy that the recorded run applied, under its profile `staging`.
const POLICY: &str = "\
version: 1
profiles:
  staging: { extends: production }
ignore:
  - id: CVE-2024-5535
    reason: the protocol is never negotiated
    owner: team-shop
    expires: 2026-01-31
";

/// A recorded run, `run`: Trivy and Grype found the same, Snyk was not logged in.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    for folder in ["run", "run/raw", "run/sbom"] {
        fs::create_dir(workspace.join(folder)).expect("a new folder");
    }
    let image = "shop:1.0";
    workspace.write_json("run/raw/trivy.json", &trivy(image, IMAGE, &[OPENSSL]));
    workspace.write_json("run/raw/grype.json", &grype(image, IMAGE, &[OPENSSL]));
    workspace.write_json(
        "run/sbom/grype.syft-json.json",
        &syft(image, IMAGE, &[OPENSSL]),
    );
    workspace.write("run/raw/snyk.stderr", "Authentication error\n");
    workspace.write("run/policy.yaml", POLICY);
    let file = |path: &str, format: Value| {
        let bytes = fs::read(workspace.join("run").join(path)).expect("just written");
        json!({ "path": path, "sha256": sha256(&bytes), "bytes": bytes.len(), "format": format })
    };
    let record = json!({
        "schema_version": "1",
        "tool": { "name": "crosscheck", "version": "0.1.0" },
        "evaluated_at": "2026-02-10T12:00:00Z",
        "target": { "reference": image, "source": "remote" },
        "policy": {
            "source": "ci/policy.yaml",
            "profile": "staging",
            "sha256": sha256(POLICY.as_bytes()),
        },
        "scanners": [
            {
                "id": "trivy",
                "title": "Trivy",
                "status": "completed",
                "duration_ms": 1200,
                "report": file("raw/trivy.json", json!("trivy-json")),
            },
            {
                "id": "grype",
                "title": "Grype",
                "status": "completed",
                "report": file("raw/grype.json", json!("grype-json")),
                "inventory": file("sbom/grype.syft-json.json", json!("syft-json")),
            },
            {
                "id": "snyk",
                "title": "Snyk Container",
                "status": "failed",
                "kind": "authentication",
                "cause": "no token is set",
                "remedy": "set SNYK_TOKEN",
                "stderr": file("raw/snyk.stderr", Value::Null),
            },
        ],
    });
    workspace.write_json("run/run.json", &record);
    workspace
}

fn replay(workspace: &Workspace, arguments: &[&str]) -> Run {
    workspace.run(&[&["scan", "--replay", "run"], arguments].concat())
}

fn snapshot(workspace: &Workspace) -> BTreeMap<String, Vec<u8>> {
    files_below(&workspace.join("run"))
}

/// Changes the record.
fn alter_record(workspace: &Workspace, change: impl FnOnce(&mut Value)) {
    let path = workspace.join("run/run.json");
    let text = fs::read(&path).expect("a record");
    let mut record = serde_json::from_slice(&text).expect("a record is JSON");
    change(&mut record);
    fs::write(path, record.to_string()).expect("a writable folder");
}

#[test]
fn a_recorded_run_gives_the_same_answer_every_time_and_stays_as_it_is() {
    let workspace = workspace();
    let before = snapshot(&workspace);
    let first = replay(&workspace, &["--format", "json"]);
    assert_eq!(first.code, Some(1), "{first:#?}");
    assert_eq!(first.stderr, "");
    let report = first.json();
    assert_eq!(report["evaluated_at"], "2026-02-10T12:00:00Z");
    assert_eq!(report["policy"]["source"], "ci/policy.yaml");
    assert_eq!(report["policy"]["profile"], "staging");
    assert_eq!(report["scanners"][1]["cause"], "no token is set");

    // From elsewhere, and with another policy lying about there.
    let elsewhere = Workspace::new();
    elsewhere.write("policy.yaml", "version: 1\ndefault-profile: research\n");
    let run = workspace.join("run").display().to_string();
    let second = elsewhere.run(&["scan", "--replay", &run, "--format", "json"]);
    assert_eq!(second.stdout, first.stdout);
    assert!(snapshot(&workspace) == before, "a replay writes nothing");
}

#[test]
fn where_nothing_is_ignored_there_is_no_openvex_document() {
    let workspace = workspace();
    let before_its_end = ["--now", "2026-01-15T00:00:00Z"];
    let some = replay(
        &workspace,
        &[&["--format", "openvex"], &before_its_end[..]].concat(),
    );
    assert_eq!(
        some.json()["statements"].as_array().map(Vec::len),
        Some(1),
        "{some:#?}"
    );
    assert_eq!(some.stderr, "");

    // The rule is past its end. The verdict stays what it is.
    let none = replay(&workspace, &["--format", "openvex"]);
    assert_eq!(none.code, Some(1), "{none:#?}");
    assert_eq!(none.stdout, "");
    assert!(
        none.stderr
            .starts_with("warning: no OpenVEX document is written"),
        "{}",
        none.stderr
    );
}

#[test]
fn another_policy_profile_or_day_gives_another_verdict() {
    let workspace = workspace();
    workspace.write(
        "strict.yaml",
        "version: 1\nscanners: { required: [snyk] }\n",
    );
    let before = snapshot(&workspace);
    for (arguments, code, expected) in [
        // The ignore rule is past its end on the recorded day.
        (&[][..], 1, "EXPIRED IGNORE RULES"),
        (
            &["--now", "2026-01-31T23:59:59Z"],
            0,
            "the protocol is never negotiated",
        ),
        (
            &["--now", "2026-02-01T00:00:00Z"],
            1,
            "EXPIRED IGNORE RULES",
        ),
        (&["--profile", "research"], 0, "PASS"),
        (&["--policy", "strict.yaml"], 1, "snyk is required"),
        (
            &["--policy", "strict.yaml", "--profile", "research"],
            3,
            "snyk is required",
        ),
    ] {
        let run = replay(&workspace, arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {run:#?}");
        let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains(expected),
            "{arguments:?}: no {expected:?} in:\n{}",
            run.stdout
        );
    }
    let unknown = replay(&workspace, &["--profile", "stagign"]);
    unknown.assert_refused(&["ci/policy.yaml", "stagign", "did you mean `staging`?"]);
    assert!(snapshot(&workspace) == before, "a replay writes nothing");
}

#[test]
fn what_is_no_whole_run_is_refused() {
    let workspace = workspace();
    workspace.write("file", "no folder");
    fs::create_dir(workspace.join("empty")).expect("a new folder");
    for (directory, expected) in [
        ("nowhere", &["nowhere", "no such directory"][..]),
        ("file", &["file", "no such directory"]),
        ("empty", &["empty", "no `run.json`", "--out"]),
    ] {
        workspace
            .run(&["scan", "--replay", directory])
            .assert_refused(expected);
    }
    workspace.write("run/.incomplete", "");
    replay(&workspace, &[]).assert_refused(&["run", "incomplete", "run the scan again"]);
    fs::remove_file(workspace.join("run/.incomplete")).expect("just written");
    assert_eq!(replay(&workspace, &[]).code, Some(1));
    fs::remove_file(workspace.join("run/run.json")).expect("a record");
    replay(&workspace, &[]).assert_refused(&["run", "no `run.json`"]);
}

#[test]
fn an_altered_file_is_named_with_both_digests() {
    for name in [
        "raw/trivy.json",
        "raw/grype.json",
        "sbom/grype.syft-json.json",
        "policy.yaml",
    ] {
        let workspace = workspace();
        let path = workspace.join("run").join(name);
        let before = fs::read(&path).expect("a file of the run");
        let mut after = before.clone();
        // One byte more, that no reader would mind.
        after.push(b'\n');
        fs::write(&path, &after).expect("a writable folder");
        replay(&workspace, &[]).assert_refused(&[
            &format!("run/{name}"),
            &sha256(&before),
            &sha256(&after),
            "restore the file or run the scan again",
        ]);
    }
}

#[test]
fn a_missing_file_is_named() {
    for name in [
        "raw/trivy.json",
        "raw/snyk.stderr",
        "sbom/grype.syft-json.json",
        "policy.yaml",
    ] {
        let workspace = workspace();
        let path = workspace.join("run").join(name);
        fs::remove_file(&path).expect("a file of the run");
        replay(&workspace, &[]).assert_refused(&[&format!("run/{name}"), "no such file"]);
        // A folder in its place is no file either.
        fs::create_dir(&path).expect("a writable folder");
        replay(&workspace, &[]).assert_refused(&[&format!("run/{name}")]);
    }
}

#[test]
fn the_recorded_policy_does_not_matter_to_who_brings_another() {
    let workspace = workspace();
    workspace.write("run/policy.yaml", "no: policy");
    workspace.write("mine.yaml", "version: 1\n");
    assert_eq!(replay(&workspace, &["--policy", "mine.yaml"]).code, Some(1));
}

#[test]
fn a_run_without_a_policy_is_judged_by_the_policy_at_hand() {
    let workspace = workspace();
    alter_record(&workspace, |record| {
        record.as_object_mut().expect("an object").remove("policy");
    });
    fs::remove_file(workspace.join("run/policy.yaml")).expect("a policy");
    let report = replay(&workspace, &["--format", "json"]).json();
    assert_eq!(report["policy"]["source"], "built-in");
    workspace.write("policy.yaml", "version: 1\ndefault-profile: research\n");
    let run = replay(&workspace, &["--format", "json"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.json()["policy"]["source"], "policy.yaml");
}

#[test]
fn a_record_that_was_altered_is_refused() {
    type Change = fn(&mut Value);
    let cases: [(Change, &[&str]); 5] = [
        (
            |record| record["schema_version"] = json!("2"),
            &["run/run.json", "layout 2", "update crosscheck"],
        ),
        (
            |record| record["scanners"] = json!("none"),
            &["run/run.json: line 1, column", "run the scan again"],
        ),
        (
            |record| record["scanners"][0]["report"]["path"] = json!("../secret.json"),
            &["run/run.json", "../secret.json", "not in the run"],
        ),
        (
            |record| record["scanners"][0]["report"]["path"] = json!("/etc/passwd"),
            &["run/run.json", "/etc/passwd", "not in the run"],
        ),
        (
            |record| record["evaluated_at"] = json!("last week"),
            &["run/run.json", "`evaluated_at`", "--now"],
        ),
    ];
    for (change, expected) in cases {
        let workspace = workspace();
        workspace.write("secret.json", "{}");
        alter_record(&workspace, change);
        replay(&workspace, &[]).assert_refused(expected);
    }
    let workspace = workspace();
    workspace.write("run/run.json", "{\n  \"schema_version\": \"1\",");
    replay(&workspace, &[]).assert_refused(&["run/run.json: line 2", "run the scan again"]);
}

#[test]
fn a_scanner_whose_report_is_not_in_the_record_gave_no_result() {
    let workspace = workspace();
    alter_record(&workspace, |record| {
        let trivy = record["scanners"][0].as_object_mut().expect("an object");
        trivy.remove("report");
    });
    let run = replay(&workspace, &["--format", "json", "--profile", "research"]);
    let trivy = &run.json()["scanners"][2];
    assert_eq!(trivy["id"], "trivy");
    assert_eq!(trivy["status"], "failed");
    assert_eq!(trivy["kind"], "bad-report");
}

/// The first command of the README, at two widths.
///
/// When the example or the report changes on purpose, look at the difference and accept it:
/// `INSTA_UPDATE=always cargo test --test replay`.
#[test]
fn the_first_command_of_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for width in ["80", "100"] {
        let output = crosscheck(root)
            .args(["scan", "--replay", "examples/runs/pytorch-cuda"])
            .args(["--width", width, "--color", "never"])
            .output()
            .expect("the program starts");
        assert_eq!(
            output.status.code(),
            Some(1),
            "the policy blocks this image"
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let table = String::from_utf8(output.stdout).expect("a table is text");
        let columns = table.lines().map(|line| line.chars().count()).max();
        assert!(columns.is_some_and(|columns| columns <= width.parse().unwrap_or(0)));
        insta::assert_snapshot!(format!("readme_at_{width}_columns"), table);
    }
}
