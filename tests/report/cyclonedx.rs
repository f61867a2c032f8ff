//! The CycloneDX document: valid, complete, honest about what is ignored, and read back as what was
//! written.
#![expect(
    clippy::indexing_slicing,
    reason = "a document that lacks what is looked for has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use crosscheck::formats;
use crosscheck::model::report::Report;
use crosscheck::model::version::normal_form;
use crosscheck::model::{
    Action, AdvisoryId, Ecosystem, Epss, InventoryScope, Justification, KevEntry, Location,
    RuleMatch, Severity, VexEvidence, VexStatus,
};
use crosscheck::report::{Format, Options, escape, warnings};
use jsonschema::{Registry, Validator};
use serde_json::Value;

use crate::{example, excerpt, hostile, render, sample};

fn cyclonedx(report: &Report) -> String {
    render(Format::CYCLONEDX, report, &Options::default())
}

fn document(report: &Report) -> Value {
    serde_json::from_str(&cyclonedx(report)).unwrap()
}

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let files = ["spdx.schema.json", "jsf-0.82.schema.json"];
    let mut registry = Registry::new();
    for file in files {
        let address = format!("http://cyclonedx.org/schema/{file}");
        registry = registry.add(address, schema(file)).unwrap();
    }
    registry.prepare().unwrap()
});

fn schema(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schemas");
    serde_json::from_str(&std::fs::read_to_string(path.join(file)).unwrap()).unwrap()
}

fn validator() -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .with_registry(&REGISTRY)
        .build(&schema("bom-1.6.schema.json"))
        .unwrap()
}

/// Every value of `bom-ref` in it.
fn references<'d>(value: &'d Value, found: &mut Vec<&'d str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => {
            if let Some(reference) = members.get("bom-ref") {
                found.push(reference.as_str().unwrap());
            }
            members
                .values()
                .for_each(|member| references(member, found));
        }
        _ => {}
    }
}

fn list<'d>(document: &'d Value, name: &str) -> &'d Vec<Value> {
    document[name].as_array().unwrap()
}

/// The entries on a vulnerability.
fn on<'d>(document: &'d Value, id: &str) -> Vec<&'d Value> {
    let all = list(document, "vulnerabilities").iter();
    all.filter(|entry| entry["id"] == id).collect()
}

/// The values of a property.
fn property<'d>(owner: &'d Value, name: &str) -> Vec<&'d str> {
    let all = owner["properties"].as_array().into_iter().flatten();
    all.filter(|property| property["name"] == name)
        .map(|property| property["value"].as_str().unwrap())
        .collect()
}

fn component<'d>(document: &'d Value, name: &str) -> &'d Value {
    let all = list(document, "components");
    all.iter().find(|one| one["name"] == name).unwrap()
}

/// The sample with one finding ignored for each other ground, and exploitation known.
fn report() -> Report {
    let mut report = sample::report();
    let vex = |status, justification| RuleMatch {
        justification,
        evidence: Some(crosscheck::model::Evidence::Vex(VexEvidence {
            document: "vendor.json".to_owned(),
            author: Some("Example Security".to_owned()),
            timestamp: Some("2026-11-01T00:00:00Z".to_owned()),
            status,
            pointer: "/statements/4".to_owned(),
        })),
        ..RuleMatch::new("vex", Action::Ignore, "the parser is never called")
    };
    let justification = Some(Justification::VulnerableCodeNotInExecutePath);
    for (id, rule) in [
        ("CVE-2026-0001", vex(VexStatus::NotAffected, justification)),
        ("CVE-2026-0002", vex(VexStatus::Fixed, None)),
    ] {
        let mut decision = sample::decision(Action::Ignore, "", "");
        decision.rule = rule;
        let finding = sample::finding(id, Ecosystem::Deb, "liba", "1.0-1", &[], decision);
        report.findings.push(finding);
    }
    let flaw = &mut report.findings[1].vulnerability;
    flaw.epss = Epss::new(0.42, Some(0.97), "2026-11-23");
    flaw.kev = KevEntry::new("2026-11-02", "2026-11-23", "Known");
    report
}

