//! The report as text for a person.
//!
//! Written for whoever opens the log of a failed build: the answer and its reason first, then what
//! to do, then what stands in the way of trusting it, then what the policy decides on each finding.
//! The last line repeats the answer, because logs are read from both ends.
//!
//! There are three of it. In the table, up to [`WIDE_FROM`] columns a finding is a short paragraph
//! beside its id, above it is one row. In the wide one it is a row at any width. [`compact`] says
//! only what has to be done.

mod compact;
mod coverage;
mod findings;
mod footer;
mod inputs;
mod scanners;
mod todo;
mod verdict;

use std::io;

use super::document::Cut;
use super::grid::Cell;
use super::sheet::Sheet;
use super::{Description, Options, links, no_warnings};
use crate::model::report::Report;
use crate::model::{Action, Finding};

pub(super) use compact::FORMAT as COMPACT;
pub(super) use coverage::matrix;
pub(super) use scanners::scanner_result;
pub(super) use todo::{Step, steps};
pub(super) use verdict::{answer, counts, distro, drawn_on};

/// Text for a person: a terminal or the log of a build.
pub(super) const FORMAT: Description = Description {
    name: "table",
    title: "text for a person, laid out for the width of the terminal",
    file_name: "report.txt",
    is_page: true,
    write,
    warnings: no_warnings,
};

/// The same with one row a finding, whatever the width.
pub(super) const WIDE: Description = Description {
    name: "wide",
    title: "the table with one row a finding at any width",
    file_name: "report.wide.txt",
    is_page: true,
    write: write_wide,
    warnings: no_warnings,
};

/// From this width on, the table has one row a finding.
const WIDE_FROM: u16 = 160;

fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let has_room = options.width >= WIDE_FROM;
    Page::new(report, options, has_room, out).write()
}

fn write_wide(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    Page::new(report, options, true, out).write()
}

/// What is written, how, and where to.
struct Page<'a> {
    report: &'a Report,
    options: &'a Options,
    /// Whether a finding is one row of a table.
    is_wide: bool,
    sheet: Sheet<'a>,
}

impl<'a> Page<'a> {
    fn new(
        report: &'a Report,
        options: &'a Options,
        is_wide: bool,
        out: &'a mut dyn io::Write,
    ) -> Self {
        Self {
            report,
            options,
            is_wide,
            sheet: Sheet {
                width: options.width.max(Options::MIN_WIDTH),
                color: options.color,
                out,
            },
        }
    }

    /// Everything, most urgent first.
    fn write(&mut self) -> io::Result<()> {
        self.verdict()?;
        self.todo()?;
        self.scanners()?;
        self.blocking()?;
        self.others()?;
        self.coverage()?;
        self.ignored()?;
        self.ignore_rules()?;
        self.unchecked()?;
        self.suppressed()?;
        self.diagnostics()?;
        self.accounting()?;
        self.footer()
    }

    /// Cuts long lists.
    fn cut(&self) -> Cut<'a> {
        Cut(self.options)
    }

    /// Says how many rows of a list are not shown, if any.
    fn left_out(&mut self, all: usize, shown: usize) -> io::Result<()> {
        if all <= shown {
            return Ok(());
        }
        let text = self.cut().more(all - shown, "");
        self.sheet.remark(text)
    }

    /// The findings with one action.
    fn with_action(&self, action: Action) -> Vec<&'a Finding> {
        self.report.with_action(action).collect()
    }

    /// A text on a finding that leads to the vulnerability's page where links are shown, in a column
    /// of at most `room` columns.
    fn link(&self, text: &str, finding: &Finding, room: u16) -> Cell {
        let has_links = self.options.hyperlinks;
        let page = has_links.then(|| links::page(&finding.vulnerability));
        Cell::link(text, page.flatten(), room)
    }
}
