use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::ignore::IgnoreRules;
use super::super::{Circumstances, decide, parse};
use super::*;
use crate::model::{
    AdvisoryState, Attachment, Ecosystem, Fix, FixState, Instance, Location, ObservationRecord,
    PackageGroup, PackageRule, ResolvedSeverity, ScannerId, Severity, SourcePackage, Vulnerability,
};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn defaults() -> Defaults {
    Defaults {
        owner: "ml".to_owned(),
        expires: day("2026-12-31"),
        reason: None,
    }
}

fn imported(text: &str, name: &str) -> Import {
    let format = Format::of_file_name(name).unwrap();
    import(text, name, format, &defaults()).unwrap_or_else(|error| panic!("{error}"))
}

/// Each rule in one line, without what the defaults give.
fn summary(import: &Import) -> Vec<String> {
    let line = |rule: &IgnoreRule| {
        super::super::edit::rule_text(rule)
            .replace("owner: ml\n", "")
            .replace("expires: 2026-12-31\n", "")
            .trim_end()
            .replace('\n', ", ")
    };
    import.rules.iter().map(line).collect()
}

fn errors(text: &str, name: &str) -> String {
    let format = Format::of_file_name(name).unwrap();
    import(text, name, format, &defaults())
        .unwrap_err()
        .to_string()
}

fn instance(name: &str, version: &str, purl: &str, paths: &[&str]) -> Instance {
    Instance {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        purl: Some(purl.to_owned()),
        locations: paths
            .iter()
            .filter_map(|path| Location::new(Some(path), None))
            .collect(),
        scanners: vec![ScannerId::new("trivy")],
    }
}

fn finding(ids: &[&str], ecosystem: Ecosystem, group: &str, instances: Vec<Instance>) -> Finding {
    let mut ids = ids.iter().map(|id| AdvisoryId::new(id));
    Finding {
        key: group.to_owned(),
        vulnerability: Vulnerability {
            id: ids.next().unwrap(),
            aliases: ids.collect(),
            related: Vec::new(),
            assertions: Vec::new(),
            title: None,
            description: None,
            url: None,
            cwes: Vec::new(),
            published: None,
            state: AdvisoryState::Active,
            known_exploited: false,
            kev: None,
            epss: None,
        },
        package: PackageGroup {
            ecosystem,
            name: group.to_owned(),
            version: None,
        },
        instances,
        severity: ResolvedSeverity {
            level: Severity::High,
            source: None,
            rule: "vendor".to_owned(),
            lowest: Severity::High,
            highest: Severity::High,
            disputed: false,
        },
        ratings: Vec::new(),
        fix: Fix {
            state: FixState::NotFixed,
            ..Fix::default()
        },
        observations: Vec::new(),
        relations: Vec::new(),
        first_seen: None,
        labels: Vec::new(),
        verdicts: BTreeMap::new(),
        decision: None,
    }
}

fn observation(scanner: &str, id: &str, package: &str, version: &str) -> ObservationRecord {
    ObservationRecord {
        scanner: ScannerId::new(scanner),
        id: AdvisoryId::new(id),
        package: package.to_owned(),
        version: version.to_owned(),
        severity: Severity::High,
        fixed_in: Vec::new(),
        fix_state: FixState::NotFixed,
        pointer: String::new(),
        attachment: Attachment::Direct,
        package_rule: PackageRule::NormalName,
    }
}

