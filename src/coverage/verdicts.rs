//! What each scanner has to say on each finding, and why it says nothing.
//!
//! The decision is ordered; the first test that holds gives the verdict: failed, reported, covered,
//! suppressed, not assessed, not seen, another version, no match, unknown. Only evidence of the
//! scanner itself counts: that another scanner catalogued a package does not tell whether this one
//! did.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::version::normal_form;
use crate::model::{
    AdvisoryId, AdvisoryState, Attachment, Cause, Distro, Ecosystem, Failure, Finding,
    IdentityQuality, InventoryScope, ObservationRecord, Outcome, ScannerId, ScannerRun,
    ScannerVerdict, Strength, Verdict,
};
use crate::reconcile::{Inventory, Reconciled, Withheld};

use super::assessor::Assessor;

/// The verdicts on each finding, in the order of the findings.
pub(super) fn verdicts(
    reconciled: &Reconciled,
    runs: &[ScannerRun],
) -> Vec<BTreeMap<ScannerId, ScannerVerdict>> {
    let subjects = Subject::all(runs, &reconciled.inventories);
    let known = known_vulnerabilities(&reconciled.findings);
    reconciled
        .findings
        .iter()
        .map(|finding| {
            let said = Said::on(finding);
            let withheld = reconciled
                .withheld
                .get(&finding.key)
                .map_or(&[][..], Vec::as_slice);
            let case = Case {
                finding,
                key: (
                    finding.package.ecosystem.clone(),
                    finding.package.name.clone(),
                ),
                published: finding
                    .vulnerability
                    .published
                    .as_deref()
                    .and_then(|p| p.parse().ok()),
            };
            subjects
                .iter()
                .map(|(scanner, subject)| {
                    let knows = known
                        .get(&finding.vulnerability.id)
                        .is_some_and(|scanners| scanners.contains(scanner));
                    let withheld = withheld.iter().find(|w| w.scanner == **scanner);
                    let said = said.get(scanner).copied().unwrap_or_default();
                    let verdict = subject.verdict(&case, said, withheld, knows);
                    ((*scanner).clone(), verdict)
                })
                .collect()
        })
        .collect()
}

/// By vulnerability: the scanners that report it anywhere in the image, and so have it in their
/// data.
fn known_vulnerabilities(findings: &[Finding]) -> HashMap<&AdvisoryId, BTreeSet<&ScannerId>> {
    let mut known: HashMap<&AdvisoryId, BTreeSet<&ScannerId>> = HashMap::new();
    for finding in findings {
        let direct = finding
            .observations
            .iter()
            .filter(|observation| observation.attachment == Attachment::Direct)
            .map(|observation| &observation.scanner);
        known
            .entry(&finding.vulnerability.id)
            .or_default()
            .extend(direct);
    }
    known
}

/// A scanner's own statements on one finding: the first of each kind, in report order.
#[derive(Clone, Copy, Default)]
struct Said<'f> {
    direct: Option<&'f ObservationRecord>,
    covering: Option<&'f ObservationRecord>,
}

impl<'f> Said<'f> {
    fn on(finding: &'f Finding) -> BTreeMap<&'f ScannerId, Self> {
        let mut said: BTreeMap<&ScannerId, Self> = BTreeMap::new();
        for observation in &finding.observations {
            let entry = said.entry(&observation.scanner).or_default();
            let slot = match observation.attachment {
                Attachment::Direct => &mut entry.direct,
                Attachment::Covering => &mut entry.covering,
            };
            slot.get_or_insert(observation);
        }
        said
    }
}

/// A finding with what every scanner's verdict needs of it.
struct Case<'f> {
    finding: &'f Finding,
    /// The key of its package group in an [`Inventory`].
    key: (Ecosystem, String),
    published: Option<Timestamp>,
}

