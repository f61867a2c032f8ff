//! Which findings are on files that the operating system's package manager installed.
//!
//! A distribution carries fixes back without changing the version that a language's metadata states,
//! so that some scanners leave such packages to the distribution's advisories. Who left what to whom
//! is for comparing to decide; here stands who owns the files.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::packages::Identity;
use super::relations::Owners;
use super::same_files::{Content, content_of, contents, is_plausible_place, only_dpkg_writes};
use crate::model::{
    Ecosystem, Finding, InventoryScope, Package, PackageGroup, ScannerReport, Strength,
};

/// An operating system package that installed the files of another package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The groups that may be the owner, with their versions as installed in the fullest spelling: one
    /// in most images, several where some have a file in common or each installed a part, and none where
    /// only the place tells that some package installed them.
    pub packages: BTreeMap<PackageGroup, String>,
    /// Proven by the package manager's file list, inferred from name and place.
    pub strength: Strength,
    /// A path that tells.
    pub path: String,
}

impl Owner {
    /// The package that is the owner; `None` where several may be or none is known.
    pub fn package(&self) -> Option<&PackageGroup> {
        let mut packages = self.packages.keys();
        packages.next().filter(|_| packages.next().is_none())
    }
}

/// Package groups that hold a file, with a version of each as installed.
pub(super) type Holders<'a> = BTreeMap<PackageGroup, &'a str>;

/// How many groups are kept for a file. One installs it, or a few of which each diverts the others';
/// a report that names thousands must not make every finding on the file look at all of them.
pub(super) const MAX_HOLDERS: usize = 8;

/// Adds a group; of several spellings of its version the fullest stays, and of more than `most` groups
/// the first, in whatever order they come.
pub(super) fn add<'a>(
    holders: &mut Holders<'a>,
    group: PackageGroup,
    version: &'a str,
    most: usize,
) {
    let known = holders.entry(group).or_insert(version);
    if (version.len(), version) > (known.len(), *known) {
        *known = version;
    }
    if holders.len() > most {
        holders.pop_last();
    }
}

/// By finding key: the owner of the files by which all of the finding's packages were recognised.
///
/// * A package manager's file list proves the owner. Where a complete package list has such lists, what
///   is in none of them has no owner.
/// * Without them a package of the operating system that is named after the content and has its version
///   is inferred to own it, if all of it lies where the distribution installs.
/// * Some places are written to by the distribution's package manager alone.
///
/// Findings without any path are left out: nothing tells where their files are.
pub(super) fn owned<'a>(
    findings: &[Finding],
    owners: &Owners<'a>,
    reports: impl Iterator<Item = &'a ScannerReport> + Clone,
    identity: &Identity,
) -> BTreeMap<String, Owner> {
    let contents: Vec<&Finding> = findings
        .iter()
        .filter(|finding| is_content(&finding.package.ecosystem))
        .collect();
    let evidence = Evidence {
        owners,
        listed: listed(reports.clone()),
        named: Named::learn(&contents, reports, identity),
    };
    contents
        .into_iter()
        .filter_map(|finding| Some((finding.key.clone(), evidence.owner(finding)?)))
        .collect()
}

/// True for packages that a package of the operating system may hold.
fn is_content(ecosystem: &Ecosystem) -> bool {
    !ecosystem.is_os() && *ecosystem != Ecosystem::Conda
}

/// The package managers whose file lists are known for the image as a whole: a file that is in none
/// of them was not installed by that manager.
fn listed<'a>(reports: impl Iterator<Item = &'a ScannerReport>) -> HashSet<&'a Ecosystem> {
    reports
        .filter(|report| report.inventory == InventoryScope::Complete)
        .flat_map(|report| &report.packages)
        .filter(|package| package.ecosystem.is_os() && !package.files.is_empty())
        .map(|package| &package.ecosystem)
        .collect()
}

struct Evidence<'o, 'a> {
    owners: &'o Owners<'a>,
    listed: HashSet<&'a Ecosystem>,
    named: Named<'a>,
}

/// What tells that a package of the operating system installed a file, and which it may have been;
/// none where only the place tells.
struct Claim<'g, 'a> {
    strength: Strength,
    groups: Option<&'g Holders<'a>>,
}

