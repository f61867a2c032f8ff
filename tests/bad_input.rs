//! `crosscheck merge` on what it cannot use: exit code 2 and one clear error that names file, place
//! and remedy, and never a character on the terminal that a report smuggled in.

mod common;

use common::{IMAGE, OPENSSL, OTHER_IMAGE, Row, Run, Workspace, grype, trivy};
use serde_json::json;

/// Exit code for wrong usage, configuration or input.
const USAGE: i32 = 2;

/// A workspace with one good report, `trivy.json`.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write_json("trivy.json", &trivy("shop:1.0", IMAGE, &[OPENSSL]));
    workspace
}

/// Asserts that the run was refused with one error that holds all of `parts`, and with no report.
#[track_caller]
fn assert_refused(run: &Run, parts: &[&str]) {
    assert_eq!(run.code, Some(USAGE), "{run:#?}");
    assert_eq!(run.stdout, "", "a report in spite of the error");
    let errors = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error"))
        .count();
    assert_eq!(errors, 1, "one error, not {errors}:\n{}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "no {part:?} in:\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn good_reports_are_merged() {
    let workspace = workspace();
    workspace.write_json("grype.json", &grype("shop:1.0", IMAGE, &[OPENSSL]));
    let run = workspace.run(&["merge", "trivy.json", "grype.json"]);
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
    assert!(run.stdout.contains("CVE-2024-5535"), "{run:#?}");
}

#[test]
fn our_own_bill_of_materials_is_no_list_of_somebody_else() {
    let workspace = workspace();
    workspace.write_json("grype.json", &grype("shop:1.0", IMAGE, &[OPENSSL]));
    let merge = ["merge", "trivy.json", "grype.json"];
    let written = workspace.run(&[&merge[..], &["--format", "cyclonedx"]].concat());
    workspace.write("own.cdx.json", &written.stdout);
    let run = workspace.run(&[&merge[..], &["--sbom", "own.cdx.json"]].concat());
    assert_refused(
        &run,
        &["own.cdx.json", "written by crosscheck", "another tool"],
    );
}

#[test]
fn no_file_at_all() {
    let run = Workspace::new().run(&["merge"]);
    assert_refused(&run, &["FILE"]);
}

#[test]
fn a_missing_file() {
    let run = workspace().run(&["merge", "trivy.json", "gripe.json"]);
    assert_refused(&run, &["gripe.json"]);
}

#[test]
fn a_folder_in_place_of_a_file() {
    let workspace = workspace();
    std::fs::create_dir(workspace.join("reports")).unwrap();
    let run = workspace.run(&["merge", "trivy.json", "reports"]);
    assert_refused(&run, &["reports", "directory"]);
}

#[test]
fn an_empty_file() {
    let workspace = workspace();
    let name = workspace.write("grype.json", "");
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "empty", "scanner"]);
}

#[test]
fn half_a_document() {
    let workspace = workspace();
    let whole = grype("shop:1.0", IMAGE, &[OPENSSL]).to_string();
    let name = workspace.write("grype.json", &whole[..whole.len() / 2]);
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "line 1", "truncated", "again"]);
}

#[test]
fn broken_json() {
    let workspace = workspace();
    let name = workspace.write("grype.json", "{\n  \"matches\": [,]\n}");
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "line 2", "not valid JSON"]);
}

#[test]
fn json_of_something_else() {
    let workspace = workspace();
    let package = json!({ "name": "shop", "version": "1.0.0", "dependencies": {} });
    let name = workspace.write_json("package.json", &package);
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "`dependencies`", "supported", "Trivy JSON"]);
}

#[test]
fn a_list_that_is_none_is_never_taken_for_an_empty_one() {
    let workspace = workspace();
    let mut report = grype("shop:1.0", IMAGE, &[]);
    report["matches"] = json!("none found");
    let name = workspace.write_json("grype.json", &report);
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert!(run.stderr.contains(name), "{run:#?}");
    assert!(run.stderr.contains("/matches"), "{run:#?}");
}

#[test]
fn two_documents_in_one_file() {
    let workspace = workspace();
    let one = grype("shop:1.0", IMAGE, &[]).to_string();
    let name = workspace.write("grype.json", format!("{one}\n{one}\n"));
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(
        &run,
        &[name, "line 2", "second JSON value", "one report a file"],
    );
}

#[test]
fn console_text_before_the_document() {
    let workspace = workspace();
    let report = serde_json::to_string_pretty(&grype("shop:1.0", IMAGE, &[])).unwrap();
    let name = workspace.write(
        "grype.json",
        format!("  ok indexed 12 packages\n{report}\n"),
    );
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(
        &run,
        &[name, "line 2", "indexed 12 packages", "output option"],
    );
}

#[test]
fn console_text_after_the_document() {
    let workspace = workspace();
    let report = grype("shop:1.0", IMAGE, &[]).to_string();
    let name = workspace.write("grype.json", format!("{report}\nWhat's next:\n"));
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "line 2", "What's next"]);
}

#[test]
fn console_text_only() {
    let workspace = workspace();
    let name = workspace.write("scout.json", "Usage\n  docker scout cves [OPTIONS]\n");
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "not JSON", "\"Usage\""]);
}

