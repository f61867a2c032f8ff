//! Floor 3: from many scanners' observations to findings. Pure, and independent of their order.

mod drafts;
mod fixes;
mod identifiers;
mod inventories;
mod merge;
mod ownership;
mod packages;
mod relations;
mod same_files;
pub mod scores;
mod separation;
pub mod severity;
pub mod target;
mod union_find;

use std::collections::{BTreeMap, HashMap};

use crate::model::report::{Accounting, SuppressedRecord};
use crate::model::{
    Diagnostic, Finding, Package, PackageGroup, PackageRule, ScannerId, ScannerReport, ScannerRun,
};

use self::drafts::{Drafts, GroupIndex};
use self::identifiers::{Classes, Statement};
use self::inventories::Listed;
use self::merge::{Context, Placed};
use self::packages::Identity;
use self::relations::Owners;
use self::severity::SeverityRule;

pub(crate) use self::fixes::weight as fix_weight;
pub use self::inventories::{Inventory, InventoryPackage};
pub use self::ownership::Owner;
pub(crate) use self::packages::normal_name;
pub use self::relations::physical;
pub use self::separation::{Guard, Separation, separation};

/// What reconciling gives.
#[derive(Clone, Debug, Default)]
pub struct Reconciled {
    /// The findings in order of vulnerability and package group; `verdicts` are empty and `decision` is `None`.
    pub findings: Vec<Finding>,
    /// Each scanner's packages by group. Only scanners with a trustworthy report are here.
    pub inventories: BTreeMap<ScannerId, Inventory>,
    /// By finding key: scanners that found it and withheld it.
    pub withheld: BTreeMap<String, Vec<Withheld>>,
    /// By finding key: the operating system's package whose manager installed the files by which all
    /// of the finding's packages were recognised. Only findings on language packages are here.
    pub owned: BTreeMap<String, Owner>,
    /// What was withheld and no other scanner reports, so that no finding shows it.
    pub suppressed: Vec<SuppressedRecord>,
    /// What became of each scanner's observations.
    pub accounting: Vec<Accounting>,
    /// Package lists that were given and are not used for the scanner whose own they could be.
    pub diagnostics: Vec<Diagnostic>,
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
/// (an SBOM given by the user); they help to tell which binary package came from which source and who
/// owns which files, and complete the report of the scanner whose own list they are.
///
/// The result is a function of the set of reports: neither their order nor that of `inventories`
/// shows in it. Cost grows near-linearly with the number of observations and packages.
pub fn reconcile(
    runs: &[ScannerRun],
    inventories: &[ScannerReport],
    severity: &SeverityRule,
) -> Reconciled {
    let trusted = trusted_runs(runs);
    let reports: Vec<_> = trusted
        .iter()
        .map(|(run, report)| (&run.scanner, *report))
        .collect();
    let packages = all_packages(&reports, inventories);
    let identity = Identity::learn(packages.clone());
    let classes = classes(&reports);

    let mut groups = Groups::default();
    let placements: Vec<Vec<Placement<'_>>> = reports
        .iter()
        .map(|(_, report)| {
            let packages = report.packages.iter();
            packages
                .map(|package| groups.place(&identity, package))
                .collect()
        })
        .collect();

    let mut placed = Vec::new();
    let mut accounting = Vec::new();
    // As `classes` lists them: of each report what it reports, then what it withholds.
    let mut statement = 0;
    for ((scanner, report), placements) in reports.iter().zip(&placements) {
        let before = placed.len();
        for (number, observation) in report.observations.iter().enumerate() {
            let place = observation.package.0 as usize;
            let statement = statement + number;
            if let (Some(class), Some(package), Some(placement)) = (
                classes.named(statement).next(),
                report.packages.get(place),
                placements.get(place),
            ) {
                placed.push((
                    (placement.group, class),
                    Placed {
                        scanner,
                        observation,
                        package,
                        rule: placement.rule,
                        statement,
                        source_version: placement.source_version,
                    },
                ));
            }
        }
        statement += report.observations.len() + report.suppressed.len();
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

    let drafts = Drafts::new(&classes, placed);
    let input = Input {
        reports: &reports,
        placements: &placements,
        groups: &groups,
    };
    let (withheld, suppressed) = input.withheld(&classes, &drafts);
    let context = Context {
        classes: &classes,
        rule: severity,
        distro: distro(&reports),
    };
    let (classes_of, mut findings) = drafts.finish(&context, &groups);
    let owners = Owners::learn(packages.map(|(_, package)| package), &identity);
    relations::relate(&mut findings, &classes_of, &classes, &owners);
    let lists = reports.iter().map(|(_, report)| *report).chain(inventories);
    let owned = ownership::owned(&findings, &owners, lists, &identity);
    let listed = trusted
        .iter()
        .zip(&placements)
        .map(|((run, report), placements)| Listed {
            run,
            report,
            placements,
        });
    Reconciled {
        findings,
        inventories: inventories::inventories(listed, inventories, &groups, &identity),
        withheld,
        owned,
        suppressed,
        accounting,
        diagnostics: inventories::strange_lists(&trusted, inventories),
    }
}

/// The runs that count with their reports, in an order that does not depend on that of the runs.
fn trusted_runs(runs: &[ScannerRun]) -> Vec<(&ScannerRun, &ScannerReport)> {
    let mut trusted: Vec<&ScannerRun> = runs
        .iter()
        .filter(|run| run.outcome.is_trustworthy())
        .collect();
    trusted.sort_by(|a, b| (&a.scanner, &a.source).cmp(&(&b.scanner, &b.source)));
    trusted
        .into_iter()
        .filter_map(|run| Some((run, run.report.as_ref()?)))
        .collect()
}

/// The reports of the runs that count, in their order.
fn trusted_reports(runs: &[ScannerRun]) -> Vec<(&ScannerId, &ScannerReport)> {
    let trusted = trusted_runs(runs).into_iter();
    trusted
        .map(|(run, report)| (&run.scanner, report))
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

/// Every package group of the run, each under a number.
#[derive(Default)]
struct Groups {
    all: Vec<PackageGroup>,
    numbers: HashMap<PackageGroup, GroupIndex>,
}

/// A package's group, and how it came there.
struct Placement<'a> {
    group: GroupIndex,
    rule: PackageRule,
    source_version: Option<&'a str>,
}

impl Groups {
    fn place<'a>(&mut self, identity: &'a Identity, package: &'a Package) -> Placement<'a> {
        let (group, rule) = identity.place(package);
        let number = if let Some(number) = self.numbers.get(&group) {
            *number
        } else {
            let number = GroupIndex(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
            self.all.push(group.clone());
            self.numbers.insert(group, number);
            number
        };
        Placement {
            group: number,
            rule,
            source_version: identity.source_version(package),
        }
    }

    /// For each group its place in the groups' own order.
    fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<(&PackageGroup, usize)> = self.all.iter().zip(0..).collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; self.all.len()];
        for (rank, (_, group)) in (0..).zip(sorted) {
            if let Some(slot) = ranks.get_mut(group) {
                *slot = rank;
            }
        }
        ranks
    }

    fn get(&self, group: GroupIndex) -> Option<&PackageGroup> {
        self.all.get(group.0 as usize)
    }
}

/// The reports with the group of each of their packages.
struct Input<'a> {
    reports: &'a [(&'a ScannerId, &'a ScannerReport)],
    /// In the order of the reports and of their packages.
    placements: &'a [Vec<Placement<'a>>],
    groups: &'a Groups,
}

