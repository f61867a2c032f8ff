//! The OpenVEX document: valid, honest about accepted risks, and read back as what was written.
#![expect(
    clippy::indexing_slicing,
    reason = "the sample's findings are where this file puts them"
)]

use std::path::Path;

use crosscheck::model::report::Report;
use crosscheck::model::{
    Action, AdvisoryId, Ecosystem, Evidence, Finding, HostDriverCheck, HostDriverEvidence,
    Justification, RuleMatch, VexEvidence, VexStatus,
};
use crosscheck::policy::vex;
use crosscheck::report::{Format, Options, escape, warnings};
use serde_json::Value;

use crate::{render, sample};

fn openvex(report: &Report) -> String {
    render(Format::OPENVEX, report, &Options::default())
}

fn document(report: &Report) -> Value {
    serde_json::from_str(&openvex(report)).unwrap()
}

fn ignored(id: &str, package: &str, purl: &str, rule: RuleMatch) -> Finding {
    let mut decision = sample::decision(Action::Ignore, "", "");
    decision.rule = rule;
    let mut finding = sample::finding(id, Ecosystem::Deb, package, "1.0-1", &[], decision);
    finding.instances[0].purl = Some(purl.to_owned());
    finding
}

fn rule(place: &str, reason: &str) -> RuleMatch {
    RuleMatch::new(place, Action::Ignore, reason)
}

fn by_vex(status: VexStatus, justification: Option<Justification>) -> RuleMatch {
    RuleMatch {
        justification,
        evidence: Some(Evidence::Vex(VexEvidence {
            document: "vendor.json".to_owned(),
            author: Some("Example Security".to_owned()),
            timestamp: Some("2026-11-01T00:00:00Z".to_owned()),
            status,
            pointer: "/statements/4".to_owned(),
        })),
        ..rule("vex", "the parser is never called")
    }
}

fn by_driver() -> RuleMatch {
    RuleMatch {
        justification: Some(Justification::VulnerableCodeNotPresent),
        expires: Some("2027-02-23".to_owned()),
        evidence: Some(Evidence::HostDriver(HostDriverEvidence {
            vulnerability: AdvisoryId::new("CVE-2026-47600"),
            component: "kernel_mode".to_owned(),
            bulletin: "5861".to_owned(),
            data_date: "2026-11-20".to_owned(),
            hosts: vec![HostDriverCheck {
                version: "580.178.04".to_owned(),
                branch: "R580".to_owned(),
                fixed: "580.178.04".to_owned(),
                origin: "policy".to_owned(),
            }],
        })),
        ..rule("cuda", "the flaw is in the kernel module of the host")
    }
}

fn justified() -> RuleMatch {
    RuleMatch {
        justification: Some(Justification::ComponentNotPresent),
        owner: Some("ml".to_owned()),
        expires: Some("2026-12-31".to_owned()),
        ..rule("ignore[3]", "the plug-in is not installed")
    }
}

/// The sample's accepted risk, and one finding for each other ground to ignore.
fn report() -> Report {
    let mut report = sample::report();
    let justification = Some(Justification::VulnerableCodeNotInExecutePath);
    report.findings.extend([
        ignored(
            "CVE-2026-0001",
            "liba",
            "pkg:deb/debian/liba@1.0-1?arch=amd64&distro=debian-12.5&upstream=a",
            by_vex(VexStatus::NotAffected, justification),
        ),
        ignored(
            "CVE-2026-0002",
            "libb",
            "pkg:deb/debian/libb@1.0-1?arch=amd64",
            by_vex(VexStatus::Fixed, None),
        ),
        ignored(
            "CVE-2026-47600",
            "libnvidia-compute-580",
            "pkg:deb/ubuntu/libnvidia-compute-580@1.0-1",
            by_driver(),
        ),
        ignored(
            "CVE-2026-0003",
            "libc",
            "pkg:deb/debian/libc@1.0-1",
            justified(),
        ),
    ]);
    report.findings[5].vulnerability.aliases = vec![AdvisoryId::new("GHSA-4fc7-mvrr-wv2c")];
    report
}

