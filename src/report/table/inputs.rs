//! What was not looked at, what was kept back, and what became of the inputs.

use std::collections::BTreeMap;
use std::io;

use super::Page;
use crate::model::DiagnosticLevel;
use crate::report::grid::Cell;
use crate::report::phrases::{self, count};
use crate::report::theme::Tone;

impl Page<'_> {
    /// Packages that nobody assesses, by kind and reason.
    pub(super) fn unchecked(&mut self) -> io::Result<()> {
        let packages = &self.report.unchecked;
        if packages.is_empty() {
            return Ok(());
        }
        self.sheet.heading(&format!(
            "NOT CHECKED ({})",
            count(packages.len(), "package", "packages")
        ))?;
        self.sheet
            .remark("No scanner of this run assesses them. That is not the same as clean.")?;
        let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for package in packages {
            groups
                .entry((package.ecosystem.as_str(), &package.reason))
                .or_default()
                .push(&package.name);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
        let shown = self.cut().shown(&groups);
        let mut grid = self.sheet.list();
        for ((ecosystem, reason), names) in shown {
            grid.row([
                format!("{} {ecosystem}", names.len()).into(),
                Cell::lines([(*reason).to_owned(), phrases::names(names.iter().copied())]),
            ]);
        }
        grid.keep_whole(&[14]);
        let shown = shown.len();
        self.sheet.grid(grid, |_| Tone::Plain)?;
        self.left_out(groups.len(), shown)
    }

    /// What the scanners found and kept back, by scanner and reason.
    pub(super) fn suppressed(&mut self) -> io::Result<()> {
        let records = &self.report.suppressed;
        if records.is_empty() {
            return Ok(());
        }
        self.sheet
            .heading(&format!("WITHHELD BY SCANNERS ({})", records.len()))?;
        self.sheet
            .remark("Found and left out by the scanner itself; no other scanner reports them.")?;
        let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for record in records {
            groups
                .entry((record.scanner.as_str(), &record.reason))
                .or_default()
                .push(record.id.as_str());
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
        let shown = self.cut().shown(&groups);
        let mut grid = self.sheet.list();
        for ((scanner, reason), ids) in shown {
            grid.row([
                format!("{} {scanner}", ids.len()).into(),
                Cell::lines([(*reason).to_owned(), phrases::names(ids.iter().copied())]),
            ]);
        }
        grid.keep_whole(&[18]);
        let shown = shown.len();
        self.sheet.grid(grid, |_| Tone::Plain)?;
        self.left_out(groups.len(), shown)
    }

    /// What a person should know about the inputs; the same message once, with its number.
    pub(super) fn diagnostics(&mut self) -> io::Result<()> {
        let everything = self.options.rows.is_none();
        let mut groups: BTreeMap<_, (usize, Option<&str>)> = BTreeMap::new();
        let mut notes = 0;
        for diagnostic in &self.report.diagnostics {
            if diagnostic.level == DiagnosticLevel::Note && !everything {
                notes += 1;
                continue;
            }
            // Reversed, so that the worst come first.
            let key = (
                std::cmp::Reverse(diagnostic.level),
                diagnostic.origin.as_str(),
                diagnostic.message.as_str(),
            );
            let group = groups.entry(key).or_default();
            group.0 += 1;
            group.1 = group.1.or(diagnostic.pointer.as_deref());
        }
        if groups.is_empty() && notes == 0 {
            return Ok(());
        }
        let groups: Vec<_> = groups.into_iter().collect();
        self.sheet.heading("ABOUT THE INPUTS")?;
        let shown = self.cut().shown(&groups);
        let mut grid = self.sheet.list();
        for ((level, origin, message), (number, pointer)) in shown {
            let level = match level.0 {
                DiagnosticLevel::Note => "note",
                DiagnosticLevel::Warning => "warning",
                DiagnosticLevel::Unreadable => "unreadable",
            };
            let origin = match *origin {
                "" => String::new(),
                origin => format!("{origin}: "),
            };
            let place = match (number, pointer) {
                (1, Some(pointer)) => format!(" (at {pointer})"),
                (1, None) => String::new(),
                (_, Some(pointer)) => format!(" ({number} times, first at {pointer})"),
                (_, None) => format!(" ({number} times)"),
            };
            let text = format!("{origin}{message}{place}");
            grid.row([level.into(), text.into()]);
        }
        grid.keep_whole(&[10]);
        let shown = shown.len();
        self.sheet.grid(grid, |word| match word {
            "warning" => Tone::Attention,
            "unreadable" => Tone::Bad,
            _ => Tone::Plain,
        })?;
        self.left_out(groups.len(), shown)?;
        if notes > 0 {
            let place = self.cut().place();
            let notes = count(notes, "note", "notes");
            self.sheet
                .remark(format!("and {notes}. {place} lists all."))?;
        }
        Ok(())
    }

    /// What became of every observation, in one line, where any report counts. A report of a scanner
    /// that failed does not, whatever it holds.
    pub(super) fn accounting(&mut self) -> io::Result<()> {
        if self.report.accounting.is_empty() {
            return Ok(());
        }
        let mut read = 0;
        let mut entries = 0;
        let mut in_findings = 0;
        let mut suppressed = 0;
        let mut unreadable = 0;
        let mut other = 0;
        for row in &self.report.accounting {
            read += row.observations;
            entries += row.entries;
            in_findings += row.in_findings;
            suppressed += row.suppressed;
            unreadable += row.unreadable;
            other += row.not_vulnerabilities;
        }
        let scanners = self.report.scanners.iter();
        let mut failed = scanners.filter(|scanner| !scanner.outcome.is_trustworthy());
        let whose = match failed.next() {
            Some(_) => " of the scanners with a result",
            None => "",
        };
        let mut sentences = vec![format!(
            "Accounts: {} in the raw reports{whose}; {} read, {in_findings} of them in findings; \
             {suppressed} withheld by scanners.",
            count(entries, "entry", "entries"),
            count(read, "observation", "observations"),
        )];
        if unreadable > 0 {
            let entries = count(unreadable, "entry", "entries");
            sentences.push(format!("{entries} could not be read."));
        }
        if other > 0 {
            let entries = count(other, "entry", "entries");
            sentences.push(format!("{entries} not about vulnerabilities."));
        }
        let lost = read.abs_diff(in_findings);
        if lost > 0 {
            sentences.push(format!(
                "{lost} unaccounted for: please report this as a bug."
            ));
        }
        self.sheet.gap()?;
        self.sheet.paragraph(sentences.join(" "), None)
    }
}
