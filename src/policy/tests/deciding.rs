//! What a policy makes of one finding.

use super::*;

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
        ("purl: 'pkg:pypi/setuptools'", Action::Ignore),
        ("purl: 'pkg:pypi/setup'", Action::Block),
        ("version: '>=65, <66'", Action::Ignore),
        ("version: '<65.5.1'", Action::Block),
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
    assert_eq!(partly.also[0].instances, [0]);
    let whole = decided(&ignoring(&[&conda, &both]), two(), "2026-06-01T00:00:00Z")
        .decision
        .unwrap();
    assert_eq!(
        (whole.action, whole.rule.rule.as_str()),
        (Action::Ignore, "ignore[1]")
    );
    assert!(whole.rule.instances.is_empty() && whole.rule.covers(1));
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
        let summary = decide(&policy, &mut findings, &Circumstances::at(at(now)));
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
    let summary = decide(
        &policy,
        &mut findings,
        &Circumstances::at(at("2026-06-01T00:00:00Z")),
    );
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
    let summary = decide(
        &policy,
        &mut findings,
        &Circumstances::at(at("2026-06-01T00:00:00Z")),
    );
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

#[test]
fn each_vex_statement_names_the_packages_that_it_covers() {
    let installed = ["setuptools", "setuptools-stubs", "wheel", "pip"];
    let instances = installed.map(|name| instance(name, "65.5.1", &[]));
    let mut findings = [finding(
        "CVE-2024-6345",
        Severity::Critical,
        FixState::Fixed,
        instances.to_vec(),
    )];
    let statement = |names: &[&str], status: &str, justification: &str| {
        let purls: Vec<String> = names
            .iter()
            .map(|name| format!("pkg:pypi/{name}"))
            .collect();
        serde_json::json!({
            "vulnerability": "CVE-2024-6345", "products": purls, "status": status,
            "justification": justification,
        })
    };
    let document = serde_json::json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-01-01T00:00:00Z",
        "statements": [
            statement(&["setuptools", "wheel"], "not_affected", "component_not_present"),
            statement(&["setuptools-stubs"], "not_affected", "vulnerable_code_not_present"),
            statement(&["pip"], "affected", ""),
        ],
    });
    let document = vex::read(document.to_string().as_bytes(), "a.json").unwrap();
    let now = at("2026-06-01T00:00:00Z");
    let product = vex::Product::new(&TargetSummary::default(), &[]);
    let statements = vex::Statements::new(vec![document], &product, now);
    let circumstances = Circumstances {
        vex: Some(&statements),
        ..Circumstances::at(now)
    };
    let policy = Policy::built_in().resolve(None).unwrap();
    decide(&policy, &mut findings, &circumstances);
    let decision = findings[0].decision.take().unwrap();
    assert_eq!(decision.action, Action::Block);
    assert_eq!(
        decision.notes,
        ["a.json says affected, which ignores nothing"]
    );
    let covered: Vec<_> = decision
        .also
        .iter()
        .map(|rule| (rule.rule.as_str(), &rule.instances[..], rule.justification))
        .collect();
    assert_eq!(
        covered,
        [
            (
                "vex:a.json#/statements/0",
                &[0, 2][..],
                Some(Justification::ComponentNotPresent)
            ),
            (
                "vex:a.json#/statements/1",
                &[1],
                Some(Justification::VulnerableCodeNotPresent)
            ),
        ]
    );
}

#[test]
fn a_note_on_many_packages_is_told_once() {
    // Two documents take turns over the packages, so that equal notes are no neighbours.
    let installed = ["a", "b", "c", "d"];
    let instances = installed.map(|name| instance(name, "1", &[])).to_vec();
    let mut findings = [finding(
        "CVE-2024-6345",
        Severity::High,
        FixState::Fixed,
        instances,
    )];
    let document = |name: &str, packages: [&str; 2]| {
        let document = serde_json::json!({
            "@context": "https://openvex.dev/ns/v0.2.0",
            "statements": [{
                "vulnerability": "CVE-2024-6345", "status": "affected",
                "products": packages.map(|package| format!("pkg:pypi/{package}")),
            }],
        });
        vex::read(document.to_string().as_bytes(), name).unwrap()
    };
    let documents = vec![
        document("x.json", ["a", "c"]),
        document("y.json", ["b", "d"]),
    ];
    let now = at("2026-06-01T00:00:00Z");
    let product = vex::Product::new(&TargetSummary::default(), &[]);
    let statements = vex::Statements::new(documents, &product, now);
    let circumstances = Circumstances {
        vex: Some(&statements),
        ..Circumstances::at(now)
    };
    let policy = Policy::built_in().resolve(None).unwrap();
    decide(&policy, &mut findings, &circumstances);
    let decision = findings[0].decision.take().unwrap();
    assert_eq!(
        decision.notes,
        [
            "x.json says affected, which ignores nothing",
            "y.json says affected, which ignores nothing",
        ]
    );
}
