//! From text to a policy, or to all that is wrong with it.

use super::*;

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
            rule(&format!(
                "id: CVE-2024-6345, path: '/data[!a]secret', {ENDS}"
            )),
            "would also match `/`",
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

#[test]
fn a_condition_without_a_value_is_no_condition() {
    let profile = |rule: &str| {
        format!("version: 1\nprofiles: {{p: {{extends: production, rules: [{rule}]}}}}")
    };
    for text in [
        profile("{name: r, when: {severity: }, then: track}"),
        profile("{name: r, when: {fix: none, path: }, then: track}"),
        format!("version: 1\nignore: [{{id: CVE-2024-6345, path: , {ENDS}}}]"),
        "version: 1\nrule-sets: {s: {argument: a, ignore: [{package: }]}}".to_owned(),
        "version: 1\nrule-sets: {s: {argument: a, unless-installed: , ignore: [{package: a}]}}"
            .to_owned(),
    ] {
        let found = problems(&text);
        assert!(
            found.iter().any(|problem| problem.contains("has no value")),
            "{text}: {found:#?}"
        );
    }
}

#[test]
fn an_entry_of_a_rule_set_names_what_it_leaves_out() {
    let set = |entry: &str, key: &str| match key {
        "ignore" => format!("version: 1\nrule-sets: {{s: {{argument: a, ignore: [{entry}]}}}}"),
        _ => format!(
            "version: 1\nrule-sets: {{s: {{argument: a, label: {{name: l, for: [{entry}]}}}}}}"
        ),
    };
    for entry in [
        "{path: '**'}",
        "{version: '*'}",
        "{ecosystem: deb}",
        "{state: disputed}",
        "{package: '*?'}",
        "{package: '[a-z]*'}",
        "{purl: 'pkg:deb/*'}",
    ] {
        assert_problem(&set(entry, "ignore"), "does not name");
        assert!(
            parse(&set(entry, "label"), "p").is_ok(),
            "a label decides nothing: {entry}"
        );
    }
    for entry in [
        "{package: 'linux-*'}",
        "{path: '/opt/**'}",
        "{id: CVE-2024-6345}",
        "{purl: 'pkg:deb/debian/*'}",
    ] {
        assert!(parse(&set(entry, "ignore"), "p").is_ok(), "{entry}");
    }
    assert_problem(
        "version: 1\nacknowledge-unchecked: [{package: '*', reason: r, owner: o, expires: 2026-01-01}]",
        "acknowledges everything",
    );
}

#[test]
fn ranges_of_other_languages_are_refused() {
    for version in ["!=2.0", "~3.0", "^1.2", "1.0 || 2.0", ">=1.0 <2.0", "<"] {
        let text =
            format!("version: 1\nignore: [{{id: CVE-2024-6345, version: '{version}', {ENDS}}}]");
        assert!(
            problems(&text)[0].contains("range of versions"),
            "{version}"
        );
    }
}

#[test]
fn secrets_have_no_place_in_a_policy_and_lists_have_an_end() {
    assert_problem(
        "version: 1\nenrichment: {kev: {url: 'https://u:p@feeds.example/kev'}}",
        "a user name or a password",
    );
    let many: Vec<String> = (0..101)
        .map(|n| format!("p{n}: {{extends: production}}"))
        .collect();
    assert_problem(
        &format!("version: 1\nprofiles: {{{}}}", many.join(", ")),
        "100 profiles",
    );
    assert_problem(
        "version: 1\nuse-rule-sets: [{name: disputed, owner: o, expires: 2026-01-01}, {name: disputed, owner: o, \
         expires: 2026-01-01}]",
        "used twice",
    );
}