#[test]
fn cyclonedx_of_a_small_report() {
    insta::assert_snapshot!(cyclonedx(&report()));
}

#[test]
fn cyclonedx_of_the_bundled_example() {
    let document: Value = serde_json::from_str(&example("cyclonedx")).unwrap();
    insta::assert_json_snapshot!(excerpt(&document));
}

#[test]
fn it_is_valid_against_the_official_schema_and_no_reference_is_there_twice() {
    let validator = validator();
    let mut archive = report();
    "/tmp/my images/trainer 1.tar".clone_into(&mut archive.target.reference);
    archive.target.manifest_digest = None;
    archive.target.repo_digests = Vec::new();
    archive.target.distro = None;
    let mut twins = report();
    let copy = twins.findings.clone();
    twins.findings.extend(copy);
    let documents = [
        report(),
        archive,
        twins,
        sample::passing(),
        hostile::report(),
    ];
    let documents = documents.iter().map(cyclonedx);
    for text in documents.chain([example("cyclonedx")]) {
        let document: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let mut all = Vec::new();
        references(&document, &mut all);
        let distinct: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        let components = list(&document, "components").iter();
        let components: BTreeSet<&str> = components
            .map(|component| component["bom-ref"].as_str().unwrap())
            .collect();
        for entry in list(&document, "vulnerabilities") {
            for affected in list(entry, "affects") {
                let reference = affected["ref"].as_str().unwrap();
                assert!(components.contains(reference), "{reference}");
            }
        }
        let mut spoilt = document;
        spoilt["metadata"]["component"]["type"] = "image".into();
        assert!(!validator.is_valid(&spoilt));
    }
}

/// A line for each vulnerability, package and version: severity, other ids, and what is decided.
type Lines = BTreeMap<(String, String, String), (Severity, BTreeSet<AdvisoryId>, String)>;

/// A severity by the words that CycloneDX has.
fn told(severity: Severity) -> Severity {
    severity.comparable()
}

#[test]
fn our_own_reader_gives_back_what_was_written() {
    let example: Report = serde_json::from_str(&example("json")).unwrap();
    for report in [report(), example] {
        let read = formats::read(cyclonedx(&report).as_bytes()).unwrap();
        assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
        assert_eq!(read.scanner.as_str(), "crosscheck");
        assert_eq!(read.scanner_version.as_deref(), Some("0.1.0"));
        assert_eq!(read.inventory, InventoryScope::Complete);
        let (target, distro) = (&report.target, &report.target.distro);
        // Only the digest that a registry has is one of the image.
        let manifest = target.manifest_digest.as_ref();
        let manifest = manifest.filter(|_| !target.repo_digests.is_empty());
        assert_eq!(read.target.manifest_digest.as_ref(), manifest);
        assert_eq!(read.target.config_digest, target.config_digest);
        assert_eq!(read.target.repo_digests, target.repo_digests);
        assert_eq!(&read.target.distro, distro);

        let mut written = Lines::new();
        for finding in &report.findings {
            let analysis = match finding.decision.as_ref().unwrap() {
                decision if decision.action != Action::Ignore => "open",
                decision => match &decision.rule.evidence {
                    Some(crosscheck::model::Evidence::Vex(vex)) => vex.status.as_str(),
                    Some(_) => "not_affected",
                    None if decision.rule.justification.is_some() => "not_affected",
                    None => "open",
                },
            };
            for instance in &finding.instances {
                let ecosystem = &finding.package.ecosystem;
                let name = if ecosystem.is_os() {
                    &instance.name
                } else {
                    &finding.package.name
                };
                let line = (
                    finding.vulnerability.id.to_string(),
                    name.clone(),
                    normal_form(ecosystem, &instance.version),
                );
                let aliases = finding.vulnerability.aliases.iter().cloned().collect();
                let severity = told(finding.severity.level);
                written.insert(line, (severity, aliases, analysis.to_owned()));
            }
        }
        let suppressed = read.suppressed.iter().map(|withheld| {
            let status = match withheld.reason.split(':').next().unwrap() {
                "resolved" => "fixed",
                other => other,
            };
            (&withheld.observation, status.to_owned())
        });
        let open = read.observations.iter().map(|one| (one, "open".to_owned()));
        let mut found = Lines::new();
        for (observation, analysis) in open.chain(suppressed) {
            let package = read.package(observation.package).unwrap();
            let line = (
                observation.id.to_string(),
                package.name.clone(),
                normal_form(&package.ecosystem, &package.version),
            );
            let aliases = observation
                .links
                .iter()
                .map(|link| link.id.clone())
                .collect();
            found.insert(line, (observation.severity, aliases, analysis));
        }
        assert_eq!(found, written);
    }
}

