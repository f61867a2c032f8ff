//! The words for what changed. Nothing here is escaped yet.

use crate::model::changes::{
    Absence, ChangeCounts, ChangedFinding, Changes, DecisionBrief, FindingBrief, NoResult,
    RunBrief, ScannerSides, Sides, TargetRelation, Unmatched,
};
use crate::model::report::{RunOutcome, RunVerdict};
use crate::model::{Action, AdvisoryState, Outcome, ScannerId};
use crate::report::phrases::{self, count};

/// Which of the runs has a finding that the other lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The second: it is new.
    New,
    /// The first: it is gone.
    Gone,
}

impl Direction {
    fn pick<'t>(self, new: &'t str, gone: &'t str) -> &'t str {
        match self {
            Self::New => new,
            Self::Gone => gone,
        }
    }
}

/// What matters, in one line: `3 new (1 blocks), 5 fixed, 2 gone otherwise, 4 changed, 380 the same`.
pub(super) fn headline(counts: &ChangeCounts) -> String {
    let blocking = |number: usize, one: &str, many: &str| match number {
        0 => String::new(),
        1 => format!(" (1 {one})"),
        more => format!(" ({more} {many})"),
    };
    format!(
        "{} new{}, {} fixed, {} gone otherwise, {} changed{}, {} the same",
        counts.new,
        blocking(counts.new_blocking, "blocks", "block"),
        counts.fixed,
        counts.gone,
        counts.changed,
        blocking(counts.changed_to_blocking, "blocks now", "block now"),
        counts.same,
    )
}

/// Whether a run passes.
pub(super) fn verdict(verdict: &RunVerdict) -> String {
    match verdict.outcome {
        RunOutcome::Pass => "passes".to_owned(),
        RunOutcome::Block => format!(
            "blocked by {}",
            count(verdict.blocking, "finding", "findings")
        ),
        RunOutcome::Insufficient => "too few results can be trusted to pass".to_owned(),
    }
}

/// Whether the runs are about one image.
pub(super) fn target(relation: TargetRelation) -> &'static str {
    match relation {
        TargetRelation::SameImage => "the same in both runs",
        TargetRelation::SameName => "the same name; the digests differ or are not known",
        TargetRelation::DifferentImages => "two images",
    }
}

/// The package group, and the installed packages where they have other names.
pub(super) fn package(finding: &FindingBrief) -> String {
    let group = format!("{}/{}", finding.package.ecosystem, finding.package.name);
    let installed = phrases::names(finding.installed.iter().map(|package| &*package.name));
    if installed.is_empty() || installed == finding.package.name {
        group
    } else {
        format!("{group} ({installed})")
    }
}

/// The installed version and what mends it: `65.5.1 -> 70.0.0`.
pub(super) fn versions(finding: &FindingBrief) -> String {
    let installed = phrases::names(
        finding
            .installed
            .iter()
            .map(|package| &*package.version)
            .filter(|version| !version.is_empty()),
    );
    let installed = if installed.is_empty() {
        "version unknown"
    } else {
        &installed
    };
    match &finding.fix {
        Some(fix) => format!("{installed} -> {fix}"),
        None => format!("{installed} (no fix named)"),
    }
}

