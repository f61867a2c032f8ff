//! `crosscheck diff`: what changed between two runs.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{IMAGE, OPENSSL, OTHER_IMAGE, Row, Run, Workspace, grype, sha256, snyk, syft, trivy};
use serde_json::{Value, json};

/// Text that would clear a screen, break a table or pull an image from elsewhere.
const HOSTILE: &str = "\u{1b}[2J\u{202e}<img src=x>|\n# `x` [a](https://e.example)";

const REFERENCE: &str = "shop:1.0";

/// A finding of which only id, package, version and severity matter.
const fn row(
    id: &'static str,
    package: &'static str,
    version: &'static str,
    severity: &'static str,
) -> Row<'static> {
    Row {
        id,
        package,
        version,
        severity,
        fixed: "",
        title: "a flaw",
    }
}

const ZLIB: Row<'static> = row("CVE-2023-45853", "zlib1g", "1:1.2.13", "LOW");
const PERL: Row<'static> = row("CVE-2023-31484", "perl-base", "5.36.0-7", "MEDIUM");
const CURL: Row<'static> = row("CVE-2024-7264", "curl", "7.88.1-10", "HIGH");
const BASH: Row<'static> = Row {
    fixed: "5.2.15-3",
    ..row("CVE-2026-1111", "bash", "5.2.15-2", "CRITICAL")
};
const IGNORED: Row<'static> = row("CVE-2024-7777", "tar", "1.34", "CRITICAL");

const UPDATED: &str = "3.0.14-1~deb12u1";

/// A policy that ignores one vulnerability up to a day.
fn policy(last_day: &str) -> String {
    format!(
        "version: 1\ndefault-profile: strict\nprofiles:\n  strict:\n    extends: production\n    \
         severity: {{ critical: block, high: warn }}\nignore:\n  - id: CVE-2024-7777\n    reason: \
         only root can reach it\n    owner: team-shop\n    expires: {last_day}\n"
    )
}

/// A file of a run: its path, format and content.
type ScannerFile<'a> = (&'a str, &'a str, Value);

