//! `crosscheck ignore`: the rules of a policy file seen, changed in place, and shared with other
//! tools.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot set itself up has failed"
)]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use common::{IMAGE, OPENSSL, Run, Workspace, trivy};

const POLICY: &str = "\
# Our policy, reviewed each quarter.
version: 1

ignore: # newest last
  # Kernel headers only.
  - id: '*'
    package: linux-libc-dev
    ecosystem: deb
    acknowledge-broad: true
    reason: \"headers: the host's kernel runs\"
    owner: platform
    created: 2026-01-05
    expires: 2026-12-31

  # Past its end since May.
  - { id: CVE-2024-5980, package: lightning, reason: not started, owner: ml, expires: 2026-05-31 }

  - id: CVE-2024-5535 # openssl
    reason: the protocol is never negotiated
    owner: ml
    until-fixed: true

default-profile: research
";

const NOW: [&str; 2] = ["--now", "2026-12-24T08:00:00Z"];

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("policy.yaml", POLICY);
    workspace
}

fn ignore(workspace: &Workspace, arguments: &[&str]) -> Run {
    workspace.run(&[&["ignore"], arguments, &NOW[..]].concat())
}

fn policy(workspace: &Workspace) -> String {
    fs::read_to_string(workspace.join("policy.yaml")).expect("a policy")
}

