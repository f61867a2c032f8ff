//! What a policy means, from text to verdict.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::AdvisoryState;
use crate::model::report::RunOutcome;
use crate::model::{
    Action, AdvisoryId, Capabilities, Ecosystem, Failure, FailureKind, Finding, Fix, FixState,
    Instance, Location, Outcome, PackageGroup, RatingSource, ResolvedSeverity, ScannerId,
    ScannerRun, Severity, Vulnerability,
};
use crate::reconcile::severity::SeverityRule;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn instance(name: &str, version: &str, paths: &[&str]) -> Instance {
    Instance {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        purl: Some(format!("pkg:pypi/{name}@{version}?x=y")),
        locations: paths
            .iter()
            .filter_map(|path| Location::new(Some(path), None))
            .collect(),
        scanners: vec![ScannerId::new("trivy")],
    }
}

fn finding(id: &str, severity: Severity, fix: FixState, instances: Vec<Instance>) -> Finding {
    let package = PackageGroup {
        ecosystem: Ecosystem::PyPi,
        name: "setuptools".to_owned(),
        version: Some("65.5.1".to_owned()),
    };
    Finding {
        key: format!("{id}@{package}"),
        vulnerability: Vulnerability {
            id: AdvisoryId::new(id),
            aliases: vec![AdvisoryId::new("GHSA-cx63-2mw6-8hw5")],
            related: vec![AdvisoryId::new("USN-7002-1")],
            assertions: Vec::new(),
            title: None,
            description: None,
            url: None,
            cwes: Vec::new(),
            published: None,
            state: AdvisoryState::Active,
            known_exploited: false,
        },
        package,
        instances,
        severity: ResolvedSeverity {
            level: severity,
            source: (severity != Severity::Unknown).then_some(RatingSource::Nvd),
            rule: "vendor".to_owned(),
            lowest: severity,
            highest: severity,
            disputed: false,
        },
        ratings: Vec::new(),
        fix: Fix {
            state: fix,
            ..Fix::default()
        },
        observations: Vec::new(),
        verdicts: BTreeMap::new(),
        decision: None,
    }
}

fn setuptools(severity: Severity, fix: FixState) -> Finding {
    let instances = vec![instance(
        "setuptools",
        "65.5.1",
        &["/opt/conda/lib/setuptools"],
    )];
    finding("CVE-2024-6345", severity, fix, instances)
}

fn resolved(text: &str) -> ResolvedPolicy {
    parse(text, "policy.yaml")
        .unwrap_or_else(|e| panic!("{e}"))
        .resolve(None)
        .unwrap()
}

/// A policy of ignore rules, each the text between `{` and `}`.
fn ignoring(rules: &[&str]) -> ResolvedPolicy {
    let mut text = "version: 1\nignore:\n".to_owned();
    for rule in rules {
        text.extend(["  - {", rule, "}\n"]);
    }
    resolved(&text)
}

const ENDS: &str = "reason: not reachable, owner: ml, expires: 2026-06-30";

fn decided(policy: &ResolvedPolicy, finding: Finding, now: &str) -> Finding {
    let mut findings = [finding];
    decide(policy, &mut findings, at(now));
    let [finding] = findings;
    finding
}

fn action(policy: &ResolvedPolicy, finding: Finding) -> Action {
    decided(policy, finding, "2026-06-01T00:00:00Z")
        .decision
        .unwrap()
        .action
}

/// The problems of a policy as `line:column path: message`.
fn problems(text: &str) -> Vec<String> {
    let errors = parse(text, "p.yaml").unwrap_err();
    errors
        .problems
        .iter()
        .map(|problem| {
            let (line, column) = problem.position.unwrap_or_default();
            format!("{line}:{column} {}: {}", problem.path, problem.message)
        })
        .collect()
}

fn assert_problem(text: &str, expected: &str) {
    let problems = problems(text);
    assert!(
        problems.len() == 1 && problems[0].contains(expected),
        "{text}\nexpected {expected}, found {problems:#?}"
    );
}

// --- reading ------------------------------------------------------------------------------------

