//! The SARIF file: valid, within what GitHub takes, and the same findings in every build of an image.
#![expect(
    clippy::indexing_slicing,
    reason = "the sample's findings are where this file puts them"
)]

use std::collections::{BTreeMap, BTreeSet};

use crosscheck::model::report::Report;
use crosscheck::model::{Action, AdvisoryId, Ecosystem, Finding, Location, Severity, Verdict};
use crosscheck::report::{Format, Options, escape, warnings};
use proptest::prelude::*;
use serde_json::Value;

use crate::{example, excerpt, hostile, render, sample, schemas};

fn sarif(report: &Report, include_ignored: bool) -> String {
    let options = Options {
        include_ignored,
        ..Options::default()
    };
    render(Format::SARIF, report, &options)
}

fn document(report: &Report) -> Value {
    serde_json::from_str(&sarif(report, false)).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn results(document: &Value) -> &[Value] {
    list(&document["runs"][0]["results"])
}

fn rules(document: &Value) -> &[Value] {
    list(&document["runs"][0]["tool"]["driver"]["rules"])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Fingerprints by the key of the finding.
fn fingerprints(report: &Report) -> BTreeMap<String, String> {
    let document: Value = serde_json::from_str(&sarif(report, true)).unwrap();
    let results = results(&document).iter();
    results
        .map(|result| {
            let hash = &result["partialFingerprints"]["primaryLocationLineHash"];
            let key = &result["properties"]["finding"];
            (text(key).to_owned(), text(hash).to_owned())
        })
        .collect()
}

/// A finding in a language package that lies at a path.
fn copy(id: &str, version: &str, path: &str) -> Finding {
    let decision = sample::decision(Action::Warn, "rule", "reason");
    let verdicts = [("trivy", Verdict::Reported)];
    let mut finding = sample::finding(id, Ecosystem::Npm, "semver", version, &verdicts, decision);
    finding.instances[0].locations = vec![Location {
        path: Some(path.to_owned()),
        layer: None,
    }];
    finding
}

/// What GitHub demands beyond the schema, and its limits.
fn check_as_github_does(document: &Value) {
    let filled = |value: &Value| !text(value).trim().is_empty();
    let run = &document["runs"][0];
    assert_eq!(list(&document["runs"]).len(), 1);
    assert!(results(document).len() <= 5_000);
    assert!(list(&run["tool"]["extensions"]).len() <= 100);
    let category = text(&run["automationDetails"]["id"]);
    assert!(category.ends_with('/') && !category.contains(['@', ' ']));

    let mut ids = BTreeSet::new();
    for rule in rules(document) {
        assert!(
            filled(&rule["id"]) && ids.insert(text(&rule["id"])),
            "{rule}"
        );
        assert!(text(&rule["id"]).chars().count() <= 255);
        for description in ["shortDescription", "fullDescription"] {
            let description = &rule[description]["text"];
            assert!(filled(description), "{rule}");
            assert!(text(description).chars().count() <= 1_024, "{rule}");
        }
        assert!(filled(&rule["help"]["text"]), "{rule}");
        let properties = &rule["properties"];
        let tags = list(&properties["tags"]);
        assert!(tags.len() <= 10 && tags[0] == "security", "{rule}");
        if let Some(score) = properties.get("security-severity") {
            let score: f64 = text(score).parse().unwrap();
            assert!(score > 0.0 && score <= 10.0);
        }
    }
    let mut hashes = BTreeSet::new();
    for result in results(document) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules(document)[index]["id"], result["ruleId"]);
        assert!(filled(&result["message"]["text"]));
        let locations = list(&result["locations"]);
        assert!((1..=100).contains(&locations.len()));
        for location in locations {
            let place = &location["physicalLocation"];
            let uri = text(&place["artifactLocation"]["uri"]);
            assert!(!uri.is_empty() && !uri.starts_with('/'), "{uri}");
            assert!(
                !uri.contains([':', ' ', '?', '#', '\\']) && uri.is_ascii(),
                "{uri}"
            );
            assert!(
                uri.split('/')
                    .all(|segment| !["", ".", ".."].contains(&segment)),
                "{uri}"
            );
            for end in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert_eq!(place["region"][end], 1);
            }
        }
        let hash = &result["partialFingerprints"]["primaryLocationLineHash"];
        assert!(hashes.insert(text(hash)), "two results have {hash}");
    }
}

#[test]
fn sarif_of_a_small_report() {
    insta::assert_snapshot!(sarif(&sample::report(), true));
}

#[test]
fn sarif_of_the_example() {
    let document: Value = serde_json::from_str(&example("sarif")).unwrap();
    insta::assert_snapshot!(format!("{:#}", excerpt(&document)));
}

