use super::*;
use crate::formats::mutations::{assert_accounted, assert_survives};
use crate::model::{
    AdvisoryId, AdvisorySource, AdvisoryState, Ecosystem, FixState, IdRelation, IdentityQuality,
    InventoryScope, Observation, Package, RatingSource, Severity,
};

const IMAGE: &str = r#"{
  "SchemaVersion": 2, "Trivy": {"Version": "0.69.3"}, "CreatedAt": "2026-03-31T06:25:50.833843234+01:00",
  "ArtifactName": "example:1", "ArtifactType": "container_image",
  "Metadata": {
    "OS": {"Family": "debian", "Name": "12.5", "EOSL": true},
    "ImageID": "sha256:config", "DiffIDs": ["sha256:l1", "sha256:l2"],
    "RepoTags": ["example:1"], "RepoDigests": ["example@sha256:index"],
    "ImageConfig": {"architecture": "arm64", "os": "linux", "variant": "v8"}
  },
  "Results": [
    {"Target": "example:1 (debian 12.5)", "Class": "os-pkgs", "Type": "debian",
     "Packages": [
       {"ID": "bsdutils@1:2.38.1-5", "Name": "bsdutils", "Version": "2.38.1", "Release": "5", "Epoch": 1, "Arch": "arm64",
        "Identifier": {"PURL": "pkg:deb/debian/bsdutils@2.38.1-5?arch=arm64\u0026distro=debian-12.5\u0026epoch=1", "UID": "u1"},
        "SrcName": "util-linux", "SrcVersion": "2.38.1", "SrcRelease": "5", "Maintainer": "M",
        "Repository": {"Class": "official"}, "Layer": {"Digest": "sha256:z", "DiffID": "sha256:l1"}},
       {"ID": "nginx@1.27", "Name": "nginx", "Version": "1.27", "Repository": {"Class": "third-party"}}],
     "Vulnerabilities": [
       {"VulnerabilityID": "CVE-2024-28085", "VendorIDs": ["DSA-5650-1"], "PkgID": "bsdutils@1:2.38.1-5", "PkgName": "bsdutils",
        "PkgIdentifier": {"UID": "u1"}, "InstalledVersion": "1:2.38.1-5", "FixedVersion": "2.38.1-5+deb12u1", "Status": "fixed",
        "DataSource": {"ID": "debian", "Name": "Debian Security Tracker", "URL": "https://example.org"},
        "SeveritySource": "debian", "Severity": "LOW", "VendorSeverity": {"debian": 3, "nvd": 2},
        "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", "V3Score": 5.3, "V2Vector": "AV:N/AC:L/Au:N/C:N/I:N/A:P", "V2Score": 5}},
        "Title": "an invented title", "Description": "** DISPUTED ** an invented text", "CweIDs": ["CWE-150"],
        "PrimaryURL": "https://example.org/a", "PublishedDate": "2024-03-27T19:15:48Z"},
       {"PkgName": "bsdutils"},
       {"VulnerabilityID": {"surprise": 1}}],
     "ExperimentalModifiedFindings": [
       {"Type": "vulnerability", "Status": "not_affected", "Statement": "vulnerable_code_not_present", "Source": "vex.json",
        "Finding": {"VulnerabilityID": "CVE-2023-0001", "PkgName": "nginx", "InstalledVersion": "1.27", "Severity": "HIGH"}},
       {"Type": "secret", "Status": "ignored", "Finding": {}}]},
    {"Target": "Node.js", "Class": "lang-pkgs", "Type": "node-pkg",
     "Packages": [
       {"ID": "JSONStream@1.3.5", "Name": "JSONStream", "Version": "1.3.5", "FilePath": "a/node_modules/JSONStream/package.json",
        "Identifier": {"PURL": "pkg:npm/jsonstream@1.3.5", "UID": "n1"}},
       {"ID": "JSONStream@1.3.5", "Name": "JSONStream", "Version": "1.3.5", "FilePath": "b/node_modules/JSONStream/package.json",
        "Identifier": {"PURL": "pkg:npm/jsonstream@1.3.5", "UID": "n2"}}],
     "Vulnerabilities": [
       {"VulnerabilityID": "CVE-2020-0001", "VendorIDs": ["GHSA-aaaa-bbbb-cccc", "GHSA-aaaa-bbbb-cccc"], "PkgID": "JSONStream@1.3.5",
        "PkgName": "JSONStream", "PkgPath": "b/node_modules/JSONStream/package.json", "InstalledVersion": "1.3.5",
        "FixedVersion": "1.3.6, 2.0.1", "Severity": "MEDIUM", "VendorSeverity": {"ubuntu": 2}}]},
    {"Target": "key.pem", "Class": "secret", "Secrets": [{"RuleID": "private-key", "Severity": "HIGH"}]}
  ]
}"#;

