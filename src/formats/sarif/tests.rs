use super::*;
use crate::formats::infer::tests::survives_damage;
use crate::model::{AdvisorySource, FixState};

fn report(text: &str) -> ScannerReport {
    crate::formats::read(text.as_bytes()).unwrap()
}

fn package(report: &ScannerReport, index: usize) -> &Package {
    report.package(report.observations[index].package).unwrap()
}

const TRIVY: &str = r#"{"version": "2.1.0", "$schema": "x", "runs": [{
  "tool": {"driver": {"name": "Trivy", "version": "0.42.1", "rules": [
    {"id": "CVE-2022-0563", "name": "OsPackageVulnerability",
     "shortDescription": {"text": "reads &#34;files&#34;"}, "helpUri": "https://avd.example/cve-2022-0563",
     "properties": {"cvssv3_baseScore": 5.5, "security-severity": "2.0", "tags": ["vulnerability", "LOW"],
       "cvssv3_vector": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N"}},
    {"id": "CVE-2023-4863", "name": "LanguageSpecificPackageVulnerability"},
    {"id": "aws-access-key-id", "name": "Secret"}]}},
  "properties": {"imageName": "nginx:1", "imageID": "sha256:bb", "repoDigests": ["nginx@sha256:13"]},
  "originalUriBaseIds": {"ROOTPATH": {"uri": "file:///"}},
  "results": [
    {"ruleId": "CVE-2022-0563", "ruleIndex": 0, "level": "note",
     "message": {"text": "Package: bsdutils\nInstalled Version: 1:2.38.1-5+b1\nVulnerability CVE-2022-0563\nSeverity: LOW\nFixed Version: \nLink: [x](y)"},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "library/nginx"}}}]},
    {"ruleId": "CVE-2022-0563", "ruleIndex": 1, "message": {"text": "Package: mount\nInstalled Version: 2.38\nSeverity: LOW\nFixed Version: 2.39, 2.40"}},
    {"ruleId": "CVE-2023-4863", "ruleIndex": 1,
     "message": {"text": "Package: Pillow\nInstalled Version: 9.4.0\nSeverity: HIGH\nFixed Version: 10.0.1"},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "usr/lib/Pillow-9.4.0.dist-info/METADATA"}}}]},
    {"ruleId": "aws-access-key-id", "ruleIndex": 2, "message": {"text": "Artifact: a\nSeverity: HIGH"}},
    {"ruleId": {}}]}]}"#;

#[test]
fn trivys_os_packages_are_told_by_the_versions_of_all() {
    let report = report(TRIVY);
    assert_eq!(report.identity, IdentityQuality::Reduced);
    let kinds: Vec<(&str, &str, &str)> = (0..3)
        .map(|index| {
            let package = package(&report, index);
            (
                package.ecosystem.as_str(),
                package.name.as_str(),
                package.version.as_str(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("deb", "bsdutils", "1:2.38.1-5+b1"),
            ("deb", "mount", "2.38"),
            ("pypi", "Pillow", "9.4.0")
        ]
    );
    assert!(package(&report, 0).locations.is_empty());
    assert_eq!(
        package(&report, 2).locations[0].path.as_deref(),
        Some("/usr/lib/Pillow-9.4.0.dist-info/METADATA")
    );
    assert_eq!(
        (
            report.entries,
            report.not_vulnerabilities,
            report.unreadable()
        ),
        (5, 1, 1)
    );
}

#[test]
fn trivys_facts_and_target() {
    let report = report(TRIVY);
    let first = &report.observations[0];
    assert_eq!(first.severity, Severity::Low);
    assert_eq!(first.ratings[1].cvss.as_ref().unwrap().score, Some(5.5));
    assert_eq!(first.fix.state, FixState::Unknown);
    // The second result's index points at another rule: its id decides.
    assert_eq!(report.observations[1].fix.versions, ["2.39", "2.40"]);
    assert_eq!(
        report.advisories[&first.id].title.as_deref(),
        Some("reads \"files\"")
    );
    let target = report.target;
    assert_eq!(target.name.as_deref(), Some("nginx:1"));
    assert_eq!(target.config_digest.as_deref(), Some("sha256:bb"));
    assert_eq!(target.repo_digests, ["nginx@sha256:13"]);
    assert!(!target.not_an_image);
}

const DIGEST: &str = "sha256:13d22ec63300e16014d4a42aed735207a8b33c223cff19627dd3042e5a10a3a0";

fn grype() -> String {
    r#"{"version": "2.1.0", "runs": [{
  "tool": {"driver": {"name": "Grype", "version": "0.63.0", "rules": [
    {"id": "CVE-2007-5686-login", "shortDescription": {"text": "CVE-2007-5686 low vulnerability for login package"},
     "fullDescription": {"text": "A log can be read."},
     "help": {"text": "Vulnerability CVE-2007-5686\nSeverity: low\nPackage: login\nVersion: 1:4.13+b1\nFix Version: 1:4.14\nType: deb\nLocation: /x\nData Namespace: debian:distro:debian:12\nLink: [CVE-2007-5686](https://security-tracker.example/CVE-2007-5686)"}},
    {"id": "GHSA-aaaa-bbbb-cccc-github.com/a/b", "help": {"text": "Vulnerability GHSA-aaaa-bbbb-cccc\nSeverity: high\nPackage: github.com/a/b\nVersion: v1\nType: go-module\nData Namespace: github:language:go"}}]}},
  "results": [
    {"ruleId": "CVE-2007-5686-login",
     "message": {"text": "The path /d reports login at version 1:4.13+b1  which is a vulnerable (deb) package installed in the container"},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "image//d"}},
       "logicalLocations": [
        {"name": "/d", "fullyQualifiedName": "nginx@DIGEST@sha256:51:/d"},
        {"name": "/e", "fullyQualifiedName": "nginx@DIGEST@sha256:47:/e"}]}]},
    {"ruleId": "GHSA-aaaa-bbbb-cccc-github.com/a/b",
     "message": {"text": "A high vulnerability in go-module package: github.com/a/b, version v2.0.0 was found in image nginx at: /bin/x"}}]}]}"#
        .replace("DIGEST", DIGEST)
}