/// Why one run lacks a finding of the other.
pub(super) fn absence(
    unmatched: &Unmatched,
    direction: Direction,
    changes: &Changes,
) -> Vec<String> {
    let mut lines = Vec::new();
    match &unmatched.why {
        Absence::NotLooked => {
            let scanners: Vec<String> = unmatched
                .no_result
                .iter()
                .map(|(scanner, why)| no_result(scanner, why, direction))
                .collect();
            let lead = direction.pick("seen only now: ", "not looked for: ");
            lines.push(match scanners.as_slice() {
                [] => format!("{lead}the report names no scanner that found it"),
                some => format!("{lead}{}", some.join("; ")),
            });
            return lines;
        }
        Absence::Withheld { by } => lines.extend(by.iter().map(|by| {
            let (scanner, reason) = (&by.scanner, &by.reason);
            match direction {
                Direction::New => format!("{scanner} withheld it before: {reason}"),
                Direction::Gone => format!("{scanner} withholds it now: {reason}"),
            }
        })),
        Absence::PackageAbsent => lines.push(
            direction
                .pick("the package is new", "the package was removed")
                .to_owned(),
        ),
        Absence::OtherVersion {
            reported,
            installed,
        } => {
            let (reported, installed) = (list(reported), list(installed));
            lines.push(match direction {
                Direction::New => {
                    format!("came with the update: {installed} was there before, not {reported}")
                }
                Direction::Gone => {
                    format!("{reported} is no longer there; installed now: {installed}")
                }
            });
        }
        Absence::BelowFix {
            reported,
            installed,
            fixes,
        } => {
            let (reported, installed, fixes) = (list(reported), list(installed), list(fixes));
            lines.push(match direction {
                Direction::New => format!(
                    "{installed} was there before, not {reported}, and is below every fix that is \
                     named: {fixes}"
                ),
                Direction::Gone => format!(
                    "{reported} is no longer there, but installed now is {installed}, below every \
                     fix that is named: {fixes}"
                ),
            });
        }
        Absence::OtherPlatform => {
            let platform = |run: &RunBrief| run.platform.clone().unwrap_or_default();
            lines.push(format!(
                "the images are for different platforms, which have different packages: A {}, B {}",
                platform(&changes.runs.a),
                platform(&changes.runs.b)
            ));
        }
        Absence::NotCatalogued { scanners } => {
            let scanners = joined(scanners);
            lines.push(match direction {
                Direction::New => format!(
                    "the package was there, but not in the package list of {scanners}, which \
                     reports it now"
                ),
                Direction::Gone => format!(
                    "the package is still there, but no longer in the package list of {scanners}"
                ),
            });
        }
        Absence::DataChanged { scanners, state } => {
            lines.push(
                direction
                    .pick(
                        "the same version was there before; what the scanners know changed:",
                        "the same version is still there; what the scanners know changed:",
                    )
                    .to_owned(),
            );
            lines.extend(scanners.iter().map(|scanner| {
                let sides = changes.scanners.iter().find(|s| s.scanner == *scanner);
                let data = sides.map(data).filter(|data| !data.is_empty());
                let data = data.map_or_else(String::new, |data| format!(" ({})", data.join(", ")));
                let verb = direction.pick("reports it only now", "no longer reports it");
                format!("{scanner} {verb}{data}")
            }));
            lines.extend(standing(*state).map(str::to_owned));
        }
        Absence::Unstated => lines.push(
            direction
                .pick(
                    "no package list tells whether the package was there before",
                    "no package list tells whether the package is still there",
                )
                .to_owned(),
        ),
    }
    for (scanner, why) in &unmatched.no_result {
        lines.push(no_result(scanner, why, direction));
    }
    lines
}

/// The kind of reason for which findings are gone, to count them by.
pub(super) fn kind(why: &Absence) -> &'static str {
    match why {
        Absence::NotLooked => "not looked for",
        Absence::Withheld { .. } => "withheld by a scanner",
        Absence::PackageAbsent => "removed with the package",
        Absence::OtherVersion { .. } => "updated",
        Absence::BelowFix { .. } => "in another version below every fix",
        Absence::OtherPlatform => "on another platform",
        Absence::NotCatalogued { .. } => "no longer in the scanner's package list",
        Absence::DataChanged { .. } => "no longer known to the scanners",
        Absence::Unstated => "for a reason that nothing tells",
    }
}

fn no_result(scanner: &ScannerId, why: &NoResult, direction: Direction) -> String {
    match (why, direction) {
        (NoResult::Failed(failure), Direction::New) => format!(
            "{scanner} gave no result before ({})",
            phrases::failure(failure)
        ),
        (NoResult::Failed(failure), Direction::Gone) => {
            format!("{scanner} gave no result ({})", phrases::failure(failure))
        }
        (NoResult::NotRun, Direction::New) => format!("{scanner} did not run before"),
        (NoResult::NotRun, Direction::Gone) => format!("{scanner} did not run"),
    }
}

fn standing(state: AdvisoryState) -> Option<&'static str> {
    match state {
        AdvisoryState::Active => None,
        AdvisoryState::Disputed => Some("the vulnerability is disputed"),
        AdvisoryState::Withdrawn => Some("the advisory was withdrawn"),
        AdvisoryState::Rejected => Some("the id was rejected"),
    }
}

/// Version and database of a scanner with a part in both runs, from what to what where they differ.
pub(super) fn data(sides: &ScannerSides) -> Vec<String> {
    let (Some(a), Some(b)) = (&sides.parts.a, &sides.parts.b) else {
        return Vec::new();
    };
    let step = |name: &str, a: Option<&str>, b: Option<&str>| {
        let or_unknown = |text: Option<&str>| text.unwrap_or("not known").to_owned();
        match (a, b) {
            (None, None) => None,
            (a, b) if a == b => Some(format!("{name} {}", or_unknown(a))),
            (a, b) => Some(format!("{name} {} -> {}", or_unknown(a), or_unknown(b))),
        }
    };
    let (built_a, built_b) = (a.database_built.as_deref(), b.database_built.as_deref());
    let day = |text: Option<&str>| text.and_then(phrases::utc_day).map(|day| day.to_string());
    let days = (day(built_a), day(built_b));
    // Days are enough to read, as long as they tell the two apart.
    let database = if days.0 == days.1 && built_a != built_b {
        step("database", built_a, built_b)
    } else {
        step(
            "database",
            days.0.as_deref().or(built_a),
            days.1.as_deref().or(built_b),
        )
    };
    let version = step("version", a.version.as_deref(), b.version.as_deref());
    version.into_iter().chain(database).collect()
}

