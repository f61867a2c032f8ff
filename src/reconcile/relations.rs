//! What findings have to do with each other without being one: the same files under two package
//! types, a likely twin that no report names as one, an explicitly related vulnerability.
//!
//! Nothing here joins anything (`docs/decisions/0003-relations.md`). All of it looks things up by
//! key: no pair of findings is compared unless both carry the same key.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::identifiers::{ClassIndex, Classes};
use super::ownership::{self, Holders, MAX_HOLDERS};
use super::packages::Identity;
use super::same_files::{Content, content_of, contents, is_plausible_place, owns_files};
use super::union_find::UnionFind;
use crate::model::package::evidence_anchor;
use crate::model::version::{lower_bound, normal_form};
use crate::model::{
    AdvisoryId, Attachment, Ecosystem, Finding, IdRole, Instance, Package, PackageGroup, Relation,
    RelationKind, ScannerId, Strength,
};

/// Which package group the package managers' file lists give each file to that another package was
/// recognised by.
#[derive(Default)]
pub(super) struct Owners<'a> {
    /// Of the operating system's package manager.
    /// The paths are without `/usr` in front of directories that are one with those at the root.
    os: HashMap<&'a str, Holders<'a>>,
    /// Of conda.
    conda: HashMap<&'a str, Holders<'a>>,
}

impl<'a> Owners<'a> {
    /// Learns from all packages of all reports and inventories.
    pub(super) fn learn(
        packages: impl Iterator<Item = &'a Package> + Clone,
        identity: &Identity,
    ) -> Self {
        let evidence: HashSet<&str> = packages
            .clone()
            .filter(|package| !owns_files(&package.ecosystem))
            .flat_map(|package| &package.locations)
            .filter_map(|location| location.path.as_deref())
            .map(anchor)
            .collect();
        let mut owners = Self::default();
        for package in packages.filter(|package| owns_files(&package.ecosystem)) {
            let mut own = package
                .files
                .iter()
                .map(|file| anchor(file))
                .filter(|file| evidence.contains(file))
                .peekable();
            if own.peek().is_none() {
                continue;
            }
            let group = identity.group(package);
            let by_file = if package.ecosystem.is_os() {
                &mut owners.os
            } else {
                &mut owners.conda
            };
            for file in own {
                let holders = by_file.entry(file).or_default();
                ownership::add(holders, group.clone(), &package.version, MAX_HOLDERS);
            }
        }
        owners
    }

    /// The packages of the operating system that have the file.
    pub(super) fn os_packages(&self, path: &str) -> Option<&Holders<'a>> {
        self.os.get(anchor(path))
    }

    /// The groups that have the file; empty when none has.
    fn of(&self, path: &str) -> impl Iterator<Item = &PackageGroup> {
        let anchor = anchor(path);
        [&self.os, &self.conda]
            .into_iter()
            .filter_map(move |by_file| by_file.get(anchor))
            .flat_map(BTreeMap::keys)
    }
}

/// What stands for a package recognised at a path, with one spelling for what lies in a directory that
/// distributions have merged into `/usr`: package managers' lists still name `/lib` where scanners see
/// `/usr/lib`, or the other way round.
fn anchor(path: &str) -> &str {
    let anchor = evidence_anchor(path);
    let merged = ["/usr/lib/", "/usr/lib64/", "/usr/bin/", "/usr/sbin/"];
    if merged.iter().any(|folder| anchor.starts_with(folder)) {
        anchor.strip_prefix("/usr").unwrap_or(anchor)
    } else {
        anchor
    }
}

