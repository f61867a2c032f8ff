//! Which findings of two runs are one.

use super::*;

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
