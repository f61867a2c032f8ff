//! `--format`: one report in several formats and places, and `crosscheck report`.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot set itself up has failed"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{IMAGE, OPENSSL, Workspace, crosscheck, grype, trivy};
use serde_json::Value;

const NOW: &str = "2026-02-10T12:00:00Z";

/// Reports of two scanners that agree on one blocking finding.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write_json("trivy.json", &trivy("shop:1.0", IMAGE, &[OPENSSL]));
    workspace.write_json("grype.json", &grype("shop:1.0", IMAGE, &[OPENSSL]));
    workspace
}

const MERGE: [&str; 5] = ["merge", "trivy.json", "grype.json", "--now", NOW];

fn merge(workspace: &Workspace, more: &[&str]) -> common::Run {
    workspace.run(&[&MERGE[..], more].concat())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON")
}

#[test]
fn several_formats_go_to_files_and_the_table_to_standard_output() {
    let workspace = workspace();
    let alone = merge(&workspace, &["--format", "json"]);
    fs::create_dir(workspace.join("out")).expect("a new folder");
    let formats = "table,json,csv=out/findings.csv,sarif=out/x.sarif";
    let run = merge(&workspace, &["--format", formats]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stdout.starts_with("BLOCKED: 1 finding"),
        "{}",
        run.stdout
    );
    // The table tells where the rest is.
    for file in ["report.json", "out/findings.csv", "out/x.sarif"] {
        assert!(run.stdout.contains(file), "{file}:\n{}", run.stdout);
        assert!(workspace.join(file).is_file(), "{file}");
    }
    assert_eq!(json(&workspace.join("report.json")), alone.json());
}

#[test]
fn without_standard_output_the_log_has_the_answer_and_the_files() {
    let workspace = workspace();
    let run = merge(&workspace, &["--format", "json=a.json,openvex=b.json"]);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("BLOCKED: 1 finding blocks"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("json: a.json"), "{}", run.stderr);
}