#[track_caller]
fn assert_done(run: &Run) {
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn the_list_tells_which_rules_hold() {
    let workspace = workspace();
    let run = ignore(&workspace, &["list", "--width", "80"]);
    assert_done(&run);
    insta::assert_snapshot!("list", run.stdout);
    let rows = ignore(&workspace, &["list", "--json"]).json();
    assert_eq!(rows[0]["state"], "ending");
    assert_eq!(rows[0]["days_left"], 7);
    assert_eq!(rows[1]["state"], "expired");
    assert_eq!(rows[1]["rule"]["id"], "CVE-2024-5980");
    assert_eq!(rows[2]["state"], "until-fixed");

    workspace.write("policy.yaml", "version: 1\n");
    let run = ignore(&workspace, &["list"]);
    assert_eq!(run.stdout, "policy.yaml has no ignore rules\n");
}

#[test]
fn a_rule_is_added_and_the_rest_of_the_file_stays() {
    let workspace = workspace();
    let path = workspace.join("policy.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a file of ours");
    let run = ignore(
        &workspace,
        &[
            "add",
            "CVE-2024-6345",
            "--package",
            "setuptools",
            "--path",
            "/opt/conda/**",
            "--reason",
            "used at build time only: \"never\" # here",
            "--owner",
            "ml-platform",
            "--expires",
            "2027-06-30",
        ],
    );
    assert_done(&run);
    assert_eq!(run.stderr, "added ignore[3] to policy.yaml:\n");
    let added = "
  - id: CVE-2024-6345
    package: setuptools
    path: /opt/conda/**
    reason: \"used at build time only: \\\"never\\\" # here\"
    owner: ml-platform
    created: 2026-12-24
    expires: 2027-06-30
";
    let (before, after) = POLICY
        .split_once("\ndefault-profile")
        .expect("the policy above");
    assert_eq!(
        policy(&workspace),
        format!("{before}{added}\ndefault-profile{after}")
    );
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let files: Vec<_> = fs::read_dir(workspace.path()).expect("a folder").collect();
    assert_eq!(files.len(), 1, "something is left beside the policy");
}

#[test]
fn a_rule_that_is_there_or_not_valid_is_refused_and_the_file_stays() {
    let workspace = workspace();
    let rest = ["--reason", "r", "--owner", "o"];
    let add = |arguments: &[&str]| ignore(&workspace, &[&["add"], arguments, &rest[..]].concat());
    let again = add(&["cve-2024-5535", "--until-fixed"]);
    again.assert_refused(&["policy.yaml has this rule already: ignore[2]"]);
    // A rule that is past its end may be made again.
    let renewed = add(&[
        "CVE-2024-5980",
        "--package",
        "lightning",
        "--expires",
        "2027-01-31",
    ]);
    assert_done(&renewed);
    workspace.write("policy.yaml", POLICY);
    for (arguments, parts) in [
        (
            &["*", "--package", "x", "--expires", "2027-01-31"][..],
            &["the new rule: id: `*` leaves out every", "help: "][..],
        ),
        (
            &["CVE-2024-1", "--path", "opt", "--until-fixed"],
            &["path: `opt` can never match"],
        ),
        (
            &["no id", "--until-fixed"],
            &["`no id` is not a vulnerability id"],
        ),
        (
            &["CVE-2024-1111", "--expires", "2026-12-01"],
            &["ends on 2026-12-01, before it was made"],
        ),
    ] {
        add(arguments).assert_refused(parts);
    }
    assert_done(&add(&[
        "CVE-2024-1111",
        "--version",
        "1.10",
        "--ecosystem",
        "python",
        "--until-fixed",
    ]));
    assert!(policy(&workspace).contains("    version: \"1.10\"\n    ecosystem: python\n"));
    workspace.write("policy.yaml", POLICY);
    assert_eq!(add(&["CVE-2024-1111"]).code, Some(2), "a rule needs an end");
    assert_eq!(
        add(&["CVE-2024-1111", "--expires", "2026-02-30"]).code,
        Some(2)
    );
    assert_eq!(policy(&workspace), POLICY);
}

#[test]
fn hostile_text_becomes_text_and_nothing_else() {
    let workspace = workspace();
    let reason = "x\"\n  - id: '*'\u{1b}[2J\u{202e}\t#";
    let run = ignore(
        &workspace,
        &[
            "add",
            "CVE-2024-6345",
            "--reason",
            reason,
            "--owner",
            "a: b",
            "--until-fixed",
        ],
    );
    assert_done(&run);
    assert!(
        !run.stdout.contains(['\u{1b}', '\u{202e}', '\t']),
        "{run:#?}"
    );
    let rows = ignore(&workspace, &["list", "--json"]).json();
    assert_eq!(rows[3]["rule"]["reason"], reason);
    assert_eq!(rows.as_array().map(Vec::len), Some(4));
}

#[test]
fn files_that_cannot_be_changed_are_told_and_left() {
    let workspace = workspace();
    let add = [
        "add",
        "CVE-2024-6345",
        "--reason",
        "r",
        "--owner",
        "o",
        "--until-fixed",
    ];
    for (text, parts) in [
        (
            &b"version: 2\n"[..],
            &["policy.yaml:1:10: version: expected `1`"][..],
        ),
        (
            b"version: 1\nignore: [{id: CVE-2024-1111, reason: r, owner: o, until-fixed: true}]\n",
            &["policy.yaml:2: a list in `[…]`", "lines that begin with"],
        ),
        (b"version: 1\n# \xff\n", &["not UTF-8 at byte 13"]),
    ] {
        workspace.write("policy.yaml", text);
        ignore(&workspace, &add).assert_refused(parts);
        assert_eq!(
            fs::read(workspace.join("policy.yaml")).expect("a policy"),
            text
        );
    }
    fs::remove_file(workspace.join("policy.yaml")).expect("a file of ours");
    ignore(&workspace, &add).assert_refused(&["there is no policy.yaml", "--policy", "version: 1"]);
    ignore(
        &workspace,
        &[&add[..], &["--policy", "other.yaml"]].concat(),
    )
    .assert_refused(&["other.yaml: no such file"]);

    workspace.write("real.yaml", POLICY);
    symlink("real.yaml", workspace.join("policy.yaml")).expect("a folder of ours");
    assert_done(&ignore(&workspace, &add));
    assert!(
        workspace.join("policy.yaml").is_symlink(),
        "the link is gone"
    );
    let real = fs::read_to_string(workspace.join("real.yaml")).expect("a policy");
    assert!(real.contains("CVE-2024-6345"));

    fs::set_permissions(
        workspace.join("real.yaml"),
        fs::Permissions::from_mode(0o444),
    )
    .expect("ours");
    let run = ignore(&workspace, &["prune"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("cannot be written"), "{run:#?}");
}

#[test]
fn pruning_shows_what_goes() {
    let workspace = workspace();
    let dry = ignore(&workspace, &["prune", "--dry-run"]);
    assert_done(&dry);
    assert_eq!(policy(&workspace), POLICY);
    assert!(
        dry.stderr
            .contains("ignore[1] (CVE-2024-5980): expired on 2026-05-31"),
        "{dry:#?}"
    );
    assert!(
        dry.stderr
            .ends_with("would remove 1 of 3 rules from policy.yaml\n"),
        "{dry:#?}"
    );

    // OpenSSL has a fix, and there are no kernel headers.
    fs::create_dir(workspace.join("run")).expect("a new folder");
    workspace.write_json("run/trivy.json", &trivy("shop:1.0", IMAGE, &[OPENSSL]));
    let run = ignore(&workspace, &["prune", "--run", "run"]);
    assert_done(&run);
    assert_eq!(
        policy(&workspace),
        "# Our policy, reviewed each quarter.\nversion: 1\n\nignore: [] # newest last\n\ndefault-profile: research\n"
    );
    insta::assert_snapshot!("prune", run.stdout);
    assert!(
        run.stderr
            .contains("ignore[0] (*): ignores nothing in run\n"),
        "{run:#?}"
    );
    assert!(
        run.stderr
            .contains("ignore[2] (CVE-2024-5535): ignores nothing that still has no fix in run\n"),
        "{run:#?}"
    );

    let run = ignore(&workspace, &["prune"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert_eq!(run.stderr, "policy.yaml: no rule has to go\n");
}

#[test]
fn a_rule_that_is_used_for_a_part_stays() {
    let workspace = Workspace::new();
    workspace.write(
        "policy.yaml",
        "version: 1\ndefault-profile: research\nignore:\n  - {id: CVE-2024-5535, reason: r, owner: o, expires: 2027-01-01}\n  \
         - {id: CVE-2024-5536, reason: r, owner: o, expires: 2027-01-01}\n",
    );
    fs::create_dir(workspace.join("run")).expect("a new folder");
    workspace.write_json("run/trivy.json", &trivy("shop:1.0", IMAGE, &[OPENSSL]));
    assert_done(&ignore(&workspace, &["prune", "--run", "run"]));
    assert!(policy(&workspace).contains("CVE-2024-5535"));
    assert!(!policy(&workspace).contains("CVE-2024-5536"));
}

#[test]
fn other_tools_files_are_taken_over_once() {
    let workspace = workspace();
    workspace.write(
        ".trivyignore",
        "# Not reached.\nCVE-2024-1111 exp:2027-03-01\nCVE-2024-2222\n",
    );
    workspace.write(
        "grype.yaml",
        "ignore:\n  - vulnerability: CVE-2024-1111\n  - vulnerability: CVE-2024-3333\n    namespace: x\n",
    );
    let import = [
        "import",
        ".trivyignore",
        "grype.yaml",
        "--owner",
        "ml",
        "--expires",
        "2027-06-30",
    ];
    let dry = ignore(&workspace, &[&import[..], &["--dry-run"]].concat());
    assert_done(&dry);
    assert_eq!(policy(&workspace), POLICY);
    let run = ignore(&workspace, &import);
    assert_done(&run);
    assert_eq!(run.stdout, dry.stdout);
    insta::assert_snapshot!("import", format!("{}\n{}", run.stdout, run.stderr));
    let again = ignore(&workspace, &import);
    assert!(
        again.stderr.ends_with("added 0 rules to policy.yaml\n"),
        "{again:#?}"
    );

    ignore(
        &workspace,
        &[
            "import",
            ".trivyignore",
            "--owner",
            "ml",
            "--expires",
            "2026-12-23",
        ],
    )
    .assert_refused(&["--expires 2026-12-23: the day is past"]);
    workspace.write("list.txt", "CVE-2024-4444\n");
    workspace.write(".snyk", "ignore: 7\n");
    let rest = ["--owner", "ml", "--expires", "2027-06-30"];
    ignore(&workspace, &[&["import", "list.txt"], &rest[..]].concat())
        .assert_refused(&["list.txt: its name tells no format", "--from"]);
    let both = ignore(
        &workspace,
        &[&["import", ".snyk", "gone.snyk"], &rest[..]].concat(),
    );
    assert_eq!(both.code, Some(2));
    assert!(
        both.stderr.contains(".snyk:1:9: ignore: expected ids")
            && both.stderr.contains("gone.snyk: no such file"),
        "{both:#?}"
    );
    assert_done(&ignore(
        &workspace,
        &[&["import", "list.txt", "--from", "trivyignore"], &rest[..]].concat(),
    ));
    assert!(policy(&workspace).contains("CVE-2024-4444"));
}

#[test]
fn exports_of_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = root.join("examples/runs/pytorch-cuda");
    let file = root.join("examples/policies/pytorch-cuda.yaml");
    let (run, file) = (run.display().to_string(), file.display().to_string());
    let workspace = Workspace::new();
    let export = |format: &str, more: &[&str]| {
        let run = workspace.run(
            &[
                &[
                    "ignore",
                    "export",
                    "--to",
                    format,
                    "--policy",
                    &file,
                    "--now",
                    "2026-11-01T07:00:00Z",
                ],
                more,
            ]
            .concat(),
        );
        assert_done(&run);
        format!("{}\n{}", run.stderr, run.stdout)
    };
    for format in ["trivyignore", "trivyignore-yaml", "grype", "snyk"] {
        insta::assert_snapshot!(format!("export_{format}"), export(format, &[]));
        let expanded = export(format, &["--run", &run]);
        assert_eq!(
            expanded,
            export(format, &["--run", &run]),
            "not the same twice"
        );
        insta::assert_snapshot!(format!("export_{format}_run"), shortened(&expanded));
    }
    assert_eq!(
        workspace.run(&["ignore", "export", "--to", "clair"]).code,
        Some(2)
    );
}

/// The head and the tail of a long text.
fn shortened(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let count = lines.len();
    if count <= 80 {
        return text.to_owned();
    }
    let (head, rest) = lines.split_at(40);
    let tail = rest.split_at(rest.len() - 40).1;
    format!(
        "{}\n[{} lines]\n{}\n",
        head.join("\n"),
        count - 80,
        tail.join("\n")
    )
}

#[test]
fn a_run_that_saw_too_little_removes_expired_rules_alone() {
    let policy_text = "version: 1\nignore:\n  \
         - {id: CVE-2024-5536, reason: r, owner: o, expires: 2027-01-01}\n  \
         - {id: CVE-2024-5537, reason: r, owner: o, expires: 2026-01-01}\n";
    let nothing = trivy("shop:1.0", IMAGE, &[]);
    for (policy_text, report, why) in [
        (
            policy_text.to_owned(),
            trivy("shop:1.0", IMAGE, &[OPENSSL]),
            "2 trustworthy results are needed",
        ),
        (
            format!("{policy_text}default-profile: research\n"),
            nothing,
            "no report has a package",
        ),
    ] {
        let workspace = Workspace::new();
        workspace.write("policy.yaml", &policy_text);
        fs::create_dir(workspace.join("run")).expect("a new folder");
        workspace.write_json("run/trivy.json", &report);
        let run = ignore(&workspace, &["prune", "--run", "run"]);
        assert_done(&run);
        assert!(
            run.stderr.contains("warning: run: ") && run.stderr.contains(why),
            "{run:#?}"
        );
        assert!(run.stderr.contains("removed 1 of 2 rules"), "{run:#?}");
        assert!(policy(&workspace).contains("CVE-2024-5536"), "{run:#?}");
    }
}

#[test]
fn the_difference_of_thousands_of_rules_holds_them_and_nothing_else() {
    let rules: Vec<_> = (0..4000)
        .map(|n| {
            let year = 2026 + n % 2;
            format!(
                "  - id: CVE-2024-{n:05}\n    reason: r\n    owner: o\n    expires: {year}-06-01\n"
            )
        })
        .collect();
    let workspace = Workspace::new();
    workspace.write(
        "policy.yaml",
        format!("version: 1\nignore:\n{}", rules.concat()),
    );
    let run = ignore(&workspace, &["prune", "--dry-run"]);
    assert_done(&run);
    let of = |mark: &str| {
        let lines = run.stdout.lines().skip(2);
        lines.filter(|line| line.starts_with(mark)).count()
    };
    assert_eq!((of("-"), of("+")), (8000, 0), "more or less than the rules");
}
