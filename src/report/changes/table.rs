//! The page as text for a terminal or a log.

use std::io;

use super::page::{Content, Page, Row, Section};
use crate::model::{Action, Severity};
use crate::report::Options;
use crate::report::grid::{Cell, Grid};
use crate::report::phrases;
use crate::report::sheet::{INDENT, Sheet};
use crate::report::theme::Tone;

/// From this width on, one row a finding.
const WIDE: u16 = 160;

/// Columns that severity and id may take before they are wrapped.
const NARROW_COLUMNS: [u16; 2] = [10, 20];
/// Columns of severity, decision and id in the wide layout.
const WIDE_COLUMNS: [u16; 3] = [10, 8, 32];

/// Writes the page.
pub(super) fn write(page: &Page, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = Writer {
        rows: options.rows,
        sheet: Sheet {
            width: options.width.max(Options::MIN_WIDTH),
            color: options.color,
            out,
        },
    };
    let tone = if page.is_worse {
        Tone::Worst
    } else {
        Tone::Heading
    };
    writer.sheet.paragraph(page.headline.as_str(), Some(tone))?;
    let mut facts = Grid::new(writer.sheet.width);
    for (name, lines) in &page.facts {
        facts.row([name.as_str().into(), Cell::lines(lines.iter().cloned())]);
    }
    facts.keep_whole(&[5]);
    for line in facts.into_lines() {
        writeln!(writer.sheet.out, "{line}")?;
    }
    for section in &page.sections {
        writer.section(section)?;
    }
    Ok(())
}

struct Writer<'a> {
    rows: Option<usize>,
    sheet: Sheet<'a>,
}

impl Writer<'_> {
    fn section(&mut self, section: &Section) -> io::Result<()> {
        self.sheet.heading(&section.title)?;
        for remark in &section.remarks {
            self.sheet.remark(remark.as_str())?;
        }
        for content in &section.contents {
            match content {
                Content::Findings(rows) => self.findings(rows)?,
                Content::Facts(rows) => self.facts(rows)?,
                Content::Difference(lines) => self.difference(lines)?,
            }
        }
        Ok(())
    }

    /// The rows of a list that are shown.
    fn shown<'b, T>(&self, all: &'b [T]) -> &'b [T] {
        self.rows.and_then(|rows| all.get(..rows)).unwrap_or(all)
    }

    /// Says how many rows of a list are not shown, if any.
    fn left_out(&mut self, all: usize, shown: usize) -> io::Result<()> {
        if all <= shown {
            return Ok(());
        }
        self.sheet
            .remark(format!("and {} more; --all lists them", all - shown))
    }

    fn findings(&mut self, rows: &[Row]) -> io::Result<()> {
        let shown = self.shown(rows);
        let wide = self.sheet.width >= WIDE;
        let mut grid = self.sheet.list();
        if wide {
            grid.header(&[
                "SEVERITY",
                "DECISION",
                "VULNERABILITY",
                "PACKAGE",
                "INSTALLED -> FIX",
                "REPORTED BY",
                "WHAT CHANGED",
            ]);
        }
        let room = self.room(shown);
        for row in shown {
            let action = row.action.map_or("-", Action::as_str);
            if wide {
                grid.row([
                    row.severity.as_str().into(),
                    action.into(),
                    row.id.as_str().into(),
                    row.package.as_str().into(),
                    row.versions.as_str().into(),
                    row.reporters.as_str().into(),
                    Cell::lines(row.why.iter().cloned()),
                ]);
            } else {
                let mut lines = phrases::flow([row.package.clone(), row.versions.clone()], room);
                lines.extend(row.why.iter().cloned());
                lines.extend(
                    (!row.reporters.is_empty()).then(|| format!("reported by {}", row.reporters)),
                );
                grid.row([
                    Cell::lines([row.severity.to_string(), action.to_owned()]),
                    row.id.as_str().into(),
                    Cell::lines(lines),
                ]);
            }
        }
        grid.keep_whole(if wide { &WIDE_COLUMNS } else { &NARROW_COLUMNS });
        self.sheet.grid(grid, severity_tone)?;
        self.left_out(rows.len(), shown.len())
    }

    /// Columns left for the third column of the narrow layout.
    fn room(&self, rows: &[Row]) -> usize {
        let [severity, id_cap] = NARROW_COLUMNS;
        let ids = rows.iter().map(|row| row.id.chars().count());
        let id = ids.max().unwrap_or_default().min(usize::from(id_cap));
        usize::from(self.sheet.width - INDENT).saturating_sub(usize::from(severity) + id + 4)
    }

    fn facts(&mut self, rows: &[(String, Vec<String>)]) -> io::Result<()> {
        let shown = self.shown(rows);
        let mut grid = self.sheet.list();
        for (name, lines) in shown {
            grid.row([name.as_str().into(), Cell::lines(lines.iter().cloned())]);
        }
        grid.keep_whole(&[16]);
        self.sheet.grid(grid, |_| Tone::Plain)?;
        self.left_out(rows.len(), shown.len())
    }

    fn difference(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.sheet.gap()?;
        let shown = self.shown(lines);
        for line in shown {
            self.sheet.remark(line.as_str())?;
        }
        self.left_out(lines.len(), shown.len())
    }
}

/// The tone of a severity's name.
fn severity_tone(word: &str) -> Tone {
    Severity::WORST_FIRST
        .into_iter()
        .find(|severity| severity.as_str() == word)
        .map_or(Tone::Plain, Tone::from)
}
