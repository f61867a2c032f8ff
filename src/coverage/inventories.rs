//! How the scanners' package lists compare: what a scanner does not list it cannot find.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::comparison::{
    InventoryComparison, InventoryPair, Overlap, PackageAlone, VersionDisagreement,
};
use crate::model::report::ListedPackage;
use crate::model::version::normal_form;
use crate::model::{Ecosystem, InventoryScope, Package, ScannerId, ScannerReport};
use crate::reconcile::Inventory;

/// Counts over the package lists of one image after the other. Only whole lists count, and only
/// images that have two of them.
///
/// Sums do not depend on the order of the images.
#[derive(Clone, Debug, Default)]
pub struct InventoryTally {
    images: usize,
    /// Packages by scanner.
    sizes: BTreeMap<ScannerId, usize>,
    /// In both, only in the first, only in the second.
    pairs: BTreeMap<(ScannerId, ScannerId), (usize, usize, usize)>,
    alone: BTreeMap<ScannerId, BTreeMap<Ecosystem, usize>>,
    disagreements: usize,
    /// The packages behind the counts, while there is only one image.
    details: Details,
}

#[derive(Clone, Debug, Default)]
struct Details {
    versions: Vec<VersionDisagreement>,
    alone: Vec<PackageAlone>,
}

/// The packages of all lists of an image by kind and name. Each has the scanners that list it, with
/// its versions: the normal form, by which versions are compared, and the text as installed.
type Merged<'i> =
    BTreeMap<(&'i Ecosystem, String), BTreeMap<&'i ScannerId, BTreeMap<String, &'i str>>>;

impl InventoryTally {
    /// Adds the lists of an image.
    ///
    /// Cost: the number of packages times that of scanners.
    pub fn add(&mut self, inventories: &BTreeMap<ScannerId, Inventory>) {
        let whole: BTreeMap<&ScannerId, &Inventory> = inventories
            .iter()
            .filter(|(_, inventory)| inventory.scope == InventoryScope::Complete)
            .collect();
        if whole.len() < 2 {
            return;
        }
        self.images += 1;
        let merged = merge(&whole);
        let scanners: Vec<&ScannerId> = whole.keys().copied().collect();
        self.count_sizes(&merged);
        self.count_pairs(&merged, &scanners);
        let details = self.count_names(&merged);
        self.details = if self.images == 1 {
            details
        } else {
            Details::default()
        };
    }

    /// The comparison; `None` when no image had two whole lists.
    pub fn finish(self) -> Option<InventoryComparison> {
        (self.images > 0).then(|| InventoryComparison {
            images: self.images,
            scanners: self.sizes,
            pairs: self
                .pairs
                .into_iter()
                .map(|((a, b), (both, only_a, only_b))| InventoryPair {
                    a,
                    b,
                    packages: Overlap::new(both, only_a, only_b),
                })
                .collect(),
            alone: self.alone,
            disagreements: self.disagreements,
            versions: self.details.versions,
            packages_alone: self.details.alone,
        })
    }

    fn count_sizes(&mut self, merged: &Merged<'_>) {
        for (scanner, versions) in merged.values().flatten() {
            *self.sizes.entry((*scanner).clone()).or_default() += versions.len();
        }
    }

    fn count_pairs(&mut self, merged: &Merged<'_>, scanners: &[&ScannerId]) {
        for (number, a) in scanners.iter().enumerate() {
            for b in scanners.iter().skip(number + 1) {
                let pair = ((*a).clone(), (*b).clone());
                let counts = self.pairs.entry(pair).or_default();
                for lists in merged.values() {
                    let none = BTreeMap::new();
                    let of_a = lists.get(a).unwrap_or(&none);
                    let of_b = lists.get(b).unwrap_or(&none);
                    let both = of_a.keys().filter(|v| of_b.contains_key(*v)).count();
                    counts.0 += both;
                    counts.1 += of_a.len() - both;
                    counts.2 += of_b.len() - both;
                }
            }
        }
    }

    fn count_names(&mut self, merged: &Merged<'_>) -> Details {
        let mut details = Details::default();
        for ((ecosystem, name), lists) in merged {
            let mut in_lists = lists.iter();
            if let (Some((scanner, versions)), None) = (in_lists.next(), in_lists.next()) {
                *self
                    .alone
                    .entry((*scanner).clone())
                    .or_default()
                    .entry((*ecosystem).clone())
                    .or_default() += versions.len();
                details
                    .alone
                    .extend(versions.values().map(|version| PackageAlone {
                        scanner: (*scanner).clone(),
                        ecosystem: (*ecosystem).clone(),
                        name: name.clone(),
                        version: (*version).to_owned(),
                    }));
            } else if disagree(lists) {
                self.disagreements += 1;
                details.versions.push(VersionDisagreement {
                    ecosystem: (*ecosystem).clone(),
                    name: name.clone(),
                    versions: lists
                        .iter()
                        .map(|(scanner, versions)| {
                            let texts = versions.values().map(|text| (*text).to_owned());
                            ((*scanner).clone(), texts.collect())
                        })
                        .collect(),
                });
            }
        }
        details.alone.sort();
        details
    }
}

/// The name by which lists are compared: operating system packages by their installed names, since
/// a source package has many; others by the normalised name, which is their group's.
pub(super) fn compared_name<'p>(
    group: &'p (Ecosystem, String),
    package: &'p Package,
) -> &'p String {
    if group.0.is_os() {
        &package.name
    } else {
        &group.1
    }
}