impl<'a> Evidence<'_, 'a> {
    fn owner(&self, finding: &Finding) -> Option<Owner> {
        let mut path_that_tells = None;
        let mut strength = Strength::Proven;
        // The groups that may have installed all of it, and those that may have installed a part.
        let mut common: Option<Holders<'a>> = None;
        let mut some = Holders::new();
        let mut only_place = false;
        for instance in &finding.instances {
            let paths = instance.locations.iter().filter_map(|l| l.path.as_deref());
            let ecosystem = &finding.package.ecosystem;
            let content = content_of(ecosystem, &instance.name, &instance.version);
            for path in paths {
                let claim = self.claim(ecosystem, content.as_ref(), path)?;
                path_that_tells.get_or_insert(path);
                strength = strength.max(claim.strength);
                for (group, version) in claim.groups.into_iter().flatten() {
                    add(&mut some, group.clone(), version, usize::MAX);
                }
                match (claim.groups, &mut common) {
                    (None, _) => only_place = true,
                    (Some(groups), Some(common)) => {
                        common.retain(|group, _| groups.contains_key(group));
                    }
                    (Some(groups), common @ None) => *common = Some(groups.clone()),
                }
            }
        }
        let path = path_that_tells?.to_owned();
        let groups = match common.filter(|_| !only_place) {
            Some(common) if common.is_empty() => some,
            common => common.unwrap_or_default(),
        };
        let packages = groups
            .into_iter()
            .map(|(group, version)| (group, version.to_owned()));
        Some(Owner {
            packages: packages.collect(),
            strength,
            path,
        })
    }

    fn claim(
        &self,
        ecosystem: &Ecosystem,
        content: Option<&Content>,
        path: &str,
    ) -> Option<Claim<'_, 'a>> {
        if let Some(groups) = self.owners.os_packages(path) {
            return Some(Claim {
                strength: Strength::Proven,
                groups: Some(groups),
            });
        }
        let inferred = |groups| Claim {
            strength: Strength::Inferred,
            groups,
        };
        let named = content
            .and_then(|content| self.named.0.get(content))
            .into_iter()
            .flatten()
            .find(|(owner, _)| {
                !self.listed.contains(*owner) && is_plausible_place(owner, &[], ecosystem, path)
            });
        if let Some((_, groups)) = named {
            return Some(inferred(Some(groups)));
        }
        let is_dpkgs = !self.listed.contains(&Ecosystem::Deb) && only_dpkg_writes(ecosystem, path);
        is_dpkgs.then(|| inferred(None))
    }
}

/// Packages of the operating system by what their names say they hold, and by their package manager.
/// Of several that hold the same by their names the first stands for all, so that their number does
/// not count.
struct Named<'a>(HashMap<Content, BTreeMap<&'a Ecosystem, Holders<'a>>>);

impl<'a> Named<'a> {
    fn learn(
        findings: &[&Finding],
        reports: impl Iterator<Item = &'a ScannerReport>,
        identity: &Identity,
    ) -> Self {
        let wanted: HashSet<Content> = findings
            .iter()
            .flat_map(|finding| {
                let instances = finding.instances.iter();
                instances.filter_map(|instance| {
                    content_of(
                        &finding.package.ecosystem,
                        &instance.name,
                        &instance.version,
                    )
                })
            })
            .collect();
        let mut named: HashMap<Content, BTreeMap<&Ecosystem, Holders<'_>>> = HashMap::new();
        let installed = reports
            .flat_map(|report| &report.packages)
            .filter(|package| package.ecosystem.is_os() && !package.source_level);
        for package in installed {
            for content in contents_of(package) {
                if !wanted.contains(&content) {
                    continue;
                }
                let by_manager = named.entry(content).or_default();
                let holders = by_manager.entry(&package.ecosystem).or_default();
                add(holders, identity.group(package), &package.version, 1);
            }
        }
        Self(named)
    }
}

fn contents_of(package: &Package) -> impl Iterator<Item = Content> {
    let source = package.source.as_ref().map(|source| source.name.as_str());
    contents(&package.ecosystem, &package.name, source, &package.version).into_iter()
}

#[cfg(test)]
mod tests;