#[test]
fn the_built_in_policy_is_valid_and_decides_everything() {
    let policy = Policy::built_in();
    assert_eq!(policy.profiles(), ["development", "production", "research"]);
    for name in policy.profiles() {
        let profile = policy.resolve(Some(name)).unwrap();
        for severity in Severity::WORST_FIRST {
            let (fixable, unfixed) = (
                profile.action(severity, true),
                profile.action(severity, false),
            );
            assert!(
                fixable >= unfixed,
                "{name}: a fix never makes {severity} milder"
            );
        }
    }
    let usual = policy.resolve(None).unwrap();
    assert_eq!(
        (usual.profile(), usual.scanners().quorum),
        ("production", 2)
    );
    assert_eq!(*usual.severity_rule(), SeverityRule::Vendor);
}

#[test]
fn a_version_alone_is_a_policy_and_stands_on_the_shipped_profiles() {
    let policy = resolved("version: 1");
    assert_eq!(policy.profile(), "production");
    let finding = decided(
        &policy,
        setuptools(Severity::High, FixState::Fixed),
        "2026-01-01T00:00:00Z",
    );
    let decision = finding.decision.unwrap();
    assert_eq!(
        decision.rule.rule,
        "built-in:profiles.production.severity.high.fixable"
    );
}

#[test]
fn all_problems_are_told_at_once_each_with_its_place() {
    let text = "\
version: 2
sanners: {quorum: 2}
severity: {resolve: vendro}
default-profile: prod
profiles:
  ci:
    extends: producton
  small:
    severity: {critical: blok, hihg: block}
ignore:
  - id: CVE-2024-6345
    reasno: typo
    owner: me
    expires: 2026-02-30
  - {id: '*', reason: r, owner: o, expires: 2026-01-01, path: 'opt/[', version: 1.10}
";
    let found = problems(text);
    for expected in [
        "1:10 version: expected `1`, found the number 2",
        "2:1 sanners: unknown key",
        "3:21 severity.resolve: expected `vendor`",
        "4:18 default-profile: there is no profile `prod`",
        "7:14 profiles.ci.extends: there is no profile `producton`",
        "8:3 profiles.small: the profile does not say what happens to findings of severity critical, high,",
        "9:26 profiles.small.severity.critical: expected `block`, `warn`, `track`, found the text `blok`",
        "9:32 profiles.small.severity.hihg: unknown key",
        "11:5 ignore[0]: `reason` is missing",
        "12:5 ignore[0].reasno: unknown key",
        "14:14 ignore[0].expires: expected an existing day",
        "15:10 ignore[1].id: `*` leaves out every vulnerability",
        "ignore[1].path: not a pattern",
        "ignore[1].version: expected text, found the number 1.1",
    ] {
        assert!(
            found.iter().any(|problem| problem.contains(expected)),
            "missing: {expected}\nin {found:#?}"
        );
    }
    let lines: Vec<usize> = found
        .iter()
        .map(|problem| problem.split(':').next().unwrap().parse().unwrap())
        .collect();
    assert!(lines.is_sorted(), "in file order: {found:#?}");
}

#[test]
fn slips_get_a_suggestion() {
    let help = |text: &str| {
        parse(text, "p").unwrap_err().problems[0]
            .help
            .clone()
            .unwrap()
    };
    assert!(help("version: 1\nprofles: {}").contains("`profiles`"));
    assert!(help("version: 1\ndefault-profile: producton").contains("`production`"));
    assert!(help("version: 1\nseverity: {resolve: higest}").contains("`highest`"));
    assert!(help("version: 1\nseverity: {resolve: trivy}").contains("[trivy]"));
    let rule = format!("version: 1\nignore: [{{id: CVE-2024-6345, ecosystem: pypy, {ENDS}}}]");
    assert!(help(&rule).contains("`pypi`"));
    let ignore = "version: 1\nprofiles: {p: {extends: production, severity: {low: ignore}}}";
    assert!(help(ignore).contains("reason and an owner"));
}