/// Fills [`Finding::relations`]. `classes_of` are the classes of the findings, in their order.
pub(super) fn relate(
    findings: &mut [Finding],
    classes_of: &[ClassIndex],
    classes: &Classes<'_>,
    owners: &Owners<'_>,
) {
    let mut pairs = Pairs::default();
    let mut by_class: BTreeMap<ClassIndex, Vec<usize>> = BTreeMap::new();
    for (index, class) in classes_of.iter().enumerate() {
        by_class.entry(*class).or_default().push(index);
    }
    for members in by_class.values().filter(|members| members.len() > 1) {
        let members: Vec<(usize, &Finding)> = members
            .iter()
            .filter_map(|index| Some((*index, findings.get(*index)?)))
            .collect();
        same_files(&members, owners, &mut pairs);
        other_names(&members, &mut pairs);
    }
    across_classes(findings, classes_of, classes, &mut pairs);
    twins_without_a_cve(findings, &mut pairs);

    let keys: Vec<String> = findings.iter().map(|finding| finding.key.clone()).collect();
    for ((a, b), (kind, strength, evidence)) in pairs.0 {
        for (from, to) in [(a, b), (b, a)] {
            if let (Some(finding), Some(other)) = (findings.get_mut(from), keys.get(to)) {
                finding.relations.push(Relation {
                    kind,
                    finding: other.clone(),
                    strength,
                    evidence: evidence.clone(),
                });
            }
        }
    }
    for finding in findings {
        finding.relations.sort();
    }
}

/// For each finding the place in the list of the first one that is the same vulnerability in the same
/// files; its own place where it is that. The number of different values is the number of physical
/// findings: those that are left when a package manager's package and its content count once.
pub fn physical(findings: &[Finding]) -> Vec<usize> {
    let mut place: HashMap<&str, u32> = HashMap::new();
    for (index, finding) in (0_u32..).zip(findings) {
        place.insert(&finding.key, index);
    }
    let mut sets = UnionFind::new(findings.len());
    for (index, finding) in (0_u32..).zip(findings) {
        for other in finding.same_files() {
            if let Some(other) = place.get(other) {
                sets.union(index, *other);
            }
        }
    }
    (0_u32..)
        .zip(findings)
        .map(|(index, _)| sets.find(index) as usize)
        .collect()
}

/// Related pairs by the findings' places in the list. One pair has one relation: the one that says
/// most, and of equals the first in text order.
#[derive(Default)]
struct Pairs(BTreeMap<(usize, usize), (RelationKind, Strength, String)>);

impl Pairs {
    fn add(&mut self, a: usize, b: usize, kind: RelationKind, strength: Strength, why: String) {
        if a == b {
            return;
        }
        let said = (kind, strength, why);
        let known = self
            .0
            .entry((a.min(b), a.max(b)))
            .or_insert_with(|| said.clone());
        if said < *known {
            *known = said;
        }
    }

    fn inferred(&mut self, a: usize, b: usize, kind: RelationKind, why: String) {
        self.add(a, b, kind, Strength::Inferred, why);
    }
}

/// One vulnerability in a package manager's package and in what that package installed.
fn same_files(members: &[(usize, &Finding)], owners: &Owners<'_>, pairs: &mut Pairs) {
    let (owning, contents): (Vec<_>, Vec<_>) = members
        .iter()
        .copied()
        .partition(|(_, finding)| owns_files(&finding.package.ecosystem));
    if owning.is_empty() || contents.is_empty() {
        return;
    }
    let by_group: HashMap<&PackageGroup, usize> = owning
        .iter()
        .map(|(index, finding)| (&finding.package, *index))
        .collect();
    let named = Named::index(&owning);
    for (index, finding) in contents {
        let paths: Vec<&str> = finding
            .instances
            .iter()
            .flat_map(|instance| &instance.locations)
            .filter_map(|location| location.path.as_deref())
            .collect();
        let mut owned = paths
            .iter()
            .copied()
            .filter(|path| owners.of(path).next().is_some());
        let Some(path) = owned.next() else {
            named.relate(index, finding, &paths, pairs);
            continue;
        };
        // A copy elsewhere is another set of files: then the finding as a whole is not that one.
        if owned.count() + 1 < paths.len() {
            continue;
        }
        for (group, owner) in owners
            .of(path)
            .filter_map(|group| Some((group, *by_group.get(group)?)))
        {
            let why = format!(
                "{path} is a file of {}/{} by its package manager's list",
                group.ecosystem, group.name
            );
            pairs.add(index, owner, RelationKind::SameFiles, Strength::Proven, why);
        }
    }
}