fn image() -> ScannerReport {
    read(IMAGE).unwrap()
}

fn observed<'r>(report: &'r ScannerReport, id: &str) -> (&'r Observation, &'r Package) {
    let id = AdvisoryId::new(id);
    let observation = report.observations.iter().find(|o| o.id == id).unwrap();
    (observation, report.package(observation.package).unwrap())
}

#[test]
fn the_target_is_told_in_full() {
    let report = image();
    assert_eq!(report.scanner_version.as_deref(), Some("0.69.3"));
    assert_eq!(
        report.created.map(|t| t.to_string()).as_deref(),
        Some("2026-03-31T05:25:50.833843234Z")
    );
    let target = &report.target;
    assert_eq!(target.name.as_deref(), Some("example:1"));
    assert_eq!(target.config_digest.as_deref(), Some("sha256:config"));
    assert_eq!(target.manifest_digest, None);
    assert_eq!(target.repo_digests, ["example@sha256:index"]);
    assert_eq!(target.diff_ids, ["sha256:l1", "sha256:l2"]);
    assert_eq!(target.platform.as_deref(), Some("linux/arm64/v8"));
    let distro = target.distro.as_ref().unwrap();
    assert_eq!(
        (
            distro.family.as_str(),
            distro.version.as_str(),
            distro.end_of_life
        ),
        ("debian", "12.5", true)
    );
    assert!(!target.not_an_image);
}

#[test]
fn an_observation_points_at_the_inventory_package_with_its_source() {
    let report = image();
    let (observation, package) = observed(&report, "CVE-2024-28085");
    assert_eq!(observation.pointer, "/Results/0/Vulnerabilities/0");
    assert_eq!(
        (package.name.as_str(), package.version.as_str()),
        ("bsdutils", "1:2.38.1-5")
    );
    let source = package.source.as_ref().unwrap();
    assert_eq!(
        (source.name.as_str(), source.version.as_deref()),
        ("util-linux", Some("2.38.1-5"))
    );
    assert_eq!(package.namespace.as_deref(), Some("debian"));
    assert_eq!(package.architecture.as_deref(), Some("arm64"));
    assert_eq!(package.maintainer.as_deref(), Some("M"));
    assert_eq!(package.locations[0].layer.as_deref(), Some("sha256:l1"));
    // Two deb and two npm packages: entries that were joined added none.
    assert_eq!(report.packages.len(), 4);
    assert_eq!(report.inventory, InventoryScope::Complete);
}

#[test]
fn third_party_packages_are_marked() {
    let report = image();
    let third_party: Vec<&str> = report
        .packages
        .iter()
        .filter(|p| p.third_party)
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(third_party, ["nginx"]);
}

#[test]
fn installed_files_that_are_other_packages_are_kept() {
    let report = read(
        r#"{"SchemaVersion": 2, "Results": [{"Target": "x (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Packages": [
          {"ID": "nodejs@18.19.0-1", "Name": "nodejs", "Version": "18.19.0", "Release": "1",
           "InstalledFiles": ["usr/bin/node", "usr/share/doc/nodejs/copyright", "/usr/lib/x/package.json"]}]}]}"#,
    )
    .unwrap();
    assert_eq!(
        report.packages[0].files,
        ["/usr/bin/node", "/usr/lib/x/package.json"]
    );
}

#[test]
fn copies_of_a_package_are_told_apart_by_path_and_keep_their_case() {
    let report = image();
    let (observation, package) = observed(&report, "CVE-2020-0001");
    assert_eq!(package.name, "JSONStream");
    assert_eq!(
        package.locations[0].path.as_deref(),
        Some("/b/node_modules/JSONStream/package.json")
    );
    assert_eq!(observation.fix.versions, ["1.3.6", "2.0.1"]);
    assert_eq!(observation.links.len(), 1);
    assert_eq!(observation.links[0].field, "VendorIDs");
    assert_eq!(observation.links[0].relation, IdRelation::Alias);
}

