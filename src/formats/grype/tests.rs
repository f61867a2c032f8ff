use super::*;
use crate::formats::mutations::{assert_accounted, assert_survives};
use crate::model::{AdvisorySource, AdvisoryState, DiagnosticLevel, Ecosystem, Filters, Package};

const REPORT: &str = r#"{
  "matches": [
    {"vulnerability": {"id": "CVE-2019-19882", "dataSource": "https://security-tracker.debian.org/tracker/CVE-2019-19882",
       "namespace": "debian:distro:debian:12", "severity": "Negligible", "urls": [], "cvss": [],
       "knownExploited": [{"cve": "CVE-2019-19882"}], "epss": [{"cve": "CVE-2019-19882", "epss": 0.1}],
       "fix": {"versions": null, "state": "wont-fix"}, "advisories": []},
     "relatedVulnerabilities": [{"id": "CVE-2019-19882", "namespace": "nvd:cpe", "severity": "High", "description": "an invented text",
       "cvss": [{"source": "nvd@nist.gov", "type": "Primary", "version": "3.1", "vector": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", "metrics": {"baseScore": 7.8}},
                {"source": "cna@example.org", "type": "Secondary", "version": "4.0", "vector": "CVSS:4.0/AV:L", "metrics": {"baseScore": 5.1}}]}],
     "matchDetails": [{"type": "exact-indirect-match", "found": {"versionConstraint": "none (deb)"}}],
     "artifact": {"id": "1", "name": "login", "version": "1:4.13+dfsg1-1+b1", "type": "deb",
       "locations": [{"path": "/var/lib/dpkg/status", "layerID": "sha256:l1"}],
       "purl": "pkg:deb/debian/login@1%3A4.13%2Bdfsg1-1%2Bb1?arch=amd64&distro=debian-12&upstream=shadow",
       "upstreams": [{"name": "shadow", "version": "1:4.13+dfsg1-1"}], "cpes": ["cpe:2.3:a:x"], "metadataType": "DpkgMetadata", "metadata": null}},
    {"vulnerability": {"id": "GHSA-jfh8-c2jp-5v3q", "namespace": "github:language:java", "severity": "Critical",
       "cvss": [{"version": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "metrics": {"baseScore": 10}}],
       "cwes": [{"cve": "CVE-2021-44228", "cwe": "CWE-502"}, {"cve": "CVE-2021-44228", "cwe": "CWE-502"}],
       "fix": {"versions": ["2.15.0"], "state": "fixed"}},
     "relatedVulnerabilities": [{"id": "CVE-2021-44228", "namespace": "nvd:cpe", "severity": "Critical", "cvss": null}],
     "artifact": {"name": "log4j-core", "version": "2.14.1", "type": "java-archive", "language": "java",
       "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "locations": [{"path": "/app.jar", "layerID": "sha256:l2"}]}},
    {"vulnerability": {"id": "ELSA-2023-1405", "namespace": "oracle:distro:oraclelinux:8", "severity": "High",
       "fix": {"versions": ["1:1.1.1k-9.el8_7"], "state": "fixed"}, "advisories": [{"id": "ELSA-2023-1405", "link": "x"}]},
     "relatedVulnerabilities": [{"id": "CVE-2022-4304", "namespace": "nvd:cpe", "severity": "Medium"}, {"id": "CVE-2023-0286", "namespace": "nvd:cpe", "severity": "High"}],
     "artifact": {"name": "openssl-libs", "version": "1:1.1.1k-7.el8_6", "type": "rpm",
       "purl": "pkg:rpm/ol/openssl-libs@1.1.1k-7.el8_6?arch=x86_64&epoch=1&upstream=openssl-1.1.1k-7.el8_6.src.rpm", "metadata": {"epoch": 1}}},
    {"vulnerability": {"severity": "High"}, "artifact": {"name": "x"}},
    {"matchDetails": []},
    {"vulnerability": {"id": "CVE-2023-42366", "namespace": "nvd:cpe", "fix": {"versions": [], "state": ""}},
     "artifact": {"name": "stdlib", "version": "go1.19.8", "type": "go-module", "purl": "pkg:golang/stdlib@1.19.8"}}
  ],
  "ignoredMatches": [
    {"vulnerability": {"id": "CVE-2024-0001", "severity": "High"}, "artifact": {"name": "linux-libc-dev", "version": "6.1", "type": "deb"},
     "appliedIgnoreRules": [{"namespace": "", "package": {"name": "linux-libc-dev", "type": "deb", "upstream-name": "linux"}, "match-type": "exact-indirect-match"}]},
    {"vulnerability": {"id": "CVE-2017-18018"}, "artifact": {"name": "coreutils", "version": "9", "type": "deb"},
     "appliedIgnoreRules": [{"vulnerability": "CVE-2017-18018", "namespace": ""}]},
    {"vulnerability": {"id": "CVE-2024-0002"}, "artifact": {"name": "curl", "version": "8", "type": "deb"},
     "appliedIgnoreRules": [{"vex-status": "not_affected", "vex-justification": "component_not_present"}]}],
  "alertsByPackage": [{"package": {"name": "login"}, "alerts": [{"type": "distro-eol", "message": "m"}]}],
  "source": {"type": "image", "target": {"userInput": "example:1", "imageID": "sha256:c", "manifestDigest": "sha256:m",
    "tags": null, "layers": [{"digest": "sha256:l1"}], "repoDigests": ["example@sha256:i"], "architecture": "amd64", "os": "linux"}},
  "distro": {"name": "debian", "version": "12", "idLike": null},
  "descriptor": {"name": "grype", "version": "0.110.0", "timestamp": "2026-03-31T06:25:54.6+01:00",
    "configuration": {"by-cve": true, "only-fixed": false},
    "db": {"status": {"schemaVersion": "v6.1.4", "built": "2026-03-30T06:50:11Z"}, "providers": {}}}
}"#;

fn report() -> ScannerReport {
    read(REPORT).unwrap()
}

fn observed<'r>(report: &'r ScannerReport, id: &str) -> (&'r Observation, &'r Package) {
    let id = AdvisoryId::new(id);
    let observation = report.observations.iter().find(|o| o.id == id).unwrap();
    (observation, report.package(observation.package).unwrap())
}

#[test]
fn scanner_database_and_target_are_told() {
    let report = report();
    assert_eq!(report.scanner_version.as_deref(), Some("0.110.0"));
    let database = report.database.as_ref().unwrap();
    assert_eq!(database.version.as_deref(), Some("v6.1.4"));
    assert_eq!(database.built.unwrap().to_string(), "2026-03-30T06:50:11Z");
    assert!(report.created.is_some());
    assert_eq!(report.inventory, InventoryScope::VulnerableOnly);
    let target = &report.target;
    assert_eq!(target.config_digest.as_deref(), Some("sha256:c"));
    assert_eq!(target.diff_ids, ["sha256:l1"]);
    assert_eq!(target.platform.as_deref(), Some("linux/amd64"));
    let distro = target.distro.as_ref().unwrap();
    assert_eq!(
        (distro.family.as_str(), distro.end_of_life),
        ("debian", true)
    );
}

#[test]
fn older_shapes_of_database_and_target_read_too() {
    let report = read(
        r#"{"matches":[],"source":{"type":"directory","target":"/src"},"distro":{"name":"","version":"","idLike":""},
          "descriptor":{"version":"0.62.3","db":{"built":"2023-06-14T01:32:08Z","schemaVersion":5,"error":null}}}"#,
    )
    .unwrap();
    assert_eq!(report.database.unwrap().version.as_deref(), Some("5"));
    assert_eq!(report.target.name.as_deref(), Some("/src"));
    assert!(report.target.not_an_image);
    assert_eq!(report.target.distro, None);
}

