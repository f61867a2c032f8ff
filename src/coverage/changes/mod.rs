//! What changed between two runs, over time or from image to image.
//!
//! Every step treats the two runs alike, so that the same runs the other way round give the same
//! answer turned round: what is new is what would be gone, for the same reason.

mod absence;
mod differences;
mod matching;
mod packages;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, TextDiff};

use self::absence::{Images, Run, absence};
use self::differences::difference;
use self::matching::{Paired, pair};
use crate::model::changes::{
    ChangeCounts, ChangedFinding, Changes, FindingBrief, InstalledPackage, PolicyChange, RunBrief,
    SCHEMA_VERSION, ScannerPartBrief, ScannerSides, Sides, TargetRelation, TextChange, Unmatched,
};
use crate::model::report::{ImageName, Report, ScannerSummary, TargetSummary, ToolInfo};
use crate::model::version;
use crate::model::{Action, Ecosystem, Finding, InventoryScope, Outcome, ScannerId};
use crate::reconcile::Inventory;

/// Lines of a policy up to which two are compared line by line: the time is quadratic where nothing
/// is equal.
const MOST_LINES: usize = 5_000;

/// One of the two runs.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Where it was read from, as the user named it.
    pub source: &'a str,
    /// Its report.
    pub report: &'a Report,
    /// Each trusted scanner's packages; none for a report without the runs behind it.
    pub inventories: Option<&'a BTreeMap<ScannerId, Inventory>>,
    /// The text of its own policy, where it keeps one.
    pub policy: Option<&'a str>,
}

impl<'a> Side<'a> {
    /// The whole package lists: those of scanners that completed, with all of their reports. What a
    /// partial result lacks may be in the part that is missing.
    fn whole_lists(
        &self,
        parts: &BTreeMap<&'a ScannerId, ScannerPartBrief>,
    ) -> BTreeMap<&'a ScannerId, &'a Inventory> {
        self.inventories
            .into_iter()
            .flatten()
            .filter(|(scanner, inventory)| {
                inventory.scope == InventoryScope::Complete
                    && parts
                        .get(scanner)
                        .is_some_and(|part| part.outcome == Outcome::Completed)
            })
            .collect()
    }
}