/// An image with a Debian package of two binaries, a Python package in two places, one of Java.
fn image() -> Vec<Finding> {
    let mut openssl = finding(
        &["CVE-2024-5535", "SNYK-DEBIAN12-OPENSSL-1"],
        Ecosystem::Deb,
        "openssl",
        vec![
            instance(
                "libssl3",
                "1:3.0.11-1~deb12u2",
                "pkg:deb/debian/libssl3@1%3A3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
                &["/var/lib/dpkg/status"],
            ),
            instance(
                "openssl",
                "1:3.0.11-1~deb12u2",
                "pkg:deb/debian/openssl@1%3A3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
                &["/var/lib/dpkg/status"],
            ),
        ],
    );
    for instance in &mut openssl.instances {
        instance.source = Some(SourcePackage {
            name: "openssl".to_owned(),
            version: None,
        });
    }
    openssl.observations = ["libssl3", "openssl"]
        .map(|name| {
            observation(
                "snyk",
                "SNYK-DEBIAN12-OPENSSL-1",
                name,
                "1:3.0.11-1~deb12u2",
            )
        })
        .into();
    let mut jinja = finding(
        &[
            "CVE-2024-22195",
            "GHSA-h5c8-rqwp-cp95",
            "SNYK-PYTHON-JINJA2-1",
        ],
        Ecosystem::PyPi,
        "jinja2",
        vec![
            instance(
                "Jinja2",
                "2.11.2",
                "pkg:pypi/jinja2@2.11.2",
                &["/opt/old/METADATA"],
            ),
            instance(
                "Jinja2",
                "3.1.2",
                "pkg:pypi/jinja2@3.1.2",
                &["/usr/lib/[x]/METADATA"],
            ),
        ],
    );
    jinja.observations = vec![
        observation("grype", "GHSA-h5c8-rqwp-cp95", "jinja2", "3.1.2"),
        observation("grype", "GHSA-h5c8-rqwp-cp95", "jinja2", "2.11.2"),
        observation("snyk", "SNYK-PYTHON-JINJA2-1", "jinja2", "3.1.2"),
    ];
    let log4j = finding(
        &["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"],
        Ecosystem::Maven,
        "org.apache.logging.log4j:log4j-core",
        vec![instance(
            "org.apache.logging.log4j:log4j-core",
            "2.14.1",
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
            &["/srv/app.jar"],
        )],
    );
    vec![openssl, jinja, log4j]
}

/// Rules, each the text between `{` and `}`, and the findings of the image as they decide on them.
fn decided(rules: &[&str]) -> (Vec<IgnoreRule>, Vec<Finding>) {
    let mut text = "version: 1\nignore:\n".to_owned();
    for rule in rules {
        text.extend(["  - {", rule, "}\n"]);
    }
    let policy = parse(&text, "p.yaml").unwrap_or_else(|error| panic!("{error}"));
    let mut findings = image();
    let now = Circumstances::at("2026-11-24T00:00:00Z".parse().unwrap());
    decide(&policy.resolve(None).unwrap(), &mut findings, &now);
    (policy.document().ignore.clone(), findings)
}

const ENDS: &str = "reason: not reached, owner: ml, expires: 2026-12-31";

fn exported(rules: &[&str], format: Format, with_run: bool) -> Export {
    let (rules, findings) = decided(rules);
    let findings = with_run.then_some(findings.as_slice());
    export(&rules, findings, format, day("2026-11-24"))
}

#[test]
fn formats_are_known_by_file_name() {
    for (name, format) in [
        ("ci/.trivyignore", Some(Format::Trivyignore)),
        ("trivyignore.yaml", Some(Format::TrivyignoreYaml)),
        (".trivyignore.YML", Some(Format::TrivyignoreYaml)),
        ("a\\.grype.yaml", Some(Format::Grype)),
        ("grype.yml", Some(Format::Grype)),
        ("app.snyk", Some(Format::Snyk)),
        ("policy.yaml", None),
        ("mygrype.yaml", None),
        ("", None),
    ] {
        assert_eq!(Format::of_file_name(name), format, "{name}");
    }
}