#[test]
fn each_rule_of_the_language_is_kept() {
    let rule = |rule: &str| format!("version: 1\nignore:\n  - {{{rule}}}\n");
    for (text, expected) in [
        (String::new(), "expected keys and values, found nothing"),
        (
            "version: 1\nversion: 1".to_owned(),
            "the key is there twice",
        ),
        ("version: 1\nscanners: {quorum: 0}".to_owned(), "at least 1"),
        (
            "version: 1\nscanners: {max-database-age: 7}".to_owned(),
            "`7d` or `36h`",
        ),
        (
            "version: 1\nscanners: {required: [trivy, Trivy]}".to_owned(),
            "listed twice",
        ),
        (
            "version: 1\nscanners: {required: trivy}".to_owned(),
            "expected a list",
        ),
        (
            "version: 1\nseverity: {resolve: []}".to_owned(),
            "at least one scanner",
        ),
        (
            "version: 1\nprofiles: {a b: {extends: production}}".to_owned(),
            "letters, digits",
        ),
        (
            "version: 1\nprofiles: {a: {extends: b}, b: {extends: a}}".to_owned(),
            "extend each other: a → b → a",
        ),
        (
            "version: 1\nprofiles: {a: {extends: production, severity: {low: {}}}}".to_owned(),
            "`fixable`, `unfixed` or both",
        ),
        (rule("id: CVE-2024-6345, reason: r, owner: o"), "no end"),
        (
            rule("id: CVE-2024-6345, reason: ' ', owner: o, until-fixed: true"),
            "nothing but blanks",
        ),
        (
            rule("id: CVE-2024-6345, reason: r, until-fixed: true"),
            "`owner` is missing",
        ),
        (
            rule(&format!("id: CVE-2024-*, {ENDS}")),
            "not a vulnerability id",
        ),
        (
            rule(&format!("id: CVE-2024-6345, path: opt/x, {ENDS}")),
            "can never match",
        ),
        (
            rule(&format!("id: CVE-2024-6345, purl: setuptools, {ENDS}")),
            "not a package URL",
        ),
        (
            rule(&format!("id: CVE-2024-6345, created: 2027-01-01, {ENDS}")),
            "before it was made",
        ),
        (
            rule(&format!("id: '*', acknowledge-broad: true, {ENDS}")),
            "for which packages",
        ),
        (
            rule(&format!("id: '*', package: x, {ENDS}")),
            "also those not yet known",
        ),
        (
            rule(&format!(
                "id: CVE-2024-6345, package: '{}', {ENDS}",
                "x".repeat(2000)
            )),
            "longer",
        ),
    ] {
        if text.is_empty() {
            assert!(problems(&text)[0].contains(expected));
        } else {
            assert_problem(&text, expected);
        }
    }
}

#[test]
fn a_profile_may_build_on_the_shipped_one_of_its_own_name() {
    let policy = resolved(
        "version: 1\nprofiles: {production: {extends: production, severity: {low: warn, high: {unfixed: block}}}}",
    );
    assert_eq!(policy.action(Severity::Low, true), Action::Warn);
    assert_eq!(policy.action(Severity::High, false), Action::Block);
    assert_eq!(
        policy.action(Severity::High, true),
        Action::Block,
        "the shipped half"
    );
    assert_eq!(
        policy.action(Severity::Medium, true),
        Action::Warn,
        "inherited"
    );
}

#[test]
fn what_a_profile_states_about_scanners_replaces_the_policys() {
    let policy = parse(
        "version: 1\nscanners: {required: [trivy], quorum: 3, max-database-age: 2d}\n\
         profiles: {lab: {extends: production, scanners: {required: [], quorum: 1}}}",
        "p",
    )
    .unwrap();
    let usual = policy.resolve(None).unwrap();
    assert!(usual.requires(&ScannerId::new("trivy")));
    let lab = policy.resolve(Some("lab")).unwrap();
    assert_eq!(
        (lab.scanners().required.len(), lab.scanners().quorum),
        (0, 1)
    );
    assert_eq!(lab.scanners().max_database_age, Age::parse("48h"));
}

#[test]
fn an_unknown_profile_is_answered_with_those_there_are() {
    let error = Policy::built_in().resolve(Some("prodution")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "built-in has no profile `prodution`; it has development, production, research; did you mean \
         `production`?"
    );
}

