//! What is on the page, in which order and words, whatever it looks like.

use std::collections::BTreeMap;

use super::words::{self, Direction};
use crate::model::changes::{
    Absence, ChangedFinding, Changes, FindingBrief, RunBrief, ScannerSides, TextChange, Unmatched,
};
use crate::model::{Action, ScannerId, Severity};
use crate::report::phrases::{self, count};

/// The page.
pub(super) struct Page {
    /// What matters, in one line.
    pub(super) headline: String,
    /// Whether something blocks that did not before.
    pub(super) is_worse: bool,
    /// What is compared, by name.
    pub(super) facts: Vec<(String, Vec<String>)>,
    /// The rest. Those that would be empty are left out.
    pub(super) sections: Vec<Section>,
}

/// A part of the page.
pub(super) struct Section {
    pub(super) title: String,
    /// Sentences below the title.
    pub(super) remarks: Vec<String>,
    pub(super) contents: Vec<Content>,
}

/// A list, which may be cut.
pub(super) enum Content {
    /// Findings.
    Findings(Vec<Row>),
    /// Things with lines about each.
    Facts(Vec<(String, Vec<String>)>),
    /// Lines of a difference, each with its sign in front.
    Difference(Vec<String>),
}

/// A finding.
pub(super) struct Row {
    pub(super) severity: Severity,
    pub(super) action: Option<Action>,
    pub(super) id: String,
    pub(super) package: String,
    pub(super) versions: String,
    pub(super) reporters: String,
    /// What became of it, and why.
    pub(super) why: Vec<String>,
}

impl Page {
    pub(super) fn of(changes: &Changes) -> Self {
        let sections = [
            failures(changes),
            new(changes),
            fixed(changes),
            gone(changes),
            changed(changes),
            scanners(changes),
            Some(packages(changes)),
            policy(changes),
        ];
        Self {
            headline: words::headline(&changes.counts),
            is_worse: changes.counts.newly_blocking() > 0,
            facts: facts(changes),
            sections: sections.into_iter().flatten().collect(),
        }
    }
}

fn facts(changes: &Changes) -> Vec<(String, Vec<String>)> {
    let run = |run: &RunBrief| {
        vec![
            run.source.clone(),
            run.reference.clone(),
            format!(
                "evaluated at {}: {}",
                run.evaluated_at,
                words::verdict(&run.verdict)
            ),
        ]
    };
    vec![
        ("A".to_owned(), run(&changes.runs.a)),
        ("B".to_owned(), run(&changes.runs.b)),
        (
            "Image".to_owned(),
            vec![words::target(changes.target).to_owned()],
        ),
    ]
}

/// What keeps the answer from being whole. First, since it says how far the rest can be trusted.
fn failures(changes: &Changes) -> Option<Section> {
    let mut rows: Vec<(String, Vec<String>)> = changes
        .scanners
        .iter()
        .filter(|sides| sides.lacks_a_result())
        .map(|sides| (sides.title.clone(), sides_lines(sides)))
        .collect();
    for (name, run) in [("A", &changes.runs.a), ("B", &changes.runs.b)] {
        if !run.verdict.insufficient.is_empty() {
            let title = format!("{name}, not enough");
            rows.push((title, run.verdict.insufficient.clone()));
        }
        if run.package_lists.is_empty() {
            let line = "no whole package list: nothing tells whether a package was removed or \
                        updated; give the run's directory in place of a report"
                .to_owned();
            rows.push((format!("{name}, packages"), vec![line]));
        }
    }
    (!rows.is_empty()).then(|| Section {
        title: format!("INCOMPLETE ({})", rows.len()),
        remarks: Vec::new(),
        contents: vec![Content::Facts(rows)],
    })
}

