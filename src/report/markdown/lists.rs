//! Lists that are cut, and the evidence that a page folds.

use std::collections::BTreeMap;

use super::super::document::{Column, Section, Table, Value};
use super::super::{Options, phrases, table};
use crate::model::report::{Report, SuppressedRecord, UncheckedPackage};
use crate::model::{Diagnostic, DiagnosticLevel};

/// How many rows a list may have, and where all of them are.
#[derive(Clone, Copy)]
pub(super) struct List<'o> {
    rows: usize,
    options: &'o Options,
}

impl<'o> List<'o> {
    /// Lists of so many rows.
    pub(super) fn new(rows: usize, options: &'o Options) -> Self {
        Self { rows, options }
    }

    /// The rows that are shown.
    pub(super) fn shown<T>(self, all: &[T]) -> &[T] {
        all.get(..self.rows).unwrap_or(all)
    }

    /// Says how many of so many rows are not shown, if any, and where they are.
    pub(super) fn more(self, all: usize) -> Option<String> {
        let place = self.options.json_report().unwrap_or("The JSON report");
        let more = all.checked_sub(self.rows).filter(|more| *more > 0)?;
        Some(format!("and {more} more of {all}. {place} lists all."))
    }

    /// Adds the shown rows of `all`.
    pub(super) fn table(self, section: &mut Section, table: Table, all: usize) {
        section.table(table);
        if let Some(more) = self.more(all) {
            section.text(more);
        }
    }

    /// How the scanners compare.
    pub(super) fn coverage(self, report: &Report) -> Option<Section> {
        let coverage = &report.coverage;
        if coverage.scanners.is_empty() {
            return None;
        }
        let mut section = Section::folded(format!(
            "Coverage: {} reported by every scanner with a result",
            coverage.shared_by_all
        ));
        let table = table::matrix(report, self.shown(&coverage.scanners));
        self.table(&mut section, table, coverage.scanners.len());
        let columns = ["one scanner", "another", "agreement", "adjusted"];
        let mut table = Table::new(2, columns.map(Column::text));
        for pair in self.shown(&coverage.pairs) {
            table.row([
                (&pair.a).into(),
                (&pair.b).into(),
                phrases::naive(pair).into(),
                phrases::adjusted(pair).into(),
            ]);
        }
        self.table(&mut section, table, coverage.pairs.len());
        Some(section)
    }

    /// Packages that nobody assesses, by kind and reason.
    pub(super) fn unchecked(self, packages: &[UncheckedPackage]) -> Option<Section> {
        let groups = groups(packages.iter().map(|package| {
            let key = (package.ecosystem.as_str(), package.reason.as_str());
            (key, package.name.as_str())
        }));
        let title = format!("Not checked by any scanner: {}", packages.len());
        self.groups(title, ["kind", "why"], &groups)
    }

    /// What the scanners found and kept back.
    pub(super) fn withheld(self, records: &[SuppressedRecord]) -> Option<Section> {
        let groups = groups(records.iter().map(|record| {
            let key = (record.scanner.as_str(), record.reason.as_str());
            (key, record.id.as_str())
        }));
        let title = format!("Withheld by scanners: {}", records.len());
        self.groups(title, ["scanner", "why"], &groups)
    }

    fn groups(
        self,
        title: String,
        [one, other]: [&str; 2],
        groups: &[(Key<'_>, Vec<&str>)],
    ) -> Option<Section> {
        if groups.is_empty() {
            return None;
        }
        let columns = [
            Column::number("number"),
            Column::text(one),
            Column::text(other),
            Column::text("names"),
        ];
        let mut table = Table::new(1, columns);
        for ((first, second), names) in self.shown(groups) {
            table.row([
                names.len().into(),
                (*first).into(),
                (*second).into(),
                Value::name(phrases::names(names.iter().copied())),
            ]);
        }
        let mut section = Section::folded(title);
        self.table(&mut section, table, groups.len());
        Some(section)
    }

    /// What a person should know about the inputs and the ignore rules.
    pub(super) fn notes(self, report: &Report) -> Option<Section> {
        let policy = &report.policy;
        let rules = [
            ("expired ignore rule", &policy.expired_rules),
            ("ignore rule that matched nothing", &policy.unused_rules),
            ("ignore rules that overlap", &policy.overlapping_rules),
        ];
        let mut notes: Vec<String> = rules
            .into_iter()
            .flat_map(|(word, rules)| rules.iter().map(move |rule| format!("{word}: {rule}")))
            .collect();
        let unreadable = said(report, DiagnosticLevel::Unreadable);
        notes.extend(unreadable.chain(said(report, DiagnosticLevel::Warning)));
        if notes.is_empty() {
            return None;
        }
        let mut section = Section::folded(format!("Notes: {}", notes.len()));
        for note in self.shown(&notes) {
            section.item(note.as_str());
        }
        if let Some(more) = self.more(notes.len()) {
            section.text(more);
        }
        Some(section)
    }
}

fn said(report: &Report, level: DiagnosticLevel) -> impl Iterator<Item = String> {
    let diagnostics = report.diagnostics.iter();
    diagnostics
        .filter(move |diagnostic| diagnostic.level == level)
        .map(
            |Diagnostic {
                 origin,
                 pointer,
                 message,
                 ..
             }| {
                let origin = if origin.is_empty() {
                    String::new()
                } else {
                    format!("{origin}: ")
                };
                let place = pointer.as_ref();
                let place = place.map_or_else(String::new, |place| format!(" (at {place})"));
                format!("{origin}{message}{place}")
            },
        )
}

/// Two words that names are grouped by.
type Key<'a> = (&'a str, &'a str);

/// Names by their key, the most first.
fn groups<'a>(names: impl Iterator<Item = (Key<'a>, &'a str)>) -> Vec<(Key<'a>, Vec<&'a str>)> {
    let mut groups: BTreeMap<Key<'a>, Vec<&'a str>> = BTreeMap::new();
    for (key, name) in names {
        groups.entry(key).or_default().push(name);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    groups
}
