//! Which packages are the same package.
//!
//! Scanners name one installed package in several ways: Debian's `libssl3` is `libssl3`, `openssl`
//! or `openssl/libssl3`. They meet at the *group*: the source package for operating system
//! packages, the normalised name and version for language packages. Which binary comes from which
//! source is learnt from every report and inventory of the run; it is never guessed from names
//! (`docs/decisions/0001-package-identity.md`).

mod maven;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::version::normal_form;
use crate::model::{Ecosystem, Package, PackageGroup, PackageRule};

/// Name of a source package, and its version in normal form where stated.
type Source = (String, Option<String>);

/// What the run's packages teach about identity.
#[derive(Default)]
pub(super) struct Identity {
    /// Source packages by binary name.
    sources: HashMap<(Ecosystem, String), BTreeSet<String>>,
    /// Source package and its version by binary name and normal version.
    instances: HashMap<(Ecosystem, String, String), BTreeSet<Source>>,
    /// For Debian packages whose documentation lies in another package's directory: that package.
    documented_by: HashMap<String, String>,
    /// Source packages of everything documented in a package's directory.
    documented_sources: HashMap<String, BTreeSet<String>>,
    /// Source versions as stated, by binary name and normal version; only where they are not the
    /// binary's own. The fullest spelling of each normal form, which carries the epoch.
    source_spellings: HashMap<(Ecosystem, String, String), BTreeMap<String, String>>,
    /// Stated versions of each source package, in normal form.
    source_versions: HashMap<(Ecosystem, String), BTreeSet<String>>,
    /// For Maven: the name that stands for `group:artifact` and version, and why.
    maven: HashMap<(String, String), (String, PackageRule)>,
    /// Go names with their versions, and the reports that list them.
    go_listed: HashMap<(String, String), BTreeSet<usize>>,
}

