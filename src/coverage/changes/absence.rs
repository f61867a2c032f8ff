//! Why a run lacks a finding that the other run has.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::matching::{ids, names};
use super::{Side, brief, in_order, parts, reporters};
use crate::model::changes::{Absence, NoResult, ScannerPartBrief, Unmatched, WithheldBy};
use crate::model::report::{Report, SuppressedRecord};
use crate::model::version::normal_form;
use crate::model::{AdvisoryState, Ecosystem, Finding, Outcome, ScannerId};
use crate::reconcile::{Inventory, normal_name};

/// Observations on a finding whose names are looked at, against forged reports.
const MOST_OBSERVATIONS: usize = 1_000;

/// A run, ready to be asked.
pub(super) struct Run<'a> {
    /// Each scanner's part.
    pub(super) parts: BTreeMap<&'a ScannerId, ScannerPartBrief>,
    /// Scanners whose lists are whole: what is not there was not seen.
    whole: BTreeSet<&'a ScannerId>,
    packages: Packages<'a>,
    /// By scanner, id and package: what was withheld and is no finding.
    withheld: HashMap<(&'a ScannerId, &'a str, &'a str), &'a SuppressedRecord>,
    /// By id: whether the vulnerability still stands.
    states: HashMap<&'a str, AdvisoryState>,
}

impl<'a> Run<'a> {
    pub(super) fn new(side: &Side<'a>) -> Self {
        let parts = parts(side.report);
        let mut withheld = HashMap::new();
        for record in &side.report.suppressed {
            let id = record.id.cve().unwrap_or(record.id.as_str());
            withheld
                .entry((&record.scanner, id, record.package.as_str()))
                .or_insert(record);
        }
        let mut states: HashMap<&str, AdvisoryState> = HashMap::new();
        for finding in &side.report.findings {
            for id in ids(finding) {
                let state = states.entry(id).or_default();
                *state = finding.vulnerability.state.max(*state);
            }
        }
        Self {
            whole: side.whole_lists(&parts).into_keys().collect(),
            packages: Packages::new(side),
            parts,
            withheld,
            states,
        }
    }

    /// Why a scanner has no trustworthy result; `None` when it has one.
    pub(super) fn no_result(&self, scanner: &ScannerId) -> Option<NoResult> {
        match self.parts.get(scanner).map(|part| &part.outcome) {
            Some(Outcome::Failed(failure)) => Some(NoResult::Failed(failure.clone())),
            Some(Outcome::Completed | Outcome::Partial { .. }) => None,
            None => Some(NoResult::NotRun),
        }
    }

    fn withheld_by(&self, finding: &Finding, scanners: &[&ScannerId]) -> Vec<WithheldBy> {
        let mut packages = names(finding);
        let mut said = ids(finding);
        for observation in finding.observations.iter().take(MOST_OBSERVATIONS) {
            packages.insert(&observation.package);
            said.insert(
                observation
                    .id
                    .cve()
                    .unwrap_or_else(|| observation.id.as_str()),
            );
        }
        let mut by = BTreeSet::new();
        for scanner in scanners {
            // The version is no matter: what is withheld in another version is not mended.
            let records = said.iter().find_map(|id| {
                packages
                    .iter()
                    .find_map(|package| self.withheld.get(&(*scanner, *id, *package)))
            });
            by.extend(records.map(|record| WithheldBy {
                scanner: record.scanner.clone(),
                reason: record.reason.clone(),
            }));
        }
        by.into_iter().collect()
    }
}

/// Why `there` lacks a finding of `here`. Whether `here` is the earlier or the later run makes no
/// difference.
pub(super) fn absence(finding: &Finding, here: &Run<'_>, there: &Run<'_>) -> Unmatched {
    let reporters = reporters(finding);
    let no_result: BTreeMap<ScannerId, NoResult> = reporters
        .iter()
        .filter_map(|scanner| Some(((*scanner).clone(), there.no_result(scanner)?)))
        .collect();
    let looked: Vec<&ScannerId> = reporters
        .iter()
        .copied()
        .filter(|scanner| !no_result.contains_key(*scanner))
        .collect();
    let why = if looked.is_empty() {
        Absence::NotLooked
    } else {
        let by = there.withheld_by(finding, &looked);
        if by.is_empty() {
            why_silent(finding, &looked, &reporters, here, there)
        } else {
            Absence::Withheld { by }
        }
    };
    Unmatched {
        finding: brief(finding),
        why,
        no_result,
    }
}