/// Packages by what their names say they hold.
struct Named<'f>(HashMap<Content, Vec<(usize, &'f Finding, &'f Instance)>>);

impl<'f> Named<'f> {
    fn index(owning: &[(usize, &'f Finding)]) -> Self {
        let mut named: HashMap<_, Vec<_>> = HashMap::new();
        for (index, finding) in owning {
            let owner = &finding.package.ecosystem;
            for instance in &finding.instances {
                let source = instance.source.as_ref().map(|source| source.name.as_str());
                for content in contents(owner, &instance.name, source, &instance.version) {
                    let holders = named.entry(content).or_default();
                    holders.push((*index, *finding, instance));
                }
            }
        }
        Self(named)
    }

    fn relate(&self, index: usize, finding: &Finding, paths: &[&str], pairs: &mut Pairs) {
        let ecosystem = &finding.package.ecosystem;
        for instance in &finding.instances {
            let content = content_of(ecosystem, &instance.name, &instance.version);
            let candidates = content.and_then(|content| self.0.get(&content));
            for (owner, owning, package) in candidates.into_iter().flatten() {
                let of = &owning.package.ecosystem;
                let plausible = paths
                    .iter()
                    .all(|path| is_plausible_place(of, &package.locations, ecosystem, path));
                if plausible {
                    let why = format!(
                        "{of} package {} {} is named after {} {} and has its version",
                        package.name, package.version, instance.name, instance.version
                    );
                    pairs.inferred(index, *owner, RelationKind::SameFiles, why);
                }
            }
        }
    }
}

/// One vulnerability in packages that share name and version but not the rest of their identity: a
/// Maven artifact under two group ids, a program under two package types.
fn other_names(members: &[(usize, &Finding)], pairs: &mut Pairs) {
    let mut first_with: HashMap<(String, String), (usize, &PackageGroup)> = HashMap::new();
    for (index, finding) in members {
        let group = &finding.package;
        let Some(version) = group
            .version
            .as_deref()
            .filter(|version| !version.is_empty())
        else {
            continue;
        };
        if owns_files(&group.ecosystem) {
            continue;
        }
        let artifact = match group.ecosystem {
            Ecosystem::Maven => group
                .name
                .rsplit_once(':')
                .map_or(group.name.as_str(), |(_, artifact)| artifact),
            _ => group.name.as_str(),
        };
        let (first, other) = *first_with
            .entry((
                artifact.to_ascii_lowercase(),
                // Each ecosystem has its own normal form, and most versions are dotted numbers.
                normal_form(&Ecosystem::Generic, version),
            ))
            .or_insert((*index, group));
        let why = format!(
            "{}/{} and {}/{} have name and version in common",
            other.ecosystem, other.name, group.ecosystem, group.name
        );
        pairs.inferred(first, *index, RelationKind::SuspectedSame, why);
    }
}

/// Relations of different vulnerabilities in one package: a hub that lists just these two, and what
/// reports call related.
fn across_classes(
    findings: &[Finding],
    classes_of: &[ClassIndex],
    classes: &Classes<'_>,
    pairs: &mut Pairs,
) {
    let place: HashMap<(ClassIndex, &PackageGroup), usize> = classes_of
        .iter()
        .zip(findings)
        .enumerate()
        .map(|(index, (class, finding))| ((*class, &finding.package), index))
        .collect();
    for (index, (class, finding)) in classes_of.iter().zip(findings).enumerate() {
        let hubs = finding
            .observations
            .iter()
            .filter(|o| o.attachment == Attachment::Covering && o.id.role() == IdRole::Advisory)
            .map(|o| &o.id)
            .collect::<BTreeSet<&AdvisoryId>>();
        for hub in hubs {
            let covers = classes
                .class(hub)
                .and_then(|hub| classes.get(hub))
                .map_or(&[][..], |hub| hub.covers.as_slice());
            let other = match covers {
                [a, b] if a == class => b,
                [a, b] if b == class => a,
                // A notice over many flaws says nothing about two of them.
                _ => continue,
            };
            if let Some(other) = place.get(&(*other, &finding.package)) {
                let why = format!("{hub} lists just these two");
                pairs.inferred(index, *other, RelationKind::SuspectedSame, why);
            }
        }
        for id in &finding.vulnerability.related {
            let other = classes
                .class(id)
                .and_then(|class| place.get(&(class, &finding.package)));
            let Some((other, twin)) = other.and_then(|o| Some((*o, findings.get(*o)?))) else {
                continue;
            };
            let no_cve = !has_cve(finding) || !has_cve(twin);
            let kind = if no_cve && reporters(finding).is_disjoint(&reporters(twin)) {
                RelationKind::SuspectedSame
            } else {
                RelationKind::Related
            };
            let why = format!(
                "a report lists {id} as related to {}",
                finding.vulnerability.id
            );
            pairs.add(index, other, kind, Strength::Inferred, why);
        }
    }
}

/// Databases that are no longer kept and name no alias for what has got another id since.
const ARCHIVED: [&str; 2] = ["NSWG-", "GMS-"];

/// The only two findings of a package that are fixed in one release: two advisories without a CVE from
/// scanners that do not report the other one, or one from an archived database and whatever else.
fn twins_without_a_cve(findings: &[Finding], pairs: &mut Pairs) {
    let with_candidates: HashSet<&PackageGroup> = findings
        .iter()
        .filter(|finding| !has_cve(finding))
        .map(|finding| &finding.package)
        .collect();
    let mut by_fix: BTreeMap<(&PackageGroup, String), Vec<(usize, &Finding)>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        if !with_candidates.contains(&finding.package) {
            continue;
        }
        let releases: BTreeSet<String> = finding
            .fix
            .versions
            .iter()
            .filter_map(|version| release(&finding.package.ecosystem, version))
            .collect();
        for release in releases {
            by_fix
                .entry((&finding.package, release))
                .or_default()
                .push((index, finding));
        }
    }
    for ((_, release), candidates) in by_fix {
        let [(a, one), (b, other)] = candidates.as_slice() else {
            continue;
        };
        let independent =
            !has_cve(one) && !has_cve(other) && reporters(one).is_disjoint(&reporters(other));
        let is_archived = |finding: &Finding| {
            let id = finding.vulnerability.id.as_str();
            ARCHIVED.iter().any(|scheme| id.starts_with(scheme))
        };
        if independent || is_archived(one) || is_archived(other) {
            let why =
                format!("one has no CVE, and nothing else of the package is fixed in {release}");
            pairs.inferred(*a, *b, RelationKind::SuspectedSame, why);
        }
    }
}

/// The release that a version leads to: `2.8.0` for `v2.8.0-beta.1`.
fn release(ecosystem: &Ecosystem, version: &str) -> Option<String> {
    let version = normal_form(ecosystem, lower_bound(version)?);
    let numbers = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(version.as_str(), |end| version.split_at(end).0)
        .trim_end_matches('.');
    (!numbers.is_empty()).then(|| numbers.to_owned())
}

fn has_cve(finding: &Finding) -> bool {
    // A class that has a CVE is named by it.
    finding.vulnerability.id.role() == IdRole::Cve
}

fn reporters(finding: &Finding) -> BTreeSet<&ScannerId> {
    finding
        .observations
        .iter()
        .map(|observation| &observation.scanner)
        .collect()
}

#[cfg(test)]
mod tests;
