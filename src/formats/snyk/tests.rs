use super::*;
use crate::formats::infer::tests::survives_damage;
use crate::model::{AdvisorySource, IdRole};

fn report(text: &str) -> ScannerReport {
    crate::formats::read(text.as_bytes()).unwrap()
}

fn package<'r>(report: &'r ScannerReport, observation: &Observation) -> &'r Package {
    report.package(observation.package).unwrap()
}

const IMAGE: &str = r#"{
  "ok": false, "packageManager": "deb", "path": "acme/app:1.0/app",
  "projectName": "docker-image|acme/app", "platform": "linux/amd64",
  "docker": {"os": {"prettyName": "Debian GNU/Linux 12 (bookworm)"}},
  "vulnerabilities": [
    {"id": "SNYK-DEBIAN12-OPENSSL-1", "title": "CVE-2023-5678", "severity": "low",
     "nvdSeverity": "medium", "relativeImportance": "unimportant",
     "CVSSv3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", "cvssScore": 5.3,
     "cvssDetails": [{"assigner": "Red Hat", "severity": "medium", "cvssV3BaseScore": 4.8,
        "cvssV3Vector": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:N"}],
     "identifiers": {"CVE": ["CVE-2023-5678"], "CWE": ["CWE-754"], "NSP": [577]},
     "fixedIn": [], "nearestFixedInVersion": "3.0.13-1~deb12u1",
     "packageName": "openssl", "packageManager": "debian:12", "language": "linux",
     "name": "openssl/libssl3", "version": "3.0.11-1~deb12u2", "isDisputed": true,
     "publicationTime": "2023-11-06T17:00:00Z"},
    {"id": "SNYK-DEBIAN12-OPENSSL-1", "title": "CVE-2023-5678", "severity": "low",
     "packageName": "openssl", "packageManager": "debian:12", "language": "linux",
     "name": "openssl/libssl3", "version": "3.0.11-1~deb12u2"},
    {"id": "snyk:lic:npm:x:MPL-2.0", "type": "license", "severity": "medium"},
    {"id": "SNYK-DEBIAN12-TAR-1", "severity": "high", "severityWithCritical": "critical",
     "packageName": "tar", "packageManager": "debian:12", "language": "linux",
     "name": "tar", "version": "1.34"},
    {"title": "no id"}
  ],
  "filtered": {"ignore": [
    {"id": "SNYK-DEBIAN12-ZLIB-9", "severity": "low", "packageName": "zlib", "language": "linux",
     "packageManager": "debian:12", "name": "zlib/zlib1g", "version": "1:1.2.13",
     "filtered": {"ignored": [{"reason": "not reachable", "reasonType": "not-vulnerable"}]}}],
    "patch": []},
  "applications": [
    {"ok": false, "packageManager": "gomodules", "displayTargetFile": "/bin/tool", "vulnerabilities": [
      {"id": "SNYK-GOLANG-GOLANGORGXNET-1", "severity": "medium", "packageManager": "golang",
       "language": "golang", "packageName": "golang.org/x/net", "name": "golang.org/x/net/html",
       "version": "0.1.0", "fixedIn": ["0.2.0", "1.0.0"], "cvssScore": 6.9,
       "CVSSv3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N",
       "cvssSources": [
         {"type": "primary", "assigner": "Snyk", "severity": "medium", "baseScore": 6.9,
          "cvssVersion": "4.0",
          "vector": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"},
         {"type": "secondary", "assigner": "NVD", "severity": "medium", "baseScore": 5.3,
          "cvssVersion": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}]}]}]
}"#;

#[test]
fn every_entry_is_an_observation_also_repeated_ones() {
    let report = report(IMAGE);
    let pointers: Vec<&str> = report
        .observations
        .iter()
        .map(|o| o.pointer.as_str())
        .collect();
    assert_eq!(
        pointers,
        [
            "/vulnerabilities/0",
            "/vulnerabilities/1",
            "/vulnerabilities/3",
            "/applications/0/vulnerabilities/0"
        ]
    );
    assert_eq!(
        (
            report.entries,
            report.not_vulnerabilities,
            report.unreadable()
        ),
        (7, 1, 1)
    );
    assert_eq!(report.inventory, InventoryScope::VulnerableOnly);
}

#[test]
fn linux_names_are_split_into_source_and_binary_and_module_names_are_not() {
    let report = report(IMAGE);
    let libssl = package(&report, &report.observations[0]);
    assert_eq!(
        (libssl.ecosystem.as_str(), libssl.name.as_str()),
        ("deb", "libssl3")
    );
    assert_eq!(libssl.source.as_ref().unwrap().name, "openssl");
    let module = package(&report, &report.observations[3]);
    assert_eq!(
        (module.ecosystem.as_str(), module.name.as_str()),
        ("golang", "golang.org/x/net/html")
    );
    assert_eq!(module.source, None);
    assert_eq!(module.locations[0].path.as_deref(), Some("/bin/tool"));
}

#[test]
fn links_ratings_and_fixes_keep_their_source() {
    let report = report(IMAGE);
    let first = &report.observations[0];
    assert_eq!(first.links.len(), 1);
    assert_eq!(
        (first.links[0].id.role(), first.links[0].field),
        (IdRole::Cve, "identifiers.CVE")
    );
    let by_source: Vec<(&str, Severity)> = first
        .ratings
        .iter()
        .map(|r| (r.source.name(), r.severity))
        .collect();
    assert_eq!(
        by_source,
        [
            ("snyk", Severity::Low),
            ("nvd", Severity::Medium),
            ("debian", Severity::Negligible),
            ("redhat", Severity::Medium),
            ("snyk", Severity::Medium)
        ]
    );
    assert_eq!(first.fix.versions, ["3.0.13-1~deb12u1"]);
    assert_eq!(report.observations[1].fix.state, FixState::NotFixed);
    assert_eq!(report.observations[2].severity, Severity::Critical);
    let advisory = &report.advisories[&first.id];
    assert_eq!(advisory.state, AdvisoryState::Disputed);
    assert_eq!(advisory.cwes, ["CWE-754"]);
    assert!(advisory.published.is_some());
}

#[test]
fn a_score_is_never_paired_with_a_vector_of_another_version() {
    let report = report(IMAGE);
    let cvss: Vec<(String, f64)> = report.observations[3]
        .ratings
        .iter()
        .filter_map(|r| r.cvss.clone())
        .map(|c| (c.version, c.score.unwrap()))
        .collect();
    assert_eq!(cvss, [("4.0".to_owned(), 6.9), ("3.1".to_owned(), 5.3)]);
}

#[test]
fn ignored_issues_are_withheld_with_their_reason() {
    let report = report(IMAGE);
    assert_eq!(report.suppressed.len(), 1);
    let withheld = &report.suppressed[0];
    assert_eq!(withheld.reason, "not-vulnerable: not reachable");
    assert_eq!(withheld.observation.pointer, "/filtered/ignore/0");
    assert!(!withheld.by_default_rule);
}

#[test]
fn the_target_loses_the_repository_name_that_snyk_appends() {
    let target = report(IMAGE).target;
    assert_eq!(target.name.as_deref(), Some("acme/app:1.0"));
    assert_eq!(target.platform.as_deref(), Some("linux/amd64"));
    let distro = target.distro.unwrap();
    assert_eq!(
        (distro.family.as_str(), distro.version.as_str()),
        ("debian", "12")
    );
    assert!(!target.not_an_image);
    let digest = format!("r.example/a/b@sha256:{}", "a1".repeat(32));
    assert_eq!(
        image_reference(&format!("{digest}/a/b"), Some("r.example/a/b")),
        digest
    );
    assert_eq!(
        image_reference("docker-archive:x/y.tar", Some("y.tar")),
        "docker-archive:x/y.tar"
    );
}

#[test]
fn an_error_document_is_a_failure_and_no_clean_result() {
    let report = report(r#"{"ok": false, "error": "cannot pull", "path": "acme/app"}"#);
    assert_eq!(report.failure.as_deref(), Some("cannot pull"));
    assert_eq!((report.entries, report.observations.len()), (0, 0));
    let array =
        self::report(r#"[{"ok": false, "error": "x"}, {"ok": true, "vulnerabilities": []}]"#);
    assert_eq!(array.failure, None);
    assert_eq!(array.diagnostics.len(), 1);
}

#[test]
fn grouped_issues_give_one_observation_a_package() {
    let report = report(
        r#"{"ok": false, "packageManager": "apk", "vulnerabilities": [
          {"id": "SNYK-ALPINE312-MUSL-1", "severity": "low", "packageName": "musl",
           "packageManager": "alpine:3.12", "language": "linux",
           "name": ["musl/musl", "musl/musl", "musl/musl-utils"],
           "version": ["1.1.24-r9", "1.1.24-r9", "1.1.24-r9"],
           "from": [["a"], ["b"], ["c"]]}]}"#,
    );
    let names: Vec<&str> = report
        .observations
        .iter()
        .map(|o| package(&report, o).name.as_str())
        .collect();
    assert_eq!(names, ["musl", "musl-utils"]);
    assert_eq!(report.entries, 1);
    assert_eq!(
        package(&report, &report.observations[1]).version,
        "1.1.24-r9"
    );
}

#[test]
fn a_dependency_graph_is_the_inventory_and_observations_point_into_it() {
    let report = report(
        r#"{"ok": false, "packageManager": "deb", "vulnerabilities": [
          {"id": "SNYK-DEBIAN12-GLIBC-1", "severity": "low", "packageName": "glibc",
           "packageManager": "debian:12", "language": "linux", "name": "glibc/libc6",
           "version": "2.36-9"}],
         "depGraph": {"pkgManager": {"name": "deb", "repositories": [{"alias": "debian:12"}]},
          "pkgs": [
           {"id": "docker-image|x@", "info": {"name": "docker-image|x"}},
           {"id": "glibc/libc6@2.36-9", "info": {"name": "glibc/libc6", "version": "2.36-9",
            "purl": "pkg:deb/debian/libc6@2.36-9?distro=debian-bookworm&upstream=glibc"}},
           {"id": "libcudnn8@8.9.7", "info": {"name": "libcudnn8", "version": "8.9.7"}}],
          "graph": {"rootNodeId": "root", "nodes": [{"nodeId": "root", "pkgId": "docker-image|x@"}]}}}"#,
    );
    assert_eq!(report.inventory, InventoryScope::Complete);
    assert_eq!(report.packages.len(), 2);
    let libc = package(&report, &report.observations[0]);
    assert!(libc.purl.is_some() && libc.source.as_ref().unwrap().name == "glibc");
    assert_eq!(report.target.distro.unwrap().version, "12");
}