#[test]
fn the_named_source_holds_the_shown_severity() {
    let report = image();
    let (observation, _) = observed(&report, "CVE-2024-28085");
    assert_eq!(observation.severity, Severity::Low);
    let bands: Vec<_> = observation
        .ratings
        .iter()
        .map(|r| {
            (
                r.source.name(),
                r.severity,
                r.cvss.as_ref().map(|c| c.version.as_str()),
            )
        })
        .collect();
    assert_eq!(
        bands,
        [
            ("debian", Severity::Low, None),
            ("nvd", Severity::Medium, Some("3.1")),
            ("nvd", Severity::Medium, Some("2.0")),
        ]
    );
    assert_eq!(
        observation.ratings[0].source,
        RatingSource::Distro("debian".to_owned())
    );
}

#[test]
fn a_severity_of_nobody_in_particular_is_the_scanners() {
    let report = read(
        r#"{"SchemaVersion":2,"Results":[{"Target":"x","Class":"lang-pkgs","Type":"pip","Vulnerabilities":[
          {"VulnerabilityID":"CVE-2020-0001","PkgName":"a","InstalledVersion":"1","Severity":"HIGH"},
          {"VulnerabilityID":"CVE-2020-0002","PkgName":"a","InstalledVersion":"1","SeveritySource":"nvd","VendorSeverity":{"nvd":4}},
          {"VulnerabilityID":"CVE-2020-0003","PkgName":"a","InstalledVersion":"1","Severity":"SPICY"}]}]}"#,
    )
    .unwrap();
    let (first, _) = observed(&report, "CVE-2020-0001");
    assert_eq!(
        first.ratings[0].source,
        RatingSource::Scanner("trivy".to_owned())
    );
    assert_eq!(
        observed(&report, "CVE-2020-0002").0.severity,
        Severity::Critical
    );
    assert_eq!(
        observed(&report, "CVE-2020-0003").0.severity,
        Severity::Unknown
    );
    assert_eq!(
        report.diagnostics[0].pointer.as_deref(),
        Some("/Results/0/Vulnerabilities/2")
    );
    assert_eq!(report.inventory, InventoryScope::VulnerableOnly);
}

#[test]
fn what_cannot_be_read_is_located_and_counted() {
    let report = image();
    assert_eq!(report.entries, 5);
    let unreadable: Vec<_> = report
        .diagnostics
        .iter()
        .filter_map(|d| d.pointer.as_deref())
        .collect();
    assert_eq!(
        unreadable,
        [
            "/Results/0/Vulnerabilities/1",
            "/Results/0/Vulnerabilities/2"
        ]
    );
    assert_accounted(&report);
}

#[test]
fn withheld_findings_keep_their_reason() {
    let report = image();
    assert_eq!(report.suppressed.len(), 1);
    let withheld = &report.suppressed[0];
    assert_eq!(
        withheld.reason,
        "not_affected: vulnerable_code_not_present (vex.json)"
    );
    assert!(!withheld.by_default_rule);
    assert_eq!(
        withheld.observation.pointer,
        "/Results/0/ExperimentalModifiedFindings/0"
    );
    assert!(
        report
            .package(withheld.observation.package)
            .unwrap()
            .third_party
    );
}

#[test]
fn the_advisory_is_kept_beside_the_observation() {
    let report = image();
    let advisory = &report.advisories[&AdvisoryId::new("CVE-2024-28085")];
    assert_eq!(advisory.title.as_deref(), Some("an invented title"));
    assert_eq!(advisory.cwes, ["CWE-150"]);
    assert!(advisory.published.is_some());
    assert_eq!(advisory.state, AdvisoryState::Disputed);
}

#[test]
fn fix_states_are_translated() {
    for (status, expected) in [
        ("affected", FixState::NotFixed),
        ("will_not_fix", FixState::WontFix),
        ("fix_deferred", FixState::Deferred),
        ("end_of_life", FixState::EndOfLife),
        ("under_investigation", FixState::Unknown),
        ("", FixState::Unknown),
    ] {
        let text = format!(
            r#"{{"SchemaVersion":2,"Results":[{{"Class":"os-pkgs","Type":"redhat","Vulnerabilities":[
              {{"VulnerabilityID":"CVE-2020-0001","PkgName":"a","Status":"{status}"}}]}}]}}"#
        );
        let report = read(&text).unwrap();
        assert_eq!(report.observations[0].fix.state, expected, "{status}");
    }
}