#[test]
fn it_is_valid_and_github_can_take_it() {
    let official = schemas::elsewhere("sarif-2.1.0.oasis.schema.json");
    let validators = [
        Some(schemas::vendored("sarif-2.1.0.schemastore.schema.json")),
        official,
    ];
    let bundled: Report = serde_json::from_str(&example("json")).unwrap();
    let mut bare = sample::report();
    bare.target.platform = None;
    bare.target.reference.clear();
    bare.scanners.clear();
    for finding in &mut bare.findings {
        finding.instances.clear();
        finding.decision = None;
        finding.vulnerability.title = None;
        finding.vulnerability.description = None;
        finding.vulnerability.url = None;
    }
    for report in [
        sample::report(),
        sample::passing(),
        hostile::report(),
        bundled,
        bare,
    ] {
        for include_ignored in [false, true] {
            let text = sarif(&report, include_ignored);
            assert!(!text.contains(|c| c != '\n' && escape::is_unsafe(c)));
            let mut document: Value = serde_json::from_str(&text).unwrap();
            check_as_github_does(&document);
            for validator in validators.iter().flatten() {
                let errors = schemas::errors(validator, &document);
                assert!(errors.is_empty(), "{errors:#?}");
            }
            document["runs"][0]["results"] = "none".into();
            for validator in validators.iter().flatten() {
                assert!(!validator.is_valid(&document));
            }
        }
    }
}

#[test]
fn two_builds_of_an_image_have_the_same_fingerprints_and_category() {
    let first = sample::report();
    let expected = fingerprints(&first);
    assert_eq!(expected.len(), first.findings.len());
    for reference in [
        "registry.example/ml/trainer:2.5.0-rc1",
        "registry.example/ml/trainer",
        &format!("registry.example/ml/trainer@sha256:{}", "4e".repeat(32)),
    ] {
        let mut second = sample::report();
        reference.clone_into(&mut second.target.reference);
        second.target.manifest_digest = Some(format!("sha256:{}", "4e".repeat(32)));
        second.target.repo_digests.clear();
        assert_eq!(fingerprints(&second), expected, "{reference}");
        let category = |report: &Report| document(report)["runs"][0]["automationDetails"].clone();
        assert_eq!(category(&second), category(&first));
        assert_eq!(
            category(&second)["id"],
            "crosscheck/registry.example/ml/trainer/linux-amd64/"
        );
    }
    let mut other = sample::report();
    "registry.example/ml/server:2.4.0".clone_into(&mut other.target.reference);
    for (key, fingerprint) in fingerprints(&other) {
        assert_ne!(fingerprint, expected[&key]);
    }
}

#[test]
fn no_fingerprint_follows_severity_text_decision_or_scanners() {
    let expected = fingerprints(&sample::report());
    let mut report = sample::report();
    for finding in &mut report.findings {
        finding.severity.level = Severity::Low;
        finding.ratings.clear();
        finding.vulnerability.title = Some("Another title".to_owned());
        finding.vulnerability.description = None;
        finding.vulnerability.known_exploited ^= true;
        finding.decision = Some(sample::decision(Action::Track, "another", "reason"));
        finding.fix.recommended = Some("999".to_owned());
        finding.instances[0].locations.clear();
        finding.verdicts.clear();
    }
    report.findings.reverse();
    assert_eq!(fingerprints(&report), expected);
}

#[test]
fn an_alert_survives_an_upgrade_that_does_not_mend_it() {
    let mut before = sample::report();
    before.findings = vec![copy(
        "CVE-2026-1",
        "1.0.0",
        "/app/node_modules/semver/package.json",
    )];
    let mut after = before.clone();
    after.findings = vec![copy(
        "CVE-2026-1",
        "1.0.1",
        "/srv/node_modules/semver/package.json",
    )];
    let values = |report: &Report| fingerprints(report).into_values().collect::<Vec<_>>();
    assert_eq!(values(&before), values(&after));
}

