//! Each scanner's packages by group: from its report, and from package lists of its own that are
//! given beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::packages::Identity;
use super::{Groups, Placement, target};
use crate::model::version::normal_form;
use crate::model::{
    Diagnostic, DiagnosticLevel, Ecosystem, InventoryScope, Package, PackageGroup, ScannerId,
    ScannerReport, ScannerRun,
};

/// One scanner's packages, by the ecosystem and name of their group.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Whether a package that is not here was not seen.
    pub scope: InventoryScope,
    /// The packages. The key is that of [`PackageGroup`] without its version.
    pub packages: BTreeMap<(Ecosystem, String), Vec<InventoryPackage>>,
}

/// A package in an [`Inventory`].
#[derive(Clone, Debug)]
pub struct InventoryPackage {
    /// Version in the group's normal form: what is equal here is the same version.
    pub version: String,
    /// The package as the scanner describes it.
    pub package: Package,
}

impl Inventory {
    fn add(&mut self, group: &PackageGroup, package: &Package) {
        let version = group
            .version
            .clone()
            .unwrap_or_else(|| normal_form(&package.ecosystem, &package.version));
        self.packages
            .entry((group.ecosystem.clone(), group.name.clone()))
            .or_default()
            .push(InventoryPackage {
                version,
                package: package.clone(),
            });
    }
}

/// A trusted run's report with the group of each of its packages.
pub(super) struct Listed<'a> {
    pub(super) run: &'a ScannerRun,
    pub(super) report: &'a ScannerReport,
    pub(super) placements: &'a [Placement<'a>],
}

/// The inventories of all scanners.
///
/// A given list counts as a scanner's own if the scanner wrote it, or a tool whose lists are what it
/// matches ([`crate::model::Capabilities::inventory_tools`]). It completes a report that does not hold
/// the whole list, if it is whole itself and about the same image as far as both tell. Another
/// vendor's list says nothing of what a scanner saw.
pub(super) fn inventories<'a>(
    listed: impl Iterator<Item = Listed<'a>>,
    given: &[ScannerReport],
    groups: &Groups,
    identity: &Identity,
) -> BTreeMap<ScannerId, Inventory> {
    let mut given: Vec<&ScannerReport> = given
        .iter()
        .filter(|list| list.inventory == InventoryScope::Complete)
        .collect();
    // The order in which they are given does not show in the result.
    given.sort_by_cached_key(|list| sort_key(list));

    // A scanner with several reports gets each list once.
    let mut added: BTreeSet<(&ScannerId, usize)> = BTreeSet::new();
    let mut inventories: BTreeMap<ScannerId, Inventory> = BTreeMap::new();
    for Listed {
        run,
        report,
        placements,
    } in listed
    {
        let inventory = inventories.entry(run.scanner.clone()).or_default();
        inventory.scope = report.inventory;
        if inventory.scope != InventoryScope::Complete {
            for (number, list) in given.iter().enumerate() {
                if !is_own(run, report, list) {
                    continue;
                }
                inventory.scope = InventoryScope::Complete;
                if !added.insert((&run.scanner, number)) {
                    continue;
                }
                for package in list.packages.iter().filter(|package| !package.source_level) {
                    inventory.add(&identity.group(package), package);
                }
            }
        }
        let complete = inventory.scope == InventoryScope::Complete;
        for (package, placement) in report
            .packages
            .iter()
            .zip(placements)
            .filter(|(package, _)| !(package.source_level && complete))
        {
            if let Some(group) = groups.get(placement.group) {
                inventory.add(group, package);
            }
        }
    }
    inventories
}

/// True for a list that tells what the scanner saw in the image of its report.
fn is_own(run: &ScannerRun, report: &ScannerReport, list: &ScannerReport) -> bool {
    is_of_its_kind(run, list) && target::contradict(&report.target, &list.target).is_none()
}

/// True for a list that the scanner wrote, or a tool whose lists are what it matches.
fn is_of_its_kind(run: &ScannerRun, list: &ScannerReport) -> bool {
    let tools = &run.capabilities.inventory_tools;
    list.scanner == run.scanner
        || tools
            .iter()
            .any(|tool| ScannerId::new(tool) == list.scanner)
}

/// The lists that are of the scanners' own kind, and are not used for a scanner because they are about
/// another image as it seems. Sorted, each once.
pub(super) fn strange_lists(
    runs: &[(&ScannerRun, &ScannerReport)],
    given: &[ScannerReport],
) -> Vec<Diagnostic> {
    let mut strange: BTreeSet<(String, String)> = BTreeSet::new();
    for (run, report) in runs {
        for list in given.iter().filter(|list| is_candidate(report, list)) {
            if is_of_its_kind(run, list)
                && let Some(reason) = target::contradict(&report.target, &list.target)
            {
                let message = format!(
                    "a package list of {} is not taken for its own, because it seems to be about another \
                     image: {reason}. Give the list of this image",
                    list.scanner
                );
                strange.insert((run.scanner.to_string(), message));
            }
        }
    }
    strange
        .into_iter()
        .map(|(origin, message)| Diagnostic {
            level: DiagnosticLevel::Warning,
            origin,
            pointer: None,
            message,
        })
        .collect()
}

fn is_candidate(report: &ScannerReport, list: &ScannerReport) -> bool {
    report.inventory != InventoryScope::Complete && list.inventory == InventoryScope::Complete
}

fn sort_key(list: &ScannerReport) -> (ScannerId, Vec<(String, String, Option<String>)>) {
    let packages = list.packages.iter();
    let names = packages.map(|p| (p.name.clone(), p.version.clone(), p.purl.clone()));
    (list.scanner.clone(), names.collect())
}

#[cfg(test)]
mod tests;