#[test]
fn an_accepted_risk_stays_exploitable_and_only_proven_harmlessness_does_not() {
    let document = document(&report());
    let [accepted] = on(&document, "CVE-2024-28219")[..] else {
        panic!("one entry is due")
    };
    let analysis = &accepted["analysis"];
    assert_eq!(analysis["state"], "exploitable");
    // The acceptance ends; what is done then it does not say.
    assert!(analysis.get("response").is_none());
    assert_eq!(
        analysis["detail"],
        "accepted until 2026-12-01 by vision-team@registry.example: the affected decoder is not \
         built into our wheel"
    );
    assert_eq!(accepted["affects"][0]["versions"][0]["status"], "affected");
    let harmless = on(&document, "CVE-2026-0001")[0];
    let analysis = &harmless["analysis"];
    assert_eq!(analysis["state"], "not_affected");
    assert_eq!(analysis["justification"], "code_not_reachable");
    assert_eq!(analysis["lastUpdated"], "2026-11-01T00:00:00Z");
    assert_eq!(
        harmless["affects"][0]["versions"][0]["status"],
        "unaffected"
    );
    assert_eq!(
        on(&document, "CVE-2026-0002")[0]["analysis"]["state"],
        "resolved"
    );
    assert!(on(&document, "CVE-2024-5535")[0].get("analysis").is_none());
}

#[test]
fn a_vulnerability_is_of_who_gives_its_id_and_a_scanners_page_is_an_advisory() {
    let mut report = report();
    let url = "https://ubuntu.com/security/CVE-2024-5535";
    report.findings[0].vulnerability.url = Some(url.to_owned());
    let document = document(&report);
    let entry = on(&document, "CVE-2024-5535")[0];
    assert_eq!(entry["source"]["name"], "NVD");
    let own = "https://nvd.nist.gov/vuln/detail/CVE-2024-5535";
    assert_eq!(entry["source"]["url"], own);
    let advisories = list(entry, "advisories").iter();
    let advisories: Vec<&Value> = advisories.map(|link| &link["url"]).collect();
    assert_eq!(advisories[..2], [url, own]);
}

#[test]
fn the_image_is_named_by_one_digest_throughout() {
    let image = |report: &Report| document(report)["metadata"]["component"].clone();
    let [index, manifest] = ["1d", "3f"].map(|byte| byte.repeat(32));
    let mut report = report();
    report.target.repo_digests = vec![format!("registry.example/ml/trainer@sha256:{index}")];
    for digest in [Some(manifest), None] {
        report.target.manifest_digest = digest.as_ref().map(|hex| format!("sha256:{hex}"));
        let hex = digest.as_ref().unwrap_or(&index);
        let image = image(&report);
        assert_eq!(image["version"], format!("sha256:{hex}"));
        assert_eq!(image["hashes"][0]["content"], *hex);
        let purl = image["purl"].as_str().unwrap();
        assert!(purl.contains(hex.as_str()), "{purl}");
    }
    // The manifest's digest is made up here.
    report.target.repo_digests = Vec::new();
    report.target.manifest_digest = Some(format!("sha256:{index}"));
    "docker-archive:/builds/trainer.tar".clone_into(&mut report.target.reference);
    let image = image(&report);
    assert_eq!((image.get("version"), image.get("hashes")), (None, None));
}

