//! Comparing two runs, from scanners' reports through reconciling to the reasons.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::coverage::{compare, unchecked};
use crate::model::changes::{Absence, NoResult, WithheldBy};
use crate::model::report::{
    PolicySummary, RunOutcome, RunVerdict, SCHEMA_VERSION as REPORT_VERSION, Summary,
};
use crate::model::{
    AdvisoryId, AdvisoryState, Decision, Failure, FailureKind, FixClaim, FixState, IdLink,
    IdRelation, Observation, Package, RuleMatch, ScannerReport, ScannerRun, Severity,
    SourcePackage, Suppressed, Verdict,
};
use crate::reconcile::reconcile;
use crate::reconcile::severity::SeverityRule;

const CVE: &str = "CVE-2024-6345";

/// A scanner's run, built sentence by sentence.
#[derive(Clone, Debug)]
struct Scanner(ScannerRun);

impl Scanner {
    /// One that lists every package.
    fn new(name: &str) -> Self {
        let mut report = ScannerReport::new(ScannerId::new(name), "test");
        report.inventory = InventoryScope::Complete;
        Self(ScannerRun::of(report, format!("{name}.json")))
    }

    fn report(&mut self) -> &mut ScannerReport {
        self.0.report.as_mut().unwrap()
    }

    fn has(mut self, package: Package) -> Self {
        self.report().packages.push(package);
        self
    }

    fn observation(&mut self, id: &str, package: Package) -> Observation {
        let report = self.report();
        report.packages.push(package);
        Observation::of(
            id,
            report.packages.len() - 1,
            format!("/{}", report.observations.len()),
        )
    }

    fn reports(self, id: &str, package: Package) -> Self {
        self.says(id, package, |_| ())
    }

    fn says(mut self, id: &str, package: Package, change: fn(&mut Observation)) -> Self {
        let mut observation = self.observation(id, package);
        change(&mut observation);
        self.report().observations.push(observation);
        self
    }

    fn withholds(mut self, id: &str, package: Package, reason: &str) -> Self {
        let observation = self.observation(id, package);
        self.report().suppressed.push(Suppressed {
            observation,
            reason: reason.to_owned(),
            by_default_rule: false,
        });
        self
    }

    fn only_vulnerable(mut self) -> Self {
        self.report().inventory = InventoryScope::VulnerableOnly;
        self
    }

    fn database_of(mut self, day: &str) -> Self {
        self.0.database_built = Some(format!("{day}T00:00:00Z"));
        self
    }

    fn partial(mut self) -> Self {
        self.0.outcome = Outcome::Partial {
            missing: "python packages".to_owned(),
        };
        self
    }

    fn failed(mut self) -> Self {
        self.0.outcome = Outcome::Failed(Failure {
            kind: FailureKind::Timeout,
            cause: "it ran for 600 s".to_owned(),
            remedy: "give it more time".to_owned(),
        });
        self.0.report = None;
        self
    }
}

fn pypi(name: &str, version: &str) -> Package {
    Package::new(Ecosystem::PyPi, name, version)
}

fn deb(name: &str, version: &str, source: &str) -> Package {
    Package {
        source: Some(SourcePackage {
            name: source.to_owned(),
            version: None,
        }),
        ..Package::new(Ecosystem::Deb, name, version)
    }
}

/// A run with its report.
#[derive(Clone)]
struct Finished {
    report: Report,
    inventories: Option<BTreeMap<ScannerId, Inventory>>,
    policy: Option<&'static str>,
}

impl Finished {
    fn new(scanners: &[Scanner]) -> Self {
        let runs: Vec<ScannerRun> = scanners.iter().map(|scanner| scanner.0.clone()).collect();
        let mut reconciled = reconcile(&runs, &[], &SeverityRule::Vendor);
        let coverage = compare(&mut reconciled, &runs);
        let unchecked = unchecked(&reconciled, &runs);
        let report = Report {
            schema_version: REPORT_VERSION.to_owned(),
            tool: ToolInfo {
                name: "crosscheck".to_owned(),
                version: "1".to_owned(),
            },
            evaluated_at: "2026-11-24T00:00:00Z".to_owned(),
            target: TargetSummary::default(),
            verdict: RunVerdict {
                outcome: RunOutcome::Pass,
                exit_code: 0,
                blocking: 0,
                insufficient: Vec::new(),
            },
            scanners: runs
                .iter()
                .map(|run| ScannerSummary {
                    id: run.scanner.clone(),
                    title: run.title.clone(),
                    version: run.version.clone(),
                    database_built: run.database_built.clone(),
                    outcome: run.outcome.clone(),
                    required: false,
                    source: run.source.clone(),
                    sha256: None,
                    format: None,
                    identity: None,
                    inventory: None,
                    packages: 0,
                    observations: 0,
                    duration_ms: None,
                    peak_memory_bytes: None,
                })
                .collect(),
            policy: PolicySummary::default(),
            summary: Summary::default(),
            findings: reconciled.findings,
            coverage,
            unchecked,
            suppressed: reconciled.suppressed,
            accounting: Vec::new(),
            diagnostics: Vec::new(),
        };
        Self {
            report,
            inventories: Some(reconciled.inventories),
            policy: None,
        }
        .decided(Action::Warn)
    }

