//! Floor 3: from many scanners' observations to findings. Pure, and independent of their order.

mod fixes;
mod identifiers;
mod merge;
mod packages;
mod relations;
mod same_files;
pub mod scores;
mod separation;
pub mod severity;
pub mod target;
mod union_find;

use std::collections::BTreeMap;

use crate::model::report::{Accounting, SuppressedRecord};
use crate::model::version::normal_form;
use crate::model::{
    Ecosystem, Finding, InventoryScope, Package, PackageGroup, ScannerId, ScannerReport, ScannerRun,
};

use self::identifiers::{ClassIndex, Classes, Statement};
use self::merge::{Context, Placed};
use self::packages::Identity;
use self::relations::Owners;
use self::severity::SeverityRule;

pub use self::relations::physical;
pub use self::separation::{Guard, Separation, separation};

/// What reconciling gives.
#[derive(Clone, Debug, Default)]
pub struct Reconciled {
    /// The findings in order of their keys; `verdicts` are empty and `decision` is `None`.
    pub findings: Vec<Finding>,
    /// Each scanner's packages by group. Only scanners with a trustworthy report are here.
    pub inventories: BTreeMap<ScannerId, Inventory>,
    /// By finding key: scanners that found it and withheld it.
    pub withheld: BTreeMap<String, Vec<Withheld>>,
    /// What was withheld and no other scanner reports, so that no finding shows it.
    pub suppressed: Vec<SuppressedRecord>,
    /// What became of each scanner's observations.
    pub accounting: Vec<Accounting>,
}

/// One scanner's packages, by the ecosystem and name of their group.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Whether a package that is not here was not seen.
    pub scope: InventoryScope,
    /// The packages. The key is that of [`crate::model::PackageGroup`] without its version.
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

/// A scanner's own suppression of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Who.
    pub scanner: ScannerId,
    /// Its reason.
    pub reason: String,
    /// True for a rule that ships with the scanner.
    pub by_default_rule: bool,
}

/// Joins the reports of all trustworthy runs. `inventories` are package lists without findings
/// (an SBOM given by the user); they help to tell which binary package came from which source.
///
/// The result is a function of the set of reports: neither their order nor that of `inventories`
/// shows in it. Cost grows near-linearly with the number of observations and packages.
pub fn reconcile(
    runs: &[ScannerRun],
    inventories: &[ScannerReport],
    severity: &SeverityRule,
) -> Reconciled {
    let reports = trusted_reports(runs);
    let packages = all_packages(&reports, inventories);
    let identity = Identity::learn(packages.clone());
    let classes = classes(&reports);

    let mut placed = Vec::new();
    let mut accounting = Vec::new();
    for (scanner, report) in &reports {
        let before = placed.len();
        for observation in &report.observations {
            let class = classes.class(&observation.id);
            if let (Some(class), Some(package)) = (class, report.package(observation.package)) {
                let (group, rule) = identity.place(package);
                placed.push((
                    class,
                    group,
                    Placed {
                        scanner,
                        observation,
                        package,
                        rule,
                        source_version: identity.source_version(package),
                    },
                ));
            }
        }
        accounting.push(Accounting {
            scanner: (*scanner).clone(),
            entries: report.entries,
            unreadable: report.unreadable(),
            not_vulnerabilities: report.not_vulnerabilities,
            observations: report.observations.len(),
            in_findings: placed.len() - before,
            suppressed: report.suppressed.len(),
        });
    }

    let drafts = merge::draft(&classes, placed);
    let (withheld, suppressed) = withheld(&reports, &identity, &classes, &drafts);
    let context = Context {
        classes: &classes,
        rule: severity,
        distro: distro(&reports),
    };
    let mut finished: Vec<(ClassIndex, Finding)> = drafts
        .into_iter()
        .filter_map(|((class, group), draft)| Some((class, context.finish(class, &group, draft)?)))
        .collect();
    finished.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
    let (classes_of, mut findings): (Vec<ClassIndex>, Vec<Finding>) = finished.into_iter().unzip();
    let owners = Owners::learn(packages.map(|(_, package)| package), &identity);
    relations::relate(&mut findings, &classes_of, &classes, &owners);
    Reconciled {
        findings,
        inventories: inventories_of(&reports, &identity),
        withheld,
        suppressed,
        accounting,
    }
}

