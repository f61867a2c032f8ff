//! Properties of reconciling as a whole; examples are in `tests/reconcile/`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::severity::SeverityRule;
use super::{Reconciled, reconcile};
use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, Distro, Ecosystem, Epss, Finding, FixClaim, FixState,
    IdLink, IdRelation, IdRole, InventoryScope, Location, Observation, Outcome, Package,
    PackageIndex, Rating, RatingSource, ScannerId, ScannerReport, ScannerRun, Severity,
    SourcePackage, Suppressed,
};

/// Few ids and packages, so that everything collides.
const IDS: [&str; 10] = [
    "CVE-2024-0001",
    "CVE-2024-0002",
    "DEBIAN-CVE-2024-0001",
    "GHSA-aaaa-aaaa-aaaa",
    "GHSA-bbbb-bbbb-bbbb",
    "PYSEC-2024-1",
    "SNYK-X-1",
    "DSA-1-1",
    "USN-2-1",
    "GO-2024-1",
];

#[derive(Clone, Debug)]
struct Row {
    scanner: usize,
    id: usize,
    links: Vec<(usize, bool)>,
    package: usize,
    version: usize,
    source: Option<usize>,
    /// Versions that it says carry the fix, and the severity that it shows.
    fixes: Vec<usize>,
    severity: usize,
}

/// Fix versions, with and without an order.
const FIXES: [&str; 6] = ["1.5-1", "2.5-1", "1:0.5-1", "latest", ">=1.9", "(none)"];

/// Any row; its package is one of the first `packages` that [`package`] knows.
fn row_of(packages: usize) -> impl Strategy<Value = Row> {
    let links = prop::collection::vec((0..IDS.len(), any::<bool>()), 0..4);
    let fixes = prop::collection::vec(0..FIXES.len(), 0..4);
    let where_ = (0..packages, 0..2_usize, prop::option::of(0..2_usize));
    (0..3_usize, 0..IDS.len(), links, where_, fixes, 0..6_usize).prop_map(
        |(scanner, id, links, (package, version, source), fixes, severity)| Row {
            scanner,
            id,
            links,
            package,
            version,
            source,
            fixes,
            severity,
        },
    )
}

fn row() -> impl Strategy<Value = Row> {
    row_of(9)
}

fn package(row: &Row) -> Package {
    let version = ["1.0-1", "2.0-1"][row.version];
    let plain = ["1.0", "1.0.0"][row.version];
    let at = |mut package: Package, path: &str| {
        package.locations.extend(Location::new(Some(path), None));
        package
    };
    match row.package {
        0 | 1 => {
            let mut package =
                Package::new(Ecosystem::Deb, ["liba1", "liba2"][row.package], version);
            package.source = row.source.map(|s| SourcePackage {
                name: ["a", "b"][s].to_owned(),
                version: None,
            });
            package
        }
        2 | 3 => Package::new(
            Ecosystem::PyPi,
            ["Some_Name", "some-name"][row.package - 2],
            plain,
        ),
        4 | 5 => at(
            Package::new(Ecosystem::Maven, ["g1:a", "g2:a"][row.package - 4], plain),
            ["/a.jar", "/b.jar"][row.source.unwrap_or_default()],
        ),
        6 => Package::new(Ecosystem::Maven, "a", plain),
        7 => Package::new(
            Ecosystem::Golang,
            ["x.org/m", "x.org/m/p"][row.source.unwrap_or_default()],
            plain,
        ),
        _ => at(
            Package::new(Ecosystem::Conda, "some_name", plain),
            "/opt/conda/conda-meta/some_name-1.0-0.json",
        ),
    }
}

/// One run a scanner; the row's number is the pointer, so that an observation can be recognised.
fn runs(rows: &[(usize, Row)]) -> Vec<ScannerRun> {
    let mut reports: BTreeMap<usize, ScannerReport> = BTreeMap::new();
    for (number, row) in rows {
        let name = ["trivy", "grype", "snyk"][row.scanner];
        let report = reports
            .entry(row.scanner)
            .or_insert_with(|| ScannerReport::new(ScannerId::new(name), "test"));
        let index = PackageIndex(u32::try_from(report.packages.len()).unwrap());
        report.packages.push(package(row));
        report.observations.push(Observation {
            id: AdvisoryId::new(IDS[row.id]),
            links: row
                .links
                .iter()
                .map(|(id, related)| IdLink {
                    id: AdvisoryId::new(IDS[*id]),
                    relation: if *related {
                        IdRelation::Related
                    } else {
                        IdRelation::Alias
                    },
                    field: "test",
                })
                .collect(),
            package: index,
            severity: Severity::WORST_FIRST[row.severity],
            ratings: Vec::new(),
            fix: FixClaim::from_versions(row.fixes.iter().map(|f| FIXES[*f]), FixState::NotFixed),
            advisory_source: None,
            pointer: format!("/{number}"),
        });
    }
    reports
        .into_values()
        .map(|report| ScannerRun::of(report, "test"))
        .collect()
}

