use super::*;
use crate::formats::infer::tests::survives_damage;
use crate::model::{AdvisorySource, FixState, RatingSource, Severity};

fn report(text: &str) -> ScannerReport {
    crate::formats::read(text.as_bytes()).unwrap()
}

const TRIVY: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5",
  "metadata": {"timestamp": "2024-01-04T15:25:30+00:00",
    "tools": [{"vendor": "aquasecurity", "name": "trivy", "version": "0.48.1"}],
    "component": {"bom-ref": "image", "type": "container", "name": "ubuntu:latest",
      "properties": [{"name": "aquasecurity:trivy:ImageID", "value": "sha256:17"},
        {"name": "aquasecurity:trivy:DiffID", "value": "sha256:a1"},
        {"name": "aquasecurity:trivy:RepoDigest", "value": "ubuntu@sha256:60"}]}},
  "components": [
    {"bom-ref": "os", "type": "operating-system", "name": "ubuntu", "version": "22.04"},
    {"bom-ref": "lock", "type": "application", "name": "app/package-lock.json",
     "components": [{"bom-ref": "npm", "type": "library", "name": "lodash", "version": "4.17.20",
        "purl": "pkg:npm/lodash@4.17.20",
        "properties": [{"name": "aquasecurity:trivy:FilePath", "value": "app/lodash/package.json"}]}]},
    {"bom-ref": "pkg:deb/ubuntu/login@4.8.1-2?arch=amd64&epoch=1", "type": "library", "name": "login",
     "version": "4.8.1-2", "purl": "pkg:deb/ubuntu/login@4.8.1-2?arch=amd64&epoch=1",
     "supplier": {"name": "Ubuntu Developers"},
     "properties": [{"name": "aquasecurity:trivy:SrcName", "value": "shadow"},
       {"name": "aquasecurity:trivy:SrcVersion", "value": "4.8.1"},
       {"name": "aquasecurity:trivy:SrcRelease", "value": "2"},
       {"name": "aquasecurity:trivy:SrcEpoch", "value": "1"},
       {"name": "aquasecurity:trivy:LayerDiffID", "value": "sha256:a1"}]},
    {"bom-ref": "bash", "type": "library", "name": "bash", "version": "5.1",
     "purl": "pkg:deb/ubuntu/bash@5.1"}],
  "vulnerabilities": [
    {"id": "CVE-2023-29383", "source": {"name": "ubuntu"},
     "ratings": [
       {"source": {"name": "nvd"}, "score": 3.3, "severity": "medium", "method": "CVSSv31",
        "vector": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:L/A:N"},
       {"source": {"name": "nvd"}, "score": 2.1, "severity": "info", "method": "CVSSv2",
        "vector": "AV:L/AC:L/Au:N/C:N/I:P/A:N"},
       {"source": {"name": "ubuntu"}, "severity": "low"},
       {"source": {"name": "FIRST"}, "score": 0.03, "method": "other"}],
     "cwes": [74], "recommendation": "Upgrade login to version 1:4.8.1-3; Upgrade lodash to version 4.17.21",
     "published": "2023-04-14T22:15:00+00:00",
     "affects": [
       {"ref": "pkg:deb/ubuntu/login@4.8.1-2?arch=amd64&epoch=1",
        "versions": [{"version": "4.8.1-2", "status": "affected"}]},
       {"ref": "urn:cdx:ab/1#npm"}]},
    {"id": "CVE-2023-10001", "analysis": {"state": "not_affected",
       "justification": "code_not_reachable", "detail": "dead code"}, "affects": [{"ref": "npm"}]},
    {"id": "CVE-2023-10002"},
    {"id": "CVE-2023-10003", "affects": [{"ref": "nowhere", "versions": [{"version": "3.1", "status": "affected"}]}, {"ref": "pkg:npm/tar@6.0.0"}]},
    {"id": ""}]}"#;

