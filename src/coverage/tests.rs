//! Comparing, from reports through reconciling to verdicts and counts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::testing::{Scanner, deb, pypi};
use super::*;
use crate::model::{
    AdvisoryId, AdvisoryState, Database, Distro, Ecosystem, Finding, Outcome, Package,
    ScannerVerdict, Strength, Verdict,
};
use crate::reconcile::reconcile;
use crate::reconcile::severity::SeverityRule;

const CVE: &str = "CVE-2024-6345";

fn compared(scanners: Vec<Scanner>) -> (Reconciled, Coverage) {
    let runs: Vec<ScannerRun> = scanners.into_iter().map(|scanner| scanner.0).collect();
    let mut reconciled = reconcile(&runs, &[], &SeverityRule::Vendor);
    let coverage = compare(&mut reconciled, &runs);
    (reconciled, coverage)
}

/// The verdict of `other` on the one finding that Trivy reports.
fn verdict_beside(reporter: Scanner, other: Scanner) -> ScannerVerdict {
    let name = other.0.scanner.clone();
    let (reconciled, _) = compared(vec![reporter, other]);
    reconciled.findings[0].verdicts[&name].clone()
}

fn assert_verdict(verdict: &ScannerVerdict, expected: (Verdict, Strength), reason: &str) {
    assert_eq!(
        (verdict.verdict, verdict.strength),
        expected,
        "{}",
        verdict.reason
    );
    assert!(
        verdict.reason.contains(reason),
        "{reason} is not in: {}",
        verdict.reason
    );
}

fn trivy() -> Scanner {
    Scanner::new("trivy").reports(CVE, pypi("setuptools", "65.5.1"))
}

fn grype() -> Scanner {
    Scanner::new("grype")
}

// --- verdicts -----------------------------------------------------------------------------------

#[test]
fn who_lists_it_reports_it_under_whatever_id() {
    let other = grype().reports_as("GHSA-cx63-2mw6-8hw5", &[CVE], pypi("setuptools", "65.5.1"));
    let verdict = verdict_beside(trivy(), other);
    assert_verdict(
        &verdict,
        (Verdict::Reported, Strength::Proven),
        "lists GHSA-cx63-2mw6-8hw5 in setuptools 65.5.1",
    );
}

#[test]
fn an_umbrella_notice_covers_its_members() {
    let libssl = || deb("libssl3", "3.0.11-1", "openssl");
    let reporter = Scanner::new("trivy")
        .reports("CVE-2024-1000", libssl())
        .reports("CVE-2024-1001", libssl());
    let other = grype().reports_as("DSA-5532-1", &["CVE-2024-1000", "CVE-2024-1001"], libssl());
    let verdict = verdict_beside(reporter, other);
    assert_verdict(
        &verdict,
        (Verdict::Covered, Strength::Proven),
        "lists DSA-5532-1 in libssl3 3.0.11-1, which covers CVE-2024-1000",
    );
}

#[test]
fn failing_is_not_finding_nothing() {
    let verdict = verdict_beside(trivy(), grype().failed());
    assert_verdict(
        &verdict,
        (Verdict::Failed, Strength::Proven),
        "it ran for 600 s",
    );
}

#[test]
fn what_a_scanner_withheld_is_told_with_its_rule() {
    let other = grype().withholds_by_itself(CVE, pypi("setuptools", "65.5.1"), "build tool");
    let verdict = verdict_beside(trivy(), other);
    assert_verdict(
        &verdict,
        (Verdict::Suppressed, Strength::Proven),
        "by a rule that ships with it: build tool",
    );
}

#[test]
fn an_ecosystem_outside_the_adapters_list_is_not_assessed() {
    let other = grype()
        .assesses(&["deb", "npm"])
        .has(pypi("setuptools", "65.5.1"));
    let verdict = verdict_beside(trivy(), other);
    assert_verdict(&verdict, (Verdict::NotAssessed, Strength::Proven), "pypi");
}

#[test]
fn a_package_of_a_skipped_maintainer_is_not_assessed() {
    let package = || deb("libnvidia-compute", "550.54", "libnvidia-compute");
    let reporter = Scanner::new("trivy").reports(CVE, package());
    let mut own = package();
    own.maintainer = Some("CUDA <Tools@NVIDIA.com>".to_owned());
    let other = || grype().skips_maintainer("*@nvidia.com*");
    let verdict = verdict_beside(reporter, other().has(own));
    assert_verdict(
        &verdict,
        (Verdict::NotAssessed, Strength::Proven),
        "CUDA <Tools@NVIDIA.com>",
    );

    let reporter = Scanner::new("trivy").reports(CVE, package());
    let mut own = package();
    own.third_party = true;
    let verdict = verdict_beside(reporter, grype().has(own));
    assert_verdict(
        &verdict,
        (Verdict::NotAssessed, Strength::Proven),
        "not the distribution's own",
    );

    let reporter = Scanner::new("trivy").reports(CVE, package());
    let verdict = verdict_beside(reporter, other().has(package()));
    assert_verdict(
        &verdict,
        // That it does not report it is proven, why it does not is not.
        (Verdict::NoMatch, Strength::Inferred),
        "does not report it",
    );
}