#[test]
fn a_distributions_opinion_is_not_that_of_nvd() {
    let report = report();
    let (observation, package) = observed(&report, "CVE-2019-19882");
    assert_eq!(observation.severity, Severity::Negligible);
    let ratings: Vec<_> = observation
        .ratings
        .iter()
        .map(|r| (r.source.clone(), r.severity))
        .collect();
    assert_eq!(
        ratings,
        [
            (
                RatingSource::Distro("debian".to_owned()),
                Severity::Negligible
            ),
            (RatingSource::Nvd, Severity::High),
            (
                RatingSource::Other("cna@example.org".to_owned()),
                Severity::Medium
            ),
        ]
    );
    assert_eq!(observation.fix.state, FixState::WontFix);
    assert_eq!(package.version, "1:4.13+dfsg1-1+b1");
    let source = package.source.as_ref().unwrap();
    assert_eq!(
        (source.name.as_str(), source.version.as_deref()),
        ("shadow", Some("1:4.13+dfsg1-1"))
    );
    assert!(observation.links.is_empty(), "its own CVE is no link");
}

#[test]
fn a_github_advisory_names_its_cve_once() {
    let report = report();
    let (observation, package) = observed(&report, "GHSA-jfh8-c2jp-5v3q");
    assert_eq!(package.name, "org.apache.logging.log4j:log4j-core");
    assert_eq!(package.ecosystem, Ecosystem::Maven);
    let links: Vec<_> = observation
        .links
        .iter()
        .map(|link| (link.id.as_str(), link.field))
        .collect();
    assert_eq!(links, [("CVE-2021-44228", "relatedVulnerabilities")]);
    assert_eq!(
        observation.ratings[0].source,
        RatingSource::EcosystemDatabase("ghsa".to_owned())
    );
    assert_eq!(observation.fix.versions, ["2.15.0"]);
    assert_eq!(report.advisories[&observation.id].cwes, ["CWE-502"]);
}