#[test]
fn each_affected_component_is_an_observation() {
    let report = report(TRIVY);
    let seen: Vec<(&str, &str, &str)> = report
        .observations
        .iter()
        .map(|o| {
            let package = report.package(o.package).unwrap();
            (
                o.pointer.as_str(),
                package.ecosystem.as_str(),
                package.name.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("/vulnerabilities/0/affects/0", "deb", "login"),
            ("/vulnerabilities/0/affects/1", "npm", "lodash"),
            ("/vulnerabilities/2", "generic", "ubuntu:latest"),
            ("/vulnerabilities/3/affects/0", "generic", "nowhere"),
            ("/vulnerabilities/3/affects/1", "npm", "tar"),
        ]
    );
    let sources: Vec<_> = report
        .observations
        .iter()
        .map(|o| o.advisory_source)
        .collect();
    let ubuntu = Some(AdvisorySource::Distribution);
    assert_eq!(sources[..2], [ubuntu, ubuntu]);
    assert_eq!(sources[3], None, "no source is named");
    let nowhere = report.package(report.observations[3].package).unwrap();
    assert_eq!(nowhere.version, "3.1");
    assert_eq!((report.entries, report.unreadable()), (5, 1));
    let warnings = report
        .diagnostics
        .iter()
        .filter(|d| d.level == crate::model::DiagnosticLevel::Warning)
        .count();
    assert_eq!(warnings, 2);
    assert_eq!(report.identity, IdentityQuality::Reduced);
}

#[test]
fn trivy_properties_give_source_epoch_and_place() {
    let report = report(TRIVY);
    let login = report.package(report.observations[0].package).unwrap();
    assert_eq!(login.version, "1:4.8.1-2");
    let source = login.source.as_ref().unwrap();
    assert_eq!(
        (source.name.as_str(), source.version.as_deref()),
        ("shadow", Some("1:4.8.1-2"))
    );
    assert_eq!(login.maintainer.as_deref(), Some("Ubuntu Developers"));
    assert_eq!(login.locations[0].layer.as_deref(), Some("sha256:a1"));
    let lodash = report.package(report.observations[1].package).unwrap();
    assert_eq!(
        lodash.locations[0].path.as_deref(),
        Some("/app/lodash/package.json")
    );
}

#[test]
fn the_shown_severity_is_that_of_the_vulnerabilitys_source() {
    let report = report(TRIVY);
    let first = &report.observations[0];
    assert_eq!(first.severity, Severity::Low);
    // The probability of exploitation is no rating; "info" beside a v2 score means its band.
    assert_eq!(first.ratings.len(), 3);
    assert_eq!(first.ratings[1].severity, Severity::Low);
    assert_eq!(first.ratings[1].cvss.as_ref().unwrap().version, "2.0");
    assert_eq!(report.advisories[&first.id].cwes, ["CWE-74"]);
}

#[test]
fn recommendations_give_each_package_its_own_fix() {
    let report = report(TRIVY);
    assert_eq!(report.observations[0].fix.versions, ["1:4.8.1-3"]);
    assert_eq!(report.observations[1].fix.versions, ["4.17.21"]);
    assert_eq!(report.observations[2].fix.state, FixState::Unknown);
}

#[test]
fn vex_statements_withhold() {
    let report = report(TRIVY);
    assert_eq!(report.suppressed.len(), 1);
    assert_eq!(
        report.suppressed[0].reason,
        "not_affected: code_not_reachable: dead code"
    );
    let unaffected = self::report(
        r#"{"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-2024-1000", "affects": [
            {"ref": "pkg:npm/tar@6.0.0", "versions": [{"version": "6.0.0", "status": "unaffected"}]}]}]}"#,
    );
    assert_eq!(
        (unaffected.observations.len(), unaffected.suppressed.len()),
        (0, 1)
    );
}

#[test]
fn the_target_is_the_documents_component() {
    let report = report(TRIVY);
    assert_eq!(report.scanner.as_str(), "trivy");
    assert_eq!(report.scanner_version.as_deref(), Some("0.48.1"));
    assert_eq!(report.inventory, InventoryScope::Complete);
    let target = report.target;
    assert_eq!(target.name.as_deref(), Some("ubuntu:latest"));
    assert_eq!(target.config_digest.as_deref(), Some("sha256:17"));
    assert_eq!(target.diff_ids, ["sha256:a1"]);
    assert_eq!(target.distro.unwrap().family, "ubuntu");
    assert!(!target.not_an_image);
}

