//! One scanner, and what records say of its part in a finding.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::model::{
    AdvisorySource, AdvisoryState, Attachment, Cause, Distro, Failure, Filters, Finding, FixState,
    IdentityQuality, ObservationRecord, Outcome, PackageGroup, ScannerId, ScannerReport,
    ScannerRun, ScannerVerdict, Severity, Verdict,
};
use crate::reconcile::{Inventory, Owner, Reconciled};

use super::super::assessor::{Assessor, Leaves};
use super::catalogue::{Catalogue, GroupKey, Sight};
use super::evidence::{Case, Collapsed, Said};
use super::filters::Shown;
use super::{inferred, proven};

/// One scanner, all its runs taken together, and what it saw.
pub(super) struct Subject<'r> {
    pub(super) scanner: &'r ScannerId,
    /// True when some of its runs can be trusted.
    is_trusted: bool,
    /// The first failure.
    failure: Option<&'r Failure>,
    pub(super) assessor: Assessor,
    pub(super) catalogue: Catalogue<'r>,
    /// The distribution that it recognised.
    distro: Option<&'r Distro>,
    /// The distribution that it states to be out of support.
    out_of_support: Option<&'r Distro>,
    pub(super) database_built: Option<Timestamp>,
    pub(super) reduced_identity: bool,
    collapsed: Collapsed<'r>,
    /// What it shows of the operating system's packages, and of all others.
    shown: [Shown; 2],
    /// True when it has rows on the operating system's packages and all of which the source is known
    /// are the distribution's.
    pub(super) follows_distribution: bool,
}

impl<'r> Subject<'r> {
    /// The scanners of the runs in the order of their ids, with what the findings hold of each.
    pub(super) fn all(runs: &'r [ScannerRun], reconciled: &'r Reconciled) -> Vec<Self> {
        let mut by_scanner: BTreeMap<&ScannerId, Vec<&ScannerRun>> = BTreeMap::new();
        for run in runs {
            by_scanner.entry(&run.scanner).or_default().push(run);
        }
        let mut subjects: Vec<Self> = by_scanner
            .into_iter()
            .map(|(scanner, runs)| {
                let inventory = reconciled.inventories.get(scanner);
                Self::new(scanner, &runs, inventory, &reconciled.findings)
            })
            .collect();
        let ordinals: HashMap<&ScannerId, usize> = subjects
            .iter()
            .enumerate()
            .map(|(ordinal, subject)| (subject.scanner, ordinal))
            .collect();
        let mut sources = vec![Sources::default(); subjects.len()];
        for finding in &reconciled.findings {
            let is_os = finding.package.ecosystem.is_os();
            for row in &finding.observations {
                let Some(ordinal) = ordinals.get(&row.scanner) else {
                    continue;
                };
                let Some(subject) = subjects.get_mut(*ordinal) else {
                    continue;
                };
                let shown = subject.shown_mut(is_os);
                if row.attachment == Attachment::Covering {
                    let has_fix = row.fix_state == FixState::Fixed || !row.fixed_in.is_empty();
                    shown.find(row.severity, has_fix);
                    continue;
                }
                shown.list(row);
                if let Some(sources) = sources.get_mut(*ordinal).filter(|_| is_os) {
                    sources.add(row.advisory_source);
                }
            }
        }
        for (subject, sources) in subjects.iter_mut().zip(sources) {
            subject.follows_distribution = sources.distribution && !sources.other;
        }
        subjects
    }

