//! Properties of reconciling as a whole; examples are in `tests/reconcile/`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::severity::SeverityRule;
use super::{Reconciled, reconcile};
use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, Ecosystem, FixClaim, IdLink, IdRelation, IdRole,
    Observation, Outcome, Package, PackageIndex, ScannerId, ScannerReport, ScannerRun, Severity,
    SourcePackage,
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
}

fn row() -> impl Strategy<Value = Row> {
    (
        0..3_usize,
        0..IDS.len(),
        prop::collection::vec((0..IDS.len(), any::<bool>()), 0..4),
        0..4_usize,
        0..2_usize,
        prop::option::of(0..2_usize),
    )
        .prop_map(|(scanner, id, links, package, version, source)| Row {
            scanner,
            id,
            links,
            package,
            version,
            source,
        })
}

fn package(row: &Row) -> Package {
    let version = ["1.0-1", "2.0-1"][row.version];
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
        other => Package::new(
            Ecosystem::PyPi,
            ["Some_Name", "some-name"][other - 2],
            ["1.0", "1.0.0"][row.version],
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
            severity: Severity::Medium,
            ratings: Vec::new(),
            fix: FixClaim::default(),
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
    fn a_second_copy_of_a_report_changes_no_cluster(rows in prop::collection::vec(row(), 1..10)) {
        let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        let twice: Vec<(usize, Row)> = rows.iter().chain(&rows).cloned().collect();
        prop_assert_eq!(clusters(&run(&rows)), clusters(&run(&twice)));
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