#[test]
fn reports_that_only_say_linux_are_told_by_their_versions() {
    let report = report(
        r#"{"ok": false, "vulnerabilities": [
          {"id": "SNYK-LINUX-BZIP2-106947", "severity": "low", "packageName": "bzip2",
           "packageManager": "linux", "language": "linux", "name": "bzip2/libbz2-1.0",
           "version": "1.0.6-8.1"}]}"#,
    );
    let package = package(&report, &report.observations[0]);
    assert_eq!(
        (package.ecosystem.as_str(), package.name.as_str()),
        ("deb", "libbz2-1.0")
    );
}

#[test]
fn rpm_names_state_no_source_package() {
    let report = report(
        r#"{"ok": false, "packageManager": "rpm", "vulnerabilities": [
          {"id": "SNYK-SLES153-PERMISSIONS-1", "severity": "low", "packageName": "permissions",
           "packageManager": "sles:15.3", "language": "linux", "name": "permissions",
           "version": "20181225-23.6.1", "cvssScore": null, "CVSSv3": null,
           "identifiers": {"SUSE": ["SUSE-SU-2022:0141-1"], "CVE": []}}]}"#,
    );
    let observation = &report.observations[0];
    assert_eq!(package(&report, observation).source, None);
    assert_eq!(observation.links[0].id.role(), IdRole::Umbrella);
}