/// Every package of the scanners' lists and of the given ones, each once, in the order of kind, name
/// and version.
///
/// Cost: near-linear in the number of packages over all lists.
pub fn listed(
    inventories: &BTreeMap<ScannerId, Inventory>,
    given: &[ScannerReport],
) -> Vec<ListedPackage> {
    let mut merged: BTreeMap<(&Ecosystem, &str, String), ListedPackage> = BTreeMap::new();
    let mut rows = Vec::new();
    // By their installed names the packages of given lists find the names of the groups.
    let mut names: BTreeMap<(&Ecosystem, &str), &str> = BTreeMap::new();
    for (scanner, inventory) in inventories {
        for (group, packages) in &inventory.packages {
            for entry in packages {
                let name = compared_name(group, &entry.package).as_str();
                names.insert((&group.0, &entry.package.name), name);
                rows.push((name, &entry.package, scanner));
            }
        }
    }
    for list in given {
        for package in list.packages.iter().filter(|package| !package.source_level) {
            let name = names.get(&(&package.ecosystem, package.name.as_str()));
            let name = name.copied().unwrap_or(&package.name);
            rows.push((name, package, &list.scanner));
        }
    }
    for (name, package, scanner) in rows {
        let version = normal_form(&package.ecosystem, &package.version);
        let row = merged
            .entry((&package.ecosystem, name, version))
            .or_insert_with(|| ListedPackage {
                ecosystem: package.ecosystem.clone(),
                name: name.to_owned(),
                version: package.version.clone(),
                purl: None,
                listed_by: Vec::new(),
            });
        // Of spellings the first in text order, whatever the lists' order.
        if package.version < row.version {
            row.version.clone_from(&package.version);
        }
        let purl = package.purl.as_ref();
        if purl.is_some() && (row.purl.is_none() || purl < row.purl.as_ref()) {
            row.purl = purl.cloned();
        }
        if let Err(place) = row.listed_by.binary_search(scanner) {
            row.listed_by.insert(place, scanner.clone());
        }
    }
    merged.into_values().collect()
}

fn merge<'i>(whole: &BTreeMap<&'i ScannerId, &'i Inventory>) -> Merged<'i> {
    let mut merged: Merged<'_> = BTreeMap::new();
    for (scanner, inventory) in whole {
        for (group, packages) in &inventory.packages {
            for entry in packages {
                let package = &entry.package;
                let name = compared_name(group, package).clone();
                let version = normal_form(&group.0, &package.version);
                let lists = merged.entry((&group.0, name)).or_default();
                let texts = lists.entry(scanner).or_default();
                // Of spellings of one version the first in text order, whatever the report's order.
                let text = texts.entry(version).or_insert(&package.version);
                *text = (*text).min(&package.version);
            }
        }
    }
    merged
}