    /// The same, with one decision on all findings.
    fn decided(mut self, action: Action) -> Self {
        for finding in &mut self.report.findings {
            finding.decision = Some(Decision {
                action,
                rule: RuleMatch::new("ignore[0]", action, "because"),
                also: Vec::new(),
                notes: Vec::new(),
            });
        }
        self
    }

    /// The same, of an image with a digest, for a platform.
    fn on(mut self, digest: &str, platform: &str) -> Self {
        self.report.target.config_digest = Some(digest.to_owned());
        self.report.target.platform = Some(platform.to_owned());
        self
    }

    /// The same, as read from its JSON report.
    fn without_lists(mut self) -> Self {
        self.inventories = None;
        self
    }

    fn side(&self) -> Side<'_> {
        Side {
            source: "run",
            report: &self.report,
            inventories: self.inventories.as_ref(),
            policy: self.policy,
        }
    }
}

fn diff(a: &[Scanner], b: &[Scanner]) -> Changes {
    changes(&Finished::new(a).side(), &Finished::new(b).side())
}

/// The reason for which the first run's only finding is gone without being mended. With the runs the
/// other way round the same reason stands beside what is new.
fn gone_both_ways(a: &Finished, b: &Finished) -> Absence {
    let forth = changes(&a.side(), &b.side());
    let back = changes(&b.side(), &a.side());
    assert_eq!(numbers(&back), [1, 0, 0, 0, 0], "{back:#?}");
    assert_eq!(back.new, forth.gone);
    only_gone(&forth).why.clone()
}

/// The same where it is mended.
fn fixed_both_ways(a: &Finished, b: &Finished) -> Absence {
    let forth = changes(&a.side(), &b.side());
    let back = changes(&b.side(), &a.side());
    assert_eq!(numbers(&back), [1, 0, 0, 0, 0], "{back:#?}");
    assert_eq!(back.new, forth.fixed);
    only_fixed(&forth).why.clone()
}

/// Numbers of new, fixed, otherwise gone, changed and equal findings.
fn numbers(changes: &Changes) -> [usize; 5] {
    let counts = changes.counts;
    [
        counts.new,
        counts.fixed,
        counts.gone,
        counts.changed,
        counts.same,
    ]
}

/// The only finding that is gone without being mended, and why.
fn only_gone(changes: &Changes) -> &Unmatched {
    assert_eq!(numbers(changes), [0, 0, 1, 0, 0], "{changes:#?}");
    &changes.gone[0]
}

/// The only finding that is mended, and why.
fn only_fixed(changes: &Changes) -> &Unmatched {
    assert_eq!(numbers(changes), [0, 1, 0, 0, 0], "{changes:#?}");
    &changes.fixed[0]
}

fn ids_of(names: &[&str]) -> Vec<ScannerId> {
    names.iter().map(|name| ScannerId::new(name)).collect()
}

fn versions(reported: &str, installed: &str) -> Absence {
    let list = |text: &str| text.split(' ').map(str::to_owned).collect();
    Absence::OtherVersion {
        reported: list(reported),
        installed: list(installed),
    }
}

fn setuptools(version: &str) -> Package {
    pypi("setuptools", version)
}

#[test]
fn what_a_failed_scanner_reported_is_not_fixed() {
    let before = Scanner::new("trivy").reports(CVE, setuptools("65.5.1"));
    // The package was updated besides, as another scanner's list says.
    let other = Scanner::new("grype");
    let changes = diff(
        &[before, other.clone().has(setuptools("65.5.1"))],
        &[
            Scanner::new("trivy").failed(),
            other.has(setuptools("70.0.0")),
        ],
    );
    let gone = only_gone(&changes);
    assert_eq!(gone.why, Absence::NotLooked);
    let NoResult::Failed(failure) = &gone.no_result[&ScannerId::new("trivy")] else {
        panic!("{gone:#?}");
    };
    assert_eq!(failure.cause, "it ran for 600 s");
    assert_eq!(changes.scanners[0].scanner, ScannerId::new("trivy"));
    assert!(changes.scanners[0].lacks_a_result());
}

#[test]
fn what_a_scanner_reported_that_did_not_run_is_not_fixed() {
    let changes = diff(
        &[Scanner::new("trivy").reports(CVE, setuptools("65.5.1"))],
        &[Scanner::new("grype").has(setuptools("65.5.1"))],
    );
    let gone = only_gone(&changes);
    assert_eq!(gone.why, Absence::NotLooked);
    assert_eq!(
        gone.no_result,
        BTreeMap::from([(ScannerId::new("trivy"), NoResult::NotRun)])
    );
}

#[test]
fn one_failed_report_of_a_scanner_takes_its_others_trust() {
    let whole = Scanner::new("snyk").reports(CVE, setuptools("65.5.1"));
    let rest = Scanner::new("snyk").has(pypi("wheel", "0.40"));
    let changes = diff(&[whole], &[rest, Scanner::new("snyk").failed()]);
    assert_eq!(only_gone(&changes).why, Absence::NotLooked);
}