#[test]
fn what_a_rule_in_the_program_drops_is_inferred_as_suppressed() {
    let package = || deb("linux-libc-dev", "6.1.90-1", "linux");
    let reporter = Scanner::new("trivy").reports(CVE, package());
    let other = grype().skips_package("deb", "linux-libc-*").has(package());
    let verdict = verdict_beside(reporter, other);
    assert_verdict(
        &verdict,
        // The rule leaves no record, so that it acted is not proven.
        (Verdict::Suppressed, Strength::Inferred),
        "ships with it",
    );
}

#[test]
fn a_release_that_the_scanner_states_to_be_out_of_support_is_not_assessed() {
    let package = || deb("libssl1.1", "1.1.1n-0", "openssl");
    let reporter = || Scanner::new("trivy").reports(CVE, package());
    let with = |end_of_life| {
        let mut other = grype().has(package());
        other.report().target.distro = Some(Distro {
            family: "debian".to_owned(),
            version: "10".to_owned(),
            end_of_life,
        });
        other
    };
    let verdict = verdict_beside(reporter(), with(true));
    assert_verdict(
        &verdict,
        (Verdict::NotAssessed, Strength::Proven),
        "debian 10",
    );
    let verdict = verdict_beside(reporter(), with(false));
    assert_eq!(verdict.verdict, Verdict::NoMatch);
}

#[test]
fn only_a_complete_package_list_proves_that_a_package_was_not_seen() {
    let verdict = verdict_beside(trivy(), grype().has(pypi("pip", "24.0")));
    assert_verdict(
        &verdict,
        (Verdict::PackageNotSeen, Strength::Proven),
        "pypi/setuptools",
    );
    let verdict = verdict_beside(trivy(), grype().only_vulnerable());
    assert_verdict(&verdict, (Verdict::Unknown, Strength::Unknown), "Syft SBOM");
}

#[test]
fn another_version_is_told() {
    let verdict = verdict_beside(trivy(), grype().has(pypi("setuptools", "70.0")));
    assert_verdict(
        &verdict,
        (Verdict::OtherVersion, Strength::Proven),
        "version 70",
    );
    let verdict = verdict_beside(
        trivy(),
        grype().only_vulnerable().has(pypi("setuptools", "70.0")),
    );
    assert_eq!(
        verdict.strength,
        Strength::Inferred,
        "its list may lack the right one"
    );
    let reporter = Scanner::new("trivy").reports(CVE, deb("libssl3", "1:3.0.11-1", "openssl"));
    let verdict = verdict_beside(reporter, grype().has(deb("libssl3", "3.0.12-1", "openssl")));
    assert_verdict(
        &verdict,
        (Verdict::OtherVersion, Strength::Proven),
        "3.0.12-1",
    );
}

#[test]
fn a_lost_epoch_is_not_another_version() {
    let reporter = Scanner::new("trivy").reports(CVE, deb("login", "1:4.13-1", "shadow"));
    let verdict = verdict_beside(reporter, grype().has(deb("login", "4.13-1", "shadow")));
    assert_verdict(
        &verdict,
        (Verdict::NoMatch, Strength::Inferred),
        "in this version",
    );
}

#[test]
fn a_sibling_of_the_same_source_is_a_weaker_sight() {
    let reporter = Scanner::new("trivy").reports(CVE, deb("libssl3", "3.0.11-1", "openssl"));
    let verdict = verdict_beside(reporter, grype().has(deb("openssl", "3.0.11-1", "openssl")));
    assert_verdict(
        &verdict,
        (Verdict::NoMatch, Strength::Inferred),
        "of the same source",
    );
}