/// One scanner, all its runs taken together, and what it saw.
struct Subject<'r> {
    /// The first run that can be trusted, `None` when all failed.
    trusted: Option<&'r ScannerRun>,
    /// The first failure.
    failure: Option<&'r Failure>,
    assessor: Assessor,
    scope: InventoryScope,
    groups: HashMap<&'r (Ecosystem, String), Group<'r>>,
    /// The distribution that it states to be out of support.
    out_of_support: Option<&'r Distro>,
    database_built: Option<Timestamp>,
    reduced_identity: bool,
}

/// The packages of one group in one scanner's inventory.
#[derive(Default)]
struct Group<'r> {
    /// Versions in the group's normal form.
    versions: BTreeSet<&'r str>,
    names: BTreeMap<&'r str, Named<'r>>,
}

/// The packages of one installed name.
#[derive(Default)]
struct Named<'r> {
    /// Versions as installed, by their normal form.
    versions: BTreeMap<String, &'r str>,
    /// Why the scanner skips every one of them; `None` as soon as it skips one of them not.
    skipped: Option<String>,
}

impl<'r> Subject<'r> {
    fn all(
        runs: &'r [ScannerRun],
        inventories: &'r BTreeMap<ScannerId, Inventory>,
    ) -> BTreeMap<&'r ScannerId, Self> {
        let mut by_scanner: BTreeMap<&ScannerId, Vec<&ScannerRun>> = BTreeMap::new();
        for run in runs {
            by_scanner.entry(&run.scanner).or_default().push(run);
        }
        by_scanner
            .into_iter()
            .map(|(scanner, runs)| (scanner, Self::new(&runs, inventories.get(scanner))))
            .collect()
    }

    fn new(runs: &[&'r ScannerRun], inventory: Option<&'r Inventory>) -> Self {
        let assessor = Assessor::of(runs);
        let groups = inventory
            .map(|inventory| index(inventory, &assessor))
            .unwrap_or_default();
        let reports = || runs.iter().filter_map(|run| run.report.as_ref());
        Self {
            trusted: runs
                .iter()
                .copied()
                .find(|run| run.outcome.is_trustworthy()),
            failure: runs.iter().find_map(|run| match &run.outcome {
                Outcome::Failed(failure) => Some(failure),
                Outcome::Completed | Outcome::Partial { .. } => None,
            }),
            scope: inventory
                .map(|inventory| inventory.scope)
                .unwrap_or_default(),
            groups,
            assessor,
            out_of_support: reports()
                .filter_map(|report| report.target.distro.as_ref())
                .find(|distro| distro.end_of_life),
            database_built: runs
                .iter()
                .filter_map(|run| run.database_built.as_deref())
                .filter_map(|text| text.parse().ok())
                .max(),
            reduced_identity: reports().any(|report| report.identity == IdentityQuality::Reduced),
        }
    }

    /// The ordered decision.
    fn verdict(
        &self,
        case: &Case<'_>,
        said: Said<'_>,
        withheld: Option<&Withheld>,
        knows: bool,
    ) -> ScannerVerdict {
        if self.trusted.is_none() {
            return self.failed();
        }
        if let Some(observation) = said.direct {
            return proven(Verdict::Reported, format!("lists {}", words(observation)));
        }
        if let Some(observation) = said.covering {
            return proven(
                Verdict::Covered,
                format!(
                    "lists {}, which covers {}",
                    words(observation),
                    case.finding.vulnerability.id
                ),
            );
        }
        if let Some(withheld) = withheld {
            let rule = if withheld.by_default_rule {
                "a rule that ships with it"
            } else {
                "a rule that it was given"
            };
            return proven(
                Verdict::Suppressed,
                format!("found it and withheld it by {rule}: {}", withheld.reason),
            );
        }
        self.not_assessed(case)
            .unwrap_or_else(|| self.silent(case, knows))
    }

    fn failed(&self) -> ScannerVerdict {
        let cause = self
            .failure
            .map_or("it left no report", |failure| failure.cause.as_str());
        proven(
            Verdict::Failed,
            format!("gave no trustworthy result: {cause}"),
        )
    }

    /// Reasons why the scanner could not have reported the finding whatever its data.
    fn not_assessed(&self, case: &Case<'_>) -> Option<ScannerVerdict> {
        let finding = case.finding;
        let ecosystem = &finding.package.ecosystem;
        if let Some(reason) = self.assessor.skips_ecosystem(ecosystem) {
            return Some(proven(Verdict::NotAssessed, reason));
        }
        if let Some(distro) = self.out_of_support.filter(|_| ecosystem.is_os()) {
            return Some(ScannerVerdict {
                verdict: Verdict::NotAssessed,
                cause: Cause::OutOfSupport,
                strength: Strength::Inferred,
                reason: format!(
                    "states that {} {} is out of support; what was found since its last advisories is \
                     outside its data",
                    distro.family, distro.version
                ),
            });
        }
        if let Some(group) = self.groups.get(&case.key)
            && let Some(reason) = group.skipped(finding)
        {
            return Some(proven(Verdict::NotAssessed, reason.to_owned()));
        }
        let mut skipped = finding
            .instances
            .iter()
            .map(|instance| self.assessor.skips_name(ecosystem, &instance.name));
        let first = skipped.next().flatten()?;
        skipped
            .all(|reason| reason.is_some())
            .then(|| proven(Verdict::NotAssessed, first.to_owned()))
    }

    /// The scanner assesses such packages and does not mention the finding.
    fn silent(&self, case: &Case<'_>, knows: bool) -> ScannerVerdict {
        if let Some(failure) = self.failure {
            // Another of its runs is there; what that one would not have seen is open.
            let reason = format!(
                "one of its runs gave no trustworthy result: {}",
                failure.cause
            );
            return proven(Verdict::Failed, reason);
        }
        let group = &case.finding.package;
        let complete = self.scope == InventoryScope::Complete;
        let Some(seen) = self.groups.get(&case.key) else {
            return if complete {
                proven(
                    Verdict::PackageNotSeen,
                    format!(
                        "its complete package list has no {}/{}",
                        group.ecosystem, group.name
                    ),
                )
            } else {
                ScannerVerdict {
                    verdict: Verdict::Unknown,
                    cause: Cause::NoPackageList,
                    strength: Strength::Unknown,
                    reason: format!(
                        "its report does not hold its whole package list; {} to tell whether it saw the \
                         package",
                        self.settling_input()
                    ),
                }
            };
        };
        match seen.sight_of(case.finding) {
            Sight::Same(strength) => ScannerVerdict {
                verdict: Verdict::NoMatch,
                cause: Cause::NotInData,
                strength,
                reason: self.no_match_words(case, strength, knows),
            },
            Sight::Other(version) => ScannerVerdict {
                verdict: Verdict::OtherVersion,
                // Without its whole list it may have the right version as well.
                cause: Cause::OtherVersion,
                strength: if complete {
                    Strength::Proven
                } else {
                    Strength::Inferred
                },
                reason: format!("saw the package in version {version}"),
            },
        }
    }

    fn no_match_words(&self, case: &Case<'_>, strength: Strength, knows: bool) -> String {
        let saw = if strength == Strength::Proven {
            "has the package in this version and does not report it"
        } else {
            "has a package of the same source and does not report it"
        };
        let vulnerability = &case.finding.vulnerability;
        let because = match (vulnerability.state, self.database_built, case.published) {
            (AdvisoryState::Rejected, _, _) => "the id was rejected".to_owned(),
            (AdvisoryState::Withdrawn, _, _) => "the advisory was withdrawn".to_owned(),
            (_, Some(built), Some(published)) if built < published => {
                format!("its database of {built} is older than the vulnerability ({published})")
            }
            _ if knows => {
                "it reports the vulnerability on other packages, so it takes this one for unaffected"
                    .to_owned()
            }
            _ => "its data lacks the vulnerability or takes this version for unaffected".to_owned(),
        };
        format!("{saw}: {because}")
    }

    /// The input that would show whether the scanner catalogued a package.
    fn settling_input(&self) -> &'static str {
        if self.reduced_identity {
            return "give its JSON report instead of SARIF";
        }
        match self.trusted.map(|run| run.scanner.as_str()) {
            Some(ScannerId::TRIVY) => "run it with --list-all-pkgs",
            Some(ScannerId::GRYPE) => "give the Syft SBOM that it matched",
            Some(ScannerId::SNYK) => "run it with --print-deps and --json-file-output",
            Some(ScannerId::DOCKER_SCOUT) => "give the output of `docker scout sbom`",
            Some(ScannerId::OSV_SCANNER) => "run it with --all-packages",
            _ => "give its package list",
        }
    }
}