#[test]
fn a_severity_changed_by_policy_leaves_snyks_own_rating() {
    let report = report(
        r#"{"ok": false, "packageManager": "npm", "vulnerabilities": [
          {"id": "npm:node-uuid:20160328", "severity": "low", "originalSeverity": "medium",
           "packageName": "node-uuid", "name": "node-uuid", "version": "1.4.0"}]}"#,
    );
    let observation = &report.observations[0];
    assert_eq!(observation.severity, Severity::Low);
    assert_eq!(observation.ratings[0].severity, Severity::Medium);
    assert_eq!(observation.ratings[1].source.name(), "snyk policy");
    assert!(report.target.not_an_image);
}

#[test]
fn damaged_reports_never_panic() {
    survives_damage(IMAGE);
}

#[test]
fn a_clean_project_with_dependencies_is_a_result() {
    let clean = report(
        r#"{"ok": true, "vulnerabilities": [], "dependencyCount": 38, "packageManager": "apk"}"#,
    );
    assert_eq!(clean.packages_stated, 38);
    assert_eq!(crate::formats::doubt(&clean), None);
    let empty = report(
        r#"{"ok": true, "vulnerabilities": [], "dependencyCount": 0, "packageManager": "apk"}"#,
    );
    assert!(crate::formats::doubt(&empty).is_some());
}

