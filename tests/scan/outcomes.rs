//! How each scanner ended, and what follows for the verdict.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Bench, HANG, NOW, ZLIB, files};
use crate::common::{OPENSSL, OTHER_IMAGE, files_below};

/// A scanner beside those that ship with crosscheck, which nobody installed.
const ABSENT: &str = r#"
name: absent
title: Absent
executable: absent
version: { args: [--version] }
sources: { docker-archive: ["{path}"] }
steps: [{ name: scan, produces: findings, format: sarif, args: [--output, "{output}", "{source}"] }]
exit-codes: { 0: clean }
environment: {}
concurrent: true
timeout: 1m
install: ask for Absent at the counter
"#;

#[test]
fn four_scanners_give_one_answer_and_one_complete_run() {
    let bench = Bench::new();
    let run = bench.scan(&["--format", "json"]);
    assert_eq!(
        run.code,
        Some(1),
        "an open, mendable, high finding: {run:#?}"
    );

    // Standard output is the report and nothing else; it is the one that is kept.
    let report = run.json();
    assert_eq!(
        run.stdout.as_bytes(),
        files_below(&bench.path("out"))["report.json"]
    );
    assert_eq!(report["verdict"]["outcome"], "block");
    assert_eq!(report["target"]["reference"], "shop.tar");
    assert_eq!(report["evaluated_at"], NOW);
    let ended: Vec<(&str, &str)> = report["scanners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["id"].as_str().unwrap(), s["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        ended,
        [
            ("docker-scout", "completed"),
            ("grype", "completed"),
            ("snyk", "completed"),
            ("trivy", "completed"),
        ]
    );
    assert_eq!(report["summary"]["findings"], 1, "{report:#}");
    assert_eq!(report["coverage"]["shared_by_all"], 1);
    assert_eq!(
        report["diagnostics"].as_array().unwrap().len(),
        0,
        "{report:#}"
    );

    // Progress is on standard error, a plain line an event, and nothing is drawn.
    for title in ["Trivy", "Grype", "Snyk Container", "Docker Scout"] {
        for event in ["started", "done after"] {
            let line = format!("{title}: {event}");
            let lines = run.stderr.lines().filter(|l| l.starts_with(&line)).count();
            assert_eq!(lines, 1, "{line:?} in:\n{}", run.stderr);
        }
    }
    assert_eq!(run.stderr.lines().count(), 8, "{}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);

    assert_eq!(
        files(&bench),
        [
            "policy.yaml",
            "raw/docker-scout.json",
            "raw/grype.json",
            "raw/snyk.json",
            "raw/trivy.json",
            "report.json",
            "run.json",
            "sbom/docker-scout.scout-sbom.json",
            "sbom/grype.syft-json.json",
        ]
    );
    bench.assert_no_process_left();
}

#[test]
fn a_run_judged_again_gives_the_same_bytes() {
    // Not the default policy nor its default profile: the run records both.
    for arguments in [&[][..], &["--policy", "own.yaml", "--profile", "research"]] {
        let bench = Bench::new();
        bench.write("own.yaml", "version: 1\ndefault-profile: development\n");
        let scanned = bench.scan(arguments);
        let before = files_below(&bench.path("out"));
        bench.write("policy.yaml", "not this one");
        let replayed = bench.replay(&["--format", "json"]);
        assert_eq!(replayed.code, scanned.code, "{arguments:?}: {replayed:#?}");
        assert_eq!(replayed.stderr, "");
        assert_eq!(replayed.stdout, text(&before["report.json"]));
        assert!(
            files_below(&bench.path("out")) == before,
            "a replay writes nothing"
        );
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn the_order_of_the_scanners_and_their_number_at_a_time_change_nothing() {
    let report = |arguments: &[&str]| {
        let bench = Bench::finding(&[OPENSSL, ZLIB]);
        let run = bench.scan(arguments);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let mut report = bench.document("report.json");
        for scanner in report["scanners"].as_array_mut().unwrap() {
            // The only thing that no two scans share.
            let duration = scanner.as_object_mut().unwrap().remove("duration_ms");
            assert!(duration.is_some_and(|duration| duration.is_u64()));
        }
        report
    };
    let first = report(&["--scanners", "trivy,grype,snyk,docker-scout"]);
    let second = report(&["--scanners", "docker-scout,snyk,grype,trivy", "--jobs", "1"]);
    assert_eq!(first, second);
}

/// The scanner failed in this way, and the report tells a person why and what to do.
#[track_caller]
fn assert_failed(bench: &Bench, scanner: &str, kind: &str, cause: &str) {
    let outcome = bench.outcome(scanner);
    assert_eq!(outcome["status"], "failed", "{outcome:#}");
    assert_eq!(outcome["kind"], kind, "{outcome:#}");
    assert!(
        outcome["cause"].as_str().unwrap().contains(cause),
        "{outcome:#}"
    );
    for text in [&outcome["cause"], &outcome["remedy"]] {
        let text = text.as_str().unwrap();
        assert!(
            !text.trim().is_empty() && !text.contains('\n'),
            "{outcome:#}"
        );
    }
}

/// How process `step` of a scanner ended, in the run's record.
fn exit_of(bench: &Bench, scanner: &str, step: &str) -> Value {
    let record = bench.document("run.json");
    let scanners = record["scanners"].as_array().unwrap();
    let steps = &scanners.iter().find(|s| s["id"] == scanner).unwrap()["steps"];
    let step = steps.as_array().unwrap().iter().find(|s| s["name"] == step);
    step.unwrap()["exit"].clone()
}

#[test]
fn every_way_to_end_is_told_apart_and_the_others_survive() {
    let bench = Bench::new();
    bench.write("adapters/absent.yaml", ABSENT);
    bench.stub("grype", r#"echo "about to read" >&2; kill -SEGV $$"#);
    bench.stub("docker", HANG);
    bench.stub(
        "osv-scanner",
        r#"echo "Usage: osv-scanner [options]" > "$output""#,
    );
    let run = bench.scan(&[
        "--adapters",
        "adapters",
        "--scanners",
        "trivy,snyk,grype,docker-scout,osv-scanner,absent",
        "--timeout",
        "4s",
    ]);
    bench.assert_no_process_left();

    assert_eq!(bench.outcome("trivy")["status"], "completed");
    assert_eq!(exit_of(&bench, "trivy", "scan")["code"], 0);
    // Exit code 1 means findings here, and is no failure.
    assert_eq!(bench.outcome("snyk")["status"], "completed");
    assert_eq!(bench.outcome("snyk")["observations"], 1);
    assert_eq!(exit_of(&bench, "snyk", "test")["code"], 1);
    assert_failed(&bench, "grype", "crash", "signal 11: about to read");
    assert_eq!(exit_of(&bench, "grype", "match")["signal"], 11);
    assert_failed(&bench, "docker-scout", "timeout", "within 4 s");
    assert_eq!(exit_of(&bench, "docker-scout", "sbom"), "timed-out");
    assert_failed(&bench, "osv-scanner", "bad-report", "not JSON");
    assert_failed(&bench, "absent", "not-installed", "`absent` is not on PATH");
    assert_eq!(
        bench.outcome("absent")["remedy"],
        "ask for Absent at the counter"
    );

    // Two of them are enough for the default policy, which blocks what they found.
    assert_eq!(run.code, Some(1), "{run:#?}");
    let report = bench.document("report.json");
    assert_eq!(report["summary"]["findings"], 1);
    let verdicts = &report["findings"][0]["verdicts"];
    assert!(
        verdicts.to_string().contains("failed"),
        "never `no match`: {verdicts:#}"
    );
    for text in [
        "BLOCKED",
        "2 of 6 gave a result",
        "to do: ask for Absent at the counter",
    ] {
        assert!(run.stdout.contains(text), "no {text:?} in:\n{}", run.stdout);
    }
    assert!(run.stderr.contains("Grype: failed after"), "{}", run.stderr);

    // What the failed ones wrote is kept: it is the evidence.
    let kept = files_below(&bench.path("out"));
    assert_eq!(kept["raw/grype.stderr"], b"about to read\n");
    assert_eq!(
        kept["raw/osv-scanner.json"],
        b"Usage: osv-scanner [options]\n"
    );
}

#[test]
fn too_few_results_are_exit_code_3_and_a_finding_that_blocks_goes_before() {
    let bench = Bench::new();
    for program in ["snyk", "docker", "syft"] {
        bench.remove_program(program);
    }
    // Nothing blocks in this profile, and a single result is not what this policy asks for.
    bench.write(
        "strict.yaml",
        "version: 1\nscanners: { required: [snyk], quorum: 3 }\nprofiles:\n  \
         lenient: { extends: research, scanners: { quorum: 3 } }\n",
    );
    let run = bench.scan(&["--policy", "strict.yaml", "--profile", "lenient"]);
    assert_eq!(run.code, Some(3), "{run:#?}");
    let verdict = bench.document("report.json")["verdict"].clone();
    assert_eq!(verdict["outcome"], "insufficient");
    assert_eq!(verdict["exit_code"], 3);
    assert_eq!(verdict["blocking"], 0);
    let reasons = verdict["insufficient"].to_string();
    assert!(
        reasons.contains("snyk") && reasons.contains('3'),
        "{reasons}"
    );
    // The only report there is survives, and is shown.
    assert_eq!(bench.outcome("trivy")["status"], "completed");
    assert!(run.stdout.contains("CVE-2024-5535"), "{}", run.stdout);
    // Grype needs a second program.
    assert_failed(&bench, "grype", "not-installed", "`syft` is not on PATH");

    let run = bench.replay(&["--profile", "production"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let mut lines = run.stdout.lines();
    assert!(
        lines.next().unwrap().starts_with("BLOCKED"),
        "{}",
        run.stdout
    );
    assert!(
        lines.next().unwrap().contains("not enough"),
        "{}",
        run.stdout
    );
    let report = bench
        .replay(&["--profile", "production", "--format", "json"])
        .json();
    assert_eq!(report["verdict"]["outcome"], "block");
    assert_ne!(
        report["verdict"]["insufficient"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn no_scanner_at_all_is_no_clean_image() {
    let bench = Bench::new();
    for program in ["trivy", "grype", "snyk", "docker"] {
        bench.remove_program(program);
    }
    // Even where one result would be enough and nothing ever blocks.
    let run = bench.scan(&["--profile", "research"]);
    assert_eq!(run.code, Some(3), "{run:#?}");
    let report = bench.document("report.json");
    assert_eq!(report["verdict"]["outcome"], "insufficient");
    assert_eq!(bench.note("started"), "");
}

#[test]
fn an_image_without_findings_passes() {
    let bench = Bench::new();
    for (name, list) in [
        ("trivy", "/Results/0/Vulnerabilities"),
        ("grype", "/matches"),
        ("snyk", "/vulnerabilities"),
        ("scout-cves", "/vulnerabilities"),
    ] {
        let path = bench.path(&format!("../documents/{name}.json"));
        let mut document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        *document.pointer_mut(list).unwrap() = serde_json::json!([]);
        std::fs::write(path, document.to_string()).unwrap();
    }
    bench.stub("snyk", r#"cat "$documents/snyk.json" > "$output""#);
    let run = bench.scan(&[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(bench.document("report.json")["verdict"]["outcome"], "pass");
}

#[test]
fn all_four_take_little_longer_than_the_slowest() {
    let bench = Bench::new();
    for program in ["trivy", "grype", "snyk"] {
        bench.stub_first(program, "sleep 2");
    }
    bench.stub_first("docker", r#"if [ "$2" = cves ]; then sleep 2; fi"#);
    let begin = Instant::now();
    let run = bench.scan(&[]);
    let total = begin.elapsed();
    assert_eq!(run.code, Some(1), "{run:#?}");
    let report = bench.document("report.json");
    let each = report["scanners"].as_array().unwrap().iter();
    let each: Vec<u64> = each.map(|s| s["duration_ms"].as_u64().unwrap()).collect();
    assert!(each.iter().all(|duration| *duration >= 2000), "{each:?}");
    let sum = Duration::from_millis(each.iter().sum());
    assert!(
        total < sum.mul_f64(0.6),
        "{total:?}, and one by one {sum:?}"
    );
}

#[test]
fn a_report_about_another_image_is_doubted_whatever_the_order_of_the_scanners() {
    let doubted = |order: &str| {
        let bench = Bench::new();
        // Nothing is known of an image in a registry, so that only the reports tell.
        let mut report = crate::common::grype("shop:1.0", OTHER_IMAGE, &[OPENSSL]);
        report["source"]["target"]["manifestDigest"] = Value::from("");
        bench.write("../documents/grype.json", &report.to_string());
        let list = crate::common::syft("shop:1.0", OTHER_IMAGE, &[OPENSSL]);
        bench.write("../documents/syft.json", &list.to_string());
        let image = "registry.example/shop:1.0";
        let run = bench.run(&["scan", image, "--out", "out", "--scanners", order]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        bench.document("report.json")["diagnostics"].clone()
    };
    let diagnostics = doubted("trivy,grype");
    assert!(
        diagnostics.to_string().contains("another image"),
        "{diagnostics:#}"
    );
    assert_eq!(doubted("grype,trivy"), diagnostics);
}

/// OSV-Scanner goes on without a database, or without its service, and ends with exit code 0.
#[test]
fn an_exit_code_that_promises_a_result_is_not_believed_against_the_evidence() {
    let bench = Bench::new();
    bench.stub(
        "osv-scanner",
        r#"echo "could not load db for PyPI ecosystem: not a valid zip file" >&2
           cat "$documents/osv.json" > "$output"; exit 1"#,
    );
    bench.scan(&["--scanners", "trivy,snyk,osv-scanner"]);
    assert_failed(
        &bench,
        "osv-scanner",
        "database",
        "could not load db for PyPI",
    );

    let empty = Bench::finding(&[]);
    empty.scan(&["--scanners", "trivy,snyk,osv-scanner"]);
    assert_failed(&empty, "osv-scanner", "other", "reports nothing at all");
    assert_eq!(empty.outcome("trivy")["status"], "completed");
}
