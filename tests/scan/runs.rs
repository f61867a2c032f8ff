//! The directory of a run, and what a person sees meanwhile.

use std::fs;

use crate::bench::{Bench, NOW, files};

#[test]
fn without_a_directory_the_run_gets_one_of_its_own() {
    let bench = Bench::new();
    let run = bench.run(&["scan", "shop.tar", "--now", NOW]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let directory = "crosscheck-runs/shop.tar-20260210T120000Z";
    assert!(bench.path(directory).join("run.json").is_file());
    let report = format!("{directory}/report.json");
    assert!(
        run.stdout.contains(&report),
        "the table names it:\n{}",
        run.stdout
    );
}

#[test]
fn a_second_run_replaces_the_first_as_a_whole() {
    let bench = Bench::new();
    bench.stub_first("snyk", "echo told >&2");
    bench.scan(&[]);
    assert!(files(&bench).contains(&"raw/snyk.stderr".to_owned()));
    let run = bench.scan(&["--scanners", "trivy", "--profile", "research"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        files(&bench),
        ["policy.yaml", "raw/trivy.json", "report.json", "run.json"]
    );
}

#[test]
fn a_run_whose_program_was_killed_is_incomplete_and_gives_way_to_the_next() {
    let bench = Bench::new();
    bench.stub("snyk", "sleep 5 & note $!; sleep 5");
    let running = bench.start(bench.scan_command(&[]), &["snyk"]);
    bench.wait_for(
        |bench| bench.path("out/raw/trivy.json").is_file(),
        "Trivy's report",
    );
    running.signal(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(running.end().code, None);
    bench
        .replay(&[])
        .assert_refused(&["out", "incomplete", "run the scan again"]);
    bench.stub_first("snyk", "");
    assert_eq!(bench.scan(&[]).code, Some(1));
    assert_eq!(bench.replay(&[]).code, Some(1));
    let work = fs::read_dir(bench.path("out")).unwrap();
    let mut names = work.map(|entry| entry.unwrap().file_name());
    assert!(!names.any(|name| name.to_string_lossy().starts_with('.')));
}

#[test]
fn quiet_means_no_progress_and_the_same_answer() {
    let bench = Bench::new();
    bench.remove_program("docker");
    let run = bench.scan(&["--quiet"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.stderr, "");
    assert!(run.stdout.starts_with("BLOCKED"), "{}", run.stdout);
    assert!(
        run.stdout.contains("`docker` is not on PATH"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_scanner_named_twice_runs_once() {
    let bench = Bench::new();
    let run = bench.scan(&["--scanners", "trivy,trivy", "--profile", "research"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("warning"), "{}", run.stderr);
    let scans = bench.note("started").matches("trivy image").count();
    assert_eq!(scans, 1);
}

#[test]
fn package_lists_of_the_user_are_kept_with_the_run() {
    let bench = Bench::new();
    fs::copy(
        bench.path("../documents/syft.json"),
        bench.path("list.json"),
    )
    .unwrap();
    let run = bench.scan(&["--sbom", "list.json", "--scanners", "trivy,snyk"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let kept = fs::read(bench.path("out/sbom/given-0.syft-json.json")).unwrap();
    assert!(kept == fs::read(bench.path("list.json")).unwrap());
    fs::remove_file(bench.path("list.json")).unwrap();
    let report = bench.document("report.json");
    assert_eq!(bench.replay(&["--format", "json"]).json(), report);
}
