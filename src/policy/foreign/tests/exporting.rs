//! From rules to each tool's file.

use super::*;

#[test]
fn a_rule_never_loses_a_condition_on_its_way_out() {
    for (rule, format) in [
        ("id: CVE-1-1, package: openssl", Format::Trivyignore),
        ("id: CVE-1-1, until-fixed: true", Format::Trivyignore),
        ("id: CVE-1-1, until-fixed: true", Format::TrivyignoreYaml),
        ("id: CVE-1-1, package: openssl", Format::TrivyignoreYaml),
        (
            "id: CVE-1-1, package: openssl, ecosystem: deb",
            Format::TrivyignoreYaml,
        ),
        ("id: CVE-1-1, ecosystem: deb", Format::TrivyignoreYaml),
        ("id: CVE-1-1, version: '1'", Format::TrivyignoreYaml),
        ("id: CVE-1-1, path: '/**'", Format::TrivyignoreYaml),
        ("id: CVE-1-1, path: '/P*'", Format::TrivyignoreYaml),
        // registry/python:3.11-slim (debian 12.5)
        ("id: CVE-1-1, path: '**/python*'", Format::TrivyignoreYaml),
        ("id: CVE-1-1, path: '/*/python'", Format::TrivyignoreYaml),
        (
            "id: CVE-1-1, path: '**/status', purl: 'pkg:deb/debian/x@*'",
            Format::TrivyignoreYaml,
        ),
        ("id: CVE-1-1, until-fixed: true", Format::Grype),
        ("id: CVE-1-1, purl: 'pkg:pypi/x'", Format::TrivyignoreYaml),
        ("id: CVE-1-1, purl: 'pkg:pypi/x*'", Format::TrivyignoreYaml),
        (
            "id: CVE-1-1, package: x, purl: 'pkg:pypi/x@1'",
            Format::TrivyignoreYaml,
        ),
        (
            "id: '*', package: x, ecosystem: npm, acknowledge-broad: true",
            Format::TrivyignoreYaml,
        ),
        ("id: CVE-1-1, package: openssl", Format::Grype),
        (
            "id: CVE-1-1, package: 'a:b', ecosystem: maven",
            Format::Grype,
        ),
        ("id: CVE-1-1, path: /opt/**", Format::Grype),
        ("id: CVE-1-1, path: /opt/**, ecosystem: deb", Format::Grype),
        (
            "id: CVE-1-1, version: '>=1', package: x, ecosystem: npm",
            Format::Grype,
        ),
        (
            "id: CVE-1-1, version: '<2', package: x, ecosystem: npm",
            Format::TrivyignoreYaml,
        ),
        (
            "id: CVE-1-1, version: '1.*', package: x, ecosystem: npm",
            Format::Grype,
        ),
        ("id: CVE-1-1, purl: 'pkg:deb/debian/x@1'", Format::Grype),
        ("id: CVE-1-1, purl: 'pkg:npm/x'", Format::Grype),
        ("id: CVE-1-1, purl: 'pkg:npm/x@1*'", Format::Grype),
        ("id: CVE-1-1", Format::Snyk),
        ("id: SNYK-JS-X-1, package: x", Format::Snyk),
        ("id: SNYK-JS-X-1, until-fixed: true", Format::Snyk),
        ("id: SNYK-JS-X-1", Format::Trivyignore),
    ] {
        let export = exported(&[&format!("{rule}, {ENDS}")], format, false);
        assert!(
            export.notes.len() == 1 && export.notes[0].contains("not exported"),
            "{rule}: {export:?}"
        );
        assert!(
            !export.text.contains("1-1") && !export.text.contains("SNYK-"),
            "{}",
            export.text
        );
    }
}

#[test]
fn rules_past_their_end_stay_out_and_ends_are_carried() {
    let rules = [
        "id: CVE-1-1, reason: 'two\n\nlines', owner: 'a\u{85}b', expires: 2026-11-24",
        "id: CVE-1-2, reason: r, owner: o, expires: 2026-11-23",
    ];
    let flat = exported(&rules, Format::Trivyignore, false);
    assert_eq!(
        flat.notes,
        ["ignore[1] (CVE-1-2): not exported: it expired on 2026-11-23"]
    );
    assert!(
        flat.text.ends_with("\nCVE-1-1 exp:2026-11-25\n"),
        "{}",
        flat.text
    );
    assert_eq!(flat.text.lines().count(), 2, "{}", flat.text);
    let yaml = exported(&rules, Format::TrivyignoreYaml, false);
    assert!(
        yaml.text.contains("    expired_at: 2026-11-25\n"),
        "{}",
        yaml.text
    );
    let snyk = exported(
        &["id: SNYK-JS-X-1, reason: r, owner: o, created: 2026-01-01, expires: 2026-11-24"],
        Format::Snyk,
        false,
    );
    assert!(
        snyk.text
            .contains("expires: 2026-11-25T00:00:00.000Z\n        created: 2026-01-01T"),
        "{}",
        snyk.text
    );
    let grype = exported(&rules, Format::Grype, false);
    assert!(grype.notes[1].contains("expired on"), "{:?}", grype.notes);
    assert!(grype.notes[0].contains("it ends on 2026-11-24; Grype knows no end"));
}

