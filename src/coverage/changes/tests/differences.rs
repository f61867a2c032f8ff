//! What differs between findings, scanners, lists and policies.

use super::*;

#[test]
fn decisions_severities_fixes_and_reporters_change() {
    let both = |change: fn(&mut Observation)| {
        [
            Scanner::new("trivy").says(CVE, setuptools("65.5.1"), change),
            Scanner::new("grype").has(setuptools("65.5.1")),
        ]
    };
    let before = Finished::new(&both(|_| ())).decided(Action::Ignore);
    let mut scanners = both(|observation| {
        observation.severity = Severity::Critical;
        observation.fix = FixClaim::from_versions(["70.0.0"], FixState::NotFixed);
    });
    let [_, grype] = scanners.clone();
    scanners[1] = grype.reports(CVE, setuptools("65.5.1"));
    let after = Finished::new(&scanners).decided(Action::Block);
    let result = changes(&before.side(), &after.side());
    assert_eq!(numbers(&result), [0, 0, 0, 1, 0], "{result:#?}");
    assert_eq!(result.counts.newly_blocking(), 1);
    let change = &result.changed[0];
    assert!(change.blocks_newly());
    let decision = change.decision.as_ref().unwrap();
    assert_eq!(decision.a.as_ref().unwrap().action, Action::Ignore);
    let fix = change.fix.as_ref().unwrap();
    assert_eq!((fix.a.as_deref(), fix.b.as_deref()), (None, Some("70.0.0")));
    let [reporter] = change.reporters.as_slice() else {
        panic!("{change:#?}");
    };
    assert_eq!(
        (reporter.scanner.as_str(), reporter.reports_now),
        ("grype", true)
    );
    assert_eq!(
        reporter.otherwise.as_ref().unwrap().verdict,
        Verdict::NoMatch
    );
}

#[test]
fn negligible_and_low_are_one_severity() {
    let rated = |severity| {
        let says = Scanner::new("trivy").says(CVE, setuptools("65.5.1"), |_| ());
        let mut finished = Finished::new(&[says]);
        for finding in &mut finished.report.findings {
            finding.severity.level = severity;
        }
        finished
    };
    let change = |a, b| changes(&rated(a).side(), &rated(b).side()).changed.len();
    assert_eq!(change(Severity::Negligible, Severity::Low), 0);
    assert_eq!(change(Severity::Low, Severity::Medium), 1);
}

#[test]
fn a_failed_scanner_changes_no_finding_that_others_still_report() {
    let report = |name: &str| Scanner::new(name).reports(CVE, setuptools("65.5.1"));
    let changes = diff(
        &[report("trivy"), report("grype")],
        &[report("trivy"), Scanner::new("grype").failed()],
    );
    assert_eq!(numbers(&changes), [0, 0, 0, 0, 1], "{changes:#?}");
}

#[test]
fn lists_are_compared_by_the_scanner_that_lists_most_of_a_kind() {
    let trivy = |scanner: Scanner| scanner.has(pypi("a", "1")).has(pypi("b", "1"));
    let grype = Scanner::new("grype").has(pypi("a", "1"));
    let changes = diff(
        &[
            trivy(Scanner::new("trivy")).has(pypi("c", "1")),
            grype.clone().has(Package::new(Ecosystem::Conda, "x", "1")),
        ],
        &[
            trivy(Scanner::new("trivy")).has(pypi("a", "2")),
            grype.has(Package::new(Ecosystem::Conda, "y", "1")),
        ],
    );
    let packages = &changes.packages;
    let rows: Vec<_> = packages
        .ecosystems
        .iter()
        .map(|row| {
            let counts = [
                row.packages.a,
                row.packages.b,
                row.added,
                row.removed,
                row.updated,
            ];
            (row.ecosystem.as_str(), row.scanner.as_str(), counts)
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("pypi", "trivy", [3, 2, 0, 1, 1]),
            ("conda", "grype", [1, 1, 1, 1, 0]),
        ]
    );
    assert_eq!(packages.updated[0].versions.b, ["1", "2"]);
}

#[test]
fn images_are_one_by_digest_and_else_alike_by_name() {
    use TargetRelation::{DifferentImages, SameImage, SameName};
    let target = |reference: &str, digest: Option<&str>| TargetSummary {
        reference: reference.to_owned(),
        config_digest: digest.map(str::to_owned),
        ..TargetSummary::default()
    };
    for (a, b, expected) in [
        (
            ("shop:1", Some("sha256:1")),
            ("other:2", Some("sha256:1")),
            SameImage,
        ),
        (
            ("shop:1", Some("sha256:1")),
            ("shop:1", Some("sha256:2")),
            SameName,
        ),
        (
            ("host:5000/shop", None),
            ("registry:host:5000/shop:2", None),
            SameName,
        ),
        (("shop@sha256:1", None), ("shop:1", None), SameName),
        (
            ("host:5000/shop", None),
            ("host:5000/other", None),
            DifferentImages,
        ),
        (
            ("docker-archive:/a.tar", None),
            ("docker-archive:/b.tar", None),
            DifferentImages,
        ),
    ] {
        assert_eq!(
            relation(&target(a.0, a.1), &target(b.0, b.1)),
            expected,
            "{a:?} {b:?}"
        );
    }
}

#[test]
fn policies_are_compared_line_by_line_up_to_a_length() {
    assert_eq!(compare_texts(Some("a"), None), TextChange::Unknown);
    assert_eq!(compare_texts(Some("a\n"), Some("a\n")), TextChange::Same);
    let TextChange::Different { diff: Some(diff) } =
        compare_texts(Some("x\nignore: 1\n"), Some("x\nignore: 2\n"))
    else {
        panic!("a difference of one line");
    };
    assert!(diff.contains("-ignore: 1\n+ignore: 2\n"), "{diff}");
    let long = "a\n".repeat(MOST_LINES + 1);
    assert_eq!(
        compare_texts(Some(&long), Some("a\n")),
        TextChange::Different { diff: None }
    );
}