#[test]
fn it_says_whether_all_packages_are_there() {
    let mut report = report();
    let check = |report: &Report, aggregate: &str, warned: &str| {
        let document = document(report);
        let composition = &document["compositions"][0];
        assert_eq!(composition["aggregate"], aggregate);
        let image = &document["metadata"]["component"]["bom-ref"];
        assert_eq!(composition["assemblies"][0], *image);
        let warnings = warnings(Format::CYCLONEDX, report, &Options::default());
        assert!(warnings.concat().contains(warned), "{warnings:?}");
        assert_eq!(warnings.is_empty(), warned.is_empty());
    };
    check(&report, "complete", "");
    let all = report.packages.clone();
    report.packages.retain(|package| !package.ecosystem.is_os());
    check(&report, "unknown", "may lack packages");
    report.target.distro = None;
    check(&report, "complete", "");
    report.packages = all;
    for scanner in &mut report.scanners {
        scanner.inventory = Some(InventoryScope::VulnerableOnly);
    }
    check(&report, "incomplete", "only the packages with findings");
    // A list that a user gives: nothing says how much is in it.
    report.packages[0].listed_by = vec![crosscheck::model::ScannerId::new("syft")];
    check(&report, "unknown", "may lack packages");
    report.packages[0].listed_by = Vec::new();
    report.scanners[0].inventory = Some(InventoryScope::Complete);
    report.scanners[0].outcome = crosscheck::model::Outcome::Partial {
        missing: "the packages of Python".to_owned(),
    };
    check(&report, "unknown", "may lack packages");
}