    fn new(
        scanner: &'r ScannerId,
        runs: &[&'r ScannerRun],
        inventory: Option<&'r Inventory>,
        findings: &'r [Finding],
    ) -> Self {
        let assessor = Assessor::of(runs);
        let reports = || runs.iter().filter_map(|run| run.report.as_ref());
        let filters = common_filters(reports().map(|report| &report.filters));
        Self {
            scanner,
            is_trusted: runs.iter().any(|run| run.outcome.is_trustworthy()),
            failure: runs.iter().find_map(|run| match &run.outcome {
                Outcome::Failed(failure) => Some(failure),
                Outcome::Completed | Outcome::Partial { .. } => None,
            }),
            catalogue: inventory
                .map(|inventory| Catalogue::new(inventory, &assessor))
                .unwrap_or_default(),
            assessor,
            distro: reports().find_map(|report| report.target.distro.as_ref()),
            out_of_support: reports()
                .filter_map(|report| report.target.distro.as_ref())
                .find(|distro| distro.end_of_life),
            database_built: runs
                .iter()
                .filter_map(|run| run.database_built.as_deref())
                .filter_map(|text| text.parse().ok())
                .max(),
            reduced_identity: reports().any(|report| report.identity == IdentityQuality::Reduced),
            collapsed: Collapsed::of(scanner, runs, findings),
            shown: shown(filters, reports()),
            follows_distribution: false,
        }
    }

    pub(super) fn shown(&self, is_os: bool) -> &Shown {
        let [os, others] = &self.shown;
        if is_os { os } else { others }
    }

    fn shown_mut(&mut self, is_os: bool) -> &mut Shown {
        let [os, others] = &mut self.shown;
        if is_os { os } else { others }
    }

    pub(super) fn sight_of(&self, case: &Case<'_>) -> Sight<'r> {
        self.catalogue.sight_of(&case.key, case.finding)
    }

    /// The steps that records decide: the scanner's own report, its adapter, what is known of the id.
    pub(super) fn by_record(&self, case: &Case<'_>, said: Said<'_>) -> Option<ScannerVerdict> {
        if !self.is_trusted {
            return Some(self.failed());
        }
        says(case, said)
            .or_else(|| self.withheld(case))
            .or_else(|| self.by_cve(case))
            .or_else(|| self.drops(case))
            .or_else(|| self.void(case))
            .or_else(|| self.not_assessed(case))
            .or_else(|| {
                // Another of its runs is there; what this one would have seen is open.
                let failure = self.failure?;
                let reason = format!(
                    "one of its runs gave no trustworthy result: {}",
                    failure.cause
                );
                Some(proven(Verdict::Failed, Cause::NoResult, reason))
            })
    }

    /// Counts a finding that no record explains.
    pub(super) fn miss(&mut self, case: &Case<'_>) {
        if self.sight_of(case).is_listed() && self.leaves(case).is_none() {
            let is_os = case.key.0.is_os();
            self.shown_mut(is_os).miss(case.traits);
        }
    }

    fn failed(&self) -> ScannerVerdict {
        let cause = self
            .failure
            .map_or("it left no report", |failure| failure.cause.as_str());
        let reason = format!("gave no trustworthy result: {cause}");
        proven(Verdict::Failed, Cause::NoResult, reason)
    }

    /// A notice that stands in its report under another flaw's id. What it withheld by its own record
    /// goes before.
    fn by_cve(&self, case: &Case<'_>) -> Option<ScannerVerdict> {
        let id = &case.finding.vulnerability.id;
        let notice = self.collapsed.covering(case.finding)?;
        let reason = format!(
            "lists another flaw of the same package and fix in the place of {notice}, which it matched; \
             {notice} would then cover {id} as well. Run it without --by-cve to tell"
        );
        Some(inferred(Verdict::Covered, Cause::CoveringAdvisory, reason))
    }

    fn withheld(&self, case: &Case<'_>) -> Option<ScannerVerdict> {
        let own = case.withheld.iter().filter(|w| w.scanner == *self.scanner);
        // Whatever the order of the report.
        let withheld = own.min_by_key(|w| (w.by_default_rule, &w.reason))?;
        let (cause, rule) = if withheld.by_default_rule {
            (Cause::ShippedRule, "a rule that ships with it")
        } else {
            (Cause::GivenRule, "a rule that it was given")
        };
        let reason = format!("found it and withheld it by {rule}: {}", withheld.reason);
        Some(proven(Verdict::Suppressed, cause, reason))
    }

    /// A rule in its program that leaves no record. It drops nothing of packages that it does not have.
    fn drops(&self, case: &Case<'_>) -> Option<ScannerVerdict> {
        let finding = case.finding;
        if self.sight_of(case) == Sight::Absent {
            return None;
        }
        let rules = self.catalogue.rules(&case.key, finding, &self.assessor);
        let mut rules = rules
            .iter()
            .map(|rules| self.assessor.drops(finding, rules));
        let first = rules.next()??;
        rules.all(|rule| rule.is_some()).then(|| {
            let reason = format!("leaves no record of it: {first}");
            inferred(Verdict::Suppressed, Cause::BuiltInRule, reason)
        })
    }

    fn void(&self, case: &Case<'_>) -> Option<ScannerVerdict> {
        let (cause, what) = match case.finding.vulnerability.state {
            AdvisoryState::Rejected => (Cause::Rejected, "the id was rejected"),
            AdvisoryState::Withdrawn => (Cause::Withdrawn, "the advisory was withdrawn"),
            AdvisoryState::Active | AdvisoryState::Disputed => return None,
        };
        let verdict = match self.sight_of(case) {
            Sight::Absent => Verdict::PackageNotSeen,
            _ => Verdict::NoMatch,
        };
        let reason = format!("does not report it, and {what}: there is nothing to report");
        Some(proven(verdict, cause, reason))
    }

    /// Reasons why the scanner could not have reported the finding whatever its data.
    fn not_assessed(&self, case: &Case<'_>) -> Option<ScannerVerdict> {
        let ecosystem = &case.key.0;
        if let Some(reason) = self.assessor.skips_ecosystem(ecosystem) {
            return Some(proven(Verdict::NotAssessed, Cause::Ecosystem, reason));
        }
        // Where it lists something of the release, it has data of it, old as they may be.
        if let Some(end) = self.end_of_life(case)
            && !self.shown(true).has_rows()
        {
            let reason = format!("{end}, and lists nothing on packages of the release");
            return Some(proven(Verdict::NotAssessed, Cause::OutOfSupport, reason));
        }
        let (strength, reason) = self.catalogue.skipped(&case.key, case.finding)?;
        Some(ScannerVerdict {
            strength,
            ..proven(Verdict::NotAssessed, Cause::ThirdParty, reason)
        })
    }

    /// That it states the release of the finding's package to be out of support.
    pub(super) fn end_of_life(&self, case: &Case<'_>) -> Option<String> {
        let distro = self.out_of_support.filter(|_| case.key.0.is_os())?;
        Some(format!(
            "states that {} {} is out of support",
            distro.family, distro.version
        ))
    }

    /// Its rule by which it leaves the finding's package to the operating system's package that
    /// installed it, with the owner, where the rule applies.
    fn leaves<'c>(&'c self, case: &Case<'c>) -> Option<(&'c Owner, &'c Leaves)> {
        let owner = case.owner?;
        let leaves = self.assessor.leaves_owned(&case.key.0)?;
        let family = self.distro.map(|distro| distro.family.as_str());
        // Of several that may be the owner each has to be one to which it leaves the files. What it does
        // not match itself, a third party's, it leaves nothing to.
        let holds = case.finding.instances.iter().all(|instance| {
            let applies =
                |version: Option<&str>| leaves.terms.applies(family, &instance.version, version);
            let mut packages = owner.packages.iter();
            owner.packages.is_empty() && applies(None)
                || !owner.packages.is_empty()
                    && packages.all(|(group, version)| {
                        applies(Some(version)) && !self.catalogue.skips_group(&key(group))
                    })
        });
        let is_listed = self.sight_of(case).is_listed();
        (holds && !(leaves.terms.unlisted && is_listed)).then_some((owner, leaves))
    }

    /// That it leaves the finding's package to the operating system's package that installed it.
    ///
    /// The verdict is what its list shows: it has the package, has it in another place and version only,
    /// or lacks it. Where no list tells, nothing of that can be said, and what remains is the design: not
    /// assessed. `all` are the scanners of the run.
    pub(super) fn owned(&self, case: &Case<'_>, all: &[Subject<'r>]) -> Option<ScannerVerdict> {
        let (owner, leaves) = self.leaves(case)?;
        let verdict = match self.sight_of(case) {
            Sight::Same | Sight::Sibling => Verdict::NoMatch,
            Sight::Absent => Verdict::PackageNotSeen,
            Sight::Unknown => Verdict::NotAssessed,
            Sight::Other(_) => Verdict::OtherVersion,
        };
        let installed_by = owner.package().map_or_else(
            || "a package of the operating system".to_owned(),
            ToString::to_string,
        );
        let because = format!(
            "{installed_by} installed {}; {}",
            owner.path, leaves.terms.reason
        );
        if case.owner_is_affected {
            return Some(ScannerVerdict {
                strength: owner.strength.max(leaves.strength),
                ..proven(verdict, Cause::OwnedByOsPackage, because)
            });
        }
        // Silence on the distribution's package tells something where a scanner looked at it.
        let mut packages = owner.packages.keys();
        let is_assessed = |group| all.iter().any(|subject| subject.assesses(group));
        Some(if !owner.packages.is_empty() && packages.all(is_assessed) {
            let reason = format!(
                "{because}; nobody reports the vulnerability on the operating system's package, which is \
                 fixed or not affected then. The distribution's advisories would settle it"
            );
            inferred(verdict, Cause::DistributionFixed, reason)
        } else {
            let reason = format!(
                "{because}; no scanner is known to have looked for the vulnerability in the operating \
                 system's package"
            );
            inferred(verdict, Cause::OwnedByOsPackage, reason)
        })
    }

