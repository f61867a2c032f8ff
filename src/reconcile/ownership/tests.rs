use super::*;
use crate::model::{Location, Observation, ScannerId, ScannerRun, SourcePackage};
use crate::reconcile::reconcile;
use crate::reconcile::severity::SeverityRule;

const EGG: &str = "/usr/lib/python3/dist-packages/urllib3-1.26.12.egg-info/PKG-INFO";
const VENDORED: &str = "/usr/share/python-wheels/urllib3-1.26.12.dist-info/METADATA";
const COPY: &str = "/srv/app/lib/urllib3-1.26.12.dist-info/METADATA";

fn deb(name: &str, version: &str, files: &[&str]) -> Package {
    let mut package = Package::new(Ecosystem::Deb, name, version);
    package.record_files(files.iter().copied());
    package
}

fn at(mut package: Package, paths: &[&str]) -> Package {
    let places = paths.iter();
    let places = places.filter_map(|path| Location::new(Some(path), None));
    package.locations.extend(places);
    package
}

fn urllib3(paths: &[&str]) -> Package {
    at(Package::new(Ecosystem::PyPi, "urllib3", "1.26.12"), paths)
}

fn list(packages: Vec<Package>) -> ScannerReport {
    let mut list = ScannerReport::new(ScannerId::new("syft"), "test");
    list.inventory = InventoryScope::Complete;
    list.packages = packages;
    list
}

/// The owner of the one package that a scanner reports, beside package lists.
fn owner(reported: Vec<Package>, lists: &[ScannerReport]) -> Option<Owner> {
    let mut report = ScannerReport::new(ScannerId::new("grype"), "test");
    for (number, package) in reported.into_iter().enumerate() {
        report.packages.push(package);
        report.observations.push(Observation::of(
            "CVE-2023-43804",
            number,
            format!("/{number}"),
        ));
    }
    let runs = [ScannerRun::of(report, "test")];
    let reconciled = reconcile(&runs, lists, &SeverityRule::Vendor);
    let mut owned = reconciled.owned.into_values();
    let owner = owned.next();
    assert_eq!(owned.next(), None);
    owner
}

fn named(owner: &Owner) -> Option<(&str, &str)> {
    let package = owner.package()?;
    Some((package.name.as_str(), owner.packages.get(package)?))
}

#[test]
fn the_package_managers_list_proves_the_owner() {
    let lists = [list(vec![
        deb("python3-renamed", "2:9-1", &[EGG]),
        deb("other", "1", &["/usr/bin/other"]),
    ])];
    let found = owner(vec![urllib3(&[EGG])], &lists).unwrap();
    assert_eq!(named(&found), Some(("python3-renamed", "2:9-1")));
    assert_eq!(
        (found.strength, found.path.as_str()),
        (Strength::Proven, EGG)
    );
}

#[test]
fn the_group_is_the_source_and_the_version_the_fullest_spelling() {
    let with_source = |version: &str| Package {
        source: Some(SourcePackage {
            name: "python-urllib3".to_owned(),
            version: None,
        }),
        ..deb("python3-urllib3", version, &[EGG])
    };
    let lists = |versions: [&str; 2]| versions.map(|version| list(vec![with_source(version)]));
    for versions in [["1.26.12-1", "1:1.26.12-1"], ["1:1.26.12-1", "1.26.12-1"]] {
        let found = owner(vec![urllib3(&[EGG])], &lists(versions)).unwrap();
        assert_eq!(named(&found), Some(("python-urllib3", "1:1.26.12-1")));
    }
}

#[test]
fn all_places_have_to_be_owned() {
    let lists = [list(vec![
        deb("python3-urllib3", "1.26.12-1", &[EGG]),
        deb("python3-pip-whl", "23", &[VENDORED]),
    ])];
    assert_eq!(owner(vec![urllib3(&[EGG, COPY])], &lists), None);
    assert_eq!(
        owner(vec![urllib3(&[EGG]), urllib3(&[COPY])], &lists),
        None,
        "two instances of one finding"
    );
    let by_two = owner(vec![urllib3(&[EGG, VENDORED])], &lists).unwrap();
    assert_eq!(by_two.strength, Strength::Proven);
    assert_eq!(by_two.package(), None, "no package installed all of it");
    let versions: Vec<&str> = by_two.packages.values().map(String::as_str).collect();
    assert_eq!(versions, ["23", "1.26.12-1"], "each has to be asked");
    // An instance without a path neither proves nor disproves anything.
    let mut elsewhere = urllib3(&[]);
    elsewhere.architecture = Some("amd64".to_owned());
    let found = owner(vec![urllib3(&[EGG]), elsewhere], &lists).unwrap();
    assert_eq!(found.strength, Strength::Proven);
    assert_eq!(owner(vec![urllib3(&[])], &lists), None);
}

#[test]
fn directories_merged_into_usr_are_one() {
    let merged = EGG.strip_prefix("/usr").unwrap();
    for (listed, seen) in [(merged, EGG), (EGG, merged)] {
        let lists = [list(vec![deb("python3-urllib3", "1.26.12-1", &[listed])])];
        let found = owner(vec![urllib3(&[seen])], &lists).unwrap();
        assert_eq!(
            (found.strength, found.path.as_str()),
            (Strength::Proven, seen)
        );
    }
    let share = "/share/x/urllib3-1.26.12.dist-info/METADATA";
    let lists = [list(vec![deb("x", "1", &[&format!("/usr{share}")])])];
    assert_eq!(owner(vec![urllib3(&[share])], &lists), None);
}

