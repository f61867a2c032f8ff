//! What a policy draws on besides the scanners is kept with the run, and judged again from there.

use std::fs;

use serde_json::{Value, json};

use crate::bench::{Bench, NOW, ZLIB, files};
use crate::common::{IMAGE, Row, grype, syft};

/// An OpenVEX document on the openssl of the bench's image.
fn vex(bench: &Bench, name: &str, status: &str, time: &str) {
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("urn:example:{status}"),
        "author": "Vendor\u{1b}[31m",
        "timestamp": time,
        "version": 1,
        "statements": [{
            "vulnerability": { "name": "CVE-2024-5535" },
            "products": [{ "@id": "pkg:deb/debian/libssl3" }],
            "status": status,
            "impact_statement": "the protocol is never negotiated",
        }],
    });
    bench.write(name, &document.to_string());
}

const KEV: &str = r#"{"title": "t", "catalogVersion": "2026.02.01", "dateReleased": "2026-02-01T00:00:00Z",
    "count": 1, "vulnerabilities": [{"cveID": "CVE-2024-5535", "dateAdded": "2025-12-01",
    "dueDate": "2025-12-22", "knownRansomwareCampaignUse": "Known"}]}"#;

const EPSS: &str = "#model_version:v2026.01.01,score_date:2026-02-09T00:00:00+0000\n\
                    cve,epss,percentile\nCVE-2024-5535,0.31,0.97\n";

fn openssl(report: &Value) -> &Value {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["vulnerability"]["id"] == "CVE-2024-5535")
        .unwrap()
}

fn action(report: &Value) -> &str {
    openssl(report)["decision"]["action"].as_str().unwrap()
}