#[test]
fn an_updated_package_is_fixed_where_a_reporter_looked() {
    let changes = diff(
        &[
            Scanner::new("trivy").reports(CVE, setuptools("65.5.1")),
            Scanner::new("snyk").reports(CVE, setuptools("65.5.1")),
        ],
        &[
            Scanner::new("trivy").has(setuptools("70.0.0")),
            Scanner::new("snyk").failed(),
        ],
    );
    let fixed = only_fixed(&changes);
    assert_eq!(fixed.why, versions("65.5.1", "70.0.0"));
    // The one that failed is named all the same.
    assert!(fixed.no_result.contains_key(&ScannerId::new("snyk")));
    assert_eq!(changes.packages.updated.len(), 1);
    assert_eq!(
        changes.packages.ecosystems[0].scanner,
        ScannerId::new("trivy")
    );
}

#[test]
fn a_removed_package_is_fixed_and_an_added_one_is_new() {
    let with = [Scanner::new("trivy").reports(CVE, setuptools("65.5.1"))];
    let without = [Scanner::new("trivy").has(pypi("wheel", "0.40"))];
    assert_eq!(
        only_fixed(&diff(&with, &without)).why,
        Absence::PackageAbsent
    );
    let changes = diff(&without, &with);
    assert_eq!(numbers(&changes), [1, 0, 0, 0, 0]);
    assert_eq!(changes.new[0].why, Absence::PackageAbsent);
}

#[test]
fn silence_on_the_same_version_is_other_data() {
    let changes = diff(
        &[Scanner::new("trivy")
            .database_of("2026-11-01")
            .reports(CVE, setuptools("65.5.1"))],
        &[Scanner::new("trivy")
            .database_of("2026-11-20")
            .has(setuptools("65.5.1"))],
    );
    assert_eq!(
        only_gone(&changes).why,
        Absence::DataChanged {
            scanners: ids_of(&["trivy"]),
            state: AdvisoryState::Active,
        }
    );
    let parts = &changes.scanners[0].parts;
    let built = |part: &Option<ScannerPartBrief>| part.clone().unwrap().database_built.unwrap();
    assert_eq!(built(&parts.a), "2026-11-01T00:00:00Z");
    assert_eq!(built(&parts.b), "2026-11-20T00:00:00Z");
}

#[test]
fn a_rejection_is_told_where_either_run_knows_of_it() {
    let elsewhere = |scanner: Scanner| scanner.reports(CVE, pypi("wheel", "0.40"));
    let before = Finished::new(&[elsewhere(
        Scanner::new("trivy").reports(CVE, setuptools("65.5.1")),
    )]);
    let mut after = Finished::new(&[elsewhere(Scanner::new("trivy").has(setuptools("65.5.1")))]);
    after.report.findings[0].vulnerability.state = AdvisoryState::Rejected;
    let changes = changes(&before.side(), &after.side());
    let Absence::DataChanged { state, .. } = &changes.gone[0].why else {
        panic!("{changes:#?}");
    };
    assert_eq!(*state, AdvisoryState::Rejected);
}

#[test]
fn a_scanner_that_no_longer_sees_the_package_learned_nothing() {
    let grype = Scanner::new("grype").has(setuptools("65.5.1"));
    let changes = diff(
        &[
            Scanner::new("trivy").reports(CVE, setuptools("65.5.1")),
            grype.clone(),
        ],
        &[Scanner::new("trivy").has(pypi("wheel", "0.40")), grype],
    );
    assert_eq!(
        only_gone(&changes).why,
        Absence::NotCatalogued {
            scanners: ids_of(&["trivy"])
        }
    );
}

#[test]
fn nothing_is_fixed_in_the_same_image() {
    let not_catalogued = Absence::NotCatalogued {
        scanners: ids_of(&["trivy"]),
    };
    let wheel = pypi("wheel", "0.40");
    let before = [Scanner::new("trivy")
        .reports(CVE, setuptools("65.5.1"))
        .has(wheel.clone())];
    let before = Finished::new(&before).on("sha256:1", "linux/amd64");
    // It lists no package of that kind, not this one, or this one otherwise.
    for trivy in [
        Scanner::new("trivy").has(deb("bash", "5.2-1", "bash")),
        Scanner::new("trivy").has(wheel.clone()),
        Scanner::new("trivy").has(setuptools("70.0.0")),
    ] {
        let after = Finished::new(&[trivy]).on("sha256:1", "linux/amd64");
        assert_eq!(gone_both_ways(&before, &after), not_catalogued);
    }
    let other = Finished::new(&[Scanner::new("trivy").has(wheel)]).on("sha256:2", "linux/amd64");
    assert_eq!(fixed_both_ways(&before, &other), Absence::PackageAbsent);
}