/// Forgets every digest of the image.
fn unpin(report: &mut Report) {
    report.target.manifest_digest = None;
    report.target.repo_digests = Vec::new();
}

/// The `@id` of each product of a statement, with the number of its subcomponents.
fn products(statement: &Value) -> Vec<(&str, usize)> {
    let products = statement["products"].as_array().unwrap();
    products
        .iter()
        .map(|product| {
            let parts = product["subcomponents"].as_array().map_or(0, Vec::len);
            (product["@id"].as_str().unwrap(), parts)
        })
        .collect()
}

fn statement<'d>(document: &'d Value, id: &str) -> &'d Value {
    let statements = document["statements"].as_array().unwrap();
    statements
        .iter()
        .find(|one| one["vulnerability"]["name"] == id)
        .unwrap()
}

#[test]
fn openvex_of_a_small_report() {
    insta::assert_snapshot!(openvex(&report()));
}

#[test]
fn it_is_valid_against_the_official_schema() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schemas/openvex-0.2.0.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let mut archive = report();
    "/tmp/my images/trainer 1.tar".clone_into(&mut archive.target.reference);
    unpin(&mut archive);
    let mut hub = report();
    "nginx".clone_into(&mut hub.target.reference);
    unpin(&mut hub);
    let mut nameless = report();
    for finding in &mut nameless.findings {
        for instance in &mut finding.instances {
            instance.purl = None;
        }
    }
    for report in [report(), archive, hub, nameless] {
        let document = document(&report);
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(document["statements"].as_array().unwrap().len(), 5);
        let mut spoilt = document;
        spoilt["statements"][0]["action_statement"] = Value::Null;
        assert!(!validator.is_valid(&spoilt));
    }
}

#[test]
fn an_accepted_risk_is_never_called_harmless() {
    let document = document(&report());
    let accepted = statement(&document, "CVE-2024-28219");
    assert_eq!(accepted["status"], "affected");
    assert_eq!(
        accepted["action_statement"],
        "accepted until 2026-12-01 by vision-team@registry.example: the affected decoder is not \
         built into our wheel"
    );
    assert!(accepted.get("justification").is_none());

    // Nor is one that covers the rest of what a justified rule covers in part.
    let mut report = report();
    let decision = report.findings[8].decision.as_mut().unwrap();
    decision.also.push(rule("ignore[4]", "no time to look"));
    let document = self::document(&report);
    assert_eq!(statement(&document, "CVE-2026-0003")["status"], "affected");
}

#[test]
fn rules_that_share_a_finding_speak_for_their_own_packages() {
    let mut report = report();
    let finding = &mut report.findings[5];
    let with_url = |purl: &str| {
        let mut instance = finding.instances[0].clone();
        instance.purl = Some(purl.to_owned());
        instance
    };
    finding.instances = vec![
        with_url("pkg:deb/debian/liba@1.0-1"),
        with_url("pkg:deb/debian/liba-dev@1.0-1"),
        with_url("pkg:deb/debian/liba-bin@1.0-1"),
        // The same package in another place.
        with_url("pkg:deb/debian/liba-bin@1.0-1"),
    ];
    let justified = |justification, covered: &[bool]| {
        by_vex(VexStatus::NotAffected, Some(justification)).limited_to(covered)
    };
    let decision = finding.decision.as_mut().unwrap();
    decision.rule = justified(
        Justification::ComponentNotPresent,
        &[true, false, false, false],
    );
    decision.also = vec![
        justified(
            Justification::VulnerableCodeNotPresent,
            &[false, true, true, false],
        ),
        rule("ignore[4]", "no time to look").limited_to(&[false, false, false, true]),
    ];
    let document = document(&report);
    let statements = document["statements"].as_array().unwrap();
    let claims: Vec<(&str, &str, Vec<&str>)> = statements
        .iter()
        .filter(|one| one["vulnerability"]["name"] == "CVE-2026-0001")
        .map(|one| {
            let parts = one["products"][0]["subcomponents"].as_array().unwrap();
            (
                one["status"].as_str().unwrap(),
                one["justification"].as_str().unwrap_or_default(),
                parts
                    .iter()
                    .map(|part| part["@id"].as_str().unwrap())
                    .collect(),
            )
        })
        .collect();
    assert_eq!(
        claims,
        [
            ("affected", "", vec!["pkg:deb/debian/liba-bin@1.0-1"]),
            (
                "not_affected",
                "component_not_present",
                vec!["pkg:deb/debian/liba@1.0-1"]
            ),
            (
                "not_affected",
                "vulnerable_code_not_present",
                vec!["pkg:deb/debian/liba-dev@1.0-1"]
            ),
        ]
    );
}

