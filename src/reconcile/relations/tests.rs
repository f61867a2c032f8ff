//! What relates findings; more cases are in `tests/reconcile/`.

use super::*;
use crate::model::{FixClaim, FixState, Location, Observation, ScannerReport, ScannerRun};
use crate::reconcile::reconcile;
use crate::reconcile::severity::SeverityRule;

const EGG: &str = "/usr/lib/python3/dist-packages/urllib3-1.26.12.egg-info/PKG-INFO";
const COPY: &str = "/srv/app/lib/urllib3-1.26.12.dist-info/METADATA";

fn deb(files: &[&str]) -> Package {
    let mut package = Package::new(Ecosystem::Deb, "python3-urllib3-but-renamed", "1.26.12-1");
    package.record_files(files.iter().copied());
    package
}

fn wheel(paths: &[&str]) -> Package {
    let mut package = Package::new(Ecosystem::PyPi, "urllib3", "1.26.12");
    package.locations.extend(
        paths
            .iter()
            .filter_map(|path| Location::new(Some(path), None)),
    );
    package
}

/// A report of one scanner that lists each id on each package.
fn run(scanner: &str, reported: &[(&str, Package)]) -> ScannerRun {
    let mut report = ScannerReport::new(ScannerId::new(scanner), "test");
    for (number, (id, package)) in reported.iter().enumerate() {
        report.packages.push(package.clone());
        report.observations.push(Observation {
            fix: FixClaim::from_versions(["2.0.0"], FixState::Unknown),
            ..Observation::of(id, number, format!("/{number}"))
        });
    }
    ScannerRun::of(report, "test")
}

fn findings(runs: &[ScannerRun]) -> Vec<Finding> {
    reconcile(runs, &[], &SeverityRule::Vendor).findings
}

fn kinds(findings: &[Finding]) -> Vec<(RelationKind, Strength)> {
    findings
        .iter()
        .flat_map(|finding| &finding.relations)
        .map(|relation| (relation.kind, relation.strength))
        .collect()
}

const ID: &str = "CVE-2023-43804";

#[test]
fn the_package_managers_list_proves_that_files_are_the_same() {
    // The list comes from one scanner, the package inside from another.
    let runs = [
        run("trivy", &[(ID, deb(&[EGG, "usr/share/doc/x"]))]),
        run("grype", &[(ID, wheel(&[EGG]))]),
    ];
    let findings = findings(&runs);
    assert_eq!(
        kinds(&findings),
        [(RelationKind::SameFiles, Strength::Proven); 2]
    );
    assert_eq!(physical(&findings), [0, 0]);
    let evidence = &findings[0].relations[0].evidence;
    assert!(evidence.starts_with(EGG), "{evidence}");
}

#[test]
fn a_copy_elsewhere_counts_by_itself() {
    let runs = [
        run("trivy", &[(ID, deb(&[EGG]))]),
        run("grype", &[(ID, wheel(&[EGG, COPY]))]),
    ];
    let findings = findings(&runs);
    assert_eq!(kinds(&findings), []);
    assert_eq!(physical(&findings), [0, 1]);
}

#[test]
fn other_vulnerabilities_in_the_same_files_are_other_findings() {
    let runs = [
        run("trivy", &[(ID, deb(&[EGG]))]),
        run("grype", &[("CVE-2024-37891", wheel(&[EGG]))]),
    ];
    assert_eq!(kinds(&findings(&runs)), []);
}

#[test]
fn a_third_candidate_leaves_twins_without_a_cve_unrelated() {
    let package = || wheel(&[COPY]);
    let twins = [
        run("trivy", &[("GMS-2022-20", package())]),
        run("grype", &[("GHSA-qq97-vm5h-rrhg", package())]),
    ];
    assert_eq!(
        kinds(&findings(&twins)),
        [(RelationKind::SuspectedSame, Strength::Inferred); 2]
    );
    let [one, two] = twins;
    let three = [one, two, run("snyk", &[("SNYK-PYTHON-X-1", package())])];
    assert_eq!(kinds(&findings(&three)), []);
}