fn run(rows: &[(usize, Row)]) -> Reconciled {
    reconcile(&runs(rows), &[], &SeverityRule::Vendor)
}

/// Findings as sets of row numbers.
fn clusters(reconciled: &Reconciled) -> BTreeSet<BTreeSet<String>> {
    reconciled
        .findings
        .iter()
        .map(|f| f.observations.iter().map(|o| o.pointer.clone()).collect())
        .collect()
}

/// The findings with what is said of each kept once.
fn without_observations(reconciled: Reconciled) -> Vec<Finding> {
    let mut findings = reconciled.findings;
    for finding in &mut findings {
        finding.observations.clear();
        // Where a statement stands depends on the reports, what it says does not.
        for assertion in &mut finding.vulnerability.assertions {
            assertion.pointer.clear();
        }
    }
    findings
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_observations_does_not_show(rows in prop::collection::vec(row(), 1..12), seed in any::<u64>()) {
        let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|(number, _)| (*number as u64).wrapping_mul(seed | 1));
        prop_assert_eq!(run(&rows).findings, run(&shuffled).findings);
    }

    #[test]
    fn no_observation_is_lost_and_none_is_invented(rows in prop::collection::vec(row(), 1..12)) {
        let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        let reconciled = run(&rows);
        let seen: BTreeSet<String> = clusters(&reconciled).into_iter().flatten().collect();
        prop_assert_eq!(seen, rows.iter().map(|(number, _)| format!("/{number}")).collect());
        let counted: usize = reconciled.accounting.iter().map(|a| a.in_findings).sum();
        prop_assert_eq!(counted, rows.len());
    }

    #[test]
    fn no_class_holds_two_cves(rows in prop::collection::vec(row(), 1..16)) {
        let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        for finding in run(&rows).findings {
            let cves: BTreeSet<AdvisoryId> =
                finding.ids().filter(|id| id.role() == IdRole::Cve).map(AdvisoryId::unwrapped).collect();
            prop_assert!(cves.len() <= 1, "{}: {:?}", finding.key, cves);
        }
    }

    #[test]
    fn a_second_copy_of_a_report_changes_nothing_but_the_observations(rows in prop::collection::vec(row(), 1..10)) {
        let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        let twice: Vec<(usize, Row)> = rows.iter().chain(&rows).cloned().collect();
        prop_assert_eq!(clusters(&run(&rows)), clusters(&run(&twice)));
        prop_assert_eq!(without_observations(run(&rows)), without_observations(run(&twice)));
    }

    // Not for Maven and Go: that one report lists two names side by side says that they are two.
    #[test]
    fn how_observations_are_spread_over_reports_does_not_show(rows in prop::collection::vec((row_of(4), 0..3_usize), 1..12)) {
        let rows: Vec<(usize, Row, usize)> =
            rows.into_iter().enumerate().map(|(number, (row, part))| (number, row, part)).collect();
        let part = |wanted: Option<usize>| -> Vec<(usize, Row)> {
            let chosen = rows.iter().filter(|(_, _, part)| wanted.is_none_or(|wanted| wanted == *part));
            chosen.map(|(number, row, _)| (*number, row.clone())).collect()
        };
        let split: Vec<ScannerRun> = (0..3)
            .flat_map(|number| runs(&part(Some(number))).into_iter().map(move |mut run| {
                run.source = format!("part {number}");
                run
            }))
            .collect();
        let split = reconcile(&split, &[], &SeverityRule::Vendor);
        let whole = run(&part(None));
        prop_assert_eq!(clusters(&whole), clusters(&split));
        prop_assert_eq!(without_observations(whole), without_observations(split));
    }

    #[test]
    fn one_more_observation_loses_none(rows in prop::collection::vec(row(), 2..12)) {
        let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        let (_, fewer) = rows.split_last().unwrap();
        let all: BTreeSet<String> = clusters(&run(&rows)).into_iter().flatten().collect();
        for known in clusters(&run(fewer)).into_iter().flatten() {
            prop_assert!(all.contains(&known), "{known} is lost");
        }
    }

    #[test]
    fn notices_change_nothing_between_those_that_do_not_name_them(rows in prop::collection::vec(row(), 1..10), notices in prop::collection::vec(row(), 1..4)) {
        let is_notice = |id: usize| AdvisoryId::new(IDS[id]).role() == IdRole::Umbrella;
        let mut rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        for (_, row) in &mut rows {
            row.links.retain(|(id, _)| !is_notice(*id));
            // Packages are to be the same with and without the notices.
            row.package = 2 + row.package % 2;
        }
        rows.retain(|(_, row)| !is_notice(row.id));
        let before = clusters(&run(&rows));
        rows.extend(notices.into_iter().zip(100..).map(|(mut row, number)| {
            row.id = 7 + row.id % 2;
            row.package = 2 + row.package % 2;
            // Of one CVE it would be that CVE.
            row.links = vec![(0, false), (1, false)];
            (number, row)
        }));
        // Numbers of three digits are those of notices.
        let after: BTreeSet<BTreeSet<String>> = clusters(&run(&rows))
            .into_iter()
            .map(|cluster| cluster.into_iter().filter(|pointer| pointer.len() < 4).collect())
            .filter(|cluster: &BTreeSet<String>| !cluster.is_empty())
            .collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn keys_are_unique(rows in prop::collection::vec(row(), 1..16)) {
        let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        let findings = run(&rows).findings;
        let keys: BTreeSet<&String> = findings.iter().map(|f| &f.key).collect();
        prop_assert_eq!(keys.len(), findings.len());
    }
}