    /// True when it has a package of the operating system in its list and matches it against advisories
    /// that are kept up.
    fn assesses(&self, group: &PackageGroup) -> bool {
        let key = key(group);
        self.is_trusted
            && self.out_of_support.is_none()
            && self.assessor.skips_ecosystem(&key.0).is_none()
            && self.catalogue.lists(&key)
            && !self.catalogue.skips_group(&key)
    }
}

fn key(group: &PackageGroup) -> GroupKey {
    (group.ecosystem.clone(), group.name.clone())
}

/// Whose advisories a scanner's rows on the operating system's packages are.
#[derive(Clone, Copy, Default)]
struct Sources {
    distribution: bool,
    other: bool,
}

impl Sources {
    fn add(&mut self, source: Option<AdvisorySource>) {
        match source {
            Some(AdvisorySource::Distribution) => self.distribution = true,
            Some(_) => self.other = true,
            None => {}
        }
    }
}

/// What all reports of one scanner leave out.
fn common_filters<'r>(filters: impl Iterator<Item = &'r Filters>) -> Filters {
    let common = filters.cloned().reduce(|a, b| {
        let floors = a.severity_floor.zip(b.severity_floor);
        Filters {
            severity_floor: floors.map(|(a, b): (Severity, Severity)| a.min(b)),
        }
    });
    common.unwrap_or_default()
}