/// The reports that count, in an order that does not depend on that of the runs.
fn trusted_reports(runs: &[ScannerRun]) -> Vec<(&ScannerId, &ScannerReport)> {
    let mut trusted: Vec<&ScannerRun> = runs
        .iter()
        .filter(|run| run.outcome.is_trustworthy())
        .collect();
    trusted.sort_by(|a, b| (&a.scanner, &a.source).cmp(&(&b.scanner, &b.source)));
    trusted
        .into_iter()
        .filter_map(|run| Some((&run.scanner, run.report.as_ref()?)))
        .collect()
}

/// Every package, with the number of the report or inventory that lists it.
fn all_packages<'a>(
    reports: &'a [(&'a ScannerId, &'a ScannerReport)],
    inventories: &'a [ScannerReport],
) -> impl Iterator<Item = (usize, &'a Package)> + Clone {
    reports
        .iter()
        .map(|(_, report)| *report)
        .chain(inventories)
        .enumerate()
        .flat_map(|(number, report)| report.packages.iter().map(move |package| (number, package)))
}

fn classes<'a>(reports: &[(&'a ScannerId, &'a ScannerReport)]) -> Classes<'a> {
    let mut statements = Vec::new();
    let mut advisories = Vec::new();
    for (scanner, report) in reports {
        let withheld = report.suppressed.iter().map(|s| &s.observation);
        statements.extend(
            report
                .observations
                .iter()
                .chain(withheld)
                .map(|observation| Statement {
                    scanner,
                    observation,
                }),
        );
        advisories.extend(
            report
                .advisories
                .iter()
                .map(|(id, advisory)| (*scanner, id, advisory)),
        );
    }
    Classes::build(&statements, &advisories)
}

/// The distribution that most reports name; the first in text order when tied.
fn distro<'a>(reports: &[(&ScannerId, &'a ScannerReport)]) -> Option<&'a str> {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    for family in reports
        .iter()
        .filter_map(|(_, r)| r.target.distro.as_ref())
        .map(|d| d.family.as_str())
    {
        *votes.entry(family).or_default() += 1;
    }
    votes
        .into_iter()
        .max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)))
        .map(|(name, _)| name)
}

type Drafts<'a> = BTreeMap<(ClassIndex, PackageGroup), merge::Draft<'a>>;

/// Sorts what scanners withheld: beside a finding that others report, or by itself.
fn withheld(
    reports: &[(&ScannerId, &ScannerReport)],
    identity: &Identity,
    classes: &Classes<'_>,
    drafts: &Drafts<'_>,
) -> (BTreeMap<String, Vec<Withheld>>, Vec<SuppressedRecord>) {
    let mut beside: BTreeMap<String, Vec<Withheld>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (scanner, report) in reports {
        for suppressed in &report.suppressed {
            let observation = &suppressed.observation;
            let Some(package) = report.package(observation.package) else {
                continue;
            };
            let found = classes
                .class(&observation.id)
                .map(|class| (class, identity.group(package)))
                .filter(|place| drafts.contains_key(place));
            match found.and_then(|(class, group)| Some(merge::key(classes.get(class)?, &group))) {
                Some(key) => beside.entry(key).or_default().push(Withheld {
                    scanner: (*scanner).clone(),
                    reason: suppressed.reason.clone(),
                    by_default_rule: suppressed.by_default_rule,
                }),
                None => alone.push(SuppressedRecord {
                    scanner: (*scanner).clone(),
                    id: observation.id.clone(),
                    package: package.name.clone(),
                    version: package.version.clone(),
                    reason: suppressed.reason.clone(),
                    pointer: observation.pointer.clone(),
                }),
            }
        }
    }
    alone.sort();
    (beside, alone)
}

fn inventories_of(
    reports: &[(&ScannerId, &ScannerReport)],
    identity: &Identity,
) -> BTreeMap<ScannerId, Inventory> {
    let mut inventories: BTreeMap<ScannerId, Inventory> = BTreeMap::new();
    for (scanner, report) in reports {
        let inventory = inventories.entry((*scanner).clone()).or_default();
        inventory.scope = report.inventory;
        for package in report
            .packages
            .iter()
            .filter(|p| !(p.source_level && report.inventory == InventoryScope::Complete))
        {
            let group = identity.group(package);
            let version = group
                .version
                .unwrap_or_else(|| normal_form(&package.ecosystem, &package.version));
            inventory
                .packages
                .entry((group.ecosystem, group.name))
                .or_default()
                .push(InventoryPackage {
                    version,
                    package: package.clone(),
                });
        }
    }
    inventories
}

#[cfg(test)]
mod tests;