impl Identity {
    /// Learns from all packages of all reports and inventories; each comes with the number of the
    /// report that lists it.
    pub(super) fn learn<'a>(packages: impl Iterator<Item = (usize, &'a Package)> + Clone) -> Self {
        let mut identity = Self::default();
        for (report, package) in packages.clone() {
            match package.ecosystem {
                Ecosystem::Golang => {
                    let version = normal_form(&Ecosystem::Golang, &package.version);
                    identity
                        .go_listed
                        .entry((go_name(&package.name), version))
                        .or_default()
                        .insert(report);
                }
                _ if package.ecosystem.is_os() => {
                    identity.learn_documentation(package);
                    identity.learn_source(package);
                }
                _ => {}
            }
        }
        for ((_, name), sources) in &identity.sources {
            let directory = identity.documented_by.get(name).unwrap_or(name);
            identity
                .documented_sources
                .entry(directory.clone())
                .or_default()
                .extend(sources.iter().cloned());
        }
        identity.maven = maven::join(packages.filter(|(_, p)| p.ecosystem == Ecosystem::Maven));
        identity
    }

    fn learn_source(&mut self, package: &Package) {
        let Some(source) = &package.source else {
            return;
        };
        let ecosystem = &package.ecosystem;
        let version = source
            .version
            .as_deref()
            .map(|v| normal_form(ecosystem, v))
            .filter(|v| !v.is_empty());
        if let Some(version) = &version {
            self.source_versions
                .entry((ecosystem.clone(), source.name.clone()))
                .or_default()
                .insert(version.clone());
        }
        self.sources
            .entry((ecosystem.clone(), package.name.clone()))
            .or_default()
            .insert(source.name.clone());
        let instance = (
            ecosystem.clone(),
            package.name.clone(),
            normal_form(ecosystem, &package.version),
        );
        if let (Some(normal), Some(stated)) = (&version, &source.version)
            && *stated != package.version
        {
            let fullest = self
                .source_spellings
                .entry(instance.clone())
                .or_default()
                .entry(normal.clone())
                .or_default();
            if (stated.len(), stated) > (fullest.len(), fullest) {
                fullest.clone_from(stated);
            }
        }
        self.instances
            .entry(instance)
            .or_default()
            .insert((source.name.clone(), version));
    }

    /// The version of a package's source: as its report states it, or as the others do who name
    /// one for this very package.
    pub(super) fn source_version<'s>(&'s self, package: &'s Package) -> Option<&'s str> {
        let stated = package.source.as_ref().and_then(|s| s.version.as_deref());
        stated.or_else(|| {
            if !package.ecosystem.is_os() {
                return None;
            }
            let instance = (
                package.ecosystem.clone(),
                package.name.clone(),
                normal_form(&package.ecosystem, &package.version),
            );
            let spellings = self.source_spellings.get(&instance)?;
            let mut all = spellings.values();
            all.next()
                .filter(|_| all.next().is_none())
                .map(String::as_str)
        })
    }

    /// Debian lets a package's `/usr/share/doc` directory be another package's only if both come from
    /// the same source (Debian Policy §12.3), and every package has its copyright file there (§12.5):
    /// where the copyright file of `libgcc-s1` lies in the directory of `gcc-12-base`, they are siblings.
    fn learn_documentation(&mut self, package: &Package) {
        if package.ecosystem != Ecosystem::Deb {
            return;
        }
        let directory = package.locations.iter().find_map(|location| {
            location
                .path
                .as_deref()?
                .strip_prefix("/usr/share/doc/")?
                .strip_suffix("/copyright")
        });
        if let Some(directory) = directory.filter(|d| *d != package.name && !d.contains('/')) {
            // Reports that name different directories are a contradiction; the choice only has to be the
            // same for every order of reports.
            let known = self
                .documented_by
                .entry(package.name.clone())
                .or_insert_with(|| directory.to_owned());
            if directory < known.as_str() {
                directory.clone_into(known);
            }
        }
    }

    /// The group of a package.
    pub(super) fn group(&self, package: &Package) -> PackageGroup {
        self.place(package).0
    }

    /// The group of a package, and the rule that says so.
    pub(super) fn place(&self, package: &Package) -> (PackageGroup, PackageRule) {
        let ecosystem = package.ecosystem.clone();
        if ecosystem.is_os() {
            return self.os_group(package);
        }
        let version = normal_form(&ecosystem, &package.version);
        let (name, rule) = match ecosystem {
            Ecosystem::Maven => self
                .maven
                .get(&(package.name.clone(), version.clone()))
                .cloned()
                .unwrap_or_else(|| (package.name.clone(), PackageRule::NormalName)),
            Ecosystem::Golang => self.go_module(&package.name, &version),
            _ => (
                normal_name(&ecosystem, &package.name),
                PackageRule::NormalName,
            ),
        };
        let group = PackageGroup {
            ecosystem,
            name,
            version: Some(version),
        };
        (group, rule)
    }

    fn os_group(&self, package: &Package) -> (PackageGroup, PackageRule) {
        let ecosystem = &package.ecosystem;
        let version = normal_form(ecosystem, &package.version);
        let instance = (ecosystem.clone(), package.name.clone(), version.clone());
        let learnt = self.instances.get(&instance);
        let (name, rule) = match &package.source {
            Some(source) => (source.name.clone(), PackageRule::StatedSource),
            None => self.source_name(package, learnt),
        };
        let key = (ecosystem.clone(), name);
        // One known source version: no scanner says that there are two, so all mean the same one.
        let split = self
            .source_versions
            .get(&key)
            .filter(|versions| versions.len() > 1);
        let version = split.and_then(|versions| {
            let stated = package.source.as_ref().and_then(|s| s.version.as_deref());
            if let Some(stated) = stated {
                return Some(normal_form(ecosystem, stated));
            }
            let of_instance: BTreeSet<&String> = learnt
                .into_iter()
                .flatten()
                .filter(|(source, _)| *source == key.1)
                .filter_map(|(_, version)| version.as_ref())
                .collect();
            match of_instance.first() {
                Some(known) if of_instance.len() == 1 => Some((*known).clone()),
                _ => versions.contains(&version).then_some(version),
            }
        });
        let group = PackageGroup {
            ecosystem: key.0,
            name: key.1,
            version,
        };
        (group, rule)
    }

    /// The source of a package that does not state it: the only one that anybody states for this
    /// binary, for this binary in this version, or for the packages that share its documentation.
    /// Otherwise the package stands for itself, or for the one whose documentation it shares.
    fn source_name(
        &self,
        package: &Package,
        learnt: Option<&BTreeSet<Source>>,
    ) -> (String, PackageRule) {
        let sources = self
            .sources
            .get(&(package.ecosystem.clone(), package.name.clone()));
        let only = |names: &BTreeSet<&String>| match names.first() {
            Some(name) if names.len() == 1 => Some((*name).clone()),
            _ => None,
        };
        let by_name: BTreeSet<&String> = sources.into_iter().flatten().collect();
        let by_instance: BTreeSet<&String> =
            learnt.into_iter().flatten().map(|(name, _)| name).collect();
        let directory = self
            .documented_by
            .get(&package.name)
            .unwrap_or(&package.name);
        let by_siblings = || {
            let sources = self
                .documented_sources
                .get(directory)
                .filter(|_| package.ecosystem == Ecosystem::Deb);
            only(&sources.into_iter().flatten().collect())
        };
        if let Some(source) = only(&by_name).or_else(|| only(&by_instance)) {
            return (source, PackageRule::KnownSource);
        }
        if let Some(source) = by_siblings() {
            return (source, PackageRule::SharedDocumentation);
        }
        if by_name.is_empty() && *directory != package.name {
            return (directory.clone(), PackageRule::SharedDocumentation);
        }
        (package.name.clone(), PackageRule::OwnName)
    }

    /// The module of a Go package: some scanners name a package inside the module
    /// (`golang.org/x/net/html/atom`). The nearest shorter path in the same version that only other
    /// reports list is its module: a report that lists both says that they are two.
    fn go_module(&self, name: &str, version: &str) -> (String, PackageRule) {
        let name = go_name(name);
        let listed = |name: &str| self.go_listed.get(&(name.to_owned(), version.to_owned()));
        let own = listed(&name);
        let mut prefix = name.as_str();
        while let Some((shorter, last)) = prefix.rsplit_once('/') {
            // A module path starts with a host name (Go modules reference, "Module paths").
            if !shorter.contains('.') || version.is_empty() {
                break;
            }
            // The path with `/v2` at its end is a module of its own beside the one without (Go modules
            // reference, "Major version suffixes"), and no package inside it.
            if is_major_version(last) {
                break;
            }
            // Listed together in one report they are two packages of that report, which says nothing
            // of what lies above both.
            if let (Some(module), Some(own)) = (listed(shorter), own)
                && module.is_disjoint(own)
            {
                return (shorter.to_owned(), PackageRule::GoModule);
            }
            prefix = shorter;
        }
        (name, PackageRule::NormalName)
    }
}