#[test]
fn utf_16_with_a_byte_too_many() {
    let workspace = workspace();
    let mut bytes: Vec<u8> = [0xFF, 0xFE].into();
    let text = grype("shop:1.0", IMAGE, &[]).to_string();
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let whole = workspace.write("whole.json", &bytes);
    bytes.push(b'\n');
    let damaged = workspace.write("damaged.json", &bytes);
    let run = workspace.run(&["merge", "trivy.json", whole]);
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
    let run = workspace.run(&["merge", "trivy.json", damaged]);
    assert_refused(&run, &[damaged, "UTF-16", "byte", "converted"]);
}

#[test]
fn bytes_that_are_no_text() {
    let workspace = workspace();
    let name = workspace.write("grype.json", b"{\"matches\": \"\xFF\"}");
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "UTF-8", "byte 13"]);
}

#[test]
fn a_report_on_another_image() {
    let workspace = workspace();
    let name = workspace.write_json("grype.json", &grype("cart:2.0", OTHER_IMAGE, &[OPENSSL]));
    let run = workspace.run(&["merge", "trivy.json", name]);
    assert_refused(&run, &[name, "image", "--allow-mixed-targets"]);

    let run = workspace.run(&["merge", "--allow-mixed-targets", "trivy.json", name]);
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
    assert!(
        run.stderr.contains("warning") && run.stderr.contains(name),
        "{run:#?}"
    );
}

#[test]
fn one_scanner_twice() {
    let workspace = workspace();
    let again = workspace.write_json("again.json", &trivy("shop:1.0", IMAGE, &[]));
    let run = workspace.run(&["merge", "trivy.json", again]);
    assert_refused(&run, &["trivy.json", again]);
}

#[test]
fn a_policy_with_an_unknown_key() {
    let workspace = workspace();
    let policy = workspace.write("policy.yaml", "version: 1\nprofile:\n  production: {}\n");
    let run = workspace.run(&["merge", "--policy", policy, "trivy.json"]);
    assert_refused(
        &run,
        &[
            policy,
            "policy.yaml:2:1: profile: unknown key",
            "did you mean `profiles`",
        ],
    );
}

#[test]
fn a_policy_with_a_day_that_is_none() {
    let workspace = workspace();
    let policy = workspace.write(
        "policy.yaml",
        "version: 1\nignore:\n  - id: CVE-2024-5535\n    reason: not reachable\n    \
         owner: team-shop\n    expires: 2026-02-30\n",
    );
    let run = workspace.run(&["merge", "--policy", policy, "trivy.json"]);
    assert_refused(&run, &[policy, "policy.yaml:6:", "2026-02-30"]);
}

#[test]
fn a_missing_policy() {
    let run = workspace().run(&["merge", "--policy", "polici.yaml", "trivy.json"]);
    assert_refused(&run, &["polici.yaml"]);
}

/// What a report could hold to write on the terminal of whoever reads about it.
const ATTACK: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\u{8}\u{202e}";

/// Asserts that neither stream holds a control character but line ends, or one that reorders text.
#[track_caller]
fn assert_plain(run: &Run) {
    for (stream, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        let bad = text.chars().find(|c| {
            (c.is_control() && *c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(bad, None, "{stream}: {text:?}");
    }
}

#[test]
fn control_characters_of_a_report_never_reach_the_terminal() {
    let title = format!("harmless {ATTACK} title");
    let package = format!("lib{ATTACK}ssl3");
    let version = format!("3.0{ATTACK}.11");
    let fixed = format!("3.0{ATTACK}.14");
    let severity = format!("HIGH{ATTACK}");
    let rows = [
        Row {
            title: &title,
            ..OPENSSL
        },
        Row {
            package: &package,
            ..OPENSSL
        },
        Row {
            version: &version,
            ..OPENSSL
        },
        Row {
            fixed: &fixed,
            ..OPENSSL
        },
        Row {
            severity: &severity,
            ..OPENSSL
        },
        Row {
            id: ATTACK,
            ..OPENSSL
        },
    ];
    let image = format!("shop:{ATTACK}");
    let workspace = Workspace::new();
    workspace.write_json("trivy.json", &trivy(&image, IMAGE, &rows));
    workspace.write_json("grype.json", &grype(&image, IMAGE, &rows));
    let run = workspace.run(&["merge", "trivy.json", "grype.json"]);
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
    assert!(run.stdout.contains("CVE-2024-5535"), "{run:#?}");
    assert_plain(&run);
}

#[test]
fn control_characters_of_a_refused_file_never_reach_the_terminal() {
    let workspace = workspace();
    let mut document = json!({});
    document[ATTACK] = json!(1);
    workspace.write("text.json", format!("Usage {ATTACK}\n"));
    workspace.write_json("unknown.json", &document);
    workspace.write("after.json", format!("{document} {ATTACK}"));
    for name in ["text.json", "unknown.json", "after.json"] {
        let run = workspace.run(&["merge", "trivy.json", name]);
        assert_refused(&run, &[name]);
        assert_plain(&run);
    }
}
