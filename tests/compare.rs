//! `crosscheck compare`: one image, report files, a fleet, and inputs that cannot be read.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot set itself up has failed"
)]

mod common;

use std::fs;

use common::{IMAGE, OPENSSL, Row, Workspace, grype, snyk, trivy};
use serde_json::Value;

const ZLIB: Row<'_> = Row {
    id: "CVE-2022-37434",
    package: "zlib",
    version: "1:1.2.11.dfsg-2",
    ..OPENSSL
};

const BASH: Row<'_> = Row {
    id: "CVE-2022-3715",
    package: "bash",
    version: "5.1-2",
    ..OPENSSL
};

/// Writes the reports of an image into a folder: Trivy sees all, Grype all but one, Snyk one.
fn image(workspace: &Workspace, folder: &str, name: &str) {
    fs::create_dir_all(workspace.join(folder)).expect("a new folder");
    let file = |scanner: &str| format!("{folder}/{scanner}.json");
    workspace.write_json(&file("trivy"), &trivy(name, IMAGE, &[OPENSSL, ZLIB, BASH]));
    workspace.write_json(&file("grype"), &grype(name, IMAGE, &[OPENSSL, ZLIB]));
    workspace.write_json(&file("snyk"), &snyk(name, &[OPENSSL]));
}

fn json(workspace: &Workspace, arguments: &[&str]) -> Value {
    let run = workspace.run(&[&["compare", "--format", "json"], arguments].concat());
    assert_eq!(run.code, Some(0), "{run:#?}");
    run.json()
}

/// A row of the comparison by what stands in one of its fields.
fn row<'v>(rows: &'v Value, field: &str, value: &str) -> &'v Value {
    let rows = rows.as_array().expect("a list");
    rows.iter()
        .find(|row| row[field] == value)
        .expect("such a row")
}

#[test]
fn reports_on_one_image_are_compared() {
    let workspace = Workspace::new();
    image(&workspace, "a", "shop:1.0");
    let files = ["a/trivy.json", "a/grype.json", "a/snyk.json"];
    let comparison = json(&workspace, &files);
    assert_eq!(comparison["universe"]["images"], 1);
    assert_eq!(comparison["universe"]["findings"], 3);
    assert_eq!(comparison["universe"]["shared_by_all"], 1);
    assert_eq!(comparison["universe"]["by_one_only"], 1);
    let scanners = &comparison["scanners"];
    let reported = |scanner: &str| row(scanners, "scanner", scanner)["reported"].clone();
    assert_eq!(
        (reported("trivy"), reported("grype"), reported("snyk")),
        (3.into(), 2.into(), 1.into())
    );
    let best = &comparison["best"];
    assert_eq!(best[0]["scanners"], serde_json::json!(["trivy"]));
    assert_eq!(best[0]["covered"]["count"], 3);
    assert_eq!(best[0]["covered"]["of"], 3);
    let pair = &comparison["pairs"][0];
    assert_eq!((&pair["a"], &pair["b"]), (&"grype".into(), &"snyk".into()));
    assert_eq!(pair["agreement"]["finding"]["both"], 1);
    assert_eq!(pair["agreement"]["finding"]["only_a"], 1);

    // The same from the folder, and in whatever order the files come.
    let of_folder = json(&workspace, &["a"]);
    assert_eq!(of_folder["pairs"], comparison["pairs"]);
    let turned = json(&workspace, &[files[2], files[0], files[1]]);
    assert_eq!(turned["best"], comparison["best"]);
}

#[test]
fn a_folder_of_images_is_a_fleet_and_their_order_does_not_matter() {
    let workspace = Workspace::new();
    for number in 1..=4 {
        image(
            &workspace,
            &format!("fleet/{number}"),
            &format!("shop:{number}.0"),
        );
    }
    // On one of them Trivy wrote nothing but an error.
    workspace.write("fleet/4/trivy.json", "{}");
    let fleet = workspace.run(&["compare", "--format", "json", "fleet"]);
    let text = format!("{fleet:#?}");
    assert_eq!(fleet.code, Some(3), "{text}");
    let comparison = fleet.json();
    assert_eq!(comparison["universe"]["images"], 3, "{text}");
    let unread = comparison["unread"].as_array().expect("a list");
    assert_eq!(unread.len(), 1, "{text}");
    assert!(fleet.stderr.contains("fleet/4"), "{text}");

    let one_by_one = ["fleet/3", "fleet/1", "fleet/2"];
    let comparison = json(&workspace, &one_by_one);
    let sorted = json(&workspace, &["fleet/1", "fleet/2", "fleet/3"]);
    assert_eq!(comparison, sorted);
    assert_eq!(comparison["universe"]["findings"], 9);
    assert_eq!(comparison["best"][0]["covered"]["count"], 9);
}

#[test]
fn a_report_that_crosscheck_wrote_is_compared_like_its_run() {
    let workspace = Workspace::new();
    image(&workspace, "a", "shop:1.0");
    let files = ["a/trivy.json", "a/grype.json", "a/snyk.json"];
    let merged = workspace.run(&[&["merge", "--format", "json"], &files[..]].concat());
    workspace.write("report.json", &merged.stdout);
    let of_report = json(&workspace, &["report.json"]);
    let of_files = json(&workspace, &files);
    for part in [
        "pairs", "sets", "best", "curve", "strata", "unseen", "universe",
    ] {
        assert_eq!(of_report[part], of_files[part], "{part}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_place_and_remedy() {
    let workspace = Workspace::new();
    workspace
        .run(&["compare", "nowhere"])
        .assert_refused(&["nowhere", "no such file"]);
    fs::create_dir(workspace.join("empty")).expect("a new folder");
    workspace
        .run(&["compare", "empty"])
        .assert_refused(&["empty", "holds no run"]);

    image(&workspace, "a", "shop:1.0");
    let files = ["a/trivy.json", "a/grype.json"];
    let merged = workspace.run(&[&["merge", "--format", "json"], &files[..]].concat());
    let cut = &merged.stdout[..merged.stdout.len() / 2];
    workspace.write("cut.json", cut);
    workspace.run(&["compare", "cut.json"]).assert_refused(&[
        "cut.json",
        "line",
        "no whole JSON document",
    ]);
    let later = merged.stdout.replacen("\"1\"", "\"7\"", 1);
    workspace.write("later.json", later);
    workspace
        .run(&["compare", "later.json"])
        .assert_refused(&["later.json", "layout 7"]);
    workspace
        .run(&["compare", "a", "--format", "yaml"])
        .assert_refused(&["yaml"]);
}

#[test]
fn the_table_and_markdown_say_what_json_says() {
    let workspace = Workspace::new();
    image(&workspace, "a", "shop:1.0");
    for format in ["table", "markdown"] {
        let run = workspace.run(&["compare", "a", "--format", format, "--width", "100"]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        for part in ["trivy", "grype", "snyk", "3/3", "1/3"] {
            assert!(
                run.stdout.contains(part),
                "{format}: no {part} in\n{}",
                run.stdout
            );
        }
    }
}