#[test]
fn why_there_is_no_match_is_told_where_it_shows() {
    let mut old = grype().has(pypi("setuptools", "65.5.1"));
    old.0.database_built = Some("2024-01-01T00:00:00Z".to_owned());
    old.report().database = Some(Database::default());
    let mut reporter = trivy();
    let advisory = crate::model::Advisory {
        published: Some("2024-07-15T00:00:00Z".parse().unwrap()),
        ..crate::model::Advisory::default()
    };
    reporter
        .report()
        .advisories
        .insert(AdvisoryId::new(CVE), advisory);
    let verdict = verdict_beside(reporter, old);
    assert_verdict(
        &verdict,
        (Verdict::NoMatch, Strength::Proven),
        "is older than the vulnerability",
    );

    let elsewhere = grype()
        .reports(CVE, pypi("zz-vendored", "1.0"))
        .has(pypi("setuptools", "65.5.1"));
    let verdict = verdict_beside(trivy(), elsewhere);
    assert_verdict(
        &verdict,
        (Verdict::NoMatch, Strength::Inferred),
        "on other packages",
    );
}

#[test]
fn another_scanners_inventory_proves_nothing() {
    let owner = Scanner::new("snyk").has(pypi("setuptools", "65.5.1"));
    let (reconciled, _) = compared(vec![trivy(), owner, grype().only_vulnerable()]);
    let verdict = &reconciled.findings[0].verdicts[&ScannerId::new("grype")];
    assert_eq!(verdict.verdict, Verdict::Unknown);
}

// --- counts -------------------------------------------------------------------------------------

#[test]
fn rows_and_pairs_count_what_the_verdicts_say() {
    let a = |id: &str| (id.to_owned(), pypi("setuptools", "65.5.1"));
    let mut first = Scanner::new("grype");
    let mut second = Scanner::new("trivy").assesses(&["pypi"]);
    for (id, package) in [a("CVE-2024-0001"), a("CVE-2024-0002"), a("CVE-2024-0003")] {
        first = first.reports(&id, package);
    }
    first = first.reports(
        "CVE-2024-0004",
        Package::new(Ecosystem::Conda, "zlib", "1.2"),
    );
    for (id, package) in [a("CVE-2024-0002"), a("CVE-2024-0003"), a("CVE-2024-0005")] {
        second = second.reports(&id, package);
    }
    let (_, coverage) = compared(vec![first, second, Scanner::new("snyk").failed()]);
    let [pair] = &coverage.pairs[..] else {
        panic!(
            "a scanner without result is in no pair: {:?}",
            coverage.pairs
        )
    };
    assert_eq!((pair.a.as_str(), pair.b.as_str()), ("grype", "trivy"));
    assert_eq!((pair.both, pair.only_a, pair.only_b), (2, 2, 1));
    assert_eq!((pair.adjusted_only_a, pair.adjusted_only_b), (1, 1));
    assert_eq!((pair.naive, pair.adjusted), (Some(0.4), Some(0.5)));
    assert_eq!(coverage.shared_by_all, 2);
    let rows: Vec<_> = coverage
        .scanners
        .iter()
        .map(|row| (row.scanner.as_str(), row.reported, row.alone))
        .collect();
    assert_eq!(rows, [("grype", 4, 2), ("snyk", 0, 0), ("trivy", 3, 1)]);
    assert_eq!(
        coverage.scanners[1].verdicts,
        BTreeMap::from([(Verdict::Failed, 5)])
    );
}

/// The report's own section of a run: what a partial result lacks is no disagreement.
#[test]
fn what_a_partial_result_lacks_is_in_the_naive_agreement_alone() {
    let a = || pypi("setuptools", "65.5.1");
    let mut trivy = Scanner::new("trivy").has(deb("bash", "5.2", "bash"));
    trivy.0.outcome = Outcome::Partial {
        missing: "Python packages".to_owned(),
    };
    let (_, coverage) = compared(vec![
        trivy,
        Scanner::new("grype").reports("CVE-2024-0001", a()),
    ]);
    let pair = &coverage.pairs[0];
    assert_eq!((pair.only_a, pair.adjusted_only_a), (1, 0), "{pair:?}");
}

/// What a scanner still reports of a rejected vulnerability says nothing of the others.
#[test]
fn what_was_rejected_is_in_the_naive_agreement_alone() {
    let a = || pypi("setuptools", "65.5.1");
    let (mut reconciled, _) = compared(vec![
        Scanner::new("trivy").reports("CVE-2024-0001", a()),
        Scanner::new("grype")
            .reports("CVE-2024-0001", a())
            .reports("CVE-2024-0002", a()),
    ]);
    reconciled.findings[1].vulnerability.state = AdvisoryState::Rejected;
    let scanners = ["grype", "trivy"].map(ScannerId::new);
    let coverage = statistics(&reconciled.findings, &scanners, &scanners, &[]);
    let pair = &coverage.pairs[0];
    assert_eq!((pair.both, pair.only_a, pair.naive), (1, 1, Some(0.5)));
    assert_eq!((pair.adjusted_both, pair.adjusted_only_a), (1, 0));
    assert_eq!(pair.adjusted, Some(1.0));
    let grype = &coverage.scanners[0];
    assert_eq!((grype.reported, grype.alone), (2, 0));
}