#[test]
fn a_run_keeps_what_the_policy_drew_on_and_needs_nothing_else_again() {
    let bench = Bench::new();
    vex(&bench, "vex.json", "not_affected", "2026-01-01T00:00:00Z");
    bench.write("kev.json", KEV).write("epss.csv", EPSS);
    let run = bench.scan(&[
        "--vex",
        "vex.json",
        "--kev",
        "kev.json",
        "--epss",
        "epss.csv",
        "--host-driver",
        "580.178.04",
    ]);
    assert!(
        run.stdout.contains("vex.json: 1 statement by Vendor"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("CISA KEV of 2026-02-01 (9 days old), from kev.json"),
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains('\u{1b}'),
        "the author is harmless: {}",
        run.stdout
    );
    let kept: Vec<String> = files(&bench)
        .into_iter()
        .filter(|name| name.starts_with("inputs/"))
        .collect();
    assert_eq!(
        kept,
        [
            "inputs/0-vex.json",
            "inputs/1-kev.json",
            "inputs/2-epss.csv",
            "inputs/3-hosts.json"
        ]
    );
    let report = bench.document("report.json");
    let finding = openssl(&report);
    assert_eq!(finding["decision"]["action"], "ignore");
    assert_eq!(
        finding["decision"]["rule"]["rule"],
        "vex:vex.json#/statements/0"
    );
    assert_eq!(
        finding["decision"]["rule"]["evidence"]["status"],
        "not_affected"
    );
    assert_eq!(finding["vulnerability"]["kev"]["due_date"], "2025-12-22");
    assert_eq!(finding["vulnerability"]["epss"]["score"], 0.31);
    assert_eq!(report["policy"]["cuda"]["data_date"], "2026-09-30");

    for name in ["vex.json", "kev.json", "epss.csv"] {
        fs::remove_file(bench.path(name)).unwrap();
    }
    let again = bench.replay(&["--format", "json"]);
    assert_eq!(again.code, run.code);
    let written = fs::read_to_string(bench.path("out/report.json")).unwrap();
    assert!(again.stdout == written, "a replay gives the same bytes");

    fs::write(bench.path("out/inputs/0-vex.json"), "{}").unwrap();
    bench
        .replay(&[])
        .assert_refused(&["inputs/0-vex.json", "altered"]);
}

#[test]
fn a_newer_statement_overrules_an_older_one_and_both_are_told() {
    let bench = Bench::new();
    vex(&bench, "old.json", "not_affected", "2026-01-01T00:00:00Z");
    vex(&bench, "new.json", "affected", "2026-02-01T00:00:00Z");
    bench.scan(&["--vex", "old.json"]);
    assert_eq!(action(&bench.document("report.json")), "ignore");
    let report = bench
        .replay(&["--vex", "new.json", "--format", "json"])
        .json();
    assert_eq!(action(&report), "block");
    let conflict = report["policy"]["vex_conflicts"][0].as_str().unwrap();
    assert!(
        conflict.contains("old.json") && conflict.contains("new.json"),
        "{conflict}"
    );
    let notes = openssl(&report)["decision"]["notes"].to_string();
    assert!(notes.contains("new.json says affected"), "{notes}");
}

#[test]
fn another_policy_brings_its_own_files_and_the_command_lines_stay() {
    let bench = Bench::new();
    vex(
        &bench,
        "of-policy.json",
        "not_affected",
        "2026-01-01T00:00:00Z",
    );
    bench.write(
        "policies/a.yaml",
        "version: 1\nvex: [../of-policy.json]\ncuda: {host-drivers: ['535.1.1']}\n",
    );
    bench.write("policies/b.yaml", "version: 1\n");
    bench.write("kev.json", KEV);
    bench.scan(&["--policy", "policies/a.yaml", "--kev", "kev.json"]);
    assert_eq!(action(&bench.document("report.json")), "ignore");
    fs::remove_file(bench.path("kev.json")).unwrap();
    let report = bench
        .replay(&["--policy", "policies/b.yaml", "--format", "json"])
        .json();
    assert_eq!(
        action(&report),
        "block",
        "the statement was the other policy's"
    );
    assert_eq!(
        openssl(&report)["vulnerability"]["kev"]["date_added"],
        "2025-12-01"
    );
    assert!(
        report["policy"]["cuda"].get("hosts").is_none(),
        "{}",
        report["policy"]
    );
    let report = bench
        .replay(&["--host-driver", "580.1.1", "--format", "json"])
        .json();
    let hosts = report["policy"]["cuda"]["hosts"].to_string();
    assert!(
        hosts.contains("580.1.1") && !hosts.contains("535"),
        "{hosts}"
    );
}

#[test]
fn hosts_of_every_kind_are_judged_again_as_they_were() {
    let bench = Bench::new();
    let node = r#"{"metadata": {"name": "gpu-a", "annotations": {"token": "annotation-secret"}, "labels":
        {"nvidia.com/gpu.present": "true", "nvidia.com/cuda.driver-version.full": "580.178.04"}}}"#;
    bench.write(
        "nodes.json",
        &format!(r#"{{"kind": "List", "items": [{node}]}}"#),
    );
    bench.write(
        "policy.yaml",
        "version: 1\ncuda: {host-drivers: ['595.91.07']}\n",
    );
    bench.scan(&[
        "--policy",
        "policy.yaml",
        "--host-drivers-from",
        "nodes.json",
        "--host-driver",
        "580.95.05",
    ]);
    let hosts = |report: &Value| report["policy"]["cuda"]["hosts"].to_string();
    let first = hosts(&bench.document("report.json"));
    assert!(
        first.contains("580.95.05") && first.contains("gpu-a") && !first.contains("595"),
        "{first}"
    );
    for arguments in [
        &["--format", "json"][..],
        &["--policy", "policy.yaml", "--format", "json"],
    ] {
        assert_eq!(
            hosts(&bench.replay(arguments).json()),
            first,
            "{arguments:?}"
        );
    }
    for file in files(&bench) {
        let text = fs::read_to_string(bench.path("out").join(&file)).unwrap();
        assert!(!text.contains("annotation-secret"), "{file}");
    }
}

#[test]
fn what_could_not_be_had_stays_in_the_report() {
    let bench = Bench::new();
    bench.write(
        "policy.yaml",
        "version: 1\nenrichment: {kev: {file: none.json}}\n",
    );
    bench.scan(&["--policy", "policy.yaml"]);
    let told = |report: &Value| report["diagnostics"].to_string().contains("none.json");
    assert!(told(&bench.document("report.json")));
    assert!(told(&bench.replay(&["--format", "json"]).json()));
}