#[test]
fn grypes_rule_is_an_id_and_a_package_and_its_message_has_the_version() {
    let report = report(&grype());
    let login = package(&report, 0);
    assert_eq!(
        (
            login.ecosystem.as_str(),
            login.name.as_str(),
            login.version.as_str()
        ),
        ("deb", "login", "1:4.13+b1")
    );
    assert_eq!(login.locations.len(), 2);
    assert_eq!(login.locations[0].layer.as_deref(), Some("sha256:51"));
    let first = &report.observations[0];
    assert_eq!(first.id.as_str(), "CVE-2007-5686");
    assert_eq!(
        first.ratings[0].source,
        RatingSource::Distro("debian".to_owned())
    );
    assert_eq!(first.fix.versions, ["1:4.14"]);
    assert_eq!(
        report.advisories[&first.id].url.as_deref(),
        Some("https://security-tracker.example/CVE-2007-5686")
    );
    let module = package(&report, 1);
    assert_eq!(
        (module.ecosystem.as_str(), module.version.as_str()),
        ("golang", "v2.0.0")
    );
    assert_eq!(report.observations[1].id.as_str(), "GHSA-aaaa-bbbb-cccc");
}

#[test]
fn grypes_target_is_in_the_qualified_name() {
    let target = report(&grype()).target;
    let name = format!("nginx@{DIGEST}");
    assert_eq!(target.name.as_deref(), Some(name.as_str()));
    assert_eq!(target.repo_digests, [name]);
    assert_eq!(target.distro.unwrap().version, "12");
}

fn snyk() -> String {
    r###"{"version": "2.1.0", "runs": [
  {"tool": {"driver": {"name": "Snyk Container", "rules": [
    {"id": "SNYK-DEBIAN12-SHADOW-1000001",
     "shortDescription": {"text": "Low severity - Invented Weakness vulnerability in shadow"},
     "fullDescription": {"text": "(CVE-2007-5686, CVE-2007-5687) shadow/passwd@1:4.13+dfsg1-1+b1"},
     "help": {"text": "", "markdown": "## NVD Description\nx\n## Remediation\nUpgrade `Debian:12` `shadow` to version 1:4.14 or higher.\n## References\n- a"},
     "properties": {"tags": ["security", "CWE-264", "deb"], "cvssv3_baseScore": 7.5}},
    {"id": "SNYK-DEBIAN12-TAR-1", "fullDescription": {"text": "tar@1.34"},
     "help": {"text": "", "markdown": "## Remediation\nThere is no fixed version for `Debian:12` `tar`."},
     "properties": {"tags": ["security", "deb"]}}]}},
   "results": [
    {"ruleId": "SNYK-DEBIAN12-SHADOW-1000001", "level": "note", "message": {"text": "x"},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "nginx@DIGEST"}}}]},
    {"ruleId": "SNYK-DEBIAN12-TAR-1", "level": "warning"},
    {"ruleId": "SNYK-DEBIAN12-GONE-1", "level": "warning"}]},
  {"tool": {"driver": {"name": "Snyk Container"}}, "results": []}]}"###
        .replace("DIGEST", &DIGEST.replace(':', "_"))
}

