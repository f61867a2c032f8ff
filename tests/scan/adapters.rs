//! Scanners that somebody adds by one file.

use crate::bench::{Bench, finish};

const OWN: &str = r#"
name: own
title: Our Own
executable: own-scan
version: { args: [--version], minimum: 1.0.0 }
sources:
  docker-archive: ["{path}"]
steps:
  - name: scan
    produces: findings
    format: trivy-json
    args: [look, --output, "{output}", "{source}"]
exit-codes: { 0: clean, 4: findings }
environment: { secrets: [OWN_TOKEN] }
concurrent: true
timeout: 1m
install: ask the platform team
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("adapters/own.yaml", OWN);
    bench.write("adapters/README.md", "not an adapter");
    bench.stub(
        "own-scan",
        r#"cat "$documents/trivy.json" > "$output"; echo "with $OWN_TOKEN" >&2; exit 4"#,
    );
    bench
}

#[test]
fn one_file_adds_a_scanner() {
    let bench = bench();
    let mut scan = bench.scan_command(&["--adapters", "adapters", "--scanners", "own,grype"]);
    let run = finish(scan.env("OWN_TOKEN", "canary-own"));
    assert_eq!(run.code, Some(1), "{run:#?}");
    let own = bench.outcome("own");
    assert_eq!(own["status"], "completed", "{own:#}");
    assert_eq!(own["title"], "Our Own");
    assert_eq!(own["version"], "1.0.0");
    assert_eq!(own["source"], "raw/own.json");
    assert_eq!(own["observations"], 1);
    let report = bench.document("report.json");
    assert_eq!(report["coverage"]["pairs"][0]["both"], 1, "{report:#}");
    assert!(
        run.stdout.contains("seen by grype, own (2 of 2)"),
        "{}",
        run.stdout
    );
    // It is a scanner like the others, its secret a secret, and its run needs no adapter again.
    let said = std::fs::read_to_string(bench.path("out/raw/own.stderr")).unwrap();
    assert_eq!(said, "with ***\n");
    assert_eq!(bench.replay(&["--format", "json"]).json(), report);
}

#[test]
fn it_is_listed_and_left_out_of_the_usual_line_up() {
    let bench = bench();
    let mut list = bench.command(&["scanners"]);
    let run = finish(list.env("CROSSCHECK_ADAPTERS", "adapters"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let line = run
        .stdout
        .lines()
        .find(|line| line.contains("Our Own"))
        .unwrap();
    assert!(line.contains("ready") && line.contains("1.0.0"), "{line}");

    bench.scan(&["--adapters", "adapters"]);
    let started = bench.note("started");
    assert!(started.contains("trivy image"), "{started}");
    assert!(!started.contains("own-scan look"), "{started}");
}

#[test]
fn a_file_of_the_same_name_replaces_what_ships_with_the_program() {
    let bench = bench();
    bench.write(
        "adapters/own.yaml",
        &OWN.replace("name: own", "name: trivy"),
    );
    bench.scan(&["--adapters", "adapters", "--scanners", "trivy"]);
    assert_eq!(bench.outcome("trivy")["title"], "Our Own");
    let started = bench.note("started");
    assert!(
        started.contains("own-scan look --output scan.json"),
        "{started}"
    );
    assert!(!started.contains("trivy image"), "{started}");
}