#[test]
fn an_end_of_another_tool_is_the_first_moment_without_it() {
    for (text, last) in [
        ("2026-03-01", Some("2026-02-28")),
        ("2026-03-01T00:00:00Z", Some("2026-02-28")),
        ("2026-03-01T12:00:00.000Z", Some("2026-02-28")),
        ("2026-03-01T23:59:59Z", Some("2026-03-01")),
        ("2026-03-01T01:00:00+02:00", Some("2026-02-27")),
        ("2026-03-01 10:00:00", Some("2026-02-28")),
        ("soon", None),
        ("", None),
    ] {
        let found = last_day_before(text).map(|day| day.to_string());
        assert_eq!(found.as_deref(), last, "{text}");
    }
    assert_eq!(
        last_day_before(&day_after(day("2026-12-31")).to_string()),
        Some(day("2026-12-31"))
    );
}

#[test]
fn trivyignore_lines_with_comments_and_ends() {
    let import = imported(
        "# Not reached.\n# See ticket 5.\nCVE-2024-1111\nCVE-2024-2222 exp:2026-06-01\n\nGHSA-h5c8-rqwp-cp95 # trailing\r\n  \
         CVE-2024-3333 exp:2026-02-30\nAVD-DS-0002\naws-access-key-id\nCVE-2024-44*\n# nothing\n",
        ".trivyignore",
    );
    assert_eq!(
        summary(&import),
        [
            "id: CVE-2024-1111, reason: Not reached. See ticket 5.",
            "id: CVE-2024-2222, reason: Not reached. See ticket 5., expires: 2026-05-31",
            "id: GHSA-h5c8-rqwp-cp95, reason: trailing",
        ]
    );
    assert_eq!(
        import.notes,
        [
            ".trivyignore:7: not imported: `exp:2026-02-30` is no day; Trivy leaves such a line out too",
            ".trivyignore:8: not imported: `AVD-DS-0002` does not name a vulnerability",
            ".trivyignore:9: not imported: `aws-access-key-id` does not name a vulnerability",
            ".trivyignore:10: not imported: `CVE-2024-44*` does not name a vulnerability",
        ]
    );
    let silent = imported("CVE-2024-1111", ".trivyignore");
    assert_eq!(
        silent.rules[0].reason,
        "imported from .trivyignore, which gives no reason"
    );
}