#[test]
fn a_bundle_does_not_take_its_members_ratings() {
    let report = report();
    let (observation, package) = observed(&report, "ELSA-2023-1405");
    assert_eq!(observation.links.len(), 2);
    assert_eq!(observation.ratings.len(), 1);
    assert_eq!(
        observation.ratings[0].source,
        RatingSource::Distro("oracle".to_owned())
    );
    assert_eq!(package.version, "1:1.1.1k-7.el8_6");
    assert_eq!(package.source.as_ref().unwrap().name, "openssl");
}

#[test]
fn names_of_the_standard_library_stay_as_they_are() {
    let report = report();
    let (observation, package) = observed(&report, "CVE-2023-42366");
    assert_eq!(
        (package.name.as_str(), package.version.as_str()),
        ("stdlib", "go1.19.8")
    );
    assert_eq!(observation.severity, Severity::Unknown);
    assert_eq!(observation.fix.state, FixState::Unknown);
    assert_eq!(observation.pointer, "/matches/5");
}

#[test]
fn what_cannot_be_read_is_located_and_counted() {
    let report = report();
    assert_eq!(report.entries, 9);
    assert_eq!(report.unreadable(), 2);
    let pointers: Vec<_> = report
        .diagnostics
        .iter()
        .filter_map(|d| d.pointer.as_deref())
        .collect();
    assert_eq!(
        pointers,
        [
            "/matches/3",
            "/matches/4",
            "/descriptor/configuration/by-cve"
        ]
    );
    assert_accounted(&report);
}

#[test]
fn default_rules_are_told_from_the_users() {
    let report = report();
    let rules: Vec<_> = report
        .suppressed
        .iter()
        .map(|s| {
            (
                s.observation.id.as_str(),
                s.by_default_rule,
                s.reason.as_str(),
            )
        })
        .collect();
    assert_eq!(rules[0].0, "CVE-2024-0001");
    assert!(rules[0].1);
    assert_eq!(
        rules[1],
        (
            "CVE-2017-18018",
            false,
            "ignore rule: vulnerability CVE-2017-18018"
        )
    );
    assert_eq!(
        rules[2],
        (
            "CVE-2024-0002",
            false,
            "VEX not_affected: component_not_present"
        )
    );
    assert_eq!(
        report.suppressed[0].observation.pointer,
        "/ignoredMatches/0"
    );
}

