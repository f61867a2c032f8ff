use super::*;
use crate::model::{Observation, Outcome};
use crate::reconcile::reconcile;
use crate::reconcile::severity::SeverityRule;

fn package(name: &str) -> Package {
    Package::new(Ecosystem::Npm, name, "1.0.0")
}

fn list(tool: &str, names: &[&str]) -> ScannerReport {
    let mut list = ScannerReport::new(ScannerId::new(tool), "test");
    list.inventory = InventoryScope::Complete;
    list.packages = names.iter().map(|name| package(name)).collect();
    list
}

/// Grype's run without a list of its own, which matches what Syft lists.
fn grype() -> ScannerRun {
    let mut report = ScannerReport::new(ScannerId::new("grype"), "test");
    report.packages = vec![package("lodash")];
    report.observations = vec![Observation::of("CVE-2024-1000", 0, "/0".to_owned())];
    let mut run = ScannerRun::of(report, "grype.json");
    run.capabilities.inventory_tools = vec!["syft".to_owned()];
    run
}

/// Scope and package names of Grype's inventory.
fn inventory(run: ScannerRun, given: &[ScannerReport]) -> (InventoryScope, Vec<String>) {
    let mut reconciled = reconcile(&[run], given, &SeverityRule::Vendor);
    let inventory = reconciled
        .inventories
        .remove(&ScannerId::new("grype"))
        .unwrap();
    let packages = inventory.packages.into_iter();
    let names = packages.map(|((_, name), entries)| {
        assert!(entries.iter().all(|entry| entry.version == "1.0.0"));
        name
    });
    (inventory.scope, names.collect())
}

const WHOLE: InventoryScope = InventoryScope::Complete;
const PART: InventoryScope = InventoryScope::VulnerableOnly;

#[test]
fn a_list_of_its_own_or_its_tools_completes_a_report() {
    for tool in ["syft", "grype"] {
        let (scope, names) = inventory(grype(), &[list(tool, &["chalk"])]);
        assert_eq!((scope, names.join(" ").as_str()), (WHOLE, "chalk lodash"));
    }
    let (scope, names) = inventory(grype(), &[list("trivy", &["chalk"])]);
    assert_eq!((scope, names.join(" ").as_str()), (PART, "lodash"));
    let mut untold = grype();
    untold.capabilities.inventory_tools.clear();
    assert_eq!(inventory(untold, &[list("syft", &["chalk"])]).0, PART);
    assert_eq!(inventory(grype(), &[]).0, PART);
}

#[test]
fn a_tool_is_known_by_any_spelling_of_its_name() {
    let mut run = grype();
    run.capabilities.inventory_tools = vec!["Syft ".to_owned()];
    assert_eq!(inventory(run, &[list("syft", &[])]).0, WHOLE);
}

#[test]
fn a_list_that_is_not_whole_completes_nothing() {
    let mut part = list("syft", &["chalk"]);
    part.inventory = PART;
    let (scope, names) = inventory(grype(), &[part]);
    assert_eq!((scope, names.join(" ").as_str()), (PART, "lodash"));
}

#[test]
fn a_list_of_another_image_completes_nothing() {
    let mut run = grype();
    let own = run.report.as_mut().unwrap();
    own.target.config_digest = Some("sha256:aa".to_owned());
    own.target.manifest_digest = Some("sha256:cc".to_owned());
    let with = |config: &str, manifest: Option<&str>| {
        let mut list = list("syft", &["chalk"]);
        list.target.config_digest = Some(config.to_owned()).filter(|text| !text.is_empty());
        list.target.manifest_digest = manifest.map(str::to_owned);
        list
    };
    let scope = |list| inventory(run.clone(), &[list]).0;
    assert_eq!(scope(with("sha256:aa", Some("sha256:dd"))), WHOLE);
    assert_eq!(scope(with("", None)), WHOLE);
    assert_eq!(scope(with("sha256:bb", None)), PART);
    assert_eq!(scope(with("", Some("sha256:dd"))), PART);
}

