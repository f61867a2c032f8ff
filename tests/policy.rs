//! `crosscheck policy`: show, check and test.

mod common;

use common::Workspace;

/// Exit code, output and error output of `crosscheck policy …` in a workspace.
fn policy(workspace: &Workspace, arguments: &[&str]) -> (i32, String, String) {
    let arguments: Vec<&str> = std::iter::once("policy")
        .chain(arguments.iter().copied())
        .collect();
    let run = workspace.run(&arguments);
    (run.code.unwrap_or(-1), run.stdout, run.stderr)
}

fn example(name: &str) -> String {
    format!("{}/examples/policies/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_example_policies_decide_as_their_cases_say() {
    let workspace = Workspace::new();
    let (code, out, _) = policy(&workspace, &["test", &example("")]);
    assert_eq!(code, 0, "{out}");
    for name in [
        "production",
        "development",
        "research-cluster",
        "strict-regulated",
        "pytorch-cuda",
    ] {
        assert!(
            out.contains(&format!("{name}.test.yaml")),
            "{name} has no cases:\n{out}"
        );
        let (code, out, _) = policy(
            &workspace,
            &[
                "check",
                &example(&format!("{name}.yaml")),
                "--now",
                "2026-07-01T00:00:00Z",
            ],
        );
        assert_eq!(code, 0, "{out}");
    }
}

const POLICY: &str = "\
version: 1
default-profile: ci
profiles:
  ci:
    extends: production
    severity: {low: warn}
";

const CASES: &str = "\
cases:
  - name: low ones warn
    now: 2026-01-01
    finding: {id: CVE-2026-1, packages: [{purl: 'pkg:pypi/a@1'}], severity: low}
    expect: {action: warn, rule: profiles.ci.severity.low}
  - name: low ones block
    now: 2026-01-01
    finding: {id: CVE-2026-1, packages: [{purl: 'pkg:pypi/a@1'}], severity: low}
    expect: {action: block, rule: 'ignore[0]', labels: [x]}
  - name: such a profile there is not
    profile: cd
    now: 2026-01-01
    finding: {id: CVE-2026-1, packages: [{purl: 'pkg:pypi/a@1'}], severity: low}
    expect: {action: warn}
";

#[test]
fn a_case_that_fails_says_what_was_decided_and_the_exit_code_is_1() {
    let workspace = Workspace::new();
    workspace.write("policy.yaml", POLICY);
    workspace.write("policy.test.yaml", CASES);
    let (code, out, err) = policy(&workspace, &["test"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    insta::assert_snapshot!(out, @r"
    ok     policy.test.yaml: low ones warn
    FAILED policy.test.yaml: low ones block
           expected block, decided warn: low severity; no fix is known [profiles.ci.severity.low]
           expected the rule ignore[0], it was profiles.ci.severity.low
           expected the labels [x], found []
    FAILED policy.test.yaml: such a profile there is not
           policy.yaml has no profile `cd`; it has ci, development, production, research; did you mean `ci`?
    1 passed, 2 failed
    ");
}

#[test]
fn broken_cases_name_the_place_and_the_others_are_still_run() {
    let workspace = Workspace::new();
    workspace.write("policy.yaml", POLICY);
    workspace.write("policy.test.yaml", CASES);
    workspace.write("other.yaml", POLICY);
    workspace.write(
        "other.test.yaml",
        "cases:\n  - name: a\n    nwo: 2026-01-01\n",
    );
    workspace.write("lone.yaml", POLICY);
    let (code, out, err) = policy(
        &workspace,
        &["test", "policy.yaml", "other.yaml", "lone.yaml"],
    );
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.ends_with("1 passed, 2 failed\n"), "{out}");
    assert!(
        err.contains("other.test.yaml:3:5") && err.contains("nwo"),
        "{err}"
    );
    assert!(
        err.contains("lone.yaml: has no cases; write them into lone.test.yaml"),
        "{err}"
    );
}

#[test]
fn show_names_the_origin_of_every_value() {
    let workspace = Workspace::new();
    workspace.write("policy.yaml", POLICY);
    let (code, out, _) = policy(&workspace, &["show", "--width", "110"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(out);
    let (code, out, _) = policy(&workspace, &["show", "--json"]);
    let settings: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    let low = settings
        .iter()
        .find(|setting| setting["key"] == "severity.low")
        .unwrap();
    assert_eq!(low["origin"], "policy.yaml:6:16 profiles.ci.severity.low");
    let (code, yaml, _) = policy(&workspace, &["show", "--yaml"]);
    assert_eq!(code, 0);
    workspace.write("resolved.yaml", &yaml);
    let (code, out, err) = policy(&workspace, &["check", "resolved.yaml"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn check_warns_of_what_is_valid_and_not_meant() {
    let workspace = Workspace::new();
    workspace.write(
        "policy.yaml",
        "\
version: 1
profile-for:
  - {image: '*', profile: production}
  - {image: 'prod/*', profile: production}
profiles:
  p:
    extends: production
    rules:
      - {name: python, when: {ecosystem: pypi}, then: warn}
      - {name: bad-python, when: {ecosystem: pypi, severity: critical}, then: block}
rule-sets:
  mine: {argument: a, ignore: [{package: a}]}
use-rule-sets:
  - {name: kernel-headers, owner: o, expires: 2025-01-01}
ignore:
  - {id: CVE-2024-1000, reason: r, owner: o, expires: 2026-12-31}
  - {id: CVE-2024-1000, package: a, reason: r, owner: o, expires: 2026-06-30}
  - {id: CVE-2024-1000, package: b, reason: r, owner: o, expires: 2027-06-30}
  - {id: CVE-2024-2000, reason: r, owner: o, expires: 2025-01-01}
  - {id: '*', package: c, acknowledge-broad: true, reason: r, owner: o, expires: 2026-12-31}
  - {id: CVE-2024-3000, package: c, reason: r, owner: o, until-fixed: true}
  - {id: CVE-2024-3000, package: c, reason: r, owner: o, expires: 2026-10-01}
acknowledge-unchecked:
  - {package: x, reason: r, owner: o, expires: 2025-01-01}
",
    );
    let (code, out, _) = policy(&workspace, &["check", "--now", "2026-01-01T00:00:00Z"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(out);
    let (code, _, _) = policy(
        &workspace,
        &["check", "--strict", "--now", "2026-01-01T00:00:00Z"],
    );
    assert_eq!(code, 1);
}

#[test]
fn check_tells_what_matches_nothing_in_a_run() {
    let workspace = Workspace::new();
    let run = format!("{}/examples/runs/pytorch-cuda", env!("CARGO_MANIFEST_DIR"));
    workspace.write(
        "policy.yaml",
        "\
version: 1
profiles:
  production:
    extends: production
    rules:
      - {name: swift, when: {ecosystem: swift}, then: block}
      - {name: python, when: {ecosystem: pypi}, then: warn}
ignore:
  - {id: CVE-1999-0001, reason: r, owner: o, expires: 2026-12-31}
acknowledge-unchecked:
  - {package: 'no-such-*', reason: r, owner: o, expires: 2026-12-31}
",
    );
    let arguments = ["check", "--run", &run, "--now", "2026-11-01T07:00:00Z"];
    let (code, out, err) = policy(&workspace, &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn a_policy_with_errors_is_told_with_all_of_them() {
    let workspace = Workspace::new();
    workspace.write(
        "policy.yaml",
        "version: 1\nprofles: {}\nignore:\n  - {id: '*', reason: r, expires: 2026-12-31}\n",
    );
    for action in ["check", "show"] {
        let (code, out, err) = policy(&workspace, &[action]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(
            err.contains("policy.yaml:2:1: profles: unknown key"),
            "{err}"
        );
        assert!(err.contains("`owner` is missing"), "{err}");
        assert!(err.contains("acknowledge-broad"), "{err}");
    }
}
