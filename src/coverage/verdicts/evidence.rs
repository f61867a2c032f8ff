//! What the findings of a run say beyond the single finding, looked up by every verdict.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use crate::model::version::normal_form;
use crate::model::{
    AdvisoryId, Attachment, Ecosystem, Finding, IdRole, ObservationRecord, PackageGroup, ScannerId,
    ScannerRun,
};
use crate::reconcile::{Owner, Reconciled, Withheld};

use super::catalogue::GroupKey;
use super::filters::Traits;

/// A finding with what every scanner's verdict needs of it.
pub(super) struct Case<'f> {
    pub(super) finding: &'f Finding,
    /// The key of its package group.
    pub(super) key: GroupKey,
    pub(super) traits: Traits,
    pub(super) withheld: &'f [Withheld],
    /// The operating system's package that installed it.
    pub(super) owner: Option<&'f Owner>,
    /// The scanners that report the vulnerability on some package of the same kind.
    known_by: Option<&'f BTreeSet<&'f ScannerId>>,
    /// True when somebody reports the vulnerability on a package that may be the owner.
    pub(super) owner_is_affected: bool,
}

impl Case<'_> {
    pub(super) fn is_known_by(&self, scanner: &ScannerId) -> bool {
        self.known_by
            .is_some_and(|scanners| scanners.contains(scanner))
    }

    pub(super) fn published(&self) -> Option<Timestamp> {
        self.finding
            .vulnerability
            .published
            .as_deref()?
            .parse()
            .ok()
    }
}

/// Packages whose advisories come from the same data: those of the operating system, which is `None`, or
/// of one language.
type Kind<'r> = Option<&'r Ecosystem>;

fn kind(ecosystem: &Ecosystem) -> Kind<'_> {
    (!ecosystem.is_os()).then_some(ecosystem)
}

/// What all findings together say.
pub(super) struct Evidence<'r> {
    reconciled: &'r Reconciled,
    /// By vulnerability and kind of packages: the scanners that report it on such a package, and so have
    /// it in their data.
    known: HashMap<(&'r AdvisoryId, Kind<'r>), BTreeSet<&'r ScannerId>>,
    /// By vulnerability: the operating system's packages on which it is reported.
    in_system: HashMap<&'r AdvisoryId, HashSet<(&'r str, &'r str)>>,
}

impl<'r> Evidence<'r> {
    pub(super) fn of(reconciled: &'r Reconciled) -> Self {
        let mut evidence = Self {
            reconciled,
            known: HashMap::new(),
            in_system: HashMap::new(),
        };
        for finding in &reconciled.findings {
            let id = &finding.vulnerability.id;
            let scanners = direct(finding).map(|observation| &observation.scanner);
            let kind = kind(&finding.package.ecosystem);
            let known = evidence.known.entry((id, kind)).or_default();
            known.extend(scanners);
            if finding.package.ecosystem.is_os() {
                let groups = evidence.in_system.entry(id).or_default();
                groups.insert(group(&finding.package));
            }
        }
        evidence
    }

    pub(super) fn case(&self, finding: &'r Finding) -> Case<'_> {
        let id = &finding.vulnerability.id;
        let owner = self.reconciled.owned.get(&finding.key);
        let withheld = self.reconciled.withheld.get(&finding.key);
        let in_system = self.in_system.get(id);
        Case {
            finding,
            key: (
                finding.package.ecosystem.clone(),
                finding.package.name.clone(),
            ),
            traits: Traits::of(finding),
            withheld: withheld.map_or(&[][..], Vec::as_slice),
            owner,
            known_by: self.known.get(&(id, kind(&finding.package.ecosystem))),
            owner_is_affected: owner.zip(in_system).is_some_and(|(owner, affected)| {
                // Where it is not known which package it is, any of them may be.
                let mut packages = owner.packages.keys();
                owner.packages.is_empty()
                    || packages.any(|package| affected.contains(&group(package)))
            }),
        }
    }
}

/// A group without its version: what is installed of a source package is there once, however many
/// versions reports name.
fn group(package: &PackageGroup) -> (&str, &str) {
    (package.ecosystem.as_str(), &package.name)
}

/// What scanners say of this very vulnerability.
pub(super) fn direct(finding: &Finding) -> impl Iterator<Item = &ObservationRecord> {
    let observations = finding.observations.iter();
    observations.filter(|observation| observation.attachment == Attachment::Direct)
}

/// A scanner's own statements on one finding: of each kind the first by package, version and id, whatever
/// their order in the report.
#[derive(Clone, Copy, Default)]
pub(super) struct Said<'f> {
    pub(super) direct: Option<&'f ObservationRecord>,
    pub(super) covering: Option<&'f ObservationRecord>,
}