/// Writes a run: its moment, its policy, and the record of each scanner with its files.
fn write_run(
    workspace: &Workspace,
    name: &str,
    evaluated_at: &str,
    policy: &str,
    scanners: &[(Value, &[ScannerFile<'_>])],
) {
    let root = workspace.join(name);
    for folder in ["raw", "sbom"] {
        fs::create_dir_all(root.join(folder)).expect("a new folder");
    }
    fs::write(root.join("policy.yaml"), policy).expect("a writable folder");
    let mut records = Vec::new();
    for (record, files) in scanners {
        let mut record = record.clone();
        for (path, format, content) in *files {
            let bytes = serde_json::to_vec(content).expect("JSON");
            fs::write(root.join(path), &bytes).expect("a writable folder");
            let member = if path.starts_with("sbom/") {
                "inventory"
            } else {
                "report"
            };
            record[member] = json!({
                "path": path, "sha256": sha256(&bytes), "bytes": bytes.len(), "format": format,
            });
        }
        records.push(record);
    }
    let record = json!({
        "schema_version": "1",
        "tool": { "name": "crosscheck", "version": "0.1.0" },
        "evaluated_at": evaluated_at,
        "target": { "reference": REFERENCE, "source": "remote" },
        "policy": {
            "source": "policy.yaml",
            "profile": "strict",
            "sha256": sha256(policy.as_bytes()),
        },
        "scanners": records,
    });
    fs::write(root.join("run.json"), record.to_string()).expect("a writable folder");
}

fn record(id: &str, title: &str, database: &str) -> Value {
    json!({
        "id": id,
        "title": title,
        "status": "completed",
        "version": "1.0",
        "database_built": format!("{database}T00:00:00Z"),
    })
}

/// Two runs of one name, the image built anew between them. In `monday` all scanners gave a result; in `tuesday` Snyk did not, OpenSSL
/// was updated, bash came, Grype no longer lists a flaw of perl, an ignore rule is past its day, and
/// somebody named a package to play tricks.
fn two_runs() -> Workspace {
    let workspace = Workspace::new();
    let found = [OPENSSL, ZLIB, IGNORED];
    write_run(
        &workspace,
        "monday",
        "2026-02-01T12:00:00Z",
        &policy("2026-02-10"),
        &[
            (
                record("trivy", "Trivy", "2026-02-01"),
                &[(
                    "raw/trivy.json",
                    "trivy-json",
                    trivy(REFERENCE, IMAGE, &found),
                )],
            ),
            (
                record("grype", "Grype", "2026-02-01"),
                &[
                    (
                        "raw/grype.json",
                        "grype-json",
                        grype(REFERENCE, IMAGE, &[OPENSSL, PERL]),
                    ),
                    (
                        "sbom/grype.syft-json.json",
                        "syft-json",
                        syft(REFERENCE, IMAGE, &[OPENSSL, ZLIB, PERL, CURL, IGNORED]),
                    ),
                ],
            ),
            (
                record("snyk", "Snyk Container", "2026-02-01"),
                &[("raw/snyk.json", "snyk-json", snyk(REFERENCE, &[CURL]))],
            ),
        ],
    );
    let updated = Row {
        version: UPDATED,
        ..OPENSSL
    };
    let hostile = Row {
        id: "CVE-2026-2222",
        package: HOSTILE,
        title: HOSTILE,
        ..BASH
    };
    let found = [
        Row {
            severity: "CRITICAL",
            ..ZLIB
        },
        IGNORED,
        BASH,
    ];
    let mut failed = record("snyk", "Snyk Container", "2026-02-19");
    failed["status"] = json!("failed");
    failed["kind"] = json!("authentication");
    failed["cause"] = json!(format!("no token is set {HOSTILE}"));
    failed["remedy"] = json!("set SNYK_TOKEN");
    write_run(
        &workspace,
        "tuesday",
        "2026-02-20T12:00:00Z",
        &policy("2026-02-11"),
        &[
            (
                record("trivy", "Trivy", "2026-02-19"),
                &[(
                    "raw/trivy.json",
                    "trivy-json",
                    trivy(REFERENCE, OTHER_IMAGE, &found),
                )],
            ),
            (
                record("grype", "Grype", "2026-02-20"),
                &[
                    (
                        "raw/grype.json",
                        "grype-json",
                        grype(REFERENCE, OTHER_IMAGE, &[BASH, hostile]),
                    ),
                    (
                        "sbom/grype.syft-json.json",
                        "syft-json",
                        syft(
                            REFERENCE,
                            OTHER_IMAGE,
                            &[updated, ZLIB, PERL, CURL, IGNORED, BASH, hostile],
                        ),
                    ),
                ],
            ),
            (failed, &[]),
        ],
    );
    workspace
}

fn diff(workspace: &Workspace, arguments: &[&str]) -> Run {
    workspace.run(&[&["diff", "monday", "tuesday"], arguments].concat())
}

/// The ids of a list of findings.
fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|entry| entry["finding"]["id"].as_str().expect("an id"))
        .collect()
}

/// The entry of a list on one vulnerability.
fn entry<'v>(list: &'v Value, id: &str) -> &'v Value {
    let list = list.as_array().expect("a list");
    list.iter()
        .find(|entry| entry["finding"]["id"] == id)
        .expect("an entry on it")
}

