//! Why a run lacks a finding that the other run has.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::matching::{MOST_IDS, MOST_NAMES, ids, names};
use super::{Side, brief, in_order, parts, reporters};
use crate::model::changes::{
    Absence, NoResult, ScannerPartBrief, TargetRelation, Unmatched, WithheldBy,
};
use crate::model::report::{Report, SuppressedRecord, TargetSummary};
use crate::model::version::{self, compare, lower_bound, normal_form};
use crate::model::{
    AdvisoryState, Ecosystem, Finding, InventoryScope, Outcome, ScannerId, SourcePackage,
};
use crate::reconcile::{Inventory, normal_name};

/// Observations on a finding whose names are looked at, against forged reports.
const MOST_OBSERVATIONS: usize = 1_000;

/// What the images of two runs are to each other, as far as it decides what a missing package says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Images {
    /// One image: each package of the one run is in the other.
    Same,
    /// Two images for different platforms: what is not there was not removed.
    OtherPlatform,
    /// Two images otherwise.
    Two,
}

impl Images {
    pub(super) fn new(relation: TargetRelation, a: &TargetSummary, b: &TargetSummary) -> Self {
        // One of them may leave out the variant: `linux/arm64` is `linux/arm64/v8`.
        let differ = |a: &str, b: &str| a.split('/').zip(b.split('/')).any(|(a, b)| a != b);
        match (relation, &a.platform, &b.platform) {
            (TargetRelation::SameImage, ..) => Self::Same,
            (_, Some(a), Some(b)) if differ(a, b) => Self::OtherPlatform,
            _ => Self::Two,
        }
    }
}

/// A run, ready to be asked.
pub(super) struct Run<'a> {
    /// Each scanner's part.
    pub(super) parts: BTreeMap<&'a ScannerId, ScannerPartBrief>,
    /// The whole lists: what is not there was not seen.
    whole: BTreeMap<&'a ScannerId, &'a Inventory>,
    /// Scanners that list every package that they looked at, be it a part of the image only.
    listing: BTreeSet<&'a ScannerId>,
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
            whole: side.whole_lists(&parts),
            listing: side
                .inventories
                .into_iter()
                .flatten()
                .filter(|(_, inventory)| inventory.scope == InventoryScope::Complete)
                .map(|(scanner, _)| scanner)
                .collect(),
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

    /// True for a scanner that lists no package of this name, though it would if it had looked at one:
    /// it lists all that it looked at, or did not look at everything. `listed_by` are those that do.
    fn is_unseen(&self, scanner: &ScannerId, listed_by: &BTreeSet<&ScannerId>) -> bool {
        let part = self.parts.get(scanner);
        let is_partial = part.is_some_and(|p| matches!(p.outcome, Outcome::Partial { .. }));
        !listed_by.contains(scanner) && (is_partial || self.listing.contains(scanner))
    }

    /// True for a scanner with a whole list that has packages of this kind. One without any may have
    /// been told to leave them out.
    fn lists_whole(&self, scanner: &ScannerId, ecosystem: &Ecosystem) -> bool {
        self.whole.get(scanner).is_some_and(|inventory| {
            let first = (ecosystem.clone(), String::new());
            let mut from = inventory.packages.range(first..);
            from.next().is_some_and(|((kind, _), _)| kind == ecosystem)
        })
    }

    fn withheld_by(&self, finding: &Finding, scanners: &[&ScannerId]) -> Vec<WithheldBy> {
        let mut packages = names(finding);
        let mut said = ids(finding);
        for observation in finding.observations.iter().take(MOST_OBSERVATIONS) {
            // Each id is looked up with each name.
            if packages.len() < MOST_NAMES {
                packages.insert(&observation.package);
            }
            if said.len() < MOST_IDS {
                let id = &observation.id;
                said.insert(id.cve().unwrap_or(id.as_str()));
            }
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
pub(super) fn absence(
    finding: &Finding,
    here: &Run<'_>,
    there: &Run<'_>,
    images: Images,
) -> Unmatched {
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
            why_silent(finding, &looked, &reporters, (here, there), images)
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
    (here, there): (&Run<'_>, &Run<'_>),
    images: Images,
) -> Absence {
    let ecosystem = &finding.package.ecosystem;
    let scanners = || looked.iter().map(|scanner| (*scanner).clone()).collect();
    let is_unseen = |listed_by: &BTreeSet<&ScannerId>| {
        let mut looked = looked.iter();
        looked.all(|scanner| there.is_unseen(scanner, listed_by))
    };
    let sighting = there.packages.sighting(finding, here);
    let same_version = match images {
        Images::Same => Some(sighting.same_version.unwrap_or_default()),
        Images::OtherPlatform | Images::Two => sighting.same_version,
    };
    if let Some(listed_by) = same_version {
        if is_unseen(&listed_by) {
            return Absence::NotCatalogued {
                scanners: scanners(),
            };
        }
        let known = ids(finding)
            .into_iter()
            .filter_map(|id| there.states.get(id));
        return Absence::DataChanged {
            scanners: scanners(),
            state: known
                .copied()
                .chain([finding.vulnerability.state])
                .max()
                .unwrap_or_default(),
        };
    }
    // Only the whole list of a scanner that sees the package here says anything by its lack.
    let listed_here = here.packages.listing(finding);
    let has_witness = there.whole.keys().any(|scanner| {
        (reporters.contains(scanner) || listed_here.contains(scanner))
            && there.lists_whole(scanner, ecosystem)
    });
    if !has_witness {
        return Absence::Unstated;
    }
    if images == Images::OtherPlatform {
        return Absence::OtherPlatform;
    }
    if sighting.versions.is_empty() {
        return Absence::PackageAbsent;
    }
    // It is still there, so that who knows the flaw has to have seen it.
    if is_unseen(&sighting.listed_by) {
        return Absence::NotCatalogued {
            scanners: scanners(),
        };
    }
    let reported = finding.instances.iter().map(|instance| &*instance.version);
    let reported = in_order(ecosystem, reported);
    let installed = in_order(ecosystem, sighting.versions.into_iter());
    let fixes = &finding.fix.versions;
    if all_below(ecosystem, sighting.fixable.into_iter(), fixes) {
        Absence::BelowFix {
            reported,
            installed,
            fixes: fixes.clone(),
        }
    } else {
        Absence::OtherVersion {
            reported,
            installed,
        }
    }
}

/// True when each of some versions is known to be below each of some fixes.
fn all_below<'v>(
    ecosystem: &Ecosystem,
    versions: impl Iterator<Item = &'v str>,
    fixes: &[String],
) -> bool {
    let mut versions: Vec<&str> = versions.collect();
    let mut fixes: Vec<&str> = fixes.iter().filter_map(|fix| lower_bound(fix)).collect();
    version::sort(ecosystem, &mut versions);
    version::sort(ecosystem, &mut fixes);
    // What cannot be compared sorts last.
    let order = |a: Option<&&str>, b: Option<&&str>| compare(ecosystem, a?, b?);
    order(fixes.last(), fixes.last()).is_some()
        && order(versions.last(), fixes.first()) == Some(Ordering::Less)
}

/// Versions of one package that are looked at: more than any image has, and what keeps a forged list
/// from costing more than its size.
const MOST_VERSIONS: usize = 100;

/// What is known of one name.
#[derive(Default)]
struct Place<'a> {
    /// Versions by normal form.
    versions: BTreeMap<Cow<'a, str>, Listed<'a>>,
    /// The scanners that list any version.
    scanners: BTreeSet<&'a ScannerId>,
}