/// What a scanner shows before any of its rows is counted: what its reports withhold.
fn shown<'r>(filters: Filters, reports: impl Iterator<Item = &'r ScannerReport>) -> [Shown; 2] {
    let [mut os, mut others] = [filters.clone(), filters].map(Shown::under);
    for report in reports {
        for suppressed in &report.suppressed {
            let row = &suppressed.observation;
            let package = report.package(row.package);
            let is_os = package.is_some_and(|package| package.ecosystem.is_os());
            let shown = if is_os { &mut os } else { &mut others };
            shown.find(row.severity, row.fix.state == FixState::Fixed);
        }
    }
    [os, others]
}

/// What a scanner itself says of a finding.
fn says(case: &Case<'_>, said: Said<'_>) -> Option<ScannerVerdict> {
    if let Some(row) = said.direct {
        let reason = format!("lists {}", words(row));
        return Some(proven(Verdict::Reported, Cause::Listed, reason));
    }
    let row = said.covering?;
    let id = &case.finding.vulnerability.id;
    let reason = format!("lists {}, which covers {id}", words(row));
    Some(proven(Verdict::Covered, Cause::CoveringAdvisory, reason))
}

fn words(observation: &ObservationRecord) -> String {
    let ObservationRecord {
        id,
        package,
        version,
        ..
    } = observation;
    if version.is_empty() {
        format!("{id} in {package}")
    } else {
        format!("{id} in {package} {version}")
    }
}
