//! Colours and links: only where they are wanted, and never in a file.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use std::fs;

use common::{IMAGE, OPENSSL, Workspace, crosscheck, trivy};

/// What the program writes with these arguments and environment variables.
fn page(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let workspace = Workspace::new();
    workspace.write_json("trivy.json", &trivy("app:1", IMAGE, &[OPENSSL]));
    let output = crosscheck(workspace.path())
        .args(["merge", "trivy.json"])
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("CVE-2024-5535"), "{text}");
    text
}

const COLOUR: &str = "\u{1b}[";
const LINK: &str = "\u{1b}]8;;";

#[test]
fn colours_are_shown_where_they_are_wanted() {
    let force = ("CLICOLOR_FORCE", "1");
    for (arguments, variables, has_colours) in [
        // Standard output is no terminal here.
        (vec![], vec![], false),
        (vec![], vec![("TERM", "dumb")], false),
        (vec![], vec![force], true),
        (vec![], vec![("NO_COLOR", "1")], false),
        (vec!["--color", "always"], vec![], true),
        (vec!["--color", "always"], vec![("NO_COLOR", "1")], true),
        (vec!["--color", "never"], vec![force], false),
        (vec!["--color", "auto"], vec![force], true),
    ] {
        let text = page(&arguments, &variables);
        assert_eq!(
            text.contains(COLOUR),
            has_colours,
            "{arguments:?} {variables:?}"
        );
        assert!(!text.contains(LINK), "{arguments:?} {variables:?}");
    }
}

#[test]
fn links_go_to_terminals_only_unless_they_are_asked_for() {
    let terminal = [("FORCE_HYPERLINK", "1"), ("CLICOLOR_FORCE", "1")];
    assert!(!page(&[], &terminal).contains(LINK));
    assert!(!page(&["--hyperlinks", "never"], &terminal).contains(LINK));
    let text = page(&["--hyperlinks", "always", "--color", "never"], &[]);
    let id = "CVE-2024-5535";
    let link = format!("\u{1b}\\{id}{LINK}\u{1b}\\");
    assert!(text.contains(&link), "{text:?}");
    assert!(!text.contains(COLOUR));
}

#[test]
fn files_hold_no_escape_sequences() {
    let workspace = Workspace::new();
    workspace.write_json("trivy.json", &trivy("app:1", IMAGE, &[OPENSSL]));
    let formats = ["table", "compact", "wide"];
    let destinations = formats.map(|format| format!("{format}={format}.txt"));
    let run = workspace.run(&[
        "merge",
        "trivy.json",
        "--color",
        "always",
        "--hyperlinks",
        "always",
        "--format",
        &destinations.join(","),
    ]);
    assert_eq!(run.stdout, "", "{run:?}");
    for format in formats {
        let text = fs::read_to_string(workspace.join(&format!("{format}.txt"))).unwrap();
        assert!(text.contains("CVE-2024-5535"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
