//! What is on the page, and in which order.

use std::collections::BTreeMap;

use super::words::{self, Direction};
use crate::model::changes::{
    Absence, ChangedFinding, Changes, FindingBrief, RunBrief, ScannerSides, TextChange, Unmatched,
};
use crate::model::{Action, ScannerId, Severity};
use crate::report::Options;
use crate::report::document::{
    self, Column, Cut, Document, Fact, Line, Narrow, Section, Table, Value,
};
use crate::report::phrases::{self, count};
use crate::report::theme::Tone;

/// Width that the reasons of a finding need beside it.
const REASONS: u16 = 60;

/// The page.
pub(super) fn document(changes: &Changes, options: &Options) -> Document {
    let writer = Writer {
        changes,
        cut: Cut(options),
    };
    let sections = [
        writer.failures(),
        writer.unmatched("New", &changes.new, Direction::New),
        writer.unmatched("Fixed", &changes.fixed, Direction::Gone),
        writer.gone(),
        writer.changed(),
        writer.scanners(),
        Some(writer.packages()),
        writer.policy(),
    ];
    Document {
        title: words::headline(&changes.counts),
        tone: if changes.counts.newly_blocking() > 0 {
            Tone::Worst
        } else {
            Tone::Heading
        },
        notices: Vec::new(),
        facts: facts(changes),
        sections: sections.into_iter().flatten().collect(),
        footer: document::footer(&changes.tool, "difference", options),
    }
}

/// What is compared.
fn facts(changes: &Changes) -> Vec<Fact> {
    let run = |name: &str, run: &RunBrief| {
        let verdict = words::verdict(&run.verdict);
        let evaluated = format!("evaluated at {}: {verdict}", run.evaluated_at);
        let image = match &run.platform {
            Some(platform) => format!("{} ({platform})", run.reference),
            None => run.reference.clone(),
        };
        Fact::lines(name, vec![run.source.clone(), image, evaluated])
    };
    vec![
        run("A", &changes.runs.a),
        run("B", &changes.runs.b),
        Fact::new("Image", words::target(changes.target)),
    ]
}

/// What the sections are written from.
struct Writer<'a> {
    changes: &'a Changes,
    cut: Cut<'a>,
}

