//! Packages of which the silence of all scanners says nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::report::UncheckedPackage;
use crate::model::version::normal_form;
use crate::model::{Ecosystem, InventoryScope, ScannerId, ScannerRun};
use crate::reconcile::{Inventory, InventoryPackage, Reconciled};

use super::assessor::Assessor;
use super::inventories::compared_name;
use super::nvidia;

/// The packages that some scanner catalogued and none assesses: each scanner leaves their kind,
/// their maintainer or their name out by design or did not see them. Packages built by NVIDIA are
/// among them even where a scanner takes them for a distribution's own, because no scanner has
/// advisories for them.
///
/// A package with a finding is not unchecked. One row for each ecosystem, name and version, in that
/// order.
pub fn unchecked(reconciled: &Reconciled, runs: &[ScannerRun]) -> Vec<UncheckedPackage> {
    let judges = judges(reconciled, runs);
    let found = found(reconciled);
    rows(&reconciled.inventories)
        .into_iter()
        .filter(|(_, row)| !row.is_in(&found))
        .filter_map(|((ecosystem, ..), row)| {
            let reason = row.why_unchecked(&ecosystem, &judges)?;
            Some(UncheckedPackage {
                ecosystem,
                name: row.name.to_owned(),
                version: row.version.to_owned(),
                reason,
            })
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// A scanner whose result counts.
struct Judge<'r> {
    scanner: &'r ScannerId,
    assessor: Assessor,
    inventory: Option<&'r Inventory>,
}

fn judges<'r>(reconciled: &'r Reconciled, runs: &'r [ScannerRun]) -> Vec<Judge<'r>> {
    let mut by_scanner: BTreeMap<&ScannerId, Vec<&ScannerRun>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.outcome.is_trustworthy()) {
        by_scanner.entry(&run.scanner).or_default().push(run);
    }
    by_scanner
        .into_iter()
        .map(|(scanner, runs)| Judge {
            scanner,
            assessor: Assessor::of(&runs),
            inventory: reconciled.inventories.get(scanner),
        })
        .collect()
}

/// The versions of each group with findings; `None` stands for all of the group.
type Found<'r> = BTreeMap<(&'r Ecosystem, &'r str), BTreeSet<Option<&'r str>>>;

fn found(reconciled: &Reconciled) -> Found<'_> {
    let mut found: Found<'_> = BTreeMap::new();
    for finding in &reconciled.findings {
        let group = &finding.package;
        found
            .entry((&group.ecosystem, &group.name))
            .or_default()
            .insert(group.version.as_deref());
    }
    found
}

/// A package as all scanners together know it. What differs between scanners is the first in text
/// order.
struct Row<'r> {
    name: &'r str,
    version: &'r str,
    /// Its group in the inventories.
    group: &'r (Ecosystem, String),
    group_version: &'r str,
    maintainer: Option<&'r str>,
    /// The scanners that list it, with their own descriptions.
    seen: BTreeMap<&'r ScannerId, Vec<&'r InventoryPackage>>,
}

/// Ecosystem, name and version in normal form: operating system packages by their installed names,
/// of which a source package has many; others by the normalised name that is their group's.
type RowKey = (Ecosystem, String, String);

fn rows(inventories: &BTreeMap<ScannerId, Inventory>) -> BTreeMap<RowKey, Row<'_>> {
    let mut rows: BTreeMap<RowKey, Row<'_>> = BTreeMap::new();
    for (scanner, inventory) in inventories {
        for (group, packages) in &inventory.packages {
            for entry in packages {
                let package = &entry.package;
                let name = compared_name(group, package);
                let version = normal_form(&group.0, &package.version);
                let row = rows
                    .entry((group.0.clone(), name.clone(), version))
                    .or_insert_with(|| Row {
                        name: &package.name,
                        version: &package.version,
                        group,
                        group_version: &entry.version,
                        maintainer: None,
                        seen: BTreeMap::new(),
                    });
                row.name = row.name.min(&package.name);
                row.version = row.version.min(&package.version);
                row.maintainer = row.maintainer.or(package.maintainer.as_deref());
                row.seen.entry(scanner).or_default().push(entry);
            }
        }
    }
    rows
}

impl Row<'_> {
    fn is_in(&self, found: &Found<'_>) -> bool {
        found
            .get(&(&self.group.0, self.group.1.as_str()))
            .is_some_and(|versions| {
                versions.contains(&None) || versions.contains(&Some(self.group_version))
            })
    }

    fn why_unchecked(&self, ecosystem: &Ecosystem, judges: &[Judge<'_>]) -> Option<String> {
        // Scanners with one reason are named together.
        let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut assessed = judges.is_empty();
        for judge in judges {
            match self.why_not_by(judge, ecosystem) {
                Some(reason) => reasons
                    .entry(reason)
                    .or_default()
                    .push(judge.scanner.as_str()),
                None => assessed = true,
            }
        }
        if let Some(class) = nvidia::class(ecosystem, self.name, self.version, self.maintainer) {
            return Some(format!(
                "part of {class}; no scanner has advisories for NVIDIA's own packages"
            ));
        }
        (!assessed).then(|| {
            let reasons: Vec<String> = reasons
                .into_iter()
                .map(|(reason, scanners)| format!("{}: {reason}", scanners.join(", ")))
                .collect();
            reasons.join("; ")
        })
    }

    /// Why one scanner does not assess it; `None` when it does.
    fn why_not_by(&self, judge: &Judge<'_>, ecosystem: &Ecosystem) -> Option<String> {
        if let Some(reason) = judge.assessor.skips_ecosystem(ecosystem) {
            return Some(reason);
        }
        if let Some(own) = self.seen.get(judge.scanner) {
            let mut skipped = own
                .iter()
                .map(|entry| judge.assessor.skips_own(&entry.package));
            let first = skipped.next().flatten();
            if let Some((_, reason)) = first
                && skipped.all(|reason| reason.is_some())
            {
                return Some(reason);
            }
        } else if let Some(maintainer) = self.maintainer.filter(|_| ecosystem.is_os())
            && let Some((_, reason)) = judge.assessor.skips_maintainer(maintainer)
        {
            return Some(reason);
        }
        if let Some(reason) = judge.assessor.skips_name(ecosystem, self.name) {
            return Some(reason.to_owned());
        }
        let inventory = judge.inventory?;
        let blind = inventory.scope == InventoryScope::Complete
            && !inventory.packages.contains_key(self.group);
        blind.then(|| "its complete package list lacks it".to_owned())
    }
}
