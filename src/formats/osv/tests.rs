use super::*;
use crate::formats::mutations::{assert_accounted, assert_survives};
use crate::model::AdvisorySource;

const IMAGE: &str = r#"{
  "results": [
    {"source": {"path": "/lib/apk/db/installed", "type": "os"}, "packages": [
      {"package": {"name": "busybox", "os_package_name": "ssl_client", "version": "1.36.1-r20", "ecosystem": "Alpine:v3.19", "image_origin_details": {"index": 1}},
       "vulnerabilities": [
         {"id": "ALPINE-CVE-2024-58251", "upstream": ["CVE-2024-58251"], "details": "an invented text", "published": "2025-04-23T18:16:03.057Z",
          "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:N/UI:R/S:U/C:N/I:N/A:L"}],
          "affected": [
            {"package": {"name": "busybox", "ecosystem": "Alpine:v3.18"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.36.1-r8"}]}]},
            {"package": {"name": "busybox", "ecosystem": "Alpine:v3.19"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.36.1-r21"}]}]}]},
         {"summary": "no id"}, 5],
       "groups": [{"ids": ["ALPINE-CVE-2024-58251"], "aliases": [], "max_severity": "2.5"}]}]},
    {"source": {"path": "/app/package-lock.json", "type": "lockfile"}, "packages": [
      {"package": {"name": "lodash", "version": "4.17.20", "ecosystem": "npm"},
       "vulnerabilities": [
         {"id": "GHSA-35jh-r3h4-6jhm", "aliases": ["CVE-2021-23337"], "related": ["CGA-xxxx"], "withdrawn": "2022-01-01T00:00:00Z",
          "references": [{"type": "WEB", "url": "https://example.org/w"}, {"type": "ADVISORY", "url": "https://example.org/a"}],
          "affected": [{"package": {"name": "lodash", "ecosystem": "npm"}, "ranges": [{"type": "GIT", "events": [{"fixed": "abcdef"}]}, {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}]},
                       {"package": {"name": "lodash-es", "ecosystem": "npm"}, "ranges": [{"type": "SEMVER", "events": [{"fixed": "9"}]}]}],
          "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-77"]}}],
       "groups": [{"ids": ["GHSA-35jh-r3h4-6jhm"], "max_severity": ""}]}]}],
  "image_metadata": {"os": "Alpine Linux v3.19", "layer_metadata": [{"diff_id": ""}, {"diff_id": "sha256:l1"}]},
  "experimental_config": {}
}"#;

fn observed<'r>(report: &'r ScannerReport, id: &str) -> (&'r Observation, &'r Package) {
    let id = AdvisoryId::new(id);
    let observation = report.observations.iter().find(|o| o.id == id).unwrap();
    (observation, report.package(observation.package).unwrap())
}

#[test]
fn an_os_package_has_its_binary_name_and_its_source() {
    let report = read(IMAGE).unwrap();
    let (observation, package) = observed(&report, "ALPINE-CVE-2024-58251");
    assert_eq!(
        observation.pointer,
        "/results/0/packages/0/vulnerabilities/0"
    );
    assert_eq!(package.name, "ssl_client");
    assert_eq!(package.source.as_ref().unwrap().name, "busybox");
    assert_eq!(package.ecosystem, Ecosystem::Apk);
    assert_eq!(package.locations[0].layer.as_deref(), Some("sha256:l1"));
    let distro = report.target.distro.as_ref().unwrap();
    assert_eq!(
        (distro.family.as_str(), distro.version.as_str()),
        ("alpine", "3.19")
    );
    assert_eq!(report.target.diff_ids, ["sha256:l1"]);
    assert!(!report.target.not_an_image);
}

#[test]
fn only_fixes_of_the_same_release_and_package_count() {
    let report = read(IMAGE).unwrap();
    let fixes = |id| observed(&report, id).0.fix.versions.clone();
    assert_eq!(fixes("ALPINE-CVE-2024-58251"), ["1.36.1-r21"]);
    assert_eq!(fixes("GHSA-35jh-r3h4-6jhm"), ["4.17.21"]);
}

#[test]
fn whose_advisory_matched_is_what_the_records_id_says() {
    let report = read(IMAGE).unwrap();
    let source = |id| observed(&report, id).0.advisory_source;
    assert_eq!(
        source("ALPINE-CVE-2024-58251"),
        Some(AdvisorySource::Distribution)
    );
    assert_eq!(source("GHSA-35jh-r3h4-6jhm"), Some(AdvisorySource::Github));
}

#[test]
fn links_keep_their_relation() {
    let report = read(IMAGE).unwrap();
    let links = |id| -> Vec<_> {
        let (observation, _) = observed(&report, id);
        observation
            .links
            .iter()
            .map(|link| (link.id.as_str(), link.relation, link.field))
            .collect()
    };
    assert_eq!(
        links("ALPINE-CVE-2024-58251"),
        [("CVE-2024-58251", IdRelation::Upstream, "upstream")]
    );
    assert_eq!(
        links("GHSA-35jh-r3h4-6jhm"),
        [
            ("CVE-2021-23337", IdRelation::Alias, "aliases"),
            ("CGA-XXXX", IdRelation::Related, "related"),
        ]
    );
}