#[test]
fn a_partial_result_mends_nothing() {
    let wheel = pypi("wheel", "0.40");
    let trivy = Scanner::new("trivy");
    let before = Finished::new(&[
        trivy.clone().reports(CVE, setuptools("65.5.1")),
        Scanner::new("grype").has(setuptools("65.5.1")),
    ]);
    let alone = Finished::new(&[trivy.clone().has(wheel.clone()).partial()]);
    assert_eq!(gone_both_ways(&before, &alone), Absence::Unstated);
    let result = changes(&before.side(), &alone.side());
    assert!(result.runs.b.package_lists.is_empty());
    assert!(!result.packages.is_known());
    // Another list has the package in another version, and the only one that knows the flaw may not
    // have looked at it.
    for partial in [trivy.clone(), trivy.clone().only_vulnerable()] {
        let updated = Scanner::new("grype").has(setuptools("70.0.0"));
        let after = Finished::new(&[partial.partial(), updated]);
        assert_eq!(
            gone_both_ways(&before, &after),
            Absence::NotCatalogued {
                scanners: ids_of(&["trivy"])
            }
        );
    }
    // One that lists the package did look.
    let seen = trivy.has(setuptools("70.0.0")).partial();
    let after = Finished::new(&[seen, Scanner::new("grype").has(setuptools("70.0.0"))]);
    assert_eq!(
        fixed_both_ways(&before, &after),
        versions("65.5.1", "70.0.0")
    );
}

#[test]
fn a_list_without_any_package_of_that_kind_says_nothing() {
    let bash = deb("bash", "5.2-1", "bash");
    let before = Scanner::new("trivy")
        .has(bash.clone())
        .reports(CVE, setuptools("65.5.1"));
    let before = Finished::new(&[before]);
    let after = Scanner::new("trivy").has(bash);
    let dropped = Finished::new(std::slice::from_ref(&after));
    assert_eq!(gone_both_ways(&before, &dropped), Absence::Unstated);
    let removed = Finished::new(&[after.has(pypi("wheel", "0.40"))]);
    assert_eq!(fixed_both_ways(&before, &removed), Absence::PackageAbsent);
}

#[test]
fn an_update_that_the_only_one_who_knows_the_flaw_does_not_see_mends_nothing() {
    let grype = |scanner: Scanner| scanner.has(pypi("wheel", "0.40"));
    let before = Finished::new(&[
        grype(Scanner::new("grype")).reports(CVE, setuptools("65.5.1")),
        Scanner::new("trivy").has(setuptools("65.5.1")),
    ]);
    let updated = Scanner::new("trivy").has(setuptools("66.0.0"));
    let after = Finished::new(&[grype(Scanner::new("grype")), updated.clone()]);
    assert_eq!(
        gone_both_ways(&before, &after),
        Absence::NotCatalogued {
            scanners: ids_of(&["grype"])
        }
    );
    let seen = grype(Scanner::new("grype")).has(setuptools("66.0.0"));
    let after = Finished::new(&[seen, updated]);
    assert_eq!(
        fixed_both_ways(&before, &after),
        versions("65.5.1", "66.0.0")
    );
}

#[test]
fn a_version_below_every_named_fix_is_not_fixed() {
    let before = Finished::new(
        &[Scanner::new("trivy").says(CVE, setuptools("2.0"), |said| {
            said.fix = FixClaim::from_versions(["2.5", "3.1"], FixState::NotFixed);
        })],
    );
    let at = |version| Finished::new(&[Scanner::new("trivy").has(setuptools(version))]);
    for below in ["1.9", "2.4"] {
        assert_eq!(
            gone_both_ways(&before, &at(below)),
            Absence::BelowFix {
                reported: vec!["2.0".to_owned()],
                installed: vec![below.to_owned()],
                fixes: vec!["2.5".to_owned(), "3.1".to_owned()],
            }
        );
    }
    // What cannot be compared is no proof to the contrary.
    for mended in ["2.5", "2.6", "3.1", "not a version"] {
        let why = fixed_both_ways(&before, &at(mended));
        assert!(matches!(why, Absence::OtherVersion { .. }), "{why:?}");
    }
}

#[test]
fn fixes_of_a_source_package_are_compared_with_its_own_version() {
    let mapper = |version: &str, source: &str| Package {
        source: Some(SourcePackage {
            name: "lvm2".to_owned(),
            version: Some(source.to_owned()),
        }),
        ..Package::new(Ecosystem::Deb, "libdevmapper1.02.1", version)
    };
    let before = mapper("2:1.02.185-2", "2.03.16-2");
    let before = Finished::new(&[Scanner::new("trivy").says(CVE, before, |said| {
        said.fix = FixClaim::from_versions(["2.03.22-1"], FixState::NotFixed);
    })]);
    let at = |version, source| Finished::new(&[Scanner::new("trivy").has(mapper(version, source))]);
    let why = gone_both_ways(&before, &at("2:1.02.190-1", "2.03.20-1"));
    assert!(matches!(why, Absence::BelowFix { .. }), "{why:?}");
    let why = fixed_both_ways(&before, &at("2:1.02.196-1", "2.03.22-1"));
    assert!(matches!(why, Absence::OtherVersion { .. }), "{why:?}");
}