#[test]
fn the_policy_as_applied_reads_back_and_decides_the_same() {
    let text = format!(
        "version: 1\nseverity: {{resolve: [grype, trivy]}}\nscanners: {{required: [snyk]}}\n\
         ignore: [{{id: CVE-2024-6345, version: '1.10', {ENDS}}}]"
    );
    let policy = parse(&text, "p")
        .unwrap()
        .resolve(Some("development"))
        .unwrap();
    let again = resolved(&policy.to_yaml().unwrap());
    assert_eq!(again.to_document(), policy.to_document());
    assert_eq!(again.profile(), "development");
    for severity in Severity::WORST_FIRST {
        for fixable in [true, false] {
            assert_eq!(
                again.action(severity, fixable),
                policy.action(severity, fixable)
            );
        }
    }
}

// --- deciding -----------------------------------------------------------------------------------

#[test]
fn the_severity_decides_and_the_rule_says_where_it_stands() {
    let policy = Policy::built_in().resolve(None).unwrap();
    for (severity, fix, action, rule) in [
        (
            Severity::Critical,
            FixState::NotFixed,
            Action::Block,
            "critical",
        ),
        (
            Severity::High,
            FixState::Fixed,
            Action::Block,
            "high.fixable",
        ),
        (
            Severity::High,
            FixState::WontFix,
            Action::Warn,
            "high.unfixed",
        ),
        (Severity::Medium, FixState::Fixed, Action::Warn, "medium"),
        (
            Severity::Negligible,
            FixState::Fixed,
            Action::Track,
            "negligible",
        ),
        (
            Severity::Unknown,
            FixState::Unknown,
            Action::Warn,
            "unknown",
        ),
    ] {
        let finding = decided(&policy, setuptools(severity, fix), "2026-01-01T00:00:00Z");
        let decision = finding.decision.unwrap();
        assert_eq!(decision.action, action, "{severity} {fix:?}");
        assert_eq!(
            decision.rule.rule,
            format!("profiles.production.severity.{rule}")
        );
        assert!(decision.also.is_empty() && !decision.rule.reason.is_empty());
    }
}

#[test]
fn a_rule_matches_by_any_id_of_the_class_but_not_by_related_ones() {
    for (id, expected) in [
        ("CVE-2024-6345", Action::Ignore),
        ("cve-2024-6345", Action::Ignore),
        ("GHSA-CX63-2MW6-8HW5", Action::Ignore),
        ("DEBIAN-CVE-2024-6345", Action::Ignore),
        ("USN-7002-1", Action::Block),
        ("CVE-2024-6346", Action::Block),
    ] {
        let policy = ignoring(&[&format!("id: {id}, {ENDS}")]);
        let finding = setuptools(Severity::Critical, FixState::Fixed);
        assert_eq!(action(&policy, finding), expected, "{id}");
    }
}

#[test]
fn every_condition_of_a_rule_has_to_hold() {
    for (conditions, expected) in [
        ("package: setuptools", Action::Ignore),
        ("package: 'SETUP*'", Action::Ignore),
        ("package: setuptools, version: '65.*'", Action::Ignore),
        ("package: setuptools, version: '66.*'", Action::Block),
        ("package: pip", Action::Block),
        ("purl: 'pkg:pypi/setuptools@65.5.1'", Action::Ignore),
        ("purl: 'pkg:pypi/setuptools@*'", Action::Ignore),
        ("purl: 'pkg:npm/*'", Action::Block),
        ("path: '/opt/conda/**'", Action::Ignore),
        ("path: '/opt/*'", Action::Block),
        ("ecosystem: python", Action::Ignore),
        ("ecosystem: npm", Action::Block),
    ] {
        let policy = ignoring(&[&format!("id: CVE-2024-6345, {conditions}, {ENDS}")]);
        let finding = setuptools(Severity::Critical, FixState::Fixed);
        assert_eq!(action(&policy, finding), expected, "{conditions}");
    }
}