#[test]
fn of_several_that_have_one_file_none_is_named() {
    let lists = [list(vec![
        deb("aaa-x", "1.26.12-1", &[EGG]),
        deb("python3-urllib3", "1.26.12-1", &[EGG]),
    ])];
    let found = owner(vec![urllib3(&[EGG])], &lists).unwrap();
    assert_eq!((found.package(), found.packages.len()), (None, 2));
}

#[test]
fn name_version_and_place_together_let_infer_the_owner() {
    let rpm = |version| {
        let package = Package::new(Ecosystem::Rpm, "python3.11-urllib3", version);
        [list(vec![package])]
    };
    let site = "/usr/lib/python3.11/site-packages/urllib3-1.26.12.dist-info/METADATA";
    let local = "/usr/local/lib/python3.11/site-packages/urllib3-1.26.12.dist-info/METADATA";
    let found = owner(vec![urllib3(&[site])], &rpm("1.26.12-1.el9")).unwrap();
    assert_eq!(named(&found), Some(("python3.11-urllib3", "1.26.12-1.el9")));
    assert_eq!(found.strength, Strength::Inferred);
    assert_eq!(owner(vec![urllib3(&[local])], &rpm("1.26.12-1.el9")), None);
    assert_eq!(owner(vec![urllib3(&[site])], &rpm("1.26.11-1.el9")), None);
}

#[test]
fn debians_own_directories_tell_without_any_list() {
    let found = owner(vec![urllib3(&[EGG])], &[]).unwrap();
    assert_eq!(found.strength, Strength::Inferred);
    assert_eq!(found.packages, BTreeMap::new());
    assert_eq!(owner(vec![urllib3(&[COPY])], &[]), None);
    assert_eq!(owner(vec![urllib3(&[EGG, COPY])], &[]), None);
    let conda = at(Package::new(Ecosystem::Conda, "urllib3", "1.26.12"), &[EGG]);
    assert_eq!(owner(vec![conda], &[]), None, "conda installs for itself");
}

#[test]
fn where_the_lists_are_known_what_they_lack_is_not_owned() {
    let known = deb("coreutils", "9.1-1", &["/usr/bin/ls"]);
    let namesake = deb("python3-urllib3", "1.26.12-1", &[]);
    let whole = list(vec![known.clone(), namesake.clone()]);
    assert_eq!(owner(vec![urllib3(&[EGG])], &[whole]), None);
    // A list of some packages only does not tell that a file is in none.
    let mut part = list(vec![known, namesake]);
    part.inventory = InventoryScope::VulnerableOnly;
    let found = owner(vec![urllib3(&[EGG])], &[part]).unwrap();
    assert_eq!(named(&found), Some(("python3-urllib3", "1.26.12-1")));
    // The lists of one package manager say nothing of another one's files.
    let apk = Package {
        files: vec!["/bin/busybox".to_owned()],
        ..Package::new(Ecosystem::Apk, "busybox", "1.36-r0")
    };
    let found = owner(vec![urllib3(&[EGG])], &[list(vec![apk])]).unwrap();
    assert_eq!(found.strength, Strength::Inferred);
}

#[test]
fn packages_of_the_operating_system_are_not_owned() {
    let package = at(Package::new(Ecosystem::Deb, "urllib3", "1.26.12"), &[EGG]);
    assert_eq!(owner(vec![package], &[]), None);
}

#[test]
fn of_many_namesakes_one_is_kept() {
    let packages = (0..50).map(|number| Package {
        source: Some(SourcePackage {
            name: format!("source-{number:02}"),
            version: None,
        }),
        architecture: Some(number.to_string()),
        ..Package::new(
            Ecosystem::Rpm,
            format!("python3{number}-urllib3"),
            "1.26.12-1",
        )
    });
    let lists = [list(packages.collect())];
    let report = list(vec![urllib3(&[EGG])]);
    let mut run = ScannerRun::of(report, "test");
    let observation = Observation::of("CVE-2023-43804", 0, "/0".to_owned());
    run.report.as_mut().unwrap().observations.push(observation);
    let reconciled = reconcile(&[run], &lists, &SeverityRule::Vendor);
    let findings: Vec<&Finding> = reconciled.findings.iter().collect();
    let identity = Identity::learn(lists[0].packages.iter().map(|package| (0, package)));
    let named = Named::learn(&findings, lists.iter(), &identity);
    let kept: Vec<_> = named.0.into_values().flatten().collect();
    let [(manager, groups)] = &kept[..] else {
        panic!("{} entries", kept.len());
    };
    assert_eq!(**manager, Ecosystem::Rpm);
    let names: Vec<&str> = groups.keys().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["source-00"]);
}

#[test]
fn a_file_that_thousands_claim_keeps_the_first_few() {
    let group = |number: usize| PackageGroup {
        ecosystem: Ecosystem::Deb,
        name: format!("p{number:04}"),
        version: None,
    };
    let mut forth = Holders::new();
    let mut back = Holders::new();
    for number in 0..1000 {
        add(&mut forth, group(number), "1", MAX_HOLDERS);
        add(&mut back, group(999 - number), "1", MAX_HOLDERS);
    }
    assert_eq!(forth.len(), MAX_HOLDERS);
    assert_eq!(forth, back);
}