#[test]
fn a_score_belongs_to_the_only_cve_of_its_issue() {
    let read = |cves: &str, details: &str| {
        let text = format!(
            r#"{{"ok": false, "packageManager": "npm", "projectName": "x", "vulnerabilities": [
                 {{"id": "SNYK-JS-A-1", "name": "a", "version": "1", "severity": "low",
                   "identifiers": {{"CVE": {cves}}}, "epssDetails": {details}}}]}}"#
        );
        let report = report(&text);
        let scored: Vec<(String, Epss)> = report
            .advisories
            .iter()
            .filter_map(|(id, advisory)| Some((id.to_string(), advisory.epss.clone()?)))
            .collect();
        scored
    };
    let details = r#"{"probability": "0.00043", "percentile": "0.06936", "modelVersion": "v3"}"#;
    let epss = Epss::new(0.00043, Some(0.06936), "").unwrap();
    assert_eq!(
        read(r#"["CVE-2024-0001"]"#, details),
        [("CVE-2024-0001".to_owned(), epss)]
    );
    assert_eq!(read(r#"["CVE-2024-0001", "CVE-2024-0002"]"#, details), []);
    assert_eq!(read("[]", details), []);
    assert_eq!(read(r#"["CVE-2024-0001"]"#, "null"), []);
}

#[test]
fn what_is_derived_from_a_distribution_is_told_from_snyks_own_advisories() {
    let report = report(IMAGE);
    let sources: Vec<_> = report
        .observations
        .iter()
        .map(|observation| observation.advisory_source)
        .collect();
    let derived = Some(AdvisorySource::Distribution);
    assert_eq!(
        sources,
        [derived, derived, derived, Some(AdvisorySource::Scanner)]
    );
}

#[test]
fn a_severity_threshold_is_a_filter_unless_it_hides_nothing() {
    let floor = |thresholds: [&str; 2]| {
        let [image, application] = thresholds.map(|word| match word {
            "" => String::new(),
            word => format!(r#""severityThreshold": {word},"#),
        });
        let text = format!(
            r#"{{{image} "packageManager": "deb", "projectName": "docker-image|x", "vulnerabilities": [],
                "applications": [{{{application} "packageManager": "npm", "vulnerabilities": []}}]}}"#
        );
        let report = report(&text);
        (report.filters.severity_floor, report.diagnostics.len())
    };
    assert_eq!(floor(["", ""]), (None, 0));
    assert_eq!(floor([r#""low""#, "null"]), (None, 0));
    assert_eq!(floor([r#""high""#, r#""high""#]), (Some(Severity::High), 1));
    assert_eq!(floor(["", r#""critical""#]), (Some(Severity::Critical), 1));
    // Reports that were put together: the lowest, in whatever order.
    assert_eq!(
        floor([r#""critical""#, r#""medium""#]),
        (Some(Severity::Medium), 1)
    );
    assert_eq!(
        floor([r#""medium""#, r#""critical""#]),
        (Some(Severity::Medium), 1)
    );
    // A word that is none is told and hides nothing that is known.
    assert_eq!(floor([r#""spicy""#, "7"]).0, None);
}

#[test]
fn a_program_that_no_package_manager_installed_is_a_generic_package() {
    let text = r#"{"packageManager": "deb", "projectName": "docker-image|x", "vulnerabilities": [
        {"id": "SNYK-UPSTREAM-NODE-72359", "severity": "high", "packageManager": "upstream",
         "language": "upstream", "packageName": "node", "name": "node", "version": "5.10.1",
         "from": ["Upstream", "node@5.10.1"]},
        {"id": "SNYK-UPSTREAM-NODE-72360", "severity": "high", "name": "node", "version": "5.10.1"}]}"#;
    let report = report(text);
    assert_eq!(report.packages.len(), 1);
    assert_eq!(
        report.packages[0],
        Package::new(Ecosystem::Generic, "node", "5.10.1")
    );
}