#[test]
fn rpm_versions_keep_their_epoch_once() {
    let report = read(
        r#"{"SchemaVersion":2,"Results":[{"Target":"x (alma 8.5)","Class":"os-pkgs","Type":"alma",
          "Packages":[{"Name":"openssl-libs","Version":"1:1.1.1k","Release":"4.el8","Epoch":1,
             "Identifier":{"PURL":"pkg:rpm/alma/openssl-libs@1.1.1k-4.el8?epoch=1"}}],
          "Vulnerabilities":[{"VulnerabilityID":"CVE-2021-3712","PkgName":"openssl-libs","InstalledVersion":"1:1.1.1k-4.el8"},
            {"VulnerabilityID":"CVE-2021-3713","PkgName":"other","InstalledVersion":"2:1-1.el8",
             "PkgIdentifier":{"PURL":"pkg:rpm/alma/other@1-1.el8?epoch=2"}}]}]}"#,
    )
    .unwrap();
    assert_eq!(
        observed(&report, "CVE-2021-3712").1.version,
        "1:1.1.1k-4.el8"
    );
    assert_eq!(observed(&report, "CVE-2021-3713").1.version, "2:1-1.el8");
    assert_eq!(report.packages.len(), 2);
}

#[test]
fn what_is_not_an_image_says_so() {
    for (kind, expected) in [
        ("filesystem", true),
        ("repository", true),
        ("vm", true),
        ("container_image", false),
        ("cyclonedx", false),
    ] {
        let text = format!(r#"{{"SchemaVersion":2,"ArtifactName":"x","ArtifactType":"{kind}"}}"#);
        let report = read(&text).unwrap();
        assert_eq!(report.target.not_an_image, expected, "{kind}");
        // Nothing was detected: no ground to call the empty package list complete.
        assert_eq!(report.inventory, InventoryScope::VulnerableOnly);
    }
}

const LEGACY: &str = r#"[
  {"Target": "example:1 (debian 10.3)", "Vulnerabilities": [
    {"VulnerabilityID": "CVE-2011-3374", "PkgName": "apt", "InstalledVersion": "1.8.2", "Layer": {"DiffID": "sha256:l"}, "Severity": "LOW"}]},
  {"Target": "app/composer.lock", "Type": "composer", "Vulnerabilities": null},
  {"Target": "app/Gemfile.lock", "Vulnerabilities": [
    {"VulnerabilityID": "CVE-2020-0001", "PkgName": "rack", "InstalledVersion": "1.0"}]}]"#;

#[test]
fn the_legacy_array_tells_image_and_kind_in_its_targets() {
    let report = read_legacy(LEGACY).unwrap();
    assert_eq!(report.target.name.as_deref(), Some("example:1"));
    assert_eq!(report.target.distro.as_ref().unwrap().version, "10.3");
    let (apt, package) = observed(&report, "CVE-2011-3374");
    assert_eq!(apt.pointer, "/0/Vulnerabilities/0");
    assert_eq!(package.ecosystem, Ecosystem::Deb);
    let (_, rack) = observed(&report, "CVE-2020-0001");
    assert_eq!(rack.ecosystem, Ecosystem::Gem);
    assert_eq!(rack.locations[0].path.as_deref(), Some("/app/Gemfile.lock"));
    assert_accounted(&report);
}

const CLUSTER: &str = r#"{"ClusterName": "prod", "Resources": [
  {"Namespace": "default", "Kind": "Deployment", "Name": "web", "Metadata": [{"ImageID": "sha256:c"}], "Results": [
    {"Target": "web:1 (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
      {"VulnerabilityID": "CVE-2011-3374", "PkgName": "apt", "InstalledVersion": "2.6"}]},
    {"Target": "Deployment/web", "Class": "config", "Type": "kubernetes"}]},
  {"Namespace": "default", "Kind": "Job", "Name": "once", "Error": "no such image"}]}"#;

#[test]
fn a_cluster_report_of_one_image_is_that_images() {
    let report = read_kubernetes(CLUSTER).unwrap();
    assert_eq!(
        report.observations[0].pointer,
        "/Resources/0/Results/0/Vulnerabilities/0"
    );
    assert_eq!(report.target.name.as_deref(), Some("web:1"));
    assert_eq!(report.target.config_digest.as_deref(), Some("sha256:c"));
    assert!(!report.target.not_an_image);
    assert!(report.diagnostics[0].message.contains("Job default/once"));
    assert_accounted(&report);
}