#[test]
fn only_an_explicit_statement_makes_two_cves_one() {
    let rows: Vec<(usize, Row)> = [0, 1]
        .into_iter()
        .map(|id| {
            (
                id,
                Row {
                    scanner: id,
                    id,
                    links: Vec::new(),
                    package: 2,
                    version: 0,
                    source: None,
                    fixes: Vec::new(),
                    severity: 0,
                },
            )
        })
        .collect();
    let mut runs = runs(&rows);
    assert_eq!(
        reconcile(&runs, &[], &SeverityRule::Vendor).findings.len(),
        2
    );
    let statement = Advisory {
        state: AdvisoryState::Rejected,
        duplicate_of: Some(AdvisoryId::new("CVE-2024-0001")),
        ..Advisory::default()
    };
    runs[0]
        .report
        .as_mut()
        .unwrap()
        .advisories
        .insert(AdvisoryId::new("CVE-2024-0002"), statement);
    let joined = reconcile(&runs, &[], &SeverityRule::Vendor).findings;
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0].vulnerability.id.as_str(), "CVE-2024-0001");
    assert_eq!(joined[0].vulnerability.assertions[0].field, "duplicate of");
}

#[test]
fn a_failed_scanner_contributes_nothing() {
    let rows = [(
        0,
        Row {
            scanner: 0,
            id: 0,
            links: Vec::new(),
            package: 0,
            version: 0,
            source: None,
            fixes: Vec::new(),
            severity: 0,
        },
    )];
    let mut runs = runs(&rows);
    runs[0].outcome = Outcome::Failed(crate::model::Failure {
        kind: crate::model::FailureKind::Crash,
        cause: String::new(),
        remedy: String::new(),
    });
    let reconciled = reconcile(&runs, &[], &SeverityRule::Vendor);
    assert!(reconciled.findings.is_empty() && reconciled.inventories.is_empty());
}

fn plain_row(scanner: usize, id: usize) -> Row {
    Row {
        scanner,
        id,
        links: Vec::new(),
        package: 0,
        version: 0,
        source: None,
        fixes: Vec::new(),
        severity: 2,
    }
}

#[test]
fn the_distribution_that_most_reports_name_rates_the_packages() {
    let rows: Vec<(usize, Row)> = (0..3)
        .map(|scanner| (scanner, plain_row(scanner, 0)))
        .collect();
    let mut runs = runs(&rows);
    for (run, family) in runs.iter_mut().zip(["alpine", "debian", "debian"]) {
        let report = run.report.as_mut().unwrap();
        report.target.distro = Some(Distro {
            family: family.to_owned(),
            version: "1".to_owned(),
            end_of_life: false,
        });
        for observation in &mut report.observations {
            observation.ratings = [("debian", Severity::Low), ("alpine", Severity::Critical)]
                .map(|(source, severity)| Rating {
                    source: RatingSource::from_name(source),
                    severity,
                    label: None,
                    cvss: None,
                })
                .to_vec();
        }
    }
    let level = |runs: &[ScannerRun]| {
        let findings = reconcile(runs, &[], &SeverityRule::Vendor).findings;
        findings[0].severity.level
    };
    assert_eq!(level(&runs), Severity::Low);
    // Only the first names one now.
    for run in &mut runs[1..] {
        run.report.as_mut().unwrap().target.distro = None;
    }
    assert_eq!(level(&runs), Severity::Critical);
}