#[test]
fn a_finding_is_ignored_only_when_all_its_packages_are_covered() {
    let two = || {
        let instances = vec![
            instance("setuptools", "65.5.1", &["/opt/conda/lib/setuptools"]),
            instance(
                "setuptools",
                "65.5.1",
                &["/usr/lib/python3/setuptools", "/opt/conda/x"],
            ),
        ];
        finding(
            "CVE-2024-6345",
            Severity::Critical,
            FixState::Fixed,
            instances,
        )
    };
    let conda = format!("id: CVE-2024-6345, path: '/opt/conda/**', {ENDS}");
    let both = format!("id: CVE-2024-6345, path: '/{{usr,opt}}/**', {ENDS}");
    let partly = decided(&ignoring(&[&conda]), two(), "2026-06-01T00:00:00Z")
        .decision
        .unwrap();
    assert_eq!(partly.action, Action::Block);
    assert!(
        partly.also[0]
            .reason
            .starts_with("covers 1 of 2 installed packages")
    );
    let whole = decided(&ignoring(&[&conda, &both]), two(), "2026-06-01T00:00:00Z")
        .decision
        .unwrap();
    assert_eq!(
        (whole.action, whole.rule.rule.as_str()),
        (Action::Ignore, "ignore[1]")
    );
    let order: Vec<_> = whole.also.iter().map(|rule| rule.rule.as_str()).collect();
    assert_eq!(
        order,
        [
            "ignore[0]",
            "built-in:profiles.production.severity.critical"
        ]
    );
}

#[test]
fn rules_may_cover_the_packages_of_a_finding_together() {
    let instances = vec![
        instance("setuptools", "65.5.1", &["/opt/a"]),
        instance("setuptools", "65.5.1", &["/usr/b"]),
    ];
    let finding = finding(
        "CVE-2024-6345",
        Severity::Critical,
        FixState::Fixed,
        instances,
    );
    let policy = ignoring(&[
        &format!("id: CVE-2024-6345, path: '/opt/*', {ENDS}"),
        &format!("id: CVE-2024-6345, path: '/usr/*', {ENDS}"),
    ]);
    let decision = decided(&policy, finding, "2026-06-01T00:00:00Z")
        .decision
        .unwrap();
    assert_eq!((decision.action, decision.also.len()), (Action::Ignore, 2));
}

#[test]
fn a_rule_holds_through_its_last_day_in_utc() {
    let policy = ignoring(&[&format!("id: CVE-2024-6345, {ENDS}")]);
    for (now, expected) in [
        ("2026-06-30T23:59:59.999999999Z", Action::Ignore),
        ("2026-07-01T01:30:00+02:00", Action::Ignore),
        ("2026-07-01T00:00:00Z", Action::Block),
    ] {
        let mut findings = [setuptools(Severity::Critical, FixState::Fixed)];
        let summary = decide(&policy, &mut findings, at(now));
        assert_eq!(
            findings[0].decision.as_ref().unwrap().action,
            expected,
            "{now}"
        );
        assert_eq!(
            summary.expired_rules.is_empty(),
            expected == Action::Ignore,
            "{now}"
        );
        assert!(summary.unused_rules.is_empty());
    }
}

#[test]
fn a_rule_until_there_is_a_fix_ends_with_the_fix() {
    let policy = ignoring(&["id: CVE-2024-6345, reason: no fix yet, owner: ml, until-fixed: true"]);
    assert_eq!(
        action(&policy, setuptools(Severity::Critical, FixState::Deferred)),
        Action::Ignore
    );
    let mut findings = [setuptools(Severity::Critical, FixState::Fixed)];
    let summary = decide(&policy, &mut findings, at("2026-06-01T00:00:00Z"));
    assert_eq!(findings[0].decision.as_ref().unwrap().action, Action::Block);
    assert_eq!(
        summary.expired_rules,
        [
            "ignore[0] (CVE-2024-6345, owner ml) held until a fix, and there is one; 1 finding counts again"
        ]
    );
}