/// How a scanner saw a finding's package.
enum Sight<'r> {
    /// In the finding's version; [`Strength::Inferred`] when only a sibling was seen.
    Same(Strength),
    /// In this version only.
    Other(&'r str),
}

impl<'r> Group<'r> {
    /// The finding's packages as this scanner lists them, or everything in the group where it uses
    /// other names (the source package's).
    fn relevant<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = &'a Named<'r>> + 'a {
        let by_name = finding
            .instances
            .iter()
            .filter_map(|instance| self.names.get(instance.name.as_str()));
        let none = by_name.clone().next().is_none();
        by_name.chain(self.names.values().filter(move |_| none))
    }

    /// Why the scanner skips all of the finding's packages, by its own list.
    fn skipped<'a>(&'a self, finding: &'a Finding) -> Option<&'a str> {
        let mut relevant = self.relevant(finding);
        let first = relevant.next()?.skipped.as_deref()?;
        relevant
            .all(|named| named.skipped.is_some())
            .then_some(first)
    }

    fn sight_of(&self, finding: &Finding) -> Sight<'r> {
        if let Some(version) = &finding.package.version {
            return match self.versions.first() {
                // A package whose version the scanner does not know may be the one.
                _ if self.versions.contains(version.as_str()) => Sight::Same(Strength::Proven),
                None | Some(&"") => Sight::Same(Strength::Inferred),
                Some(other) => Sight::Other(other),
            };
        }
        let ecosystem = &finding.package.ecosystem;
        let mut other = None;
        for instance in &finding.instances {
            let Some(named) = self.names.get(instance.name.as_str()) else {
                continue;
            };
            let version = normal_form(ecosystem, &instance.version);
            if named.versions.contains_key(&version) {
                return Sight::Same(Strength::Proven);
            }
            let first = named.versions.values().next().copied();
            other = other.or_else(|| first.filter(|version| !version.is_empty()));
        }
        other.map_or(Sight::Same(Strength::Inferred), Sight::Other)
    }
}