/// Why scanners that looked say nothing.
fn why_silent(
    finding: &Finding,
    looked: &[&ScannerId],
    reporters: &BTreeSet<&ScannerId>,
    here: &Run<'_>,
    there: &Run<'_>,
) -> Absence {
    // Only the whole list of a scanner that sees the package here says anything by its lack.
    let listed = here.packages.listing(finding);
    let has_witness = there
        .whole
        .iter()
        .any(|scanner| reporters.contains(scanner) || listed.contains(scanner));
    let Sighting {
        versions,
        same_version,
    } = there.packages.sighting(finding, here);
    match same_version {
        Some(listed_by) => {
            let scanners = looked.iter().map(|scanner| (*scanner).clone()).collect();
            let unseen = |scanner: &&ScannerId| {
                there.whole.contains(*scanner) && !listed_by.contains(*scanner)
            };
            if looked.iter().all(unseen) {
                Absence::NotCatalogued { scanners }
            } else {
                let known = ids(finding)
                    .into_iter()
                    .filter_map(|id| there.states.get(id));
                Absence::DataChanged {
                    scanners,
                    state: known
                        .copied()
                        .chain([finding.vulnerability.state])
                        .max()
                        .unwrap_or_default(),
                }
            }
        }
        None if !has_witness => Absence::Unstated,
        None if versions.is_empty() => Absence::PackageAbsent,
        None => {
            let ecosystem = &finding.package.ecosystem;
            let reported = finding.instances.iter().map(|instance| &*instance.version);
            Absence::OtherVersion {
                reported: in_order(ecosystem, reported),
                installed: in_order(ecosystem, versions.into_iter()),
            }
        }
    }
}

/// Versions of one package that are looked at: more than any image has, and what keeps a forged list
/// from costing more than its size.
const MOST_VERSIONS: usize = 100;

/// What is known of one name.
#[derive(Default)]
struct Place<'a> {
    /// Versions as somebody wrote them, and who lists them, by normal form.
    versions: BTreeMap<Cow<'a, str>, (&'a str, BTreeSet<&'a ScannerId>)>,
    /// The scanners that list any version.
    scanners: BTreeSet<&'a ScannerId>,
}

/// Packages by ecosystem and name.
#[derive(Default)]
struct Index<'a>(BTreeMap<&'a Ecosystem, HashMap<Cow<'a, str>, Place<'a>>>);

impl<'a> Index<'a> {
    fn get(&self, ecosystem: &Ecosystem, name: &str) -> Option<&Place<'a>> {
        self.0.get(ecosystem)?.get(name)
    }

    /// Adds a version as written, which a scanner lists or only a report names.
    fn add(
        &mut self,
        ecosystem: &'a Ecosystem,
        name: Cow<'a, str>,
        version: &'a str,
        scanner: Option<&'a ScannerId>,
    ) {
        let normal = Cow::Owned(normal_form(ecosystem, version));
        self.add_normal(ecosystem, name, (normal, version), scanner);
    }

    fn add_normal(
        &mut self,
        ecosystem: &'a Ecosystem,
        name: Cow<'a, str>,
        (normal, version): (Cow<'a, str>, &'a str),
        scanner: Option<&'a ScannerId>,
    ) {
        let names = self.0.entry(ecosystem).or_default();
        let place = names.entry(name).or_default();
        place.scanners.extend(scanner);
        let (written, scanners) = place
            .versions
            .entry(normal)
            .or_insert_with(|| (version, BTreeSet::new()));
        *written = (*written).min(version);
        scanners.extend(scanner);
    }
}

/// Everything that says that a package is there: the package lists, whole or not, the findings, and
/// the packages that nobody assesses.
#[derive(Default)]
struct Packages<'a> {
    /// By installed name; language packages by normalised name.
    installed: Index<'a>,
    /// By the name of the group. Only of operating system packages, where a source has many.
    groups: Index<'a>,
}

/// What is known of a finding's package in a run.
#[derive(Default)]
struct Sighting<'a> {
    /// Its versions.
    versions: BTreeSet<&'a str>,
    /// The scanners that list a version that the finding is about; `None` where no such version is
    /// known of.
    same_version: Option<BTreeSet<&'a ScannerId>>,
}

impl<'a> Packages<'a> {
    fn new(side: &Side<'a>) -> Self {
        let mut packages = Self::default();
        for (scanner, inventory) in side.inventories.into_iter().flatten() {
            packages.add_list(scanner, inventory);
        }
        packages.add_report(side.report);
        packages
    }

    fn add_list(&mut self, scanner: &'a ScannerId, inventory: &'a Inventory) {
        for ((ecosystem, group), packages) in &inventory.packages {
            for entry in packages {
                let package = &entry.package;
                let name = if ecosystem.is_os() {
                    self.groups.add_normal(
                        ecosystem,
                        Cow::Borrowed(group),
                        (Cow::Borrowed(&entry.version), &package.version),
                        Some(scanner),
                    );
                    &package.name
                } else {
                    group
                };
                self.installed.add(
                    ecosystem,
                    Cow::Borrowed(name),
                    &package.version,
                    Some(scanner),
                );
            }
        }
    }