#[test]
fn an_image_for_another_platform_mends_nothing() {
    let before = Finished::new(&[Scanner::new("trivy").reports(CVE, setuptools("65.5.1"))]);
    let removed = Finished::new(&[Scanner::new("trivy").has(pypi("wheel", "0.40"))]);
    let updated = Finished::new(&[Scanner::new("trivy").has(setuptools("70.0.0"))]);
    let amd = before.clone().on("sha256:1", "linux/amd64");
    for after in [&removed, &updated] {
        let arm = after.clone().on("sha256:2", "linux/arm64");
        assert_eq!(gone_both_ways(&amd, &arm), Absence::OtherPlatform);
        let result = changes(&amd.side(), &arm.side());
        assert_eq!(result.runs.b.platform.as_deref(), Some("linux/arm64"));
        // Not known, or told with and without its variant.
        fixed_both_ways(&before, &arm);
        fixed_both_ways(&before.clone().on("sha256:1", "linux/arm64/v8"), &arm);
    }
}

#[test]
fn a_scanner_that_withholds_under_another_name_of_the_finding_is_found() {
    let before =
        Finished::new(&[
            Scanner::new("grype").says(CVE, setuptools("65.5.1"), |observation| {
                observation.links.push(IdLink {
                    id: AdvisoryId::new("GHSA-cx63-2mw6-8hw5"),
                    relation: IdRelation::Alias,
                    field: "test",
                });
            }),
        ]);
    let after = Finished::new(&[Scanner::new("grype").withholds(
        "GHSA-cx63-2mw6-8hw5",
        setuptools("65.5.1"),
        "told to",
    )]);
    let why = gone_both_ways(&before, &after);
    assert!(matches!(why, Absence::Withheld { .. }), "{why:?}");
}

#[test]
fn what_is_withheld_is_not_fixed_even_in_another_version() {
    for version in ["65.5.1", "66.0.0"] {
        let changes = diff(
            &[Scanner::new("trivy").reports(CVE, setuptools("65.5.1"))],
            &[Scanner::new("trivy").withholds(CVE, setuptools(version), ".trivyignore")],
        );
        assert_eq!(
            only_gone(&changes).why,
            Absence::Withheld {
                by: vec![WithheldBy {
                    scanner: ScannerId::new("trivy"),
                    reason: ".trivyignore".to_owned(),
                }]
            }
        );
    }
}

#[test]
fn without_a_whole_list_nothing_is_known_of_the_package() {
    let with = [Scanner::new("snyk")
        .only_vulnerable()
        .reports(CVE, setuptools("65.5.1"))];
    let without = [Scanner::new("snyk").only_vulnerable()];
    assert_eq!(only_gone(&diff(&with, &without)).why, Absence::Unstated);
    // The whole list of a scanner that never saw the package says nothing either.
    let blind = Scanner::new("grype").has(pypi("wheel", "0.40"));
    let changes = diff(
        &[with[0].clone(), blind.clone()],
        &[without[0].clone(), blind],
    );
    assert_eq!(only_gone(&changes).why, Absence::Unstated);
}

#[test]
fn a_report_from_json_has_no_lists_but_tells_what_is_still_there() {
    let before = Finished::new(&[Scanner::new("trivy").reports(CVE, setuptools("65.5.1"))]);
    let updated = Finished::new(&[Scanner::new("trivy").has(setuptools("70.0.0"))]).without_lists();
    let result = changes(&before.side(), &updated.side());
    assert_eq!(only_gone(&result).why, Absence::Unstated);
    assert!(result.runs.b.package_lists.is_empty());
    assert_eq!(result.runs.a.package_lists, ids_of(&["trivy"]));
    assert!(!result.packages.is_known());

    let other_flaw = Scanner::new("trivy").reports("CVE-2022-40897", setuptools("65.5.1"));
    let still_there = Finished::new(&[other_flaw]).without_lists();
    let result = changes(&before.side(), &still_there.side());
    assert!(matches!(result.gone[0].why, Absence::DataChanged { .. }));
}

#[test]
fn a_vulnerability_that_got_its_cve_is_the_same_finding() {
    const GHSA: &str = "GHSA-cx63-2mw6-8hw5";
    let before = [Scanner::new("grype").reports(GHSA, setuptools("65.5.1"))];
    let after = [
        Scanner::new("grype").says(GHSA, setuptools("65.5.1"), |observation| {
            observation.links.push(IdLink {
                id: AdvisoryId::new(CVE),
                relation: IdRelation::Alias,
                field: "test",
            });
        }),
    ];
    let changes = diff(&before, &after);
    assert_eq!(numbers(&changes), [0, 0, 0, 1, 0], "{changes:#?}");
    let keys = changes.changed[0].key.as_ref().unwrap();
    assert!(keys.a.starts_with(GHSA), "{keys:?}");
    assert!(keys.b.starts_with(CVE), "{keys:?}");
}