#[test]
fn a_run_judged_later_is_not_seen_later() {
    let bench = Bench::new();
    bench.write(
        "policy.yaml",
        "version: 1\nprofiles: {production: {extends: production, grace: {from: first-sight, high: 2d}}}\n",
    );
    bench.write(
        "empty.json",
        r#"{"evaluated_at": "2026-02-01T00:00:00Z", "findings": []}"#,
    );
    let run = bench.scan(&["--policy", "policy.yaml", "--previous", "empty.json"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        bench.replay(&["--now", "2026-02-12T11:59:59Z"]).code,
        Some(0)
    );
    assert_eq!(
        bench.replay(&["--now", "2026-02-12T12:00:00Z"]).code,
        Some(1)
    );
}

#[test]
fn an_earlier_run_tells_when_a_finding_was_first_seen() {
    let bench = Bench::new();
    bench.write(
        "policy.yaml",
        "version: 1\nprofiles: {production: {extends: production, grace: {from: first-sight, high: 2d}}}\n",
    );
    let policy = ["--policy", "policy.yaml"];
    let first = bench.run(&[
        "scan",
        "shop.tar",
        "--out",
        "first",
        "--now",
        NOW,
        "--policy",
        "policy.yaml",
    ]);
    assert_eq!(first.code, Some(1), "{first:#?}");
    assert!(first.stdout.contains("--previous"), "{}", first.stdout);
    let second = ["scan", "shop.tar", "--out", "second", "--previous", "first"];
    let on = |day: &str, out: &[&str]| {
        let moment = format!("{day}T12:00:00Z");
        let arguments = [out, &policy, &["--now", &moment]].concat();
        bench.run(&arguments)
    };
    // Seen on the tenth: it warns until the twelfth, however the runs follow each other.
    assert_eq!(on("2026-02-11", &second).code, Some(0));
    let third = [
        "scan",
        "shop.tar",
        "--out",
        "third",
        "--previous",
        "second/report.json",
    ];
    assert_eq!(on("2026-02-12", &third).code, Some(1));
    let replayed = [
        "scan",
        "--replay",
        "second",
        "--now",
        "2026-02-11T12:00:00Z",
    ];
    assert_eq!(bench.run(&replayed).code, Some(0));
    bench
        .run(&["scan", "shop.tar", "--out", "x", "--previous", "shop.tar"])
        .assert_refused(&["shop.tar", "not a report of crosscheck"]);
}

#[test]
fn what_cannot_be_had_is_told_before_anything_runs() {
    let bench = Bench::new();
    bench
        .write("kev.json", "{}")
        .write("nodes.json", r#"{"kind": "List", "items": []}"#);
    for (arguments, parts) in [
        (["--host-driver", "580.abc"], &["580.abc", "580.178.04"][..]),
        (["--host-driver", "32.0.15.9686"], &["32.0.15.9686"]),
        (["--vex", "none.json"], &["none.json"]),
        (["--kev", "kev.json"], &["kev.json"]),
        (["--kev", "ftp://example.org/kev"], &["ftp"]),
        (
            ["--host-drivers-from", "nodes.json"],
            &["nodes.json", "GPU"],
        ),
    ] {
        let run = bench.scan(&arguments);
        assert_eq!(run.code, Some(2), "{run:#?}");
        for part in parts {
            assert!(run.stderr.contains(part), "{part} in {}", run.stderr);
        }
        assert!(!bench.path("out").exists(), "{arguments:?}");
    }
    for (required, code) in [("false", 1), ("true", 2)] {
        let text =
            format!("version: 1\nenrichment: {{kev: {{file: none.json, required: {required}}}}}\n");
        bench.write("policy.yaml", &text);
        let run = bench.scan(&["--policy", "policy.yaml"]);
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert!(run.stderr.contains("none.json"), "{}", run.stderr);
    }
}

#[test]
fn an_sbom_tells_whether_the_image_brings_a_driver_library() {
    let bench = Bench::new();
    // In a part of the driver that NVIDIA does not name: the host's counts unless the image has its own.
    let row = |package| Row {
        id: "CVE-2026-47594",
        package,
        version: "2.4.0",
        ..ZLIB
    };
    let report = grype("shop:1.0", IMAGE, &[row("torch")]);
    bench.write("grype.json", &report.to_string());
    let mut list = syft("shop:1.0", IMAGE, &[row("torch")]);
    bench.write("syft.json", &list.to_string());
    list["files"] =
        json!([{ "id": "1", "location": { "path": "/opt/copied/libcuda.so.580.159.03" } }]);
    bench.write("copied.json", &list.to_string());
    let application = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
        { "type": "library", "name": "left-pad", "version": "1.3.0", "purl": "pkg:npm/left-pad@1.3.0" }
    ] });
    bench.write("application.json", &application.to_string());
    for (sbom, expected) in [
        ("syft.json", "cuda.host-drivers"),
        ("copied.json", "image-ships-user-mode-driver"),
        ("application.json", "image-contents-unknown"),
    ] {
        let run = bench.run(&[
            "merge",
            "grype.json",
            "--sbom",
            sbom,
            "--host-driver",
            "580.178.04",
            "--format",
            "json",
        ]);
        let decision = run.json()["findings"][0]["decision"].to_string();
        assert!(decision.contains(expected), "{sbom}: {decision}");
    }
}