impl<'f> Said<'f> {
    pub(super) fn on(finding: &'f Finding) -> BTreeMap<&'f ScannerId, Self> {
        let mut said: BTreeMap<&ScannerId, Self> = BTreeMap::new();
        for observation in &finding.observations {
            let entry = said.entry(&observation.scanner).or_default();
            let slot = match observation.attachment {
                Attachment::Direct => &mut entry.direct,
                Attachment::Covering => &mut entry.covering,
            };
            let known = slot.get_or_insert(observation);
            if words(observation) < words(known) {
                *known = observation;
            }
        }
        said
    }
}

/// What a row's words are made of.
fn words(row: &ObservationRecord) -> (&str, &str, &AdvisoryId) {
    (&row.package, &row.version, &row.id)
}

/// The field of a Grype report with what an entry was before `--by-cve` gave it another id.
const RELATED: &str = "relatedVulnerabilities";

/// Notices that a scanner lists under the first of the flaws that they fix, by package and fix.
///
/// Grype's `--by-cve` puts a CVE in the place of the notice that it matched, the first of those that
/// the notice names; the notice stays among the related ids. The other flaws of that notice are those
/// with the same fix in the same package.
#[derive(Default)]
pub(super) struct Collapsed<'r>(HashMap<(&'r PackageGroup, String), &'r AdvisoryId>);

impl<'r> Collapsed<'r> {
    /// From the runs of one scanner.
    pub(super) fn of(
        scanner: &ScannerId,
        runs: &[&'r ScannerRun],
        findings: &'r [Finding],
    ) -> Self {
        if scanner.as_str() != ScannerId::GRYPE {
            return Self::default();
        }
        let mut notices: HashMap<(&str, &AdvisoryId), &AdvisoryId> = HashMap::new();
        let reports = runs.iter().filter_map(|run| run.report.as_ref());
        for observation in reports.flat_map(|report| &report.observations) {
            // A row that was a CVE's all along names its notices elsewhere, as references.
            let related = observation
                .links
                .iter()
                .filter(|link| link.field == RELATED);
            let mut related = related.map(|link| &link.id);
            if observation.id.role() == IdRole::Cve
                && let Some(notice) = related.find(|id| id.role() == IdRole::Umbrella)
            {
                let entry = (observation.pointer.as_str(), &observation.id);
                notices.entry(entry).or_insert(notice);
            }
        }
        let mut collapsed = HashMap::new();
        if notices.is_empty() {
            return Self(collapsed);
        }
        for finding in findings {
            for row in direct(finding).filter(|row| row.scanner == *scanner) {
                let Some(notice) = notices.get(&(row.pointer.as_str(), &row.id)) else {
                    continue;
                };
                for fix in &row.fixed_in {
                    let fix = normal_form(&finding.package.ecosystem, fix);
                    // Of several notices the first in text order, whatever the order of the report.
                    let known = collapsed.entry((&finding.package, fix)).or_insert(*notice);
                    *known = (*known).min(notice);
                }
            }
        }
        Self(collapsed)
    }

    /// The notice that covers a finding of which the scanner has no row.
    pub(super) fn covering(&self, finding: &Finding) -> Option<&'r AdvisoryId> {
        if self.0.is_empty() {
            return None;
        }
        let group = &finding.package;
        finding
            .fix
            .versions
            .iter()
            .find_map(|fix| self.0.get(&(group, normal_form(&group.ecosystem, fix))))
            .copied()
    }
}