#[test]
fn an_updated_package_that_is_still_vulnerable_is_one_changed_finding() {
    let at = |version| [Scanner::new("trivy").reports(CVE, setuptools(version))];
    let changes = diff(&at("65.5.1"), &at("66.0.0"));
    assert_eq!(numbers(&changes), [0, 0, 0, 1, 0], "{changes:#?}");
    let versions = changes.changed[0].versions.as_ref().unwrap();
    assert_eq!(
        (versions.a[0].as_str(), versions.b[0].as_str()),
        ("65.5.1", "66.0.0")
    );
}

#[test]
fn of_two_versions_the_removed_one_is_fixed() {
    let two = [Scanner::new("trivy")
        .reports(CVE, setuptools("65.5.1"))
        .reports(CVE, setuptools("66.0.0"))];
    let one = [Scanner::new("trivy").reports(CVE, setuptools("66.0.0"))];
    let changes = diff(&two, &one);
    assert_eq!(numbers(&changes), [0, 1, 0, 0, 1], "{changes:#?}");
    assert_eq!(changes.fixed[0].why, versions("65.5.1", "66.0.0"));
}

#[test]
fn an_operating_system_package_is_looked_for_by_its_installed_name() {
    const FLAW: &str = "CVE-2024-5535";
    let old = "3.0.11-1~deb12u2";
    let ssl = |version| deb("libssl3", version, "openssl");
    let tool = |version| deb("openssl", version, "openssl");
    let before = [Scanner::new("trivy").reports(FLAW, ssl(old)).has(tool(old))];
    // Another package of the same source stays, but this one is what the finding was about.
    let changes = diff(&before, &[Scanner::new("trivy").has(tool(old))]);
    assert_eq!(only_fixed(&changes).why, Absence::PackageAbsent);
    let changes = diff(
        &before,
        &[Scanner::new("trivy")
            .has(ssl("3.0.14-1~deb12u1"))
            .has(tool("3.0.14-1~deb12u1"))],
    );
    assert_eq!(only_fixed(&changes).why, versions(old, "3.0.14-1~deb12u1"));
    // A rebuild is the same source.
    let changes = diff(
        &before,
        &[Scanner::new("trivy").has(ssl("3.0.11-1~deb12u2+b1"))],
    );
    assert!(matches!(
        only_gone(&changes).why,
        Absence::DataChanged { .. }
    ));
}

#[test]
fn a_source_name_stays_as_long_as_any_of_its_packages() {
    // A scanner that names the source package, which no list has by that name.
    let named = Scanner::new("snyk")
        .only_vulnerable()
        .reports("CVE-2023-31484", deb("perl", "5.36.0-7", "perl"));
    let list = |version| Scanner::new("grype").has(deb("perl-base", version, "perl"));
    let silent = Scanner::new("snyk").only_vulnerable();
    let before = [named, list("5.36.0-7")];
    let changes = diff(&before, &[silent.clone(), list("5.36.0-7")]);
    assert!(matches!(
        only_gone(&changes).why,
        Absence::DataChanged { .. }
    ));
    let changes = diff(&before, &[silent, list("5.36.0-8")]);
    assert_eq!(only_fixed(&changes).why, versions("5.36.0-7", "5.36.0-8"));
}

#[test]
fn decisions_severities_fixes_and_reporters_change() {
    let both = |change: fn(&mut Observation)| {
        [
            Scanner::new("trivy").says(CVE, setuptools("65.5.1"), change),
            Scanner::new("grype").has(setuptools("65.5.1")),
        ]
    };
    let before = Finished::new(&both(|_| ())).decided(Action::Ignore);
    let mut scanners = both(|observation| {
        observation.severity = Severity::Critical;
        observation.fix = FixClaim::from_versions(["70.0.0"], FixState::NotFixed);
    });
    let [_, grype] = scanners.clone();
    scanners[1] = grype.reports(CVE, setuptools("65.5.1"));
    let after = Finished::new(&scanners).decided(Action::Block);
    let result = changes(&before.side(), &after.side());
    assert_eq!(numbers(&result), [0, 0, 0, 1, 0], "{result:#?}");
    assert_eq!(result.counts.newly_blocking(), 1);
    let change = &result.changed[0];
    assert!(change.blocks_newly());
    let decision = change.decision.as_ref().unwrap();
    assert_eq!(decision.a.as_ref().unwrap().action, Action::Ignore);
    let fix = change.fix.as_ref().unwrap();
    assert_eq!((fix.a.as_deref(), fix.b.as_deref()), (None, Some("70.0.0")));
    let [reporter] = change.reporters.as_slice() else {
        panic!("{change:#?}");
    };
    assert_eq!(
        (reporter.scanner.as_str(), reporter.reports_now),
        ("grype", true)
    );
    assert_eq!(
        reporter.otherwise.as_ref().unwrap().verdict,
        Verdict::NoMatch
    );
}

#[test]
fn negligible_and_low_are_one_severity() {
    let rated = |severity| {
        let says = Scanner::new("trivy").says(CVE, setuptools("65.5.1"), |_| ());
        let mut finished = Finished::new(&[says]);
        for finding in &mut finished.report.findings {
            finding.severity.level = severity;
        }
        finished
    };
    let change = |a, b| changes(&rated(a).side(), &rated(b).side()).changed.len();
    assert_eq!(change(Severity::Negligible, Severity::Low), 0);
    assert_eq!(change(Severity::Low, Severity::Medium), 1);
}