#[test]
fn no_scanner_agrees_on_nothing() {
    let (_, coverage) = compared(vec![Scanner::new("trivy"), Scanner::new("grype")]);
    assert_eq!(
        (coverage.pairs[0].naive, coverage.pairs[0].adjusted),
        (None, None)
    );
    let (reconciled, coverage) = compared(vec![trivy().failed()]);
    assert!(reconciled.findings.is_empty());
    assert_eq!((coverage.shared_by_all, coverage.pairs.len()), (0, 0));
}

// --- unchecked ----------------------------------------------------------------------------------

fn unchecked_of(scanners: Vec<Scanner>) -> Vec<String> {
    let runs: Vec<ScannerRun> = scanners.into_iter().map(|scanner| scanner.0).collect();
    let reconciled = reconcile(&runs, &[], &SeverityRule::Vendor);
    unchecked(&reconciled, &runs)
        .into_iter()
        .map(|p| format!("{} {} {}: {}", p.ecosystem, p.name, p.version, p.reason))
        .collect()
}

#[test]
fn an_ecosystem_that_nobody_lists_is_unchecked() {
    let conda = || Package::new(Ecosystem::Conda, "openssl", "3.0.1");
    let list = unchecked_of(vec![
        Scanner::new("trivy").assesses(&["deb"]).has(conda()),
        Scanner::new("grype").assesses(&["deb"]).has(conda()),
        Scanner::new("snyk").failed(),
    ]);
    assert_eq!(
        list,
        ["conda openssl 3.0.1: grype, trivy: does not match conda packages against advisories"]
    );
    let list = unchecked_of(vec![
        Scanner::new("trivy").assesses(&["deb"]).has(conda()),
        Scanner::new("grype").has(conda()),
    ]);
    assert!(
        list.is_empty(),
        "grype states nothing, so nothing is excluded: {list:?}"
    );
    let list = unchecked_of(vec![
        Scanner::new("trivy").assesses(&["deb"]).has(conda()),
        Scanner::new("grype"),
    ]);
    assert_eq!(list.len(), 1, "it did not see it");
    assert!(
        list[0].contains("grype: its complete package list lacks it"),
        "{list:?}"
    );
}

#[test]
fn packages_of_maintainers_that_all_skip_are_unchecked() {
    let mut docker = deb("docker-ce", "5:26.0-1", "docker-ce");
    docker.maintainer = Some("Docker <support@docker.com>".to_owned());
    let trivy = || {
        Scanner::new("trivy")
            .skips_maintainer("*@docker.com*")
            .has(docker.clone())
    };
    let list = unchecked_of(vec![trivy()]);
    assert_eq!(list.len(), 1, "{list:?}");
    assert!(list[0].starts_with("deb docker-ce 5:26.0-1: trivy: does not match packages that"));
    let list = unchecked_of(vec![trivy(), Scanner::new("grype").has(docker.clone())]);
    assert!(list.is_empty(), "{list:?}");
}

#[test]
fn nvidias_own_packages_are_unchecked_unless_something_is_found_in_them() {
    let wheel = || pypi("nvidia_cublas_cu12", "12.4.5.8");
    let list = unchecked_of(vec![
        Scanner::new("trivy").has(wheel()).has(deb(
            "libcublas-12-4",
            "12.4.5.8-1",
            "libcublas-12-4",
        )),
        Scanner::new("grype")
            .has(pypi("nvidia-cublas-cu12", "12.4.5.8"))
            .has(pypi("torch", "2.4.0")),
    ]);
    assert_eq!(
        list,
        [
            "deb libcublas-12-4 12.4.5.8-1: part of NVIDIA's CUDA toolkit; no scanner has advisories for \
             NVIDIA's own packages",
            "pypi nvidia-cublas-cu12 12.4.5.8: part of NVIDIA's CUDA toolkit; no scanner has advisories for \
             NVIDIA's own packages",
        ]
    );
    let list = unchecked_of(vec![Scanner::new("trivy").reports(CVE, wheel())]);
    assert!(list.is_empty(), "{list:?}");
}

// --- laws ---------------------------------------------------------------------------------------