impl<'a> Input<'a> {
    fn reports(
        &self,
    ) -> impl Iterator<Item = (&'a ScannerId, &'a ScannerReport, &'a [Placement<'a>])> {
        let placed = self.reports.iter().zip(self.placements);
        placed.map(|((scanner, report), placements)| (*scanner, *report, placements.as_slice()))
    }

    /// Sorts what scanners withheld: beside a finding that others report, or by itself.
    fn withheld(
        &self,
        classes: &Classes<'_>,
        drafts: &Drafts<'_>,
    ) -> (BTreeMap<String, Vec<Withheld>>, Vec<SuppressedRecord>) {
        let mut beside: BTreeMap<String, Vec<Withheld>> = BTreeMap::new();
        let mut alone = Vec::new();
        for (scanner, report, placements) in self.reports() {
            for suppressed in &report.suppressed {
                let observation = &suppressed.observation;
                let place = observation.package.0 as usize;
                let (Some(package), Some(placement)) =
                    (report.packages.get(place), placements.get(place))
                else {
                    continue;
                };
                let found = classes
                    .class(&observation.id)
                    .filter(|class| drafts.contains((placement.group, *class)))
                    .and_then(|class| {
                        let group = self.groups.get(placement.group)?;
                        Some(merge::key(classes.get(class)?, group))
                    });
                match found {
                    Some(key) => beside.entry(key).or_default().push(Withheld {
                        scanner: scanner.clone(),
                        reason: suppressed.reason.clone(),
                        by_default_rule: suppressed.by_default_rule,
                    }),
                    None => alone.push(SuppressedRecord {
                        scanner: scanner.clone(),
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
}

#[cfg(test)]
mod tests;