#[test]
fn exploited_and_related_advisories_are_kept() {
    let report = report();
    let advisory = &report.advisories[&AdvisoryId::new("CVE-2019-19882")];
    assert!(advisory.known_exploited);
    assert_eq!(advisory.description.as_deref(), Some("an invented text"));
    assert_eq!(advisory.state, AdvisoryState::Active);
    assert!(
        report
            .advisories
            .contains_key(&AdvisoryId::new("CVE-2021-44228"))
    );
}

#[test]
fn namespaces_of_every_version_name_the_same_sources() {
    let source = |namespace: &str, url: &str| {
        let text =
            format!(r#"{{"id":"CVE-2020-0001","namespace":"{namespace}","links":["{url}"]}}"#);
        rating_source(&serde_json::from_str(&text).unwrap())
    };
    let distro = |family: &str| RatingSource::Distro(family.to_owned());
    assert_eq!(source("redhat:distro:redhat:8", ""), distro("redhat"));
    assert_eq!(source("rhel:8", ""), distro("redhat"));
    assert_eq!(source("amzn:2", ""), distro("amazon"));
    assert_eq!(source("ubuntu:20.04", ""), distro("ubuntu"));
    assert_eq!(source("nvd", ""), RatingSource::Nvd);
    assert_eq!(
        source("github:go", ""),
        RatingSource::EcosystemDatabase("ghsa".to_owned())
    );
    assert_eq!(
        source("msrc:distro:windows:10816", ""),
        RatingSource::Other("msrc".to_owned())
    );
    assert_eq!(
        source(
            "",
            "https://security-tracker.debian.org/tracker/CVE-2020-0001"
        ),
        distro("debian")
    );
}

#[test]
fn the_earliest_reports_read() {
    let report = read(
        r#"{"matches":[{"vulnerability":{"id":"CVE-2019-18276","severity":"Negligible","links":["https://security-tracker.debian.org/x"],
            "cvssV2":{"baseScore":7.2,"vector":"AV:L/AC:L/Au:N/C:C/I:C/A:C"},"fixedInVersion":"5.0-5"},
          "matchDetails":{"matcher":"dpkg-matcher"},
          "artifact":{"name":"bash","version":"5.0-4","type":"deb","purl":"pkg:deb/debian/bash@5.0-4?arch=amd64"}}]}"#,
    )
    .unwrap();
    let observation = &report.observations[0];
    assert_eq!(observation.fix.versions, ["5.0-5"]);
    assert_eq!(observation.ratings[0].severity, Severity::Negligible);
    assert_eq!(
        observation.ratings[0].cvss.as_ref().unwrap().score,
        Some(7.2)
    );
}

#[test]
fn damage_never_ends_the_process() {
    assert_survives(REPORT, read);
}

/// A report with one match whose own record is `record`, and one related record of CVE-2024-0001.
fn with_record(record: &str) -> ScannerReport {
    let text = format!(
        r#"{{"matches": [{{"vulnerability": {record},
              "relatedVulnerabilities": [{{"id": "CVE-2024-0001", "description": "an invented text"}}],
              "artifact": {{"name": "a", "version": "1", "type": "npm"}}}}],
            "descriptor": {{"name": "grype", "version": "0.110.0"}}}}"#
    );
    crate::formats::read(text.as_bytes()).unwrap()
}

fn advisory_of<'r>(report: &'r ScannerReport, id: &str) -> Option<&'r Advisory> {
    report.advisories.get(&AdvisoryId::new(id))
}

#[test]
fn a_score_goes_to_the_cve_that_it_names() {
    let report = with_record(
        r#"{"id": "GHSA-aaaa-bbbb-cccc", "epss": [
             {"cve": "CVE-2024-0001", "epss": 0.25, "percentile": 0.9, "date": "2026-03-29"},
             {"cve": "cve-2024-0002", "epss": "0.5", "percentile": 7, "date": "0001-01-01"},
             {"cve": "CVE-2024-0003", "epss": 1.5},
             {"cve": "", "epss": {}}]}"#,
    );
    let epss = |id: &str| advisory_of(&report, id).and_then(|advisory| advisory.epss.clone());
    let dated = Epss {
        score: 0.25,
        percentile: Some(0.9),
        date: Some("2026-03-29".to_owned()),
    };
    assert_eq!(epss("CVE-2024-0001"), Some(dated));
    let bare = Epss {
        score: 0.5,
        percentile: None,
        date: None,
    };
    assert_eq!(epss("CVE-2024-0002"), Some(bare));
    assert_eq!(epss("CVE-2024-0003"), None);
    assert_eq!(epss("GHSA-aaaa-bbbb-cccc"), None);
}