    fn add_report(&mut self, report: &'a Report) {
        for finding in &report.findings {
            let ecosystem = &finding.package.ecosystem;
            let group = Cow::Borrowed(finding.package.name.as_str());
            for instance in &finding.instances {
                let version = instance.version.as_str();
                let name = if ecosystem.is_os() {
                    self.groups.add(ecosystem, group.clone(), version, None);
                    Cow::Borrowed(instance.name.as_str())
                } else {
                    group.clone()
                };
                self.installed.add(ecosystem, name, version, None);
            }
        }
        for package in &report.unchecked {
            let ecosystem = &package.ecosystem;
            let name = if ecosystem.is_os() {
                Cow::Borrowed(package.name.as_str())
            } else {
                Cow::Owned(normal_name(ecosystem, &package.name))
            };
            self.installed.add(ecosystem, name, &package.version, None);
        }
    }

    /// The installed packages that a finding is about, with the versions that it is about.
    fn of<'f>(&self, finding: &'f Finding) -> Vec<(&Place<'a>, BTreeSet<&'f str>)> {
        let ecosystem = &finding.package.ecosystem;
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for instance in &finding.instances {
            let name = if ecosystem.is_os() {
                &instance.name
            } else {
                &finding.package.name
            };
            wanted.entry(name).or_default().insert(&instance.version);
        }
        if wanted.is_empty() {
            wanted.insert(&finding.package.name, BTreeSet::new());
        }
        wanted
            .into_iter()
            .filter_map(|(name, versions)| Some((self.installed.get(ecosystem, name)?, versions)))
            .collect()
    }

    fn group(&self, finding: &Finding) -> Option<&Place<'a>> {
        let group = &finding.package;
        self.groups.get(&group.ecosystem, &group.name)
    }

    /// The scanners that list a finding's package.
    fn listing(&self, finding: &Finding) -> BTreeSet<&'a ScannerId> {
        let installed = self.of(finding).into_iter();
        installed
            .map(|(place, _)| place)
            .chain(self.group(finding))
            .flat_map(|place| place.scanners.iter().copied())
            .collect()
    }

    /// What is known here of the package of a finding of another run.
    fn sighting(&self, finding: &Finding, other: &Run<'_>) -> Sighting<'a> {
        let ecosystem = &finding.package.ecosystem;
        let mut sighting = Sighting::default();
        for (place, reported) in self.of(finding) {
            let reported = reported.into_iter();
            sighting.add(place, reported.map(|v| normal_form(ecosystem, v).into()));
        }
        if !sighting.versions.is_empty() {
            return sighting;
        }
        // None of the packages is there by its name. Some scanners name the source package instead,
        // and that is there where another package of the same source is: unless all of the names
        // are known to be installed packages' own.
        let Some(place) = self.group(finding) else {
            return sighting;
        };
        let all_are_binaries = finding.instances.iter().all(|instance| {
            let listed = other.packages.installed.get(ecosystem, &instance.name);
            listed.is_some_and(|place| !place.scanners.is_disjoint(&other.whole))
        });
        if !all_are_binaries {
            let before = other.packages.group(finding);
            let before = before.into_iter().flat_map(|place| place.versions.keys());
            let reported: BTreeSet<&str> = finding.instances.iter().map(|i| &*i.version).collect();
            sighting.add(
                place,
                before.take(MOST_VERSIONS).cloned().chain(
                    reported
                        .into_iter()
                        .map(|version| normal_form(ecosystem, version).into()),
                ),
            );
        }
        sighting
    }
}

impl<'a> Sighting<'a> {
    /// Adds what is known of one name, and the versions of it that the finding is about.
    fn add<'v>(&mut self, place: &Place<'a>, reported: impl Iterator<Item = Cow<'v, str>>) {
        let versions = place.versions.values().map(|(version, _)| *version);
        self.versions.extend(versions.take(MOST_VERSIONS));
        let mut reported = reported.peekable();
        if reported.peek().is_none_or(|version| version.is_empty()) {
            // Nobody says which version it was, so it may be any.
            let same = self.same_version.get_or_insert_default();
            same.extend(place.scanners.iter().copied());
        }
        for version in reported {
            if let Some((_, scanners)) = place.versions.get(&*version) {
                let same = self.same_version.get_or_insert_default();
                same.extend(scanners.iter().copied());
            }
        }
    }
}