/// A version of a package.
struct Listed<'a> {
    version: Written<'a>,
    /// Who lists it.
    scanners: BTreeSet<&'a ScannerId>,
}

/// A version as somebody wrote it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Written<'a> {
    installed: &'a str,
    /// What the versions of fixes compare with: the source package's where that has its own.
    fixable: &'a str,
}

impl<'a> Written<'a> {
    fn new(installed: &'a str, source: Option<&'a SourcePackage>) -> Self {
        let source = source.and_then(|source| source.version.as_deref());
        Self {
            installed,
            fixable: source.unwrap_or(installed),
        }
    }
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
        version: Written<'a>,
        scanner: Option<&'a ScannerId>,
    ) {
        let normal = Cow::Owned(normal_form(ecosystem, version.installed));
        self.add_normal(ecosystem, name, (normal, version), scanner);
    }

    fn add_normal(
        &mut self,
        ecosystem: &'a Ecosystem,
        name: Cow<'a, str>,
        (normal, version): (Cow<'a, str>, Written<'a>),
        scanner: Option<&'a ScannerId>,
    ) {
        let names = self.0.entry(ecosystem).or_default();
        let place = names.entry(name).or_default();
        place.scanners.extend(scanner);
        let listed = place.versions.entry(normal).or_insert_with(|| Listed {
            version,
            scanners: BTreeSet::new(),
        });
        listed.version = listed.version.min(version);
        listed.scanners.extend(scanner);
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
    /// The same as versions of fixes compare with them.
    fixable: BTreeSet<&'a str>,
    /// The scanners that list any of them.
    listed_by: BTreeSet<&'a ScannerId>,
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
                let version = Written::new(&package.version, package.source.as_ref());
                let name = if ecosystem.is_os() {
                    self.groups.add_normal(
                        ecosystem,
                        Cow::Borrowed(group),
                        (Cow::Borrowed(&entry.version), version),
                        Some(scanner),
                    );
                    &package.name
                } else {
                    group
                };
                self.installed
                    .add(ecosystem, Cow::Borrowed(name), version, Some(scanner));
            }
        }
    }

    fn add_report(&mut self, report: &'a Report) {
        for finding in &report.findings {
            let ecosystem = &finding.package.ecosystem;
            let group = Cow::Borrowed(finding.package.name.as_str());
            for instance in &finding.instances {
                let version = Written::new(&instance.version, instance.source.as_ref());
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
            let version = Written::new(&package.version, None);
            self.installed.add(ecosystem, name, version, None);
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
            listed.is_some_and(|place| !place.scanners.is_disjoint(&other.listing))
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
        for listed in place.versions.values().take(MOST_VERSIONS) {
            self.versions.insert(listed.version.installed);
            self.fixable.insert(listed.version.fixable);
        }
        self.listed_by.extend(place.scanners.iter().copied());
        let mut reported = reported.peekable();
        if reported.peek().is_none_or(|version| version.is_empty()) {
            // Nobody says which version it was, so it may be any.
            let same = self.same_version.get_or_insert_default();
            same.extend(place.scanners.iter().copied());
        }
        for version in reported {
            if let Some(listed) = place.versions.get(&*version) {
                let same = self.same_version.get_or_insert_default();
                same.extend(listed.scanners.iter().copied());
            }
        }
    }
}