#[test]
fn a_claim_about_hosts_names_its_condition_and_its_end() {
    let document = document(&report());
    let claim = &statement(&document, "CVE-2026-47600")["impact_statement"];
    let claim = claim.as_str().unwrap();
    for words in [
        "only on hosts",
        "R580 580.178.04",
        "bulletin 5861",
        "until 2027-02-23",
    ] {
        assert!(claim.contains(words), "{claim}");
    }
}

#[test]
fn the_image_is_every_digest_that_a_registry_has() {
    let [index, manifest] = ["1d", "3f"].map(|byte| format!("sha256:{}", byte.repeat(32)));
    let mut report = report();
    report.target.repo_digests = vec![
        format!("Mirror.example:5000/Trainer@{index}"),
        format!("registry.example/ml/trainer@{index}"),
        "no digest".to_owned(),
    ];
    "registry:registry.example/ml/trainer:2.4.0".clone_into(&mut report.target.reference);
    let document = document(&report);
    let statement = statement(&document, "CVE-2026-0001");
    let expected = [index, manifest].map(|digest| format!("pkg:oci/trainer@{digest}"));
    assert_eq!(
        products(statement),
        [(expected[0].as_str(), 1), (expected[1].as_str(), 1)]
    );
    assert!(warnings(Format::OPENVEX, &report, &Options::default()).is_empty());
}

#[test]
fn an_image_without_such_a_digest_is_known_by_its_packages_too() {
    let mut report = report();
    unpin(&mut report);
    // As Syft makes one up for an archive.
    report.target.manifest_digest = Some(format!("sha256:{}", "5a".repeat(32)));
    "docker-archive:/builds/trainer.tar".clone_into(&mut report.target.reference);
    let document = document(&report);
    let exempted = statement(&document, "CVE-2026-0001");
    assert_eq!(
        products(exempted),
        [
            ("pkg:generic/trainer.tar", 1),
            ("pkg:deb/debian/liba@1.0-1?arch=amd64", 0)
        ]
    );
    let notes = exempted["status_notes"].as_str().unwrap();
    assert!(notes.contains("this image alone"), "{notes}");
    // Nobody leaves out a finding because of this one.
    let accepted = statement(&document, "CVE-2024-28219");
    assert_eq!(products(accepted), [("pkg:generic/trainer.tar", 1)]);
    let [warning] = &warnings(Format::OPENVEX, &report, &Options::default())[..] else {
        panic!("one warning is due")
    };
    assert!(warning.contains("with another image"), "{warning}");
}

#[test]
fn packages_are_named_as_each_tool_spells_them() {
    let mut report = report();
    let instance = &mut report.findings[5].instances[0];
    "1:1.2.13-1".clone_into(&mut instance.version);
    instance.purl = Some(
        "pkg:deb/debian/zlib1g@1%3A1.2.13-1?arch=amd64&distro=debian-12&upstream=zlib".to_owned(),
    );
    let document = document(&report);
    let parts = &statement(&document, "CVE-2026-0001")["products"][0]["subcomponents"];
    let ids: Vec<&str> = parts
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["@id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "pkg:deb/debian/zlib1g@1.2.13-1?arch=amd64&epoch=1",
            "pkg:deb/debian/zlib1g@1:1.2.13-1?arch=amd64"
        ]
    );
}