#[test]
fn rules_that_are_over_or_match_nothing_are_told() {
    let policy = ignoring(&[
        "id: CVE-2020-1000, reason: r, owner: a, expires: 2026-12-31",
        "id: CVE-2024-6345, package: setuptools, reason: r, owner: b, expires: 2026-01-31",
    ]);
    let mut findings = [setuptools(Severity::Critical, FixState::Fixed)];
    let summary = decide(&policy, &mut findings, at("2026-06-01T00:00:00Z"));
    assert_eq!(
        summary.unused_rules,
        ["ignore[0] (CVE-2020-1000, owner a) matches no finding"]
    );
    assert_eq!(
        summary.expired_rules,
        [
            "ignore[1] (CVE-2024-6345 in setuptools, owner b) expired on 2026-01-31; 1 finding counts again"
        ]
    );
}

// --- judging ------------------------------------------------------------------------------------

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
        decide(&policy, &mut findings, now);
        let verdict = judge(&policy, &findings, &runs, now);
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
        let verdict = judge(&policy, &[], &runs, now);
        assert_eq!(verdict.exit_code, code, "{built:?} {verdict:?}");
        assert_eq!(
            database_notes(&policy, &runs, now).len(),
            notes,
            "{built:?}"
        );
    }
    let verdict = judge(&policy, &[], &with(Some("2026-05-01T12:00:00Z")), now);
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
        &[ok("trivy")],
        at("2026-06-01T00:00:00Z"),
    );
    assert_eq!(verdict.exit_code, 3);
}

// --- laws ---------------------------------------------------------------------------------------

fn any_rule() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        Just("id: CVE-2024-6345".to_owned()),
        Just("id: CVE-2020-1000".to_owned()),
        Just("id: GHSA-cx63-2mw6-8hw5".to_owned()),
        Just("id: '*', acknowledge-broad: true, ecosystem: pypi".to_owned()),
    ];
    let condition = prop_oneof![
        Just(""),
        Just(", package: setuptools"),
        Just(", package: pip"),
        Just(", path: '/opt/**'"),
        Just(", version: '65.*'"),
    ];
    let end = prop_oneof![
        Just("expires: 2026-01-01"),
        Just("expires: 2026-12-31"),
        Just("until-fixed: true"),
    ];
    (id, condition, end)
        .prop_map(|(id, condition, end)| format!("{id}{condition}, reason: r, owner: o, {end}"))
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let severity = proptest::sample::select(Severity::WORST_FIRST.to_vec());
    let fix = prop_oneof![Just(FixState::Fixed), Just(FixState::NotFixed)];
    let id = prop_oneof![
        Just("CVE-2024-6345"),
        Just("CVE-2020-1000"),
        Just("CVE-2021-2000")
    ];
    let place = prop_oneof![Just("/opt/x"), Just("/usr/x")];
    let places = proptest::collection::vec(place, 1..4);
    (severity, fix, id, places).prop_map(|(severity, fix, id, places)| {
        let instances = places
            .iter()
            .map(|path| instance("setuptools", "65.5.1", &[path]))
            .collect();
        finding(id, severity, fix, instances)
    })
}

proptest! {
    #[test]
    fn one_more_ignore_rule_never_adds_a_block(
        rules in proptest::collection::vec(any_rule(), 1..5),
        findings in proptest::collection::vec(any_finding(), 1..6),
    ) {
        let texts: Vec<&str> = rules.iter().map(String::as_str).collect();
        let now = at("2026-06-01T00:00:00Z");
        let (mut fewer, mut more) = (findings.clone(), findings);
        decide(&ignoring(&texts[1..]), &mut fewer, now);
        decide(&ignoring(&texts), &mut more, now);
        for (fewer, more) in fewer.iter().zip(&more) {
            let (fewer, more) = (fewer.decision.as_ref().unwrap(), more.decision.as_ref().unwrap());
            prop_assert!(more.action <= fewer.action);
            prop_assert!(more.action == fewer.action || more.action == Action::Ignore);
        }
    }

    #[test]
    fn any_text_gives_a_policy_or_problems(text in "\\PC{0,60}|(version: 1\n)?([a-z]+: ?[\\[{\"'*&!-]{0,3}\n?){0,6}") {
        if let Err(errors) = parse(&text, "p.yaml") {
            prop_assert!(!errors.problems.is_empty());
        }
    }
}
