//! Trivy's packages: those of a result's inventory, and those that only a vulnerability names.

use std::collections::HashMap;

use crate::formats::entries::{Lenient, Text};
use crate::model::{Ecosystem, Location, Package, PackageIndex, SourcePackage};

use super::documents::{Identifier, InstalledPackage, Layer, Vulnerability};
use super::target;

/// Targets that stand for all packages of a language instead of naming a file.
const AGGREGATES: [&str; 6] = ["Python", "Node.js", "Java", "Ruby", "Conda", "Kubernetes"];

/// What a result says about each of its packages.
pub(super) struct Context<'r> {
    kind: &'r str,
    pub(super) is_os: bool,
    /// The file that lists or is the packages; `None` where each package has its own path.
    path: Option<&'r str>,
}

impl<'r> Context<'r> {
    pub(super) fn new(class: &str, kind: &'r str, target: &'r str) -> Self {
        let kind = if kind.is_empty() {
            kind_of_target(target)
        } else {
            kind
        };
        let is_os = class == "os-pkgs" || (class.is_empty() && Ecosystem::from_name(kind).is_os());
        let path = Some(target).filter(|t| !is_os && !t.is_empty() && !AGGREGATES.contains(t));
        Self { kind, is_os, path }
    }

    /// A package of this result; the name and the version are the scanner's, not the purl's, which
    /// Trivy writes in lower case.
    fn package(&self, purl: Option<&str>, name: &str, version: String) -> Package {
        let mut package = purl
            .and_then(Package::from_purl)
            .unwrap_or_else(|| Package::new(Ecosystem::from_name(self.kind), "", ""));
        name.clone_into(&mut package.name);
        if !version.is_empty() {
            package.version = version;
        }
        if self.is_os && package.namespace.is_none() {
            package.namespace = Some(self.kind.to_owned()).filter(|kind| !kind.is_empty());
        }
        package
    }

    fn location(&self, path: &Text<'_>, layer: &Lenient<Layer<'_>>) -> Vec<Location> {
        let layer = layer
            .0
            .as_ref()
            .and_then(|layer| layer.diff_id.get().or_else(|| layer.digest.get()));
        Location::new(path.get().or(self.path), layer)
            .into_iter()
            .collect()
    }

    /// A package of the inventory.
    pub(super) fn installed(&self, installed: &InstalledPackage<'_>) -> Package {
        let mut package = self.package(
            purl(&installed.identifier),
            installed.name.as_str(),
            installed_version(installed),
        );
        if let Some(architecture) = installed.arch.to_option() {
            package.architecture = Some(architecture);
        }
        if let Some(name) = installed.source_name.to_option() {
            let version = full_version(
                &installed.source_epoch,
                &installed.source_version,
                &installed.source_release,
            );
            package.source = Some(SourcePackage {
                name,
                version: Some(version).filter(|v| !v.is_empty()),
            });
        }
        package.locations = self.location(&installed.file_path, &installed.layer);
        package.maintainer = installed.maintainer.to_option();
        package.record_files(installed.installed_files.iter());
        package.third_party = installed
            .repository
            .0
            .as_ref()
            .is_some_and(|repository| repository.class.as_str() == "third-party");
        package
    }

    /// The package of an entry that no inventory package stands behind.
    pub(super) fn vulnerable(&self, vulnerability: &Vulnerability<'_>) -> Package {
        let mut package = self.package(
            vulnerability
                .operator_purl
                .get()
                .or_else(|| purl(&vulnerability.identifier)),
            vulnerability.package_name.as_str(),
            vulnerability.installed_version.as_str().to_owned(),
        );
        package.locations = self.location(&vulnerability.package_path, &vulnerability.layer);
        package
    }
}