/// A Go module path without the case differences that scanners introduce; the standard library
/// under one name.
fn go_name(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    match lower.as_str() {
        "go" | "std" | "stdlib" => "stdlib".to_owned(),
        _ if lower.starts_with("std/") => "stdlib".to_owned(),
        _ => lower,
    }
}

/// `v2` and up, as the last element of a Go module path.
fn is_major_version(element: &str) -> bool {
    element
        .strip_prefix('v')
        .and_then(|number| number.parse::<u32>().ok())
        .is_some_and(|number| number >= 2)
}

/// A language package's name by its ecosystem's own rule.
pub(crate) fn normal_name(ecosystem: &Ecosystem, name: &str) -> String {
    let name = name.trim();
    match ecosystem {
        // PEP 503: runs of `-`, `_` and `.` are one hyphen, case is ignored.
        Ecosystem::PyPi => {
            let mut normal = String::with_capacity(name.len());
            for c in name.chars() {
                if matches!(c, '-' | '_' | '.') {
                    if !normal.ends_with('-') {
                        normal.push('-');
                    }
                } else {
                    normal.push(c.to_ascii_lowercase());
                }
            }
            normal
        }
        Ecosystem::NuGet | Ecosystem::Composer | Ecosystem::Conda => name.to_ascii_lowercase(),
        Ecosystem::Golang => go_name(name),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