#[test]
fn a_report_that_ignores_nothing_gives_no_document() {
    let mut report = report();
    report.findings.retain(|finding| {
        let action = finding.decision.as_ref().map(|decision| decision.action);
        action != Some(Action::Ignore)
    });
    assert!(!report.findings.is_empty());
    assert_eq!(openvex(&report), "");
    let [warning] = &warnings(Format::OPENVEX, &report, &Options::default())[..] else {
        panic!("one warning is due")
    };
    assert!(warning.contains("no OpenVEX document"), "{warning}");
    assert!(warnings(Format::JSON, &report, &Options::default()).is_empty());
}

#[test]
fn what_counts_is_left_out() {
    let document = document(&report());
    for finding in &report().findings {
        let listed = document["statements"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["vulnerability"]["name"] == finding.vulnerability.id.as_str());
        let action = finding.decision.as_ref().unwrap().action;
        assert_eq!(listed, action == Action::Ignore, "{}", finding.key);
    }
}

#[test]
fn our_own_reader_gives_the_same_statements_back() {
    for reference in [None, Some("nginx:1.25"), Some("localhost:5000/a/b")] {
        for digest in [true, false] {
            let mut report = report();
            if let Some(reference) = reference {
                reference.clone_into(&mut report.target.reference);
            }
            if !digest {
                unpin(&mut report);
            }
            // A package URL of the ecosystem's own type, as scanners give it.
            report.findings[4].instances[0].purl = None;
            let read = vex::read(openvex(&report).as_bytes(), "own.json").unwrap();
            assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
            assert_eq!(read.author.as_deref(), Some("crosscheck 0.1.0"));
            let product = vex::Product::new(&report.target, &[]);
            let statements = vex::Statements::new(vec![read], &product, jiff::Timestamp::MAX);
            let ignored = report.with_action(Action::Ignore).collect::<Vec<_>>();
            assert_eq!(ignored.len(), 5);
            for finding in ignored {
                let resolution = statements.on(finding);
                let [Some(ruling)] = &resolution.rulings[..] else {
                    panic!("{}: {resolution:#?}", finding.key)
                };
                let rule = &finding.decision.as_ref().unwrap().rule;
                assert_eq!(ruling.justification, rule.justification, "{}", finding.key);
                let expected = match &rule.evidence {
                    Some(Evidence::Vex(evidence)) => evidence.status,
                    Some(Evidence::HostDriver(_)) => VexStatus::NotAffected,
                    None if rule.justification.is_some() => VexStatus::NotAffected,
                    None => VexStatus::Affected,
                };
                assert_eq!(ruling.evidence.status, expected, "{}", finding.key);
                let time = match &rule.evidence {
                    Some(Evidence::Vex(evidence)) => evidence.timestamp.clone(),
                    _ => Some(report.evaluated_at.clone()),
                };
                assert_eq!(ruling.evidence.timestamp, time);
            }
            for finding in report.with_action(Action::Block) {
                assert!(statements.on(finding).matched.is_empty(), "{}", finding.key);
            }
        }
    }
}

#[test]
fn hostile_text_stays_text_and_the_id_follows_from_the_content() {
    let hostile = "\u{1b}[2J\u{202e}\"},{\"status\":\"fixed\"\u{200b}\\";
    let mut report = report();
    report.findings[5].decision.as_mut().unwrap().rule.reason = hostile.to_owned();
    report.findings[6].instances[0].purl = Some(format!("pkg:deb/debian/{hostile}@1"));
    let text = openvex(&report);
    let escaped = |c: char| c != '\n' && escape::is_unsafe(c);
    assert!(!text.contains(escaped), "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        statement(&document, "CVE-2026-0001")["impact_statement"],
        hostile
    );
    assert_eq!(document["statements"].as_array().unwrap().len(), 5);
    assert_eq!(openvex(&report), text);
    let other = self::document(&self::report());
    assert_ne!(document["@id"], other["@id"]);
    assert!(other["@id"].as_str().unwrap().starts_with("urn:uuid:"));
}