#[test]
fn a_failed_scanner_changes_no_finding_that_others_still_report() {
    let report = |name: &str| Scanner::new(name).reports(CVE, setuptools("65.5.1"));
    let changes = diff(
        &[report("trivy"), report("grype")],
        &[report("trivy"), Scanner::new("grype").failed()],
    );
    assert_eq!(numbers(&changes), [0, 0, 0, 0, 1], "{changes:#?}");
}

#[test]
fn lists_are_compared_by_the_scanner_that_lists_most_of_a_kind() {
    let trivy = |scanner: Scanner| scanner.has(pypi("a", "1")).has(pypi("b", "1"));
    let grype = Scanner::new("grype").has(pypi("a", "1"));
    let changes = diff(
        &[
            trivy(Scanner::new("trivy")).has(pypi("c", "1")),
            grype.clone().has(Package::new(Ecosystem::Conda, "x", "1")),
        ],
        &[
            trivy(Scanner::new("trivy")).has(pypi("a", "2")),
            grype.has(Package::new(Ecosystem::Conda, "y", "1")),
        ],
    );
    let packages = &changes.packages;
    let rows: Vec<_> = packages
        .ecosystems
        .iter()
        .map(|row| {
            let counts = [
                row.packages.a,
                row.packages.b,
                row.added,
                row.removed,
                row.updated,
            ];
            (row.ecosystem.as_str(), row.scanner.as_str(), counts)
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("pypi", "trivy", [3, 2, 0, 1, 1]),
            ("conda", "grype", [1, 1, 1, 1, 0]),
        ]
    );
    assert_eq!(packages.updated[0].versions.b, ["1", "2"]);
}

#[test]
fn images_are_one_by_digest_and_else_alike_by_name() {
    use TargetRelation::{DifferentImages, SameImage, SameName};
    let target = |reference: &str, digest: Option<&str>| TargetSummary {
        reference: reference.to_owned(),
        config_digest: digest.map(str::to_owned),
        ..TargetSummary::default()
    };
    for (a, b, expected) in [
        (
            ("shop:1", Some("sha256:1")),
            ("other:2", Some("sha256:1")),
            SameImage,
        ),
        (
            ("shop:1", Some("sha256:1")),
            ("shop:1", Some("sha256:2")),
            SameName,
        ),
        (
            ("host:5000/shop", None),
            ("registry:host:5000/shop:2", None),
            SameName,
        ),
        (("shop@sha256:1", None), ("shop:1", None), SameName),
        (
            ("host:5000/shop", None),
            ("host:5000/other", None),
            DifferentImages,
        ),
        (
            ("docker-archive:/a.tar", None),
            ("docker-archive:/b.tar", None),
            DifferentImages,
        ),
    ] {
        assert_eq!(
            relation(&target(a.0, a.1), &target(b.0, b.1)),
            expected,
            "{a:?} {b:?}"
        );
    }
}

#[test]
fn policies_are_compared_line_by_line_up_to_a_length() {
    assert_eq!(compare_texts(Some("a"), None), TextChange::Unknown);
    assert_eq!(compare_texts(Some("a\n"), Some("a\n")), TextChange::Same);
    let TextChange::Different { diff: Some(diff) } =
        compare_texts(Some("x\nignore: 1\n"), Some("x\nignore: 2\n"))
    else {
        panic!("a difference of one line");
    };
    assert!(diff.contains("-ignore: 1\n+ignore: 2\n"), "{diff}");
    let long = "a\n".repeat(MOST_LINES + 1);
    assert_eq!(
        compare_texts(Some(&long), Some("a\n")),
        TextChange::Different { diff: None }
    );
}

/// What one of three scanners does with one of a few flaws in one of a few packages.
fn any_run() -> impl Strategy<Value = Vec<Scanner>> {
    let scanner = |name: &'static str| {
        let said = prop::collection::vec((0_usize..4, 0_usize..4, 0_usize..3, 0_usize..5), 0..8);
        (said, 0_usize..7).prop_map(move |(said, kind)| {
            let mut scanner = Scanner::new(name);
            for (id, name, version, act) in said {
                let id = [
                    "CVE-2024-1000",
                    "CVE-2024-2000",
                    "GHSA-aaaa-bbbb-cccc",
                    "SNYK-X-1",
                ][id];
                let version = ["1.0", "1.1", "2.0"][version];
                let package = match name {
                    0 => pypi("alpha", version),
                    1 => pypi("beta", version),
                    2 => deb("libgamma1", version, "gamma"),
                    _ => deb("gamma", version, "gamma"),
                };
                scanner = match act {
                    0 => scanner.has(package),
                    1 => scanner.withholds(id, package, "told to"),
                    2 => scanner.reports(id, package),
                    3 => scanner.says(id, package, |observation| {
                        observation.fix = FixClaim::from_versions(["1.1"], FixState::NotFixed);
                    }),
                    _ => scanner.says(id, package, |observation| {
                        observation.links.push(IdLink {
                            id: AdvisoryId::new("GHSA-aaaa-bbbb-cccc"),
                            relation: IdRelation::Alias,
                            field: "test",
                        });
                    }),
                };
            }
            match kind {
                0 => scanner.failed(),
                1 | 2 => scanner.only_vulnerable(),
                3 => scanner.partial(),
                _ => scanner,
            }
        })
    };
    let all = (
        scanner("trivy"),
        scanner("grype"),
        scanner("snyk"),
        1_usize..4,
    );
    all.prop_map(|(trivy, grype, snyk, number)| {
        let mut scanners = vec![trivy, grype, snyk];
        scanners.truncate(number);
        scanners
    })
}