fn index<'r>(
    inventory: &'r Inventory,
    assessor: &Assessor,
) -> HashMap<&'r (Ecosystem, String), Group<'r>> {
    let mut groups: HashMap<&(Ecosystem, String), Group<'_>> = HashMap::new();
    for (key, packages) in &inventory.packages {
        let group = groups.entry(key).or_default();
        for entry in packages {
            group.versions.insert(&entry.version);
            let skipped = assessor.skips_own(&entry.package);
            let named = group
                .names
                .entry(&entry.package.name)
                .or_insert_with(|| Named {
                    versions: BTreeMap::new(),
                    skipped: skipped.clone(),
                });
            let version = normal_form(&key.0, &entry.package.version);
            named.versions.insert(version, &entry.package.version);
            if skipped.is_none() {
                named.skipped = None;
            }
        }
    }
    groups
}

fn proven(verdict: Verdict, reason: String) -> ScannerVerdict {
    let cause = match verdict {
        Verdict::Reported => Cause::Listed,
        Verdict::Covered => Cause::CoveringAdvisory,
        Verdict::Suppressed => Cause::GivenRule,
        Verdict::OtherVersion => Cause::OtherVersion,
        Verdict::NoMatch => Cause::NotInData,
        Verdict::PackageNotSeen => Cause::NotCatalogued,
        Verdict::NotAssessed => Cause::Ecosystem,
        Verdict::Failed => Cause::NoResult,
        Verdict::Unknown => Cause::NoPackageList,
    };
    ScannerVerdict {
        verdict,
        cause,
        strength: Strength::Proven,
        reason,
    }
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
