//! Requests that cannot be met: refused with one error before any program runs.

use std::collections::BTreeMap;
use std::fs;

use crate::bench::Bench;
use crate::common::files_below;

#[test]
fn a_wrong_request_runs_nothing_and_leaves_nothing() {
    let bench = Bench::new();
    bench.write("notes.txt", "not an image");
    bench.write("folder/notes.txt", "not an image either");
    bench.write(
        "broken.yaml",
        "version: 1\nprofiles:\n  production: { severity: { hihg: block } }\n",
    );
    bench.write("list.json", "{\"packages\": \"none\"}");
    bench.write(
        "odd/mine.yaml",
        "name: mine\ntitle: Mine\nexecutabel: mine\n",
    );
    bench.write("worse/mine.yaml", "name: [mine\n");
    let before = files_below(&bench.path(""));
    for (arguments, expected) in [
        // The image.
        (&[][..], &["IMAGE"][..]),
        (&["-shop:1.0"], &["-s"]),
        (&["--", "-shop:1.0"], &["hyphen"]),
        (&["--", "--help"], &["hyphen"]),
        (&["Shop:1.0"], &["Shop", "lower"]),
        (&["./notes.txt"], &["./notes.txt", "docker save"]),
        (&["no-such.tar"], &["no-such.tar"]),
        (&["./folder"], &["./folder", "oci-layout"]),
        (&["docker-archive:folder"], &["folder", "directory"]),
        (
            &["shop.tar", "--platform", "linux"],
            &["linux", "linux/amd64"],
        ),
        (&["shop.tar", "--replay", "out"], &["--replay"]),
        // The scanners.
        (
            &["shop.tar", "--scanners", "trivy,gripe"],
            &["gripe", "trivy, grype, snyk, docker-scout"],
        ),
        (
            &["shop.tar", "--timeout", "90"],
            &["--timeout", "s, m or h"],
        ),
        (&["shop.tar", "--timeout", "0s"], &["--timeout"]),
        (&["shop.tar", "--adapters", "nowhere"], &["nowhere"]),
        (
            &["shop.tar", "--adapters", "odd"],
            &["odd/mine.yaml:3:1", "executabel", "compare it"],
        ),
        (&["shop.tar", "--adapters", "worse"], &["worse/mine.yaml:"]),
        // The policy.
        (
            &["shop.tar", "--profile", "prodction"],
            &["prodction", "did you mean `production`?"],
        ),
        (
            &["shop.tar", "--policy", "nowhere.yaml"],
            &["nowhere.yaml", "no such file"],
        ),
        (
            &["shop.tar", "--policy", "broken.yaml"],
            &["broken.yaml:3:", "did you mean `high`"],
        ),
        (&["shop.tar", "--now", "yesterday"], &["--now"]),
        // What goes with it.
        (&["shop.tar", "--sbom", "list.json"], &["list.json"]),
        (
            &["shop.tar", "--format", "tabel"],
            &["tabel", "table, compact"],
        ),
        (&["shop.tar", "--out", "notes.txt"], &["notes.txt"]),
        (
            &["shop.tar", "--out", "folder"],
            &["folder", "`notes.txt`, which no run wrote"],
        ),
    ] {
        let run = bench.run(&[&["scan"][..], arguments].concat());
        run.assert_refused(expected);
        assert_eq!(bench.note("started"), "", "{arguments:?} ran something");
        assert_eq!(
            names(&files_below(&bench.path(""))),
            names(&before),
            "{arguments:?}"
        );
    }
    assert!(files_below(&bench.path("")) == before, "a file was altered");
}

fn names(files: &BTreeMap<String, Vec<u8>>) -> Vec<&String> {
    files.keys().collect()
}

#[test]
fn a_directory_that_only_looks_like_a_run_is_not_emptied() {
    let bench = Bench::new();
    // The names of a run, and the record of something else.
    bench.write(
        "out/run.json",
        "{\"tool\": {\"name\": \"marathon\", \"version\": \"42\"}}",
    );
    bench.write("out/raw/photo.raw", "holidays");
    bench
        .scan(&[])
        .assert_refused(&["out", "which no run wrote"]);
    // A run, and something that somebody put beside it.
    let bench = Bench::new();
    assert_eq!(bench.scan(&[]).code, Some(1));
    bench.write("out/thesis.txt", "years of work");
    bench
        .scan(&[])
        .assert_refused(&["out", "thesis.txt", "empty or a new directory"]);
    assert_eq!(
        fs::read_to_string(bench.path("out/thesis.txt")).unwrap(),
        "years of work"
    );
    assert_eq!(bench.replay(&[]).code, Some(1), "the run is still whole");
}

#[test]
fn an_image_reference_cannot_become_an_option_of_a_scanner() {
    let bench = Bench::new();
    let run = bench.run(&["scan", "registry.example/shop:1.0", "--out", "out"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let started = bench.note("started");
    for called in [
        "trivy image ",
        "--image-src remote registry.example/shop:1.0",
        "syft scan -o syft-json=inventory.json registry:registry.example/shop:1.0",
        "snyk container test ",
        "docker scout cves --format sbom --output cves.json registry://registry.example/shop:1.0",
    ] {
        assert!(started.contains(called), "no {called:?} in:\n{started}");
    }
    for reference in [
        "registry:-rm",
        "docker:--config=x",
        "a b",
        "shop:1.0 --severity",
        "$(id)",
    ] {
        let run = bench.run(&["scan", reference, "--out", "other"]);
        assert_eq!(run.code, Some(2), "{reference}: {run:#?}");
        assert_eq!(bench.note("started"), started, "{reference} ran something");
    }
}