/// What the answer would be with the runs the other way round, as far as it can be told from it: what
/// is gone by its reasons, what changed without the brief of the other finding.
fn turned(changes: &Changes) -> Changes {
    let mut turned = changes.clone();
    (turned.fixed, turned.gone) = changes
        .new
        .iter()
        .cloned()
        .partition(|unmatched| unmatched.why.is_mended());
    turned.new = changes.fixed.iter().chain(&changes.gone).cloned().collect();
    turned
        .new
        .sort_by_cached_key(|unmatched| worst_first(&unmatched.finding));
    turned
}

fn turn<T>(sides: Sides<T>) -> Sides<T> {
    Sides {
        a: sides.b,
        b: sides.a,
    }
}

/// A change with the runs the other way round.
fn swapped(change: &ChangedFinding) -> ChangedFinding {
    let mut swapped = change.clone();
    swapped.key = swapped.key.map(turn);
    swapped.severity = swapped.severity.map(turn);
    swapped.decision = swapped.decision.map(turn);
    swapped.fix = swapped.fix.map(turn);
    swapped.versions = swapped.versions.map(turn);
    for reporter in &mut swapped.reporters {
        reporter.reports_now = !reporter.reports_now;
    }
    swapped
}

/// All but the brief, as text.
fn what_differs(change: &ChangedFinding) -> String {
    let mut value = serde_json::to_value(change).unwrap();
    value.as_object_mut().unwrap().remove("finding");
    value.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_run_does_not_differ_from_itself(scanners in any_run()) {
        let run = Finished::new(&scanners);
        let changes = changes(&run.side(), &run.side());
        let all = run.report.findings.len();
        prop_assert_eq!(numbers(&changes), [0, 0, 0, 0, all]);
        prop_assert!(changes.packages.added.is_empty() && changes.packages.updated.is_empty());
    }

    #[test]
    fn the_runs_the_other_way_round_give_the_answer_turned_round(
        a in any_run(),
        b in any_run(),
        image in 0_usize..4,
    ) {
        let (digest, platform) = [
            ("sha256:1", "linux/amd64"),
            ("sha256:2", "linux/arm64"),
            ("sha256:2", "linux/amd64"),
            ("sha256:2", "linux/amd64"),
        ][image];
        let a = Finished::new(&a).on("sha256:1", "linux/amd64");
        let b = Finished::new(&b).on(digest, platform);
        let forth = turned(&changes(&a.side(), &b.side()));
        let back = changes(&b.side(), &a.side());
        prop_assert_eq!(&forth.new, &back.new);
        prop_assert_eq!(&forth.fixed, &back.fixed);
        prop_assert_eq!(&forth.gone, &back.gone);
        prop_assert!(image > 1 || back.fixed.is_empty());
        prop_assert_eq!(forth.counts.same, back.counts.same);
        prop_assert_eq!(&forth.packages.added, &back.packages.removed);
        // Every finding is somewhere, once.
        let counts = back.counts;
        prop_assert_eq!(counts.fixed + counts.gone + counts.changed + counts.same, b.report.findings.len());
        prop_assert_eq!(counts.new + counts.changed + counts.same, a.report.findings.len());

        // Of a changed finding the brief is that of the second run, which the key stands for here.
        let there: BTreeMap<String, _> = forth
            .changed
            .iter()
            .map(|change| {
                let keys = change.key.as_ref();
                let key = keys.map_or(&change.finding.key, |keys| &keys.a);
                (key.clone(), what_differs(&swapped(change)))
            })
            .collect();
        let here: BTreeMap<String, _> = back
            .changed
            .iter()
            .map(|change| (change.finding.key.clone(), what_differs(change)))
            .collect();
        prop_assert_eq!(there, here);
    }

    #[test]
    fn the_order_of_findings_and_scanners_does_not_show(a in any_run(), b in any_run()) {
        let (a, b) = (Finished::new(&a), Finished::new(&b));
        let mut shuffled = b.clone();
        shuffled.report.findings.reverse();
        shuffled.report.scanners.reverse();
        shuffled.report.suppressed.reverse();
        prop_assert_eq!(
            changes(&a.side(), &b.side()),
            changes(&a.side(), &shuffled.side())
        );
    }
}