/// How a scanner ended in a run, in a word.
pub(super) fn status(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        None => "did not run",
        Some(Outcome::Completed) => "ok",
        Some(Outcome::Partial { .. }) => "partial",
        Some(Outcome::Failed(_)) => "failed",
    }
}

/// The same with what is missing, why, and what to do.
pub(super) fn outcome(outcome: Option<&Outcome>) -> Vec<String> {
    let status = status(outcome);
    match outcome {
        None | Some(Outcome::Completed) => vec![status.to_owned()],
        Some(Outcome::Partial { missing }) => vec![format!("{status}, missing: {missing}")],
        Some(Outcome::Failed(failure)) => vec![
            format!("{status}: {}", phrases::failure(failure)),
            format!("to do: {}", failure.remedy),
        ],
    }
}

/// What is different in a finding of both runs.
pub(super) fn differences(change: &ChangedFinding, changes: &Changes) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(decisions) = &change.decision {
        lines.extend(decision(decisions, &changes.runs.b.evaluated_at));
    }
    if let Some(severity) = &change.severity {
        lines.push(format!("severity {} -> {}", severity.a, severity.b));
    }
    if let Some(versions) = &change.versions {
        lines.push(format!(
            "still there in another version: {} -> {}",
            list(&versions.a),
            list(&versions.b)
        ));
    }
    if let Some(fix) = &change.fix {
        lines.extend(
            fix.b
                .as_ref()
                .map(|fix| format!("a fix is known now: {fix}")),
        );
        lines.extend(
            fix.a
                .as_ref()
                .map(|fix| format!("no fix is named any more, before: {fix}")),
        );
    }
    for reporter in &change.reporters {
        let scanner = &reporter.scanner;
        let otherwise = reporter.otherwise.as_ref();
        let otherwise = otherwise.map_or("it said nothing of it", |verdict| &verdict.reason);
        lines.push(if reporter.reports_now {
            format!("{scanner} reports it now; before: {otherwise}")
        } else {
            format!("{scanner} no longer reports it: {otherwise}")
        });
    }
    if let Some(key) = &change.key
        && (change.versions.is_none() || !key.a.starts_with(&format!("{}@", change.finding.id)))
    {
        lines.push(format!("named {} before", key.a));
    }
    lines
}

fn decision(decisions: &Sides<Option<DecisionBrief>>, now: &str) -> Vec<String> {
    let action = |decision: &Option<DecisionBrief>| decision.as_ref().map(|d| d.action);
    let name = |action: Option<Action>| action.map_or("not decided", Action::as_str);
    let (before, after) = (action(&decisions.a), action(&decisions.b));
    let because = decisions.b.as_ref().map_or_else(String::new, |decision| {
        format!(": {} [{}]", decision.reason, decision.rule)
    });
    let mut lines = Vec::new();
    if let (Some(Action::Ignore), Some(ignored)) = (before, &decisions.a) {
        let whose = ignored.owner.as_ref();
        let whose = whose.map_or_else(String::new, |owner| format!(" of {owner}"));
        let end = match &ignored.expires {
            Some(day) if is_past(day, now) => format!("ended on {day}"),
            _ => "no longer applies".to_owned(),
        };
        lines.push(format!(
            "no longer ignored: the rule {}{whose} {end}",
            ignored.rule
        ));
    }
    match (after, &decisions.b) {
        (Some(Action::Ignore), Some(ignored)) => {
            let owner = ignored.owner.as_deref().unwrap_or("no owner");
            let end = ignored.expires.as_ref();
            let end = end.map_or_else(|| "no end date".to_owned(), |day| format!("until {day}"));
            lines.push(format!("now ignored{because}, {owner}, {end}"));
        }
        (Some(Action::Block), _) => {
            lines.push(format!("now blocks{because}; before: {}", name(before)));
        }
        _ => lines.push(format!(
            "decision {} -> {}{because}",
            name(before),
            name(after)
        )),
    }
    lines.extend(
        decisions
            .b
            .iter()
            .flat_map(|decision| decision.notes.clone()),
    );
    lines
}

/// True for a last day that is over at a moment.
fn is_past(day: &str, moment: &str) -> bool {
    let day: Option<jiff::civil::Date> = day.parse().ok();
    day.zip(phrases::utc_day(moment))
        .is_some_and(|(day, today)| day < today)
}

/// Names of scanners.
pub(super) fn joined(scanners: &[ScannerId]) -> String {
    let names: Vec<&str> = scanners.iter().map(ScannerId::as_str).collect();
    names.join(", ")
}

/// Versions, or that there is none.
pub(super) fn list(versions: &[String]) -> String {
    match versions {
        [] => "no known version".to_owned(),
        some => phrases::names(some.iter().map(String::as_str)),
    }
}