fn any_findings() -> impl Strategy<Value = Vec<Finding>> {
    let verdict = proptest::sample::select(vec![
        Verdict::Reported,
        Verdict::Covered,
        Verdict::Suppressed,
        Verdict::OtherVersion,
        Verdict::NoMatch,
        Verdict::PackageNotSeen,
        Verdict::NotAssessed,
        Verdict::Failed,
        Verdict::Unknown,
    ]);
    let template = compared(vec![trivy()]).0.findings.remove(0);
    let state = prop_oneof![
        4 => Just(AdvisoryState::Active),
        1 => Just(AdvisoryState::Rejected),
    ];
    let finding =
        (proptest::collection::vec(verdict, 4), state).prop_map(move |(verdicts, state)| {
            let mut finding = template.clone();
            finding.vulnerability.state = state;
            finding.verdicts = ["a", "b", "c", "d"]
                .into_iter()
                .zip(verdicts)
                .map(|(name, verdict)| {
                    let verdict = ScannerVerdict {
                        verdict,
                        cause: crate::model::Cause::NotInData,
                        strength: Strength::Proven,
                        reason: String::new(),
                    };
                    (ScannerId::new(name), verdict)
                })
                .collect();
            finding
        });
    proptest::collection::vec(finding, 0..30)
}

/// One scanner lists the operating system's package, one the distribution inside it, one both.
#[test]
fn the_same_files_make_no_scanner_look_better_for_listing_them_twice() {
    let file = "/usr/lib/python3/dist-packages/urllib3-1.26.12.egg-info/PKG-INFO";
    let deb = || {
        let mut package = Package::new(Ecosystem::Deb, "python3-urllib3", "1.26.12-1");
        package.record_files([file].into_iter());
        package
    };
    let wheel = || {
        let mut package = Package::new(Ecosystem::PyPi, "urllib3", "1.26.12");
        package
            .locations
            .extend(crate::model::Location::new(Some(file), None));
        package
    };
    let (_, coverage) = compared(vec![
        Scanner::new("inside").reports("CVE-2023-43804", wheel()),
        Scanner::new("outside").reports("CVE-2023-43804", deb()),
        Scanner::new("thorough")
            .reports("CVE-2023-43804", deb())
            .reports("CVE-2023-43804", wheel()),
    ]);
    let rows: Vec<_> = coverage
        .scanners
        .iter()
        .map(|row| (row.reported, row.physical, row.alone))
        .collect();
    assert_eq!(rows, [(1, 1, 0), (1, 1, 0), (2, 1, 0)]);
    for pair in &coverage.pairs {
        assert_eq!(
            (pair.adjusted_only_a, pair.adjusted_only_b),
            (0, 0),
            "{pair:?}"
        );
    }
}

proptest! {
    #[test]
    fn agreement_is_symmetric_and_between_none_and_all(findings in any_findings()) {
        let names = |order: [&str; 4]| order.map(ScannerId::new);
        let forward = names(["a", "b", "c", "d"]);
        let backward = names(["d", "c", "b", "a"]);
        let one = statistics(&findings, &forward, &forward, &[]);
        let other = statistics(&findings, &backward, &backward, &[]);
        prop_assert_eq!(one.pairs.len(), 6);
        prop_assert_eq!(one.shared_by_all, other.shared_by_all);
        for pair in &one.pairs {
            let mirror = other.pairs.iter().find(|m| m.a == pair.b && m.b == pair.a).unwrap();
            prop_assert_eq!((pair.naive, pair.adjusted), (mirror.naive, mirror.adjusted));
            prop_assert_eq!((pair.only_a, pair.adjusted_only_a), (mirror.only_b, mirror.adjusted_only_b));
            for figure in [pair.naive, pair.adjusted].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&figure));
            }
            if let (Some(naive), Some(adjusted)) = (pair.naive, pair.adjusted)
                && pair.adjusted_both == pair.both
            {
                prop_assert!(adjusted >= naive, "excusing never lowers agreement");
            }
            prop_assert!(pair.adjusted_both <= pair.both);
            prop_assert!(one.shared_by_all <= pair.adjusted_both);
        }
    }

    #[test]
    fn rows_account_for_every_finding(findings in any_findings()) {
        let all = ["a", "b", "c", "d"].map(ScannerId::new);
        let coverage = statistics(&findings, &all, &all, &[]);
        let seen = findings.iter().filter(|f| f.reporters().next().is_some()).count();
        let alone: usize = coverage.scanners.iter().map(|row| row.alone).sum();
        prop_assert!(alone <= seen);
        for row in &coverage.scanners {
            prop_assert_eq!(row.verdicts.values().sum::<usize>(), findings.len());
            prop_assert!(row.alone <= row.reported);
        }
    }
}