#[test]
fn every_format_is_written_the_same_twice() {
    let workspace = workspace();
    let help = workspace.run(&["report", "--help"]).stdout;
    let formats: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Formats:")
        .skip(1)
        .map_while(|line| line.split_whitespace().next())
        .collect();
    assert!(formats.len() > 10, "{formats:?}");
    for format in formats {
        let first = merge(&workspace, &["--format", format]);
        assert_eq!(first.code, Some(1), "{format}: {}", first.stderr);
        assert_eq!(
            first.stdout,
            merge(&workspace, &["--format", format]).stdout,
            "{format}"
        );
        // The two reports in another order.
        let swapped = [
            "merge",
            "grype.json",
            "trivy.json",
            "--now",
            NOW,
            "--format",
            format,
        ];
        assert_eq!(first.stdout, workspace.run(&swapped).stdout, "{format}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_any_work() {
    let workspace = workspace();
    for (formats, parts) in [
        ("json=nowhere/x.json", &["nowhere: no such directory"][..]),
        ("table=-,json=-", &["both go to standard output"]),
        ("json=x,csv=x", &["both go to x"]),
        ("pdf", &["no such format", "sarif"]),
        ("json=", &["a file name is missing"]),
    ] {
        let run = merge(&workspace, &["--format", formats]);
        run.assert_refused(parts);
    }
}

#[test]
fn nothing_that_is_read_and_no_record_of_a_run_is_written_over() {
    let workspace = workspace();
    for formats in ["csv=trivy.json", "table,csv=./grype.json"] {
        let run = merge(&workspace, &["--format", formats]);
        run.assert_refused(&["read by this very command"]);
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/runs/pytorch-cuda");
    copy(&example, &workspace.join("run"));
    for file in [
        "policy.yaml",
        "run.json",
        "raw/trivy.json",
        "../run/run.json",
    ] {
        let format = format!("csv=run/{file}");
        let run = workspace.run(&["report", "run", "--format", &format]);
        run.assert_refused(&["a part of the run"]);
    }
    let replay = workspace.run(&["scan", "--replay", "run"]);
    assert_eq!(replay.code, Some(1), "{}", replay.stderr);
}

#[test]
fn one_file_by_two_spellings_is_one_file() {
    let workspace = workspace();
    fs::create_dir(workspace.join("out")).expect("a new folder");
    std::os::unix::fs::symlink("out", workspace.join("link")).expect("a link");
    for formats in [
        "json=out/a,csv=./out/a",
        "json=out/a,csv=out/../out/a",
        "json=out/a,csv=link/a",
    ] {
        merge(&workspace, &["--format", formats]).assert_refused(&["would both go to"]);
    }
}

#[test]
fn a_link_leads_to_its_file_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;

    let workspace = workspace();
    workspace.write("real.csv", "old");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(workspace.join("real.csv"), private).expect("own file");
    std::os::unix::fs::symlink("real.csv", workspace.join("link.csv")).expect("a link");
    std::os::unix::fs::symlink("new.csv", workspace.join("dangling.csv")).expect("a link");
    merge(&workspace, &["--format", "table,csv=link.csv"]);
    merge(&workspace, &["--format", "table,csv=dangling.csv"]);
    let link = fs::symlink_metadata(workspace.join("link.csv")).expect("still there");
    assert!(link.is_symlink());
    let text = fs::read_to_string(workspace.join("real.csv")).expect("a file");
    assert!(text.contains("CVE-2024-5535"), "{text}");
    let mode = fs::metadata(workspace.join("real.csv"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(workspace.join("new.csv").is_file());
}

#[test]
fn a_format_without_anything_to_say_leaves_no_file() {
    let workspace = workspace();
    workspace.write("vex.json", "of an earlier run");
    let run = merge(&workspace, &["--format", "table,openvex=vex.json"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("no OpenVEX document is written"),
        "{}",
        run.stderr
    );
    assert!(!workspace.join("vex.json").exists());
    assert!(!run.stdout.contains("vex.json"), "{}", run.stdout);
}

#[test]
fn one_file_that_cannot_be_written_keeps_no_other_from_being_written() {
    let workspace = workspace();
    fs::create_dir(workspace.join("taken")).expect("a new folder");
    let run = merge(&workspace, &["--format", "table,json=taken,csv=good.csv"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stdout.starts_with("BLOCKED"), "{}", run.stdout);
    assert!(
        run.stderr.contains("taken: cannot be written"),
        "{}",
        run.stderr
    );
    assert!(workspace.join("good.csv").is_file());
    let left: Vec<String> = fs::read_dir(workspace.path())
        .expect("the workspace")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(".crosscheck-"))
        .collect();
    assert_eq!(left, [""; 0], "half-written files");
}

#[test]
fn a_report_file_is_as_readable_as_any_new_file_and_replaces_the_old_one() {
    use std::os::unix::fs::PermissionsExt as _;

    let workspace = workspace();
    workspace.write("ordinary", "");
    workspace.write("report.json", "old");
    let run = merge(&workspace, &["--format", "table,json"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let mode = |name: &str| {
        let file = fs::metadata(workspace.join(name)).expect("a file");
        file.permissions().mode()
    };
    assert_eq!(mode("report.json"), mode("ordinary"));
    assert_eq!(json(&workspace.join("report.json"))["schema_version"], "1");
}

#[test]
fn a_written_report_is_written_in_other_formats_without_judging_again() {
    let workspace = workspace();
    let csv = merge(&workspace, &["--format", "csv"]).stdout;
    merge(&workspace, &["--format", "table,json"]);
    let again = workspace.run(&["report", "report.json", "--format", "csv"]);
    assert_eq!(
        (again.code, &again.stdout),
        (Some(0), &csv),
        "{}",
        again.stderr
    );
    workspace
        .run(&["report", "report.json", "--profile", "development"])
        .assert_refused(&["report.json", "cannot be judged again"]);
}

#[test]
fn our_own_reports_are_not_merged_as_those_of_a_scanner() {
    for (format, file) in [
        ("sarif", "ours.sarif"),
        ("gitlab", "ours.json"),
        ("cyclonedx", "ours.cdx.json"),
    ] {
        let workspace = workspace();
        merge(&workspace, &["--format", &format!("table,{format}={file}")]);
        workspace
            .run(&["merge", "trivy.json", file])
            .assert_refused(&[file, "written by crosscheck"]);
    }
}

#[test]
fn a_run_gets_its_reports_into_its_own_directory() {
    let workspace = Workspace::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/runs/pytorch-cuda");
    copy(&example, &workspace.join("run"));
    let output = crosscheck(workspace.path())
        .args(["report", "run", "--format", "html,markdown,junit=tests.xml"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for file in ["run/report.html", "run/report.md", "tests.xml"] {
        assert!(workspace.join(file).is_file(), "{file}");
    }
    // The run is what it was, and can still be judged.
    let replay = workspace.run(&["scan", "--replay", "run", "--format", "json"]);
    assert_eq!(replay.code, Some(1), "{}", replay.stderr);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copied file");
        }
    }
}
