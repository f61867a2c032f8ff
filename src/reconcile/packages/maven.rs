//! Maven artifacts under the names that scanners guess for them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::version::normal_form;
use crate::model::{Ecosystem, Package, PackageRule};
use crate::reconcile::union_find::UnionFind;

/// Splits `group:artifact`; a missing group, or one that only repeats the artifact, is a guess of
/// the scanner and counts as none.
fn maven_parts(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once(':') {
        Some((group, artifact)) if !group.is_empty() && group != artifact => {
            (Some(group), artifact)
        }
        Some((_, artifact)) => (None, artifact),
        None => (None, name),
    }
}

/// Scanners guess a jar's group from its manifest. Two names are one artifact when different reports
/// give them to the same file, or when one of them has no group and only one real group is known for
/// that artifact and version. One report that lists both in one file says that they are two: shaded
/// into the archive side by side.
pub(super) fn join<'a>(
    packages: impl Iterator<Item = (usize, &'a Package)>,
) -> HashMap<(String, String), (String, PackageRule)> {
    /// Paths with the reports that say so, by name.
    type Names<'a> = BTreeMap<&'a str, BTreeSet<(String, usize)>>;
    let mut artifacts: BTreeMap<(&str, String), Names<'a>> = BTreeMap::new();
    for (report, package) in packages {
        let (_, artifact) = maven_parts(&package.name);
        let version = normal_form(&Ecosystem::Maven, &package.version);
        let paths = artifacts
            .entry((artifact, version))
            .or_default()
            .entry(&package.name)
            .or_default();
        // Scanners write a jar inside a jar with `:` or with `/`.
        paths.extend(
            package
                .locations
                .iter()
                .filter_map(|l| l.path.as_ref())
                .map(|p| (p.replace(':', "/"), report)),
        );
    }
    let mut joined = HashMap::new();
    for ((_, version), names) in artifacts {
        let names: Vec<(&str, BTreeSet<(String, usize)>)> = names.into_iter().collect();
        let mut sets = UnionFind::new(names.len());
        for indices in one_artifact_files(&names).values() {
            for pair in indices.windows(2) {
                if let [a, b] = pair {
                    sets.union(*a, *b);
                }
            }
        }
        let mut members: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (index, (name, _)) in (0_u32..).zip(&names) {
            members.entry(sets.find(index)).or_default().push(name);
        }
        let has_group = |name: &&&str| maven_parts(name).0.is_some();
        // Names are in text order, so the first one with a group does not depend on the input's order.
        let with_group: Vec<&str> = members
            .values()
            .filter_map(|names| names.iter().find(has_group))
            .copied()
            .collect();
        for names in members.values() {
            let (target, rule) = match (names.iter().find(has_group), with_group.as_slice()) {
                (Some(name), _) => (*name, PackageRule::SharedFile),
                (None, [only]) => (*only, PackageRule::OnlyGroup),
                (None, _) => match names.first() {
                    Some(first) => (*first, PackageRule::SharedFile),
                    None => continue,
                },
            };
            for name in names {
                let rule = if *name == target {
                    PackageRule::NormalName
                } else {
                    rule
                };
                joined.insert(
                    ((*name).to_owned(), version.clone()),
                    (target.to_owned(), rule),
                );
            }
        }
    }
    joined
}

/// The names, by index, that each file carries; without the files in which one report sees several
/// real groups.
fn one_artifact_files<'n>(
    names: &'n [(&str, BTreeSet<(String, usize)>)],
) -> HashMap<&'n str, Vec<u32>> {
    let mut files: HashMap<&str, Vec<u32>> = HashMap::new();
    let mut with_group: HashMap<(&str, usize), u32> = HashMap::new();
    let mut shaded: HashSet<&str> = HashSet::new();
    for (index, (name, paths)) in (0_u32..).zip(names) {
        for (path, report) in paths {
            let carried = files.entry(path).or_default();
            if carried.last() != Some(&index) {
                carried.push(index);
            }
            if maven_parts(name).0.is_some()
                && *with_group.entry((path, *report)).or_insert(index) != index
            {
                shaded.insert(path);
            }
        }
    }
    files.retain(|path, _| !shaded.contains(path));
    files
}