#[test]
fn syft_properties_and_tools_in_object_form() {
    let report = report(
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.7",
         "metadata": {"tools": {"components": [{"type": "application", "author": "anchore",
             "name": "grype", "version": "[not provided]"}]},
           "component": {"type": "container", "name": "x", "version": "sha256:ca"}},
         "components": [
          {"bom-ref": "a", "type": "library", "name": "libssl", "version": "1.1",
           "properties": [{"name": "syft:package:type", "value": "rpm"},
             {"name": "syft:location:1:path", "value": "/b"},
             {"name": "syft:location:0:path", "value": "/a"},
             {"name": "syft:location:0:layerID", "value": "sha256:1"},
             {"name": "syft:metadata:epoch", "value": "2"},
             {"name": "syft:metadata:sourceRpm", "value": "openssl-1.1-3.el9.src.rpm"}]}],
         "vulnerabilities": [
          {"id": "CVE-2024-1000", "source": {"name": "ubuntu-distro-ubuntu-22.04"},
           "references": [{"id": "CVE-2024-1000"}, {"id": "GHSA-aaaa-bbbb-cccc"}],
           "ratings": [{"severity": "none"}, {"score": 7.5, "method": "CVSSv3",
             "vector": "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
           "affects": [{"ref": "a"}]}]}"#,
    );
    assert_eq!(report.scanner.as_str(), "grype");
    assert_eq!(report.scanner_version, None);
    assert_eq!(report.inventory, InventoryScope::VulnerableOnly);
    assert_eq!(report.target.manifest_digest.as_deref(), Some("sha256:ca"));
    let package = &report.packages[0];
    assert_eq!(
        (package.ecosystem.as_str(), package.version.as_str()),
        ("rpm", "2:1.1")
    );
    assert_eq!(package.source.as_ref().unwrap().name, "openssl");
    let paths: Vec<_> = package
        .locations
        .iter()
        .map(|l| l.path.as_deref().unwrap())
        .collect();
    assert_eq!(paths, ["/a", "/b"]);
    let observation = &report.observations[0];
    assert_eq!(observation.links.len(), 1);
    assert_eq!(
        observation.ratings[0].source,
        RatingSource::Distro("ubuntu".to_owned())
    );
    assert_eq!(observation.ratings[1].cvss.as_ref().unwrap().version, "3.0");
    assert_eq!(observation.severity, Severity::Negligible);
}

#[test]
fn an_inventory_has_no_findings_and_says_so() {
    let report = report(
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [
            {"type": "library", "name": "core", "group": "@babel", "version": "7.0.0",
             "purl": "pkg:npm/%40babel/core@7.0.0"}]}"#,
    );
    assert_eq!(report.inventory, InventoryScope::Complete);
    assert_eq!((report.entries, report.observations.len()), (0, 0));
    assert_eq!(report.diagnostics.len(), 1);
}

#[test]
fn deep_nesting_is_cut_not_followed() {
    let depth = 20_000;
    let text = format!(
        r#"{{"bomFormat": "CycloneDX", "components": [{}{}]}}"#,
        r#"{"name": "x", "components": ["#.repeat(depth),
        "]}".repeat(depth)
    );
    let report = report(&text);
    assert_eq!(report.packages.len(), 0);
    assert!(
        report
            .diagnostics
            .iter()
            .any(|d| d.message.contains("nested"))
    );
}

#[test]
fn damaged_reports_never_panic() {
    survives_damage(TRIVY);
}

#[test]
fn exploitation_among_the_ratings_is_kept_apart() {
    let advisory = |ratings: &str| {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "vulnerabilities": [{{"id": "CVE-2024-1000",
                 "ratings": [{ratings}], "affects": [{{"ref": "pkg:npm/tar@6.0.0"}}]}}]}}"#
        );
        let mut report = report(&text);
        report
            .advisories
            .swap_remove(&AdvisoryId::new("CVE-2024-1000"))
            .unwrap()
    };
    let epss = r#"{"source": {"name": "FIRST"}, "score": 0.08, "method": "other"}"#;
    let kev = r#"{"source": {"name": "CISA KEV Catalog"}, "score": 1, "method": "other"}"#;
    let read = advisory(&format!("{epss}, {kev}"));
    assert_eq!(read.epss.map(|epss| epss.score), Some(0.08));
    assert!(read.known_exploited);
    let two = advisory(&format!("{epss}, {epss}"));
    assert_eq!((two.epss, two.known_exploited), (None, false));
}