/// How a scanner ended in each run; once, where it ended alike.
fn sides_lines(sides: &ScannerSides) -> Vec<String> {
    let [a, b] = [&sides.parts.a, &sides.parts.b]
        .map(|part| words::outcome(part.as_ref().map(|part| &part.outcome)));
    let named = if a == b {
        vec![("A and B", a)]
    } else {
        vec![("A", a), ("B", b)]
    };
    let mut lines = Vec::new();
    for (name, outcome) in named {
        let mut outcome = outcome.into_iter();
        lines.extend(outcome.next().map(|line| format!("{name}: {line}")));
        lines.extend(outcome);
    }
    lines
}

fn row(finding: &FindingBrief, why: Vec<String>) -> Row {
    Row {
        severity: finding.severity,
        action: finding.action,
        id: finding.id.to_string(),
        package: words::package(finding),
        versions: words::versions(finding),
        reporters: phrases::names(finding.reporters.iter().map(ScannerId::as_str)),
        why,
    }
}

/// A section of findings that only one run has.
fn unmatched(
    title: &str,
    all: &[Unmatched],
    direction: Direction,
    changes: &Changes,
) -> Option<Section> {
    if all.is_empty() {
        return None;
    }
    let severities = phrases::levels(all.iter().map(|unmatched| unmatched.finding.severity));
    let rows = all
        .iter()
        .map(|unmatched| {
            let why = words::absence(unmatched, direction, changes);
            row(&unmatched.finding, why)
        })
        .collect();
    Some(Section {
        title: format!("{title} ({}: {severities})", all.len()),
        remarks: Vec::new(),
        contents: vec![Content::Findings(rows)],
    })
}

fn new(changes: &Changes) -> Option<Section> {
    unmatched("NEW", &changes.new, Direction::New, changes)
}

fn fixed(changes: &Changes) -> Option<Section> {
    unmatched("FIXED", &changes.fixed, Direction::Gone, changes)
}

/// By reason, so that what nobody looked for is not lost among the rest.
fn gone(changes: &Changes) -> Option<Section> {
    let mut all = changes.gone.clone();
    all.sort_by_key(|unmatched| order(&unmatched.why));
    let mut counts: BTreeMap<usize, (&str, usize)> = BTreeMap::new();
    for one in &all {
        let entry = counts.entry(order(&one.why));
        entry.or_insert((words::kind(&one.why), 0)).1 += 1;
    }
    let mut section = unmatched(
        "GONE, NOT KNOWN TO BE FIXED",
        &all,
        Direction::Gone,
        changes,
    )?;
    let counts: Vec<String> = counts
        .into_values()
        .map(|(kind, number)| format!("{number} {kind}"))
        .collect();
    if counts.len() > 1 {
        section.remarks.push(format!("{}.", counts.join(", ")));
    }
    Some(section)
}

/// The order of the reasons, as they are tested.
fn order(why: &Absence) -> usize {
    match why {
        Absence::NotLooked => 0,
        Absence::Withheld { .. } => 1,
        Absence::PackageAbsent => 2,
        Absence::OtherVersion { .. } => 3,
        Absence::NotCatalogued { .. } => 4,
        Absence::DataChanged { .. } => 5,
        Absence::Unstated => 6,
    }
}

fn changed(changes: &Changes) -> Option<Section> {
    let all: &[ChangedFinding] = &changes.changed;
    let rows: Vec<Row> = all
        .iter()
        .map(|change| row(&change.finding, words::differences(change, changes)))
        .collect();
    (!rows.is_empty()).then(|| Section {
        title: format!("CHANGED ({})", rows.len()),
        remarks: Vec::new(),
        contents: vec![Content::Findings(rows)],
    })
}

fn scanners(changes: &Changes) -> Option<Section> {
    let rows: Vec<(String, Vec<String>)> = changes
        .scanners
        .iter()
        .map(|sides| {
            let mut lines = Vec::new();
            let [before, after] = [&sides.parts.a, &sides.parts.b]
                .map(|part| words::status(part.as_ref().map(|part| &part.outcome)));
            lines.push(if before == after {
                before.to_owned()
            } else {
                format!("{before} -> {after}")
            });
            let data = words::data(sides);
            lines.extend(data);
            (sides.title.clone(), vec![lines.join(", ")])
        })
        .collect();
    (!rows.is_empty()).then(|| Section {
        title: format!("SCANNERS ({})", rows.len()),
        remarks: Vec::new(),
        contents: vec![Content::Facts(rows)],
    })
}

