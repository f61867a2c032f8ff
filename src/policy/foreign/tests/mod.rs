//! What files of other tools become, and what becomes of rules.

mod exporting;
mod importing;
mod laws;

use super::super::{Circumstances, decide, parse};
use super::*;
use crate::model::{
    Action, Attachment, Decision, Ecosystem, FixState, Instance, ObservationRecord, PackageGroup,
    PackageRule, RuleMatch, ScannerId, Severity, SourcePackage,
};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T00:00:00Z".parse().unwrap()
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
        rule_text(rule)
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
        purl: Some(purl.to_owned()),
        ..crate::policy::tests::instance(name, version, paths)
    }
}

fn finding(ids: &[&str], ecosystem: Ecosystem, group: &str, instances: Vec<Instance>) -> Finding {
    let mut finding =
        crate::policy::tests::finding(ids[0], Severity::High, FixState::NotFixed, instances);
    finding.key = group.to_owned();
    finding.vulnerability.aliases = ids[1..].iter().map(|id| AdvisoryId::new(id)).collect();
    finding.vulnerability.related.clear();
    finding.package = PackageGroup {
        ecosystem,
        name: group.to_owned(),
        version: None,
    };
    finding
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
        advisory_source: None,
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
    let circumstances = Circumstances::at(now());
    decide(
        &policy.resolve(None).unwrap(),
        &mut findings,
        &circumstances,
    );
    (policy.document().ignore.clone(), findings)
}

const ENDS: &str = "reason: not reached, owner: ml, expires: 2026-12-31";

fn exported(rules: &[&str], format: Format, with_run: bool) -> Export {
    let (rules, findings) = decided(rules);
    let findings = with_run.then_some(findings.as_slice());
    export(&rules, findings, format, now())
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
