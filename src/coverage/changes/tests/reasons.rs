//! Why a finding of one run is not in the other.

use super::*;

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