#[test]
fn with_a_run_a_rule_becomes_what_it_ignores_there() {
    let rules = [
        format!("id: CVE-2024-5535, package: openssl, {ENDS}"),
        format!("id: '*', package: 'jinja*', path: '/opt/**', acknowledge-broad: true, {ENDS}"),
        format!("id: GHSA-h5c8-rqwp-cp95, version: '3.*', {ENDS}"),
        format!("id: CVE-2021-44228, {ENDS}"),
        format!("id: CVE-2024-9999, {ENDS}"),
    ];
    let rules = rules.each_ref().map(String::as_str);
    let yaml = exported(&rules, Format::TrivyignoreYaml, true);
    insta::assert_snapshot!("expanded_trivyignore_yaml", yaml.text);
    assert_eq!(
        yaml.notes,
        ["ignore[4] (CVE-2024-9999): not exported: it ignores nothing in this run"]
    );
    insta::assert_snapshot!("expanded_grype", exported(&rules, Format::Grype, true).text);
    insta::assert_snapshot!("expanded_snyk", exported(&rules, Format::Snyk, true).text);
    let flat = exported(&rules, Format::Trivyignore, true);
    assert!(
        flat.text
            .contains("CVE-2021-44228 exp:2027-01-01\nGHSA-jfh8-c2jp-5v3q exp:2027-01-01\n"),
        "{}",
        flat.text
    );
    assert_eq!(flat.notes.len(), 4, "{:?}", flat.notes);
}

#[test]
fn only_findings_that_are_ignored_as_a_whole_are_exported() {
    // One of the two copies of Jinja2 still counts.
    let rule = format!("id: CVE-2024-22195, path: '/opt/**', {ENDS}");
    let export = exported(&[&rule], Format::Grype, true);
    assert_eq!(export.text, "ignore: []\n");
    assert!(
        export.notes[0].contains("ignores nothing"),
        "{:?}",
        export.notes
    );
}

#[test]
fn a_path_below_a_named_folder_or_beside_a_package_is_exported() {
    for (rule, path) in [
        ("id: CVE-1-1, path: '/opt/**'", "opt/**"),
        (
            "id: CVE-1-1, path: '**/x/*', package: x, ecosystem: pypi",
            "**/x/*",
        ),
    ] {
        let export = exported(
            &[&format!("{rule}, {ENDS}")],
            Format::TrivyignoreYaml,
            false,
        );
        assert!(
            export.text.contains(&format!("      - \"{path}\"\n")),
            "{export:?}"
        );
    }
}

#[test]
fn snyk_is_given_no_rule_with_a_path() {
    let with_path = format!("id: CVE-2024-5535, path: '/var/**', {ENDS}");
    let export = exported(&[&with_path], Format::Snyk, true);
    assert!(export.text.contains("ignore: {}"), "{}", export.text);
    assert!(
        export.notes[0].contains("not exported: Snyk has no condition on paths"),
        "{:?}",
        export.notes
    );
}

#[test]
fn with_a_run_grype_learns_of_rules_until_a_fix() {
    let rule = "id: CVE-2024-22195, reason: r, owner: o, until-fixed: true";
    let export = exported(&[rule], Format::Grype, true);
    assert!(export.text.contains("fix-state: not-fixed"), "{export:?}");
}

#[test]
fn what_others_ignore_in_a_run_is_told() {
    let rule = format!("id: CVE-2021-44228, {ENDS}");
    let part = format!("id: CVE-2024-22195, path: '/opt/**', {ENDS}");
    let (rules, mut findings) = decided(&[&rule, &part]);
    let by = |rule: &str| RuleMatch::new(rule, Action::Ignore, "r");
    // OpenSSL by others alone, Jinja2 in part, Log4j by a rule of the list alone would do.
    for (finding, others) in findings.iter_mut().zip([
        &["vex:a#b.json#/statements/0", "vex:a#b.json#/statements/1"][..],
        &["rule-sets.old-copies.ignore[0]", "ignore[1]"],
        &["cuda.host-drivers", "ignore[0]"],
    ]) {
        let mut others = others.iter().map(|other| by(other));
        finding.decision = Some(Decision {
            action: Action::Ignore,
            rule: others.next().unwrap(),
            also: others.collect(),
            notes: Vec::new(),
        });
    }
    let export = export(&rules, Some(&findings), Format::TrivyignoreYaml, now());
    let [set, vex] = export.notes.as_slice() else {
        panic!("{:#?}", export.notes)
    };
    assert!(
        set.starts_with("rule-sets.old-copies ignores 1 finding and is not in this file; "),
        "{set}"
    );
    assert!(
        vex.starts_with("vex:a#b.json ignores 1 finding") && vex.contains("--format openvex"),
        "{vex}"
    );
}