/// Compares two runs, `a` before `b`.
///
/// Findings are one where their keys are; else where package, version and one id of the
/// vulnerability are, since a run in which nobody stated an alias names the vulnerability by another
/// id; else where all that but the version is. Each finding is matched once at most.
///
/// Cost grows near-linearly with the findings and packages of both.
pub fn changes(a: &Side<'_>, b: &Side<'_>) -> Changes {
    let runs = Sides {
        a: Run::new(a),
        b: Run::new(b),
    };
    let Paired {
        both,
        only_a,
        only_b,
    } = pair(&a.report.findings, &b.report.findings);
    let matched = both.len();
    let mut changed: Vec<ChangedFinding> = both
        .into_iter()
        .map(|(of_a, of_b)| difference(of_a, of_b, &runs))
        .filter(|change| !change.is_same())
        .collect();
    changed.sort_by_cached_key(|change| (!change.blocks_newly(), worst_first(&change.finding)));
    let target = relation(&a.report.target, &b.report.target);
    let images = Images::new(target, &a.report.target, &b.report.target);
    let new = absences(&only_b, &runs.b, &runs.a, images);
    let (fixed, gone): (Vec<_>, Vec<_>) = absences(&only_a, &runs.a, &runs.b, images)
        .into_iter()
        .partition(|unmatched| unmatched.why.is_mended());
    let blocking = new
        .iter()
        .filter(|unmatched| unmatched.finding.action == Some(Action::Block));
    Changes {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool: ToolInfo {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        target,
        counts: ChangeCounts {
            new: new.len(),
            new_blocking: blocking.count(),
            fixed: fixed.len(),
            gone: gone.len(),
            changed: changed.len(),
            changed_to_blocking: changed.iter().filter(|c| c.blocks_newly()).count(),
            same: matched - changed.len(),
        },
        new,
        fixed,
        gone,
        changed,
        scanners: scanners(a, b, &runs),
        packages: packages::changes(&a.whole_lists(&runs.a.parts), &b.whole_lists(&runs.b.parts)),
        policy: PolicyChange {
            source: Sides {
                a: a.report.policy.source.clone(),
                b: b.report.policy.source.clone(),
            },
            profile: Sides {
                a: a.report.policy.profile.clone(),
                b: b.report.policy.profile.clone(),
            },
            text: compare_texts(a.policy, b.policy),
        },
        runs: Sides {
            a: brief_run(a, &runs.a),
            b: brief_run(b, &runs.b),
        },
    }
}

/// The findings of `here` that `there` lacks, each with the reason, worst first.
fn absences(
    findings: &[&Finding],
    here: &Run<'_>,
    there: &Run<'_>,
    images: Images,
) -> Vec<Unmatched> {
    let mut all: Vec<Unmatched> = findings
        .iter()
        .map(|finding| absence(finding, here, there, images))
        .collect();
    all.sort_by_cached_key(|unmatched| worst_first(&unmatched.finding));
    all
}

/// The order in which a person wants to see findings.
fn worst_first(finding: &FindingBrief) -> impl Ord + use<> {
    (
        Reverse(finding.action),
        Reverse(finding.severity),
        finding.package.clone(),
        finding.id.clone(),
        finding.key.clone(),
    )
}

/// A finding in brief.
fn brief(finding: &Finding) -> FindingBrief {
    let installed: BTreeSet<InstalledPackage> = finding
        .instances
        .iter()
        .map(|instance| InstalledPackage {
            name: instance.name.clone(),
            version: instance.version.clone(),
        })
        .collect();
    FindingBrief {
        key: finding.key.clone(),
        id: finding.vulnerability.id.clone(),
        aliases: finding.vulnerability.aliases.clone(),
        title: finding.vulnerability.title.clone(),
        package: finding.package.clone(),
        installed: installed.into_iter().collect(),
        severity: finding.severity.level,
        action: finding.decision.as_ref().map(|decision| decision.action),
        fix: fix(finding).map(str::to_owned),
        reporters: reporters(finding).into_iter().cloned().collect(),
    }
}

/// The version that mends a finding, where one is named.
fn fix(finding: &Finding) -> Option<&str> {
    let fix = &finding.fix;
    fix.recommended
        .as_deref()
        .or(fix.versions.last().map(String::as_str))
}

/// The scanners that report a finding, by verdict or, in a report without verdicts, by what they said.
fn reporters(finding: &Finding) -> BTreeSet<&ScannerId> {
    let said = finding
        .observations
        .iter()
        .map(|observation| &observation.scanner);
    finding.reporters().chain(said).collect()
}

/// Distinct versions, lowest first where they can be compared.
fn in_order<'v>(ecosystem: &Ecosystem, versions: impl Iterator<Item = &'v str>) -> Vec<String> {
    let distinct: BTreeSet<&str> = versions.collect();
    let mut sorted: Vec<&str> = distinct.into_iter().collect();
    version::sort(ecosystem, &mut sorted);
    sorted.into_iter().map(str::to_owned).collect()
}