#[test]
fn what_is_withheld_stands_beside_the_finding_of_others_or_by_itself() {
    let rows = [
        (0, plain_row(0, 0)),
        (1, plain_row(1, 0)),
        (2, plain_row(1, 5)),
    ];
    let mut runs = runs(&rows);
    let second = runs[1].report.as_mut().unwrap();
    for observation in std::mem::take(&mut second.observations) {
        second.suppressed.push(Suppressed {
            observation,
            reason: "not reachable".to_owned(),
            by_default_rule: false,
        });
    }
    let reconciled = reconcile(&runs, &[], &SeverityRule::Vendor);
    assert_eq!(reconciled.findings.len(), 1);
    let beside: Vec<&String> = reconciled.withheld.keys().collect();
    assert_eq!(beside, [&reconciled.findings[0].key]);
    let alone: Vec<&str> = reconciled
        .suppressed
        .iter()
        .map(|s| s.id.as_str())
        .collect();
    assert_eq!(alone, ["PYSEC-2024-1"]);
}

#[test]
fn a_source_package_is_no_member_of_a_complete_inventory() {
    let rows = [(0, plain_row(0, 0))];
    let mut runs = runs(&rows);
    for (scope, members) in [
        (InventoryScope::VulnerableOnly, 1),
        (InventoryScope::Complete, 0),
    ] {
        let report = runs[0].report.as_mut().unwrap();
        report.inventory = scope;
        report.packages[0].source_level = true;
        let reconciled = reconcile(&runs, &[], &SeverityRule::Vendor);
        let inventory = reconciled.inventories.values().next().unwrap();
        assert_eq!(inventory.packages.len(), members, "{scope:?}");
    }
}

#[test]
fn what_scanners_show_counts_by_scanner() {
    let mut rows: Vec<(usize, Row)> = (0..3)
        .map(|scanner| (scanner, plain_row(scanner, 0)))
        .collect();
    for (row, severity) in rows.iter_mut().zip([0, 3, 3]) {
        row.1.severity = severity;
    }
    // A scanner that repeats itself has one voice, and that is its highest.
    rows.push((
        3,
        Row {
            severity: 4,
            ..plain_row(1, 0)
        },
    ));
    let runs = runs(&rows);
    for (rule, level) in [
        (SeverityRule::Majority, Severity::Low),
        (SeverityRule::Highest, Severity::Critical),
        (
            SeverityRule::Scanners(vec![ScannerId::new("grype")]),
            Severity::Low,
        ),
    ] {
        let findings = reconcile(&runs, &[], &rule).findings;
        assert_eq!(findings[0].severity.level, level, "{rule:?}");
    }
}

#[test]
fn a_place_is_listed_once_with_its_layer() {
    let rows: Vec<(usize, Row)> = (0..2)
        .map(|scanner| (scanner, plain_row(scanner, 0)))
        .collect();
    let mut runs = runs(&rows);
    for (run, layer) in runs.iter_mut().zip([None, Some("sha256:aa")]) {
        let package = &mut run.report.as_mut().unwrap().packages[0];
        package.locations.extend(Location::new(Some("/a"), layer));
    }
    let places = |runs: &[ScannerRun]| {
        let findings = reconcile(runs, &[], &SeverityRule::Vendor).findings;
        findings[0].instances[0].locations.clone()
    };
    let with_layer = Location::new(Some("/a"), Some("sha256:aa")).unwrap();
    assert_eq!(places(&runs), [with_layer]);
    // The same path in two layers is two places.
    runs[0].report.as_mut().unwrap().packages[0].locations[0].layer = Some("sha256:bb".to_owned());
    assert_eq!(places(&runs).len(), 2);
}

#[test]
fn the_newest_score_counts_whoever_gives_it() {
    let rows = [0, 1].map(|scanner| {
        let row = Row {
            scanner,
            id: 0,
            links: Vec::new(),
            package: 0,
            version: 0,
            source: None,
            fixes: Vec::new(),
            severity: 0,
        };
        (scanner, row)
    });
    let scored = |first: Option<Epss>, second: Option<Epss>| {
        let mut runs = runs(&rows);
        for (run, epss) in runs.iter_mut().zip([first, second]) {
            let report = run.report.as_mut().unwrap();
            let id = report.observations[0].id.clone();
            report.advisories.insert(
                id,
                Advisory {
                    epss,
                    ..Advisory::default()
                },
            );
        }
        let findings = reconcile(&runs, &[], &SeverityRule::Vendor).findings;
        assert_eq!(findings.len(), 1);
        findings[0].vulnerability.epss.clone()
    };
    let old = Epss::new(0.9, None, "2026-01-01");
    let new = Epss::new(0.1, None, "2026-02-01");
    let undated = Epss::new(0.95, None, "");
    for (a, b) in [(&old, &new), (&undated, &new), (&None, &new)] {
        assert_eq!(scored(a.clone(), b.clone()), new);
        assert_eq!(scored(b.clone(), a.clone()), new);
    }
}