#[test]
fn snyks_description_names_cves_source_and_binary() {
    let report = report(&snyk());
    let passwd = package(&report, 0);
    assert_eq!(
        (
            passwd.ecosystem.as_str(),
            passwd.name.as_str(),
            passwd.version.as_str()
        ),
        ("deb", "passwd", "1:4.13+dfsg1-1+b1")
    );
    assert_eq!(passwd.source.as_ref().unwrap().name, "shadow");
    let first = &report.observations[0];
    let links: Vec<(&str, &str)> = first
        .links
        .iter()
        .map(|l| (l.id.as_str(), l.field))
        .collect();
    assert_eq!(
        links,
        [
            ("CVE-2007-5686", "fullDescription"),
            ("CVE-2007-5687", "fullDescription")
        ]
    );
    assert_eq!(first.severity, Severity::Low);
    assert_eq!(first.advisory_source, Some(AdvisorySource::Distribution));
    assert!(first.ratings.iter().all(|rating| rating.cvss.is_none()));
    assert_eq!(first.fix.versions, ["1:4.14"]);
    assert_eq!(package(&report, 1).source.as_ref().unwrap().name, "tar");
    assert_eq!(report.observations[1].fix.state, FixState::NotFixed);
    assert_eq!(report.observations[1].severity, Severity::Medium);
    assert_eq!(report.advisories[&first.id].cwes, ["CWE-264"]);
}

#[test]
fn several_runs_of_one_tool_are_one_report() {
    let report = report(&snyk());
    assert_eq!(
        (
            report.entries,
            report.observations.len(),
            report.unreadable()
        ),
        (3, 2, 1)
    );
    let name = format!("nginx@{DIGEST}");
    assert_eq!(report.target.name.as_deref(), Some(name.as_str()));
    assert_eq!(report.target.distro.unwrap().family, "debian");
}

#[test]
fn a_run_of_another_tool_is_not_mixed_in() {
    let report = report(
        r#"{"version": "2.1.0", "runs": [
          {"tool": {"driver": {"name": "Trivy"}}, "results": []},
          {"tool": {"driver": {"name": "OtherScanner"}}, "results": [{"ruleId": "CVE-2024-1000"}]},
          {"tool": {"driver": {"name": "Third"}}, "results": [{"ruleId": "CVE-2024-1001"}]}]}"#,
    );
    assert_eq!(report.scanner.as_str(), "otherscanner");
    assert_eq!(
        (
            report.entries,
            report.observations.len(),
            report.unreadable()
        ),
        (2, 1, 1)
    );
}

const SCOUT: &str = r#"{"version": "2.1.0", "runs": [{
  "tool": {"driver": {"name": "docker scout", "version": "1.20.0", "rules": [
    {"id": "CVE-2026-10001", "name": "OsPackageVulnerability",
     "helpUri": "https://scout.example/v/CVE-2026-10001?s=github&n=tar&t=npm",
     "properties": {"affected_version": "<7.5.8", "fixed_version": "7.5.8", "cvssV3": 8.7,
       "cvssV3_severity": "HIGH", "purls": ["pkg:npm/tar@4.4.19", "pkg:npm/tar@6.2.1"],
       "cvssV3_vector": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}},
    {"id": "CVE-2007-5686", "helpUri": "https://scout.example/v/CVE-2007-5686?s=debian",
     "properties": {"cvssV3_severity": "LOW", "fixed_version": "not fixed", "security-severity": "3.1",
       "purl": "pkg:deb/debian/shadow@1:4.13+dfsg1-1?os_distro=bookworm&os_name=debian&os_version=12"}}]}},
  "results": [
    {"ruleId": "CVE-2026-10001", "message": {"text": "Vulnerability   :CVE-2026-10001  \nSeverity        :HIGH  \nPackage         :pkg:npm/tar@6.2.1  \nAffected range  :<6.2.2  \nFixed version   :6.2.2  \nEPSS Score      :0.002840  \nEPSS Percentile :0.510000  \n"},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "/a/package.json"}}},
       {"physicalLocation": {"artifactLocation": {"uri": "/a/package.json"}}}]},
    {"ruleId": "CVE-2007-5686", "message": {"text": "no table"}},
    {"ruleId": "CVE-2026-10001", "message": {"text": "no table"}}]}]}"#;

#[test]
fn scouts_table_pairs_package_and_fix_and_the_rule_stands_in() {
    let report = report(SCOUT);
    assert_eq!(report.scanner.as_str(), "docker-scout");
    let first = &report.observations[0];
    assert_eq!(package(&report, 0).version, "6.2.1");
    assert_eq!(package(&report, 0).locations.len(), 1);
    assert_eq!(first.fix.versions, ["6.2.2"]);
    assert_eq!(first.ratings[0].source.name(), "ghsa");
    assert_eq!(first.advisory_source, Some(AdvisorySource::Github));
    assert_eq!(first.ratings[0].cvss.as_ref().unwrap().version, "4.0");
    let shadow = package(&report, 1);
    assert_eq!(shadow.source.as_ref().unwrap().name, "shadow");
    assert_eq!(report.observations[1].fix.state, FixState::NotFixed);
    assert_eq!(
        report.observations[1].ratings[0].source,
        RatingSource::Distro("debian".to_owned())
    );
    // Both packages of the rule, whose fix belongs to one of them only.
    assert_eq!(report.observations.len(), 4);
    assert_eq!(report.observations[2].fix.state, FixState::Unknown);
    assert_eq!(report.target.distro.unwrap().version, "12");
}

