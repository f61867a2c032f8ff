//! The same statements give the same bytes, in whatever order they come.

mod common;

use common::{IMAGE, OPENSSL, OTHER_IMAGE, Row, Run, Workspace, grype, scout, snyk, syft, trivy};
use serde_json::{Value, json};

const NOW: &str = "2026-02-10T12:00:00Z";

/// Findings that differ enough to be put in another order by mistake: by severity, package,
/// vulnerability, fix, and by who knows of them.
const ROWS: [Row<'static>; 5] = [
    OPENSSL,
    Row {
        id: "CVE-2023-45853",
        package: "zlib1g",
        version: "1:1.2.13.dfsg-1",
        fixed: "",
        severity: "CRITICAL",
        title: "a long file name overflows a buffer",
    },
    Row {
        id: "CVE-2023-4039",
        package: "gcc-12-base",
        version: "12.2.0-14",
        fixed: "",
        severity: "LOW",
        title: "a stack guard is placed where it guards nothing",
    },
    Row {
        id: "CVE-2024-28085",
        package: "util-linux",
        version: "2.38.1-5",
        fixed: "2.38.1-5+deb12u1",
        severity: "MEDIUM",
        title: "a message to all users holds control characters",
    },
    Row {
        id: "CVE-2023-5678",
        fixed: "3.0.13-1~deb12u1",
        severity: "MEDIUM",
        ..OPENSSL
    },
];

/// Rows as another source rates them.
fn rated(rows: &[Row<'static>], severity: &'static str) -> Vec<Row<'static>> {
    rows.iter().map(|row| Row { severity, ..*row }).collect()
}

/// Four reports that agree on some things.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write_json("trivy.json", &trivy("shop:1.0", IMAGE, &ROWS));
    workspace.write_json(
        "grype.json",
        &grype("shop:1.0", IMAGE, &rated(&ROWS[1..], "HIGH")),
    );
    workspace.write_json("snyk.json", &snyk("shop:1.0", &rated(&ROWS[..3], "LOW")));
    workspace.write_json("scout.json", &scout("shop:1.0", IMAGE, &ROWS[2..]));
    workspace
}

/// Every order of these.
fn orders<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let first = rest.remove(first);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, first);
                order
            })
        })
        .collect()
}

fn merge(workspace: &Workspace, arguments: &[&str]) -> Run {
    workspace.run(&[&["merge", "--now", NOW], arguments].concat())
}

/// Every order of `files` gives the same report, to programs and to people, and the same verdict.
#[track_caller]
fn assert_order_is_nothing(workspace: &Workspace, files: &[&str], further: &[&str]) -> Value {
    let run = |files: &[&str], format| {
        merge(workspace, &[further, files, &["--format", format]].concat())
    };
    let json = run(files, "json");
    let table = run(files, "table");
    assert!(matches!(json.code, Some(0 | 1 | 3)), "{json:#?}");
    for order in orders(files) {
        let other = run(&order, "json");
        assert!(
            other.stdout == json.stdout,
            "{order:?}:\n{}",
            difference(&json, &other)
        );
        assert_eq!(other.code, json.code, "{order:?}");
    }
    let backwards: Vec<&str> = files.iter().rev().copied().collect();
    let other = run(&backwards, "table");
    assert!(
        other.stdout == table.stdout,
        "{}",
        difference(&table, &other)
    );
    json.json()
}

/// The first line that differs.
fn difference(one: &Run, other: &Run) -> String {
    let mut lines = one.stdout.lines().zip(other.stdout.lines());
    let differing = lines.find(|(one, other)| one != other);
    let (one, other) = differing.unwrap_or(("…", "one of them goes on"));
    format!("- {one}\n+ {other}")
}

#[test]
fn the_order_of_the_files_changes_no_byte() {
    let report = assert_order_is_nothing(
        &workspace(),
        &["trivy.json", "grype.json", "snyk.json", "scout.json"],
        &[],
    );
    assert_eq!(report["summary"]["findings"], 5, "{report:#}");
    assert_eq!(report["verdict"]["outcome"], "block");
}

#[test]
fn the_order_of_the_files_changes_no_byte_where_a_policy_leaves_the_choice_open() {
    let workspace = workspace();
    workspace.write(
        "policy.yaml",
        "version: 1\nseverity: { resolve: majority }\nignore:\n  \
         - { id: CVE-2023-4039, reason: no guard needed, owner: me, expires: 2026-12-31 }\n  \
         - { id: CVE-2023-4039, package: gcc*, reason: again, owner: me, expires: 2026-12-31 }\n",
    );
    let report = assert_order_is_nothing(
        &workspace,
        &["trivy.json", "grype.json", "snyk.json", "scout.json"],
        &["--policy", "policy.yaml"],
    );
    assert_eq!(report["summary"]["by_action"]["ignore"], 1, "{report:#}");
}

#[test]
fn the_order_of_the_files_changes_no_byte_where_they_contradict_each_other() {
    let workspace = workspace();
    // Each knows as much of its image as the other: nothing tells which of them is the stranger.
    let mut other = grype("shop:1.0", OTHER_IMAGE, &ROWS[..2]);
    other["source"]["target"]["manifestDigest"] = json!("");
    workspace.write_json("other.json", &other);
    let report = assert_order_is_nothing(
        &workspace,
        &["trivy.json", "other.json"],
        &["--allow-mixed-targets"],
    );
    assert_ne!(report["diagnostics"].as_array().unwrap().len(), 0);
}

#[test]
fn the_order_of_package_lists_changes_no_byte() {
    let workspace = workspace();
    for (name, source) in [("one.json", "openssl"), ("two.json", "openssl-fork")] {
        let mut list = syft("shop:1.0", IMAGE, &ROWS[..2]);
        list["artifacts"][0]["metadata"] = json!({ "source": source, "sourceVersion": "3" });
        list["artifacts"][0]["metadataType"] = json!("dpkg-db-entry");
        workspace.write_json(name, &list);
    }
    let run = |lists: &[&str]| {
        let arguments = [&["trivy.json", "grype.json", "--format", "json"], lists].concat();
        merge(&workspace, &arguments)
    };
    let alone = run(&["--sbom", "one.json"]);
    assert!(
        alone.stdout.contains("CVE-2024-5535@deb/openssl\""),
        "{alone:#?}"
    );
    let one = run(&["--sbom", "one.json", "--sbom", "two.json"]);
    let other = run(&["--sbom", "two.json", "--sbom", "one.json"]);
    assert_eq!(one.code, Some(1), "{one:#?}");
    assert!(one.stdout == other.stdout, "{}", difference(&one, &other));
}

#[test]
fn the_order_of_entries_in_a_report_changes_their_places_and_nothing_else() {
    let merged = |rows: &[Row<'_>]| {
        let workspace = workspace();
        workspace.write_json("trivy.json", &trivy("shop:1.0", IMAGE, rows));
        let run = merge(&workspace, &["trivy.json", "snyk.json", "--format", "json"]);
        let mut report = run.json();
        forget_places(&mut report);
        report
    };
    let mut rows = ROWS;
    let expected = merged(&rows);
    for turn in 1..rows.len() {
        rows.rotate_left(1);
        assert_eq!(merged(&rows), expected, "turned by {turn}");
    }
    rows.reverse();
    assert_eq!(merged(&rows), expected, "backwards");
}

/// Removes where in a file something stands, and the digest of the file.
fn forget_places(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("pointer");
            members.remove("sha256");
            members.values_mut().for_each(forget_places);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_places),
        _ => {}
    }
}
