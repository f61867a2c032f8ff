//! `crosscheck explain`: what joined a finding, and what keeps two findings apart.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Run, Workspace, crosscheck};
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program beside the sources, where the bundled example is.
fn explain_example(arguments: &[&str]) -> Run {
    let output = crosscheck(&root())
        .args(["explain", "examples/runs/pytorch-cuda"])
        .args(arguments)
        .output()
        .expect("the program starts");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

#[test]
fn a_finding_is_explained_for_a_person() {
    let run = explain_example(&["CVE-2022-34265", "--width", "100"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("a_finding_at_100_columns", run.stdout);
    for (id, name) in [
        ("CVE-2026-54872", "an_os_finding_at_80_columns"),
        ("SNYK-PYTHON-DJANGO-2515380", "the_same_finding_by_an_alias"),
    ] {
        let run = explain_example(&[id, "--width", "80"]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        insta::assert_snapshot!(name, run.stdout);
    }
}

#[test]
fn json_is_valid_and_every_pointer_leads_to_the_words_it_stands_for() {
    let schema: Value = serde_json::from_slice(
        &fs::read(root().join("schemas/explanation.schema.json")).expect("the schema"),
    )
    .expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let explanation = explain_example(&["CVE-2022-34265", "CVE-2022-28346", "--json"]).json();
    let errors: Vec<String> = validator
        .iter_errors(&explanation)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let raw = |scanner: &Value| -> Value {
        let file = explanation["raw_reports"][scanner.as_str().expect("a name")]
            .as_str()
            .expect("a file name");
        let path: &Path = &root().join("examples/runs/pytorch-cuda").join(file);
        serde_json::from_slice(&fs::read(path).expect("a raw report")).expect("JSON")
    };
    let mut checked = 0;
    for finding in explanation["findings"].as_array().expect("findings") {
        let observations = finding["observations"].as_array().expect("a list");
        let assertions = finding["vulnerability"]["assertions"]
            .as_array()
            .expect("a list");
        for statement in observations.iter().chain(assertions) {
            let entry = raw(&statement["scanner"])
                .pointer(statement["pointer"].as_str().expect("a pointer"))
                .unwrap_or_else(|| panic!("{statement} leads nowhere"))
                .to_string();
            for id in [&statement["id"], &statement["alias"]] {
                let Some(id) = id.as_str() else { continue };
                assert!(entry.contains(id), "{id} is not in {entry}");
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "{checked}");
}

fn trivy(rows: &Value) -> Value {
    json!({
        "SchemaVersion": 2, "ArtifactName": "shop:1.0", "ArtifactType": "container_image",
        "Results": [{"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg", "Vulnerabilities": rows}],
    })
}

fn row(id: &str, package: &str, vendor_ids: &[&str]) -> Value {
    json!({
        "VulnerabilityID": id, "VendorIDs": vendor_ids, "PkgName": package,
        "InstalledVersion": "1.0", "Severity": "HIGH",
    })
}

fn osv(rows: &[Value]) -> Value {
    json!({"results": [{"source": {"path": "/x/METADATA", "type": "artifact"}, "packages": [{
        "package": {"name": "pillow", "version": "1.0", "ecosystem": "PyPI"},
        "vulnerabilities": rows, "groups": [],
    }]}]})
}

/// Two reports in a folder, and an explanation of why `a` and `b` are apart.
fn apart(trivy_rows: &Value, osv_rows: &[Value], a: &str, b: &str) -> Run {
    let workspace = Workspace::new();
    fs::create_dir(workspace.join("reports")).expect("a new folder");
    workspace.write_json("reports/trivy.json", &trivy(trivy_rows));
    workspace.write_json("reports/osv.json", &osv(osv_rows));
    workspace.run(&["explain", "reports", a, b, "--json"])
}

/// The guards that kept two things apart.
fn guards(run: &Run) -> Vec<String> {
    run.json()["apart"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|apart| apart["reasons"].as_array().expect("a list").clone())
        .map(|reason| reason["guard"].as_str().expect("a word").to_owned())
        .collect()
}

#[test]
fn the_guard_that_kept_two_findings_apart_is_named_with_who_was_overruled() {
    let two = json!([
        row("CVE-2023-4863", "pillow", &[]),
        row("CVE-2023-5129", "pillow", &[])
    ]);
    let hub = [json!({"id": "PYSEC-2023-1", "aliases": ["CVE-2023-4863", "CVE-2023-5129"]})];
    let run = apart(&two, &hub, "CVE-2023-4863", "CVE-2023-5129");
    assert_eq!(guards(&run), ["two-cves", "hub"]);
    let reason = &run.json()["apart"][0]["reasons"][1];
    assert_eq!(reason["scanner"], "osv-scanner");
    assert_eq!(reason["field"], "aliases");
    assert_eq!(reason["pointer"], "/results/0/packages/0/vulnerabilities/0");

    let related = [json!({"id": "PYSEC-2023-2", "related": ["CVE-2023-4863"]})];
    let run = apart(&two, &related, "PYSEC-2023-2", "CVE-2023-4863");
    assert_eq!(guards(&run), ["related-only"]);

    let alone = [json!({"id": "PYSEC-2023-3"})];
    let run = apart(&two, &alone, "PYSEC-2023-3", "CVE-2023-4863");
    assert_eq!(guards(&run), ["no-statement"]);

    let umbrella = json!([
        row("CVE-2023-4863", "pillow", &["DSA-5496-1"]),
        row("CVE-2023-5129", "pillow", &["DSA-5496-1"])
    ]);
    let notice = [json!({"id": "DSA-5496-1", "upstream": ["CVE-2023-4863", "CVE-2023-5129"]})];
    let run = apart(&umbrella, &notice, "CVE-2023-4863", "CVE-2023-5129");
    assert_eq!(guards(&run), ["two-cves", "umbrella"]);

    let packages = json!([
        row("CVE-2023-4863", "pillow", &[]),
        row("CVE-2023-4863", "webp", &[])
    ]);
    let run = apart(
        &packages,
        &[],
        "CVE-2023-4863@pypi/pillow@1",
        "CVE-2023-4863@pypi/webp@1",
    );
    assert_eq!(guards(&run), ["package-name"]);

    let joined = [json!({"id": "PYSEC-2023-4", "aliases": ["CVE-2023-4863"]})];
    let run = apart(&two, &joined, "PYSEC-2023-4", "CVE-2023-4863");
    assert_eq!(guards(&run), ["same-finding"]);
}

#[test]
fn what_is_not_there_is_an_error_with_the_nearest_name() {
    for (arguments, parts) in [
        (
            ["CVE-2022-34256", "--width", "80"],
            ["no finding is named `CVE-2022-34256`", "`CVE-2022-34265`"],
        ),
        (
            ["CVE-2022-34265", "--package", "numpy"],
            ["on a package `numpy`", "CVE-2022-34265@pypi/django@3.2.12"],
        ),
    ] {
        explain_example(&arguments).assert_refused(&parts);
    }
    let workspace = Workspace::new();
    fs::create_dir(workspace.join("empty")).expect("a new folder");
    workspace
        .run(&["explain", "empty", "CVE-2022-34265"])
        .assert_refused(&["empty", "run.json", "crosscheck scan --out"]);
    // An interrupted run is told from a folder of reports.
    fs::create_dir(workspace.join("interrupted")).expect("a new folder");
    workspace.write("interrupted/.incomplete", "");
    workspace
        .run(&["explain", "interrupted", "CVE-2022-34265"])
        .assert_refused(&["interrupted", "incomplete", "run the scan again"]);
}

#[test]
fn hostile_names_stay_text() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.join("reports")).expect("a new folder");
    let mut entry = row("CVE-2023-4863", "pil\u{1b}[2Jlow", &["GHSA-\u{202e}x"]);
    entry["Title"] = json!("\u{1b}]0;owned\u{7}\nPASS");
    workspace.write_json("reports/trivy.json", &trivy(&json!([entry])));
    let run = workspace.run(&["explain", "reports", "CVE-2023-4863"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let unsafe_text = |c: char| c != '\n' && crosscheck::report::escape::is_unsafe(c);
    assert!(!run.stdout.contains(unsafe_text), "{}", run.stdout);
}

#[test]
fn the_hosts_driver_decides_on_a_flaw_in_its_kernel_part() {
    let decision = |id: &str, drivers: &[&str]| {
        let options = drivers.iter().flat_map(|driver| ["--host-driver", driver]);
        let arguments: Vec<&str> = [id, "--json"].into_iter().chain(options).collect();
        let run = explain_example(&arguments);
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.json()["findings"][0]["decision"].clone()
    };
    let kernel = "CVE-2026-47600";
    let old = decision(kernel, &["580.159.03"]);
    assert_eq!(old["action"], "warn");
    assert!(
        old["notes"][0]
            .as_str()
            .expect("a note")
            .contains("below-fixed")
    );
    let new = decision(kernel, &["580.178.04"]);
    assert_eq!(new["action"], "ignore");
    assert_eq!(new["rule"]["rule"], "cuda.host-drivers");
    assert_eq!(new["rule"]["evidence"]["bulletin"], "5861");
    assert_eq!(new["rule"]["expires"], "2027-01-01");
    assert_eq!(
        decision(kernel, &["580.178.04", "580.159.03"])["action"],
        "warn"
    );
    assert_eq!(decision(kernel, &[])["action"], "warn");
    // The image has libraries of the driver of its own; and what the bulletin leaves to a person.
    for (id, word) in [
        ("CVE-2026-47594", "image-ships-user-mode-driver"),
        ("CVE-2026-47504", "review"),
    ] {
        let kept = decision(id, &["580.178.04"]);
        assert_eq!(kept["action"], "warn", "{id}");
        assert!(
            kept["notes"][0].as_str().expect("a note").contains(word),
            "{kept}"
        );
    }
    for (driver, name) in [
        ("580.159.03", "driver_below"),
        ("580.178.04", "driver_at_the_fix"),
    ] {
        let run = explain_example(&[kernel, "--host-driver", driver, "--width", "100"]);
        let decided: Vec<&str> = run
            .stdout
            .lines()
            .take_while(|line| !line.starts_with("IDS"))
            .collect();
        insta::assert_snapshot!(name, decided.join("\n"));
    }
}