const GENERIC: &str = r#"{"version": "2.1.0", "runs": [{
  "tool": {"driver": {"name": "some-tool", "rules": [
    {"id": "CVE-2024-1000", "properties": {"security-severity": "9.1", "tags": ["security"]}},
    {"id": "CIS-DI-0010"},
    {"id": "ACME-7", "properties": {"tags": ["vulnerability", "HIGH"], "purl": "pkg:npm/a@1.0.0"}},
    {"id": "GHSA-aaaa-bbbb-cccc", "deprecatedIds": ["GHSA-aaaa-bbbb-cccc", "CVE-2024-1001", "old"]}]}},
  "results": [
    {"ruleId": "CVE-2024-1000", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "usr/bin/tool"}}}]},
    {"ruleId": "CIS-DI-0010", "level": "error"},
    {"ruleId": "ACME-7"},
    {"rule": {"index": 3}, "message": {"text": "Package '@a/b@4.17.15' is vulnerable to 'GHSA-aaaa-bbbb-cccc'."}},
    {"ruleId": "CVE-2024-1002", "level": "warning", "message": {"text": "Package: x\nInstalled Version: 2"},
     "suppressions": [{"kind": "external", "justification": "not used"}]},
    {"ruleId": "CVE-2024-1003", "kind": "pass"}]}]}"#;

#[test]
fn any_tools_advisories_are_kept_and_its_lints_are_not() {
    let report = report(GENERIC);
    let seen: Vec<(&str, &str, &str)> = (0..report.observations.len())
        .map(|index| {
            let package = package(&report, index);
            (
                report.observations[index].id.as_str(),
                package.ecosystem.as_str(),
                package.name.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("CVE-2024-1000", "generic", "usr/bin/tool"),
            ("ACME-7", "npm", "a"),
            ("GHSA-aaaa-bbbb-cccc", "npm", "@a/b"),
        ]
    );
    assert_eq!((report.entries, report.not_vulnerabilities), (6, 2));
    assert_eq!(report.observations[0].severity, Severity::Critical);
    assert_eq!(report.observations[2].links[0].id.as_str(), "CVE-2024-1001");
    assert_eq!(report.observations[2].links.len(), 1);
    assert_eq!(report.suppressed[0].reason, "not used");
    assert_eq!(report.diagnostics.len(), 1);
}

#[test]
fn a_word_in_the_properties_counts_in_our_own_files_only() {
    let read = |tool: &str, word: &str| {
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "{tool}", "rules": [
                {{"id": "CVE-2024-1000", "properties": {{"security-severity": "9.8"}}}}]}}}},
              "results": [{{"ruleId": "CVE-2024-1000", "properties": {{"severity": "{word}"}}}}]}}]}}"#
        );
        report(&text).observations[0].severity
    };
    assert_eq!(read("crosscheck", "negligible"), Severity::Negligible);
    assert_eq!(read("crosscheck", "unknown"), Severity::Critical);
    for word in ["low", "unknown", "LOW"] {
        assert_eq!(read("some-tool", word), Severity::Critical);
    }
}

#[test]
fn nothing_found_is_a_valid_report() {
    for text in [
        r#"{"version": "2.1.0", "runs": []}"#,
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "docker scout", "rules": []}}, "results": []}]}"#,
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": null}]}"#,
    ] {
        let report = report(text);
        assert_eq!((report.entries, report.observations.len()), (0, 0));
        assert_eq!((&report.failure, report.diagnostics.len()), (&None, 0));
    }
}

#[test]
fn a_run_that_failed_without_results_is_a_failure() {
    let report = report(
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}},
            "invocations": [{"executionSuccessful": false}], "results": []}]}"#,
    );
    assert!(report.failure.is_some());
}

#[test]
fn damaged_reports_never_panic() {
    for text in [TRIVY, &grype(), &snyk(), SCOUT, GENERIC] {
        survives_damage(text);
    }
}

#[test]
fn scouts_table_gives_the_score_of_exploitation() {
    let report = report(SCOUT);
    let epss = |id: &str| report.advisories[&AdvisoryId::new(id)].epss.clone();
    let read = epss("CVE-2026-10001").unwrap();
    assert_eq!((read.score, read.percentile), (0.002_84, Some(0.51)));
    assert_eq!(epss("CVE-2007-5686"), None);
}
