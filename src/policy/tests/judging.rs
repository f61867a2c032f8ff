//! From decided findings and scanner runs to the verdict.

use super::*;

fn run(scanner: &str, outcome: Outcome, database: Option<&str>) -> ScannerRun {
    ScannerRun {
        scanner: ScannerId::new(scanner),
        title: scanner.to_owned(),
        source: format!("{scanner}.json"),
        sha256: None,
        outcome,
        version: None,
        database_built: database.map(str::to_owned),
        duration_ms: None,
        peak_memory_bytes: None,
        capabilities: Capabilities::default(),
        report: None,
    }
}

fn ok(scanner: &str) -> ScannerRun {
    run(scanner, Outcome::Completed, None)
}

fn failed(scanner: &str) -> ScannerRun {
    let failure = Failure {
        kind: FailureKind::Authentication,
        cause: "no token".to_owned(),
        remedy: "log in".to_owned(),
    };
    run(scanner, Outcome::Failed(failure), None)
}

#[test]
fn the_exit_code_follows_from_findings_and_scanners() {
    let partial = || {
        let missing = "no secrets".to_owned();
        run("grype", Outcome::Partial { missing }, None)
    };
    let block = || setuptools(Severity::Critical, FixState::Fixed);
    let warn = || setuptools(Severity::Medium, FixState::Fixed);
    let demands = "version: 1\nscanners: {required: [trivy], quorum: 2}";
    for (name, findings, runs, code, reasons) in [
        (
            "nothing found",
            vec![],
            vec![ok("trivy"), ok("grype")],
            0,
            0,
        ),
        (
            "only warnings",
            vec![warn()],
            vec![ok("trivy"), ok("grype")],
            0,
            0,
        ),
        ("partial counts", vec![], vec![ok("trivy"), partial()], 0, 0),
        (
            "blocks",
            vec![warn(), block()],
            vec![ok("trivy"), ok("grype")],
            1,
            0,
        ),
        (
            "failure beside enough",
            vec![],
            vec![ok("trivy"), ok("grype"), failed("snyk")],
            0,
            0,
        ),
        (
            "required failed",
            vec![],
            vec![failed("trivy"), ok("grype"), ok("snyk")],
            3,
            1,
        ),
        (
            "required absent",
            vec![],
            vec![ok("grype"), ok("snyk")],
            3,
            1,
        ),
        (
            "quorum missed",
            vec![],
            vec![ok("trivy"), failed("grype")],
            3,
            1,
        ),
        (
            "one scanner twice is one",
            vec![],
            vec![ok("trivy"), ok("trivy")],
            3,
            1,
        ),
        (
            "half a scanner failed",
            vec![],
            vec![ok("trivy"), failed("trivy"), ok("grype")],
            3,
            2,
        ),
        ("no scanner at all", vec![], vec![], 3, 2),
        (
            "one wins over three",
            vec![block()],
            vec![failed("trivy")],
            1,
            2,
        ),
    ] {
        let policy = resolved(demands);
        let mut findings = findings;
        let now = at("2026-06-01T00:00:00Z");
        decide(&policy, &mut findings, &Circumstances::at(now));
        let verdict = judge(&policy, &findings, &[], &runs, now);
        assert_eq!(verdict.exit_code, code, "{name}: {verdict:?}");
        assert_eq!(verdict.insufficient.len(), reasons, "{name}: {verdict:?}");
        let outcome = match code {
            0 => RunOutcome::Pass,
            1 => RunOutcome::Block,
            _ => RunOutcome::Insufficient,
        };
        assert_eq!(verdict.outcome, outcome, "{name}");
    }
}

#[test]
fn an_old_database_is_not_enough_and_an_unknown_date_is_a_note() {
    let policy = resolved("version: 1\nscanners: {quorum: 1, max-database-age: 7d}");
    let now = at("2026-06-08T12:00:00Z");
    let with = |built| [run("trivy", Outcome::Completed, built)];
    for (built, code, notes) in [
        (Some("2026-06-01T12:00:00Z"), 0, 0),
        (Some("2026-06-01T11:59:59Z"), 3, 0),
        (None, 0, 1),
        (Some("last week"), 0, 1),
        (Some("2026-07-01T00:00:00Z"), 0, 1),
    ] {
        let runs = with(built);
        let verdict = judge(&policy, &[], &[], &runs, now);
        assert_eq!(verdict.exit_code, code, "{built:?} {verdict:?}");
        assert_eq!(
            database_notes(&policy, &runs, now).len(),
            notes,
            "{built:?}"
        );
    }
    let verdict = judge(&policy, &[], &[], &with(Some("2026-05-01T12:00:00Z")), now);
    assert_eq!(
        verdict.insufficient,
        ["the database of trivy is 38 days old and 7d is the limit; update it and scan again"]
    );
}

#[test]
fn findings_without_a_decision_never_pass() {
    let policy = resolved("version: 1\nscanners: {quorum: 1}");
    let findings = [setuptools(Severity::Low, FixState::Fixed)];
    let verdict = judge(
        &policy,
        &findings,
        &[],
        &[ok("trivy")],
        at("2026-06-01T00:00:00Z"),
    );
    assert_eq!(verdict.exit_code, 3);
}

#[test]
fn a_required_scanner_is_missing_only_where_it_was_no_part_of_the_run() {
    let policy = resolved("version: 1\nscanners: {required: [trivy, grype, snyk]}");
    let runs = [ok("trivy"), failed("snyk"), ok("docker-scout")];
    let missing = missing_scanners(&policy, &runs);
    assert_eq!(missing, [ScannerId::new("grype")]);
}
