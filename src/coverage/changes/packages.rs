//! Package lists of two runs.

use std::collections::{BTreeMap, BTreeSet};

use super::in_order;
use crate::model::changes::{
    EcosystemChanges, PackageChanges, PackageUpdate, PackageVersions, Sides,
};
use crate::model::version::normal_form;
use crate::model::{Ecosystem, ScannerId};
use crate::reconcile::Inventory;

/// The packages of one kind in one list, by name: versions as written, by normal form.
type Names<'a> = BTreeMap<&'a str, BTreeMap<String, &'a str>>;

/// Compares whole lists, each kind of package by one scanner's.
pub(super) fn changes(
    a: &BTreeMap<&ScannerId, &Inventory>,
    b: &BTreeMap<&ScannerId, &Inventory>,
) -> PackageChanges {
    let mut chosen: BTreeMap<&Ecosystem, (&ScannerId, Sides<Names<'_>>)> = BTreeMap::new();
    for (scanner, in_a) in a {
        let Some(in_b) = b.get(scanner) else {
            continue;
        };
        let (mut of_a, mut of_b) = (by_ecosystem(in_a), by_ecosystem(in_b));
        let ecosystems: BTreeSet<&Ecosystem> = of_a.keys().chain(of_b.keys()).copied().collect();
        for ecosystem in ecosystems {
            let lists = Sides {
                a: of_a.remove(ecosystem).unwrap_or_default(),
                b: of_b.remove(ecosystem).unwrap_or_default(),
            };
            let size = |lists: &Sides<Names<'_>>| lists.a.len() + lists.b.len();
            // Of equals the first by id stays.
            let is_best = chosen
                .get(ecosystem)
                .is_none_or(|(_, best)| size(best) < size(&lists));
            if is_best {
                chosen.insert(ecosystem, (scanner, lists));
            }
        }
    }
    let mut changes = PackageChanges::default();
    for (ecosystem, (scanner, lists)) in chosen {
        compare(ecosystem, scanner, &lists, &mut changes);
    }
    changes
}

fn by_ecosystem(inventory: &Inventory) -> BTreeMap<&Ecosystem, Names<'_>> {
    let mut lists: BTreeMap<&Ecosystem, Names<'_>> = BTreeMap::new();
    for ((ecosystem, group), packages) in &inventory.packages {
        let list = lists.entry(ecosystem).or_default();
        for entry in packages {
            let package = &entry.package;
            let name = if ecosystem.is_os() {
                &package.name
            } else {
                group
            };
            let version = list
                .entry(name)
                .or_default()
                .entry(normal_form(ecosystem, &package.version))
                .or_insert(&package.version);
            *version = (*version).min(&package.version);
        }
    }
    lists
}

fn compare(
    ecosystem: &Ecosystem,
    scanner: &ScannerId,
    lists: &Sides<Names<'_>>,
    changes: &mut PackageChanges,
) {
    let only = |names: &Names<'_>, others: &Names<'_>| -> Vec<PackageVersions> {
        names
            .iter()
            .filter(|(name, _)| !others.contains_key(*name))
            .map(|(name, versions)| PackageVersions {
                ecosystem: ecosystem.clone(),
                name: (*name).to_owned(),
                versions: in_order(ecosystem, versions.values().copied()),
            })
            .collect()
    };
    let added = only(&lists.b, &lists.a);
    let removed = only(&lists.a, &lists.b);
    let updated: Vec<PackageUpdate> = lists
        .a
        .iter()
        .filter_map(|(name, in_a)| Some((name, in_a, lists.b.get(name)?)))
        .filter(|(_, in_a, in_b)| !in_a.keys().eq(in_b.keys()))
        .map(|(name, in_a, in_b)| PackageUpdate {
            ecosystem: ecosystem.clone(),
            name: (*name).to_owned(),
            versions: Sides {
                a: in_order(ecosystem, in_a.values().copied()),
                b: in_order(ecosystem, in_b.values().copied()),
            },
        })
        .collect();
    changes.ecosystems.push(EcosystemChanges {
        ecosystem: ecosystem.clone(),
        scanner: scanner.clone(),
        packages: Sides {
            a: lists.a.len(),
            b: lists.b.len(),
        },
        added: added.len(),
        removed: removed.len(),
        updated: updated.len(),
    });
    changes.added.extend(added);
    changes.removed.extend(removed);
    changes.updated.extend(updated);
}