#[test]
fn copies_of_a_package_are_told_apart_by_their_place() {
    let of = |findings: Vec<Finding>| {
        let mut report = sample::report();
        report.findings = findings;
        fingerprints(&report)
    };
    let [a, b] = ["/app/semver-1.0.0.tgz", "/usr/lib/semver/package.json"];
    let both = of(vec![
        copy("CVE-2026-1", "1.0.0", a),
        copy("CVE-2026-1", "2.0.0", b),
    ]);
    let [one, two] = ["CVE-2026-1@npm/semver@1.0.0", "CVE-2026-1@npm/semver@2.0.0"];
    assert_ne!(both[one], both[two]);
    // The first is upgraded where it lies: both are known again, each as itself.
    let newer = a.replace("1.0.0", "1.0.1");
    let upgraded = of(vec![
        copy("CVE-2026-1", "2.0.0", b),
        copy("CVE-2026-1", "1.0.1", &newer),
    ]);
    assert_eq!(upgraded["CVE-2026-1@npm/semver@1.0.1"], both[one]);
    assert_eq!(upgraded[two], both[two]);
    // In one place only the version is left to tell them apart.
    let together = of(vec![
        copy("CVE-2026-1", "1.0.0", b),
        copy("CVE-2026-1", "2.0.0", b),
    ]);
    assert_ne!(together[one], together[two]);
    // Another vulnerability is none of their copies.
    let others = of(vec![
        copy("CVE-2026-1", "1.0.0", a),
        copy("CVE-2026-2", "2.0.0", b),
    ]);
    let alone = of(vec![copy("CVE-2026-1", "1.0.0", a)]);
    assert_eq!(others[one], alone[one]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_two_results_share_a_fingerprint(
        findings in proptest::collection::vec(
            ("[12]", "(deb|npm)", "[ab\0]{0,2}", "[12]{0,2}", "/[ab12]{0,3}"),
            0..30,
        )
    ) {
        let mut report = sample::report();
        report.findings = findings
            .into_iter()
            .map(|(id, ecosystem, name, version, path)| {
                let mut finding = copy(&format!("CVE-2026-{id}"), &version, &path);
                finding.package.ecosystem = Ecosystem::from_name(&ecosystem);
                finding.package.name.clone_from(&name);
                // Some keys are there twice, which no report of ours has.
                finding.key = format!("CVE-2026-{id}@{ecosystem}/{name}");
                finding
            })
            .collect();
        let count = report.findings.len();
        let document = document(&report);
        check_as_github_does(&document);
        prop_assert_eq!(results(&document).len(), count);
    }
}

#[test]
fn a_result_is_what_the_policy_makes_of_it() {
    let document = document(&sample::report());
    let levels: Vec<(&str, &str)> = results(&document)
        .iter()
        .map(|result| (text(&result["ruleId"]), text(&result["level"])))
        .collect();
    assert_eq!(
        levels,
        [
            ("CVE-2024-5535", "error"),
            ("CVE-2024-6345", "error"),
            ("CVE-2024-7264", "warning"),
            ("CVE-2011-3374", "note"),
        ]
    );
}

#[test]
fn ignored_findings_are_left_out_or_suppressed_with_their_reason() {
    let report = sample::report();
    assert!(!sarif(&report, false).contains("CVE-2024-28219"));
    assert!(!sarif(&report, false).contains("suppressions"));
    assert_eq!(
        document(&report)["runs"][0]["properties"]["ignoredLeftOut"],
        1
    );
    let with: Value = serde_json::from_str(&sarif(&report, true)).unwrap();
    for result in results(&with) {
        let suppressions = list(&result["suppressions"]);
        if result["ruleId"] != "CVE-2024-28219" {
            assert!(suppressions.is_empty());
            continue;
        }
        assert_eq!(suppressions[0]["kind"], "external");
        assert_eq!(suppressions[0]["status"], "accepted");
        assert_eq!(
            suppressions[0]["justification"],
            "the affected decoder is not built into our wheel [ignore[0]]; owner \
             vision-team@registry.example; holds until 2026-12-01"
        );
    }
}

#[test]
fn a_rule_is_a_vulnerability_with_the_worst_of_its_severities() {
    let mut report = sample::report();
    let mut twin = report.findings[3].clone();
    twin.vulnerability.id = AdvisoryId::new("CVE-2024-5535");
    twin.key = "CVE-2024-5535@deb/apt".to_owned();
    report.findings.push(twin);
    let document = document(&report);
    let named: Vec<&Value> = rules(&document)
        .iter()
        .filter(|rule| rule["id"] == "CVE-2024-5535")
        .collect();
    assert_eq!(named.len(), 1);
    // Nobody's score is in the band that counts: the middle of it stands there.
    assert_eq!(named[0]["properties"]["security-severity"], "9.5");
    assert_eq!(named[0]["defaultConfiguration"]["level"], "error");
    let help = text(&named[0]["help"]["text"]);
    assert!(
        help.contains("deb/openssl") && help.contains("deb/apt"),
        "{help}"
    );
}

#[test]
fn the_score_is_the_counting_source_s_where_it_lies_in_the_band() {
    let mut report = sample::report();
    report.findings.truncate(1);
    let score = |report: &Report| {
        document(report)["runs"][0]["tool"]["driver"]["rules"][0]["properties"]
            .get("security-severity")
            .cloned()
    };
    report.findings[0].severity.source = Some(report.findings[0].ratings[0].source.clone());
    report.findings[0].severity.level = Severity::High;
    assert_eq!(score(&report).unwrap(), "7.5");
    report.findings[0].severity.level = Severity::Medium;
    assert_eq!(score(&report).unwrap(), "5.5");
    report.findings[0].severity.level = Severity::Unknown;
    assert_eq!(score(&report), None);
}

#[test]
fn a_run_that_cannot_be_trusted_does_not_look_like_one_without_findings() {
    let report = sample::insufficient();
    let document = document(&report);
    assert!(results(&document).is_empty());
    let invocation = &document["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["exitCode"], 3);
    let notifications = list(&invocation["toolExecutionNotifications"]);
    let told: Vec<(&str, &str)> = notifications
        .iter()
        .map(|note| (text(&note["level"]), text(&note["message"]["text"])))
        .collect();
    assert_eq!(told[0], ("error", "snyk gave no result"));
    assert!(told[1].0 == "error" && told[1].1.contains("Snyk Container gave no result"));
    assert!(told[2].0 == "warning" && told[2].1.contains("Docker Scout"));
    let passing = self::document(&sample::passing());
    let invocation = &passing["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], true);
}

#[test]
fn a_hundred_thousand_findings_are_cut_to_the_worst_and_it_says_so() {
    let mut report = sample::report();
    let [worst, mild] = [report.findings[0].clone(), report.findings[3].clone()];
    report.findings = (0..100_000)
        .map(|number| {
            let model = if number % 50 == 49 { &worst } else { &mild };
            let mut finding = model.clone();
            finding.vulnerability.id = AdvisoryId::new(&format!("CVE-2026-{number:06}"));
            finding.key = format!("CVE-2026-{number:06}@deb/x");
            finding
        })
        .collect();
    let document = document(&report);
    assert_eq!(results(&document).len(), 5_000);
    assert_eq!(rules(&document).len(), 5_000);
    check_as_github_does(&document);
    let errors = results(&document)
        .iter()
        .filter(|result| result["level"] == "error");
    assert_eq!(errors.count(), 2_000);
    assert_eq!(results(&document)[0]["ruleId"], "CVE-2026-000049");
    assert_eq!(results(&document)[2_000]["ruleId"], "CVE-2026-000000");
    let run = &document["runs"][0];
    assert_eq!(run["properties"]["resultsLeftOut"], 95_000);
    let note = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    let warnings = warnings(Format::SARIF, &report, &Options::default());
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("95000 of 100000 findings"),
        "{warnings:?}"
    );
    assert_eq!(text(note), warnings[0]);
    assert!(self::warnings(Format::SARIF, &sample::report(), &Options::default()).is_empty());
}

/// Id, name, version and severity of everything that a file reports. Names are in lower case, as those
/// in package URLs of Python and Go are.
type Reported = BTreeSet<(String, String, String, Severity)>;

#[test]
fn our_own_reader_gives_the_same_findings_back() {
    let bundled: Report = serde_json::from_str(&example("json")).unwrap();
    assert!(bundled.findings.len() > 400);
    let mut with_all_bands = sample::report();
    for (finding, level) in with_all_bands
        .findings
        .iter_mut()
        .zip(Severity::WORST_FIRST)
    {
        finding.severity.level = level;
    }
    let mut unknown = sample::report();
    unknown.findings[0].severity.level = Severity::Unknown;
    for report in [sample::report(), with_all_bands, unknown, bundled] {
        let read = crosscheck::formats::read(sarif(&report, false).as_bytes()).unwrap();
        assert_eq!(read.scanner.as_str(), "crosscheck");
        assert_eq!(read.unreadable(), 0, "{:?}", read.diagnostics);
        let counted = || {
            let findings = report.findings.iter();
            findings.filter(|finding| {
                let decision = finding.decision.as_ref().unwrap();
                decision.action != Action::Ignore
            })
        };
        assert_eq!(read.entries, counted().count());
        let written: Reported = counted()
            .flat_map(|finding| {
                finding.instances.iter().map(|instance| {
                    (
                        finding.vulnerability.id.as_str().to_owned(),
                        instance.name.to_lowercase(),
                        instance.version.clone(),
                        finding.severity.level,
                    )
                })
            })
            .collect();
        let back: Reported = read
            .observations
            .iter()
            .map(|observation| {
                let package = read.package(observation.package).unwrap();
                (
                    observation.id.as_str().to_owned(),
                    package.name.to_lowercase(),
                    package.version.clone(),
                    observation.severity,
                )
            })
            .collect();
        let lost: Vec<_> = written.difference(&back).collect();
        let gained: Vec<_> = back.difference(&written).collect();
        assert!(lost.is_empty() && gained.is_empty(), "{lost:?} {gained:?}");
    }
}

#[test]
fn an_archive_is_known_by_its_file_name_alone_and_that_is_warned_of() {
    let mut report = sample::report();
    let warned = |report: &Report| warnings(Format::SARIF, report, &Options::default());
    assert_eq!(warned(&report), [""; 0]);
    "docker-archive:/builds/image\u{1b}.tar".clone_into(&mut report.target.reference);
    assert!(warned(&report)[0].contains("alone, `image\\u{1b}.tar`"));
}