fn packages(changes: &Changes) -> Section {
    let packages = &changes.packages;
    if !packages.is_known() {
        return Section {
            title: "PACKAGES (not compared)".to_owned(),
            remarks: vec![
                "No scanner gave its whole package list in both runs, so nothing tells which \
                 packages changed."
                    .to_owned(),
            ],
            contents: Vec::new(),
        };
    }
    let rows = packages
        .ecosystems
        .iter()
        .map(|row| {
            let line = format!(
                "{} -> {}: {} added, {} removed, {} updated, by the lists of {}",
                row.packages.a,
                count(row.packages.b, "package", "packages"),
                row.added,
                row.removed,
                row.updated,
                row.scanner
            );
            (row.ecosystem.to_string(), vec![line])
        })
        .collect();
    Section {
        title: format!(
            "PACKAGES ({} added, {} removed, {} updated)",
            packages.added.len(),
            packages.removed.len(),
            packages.updated.len()
        ),
        remarks: Vec::new(),
        contents: vec![
            Content::Facts(rows),
            Content::Difference(package_lines(changes)),
        ],
    }
}

/// The two lists as a difference of lines `ecosystem/name version`. Both are sets in one order, so
/// the shortest difference is what only one of them has.
fn package_lines(changes: &Changes) -> Vec<String> {
    let packages = &changes.packages;
    // By package, then what is taken away before what is put there.
    let mut lines = Vec::new();
    let one_sided = [('-', &packages.removed), ('+', &packages.added)];
    for (sign, package) in one_sided
        .into_iter()
        .flat_map(|(sign, packages)| packages.iter().map(move |package| (sign, package)))
    {
        for version in &package.versions {
            lines.push((&package.ecosystem, &package.name, sign == '+', version));
        }
    }
    for update in &packages.updated {
        let sides = [
            (false, &update.versions.a, &update.versions.b),
            (true, &update.versions.b, &update.versions.a),
        ];
        for (is_added, own, others) in sides {
            for version in own.iter().filter(|version| !others.contains(version)) {
                lines.push((&update.ecosystem, &update.name, is_added, version));
            }
        }
    }
    // Stable: the versions of one package stay in their order.
    lines.sort_by_key(|(ecosystem, name, is_added, _)| (*ecosystem, *name, *is_added));
    lines
        .into_iter()
        .map(|(ecosystem, name, is_added, version)| {
            let sign = if is_added { '+' } else { '-' };
            format!("{sign}{ecosystem}/{name} {version}")
        })
        .collect()
}

fn policy(changes: &Changes) -> Option<Section> {
    let policy = &changes.policy;
    let mut remarks = Vec::new();
    for (name, sides) in [("policy", &policy.source), ("profile", &policy.profile)] {
        if sides.a != sides.b {
            remarks.push(format!("Applied {name}: {} -> {}.", sides.a, sides.b));
        }
    }
    let (title, contents) = match &policy.text {
        TextChange::Unknown | TextChange::Same if remarks.is_empty() => return None,
        TextChange::Unknown => ("not compared: a run keeps no policy text", Vec::new()),
        TextChange::Same => ("the same text", Vec::new()),
        TextChange::Different { diff: Some(diff) } => {
            let lines = diff.lines().map(str::to_owned).collect();
            ("other text", vec![Content::Difference(lines)])
        }
        TextChange::Different { diff: None } => {
            ("other text, too long to be compared here", Vec::new())
        }
    };
    Some(Section {
        title: format!("POLICY ({title})"),
        remarks,
        contents,
    })
}