#[test]
fn trivyignore_yaml_entries_with_their_conditions() {
    let import = imported(
        "\
vulnerabilities:
  - id: CVE-2024-1111
    paths: [opt/**, '**/x.jar', /abs, 'P*', '*']
    statement: stale
    expired_at: 2026-06-01
  - id: CVE-2024-2222
    purls:
      - pkg:deb/debian/openssl@3.0?epoch=1
      - pkg:npm/%40babel/core
      - pkg:deb/debian/zlib1g?arch=amd64
      - nonsense
    paths: ['**']
  - statement: no id
    unknown: key
  - id: secret
misconfigurations: [{id: AVD-1}]
secrets: []
",
        ".trivyignore.yaml",
    );
    let reason = "reason: imported from .trivyignore.yaml, which gives no reason";
    assert_eq!(
        summary(&import),
        [
            "id: CVE-2024-1111, path: /opt/**, reason: stale, expires: 2026-05-31".to_owned(),
            "id: CVE-2024-1111, path: \"**/x.jar\", reason: stale, expires: 2026-05-31".to_owned(),
            format!(
                "id: CVE-2024-2222, package: openssl, purl: pkg:deb/debian/openssl@*, \
                 version: \"1:3.0\", ecosystem: deb, {reason}"
            ),
            format!("id: CVE-2024-2222, package: \"@babel/core\", ecosystem: npm, {reason}"),
        ]
    );
    let notes: Vec<_> = import
        .notes
        .iter()
        .map(|n| n.split(": ").take(3).collect::<Vec<_>>().join(": "))
        .collect();
    assert_eq!(
        notes,
        [
            ".trivyignore.yaml:3: not imported: Trivy's paths have no leading `/`, so that this one matches nothing",
            ".trivyignore.yaml:3: not imported: the path also matches what Trivy calls `Python`, which is no path",
            ".trivyignore.yaml:3: not imported: the path also matches what Trivy calls `Python`, which is no path",
            ".trivyignore.yaml:10: not imported: `pkg:deb/debian/zlib1g?arch=amd64` names more than a version; leave out what follows `?` if every one is meant",
            ".trivyignore.yaml:11: not imported: `nonsense` is no package URL",
            ".trivyignore.yaml:13: not imported: it has no id",
            ".trivyignore.yaml:15: not imported: `secret` is not a vulnerability id",
            ".trivyignore.yaml:16: not imported: misconfigurations (1 in all); a policy is about vulnerabilities",
        ]
    );
}

#[test]
fn grype_entries_are_left_out_rather_than_widened() {
    let import = imported(
        "\
only-fixed: false
ignore:
  - vulnerability: CVE-2024-1111
    include-aliases: true
    namespace: \"\"
    reason: fine
  - vulnerability: CVE-2024-1111
    namespace: debian:distro:debian:12
  - vulnerability: CVE-2024-1111
    package: {name: openssl, type: deb, version: 3.0.1-1}
  - vulnerability: CVE-2024-1111
    fix-state: not-fixed
    package: {name: 'nvidia-.*', type: python, location: '/opt/**'}
  - fix-state: wont-fix
  - package: {name: linux-libc-dev, type: deb, upstream-name: linux}
    match-type: exact-indirect-match
  - package: {name: kernel-headers, type: rpm, upstream-name: kernel}
  - package: {name: libstdc\\+\\+6}
  - vex-status: not_affected
  - package: {type: jenkins-plugin}
  - package: {language: javascript, type: deb}
  - vulnerability: GHSA-jfh8-c2jp-5v3q
    package: {language: java, name: log4j-core}
  - package: {name: 'a|b', type: npm}
  - package: {version: '1'}
  - package: {name: x, type: npm, location: x}
",
        ".grype.yaml",
    );
    let reason = "reason: imported from .grype.yaml, which gives no reason";
    assert_eq!(
        summary(&import),
        [
            "id: CVE-2024-1111, reason: fine".to_owned(),
            format!(
                "id: CVE-2024-1111, package: openssl, purl: pkg:deb/*/openssl@*, version: \"3.0.1-1\", ecosystem: deb, {reason}"
            ),
            format!(
                "id: CVE-2024-1111, package: nvidia-*, path: /opt/**, ecosystem: pypi, {reason}, until-fixed: true"
            ),
            format!(
                "id: \"*\", package: kernel, purl: pkg:rpm/*/kernel-headers@*, ecosystem: rpm, acknowledge-broad: true, {reason}"
            ),
            format!(
                "id: \"*\", package: libstdc++6, purl: pkg:*/libstdc**6@*, acknowledge-broad: true, {reason}"
            ),
            format!(
                "id: GHSA-jfh8-c2jp-5v3q, purl: pkg:maven/*/log4j-core@*, ecosystem: maven, {reason}"
            ),
        ]
    );
    let lines: Vec<_> = import
        .notes
        .iter()
        .map(|note| note.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [7, 11, 14, 15, 19, 20, 21, 24, 25, 26].map(|line| format!(".grype.yaml:{line}")),
        "{:#?}",
        import.notes
    );
}

#[test]
fn snyk_entries_by_path() {
    let import = imported(
        "\
version: v1.25.0
ignore:
  SNYK-DEBIAN12-OPENSSL-1:
    - '*':
        reason: fine
        expires: 2026-06-01T00:00:00.000Z
        created: 2026-01-05T10:00:00.000Z
        disregardIfFixable: true
    - '* > openssl/libssl3@1:3.0':
        reason: ''
  SNYK-JS-AXIOS-1:
    - 'a > b > axios@0.21.0': {reason: deep}
      '* > axios@0.21.0':
    - '* > axios@<1.0': {}
  npm:debug:20170905:
    - '*': {created: 2027-01-01, expires: 2026-12-01}
  snyk:lic:pip:x:GPL: [{'*': {}}]
  SNYK-NEW-X-1: [{'* > x': {}}]
  SNYK-NEW-X-2:
patch: {'npm:ms:1': [{'a': {patched: 2020-01-01}}]}
exclude: {}
",
        ".snyk",
    );
    let reason = "reason: imported from .snyk, which gives no reason";
    assert_eq!(
        summary(&import),
        [
            "id: SNYK-DEBIAN12-OPENSSL-1, reason: fine, created: 2026-01-05, expires: 2026-05-31, until-fixed: true".to_owned(),
            format!("id: SNYK-DEBIAN12-OPENSSL-1, package: libssl3, purl: pkg:deb/*/libssl3@*, version: \"1:3.0\", ecosystem: deb, {reason}"),
            format!("id: SNYK-JS-AXIOS-1, package: axios, version: \"0.21.0\", ecosystem: npm, {reason}"),
            format!("id: npm:debug:20170905, {reason}, expires: 2026-11-30"),
        ]
    );
    let lines: Vec<_> = import
        .notes
        .iter()
        .map(|n| n.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [12, 14, 17, 18, 20].map(|line| format!(".snyk:{line}")),
        "{:#?}",
        import.notes
    );
}

#[test]
fn files_that_their_own_tool_could_not_read_are_errors_with_every_place() {
    let error = errors(
        "ignore:\n  - vulnerability: [CVE-1]\n  - package: openssl\n  - package: {version: 1.10}\n",
        ".grype.yaml",
    );
    assert!(
        error.contains(".grype.yaml:2:20: ignore[0].vulnerability: expected text, found a list"),
        "{error}"
    );
    assert!(
        error.contains(".grype.yaml:3:14: ignore[1].package: expected keys and values"),
        "{error}"
    );
    assert!(error.contains("put it into quotes"), "{error}");
    for (text, name, part) in [
        ("a: [", ".snyk", "not a file of this kind"),
        (
            "ignore: 1",
            ".snyk",
            ".snyk:1:9: ignore: expected ids with lists",
        ),
        ("ignore: {A: {x: y}}", ".snyk", "ignore.A: expected a list"),
        (
            "vulnerabilities:\n - id: CVE-1-1\n   expired_at: soon\n",
            ".trivyignore.yaml",
            ":3:16: vulnerabilities[0].expired_at: expected a day",
        ),
        (
            "- a\n",
            ".grype.yaml",
            "expected keys and values, found a list",
        ),
        (&"#".repeat(2 << 20), ".trivyignore", "at most"),
    ] {
        let error = errors(text, name);
        assert!(error.contains(part), "{error}");
    }
    for name in [".grype.yaml", ".snyk", ".trivyignore.yaml", ".trivyignore"] {
        assert_eq!(imported("# nothing\n", name).rules, []);
    }
}

#[test]
fn many_entries_that_are_left_out_take_no_time() {
    let text = format!("ignore:\n{}", "  - namespace: x\n".repeat(3000));
    let import = imported(&text, ".grype.yaml");
    assert_eq!(import.notes.len(), 3000);
    assert!(import.notes[0].starts_with(".grype.yaml:2: "));
    assert!(import.notes[2999].starts_with(".grype.yaml: ignore[2999]: "));
}

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

/// For each finding of the image and each of its packages: whether one of the rules covers it.
fn covers(rules: &[IgnoreRule]) -> Vec<bool> {
    let compiled = IgnoreRules::listed(rules).unwrap();
    let mut all = Vec::new();
    for finding in image() {
        let mut covered = vec![false; finding.instances.len()];
        for (_, rule) in compiled.naming(&finding) {
            for (flag, covers) in covered.iter_mut().zip(rule.covers(&finding)) {
                *flag |= covers;
            }
        }
        all.extend(covered);
    }
    all
}

fn some_rule() -> impl Strategy<Value = IgnoreRule> {
    let id = prop::sample::select(vec![
        "CVE-2024-5535",
        "CVE-2024-22195",
        "CVE-2021-44228",
        "GHSA-h5c8-rqwp-cp95",
        "SNYK-PYTHON-JINJA2-1",
        "*",
    ]);
    let pick = |values: &[&'static str]| {
        prop::option::of(prop::sample::select(values.to_vec()).prop_map(str::to_owned))
    };
    (
        id,
        pick(&[
            "openssl",
            "libssl3",
            "jinja2",
            "Jinja*",
            "log4j-core",
            "org.apache.logging.log4j:log4j-core",
        ]),
        pick(&[
            "pkg:pypi/jinja2@*",
            "pkg:pypi/jinja2@3.1.2",
            "pkg:deb/debian/openssl@*",
            "pkg:deb/*",
            "pkg:maven/org.apache.logging.log4j/log4j-core@*",
        ]),
        pick(&[
            "/opt/**",
            "/usr/lib/**",
            "**",
            "**/METADATA",
            "/srv/app.jar",
        ]),
        pick(&["3.1.2", "2.*", "1:3.0.11-1~deb12u2"]),
        pick(&["deb", "pypi", "maven"]),
        any::<bool>(),
    )
        .prop_filter_map("a policy would refuse it", |picked| {
            let (id, package, purl, path, version, ecosystem, until_fixed) = picked;
            check(&IgnoreRule {
                id: id.to_owned(),
                package,
                purl,
                path,
                version,
                ecosystem,
                reason: "not: reached # at \"all\"".to_owned(),
                owner: "ml".to_owned(),
                reference: None,
                justification: None,
                created: None,
                expires: (!until_fixed).then(|| day("2026-12-31")),
                until_fixed,
                acknowledge_broad: id == "*",
            })
            .ok()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_comes_back_from_another_format_covers_the_same(
        rule in some_rule(),
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let export = export(std::slice::from_ref(&rule), None, format, day("2026-11-24"));
        let back = import(&export.text, "x", format, &defaults()).map_err(|error| {
            TestCaseError::fail(format!("{error}\n{}", export.text))
        })?;
        let (before, after) = (covers(std::slice::from_ref(&rule)), covers(&back.rules));
        if export.notes.iter().any(|note| note.contains("not exported")) {
            prop_assert_eq!(back.rules.len(), 0, "{}", export.text);
        } else {
            prop_assert_eq!(before, after, "{}\n{:?}", export.text, back);
        }
    }

    #[test]
    fn hostile_files_give_rules_or_errors(
        text in "(ignore:\n|vulnerabilities:\n)?[-a-z0-9: #>*@/\\[\\]{}\n\"'.|&!\u{0}\u{feff}]{0,80}",
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let _ = import(&text, "x", format, &defaults());
    }

    #[test]
    fn exports_hold_whatever_text_a_rule_has(
        reason in "[^ ].{0,20}[^ ]",
        owner in "[^ ].{0,10}[^ ]",
        format in prop::sample::select(vec![Format::TrivyignoreYaml, Format::Grype, Format::Snyk]),
    ) {
        let id = if format == Format::Snyk { "SNYK-JS-X-1" } else { "CVE-2024-5535" };
        let rule = IgnoreRule { reason, owner, ..IgnoreRule {
            id: id.to_owned(), package: None, purl: None, path: None, version: None,
            ecosystem: None, reason: String::new(), owner: String::new(), reference: None,
            justification: None, created: None, expires: Some(day("2026-12-31")),
            until_fixed: false, acknowledge_broad: false,
        }};
        prop_assume!(!rule.reason.trim().is_empty());
        let export = export(std::slice::from_ref(&rule), None, format, day("2026-11-24"));
        let back = import(&export.text, "x", format, &defaults()).unwrap();
        prop_assert_eq!(back.rules.len(), 1);
        prop_assert_eq!(&back.rules[0].reason, rule.reason.trim());
    }
}