#[test]
fn rules_that_share_a_finding_have_an_entry_each() {
    let mut report = report();
    let finding = &mut report.findings[5];
    let mut other = finding.instances[0].clone();
    "liba-dev".clone_into(&mut other.name);
    other.purl = None;
    finding.instances.push(other);
    let decision = finding.decision.as_mut().unwrap();
    decision.rule = decision.rule.clone().limited_to(&[true, false]);
    let accepted = RuleMatch::new("ignore[4]", Action::Ignore, "no time to look");
    decision.also = vec![accepted.limited_to(&[false, true])];
    let document = document(&report);
    let told: Vec<(&str, &str, &str)> = on(&document, "CVE-2026-0001")
        .iter()
        .map(|entry| {
            (
                entry["bom-ref"].as_str().unwrap(),
                entry["analysis"]["state"].as_str().unwrap(),
                entry["affects"][0]["ref"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "CVE-2026-0001@deb/liba",
                "exploitable",
                "pkg:deb/debian/liba-dev@1.0-1?arch=amd64&distro=debian-12.5&upstream=liba"
            ),
            (
                "CVE-2026-0001@deb/liba#2",
                "not_affected",
                "pkg:generic/liba@1.0-1?arch=amd64&distro=debian-12.5"
            ),
        ]
    );
}

#[test]
fn ratings_name_their_source_and_the_one_that_counts_comes_first() {
    let mut report = report();
    let again = report.findings[1].ratings[0].clone();
    report.findings[1].ratings.push(again);
    report.findings[1].severity.level = Severity::Negligible;
    let document = document(&report);
    let entry = on(&document, "CVE-2024-6345")[0];
    let told: Vec<(&str, &str, &str)> = list(entry, "ratings")
        .iter()
        .map(|rating| {
            (
                rating["source"]["name"].as_str().unwrap(),
                rating["method"].as_str().unwrap(),
                rating["severity"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("crosscheck", "other", "low"),
            ("nvd", "CVSSv31", "high"),
            ("FIRST EPSS", "other", ""),
            ("CISA KEV Catalog", "other", ""),
        ]
    );
    assert_eq!(property(entry, "crosscheck:severity"), ["negligible"]);
    assert_eq!(property(entry, "crosscheck:known-exploited"), ["true"]);
    assert_eq!(property(entry, "crosscheck:scanner:snyk"), ["failed"]);
    assert_eq!(list(entry, "ratings")[0]["justification"], "vendor");
}

#[test]
fn failed_scanners_and_an_insufficient_verdict_are_told() {
    let report = sample::insufficient();
    let document = document(&report);
    let metadata = &document["metadata"];
    assert_eq!(property(metadata, "crosscheck:verdict"), ["insufficient"]);
    assert_eq!(property(metadata, "crosscheck:exit-code"), ["3"]);
    assert_eq!(
        property(metadata, "crosscheck:insufficient"),
        ["snyk gave no result"]
    );
    let statuses: Vec<(&str, Vec<&str>)> = list(&metadata["tools"], "components")
        .iter()
        .map(|tool| {
            let name = tool["name"].as_str().unwrap();
            (name, property(tool, "crosscheck:status"))
        })
        .collect();
    assert_eq!(
        statuses,
        [
            ("crosscheck", vec![]),
            ("trivy", vec!["completed"]),
            ("grype", vec!["completed"]),
            ("snyk", vec!["failed"]),
            ("docker-scout", vec!["partial"]),
        ]
    );
}

#[test]
fn packages_are_such_that_other_tools_match_them() {
    let mut report = report();
    report.target.distro.as_mut().unwrap().family = "redhat".to_owned();
    let zlib = &mut report.findings[5];
    zlib.instances[0].name = "zlib1g".to_owned();
    zlib.instances[0].version = "1:1.2.13.dfsg-1".to_owned();
    zlib.instances[0].source.as_mut().unwrap().name = "zlib".to_owned();
    zlib.instances[0].locations = vec![Location::new(Some("/lib/libz.so.1"), None).unwrap()];
    let document = document(&report);
    // Listed: its own package URL stays, and is completed.
    let zlib = component(&document, "zlib1g");
    assert_eq!(
        zlib["purl"],
        "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib"
    );
    for (name, value) in [
        ("aquasecurity:trivy:SrcName", "zlib"),
        ("syft:package:metadataType", "dpkg-db-entry"),
        ("syft:metadata:source", "zlib"),
    ] {
        assert_eq!(property(zlib, name), [value]);
    }
    let place = &zlib["evidence"]["occurrences"][0]["location"];
    assert_eq!(place, "/lib/libz.so.1");
    assert_eq!(property(zlib, "crosscheck:listed-by"), ["grype", "trivy"]);
    // Listed by nobody and known from the findings alone.
    assert_eq!(component(&document, "curl")["version"], "7.88.1-10+deb12u5");
    // Without a finding, and checked by nobody.
    component(&document, "apt");
    let unchecked = component(&document, "libnccl2");
    assert_eq!(property(unchecked, "crosscheck:not-checked").len(), 1);
    let system = component(&document, "redhat");
    assert_eq!(system["type"], "operating-system");
    assert_eq!(property(system, "syft:distro:id"), ["rhel"]);
}

#[test]
fn hostile_text_stays_text_and_the_serial_number_follows_from_the_content() {
    let report = hostile::report();
    let text = cyclonedx(&report);
    assert!(!text.contains(|c: char| c != '\n' && escape::is_unsafe(c)));
    assert_eq!(cyclonedx(&report), text);
    let document: Value = serde_json::from_str(&text).unwrap();
    let multiline = ["description", "detail"];
    assert_eq!(hostile::unsafe_texts(&document, &multiline), [""; 0]);
    for entry in list(&document, "vulnerabilities") {
        for link in entry["advisories"].as_array().into_iter().flatten() {
            let url = link["url"].as_str().unwrap();
            assert!(url.starts_with("https://") && !url.contains('"'), "{url}");
        }
    }
    let serial = document["serialNumber"].as_str().unwrap();
    assert!(serial.starts_with("urn:uuid:"));
    let other = self::document(&self::report());
    assert_ne!(other["serialNumber"], serial);
}