#[test]
fn an_entry_of_the_catalogue_keeps_its_days() {
    let report = with_record(
        r#"{"id": "ELSA-2024-1", "knownExploited": [
             {"cve": "CVE-2024-0001", "dateAdded": "2024-05-01T00:00:00Z", "dueDate": "2024-05-22",
              "knownRansomwareCampaignUse": "Known"},
             {"cve": "CVE-2024-0002", "knownRansomwareCampaignUse": "Unknown"}]}"#,
    );
    let first = advisory_of(&report, "CVE-2024-0001").unwrap();
    let entry = KevEntry {
        date_added: "2024-05-01".to_owned(),
        due_date: Some("2024-05-22".to_owned()),
        ransomware: true,
    };
    assert_eq!((first.known_exploited, &first.kev), (true, &Some(entry)));
    let second = advisory_of(&report, "CVE-2024-0002").unwrap();
    assert_eq!((second.known_exploited, &second.kev), (true, &None));
    // The notice is about both; whose days they are it cannot say.
    let notice = advisory_of(&report, "ELSA-2024-1").unwrap();
    assert_eq!((notice.known_exploited, &notice.kev), (true, &None));
}

#[test]
fn being_exploited_is_not_passed_on_to_another_cve() {
    let report =
        with_record(r#"{"id": "CVE-2024-0002", "knownExploited": [{"cve": "CVE-2024-0001"}]}"#);
    assert!(
        advisory_of(&report, "CVE-2024-0001")
            .unwrap()
            .known_exploited
    );
    assert!(
        !advisory_of(&report, "CVE-2024-0002")
            .unwrap()
            .known_exploited
    );
    let odd = with_record(r#"{"id": "CVE-2024-0002", "knownExploited": [7]}"#);
    assert!(advisory_of(&odd, "CVE-2024-0002").unwrap().known_exploited);
}

#[test]
fn whose_advisory_matched_is_what_the_namespace_says() {
    let report = report();
    let source = |id| observed(&report, id).0.advisory_source;
    assert_eq!(source("CVE-2019-19882"), Some(AdvisorySource::Distribution));
    assert_eq!(source("GHSA-jfh8-c2jp-5v3q"), Some(AdvisorySource::Github));
    assert_eq!(source("CVE-2023-42366"), Some(AdvisorySource::Nvd));
    // Entries without a namespace.
    let withheld = report.suppressed.iter();
    assert!(
        withheld
            .map(|entry| entry.observation.advisory_source)
            .all(|source| source.is_none())
    );
}

#[test]
fn what_only_fixed_takes_out_is_withheld_and_no_filter() {
    let text = REPORT.replace(r#""only-fixed": false"#, r#""only-fixed": true"#).replace(
        r#""appliedIgnoreRules": [{"vulnerability": "CVE-2017-18018", "namespace": ""}]"#,
        r#""appliedIgnoreRules": [{"vulnerability": "", "namespace": "", "fix-state": "wont-fix"}]"#,
    );
    let report = read(&text).unwrap();
    assert_eq!(report.filters, Filters::default());
    let note = report
        .diagnostics
        .iter()
        .find(|d| d.message.contains("--only-fixed"))
        .unwrap();
    assert_eq!(note.level, DiagnosticLevel::Note);
    let reasons: Vec<_> = report
        .suppressed
        .iter()
        .map(|entry| (entry.reason.as_str(), entry.by_default_rule))
        .collect();
    assert!(
        reasons.contains(&("ignore rule: fix state wont-fix", false)),
        "{reasons:?}"
    );
}