#[test]
fn every_change_has_its_reason() {
    let workspace = two_runs();
    let run = diff(&workspace, &["--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:#?}");
    let changes = run.json();
    assert_eq!(ids(&changes["new"]), ["CVE-2026-2222", "CVE-2026-1111"]);
    for new in changes["new"].as_array().expect("a list") {
        assert_eq!(new["why"]["is"], "package-absent");
    }
    assert_eq!(ids(&changes["fixed"]), ["CVE-2024-5535"]);
    assert_eq!(
        changes["fixed"][0]["why"],
        json!({
            "is": "other-version",
            "reported": [OPENSSL.version],
            "installed": [UPDATED],
        })
    );
    let gone = &changes["gone"];
    assert_eq!(ids(gone), [CURL.id, PERL.id]);
    assert_eq!(entry(gone, CURL.id)["why"]["is"], "not-looked");
    assert_eq!(entry(gone, CURL.id)["no_result"]["snyk"]["is"], "failed");
    assert_eq!(
        entry(gone, PERL.id)["why"],
        json!({ "is": "data-changed", "scanners": ["grype"], "state": "active" })
    );
    let changed = &changes["changed"];
    let ignored = &entry(changed, IGNORED.id)["decision"];
    assert_eq!(ignored["a"]["action"], "ignore");
    assert_eq!(ignored["a"]["expires"], "2026-02-10");
    assert_eq!(ignored["b"]["action"], "block");
    assert_eq!(
        entry(changed, ZLIB.id)["severity"],
        json!({ "a": "low", "b": "critical" })
    );
    assert_eq!(changes["counts"]["changed_to_blocking"], 2);
    assert_eq!(changes["packages"]["ecosystems"][0]["scanner"], "grype");
    assert_eq!(changes["packages"]["updated"][0]["name"], "libssl3");
    assert_eq!(changes["target"], "same-name");
    let policy = changes["policy"]["text"]["diff"].as_str().expect("a text");
    assert!(
        policy.contains("-    expires: 2026-02-10\n+    expires: 2026-02-11\n"),
        "{policy}"
    );
}

#[test]
fn the_table_at_several_widths() {
    let workspace = two_runs();
    for width in ["60", "80", "120", "200"] {
        let run = diff(&workspace, &["--width", width]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        insta::assert_snapshot!(format!("table_at_{width}_columns"), run.stdout);
        let limit: usize = width.parse().expect("a number");
        for line in run.stdout.lines() {
            assert!(line.chars().count() <= limit, "{width} columns: {line:?}");
            assert!(!line.ends_with(' '), "{width} columns: {line:?}");
        }
        assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']));
    }
}

#[test]
fn markdown_holds_nothing_that_a_package_could_have_written() {
    let workspace = two_runs();
    let run = diff(&workspace, &["--format", "markdown"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    insta::assert_snapshot!("markdown", run.stdout);
    assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']));
    // Each row of a table has its seven cells: no bar of a name made another one.
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<&str> = run.stdout.lines().filter(|l| l.starts_with('|')).collect();
    assert!(rows.len() > 10, "{}", run.stdout);
    for row in rows {
        assert_eq!(bars(row), 8, "{row}");
    }
}

#[test]
fn long_lists_are_cut_unless_all_is_asked_for() {
    let workspace = Workspace::new();
    let names: Vec<String> = (0..40)
        .map(|number| format!("package-{number:02}"))
        .collect();
    let rows: Vec<Row<'_>> = names
        .iter()
        .map(|name| Row {
            package: name,
            ..BASH
        })
        .collect();
    for (folder, found) in [("monday", &rows[..1]), ("tuesday", &rows[..])] {
        fs::create_dir(workspace.join(folder)).expect("a new folder");
        let report = trivy(REFERENCE, IMAGE, found);
        let path = workspace.join(folder).join("trivy.json");
        fs::write(path, report.to_string()).expect("a writable folder");
    }
    for format in ["table", "markdown"] {
        let cut = diff(&workspace, &["--format", format, "--width", "200"]);
        let headline = cut.stdout.trim_start_matches("## ");
        assert!(
            headline.starts_with("39 new (39 block), 0 fixed"),
            "{headline}"
        );
        assert_eq!(cut.stdout.matches("CVE-2026-1111").count(), 25, "{cut:#?}");
        assert!(cut.stdout.contains("and 14 more"), "{}", cut.stdout);
        let all = diff(&workspace, &["--format", format, "--width", "200", "--all"]);
        assert_eq!(all.stdout.matches("CVE-2026-1111").count(), 39);
        assert!(!all.stdout.contains("more"), "{}", all.stdout);
    }
}

#[test]
fn only_new_blocking_findings_or_missing_results_fail() {
    let workspace = two_runs();
    for (a, b, policy, code) in [
        ("monday", "tuesday", None, 1),
        ("tuesday", "monday", None, 0),
        ("monday", "monday", None, 0),
        // Snyk failed on Tuesday, so new findings may have gone unseen.
        (
            "tuesday",
            "tuesday",
            Some("scanners: { required: [snyk] }"),
            3,
        ),
        (
            "monday",
            "monday",
            Some("scanners: { required: [snyk] }"),
            0,
        ),
    ] {
        let mut arguments = vec!["diff", a, b, "--fail-on-new"];
        if let Some(policy) = policy {
            workspace.write("given.yaml", format!("version: 1\n{policy}\n"));
            arguments.extend(["--policy", "given.yaml"]);
        }
        let run = workspace.run(&arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {run:#?}");
        arguments.retain(|argument| *argument != "--fail-on-new");
        assert_eq!(workspace.run(&arguments).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn a_policy_that_is_given_judges_both() {
    let workspace = two_runs();
    workspace.write("given.yaml", "version: 1\n");
    let changes = diff(&workspace, &["--policy", "given.yaml", "--format", "json"]).json();
    assert_eq!(
        changes["policy"]["source"],
        json!({ "a": "given.yaml", "b": "given.yaml" })
    );
    let changed = ids(&changes["changed"]);
    assert_eq!(changed, [ZLIB.id], "nothing was ignored in either run");
    // What the runs keep is compared all the same.
    assert_eq!(changes["policy"]["text"]["is"], "different");
}

/// Writes the JSON report of a run.
fn write_report(workspace: &Workspace, run: &str, name: &str) -> Value {
    let report = workspace.run(&["scan", "--replay", run, "--format", "json"]);
    workspace.write(name, &report.stdout);
    report.json()
}

#[test]
fn a_json_report_stands_for_a_run_without_package_lists() {
    let workspace = two_runs();
    write_report(&workspace, "monday", "monday.json");
    write_report(&workspace, "tuesday", "tuesday.json");
    let both = workspace.run(&["diff", "monday.json", "tuesday.json", "--format", "json"]);
    let changes = both.json();
    assert_eq!(changes["fixed"], json!([]));
    assert_eq!(
        entry(&changes["gone"], OPENSSL.id)["why"]["is"],
        "unstated",
        "no list says that it was updated"
    );
    assert_eq!(changes["packages"]["ecosystems"], json!([]));
    let text = workspace.run(&["diff", "monday.json", "tuesday"]).stdout;
    assert!(text.contains("A, packages"), "{text}");
    // With the list of the second run alone, what was updated is known.
    let half = workspace.run(&["diff", "monday.json", "tuesday", "--format", "json"]);
    assert_eq!(ids(&half.json()["fixed"]), [OPENSSL.id]);
}

#[test]
fn what_is_no_run_and_no_report_is_refused() {
    let workspace = two_runs();
    let report = write_report(&workspace, "monday", "report.json");
    let refused = |b: &str, parts: &[&str]| {
        workspace.run(&["diff", "monday", b]).assert_refused(parts);
        workspace.run(&["diff", b, "monday"]).assert_refused(parts);
    };
    refused("nowhere", &["nowhere", "no such directory"]);
    fs::create_dir(workspace.join("empty")).expect("a new folder");
    refused("empty", &["empty", "neither a run", "--out"]);
    workspace.write("empty.json", "");
    refused("empty.json", &["empty.json", "line 1", "again"]);
    let text = report.to_string();
    workspace.write("half.json", &text[..text.len() / 2]);
    refused("half.json", &["half.json", "line 1", "column", "again"]);
    workspace.write("bytes.json", [0xff, 0xfe, b'{']);
    refused("bytes.json", &["bytes.json", "line 1"]);
    workspace.write("deep.json", "[".repeat(100_000));
    refused("deep.json", &["deep.json"]);
    workspace.write_json("trivy.json", &trivy(REFERENCE, IMAGE, &[OPENSSL]));
    refused(
        "trivy.json",
        &[
            "trivy.json",
            "not a report as crosscheck writes it",
            "directory",
        ],
    );
    let altered = |change: fn(&mut Value)| {
        let mut report = report.clone();
        change(&mut report);
        workspace.write_json("altered.json", &report);
    };
    altered(|report| report["schema_version"] = json!("2"));
    refused(
        "altered.json",
        &["altered.json", "layout 2", "update crosscheck"],
    );
    altered(|report| report["tool"]["name"] = json!("another"));
    refused("altered.json", &["altered.json", "written by `another`"]);
    altered(|report| report["findings"] = json!("none"));
    refused(
        "altered.json",
        &[
            "altered.json",
            "line",
            "not a report as crosscheck writes it",
        ],
    );
    fs::write(workspace.join("tuesday/run.json"), "{").expect("a writable folder");
    refused(
        "tuesday",
        &["tuesday/run.json: line 1", "run the scan again"],
    );
}

#[test]
fn a_report_cannot_be_judged_again() {
    let workspace = two_runs();
    write_report(&workspace, "monday", "report.json");
    workspace.write("given.yaml", "version: 1\n");
    for option in [
        ["--policy", "given.yaml"],
        ["--profile", "research"],
        ["--now", "2026-02-01T00:00:00Z"],
        ["--vex", "vex.json"],
    ] {
        let arguments = [&["diff", "report.json", "report.json"], &option[..]].concat();
        workspace.run(&arguments).assert_refused(&[
            "report.json",
            "cannot be judged again",
            "directory",
        ]);
    }
    let run = workspace.run(&["diff", "report.json", "report.json", "--format", "yaml"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("table, json, markdown"),
        "{}",
        run.stderr
    );
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a readable file");
        }
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// The bundled example, and a later run of it: Grype no longer reports one package's flaws, Trivy was
/// stopped.
fn example() -> Workspace {
    let workspace = Workspace::new();
    let original = root().join("examples/runs/pytorch-cuda");
    copy(&original, &workspace.join("before"));
    copy(&original, &workspace.join("after"));
    let path = workspace.join("after/raw/grype.json");
    let mut report = read(&path);
    let matches = report["matches"].as_array_mut().expect("a list");
    let all = matches.len();
    matches.retain(|one| one["artifact"]["name"] != "django");
    assert!(matches.len() < all, "the example has flaws of Django");
    let bytes = serde_json::to_vec(&report).expect("JSON");
    fs::write(&path, &bytes).expect("a writable file");
    let path = workspace.join("after/run.json");
    let mut run = read(&path);
    for scanner in run["scanners"].as_array_mut().expect("a list") {
        if scanner["id"] == "grype" {
            scanner["report"]["sha256"] = json!(sha256(&bytes));
            scanner["report"]["bytes"] = json!(bytes.len());
        } else if scanner["id"] == "trivy" {
            scanner["status"] = json!("failed");
            scanner["kind"] = json!("timeout");
            scanner["cause"] = json!("it ran for 600 s");
            scanner["remedy"] = json!("give it more time with --timeout");
        }
    }
    fs::write(path, run.to_string()).expect("a writable file");
    workspace
}

#[test]
fn a_whole_run_does_not_differ_from_itself() {
    let workspace = example();
    let changes = workspace
        .run(&["diff", "before", "before", "--format", "json"])
        .json();
    let findings = changes["runs"]["a"]["findings"].as_u64();
    assert!(findings > Some(100));
    assert_eq!(changes["counts"]["same"].as_u64(), findings);
    for list in ["new", "fixed", "gone", "changed"] {
        assert_eq!(changes[list], json!([]), "{list}");
    }
    for list in ["added", "removed", "updated"] {
        assert_eq!(changes["packages"][list], json!([]), "{list}");
    }
    assert_eq!(changes["policy"]["text"]["is"], "same");
}

#[test]
fn a_whole_run_and_a_later_one_are_told_apart() {
    let workspace = example();
    let forth = workspace.run(&["diff", "before", "after", "--format", "json"]);
    let changes = forth.json();
    assert_eq!(changes["fixed"], json!([]), "no package was updated");
    let gone = changes["gone"].as_array().expect("a list");
    assert!(!gone.is_empty());
    assert!(
        gone.iter().any(|one| one["why"]["is"] == "not-looked"),
        "what only Trivy reported"
    );
    let changed = changes["changed"].as_array().expect("a list");
    let lost = changed
        .iter()
        .filter(|one| one["reporters"][0]["scanner"] == "grype");
    assert!(
        lost.count() > 1,
        "Django's flaws, which others still report"
    );
    let trivy = changed
        .iter()
        .flat_map(|one| one["reporters"].as_array().into_iter().flatten())
        .filter(|reporter| reporter["scanner"] == "trivy");
    assert_eq!(
        trivy.count(),
        0,
        "a failure is told once, not of every finding"
    );

    let back = workspace.run(&["diff", "after", "before", "--format", "json"]);
    let back = back.json();
    assert_eq!(back["new"], changes["gone"]);
    assert_eq!(back["counts"]["same"], changes["counts"]["same"]);
    assert_eq!(
        workspace
            .run(&["diff", "before", "after", "--format", "json"])
            .stdout,
        forth.stdout
    );

    let schema = read(&root().join("schemas/diff.schema.json"));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for document in [&changes, &back] {
        let errors: Vec<String> = validator
            .iter_errors(document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut spoilt = changes.clone();
    spoilt["target"] = json!("perhaps");
    assert!(!validator.is_valid(&spoilt));
}

#[test]
fn the_schema_is_published() {
    let run = Workspace::new().run(&["schema", "diff"]);
    let checked_in = fs::read_to_string(root().join("schemas/diff.schema.json"));
    let is_same = run.stdout == checked_in.expect("the schema");
    assert!(is_same, "see `the_checked_in_schemas_are_current`");
}