#[test]
fn a_cluster_report_of_several_images_is_no_images() {
    let report = read_kubernetes(
        r#"{"ClusterName":"prod","Vulnerabilities":[
          {"Results":[{"Target":"a (debian 12)","Class":"os-pkgs","Type":"debian"}]},
          {"Results":[{"Target":"b (alpine 3.19)","Class":"os-pkgs","Type":"alpine"}]}]}"#,
    )
    .unwrap();
    assert_eq!(report.target.name.as_deref(), Some("prod"));
    assert!(report.target.not_an_image);
    assert_eq!(report.diagnostics.len(), 1);
}

const OPERATOR: &str = r#"{"kind": "VulnerabilityReport", "metadata": {"name": "x"}, "report": {
  "updateTimestamp": "2024-01-23T13:43:55Z", "scanner": {"name": "Trivy", "version": "0.48.3"},
  "registry": {"server": "index.docker.io"}, "os": {"family": "ubuntu", "name": "20.04"},
  "artifact": {"repository": "library/ubuntu", "digest": "sha256:d", "tag": "20.04"},
  "vulnerabilities": [
    {"vulnerabilityID": "CVE-2024-0553", "resource": "libgnutls30", "installedVersion": "3.6.13-2", "fixedVersion": "3.6.13-3",
     "publishedDate": "", "severity": "MEDIUM", "title": "an invented title", "primaryLink": "https://example.org", "links": [],
     "score": 5.9, "target": "ubuntu:20.04 (ubuntu 20.04)", "class": "os-pkgs", "packageType": "ubuntu"},
    {"vulnerabilityID": "CVE-2024-0001", "resource": "lodash", "installedVersion": "4.17.20", "severity": "HIGH",
     "class": "lang-pkgs", "packageType": "node-pkg", "packagePURL": "pkg:npm/lodash@4.17.20", "packagePath": "app/package.json"}]}}"#;

#[test]
fn the_operators_entries_carry_their_own_context() {
    let report = read_operator(OPERATOR).unwrap();
    assert_eq!(report.scanner_version.as_deref(), Some("0.48.3"));
    assert_eq!(
        report.target.name.as_deref(),
        Some("index.docker.io/library/ubuntu:20.04")
    );
    assert_eq!(
        report.target.repo_digests,
        ["index.docker.io/library/ubuntu@sha256:d"]
    );
    assert_eq!(report.identity, IdentityQuality::Full);
    let (gnutls, package) = observed(&report, "CVE-2024-0553");
    assert_eq!(gnutls.pointer, "/report/vulnerabilities/0");
    assert_eq!(package.ecosystem, Ecosystem::Deb);
    assert_eq!(gnutls.ratings[0].cvss.as_ref().unwrap().score, Some(5.9));
    assert_eq!(gnutls.ratings[0].severity, Severity::Medium);
    let (_, lodash) = observed(&report, "CVE-2024-0001");
    assert_eq!(lodash.ecosystem, Ecosystem::Npm);
    assert_eq!(
        lodash.locations[0].path.as_deref(),
        Some("/app/package.json")
    );
    assert_accounted(&report);
}

#[test]
fn an_operator_entry_without_type_is_of_reduced_identity() {
    let report = read_operator(
        r#"{"kind":"VulnerabilityReport","report":{"os":{"family":"debian","name":"12"},
          "vulnerabilities":[{"vulnerabilityID":"CVE-2024-0001","resource":"apt"}]}}"#,
    )
    .unwrap();
    assert_eq!(report.identity, IdentityQuality::Reduced);
    assert_eq!(report.packages[0].ecosystem, Ecosystem::Deb);
}

#[test]
fn damage_never_ends_the_process() {
    assert_survives(IMAGE, read);
    assert_survives(LEGACY, read_legacy);
    assert_survives(CLUSTER, read_kubernetes);
    assert_survives(OPERATOR, read_operator);
}

#[test]
fn whose_advisory_matched_is_its_data_source() {
    let report = image();
    let source = |id| observed(&report, id).0.advisory_source;
    assert_eq!(source("CVE-2024-28085"), Some(AdvisorySource::Distribution));
    assert_eq!(source("CVE-2020-0001"), None);
    for odd in [
        "null",
        "[]",
        "7",
        r#"{"ID": ["debian"]}"#,
        r#"{"Name": "x"}"#,
    ] {
        let text = IMAGE.replace(
            r#""DataSource": {"ID": "debian", "Name": "Debian Security Tracker", "URL": "https://example.org"}"#,
            &format!(r#""DataSource": {odd}"#),
        );
        let report = read(&text).unwrap();
        let (observation, _) = observed(&report, "CVE-2024-28085");
        assert_eq!(observation.advisory_source, None, "{odd}");
    }
}