/// The type of a result of the earliest reports, which have none: the distribution's family in
/// `NAME (family version)`, else what the lock file's name gives away.
fn kind_of_target(text: &str) -> &str {
    if let Some((_, inner)) = target::outer_parentheses(text) {
        return inner.split(' ').next().unwrap_or_default();
    }
    match text.rsplit('/').next().unwrap_or_default() {
        "package-lock.json" | "yarn.lock" => "npm",
        "composer.lock" => "composer",
        "Gemfile.lock" => "bundler",
        "Pipfile.lock" | "poetry.lock" | "requirements.txt" => "pip",
        "Cargo.lock" => "cargo",
        "go.sum" | "go.mod" => "gomod",
        "pom.xml" => "pom",
        _ => "",
    }
}

fn purl<'i>(identifier: &'i Lenient<Identifier<'_>>) -> Option<&'i str> {
    identifier.0.as_ref()?.purl.get()
}

fn uid<'i>(identifier: &'i Lenient<Identifier<'_>>) -> Option<&'i str> {
    identifier.0.as_ref()?.uid.get()
}

fn installed_version(package: &InstalledPackage<'_>) -> String {
    full_version(&package.epoch, &package.version, &package.release)
}

/// `[epoch:]version[-release]`, as Trivy itself writes `InstalledVersion`. An epoch that the version
/// already starts with is not put there again.
fn full_version(epoch: &Text<'_>, version: &Text<'_>, release: &Text<'_>) -> String {
    let mut full = String::new();
    if let Some(epoch) = epoch.get().filter(|epoch| *epoch != "0")
        && !version
            .as_str()
            .strip_prefix(epoch)
            .is_some_and(|rest| rest.starts_with(':'))
    {
        full.push_str(epoch);
        full.push(':');
    }
    full.push_str(version.as_str());
    if let Some(release) = release.get() {
        full.push('-');
        full.push_str(release);
    }
    full
}

/// The packages of one result, to find the one that an entry is about.
#[derive(Default)]
pub(super) struct Inventory<'p> {
    rows: Vec<Row<'p>>,
    by_uid: HashMap<&'p str, usize>,
    by_id: HashMap<&'p str, Vec<usize>>,
    by_name: HashMap<&'p str, Vec<usize>>,
}

struct Row<'p> {
    version: String,
    path: &'p str,
    index: PackageIndex,
}

impl<'p> Inventory<'p> {
    pub(super) fn add(&mut self, package: &'p InstalledPackage<'_>, index: PackageIndex) {
        let row = self.rows.len();
        self.rows.push(Row {
            version: installed_version(package),
            path: package.file_path.as_str(),
            index,
        });
        if let Some(uid) = uid(&package.identifier) {
            self.by_uid.entry(uid).or_insert(row);
        }
        if let Some(id) = package.id.get() {
            self.by_id.entry(id).or_default().push(row);
        }
        self.by_name
            .entry(package.name.as_str())
            .or_default()
            .push(row);
    }

    /// By UID, which is unique in a result; else by package id, which is the same for every copy of
    /// a package; else by name and version.
    pub(super) fn find(&self, vulnerability: &Vulnerability<'_>) -> Option<PackageIndex> {
        if let Some(row) = uid(&vulnerability.identifier)
            .and_then(|uid| self.by_uid.get(uid))
            .and_then(|row| self.rows.get(*row))
        {
            return Some(row.index);
        }
        let path = vulnerability.package_path.as_str();
        let by_id = vulnerability
            .package_id
            .get()
            .and_then(|id| self.pick(self.by_id.get(id), path, None));
        by_id.or_else(|| {
            self.pick(
                self.by_name.get(vulnerability.package_name.as_str()),
                path,
                Some(vulnerability.installed_version.as_str()),
            )
        })
    }

    /// The candidate at `path`, else one where either side does not say where it lies.
    fn pick(
        &self,
        candidates: Option<&Vec<usize>>,
        path: &str,
        version: Option<&str>,
    ) -> Option<PackageIndex> {
        let rows = || {
            candidates
                .into_iter()
                .flatten()
                .filter_map(|row| self.rows.get(*row))
                .filter(|row| version.is_none_or(|version| row.version == version))
        };
        rows()
            .find(|row| row.path == path)
            .or_else(|| rows().find(|row| row.path.is_empty() || path.is_empty()))
            .map(|row| row.index)
    }
}