/// Each scanner's part in a run. Of several reports the worst outcome counts, since a part of the
/// image went unexamined, and the latest database.
fn parts(report: &Report) -> BTreeMap<&ScannerId, ScannerPartBrief> {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Failed(_) => 0,
        Outcome::Partial { .. } => 1,
        Outcome::Completed => 2,
    };
    let mut sorted: Vec<&ScannerSummary> = report.scanners.iter().collect();
    sorted.sort_by_key(|summary| (&summary.id, rank(&summary.outcome), &summary.source));
    let mut parts: BTreeMap<&ScannerId, ScannerPartBrief> = BTreeMap::new();
    for summary in sorted {
        let built = summary.database_built.clone();
        let version = summary.version.clone();
        match parts.get_mut(&summary.id) {
            None => {
                let part = ScannerPartBrief {
                    outcome: summary.outcome.clone(),
                    version,
                    database_built: built,
                };
                parts.insert(&summary.id, part);
            }
            Some(part) => {
                part.version = part.version.take().or(version);
                part.database_built = part.database_built.take().max(built);
            }
        }
    }
    parts
}

/// Every scanner in both runs, those first that lack a result in one.
fn scanners(a: &Side<'_>, b: &Side<'_>, runs: &Sides<Run<'_>>) -> Vec<ScannerSides> {
    let summaries = b.report.scanners.iter().chain(&a.report.scanners);
    // Titles of one scanner could differ between versions of crosscheck.
    let mut titles: BTreeMap<&ScannerId, &str> = BTreeMap::new();
    for summary in summaries {
        let title = titles.entry(&summary.id).or_insert(&summary.title);
        *title = (*title).min(&summary.title);
    }
    let mut all: Vec<ScannerSides> = titles
        .into_iter()
        .map(|(scanner, title)| ScannerSides {
            scanner: scanner.clone(),
            title: title.to_owned(),
            parts: Sides {
                a: runs.a.parts.get(scanner).cloned(),
                b: runs.b.parts.get(scanner).cloned(),
            },
        })
        .collect();
    all.sort_by_key(|sides| !sides.lacks_a_result());
    all
}

fn brief_run(side: &Side<'_>, run: &Run<'_>) -> RunBrief {
    let report = side.report;
    RunBrief {
        source: side.source.to_owned(),
        reference: report.target.reference.clone(),
        config_digest: report.target.config_digest.clone(),
        platform: report.target.platform.clone(),
        evaluated_at: report.evaluated_at.clone(),
        verdict: report.verdict.clone(),
        findings: report.findings.len(),
        package_lists: side.whole_lists(&run.parts).into_keys().cloned().collect(),
    }
}

fn relation(a: &TargetSummary, b: &TargetSummary) -> TargetRelation {
    let by_digest = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) => Some(a == b),
        _ => None,
    };
    let same = by_digest(&a.config_digest, &b.config_digest)
        .or_else(|| by_digest(&a.manifest_digest, &b.manifest_digest));
    if same == Some(true) {
        TargetRelation::SameImage
    } else if repository(a) == repository(b) {
        TargetRelation::SameName
    } else {
        TargetRelation::DifferentImages
    }
}

/// The name of an image without tag and digest, or the path of an archive.
fn repository(target: &TargetSummary) -> ImageName<'_> {
    match target.name() {
        ImageName::Registry(name) => {
            let name = name.split_once('@').map_or(name, |(name, _)| name);
            // A colon before the last slash belongs to a port.
            let tag = name
                .rfind(':')
                .filter(|colon| name.rfind('/').is_none_or(|slash| slash < *colon));
            ImageName::Registry(tag.and_then(|colon| name.get(..colon)).unwrap_or(name))
        }
        path @ ImageName::Path(_) => path,
    }
}

fn compare_texts(a: Option<&str>, b: Option<&str>) -> TextChange {
    let (Some(a), Some(b)) = (a, b) else {
        return TextChange::Unknown;
    };
    if a == b {
        return TextChange::Same;
    }
    let is_short = |text: &str| text.lines().take(MOST_LINES + 1).count() <= MOST_LINES;
    TextChange::Different {
        diff: (is_short(a) && is_short(b)).then(|| {
            TextDiff::configure()
                .algorithm(Algorithm::Patience)
                .diff_lines(a, b)
                .unified_diff()
                .header("a/policy.yaml", "b/policy.yaml")
                .to_string()
        }),
    }
}