#[test]
fn severity_comes_from_the_score_else_from_the_databases_word() {
    let report = read(IMAGE).unwrap();
    let (alpine, _) = observed(&report, "ALPINE-CVE-2024-58251");
    assert_eq!(alpine.severity, Severity::Low);
    // A vector that Alpine's record repeats is not Alpine's opinion.
    assert_eq!(
        alpine.ratings[0].source,
        RatingSource::Other("osv".to_owned())
    );
    assert_eq!(alpine.ratings[0].cvss.as_ref().unwrap().score, Some(2.5));
    let (github, _) = observed(&report, "GHSA-35jh-r3h4-6jhm");
    assert_eq!(github.severity, Severity::Medium);
    assert_eq!(github.ratings[0].label.as_deref(), Some("MODERATE"));
}

#[test]
fn a_distributions_own_words_are_its_rating() {
    let report = read(
        r#"{"results":[{"packages":[{"package":{"name":"a","version":"1","ecosystem":"Debian:12"},"vulnerabilities":[
          {"id":"DEBIAN-CVE-2020-0001","affected":[{"package":{"name":"a","ecosystem":"Debian:12"},"ecosystem_specific":{"urgency":"unimportant"}}]},
          {"id":"UBUNTU-CVE-2020-0002","severity":[{"type":"Ubuntu","score":"medium"}]}]}]}]}"#,
    )
    .unwrap();
    let rating = |id| {
        let rating = &observed(&report, id).0.ratings[0];
        (rating.source.name(), rating.severity)
    };
    assert_eq!(
        rating("DEBIAN-CVE-2020-0001"),
        ("debian", Severity::Negligible)
    );
    assert_eq!(rating("UBUNTU-CVE-2020-0002"), ("ubuntu", Severity::Medium));
    assert_eq!(
        observed(&report, "DEBIAN-CVE-2020-0001").0.fix.state,
        FixState::NotFixed
    );
    assert_eq!(
        observed(&report, "UBUNTU-CVE-2020-0002").0.fix.state,
        FixState::Unknown
    );
}

#[test]
fn a_withdrawn_record_says_so() {
    let report = read(IMAGE).unwrap();
    let advisory = &report.advisories[&AdvisoryId::new("GHSA-35jh-r3h4-6jhm")];
    assert_eq!(advisory.state, AdvisoryState::Withdrawn);
    assert_eq!(advisory.url.as_deref(), Some("https://example.org/a"));
    assert_eq!(advisory.cwes, ["CWE-77"]);
}

#[test]
fn uncalled_code_is_withheld_by_the_scanner() {
    let report = read(
        r#"{"results":[{"source":{"path":"/go.mod","type":"lockfile"},"packages":[{"package":{"name":"stdlib","version":"1.21.0","ecosystem":"Go"},
          "vulnerabilities":[{"id":"GO-2024-0001"}],
          "groups":[{"ids":["GO-2024-0001"],"experimentalAnalysis":{"GO-2024-0001":{"called":false}}}]}]}]}"#,
    )
    .unwrap();
    assert!(report.observations.is_empty());
    assert!(report.suppressed[0].by_default_rule);
    assert!(report.target.not_an_image);
    assert_accounted(&report);
}

#[test]
fn a_clean_package_proves_that_all_are_listed() {
    let scope = |package: &str| {
        read(&format!(r#"{{"results":[{{"packages":[{package}]}}]}}"#))
            .unwrap()
            .inventory
    };
    let info = r#""package":{"name":"a","version":"1","ecosystem":"npm"}"#;
    assert_eq!(scope(&format!("{{{info}}}")), InventoryScope::Complete);
    assert_eq!(
        scope(&format!(r#"{{{info},"license_violations":["GPL-3.0"]}}"#)),
        InventoryScope::VulnerableOnly
    );
    assert_eq!(
        scope(&format!(
            r#"{{{info},"vulnerabilities":[{{"id":"CVE-2020-0001"}}]}}"#
        )),
        InventoryScope::VulnerableOnly
    );
    assert_eq!(
        read(r#"{"results":null}"#).unwrap().inventory,
        InventoryScope::VulnerableOnly
    );
}

#[test]
fn what_cannot_be_read_is_located_and_counted() {
    let report = read(IMAGE).unwrap();
    assert_eq!((report.entries, report.unreadable()), (4, 2));
    assert_eq!(
        report.diagnostics[1].pointer.as_deref(),
        Some("/results/0/packages/0/vulnerabilities/2")
    );
    assert_accounted(&report);
}

#[test]
fn damage_never_ends_the_process() {
    assert_survives(IMAGE, read);
}