impl Writer<'_> {
    /// Adds facts, as many as are shown.
    fn list(&self, section: &mut Section, mut facts: Vec<Fact>) {
        let all = facts.len();
        facts.truncate(self.cut.shown(&facts).len());
        let shown = facts.len();
        section.facts(facts);
        self.cut.left_out(section, all, shown);
    }

    /// Adds the lines of a difference, as many as are shown.
    fn difference(&self, section: &mut Section, lines: &[impl AsRef<str>]) {
        let shown = self.cut.shown(lines);
        section.difference(shown.iter().map(|line| line.as_ref().to_owned()).collect());
        self.cut.left_out(section, lines.len(), shown.len());
    }

    /// Adds findings with what became of each, as many as are shown.
    fn findings<T>(
        &self,
        section: &mut Section,
        all: &[T],
        finding: fn(&T) -> &FindingBrief,
        why: impl Fn(&T) -> Vec<String>,
    ) {
        let mut table = Table::new(
            3,
            [
                "severity",
                "decision",
                "vulnerability",
                "package",
                "installed -> fix",
                "reporters",
                "what changed",
            ]
            .map(Column::text),
        );
        table.wraps = Some((6, REASONS));
        table.tone = severity_tone;
        let shown = self.cut.shown(all);
        for one in shown {
            add(&mut table, finding(one), why(one));
        }
        section.table(table);
        self.cut.left_out(section, all.len(), shown.len());
    }

    /// What keeps the answer from being whole. First, since it says how far the rest can be trusted.
    fn failures(&self) -> Option<Section> {
        let changes = self.changes;
        let mut rows: Vec<Fact> = changes
            .scanners
            .iter()
            .filter(|sides| sides.lacks_a_result())
            .map(|sides| Fact::lines(&*sides.title, sides_lines(sides)))
            .collect();
        for (name, run) in [("A", &changes.runs.a), ("B", &changes.runs.b)] {
            if !run.verdict.insufficient.is_empty() {
                let title = format!("{name}, not enough");
                rows.push(Fact::lines(title, run.verdict.insufficient.clone()));
            }
            if run.package_lists.is_empty() {
                rows.push(Fact::new(
                    format!("{name}, packages"),
                    "no whole package list: nothing tells whether a package was removed or updated; \
                     give the run's directory in place of a report",
                ));
            }
        }
        if rows.is_empty() {
            return None;
        }
        let mut section = Section::open(format!("Incomplete ({})", rows.len()));
        self.list(&mut section, rows);
        Some(section)
    }

    /// Findings that only one run has.
    fn unmatched(&self, title: &str, all: &[Unmatched], direction: Direction) -> Option<Section> {
        if all.is_empty() {
            return None;
        }
        let mut section = Section::open(counted(title, all));
        self.add_unmatched(&mut section, all, direction);
        Some(section)
    }

    fn add_unmatched(&self, section: &mut Section, all: &[Unmatched], direction: Direction) {
        let why = |one: &Unmatched| words::absence(one, direction, self.changes);
        self.findings(section, all, |one| &one.finding, why);
    }

    /// By reason, so that what nobody looked for is not lost among the rest.
    fn gone(&self) -> Option<Section> {
        let mut all = self.changes.gone.clone();
        if all.is_empty() {
            return None;
        }
        all.sort_by_key(|unmatched| order(&unmatched.why));
        let mut counts: BTreeMap<usize, (&str, usize)> = BTreeMap::new();
        for one in &all {
            let entry = counts.entry(order(&one.why));
            entry.or_insert((words::kind(&one.why), 0)).1 += 1;
        }
        let counts: Vec<String> = counts
            .into_values()
            .map(|(kind, number)| format!("{number} {kind}"))
            .collect();
        let mut section = Section::open(counted("Gone, not known to be fixed", &all));
        if counts.len() > 1 {
            section.text(counts.join(", "));
        }
        self.add_unmatched(&mut section, &all, Direction::Gone);
        Some(section)
    }

    fn changed(&self) -> Option<Section> {
        let all = &self.changes.changed;
        if all.is_empty() {
            return None;
        }
        let mut section = Section::open(format!("Changed ({})", all.len()));
        let why = |change: &ChangedFinding| words::differences(change, self.changes);
        self.findings(&mut section, all, |change| &change.finding, why);
        Some(section)
    }

    fn scanners(&self) -> Option<Section> {
        let all = &self.changes.scanners;
        if all.is_empty() {
            return None;
        }
        let rows = all
            .iter()
            .map(|sides| {
                let [before, after] = [&sides.parts.a, &sides.parts.b]
                    .map(|part| words::status(part.as_ref().map(|part| &part.outcome)));
                let mut parts = vec![if before == after {
                    before.to_owned()
                } else {
                    format!("{before} -> {after}")
                }];
                parts.extend(words::data(sides));
                Fact::new(&*sides.title, parts.join(", "))
            })
            .collect();
        let mut section = Section::open(format!("Scanners ({})", all.len()));
        self.list(&mut section, rows);
        Some(section)
    }

    fn packages(&self) -> Section {
        let packages = &self.changes.packages;
        if !packages.is_known() {
            let mut section = Section::open("Packages (not compared)");
            section.text(
                "No scanner gave its whole package list in both runs, so nothing tells which packages \
                 changed.",
            );
            return section;
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
                Fact::new(row.ecosystem.to_string(), line)
            })
            .collect();
        let mut section = Section::open(format!(
            "Packages ({} added, {} removed, {} updated)",
            packages.added.len(),
            packages.removed.len(),
            packages.updated.len()
        ));
        self.list(&mut section, rows);
        self.difference(&mut section, &package_lines(self.changes));
        section
    }

    fn policy(&self) -> Option<Section> {
        let policy = &self.changes.policy;
        let mut remarks = Vec::new();
        for (name, sides) in [("policy", &policy.source), ("profile", &policy.profile)] {
            if sides.a != sides.b {
                remarks.push(format!("Applied {name}: {} -> {}", sides.a, sides.b));
            }
        }
        let (title, lines) = match &policy.text {
            TextChange::Unknown | TextChange::Same if remarks.is_empty() => return None,
            TextChange::Unknown => ("not compared: a run keeps no policy text", Vec::new()),
            TextChange::Same => ("the same text", Vec::new()),
            TextChange::Different { diff: Some(diff) } => ("other text", diff.lines().collect()),
            TextChange::Different { diff: None } => {
                ("other text, too long to be compared here", Vec::new())
            }
        };
        let mut section = Section::open(format!("Policy ({title})"));
        for remark in remarks {
            section.text(remark);
        }
        self.difference(&mut section, &lines);
        Some(section)
    }
}

/// `New (3: 1 critical, 2 low)`.
fn counted(title: &str, all: &[Unmatched]) -> String {
    let severities = phrases::levels(all.iter().map(|unmatched| unmatched.finding.severity));
    format!("{title} ({}: {severities})", all.len())
}

/// Adds a finding with what became of it, and why.
fn add(table: &mut Table, finding: &FindingBrief, why: Vec<String>) {
    let decision = finding.action.map(Action::as_str);
    let id = finding.id.to_string();
    let package = words::package(finding);
    let versions = words::versions(finding);
    let reporters = phrases::names(finding.reporters.iter().map(ScannerId::as_str));
    let mut lines = vec![Line {
        parts: vec![package.clone(), versions.clone()],
        mark: "",
    }];
    lines.extend(why.iter().cloned().map(Line::from));
    lines.extend((!reporters.is_empty()).then(|| Line::from(format!("reported by {reporters}"))));
    let narrow = Narrow {
        labels: vec![
            vec![
                finding.severity.to_string(),
                decision.unwrap_or("-").to_owned(),
            ],
            vec![id.clone()],
        ],
        lines,
    };
    let values = [
        finding.severity.as_str().into(),
        decision.into(),
        Value::Name(id),
        Value::Name(package),
        Value::Name(versions),
        reporters.into(),
        Value::Lines(why),
    ];
    table.row_or(values, narrow);
}

/// The tone of a severity's name.
fn severity_tone(word: &str) -> Tone {
    Severity::WORST_FIRST
        .into_iter()
        .find(|severity| severity.as_str() == word)
        .map_or(Tone::Plain, Tone::from)
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

/// The order of the reasons, that of [`Absence`].
fn order(why: &Absence) -> usize {
    match why {
        Absence::NotLooked => 0,
        Absence::Withheld { .. } => 1,
        Absence::PackageAbsent => 2,
        Absence::OtherVersion { .. } => 3,
        Absence::BelowFix { .. } => 4,
        Absence::OtherPlatform => 5,
        Absence::NotCatalogued { .. } => 6,
        Absence::DataChanged { .. } => 7,
        Absence::Unstated => 8,
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