#[test]
fn a_list_of_another_release_or_name_is_left_and_told() {
    let about = |target: &mut crate::model::Target, name: &str, version: &str| {
        target.name = Some(name.to_owned());
        target.distro = Some(crate::model::Distro {
            family: "debian".to_owned(),
            version: version.to_owned(),
            end_of_life: false,
        });
    };
    let mut run = grype();
    about(&mut run.report.as_mut().unwrap().target, "shop:1", "12.5");
    let told = |name: &str, version: &str, digest: bool| {
        let (mut run, mut list) = (run.clone(), list("syft", &["chalk"]));
        about(&mut list.target, name, version);
        if digest {
            let own = &mut run.report.as_mut().unwrap().target;
            own.config_digest = Some("sha256:aa".to_owned());
            list.target.config_digest = Some("sha256:aa".to_owned());
        }
        let reconciled = reconcile(&[run], &[list], &SeverityRule::Vendor);
        let scope = reconciled.inventories[&ScannerId::new("grype")].scope;
        let notes: Vec<String> = reconciled
            .diagnostics
            .into_iter()
            .map(|d| d.message)
            .collect();
        assert_eq!(scope == PART, notes.len() == 1);
        notes.join("")
    };
    assert_eq!(told("registry.example/shop:1", "12", false), "");
    assert!(told("shop:1", "11", false).contains("debian 11"));
    assert!(told("blog:7", "12", false).contains("blog:7"));
    assert_eq!(told("blog:7", "12", true), "", "digests tell");
}

#[test]
fn a_whole_list_of_the_report_needs_no_other() {
    let mut run = grype();
    run.report.as_mut().unwrap().inventory = WHOLE;
    let (scope, names) = inventory(run, &[list("syft", &["chalk"])]);
    assert_eq!((scope, names.join(" ").as_str()), (WHOLE, "lodash"));
}

#[test]
fn names_of_sources_are_no_members_of_a_completed_list() {
    let mut run = grype();
    let source = Package {
        source_level: true,
        ..package("glibc")
    };
    run.report.as_mut().unwrap().packages.push(source.clone());
    let mut given = list("syft", &["chalk"]);
    given.packages.push(Package {
        source_level: true,
        ..package("zlib")
    });
    let (_, names) = inventory(run, &[given]);
    assert_eq!(names, ["chalk", "lodash"]);
}

#[test]
fn several_lists_are_united_in_whatever_order() {
    let (a, b) = (list("syft", &["a", "z"]), list("grype", &["b"]));
    let mut other = list("syft", &["z"]);
    other.packages[0].purl = Some("pkg:npm/z@1.0.0".to_owned());
    let all = |given: &[ScannerReport]| {
        let reconciled = reconcile(&[grype()], given, &SeverityRule::Vendor);
        format!("{:?}", reconciled.inventories)
    };
    let forth = all(&[a.clone(), b.clone(), other.clone()]);
    assert_eq!(forth, all(&[other, b, a]));
    assert!(forth.contains("pkg:npm/z@1.0.0"));
}

#[test]
fn two_reports_of_a_scanner_share_its_list() {
    let mut second = grype();
    second.source = "second.json".to_owned();
    let given = [list("syft", &["chalk"])];
    let reconciled = reconcile(&[grype(), second], &given, &SeverityRule::Vendor);
    let inventory = &reconciled.inventories[&ScannerId::new("grype")];
    assert_eq!(inventory.scope, WHOLE);
    let key = (Ecosystem::Npm, "chalk".to_owned());
    assert_eq!(inventory.packages[&key].len(), 1);
}

#[test]
fn a_failed_run_has_no_list() {
    let mut run = grype();
    run.outcome = Outcome::Failed(crate::model::Failure {
        kind: crate::model::FailureKind::Crash,
        cause: String::new(),
        remedy: String::new(),
    });
    let reconciled = reconcile(&[run], &[list("syft", &["chalk"])], &SeverityRule::Vendor);
    assert!(reconciled.inventories.is_empty());
}