/// True when lists have different versions. A list that does not know the version agrees with all.
fn disagree(lists: &BTreeMap<&ScannerId, BTreeMap<String, &str>>) -> bool {
    let known = lists.values().map(|versions| {
        let texts = versions.keys().filter(|version| !version.is_empty());
        texts.collect::<BTreeSet<_>>()
    });
    let mut known = known.filter(|versions| !versions.is_empty());
    let first = known.next();
    known.any(|versions| Some(versions) != first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::InventoryPackage;

    /// A whole list of packages written `ecosystem/name@version`.
    fn list(packages: &[&str]) -> Inventory {
        let mut inventory = Inventory {
            scope: InventoryScope::Complete,
            ..Inventory::default()
        };
        for text in packages {
            let (ecosystem, rest) = text.split_once('/').unwrap();
            let (name, version) = rest.rsplit_once('@').unwrap();
            let ecosystem = Ecosystem::from_name(ecosystem);
            let package = Package::new(ecosystem.clone(), name, version);
            let group = (ecosystem, name.to_lowercase());
            let entries = inventory.packages.entry(group).or_default();
            entries.push(InventoryPackage {
                version: version.to_owned(),
                package,
            });
        }
        inventory
    }

    fn image(lists: &[(&str, Inventory)]) -> BTreeMap<ScannerId, Inventory> {
        lists
            .iter()
            .map(|(scanner, inventory)| (ScannerId::new(scanner), inventory.clone()))
            .collect()
    }

    #[test]
    fn every_package_is_listed_once_with_all_who_list_it() {
        let lists = image(&[
            ("grype", list(&["pypi/Pillow@10.0", "deb/curl@8.0-1"])),
            ("trivy", list(&["pypi/pillow@10.0.0", "deb/curl@8.0-2"])),
        ]);
        let mut given = ScannerReport::new(ScannerId::new("syft"), "Syft JSON");
        given.packages = vec![
            Package::new(Ecosystem::PyPi, "Pillow", "10.0"),
            Package::new(Ecosystem::Npm, "left-pad", ""),
        ];
        let rows: Vec<String> = listed(&lists, &[given])
            .iter()
            .map(|row| {
                let by: Vec<&str> = row.listed_by.iter().map(ScannerId::as_str).collect();
                format!(
                    "{}/{}@{} {}",
                    row.ecosystem,
                    row.name,
                    row.version,
                    by.join(",")
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "deb/curl@8.0-1 grype",
                "deb/curl@8.0-2 trivy",
                "pypi/pillow@10.0 grype,syft,trivy",
                "npm/left-pad@ syft",
            ]
        );
    }

    #[test]
    fn packages_alone_and_versions_that_differ_are_told_apart() {
        let lists = image(&[
            (
                "grype",
                list(&[
                    "deb/bash@5.2-1",
                    "pypi/Numpy@1.0",
                    "npm/a@1.0.0",
                    "npm/a@2.0.0",
                ]),
            ),
            (
                "trivy",
                list(&["deb/bash@5.2-1", "pypi/numpy@1.1", "npm/a@1.0.0"]),
            ),
            ("snyk", list(&["deb/bash@5.2-1", "golang/x@v1.0.0"])),
        ]);
        let mut tally = InventoryTally::default();
        tally.add(&lists);
        let compared = tally.finish().unwrap();
        let id = ScannerId::new;
        assert_eq!(
            compared.scanners,
            BTreeMap::from([(id("grype"), 4), (id("snyk"), 2), (id("trivy"), 3)])
        );
        let pair = |a: &str, b: &str| {
            let found = compared.pairs.iter().find(|p| p.a == id(a) && p.b == id(b));
            let packages = found.unwrap().packages;
            (packages.both, packages.only_a, packages.only_b)
        };
        assert_eq!(pair("grype", "trivy"), (2, 2, 1));
        assert_eq!(pair("snyk", "trivy"), (1, 1, 2));
        let alone: Vec<String> = compared
            .packages_alone
            .iter()
            .map(|p| format!("{} {}/{} {}", p.scanner, p.ecosystem, p.name, p.version))
            .collect();
        assert_eq!(alone, ["snyk golang/x v1.0.0"]);
        assert_eq!(compared.alone[&id("snyk")][&Ecosystem::Golang], 1);
        let names: Vec<&str> = compared.versions.iter().map(|v| v.name.as_str()).collect();
        assert_eq!(names, ["numpy", "a"]);
        assert_eq!(compared.disagreements, 2);
    }

    #[test]
    fn a_version_that_is_not_known_contradicts_nobody() {
        let lists = image(&[
            ("grype", list(&["generic/python@"])),
            ("trivy", list(&["generic/python@3.12"])),
        ]);
        let mut tally = InventoryTally::default();
        tally.add(&lists);
        assert_eq!(tally.finish().unwrap().disagreements, 0);
    }

    #[test]
    fn a_partial_list_is_not_compared() {
        let mut partial = list(&["deb/bash@5"]);
        partial.scope = InventoryScope::VulnerableOnly;
        let mut tally = InventoryTally::default();
        tally.add(&image(&[
            ("grype", list(&["deb/bash@5"])),
            ("trivy", partial),
        ]));
        assert_eq!(tally.finish(), None);
    }

    #[test]
    fn several_images_are_summed_without_their_packages() {
        let one = image(&[("grype", list(&["deb/a@1"])), ("trivy", list(&["deb/b@1"]))]);
        let two = image(&[("grype", list(&["deb/c@1"])), ("trivy", list(&["deb/c@1"]))]);
        let sum = |images: [&BTreeMap<ScannerId, Inventory>; 2]| {
            let mut tally = InventoryTally::default();
            for image in images {
                tally.add(image);
            }
            tally.finish().unwrap()
        };
        let compared = sum([&one, &two]);
        assert_eq!(compared, sum([&two, &one]));
        assert_eq!(compared.images, 2);
        assert_eq!(compared.pairs[0].packages, Overlap::new(1, 1, 1));
        assert!(compared.packages_alone.is_empty() && compared.versions.is_empty());
    }
}
